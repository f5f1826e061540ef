//! The same bytes as implementations that are not ours: `vectors/vectors.json`, which `vectors/make.py` writes with Bittensor's
//! own client.
#![allow(missing_docs)]

mod support;

use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};
use support::{Chain, NeuronState, extrinsic, key, metadata15, state};
use vouch_envelope::hex;
use vouch_protocol::{PublicKey, Share, WeightEntry};
use vouch_subtensor::{
    Address, Call, Era, Hotkey, Runtime, Schedule, SigningContext, WalletError, WeightsPayload, account_key, choose,
    decode, map_key, open, plain_key,
};

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/vectors.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn list<T: for<'a> Deserialize<'a>>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn address(value: &Value) -> Address {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn key_files_are_read() {
    let keys = &vectors()["keys"];
    let plain = Hotkey::from_bytes(keys["plain_file"].as_str().unwrap().as_bytes(), || None).unwrap();
    assert_eq!(plain.address, address(&keys["phrase_address"]));
    let phrase = json!({ "secretPhrase": keys["phrase"] }).to_string();
    let of_phrase = Hotkey::from_bytes(phrase.as_bytes(), || None).unwrap();
    assert_eq!(of_phrase.address, plain.address, "the seed of a phrase");
    let sealed = bytes(&keys["sealed_file"]);
    let password = keys["password"].as_str().unwrap().to_owned();
    let opened = Hotkey::from_bytes(&sealed, || Some(password)).unwrap();
    assert_eq!(opened.address, address(&keys["seed_address"]));
    assert_eq!(opened.key.public().to_string(), keys["seed_public"].as_str().unwrap());
    assert!(matches!(Hotkey::from_bytes(&sealed, || Some("wrong".into())), Err(WalletError::Password)));
}

fn call(vector: &Value) -> Call {
    let args = &vector["args"];
    let netuid = list(&args["netuid"]);
    match vector["name"].as_str().unwrap() {
        "set_weights" => Call::SetWeights {
            netuid,
            uids: list(&args["dests"]),
            weights: list(&args["weights"]),
            version_key: list(&args["version_key"]),
        },
        "commit_timelocked_weights" => Call::CommitTimelockedWeights {
            netuid,
            commit: bytes(&args["commit"]),
            reveal_round: list(&args["reveal_round"]),
            version: list(&args["commit_reveal_version"]),
        },
        "serve_axon" => {
            let number = args["ip"].to_string().trim_matches('"').parse::<u128>().unwrap();
            let ip = match args["ip_type"].as_u64().unwrap() {
                4 => IpAddr::from((number as u32).to_be_bytes()),
                _ => IpAddr::from(number.to_be_bytes()),
            };
            Call::ServeAxon { netuid, version: list(&args["version"]), ip, port: list(&args["port"]) }
        }
        "burned_register" => Call::BurnedRegister { netuid, hotkey: address(&args["hotkey"]).0 },
        "set_commitment" => {
            let field = args["info"]["fields"][0][0].as_object().unwrap();
            Call::SetCommitment { netuid, data: bytes(field.values().next().unwrap()) }
        }
        other => panic!("{other}"),
    }
}

#[test]
fn calls_and_payloads_are_the_same() {
    let runtimes = [Runtime::committed().clone(), Runtime::new(&metadata15::metadata15()).unwrap()];
    let all = vectors();
    for vector in all["calls"].as_array().unwrap() {
        let (call, current) = (call(vector), vector["current"].as_u64().unwrap());
        let context = SigningContext {
            genesis: [0x11; 32],
            era: Era::new(64, current),
            birth_hash: [0x22; 32],
            nonce: list(&vector["nonce"]),
        };
        for runtime in &runtimes {
            assert_eq!(call.encode(runtime).unwrap(), bytes(&vector["call"]), "{vector}");
            assert_eq!(context.payload(runtime, &call).unwrap(), bytes(&vector["payload"]), "{vector}");
        }
        // All but the signature, which is random: 64 bytes after length, version, address kind, key and scheme.
        let (ours, theirs) = (context.sign(&runtimes[0], &call, &key(0x2a)).unwrap(), bytes(&vector["extrinsic"]));
        let at = theirs.iter().position(|byte| *byte == 0x84).unwrap() + 35;
        assert_eq!(ours.bytes.len(), theirs.len());
        assert_eq!((&ours.bytes[..at], &ours.bytes[at + 64..]), (&theirs[..at], &theirs[at + 64..]), "{vector}");
        assert_eq!(ours.end, vector["birth"].as_u64().unwrap() + 63);
    }
}

#[test]
fn eras_and_keys_of_the_state_are_the_same() {
    let all = vectors();
    for era in all["eras"].as_array().unwrap() {
        let own = Era::new(list(&era["period"]), list(&era["current"]));
        assert_eq!((own.encode().to_vec(), own.birth()), (bytes(&era["bytes"]), list(&era["birth"])), "{era}");
    }
    let runtime = Runtime::committed();
    for vector in all["storage"].as_array().unwrap() {
        let (pallet, entry) = (vector["pallet"].as_str().unwrap(), vector["entry"].as_str().unwrap());
        let parts = vector["parts"].as_array().unwrap();
        let key = match parts.as_slice() {
            [] => plain_key(runtime, pallet, entry),
            [netuid] => map_key(runtime, pallet, entry, list(netuid)),
            [netuid, account] => account_key(runtime, pallet, entry, list(netuid), &address(account).0),
            _ => panic!("{vector}"),
        };
        assert_eq!(key.unwrap().bytes, bytes(&vector["key"]), "{vector}");
    }
}

#[test]
fn timelocked_weights_are_the_same() {
    use parity_scale_codec::Decode;
    let timelock = &vectors()["timelock"];
    let signature: [u8; 48] = bytes(&timelock["signature"]).try_into().unwrap();
    let opened = open(&bytes(&timelock["sealed"]), &signature).unwrap();
    assert_eq!(opened, bytes(&timelock["payload"]));
    let payload = WeightsPayload::decode(&mut &opened[..]).unwrap();
    let hotkey: Vec<u8> = (0..32).collect();
    assert_eq!(payload, WeightsPayload { hotkey, uids: vec![1, 2], weights: vec![65535, 32768], version_key: 7 });
    // The same length: the same parts.
    let ours = vouch_subtensor::seal(&opened, 1000).unwrap();
    assert_eq!(ours.len(), bytes(&timelock["sealed"]).len());

    for vector in timelock["schedules"].as_array().unwrap() {
        let number = |name: &str| vector[name].as_u64().unwrap();
        let (last, pending, index, tempo) = (number("last"), number("pending"), number("index"), number("tempo"));
        let schedule = Schedule::Kept { tempo, last, pending, index };
        let own = schedule.round(number("current"), number("period"), number("now_ms"), 12_000);
        // Their clock was read a moment after `now_ms`.
        assert!(number("round").abs_diff(own) <= 1, "{vector}: {own}");
    }
}

/// Bittensor's client cuts in floating point: the last digit may differ.
#[test]
fn weights_are_the_same() {
    for vector in vectors()["weights"].as_array().unwrap() {
        let values: Vec<u64> = list(&vector["values"]);
        let neuron = |at: u8| NeuronState {
            hotkey: PublicKey([at; 32]),
            coldkey: PublicKey([at; 32]),
            permit: false,
            stake: 0,
            axon: None,
            last_update: 0,
            registered: 0,
        };
        let chain = Chain::new(1, (0..values.len() as u8).map(neuron).collect());
        chain.world().rules.max_weights_limit = list(&vector["limit"]);
        let node = support::Node::start(&chain);
        let graph = support::subnet(&[&node], None).metagraph().unwrap();
        let entry = |(at, value): (usize, &u64)| WeightEntry {
            miner: PublicKey([at as u8; 32]),
            weight: Share::new(*value).unwrap(),
        };
        let entries: Vec<_> = values.iter().enumerate().map(entry).collect();
        let ours = choose(&graph, &entries, Share::ZERO).unwrap();
        let theirs: Vec<(u16, u16)> =
            list::<Vec<u16>>(&vector["uids"]).into_iter().zip(list::<Vec<u16>>(&vector["weights"])).collect();
        for (uid, weight) in ours.uids.iter().zip(&ours.weights) {
            let other = theirs.iter().find(|(other, _)| other == uid).map_or(0, |(_, weight)| *weight);
            assert!(weight.abs_diff(other) <= 2, "{vector}: {ours:?}");
        }
        assert!(theirs.iter().all(|(uid, _)| ours.uids.contains(uid)), "{vector}: {ours:?}");
    }
}

/// A chain whose state has every kind of value that is read.
fn states() -> Value {
    let neuron = |at: u8, axon: Option<&str>| NeuronState {
        hotkey: key(at).public(),
        coldkey: key(at + 100).public(),
        permit: at == 1,
        stake: u64::from(at) << 40,
        axon: axon.map(|axon| axon.parse().unwrap()),
        last_update: 70 + u64::from(at),
        registered: 0,
    };
    let chain =
        Chain::new(1, vec![neuron(1, Some("93.184.216.34:8091")), neuron(2, Some("[2001:db8::7]:9")), neuron(3, None)]);
    let mut world = chain.world();
    world.commitments.insert(key(1).public(), (77, b"abc".to_vec()));
    let block = world.blocks.last_mut().unwrap();
    block.outcomes = vec![Ok(()), Err(support::chain::errors::TOO_FAST)];
    let block = block.clone();
    let fields = [5, 7, 8, 10, 24, 25, 26, 27, 32, 46, 47, 52, 53, 55, 57, 59, 69];
    let stored = account_key(Runtime::committed(), "Commitments", "CommitmentOf", 2, &key(1).public()).unwrap();
    json!({
        "metagraph": hex::encode(&state::metagraph(&world, 2, &fields)),
        "events": hex::encode(&state::events(&block)),
        "commitment": hex::encode(&state::stored(&world, &stored.bytes, &block).unwrap()),
    })
}

/// What the tests' node serves is what Bittensor's client reads.
#[test]
fn the_tests_node_serves_what_the_runtime_describes() {
    let known = &vectors()["states"];
    assert_eq!(states(), known["bytes"], "run make.py again");
    let graph = &known["metagraph"];
    let hotkeys: Vec<_> = graph["hotkeys"].as_array().unwrap().iter().map(address).collect();
    assert_eq!(hotkeys, [1, 2, 3].map(|at| Address(key(at).public())));
    assert_eq!(graph["axons"][0]["ip"], json!(0x5db8_d822u64));
    assert_eq!((&graph["axons"][1]["port"], &graph["axons"][1]["ip_type"]), (&json!(9), &json!(6)));
    assert_eq!(graph["validator_permit"], json!([true, false, false]));
    assert_eq!(graph["last_update"], json!([71, 72, 73]));
    assert_eq!((&graph["block"], &graph["weights_version"], &graph["burn"]), (&json!(99), &json!(3), &json!(500_000)));
    assert_eq!((&graph["commit_reveal_weights_enabled"], &graph["weights_rate_limit"]), (&json!(false), &json!(10)));
    let events = known["events"].to_string();
    assert!(events.contains("ExtrinsicSuccess") && events.contains("ExtrinsicFailed"), "{events}");
    assert!(known["commitment"].to_string().contains("77"), "{}", known["commitment"]);
}

/// Answers that are cut off or changed are errors or other values, never a panic.
#[test]
fn damaged_answers_are_refused() {
    let runtime = Runtime::committed();
    let types = [
        ("metagraph", runtime.apis["SubnetInfoRuntimeApi_get_selective_metagraph"]),
        ("events", runtime.pallets["System"].storage["Events"].value),
        ("commitment", runtime.pallets["Commitments"].storage["CommitmentOf"].value),
    ];
    let states = states();
    for (name, ty) in types {
        let whole = bytes(&states[name]);
        decode(&runtime.types, ty, &whole).unwrap();
        for length in 0..whole.len() {
            assert!(decode(&runtime.types, ty, &whole[..length]).is_err(), "{name}, {length} bytes");
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0xff;
            drop(decode(&runtime.types, ty, &changed));
        }
    }
}

#[test]
fn the_tests_node_refuses_what_is_not_signed_well() {
    let owner = NeuronState {
        hotkey: key(9).public(),
        coldkey: key(9).public(),
        permit: true,
        stake: 0,
        axon: None,
        last_update: 0,
        registered: 0,
    };
    let chain = Chain::new(1, vec![owner]);
    let world = chain.world();
    let context = SigningContext {
        genesis: world.blocks[0].hash,
        era: Era::new(64, 97),
        birth_hash: world.blocks[97].hash,
        nonce: 0,
    };
    let call = Call::SetCommitment { netuid: 2, data: b"abc".to_vec() };
    let signed = |context: &SigningContext| context.sign(Runtime::committed(), &call, &key(9)).unwrap().bytes;
    extrinsic::check(&world, &signed(&context)).unwrap();
    for wrong in [
        SigningContext { genesis: [0; 32], ..context.clone() },
        SigningContext { birth_hash: [0; 32], ..context.clone() },
        SigningContext { era: Era::new(64, 96), ..context.clone() },
        SigningContext { nonce: 1, ..context.clone() },
    ] {
        extrinsic::check(&world, &signed(&wrong)).unwrap_err();
    }
    let good = signed(&context);
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 1;
        assert!(extrinsic::check(&world, &changed).is_err(), "byte {at}");
    }
}

/// Writes what `make.py` reads.
#[test]
#[ignore = "writes files for vectors/make.py"]
fn inputs_of_the_vectors() {
    let Some(dir) = std::env::var_os("VOUCH_BLESS").map(PathBuf::from) else { return };
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("finney15.scale"), metadata15::metadata15()).unwrap();
    std::fs::write(dir.join("states.json"), states().to_string()).unwrap();
}
