//! From wire types to a scenario that makes sense. Every contradiction is a problem with its place.

mod arrivals;
mod batch_queue;
mod capacity;
mod clients;
mod commitments;
mod dependence;
mod inputs;
mod requirements;
mod reservations;
mod routes;
mod traffic;
mod volume;

use super::quantity::QuantityWire;
use super::wire::{BudgetWire, ExpectWire, ScenarioWire, Text};
use super::{Budget, Expectation, Figure, Route, Scenario, Workload};
use crate::catalogue::Catalogue;
use crate::domain::problem::{Code, Place, Problems, suggest};
use crate::domain::time::Month;

use self::capacity::capacity;
use self::commitments::{Around, commitments};
use self::dependence::dependence;
use self::inputs::{count, known, known_share};
use self::requirements::requirements;
use self::routes::routes;
use self::traffic::workload_of;

pub use self::dependence::score_correlation;
pub use self::inputs::Inputs;
pub use self::traffic::CacheInputs;

/// The most that a budget may be, USD.
const MOST_USD: f64 = 1e15;

/// The scenario of a file.
pub fn scenario(
    wire: &ScenarioWire,
    settled: &[String],
    catalogue: &Catalogue,
    digest: String,
    problems: &mut Problems,
) -> Option<Scenario> {
    if let Some(version) = wire.tollcast.as_ref().filter(|version| version.0.value != 1) {
        problems.at(
            Code::OutOfRange,
            &version.0.place,
            "only version 1 of the scenario format is known",
            format!("found {}", version.0.value),
            "write `tollcast: 1`",
        );
    }
    let months = count(wire.months.as_ref(), 12, 1, 120, problems);
    let months: Vec<Month> = match wire.start.get() {
        Some(start) => (0..months as u32).map(|m| start.value.plus(m)).collect(),
        None => Vec::new(),
    };
    let mut inputs = Inputs { list: Vec::new() };
    if wire.workloads.0.is_empty() && problems.is_empty() {
        problems.at(
            Code::MissingKey,
            &wire.place,
            "a scenario without workloads",
            "",
            "add at least one under `workloads:`",
        );
    }
    let workloads: Vec<(Workload, CacheInputs)> = wire
        .workloads
        .0
        .iter()
        .filter_map(|(name, workload)| workload_of(name, workload, months.len(), &mut inputs, problems))
        .collect();
    // Names of workloads and assumptions cannot be judged while some of them are missing.
    let complete = workloads.len() == wire.workloads.0.len() && !workloads.is_empty();
    let routes = routes(wire, &workloads, complete, &months, catalogue, &mut inputs, problems);
    let complete = complete && routes.len() == wire.routes.len();
    let budget = wire.budget.as_ref().and_then(|budget| budget_of(budget, problems));
    let expectations =
        wire.expect.iter().filter_map(|e| expectation(e, &routes, complete, problems)).collect();
    let around = Around { routes: &routes, months: &months, catalogue, inputs: &inputs };
    let commitments = commitments(wire, complete, &around, problems);
    let capacity = capacity(wire.capacity.as_ref(), complete, &around, problems);
    let requirements = requirements(wire.requirements.as_ref(), &routes, catalogue, problems);
    let trials = wire.trials.as_ref().map(|_| count(wire.trials.as_ref(), 2, 2, 10_000_000, problems) as u32);
    let dependence = dependence(&wire.correlations, settled, &inputs, complete, problems)?;
    let text = |text: &Option<Text>| text.as_ref().map(|t| t.value.clone());
    Some(Scenario {
        name: wire.name.get()?.value.clone(),
        question: text(&wire.question),
        calibrated: text(&wire.calibrated),
        notes: wire.notes.iter().map(|note| note.value.clone()).collect(),
        months,
        trials,
        seed: wire.seed.as_ref().map(|seed| seed.0.value),
        budget,
        assumptions: inputs.list,
        dependence,
        workloads: workloads.into_iter().map(|(workload, _)| workload).collect(),
        routes,
        capacity: capacity?,
        commitments,
        requirements,
        expectations,
        digest,
    })
}

fn budget_of(wire: &BudgetWire, problems: &mut Problems) -> Option<Budget> {
    let usd = |quantity: Option<&QuantityWire>, problems: &mut Problems| {
        quantity.map(|q| known(Some(q), 0.0, 0.0, MOST_USD, problems))
    };
    let (monthly, total) = (usd(wire.monthly.as_ref(), problems), usd(wire.total.as_ref(), problems));
    let confidence = known_share(wire.confidence.as_ref(), 0.9, problems)?;
    if monthly.is_none() && total.is_none() {
        problems.at(
            Code::MissingKey,
            &wire.place,
            "a budget without an amount",
            "",
            "give `monthly` or `total`, in USD",
        );
        return None;
    }
    Some(Budget { monthly_usd: monthly.flatten(), total_usd: total.flatten(), confidence })
}

fn expectation(
    wire: &ExpectWire,
    routes: &[Route],
    complete: bool,
    problems: &mut Problems,
) -> Option<Expectation> {
    let figures = [
        (&wire.effective_input_usd_per_mtok, Figure::EffectiveInput),
        (&wire.effective_output_usd_per_mtok, Figure::EffectiveOutput),
        (&wire.mean_spend_usd, Figure::MeanSpend),
    ];
    let stated: Vec<(&QuantityWire, Figure)> = figures
        .into_iter()
        .filter_map(|(value, figure)| value.as_ref().map(|value| (value, figure)))
        .collect();
    let [(quantity, figure)] = stated[..] else {
        problems.at(
            Code::MissingKey,
            &wire.place,
            "an expectation names exactly one figure",
            format!("found {}", stated.len()),
            "write several expectations for several figures",
        );
        return None;
    };
    let value = known(Some(quantity), 0.0, 0.0, MOST_USD, problems)?;
    let within = known_share(Some(wire.within.get()?), 0.0, problems)?;
    let label = wire.route.get()?;
    let route = routes.iter().position(|route| route.label == label.value);
    if route.is_none() && complete {
        let known: Vec<&str> = routes.iter().map(|route| route.label.as_str()).collect();
        problems.at(
            Code::UnknownName,
            &label.place,
            format!("no route `{}` in this scenario", label.value),
            "",
            suggest(&label.value, known),
        );
    }
    Some(Expectation { route: route?, figure, value, within })
}

/// Where a problem with a route's terms is shown.
pub fn no_price(title: String, help: String, place: &Place, problems: &mut Problems) {
    problems.at(Code::NoPrice, place, title, "", help);
}
