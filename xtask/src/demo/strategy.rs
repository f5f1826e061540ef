//! The demo's strategy: seven proofs in a chain, verified by the prover's command line as a user would.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ALLOW, heading, vouch};
use crate::bundles::{ALLOCATION, PUBLIC};
use crate::network::Network;
use crate::process::{output, show};
use crate::workspace::Workspace;

/// How long a strategy may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// What is asked for.
const HORIZON: f64 = 30.0;
const RISK: f64 = 0.5;

#[derive(Deserialize)]
struct Step {
    nonce: Option<String>,
}

#[derive(Deserialize)]
struct Token {
    name: String,
    forecast: Map<String, Value>,
    allocation: Map<String, Value>,
}

#[derive(Deserialize)]
struct Market {
    source: String,
    tokens: Vec<Token>,
}

#[derive(Deserialize)]
struct Record {
    id: String,
    state: String,
    error: Option<String>,
    steps: Vec<Step>,
    market: Market,
}

/// Asks for a strategy, verifies its chain, shows it.
pub(super) fn run(workspace: &Workspace, network: &Network, models: &Path) -> Result<()> {
    heading("Ask for a strategy: six forecasts, an allocation on them, one chain of proofs");
    let began = Instant::now();
    let url = format!("{}/v1/strategies", network.url);
    let mut answer = ureq::post(&url)
        .send_json(json!({ "horizon": HORIZON, "risk": RISK }))
        .with_context(|| format!("POST {url}"))?;
    let mut record: Record = answer.body_mut().read_json()?;
    while record.state != "done" {
        if record.state == "failed" || began.elapsed() > PATIENCE {
            bail!("the strategy is {}: {}", record.state, record.error.unwrap_or_default());
        }
        sleep(Duration::from_millis(100));
        record = serde_json::from_slice(&network.get(&format!("/v1/strategies/{}", record.id))?)?;
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "a horizon of {HORIZON} days, a risk of {RISK}; seven proofs in {seconds:.1} s; market data: {}",
        record.market.source
    );
    let chain = workspace.relative(&workspace.target).join("demo/strategy.chain");
    fs::write(workspace.root.join(&chain), network.get(&format!("/v1/strategies/{}/chain", record.id))?)?;

    // Not the validator's word: keys from here, the data and the wishes as this program has them.
    let tokens = record.market.tokens.len();
    let mut verify = vouch(workspace);
    verify.args(["chain", "verify", "--json", ALLOW]).arg(&chain);
    for proof in 0..=tokens {
        let name = if proof < tokens { PUBLIC } else { ALLOCATION };
        verify.arg("--key").arg(models.join(name).join("verifier.key"));
    }
    for token in 0..tokens {
        verify.arg("--link").arg(format!("{token}:redemption_hours={tokens}:redemption_hours[{token}]"));
    }
    for step in &record.steps {
        verify.arg("--nonce").arg(step.nonce.as_deref().context("a proof that is done has a nonce")?);
    }
    for (proof, inputs) in inputs(&record.market)?.into_iter().enumerate() {
        let file = workspace.relative(&workspace.target).join(format!("demo/strategy-{proof}.json"));
        fs::write(workspace.root.join(&file), Value::Object(inputs).to_string())?;
        verify.arg("--input").arg(format!("{proof}={}", file.display()));
    }
    show(&verify)?;
    let said: Value = serde_json::from_str(&output(&mut verify)?)?;
    let outputs = |proof: usize, name: &str| numbers(&said["claims"][proof]["outputs"][name]);
    let shares = outputs(tokens, "shares");
    for (number, (token, share)) in record.market.tokens.iter().zip(&shares).enumerate() {
        let hours = outputs(number, "redemption_hours").first().copied().unwrap_or(f64::NAN);
        println!("  {:<10}{:>7.2} %   a redemption takes {hours:.1} h", token.name, 100.0 * share);
    }
    let expected = outputs(tokens, "expected_yield").first().copied().unwrap_or(f64::NAN);
    println!(
        "  expected yield {expected:.2} %/year, costs and risk taken off; all {} proofs and {tokens} links hold",
        tokens + 1
    );
    println!("  simulated data, no financial advice");
    Ok(())
}

/// The known inputs of each proof.
fn inputs(market: &Market) -> Result<Vec<Map<String, Value>>> {
    let mut all: Vec<Map<String, Value>> = market.tokens.iter().map(|token| token.forecast.clone()).collect();
    let mut last = Map::new();
    let names = market.tokens.first().context("a market has tokens")?.allocation.keys();
    for name in names {
        let of = |token: &Token| token.allocation.get(name).cloned().unwrap_or_default();
        last.insert(name.clone(), market.tokens.iter().map(of).collect());
    }
    last.insert("horizon_days".to_owned(), json!([HORIZON]));
    last.insert("risk".to_owned(), json!([RISK]));
    all.push(last);
    Ok(all)
}

/// All numbers of a nested list.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(list) => list.iter().flat_map(numbers).collect(),
        number => number.as_f64().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_market_makes_inputs() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(crate::bundles::MARKET);
        let market: Market = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let all = inputs(&market).unwrap();
        assert_eq!(all.len(), 7);
        assert_eq!(all[6].len(), 8);
        assert_eq!(all[6]["yield_pct"].as_array().unwrap().len(), 6);
        assert_eq!(numbers(&json!([[1.5, [2]], 3])), [1.5, 2.0, 3.0]);
    }
}
