//! The network's part of the demo: questions over the API, the miners' table, the audit, the dashboard.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::nonce::Source;
use super::vault::Forecast;
use super::{ALLOW, Args, INPUT, deposits, heading, random_nonce, strategy, vouch};
use crate::bundles::{self, HASHED, PUBLIC};
use crate::local_chain::LocalChain;
use crate::network::{self, Network, Profile};
use crate::process::run as run_command;
use crate::workspace::Workspace;

/// How long one prediction may take.
const PATIENCE: Duration = Duration::from_secs(180);

#[derive(Deserialize)]
struct Status {
    id: String,
    state: String,
    miner: Option<String>,
    validator_part: Option<String>,
    proof_id: Option<String>,
    error: Option<String>,
}

/// What the validator says about itself.
#[derive(Deserialize)]
struct Account {
    chain: String,
    validator: String,
}

#[derive(Deserialize)]
struct Miner {
    id: String,
    score: f64,
    verified: u64,
    refused: u64,
    missing: u64,
    response_ms: Option<f64>,
    verify_ms: Option<f64>,
    proof_bytes: Option<u64>,
}

/// Starts the network, asks it, shows what came of it.
pub(super) fn run(
    workspace: &Workspace,
    args: &Args,
    dashboard: Option<PathBuf>,
    chain: Option<&LocalChain>,
    forecast: Option<&Forecast>,
) -> Result<()> {
    let models = bundles::all(workspace, Profile::Release)?;
    let mut settings = vec![
        format!("listen={}", args.listen),
        "log=warn".to_owned(),
        // A look at the network should not take as long as its life.
        "validator.epoch_ms=20000".to_owned(),
        "validator.benchmark_every_ms=15000".to_owned(),
        // The miners share one machine.
        "validator.dispatch.benchmark_for_ms=1".to_owned(),
    ];
    settings.extend(bundles::strategies());
    settings.extend(chain.iter().flat_map(|chain| chain.made.settings()));
    settings.extend(forecast.iter().flat_map(|forecast| forecast.settings()));
    let shown = dashboard.is_some();
    let dir = workspace.target.join("demo-network");
    let network = network::start(workspace, Profile::Release, &dir, &models, dashboard, &settings)?;

    heading("Ask it");
    let model = model(&network, PUBLIC)?;
    let inputs =
        inputs(&fs::read_to_string(workspace.root.join(INPUT)).with_context(|| format!("cannot read {INPUT}"))?)?;
    for number in 1..=args.queries {
        let part = random_nonce()?;
        let began = Instant::now();
        let status = ask(&network, &json!({ "model_id": model, "inputs": inputs, "user_part": part }))?;
        let nonce = nonce(&network, &status, &model, &part)?;
        let miner = status.miner.unwrap_or_default();
        println!(
            "prediction {number} of {}: miner {}, {:.1} s",
            args.queries,
            short(&miner),
            began.elapsed().as_secs_f64()
        );
        let proof = status.proof_id.context("a prediction that is done has a proof")?;
        let envelope = workspace.relative(&workspace.target).join("demo/network.proof");
        fs::write(workspace.root.join(&envelope), network.get(&format!("/v1/proofs/{proof}/envelope"))?)?;
        if number == 1 {
            // Not the validator's word: the proof itself, for this input and this nonce.
            let key = models.join(PUBLIC).join("verifier.key");
            let mut verify = vouch(workspace);
            verify
                .arg("verify")
                .arg(&envelope)
                .arg("--key")
                .arg(key)
                .args(["--input", INPUT, "--nonce", &nonce, ALLOW]);
            run_command(&mut verify)?;
        }
        table(&serde_json::from_slice::<Vec<Miner>>(&network.get("/v1/miners")?)?);
    }

    hidden(workspace, &network, &models, &inputs)?;
    strategy::run(workspace, &network, &models)?;

    heading("Recompute every score and weight from the log, and verify proofs again");
    run_command(Profile::Release.program(workspace, "vouch-node").args(["audit", ALLOW, "--url", &network.url]))?;
    if let Some(chain) = chain {
        heading("Deposits, as the validator has read them from the chain");
        deposits::show(&network, chain)?;
    }
    if args.once {
        return Ok(());
    }
    heading(if shown { "The dashboard" } else { "The network" });
    println!("{}   (Ctrl-C ends it)", network.url);
    if shown {
        println!("Its keys are for development, so the page refuses its proofs until you accept those, in the page.");
        println!("{}/strategies   (how to divide a holding, with proofs)", network.url);
    }
    if let Some(LocalChain { made, .. }) = chain {
        let page = if shown { "deposits?account=" } else { "v1/deposits/" };
        println!(
            "{}/{page}{}   (the account with deposits; its chain is at {})",
            network.url, made.account, made.rpc_url
        );
    }
    if let Some(forecast) = forecast.filter(|_| shown) {
        println!("{}/verify   (check the forecast's proof on chain)", network.url);
        println!("  Give it these files: {} and {}", forecast.proof.display(), forecast.key.display());
    }
    loop {
        sleep(Duration::from_secs(3600));
    }
}

/// The same question with hidden inputs: the proof shows their hashes, which who has inputs and salt computes again.
fn hidden(workspace: &Workspace, network: &Network, models: &Path, inputs: &Map<String, Value>) -> Result<()> {
    heading("Ask the same with hidden inputs: of them only hashes go public");
    let (part, salt) = (random_nonce()?, random_nonce()?);
    let model = model(network, HASHED)?;
    let question = json!({ "model_id": model, "inputs": inputs, "user_part": part, "salt": salt });
    let status = ask(network, &question)?;
    let nonce = nonce(network, &status, &model, &part)?;
    let proof = status.proof_id.context("a prediction that is done has a proof")?;
    let envelope = workspace.relative(&workspace.target).join("demo/hidden.proof");
    fs::write(workspace.root.join(&envelope), network.get(&format!("/v1/proofs/{proof}/envelope"))?)?;
    let key = models.join(HASHED).join("verifier.key");
    let mut verify = vouch(workspace);
    verify.arg("verify").arg(&envelope).arg("--key").arg(key);
    run_command(verify.args(["--input", INPUT, "--salt", &salt, "--nonce", &nonce, ALLOW]))
}

/// The identity of the model of a name.
fn model(network: &Network, name: &str) -> Result<String> {
    let models: Vec<Value> = serde_json::from_slice(&network.get("/v1/models")?)?;
    let named = models.iter().find(|model| model.get("name").and_then(Value::as_str) == Some(name));
    let id = named.and_then(|model| model.get("id")?.as_str());
    Ok(id.with_context(|| format!("the validator serves no model named {name}"))?.to_owned())
}

/// The example's inputs, flat, as the API takes them.
fn inputs(json: &str) -> Result<Map<String, Value>> {
    let nested: Map<String, Value> = serde_json::from_str(json).context("the example is an object of inputs")?;
    Ok(nested.into_iter().map(|(name, value)| (name, Value::Array(flat(value)))).collect())
}

fn flat(value: Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.into_iter().flat_map(flat).collect(),
        number => vec![number],
    }
}

/// The nonce that the proof of an answer must contain. The user's part is this program's own.
fn nonce(network: &Network, status: &Status, model: &str, user_part: &str) -> Result<String> {
    let account: Account = serde_json::from_slice(&network.get("/v1/network")?)?;
    let source = Source {
        chain: &account.chain,
        validator: &account.validator,
        miner: status.miner.as_deref().context("a prediction that is done has a miner")?,
        model,
        user_part,
        validator_part: status.validator_part.as_deref().context("a prediction that is done has both parts")?,
    };
    source.nonce()
}

/// Asks, and waits for the end.
fn ask(network: &Network, question: &Value) -> Result<Status> {
    let url = format!("{}/v1/predictions", network.url);
    let mut answer = ureq::post(&url).send_json(question).with_context(|| format!("POST {url}"))?;
    let mut status: Status = answer.body_mut().read_json()?;
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        match status.state.as_str() {
            "done" => return Ok(status),
            "failed" => bail!("the prediction failed: {}", status.error.unwrap_or_default()),
            _ => sleep(Duration::from_millis(100)),
        }
        status = serde_json::from_slice(&network.get(&format!("/v1/predictions/{}", status.id))?)?;
    }
    bail!("no prediction after {} s", PATIENCE.as_secs())
}

fn short(key: &str) -> &str {
    key.get(..8).unwrap_or(key)
}

fn table(miners: &[Miner]) {
    println!(
        "  {:<10}{:>9}{:>11}{:>9}{:>8}   verified, refused, missing",
        "miner", "proof ms", "verify ms", "bytes", "score"
    );
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.0}"));
    for miner in miners {
        println!(
            "  {:<10}{:>9}{:>11}{:>9}{:>8.3}   {}, {}, {}",
            short(&miner.id),
            number(miner.response_ms),
            miner.verify_ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1}")),
            miner.proof_bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string()),
            miner.score,
            miner.verified,
            miner.refused,
            miner.missing,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_flat() {
        let flat = inputs(r#"{"a": [[[1.5], [2]]], "b": 3}"#).unwrap();
        assert_eq!(Value::Object(flat), json!({ "a": [1.5, 2], "b": [3] }));
        assert!(inputs("[1]").is_err());
    }
}
