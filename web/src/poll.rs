//! Data that is asked for again and again while a page is open.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use leptos::prelude::*;
use serde::de::DeserializeOwned;
use wasm_bindgen_futures::spawn_local;

use crate::http::{self, Failure};

/// How often what changes is asked for.
pub(crate) const LIVE: Duration = Duration::from_secs(3);
/// How often what hardly changes is asked for.
pub(crate) const SLOW: Duration = Duration::from_secs(30);

/// The last good answer, and why there is no newer one.
pub(crate) struct Polled<T: Send + Sync + 'static> {
    /// The last good answer.
    pub data: RwSignal<Option<T>>,
    /// Why the last request failed, if it did.
    pub failure: RwSignal<Option<Failure>>,
}

impl<T: Send + Sync + 'static> Clone for Polled<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Polled<T> {}

/// Asks for `path` now and every `period` until the part of the page that called is gone. An answer stays when a
/// later request fails; a failed one is tried again after two seconds.
pub(crate) fn poll<T>(path: impl Into<String>, period: Duration) -> Polled<T>
where
    T: DeserializeOwned + Clone + PartialEq + Send + Sync + 'static,
{
    let polled = Polled { data: RwSignal::new(None), failure: RwSignal::new(None) };
    let path = path.into();
    let alive = alive();
    spawn_local(async move {
        while alive.load(Ordering::Relaxed) {
            let answer = http::get::<T>(&path).await;
            if !alive.load(Ordering::Relaxed) {
                return;
            }
            let pause = match answer {
                Ok(data) => {
                    if polled.data.with_untracked(|old| old.as_ref() != Some(&data)) {
                        polled.data.set(Some(data));
                    }
                    if polled.failure.with_untracked(Option::is_some) {
                        polled.failure.set(None);
                    }
                    period
                }
                Err(failure) => {
                    let pause = if failure == Failure::Unreachable { Duration::from_secs(2) } else { period };
                    polled.failure.set(Some(failure));
                    pause
                }
            };
            sleep(pause).await;
        }
    });
    polled
}

/// Whether the part of the page that called is still there.
pub(crate) fn alive() -> Arc<AtomicBool> {
    let alive = Arc::new(AtomicBool::new(true));
    let gone = alive.clone();
    on_cleanup(move || gone.store(false, Ordering::Relaxed));
    alive
}

/// Waits.
pub(crate) async fn sleep(time: Duration) {
    let (done, wait) = futures_channel::oneshot::channel();
    leptos::prelude::set_timeout(
        move || {
            let _ = done.send(());
        },
        time,
    );
    let _ = wait.await;
}

/// Milliseconds since the page began.
pub(crate) fn now() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

/// [`now`], as a value that changes ten times a second while `busy` says so, until the part of the page that called is gone.
pub(crate) fn stopwatch(busy: impl Fn() -> bool + 'static) -> RwSignal<f64> {
    let clock = RwSignal::new(now());
    let ticking = set_interval_with_handle(
        move || {
            if busy() {
                clock.try_set(now());
            }
        },
        Duration::from_millis(100),
    );
    on_cleanup(move || {
        if let Ok(handle) = ticking {
            handle.clear();
        }
    });
    clock
}

/// The time, in milliseconds since 1970, changing every second until the part of the page that called is gone.
pub(crate) fn every_second() -> RwSignal<f64> {
    let now = RwSignal::new(js_sys::Date::now());
    let ticking = set_interval_with_handle(
        move || {
            now.try_set(js_sys::Date::now());
        },
        Duration::from_secs(1),
    );
    on_cleanup(move || {
        if let Ok(handle) = ticking {
            handle.clear();
        }
    });
    now
}
