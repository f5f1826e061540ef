//! Transactions on their way: signed, sent, looked for in blocks, and signed again when they were in none.
//!
//! A step never waits for a block. It sends what has to be sent, looks at the blocks since the last step, and says
//! [`SubtensorError::Pending`] until the transaction is in one. A second step sends nothing twice: the transaction has a
//! number, and the chain takes each number once.

use vouch_protocol::PartyKey;

use crate::events::Outcome;
use crate::subtensor::State;
use crate::{Call, Era, Signed, SigningContext, SubtensorError};

/// Blocks for which a transaction is valid: 13 minutes.
const PERIOD: u64 = 64;
/// Blocks that are looked at again, since the newest ones may still be replaced.
const UNSURE: u64 = 3;

/// What a transaction is for. One of the same purpose replaces none that is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Weights of an epoch.
    Weights(u64),
    /// The head of an epoch's log.
    Head(u64),
    /// Anything else: the call itself.
    Other(Call),
}

/// A transaction that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) purpose: Purpose,
    /// The block before which it was not sent.
    pub(crate) from: u64,
    name: &'static str,
    signed: Signed,
    /// The next block to look at.
    next: u64,
    /// The connection over which it was sent.
    connection: u64,
}

impl State {
    /// A step of one transaction; `Ok` when it is in a block and did what it should.
    pub(crate) fn step(
        &mut self,
        key: &PartyKey,
        purpose: Purpose,
        call: impl FnOnce(&mut Self) -> Result<Call, SubtensorError>,
    ) -> Result<(), SubtensorError> {
        if self.sent.as_ref().is_none_or(|sent| sent.purpose != purpose) {
            let call = call(self)?;
            self.send(key, purpose, &call)?;
        }
        self.follow()
    }

    /// Signs and sends.
    fn send(&mut self, key: &PartyKey, purpose: Purpose, call: &Call) -> Result<(), SubtensorError> {
        let runtime = self.runtime()?;
        let (from, newest) = self.head()?;
        let (mut block, mut birth_hash) = self.finalized()?;
        if from > block + PERIOD / 2 {
            // Nothing is final any more: the newest block must do.
            (block, birth_hash) = (from, self.hash_of(&newest)?);
        }
        let era = Era::new(PERIOD, block);
        let nonce = self.nonce(&key.public())?;
        let context = SigningContext { genesis: self.genesis()?, era, birth_hash, nonce };
        let signed = context.sign(&runtime, call, key)?;
        self.submit(&signed)?;
        let (name, connection) = (call.name(), self.nodes.connections());
        tracing::debug!(call = name, nonce, until = signed.end, "sent");
        self.sent = Some(Sent { purpose, from, name, signed, next: from, connection });
        Ok(())
    }

    /// Looks for what was sent in the blocks since the last time.
    fn follow(&mut self) -> Result<(), SubtensorError> {
        let Some(mut sent) = self.sent.take() else {
            return Err(SubtensorError::answer("a transaction", "none was sent"));
        };
        let found = self.search(&mut sent);
        let name = sent.name;
        match found {
            Ok(Some(Outcome::Success)) => return Ok(()),
            Ok(Some(Outcome::Failure(name, docs))) => {
                return Err(SubtensorError::Failed { call: sent.name, name, docs });
            }
            Ok(Some(Outcome::Unknown)) => {
                tracing::warn!(call = name, "it is in a block, and the block does not say how it ended");
                return Ok(());
            }
            Ok(None) if sent.next > sent.signed.end => return Err(SubtensorError::Expired { call: name }),
            _ => {}
        }
        // Other nodes do not know what is waiting at the one that went away.
        if found.is_ok() && sent.connection != self.nodes.connections() {
            match self.submit(&sent.signed) {
                Ok(()) => tracing::debug!(call = name, "sent again, to another node"),
                Err(error) => tracing::debug!(call = name, %error, "another node does not take it"),
            }
            sent.connection = self.nodes.connections();
        }
        self.sent = Some(sent);
        found?;
        Err(SubtensorError::Pending { call: name })
    }

    fn search(&mut self, sent: &mut Sent) -> Result<Option<Outcome>, SubtensorError> {
        let (head, _) = self.head()?;
        let last = head.min(sent.signed.end);
        let mut number = sent.next.saturating_sub(UNSURE).max(sent.from);
        while number <= last {
            if let Some(at) = self.position(number, &sent.signed.bytes)? {
                return self.outcome(number, at).map(Some);
            }
            number += 1;
        }
        // Past the end only when the last block in which it may be is surely known.
        sent.next = if head > sent.signed.end + UNSURE { sent.signed.end + 1 } else { last };
        Ok(None)
    }
}
