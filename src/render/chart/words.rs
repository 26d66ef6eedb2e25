//! Words that titles share: short names, lists of names, and who has the lowest figure, ties included.

use super::style::LABEL;
use super::text::shorten;
use crate::domain::format::{percent, probability};

/// The widest that a route name may become in a title.
const LONGEST_NAME: f64 = 340.0;

/// A route's name, shortened in its middle when it is extremely long.
pub fn name(route: &str) -> String {
    let printable: String =
        route.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    shorten(&printable, LABEL, LONGEST_NAME)
}

/// The routes that share the best figure, as far as its printed form can tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaders {
    /// Their places in the list that was compared.
    pub places: Vec<usize>,
    /// Their names.
    names: Vec<String>,
    /// How many were compared.
    of: usize,
    /// Their figure as printed.
    pub figure: String,
}

/// Who has the lowest value. Values that print alike tie: a title must not rank what its numbers do not.
pub fn lowest<'a>(
    values: impl Iterator<Item = (&'a str, f64)> + Clone,
    print: impl Fn(f64) -> String,
) -> Leaders {
    let best = values.clone().map(|(_, value)| value).fold(f64::INFINITY, f64::min);
    let figure = print(best);
    let of = values.clone().count();
    let (places, names) = values
        .enumerate()
        .filter(|(_, (_, value))| print(*value) == figure)
        .map(|(place, (route, _))| (place, name(route)))
        .unzip();
    Leaders { places, names, of, figure }
}

impl Leaders {
    /// Whether there was more than one route and none was better than another.
    pub fn all_tie(&self) -> bool {
        self.of > 1 && self.names.len() == self.of
    }

    /// Whether exactly one route leads.
    pub fn alone(&self) -> bool {
        self.names.len() == 1
    }

    /// The leaders as the subject of a sentence, with the matching form of the verb.
    pub fn subject(&self, one: &str, many: &str) -> String {
        match self.names.as_slice() {
            [name] => format!("{name} {one}"),
            [first, second] if self.of > 2 => format!("{first} and {second} {many}"),
            names if names.len() == self.of && self.of == 2 => format!("Both routes {many}"),
            names if names.len() == self.of => format!("All {} routes {many}", self.of),
            names => format!("{} of {} routes {many}", names.len(), self.of),
        }
    }
}

/// A share in whole percent, with digits where it is less than one: `14 %`, `0.80 %`, `> 99 %`.
pub fn share(of: f64) -> String {
    if of > 0.0 && of < 0.01 { percent(of) } else { probability(of) }
}

/// `count` and the noun in the right number.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::format::usd_short;

    #[test]
    fn small_shares_keep_their_digits() {
        let text = [0.0, 0.000_01, 0.004, 0.14, 0.999, 1.0].map(share);
        assert_eq!(text, ["0 %", "< 0.01 %", "0.40 %", "14 %", "> 99 %", "100 %"]);
    }

    fn subject(values: &[(&str, f64)]) -> String {
        lowest(values.iter().copied(), usd_short).subject("costs", "cost")
    }

    #[test]
    fn figures_that_print_alike_tie() {
        assert_eq!(subject(&[("a", 2.0), ("b", 1.0)]), "b costs");
        assert_eq!(subject(&[("a", 1000.1), ("b", 1000.2), ("c", 2000.0)]), "a and b cost");
        assert_eq!(subject(&[("a", 1.0), ("b", 1.0)]), "Both routes cost");
        assert_eq!(subject(&[("a", 1.0), ("b", 1.0), ("c", 1.0)]), "All 3 routes cost");
        assert_eq!(subject(&[("a", 1.0), ("b", 1.0), ("c", 1.0), ("d", 3.0)]), "3 of 4 routes cost");
    }
}
