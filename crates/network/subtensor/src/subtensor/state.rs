//! What is known of a chain, and questions to it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parity_scale_codec::{Decode, Encode};
use serde_json::{Value as Json, json};
use vouch_envelope::hex;
use vouch_protocol::PublicKey;

use crate::events::{Outcome, outcome};
use crate::metagraph::FIELDS;
use crate::outbox::Sent;
use crate::rpc::{Nodes, number};
use crate::storage::pair_key;
use crate::{
    Address, HeadCommitment, Metagraph, Runtime, Schedule, Signed, StorageKey, SubtensorError, Value, account_key,
    commitment, map_key, plain_key,
};

/// Versions of metadata that are asked for, the newest first.
const METADATA_VERSIONS: [u32; 2] = [16, 15];
/// Milliseconds of a block where the runtime does not say.
const BLOCK_MS: u64 = 12_000;
/// Most transactions in a block that are looked at.
const MAX_EXTRINSICS: usize = 1 << 16;

const METAGRAPH: &str = "SubnetInfoRuntimeApi_get_selective_metagraph";

/// The state of a connection to a subnet.
pub(crate) struct State {
    pub(crate) nodes: Nodes,
    netuid: u16,
    runtime: Option<Arc<Runtime>>,
    /// What is on its way.
    pub(crate) sent: Option<Sent>,
    /// The last epoch whose weights are on the chain.
    pub(crate) weights_of: Option<u64>,
}

fn text<'a>(what: &'static str, value: &'a Json) -> Result<&'a str, SubtensorError> {
    value.as_str().ok_or_else(|| SubtensorError::answer(what, "expected a text"))
}

fn bytes(what: &'static str, value: &Json) -> Result<Vec<u8>, SubtensorError> {
    let digits = text(what, value)?.strip_prefix("0x").unwrap_or_default();
    hex::decode(digits).map_err(|_| SubtensorError::answer(what, "expected bytes in hexadecimal"))
}

fn written(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn hash(what: &'static str, value: &Json) -> Result<[u8; 32], SubtensorError> {
    bytes(what, value)?.try_into().map_err(|_| SubtensorError::answer(what, "expected a hash"))
}

impl State {
    pub(crate) fn new(nodes: Nodes, netuid: u16) -> Self {
        Self { nodes, netuid, runtime: None, sent: None, weights_of: None }
    }

    /// Number and hash of the newest block.
    pub(crate) fn head(&mut self) -> Result<(u64, String), SubtensorError> {
        let header = self.nodes.ask("chain_getHeader", &json!([]))?;
        let found = header.get("number").and_then(Json::as_str).and_then(number);
        let found = found.ok_or_else(|| SubtensorError::answer("the newest block", "it has no number"))?;
        self.nodes.head(found);
        Ok((found, self.block_hash(found)?))
    }

    fn block_hash(&mut self, number: u64) -> Result<String, SubtensorError> {
        let found = self.nodes.ask("chain_getBlockHash", &json!([number]))?;
        hash("a block's hash", &found)?;
        Ok(text("a block's hash", &found)?.to_owned())
    }

    /// Number and hash of the newest block that stays.
    pub(crate) fn finalized(&mut self) -> Result<(u64, [u8; 32]), SubtensorError> {
        let found = self.nodes.ask("chain_getFinalizedHead", &json!([]))?;
        let header = self.nodes.ask("chain_getHeader", &json!([found]))?;
        let number = header.get("number").and_then(Json::as_str).and_then(number);
        let number = number.ok_or_else(|| SubtensorError::answer("the finalized block", "it has no number"))?;
        Ok((number, hash("the finalized block", &found)?))
    }

    /// A hash that a node has written.
    pub(crate) fn hash_of(&self, written: &str) -> Result<[u8; 32], SubtensorError> {
        hash("a block's hash", &Json::String(written.to_owned()))
    }

    /// Hash of the first block.
    pub(crate) fn genesis(&mut self) -> Result<[u8; 32], SubtensorError> {
        if self.nodes.genesis().is_none() {
            self.head()?;
        }
        let genesis = self.nodes.genesis().unwrap_or_default().to_owned();
        hash("the first block", &Json::String(genesis))
    }

    pub(crate) fn name(&mut self) -> Result<String, SubtensorError> {
        let genesis = hex::encode(&self.genesis()?);
        Ok(format!("bittensor/{}/{}", &genesis[..16], self.netuid))
    }

    fn call(&mut self, method: &'static str, arguments: &[u8], at: Option<&str>) -> Result<Vec<u8>, SubtensorError> {
        let mut params = vec![json!(method), json!(written(arguments))];
        params.extend(at.map(|at| json!(at)));
        let found = self.nodes.ask("state_call", &Json::Array(params))?;
        bytes(method, &found)
    }

    /// The runtime, read again after an upgrade.
    pub(crate) fn runtime(&mut self) -> Result<Arc<Runtime>, SubtensorError> {
        let version = self.nodes.ask("state_getRuntimeVersion", &json!([]))?;
        let spec = version.get("specVersion").and_then(Json::as_u64);
        let spec = spec.ok_or_else(|| SubtensorError::answer("the runtime's version", "it has no `specVersion`"))?;
        if let Some(known) = self.runtime.as_ref().filter(|known| u64::from(known.spec_version) == spec) {
            return Ok(known.clone());
        }
        let mut failure = SubtensorError::Metadata("the node has neither version 16 nor 15".into());
        for version in METADATA_VERSIONS {
            let wrapped = match self.call("Metadata_metadata_at_version", &version.encode(), None) {
                Ok(wrapped) => wrapped,
                Err(error @ SubtensorError::Endpoint { .. }) => return Err(error),
                Err(error) => {
                    failure = error;
                    continue;
                }
            };
            let opaque = Option::<Vec<u8>>::decode(&mut &wrapped[..]);
            if let Some(metadata) = opaque.ok().flatten() {
                let runtime = Arc::new(Runtime::new(&metadata)?);
                tracing::info!(spec_version = runtime.spec_version, "the chain's runtime");
                self.runtime = Some(runtime.clone());
                return Ok(runtime);
            }
        }
        Err(failure)
    }

    fn stored(&mut self, runtime: &Runtime, key: &StorageKey, at: &str) -> Result<Option<Value>, SubtensorError> {
        let found = self.nodes.ask("state_getStorage", &json!([written(&key.bytes), at]))?;
        if found.is_null() {
            return Ok(None);
        }
        key.read(runtime, Some(&bytes("the state", &found)?)).map(Some)
    }

    /// A subnet's value; the runtime's own where none is stored.
    fn subnet<T: TryFrom<u128>>(&mut self, entry: &str, at: &str) -> Result<T, SubtensorError> {
        let runtime = self.runtime()?;
        let key = map_key(&runtime, "SubtensorModule", entry, self.netuid)?;
        let value = match self.stored(&runtime, &key, at)? {
            Some(value) => value,
            None => key.read(&runtime, None)?,
        };
        value.number(entry).map_err(|source| SubtensorError::Value { what: "the state", source })
    }

    pub(crate) fn metagraph(&mut self) -> Result<Metagraph, SubtensorError> {
        let runtime = self.runtime()?;
        let (_, at) = self.head()?;
        let answer = self.call(METAGRAPH, &(self.netuid, FIELDS).encode(), Some(&at))?;
        let value = runtime.result(METAGRAPH, &answer)?;
        let netuid = self.netuid;
        Metagraph::read(netuid, &value)?.ok_or(SubtensorError::NoSubnet { netuid })
    }

    pub(crate) fn schedule(&mut self, at: &str) -> Result<Schedule, SubtensorError> {
        let runtime = self.runtime()?;
        let tempo: u64 = self.subnet("Tempo", at)?;
        if runtime.entry("SubtensorModule", "LastEpochBlock").is_err() {
            return Ok(Schedule::Computed { tempo, netuid: self.netuid });
        }
        let last = self.subnet("LastEpochBlock", at)?;
        let pending = self.subnet("PendingEpochAt", at)?;
        Ok(Schedule::Kept { tempo, last, pending, index: self.subnet("SubnetEpochIndex", at)? })
    }

    /// The round of drand for weights that are committed now.
    pub(crate) fn reveal_round(&mut self, period: u64) -> Result<u64, SubtensorError> {
        let (block, at) = self.head()?;
        let schedule = self.schedule(&at)?;
        let slot = self.runtime()?.constant("Aura", "SlotDuration").and_then(|value| {
            value.number("SlotDuration").map_err(|source| SubtensorError::Value { what: "a constant", source })
        });
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        Ok(schedule.round(block, period, now, slot.unwrap_or(BLOCK_MS)))
    }

    pub(crate) fn commit_reveal_version(&mut self) -> Result<u16, SubtensorError> {
        let runtime = self.runtime()?;
        let (_, at) = self.head()?;
        let key = plain_key(&runtime, "SubtensorModule", "CommitRevealWeightsVersion")?;
        let value = match self.stored(&runtime, &key, &at)? {
            Some(value) => value,
            None => key.read(&runtime, None)?,
        };
        value.number("version").map_err(|source| SubtensorError::Value { what: "the state", source })
    }

    pub(crate) fn commitment(&mut self, validator: &PublicKey) -> Result<Option<HeadCommitment>, SubtensorError> {
        let (runtime, name) = (self.runtime()?, self.name()?);
        let (_, at) = self.head()?;
        let key = account_key(&runtime, "Commitments", "CommitmentOf", self.netuid, validator)?;
        match self.stored(&runtime, &key, &at)? {
            Some(value) => commitment::read(&value, &name, *validator),
            None => Ok(None),
        }
    }

    pub(crate) fn weights(&mut self, uid: u16) -> Result<Vec<(u16, u16)>, SubtensorError> {
        let runtime = self.runtime()?;
        let (_, at) = self.head()?;
        let key = pair_key(&runtime, "SubtensorModule", "Weights", self.netuid, uid)?;
        let wrong = |source| SubtensorError::Value { what: "weights", source };
        let Some(value) = self.stored(&runtime, &key, &at)? else { return Ok(Vec::new()) };
        let pair = |pair: &Value| match pair.list("weights")? {
            [uid, weight] => Ok((uid.number("uid")?, weight.number("weight")?)),
            _ => Err(crate::ValueError::Expected { field: "weights".into(), expected: "pairs" }),
        };
        value.list("weights").map_err(wrong)?.iter().map(pair).collect::<Result<_, _>>().map_err(wrong)
    }

    pub(crate) fn registered(&mut self, uid: u16) -> Result<u64, SubtensorError> {
        let runtime = self.runtime()?;
        let (_, at) = self.head()?;
        let key = pair_key(&runtime, "SubtensorModule", "BlockAtRegistration", self.netuid, uid)?;
        let wrong = |source| SubtensorError::Value { what: "a registration", source };
        let Some(value) = self.stored(&runtime, &key, &at)? else { return Ok(0) };
        value.number("block").map_err(wrong)
    }

    /// Number of an account's next transaction, those that wait counted.
    pub(crate) fn nonce(&mut self, account: &PublicKey) -> Result<u32, SubtensorError> {
        let found = self.nodes.ask("system_accountNextIndex", &json!([Address(*account).to_string()]))?;
        let number = found.as_u64().and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| SubtensorError::answer("the account's next number", "expected a number"))
    }

    pub(crate) fn submit(&mut self, signed: &Signed) -> Result<(), SubtensorError> {
        match self.nodes.ask("author_submitExtrinsic", &json!([written(&signed.bytes)])) {
            // It waits there already.
            Ok(_) | Err(SubtensorError::Node { code: 1013, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Where a transaction is in a block; `None` also if the node no longer has the block.
    pub(crate) fn position(&mut self, number: u64, extrinsic: &[u8]) -> Result<Option<usize>, SubtensorError> {
        let found = self.nodes.ask("chain_getBlockHash", &json!([number]))?;
        if found.is_null() {
            return Ok(None);
        }
        let block = self.nodes.ask("chain_getBlock", &json!([found]))?;
        let all = block.get("block").and_then(|block| block.get("extrinsics")).and_then(Json::as_array);
        let own = written(extrinsic);
        Ok(all.and_then(|all| all.iter().take(MAX_EXTRINSICS).position(|one| one.as_str() == Some(&own))))
    }

    pub(crate) fn outcome(&mut self, number: u64, at: usize) -> Result<Outcome, SubtensorError> {
        let (runtime, hash) = (self.runtime()?, self.block_hash(number)?);
        let key = plain_key(&runtime, "System", "Events")?;
        match self.stored(&runtime, &key, &hash) {
            Ok(Some(events)) => outcome(&runtime, &events, at),
            Err(error @ SubtensorError::Endpoint { .. }) => Err(error),
            // The state of that block is gone, or has events that cannot be read.
            Ok(None) | Err(_) => Ok(Outcome::Unknown),
        }
    }
}
