//! What-ifs about prices: `prices.ROUTE.COMPONENT` set to a price or a multiple of it, from a day on.

use super::edit::Edit;
use super::quantity;
use crate::catalogue::{Catalogue, Component, NewPrice, PriceChange};
use crate::domain::document::Node;
use crate::domain::money::{Rate, Ratio};
use crate::domain::number::parse_decimal;
use crate::domain::problem::{Code, Place, Problems, suggest};
use crate::domain::route::RouteId;
use crate::domain::time::{Instant, Month};

/// The first key of paths that lead to prices.
pub const PRICES: &str = "prices.";

/// Whether an edit changes a price rather than the scenario's tree.
pub fn is_price(edit: &Edit) -> bool {
    edit.path.value.starts_with(PRICES)
}

/// Reads a change of a price.
pub fn price_change(edit: &Edit, catalogue: &Catalogue, problems: &mut Problems) -> Option<PriceChange> {
    let path = edit.path.value.strip_prefix(PRICES)?;
    let (route, component) = price_of(path, catalogue, &edit.path.place, problems)?;
    let dated = edit.to.get("times").or(edit.to.get("value")).is_some() || edit.to.get("from").is_some();
    if dated {
        crate::domain::document::refuse_unknown_keys(&edit.to, &["times", "value", "from"], problems);
    }
    let from = match edit.to.get("from") {
        Some(node) => Some(day(node, problems)?),
        None => None,
    };
    let to = match (edit.to.get("times"), edit.to.get("value")) {
        (Some(times), None) => NewPrice::Times(factor(times, problems)?),
        (None, value) if value.is_some() || !dated => {
            let node = value.unwrap_or(&edit.to);
            if component.is_none() {
                let help = format!("write prices.{path}.input, or {{times: 0.9}} for all prices alike");
                problems.at(Code::MissingKey, &edit.path.place, "which price is set?", "", help);
                return None;
            }
            NewPrice::Rate(rate(node, problems)?)
        }
        _ => {
            let help = "give one of `times` and `value`, with `from` if it changes on a day";
            problems.at(
                Code::MissingKey,
                &edit.to.place,
                "a changed price needs one new value",
                edit.to.found(),
                help,
            );
            return None;
        }
    };
    let since = from.map_or(String::new(), |day| format!(" from {day}"));
    let words = match to {
        NewPrice::Times(ratio) => format!("what-if: × {}{since}", ratio.to_f64()),
        NewPrice::Rate(rate) => format!("what-if: {rate} USD per million{since}"),
    };
    Some(PriceChange { route, component, to, from, words })
}

/// The route and the component that a path of prices names.
fn price_of(
    path: &str,
    catalogue: &Catalogue,
    place: &Place,
    problems: &mut Problems,
) -> Option<(RouteId, Option<Component>)> {
    let named = |name: &str| Component::ALL.into_iter().find(|component| component.name() == name);
    let known = |text: &str| RouteId::parse(text).ok().filter(|route| catalogue.offer(route).is_ok());
    if let Some(route) = known(path) {
        return Some((route, None));
    }
    if let Some((route, last)) = path.rsplit_once('.')
        && let Some(route) = known(route)
    {
        let component = named(last);
        if component.is_none() {
            let names = Component::ALL.map(Component::name);
            let title = format!("`{last}` is no component of a price");
            problems.at(Code::UnknownName, place, title, "", suggest(last, names));
        }
        return component.map(|component| (route, Some(component)));
    }
    let route =
        path.rsplit_once('.').filter(|(_, last)| named(last).is_some()).map_or(path, |(route, _)| route);
    match RouteId::parse(route) {
        Err(why) => problems.at(Code::Unreadable, place, why, format!("found `{route}`"), ""),
        Ok(id) => {
            if let Err(error) = catalogue.offer(&id) {
                problems.at(error.code(), place, error.title, format!("found `{route}`"), error.help);
            }
        }
    }
    None
}

fn day(node: &Node, problems: &mut Problems) -> Option<Instant> {
    let wanted = "a month such as 2027-07 or a day such as 2027-07-15";
    let text = node.scalar(wanted, problems)?;
    let day = Month::parse(text).map(Month::start).or_else(|_| Instant::parse(text));
    day.map_err(|_| {
        problems.at(Code::Unreadable, &node.place, format!("expected {wanted}"), node.found(), "")
    })
    .ok()
}

fn factor(node: &Node, problems: &mut Problems) -> Option<Ratio> {
    let value = quantity::plain_number(node, problems)?;
    if !(0.0..=1000.0).contains(&value) {
        let help = "write 0.9 for a tenth less";
        problems.at(Code::OutOfRange, &node.place, "expected a factor from 0 to 1000", node.found(), help);
        return None;
    }
    Some(Ratio::nearest(value))
}

fn rate(node: &Node, problems: &mut Problems) -> Option<Rate> {
    let text = node.scalar("a price in USD per million tokens", problems)?;
    match parse_decimal(text, 6) {
        Ok(micros) if micros >= 0 => Some(Rate::from_micro_usd_per_million(micros)),
        Ok(_) => {
            problems.at(Code::OutOfRange, &node.place, "a price is not negative", node.found(), "");
            None
        }
        Err(error) => {
            let title = "expected a price in USD per million tokens, with at most six decimals";
            problems.at(Code::Unreadable, &node.place, title, format!("{}: {error}", node.found()), "");
            None
        }
    }
}
