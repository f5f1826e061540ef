//! The proof envelope and its binary form.

mod json;

use serde::{Deserialize, Serialize};

use crate::{EnvelopeError, MAX_VALUES, ModelId, Nonce, Reader, Section, TensorHash, Writer};

pub use json::EnvelopeJson;

/// First bytes of an envelope.
pub const ENVELOPE_MAGIC: [u8; 8] = *b"VOUCHPF\0";
/// Version of the format that this crate reads and writes.
pub const ENVELOPE_VERSION: u16 = 1;
/// Largest length of a proof in bytes.
pub const MAX_PROOF_BYTES: usize = 1 << 20;

/// Largest number of hashes in one section: one for each tensor that a key can have.
pub const MAX_HASHES: usize = 256;

/// Visibility of a section whose values are in the clear.
const PUBLIC: u8 = 0;
/// Visibility of a section in which there are also hashes.
const HASHES: u8 = 1;

/// The quantized values that a proof is about, in the order of the model's schema: those of public tensors. Of a hashed tensor there is its salted hash, of a private one nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublicValues {
    /// All public input tensors, one after the other.
    pub inputs: Vec<i64>,
    /// All public output tensors, one after the other.
    pub outputs: Vec<i64>,
    /// The hash of each hashed input tensor.
    pub input_hashes: Vec<TensorHash>,
    /// The hash of each hashed output tensor.
    pub output_hashes: Vec<TensorHash>,
}

impl PublicValues {
    /// Values and hashes of a section.
    pub fn section(&self, section: Section) -> (&[i64], &[TensorHash]) {
        match section {
            Section::Inputs => (&self.inputs, &self.input_hashes),
            Section::Outputs => (&self.outputs, &self.output_hashes),
        }
    }
}

/// A proof with the claim that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "EnvelopeJson", into = "EnvelopeJson")]
pub struct ProofEnvelope {
    /// The model that the prover says it ran.
    pub model_id: ModelId,
    /// The request that the prover says it answers.
    pub nonce: Nonce,
    /// The inputs and outputs that the prover says it saw.
    pub public: PublicValues,
    /// The proof.
    pub proof: Vec<u8>,
}

impl ProofEnvelope {
    /// Checks the limits of the format.
    pub(crate) fn check_limits(&self) -> Result<(), EnvelopeError> {
        for section in [Section::Inputs, Section::Outputs] {
            let (values, hashes) = self.public.section(section);
            for (limit, got) in [(MAX_VALUES, values.len()), (MAX_HASHES, hashes.len())] {
                if got > limit {
                    return Err(EnvelopeError::TooManyValues { section, limit, got });
                }
            }
        }
        if self.proof.len() > MAX_PROOF_BYTES {
            return Err(EnvelopeError::ProofTooLong { limit: MAX_PROOF_BYTES, got: self.proof.len() });
        }
        Ok(())
    }

    /// Writes the binary form.
    pub fn encode(&self) -> Result<Vec<u8>, EnvelopeError> {
        self.check_limits()?;
        let mut writer = Writer::new();
        writer.raw(&ENVELOPE_MAGIC);
        writer.u16(ENVELOPE_VERSION);
        writer.raw(&self.model_id.0);
        writer.raw(&self.nonce.0);
        for section in [Section::Inputs, Section::Outputs] {
            let (values, hashes) = self.public.section(section);
            writer.u8(if hashes.is_empty() { PUBLIC } else { HASHES });
            writer.u32(u32::try_from(values.len()).unwrap_or(u32::MAX));
            for &value in values {
                writer.zigzag(value);
            }
            if !hashes.is_empty() {
                writer.u32(u32::try_from(hashes.len()).unwrap_or(u32::MAX));
                hashes.iter().for_each(|hash| writer.raw(&hash.0));
            }
        }
        writer.u32(u32::try_from(self.proof.len()).unwrap_or(u32::MAX));
        writer.raw(&self.proof);
        Ok(writer.into_bytes())
    }

    /// Reads the binary form.
    pub fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let mut reader = Reader::new(bytes);
        let magic = reader.array()?;
        if magic != ENVELOPE_MAGIC {
            return Err(EnvelopeError::Magic { expected: ENVELOPE_MAGIC, got: magic });
        }
        let version = reader.u16()?;
        if version != ENVELOPE_VERSION {
            return Err(EnvelopeError::Version { expected: ENVELOPE_VERSION, got: version });
        }
        let model_id = ModelId(reader.array()?);
        let nonce = Nonce(reader.array()?);
        let (inputs, input_hashes) = read_section(&mut reader, Section::Inputs)?;
        let (outputs, output_hashes) = read_section(&mut reader, Section::Outputs)?;
        let proof_len = reader.count_u32("proof bytes", MAX_PROOF_BYTES, 1)?;
        let proof = reader.take(proof_len)?.to_vec();
        reader.finish()?;
        Ok(Self { model_id, nonce, public: PublicValues { inputs, outputs, input_hashes, output_hashes }, proof })
    }
}

fn read_section(reader: &mut Reader<'_>, section: Section) -> Result<(Vec<i64>, Vec<TensorHash>), EnvelopeError> {
    let offset = reader.offset();
    let visibility = reader.u8()?;
    if ![PUBLIC, HASHES].contains(&visibility) {
        return Err(EnvelopeError::Visibility { section, offset, expected: PUBLIC, got: visibility });
    }
    let what = match section {
        Section::Inputs => "input values",
        Section::Outputs => "output values",
    };
    let count = reader.count_u32(what, MAX_VALUES, 1)?;
    let values = (0..count).map(|_| reader.zigzag()).collect::<Result<_, _>>()?;
    if visibility == PUBLIC {
        return Ok((values, Vec::new()));
    }
    let offset = reader.offset();
    let count = reader.count_u32("hashes", MAX_HASHES, 32)?;
    if count == 0 {
        return Err(EnvelopeError::NoHashes { section, offset });
    }
    let hashes = (0..count).map(|_| reader.array().map(TensorHash)).collect::<Result<_, _>>()?;
    Ok((values, hashes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CursorError;
    use proptest::prelude::*;

    fn sample() -> ProofEnvelope {
        ProofEnvelope {
            model_id: ModelId([7; 32]),
            nonce: Nonce([9; 32]),
            public: PublicValues { inputs: vec![0, -1, 300, i64::MIN], outputs: vec![i64::MAX], ..Default::default() },
            proof: vec![1, 2, 3],
        }
    }

    /// Offset of the inputs' visibility.
    const SECTION: usize = 8 + 2 + 32 + 32;

    #[test]
    fn magic_version_and_visibility_are_checked() {
        let bytes = sample().encode().unwrap();
        let patched = |offset: usize, value: u8| {
            let mut bytes = bytes.clone();
            bytes[offset] = value;
            ProofEnvelope::decode(&bytes)
        };
        assert!(matches!(patched(0, b'X'), Err(EnvelopeError::Magic { got: [b'X', ..], .. })));
        assert_eq!(patched(8, 2), Err(EnvelopeError::Version { expected: 1, got: 2 }));
        let visibility = EnvelopeError::Visibility { section: Section::Inputs, offset: SECTION, expected: 0, got: 2 };
        assert_eq!(patched(SECTION, 2), Err(visibility));
    }

    /// A section without hashes has one encoding.
    #[test]
    fn hashes_that_are_none_are_refused() {
        let mut envelope = sample();
        envelope.public.outputs = Vec::new();
        envelope.public.output_hashes = vec![TensorHash([3; 32])];
        let bytes = envelope.encode().unwrap();
        assert_eq!(ProofEnvelope::decode(&bytes), Ok(envelope));
        let at = bytes.len() - 3 - 4 - 32 - 4;
        assert_eq!(bytes[at..at + 4], [1, 0, 0, 0]);
        let mut none = bytes[..at].to_vec();
        none.extend([0; 4]);
        none.extend(&bytes[at + 36..]);
        let refused = EnvelopeError::NoHashes { section: Section::Outputs, offset: at };
        assert_eq!(ProofEnvelope::decode(&none), Err(refused));
    }

    #[test]
    fn limits_are_refused_before_allocation() {
        let mut bytes = sample().encode().unwrap();
        bytes[SECTION + 1..SECTION + 5].copy_from_slice(&u32::MAX.to_le_bytes());
        let too_long = CursorError::TooLong {
            what: "input values",
            offset: SECTION + 1,
            limit: 1 << 20,
            got: u64::from(u32::MAX),
        };
        assert_eq!(ProofEnvelope::decode(&bytes), Err(too_long.into()));

        let mut envelope = sample();
        envelope.proof = vec![0; MAX_PROOF_BYTES + 1];
        let long = EnvelopeError::ProofTooLong { limit: MAX_PROOF_BYTES, got: MAX_PROOF_BYTES + 1 };
        assert_eq!(envelope.encode(), Err(long));
        envelope.public.outputs = vec![0; MAX_VALUES + 1];
        let many = EnvelopeError::TooManyValues { section: Section::Outputs, limit: MAX_VALUES, got: MAX_VALUES + 1 };
        assert_eq!(envelope.encode(), Err(many));
    }

    proptest! {
        #[test]
        fn binary_form_round_trips(
            ids: ([u8; 32], [u8; 32]),
            inputs in proptest::collection::vec(any::<i64>(), 0..20),
            outputs in proptest::collection::vec(-300i64..300, 0..20),
            hashes: ([u8; 32], [u8; 32], [u8; 32]),
            counts in (0usize..2, 0usize..3),
            proof in proptest::collection::vec(any::<u8>(), 0..50),
            extra: u8,
        ) {
            let envelope = ProofEnvelope {
                model_id: ModelId(ids.0),
                nonce: Nonce(ids.1),
                public: PublicValues {
                    inputs,
                    outputs,
                    input_hashes: vec![TensorHash(hashes.0); counts.0],
                    output_hashes: [hashes.1, hashes.2].map(TensorHash)[..counts.1].to_vec(),
                },
                proof,
            };
            let mut bytes = envelope.encode().unwrap();
            prop_assert_eq!(ProofEnvelope::decode(&bytes), Ok(envelope));
            for len in 0..bytes.len() {
                let truncated = matches!(
                    ProofEnvelope::decode(&bytes[..len]),
                    Err(EnvelopeError::Field(CursorError::Truncated { .. }))
                );
                prop_assert!(truncated);
            }
            let offset = bytes.len();
            bytes.push(extra);
            prop_assert_eq!(
                ProofEnvelope::decode(&bytes),
                Err(CursorError::Trailing { offset, got: 1 }.into())
            );
        }

        #[test]
        fn changed_bytes_are_refused_or_mean_something_else(at in 0usize..200, flip in 1u8..) {
            let mut bytes = sample().encode().unwrap();
            let at = at % bytes.len();
            bytes[at] ^= flip;
            if let Ok(envelope) = ProofEnvelope::decode(&bytes) {
                prop_assert_ne!(&envelope, &sample());
                prop_assert_eq!(envelope.encode().unwrap(), bytes);
            }
        }

        #[test]
        fn any_bytes_are_safe(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = ProofEnvelope::decode(&bytes);
        }
    }
}
