//! `extends:`: a scenario that says only what differs from another.

use std::sync::Arc;

use crate::domain::document::{Node, Value, overlay, parse};
use crate::domain::problem::{Code, Problems, Source};
use crate::domain::route::RouteId;

/// A scenario's tree with everything that it extends under it.
#[derive(Clone, Debug)]
pub struct Assembled {
    /// The merged tree; every node keeps the place in the file that it came from.
    pub root: Node,
    /// The files, the extending one first.
    pub sources: Vec<Arc<Source>>,
    /// Paths that a what-if has set to one value. What is stated to be correlated with them is drawn as it was
    /// before, future by future.
    pub settled: Vec<String>,
}

impl Assembled {
    /// How many routes are listed.
    pub fn routes(&self) -> usize {
        match self.root.get("routes").map(|routes| &routes.value) {
            Some(Value::List(items)) => items.len(),
            _ => 0,
        }
    }

    /// The providers that its routes name, as far as they can be read; what is wrong with the others is said when
    /// the scenario is.
    pub fn providers(&self) -> Vec<String> {
        let Some(Value::List(items)) = self.root.get("routes").map(|routes| &routes.value) else {
            return Vec::new();
        };
        let ids = items.iter().map(|item| item.get("id").unwrap_or(item));
        let routes = ids.filter_map(|id| match &id.value {
            Value::Scalar(text) => RouteId::parse(text).ok(),
            _ => None,
        });
        routes.map(|route| route.provider).collect()
    }

    /// The same with some of its routes only, by their number. What it expects of routes, and contract offers for
    /// them, are left out, and capacity, which may name others.
    pub fn with_routes(&self, keep: &[usize]) -> Self {
        let mut part = self.clone();
        if let Value::Map(entries) = &mut part.root.value {
            entries
                .retain(|entry| !["expect", "commitments", "capacity"].contains(&entry.key.value.as_ref()));
            for entry in entries.iter_mut().filter(|entry| entry.key.value == "routes") {
                if let Value::List(items) = &mut entry.value.value {
                    let mut at = 0..;
                    items.retain(|_| at.next().is_some_and(|at| keep.contains(&at)));
                }
            }
        }
        part
    }
}

/// How long a chain of `extends:` may be.
const LONGEST_CHAIN: usize = 8;

/// Fetches a file by the name that stands behind `extends:` and the name of the file in which it stands.
pub type Open<'a> = &'a dyn Fn(&str, &str) -> Result<Arc<Source>, String>;

/// Parses a scenario and lays it over those that it extends, which `open` fetches.
///
/// # Errors
/// A syntax error in any of the files, a file that cannot be opened, or a circle.
pub fn assemble(source: &Arc<Source>, open: Open<'_>) -> Result<Assembled, Problems> {
    let mut layers = vec![parse(source)?];
    let mut sources = vec![source.clone()];
    while let Some(base) = layers[layers.len() - 1].get("extends").cloned() {
        let mut problems = Problems::new();
        let Some(name) = base.scalar("the path of a scenario", &mut problems) else { return Err(problems) };
        let from = sources[sources.len() - 1].name.clone();
        match open(name, &from) {
            Ok(found) if sources.iter().any(|s| s.name == found.name) || sources.len() >= LONGEST_CHAIN => {
                problems.at(
                    Code::Conflict,
                    &base.place,
                    "`extends` goes in a circle or too deep",
                    format!("at {}", found.name),
                    "",
                );
                return Err(problems);
            }
            Ok(found) => {
                layers.push(parse(&found)?);
                sources.push(found);
            }
            Err(why) => {
                problems.at(
                    Code::UnknownName,
                    &base.place,
                    format!("cannot read the scenario `{name}`"),
                    why,
                    "the path is relative to the file that extends",
                );
                return Err(problems);
            }
        }
    }
    let merged = layers
        .into_iter()
        .rev()
        .map(without_extends)
        .reduce(|base, top| overlay(without_replaced_volume(base, &top), top, &is_structure));
    match merged {
        Some(root) => Ok(Assembled { root, sources, settled: Vec::new() }),
        None => Err(Problems::new()),
    }
}

/// Where maps are merged key by key; below, a value replaces a value.
fn is_structure(path: &[&str]) -> bool {
    match path {
        [] | ["workloads" | "budget" | "what_if" | "commitments" | "requirements"] | ["workloads", _] => true,
        // What holds for one route is one thing: a limit of its own takes the place of a usage tier.
        ["capacity"] | ["capacity", "client" | "routes"] => true,
        ["workloads", _, part] => ["volume", "cache"].contains(part),
        _ => false,
    }
}

/// The base without volumes that the extending file states per day instead of per month, or vice versa.
fn without_replaced_volume(mut base: Node, top: &Node) -> Node {
    const WAYS: [&str; 2] = ["requests_per_month", "requests_per_day"];
    let Value::Map(sections) = &mut base.value else { return base };
    let workloads = sections.iter_mut().find(|entry| entry.key.value == "workloads");
    let Some(Value::Map(workloads)) = workloads.map(|entry| &mut entry.value.value) else { return base };
    for workload in workloads {
        let path = ["workloads", &workload.key.value, "volume"];
        let stated = path.iter().try_fold(top, |node, key| node.get(key));
        if !stated.is_some_and(|node| WAYS.iter().any(|way| node.get(way).is_some())) {
            continue;
        }
        let Value::Map(fields) = &mut workload.value.value else { continue };
        let volume = fields.iter_mut().find(|field| field.key.value == "volume");
        if let Some(Value::Map(volume)) = volume.map(|field| &mut field.value.value) {
            volume.retain(|field| !WAYS.contains(&field.key.value.as_ref()));
        }
    }
    base
}

fn without_extends(mut node: Node) -> Node {
    if let Value::Map(entries) = &mut node.value {
        entries.retain(|entry| entry.key.value != "extends");
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_those_of_the_routes_that_can_be_read() {
        let text = "routes: [a/m, {id: b/x/m:batch@eu, label: c/d}, nothing, [e/m], {label: f/m}, a/n]\n";
        let assembled = assemble(&Arc::new(Source::new("t.yaml", text)), &|_, _| Err(String::new())).unwrap();
        assert_eq!(assembled.providers(), ["a", "b", "a"]);
        let none = assemble(&Arc::new(Source::new("t.yaml", "routes: 1\n")), &|_, _| Err(String::new()));
        assert!(none.unwrap().providers().is_empty());
    }
}
