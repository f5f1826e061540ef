"""``cases.py CASES OUT``: runs the cases with the installed package."""

import json
import sys
from pathlib import Path

from vouch_verifier import Refused, Verifier
from vouch_verifier._chain import inspect_chain_to_text, verify_chain_to_text
from vouch_verifier._verifier import inspect_to_text

cases = json.loads(Path(sys.argv[1]).read_text("utf-8"))
last = ("", None)


def load(key):
    global last
    if last[1] is None or last[0] != key:
        last = (key, None)
        last = (key, Verifier(bytes.fromhex(key)))
    return last[1]


def answer(case):
    call, envelope = case["call"], bytes.fromhex(case["envelope"])
    try:
        if call == "chain":
            keys = [bytes.fromhex(key) for key in case["key"].split(",")]
            return verify_chain_to_text(keys, envelope, case["expected"])
        if call == "inspectChain":
            return inspect_chain_to_text(envelope)
        if call == "verify":
            return load(case["key"]).verify_to_text(envelope, case["expected"])
        return load(case["key"]).describe_to_text() if call == "describe" else inspect_to_text(envelope)
    except Refused as error:
        fields = {"kind": error.kind, "code": error.code, "message": error.message}
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


Path(sys.argv[2]).write_text(json.dumps([answer(case) for case in cases]), "utf-8")
