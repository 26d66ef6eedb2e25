//! Reads an exceedance curve: the chance at an amount, and the amount at a chance.
//!
//! A curve is a list of dollars and the share of trials above them, the dollars never decreasing. A total that
//! is certain is two points with the same dollars.

/// The chance that the total exceeds `usd`, between points by a straight line, beyond them as at the end.
/// Exactly at a certain total it is the chance of more than that, so a budget of that amount holds.
pub fn chance_at(points: &[(f64, f64)], usd: f64) -> f64 {
    let after = points.partition_point(|point| point.0 <= usd);
    match (after.checked_sub(1).and_then(|before| points.get(before)), points.get(after)) {
        (Some(&(x0, p0)), Some(&(x1, p1))) => p0 + (p1 - p0) * (usd - x0) / (x1 - x0),
        (Some(&(_, p)), None) | (None, Some(&(_, p))) => p,
        (None, None) => 0.0,
    }
}

/// The amount that is exceeded with the given chance; an end of the curve when it never takes that chance.
pub fn amount_at(points: &[(f64, f64)], chance: f64) -> f64 {
    let first = points.first().map_or(0.0, |point| point.0);
    for pair in points.windows(2) {
        let ((x0, p0), (x1, p1)) = (pair[0], pair[1]);
        if p0 >= chance && p1 < chance {
            return x0 + (x1 - x0) * (p0 - chance) / (p0 - p1);
        }
    }
    let never_below = points.last().filter(|point| point.1 >= chance);
    never_below.map_or(first, |point| point.0)
}

/// Where the curve first falls to `chance`: the point of that chance, or its first point if that is lower.
pub fn from_above(points: &[(f64, f64)], chance: f64) -> (f64, f64) {
    let start = points.first().map_or(chance, |point| point.1);
    (amount_at(points, chance), chance.min(start))
}

/// The chance at the far end of the curve.
pub fn end_chance(points: &[(f64, f64)]) -> f64 {
    points.last().map_or(0.0, |point| point.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: [(f64, f64); 2] = [(100.0, 1.0), (200.0, 0.0)];
    const STEP: [(f64, f64); 2] = [(5.0, 1.0), (5.0, 0.0)];

    #[test]
    fn curves_are_read_between_their_points() {
        assert!((chance_at(&LINE, 150.0) - 0.5).abs() < 1e-12);
        assert!((chance_at(&LINE, 50.0) - 1.0).abs() < 1e-12);
        assert!(chance_at(&LINE, 900.0).abs() < 1e-12);
        assert!((amount_at(&LINE, 0.1) - 190.0).abs() < 1e-9);
    }

    #[test]
    fn a_certain_total_does_not_exceed_itself() {
        assert!((amount_at(&STEP, 0.5) - 5.0).abs() < 1e-12);
        assert!(chance_at(&STEP, 5.0).abs() < 1e-12);
        assert!((chance_at(&STEP, 4.99) - 1.0).abs() < 1e-12);
        assert_eq!(from_above(&STEP, 0.95), (5.0, 0.95));
    }

    #[test]
    fn a_curve_that_starts_late_is_left_at_its_start() {
        assert_eq!(from_above(&[(3.0, 0.4), (9.0, 0.0)], 0.95), (3.0, 0.4));
    }
}
