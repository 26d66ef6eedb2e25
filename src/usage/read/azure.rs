//! Azure's export of cost and usage details: one row a day and meter. Model, direction, tier and region
//! stand in the meter's name, `5.4 cd inp Dz 1M Tokens`, and a row counts the tokens of one direction.

use std::sync::Arc;

use super::Record;
use super::cell::{Cell, Fault, shown};
use super::context::{Context, Note};
use super::ledger::Parsed;
use super::reading::Reason;
use super::table::{Cells, Table};
use crate::billing::Usage;
use crate::domain::money::Usd;
use crate::domain::number::parse_scaled;
use crate::usage::Billed;

const PROVIDER: &str = "azure";
const DAY_MS: i64 = 86_400_000;

const DATE: usize = 0;
const METER: usize = 1;
const UNIT: usize = 2;
const QUANTITY: usize = 3;
const COST: usize = 4;
const CURRENCY: usize = 5;
const COST_USD: usize = 6;
const CHARGE: usize = 7;
const LOCATION: usize = 8;
const FIELDS: [&[&str]; 9] = [
    &["Date", "UsageDate", "UsageDateTime"],
    &["MeterName"],
    &["UnitOfMeasure"],
    &["Quantity"],
    &["CostInBillingCurrency"],
    &["BillingCurrencyCode", "BillingCurrency"],
    &["CostInUsd"],
    &["ChargeType"],
    &["ResourceLocationNormalized", "ResourceLocation", "MeterRegion"],
];

/// How its rows are read.
pub fn table() -> Table {
    Table::fixed(&FIELDS, &[DATE, METER, UNIT, QUANTITY], row)
}

fn row(cells: &Cells<'_>, context: &mut Context) -> Result<Parsed, Fault> {
    let get = |field: usize| cells.get(field);
    if get(CHARGE).text().is_some_and(|charge| !charge.eq_ignore_ascii_case("usage")) {
        return Err(Fault::new(Reason::NotARequest, "its ChargeType is not Usage"));
    }
    let Some(meter) = get(METER).text().filter(|name| name.to_ascii_lowercase().contains("token")) else {
        return Err(Fault::new(Reason::NotARequest, "a meter that does not count tokens"));
    };
    let Some(meter) = Meter::parse(meter) else {
        return Err(Fault::new(Reason::Untold, "a meter of tokens that does not say which"));
    };
    let Some(unit) = get(UNIT).text().and_then(unit).or(meter.unit) else {
        return Err(Fault::new(Reason::Untold, "UnitOfMeasure is no number of tokens"));
    };
    let usage = meter.usage(tokens(get(QUANTITY), unit, "Quantity")?);
    if meter.long {
        context.note(Note::LongContext);
    }
    context.note(Note::NoRequests);
    let record = Record {
        at_ms: date(get(DATE), context)?,
        span_ms: Some(DAY_MS),
        provider: Some(context.name(PROVIDER)),
        model: Some(context.name(&meter.model)),
        tier: Some(context.name(meter.tier)),
        region: region(meter.region, get(LOCATION).text(), context),
        usage,
        billed: billed(cells, context)?,
        ..Record::default()
    };
    Ok(Parsed::from(record))
}

/// The day. Exports of enterprise agreements write the month first, 11/16/2026.
fn date(cell: Cell<'_>, context: &mut Context) -> Result<i64, Fault> {
    let Some(text) = cell.text() else { return cell.time("Date", context) };
    let parts: Vec<&str> = text.split(' ').next().unwrap_or(text).split('/').collect();
    match parts.as_slice() {
        [month, day, year] if year.len() == 4 && month.len() <= 2 && day.len() <= 2 => {
            Cell::Text(&format!("{year}-{month:0>2}-{day:0>2}T00:00Z")).time("Date", context)
        }
        // A day has no zone of its own; it is UTC by Azure's documentation.
        _ if text.len() == 10 => Cell::Text(&format!("{text}T00:00Z")).time("Date", context),
        _ => cell.time("Date", context),
    }
}

fn billed(cells: &Cells<'_>, context: &mut Context) -> Result<Option<Billed>, Fault> {
    let own = |amount: Option<Usd>| amount.map(|amount| Billed { amount, own_key: false });
    let dollars = cells.get(CURRENCY).text().is_some_and(|code| code.eq_ignore_ascii_case("usd"));
    if dollars {
        return cells.get(COST).usd("CostInBillingCurrency").map(own);
    }
    let converted = cells.get(COST_USD).usd("CostInUsd")?;
    if converted.is_none() && cells.get(COST).is_there() {
        context.note(Note::OtherCurrency);
    }
    Ok(own(converted))
}

/// How many tokens a unit of measure is, as a power of ten: `1M`, `1K Tokens`, `1000`, `Tokens`.
pub fn unit(text: &str) -> Option<i32> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = lower.split_at(digits);
    let zeros = match number.strip_prefix('1') {
        Some(zeros) if zeros.bytes().all(|byte| byte == b'0') => i32::try_from(zeros.len()).ok()?,
        None if number.is_empty() && !rest.is_empty() => 0,
        _ => return None,
    };
    let power = match rest.split([' ', '/']).find(|word| !word.is_empty()) {
        None | Some("tokens" | "token") => 0,
        Some("k" | "thousand") => 3,
        Some("m" | "million") => 6,
        Some(_) => return None,
    };
    Some(zeros + power).filter(|power| *power <= 9)
}

/// A quantity of units as whole tokens.
pub fn tokens(quantity: Cell<'_>, unit: i32, name: &str) -> Result<u64, Fault> {
    let missing = || Fault::new(Reason::NoCount, format!("{name} is empty"));
    let written = quantity.written().ok_or_else(missing)?;
    let count = parse_scaled(&written, unit).ok().map(|scaled| scaled.value);
    match count.filter(|count| (0..=1_000_000_000_000).contains(count)) {
        Some(count) => Ok(count.unsigned_abs()),
        None => Err(Fault::new(Reason::BadCount, format!("{name} is {}", shown(&written)))),
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Direction {
    Input,
    Cached,
    Written,
    Output,
}

/// What a meter's name says.
#[derive(PartialEq, Eq, Debug)]
struct Meter {
    model: String,
    direction: Direction,
    tier: &'static str,
    region: Option<&'static str>,
    long: bool,
    kind: Kind,
    unit: Option<i32>,
}

/// What tokens are made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Text,
    Audio,
    Image,
}

impl Meter {
    /// Tokens of this meter.
    fn usage(&self, tokens: u64) -> Usage {
        let mut usage = match self.direction {
            Direction::Input => Usage { input: tokens, ..Usage::NONE },
            Direction::Cached => Usage { input: tokens, cached: tokens, ..Usage::NONE },
            Direction::Written => Usage { input: tokens, written: tokens, ..Usage::NONE },
            Direction::Output => Usage { output: tokens, ..Usage::NONE },
        };
        match self.kind {
            Kind::Text => {}
            Kind::Audio => {
                (usage.audio_input, usage.cached_audio) = (usage.input, usage.cached);
                usage.audio_output = usage.output;
            }
            Kind::Image => {
                (usage.image_input, usage.cached_image) = (usage.input, usage.cached);
                usage.image_output = usage.output;
            }
        }
        usage
    }

    fn parse(name: &str) -> Option<Meter> {
        let (mut model, mut direction) = (Vec::new(), None);
        let (mut cached, mut written, mut long) = (false, false, false);
        let (mut tier, mut region, mut of_unit, mut kind) = ("standard", None, None, Kind::Text);
        let lower = name.to_ascii_lowercase();
        for word in lower.split([' ', '-']).filter(|word| !word.is_empty()) {
            match word {
                "inp" | "input" | "in" => direction = direction.or(Some(Direction::Input)),
                "opt" | "outp" | "output" | "out" | "otpt" => direction = Some(Direction::Output),
                "cd" | "cached" | "cchd" | "cache" | "cached_inp" => cached = true,
                "wr" | "write" => written = true,
                "longco" | "long" => long = true,
                "batch" | "btch" => tier = "batch",
                "pp" | "priority" => tier = "priority",
                "flex" => tier = "flex",
                "gl" | "glbl" | "global" => region = Some("global"),
                "dz" | "dzone" | "dzn" | "datazone" => region = Some("datazone"),
                "rg" | "rgnl" | "regnl" | "regional" => region = Some("regional"),
                "aud" | "audio" => kind = Kind::Audio,
                "img" | "image" => kind = Kind::Image,
                "txt" | "text" | "tokens" | "token" => {}
                _ if direction.is_some() && unit(word).is_some() => of_unit = unit(word),
                _ if direction.is_none() && !cached => model.push(word),
                _ => {}
            }
        }
        let direction = match direction? {
            Direction::Input if written => Direction::Written,
            Direction::Input if cached => Direction::Cached,
            other => other,
        };
        let joined = model.join("-");
        let digit = joined.as_bytes().first()?.is_ascii_digit();
        let model = if digit { format!("gpt-{joined}") } else { joined };
        Some(Meter { model, direction, tier, region, long, kind, unit: of_unit })
    }
}

/// The region in the words of the catalogue: a data zone is one of a part of the world.
fn region(told: Option<&'static str>, location: Option<&str>, context: &mut Context) -> Option<Arc<str>> {
    let place = location.unwrap_or_default().to_ascii_lowercase().replace(' ', "");
    let told = told?;
    if told != "datazone" {
        return Some(context.name(told));
    }
    const EUROPE: [&str; 12] = [
        "europe",
        "france",
        "germany",
        "sweden",
        "poland",
        "italy",
        "spain",
        "norway",
        "switzerland",
        "eu",
        "austria",
        "belgium",
    ];
    const AMERICA: [&str; 3] = ["us", "unitedstates", "america"];
    let within = |names: &[&str]| names.iter().any(|name| place.contains(name));
    let asia = ["asia", "japan", "korea", "india", "australia", "apac"];
    if within(&asia) {
        Some(context.name("datazone-apac"))
    } else if within(&EUROPE) {
        Some(context.name("datazone-eu"))
    } else if within(&AMERICA) {
        Some(context.name("datazone-us"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_s_name_tells_model_direction_tier_and_region() {
        let read = |name: &str| {
            let meter = Meter::parse(name).unwrap();
            (meter.model, meter.direction, meter.tier, meter.region, meter.long, meter.unit.unwrap_or(-1))
        };
        let gpt = || "gpt-5.4".to_owned();
        let (global, zone) = (Some("global"), Some("datazone"));
        assert_eq!(read("5.4 inp Gl 1M Tokens"), (gpt(), Direction::Input, "standard", global, false, 6));
        assert_eq!(read("5.4 cd inp Dz 1M Tokens"), (gpt(), Direction::Cached, "standard", zone, false, 6));
        assert_eq!(
            read("5.4 longco opt Dz 1M Tokens"),
            (gpt(), Direction::Output, "standard", zone, true, 6)
        );
        assert_eq!(read("5.4 Batch inp Gl 1M Tokens"), (gpt(), Direction::Input, "batch", global, false, 6));
        assert_eq!(read("5.4 pp opt Rg 1M Tokens").2, "priority");
        assert_eq!(read("5.4 mini inp Gl 1M Tokens").0, "gpt-5.4-mini");
        assert_eq!(read("o3 mini cached inp glbl Tokens").0, "o3-mini");
        assert!(Meter::parse("Tokens").is_none());
    }

    #[test]
    fn units_are_powers_of_ten() {
        for (text, power) in [
            ("1M", 6),
            ("1 M", 6),
            ("1K Tokens", 3),
            ("1000", 3),
            ("1", 0),
            ("Tokens", 0),
            ("1000 tokens", 3),
            ("100 K", 5),
            ("Million tokens", 6),
            ("1K/tokens", 3),
        ] {
            assert_eq!(unit(text), Some(power), "{text}");
        }
        for text in ["", "1 GB", "5", "0", "hours", "10000000000"] {
            assert_eq!(unit(text), None, "{text}");
        }
    }

    #[test]
    fn audio_is_told_from_text() {
        let usage = Meter::parse("rt aud cd inp Gl 1M Tokens").unwrap().usage(5);
        assert_eq!((usage.input, usage.cached, usage.audio_input, usage.cached_audio), (5, 5, 5, 5));
        assert!(usage.tokens().is_ok());
    }

    #[test]
    fn data_zones_lie_where_the_resource_does() {
        let mut context = Context::new(crate::domain::time::Instant::from_unix_seconds(0));
        let mut at =
            |place| region(Some("datazone"), Some(place), &mut context).map(|region| region.to_string());
        assert_eq!(at("EastUS2").as_deref(), Some("datazone-us"));
        assert_eq!(at("Sweden Central").as_deref(), Some("datazone-eu"));
        assert_eq!(at("australiaeast").as_deref(), Some("datazone-apac"));
        assert_eq!(at("unknown"), None);
    }
}
