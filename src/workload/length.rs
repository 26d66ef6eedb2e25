//! Laws of token lengths: mixtures of lognormals written in tokens, constants, and presets measured on
//! real traffic. A law is a fixed [`Shape`] times a scale that may be uncertain.

use serde_json::{Value as Json, json};

use super::presets::{PRESETS, Role};
use super::quantity::{QuantityWire, percentile, plain_number};
use crate::domain::document::{Entry, Node, Value, Wire};
use crate::domain::normal;
use crate::domain::problem::{Code, Place, Problems, suggest};

/// One lognormal of a mixture; a constant where `sigma` is 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Component {
    /// Its share of the requests.
    pub weight: f64,
    /// Natural logarithm of its median in tokens; −∞ for a length of zero.
    pub ln_median: f64,
    /// Standard deviation of the natural logarithm.
    pub sigma: f64,
}

/// A length law at scale 1: a mixture whose weights sum to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// The components, at least one.
    pub components: Vec<Component>,
}

impl Shape {
    /// The law of a length that is met in proportion to itself: each lognormal's median grows by e^{σ²}, and its weight
    /// by its mean.
    pub fn by_length(&self) -> Shape {
        let mean = |c: &Component| c.weight * libm::exp(c.ln_median + 0.5 * c.sigma * c.sigma);
        let all: f64 = self.components.iter().map(mean).sum();
        if all <= 0.0 {
            return self.clone();
        }
        let met = |c: &Component| Component {
            weight: mean(c) / all,
            ln_median: c.ln_median + c.sigma * c.sigma,
            ..*c
        };
        Shape { components: self.components.iter().map(met).collect() }
    }
}

/// A length as written.
#[derive(Clone, Debug)]
pub struct LengthWire {
    node: Node,
}

/// A length as read: the shape, and the uncertain scale if one was written.
#[derive(Clone, Debug)]
pub struct LengthRead {
    /// The law at scale 1.
    pub shape: Shape,
    /// The key and quantity that scale it, with what to divide the quantity by.
    pub scale: Option<(&'static str, QuantityWire, Divisor)>,
}

/// How a written scale becomes a factor on the shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Divisor {
    /// It is a factor already.
    One,
    /// It is an uncertain median in tokens; the shape is relative to its central value.
    OwnMedian,
}

impl Wire for LengthWire {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Scalar(_) | Value::Map(_) => Some(LengthWire { node: node.clone() }),
            _ => {
                problems.at(Code::WrongType, &node.place, "expected a length in tokens", node.found(), FORMS);
                None
            }
        }
    }

    fn schema() -> Json {
        let number = json!({"type": ["number", "string"]});
        let lognormal = json!({"type": "object", "properties": {"median": QuantityWire::schema(), "mean": number, "scale": QuantityWire::schema()}, "patternProperties": {"^p[0-9]{1,2}$": number}, "additionalProperties": false});
        let component = json!({"type": "object", "properties": {"weight": number, "median": number, "mean": number, "sigma": number}, "patternProperties": {"^p[0-9]{1,2}$": number}, "additionalProperties": false});
        let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
        let preset = json!({"anyOf": [{"enum": names}, {"type": "object", "properties": {"name": {"enum": names}, "scale": QuantityWire::schema()}, "required": ["name"], "additionalProperties": false}]});
        let mixture = json!({"type": "object", "properties": {"components": {"type": "array", "items": component}, "scale": QuantityWire::schema()}, "required": ["components"], "additionalProperties": false});
        json!({"anyOf": [number, {"type": "object", "properties": {"lognormal": lognormal, "preset": preset, "mixture": mixture}, "additionalProperties": false, "minProperties": 1, "maxProperties": 1}]})
    }
}

const FORMS: &str = "write tokens (3000), {lognormal: {median: 3k, p95: 20k}}, {preset: coding-agent}, or {mixture: {components: [{weight: 60%, median: 500, p90: 2k}, ...]}}";

/// The longest length that is understood, in tokens.
const LONGEST: f64 = 1e9;

impl LengthWire {
    /// Reads the law; `role` says which side of a preset is meant.
    pub fn read_law(&self, role: Role, problems: &mut Problems) -> Option<LengthRead> {
        let Value::Map(entries) = &self.node.value else {
            let tokens = tokens(&self.node, problems)?;
            if tokens.fract() != 0.0 {
                problems.at(Code::OutOfRange, &self.node.place, "tokens are whole", self.node.found(), "");
                return None;
            }
            let constant = Component { weight: 1.0, ln_median: libm::log(tokens), sigma: 0.0 };
            return Some(LengthRead { shape: Shape { components: vec![constant] }, scale: None });
        };
        let [entry] = entries.as_slice() else {
            problems.at(
                Code::WrongType,
                &self.node.place,
                "a length has one key: its law",
                self.node.found(),
                FORMS,
            );
            return None;
        };
        match entry.key.value.as_ref() {
            "lognormal" => lognormal(&entry.value, problems),
            "preset" => preset(&entry.value, role, problems),
            "mixture" => mixture(&entry.value, problems),
            other => {
                let known = ["lognormal", "preset", "mixture"];
                let help = format!("{}. {FORMS}", suggest(other, known));
                problems.at(
                    Code::UnknownKey,
                    &entry.key.place,
                    format!("unknown length law `{other}`"),
                    "",
                    help,
                );
                None
            }
        }
    }

    /// Where it stands.
    pub fn place(&self) -> &Place {
        &self.node.place
    }
}

fn lognormal(node: &Node, problems: &mut Problems) -> Option<LengthRead> {
    let entries = node.map("the parameters of the lognormal", problems)?;
    let uncertain_median = node.get("median").filter(|median| matches!(median.value, Value::Map(_)));
    let scale = node.get("scale");
    if let (Some(median), Some(_)) = (uncertain_median, scale) {
        problems.at(
            Code::Conflict,
            &median.place,
            "an uncertain median beside a scale",
            "",
            "keep one: both multiply the same lengths",
        );
        return None;
    }
    let rest: Vec<&Entry> = entries.iter().filter(|entry| entry.key.value != "scale").collect();
    if let Some(weight) = node.get("weight") {
        problems.at(
            Code::UnknownKey,
            &weight.place,
            "a single lognormal has no weight",
            "",
            "weights belong to mixtures",
        );
    }
    let component = match uncertain_median {
        None => component(node, &rest, problems)?,
        Some(median) => {
            let wire = QuantityWire::read(median, problems)?;
            let centre = wire.uncertain(super::quantity::Kind::Positive, 1.0, LONGEST, problems)?.median();
            let tail: Vec<&Entry> = rest.into_iter().filter(|e| e.key.value != "median").collect();
            let sigma = sigma_beside(node, libm::log(centre), &tail, problems)?;
            let shape =
                Shape { components: vec![Component { weight: 1.0, ln_median: libm::log(centre), sigma }] };
            return Some(LengthRead { shape, scale: Some(("median", wire, Divisor::OwnMedian)) });
        }
    };
    let scale = match scale {
        Some(scale) => Some(("scale", QuantityWire::read(scale, problems)?, Divisor::One)),
        None => None,
    };
    Some(LengthRead { shape: Shape { components: vec![component] }, scale })
}

/// A lognormal component through two of its percentiles, or its mean and one.
fn component(node: &Node, entries: &[&Entry], problems: &mut Problems) -> Option<Component> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut mean = None;
    let mut sigma = None;
    let mut weight = 1.0;
    for entry in entries {
        match entry.key.value.as_ref() {
            "mean" => mean = Some(tokens(&entry.value, problems)?),
            "sigma" => sigma = Some(in_range(&entry.value, 0.0, 10.0, problems)?),
            "weight" => weight = in_range(&entry.value, 0.0, 1e9, problems)?,
            key => match percentile(key) {
                Some(p) => points.push((normal::quantile(p), libm::log(tokens(&entry.value, problems)?))),
                None => {
                    let known = ["median", "mean", "p90", "p95", "p99", "scale"];
                    problems.at(
                        Code::UnknownKey,
                        &entry.key.place,
                        format!("unknown key `{key}` in a length"),
                        "",
                        suggest(key, known),
                    );
                    return None;
                }
            },
        }
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (ln_median, sigma) = match (points.as_slice(), mean, sigma) {
        (&[(z1, x1), (z2, x2)], None, None) => {
            let slope = (x2 - x1) / (z2 - z1);
            (x1 - slope * z1, slope)
        }
        // mean = median · exp(σ²/2)
        (&[(0.0, median)], Some(mean), None) => {
            (median, libm::sqrt((2.0 * (libm::log(mean) - median)).max(-1.0)))
        }
        (&[(0.0, median)], None, Some(sigma)) => (median, sigma),
        _ => {
            problems.at(
                Code::MissingKey,
                &node.place,
                "a lognormal length has two parameters",
                node.found(),
                "give two percentiles such as median and p95, or median and mean",
            );
            return None;
        }
    };
    if !sigma.is_finite() || sigma < 0.0 {
        problems.at(
            Code::ImpossibleRange,
            &node.place,
            "the higher percentile (or the mean) lies below the lower one",
            "",
            "swap or mend the values",
        );
        return None;
    }
    refuse_absurd_spread(node, ln_median, sigma, problems)?;
    Some(Component { weight, ln_median, sigma })
}

/// A spread beyond anything real, or around a length of zero, which a lognormal cannot have.
fn refuse_absurd_spread(node: &Node, ln_median: f64, sigma: f64, problems: &mut Problems) -> Option<()> {
    if sigma > super::quantity::WIDEST {
        let title = "this length spans more orders of magnitude than anything real";
        let found = format!("a standard deviation of the logarithm of {sigma:.1}");
        problems.at(Code::ImpossibleRange, &node.place, title, found, "narrow the law");
        return None;
    }
    if ln_median == f64::NEG_INFINITY && sigma != 0.0 {
        let title = "a length that scatters around zero";
        problems.at(Code::ImpossibleRange, &node.place, title, "", "give a median above 0, or a spread of 0");
        return None;
    }
    Some(())
}

/// The spread that the remaining key states beside a median that is known from elsewhere.
fn sigma_beside(node: &Node, ln_median: f64, tail: &[&Entry], problems: &mut Problems) -> Option<f64> {
    let [entry] = tail else {
        problems.at(
            Code::MissingKey,
            &node.place,
            "a lognormal length has two parameters",
            node.found(),
            "give a percentile such as p95 beside the median",
        );
        return None;
    };
    let p = percentile(&entry.key.value).filter(|p| *p > 0.5);
    let Some(p) = p else {
        problems.at(
            Code::UnknownKey,
            &entry.key.place,
            "expected a percentile above the median",
            format!("found `{}`", entry.key.value),
            "for instance p95",
        );
        return None;
    };
    let sigma = (libm::log(tokens(&entry.value, problems)?) - ln_median) / normal::quantile(p);
    refuse_absurd_spread(node, ln_median, sigma, problems)?;
    if sigma < 0.0 {
        problems.at(
            Code::ImpossibleRange,
            &entry.value.place,
            "the percentile lies below the central median",
            entry.value.found(),
            "it is the percentile at the centre of the median's range",
        );
        return None;
    }
    Some(sigma)
}

fn preset(node: &Node, role: Role, problems: &mut Problems) -> Option<LengthRead> {
    let (name, scale) = match &node.value {
        Value::Map(_) => {
            crate::domain::document::refuse_unknown_keys(node, &["name", "scale"], problems);
            (node.get("name"), node.get("scale"))
        }
        _ => (Some(node), None),
    };
    let Some(name) = name else {
        problems.at(Code::MissingKey, &node.place, "`name` is missing", "", FORMS);
        return None;
    };
    let text = name.scalar("the name of a preset", problems)?;
    let Some(preset) = PRESETS.iter().find(|preset| preset.name == text) else {
        let known: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
        problems.at(
            Code::UnknownName,
            &name.place,
            format!("unknown preset `{text}`"),
            "",
            suggest(text, known),
        );
        return None;
    };
    let scale = match scale {
        Some(scale) => Some(("scale", QuantityWire::read(scale, problems)?, Divisor::One)),
        None => None,
    };
    Some(LengthRead { shape: preset.shape(role), scale })
}

fn mixture(node: &Node, problems: &mut Problems) -> Option<LengthRead> {
    node.map("`components` and perhaps `scale`", problems)?;
    crate::domain::document::refuse_unknown_keys(node, &["components", "scale"], problems);
    let Some(Value::List(items)) = node.get("components").map(|list| &list.value) else {
        problems.at(Code::MissingKey, &node.place, "`components` is missing or no list", "", FORMS);
        return None;
    };
    let mut components: Vec<Component> = Vec::new();
    for item in items {
        let entries: Vec<&Entry> = item.map("weight, median and a percentile", problems)?.iter().collect();
        if item.get("weight").is_none() {
            problems.at(
                Code::MissingKey,
                &item.place,
                "`weight` is missing",
                "",
                "weights are shares of the requests",
            );
        }
        components.push(component(item, &entries, problems)?);
    }
    let total: f64 = components.iter().map(|c| c.weight).sum();
    // Published weights are rounded to three digits, so their sum may be off by a few thousandths.
    if components.is_empty() || (total - 1.0).abs() > 0.01 {
        problems.at(
            Code::OutOfRange,
            &node.place,
            "the weights of a mixture sum to 1",
            format!("found {total}"),
            "write shares such as 60% and 40%",
        );
        return None;
    }
    components.iter_mut().for_each(|c| c.weight /= total);
    let scale = match node.get("scale") {
        Some(scale) => Some(("scale", QuantityWire::read(scale, problems)?, Divisor::One)),
        None => None,
    };
    Some(LengthRead { shape: Shape { components }, scale })
}

fn tokens(node: &Node, problems: &mut Problems) -> Option<f64> {
    in_range(node, 0.0, LONGEST, problems)
}

fn in_range(node: &Node, low: f64, high: f64, problems: &mut Problems) -> Option<f64> {
    let value = plain_number(node, problems)?;
    if (low..=high).contains(&value) {
        return Some(value);
    }
    problems.at(
        Code::OutOfRange,
        &node.place,
        format!("expected a value from {low} to {high}"),
        node.found(),
        "",
    );
    None
}
