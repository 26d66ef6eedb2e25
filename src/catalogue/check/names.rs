//! Names that contradict each other or cannot be spelt.

use super::one_of;
use crate::catalogue::wire::{MeterWire, PriceFileWire, Text};
use crate::domain::problem::{Code, Problems};

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
    for model in &wire.models {
        spelt(&model.id, &[':', '@'], problems);
        model.aliases.iter().for_each(|alias| spelt(alias, &[':', '@'], problems));
    }
    refuse_shared_names(wire, problems);
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
    let tiers = super::TIERS;
    for meter in &wire.meters {
        let lists = [
            (&meter.models, models.as_slice(), "model"),
            (&meter.tiers, tiers.as_slice(), "tier"),
            (&meter.regions, regions.as_slice(), "region"),
        ];
        for (list, known, what) in lists {
            list.iter().for_each(|name| {
                one_of(name, known, what, problems);
            });
        }
    }
}

/// An alias is a second name for one model, never the name of another.
fn refuse_shared_names(wire: &PriceFileWire, problems: &mut Problems) {
    let mut seen: Vec<(&Text, &Text)> = wire.models.iter().map(|model| (&model.id, &model.id)).collect();
    for model in &wire.models {
        for alias in &model.aliases {
            if let Some((first, owner)) = seen.iter().find(|(name, _)| name.value == alias.value) {
                let found = format!("line {} gives it to {}", first.place.line, owner.value);
                problems.at(
                    Code::Conflict,
                    &alias.place,
                    format!("the name `{}` stands for two models, or twice for one", alias.value),
                    found,
                    "every route has one model: keep one of them",
                );
            }
            seen.push((alias, &model.id));
        }
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
    for (at, meter) in wire.meters.iter().enumerate() {
        let level = |meter: &MeterWire| meter.level.as_ref().map(|text| text.value.clone());
        let lists =
            |meter: &MeterWire| [&meter.models, &meter.tiers, &meter.regions].map(|list| !list.is_empty());
        let count = |meter: &MeterWire| lists(meter).into_iter().filter(|named| *named).count();
        let rivals: Vec<&MeterWire> = wire.meters[..at]
            .iter()
            .filter(|other| other.meter.value == meter.meter.value && level(other) == level(meter))
            .filter(|other| overlap(&other.models, &meter.models))
            .filter(|other| overlap(&other.tiers, &meter.tiers) && overlap(&other.regions, &meter.regions))
            .collect();
        // The one that names more of model, tier and region wins; of two that name as much, but of other kinds,
        // neither does.
        if rivals.iter().any(|other| count(other) == count(meter) && lists(other) != lists(meter)) {
            let title = "two prices for one meter, of which neither is the narrower";
            problems.at(
                Code::Conflict,
                &meter.place,
                title,
                "",
                "name the models, tiers and regions of both",
            );
        }
        let twin =
            rivals.iter().any(|other| lists(other) == lists(meter) && other.from.value == meter.from.value);
        if twin {
            let title = "two prices for one meter from one instant";
            problems.at(Code::Conflict, &meter.place, title, "", "a new price needs a later `from`");
        }
    }
}
