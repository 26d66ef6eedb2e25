//! From a log to the figures of a scenario: laws with ranges as wide as the log is short.

use super::forecast::{DRIFT_PERSISTENCE, DRIFT_SD, Normal, Outlook, Period, grown, posterior};
use super::lengths::Fitted;
use super::series::{DAY_MS, Series};
use super::traffic::{LengthBin, Sums, Traffic, rank_of};
use crate::domain::time::{Instant, MEAN_MONTH_DAYS, Month, utc_day_and_minute, weekday_of_day};
use crate::workload::{Burst, Scale};

/// A log as a workload of a scenario.
#[derive(Clone, Debug)]
pub struct Fit {
    /// Volume.
    pub volume: VolumeFit,
    /// Requests in a session, where the log has sessions.
    pub turns: Option<Fitted>,
    /// How requests bunch, from hours to seconds; `None` where the log cannot tell.
    pub bursts: Option<[Burst; Scale::ALL.len()]>,
    /// Prompts.
    pub prompt: Fitted,
    /// The relative standard error of the mean prompt.
    pub prompt_error: f64,
    /// Outputs without reasoning; `None` where there are none.
    pub output: Option<Fitted>,
    /// The relative standard error of the mean output.
    pub output_error: f64,
    /// The share of requests that reason, and their lengths.
    pub reasoning: Option<(f64, Fitted)>,
    /// Rank correlation of prompt and output.
    pub prompt_output_correlation: f64,
    /// The cache.
    pub cache: CacheFit,
    /// The log's own sums, to be held against the scenario.
    pub total: Sums,
    /// The share of requests above the base band.
    pub crossing_share: f64,
    /// The longest prompt, where the log looks as if all were cut there.
    pub cut_at: Option<u64>,
    /// What it was made from.
    pub seen: Seen,
}

/// What of a log a fit is held against.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Shares of prompts up to some lengths.
    pub prompts: Vec<(f64, f64)>,
    /// The same of outputs.
    pub outputs: Vec<(f64, f64)>,
    /// The same of requests in a session; empty where the log has no sessions.
    pub turns: Vec<(f64, f64)>,
    /// The cache by length of the prompt; empty where the log holds sums.
    pub cached: Vec<LengthBin>,
    /// Requests over time; `None` where the log has no clock.
    pub history: Option<History>,
}

/// A log's requests over time.
#[derive(Clone, Debug)]
pub struct History {
    /// In whole days.
    pub days: Series,
    /// In whole hours.
    pub hours: Series,
    /// What the days say, where there are enough.
    pub outlook: Option<Outlook>,
    /// What a request costs in the mean: the outlook is one of spend.
    pub usd_per_request: f64,
}

/// The cache of a log.
#[derive(Clone, Copy, Debug)]
pub struct CacheFit {
    /// The share of input tokens that it served.
    pub hit_rate: f64,
    /// Its relative standard error.
    pub error: f64,
    /// The share of a prompt that is cached when the cache is hit.
    pub share_when_hit: f64,
    /// Rank correlation of prompt length and hits.
    pub length_correlation: f64,
    /// The share of uncached input that is written to it.
    pub write_share: f64,
    /// The share of that which is kept for an hour.
    pub write_1h_share: f64,
}

/// How many requests come when, in the terms of a scenario.
#[derive(Clone, Debug)]
pub struct VolumeFit {
    /// Where it comes from, for people.
    pub basis: String,
    /// The logarithm of requests on a mean day of the first month.
    pub log_requests_per_day: Normal,
    /// Growth of that logarithm from the first month to the second.
    pub growth_per_month: Normal,
    /// Correlations of the scores of level and growth, level and start, growth and start.
    pub dependence: [f64; 3],
    /// Weights from Monday on; `None` where less than a week is known.
    pub weekdays: Option<[f64; 7]>,
    /// Weights from midnight UTC on; `None` where less than a day is known.
    pub hours: Option<[f64; 24]>,
    /// The logarithm of the coefficient of variation of days, with memory.
    pub log_daily_cv: Normal,
    /// The correlation of neighbouring days.
    pub memory: f64,
    /// Where that scatter stands on the eve of the first month; `None` where it is forgotten by then.
    pub start: Option<Normal>,
    /// The logarithm of the coefficient of variation of single days beside that.
    pub log_noise_cv: Option<Normal>,
}

/// How a log's volume is taken.
#[derive(Clone, Copy, Debug)]
pub struct VolumeOptions {
    /// The first month of the scenario.
    pub start: Month,
    /// The time that a log without a clock is taken to span, days.
    pub span_days: f64,
}

/// Days of history from which days are forecast.
const LEAST_DAYS: usize = 7;
/// What an hour says of its day: the mean of another hour is within a factor e^½ of it in two cases of three.
const HOUR_TO_DAY: f64 = 0.5;
/// What a day or a few say of the mean day: as a history's prior has it, 25 %.
const DAY_TO_MEAN: f64 = 0.25;
/// How days scatter where too few are known, in the logarithm of their coefficient of variation: 25 %, within
/// a factor of 1.5 in two cases of three.
const USUAL_CV: Normal = Normal { mean: -1.386, sd: 0.4 };
/// Growth where no history tells: none, ±3 % a month.
const USUAL_GROWTH: Normal = Normal { mean: 0.0, sd: 0.03 };

/// Fits a log's requests.
///
/// # Errors
/// A sentence, where the log has no tokens.
pub fn fit(traffic: Traffic, options: &VolumeOptions) -> Result<Fit, String> {
    if traffic.untold > 0 {
        return Err(
            "the log holds sums of tokens without the number of requests, so no request is known".to_owned()
        );
    }
    let prompt = traffic.prompts.fit().ok_or("the log has no input tokens")?;
    let total = traffic.total;
    let turns = traffic.turns();
    let uncached = total.input - total.cached;
    let cache = CacheFit {
        hit_rate: total.cached / total.input,
        error: traffic.ratio_error(|sums| (sums.cached, sums.input)),
        share_when_hit: traffic.share_when_hit(),
        length_correlation: traffic.cache_correlation(),
        write_1h_share: if total.written > 0.0 { total.written_1h / total.written } else { 0.0 },
        write_share: if uncached > 0.0 { (total.written / uncached).min(1.0) } else { 0.0 },
    };
    let reasoning = traffic.reasoning.fit();
    let reasoning_share = traffic.reasoning.total() as f64 / total.requests;
    let reasoning = reasoning.map(|law| (reasoning_share, law));
    let mut seen = Seen {
        prompts: traffic.prompts.shares(),
        outputs: traffic.outputs.shares(),
        turns: turns.shares(),
        cached: traffic.cached_by_length(),
        history: None,
    };
    let turns = if turns.total() >= 20 { turns.fit() } else { None };
    let prompt_error = traffic.ratio_error(|sums| (sums.input, sums.requests));
    let output_error = traffic.ratio_error(|sums| (sums.output, sums.requests));
    let (output, cut_at) = (traffic.outputs.fit(), traffic.prompts.cut_at());
    let prompt_output_correlation = traffic.prompt_output_correlation();
    let crossing_share = traffic.crossing.requests / total.requests;
    let bursts = traffic.bursts();
    let (volume, history) = volume(traffic, options)?;
    seen.history = history;
    Ok(Fit {
        volume,
        turns,
        bursts,
        prompt,
        prompt_error,
        output,
        output_error,
        reasoning,
        prompt_output_correlation,
        cache,
        total,
        crossing_share,
        cut_at,
        seen,
    })
}

/// The volume of a log: by days where it has a week of them, else from its rate and conventions.
fn volume(traffic: Traffic, options: &VolumeOptions) -> Result<(VolumeFit, Option<History>), String> {
    let (total, hours) = (traffic.total, traffic.hours);
    let no_clock = traffic.begins_anew();
    let session_error = traffic.ratio_error(|sums| (sums.requests, 1.0));
    let told_by_hour = traffic.longest_span_ms <= DAY_MS / 24;
    let series = traffic.collector.series(true)?;
    let span_days = series.len() as f64 * series.bin_ms as f64 / DAY_MS as f64;
    let known_hours =
        (span_days >= 2.0 && !no_clock && told_by_hour).then(|| hours.map(|count| count / total.requests));
    if no_clock {
        let basis = format!(
            "the log's sessions have no common clock: it is taken to span {} days",
            rounded(options.span_days)
        );
        let level = Normal { mean: libm::log(total.requests / options.span_days), sd: session_error };
        return Ok((conventional(basis, level, None), None));
    }
    let days = series.in_bins(DAY_MS);
    let outlook = if days.len() >= LEAST_DAYS {
        let period = if days.len() > 7 { Period::Bins(7) } else { Period::None };
        posterior(&days.spend, period)
    } else {
        None
    };
    let volume = match &outlook {
        Some(outlook) => by_days(outlook, &days, &total, known_hours, options),
        None => {
            let (spread, what) =
                if span_days >= 1.0 { (DAY_TO_MEAN, "days") } else { (HOUR_TO_DAY, "hours of a day") };
            let seen: f64 = series.requests.iter().sum();
            // A log that is shorter than two bins has no whole one.
            let rate = if seen > 0.0 {
                seen / span_days
            } else {
                total.requests * DAY_MS as f64 / series.bin_ms as f64
            };
            let basis =
                format!("the log spans {} days: too few {what} to tell how days differ", rounded(span_days));
            conventional(basis, Normal { mean: libm::log(rate), sd: spread }, known_hours)
        }
    };
    let usd_per_request = total.usd / total.requests;
    let history = History { hours: series.in_bins(DAY_MS / 24), days, outlook, usd_per_request };
    Ok((volume, Some(history)))
}

/// A volume whose level alone is known.
fn conventional(basis: String, level: Normal, hours: Option<[f64; 24]>) -> VolumeFit {
    // The mean is what the log shows, so the median is a little lower.
    let level = Normal { mean: level.mean - 0.5 * level.sd * level.sd, ..level };
    VolumeFit {
        basis,
        log_requests_per_day: level,
        growth_per_month: USUAL_GROWTH,
        dependence: [0.0; 3],
        weekdays: None,
        hours,
        log_daily_cv: USUAL_CV,
        memory: 0.8,
        start: None,
        log_noise_cv: None,
    }
}

/// The outlook of days in a scenario's terms, from the middle of its first month on.
fn by_days(
    outlook: &Outlook,
    days: &Series,
    total: &Sums,
    hours: Option<[f64; 24]>,
    options: &VolumeOptions,
) -> VolumeFit {
    let end_day = (days.first_ms + days.len() as i64 * DAY_MS).div_euclid(DAY_MS);
    let (first_day, _) = utc_day_and_minute(options.start.start());
    // Days from the end of the history to the first month, and to its middle.
    let ahead = (first_day - end_day).max(0) as f64;
    // Growth is told from the last day on, which is half a day before the end of the history.
    let middle = ahead + 0.5 * (options.start.days() as f64 + 1.0);
    // The level drifts through months between the log and the scenario as it does through those of the scenario.
    let kept = DRIFT_PERSISTENCE * DRIFT_PERSISTENCE;
    let drifted = DRIFT_SD * DRIFT_SD * (1.0 - libm::pow(kept, ahead / MEAN_MONTH_DAYS)) / (1.0 - kept);
    // What growth has come to by then, and what it comes to in a month from there.
    let (by_then, monthly) = (grown(middle), grown(middle + MEAN_MONTH_DAYS) - grown(middle));
    let covariance = |a: usize, b: usize| outlook.correlation(a, b);
    let (level, growth) = (outlook.log_level, outlook.growth);
    let moved = level.sd * level.sd
        + 2.0 * by_then * covariance(0, 1) * level.sd * growth.sd
        + by_then * by_then * growth.sd * growth.sd
        + drifted;
    let sd = libm::sqrt(moved);
    let level_growth = (covariance(0, 1) * level.sd + by_then * growth.sd) / sd;
    // Requests and not dollars: at the log's mean cost of a request.
    let mean_cost = total.usd / total.requests;
    let log_level = level.mean + by_then * growth.mean - libm::log(mean_cost);
    let first_weekday = weekday_of_day(end_day);
    let weekdays = (outlook.season.len() == 7)
        .then(|| std::array::from_fn(|weekday| outlook.season[(weekday + 7 - first_weekday) % 7]));
    let left = libm::pow(outlook.memory, ahead);
    let start = Normal {
        mean: left * outlook.start.mean,
        sd: libm::sqrt(
            left * left * outlook.start.sd * outlook.start.sd
                + (1.0 - left * left) * libm::log1p(libm::exp(2.0 * outlook.log_cv.mean)),
        ),
    };
    // Of the level moved to the month's middle, and of a start of which the share `left` is remembered.
    let remembered = left * outlook.start.sd / start.sd;
    let level_start =
        (level.sd * covariance(0, 2) + by_then * growth.sd * covariance(1, 2)) / sd * remembered;
    let dependence = [level_growth, level_start, covariance(1, 2) * remembered];
    let stated = Normal { mean: growth.mean * monthly, sd: growth.sd * monthly };
    let growth_per_month = sensible(stated);
    let cut = if growth_per_month == stated { "" } else { "; it changes faster than a scenario may say" };
    VolumeFit {
        basis: format!("from {} whole days of the log{cut}", outlook.bins),
        log_requests_per_day: Normal { mean: log_level, sd },
        growth_per_month,
        dependence,
        weekdays,
        hours,
        log_daily_cv: outlook.log_cv,
        memory: outlook.memory,
        start: (left > 0.05).then_some(start),
        log_noise_cv: Some(outlook.log_noise_cv),
    }
}

/// Growth within what a scenario may say: less than to double in a month, and more than to lose 85 %.
fn sensible(growth: Normal) -> Normal {
    let sd = growth.sd.min(MOST_GROWTH_SD);
    let (least, most) = GROWTH_BETWEEN;
    Normal { mean: growth.mean.clamp(least + 2.6 * sd, most - 2.6 * sd), sd }
}

/// The logarithms between which all but one growth in a hundred is, and the most that it scatters by.
const GROWTH_BETWEEN: (f64, f64) = (-1.9, 0.668);
const MOST_GROWTH_SD: f64 = 0.15;

impl VolumeFit {
    /// Whether the growth is uncertain by less than can be written.
    pub fn growth_is_known(&self) -> bool {
        self.growth_per_month.sd < 1e-5
    }

    /// The rank correlations of level, growth and start.
    pub fn correlations(&self) -> Vec<(&'static str, &'static str, f64)> {
        const LEVEL: &str = "requests_per_day";
        const GROWTH: &str = "growth_per_month";
        const START: &str = "daily_start";
        let [level_growth, level_start, growth_start] = self.dependence;
        let pairs =
            [(LEVEL, GROWTH, level_growth), (LEVEL, START, level_start), (GROWTH, START, growth_start)];
        let is_drawn = |name: &str| match name {
            START => self.start.is_some(),
            GROWTH => !self.growth_is_known(),
            _ => true,
        };
        let known = pairs.into_iter().filter(|(a, b, _)| is_drawn(a) && is_drawn(b));
        // A trifle less than they are: rounded, three correlations may be ones that no law has.
        let ranks = known.map(|(a, b, score)| (a, b, rank_of(0.999 * score)));
        ranks.filter(|(.., rank)| rank.abs() > 1e-3).collect()
    }
}

/// The month after the one in which a log ends; `None` for an end that no calendar of ours knows.
pub fn next_month(last_ms: i64) -> Option<Month> {
    let end = Instant::from_unix_seconds(last_ms.div_euclid(1000)).to_string();
    // The text of an instant begins with its month.
    Month::parse(end.get(..7)?).ok().map(|month| month.plus(1))
}

fn rounded(days: f64) -> String {
    crate::domain::format::significant(days, 2)
}
