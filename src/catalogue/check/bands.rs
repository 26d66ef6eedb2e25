//! Bands: their order, their rates, and those borrowed from another tier.

use super::entries::end_of;
use super::one_of;
use crate::catalogue::card::{Band, BandMode, Component, Loan, Price, RateCard, Rates};
use crate::catalogue::wire::{BandWire, PriceEntryWire, Text, TokenPrice};
use crate::domain::document::Count;
use crate::domain::problem::{Code, Problems};

/// The card of `bands`, an entry's own or those of one of its windows.
pub fn card(
    bands: &[BandWire],
    entry: &PriceEntryWire,
    all: &[PriceEntryWire],
    problems: &mut Problems,
) -> Option<RateCard> {
    if bands.is_empty() {
        // After an unreadable band, to say that there is none would be untrue.
        if !problems.is_empty() {
            return None;
        }
        problems.at(
            Code::MissingKey,
            &entry.place,
            "a price entry without bands",
            "",
            "add `bands:` with at least input and output",
        );
        return None;
    }
    let mut done: Vec<Band> = Vec::new();
    let mut lent: Vec<Loan> = Vec::new();
    for wire in bands {
        let up_to = band_end(wire, problems)?;
        let previous = done.last().map(|band| band.up_to);
        if previous == Some(None) {
            problems.at(
                Code::Conflict,
                &wire.place,
                "a band after an open one",
                "",
                "only the last band may leave out `up_to` and `below`",
            );
            return None;
        }
        if let (Some(Some(before)), Some(end)) = (previous, up_to)
            && end <= before
        {
            problems.at(
                Code::ImpossibleRange,
                &wire.place,
                "bands must grow",
                format!("{end} after {before}"),
                "order them by `up_to`",
            );
            return None;
        }
        refuse_gap(wire, previous.flatten(), problems)?;
        match &wire.billed_as {
            Some(tier) => {
                if components(wire).into_iter().any(|(_, price)| price.is_some()) {
                    problems.at(
                        Code::Conflict,
                        &wire.place,
                        "prices beside `billed_as`",
                        "",
                        "keep either the prices or the tier that bills",
                    );
                    return None;
                }
                let lower = previous.flatten().unwrap_or(0);
                let first = done.len();
                done.extend(borrowed_bands(tier, lower, up_to, entry, all, problems)?);
                lent.push(Loan { bands: first..done.len(), tier: tier.value.clone() });
            }
            None => {
                let rates = rates(wire, problems)?;
                let base = done.first().map_or(rates, |first| first.base);
                done.push(Band { up_to, rates, base });
            }
        }
    }
    Some(RateCard { mode: mode(entry, problems)?, bands: done, lent })
}

fn mode(entry: &PriceEntryWire, problems: &mut Problems) -> Option<BandMode> {
    let Some(text) = &entry.mode else { return Some(BandMode::WholeRequest) };
    let mode = match one_of(text, &["whole_request", "graduated"], "mode", problems)? {
        "graduated" => BandMode::Graduated,
        _ => BandMode::WholeRequest,
    };
    if mode == BandMode::Graduated && entry.bands.iter().any(|band| band.billed_as.is_some()) {
        let help = "write the bands out";
        problems.at(Code::Conflict, &text.place, "graduated bands cannot be borrowed", "", help);
        return None;
    }
    Some(mode)
}

/// A stated beginning of a band has to be the end of the band before: no gap, no overlap.
fn refuse_gap(wire: &BandWire, end_before: Option<u64>, problems: &mut Problems) -> Option<()> {
    let first_missing = end_before.map_or(0, |end| end + 1);
    let (first, place) = match (&wire.above, &wire.at_least) {
        (Some(_), Some(least)) => {
            let help = "`above` leaves its number to the band before, `at_least` takes it: keep one";
            problems.at(Code::Conflict, &least.0.place, "`above` and `at_least` in one band", "", help);
            return None;
        }
        // The first band takes a prompt of no tokens too, so `above: 0` leaves nothing out that is sold.
        (Some(Count(above)), None) if above.value == 0 && end_before.is_none() => return Some(()),
        (Some(above), None) => (above.0.value + 1, &above.0.place),
        (None, Some(least)) => (least.0.value, &least.0.place),
        (None, None) => return Some(()),
    };
    let title = match first.cmp(&first_missing) {
        std::cmp::Ordering::Equal => return Some(()),
        std::cmp::Ordering::Greater => "the bands leave a gap",
        std::cmp::Ordering::Less => "the bands overlap",
    };
    let found = match end_before {
        Some(end) => format!("the band before ends with {end} tokens, this one begins with {first}"),
        None => format!("the first band begins with {first} tokens"),
    };
    problems.at(Code::ImpossibleRange, place, title, found, "begin each band where the one before ends");
    None
}

/// The bands of another tier beyond `lower` tokens, for `billed_as`.
fn borrowed_bands(
    tier: &Text,
    lower: u64,
    upper: Option<u64>,
    entry: &PriceEntryWire,
    all: &[PriceEntryWire],
    problems: &mut Problems,
) -> Option<Vec<Band>> {
    let names = |list: &[Text], name: &str| list.iter().any(|text| text.value == name);
    let source = all
        .iter()
        .filter(|other| names(&other.tiers, &tier.value) && other.from.value <= entry.from.value)
        .filter(|other| entry.regions.iter().all(|region| names(&other.regions, &region.value)))
        .max_by_key(|other| other.from.value);
    let Some(source) = source else {
        problems.at(
            Code::UnknownName,
            &tier.place,
            format!("no entry of tier `{}` covers these regions by then", tier.value),
            "",
            "`billed_as` names a tier of the same model with an entry that starts no later",
        );
        return None;
    };
    refuse_unstable_loan(tier, entry, source, all, problems)?;
    let lent = card(&source.bands, source, all, problems)?;
    let reach = lent.longest_prompt();
    if reach.is_some_and(|reach| reach <= lower || upper.is_some_and(|upper| upper > reach)) {
        let title = format!("tier `{}` does not sell all prompts of this band", tier.value);
        problems.at(Code::Conflict, &tier.place, title, "", "end the band where that tier ends");
        return None;
    }
    let beyond = lent.bands.into_iter().filter(|band| band.up_to.is_none_or(|end| end > lower));
    let capped = beyond.map(|band| Band { up_to: [band.up_to, upper].into_iter().flatten().min(), ..band });
    Some(capped.collect())
}

/// A borrowed price must not move under the borrower: no windows, and no later change before the borrower's
/// own next entry or end.
fn refuse_unstable_loan(
    tier: &Text,
    entry: &PriceEntryWire,
    source: &PriceEntryWire,
    all: &[PriceEntryWire],
    problems: &mut Problems,
) -> Option<()> {
    let shares = |a: &[Text], b: &[Text]| a.iter().any(|x| b.iter().any(|y| x.value == y.value));
    let ends = end_of(entry, all);
    let change = all.iter().find(|other| {
        other.from.value > entry.from.value
            && ends.is_none_or(|ends| other.from.value < ends)
            && other.tiers.iter().any(|name| name.value == tier.value)
            && shares(&other.regions, &entry.regions)
    });
    if let Some(change) = change {
        let title = format!("tier `{}` changes its price on {}", tier.value, change.from.value);
        problems.at(Code::Conflict, &tier.place, title, "", "append an entry of this tier from then on");
        return None;
    }
    let whole = source.mode.as_ref().is_none_or(|mode| mode.value == "whole_request");
    let own_bands = source.multiple_of.is_none() && source.bands.iter().all(|band| band.billed_as.is_none());
    if !whole || !own_bands {
        let title = format!("tier `{}` has no bands of its own that could be lent whole", tier.value);
        problems.at(Code::Conflict, &tier.place, title, "", "write the bands out");
        return None;
    }
    if let Some(until) = &source.until
        && ends.is_none_or(|ends| until.value < ends)
    {
        let title = format!("tier `{}` is no longer sold after {}", tier.value, until.value);
        problems.at(Code::Conflict, &tier.place, title, "", "end this entry there, or write the bands out");
        return None;
    }
    if !source.windows.is_empty() {
        let title = format!("tier `{}` has prices by time of day, which cannot be borrowed", tier.value);
        problems.at(Code::Conflict, &tier.place, title, "", "write the bands out");
        return None;
    }
    Some(())
}

/// The inclusive upper end of a band; the inner `None` is an open band.
fn band_end(wire: &BandWire, problems: &mut Problems) -> Option<Option<u64>> {
    match (&wire.up_to, &wire.below) {
        (Some(_), Some(below)) => {
            problems.at(
                Code::Conflict,
                &below.0.place,
                "`up_to` and `below` in one band",
                "",
                "`up_to` includes its number, `below` does not: keep the one that the provider states",
            );
            None
        }
        (Some(end), None) => Some(Some(end.0.value)),
        (None, Some(Count(end))) if end.value == 0 => {
            problems.at(Code::OutOfRange, &end.place, "nothing lies below 0", "", "");
            None
        }
        (None, Some(end)) => Some(Some(end.0.value - 1)),
        (None, None) => Some(None),
    }
}

/// The prices of a band as written, by component.
fn components(wire: &BandWire) -> [(Component, &Option<TokenPrice>); Component::COUNT] {
    [
        (Component::Input, &wire.input),
        (Component::CachedInput, &wire.cached_input),
        (Component::ExplicitCachedInput, &wire.explicit_cached_input),
        (Component::CacheWrite, &wire.cache_write),
        (Component::CacheWrite1h, &wire.cache_write_1h),
        (Component::CacheWrite12h, &wire.cache_write_12h),
        (Component::AudioInput, &wire.audio_input),
        (Component::CachedAudioInput, &wire.cached_audio_input),
        (Component::ImageInput, &wire.image_input),
        (Component::CachedImageInput, &wire.cached_image_input),
        (Component::VideoInput, &wire.video_input),
        (Component::Output, &wire.output),
        (Component::Reasoning, &wire.reasoning),
        (Component::AudioOutput, &wire.audio_output),
        (Component::ImageOutput, &wire.image_output),
        (Component::VideoOutput, &wire.video_output),
        (Component::Citation, &wire.citation),
    ]
}

fn rates(wire: &BandWire, problems: &mut Problems) -> Option<Rates> {
    for (price, name) in [(&wire.input, "input"), (&wire.output, "output")] {
        // A price that could not be read is noted already; it is not missing.
        if price.is_none() && problems.is_empty() {
            problems.at(
                Code::MissingKey,
                &wire.place,
                format!("a band without `{name}`"),
                "",
                "unknown is not free: give the published price",
            );
        }
    }
    if wire.input.is_none() || wire.output.is_none() {
        return None;
    }
    let stated = components(wire);
    let mut rates = Rates::UNKNOWN;
    for (component, price) in stated {
        rates = match price {
            Some(TokenPrice::Listed(decimal)) => rates.with(component, Price::Listed(decimal.rate())),
            Some(TokenPrice::NotSold) => rates.with(component, Price::NotSold),
            Some(TokenPrice::SameAs(_)) | None => rates,
        };
    }
    let listed = rates;
    for (component, price) in stated {
        let Some(TokenPrice::SameAs(other)) = price else { continue };
        let Price::Listed(rate) = listed.price(other.value) else {
            problems.at(
                Code::Conflict,
                &other.place,
                format!("`{}` follows a price that this band does not list", component.name()),
                format!("`{}` is no number here", other.value.name()),
                "a rule names a component whose price is a number in the same band",
            );
            return None;
        };
        rates = rates.with(component, Price::ByRule(rate));
    }
    Some(rates)
}
