import json
import pathlib

import pytest

import vouch_verifier as vouch

ROOT = pathlib.Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "crates/verifier/tests/fixtures"
CASES = json.loads((ROOT / "verifier-wasm/tests/cases.json").read_text())
KEYS = {name: (FIXTURES / f"{name}.key").read_bytes() for name in ("small", "large")}
VERIFIERS = {name: vouch.Verifier(key) for name, key in KEYS.items()}


def expected_of(case):
    fields = dict(case["expected"])
    for name in ("inputs", "outputs"):
        if name in fields:
            fields[name] = [int(value) for value in fields[name]]
    return vouch.Expected(**fields)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_reports_are_the_native_ones(case):
    verifier = VERIFIERS[case["key"]]
    assert verifier.verify_json(bytes.fromhex(case["envelope"]), expected_of(case)) == case["report"]


def test_reports_have_types():
    envelope = (FIXTURES / "small-0.envelope").read_bytes()
    report = vouch.verify(KEYS["small"], envelope, vouch.Expected(allow_development_srs=True))
    assert report.accepted and report.checks[0] == vouch.Check("format", True, "version 1")
    assert vouch.inspect(envelope)["envelope"]["inputs"] == ["-1", "2", "3", "-2", "1", "4"]
    assert vouch.version()["abi"] == 1


@pytest.mark.parametrize(
    "code, call",
    [
        ("key", lambda: vouch.Verifier(b"no key")),
        ("envelope", lambda: vouch.inspect(b"")),
        ("expected", lambda: VERIFIERS["small"].verify(b"", vouch.Expected(nonce="00"))),
        ("expected", lambda: VERIFIERS["small"].verify(b"", vouch.Expected(inputs=[0.5]))),
    ],
)
def test_errors_have_codes(code, call):
    with pytest.raises(vouch.VouchError) as error:
        call()
    assert error.value.code == code
