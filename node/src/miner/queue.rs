//! The bounded queue in front of the prover.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use vouch_api::Capacity;

use crate::metrics::Metrics;

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QueueError {
    /// No room; there may be some in so many seconds.
    Full { retry_after_s: u64 },
    /// The miner shuts down.
    Closed,
    /// The deadline came first.
    Late,
    /// The work panicked.
    Broken,
}

struct Inner {
    limit: usize,
    taken: AtomicUsize,
    proving: AtomicUsize,
    closed: AtomicBool,
    /// Recent time of one proof, milliseconds.
    usual_ms: AtomicUsize,
    provers: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

/// A queue: `limit` jobs wait or run, `provers` of them run.
#[derive(Clone)]
pub(super) struct Queue(Arc<Inner>);

/// A place in the queue, given back when it is dropped: also when the caller goes away.
struct QueueSlot(Arc<Inner>);

impl Drop for QueueSlot {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::SeqCst);
        self.0.show();
    }
}

struct Running(Arc<Inner>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.proving.fetch_sub(1, Ordering::SeqCst);
        self.0.show();
    }
}

impl Inner {
    fn show(&self) {
        let (taken, proving) = (self.taken.load(Ordering::SeqCst), self.proving.load(Ordering::SeqCst));
        self.metrics.waiting.set(taken.saturating_sub(proving) as i64);
        self.metrics.proving.set(proving as i64);
    }
}

impl Queue {
    pub(super) fn new(limit: usize, provers: usize, metrics: Arc<Metrics>) -> Self {
        Self(Arc::new(Inner {
            limit: limit.max(1),
            taken: AtomicUsize::new(0),
            proving: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            usual_ms: AtomicUsize::new(1000),
            provers: Arc::new(Semaphore::new(provers.max(1))),
            metrics,
        }))
    }

    pub(super) fn close(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
    }

    pub(super) fn capacity(&self) -> Capacity {
        let (taken, proving) = (self.0.taken.load(Ordering::SeqCst), self.0.proving.load(Ordering::SeqCst));
        Capacity {
            limit: self.0.limit as u64,
            waiting: taken.saturating_sub(proving) as u64,
            proving: proving as u64,
            open: !self.0.closed.load(Ordering::SeqCst),
        }
    }

    /// Runs `work` when its turn comes. A caller that goes away (drops the future) while it waits gives its place
    /// back and nothing runs; a proof that has begun is finished and thrown away, since halo2 cannot be stopped.
    pub(super) async fn run<R: Send + 'static>(
        &self,
        deadline: Duration,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, QueueError> {
        let inner = &self.0;
        if inner.closed.load(Ordering::SeqCst) {
            return Err(QueueError::Closed);
        }
        let entered =
            inner.taken.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| (n < inner.limit).then_some(n + 1));
        if let Err(taken) = entered {
            let wait = inner.usual_ms.load(Ordering::Relaxed) * taken / 1000;
            return Err(QueueError::Full { retry_after_s: wait.clamp(1, 60) as u64 });
        }
        let place = QueueSlot(inner.clone());
        inner.show();
        let permit = tokio::time::timeout(deadline, inner.provers.clone().acquire_owned()).await;
        let permit = permit.map_err(|_| QueueError::Late)?.map_err(|_| QueueError::Closed)?;
        inner.proving.fetch_add(1, Ordering::SeqCst);
        inner.show();
        let running = Running(inner.clone());
        let task = tokio::task::spawn_blocking(move || {
            let start = Instant::now();
            let result = work();
            running.0.usual_ms.store(start.elapsed().as_millis() as usize, Ordering::Relaxed);
            // Room is made in this order: a place is free only when nothing runs in it.
            drop((running, permit, place));
            result
        });
        task.await.map_err(|_| QueueError::Broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[tokio::test(flavor = "multi_thread")]
    async fn full_is_said_at_once_and_places_come_back() {
        let queue = Queue::new(2, 1, Arc::new(Metrics::miner()));
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let (q1, q2) = (queue.clone(), queue.clone());
        let first = tokio::spawn(async move { q1.run(LONG, move || wait.recv().is_ok()).await });
        while queue.capacity().proving == 0 {
            tokio::task::yield_now().await;
        }
        let second = tokio::spawn(async move { q2.run(LONG, || 2).await });
        while queue.capacity().waiting == 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(queue.run(LONG, || 3).await, Err(QueueError::Full { .. })));
        // Who waits and goes away makes room.
        second.abort();
        while queue.capacity().waiting == 1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(queue.run(Duration::from_millis(10), || 4).await, Err(QueueError::Late));
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(true));
        assert_eq!(queue.run(LONG, || 5).await, Ok(5));
        assert_eq!(queue.run(LONG, || -> () { panic!("on purpose") }).await, Err(QueueError::Broken));
        assert_eq!(queue.capacity(), Capacity { limit: 2, waiting: 0, proving: 0, open: true });
        queue.close();
        assert_eq!(queue.run(LONG, || 6).await, Err(QueueError::Closed));
    }
}
