//! The committed bytecode of the contract in a virtual machine of its own.

#![allow(unreachable_pub, missing_docs, dead_code)]

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall, SolInterface};
use revm::context::TxEnv;
use revm::context_interface::result::ExecutionResult;
use revm::database::InMemoryDB;
use revm::handler::{MainnetContext, MainnetEvm};
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Bytes, TxKind};
use revm::state::AccountInfo;
use revm::{Context, Database, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext};
use vouch_evm::contract::VouchVerifier::{VouchVerifierErrors, registerKeyCall, verifyCall, verifyManyCall};

const SENDER: Address = Address::repeat_byte(0xa1);
/// More than any call here takes.
const GAS: u64 = 60_000_000;

/// What a call did: its result and gas, or its named error.
#[derive(Debug)]
pub enum Outcome<T> {
    Done(T, u64),
    Refused(VouchVerifierErrors, u64),
}

pub struct Chain {
    evm: MainnetEvm<MainnetContext<InMemoryDB>>,
    pub contract: Address,
    pub code_bytes: usize,
    pub time: u64,
}

impl Chain {
    /// A chain with the contract, which accepts keys of development setups if `development` is set.
    pub fn new(development: bool) -> Self {
        Self::of(SpecId::CANCUN, development)
    }

    /// As [`new`](Self::new), with the rules and prices of a fork.
    pub fn of(spec: SpecId, development: bool) -> Self {
        let context = Context::mainnet().with_db(InMemoryDB::default()).modify_cfg_chained(|cfg| {
            cfg.set_spec_and_mainnet_gas_params(spec);
            cfg.disable_nonce_check = true;
            cfg.tx_gas_limit_cap = Some(u64::MAX);
        });
        let evm = context.build_mainnet();
        let mut chain = Self { evm, contract: Address::ZERO, code_bytes: 0, time: 1_700_000_000 };
        chain.contract = chain.create("VouchVerifier", B256::with_last_byte(u8::from(development)).to_vec());
        chain.code_bytes = artifact("VouchVerifier")["deployedBytecode"].as_str().unwrap().len() / 2 - 1;
        chain
    }

    /// Deploys the committed bytecode of a contract.
    pub fn create(&mut self, name: &str, arguments: Vec<u8>) -> Address {
        let mut code = bytecode(name).to_vec();
        code.extend(arguments);
        let result = self.evm.transact_commit(transaction(TxKind::Create, code)).unwrap();
        result.created_address().unwrap_or_else(|| panic!("{name}: {result:?}"))
    }

    pub fn fund(&mut self, account: Address, balance: U256) {
        self.evm.ctx.journaled_state.database.insert_account_info(account, AccountInfo::from_balance(balance));
    }

    pub fn balance(&mut self, account: Address) -> U256 {
        let info = self.evm.ctx.journaled_state.database.basic(account).unwrap();
        info.unwrap_or_default().balance
    }

    /// Sends a transaction to any contract; `E` are its errors.
    pub fn send<C: SolCall, E: SolInterface>(
        &mut self,
        from: Address,
        to: Address,
        call: &C,
        value: u64,
    ) -> Result<C::Return, E> {
        let time = U256::from(self.time);
        self.evm.ctx.modify_block(|block| block.timestamp = time);
        let transaction = TxEnv::builder()
            .caller(from)
            .kind(TxKind::Call(to))
            .gas_limit(GAS)
            .value(U256::from(value))
            .data(call.abi_encode().into())
            .build()
            .unwrap();
        match self.evm.transact_commit(transaction).unwrap() {
            ExecutionResult::Success { output, .. } => Ok(C::abi_decode_returns(&output.into_data()).unwrap()),
            ExecutionResult::Revert { output, .. } => {
                Err(E::abi_decode(&output).unwrap_or_else(|e| panic!("no named error: {output}, {e}")))
            }
            ExecutionResult::Halt { reason, .. } => panic!("halted: {reason:?}"),
        }
    }

    pub fn register(&mut self, key: &[u8]) -> Outcome<B256> {
        let call = registerKeyCall { key: key.to_vec().into() };
        let result = self.evm.transact_commit(transaction(TxKind::Call(self.contract), call.abi_encode())).unwrap();
        outcome::<registerKeyCall>(result)
    }

    /// As a transaction, so that the gas is what one takes.
    pub fn verify(&mut self, call: &verifyCall) -> Outcome<bool> {
        let transaction = transaction(TxKind::Call(self.contract), call.abi_encode());
        outcome::<verifyCall>(self.evm.transact(transaction).unwrap().result)
    }

    pub fn verify_many(&mut self, call: &verifyManyCall) -> Outcome<bool> {
        let transaction = transaction(TxKind::Call(self.contract), call.abi_encode());
        outcome::<verifyManyCall>(self.evm.transact(transaction).unwrap().result)
    }

    /// A transaction's result and gas, or its named error.
    pub fn transact<C: SolCall>(&mut self, call: &C) -> Result<(C::Return, u64), VouchVerifierErrors> {
        let result = self.evm.transact_commit(transaction(TxKind::Call(self.contract), call.abi_encode())).unwrap();
        match outcome::<C>(result) {
            Outcome::Done(value, gas) => Ok((value, gas)),
            Outcome::Refused(error, _) => Err(error),
        }
    }

    /// What any bytes return, or the data of their revert.
    pub fn call(&mut self, data: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
        let transaction = transaction(TxKind::Call(self.contract), data.to_vec());
        match self.evm.transact(transaction).unwrap().result {
            ExecutionResult::Success { output, .. } => Ok(output.into_data().to_vec()),
            ExecutionResult::Revert { output, .. } => Err(output.to_vec()),
            ExecutionResult::Halt { reason, .. } => panic!("halted: {reason:?}"),
        }
    }

    /// A call whose result is not the verdict.
    pub fn view<C: SolCall>(&mut self, call: &C) -> Outcome<C::Return> {
        let transaction = transaction(TxKind::Call(self.contract), call.abi_encode());
        outcome::<C>(self.evm.transact(transaction).unwrap().result)
    }
}

/// The committed code that deploys a contract, without its arguments.
pub fn bytecode(name: &str) -> Bytes {
    artifact(name)["bytecode"].as_str().unwrap().parse().unwrap()
}

fn artifact(name: &str) -> serde_json::Value {
    let path = format!("{}/../../../contracts/artifacts/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn transaction(kind: TxKind, data: Vec<u8>) -> TxEnv {
    TxEnv::builder().caller(SENDER).kind(kind).gas_limit(GAS).data(data.into()).build().unwrap()
}

/// A revert is one of the contract's named errors, and nothing halts: else the test fails.
fn outcome<C: SolCall>(result: ExecutionResult) -> Outcome<C::Return> {
    let gas = result.gas_used();
    match result {
        ExecutionResult::Success { output, .. } => {
            Outcome::Done(C::abi_decode_returns(&output.into_data()).unwrap(), gas)
        }
        ExecutionResult::Revert { output, .. } => {
            let error = VouchVerifierErrors::abi_decode(&output);
            Outcome::Refused(error.unwrap_or_else(|e| panic!("no named error: {output}, {e}")), gas)
        }
        ExecutionResult::Halt { reason, .. } => panic!("halted: {reason:?}"),
    }
}
