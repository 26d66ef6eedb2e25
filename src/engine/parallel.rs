//! The one place that knows about threads.

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

/// Runs `work` on 0..count with `threads` threads (0: as many as there are cores); results in order.
///
/// # Errors
/// When the operating system refuses the threads.
pub fn ordered<T: Send>(
    count: usize,
    threads: usize,
    work: impl Fn(usize) -> T + Sync,
) -> anyhow::Result<Vec<T>> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build()?;
    Ok(pool.install(|| (0..count).into_par_iter().map(&work).collect()))
}
