//! Follows the deposit contract on a chain, and prints what an account has.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use vouch_deposits::parse_address;
use vouch_follower::{Follower, Page, Settings};

/// Follow the deposit contract on an Ethereum chain
///
/// Keeps its history in a database, and prints, as JSON, what an account has.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Where the chain's node answers JSON-RPC
    #[arg(long, value_name = "URL")]
    rpc_url: String,
    /// The chain's number
    #[arg(long, value_name = "NUMBER")]
    chain_id: u64,
    /// The contract's address
    #[arg(long, value_name = "ADDRESS")]
    contract: String,
    /// The block in which it was deployed, or one before
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    first_block: u64,
    /// A block is final when so many are on top of it
    #[arg(long, value_name = "NUMBER", default_value_t = 64)]
    confirmations: u64,
    /// Milliseconds between looks at the chain
    #[arg(long, value_name = "MS", default_value_t = 6000)]
    poll_ms: u64,
    /// The database
    #[arg(long, value_name = "FILE")]
    database: PathBuf,
    /// Look once, print what this account has, and end; otherwise follow until interrupted
    #[arg(long, value_name = "ADDRESS")]
    account: Option<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let contract = parse_address(&args.contract).context("--contract")?;
    let account = args.account.as_deref().map(parse_address).transpose().context("--account")?;
    let settings = Settings {
        first_block: args.first_block,
        confirmations: args.confirmations,
        poll: Duration::from_millis(args.poll_ms),
        ..Settings::new(args.rpc_url, args.chain_id, contract)
    };
    let follower = Follower::open(&args.database, settings).await?;
    if let Some(account) = account {
        follower.look().await?;
        println!("{}", serde_json::to_string_pretty(&follower.account(account, Page::default()).await?)?);
        return Ok(());
    }
    follower.run(async { drop(tokio::signal::ctrl_c().await) }).await;
    Ok(())
}
