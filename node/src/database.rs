//! SQLite: one file, write-ahead log, migrations.

use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use thiserror::Error;

/// Why the database does not answer.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// SQLite refuses.
    #[error("database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file was written by a newer version.
    #[error("the database has version {got}, this program knows {known}")]
    Newer { got: i64, known: usize },
    /// The log was written by other rules.
    #[error("the log has version {got}, this program writes version {known}: move the folder away to start a new log")]
    LogVersion { got: String, known: &'static str },
    /// What is stored cannot be read.
    #[error("the database holds {what} that cannot be read: {reason}")]
    Content { what: &'static str, reason: String },
    /// The thread that used the database ended early.
    #[error("the database's thread ended early")]
    Thread,
}

impl DatabaseError {
    pub(crate) fn content(what: &'static str, reason: impl ToString) -> Self {
        Self::Content { what, reason: reason.to_string() }
    }
}

/// Opens a file and brings it to the newest version. Migration `i` leads from version `i` to `i + 1`.
pub(crate) fn open(path: &Path, migrations: &[&str]) -> Result<Connection, DatabaseError> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // What was acknowledged survives a power failure, too.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let got: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let Some(missing) = usize::try_from(got).ok().and_then(|got| migrations.get(got..)) else {
        return Err(DatabaseError::Newer { got, known: migrations.len() });
    };
    for migration in missing {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", migrations.len() as i64)?;
    transaction.commit()?;
    Ok(connection)
}

/// A value that is used on threads that may block.
pub(crate) struct Blocking<T>(Arc<Mutex<T>>);

impl<T> Clone for Blocking<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Send + 'static> Blocking<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(value)))
    }

    /// Runs `work` with the value, off the threads that serve.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut T) -> Result<R, DatabaseError> + Send + 'static,
    ) -> Result<R, DatabaseError> {
        let value = self.0.clone();
        let run = move || work(&mut value.lock().unwrap_or_else(|e| e.into_inner()));
        tokio::task::spawn_blocking(run).await.map_err(|_| DatabaseError::Thread)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_run_once_and_never_backwards() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sqlite");
        let first = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);";
        let count = |c: &Connection| c.query_row("SELECT count(*) FROM a", [], |r| r.get::<_, i64>(0)).unwrap();
        assert_eq!(count(&open(&path, &[first]).unwrap()), 1);
        assert_eq!(count(&open(&path, &[first, "INSERT INTO a VALUES (2);"]).unwrap()), 2);
        assert_eq!(count(&open(&path, &[first, "INSERT INTO a VALUES (2);"]).unwrap()), 2);
        assert!(matches!(open(&path, &[first]), Err(DatabaseError::Newer { got: 2, known: 1 })));
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sqlite");
        assert!(open(&path, &["CREATE TABLE a (x INTEGER);", "CREATE TABLE a (x INTEGER);"]).is_err());
        assert!(open(&path, &["CREATE TABLE a (x INTEGER);"]).is_ok());
    }
}
