use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alloy_primitives::Address;
use vouch_api::Part;
use vouch_deposits::BlockId;

use crate::book::Book;
use crate::error::FollowerError;
use crate::rpc::Rpc;

/// What is followed, and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the chain's node answers JSON-RPC: `http` or `https`.
    pub rpc_url: String,
    /// The chain's number; a node of another is refused.
    pub chain_id: u64,
    /// The deposit contract.
    pub contract: Address,
    /// The block in which it was deployed, or one before.
    pub first_block: u64,
    /// A block is final when so many are on top of it.
    pub confirmations: u64,
    /// The pause between looks at the chain.
    pub poll: Duration,
    /// The most blocks whose events are asked for at once.
    pub range: u64,
    /// The longest time for one answer.
    pub timeout: Duration,
}

impl Settings {
    /// What suits Ethereum: 64 confirmations (two epochs), a look every 6 seconds, 2000 blocks at once.
    #[must_use]
    pub fn new(rpc_url: impl Into<String>, chain_id: u64, contract: Address) -> Self {
        Self {
            rpc_url: rpc_url.into(),
            chain_id,
            contract,
            first_block: 0,
            confirmations: 64,
            poll: Duration::from_secs(6),
            range: 2000,
            timeout: Duration::from_secs(30),
        }
    }
}

/// How following goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The last block that was read.
    pub last: Option<BlockId>,
    /// The last block that is final.
    pub confirmed: Option<BlockId>,
    /// The chain's last block, when it was asked for last.
    pub head: Option<u64>,
    /// Whether the last look reached the chain's last block.
    pub current: bool,
    /// Why the last look failed, if it did.
    pub error: Option<String>,
    /// How many looks in a row failed.
    pub failures: u32,
    /// How often the chain was read anew because what was stored was not of it.
    pub rereads: u64,
}

impl Status {
    /// The line of this in a server's account of its health.
    #[must_use]
    pub fn part(&self) -> Part {
        let last = self.last.map_or_else(|| "no block was read".to_owned(), |id| format!("block {}", id.number));
        let detail = match (&self.error, self.head) {
            (Some(error), _) => format!("{last}, then: {error}"),
            (None, Some(head)) if !self.current => format!("{last} of {head}"),
            (None, _) => last,
        };
        Part { name: "deposits".to_owned(), ok: self.current, detail }
    }
}

/// What looks and answers share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) rpc: Rpc,
    book: Arc<Mutex<Book>>,
    status: Mutex<Status>,
}

impl Shared {
    pub(crate) fn new(settings: Settings, rpc: Rpc, book: Book, status: Status) -> Self {
        Self { settings, rpc, book: Arc::new(Mutex::new(book)), status: Mutex::new(status) }
    }

    /// Runs `work` with the book, on a thread that may block.
    pub(crate) async fn with_book<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Book) -> Result<R, FollowerError> + Send + 'static,
    ) -> Result<R, FollowerError> {
        let book = self.book.clone();
        let run = move || work(&mut book.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(run).await.map_err(|_| FollowerError::Thread)?
    }

    pub(crate) fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
