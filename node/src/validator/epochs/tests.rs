use super::*;

use std::collections::BTreeMap;
use std::sync::Mutex;

use vouch_protocol::{PublicKey, ScoreParameters};
use vouch_subtensor::SubtensorError;

use crate::chain::{Chain, Parties};

/// A chain that says what the test says.
#[derive(Default)]
struct Told {
    epoch: Mutex<Option<Option<u64>>>,
    /// What the next publication is refused with.
    refuse: Mutex<Option<SubtensorError>>,
    published: Mutex<Vec<u64>>,
}

impl Chain for Told {
    fn parties(&self) -> Result<Parties, ChainError> {
        Ok(Parties::default())
    }

    fn publish(&self, _: &PublicKey, epoch: u64, _: &Publication) -> Result<(), ChainError> {
        match self.refuse.lock().unwrap().take() {
            Some(error) => Err(error.into()),
            None => {
                self.published.lock().unwrap().push(epoch);
                Ok(())
            }
        }
    }

    fn epoch(&self) -> Result<Option<u64>, ChainError> {
        self.epoch.lock().unwrap().ok_or(ChainError::Subtensor(SubtensorError::NoKey))
    }
}

fn epochs(chain: &Arc<Told>) -> (Epochs, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (epochs_in(&dir, chain, PartyKey::generate()), dir)
}

fn epochs_in(dir: &tempfile::TempDir, chain: &Arc<Told>, key: PartyKey) -> Epochs {
    let participants = Arc::new(Participants::read(chain.clone(), Duration::from_secs(9)).unwrap());
    let parameters = ScoreParameters { models: BTreeMap::new() };
    let store = Store::open(&dir.path().join("v.sqlite"), key.public(), "local".into(), parameters, 3_600_000).unwrap();
    Epochs { key, participants, store }
}

/// A validator that is away while the chain's epoch ends ends its own when it comes back, and publishes it, once.
#[tokio::test]
async fn an_epoch_that_ended_while_the_validator_was_away_is_published() {
    let chain = Arc::new(Told::default());
    let dir = tempfile::tempdir().unwrap();
    let key = PartyKey::generate();
    let run_at = async |epoch: u64, until: usize| {
        *chain.epoch.lock().unwrap() = Some(Some(epoch));
        let stop = Stop::new();
        let running = tokio::spawn(epochs_in(&dir, &chain, key.clone()).run(stop.clone()));
        let published = || chain.published.lock().unwrap().len();
        let start = std::time::Instant::now();
        while published() < until && start.elapsed() < Duration::from_secs(30) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Nothing more comes.
        tokio::time::sleep(Duration::from_millis(500)).await;
        stop.set();
        running.await.unwrap();
        assert_eq!(published(), until, "epoch {epoch}");
    };
    run_at(5, 0).await;
    run_at(5, 0).await;
    run_at(6, 1).await;
    run_at(6, 1).await;
    // However many of the chain's epochs there were, it is one of ours.
    run_at(9, 2).await;
    assert_eq!(*chain.published.lock().unwrap(), [0, 1]);
}

/// Epochs end when the chain's do, and by the clock where the chain has none.
#[tokio::test]
async fn the_chains_epochs_end_ours() {
    let chain = Arc::new(Told::default());
    let (epochs, _dir) = epochs(&chain);
    let mut course = Course::Clock;
    let mut over = async |said: Option<Option<u64>>, ends_ms| {
        *chain.epoch.lock().unwrap() = said;
        let next = epochs.next(&mut course, ends_ms).await;
        course = next.unwrap_or(course);
        next.is_some()
    };
    assert!(over(Some(None), 0).await && !over(Some(None), u64::MAX).await);
    // The first number that is seen ends nothing, and the clock does not either.
    assert!(!over(Some(Some(5)), 0).await && !over(Some(Some(5)), 0).await);
    assert!(over(Some(Some(6)), u64::MAX).await && !over(Some(Some(6)), 0).await);
    // While the chain does not answer nothing ends, and nothing is forgotten.
    assert!(!over(None, 0).await);
    assert!(over(Some(Some(7)), u64::MAX).await);
}

/// What the chain does not take is offered again, after the pause that the error asks for.
#[tokio::test]
async fn weights_are_offered_until_the_chain_takes_them() {
    let chain = Arc::new(Told::default());
    let (epochs, _dir) = epochs(&chain);
    epochs.store.write(|ledger| ledger.end_epoch(&[], None)).await.unwrap();
    for (error, pause) in [
        (SubtensorError::Pending { call: "set_weights" }, 0),
        (SubtensorError::TooEarly { what: "weights", blocks: 7 }, 84),
        (SubtensorError::NoKey, 60),
    ] {
        *chain.refuse.lock().unwrap() = Some(error);
        assert_eq!(epochs.offer().await, Duration::from_secs(pause));
    }
    assert!(chain.published.lock().unwrap().is_empty());
    assert_eq!(epochs.offer().await, Duration::ZERO);
    assert_eq!(epochs.offer().await, Duration::ZERO);
    assert_eq!(chain.published.lock().unwrap().len(), 1);
}
