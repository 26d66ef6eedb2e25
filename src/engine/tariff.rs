//! What one request and its tokens cost on every route: prices as weights on the sums of a month.
//!
//! Everything on a bill but fees and stepped meters is linear in the number of requests and in their token
//! sums, so a route's month is a weighted sum. Routes with equal weights share them. Estimates are floats:
//! rates are exact, and a float's last digit is ten powers below any Monte Carlo error.

use super::traffic::{Segment, SegmentSums, Traffic};
use crate::catalogue::{Band, Component, Price, Rates};
use crate::domain::money::Rate;
use crate::workload::{OverWindow, Route as BuyingRoute, Slice};

/// Weights on a segment's number of requests, prompt, output and cached tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Unit {
    /// Of a request.
    pub request: f64,
    /// Of a prompt token, cached or not.
    pub prompt: f64,
    /// Of an output token.
    pub output: f64,
    /// Of a cached token, beside its weight as a prompt token.
    pub cached: f64,
}

impl Unit {
    const NOTHING: Unit = Unit { request: 0.0, prompt: 0.0, output: 0.0, cached: 0.0 };

    /// Whether it weighs nothing.
    pub fn is_nothing(&self) -> bool {
        *self == Unit::NOTHING
    }

    fn add(&mut self, other: Unit, share: f64) {
        self.request += share * other.request;
        self.prompt += share * other.prompt;
        self.output += share * other.output;
        self.cached += share * other.cached;
    }
}

/// A quantity that is linear in the sums: weights for every segment, on one output sum and one cached sum.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// Index of its output sum in the basis.
    pub output: usize,
    /// Index of its cached sum in the basis.
    pub cached: usize,
    /// Weights, one per segment.
    pub units: Vec<Unit>,
}

impl Quantity {
    /// Its value for the sums of a month, one per segment.
    pub fn of(&self, sums: &[SegmentSums]) -> f64 {
        let of = |(unit, sums): (&Unit, &SegmentSums)| self.in_segment(unit, sums);
        self.units.iter().zip(sums).map(of).sum()
    }

    /// Its value for the sums of a single segment.
    pub fn in_segment(&self, unit: &Unit, sums: &SegmentSums) -> f64 {
        unit.request * sums.requests
            + unit.prompt * sums.basis[0]
            + unit.output * sums.basis[self.output]
            + unit.cached * sums.basis[self.cached]
    }

    /// Whether it weighs nothing anywhere.
    pub fn is_nothing(&self) -> bool {
        self.units.iter().all(Unit::is_nothing)
    }
}

/// What a workload costs on every route, from period to period.
#[derive(Clone, Debug)]
pub struct Tariff {
    /// Distinct spends and premiums of all periods, USD.
    pub quantities: Vec<Quantity>,
    /// Months with the same cards.
    pub periods: Vec<Period>,
    /// For each segment, whether any route ever serves it.
    pub served: Vec<bool>,
}

/// Months with the same cards on all routes.
#[derive(Clone, Debug)]
pub struct Period {
    /// The first of its months.
    pub month: usize,
    /// One per route.
    pub lines: Vec<Line>,
    /// Indices of the quantities of its lines, each once.
    pub quantities: Vec<usize>,
}

/// A route's place among the quantities, and what its bill is made of.
#[derive(Clone, Debug)]
pub struct Line {
    /// The quantity that is its spend on tokens.
    pub spend: usize,
    /// The quantity that is its premium, if it has one.
    pub premium: Option<usize>,
    /// What its bill is made of.
    pub parts: Parts,
}

/// Figures of one route beside its spend, each linear in the sums.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Uncached input, USD.
    pub input: Quantity,
    /// Cached input, USD.
    pub cached_input: Quantity,
    /// Cache writes, USD.
    pub cache_write: Quantity,
    /// Output, USD.
    pub output: Quantity,
    /// Requests that are served.
    pub served: Quantity,
    /// Requests that are refused.
    pub rejected: Quantity,
    /// Requests whose prompt is cut.
    pub truncated: Quantity,
    /// Served requests above the base band.
    pub crossing: Quantity,
    /// What those cost, USD.
    pub crossing_usd: Quantity,
    /// Input tokens that are billed.
    pub input_tokens: Quantity,
    /// Of these, cached.
    pub cached_tokens: Quantity,
    /// Input tokens of refused requests.
    pub rejected_tokens: Quantity,
    /// Output tokens that are billed.
    pub output_tokens: Quantity,
}

impl Tariff {
    /// The tariff of a trial, for the periods that begin in some months.
    pub fn new(
        traffic: &Traffic<'_>,
        routes: &[BuyingRoute],
        segments: &[Segment],
        months: &[usize],
        values: &[f64],
    ) -> Self {
        let mut tariff =
            Tariff { quantities: Vec::new(), periods: Vec::new(), served: vec![false; segments.len()] };
        for &month in months {
            let period = tariff.period(traffic, routes, segments, month, values);
            tariff.periods.push(period);
        }
        tariff
    }

    fn period(
        &mut self,
        traffic: &Traffic<'_>,
        routes: &[BuyingRoute],
        segments: &[Segment],
        month: usize,
        values: &[f64],
    ) -> Period {
        let mut lines = Vec::with_capacity(routes.len());
        for (index, bought) in routes.iter().enumerate() {
            let plan = &bought.plans[traffic.index];
            let route = Route {
                traffic,
                index,
                slices: &plan.months[month],
                factor: values[plan.token_factor.0],
                write_share: values[plan.write_share.0],
                write_1h_share: values[plan.write_1h_share.0],
                left: 1.0 - values[bought.discount.0],
            };
            let (spend, premium, parts) = route.line(segments);
            for (any, unit) in self.served.iter_mut().zip(&parts.served.units) {
                *any |= !unit.is_nothing();
            }
            let spend = self.slot(spend);
            let premium = (!premium.is_nothing()).then(|| self.slot(premium));
            lines.push(Line { spend, premium, parts });
        }
        let mut quantities: Vec<usize> =
            lines.iter().flat_map(|line| [Some(line.spend), line.premium]).flatten().collect();
        quantities.sort_unstable();
        quantities.dedup();
        Period { month, lines, quantities }
    }

    fn slot(&mut self, quantity: Quantity) -> usize {
        self.quantities.iter().position(|known| *known == quantity).unwrap_or_else(|| {
            self.quantities.push(quantity);
            self.quantities.len() - 1
        })
    }
}

/// One route in one trial and month.
struct Route<'a> {
    traffic: &'a Traffic<'a>,
    index: usize,
    slices: &'a [Slice],
    factor: f64,
    write_share: f64,
    /// Of what is written.
    write_1h_share: f64,
    /// What the discount leaves of token prices.
    left: f64,
}

impl Route<'_> {
    fn line(&self, segments: &[Segment]) -> (Quantity, Quantity, Parts) {
        let route = &self.traffic.routes[self.index];
        let none = Quantity {
            output: route.output,
            cached: route.cached,
            units: vec![Unit::default(); segments.len()],
        };
        let (mut spend, mut premium) = (none.clone(), none.clone());
        let mut parts = Parts {
            input: none.clone(),
            cached_input: none.clone(),
            cache_write: none.clone(),
            output: none.clone(),
            served: none.clone(),
            rejected: none.clone(),
            truncated: none.clone(),
            crossing: none.clone(),
            crossing_usd: none.clone(),
            input_tokens: none.clone(),
            cached_tokens: none.clone(),
            rejected_tokens: none.clone(),
            output_tokens: none,
        };
        for (at, segment) in segments.iter().enumerate() {
            let (tokens, cut) = match (route.tokens_of(segment, self.factor), route.longest()) {
                (Some(tokens), _) => (tokens, false),
                (None, Some(longest)) if self.traffic.workload.over_window == OverWindow::Truncate => {
                    (longest, true)
                }
                (None, _) => {
                    parts.rejected.units[at].request = 1.0;
                    parts.rejected_tokens.units[at].prompt = self.factor;
                    continue;
                }
            };
            // Billed prompt tokens of a request: a multiple of the scenario's, or the longest on sale.
            let billed = |per_token: f64| match cut {
                false => Unit { prompt: per_token * self.factor, ..Unit::NOTHING },
                true => Unit { request: per_token * tokens as f64, ..Unit::NOTHING },
            };
            parts.served.units[at].request = 1.0;
            parts.truncated.units[at].request = f64::from(u8::from(cut));
            parts.input_tokens.units[at] = billed(1.0);
            parts.output_tokens.units[at].output = self.factor;
            for slice in self.slices {
                let Some(band) = slice.card.band_of(tokens) else {
                    // `longest` is at most what every card in use sells.
                    debug_assert!(false, "a served prompt that the card does not sell");
                    continue;
                };
                let band = &slice.card.bands[band];
                let crosses = band.rates != band.base;
                // Where cached tokens pay the input price by rule, they are input like any other.
                let caches = !cached_is_input(band);
                let own = self.rates(&band.rates, caches, &billed);
                let base = self.rates(&band.base, caches, &billed);
                for (unit, part) in own.all().into_iter().zip([
                    &mut parts.input,
                    &mut parts.cached_input,
                    &mut parts.cache_write,
                    &mut parts.output,
                ]) {
                    part.units[at].add(unit, slice.share);
                    spend.units[at].add(unit, slice.share);
                    if crosses {
                        parts.crossing_usd.units[at].add(unit, slice.share);
                        premium.units[at].add(unit, slice.share);
                    }
                }
                if crosses {
                    base.all().into_iter().for_each(|unit| premium.units[at].add(unit, -slice.share));
                    parts.crossing.units[at].request += slice.share;
                }
                if caches {
                    parts.cached_tokens.units[at].cached += self.factor * slice.share;
                }
            }
        }
        (spend, premium, parts)
    }

    /// The four components at some rates. `billed` weighs a billed prompt token.
    fn rates(&self, rates: &Rates, caches: bool, billed: &dyn Fn(f64) -> Unit) -> Components {
        let usd = |rate: Option<Rate>| rate.map_or(0.0, |rate| rate.times(1).to_f64()) * self.left;
        let uncached = usd(rates.rate(Component::Input)) * (1.0 - self.write_share);
        let hour = self.write_1h_share;
        let written = usd(rates.written()) * (1.0 - hour) + usd(rates.written_1h()) * hour;
        let written = written * self.write_share;
        let cached = |per_token: f64| if caches { per_token * self.factor } else { 0.0 };
        let less_cached = |per_token: f64| Unit { cached: -cached(per_token), ..billed(per_token) };
        Components {
            input: less_cached(uncached),
            cached_input: Unit { cached: cached(usd(rates.rate(Component::CachedInput))), ..Unit::NOTHING },
            cache_write: less_cached(written),
            output: Unit { output: usd(rates.rate(Component::Output)) * self.factor, ..Unit::NOTHING },
        }
    }
}

struct Components {
    input: Unit,
    cached_input: Unit,
    cache_write: Unit,
    output: Unit,
}

impl Components {
    fn all(&self) -> [Unit; 4] {
        [self.input, self.cached_input, self.cache_write, self.output]
    }
}

fn cached_is_input(band: &Band) -> bool {
    match band.rates.price(Component::CachedInput) {
        Price::ByRule(rate) => Some(rate) == band.rates.rate(Component::Input),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::{BandSums, bill_band};
    use crate::domain::money::{Ratio, Usd};
    use crate::engine::fixtures::scenario;

    /// Weights in floats against the exact bill of the same token sums, band by band.
    #[test]
    fn a_month_of_weights_is_the_exact_bill_of_its_sums() {
        let text = "name: t\nstart: 2027-01\nmonths: 1\nroutes: [{id: openai/gpt-5.4, cache: {hit_rate: 40%, write_1h_share: 0%}}, {id: azure/gpt-5.4@datazone-apac, discount: 7%, cache: {hit_rate: 40%, write_1h_share: 0%}}, anthropic/claude-opus-5, {id: anthropic/claude-opus-5:batch, cache: {hit_rate: 40%, write_1h_share: 100%}}]\nworkloads: {w: {volume: {requests_per_month: 1M}, prompt: {lognormal: {median: 8k, p95: 68k}}, output: 400, cache: {hit_rate: 40%, write_share: 30%, write_1h_share: 25%}}}\n";
        let scenario = scenario(text);
        let traffic = Traffic::new(&scenario, 0);
        let values: Vec<f64> = scenario.assumptions.iter().map(|a| a.law.median()).collect();
        let terms = traffic.terms(&values);
        let tariff = Tariff::new(&traffic, &scenario.routes, &terms.segments, &[0], &values);
        let sums: Vec<SegmentSums> = (0..terms.segments.len())
            .map(|at| {
                let tokens = (1..=traffic.basis_len()).map(|sum| (1_000_000 * (at + 2) / sum) as f64);
                SegmentSums { requests: 100.0, basis: tokens.collect() }
            })
            .collect();
        for (index, (line, route)) in tariff.periods[0].lines.iter().zip(&scenario.routes).enumerate() {
            let (plan, columns) = (&route.plans[0], &traffic.routes[index]);
            let left = Ratio::nearest(values[route.discount.0]).complement();
            let (mut spend, mut premium) = (Usd::ZERO, Usd::ZERO);
            for (segment, sums) in terms.segments.iter().zip(&sums) {
                let Some(tokens) = columns.tokens_of(segment, 1.0) else { continue };
                let card = &plan.months[0][0].card;
                let band = &card.bands[card.band_of(tokens).unwrap()];
                let cached = sums.basis[columns.cached];
                let writes = (sums.basis[0] - cached) * values[plan.write_share.0];
                let written_1h = writes * values[plan.write_1h_share.0];
                let written = writes - written_1h;
                let bill = bill_band(
                    band,
                    &BandSums {
                        uncached: (sums.basis[0] - cached - writes).round() as u64,
                        cached: cached as u64,
                        written: written.round() as u64,
                        written_1h: written_1h.round() as u64,
                        output: sums.basis[columns.output] as u64,
                    },
                    left,
                );
                spend += bill.total();
                premium += bill.premium;
            }
            let found = tariff.quantities[line.spend].of(&sums);
            // Half a token of written and uncached prompts, at most 10 USD a million.
            assert!((found - spend.to_f64()).abs() < 1e-4, "{}: {found}, {spend}", route.label);
            let found = line.premium.map_or(0.0, |premium| tariff.quantities[premium].of(&sums));
            assert!((found - premium.to_f64()).abs() < 1e-4, "{}: {found}, {premium}", route.label);
            assert!(spend > Usd::ZERO);
        }
    }
}
