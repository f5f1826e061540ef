//! A chain of proofs, in which outputs of one are inputs of a later one, and its binary form.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use vouch_schema::num::index;

use crate::{CursorError, EnvelopeError, Expected, ProofEnvelope, Reader, Section, Writer};

/// First bytes of a chain.
pub const CHAIN_MAGIC: [u8; 8] = *b"VOUCHPC\0";
/// Version of the format that this crate reads and writes.
pub const CHAIN_VERSION: u16 = 1;
/// Largest number of proofs in a chain.
pub const MAX_CHAIN_PROOFS: usize = 64;
/// Largest number of links in a chain.
pub const MAX_LINKS: usize = 1 << 12;
/// Largest length of one proof's envelope in bytes: two sections of values and hashes, and a proof.
const MAX_ENVELOPE_BYTES: usize = 1 << 25;

/// Where some public values of a proof begin: those of an output, or those of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueRef {
    /// Position of the proof in the chain.
    pub proof: u32,
    /// Position among all public outputs, or inputs, of that proof.
    pub start: u32,
}

/// Outputs of a proof that are inputs of a later one: `outputs[from.start + i]` of proof `from.proof` is
/// `inputs[to.start + i]` of proof `to.proof`, for `i < len`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The outputs.
    pub from: ValueRef,
    /// The inputs.
    pub to: ValueRef,
    /// How many values.
    pub len: u32,
}

/// What the caller of a verification expects of a chain. Trust comes from here, never from the chain.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ExpectedChain {
    /// What is expected of each proof. `inputs` are those that no link fills, in their order.
    pub steps: Vec<Expected>,
    /// The links, in any order. A chain that claims others, or fewer, is refused.
    pub links: Vec<Link>,
}

impl Link {
    /// The order of links in a chain: that of the inputs which they fill.
    fn key(&self) -> (ValueRef, ValueRef, u32) {
        (self.to, self.from, self.len)
    }

    /// Puts links in the order that a chain has them in.
    ///
    /// By insertion: lists are short, and the standard library's sort is some kilobytes of WebAssembly.
    pub fn sorted(links: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut sorted: Vec<Self> = Vec::new();
        for link in links {
            let place = sorted.partition_point(|other| other.key() <= link.key());
            sorted.insert(place, link);
        }
        sorted
    }

    /// Positions of the outputs.
    pub fn outputs(&self) -> Range<usize> {
        self.range(self.from)
    }

    /// Positions of the inputs.
    pub fn inputs(&self) -> Range<usize> {
        self.range(self.to)
    }

    fn range(&self, at: ValueRef) -> Range<usize> {
        let start = index(at.start);
        let end = start.checked_add(index(self.len));
        // An end that does not fit is beyond all lists.
        start..end.unwrap_or(usize::MAX)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.outputs(), self.inputs());
        let (from_proof, to_proof) = (self.from.proof, self.to.proof);
        write!(f, "{from_proof}:outputs[{}..{}]={to_proof}:inputs[{}..{}]", from.start, from.end, to.start, to.end)
    }
}

/// What is wrong with a link, whatever the models are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum LinkFault {
    /// The link has no values.
    #[error("expected at least one value, got none")]
    Empty,
    /// Values can only come from an earlier proof.
    #[error("expected a proof before proof {to}, got {from}")]
    Backwards { from: u32, to: u32 },
    /// An end of the link is not within a proof's public values.
    #[error("{section} of proof {proof}: expected values below {values}, got {start} to {end}")]
    Range {
        section: Section,
        proof: u32,
        /// How many public values there are; 0 if there is no such proof.
        values: usize,
        start: usize,
        end: usize,
    },
    /// The links are not in the order of the inputs that they fill, or an input is filled twice.
    #[error("expected inputs after those of the link before")]
    Order,
}

/// Why bytes or JSON are not a chain, or proofs and links cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum ChainFormatError {
    /// A field is malformed.
    #[error(transparent)]
    Field(#[from] CursorError),
    /// The input is something else.
    #[error("not a chain of proofs: expected magic {}, got {}", crate::hex::encode(expected), crate::hex::encode(got))]
    Magic {
        /// Magic of the format.
        expected: [u8; 8],
        /// First bytes of the input.
        got: [u8; 8],
    },
    /// The input is of another version of the format.
    #[error("chain of proofs: expected version {expected}, got {got}")]
    Version { expected: u16, got: u16 },
    /// There are no proofs, or too many.
    #[error("proofs: expected 1 to {limit}, got {got}")]
    Proofs { limit: usize, got: usize },
    /// There are too many links.
    #[error("links: expected at most {limit}, got {got}")]
    Links { limit: usize, got: usize },
    /// A proof is no envelope, or cannot be written.
    #[error("proof {proof}: {source}")]
    Envelope { proof: usize, source: EnvelopeError },
    /// A link makes no sense.
    #[error("link {link} ({at}): {source}")]
    Link { link: usize, at: Link, source: LinkFault },
}

impl ChainFormatError {
    /// A short name of the kind of error, fixed, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Field(error) => error.code(),
            Self::Magic { .. } => "magic",
            Self::Version { .. } => "version",
            Self::Proofs { .. } => "proof-count",
            Self::Links { .. } => "link-count",
            Self::Envelope { source, .. } => source.code(),
            Self::Link { source, .. } => match source {
                LinkFault::Empty => "link-empty",
                LinkFault::Backwards { .. } => "link-backwards",
                LinkFault::Range { .. } => "link-range",
                LinkFault::Order => "link-order",
            },
        }
    }
}

/// Proofs in order, with the links that whoever made the chain says are between them. Nothing in it is trusted by itself.
///
/// Links are in the order of the inputs that they fill, no input is filled twice, each end is within the public values
/// of a proof, and values go to later proofs only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ChainJson", into = "ChainJson")]
pub struct ProofChain {
    proofs: Vec<ProofEnvelope>,
    links: Vec<Link>,
}

/// A chain as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChainJson {
    proofs: Vec<ProofEnvelope>,
    links: Vec<Link>,
}

impl From<ProofChain> for ChainJson {
    fn from(ProofChain { proofs, links }: ProofChain) -> Self {
        Self { proofs, links }
    }
}

impl TryFrom<ChainJson> for ProofChain {
    type Error = ChainFormatError;

    fn try_from(json: ChainJson) -> Result<Self, ChainFormatError> {
        Self::checked(json.proofs, json.links)
    }
}

impl ProofChain {
    /// A chain of these proofs; the links may come in any order.
    ///
    /// # Errors
    /// [`ChainFormatError`] for links that make no sense, and numbers beyond the format's limits.
    pub fn new(proofs: Vec<ProofEnvelope>, links: Vec<Link>) -> Result<Self, ChainFormatError> {
        Self::checked(proofs, Link::sorted(links))
    }

    /// The proofs.
    pub fn proofs(&self) -> &[ProofEnvelope] {
        &self.proofs
    }

    /// The links.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    fn checked(proofs: Vec<ProofEnvelope>, links: Vec<Link>) -> Result<Self, ChainFormatError> {
        if !(1..=MAX_CHAIN_PROOFS).contains(&proofs.len()) {
            return Err(ChainFormatError::Proofs { limit: MAX_CHAIN_PROOFS, got: proofs.len() });
        }
        if links.len() > MAX_LINKS {
            return Err(ChainFormatError::Links { limit: MAX_LINKS, got: links.len() });
        }
        let mut before: Option<Link> = None;
        for (link, at) in links.iter().enumerate() {
            check_link(at, before.as_ref(), &proofs).map_err(|source| ChainFormatError::Link {
                link,
                at: *at,
                source,
            })?;
            before = Some(*at);
        }
        Ok(Self { proofs, links })
    }

    /// Writes the binary form.
    ///
    /// # Errors
    /// [`ChainFormatError::Envelope`] if a proof is beyond its format's limits.
    pub fn encode(&self) -> Result<Vec<u8>, ChainFormatError> {
        let mut writer = Writer::new();
        writer.raw(&CHAIN_MAGIC);
        writer.u16(CHAIN_VERSION);
        writer.count(self.proofs.len());
        for (proof, envelope) in self.proofs.iter().enumerate() {
            let bytes = envelope.encode().map_err(|source| ChainFormatError::Envelope { proof, source })?;
            writer.count(bytes.len());
            writer.raw(&bytes);
        }
        writer.count(self.links.len());
        for Link { from, to, len } in &self.links {
            for number in [from.proof, from.start, to.proof, to.start, *len] {
                writer.varint(u64::from(number));
            }
        }
        Ok(writer.into_bytes())
    }

    /// Reads the binary form.
    ///
    /// # Errors
    /// [`ChainFormatError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ChainFormatError> {
        let mut reader = Reader::new(bytes);
        let magic = reader.array()?;
        if magic != CHAIN_MAGIC {
            return Err(ChainFormatError::Magic { expected: CHAIN_MAGIC, got: magic });
        }
        let version = reader.u16()?;
        if version != CHAIN_VERSION {
            return Err(ChainFormatError::Version { expected: CHAIN_VERSION, got: version });
        }
        let count = reader.count("proofs", MAX_CHAIN_PROOFS, 1)?;
        let mut proofs = Vec::with_capacity(count);
        for proof in 0..count {
            let len = reader.count("envelope bytes", MAX_ENVELOPE_BYTES, 1)?;
            let envelope = ProofEnvelope::decode(reader.take(len)?);
            proofs.push(envelope.map_err(|source| ChainFormatError::Envelope { proof, source })?);
        }
        let count = reader.count("links", MAX_LINKS, 5)?;
        let mut links = Vec::with_capacity(count);
        for _ in 0..count {
            let mut end =
                || Ok::<_, CursorError>(ValueRef { proof: reader.varint_u32()?, start: reader.varint_u32()? });
            let (from, to) = (end()?, end()?);
            links.push(Link { from, to, len: reader.varint_u32()? });
        }
        reader.finish()?;
        Self::checked(proofs, links)
    }
}

fn check_link(link: &Link, before: Option<&Link>, proofs: &[ProofEnvelope]) -> Result<(), LinkFault> {
    let Link { from, to, len } = *link;
    if len == 0 {
        return Err(LinkFault::Empty);
    }
    if from.proof >= to.proof {
        return Err(LinkFault::Backwards { from: from.proof, to: to.proof });
    }
    let ends = [(Section::Outputs, from.proof, link.outputs()), (Section::Inputs, to.proof, link.inputs())];
    for (section, proof, Range { start, end }) in ends {
        let envelope = usize::try_from(proof).ok().and_then(|proof| proofs.get(proof));
        let values = envelope.map_or(0, |envelope| envelope.public.section(section).0.len());
        if end > values {
            return Err(LinkFault::Range { section, proof, values, start, end });
        }
    }
    let after = |before: &Link| {
        to.proof > before.to.proof || (to.proof == before.to.proof && link.inputs().start >= before.inputs().end)
    };
    if before.is_none_or(after) { Ok(()) } else { Err(LinkFault::Order) }
}

#[cfg(test)]
mod tests;
