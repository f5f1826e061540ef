//! The commands about a subnet of Bittensor: `metagraph` and `register`.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use vouch_node::config::Config;
use vouch_node::keys;
use vouch_subtensor::{Address, Metagraph};

/// RAO of one TAO.
const RAO: f64 = 1e9;
/// How long a registration may take.
const PATIENCE: Duration = Duration::from_secs(900);
const NO_SUBNET: &str =
    "`chain` names a folder: say `--set chain=finney --set netuid=NUMBER`, or `test`, or a node's address";

/// Shows who is registered.
pub(super) fn metagraph(config: &Config, json: bool) -> Result<()> {
    let graph = config.subnet(None)?.context(NO_SUBNET)?.metagraph()?;
    if json {
        println!("{}", serde_json::to_string_pretty(&*graph)?);
    } else {
        print!("{}", table(&graph));
    }
    Ok(())
}

fn table(graph: &Metagraph) -> String {
    let rules = &graph.hyperparameters;
    let mut text = format!(
        "# subnet {}, block {}, tempo {}, weights every {} blocks, commit-reveal {}, registration {:.9} TAO\n",
        graph.netuid,
        graph.block,
        rules.tempo,
        rules.weights_rate_limit,
        if rules.commit_reveal { "on" } else { "off" },
        rules.burn as f64 / RAO,
    );
    text.push_str(&format!(
        "{:>5}  {:48}  {:6}  {:>18}  {:>11}  axon\n",
        "uid", "hotkey", "permit", "stake", "updated"
    ));
    for neuron in &graph.neurons {
        let axon = neuron.axon.map_or_else(|| "-".to_owned(), |axon| axon.address.to_string());
        let permit = if neuron.permit { "yes" } else { "-" };
        let stake = neuron.stake as f64 / RAO;
        let (uid, hotkey) = (neuron.uid, neuron.hotkey.to_string());
        text.push_str(&format!(
            "{uid:>5}  {hotkey:48}  {permit:6}  {stake:>18.9}  {:>11}  {axon}\n",
            neuron.last_update
        ));
    }
    text
}

/// Registers the node's key, paid by the key in a file.
pub(super) fn register(config: &Config, payer: &Path, most_tao: f64) -> Result<()> {
    let hotkey = keys::load_or_create(&config.key, config.key_password.as_deref())?.public();
    let payer = keys::load(payer, None)?;
    let subnet = config.subnet(None)?.context(NO_SUBNET)?;
    // A negative number is none.
    let uid = subnet.register(&payer, hotkey, (most_tao * RAO) as u64, PATIENCE)?;
    println!("{} has UID {uid}", Address(hotkey));
    Ok(())
}
