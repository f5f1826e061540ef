//! What a validator has published, against its log.

use std::fmt;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use vouch_protocol::{PublicKey, Replay, SignedHead};
use vouch_subtensor::Subtensor;

use super::Scope;
use crate::chain::FileChain;

/// Where validators publish.
#[derive(Clone)]
pub enum Published {
    /// A folder, which keeps all epochs.
    Folder(FileChain),
    /// A subnet of Bittensor, which has the newest head and the newest weights.
    Subnet(Arc<Subtensor>),
}

impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(chain) => chain.fmt(f),
            Self::Subnet(_) => f.write_str("Subnet"),
        }
    }
}

/// Compares the chain's weights and heads, and the heads that were noted earlier, with the log. Returns the number of
/// epochs on the chain.
pub(super) fn check(replay: &Replay, validator: &PublicKey, scope: &Scope) -> Result<usize> {
    for head in &scope.heads {
        ensure!(head.head.validator == *validator, "the noted head is of validator {}", head.head.validator);
        same(replay, head).context("a head that was noted earlier")?;
    }
    match &scope.chain {
        None => Ok(0),
        Some(Published::Folder(chain)) => folder(replay, validator, chain),
        Some(Published::Subnet(chain)) => subnet(replay, validator, chain),
    }
}

fn folder(replay: &Replay, validator: &PublicKey, chain: &FileChain) -> Result<usize> {
    let published = chain.published(validator)?;
    for (&epoch, publication) in &published {
        let ended = replay.epochs().get(&epoch);
        let Some(ended) = ended else { bail!("epoch {epoch} is on the chain and not in the log") };
        ensure!(
            ended.has_weights(&publication.weights),
            "epoch {epoch}: the weights on the chain are not those of the log"
        );
        let head = &publication.head.head;
        ensure!(
            head.validator == *validator && head.epoch == epoch,
            "epoch {epoch}: the head on the chain is of validator {} and epoch {}",
            head.validator,
            head.epoch
        );
        same(replay, &publication.head).context("the head on the chain")?;
    }
    Ok(published.len())
}

/// The newest head must be the log's, and the weights those of an epoch near it: they go on the chain before the head, and
/// where they are committed first they are opened later.
fn subnet(replay: &Replay, validator: &PublicKey, chain: &Subtensor) -> Result<usize> {
    let name = chain.name()?;
    if let Some((own, _)) = replay.started() {
        ensure!(own == name, "the log is of chain {own}, asked was {name}");
    }
    let published = chain.published(validator)?;
    let Some(head) = &published.head else {
        ensure!(!published.has_weights(), "there are weights on the chain, and no head of a log");
        return Ok(0);
    };
    same(replay, &head.head).context("the head on the chain")?;
    let epochs: Vec<_> = replay.recent_weights().collect();
    if published.has_weights() && !epochs.iter().any(|(_, weights)| published.fits(weights)) {
        let numbers = epochs.first().zip(epochs.last()).map_or((0, 0), |(first, last)| (first.0, last.0));
        bail!("the weights on the chain are none of those of the log's epochs {} to {}", numbers.0, numbers.1);
    }
    Ok(1)
}

/// Whether a signed head is the log's.
fn same(replay: &Replay, signed: &SignedHead) -> Result<()> {
    signed.verify()?;
    let epoch = signed.head.epoch;
    match replay.epoch_head(epoch) {
        Some(own) if own == signed.head => Ok(()),
        Some(own) => bail!(
            "two heads for epoch {epoch}: the validator has signed entry {} with hash {}, its log has entry {} with hash {}: \
             the log was rewritten, or there are two",
            signed.head.seq,
            signed.head.head,
            own.seq,
            own.head
        ),
        None => bail!(
            "the validator has signed a head for epoch {epoch}, which its log does not have: it was cut or rewritten"
        ),
    }
}
