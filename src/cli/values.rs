//! Values of options as people write them.

use crate::domain::number::parse_number;
use crate::domain::quantity::Quantity;

/// A count of tokens: `272_001`, `100k`, `1.2M`.
pub fn tokens(text: &str) -> Result<u64, String> {
    let number = parse_number(text).map_err(|error| error.to_string())?;
    let whole = !number.percent && number.value >= 0.0 && number.value.fract() == 0.0 && number.value <= 1e15;
    if whole {
        Ok(number.value as u64)
    } else {
        Err("expected a whole number of tokens, such as 272_001 or 100k".to_owned())
    }
}

/// A quantity that may have a fraction: `3`, `0.25`.
pub fn quantity(text: &str) -> Result<Quantity, String> {
    Quantity::parse(text).map_err(|error| format!("{error}: expected a quantity such as 3 or 0.25"))
}

/// `web_search=2` or `web_search:low=2`.
pub fn meter_use(text: &str) -> Result<(String, Option<String>, Quantity), String> {
    let wanted = || "expected a meter and a quantity, such as web_search=2 or web_search:low=2".to_owned();
    let (name, count) = text.split_once('=').ok_or_else(wanted)?;
    let (name, level) = match name.split_once(':') {
        Some((name, level)) => (name, Some(level.to_owned())),
        None => (name, None),
    };
    if name.is_empty() || level.as_deref() == Some("") {
        return Err(wanted());
    }
    Ok((name.to_owned(), level, quantity(count)?))
}
