//! The committed bytecode in a virtual machine of its own, with a clock that is set.

#![allow(unreachable_pub, missing_docs)]

use alloy_sol_types::{SolCall, SolConstructor, SolValue, sol};
use revm::context::TxEnv;
use revm::context_interface::result::ExecutionResult;
use revm::database::InMemoryDB;
use revm::handler::{MainnetContext, MainnetEvm};
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Bytes, Log, TxKind};
use revm::{Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext};
use vouch_deposits::contract::VouchDeposit;
use vouch_deposits::{Address, RawLog, U256};

sol! {
    function mint(address to, uint256 amount) external;
    function approve(address spender, uint256 amount) external returns (bool);
}

pub const OWNER: Address = Address::repeat_byte(0xa1);
pub const MANAGER: Address = Address::repeat_byte(0xb2);
pub const DELAY: u64 = 86_400;

/// What a transaction did: its logs and result, or the data of its revert.
pub type Outcome = Result<(Vec<RawLog>, Bytes), Bytes>;

pub struct Chain {
    evm: MainnetEvm<MainnetContext<InMemoryDB>>,
    pub time: u64,
    pub vault: Address,
    pub tokens: Vec<Address>,
    /// The logs of the deployment.
    pub logs: Vec<RawLog>,
}

impl Chain {
    /// Tokens with these decimals and the contract, at this time.
    pub fn new(time: u64, decimals: &[u8]) -> Self {
        let context = Context::mainnet().with_db(InMemoryDB::default()).modify_cfg_chained(|cfg| {
            cfg.set_spec_and_mainnet_gas_params(SpecId::CANCUN);
            cfg.disable_nonce_check = true;
        });
        let evm = context.build_mainnet();
        let mut chain = Self { evm, time, vault: Address::ZERO, tokens: Vec::new(), logs: Vec::new() };
        for decimals in decimals {
            let arguments = ("Token".to_owned(), "T".to_owned(), U256::from(*decimals)).abi_encode_params();
            let token = chain.create("PlainToken", arguments).0;
            chain.tokens.push(token);
        }
        let constructor = VouchDeposit::constructorCall {
            owner_: OWNER,
            claimManager_: MANAGER,
            claimDelay_: alloy_primitives::Uint::from(DELAY),
            depositStopTime_: alloy_primitives::Uint::MAX,
            tokens_: chain.tokens.clone(),
        };
        (chain.vault, chain.logs) = chain.create("VouchDeposit", constructor.abi_encode());
        chain
    }

    fn transaction(&mut self, from: Address, kind: TxKind, data: Vec<u8>) -> TxEnv {
        let time = U256::from(self.time);
        self.evm.ctx.modify_block(|block| block.timestamp = time);
        TxEnv::builder().caller(from).kind(kind).gas_limit(12_000_000).data(data.into()).build().unwrap()
    }

    fn create(&mut self, name: &str, arguments: Vec<u8>) -> (Address, Vec<RawLog>) {
        let path = format!("{}/../../../contracts/artifacts/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let artifact: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let mut code = artifact["bytecode"].as_str().unwrap().parse::<Bytes>().unwrap().to_vec();
        code.extend(arguments);
        let transaction = self.transaction(OWNER, TxKind::Create, code);
        let result = self.evm.transact_commit(transaction).unwrap();
        let address = result.created_address().unwrap_or_else(|| panic!("{name}: {result:?}"));
        (address, raw(result.into_logs()))
    }

    /// Sends a transaction.
    pub fn send(&mut self, from: Address, to: Address, call: &impl SolCall) -> Outcome {
        let transaction = self.transaction(from, TxKind::Call(to), call.abi_encode());
        outcome(self.evm.transact_commit(transaction).unwrap())
    }

    /// Calls without effect.
    pub fn view<C: SolCall>(&mut self, call: &C) -> C::Return {
        let transaction = self.transaction(OWNER, TxKind::Call(self.vault), call.abi_encode());
        let (_, data) = outcome(self.evm.transact(transaction).unwrap().result).unwrap();
        C::abi_decode_returns(&data).unwrap()
    }

    /// Gives an account tokens, and the contract an allowance.
    pub fn fund(&mut self, account: Address, token: Address, amount: U256) {
        self.send(OWNER, token, &mintCall { to: account, amount }).unwrap();
        self.send(account, token, &approveCall { spender: self.vault, amount: U256::MAX }).unwrap();
    }
}

fn outcome(result: ExecutionResult) -> Outcome {
    match result {
        ExecutionResult::Success { logs, output, .. } => Ok((raw(logs), output.into_data())),
        ExecutionResult::Revert { output, .. } => Err(output),
        ExecutionResult::Halt { reason, .. } => panic!("halted: {reason:?}"),
    }
}

fn raw(logs: Vec<Log>) -> Vec<RawLog> {
    let raw = |log: Log| RawLog { address: log.address, topics: log.topics().to_vec(), data: log.data.data.to_vec() };
    logs.into_iter().map(raw).collect()
}
