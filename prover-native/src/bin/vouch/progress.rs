//! Progress of long work, on a terminal.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

/// What standard error is used for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Show {
    pub(crate) progress: bool,
    pub(crate) notes: bool,
}

impl Show {
    /// Does some work, with a bar that fills in the time that the work is expected to take. indicatif hides it where there is no terminal.
    pub(crate) fn working<T>(self, what: &str, seconds: f64, work: impl FnOnce() -> T) -> T {
        if !self.progress {
            return work();
        }
        let expected = (seconds.clamp(0.05, 1e6) * 1000.0) as u64;
        let bar = ProgressBar::new(expected);
        if let Ok(style) = ProgressStyle::with_template("{msg:24} [{bar:32}] {elapsed}, about {eta} left") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what.to_owned());
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let start = Instant::now();
                while !done.load(Ordering::Relaxed) {
                    // The last part of the bar is for work that takes longer than expected.
                    bar.set_position((start.elapsed().as_millis() as u64).min(expected * 97 / 100));
                    std::thread::sleep(Duration::from_millis(60));
                }
            });
            // Also when the work panics: the scope waits for the bar's thread.
            let _ended = Ended { done: &done, bar: &bar };
            work()
        })
    }

    /// Says something that must not be overlooked.
    pub(crate) fn note(self, text: &str) {
        if self.notes {
            eprintln!("{text}");
        }
    }
}

/// The end of some work, however it ends: the bar's thread stops.
struct Ended<'a> {
    done: &'a AtomicBool,
    bar: &'a ProgressBar,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        self.bar.finish_and_clear();
    }
}

/// What is said about reference strings for development.
pub(crate) const DEVELOPMENT: &str = "\
WARNING: the reference string was made on this machine, for development.
         Whoever made it could have kept its secret and could forge proofs.
         Do not rely on proofs for such keys; use `--srs FILE` with the result of a ceremony.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Kind, caught};

    const SHOW: Show = Show { progress: true, notes: false };

    #[test]
    fn work_gives_its_result() {
        assert_eq!(SHOW.working("adding", 0.1, || 1 + 1), 2);
    }

    /// On the command's thread and on another: the command ends, with an error that says why. (Without an end of the bar's
    /// thread, this test would not end.)
    #[test]
    fn a_panic_ends_the_command_with_an_error() {
        let fails = || -> () { panic!("on {}", "purpose") };
        let on_another = || {
            let joined = std::thread::scope(|scope| scope.spawn(fails).join());
            joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        };
        for work in [&fails as &dyn Fn(), &on_another] {
            let failure = caught(|| {
                SHOW.working("failing", 0.1, work);
                Ok(())
            })
            .unwrap_err();
            assert_eq!((failure.kind, failure.code()), (Kind::Other, 1));
            assert!(failure.message.starts_with("internal error: on purpose"), "{}", failure.message);
        }
        assert_eq!(caught(|| Ok(SHOW.working("adding", 0.1, || 3))).unwrap(), 3);
        let refused = caught(|| Err::<(), _>(crate::failure::Failure::new(Kind::Refused, "no"))).unwrap_err();
        assert_eq!(refused.kind, Kind::Refused);
    }
}
