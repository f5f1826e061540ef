//! Facts about hidden inputs: keys, sentences, and what is expected of a proof.

use thiserror::Error;
use vouch_disclosure::{DisclosureError, Form, Statement};
use vouch_envelope::ProofEnvelope;
use vouch_schema::{Expected, Section, TensorHash, TensorSpec, Visibility};

use crate::key::KeyFacts;
use crate::numbers::Numbers;
use crate::words::title;

/// A key, a proof or a statement that is not about the input. Each is a sentence, or a part of one for what the
/// statement's own check says.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum FactError {
    /// The key is for something else.
    #[error("The validator's key is not one for facts about {name}.")]
    OtherKey { name: String },
    /// The proof of the model has no hash of the input.
    #[error("The proof shows no hash of this tensor.")]
    NoHash,
    /// The input has fewer values.
    #[error("There is no such value.")]
    NoValue,
    /// A bound that was typed.
    #[error("“{text}” is not a number; decimals follow a point.")]
    Number { text: String },
    /// Not a statement about the input.
    #[error("No fact: {0}.")]
    Statement(DisclosureError),
    /// A statement that is not true of the values.
    #[error("That is not so: there is no proof of it.")]
    False,
    /// No statement about the input can be made.
    #[error(transparent)]
    Form(#[from] DisclosureError),
}

/// The keys of a tensor's facts, and the model that it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct FactKey {
    /// What the model's verifying key says.
    pub model: KeyFacts,
    /// The model's verifying key.
    pub model_key: Vec<u8>,
    /// The tensor.
    pub tensor: TensorSpec,
    /// The verifying key of facts about it.
    pub key: Vec<u8>,
    /// What that key says.
    pub facts: KeyFacts,
}

impl FactKey {
    /// Checks that a key is one for facts about an input of a model: its first input must be the model's, the others
    /// weights and two bounds.
    ///
    /// # Errors
    /// [`FactError::OtherKey`].
    pub fn new(
        model: (&KeyFacts, &[u8]),
        tensor: &TensorSpec,
        key: Vec<u8>,
        facts: KeyFacts,
    ) -> Result<Self, FactError> {
        let inputs = &facts.schema.inputs;
        let (weights, bounds) = (inputs.get(1).map(TensorSpec::size), inputs.get(2..));
        let bounds: Option<Vec<usize>> = bounds.map(|all| all.iter().map(TensorSpec::size).collect());
        if inputs.first() != Some(tensor) || weights != Some(tensor.size()) || bounds != Some(vec![2, 2]) {
            return Err(FactError::OtherKey { name: tensor.name.clone() });
        }
        let (model, model_key) = (model.0.clone(), model.1.to_vec());
        Ok(Self { model, model_key, tensor: tensor.clone(), key, facts })
    }

    /// The tensor as the crate of statements knows it.
    pub fn spec(&self) -> TensorSpec {
        TensorSpec { visibility: Visibility::Hashed, ..self.tensor.clone() }
    }

    /// What is expected of a proof of a statement.
    ///
    /// # Errors
    /// [`FactError::Form`] if it is not a statement about the input.
    pub fn expected(
        &self,
        statement: &Statement,
        hash: Option<TensorHash>,
        development: bool,
    ) -> Result<Expected, FactError> {
        Ok(Expected {
            inputs: Some(statement.inputs(&self.spec())?),
            input_hashes: hash.map(|hash| vec![hash]),
            allow_development_srs: development,
            ..Expected::default()
        })
    }

    /// The hash of the input in a proof of the model.
    ///
    /// # Errors
    /// [`FactError::NoHash`].
    pub fn hash_in(&self, proof: &ProofEnvelope) -> Result<TensorHash, FactError> {
        let place = self.model.schema.hashed(Section::Inputs).position(|tensor| tensor.name == self.tensor.name);
        let hash = place.and_then(|place| proof.public.input_hashes.get(place));
        hash.copied().ok_or(FactError::NoHash)
    }

    /// The statement that one of the input's values is what it is, or within bounds that were typed in the input's unit.
    ///
    /// # Errors
    /// [`FactError`] unless it is a statement, and true of the values.
    pub fn statement(
        &self,
        values: &[i64],
        index: usize,
        bounds: Option<(&str, &str)>,
    ) -> Result<Statement, FactError> {
        let spec = self.spec();
        let value = values.get(index).copied().ok_or(FactError::NoValue)?;
        let (lo, hi) = match bounds {
            None => (value, value),
            Some((lo, hi)) => {
                let reach = Form::of(&spec)?.max_sum;
                let (lo, hi) = (number(lo)? * spec.scale, number(hi)? * spec.scale);
                // Casts saturate; a bound beyond reach says as much as one at its end.
                ((lo.ceil() as i64).clamp(-reach, reach), (hi.floor() as i64).clamp(-reach, reach))
            }
        };
        let statement = Statement::element(&spec, index, lo, hi).map_err(FactError::Statement)?;
        statement.check_values(&spec, values).map_err(|_| FactError::False)?;
        Ok(statement)
    }

    /// The statement in words.
    pub fn words(&self, statement: &Statement, numbers: Numbers) -> String {
        let show = |integer: i64| exact(numbers, self.tensor.real(integer));
        let name = title(&self.tensor.name);
        let used: Vec<(usize, i64)> = statement.weights.iter().copied().enumerate().filter(|(_, w)| *w != 0).collect();
        let what = match used.as_slice() {
            [(index, 1)] => format!("value {} of {name}", index + 1),
            [] => "nothing".to_owned(),
            _ => {
                let terms: Vec<String> = used.iter().map(|(index, w)| format!("{w} × value {}", index + 1)).collect();
                format!("{} of {name}", terms.join(" + "))
            }
        };
        let Statement { lo, hi, .. } = statement;
        if lo == hi {
            return format!("{what} is {} {}", show(*lo), self.tensor.unit);
        }
        format!("{what} is from {} to {} {}", show(*lo), show(*hi), self.tensor.unit)
    }
}

/// A number with all its digits: a fact is about that number, not one near it.
fn exact(numbers: Numbers, real: f64) -> String {
    let text = numbers.exact(&real.abs().to_string());
    if real < 0.0 { format!("\u{2212}{text}") } else { text }
}

/// A number that was typed.
fn number(text: &str) -> Result<f64, FactError> {
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| FactError::Number { text: text.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use vouch_envelope::PublicValues;
    use vouch_schema::{ModelId, Nonce, Schema};

    fn tensor(name: &str, size: u32, visibility: Visibility) -> TensorSpec {
        let (name, unit) = (name.to_owned(), "h".to_owned());
        TensorSpec { name, shape: vec![1, size], unit, scale: 4.0, min: -8000, max: 8000, visibility }
    }

    fn key(inputs: Vec<TensorSpec>) -> Result<FactKey, FactError> {
        let facts = |byte, inputs| KeyFacts {
            model_id: ModelId([byte; 32]),
            srs_kind: "ceremony".into(),
            schema: Schema { inputs, outputs: Vec::new() },
        };
        let hidden = tensor("hidden_load", 3, Visibility::Hashed);
        let model = facts(
            1,
            vec![tensor("first", 1, Visibility::Hashed), tensor("open", 2, Visibility::Public), hidden.clone()],
        );
        FactKey::new((&model, b"model"), &hidden, b"key".to_vec(), facts(2, inputs))
    }

    fn inputs() -> Vec<TensorSpec> {
        let public = |name, size| tensor(name, size, Visibility::Public);
        vec![tensor("hidden_load", 3, Visibility::Hashed), public("weights", 3), public("lo", 2), public("hi", 2)]
    }

    #[test]
    fn a_key_for_something_else_is_refused() {
        assert!(key(inputs()).is_ok());
        let changes: [fn(&mut Vec<TensorSpec>); 6] = [
            |inputs| inputs[0].scale = 8.0,
            |inputs| inputs[1].shape = vec![2],
            |inputs| inputs[3].shape = vec![1],
            |inputs| drop(inputs.pop()),
            |inputs| inputs.push(inputs[3].clone()),
            Vec::clear,
        ];
        for change in changes {
            let mut inputs = inputs();
            change(&mut inputs);
            let refused = key(inputs).unwrap_err().to_string();
            assert_eq!(refused, "The validator's key is not one for facts about hidden_load.");
        }
    }

    #[test]
    fn a_fact_is_true_and_within_reach() {
        let key = key(inputs()).unwrap();
        let values = [10, -3, 8000];
        let exact = key.statement(&values, 0, None).unwrap();
        assert_eq!((exact.weights.as_slice(), exact.lo, exact.hi), (&[1, 0, 0][..], 10, 10));
        let range = key.statement(&values, 1, Some((" -1.1", "0.3"))).unwrap();
        assert_eq!((range.lo, range.hi), (-4, 1));
        // Bounds beyond everything are cut off at the end of what statements reach.
        let all = key.statement(&values, 2, Some(("-1e300", "1e300"))).unwrap();
        assert_eq!((all.lo, all.hi), (-all.hi, Form::of(&key.spec()).unwrap().max_sum));
        let said = |index, bounds| key.statement(&values, index, bounds).unwrap_err().to_string();
        assert_eq!(said(3, None), "There is no such value.");
        assert_eq!(said(0, Some(("x ", "1"))), "“x” is not a number; decimals follow a point.");
        assert_eq!(said(0, Some(("0", "inf"))), "“inf” is not a number; decimals follow a point.");
        assert_eq!(said(0, Some(("0", "1"))), "That is not so: there is no proof of it.");
        assert!(said(0, Some(("2", "1"))).starts_with("No fact: "));
    }

    #[test]
    fn a_fact_is_said_exactly() {
        let key = key(inputs()).unwrap();
        let words = |weights: &[i64], lo, hi| {
            let statement = Statement::weighted(&key.spec(), weights.to_vec(), lo, hi).unwrap();
            key.words(&statement, Numbers::Comma)
        };
        assert_eq!(words(&[0, 1, 0], 5001, 5001), "value 2 of hidden load is 1,250.25 h");
        assert_eq!(words(&[1, 0, 0], -7, 8), "value 1 of hidden load is from \u{2212}1.75 to 2 h");
        assert_eq!(words(&[2, 0, -3], 0, 4), "2 × value 1 + -3 × value 3 of hidden load is from 0 to 1 h");
        assert_eq!(words(&[0, 0, 0], 0, 0), "nothing is 0 h");
    }

    #[test]
    fn a_proof_is_expected_to_have_statement_and_hash() {
        let key = key(inputs()).unwrap();
        let statement = key.statement(&[10, 0, 0], 0, None).unwrap();
        let hash = TensorHash([3; 32]);
        let expected = key.expected(&statement, Some(hash), true).unwrap();
        assert_eq!(Statement::from_inputs(&key.spec(), expected.inputs.as_deref().unwrap()).unwrap(), statement);
        assert_eq!((expected.input_hashes, expected.allow_development_srs), (Some(vec![hash]), true));
        assert_eq!(key.expected(&statement, None, false).unwrap().input_hashes, None);
        let proof = |input_hashes: Vec<TensorHash>| ProofEnvelope {
            model_id: ModelId([1; 32]),
            nonce: Nonce([0; 32]),
            public: PublicValues { input_hashes, ..PublicValues::default() },
            proof: Vec::new(),
        };
        // The second hash is that of the second hashed input.
        assert_eq!(key.hash_in(&proof(vec![TensorHash([2; 32]), hash])).unwrap(), hash);
        assert!(matches!(key.hash_in(&proof(vec![hash])), Err(FactError::NoHash)));
    }
}
