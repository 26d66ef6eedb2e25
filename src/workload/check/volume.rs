//! How many requests come when: level, growth, profiles over week and day, scatter.

use super::super::quantity::{Kind, QuantityWire};
use super::super::wire::{RegimeChangeWire, ShapeWire, VolumeWire};
use super::super::{RegimeChange, Volume};
use super::inputs::{CV, GROWTH, Inputs, REQUESTS, known, known_share, range};
use crate::domain::problem::{Code, Problems, suggest};
use crate::domain::time::MEAN_MONTH_DAYS;

/// The volume of a workload.
pub fn volume(
    base: &str,
    wire: &VolumeWire,
    months: usize,
    inputs: &mut Inputs,
    problems: &mut Problems,
) -> Option<Volume> {
    let base = format!("{base}.volume");
    let (name, stated, days_in_unit) = match (&wire.requests_per_month, &wire.requests_per_day) {
        (Some(monthly), None) => ("requests_per_month", monthly, MEAN_MONTH_DAYS),
        (None, Some(daily)) => ("requests_per_day", daily, 1.0),
        _ => {
            problems.at(
                Code::MissingKey,
                &wire.place,
                "expected one of `requests_per_month` and `requests_per_day`",
                "",
                "give exactly one of them",
            );
            return None;
        }
    };
    let level = inputs.add(&format!("{base}.{name}"), Some(stated), 0.0, REQUESTS, problems);
    let growth = inputs.add(
        &format!("{base}.growth_per_month"),
        wire.growth_per_month.as_ref(),
        0.0,
        GROWTH,
        problems,
    );
    let daily_cv = inputs.add(&format!("{base}.daily_cv"), wire.daily_cv.as_ref(), 0.0, CV, problems);
    let daily_start = match &wire.daily_start {
        Some(stated) => {
            let deviation = range(Kind::Signed, -3.0, 3.0, "of the level");
            Some(inputs.add(&format!("{base}.daily_start"), Some(stated), 0.0, deviation, problems)?)
        }
        None => None,
    };
    let daily_noise =
        inputs.add(&format!("{base}.daily_noise"), wire.daily_noise.as_ref(), 0.0, CV, problems);
    let regime_change = regime_change(wire.regime_change.as_ref(), problems);
    let drift_sd = inputs.add(
        &format!("{base}.drift_sd"),
        wire.drift_sd.as_ref(),
        0.0,
        range(Kind::Positive, 0.0, 0.5, "a month"),
        problems,
    );
    let weekdays = profile(wire.weekdays.as_ref(), &WEEKDAY_PROFILES, 7, problems);
    let hours = profile(wire.hours.as_ref(), &HOUR_PROFILES, 24, problems);
    let offset = known(wire.utc_offset_hours.as_ref(), 0.0, -12.0, 14.0, problems);
    if let (Some(wire), Some(hours)) = (wire.utc_offset_hours.as_ref(), offset)
        && hours.fract() != 0.0
    {
        let help = "prices change on the hour; take the nearest whole offset";
        problems.at(Code::OutOfRange, wire.place(), "expected whole hours", format!("found {hours}"), help);
    }
    let autocorrelation = known(wire.daily_autocorrelation.as_ref(), 0.5, 0.0, 0.99, problems);
    let growth_persistence = known(wire.growth_persistence.as_ref(), 1.0, 0.0, 1.0, problems);
    let persistence = known(wire.drift_persistence.as_ref(), 0.9, 0.0, 1.0, problems);
    if let (Some(sd), Some(persistence), Some(stated)) = (drift_sd, persistence, wire.drift_sd.as_ref()) {
        refuse_runaway_drift(inputs.law(sd).median(), persistence, months, stated, problems);
    }
    let (weekdays, hours) = (weekdays?, hours?);
    let mean_weekday = weekdays.iter().sum::<f64>() / 7.0;
    let day: f64 = hours.iter().sum();
    Some(Volume {
        requests_per_day: level?,
        days_in_unit,
        growth_per_month: growth?,
        growth_persistence: growth_persistence?,
        weekdays: std::array::from_fn(|at| weekdays[at] / mean_weekday),
        hours: std::array::from_fn(|at| hours[at] / day),
        utc_offset_hours: offset?.round() as i64,
        daily_cv: daily_cv?,
        daily_autocorrelation: autocorrelation?,
        daily_start,
        daily_noise: daily_noise?,
        regime_change: regime_change?,
        drift_sd: drift_sd?,
        drift_persistence: persistence?,
    })
}

/// The change of regime, if one is stated.
fn regime_change(wire: Option<&RegimeChangeWire>, problems: &mut Problems) -> Option<RegimeChange> {
    let Some(wire) = wire else { return Some(RegimeChange::NEVER) };
    let probability = known_share(wire.probability.get(), 0.0, problems)?;
    let sd = known(wire.sd.as_ref(), 0.5, 0.0, 2.0, problems)?;
    Some(RegimeChange { probability, sd })
}

/// The most that a drifting log level may scatter by the end: its 90 % range then spans a factor of 27.
const WIDEST_DRIFT: f64 = 1.0;

/// A random walk of the log level that is let run has a mean that no number of trials can estimate.
fn refuse_runaway_drift(
    sd: f64,
    persistence: f64,
    months: usize,
    stated: &QuantityWire,
    problems: &mut Problems,
) {
    let variance = (1..months).fold(0.0, |v, _| persistence * persistence * v + sd * sd);
    if variance > WIDEST_DRIFT * WIDEST_DRIFT {
        let found = format!("by the end the log level scatters by {:.1}", libm::sqrt(variance));
        problems.at(
            Code::ImpossibleRange,
            stated.place(),
            "the drift runs away over this horizon",
            found,
            "lower `drift_sd` or `drift_persistence`, or forecast fewer months",
        );
    }
}

/// Shares that were rounded to three digits sum to one within this.
const SHARES_WITHIN: f64 = 0.005;

type Profile = (&'static str, &'static [f64]);

/// Weights by weekday: office traffic falls to a quarter at weekends.
const WEEKDAY_PROFILES: [Profile; 2] =
    [("flat", &[1.0; 7]), ("office", &[1.0, 1.0, 1.0, 1.0, 0.9, 0.25, 0.2])];

/// Weights by local hour: `office` rises from eight and ends at seven, `night` is its complement.
const HOUR_PROFILES: [Profile; 3] = [
    ("flat", &[1.0; 24]),
    (
        "office",
        &[
            0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.5, 1.0, 1.4, 1.5, 1.4, 1.1, 1.3, 1.5, 1.4, 1.2, 0.9, 0.5,
            0.4, 0.3, 0.2, 0.2, 0.1,
        ],
    ),
    (
        "night",
        &[
            1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
            0.0, 0.0, 0.0, 1.0, 1.0,
        ],
    ),
];

/// The weights of a profile: those of a name, or stated ones.
fn profile(
    wire: Option<&ShapeWire>,
    known: &[Profile],
    length: usize,
    problems: &mut Problems,
) -> Option<Vec<f64>> {
    match wire {
        None => Some(vec![1.0; length]),
        Some(ShapeWire::Name(name)) => match known.iter().find(|(known, _)| *known == name.value) {
            Some((_, weights)) => Some(weights.to_vec()),
            None => {
                let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                problems.at(
                    Code::UnknownName,
                    &name.place,
                    format!("unknown profile `{}`", name.value),
                    "",
                    format!("{}, or a list of {length} weights", suggest(&name.value, names)),
                );
                None
            }
        },
        Some(ShapeWire::Weights(weights)) => {
            if weights.value.len() != length || weights.value.iter().sum::<f64>() <= 0.0 {
                problems.at(
                    Code::OutOfRange,
                    &weights.place,
                    format!("expected {length} weights, not all zero"),
                    if weights.value.len() == length {
                        "found only zeros".to_owned()
                    } else {
                        format!("found {}", weights.value.len())
                    },
                    "",
                );
                return None;
            }
            let sum: f64 = weights.value.iter().sum();
            if (0.5..=1.5).contains(&sum) && (sum - 1.0).abs() > SHARES_WITHIN {
                let title = format!("these {length} weights look like shares, which sum to 1");
                let help = "mend the share that is off; weights may have any sum that is far from 1";
                problems.at(
                    Code::OutOfRange,
                    &weights.place,
                    title,
                    format!("found a sum of {sum:.4}"),
                    help,
                );
                return None;
            }
            Some(weights.value.clone())
        }
    }
}
