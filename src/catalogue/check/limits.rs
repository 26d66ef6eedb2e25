//! Usage tiers, rate limits and their enforcement: what they name has to be there, and one holds at a time.

use super::{TIERS, citation, one_of, texts, unique, until_after_from};
use crate::catalogue::limit::{Enforcement, RateLimit, UsageTier};
use crate::catalogue::wire::{EnforcementWire, ModelWire, PriceFileWire, RateLimitWire, Text, UsageTierWire};
use crate::domain::document::Count;
use crate::domain::money::Usd;
use crate::domain::problem::{Code, Problems, suggest};
use crate::domain::time::Instant;

/// The usage tiers of a price file, lowest first.
pub fn usage_tiers(all: &[UsageTierWire], problems: &mut Problems) -> Vec<UsageTier> {
    for (at, tier) in all.iter().enumerate() {
        let twin = |other: &UsageTierWire| {
            other.name.value == tier.name.value && other.from.value == tier.from.value
        };
        if let Some(first) = all[..at].iter().find(|other| twin(other)) {
            let title = format!("the usage tier `{}` stands twice from one instant", tier.name.value);
            let found = format!("first on line {}", first.name.place.line);
            let help = "a tier that changes needs a later `from`";
            problems.at(Code::Conflict, &tier.name.place, title, found, help);
        }
        if let Some(cap) = tier.monthly_cap_usd.as_ref().filter(|cap| cap.0.value == 0) {
            let help = "leave out what is not limited";
            problems.at(Code::OutOfRange, &cap.0.place, "a limit is not zero", "found 0", help);
        }
    }
    refuse_falling_payments(all, problems);
    let usd = |amount: i64| Usd::from_micro_usd(amount);
    let read = all.iter().map(|tier| UsageTier {
        name: tier.name.value.clone(),
        paid_usd: tier.paid_usd.as_ref().map(|amount| usd(amount.0.value)),
        days: tier.days.as_ref().map(|days| days.0.value),
        monthly_cap_usd: tier.monthly_cap_usd.as_ref().map(|amount| usd(amount.0.value)),
        from: tier.from.value,
        source: citation(&tier.source, &tier.checked, tier.note.as_ref()),
    });
    read.collect()
}

/// Tiers stand from the lowest to the highest, so at no time is one cheaper to reach than one before it.
fn refuse_falling_payments(all: &[UsageTierWire], problems: &mut Problems) {
    let rank = |tier: &UsageTierWire| all.iter().position(|other| other.name.value == tier.name.value);
    let in_force = |tier: &UsageTierWire, at: Instant| {
        let of_name = all.iter().filter(|other| other.name.value == tier.name.value);
        let latest = of_name.map(|other| other.from.value).filter(|from| *from <= at).max();
        latest == Some(tier.from.value)
    };
    for tier in all {
        let dearer = all.iter().filter(|lower| rank(lower) < rank(tier)).find(|lower| {
            let at = tier.from.value.max(lower.from.value);
            let amount = |tier: &UsageTierWire| tier.paid_usd.as_ref().map(|amount| amount.0.value);
            let falls =
                matches!((amount(lower), amount(tier)), (Some(before), Some(after)) if before > after);
            falls && in_force(tier, at) && in_force(lower, at)
        });
        if let Some(lower) = dearer {
            let title = format!("usage tier `{}` takes less than one before it", tier.name.value);
            let found = format!("`{}` takes more", lower.name.value);
            let help = "usage tiers stand in order from lowest to highest";
            problems.at(Code::ImpossibleRange, &tier.place, title, found, help);
        }
    }
}

/// The rate limits of a model, which may name its file's usage tiers and regions.
pub fn rate_limits(model: &ModelWire, file: &PriceFileWire, problems: &mut Problems) -> Vec<RateLimit> {
    let declared: Vec<&str> = file.usage_tiers.iter().map(|tier| tier.name.value.as_str()).collect();
    let regions = file.models.iter().flat_map(|model| {
        let tokens = model.prices.iter().flat_map(|entry| &entry.regions);
        tokens.chain(model.capacity.iter().flat_map(|offer| &offer.regions))
    });
    let mut regions: Vec<&str> = regions.map(|region| region.value.as_str()).collect();
    regions.sort_unstable();
    regions.dedup();
    let mut read = Vec::new();
    for (at, wire) in model.rate_limits.iter().enumerate() {
        if let Some(name) = wire.usage_tier.as_ref().filter(|name| !declared.contains(&name.value.as_str())) {
            let title = format!("unknown usage tier `{}`", name.value);
            let help = match declared.is_empty() {
                true => "declare the provider's tiers under `usage_tiers:`".to_owned(),
                false => suggest(&name.value, declared.iter().copied()),
            };
            problems.at(Code::UnknownName, &name.place, title, "", help);
        }
        for (list, known, what) in
            [(&wire.tiers, &TIERS[..], "tier"), (&wire.regions, &regions[..], "region")]
        {
            unique(list.iter(), what, problems);
            list.iter().for_each(|name| {
                one_of(name, known, what, problems);
            });
        }
        until_after_from(wire.until.as_ref(), &wire.from, problems);
        if model.rate_limits[..at].iter().any(|other| clash(other, wire)) {
            let title = "two rate limits for one usage tier, tier and region from one instant";
            let help = "a new limit needs a later `from`; what holds from one instant stands in one entry";
            problems.at(Code::Conflict, &wire.place, title, "", help);
        }
        read.push(rate_limit(wire, problems));
    }
    read
}

/// Whether two limits are of the same requests from the same instant.
fn clash(a: &RateLimitWire, b: &RateLimitWire) -> bool {
    let share = |a: &[Text], b: &[Text]| {
        a.is_empty() || b.is_empty() || a.iter().any(|x| b.iter().any(|y| x.value == y.value))
    };
    let usage_tier = |wire: &RateLimitWire| wire.usage_tier.as_ref().map(|name| name.value.clone());
    let above = |wire: &RateLimitWire| wire.above_tokens.as_ref().map(|count| count.0.value);
    (usage_tier(a), above(a), a.from.value) == (usage_tier(b), above(b), b.from.value)
        && share(&a.tiers, &b.tiers)
        && share(&a.regions, &b.regions)
}

fn rate_limit(wire: &RateLimitWire, problems: &mut Problems) -> RateLimit {
    let figures =
        [&wire.requests_per_minute, &wire.tokens_per_minute, &wire.concurrency, &wire.batch_queue_tokens];
    if figures.iter().all(|figure| figure.is_none()) && problems.is_empty() {
        let help = "add `requests_per_minute`, `tokens_per_minute`, `concurrency` or `batch_queue_tokens`";
        problems.at(Code::MissingKey, &wire.place, "a rate limit that limits nothing", "", help);
    }
    let mut positive = |count: &Option<Count>| {
        let count = &count.as_ref()?.0;
        if count.value == 0 {
            let help = "leave out what is not limited, and what is not served at all";
            problems.at(Code::OutOfRange, &count.place, "a limit is not zero", "found 0", help);
        }
        Some(count.value)
    };
    RateLimit {
        usage_tier: wire.usage_tier.as_ref().map(|name| name.value.clone()),
        tiers: texts(&wire.tiers),
        regions: texts(&wire.regions),
        above_tokens: positive(&wire.above_tokens),
        requests_per_minute: positive(&wire.requests_per_minute),
        tokens_per_minute: positive(&wire.tokens_per_minute),
        concurrency: positive(&wire.concurrency),
        batch_queue_tokens: positive(&wire.batch_queue_tokens),
        from: wire.from.value,
        until: wire.until.as_ref().map(|until| until.value),
        source: citation(&wire.source, &wire.checked, wire.note.as_ref()),
    }
}

/// How a price file's limits are enforced.
pub fn enforcement(all: &[EnforcementWire], problems: &mut Problems) -> Vec<Enforcement> {
    let mut read = Vec::new();
    for (at, wire) in all.iter().enumerate() {
        if all[..at].iter().any(|other| other.from.value == wire.from.value) {
            let title = "two ways of enforcing limits from one instant";
            problems.at(Code::Conflict, &wire.place, title, "", "a new one needs a later `from`");
        }
        let silent = wire.requests_over_s.is_empty() && wire.tokens_over_s.is_empty();
        let silent = silent
            && wire.counts_larger.is_none()
            && wire.reserves_max_tokens.is_none()
            && wire.rejected_count.is_none();
        if silent && problems.is_empty() {
            let help = "add `requests_over_s`, `tokens_over_s`, `reserves_max_tokens` or `rejected_count`";
            problems.at(Code::MissingKey, &wire.place, "an enforcement that says nothing", "", help);
        }
        read.push(Enforcement {
            requests_over_s: windows(&wire.requests_over_s, problems),
            tokens_over_s: windows(&wire.tokens_over_s, problems),
            reserves_max_tokens: wire.reserves_max_tokens.as_ref().map(|word| word.value),
            counts_larger: wire.counts_larger.as_ref().map(|word| word.value),
            rejected_count: wire.rejected_count.as_ref().map(|word| word.value),
            from: wire.from.value,
            source: citation(&wire.source, &wire.checked, wire.note.as_ref()),
        });
    }
    read
}

/// Lengths of time in seconds that grow from at least one.
fn windows(all: &[Count], problems: &mut Problems) -> Vec<u64> {
    let mut before = 0;
    for window in all {
        if window.0.value <= before {
            let (title, found) = match window.0.value {
                0 => ("a window has at least one second", "found 0".to_owned()),
                value => ("windows must grow", format!("{value} after {before}")),
            };
            problems.at(
                Code::ImpossibleRange,
                &window.0.place,
                title,
                found,
                "write each once, shortest first",
            );
        }
        before = window.0.value;
    }
    all.iter().map(|window| window.0.value).collect()
}
