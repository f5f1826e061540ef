//! Keys in one call.

use vouch_circuit::Objective;
use vouch_program::Program;
use vouch_proving::{ProverKey, Srs, plan};

/// Plans a circuit for proofs of `batch` runs and makes its keys, over a reference string of their own. The proof's size is
/// the planned one.
///
/// # Panics
/// If the program has no circuit.
pub fn keys(program: &Program, batch: u32) -> ProverKey {
    let plan = plan(program, batch, Objective::default(), None).expect("a plan");
    let key = ProverKey::generate(&plan, &Srs::development(plan.k())).expect("keys");
    assert_eq!(key.verifier.proof_len(), plan.estimate.proof_bytes, "the predicted proof size");
    key
}
