//! The local chain of `contracts`: anvil with the contract, and an account that has deposits.
#![allow(missing_docs, unreachable_pub)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use alloy_sol_types::SolCall;
use serde::Deserialize;
use serde_json::{Value, json};
use vouch_deposits::contract::ERC20Permit::approveCall;
use vouch_deposits::contract::VouchDeposit::{calculatePointsCall, depositCall};
use vouch_deposits::{Address, U256};
use vouch_node::validator::ValidatorSettings;

#[derive(Deserialize)]
pub struct Token {
    pub address: Address,
}

/// What the chain's program says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    pub rpc_url: String,
    pub chain_id: u64,
    pub contract: Address,
    pub first_block: u64,
    pub tokens: Vec<Token>,
    /// Has deposited, and withdrawn a part.
    pub account: Address,
    /// Has tokens, and nothing in the contract.
    pub newcomer: Address,
}

/// A chain that ends when this is dropped: its program runs as long as its input is open.
pub struct LocalChain {
    program: Child,
    pub made: Made,
}

impl Drop for LocalChain {
    fn drop(&mut self) {
        drop(self.program.stdin.take());
        let _ = self.program.wait();
    }
}

impl LocalChain {
    pub fn start() -> Self {
        let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts");
        let mut program = Command::new("node")
            .current_dir(contracts)
            .args(["scripts/local-chain.js", "--port", "0", "--tick", "0", "--attached"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node.js is missing");
        let mut line = String::new();
        BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let made = serde_json::from_str(&line)
            .expect("anvil is missing: `npm ci` in contracts, or `cargo xtask test --only contracts`");
        Self { program, made }
    }

    /// Has a validator read it.
    pub fn configure(&self, settings: &mut ValidatorSettings) {
        settings.deposits.contract = Some(self.made.contract.to_checksum(None));
        settings.deposits.chain_id = Some(self.made.chain_id);
        settings.deposits.rpc_url = Some(self.made.rpc_url.clone());
        settings.deposits.first_block = self.made.first_block;
        settings.deposits.confirmations = 2;
        settings.deposits.poll_ms = 100;
    }

    pub async fn rpc(&self, method: &str, params: Value) -> Value {
        let question = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = reqwest::Client::new().post(&self.made.rpc_url).json(&question).send().await.unwrap();
        let mut answer: Value = answer.json().await.unwrap();
        assert_eq!(answer.get("error"), None, "{method}");
        answer["result"].take()
    }

    /// What the contract says of points, at a block.
    pub async fn points(&self, account: Address, block: u64) -> U256 {
        let answer = self.rpc("eth_call", json!([self.points_question(account), format!("{block:#x}")])).await;
        answer.as_str().unwrap().parse().unwrap()
    }

    pub fn points_question(&self, account: Address) -> Value {
        let data = hexadecimal(&calculatePointsCall { account }.abi_encode());
        json!({ "to": self.made.contract, "data": data })
    }

    pub async fn deposit(&self, account: Address, token: Address, amount: U256) {
        let contract = self.made.contract;
        let steps = [
            (token, approveCall { spender: contract, value: amount }.abi_encode()),
            (contract, depositCall { token, amount }.abi_encode()),
        ];
        for (to, data) in steps {
            let transaction = json!([{ "from": account, "to": to, "data": hexadecimal(&data) }]);
            let hash = self.rpc("eth_sendTransaction", transaction).await;
            let receipt = self.receipt(&hash).await;
            assert_eq!(receipt["status"], "0x1", "{receipt}");
        }
    }

    /// What became of a transaction, once it is in a block.
    async fn receipt(&self, transaction: &Value) -> Value {
        for _ in 0..200 {
            let receipt = self.rpc("eth_getTransactionReceipt", json!([transaction])).await;
            if !receipt.is_null() {
                return receipt;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{transaction} is in no block after 10 s");
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    format!("0x{}", vouch_envelope::hex::encode(bytes))
}
