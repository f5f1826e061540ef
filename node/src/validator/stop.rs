//! The signal to stop.

use std::time::Duration;

use tokio::sync::watch;

/// Set once, seen by all clones.
#[derive(Clone)]
pub(super) struct Stop(watch::Sender<bool>);

impl Stop {
    pub(super) fn new() -> Self {
        Self(watch::channel(false).0)
    }

    pub(super) fn set(&self) {
        self.0.send_replace(true);
    }

    pub(super) fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Ready when the signal is set.
    pub(super) async fn stopped(&self) {
        // The sender is `self`, so the channel stays open.
        drop(self.0.subscribe().wait_for(|stop| *stop).await);
    }

    /// Whether the signal is set before the time is over.
    pub(super) async fn within(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.stopped()).await.is_ok()
    }
}
