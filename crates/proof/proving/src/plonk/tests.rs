//! halo2's verifier accepts this prover's proofs, for as long as nothing in them is changed.

use halo2_proofs::{
    halo2curves::bn256::Bn256,
    halo2curves::group::{Group, GroupEncoding},
    plonk::verify_proof,
    poly::kzg::{commitment::KZGCommitmentScheme, multiopen::VerifierSHPLONK, strategy::SingleStrategy},
    transcript::{
        Blake2bRead, Blake2bWrite, EncodedChallenge, Transcript, TranscriptRead, TranscriptReadBuffer,
        TranscriptWriterBuffer,
    },
};
use vouch_circuit::Objective;
use vouch_testing::random_program;

use super::*;
use crate::{ProverKey, Srs, plan};

/// A transcript that gives halo2's verifier the commitments of virtual columns, which the proof does not have and the
/// transcript does not absorb: the combination of the key's commitments in the powers of μ.
struct WithVirtual<'a, T> {
    inner: T,
    key: &'a ProverKey,
    /// The challenges that have been drawn.
    drawn: Vec<Fr>,
    /// How many points have been asked for.
    points: usize,
}

impl<T> WithVirtual<'_, T> {
    /// The commitment of the virtual column that is the next point.
    fn next(&self) -> Option<G1Affine> {
        let cs = self.key.pk.get_vk().cs();
        let phases = cs.advice_column_phase();
        let mut order: Vec<usize> = (0..phases.len()).collect();
        order.sort_by_key(|column| phases[*column]);
        let column = *order.get(self.points)?;
        let weights = self.key.verifier.description().weights.as_ref().filter(|weights| !weights.is_private())?;
        let lane = weights.lanes.iter().find(|lane| lane.combined as usize == column)?;
        let mu = self.drawn[weights.challenge as usize];
        let point = |bytes: &[u8; 32]| {
            let mut encoded = <G1Affine as GroupEncoding>::Repr::default();
            encoded.as_mut().copy_from_slice(bytes);
            G1::from(Option::<G1Affine>::from(G1Affine::from_bytes(&encoded)).unwrap())
        };
        let combined = lane.commitments.iter().fold(G1::identity(), |sum, bytes| sum * mu + point(bytes));
        Some(combined.to_affine())
    }
}

impl<T: Transcript<G1Affine, Challenge255<G1Affine>>> Transcript<G1Affine, Challenge255<G1Affine>>
    for WithVirtual<'_, T>
{
    fn squeeze_challenge(&mut self) -> Challenge255<G1Affine> {
        let challenge = self.inner.squeeze_challenge();
        self.drawn.push(challenge.get_scalar());
        challenge
    }

    fn common_point(&mut self, point: G1Affine) -> std::io::Result<()> {
        self.inner.common_point(point)
    }

    fn common_scalar(&mut self, scalar: Fr) -> std::io::Result<()> {
        self.inner.common_scalar(scalar)
    }
}

impl<T: TranscriptRead<G1Affine, Challenge255<G1Affine>>> TranscriptRead<G1Affine, Challenge255<G1Affine>>
    for WithVirtual<'_, T>
{
    fn read_point(&mut self) -> std::io::Result<G1Affine> {
        let next = self.next();
        self.points += 1;
        next.map_or_else(|| self.inner.read_point(), Ok)
    }

    fn read_scalar(&mut self) -> std::io::Result<Fr> {
        self.inner.read_scalar()
    }
}

fn accepted(key: &ProverKey, instance: &[Fr], proof: &[u8]) -> bool {
    let inner = Blake2bRead::<_, G1Affine, Challenge255<_>>::init(proof);
    let mut transcript = WithVirtual { inner, key, drawn: Vec::new(), points: 0 };
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
        let (program, x) = random_program(seed);
        let key = ProverKey::development(&program).unwrap();
        let trace = program.run(&x).unwrap();
        let circuit = ModelCircuit::prove(key.program.clone(), key.layout.clone(), &trace, &[]).unwrap();
        let instance = circuit.instance().unwrap().to_vec();
        let prove = || {
            let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(Vec::new());
            create_proof(&key.params, &key.pk, circuit.clone(), None, None, &mut transcript).unwrap();
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

/// The last rows of every advice column and of every permutation product are random: limbs, operands, hashes, multiplicities, running combinations, logUp's
/// helpers and running sums alike. An advice column is opened at two points at most and its commitment is a third combination of it; a product is opened at three.
#[test]
fn every_column_is_blinded() {
    let names = std::collections::BTreeMap::from([("x".to_owned(), vouch_program::Visibility::Hashed)]);
    let mut roles = [0; 5];
    for seed in 0..6 {
        let (program, x) = random_program(seed);
        // Some of them have an input with too many bits to be hidden.
        let program = program.clone().with_visibility(&names).unwrap_or(program);
        let private = program.clone().with_weights(vouch_program::WeightMode::Private);
        let program = if seed % 2 == 0 { program } else { private.unwrap_or(program) };
        let key = ProverKey::development(&program).unwrap();
        let trace = program.run(&x).unwrap();
        let salts = vec![Fr::from(5); key.layout.hashes.len()];
        let circuit = ModelCircuit::prove(key.program.clone(), key.layout.clone(), &trace, &salts).unwrap();
        let cs = key.pk.get_vk().cs();
        let config = ModelConfig::configure(&mut ConstraintSystem::default(), &circuit.params());
        roles[0] += config.hash.len();
        roles[1] += config.lookup.iter().map(|chip| chip.helpers.len()).sum::<usize>();
        roles[2] += config.matrix.len();
        roles[3] += config.weights().filter(|weights| weights.private().is_some()).count();
        let mut filled = || {
            let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(Vec::new());
            let domain = Domain::new(key.pk.get_vk().get_domain().k());
            let mut prover =
                Prover { params: &key.params, pk: &key.pk, cs, domain, evm: None, transcript: &mut transcript };
            let instance = prover.instance(circuit.instance().unwrap()).unwrap();
            let (mut advice, _) = prover.advice(&circuit, &ModelCircuit::second_phase).unwrap();
            // A virtual column is a combination of the key's columns: it has nothing to hide, and is zero there.
            for column in config.weights().filter_map(WeightColumns::virtual_column) {
                let values = std::mem::take(&mut advice[column.index()]);
                assert!(values[values.len() - cs.blinding_factors() - 1..].iter().all(|v| *v == Fr::zero()));
                roles[4] += 1;
            }
            let c = Combine { beta: Fr::from(3), gamma: Fr::from(5), y: Fr::zero() };
            let products = prover.products(&instance, &advice, &c).unwrap();
            (advice, products)
        };
        let ((advice, products), (others, other_products)) = (filled(), filled());
        let n = 1 << key.header.params.k;
        let (rows, after) = (cs.blinding_factors() + 1, cs.blinding_factors());
        assert!(rows >= 6 && after >= 3 && !products.is_empty());
        let mut seen = std::collections::HashSet::new();
        let columns = advice.iter().chain(&others).filter(|c| !c.is_empty()).map(|c| (c, rows));
        for (column, rows) in columns.chain(products.iter().chain(&other_products).map(|z| (z, after))) {
            assert_eq!(column.len(), n);
            assert!(column[n - rows..].iter().all(|v| seen.insert(v.to_bytes())), "seed {seed}: a value occurs twice");
        }
        assert!(!seen.contains(&Fr::zero().to_bytes()));
        // The rest of the first phase is the witness alone.
        let of_column = cs.advice_column_phase();
        for (i, (a, b)) in advice.iter().zip(&others).enumerate().filter(|(i, _)| of_column[*i] == 0) {
            assert!(a[..n - rows] == b[..n - rows], "seed {seed}: column {i}");
        }
    }
    assert!(roles.iter().all(|n| *n > 0), "{roles:?}");
}

/// The weights are changed after the key was made: with the same circuit and blinding, but with other weights, a prover does
/// not get through. halo2's verifier, which knows nothing of private weights, accepts the part of the proof that is its own.
#[test]
fn weights_are_those_of_the_key() {
    use vouch_program::WeightMode;
    for mode in [WeightMode::Private, WeightMode::Fixed] {
        let mut tried = 0;
        for seed in 0..if mode == WeightMode::Private { 100 } else { 40 } {
            let (program, x) = random_program(seed);
            let Ok(program) = program.with_weights(mode) else { continue };
            tried += usize::from(refuses_other_weights(&program, &x, &format!("{mode}, seed {seed}")));
        }
        assert!(tried > 5, "only {tried} with {mode} weights");
    }
}

/// Whether the program has weights of which another one makes a difference, and all is as it should be.
fn refuses_other_weights(program: &vouch_program::Program, x: &[i64], name: &str) -> bool {
    let plan = plan(program, 1, Objective::default(), None).unwrap();
    let params = &plan.estimate.params;
    // A product of computed matrices takes lanes, too.
    if program.matrices().is_empty() || !params.private_weights && !params.virtual_weights {
        return false;
    }
    let key = ProverKey::generate(&plan, &Srs::development(plan.k())).unwrap();
    let nonce = vouch_envelope::Nonce([1; 32]);
    key.prove(x, nonce).unwrap();
    let circuit = ModelCircuit::prove(key.program.clone(), key.layout.clone(), &program.run(x).unwrap(), &[]).unwrap();
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(Vec::new());
    create_proof(&key.params, &key.pk, circuit.clone(), key.blinding.as_ref(), None, &mut transcript).unwrap();
    let proof = transcript.finalize();
    assert!(accepted(&key, circuit.instance().unwrap(), &proof), "{name}: halo2's part");

    let mut json = serde_json::to_value(program).unwrap();
    let weight = json["matrices"][0]["weights"].as_array_mut().unwrap().last_mut().unwrap();
    *weight = (weight.as_i64().unwrap() + 1).into();
    let other: vouch_program::Program = serde_json::from_value(json).unwrap();
    // A weight whose operand is always 0 is in no column.
    let all = |program: &vouch_program::Program| -> Vec<Vec<Fr>> {
        let lanes = 0..ModelCircuit::committed_lanes(&key.layout.params);
        let places = lanes.flat_map(|lane| (0..key.layout.params.weight_columns).map(move |column| (lane, column)));
        places.map(|(lane, column)| ModelCircuit::committed_weights(program, &key.layout, lane, column)).collect()
    };
    if all(program) == all(&other) {
        return false;
    }
    // Where the changed weight has no effect on the run there is still another combination of weights.
    let cheat = ProverKey { program: std::sync::Arc::new(other), ..key };
    match cheat.prove(x, nonce) {
        Err(ProvingError::SelfCheck(vouch_verifier::VerifyError::Pairing)) => true,
        Err(ProvingError::Run(_)) => false,
        other => panic!("{name}: {other:?}"),
    }
}
