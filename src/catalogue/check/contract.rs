//! Contracts that make sense.

use super::entries::{TIERS, price_entries};
use super::{citation, one_of, texts, unique, until_after_from};
use crate::catalogue::contract::{Commitment, Contract, Credit, Discount, VolumeSteps};
use crate::catalogue::wire::{ContractWire, VolumeStepsWire};
use crate::domain::money::{Ratio, Usd};
use crate::domain::problem::{Code, Problems};

/// The contract of a file.
pub fn contract(wire: &ContractWire, problems: &mut Problems) -> Option<Contract> {
    if wire.tollcast_contract.0.value != 1 {
        problems.at(
            Code::OutOfRange,
            &wire.tollcast_contract.0.place,
            "only version 1 of the contract format is known",
            format!("found {}", wire.tollcast_contract.0.value),
            "write `tollcast_contract: 1`",
        );
    }
    until_after_from(wire.until.as_ref(), &wire.from, problems);
    unique(wire.models.iter().map(|model| &model.id), "model", problems);
    for tier in wire.discounts.iter().flat_map(|discount| &discount.tiers) {
        one_of(tier, &TIERS, "tier", problems);
    }
    let empty = wire.discounts.is_empty()
        && wire.models.is_empty()
        && wire.volume_steps.is_none()
        && wire.commitment.is_none()
        && wire.credit.is_none();
    if empty && problems.is_empty() {
        let help = "add `discounts:`, `models:`, `volume_steps:`, `commitment:` or `credit:`";
        problems.at(Code::MissingKey, &wire.place, "a contract that agrees on nothing", "", help);
    }
    let usd = |micros: i64| Usd::from_micro_usd(micros);
    let commitment = wire.commitment.as_ref().and_then(|commitment| {
        let per = one_of(&commitment.per, &["month", "term"], "period", problems)?;
        if per == "term" && wire.until.is_none() {
            let help = "add `until:` to the contract";
            problems.at(Code::MissingKey, &commitment.place, "a term without an end", "", help);
        }
        Some(Commitment { minimum: usd(commitment.minimum.0.value), monthly: per == "month" })
    });
    let credit = wire.credit.as_ref().map(|credit| {
        if credit.expires.value <= wire.from.value {
            let found = format!("the contract begins {}", wire.from.value);
            let title = "credit that is lost before the contract begins";
            problems.at(Code::ImpossibleRange, &credit.expires.place, title, found, "");
        }
        Credit {
            amount: usd(credit.amount.0.value),
            paid: usd(credit.paid.0.value),
            expires: credit.expires.value,
        }
    });
    Some(Contract {
        name: wire.name.value.clone(),
        provider: wire.provider.value.clone(),
        from: wire.from.value,
        until: wire.until.as_ref().map(|until| until.value),
        discounts: wire
            .discounts
            .iter()
            .map(|discount| Discount {
                share: discount.share.ratio(),
                models: texts(&discount.models),
                tiers: texts(&discount.tiers),
            })
            .collect(),
        models: wire
            .models
            .iter()
            .map(|model| (model.id.value.clone(), price_entries(&model.prices, &[], problems)))
            .collect(),
        volume: wire.volume_steps.as_ref().and_then(|steps| volume_steps(steps, problems)),
        commitment,
        credit,
        source: citation(&wire.source, &wire.checked, wire.note.as_ref()),
    })
}

fn volume_steps(wire: &VolumeStepsWire, problems: &mut Problems) -> Option<VolumeSteps> {
    let mode = one_of(&wire.mode, &["graduated", "whole"], "mode", problems)?;
    if wire.steps.is_empty() {
        problems.at(Code::MissingKey, &wire.place, "volume steps without a step", "", "add `steps: [...]`");
    }
    let mut steps: Vec<(Usd, Ratio)> = Vec::new();
    for step in &wire.steps {
        let above = Usd::from_micro_usd(step.above.0.value);
        if steps.last().is_some_and(|(before, _)| above <= *before) {
            let help = "order the steps by `above`";
            problems.at(Code::ImpossibleRange, &step.place, "steps must grow", "", help);
            return None;
        }
        steps.push((above, step.share.ratio()));
    }
    Some(VolumeSteps { graduated: mode == "graduated", steps })
}
