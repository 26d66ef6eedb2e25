//! Names that contradict each other or cannot be spelt.

use super::one_of;
use crate::catalogue::wire::{PriceFileWire, Text};
use crate::domain::problem::{Code, Problems};

/// The tools whose fees are understood.
const TOOLS: [&str; 3] = ["web_search", "file_search", "code_interpreter"];

/// Names that no route could ever spell, and references to what is not there.
pub fn refuse_unusable_names(wire: &PriceFileWire, problems: &mut Problems) {
    let spelt = |text: &Text, forbidden: &[char], problems: &mut Problems| {
        if text.value.contains(forbidden) || text.value.contains(char::is_whitespace) {
            let title = format!("`{}` cannot stand in a route name", text.value);
            problems.at(
                Code::Unreadable,
                &text.place,
                title,
                "",
                "a route is provider/model[:tier][@region]",
            );
        }
    };
    spelt(&wire.provider, &['/', ':', '@'], problems);
    let models: Vec<&str> = wire.models.iter().map(|model| model.id.value.as_str()).collect();
    wire.models.iter().for_each(|model| spelt(&model.id, &[':', '@'], problems));
    let mut regions: Vec<&str> = wire
        .models
        .iter()
        .flat_map(|model| model.prices.iter())
        .flat_map(|entry| entry.regions.iter().map(|region| region.value.as_str()))
        .collect();
    regions.sort_unstable();
    regions.dedup();
    if let Some(region) = wire
        .default_region
        .as_ref()
        .filter(|region| !regions.is_empty() && !regions.contains(&region.value.as_str()))
    {
        one_of(region, &regions, "region", problems);
    }
    for fee in &wire.tools {
        one_of(&fee.tool, &TOOLS, "tool", problems);
        fee.models.iter().for_each(|model| {
            one_of(model, &models, "model", problems);
        });
    }
}

/// Two fees for one thing at one instant contradict each other.
pub fn refuse_doubled_dates(wire: &PriceFileWire, problems: &mut Problems) {
    let overlap = |a: &[Text], b: &[Text]| {
        a.is_empty() || b.is_empty() || a.iter().any(|x| b.iter().any(|y| x.value == y.value))
    };
    let help = "a new fee needs a later `from`";
    for (at, fee) in wire.fees.iter().enumerate() {
        if wire.fees[..at].iter().any(|o| o.name.value == fee.name.value && o.from.value == fee.from.value) {
            problems.at(Code::Conflict, &fee.place, "two fees of one name from one instant", "", help);
        }
    }
    for (at, fee) in wire.tools.iter().enumerate() {
        let twin = wire.tools[..at].iter().any(|other| {
            other.tool.value == fee.tool.value
                && other.from.value == fee.from.value
                && overlap(&other.models, &fee.models)
                && overlap(&other.regions, &fee.regions)
        });
        if twin {
            problems.at(Code::Conflict, &fee.place, "two fees for one tool from one instant", "", help);
        }
    }
}
