//! Capacity in the spend: provisioned units are paid for, what they serve is not paid by the token, what spills is,
//! elsewhere if it falls back, and what is refused is not.
//!
//! Of sampled hours it is known what was paid by the token, and what all that was offered would cost. Their ratio is a
//! curve over the hour's expected load; every hour of every trial is read off it, weighted by its requests.

use super::Lived;
use super::plan::{Plan, Sampled, ratio_error};
use super::route::{Chain, client, lived, weights};
use super::units::unit_usd;
use crate::engine::capacity::{Lived as Stretch, Stage, Tally};
use crate::engine::{Options, RouteOutcome, Simulation, Unserved, ordered};
use crate::workload::{LimitTerms, Limited, Scenario};

/// Hours that are lived through for a curve.
const HOURS: usize = 480;
/// Points of a curve.
const POINTS: usize = 16;

/// Makes capacity a part of the spend of every route that has any, where the scenario asks for it: `simulation` is
/// that of `scenario` with `options`, on the same random numbers as those `beside` it.
///
/// # Errors
/// When an hour expects more requests than can be drawn, or the operating system refuses the threads.
pub fn include(
    scenario: &Scenario,
    beside: &[&Scenario],
    options: &Options,
    simulation: &mut Simulation,
) -> anyhow::Result<()> {
    let bound = |at: &usize| {
        let capacity = &scenario.capacity.routes[*at];
        let errors = capacity.latency.as_ref().is_some_and(|latency| latency.error_share > 0.0);
        capacity.units.is_some()
            || !capacity.limits.is_empty()
            || capacity.concurrency.is_some()
            || scenario.capacity.client.concurrency.is_some()
            || errors
    };
    let routes: Vec<usize> = (0..scenario.routes.len()).filter(bound).collect();
    if !scenario.capacity.in_spend || routes.is_empty() {
        return Ok(());
    }
    let stage = Stage::new(scenario, beside, options);
    let plan = Plan::new(&stage, options, Lived::Some(HOURS), routes.len())?;
    let client = client(&scenario.capacity.client);
    for at in routes {
        let capacity = &scenario.capacity.routes[at];
        let chain = Chain::new(scenario, at);
        let stretches = lived(&stage, &plan, options, &chain, client, weights(capacity.sold.as_ref()))?;
        let outcome = &simulation.routes[at];
        let by_units = chain.by_units;
        // Tokens and time are what binds, save where only requests are counted; what they cost stands for both.
        let counted = |limit: &LimitTerms| limit.what == Limited::Requests;
        let at_once = capacity.concurrency.or(scenario.capacity.client.concurrency).is_some();
        let by_usd = by_units || at_once || !capacity.limits.iter().all(counted);
        let load = |stretch: &Sampled| {
            Hourly::new(&stage, stretch.trial).load(&stage, outcome, stretch.hours.0, by_usd)
        };
        let loads: Vec<f64> = plan.stretches.iter().map(load).collect();
        let skip = usize::from(by_units);
        let curve = |figures: &dyn Fn(&Tally) -> (f64, f64)| Curve::new(&loads, &stretches, figures);
        let paid_of = |tally: &Tally| (tally.usd_by.iter().skip(skip).sum::<f64>(), tally.offered_usd);
        let paid = curve(&paid_of);
        let lost = [
            curve(&|tally| (tally.lost.0, tally.in_window.0)),
            curve(&|tally| (tally.lost.1, tally.in_window.1)),
        ];
        let months = simulation.months;
        let found = ordered(simulation.trials, options.threads, |trial| {
            let hourly = Hourly::new(&stage, trial as u32);
            let mean = |curve: &Curve, month: usize| hourly.mean(&stage, outcome, month, by_usd, curve);
            let share = |month: usize| mean(&paid, month);
            // Of all requests of the trial, so that trials count by their requests.
            let of_all = |curve: &Curve| -> f64 {
                (0..months).map(|month| hourly.months[month] * mean(curve, month)).sum()
            };
            let all: f64 = hourly.months.iter().sum();
            ((0..months).map(share).collect::<Vec<f64>>(), lost.each_ref().map(of_all), all)
        })?;
        let all: f64 = found.iter().map(|(.., all)| all).sum();
        let unserved = [0, 1].map(|at| found.iter().map(|(_, lost, _)| lost[at]).sum::<f64>());
        let unserved = unserved.map(|lost| if all > 0.0 { lost / all } else { 0.0 });
        let shares: Vec<f64> = found.into_iter().flat_map(|(shares, ..)| shares).collect();
        let units = capacity.units.as_ref().zip(capacity.sold.as_ref());
        let unit_month = |month: usize| {
            let hours = stage.month_hours(month).len() as f64;
            let all = stage.hours() as f64;
            units.map_or(0.0, |(units, sold)| {
                units.count as f64 * unit_usd(sold, units.term.as_ref(), all) * hours / all
            })
        };
        let unit_usd: Vec<f64> = (0..months).map(unit_month).collect();
        let by_tokens = chain.stops.iter().skip(usize::from(by_units)).any(|stop| stop.route == at);
        rewrite(&mut simulation.routes[at], &shares, &unit_usd, by_tokens);
        leave_out(&mut simulation.routes[at], unserved, by_units);
        let figures: Vec<(f64, f64)> = stretches.iter().map(|lived| paid_of(&lived.tally)).collect();
        let sum = plan.stretches.iter().zip(&figures).fold((0.0, 0.0), |sum, (stretch, of)| {
            (sum.0 + stretch.weight * of.0, sum.1 + stretch.weight * of.1)
        });
        let error = ratio_error(&plan.stretches, &figures).filter(|_| sum.0 > 0.0);
        simulation.routes[at].sampling_error = error.map_or(0.0, |error| error * sum.1 / sum.0);
    }
    // Spend is not proportional to volume any more, so volume cannot be integrated out of it.
    simulation.scatter = None;
    Ok(())
}

/// Expected requests of every hour of a trial.
struct Hourly {
    trial: usize,
    requests: Vec<f64>,
    /// Of every month.
    months: Vec<f64>,
}

impl Hourly {
    fn new(stage: &Stage<'_>, trial: u32) -> Self {
        let rates = stage.rates(trial);
        let expected = |hour: usize| rates.iter().map(|rates| rates.of(hour)).sum();
        let requests: Vec<f64> = (0..stage.hours()).map(expected).collect();
        let month = |month: usize| requests[stage.month_hours(month)].iter().sum();
        let months = (0..stage.months()).map(month).collect();
        Hourly { trial: trial as usize, requests, months }
    }

    /// The load of an hour: what its requests are expected to cost by the token, for units; else their number.
    fn load(&self, stage: &Stage<'_>, outcome: &RouteOutcome, hour: usize, usd: bool) -> f64 {
        if !usd {
            return self.requests[hour];
        }
        let month = stage.month_of(hour);
        let spend = outcome.expected.spend[self.trial * self.months.len() + month];
        if self.months[month] > 0.0 { self.requests[hour] * spend / self.months[month] } else { 0.0 }
    }

    /// The mean of a curve over the requests of a month.
    fn mean(&self, stage: &Stage<'_>, outcome: &RouteOutcome, month: usize, usd: bool, curve: &Curve) -> f64 {
        let all = self.months[month];
        if all <= 0.0 {
            return curve.at(0.0);
        }
        let per_request =
            if usd { outcome.expected.spend[self.trial * self.months.len() + month] / all } else { 1.0 };
        let of = |hour: usize| self.requests[hour] * curve.at(self.requests[hour] * per_request);
        stage.month_hours(month).map(of).sum::<f64>() / all
    }
}

/// A ratio against the load of the hour: what is paid by the token over what all that is offered would cost, what is
/// lost over what came.
struct Curve {
    /// Load and ratio, by growing load.
    points: Vec<(f64, f64)>,
}

impl Curve {
    /// The curve of hours that were lived through: of groups of them with similar loads, the ratio of the sums.
    fn new(loads: &[f64], stretches: &[Stretch], figures: &dyn Fn(&Tally) -> (f64, f64)) -> Self {
        let mut hours: Vec<(f64, f64, f64)> = loads
            .iter()
            .zip(stretches)
            .map(|(load, lived)| {
                let (of, over) = figures(&lived.tally);
                (*load, of, over)
            })
            .filter(|(.., over)| *over > 0.0)
            .collect();
        hours.sort_by(|a, b| a.0.total_cmp(&b.0));
        let group = hours.len().div_ceil(POINTS).max(1);
        let points = hours.chunks(group).map(|hours| {
            let sum = |of: &dyn Fn(&(f64, f64, f64)) -> f64| hours.iter().map(of).sum::<f64>();
            (sum(&|hour| hour.0) / hours.len() as f64, sum(&|hour| hour.1) / sum(&|hour| hour.2))
        });
        Curve { points: points.collect() }
    }

    /// Its value at a load: linear between points, flat beyond them.
    fn at(&self, load: f64) -> f64 {
        let next = self.points.partition_point(|(at, _)| *at < load);
        match (next.checked_sub(1).and_then(|before| self.points.get(before)), self.points.get(next)) {
            (Some((x0, y0)), Some((x1, y1))) if x1 > x0 => y0 + (y1 - y0) * (load - x0) / (x1 - x0),
            (Some((_, y)), _) | (None, Some((_, y))) => *y,
            (None, None) => 1.0,
        }
    }
}

/// Replaces what a route costs by the token by the share of it that is paid, and adds its units.
fn rewrite(outcome: &mut RouteOutcome, shares: &[f64], unit_usd: &[f64], by_tokens: bool) {
    let months = unit_usd.len();
    let all_units: f64 = unit_usd.iter().sum();
    let (mut before, mut after) = (0.0, 0.0);
    let trials = outcome.expected.spend.chunks_exact(months).zip(shares.chunks_exact(months));
    for (at, (spend, shares)) in trials.enumerate() {
        let own: f64 = spend.iter().sum();
        let paid: f64 = spend.iter().zip(shares).map(|(usd, share)| usd * share).sum();
        if let Some(items) = outcome.items.get_mut(at) {
            items.scale(ratio(paid, own));
            items.capacity += all_units;
        }
        before += own;
        after += paid;
    }
    for list in [&mut outcome.spend, &mut outcome.expected.spend] {
        for (at, (usd, share)) in list.iter_mut().zip(shares).enumerate() {
            *usd = *usd * share + unit_usd[at % months];
        }
    }
    // Long prompts are never served by units: what they cost more stays, save where they are refused too.
    for list in [&mut outcome.premium, &mut outcome.expected.premium] {
        if !by_tokens {
            list.fill(0.0);
        } else if unit_usd.iter().all(|usd| *usd == 0.0) {
            list.iter_mut().zip(shares).for_each(|(usd, share)| *usd *= share.min(1.0));
        }
    }
    outcome.expected.spend_noise.fill(f64::NAN);
    outcome.expected.premium_noise.fill(f64::NAN);
    let scale = ratio(after, before);
    let sums = &mut outcome.sums;
    for usd in [
        &mut sums.input,
        &mut sums.cached_input,
        &mut sums.cache_write,
        &mut sums.output,
        &mut sums.tools,
        &mut sums.fees,
    ] {
        *usd *= scale;
    }
    sums.capacity += all_units * (shares.len() / months) as f64;
}

/// Takes what capacity does not serve out of what was served. What crosses a band is refused like the rest, as long
/// as no units serve the rest.
fn leave_out(outcome: &mut RouteOutcome, [requests, tokens]: [f64; 2], by_units: bool) {
    outcome.unserved = Unserved { requests, tokens };
    let tally = &mut outcome.sums.tally;
    for count in [&mut tally.served, &mut tally.truncated] {
        *count *= 1.0 - requests;
    }
    for count in [
        &mut tally.input_tokens,
        &mut tally.cached_tokens,
        &mut tally.unreached_tokens,
        &mut tally.output_tokens,
    ] {
        *count *= 1.0 - tokens;
    }
    if !by_units {
        tally.crossing *= 1.0 - requests;
        tally.crossing_usd *= 1.0 - tokens;
    }
}

/// What something has become, as a multiple of what it was; 1 where there was nothing.
fn ratio(after: f64, before: f64) -> f64 {
    if before > 0.0 { after / before } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::capacity::route::{cost, summed};
    use crate::engine::fixtures::scenario;
    use crate::engine::{Estimator, Sampler, simulate};

    fn options(trials: u32) -> Options {
        Options { seed: 3, trials, threads: 0, estimator: Estimator::Fast, sampler: Sampler::Sobol }
    }

    fn text(capacity: &str) -> String {
        format!(
            "name: t\nstart: 2027-01\nmonths: 2\nroutes: [azure/gpt-5.4, openai/gpt-5.4]\nworkloads: {{w: {{volume: {{requests_per_month: {{p10: 80k, p90: 200k}}, hours: office, daily_cv: 20%}}, arrivals: {{bursts: {{minute: 50%, second: 80%}}}}, prompt: {{lognormal: {{median: 3k, p95: 30k}}}}, output: 300, cache: {{hit_rate: 40%}}}}}}\ncapacity:\n  in_spend: true\n  routes:\n    azure/gpt-5.4: {capacity}\n"
        )
    }

    /// The mean spend is what `capacity` finds by living through hours of other choice: units and spilled tokens.
    #[test]
    fn the_mean_spend_is_that_of_the_hours() {
        for terms in [
            "{units: 30, term: 1 month}",
            "{requests_per_minute: 20, fall_back: [openai/gpt-5.4]}",
            "{requests_per_minute: 12}",
        ] {
            let scenario = scenario(&text(terms));
            let options = options(64);
            let plain = simulate(&scenario, &[], &options, &|_| true).unwrap();
            let mut with = plain.clone();
            include(&scenario, &[], &options, &mut with).unwrap();
            let mean = |simulation: &Simulation, at: usize| {
                simulation.routes[at].expected.spend.iter().sum::<f64>() / simulation.trials as f64
            };
            // The other route has no limits, and stays.
            assert!(
                with.routes[1].spend == plain.routes[1].spend && with.routes[1].sums == plain.routes[1].sums
            );
            let stage = Stage::new(&scenario, &[], &options);
            let plan = Plan::new(&stage, &options, Lived::Some(1_000), 1).unwrap();
            let chain = Chain::new(&scenario, 0);
            let client = client(&scenario.capacity.client);
            let weights = weights(scenario.capacity.routes[0].sold.as_ref());
            let stretches = lived(&stage, &plan, &options, &chain, client, weights).unwrap();
            let tally = summed(&plan, &stretches, chain.stops.len());
            let cost = cost(&scenario, (&stage, &plan), 0, &chain, &tally);
            // What is not served is what the hours lose, and no more is said to be served than the rest.
            let (lost, unserved) = (tally.lost.0 / tally.in_window.0, with.routes[0].unserved);
            assert!((unserved.requests - lost).abs() < 0.02, "{terms}: {unserved:?} and {lost}");
            let left = with.routes[0].sums.tally.served / plain.routes[0].sums.tally.served;
            assert!((left - 1.0 + unserved.requests).abs() < 1e-9);
            let ratio = mean(&with, 0) / cost.total();
            // Of a thousand hours the cost is known to about a percent.
            assert!((ratio - 1.0).abs() < 0.03, "{terms}: {} and {cost:?}", mean(&with, 0));
            let units = with.routes[0].sums.capacity / with.trials as f64;
            assert!((units - cost.units).abs() < 1e-6 * units.max(1.0));
            let parts = &with.routes[0].sums;
            let total = parts.input + parts.cached_input + parts.output + parts.capacity;
            assert!((total / with.trials as f64 / mean(&with, 0) - 1.0).abs() < 1e-9);
        }
    }

    /// Under a limit on tokens no future pays for more than the limit lets through, however long its prompts are.
    #[test]
    fn no_future_pays_for_more_than_a_limit_lets_through() {
        let text = "name: t\nstart: 2027-01\nmonths: 1\nroutes: [azure/gpt-5.4]\nworkloads: {w: {volume: {requests_per_month: 200k}, prompt: {lognormal: {median: {p10: 1k, p90: 9k}, p95: 7k}}, output: 250}}\ncapacity: {in_spend: true, routes: {azure/gpt-5.4: {tokens_per_minute: 15k}}}\n";
        let scenario = scenario(text);
        let options = options(256);
        let plain = simulate(&scenario, &[], &options, &|_| true).unwrap();
        let mut with = plain.clone();
        include(&scenario, &[], &options, &mut with).unwrap();
        // 15,000 tokens in each of 44,640 minutes, of which an answer of 250 is the dearest part: the shorter the
        // prompt beside it, the more a token costs. 1,000 prompt tokens and 250 of output cost 0.005 per 1,000 tokens.
        let most = 15_000.0 * 44_640.0 * (1_000.0 * 2.5 + 250.0 * 15.0) / 1_250.0 / 1e6;
        let above = with.routes[0].spend.iter().filter(|usd| **usd > most).count();
        assert!(above <= 256 / 50, "{above} of 256 futures pay more than {most}");
        assert!(plain.routes[0].spend.iter().filter(|usd| **usd > most).count() > 64);
    }
}
