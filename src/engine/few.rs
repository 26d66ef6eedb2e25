//! Lists that are nearly always short: kept where they stand, so that a trial asks for little memory.

use smallvec::SmallVec;

/// Sums of a basis: prompt, output and cached tokens, and another limit of output or view of a cache.
pub const BASIS: usize = 4;
/// Products of two sums of a basis.
pub const PRODUCTS: usize = BASIS * (BASIS + 1) / 2;
/// Segments of the prompt axis: below and above a threshold, up to two windows.
pub const SEGMENTS: usize = 4;
/// Ends of bands and windows, route by route.
pub const EDGES: usize = 8;
/// Distinct spends and premiums: those of three price lists.
pub const QUANTITIES: usize = 6;

/// A list that needs memory of its own only beyond `N` elements.
pub type Few<T, const N: usize> = SmallVec<[T; N]>;

/// `count` zeros.
pub fn zeros<const N: usize>(count: usize) -> Few<f64, N> {
    SmallVec::from_elem(0.0, count)
}
