//! The one place that knows about threads.

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

/// `work` on 0..count, on all cores; results in order.
pub fn all<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    (0..count).into_par_iter().map(&work).collect()
}

/// The same with `threads` threads; 0 is one for every core.
///
/// # Errors
/// When the operating system refuses the threads.
pub fn ordered<T: Send>(
    count: usize,
    threads: usize,
    work: impl Fn(usize) -> T + Sync + Send,
) -> anyhow::Result<Vec<T>> {
    if threads == 0 {
        return Ok(all(count, work));
    }
    Ok(ThreadPoolBuilder::new().num_threads(threads).build()?.install(|| all(count, work)))
}
