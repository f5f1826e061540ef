//! A whole network in one process: for a first look, and for tests of the whole.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use tokio::sync::watch;
use tokio::task::JoinSet;
use vouch_node::chain::{FileChain, MinerEntry, Parties, ValidatorEntry};
use vouch_node::config::Config;
use vouch_node::engine;
use vouch_node::miner::{Miner, MinerSettings, listen};
use vouch_node::server::{bind, serve, stop_signal};
use vouch_node::validator::{Validator, ValidatorSettings};
use vouch_protocol::PartyKey;

/// One validator, `count` miners, a chain in a folder. The miners prove one after the other: they share the cores.
pub(super) async fn run(config: Config, count: usize, dir: PathBuf) -> Result<()> {
    let chain = Arc::new(FileChain::new(dir.join("chain")));
    let key = PartyKey::load_or_create(&dir.join("validator.key"))?;
    let (stop, stopped) = watch::channel(false);
    let mut servers = JoinSet::new();
    let mut parties =
        Parties { validators: vec![ValidatorEntry { key: key.public(), stake: u64::MAX >> 1 }], ..Parties::default() };
    chain.write(&parties)?;
    for i in 0..count {
        let key = PartyKey::load_or_create(&dir.join(format!("miner-{i}.key")))?;
        let settings = MinerSettings {
            models: config.validator.models.clone(),
            data: dir.join(format!("miner-{i}")),
            allow_development_srs: config.validator.allow_development_srs,
            ..config.miner.clone()
        };
        let miner = Miner::open(&key, settings, chain.clone()).await?;
        let (limits, mut stopped) = (super::limits(&config), stopped.clone());
        let http = bind(([127, 0, 0, 1], 0).into()).await?;
        let channels = listen(http.local_addr()?, &key, &limits)?;
        let url = format!("quic://{}", channels.local_addr()?);
        println!("miner {} on {url}", miner.public());
        parties.miners.push(MinerEntry { key: miner.public(), url });
        servers.spawn(async move {
            let stop = async {
                // The sender lives as long as this function.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            miner.serve(http, channels, limits, stop).await;
        });
    }
    chain.write(&parties)?;
    let mut settings = ValidatorSettings { data: dir.join("validator"), ..config.validator.clone() };
    // The miners are on this machine.
    settings.dispatch.private_addresses = true;
    let engine = engine::from_settings(&settings.verifier)?;
    let validator = Validator::new(key, settings, chain, engine)?;
    let listener = bind(config.listen).await?;
    println!("validator {} on http://{}", validator.public(), listener.local_addr()?);
    let mut tasks = validator.start().await?;
    let stopping = async {
        stop_signal().await;
        validator.close();
        stop.send_replace(true);
    };
    serve(listener, validator.router(), super::limits(&config), stopping).await;
    while tasks.join_next().await.is_some() {}
    while servers.join_next().await.is_some() {}
    Ok(())
}
