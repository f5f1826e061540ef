//! A question to one miner, and what came back.

use std::sync::Arc;
use std::time::Duration;

use vouch_api::{AttemptOutcome, Nonce, NoncePart, Salt};

use super::flight::QuerySlot;
use crate::chain::MinerEntry;
use crate::registry::Model;

/// What is asked.
#[derive(Clone)]
pub(in crate::validator) struct Query {
    pub(in crate::validator) model: Arc<Model>,
    pub(in crate::validator) inputs: Vec<i64>,
    /// For models with hashed tensors.
    pub(in crate::validator) salt: Option<Salt>,
    /// The user's part of the nonce.
    pub(in crate::validator) user_part: NoncePart,
    pub(in crate::validator) prediction: Option<String>,
}

/// A miner's answer as it came, or why none came.
pub(super) struct Answer {
    pub(super) outcome: AttemptOutcome,
    pub(super) body: Vec<u8>,
    pub(super) detail: String,
}

impl Answer {
    pub(super) fn not(outcome: AttemptOutcome, detail: impl ToString) -> Self {
        Self { outcome, body: Vec::new(), detail: detail.to_string() }
    }
}

/// A query that was asked, not yet judged. It keeps its place among all queries.
pub(in crate::validator) struct Asked {
    pub(super) id: String,
    pub(super) miner: MinerEntry,
    pub(super) query: Query,
    pub(super) validator_part: NoncePart,
    pub(super) nonce: Nonce,
    pub(super) answer: Answer,
    pub(super) response: Duration,
    pub(super) place: Option<QuerySlot>,
}

impl Asked {
    /// Whether there is an answer to verify.
    pub(in crate::validator) fn arrived(&self) -> bool {
        self.answer.outcome == AttemptOutcome::Verified
    }
}
