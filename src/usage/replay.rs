//! What a log costs exactly: by route, model and day, at the prices of each date, against what it says was billed.

use std::collections::BTreeMap;

use super::Record;
use super::columns::Sums;
use super::pricer::{Priced, Pricer, Unpriced};
use crate::domain::money::Usd;
use crate::domain::time::utc_day_and_minute;

/// Sums over records of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests.
    pub requests: u64,
    /// Those above the base band.
    pub crossing: u64,
    /// All input tokens.
    pub input: u128,
    /// Those of them that a cache served.
    pub cached: u128,
    /// All output tokens.
    pub output: u128,
    /// The price.
    pub amount: Usd,
    /// What of it is owed to long prompts.
    pub premium: Usd,
}

impl Tally {
    fn merge(&mut self, other: &Tally) {
        self.requests += other.requests;
        self.crossing += other.crossing;
        self.input += other.input;
        self.cached += other.cached;
        self.output += other.output;
        self.amount += other.amount;
        self.premium += other.premium;
    }

    fn add(&mut self, record: &Record, priced: &Priced) {
        self.requests += record.requests;
        self.crossing += if priced.crossing { record.requests } else { 0 };
        self.input += u128::from(record.usage.input);
        self.cached += u128::from(record.usage.cached);
        self.output += u128::from(record.usage.output);
        self.amount += priced.amount;
        self.premium += priced.premium;
    }
}

/// Why a row's billed amount differs from its price.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// It does not, beyond a tenth of a percent or a millionth of a dollar.
    None,
    /// It is that of another tier.
    Tier(&'static str),
    /// It is what the row costs if cached tokens are billed as uncached.
    CacheIgnored,
    /// It is what the row costs if cached tokens are billed beside an input that holds them already.
    CachedTwice,
    /// It is a share of the price, in thousandths, that many rows have in common: a discount or a margin.
    Ratio(u32),
    /// The caller's own key was billed elsewhere.
    OwnKey,
    /// Nothing was billed.
    Free,
    /// None of these.
    Unknown,
}

/// Rows with one explanation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// How many.
    pub rows: u64,
    /// What the log says they cost.
    pub billed: Usd,
    /// What they cost.
    pub priced: Usd,
}

/// The account of a log.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    /// By route, an index into the pricer's list.
    pub routes: BTreeMap<usize, Tally>,
    /// By day since 1970-01-01 and route.
    pub days: BTreeMap<(i64, usize), Tally>,
    /// Rows without a price, by reason: how many, and the first.
    pub unpriced: BTreeMap<Unpriced, (u64, u64)>,
    /// Rows with a billed amount, by why it differs.
    pub compared: BTreeMap<Difference, Compared>,
    /// Ratios of billed to priced of rows without another explanation, in thousandths.
    ratios: BTreeMap<u32, Compared>,
    odd: Compared,
}

/// Tiers among which an explanation is looked for.
const TIERS: [&str; 4] = ["batch", "flex", "priority", "standard"];
/// A ratio explains rows if at least this share of those without another explanation have it.
const COMMON_RATIO: f64 = 0.2;
/// And at least so many rows.
const LEAST_ALIKE: u64 = 3;

impl Replay {
    /// Bills a record and enters it; tells its price.
    pub fn add(&mut self, record: &Record, pricer: &mut Pricer<'_>) -> Option<Priced> {
        let priced = match pricer.price(record) {
            Ok(priced) => priced,
            Err(reason) => {
                let seen = self.unpriced.entry(reason).or_insert((0, record.row));
                seen.0 += 1;
                return None;
            }
        };
        let (day, _) = utc_day_and_minute(record.instant());
        self.routes.entry(priced.route).or_default().add(record, &priced);
        self.days.entry((day, priced.route)).or_default().add(record, &priced);
        if record.billed.is_some() {
            self.compare(record, &priced, pricer);
        }
        Some(priced)
    }

    /// Enters sums of a table, if all of them have a price; tells whether they had, and enters nothing otherwise.
    pub fn add_sums(&mut self, sums: &Sums, mut route_of: impl FnMut(Option<&str>) -> Option<usize>) -> bool {
        let mut entries = Vec::new();
        for line in sums.bill() {
            let (Some(route), Ok((amount, premium))) = (route_of(line.model), line.amount) else {
                return false;
            };
            let tally = Tally {
                requests: line.requests,
                crossing: line.crossing,
                input: u128::from(line.tokens.input),
                cached: u128::from(line.tokens.cached),
                output: u128::from(line.tokens.output),
                amount,
                premium,
            };
            entries.push((line.day, route, tally));
        }
        for (day, route, tally) in entries {
            self.routes.entry(route).or_default().merge(&tally);
            self.days.entry((day, route)).or_default().merge(&tally);
        }
        true
    }

    fn compare(&mut self, record: &Record, priced: &Priced, pricer: &mut Pricer<'_>) {
        let Some(billed) = record.billed else { return };
        let one = Compared { rows: 1, billed: billed.amount, priced: priced.amount };
        let why = if billed.own_key {
            Difference::OwnKey
        } else if close(billed.amount, priced.amount) {
            Difference::None
        } else if billed.amount == Usd::ZERO {
            Difference::Free
        } else {
            explained(record, priced, billed.amount, pricer)
        };
        if why == Difference::Unknown {
            let ratio = billed.amount.to_f64() / priced.amount.to_f64();
            if (0.001..=100.0).contains(&ratio) {
                add(self.ratios.entry((ratio * 1000.0).round() as u32).or_default(), one);
            } else {
                add(&mut self.odd, one);
            }
            return;
        }
        add(self.compared.entry(why).or_default(), one);
    }

    /// Joins what only the whole log can tell: ratios that many rows have in common.
    pub fn finish(&mut self) {
        let total: u64 = self.ratios.values().map(|ratio| ratio.rows).sum::<u64>() + self.odd.rows;
        let mut unknown = std::mem::take(&mut self.odd);
        // Rounding spreads a ratio over its neighbours.
        let near = |ratios: &BTreeMap<u32, Compared>, at: u32| -> u64 {
            ratios.range(at.saturating_sub(2)..=at + 2).map(|(_, ratio)| ratio.rows).sum()
        };
        while let Some(at) = self.ratios.keys().copied().max_by_key(|at| near(&self.ratios, *at)) {
            let rows = near(&self.ratios, at);
            if rows < LEAST_ALIKE || (rows as f64) < COMMON_RATIO * total as f64 {
                break;
            }
            let joined: Vec<u32> =
                self.ratios.range(at.saturating_sub(2)..=at + 2).map(|(at, _)| *at).collect();
            for other in joined {
                let rows = self.ratios.remove(&other).unwrap_or_default();
                add(self.compared.entry(Difference::Ratio(at)).or_default(), rows);
            }
        }
        std::mem::take(&mut self.ratios).into_values().for_each(|rows| add(&mut unknown, rows));
        if unknown.rows > 0 {
            add(self.compared.entry(Difference::Unknown).or_default(), unknown);
        }
    }

    /// The sum over all routes.
    pub fn total(&self) -> Usd {
        self.routes.values().map(|tally| tally.amount).sum()
    }
}

fn add(sum: &mut Compared, more: Compared) {
    sum.rows += more.rows;
    sum.billed += more.billed;
    sum.priced += more.priced;
}

/// Whether two amounts are the same to what logs round to.
fn close(a: Usd, b: Usd) -> bool {
    let (a, b) = (a.to_f64(), b.to_f64());
    (a - b).abs() <= 1e-6_f64.max(1e-3 * b.abs())
}

fn explained(record: &Record, priced: &Priced, billed: Usd, pricer: &mut Pricer<'_>) -> Difference {
    let mut usage = record.usage;
    if usage.cached > 0 {
        usage.cached = 0;
        (usage.explicit_cached, usage.cached_audio, usage.cached_image) = (0, 0, 0);
        if pricer.price_as(record, priced, &usage).is_some_and(|amount| close(billed, amount)) {
            return Difference::CacheIgnored;
        }
        let mut twice = record.usage;
        twice.input += twice.cached;
        if pricer.price_as(record, priced, &twice).is_some_and(|amount| close(billed, amount)) {
            return Difference::CachedTwice;
        }
    }
    let tier = TIERS
        .into_iter()
        .find(|tier| pricer.price_on_tier(record, priced, tier).is_some_and(|amount| close(billed, amount)));
    tier.map_or(Difference::Unknown, Difference::Tier)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::Usage;
    use crate::catalogue::{Catalogue, shipped};
    use crate::domain::time::Instant;
    use crate::usage::Billed;
    use crate::usage::pricer::Terms;

    fn record(row: u64, billed: Option<f64>) -> Record {
        Record {
            row,
            model: Some("gpt-5.4".into()),
            provider: Some("openai".into()),
            at_ms: 1000 * Instant::parse("2026-11-20").unwrap().unix_seconds(),
            usage: Usage { input: 10_000, cached: 8_000, output: 1_000, ..Usage::NONE },
            requests: 1,
            billed: billed.map(|usd| Billed {
                amount: Usd::from_micro_usd((usd * 1e6).round() as i64),
                own_key: false,
            }),
            ..Record::default()
        }
    }

    #[test]
    fn differences_are_explained() {
        let catalogue = Catalogue::read(&shipped(), &[]).unwrap();
        let mut pricer = Pricer::new(&catalogue, Terms::default());
        let mut replay = Replay::default();
        // 2,000 × 2.50 + 8,000 × 0.25 + 1,000 × 15 per million = 0.022; without the cache 0.040; in batch
        // 2,000 × 1.25 + 8,000 × 0.13 + 1,000 × 7.50 = 0.01104; nine tenths of it 0.0198.
        for (row, usd) in [0.022, 0.040, 0.01104, 0.0198, 0.0198, 0.0198, 0.0].into_iter().enumerate() {
            replay.add(&record(row as u64 + 1, Some(usd)), &mut pricer);
        }
        replay.add(&record(8, None), &mut pricer);
        replay.finish();
        let rows = |why: Difference| replay.compared.get(&why).map_or(0, |compared| compared.rows);
        assert_eq!(rows(Difference::None), 1);
        assert_eq!(rows(Difference::CacheIgnored), 1);
        assert_eq!(rows(Difference::Tier("batch")), 1);
        assert_eq!(rows(Difference::Ratio(900)), 3);
        assert_eq!(rows(Difference::Free), 1);
        assert_eq!(replay.total().to_string(), "0.176");
        assert_eq!(replay.routes[&0].requests, 8);
    }
}
