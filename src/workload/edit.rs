//! Edits of a scenario's tree by path: what a what-if sets. An edited tree is read and checked as any other, so
//! that a wrong value is found where it was written.
//!
//! `workloads.chat.cache.hit_rate` leads through maps by their keys, `routes.openai/gpt-5.4.discount` to a route by
//! its label or its id. Keys that the file does not state are added; whether they exist, the reader says.

use crate::domain::document::{Entry, Node, Spanned, Value};
use crate::domain::number::parse_number;
use crate::domain::problem::{Code, Place, Problems, suggest};

/// One thing that is set.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Where: a path through the scenario.
    pub path: Spanned<String>,
    /// To what: a value, `{times: ..}` or `{plus: ..}`.
    pub to: Node,
}

/// What an edit makes of what stands at its path.
pub enum Change<'a> {
    /// This stands there instead.
    To(&'a Node),
    /// Every number of it is multiplied.
    Times(f64),
    /// Something is added to every number of it.
    Plus(f64),
}

impl<'a> Change<'a> {
    /// Reads a change from what stands behind a path.
    pub fn read(node: &'a Node, problems: &mut Problems) -> Option<Self> {
        let Value::Map(entries) = &node.value else { return Some(Change::To(node)) };
        let [entry] = entries.as_slice() else { return Some(Change::To(node)) };
        let number = |problems: &mut Problems| super::quantity::plain_number(&entry.value, problems);
        match entry.key.value.as_ref() {
            "times" => {
                let factor = number(problems)?;
                if factor <= 0.0 {
                    let help = "write 1.2 for a fifth more, 0.8 for a fifth less";
                    problems.at(
                        Code::OutOfRange,
                        &entry.value.place,
                        "a factor is above 0",
                        entry.value.found(),
                        help,
                    );
                    return None;
                }
                Some(Change::Times(factor))
            }
            "plus" => number(problems).map(Change::Plus),
            _ => Some(Change::To(node)),
        }
    }
}

/// What no what-if may change, and why.
const FIXED: [(&[&str], &str); 3] = [
    (
        &["start", "months", "trials", "seed"],
        "scenarios are compared over the same months and on the same random numbers",
    ),
    (
        &["what_if", "expect", "commitments"],
        "it belongs to the file and not to a case of it; change the file itself",
    ),
    (&["tollcast", "name", "extends"], "it says what the file is; a what-if is named by its own key"),
];

impl Edit {
    /// Applies the edit to the tree of a scenario.
    pub fn apply(&self, root: &mut Node, problems: &mut Problems) -> Option<()> {
        let change = Change::read(&self.to, problems)?;
        let (head, rest) = split(&self.path.value);
        if let Some((_, help)) = FIXED.iter().find(|(keys, _)| keys.contains(&head)) {
            let title = format!("a what-if cannot change `{head}`");
            problems.at(Code::Conflict, &self.path.place, title, "", *help);
            return None;
        }
        match (head, rest) {
            ("routes", Some(rest)) => self.at_route(root, rest, &change, problems),
            ("workloads", Some(rest)) => {
                let name = self.known_workload(root, rest, problems)?;
                forget_other_volume(root, &name, &rest[name.len()..]);
                self.descend(root, &self.path.value, &change, problems)
            }
            ("capacity", Some(rest)) => {
                if let Some(route) = rest.strip_prefix("routes.") {
                    self.enter_route(root, route);
                }
                self.descend(root, &self.path.value, &change, problems)
            }
            _ => self.descend(root, &self.path.value, &change, problems),
        }
    }

    /// Makes room for a route's capacity where the file has none yet: its name may hold dots.
    fn enter_route(&self, root: &mut Node, rest: &str) {
        let Some(Value::List(items)) = root.get("routes").map(|routes| &routes.value) else { return };
        let names = items.iter().map(route_name).filter(|name| leads(rest, name));
        let Some(name) = names.max_by_key(String::len) else { return };
        let mut node = root;
        for key in ["capacity", "routes", &name] {
            if let Value::Null = node.value {
                node.value = Value::Map(Vec::new());
            }
            let Value::Map(entries) = &mut node.value else { return };
            let known = entries.iter().position(|entry| entry.key.value == key);
            let at = known.unwrap_or(entries.len());
            if known.is_none() {
                entries.push(self.entry(key, Node { place: self.path.place.clone(), value: Value::Null }));
            }
            node = &mut entries[at].value;
        }
    }

    /// What the edit leaves without a range: its path, and of a volume the other way to state it.
    pub fn settles(&self) -> Vec<String> {
        let path = &self.path.value;
        let other =
            VOLUMES.iter().find_map(|(field, other)| Some(format!("{}{other}", path.strip_suffix(field)?)));
        std::iter::once(path.clone()).chain(other).collect()
    }

    /// The workload that the path below `workloads` begins with.
    fn known_workload(&self, root: &Node, rest: &str, problems: &mut Problems) -> Option<String> {
        let names = root.get("workloads").map(Node::keys).unwrap_or_default();
        let best = names.iter().filter(|name| leads(rest, name)).max_by_key(|name| name.len());
        if best.is_none() {
            self.unknown("workload", split(rest).0, "workloads", &names, problems);
        }
        best.map(|name| (*name).to_owned())
    }

    fn unknown(
        &self,
        what: &str,
        name: &str,
        under: &str,
        known: &[&str],
        problems: &mut Problems,
    ) -> Option<()> {
        let title = format!("`{}` leads to no {what}", self.path.value);
        let help = format!("under `{under}`: {}", suggest(name, known.iter().copied()));
        problems.at(Code::UnknownName, &self.path.place, title, "", help);
        None
    }

    /// Applies the change to a route, by its label or, where it has none, its id.
    fn at_route(
        &self,
        root: &mut Node,
        rest: &str,
        change: &Change<'_>,
        problems: &mut Problems,
    ) -> Option<()> {
        let Some(Value::List(items)) = root.get_mut("routes").map(|routes| &mut routes.value) else {
            return self.unknown("route", rest, "routes", &[], problems);
        };
        let names: Vec<String> = items.iter().map(route_name).collect();
        let best = (0..names.len()).filter(|&at| leads(rest, &names[at])).max_by_key(|&at| names[at].len());
        let Some(at) = best else {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            return self.unknown("route", rest, "routes", &names, problems);
        };
        let item = &mut items[at];
        let Some(field) = rest[names[at].len()..].strip_prefix('.') else {
            return self.put(item, "routes", change, problems);
        };
        if matches!(item.value, Value::Scalar(_)) {
            let id = item.clone();
            item.value = Value::Map(vec![self.entry("id", id)]);
        }
        // The route keeps its name, so that both are compared: a new way to buy the same.
        if field == "id" && item.get("label").is_none() {
            let label = Node { place: item.place.clone(), value: Value::Scalar(names[at].clone().into()) };
            let label = self.entry("label", label);
            if let Value::Map(entries) = &mut item.value {
                entries.push(label);
            }
        }
        self.descend(item, field, change, problems)
    }

    fn entry(&self, key: &str, value: Node) -> Entry {
        Entry { key: Spanned { value: key.to_owned().into(), place: self.path.place.clone() }, value }
    }

    /// Goes down the keys of `path`, adding those that are not there, and applies the change at its end.
    fn descend(
        &self,
        node: &mut Node,
        path: &str,
        change: &Change<'_>,
        problems: &mut Problems,
    ) -> Option<()> {
        if let Value::Null = node.value {
            node.value = Value::Map(Vec::new());
        }
        let Value::Map(entries) = &mut node.value else {
            let title = format!("`{}` leads on from where a plain value stands", self.path.value);
            problems.at(
                Code::WrongType,
                &self.path.place,
                title,
                node.found(),
                "set the whole value instead",
            );
            return None;
        };
        // Names may hold dots: the longest key that the path begins with is meant.
        let best = (0..entries.len())
            .filter(|&at| leads(path, &entries[at].key.value))
            .max_by_key(|&at| entries[at].key.value.len());
        let (at, rest) = match best {
            Some(at) => (at, path[entries[at].key.value.len()..].strip_prefix('.')),
            None => {
                let (head, rest) = split(path);
                let empty = Node { place: self.path.place.clone(), value: Value::Null };
                entries.push(self.entry(head, empty));
                (entries.len() - 1, rest)
            }
        };
        match rest {
            Some(rest) => self.descend(&mut entries[at].value, rest, change, problems),
            None => {
                let key = entries[at].key.value.to_string();
                self.put(&mut entries[at].value, &key, change, problems)
            }
        }
    }

    /// Applies the change to what stands under `key`.
    fn put(&self, node: &mut Node, key: &str, change: &Change<'_>, problems: &mut Problems) -> Option<()> {
        let (word, apply): (&str, Box<dyn Fn(f64) -> f64>) = match *change {
            Change::To(value) => {
                *node = value.clone();
                return Some(());
            }
            Change::Times(factor) => ("multiplied", Box::new(move |number| number * factor)),
            Change::Plus(more) => ("added to", Box::new(move |number| number + more)),
        };
        let length = LENGTHS.contains(&key);
        let changed = match change {
            Change::Times(factor) if length => scaled_length(node, *factor),
            Change::Plus(_) if length && matches!(node.value, Value::Map(_)) => None,
            _ => changed(node, &apply, matches!(change, Change::Plus(_))),
        };
        let Some(mut new) = changed else {
            let title = format!("what stands at `{}` cannot be {word}", self.path.value);
            let found = if matches!(node.value, Value::Null) {
                "nothing is stated there".to_owned()
            } else {
                node.found()
            };
            problems.at(Code::WrongType, &self.path.place, title, found, "set it to a value instead");
            return None;
        };
        // A result out of bounds is the edit's, not the base's.
        place_all(&mut new, &self.to.place);
        *node = new;
        Some(())
    }
}

/// Each way to state a volume, and the other one.
const VOLUMES: [(&str, &str); 2] = [
    (".volume.requests_per_day", ".volume.requests_per_month"),
    (".volume.requests_per_month", ".volume.requests_per_day"),
];

/// A volume is stated by the day or by the month: setting one, at `field` of the workload `name`, takes the place of
/// the other.
fn forget_other_volume(root: &mut Node, name: &str, field: &str) {
    let Some((_, other)) = VOLUMES.iter().find(|(known, _)| *known == field) else { return };
    let other = other.rsplit('.').next().unwrap_or_default();
    let workload = root.get_mut("workloads").and_then(|workloads| workloads.get_mut(name));
    let volume = workload.and_then(|workload| workload.get_mut("volume"));
    if let Some(Value::Map(fields)) = volume.map(|volume| &mut volume.value) {
        fields.retain(|field| field.key.value != other);
    }
}

/// Keys of token lengths and other counts, whose plain values are whole.
const LENGTHS: [&str; 4] = ["prompt", "output", "tokens", "turns"];

/// The first key of a path, and the rest.
fn split(path: &str) -> (&str, Option<&str>) {
    path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)))
}

/// Whether a path is `key` or begins with it and a dot.
pub fn leads(path: &str, key: &str) -> bool {
    path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What stands at a path of a scenario's tree, as an edit of it would find it.
pub fn stated<'a>(root: &'a Node, path: &str) -> Option<&'a Node> {
    let Some(rest) = path.strip_prefix("routes.") else { return below(root, path) };
    let Value::List(items) = &root.get("routes")?.value else { return None };
    let named = items.iter().map(|item| (item, route_name(item))).filter(|(_, name)| leads(rest, name));
    let (item, name) = named.max_by_key(|(_, name)| name.len())?;
    below(item, rest[name.len()..].strip_prefix('.')?)
}

/// What stands below a node; names may hold dots, and the longest key that the path begins with is meant.
fn below<'a>(node: &'a Node, path: &str) -> Option<&'a Node> {
    let Value::Map(entries) = &node.value else { return None };
    let named = entries.iter().filter(|entry| leads(path, &entry.key.value));
    let entry = named.max_by_key(|entry| entry.key.value.len())?;
    match path[entry.key.value.len()..].strip_prefix('.') {
        Some(rest) => below(&entry.value, rest),
        None => Some(&entry.value),
    }
}

/// A route's label, else its id.
fn route_name(item: &Node) -> String {
    let named = item.get("label").or_else(|| item.get("id")).unwrap_or(item);
    match &named.value {
        Value::Scalar(text) => text.to_string(),
        _ => String::new(),
    }
}

/// A quantity with all its numbers changed: a value, or every percentile or bound. Moving a law does not widen it.
fn changed(node: &Node, apply: &dyn Fn(f64) -> f64, moved: bool) -> Option<Node> {
    let value = match &node.value {
        Value::Scalar(text) => {
            let number = parse_number(text).ok()?;
            Value::Scalar(written(apply(number.value), number.percent).into())
        }
        Value::Map(entries) => {
            if !entries.iter().all(|entry| is_of_a_range(&entry.key.value)) {
                return None;
            }
            let entry = |entry: &Entry| {
                let keep = moved && entry.key.value == "sd";
                let value =
                    if keep { Some(entry.value.clone()) } else { changed(&entry.value, apply, moved) };
                value.map(|value| Entry { key: entry.key.clone(), value })
            };
            Value::Map(entries.iter().map(entry).collect::<Option<_>>()?)
        }
        Value::Null | Value::List(_) => return None,
    };
    Some(Node { place: node.place.clone(), value })
}

/// Whether a key belongs to a range or a law, whose numbers mean the same thing: a whole section does not.
fn is_of_a_range(key: &str) -> bool {
    const KEYS: [&str; 10] =
        ["low", "mode", "high", "mean", "sd", "normal", "lognormal", "logitnormal", "uniform", "triangular"];
    KEYS.contains(&key) || super::quantity::percentile(key).is_some()
}

/// A length law times a factor: a constant rounded to whole tokens, or a law with its scale.
fn scaled_length(node: &Node, factor: f64) -> Option<Node> {
    let Value::Map(entries) = &node.value else {
        return changed(node, &|tokens| (tokens * factor).round(), false);
    };
    let [Entry { key, value: law }] = entries.as_slice() else { return None };
    let mut law = law.clone();
    if let Value::Scalar(_) = law.value {
        let name = Spanned { value: "name".into(), place: law.place.clone() };
        law.value = Value::Map(vec![Entry { key: name, value: law.clone() }]);
    }
    let uncertain = matches!(law.get("median").map(|median| &median.value), Some(Value::Map(_)));
    match law.get_mut("scale") {
        Some(scale) => *scale = changed(scale, &|scale| scale * factor, false)?,
        None if uncertain => law = changed(&law, &|tokens| tokens * factor, false)?,
        None => {
            let place = law.place.clone();
            let scale = Node { place: place.clone(), value: Value::Scalar(written(factor, false).into()) };
            let Value::Map(fields) = &mut law.value else { return None };
            fields.push(Entry { key: Spanned { value: "scale".into(), place }, value: scale });
        }
    }
    Some(Node { place: node.place.clone(), value: Value::Map(vec![Entry { key: key.clone(), value: law }]) })
}

/// A number as people write it, to twelve digits: three times 10 % are 30 %, not what floats make of it.
pub fn written(value: f64, percent: bool) -> String {
    let rounded = |value: f64| format!("{value:.11e}").parse().unwrap_or(value);
    if percent { format!("{}%", rounded(value * 100.0)) } else { rounded(value).to_string() }
}

/// Gives a tree another place, so that messages show where its numbers come from.
pub fn place_all(node: &mut Node, place: &Place) {
    node.place = place.clone();
    match &mut node.value {
        Value::Map(entries) => {
            for entry in entries {
                entry.key.place = place.clone();
                place_all(&mut entry.value, place);
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| place_all(item, place)),
        Value::Scalar(_) | Value::Null => {}
    }
}

/// A tree in YAML's flow style, for names and messages.
pub fn flow(node: &Node) -> String {
    match &node.value {
        Value::Scalar(text) => text.to_string(),
        Value::Null => "~".to_owned(),
        Value::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let entry = |entry: &Entry| format!("{}: {}", entry.key.value, flow(&entry.value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::document::parse;
    use crate::domain::problem::Source;
    use std::sync::Arc;

    const BASE: &str = "
workloads:
  chat v1.5:
    volume: {requests_per_month: {p10: 800k, p90: 1.2M}, growth_per_month: 2%}
    prompt: {lognormal: {median: 3k, p95: 20k}}
    output: 400
    cache: {hit_rate: {p10: 30%, p90: 60%}}
routes:
  - openai/gpt-5.4
  - {id: openai/gpt-5.4:batch, label: nightly}
";

    fn tree(text: &str) -> Node {
        parse(&Arc::new(Source::new("t.yaml", text))).unwrap()
    }

    /// The tree with one edit, as nested text; or what is wrong.
    fn edited(path: &str, to: &str) -> Result<String, String> {
        let mut root = tree(BASE);
        let to = tree(&format!("to: {to}\n"));
        let path = Spanned { value: path.to_owned(), place: to.place.clone() };
        let edit = Edit { path, to: to.get("to").unwrap().clone() };
        let mut problems = Problems::new();
        let done = edit.apply(&mut root, &mut problems);
        problems.or_value(done).map(|()| flow(&root)).map_err(|problems| problems.to_string())
    }

    #[test]
    fn paths_lead_through_names_with_dots_and_to_routes_by_label_or_id() {
        let hit = edited("workloads.chat v1.5.cache.hit_rate", "76%").unwrap();
        assert!(hit.contains("cache: {hit_rate: 76%}"), "{hit}");
        let discount = edited("routes.openai/gpt-5.4.discount", "10%").unwrap();
        assert!(discount.contains("[{id: openai/gpt-5.4, discount: 10%}, {id"), "{discount}");
        let other = edited("routes.nightly.id", "azure/gpt-5.4:batch").unwrap();
        assert!(other.contains("{id: azure/gpt-5.4:batch, label: nightly}"), "{other}");
        let kept = edited("routes.openai/gpt-5.4.id", "azure/gpt-5.4").unwrap();
        assert!(kept.contains("{id: azure/gpt-5.4, label: openai/gpt-5.4}"), "{kept}");
    }

    #[test]
    fn factors_multiply_every_number_of_a_range_and_the_scale_of_a_length() {
        let volume = edited("workloads.chat v1.5.volume.requests_per_month", "{times: 1.5}").unwrap();
        assert!(volume.contains("{p10: 1200000, p90: 1800000}"), "{volume}");
        let hits = edited("workloads.chat v1.5.cache.hit_rate", "{times: 1.2}").unwrap();
        assert!(hits.contains("{p10: 36%, p90: 72%}"), "{hits}");
        let prompt = edited("workloads.chat v1.5.prompt", "{times: 0.8}").unwrap();
        assert!(prompt.contains("prompt: {lognormal: {median: 3k, p95: 20k, scale: 0.8}}"), "{prompt}");
        let output = edited("workloads.chat v1.5.output", "{times: 1.001}").unwrap();
        assert!(output.contains("output: 400,"), "{output}");
        let more = edited("workloads.chat v1.5.volume.growth_per_month", "{plus: 1%}").unwrap();
        assert!(more.contains("growth_per_month: 3%"), "{more}");
    }

    #[test]
    fn a_volume_by_the_day_takes_the_place_of_one_by_the_month() {
        let daily = edited("workloads.chat v1.5.volume.requests_per_day", "5k").unwrap();
        assert!(daily.contains("volume: {growth_per_month: 2%, requests_per_day: 5k}"), "{daily}");
    }

    #[test]
    fn paths_that_lead_nowhere_are_refused_with_near_names() {
        let refused = |path: &str, to: &str| edited(path, to).unwrap_err();
        assert!(refused("workloads.chat.cache.hit_rate", "1%").contains("did you mean chat v1.5"));
        assert!(refused("routes.openai/gpt-5.5.discount", "1%").contains("did you mean openai/gpt-5.4"));
        assert!(refused("start", "2028-01").contains("cannot change `start`"));
        assert!(refused("workloads.chat v1.5.output.median", "3").contains("plain value"));
        assert!(refused("workloads.chat v1.5.cache.write_share", "{times: 2}").contains("nothing is stated"));
        assert!(refused("workloads.chat v1.5.prompt", "{times: 0}").contains("above 0"));
        assert!(refused("workloads.chat v1.5.prompt", "{plus: 5}").contains("cannot be added to"));
    }
}
