//! What has to be summed of a workload so that every route can be billed.
//!
//! All routes see the same requests. The prompt axis is cut at every threshold of every route into
//! segments; in a segment each request is billed by one band on each route. Of a segment's requests a bill
//! needs their number and the sums of a few quantities, the **basis**: prompt tokens, output tokens (once
//! per distinct output limit) and cached tokens (once per distinct view of the cache).

use super::counts::Sessions;
use super::few::{BASIS, EDGES, Few, SEGMENTS, zeros};
use super::gate::GateDraw;
use super::law::Law;
use super::stream::{Purpose, Stream};
use crate::domain::normal;
use crate::workload::{Input, OverWindow, RoutePlan, Scenario, Workload, score_correlation};

/// A workload prepared for its routes.
pub struct Traffic<'a> {
    /// The workload.
    pub workload: &'a Workload,
    /// Its number in the scenario.
    pub index: usize,
    /// Prompt lengths.
    pub prompt: Law,
    /// Visible output lengths.
    pub output: Law,
    /// Reasoning lengths.
    pub reasoning: Option<Law>,
    /// How requests cluster.
    pub sessions: Option<Sessions>,
    /// Correlation of the scores of prompt and output length.
    pub output_correlation: f64,
    /// Correlation of the scores of prompt length and the cache gate.
    pub cache_correlation: f64,
    /// Distinct output limits.
    caps: Vec<CapKey>,
    /// Distinct views of the cache.
    views: Vec<ViewKey>,
    /// Per route: its cap and view, and where its bands end.
    pub routes: Vec<RouteTraffic>,
    /// The random numbers of each month, for counts and requests.
    pub purposes: Vec<Purpose>,
}

/// What one route needs of a workload's sums.
pub struct RouteTraffic {
    /// Index of its output sum in the basis.
    pub output: usize,
    /// Index of its cached sum in the basis.
    pub cached: usize,
    /// Index of its view of the cache.
    pub view: usize,
    factor: Input,
    longest: Option<u64>,
    /// Ends of bands, inclusive, in the route's tokens.
    ends: Vec<u64>,
}

/// An input by value if it is fixed, so that routes with equal terms share their sums.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Term {
    Fixed(f64),
    Drawn(Input),
}

impl Term {
    fn of(input: Input, scenario: &Scenario) -> Self {
        scenario.law(input).fixed().map_or(Term::Drawn(input), Term::Fixed)
    }

    fn value(self, values: &[f64]) -> f64 {
        match self {
            Term::Fixed(value) => value,
            Term::Drawn(input) => values[input.0],
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
struct CapKey {
    max_output: Option<u64>,
    factor: Term,
}

#[derive(Clone, Copy, PartialEq)]
struct ViewKey {
    hit_rate: Term,
    share: Term,
    minimum: u64,
    longest: Option<u64>,
    factor: Term,
}

impl<'a> Traffic<'a> {
    /// Prepares workload number `index` of a scenario.
    pub fn new(scenario: &'a Scenario, index: usize) -> Self {
        let workload = &scenario.workloads[index];
        let (mut caps, mut views, mut routes) = (Vec::new(), Vec::new(), Vec::new());
        for route in &scenario.routes {
            let plan = &route.plans[index];
            let factor = Term::of(plan.token_factor, scenario);
            let cap = CapKey { max_output: plan.max_output, factor };
            let view = ViewKey {
                hit_rate: Term::of(plan.hit_rate, scenario),
                share: Term::of(plan.share_when_hit, scenario),
                minimum: plan.cache_minimum,
                longest: plan.longest_prompt,
                factor,
            };
            let (output, cached) = (slot_of(&mut caps, cap), slot_of(&mut views, view));
            routes.push((output, cached, plan));
        }
        let outputs = caps.len();
        let routes = routes.into_iter().map(|(output, cached, plan)| RouteTraffic {
            output: 1 + output,
            cached: 1 + outputs + cached,
            view: cached,
            factor: plan.token_factor,
            longest: plan.longest_prompt,
            ends: band_ends(plan),
        });
        let purposes =
            scenario.months.iter().map(|m| Purpose::named(&format!("requests {} {m}", workload.name)));
        Traffic {
            workload,
            index,
            prompt: Law::new(&workload.prompt.shape),
            output: Law::new(&workload.output.shape),
            reasoning: workload.reasoning.as_ref().map(|reasoning| Law::new(&reasoning.tokens.shape)),
            sessions: workload.sessions.as_ref().map(Sessions::new),
            output_correlation: score_correlation(workload.prompt_output_correlation),
            cache_correlation: score_correlation(workload.prompt_cache_correlation),
            routes: routes.collect(),
            caps,
            views,
            purposes: purposes.collect(),
        }
    }

    /// The same with the prompt axis also cut at a number of tokens of route number `route`.
    pub fn cut_at(mut self, route: usize, tokens: u64) -> Self {
        self.routes[route].ends.push(tokens);
        self
    }

    /// The variance of a month's number of requests over its mean.
    pub fn dispersion(&self) -> f64 {
        self.sessions.as_ref().map_or(1.0, Sessions::dispersion)
    }

    /// The third cumulant of a month's number of requests over its mean.
    pub fn third_of_count(&self) -> f64 {
        self.sessions.as_ref().map_or(1.0, Sessions::third)
    }

    /// How many quantities are summed.
    pub fn basis_len(&self) -> usize {
        1 + self.caps.len() + self.views.len()
    }

    /// What holds in one trial.
    pub fn terms(&self, values: &[f64]) -> Terms {
        let prompt_scale = values[self.workload.prompt.scale.0];
        let caps = self
            .caps
            .iter()
            .map(|cap| cap.max_output.map_or(f64::INFINITY, |most| most as f64 / cap.factor.value(values)));
        let reasoning = self.workload.reasoning.as_ref();
        Terms {
            prompt_scale,
            output_scale: values[self.workload.output.scale.0],
            reasoning: reasoning
                .map_or((0.0, 1.0), |r| (values[r.share_of_requests.0], values[r.tokens.scale.0])),
            caps: caps.collect(),
            views: self.views.iter().map(|view| self.view(view, prompt_scale, values)).collect(),
            segments: self.segments(prompt_scale, values),
        }
    }

    fn view(&self, key: &ViewKey, scale: f64, values: &[f64]) -> View {
        let factor = key.factor.value(values);
        let minimum = if key.minimum == 0 { 0.0 } else { (key.minimum as f64 - 0.5) / factor };
        let longest = key.longest.map_or(f64::INFINITY, |most| (most as f64 + 0.5) / factor);
        let truncate = self.workload.over_window == OverWindow::Truncate;
        let (hit_rate, share) = (key.hit_rate.value(values), key.share.value(values));
        let gate = Gate {
            law: &self.prompt,
            scale,
            minimum,
            longest,
            truncate,
            correlation: self.cache_correlation,
        };
        let (threshold, share, shortfall) = gate.threshold(hit_rate, share);
        let cut = if truncate { longest } else { f64::INFINITY };
        View { threshold, open: normal::cdf(-threshold), share, shortfall, minimum, cut }
    }

    /// The prompt axis cut at the thresholds of all routes. Token counts are whole, so a band that ends
    /// at n tokens ends at n + ½ on the axis.
    fn segments(&self, scale: f64, values: &[f64]) -> Few<Segment, SEGMENTS> {
        let mut edges: Few<f64, EDGES> = Few::new();
        for route in &self.routes {
            let factor = values[route.factor.0];
            edges.extend(route.ends.iter().chain(&route.longest).map(|&end| (end as f64 + 0.5) / factor));
        }
        edges.sort_unstable_by(f64::total_cmp);
        edges.dedup_by(|a, b| (*a - *b).abs() < 1e-6);
        edges.push(f64::INFINITY);
        let (mut low, mut below) = (0.0, 0.0);
        edges
            .into_iter()
            .map(|high| {
                let upto = if high == f64::INFINITY { 1.0 } else { self.prompt.below(high / scale) };
                let segment = Segment { low, high, rank_low: below, rank_high: upto.max(below) };
                (low, below) = (high, upto.max(below));
                segment
            })
            .collect()
    }
}

impl RouteTraffic {
    /// What the route makes of a segment: the prompt length in its tokens by which its band is chosen, or
    /// `None` if such prompts are longer than it sells.
    pub fn tokens_of(&self, segment: &Segment, factor: f64) -> Option<u64> {
        // The upper edge is n + ½ for the last whole count n of the segment.
        let tokens =
            if segment.high == f64::INFINITY { u64::MAX } else { (segment.high * factor).floor() as u64 };
        match self.longest {
            Some(longest) if tokens > longest => None,
            _ => Some(tokens),
        }
    }

    /// The longest prompt that the route sells, in its tokens.
    pub fn longest(&self) -> Option<u64> {
        self.longest
    }
}

fn band_ends(plan: &RoutePlan) -> Vec<u64> {
    let bands = plan.months.iter().flatten().flat_map(|slice| slice.card.bands.iter());
    let mut ends: Vec<u64> = bands.filter_map(|band| band.up_to).collect();
    ends.sort_unstable();
    ends.dedup();
    ends
}

fn slot_of<T: PartialEq>(list: &mut Vec<T>, item: T) -> usize {
    list.iter().position(|known| *known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}

/// What holds for a workload in one trial. Lengths are in the scenario's tokens.
pub struct Terms {
    /// Factor on prompt lengths.
    pub prompt_scale: f64,
    /// Factor on output lengths.
    pub output_scale: f64,
    /// Share of requests that reason, and the factor on their reasoning lengths.
    pub reasoning: (f64, f64),
    /// The output limits.
    pub caps: Few<f64, BASIS>,
    /// The views of the cache.
    pub views: Few<View, BASIS>,
    /// The prompt axis, cut.
    pub segments: Few<Segment, SEGMENTS>,
}

/// A stretch of the prompt axis.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The share of prompts below it.
    pub rank_low: f64,
    /// The share of prompts below its upper end.
    pub rank_high: f64,
}

impl Segment {
    /// The share of prompts in it.
    pub fn probability(&self) -> f64 {
        self.rank_high - self.rank_low
    }
}

/// How one cache serves the workload in one trial.
///
/// A request hits when the prompt reaches `minimum` and its gate score exceeds `threshold`; then a share S
/// of it is cached, with law Beta(α, 1), α = share/(1 − share), whose quantile is u^{1/α}.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The gate score above which requests hit.
    pub threshold: f64,
    /// The share of requests that pass the gate.
    open: f64,
    /// E[S].
    pub share: f64,
    /// By how much the stated hit rate is beyond what prompts above the minimum can reach.
    pub shortfall: f64,
    /// Shorter prompts never hit.
    pub minimum: f64,
    /// Longer prompts are cut to this.
    pub cut: f64,
}

impl View {
    /// 1/α of the share's law; 0 for a share of 1.
    pub fn exponent(&self) -> f64 {
        (1.0 - self.share) / self.share
    }

    /// The share of requests that pass the gate.
    pub fn open(&self) -> f64 {
        self.open
    }

    /// The share that the uniform `u` gives.
    pub fn share_at(&self, u: f64) -> f64 {
        libm::exp(self.exponent() * libm::log(u))
    }

    /// The probability that a prompt of length `x` and score `z` hits.
    pub fn hit_probability(&self, x: f64, z: f64, correlation: f64) -> f64 {
        if x < self.minimum {
            0.0
        } else if correlation == 0.0 {
            self.open
        } else {
            let rest = libm::sqrt(1.0 - correlation * correlation);
            normal::Table::get().at((correlation * z - self.threshold) / rest).0
        }
    }
}

/// What is needed to find the gate that gives a hit rate.
struct Gate<'a> {
    law: &'a Law,
    scale: f64,
    minimum: f64,
    longest: f64,
    truncate: bool,
    correlation: f64,
}

/// Nodes of each piece of the integral over prompt scores where the gate depends on length.
const GATE_NODES: usize = 192;
/// Scores beyond ±8 hold less than 10⁻¹⁴ of the tokens of any law with a bounded prompt.
const GATE_REACH: f64 = 8.0;

impl Gate<'_> {
    /// The threshold and mean share with which the share of billed input tokens that are cached is
    /// `hit_rate`. Where the gate cannot open wide enough, every request hits and the share makes up
    /// for the rest; what is still missing is the third figure.
    fn threshold(&self, hit_rate: f64, share: f64) -> (f64, f64, f64) {
        let share = share.min(1.0 - 1e-9);
        if hit_rate <= 0.0 {
            return (f64::INFINITY, share, 0.0);
        }
        let offered = self.tokens(0.0);
        let reachable = if offered > 0.0 { self.tokens(self.minimum) / offered } else { 0.0 };
        let wanted = hit_rate / share / reachable.max(1e-12);
        if wanted >= 1.0 {
            let share = (hit_rate / reachable.max(1e-12)).clamp(share, 1.0);
            return (f64::NEG_INFINITY, share, (hit_rate - share * reachable).max(0.0));
        }
        let threshold = if self.correlation == 0.0 { -normal::quantile(wanted) } else { self.solve(wanted) };
        (threshold, share, 0.0)
    }

    /// Mean billed tokens of prompts from `from` on.
    fn tokens(&self, from: f64) -> f64 {
        let part = |x: f64| self.scale * self.law.partial_moment(1, x / self.scale);
        let whole = part(self.longest) - part(from.min(self.longest));
        if self.truncate && self.longest.is_finite() {
            whole + self.longest * (1.0 - self.law.below(self.longest / self.scale))
        } else {
            whole
        }
    }

    /// The threshold at which the share `wanted` of the tokens from the minimum on passes the gate.
    fn solve(&self, wanted: f64) -> f64 {
        let rest = libm::sqrt(1.0 - self.correlation * self.correlation);
        let nodes = self.nodes();
        let total: f64 = nodes.iter().map(|(_, weight)| weight).sum();
        let table = normal::Table::get();
        // The share that passes, and how fast it falls with the threshold.
        let passing = |threshold: f64| {
            let (mut share, mut slope) = (0.0, 0.0);
            for (z, weight) in &nodes {
                let (below, density) = table.at((self.correlation * z - threshold) / rest);
                share += weight * below;
                slope += weight * density / rest;
            }
            (share / total, slope / total)
        };
        // Newton's method, kept inside of a bracket.
        let (mut low, mut high) = (-12.0, 12.0);
        let mut threshold = -normal::quantile(wanted);
        for _ in 0..60 {
            let (share, slope) = passing(threshold);
            if share > wanted {
                low = threshold
            } else {
                high = threshold
            }
            let step = threshold + (share - wanted) / slope;
            let next = if low < step && step < high { step } else { 0.5 * (low + high) };
            // As far as the table goes.
            if (next - threshold).abs() < 1e-10 {
                break;
            }
            threshold = next;
        }
        threshold
    }

    /// Scores and billed tokens of the nodes of the integral. Billed tokens jump at the cache's minimum and
    /// at the longest prompt, so the axis is cut there and each smooth piece has its own midpoint rule.
    fn nodes(&self) -> Vec<(f64, f64)> {
        let edge = |x: f64| {
            let rank = if x.is_finite() { self.law.below(x / self.scale) } else { 1.0 };
            normal::quantile(rank).clamp(-GATE_REACH, GATE_REACH)
        };
        let (minimum, longest) = (edge(self.minimum), edge(self.longest));
        let mut nodes = Vec::with_capacity(2 * GATE_NODES);
        let mut piece = |from: f64, to: f64, limit: f64| {
            for i in 0..GATE_NODES {
                let z = from + (to - from) * (i as f64 + 0.5) / GATE_NODES as f64;
                let billed = (self.scale * self.law.at_score(z)).min(limit);
                nodes.push((z, billed * normal::Table::get().at(z).1 * (to - from)));
            }
        };
        piece(minimum.min(longest), longest, self.longest);
        if self.truncate && longest < GATE_REACH {
            piece(longest, GATE_REACH, self.longest);
        }
        nodes
    }
}

/// Adds one drawn request to the sums of its basis.
///
/// `x` is the prompt length, `gate` what the cache's threshold is held against, `share_u` the uniform behind the
/// cached share. The two estimators draw lengths each in its own way.
pub fn add_request(terms: &Terms, x: f64, gate: GateDraw, share_u: f64, output: f64, basis: &mut [f64]) {
    let whole = |value: f64| libm::round(value);
    basis[0] += whole(x);
    let outputs = terms.caps.len();
    for (sum, cap) in basis[1..=outputs].iter_mut().zip(&terms.caps) {
        *sum += whole(output.min(*cap));
    }
    // Views mostly differ by their minimum or gate, and not by their share.
    let (mut exponent, mut share) = (0.0, 1.0);
    for (sum, view) in basis[1 + outputs..].iter_mut().zip(&terms.views) {
        if x >= view.minimum && gate.passes(view) {
            if view.exponent() != exponent {
                (exponent, share) = (view.exponent(), view.share_at(share_u));
            }
            *sum += whole(x.min(view.cut) * share);
        }
    }
}

/// A month's requests of one segment.
#[derive(Clone, Debug)]
pub struct SegmentSums {
    /// Their number.
    pub requests: f64,
    /// The sums of the basis.
    pub basis: Few<f64, BASIS>,
}

impl SegmentSums {
    /// Nothing yet.
    pub fn empty(basis: usize) -> Self {
        SegmentSums { requests: 0.0, basis: zeros(basis) }
    }

    /// Adds other sums.
    pub fn add(&mut self, other: &SegmentSums) {
        self.requests += other.requests;
        self.basis.iter_mut().zip(&other.basis).for_each(|(sum, more)| *sum += more);
    }
}

/// The number of requests of a month that expects `mean`.
pub fn month_requests(traffic: &Traffic<'_>, mean: f64, stream: &mut Stream) -> f64 {
    match &traffic.sessions {
        Some(sessions) => sessions.requests(mean, stream),
        None => super::counts::poisson(mean, stream.uniform()),
    }
}
