//! Goals that an input is sought for: one route cheaper than another, a figure below an amount, a budget that holds;
//! and where along a field they are met.

use super::compare::{Case, Lived, Tried};
use super::distribution::{PARTS, mean_error};
use super::outcome::refuses_more;
use super::paired;
use super::seek::{self, Margin, Margins, Sought};
use super::summary::{Figure, quantile};
use crate::domain::format::percent;
use crate::domain::number::parse_number;
use crate::domain::problem::{Code, Problems, suggest};
use crate::workload::Varied;

/// A goal, as far as its text tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// The first route costs less than the second over the horizon.
    Cheaper(String, String),
    /// A figure of a route's spend, or of its premium, over the horizon is below an amount.
    Below {
        /// The figure.
        figure: Figure,
        /// Whether it is the premium's.
        premium: bool,
        /// The route.
        route: String,
        /// The amount, USD.
        usd: f64,
    },
    /// A route's spend stays within the scenario's budget.
    WithinBudget(String),
}

/// What a goal's margin is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarginUnit {
    /// US dollars.
    Usd,
    /// A probability.
    Probability,
}

/// How a goal stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// By how much it is met, in the goal's unit.
    pub margin: Margin,
    /// The chance that the goal's event comes true, where it has one.
    pub chance: Option<f64>,
}

/// What goals look like.
const FORMS: &str = "write 'ROUTE cheaper than ROUTE', 'p90 of ROUTE below 100k', 'mean premium of ROUTE below 500' or 'ROUTE within budget'";

impl Goal {
    /// Reads a goal.
    ///
    /// # Errors
    /// What goals look like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some((a, b)) = text.split_once(" cheaper than ") {
            if a.trim() == b.trim() {
                return Err(said("a route is not cheaper than itself"));
            }
            return Ok(Goal::Cheaper(a.trim().to_owned(), b.trim().to_owned()));
        }
        if let Some(route) = text.strip_suffix(" within budget") {
            return Ok(Goal::WithinBudget(route.trim().to_owned()));
        }
        let (what, amount) = text.rsplit_once(" below ").ok_or("this compares nothing").map_err(said)?;
        let (figure, route) = what.split_once(" of ").ok_or("which figure of which route?").map_err(said)?;
        let (name, premium) = match figure.trim().split_once(' ') {
            Some((name, "premium")) => (name, true),
            Some(_) => return Err(said("the figure is one of spend, or of the premium")),
            None => (figure.trim(), false),
        };
        let figure = Figure::amount(name).ok_or_else(|| said(&format!("`{name}` is no figure")))?;
        let usd = parse_number(amount.trim().trim_start_matches('$'));
        let usd = usd.map_err(|error| said(&format!("`{amount}` is no amount: {error}")))?;
        if usd.percent || usd.value < 0.0 {
            return Err(said("the amount is in USD and not negative"));
        }
        Ok(Goal::Below { figure, premium, route: route.trim().to_owned(), usd: usd.value })
    }

    /// The routes that it names.
    pub fn routes(&self) -> Vec<&str> {
        match self {
            Goal::Cheaper(a, b) => vec![a, b],
            Goal::Below { route, .. } | Goal::WithinBudget(route) => vec![route],
        }
    }

    /// Whether it asks for a chance, so that a confidence belongs to it.
    pub fn has_chance(&self) -> bool {
        !matches!(self, Goal::Below { .. })
    }

    /// What its margin is in.
    pub fn unit(&self) -> MarginUnit {
        match self {
            Goal::WithinBudget(_) => MarginUnit::Probability,
            Goal::Cheaper(..) | Goal::Below { .. } => MarginUnit::Usd,
        }
    }

    /// How it stands, if it has to be met with a chance of `confidence`.
    ///
    /// # Errors
    /// A route or a budget that the scenario does not have.
    pub fn standing(&self, lived: Lived<'_>, confidence: f64) -> Result<Standing, String> {
        match self {
            Goal::Cheaper(a, b) => Ok(cheaper((route(lived, a)?, route(lived, b)?), lived, confidence)),
            Goal::Below { figure, premium, route: name, usd } => {
                let analysis = &lived.analysis.routes[route(lived, name)?];
                let summary = if *premium { &analysis.premium } else { &analysis.spend };
                let value = usd - figure.of(summary);
                let margin = Margin { value, met: value >= 0.0, error: figure.error_of(summary) };
                Ok(Standing { margin, chance: None })
            }
            Goal::WithinBudget(name) => {
                let risk = lived.analysis.routes[route(lived, name)?].over_budget_probability;
                let risk =
                    risk.ok_or("the scenario states no budget; add `budget: {monthly: ..}` or `total`")?;
                let trials = lived.simulation.trials as f64;
                // As of independent trials: the evenly spread ones are better.
                let error = (risk * (1.0 - risk) / trials).sqrt();
                let value = (1.0 - confidence) - risk;
                let margin = Margin { value, met: value >= 0.0, error: Some(error) };
                Ok(Standing { margin, chance: Some(1.0 - risk) })
            }
        }
    }
}

/// Values that are tried along the range.
const GRID: usize = 41;
/// Trials along the range, at most: near a break-even that they find, all trials are asked.
const ROUGH_TRIALS: u32 = 512;
/// The relative width of the stretch that a break-even is narrowed down to.
const TOLERANCE: f64 = 1e-5;

/// Where along a field a goal is met.
#[derive(Clone, Debug)]
pub struct Found {
    /// How it stands as the scenario is.
    pub now: Standing,
    /// What was tried, and where the goal begins and ends to be met.
    pub sought: Sought,
    /// Why the first value that was passed over makes no scenario, or none of the same job.
    pub passed_over: Option<Problems>,
}

/// Seeks the values of a field at which a goal is met with a chance of `confidence`. `base` is the scenario as it is,
/// with as many trials as are to be asked near a break-even; `case` simulates the scenario at a value of the field
/// with so many trials.
///
/// What refuses more of the prompts than in the scenario itself, or than the route beside it, is cheap by doing less: no
/// way to meet a goal.
///
/// # Errors
/// Those of `case`; and, as `Ok(Err(..))`, a route or a budget that the scenario does not have.
pub fn seek<E: Send>(
    goal: &Goal,
    field: &Varied,
    confidence: f64,
    base: Lived<'_>,
    case: &(dyn Fn(f64, u32) -> Tried<E> + Sync),
) -> Result<Result<Found, String>, E> {
    let now = match goal.standing(base, confidence) {
        Ok(now) => now,
        Err(why) => return Ok(Err(why)),
    };
    let margin = |value: f64, trials: u32| -> Result<Result<Margin, Problems>, E> {
        Ok(case(value, trials)?.and_then(|case| margin_of(goal, confidence, base, &case)))
    };
    let trials = base.simulation.trials as u32;
    let mut passed_over = None;
    let mut along = |grid: &[f64]| -> Result<Margins, E> {
        let found = crate::engine::all(grid.len(), |at| margin(grid[at], trials.min(ROUGH_TRIALS)));
        let mut kept =
            |found: Result<Margin, Problems>| found.map_err(|why| passed_over.get_or_insert(why).len()).ok();
        found.into_iter().map(|one| one.map(&mut kept)).collect()
    };
    let mut close = |value: f64| Ok(margin(value, trials)?.ok());
    let sought = seek::seek(&field.grid(GRID), TOLERANCE, &mut along, &mut close)?;
    Ok(Ok(Found { now, sought, passed_over }))
}

/// The goal's margin in a case, if that does the same job as the base.
fn margin_of(goal: &Goal, confidence: f64, base: Lived<'_>, case: &Case) -> Result<Margin, Problems> {
    let case = case.lived();
    let refused = |lived: Lived<'_>, name: &str| -> f64 {
        route(lived, name).map_or(0.0, |at| lived.analysis.routes[at].refused())
    };
    if let Some(name) =
        goal.routes().iter().find(|name| refuses_more(refused(base, name), refused(case, name)))
    {
        return Err(Problems::one(
            Code::Conflict,
            &format!("{name} refuses more of the prompts as too long there"),
        ));
    }
    if let Goal::Cheaper(a, b) = goal {
        let order = if refused(case, a) > refused(case, b) { [a, b] } else { [b, a] };
        let [more, less] = order.map(|name| refused(case, name));
        if refuses_more(less, more) {
            let title = format!(
                "{} refuses {} of the input tokens as too long, {} {}: they do not do the same job",
                order[0],
                percent(more),
                order[1],
                percent(less)
            );
            return Err(Problems::one(Code::Conflict, &title));
        }
    }
    let standing = goal.standing(case, confidence).map_err(|why| Problems::one(Code::Conflict, &why))?;
    Ok(standing.margin)
}

fn said(why: &str) -> String {
    format!("{why}; {FORMS}")
}

fn route(lived: Lived<'_>, name: &str) -> Result<usize, String> {
    let labels = || lived.scenario.routes.iter().map(|route| route.label.as_str());
    labels().position(|label| label == name).ok_or_else(|| {
        format!("the scenario has no route `{name}`; {}", suggest(name, labels().collect::<Vec<_>>()))
    })
}

/// a is cheaper with a chance of `confidence` where that quantile of a − b is below zero: what costs the same is not
/// cheaper.
fn cheaper((a, b): (usize, usize), lived: Lived<'_>, confidence: f64) -> Standing {
    let less = paired::drawn(lived.simulation, a, b);
    let at = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        quantile(&sorted, confidence)
    };
    let parts: Vec<f64> = less.chunks(less.len().div_ceil(PARTS)).map(at).collect();
    let value = 0.0 - at(&less);
    let margin = Margin { value, met: value > 0.0, error: mean_error(&parts) };
    Standing { margin, chance: Some(paired::cheaper(&less)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_read() {
        let cheaper = Goal::parse("openai/gpt-5.4, no cache hits cheaper than azure/gpt-5.4@global").unwrap();
        assert_eq!(cheaper.routes(), ["openai/gpt-5.4, no cache hits", "azure/gpt-5.4@global"]);
        let below = Goal::parse("p90 premium of a/m below $1.5k").unwrap();
        assert_eq!(
            below,
            Goal::Below { figure: Figure::P90, premium: true, route: "a/m".into(), usd: 1500.0 }
        );
        assert_eq!(Goal::parse("a/m within budget").unwrap(), Goal::WithinBudget("a/m".into()));
    }

    #[test]
    fn what_is_no_comparison_is_refused() {
        for text in ["a/m", "a/m dearer than b/m", "p90 below 5", "p91 of a/m below 5", "sd of a/m below 5"] {
            assert!(Goal::parse(text).is_err(), "{text}");
        }
        for text in
            ["p90 of a/m below 5%", "p90 of a/m below -5", "p90 of a/m below much", "p90 cost of a/m below 5"]
        {
            assert!(Goal::parse(text).is_err(), "{text}");
        }
    }
}
