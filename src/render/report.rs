//! The one model of a report: every sentence, table and figure that a rendering may show.

use serde::Serialize;

use super::chart::Chart;
use super::facts::{FactTable, fact_table};
use super::recommend::{Recommended, recommended};
use super::words;
use crate::analysis::{Analysis, RouteAnalysis};
use crate::catalogue::Catalogue;
use crate::domain::format::{count_short, percent, probability, thousands, usd_rate, usd_short};
use crate::engine::{Options, length_figures};
use crate::workload::{Assumption, Budget, Length, OverWindow, Requirement, Scenario, Shape, Uncertain};

/// What a result can be reproduced from. The field names are part of the outside contract.
#[derive(Clone, Debug, Serialize)]
pub struct Manifest {
    /// Version of this tool.
    pub tool_version: String,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Number of trials.
    pub trials: u32,
    /// `fast`, `exact` or `exact-fma`.
    pub estimator: String,
    /// SHA-256 of the scenario and of what it extends.
    pub scenario_sha256: String,
    /// SHA-256 of all price files.
    pub pricing_sha256: String,
    /// The command that gives this result again.
    pub command: String,
}

impl Manifest {
    /// The manifest of a run.
    pub fn new(scenario: &Scenario, catalogue: &Catalogue, options: &Options, command: String) -> Self {
        Manifest {
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: options.seed,
            trials: options.trials,
            estimator: options.estimator.name().to_owned(),
            scenario_sha256: scenario.digest.clone(),
            pricing_sha256: catalogue.digest.clone(),
            command,
        }
    }

    /// One line for the foot of charts and pages.
    pub fn provenance(&self) -> String {
        format!(
            "tollcast {} · seed {} · {} trials · scenario {} · prices {}",
            self.tool_version,
            self.seed,
            thousands(u64::from(self.trials)),
            &self.scenario_sha256[..8],
            &self.pricing_sha256[..8],
        )
    }
}

/// Everything to render.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub title: String,
    /// Its question.
    pub question: Option<String>,
    /// The answer in a few sentences.
    pub answer: Vec<String>,
    /// Which route to sign, where the scenario requires anything.
    pub recommended: Option<Recommended>,
    /// The scenario's remark about calibration.
    pub calibrated: Option<String>,
    /// The scenario's notes.
    pub notes: Vec<String>,
    /// What a reader must be warned of.
    pub warnings: Vec<String>,
    /// `12 months from Jan 2027`.
    pub horizon: String,
    /// The budget in words.
    pub budget: Option<String>,
    /// What the chances in the main table are of, in words.
    pub budget_event: Option<String>,
    /// The routes, cheapest median first.
    pub routes: Vec<RouteRow>,
    /// Each route against the cheapest.
    pub differences: Vec<DifferenceRow>,
    /// Months by route, for the detailed table.
    pub months: Vec<RouteMonths>,
    /// The comparison of access paths, from the price files.
    pub facts: FactTable,
    /// What is believed about the inputs.
    pub assumptions: Vec<AssumptionRow>,
    /// Where prices come from.
    pub sources: Vec<SourceRow>,
    /// The scenario's expectations and whether they hold.
    pub expectations: Vec<ExpectationRow>,
    /// What the model leaves out.
    pub not_modelled: Vec<&'static str>,
    /// What the result can be reproduced from.
    pub manifest: Manifest,
    /// The number of trials, for people.
    pub trials: String,
    /// The manifest in one line.
    pub provenance: String,
    /// The requirements behind the recommendation.
    #[serde(skip)]
    pub required: Vec<Requirement>,
    /// The figures behind it all.
    #[serde(skip)]
    pub analysis: Analysis,
    /// The budget as numbers.
    #[serde(skip)]
    pub limits: Option<Budget>,
    /// The pictures.
    #[serde(skip)]
    pub charts: Vec<Chart>,
}

/// A route in the main table, rounded for people.
#[derive(Clone, Debug, Serialize)]
pub struct RouteRow {
    /// Its label.
    pub label: String,
    /// Quantiles of spend over the horizon.
    pub p10: String,
    /// Median.
    pub p50: String,
    /// 90 % quantile.
    pub p90: String,
    /// 99 % quantile.
    pub p99: String,
    /// The Monte Carlo error of P90, relative.
    pub p90_error: String,
    /// Chance to break the budget, and by when.
    pub over_budget: String,
    /// Mean premium.
    pub premium: String,
    /// Share of requests above the base band.
    pub crossing_requests: String,
    /// Share of token spend that those cause.
    pub crossing_spend: String,
    /// Effective USD per million input tokens.
    pub effective_input: String,
    /// Effective USD per million output tokens.
    pub effective_output: String,
    /// Cached share of input tokens.
    pub cached: String,
    /// Share of input tokens refused, or of requests cut (with the word), for their length.
    pub not_served: String,
}

/// A route against the cheapest one.
#[derive(Clone, Debug, Serialize)]
pub struct DifferenceRow {
    /// The dearer route.
    pub label: String,
    /// The cheapest route.
    pub cheapest: String,
    /// Median difference over the horizon.
    pub p50: String,
    /// 10 % to 90 % quantile of it.
    pub range: String,
    /// The chance that the dearer route is the cheaper one after all.
    pub cheaper: String,
}

/// A route month by month.
#[derive(Clone, Debug, Serialize)]
pub struct RouteMonths {
    /// Its label.
    pub label: String,
    /// Month, mean requests, P10, P50, P90, mean premium, chance over budget.
    pub rows: Vec<Vec<String>>,
}

/// One assumption.
#[derive(Clone, Debug, Serialize)]
pub struct AssumptionRow {
    /// Its path.
    pub path: String,
    /// What is believed, in words.
    pub belief: String,
    /// Its median.
    pub p50: String,
    /// Its 10 % to 90 % range; empty where it is known.
    pub range: String,
}

/// One source.
#[derive(Clone, Debug, Serialize)]
pub struct SourceRow {
    /// What it says.
    pub what: String,
    /// Who says so.
    pub source: String,
    /// When that was checked.
    pub checked: String,
    /// A remark.
    pub note: Option<String>,
}

/// One expectation.
#[derive(Clone, Debug, Serialize)]
pub struct ExpectationRow {
    /// The sentence.
    pub text: String,
    /// Whether it holds.
    pub holds: bool,
}

/// What the model leaves out where capacity is no part of the spend.
const WITHOUT_CAPACITY: [&str; 2] = [
    "Rate limits, queues, retries and failed requests: the spend assumes that every request is served once. Retries that are billed would add to it.",
    "Provisioned capacity (PTU): token routes only. Where usage is steady and heavy, reserved capacity can be cheaper than what is shown.",
];
/// And where it is.
const WITH_CAPACITY: [&str; 1] = [
    "Capacity is read off sampled hours, and batch queues are not held against: `tollcast capacity` shows both.",
];
/// What it leaves out always, and which way that bends the answer. METHOD.md says more.
const NOT_MODELLED: [&str; 5] = [
    "Requests of one session share no size in the model beyond its workload's law: sessions with uniformly large contexts widen the real range.",
    "Different tokenizers: tokens count alike on all routes unless a route states a token_factor.",
    "Price changes that nobody has announced: every month is billed at the latest entry known for it.",
    "Minimum fees are charged once a month, as if credits were bought once a month.",
    "Taxes, currency conversion and negotiated terms beyond the stated discount.",
];

/// The report of an analysed simulation, without its charts.
pub fn build(scenario: &Scenario, catalogue: &Catalogue, analysis: Analysis, manifest: Manifest) -> Report {
    let order = by_median(&analysis);
    let months = scenario.months.len();
    let horizon = crate::domain::time::horizon(&scenario.months);
    let ordered = || order.iter().map(|&at| &analysis.routes[at]);
    Report {
        title: scenario.name.clone(),
        question: scenario.question.clone(),
        answer: words::answer(scenario, &analysis, &order, &horizon),
        recommended: recommended(scenario, &analysis, &order),
        calibrated: scenario.calibrated.clone(),
        notes: scenario.notes.clone(),
        warnings: words::warnings(scenario, &analysis),
        budget: scenario.budget.map(|budget| words::budget(&budget, months)),
        budget_event: scenario.budget.map(|budget| words::budget_event(&budget)),
        routes: ordered().map(route_row).collect(),
        differences: differences(&analysis, &order),
        months: ordered().map(route_months).collect(),
        facts: fact_table(scenario, catalogue),
        assumptions: laws(scenario)
            .into_iter()
            .chain(scenario.assumptions.iter().filter(|a| is_worth_showing(a)).map(assumption_row))
            .collect(),
        sources: sources(scenario),
        expectations: analysis
            .expectations
            .iter()
            .map(|e| ExpectationRow { text: e.text.clone(), holds: e.holds })
            .collect(),
        not_modelled: if scenario.capacity.in_spend { &WITH_CAPACITY[..] } else { &WITHOUT_CAPACITY }
            .iter()
            .chain(&NOT_MODELLED)
            .copied()
            .collect(),
        provenance: manifest.provenance(),
        trials: thousands(u64::from(manifest.trials)),
        manifest,
        horizon,
        limits: scenario.budget,
        required: scenario.requirements.clone(),
        charts: Vec::new(),
        analysis,
    }
}

/// Route indices, cheapest median first.
fn by_median(analysis: &Analysis) -> Vec<usize> {
    let mut order: Vec<usize> = (0..analysis.routes.len()).collect();
    order.sort_by(|&a, &b| analysis.routes[a].spend.p50.total_cmp(&analysis.routes[b].spend.p50));
    order
}

fn route_row(route: &RouteAnalysis) -> RouteRow {
    let spend = &route.spend;
    let optional = |share: Option<f64>| share.map_or("n/a".to_owned(), percent);
    let lost = [("", Some(route.refused())), (" cut", route.shares.truncated)];
    let lost: Vec<String> = lost
        .into_iter()
        .filter_map(|(word, share)| {
            share.filter(|s| *s >= words::WORTH_A_NOTE).map(|s| format!("{}{word}", percent(s)))
        })
        .collect();
    RouteRow {
        label: route.label.clone(),
        p10: usd_short(spend.p10),
        p50: usd_short(spend.p50),
        p90: usd_short(spend.p90),
        p99: usd_short(spend.p99),
        p90_error: spend.standard_error.p90.map_or("n/a".to_owned(), |error| {
            if spend.p90 > 0.0 { format!("± {}", percent(error / spend.p90)) } else { "± 0 %".to_owned() }
        }),
        over_budget: match (route.over_budget_probability, route.likely_break) {
            (None, _) => "no budget".to_owned(),
            (Some(p), Some(month)) => format!("{}, likely from {}", probability(p), month.label()),
            (Some(p), None) => probability(p),
        },
        premium: usd_short(route.premium.mean),
        crossing_requests: optional(route.shares.crossing_requests),
        crossing_spend: optional(route.shares.crossing_spend),
        effective_input: route.effective_input.map_or("n/a".to_owned(), usd_rate),
        effective_output: route.effective_output.map_or("n/a".to_owned(), usd_rate),
        cached: optional(route.shares.cached),
        not_served: if lost.is_empty() { "0 %".to_owned() } else { lost.join(", ") },
    }
}

fn route_months(route: &RouteAnalysis) -> RouteMonths {
    let rows = route.months.iter().map(|month| {
        vec![
            month.month.label(),
            count_short(month.requests_mean),
            usd_short(month.spend.p10),
            usd_short(month.spend.p50),
            usd_short(month.spend.p90),
            usd_short(month.premium.mean),
            month.over_budget_probability.map_or("no budget".to_owned(), probability),
        ]
    });
    RouteMonths { label: route.label.clone(), rows: rows.collect() }
}

fn differences(analysis: &Analysis, order: &[usize]) -> Vec<DifferenceRow> {
    let serves = |at: &&usize| analysis.routes[**at].serves_the_job();
    let Some(&base) = order.iter().find(serves) else { return Vec::new() };
    let cheapest = &analysis.routes[base].label;
    let against = |label: &String| {
        analysis.differences.iter().find_map(|d| {
            let forward = d.a == *label && d.b == *cheapest;
            let backward = d.b == *label && d.a == *cheapest;
            let sign = if forward { 1.0 } else { -1.0 };
            (forward || backward).then_some((d, sign))
        })
    };
    let row = |&at: &usize| {
        let label = &analysis.routes[at].label;
        let (d, sign) = against(label)?;
        let ends = if sign > 0.0 {
            (d.difference.p10, d.difference.p90)
        } else {
            (-d.difference.p90, -d.difference.p10)
        };
        let cheaper = if sign > 0.0 { d.a_cheaper } else { 1.0 - d.a_cheaper };
        Some(DifferenceRow {
            label: label.clone(),
            cheapest: cheapest.clone(),
            p50: usd_short(sign * d.difference.p50),
            range: format!("{} to {}", usd_short(ends.0), usd_short(ends.1)),
            cheaper: probability(cheaper),
        })
    };
    order.iter().filter(|at| **at != base).filter_map(row).collect()
}

/// The length laws and what is done with prompts that do not fit, one row each.
fn laws(scenario: &Scenario) -> Vec<AssumptionRow> {
    let mut rows = Vec::new();
    for workload in &scenario.workloads {
        let mut law = |part: &str, shape: &Shape, scale: f64, unit: &str| {
            let [median, p95, mean] = length_figures(shape, scale);
            let show = |value: f64| format!("{} {unit}", count_short(value));
            rows.push(AssumptionRow {
                path: format!("workloads.{}.{part}", workload.name),
                belief: match shape.components.as_slice() {
                    [one] if one.sigma == 0.0 => "the same for every request".to_owned(),
                    [_] => "lognormal over requests".to_owned(),
                    many => format!("mixture of {} lognormals over requests", many.len()),
                },
                p50: show(median),
                range: format!("P95 {}, mean {}", show(p95), show(mean)),
            });
        };
        let scale = |length: &Length| scenario.law(length.scale).median();
        law("prompt", &workload.prompt.shape, scale(&workload.prompt), "tokens");
        law("output", &workload.output.shape, scale(&workload.output), "tokens");
        if let Some(reasoning) = &workload.reasoning {
            law("reasoning.tokens", &reasoning.tokens.shape, scale(&reasoning.tokens), "tokens");
        }
        if let Some(turns) = &workload.sessions {
            law("sessions.turns", turns, 1.0, "requests");
        }
        rows.push(AssumptionRow {
            path: format!("workloads.{}.over_window", workload.name),
            belief: match workload.over_window {
                OverWindow::Reject => "prompts that do not fit are refused".to_owned(),
                OverWindow::Truncate => "prompts that do not fit are cut".to_owned(),
            },
            p50: String::new(),
            range: String::new(),
        });
    }
    rows
}

/// Fixed inputs that nobody stated (a scale of 1, no drift) would only bury the others.
fn is_worth_showing(assumption: &Assumption) -> bool {
    match assumption.law {
        Uncertain::Fixed(value) => {
            let path = &assumption.path;
            let neutral = value == 1.0 && (path.ends_with(".scale") || path.ends_with(".token_factor"));
            let overridden = path.starts_with("routes.") && path.ends_with(".cache.hit_rate");
            !neutral && (value != 0.0 || overridden)
        }
        _ => true,
    }
}

fn assumption_row(assumption: &Assumption) -> AssumptionRow {
    let show = |value: f64| with_unit(value, assumption.unit);
    let at = |p: f64| show(assumption.law.at_score(crate::domain::normal::quantile(p)));
    let belief = match assumption.law {
        Uncertain::Fixed(_) => "known".to_owned(),
        Uncertain::Normal { .. } => "normal".to_owned(),
        Uncertain::LogNormal { .. } => "lognormal".to_owned(),
        Uncertain::LogitNormal { .. } => "logit-normal".to_owned(),
        Uncertain::Uniform { low, high } => format!("uniform, {} to {}", show(low), show(high)),
        Uncertain::Triangular { low, mode, high } => {
            format!("triangular, {} to {}, mode {}", show(low), show(high), show(mode))
        }
    };
    let range =
        if assumption.law.fixed().is_some() { String::new() } else { format!("{} to {}", at(0.1), at(0.9)) };
    AssumptionRow { path: assumption.path.clone(), belief, p50: show(assumption.law.median()), range }
}

fn with_unit(value: f64, unit: &str) -> String {
    match unit {
        "share" => percent(value),
        "a month" | "of the mean" => format!("{} {unit}", percent(value)),
        _ => format!("{} {unit}", count_short(value)),
    }
}

fn sources(scenario: &Scenario) -> Vec<SourceRow> {
    let mut rows: Vec<SourceRow> = Vec::new();
    for (what, citation) in scenario.routes.iter().flat_map(|route| &route.sources) {
        if rows.iter().all(|row| row.what != *what) {
            rows.push(SourceRow {
                what: what.clone(),
                source: citation.source.clone(),
                checked: citation.checked.to_string(),
                note: citation.note.clone(),
            });
        }
    }
    rows
}
