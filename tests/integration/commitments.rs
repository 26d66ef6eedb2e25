//! What to commit, by the shipped scenario.

use std::time::{Duration, Instant};

use super::support::tollcast;

/// A million trials take minutes; that they do not fit is known from the offers and the options.
#[test]
fn sizes_that_do_not_fit_into_memory_are_refused_before_the_simulation() {
    let begin = Instant::now();
    let output = tollcast(&[
        "optimize",
        "scenarios/commit-or-not.yaml",
        "--commit",
        "reserved units",
        "--trials",
        "1000000",
        "--quiet",
    ]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.contains("1,000,000 trials × ") && message.contains("sizes of a reservation"),
        "{message}"
    );
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}
