//! Recomputing everything from the log.

use std::collections::{BTreeMap, HashMap, VecDeque};

use sha2::{Digest, Sha256};
use vouch_api::{AttemptOutcome, Nonce};

use crate::{
    Answer, Entry, EpochHead, Event, LogHash, PublicKey, ReplayError, ScoreBook, ScoreParameters, Share, Verdict,
    WeightEntry,
};

impl Verdict {
    /// What the attempt counts as; `None` if it leaves the score as it is. A verified answer of a model that the
    /// parameters do not name counts as none.
    pub fn answer(&self, parameters: &ScoreParameters) -> Option<Answer> {
        match self.outcome {
            AttemptOutcome::Cancelled => None,
            AttemptOutcome::Verified => {
                let reference_us = parameters.models.get(&self.model_id)?.reference_us;
                Some(Answer::Verified { reference_us, response_us: self.response_us })
            }
            AttemptOutcome::Refused
            | AttemptOutcome::Malformed
            | AttemptOutcome::Late
            | AttemptOutcome::Failed
            | AttemptOutcome::Busy => Some(Answer::NotVerified),
        }
    }
}

/// How a question ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finished {
    /// Not yet.
    Pending,
    /// With a proof.
    Proved(String),
    /// Without one.
    Failed(String),
}

/// The end of an epoch in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Number of the entry with the weights.
    pub seq: u64,
    /// Its hash.
    pub head: LogHash,
    weights: [u8; 32],
}

impl Ended {
    /// Whether these are the weights of the entry.
    pub fn has_weights(&self, weights: &[WeightEntry]) -> bool {
        digest(weights) == self.weights
    }
}

fn digest(weights: &[WeightEntry]) -> [u8; 32] {
    let sorted: BTreeMap<PublicKey, Share> = weights.iter().map(|entry| (entry.miner, entry.weight)).collect();
    let mut hash = Sha256::new().chain_update((weights.len() as u64).to_le_bytes());
    for (miner, weight) in sorted {
        hash.update(miner.0);
        hash.update(weight.bits().to_le_bytes());
    }
    hash.finalize().into()
}

/// Epochs whose weights are kept as they are.
const RECENT: usize = 16;

/// The state that a log leads to. Feed it the entries in order.
#[derive(Debug, Clone)]
pub struct Replay {
    validator: PublicKey,
    next: u64,
    at_ms: u64,
    head: LogHash,
    started: Option<(String, ScoreParameters)>,
    book: ScoreBook,
    predictions: BTreeMap<String, Finished>,
    attempts: HashMap<String, u64>,
    nonces: HashMap<Nonce, u64>,
    credited: HashMap<String, u64>,
    proofs: Vec<Verdict>,
    weights: VecDeque<(u64, Vec<WeightEntry>)>,
    epochs: BTreeMap<u64, Ended>,
}

impl Replay {
    /// Before the first entry of a validator's log.
    pub fn new(validator: &PublicKey) -> Self {
        Self {
            validator: *validator,
            next: 1,
            at_ms: 0,
            head: LogHash::genesis(validator),
            started: None,
            book: ScoreBook::new(),
            predictions: BTreeMap::new(),
            attempts: HashMap::new(),
            nonces: HashMap::new(),
            credited: HashMap::new(),
            proofs: Vec::new(),
            weights: VecDeque::new(),
            epochs: BTreeMap::new(),
        }
    }

    /// Checks one entry and all that follows from it.
    ///
    /// # Errors
    /// [`ReplayError`]: the log is not what an honest validator writes.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), ReplayError> {
        let event = entry.check(self.next, &self.head)?;
        let seq = entry.seq;
        if entry.at_ms < self.at_ms {
            return Err(ReplayError::Time { seq, before_ms: self.at_ms, at_ms: entry.at_ms });
        }
        match event {
            Event::Started { validator, chain, parameters, .. } => {
                if validator != self.validator {
                    return Err(ReplayError::Validator { seq, expected: self.validator, got: validator });
                }
                self.started = Some((chain, parameters));
            }
            Event::Accepted { prediction, .. } => {
                if self.predictions.insert(prediction.clone(), Finished::Pending).is_some() {
                    return Err(ReplayError::Prediction { seq, prediction, reason: "was accepted before" });
                }
            }
            Event::Judged(verdict) => self.judged(seq, verdict)?,
            Event::Ended { prediction, proof_id, reason } => self.ended(seq, prediction, proof_id, reason)?,
            Event::Weights { epoch, weights } => self.weights(entry, epoch, weights)?,
        }
        self.next += 1;
        self.at_ms = entry.at_ms;
        self.head = entry.hash;
        Ok(())
    }

    fn judged(&mut self, seq: u64, verdict: Verdict) -> Result<(), ReplayError> {
        let Some((chain, parameters)) = &self.started else { return Err(ReplayError::NoParameters { seq }) };
        if let Some(&first) = self.attempts.get(&verdict.attempt) {
            return Err(ReplayError::Twice { seq, attempt: verdict.attempt, first });
        }
        let expected = verdict.expected_nonce(chain, &self.validator);
        if expected != verdict.nonce {
            return Err(ReplayError::Nonce { seq, expected, got: verdict.nonce });
        }
        if let Some(first) = self.nonces.insert(verdict.nonce, seq) {
            return Err(ReplayError::NonceTwice { seq, nonce: verdict.nonce, first });
        }
        if !parameters.models.contains_key(&verdict.model_id) {
            return Err(ReplayError::Model { seq, model: verdict.model_id });
        }
        let wrong = |reason| ReplayError::Proof { seq, attempt: verdict.attempt.clone(), reason };
        match (verdict.outcome, &verdict.proof_id) {
            (AttemptOutcome::Verified, None) => return Err(wrong("is verified and has no proof")),
            (AttemptOutcome::Verified, Some(proof_id)) => {
                if let Some(first) = self.credited.insert(proof_id.clone(), seq) {
                    return Err(ReplayError::ProofTwice { seq, proof_id: proof_id.clone(), first });
                }
            }
            (_, Some(_)) => return Err(wrong("is not verified and has a proof")),
            (_, None) => {}
        }
        let (miner, model) = (verdict.miner, verdict.model_id);
        let expected = match verdict.answer(parameters) {
            Some(answer) => self.book.apply(miner, answer),
            None => (self.book.score(&miner), self.book.score(&miner)),
        };
        let got = (verdict.before, verdict.after);
        if expected != got {
            return Err(ReplayError::Score { seq, miner, model, expected, got });
        }
        self.attempts.insert(verdict.attempt.clone(), seq);
        if verdict.proof_id.is_some() {
            self.proofs.push(verdict);
        }
        Ok(())
    }

    fn ended(
        &mut self,
        seq: u64,
        prediction: String,
        proof_id: Option<String>,
        reason: Option<String>,
    ) -> Result<(), ReplayError> {
        let wrong = |reason| ReplayError::Prediction { seq, prediction: prediction.clone(), reason };
        let proved = |id: &String| {
            self.proofs.iter().any(|p| p.proof_id.as_ref() == Some(id) && p.prediction.as_ref() == Some(&prediction))
        };
        if proof_id.as_ref().is_some_and(|id| !proved(id)) {
            return Err(wrong("ended with a proof that was not verified for it"));
        }
        match self.predictions.get_mut(&prediction) {
            None => Err(wrong("was never accepted")),
            Some(state @ Finished::Pending) => {
                *state = match proof_id {
                    Some(id) => Finished::Proved(id),
                    None => Finished::Failed(reason.unwrap_or_default()),
                };
                Ok(())
            }
            Some(_) => Err(wrong("ended before")),
        }
    }

    fn weights(&mut self, entry: &Entry, epoch: u64, published: Vec<WeightEntry>) -> Result<(), ReplayError> {
        let (seq, head) = (entry.seq, entry.hash);
        if let Some((&last, _)) = self.epochs.last_key_value().filter(|(last, _)| **last >= epoch) {
            return Err(ReplayError::Epoch { seq, epoch, last });
        }
        // The miners that are on the chain at the end of the epoch: those that are named.
        let expected = self.book.weights(published.iter().map(|entry| entry.miner));
        let got: BTreeMap<PublicKey, Share> = published.iter().map(|entry| (entry.miner, entry.weight)).collect();
        if got.len() != published.len() || expected != got {
            return Err(ReplayError::Weights { seq, epoch });
        }
        self.epochs.insert(epoch, Ended { seq, head, weights: digest(&published) });
        if self.weights.len() == RECENT {
            self.weights.pop_front();
        }
        self.weights.push_back((epoch, published));
        self.book.end_epoch();
        Ok(())
    }

    /// Number of entries so far.
    pub fn len(&self) -> u64 {
        self.next - 1
    }

    /// Whether there was no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hash of the last entry.
    pub fn head(&self) -> LogHash {
        self.head
    }

    /// The scores.
    pub fn book(&self) -> &ScoreBook {
        &self.book
    }

    /// How each accepted question ended.
    pub fn predictions(&self) -> &BTreeMap<String, Finished> {
        &self.predictions
    }

    /// The verified answers, in order.
    pub fn proofs(&self) -> &[Verdict] {
        &self.proofs
    }

    /// Number of judged attempts.
    pub fn judged_count(&self) -> usize {
        self.attempts.len()
    }

    /// The weights of the newest epochs, the newest last.
    pub fn recent_weights(&self) -> impl Iterator<Item = (u64, &[WeightEntry])> {
        self.weights.iter().map(|(epoch, weights)| (*epoch, weights.as_slice()))
    }

    /// The weights published last.
    pub fn last_weights(&self) -> &[WeightEntry] {
        self.weights.back().map_or(&[], |(_, weights)| weights)
    }

    /// The ends of the epochs, by their numbers.
    pub fn epochs(&self) -> &BTreeMap<u64, Ended> {
        &self.epochs
    }

    /// The chain and the parameters that the newest `started` entry names.
    pub fn started(&self) -> Option<(&str, &ScoreParameters)> {
        self.started.as_ref().map(|(chain, parameters)| (chain.as_str(), parameters))
    }

    /// The head of an epoch, as this log has it.
    pub fn epoch_head(&self, epoch: u64) -> Option<EpochHead> {
        let (Ended { seq, head, .. }, (chain, _)) = (*self.epochs.get(&epoch)?, self.started()?);
        Some(EpochHead { chain: chain.to_owned(), validator: self.validator, epoch, seq, head })
    }
}
