//! Goal seek along one input: where a condition begins and ends to hold.

/// A point that was tried: the input, and by how much the condition holds there. `None` where the input is not
/// possible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// The input.
    pub at: f64,
    /// Not negative where the condition holds.
    pub margin: Option<f64>,
}

/// A point from which on the condition holds, or no longer does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// The input.
    pub at: f64,
    /// Whether it holds above.
    pub holds_above: bool,
    /// How fast the margin changes with the input here.
    pub slope: f64,
}

/// Margins of some points; `None` where the input is not possible.
pub type Margins = Vec<Option<f64>>;

/// Evaluations of one search between two neighbours of the grid.
const MOST_STEPS: usize = 60;

/// The points at which the margin changes its sign between neighbours of a rising grid, each to a relative
/// `tolerance`. `along` is asked for all of the grid, `at` for single points.
///
/// Between two points the false position of their margins is tried (with the Illinois rule, which halves the margin
/// of an end that stays; Dowell and Jarratt 1971), and every third time the middle, so that steps are found too.
///
/// # Errors
/// Those of `along` and `at`.
pub fn edges<E>(
    grid: &[f64],
    tolerance: f64,
    along: &mut dyn FnMut(&[f64]) -> Result<Margins, E>,
    at: &mut dyn FnMut(f64) -> Result<Option<f64>, E>,
) -> Result<(Vec<Probe>, Vec<Edge>), E> {
    let margins = along(grid)?;
    let probes: Vec<Probe> = grid.iter().zip(margins).map(|(at, margin)| Probe { at: *at, margin }).collect();
    let mut found = Vec::new();
    for pair in probes.windows(2) {
        if let (Some(low), Some(high)) = (pair[0].margin, pair[1].margin)
            && holds(low) != holds(high)
        {
            found.push(narrowed((pair[0].at, low), (pair[1].at, high), tolerance, at)?);
        }
    }
    Ok((probes, found))
}

/// How far around an edge it is looked for again, relative; each time so many times farther.
const NEAR: (f64, f64) = (0.002, 8.0);
/// How often.
const TIMES: usize = 5;

/// The same edge by closer margins, looked for in growing stretches around it; `None` where there is none.
///
/// # Errors
/// Those of `at`.
pub fn sharpened<E>(
    edge: &Edge,
    tolerance: f64,
    at: &mut dyn FnMut(f64) -> Result<Option<f64>, E>,
) -> Result<Option<Edge>, E> {
    let mut reach = NEAR.0 * edge.at.abs().max(f64::MIN_POSITIVE);
    for _ in 0..TIMES {
        let (low, high) = (edge.at - reach, edge.at + reach);
        // Beyond what is possible there is no other side; the edge itself is.
        let (low, high) = match (at(low)?, at(high)?) {
            (Some(first), Some(last)) => ((low, first), (high, last)),
            (first, last) => {
                let Some(own) = at(edge.at)? else { return Ok(None) };
                let first = first.map_or((edge.at, own), |margin| (low, margin));
                (first, last.map_or((edge.at, own), |margin| (high, margin)))
            }
        };
        if holds(low.1) != holds(high.1) {
            return narrowed(low, high, tolerance, at).map(Some);
        }
        reach *= NEAR.1;
    }
    Ok(None)
}

fn holds(margin: f64) -> bool {
    margin >= 0.0
}

fn narrowed<E>(
    mut low: (f64, f64),
    mut high: (f64, f64),
    tolerance: f64,
    fine: &mut dyn FnMut(f64) -> Result<Option<f64>, E>,
) -> Result<Edge, E> {
    let holds_above = holds(high.1);
    let (first, last) = (low, high);
    // Margins as the false position weighs them.
    let mut weights = (low.1, high.1);
    for step in 0..MOST_STEPS {
        if (high.0 - low.0).abs() <= tolerance * low.0.abs().max(high.0.abs()) {
            break;
        }
        let share = weights.0 / (weights.0 - weights.1);
        let middle = step % 3 == 2 || !(1e-6..=1.0 - 1e-6).contains(&share);
        let at = low.0 + (high.0 - low.0) * if middle { 0.5 } else { share };
        let Some(margin) = fine(at)? else { break };
        if holds(margin) == holds(low.1) {
            low = (at, margin);
            weights = (margin, if middle { high.1 } else { 0.5 * weights.1 });
        } else {
            high = (at, margin);
            weights = (if middle { low.1 } else { 0.5 * weights.0 }, margin);
        }
    }
    let span = if high.0 > low.0 && (high.1 - low.1).abs() > 0.0 { (low, high) } else { (first, last) };
    let slope = (span.1.1 - span.0.1) / (span.1.0 - span.0.0);
    // The end at which the condition holds: an answer that is rounded the wrong way is no answer.
    Ok(Edge { at: if holds_above { high.0 } else { low.0 }, holds_above, slope })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges_of(margin: impl Fn(f64) -> Option<f64>, grid: &[f64]) -> Vec<(f64, bool)> {
        let mut rough = |at: &[f64]| Ok::<_, ()>(at.iter().map(|x| margin(*x)).collect());
        let mut fine = |x: f64| Ok::<_, ()>(margin(x));
        let (_, edges) = edges(grid, 1e-9, &mut rough, &mut fine).unwrap();
        edges.into_iter().map(|edge| (edge.at, edge.holds_above)).collect()
    }

    #[test]
    fn both_roots_of_a_parabola_are_found_with_their_sides() {
        let grid: Vec<f64> = (0..=10).map(f64::from).collect();
        let found = edges_of(|x| Some((x - 2.3) * (x - 7.9)), &grid);
        let [(first, false), (second, true)] = found[..] else { panic!("{found:?}") };
        assert!((first - 2.3).abs() < 1e-8 && (second - 7.9).abs() < 1e-8, "{found:?}");
    }

    #[test]
    fn an_edge_is_found_again_by_closer_margins() {
        let rough = Edge { at: 2.0, holds_above: true, slope: 1.0 };
        let mut close = |x: f64| Ok::<_, ()>(Some(x * x - 4.5));
        let edge = sharpened(&rough, 1e-9, &mut close).unwrap().unwrap();
        assert!((edge.at - 4.5_f64.sqrt()).abs() < 1e-8 && edge.holds_above, "{edge:?}");
        let mut never = |_| Ok::<_, ()>(Some(1.0));
        assert_eq!(sharpened(&rough, 1e-9, &mut never).unwrap(), None);
    }

    #[test]
    fn a_step_is_found_and_impossible_inputs_are_passed_over() {
        let step = |x: f64| (x < 8.0).then_some(if x < 4.75 { -1.0 } else { 3.0 });
        let found = edges_of(step, &[0.0, 3.0, 6.0, 9.0]);
        assert!(found.len() == 1 && found[0].1 && (found[0].0 - 4.75).abs() < 1e-8, "{found:?}");
        assert!(edges_of(|_| Some(-1.0), &[0.0, 1.0]).is_empty());
    }
}
