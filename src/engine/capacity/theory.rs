//! The queues against what queueing theory knows in closed form.

use super::client::{Client, Station};
use super::limit::{Ask, Counts, Enforced, Limit, SECOND};
use super::line::{Asks, Line};
use super::tally::Tally;
use crate::engine::stream::{Purpose, Stream};

/// Lives through `count` Poisson arrivals at `rate` per second with service times of `service`.
fn lived(
    station: Station,
    client: Client,
    rate: f64,
    count: usize,
    seed: u64,
    service: impl Fn(&mut Stream) -> f64,
) -> Tally {
    let mut stream = Stream::new(seed, 0, Purpose::named("theory"));
    let own = Stream::new(seed, 0, Purpose::named("clients"));
    let mut line = Line::new(vec![station], client, (Counts::Requests, f64::INFINITY), own, (0, 0));
    let mut at = 0.0;
    for _ in 0..count {
        at -= libm::log(stream.uniform()) / rate;
        let service = (service(&mut stream) * SECOND as f64) as u64;
        let ask = Ask { fits: true, input: 1.0, service, ..Ask::default() };
        line.arrive((at * SECOND as f64) as u64, Asks::from_elem(ask, 1));
    }
    line.finish((at * SECOND as f64) as u64).0
}

fn patient() -> Client {
    Client { patience: u64::MAX / 4, ..Client::MEEK }
}

/// Means over independent runs, and their standard error.
fn over_runs(of: impl Fn(u64) -> f64) -> (f64, f64) {
    const RUNS: u64 = 20;
    let found: Vec<f64> = (0..RUNS).map(of).collect();
    let mean = found.iter().sum::<f64>() / RUNS as f64;
    let variance = found.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (RUNS - 1) as f64;
    (mean, (variance / RUNS as f64).sqrt())
}

/// Erlang's C: the probability to wait at c servers that a load of a erlangs meets.
fn erlang_c(servers: u32, load: f64) -> f64 {
    let blocking = (1..=servers).fold(1.0, |b, n| load * b / (f64::from(n) + load * b));
    let idle = 1.0 - load / f64::from(servers);
    blocking / (idle + (1.0 - idle) * blocking)
}

fn assert_near((mean, error): (f64, f64), wanted: f64, what: &str) {
    // Waits are counted in milliseconds, rounded up: half a millisecond beside the error.
    assert!((mean - wanted).abs() < 4.0 * error, "{what}: {mean} ± {error}, theory {wanted}");
    assert!(error < 0.05 * wanted, "{what}: an error of {error} tells nothing of {wanted}");
}

/// M/M/c: P(wait) is Erlang's C, the mean wait C / (cμ − λ), and waits of those that do are exponential.
#[test]
fn servers_at_once_are_erlangs() {
    let (servers, rate, mean_service) = (8_u32, 0.7, 10.0);
    let station = || Station { concurrency: Some(servers), ..Station::default() };
    let run = |seed: u64| {
        lived(station(), patient(), rate, 60_000, seed, |stream| -libm::log(stream.uniform()) * mean_service)
    };
    let waits = erlang_c(servers, rate * mean_service);
    let mean_wait = waits / (f64::from(servers) / mean_service - rate);
    assert_near(over_runs(|seed| run(seed).delayed / run(seed).offered), waits, "P(wait)");
    assert_near(over_runs(|seed| run(seed).wait_ms.mean() / 1_000.0), mean_wait, "mean wait");
    // P(W > t) = C exp(−(cμ − λ) t).
    let t99 = libm::log(waits / 0.01) / (f64::from(servers) / mean_service - rate);
    assert_near(over_runs(|seed| run(seed).wait_ms.quantile(0.99) as f64 / 1_000.0), t99, "P99 of the wait");
    // Little: as many run as come in a service time.
    assert_near(over_runs(|seed| run(seed).running.mean()), rate * mean_service, "Little's law");
}

/// M/D/1: the mean wait is ρ s / (2 (1 − ρ)) (Pollaczek and Khinchine).
#[test]
fn a_server_of_constant_speed_is_pollaczeks() {
    let (rate, service) = (0.08, 10.0);
    let station = || Station { concurrency: Some(1), ..Station::default() };
    let run = |seed: u64| lived(station(), patient(), rate, 60_000, seed, |_| service);
    let load = rate * service;
    let wanted = load * service / (2.0 * (1.0 - load));
    assert_near(over_runs(|seed| run(seed).wait_ms.mean() / 1_000.0), wanted, "mean wait");
}

/// Erlang's B: c servers without a queue refuse a share of Poisson arrivals that depends on the mean service alone.
#[test]
fn without_a_queue_the_share_refused_is_erlangs_b() {
    let (servers, load) = (10_u32, 8.0);
    let blocking = (1..=servers).fold(1.0, |b, n| load * b / (f64::from(n) + load * b));
    for constant in [true, false] {
        let station = || Station { concurrency: Some(servers), ..Station::default() };
        let run = |seed: u64| {
            let tally = lived(station(), Client::MEEK, load, 50_000, seed, |stream| {
                if constant { 1.0 } else { -libm::log(stream.uniform()) }
            });
            tally.refused / tally.offered
        };
        assert_near(over_runs(run), blocking, "blocking");
    }
}

/// A token bucket of one token that fills at rate r, met by Poisson arrivals at λ that go away when refused: after a
/// token is taken the next one is there 1/r later and is taken 1/λ after that, so a share of 1 / (1 + λ/r) is served.
/// With room for B tokens the number of tokens found is that of an M/D/1/B queue's free places.
#[test]
fn a_token_bucket_serves_what_theory_says() {
    let (rate, fill) = (5.0, 4.0);
    for (capacity, wanted) in
        [(1.0, 1.0 / (1.0 + rate / fill)), (3.0, 1.0 - deterministic_blocking(rate / fill, 3))]
    {
        let enforced = Enforced::TokenBucket { capacity, rate: fill / SECOND as f64 };
        let station =
            || Station { limits: vec![Limit::new(Counts::Requests, enforced)], ..Station::default() };
        let run = |seed: u64| {
            let tally = lived(station(), Client::MEEK, rate, 50_000, seed, |_| 0.0);
            tally.served / tally.offered
        };
        assert_near(over_runs(run), wanted, "share served");
    }
}

/// The share refused by M/D/1 with room for `places` in all, at load `rho`: a full place is a missing token, and each
/// is given back after a fill time. From the embedded chain at departures (Gross and Harris, Fundamentals of Queueing
/// Theory, chapter 5): P(blocked) = 1 − 1/(π₀ + ρ).
fn deterministic_blocking(rho: f64, places: usize) -> f64 {
    // Arrivals in a service: Poisson of mean ρ.
    let mut chance = vec![libm::exp(-rho)];
    (1..=places).for_each(|k| chance.push(chance[k - 1] * rho / k as f64));
    // π at departures over 0 .. places − 1, up to a factor: π_j = π_0 a_j + Σ_{1 ≤ i ≤ j+1} π_i a_{j−i+1}.
    let mut left = vec![1.0];
    for j in 0..places - 1 {
        let from: f64 = (1..=j).map(|i| left[i] * chance[j + 1 - i]).sum();
        left.push((left[j] - left[0] * chance[j] - from) / chance[0]);
    }
    let total: f64 = left.iter().sum();
    1.0 - 1.0 / (1.0 / total + rho)
}

/// Retries with a budget stay within it, and every storm ends: attempts are at most 1 + budget per request, and a few
/// that were saved up.
#[test]
fn a_retry_budget_bounds_the_storm() {
    let enforced = Enforced::per_minute(60.0, 1);
    let station = || Station { limits: vec![Limit::new(Counts::Requests, enforced)], ..Station::default() };
    let client = Client {
        retries: 20,
        backoff: SECOND / 2,
        longest_backoff: 8 * SECOND,
        retry_budget: 0.1,
        ..Client::MEEK
    };
    let tally = lived(station(), client, 10.0, 20_000, 1, |_| 0.0);
    assert!(tally.retries <= 0.1 * tally.offered + 10.0, "{} retries", tally.retries);
    assert!(tally.over_budget > 0.0);
    let free = lived(station(), Client { retry_budget: f64::INFINITY, ..client }, 10.0, 20_000, 1, |_| 0.0);
    assert!(free.attempts > 10.0 * free.offered, "{} attempts", free.attempts);
    // However often it is tried, one a second is served; and after the last has come, those that pause are served
    // for as long as twenty pauses of eight seconds can take.
    let later = free.served - free.seconds;
    assert!((-2.0..=160.0).contains(&later), "{} in {} s", free.served, free.seconds);
}

/// Failing attempts are tried again, as often as it takes up to the retries: the share that fails at last is e^(r+1).
#[test]
fn errors_are_retried_and_multiply() {
    let run = |seed: u64| {
        let station = Station { error_share: 0.3, bills_failed: true, ..Station::default() };
        let client = Client { retries: 2, backoff: SECOND, longest_backoff: SECOND, ..Client::MEEK };
        lived(station, client, 10.0, 20_000, seed, |_| 1.0)
    };
    assert_near(over_runs(|seed| run(seed).failed / run(seed).offered), 0.027, "failed at last");
    assert_near(over_runs(|seed| run(seed).attempts / run(seed).offered), 1.0 + 0.3 + 0.09, "attempts");
}

/// Who waits for room asks when it has it: looking at the queue is no attempt, and uses up no limit where refused
/// attempts count. The queue is hardly ever empty here, so nearly every attempt is a request served.
#[test]
fn waiting_is_no_attempt() {
    let enforced = Enforced::per_minute(60.0, 1);
    let limit = Limit::new(Counts::Requests, enforced).counting_refused(true);
    let station = || Station { limits: vec![limit.clone()], ..Station::default() };
    let client = Client { patience: 30 * SECOND, ..Client::MEEK };
    let tally = lived(station(), client, 2.0, 20_000, 1, |_| 0.0);
    assert!(tally.attempts <= 1.05 * tally.served, "{} attempts, {} served", tally.attempts, tally.served);
    // One a second for as long as any wait: half of twice as many, and thirty seconds more.
    assert!((tally.served - tally.seconds).abs() < 35.0, "{} in {} s", tally.served, tally.seconds);
}
