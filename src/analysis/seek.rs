//! Goal seek along one input: where a condition begins and ends to hold, and the stretches in which it does.

/// By how much a condition holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Margin {
    /// Positive where it holds, negative where it does not; at zero `met` tells.
    pub value: f64,
    /// Whether it holds.
    pub met: bool,
    /// The Monte Carlo error of `value`.
    pub error: Option<f64>,
}

/// A point that was tried: the input, and by how much the condition holds there. `None` where the input is not
/// possible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// The input.
    pub at: f64,
    /// By how much the condition holds.
    pub margin: Option<Margin>,
}

/// A point from which on the condition holds, or no longer does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// The input, on the side on which the condition holds.
    pub at: f64,
    /// Whether it holds above.
    pub holds_above: bool,
    /// The Monte Carlo error of the input: that of the margin over its slope. `None` where either is not known.
    pub error: Option<f64>,
}

/// Where a stretch ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// At an end of the range.
    Range,
    /// At a break-even point.
    Edge(Edge),
    /// At the last input that was tried before those that are not possible.
    Possible(f64),
}

/// Inputs, one after the other, at which the condition holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Where it begins.
    pub from: End,
    /// Where it ends.
    pub to: End,
}

/// What was tried and found. Between two neighbouring probes that are possible there is one edge where one meets the
/// condition and the other does not, and none elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sought {
    /// What was tried along the range, rising.
    pub probes: Vec<Probe>,
    /// The break-even points, rising.
    pub edges: Vec<Edge>,
}

/// Margins of some inputs; `None` where the input is not possible.
pub type Margins = Vec<Option<Margin>>;

/// Evaluations of one search between two neighbours of the grid.
const MOST_STEPS: usize = 60;

/// The points at which the condition begins or ends to hold between neighbours of a rising grid, each to a relative
/// `tolerance`. `along` is asked roughly for all of the grid; where neighbours differ, `at` is asked closely for both
/// before anything is sought between them, so that no edge contradicts a probe.
///
/// Between two points the false position of their margins is tried (with the Illinois rule, which halves the margin
/// of an end that stays; Dowell and Jarratt 1971), and every third time the middle, so that steps are found too.
///
/// # Errors
/// Those of `along` and `at`.
pub fn seek<E>(
    grid: &[f64],
    tolerance: f64,
    along: &mut dyn FnMut(&[f64]) -> Result<Margins, E>,
    at: &mut dyn FnMut(f64) -> Result<Option<Margin>, E>,
) -> Result<Sought, E> {
    let margins = along(grid)?;
    let mut probes: Vec<Probe> =
        grid.iter().zip(margins).map(|(at, margin)| Probe { at: *at, margin }).collect();
    let mut close = vec![false; probes.len()];
    while let Some(next) = (0..probes.len()).find(|&probe| !close[probe] && beside_edge(&probes, probe)) {
        probes[next].margin = at(probes[next].at)?;
        close[next] = true;
    }
    let mut edges = Vec::new();
    for pair in probes.windows(2) {
        if let Some([low, high]) = differing(pair[0], pair[1]) {
            edges.push(narrowed(low, high, tolerance, at)?);
        }
    }
    Ok(Sought { probes, edges })
}

/// Inputs and margins of neighbours of which one meets the condition and the other does not.
fn differing(low: Probe, high: Probe) -> Option<[Point; 2]> {
    let (first, last) = (low.margin?, high.margin?);
    (first.met != last.met).then_some([(low.at, first), (high.at, last)])
}

fn beside_edge(probes: &[Probe], probe: usize) -> bool {
    let differs = |low: usize| {
        probes.get(low).zip(probes.get(low + 1)).is_some_and(|(low, high)| differing(*low, *high).is_some())
    };
    differs(probe) || probe.checked_sub(1).is_some_and(differs)
}

impl Sought {
    /// The stretches in which the condition holds, rising.
    pub fn stretches(&self) -> Vec<Stretch> {
        let mut edges = self.edges.iter();
        let mut stretches = Vec::new();
        // Where the stretch began that is open, and the probe before.
        let (mut open, mut before): (Option<End>, Option<Probe>) = (None, None);
        for (at, probe) in self.probes.iter().enumerate() {
            let last = before.filter(|last| last.margin.is_some());
            match (last, probe.margin) {
                (Some(last), Some(_)) if differing(last, *probe).is_some() => match (open, edges.next()) {
                    (Some(from), Some(edge)) => {
                        stretches.push(Stretch { from, to: End::Edge(*edge) });
                        open = None;
                    }
                    (None, Some(edge)) => open = Some(End::Edge(*edge)),
                    (_, None) => {}
                },
                (None, Some(Margin { met: true, .. })) => {
                    open = Some(if at == 0 { End::Range } else { End::Possible(probe.at) });
                }
                (Some(last), None) => {
                    stretches.extend(open.take().map(|from| Stretch { from, to: End::Possible(last.at) }));
                }
                _ => {}
            }
            before = Some(*probe);
        }
        stretches.extend(open.map(|from| Stretch { from, to: End::Range }));
        stretches
    }

    /// The margins of the possible probes.
    pub fn possible(&self) -> impl Iterator<Item = (f64, Margin)> {
        self.probes.iter().filter_map(|probe| Some((probe.at, probe.margin?)))
    }
}

/// An input and its margin.
type Point = (f64, Margin);

fn narrowed<E>(
    mut low: Point,
    mut high: Point,
    tolerance: f64,
    at: &mut dyn FnMut(f64) -> Result<Option<Margin>, E>,
) -> Result<Edge, E> {
    let holds_above = high.1.met;
    let (first, last) = (low, high);
    let mut reached = true;
    // Margins as the false position weighs them.
    let mut weights = (low.1.value, high.1.value);
    for step in 0..MOST_STEPS {
        if (high.0 - low.0).abs() <= tolerance * low.0.abs().max(high.0.abs()) {
            break;
        }
        let share = weights.0 / (weights.0 - weights.1);
        let middle = step % 3 == 2 || !(1e-6..=1.0 - 1e-6).contains(&share);
        let next = low.0 + (high.0 - low.0) * if middle { 0.5 } else { share };
        let Some(margin) = at(next)? else {
            reached = false;
            break;
        };
        if margin.met == low.1.met {
            low = (next, margin);
            weights = (margin.value, if middle { high.1.value } else { 0.5 * weights.1 });
        } else {
            high = (next, margin);
            weights = (if middle { low.1.value } else { 0.5 * weights.0 }, margin.value);
        }
    }
    let rise = |(low, high): (Point, Point)| high.1.value - low.1.value;
    let span = if high.0 > low.0 && rise((low, high)) != 0.0 { (low, high) } else { (first, last) };
    let slope = (rise(span) / (span.1.0 - span.0.0)).abs();
    // The end at which the condition holds: an answer that is rounded the wrong way is no answer.
    let end = if holds_above { high } else { low };
    let error = end.1.error.filter(|_| reached && slope > 0.0).map(|error| error / slope);
    Ok(Edge { at: end.0, holds_above, error })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn margin(value: f64) -> Margin {
        Margin { value, met: value >= 0.0, error: Some(0.1) }
    }

    fn sought(
        rough: impl Fn(f64) -> Option<f64>,
        close: impl Fn(f64) -> Option<f64>,
        grid: &[f64],
    ) -> Sought {
        let mut along = |at: &[f64]| Ok::<_, ()>(at.iter().map(|x| rough(*x).map(margin)).collect());
        let mut at = |x: f64| Ok::<_, ()>(close(x).map(margin));
        seek(grid, 1e-9, &mut along, &mut at).unwrap()
    }

    fn edges_of(margin: impl Fn(f64) -> Option<f64> + Copy, grid: &[f64]) -> Vec<(f64, bool)> {
        sought(margin, margin, grid).edges.into_iter().map(|edge| (edge.at, edge.holds_above)).collect()
    }

    /// The ends of stretches: `None` at the range's, a number at an edge, with what it is.
    fn ends(sought: &Sought) -> Vec<[(char, f64); 2]> {
        let told = |end: End| match end {
            End::Range => ('r', 0.0),
            End::Edge(edge) => ('e', (edge.at * 1e3).round() / 1e3),
            End::Possible(at) => ('p', at),
        };
        sought.stretches().iter().map(|stretch| [told(stretch.from), told(stretch.to)]).collect()
    }

    #[test]
    fn both_roots_of_a_parabola_are_found_with_their_sides() {
        let grid: Vec<f64> = (0..=10).map(f64::from).collect();
        let found = edges_of(|x| Some((x - 2.3) * (x - 7.9)), &grid);
        let [(first, false), (second, true)] = found[..] else { panic!("{found:?}") };
        assert!((first - 2.3).abs() < 1e-8 && (second - 7.9).abs() < 1e-8, "{found:?}");
    }

    #[test]
    fn the_error_of_an_edge_is_that_of_the_margin_over_its_slope() {
        let found = sought(|x| Some(4.0 * x - 6.0), |x| Some(4.0 * x - 6.0), &[0.0, 1.0, 2.0]);
        assert!((found.edges[0].error.unwrap() - 0.1 / 4.0).abs() < 1e-9, "{found:?}");
    }

    /// Closely, the root lies in another cell of the grid than roughly, or there is none.
    #[test]
    fn probes_beside_an_edge_are_closer_ones_and_never_contradict_it() {
        let grid: Vec<f64> = (0..=10).map(f64::from).collect();
        let moved = sought(|x| Some(x - 2.5), |x| Some(x - 5.25), &grid);
        assert!((moved.edges[0].at - 5.25).abs() < 1e-6, "{moved:?}");
        assert_eq!(ends(&moved), [[('e', 5.25), ('r', 0.0)]]);
        let gone = sought(|x| Some(x - 2.5), |_| Some(1.0), &grid);
        assert_eq!((gone.edges.len(), ends(&gone)), (0, vec![[('r', 0.0), ('r', 0.0)]]));
        for found in [moved, gone] {
            for (at, margin) in found.possible() {
                let inside = found.stretches().iter().any(|stretch| {
                    let edge = |end: End, or: f64| if let End::Edge(edge) = end { edge.at } else { or };
                    (edge(stretch.from, -1.0)..=edge(stretch.to, 11.0)).contains(&at)
                });
                assert_eq!(inside, margin.met, "{at}: {found:?}");
            }
        }
    }

    #[test]
    fn an_edge_whose_search_meets_an_impossible_input_stays_with_an_unknown_error() {
        let line = |x: f64| [0.0, 1.0, 2.0, 3.0].contains(&x).then_some(x - 1.5);
        let found = sought(line, line, &[0.0, 1.0, 2.0, 3.0]);
        assert_eq!(found.edges, [Edge { at: 2.0, holds_above: true, error: None }]);
        assert_eq!(ends(&found), [[('e', 2.0), ('r', 0.0)]]);
    }

    #[test]
    fn impossible_inputs_end_a_stretch_and_hide_no_change() {
        let signs = |signs: &'static str| {
            let at = move |x: f64| match signs.as_bytes()[x as usize] {
                b'+' => Some(1.0),
                b'-' => Some(-1.0),
                _ => None,
            };
            let grid: Vec<f64> = (0..signs.len()).map(|at| at as f64).collect();
            ends(&sought(at, |x| if x.fract() == 0.0 { at(x) } else { None }, &grid))
        };
        let (range, possible) = (('r', 0.0), |at: f64| ('p', at));
        assert_eq!(signs("+.-"), [[range, possible(0.0)]]);
        assert_eq!(signs("-.+"), [[possible(2.0), range]]);
        assert_eq!(signs("+.+"), [[range, possible(0.0)], [possible(2.0), range]]);
        assert_eq!(signs(".++."), [[possible(1.0), possible(2.0)]]);
        assert_eq!(signs("-+-"), [[('e', 1.0), ('e', 1.0)]]);
        assert_eq!(signs("++++"), [[range, range]]);
        assert!(signs("--.-").is_empty() && signs("...").is_empty());
    }

    #[test]
    fn a_step_is_found_and_impossible_inputs_are_passed_over() {
        let step = |x: f64| (x < 8.0).then_some(if x < 4.75 { -1.0 } else { 3.0 });
        let found = edges_of(step, &[0.0, 3.0, 6.0, 9.0]);
        assert!(found.len() == 1 && found[0].1 && (found[0].0 - 4.75).abs() < 1e-8, "{found:?}");
        assert!(edges_of(|_| Some(-1.0), &[0.0, 1.0]).is_empty());
    }

    /// What costs the same is not cheaper: a margin of zero that is not met lies below the edge.
    #[test]
    fn a_tie_lies_on_the_side_that_does_not_meet_the_condition() {
        let tie = |x: f64| Margin { value: (x - 4.0).max(0.0), met: x > 4.0, error: None };
        let mut along = |at: &[f64]| Ok::<_, ()>(at.iter().map(|x| Some(tie(*x))).collect());
        let found = seek(&[0.0, 3.0, 6.0, 9.0], 1e-9, &mut along, &mut |x| Ok(Some(tie(x)))).unwrap();
        assert!((found.edges[0].at - 4.0).abs() < 1e-6 && tie(found.edges[0].at).met, "{found:?}");
    }
}
