//! What to commit, in sentences.

use crate::analysis::{AmountUnit, Judged, OfferAnalysis};
use crate::domain::format::{percent, probability, usd_short};

/// The answer of an offer, its first sentence what to do.
pub fn answer(offer: &OfferAnalysis, horizon: &str) -> Vec<String> {
    let mut lines = vec![decision(offer, horizon)];
    lines.extend(high(offer));
    lines.extend(spent(offer));
    lines.push(flexibility(offer));
    lines.push(regret(offer));
    lines
}

/// The same in a line, for a chart.
pub fn finding(offer: &OfferAnalysis) -> String {
    let best = &offer.best_mean;
    match best.amount {
        Some(_) => format!(
            "{}: {} {} costs {} less than nothing on average",
            offer.name,
            verb(&offer.unit, true),
            best.label,
            usd_short(best.saving.mean)
        ),
        None => format!("{}: committing nothing costs least on average", offer.name),
    }
}

/// What a commitment is for: `months`.
pub fn period(unit: &AmountUnit) -> &'static str {
    match unit {
        AmountUnit::Usd("a month") => "months",
        AmountUnit::Usd(_) | AmountUnit::Signing => "futures",
        AmountUnit::Units(_) => "hours",
    }
}

fn verb(unit: &AmountUnit, going: bool) -> &'static str {
    match (unit, going) {
        (AmountUnit::Usd(_), false) => "Commit",
        (AmountUnit::Usd(_), true) => "committing",
        (AmountUnit::Units(_), false) => "Reserve",
        (AmountUnit::Units(_), true) => "reserving",
        (AmountUnit::Signing, false) => "Sign",
        (AmountUnit::Signing, true) => "signing",
    }
}

/// What to do for the lowest expected cost, what that saves, and what it risks.
fn decision(offer: &OfferAnalysis, horizon: &str) -> String {
    let best = &offer.best_mean;
    if best.amount.is_none() {
        return no_commitment(offer, horizon);
    }
    let nothing = offer.nothing.cost.mean;
    let share =
        if nothing > 0.0 { format!(" ({})", percent(best.saving.mean / nothing)) } else { String::new() };
    let amount_error = offer.amount_error.filter(|_| best.label == offer_signed(offer));
    let about = amount_error.map_or(String::new(), |error| format!(" (± {})", usd_short(error)));
    format!(
        "{}: {} {}{about}. It costs {} on average over {horizon}, {}{share} less than committing nothing{}; {}.",
        offer.name,
        verb(&offer.unit, false),
        best.label,
        usd_short(best.cost.mean),
        usd_short(best.saving.mean),
        unsure(best),
        in_one_of_ten(best)
    )
}

fn offer_signed(offer: &OfferAnalysis) -> &str {
    offer.best_signed.as_ref().map_or("", |judged| &judged.label)
}

fn no_commitment(offer: &OfferAnalysis, horizon: &str) -> String {
    let nothing = format!(
        "{}: commit nothing. It costs {} on average over {horizon}",
        offer.name,
        usd_short(offer.nothing.cost.mean)
    );
    match &offer.best_signed {
        Some(other) if other.saving.mean == 0.0 => {
            format!("{nothing}, and no commitment changes that.")
        }
        Some(other) => format!(
            "{nothing}; the best commitment, {}, costs {} more{}; {}.",
            other.label,
            usd_short(-other.saving.mean),
            unsure(other),
            in_one_of_ten(other)
        ),
        None => format!("{nothing}; no commitment on offer can cost less."),
    }
}

/// A remark where the trials cannot tell the sign of a difference.
fn unsure(judged: &Judged) -> &'static str {
    match judged.saving.standard_error.mean {
        Some(error) if judged.saving.mean.abs() < 2.0 * error => {
            " (too close for these trials to tell from nothing)"
        }
        _ => "",
    }
}

/// What a choice loses against nothing in one of ten futures, or saves in nine of ten.
fn in_one_of_ten(judged: &Judged) -> String {
    let saving = judged.saving.p10;
    if saving < 0.0 {
        format!("in 1 of 10 futures it loses {} or more against that", usd_short(-saving))
    } else {
        format!("in 9 of 10 futures it saves {} or more", usd_short(saving))
    }
}

/// What to do for the lowest P90.
fn high(offer: &OfferAnalysis) -> Option<String> {
    let (mean, p90) = (&offer.best_mean, &offer.best_p90);
    let instead = usd_short(offer.nothing.cost.p90);
    if mean.label == p90.label {
        return mean.amount.map(|_| {
            format!("It has the lowest P90 too: {} instead of {instead}.", usd_short(p90.cost.p90))
        });
    }
    let dearer = usd_short(p90.cost.mean - mean.cost.mean);
    Some(match p90.amount {
        Some(_) => format!(
            "Lowest P90: {} {}: {} instead of {instead} with nothing; on average it costs {dearer} more than the lowest mean.",
            verb(&offer.unit, true),
            p90.label,
            usd_short(p90.cost.p90)
        ),
        None => format!(
            "Lowest P90: committing nothing, {instead}; on average it costs {dearer} more than the lowest mean, whose P90 is {}.",
            usd_short(mean.cost.p90)
        ),
    })
}

/// What is paid and not used, and what is paid beyond.
fn spent(offer: &OfferAnalysis) -> Option<String> {
    let best = offer.best_mean.amount.map_or(offer.best_signed.as_ref(), |_| Some(&offer.best_mean))?;
    let (missed, lost) = (best.not_reached?, best.lost_share?);
    Some(format!(
        "With {}, {} ({} of what is committed) is paid and not used, in {} of {}; {} is paid beyond it.",
        best.label,
        usd_short(best.shortfall.mean),
        percent(lost),
        probability(missed),
        period(&offer.unit),
        usd_short(best.overage.mean)
    ))
}

/// What staying free is worth.
fn flexibility(offer: &OfferAnalysis) -> String {
    let Some(signed) = &offer.best_signed else {
        return "Price of flexibility: nothing, for there is nothing to commit.".to_owned();
    };
    let saving = &signed.saving;
    let error = saving.standard_error.mean.map_or(String::new(), |error| format!(" ± {}", usd_short(error)));
    if saving.mean > 0.0 {
        format!(
            "Price of flexibility: committing nothing costs {}{error} more on average.",
            usd_short(saving.mean)
        )
    } else {
        format!(
            "Price of flexibility: none; giving it up costs {}{error} on average.",
            usd_short(-saving.mean)
        )
    }
}

fn regret(offer: &OfferAnalysis) -> String {
    let of =
        |judged: &Judged| format!("{} (P90 {})", usd_short(judged.regret.mean), usd_short(judged.regret.p90));
    let mut words =
        "Regret against the choice that would have been best in each future, on average: ".to_owned();
    let mut parts = Vec::new();
    if offer.best_mean.amount.is_some() {
        parts.push(format!("{} with {}", of(&offer.best_mean), offer.best_mean.label));
    }
    if offer.best_p90.amount.is_some() && offer.best_p90.label != offer.best_mean.label {
        parts.push(format!("{} with {}", of(&offer.best_p90), offer.best_p90.label));
    }
    parts.push(format!("{} with nothing", of(&offer.nothing)));
    words += &parts.join("; ");
    words + "."
}
