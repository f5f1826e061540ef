//! Long work on a thread of its own, so that Python goes on: signals are delivered, other threads run, and progress is told.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use vouch::{Result, Watch};

use crate::failure::{Raise, exception};

/// How often Python is asked for signals.
const POLL: Duration = Duration::from_millis(20);
/// How often progress is told.
const TELL: Duration = Duration::from_millis(200);
/// As the main thread has on Linux: compilation recurses through the model.
const STACK: usize = 8 << 20;

/// Does some work that takes about `expected` seconds (0 if unknown). `progress` is called with the stage, the seconds so far
/// and those that are expected.
///
/// If a signal handler or `progress` raises, as Ctrl-C does, the exception is passed on at once; the work ends before its
/// next stage, and its result is dropped.
pub(crate) fn run<T: Send + 'static>(
    py: Python<'_>,
    progress: Option<&Py<PyAny>>,
    expected: f64,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let watch = Watch::default();
    let (send, mut receive) = channel();
    let of_work = watch.clone();
    let thread = std::thread::Builder::new().name("vouch".to_owned()).stack_size(STACK).spawn(move || {
        // The receiver is gone after an interruption.
        let _ = send.send(catch_unwind(AssertUnwindSafe(|| of_work.during(work))));
    });
    thread.map_err(|e| exception(py, "system", &format!("no thread for the work: {e}"), ""))?;
    let start = Instant::now();
    let mut told: Option<(Instant, &str)> = None;
    loop {
        let received;
        (received, receive) = py.detach(move || (receive.recv_timeout(POLL), receive));
        match received {
            Ok(Ok(result)) => return result.or_raise(py),
            Ok(Err(panic)) => return Err(internal(py, panic.as_ref())),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(exception(py, "internal", "the work ended without a result", ""));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        let stage = watch.stage();
        let due = told.is_none_or(|(at, last)| last != stage || at.elapsed() >= TELL);
        let tell = || match progress {
            Some(progress) if due => progress.call1(py, (stage, start.elapsed().as_secs_f64(), expected)).map(drop),
            _ => Ok(()),
        };
        if let Err(error) = py.check_signals().and_then(|()| tell()) {
            watch.stop();
            return Err(error);
        }
        if due {
            told = Some((Instant::now(), stage));
        }
    }
}

fn internal(py: Python<'_>, panic: &(dyn std::any::Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let message =
        format!("{}; this is a fault of vouch: please report it", text.unwrap_or("a panic without a message"));
    exception(py, "internal", &message, "")
}
