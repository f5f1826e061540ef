//! The local chain of `contracts`: anvil with the deposit contract, two test tokens, and an account that has deposits.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process::show;
use crate::test::contracts;
use crate::workspace::Workspace;

/// A chain that runs. It ends with this program, however that ends: it runs as long as its input is open.
pub(crate) struct LocalChain {
    _program: Program,
    /// What is on it.
    pub(crate) made: Made,
}

/// What the chain's program says when it is ready.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Made {
    /// Where it can be asked.
    pub(crate) rpc_url: String,
    chain_id: u64,
    contract: String,
    first_block: u64,
    /// An account that has deposits.
    pub(crate) account: String,
}

impl Made {
    /// The settings of a validator that reads it.
    pub(crate) fn settings(&self) -> [String; 6] {
        let Self { rpc_url, chain_id, contract, first_block, .. } = self;
        [
            format!("validator.deposit_contract={contract}"),
            format!("validator.deposit_chain_id={chain_id}"),
            format!("validator.deposit_rpc_url={rpc_url}"),
            format!("validator.deposit_first_block={first_block}"),
            // Nobody replaces blocks of a chain of one's own.
            "validator.deposit_confirmations=1".to_owned(),
            "validator.deposit_poll_ms=2000".to_owned(),
        ]
    }
}

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Starts a chain, with the packages that it needs.
pub(crate) fn start(workspace: &Workspace) -> Result<LocalChain> {
    let contracts = workspace.root.join("contracts");
    contracts::install(&contracts)?;
    let mut command = Command::new("node");
    command.current_dir(contracts).args(["scripts/local-chain.js", "--port", "0", "--attached"]);
    show(&command)?;
    let program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot start the chain")?;
    let mut program = Program(program);
    let output = program.0.stdout.take().context("the chain has no output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).context("cannot read what the chain says")?;
    let made = serde_json::from_str(&line).context("the chain has not started")?;
    Ok(LocalChain { _program: program, made })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_chain_says_becomes_settings() {
        let line = r#"{"rpcUrl":"http://127.0.0.1:7","chainId":31337,"contract":"0x01","firstBlock":3,"account":"0x02","more":[]}"#;
        let made: Made = serde_json::from_str(line).unwrap();
        let settings = made.settings();
        assert!(settings.contains(&"validator.deposit_rpc_url=http://127.0.0.1:7".to_owned()), "{settings:?}");
        assert!(settings.contains(&"validator.deposit_first_block=3".to_owned()), "{settings:?}");
    }

    #[test]
    fn a_checkout_without_it_is_said_in_one_line() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace { root: dir.path().to_owned(), target: dir.path().join("target") };
        let error = format!("{:#}", start(&workspace).err().unwrap());
        assert!(!error.is_empty() && !error.contains('\n'), "{error}");
    }
}
