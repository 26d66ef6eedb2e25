//! Choices against closed forms, exact settlements and searches written anew.

use std::sync::Arc;

use super::Remark;
use super::law::{Choice, Law, OutOfReach};
use super::money::MoneyLaw;
use super::search::{least, try_all};
use super::units::UnitsLaw;
use crate::billing::{Billed, settle};
use crate::catalogue::Contract;
use crate::domain::money::Usd;
use crate::domain::normal;
use crate::domain::problem::Source;
use crate::engine::{Demand, Estimator, Options, Sampler, Simulation, UnitLaw, simulate};
use crate::workload::{Beyond, ContractOffer, Scenario, Terms};

/// A scenario with one offer, in office hours.
fn scenario(offer: &str) -> Scenario {
    with_volume(
        "{requests_per_month: {p10: 300k, p90: 900k}, hours: office, weekdays: office, daily_cv: 20%}",
        offer,
    )
}

fn with_volume(volume: &str, offer: &str) -> Scenario {
    crate::engine::fixtures::scenario(&format!(
        "name: t\nstart: 2027-01\nmonths: 3\nroutes: [openai/gpt-5.4, azure/gpt-5.4]\nworkloads:\n  w:\n    volume: {volume}\n    prompt: {{lognormal: {{median: 3k, p95: 20k}}}}\n    output: {{lognormal: {{median: 200, p95: 900}}}}\n    cache: {{hit_rate: 40%}}\ncommitments:\n  offer: {{{offer}}}\n"
    ))
}

fn offer(text: &str) -> ContractOffer {
    scenario(text).commitments[0].clone()
}

/// The law of an offer of money.
fn money(offer: &ContractOffer, spend: &[f64], months: usize) -> MoneyLaw {
    let Terms::Money(terms) = &offer.terms else { panic!("{offer:?}") };
    MoneyLaw::new(offer, terms, spend, months)
}

/// Evenly spread quantiles of a lognormal of median 20,000 and σ, one month each.
fn lognormal(sigma: f64, trials: usize) -> Vec<f64> {
    let rank = |at: usize| (at as f64 + 0.5) / trials as f64;
    (0..trials).map(|at| 20_000.0 * libm::exp(sigma * normal::quantile(rank(at)))).collect()
}

/// A pool at discount d is a newsvendor's order: the marginal dollar covers 1/(1 − d) of use where demand is above it,
/// so the cover κC is the quantile at d of demand, and the mean is C + E[(V − κC)⁺] in closed form.
#[test]
fn the_best_pool_covers_the_newsvendor_quantile() {
    let trials = 20_000;
    for (sigma, d) in [(0.4, 0.12), (0.25, 0.30), (0.8, 0.05)] {
        let text = format!(
            "route: openai/gpt-5.4, prepaid_pool: {{discount: {}%, per: month, amounts: {{from: 0, to: 200k}}}}",
            d * 100.0
        );
        let law = money(&one_month(&text), &lognormal(sigma, trials), 1);
        let tried = try_all(&law, trials);
        let best = least(&tried, |tried| tried.mean).unwrap();
        let Choice::Take { amount, .. } = best.choice else { panic!("{best:?}") };
        let z = normal::quantile(d);
        let wanted = (1.0 - d) * 20_000.0 * libm::exp(sigma * z);
        // Neighbouring quantiles of the grid are apart by dq/dp/n.
        assert!((amount / wanted - 1.0).abs() < 1e-3, "σ {sigma}, d {d}: {amount} against {wanted}");
        let (mu, k) = (20_000_f64.ln(), wanted / (1.0 - d));
        let above = libm::exp(mu + 0.5 * sigma * sigma) * normal::cdf((mu + sigma * sigma - k.ln()) / sigma)
            - k * normal::cdf((mu - k.ln()) / sigma);
        assert!(
            (best.mean / (wanted + above) - 1.0).abs() < 1e-3,
            "{} against {}",
            best.mean,
            wanted + above
        );
        // And no other amount is cheaper, on a grid that nothing was looked for on.
        for step in 1..40 {
            let other = law.cost(Choice::Take { line: 0, amount: amount * 0.05 * f64::from(step) });
            let mean = other.iter().sum::<f64>() / trials as f64;
            assert!(mean >= best.mean - 1e-9 * mean, "{step}: {mean} below {}", best.mean);
        }
    }
}

/// An offer on the first month only.
fn one_month(text: &str) -> ContractOffer {
    ContractOffer { first: 0, months: 1, ..offer(text) }
}

/// Bills of three months for some trials, between 0 and 40,000 USD, whole dollars.
fn bills() -> Vec<f64> {
    (0..60_u64).map(|at| ((at * 7_919 + 3) % 40_001) as f64).collect()
}

/// The exact settlement of the same terms, month by month, at list prices.
fn settled(contract: &str, bills: &[f64]) -> Vec<f64> {
    let text = format!(
        "tollcast_contract: 1\nname: c\nprovider: openai\nfrom: 2027-01-01\nuntil: 2027-04-01\n{contract}\nsource: invented\nchecked: 2026-01-01\n"
    );
    let contract = Contract::read(&Arc::new(Source::new("c.yaml", text))).unwrap();
    let months: Vec<_> = scenario("route: openai/gpt-5.4, discount: 1%").months;
    let row = |row: &[f64]| {
        let billed = |(usd, month): (&f64, &crate::domain::time::Month)| Billed {
            from: month.start(),
            usage: Usd::from_micro_usd((usd * 1e6) as i64),
        };
        let billed: Vec<Billed> = row.iter().zip(&months).map(billed).collect();
        settle(&contract, &billed).iter().map(|month| month.paid().to_f64()).sum()
    };
    bills.chunks(3).map(row).collect()
}

#[test]
fn commitments_of_money_are_settled_as_the_exact_bill_settles_them() {
    let cases = [
        (
            "route: openai/gpt-5.4, minimum_spend: {per: month, levels: [{amount: 15k, discount: 0%}]}",
            "commitment: {minimum: 15000, per: month}",
            15_000.0,
        ),
        (
            "route: openai/gpt-5.4, minimum_spend: {per: term, levels: [{amount: 70k, discount: 0%}]}",
            "commitment: {minimum: 70000, per: term}",
            70_000.0,
        ),
        (
            "route: openai/gpt-5.4, credit: {bonus: 25%, expires_after_months: 2, amounts: [20k]}",
            "credit: {amount: 25000, paid: 20000, expires: 2027-03-01}",
            20_000.0,
        ),
        (
            "route: openai/gpt-5.4, volume: {mode: graduated, steps: [{above: 10k, discount: 5%}, {above: 30k, discount: 10%}]}",
            "volume_steps: {mode: graduated, steps: [{above: 10000, share: 5%}, {above: 30000, share: 10%}]}",
            0.0,
        ),
    ];
    for (text, contract, amount) in cases {
        let offer = offer(text);
        let law = money(&offer, &bills(), 3);
        let found = law.cost(Choice::Take { line: 0, amount });
        for (found, wanted) in found.iter().zip(settled(contract, &bills())) {
            assert!((found - wanted).abs() < 1e-6, "{text}: {found} against {wanted}");
        }
    }
}

const RESERVATION: &str = "route: azure/gpt-5.4, reservation: {units: {from: 0, to: 300}}";

fn simulated(scenario: &Scenario) -> (Simulation, Options) {
    let options =
        Options { seed: 4, trials: 32, threads: 0, estimator: Estimator::Fast, sampler: Sampler::Sobol };
    (simulate(scenario, &[], &options, &|_| true).unwrap(), options)
}

/// Every size under every commitment, hour by hour: what is above it pays by the token in proportion to the hour's
/// demand, or by the hour in whole steps.
#[test]
fn the_best_reservation_is_that_of_an_exhaustive_search() {
    // Busy by day and by night, where reserved units pay.
    let scenario = with_volume("{requests_per_month: {p10: 4M, p90: 6M}, daily_cv: 10%}", RESERVATION);
    let offer = &scenario.commitments[0];
    let Terms::Reservation(reservation) = &offer.terms else { panic!("{offer:?}") };
    let (simulation, options) = simulated(&scenario);
    let law = UnitsLaw::new(offer, reservation, &scenario, &simulation, &options).unwrap();
    let demand = Demand::new(
        &scenario,
        &options,
        UnitLaw {
            route: offer.route,
            spill: reservation.spill,
            input_tokens_per_minute: reservation.input_tokens_per_minute,
            output_weight: reservation.output_weight,
            cached_weight: reservation.cached_weight,
            maximum_prompt: reservation.offer.maximum_prompt_tokens,
        },
    );
    let trials: Vec<_> = (0..32).map(|trial| demand.trial(trial)).collect();
    let bill = |trial: usize, month: usize| simulation.routes[reservation.spill].spend[trial * 3 + month];
    let mean = |units: f64, price: f64, way: Beyond| {
        let mut total = 0.0;
        for (trial, months) in trials.iter().enumerate() {
            for (m, month) in months.iter().enumerate() {
                let whole: f64 = month.long_usd + month.hours.iter().map(|hour| hour.tokens_usd).sum::<f64>();
                let (mut rest, mut hourly) = (month.long_usd, 0.0);
                for hour in &month.hours {
                    let excess = (hour.units - units).max(0.0);
                    match way {
                        Beyond::Tokens if excess > 0.0 => rest += hour.tokens_usd * excess / hour.units,
                        Beyond::Hourly if excess > 0.0 => {
                            let step = reservation.offer.increment_units as f64;
                            let all = (hour.units / step).ceil() * step;
                            let all = all.max(reservation.offer.minimum_units as f64);
                            hourly += (all - units).max(0.0) * reservation.hour_usd.unwrap();
                        }
                        _ => {}
                    }
                }
                total += bill(trial, m) * rest / whole + hourly;
            }
            total += units * price;
        }
        total / 32.0
    };
    let mut best: Option<(f64, Choice)> = None;
    let mut line = 0;
    for term in &reservation.terms {
        for way in &reservation.beyond {
            for units in &reservation.units {
                let choice = Choice::Take { line, amount: *units as f64 };
                let cost = mean(*units as f64, term.unit_price.to_f64(), *way);
                let found = law.cost(choice).iter().sum::<f64>() / 32.0;
                assert!((found / cost - 1.0).abs() < 1e-9, "{choice:?}: {found} against {cost}");
                if best.is_none_or(|(least, _)| cost < least) {
                    best = Some((cost, choice));
                }
            }
            line += 1;
        }
    }
    let nothing = law.cost(Choice::Nothing).iter().sum::<f64>() / 32.0;
    let (cost, choice) = best.unwrap();
    let tried = try_all(&law, 32);
    let found = least(&tried, |tried| tried.mean).unwrap();
    assert_eq!(found.choice, choice);
    assert!(
        cost < 0.99 * nothing && matches!(choice, Choice::Take { amount, .. } if amount > 0.0),
        "{choice:?}"
    );
    // A month and a year, as the price file sells them, and each leaves the rest to tokens or to the hour.
    let committed = reservation.offer.terms.iter().filter(|term| term.commitment.is_some()).count();
    assert_eq!((committed, reservation.hour_usd.is_some(), line), (2, true, 4));
    assert_eq!(law.lines().len(), 4);
}

const POOL: &str =
    "route: openai/gpt-5.4, prepaid_pool: {discount: 20%, per: month, amounts: {from: 0, to: 60k}}";
const LEVELS: &str = "route: openai/gpt-5.4, minimum_spend: {per: term, levels: [{amount: 20k, discount: 4%}, {amount: 90k, discount: 12%}]}";

/// What three months cost with a pool of C that covers 1.25 · C of each.
fn with_pool(amount: f64, bills: &[f64]) -> f64 {
    bills.iter().map(|bill| amount + (bill - 1.25 * amount).max(0.0)).sum()
}

/// What three months cost with nothing, or with a level.
fn with_level(amount: f64, bills: &[f64]) -> f64 {
    let all: f64 = bills.iter().sum();
    match amount {
        20_000.0 => (0.96 * all).max(amount),
        90_000.0 => (0.88 * all).max(amount),
        _ => all,
    }
}

/// The best of a trial, known afterwards. The cost of a pool is piecewise linear in C: it has its minimum at an end,
/// or where it covers a month exactly.
fn best_afterwards(text: &str, bills: &[f64]) -> f64 {
    let least = |amounts: &[f64], cost: fn(f64, &[f64]) -> f64| {
        amounts.iter().map(|amount| cost(*amount, bills)).fold(f64::INFINITY, f64::min)
    };
    if text == LEVELS {
        return least(&[0.0, 20_000.0, 90_000.0], with_level);
    }
    let corners = bills.iter().map(|bill| bill / 1.25).chain([0.0, 60_000.0]);
    least(&corners.filter(|amount| *amount <= 60_000.0).collect::<Vec<_>>(), with_pool)
}

#[test]
fn hindsight_is_the_best_choice_of_every_trial_and_a_lower_bound_of_all() {
    for text in [POOL, LEVELS] {
        let law = money(&offer(text), &bills(), 3);
        let hindsight = law.hindsight();
        for (found, own) in hindsight.iter().zip(bills().chunks(3)) {
            let wanted = best_afterwards(text, own);
            assert!((found - wanted).abs() < 1e-9 * wanted, "{text}: {found} against {wanted}");
        }
        for tried in try_all(&law, 20) {
            for (cost, best) in law.cost(tried.choice).iter().zip(&hindsight) {
                assert!(*cost >= best - 1e-9 * best.abs(), "{text}, {:?}: {cost} below {best}", tried.choice);
            }
        }
    }
}

#[test]
fn regret_is_what_a_choice_costs_above_the_best_of_its_trial() {
    for (text, cost) in [(POOL, with_pool as fn(f64, &[f64]) -> f64), (LEVELS, with_level)] {
        let (found, bills) = judged(text);
        for judged in &found.shown {
            let amount = judged.amount().unwrap_or(0.0);
            let above = bills.chunks(3).map(|own| cost(amount, own) - best_afterwards(text, own));
            let wanted = above.sum::<f64>() * 3.0 / bills.len() as f64;
            assert!(
                (judged.regret.mean - wanted).abs() < 1e-6,
                "{text}, {:?}: {} against {wanted}",
                judged.choice,
                judged.regret.mean
            );
        }
    }
}

/// The answer to an offer on the first route, and the bills that it is judged on.
fn judged(text: &str) -> (super::OfferAnalysis, Vec<f64>) {
    let scenario = scenario(text);
    let (simulation, options) = simulated(&scenario);
    let offers: Vec<&ContractOffer> = scenario.commitments.iter().collect();
    let found = super::commitments(&scenario, &simulation, &options, &offers).unwrap().remove(0);
    (found, simulation.routes[0].spend.clone())
}

#[test]
fn a_commitment_that_no_trial_reaches_is_said_to_be_lost() {
    let (found, bills) =
        judged("route: openai/gpt-5.4, minimum_spend: {per: month, levels: [{amount: 900k, discount: 10%}]}");
    let most = bills.iter().copied().fold(0.0, f64::max) * 0.9;
    let mean = bills.iter().sum::<f64>() / bills.len() as f64 * 0.9;
    let [Remark::OutOfReach { amount, reach, lost_share }] = found.remarks[..] else {
        panic!("{:?}", found.remarks)
    };
    assert!(amount == 900_000.0 && (reach / most - 1.0).abs() < 1e-12, "{reach} against {most}");
    assert!((lost_share - (1.0 - mean / 900_000.0)).abs() < 1e-9, "{lost_share}");
    assert_eq!((found.best_mean.choice, found.best_p90.choice), (Choice::Nothing, Choice::Nothing));
}

/// 10,000 is reached by bills of 11,000; 10,500 is not by the same at 10 % off, which are 9,900 and below both.
#[test]
fn a_level_is_out_of_reach_of_its_own_bills_only() {
    let text = "route: openai/gpt-5.4, minimum_spend: {per: month, levels: [{amount: 10k, discount: 0%}, {amount: 10_500, discount: 10%}]}";
    let found = money(&offer(text), &[11_000.0; 6], 3).out_of_reach(0);
    assert_eq!(found, Some(OutOfReach { amount: 10_500.0, reach: 9_900.0 }));
}

#[test]
#[should_panic(expected = "not among the offer's levels")]
fn an_amount_that_is_not_on_offer_has_no_cost() {
    money(&offer(LEVELS), &bills(), 3).cost(Choice::Take { line: 0, amount: 50_000.0 });
}
