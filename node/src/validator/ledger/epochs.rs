//! Ends of epochs, and what the chain has yet to take of them.

use rusqlite::{Connection, OptionalExtension, params};
use vouch_protocol::{Event, LogHash, PublicKey, WeightEntry};

use super::Ledger;
use crate::database::DatabaseError;
use crate::now_ms;

/// An epoch that has ended and is not on the chain.
pub(in crate::validator) struct Unpublished {
    pub(in crate::validator) epoch: u64,
    pub(in crate::validator) weights: Vec<WeightEntry>,
    /// Number of the log's entry with the weights.
    pub(in crate::validator) seq: u64,
    /// Hash of that entry.
    pub(in crate::validator) head: LogHash,
}

/// Within the step that ends an epoch: it is not ended again after a stop.
fn note_chain_epoch(connection: &Connection, epoch: u64) -> Result<(), DatabaseError> {
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('chain_epoch', ?1)", [epoch.to_string()])?;
    Ok(())
}

impl Ledger {
    /// Number and end of the running epoch.
    pub(in crate::validator) fn epoch(&self) -> (u64, u64) {
        (self.epoch, self.epoch_ends_ms)
    }

    /// Number of the chain's epoch that the running epoch is; `None` if the chain has none, or was not seen yet.
    pub(in crate::validator) fn chain_epoch(&mut self) -> Result<Option<u64>, DatabaseError> {
        let sql = "SELECT value FROM meta WHERE name = 'chain_epoch'";
        let text: Option<String> = self.connection.query_row(sql, [], |row| row.get(0)).optional()?;
        let read = |text: String| text.parse().map_err(|e| DatabaseError::content("the chain's epoch", e));
        text.map(read).transpose()
    }

    /// Notes which of the chain's epochs the running epoch is.
    pub(in crate::validator) fn set_chain_epoch(&mut self, epoch: u64) -> Result<(), DatabaseError> {
        note_chain_epoch(&self.connection, epoch)
    }

    /// Ends the epoch: the weights of these miners. The next one is the chain's epoch `chain`.
    pub(in crate::validator) fn end_epoch(
        &mut self,
        miners: &[PublicKey],
        chain: Option<u64>,
    ) -> Result<Vec<WeightEntry>, DatabaseError> {
        let epoch = self.epoch;
        let weights = self.book.weights(miners.iter().copied());
        let entries: Vec<WeightEntry> =
            weights.into_iter().map(|(miner, weight)| WeightEntry { miner, weight }).collect();
        let text = serde_json::to_string(&entries).map_err(|e| DatabaseError::content("weights", e))?;
        let now = now_ms();
        self.write(|log, book| {
            let seq = log.next as i64;
            log.push(&Event::Weights { epoch, weights: entries.clone() })?;
            book.end_epoch();
            let t = log.transaction;
            // As the book does: half of the work is forgotten.
            t.execute_batch("UPDATE work SET us = us / 2; DELETE FROM work WHERE us = 0")?;
            let sql = "INSERT INTO epochs (epoch, at_ms, weights, published, seq, head) VALUES (?1, ?2, ?3, 0, ?4, ?5)";
            t.execute(sql, params![epoch as i64, now as i64, text, seq, log.head.0])?;
            chain.map_or(Ok(()), |chain| note_chain_epoch(t, chain))
        })?;
        (self.epoch, self.epoch_ends_ms) = (epoch + 1, now + self.epoch_ms);
        Ok(entries)
    }

    /// The weights of the last epoch that ended.
    pub(in crate::validator) fn last_weights(&mut self) -> Result<Vec<WeightEntry>, DatabaseError> {
        let sql = "SELECT weights FROM epochs ORDER BY epoch DESC LIMIT 1";
        let text: Option<String> = self.connection.query_row(sql, [], |row| row.get(0)).optional()?;
        let read = |text: String| serde_json::from_str(&text).map_err(|e| DatabaseError::content("weights", e));
        text.map_or_else(|| Ok(Vec::new()), read)
    }

    /// Epochs whose weights the chain has not taken yet, the newest few, newest first.
    pub(in crate::validator) fn unpublished(&mut self) -> Result<Vec<Unpublished>, DatabaseError> {
        let sql = "SELECT epoch, weights, seq, head FROM epochs WHERE published = 0 ORDER BY epoch DESC LIMIT 8";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let (text, head): (String, Vec<u8>) = (row.get(1)?, row.get(3)?);
            let weights = serde_json::from_str(&text).map_err(|e| DatabaseError::content("weights", e))?;
            let (epoch, seq) = (row.get::<_, i64>(0)? as u64, row.get::<_, i64>(2)? as u64);
            all.push(Unpublished { epoch, weights, seq, head: LogHash(super::array(&head)?) });
        }
        Ok(all)
    }

    /// The chain has taken an epoch's weights.
    pub(in crate::validator) fn published(&mut self, epoch: u64) -> Result<(), DatabaseError> {
        self.connection.execute("UPDATE epochs SET published = 1 WHERE epoch = ?1", [epoch as i64])?;
        Ok(())
    }
}
