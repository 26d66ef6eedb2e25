//! What to commit, in sentences.

use crate::analysis::{AmountUnit, Choice, Judged, OfferAnalysis, Remark, Reserved};
use crate::domain::format::{count_short, percent, probability, thousands, usd_full, usd_short};
use crate::workload::{Beyond, ContractOffer, MoneyTerms, Per, Reservation, Terms};

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
    match best.amount() {
        Some(_) => format!(
            "{}: {} {} costs {} less than nothing on average",
            offer.offer.name,
            verb(&offer.unit, true),
            label(offer, best),
            usd_short(best.saving.mean)
        ),
        None => format!("{}: committing nothing costs least on average", offer.offer.name),
    }
}

/// A choice: `$18k a month`, `150 PTU for 1 year, more by the hour`, `nothing`. Its amount is in full where another
/// choice of the answer would read the same.
pub fn label(offer: &OfferAnalysis, judged: &Judged) -> String {
    let between = judged.reserved.as_ref().map_or(String::new(), |terms| format!(" for {}", reserved(terms)));
    judged.amount().map_or("nothing".to_owned(), |amount| {
        let usd = if has_twin(offer, judged) { usd_full } else { usd_short };
        amount_with(&offer.unit, amount, usd) + &between
    })
}

/// The amount of a choice, told as its label tells it.
pub fn amount(offer: &OfferAnalysis, judged: &Judged) -> Option<String> {
    let usd = if has_twin(offer, judged) { usd_full } else { usd_short };
    judged.amount().map(|amount| amount_with(&offer.unit, amount, usd))
}

/// Whether another choice of the answer has the same amount after rounding, under the same terms.
fn has_twin(offer: &OfferAnalysis, judged: &Judged) -> bool {
    let rounded = |of: &Judged| of.amount().map(usd_short);
    let best = [&offer.best_mean, &offer.best_p90].into_iter().chain(&offer.best_signed);
    let mut others = offer.shown.iter().chain(best).filter(|other| other.choice != judged.choice);
    others.any(|other| other.reserved == judged.reserved && rounded(other) == rounded(judged))
}

fn amount_with(unit: &AmountUnit, amount: f64, usd: fn(f64) -> String) -> String {
    match unit {
        AmountUnit::Usd(_) | AmountUnit::Credit => format!("{} {}", usd(amount), money_for(unit)),
        AmountUnit::Units(name) => format!("{} {name}", thousands(amount as u64)),
        AmountUnit::Signing => "the contract".to_owned(),
    }
}

/// What stands after an amount of money: `a month`. Empty where amounts are not money.
pub fn money_for(unit: &AmountUnit) -> &'static str {
    match unit {
        AmountUnit::Usd(Per::Month) => "a month",
        AmountUnit::Usd(Per::Term) => "for the term",
        AmountUnit::Credit => "of credit",
        AmountUnit::Units(_) | AmountUnit::Signing => "",
    }
}

/// How units are reserved: `1 year, more by the hour`.
pub fn reserved(terms: &Reserved) -> String {
    let rest = match terms.beyond {
        Beyond::Tokens => "the rest by the token",
        Beyond::Hourly => "more by the hour",
    };
    format!("{}, {rest}", terms.term)
}

/// What a commitment is for: `months`.
pub fn period(unit: &AmountUnit) -> &'static str {
    match unit {
        AmountUnit::Usd(Per::Month) => "months",
        AmountUnit::Usd(Per::Term) | AmountUnit::Credit | AmountUnit::Signing => "futures",
        AmountUnit::Units(_) => "hours",
    }
}

fn verb(unit: &AmountUnit, going: bool) -> &'static str {
    match (unit, going) {
        (AmountUnit::Usd(_) | AmountUnit::Credit, false) => "Commit",
        (AmountUnit::Usd(_) | AmountUnit::Credit, true) => "committing",
        (AmountUnit::Units(_), false) => "Reserve",
        (AmountUnit::Units(_), true) => "reserving",
        (AmountUnit::Signing, false) => "Sign",
        (AmountUnit::Signing, true) => "signing",
    }
}

/// What to do for the lowest expected cost, what that saves, and what it risks.
fn decision(offer: &OfferAnalysis, horizon: &str) -> String {
    let best = &offer.best_mean;
    if best.choice == Choice::Nothing {
        return no_commitment(offer, horizon);
    }
    let nothing = offer.nothing.cost.mean;
    let share =
        if nothing > 0.0 { format!(" ({})", percent(best.saving.mean / nothing)) } else { String::new() };
    let amount_error =
        offer.amount_error.filter(|_| offer.best_signed.as_ref().is_some_and(|o| o.choice == best.choice));
    let about = amount_error.map_or(String::new(), |error| format!(" (± {})", usd_short(error)));
    format!(
        "{}: {} {}{about}. It costs {} on average over {horizon}, {}{share} less than committing nothing{}; {}.",
        offer.offer.name,
        verb(&offer.unit, false),
        label(offer, best),
        usd_short(best.cost.mean),
        usd_short(best.saving.mean),
        unsure(best),
        in_one_of_ten(best)
    )
}

fn no_commitment(offer: &OfferAnalysis, horizon: &str) -> String {
    let nothing = format!(
        "{}: commit nothing. It costs {} on average over {horizon}",
        offer.offer.name,
        usd_short(offer.nothing.cost.mean)
    );
    match &offer.best_signed {
        Some(other) if other.saving.mean == 0.0 => {
            format!("{nothing}, and no commitment changes that.")
        }
        Some(other) => format!(
            "{nothing}; the best commitment, {}, costs {} more{}; {}.",
            label(offer, other),
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
    if mean.choice == p90.choice {
        return mean.amount().map(|_| {
            format!("It has the lowest P90 too: {} instead of {instead}.", usd_short(p90.cost.p90))
        });
    }
    let dearer = usd_short(p90.cost.mean - mean.cost.mean);
    Some(match p90.amount() {
        Some(_) => format!(
            "Lowest P90: {} {}: {} instead of {instead} with nothing; on average it costs {dearer} more than the lowest mean.",
            verb(&offer.unit, true),
            label(offer, p90),
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
    let best = offer.best_mean.amount().map_or(offer.best_signed.as_ref(), |_| Some(&offer.best_mean))?;
    let (missed, lost) = (best.not_reached?, best.lost_share?);
    Some(format!(
        "With {}, {} ({} of what is committed) is paid and not used, in {} of {}; {} is paid beyond it.",
        label(offer, best),
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
    if offer.best_mean.choice != Choice::Nothing {
        parts.push(format!("{} with {}", of(&offer.best_mean), label(offer, &offer.best_mean)));
    }
    if ![Choice::Nothing, offer.best_mean.choice].contains(&offer.best_p90.choice) {
        parts.push(format!("{} with {}", of(&offer.best_p90), label(offer, &offer.best_p90)));
    }
    parts.push(format!("{} with nothing", of(&offer.nothing)));
    words += &parts.join("; ");
    words + "."
}

/// An offer's law in a sentence.
pub fn terms(offer: &ContractOffer) -> String {
    let mut words = match &offer.terms {
        Terms::Money(terms) => money_terms(terms),
        Terms::Reservation(reservation) => reservation_terms(reservation),
    };
    if offer.discount > 0.0 {
        words += &format!("; {} off the whole bill with signing", percent(offer.discount));
    }
    if let Some(volume) = &offer.volume {
        let mode = if volume.graduated { "of the part above each step" } else { "of the whole month" };
        words += &format!("; volume steps, {mode}");
    }
    words
}

fn money_terms(terms: &MoneyTerms) -> String {
    match terms {
        MoneyTerms::Signing => "signing commits to nothing".to_owned(),
        MoneyTerms::Pool { discount, per, .. } => {
            let span = if *per == Per::Month { "every month" } else { "once for the term" };
            format!(
                "prepaid pool: C paid {span} covers use of {:.4} · C ({} off); use beyond it is billed without that discount",
                terms.cover(),
                percent(*discount)
            )
        }
        MoneyTerms::Minimum { per, .. } => {
            let span = if *per == Per::Month { "each month" } else { "the whole term" };
            format!(
                "minimum spend: all use at the level's discount, but {span} is billed no less than the level"
            )
        }
        MoneyTerms::Credit { months, .. } => format!(
            "prepaid credit: C paid at the start covers use of {:.4} · C in the first {months} months; what is left is lost",
            terms.cover()
        ),
    }
}

fn reservation_terms(reservation: &Reservation) -> String {
    format!(
        "reserved {} of {} input tokens a minute each, an output token counting as {} and a cached one as {}",
        reservation.offer.unit,
        count_short(reservation.input_tokens_per_minute),
        reservation.output_weight,
        reservation.cached_weight
    )
}

/// What a reader should know of an answer, in a sentence or two.
pub fn remark(offer: &OfferAnalysis, remark: &Remark) -> String {
    let unit = unit_name(&offer.unit);
    match remark {
        Remark::OutOfReach { amount, reach, lost_share } => {
            out_of_reach(&offer.unit, *amount, *reach, *lost_share)
        }
        Remark::Spill { route } => format!(
            "The rest by the token pays {route}'s prices; more by the hour is deployed in the same steps and leaves long prompts to {route}. Demand flows evenly within an hour: bursts inside of it spill too, and are not counted. A reservation is a price, not a promise of capacity."
        ),
        Remark::LongPrompts { above_tokens, share } => {
            let share =
                if *share > 0.999 { "Nearly all".to_owned() } else { format!("{} of the", percent(*share)) };
            format!(
                "{share} input tokens are in prompts above {}, which {unit} refuse: they always pay by the token.",
                thousands(*above_tokens)
            )
        }
        Remark::MonthsBeyond { term, months } => format!(
            "A term of {term} is paid whole: {months} of its months lie beyond the {} that are counted here, so it looks dearer than it is to those who go on.",
            offer.months.len()
        ),
    }
}

fn unit_name(unit: &AmountUnit) -> &str {
    match unit {
        AmountUnit::Units(name) => name,
        _ => "units",
    }
}

fn out_of_reach(unit: &AmountUnit, amount: f64, reach: f64, lost_share: f64) -> String {
    let usd = if usd_short(amount) == usd_short(reach) { usd_full } else { usd_short };
    let (words, lost) = (amount_with(unit, amount, usd), percent(lost_share));
    match unit {
        AmountUnit::Units(_) => format!(
            "The busiest hour of all trials asks for {:.0} units: of {words} {lost} would stand idle.",
            reach.ceil()
        ),
        _ => format!(
            "No trial uses up {words}: {lost} of it would be lost on average. The most that any uses up is {}.",
            amount_with(unit, reach, usd)
        ),
    }
}
