//! How much a figure of spend may change: the rules behind `--fail-on`.

use std::fmt;

use super::summary::{Figure, Summary};
use crate::domain::number::parse_number;

/// A rule that an answer breaks where a figure grows by more than a limit: `p90_increase>5%`.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeRule {
    figure: Figure,
    limit: Limit,
    /// As it was written, without spaces.
    text: String,
}

/// How much is too much.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    /// A share of what it was.
    Share(f64),
    /// An amount, USD.
    Usd(f64),
}

impl ChangeRule {
    /// Reads `p90_increase>5%` or `mean_increase>10k`, the latter in USD.
    ///
    /// # Errors
    /// What a rule looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wanted = "expected a rule such as 'p90_increase>5%' or 'mean_increase>10k' (USD); figures: mean, p05, p10, p25, p50, p75, p90, p95, p99";
        let (left, right) = text.split_once('>').ok_or(wanted)?;
        let name = left.trim().strip_suffix("_increase").ok_or(wanted)?;
        let figure = Figure::amount(name).ok_or(wanted)?;
        let number = parse_number(right.trim()).map_err(|_| wanted)?;
        if number.value < 0.0 {
            return Err("the limit of an increase is not negative".to_owned());
        }
        let limit = if number.percent { Limit::Share(number.value) } else { Limit::Usd(number.value) };
        let text = text.chars().filter(|c| !c.is_whitespace()).collect();
        Ok(ChangeRule { figure, limit, text })
    }

    /// What the figure was and is, if its change breaks the rule. A figure that was nothing grows by more than any
    /// share.
    pub fn broken(&self, before: &Summary, after: &Summary) -> Option<(f64, f64)> {
        let (was, is) = (self.figure.of(before), self.figure.of(after));
        let most = match self.limit {
            Limit::Share(share) => was * (1.0 + share),
            Limit::Usd(usd) => was + usd,
        };
        (is > most).then_some((was, is))
    }
}

impl fmt::Display for ChangeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Limit::Share(_) => f.write_str(&self.text),
            Limit::Usd(_) => write!(f, "{} USD", self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_breaks_above_its_limit_and_not_at_it() {
        let [ten, grown, more] =
            [vec![10.0; 4], vec![10.5; 4], vec![10.6; 4]].map(|sample| Summary::of(&sample));
        let share = ChangeRule::parse("p90_increase>5%").unwrap();
        assert_eq!([share.broken(&ten, &grown), share.broken(&ten, &more)], [None, Some((10.0, 10.6))]);
        let usd = ChangeRule::parse(" mean_increase > 0.5 ").unwrap();
        assert_eq!([usd.broken(&ten, &grown), usd.broken(&ten, &more)], [None, Some((10.0, 10.6))]);
        let nothing = Summary::of(&[0.0, 0.0]);
        assert!(share.broken(&nothing, &ten).is_some() && share.broken(&nothing, &nothing).is_none());
    }

    #[test]
    fn other_texts_are_no_rules() {
        for text in ["p90>5%", "p91_increase>5%", "p90_increase<5%", "p90_increase>", "p90_increase>-1%", ""]
        {
            assert!(ChangeRule::parse(text).is_err(), "{text}");
        }
        for (text, told) in
            [("p90_increase > 7%", "p90_increase>7%"), ("mean_increase>5", "mean_increase>5 USD")]
        {
            assert_eq!(ChangeRule::parse(text).unwrap().to_string(), told);
        }
    }
}
