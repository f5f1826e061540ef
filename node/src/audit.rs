//! Checking a validator: its log's chain, every score and weight in it, what it has published, and a sample of the proofs.

mod fetch;
mod publications;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Place;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256};
use vouch_api::{LogEntry, ModelId, Network, paths};
use vouch_envelope::hex;
use vouch_protocol::{Entry, Finished, InputsHash, PublicKey, Replay, SignedHead, Verdict, reference_us};
use vouch_verifier::{Expected, ProofEnvelope, SrsKind, VerifierKey, verify_bytes};

use crate::random::shuffle;
use crate::registry::Registry;
use crate::validator::{DATABASE_FILE, read_log};

use fetch::Source;

pub use publications::Published;

const PAGE: u64 = 1000;

/// What an audit looks at, beside the log.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Most proofs to verify again.
    pub proofs: usize,
    /// Accept keys of a development setup, whose maker can forge proofs.
    pub allow_development: bool,
    /// The chain, to compare what was published with the log.
    pub chain: Option<Published>,
    /// Heads of the log that were noted earlier.
    pub heads: Vec<SignedHead>,
}

/// What an audit has found to be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Entries of the log.
    pub entries: u64,
    /// Answers judged, each once, with the right score.
    pub judged: usize,
    /// Proofs in the log.
    pub proofs: usize,
    /// Proofs that were fetched and verified again.
    pub verified_again: usize,
    /// How the questions stand, by identifier.
    pub predictions: BTreeMap<String, Finished>,
    /// Epochs whose weights are those of the scores.
    pub epochs: usize,
    /// Epochs on the chain, with the weights and the head of the log; none without a chain to look at.
    pub published: usize,
}

impl std::fmt::Display for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = |want: fn(&Finished) -> bool| self.predictions.values().filter(|p| want(p)).count();
        writeln!(f, "log            {} entries, the chain of hashes holds", self.entries)?;
        writeln!(f, "answers        {} judged, none twice, every score recomputed", self.judged)?;
        writeln!(f, "weights        {} epochs recomputed, {} compared with the chain", self.epochs, self.published)?;
        let (proved, failed) =
            (count(|p| matches!(p, Finished::Proved(_))), count(|p| matches!(p, Finished::Failed(_))));
        writeln!(f, "predictions    {proved} proved, {failed} failed, {} open", count(|p| *p == Finished::Pending))?;
        write!(f, "proofs         {} in the log, {} fetched and verified again", self.proofs, self.verified_again)
    }
}

fn judge(
    replay: &Replay,
    verdict: &Verdict,
    key: &VerifierKey,
    envelope: &[u8],
    allow_development: bool,
) -> Result<()> {
    let id = verdict.proof_id.clone().unwrap_or_default();
    ensure!(
        allow_development || key.srs_kind() != SrsKind::Development,
        "proof {id}: its key rests on a development setup, whose maker can forge proofs; \
         `--allow-development` audits it all the same"
    );
    ensure!(hex::encode(&Sha256::digest(envelope)) == id, "proof {id}: its bytes are others");
    ensure!(key.model_id() == verdict.model_id, "proof {id}: the key is another model's");
    ensure!(envelope.len() as u64 == verdict.bytes, "proof {id}: the log names another length");
    if let Some(terms) = replay.started().and_then(|(_, parameters)| parameters.models.get(&verdict.model_id)) {
        let (own, development) = (reference_us(key.description().k, key.proof_len() as u64), terms.development);
        ensure!(
            terms.reference_us == own,
            "model {}: reference {} µs in the log, {own} by its key",
            verdict.model_id,
            terms.reference_us
        );
        ensure!(
            development == (key.srs_kind() == SrsKind::Development),
            "model {}: another setup in the log",
            verdict.model_id
        );
    }
    let public = ProofEnvelope::decode(envelope).with_context(|| format!("proof {id}"))?.public;
    let inputs = InputsHash::of(&public.inputs, &public.input_hashes);
    ensure!(inputs == verdict.inputs, "proof {id}: its inputs are not those of the log");
    let expected = Expected {
        model_id: Some(verdict.model_id),
        nonce: Some(verdict.nonce),
        allow_development_srs: allow_development,
        ..Expected::default()
    };
    verify_bytes(key, &expected, envelope).with_context(|| format!("proof {id}"))?;
    Ok(())
}

fn sample(replay: &Replay, most: usize) -> Vec<Verdict> {
    let mut proofs = replay.proofs().to_vec();
    shuffle(&mut proofs);
    proofs.truncate(most);
    proofs
}

fn summary(replay: &Replay, verified_again: usize, published: usize) -> Audit {
    Audit {
        entries: replay.len(),
        judged: replay.judged_count(),
        proofs: replay.proofs().len(),
        verified_again,
        predictions: replay.predictions().clone(),
        epochs: replay.epochs().len(),
        published,
    }
}

/// Audits a validator's folder; also that its tables say what its log says. Proofs for keys of a development setup are an
/// error unless the scope allows them.
///
/// # Errors
/// The first thing that is wrong.
pub fn folder(data: &Path, models: &Registry, scope: &Scope) -> Result<Audit> {
    let path = data.join(DATABASE_FILE);
    ensure!(path.is_file(), "{}: no validator's database", path.display());
    let c = rusqlite::Connection::open(&path)?;
    let owner: String = c.query_row("SELECT value FROM meta WHERE name = 'validator'", [], |r| r.get(0))?;
    let validator: PublicKey = owner.parse()?;
    let mut replay = Replay::new(&validator);
    loop {
        let entries = read_log(&c, replay.len(), PAGE)?;
        for entry in &entries {
            replay.apply(entry)?;
        }
        if (entries.len() as u64) < PAGE {
            break;
        }
    }
    for (miner, score) in replay.book().scores() {
        let stored: Option<i64> =
            c.query_row("SELECT score FROM scores WHERE miner = ?1", [miner.0], |r| r.get(0)).optional()?;
        ensure!(stored == Some(score.bits() as i64), "score of {miner}: the log gives {score:?}, stored is {stored:?}");
    }
    let rows: i64 = c.query_row("SELECT count(*) FROM attempts", [], |r| r.get(0))?;
    ensure!(rows as usize == replay.judged_count(), "{rows} attempts stored, {} in the log", replay.judged_count());
    for (id, finished) in replay.predictions() {
        let state: String = c.query_row("SELECT state FROM predictions WHERE id = ?1", [id], |r| r.get(0))?;
        let expected = match finished {
            Finished::Pending => "queued",
            Finished::Proved(_) => "done",
            Finished::Failed(_) => "failed",
        };
        ensure!(state == expected, "prediction {id}: {expected} by the log, stored as {state}");
    }
    let rows: i64 = c.query_row("SELECT count(*) FROM predictions", [], |r| r.get(0))?;
    ensure!(rows as usize == replay.predictions().len(), "{rows} predictions stored, others in the log");
    let published = publications::check(&replay, &validator, scope)?;
    let proofs = sample(&replay, scope.proofs);
    for verdict in &proofs {
        let id = verdict.proof_id.clone().unwrap_or_default();
        let envelope: Vec<u8> = c
            .query_row("SELECT envelope FROM proofs WHERE id = ?1", [&id], |r| r.get(0))
            .with_context(|| format!("proof {id} is lost"))?;
        let model = models.get(&verdict.model_id).with_context(|| format!("no model {}", verdict.model_id))?;
        judge(&replay, verdict, &model.key, &envelope, scope.allow_development)?;
    }
    Ok(summary(&replay, proofs.len(), published))
}

/// Audits a validator over its interface. A key is good if its hash is the model's identity, whoever sent it. Proofs for
/// keys of a development setup are an error unless the scope allows them. What is fetched is bounded.
///
/// # Errors
/// The first thing that is wrong.
pub async fn remote(url: &str, scope: &Scope) -> Result<Audit> {
    let source = Source::new(url)?;
    let network: Network = source.json(paths::NETWORK).await?;
    let validator: PublicKey = network.validator.parse()?;
    let mut replay = Replay::new(&validator);
    loop {
        let entries: Vec<LogEntry> =
            source.json(&format!("{}?after={}&limit={PAGE}", paths::LOG, replay.len())).await?;
        ensure!(entries.len() as u64 <= PAGE, "{} entries sent, {PAGE} asked for", entries.len());
        for e in &entries {
            let (previous, hash) = (e.previous.parse()?, e.hash.parse()?);
            replay.apply(&Entry { seq: e.seq, at_ms: e.at_ms, body: e.body.clone(), previous, hash })?;
        }
        if (entries.len() as u64) < PAGE {
            break;
        }
    }
    let mut keys: BTreeMap<ModelId, VerifierKey> = BTreeMap::new();
    let published = publications::check(&replay, &validator, scope)?;
    let proofs = sample(&replay, scope.proofs);
    for verdict in &proofs {
        let model = verdict.model_id;
        let key = match keys.entry(model) {
            Place::Occupied(known) => known.into_mut(),
            Place::Vacant(place) => {
                let bytes = source.bytes(&format!("{}/{model}/key", paths::MODELS), fetch::MAX_KEY).await?;
                let key = VerifierKey::from_bytes(&bytes)?;
                if key.model_id() != model {
                    bail!("the validator sent another model's key for {model}");
                }
                place.insert(key)
            }
        };
        let id = verdict.proof_id.clone().unwrap_or_default();
        let envelope = source.bytes(&format!("{}/{id}/envelope", paths::PROOFS), fetch::MAX_ENVELOPE).await?;
        judge(&replay, verdict, key, &envelope, scope.allow_development)?;
    }
    Ok(summary(&replay, proofs.len(), published))
}
