//! A forecast that a contract pays for: the default model's keys of the evm profile, a request with a bounty, a proof for it, and
//! what the contract keeps.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::INPUT;
use crate::local_chain::LocalChain;
use crate::network::Profile;
use crate::process::{self, output};
use crate::workspace::Workspace;

/// Polynomials that share a commitment. More would take a few percent less gas, and a longer reference string.
const GROUP: &str = "16";

/// What the script says that asks.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    rpc_url: String,
    chain_id: u64,
    verifier: String,
    vault: String,
    registration_gas: u64,
    prover: String,
    request: String,
    nonce: String,
    bounty: String,
}

/// What the script says that answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answered {
    gas_used: u64,
    paid: String,
    refused: String,
    outputs: Vec<Output>,
}

/// An output, as the contract decodes it.
#[derive(Debug, Deserialize)]
struct Output {
    name: String,
    unit: String,
    values: Vec<f64>,
}

/// A forecast that is on the chain, and what checks its proof there.
pub(crate) struct Forecast {
    asked: Asked,
    /// The folder of its files.
    pub(crate) folder: PathBuf,
    /// Its proof.
    pub(crate) proof: PathBuf,
    /// The key that the proof is for.
    pub(crate) key: PathBuf,
}

impl Forecast {
    /// The settings of a validator whose page proposes the contract.
    pub(crate) fn settings(&self) -> [String; 3] {
        let Asked { rpc_url, chain_id, verifier, .. } = &self.asked;
        [
            format!("validator.onchain.contract={verifier}"),
            format!("validator.onchain.chain_id={chain_id}"),
            format!("validator.onchain.rpc_url={rpc_url}"),
        ]
    }
}

/// Asks on the chain, proves and is paid. `model` is a folder with a compiled model and its keys; the files go to the folder `dir`.
pub(crate) fn run(
    workspace: &Workspace,
    profile: Profile,
    chain: &LocalChain,
    model: &Path,
    dir: PathBuf,
) -> Result<Forecast> {
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let copied = dir.join("model.vouch");
    fs::copy(model.join("model.vouch"), &copied).with_context(|| format!("cannot make {}", copied.display()))?;
    let file = |name: &str| dir.join(name);
    let (key, proof) = (file("verifier.key"), file("forecast.proof"));
    let (example, inputs) = (file("example.proof"), file("inputs.json"));
    let (asked_file, calls) = (file("asked.json"), file("calls.json"));
    let vouch = || profile.program(workspace, "vouch");
    let script = |command: &str| {
        let mut script = Command::new("node");
        script.current_dir(workspace.root.join("contracts"));
        script.args(["scripts/forecast.js", command, "--rpc-url", &chain.made.rpc_url]);
        script
    };

    let mut setup = vouch();
    process::run(setup.args(["setup", "--quiet", "--profile", "evm", "--group", GROUP]).arg(&dir))?;
    // The request's inputs are integers, those of any proof about the same inputs.
    process::run(vouch().args(["prove", "--quiet"]).arg(model).args(["--input", INPUT, "-o"]).arg(&example))?;
    process::run(vouch().args(["export", "--quiet"]).arg(&example).arg("-o").arg(&inputs))?;
    let asked = said(script("ask").arg("--key").arg(&key).arg("--envelope").arg(&inputs))?;
    fs::write(&asked_file, &asked).with_context(|| format!("cannot write {}", asked_file.display()))?;
    let asked: Asked = read(&asked)?;
    println!(
        "contract {} checks proofs; the key's registration took {} gas, once",
        asked.verifier, asked.registration_gas
    );
    println!("vault {} offers {} ether for request {}", asked.vault, ether(&asked.bounty)?, asked.request);

    let nonce = asked.nonce.trim_start_matches("0x");
    process::run(
        vouch().args(["prove", "--quiet"]).arg(&dir).args(["--input", INPUT, "--nonce", nonce, "-o"]).arg(&proof),
    )?;
    process::run(vouch().args(["export", "--quiet"]).arg(&proof).arg("--evm").arg(&key).arg("-o").arg(&calls))?;
    let answered: Answered = read(&said(script("answer").arg("--asked").arg(&asked_file).arg("--calls").arg(&calls))?)?;
    ensure!(answered.paid == asked.bounty, "the prover was paid {}, not {}", answered.paid, asked.bounty);
    println!("the proof with another output is refused: {}", answered.refused);
    println!(
        "the proof is taken with {} gas, and {} is paid {} ether",
        answered.gas_used,
        asked.prover,
        ether(&answered.paid)?
    );
    for Output { name, unit, values } in &answered.outputs {
        let values: Vec<String> = values.iter().map(|value| format!("{value:.3}")).collect();
        println!("the vault keeps {name} = {} {unit}", values.join(", "));
    }
    ensure!(!answered.outputs.is_empty(), "the vault keeps no forecast");
    Ok(Forecast { asked, folder: dir, proof, key })
}

/// Shows a command, runs it, and returns what it said.
fn said(command: &mut Command) -> Result<String> {
    process::show(command)?;
    output(command)
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).context("contracts/scripts/forecast.js has said something else than expected")
}

/// An amount of wei in ether.
fn ether(wei: &str) -> Result<f64> {
    let wei: f64 = wei.parse().with_context(|| format!("{wei} is no amount"))?;
    Ok(wei / 1e18)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_scripts_say_is_read() {
        let text = r#"{"rpcUrl":"http://127.0.0.1:7","chainId":31337,"verifier":"0x01","vault":"0x02","modelId":"0x03",
            "registrationGas":5,"asker":"0x04","prover":"0x05","request":"0x06","inputs":"0x","nonce":"0x07","bounty":"10000000000000000"}"#;
        let asked: Asked = read(text).unwrap();
        assert_eq!(ether(&asked.bounty).unwrap(), 0.01);
        let forecast = Forecast { asked, folder: "f".into(), proof: "p".into(), key: "k".into() };
        let expected = [
            "validator.onchain.contract=0x01",
            "validator.onchain.chain_id=31337",
            "validator.onchain.rpc_url=http://127.0.0.1:7",
        ];
        assert_eq!(forecast.settings(), expected);
        let text = r#"{"gasUsed":1,"paid":"2","refused":"InvalidProof","outputs":[{"name":"y","unit":"h","shape":[1],"values":[2.5]}]}"#;
        let answered: Answered = read(text).unwrap();
        assert_eq!((answered.outputs[0].unit.as_str(), answered.outputs[0].values.as_slice()), ("h", &[2.5][..]));
        assert!(read::<Asked>("{}").is_err() && ether("x").is_err());
    }
}
