//! The deposits' part of the demo: what an account has, as the validator has read it from the chain.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::local_chain::{self, LocalChain};
use crate::network::Network;
use crate::workspace::Workspace;

/// Decimals of a point.
const POINT_DECIMALS: usize = 18;

/// The validator's answer, as far as it is shown.
#[derive(Deserialize)]
struct Deposits {
    contract: Contract,
    block: Block,
    points: String,
    points_per_hour: String,
    balances: Vec<Balance>,
    history_total: u64,
}

#[derive(Deserialize)]
struct Contract {
    tokens: Vec<Token>,
}

#[derive(Deserialize)]
struct Token {
    address: String,
    symbol: Option<String>,
    decimals: usize,
}

#[derive(Deserialize)]
struct Block {
    number: u64,
}

#[derive(Deserialize)]
struct Balance {
    token: String,
    units: String,
}

/// Starts the chain; says why not, if so: everything else works without.
pub(super) fn chain(workspace: &Workspace) -> Option<LocalChain> {
    match local_chain::start(workspace) {
        Ok(chain) => Some(chain),
        Err(error) => {
            println!("the demo goes on without deposits: {error:#}");
            None
        }
    }
}

/// Shows what the account has.
pub(super) fn show(network: &Network, chain: &LocalChain) -> Result<()> {
    let account = &chain.made.account;
    let deposits = wait(network, account)?;
    println!("account {account} at block {}:", deposits.block.number);
    for balance in &deposits.balances {
        let token = deposits.contract.tokens.iter().find(|token| token.address == balance.token);
        let token = token.with_context(|| format!("the contract has no token {}", balance.token))?;
        let symbol = token.symbol.as_ref().unwrap_or(&token.address);
        println!("  {:<12}{}", symbol, decimal(&balance.units, token.decimals));
    }
    let (points, rate) =
        (decimal(&deposits.points, POINT_DECIMALS), decimal(&deposits.points_per_hour, POINT_DECIMALS));
    println!("  {:<12}{points}, and {rate} more an hour, after {} events", "points", deposits.history_total);
    Ok(())
}

/// The account, once the validator has read the chain.
fn wait(network: &Network, account: &str) -> Result<Deposits> {
    let mut last = None;
    for _ in 0..100 {
        match network.get(&format!("/v1/deposits/{account}")) {
            Ok(answer) => return serde_json::from_slice(&answer).context("what the validator says of the deposits"),
            Err(error) => last = Some(error),
        }
        sleep(Duration::from_millis(200));
    }
    match last {
        Some(error) => Err(error.context("the validator has not read the chain within 20 s")),
        None => bail!("the validator was not asked"),
    }
}

/// Units as a decimal number, without zeros at its end.
fn decimal(units: &str, decimals: usize) -> String {
    let digits = format!("{units:0>width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_decimal_numbers() {
        assert_eq!(decimal("1500000000000000000", 18), "1.5");
        assert_eq!(decimal("5", 3), "0.005");
        assert_eq!(decimal("0", 18), "0");
        assert_eq!(decimal("120", 0), "120");
    }
}
