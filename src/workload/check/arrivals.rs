//! Arrivals that make sense: bursts that a stretch can have, clients that exist, gaps of sessions.

use super::super::arrivals::{Arrivals, Burst, GapLaw, Pattern, Scale};
use super::super::capacity_wire::{ArrivalsWire, BurstWire, BurstsWire, ClientsWire};
use super::super::length::{LengthWire, Shape};
use super::super::presets::Role;
use super::super::quantity::Kind;
use super::super::wire::WorkloadWire;
use super::inputs::{count, plain, range};
use crate::domain::document::word_of;
use crate::domain::problem::{Code, Problems};

/// The most clients that are told apart.
const MOST_CLIENTS: u64 = 100_000;
/// The largest coefficient of variation of a gap.
const MOST_GAP_CV: f64 = 100.0;
/// The largest share of quiet parts.
const MOST_QUIET: f64 = 0.999;

/// The arrivals of a workload.
pub fn arrivals_of(wire: &WorkloadWire, problems: &mut Problems) -> Option<Arrivals> {
    let pattern = match &wire.arrivals {
        None => Some(Pattern::POISSON),
        Some(arrivals) => pattern(arrivals, problems),
    };
    let gap = wire.sessions.as_ref().and_then(|sessions| sessions.gap_s.as_ref());
    let gap = match gap {
        None => Some(None),
        Some(gap) => gap_law(gap, problems).map(Some),
    };
    Some(Arrivals { pattern: pattern?, turn_gap_s: gap? })
}

fn pattern(wire: &ArrivalsWire, problems: &mut Problems) -> Option<Pattern> {
    match (&wire.bursts, &wire.clients) {
        (Some(_), Some(clients)) => {
            let title = "bursts and clients are two ways to say the same";
            problems.at(Code::Conflict, &clients.place, title, "", "keep one of them");
            None
        }
        (None, Some(clients)) => clients_of(clients, problems),
        (Some(bursts), None) => bursts_of(bursts, problems),
        (None, None) => Some(Pattern::POISSON),
    }
}

fn bursts_of(wire: &BurstsWire, problems: &mut Problems) -> Option<Pattern> {
    let wires = [&wire.hour, &wire.ten_minutes, &wire.minute, &wire.ten_seconds, &wire.second];
    let mut bursts = [Burst::NONE; Scale::ALL.len()];
    for ((burst, wire), (_, scale)) in bursts.iter_mut().zip(wires).zip(Scale::ALL) {
        if let Some(BurstWire(wire)) = wire {
            // More than this would be more than all in one part.
            let most = 0.999 * scale.most_cv();
            let quiet =
                plain(wire.quiet.as_ref(), 0.0, range(Kind::Share, 0.0, MOST_QUIET, "share"), problems);
            let cv = plain(wire.cv.as_ref(), 0.0, range(Kind::Positive, 0.0, most, ""), problems);
            *burst = Burst { quiet: quiet?, cv: cv? };
        }
    }
    Some(Pattern::Bursts(bursts))
}

fn clients_of(wire: &ClientsWire, problems: &mut Problems) -> Option<Pattern> {
    let clients = count(wire.count.get(), 1, 1, MOST_CLIENTS, problems);
    let law = match &wire.gaps {
        Some(text) => word_of(text, &GapLaw::ALL, "law of gaps", problems)?,
        None => GapLaw::Gamma,
    };
    let cv = plain(Some(wire.cv.get()?), 1.0, range(Kind::Positive, 0.0, MOST_GAP_CV, ""), problems)?;
    Some(Pattern::Clients { count: clients as u32, law, cv })
}

fn gap_law(wire: &LengthWire, problems: &mut Problems) -> Option<Shape> {
    let read = wire.read_law(Role::Prompt, problems)?;
    if read.scale.is_some() {
        let help = "write for instance {lognormal: {median: 17, p90: 128}}, in seconds";
        problems.at(Code::WrongType, wire.place(), "gaps of sessions are a known law", "", help);
        return None;
    }
    Some(read.shape)
}
