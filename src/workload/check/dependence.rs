//! Rank correlations between assumptions, as a Gaussian copula.

use super::super::edit::leads;
use super::super::wire::{CorrelationWire, Text};
use super::super::{Dependence, Input};
use super::inputs::{Inputs, correlation_value};
use crate::domain::problem::{Code, Problems, suggest};

/// The copula of the stated correlations. What a what-if has settled stays a member, as long as it has a path, so that
/// the others are drawn as they would be without it.
pub fn dependence(
    wires: &[CorrelationWire],
    settled: &[String],
    inputs: &Inputs,
    complete: bool,
    problems: &mut Problems,
) -> Option<Dependence> {
    let mut pairs: Vec<(Input, Input, f64)> = Vec::new();
    for wire in wires {
        let path_of = |path: &Text, problems: &mut Problems| {
            let gone = settled.iter().any(|settled| leads(&path.value, settled));
            match inputs.list.iter().position(|assumption| assumption.path == path.value) {
                Some(at) if gone => Some(Input(at)),
                None if gone => None,
                _ => uncertain(path, inputs, complete, problems),
            }
        };
        let a = wire.a.get().and_then(|path| path_of(path, problems));
        let b = wire.b.get().and_then(|path| path_of(path, problems));
        let rank = wire.rank.get().and_then(|rank| correlation_value(Some(rank), problems));
        let (Some(a), Some(b), Some(rank)) = (a, b, rank) else { continue };
        let same = |&&(x, y, _): &&(Input, Input, f64)| (x, y) == (a, b) || (x, y) == (b, a);
        if a == b {
            let help = "name two different assumptions";
            problems.at(Code::Conflict, &wire.place, "an assumption correlated with itself", "", help);
            continue;
        }
        if let Some((_, _, first)) = pairs.iter().find(same) {
            let found = format!("{first} before, {rank} here");
            problems.at(
                Code::Conflict,
                &wire.place,
                "this pair is correlated twice",
                found,
                "keep one of them",
            );
            continue;
        }
        pairs.push((a, b, rank));
    }
    let mut members: Vec<Input> = pairs.iter().flat_map(|&(a, b, _)| [a, b]).collect();
    members.sort_unstable();
    members.dedup();
    match cholesky(&members, &pairs) {
        Some(factor) => Some(Dependence { inputs: members, factor }),
        None => {
            let place = wires.first().map(|wire| &wire.place)?;
            problems.at(
                Code::Conflict,
                place,
                "no joint distribution has these rank correlations",
                "the matrix is not positive definite",
                "weaken them, or state the missing pairs",
            );
            None
        }
    }
}

/// The Cholesky factor of the normal scores' correlations; `None` if they are not positive definite.
///
/// A Spearman rank correlation ρ belongs to the score correlation 2 sin(πρ/6) under a Gaussian copula.
fn cholesky(members: &[Input], pairs: &[(Input, Input, f64)]) -> Option<Vec<Vec<f64>>> {
    let size = members.len();
    let entry = |row: usize, column: usize| {
        let (a, b) = (members[row], members[column]);
        let stated = pairs.iter().find(|&&(x, y, _)| (x, y) == (a, b) || (x, y) == (b, a));
        if row == column { 1.0 } else { stated.map_or(0.0, |&(_, _, rank)| score_correlation(rank)) }
    };
    let mut factor = vec![vec![0.0; size]; size];
    for row in 0..size {
        for column in 0..=row {
            let inner: f64 = (0..column).map(|k| factor[row][k] * factor[column][k]).sum();
            let rest = entry(row, column) - inner;
            factor[row][column] = if row == column {
                if rest <= 1e-12 {
                    return None;
                }
                libm::sqrt(rest)
            } else {
                rest / factor[column][column]
            };
        }
    }
    Some(factor)
}

/// The correlation of normal scores that gives the Spearman rank correlation `rank`.
pub fn score_correlation(rank: f64) -> f64 {
    2.0 * libm::sin(std::f64::consts::PI * rank / 6.0)
}

fn uncertain(path: &Text, inputs: &Inputs, complete: bool, problems: &mut Problems) -> Option<Input> {
    let found = inputs.list.iter().position(|assumption| assumption.path == path.value);
    match found {
        Some(at) if inputs.list[at].law.fixed().is_none() => Some(Input(at)),
        Some(_) => {
            problems.at(
                Code::Conflict,
                &path.place,
                format!("`{}` is a fixed value", path.value),
                "",
                "only ranges can be correlated: give it one, or drop the correlation",
            );
            None
        }
        None => {
            if complete {
                let ranges = inputs.list.iter().filter(|a| a.law.fixed().is_none()).map(|a| a.path.as_str());
                let known: Vec<&str> = ranges.collect();
                problems.at(
                    Code::UnknownName,
                    &path.place,
                    format!("no assumption `{}`", path.value),
                    "",
                    suggest(&path.value, known),
                );
            }
            None
        }
    }
}
