"""Tests of the package as it is installed: ``python -m unittest`` with VOUCH_FIXTURES set."""

import os
import unittest
from dataclasses import replace
from pathlib import Path
from typing import Any, List

import vouch_verifier
from vouch_verifier import (
    Expected,
    ExpectedChain,
    Limits,
    Link,
    OutOfFuel,
    OutOfMemory,
    Refused,
    Verifier,
    inspect_chain,
    to_integers,
    to_reals,
    verify_chain,
)

FIXTURES = Path(os.environ["VOUCH_FIXTURES"])
KEY = (FIXTURES / "small.key").read_bytes()
ENVELOPE = (FIXTURES / "small-0.envelope").read_bytes()
NAMES = ["format", "model identity", "setup", "nonce", "public inputs", "public outputs", "proof identities", "pairing"]


class Verification(unittest.TestCase):
    def test_an_honest_proof_is_accepted(self) -> None:
        verifier = Verifier(KEY)
        contents = vouch_verifier.inspect(ENVELOPE)
        expected = Expected(
            model_id=verifier.model.model_id,
            nonce=bytes(32),
            inputs=contents.inputs,
            outputs=contents.outputs,
            allow_development_srs=True,
        )
        report = verifier.verify(ENVELOPE, expected)
        self.assertTrue(report.accepted)
        self.assertEqual([check.name for check in report.checks], NAMES)
        self.assertTrue(all(check.passed and check.code == "ok" for check in report.checks))
        self.assertGreater(report.checks[-1].micros, 0)
        self.assertEqual(vouch_verifier.verify(KEY, ENVELOPE, expected).accepted, True)

    def test_an_accepted_report_says_what_was_shown(self) -> None:
        verifier = Verifier(KEY)
        contents = vouch_verifier.inspect(ENVELOPE)
        claim = verifier.verify(ENVELOPE, Expected(allow_development_srs=True)).claim
        assert claim is not None
        self.assertEqual((claim.model_id, claim.nonce), (verifier.model.model_id, contents.nonce))
        self.assertEqual(claim.srs_kind, "development")
        for tensors, shown, said in (
            (verifier.model.inputs, claim.inputs, contents.inputs),
            (verifier.model.outputs, claim.outputs, contents.outputs),
        ):
            self.assertEqual([tensor.name for tensor in tensors], list(shown))
            integers = [integer for tensor in shown.values() for integer in tensor.integers or []]
            self.assertEqual(integers, said)
            for tensor in tensors:
                own = shown[tensor.name]
                self.assertEqual(own.values, [integer / tensor.scale for integer in own.integers or []])
                self.assertEqual(to_integers(tensor, own.values), own.integers)
                self.assertEqual(to_reals(tensor, own.integers or []), own.values)
        # The same numbers are expectations.
        inputs = {name: tensor.values for name, tensor in claim.inputs.items()}
        outputs = {name: tensor.values for name, tensor in claim.outputs.items()}
        asked = Expected(inputs=inputs, outputs=outputs, allow_development_srs=True)
        report = verifier.verify(ENVELOPE, asked)
        self.assertEqual([check.code for check in report.checks[4:6]], ["ok", "ok"])
        first, tensor = next(iter(inputs)), verifier.model.inputs[0]
        wrong = [(inputs[first] or [])[0] + 1 / tensor.scale, *(inputs[first] or [])[1:]]
        report = verifier.verify(ENVELOPE, Expected(inputs={**inputs, first: wrong}, allow_development_srs=True))
        self.assertEqual((report.accepted, report.checks[4].code, report.claim), (False, "value", None))
        for malformed in ({}, {**inputs, "z": [1.0]}, {**inputs, first: wrong[:-1]}, {**inputs, first: ["1"] * len(wrong)}):
            with self.subTest(inputs=malformed), self.assertRaises(TypeError):
                verifier.verify(ENVELOPE, Expected(inputs=malformed, allow_development_srs=True))
        for value in (float("nan"), float("inf"), 1e300):
            with self.subTest(value=value), self.assertRaises(ValueError):
                verifier.verify(ENVELOPE, Expected(inputs={**inputs, first: [value, *wrong[1:]]}))

    def test_numbers_are_rounded_as_everywhere(self) -> None:
        tensor = replace(Verifier(KEY).model.inputs[0], shape=[6], scale=10.0, min=-10, max=25)
        reals = [0.0, 0.25, -0.25, 2.54, -1.049, 1]
        self.assertEqual(to_integers(tensor, reals), [0, 3, -3, 25, -10, 10])
        self.assertEqual(to_integers(replace(tensor, scale=1.0), [0.49999999999999994] * 6), [0] * 6)
        self.assertEqual(to_integers(replace(tensor, shape=[2, 3]), [reals[:3], reals[3:]]), [0, 3, -3, 25, -10, 10])

    def test_what_is_not_expected_is_refused(self) -> None:
        verifier = Verifier(KEY)
        inputs = vouch_verifier.inspect(ENVELOPE).inputs
        for expected, code in [
            (Expected(), "development-setup"),
            (Expected(nonce="ab" * 32, allow_development_srs=True), "nonce"),
            (Expected(model_id="ab" * 32, allow_development_srs=True), "key-identity"),
            (Expected(inputs=[1 + value for value in inputs], allow_development_srs=True), "value"),
            (Expected(outputs=[], allow_development_srs=True), "expected-count"),
        ]:
            report = verifier.verify(ENVELOPE, expected)
            self.assertFalse(report.accepted)
            self.assertEqual([check.code for check in report.checks if not check.passed], [code])

    def test_malformed_arguments_are_errors(self) -> None:
        with self.assertRaises(Refused) as caught:
            Verifier(KEY[:-1])
        self.assertEqual((caught.exception.kind, caught.exception.code), ("key", "truncated"))
        with self.assertRaises(Refused) as caught:
            Verifier(KEY).verify(ENVELOPE, Expected(nonce="00"))
        self.assertEqual((caught.exception.kind, caught.exception.code), ("expected", "malformed"))
        with self.assertRaises(Refused) as caught:
            vouch_verifier.inspect(b"")
        self.assertEqual((caught.exception.kind, caught.exception.code), ("envelope", "truncated"))
        with self.assertRaises(Refused) as caught:
            Verifier(KEY).verify_to_text(ENVELOPE, "")
        self.assertEqual((caught.exception.kind, caught.exception.code), ("expected", "malformed"))

    def test_what_could_get_lost_is_an_error(self) -> None:
        verifier = Verifier(KEY)
        contents = vouch_verifier.inspect(ENVELOPE)
        values: List[Any] = [1, 1.5, True, "x", b"x", b"", {}, set(), object(), lambda: None, iter([1]), (i for i in [1])]
        for name in ("inputs", "outputs", "input_hashes", "output_hashes"):
            items = [[None], [1.0], [True], [object()], [[1]], [lambda: 1]]
            items += [["1"], [b"1"]] if name in ("inputs", "outputs") else [[1]]
            for wrong in [*values, *items, dict.fromkeys(contents.inputs), set(contents.inputs)]:
                with self.subTest(name=name, value=wrong), self.assertRaises(TypeError):
                    verifier.verify(ENVELOPE, Expected(allow_development_srs=True, **{name: wrong}))
        for name in ("model_id", "nonce"):
            for wrong in (1, 1.5, True, ["ab" * 32], {}, object(), lambda: None):
                with self.subTest(name=name, value=wrong), self.assertRaises(TypeError):
                    verifier.verify(ENVELOPE, Expected(allow_development_srs=True, **{name: wrong}))
        for wrong in ("false", "", 0, 1, None, [True]):
            with self.subTest(name="allow_development_srs", value=wrong), self.assertRaises(TypeError):
                verifier.verify(ENVELOPE, Expected(allow_development_srs=wrong))
        with self.assertRaises(TypeError):
            Expected(nonse="00")  # type: ignore[call-arg]
        for wrong in (None, {"nonce": "ab" * 32}, "{}"):
            with self.subTest(expected=wrong), self.assertRaises(TypeError):
                verifier.verify(ENVELOPE, wrong)
        step = Expected(allow_development_srs=True)
        for steps, links in ((iter([step]), []), ([step], iter([])), ({step: 1}, []), ([{}], []), ([step], [{}]), (step, [])):
            with self.subTest(steps=steps, links=links), self.assertRaises(TypeError):
                verify_chain([KEY], b"", ExpectedChain(steps, links))

    def test_what_nobody_asked_for_is_not_checked(self) -> None:
        contents = vouch_verifier.inspect(ENVELOPE)
        codes = lambda **given: [  # noqa: E731
            check.code for check in Verifier(KEY).verify(ENVELOPE, Expected(allow_development_srs=True, **given)).checks
        ]
        unchecked = ["ok", "not-checked", "ok", "not-checked", "not-checked", "not-checked", "ok", "ok"]
        self.assertEqual(codes(), unchecked)
        self.assertEqual(codes(nonce=bytes(32)), [*unchecked[:3], "ok", *unchecked[4:]])
        self.assertEqual(codes(inputs=tuple(contents.inputs)), [*unchecked[:4], "ok", *unchecked[5:]])

    def test_only_a_bool_allows_a_development_setup(self) -> None:
        for wrong in ("false", "no", 0, 1, None, [False]):
            with self.assertRaises(TypeError):
                Verifier(KEY).verify(ENVELOPE, Expected(allow_development_srs=wrong))  # type: ignore[arg-type]

    def test_refused_requests_leave_no_memory_behind(self) -> None:
        verifier = Verifier(KEY, Limits(memory=4 << 20))
        for _ in range(16):
            with self.assertRaises(Refused):
                verifier.verify_to_text(bytes(1 << 19), "{")
        self.assertTrue(verifier.verify(ENVELOPE, Expected(allow_development_srs=True)).accepted)

    def test_chains_are_verified(self) -> None:
        read = lambda name: (FIXTURES / "chain" / name).read_bytes()  # noqa: E731
        keys = [read("forecast.key"), read("forecast.key"), read("allocation.key")]
        links = [Link(0, 0, 2, 1, 1), Link(1, 0, 2, 2, 1)]
        proofs, claimed = inspect_chain(read("honest.chain"))
        self.assertEqual((len(proofs), claimed), (3, links))
        steps = [
            Expected(nonce=proof.nonce, inputs=inputs, allow_development_srs=True)
            for proof, inputs in zip(proofs, [[40, -7], [-5, 33], [160, 24]])
        ]
        report = verify_chain(keys, read("honest.chain"), ExpectedChain(steps, links))
        self.assertTrue(report.accepted)
        self.assertEqual([len(report.checks), len(report.proofs), len(report.links)], [3, 3, 2])
        self.assertGreater(report.proofs[2].checks[-1].micros, 0)
        report = verify_chain(keys, read("unlinked.chain"), ExpectedChain(steps, links))
        self.assertFalse(report.accepted)
        self.assertEqual([link.code for link in report.links], ["ok", "link-value"])
        report = verify_chain(keys, read("honest.chain"), ExpectedChain(steps, links[:1]))
        self.assertEqual([check.code for check in report.checks], ["ok", "ok", "links"])
        with self.assertRaises(Refused) as caught:
            verify_chain(keys[:2], read("honest.chain"), ExpectedChain(steps, links))
        self.assertEqual((caught.exception.kind, caught.exception.code), ("expected", "step-count"))
        with self.assertRaises(Refused) as caught:
            inspect_chain(ENVELOPE)
        self.assertEqual((caught.exception.kind, caught.exception.code), ("chain", "magic"))

    def test_limits_are_clean_errors(self) -> None:
        with self.assertRaises(OutOfFuel):
            Verifier(KEY, Limits(fuel=10_000))
        with self.assertRaises(OutOfMemory):
            Verifier(KEY, Limits(memory=1 << 16))
        with self.assertRaises(OutOfMemory):
            Verifier(KEY, Limits(memory=4 << 20)).verify(bytes(8 << 20))
        verifier = Verifier(KEY, Limits(fuel=100_000_000))
        with self.assertRaises(OutOfFuel):
            verifier.verify(ENVELOPE, Expected(inputs=range(1 << 20)))
        self.assertTrue(verifier.verify(ENVELOPE, Expected(allow_development_srs=True)).accepted)

    def test_the_module_is_the_one_that_was_shipped(self) -> None:
        digest = vouch_verifier.WASM_PATH.with_suffix(".wasm.sha256").read_text().split()[0]
        self.assertEqual(vouch_verifier.wasm_sha256(), digest)
        self.assertEqual(vouch_verifier.version()["abi"], 1)


if __name__ == "__main__":
    unittest.main()
