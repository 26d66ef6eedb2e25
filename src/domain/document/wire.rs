//! Readers from tree to wire type, and the JSON Schema of the same type.
//!
//! A wire type says what a file may contain, not whether it makes sense; the checks of each room turn
//! it into a domain type. Readers never stop at a mistake: they note it and go on.

use serde_json::{Map, Value as Json, json};

use super::node::{Node, Spanned, Value};
use crate::domain::problem::{Code, Problems, suggest};

/// A type that can be read from a node.
pub trait Wire: Sized {
    /// Reads it, or notes why not.
    fn read(node: &Node, problems: &mut Problems) -> Option<Self>;
    /// Its JSON Schema.
    fn schema() -> Json;
}

/// How a struct takes a field from a map: a required one, an `Option`, a list or a named collection.
pub trait Field: Sized {
    /// Reads the field from what stands under its key, if anything does.
    fn take(key: &str, map: &Node, problems: &mut Problems) -> Option<Self>;
    /// The schema of its value.
    fn schema() -> Json;
    /// Whether it has to be there.
    const REQUIRED: bool;
}

impl<T: Wire> Field for T {
    fn take(key: &str, map: &Node, problems: &mut Problems) -> Option<Self> {
        match map.get(key) {
            Some(node) => T::read(node, problems),
            None => {
                problems.at(
                    Code::MissingKey,
                    &map.place,
                    format!("`{key}` is missing"),
                    "",
                    format!("add `{key}:` here"),
                );
                None
            }
        }
    }
    fn schema() -> Json {
        T::schema()
    }
    const REQUIRED: bool = true;
}

/// What cannot be read is noted and taken as absent, so that its neighbours are still checked.
impl<T: Wire> Field for Option<T> {
    fn take(key: &str, map: &Node, problems: &mut Problems) -> Option<Self> {
        Some(map.get(key).and_then(|node| T::read(node, problems)))
    }
    fn schema() -> Json {
        T::schema()
    }
    const REQUIRED: bool = false;
}

/// A field that has to be there. Where it is missing or cannot be read, that is noted and the rest of the
/// map is still checked.
#[derive(Clone, Debug)]
pub struct Must<T>(Option<T>);

impl<T> Must<T> {
    /// A value that was read.
    pub fn known(value: T) -> Self {
        Must(Some(value))
    }

    /// The value; `None` if a problem says why it is not there.
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl<T: Wire> Field for Must<T> {
    fn take(key: &str, map: &Node, problems: &mut Problems) -> Option<Self> {
        Some(Must(<T as Field>::take(key, map, problems)))
    }
    fn schema() -> Json {
        T::schema()
    }
    const REQUIRED: bool = true;
}

/// A list; absent is empty. Items that cannot be read are noted and left out.
impl<T: Wire> Field for Vec<T> {
    fn take(key: &str, map: &Node, problems: &mut Problems) -> Option<Self> {
        let Some(node) = map.get(key) else { return Some(Vec::new()) };
        let Value::List(items) = &node.value else {
            problems.at(
                Code::WrongType,
                &node.place,
                format!("`{key}` is a list"),
                node.found(),
                "write each item on its own line, with `- ` in front",
            );
            return Some(Vec::new());
        };
        Some(items.iter().filter_map(|item| T::read(item, problems)).collect())
    }
    fn schema() -> Json {
        json!({"type": "array", "items": T::schema()})
    }
    const REQUIRED: bool = false;
}

/// A map from names that the user chooses to values, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Named<T>(pub Vec<(Spanned<String>, T)>);

impl<T: Wire> Field for Named<T> {
    fn take(key: &str, map: &Node, problems: &mut Problems) -> Option<Self> {
        let Some(node) = map.get(key) else { return Some(Named(Vec::new())) };
        let wanted = format!("a map of names under `{key}`");
        let Some(entries) = node.map(&wanted, problems) else { return Some(Named(Vec::new())) };
        let read = entries
            .iter()
            .filter_map(|entry| T::read(&entry.value, problems).map(|value| (entry.key.to_text(), value)));
        Some(Named(read.collect()))
    }
    fn schema() -> Json {
        json!({"type": "object", "additionalProperties": T::schema()})
    }
    const REQUIRED: bool = false;
}

/// Any text.
impl Wire for Spanned<String> {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let value = node.scalar("a text", problems)?.to_owned();
        if value.trim().is_empty() || value.chars().any(is_invisible) {
            let title = "a text must not be empty or hold control or invisible characters";
            problems.at(Code::Unreadable, &node.place, title, "", "write it in plain characters");
            return None;
        }
        Some(Spanned { value, place: node.place.clone() })
    }
    fn schema() -> Json {
        json!({"type": ["string", "number"]})
    }
}

/// Characters that a reader cannot see, so that two names could look the same: controls, zero-width
/// characters, marks of direction. Joiners are letters in some scripts.
fn is_invisible(c: char) -> bool {
    let hidden = matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    (c.is_control() && c != '\n') || hidden
}

/// `true` or `false`; `yes` and `no` too.
impl Wire for Spanned<bool> {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let value = match node.scalar("true or false", problems)? {
            "true" | "yes" => true,
            "false" | "no" => false,
            _ => {
                problems.at(Code::Unreadable, &node.place, "expected true or false", node.found(), "");
                return None;
            }
        };
        Some(Spanned { value, place: node.place.clone() })
    }
    fn schema() -> Json {
        json!({"type": "boolean"})
    }
}

/// Notes every key of `node` that is not in `known`.
pub fn refuse_unknown_keys(node: &Node, known: &[&str], problems: &mut Problems) {
    let Value::Map(entries) = &node.value else { return };
    for entry in entries {
        let key = entry.key.value.as_ref();
        if !known.contains(&key) {
            let title = format!("unknown key `{key}`");
            problems.at(Code::UnknownKey, &entry.key.place, title, "", suggest(key, known.iter().copied()));
        }
    }
}

/// The schema of a map with these properties: name, schema, whether required, description.
pub fn object_schema(doc: &str, fields: Vec<(&str, Json, bool, &str)>) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, mut schema, is_required, text) in fields {
        if let (Json::Object(schema), false) = (&mut schema, text.is_empty()) {
            schema.insert("description".to_owned(), json!(text.trim()));
        }
        properties.insert(name.to_owned(), schema);
        if is_required {
            required.push(json!(name));
        }
    }
    json!({
        "type": "object",
        "description": doc.trim(),
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// Declares a map of a file once: the struct, its reader and its schema.
///
/// The field's type says how it is taken: `T` is required, `Must<T>` too but without it the rest is still
/// checked, `Option<T>` is not, `Vec<T>` is a list that
/// may be absent, `Named<T>` a map whose keys the user chooses. The struct also gets the `place` of the
/// map.
#[macro_export]
macro_rules! wire_map {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident {
            $( $(#[doc = $text:literal])* $field:ident : $kind:ty ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            /// Where the map stands.
            pub place: $crate::domain::problem::Place,
            $( $(#[doc = $text])* pub $field: $kind, )*
        }

        impl $crate::domain::document::Wire for $name {
            fn read(
                node: &$crate::domain::document::Node,
                problems: &mut $crate::domain::problem::Problems,
            ) -> Option<Self> {
                let keys = [$(stringify!($field)),*];
                if !matches!(node.value, $crate::domain::document::Value::Map(_)) {
                    node.map(&format!("a map with the keys {}", keys.join(", ")), problems)?;
                }
                $crate::domain::document::refuse_unknown_keys(node, &keys, problems);
                $( let $field = <$kind as $crate::domain::document::Field>::take(stringify!($field), node, problems); )*
                Some(Self { place: node.place.clone(), $( $field: $field?, )* })
            }

            fn schema() -> serde_json::Value {
                $crate::domain::document::object_schema(concat!($($doc),*), vec![
                    $( (
                        stringify!($field),
                        <$kind as $crate::domain::document::Field>::schema(),
                        <$kind as $crate::domain::document::Field>::REQUIRED,
                        concat!($($text),*),
                    ), )*
                ])
            }
        }
    };
}
