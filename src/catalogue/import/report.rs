//! What became of every entry of an imported database: nothing is dropped without a word.

/// A kind of remark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RemarkKind {
    /// The price file does not hold it.
    LeftOut,
    /// It is in the price file by a rule of the database, not by a listed price.
    Doubtful,
    /// A rate with more than six decimals per million was rounded.
    Rounded,
    /// A name was changed so that a route can spell it.
    Respelt,
}

impl RemarkKind {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            RemarkKind::LeftOut => "left out",
            RemarkKind::Doubtful => "doubtful",
            RemarkKind::Rounded => "rounded",
            RemarkKind::Respelt => "respelt",
        }
    }
}

/// A remark and all entries that it holds for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its kind.
    pub kind: RemarkKind,
    /// What is to be said.
    pub text: String,
    /// The keys of the database that it is said of, in order.
    pub keys: Vec<String>,
}

/// What became of everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// The database's key and the route of every model that was imported.
    pub imported: Vec<(String, String)>,
    /// Remarks, one for each kind and text.
    pub groups: Vec<Group>,
}

impl ImportReport {
    /// Notes something about the entry `key`.
    pub(super) fn note(&mut self, kind: RemarkKind, key: &str, text: &str) {
        match self.groups.iter_mut().find(|group| group.kind == kind && group.text == text) {
            Some(group) if group.keys.last().is_some_and(|last| last == key) => {}
            Some(group) => group.keys.push(key.to_owned()),
            None => self.groups.push(Group { kind, text: text.to_owned(), keys: vec![key.to_owned()] }),
        }
    }

    /// The groups, left out first, within a kind the largest first.
    pub fn sorted(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self.groups.iter().collect();
        groups.sort_by(|a, b| {
            (a.kind, std::cmp::Reverse(a.keys.len()), &a.text).cmp(&(
                b.kind,
                std::cmp::Reverse(b.keys.len()),
                &b.text,
            ))
        });
        groups
    }
}
