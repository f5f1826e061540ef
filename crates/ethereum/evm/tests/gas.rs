//! Gas of calls in files that `vouch export --evm` wrote.

mod chain;
mod models;

use std::path::Path;

use alloy_primitives::hex;
use alloy_sol_types::{SolCall, SolInterface};
use chain::{Chain, Outcome};
use models::program;
use revm::primitives::hardfork::SpecId;
use vouch_circuit::Objective;
use vouch_envelope::Nonce;
use vouch_evm::contract::IVouchVerifier::Claim;
use vouch_evm::contract::VouchVerifier::{VouchVerifierErrors, registerKeyCall, verifyCall, verifyManyCall};
use vouch_evm::verify_call;
use vouch_program::Program;
use vouch_proving::{CircuitPlan, ProverKey, Srs, plan};
use vouch_testing::random_program;

/// The calls of a file: of registration, and of verification.
fn calls(file: &Path) -> (registerKeyCall, verifyCall) {
    let calls: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let bytes = |name: &str| hex::decode(calls[name].as_str().unwrap()).unwrap();
    (registerKeyCall::abi_decode(&bytes("registerKey")).unwrap(), verifyCall::abi_decode(&bytes("verify")).unwrap())
}

/// Gas of the registration, of one proof, and of `many` at once.
fn gas(spec: SpecId, file: &Path, many: usize) -> [u64; 3] {
    let mut chain = Chain::of(spec, true);
    let (register, verify) = calls(file);
    let done = |outcome: Result<(bool, u64), VouchVerifierErrors>| match outcome {
        Ok((true, gas)) => gas,
        other => panic!("{}: {other:?}", file.display()),
    };
    let registration = chain.transact(&register).map(|(_, gas)| gas).unwrap();
    let one = done(chain.transact(&verify));
    let claim = Claim { proof: verify.proof, publicValues: verify.publicValues, nonce: verify.nonce };
    let all = verifyManyCall { modelId: verify.modelId, claims: vec![claim; many] };
    [registration, one, done(chain.transact(&all))]
}

/// The LSTM that docs/evm.md measures, in groups of 32.
#[test]
fn an_lstm_takes_less_than_400_000() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../contracts/test/calls/omron-lstm.json");
    let [registration, one, ten] = gas(SpecId::CANCUN, Path::new(file), 10);
    println!("registration {registration}, one proof {one}, ten proofs {ten}");
    assert!(registration < 3_000_000, "{registration}");
    assert!(one < 400_000, "{one}");
    assert!(ten < 10 * one - 1_000_000, "{ten}");
}

/// Of all files that `contracts/scripts/verifier-gas.js` has made: `VOUCH_CALLS=DIR cargo test -p vouch-evm --test gas -- --ignored
/// --nocapture`.
#[test]
#[ignore = "a measurement of files that a script makes"]
fn gas_of_calls() {
    let dir = std::env::var_os("VOUCH_CALLS").expect("VOUCH_CALLS names the folder");
    let dir = Path::new(&dir);
    let names: Vec<String> = serde_json::from_slice(&std::fs::read(dir.join("names.json")).unwrap()).unwrap();
    println!("| calls | fork | registration | verify | verifyMany of 10 |");
    for name in names {
        for (fork, spec) in [("Cancun", SpecId::CANCUN), ("Prague", SpecId::PRAGUE), ("Osaka", SpecId::OSAKA)] {
            let [registration, one, ten] = gas(spec, &dir.join(format!("{name}.json")), 10);
            println!("| {name} | {fork} | {registration} | {one} | {ten} |");
        }
    }
}

/// A revert that is none of the contract's errors would not decode.
#[test]
fn errors_are_told_apart() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../contracts/test/calls/omron-lstm.json");
    let (_, verify) = calls(Path::new(file));
    let refused = Chain::of(SpecId::CANCUN, true).transact(&verify).unwrap_err();
    assert_eq!(refused.selector(), alloy_primitives::keccak256("UnknownModel(bytes32)")[..4]);
}

/// What the cost model says of a layout is what its key and proofs have, and what they cost, for models with all features.
#[test]
fn the_cost_model_counts_what_proofs_have() {
    use vouch_program::Visibility::{Hashed, Private};
    let mut programs = vec![(program(&[("x", Hashed), ("w", Private)]), vec![3, -2, 1])];
    programs.extend((0..4).map(random_program));
    for (number, (program, inputs)) in programs.into_iter().enumerate() {
        let mut chain = Chain::of(SpecId::OSAKA, true);
        let any = plan(&program, 1, Objective::Gas, None).unwrap();
        let plans = [any.clone().for_evm(1).unwrap(), any.clone().for_evm(5).unwrap(), any.for_least_gas().unwrap()];
        for plan in plans {
            let (group, openings) = (plan.group().unwrap(), &plan.estimate.openings);
            let key = ProverKey::generate(&plan, &Srs::development(plan.powers())).unwrap();
            let (points, own) = openings.commitments(group);
            let what = format!("program {number} in groups of {group}: {openings:?}");
            assert_eq!(key.verifier.proof_len(), 64 * points + 32 * openings.evaluations + 128, "{what}");
            assert_eq!(key.verifier.description().fixed_commitments.len(), own, "{what}");
            chain.register(key.verifier.to_bytes());
            let proved = key.prove(&inputs, Nonce([7; 32])).unwrap();
            let Outcome::Done(true, gas) = chain.verify(&verify_call(&key.verifier, &proved.envelope).unwrap()) else {
                panic!("{what}: refused")
            };
            let expected = openings.gas(group);
            assert!(gas.abs_diff(expected) * 20 <= gas, "{what}: {expected} expected, {gas} taken");
        }
    }
}

/// No other objective finds a layout that takes less, nor does another number of rows near it.
#[test]
fn the_least_gas_is_found() {
    fn gas(objective: Objective, k: Option<u32>, program: &Program) -> Option<(u32, u64)> {
        let plan = plan(program, 1, objective, k).and_then(CircuitPlan::for_least_gas).ok()?;
        Some((plan.k(), plan.estimate.openings.gas(plan.group()?)))
    }
    for seed in 0..6 {
        let (program, _) = random_program(seed);
        let (rows, least) = gas(Objective::Gas, None, &program).unwrap();
        for objective in [Objective::Prover, Objective::Proof, Objective::Memory] {
            assert!(gas(objective, None, &program).unwrap().1 >= least, "{objective:?}, seed {seed}");
        }
        for k in [rows - 1, rows + 1] {
            assert!(
                gas(Objective::Gas, Some(k), &program).map_or(u64::MAX, |found| found.1) >= least,
                "2^{k}, seed {seed}"
            );
        }
    }
}
