use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alloy_primitives::Address;
use vouch_api::{AccountDeposits, DepositContract, Part};
use vouch_deposits::BlockId;

use crate::book::{Book, Page};
use crate::database::Subject;
use crate::error::{FollowerError, RpcError};
use crate::rpc::Rpc;
use crate::walk::Walk;

/// The longest pause after failures that the node did not ask for.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause that a node can ask for.
const MAX_ASKED_PAUSE: Duration = Duration::from_secs(600);

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

/// Follows the contract. A handle: clones are of the same follower.
#[derive(Clone)]
pub struct Follower(Arc<Shared>);

/// What looks and answers share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) rpc: Rpc,
    book: Arc<Mutex<Book>>,
    status: Mutex<Status>,
    walk: tokio::sync::Mutex<Walk>,
}

impl Follower {
    /// Opens the database, or makes it. Nothing is asked of the chain yet.
    ///
    /// # Errors
    ///
    /// The URL is none, or the file cannot be used, or is about another contract.
    pub async fn open(database: &Path, settings: Settings) -> Result<Self, FollowerError> {
        let rpc = Rpc::new(&settings.rpc_url, settings.timeout)?;
        let subject =
            Subject { chain_id: settings.chain_id, contract: settings.contract, first_block: settings.first_block };
        let (path, depth) = (database.to_owned(), settings.confirmations);
        let opened = tokio::task::spawn_blocking(move || Book::open(&path, subject, depth));
        let book = opened.await.map_err(|_| FollowerError::Thread)??;
        let status =
            Status { last: book.index().last(), confirmed: book.index().last_confirmed(), ..Status::default() };
        let walk = tokio::sync::Mutex::new(Walk::new(settings.range));
        let book = Arc::new(Mutex::new(book));
        Ok(Self(Arc::new(Shared { settings, rpc, book, status: Mutex::new(status), walk })))
    }

    /// Follows until `stop` is ready. Failures are logged, and waited out for longer and longer, at most a minute.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            let pause = tokio::select! {
                () = &mut stop => return,
                result = self.look() => self.pause(result.as_ref().err()),
            };
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Looks at the chain once, and reads all that is new. One look at a time.
    ///
    /// # Errors
    ///
    /// What was read before the failure stays, unless it turned out to be wrong. The next look goes on from there.
    pub async fn look(&self) -> Result<(), FollowerError> {
        let mut walk = self.0.walk.lock().await;
        let result = walk.look(&self.0).await;
        if let Err(error) = &result {
            walk.suspect();
            if error.stored_is_wrong() {
                tracing::error!(%error, "what was stored of the deposits is not of the chain, which is read anew");
                self.0.with_book(Book::clear).await?;
                self.0.status().rereads += 1;
            }
        }
        let place = self.0.with_book(|book| Ok((book.index().last(), book.index().last_confirmed()))).await?;
        let mut status = self.0.status();
        (status.last, status.confirmed) = place;
        status.current = result.is_ok();
        status.error = result.as_ref().err().map(ToString::to_string);
        status.failures = if result.is_ok() { 0 } else { status.failures.saturating_add(1) };
        result
    }

    /// How long to wait after a look.
    fn pause(&self, error: Option<&FollowerError>) -> Duration {
        let poll = self.0.settings.poll;
        let Some(error) = error else { return poll };
        let doubled = poll.saturating_mul(1_u32.checked_shl(self.0.status().failures.min(16)).unwrap_or(u32::MAX));
        let asked = match error {
            FollowerError::Rpc(RpcError::Status { retry_after, .. }) => retry_after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let pause = doubled.min(MAX_PAUSE.max(poll)).max(asked.min(MAX_ASKED_PAUSE));
        tracing::warn!(%error, ?pause, "the deposits could not be followed");
        pause
    }

    /// How following goes.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.status().clone()
    }

    /// The contract and its tokens, as of the last block that was read.
    ///
    /// # Errors
    ///
    /// The database's thread ended early.
    pub async fn contract(&self) -> Result<DepositContract, FollowerError> {
        self.0.with_book(|book| Ok(book.contract())).await
    }

    /// What an account has and had, as of the last block that was read.
    ///
    /// # Errors
    ///
    /// [`FollowerError::NotYet`] before the first block was read; otherwise the database cannot be used.
    pub async fn account(&self, account: Address, page: Page) -> Result<AccountDeposits, FollowerError> {
        let current = self.0.status().current;
        self.0.with_book(move |book| book.account(account, page, current)).await
    }
}

impl Shared {
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
