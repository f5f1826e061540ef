//! The open predictions, and the news about them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;
use vouch_api::{PredictionEvent, PredictionStatus, State};

use crate::metrics::{Metrics, by};
use crate::now_ms;

type Live = HashMap<String, PredictionStatus>;

/// How the open predictions stand.
pub(super) struct Board {
    limit: usize,
    live: Mutex<Live>,
    events: broadcast::Sender<PredictionEvent>,
    count: AtomicU64,
    metrics: Arc<Metrics>,
}

impl Board {
    pub(super) fn new(limit: usize, metrics: Arc<Metrics>) -> Self {
        Self { limit, live: Mutex::default(), events: broadcast::channel(1024).0, count: AtomicU64::new(0), metrics }
    }

    fn lock(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, live: &Live) {
        self.metrics.waiting.set(i64::try_from(live.len()).unwrap_or(i64::MAX));
    }

    /// Adds predictions if there is room for all of them and `spare` more.
    pub(super) fn add(&self, new: &[PredictionStatus], spare: usize) -> bool {
        let mut live = self.lock();
        if live.len() + new.len() + spare > self.limit {
            return false;
        }
        live.extend(new.iter().map(|status| (status.id.clone(), status.clone())));
        self.show(&live);
        true
    }

    /// Adds a prediction, whether there is room or not.
    pub(super) fn watch(&self, status: PredictionStatus) {
        let mut live = self.lock();
        live.insert(status.id.clone(), status);
        self.show(&live);
    }

    /// Removes a prediction that was never written down.
    pub(super) fn remove(&self, id: &str) {
        let mut live = self.lock();
        live.remove(id);
        self.show(&live);
    }

    pub(super) fn get(&self, id: &str) -> Option<PredictionStatus> {
        self.lock().get(id).cloned()
    }

    /// Number of predictions that no miner has been asked for.
    pub(super) fn queued(&self) -> usize {
        self.lock().values().filter(|status| status.state == State::Queued).count()
    }

    pub(super) fn listen(&self) -> broadcast::Receiver<PredictionEvent> {
        self.events.subscribe()
    }

    /// Changes how an open prediction stands, and tells the listeners. A final state closes it.
    pub(super) fn tell(&self, id: &str, detail: &str, change: impl FnOnce(&mut PredictionStatus)) {
        let status = {
            let mut live = self.lock();
            let Some(status) = live.get_mut(id) else { return };
            change(status);
            let status = status.clone();
            if status.state.is_final() {
                live.remove(id);
                self.metrics.predictions.get_or_create(&by(status.state.as_str())).inc();
            }
            self.show(&live);
            status
        };
        let seq = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        // An error means that there are no listeners.
        let _ = self.events.send(PredictionEvent { seq, at_ms: now_ms(), status, detail: detail.to_owned() });
    }

    pub(super) fn set_state(&self, id: &str, state: State, detail: &str) {
        self.tell(id, detail, |status| status.state = state);
    }
}
