//! A real chain: anvil, with the committed bytecode deployed on it, and a line to it that can be disturbed.

#![allow(dead_code, unreachable_pub, missing_docs)]

mod history;
mod line;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use alloy_primitives::{Bytes, U64, Uint};
use alloy_sol_types::{SolCall, SolConstructor, SolValue, sol};
use serde_json::{Value, json};
use vouch_deposits::contract::VouchDeposit;
use vouch_deposits::{Address, U256};
use vouch_follower::{Follower, Settings};

#[allow(unused_imports)]
pub use history::{agree, happen, until, without_state};
#[allow(unused_imports)]
pub use line::{Line, Trouble};

sol! {
    function mint(address to, uint256 amount) external;
    function approve(address spender, uint256 amount) external returns (bool);
}

pub const CHAIN_ID: u64 = 31337;
pub const DELAY: u64 = 3600;
/// The time of the first block.
const START: u64 = 1_800_000_000;

/// A chain with the contract, and tokens of 18 and of 6 decimals. Ends when it is dropped.
pub struct Anvil {
    child: Child,
    client: reqwest::Client,
    pub url: String,
    /// Unlocked: owner, claim manager, then those with tokens.
    pub accounts: Vec<Address>,
    pub tokens: Vec<Address>,
    pub vault: Address,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../contracts")
}

/// Anvil from the packages of `contracts`, or, where npm has none, from the path.
fn program() -> PathBuf {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let package = format!("node_modules/@foundry-rs/anvil-{}-{architecture}/bin/anvil", std::env::consts::OS);
    Some(contracts().join(package)).filter(|path| path.exists()).unwrap_or_else(|| "anvil".into())
}

impl Anvil {
    pub async fn start() -> Self {
        Self::start_at(START).await
    }

    pub async fn start_at(time: u64) -> Self {
        let (chain, time) = (CHAIN_ID.to_string(), time.to_string());
        let mut child = Command::new(program())
            .args(["--port", "0", "--chain-id", &chain, "--timestamp", &time])
            .stdout(Stdio::piped())
            .spawn()
            .expect("anvil is missing: `npm ci` in contracts, or `cargo xtask test --only contracts`");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = lines.find_map(|line| Some(line.unwrap().strip_prefix("Listening on ")?.to_owned()));
        let url = format!("http://{}", listening.expect("anvil listens"));
        // What anvil prints must be read, or it stops.
        std::thread::spawn(move || lines.for_each(drop));
        let client = reqwest::Client::new();
        let mut anvil = Self { child, client, url, accounts: Vec::new(), tokens: Vec::new(), vault: Address::ZERO };
        anvil.deploy().await;
        anvil
    }

    async fn deploy(&mut self) {
        self.accounts = serde_json::from_value(self.rpc("eth_accounts", json!([])).await).unwrap();
        let owner = self.accounts[0];
        for (symbol, decimals) in [("REST", 18), ("SIX", 6)] {
            let arguments = ("Token".to_owned(), symbol.to_owned(), U256::from(decimals)).abi_encode_params();
            let token = self.create(owner, "PlainToken", arguments).await;
            self.tokens.push(token);
        }
        let constructor = VouchDeposit::constructorCall {
            owner_: owner,
            claimManager_: self.accounts[1],
            claimDelay_: Uint::from(DELAY),
            depositStopTime_: Uint::MAX,
            tokens_: self.tokens.clone(),
        };
        self.vault = self.create(owner, "VouchDeposit", constructor.abi_encode()).await;
        for account in self.depositors() {
            for (token, decimals) in self.tokens.clone().into_iter().zip([18, 6]) {
                let amount = U256::from(1_000_000) * U256::from(10).pow(U256::from(decimals));
                assert!(self.send(owner, token, &mintCall { to: account, amount }).await);
                assert!(self.send(account, token, &approveCall { spender: self.vault, amount: U256::MAX }).await);
            }
        }
    }

    async fn receipt(&self, hash: Value) -> Value {
        for _ in 0..2000 {
            let receipt = self.rpc("eth_getTransactionReceipt", json!([hash])).await;
            if !receipt.is_null() {
                return receipt;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("no receipt for {hash}");
    }

    pub fn depositors(&self) -> [Address; 3] {
        [self.accounts[2], self.accounts[3], self.accounts[4]]
    }

    pub async fn rpc(&self, method: &str, params: Value) -> Value {
        self.try_rpc(method, params).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    async fn try_rpc(&self, method: &str, params: Value) -> Result<Value, Value> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer: Value = self.client.post(&self.url).json(&body).send().await.unwrap().json().await.unwrap();
        answer.get("error").map_or_else(|| Ok(answer["result"].clone()), |error| Err(error.clone()))
    }

    async fn create(&self, from: Address, name: &str, arguments: Vec<u8>) -> Address {
        let text = std::fs::read_to_string(contracts().join(format!("artifacts/{name}.json"))).unwrap();
        let artifact: Value = serde_json::from_str(&text).unwrap();
        let mut code = artifact["bytecode"].as_str().unwrap().parse::<Bytes>().unwrap().to_vec();
        code.extend(arguments);
        let hash = self.rpc("eth_sendTransaction", json!([{ "from": from, "data": Bytes::from(code) }])).await;
        let receipt = self.receipt(hash).await;
        serde_json::from_value(receipt["contractAddress"].clone()).unwrap()
    }

    /// Sends a transaction, each in a block of its own, and says whether it did something.
    pub async fn send(&self, from: Address, to: Address, call: &impl SolCall) -> bool {
        let data = Bytes::from(call.abi_encode());
        let transaction = json!([{ "from": from, "to": to, "data": data, "gas": "0x100000" }]);
        let hash = self.rpc("eth_sendTransaction", transaction).await;
        let receipt = self.receipt(hash).await;
        receipt["status"] == "0x1"
    }

    /// Calls the contract without effect, as of a block.
    pub async fn view<C: SolCall>(&self, call: &C, block: u64) -> C::Return {
        let call = json!({ "to": self.vault, "data": Bytes::from(call.abi_encode()) });
        let data = self.rpc("eth_call", json!([call, U64::from(block)])).await;
        C::abi_decode_returns(&serde_json::from_value::<Bytes>(data).unwrap()).unwrap()
    }

    pub async fn head(&self) -> u64 {
        serde_json::from_value::<U64>(self.rpc("eth_blockNumber", json!([])).await).unwrap().to()
    }

    pub async fn mine(&self, blocks: u64) {
        self.rpc("anvil_mine", json!([U64::from(blocks)])).await;
    }

    /// Lets time pass; the next block shows it.
    pub async fn wait(&self, seconds: u64) {
        self.rpc("evm_increaseTime", json!([seconds])).await;
    }

    pub async fn deposit(&self, who: usize, token: usize, amount: u64) -> bool {
        let (token, amount) = (self.tokens[token], U256::from(amount));
        self.send(self.depositors()[who], self.vault, &VouchDeposit::depositCall { token, amount }).await
    }

    /// Settings that suit a test: a few confirmations, short ranges, no patience.
    pub fn settings(&self, url: &str) -> Settings {
        Settings {
            confirmations: 5,
            range: 7,
            poll: Duration::from_millis(20),
            timeout: Duration::from_millis(1500),
            ..Settings::new(url, CHAIN_ID, self.vault)
        }
    }

    pub async fn follower(&self, database: &Path) -> Follower {
        Follower::open(database, self.settings(&self.url)).await.unwrap()
    }
}
