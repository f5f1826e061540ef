//! What a validator has published, against its log.

use anyhow::{Context, Result, bail, ensure};
use vouch_protocol::{PublicKey, Replay, SignedHead};

use super::Scope;

/// Compares the chain's weights and heads, and the heads that were noted earlier, with the log. Returns the number of
/// epochs on the chain.
pub(super) fn check(replay: &Replay, validator: &PublicKey, scope: &Scope) -> Result<usize> {
    for head in &scope.heads {
        ensure!(head.head.validator == *validator, "the noted head is of validator {}", head.head.validator);
        same(replay, head).context("a head that was noted earlier")?;
    }
    let Some(chain) = &scope.chain else { return Ok(0) };
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
