//! Proving.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use std::time::Duration;

use halo2_proofs::{
    halo2curves::bn256::{Fr, G1Affine},
    transcript::{Blake2bWrite, Challenge255, Transcript, TranscriptWrite, TranscriptWriterBuffer},
};
use vouch_circuit::ModelCircuit;
use vouch_envelope::{ModelId, Nonce, ProofEnvelope, PublicValues, Section};
use vouch_poseidon::tensor_salt;
use vouch_program::Trace;
use vouch_verifier::{Expected, Visibility, verify};

use crate::{
    ProverKey, ProvingError, Salt, clock::Stopwatch, evm::KeccakWrite, hash::digest, plonk::create_proof, stage,
};

/// A proof, and how long it took.
#[derive(Clone, Debug)]
pub struct Proved {
    /// The proof with its claim.
    pub envelope: ProofEnvelope,
    /// The outputs, as integers, also those that are not public.
    pub outputs: Vec<i64>,
    /// What the hashes of hashed tensors are salted with.
    pub salt: Salt,
    /// Running the program and filling the first phase.
    pub witness: Duration,
    /// The proof, from the witness on.
    pub prove: Duration,
    /// Verifying the new proof.
    pub verify: Duration,
}

impl ProverKey {
    /// Proves a run of the program on its flat input integers (of all inputs, one after the other), and verifies the proof. Hashes have a random salt.
    ///
    /// # Errors
    /// [`ProvingError::Run`] if the program refuses the inputs: then there is no proof.
    pub fn prove(&self, inputs: &[i64], nonce: Nonce) -> Result<Proved, ProvingError> {
        self.prove_salted(inputs, nonce, Salt::random())
    }

    /// As [`prove`](Self::prove), with a salt that somebody else has chosen.
    ///
    /// # Errors
    /// As [`prove`](Self::prove).
    pub fn prove_salted(&self, inputs: &[i64], nonce: Nonce, salt: Salt) -> Result<Proved, ProvingError> {
        stage("running the model")?;
        let start = Stopwatch::start();
        let trace = self.program.run(inputs)?;
        let schema = self.verifier.schema();
        let salts: Vec<Fr> = Section::ALL
            .into_iter()
            .flat_map(|section| schema.hashed(section).map(move |t| tensor_salt(&salt, section, &t.name)))
            .collect();
        let circuit = ModelCircuit::prove(self.program.clone(), self.layout.clone(), &trace, &salts)?;
        let witness = start.elapsed();
        let start = Stopwatch::start();
        let model_id = self.verifier.model_id();
        let instance = circuit.instance().unwrap_or(&[]).to_vec();
        let proof = if self.evm.is_some() {
            let mut transcript = KeccakWrite::new(&model_id.0, &nonce.0, &instance);
            self.write_proof(circuit, &mut transcript)?;
            transcript.finalize()
        } else {
            let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(Vec::new());
            for scalar in statement(&model_id, &nonce) {
                transcript.common_scalar(scalar).map_err(|e| ProvingError::Halo2(e.to_string()))?;
            }
            self.write_proof(circuit, &mut transcript)?;
            transcript.finalize()
        };
        let public = self.public(&trace, &instance);
        let envelope = ProofEnvelope { model_id, nonce, public, proof };
        let prove = start.elapsed();
        let start = Stopwatch::start();
        stage("verifying the new proof")?;
        let expected = Expected {
            nonce: Some(nonce),
            inputs: Some(envelope.public.inputs.clone()),
            allow_development_srs: true,
            ..Expected::default()
        };
        verify(&self.verifier, &expected, &envelope).map_err(ProvingError::SelfCheck)?;
        let outputs = self.program.outputs_of(&trace);
        Ok(Proved { envelope, outputs, salt, witness, prove, verify: start.elapsed() })
    }

    fn write_proof<T: TranscriptWrite<G1Affine, Challenge255<G1Affine>>>(
        &self,
        circuit: ModelCircuit,
        transcript: &mut T,
    ) -> Result<(), ProvingError> {
        create_proof(&self.params, &self.pk, circuit, self.blinding.as_ref(), self.evm.as_ref(), transcript)
    }

    /// What a run's proof shows of each tensor.
    fn public(&self, trace: &Trace, instance: &[Fr]) -> PublicValues {
        let mut public = PublicValues::default();
        let mut row = 0usize;
        for (i, (visibility, wires)) in self.program.tensors().into_iter().enumerate() {
            let (values, hashes) = if i < self.program.inputs().len() {
                (&mut public.inputs, &mut public.input_hashes)
            } else {
                (&mut public.outputs, &mut public.output_hashes)
            };
            match visibility {
                Visibility::Public => values.extend(wires.iter().map(|w| trace.values[w.index()])),
                Visibility::Hashed => hashes.extend(instance.get(row).map(digest)),
                Visibility::Private => {}
            }
            row = row.saturating_add(visibility.public_values(wires.len()));
        }
        public
    }
}

/// What the transcript absorbs before everything else: the model's identity and the nonce, each as two big-endian numbers of 16 bytes.
pub(crate) fn statement(model: &ModelId, nonce: &Nonce) -> [Fr; 4] {
    let half = |bytes: &[u8]| bytes.iter().fold(Fr::zero(), |acc, b| acc * Fr::from(256) + Fr::from(u64::from(*b)));
    let (m, n) = (model.as_bytes(), nonce.as_bytes());
    [half(&m[..16]), half(&m[16..]), half(&n[..16]), half(&n[16..])]
}
