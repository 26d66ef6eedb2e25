//! Goals that an input is sought for: one route cheaper than another, a figure below an amount, a budget that holds.

use super::compare::Lived;
use super::distribution::PARTS;
use super::outcome::totals;
use super::summary::{Figure, Summary, quantile};
use crate::domain::number::parse_number;
use crate::domain::problem::suggest;

/// A goal, as far as its text tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// The first route costs less than the second over the horizon.
    Cheaper(String, String),
    /// A figure of a route's spend, or of its premium, over the horizon is below an amount.
    Below {
        /// The figure's name: `p90`.
        figure: &'static str,
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

/// By how much a goal is met.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Margin {
    /// Not negative where it is met: USD, or a probability for budgets.
    pub value: f64,
    /// Its Monte Carlo error.
    pub error: Option<f64>,
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
        let figure = figure_of(name).ok_or_else(|| said(&format!("`{name}` is no figure")))?.0;
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

    /// By how much it is met with a chance of `confidence`.
    ///
    /// # Errors
    /// A route or a budget that the scenario does not have.
    pub fn margin(&self, lived: Lived<'_>, confidence: f64) -> Result<Margin, String> {
        match self {
            Goal::Cheaper(a, b) => Ok(cheaper((route(lived, a)?, route(lived, b)?), lived, confidence)),
            Goal::Below { figure, premium, route: name, usd } => {
                let analysis = &lived.analysis.routes[route(lived, name)?];
                let summary = if *premium { &analysis.premium } else { &analysis.spend };
                let read = figure_of(figure).map_or(0.0, |(_, read)| read(summary));
                Ok(Margin { value: usd - read, error: error_of(summary, figure), chance: None })
            }
            Goal::WithinBudget(name) => {
                let risk = lived.analysis.routes[route(lived, name)?].over_budget_probability;
                let risk =
                    risk.ok_or("the scenario states no budget; add `budget: {monthly: ..}` or `total`")?;
                let trials = lived.simulation.trials as f64;
                // As of independent trials: the evenly spread ones are better.
                let error = (risk * (1.0 - risk) / trials).sqrt();
                let value = (1.0 - confidence) - risk;
                Ok(Margin { value, error: Some(error), chance: Some(1.0 - risk) })
            }
        }
    }
}

fn said(why: &str) -> String {
    format!("{why}; {FORMS}")
}

fn figure_of(name: &str) -> Option<(&'static str, Figure)> {
    Summary::FIGURES.into_iter().find(|(known, _)| *known == name && name != "sd")
}

fn error_of(summary: &Summary, figure: &str) -> Option<f64> {
    let e = &summary.standard_error;
    match figure {
        "mean" => e.mean,
        "p05" => e.p05,
        "p10" => e.p10,
        "p25" => e.p25,
        "p50" => e.p50,
        "p75" => e.p75,
        "p90" => e.p90,
        "p95" => e.p95,
        _ => e.p99,
    }
}

fn route(lived: Lived<'_>, name: &str) -> Result<usize, String> {
    let labels = || lived.scenario.routes.iter().map(|route| route.label.as_str());
    labels().position(|label| label == name).ok_or_else(|| {
        format!("the scenario has no route `{name}`; {}", suggest(name, labels().collect::<Vec<_>>()))
    })
}

/// a is cheaper with a chance of `confidence` where that quantile of a − b is not above zero.
fn cheaper((a, b): (usize, usize), lived: Lived<'_>, confidence: f64) -> Margin {
    let total = |at: usize| totals(&lived.simulation.routes[at].spend, lived.simulation.months);
    let less: Vec<f64> = total(a).iter().zip(total(b)).map(|(x, y)| x - y).collect();
    let at = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        quantile(&sorted, confidence)
    };
    let parts: Vec<f64> = less.chunks(less.len().div_ceil(PARTS)).map(at).collect();
    let chance = super::outcome::cheaper(&less);
    // What costs the same is not cheaper.
    let above = at(&less);
    let value = if above == 0.0 { -f64::MIN_POSITIVE } else { -above };
    Margin { value, error: super::distribution::mean_error(&parts), chance: Some(chance) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_read() {
        let cheaper = Goal::parse("openai/gpt-5.4, no cache hits cheaper than azure/gpt-5.4@global").unwrap();
        assert_eq!(cheaper.routes(), ["openai/gpt-5.4, no cache hits", "azure/gpt-5.4@global"]);
        let below = Goal::parse("p90 premium of a/m below $1.5k").unwrap();
        assert_eq!(below, Goal::Below { figure: "p90", premium: true, route: "a/m".into(), usd: 1500.0 });
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
