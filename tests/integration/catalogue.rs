//! The shipped price files.

use std::collections::BTreeSet;
use std::sync::Arc;

use tollcast::catalogue::{Catalogue, ExchangeRate, Status, WEB_SEARCH, Wanted, shipped};
use tollcast::domain::document::parse;
use tollcast::domain::problem::Source;
use tollcast::domain::route::RouteId;
use tollcast::domain::time::Instant;

use crate::support::{catalogue, project};

#[test]
fn every_file_of_the_folder_is_in_the_binary() {
    let folder: BTreeSet<String> = std::fs::read_dir(project().join("pricing"))
        .unwrap()
        .map(|entry| format!("pricing/{}", entry.unwrap().file_name().to_string_lossy()))
        .collect();
    let inside: BTreeSet<String> = shipped().iter().map(|source| source.name.clone()).collect();
    assert_eq!(folder, inside);
}

/// The binary replays what the build script parsed: every value and every place has to be what the text says.
#[test]
fn what_was_parsed_at_build_time_is_what_the_text_says() {
    for replayed in shipped() {
        let read = Arc::new(Source::new(replayed.name.clone(), &*replayed.text));
        assert!(replayed.tape.is_some() && read.tape.is_none());
        let trees = [&replayed, &read].map(|source| format!("{:?}", parse(source).unwrap()));
        assert!(trees[0] == trees[1], "{} differs", read.name);
    }
}

/// What a command gets that asks for some providers: theirs as they are, and everything that is said of the whole
/// (its digest, its date, the names in a message) as if all had been read.
#[test]
fn providers_that_nobody_asks_for_are_closed_and_nothing_else_differs() {
    let all = Catalogue::read(&shipped(), &[]).unwrap();
    assert_eq!(Catalogue::read_shipped(&Wanted::All, &[]).unwrap(), all);
    let over = [Arc::new(Source::new(
        "mistral.yaml",
        std::fs::read_to_string(project().join("pricing/mistral.yaml")).unwrap() + "# mine\n",
    ))];
    for over in [&[][..], &over] {
        let all = Catalogue::read(&shipped(), over).unwrap();
        for names in [&[][..], &["openai"], &["azure", "mistral", "no-such"]] {
            let wanted = Wanted::Named(names.iter().map(|name| (*name).to_owned()).collect());
            let some = Catalogue::read_shipped(&wanted, over).unwrap();
            assert_eq!((&some.digest, some.as_of), (&all.digest, all.as_of));
            let read: Vec<_> =
                all.providers.iter().filter(|p| !some.unread.contains(&p.id.as_str())).collect();
            assert_eq!(read, some.providers.iter().collect::<Vec<_>>());
            let theirs = |name: &str| names.contains(&name) || (name == "mistral" && !over.is_empty());
            assert!(read.iter().all(|provider| theirs(&provider.id)) && read.len() >= names.len().min(2));
            let misspelt = RouteId::parse("opnai/gpt-5.4").unwrap();
            assert_eq!(some.offer(&misspelt).unwrap_err(), all.offer(&misspelt).unwrap_err());
        }
    }
}

#[test]
fn every_entry_has_a_source_and_was_checked_before_it_shipped() {
    let released = Instant::parse("2026-11-25").unwrap();
    for provider in Catalogue::read(&shipped(), &[]).unwrap().providers {
        for model in &provider.models {
            for entry in &model.prices {
                assert!(!entry.source.source.is_empty(), "{}", model.id);
                assert!(entry.source.checked < released, "{} checked in the future", model.id);
                assert!(entry.status != Status::Hypothetical, "{} ships a made-up price", model.id);
            }
        }
    }
}

#[test]
fn the_paths_of_the_comparison_are_all_on_sale() {
    let catalogue = catalogue();
    let names = [
        "openai/gpt-5.4",
        "openai/gpt-5.4:batch",
        "openai/gpt-5.4:flex",
        "openai/gpt-5.4:priority",
        "openai/gpt-5.4-pro",
        "openai/gpt-5.4-pro:batch",
        "openai/gpt-5.4-mini:priority",
        "openai/gpt-5.4-nano:flex",
        "azure/gpt-5.4",
        "azure/gpt-5.4:batch@datazone-eu",
        "azure/gpt-5.4@datazone-apac",
        "azure/gpt-5.4-pro@datazone-us",
        "openrouter/openai/gpt-5.4",
        "openrouter/openai/gpt-5.4-pro:batch",
        "openrouter/openai/gpt-5.4-nano",
        "deepseek/deepseek-flash",
        "deepseek/deepseek-v4-pro",
        "bedrock/llama-3.3-70b",
        "fireworks/llama-3.3-70b",
        "deepinfra/llama-3.3-70b-turbo",
        "bedrock/llama-4-maverick",
        "fireworks/llama-4-maverick",
        "deepinfra/llama-4-maverick",
    ];
    let now = Instant::parse("2026-12-01").unwrap();
    for name in names {
        let id = RouteId::parse(name).unwrap();
        let offer = catalogue.offer(&id).unwrap_or_else(|error| panic!("{name}: {}", error.title));
        assert!(offer.slot_at(now).is_some(), "{name} has no price in force");
    }
}

#[test]
fn what_is_not_sold_is_an_error_that_says_what_is() {
    let catalogue = catalogue();
    for (name, hint) in [
        ("openai/gpt-5.4-pro:priority", "openai/gpt-5.4-pro:batch"),
        ("openai/gpt-5.4-nano:priority", "openai/gpt-5.4-nano:flex"),
        ("azure/gpt-5.4:flex", "azure/gpt-5.4:batch"),
        ("azure/gpt-5.4:batch@datazone-apac", "azure/gpt-5.4@datazone-apac"),
        ("azure/gpt-5.4:ptu", "Provisioned units"),
        ("opnai/gpt-5.4", "openai"),
        ("openai/gpt-5.44", "gpt-5.4"),
    ] {
        let id = RouteId::parse(name).unwrap();
        let error = catalogue.offer(&id).map(|_| ()).unwrap_err();
        assert!(error.help.contains(hint), "{name}: {} / {}", error.title, error.help);
    }
}

#[test]
fn all_routes_of_the_catalogue_can_be_offered() {
    let rates = ["EUR=1.1@2026-11-01", "CNY=0.14@2026-11-01"].map(|text| ExchangeRate::parse(text).unwrap());
    let catalogue = catalogue().exchanged(&rates);
    for route in catalogue.routes() {
        let offer = catalogue.offer(&route);
        assert!(offer.is_ok(), "{route}: {:?}", offer.err());
    }
}

#[test]
fn the_provisioned_units_of_azure_are_there_as_data() {
    let catalogue = catalogue();
    let azure = catalogue.providers.iter().find(|p| p.id == "azure").unwrap();
    let model = azure.models.iter().find(|m| m.id == "gpt-5.4").unwrap();
    let global = model.capacity.iter().find(|c| c.regions.iter().any(|r| r == "global")).unwrap();
    assert_eq!(
        (global.input_tokens_per_minute, global.minimum_units, global.increment_units),
        (Some(2_400), 15, 5)
    );
    let hourly = global.terms.iter().find(|term| term.commitment.is_none()).unwrap();
    assert_eq!(hourly.price.to_string(), "1");
}

/// Forecasts ask for a slot once and keep it until then.
#[test]
fn no_price_changes_before_it_is_said_to() {
    let rates = ["EUR=1.1@2026-11-01", "CNY=0.14@2026-11-01"].map(|text| ExchangeRate::parse(text).unwrap());
    let catalogue = catalogue().exchanged(&rates);
    let start = Instant::parse("2026-06-01").unwrap();
    let hours = || (0..24 * 240).map(|hour| start.plus_seconds(hour * 3_600));
    for route in catalogue.routes() {
        let offer = catalogue.offer(&route).unwrap();
        let at = |instant| (offer.slot_at(instant), offer.meter_at(WEB_SEARCH, None, instant));
        let mut kept = (start, (None, None));
        let mut looked_up = 0;
        for instant in hours() {
            if instant >= kept.0 {
                kept = (offer.unchanged_until(instant), at(instant));
                looked_up += 1;
            }
            assert_eq!(kept.1, at(instant), "{route} at {instant}");
        }
        let windows = offer.history().iter().any(|entry| !entry.windows.is_empty());
        assert!(windows || looked_up < 100, "{route}: {looked_up}");
    }
}
