//! halo2's verifier accepts this prover's proofs, for as long as nothing in them is changed.

#[path = "../../../crates/circuit/tests/support/random.rs"]
mod random;

use halo2_proofs::{
    halo2curves::bn256::Bn256,
    plonk::verify_proof,
    poly::kzg::{commitment::KZGCommitmentScheme, multiopen::VerifierSHPLONK, strategy::SingleStrategy},
    transcript::{Blake2bRead, Blake2bWrite, TranscriptReadBuffer, TranscriptWriterBuffer},
};
use vouch_circuit::Objective;

use super::*;
use crate::{ProverKey, Srs, plan};

fn accepted(key: &ProverKey, instance: &[Fr], proof: &[u8]) -> bool {
    let mut transcript = Blake2bRead::<_, G1Affine, Challenge255<_>>::init(proof);
    verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<'_, Bn256>, _, _, _>(
        key.params.inner(),
        key.pk.get_vk(),
        SingleStrategy::new(key.params.inner()),
        &[&[instance]],
        &mut transcript,
    )
    .is_ok()
}

#[test]
fn halo2_accepts() {
    for seed in 0..8 {
        let (program, x) = random::random_program(seed);
        let (planned, estimate) = plan(&program, 1, Objective::default(), None).unwrap();
        let srs = Srs::development(estimate.params.k);
        let key = ProverKey::generate(&program, 1, planned, estimate.params, &srs).unwrap();
        let trace = program.run(&x).unwrap();
        let circuit = ModelCircuit::prove(key.program.clone(), key.layout.clone(), &trace, &[]).unwrap();
        let instance = circuit.instance().unwrap().to_vec();
        let prove = || {
            let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(Vec::new());
            create_proof(&key.params, &key.pk, &circuit, &mut transcript).unwrap();
            transcript.finalize()
        };
        let proof = prove();
        assert!(accepted(&key, &instance, &proof), "seed {seed}");
        let mut other = instance.clone();
        other[0] += Fr::one();
        assert!(!accepted(&key, &other, &proof), "seed {seed}: another instance");
        for at in [0, proof.len() / 2, proof.len() - 20] {
            let mut changed = proof.clone();
            changed[at] ^= 1;
            assert!(!accepted(&key, &instance, &changed), "seed {seed}: byte {at}");
        }
        // Every commitment is blinded and every point of evaluation is another: nothing repeats but what is the same whatever the witness is, values
        // of columns that are zero and commitments to them.
        let again = prove();
        let constant = |bytes: &[u8]| bytes.iter().filter(|b| **b != 0).count() <= 1;
        for (i, (a, b)) in proof.chunks_exact(32).zip(again.chunks_exact(32)).enumerate() {
            assert!(a != b || constant(a), "seed {seed}, element {i} of {}: {a:?}", proof.len() / 32);
        }
    }
}
