//! Reading price files into a catalogue: a user's files all and whole, of the shipped ones those whose providers
//! a command names. Most commands name a few of them, and reading all takes longer than most answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::embedded::{DIGEST, FILES, Shipped};
use super::{Catalogue, Provider, digest};
use crate::domain::problem::{Code, Place, Problems, Source};
use crate::domain::time::Instant;

/// Which of the shipped providers a command asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Whatever there is.
    All,
    /// These, and none that is not there.
    Named(Vec<String>),
}

impl Wanted {
    fn holds(&self, provider: &str) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Named(names) => names.iter().any(|name| name == provider),
        }
    }
}

impl Catalogue {
    /// Reads price files; those of `over` replace, wholly, the one of `base` with the same provider.
    ///
    /// # Errors
    /// All problems of all files; two files of one provider in the same list are one.
    pub fn read(base: &[Arc<Source>], over: &[Arc<Source>]) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let files = read_all(base, &mut problems);
        joined(files, over, None, problems)
    }

    /// The shipped price files, of which only the `wanted` ones are read, with all of `over` in place of those of
    /// the same provider. Digest and date are those of the whole.
    ///
    /// # Errors
    /// All problems of all files that are read.
    pub fn read_shipped(wanted: &Wanted, over: &[Arc<Source>]) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let (wanted, others): (Vec<&Shipped>, Vec<&Shipped>) =
            FILES.iter().partition(|file| wanted.holds(file.provider));
        let sources: Vec<Arc<Source>> = wanted.into_iter().map(Shipped::source).collect();
        let mut files = read_all(&sources, &mut problems);
        files.extend(others.into_iter().map(File::Closed));
        joined(files, over, Some(DIGEST), problems)
    }
}

/// A price file of a catalogue.
enum File<'a> {
    /// One that was read.
    Read(Box<Provider>, &'a Source),
    /// A shipped one that nobody asked for.
    Closed(&'static Shipped),
}

impl File<'_> {
    fn provider(&self) -> &str {
        match self {
            File::Read(provider, _) => &provider.id,
            File::Closed(file) => file.provider,
        }
    }

    fn text(&self) -> &str {
        match self {
            File::Read(_, source) => &source.text,
            File::Closed(file) => file.text,
        }
    }

    /// The latest day on which any of its prices was checked.
    fn checked(&self) -> Option<Instant> {
        match self {
            File::Read(provider, _) => {
                let entries = provider.models.iter().flat_map(|model| &model.prices);
                entries.map(|entry| entry.source.checked).max()
            }
            File::Closed(file) => file.checked(),
        }
    }
}

/// The catalogue of some files, whose digest may be known, with those of `over` in place of the ones of the same
/// provider.
fn joined<'a>(
    mut files: Vec<File<'a>>,
    over: &'a [Arc<Source>],
    known: Option<&str>,
    mut problems: Problems,
) -> Result<Catalogue, Problems> {
    let upper = read_all(over, &mut problems);
    // Files that are laid over others do not move the date that commands look at without being told one.
    let dated = if files.is_empty() { &upper } else { &files };
    let as_of = dated.iter().filter_map(File::checked).max().unwrap_or(Instant::from_unix_seconds(0));
    files.retain(|known| upper.iter().all(|file| file.provider() != known.provider()));
    files.extend(upper);
    files.sort_by(|a, b| a.provider().cmp(b.provider()));
    let digest = match known.filter(|_| over.is_empty()) {
        Some(known) => known.to_owned(),
        None => digest(files.iter().map(|file| (file.provider(), file.text()))),
    };
    let mut catalogue = Catalogue { providers: Vec::new(), unread: Vec::new(), digest, as_of };
    for file in files {
        match file {
            File::Read(provider, _) => catalogue.providers.push(*provider),
            File::Closed(file) => catalogue.unread.push(file.provider),
        }
    }
    problems.or_value(Some(catalogue))
}

fn read_all<'a>(sources: &'a [Arc<Source>], problems: &mut Problems) -> Vec<File<'a>> {
    let mut files: Vec<(Provider, &Arc<Source>)> = Vec::new();
    for (source, read) in sources.iter().zip(read_side_by_side(sources)) {
        match read {
            Ok(provider) => {
                if let Some((_, other)) = files.iter().find(|(known, _)| known.id == provider.id) {
                    let place = Place { source: source.clone(), start: 0, end: 0, line: 1, column: 1 };
                    let title = format!("a second price file for the provider `{}`", provider.id);
                    let found = format!("the first is {}", other.name);
                    problems.at(Code::Conflict, &place, title, found, "join them into one file");
                }
                files.push((provider, source));
            }
            Err(found) => problems.extend(found),
        }
    }
    files.into_iter().map(|(provider, source)| File::Read(Box::new(provider), source)).collect()
}

/// Reads the files on all cores, each into its own place, so that the order of threads changes nothing.
fn read_side_by_side(sources: &[Arc<Source>]) -> Vec<Result<Provider, Problems>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(sources.len());
    if cores < 2 {
        return sources.iter().map(Provider::read).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut read = Vec::new();
        while let Some((at, source)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| sources.get(at).map(|s| (at, s)))
        {
            read.push((at, Provider::read(source)));
        }
        read
    };
    let mut all: Vec<(usize, Result<Provider, Problems>)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..cores).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            match other.join() {
                Ok(read) => all.extend(read),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, read)| read).collect()
}
