//! The command line `vouch-node`.

mod local;
mod subnet;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use vouch_node::audit::{self, Published, Scope};
use vouch_node::chain::{ChainPlace, FileChain, SubtensorSettings};
use vouch_node::config::Config;
use vouch_node::engine;
use vouch_node::keys;
use vouch_node::market;
use vouch_node::miner::{self, Miner};
use vouch_node::prover;
use vouch_node::registry::Registry;
use vouch_node::server::{Limits, bind, serve, stop_signal};
use vouch_node::validator::{Blueprint, Validator};
use vouch_protocol::{PartyKey, SignedHead};
use vouch_subtensor::Address;

/// How long a miner tries to put its address on the chain when it starts.
const ANNOUNCE_PATIENCE: Duration = Duration::from_secs(300);

#[derive(Parser)]
#[command(name = "vouch-node", version, about = "Miners that prove, validators that verify")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Args, Clone)]
struct Settings {
    /// The configuration file.
    #[arg(long, env = "VOUCH_NODE_CONFIG")]
    config: Option<PathBuf>,
    /// One setting, such as `validator.dispatch.in_flight=4`; beats file and environment.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
}

impl Settings {
    fn load(&self) -> Result<Config> {
        let variables = std::env::vars().filter(|(name, _)| name != "VOUCH_NODE_CONFIG");
        Ok(Config::load(self.config.as_deref(), variables, &self.set)?)
    }
}

#[derive(Subcommand)]
enum Command {
    /// Run a miner.
    Miner(Settings),
    /// Run a validator.
    Validator(Settings),
    /// Prove for a miner whose queue is in NATS; the models are those of `[miner]`.
    Prover {
        /// Settings.
        #[command(flatten)]
        settings: Settings,
        /// The server, such as `nats://10.0.0.5:4222`; else the setting `miner.broker`.
        #[arg(long, value_name = "URL")]
        queue: Option<String>,
    },
    /// Run one validator and three miners in this process, on this machine.
    Local {
        /// Settings of the validator; the miners take theirs from `[miner]`.
        #[command(flatten)]
        settings: Settings,
        /// Number of miners.
        #[arg(long, default_value_t = 3)]
        miners: usize,
        /// Folder for keys, chain and databases.
        #[arg(long, default_value = "vouch-local")]
        dir: PathBuf,
    },
    /// Key files.
    Keys {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// The configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Show who is registered on the subnet of Bittensor that `chain` and `netuid` name.
    Metagraph {
        /// Settings.
        #[command(flatten)]
        settings: Settings,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Register the node's key on a subnet of Bittensor. The chain takes the price from another account, which owns the key
    /// then.
    Register {
        /// Settings.
        #[command(flatten)]
        settings: Settings,
        /// Key file of the account that pays: the coldkey of a Bittensor wallet. It is read for this one transaction.
        #[arg(long, value_name = "FILE")]
        payer: PathBuf,
        /// The most that a registration may cost, TAO.
        #[arg(long, value_name = "TAO")]
        most: f64,
    },
    /// Recompute a validator's scores and weights from its log, and verify a sample of its proofs again.
    Audit {
        /// A validator's address, such as `http://127.0.0.1:8080`.
        #[arg(long, conflicts_with = "data")]
        url: Option<String>,
        /// A validator's folder.
        #[arg(long, requires = "models")]
        data: Option<PathBuf>,
        /// Folder of bundles.
        #[arg(long)]
        models: Option<PathBuf>,
        /// Most proofs to verify.
        #[arg(long, default_value_t = 20)]
        proofs: usize,
        /// Accept proofs for keys of a development setup: whoever made it can forge them.
        #[arg(long)]
        allow_development: bool,
        /// Compare weights and heads with what is on the chain: a folder; or `finney`, `test`, `local` or a node's address,
        /// more than once for several nodes.
        #[arg(long, value_name = "PLACE")]
        chain: Vec<String>,
        /// The subnet, on Bittensor.
        #[arg(long, requires = "chain")]
        netuid: Option<u16>,
        /// A signed head that was noted earlier, JSON; can be given more than once.
        #[arg(long = "head", value_name = "FILE")]
        heads: Vec<PathBuf>,
    },
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Make a key file, and show its public key.
    New {
        /// The file.
        path: PathBuf,
    },
    /// Show the public key of a key file, of Vouch or of a Bittensor wallet.
    Show {
        /// The file.
        path: PathBuf,
        /// As an SS58 address.
        #[arg(long)]
        ss58: bool,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Check the configuration and everything that it names, and show it.
    Check(Settings),
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    match cli.command {
        Command::Keys { command: KeyCommand::New { path } } => {
            let key = PartyKey::generate();
            key.save(&path)?;
            println!("{}", key.public());
            Ok(())
        }
        Command::Keys { command: KeyCommand::Show { path, ss58 } } => {
            let key = keys::load(&path, None)?.public();
            println!("{}", if ss58 { Address(key).to_string() } else { key.to_string() });
            Ok(())
        }
        Command::Metagraph { settings, json } => subnet::metagraph(&settings.load()?, json),
        Command::Register { settings, payer, most } => subnet::register(&settings.load()?, &payer, most),
        Command::Config { command: ConfigCommand::Check(settings) } => check(&settings.load()?),
        Command::Miner(settings) => run(settings.load()?, run_miner),
        Command::Validator(settings) => run(settings.load()?, validator),
        Command::Prover { settings, queue } => {
            let mut config = settings.load()?;
            config.miner.broker = queue.or(config.miner.broker);
            run(config, |config| async move { prover::run(&config.miner, stop_signal()).await })
        }
        Command::Local { settings, miners, dir } => run(settings.load()?, move |c| local::run(c, miners, dir)),
        Command::Audit { url, data, models, proofs, allow_development, chain, netuid, heads } => {
            let heads = heads.iter().map(|path| head(path)).collect::<Result<_>>()?;
            let chain = published(chain, netuid)?;
            let scope = Scope { proofs, allow_development, chain, heads };
            let audit = match (url, data, models) {
                (Some(url), _, _) => runtime()?.block_on(audit::remote(&url, &scope))?,
                (None, Some(data), Some(models)) => {
                    let registry = Registry::load(&models, Duration::from_secs(60), allow_development)?;
                    audit::folder(&data, &registry, &scope)?
                }
                _ => bail!("say what to audit: --url, or --data and --models"),
            };
            println!("{audit}");
            Ok(())
        }
    }
}

/// The chain that an audit looks at.
fn published(mut chain: Vec<String>, netuid: Option<u16>) -> Result<Option<Published>> {
    let place = match chain.len() {
        0 => return Ok(None),
        1 => ChainPlace::One(chain.remove(0)),
        _ => ChainPlace::Many(chain),
    };
    if let Some(folder) = place.folder() {
        return Ok(Some(Published::Folder(FileChain::new(folder))));
    }
    let subnet = SubtensorSettings::default().subnet(&place, netuid, None)?;
    Ok(subnet.map(|subnet| Published::Subnet(Arc::new(subnet))))
}

/// A signed head in a file.
fn head(path: &Path) -> Result<SignedHead> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| format!("{}: not a signed head", path.display()))
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn run<F: Future<Output = Result<()>>>(config: Config, serve: impl FnOnce(Config) -> F) -> Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log).context("setting `log`")?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = runtime()?;
    let result = runtime.block_on(serve(config));
    // A proof that nobody waits for any more is not waited for here either.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

fn limits(config: &Config) -> Limits {
    Limits {
        connections: config.connections,
        per_address: config.connections_per_address,
        write: Duration::from_millis(config.write_ms),
        proxies: config.trusted_proxies.clone(),
        drain: Duration::from_millis(config.drain_ms),
        ..Limits::default()
    }
}

async fn run_miner(config: Config) -> Result<()> {
    let key = keys::load_or_create(&config.key, config.key_password.as_deref())?;
    let chain = config.chain(Some(key.clone()))?;
    let miner = Miner::open(&key, config.miner.clone(), chain).await?;
    if let Some(axon) = config.subtensor.axon {
        announce(&config, &key, axon).await?;
    }
    let limits = limits(&config);
    let http = bind(config.listen).await?;
    let channels = miner::listen(config.miner.quic.unwrap_or(config.listen), &key, &limits)?;
    println!("miner {} on http://{}", miner.public(), http.local_addr()?);
    println!("miner {} on quic://{}", miner.public(), channels.local_addr()?);
    miner.serve(http, channels, limits, stop_signal()).await;
    Ok(())
}

/// Puts the miner's address on the chain, unless it is there.
async fn announce(config: &Config, key: &PartyKey, axon: SocketAddr) -> Result<()> {
    let subnet = config.subnet(Some(key.clone()))?.context("`subtensor.axon` needs a subnet in `chain`")?;
    tokio::task::spawn_blocking(move || subnet.serve_axon(axon, ANNOUNCE_PATIENCE)).await??;
    tracing::info!(%axon, "the miner's address is on the chain");
    Ok(())
}

async fn validator(config: Config) -> Result<()> {
    let key = keys::load_or_create(&config.key, config.key_password.as_deref())?;
    let chain = config.chain(Some(key.clone()))?;
    let engine = engine::from_settings(&config.validator.verifier)?;
    let settings = config.validator.clone();
    // The chain is read first, which blocks.
    let validator = tokio::task::spawn_blocking(move || Validator::new(key, settings, chain, engine)).await??;
    let listener = bind(config.listen).await?;
    println!("validator {} on http://{}", validator.public(), listener.local_addr()?);
    let mut tasks = validator.start().await?;
    let stop = async {
        stop_signal().await;
        validator.close();
    };
    serve(listener, validator.router(), limits(&config), stop).await;
    while tasks.join_next().await.is_some() {}
    Ok(())
}

fn check(config: &Config) -> Result<()> {
    println!("{}", toml::to_string(config)?);
    let v = &config.validator;
    engine::from_settings(&v.verifier)?;
    let registry = Registry::load(&v.models, Duration::from_millis(v.dispatch.timeout_ms), v.allow_development_srs)?;
    for model in registry.iter() {
        println!("# model {} {}: {}", model.bundle.manifest.name, model.bundle.manifest.version, model.id());
    }
    if let Some(strategy) = &v.strategy {
        let blueprint = Blueprint::new(&registry, strategy)?;
        market::source(&strategy.market)?;
        println!("# strategy: {} forecasts, then the allocation", blueprint.tokens());
    }
    if config.key.exists() {
        let key = keys::load(&config.key, config.key_password.as_deref())?.public();
        println!("# key {key}, {}", Address(key));
    } else {
        println!("# no key file {} yet: one is made at the start", config.key.display());
    }
    let parties = config.chain(None)?.parties()?;
    println!("# chain {}: {} miners, {} validators", parties.chain, parties.miners.len(), parties.validators.len());
    if let Some(dir) = v.http.dashboard.as_ref().filter(|dir| !dir.join("index.html").is_file()) {
        bail!("validator.http.dashboard: {} has no index.html", dir.display());
    }
    Ok(())
}
