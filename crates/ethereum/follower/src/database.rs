use std::path::Path;

use alloy_primitives::{Address, B256, U256};
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Params, Row, Transaction, params};
use vouch_deposits::{Block, BlockId, RawLog};

use crate::entry::Entry;
use crate::error::FollowerError;

/// Migration `i` leads from version `i` to `i + 1`.
const MIGRATIONS: &[&str] = &["
CREATE TABLE followed (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    chain_id INTEGER NOT NULL,
    contract BLOB NOT NULL,
    first_block INTEGER NOT NULL,
    genesis BLOB,
    final INTEGER
);
CREATE TABLE block (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    timestamp INTEGER NOT NULL
);
CREATE TABLE event (
    block INTEGER NOT NULL REFERENCES block (number) ON DELETE CASCADE,
    log_index INTEGER NOT NULL,
    transaction_hash BLOB NOT NULL,
    topics BLOB NOT NULL,
    data BLOB NOT NULL,
    account BLOB,
    points BLOB,
    PRIMARY KEY (block, log_index)
) WITHOUT ROWID;
CREATE INDEX event_of_account ON event (account, block, log_index) WHERE account IS NOT NULL;
CREATE TABLE token (
    address BLOB PRIMARY KEY,
    symbol TEXT
) WITHOUT ROWID;
"];

/// What a file is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) chain_id: u64,
    pub(crate) contract: Address,
    pub(crate) first_block: u64,
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on chain {} from block {}", self.contract, self.chain_id, self.first_block)
    }
}

/// Opens a file, brings it to the newest version, and holds it to its subject.
pub(crate) fn open(path: &Path, subject: &Subject) -> Result<Connection, FollowerError> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // After a power failure the last blocks may be missing, and are read again.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let Some(missing) = usize::try_from(found).ok().and_then(|found| MIGRATIONS.get(found..)) else {
        return Err(FollowerError::Newer { found, known: MIGRATIONS.len() });
    };
    for migration in missing {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    let insert = "INSERT OR IGNORE INTO followed (id, chain_id, contract, first_block) VALUES (1, ?1, ?2, ?3)";
    transaction.execute(insert, params![subject.chain_id, subject.contract.as_slice(), subject.first_block])?;
    let found = transaction.query_row("SELECT chain_id, contract, first_block FROM followed", [], |row| {
        Ok(Subject { chain_id: row.get(0)?, contract: fixed(row, 1)?.into(), first_block: row.get(2)? })
    })?;
    if found != *subject {
        return Err(FollowerError::OtherContract { found: found.to_string(), expected: subject.to_string() });
    }
    transaction.commit()?;
    Ok(connection)
}

/// A column of so many bytes.
pub(crate) fn fixed<const N: usize>(row: &Row<'_>, column: usize) -> rusqlite::Result<[u8; N]> {
    <[u8; N]>::column_result(row.get_ref(column)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, error.into()))
}

/// The first block of the chain, when it was read last.
pub(crate) fn genesis(connection: &Connection) -> Result<Option<B256>, FollowerError> {
    let query = "SELECT genesis FROM followed WHERE genesis IS NOT NULL";
    Ok(connection.query_row(query, [], |row| fixed(row, 0)).optional()?.map(B256::new))
}

/// The last final block and its time.
pub(crate) fn last_final(connection: &Connection) -> Result<Option<(BlockId, u64)>, FollowerError> {
    let query = "SELECT number, hash, timestamp FROM block WHERE number = (SELECT final FROM followed)";
    Ok(connection.query_row(query, [], |row| Ok((block_id(row)?, row.get(2)?))).optional()?)
}

fn block_id(row: &Row<'_>) -> rusqlite::Result<BlockId> {
    Ok(BlockId { number: row.get(0)?, hash: fixed(row, 1)?.into() })
}

/// The blocks above a height, or all, with their events; `parent` is that of the first.
pub(crate) fn blocks_after(
    connection: &Connection,
    after: Option<u64>,
    mut parent: B256,
    contract: Address,
) -> Result<Vec<Block<Entry>>, FollowerError> {
    let mut query =
        connection.prepare("SELECT number, hash, timestamp FROM block WHERE number > ?1 ORDER BY number")?;
    let after = after.map_or(-1, |number| number as i64);
    let ids = query.query_map([after], |row| Ok((block_id(row)?, row.get(2)?)))?;
    let mut blocks = Vec::new();
    for row in ids {
        let (id, timestamp) = row?;
        blocks.push(Block { id, parent, timestamp, events: Vec::new() });
        parent = id.hash;
    }
    let mut block = 0;
    entries(connection, "WHERE e.block > ?1 ORDER BY e.block, e.log_index", [after], contract, |(at, _), entry| {
        while blocks.get(block).is_some_and(|b| b.id.number < at.number) {
            block += 1;
        }
        if let Some(found) = blocks.get_mut(block) {
            found.events.push(entry);
        }
        Ok(())
    })?;
    Ok(blocks)
}

/// Gives events to `take`, each with its block and that block's time.
pub(crate) fn entries(
    connection: &Connection,
    condition: &str,
    parameters: impl Params,
    contract: Address,
    mut take: impl FnMut((BlockId, u64), Entry) -> Result<(), FollowerError>,
) -> Result<(), FollowerError> {
    let query = format!(
        "SELECT e.block, b.hash, b.timestamp, e.log_index, e.transaction_hash, e.topics, e.data, e.points
         FROM event e JOIN block b ON b.number = e.block {condition}"
    );
    let mut query = connection.prepare(&query)?;
    let mut rows = query.query(parameters)?;
    while let Some(row) = rows.next()? {
        let topics: Vec<u8> = row.get(5)?;
        let topics = topics.chunks_exact(32).map(B256::from_slice).collect();
        let log = RawLog { address: contract, topics, data: row.get(6)? };
        let points = match row.get_ref(7)? {
            rusqlite::types::ValueRef::Null => None,
            _ => Some(U256::from_be_bytes(fixed::<32>(row, 7)?)),
        };
        let entry = Entry::new(log, row.get(3)?, fixed(row, 4)?.into())?;
        take((block_id(row)?, row.get(2)?), Entry { points, ..entry })?;
    }
    Ok(())
}

/// Stores a block and its events.
pub(crate) fn insert(transaction: &Transaction<'_>, block: &Block<Entry>) -> Result<(), FollowerError> {
    insert_block(transaction, block.id, block.timestamp)?;
    let mut query = transaction.prepare_cached("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for entry in &block.events {
        query.execute(params![
            block.id.number,
            entry.log_index,
            entry.transaction.as_slice(),
            entry.log.topics.concat(),
            entry.log.data,
            entry.account.as_ref().map(|account| account.as_slice()),
            entry.points.map(|points| points.to_be_bytes::<32>()),
        ])?;
    }
    Ok(())
}

/// Stores a block without events; one that is there already stays.
pub(crate) fn insert_block(transaction: &Transaction<'_>, id: BlockId, timestamp: u64) -> Result<(), FollowerError> {
    let mut query = transaction.prepare_cached("INSERT OR IGNORE INTO block VALUES (?1, ?2, ?3)")?;
    query.execute(params![id.number, id.hash.as_slice(), timestamp])?;
    Ok(())
}

/// Makes all up to a block final, and forgets those of them that are of no more use.
pub(crate) fn finalise(transaction: &Transaction<'_>, number: u64) -> Result<(), FollowerError> {
    let unused = "DELETE FROM block WHERE number < ?1 AND number >= (SELECT coalesce(final, 0) FROM followed)
                  AND NOT EXISTS (SELECT 1 FROM event WHERE event.block = number)";
    transaction.execute(unused, [number])?;
    transaction.execute("UPDATE followed SET final = ?1", [number])?;
    Ok(())
}

/// Takes back the blocks above a height, with their events.
pub(crate) fn rollback(connection: &Connection, number: u64) -> Result<(), FollowerError> {
    connection.execute("DELETE FROM block WHERE number > ?1", [number])?;
    Ok(())
}

/// Forgets everything but what the file is about.
pub(crate) fn clear(connection: &mut Connection) -> Result<(), FollowerError> {
    let transaction = connection.transaction()?;
    transaction
        .execute_batch("DELETE FROM block; DELETE FROM token; UPDATE followed SET final = NULL, genesis = NULL")?;
    Ok(transaction.commit()?)
}
