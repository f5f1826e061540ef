//! Gas of calls in files that `vouch export --evm` wrote.

mod chain;

use std::path::Path;

use alloy_primitives::hex;
use alloy_sol_types::{SolCall, SolInterface};
use chain::Chain;
use revm::primitives::hardfork::SpecId;
use vouch_evm::contract::IVouchVerifier::Claim;
use vouch_evm::contract::VouchVerifier::{VouchVerifierErrors, registerKeyCall, verifyCall, verifyManyCall};

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
