//! The validator's database: one writer, and a connection for readers, which do not wait for it.

use std::path::Path;

use rusqlite::Connection;
use vouch_protocol::{PublicKey, ScoreParameters};

use super::ledger::Ledger;
use super::reads;
use crate::database::{Blocking, DatabaseError};

#[derive(Clone)]
pub(super) struct Store {
    ledger: Blocking<Ledger>,
    reader: Blocking<Connection>,
}

impl Store {
    pub(super) fn open(
        path: &Path,
        validator: PublicKey,
        chain: String,
        parameters: ScoreParameters,
        epoch_ms: u64,
    ) -> Result<Self, DatabaseError> {
        let ledger = Blocking::new(Ledger::open(path, validator, chain, parameters, epoch_ms)?);
        Ok(Self { ledger, reader: Blocking::new(reads::open(path)?) })
    }

    /// Runs a step of the ledger.
    pub(super) async fn write<R: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Ledger) -> Result<R, DatabaseError> + Send + 'static,
    ) -> Result<R, DatabaseError> {
        self.ledger.run(step).await
    }

    /// Runs a query.
    pub(super) async fn read<R: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<R, DatabaseError> + Send + 'static,
    ) -> Result<R, DatabaseError> {
        self.reader.run(|connection| query(connection)).await
    }
}
