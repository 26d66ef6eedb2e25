//! Requests drawn quickly: lengths from tables of their quantiles, where nothing depends on anything else.

use crate::domain::normal;
use crate::engine::exact::{Drawn, draw_request};
use crate::engine::gate::GateDraw;
use crate::engine::law::Law;
use crate::engine::stream::Stream;
use crate::engine::traffic::{Terms, Traffic};

/// Nodes of a table.
const NODES: usize = 16_384;
/// Ranks below this, and above 1 less this, are beyond the table.
const EDGE: f64 = 1.0 / 256.0;

/// Draws the requests of a workload.
pub struct Requests {
    /// Prompt, output and reasoning; absent where lengths or the gate depend on each other, or a part of the requests
    /// has one length exactly.
    quick: Option<(Quantiles, Quantiles, Option<Quantiles>)>,
}

impl Requests {
    /// The requests of a workload.
    pub fn new(traffic: &Traffic<'_>) -> Self {
        let laws = [Some(&traffic.prompt), Some(&traffic.output), traffic.reasoning.as_ref()];
        let smooth =
            |law: &&Law| law.components().iter().all(|c| c.sigma > 0.0) || law.components().len() == 1;
        let plain = traffic.output_correlation == 0.0
            && traffic.cache_correlation == 0.0
            && laws.iter().flatten().all(smooth);
        let quick = plain.then(|| {
            let table = |law: &Law| Quantiles::new(law);
            (table(&traffic.prompt), table(&traffic.output), traffic.reasoning.as_ref().map(table))
        });
        Requests { quick }
    }

    /// Draws one.
    pub fn draw(&self, traffic: &Traffic<'_>, terms: &Terms, stream: &mut Stream) -> Drawn {
        let Some((prompts, outputs, thoughts)) = &self.quick else {
            return draw_request(traffic, terms, stream);
        };
        let prompt = libm::round(terms.prompt_scale * prompts.at(&traffic.prompt, stream.uniform()));
        let mut output = terms.output_scale * outputs.at(&traffic.output, stream.uniform());
        let (share, scale) = terms.reasoning;
        if let (Some(table), Some(law)) = (thoughts, &traffic.reasoning)
            && stream.uniform() < share
        {
            output += scale * table.at(law, stream.uniform());
        }
        Drawn { prompt, gate: GateDraw::Rank(stream.uniform()), share: stream.uniform(), output }
    }
}

/// The quantiles of a length law at scale 1, evenly spaced in rank; between them a straight line, which is within
/// 10⁻⁴ of the law's own.
struct Quantiles {
    nodes: Vec<f64>,
}

impl Quantiles {
    fn new(law: &Law) -> Self {
        let rank = |node: usize| EDGE + (1.0 - 2.0 * EDGE) * node as f64 / (NODES - 1) as f64;
        Quantiles { nodes: (0..NODES).map(|node| law.at_score(normal::quantile(rank(node)))).collect() }
    }

    fn at(&self, law: &Law, rank: f64) -> f64 {
        let position = (rank - EDGE) / (1.0 - 2.0 * EDGE) * (NODES - 1) as f64;
        if position < 0.0 || position >= (NODES - 1) as f64 {
            return law.at_score(normal::quantile(rank));
        }
        let node = position as usize;
        let (low, high) = (self.nodes[node], self.nodes[node + 1]);
        low + (position - node as f64) * (high - low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Component, Shape};

    #[test]
    fn tables_are_as_good_as_the_law() {
        let component =
            |weight, median: f64, sigma| Component { weight, ln_median: libm::log(median), sigma };
        for components in [
            vec![component(1.0, 3_000.0, 1.15)],
            vec![component(0.6, 500.0, 0.5), component(0.4, 20_000.0, 0.8)],
            vec![component(1.0, 200.0, 0.0)],
        ] {
            let law = Law::new(&Shape { components });
            let table = Quantiles::new(&law);
            for step in 1..20_000 {
                let rank = f64::from(step) / 20_000.0;
                let (found, wanted) = (table.at(&law, rank), law.at_score(normal::quantile(rank)));
                assert!((found / wanted - 1.0).abs() < 1e-4, "{rank}: {found}, {wanted}");
            }
        }
    }
}
