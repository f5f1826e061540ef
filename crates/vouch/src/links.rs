//! Links of a chain of proofs, as text.

use std::{borrow::Borrow, ops::Range};

use vouch_envelope::{Link, Section, ValueRef};
use vouch_verifier::VerifierKey;

use crate::{Result, error::Cause};

/// Reads a link of a chain, as in `0:hours=6:redemption_hours[0]`: the output `hours` of proof 0 is the first value of
/// the input `redemption_hours` of proof 6. `[A..B]` is a range of values. `outputs[A..B]` and `inputs[A..B]` are
/// positions among all public values. `keys` are the verifying keys of the chain's proofs, in their order.
///
/// # Errors
/// Kind `Input` if the text has another form, or names a proof, tensor or value that there is not.
pub fn parse_link<K: Borrow<VerifierKey>>(text: &str, keys: &[K]) -> Result<Link> {
    let read = || {
        let (from, to) = text.split_once('=').ok_or("expected PROOF:OUTPUT=PROOF:INPUT")?;
        let (from, outputs) = end(from, Section::Outputs, keys)?;
        let (to, inputs) = end(to, Section::Inputs, keys)?;
        if outputs.len() != inputs.len() {
            return Err(format!("{} outputs for {} inputs", outputs.len(), inputs.len()));
        }
        let number = |number: usize| u32::try_from(number).map_err(|_| format!("position {number} is too large"));
        let at = |proof, range: &Range<usize>| {
            Ok::<_, String>(ValueRef { proof: number(proof)?, start: number(range.start)? })
        };
        Ok(Link { from: at(from, &outputs)?, to: at(to, &inputs)?, len: number(outputs.len())? })
    };
    read().map_err(|reason: String| Cause::Link { text: text.to_owned(), reason }.into())
}

/// The proof and the positions that an end names.
fn end<K: Borrow<VerifierKey>>(text: &str, section: Section, keys: &[K]) -> Result<(usize, Range<usize>), String> {
    let (proof, rest) = text.split_once(':').ok_or_else(|| format!("{text}: expected PROOF:NAME"))?;
    let count = keys.len();
    let wrong = || format!("{proof}: expected the number of a proof, from 0 to {}", count.saturating_sub(1));
    let number: usize = proof.trim().parse().map_err(|_| wrong())?;
    let key = keys.get(number).ok_or_else(wrong)?.borrow();
    let (name, part) = match rest.split_once('[') {
        None => (rest, None),
        Some((name, part)) => {
            (name, Some(part.strip_suffix(']').ok_or_else(|| format!("{rest}: expected `]` at the end"))?))
        }
    };
    let whole = match key.schema().public_range(section, name) {
        Some(range) => range,
        None if name == section.to_string() && part.is_some() => 0..key.schema().values(section),
        None => {
            let names: Vec<_> = key.schema().section(section).iter().map(|tensor| tensor.name.as_str()).collect();
            return Err(format!("proof {number} has no public tensor `{name}` in its {section}: {}", names.join(", ")));
        }
    };
    let Some(part) = part else { return Ok((number, whole)) };
    let index = |text: &str| text.trim().parse::<usize>().map_err(|_| format!("{text}: expected a position"));
    let part = match part.split_once("..") {
        Some((start, end)) => index(start)?..index(end)?,
        None => index(part)?..index(part)?.saturating_add(1),
    };
    if part.start >= part.end || part.end > whole.len() {
        return Err(format!("{name}[{}..{}]: expected positions below {}", part.start, part.end, whole.len()));
    }
    Ok((number, whole.start + part.start..whole.start + part.end))
}
