//! Is a bill cheap enough for every line of a log, and the catalogue for every start of the binary?
//!
//! The bounds that were asked for: 100 ns for a bill, 10 ms for the whole built-in catalogue. Fixed input; the
//! hard shapes are a crossing with a cache, and all price files at once.

#![expect(clippy::expect_used, reason = "a bench that cannot read its own fixtures should stop")]

use divan::{Bencher, black_box};
use tollcast::billing::{Usage, bill_request, price_request};
use tollcast::catalogue::{Catalogue, RateCard, shipped};
use tollcast::domain::route::RouteId;
use tollcast::domain::time::Instant;

fn main() {
    divan::main();
}

/// The card of gpt-5.4, with its two bands.
fn card() -> RateCard {
    let catalogue = Catalogue::read(&shipped(), &[]).expect("the shipped files are right");
    let route = RouteId::parse("openai/gpt-5.4").expect("a route");
    let offer = catalogue.offer(&route).expect("on sale");
    offer.card(offer.slot_at(Instant::parse("2026-11-23").expect("a date")).expect("a price")).clone()
}

const CROSSING: Usage = Usage { input: 272_001, cached: 100_000, output: 10_000, ..Usage::NONE };

/// The total alone: what pricing a log needs.
#[divan::bench]
fn price_one_request(bencher: Bencher) {
    let card = card();
    bencher.bench(|| price_request(black_box(&card), black_box(&CROSSING)));
}

/// The itemised bill.
#[divan::bench]
fn bill_one_request(bencher: Bencher) {
    let card = card();
    bencher.bench(|| bill_request(black_box(&card), black_box(&CROSSING)));
}

/// What every start of the binary pays.
#[divan::bench]
fn load_the_catalogue(bencher: Bencher) {
    bencher.bench(|| Catalogue::read(black_box(&shipped()), &[]).expect("the shipped files are right"));
}

/// Finding a route and its price at an instant.
#[divan::bench]
fn look_a_route_up(bencher: Bencher) {
    let catalogue = Catalogue::read(&shipped(), &[]).expect("the shipped files are right");
    let route = RouteId::parse("azure/gpt-5.4:batch@datazone-us").expect("a route");
    let at = Instant::parse("2026-11-23").expect("a date");
    bencher.bench(|| {
        let offer = catalogue.offer(black_box(&route)).expect("on sale");
        offer.slot_at(black_box(at))
    });
}
