//! Where a workload's months come from in one trial: from the limit law of their requests, or from drawing
//! every one of them.

use super::exact;
use super::few::{Few, QUANTITIES, zeros};
use super::invoice::{Ledger, Money};
use super::kernel::Arithmetic;
use super::month::Laws;
use super::simulate::Engine;
use super::stream::Stream;
use super::tariff::{Line, Period, Tariff};
use super::traffic::{SegmentSums, Terms, Traffic, month_requests};

/// The months of a workload in one trial.
pub struct Source<'a> {
    traffic: &'a Traffic<'a>,
    terms: &'a Terms,
    tariff: &'a Tariff,
    way: Way<'a>,
    /// The last month: one figure per quantity of the tariff, USD.
    totals: Few<f64, QUANTITIES>,
    /// What is expected of each quantity by every request that is expected.
    each: Few<Money, QUANTITIES>,
    /// Whether all of it came from the limit law.
    pooled: bool,
}

enum Way<'a> {
    /// By laws; and the requests expected since sums were taken.
    Fast(Box<Laws<'a>>, f64),
    /// Request by request; the last month's sums, and all since they were taken.
    Exact(Arithmetic, Vec<SegmentSums>, Vec<SegmentSums>),
}

impl<'a> Source<'a> {
    /// The months of a trial with `terms`.
    pub fn new(engine: &Engine<'_>, traffic: &'a Traffic<'a>, terms: &'a Terms, tariff: &'a Tariff) -> Self {
        let mut each = Few::new();
        let way = match engine.options.estimator.drawn() {
            None => {
                let moments = engine.integrator.moments(traffic, terms, tariff);
                let laws = Laws::new(traffic, terms, tariff, moments, engine.compared);
                each.extend((0..tariff.quantities.len()).map(|q| of_one(&laws, traffic, q)));
                Way::Fast(Box::new(laws), 0.0)
            }
            Some(arithmetic) => {
                let none = vec![SegmentSums::empty(traffic.basis_len()); terms.segments.len()];
                Way::Exact(arithmetic, none.clone(), none)
            }
        };
        Source { traffic, terms, tariff, way, totals: zeros(tariff.quantities.len()), each, pooled: true }
    }

    /// Draws a month of a period that expects `mean` requests; returns how many came.
    pub fn month(&mut self, mean: f64, period: &Period, stream: &mut Stream) -> f64 {
        match &mut self.way {
            Way::Fast(laws, expected) => {
                *expected += mean;
                let requests = month_requests(self.traffic, mean, stream);
                self.pooled = laws.month(requests, period, stream, &mut self.totals);
                requests
            }
            Way::Exact(arithmetic, month, all) => {
                *month = exact::month_sums(self.traffic, self.terms, mean, *arithmetic, stream);
                for &quantity in &period.quantities {
                    self.totals[quantity] = self.tariff.quantities[quantity].of(month);
                }
                all.iter_mut().zip(&*month).for_each(|(all, month)| all.add(month));
                month.iter().map(|sums| sums.requests).sum()
            }
        }
    }

    /// The requests that the sums are of: those expected, or those that came.
    pub fn counted(&self, expected: f64, came: f64) -> f64 {
        match self.way {
            Way::Fast(..) => expected,
            Way::Exact(..) => came,
        }
    }

    /// Enters the last month, which expected `mean` requests, for a route.
    pub fn enter(&self, line: &Line, mean: f64, ledger: &mut Ledger) {
        ledger.single |= !self.pooled;
        ledger.clustered |= self.traffic.sessions.is_some();
        ledger.tokens.add(self.money(line.spend, mean));
        if let Some(premium) = line.premium {
            ledger.premium.add(self.money(premium, mean));
        }
    }

    fn money(&self, quantity: usize, mean: f64) -> Money {
        let drawn = self.totals[quantity];
        match self.each.get(quantity) {
            Some(each) => Money {
                drawn,
                expected: mean * each.expected,
                variance: mean * each.variance,
                third: mean * each.third,
            },
            None => Money { drawn, expected: drawn, variance: 0.0, third: 0.0 },
        }
    }

    /// How many of the last month's `requests` a route serves: expected, or counted.
    pub fn served(&self, line: &Line, requests: f64) -> f64 {
        match &self.way {
            Way::Fast(laws, _) => {
                let share = line.parts.served.units.iter().zip(&laws.moments);
                requests * share.map(|(unit, moments)| unit.request * moments.probability).sum::<f64>()
            }
            Way::Exact(_, month, _) => line.parts.served.of(month),
        }
    }

    /// The sums of all months since they were last taken: expected, or counted.
    pub fn take_sums(&mut self) -> Vec<SegmentSums> {
        match &mut self.way {
            Way::Fast(laws, expected) => {
                let expected = std::mem::take(expected);
                let sums = |moments: &super::moments::Moments| SegmentSums {
                    requests: expected * moments.probability,
                    basis: moments.first.iter().map(|mean| expected * mean).collect(),
                };
                laws.moments.iter().map(sums).collect()
            }
            Way::Exact(_, _, all) => {
                let none = all.iter().map(|sums| SegmentSums::empty(sums.basis.len())).collect();
                std::mem::replace(all, none)
            }
        }
    }
}

/// The cumulants of a month in which one request is expected: those of a compound law, from the cumulants of the
/// number of requests and of one request.
fn of_one(laws: &Laws<'_>, traffic: &Traffic<'_>, quantity: usize) -> Money {
    let (dispersion, third) = (traffic.dispersion(), traffic.third_of_count());
    let pool = &laws.whole;
    let (mean, sd) = (pool.mean[quantity], pool.sd[quantity]);
    let variance = sd * sd;
    Money {
        drawn: 0.0,
        expected: mean,
        variance: variance + dispersion * mean * mean,
        third: pool.skew[quantity] * variance * sd
            + 3.0 * dispersion * mean * variance
            + third * mean * mean * mean,
    }
}
