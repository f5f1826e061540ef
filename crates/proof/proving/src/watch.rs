//! Long work that another thread watches: which stage it is in, and a request to stop before the next.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::ProvingError;

/// A view of the work that one thread does. Clones are views of the same work.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    stopped: AtomicBool,
    stage: Mutex<&'static str>,
}

thread_local! {
    /// The watch of the work that this thread does, if there is one.
    static CURRENT: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// Puts the watch before back, also when the work panics.
struct Before(Option<Watch>);

impl Drop for Before {
    fn drop(&mut self) {
        CURRENT.with(|current| current.replace(self.0.take()));
    }
}

impl Watch {
    /// Does some work on this thread, under this watch.
    pub fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        let _before = Before(CURRENT.with(|current| current.replace(Some(self.clone()))));
        work()
    }

    /// Asks the work to stop: its next stage does not begin, and it ends with [`ProvingError::Stopped`].
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Relaxed);
    }

    /// The stage that the work is in; empty before the first.
    pub fn stage(&self) -> &'static str {
        *self.0.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins a stage of the work of this thread.
///
/// # Errors
/// [`ProvingError::Stopped`] if that was asked for.
pub fn stage(name: &'static str) -> Result<(), ProvingError> {
    CURRENT.with(|current| {
        let current = current.borrow();
        let Some(Watch(shared)) = &*current else { return Ok(()) };
        if shared.stopped.load(Ordering::Relaxed) {
            return Err(ProvingError::Stopped);
        }
        *shared.stage.lock().unwrap_or_else(PoisonError::into_inner) = name;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_says_its_stage_and_stops_before_the_next() {
        let watch = Watch::default();
        assert_eq!(watch.stage(), "");
        let end = watch.during(|| {
            stage("first").unwrap();
            assert_eq!(watch.stage(), "first");
            watch.stop();
            stage("second")
        });
        assert!(matches!(end, Err(ProvingError::Stopped)));
        assert_eq!(watch.stage(), "first");
        // Other work of this thread is not stopped.
        stage("third").unwrap();
        assert_eq!(watch.stage(), "first");
    }

    #[test]
    fn a_watch_ends_with_its_work() {
        let (outer, inner) = (Watch::default(), Watch::default());
        outer.during(|| {
            let panicked = std::panic::catch_unwind(|| inner.during(|| panic!("on purpose")));
            assert!(panicked.is_err());
            stage("outer").unwrap();
        });
        assert_eq!((outer.stage(), inner.stage()), ("outer", ""));
    }
}
