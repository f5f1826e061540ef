//! Values of hashed outputs, from the verdict until whoever asked fetches them: in memory only, and not for long.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Request, State as Shared_};
use axum::http::StatusCode;
use sha2::{Digest, Sha256};
use vouch_api::{HiddenOutputs, OutputsRequest, Problem, Salt};

use super::Validator;
use super::routes::{Id, stands};
use crate::{Refusal, server};

/// Most values that are kept; beyond that, the oldest are forgotten.
const MOST_VALUES: usize = 1 << 22;
/// Largest body of a request for values.
const MAX_BODY: usize = 1024;

type Outputs = BTreeMap<String, Vec<i64>>;

struct Entry {
    prediction: String,
    /// SHA-256 of the salt: who has the salt is who asked. The salt itself is not needed any more.
    salt: [u8; 32],
    outputs: Outputs,
    values: usize,
    since: Instant,
}

#[derive(Default)]
struct Entries {
    /// The oldest first.
    list: VecDeque<Entry>,
    values: usize,
}

impl Entries {
    /// Forgets from the oldest on, as long as it is to be forgotten.
    fn forget(&mut self, old: impl Fn(&Entry, usize) -> bool) {
        while let Some(values) = self.list.front().filter(|entry| old(entry, self.values)).map(|entry| entry.values) {
            self.list.pop_front();
            self.values -= values;
        }
    }
}

/// Why there are no values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotKept {
    /// There are none, or not any more.
    Gone,
    /// There are some, for another salt.
    OtherSalt,
}

/// The values that wait to be fetched.
pub(super) struct Kept {
    entries: Mutex<Entries>,
    time: Duration,
}

impl Kept {
    pub(super) fn new(time: Duration) -> Self {
        Self { entries: Mutex::default(), time }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn keep(&self, prediction: String, salt: Salt, outputs: Outputs) {
        let values = outputs.values().map(Vec::len).sum();
        let entry = Entry { prediction, salt: digest(salt), outputs, values, since: Instant::now() };
        let mut entries = self.lock();
        entries.values += values;
        entries.list.push_back(entry);
        entries.forget(|_, all| all > MOST_VALUES);
    }

    /// Hands values out, once.
    pub(super) fn take(&self, prediction: &str, salt: Salt) -> Result<Outputs, NotKept> {
        self.forget_old();
        let mut entries = self.lock();
        let at = entries.list.iter().position(|entry| entry.prediction == prediction).ok_or(NotKept::Gone)?;
        if entries.list.get(at).is_none_or(|entry| entry.salt != digest(salt)) {
            return Err(NotKept::OtherSalt);
        }
        let entry = entries.list.remove(at).ok_or(NotKept::Gone)?;
        entries.values -= entry.values;
        Ok(entry.outputs)
    }

    /// Forgets what was not fetched in time.
    pub(super) fn forget_old(&self) {
        self.lock().forget(|entry, _| entry.since.elapsed() >= self.time);
    }

    /// How long values wait.
    pub(super) fn time(&self) -> Duration {
        self.time
    }
}

/// A digest is compared instead of the secret, so that the time it takes says nothing about the secret.
fn digest(salt: Salt) -> [u8; 32] {
    Sha256::digest(salt.0).into()
}

/// The values of a prediction's hashed outputs, for whoever has its salt: once, and for some minutes after the prediction has ended. They are the validator's
/// word until their hash is found to be that of the envelope.
#[utoipa::path(post, path = "/v1/predictions/{id}/outputs", params(("id" = String, Path, description = "Its identifier")), request_body = OutputsRequest,
    responses((status = 200, body = HiddenOutputs),
        (status = 400, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"), (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"), (status = 410, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"), (status = 415, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn outputs(
    Shared_(v): Shared_<Arc<Validator>>,
    Id(id): Id,
    request: Request,
) -> Result<Json<HiddenOutputs>, Refusal> {
    let asked: OutputsRequest = server::read_json(request, MAX_BODY).await?;
    let status = stands(&v, &id).await?;
    if !status.state.is_final() {
        return Err(Refusal::new(StatusCode::CONFLICT, "open", "The prediction has not ended", &id));
    }
    v.kept.take(&id, asked.salt).map(|outputs| Json(HiddenOutputs { outputs })).map_err(|why| match why {
        NotKept::OtherSalt => Refusal::new(StatusCode::FORBIDDEN, "other-salt", "The prediction has another salt", &id),
        NotKept::Gone => {
            let detail = "it has no hashed outputs, or they were fetched, not fetched in time, or lost with a restart";
            Refusal::new(StatusCode::GONE, "not-kept", "There are no values of this prediction", detail)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    fn outputs(len: usize) -> Outputs {
        [("y".to_owned(), vec![7; len])].into()
    }

    #[test]
    fn values_are_handed_out_once_and_to_whom_has_the_salt() {
        let kept = Kept::new(LONG);
        kept.keep("a".into(), Salt([1; 32]), outputs(2));
        kept.keep("b".into(), Salt([2; 32]), outputs(3));
        assert_eq!(kept.take("a", Salt([2; 32])), Err(NotKept::OtherSalt));
        assert_eq!(kept.take("c", Salt([1; 32])), Err(NotKept::Gone));
        assert_eq!(kept.take("a", Salt([1; 32])), Ok(outputs(2)));
        assert_eq!(kept.take("a", Salt([1; 32])), Err(NotKept::Gone));
        assert_eq!(kept.take("b", Salt([2; 32])), Ok(outputs(3)));
        assert_eq!(kept.lock().values, 0);
    }

    #[test]
    fn time_and_room_are_bounded() {
        let kept = Kept::new(Duration::ZERO);
        kept.keep("a".into(), Salt([1; 32]), outputs(2));
        assert_eq!(kept.take("a", Salt([1; 32])), Err(NotKept::Gone));
        assert!(kept.lock().list.is_empty());
        assert_eq!(kept.lock().values, 0);

        let kept = Kept::new(LONG);
        for id in ["a", "b", "c"] {
            kept.keep(id.into(), Salt([1; 32]), outputs(MOST_VALUES / 2));
        }
        assert_eq!(kept.take("a", Salt([1; 32])), Err(NotKept::Gone), "the oldest");
        assert!(kept.take("c", Salt([1; 32])).is_ok());
        // What is too much by itself is not kept at all.
        kept.keep("d".into(), Salt([1; 32]), outputs(MOST_VALUES + 1));
        assert_eq!(kept.lock().values, 0);
    }
}
