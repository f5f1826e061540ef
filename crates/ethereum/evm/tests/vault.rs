//! `ForecastVault`, the example of a contract that pays for a forecast: from the request to the bounty, with proofs that are made
//! for it.

mod chain;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::sol;
use chain::{Chain, Outcome};
use vouch_envelope::{Nonce, ProofEnvelope};
use vouch_evm::verify_call;
use vouch_program::{Interval, Program, Requant, Term};
use vouch_proving::{ProverKey, Srs, plan};

sol!(
    #[derive(Debug)]
    ForecastVault,
    "../../../contracts/abi/ForecastVault.json"
);
use ForecastVault::{ForecastVaultErrors as Error, answerCall, askCall, forecastCall, nonceForCall, withdrawCall};

const ASKER: Address = Address::repeat_byte(0xa5);
const PROVER: Address = Address::repeat_byte(0xb6);
const THIEF: Address = Address::repeat_byte(0xc7);
const BOUNTY: u64 = 1_000_000;

/// y = 2·x_0·x_1.
fn key() -> ProverKey {
    let mut b = Program::builder(5);
    let x = b.input("x", &[2], 1.0, Interval::new(-4, 4));
    let terms = vec![Term { factor: 2, a: vec![x.at(0)], b: vec![x.at(1)] }];
    let (y, _) = b.product("y", terms, Requant::exact());
    b.output("y", &[1], 4.0, y.wires());
    let plan = plan(&b.finish().unwrap(), 1, Default::default(), None).unwrap().for_evm(16).unwrap();
    ProverKey::generate(&plan, &Srs::development(plan.powers())).unwrap()
}

struct Vault {
    chain: Chain,
    address: Address,
    key: ProverKey,
    model: B256,
}

impl Vault {
    fn new() -> Self {
        let mut chain = Chain::new(true);
        let key = key();
        let Outcome::Done(model, _) = chain.register(key.verifier.to_bytes()) else { panic!("refused") };
        let address = chain.create("ForecastVault", chain.contract.into_word().to_vec());
        for account in [ASKER, PROVER, THIEF] {
            chain.fund(account, U256::from(10 * BOUNTY));
        }
        Self { chain, address, key, model }
    }

    fn ask(&mut self, inputs: [i64; 2]) -> B256 {
        let inputs = inputs.map(i64::to_be_bytes).concat().into();
        let call = askCall { modelId: self.model, inputs, lifetime: 3600 };
        self.chain.send::<_, Error>(ASKER, self.address, &call, BOUNTY).unwrap()
    }

    fn prove(&mut self, id: B256, prover: Address, inputs: [i64; 2]) -> ProofEnvelope {
        let nonce = self.chain.send::<_, Error>(ASKER, self.address, &nonceForCall { id, prover }, 0).unwrap();
        self.key.prove(&inputs, Nonce(nonce.0)).unwrap().envelope
    }

    fn answer(&mut self, id: B256, envelope: &ProofEnvelope, to: Address) -> Result<(), Error> {
        let call = verify_call(&self.key.verifier, envelope).unwrap();
        let call = answerCall { id, proof: call.proof, publicValues: call.publicValues, prover: to };
        // The prover that the proof is for is paid, whichever account sends it.
        self.chain.send(THIEF, self.address, &call, 0).map(drop)
    }
}

#[test]
fn a_proof_is_paid_once_and_to_its_prover() {
    let mut vault = Vault::new();
    let id = vault.ask([3, -2]);
    let proved = vault.prove(id, PROVER, [3, -2]);
    let before = vault.chain.balance(PROVER);
    // Of other inputs, or to another account: the proof is not one for that.
    let other = vault.prove(id, PROVER, [3, -1]);
    assert!(matches!(vault.answer(id, &other, PROVER), Err(Error::OtherInputs(_))));
    assert!(matches!(vault.answer(id, &proved, THIEF), Err(Error::InvalidProof(_))));
    let mut lie = proved.clone();
    lie.public.outputs[0] += 1;
    assert!(matches!(vault.answer(id, &lie, PROVER), Err(Error::InvalidProof(_))));
    assert_eq!(vault.chain.balance(PROVER), before);

    vault.answer(id, &proved, PROVER).unwrap();
    assert_eq!(vault.chain.balance(PROVER), before + U256::from(BOUNTY));
    assert!(matches!(vault.answer(id, &proved, PROVER), Err(Error::AlreadyAnswered(_))));

    let inputs = [3i64, -2].map(i64::to_be_bytes).concat().into();
    let outputs = vault.chain.send::<_, Error>(THIEF, vault.address, &forecastCall { id, inputs }, 0).unwrap();
    assert_eq!(outputs.len(), 1);
    assert_eq!((outputs[0].values[0].as_i64(), f64::from_bits(outputs[0].scaleBits)), (-12, 4.0));
}

#[test]
fn a_proof_is_for_one_request() {
    let mut vault = Vault::new();
    let (first, second) = (vault.ask([1, 1]), vault.ask([1, 1]));
    assert_ne!(first, second);
    let proved = vault.prove(first, PROVER, [1, 1]);
    assert!(matches!(vault.answer(second, &proved, PROVER), Err(Error::InvalidProof(_))));
    assert!(matches!(vault.answer(B256::ZERO, &proved, PROVER), Err(Error::UnknownRequest(_))));
    vault.answer(first, &proved, PROVER).unwrap();
}

#[test]
fn a_bounty_goes_back_when_nobody_answers() {
    let mut vault = Vault::new();
    let id = vault.ask([2, 2]);
    let proved = vault.prove(id, PROVER, [2, 2]);
    let withdraw = |vault: &mut Vault, from| vault.chain.send::<_, Error>(from, vault.address, &withdrawCall { id }, 0);
    assert!(matches!(withdraw(&mut vault, ASKER), Err(Error::NotExpired(_))));
    vault.chain.time += 3601;
    assert!(matches!(vault.answer(id, &proved, PROVER), Err(Error::Expired(_))));
    assert!(matches!(withdraw(&mut vault, THIEF), Err(Error::NotAsker(_))));
    let before = vault.chain.balance(ASKER);
    withdraw(&mut vault, ASKER).unwrap();
    assert_eq!(vault.chain.balance(ASKER), before + U256::from(BOUNTY));
    assert!(matches!(withdraw(&mut vault, ASKER), Err(Error::UnknownRequest(_))));
    let unknown = askCall { modelId: B256::ZERO, inputs: Default::default(), lifetime: 1 };
    let refused = vault.chain.send::<_, Error>(ASKER, vault.address, &unknown, 0);
    assert!(matches!(refused, Err(Error::UnknownModel(_))));
}
