//! What-ifs of a scenario file: named sets of edits, and sweeps over one or two fields, each a case that is read
//! and checked like a scenario of its own.

use serde_json::{Value as Json, json};

use super::edit::{Edit, flow, leads, written};
use super::extend::Assembled;
use super::price_edit::{PRICES, is_price, price_change};
use super::{Scenario, quantity};
use crate::catalogue::{Catalogue, Component, NewPrice};
use crate::domain::document::{Entry, Field, Named, Node, Spanned, Value, Wire, parse};
use crate::domain::money::{Rate, Ratio};
use crate::domain::number::parse_number;
use crate::domain::problem::{Code, Place, Problems, Source, suggest};
use crate::wire_map;

/// The most cases of all what-ifs of a file: more than any table or chart can show.
const MOST_CASES: usize = 200;

wire_map! {
    /// A what-if: what is set, or swept over, on the same random numbers as the base.
    pub struct WhatIfWire {
        /// Paths and what they are set to: a value, {times: 1.2}, {plus: 5%}; prices.ROUTE.COMPONENT also with `from`.
        set: Named<AnyTree>,
        /// One or two paths, each with a list of values or {from, to, steps}.
        sweep: Named<AnyTree>,
        /// Names of other what-ifs that hold at once.
        combine: Vec<Spanned<String>>,
    }
}

/// A tree whose meaning depends on where it is put.
#[derive(Clone, Debug)]
pub struct AnyTree(pub Node);

impl Wire for AnyTree {
    fn read(node: &Node, _: &mut Problems) -> Option<Self> {
        Some(AnyTree(node.clone()))
    }

    fn schema() -> Json {
        json!({})
    }
}

/// One case: a what-if, or one cell of its sweep.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name: the what-if's, with the cell's values where it sweeps.
    pub name: String,
    /// The name of its what-if.
    pub what_if: String,
    /// What is set.
    pub edits: Vec<Edit>,
}

/// A change of a price, and all prices after it.
type Priced<'a> = (&'a Edit, Catalogue);

impl Case {
    /// The case of `PATH=VALUE` pairs that do not stand in a file.
    ///
    /// # Errors
    /// A pair without `=`, or whose value is no YAML.
    pub fn of_pairs(pairs: &[String]) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let edits: Vec<Edit> = pairs.iter().filter_map(|pair| edit_of(pair, &mut problems)).collect();
        refuse_contradictions(&edits, &mut problems);
        problems.or_value(Some(Case { name: pairs.join(", "), what_if: String::new(), edits }))
    }

    /// The tree of `base` with the case's edits, without what belongs to the base alone: its expectations and its
    /// what-ifs.
    ///
    /// # Errors
    /// Paths that lead nowhere, and changes that cannot be made.
    pub fn on(&self, base: &Assembled) -> Result<Assembled, Problems> {
        let mut problems = Problems::new();
        let mut case = base.clone();
        if let Value::Map(entries) = &mut case.root.value {
            entries.retain(|entry| !["expect", "what_if", "commitments"].contains(&entry.key.value.as_ref()));
        }
        for edit in self.edits.iter().filter(|edit| !is_price(edit)) {
            edit.apply(&mut case.root, &mut problems);
            if let Value::Scalar(_) = edit.to.value {
                case.settled.extend(edit.settles());
            }
        }
        problems.or_value(Some(case))
    }

    /// The providers whose prices the case needs.
    pub fn providers(&self, base: &Assembled) -> Vec<String> {
        let of_prices = self.edits.iter().filter(|edit| is_price(edit)).filter_map(|edit| {
            let route = edit.path.value.strip_prefix(PRICES)?;
            route.split_once('/').map(|(provider, _)| provider.to_owned())
        });
        let of_routes = self.on(base).map(|case| case.providers()).unwrap_or_default();
        of_prices.chain(of_routes).collect()
    }

    /// The scenario of the case.
    ///
    /// # Errors
    /// All problems of its edits, and of the scenario that they make.
    pub fn scenario(&self, base: &Assembled, catalogue: &Catalogue) -> Result<Scenario, Problems> {
        let (tree, priced) = self.checked(base, catalogue)?;
        let mut scenario = Scenario::read(&tree, catalogue)?;
        let mut known = catalogue;
        for (edit, new) in &priced {
            let after = Scenario::read(&tree, new)?;
            if bills_alike(&scenario, &after) && !self.could_matter(edit, &tree, known, &scenario) {
                return Err(without_effect(edit));
            }
            (scenario, known) = (after, new);
        }
        Ok(scenario)
    }

    /// The tree with all edits, and the prices after each edit of one; all that is wrong with any of them.
    fn checked(
        &self,
        base: &Assembled,
        catalogue: &Catalogue,
    ) -> Result<(Assembled, Vec<Priced<'_>>), Problems> {
        let mut problems = Problems::new();
        let tree = self.on(base).map_err(|found| problems.extend(found)).ok();
        let mut priced: Vec<Priced<'_>> = Vec::new();
        for edit in self.edits.iter().filter(|edit| is_price(edit)) {
            let known = priced.last().map_or(catalogue, |(_, known)| known);
            let new = price_change(edit, known, &mut problems).and_then(|change| {
                let changed = known.with_change(&change);
                changed.map_err(|why| problems.at(Code::NoPrice, &edit.path.place, why, "", "")).ok()
            });
            priced.extend(new.map(|new| (edit, new)));
        }
        problems.or_value(tree.map(|tree| (tree, priced)))
    }

    /// Whether another change of the same price would be seen on a bill: then it is only set to what it is.
    fn could_matter(&self, edit: &Edit, tree: &Assembled, known: &Catalogue, scenario: &Scenario) -> bool {
        let mut problems = Problems::new();
        let Some(mut change) = price_change(edit, known, &mut problems) else { return false };
        change.to = match change.to {
            NewPrice::Times(_) => NewPrice::Times(Ratio::from_millionths(1_500_000)),
            NewPrice::Rate(rate) => {
                NewPrice::Rate(Rate::from_micro_usd_per_million(rate.micro_usd_per_million() + 1_000_000))
            }
        };
        let other = known.with_change(&change).ok().and_then(|other| Scenario::read(tree, &other).ok());
        other.is_some_and(|other| !bills_alike(scenario, &other))
    }
}

impl Assembled {
    /// The cases of the scenario's what-ifs, in the order of the file.
    ///
    /// # Errors
    /// All that is wrong with them before they are applied: sweeps of nothing or of too much, unknown names,
    /// contradictory sets.
    pub fn cases(&self) -> Result<Vec<Case>, Problems> {
        let mut problems = Problems::new();
        let what_ifs = Named::<WhatIfWire>::take("what_if", &self.root, &mut problems);
        let Some(what_ifs) = what_ifs else { return Err(problems) };
        let mut cases = Vec::new();
        for (name, what_if) in &what_ifs.0 {
            let Some(edits) = edits(name, what_if, &what_ifs, &mut problems) else { continue };
            let Some(sweeps) = sweeps(what_if, &mut problems) else { continue };
            let cells: usize = sweeps.iter().map(|(_, values)| values.len()).product();
            if cases.len() + cells > MOST_CASES {
                let title = format!("more than {MOST_CASES} cases");
                let found = format!("`{}` alone has {cells}", name.value);
                let help = "sweep over fewer values; `tollcast optimize --map` draws whole maps";
                problems.at(Code::TooLarge, &name.place, title, found, help);
                return Err(problems);
            }
            for cell in product(&sweeps) {
                let all: Vec<Edit> = edits.iter().cloned().chain(cell.iter().cloned()).collect();
                refuse_contradictions(&all, &mut problems);
                let cell = cell_name(&name.value, &cell);
                cases.push(Case { name: cell, what_if: name.value.clone(), edits: all });
            }
        }
        problems.or_value(Some(cases))
    }
}

/// The edit of a `PATH=VALUE` of the command line.
fn edit_of(pair: &str, problems: &mut Problems) -> Option<Edit> {
    let source = std::sync::Arc::new(Source::new("--set", pair.to_owned()));
    let whole = Place { source, start: 0, end: pair.len(), line: 1, column: 1 };
    let Some((path, value)) = pair.split_once('=') else {
        let help = "for instance --set workloads.chat.cache.hit_rate=76%";
        problems.at(Code::Unreadable, &whole, "expected PATH=VALUE", format!("found `{pair}`"), help);
        return None;
    };
    let path = Spanned { value: path.trim().to_owned(), place: whole.clone() };
    // The value is YAML as it would stand behind the path's last key.
    match parse(&std::sync::Arc::new(Source::new("--set", format!("value: {value}")))) {
        Ok(tree) => {
            let mut to = tree.get("value").cloned()?;
            super::edit::place_all(&mut to, &whole);
            Some(Edit { path, to })
        }
        Err(wrong) => {
            problems.extend(wrong);
            None
        }
    }
}

/// The edits of a what-if, those that it combines first.
fn edits(
    name: &Spanned<String>,
    what_if: &WhatIfWire,
    all: &Named<WhatIfWire>,
    problems: &mut Problems,
) -> Option<Vec<Edit>> {
    let before = problems.len();
    if what_if.set.0.is_empty() && what_if.sweep.0.is_empty() && what_if.combine.is_empty() {
        let title = format!("the what-if `{}` changes nothing", name.value);
        problems.at(Code::MissingKey, &what_if.place, title, "", "give it `set:`, `sweep:` or `combine:`");
    }
    let mut found = Vec::new();
    for other in &what_if.combine {
        let known = all.0.iter().find(|(known, _)| known.value == other.value);
        match known {
            Some((_, part)) if part.combine.is_empty() && part.sweep.0.is_empty() => found.extend(sets(part)),
            Some(_) => {
                let title = format!("`{}` cannot be combined", other.value);
                let help = "only what-ifs with nothing but `set:` can";
                problems.at(Code::Conflict, &other.place, title, "it sweeps or combines itself", help);
            }
            None => {
                let title = format!("unknown what-if `{}`", other.value);
                let names: Vec<&str> = all.0.iter().map(|(name, _)| name.value.as_str()).collect();
                problems.at(Code::UnknownName, &other.place, title, "", suggest(&other.value, names));
            }
        }
    }
    found.extend(sets(what_if));
    (problems.len() == before).then_some(found)
}

fn sets(what_if: &WhatIfWire) -> impl Iterator<Item = Edit> {
    what_if.set.0.iter().map(|(path, AnyTree(to))| Edit { path: path.clone(), to: to.clone() })
}

/// The paths that a what-if sweeps over, with their values.
fn sweeps<'a>(
    what_if: &'a WhatIfWire,
    problems: &mut Problems,
) -> Option<Vec<(&'a Spanned<String>, Vec<Node>)>> {
    if let Some((third, _)) = what_if.sweep.0.get(2) {
        let help = "set the others in `set:`";
        problems.at(Code::TooLarge, &third.place, "a sweep goes over one or two paths", "", help);
        return None;
    }
    what_if.sweep.0.iter().map(|(path, AnyTree(node))| Some((path, values(node, problems)?))).collect()
}

/// The values of a sweep: those of a list, or evenly spread ones.
fn values(node: &Node, problems: &mut Problems) -> Option<Vec<Node>> {
    let help = "write a list such as [20%, 40%], or {from: 20%, to: 80%, steps: 4}";
    match &node.value {
        Value::List(items) if !items.is_empty() => {
            let same = |at: &usize| items[..*at].iter().any(|item| flow(item) == flow(&items[*at]));
            if let Some(at) = (1..items.len()).find(same) {
                let title = format!("the value {} is swept twice", flow(&items[at]));
                problems.at(Code::Conflict, &items[at].place, title, "", "keep one of them");
                return None;
            }
            Some(items.clone())
        }
        Value::Map(entries) => spread(node, entries, problems),
        _ => {
            problems.at(Code::WrongType, &node.place, "a sweep needs values", node.found(), help);
            None
        }
    }
}

fn spread(node: &Node, entries: &[Entry], problems: &mut Problems) -> Option<Vec<Node>> {
    crate::domain::document::refuse_unknown_keys(node, &["from", "to", "steps"], problems);
    let [Some(from), Some(to), Some(steps)] = ["from", "to", "steps"].map(|key| node.get(key)) else {
        problems.at(Code::MissingKey, &node.place, "a sweep has `from`, `to` and `steps`", "", "");
        return None;
    };
    if entries.len() > 3 {
        return None;
    }
    let (first, last) = (quantity::plain_number(from, problems)?, quantity::plain_number(to, problems)?);
    let count = quantity::plain_number(steps, problems)?;
    if count.fract() != 0.0 || count < 2.0 || count > MOST_CASES as f64 {
        let title = format!("expected 2 to {MOST_CASES} steps");
        let help = "`tollcast optimize --map` draws whole maps";
        problems.at(Code::OutOfRange, &steps.place, title, steps.found(), help);
        return None;
    }
    let percent = [from, to].into_iter().all(|node| match &node.value {
        Value::Scalar(text) => parse_number(text).is_ok_and(|number| number.percent),
        _ => false,
    });
    let value = |at: usize| {
        let value = first + (last - first) * at as f64 / (count - 1.0);
        let text = written(value, percent);
        Node { place: node.place.clone(), value: Value::Scalar(text.into()) }
    };
    Some((0..count as usize).map(value).collect())
}

/// Every combination of the swept values; one without any where nothing is swept.
fn product(sweeps: &[(&Spanned<String>, Vec<Node>)]) -> Vec<Vec<Edit>> {
    sweeps.iter().fold(vec![Vec::new()], |cells, (path, values)| {
        let with = |cell: &Vec<Edit>, value: &Node| {
            let mut cell = cell.clone();
            cell.push(Edit { path: (*path).clone(), to: value.clone() });
            cell
        };
        cells
            .iter()
            .flat_map(|cell| values.iter().map(|value| with(cell, value)).collect::<Vec<_>>())
            .collect()
    })
}

fn cell_name(name: &str, cell: &[Edit]) -> String {
    let part = |edit: &Edit| {
        let key = match edit.path.value.strip_prefix(PRICES) {
            Some(price) => price,
            None => edit.path.value.rsplit('.').next().unwrap_or_default(),
        };
        format!("{} {}", key.replace('_', " "), told(&edit.to))
    };
    let parts: Vec<String> = cell.iter().map(part).collect();
    if parts.is_empty() { name.to_owned() } else { format!("{name}: {}", parts.join(", ")) }
}

/// A value as a name tells it: `× 1.25`, `+ 5%`, else as a file writes it.
fn told(node: &Node) -> String {
    if node.get("from").is_some() {
        return flow(node);
    }
    match (node.get("times"), node.get("plus")) {
        (Some(factor), _) => format!("\u{d7} {}", flow(factor)),
        (_, Some(more)) => format!("+ {}", flow(more)),
        _ => flow(node),
    }
}

/// Two edits of one path, or of a path and of what it leads through, say different things.
fn refuse_contradictions(edits: &[Edit], problems: &mut Problems) {
    for (at, edit) in edits.iter().enumerate() {
        let clashes = |earlier: &&Edit| {
            let (a, b) = (&earlier.path.value, &edit.path.value);
            (leads(a, b) || leads(b, a)) && !(is_price(edit) && is_another_component(a, b))
        };
        let Some(other) = edits[..at].iter().find(clashes) else { continue };
        let title = format!("`{}` is set twice", edit.path.value);
        let found =
            format!("also on line {}: `{}` to {}", other.path.place.line, other.path.value, flow(&other.to));
        problems.at(Code::Conflict, &edit.path.place, title, found, "keep one of them");
    }
}

/// Whether two paths lead to prices of different routes, of which the name of one begins with that of the other.
fn is_another_component(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let Some(rest) = long.strip_prefix(short).and_then(|rest| rest.strip_prefix('.')) else { return false };
    Component::ALL.iter().all(|component| component.name() != rest)
}

/// Whether two readings of one scenario are billed at the same prices.
fn bills_alike(a: &Scenario, b: &Scenario) -> bool {
    let plans = |scenario: &Scenario| {
        scenario.routes.iter().flat_map(|route| route.plans.clone()).collect::<Vec<_>>()
    };
    plans(a).iter().zip(&plans(b)).all(|(a, b)| a.months == b.months)
}

fn without_effect(edit: &Edit) -> Problems {
    let mut problems = Problems::new();
    let title = format!("`{}` changes no price that the scenario is billed at", edit.path.value);
    let help = "name a route of the scenario with its tier and region, a price that it uses, and a date within its months";
    problems.at(Code::Conflict, &edit.path.place, title, flow(&edit.to), help);
    problems
}
