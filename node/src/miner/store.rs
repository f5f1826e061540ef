//! What a miner must not forget: the requests it has seen.

use std::path::Path;

use rusqlite::{Connection, params};
use vouch_protocol::{PublicKey, RequestNonce};

use crate::database::{Blocking, DatabaseError, open};

const MIGRATIONS: &[&str] = &["
    CREATE TABLE nonces (caller BLOB NOT NULL, nonce BLOB NOT NULL, expires_ms INTEGER NOT NULL, PRIMARY KEY (caller, nonce)) WITHOUT ROWID;
    CREATE INDEX nonces_by_expiry ON nonces (expires_ms);
    CREATE TABLE requests (caller BLOB NOT NULL, id TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (caller, id)) WITHOUT ROWID;
    CREATE INDEX requests_by_time ON requests (at_ms);
"];

/// How long identifiers of requests are kept.
const KEEP_MS: u64 = 24 * 3600 * 1000;

#[derive(Clone)]
pub(super) struct Store(Blocking<Connection>);

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self, DatabaseError> {
        Ok(Self(Blocking::new(open(path, MIGRATIONS)?)))
    }

    /// Remembers a nonce until it has expired; `false` if it was there.
    pub(super) async fn remember(
        &self,
        caller: PublicKey,
        nonce: RequestNonce,
        expires_ms: u64,
        now_ms: u64,
    ) -> Result<bool, DatabaseError> {
        let work = move |c: &mut Connection| {
            c.execute("DELETE FROM nonces WHERE expires_ms < ?1", params![now_ms as i64])?;
            let sql = "INSERT OR IGNORE INTO nonces VALUES (?1, ?2, ?3)";
            Ok(c.execute(sql, params![caller.0, nonce, expires_ms as i64])? == 1)
        };
        self.0.run(work).await
    }

    /// Remembers a request's identifier; `false` if it was there: no request is answered twice.
    pub(super) async fn take(&self, caller: PublicKey, id: String, now_ms: u64) -> Result<bool, DatabaseError> {
        let work = move |c: &mut Connection| {
            c.execute("DELETE FROM requests WHERE at_ms < ?1", params![now_ms.saturating_sub(KEEP_MS) as i64])?;
            let sql = "INSERT OR IGNORE INTO requests VALUES (?1, ?2, ?3)";
            Ok(c.execute(sql, params![caller.0, id, now_ms as i64])? == 1)
        };
        self.0.run(work).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nonces_survive_a_restart_until_they_expire() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.sqlite");
        let (a, b) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let store = Store::open(&path).unwrap();
        assert!(store.remember(a, [7; 16], 100, 50).await.unwrap());
        assert!(!store.remember(a, [7; 16], 100, 60).await.unwrap());
        assert!(store.remember(b, [7; 16], 100, 60).await.unwrap());
        drop(store);
        let store = Store::open(&path).unwrap();
        assert!(!store.remember(a, [7; 16], 100, 100).await.unwrap());
        assert!(store.remember(a, [7; 16], 300, 101).await.unwrap());
        assert!(store.take(a, "x".into(), 1).await.unwrap());
        assert!(!store.take(a, "x".into(), 2).await.unwrap());
    }
}
