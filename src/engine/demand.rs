//! What a trial asks of provisioned units, hour by hour.
//!
//! Of every trial the same assumptions and the same days as in the simulation, spread over the hours by the
//! workloads' profiles; of a request the mean tokens, from its moments. Within an hour demand is a steady flow.

use super::draw::{Assumptions, Points};
use super::moments::{Integrator, Moments};
use super::path::Path;
use super::simulate::Options;
use super::tariff::{Quantity, Tariff};
use super::traffic::{SegmentSums, Traffic};
use crate::workload::Scenario;

/// What provisioned units serve, and what the rest costs.
#[derive(Clone, Debug)]
pub struct UnitLaw {
    /// The route whose requests they serve.
    pub route: usize,
    /// The route whose token prices the rest pays.
    pub spill: usize,
    /// Input tokens per minute of one unit.
    pub input_tokens_per_minute: f64,
    /// Input tokens that an output token counts as.
    pub output_weight: f64,
    /// Input tokens that a cached token counts as.
    pub cached_weight: f64,
    /// Longer prompts, in the route's tokens, are never served by units.
    pub maximum_prompt: Option<u64>,
}

/// An hour of a month.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hour {
    /// Units that its requests would fill; those with prompts that are too long left out.
    pub units: f64,
    /// What these requests cost by the token on the spill route, USD.
    pub tokens_usd: f64,
}

/// A month of a trial.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MonthDemand {
    /// Its hours in order, on the clock of the first workload.
    pub hours: Vec<Hour>,
    /// What units never serve costs by the token, USD: prompts that are too long, and workloads that the route buys
    /// in another tier.
    pub long_usd: f64,
    /// Input tokens of prompts that are too long, and of all that units could serve otherwise.
    pub input_tokens: (f64, f64),
}

/// Reads the demand of trials.
pub struct Demand<'a> {
    scenario: &'a Scenario,
    law: UnitLaw,
    seed: u64,
    points: Points,
    assumptions: Assumptions<'a>,
    workloads: Vec<(Traffic<'a>, Path<'a>)>,
    integrator: Integrator,
}

/// What a request of a workload asks for in the mean.
#[derive(Clone, Copy, Debug, Default)]
struct Request {
    /// Weighted tokens that units serve.
    load: f64,
    /// The same requests by the token, USD.
    short_usd: f64,
    /// Requests with prompts that are too long, USD.
    long_usd: f64,
    long_tokens: f64,
    all_tokens: f64,
}

impl<'a> Demand<'a> {
    /// The demand of the trials that a simulation of `scenario` with `options` has.
    pub fn new(scenario: &'a Scenario, options: &Options, law: UnitLaw) -> Self {
        let points = Points::new(scenario, &[], options.seed, options.sampler);
        let workloads = (0..scenario.workloads.len()).map(|index| {
            let traffic = Traffic::new(scenario, index);
            let traffic = match law.maximum_prompt {
                Some(most) => traffic.cut_at(law.route, most),
                None => traffic,
            };
            let path = Path::new(traffic.workload, &scenario.months, &points);
            (traffic, path)
        });
        Demand {
            workloads: workloads.collect(),
            assumptions: Assumptions::new(scenario, &points),
            integrator: Integrator::new(),
            seed: options.seed,
            scenario,
            law,
            points,
        }
    }

    /// All months of a trial.
    pub fn trial(&self, trial: u32) -> Vec<MonthDemand> {
        let values = self.assumptions.values(&self.points, trial).values;
        let blank =
            |days: usize| MonthDemand { hours: vec![Hour::default(); days * 24], ..Default::default() };
        let mut months: Vec<MonthDemand> =
            self.scenario.months.iter().map(|month| blank(month.days())).collect();
        for (traffic, path) in &self.workloads {
            let daily = path.daily(&values, (&self.points, self.seed, trial));
            let requests = self.requests(traffic, &values);
            for ((days, request), month) in daily.iter().zip(&requests).zip(&mut months) {
                self.add(traffic, days, request, month);
            }
        }
        months
    }

    /// Adds a workload's month.
    fn add(&self, traffic: &Traffic<'_>, days: &[f64], request: &Request, month: &mut MonthDemand) {
        let volume = &traffic.workload.volume;
        let an_hour = 60.0 * self.law.input_tokens_per_minute;
        let total: f64 = days.iter().sum();
        month.long_usd += total * request.long_usd;
        month.input_tokens.0 += total * request.long_tokens;
        month.input_tokens.1 += total * request.all_tokens;
        let shift = volume.utc_offset_hours - self.scenario.workloads[0].volume.utc_offset_hours;
        let hours = month.hours.len() as i64;
        for (day, requests) in days.iter().enumerate() {
            for (local, share) in volume.hours.iter().enumerate() {
                let here = requests * share;
                // What falls beyond the month's ends is counted at its other one.
                let at = (day * 24 + local) as i64 - shift;
                let sum = &mut month.hours[at.rem_euclid(hours) as usize];
                sum.units += here * request.load / an_hour;
                sum.tokens_usd += here * request.short_usd;
            }
        }
    }

    /// The mean request of a workload in each month.
    fn requests(&self, traffic: &Traffic<'_>, values: &[f64]) -> Vec<Request> {
        let terms = traffic.terms(values);
        let mut found: Vec<Request> = Vec::new();
        let mut before: Option<(Tariff, Request)> = None;
        for month in 0..self.scenario.months.len() {
            let tariff = Tariff::new(traffic, &self.scenario.routes, &terms.segments, &[month], values);
            let known = before.as_ref().filter(|(known, _)| known.quantities == tariff.quantities);
            let request = match known {
                Some((_, request)) => *request,
                None => {
                    let moments = self.integrator.moments(traffic, &terms, &tariff);
                    let request = self.request(traffic, &tariff, &moments, &terms.segments, values);
                    before = Some((tariff, request));
                    request
                }
            };
            found.push(request);
        }
        found
    }

    fn request(
        &self,
        traffic: &Traffic<'_>,
        tariff: &Tariff,
        moments: &[Moments],
        segments: &[super::traffic::Segment],
        values: &[f64],
    ) -> Request {
        let law = &self.law;
        let route = &traffic.routes[law.route];
        let plan = &self.scenario.routes[law.route].plans[traffic.index];
        let factor = values[plan.token_factor.0];
        let lines = &tariff.periods[0].lines;
        let (own, spill) = (&lines[law.route], &lines[law.spill]);
        let parts = &own.parts;
        let bought = &self.scenario.routes[law.route];
        let by_units = bought.bought[traffic.index] == bought.id;
        let mut request = Request::default();
        for (at, segment) in segments.iter().enumerate() {
            let sums = SegmentSums { requests: moments[at].probability, basis: moments[at].first.clone() };
            let of = |quantity: &Quantity| quantity.in_segment(&quantity.units[at], &sums);
            // What the other route would refuse or cut stays on the units' own: spilling is no way to serve less.
            let whole = spill.parts.served.units[at].request >= parts.served.units[at].request
                && spill.parts.truncated.units[at].request <= parts.truncated.units[at].request;
            let usd = &tariff.quantities[if whole && by_units { spill.spend } else { own.spend }];
            if !by_units {
                request.long_usd += of(usd);
                continue;
            }
            let fits = route
                .tokens_of(segment, factor)
                .is_some_and(|tokens| law.maximum_prompt.is_none_or(|most| tokens <= most));
            let input = of(&parts.input_tokens);
            request.all_tokens += input;
            if fits {
                let less = (1.0 - law.cached_weight) * of(&parts.cached_tokens);
                request.load += input - less + law.output_weight * of(&parts.output_tokens);
                request.short_usd += of(usd);
            } else {
                request.long_usd += of(usd);
                request.long_tokens += input;
            }
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fixtures::scenario;
    use crate::engine::{Estimator, Sampler, simulate};

    fn options(trials: u32) -> Options {
        Options { seed: 3, trials, threads: 0, estimator: Estimator::Fast, sampler: Sampler::Sobol }
    }

    fn law(scenario: &Scenario, maximum_prompt: Option<u64>) -> UnitLaw {
        assert_eq!(scenario.routes[0].label, "azure/gpt-5.4");
        UnitLaw {
            route: 0,
            spill: 0,
            input_tokens_per_minute: 2400.0,
            output_weight: 6.0,
            cached_weight: 0.0,
            maximum_prompt,
        }
    }

    /// Microsoft's worked sizing: (RPM · in · (1 − cache) + w · RPM · out) / TPM.
    #[test]
    fn a_steady_load_fills_the_units_of_the_providers_formula() {
        let text = "name: t\nstart: 2027-01\nmonths: 1\nroutes: [azure/gpt-5.4]\nworkloads: {w: {volume: {requests_per_day: 720k}, prompt: 2000, output: 300, cache: {hit_rate: 76.1%}}}\n";
        let scenario = scenario(text);
        let months = Demand::new(&scenario, &options(2), law(&scenario, Some(128_000))).trial(0);
        // 720,000 requests a day are 500 a minute: (500 · 2,000 · 0.239 + 6 · 500 · 300) / 2,400 = 474.58.
        let wanted = (500.0 * 2000.0 * 0.239 + 6.0 * 500.0 * 300.0) / 2400.0;
        assert_eq!(months[0].hours.len(), 31 * 24);
        for hour in &months[0].hours {
            assert!((hour.units / wanted - 1.0).abs() < 1e-9, "{}", hour.units);
        }
        assert_eq!(months[0].long_usd, 0.0);
    }

    /// Two offices at noon: that of Tokyo is nine hours ahead, so its Monday begins on the Sunday of the first one.
    #[test]
    fn hours_of_other_time_zones_fall_on_their_own_days() {
        let office = |name: &str, offset: i64| {
            format!(
                "  {name}: {{volume: {{requests_per_day: 720k, weekdays: office, hours: office, utc_offset_hours: {offset}}}, prompt: 2000, output: 300}}\n"
            )
        };
        let alone = |offset: i64| {
            let text = format!(
                "name: t\nstart: 2027-02\nmonths: 1\nroutes: [azure/gpt-5.4]\nworkloads:\n{}",
                office("w", offset)
            );
            let scenario = scenario(&text);
            Demand::new(&scenario, &options(2), law(&scenario, None)).trial(0).remove(0).hours
        };
        let text = format!(
            "name: t\nstart: 2027-02\nmonths: 1\nroutes: [azure/gpt-5.4]\nworkloads:\n{}{}",
            office("a", 0),
            office("b", 9)
        );
        let scenario = scenario(&text);
        let both = Demand::new(&scenario, &options(2), law(&scenario, None)).trial(0).remove(0).hours;
        // Each alone runs on its own clock, in local days.
        let (a, b) = (alone(0), alone(9));
        for (hour, both) in both.iter().enumerate() {
            let wanted = a[hour].units + b[(hour + 9) % b.len()].units;
            assert!((both.units - wanted).abs() < 1e-9 * wanted.max(1.0), "hour {hour}");
        }
        // February 2027 begins on a Monday; on its first Sunday at 15:00 UTC, Tokyo begins its Monday.
        let sunday = 6 * 24;
        let night = |hour: usize| both[sunday + hour].units - a[sunday + hour].units;
        assert!(night(16) > 0.0 && (night(16) / b[7 * 24 + 1].units - 1.0).abs() < 1e-9);
    }

    /// A workload that is bought in batch is no load of units, and a route that refuses long prompts takes no bill off
    /// them by spilling.
    #[test]
    fn units_serve_their_own_tier_and_spilling_serves_no_less() {
        let text = "name: t\nstart: 2027-01\nmonths: 1\nroutes: [{id: azure/gpt-5.4, workloads: {night: {tier: batch}}}, 'openai/gpt-5.4:priority']\nworkloads:\n  w: {volume: {requests_per_day: 20k}, prompt: {lognormal: {median: 60k, p95: 400k}}, output: 300}\n  night: {volume: {requests_per_day: 20k}, prompt: 2000, output: 300}\n";
        let scenario = scenario(text);
        let at = |spill: usize| {
            let law = UnitLaw { spill, ..law(&scenario, Some(128_000)) };
            Demand::new(&scenario, &options(2), law).trial(0).remove(0)
        };
        let simulation = simulate(&scenario, &[], &options(2), &|_| true).unwrap();
        let (home, other) = (at(0), at(1));
        let usd = |month: &MonthDemand| {
            month.long_usd + month.hours.iter().map(|hour| hour.tokens_usd).sum::<f64>()
        };
        assert!((usd(&home) / simulation.routes[0].expected.spend[0] - 1.0).abs() < 1e-9);
        // Priority costs twice as much, and stops at 272,000 tokens: what is longer stays at home.
        assert!(usd(&other) > usd(&home));
        let alone = text
            .replace("  night: {volume: {requests_per_day: 20k}, prompt: 2000, output: 300}\n", "")
            .replace(", workloads: {night: {tier: batch}}", "");
        let alone = crate::engine::fixtures::scenario(&alone);
        let load = |month: &MonthDemand| month.hours.iter().map(|hour| hour.units).sum::<f64>();
        let wanted = Demand::new(&alone, &options(2), law(&alone, Some(128_000))).trial(0).remove(0);
        assert!((load(&home) / load(&wanted) - 1.0).abs() < 1e-9);
    }

    /// Hours and long prompts by the token add up to what the simulation expects of the month.
    #[test]
    fn demand_by_the_token_is_the_expected_spend() {
        let text = "name: t\nstart: 2027-01\nmonths: 3\nroutes: [azure/gpt-5.4, openai/gpt-5.4]\nworkloads:\n  a: {volume: {requests_per_month: {p10: 300k, p90: 900k}, growth_per_month: 3%, hours: office, weekdays: office, daily_cv: 30%, drift_sd: 5%}, prompt: {lognormal: {median: 12k, p95: 150k}}, output: 400, cache: {hit_rate: 40%}}\n  b: {volume: {requests_per_month: 200k, hours: night, utc_offset_hours: 5}, prompt: {lognormal: {median: 3k, p95: 30k}}, output: {lognormal: {median: 300, p95: 900}}}\n";
        let scenario = scenario(text);
        let chosen = options(16);
        let simulation = simulate(&scenario, &[], &chosen, &|_| true).unwrap();
        let demand = Demand::new(&scenario, &chosen, law(&scenario, Some(128_000)));
        for trial in 0..16 {
            for (month, found) in demand.trial(trial).iter().enumerate() {
                let short: f64 = found.hours.iter().map(|hour| hour.tokens_usd).sum();
                let expected = simulation.routes[0].expected.spend[trial as usize * 3 + month];
                assert!(found.long_usd > 0.0 && short > 0.0);
                let total = short + found.long_usd;
                assert!((total / expected - 1.0).abs() < 1e-9, "{trial} {month}: {total}, {expected}");
            }
        }
    }
}
