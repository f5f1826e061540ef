//! Everything that a validator writes down. One writer; each step is one transaction, so that a crash leaves a step
//! done or not begun: log, score, proof and prediction never disagree.

pub(super) mod epochs;
pub(super) mod strategies;

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use vouch_api::{AttemptOutcome, ModelId, NoncePart, PredictionStatus, Salt, State};
use vouch_protocol::{Entry, Event, LogHash, PublicKey, ScoreBook, ScoreParameters, Share, Verdict};

use crate::database::{DatabaseError, open};
use crate::now_ms;

/// Name of the database in the validator's folder.
pub(crate) const DATABASE_FILE: &str = "validator.sqlite";

const MIGRATIONS: &[&str] = &["
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE log (seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL);
    CREATE TABLE scores (miner BLOB PRIMARY KEY, score INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE latest (model BLOB NOT NULL, miner BLOB NOT NULL, response_us INTEGER NOT NULL, PRIMARY KEY (model, miner)) WITHOUT ROWID;
    CREATE TABLE attempts (id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, miner BLOB NOT NULL, model BLOB NOT NULL, outcome TEXT NOT NULL,
        response_us INTEGER NOT NULL, verify_us INTEGER NOT NULL, bytes INTEGER NOT NULL, score INTEGER NOT NULL, proof_id TEXT);
    CREATE INDEX attempts_by_miner ON attempts (miner, at_ms);
    CREATE TABLE predictions (id TEXT PRIMARY KEY, model BLOB NOT NULL, nonce BLOB, inputs TEXT NOT NULL, state TEXT NOT NULL, created_ms INTEGER NOT NULL,
        finished_ms INTEGER, miner TEXT, attempts INTEGER NOT NULL DEFAULT 0, proof_id TEXT, error TEXT, answer_nonce BLOB);
    CREATE UNIQUE INDEX predictions_by_nonce ON predictions (nonce) WHERE nonce IS NOT NULL;
    CREATE INDEX predictions_open ON predictions (state) WHERE state = 'queued';
    CREATE TABLE proofs (id TEXT PRIMARY KEY, model BLOB NOT NULL, miner TEXT NOT NULL, nonce BLOB NOT NULL, at_ms INTEGER NOT NULL,
        response_us INTEGER NOT NULL, verify_us INTEGER NOT NULL, envelope BLOB NOT NULL);
    CREATE INDEX proofs_by_miner ON proofs (miner, at_ms);
    CREATE TABLE epochs (epoch INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, weights TEXT NOT NULL, published INTEGER NOT NULL);
", "
    -- Lists of miners must not take longer the longer a validator has run.
    CREATE TABLE tallies (miner BLOB NOT NULL, outcome TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (miner, outcome)) WITHOUT ROWID;
    INSERT INTO tallies SELECT miner, outcome, count(*) FROM attempts GROUP BY miner, outcome;
    CREATE TRIGGER tally AFTER INSERT ON attempts BEGIN
        INSERT INTO tallies VALUES (NEW.miner, NEW.outcome, 1) ON CONFLICT DO UPDATE SET count = count + 1;
    END;
    CREATE INDEX attempts_verified ON attempts (miner, at_ms) WHERE outcome = 'verified';
", "
    CREATE TABLE strategies (id TEXT PRIMARY KEY, plan TEXT NOT NULL, market TEXT NOT NULL, horizon REAL NOT NULL, risk REAL NOT NULL,
        predictions TEXT NOT NULL, state TEXT NOT NULL, created_ms INTEGER NOT NULL, finished_ms INTEGER, error TEXT, chain_id TEXT, chain BLOB);
    CREATE INDEX strategies_open ON strategies (created_ms) WHERE state = 'open';
", "
    -- Nonces are hashes of parts.
    ALTER TABLE predictions RENAME COLUMN nonce TO user_part;
    ALTER TABLE predictions ADD COLUMN answer_part BLOB;
    ALTER TABLE proofs ADD COLUMN user_part BLOB NOT NULL DEFAULT x'';
    ALTER TABLE proofs ADD COLUMN validator_part BLOB NOT NULL DEFAULT x'';
    -- Delivered work of late; the entry that ended each epoch.
    CREATE TABLE work (miner BLOB PRIMARY KEY, us INTEGER NOT NULL) WITHOUT ROWID;
    ALTER TABLE epochs ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE epochs ADD COLUMN head BLOB NOT NULL DEFAULT x'';
"];

/// Version of the log's content. Entries of another version cannot be replayed with these rules.
const LOG_VERSION: &str = "2";

/// A question that is open.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) status: PredictionStatus,
    /// What is asked; none after a restart, if the model has hashed tensors: then it was in memory only.
    pub(super) question: Option<Question>,
}

/// What is asked of a model.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) inputs: Vec<i64>,
    /// For models with hashed tensors.
    pub(super) salt: Option<Salt>,
}

/// A verified answer's bytes.
#[derive(Debug, Clone)]
pub(super) struct Proof {
    pub(super) id: String,
    pub(super) envelope: Vec<u8>,
}

/// The writer.
pub(super) struct Ledger {
    connection: Connection,
    parameters: ScoreParameters,
    book: ScoreBook,
    next: u64,
    /// Time of the newest entry.
    at_ms: u64,
    head: LogHash,
    epoch: u64,
    epoch_ends_ms: u64,
    epoch_ms: u64,
}

fn array(bytes: &[u8]) -> Result<[u8; 32], DatabaseError> {
    bytes.try_into().map_err(|_| DatabaseError::content("an identity", format!("{} bytes", bytes.len())))
}

/// Refuses a log of another version; a new database gets this one.
fn check_version(connection: &Connection) -> Result<(), DatabaseError> {
    let stored: Option<String> =
        connection.query_row("SELECT value FROM meta WHERE name = 'log_version'", [], |r| r.get(0)).optional()?;
    let entries: i64 = connection.query_row("SELECT count(*) FROM log", [], |r| r.get(0))?;
    match stored {
        Some(version) if version == LOG_VERSION => Ok(()),
        None if entries == 0 => {
            connection.execute("INSERT INTO meta VALUES ('log_version', ?1)", [LOG_VERSION])?;
            Ok(())
        }
        other => Err(DatabaseError::LogVersion { got: other.unwrap_or_else(|| "1".to_owned()), known: LOG_VERSION }),
    }
}

/// Appends to the log within a transaction.
struct Log<'a> {
    transaction: &'a Transaction<'a>,
    next: u64,
    at_ms: u64,
    head: LogHash,
}

impl Log<'_> {
    fn push(&mut self, event: &Event) -> Result<(), DatabaseError> {
        // The log's time never runs backwards, whatever the machine's clock does.
        let at_ms = now_ms().max(self.at_ms);
        let entry =
            Entry::new(self.next, at_ms, event, self.head).map_err(|e| DatabaseError::content("an event", e))?;
        self.transaction.prepare_cached("INSERT INTO log VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
            entry.seq as i64,
            entry.at_ms as i64,
            event.kind(),
            entry.body,
            entry.previous.0,
            entry.hash.0
        ])?;
        (self.next, self.at_ms, self.head) = (entry.seq + 1, entry.at_ms, entry.hash);
        Ok(())
    }
}

/// Writes a question down within a step; `false` if its part of the nonce was used before.
fn accept(log: &mut Log<'_>, pending: &Pending) -> Result<bool, DatabaseError> {
    let Pending { status, question } = pending;
    // What is to be hidden is not written down: `null`.
    let inputs = question.as_ref().filter(|question| question.salt.is_none()).map(|question| &question.inputs);
    let inputs = serde_json::to_string(&inputs).map_err(|e| DatabaseError::content("inputs", e))?;
    let sql = "INSERT OR IGNORE INTO predictions (id, model, user_part, inputs, state, created_ms) VALUES (?1, ?2, ?3, ?4, 'queued', ?5)";
    let (model_id, user_part) = (status.model_id, status.user_part);
    let values = params![status.id, model_id.0, user_part.0, inputs, status.created_ms as i64];
    if log.transaction.execute(sql, values)? == 0 {
        return Ok(false);
    }
    log.push(&Event::Accepted { prediction: status.id.clone(), model_id, user_part })?;
    Ok(true)
}

impl Ledger {
    pub(super) fn open(
        path: &Path,
        validator: PublicKey,
        chain: String,
        parameters: ScoreParameters,
        epoch_ms: u64,
    ) -> Result<Self, DatabaseError> {
        let connection = open(path, MIGRATIONS)?;
        check_version(&connection)?;
        let owner: Option<String> =
            connection.query_row("SELECT value FROM meta WHERE name = 'validator'", [], |r| r.get(0)).optional()?;
        match owner {
            Some(owner) if owner != validator.to_string() => {
                return Err(DatabaseError::content("another validator's log", owner));
            }
            Some(_) => {}
            None => {
                connection.execute("INSERT INTO meta VALUES ('validator', ?1)", [validator.to_string()])?;
            }
        }
        let mut ledger = Self {
            connection,
            parameters,
            book: ScoreBook::new(),
            next: 1,
            at_ms: 0,
            head: LogHash::genesis(&validator),
            epoch: 0,
            epoch_ends_ms: now_ms() + epoch_ms,
            epoch_ms,
        };
        ledger.restore()?;
        let (version, parameters) = (env!("CARGO_PKG_VERSION").to_owned(), ledger.parameters.clone());
        ledger.write(|log, _| log.push(&Event::Started { validator, chain, version, parameters }))?;
        Ok(ledger)
    }

    /// Reads the state from the file: at the start, and after a step that failed.
    fn restore(&mut self) -> Result<(), DatabaseError> {
        let mut book = ScoreBook::new();
        let mut scores = self.connection.prepare("SELECT miner, score FROM scores")?;
        let mut rows = scores.query([])?;
        while let Some(row) = rows.next()? {
            let score =
                Share::new(row.get::<_, i64>(1)? as u64).ok_or_else(|| DatabaseError::content("a score", ""))?;
            book.restore_score(PublicKey(row.get(0)?), score);
        }
        let mut work = self.connection.prepare("SELECT miner, us FROM work")?;
        let mut rows = work.query([])?;
        while let Some(row) = rows.next()? {
            book.restore_work(PublicKey(row.get(0)?), row.get::<_, i64>(1)? as u64);
        }
        self.book = book;
        let last: Option<(i64, i64, Vec<u8>)> = self
            .connection
            .query_row("SELECT seq, at_ms, hash FROM log ORDER BY seq DESC LIMIT 1", [], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?))
            })
            .optional()?;
        if let Some((seq, at_ms, hash)) = last {
            (self.next, self.at_ms, self.head) = (seq as u64 + 1, at_ms as u64, LogHash(array(&hash)?));
        }
        let epoch: Option<(i64, i64)> = self
            .connection
            .query_row("SELECT epoch, at_ms FROM epochs ORDER BY epoch DESC LIMIT 1", [], |r| {
                Ok((r.get(0)?, r.get(1)?))
            })
            .optional()?;
        if let Some((epoch, at_ms)) = epoch {
            (self.epoch, self.epoch_ends_ms) = (epoch as u64 + 1, at_ms as u64 + self.epoch_ms);
        } else if let Some(first) =
            self.connection.query_row("SELECT at_ms FROM log WHERE seq = 1", [], |r| r.get::<_, i64>(0)).optional()?
        {
            self.epoch_ends_ms = first as u64 + self.epoch_ms;
        }
        Ok(())
    }

    /// One step: all of it or nothing.
    fn write<R>(
        &mut self,
        step: impl FnOnce(&mut Log<'_>, &mut ScoreBook) -> Result<R, DatabaseError>,
    ) -> Result<R, DatabaseError> {
        let run = |this: &mut Self| -> Result<R, DatabaseError> {
            let transaction = this.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let mut log = Log { transaction: &transaction, next: this.next, at_ms: this.at_ms, head: this.head };
            let result = step(&mut log, &mut this.book)?;
            let (next, at_ms, head) = (log.next, log.at_ms, log.head);
            transaction.commit()?;
            (this.next, this.at_ms, this.head) = (next, at_ms, head);
            Ok(result)
        };
        let result = run(self);
        if result.is_err() {
            self.restore()?;
        }
        result
    }

    /// Accepts a question; `false` if its part of the nonce was used before.
    pub(super) fn accept(&mut self, pending: &Pending) -> Result<bool, DatabaseError> {
        self.write(|log, _| accept(log, pending))
    }

    /// Judges an attempt: fills in the scores, and ends the question that it answers. The same attempt is never
    /// judged twice. Returns the verdict and whether it ended a question.
    pub(super) fn judge(
        &mut self,
        mut verdict: Verdict,
        verify_us: u64,
        proof: Option<Proof>,
    ) -> Result<(Verdict, bool), DatabaseError> {
        let answer = verdict.answer(&self.parameters);
        self.write(|log, book| {
            let score = book.score(&verdict.miner);
            (verdict.before, verdict.after) = match answer {
                Some(answer) => book.apply(verdict.miner, answer),
                None => (score, score),
            };
            let (t, v) = (log.transaction, &verdict);
            let (model, miner, response_us) = (v.model_id.0, v.miner.0, v.response_us as i64);
            // A conflict here fails the step: the attempt was judged before.
            t.execute(
                "INSERT INTO attempts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![v.attempt, now_ms() as i64, miner, model, v.outcome.as_str(), response_us, verify_us as i64, v.bytes as i64, v.after.bits() as i64, v.proof_id],
            )?;
            t.execute("INSERT OR REPLACE INTO scores VALUES (?1, ?2)", params![miner, v.after.bits() as i64])?;
            if v.outcome == AttemptOutcome::Verified {
                t.execute("INSERT OR REPLACE INTO latest VALUES (?1, ?2, ?3)", params![model, miner, response_us])?;
                let work = book.work(&verdict.miner) as i64;
                t.execute("INSERT OR REPLACE INTO work VALUES (?1, ?2)", params![miner, work])?;
            }
            if let Some(proof) = &proof {
                t.execute(
                    "INSERT OR IGNORE INTO proofs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                    params![proof.id, model, v.miner.to_string(), v.nonce.0, now_ms() as i64, response_us, verify_us as i64, proof.envelope, v.user_part.0, v.validator_part.0],
                )?;
            }
            log.push(&Event::Judged(v.clone()))?;
            let mut ended = false;
            if let (Some(id), Some(proof)) = (&v.prediction, &proof) {
                let sql = "UPDATE predictions SET state = 'done', finished_ms = ?2, miner = ?3, proof_id = ?4, answer_nonce = ?5, answer_part = ?6, attempts = attempts + 1 WHERE id = ?1 AND state = 'queued'";
                ended = log.transaction.execute(sql, params![id, now_ms() as i64, v.miner.to_string(), proof.id, v.nonce.0, v.validator_part.0])? == 1;
                if ended {
                    log.push(&Event::Ended { prediction: id.clone(), proof_id: Some(proof.id.clone()), reason: None })?;
                }
            } else if let Some(id) = &v.prediction {
                log.transaction.execute("UPDATE predictions SET attempts = attempts + 1 WHERE id = ?1", [id])?;
            }
            Ok((verdict, ended))
        })
    }

    /// Ends a question without an answer; `false` if it had ended.
    pub(super) fn fail(&mut self, id: &str, reason: &str) -> Result<bool, DatabaseError> {
        self.write(|log, _| {
            let sql = "UPDATE predictions SET state = 'failed', finished_ms = ?2, error = ?3 WHERE id = ?1 AND state = 'queued'";
            let ended = log.transaction.execute(sql, params![id, now_ms() as i64, reason])? == 1;
            if ended {
                let (prediction, reason) = (id.to_owned(), Some(reason.to_owned()));
                log.push(&Event::Ended { prediction, proof_id: None, reason })?;
            }
            Ok(ended)
        })
    }

    /// The questions that have not ended, oldest first.
    pub(super) fn pending(&mut self) -> Result<Vec<Pending>, DatabaseError> {
        let sql = "SELECT id, model, user_part, inputs, created_ms, attempts FROM predictions WHERE state = 'queued' ORDER BY created_ms";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let inputs: String = row.get(3)?;
            let status = PredictionStatus {
                id: row.get(0)?,
                model_id: ModelId(row.get(1)?),
                user_part: NoncePart(row.get(2)?),
                validator_part: None,
                nonce: None,
                state: State::Queued,
                created_ms: row.get::<_, i64>(4)? as u64,
                finished_ms: None,
                miner: None,
                attempts: row.get::<_, i64>(5)? as u64,
                proof_id: None,
                error: None,
            };
            let inputs: Option<Vec<i64>> =
                serde_json::from_str(&inputs).map_err(|e| DatabaseError::content("inputs", e))?;
            all.push(Pending { status, question: inputs.map(|inputs| Question { inputs, salt: None }) });
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log whose entries have other fields would be appended to, and no audit could replay it.
    #[test]
    fn logs_of_another_version_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(DATABASE_FILE);
        let ledger =
            || Ledger::open(&path, PublicKey([1; 32]), "local".to_owned(), ScoreParameters::default(), 1000).map(drop);
        ledger().unwrap();
        ledger().unwrap();
        let connection = Connection::open(&path).unwrap();
        connection.execute("UPDATE meta SET value = '3' WHERE name = 'log_version'", []).unwrap();
        let error = ledger().unwrap_err();
        assert!(
            matches!(error, DatabaseError::LogVersion { .. }) && error.to_string().contains("version 3"),
            "{error}"
        );
        // Before there were versions.
        connection.execute("DELETE FROM meta WHERE name = 'log_version'", []).unwrap();
        assert!(ledger().unwrap_err().to_string().contains("move the folder away"));
    }

    /// The machine's clock was set back between two entries.
    #[test]
    fn the_time_of_the_log_does_not_run_backwards() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(DATABASE_FILE);
        let ledger = || Ledger::open(&path, PublicKey([1; 32]), "local".to_owned(), ScoreParameters::default(), 1000);
        let future = now_ms() + 3_600_000;
        ledger().unwrap().connection.execute("UPDATE log SET at_ms = ?1", [future as i64]).unwrap();
        let ledger = ledger().unwrap();
        assert_eq!((ledger.next, ledger.at_ms), (3, future));
    }

    /// Counts of outcomes are kept from the first attempt on, also for attempts that were written before there were counts.
    #[test]
    fn tallies_count_every_attempt() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(DATABASE_FILE);
        let attempt = |c: &Connection, id: &str, outcome: &str| {
            let sql = "INSERT INTO attempts VALUES (?1, 0, x'01', x'02', ?2, 0, 0, 0, 0, NULL)";
            c.execute(sql, [id, outcome]).unwrap();
        };
        let old = open(&path, &MIGRATIONS[..1]).unwrap();
        attempt(&old, "a", "verified");
        attempt(&old, "b", "late");
        attempt(&old, "c", "verified");
        drop(old);
        let new = open(&path, MIGRATIONS).unwrap();
        attempt(&new, "d", "verified");
        attempt(&new, "e", "busy");
        let mut statement = new.prepare("SELECT outcome, count FROM tallies ORDER BY outcome").unwrap();
        let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
        let counts: Vec<(String, i64)> = rows.collect::<Result<_, _>>().unwrap();
        assert_eq!(counts, [("busy".to_owned(), 1), ("late".to_owned(), 1), ("verified".to_owned(), 3)]);
    }
}
