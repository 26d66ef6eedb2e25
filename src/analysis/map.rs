//! Which route is the cheapest over two fields.

use super::compare::Tried;
use super::outcome::{Ranked, refuses_more, spends};
use super::paired::difference;
use super::recommend::meets;
use super::summary::Figure;
use crate::domain::problem::{Code, Problems};
use crate::engine::Simulation;
use crate::workload::{Scenario, Varied};

/// The cheapest routes over two fields.
#[derive(Clone, Debug)]
pub struct Map {
    /// The values of the field across.
    pub columns: Vec<f64>,
    /// Those of the field up.
    pub rows: Vec<f64>,
    /// Row by row, the lowest first.
    pub cells: Vec<Spot>,
    /// Why the first cell that has no scenario, or none of the same job, has none.
    pub passed_over: Option<Problems>,
}

/// What is found at a place of the map.
#[derive(Clone, Debug, PartialEq)]
pub enum Spot {
    /// The cheapest routes.
    Cheapest(Cell),
    /// The values make no scenario, or all routes serve less than in the scenario as it is.
    Impossible,
    /// No route that serves the job meets what the scenario requires.
    Inadmissible,
}

/// The cheapest route of those that serve the whole job and meet what the scenario requires.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The numbers of those that cost least, rising: one, or several that cost the same.
    pub routes: Vec<usize>,
    /// What they cost over the horizon, USD.
    pub usd: f64,
    /// The next cheapest of those that cost more, if there is one.
    pub next: Option<(usize, f64)>,
}

/// Routes that are the cheapest in some cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Winner {
    /// Their numbers, rising: one, or several that cost the same there.
    pub routes: Vec<usize>,
    /// Their share of the cells in which some route is the cheapest.
    pub share: f64,
    /// Their largest lead; none where nothing costs more.
    pub lead: Option<f64>,
    /// The least and the largest value of the field across in their cells.
    pub across: (f64, f64),
    /// The same of the field up.
    pub up: (f64, f64),
}

impl Cell {
    /// The cell of routes, by their numbers, with what they cost, USD; none of no routes.
    pub fn of(spends: &[(usize, f64)]) -> Option<Self> {
        let least = spends.iter().map(|(_, usd)| *usd).min_by(f64::total_cmp)?;
        let ties = |usd: f64| difference(usd, least) == 0.0;
        let mut routes: Vec<usize> =
            spends.iter().filter(|(_, usd)| ties(*usd)).map(|(route, _)| *route).collect();
        routes.sort_unstable();
        let dearer = spends.iter().filter(|(_, usd)| !ties(*usd));
        let next = dearer.min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0))).copied();
        Some(Cell { routes, usd: least, next })
    }

    /// By how much the next one is dearer, as a share: nothing where several cost the same, none where there is no
    /// other.
    pub fn lead(&self) -> Option<f64> {
        if self.routes.len() > 1 {
            return Some(0.0);
        }
        self.next.filter(|_| self.usd > 0.0).map(|(_, usd)| usd / self.usd - 1.0)
    }
}

impl Map {
    /// The cells in which some route is the cheapest, with their places.
    fn found(&self) -> impl Iterator<Item = (usize, &Cell)> {
        self.cells.iter().enumerate().filter_map(|(at, spot)| match spot {
            Spot::Cheapest(cell) => Some((at, cell)),
            Spot::Impossible | Spot::Inadmissible => None,
        })
    }

    /// How many cells have no admissible route.
    pub fn inadmissible(&self) -> usize {
        self.cells.iter().filter(|spot| **spot == Spot::Inadmissible).count()
    }

    /// How many cells have a cheapest route.
    pub fn answered(&self) -> usize {
        self.found().count()
    }

    /// The routes that are the cheapest somewhere, those with most cells first.
    pub fn winners(&self) -> Vec<Winner> {
        let count = self.answered().max(1) as f64;
        let mut sets: Vec<Vec<usize>> = self.found().map(|(_, cell)| cell.routes.clone()).collect();
        sets.sort();
        sets.dedup();
        let winner = |routes: Vec<usize>| {
            let own = || self.found().filter(|(_, cell)| cell.routes == routes);
            let span = |value: &dyn Fn(usize) -> f64| {
                own()
                    .map(|(at, _)| value(at))
                    .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                        (low.min(value), high.max(value))
                    })
            };
            Winner {
                share: own().count() as f64 / count,
                lead: own().filter_map(|(_, cell)| cell.lead()).reduce(f64::max),
                across: span(&|at| self.columns[at % self.columns.len()]),
                up: span(&|at| self.rows[at / self.columns.len()]),
                routes,
            }
        };
        let mut winners: Vec<Winner> = sets.into_iter().map(winner).collect();
        winners.sort_by(|a, b| b.share.total_cmp(&a.share));
        winners
    }
}

/// The map of `count` values of each of two fields, by a figure of spend over the horizon. `base` are the trials of
/// the scenario as it is; `case` simulates it at values of the fields.
///
/// Where a route refuses more than in the scenario itself, it is cheap by doing less, and takes no part; nor does one
/// that does not meet what the scenario requires.
///
/// # Errors
/// Those of `case`.
pub fn map<E: Send>(
    (x, y): (&Varied, &Varied),
    count: usize,
    figure: Figure,
    base: &Simulation,
    case: &(dyn Fn([f64; 2]) -> Tried<E, (Scenario, Simulation)> + Sync),
) -> Result<Map, E> {
    let (columns, rows) = (x.grid(count), y.grid(count));
    let usual = spends(base);
    let spot = |at: usize| -> Result<(Spot, Option<Problems>), E> {
        let place = [columns[at % columns.len()], rows[at / columns.len()]];
        Ok(match case(place)? {
            Ok((scenario, simulation)) => spot_of(figure, &usual, &scenario, &simulation),
            Err(why) => (Spot::Impossible, Some(why)),
        })
    };
    let found = crate::engine::all(columns.len() * rows.len(), spot);
    let (mut cells, mut passed_over) = (Vec::new(), None);
    for one in found {
        let (spot, why) = one?;
        cells.push(spot);
        passed_over = passed_over.or(why);
    }
    Ok(Map { columns, rows, cells, passed_over })
}

fn spot_of(
    figure: Figure,
    usual: &[Ranked],
    scenario: &Scenario,
    simulation: &Simulation,
) -> (Spot, Option<Problems>) {
    let serves = |(at, route): &(usize, Ranked)| {
        route.serves_the_job && !refuses_more(usual[*at].refused, route.refused)
    };
    let serving: Vec<(usize, f64)> = spends(simulation)
        .into_iter()
        .enumerate()
        .filter(serves)
        .map(|(at, route)| (at, figure.of(&route.spend)))
        .collect();
    if serving.is_empty() {
        let why = "every route refuses more of the prompts as too long than in the scenario";
        return (Spot::Impossible, Some(Problems::one(Code::Conflict, why)));
    }
    let admissible = serving.into_iter().filter(|(at, _)| meets(scenario.requirements.iter(), *at));
    let cell = Cell::of(&admissible.collect::<Vec<_>>());
    (cell.map_or(Spot::Inadmissible, Spot::Cheapest), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_cost_the_same_share_a_cell_without_a_lead() {
        let third = 0.1 + 0.2;
        let cell = Cell::of(&[(3, 0.3), (0, 0.6), (1, third), (2, 0.45)]).unwrap();
        assert_eq!((cell.routes.clone(), cell.usd, cell.next), (vec![1, 3], 0.3, Some((2, 0.45))));
        assert_eq!(cell.lead(), Some(0.0));
        let alone = Cell::of(&[(3, 0.3), (2, 0.45)]).unwrap();
        assert!((alone.lead().unwrap() - 0.5).abs() < 1e-12);
        assert_eq!((Cell::of(&[(1, 2.0)]).unwrap().lead(), Cell::of(&[])), (None, None));
    }

    #[test]
    fn winners_have_their_share_of_the_cells_in_which_somebody_wins() {
        let cell = |spends: &[(usize, f64)]| Spot::Cheapest(Cell::of(spends).unwrap());
        let map = Map {
            columns: vec![1.0, 2.0],
            rows: vec![10.0, 20.0, 30.0],
            cells: vec![
                cell(&[(0, 1.0), (1, 2.0)]),
                cell(&[(0, 1.0), (1, 1.0)]),
                Spot::Impossible,
                cell(&[(0, 1.0), (1, 1.5)]),
                Spot::Inadmissible,
                cell(&[(0, 3.0), (1, 1.0)]),
            ],
            passed_over: None,
        };
        let winners = map.winners();
        let told: Vec<_> = winners.iter().map(|w| (w.routes.clone(), w.share, w.across, w.up)).collect();
        assert_eq!(told[0], (vec![0], 0.5, (1.0, 2.0), (10.0, 20.0)));
        assert_eq!(told[1], (vec![0, 1], 0.25, (2.0, 2.0), (10.0, 10.0)));
        assert_eq!(told[2], (vec![1], 0.25, (2.0, 2.0), (30.0, 30.0)));
        assert_eq!([winners[0].lead, winners[1].lead, winners[2].lead], [Some(1.0), Some(0.0), Some(2.0)]);
        assert_eq!(map.inadmissible(), 1);
    }
}
