//! Independent runs on all processors.

use std::{ops::Range, thread};

/// Less work than this is not worth a thread: additions and multiplications of all runs.
const LEAST: usize = 1 << 24;

/// `f` of parts of 0..n, one for each processor, in order. `work` is that of one run.
///
/// # Panics
/// If `f` does.
pub(crate) fn parts<T: Send>(n: usize, work: usize, f: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    let processors = || thread::available_parallelism().map_or(1, usize::from);
    let threads = if work.saturating_mul(n) < LEAST { 1 } else { processors() };
    let size = n.div_ceil(threads).max(1);
    let parts: Vec<Range<usize>> = (0..n).step_by(size).map(|from| from..(from + size).min(n)).collect();
    if let [one] = parts.as_slice() {
        return vec![f(one.clone())];
    }
    thread::scope(|scope| {
        let f = &f;
        let handles: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || f(part))).collect();
        let join = |h: thread::ScopedJoinHandle<'_, T>| h.join().unwrap_or_else(|e| std::panic::resume_unwind(e));
        handles.into_iter().map(join).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_everything_in_order() {
        for work in [1, LEAST] {
            for n in 0..9 {
                let all: Vec<usize> = parts(n, work, Iterator::collect::<Vec<_>>).into_iter().flatten().collect();
                assert_eq!(all, (0..n).collect::<Vec<_>>());
            }
        }
    }
}
