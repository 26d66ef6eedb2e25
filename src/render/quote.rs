//! Exact bills of single orders: as a table with its sources, and as JSON with decimal strings.

use serde::Serialize;

use super::sheet::Sheet;
use crate::billing::{Quote, Scope, meter_name};
use crate::catalogue::{BandMode, Included, Period, PriceEntry};
use crate::domain::format::thousands;
use crate::domain::money::{Rate, Usd};
use crate::domain::quantity::Quantity;

/// A bill, ready to be shown.
#[derive(Clone, Debug, Serialize)]
pub struct QuoteReport {
    schema_version: u32,
    /// The route as the user names it.
    pub route: String,
    model: String,
    tier: String,
    region: String,
    /// The instant of the prices.
    pub on: String,
    currency: &'static str,
    /// Tokens and meters, USD.
    pub total_usd: String,
    /// The band that applied, in words.
    pub band: String,
    /// The band rule, in words.
    pub rule: String,
    #[serde(skip)]
    one_band: bool,
    /// The time of day that applied, where the route has any.
    window: Option<String>,
    items: Vec<ItemReport>,
    premium_usd: String,
    fees: Vec<FeeReport>,
    /// With each platform fee's share, USD.
    pub total_with_fees_usd: String,
    contract: Option<ContractReport>,
    source_url: String,
    source: String,
    checked_on: String,
    prices_since: String,
    status: &'static str,
    notes: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
struct ItemReport {
    component: String,
    quantity: serde_json::Number,
    unit: String,
    rate_usd: String,
    /// The number of units that the rate is for.
    rate_per: u32,
    amount_usd: String,
}

#[derive(Clone, Debug, Serialize)]
struct FeeReport {
    name: String,
    share: String,
    amount_usd: String,
    minimum_usd_per_month: String,
    source: String,
}

#[derive(Clone, Debug, Serialize)]
struct ContractReport {
    name: String,
    terms: String,
    list_tokens_usd: String,
    source: String,
}

impl QuoteReport {
    /// The report of a quote; `contract` is the name and source of the contract that was given, `remarks` what
    /// the caller has to say.
    pub fn new(
        route: String,
        quote: &Quote<'_>,
        scope: Scope,
        contract: Option<(&str, &str)>,
        remarks: Vec<String>,
    ) -> Self {
        let entry = quote.entry();
        let mut notes = remarks;
        notes.extend(notes_of(quote, scope));
        QuoteReport {
            schema_version: 1,
            route,
            model: quote.offer.model.name.clone(),
            tier: quote.offer.tier.to_owned(),
            region: quote.offer.region.to_owned(),
            on: quote.at.to_string(),
            currency: "USD",
            total_usd: quote.total().to_string(),
            band: quote.card.band_words(quote.bill.band),
            rule: rule(quote),
            one_band: quote.card.bands.len() == 1,
            window: quote.offer.window(quote.slot).map(|window| window.name.clone()),
            items: items(quote),
            premium_usd: quote.bill.premium.to_string(),
            fees: quote
                .fees
                .iter()
                .map(|(fee, amount)| FeeReport {
                    name: fee.name.clone(),
                    share: Usd::from_micro_usd(fee.share.millionths()).to_string(),
                    amount_usd: amount.to_string(),
                    minimum_usd_per_month: fee.minimum.to_string(),
                    source: fee.source.source.clone(),
                })
                .collect(),
            total_with_fees_usd: quote.total_with_fees().to_string(),
            contract: quote.contract.as_ref().zip(contract).map(|(terms, (name, source))| ContractReport {
                name: name.to_owned(),
                terms: terms.clone(),
                list_tokens_usd: quote.list_total.unwrap_or(Usd::ZERO).to_string(),
                source: source.to_owned(),
            }),
            source_url: url(&entry.source.source),
            source: entry.source.source.clone(),
            checked_on: entry.source.checked.to_string(),
            prices_since: entry.from.to_string(),
            status: status(entry),
            notes,
        }
    }
}

/// `list`, `announced` or `hypothetical`.
pub fn status(entry: &PriceEntry) -> &'static str {
    entry.status.name()
}

/// The first address in a source, or the source itself where it has none.
pub fn url(source: &str) -> String {
    let found = source.split([' ', ';', ',', '(', ')']).find(|part| part.starts_with("http"));
    found.unwrap_or(source).to_owned()
}

fn rule(quote: &Quote<'_>) -> String {
    match (quote.card.bands.len(), quote.card.mode) {
        (1, _) => "one price for all lengths".to_owned(),
        (_, BandMode::WholeRequest) => {
            "the whole request is billed at the band of its input tokens, cached ones included".to_owned()
        }
        (_, BandMode::Graduated) => {
            "each part of the prompt is billed at the band that it lies in, output at the band of all input"
                .to_owned()
        }
    }
}

/// A quantity as a JSON number: whole where it is whole.
fn number(quantity: Quantity) -> serde_json::Number {
    let millionths = quantity.millionths();
    if millionths.is_multiple_of(1_000_000) {
        (millionths / 1_000_000).into()
    } else {
        serde_json::Number::from_f64(millionths as f64 / 1e6).unwrap_or_else(|| 0.into())
    }
}

fn items(quote: &Quote<'_>) -> Vec<ItemReport> {
    let tokens = quote.bill.items.iter().map(|item| ItemReport {
        component: item.component.name().to_owned(),
        quantity: item.tokens.into(),
        unit: "token".to_owned(),
        rate_usd: item.rate.to_string(),
        rate_per: 1_000_000,
        amount_usd: item.amount.to_string(),
    });
    let mut all: Vec<ItemReport> = tokens.collect();
    for (meter, bill) in &quote.meters {
        let name = meter_name(&meter.name, meter.level.as_deref());
        if bill.free > Quantity::ZERO {
            all.push(meter_item(&format!("{name} (free)"), &meter.unit, bill.free, Rate::ZERO));
        }
        for (quantity, rate) in &bill.lines {
            if *quantity > Quantity::ZERO {
                all.push(meter_item(&name, &meter.unit, *quantity, *rate));
            }
        }
    }
    all
}

fn meter_item(name: &str, unit: &str, quantity: Quantity, rate: Rate) -> ItemReport {
    ItemReport {
        component: name.to_owned(),
        quantity: number(quantity),
        unit: unit.to_owned(),
        rate_usd: rate.times(1).to_string(),
        rate_per: 1,
        amount_usd: rate.times_quantity(quantity).to_string(),
    }
}

/// What a reader has to know of the prices that were billed.
fn notes_of(quote: &Quote<'_>, scope: Scope) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    let entry = quote.entry();
    notes.extend(entry.source.note.clone());
    if let Some(derived) = &entry.derived {
        notes.push(format!("Not published as such: {derived}."));
    }
    if scope == Scope::Request {
        notes.extend(too_long(quote));
    }
    notes.extend(other_hours(quote));
    for (meter, bill) in &quote.meters {
        let name = meter_name(&meter.name, meter.level.as_deref());
        if bill.used != Quantity::ZERO && bill.billed > bill.used.less(bill.free) {
            notes.push(format!("{name}: {} used, billed as {}.", bill.used, bill.billed));
        }
        let by_use = meter.step != Quantity::ZERO || meter.minimum != Quantity::ZERO;
        if by_use && scope != Scope::Request {
            notes.push(format!(
                "{name}: steps and minimums hold for each use; the month's quantity is taken as one, which is the least it can cost."
            ));
        }
        if let Some(Included { quantity, per }) = meter.included
            && bill.free == Quantity::ZERO
            && per != Period::Request
        {
            notes.push(format!(
                "{name}: {quantity} a {} are free and not deducted from a single request; --scope month does.",
                per.name()
            ));
        }
        notes.extend(meter.source.note.as_ref().map(|note| format!("{name}: {note}")));
    }
    for (fee, _) in &quote.fees {
        if fee.minimum > Usd::ZERO && scope == Scope::Request {
            notes.push(format!("{}: at least {} USD a month, not counted here.", fee.name, fee.minimum));
        }
    }
    if let Some(rate) = &quote.offer.provider.currency.rate {
        notes.push(format!(
            "Prices in {}, at {} USD as of {}.",
            quote.offer.provider.currency.code, rate.usd, rate.on
        ));
    }
    notes
}

/// A word on prompts and answers that the model does not take.
fn too_long(quote: &Quote<'_>) -> Option<String> {
    let limits = quote.offer.model.limits.as_ref()?;
    let sum = |input: bool| -> u64 {
        quote
            .bill
            .items
            .iter()
            .filter(|item| item.component.is_input() == input)
            .map(|item| item.tokens)
            .sum()
    };
    let longest = limits.longest_prompt();
    // A band that begins at today's limit is for prompts that were served in its time.
    let sold_in_its_time =
        quote.bill.band > 0 && quote.card.bands[quote.bill.band - 1].up_to >= Some(longest);
    if sum(true) > longest && !sold_in_its_time {
        return Some(format!(
            "No such request is served: the longest prompt is {} tokens.",
            thousands(longest)
        ));
    }
    let most = limits.max_output.filter(|most| sum(false) > *most)?;
    Some(format!("No such request is served: the longest answer is {} tokens.", thousands(most)))
}

/// A word on the times of day of the route, if it has any.
fn other_hours(quote: &Quote<'_>) -> Option<String> {
    let entry = quote.entry();
    let names: Vec<&str> = entry.windows.iter().map(|window| window.name.as_str()).collect();
    if names.is_empty() {
        return None;
    }
    let now = quote.offer.window(quote.slot).map_or("outside of them", |_| "inside of them");
    Some(format!(
        "Prices change by the hour ({}); this is {now}, at {}. `tollcast prices show` lists them.",
        names.join(", "),
        quote.at
    ))
}

/// One bill as a sheet.
pub fn quote_sheet(report: &QuoteReport, scope: Scope) -> Sheet {
    let what = match scope {
        Scope::Request => "one request",
        Scope::Month { .. } => "a month",
    };
    let mut title = format!(
        "{}: {} ({}, {}), {what} on {}\n{}",
        report.route,
        report.model,
        report.tier,
        report.region,
        report.on,
        if report.one_band { report.rule.clone() } else { format!("{}; {}", report.band, report.rule) }
    );
    if let Some(contract) = &report.contract {
        title += &format!("\n{}: {}", contract.name, contract.terms);
    }
    let mut sheet = Sheet::new(title, &["item", "quantity", "unit", "USD", "per", "amount, USD"]);
    for item in &report.items {
        let quantity = item.quantity.as_u64().map_or_else(|| item.quantity.to_string(), thousands);
        sheet.rows.push(vec![
            item.component.clone(),
            quantity,
            item.unit.clone(),
            item.rate_usd.clone(),
            thousands(u64::from(item.rate_per)),
            item.amount_usd.clone(),
        ]);
    }
    let mut line = |name: &str, amount: &str| {
        let mut row = vec![name.to_owned()];
        row.extend(std::iter::repeat_n(String::new(), 4));
        row.push(amount.to_owned());
        sheet.rows.push(row);
    };
    line("total", &report.total_usd);
    if report.premium_usd != "0" {
        line("of which premium over the first band", &report.premium_usd);
    }
    if let Some(contract) = &report.contract {
        line("tokens at list prices", &contract.list_tokens_usd);
    }
    for fee in &report.fees {
        line(&format!("{}, on top", fee.name), &fee.amount_usd);
    }
    if !report.fees.is_empty() {
        line("with fees", &report.total_with_fees_usd);
    }
    let standing = if report.status == "list" { String::new() } else { format!(" ({})", report.status) };
    let which = if report.contract.is_some() { "List prices" } else { "Prices" };
    sheet.notes.extend(report.contract.iter().map(|contract| format!("Contract: {}.", contract.source)));
    sheet.notes.push(format!(
        "{which}{standing} since {}. Source: {}, checked {}.",
        report.prices_since, report.source, report.checked_on
    ));
    sheet.notes.extend(report.notes.iter().map(|note| format!("note: {note}")));
    sheet
}

/// Several bills of one order, side by side.
pub fn quotes_sheet(reports: &[QuoteReport]) -> Sheet {
    let on = reports.first().map(|report| report.on.clone()).unwrap_or_default();
    let mut sheet = Sheet::new(
        format!("The same order on {} routes, {on}", reports.len()),
        &["route", "USD", "with fees, USD", "premium, USD", "band", "checked"],
    );
    for report in reports {
        sheet.rows.push(vec![
            report.route.clone(),
            report.total_usd.clone(),
            report.total_with_fees_usd.clone(),
            report.premium_usd.clone(),
            report.band.clone(),
            report.checked_on.clone(),
        ]);
    }
    for report in reports {
        sheet.notes.extend(report.notes.iter().map(|note| format!("note: {}: {note}", report.route)));
    }
    sheet
}

/// One bill as JSON, several as a list.
///
/// # Errors
/// Never in practice: everything is plain text and numbers.
pub fn quotes_json(reports: &[QuoteReport]) -> anyhow::Result<String> {
    let text = match reports {
        [one] => serde_json::to_string_pretty(one)?,
        many => serde_json::to_string_pretty(many)?,
    };
    Ok(text + "\n")
}

/// The items of all bills as CSV.
pub fn quotes_csv(reports: &[QuoteReport]) -> Sheet {
    let head = [
        "route",
        "on",
        "component",
        "quantity",
        "unit",
        "rate_usd",
        "rate_per",
        "amount_usd",
        "band",
        "source_url",
        "checked_on",
    ];
    let mut sheet = Sheet::new("", &head);
    for report in reports {
        for item in &report.items {
            sheet.rows.push(vec![
                report.route.clone(),
                report.on.clone(),
                item.component.clone(),
                item.quantity.to_string(),
                item.unit.clone(),
                item.rate_usd.clone(),
                item.rate_per.to_string(),
                item.amount_usd.clone(),
                report.band.clone(),
                report.source_url.clone(),
                report.checked_on.clone(),
            ]);
        }
        // Fees are lines too, so that the amounts of a route add up to what it costs with them.
        for fee in &report.fees {
            let nothing = String::new;
            sheet.rows.push(vec![
                report.route.clone(),
                report.on.clone(),
                format!("fee: {}", fee.name),
                nothing(),
                nothing(),
                nothing(),
                nothing(),
                fee.amount_usd.clone(),
                nothing(),
                url(&fee.source),
                nothing(),
            ]);
        }
    }
    sheet
}
