//! Moves labels that would collide apart, as little as possible and without changing their order.

/// One run of touching labels: where its first label goes, and how many it holds.
struct Run {
    first: f64,
    count: usize,
}

/// New positions for the `wanted` ones: neighbours at least `gap` apart, all between `low` and `high`.
///
/// The result is in the order of the input. Each run of colliding labels is centred on the mean of where its
/// members wanted to be. When all labels together need more than `high - low`, the gap shrinks to fit.
pub fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    let pairs = wanted.len().saturating_sub(1).max(1) as f64;
    let gap = gap.min((high - low).max(0.0) / pairs);
    let mut runs: Vec<Run> = Vec::new();
    for &label in &order {
        let mut run = Run { first: wanted[label], count: 1 };
        run.first = clamp(&run, gap, low, high);
        while let Some(before) = runs.pop_if(|before| before.first + before.count as f64 * gap > run.first) {
            run = merged(&before, &run, gap);
            run.first = clamp(&run, gap, low, high);
        }
        runs.push(run);
    }
    let places = runs.iter().flat_map(|run| (0..run.count).map(|step| run.first + step as f64 * gap));
    let mut moved = vec![0.0; wanted.len()];
    for (&label, place) in order.iter().zip(places) {
        moved[label] = place;
    }
    moved
}

/// The two runs as one, each label as near as possible to where its run stood.
fn merged(before: &Run, after: &Run, gap: f64) -> Run {
    let (left, right) = (before.count as f64, after.count as f64);
    let first = (before.first * left + (after.first - left * gap) * right) / (left + right);
    Run { first, count: before.count + after.count }
}

/// Where the run must begin so that it stays within the bounds.
fn clamp(run: &Run, gap: f64, low: f64, high: f64) -> f64 {
    let length = (run.count as f64 - 1.0) * gap;
    run.first.min(high - length).max(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_with_room_stay_where_they_are() {
        assert_eq!(spread(&[10.0, 50.0, 30.0], 15.0, 0.0, 100.0), [10.0, 50.0, 30.0]);
    }

    #[test]
    fn colliding_labels_part_evenly_and_keep_their_order() {
        assert_eq!(spread(&[50.0, 50.0, 50.0], 10.0, 0.0, 100.0), [40.0, 50.0, 60.0]);
        assert_eq!(spread(&[99.0, 98.0], 10.0, 0.0, 100.0), [100.0, 90.0]);
    }

    #[test]
    fn too_many_labels_share_the_room_there_is() {
        assert_eq!(spread(&[5.0; 5], 10.0, 0.0, 20.0), [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert!(spread(&[], 10.0, 0.0, 20.0).is_empty());
    }
}
