//! The verifier against halo2's own: both must give the same verdict on honest and on changed proofs.
//!
//! The circuit uses every feature of the key format: two phases with challenges (three are not possible: halo2-axiom
//! 0.5.3 panics in `Phase::next` after the third), rotations from -1 to 2, degree 5,
//! an instance column that is queried by gates and by copies, several products of the permutation argument, an advice
//! column that is never queried, and a fixed column that is zero (its commitment is the identity).

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::halo2curves::bn256::{Bn256, Fr, G1Affine};
use halo2_proofs::halo2curves::ff::{Field, PrimeField};
use halo2_proofs::plonk::{
    Advice, Challenge, Circuit, Column, ConstraintSystem, Error, Expression, FirstPhase, Fixed, Instance, ProvingKey,
    SecondPhase, Selector, create_proof, keygen_pk, keygen_vk, verify_proof,
};
use halo2_proofs::poly::Rotation;
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::{ProverSHPLONK, VerifierSHPLONK};
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2_proofs::transcript::{
    Blake2bRead, Blake2bWrite, Challenge255, Transcript, TranscriptReadBuffer, TranscriptWriterBuffer,
};
use rand_core::OsRng;
use vouch_proving::export::{ExportError, KeyMeta, export_key};
use vouch_testing::ANY;
use vouch_verifier::{
    KeyError, ModelId, Nonce, PointError, ProofEnvelope, PublicValues, Schema, SrsKind, TensorSpec, VerifierKey,
    VerifyError, report, verify, verify_batch,
};

/// Steps of the recurrence.
const STEPS: usize = 3;
/// Inputs and outputs of one lane.
const INPUTS: usize = 6;
const OUTPUTS: usize = 3;
const CELLS: usize = INPUTS + OUTPUTS;

/// Several independent recurrences `a[i+2] = a[i]^3 b[i] + f[i] b[i-1] + 5`.
#[derive(Debug, Clone, Default)]
struct Recurrence {
    /// For each lane: a[1], a[2], b[0] to b[3].
    inputs: Vec<[i64; INPUTS]>,
    /// Whether the circuit also has a lookup, which the key format refuses.
    lookup: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Params {
    lanes: usize,
    lookup: bool,
}

#[derive(Debug, Clone)]
struct Lane {
    a: Column<Advice>,
    b: Column<Advice>,
    z: Column<Advice>,
    w: Column<Advice>,
    f: Column<Fixed>,
}

#[derive(Debug, Clone)]
struct Config {
    lanes: Vec<Lane>,
    q_step: Selector,
    q_public: Selector,
    constant: Column<Fixed>,
    instance: Column<Instance>,
    alpha: Challenge,
    beta: Challenge,
}

fn int(value: i64) -> Fr {
    let magnitude = Fr::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

/// The fixed coefficient of a step.
fn coefficient(step: usize) -> i64 {
    [0, 3, -2, 7][step]
}

impl Recurrence {
    fn new(inputs: Vec<[i64; INPUTS]>) -> Self {
        Self { inputs, lookup: false }
    }

    /// a[3], a[4], a[5] of a lane.
    fn outputs(inputs: &[i64; INPUTS]) -> [i64; OUTPUTS] {
        let mut a = [0, inputs[0], inputs[1], 0, 0, 0];
        let b = &inputs[2..];
        for i in 1..=STEPS {
            a[i + 2] = a[i].pow(3) * b[i] + coefficient(i) * b[i - 1] + 5;
        }
        [a[3], a[4], a[5]]
    }

    fn public(&self) -> PublicValues {
        PublicValues {
            inputs: self.inputs.concat(),
            outputs: self.inputs.iter().flat_map(Self::outputs).collect(),
            ..Default::default()
        }
    }
}

impl Circuit<Fr> for Recurrence {
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = Params;

    fn params(&self) -> Params {
        Params { lanes: self.inputs.len(), lookup: self.lookup }
    }

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure(_: &mut ConstraintSystem<Fr>) -> Config {
        unreachable!("the circuit has parameters")
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, params: Params) -> Config {
        let (q_step, q_public) = (meta.selector(), meta.complex_selector());
        let constant = meta.fixed_column();
        let zero = meta.fixed_column();
        let instance = meta.instance_column();
        let ab: Vec<_> = (0..params.lanes).map(|_| (meta.advice_column(), meta.advice_column())).collect();
        let _never_queried = meta.advice_column();
        let alpha = meta.challenge_usable_after(FirstPhase);
        let beta = meta.challenge_usable_after(FirstPhase);
        let z: Vec<_> = (0..params.lanes).map(|_| meta.advice_column_in(SecondPhase)).collect();
        let _after_second = meta.challenge_usable_after(SecondPhase);
        let lanes: Vec<_> = ab
            .into_iter()
            .zip(z)
            .map(|((a, b), z)| Lane { a, b, z, w: meta.advice_column_in(SecondPhase), f: meta.fixed_column() })
            .collect();
        meta.enable_equality(instance);
        meta.enable_constant(constant);
        for lane in &lanes {
            [lane.a, lane.b, lane.z, lane.w].into_iter().for_each(|column| meta.enable_equality(column));
            meta.create_gate("step", |cells| {
                let q = cells.query_selector(q_step);
                let f = cells.query_fixed(lane.f, Rotation::cur());
                let zero = cells.query_fixed(zero, Rotation::cur());
                let [a, a_next2] = [0, 2].map(|r| cells.query_advice(lane.a, Rotation(r)));
                let [b_previous, b] = [-1, 0].map(|r| cells.query_advice(lane.b, Rotation(r)));
                let [z, z_next] = [0, 1].map(|r| cells.query_advice(lane.z, Rotation(r)));
                let w = cells.query_advice(lane.w, Rotation::cur());
                let (alpha, beta) = (cells.query_challenge(alpha), cells.query_challenge(beta));
                let cubed = a.clone() * a.clone() * a.clone() * b.clone();
                let five = Expression::Constant(Fr::from(5));
                let shifted = b.clone() * Fr::from(1 << 40) * f.clone();
                vec![
                    q.clone() * (a_next2 - (cubed + f * b_previous + five)),
                    q.clone() * (z_next - (z.clone() * alpha.clone() + a.clone() - shifted)),
                    q.clone() * (w - (beta * z * alpha + b)),
                    q * zero * a,
                ]
            });
        }
        meta.create_gate("public", |cells| {
            let q = cells.query_selector(q_public);
            // The region's rows are the instance's rows: row 1 of the circuit sees rows 1 and 2 of the instance.
            let b_previous = cells.query_advice(lanes[0].b, Rotation::prev());
            let a = cells.query_advice(lanes[0].a, Rotation::next());
            let next = cells.query_instance(instance, Rotation::next());
            let current = cells.query_instance(instance, Rotation::cur());
            vec![q * (b_previous - next + (a - current) * -Fr::from(3))]
        });
        if params.lookup {
            let column = lanes[0].a;
            meta.lookup_any("lookup", |cells| {
                let a = cells.query_advice(column, Rotation::cur());
                vec![(a.clone(), a)]
            });
        }
        Config { lanes, q_step, q_public, constant, instance, alpha, beta }
    }

    fn synthesize(&self, config: Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let mut public = Vec::new();
        layouter.assign_region(
            || "recurrence",
            |mut region| {
                for step in 1..=STEPS {
                    config.q_step.enable(&mut region, step)?;
                }
                config.q_public.enable(&mut region, 1)?;
                let mut values = Vec::new();
                for (lane, inputs) in config.lanes.iter().zip(&self.inputs) {
                    let outputs = Self::outputs(inputs);
                    let a: Vec<_> = [&[0], &inputs[..2], &outputs].concat();
                    let mut cells = Vec::new();
                    for (row, &a) in a.iter().enumerate() {
                        cells.push(region.assign_advice(lane.a, row, Value::known(int(a))).cell());
                    }
                    let mut b_cells = Vec::new();
                    for (row, &b) in inputs[2..].iter().enumerate() {
                        b_cells.push(region.assign_advice(lane.b, row, Value::known(int(b))).cell());
                    }
                    public.push(([&cells[1..3], &b_cells].concat(), cells[3..].to_vec()));
                    for step in 1..=STEPS {
                        region.assign_fixed(lane.f, step, int(coefficient(step)));
                    }
                    values.push(a);
                }
                let one = region.assign_fixed(config.constant, 0, Fr::ONE);

                region.next_phase();
                let alpha = region.get_challenge(config.alpha);
                let mut accumulators = Vec::new();
                for ((lane, inputs), a) in config.lanes.iter().zip(&self.inputs).zip(&values) {
                    let mut z = vec![Value::known(Fr::ONE); 2];
                    for step in 1..=STEPS {
                        let added = int(a[step]) - int(inputs[2 + step]) * Fr::from(1 << 40) * int(coefficient(step));
                        z.push(z[step] * alpha + Value::known(added));
                    }
                    for (row, &z) in z.iter().enumerate().skip(1) {
                        let cell = region.assign_advice(lane.z, row, z);
                        if row == 1 {
                            region.constrain_equal(cell.cell(), one);
                        }
                    }
                    accumulators.push(z);
                }

                let beta = region.get_challenge(config.beta);
                for ((lane, inputs), z) in config.lanes.iter().zip(&self.inputs).zip(&accumulators) {
                    for step in 1..=STEPS {
                        let w = beta * z[step] * alpha + Value::known(int(inputs[2 + step]));
                        region.assign_advice(lane.w, step, w);
                    }
                }
                Ok(())
            },
        )?;
        for (row, cell) in public.iter().flat_map(|(inputs, _)| inputs).enumerate() {
            layouter.constrain_instance(*cell, config.instance, row);
        }
        let inputs = INPUTS * self.inputs.len();
        for (row, cell) in public.iter().flat_map(|(_, outputs)| outputs).enumerate() {
            layouter.constrain_instance(*cell, config.instance, inputs + row);
        }
        Ok(())
    }
}

/// A circuit with its keys.
struct Setup {
    params: ParamsKZG<Bn256>,
    pk: ProvingKey<G1Affine>,
    key: VerifierKey,
    circuit: Recurrence,
}

fn tensor(name: &str, shape: [usize; 2], scale: f64) -> TensorSpec {
    let shape = shape.map(|axis| u32::try_from(axis).unwrap()).to_vec();
    TensorSpec {
        name: name.into(),
        shape,
        unit: String::new(),
        scale,
        min: -(1 << 40),
        max: 1 << 40,
        visibility: Default::default(),
    }
}

fn meta(lanes: usize) -> KeyMeta {
    KeyMeta {
        srs_identity: [1; 32],
        srs_kind: SrsKind::Development,
        schema: Schema {
            inputs: vec![tensor("a and b", [lanes, INPUTS], 16.0)],
            outputs: vec![tensor("a", [lanes, OUTPUTS], 256.0)],
        },
        program_digest: [2; 32],
        layout: r#"{"circuit":"recurrence"}"#.into(),
        instance_len: CELLS * lanes,
        weights: None,
    }
}

impl Setup {
    fn new(k: u32, lanes: usize) -> Self {
        let params = ParamsKZG::setup(k, OsRng);
        let inputs = (0..lanes as i64).map(|lane| [lane - 1, 2, 3, -2, 1 - lane, 4]).collect();
        let circuit = Recurrence::new(inputs);
        let vk = keygen_vk(&params, &circuit).unwrap();
        let key = export_key(&vk, &params, meta(lanes)).unwrap();
        assert_eq!(VerifierKey::from_bytes(key.to_bytes()).unwrap().model_id(), key.model_id());
        let pk = keygen_pk(&params, vk, &circuit).unwrap();
        Self { params, pk, key, circuit }
    }

    fn prove(&self, nonce: Nonce) -> ProofEnvelope {
        self.prove_circuit(self.circuit.clone(), self.circuit.public(), nonce)
    }

    fn prove_circuit(&self, circuit: impl Circuit<Fr>, public: PublicValues, nonce: Nonce) -> ProofEnvelope {
        let model_id = self.key.model_id();
        let mut transcript = Blake2bWrite::<_, _, Challenge255<_>>::init(Vec::new());
        absorb(&mut transcript, model_id, nonce);
        create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
            &self.params,
            &self.pk,
            &[circuit],
            &[&[&instance(&public)]],
            OsRng,
            &mut transcript,
        )
        .unwrap();
        ProofEnvelope { model_id, nonce, public, proof: transcript.finalize() }
    }

    /// halo2's verdict.
    fn halo2(&self, envelope: &ProofEnvelope) -> bool {
        let mut transcript = Blake2bRead::<_, _, Challenge255<_>>::init(envelope.proof.as_slice());
        absorb(&mut transcript, envelope.model_id, envelope.nonce);
        verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<'_, Bn256>, _, _, _>(
            &self.params,
            self.pk.get_vk(),
            SingleStrategy::new(&self.params),
            &[&[&instance(&envelope.public)]],
            &mut transcript,
        )
        .is_ok()
    }

    /// The verifier's verdict, with the report's.
    fn vouch(&self, envelope: &ProofEnvelope) -> Result<(), VerifyError> {
        let verdict = verify(&self.key, &ANY, envelope).map(|_| ());
        let report = report(&self.key, &ANY, &envelope.encode().unwrap());
        assert_eq!(report.accepted, verdict.is_ok(), "{report:?}");
        verdict
    }

    /// Both verdicts on a changed envelope. They are equal, but for changes that halo2 does not see: bytes after the
    /// proof, and the identity mark on a point that is not the identity.
    fn compare(&self, envelope: &ProofEnvelope) -> Result<(), VerifyError> {
        let verdict = self.vouch(envelope);
        let stricter =
            matches!(verdict, Err(VerifyError::Point { reason: PointError::NotCanonical, .. } | VerifyError::Proof(_)));
        let halo2 = self.halo2(envelope);
        assert!(halo2 == verdict.is_ok() || (halo2 && stricter), "halo2 says {halo2}, we say {verdict:?}");
        verdict
    }
}

fn instance(public: &PublicValues) -> Vec<Fr> {
    public.inputs.iter().chain(&public.outputs).map(|&value| int(value)).collect()
}

/// What binds a proof to its model and its request.
fn absorb(transcript: &mut impl Transcript<G1Affine, Challenge255<G1Affine>>, model_id: ModelId, nonce: Nonce) {
    for id in [model_id.as_bytes(), nonce.as_bytes()] {
        for half in id.chunks(16) {
            let half = u128::from_be_bytes(half.try_into().unwrap());
            transcript.common_scalar(Fr::from_u128(half)).unwrap();
        }
    }
}

#[test]
fn honest_proofs_are_accepted() {
    for lanes in [1, 3] {
        let setup = Setup::new(6, lanes);
        for nonce in [Nonce([0; 32]), Nonce([0xff; 32])] {
            let envelope = setup.prove(nonce);
            assert_eq!(envelope.proof.len(), setup.key.proof_len());
            assert_eq!(setup.compare(&envelope), Ok(()));
            let claim = verify(&setup.key, &ANY, &envelope).unwrap();
            assert_eq!(claim.public(), &envelope.public);
            assert_eq!(claim.real_inputs()[1], 2.0 / 16.0);
        }
    }
}

#[test]
fn changed_proofs_get_the_same_verdict() {
    let setup = Setup::new(5, 1);
    let envelope = setup.prove(Nonce([7; 32]));
    assert_eq!(setup.compare(&envelope), Ok(()));
    for byte in 0..envelope.proof.len() {
        // The flags of a point are in its last byte: both are tried.
        let bits: &[u8] = if byte % 32 == 31 { &[0, 5, 6, 7] } else { &[(byte % 8) as u8] };
        for bit in bits {
            let mut changed = envelope.clone();
            changed.proof[byte] ^= 1 << bit;
            assert!(setup.compare(&changed).is_err(), "byte {byte}, bit {bit}");
        }
    }
    // halo2 accepts a proof with the identity mark on some other point, the verifier does not: a proof has one form.
    let mut marked = envelope.clone();
    marked.proof[31] ^= 0x80;
    assert!(setup.halo2(&marked));
    assert!(matches!(setup.vouch(&marked), Err(VerifyError::Point { offset: 0, .. })));
    // Whole messages: zero, the identity, and one message for another.
    for message in 0..envelope.proof.len() / 32 {
        let place = message * 32..message * 32 + 32;
        let mut identity = [0; 32];
        for last in [0x00, 0x80, 0xc0] {
            identity[31] = last;
            let mut changed = envelope.clone();
            changed.proof[place.clone()].copy_from_slice(&identity);
            assert!(changed == envelope || setup.compare(&changed).is_err(), "message {message}, {last:#x}");
        }
        let mut changed = envelope.clone();
        changed.proof.copy_within(0..32, place.start);
        assert!(changed == envelope || setup.compare(&changed).is_err(), "message {message}");
    }
    for len in (0..envelope.proof.len()).step_by(7) {
        let mut changed = envelope.clone();
        changed.proof.truncate(len);
        assert!(
            matches!(setup.compare(&changed), Err(VerifyError::Proof(_) | VerifyError::Point { .. })),
            "length {len}"
        );
    }
    let mut longer = envelope;
    longer.proof.push(0);
    assert!(matches!(setup.compare(&longer), Err(VerifyError::Proof(_))));
}

/// The smallest circuit: no copies, no challenges, degree 3. The instance holds the roots of two squares.
#[derive(Debug, Clone, Default)]
struct Roots;

impl Circuit<Fr> for Roots {
    type Config = (Selector, Column<Advice>);
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        Self
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Self::Config {
        let (q, a, instance) = (meta.selector(), meta.advice_column(), meta.instance_column());
        meta.create_gate("root", |cells| {
            let q = cells.query_selector(q);
            let a = cells.query_advice(a, Rotation::cur());
            let instance = cells.query_instance(instance, Rotation::cur());
            vec![q * (a - instance.clone() * instance)]
        });
        (q, a)
    }

    fn synthesize(&self, (q, a): Self::Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        layouter.assign_region(
            || "roots",
            |mut region| {
                for (row, value) in [2, 3].into_iter().enumerate() {
                    q.enable(&mut region, row)?;
                    region.assign_advice(a, row, Value::known(Fr::from(value) * Fr::from(value)));
                }
                Ok(())
            },
        )
    }
}

#[test]
fn a_circuit_without_copies_gets_the_same_verdict() {
    let params = ParamsKZG::setup(4, OsRng);
    let vk = keygen_vk(&params, &Roots).unwrap();
    let schema = Schema { inputs: vec![tensor("root", [1, 2], 1.0)], outputs: vec![] };
    let key = export_key(&vk, &params, KeyMeta { schema, instance_len: 2, ..meta(1) }).unwrap();
    let setup = Setup { pk: keygen_pk(&params, vk, &Roots).unwrap(), params, key, circuit: Recurrence::default() };
    let public = PublicValues { inputs: vec![2, 3], ..Default::default() };
    let envelope = setup.prove_circuit(Roots, public, Nonce([5; 32]));
    assert_eq!(setup.compare(&envelope), Ok(()));
    for byte in 0..envelope.proof.len() {
        let mut changed = envelope.clone();
        changed.proof[byte] ^= 1 << (byte % 8);
        assert!(setup.compare(&changed).is_err(), "byte {byte}");
    }
    let mut negated = envelope;
    negated.public.inputs[0] = -2;
    assert_eq!(setup.compare(&negated), Err(VerifyError::Pairing));
}

#[test]
fn changed_claims_get_the_same_verdict() {
    let setup = Setup::new(5, 1);
    let envelope = setup.prove(Nonce([7; 32]));
    for value in 0..CELLS {
        let mut changed = envelope.clone();
        let public = &mut changed.public;
        let values = public.inputs.iter_mut().chain(&mut public.outputs);
        *values.into_iter().nth(value).unwrap() += 1;
        assert_eq!(setup.compare(&changed), Err(VerifyError::Pairing), "value {value}");
    }
    for byte in 0..32 {
        let mut changed = envelope.clone();
        changed.nonce.0[byte] ^= 1;
        assert_eq!(setup.compare(&changed), Err(VerifyError::Pairing), "nonce byte {byte}");
        let mut changed = envelope.clone();
        changed.model_id.0[byte] ^= 0x80;
        assert!(matches!(setup.compare(&changed), Err(VerifyError::ModelIdentity { .. })), "model byte {byte}");
    }
    let other = Setup::new(5, 1);
    let mut renamed = other.prove(Nonce([7; 32]));
    renamed.model_id = setup.key.model_id();
    assert_eq!(setup.compare(&renamed), Err(VerifyError::Pairing));
}

#[test]
fn a_batch_gives_the_verdicts_of_its_items() {
    let setup = Setup::new(5, 1);
    let mut items: Vec<_> = (0..4).map(|i| (ANY, setup.prove(Nonce([i; 32])))).collect();
    assert!(verify_batch(&setup.key, &items).iter().all(Result::is_ok));
    items[1].1.public.outputs[0] += 1;
    items[2].1.proof.truncate(10);
    let verdicts = verify_batch(&setup.key, &items);
    for ((expected, envelope), verdict) in items.iter().zip(&verdicts) {
        assert_eq!(&verify(&setup.key, expected, envelope), verdict);
    }
    assert_eq!(verdicts.iter().filter(|verdict| verdict.is_ok()).count(), 2);
}

#[test]
fn keys_that_cannot_be_exported_are_refused() {
    let params = ParamsKZG::setup(5, OsRng);
    let mut circuit = Recurrence::new(vec![[1; INPUTS]]);
    let vk = keygen_vk(&params, &circuit).unwrap();
    let smaller = ParamsKZG::setup(4, OsRng);
    assert_eq!(export_key(&vk, &smaller, meta(1)).err(), Some(ExportError::ReferenceString { expected: 5, got: 4 }));
    let mut wrong = meta(1);
    wrong.instance_len += 1;
    assert!(matches!(export_key(&vk, &params, wrong), Err(ExportError::Key(KeyError::Mismatch { .. }))));
    circuit.lookup = true;
    let vk = keygen_vk(&params, &circuit).unwrap();
    assert_eq!(export_key(&vk, &params, meta(1)).err(), Some(ExportError::Lookups { got: 1 }));
}

/// Prints the key's size and the time of a verification, for a circuit of the size of a small model. With
/// `VOUCH_FIXTURES` set to a folder, writes `small` and `large` keys and envelopes there.
#[test]
#[ignore = "a measurement"]
fn size_and_time() {
    for (name, k, lanes) in [("small", 5, 1), ("large", 7, 7)] {
        let setup = Setup::new(k, lanes);
        let envelopes: Vec<_> = (0..2).map(|i| setup.prove(Nonce([i; 32]))).collect();
        let description = setup.key.description();
        println!(
            "{name}: key {} bytes, {} nodes, {} gates; {} fixed, {} advice, {} permutation columns; proof {} bytes",
            setup.key.to_bytes().len(),
            description.gates.nodes.len(),
            description.gates.polynomials.len(),
            description.fixed_commitments.len(),
            description.advice_phases.len(),
            description.permutation_columns.len(),
            setup.key.proof_len(),
        );
        let time = |what, run: &dyn Fn() -> bool| {
            assert!(run());
            let start = std::time::Instant::now();
            (0..50).for_each(|_| assert!(run()));
            println!("{name}: {what} {:?}", start.elapsed() / 50);
        };
        time("load key", &|| VerifierKey::from_bytes(setup.key.to_bytes()).is_ok());
        time("verify", &|| verify(&setup.key, &ANY, &envelopes[0]).is_ok());
        time("halo2's verify", &|| setup.halo2(&envelopes[0]));
        let items: Vec<_> = (0..10).map(|i| (ANY, envelopes[i % 2].clone())).collect();
        time("verify a batch of 10", &|| verify_batch(&setup.key, &items).iter().all(Result::is_ok));
        if let Some(folder) = std::env::var_os("VOUCH_FIXTURES").map(std::path::PathBuf::from) {
            std::fs::write(folder.join(format!("{name}.key")), setup.key.to_bytes()).unwrap();
            for (i, envelope) in envelopes.iter().enumerate() {
                std::fs::write(folder.join(format!("{name}-{i}.envelope")), envelope.encode().unwrap()).unwrap();
            }
        }
    }
}
