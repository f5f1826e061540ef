//! What it costs to verify proofs of the models that ship, as docs/evm.md says:
//! `cargo test --test gas -- --ignored --nocapture`.

mod chain;

use alloy_primitives::B256;
use chain::{Chain, Outcome};
use vouch::{Model, Objective, ProvingKey, Setup, Srs, random_nonce};
use vouch_evm::contract::IVouchVerifier::Claim;
use vouch_evm::contract::VouchVerifier::verifyManyCall;
use vouch_evm::verify_call;

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../models");

fn model(name: &str) -> (Model, vouch::Inputs) {
    let file = format!("{MODELS}/{name}/{name}.onnx");
    let model = Model::compile(&file).unwrap().build().unwrap();
    let inputs = model.read_inputs(format!("{MODELS}/{name}/example.json")).unwrap().remove(0);
    (model, inputs)
}

#[test]
#[ignore = "compiles models and makes large reference strings"]
fn gas_of_models() {
    let mut chain = Chain::new(true);
    println!("code of the contract: {} bytes", chain.code_bytes);
    println!("| model | largest group | key, bytes | registration | proof, bytes | verify, gas |");
    for name in ["staking-lstm", "restaking-allocation"] {
        let (model, inputs) = model(name);
        for (group, objective) in [
            (1, Objective::Prover),
            (16, Objective::Prover),
            (32, Objective::Prover),
            (64, Objective::Prover),
            (32, Objective::Proof),
        ] {
            let setup = Setup::development().objective(objective).evm(group);
            let plan = setup.plan(&model.program).unwrap();
            let key = ProvingKey::generate(&plan, &Srs::development(plan.powers())).unwrap();
            let Outcome::Done(_, registration) = chain.register(key.verifying_key().to_bytes()) else {
                panic!("{name}: refused")
            };
            let proof = key.prove(&inputs, random_nonce()).unwrap();
            let call = verify_call(key.verifying_key(), &proof.envelope).unwrap();
            let Outcome::Done(true, gas) = chain.verify(&call) else { panic!("{name}: refused") };
            println!(
                "| {name}, {objective:?} | {group} | {} | {registration} | {} | {gas} | proved in {:?}",
                key.verifying_key().to_bytes().len(),
                proof.envelope.proof.len(),
                proof.prove
            );
            if name == "staking-lstm" && group == 32 {
                assert!(gas < 400_000, "{gas}");
                let claim = Claim { proof: call.proof, publicValues: call.publicValues, nonce: call.nonce };
                let call = verifyManyCall { modelId: B256::from(key.model_id().0), claims: vec![claim; 10] };
                let Outcome::Done(true, gas) = chain.verify_many(&call) else { panic!("{name}: refused") };
                println!("| {name}, 10 proofs | {group} | | | | {gas} |");
            }
        }
    }
}
