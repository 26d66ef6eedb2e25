//! Bills that others published, and the peers' own test figures: each as arithmetic that a person can check.
//!
//! Those of GPT-5.4 are in `invoices.rs`. Where a model is not in the catalogue, the card is written here.

use tollcast::billing::{
    Billed, Load, Order, Scope, Usage, beyond_reservation, bill_meter, bill_request, pay_as_you_go, quote,
    settle, size,
};
use tollcast::catalogue::{CapacityOffer, Catalogue, Contract, Meter};
use tollcast::domain::money::Usd;
use tollcast::domain::quantity::Quantity;
use tollcast::domain::route::RouteId;
use tollcast::domain::time::Instant;

use crate::support::{catalogue, source};

fn at(date: &str) -> Instant {
    Instant::parse(date).unwrap()
}

fn usd(route: &str, on: &str, usage: Usage) -> String {
    bill(&catalogue(), route, on, usage)
}

fn bill(catalogue: &Catalogue, route: &str, on: &str, usage: Usage) -> String {
    let id = RouteId::parse(route).unwrap();
    let offer = catalogue.offer(&id).unwrap();
    let slot = offer.slot_at(at(on)).unwrap_or_else(|| panic!("{route} has no price on {on}"));
    bill_request(offer.card(slot), &usage).unwrap().total.to_string()
}

fn plain(input: u64, output: u64) -> Usage {
    Usage { input, output, ..Usage::default() }
}

/// A price file around some YAML below its models.
fn prices(models: &str) -> Catalogue {
    let text = format!(
        "tollcast_prices: 1\nprovider: t\nname: T\ncurrency: USD\ncached_tokens: inside_input\nreasoning_tokens: inside_output\n{models}"
    );
    Catalogue::read(&[source("t.yaml", &text)], &[]).unwrap_or_else(|problems| panic!("{problems}"))
}

const CITED: &str = "from: 2020-01-01, source: invented, checked: 2020-01-01";

fn one_model(bands: &str) -> Catalogue {
    prices(&format!(
        "models: [{{id: m, name: M, prices: [{{tiers: [standard], regions: [global], bands: [{bands}], {CITED}}}]}}]\n"
    ))
}

fn meter(fields: &str) -> Meter {
    let catalogue = prices(&format!(
        "meters: [{{meter: page, unit: page, {fields}, {CITED}}}]\nmodels: [{{id: m, name: M, prices: [{{tiers: [standard], regions: [global], bands: [{{input: 1, output: 1}}], {CITED}}}]}}]\n"
    ));
    catalogue.providers[0].meters[0].clone()
}

const MONTH: Scope = Scope::Month { days: 30, requests: 1_000 };

#[test]
fn gpt_5_5_crosses_like_gpt_5_4() {
    assert_eq!(usd("openai/gpt-5.5", "2026-11-23", plain(272_000, 10_000)), "1.66"); // 0.272 × 5 + 0.01 × 30
    assert_eq!(usd("openai/gpt-5.5", "2026-11-23", plain(272_001, 10_000)), "3.17001"); // 0.272001 × 10 + 0.01 × 45
}

#[test]
fn mini_and_nano_at_a_million_tokens() {
    // No such prompt is served; the figures are the peers'.
    let usage = plain(1_000_000, 100_000);
    assert_eq!(usd("openai/gpt-5.4-mini", "2026-11-23", usage), "1.2"); // 1 × 0.75 + 0.1 × 4.50
    assert_eq!(usd("openai/gpt-5.4-nano", "2026-11-23", usage), "0.325"); // 1 × 0.20 + 0.1 × 1.25
}

#[test]
fn cache_reads_and_writes_are_dear_beyond_the_threshold_too() {
    // July 2026: 150,000 × 10 + 100,000 × 12.50 + 50,000 × 1 + 10,000 × 45, per million.
    let usage =
        Usage { input: 300_000, written: 100_000, cached: 50_000, output: 10_000, ..Usage::default() };
    assert_eq!(usd("openai/gpt-5.6-sol", "2026-07-15", usage), "3.25");
    // After the cut of August: 150,000 × 8 + 100,000 × 10 + 50,000 × 0.80 + 10,000 × 30.
    assert_eq!(usd("openai/gpt-5.6-sol", "2026-09-01", usage), "2.54");
}

#[test]
fn sonnet_4_5_had_a_dear_band() {
    let on = "2026-01-15";
    assert_eq!(usd("anthropic/claude-sonnet-4-5", on, plain(200_000, 0)), "0.6"); // 0.2 × 3
    assert_eq!(usd("anthropic/claude-sonnet-4-5", on, plain(200_001, 0)), "1.200006"); // 0.200001 × 6
    assert_eq!(usd("anthropic/claude-sonnet-4-5", on, plain(300_000, 100_000)), "4.05"); // 0.3 × 6 + 0.1 × 22.50
    assert_eq!(usd("anthropic/claude-sonnet-4-5", on, plain(100_000, 100_000)), "1.8"); // 0.1 × 3 + 0.1 × 15
    assert_eq!(usd("anthropic/claude-sonnet-4-5", "2026-05-01", plain(200_000, 0)), "0.6");
}

#[test]
fn gemini_2_5_pro_at_exactly_200_000_tokens_is_short() {
    // 150,000 and 10,000 of tools uncached, 40,000 cached; 10,000 visible and 2,000 thoughts.
    let usage =
        Usage { input: 200_000, cached: 40_000, output: 12_000, reasoning: 2_000, ..Usage::default() };
    assert_eq!(usd("google/gemini-2.5-pro", "2026-11-23", usage), "0.325"); // 0.16 × 1.25 + 0.04 × 0.125 + 0.012 × 10
    assert_eq!(usd("google/gemini-2.5-pro", "2026-11-23", plain(300_000, 8_000)), "0.87"); // 0.3 × 2.50 + 0.008 × 15
}

#[test]
fn single_bands() {
    let on = "2026-11-23";
    assert_eq!(usd("openai/gpt-4o", on, plain(1_000, 100)), "0.0035"); // 0.001 × 2.50 + 0.0001 × 10
    assert_eq!(usd("anthropic/claude-opus-5", on, plain(200_000, 8_000)), "1.2"); // 0.2 × 5 + 0.008 × 25
    assert_eq!(usd("openai/gpt-5.2", on, plain(300_000, 8_000)), "0.637"); // 0.3 × 1.75 + 0.008 × 14
    let usage = Usage { input: 423 + 380, cached: 380, output: 18, ..Usage::default() };
    // 423 × 3 + 380 × 0.30 + 18 × 15, per million.
    assert_eq!(usd("anthropic/claude-sonnet-4-5", on, usage), "0.001653");
    // kimi-k2.7-code at 0.95, 0.19 and 4: 900 × 0.95 + 100 × 0.19 + 100 × 4.
    let kimi = one_model("{input: 0.95, cached_input: 0.19, output: 4}");
    let usage = Usage { input: 1_000, cached: 100, output: 100, ..Usage::default() };
    assert_eq!(bill(&kimi, "t/m", on, usage), "0.001274");
}

#[test]
fn images_are_billed_apart_from_text() {
    // gpt-image-1.5: text 5 in, 1.25 cached, 10 out; images 8 in, 2 cached, 32 out. 1,000 in of which 200 cached
    // and 300 image, 50 both; 600 out of which 500 image.
    let image = one_model(
        "{input: 5, cached_input: 1.25, image_input: 8, cached_image_input: 2, output: 10, image_output: 32}",
    );
    let usage = Usage {
        input: 1_000,
        cached: 200,
        image_input: 300,
        cached_image: 50,
        output: 600,
        image_output: 500,
        ..Usage::default()
    };
    // 550 × 5 + 150 × 1.25 + 250 × 8 + 50 × 2 + 100 × 10 + 500 × 32.
    assert_eq!(bill(&image, "t/m", "2026-01-01", usage), "0.0220375");
}

#[test]
fn cache_writes_by_lifetime() {
    let usage = Usage {
        input: 2_000 + 10_000 + 50_000 + 100_000,
        written: 10_000,
        written_1h: 50_000,
        cached: 100_000,
        output: 3_000,
        ..Usage::default()
    };
    // 2 × 5 + 10 × 6.25 + 50 × 10 + 100 × 0.50 + 3 × 25, per thousand.
    assert_eq!(usd("anthropic/claude-opus-4-8", "2026-11-23", usage), "0.6975");
}

#[test]
fn many_bands_end_with_their_last_token() {
    let on = "2026-11-23";
    assert_eq!(usd("alibaba/qwen3-coder-plus", on, plain(32_000, 1_000)), "0.037"); // 0.032 × 1 + 0.001 × 5
    assert_eq!(usd("alibaba/qwen3-coder-plus", on, plain(32_001, 1_000)), "0.0666018"); // 0.032001 × 1.80 + 0.001 × 9
}

#[test]
fn xai_is_dear_from_200_000_on() {
    let on = "2026-11-23";
    assert_eq!(usd("xai/grok-4.5", on, plain(199_999, 0)), "0.399998"); // 0.199999 × 2
    assert_eq!(usd("xai/grok-4.5", on, plain(200_000, 0)), "0.8"); // 0.2 × 4
    assert_eq!(usd("xai/grok-4.5", on, plain(200_001, 0)), "0.800004"); // 0.200001 × 4
}

#[test]
fn cache_storage_costs_by_token_and_hour() {
    let (catalogue, id) = (catalogue(), RouteId::parse("google/gemini-2.5-pro").unwrap());
    let offer = catalogue.offer(&id).unwrap();
    let order = Order {
        usage: Usage::default(),
        uses: vec![("cache_storage".to_owned(), None, Quantity::whole(3_000_000))],
        scope: Scope::Request,
    };
    // A million tokens for three hours at 4.50 a million and hour.
    assert_eq!(quote(offer, at("2026-11-23"), &order, None).unwrap().total().to_string(), "13.5");
}

#[test]
fn a_promotion_ends_on_its_day() {
    let route = "google/gemini-3.8-flash";
    let usage = Usage { input: 1_000_000, cached: 400_000, output: 100_000, ..Usage::default() };
    // 0.6 × 0.75 + 0.4 × 0.075 + 0.1 × 3.75, then twice that.
    assert_eq!(usd(route, "2026-12-31T23:59:59Z", usage), "0.855");
    assert_eq!(usd(route, "2027-01-01", usage), "1.71");
}

#[test]
fn free_allowances_are_deducted_from_a_month() {
    let vision = meter("price: 1.50, per: 1000, included: 1000, included_per: month");
    let cost = |units| bill_meter(&vision, Quantity::whole(units), MONTH).amount.to_string();
    assert_eq!(cost(5_400), "6.6"); // 4,400 × 0.0015
    assert_eq!(cost(21_600), "30.9"); // 20,600 × 0.0015
    assert_eq!(cost(900), "0");
    // A single request does not know what the month has used.
    assert_eq!(bill_meter(&vision, Quantity::whole(10), Scope::Request).amount.to_string(), "0.015");
    let daily = meter("price: 35, per: 1000, included: 1500, included_per: day");
    assert_eq!(bill_meter(&daily, Quantity::whole(46_000), MONTH).amount.to_string(), "35"); // 45,000 are free
}

#[test]
fn graduated_meters_slice_and_whole_ones_do_not() {
    let bands = "bands: [{up_to: 1000, price: 0.01}, {up_to: 10000, price: 0.008}, {price: 0.005}]";
    let graduated = meter(&format!("mode: graduated, {bands}"));
    // 1,000 × 0.01 + 9,000 × 0.008 + 5,000 × 0.005.
    assert_eq!(bill_meter(&graduated, Quantity::whole(15_000), MONTH).amount.to_string(), "107");
    let hundred =
        meter("mode: graduated, bands: [{up_to: 100, price: 1}, {up_to: 200, price: 0.50}, {price: 0.10}]");
    assert_eq!(bill_meter(&hundred, Quantity::whole(250), MONTH).amount.to_string(), "155"); // 100 + 50 + 5
    let whole = meter("mode: whole, bands: [{up_to: 25, price: 0.005}, {price: 0.025}]");
    assert_eq!(bill_meter(&whole, Quantity::whole(25), Scope::Request).amount.to_string(), "0.125");
    assert_eq!(bill_meter(&whole, Quantity::whole(26), Scope::Request).amount.to_string(), "0.65");
}

#[test]
fn started_steps_and_minimums_are_billed_whole() {
    let scrape = meter("price: 0.000166, step: 10"); // ceil(results / 10) × 0.00166
    let cost = |units| bill_meter(&scrape, Quantity::whole(units), Scope::Request).amount.to_string();
    assert_eq!([cost(0), cost(1), cost(10), cost(11)], ["0", "0.00166", "0.00166", "0.00332"]);
    let container = meter("price: 0.0015, minimum: 5"); // by the minute, at least five
    let minutes =
        |m: &str| bill_meter(&container, Quantity::parse(m).unwrap(), Scope::Request).amount.to_string();
    assert_eq!(
        [minutes("0"), minutes("2"), minutes("20"), minutes("20.5")],
        ["0", "0.0075", "0.03", "0.03075"]
    );
}

#[test]
fn exa_searches_at_openrouter_cost_by_result() {
    let (catalogue, id) = (catalogue(), RouteId::parse("openrouter/openai/gpt-5.4").unwrap());
    let offer = catalogue.offer(&id).unwrap();
    let order = Order {
        usage: Usage::default(),
        uses: vec![("web_search".to_owned(), Some("exa".to_owned()), Quantity::whole(5))],
        scope: Scope::Request,
    };
    let quote = quote(offer, at("2026-11-23"), &order, None).unwrap();
    assert_eq!(quote.total().to_string(), "0.02"); // 5 × 0.004
    assert_eq!(quote.total_with_fees().to_string(), "0.0211"); // and 5.5 % for buying the credit
}

fn units(model: &str, region: &str) -> CapacityOffer {
    let id = RouteId::parse(&format!("azure/{model}:ptu@{region}")).unwrap();
    catalogue().capacity(&id, at("2026-11-23")).unwrap().clone()
}

fn load(requests: u64, input: u64, output: u64, cached_percent: u64) -> Load {
    Load { requests, input, output, cached_millionths: cached_percent * 10_000 }
}

#[test]
fn provisioned_units_are_sized_as_microsoft_does() {
    let data_zone = units("gpt-5.2", "datazone-us");
    let sized = |offer: &CapacityOffer, load: Load| {
        let sizing = size(offer, &load).unwrap();
        (format!("{:.2}", sizing.exact), sizing.units)
    };
    // (1,000 × 200 + 8 × 1,000 × 20) / 3,400, and with half of the input cached.
    assert_eq!(sized(&data_zone, load(1_000, 200, 20, 0)), ("105.88".to_owned(), 110));
    assert_eq!(sized(&data_zone, load(1_000, 200, 20, 50)), ("76.47".to_owned(), 80));
    // Regional deployments come from 50 in steps of 50.
    let regional = CapacityOffer { minimum_units: 50, increment_units: 50, ..data_zone };
    assert_eq!(sized(&regional, load(1_000, 100, 50, 0)), ("147.06".to_owned(), 150));
    assert_eq!(sized(&regional, load(1_000, 100, 50, 25)), ("139.71".to_owned(), 150));
    assert_eq!(sized(&regional, load(1, 100, 50, 0)).1, 50);
    // (500 × 2,000 × 0.239 + 6 × 500 × 300) / 2,400 on gpt-5.4.
    let global = units("gpt-5.4", "global");
    let cached = Load { cached_millionths: 761_000, ..load(500, 2_000, 300, 0) };
    assert_eq!(sized(&global, cached), ("474.58".to_owned(), 475));
    // Exactly 15 units stay 15; one token more is the next size.
    assert_eq!(sized(&global, load(1, 36_000, 0, 0)).1, 15);
    assert_eq!(sized(&global, load(1, 36_001, 0, 0)).1, 20);
}

#[test]
fn units_are_billed_by_the_minute_beyond_their_reservation() {
    let global = units("gpt-5.4", "global");
    let cost = |units, minutes| pay_as_you_go(&global, units, minutes).unwrap().to_string();
    assert_eq!(cost(45, 180), "135"); // 45 × 1.00 × 3
    assert_eq!(cost(45, 15), "11.25"); // a quarter of an hour
    assert_eq!(beyond_reservation(&[300, 300], 500), 100);
    assert_eq!(beyond_reservation(&[300], 500), 0);
}

#[test]
fn prepaid_credit_is_cheaper_than_what_it_pays_for() {
    let text = "tollcast_contract: 1\nname: Agent P3\nprovider: azure\nfrom: 2026-01-01\ncredit: {amount: 20000, paid: 19000, expires: 2027-01-01}\nsource: MicrosoftDocs, 2026-02-10\nchecked: 2026-11-23\n";
    let contract = Contract::read(&source("contract.yaml", text)).unwrap();
    let usage = Usd::from_micro_usd(20_000_000_000);
    let months = settle(&contract, &[Billed { from: at("2026-02-01"), usage }]);
    assert_eq!(months[0].paid().to_string(), "19000");
}

#[test]
fn graduated_bands_slice_a_prompt_from_its_cached_beginning() {
    let card = "{up_to: 1000, input: 1, cached_input: 0.1, output: 10}, {above: 1000, input: 2, cached_input: 0.2, output: 20}";
    let text = format!(
        "models: [{{id: m, name: M, prices: [{{tiers: [standard], regions: [global], mode: graduated, bands: [{card}], {CITED}}}]}}]\n"
    );
    let catalogue = prices(&text);
    let usage = Usage { input: 3_000, cached: 1_500, output: 100, ..Usage::default() };
    // 1,000 × 0.1 + 500 × 0.2 cached, 1,500 × 2 uncached, output at the band of 3,000.
    assert_eq!(bill(&catalogue, "t/m", "2026-01-01", usage), "0.0052");
    assert_eq!(bill(&catalogue, "t/m", "2026-01-01", plain(1_000, 0)), "0.001");
    assert_eq!(bill(&catalogue, "t/m", "2026-01-01", plain(1_001, 0)), "0.001002");
}
