//! "Try to cheat": changes to an envelope, or a chain of them, that a liar might make.

mod chain;

use vouch_envelope::ProofEnvelope;

pub use self::chain::ChainCheat;

/// A way to cheat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cheat {
    /// Report another result.
    Output,
    /// Pretend that another question was asked.
    Input,
    /// Put another hash in the place of a hidden tensor's.
    Hash,
    /// Change one byte of the proof.
    Proof,
    /// Pass the proof off as the answer to another request.
    Nonce,
    /// Say that another model was run.
    Model,
    /// Send only a part.
    Truncate,
}

impl Cheat {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 7] =
        [Self::Output, Self::Input, Self::Hash, Self::Proof, Self::Nonce, Self::Model, Self::Truncate];

    /// A stable name, for tests and element ids.
    pub fn key(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Input => "input",
            Self::Hash => "hash",
            Self::Proof => "proof",
            Self::Nonce => "nonce",
            Self::Model => "model",
            Self::Truncate => "truncate",
        }
    }

    /// What the button says.
    pub fn label(self) -> &'static str {
        match self {
            Self::Output => "Change the result",
            Self::Input => "Change an input",
            Self::Hash => "Change a hash",
            Self::Proof => "Change a byte of the proof",
            Self::Nonce => "Reuse it for another request",
            Self::Model => "Claim another model",
            Self::Truncate => "Cut it short",
        }
    }

    /// Who would do that, and why.
    pub fn why(self) -> &'static str {
        match self {
            Self::Output => "A miner reports a number that suits it better, with the old proof.",
            Self::Input => "A miner computes an easier question than the one you asked.",
            Self::Hash => "A miner computes on other hidden values, and says that they are yours.",
            Self::Proof => "The proof was damaged on its way, or made up.",
            Self::Nonce => "A miner answers today's request with yesterday's proof.",
            Self::Model => "A miner runs a cheaper model and names the expensive one.",
            Self::Truncate => "The file is not complete.",
        }
    }

    /// Whether there is something to change in this way.
    pub fn applies(self, envelope: &ProofEnvelope) -> bool {
        let public = &envelope.public;
        match self {
            Self::Output => !public.outputs.is_empty(),
            Self::Input => !public.inputs.is_empty(),
            Self::Hash => !(public.input_hashes.is_empty() && public.output_hashes.is_empty()),
            Self::Proof | Self::Nonce | Self::Model | Self::Truncate => true,
        }
    }

    /// The envelope, changed. The encoding stays valid except where that is the point.
    ///
    /// # Errors
    /// A sentence if there is nothing to change in this way.
    pub fn apply(self, envelope: &ProofEnvelope) -> Result<Vec<u8>, String> {
        let mut changed = envelope.clone();
        match self {
            Self::Output => step(&mut changed.public.outputs, "The envelope has no output to change.")?,
            Self::Input => step(&mut changed.public.inputs, "The envelope has no input to change.")?,
            Self::Hash => {
                let mut hashes = changed.public.input_hashes.iter_mut().chain(&mut changed.public.output_hashes);
                // The lowest bit: it stays an element of the field.
                hashes.next().ok_or("The envelope has no hash to change.")?.0[31] ^= 1;
            }
            Self::Proof => {
                let middle = changed.proof.len() / 2;
                let byte = changed.proof.get_mut(middle).ok_or("The envelope has no proof to change.")?;
                *byte ^= 1;
            }
            Self::Nonce => changed.nonce.0[0] ^= 1,
            Self::Model => changed.model_id.0[0] ^= 1,
            Self::Truncate => {}
        }
        let mut bytes = changed.encode().map_err(|error| error.to_string())?;
        if self == Self::Truncate {
            bytes.truncate(bytes.len() * 3 / 4);
        }
        Ok(bytes)
    }
}

fn step(values: &mut [i64], none: &str) -> Result<(), String> {
    let value = values.first_mut().ok_or(none)?;
    *value = stepped(*value);
    Ok(())
}

/// One step towards zero (or up from it), so that the value stays within any range that contains zero.
fn stepped(value: i64) -> i64 {
    if value == 0 { 1 } else { value - value.signum() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vouch_envelope::{ModelId, Nonce, PublicValues, TensorHash};

    fn envelope() -> ProofEnvelope {
        ProofEnvelope {
            model_id: ModelId([1; 32]),
            nonce: Nonce([2; 32]),
            public: PublicValues {
                inputs: vec![-5, 9],
                outputs: vec![0, 3],
                input_hashes: vec![TensorHash([3; 32])],
                output_hashes: vec![TensorHash([4; 32])],
            },
            proof: vec![7; 11],
        }
    }

    #[test]
    fn each_cheat_changes_what_it_says() {
        let with = |change: fn(&mut ProofEnvelope)| {
            let mut envelope = envelope();
            change(&mut envelope);
            Ok(envelope)
        };
        for cheat in Cheat::ALL {
            assert!(cheat.applies(&envelope()));
            let changed = ProofEnvelope::decode(&cheat.apply(&envelope()).unwrap());
            let want = match cheat {
                Cheat::Output => with(|envelope| envelope.public.outputs[0] = 1),
                Cheat::Input => with(|envelope| envelope.public.inputs[0] = -4),
                Cheat::Hash => with(|envelope| envelope.public.input_hashes[0].0[31] = 2),
                Cheat::Proof => with(|envelope| envelope.proof[5] = 6),
                Cheat::Nonce => with(|envelope| envelope.nonce.0[0] = 3),
                Cheat::Model => with(|envelope| envelope.model_id.0[0] = 0),
                Cheat::Truncate => {
                    assert!(changed.is_err());
                    continue;
                }
            };
            assert_eq!(changed, want, "{}", cheat.key());
        }
    }

    #[test]
    fn a_cut_envelope_is_its_beginning() {
        let (whole, cut) = (envelope().encode().unwrap(), Cheat::Truncate.apply(&envelope()).unwrap());
        assert_eq!(cut, whole[..whole.len() * 3 / 4]);
    }

    #[test]
    fn what_is_not_there_cannot_be_changed() {
        let empty = ProofEnvelope { public: PublicValues::default(), proof: Vec::new(), ..envelope() };
        for (cheat, said) in [
            (Cheat::Output, "The envelope has no output to change."),
            (Cheat::Input, "The envelope has no input to change."),
            (Cheat::Hash, "The envelope has no hash to change."),
            (Cheat::Proof, "The envelope has no proof to change."),
        ] {
            assert_eq!(cheat.apply(&empty), Err(said.to_owned()));
        }
        for cheat in [Cheat::Output, Cheat::Input, Cheat::Hash] {
            assert!(!cheat.applies(&empty));
        }
        // A hashed output alone is enough.
        let public = PublicValues { output_hashes: vec![TensorHash([4; 32])], ..PublicValues::default() };
        let changed = Cheat::Hash.apply(&ProofEnvelope { public, ..envelope() }).unwrap();
        assert_eq!(ProofEnvelope::decode(&changed).unwrap().public.output_hashes[0].0[31], 5);
    }

    #[test]
    fn a_step_goes_towards_zero() {
        let steps = [(0, 1), (1, 0), (-1, 0), (5, 4), (-5, -4), (i64::MIN, i64::MIN + 1), (i64::MAX, i64::MAX - 1)];
        for (value, next) in steps {
            assert_eq!(stepped(value), next);
        }
    }
}
