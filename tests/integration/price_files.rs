//! What price files can say, and the laws that hold of any of them.

use std::sync::Arc;

use proptest::prelude::*;
use tollcast::billing::{Billed, Usage, bill_request, price_request, settle};
use tollcast::catalogue::diff::{State, diff};
use tollcast::catalogue::import::{Database, ImportOptions, Imported, Missing, RemarkKind, import};
use tollcast::catalogue::{
    Catalogue, Component, Contract, ExchangeRate, Price, Provider, price_file, shipped,
};
use tollcast::domain::money::Usd;
use tollcast::domain::problem::Source;
use tollcast::domain::route::RouteId;
use tollcast::domain::time::Instant;

use crate::support::source;

fn at(date: &str) -> Instant {
    Instant::parse(date).unwrap()
}

/// A price file of one model with these entries, each a flow map without its citation.
fn file(currency: &str, around: &str, entries: &[&str]) -> Arc<Source> {
    let cited = "source: invented, checked: 2020-01-01";
    let entries: Vec<String> =
        entries.iter().map(|entry| format!("      - {{{entry}, {cited}}}\n")).collect();
    source(
        "t.yaml",
        &format!(
            "tollcast_prices: 1\nprovider: t\nname: T\ncurrency: {currency}\ncached_tokens: inside_input\nreasoning_tokens: inside_output\n{around}models:\n  - id: m\n    name: M\n    aliases: [m-latest]\n    prices:\n{}",
            entries.concat()
        ),
    )
}

fn catalogue(file: &Arc<Source>) -> Catalogue {
    Catalogue::read(std::slice::from_ref(file), &[]).unwrap_or_else(|problems| panic!("{problems}"))
}

fn cost(catalogue: &Catalogue, route: &str, on: &str, usage: &Usage) -> Option<String> {
    let id = RouteId::parse(route).unwrap();
    let offer = catalogue.offer(&id).ok()?;
    let slot = offer.slot_at(at(on))?;
    Some(price_request(offer.card(slot), usage).unwrap().to_string())
}

const MILLION: Usage = Usage { input: 1_000_000, ..EMPTY };
const EMPTY: Usage = Usage::NONE;

#[test]
fn every_shipped_file_reads_back_as_it_was_written() {
    for file in shipped() {
        let mut provider = Provider::read(&file).unwrap();
        let again = Provider::read(&source(&file.name, &price_file(&provider)))
            .unwrap_or_else(|problems| panic!("{}: {problems}", file.name));
        for entry in provider.models.iter_mut().flat_map(|model| &mut model.prices) {
            entry.derived = None; // a multiple is written out as what it comes to
        }
        assert_eq!(provider, again, "{}", file.name);
    }
}

#[test]
fn every_shipped_rate_has_at_most_six_decimals() {
    // Rates are whole micro-dollars by their type; the text of each has to say no more than that.
    for provider in Catalogue::read(&shipped(), &[]).unwrap().providers {
        for entry in provider.models.iter().flat_map(|model| &model.prices) {
            for (_, price) in entry.card.bands.iter().flat_map(|band| band.rates.known()) {
                let decimals = price.rate().map_or(0, |rate| {
                    rate.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len())
                });
                assert!(decimals <= 6, "{}: {decimals} decimals", provider.id);
            }
        }
    }
}

#[test]
fn an_alias_is_the_same_model() {
    let catalogue = catalogue(&file(
        "USD",
        "",
        &["tiers: [standard], regions: [global], from: 2026-01-01, bands: [{input: 2, output: 10}]"],
    ));
    assert_eq!(cost(&catalogue, "t/m-latest", "2026-02-01", &MILLION), Some("2".to_owned()));
    assert_eq!(cost(&catalogue, "t/m-newest", "2026-02-01", &MILLION), None);
}

#[test]
fn a_multiple_follows_the_dated_changes_of_its_base() {
    let base = "tiers: [standard], regions: [global]";
    let catalogue = catalogue(&file(
        "USD",
        "",
        &[
            &format!("{base}, from: 2026-01-01, bands: [{{input: 2, output: 10}}]"),
            &format!("{base}, from: 2026-03-01, bands: [{{input: 1, output: 5}}]"),
            &format!("{base}, from: 2026-06-01, until: 2026-07-01, bands: [{{input: 3, output: 5}}]"),
            "tiers: [batch], regions: [global, eu], from: 2026-02-01, multiple_of: {tier: standard, region: global, times: 0.55}",
            "tiers: [batch], regions: [eu], from: 2026-05-01, bands: [{input: 9, output: 9}]",
        ],
    ));
    let cost = |route: &str, on: &str| cost(&catalogue, route, on, &MILLION);
    assert_eq!(cost("t/m:batch", "2026-01-31"), None);
    assert_eq!(cost("t/m:batch", "2026-02-01"), Some("1.1".to_owned())); // 2 × 0.55
    assert_eq!(cost("t/m:batch", "2026-03-01"), Some("0.55".to_owned()));
    assert_eq!(cost("t/m:batch", "2026-06-15"), Some("1.65".to_owned()));
    assert_eq!(cost("t/m:batch", "2026-07-01"), None); // its base is no longer sold
    assert_eq!(cost("t/m:batch@eu", "2026-04-30"), Some("0.55".to_owned()));
    assert_eq!(cost("t/m:batch@eu", "2026-06-15"), Some("9".to_owned())); // a published price wins
}

#[test]
fn windows_follow_minutes_weekdays_and_holidays() {
    let catalogue = catalogue(&file(
        "USD",
        "calendars: {days-off: {utc_offset_hours: 8, dates: [2026-01-07], source: invented, checked: 2020-01-01}}\n",
        &[
            "tiers: [standard], regions: [global], from: 2026-01-01, bands: [{input: 1, output: 1}], windows: [{name: night, utc_hours: [\"22:30-01:15\"], weekdays: [mon, tue], except: days-off, bands: [{input: 2, output: 2}]}]",
        ],
    ));
    let price = |on: &str| cost(&catalogue, "t/m", on, &MILLION).unwrap();
    // 2026-01-05 is a Monday.
    assert_eq!(price("2026-01-05T22:29:59Z"), "1");
    assert_eq!(price("2026-01-05T22:30:00Z"), "2");
    assert_eq!(price("2026-01-06T01:14:59Z"), "2"); // still Monday's night
    assert_eq!(price("2026-01-06T01:15:00Z"), "1");
    assert_eq!(price("2026-01-05T00:30:00Z"), "1"); // the night of Sunday
    // The seventh begins at 16:00 UTC of the sixth, eight hours east.
    assert_eq!(price("2026-01-06T23:00:00Z"), "1");
    assert_eq!(price("2026-01-13T23:00:00Z"), "2");
}

#[test]
fn deepseek_is_off_peak_on_public_holidays() {
    let catalogue = Catalogue::read(&shipped(), &[]).unwrap();
    let price = |on: &str| cost(&catalogue, "deepseek/deepseek-flash", on, &MILLION).unwrap();
    assert_eq!(price("2026-09-30T02:00:00Z"), "0.3"); // a Wednesday
    assert_eq!(price("2026-10-01T02:00:00Z"), "0.15"); // National Day, a Thursday
    assert_eq!(price("2026-10-08T02:00:00Z"), "0.3");
}

#[test]
fn foreign_prices_need_a_rate_and_are_rounded_once() {
    let file = file(
        "EUR",
        "",
        &["tiers: [standard], regions: [global], from: 2026-01-01, bands: [{input: 0.333333, output: 10}]"],
    );
    let euros = catalogue(&file);
    let id = RouteId::parse("t/m").unwrap();
    let refused = euros.offer(&id).map(|_| ()).unwrap_err();
    assert!(refused.title.contains("EUR") && refused.help.contains("--exchange EUR="), "{refused:?}");
    let dollars = euros.exchanged(&[ExchangeRate::parse("EUR=1.08@2026-11-20").unwrap()]);
    // 0.333333 × 1.08 = 0.35999964, to six decimals.
    assert_eq!(cost(&dollars, "t/m", "2026-02-01", &MILLION), Some("0.36".to_owned()));
    for wrong in [
        "EUR",
        "EUR=1.08",
        "EUR=0@2026-01-01",
        "EUR=x@2026-01-01",
        "EUR=1.08@today",
        "euro=1@2026-01-01",
        "USD=1@2026-01-01",
    ] {
        assert!(ExchangeRate::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn unknown_components_are_errors_and_reasoning_is_output() {
    let catalogue = catalogue(&file(
        "USD",
        "",
        &[
            "tiers: [standard], regions: [global], from: 2026-01-01, bands: [{input: 2, output: 10, image_output: not_sold, image_input: same_as_input}]",
        ],
    ));
    let id = RouteId::parse("t/m").unwrap();
    let offer = catalogue.offer(&id).unwrap();
    let card = offer.card(offer.slot_at(at("2026-02-01")).unwrap());
    let refused = |usage: Usage| bill_request(card, &usage).unwrap_err().to_string();
    assert_eq!(
        refused(Usage { input: 9, cached: 1, ..EMPTY }),
        "no price for `cached_input` is published here"
    );
    assert_eq!(
        refused(Usage { input: 9, written_1h: 1, ..EMPTY }),
        "no price for `cache_write_1h` is published here"
    );
    assert_eq!(
        refused(Usage { input: 9, audio_input: 1, ..EMPTY }),
        "no price for `audio_input` is published here"
    );
    assert_eq!(refused(Usage { output: 9, image_output: 1, ..EMPTY }), "`image_output` is not sold here");
    let thought = bill_request(card, &Usage { output: 1_000, reasoning: 400, ..EMPTY }).unwrap();
    assert_eq!(thought.total.to_string(), "0.01");
    let seen = bill_request(card, &Usage { input: 1_000, image_input: 400, ..EMPTY }).unwrap();
    assert_eq!(seen.total.to_string(), "0.002");
}

#[test]
fn a_difference_names_what_changed() {
    let entry = |input: &str| {
        format!(
            "tiers: [standard], regions: [global], from: 2026-01-01, bands: [{{up_to: 100, input: {input}, output: 10}}, {{input: 5, output: 10}}]"
        )
    };
    let (a, b) = (catalogue(&file("USD", "", &[&entry("2")])), catalogue(&file("USD", "", &[&entry("2.5")])));
    let state = |catalogue| State { catalogue, at: at("2026-02-01") };
    let changes = diff(state(&a), state(&b));
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (changes[0].component.as_str(), changes[0].part.as_str()),
        ("input", "up to 100 input tokens")
    );
    assert_eq!(changes[0].relative(), Some(0.25));
    assert!(diff(state(&a), state(&a)).is_empty());
    let early = State { catalogue: &a, at: at("2025-01-01") };
    assert_eq!(diff(early, state(&a))[0].component, "route");
}

fn contract(terms: &str) -> Contract {
    let text = format!(
        "tollcast_contract: 1\nname: C\nprovider: t\nfrom: 2026-01-01\nuntil: 2026-04-01\n{terms}\nsource: order form\nchecked: 2026-01-01\n"
    );
    Contract::read(&source("c.yaml", &text)).unwrap_or_else(|problems| panic!("{problems}"))
}

fn usd(dollars: i64) -> Usd {
    Usd::from_micro_usd(dollars * 1_000_000)
}

/// What is paid in January to April for these bills; the contract ends before April.
fn paid(contract: &Contract, bills: [i64; 4]) -> Vec<String> {
    let months = ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"];
    let billed: Vec<Billed> =
        months.iter().zip(bills).map(|(month, bill)| Billed { from: at(month), usage: usd(bill) }).collect();
    settle(contract, &billed).iter().map(|month| month.paid().to_string()).collect()
}

#[test]
fn contracts_settle_month_by_month() {
    let graduated = contract(
        "volume_steps: {mode: graduated, steps: [{above: 100, share: 10%}, {above: 200, share: 20%}]}",
    );
    // 250: 10 % of the hundred above 100 and 20 % of the fifty above 200; April is outside.
    assert_eq!(paid(&graduated, [100, 150, 250, 250]), ["100", "145", "230", "250"]);
    let whole =
        contract("volume_steps: {mode: whole, steps: [{above: 100, share: 10%}, {above: 200, share: 20%}]}");
    assert_eq!(paid(&whole, [100, 101, 250, 250]), ["100", "90.9", "200", "250"]);
    let monthly = contract("commitment: {minimum: 100, per: month}");
    assert_eq!(paid(&monthly, [40, 100, 160, 40]), ["100", "100", "160", "40"]);
    let term = contract("commitment: {minimum: 500, per: term}");
    assert_eq!(paid(&term, [40, 100, 160, 40]), ["40", "100", "360", "40"]); // 200 are missing
    let credit = contract("credit: {amount: 200, paid: 180, expires: 2026-03-01}");
    // Bought in January; February uses what is left of it, March is too late for the rest.
    assert_eq!(paid(&credit, [120, 50, 90, 10]), ["180", "0", "90", "10"]);
}

#[test]
fn a_contract_lies_over_the_list_and_never_in_it() {
    let list = catalogue(&file(
        "USD",
        "",
        &[
            "tiers: [standard], regions: [global], from: 2020-01-01, bands: [{input: 2, cached_input: 0.13, output: 10}]",
            "tiers: [batch], regions: [global], from: 2020-01-01, bands: [{input: 1, output: 5}]",
        ],
    ));
    let agreed = contract(
        "discounts: [{share: 15%, tiers: [batch]}, {share: 10%}]\nmodels: [{id: n, prices: [{tiers: [standard], regions: [global], from: 2026-01-01, bands: [{input: 7, output: 7}], source: s, checked: 2026-01-01}]}]",
    );
    let rate = |route: &str, on: &str, component| {
        let id = RouteId::parse(route).unwrap();
        let offer = list.offer(&id).unwrap();
        let card = offer.card(offer.slot_at(at(on)).unwrap());
        let agreed = agreed.card(offer, at(on), card)?;
        Some((agreed.card.bands[0].rates.rate(component)?.to_string(), agreed.terms))
    };
    let ten = "10 % off the list".to_owned();
    assert_eq!(rate("t/m", "2026-02-01", Component::Input), Some(("1.8".to_owned(), ten.clone())));
    assert_eq!(rate("t/m", "2026-02-01", Component::CachedInput), Some(("0.117".to_owned(), ten)));
    assert_eq!(
        rate("t/m:batch", "2026-02-01", Component::Input),
        Some(("0.85".to_owned(), "15 % off the list".to_owned()))
    );
    assert_eq!(rate("t/m", "2026-04-01", Component::Input), None); // it has ended
    assert_eq!(cost(&list, "t/m", "2026-02-01", &MILLION), Some("2".to_owned()));
}

fn imported(database: Database, text: &str, missing: Missing) -> Imported {
    let options = ImportOptions { database, as_of: at("2026-11-24"), missing };
    import(&source("data.json", text), &options).unwrap_or_else(|problems| panic!("{problems}"))
}

fn remarks(imported: &Imported, kind: RemarkKind) -> Vec<(&str, usize)> {
    let groups = imported.report.groups.iter().filter(|group| group.kind == kind);
    groups.map(|group| (group.text.as_str(), group.keys.len())).collect()
}

#[test]
fn openrouter_is_imported_with_its_long_prompts_and_batches() {
    let text = r#"{"data": [
        {"id": "openai/gpt-x:batch", "name": "X batch", "pricing": {"prompt": "0.00000125", "completion": "0.0000075"}},
        {"id": "openai/gpt-x", "name": "X", "context_length": 1050000, "top_provider": {"max_completion_tokens": 128000},
         "pricing": {"prompt": "0.0000025", "completion": "0.000015", "input_cache_read": "0.00000025", "web_search": "0.01", "internal_reasoning": "0",
           "overrides": [{"min_prompt_tokens": 272000, "prompt": "0.000005", "completion": "0.0000225", "input_cache_read": "0.0000005"}]}},
        {"id": "openrouter/auto", "name": "Auto", "pricing": {"prompt": "-1", "completion": "-1"}},
        {"id": "x/free:free", "name": "Free", "pricing": {"prompt": "0", "completion": "0"}}
    ]}"#;
    let imported = imported(Database::OpenRouter, text, Missing::AsTheDatabase);
    let file = price_file(&imported.providers[0]);
    let catalogue = Catalogue::read(&[source("openrouter.yaml", &file)], &[]).unwrap();
    let on = "2026-11-24";
    let crossing = Usage { input: 272_001, cached: 100_000, ..EMPTY };
    // 172,001 × 5 + 100,000 × 0.50, per million.
    assert_eq!(cost(&catalogue, "openrouter/openai/gpt-x", on, &crossing), Some("0.910005".to_owned()));
    assert_eq!(cost(&catalogue, "openrouter/openai/gpt-x:batch", on, &MILLION), Some("1.25".to_owned()));
    assert_eq!(cost(&catalogue, "openrouter/x/free~free", on, &MILLION), Some("0".to_owned()));
    assert_eq!(cost(&catalogue, "openrouter/openai/gpt-x", "2026-11-23", &MILLION), None);
    assert_eq!(remarks(&imported, RemarkKind::LeftOut), [("a router without prices of its own", 1)]);
    assert_eq!(remarks(&imported, RemarkKind::Respelt).len(), 1);
}

#[test]
fn models_dev_is_imported_with_its_tiers() {
    let text = r#"{"openai": {"id": "openai", "name": "OpenAI", "models": {
        "gpt-y": {"id": "gpt-y", "name": "Y", "reasoning": true, "tool_call": true, "limit": {"context": 1050000, "input": 922000, "output": 128000},
          "cost": {"input": 5, "output": 30, "cache_read": 0.5, "context_over_200k": {"input": 99, "output": 99},
            "tiers": [{"input": 10, "output": 45, "cache_read": 1, "tier": {"type": "context", "size": 272000}}]}},
        "old": {"id": "old", "name": "Old", "cost": {"input": 2, "output": 12, "context_over_200k": {"input": 4, "output": 18}}},
        "unpriced": {"id": "unpriced", "name": "Unpriced"}
    }}}"#;
    let imported = imported(Database::ModelsDev, text, Missing::Unknown);
    let catalogue =
        Catalogue::read(&[source("openai.yaml", &price_file(&imported.providers[0]))], &[]).unwrap();
    let on = "2026-11-24";
    let tokens = |input| Usage { input, ..EMPTY };
    assert_eq!(cost(&catalogue, "openai/gpt-y", on, &tokens(272_000)), Some("1.36".to_owned())); // 0.272 × 5
    assert_eq!(cost(&catalogue, "openai/gpt-y", on, &tokens(272_001)), Some("2.72001".to_owned()));
    assert_eq!(cost(&catalogue, "openai/old", on, &tokens(200_001)), Some("0.800004".to_owned()));
    // What the database does not list stays unknown where that was asked for.
    let old = imported.providers[0].models.iter().find(|model| model.id == "old").unwrap();
    assert_eq!(old.prices[0].card.bands[0].rates.price(Component::CachedInput), Price::Unknown);
    assert_eq!(remarks(&imported, RemarkKind::LeftOut), [("a model without prices", 1)]);
}

#[test]
fn imports_say_what_does_not_fit() {
    let text = r#"{
        "sample_spec": {"litellm_provider": "x"},
        "p/chat": {"litellm_provider": "p", "mode": "chat", "input_cost_per_token": 1.41953125E-7, "output_cost_per_token": 2e-06, "input_cost_per_character": 1e-7},
        "p/picture": {"litellm_provider": "p", "mode": "image_generation", "output_cost_per_image": 0.04},
        "p/nothing": {"litellm_provider": "p", "mode": "chat"},
        "twin": {"litellm_provider": "p", "mode": "chat", "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6},
        "p/twin": {"litellm_provider": "p", "mode": "chat", "input_cost_per_token": 2e-6, "output_cost_per_token": 2e-6},
        "p/negative": {"litellm_provider": "p", "mode": "chat", "input_cost_per_token": -1e-6, "output_cost_per_token": 2e-6},
        "p/endless": {"litellm_provider": "p", "mode": "chat", "input_cost_per_token": 1e-6, "output_cost_per_token": 1e400},
        "q/r/embed": {"litellm_provider": "q/r", "mode": "embedding", "input_cost_per_token": 1e-6}
    }"#;
    let imported = imported(Database::LiteLlm, text, Missing::AsTheDatabase);
    let routes: Vec<&str> = imported.report.imported.iter().map(|(_, route)| route.as_str()).collect();
    // What cannot be read is never free: neither the negative nor the endless price is taken for none.
    assert_eq!(routes, ["p/chat", "p/twin", "q~r/embed"]);
    let embed = &imported.providers.iter().find(|provider| provider.id == "q~r").unwrap().models[0];
    assert_eq!(embed.prices[0].card.bands[0].rates.price(Component::Output), Price::NotSold);
    assert_eq!(remarks(&imported, RemarkKind::Rounded).len(), 1);
    let left: Vec<&str> = remarks(&imported, RemarkKind::LeftOut).iter().map(|(text, _)| *text).collect();
    for part in ["mode image_generation", "no price of input", "never reaches it", "by character", "negative"]
    {
        assert!(left.iter().any(|text| text.contains(part)), "{part} is not among {left:?}");
    }
}

#[test]
fn other_files_are_not_taken_for_a_database() {
    let options = |database| ImportOptions { database, as_of: at("2026-11-24"), missing: Missing::Unknown };
    for database in [Database::LiteLlm, Database::GenaiPrices, Database::OpenRouter, Database::ModelsDev] {
        for text in ["{}", "[]", "{\"a\": 1}", "[1, 2]", "\"text\"", "{\"data\": {}}"] {
            let read = import(&source("x.json", text), &options(database));
            let empty = read.as_ref().is_ok_and(|imported| imported.providers.is_empty() && text == "[]");
            assert!(read.is_err() || empty, "{database:?} took {text}");
        }
    }
}

proptest! {
    /// Appending an entry changes no bill before its instant, nor of any other tier.
    #[test]
    fn a_past_month_is_never_repriced(
        starts in proptest::collection::vec(1_u32..300, 1..6), step in 1_u32..40, new_price in 1_u32..100,
        input in 1_u64..500_000,
    ) {
        let mut days: Vec<u32> = starts.clone();
        days.sort_unstable();
        days.dedup();
        let date = |day: u32| at("2026-01-01").plus_seconds(i64::from(day) * 86_400);
        let entry = |day: u32, price: u32| format!("tiers: [standard], regions: [global], from: {}, bands: [{{up_to: 1000, input: {price}, output: 1}}, {{input: {}, output: 1}}]", date(day), price * 2);
        let mut entries: Vec<String> = days.iter().enumerate().map(|(at, day)| entry(*day, at as u32 + 1)).collect();
        entries.push("tiers: [batch], regions: [global], from: 2026-01-01, bands: [{input: 7, output: 1}]".to_owned());
        let before = catalogue(&file("USD", "", &entries.iter().map(String::as_str).collect::<Vec<_>>()));
        let last = days[days.len() - 1] + step;
        entries.push(entry(last, new_price));
        let after = catalogue(&file("USD", "", &entries.iter().map(String::as_str).collect::<Vec<_>>()));
        let usage = Usage { input, ..EMPTY };
        for day in 0..last {
            let on = date(day).to_string();
            prop_assert_eq!(cost(&before, "t/m", &on, &usage), cost(&after, "t/m", &on, &usage));
            prop_assert_eq!(cost(&before, "t/m:batch", &on, &usage), cost(&after, "t/m:batch", &on, &usage));
        }
        let on = date(last).to_string();
        let rate = u64::from(if input <= 1_000 { new_price } else { new_price * 2 });
        prop_assert_eq!(cost(&after, "t/m", &on, &usage), Some(Usd::from_picodollars(i128::from(input * rate) * 1_000_000).to_string()));
    }

    /// Every token is billed exactly once: the components of a bill add up to what was used.
    #[test]
    fn every_token_is_billed_exactly_once(parts in proptest::collection::vec(0_u64..1_000_000, 16)) {
        let usage = Usage {
            input: parts[..8].iter().sum::<u64>() + parts[15],
            cached: parts[0] + parts[1] + parts[2] + parts[3],
            explicit_cached: parts[1],
            cached_audio: parts[2],
            cached_image: parts[3],
            written: parts[4],
            written_1h: parts[5],
            audio_input: parts[2] + parts[6],
            image_input: parts[3] + parts[7],
            video_input: parts[15],
            output: parts[8..12].iter().sum(),
            reasoning: parts[8],
            audio_output: parts[9],
            image_output: parts[10],
            citation: parts[12],
            ..EMPTY
        };
        let tokens = usage.tokens().unwrap();
        let input: u64 = Component::ALL.into_iter().filter(|c| c.is_input()).map(|c| tokens[c as usize]).sum();
        prop_assert_eq!(input, usage.input);
        prop_assert_eq!(tokens.iter().sum::<u64>(), usage.input + usage.output + usage.citation);
    }
}

#[test]
fn forecasts_refuse_prices_that_they_cannot_apply() {
    let refused = |route: &str, more: &str| {
        let text = format!(
            "name: t\nstart: 2027-01\nmonths: 1\nroutes: [test/{route}]\nworkloads: {{w: {{volume: {{requests_per_month: 1k}}, prompt: 1000, output: 100{more}}}}}\n"
        );
        crate::support::try_scenario(&text).err().map(|problems| problems.to_string())
    };
    let thinking = ", reasoning: {share_of_requests: 50%, tokens: 500}";
    assert_eq!(refused("thinker", ""), None); // nothing reasons
    for (route, more, part) in [
        ("thinker", thinking, "a price of its own for reasoning"),
        ("sliced", "", "graduated bands"),
        ("embedder", "", "sells no output"),
        ("flat", ", cache: {hit_rate: 20%, write_share: 50%}", "no price for cache writes"),
        (
            "banded",
            ", cache: {hit_rate: 20%, write_share: 50%, write_1h_share: 100%}",
            "no price for cache writes that are kept for an hour",
        ),
    ] {
        let message = refused(route, more).unwrap_or_else(|| panic!("{route} is simulated"));
        assert!(message.contains(part), "{route}: {message}");
    }
}

#[test]
fn a_difference_sees_hours_modes_allowances_and_new_bands() {
    let base = "tiers: [standard], regions: [global], from: 2026-01-01";
    let with = |around: &str, entry: &str| catalogue(&file("USD", around, &[&format!("{base}, {entry}")]));
    let state = |catalogue| State { catalogue, at: at("2026-02-01") };
    let bands = "bands: [{up_to: 100, input: 1, output: 10}, {input: 2, output: 10}]";
    let meter = |free: u32| {
        format!(
            "meters: [{{meter: page, unit: page, price: 1, included: {free}, included_per: month, from: 2026-01-01, source: s, checked: 2026-01-01}}]\n"
        )
    };
    let window = |hours: &str| {
        format!(
            "{bands}, windows: [{{name: peak, utc_hours: [\"{hours}\"], bands: [{{input: 3, output: 3}}]}}]"
        )
    };
    let pairs = [
        (with("", bands), with("", &format!("mode: graduated, {bands}"))),
        (with("", &window("01:00-03:00")), with("", &window("01:00-23:00"))),
        (with(&meter(1_000), bands), with(&meter(1), bands)),
        (
            with("", bands),
            with(
                "",
                "bands: [{up_to: 100, input: 1, output: 10}, {up_to: 200, input: 2, output: 10}, {input: 99, output: 10}]",
            ),
        ),
    ];
    for (before, after) in &pairs {
        assert!(!diff(state(before), state(after)).is_empty());
        assert!(diff(state(before), state(before)).is_empty());
    }
    let new_band = diff(state(&pairs[3].0), state(&pairs[3].1));
    assert!(
        new_band.iter().any(|change| change.after.as_ref().is_some_and(|value| value.words == "99")),
        "{new_band:?}"
    );
}

#[test]
fn an_ended_contract_price_is_none_and_not_an_older_one() {
    let list = catalogue(&file(
        "USD",
        "",
        &["tiers: [standard], regions: [global], from: 2020-01-01, bands: [{input: 9, output: 9}]"],
    ));
    let entry = |dates: &str, input: u32| {
        format!(
            "{{tiers: [standard], regions: [global], {dates}, bands: [{{input: {input}, output: 1}}], source: s, checked: 2026-01-01}}"
        )
    };
    let agreed = contract(&format!(
        "models: [{{id: m, prices: [{}, {}]}}]",
        entry("from: 2026-01-01", 1),
        entry("from: 2026-02-01, until: 2026-03-01", 2)
    ));
    let id = RouteId::parse("t/m").unwrap();
    let offer = list.offer(&id).unwrap();
    let card = offer.card(offer.slot_at(at("2026-02-01")).unwrap());
    let input = |on: &str| {
        agreed
            .card(offer, at(on), card)
            .and_then(|c| c.card.bands[0].rates.rate(Component::Input))
            .map(|rate| rate.to_string())
    };
    assert_eq!(
        [input("2026-01-15"), input("2026-02-15"), input("2026-03-15")],
        [Some("1".to_owned()), Some("2".to_owned()), None]
    );
}

#[test]
fn a_monthly_allowance_is_given_once_however_often_its_price_changes() {
    // 10,000 searches a month, 5,000 free, 1 USD each; in the second file the price moves by a millionth mid-month.
    let spend = |second: &str| {
        let prices = format!(
            "tollcast_prices: 1\nprovider: t\nname: T\ncurrency: USD\ncached_tokens: inside_input\nreasoning_tokens: inside_output\nmeters:\n  - {{meter: web_search, unit: call, price: 1, included: 5000, included_per: month, from: 2020-01-01, source: s, checked: 2020-01-01}}\n{second}models: [{{id: m, name: M, prices: [{{tiers: [standard], regions: [global], from: 2020-01-01, bands: [{{input: 0, output: 0}}], source: s, checked: 2020-01-01}}]}}]\n"
        );
        let catalogue = Catalogue::read(&[source("t.yaml", &prices)], &[]).unwrap();
        let text = "name: t\nstart: 2027-01\nmonths: 1\nroutes: [t/m]\nworkloads: {w: {volume: {requests_per_day: 322.58}, prompt: 1, output: 1, searches_per_request: 1}}\n";
        let none = |_: &str, _: &str| Err("no files".to_owned());
        let scenario = tollcast::workload::Scenario::read(
            &tollcast::workload::assemble(&source("s.yaml", text), &none).unwrap(),
            &catalogue,
        )
        .unwrap();
        let simulation = crate::support::run(&scenario, tollcast::engine::Estimator::Fast, 200, 1);
        let totals = crate::support::totals(&simulation, 0);
        totals.iter().sum::<f64>() / totals.len() as f64
    };
    let (one, two) = (
        spend(""),
        spend(
            "  - {meter: web_search, unit: call, price: 1.000001, included: 5000, included_per: month, from: 2027-01-16, source: s, checked: 2020-01-01}\n",
        ),
    );
    // Half of the month costs a millionth more, and rounding to whole searches is a search at most.
    assert!((two - one).abs() < 2.0 && (one - 5_000.0).abs() < 50.0, "{one} and {two}");
}
