//! FOCUS billing exports. The specification has no columns for models and tokens yet: the `x_` columns in
//! common use are read where they are there, else a quantity consumed in tokens whose meter says which.

use super::cell::{Cell, Fault};
use super::context::{Context, Note};
use super::ledger::Parsed;
use super::reading::Reason;
use super::table::{Cells, Table};
use super::{Record, azure, words};
use crate::billing::Usage;
use crate::usage::Billed;

const START: usize = 0;
const END: usize = 1;
const COST: usize = 2;
const CURRENCY: usize = 3;
const CATEGORY: usize = 4;
const PROVIDER: usize = 5;
const REGION: usize = 6;
const QUANTITY: usize = 7;
const UNIT: usize = 8;
const METER: usize = 9;
const DESCRIPTION: usize = 10;
const MODEL: usize = 11;
const TOKEN_TYPE: usize = 12;
const INPUT: usize = 13;
const OUTPUT: usize = 14;
const CACHED: usize = 15;
const REASONING: usize = 16;
const REQUESTS: usize = 17;
const TIER: usize = 18;
const FIELDS: [&[&str]; 19] = [
    &["ChargePeriodStart"],
    &["ChargePeriodEnd"],
    &["BilledCost"],
    &["BillingCurrency"],
    &["ChargeCategory"],
    &["ServiceProviderName", "ProviderName", "PublisherName"],
    &["RegionId"],
    &["ConsumedQuantity"],
    &["ConsumedUnit"],
    &["SkuMeter"],
    &["ChargeDescription"],
    &["x_Model", "x_ModelId", "x_ModelName"],
    &["x_TokenType", "TokenType"],
    &["x_InputTokens", "x_PromptTokens"],
    &["x_OutputTokens", "x_CompletionTokens"],
    &["x_CachedTokens", "x_CachedInputTokens", "x_CacheReadTokens"],
    &["x_ReasoningTokens"],
    &["x_Requests", "x_RequestCount"],
    &["x_ServiceTier", "x_Tier"],
];

/// How its rows are read.
pub fn table() -> Table {
    Table::fixed(&FIELDS, &[START, END], row)
}

fn row(cells: &Cells<'_>, context: &mut Context) -> Result<Parsed, Fault> {
    let get = |field: usize| cells.get(field);
    if get(CATEGORY).text().is_some_and(|category| !category.eq_ignore_ascii_case("usage")) {
        return Err(Fault::new(Reason::NotARequest, "its ChargeCategory is not Usage"));
    }
    let usage = usage(cells)?;
    let at_ms = get(START).time("ChargePeriodStart", context)?;
    let end_ms = get(END).time("ChargePeriodEnd", context)?;
    if end_ms <= at_ms {
        return Err(Fault::new(Reason::BadTime, "the period ends before it begins"));
    }
    let requests = get(REQUESTS).count("x_Requests")?;
    if requests.is_none() {
        context.note(Note::NoRequests);
    }
    let model = get(MODEL).text().map(|name| context.name(name));
    if model.is_none() {
        context.note(Note::NoModel);
    }
    let dollars = get(CURRENCY).text().is_none_or(|code| code.eq_ignore_ascii_case("usd"));
    let amount = if dollars { get(COST).usd("BilledCost")? } else { None };
    if !dollars && get(COST).is_there() {
        context.note(Note::OtherCurrency);
    }
    let record = Record {
        at_ms,
        span_ms: Some(end_ms - at_ms),
        provider: get(PROVIDER).text().map(|name| words::provider(name, context)),
        model,
        tier: get(TIER).text().and_then(|tier| words::tier(tier, context)),
        region: get(REGION).text().map(|region| context.name(region)),
        usage,
        requests: requests.unwrap_or(0),
        billed: amount.map(|amount| Billed { amount, own_key: false }),
        ..Record::default()
    };
    Ok(Parsed::from(record))
}

fn usage(cells: &Cells<'_>) -> Result<Usage, Fault> {
    let get = |field: usize| cells.get(field);
    if get(INPUT).is_there() || get(OUTPUT).is_there() {
        let count = |field: usize| Ok(get(field).count(FIELDS[field][0])?.unwrap_or(0));
        return Ok(Usage {
            input: count(INPUT)?,
            output: count(OUTPUT)?,
            cached: count(CACHED)?,
            reasoning: count(REASONING)?,
            ..Usage::NONE
        });
    }
    let Some(unit) = get(UNIT).text().filter(|unit| unit.to_ascii_lowercase().contains("token")) else {
        return Err(Fault::new(
            Reason::NotARequest,
            "ConsumedUnit is not tokens, and x_InputTokens is missing",
        ));
    };
    let told = [TOKEN_TYPE, METER, DESCRIPTION].into_iter().find_map(|field| direction(get(field)));
    let Some(told) = told else {
        let detail = "x_TokenType, SkuMeter and ChargeDescription say neither input nor output";
        return Err(Fault::new(Reason::Untold, detail));
    };
    let Some(power) = azure::unit(unit) else {
        return Err(Fault::new(Reason::Untold, "ConsumedUnit is no number of tokens"));
    };
    let tokens = azure::tokens(get(QUANTITY), power, "ConsumedQuantity")?;
    Ok(match told {
        Direction::Output => Usage { output: tokens, ..Usage::NONE },
        Direction::Reasoning => Usage { output: tokens, reasoning: tokens, ..Usage::NONE },
        Direction::Input => Usage { input: tokens, ..Usage::NONE },
        Direction::Cached => Usage { input: tokens, cached: tokens, ..Usage::NONE },
        Direction::Written => Usage { input: tokens, written: tokens, ..Usage::NONE },
    })
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Direction {
    Input,
    Cached,
    Written,
    Output,
    Reasoning,
}

/// Which tokens a text is about.
fn direction(cell: Cell<'_>) -> Option<Direction> {
    let lower = cell.text()?.to_ascii_lowercase();
    let mentions = |words: &[&str]| {
        lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| words.contains(&word))
            || words.iter().any(|word| word.len() > 4 && lower.contains(word))
    };
    if mentions(&["output", "completion", "opt", "generated", "out"]) {
        Some(Direction::Output)
    } else if mentions(&["reasoning"]) {
        Some(Direction::Reasoning)
    } else if lower.contains("cach") && mentions(&["write", "written", "creation"]) {
        Some(Direction::Written)
    } else if lower.contains("cach") {
        Some(Direction::Cached)
    } else if mentions(&["input", "prompt", "inp"]) {
        Some(Direction::Input)
    } else {
        None
    }
}
