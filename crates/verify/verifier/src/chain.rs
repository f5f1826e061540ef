//! Chains of proofs: outputs of one are inputs of a later one.
//!
//! A chain is accepted if every proof is, for its own key and against what the caller expects of it, and if at every
//! link that the caller expects, the integers of the outputs are those of the inputs. Since both are public values of
//! proofs that hold, the later model was run on what the earlier one computed.
//!
//! Integers are equal numbers only in equal scales and units, so a link between tensors of different ones is refused.
//!
//! Keys, expectations and links come from the caller. The chain says which links its maker means; if they are not the
//! caller's, it is refused: a link that is missing there would be one that nobody checks.

mod error;
mod report;

use std::ops::{Deref, Range};

use vouch_envelope::{Expected, Link, ProofChain, ProofEnvelope, Section};
use vouch_schema::{Schema, TensorSpec};

use crate::batch::verify_batch;
use crate::claim::VerifiedClaim;
use crate::verifier_key::VerifierKey;

pub use error::{ChainError, LinkError};
pub use report::{ChainOutcome, ChainVerification, report_chain};

/// A proof that the caller expects in a chain. `K` is a reference or another pointer to the key.
#[derive(Debug, Clone)]
pub struct ChainStep<K> {
    /// The key of its model.
    pub key: K,
    /// What is expected of it. `inputs` are those that no link fills, in their order; `None` accepts any for them.
    pub expected: Expected,
}

/// A statement that a chain has shown: each of its claims, and that at the links outputs of one are inputs of another.
/// Only a verification makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedChain {
    claims: Vec<VerifiedClaim>,
    links: Vec<Link>,
}

impl VerifiedChain {
    /// What each proof has shown.
    pub fn claims(&self) -> &[VerifiedClaim] {
        &self.claims
    }

    /// The links, in the order of the inputs that they fill.
    pub fn links(&self) -> &[Link] {
        &self.links
    }
}

/// Verifies a chain against what the caller expects. Proofs for one key share a pairing.
///
/// # Errors
/// [`ChainError`] names the first proof, or else the first link, that does not hold.
pub fn verify_chain<K: Deref<Target = VerifierKey>>(
    steps: &[ChainStep<K>],
    links: &[Link],
    chain: &ProofChain,
) -> Result<VerifiedChain, ChainError> {
    let links = Link::sorted(links.iter().copied());
    check_count(steps, chain)?;
    check_claimed(&links, chain)?;

    let item = |(proof, (step, envelope)): (usize, (&ChainStep<K>, &ProofEnvelope))| {
        (proof, (against(&step.expected, proof, &links, envelope), envelope.clone()))
    };
    let mut open: Vec<_> = steps.iter().zip(chain.proofs()).enumerate().map(item).collect();
    let key = |proof: usize| steps.get(proof).map(|step| &*step.key);
    let mut verdicts = Vec::with_capacity(open.len());
    while let Some(key) = open.first().and_then(|&(proof, _)| key(proof)) {
        let same = |&(proof, _): &(usize, _)| steps.get(proof).is_some_and(|s| s.key.model_id() == key.model_id());
        let (of_key, others): (Vec<_>, Vec<_>) = open.into_iter().partition(same);
        let (proofs, items): (Vec<_>, Vec<_>) = of_key.into_iter().unzip();
        verdicts.extend(proofs.into_iter().zip(verify_batch(key, &items)));
        open = others;
    }
    verdicts.sort_unstable_by_key(|&(proof, _)| proof);
    let claims = verdicts
        .into_iter()
        .map(|(proof, verdict)| verdict.map_err(|source| ChainError::Proof { proof, source }))
        .collect::<Result<_, _>>()?;

    let schema = |proof: u32| schema(steps, proof);
    for (link, &at) in links.iter().enumerate() {
        check_link(&at, schema, chain.proofs()).map_err(|source| ChainError::Link { link, at, source })?;
    }
    Ok(VerifiedChain { claims, links })
}

fn schema<K: Deref<Target = VerifierKey>>(steps: &[ChainStep<K>], proof: u32) -> Option<&Schema> {
    steps.get(usize::try_from(proof).ok()?).map(|step| step.key.schema())
}

fn check_count<K>(steps: &[ChainStep<K>], chain: &ProofChain) -> Result<(), ChainError> {
    let (expected, got) = (steps.len(), chain.proofs().len());
    if expected == got { Ok(()) } else { Err(ChainError::Proofs { expected, got }) }
}

/// Whether the links that the chain claims are those that are expected, which are in its order.
fn check_claimed(links: &[Link], chain: &ProofChain) -> Result<(), ChainError> {
    let claimed = chain.links();
    let pair = |link: usize| (links.get(link).copied(), claimed.get(link).copied());
    let differs = (0..links.len().max(claimed.len())).find(|&link| pair(link).0 != pair(link).1);
    match differs.map(|link| (link, pair(link))) {
        None => Ok(()),
        Some((link, (expected, got))) => Err(ChainError::Claimed { link, expected, got }),
    }
}

/// What a proof alone is verified against. The caller has said which inputs it must have where no link fills them; where
/// one does, the proof's own value stands, which [`check_link`] compares with the output. A wrong number of values
/// stays wrong.
fn against(expected: &Expected, proof: usize, links: &[Link], envelope: &ProofEnvelope) -> Expected {
    let Some(known) = &expected.inputs else { return expected.clone() };
    let linked = linked(proof, links, envelope.public.inputs.len());
    let mut known = known.iter();
    let mut inputs = Vec::with_capacity(linked.len());
    for (own, linked) in envelope.public.inputs.iter().zip(linked) {
        inputs.extend(if linked { Some(own) } else { known.next() });
    }
    inputs.extend(known);
    Expected { inputs: Some(inputs), ..expected.clone() }
}

/// For each of a proof's inputs, whether a link fills it.
fn linked(proof: usize, links: &[Link], inputs: usize) -> Vec<bool> {
    let mut linked = vec![false; inputs];
    for link in links.iter().filter(|link| usize::try_from(link.to.proof) == Ok(proof)) {
        if let Some(range) = linked.get_mut(link.inputs()) {
            range.fill(true);
        }
    }
    linked
}

/// The two ends of a link that holds.
#[derive(Debug, Clone, Copy)]
struct Ends<'a> {
    from: &'a TensorSpec,
    to: &'a TensorSpec,
}

/// Checks that a link is between public tensors of one scale and unit, each end within one of them, and that the values
/// are equal.
fn check_link<'a>(
    link: &Link,
    schema: impl Fn(u32) -> Option<&'a Schema>,
    proofs: &[ProofEnvelope],
) -> Result<Ends<'a>, LinkError> {
    let tensor = |section, proof, range: Range<usize>| {
        let found = schema(proof).and_then(|schema| tensor_of(schema, section, &range));
        found.ok_or(LinkError::Tensor { section, proof, start: range.start, end: range.end })
    };
    let from = tensor(Section::Outputs, link.from.proof, link.outputs())?;
    let to = tensor(Section::Inputs, link.to.proof, link.inputs())?;
    if from.scale.to_bits() != to.scale.to_bits() {
        return Err(LinkError::Scale {
            from: from.name.clone(),
            output: from.scale,
            to: to.name.clone(),
            input: to.scale,
        });
    }
    if from.unit != to.unit {
        let (output, input) = (from.unit.clone(), to.unit.clone());
        return Err(LinkError::Unit { from: from.name.clone(), output, to: to.name.clone(), input });
    }
    let values = |proof: u32, section, range| {
        let envelope = usize::try_from(proof).ok().and_then(|proof| proofs.get(proof));
        envelope.and_then(|envelope| envelope.public.section(section).0.get(range))
    };
    // A proof with another number of values than its key's has been refused; here it has no values.
    let outputs = values(link.from.proof, Section::Outputs, link.outputs()).ok_or(LinkError::Missing)?;
    let inputs = values(link.to.proof, Section::Inputs, link.inputs()).ok_or(LinkError::Missing)?;
    match outputs.iter().zip(inputs).enumerate().find(|(_, (output, input))| output != input) {
        Some((position, (&output, &input))) => Err(LinkError::Value { position, output, input }),
        None => Ok(Ends { from, to }),
    }
}

/// The public tensor that holds all values of a range, which is not empty.
fn tensor_of<'a>(schema: &'a Schema, section: Section, range: &Range<usize>) -> Option<&'a TensorSpec> {
    let (tensor, all) = schema.public_ranges(section).find(|(_, all)| all.contains(&range.start))?;
    (range.start < range.end && range.end <= all.end).then_some(tensor)
}
