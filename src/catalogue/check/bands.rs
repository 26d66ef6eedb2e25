//! Bands: their order, their rates, and those borrowed from another tier.

use crate::catalogue::card::{Band, CachedInput, RateCard, Rates};
use crate::catalogue::wire::{BandWire, CachedPrice, PriceEntryWire, Text};
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
        match &wire.billed_as {
            Some(tier) => {
                if wire.input.is_some() || wire.output.is_some() || wire.cached_input.is_some() {
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
                done.extend(borrowed_bands(tier, lower, up_to, entry, all, problems)?);
            }
            None => {
                let rates = rates(wire, problems)?;
                let base = done.first().map_or(rates, |first| first.base);
                done.push(Band { up_to, rates, base });
            }
        }
    }
    Some(RateCard { bands: done })
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
        .filter(|other| other.bands.iter().all(|band| band.billed_as.is_none()))
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

/// A borrowed price must not move under the borrower: no windows, and no later change that the borrowing
/// tier does not follow with an entry of its own.
fn refuse_unstable_loan(
    tier: &Text,
    entry: &PriceEntryWire,
    source: &PriceEntryWire,
    all: &[PriceEntryWire],
    problems: &mut Problems,
) -> Option<()> {
    let shares = |a: &[Text], b: &[Text]| a.iter().any(|x| b.iter().any(|y| x.value == y.value));
    let followed = |change: &PriceEntryWire| {
        all.iter().any(|own| {
            own.from.value >= change.from.value
                && shares(&own.tiers, &entry.tiers)
                && shares(&own.regions, &entry.regions)
        })
    };
    let later = all.iter().find(|other| {
        other.from.value > entry.from.value
            && other.tiers.iter().any(|name| name.value == tier.value)
            && shares(&other.regions, &entry.regions)
            && !followed(other)
    });
    if let Some(change) = later {
        let title = format!("tier `{}` changes its price on {}", tier.value, change.from.value);
        problems.at(Code::Conflict, &tier.place, title, "", "append an entry of this tier from then on");
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
    Some(Rates {
        input: wire.input.as_ref()?.rate(),
        cached_input: match &wire.cached_input {
            Some(CachedPrice::Price(price)) => CachedInput::Priced(price.rate()),
            Some(CachedPrice::SameAsInput) => CachedInput::SameAsInput,
            None => CachedInput::Unknown,
        },
        cache_write: wire.cache_write.as_ref().map(|price| price.rate()),
        output: wire.output.as_ref()?.rate(),
    })
}
