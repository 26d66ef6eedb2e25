//! Which prices hold for which share of every month: dated entries, times of day and weekdays, met with
//! the workload's own hours.
//!
//! Every hour of a month carries the share of traffic that the workload's weekday and hour profile gives
//! it, and goes to the card in force at its beginning; where a price changes within an hour, every quarter
//! of an hour does. Shares are exact for prices that change on a quarter of an hour.

use std::sync::Arc;

use super::check::{CacheInputs, Inputs, no_price};
use super::{Input, Route, RoutePlan, Slice, Workload};
use crate::catalogue::{
    BandMode, Catalogue, Component, Meter, Offer, Price, RateCard, Slot, Status, WEB_SEARCH,
};
use crate::domain::problem::{Code, Place, Problems};
use crate::domain::route::RouteId;
use crate::domain::time::{HOUR_SECONDS, Instant, Month};

/// The terms on which a route serves a workload.
pub struct PlanTerms<'a> {
    /// The workload.
    pub workload: &'a Workload,
    /// Its cache on this route.
    pub cache: CacheInputs,
    /// This route's tokens per token of the scenario.
    pub token_factor: Input,
    /// Searches in a request.
    pub searches: Input,
    /// The scenario's own limit on prompts.
    pub longest_prompt: Option<u64>,
    /// Where problems are shown.
    pub place: &'a Place,
}

/// Adds the plan for one workload to a route: prices over all months, limits, fees and sources.
pub fn route_plan(
    bought: &RouteId,
    terms: &PlanTerms<'_>,
    months: &[Month],
    catalogue: &Catalogue,
    inputs: &Inputs,
    route: &mut Route,
    problems: &mut Problems,
) -> Option<()> {
    let offer = match catalogue.offer(bought) {
        Ok(offer) => offer,
        Err(error) => {
            problems.at(error.code(), terms.place, error.title, format!("found `{bought}`"), error.help);
            return None;
        }
    };
    let mut slices = Vec::new();
    for month in months {
        match month_slices(offer, *month, terms.workload) {
            Ok(found) => slices.push(found),
            Err(instant) => {
                let error = offer.no_price_at(instant);
                no_price(error.title, error.help, terms.place, problems);
                return None;
            }
        }
    }
    let plan_months =
        slices.iter().map(|month| month.iter().map(|found| found.slice(offer)).collect()).collect();
    let plan = RoutePlan {
        hit_rate: terms.cache.hit_rate,
        share_when_hit: terms.cache.share_when_hit,
        write_share: terms.cache.write_share,
        write_1h_share: terms.cache.write_1h_share,
        token_factor: terms.token_factor,
        longest_prompt: longest_prompt(offer, &slices).into_iter().chain(terms.longest_prompt).min(),
        max_output: offer.model.limits.as_ref().and_then(|limits| limits.max_output),
        cache_minimum: offer.model.prompt_cache.as_ref().map_or(0, |cache| cache.minimum_tokens),
        searches_per_request: terms.searches,
        months: plan_months,
    };
    refuse_missing_prices(&plan, offer, terms, inputs, problems)?;
    if route.fees.is_empty() {
        route.fees = months.iter().map(|m| offer.fees_at(m.start()).into_iter().cloned().collect()).collect();
    }
    let last = months.last().map_or(Instant::from_unix_seconds(0), |month| month.start());
    note_sources(offer, &slices, &plan, last, inputs, route);
    route.plans.push(plan);
    Some(())
}

/// A slot with its share of a month.
struct Found {
    slot: Slot,
    search: Option<Arc<Meter>>,
    share: f64,
}

impl Found {
    fn slice(&self, offer: Offer<'_>) -> Slice {
        // A card is small; sharing it between months would save nothing worth the bookkeeping.
        let card: Arc<RateCard> = Arc::new(offer.card(self.slot).clone());
        Slice { card, share: self.share, search: self.search.clone() }
    }
}

/// The slots of a month with their shares of its expected traffic, or the first hour without a price.
fn month_slices(offer: Offer<'_>, month: Month, workload: &Workload) -> Result<Vec<Found>, Instant> {
    let hours = hour_shares(month, workload);
    let mut found: Vec<Found> = Vec::new();
    // Which one was found last, and until when nothing else can be.
    let mut last: Option<(usize, Instant)> = None;
    let parts = if offer.changes_within_hours() { 4 } else { 1 };
    for (index, share) in hours.into_iter().enumerate() {
        for part in 0..parts {
            let seconds = index as i64 * HOUR_SECONDS + part * HOUR_SECONDS / parts;
            let instant = month.start().plus_seconds(seconds);
            let share = share / parts as f64;
            if let Some((at, _)) = last.filter(|(_, until)| instant < *until) {
                found[at].share += share;
                continue;
            }
            let slot = offer.slot_at(instant).ok_or(instant)?;
            let search = offer.meter_at(WEB_SEARCH, None, instant);
            let known = found.iter().position(|f| f.slot == slot && f.search.as_deref() == search);
            let at = known.unwrap_or_else(|| {
                found.push(Found { slot, search: search.cloned().map(Arc::new), share: 0.0 });
                found.len() - 1
            });
            found[at].share += share;
            last = Some((at, offer.unchanged_until(instant)));
        }
    }
    // Hours without traffic may have brought in a slot that nobody uses.
    found.retain(|f| f.share > 0.0);
    Ok(found)
}

/// The share of a month's expected traffic in each of its UTC hours; they sum to 1.
fn hour_shares(month: Month, workload: &Workload) -> Vec<f64> {
    let volume = &workload.volume;
    let hours = month.days() * 24;
    let weights: Vec<f64> = (0..hours)
        .map(|index| {
            let local = index as i64 + volume.utc_offset_hours;
            let weekday = (month.first_weekday() as i64 + local.div_euclid(24)).rem_euclid(7) as usize;
            volume.weekdays[weekday] * volume.hours[local.rem_euclid(24) as usize]
        })
        .collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// The longest prompt that the model's limits and every card in use sell.
fn longest_prompt(offer: Offer<'_>, months: &[Vec<Found>]) -> Option<u64> {
    let sold = months.iter().flatten().filter_map(|found| offer.card(found.slot).longest_prompt());
    let limit = offer.model.limits.as_ref().map(|limits| limits.longest_prompt());
    sold.chain(limit).min()
}

/// Notes every price that the plan needs and that nobody publishes.
fn refuse_missing_prices(
    plan: &RoutePlan,
    offer: Offer<'_>,
    terms: &PlanTerms<'_>,
    inputs: &Inputs,
    problems: &mut Problems,
) -> Option<()> {
    let before = problems.len();
    let used = |input: Input| inputs.law(input).fixed() != Some(0.0);
    let slices = || plan.months.iter().flatten();
    if slices().any(|slice| slice.card.mode == BandMode::Graduated) {
        no_price(
            format!("{} has graduated bands, which a simulation does not bill", offer.name()),
            "its estimator knows bands that reprice whole requests; `tollcast price` bills single requests"
                .to_owned(),
            terms.place,
            problems,
        );
    }
    if slices().any(|slice| !slice.card.prices(Component::Output)) {
        no_price(
            format!("{} sells no output", offer.name()),
            "a workload has output; `tollcast price` bills single requests without".to_owned(),
            terms.place,
            problems,
        );
    }
    if used(plan.hit_rate) && slices().any(|slice| !slice.card.prices(Component::CachedInput)) {
        no_price(
            format!("no price for cached input is published for {}", offer.name()),
            "give this route `cache: {hit_rate: 0%}`, which bills all input at the input price, or add the price to a price file".to_owned(),
            terms.place,
            problems,
        );
    }
    if used(plan.searches_per_request) && slices().any(|slice| slice.search.is_none()) {
        no_price(
            format!("no price for a web search is published for {}", offer.name()),
            "give this route `searches_per_request: 0`, or add the price to a price file".to_owned(),
            terms.place,
            problems,
        );
    }
    if terms.workload.reasoning.is_some() && slices().any(|slice| prices_reasoning_apart(&slice.card)) {
        no_price(
            format!("{} has a price of its own for reasoning tokens", offer.name()),
            "a simulation bills them as output; `tollcast price` bills single requests. Leave `reasoning:` out of the workload, or choose another model".to_owned(),
            terms.place,
            problems,
        );
    }
    check_writes(plan, offer, terms, inputs, problems);
    (problems.len() == before).then_some(())
}

/// Refuses cache writes for which there is no price, and prices of writes that the scenario does not count.
fn check_writes(
    plan: &RoutePlan,
    offer: Offer<'_>,
    terms: &PlanTerms<'_>,
    inputs: &Inputs,
    problems: &mut Problems,
) {
    let fixed = |input: Input| inputs.law(input).fixed();
    let slices = || plan.months.iter().flatten();
    let lacks = |component| slices().any(|slice| !slice.card.prices(component));
    let writes = fixed(plan.write_share) != Some(0.0);
    if writes && fixed(plan.write_1h_share) != Some(1.0) && lacks(Component::CacheWrite) {
        no_price(
            format!("no price for cache writes is published for {}", offer.name()),
            "give this route a `cache:` with its `hit_rate` and `write_share: 0%`, which bills those tokens as input, or add the price to a price file".to_owned(),
            terms.place,
            problems,
        );
    }
    let bands = || slices().flat_map(|slice| &slice.card.bands);
    if writes
        && fixed(plan.write_1h_share) != Some(0.0)
        && !bands().all(|band| band.rates.prices_hour_writes())
    {
        no_price(
            format!("no price for cache writes that are kept for an hour is published for {}", offer.name()),
            "give this route a `cache:` with its `hit_rate` and `write_1h_share: 0%`, which bills them as other writes, or add `cache_write_1h` to a price file".to_owned(),
            terms.place,
            problems,
        );
    }
    if terms.cache.write_1h_share_stated && !terms.cache.write_share_stated {
        problems.at(
            Code::MissingKey,
            terms.place,
            "`write_1h_share` is a share of what is written, and `write_share` is not stated",
            "",
            "add `write_share` under `cache:`, the share of uncached input tokens that are written",
        );
        return;
    }
    let listed =
        |component: Component| bands().any(|band| matches!(band.rates.price(component), Price::Listed(_)));
    let priced = listed(Component::CacheWrite) || listed(Component::CacheWrite1h);
    if priced && !terms.cache.write_share_stated {
        problems.at(
            Code::MissingKey,
            terms.place,
            format!("{} bills cache writes, and the scenario does not say how many there are", offer.name()),
            "",
            "add `write_share` under `cache:`, the share of uncached input tokens that are written",
        );
    }
}

/// Whether reasoning tokens cost anything else than output.
fn prices_reasoning_apart(card: &RateCard) -> bool {
    card.bands.iter().any(|band| match band.rates.price(Component::Reasoning) {
        Price::Unknown => false,
        price => price.rate() != band.rates.rate(Component::Output),
    })
}

/// Records which entries are used, for the report's list of sources.
fn note_sources(
    offer: Offer<'_>,
    months: &[Vec<Found>],
    plan: &RoutePlan,
    last: Instant,
    inputs: &Inputs,
    route: &mut Route,
) {
    let mut note = |what: String, citation: &crate::catalogue::Citation| {
        if route.sources.iter().all(|(known, source)| *known != what || source != citation) {
            route.sources.push((what, citation.clone()));
        }
    };
    for found in months.iter().flatten() {
        let entry = offer.entry(found.slot);
        let standing = match entry.status {
            Status::List => "",
            Status::Announced => ", announced",
            Status::Hypothetical => ", HYPOTHETICAL",
        };
        note(format!("{} from {}{standing}", offer.name(), entry.from), &entry.source);
    }
    for month in &route.fees {
        for fee in month {
            note(format!("{} of {}", fee.name, offer.provider.name), &fee.source);
        }
    }
    if inputs.law(plan.searches_per_request).fixed() != Some(0.0)
        && let Some(meter) = offer.meter_at(WEB_SEARCH, None, last)
    {
        note(format!("web search at {}", offer.provider.name), &meter.source);
    }
}
