//! Capacity that makes sense: limits that exist, units that are sold, routes to fall back to.

use super::super::capacity::{Capacity, LatencyTerms, LimitTerms, Limited, RouteCapacity, UnitOffer, Units};
use super::super::capacity_wire::{CapacityWire, LatencyWire, RouteCapacityWire};
use super::super::quantity::{Kind, QuantityWire};
use super::super::wire::Text;
use super::super::{ReservedTerm, Route};
use super::batch_queue::batch_queue;
use super::clients::{DAY_S, MOST_RUNNING, client, running};
use super::commitments::{Around, route_named};
use super::inputs::{SHARE, count, plain, range};
use super::reservations::{next_size, served, size_rule, units_of};
use crate::billing::{pay_as_you_go, reserved_unit};
use crate::catalogue::{CapacityOffer, Enforcement, Offer, RateLimit, UsageTier};
use crate::domain::document::{Count, word_of};
use crate::domain::format::thousands;
use crate::domain::problem::{Code, Problems, suggest};
use crate::domain::route::BATCH;

/// The most that a limit may allow in a minute.
const MOST_PER_MINUTE: f64 = 1e12;
/// The most units of a route.
const MOST_UNITS: u64 = 10_000_000;
/// The most routes to fall back to.
const MOST_FALL_BACKS: usize = 8;

/// The capacity of a scenario. It is judged only where all routes could be read.
pub fn capacity(
    wire: Option<&CapacityWire>,
    complete: bool,
    around: &Around<'_>,
    problems: &mut Problems,
) -> Option<Capacity> {
    if !complete {
        return None;
    }
    let before = problems.len();
    let client = client(wire.and_then(|wire| wire.client.as_ref()), problems);
    let mut own: Vec<Option<&RouteCapacityWire>> = vec![None; around.routes.len()];
    for (label, route) in wire.map_or(&[][..], |wire| wire.routes.0.as_slice()) {
        if let Some(at) = route_named(label, around.routes, problems) {
            own[at] = Some(route);
        }
    }
    let max_tokens = wire.and_then(|wire| wire.max_tokens.as_ref());
    let routes: Vec<Option<RouteCapacity>> = own
        .iter()
        .enumerate()
        .map(|(at, own)| {
            RouteReader { around, at, route: &around.routes[at] }.read(*own, max_tokens, problems)
        })
        .collect();
    if let Some(wire) = wire {
        refuse_what_needs_speeds(wire, &own, &routes, around, problems);
    }
    (problems.len() == before).then_some(())?;
    Some(Capacity {
        max_tokens: max_tokens.map(|count| count.0.value),
        client: client?,
        in_spend: wire.and_then(|wire| wire.in_spend.as_ref()).is_some_and(|stated| stated.value),
        routes: routes.into_iter().collect::<Option<_>>()?,
    })
}

/// How many run at once, and how long units keep what max_tokens reserves, hangs on how long each takes.
fn refuse_what_needs_speeds(
    wire: &CapacityWire,
    own: &[Option<&RouteCapacityWire>],
    routes: &[Option<RouteCapacity>],
    around: &Around<'_>,
    problems: &mut Problems,
) {
    let slow = |at: usize| routes[at].as_ref().is_some_and(|route| route.latency.is_none());
    const CAP: &str = "state its `latency`: without it nothing runs at once, and a cap on that binds nobody";
    const UNITS: &str = "state its `latency`: units keep what `max_tokens` reserves until a request ends";
    let mut refuse = |stated: &Count, at: usize, help: &str| {
        let title = format!("how long a request takes on {} is not known", around.routes[at].label);
        problems.at(Code::MissingKey, &stated.0.place, title, "", help);
    };
    for (at, own) in own.iter().enumerate().filter(|(at, _)| slow(*at)) {
        let Some(own) = own else { continue };
        if let Some(stated) = &own.concurrency {
            refuse(stated, at, CAP);
        }
        let reserves = own.max_tokens.is_some() || wire.max_tokens.is_some();
        if let Some(stated) = own.units.as_ref().filter(|_| reserves) {
            refuse(stated, at, UNITS);
        }
    }
    let of_clients = wire.client.as_ref().and_then(|client| client.concurrency.as_ref());
    if let (Some(stated), Some(at)) = (of_clients, (0..routes.len()).find(|at| slow(*at))) {
        refuse(stated, at, CAP);
    }
}

struct RouteReader<'a> {
    around: &'a Around<'a>,
    at: usize,
    route: &'a Route,
}

impl RouteReader<'_> {
    fn read(
        &self,
        wire: Option<&RouteCapacityWire>,
        max_tokens: Option<&Count>,
        problems: &mut Problems,
    ) -> Option<RouteCapacity> {
        let first = self.around.months.first()?.start();
        let offer = self.around.catalogue.offer(&self.route.id).ok()?;
        let published = offer.rate_limits(first);
        let own_max = wire.and_then(|wire| wire.max_tokens.as_ref());
        for stated in [own_max, max_tokens.filter(|_| own_max.is_none())].into_iter().flatten() {
            self.refuse_more_than_is_written(stated, problems);
        }
        let sold = self.sold();
        let limits = wire.map_or(Some(Vec::new()), |wire| self.limits(wire, &published, offer, problems));
        let units = match wire.and_then(|wire| Some((wire, wire.units.as_ref()?))) {
            None => {
                if let Some(wire) = wire {
                    refuse_terms_of_no_units(wire, problems);
                }
                Some(None)
            }
            Some((wire, units)) => self.units(wire, units, problems).map(Some),
        };
        let fall_back = wire.map_or(Some(Vec::new()), |wire| self.fall_back(&wire.fall_back, problems));
        let latency = match wire.and_then(|wire| wire.latency.as_ref()) {
            None => Some(self.published_latency(offer)),
            Some(stated) => latency(stated, problems).map(Some),
        };
        let bills_failed = match wire.and_then(|wire| wire.failed_attempts.as_ref()) {
            None => Some(false),
            Some(text) => {
                word_of(text, &[("free", false), ("input", true)], "price of a failed attempt", problems)
            }
        };
        let usage_tier = wire.and_then(|wire| wire.usage_tier.as_ref());
        let of_tier = |limit: &&RateLimit| {
            limit.usage_tier.is_none()
                || limit.usage_tier.as_deref() == usage_tier.map(|text| text.value.as_str())
        };
        let published_concurrency =
            published.iter().copied().filter(of_tier).find_map(|limit| limit.concurrency);
        let concurrency = match wire.and_then(|wire| wire.concurrency.as_ref()) {
            Some(stated) => running(Some(stated), problems),
            None => published_concurrency.map(|most| most.min(MOST_RUNNING) as u32),
        };
        let tiers_of = |offer: Offer<'_>| -> Vec<(RateLimit, Option<UsageTier>)> {
            let earned = |limit: &RateLimit| {
                limit.usage_tier.as_ref().and_then(|name| offer.usage_tier(name, first)).cloned()
            };
            offer.rate_limits(first).into_iter().map(|limit| (limit.clone(), earned(limit))).collect()
        };
        let batch = self.route.bought.iter().find(|bought| bought.tier == BATCH);
        let queues = batch.and_then(|bought| self.around.catalogue.offer(bought).ok()).map(tiers_of);
        Some(RouteCapacity {
            limits: limits?,
            usage_tier: usage_tier.map(|text| text.value.clone()),
            concurrency,
            units: units?,
            fall_back: fall_back?,
            max_tokens: own_max.or(max_tokens).map(|count| count.0.value),
            counts_larger: offer.enforcement(first).is_some_and(|known| known.counts_larger == Some(true)),
            latency: latency?,
            bills_failed: bills_failed?,
            request_windows_s: offer
                .enforcement(first)
                .map_or_else(|| vec![60], |known| windows(&known.requests_over_s)),
            tiers: tiers_of(offer),
            sold,
            batch_queue: batch_queue(self.route, wire, queues.unwrap_or_default(), problems)?,
        })
    }

    /// Refuses a reservation of output that no answer can have.
    fn refuse_more_than_is_written(&self, stated: &Count, problems: &mut Problems) {
        let most = self.route.plans.iter().filter_map(|plan| plan.max_output).min();
        let found = stated.0.value;
        if found == 0 {
            let help = "leave `max_tokens` out where requests reserve what comes";
            problems.at(
                Code::OutOfRange,
                &stated.0.place,
                "an answer has at least one token",
                "found 0",
                help,
            );
        }
        if let Some(most) = most.filter(|most| found > *most) {
            let title = format!("{} writes at most {} tokens", self.route.label, thousands(most));
            let found = format!("found max_tokens {}", thousands(found));
            problems.at(
                Code::OutOfRange,
                &stated.0.place,
                title,
                found,
                "lower `max_tokens`, or state it by route",
            );
        }
    }

    /// The units on sale, where what one serves is published.
    fn sold(&self) -> Option<UnitOffer> {
        let (first, months) = (*self.around.months.first()?, self.around.months.len() as u64);
        let offer = self.unit_offer()?;
        let weight = |millionths: Option<i64>| millionths.map(|parts| parts as f64 / 1e6);
        let terms = offer.terms.iter().filter_map(|term| {
            let (unit_price, paid) = reserved_unit(term, first, months)?;
            let fits = reserved_unit(term, first, 1).is_some_and(|(_, length)| length <= months);
            let months_beyond = (paid - months.min(paid)) as usize;
            // Terms are whole: one that ends beyond the horizon would be paid and not used.
            (fits && months_beyond == 0).then_some(ReservedTerm {
                name: term.commitment?.to_string(),
                unit_price,
                months_beyond,
            })
        });
        Some(UnitOffer {
            input_tokens_per_minute: offer.input_tokens_per_minute.filter(|tokens| *tokens > 0)? as f64,
            output_weight: weight(offer.output_weight_millionths)?,
            cached_weight: weight(offer.cached_weight_millionths)?,
            hour_usd: pay_as_you_go(offer, 1, 60).map(|usd| usd.to_f64()),
            terms: terms.collect(),
            offer: offer.clone(),
        })
    }

    fn unit_offer(&self) -> Option<&CapacityOffer> {
        let first = self.around.months.first()?.start();
        let sold = self.around.catalogue.offer(&self.route.id).ok()?;
        let unit = &sold.model.capacity.first()?.unit;
        self.around.catalogue.capacity(&self.route.id.with_tier(&unit.to_lowercase()), first).ok()
    }

    fn units(&self, wire: &RouteCapacityWire, stated: &Count, problems: &mut Problems) -> Option<Units> {
        let id = &self.route.id;
        let place = &stated.0.place;
        let offer = units_of(id, *self.around.months.first()?, self.around, place, problems)?;
        served(offer, id, place, problems)?;
        let units = count(Some(stated), 1, 1, MOST_UNITS, problems);
        if next_size(units, offer) != units {
            let found = format!("found {units}; {} would be sold", next_size(units, offer));
            problems.at(Code::OutOfRange, place, size_rule(offer), found, "");
            return None;
        }
        let seconds = range(Kind::Positive, 1.0, 3_600.0, "s");
        let burst_s = plain(wire.burst_s.as_ref(), 60.0, seconds, problems)?;
        let term = match &wire.term {
            None if pay_as_you_go(offer, 1, 60).is_none() => {
                let title = format!("{} of {id} are not sold by the hour", offer.unit);
                problems.at(Code::NoPrice, place, title, "", "name a commitment with `term`");
                return None;
            }
            None => None,
            Some(text) => Some(self.term(text, offer, problems)?),
        };
        let spills = wire.spill.as_ref().is_none_or(|stated| stated.value);
        let apart = self.route.bought.iter().find(|bought| bought.tier != id.tier);
        if let Some((bought, spill)) = apart.zip(wire.spill.as_ref()).filter(|_| !spills) {
            let title = format!("units do not serve what is bought as {bought}");
            problems.at(Code::Conflict, &spill.place, title, "", "leave `spill` out, so that its tokens do");
            return None;
        }
        Some(Units { count: units, burst_s, spills, term })
    }

    fn term(&self, text: &Text, offer: &CapacityOffer, problems: &mut Problems) -> Option<ReservedTerm> {
        let sold = self.sold()?;
        if let Some(term) = sold.terms.iter().find(|term| term.name == text.value) {
            return Some(term.clone());
        }
        let all: Vec<String> =
            offer.terms.iter().filter_map(|term| Some(term.commitment?.to_string())).collect();
        let id = &self.route.id;
        if all.contains(&text.value) {
            let months = self.around.months.len();
            let short = offer.terms.iter().any(|term| {
                let named = term.commitment.is_some_and(|length| length.to_string() == text.value);
                let first = self.around.months.first();
                named
                    && first
                        .and_then(|first| reserved_unit(term, *first, 1))
                        .is_some_and(|(_, paid)| paid <= months as u64)
            });
            let title = if short {
                format!("whole commitments of {} do not end with the scenario's {months} months", text.value)
            } else {
                format!("a commitment of {} is longer than the scenario's {months} months", text.value)
            };
            let help = "lengthen the horizon, or choose a shorter commitment: what is paid beyond it would be missing";
            problems.at(Code::Conflict, &text.place, title, "", help);
        } else {
            let title = format!("no commitment of `{}` is sold for {id}", text.value);
            let names: Vec<&str> = all.iter().map(String::as_str).collect();
            problems.at(Code::NoPrice, &text.place, title, "", suggest(&text.value, names));
        }
        None
    }

    fn limits(
        &self,
        wire: &RouteCapacityWire,
        published: &[&RateLimit],
        offer: Offer<'_>,
        problems: &mut Problems,
    ) -> Option<Vec<LimitTerms>> {
        let enforced = offer.enforcement(self.around.months.first()?.start());
        let how = Enforced {
            requests_over_s: match &wire.enforced_over_s {
                Some(stated) => vec![count(Some(stated), 60, 1, 60, problems)],
                None => enforced.map_or(vec![60], |known| windows(&known.requests_over_s)),
            },
            bucket: wire.token_bucket.as_ref().is_some_and(|stated| stated.value),
            refused_count: wire.rejected_count.as_ref().map_or_else(
                || enforced.and_then(|known: &Enforcement| known.rejected_count).unwrap_or(false),
                |stated| stated.value,
            ),
        };
        let per_minute = range(Kind::Positive, 0.0, MOST_PER_MINUTE, "a minute");
        let stated =
            [(&wire.requests_per_minute, Limited::Requests), (&wire.tokens_per_minute, Limited::Tokens)];
        let mut limits = Vec::new();
        for (stated, what) in stated {
            let Some(quantity) = stated else { continue };
            let value = plain(Some(quantity), 1.0, per_minute, problems)?;
            if value <= 0.0 {
                let help = "leave the limit out where there is none, or the route where nothing may be sent";
                problems.at(Code::OutOfRange, quantity.place(), "a limit of 0 serves nothing", "", help);
                return None;
            }
            how.add(what, value, (None, None), &mut limits);
        }
        let Some(tier) = &wire.usage_tier else {
            if limits.is_empty() {
                refuse_enforcement_of_nothing(wire, problems);
            }
            return Some(limits);
        };
        if !limits.is_empty() {
            let title = "limits of your own and those of a usage tier";
            problems.at(Code::Conflict, &tier.place, title, "", "keep one of them");
            return None;
        }
        let of_tier: Vec<&&RateLimit> =
            published.iter().filter(|limit| limit.usage_tier.as_deref() == Some(&tier.value)).collect();
        if of_tier.is_empty() {
            let mut known: Vec<&str> =
                published.iter().filter_map(|limit| limit.usage_tier.as_deref()).collect();
            known.dedup();
            let title =
                format!("no limits of usage tier `{}` are published for {}", tier.value, self.route.id);
            let help = if known.is_empty() {
                "none are published at all: state `requests_per_minute` and `tokens_per_minute`".to_owned()
            } else {
                suggest(&tier.value, known)
            };
            problems.at(Code::UnknownName, &tier.place, title, "", help);
            return None;
        }
        // Long prompts have limits of their own where those are published.
        let long = of_tier.iter().filter_map(|limit| limit.above_tokens).min();
        for limit in of_tier {
            let prompts = match limit.above_tokens {
                Some(above) => (Some(above), None),
                None => (None, long),
            };
            for (figure, what) in
                [(limit.requests_per_minute, Limited::Requests), (limit.tokens_per_minute, Limited::Tokens)]
            {
                if let Some(figure) = figure {
                    how.add(what, figure as f64, prompts, &mut limits);
                }
            }
        }
        Some(limits)
    }

    fn fall_back(&self, labels: &[Text], problems: &mut Problems) -> Option<Vec<usize>> {
        let mut chain: Vec<usize> = Vec::new();
        for label in labels {
            let at = route_named(label, self.around.routes, problems)?;
            let wrong = if chain.contains(&at) {
                Some((format!("a route falls back to `{}` twice", label.value), "name each route once"))
            } else if chain.len() >= MOST_FALL_BACKS {
                Some((format!("more than {MOST_FALL_BACKS} routes to fall back to"), "name fewer"))
            } else if self.around.routes[at].id.tier == BATCH {
                let title =
                    format!("who waits for an answer does not fall back to the queue of {}", label.value);
                Some((title, "name a route that answers at once"))
            } else {
                None
            };
            if let Some((title, help)) = wrong {
                problems.at(Code::Conflict, &label.place, title, "", help);
                return None;
            }
            chain.push(at);
        }
        let own_units = |at: &usize| *at == self.at;
        let place = labels.first().map(|label| &label.place);
        if let (true, Some(place)) = (chain.iter().any(own_units), place) {
            let title = "a route falls back to itself";
            let help = "units spill to the route's own tokens by themselves; name other routes only";
            problems.at(Code::Conflict, place, title, "", help);
            return None;
        }
        Some(chain)
    }

    /// The published figures of the route.
    fn published_latency(&self, offer: Offer<'_>) -> Option<LatencyTerms> {
        let (tokens_per_s, record) = offer.published(|record| record.speed_tokens_per_s)?;
        let (first_token_s, _) = offer.published(|record| record.first_token_s)?;
        let error_share = offer.published(|record| record.error_share).map_or(0.0, |(share, _)| share);
        let source = format!("published: {} (checked {})", record.source.source, record.source.checked);
        Some(LatencyTerms { first_token_s, tokens_per_s, per_1k_input_s: 0.0, error_share, source })
    }
}

/// Terms of units that are not there would be dropped without a word.
fn refuse_terms_of_no_units(wire: &RouteCapacityWire, problems: &mut Problems) {
    let stated = [
        ("term", wire.term.as_ref().map(|term| &term.place)),
        ("burst_s", wire.burst_s.as_ref().map(QuantityWire::place)),
        ("spill", wire.spill.as_ref().map(|spill| &spill.place)),
    ];
    if let Some((key, place)) = stated.iter().find_map(|(key, place)| Some((key, (*place)?))) {
        let title = format!("`{key}` is said of provisioned units, and there are none");
        problems.at(Code::Conflict, place, title, "", "state `units`, or leave it out");
    }
}

/// How no limit is enforced is a limit forgotten.
fn refuse_enforcement_of_nothing(wire: &RouteCapacityWire, problems: &mut Problems) {
    let stated = [
        ("enforced_over_s", wire.enforced_over_s.as_ref().map(|stated| &stated.0.place)),
        ("token_bucket", wire.token_bucket.as_ref().map(|stated| &stated.place)),
        ("rejected_count", wire.rejected_count.as_ref().map(|stated| &stated.place)),
    ];
    if let Some((key, place)) = stated.iter().find_map(|(key, place)| Some((key, (*place)?))) {
        let title = format!("`{key}` says how a limit is enforced, and there is none");
        let help = "state `usage_tier`, `requests_per_minute` or `tokens_per_minute`, or leave it out";
        problems.at(Code::Conflict, place, title, "", help);
    }
}

/// How limits are enforced on a route.
struct Enforced {
    requests_over_s: Vec<u64>,
    bucket: bool,
    refused_count: bool,
}

impl Enforced {
    fn add(
        &self,
        what: Limited,
        per_minute: f64,
        prompts: (Option<u64>, Option<u64>),
        limits: &mut Vec<LimitTerms>,
    ) {
        // Tokens are counted over the minute, save where the whole limit is stated to be a bucket.
        let over: Vec<u64> = match what {
            Limited::Requests => self.requests_over_s.clone(),
            Limited::Tokens => vec![60],
        };
        limits.extend(over.into_iter().map(|over_s| LimitTerms {
            what,
            per_minute,
            over_s,
            bucket: self.bucket,
            refused_count: self.refused_count,
            prompts,
        }));
    }
}

/// Published windows; the minute that every limit is of where none is.
fn windows(published: &[u64]) -> Vec<u64> {
    if published.is_empty() { vec![60] } else { published.to_vec() }
}

fn latency(wire: &LatencyWire, problems: &mut Problems) -> Option<LatencyTerms> {
    let seconds = range(Kind::Positive, 0.0, DAY_S, "s");
    let first = plain(Some(wire.first_token_s.get()?), 0.0, seconds, problems);
    let speed =
        plain(Some(wire.tokens_per_s.get()?), 1.0, range(Kind::Positive, 0.1, 1e6, "tokens/s"), problems);
    let per_1k = plain(wire.per_1k_input_s.as_ref(), 0.0, range(Kind::Positive, 0.0, 3_600.0, "s"), problems);
    let errors = plain(wire.error_share.as_ref(), 0.0, SHARE, problems);
    Some(LatencyTerms {
        first_token_s: first?,
        tokens_per_s: speed?,
        per_1k_input_s: per_1k?,
        error_share: errors?,
        source: "stated in the scenario".to_owned(),
    })
}
