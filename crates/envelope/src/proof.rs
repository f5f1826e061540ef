//! The proof envelope and its binary form.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{EnvelopeError, EnvelopeJson, ModelId, Nonce, Reader, Writer};

/// First bytes of an envelope.
pub const ENVELOPE_MAGIC: [u8; 8] = *b"VOUCHPF\0";
/// Version of the format that this crate reads and writes.
pub const ENVELOPE_VERSION: u16 = 1;
/// Largest number of values in one section.
pub const MAX_VALUES: usize = 1 << 20;
/// Largest length of a proof in bytes.
pub const MAX_PROOF_BYTES: usize = 1 << 20;

/// Visibility of a section whose values are in the clear.
const PUBLIC: u8 = 0;

/// A part of the public values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    /// What the model was given.
    Inputs,
    /// What the model computed.
    Outputs,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inputs => "inputs",
            Self::Outputs => "outputs",
        })
    }
}

/// The quantized values that a proof is about, in the order of the model's schema.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublicValues {
    /// All input tensors, one after the other.
    pub inputs: Vec<i64>,
    /// All output tensors, one after the other.
    pub outputs: Vec<i64>,
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
        for (section, values) in [(Section::Inputs, &self.public.inputs), (Section::Outputs, &self.public.outputs)] {
            if values.len() > MAX_VALUES {
                return Err(EnvelopeError::TooManyValues { section, limit: MAX_VALUES, got: values.len() });
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
        for values in [&self.public.inputs, &self.public.outputs] {
            writer.u8(PUBLIC);
            writer.u32(u32::try_from(values.len()).unwrap_or(u32::MAX));
            for &value in values {
                writer.zigzag(value);
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
        let inputs = read_section(&mut reader, Section::Inputs)?;
        let outputs = read_section(&mut reader, Section::Outputs)?;
        let proof_len = reader.count_u32("proof bytes", MAX_PROOF_BYTES, 1)?;
        let proof = reader.take(proof_len)?.to_vec();
        reader.finish()?;
        Ok(Self { model_id, nonce, public: PublicValues { inputs, outputs }, proof })
    }
}

fn read_section(reader: &mut Reader<'_>, section: Section) -> Result<Vec<i64>, EnvelopeError> {
    let offset = reader.offset();
    let visibility = reader.u8()?;
    if visibility != PUBLIC {
        return Err(EnvelopeError::Visibility { section, offset, expected: PUBLIC, got: visibility });
    }
    let what = match section {
        Section::Inputs => "input values",
        Section::Outputs => "output values",
    };
    let count = reader.count_u32(what, MAX_VALUES, 1)?;
    (0..count).map(|_| reader.zigzag().map_err(EnvelopeError::from)).collect()
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
            public: PublicValues { inputs: vec![0, -1, 300, i64::MIN], outputs: vec![i64::MAX] },
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
        let visibility = EnvelopeError::Visibility { section: Section::Inputs, offset: SECTION, expected: 0, got: 1 };
        assert_eq!(patched(SECTION, 1), Err(visibility));
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
            proof in proptest::collection::vec(any::<u8>(), 0..50),
            extra: u8,
        ) {
            let envelope = ProofEnvelope {
                model_id: ModelId(ids.0),
                nonce: Nonce(ids.1),
                public: PublicValues { inputs, outputs },
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
