//! The contract on a node: anvil, of the npm packages of `contracts`, over JSON-RPC.

#![allow(unreachable_pub, missing_docs)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use alloy_primitives::hex;
use serde_json::{Value, json};

use crate::chain::bytecode;

/// A chain that ends when this is dropped.
pub struct Node {
    program: Child,
    url: String,
    account: String,
    contract: String,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

impl Node {
    /// A chain with the contract, which accepts keys of development setups.
    pub fn start() -> Self {
        let anvil = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
        );
        let path = if std::path::Path::new(anvil).exists() { anvil } else { "anvil" };
        let mut program = Command::new(path)
            .args(["--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("anvil is missing: `npm ci` in contracts, or `cargo xtask test --only contracts`");
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.starts_with("Listening on ")).expect("anvil ended");
        let url = format!("http://{}", line.trim_start_matches("Listening on "));
        std::thread::spawn(move || lines.for_each(drop));
        let mut node = Self { program, url, account: String::new(), contract: String::new() };
        node.account = node.rpc("eth_accounts", json!([])).unwrap()[0].as_str().unwrap().to_owned();
        let mut code = bytecode("VouchVerifier").to_vec();
        code.extend([&[0; 31][..], &[1]].concat());
        let receipt = node.transact(json!({ "from": node.account, "data": hex::encode_prefixed(code) }));
        node.contract = receipt["contractAddress"].as_str().unwrap().to_owned();
        node
    }

    /// The result, or the error's object.
    fn rpc(&self, method: &str, params: Value) -> Result<Value, Value> {
        let question = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = ureq::post(&self.url).send_json(question).unwrap();
        let mut answer: Value = answer.into_body().read_json().unwrap();
        match answer.get_mut("error") {
            Some(error) => Err(error.take()),
            None => Ok(answer["result"].take()),
        }
    }

    fn transact(&self, transaction: Value) -> Value {
        let hash = self.rpc("eth_sendTransaction", json!([transaction])).unwrap();
        for _ in 0..1000 {
            let receipt = self.rpc("eth_getTransactionReceipt", json!([hash])).unwrap();
            if !receipt.is_null() {
                assert_eq!(receipt["status"], "0x1", "{receipt}");
                return receipt;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("no receipt for {hash}");
    }

    /// Sends a transaction that must succeed; its gas.
    pub fn send(&self, data: &[u8]) -> u64 {
        let data = hex::encode_prefixed(data);
        let receipt = self.transact(json!({ "from": self.account, "to": self.contract, "data": data }));
        u64::from_str_radix(&receipt["gasUsed"].as_str().unwrap()[2..], 16).unwrap()
    }

    /// What a call returns, or the data of its revert.
    pub fn call(&self, data: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
        let call = json!({ "from": self.account, "to": self.contract, "data": hex::encode_prefixed(data) });
        let bytes = |text: &Value| hex::decode(text.as_str().unwrap_or_default()).unwrap();
        match self.rpc("eth_call", json!([call, "latest"])) {
            Ok(answer) => Ok(bytes(&answer)),
            Err(error) => {
                assert_eq!(error["code"], 3, "no revert: {error}");
                Err(bytes(&error["data"]))
            }
        }
    }
}
