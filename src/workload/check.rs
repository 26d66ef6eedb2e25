//! From wire types to a scenario that makes sense. Every contradiction is a problem with its place.

use super::length::{Divisor, LengthWire, Shape};
use super::presets::Role;
use super::quantity::{Kind, QuantityWire, Uncertain};
use super::timeline::{PlanTerms, route_plan};
use super::wire::{
    BudgetWire, CacheWire, CorrelationWire, ExpectWire, RouteMapWire, RouteWire, ScenarioWire, ShapeWire,
    Text, VolumeWire, WorkloadWire,
};
use super::{
    Assumption, Budget, Dependence, Expectation, Figure, Input, Length, OverWindow, Reasoning, Route,
    Scenario, Volume, Workload,
};
use crate::catalogue::Catalogue;
use crate::domain::document::Count;
use crate::domain::problem::{Code, Place, Problems, suggest};
use crate::domain::route::RouteId;
use crate::domain::time::{MEAN_MONTH_DAYS, Month};

/// The most requests that a month may have; far beyond the largest customers known.
const MOST_REQUESTS: f64 = 1e13;
/// The most that a budget may be, USD.
const MOST_USD: f64 = 1e15;

/// The scenario of a file.
pub fn scenario(
    wire: &ScenarioWire,
    catalogue: &Catalogue,
    digest: String,
    problems: &mut Problems,
) -> Option<Scenario> {
    if let Some(version) = wire.tollcast.as_ref().filter(|version| version.0.value != 1) {
        problems.at(
            Code::OutOfRange,
            &version.0.place,
            "only version 1 of the scenario format is known",
            format!("found {}", version.0.value),
            "write `tollcast: 1`",
        );
    }
    let months = count(wire.months.as_ref(), 12, 1, 120, problems);
    let months: Vec<Month> = (0..months as u32).map(|m| wire.start.value.plus(m)).collect();
    let mut inputs = Inputs { list: Vec::new() };
    if wire.workloads.0.is_empty() {
        problems.at(
            Code::MissingKey,
            &wire.place,
            "a scenario without workloads",
            "",
            "add at least one under `workloads:`",
        );
    }
    let workloads: Vec<(Workload, CacheInputs)> = wire
        .workloads
        .0
        .iter()
        .filter_map(|(name, workload)| workload_of(name, workload, &mut inputs, problems))
        .collect();
    // Routes are checked against the workloads; with some of those missing, the messages would mislead.
    let complete = workloads.len() == wire.workloads.0.len();
    let routes = if complete {
        routes(wire, &workloads, &months, catalogue, &mut inputs, problems)
    } else {
        Vec::new()
    };
    let budget = wire.budget.as_ref().and_then(|budget| budget_of(budget, problems));
    let dependence = dependence(&wire.correlations, &inputs, complete, problems)?;
    let expectations =
        wire.expect.iter().filter_map(|e| expectation(e, &routes, complete, problems)).collect();
    let text = |text: &Option<Text>| text.as_ref().map(|t| t.value.clone());
    Some(Scenario {
        name: wire.name.value.clone(),
        question: text(&wire.question),
        calibrated: text(&wire.calibrated),
        notes: wire.notes.iter().map(|note| note.value.clone()).collect(),
        months,
        trials: wire.trials.as_ref().map(|_| count(wire.trials.as_ref(), 1, 1, 10_000_000, problems) as u32),
        seed: wire.seed.as_ref().map(|seed| seed.0.value),
        budget,
        assumptions: inputs.list,
        dependence,
        workloads: workloads.into_iter().map(|(workload, _)| workload).collect(),
        routes,
        expectations,
        digest,
    })
}

/// The inputs met so far, each under its path.
pub struct Inputs {
    list: Vec<Assumption>,
}

impl Inputs {
    /// Registers a stated quantity, or its default.
    fn add(
        &mut self,
        path: &str,
        wire: Option<&QuantityWire>,
        default: f64,
        range: Range,
        problems: &mut Problems,
    ) -> Option<Input> {
        let law = match wire {
            Some(wire) => wire.uncertain(range.kind, range.minimum, range.maximum, problems)?,
            None => Uncertain::Fixed(default),
        };
        Some(self.register(path, law, range))
    }

    fn register(&mut self, path: &str, law: Uncertain, range: Range) -> Input {
        self.list.push(Assumption {
            path: path.to_owned(),
            law,
            minimum: range.minimum,
            maximum: range.maximum,
            unit: range.unit,
        });
        Input(self.list.len() - 1)
    }

    /// What is believed about an input.
    pub fn law(&self, input: Input) -> &Uncertain {
        &self.list[input.0].law
    }
}

/// What a field's numbers may be.
#[derive(Clone, Copy)]
struct Range {
    kind: Kind,
    minimum: f64,
    maximum: f64,
    unit: &'static str,
}

const fn range(kind: Kind, minimum: f64, maximum: f64, unit: &'static str) -> Range {
    Range { kind, minimum, maximum, unit }
}

const SHARE: Range = range(Kind::Share, 0.0, 1.0, "share");
const REQUESTS: Range = range(Kind::Positive, 0.0, MOST_REQUESTS, "requests");
const GROWTH: Range = range(Kind::Signed, -0.95, 5.0, "a month");
const CV: Range = range(Kind::Positive, 0.0, 20.0, "of the mean");
const FACTOR: Range = range(Kind::Positive, 0.001, 1000.0, "times");
const TOKENS: Range = range(Kind::Positive, 1.0, 1e9, "tokens");

/// The cache inputs of a workload, which routes may override.
#[derive(Clone, Copy)]
pub struct CacheInputs {
    /// Share of input tokens billed as cached.
    pub hit_rate: Input,
    /// Share of a prompt that is cached when hit.
    pub share_when_hit: Input,
    /// Share of uncached tokens written, if it was stated.
    pub write_share: Input,
    /// Whether it was.
    pub write_share_stated: bool,
}

fn workload_of(
    name: &Text,
    wire: &WorkloadWire,
    inputs: &mut Inputs,
    problems: &mut Problems,
) -> Option<(Workload, CacheInputs)> {
    let base = format!("workloads.{}", name.value);
    let before = problems.len();
    let volume = volume(&base, &wire.volume, inputs, problems);
    let sessions = wire.sessions.as_ref().map(|sessions| turns(&sessions.turns, problems));
    let prompt = length(&format!("{base}.prompt"), &wire.prompt, Role::Prompt, inputs, problems);
    let output = length(&format!("{base}.output"), &wire.output, Role::Output, inputs, problems);
    let reasoning = wire.reasoning.as_ref().map(|reasoning| {
        let path = format!("{base}.reasoning");
        let share = inputs.add(
            &format!("{path}.share_of_requests"),
            reasoning.share_of_requests.as_ref(),
            1.0,
            SHARE,
            problems,
        );
        let tokens = length(&format!("{path}.tokens"), &reasoning.tokens, Role::Output, inputs, problems);
        Some(Reasoning { share_of_requests: share?, tokens: tokens? })
    });
    let searches = range(Kind::Positive, 0.0, 1000.0, "a request");
    let searches = inputs.add(
        &format!("{base}.searches_per_request"),
        wire.searches_per_request.as_ref(),
        0.0,
        searches,
        problems,
    );
    let cache = cache_inputs(&base, wire.cache.as_ref(), inputs, problems);
    let prompt_cache = wire.cache.as_ref().and_then(|cache| cache.length_correlation.as_ref());
    let prompt_cache_correlation = correlation_value(prompt_cache, problems);
    let prompt_output_correlation = correlation_value(wire.prompt_output_correlation.as_ref(), problems);
    let over_window = over_window(wire.over_window.as_ref(), problems);
    if problems.len() > before {
        return None;
    }
    let workload = Workload {
        name: name.value.clone(),
        volume: volume?,
        sessions: sessions.flatten(),
        prompt: prompt?,
        output: output?,
        reasoning: reasoning.flatten(),
        prompt_output_correlation: prompt_output_correlation?,
        prompt_cache_correlation: prompt_cache_correlation?,
        searches_per_request: searches?,
        over_window: over_window?,
    };
    Some((workload, cache?))
}

fn volume(base: &str, wire: &VolumeWire, inputs: &mut Inputs, problems: &mut Problems) -> Option<Volume> {
    let base = format!("{base}.volume");
    let (name, stated, days_in_unit) = match (&wire.requests_per_month, &wire.requests_per_day) {
        (Some(monthly), None) => ("requests_per_month", monthly, MEAN_MONTH_DAYS),
        (None, Some(daily)) => ("requests_per_day", daily, 1.0),
        _ => {
            problems.at(
                Code::MissingKey,
                &wire.place,
                "expected one of `requests_per_month` and `requests_per_day`",
                "",
                "give exactly one of them",
            );
            return None;
        }
    };
    let level = inputs.add(&format!("{base}.{name}"), Some(stated), 0.0, REQUESTS, problems);
    let growth = inputs.add(
        &format!("{base}.growth_per_month"),
        wire.growth_per_month.as_ref(),
        0.0,
        GROWTH,
        problems,
    );
    let daily_cv = inputs.add(&format!("{base}.daily_cv"), wire.daily_cv.as_ref(), 0.0, CV, problems);
    let drift_sd = inputs.add(
        &format!("{base}.drift_sd"),
        wire.drift_sd.as_ref(),
        0.0,
        range(Kind::Positive, 0.0, 2.0, "a month"),
        problems,
    );
    let weekdays = profile(wire.weekdays.as_ref(), &WEEKDAY_PROFILES, 7, problems);
    let hours = profile(wire.hours.as_ref(), &HOUR_PROFILES, 24, problems);
    let offset = known(wire.utc_offset_hours.as_ref(), 0.0, -12.0, 14.0, problems);
    let autocorrelation = known(wire.daily_autocorrelation.as_ref(), 0.5, 0.0, 0.99, problems);
    let persistence = known(wire.drift_persistence.as_ref(), 0.9, 0.0, 1.0, problems);
    let (weekdays, hours) = (weekdays?, hours?);
    let mean_weekday = weekdays.iter().sum::<f64>() / 7.0;
    let day: f64 = hours.iter().sum();
    Some(Volume {
        requests_per_day: level?,
        days_in_unit,
        growth_per_month: growth?,
        weekdays: std::array::from_fn(|at| weekdays[at] / mean_weekday),
        hours: std::array::from_fn(|at| hours[at] / day),
        utc_offset_hours: offset?.round() as i64,
        daily_cv: daily_cv?,
        daily_autocorrelation: autocorrelation?,
        drift_sd: drift_sd?,
        drift_persistence: persistence?,
    })
}

type Profile = (&'static str, &'static [f64]);

/// Weights by weekday: office traffic falls to a quarter at weekends.
const WEEKDAY_PROFILES: [Profile; 2] =
    [("flat", &[1.0; 7]), ("office", &[1.0, 1.0, 1.0, 1.0, 0.9, 0.25, 0.2])];

/// Weights by local hour: `office` rises from eight and ends at seven, `night` is its complement.
const HOUR_PROFILES: [Profile; 3] = [
    ("flat", &[1.0; 24]),
    (
        "office",
        &[
            0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.5, 1.0, 1.4, 1.5, 1.4, 1.1, 1.3, 1.5, 1.4, 1.2, 0.9, 0.5,
            0.4, 0.3, 0.2, 0.2, 0.1,
        ],
    ),
    (
        "night",
        &[
            1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
            0.0, 0.0, 0.0, 1.0, 1.0,
        ],
    ),
];

/// The weights of a profile: those of a name, or stated ones.
fn profile(
    wire: Option<&ShapeWire>,
    known: &[Profile],
    length: usize,
    problems: &mut Problems,
) -> Option<Vec<f64>> {
    match wire {
        None => Some(vec![1.0; length]),
        Some(ShapeWire::Name(name)) => match known.iter().find(|(known, _)| *known == name.value) {
            Some((_, weights)) => Some(weights.to_vec()),
            None => {
                let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                problems.at(
                    Code::UnknownName,
                    &name.place,
                    format!("unknown profile `{}`", name.value),
                    "",
                    format!("{}, or a list of {length} weights", suggest(&name.value, names)),
                );
                None
            }
        },
        Some(ShapeWire::Weights(weights)) => {
            if weights.value.len() != length || weights.value.iter().sum::<f64>() <= 0.0 {
                problems.at(
                    Code::OutOfRange,
                    &weights.place,
                    format!("expected {length} weights, not all zero"),
                    format!("found {}", weights.value.len()),
                    "",
                );
                return None;
            }
            Some(weights.value.clone())
        }
    }
}

fn length(
    path: &str,
    wire: &LengthWire,
    role: Role,
    inputs: &mut Inputs,
    problems: &mut Problems,
) -> Option<Length> {
    let read = wire.read_law(role, problems)?;
    let scale = match &read.scale {
        None => inputs.register(&format!("{path}.scale"), Uncertain::Fixed(1.0), FACTOR),
        Some((key, quantity, Divisor::One)) => {
            inputs.add(&format!("{path}.{key}"), Some(quantity), 1.0, FACTOR, problems)?
        }
        Some((key, quantity, Divisor::OwnMedian)) => {
            inputs.add(&format!("{path}.{key}"), Some(quantity), 1.0, TOKENS, problems)?
        }
    };
    let mut shape = read.shape;
    if let Some((_, _, Divisor::OwnMedian)) = read.scale {
        // The assumption is the median itself, so the shape is the law of length over median.
        shape.components.iter_mut().for_each(|c| c.ln_median = 0.0);
    }
    Some(Length { shape, scale })
}

fn turns(wire: &LengthWire, problems: &mut Problems) -> Option<Shape> {
    let read = wire.read_law(Role::Prompt, problems)?;
    let longest = read.shape.components.iter().map(|c| c.ln_median).fold(f64::NEG_INFINITY, f64::max);
    if read.scale.is_some() || !(0.0..=libm::log(100_000.0)).contains(&longest) {
        problems.at(
            Code::OutOfRange,
            wire.place(),
            "turns are a known law with a median of 1 to 100,000 requests",
            "",
            "write for instance {lognormal: {median: 44, p90: 150}}",
        );
        return None;
    }
    Some(read.shape)
}

fn cache_inputs(
    base: &str,
    wire: Option<&CacheWire>,
    inputs: &mut Inputs,
    problems: &mut Problems,
) -> Option<CacheInputs> {
    let base = format!("{base}.cache");
    let hit_rate = inputs.add(&format!("{base}.hit_rate"), wire.map(|c| &c.hit_rate), 0.0, SHARE, problems);
    let stated_share = wire.and_then(|c| c.share_when_hit.as_ref());
    let positive_share = range(Kind::Share, 0.001, 1.0, "share");
    let share = inputs.add(&format!("{base}.share_when_hit"), stated_share, 0.9, positive_share, problems);
    let stated_writes = wire.and_then(|c| c.write_share.as_ref());
    let write_share = inputs.add(&format!("{base}.write_share"), stated_writes, 0.0, SHARE, problems);
    let cache = CacheInputs {
        hit_rate: hit_rate?,
        share_when_hit: share?,
        write_share: write_share?,
        write_share_stated: stated_writes.is_some(),
    };
    if let (Some(wire), Some(quantity)) = (wire, stated_share) {
        let (hit, share) = (inputs.law(cache.hit_rate).median(), inputs.law(cache.share_when_hit).median());
        if hit > share {
            problems.at(
                Code::Conflict,
                quantity.place(),
                "the hit rate is above the share that a hit can reach",
                format!("hit rate {hit}, share when hit {share}"),
                format!(
                    "raise `share_when_hit`, or lower the hit rate on line {}",
                    wire.hit_rate.place().line
                ),
            );
            return None;
        }
    }
    Some(cache)
}

fn over_window(wire: Option<&Text>, problems: &mut Problems) -> Option<OverWindow> {
    match wire {
        None => Some(OverWindow::Reject),
        Some(text) => match text.value.as_str() {
            "reject" => Some(OverWindow::Reject),
            "truncate" => Some(OverWindow::Truncate),
            other => {
                problems.at(
                    Code::UnknownName,
                    &text.place,
                    format!("unknown choice `{other}`"),
                    "",
                    suggest(other, ["reject", "truncate"]),
                );
                None
            }
        },
    }
}

fn routes(
    wire: &ScenarioWire,
    workloads: &[(Workload, CacheInputs)],
    months: &[Month],
    catalogue: &Catalogue,
    inputs: &mut Inputs,
    problems: &mut Problems,
) -> Vec<Route> {
    if wire.routes.is_empty() {
        problems.at(
            Code::MissingKey,
            &wire.place,
            "a scenario without routes",
            "",
            "add at least one under `routes:`, for instance openai/gpt-5.4",
        );
    }
    let mut routes: Vec<Route> = Vec::new();
    for RouteWire(route) in &wire.routes {
        let Some(read) = route_of(route, workloads, months, catalogue, inputs, problems) else { continue };
        if let Some(twin) = routes.iter().find(|other| other.label == read.label) {
            problems.at(
                Code::Conflict,
                &route.id.place,
                format!("the route `{}` stands twice", read.label),
                format!("first on line {}", twin.place.line),
                "give one of them another `label`",
            );
        }
        routes.push(read);
    }
    routes
}

fn route_of(
    wire: &RouteMapWire,
    workloads: &[(Workload, CacheInputs)],
    months: &[Month],
    catalogue: &Catalogue,
    inputs: &mut Inputs,
    problems: &mut Problems,
) -> Option<Route> {
    let id = match RouteId::parse(&wire.id.value) {
        Ok(id) => id,
        Err(why) => {
            problems.at(Code::Unreadable, &wire.id.place, why, format!("found `{}`", wire.id.value), "");
            return None;
        }
    };
    let label = wire.label.as_ref().map_or_else(|| id.to_string(), |label| label.value.clone());
    let base = format!("routes.{label}");
    let discount = inputs.add(&format!("{base}.discount"), wire.discount.as_ref(), 0.0, SHARE, problems);
    let factor =
        inputs.add(&format!("{base}.token_factor"), wire.token_factor.as_ref(), 1.0, FACTOR, problems);
    let searches = range(Kind::Positive, 0.0, 1000.0, "a request");
    let searches = match wire.searches_per_request.as_ref() {
        Some(stated) => Some(inputs.add(
            &format!("{base}.searches_per_request"),
            Some(stated),
            0.0,
            searches,
            problems,
        )?),
        None => None,
    };
    let own_cache = match wire.cache.as_ref() {
        Some(cache) => Some(cache_inputs(&base, Some(cache), inputs, problems)?),
        None => None,
    };
    for (name, _) in &wire.workloads.0 {
        if workloads.iter().all(|(workload, _)| workload.name != name.value) {
            let known: Vec<&str> = workloads.iter().map(|(workload, _)| workload.name.as_str()).collect();
            problems.at(
                Code::UnknownName,
                &name.place,
                format!("unknown workload `{}`", name.value),
                "",
                suggest(&name.value, known),
            );
        }
    }
    let (discount, token_factor) = (discount?, factor?);
    let mut route = Route {
        id: id.clone(),
        label,
        discount,
        plans: Vec::new(),
        fees: Vec::new(),
        sources: Vec::new(),
        place: wire.place.clone(),
    };
    for (workload, cache) in workloads {
        let terms =
            wire.workloads.0.iter().find(|(name, _)| name.value == workload.name).map(|(_, terms)| terms);
        let cache = match terms.and_then(|terms| terms.cache.as_ref()) {
            Some(own) => {
                cache_inputs(&format!("{base}.workloads.{}", workload.name), Some(own), inputs, problems)?
            }
            None => own_cache.unwrap_or(*cache),
        };
        let tier = terms.and_then(|terms| terms.tier.as_ref());
        let bought = tier.map_or_else(|| id.clone(), |tier| id.with_tier(&tier.value));
        let place = tier.map_or(&wire.id.place, |tier| &tier.place);
        let searches = searches.unwrap_or(workload.searches_per_request);
        let terms = PlanTerms { workload, cache, token_factor, searches, place };
        route_plan(&bought, &terms, months, catalogue, inputs, &mut route, problems)?;
    }
    Some(route)
}

fn budget_of(wire: &BudgetWire, problems: &mut Problems) -> Option<Budget> {
    let usd = |quantity: Option<&QuantityWire>, problems: &mut Problems| {
        quantity.map(|q| known(Some(q), 0.0, 0.0, MOST_USD, problems))
    };
    let (monthly, total) = (usd(wire.monthly.as_ref(), problems), usd(wire.total.as_ref(), problems));
    let confidence = known_share(wire.confidence.as_ref(), 0.9, problems)?;
    if monthly.is_none() && total.is_none() {
        problems.at(
            Code::MissingKey,
            &wire.place,
            "a budget without an amount",
            "",
            "give `monthly` or `total`, in USD",
        );
        return None;
    }
    Some(Budget { monthly_usd: monthly.flatten(), total_usd: total.flatten(), confidence })
}

fn dependence(
    wires: &[CorrelationWire],
    inputs: &Inputs,
    complete: bool,
    problems: &mut Problems,
) -> Option<Dependence> {
    let mut pairs: Vec<(Input, Input, f64)> = Vec::new();
    for wire in wires {
        let a = path_of(&wire.a, inputs, complete, problems);
        let b = path_of(&wire.b, inputs, complete, problems);
        let rank = correlation_value(Some(&wire.rank), problems);
        let (Some(a), Some(b), Some(rank)) = (a, b, rank) else { continue };
        let same = |&(x, y, _): &(Input, Input, f64)| (x, y) == (a, b) || (x, y) == (b, a);
        if a == b || pairs.iter().any(same) {
            problems.at(
                Code::Conflict,
                &wire.place,
                "a correlation with itself, or one that stands twice",
                "",
                "",
            );
            continue;
        }
        pairs.push((a, b, rank));
    }
    let mut members: Vec<Input> = pairs.iter().flat_map(|&(a, b, _)| [a, b]).collect();
    members.sort_unstable();
    members.dedup();
    match cholesky(&members, &pairs) {
        Some(factor) => Some(Dependence { inputs: members, factor }),
        None => {
            let place = wires.first().map(|wire| &wire.place)?;
            problems.at(
                Code::Conflict,
                place,
                "no joint distribution has these rank correlations",
                "the matrix is not positive definite",
                "weaken them, or state the missing pairs",
            );
            None
        }
    }
}

/// The Cholesky factor of the normal scores' correlations; `None` if they are not positive definite.
///
/// A Spearman rank correlation ρ belongs to the score correlation 2 sin(πρ/6) under a Gaussian copula.
fn cholesky(members: &[Input], pairs: &[(Input, Input, f64)]) -> Option<Vec<Vec<f64>>> {
    let size = members.len();
    let entry = |row: usize, column: usize| {
        let (a, b) = (members[row], members[column]);
        let stated = pairs.iter().find(|&&(x, y, _)| (x, y) == (a, b) || (x, y) == (b, a));
        if row == column { 1.0 } else { stated.map_or(0.0, |&(_, _, rank)| score_correlation(rank)) }
    };
    let mut factor = vec![vec![0.0; size]; size];
    for row in 0..size {
        for column in 0..=row {
            let inner: f64 = (0..column).map(|k| factor[row][k] * factor[column][k]).sum();
            let rest = entry(row, column) - inner;
            factor[row][column] = if row == column {
                if rest <= 1e-12 {
                    return None;
                }
                libm::sqrt(rest)
            } else {
                rest / factor[column][column]
            };
        }
    }
    Some(factor)
}

/// The correlation of normal scores that gives the Spearman rank correlation `rank`.
pub fn score_correlation(rank: f64) -> f64 {
    2.0 * libm::sin(std::f64::consts::PI * rank / 6.0)
}

fn path_of(path: &Text, inputs: &Inputs, complete: bool, problems: &mut Problems) -> Option<Input> {
    let found = inputs.list.iter().position(|assumption| assumption.path == path.value);
    match found {
        Some(at) if inputs.list[at].law.fixed().is_none() => Some(Input(at)),
        Some(_) => {
            problems.at(
                Code::Conflict,
                &path.place,
                format!("`{}` is a fixed value", path.value),
                "",
                "only ranges can be correlated: give it one, or drop the correlation",
            );
            None
        }
        None => {
            if complete {
                let ranges = inputs.list.iter().filter(|a| a.law.fixed().is_none()).map(|a| a.path.as_str());
                let known: Vec<&str> = ranges.collect();
                problems.at(
                    Code::UnknownName,
                    &path.place,
                    format!("no assumption `{}`", path.value),
                    "",
                    suggest(&path.value, known),
                );
            }
            None
        }
    }
}

fn expectation(
    wire: &ExpectWire,
    routes: &[Route],
    complete: bool,
    problems: &mut Problems,
) -> Option<Expectation> {
    let figures = [
        (&wire.effective_input_usd_per_mtok, Figure::EffectiveInput),
        (&wire.effective_output_usd_per_mtok, Figure::EffectiveOutput),
        (&wire.mean_spend_usd, Figure::MeanSpend),
    ];
    let stated: Vec<(&QuantityWire, Figure)> = figures
        .into_iter()
        .filter_map(|(value, figure)| value.as_ref().map(|value| (value, figure)))
        .collect();
    let [(quantity, figure)] = stated[..] else {
        problems.at(
            Code::MissingKey,
            &wire.place,
            "an expectation names exactly one figure",
            format!("found {}", stated.len()),
            "write several expectations for several figures",
        );
        return None;
    };
    let value = known(Some(quantity), 0.0, 0.0, MOST_USD, problems)?;
    let within = known_share(Some(&wire.within), 0.0, problems)?;
    let route = routes.iter().position(|route| route.label == wire.route.value);
    if route.is_none() && complete {
        let known: Vec<&str> = routes.iter().map(|route| route.label.as_str()).collect();
        problems.at(
            Code::UnknownName,
            &wire.route.place,
            format!("no route `{}` in this scenario", wire.route.value),
            "",
            suggest(&wire.route.value, known),
        );
    }
    Some(Expectation { route: route?, figure, value, within })
}

/// A correlation between −1 and 1, exclusive; 0 if absent.
fn correlation_value(wire: Option<&QuantityWire>, problems: &mut Problems) -> Option<f64> {
    known(wire, 0.0, -0.99, 0.99, problems)
}

/// A share that must be a plain value.
fn known_share(wire: Option<&QuantityWire>, default: f64, problems: &mut Problems) -> Option<f64> {
    plain(wire, default, SHARE, problems)
}

/// A number that must be a plain value.
fn known(
    wire: Option<&QuantityWire>,
    default: f64,
    minimum: f64,
    maximum: f64,
    problems: &mut Problems,
) -> Option<f64> {
    plain(wire, default, range(Kind::Signed, minimum, maximum, ""), problems)
}

fn plain(wire: Option<&QuantityWire>, default: f64, range: Range, problems: &mut Problems) -> Option<f64> {
    let Some(wire) = wire else { return Some(default) };
    let law = wire.uncertain(range.kind, range.minimum, range.maximum, problems)?;
    if law.fixed().is_none() {
        problems.at(
            Code::WrongType,
            wire.place(),
            "expected one value, not a range",
            "",
            "this field is part of the model's structure and cannot be uncertain yet",
        );
    }
    law.fixed()
}

fn count(wire: Option<&Count>, default: u64, minimum: u64, maximum: u64, problems: &mut Problems) -> u64 {
    let Some(Count(wire)) = wire else { return default };
    if !(minimum..=maximum).contains(&wire.value) {
        let found = format!("found {}", wire.value);
        problems.at(Code::OutOfRange, &wire.place, format!("expected {minimum} to {maximum}"), found, "");
    }
    wire.value.clamp(minimum, maximum)
}

/// Where a problem with a route's terms is shown.
pub fn no_price(title: String, help: String, place: &Place, problems: &mut Problems) {
    problems.at(Code::NoPrice, place, title, "", help);
}
