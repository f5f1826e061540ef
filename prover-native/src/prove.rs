//! Proving.

use std::time::{Duration, Instant};

use halo2_proofs::{
    halo2curves::bn256::{Fr, G1Affine},
    transcript::{Blake2bWrite, Challenge255, Transcript, TranscriptWriterBuffer},
};
use vouch_circuit::ModelCircuit;
use vouch_envelope::{ModelId, Nonce, ProofEnvelope, PublicValues};
use vouch_verifier::{Expected, verify};

use crate::{ProverError, ProverKey, plonk::create_proof};

/// A proof, and how long it took.
#[derive(Clone, Debug)]
pub struct Proved {
    /// The proof with its claim.
    pub envelope: ProofEnvelope,
    /// Running the program and filling the first phase.
    pub witness: Duration,
    /// The proof, from the witness on.
    pub prove: Duration,
    /// Verifying the new proof.
    pub verify: Duration,
}

impl ProverKey {
    /// Proves a run of the program on its flat input integers (of all inputs, one after the other), and verifies the proof.
    ///
    /// # Errors
    /// [`ProverError::Run`] if the program refuses the inputs: then there is no proof.
    pub fn prove(&self, inputs: &[i64], nonce: Nonce) -> Result<Proved, ProverError> {
        let start = Instant::now();
        let trace = self.program.run(inputs)?;
        let circuit = ModelCircuit::prove(self.program.clone(), self.layout.clone(), &trace)?;
        let witness = start.elapsed();
        let start = Instant::now();
        let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(Vec::new());
        let model_id = self.verifier.model_id();
        for scalar in statement(&model_id, &nonce) {
            transcript.common_scalar(scalar).map_err(|e| ProverError::Halo2(e.to_string()))?;
        }
        create_proof(&self.params, &self.pk, &circuit, &mut transcript)?;
        let public = PublicValues { inputs: inputs.to_vec(), outputs: self.program.outputs_of(&trace) };
        let envelope = ProofEnvelope { model_id, nonce, public, proof: transcript.finalize() };
        let prove = start.elapsed();
        let start = Instant::now();
        let expected = Expected {
            nonce: Some(nonce),
            inputs: Some(inputs.to_vec()),
            allow_development_srs: true,
            ..Expected::default()
        };
        verify(&self.verifier, &expected, &envelope).map_err(ProverError::SelfCheck)?;
        Ok(Proved { envelope, witness, prove, verify: start.elapsed() })
    }
}

/// What the transcript absorbs before everything else: the model's identity and the nonce, each as two big-endian numbers of 16 bytes.
fn statement(model: &ModelId, nonce: &Nonce) -> [Fr; 4] {
    let half = |bytes: &[u8]| bytes.iter().fold(Fr::zero(), |acc, b| acc * Fr::from(256) + Fr::from(u64::from(*b)));
    let (m, n) = (model.as_bytes(), nonce.as_bytes());
    [half(&m[..16]), half(&m[16..]), half(&n[..16]), half(&n[16..])]
}
