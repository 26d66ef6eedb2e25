//! A field of a scenario that a search or a map varies: over which values, and the case of each.

use std::sync::Arc;

use super::edit::{Edit, stated};
use super::extend::Assembled;
use super::price_edit::PRICES;
use super::{Assumption, Scenario};
use crate::catalogue::Component;
use crate::domain::document::{Entry, Node, Spanned, Value};
use crate::domain::format::{percent, significant};
use crate::domain::number::parse_number;
use crate::domain::problem::{Place, Source, suggest};

/// A field and its range.
#[derive(Clone, Debug)]
pub struct Varied {
    /// Its path.
    pub path: String,
    /// Whether a factor on what is stated is varied, rather than the value.
    pub times: bool,
    /// The least value.
    pub low: f64,
    /// The largest value.
    pub high: f64,
    /// The value that is stated, or its median; 1 for factors.
    pub now: Option<f64>,
    /// The unit for display: `share`, `requests`, `times`.
    pub unit: &'static str,
}

/// How far a search goes from what is stated, up and down.
const REACH: f64 = 1000.0;

impl Varied {
    /// The field at a path of a scenario, between the bounds of `between` or else all that make sense. Lengths and
    /// prices are varied by factors.
    ///
    /// # Errors
    /// A path that leads to no number, with near ones; bounds that are none.
    pub fn new(
        path: &str,
        times: bool,
        between: Option<(f64, f64)>,
        scenario: &Scenario,
        base: &Assembled,
    ) -> Result<Self, String> {
        let mut field = match (Varied::stated(path, times, scenario, base), between) {
            // Nothing is stated that tells where to search, but where to search is.
            (Err(_), Some((low, high)))
                if !times && !plain_unit(path).is_empty() && exists(path, scenario) =>
            {
                Varied { path: path.to_owned(), times, low, high, now: None, unit: plain_unit(path) }
            }
            (field, _) => field?,
        };
        if let Some((low, high)) = between {
            let priced = path.strip_prefix(PRICES).and_then(|price| price.rsplit_once('.'));
            let component = |name: &str| Component::ALL.iter().any(|component| component.name() == name);
            if !times && field.times && priced.is_some_and(|(_, last)| component(last)) {
                (field.times, field.now, field.unit) = (false, None, "");
            } else if !times && field.times && high > 50.0 {
                return Err(format!(
                    "`{path}` is varied by a factor on what is stated; give a range such as 0.5..2"
                ));
            }
            if low >= high {
                return Err(format!("the range of `{path}` ends before it begins"));
            }
            (field.low, field.high) = (low, high);
        }
        Ok(field)
    }

    fn stated(path: &str, times: bool, scenario: &Scenario, base: &Assembled) -> Result<Self, String> {
        let find = |name: &str| scenario.assumptions.iter().find(|assumption| assumption.path == name);
        let factor = |low: f64, high: f64| Varied {
            path: path.to_owned(),
            times: true,
            low,
            high,
            now: Some(1.0),
            unit: "times",
        };
        let length = ["scale", "median"].iter().any(|scale| find(&format!("{path}.{scale}")).is_some());
        if path.starts_with(PRICES) || length {
            return Ok(factor(0.01, 100.0));
        }
        let assumption = find(path);
        if times && assumption.is_some() {
            return Ok(factor(1.0 / REACH, REACH));
        }
        if let Some(assumption) = assumption {
            return Ok(Varied { path: path.to_owned(), times: false, ..span_of(assumption) });
        }
        // A field that is not stated is like those of its name elsewhere.
        let key = path.rsplit('.').next().unwrap_or_default();
        let kin = scenario.assumptions.iter().find(|known| known.path.rsplit('.').next() == Some(key));
        let plain = number_at(&base.root, path);
        match (plain, kin) {
            (Some(_), _) if times => Ok(factor(1.0 / REACH, REACH)),
            (Some(now), _) => Ok(Varied {
                path: path.to_owned(),
                times: false,
                low: now / REACH,
                high: now * REACH,
                now: Some(now),
                unit: plain_unit(path),
            }),
            (None, Some(kin)) if leads_somewhere(path, scenario) => {
                Ok(Varied { path: path.to_owned(), times: false, now: None, ..span_of(kin) })
            }
            _ => {
                let known: Vec<&str> = scenario.assumptions.iter().map(|a| a.path.as_str()).collect();
                Err(format!("`{path}` leads to no number that can be varied; {}", suggest(path, known)))
            }
        }
    }

    /// The edit that gives the field a value.
    pub fn edit(&self, value: f64) -> Edit {
        let text = format!("{}={value}", self.path);
        let source = Arc::new(Source::new("the command line", text.clone()));
        let place = Place { source, start: 0, end: text.len(), line: 1, column: 1 };
        // Counts are whole; what else there is goes beyond a thousand only where parts do not matter.
        let count = self.unit == "tokens" || self.unit.is_empty() && value.abs() > REACH;
        let value = match !self.times && count {
            true => value.round(),
            // Prices have six decimals.
            false if !self.times && self.path.starts_with(PRICES) => (value * 1e6).round() / 1e6,
            false => value,
        };
        let scalar = Node { place: place.clone(), value: Value::Scalar(value.to_string().into()) };
        let to = if self.times {
            let key = Spanned { value: "times".into(), place: place.clone() };
            Node { place: place.clone(), value: Value::Map(vec![Entry { key, value: scalar }]) }
        } else {
            scalar
        };
        Edit { path: Spanned { value: self.path.clone(), place }, to }
    }

    /// `count` values from the least to the largest: evenly spread, or by equal factors where the range spans more
    /// than a decade above zero.
    pub fn grid(&self, count: usize) -> Vec<f64> {
        let last = (count.max(2) - 1) as f64;
        let value = |at: usize| {
            let share = at as f64 / last;
            match (at, self.by_factors()) {
                (0, _) => self.low,
                (at, _) if at as f64 == last => self.high,
                (_, true) => self.low * libm::pow(self.high / self.low, share),
                (_, false) => self.low + (self.high - self.low) * share,
            }
        };
        (0..count.max(2)).map(value).collect()
    }

    /// Whether equal steps along the range are equal factors.
    fn by_factors(&self) -> bool {
        self.low > 0.0 && self.high / self.low > 20.0
    }

    /// How far along the range a value lies, as [`Varied::grid`] spreads it: 0 at the least and 1 at the largest, none
    /// beyond. Of 1 to 100 it is 0.5 for 10.
    pub fn place(&self, value: f64) -> Option<f64> {
        let inside = (self.low..=self.high).contains(&value);
        let place = if self.by_factors() {
            libm::log(value / self.low) / libm::log(self.high / self.low)
        } else {
            (value - self.low) / (self.high - self.low)
        };
        inside.then_some(place)
    }

    /// A value for people.
    pub fn show(&self, value: f64) -> String {
        shown(self.unit, value)
    }

    /// The last key of the path in words: `hit rate`.
    pub fn words(&self) -> String {
        match self.path.strip_prefix(PRICES) {
            Some(price) => price.to_owned(),
            None => self.path.rsplit('.').next().unwrap_or_default().replace('_', " "),
        }
    }
}

/// A value of some unit for people: `40.0 %`, `\u{d7} 1.2`, `1.25M`.
pub fn shown(unit: &str, value: f64) -> String {
    match unit {
        "share" | "a month" | "of the mean" => signed_percent(value),
        "times" => format!("\u{d7} {}", significant(value, 3)),
        _ if value.abs() >= 1000.0 => crate::domain::format::count_short(value),
        _ => significant(value, 4),
    }
}

fn signed_percent(share: f64) -> String {
    if share < 0.0 { format!("\u{2212}{}", percent(-share)) } else { percent(share) }
}

/// The values of an assumption that a search goes over.
fn span_of(assumption: &Assumption) -> Varied {
    let now = assumption.law.median();
    // A bound far beyond all that is stated is no place to search.
    let near = now > 0.0 && assumption.maximum > 1.0;
    let (low, high) =
        if near { (now / REACH, now * REACH) } else { (assumption.minimum, assumption.maximum) };
    Varied {
        path: String::new(),
        times: false,
        low: low.max(assumption.minimum),
        high: high.min(assumption.maximum),
        now: Some(now),
        unit: assumption.unit,
    }
}

/// Whether a plain number that the scenario does not state could stand at a path of it.
fn exists(path: &str, scenario: &Scenario) -> bool {
    path.starts_with("budget.") || leads_somewhere(path, scenario)
}

/// Whether the first two keys of a path lead to a workload or a route of the scenario.
fn leads_somewhere(path: &str, scenario: &Scenario) -> bool {
    let begins = |group: &str, name: &str| path.starts_with(&format!("{group}.{name}."));
    scenario.workloads.iter().any(|workload| begins("workloads", &workload.name))
        || scenario.routes.iter().any(|route| begins("routes", &route.label))
}

/// The plain number that stands at a path of a tree.
fn number_at(root: &Node, path: &str) -> Option<f64> {
    match &stated(root, path)?.value {
        Value::Scalar(text) => parse_number(text).ok().map(|number| number.value),
        _ => None,
    }
}

/// The unit of a plain number that is no assumption.
fn plain_unit(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("longest_prompt") => "tokens",
        Some("monthly" | "total") if path.starts_with("budget.") => "USD",
        _ => "",
    }
}
