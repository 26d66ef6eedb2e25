//! The answer in words and tables.

use super::CapacityAnswer;
use crate::analysis::capacity::{Enqueued, Lived, RequiredTier, RouteHolds, UnitsCurve};
use crate::domain::format::{count_short, percent, significant, thousands, usd_short};
use crate::render::sheet::Sheet;
use crate::workload::ClientTerms;

/// What becomes of every route's requests.
pub fn fate_sheet(answer: &CapacityAnswer) -> Sheet {
    let head = [
        "route",
        "offered",
        "served",
        "delayed",
        "spilled",
        "not served",
        "wait P50 / P99",
        "at once P50 / P99 / max",
        "cost",
    ];
    let mut sheet = Sheet::new(title(answer), &head);
    for route in &answer.found.routes {
        let tally = &route.tally;
        let share = |of: f64| nearly(tally.share(of));
        let running = |q: f64| thousands(tally.running.quantile(q));
        let at_once = match route.latency {
            Some(_) => format!("{} / {} / {}", running(0.5), running(0.99), thousands(tally.running.max())),
            None => "not known".to_owned(),
        };
        sheet.rows.push(vec![
            route.label.clone(),
            count_short(tally.offered),
            served(route),
            share(tally.delayed),
            with_error(tally.share(tally.spilled()), route.spilled_error),
            with_error(tally.share(lost(route)), route.unserved_error),
            waits(route),
            at_once,
            usd_short(route.cost.total()),
        ]);
    }
    sheet.notes.push(basis(answer));
    sheet.notes.push(format!("Clients: {}.", client(&answer.client)));
    for route in &answer.found.routes {
        sheet.notes.extend(route_notes(route));
    }
    sheet.notes.extend(speed_notes(&answer.found.routes));
    sheet
}

/// Where the speeds of the routes are from, routes of one source together.
fn speed_notes(routes: &[RouteHolds]) -> Vec<String> {
    let mut sources: Vec<(&Option<String>, Vec<&str>)> = Vec::new();
    for route in routes {
        match sources.iter_mut().find(|(source, _)| **source == route.latency) {
            Some((_, labels)) => labels.push(&route.label),
            None => sources.push((&route.latency, vec![&route.label])),
        }
    }
    let words = |(source, labels): (&Option<String>, Vec<&str>)| match source {
        Some(source) => format!("Speed of {}: {source}.", labels.join(", ")),
        None => format!(
            "Speed of {}: none is published, so how many run at once is not known. State `latency` under `capacity`.",
            labels.join(", ")
        ),
    };
    sources.into_iter().map(words).collect()
}

/// What a chain costs by its parts.
fn cost_words(route: &RouteHolds) -> String {
    let cost = &route.cost;
    let parts = [(cost.units, "units"), (cost.tokens, "its tokens"), (cost.fall_back, "other routes")];
    let some = parts.iter().filter(|(usd, _)| *usd > 0.0);
    some.map(|(usd, name)| format!("{} for {name}", usd_short(*usd))).collect::<Vec<_>>().join(", ")
}

/// A share; what is not quite all never reads as all.
fn nearly(share: f64) -> String {
    if (0.999_5..1.0).contains(&share) { "> 99.9 %".to_owned() } else { percent(share) }
}

fn with_error(share: f64, error: Option<f64>) -> String {
    match error.filter(|error| *error > 0.0) {
        Some(error) => format!("{} ± {}", percent(share), percent(error)),
        None => percent(share),
    }
}

fn wait(route: &RouteHolds, q: f64) -> String {
    seconds(route.tally.wait_ms.quantile(q) as f64 / 1_000.0)
}

fn seconds(value: f64) -> String {
    match value {
        0.0 => "0 s".to_owned(),
        v if v < 1.0 => format!("{} ms", significant(v * 1_000.0, 2)),
        v if v < 120.0 => format!("{} s", significant(v, 2)),
        v => format!("{} min", significant(v / 60.0, 2)),
    }
}

/// What more than this share still runs or waits an hour after it came does not settle.
const UNSETTLED: f64 = 0.01;

/// The queue that all of a route waits in.
fn whole_queue(route: &RouteHolds) -> Option<&Enqueued> {
    route.batch_queue.as_ref().filter(|queue| queue.whole)
}

fn served(route: &RouteHolds) -> String {
    match whole_queue(route).and_then(|queue| queue.taken).filter(|taken| *taken < 1.0) {
        Some(taken) => format!("at most {}", percent(taken)),
        None => nearly(route.tally.share(route.tally.served)),
    }
}

fn waits(route: &RouteHolds) -> String {
    match whole_queue(route) {
        Some(queue) => format!("up to {} h", queue.hours),
        None => format!("{} / {}", wait(route, 0.5), wait(route, 0.99)),
    }
}

/// Requests that come to nothing, and those of which no end is seen.
fn lost(route: &RouteHolds) -> f64 {
    let unsettled = route.tally.share(route.tally.in_flight) > UNSETTLED;
    route.tally.unserved() + if unsettled { route.tally.in_flight } else { 0.0 }
}

/// The finding: the routes that do not hold, or that all do.
fn title(answer: &CapacityAnswer) -> String {
    let routes = &answer.found.routes;
    let lost = |route: &RouteHolds| route.tally.share(lost(route));
    let worst = routes.iter().max_by(|a, b| lost(a).total_cmp(&lost(b)));
    let line = match worst {
        _ if routes.iter().all(|route| route.tally.offered == 0.0) => {
            format!("no request came in the hours that were lived through, of {}", answer.horizon)
        }
        Some(route) if lost(route) > 0.0 => {
            format!("{} loses {} of its requests over {}", route.label, percent(lost(route)), answer.horizon)
        }
        _ if routes.iter().any(|route| route.tally.spilled() > 0.0) => {
            format!("every request is served over {}, some by other routes", answer.horizon)
        }
        _ => format!("every request is served over {} within the limits that are stated", answer.horizon),
    };
    let short = routes.iter().filter_map(|route| Some((route, route.batch_queue.as_ref()?.taken?)));
    let line = match short.min_by(|a, b| a.1.total_cmp(&b.1)) {
        Some((route, taken)) if taken < 1.0 => {
            let loses = worst.is_some_and(|worst| lost(worst) > 0.0);
            let rest = if loses { line } else { "all else is served".to_owned() };
            format!("{}'s batch queue takes at most {} of its tokens; {rest}", route.label, percent(taken))
        }
        _ => line,
    };
    match &answer.question {
        Some(question) => format!("{}\n{question}\n{line}", answer.title),
        None => format!("{}\n{line}", answer.title),
    }
}

fn basis(answer: &CapacityAnswer) -> String {
    let (median, high) = answer.found.busiest_hour;
    let busiest = format!(
        "The busiest hour of a future expects {} requests at the median and {} at P90.",
        count_short(median),
        count_short(high)
    );
    match answer.found.lived {
        Some(Lived::Some(hours)) => format!(
            "From {hours} hours of many futures, lived through second by second, busy ones more often; ± is one standard error. {busiest}"
        ),
        None => "Every request of the log, when it came.".to_owned(),
        Some(Lived::All) => {
            format!("Every hour of the horizon was lived through in the future of median volume. {busiest}")
        }
    }
}

fn client(terms: &ClientTerms) -> String {
    let mut parts = Vec::new();
    match terms.retries {
        0 => parts.push("they do not try again".to_owned()),
        retries => {
            let jitter = if terms.jitter { ", with full jitter" } else { "" };
            parts.push(format!(
                "{retries} retries after {} doubling up to {}{jitter}",
                seconds(terms.backoff_s),
                seconds(terms.longest_backoff_s)
            ));
        }
    }
    if let Some(budget) = terms.retry_budget {
        parts.push(format!("a budget of {} retries per request", significant(budget, 2)));
    }
    if terms.queue_s > 0.0 {
        parts.push(format!("they wait up to {} for room", seconds(terms.queue_s)));
    }
    if let Some(most) = terms.concurrency {
        parts.push(format!("at most {} requests at once", thousands(u64::from(most))));
    }
    parts.join("; ")
}

/// Fewer requests than expected by this share are more than chance in 240 hours.
const MISSED: f64 = 0.03;

fn route_notes(route: &RouteHolds) -> Vec<String> {
    let tally = &route.tally;
    let mut notes = Vec::new();
    if route.chain.len() > 1 {
        let shares: Vec<String> = route
            .chain
            .iter()
            .zip(&tally.served_by)
            .map(|(label, served)| format!("{label} {}", nearly(tally.share(*served))))
            .collect();
        notes.push(format!("{}: served by {}; {}.", route.label, shares.join(", then "), cost_words(route)));
    }
    if tally.offered < (1.0 - MISSED) * route.expected {
        notes.push(format!(
            "{}: {} of the expected requests are missing, turns of sessions that began long before the hours that were lived through: loads and costs are too low by as much. `--hours all` has them.",
            route.label,
            percent(1.0 - tally.offered / route.expected)
        ));
    }
    if let Some(queue) = &route.batch_queue {
        let [median, p99, most] = queue.tokens.map(count_short);
        let holds = match queue.holds {
            Some((holds, above)) if above > 0.0 => format!(
                "it holds {}, and in {} of the hours more would wait: it takes {} of the tokens at most, and the rest later or never",
                count_short(holds as f64),
                percent(above),
                percent(queue.taken.unwrap_or(1.0))
            ),
            Some((holds, _)) => format!("it holds {}, which is enough", count_short(holds as f64)),
            None if queue.required_tier == RequiredTier::Unpublished => {
                "what it holds is not published: state `batch_queue_tokens` to see whether that is enough"
                    .to_owned()
            }
            None => "state `usage_tier` to see whether it holds them".to_owned(),
        };
        notes.push(format!(
            "{}: if a job takes {} hours, {median} input tokens wait in the batch queue at the median, {p99} at P99 of the hours, {most} at most; {holds}. Seconds and minutes do not matter to it.",
            route.label, queue.hours
        ));
    }
    if tally.too_long > 0.0 {
        notes.push(format!(
            "{}: {} of the requests are longer than any of its routes takes, or ask for more at once than a limit ever allows (`max_tokens` counts).",
            route.label,
            percent(tally.share(tally.too_long))
        ));
    }
    if tally.failed > 0.0 {
        notes.push(format!("{}: {} fail after all tries.", route.label, percent(tally.share(tally.failed))));
    }
    if tally.attempts > 1.05 * tally.offered {
        notes.push(format!(
            "{}: {} attempts for every request{}.",
            route.label,
            significant(tally.attempts / tally.offered, 3),
            if tally.over_budget > 0.0 { ", held down by the retry budget" } else { "" }
        ));
    }
    if tally.share(tally.in_flight) > UNSETTLED {
        notes.push(format!(
            "{}: {} still ran or waited an hour after they came: it does not settle.",
            route.label,
            percent(tally.share(tally.in_flight))
        ));
    }
    if let Some(worst) = &route.worst {
        let (beyond, offered) = worst.course.badness();
        if beyond > 0.0 && offered > 0.0 {
            notes.push(format!(
                "{}: worst hour from {} UTC, {} requests, {} without room at once.",
                route.label,
                worst.when,
                thousands(offered as u64),
                percent(beyond / offered)
            ));
        }
    }
    notes
}

/// What every route takes to hold.
pub fn need_sheet(answer: &CapacityAnswer) -> Sheet {
    let head = [
        "route",
        "requests/min mean / P99 / max",
        "tokens/min P99",
        "usage tier",
        "earned by",
        "units for the mean minute",
        "units for P99",
        "units for P99.9",
    ];
    let mut sheet = Sheet::new("What it takes", &head);
    for route in &answer.found.routes {
        let tally = &route.tally;
        let minute = |q: f64| thousands(tally.load().per_minute.quantile(q));
        let (tier, earned) = tier(&route.required_tier);
        let units = |of: &dyn Fn(&crate::analysis::capacity::RequiredUnits) -> u64| {
            route
                .required_units
                .as_ref()
                .map_or(String::new(), |units| format!("{} {}", thousands(of(units)), units.unit))
        };
        sheet.rows.push(vec![
            route.label.clone(),
            format!(
                "{} / {} / {}",
                significant(60.0 * tally.offered / tally.seconds.max(1.0), 3),
                minute(0.99),
                thousands(tally.load().per_minute.max())
            ),
            count_short(tally.load().tokens_per_minute.quantile(0.99) as f64),
            tier,
            earned,
            units(&|units| units.mean),
            units(&|units| units.p99_minute),
            units(&|units| units.p999_minute),
        ]);
    }
    sheet.notes.push(
        "P99: all but one minute in a hundred. The usage tier is the lowest whose published limits hold in all but one of a hundred of the windows over which they are enforced, for what is asked of the route's tokens: what its units have no room for, where it has units. Of a batch route it is the lowest whose queue holds what waits in all but one hour of a hundred."
            .to_owned(),
    );
    sheet
}

fn tier(required: &RequiredTier) -> (String, String) {
    match required {
        RequiredTier::Unpublished => ("none published".to_owned(), String::new()),
        RequiredTier::Unused => ("none: its tokens are not used".to_owned(), String::new()),
        RequiredTier::Tier(earned) => (earned.name.clone(), earned.earned_by.clone()),
        RequiredTier::None { highest, times } => (
            "none is enough".to_owned(),
            format!("{} times the limits of tier {}", significant(*times, 2), highest.name),
        ),
    }
}

/// Cost against units.
pub fn units_sheet(answer: &CapacityAnswer, route: &RouteHolds) -> Option<Sheet> {
    let curve = route.units.as_ref()?;
    let mut head: Vec<String> = vec![
        curve.unit.clone(),
        "served by them".to_owned(),
        "in use".to_owned(),
        "rest by the token".to_owned(),
    ];
    head.extend(curve.terms.iter().map(|term| format!("all, {term}")));
    let mut sheet = Sheet { title: units_title(answer, route, curve), head, ..Sheet::default() };
    for size in &curve.sizes {
        let mut row = vec![
            thousands(size.units),
            nearly(size.served_share),
            if size.units > 0 { percent(size.used_share) } else { String::new() },
            usd_short(size.rest_usd),
        ];
        row.extend(size.total_usd.iter().map(|usd| usd_short(*usd)));
        sheet.rows.push(row);
    }
    for (term, [low, middle, high]) in curve.terms.iter().zip(&curve.break_even) {
        let words = if *low > 1.0 {
            format!("a unit bought {term} never pays: at its full throughput the same tokens cost less")
        } else if percent(*low) == percent(*high) {
            format!("a unit bought {term} pays for itself where it is busier than {}", percent(*middle))
        } else {
            format!(
                "a unit bought {term} pays for itself where it is busier than {} (P10 {}, P90 {} of the hours)",
                percent(*middle),
                percent(*low),
                percent(*high)
            )
        };
        sheet.notes.push(format!("Break-even: {words}."));
    }
    sheet.notes.push("Within 1 % of the least cost, by the sizes tried: ".to_owned() + &flat(curve));
    if answer.found.lived.is_none() && curve.terms.len() > 1 {
        sheet.notes.push(
            "Commitments are paid here for the log's time only: they cost as much as long as they last, and are worth it where all of that is like the log."
                .to_owned(),
        );
    }
    Some(sheet)
}

fn flat(curve: &UnitsCurve) -> String {
    let one = |(term, (_, from, to)): (&String, &(u64, u64, u64))| {
        if from == to {
            format!("{term} {}", thousands(*from))
        } else {
            format!("{term} {} to {}", thousands(*from), thousands(*to))
        }
    };
    curve.terms.iter().zip(&curve.best).map(one).collect::<Vec<_>>().join("; ") + "."
}

fn units_title(answer: &CapacityAnswer, route: &RouteHolds, curve: &UnitsCurve) -> String {
    let cost = |way: usize, units: u64| {
        curve.sizes.iter().find(|size| size.units == units).map_or(f64::INFINITY, |size| size.total_usd[way])
    };
    let least = curve.best.iter().enumerate().map(|(way, (units, ..))| (way, *units, cost(way, *units)));
    match least.min_by(|a, b| a.2.total_cmp(&b.2)) {
        Some((way, units, usd)) if units > 0 => format!(
            "{}: {} {} {} cost least over {}, {} against {} by the token",
            route.label,
            thousands(units),
            curve.unit,
            curve.terms[way],
            answer.horizon,
            usd_short(usd),
            usd_short(curve.by_tokens_usd)
        ),
        _ => format!(
            "{}: no number of {} is cheaper than {} by the token over {}",
            route.label,
            curve.unit,
            usd_short(curve.by_tokens_usd),
            answer.horizon
        ),
    }
}
