//! Lists that are nearly always short: kept where they stand, so that a trial asks for little memory.

use smallvec::SmallVec;

/// A list that needs memory of its own only beyond `N` elements.
pub type Few<T, const N: usize> = SmallVec<[T; N]>;

/// `count` zeros.
pub fn zeros<const N: usize>(count: usize) -> Few<f64, N> {
    SmallVec::from_elem(0.0, count)
}
