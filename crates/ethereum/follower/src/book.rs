use std::collections::BTreeMap;
use std::path::Path;

use alloy_primitives::{Address, B256};
use rusqlite::{Connection, params};
use vouch_deposits::{Block, BlockId, EventIndex, Ledger};

use crate::database::{self, Subject};
use crate::entry::Entry;
use crate::error::FollowerError;

/// Which part of an account's history is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// At most so many events, up to 1000.
    pub limit: u32,
    /// Only those before this block's event of this index.
    pub before: Option<(u64, u64)>,
}

impl Page {
    /// The most events of an answer.
    pub const MAX: u32 = 1000;
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: 100, before: None }
    }
}

/// What was read of the chain: in the database, and added up in memory.
pub(crate) struct Book {
    connection: Connection,
    subject: Subject,
    depth: u64,
    /// The blocks that can be taken back.
    index: EventIndex<Entry>,
    /// Up to the last final block.
    base: Ledger,
    /// Up to the last block.
    live: Ledger,
    symbols: BTreeMap<Address, Option<String>>,
}

impl Book {
    /// Opens the file, and adds up what is in it. A block is final when `depth` blocks are on top of it.
    pub(crate) fn open(path: &Path, subject: Subject, depth: u64) -> Result<Self, FollowerError> {
        let connection = database::open(path, &subject)?;
        let (index, base, live) = (EventIndex::new(depth), Ledger::default(), Ledger::default());
        let mut book = Self { connection, subject, depth, index, base, live, symbols: BTreeMap::new() };
        book.load()?;
        Ok(book)
    }

    /// Adds up what is in the database.
    fn load(&mut self) -> Result<(), FollowerError> {
        let last_final = database::last_final(&self.connection)?;
        let after = last_final.map(|(id, _)| id.number);
        let mut base = Ledger::default();
        if let Some(number) = after {
            let condition = "WHERE e.block <= ?1 ORDER BY e.block, e.log_index";
            let contract = self.subject.contract;
            database::entries(&self.connection, condition, [number], contract, |(_, time), entry| {
                Ok(base.apply(&entry.event, time)?)
            })?;
        }
        self.index = match last_final {
            Some((id, timestamp)) => EventIndex::resume(self.depth, id, timestamp),
            None => EventIndex::new(self.depth),
        };
        self.live = base.clone();
        self.base = base;
        let parent = last_final.map_or(B256::ZERO, |(id, _)| id.hash);
        for block in database::blocks_after(&self.connection, after, parent, self.subject.contract)? {
            for entry in &block.events {
                self.live.apply(&entry.event, block.timestamp)?;
            }
            self.index.push(block)?;
        }
        self.settle()?;
        let mut query = self.connection.prepare("SELECT address, symbol FROM token")?;
        let rows = query.query_map([], |row| Ok((Address::from(database::fixed(row, 0)?), row.get(1)?)))?;
        self.symbols = rows.collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Makes final in the database and in `base` what the index says is.
    fn settle(&mut self) -> Result<(), FollowerError> {
        let stored = database::last_final(&self.connection)?.map(|(id, _)| id);
        if let Some(id) = self.index.last_confirmed().filter(|id| Some(*id) != stored) {
            let transaction = self.connection.transaction()?;
            database::finalise(&transaction, id.number)?;
            transaction.commit()?;
        }
        for block in self.index.take_confirmed() {
            for entry in &block.events {
                self.base.apply(&entry.event, block.timestamp)?;
            }
        }
        Ok(())
    }

    /// Runs a change. If it fails, memory is made to say again what the database says.
    fn change<R>(&mut self, work: impl FnOnce(&mut Self) -> Result<R, FollowerError>) -> Result<R, FollowerError> {
        let result = work(self);
        if result.is_err() {
            self.load()?;
        }
        result
    }

    /// Adds the next block.
    pub(crate) fn push(&mut self, mut block: Block<Entry>) -> Result<(), FollowerError> {
        self.change(|book| {
            apply(&mut book.live, &mut block)?;
            let transaction = book.connection.transaction()?;
            database::insert(&transaction, &block)?;
            book.index.push(block)?;
            transaction.commit()?;
            book.settle()
        })
    }

    /// Adds blocks that are final, those with events, and the last of the range whether it has events or not.
    pub(crate) fn advance(
        &mut self,
        mut blocks: Vec<Block<Entry>>,
        last: BlockId,
        timestamp: u64,
    ) -> Result<(), FollowerError> {
        self.change(|book| {
            debug_assert_eq!(book.index.last(), book.index.last_confirmed(), "nothing can be taken back");
            let transaction = book.connection.transaction()?;
            for block in &mut blocks {
                apply(&mut book.live, block)?;
                database::insert(&transaction, block)?;
            }
            database::insert_block(&transaction, last, timestamp)?;
            database::finalise(&transaction, last.number)?;
            transaction.commit()?;
            book.base.clone_from(&book.live);
            book.index = EventIndex::resume(book.depth, last, timestamp);
            Ok(())
        })
    }

    /// Takes back the blocks above this one.
    pub(crate) fn rollback(&mut self, number: u64) -> Result<(), FollowerError> {
        self.change(|book| {
            book.index.rollback(number)?;
            database::rollback(&book.connection, number)?;
            book.live.clone_from(&book.base);
            for found in book.index.events() {
                book.live.apply(&found.event.event, found.timestamp)?;
            }
            Ok(())
        })
    }

    /// Takes back all that can be.
    pub(crate) fn forget_recent(&mut self) -> Result<(), FollowerError> {
        match self.index.last_confirmed() {
            Some(id) => self.rollback(id.number),
            None => self.clear(),
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) -> Result<(), FollowerError> {
        database::clear(&mut self.connection)?;
        self.load()
    }

    /// Notes the chain's first block.
    ///
    /// # Errors
    ///
    /// It is another than before.
    pub(crate) fn hold_to_genesis(&mut self, genesis: B256) -> Result<(), FollowerError> {
        match database::genesis(&self.connection)? {
            Some(before) if before != genesis => Err(FollowerError::OtherGenesis),
            Some(_) => Ok(()),
            None => {
                self.connection.execute("UPDATE followed SET genesis = ?1", [genesis.as_slice()])?;
                Ok(())
            }
        }
    }

    /// Tokens whose symbol was not asked for.
    pub(crate) fn unnamed(&self) -> Vec<Address> {
        self.live.tokens().map(|state| state.token).filter(|token| !self.symbols.contains_key(token)).collect()
    }

    pub(crate) fn name(&mut self, token: Address, symbol: Option<String>) -> Result<(), FollowerError> {
        let query = "INSERT OR REPLACE INTO token VALUES (?1, ?2)";
        self.connection.execute(query, params![token.as_slice(), symbol])?;
        self.symbols.insert(token, symbol);
        Ok(())
    }

    pub(crate) fn symbol(&self, token: Address) -> Option<&str> {
        self.symbols.get(&token)?.as_deref()
    }

    pub(crate) fn index(&self) -> &EventIndex<Entry> {
        &self.index
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.live
    }

    pub(crate) fn subject(&self) -> &Subject {
        &self.subject
    }

    pub(crate) fn depth(&self) -> u64 {
        self.depth
    }

    /// A page of an account's history, the newest first, each with its block and that block's time; and how many events
    /// there are in all.
    #[allow(clippy::type_complexity)]
    pub(crate) fn history(
        &self,
        account: Address,
        page: Page,
    ) -> Result<(Vec<(BlockId, u64, Entry)>, u64), FollowerError> {
        let count = "SELECT count(*) FROM event WHERE account = ?1";
        let total = self.connection.query_row(count, [account.as_slice()], |row| row.get(0))?;
        let (block, log_index) = page.before.unwrap_or((i64::MAX as u64, i64::MAX as u64));
        let [block, log_index] = [block, log_index].map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        let condition = "WHERE e.account = ?1 AND (e.block, e.log_index) < (?2, ?3)
                         ORDER BY e.block DESC, e.log_index DESC LIMIT ?4";
        let parameters = params![account.as_slice(), block, log_index, page.limit.min(Page::MAX)];
        let mut found = Vec::new();
        database::entries(&self.connection, condition, parameters, self.subject.contract, |(id, time), entry| {
            found.push((id, time, entry));
            Ok(())
        })?;
        Ok((found, total))
    }
}

/// Adds a block's events up, and notes in each the account's points after it.
fn apply(ledger: &mut Ledger, block: &mut Block<Entry>) -> Result<(), FollowerError> {
    for entry in &mut block.events {
        ledger.apply(&entry.event, block.timestamp)?;
        entry.points = match entry.account {
            Some(account) => Some(ledger.points(account, block.timestamp)?),
            None => None,
        };
    }
    Ok(())
}
