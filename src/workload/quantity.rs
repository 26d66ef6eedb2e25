//! Inputs as people think of them: a value, or a range written as percentiles, as bounds, or as a named
//! distribution in natural units.

use serde_json::{Value as Json, json};

use crate::domain::document::{Entry, Node, Value, Wire};
use crate::domain::normal;
use crate::domain::number::parse_number;
use crate::domain::problem::{Code, Place, Problems, suggest};

/// What kind of number a field holds. It decides what `{p10, p90}` means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Not negative; percentiles span a lognormal.
    Positive,
    /// Between 0 and 1; percentiles span a logit-normal.
    Share,
    /// Any sign; percentiles span a normal.
    Signed,
}

/// What is believed about an input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Uncertain {
    /// Known.
    Fixed(f64),
    /// Normal, by mean and standard deviation.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        sd: f64,
    },
    /// Lognormal, by median and the standard deviation of the logarithm.
    LogNormal {
        /// Median.
        median: f64,
        /// Standard deviation of the natural logarithm.
        sigma: f64,
    },
    /// A share whose log-odds are normal.
    LogitNormal {
        /// Mean of the log-odds.
        centre: f64,
        /// Standard deviation of the log-odds.
        spread: f64,
    },
    /// Any value between two bounds, alike likely.
    Uniform {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// Triangular between two bounds.
    Triangular {
        /// Lower bound.
        low: f64,
        /// Most likely value.
        mode: f64,
        /// Upper bound.
        high: f64,
    },
}

impl Uncertain {
    /// The value at the standard-normal score `z`: its quantile at Φ(z).
    pub fn at_score(&self, z: f64) -> f64 {
        match *self {
            Uncertain::Fixed(value) => value,
            Uncertain::Normal { mean, sd } => mean + sd * z,
            Uncertain::LogNormal { median, sigma } => median * libm::exp(sigma * z),
            Uncertain::LogitNormal { centre, spread } => 1.0 / (1.0 + libm::exp(-(centre + spread * z))),
            Uncertain::Uniform { low, high } => low + (high - low) * normal::cdf(z),
            Uncertain::Triangular { low, mode, high } => {
                let (u, width) = (normal::cdf(z), high - low);
                let left = (mode - low) / width;
                if u < left {
                    low + libm::sqrt(u * width * (mode - low))
                } else {
                    high - libm::sqrt((1.0 - u) * width * (high - mode))
                }
            }
        }
    }

    /// The median.
    pub fn median(&self) -> f64 {
        self.at_score(0.0)
    }

    /// The value, if it is known.
    pub fn fixed(&self) -> Option<f64> {
        match *self {
            Uncertain::Fixed(value) => Some(value),
            _ => None,
        }
    }
}

/// A quantity as written, to be read once the kind of its field is known.
#[derive(Clone, Debug)]
pub struct QuantityWire {
    node: Node,
}

impl Wire for QuantityWire {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Scalar(_) | Value::Map(_) => Some(QuantityWire { node: node.clone() }),
            _ => {
                problems.at(
                    Code::WrongType,
                    &node.place,
                    "expected a number or a range",
                    node.found(),
                    FORMS,
                );
                None
            }
        }
    }

    fn schema() -> Json {
        let number = json!({"type": ["number", "string"], "description": "a number: 3000, 1.2M, 800k, 40%"});
        let percentiles = json!({"type": "object", "patternProperties": {"^(p[0-9]{1,2}|median|mean|sd)$": number}, "additionalProperties": false});
        let bounds = json!({"type": "object", "properties": {"low": number, "mode": number, "high": number}, "required": ["low", "high"], "additionalProperties": false});
        let named = json!({"type": "object", "patternProperties": {"^(normal|lognormal|logitnormal)$": percentiles, "^(uniform|triangular)$": bounds}, "additionalProperties": false, "minProperties": 1, "maxProperties": 1});
        json!({"anyOf": [number, percentiles, bounds, named]})
    }
}

/// The ways to write a quantity, for messages.
const FORMS: &str = "write a value (1.2M, 40%), {p10: .., p90: ..}, {low: .., high: ..}, {low: .., mode: .., high: ..}, or a named one such as {lognormal: {median: .., p95: ..}}";

impl QuantityWire {
    /// Where it stands.
    pub fn place(&self) -> &Place {
        &self.node.place
    }

    /// Reads it as a number of `kind` between `minimum` and `maximum`.
    pub fn uncertain(
        &self,
        kind: Kind,
        minimum: f64,
        maximum: f64,
        problems: &mut Problems,
    ) -> Option<Uncertain> {
        let reader = Reader { kind, minimum, maximum };
        let law = match &self.node.value {
            Value::Map(entries) => reader.range(&self.node, entries, problems)?,
            _ => reader.number(&self.node, problems).map(Uncertain::Fixed)?,
        };
        reader.refuse_outliers(&self.node, &law, problems)?;
        Some(law)
    }
}

/// What a number must be.
struct Reader {
    kind: Kind,
    minimum: f64,
    maximum: f64,
}

impl Reader {
    fn number(&self, node: &Node, problems: &mut Problems) -> Option<f64> {
        let value = plain_number(node, problems)?;
        if value < self.minimum || value > self.maximum {
            // 1.2 for a share, or 2 for growth, is a percentage without its sign more often than not.
            let least = if self.kind == Kind::Share { 1.0 } else { 1.99 };
            let bare_percent = self.maximum <= 1.0 && value > least && value <= 100.0;
            let help = match &node.value {
                Value::Scalar(text) if bare_percent && !text.contains('%') => {
                    format!("did you mean {text}%?")
                }
                _ => String::new(),
            };
            let title =
                format!("expected a value from {} to {}", self.show(self.minimum), self.show(self.maximum));
            problems.at(Code::OutOfRange, &node.place, title, node.found(), help);
            return None;
        }
        Some(value)
    }

    fn show(&self, bound: f64) -> String {
        match self.kind {
            Kind::Share => format!("{} %", bound * 100.0),
            _ if bound.abs() >= 1e6 => format!("{bound:e}"),
            _ => format!("{bound}"),
        }
    }

    /// Draws beyond the bounds are set to them. Where that would hit more than one in a hundred on a side,
    /// the stated law is not the one that would be drawn.
    fn refuse_outliers(&self, node: &Node, law: &Uncertain, problems: &mut Problems) -> Option<()> {
        let (low, high) = (law.at_score(-normal::quantile(0.99)), law.at_score(normal::quantile(0.99)));
        if low >= self.minimum && high <= self.maximum {
            return Some(());
        }
        let title = format!(
            "more than 1 % of this range lies outside of what is possible, {} to {}",
            self.show(self.minimum),
            self.show(self.maximum)
        );
        let found = format!("its P01 is {} and its P99 {}", self.show(low), self.show(high));
        problems.at(
            Code::ImpossibleRange,
            &node.place,
            title,
            found,
            "narrow the range, or use {low, high}, which has bounds",
        );
        None
    }

    fn range(&self, node: &Node, entries: &[Entry], problems: &mut Problems) -> Option<Uncertain> {
        let keys: Vec<&str> = entries.iter().map(|e| e.key.value.as_ref()).collect();
        match keys.as_slice() {
            [one] if is_law(one) => self.named(one, &entries[0].value, problems),
            _ if keys.contains(&"low") || keys.contains(&"high") => self.bounds(node, entries, problems),
            _ => self.percentiles(node, entries, self.kind, problems),
        }
    }

    fn named(&self, law: &str, node: &Node, problems: &mut Problems) -> Option<Uncertain> {
        let entries = node.map("the parameters of the distribution", problems)?;
        match law {
            "uniform" | "triangular" => self.bounds(node, entries, problems),
            "lognormal" => self.percentiles(node, entries, Kind::Positive, problems),
            "logitnormal" => self.percentiles(node, entries, Kind::Share, problems),
            _ => match (node.get("mean"), node.get("sd")) {
                (Some(mean), Some(sd)) if entries.len() == 2 => {
                    let mean = self.number(mean, problems);
                    let sd = Reader { minimum: 0.0, maximum: f64::MAX, ..*self }.number(sd, problems);
                    Some(Uncertain::Normal { mean: mean?, sd: sd? })
                }
                _ => self.percentiles(node, entries, Kind::Signed, problems),
            },
        }
    }

    fn bounds(&self, node: &Node, entries: &[Entry], problems: &mut Problems) -> Option<Uncertain> {
        let mut found: [Option<f64>; 3] = [None; 3];
        let names = ["low", "mode", "high"];
        let mut readable = true;
        for entry in entries {
            match names.iter().position(|name| *name == entry.key.value) {
                Some(at) => {
                    found[at] = self.number(&entry.value, problems);
                    readable &= found[at].is_some();
                }
                None => {
                    unknown_key(entry, &names, problems);
                    readable = false;
                }
            }
        }
        let [low, mode, high] = found;
        if !readable {
            return None;
        }
        let (Some(low), Some(high)) = (low, high) else {
            problems.at(Code::MissingKey, &node.place, "a range needs both `low` and `high`", "", FORMS);
            return None;
        };
        let between = mode.is_none_or(|mode| low <= mode && mode <= high);
        if low > high || !between {
            problems.at(
                Code::ImpossibleRange,
                &node.place,
                "expected low ≤ mode ≤ high",
                show_pairs(entries),
                "swap or mend the bounds",
            );
            return None;
        }
        if low == high {
            return Some(Uncertain::Fixed(low));
        }
        Some(match mode {
            Some(mode) => Uncertain::Triangular { low, mode, high },
            None => Uncertain::Uniform { low, high },
        })
    }

    /// A law of `kind` through two percentiles, `median` and `mean` included for lognormals.
    fn percentiles(
        &self,
        node: &Node,
        entries: &[Entry],
        kind: Kind,
        problems: &mut Problems,
    ) -> Option<Uncertain> {
        let mut points: Vec<(f64, f64)> = Vec::new();
        for entry in entries {
            let Some(p) = percentile(&entry.key.value) else {
                unknown_key(
                    entry,
                    &["p10", "p50", "p90", "median", "p05", "p95", "low", "mode", "high"],
                    problems,
                );
                return None;
            };
            points.push((p, self.number(&entry.value, problems)?));
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let [(p1, x1), (p2, x2)] = points[..] else {
            let found = format!("found {}", points.len());
            problems.at(
                Code::ImpossibleRange,
                &node.place,
                "two different percentiles make a range",
                found,
                FORMS,
            );
            return None;
        };
        if x1 > x2 || p1 == p2 {
            problems.at(
                Code::ImpossibleRange,
                &node.place,
                "the lower percentile lies above the higher one",
                show_pairs(entries),
                "swap the two values",
            );
            return None;
        }
        if x1 == x2 {
            return Some(Uncertain::Fixed(x1));
        }
        self.through(node, kind, (normal::quantile(p1), x1), (normal::quantile(p2), x2), problems)
    }

    fn through(
        &self,
        node: &Node,
        kind: Kind,
        a: (f64, f64),
        b: (f64, f64),
        problems: &mut Problems,
    ) -> Option<Uncertain> {
        let inside = match kind {
            Kind::Positive => a.1 > 0.0,
            Kind::Share => a.1 > 0.0 && b.1 < 1.0,
            Kind::Signed => true,
        };
        if !inside {
            problems.at(
                Code::ImpossibleRange,
                &node.place,
                "percentiles of this range must lie strictly inside of what is possible",
                node.found(),
                "use {low, high} or {low, mode, high} for a range that reaches the bound",
            );
            return None;
        }
        let line = |x1: f64, x2: f64| {
            let slope = (x2 - x1) / (b.0 - a.0);
            (x1 - slope * a.0, slope)
        };
        Some(match kind {
            Kind::Positive => {
                let (centre, sigma) = line(libm::log(a.1), libm::log(b.1));
                if sigma > WIDEST {
                    let found = format!("a standard deviation of the logarithm of {sigma:.1}");
                    problems.at(
                        Code::ImpossibleRange,
                        &node.place,
                        "this range spans more orders of magnitude than anything real",
                        found,
                        "narrow the range",
                    );
                    return None;
                }
                Uncertain::LogNormal { median: libm::exp(centre), sigma }
            }
            Kind::Share => {
                let logit = |p: f64| libm::log(p / (1.0 - p));
                let (centre, spread) = line(logit(a.1), logit(b.1));
                Uncertain::LogitNormal { centre, spread }
            }
            Kind::Signed => {
                let (mean, sd) = line(a.1, b.1);
                Uncertain::Normal { mean, sd }
            }
        })
    }
}

/// The widest lognormal, by the standard deviation of its logarithm: P10 to P90 span eleven decades.
pub const WIDEST: f64 = 10.0;

/// The number of a scalar node, whatever its range.
pub fn plain_number(node: &Node, problems: &mut Problems) -> Option<f64> {
    let text = node.scalar("a number", problems)?;
    match parse_number(text) {
        Ok(number) => Some(number.value),
        Err(error) => {
            problems.at(
                Code::Unreadable,
                &node.place,
                "expected a number such as 3000, 1.2M, 800k or 40%",
                format!("{}: {error}", node.found()),
                "",
            );
            None
        }
    }
}

/// The probability that a percentile key names: `p90` is 0.9, `median` 0.5.
pub fn percentile(key: &str) -> Option<f64> {
    if key == "median" {
        return Some(0.5);
    }
    let digits = key.strip_prefix('p')?;
    let whole: u32 = digits.parse().ok()?;
    (digits.len() <= 2 && (1..=99).contains(&whole)).then(|| f64::from(whole) / 100.0)
}

fn is_law(key: &str) -> bool {
    ["normal", "lognormal", "logitnormal", "uniform", "triangular"].contains(&key)
}

fn unknown_key(entry: &Entry, known: &[&str], problems: &mut Problems) {
    let title = format!("unknown key `{}` in a range", entry.key.value);
    problems.at(
        Code::UnknownKey,
        &entry.key.place,
        title,
        "",
        format!("{}. {FORMS}", suggest(&entry.key.value, known.iter().copied())),
    );
}

fn show_pairs(entries: &[Entry]) -> String {
    let pairs: Vec<String> = entries
        .iter()
        .map(|entry| match &entry.value.value {
            Value::Scalar(text) => format!("{}: {text}", entry.key.value),
            _ => entry.key.value.to_string(),
        })
        .collect();
    format!("found {}", pairs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::document::parse;
    use crate::domain::problem::Source;
    use std::sync::Arc;

    fn read(text: &str, kind: Kind, minimum: f64, maximum: f64) -> Result<Uncertain, String> {
        let source = Arc::new(Source::new("q.yaml", format!("x: {text}\n")));
        let root = parse(&source).unwrap();
        let mut problems = Problems::new();
        let wire = QuantityWire::read(root.get("x").unwrap(), &mut problems);
        let value = wire.and_then(|wire| wire.uncertain(kind, minimum, maximum, &mut problems));
        problems.or_value(value).map_err(|problems| problems.to_string())
    }

    fn positive(text: &str) -> Result<Uncertain, String> {
        read(text, Kind::Positive, 0.0, 1e12)
    }

    #[test]
    fn percentiles_come_back() {
        let z90 = normal::quantile(0.9);
        let volume = positive("{p10: 800k, p90: 1.6M}").unwrap();
        assert!((volume.at_score(z90) - 1.6e6).abs() < 1e-3);
        assert!((volume.at_score(-z90) - 0.8e6).abs() < 1e-3);
        let share = read("{p10: 30%, p90: 80%}", Kind::Share, 0.0, 1.0).unwrap();
        assert!((share.at_score(z90) - 0.8).abs() < 1e-12);
        let growth = read("{p10: -2%, p90: 6%}", Kind::Signed, -0.9, 10.0).unwrap();
        assert!((growth.median() - 0.02).abs() < 1e-12);
        let long = positive("{lognormal: {median: 3k, p95: 20k}}").unwrap();
        assert!((long.at_score(normal::quantile(0.95)) - 20_000.0).abs() < 1e-6);
    }

    #[test]
    fn triangular_quantiles_invert_the_distribution() {
        let law = positive("{low: 2, mode: 3, high: 7}").unwrap();
        // The distribution function at the mode is (3 − 2) / (7 − 2) = 0.2.
        assert!((law.at_score(normal::quantile(0.2)) - 3.0).abs() < 1e-9);
        assert!(law.at_score(-40.0) >= 2.0 && law.at_score(40.0) <= 7.0);
    }

    #[test]
    fn contradictions_are_refused() {
        for text in [
            "{p90: 1, p10: 2}",
            "{low: 3, high: 1}",
            "{low: 1, mode: 9, high: 3}",
            "{p10: 1}",
            "{p10: 1, p50: 2, p90: 3}",
        ] {
            assert!(positive(text).unwrap_err().contains("E10"), "{text}");
        }
        assert!(read("40", Kind::Share, 0.0, 1.0).unwrap_err().contains("did you mean 40%"));
        assert!(positive(".nan").unwrap_err().contains("E08"));
        assert!(positive("-1").unwrap_err().contains("E09"));
        assert!(positive("{p10: 1, p9o: 2}").unwrap_err().contains("p90"));
    }
}
