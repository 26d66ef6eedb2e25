//! Worked invoices on the shipped price files, written as arithmetic that a person can check.

use tollcast::billing::{BandSums, BillError, MonthBill, Usage, bill_band, bill_request};
use tollcast::catalogue::RateCard;
use tollcast::domain::money::Ratio;
use tollcast::domain::route::RouteId;
use tollcast::domain::time::Instant;

use crate::support::catalogue;

fn card(route: &str, on: &str) -> RateCard {
    let (catalogue, id) = (catalogue(), RouteId::parse(route).unwrap());
    let offer = catalogue.offer(&id).unwrap();
    offer.card(offer.slot_at(Instant::parse(on).unwrap()).expect("a price")).clone()
}

fn usd(route: &str, input: u64, cached: u64, output: u64) -> String {
    let usage = Usage { input, cached, output, ..Usage::default() };
    bill_request(&card(route, "2026-11-23"), &usage).unwrap().total.to_string()
}

#[test]
fn published_examples_of_gpt_5_4() {
    assert_eq!(usd("openai/gpt-5.4", 200_000, 0, 0), "0.5"); // 0.2 M × 2.50
    assert_eq!(usd("openai/gpt-5.4", 500_000, 0, 0), "2.5"); // 0.5 M × 5.00
    assert_eq!(usd("openai/gpt-5.4", 300_000, 0, 100_000), "3.75"); // 0.3 × 5.00 + 0.1 × 22.50
    assert_eq!(usd("openai/gpt-5.4", 100_000, 100_000, 0), "0.025"); // 0.1 × 0.25
    assert_eq!(usd("openai/gpt-5.4", 100_000, 0, 10_000), "0.4"); // 0.1 × 2.50 + 0.01 × 15
    assert_eq!(usd("openai/gpt-5.4-mini", 200_000, 0, 100_000), "0.6"); // 0.2 × 0.75 + 0.1 × 4.50
    assert_eq!(usd("openai/gpt-5.4-nano", 200_000, 0, 100_000), "0.165"); // 0.2 × 0.20 + 0.1 × 1.25
}

#[test]
fn the_band_begins_strictly_above_272000() {
    assert_eq!(usd("openai/gpt-5.4", 271_999, 0, 10_000), "0.8299975"); // 0.271999 × 2.50 + 0.01 × 15
    assert_eq!(usd("openai/gpt-5.4", 272_000, 0, 10_000), "0.83"); // 0.272 × 2.50 + 0.01 × 15
    assert_eq!(usd("openai/gpt-5.4", 272_001, 0, 10_000), "1.585005"); // 0.272001 × 5 + 0.01 × 22.50
}

#[test]
fn cached_tokens_count_for_the_band_and_are_billed_once() {
    // 200,000 of the tokens cached: 0.072 × 2.50 + 0.2 × 0.25 and 0.072001 × 5 + 0.2 × 0.50
    assert_eq!(usd("openai/gpt-5.4", 272_000, 200_000, 0), "0.23");
    assert_eq!(usd("openai/gpt-5.4", 272_001, 200_000, 0), "0.460005");
}

#[test]
fn batch_bills_its_published_cached_price() {
    assert_eq!(usd("openai/gpt-5.4:batch", 100_000, 100_000, 0), "0.013"); // 0.1 × 0.13, not 0.125
    assert_eq!(usd("openrouter/openai/gpt-5.4:batch", 100_000, 100_000, 0), "0.0125"); // 0.1 × 0.125
    assert_eq!(usd("openai/gpt-5.4:batch", 272_001, 0, 10_000), "0.7925025"); // 0.272001 × 2.50 + 0.01 × 11.25
}

#[test]
fn pro_bills_cached_tokens_as_input() {
    assert_eq!(usd("openai/gpt-5.4-pro", 272_001, 0, 10_000), "19.02006"); // 0.272001 × 60 + 0.01 × 270
    assert_eq!(usd("openai/gpt-5.4-pro", 100_000, 60_000, 0), "3"); // 0.1 × 30
}

#[test]
fn data_zones_cost_ten_and_twenty_percent_more() {
    assert_eq!(usd("azure/gpt-5.4@datazone-us", 100_000, 0, 10_000), "0.44"); // 0.1 × 2.75 + 0.01 × 16.50
    assert_eq!(usd("azure/gpt-5.4@datazone-apac", 100_000, 0, 10_000), "0.48"); // 0.1 × 3 + 0.01 × 18
    assert_eq!(usd("azure/gpt-5.4@datazone-eu", 272_001, 0, 0), "1.4960055"); // 0.272001 × 5.50
    assert_eq!(usd("azure/gpt-5.4:batch@datazone-us", 100_000, 100_000, 0), "0.0143"); // 0.1 × 0.143
}

#[test]
fn priority_is_not_sold_above_its_band() {
    assert_eq!(usd("openai/gpt-5.4:priority", 200_000, 100_000, 10_000), "0.85"); // 0.1×5 + 0.1×0.5 + 0.01×30
    let usage = Usage { input: 272_001, ..Usage::default() };
    let refused = bill_request(&card("openai/gpt-5.4:priority", "2026-11-23"), &usage);
    assert_eq!(refused, Err(BillError::TooLong { input: 272_001, longest: 272_000 }));
}

#[test]
fn azure_priority_above_128000_is_billed_as_standard() {
    assert_eq!(usd("azure/gpt-5.4:priority", 128_000, 0, 0), "0.64"); // 0.128 × 5
    assert_eq!(usd("azure/gpt-5.4:priority", 128_001, 0, 0), "0.3200025"); // 0.128001 × 2.50
    assert_eq!(usd("azure/gpt-5.4:priority", 272_001, 0, 0), "1.360005"); // 0.272001 × 5
    let usage = Usage { input: 128_001, ..Usage::default() };
    let bill = bill_request(&card("azure/gpt-5.4:priority", "2026-11-23"), &usage).unwrap();
    assert_eq!(bill.premium.to_string(), "0"); // in the base band of the tier that bills
}

#[test]
fn deepseek_doubles_in_peak_hours_of_weekdays() {
    let bill = |on: &str| {
        let usage = Usage { input: 1_000_000, cached: 800_000, output: 100_000, ..Usage::default() };
        bill_request(&card("deepseek/deepseek-flash", on), &usage).unwrap().total.to_string()
    };
    assert_eq!(bill("2026-11-23T00:59:59Z"), "0.0924"); // 0.2×0.15 + 0.8×0.003 + 0.1×0.60, a Monday
    assert_eq!(bill("2026-11-23T01:00:00Z"), "0.1848");
    assert_eq!(bill("2026-11-23T03:59:59Z"), "0.1848");
    assert_eq!(bill("2026-11-23T04:00:00Z"), "0.0924");
    assert_eq!(bill("2026-11-22T02:00:00Z"), "0.0924"); // a Sunday
}

#[test]
fn dated_entries_take_over_at_their_instant() {
    let catalogue = catalogue();
    let id = RouteId::parse("deepseek/deepseek-flash").unwrap();
    let offer = catalogue.offer(&id).unwrap();
    assert!(offer.slot_at(Instant::parse("2026-09-10T03:59:59Z").unwrap()).is_none());
    assert!(offer.slot_at(Instant::parse("2026-09-10T04:00:00Z").unwrap()).is_some());
}

#[test]
fn the_premium_is_what_crossing_costs_beyond_the_base_band() {
    let usage = Usage { input: 272_001, cached: 100_000, output: 10_000, ..Usage::default() };
    let bill = bill_request(&card("openai/gpt-5.4", "2026-11-23"), &usage).unwrap();
    // Long minus short: 0.172001 × 2.50 + 0.1 × 0.25 + 0.01 × 7.50
    assert_eq!(bill.premium.to_string(), "0.5300025");
    assert_eq!(bill.band, 1);
}

#[test]
fn a_month_of_sums_costs_what_its_requests_cost() {
    let card = card("openai/gpt-5.4", "2026-11-23");
    let requests =
        [(1_000_u64, 0_u64, 7_u64), (272_000, 272_000, 900), (272_001, 5, 0), (900_000, 850_000, 128_000)];
    let mut sums = [BandSums::default(); 2];
    let mut one_by_one = tollcast::domain::money::Usd::ZERO;
    let mut premium = tollcast::domain::money::Usd::ZERO;
    for (input, cached, output) in requests {
        let bill = bill_request(&card, &Usage { input, cached, output, ..Usage::default() }).unwrap();
        one_by_one += bill.total;
        premium += bill.premium;
        let band = &mut sums[bill.band];
        band.uncached += input - cached;
        band.cached += cached;
        band.output += output;
    }
    let mut month = MonthBill::default();
    for (band, sums) in card.bands.iter().zip(&sums) {
        month.add(&bill_band(band, sums, Ratio::ONE));
    }
    assert_eq!(month.total(), one_by_one);
    assert_eq!(month.premium, premium);
}

#[test]
fn contradictory_usage_is_refused() {
    let usage = Usage { input: 10, cached: 8, written: 3, ..Usage::default() };
    let refused = bill_request(&card("openai/gpt-5.4", "2026-11-23"), &usage);
    assert_eq!(
        refused,
        Err(BillError::PartAboveWhole {
            part: "cached, written, audio, image and video",
            parts: 11,
            of: "input",
            whole: 10
        })
    );
}
