//! Laying one document over another: what `extends:` does.

use super::node::{Entry, Node, Value};

/// `top` laid over `base`: maps are merged key by key as long as `deep` says that the path leads into
/// a structure; everything else (a number, a range, a list, a distribution) replaces what was there.
///
/// Ranges have to replace: `{p10, p90}` over `{low, mode, high}` must not become five keys.
pub fn overlay(base: Node, top: Node, deep: &dyn Fn(&[&str]) -> bool) -> Node {
    layer(base, top, deep, &mut Vec::new())
}

fn layer(base: Node, top: Node, deep: &dyn Fn(&[&str]) -> bool, path: &mut Vec<String>) -> Node {
    let here: Vec<&str> = path.iter().map(String::as_str).collect();
    if !deep(&here) {
        return top;
    }
    let place = top.place.clone();
    match (base.value, top.value) {
        (Value::Map(mut entries), Value::Map(changes)) => {
            for change in changes {
                merge_entry(&mut entries, change, deep, path);
            }
            Node { place, value: Value::Map(entries) }
        }
        (_, value) => Node { place, value },
    }
}

fn merge_entry(
    entries: &mut Vec<Entry>,
    change: Entry,
    deep: &dyn Fn(&[&str]) -> bool,
    path: &mut Vec<String>,
) {
    match entries.iter().position(|e| e.key.value == change.key.value) {
        Some(at) => {
            path.push(change.key.value.to_string());
            let below = entries[at].value.clone();
            entries[at] = Entry { key: change.key, value: layer(below, change.value, deep, path) };
            path.pop();
        }
        None => entries.push(change),
    }
}
