//! A node: JSON-RPC over WebSockets on this machine.

use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use parity_scale_codec::{Decode, Encode};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};
use vouch_envelope::hex;
use vouch_protocol::PublicKey;
use vouch_subtensor::{Address, Endpoint};

use super::chain::{Chain, World};
use super::extrinsic::{Checked, SPEC_VERSION, TRANSACTION_VERSION, check};
use super::metadata15::{METADATA, metadata15};
use super::state;

/// What waits at a node.
pub type Pool = Arc<Mutex<Vec<Checked>>>;

/// How a node behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Well.
    Up,
    /// It breaks off every connection, and what waits there is lost.
    Down,
    /// It takes connections and never answers.
    Silent,
    /// It sends pings, and no answer.
    Pings,
    /// It answers with something else.
    Garbage,
    /// It answers with more bytes than anybody wants.
    Huge,
    /// It knows metadata of version 15 only.
    Old,
    /// It breaks off after each answer.
    Brief,
    /// Its newest block is an old one.
    Behind,
    /// Its runtime numbers calls otherwise.
    Changed,
}

/// A node of a chain.
pub struct Node {
    chain: Arc<Chain>,
    port: u16,
    mode: Arc<Mutex<Mode>>,
    stop: Arc<AtomicBool>,
    pool: Pool,
    asked: Arc<AtomicUsize>,
}

impl Node {
    pub fn start(chain: &Arc<Chain>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let node = Self {
            chain: chain.clone(),
            port: listener.local_addr().unwrap().port(),
            mode: Arc::new(Mutex::new(Mode::Up)),
            stop: Arc::default(),
            pool: Pool::default(),
            asked: Arc::default(),
        };
        chain.join(node.pool.clone());
        let (mode, stop) = (node.mode.clone(), node.stop.clone());
        let served =
            Served { chain: chain.clone(), mode: mode.clone(), pool: node.pool.clone(), asked: node.asked.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                if *mode.lock().unwrap() == Mode::Down {
                    continue;
                }
                let (served, stop) = (served.clone(), stop.clone());
                std::thread::spawn(move || served.connection(stream, &stop));
            }
        });
        node
    }

    pub fn endpoint(&self) -> Endpoint {
        format!("ws://127.0.0.1:{}", self.port).parse().unwrap()
    }

    pub fn mode(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
        if mode == Mode::Down {
            self.pool.lock().unwrap().clear();
        }
    }

    /// How many questions it has had.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// How many transactions wait here.
    pub fn waiting(&self) -> usize {
        self.pool.lock().unwrap().len()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

#[derive(Clone)]
struct Served {
    chain: Arc<Chain>,
    mode: Arc<Mutex<Mode>>,
    pool: Pool,
    asked: Arc<AtomicUsize>,
}

type Refused = (i64, String);

impl Served {
    fn connection(&self, stream: TcpStream, stop: &AtomicBool) {
        let mode = || *self.mode.lock().unwrap();
        if mode() == Mode::Silent {
            while mode() == Mode::Silent && !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
            }
            return;
        }
        let Ok(mut socket) = tungstenite::accept(stream) else { return };
        socket.get_ref().set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        while !stop.load(Ordering::Relaxed) && mode() != Mode::Down {
            match socket.read() {
                Ok(Message::Text(text)) => {
                    self.asked.fetch_add(1, Ordering::Relaxed);
                    if mode() == Mode::Down || !self.reply(&mut socket, text.as_str(), mode()) {
                        return;
                    }
                }
                Ok(_) => {}
                Err(tungstenite::Error::Io(e)) if e.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }

    /// Whether the connection goes on.
    fn reply(&self, socket: &mut WebSocket<TcpStream>, text: &str, mode: Mode) -> bool {
        match mode {
            Mode::Garbage => return socket.send(Message::text("{\"id\": [[[")).is_ok(),
            Mode::Huge => return socket.send(Message::text("9".repeat(33 << 20))).is_ok(),
            Mode::Pings => {
                for _ in 0..200 {
                    if socket.send(Message::Ping(Default::default())).is_err() {
                        break;
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
                return false;
            }
            _ => {}
        }
        let question: Value = serde_json::from_str(text).unwrap();
        let id = question["id"].clone();
        let answer = match self.answer(question["method"].as_str().unwrap(), &question["params"], mode) {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err((code, message)) => {
                json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
            }
        };
        socket.send(Message::text(answer.to_string())).is_ok() && mode != Mode::Brief
    }

    fn answer(&self, method: &str, params: &Value, mode: Mode) -> Result<Value, Refused> {
        let world = self.chain.world();
        let newest = if mode == Mode::Behind { 10 } else { world.newest() };
        let written = |bytes: &[u8]| json!(format!("0x{}", hex::encode(bytes)));
        match method {
            "chain_getHeader" => {
                let number = match params[0].as_str() {
                    Some(hash) => block(&world, hash)?,
                    None => newest,
                };
                Ok(json!({ "number": format!("{number:#x}"), "parentHash": "0x00" }))
            }
            "chain_getBlockHash" => {
                let number = params[0].as_u64().unwrap();
                let known = world.blocks.get(number as usize).filter(|_| number == 0 || number >= world.pruned);
                Ok(known.map_or(Value::Null, |block| written(&block.hash)))
            }
            "chain_getFinalizedHead" => Ok(written(&world.blocks[newest as usize - 2].hash)),
            "chain_getBlock" => {
                let number = block(&world, params[0].as_str().unwrap())?;
                let extrinsics: Vec<_> = world.blocks[number as usize].extrinsics.iter().map(|e| written(e)).collect();
                Ok(json!({ "block": { "header": {}, "extrinsics": extrinsics } }))
            }
            "state_getRuntimeVersion" => {
                Ok(json!({ "specVersion": SPEC_VERSION, "transactionVersion": TRANSACTION_VERSION }))
            }
            "state_getStorage" => {
                let key = unhex(&params[0]);
                let number = block(&world, params[1].as_str().unwrap())?;
                let stored = state::stored(&world, &key, &world.blocks[number as usize]);
                Ok(stored.map_or(Value::Null, |stored| written(&stored)))
            }
            "state_call" => {
                let arguments = unhex(&params[1]);
                match params[0].as_str().unwrap() {
                    "Metadata_metadata_at_version" => {
                        let version = u32::decode(&mut &arguments[..]).unwrap();
                        Ok(written(&metadata(version, mode).encode()))
                    }
                    "SubnetInfoRuntimeApi_get_selective_metagraph" => {
                        let (netuid, fields) = <(u16, Vec<u16>)>::decode(&mut &arguments[..]).unwrap();
                        Ok(written(&state::metagraph(&world, netuid, &fields)))
                    }
                    other => Err((-32601, format!("no interface {other}"))),
                }
            }
            "system_accountNextIndex" => {
                let address: Address = params[0].as_str().unwrap().parse().unwrap();
                Ok(json!(world.nonce(&address.0) + self.waits(&address.0)))
            }
            "author_submitExtrinsic" => self.submit(&world, &unhex(&params[0])).map(|()| json!("0x00")),
            other => Err((-32601, format!("no method {other}"))),
        }
    }

    fn waits(&self, account: &PublicKey) -> u32 {
        self.pool.lock().unwrap().iter().filter(|waiting| waiting.signer == *account).count() as u32
    }

    fn submit(&self, world: &World, bytes: &[u8]) -> Result<(), Refused> {
        let mut pool = self.pool.lock().unwrap();
        if pool.iter().any(|waiting| waiting.bytes == bytes) {
            return Err((1013, "Transaction is already imported".into()));
        }
        let checked = check(world, bytes).map_err(|reason| (1010, format!("Invalid Transaction: {reason}")))?;
        pool.push(checked);
        Ok(())
    }
}

fn unhex(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().strip_prefix("0x").unwrap()).unwrap()
}

/// The number of a block that is still there.
fn block(world: &World, hash: &str) -> Result<u64, Refused> {
    let bytes = unhex(&json!(hash));
    let number = world.blocks.iter().position(|block| block.hash[..] == bytes[..]).map(|number| number as u64);
    match number {
        Some(number) if number == 0 || number >= world.pruned => Ok(number),
        Some(_) => Err((4003, format!("Api called for an unknown Block: State already discarded for {hash}"))),
        None => Err((-32603, format!("UnknownBlock: {hash}"))),
    }
}

fn metadata(version: u32, mode: Mode) -> Option<Vec<u8>> {
    match (version, mode) {
        (16, Mode::Old) => None,
        (15, _) => Some(metadata15()),
        (16, Mode::Changed) => Some(renumbered()),
        (16, _) => Some(METADATA.to_vec()),
        _ => None,
    }
}

/// A runtime in which `set_weights` has the number of another call.
fn renumbered() -> Vec<u8> {
    use frame_metadata::{RuntimeMetadata, RuntimeMetadataPrefixed};
    let mut metadata = RuntimeMetadataPrefixed::decode(&mut &METADATA[..]).unwrap();
    let RuntimeMetadata::V16(m) = &mut metadata.1 else { panic!("version 16") };
    let calls = m.pallets.iter().find(|p| p.name == "SubtensorModule").unwrap().calls.as_ref().unwrap().ty.id;
    let scale_info::TypeDef::Variant(variants) = &mut m.types.types[calls as usize].ty.type_def else {
        panic!("calls")
    };
    for variant in &mut variants.variants {
        match variant.name.as_str() {
            "set_weights" => variant.index = 7,
            "burned_register" => variant.index = 0,
            _ => {}
        }
    }
    metadata.encode()
}
