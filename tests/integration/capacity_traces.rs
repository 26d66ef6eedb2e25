//! Limits and bursts on real traffic: an hour of production requests to two models (Azure LLM inference traces 2023,
//! CC-BY-4.0; Splitwise, ISCA 2024).

use tollcast::engine::capacity::{
    ArrivalLaw, ArrivalStream, Ask, Asks, Client, Counts, Enforced, HOUR, Limit, Line, Rates, SECOND,
    Station, Tally,
};
use tollcast::engine::{Purpose, Stream};
use tollcast::usage::Bunching;
use tollcast::workload::{Arrivals, Pattern};

use crate::usage_commands::trace;

/// A request: when it came, microseconds since the first one, and its tokens.
struct Seen {
    at: u64,
    input: f64,
    output: f64,
}

fn read(file: &str) -> Option<Vec<Seen>> {
    let text = std::fs::read_to_string(trace(file)?).unwrap();
    let micros = |stamp: &str| {
        let clock = stamp.split(' ').nth(1).unwrap();
        let parts: Vec<f64> = clock.split(':').map(|part| part.parse().unwrap()).collect();
        ((parts[0] * 3_600.0 + parts[1] * 60.0 + parts[2]) * 1e6).round() as u64
    };
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let first = micros(rows[0][0]);
    let seen = rows.iter().map(|row| Seen {
        at: micros(row[0]) - first,
        input: row[1].parse().unwrap(),
        output: row[2].trim().parse().unwrap(),
    });
    Some(seen.collect())
}

/// Lives through the trace with a limit on requests in windows of so many seconds, and the published latency
/// (1.04 s + 15.2 ms an output token + 16.2 ms a thousand input tokens).
fn replayed(seen: &[Seen], limit: Option<(u64, f64)>) -> Tally {
    let limits = limit.map(|(window, allowance)| {
        Limit::new(Counts::Requests, Enforced::Window { length: window * SECOND, allowance })
    });
    let station = Station { limits: limits.into_iter().collect(), ..Station::default() };
    let own = Stream::new(1, 0, Purpose::named("clients"));
    let mut line = Line::new(vec![station], Client::MEEK, (Counts::Tokens, f64::INFINITY), own, (0, 0));
    for request in seen {
        let seconds = 1.04 + 0.0152 * request.output + 0.0162 * request.input / 1_000.0;
        let ask = Ask {
            fits: true,
            input: request.input,
            output: request.output,
            service: (seconds * SECOND as f64) as u64,
            ..Ask::default()
        };
        line.arrive(request.at, Asks::from_elem(ask, 1));
    }
    line.finish(seen.last().unwrap().at).0
}

fn allowance(seen: &[Seen], window: u64, times: f64) -> f64 {
    let span = seen.last().unwrap().at as f64 / SECOND as f64;
    (times * seen.len() as f64 / span * window as f64).floor()
}

/// What was measured when the traces were studied: the share of requests that a limit of `times` the mean refuses,
/// to the digits that were noted.
const MEASURED: [(&str, u64, f64, f64, f64); 10] = [
    ("azure2023_conv.csv", 1, 1.2, 0.16, 0.005),
    ("azure2023_conv.csv", 1, 1.5, 0.061, 0.0005),
    ("azure2023_conv.csv", 1, 2.0, 0.010, 0.0005),
    ("azure2023_conv.csv", 60, 1.2, 0.030, 0.0005),
    ("azure2023_conv.csv", 60, 1.5, 0.0005, 0.00005),
    ("azure2023_conv.csv", 60, 2.0, 0.0, 0.0),
    ("azure2023_code.csv", 1, 2.0, 0.52, 0.005),
    ("azure2023_code.csv", 1, 5.0, 0.20, 0.005),
    ("azure2023_code.csv", 60, 2.0, 0.14, 0.005),
    ("azure2023_code.csv", 60, 5.0, 0.0, 0.0),
];

#[test]
fn limits_refuse_of_real_traffic_what_was_measured() {
    for (file, window, times, wanted, digits) in MEASURED {
        let Some(seen) = read(file) else { return };
        let tally = replayed(&seen, Some((window, allowance(&seen, window, times))));
        let found = tally.refused / tally.offered;
        assert!((found - wanted).abs() <= digits, "{file}, {times} × over {window} s: {found}, {wanted}");
        assert_eq!(tally.offered, seen.len() as f64);
    }
}

/// Concurrency of the code trace: mean 3.8, P99 37, where Poisson arrivals say 9.
#[test]
fn real_traffic_runs_at_once_as_was_measured() {
    let Some(seen) = read("azure2023_code.csv") else { return };
    let tally = replayed(&seen, None);
    assert!((tally.running.mean() - 3.8).abs() < 0.05, "{}", tally.running.mean());
    assert_eq!(tally.running.quantile(0.99), 37);
    // Poisson with that mean: P(X ≤ 8) < 0.99 ≤ P(X ≤ 9).
    let poisson = (0..=9).scan((-3.84_f64).exp(), |p, n| {
        let now = *p;
        *p *= 3.84 / f64::from(n + 1);
        Some(now)
    });
    assert!(poisson.sum::<f64>() > 0.99);
}

/// Arrivals fitted to a trace are refused as the trace is: shares above 1 % within a factor of 1.25, at 1, 10 and 60
/// seconds and 1.2, 1.5, 2 and 5 times the mean.
#[test]
fn arrivals_fitted_to_real_traffic_are_refused_like_it() {
    for file in ["azure2023_conv.csv", "azure2023_code.csv"] {
        let Some(seen) = read(file) else { return };
        let mut bunching = Bunching::default();
        seen.iter().for_each(|request| bunching.add((request.at / 1_000) as i64));
        let bursts = bunching.bursts().unwrap();
        let span = seen.last().unwrap().at as f64 / SECOND as f64;
        let rate = seen.len() as f64 / span;
        let law =
            ArrivalLaw::new("w", &Arrivals { pattern: Pattern::Bursts(bursts), turn_gap_s: None }, None);
        let hours = 1_000;
        let rates = Rates { days: vec![rate * 86_400.0; hours / 24 + 1], hours: [1.0 / 24.0; 24], shift: 0 };
        let drawn: Vec<u64> = ArrivalStream::new(&law, &rates, (7, 0), 0, hours).collect();
        assert!((drawn.len() as f64 / (hours as f64 * HOUR as f64 / 1e6 * rate) - 1.0).abs() < 0.01);
        for window in [1, 10, 60] {
            for times in [1.2, 1.5, 2.0, 5.0] {
                let most = allowance(&seen, window, times);
                let real: Vec<u64> = seen.iter().map(|request| request.at).collect();
                let (real, fitted) = (refused(&real, window, most), refused(&drawn, window, most));
                eprintln!("{file} {window} s × {times}: {real:.4} {fitted:.4}");
                if real > 0.01 {
                    let ratio = fitted / real;
                    assert!(
                        (0.8..=1.25).contains(&ratio),
                        "{file} {window} s × {times}: {real}, fitted {fitted}"
                    );
                }
            }
        }
    }
}

/// The share of requests that come into a window after so many others: by counting, without the engine.
fn refused(times: &[u64], window: u64, allowance: f64) -> f64 {
    let (mut over, mut count, mut current) = (0.0, 0.0, u64::MAX);
    for at in times {
        let number = at / (window * SECOND);
        if number != current {
            (current, count) = (number, 0.0);
        }
        count += 1.0;
        if count > allowance {
            over += 1.0;
        }
    }
    over / times.len() as f64
}
