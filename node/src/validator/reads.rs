//! What the validator's interface reads from the database. A connection of its own: readers do not wait for the writer.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use vouch_api::{
    LogEntry, MinerHistory, MinerSummary, ModelId, Nonce, NoncePart, PredictionStatus, ProofRecord, ProofSummary,
    State, Weight,
};
use vouch_protocol::{Entry, LogHash, PublicKey, Share, WeightEntry};

use crate::chain::MinerEntry;
use crate::database::DatabaseError;

type Read<T> = Result<T, DatabaseError>;

pub(super) fn open(path: &Path) -> Read<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    Ok(connection)
}

fn ms(us: i64) -> f64 {
    us as f64 / 1000.0
}

fn entry(row: &Row<'_>) -> rusqlite::Result<(Entry, String)> {
    let entry = Entry {
        seq: row.get::<_, i64>(0)? as u64,
        at_ms: row.get::<_, i64>(1)? as u64,
        body: row.get(3)?,
        previous: LogHash(row.get(4)?),
        hash: LogHash(row.get(5)?),
    };
    Ok((entry, row.get(2)?))
}

/// At most `limit` entries after number `after`, oldest first.
pub(crate) fn read_log(c: &Connection, after: u64, limit: u64) -> Read<Vec<Entry>> {
    let mut statement = c.prepare_cached("SELECT * FROM log WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
    let rows = statement.query_map(params![after as i64, limit as i64], entry)?;
    Ok(rows.map(|row| row.map(|(entry, _)| entry)).collect::<Result<_, _>>()?)
}

/// As [`read_log`], for people; without `after` the newest, newest first.
pub(super) fn log(c: &Connection, after: Option<u64>, limit: u64) -> Read<Vec<LogEntry>> {
    let sql = match after {
        Some(_) => "SELECT * FROM log WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        None => "SELECT * FROM log WHERE seq > ?1 ORDER BY seq DESC LIMIT ?2",
    };
    let mut statement = c.prepare_cached(sql)?;
    let after = i64::try_from(after.unwrap_or(0)).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![after, limit as i64], entry)?;
    rows.map(|row| {
        let (entry, kind) = row?;
        Ok(LogEntry {
            seq: entry.seq,
            at_ms: entry.at_ms,
            text: sentence(&entry),
            kind,
            body: entry.body,
            previous: entry.previous.to_string(),
            hash: entry.hash.to_string(),
        })
    })
    .collect()
}

fn sentence(entry: &Entry) -> String {
    use vouch_protocol::Event;
    let short = |text: &str| text.chars().take(8).collect::<String>();
    match serde_json::from_str(&entry.body) {
        Ok(Event::Started { version, .. }) => format!("the validator started, version {version}"),
        Ok(Event::Accepted { prediction, .. }) => format!("prediction {} was accepted", short(&prediction)),
        Ok(Event::Judged(v)) => {
            let miner = short(&v.miner.to_string());
            let took = v.response_us / 1000;
            format!("miner {miner}: {} after {took} ms, score {} -> {}", v.outcome.as_str(), v.before, v.after)
        }
        Ok(Event::Ended { prediction, proof_id: Some(proof), .. }) => {
            format!("prediction {} ended with proof {}", short(&prediction), short(&proof))
        }
        Ok(Event::Ended { prediction, reason, .. }) => {
            format!("prediction {} failed: {}", short(&prediction), reason.unwrap_or_default())
        }
        Ok(Event::Weights { epoch, weights }) => format!("weights of epoch {epoch} for {} miners", weights.len()),
        Err(_) => "an entry of another version".to_owned(),
    }
}

/// How a question stands.
pub(super) fn prediction(c: &Connection, id: &str) -> Read<Option<PredictionStatus>> {
    let sql = "SELECT model, user_part, state, created_ms, finished_ms, miner, attempts, proof_id, error, answer_nonce, answer_part FROM predictions WHERE id = ?1";
    let mut statement = c.prepare_cached(sql)?;
    let read = |row: &Row<'_>| {
        let state = match row.get::<_, String>(2)?.as_str() {
            "done" => State::Done,
            "failed" => State::Failed,
            _ => State::Queued,
        };
        Ok(PredictionStatus {
            id: id.to_owned(),
            model_id: ModelId(row.get(0)?),
            user_part: NoncePart(row.get(1)?),
            validator_part: row.get::<_, Option<[u8; 32]>>(10)?.map(NoncePart),
            nonce: row.get::<_, Option<[u8; 32]>>(9)?.map(Nonce),
            state,
            created_ms: row.get::<_, i64>(3)? as u64,
            finished_ms: row.get::<_, Option<i64>>(4)?.map(|v| v as u64),
            miner: row.get(5)?,
            attempts: row.get::<_, i64>(6)? as u64,
            proof_id: row.get(7)?,
            error: row.get(8)?,
        })
    };
    Ok(statement.query_row([id], read).optional()?)
}

fn summary(row: &Row<'_>) -> rusqlite::Result<ProofSummary> {
    Ok(ProofSummary {
        id: row.get(0)?,
        model_id: ModelId(row.get(1)?),
        at_ms: row.get::<_, i64>(2)? as u64,
        bytes: row.get::<_, i64>(3)? as u64,
        response_ms: ms(row.get(4)?),
    })
}

/// A proof's record.
pub(super) fn proof(c: &Connection, id: &str, verifier_sha256: &str) -> Read<Option<ProofRecord>> {
    let sql = "SELECT id, model, at_ms, length(envelope), response_us, miner, nonce, verify_us, user_part, validator_part FROM proofs WHERE id = ?1";
    let mut statement = c.prepare_cached(sql)?;
    let read = |row: &Row<'_>| {
        Ok(ProofRecord {
            summary: summary(row)?,
            miner: row.get(5)?,
            user_part: NoncePart(row.get(8)?),
            validator_part: NoncePart(row.get(9)?),
            nonce: Nonce(row.get(6)?),
            verify_ms: ms(row.get(7)?),
            verifier_sha256: verifier_sha256.to_owned(),
        })
    };
    Ok(statement.query_row([id], read).optional()?)
}

/// A proof's envelope.
pub(super) fn envelope(c: &Connection, id: &str) -> Read<Option<Vec<u8>>> {
    let mut statement = c.prepare_cached("SELECT envelope FROM proofs WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| row.get(0)).optional()?)
}

/// How many miners have answered for each model.
pub(super) fn serving(c: &Connection) -> Read<HashMap<ModelId, u64>> {
    let mut statement = c.prepare_cached("SELECT model, count(*) FROM latest GROUP BY model")?;
    let rows = statement.query_map([], |row| Ok((ModelId(row.get(0)?), row.get::<_, i64>(1)? as u64)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The weights of the last epoch.
pub(super) fn weights(c: &Connection) -> Read<Vec<Weight>> {
    let sql = "SELECT weights FROM epochs ORDER BY epoch DESC LIMIT 1";
    let text: Option<String> = c.query_row(sql, [], |row| row.get(0)).optional()?;
    let Some(text) = text else { return Ok(Vec::new()) };
    let entries: Vec<WeightEntry> = serde_json::from_str(&text).map_err(|e| DatabaseError::content("weights", e))?;
    let mut weights: Vec<_> =
        entries.iter().map(|e| Weight { miner: e.miner.to_string(), weight: e.weight.to_f64() }).collect();
    weights.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    Ok(weights)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Every miner on the chain.
pub(super) fn miners(c: &Connection, parties: &[MinerEntry]) -> Read<Vec<MinerSummary>> {
    let weights: HashMap<String, f64> = weights(c)?.into_iter().map(|w| (w.miner, w.weight)).collect();
    let mut all = parties.iter().map(|m| miner(c, m.key, &weights)).collect::<Read<Vec<_>>>()?;
    all.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
    Ok(all)
}

fn miner(c: &Connection, key: PublicKey, weights: &HashMap<String, f64>) -> Read<MinerSummary> {
    let score: Option<i64> =
        c.prepare_cached("SELECT score FROM scores WHERE miner = ?1")?.query_row([key.0], |r| r.get(0)).optional()?;
    let mut counts: HashMap<String, u64> = HashMap::new();
    let mut statement = c.prepare_cached("SELECT outcome, count FROM tallies WHERE miner = ?1")?;
    for row in statement.query_map([key.0], |r| Ok((r.get(0)?, r.get::<_, i64>(1)? as u64)))? {
        let (outcome, count) = row?;
        counts.insert(outcome, count);
    }
    let count = |names: &[&str]| names.iter().filter_map(|name| counts.get(*name)).sum();
    let mut statement = c.prepare_cached("SELECT response_us, verify_us, bytes, at_ms FROM attempts WHERE miner = ?1 AND outcome = 'verified' ORDER BY at_ms DESC LIMIT 20")?;
    let rows = statement
        .query_map([key.0], |r| Ok((ms(r.get(0)?), ms(r.get(1)?), r.get::<_, i64>(2)?, r.get::<_, i64>(3)?)))?;
    let recent = rows.collect::<Result<Vec<_>, _>>()?;
    let id = key.to_string();
    Ok(MinerSummary {
        score: score.and_then(|s| Share::new(s as u64)).unwrap_or_default().to_f64(),
        weight: weights.get(&id).copied().unwrap_or(0.0),
        verified: count(&["verified"]),
        refused: count(&["refused", "malformed"]),
        missing: count(&["late", "failed", "busy"]),
        response_ms: median(recent.iter().map(|r| r.0).collect()),
        verify_ms: median(recent.iter().map(|r| r.1).collect()),
        proof_bytes: recent.first().map(|r| r.2 as u64),
        seen_ms: recent.first().map(|r| r.3 as u64),
        id,
    })
}

/// One miner's history.
pub(super) fn history(c: &Connection, key: PublicKey) -> Read<MinerHistory> {
    let mut statement = c.prepare_cached("SELECT at_ms, score, response_us, bytes, outcome FROM attempts WHERE miner = ?1 ORDER BY at_ms DESC, rowid DESC LIMIT 500")?;
    let read = |r: &Row<'_>| {
        let score = Share::new(r.get::<_, i64>(1)? as u64).unwrap_or_default().to_f64();
        let verified = r.get::<_, String>(4)? == "verified";
        Ok(((r.get::<_, i64>(0)? as f64, score), ms(r.get(2)?), r.get::<_, i64>(3)? as f64, verified))
    };
    let mut rows = statement.query_map([key.0], read)?.collect::<Result<Vec<_>, _>>()?;
    rows.reverse();
    let sql = "SELECT id, model, at_ms, length(envelope), response_us FROM proofs WHERE miner = ?1 ORDER BY at_ms DESC LIMIT 50";
    let mut statement = c.prepare_cached(sql)?;
    let proofs = statement.query_map([key.to_string()], summary)?.collect::<Result<Vec<_>, _>>()?;
    Ok(MinerHistory {
        scores: rows.iter().map(|r| r.0).collect(),
        responses_ms: rows.iter().filter(|r| r.3).map(|r| r.1).collect(),
        proof_bytes: rows.iter().filter(|r| r.3).map(|r| r.2).collect(),
        proofs,
    })
}
