"""Writes vectors.json with implementations that are not ours.

    python -m venv v && v/bin/pip install bittensor-core==0.1.5 bittensor==11.3.0
    VOUCH_BLESS=/tmp/subtensor cargo test -p vouch-subtensor --test vectors -- --ignored
    v/bin/python make.py /tmp/subtensor/finney15.scale /tmp/subtensor/states.json > vectors.json

bittensor-core is the Rust core of Bittensor's own client: keys, SCALE, transactions, key files, timelock. It reads metadata of
version 15, so the committed one is converted first (tests/support/metadata15.rs).
"""

import json
import sys
import time

import bittensor_core as core
from bittensor._transport.codec import RuntimeCodec
from bittensor.intents.weights import clip_to_max_weight, normalize

SEED = bytes([42] * 32)
PHRASE = "bottom drive obey lake curtain smoke basket hold race lonely fit walk"
ROUND_1000 = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"


def keys():
    seed, phrase = core.Keypair.create_from_seed(SEED), core.Keypair.create_from_mnemonic(PHRASE)
    plain = bytes(core.serialized_keypair_to_keyfile_data(phrase))
    sealed = bytes(core.encrypt_keyfile_data(bytes(core.serialized_keypair_to_keyfile_data(seed)), "correct horse"))
    return {
        "seed": SEED.hex(),
        "seed_address": seed.ss58_address,
        "seed_public": bytes(seed.public_key).hex(),
        "phrase": PHRASE,
        "phrase_address": phrase.ss58_address,
        "plain_file": plain.decode(),
        "sealed_file": sealed.hex(),
        "password": "correct horse",
    }


CALLS = [
    ("SubtensorModule", "set_weights", {"netuid": 2, "dests": [0, 3, 250], "weights": [1, 65535, 700], "version_key": 9}),
    ("SubtensorModule", "set_weights", {"netuid": 300, "dests": list(range(100)), "weights": list(range(1, 101)), "version_key": 2**40}),
    ("SubtensorModule", "commit_timelocked_weights", {"netuid": 2, "commit": bytes(range(200)), "reveal_round": 34427730, "commit_reveal_version": 4}),
    ("SubtensorModule", "serve_axon", {"netuid": 2, "version": 1, "ip": 0x5DB8D822, "port": 8091, "ip_type": 4, "protocol": 4, "placeholder1": 0, "placeholder2": 0}),
    ("SubtensorModule", "serve_axon", {"netuid": 2, "version": 1, "ip": 0x20010DB8000000000000000000000007, "port": 65535, "ip_type": 6, "protocol": 4, "placeholder1": 0, "placeholder2": 0}),
    ("SubtensorModule", "burned_register", {"netuid": 2, "hotkey": "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"}),
    ("Commitments", "set_commitment", {"netuid": 2, "info": {"fields": [[{"Raw3": b"abc"}]]}}),
    ("Commitments", "set_commitment", {"netuid": 2, "info": {"fields": [[{"Raw120": bytes(range(120))}]]}}),
]


def plain(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, int) and value >= 2**64:
        return str(value)
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


def calls(codec):
    key = core.Keypair.create_from_seed(SEED)
    genesis, birth = "0x" + "11" * 32, "0x" + "22" * 32
    out = []
    for number, (module, name, args) in enumerate(CALLS):
        call = codec.compose_call(module, name, args)
        era, nonce = {"period": 64, "current": 5_000_000 + 37 * number}, [0, 63, 64, 70_000][number % 4]
        parts = dict(era=era, nonce=nonce, tip=0, tip_asset_id=None, genesis_hash=genesis, era_block_hash=birth)
        payload = codec.signature_payload(call, **parts)
        signature = key.sign(payload)
        signed, _ = codec.encode_signed_extrinsic(
            call, public_key=bytes(key.public_key), signature=signature, signature_version=1, era=era, nonce=nonce, tip=0, tip_asset_id=None
        )
        out.append({
            "module": module, "name": name, "args": plain(args), "call": codec.call_data(call).hex(),
            "current": era["current"], "nonce": nonce, "payload": bytes(payload).hex(), "extrinsic": bytes(signed).hex(),
            "birth": core.era_birth(64, era["current"]),
        })
    return out


def eras(codec):
    cases = [(4, 0), (64, 42), (64, 1000), (128, 2**31), (4096, 123_456), (65_536, 5_000_001)]
    return [
        {"period": p, "current": c, "bytes": codec.encode_era({"period": p, "current": c}).hex(), "birth": core.era_birth(p, c)}
        for p, c in cases
    ]


def storage(codec):
    alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
    cases = [
        ("System", "Events", []),
        ("SubtensorModule", "Tempo", [2]),
        ("SubtensorModule", "CommitRevealWeightsVersion", []),
        ("SubtensorModule", "RevealPeriodEpochs", [2]),
        ("SubtensorModule", "Uids", [2, alice]),
        ("Commitments", "CommitmentOf", [2, alice]),
    ]
    return [
        {"pallet": p, "entry": e, "parts": parts, "key": codec.storage_key(codec.storage_entry(p, e), parts).hex()}
        for p, e, parts in cases
    ]


def timelock():
    payload = b"\x80" + bytes(range(32)) + b"\x08\x01\x00\x02\x00" + b"\x08\xff\xff\x00\x80" + (7).to_bytes(8, "little")
    sealed, _ = core.encrypt_at_round(payload, 1000)
    inner = bytes(core.inner_ciphertext(bytes(sealed)))
    assert bytes(core.decrypt_with_signature(bytes(sealed), ROUND_1000)) == payload
    schedules = []
    for last, pending, index, tempo, current, period in [
        (1000, 0, 3, 360, 1200, 1), (1000, 0, 3, 360, 1200, 3), (1000, 1250, 3, 360, 1200, 1),
        (1000, 1250, 3, 360, 1200, 2), (1000, 0, 3, 360, 1360, 1), (1000, 0, 3, 360, 1359, 1), (500, 0, 9, 99, 510, 2),
    ]:
        before = time.time()
        commit, reveal = core.get_encrypted_commit_v2(
            uids=[1], weights=[65535], version_key=0, last_epoch_block=last, pending_epoch_at=pending, subnet_epoch_index=index,
            tempo=tempo, blocks_since_last_step=current - last, current_block=current, subnet_reveal_period_epochs=period,
            block_time=12.0, hotkey=bytes(32),
        )
        schedules.append({
            "last": last, "pending": pending, "index": index, "tempo": tempo, "current": current, "period": period,
            "now_ms": int(before * 1000), "round": reveal, "bytes": len(bytes(commit)),
        })
    return {"signature": ROUND_1000, "payload": payload.hex(), "sealed": inner.hex(), "schedules": schedules}


def weights():
    cases = [[5, 3, 1], [1000, 500, 30, 20, 10, 1], [7], [1] * 20, [100, 99, 1, 1], [2**32, 2**28, 2**31]]
    out = []
    for values in cases:
        for limit in [65535, 30000, 16384, 6553, 655]:
            shares = [float(v) for v in values]
            if limit < 65535:
                shares = clip_to_max_weight(shares, limit / 65535)
            uids, result = normalize(list(range(len(values))), shares)
            out.append({"values": values, "limit": limit, "uids": uids, "weights": result})
    return out


def states(codec):
    """What the tests' node serves, read by this decoder."""
    data = {name: bytes.fromhex(text) for name, text in json.load(open(sys.argv[2])).items()}
    graph_type = codec.runtime_api_map["SubnetInfoRuntimeApi"]["get_selective_metagraph"]["output"]
    graph = codec.decode(f"scale_info::{graph_type}" if isinstance(graph_type, int) else graph_type, data["metagraph"])
    kept = ["netuid", "block", "tempo", "hotkeys", "axons", "validator_permit", "last_update", "total_stake", "owner_hotkey",
            "weights_version", "weights_rate_limit", "max_weights_limit", "burn", "commit_reveal_weights_enabled"]
    read = lambda pallet, entry, key: codec.decode(codec.storage_entry(pallet, entry).value_type, data[key])
    return {
        "bytes": {name: value.hex() for name, value in data.items()},
        "metagraph": plain({name: graph[name] for name in kept}),
        "events": plain(read("System", "Events", "events")),
        "commitment": plain(read("Commitments", "CommitmentOf", "commitment")),
    }


def main():
    codec = RuntimeCodec(open(sys.argv[1], "rb").read(), spec_version=365, transaction_version=1, ss58_format=42)
    vectors = {
        "keys": keys(), "calls": calls(codec), "eras": eras(codec), "storage": storage(codec),
        "timelock": timelock(), "weights": weights(), "states": states(codec),
    }
    json.dump(vectors, sys.stdout, indent=1)


main()
