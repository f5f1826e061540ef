//! Progress of long work, on a terminal.

use std::time::Duration;

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
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let start = std::time::Instant::now();
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    // The last part of the bar is for work that takes longer than expected.
                    bar.set_position((start.elapsed().as_millis() as u64).min(expected * 97 / 100));
                    std::thread::sleep(Duration::from_millis(60));
                }
            });
            let out = work();
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            bar.finish_and_clear();
            out
        })
    }

    /// Says something that must not be overlooked.
    pub(crate) fn note(self, text: &str) {
        if self.notes {
            eprintln!("{text}");
        }
    }
}

/// What is said about reference strings for development.
pub(crate) const DEVELOPMENT: &str = "\
WARNING: the reference string was made on this machine, for development.
         Whoever made it could have kept its secret and could forge proofs.
         Do not rely on proofs for such keys; use `--srs FILE` with the result of a ceremony.";
