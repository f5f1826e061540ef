use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use vouch_api::{AccountDeposits, DepositContract};

use crate::book::{Book, Page};
use crate::database::Subject;
use crate::error::{FollowerError, RpcError};
use crate::rpc::Rpc;
use crate::shared::{Settings, Shared, Status};
use crate::walk::Walk;

/// The longest pause after failures that the node did not ask for.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause that a node can ask for.
const MAX_ASKED_PAUSE: Duration = Duration::from_secs(600);

/// Follows the contract. A handle: clones are of the same follower.
#[derive(Clone)]
pub struct Follower {
    shared: Arc<Shared>,
    /// One look at a time.
    walk: Arc<tokio::sync::Mutex<Walk>>,
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
        let walk = Arc::new(tokio::sync::Mutex::new(Walk::new(settings.range)));
        Ok(Self { shared: Arc::new(Shared::new(settings, rpc, book, status)), walk })
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
        let mut walk = self.walk.lock().await;
        let result = walk.look(&self.shared).await;
        if let Err(error) = &result {
            walk.suspect();
            if error.stored_is_wrong() {
                tracing::error!(%error, "what was stored of the deposits is not of the chain, which is read anew");
                self.shared.with_book(Book::clear).await?;
                self.shared.status().rereads += 1;
            }
        }
        let place = self.shared.with_book(|book| Ok((book.index().last(), book.index().last_confirmed()))).await?;
        let mut status = self.shared.status();
        (status.last, status.confirmed) = place;
        status.current = result.is_ok();
        status.error = result.as_ref().err().map(ToString::to_string);
        status.failures = if result.is_ok() { 0 } else { status.failures.saturating_add(1) };
        result
    }

    /// How long to wait after a look.
    fn pause(&self, error: Option<&FollowerError>) -> Duration {
        let poll = self.shared.settings.poll;
        let Some(error) = error else { return poll };
        let doubled = poll.saturating_mul(1_u32.checked_shl(self.shared.status().failures.min(16)).unwrap_or(u32::MAX));
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
        self.shared.status().clone()
    }

    /// The contract and its tokens, as of the last block that was read.
    ///
    /// # Errors
    ///
    /// The database's thread ended early.
    pub async fn contract(&self) -> Result<DepositContract, FollowerError> {
        self.shared.with_book(|book| Ok(book.contract())).await
    }

    /// What an account has and had, as of the last block that was read.
    ///
    /// # Errors
    ///
    /// [`FollowerError::NotYet`] before the first block was read; otherwise the database cannot be used.
    pub async fn account(&self, account: Address, page: Page) -> Result<AccountDeposits, FollowerError> {
        let current = self.shared.status().current;
        self.shared.with_book(move |book| book.account(account, page, current)).await
    }
}
