//! Problems with the line they stand on, in the manner of rustc.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::domain::problem::{Problem, Problems};

/// The most problems shown in full; the rest are counted.
const MOST_SHOWN: usize = 30;

/// All problems as text with colours.
pub fn render(problems: Problems) -> String {
    let list = problems.into_sorted();
    let mut shown: Vec<String> = list.iter().take(MOST_SHOWN).map(one).collect();
    if list.len() > MOST_SHOWN {
        shown.push(format!("and {} more problems", list.len() - MOST_SHOWN));
    }
    if let Some(first) = list.first() {
        let count = if list.len() == 1 { "1 problem".to_owned() } else { format!("{} problems", list.len()) };
        shown.push(format!("{count}; `tollcast explain {}` says more", first.code.number()));
    }
    shown.join("\n")
}

fn one(problem: &Problem) -> String {
    let title = Level::ERROR.primary_title(problem.title.as_str()).id(problem.code.number());
    let help = problem.help.as_deref().map(|help| Level::HELP.message(help));
    let group = match &problem.place {
        Some(place) => {
            let (text, start, end, line) = excerpt(&place.source.text, place.start, place.end, place.line);
            let annotation = AnnotationKind::Primary.span(start..end).label(problem.found.as_str());
            let snippet = Snippet::source(text).line_start(line).path(place.source.name.as_str());
            let group = title.element(snippet.annotation(annotation));
            match help {
                Some(help) => group.element(help),
                None => group,
            }
        }
        None => match help {
            Some(help) => annotate_snippets::Group::with_title(title).element(help),
            None => annotate_snippets::Group::with_title(title),
        },
    };
    Renderer::styled().render(&[group])
}

/// The first line of a place with its span in it, so that a map of a hundred lines is not printed whole.
fn excerpt(text: &str, start: usize, end: usize, line: usize) -> (&str, usize, usize, usize) {
    let from = text[..start.min(text.len())].rfind('\n').map_or(0, |at| at + 1);
    let to = text[from..].find('\n').map_or(text.len(), |at| from + at);
    let (start, end) = (start.clamp(from, to), end.clamp(from, to));
    (&text[from..to], start - from, (end - from).max(start - from), line)
}
