//! A fit as a commented scenario.

use crate::domain::format::{percent, significant, thousands};
use crate::usage::forecast::{DRIFT_PERSISTENCE, DRIFT_SD, GROWTH_PERSISTENCE, REGIME};
use crate::usage::{Fit, Fitted, Held};
use crate::workload::{Burst, Component, RegimeChange, Scale};

/// A fit and what is said around it.
#[derive(Clone, Debug)]
pub struct FitReport {
    /// The scenario's name.
    pub name: String,
    /// The fit.
    pub fit: Fit,
    /// The first month.
    pub start: String,
    /// How many months.
    pub months: u32,
    /// The routes, the log's own first.
    pub routes: Vec<String>,
    /// Whether the first route bills writes to a cache.
    pub writes_are_billed: bool,
    /// Whether all routes have a price for writes that are kept for an hour.
    pub hour_writes_are_billed: bool,
    /// What was read and decided.
    pub remarks: Vec<String>,
    /// The log beside the model, over time.
    pub held: Held,
    /// The share that the scenario has cached at some lengths, in tokens; empty where it cannot be told.
    pub gate: Vec<(f64, f64)>,
    /// The mean distance of the log's cached shares from that, over all input tokens.
    pub gate_distance: f64,
    /// In one line, what it was made from.
    pub provenance: String,
}

/// Parts whose shares scatter less than this, beyond chance, are as good as even.
const WEAK_BURST: f64 = 0.03;
/// How every fitted scenario begins.
const FIRST_LINE: &str = "# Fitted to";
/// A weaker correlation of prompts and outputs is left out: at .3 it moves the mean by a twentieth of a percent,
/// and mixtures that depend on each other are slow to integrate.
const WEAK: f64 = 0.1;

/// The score of P90.
const P90: f64 = 1.281_551_565_544_600_4;

/// The scenario, with where every figure comes from.
pub fn fit_yaml(report: &FitReport) -> String {
    let fit = &report.fit;
    let mut out = String::new();
    let mut line = |text: String| {
        out += &text;
        out.push('\n');
    };
    line(format!(
        "{FIRST_LINE} {} requests of a usage log by tollcast {}.",
        thousands(fit.total.requests as u64),
        env!("CARGO_PKG_VERSION")
    ));
    line(
        "# Ranges are as wide as the log is short. Read it, add what you know is coming, and simulate it."
            .to_owned(),
    );
    report.remarks.iter().for_each(|remark| line(format!("#   {}", one_line(remark))));
    line("tollcast: 1".to_owned());
    line(format!("name: {}", quoted(&report.name)));
    line("question: What will the traffic of this log cost from here on?".to_owned());
    line(format!("start: {}", report.start));
    line(format!("months: {}", report.months));
    line(String::new());
    line("workloads:".to_owned());
    line("  log:".to_owned());
    volume(fit, &mut line);
    if let Some(turns) = &fit.turns {
        line(format!("    # Requests of a session; they come together. {}", fits(turns)));
        line(format!("    sessions: {{turns: {}}}", law(turns, None)));
    }
    if let Some(bursts) = &fit.bursts {
        arrivals(bursts, &mut line);
    }
    line(format!("    # Mean {} tokens. {}", tokens(fit.prompt.mean), fits(&fit.prompt)));
    line(format!("    prompt: {}", law(&fit.prompt, Some(fit.prompt_error))));
    match &fit.output {
        Some(output) => {
            line(format!("    # Mean {} tokens. {}", tokens(output.mean), fits(output)));
            line(format!("    output: {}", law(output, Some(fit.output_error))));
        }
        None => line("    output: 0".to_owned()),
    }
    if let Some((share, tokens)) = &fit.reasoning {
        line(format!("    # {}", fits(tokens)));
        line(format!(
            "    reasoning: {{share_of_requests: {}, tokens: {}}}",
            number(*share),
            law(tokens, None)
        ));
    }
    if fit.prompt_output_correlation.abs() >= WEAK {
        let rank = fit.prompt_output_correlation.clamp(-0.9, 0.9);
        line(format!("    prompt_output_correlation: {}", decimal(rank)));
    }
    cache(report, &mut line);
    line("    over_window: truncate".to_owned());
    line(String::new());
    correlations(fit, &mut line);
    line("routes:".to_owned());
    if let Some(most) = fit.cut_at {
        line(format!("  # The log is cut at {} tokens, and so are these.", thousands(most)));
    }
    for route in &report.routes {
        line(match fit.cut_at {
            Some(most) => format!("  - {{id: {}, longest_prompt: {most}}}", quoted(route)),
            None => format!("  - {}", quoted(route)),
        });
    }
    out
}

fn volume(fit: &Fit, line: &mut dyn FnMut(String)) {
    let volume = &fit.volume;
    let percentiles = |mean: f64, sd: f64, digits: i32| {
        if sd < 1e-6 {
            return significant(libm::exp(mean), digits);
        }
        let at = |score: f64| significant(libm::exp(mean + sd * score), digits);
        format!("{{p10: {}, p90: {}}}", at(-P90), at(P90))
    };
    let log = |law: crate::usage::forecast::Normal| percentiles(law.mean, law.sd, 6);
    line("    volume:".to_owned());
    line(format!("      # Volume: {}.", one_line(&volume.basis)));
    line(format!("      requests_per_day: {}", log(volume.log_requests_per_day)));
    let growth = volume.growth_per_month;
    let at = |score: f64| format!("{:.6}", libm::expm1(growth.mean + growth.sd * score));
    line(match volume.growth_is_known() {
        true => format!("      growth_per_month: {}", at(0.0)),
        false => format!("      growth_per_month: {{p10: {}, p90: {}}}", at(-P90), at(P90)),
    });
    line(format!("      growth_persistence: {}  # trends flatten", decimal(GROWTH_PERSISTENCE)));
    line(format!("      drift_sd: {}  # and others come", decimal(DRIFT_SD)));
    line(format!("      drift_persistence: {}", decimal(DRIFT_PERSISTENCE)));
    if let Some(weekdays) = volume.weekdays {
        line(format!("      weekdays: [{}]  # from Monday on", list(&weekdays)));
    }
    if let Some(hours) = volume.hours {
        let hours = hours.map(|share| 24.0 * share);
        line(format!("      hours: [{}]  # UTC", list(&hours)));
    }
    line("      # How days stray from what the calendar says: together with their neighbours, and on their own.".to_owned());
    line(format!("      daily_cv: {}", log(volume.log_daily_cv)));
    line(format!("      daily_autocorrelation: {}", number(volume.memory)));
    if let Some(start) = volume.start {
        let at = |score: f64| decimal(start.mean + start.sd * score);
        line(format!(
            "      daily_start: {{p10: {}, p90: {}}}  # where that stands on the eve of the first day",
            at(-P90),
            at(P90)
        ));
    }
    if let Some(noise) = volume.log_noise_cv {
        line(format!("      daily_noise: {}", log(noise)));
    }
    line(
        "      # What no history shows until it happens: one horizon in ten sees another level altogether."
            .to_owned(),
    );
    let RegimeChange { probability, sd } = REGIME;
    line(format!("      regime_change: {{probability: {}, sd: {}}}", number(probability), number(sd)));
}

fn arrivals(bursts: &[Burst; Scale::ALL.len()], line: &mut dyn FnMut(String)) {
    let found =
        Scale::ALL.iter().zip(bursts).filter(|(_, burst)| burst.cv >= WEAK_BURST || burst.quiet > 0.0);
    let found: Vec<String> = found
        .map(|((name, _), burst)| match burst.quiet {
            0.0 => format!("{name}: {}", decimal(burst.cv)),
            quiet => format!("{name}: {{quiet: {}, cv: {}}}", decimal(quiet), decimal(burst.cv)),
        })
        .collect();
    if !found.is_empty() {
        line(
            "    # How requests bunch within the hour, for `tollcast capacity`: it changes no day's number."
                .to_owned(),
        );
        line(format!("    arrivals: {{bursts: {{{}}}}}", found.join(", ")));
    }
}

fn cache(report: &FitReport, line: &mut dyn FnMut(String)) {
    let cache = &report.fit.cache;
    line(format!("    # {} of input tokens came from a cache.", percent(cache.hit_rate)));
    let sd = cache.error * cache.hit_rate;
    let odds = |share: f64| libm::log(share / (1.0 - share));
    let rate = if cache.hit_rate > 0.001 && cache.hit_rate < 0.999 && sd > 1e-5 {
        // A share's log-odds: their error is that of the share over share · (1 − share).
        let (centre, spread) = (odds(cache.hit_rate), sd / (cache.hit_rate * (1.0 - cache.hit_rate)));
        let at = |score: f64| number(1.0 / (1.0 + libm::exp(-(centre + spread * score))));
        format!("{{p10: {}, p90: {}}}", at(-P90), at(P90))
    } else {
        number(cache.hit_rate)
    };
    let mut keys = vec![format!("hit_rate: {rate}")];
    if cache.hit_rate > 0.0 {
        keys.push(format!("share_when_hit: {}", number(cache.share_when_hit)));
        if cache.length_correlation.abs() > 0.01 {
            keys.push(format!("length_correlation: {}", decimal(cache.length_correlation)));
        }
    }
    if report.writes_are_billed {
        keys.push(format!("write_share: {}", number(cache.write_share)));
        if report.hour_writes_are_billed && cache.write_1h_share > 0.0 {
            keys.push(format!("write_1h_share: {}", number(cache.write_1h_share)));
        }
    }
    line(format!("    cache: {{{}}}", keys.join(", ")));
}

fn correlations(fit: &Fit, line: &mut dyn FnMut(String)) {
    let all = fit.volume.correlations();
    if all.is_empty() {
        return;
    }
    line(
        "# These are known together: a history that ends high has a lower level, or more growth.".to_owned(),
    );
    line("correlations:".to_owned());
    for (a, b, rank) in all {
        let [a, b] = [a, b].map(|name| format!("workloads.log.volume.{name}"));
        line(format!("  - {{a: {a}, b: {b}, rank: {rank:.6}}}"));
    }
    line(String::new());
}

fn fits(law: &Fitted) -> String {
    let kind = match law.components.len() {
        1 => "A lognormal".to_owned(),
        count if count <= 3 => format!("{count} lognormals"),
        count => format!("No few lognormals fit: the empirical law as {count} of them"),
    };
    format!("{kind}; Kolmogorov-Smirnov distance {:.3}.", law.distance)
}

/// A law of lengths, with a scale as uncertain as its mean.
fn law(law: &Fitted, error: Option<f64>) -> String {
    let part = |c: &Component| {
        let median = if c.ln_median == f64::NEG_INFINITY { 0.0 } else { libm::exp(c.ln_median) };
        format!(
            "{{weight: {}, median: {}, sigma: {}}}",
            number(c.weight),
            significant(median, 7),
            number(c.sigma)
        )
    };
    let parts: Vec<String> = law.components.iter().map(part).collect();
    // A scale would smear lengths that are exact, across a threshold perhaps.
    let exact = law.components.iter().any(|c| c.sigma == 0.0 && c.ln_median.is_finite());
    let scale = match error.filter(|error| *error > 1e-4 && !exact) {
        Some(error) => {
            // The scale's mean is 1.
            let error = error.min(0.5);
            let at = |score: f64| significant(libm::exp(error * score - 0.5 * error * error), 6);
            format!(", scale: {{p10: {}, p90: {}}}", at(-P90), at(P90))
        }
        None => String::new(),
    };
    format!("{{mixture: {{components: [{}]{scale}}}}}", parts.join(", "))
}

fn number(value: f64) -> String {
    significant(value, 6)
}

/// A number of either sign.
fn decimal(value: f64) -> String {
    format!("{value:.4}")
}

fn tokens(value: f64) -> String {
    thousands(value.round() as u64)
}

fn list(values: &[f64]) -> String {
    values.iter().map(|value| significant(*value, 4)).collect::<Vec<_>>().join(", ")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text as YAML reads it back.
fn quoted(text: &str) -> String {
    format!("\"{}\"", one_line(text).replace('\\', "\\\\").replace('"', "\\\""))
}
