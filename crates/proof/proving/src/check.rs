//! The check of a third party's verifying key.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use std::sync::Arc;

use halo2_proofs::{halo2curves::bn256::G1Affine, poly::commitment::ParamsProver};
use vouch_circuit::CircuitParams;
use vouch_program::{Program, WeightMode};
use vouch_verifier::{KeyDescription, VerifierKey};

use crate::{
    ProverKey, ProvingError, Srs,
    commit::KzgParams,
    evm::Evm,
    export::describe_circuit,
    keys::{constraint_system, make, meta},
    layout::layout_of,
    weights::Commitments,
};

fn other(what: impl Into<String>) -> ProvingError {
    ProvingError::OtherKey { what: what.into() }
}

/// Checks that a verifying key is the one of a program (of a batch of it, if its layout is that of one) and a reference string: that its circuit states a run of the program, and nothing less. Whoever publishes a model
/// could else publish a key that accepts anything. Of a program with private weights this needs no weights; the commitments to them are the publisher's, whatever they are.
///
/// The key is hostile until the end. So its layout must be one that the program can have, and everything in it that takes no
/// computation, lengths of lists included, must be that of the layout, before its commitments are computed again.
///
/// # Errors
/// [`ProvingError::OtherKey`] says what differs.
pub fn check_key(program: &Program, srs: &Srs, key: &VerifierKey) -> Result<(), ProvingError> {
    check_with(program, srs, srs.params.get_g(), key)
}

/// The same, with powers for the evm profile that may be more than the reference string's.
fn check_with(program: &Program, srs: &Srs, powers: &[G1Affine], key: &VerifierKey) -> Result<(), ProvingError> {
    let own = key.description();
    let params: CircuitParams =
        serde_json::from_str(&own.layout).map_err(|e| ProvingError::format("layout in the verifying key", e))?;
    if params.k != own.k {
        return Err(other("number of rows"));
    }
    if params.private_weights && program.weights() != WeightMode::Private {
        return Err(other("weights, which are private in the key and fixed in the program"));
    }
    let srs = srs.truncated(params.k)?;
    let layout = Arc::new(layout_of(program, &params).map_err(|reason| other(format!("layout ({reason})")))?);
    if own.srs_identity != srs.identity() {
        return Err(other("reference string"));
    }
    let cs = constraint_system(&params);
    if own.fixed_columns() != cs.num_fixed_columns() {
        return Err(other("number of fixed columns"));
    }
    let kzg = KzgParams::from(srs.params.clone());
    let mut expected =
        describe_circuit(&cs, &srs.params, params.k, meta(program, &layout, &srs, &kzg, Commitments::Empty)?)?;
    // The computed parts are the key's own until the rest has been compared.
    expected.transcript_repr = own.transcript_repr;
    expected.fixed_commitments.clone_from(&own.fixed_commitments);
    expected.permutation_commitments.clone_from(&own.permutation_commitments);
    expected.evm.clone_from(&own.evm);
    take_weights(&mut expected, own, params.weight_columns)?;
    compare(&expected, own)?;
    let evm = own.evm.as_ref().map(|evm| (evm.group, powers));
    let mut expected = make(&Arc::new(program.clone()), &layout, &srs, None, evm)?.description;
    take_weights(&mut expected, own, params.weight_columns)?;
    compare(&expected, own)
}

impl ProverKey {
    /// Checks that the verifying key is that of the program and of this key's reference string. A proving key with other
    /// columns than its verifying key makes no proof that verifies, for any input. It takes as long as making the keys.
    ///
    /// # Errors
    /// [`ProvingError::OtherKey`].
    pub fn check(&self) -> Result<(), ProvingError> {
        let srs = Srs { params: self.params.inner().clone(), kind: self.verifier.srs_kind() };
        let powers = self.evm.as_ref().map_or(srs.params.get_g(), Evm::powers);
        check_with(&self.program, &srs, powers, &self.verifier)
    }
}

/// Takes over the key's commitments to weights where none were computed, as many as there have to be.
fn take_weights(expected: &mut KeyDescription, own: &KeyDescription, columns: usize) -> Result<(), ProvingError> {
    if let (Some(expected), Some(own)) = (&mut expected.weights, &own.weights) {
        for (to, from) in expected.lanes.iter_mut().zip(&own.lanes).filter(|(to, _)| to.commitments.is_empty()) {
            if from.commitments.len() != columns {
                return Err(other("number of commitments to weights"));
            }
            to.commitments.clone_from(&from.commitments);
        }
    }
    Ok(())
}

fn compare(expected: &KeyDescription, own: &KeyDescription) -> Result<(), ProvingError> {
    if expected == own {
        return Ok(());
    }
    let parts = [
        ("program", expected.program_digest != own.program_digest),
        ("kind of reference string", expected.srs_kind != own.srs_kind),
        ("schema", expected.schema != own.schema),
        ("layout", expected.layout != own.layout),
        ("gates", expected.gates != own.gates),
        ("fixed columns", expected.fixed_commitments != own.fixed_commitments),
        ("wiring", expected.permutation_commitments != own.permutation_commitments),
        ("weights", expected.weights != own.weights),
    ];
    Err(other(parts.iter().find(|(_, differs)| *differs).map_or("circuit", |(what, _)| *what)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use vouch_circuit::{Cell, Column, Objective, Row};
    use vouch_envelope::Nonce;
    use vouch_program::{Interval, Requant, Term, Visibility};

    use super::*;
    use crate::{Header, plan};

    /// A key of the honest circuit and one copy more, which holds for x = 1 only: it is read, and makes proofs of that x, so that
    /// a proof would tell a value that nobody is to learn. The check refuses it.
    #[test]
    fn keys_of_circuits_that_state_more_are_refused() {
        let mut b = Program::builder(5);
        let x = b.input("x", &[1], 1.0, Interval::new(-4, 4));
        let one = b.constant(1);
        let (y, _) = b.product("y", vec![Term { factor: 1, a: vec![one], b: vec![one] }], Requant::exact());
        b.output("y", &[1], 1.0, y.wires());
        let hidden = BTreeMap::from([("x".to_owned(), Visibility::Private)]);
        let program = Arc::new(b.finish().unwrap().with_visibility(&hidden).unwrap());
        let estimate = plan(&program, 1, Objective::default(), None).unwrap().estimate;
        let srs = Srs::development(estimate.params.k);
        let key = |more: bool| {
            let mut layout = layout_of(&program, &estimate.params).unwrap();
            if more {
                let row = layout.constants.iter().position(|c| *c == 1).unwrap();
                layout
                    .copies
                    .push((layout.home[x.at(0).index() + 1], Cell { column: Column::Constant, row: Row::new(row) }));
            }
            let layout = Arc::new(layout);
            let made = make(&program, &layout, &srs, None, None).unwrap();
            let verifier = VerifierKey::new(made.description.clone()).unwrap();
            let digest = vouch_envelope::hex::encode(&program.digest());
            let header = Header { program_digest: digest, batch: 1, params: estimate.params.clone() };
            let key = made.into_key(header, program.clone(), layout, verifier);
            ProverKey::from_bytes(&key.to_bytes().unwrap(), &program).unwrap()
        };
        let honest = key(false);
        honest.check().unwrap();
        let cheat = key(true);
        for v in [-4, 0, 1, 2] {
            assert!(honest.prove(&[v], Nonce([1; 32])).is_ok());
            assert_eq!(cheat.prove(&[v], Nonce([1; 32])).is_ok(), v == 1, "{v}");
        }
        let refused = cheat.check();
        assert!(matches!(&refused, Err(ProvingError::OtherKey { what }) if what == "wiring"), "{refused:?}");
    }
}
