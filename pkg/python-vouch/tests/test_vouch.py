"""The wheel `vouch`, as installed: from an ONNX file to a verified proof, in arrays.

`VOUCH_MODEL` is an ONNX file with the input `x` of four values and the output `y` of two.
"""

import os
import signal
import tempfile
import threading
import time
import unittest
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import vouch
from vouch import disclose

ONNX = Path(os.environ["VOUCH_MODEL"])
X = np.array([0.25, -0.5, 0.75, 1.0])
RANGE = (-1.0, 1.0)


@lru_cache(maxsize=None)
def model() -> vouch.Model:
    return vouch.compile(ONNX, input_range=RANGE)


@lru_cache(maxsize=None)
def key() -> vouch.ProvingKey:
    return vouch.setup(model(), development=True)


@lru_cache(maxsize=None)
def without_schema() -> bytes:
    """The model as most are exported: it does not say the ranges of its inputs."""
    import onnx

    plain = onnx.load(ONNX)
    del plain.metadata_props[:]
    return bytes(plain.SerializeToString())


def workers() -> int:
    """Threads of this process that do long work."""
    names = (task / "comm" for task in Path("/proc/self/task").iterdir())
    return sum(name.read_text() == "vouch\n" for name in names if name.exists())


class Flow(unittest.TestCase):
    def test_from_arrays_to_a_verified_claim(self):
        self.assertEqual(list(model().inputs), ["x"])
        self.assertEqual(model().inputs["x"].visibility, "public")
        self.assertLess(model().accuracy["y"].max_abs, 0.1)
        plan = vouch.plan(model())
        self.assertEqual((plan.k, plan.batch), (key().k, 1))
        nonce = vouch.random_nonce()
        proof = vouch.prove(key(), {"x": X.reshape(model().inputs["x"].shape)}, nonce=nonce)
        self.assertEqual(proof.nonce, nonce.hex())
        expected = model().run({"x": X})["y"]
        np.testing.assert_array_equal(proof.outputs["y"], expected)

        report = vouch.verify(
            key().verifying_key, proof, nonce=nonce, inputs={"x": X}, outputs={"y": expected}, allow_development=True
        )
        claim = report.claim
        self.assertEqual((claim.model_id, claim.nonce, claim.srs_kind), (key().model_id, nonce.hex(), "development"))
        x, y = claim.inputs["x"], claim.outputs["y"]
        np.testing.assert_allclose(x.values.ravel(), X, atol=1 / x.scale)
        np.testing.assert_array_equal(y.values, expected)
        np.testing.assert_allclose(y.integers / y.scale, y.values)
        self.assertEqual(y.integers.dtype, np.int64)
        self.assertEqual({check.code for check in report.checks}, {"ok", "not-checked"})
        named = {check.name: check.verdict for check in report.checks}
        self.assertEqual((named["nonce"], named["model identity"]), ("ok", "not checked"))

    def test_files_are_read_as_they_were_written(self):
        with tempfile.TemporaryDirectory() as folder:
            model().save(folder)
            files = key().save(folder)
            self.assertEqual(files.verifier.stat().st_size, files.verifier_bytes)
            again = vouch.Model.open(folder)
            self.assertEqual(again.manifest["program_digest"], model().manifest["program_digest"])
            proving = vouch.ProvingKey.open(folder, again)
            proof = vouch.prove(proving, X)
            path = Path(folder) / "answer.proof"
            self.assertEqual(proof.save(path), path.stat().st_size)
            verifying = vouch.VerifyingKey.open(files.verifier)
            vouch.verify(verifying, path, nonce=proof.nonce, allow_development=True)
            published = vouch.publish(folder, Path(folder) / "public", accuracy={"y": 1.0})
            self.assertEqual(published.keys["verifier.key"].model_id, key().model_id)
            self.assertEqual(published.model.manifest["stated"], {"y": 1.0})
            with self.assertRaisesRegex(vouch.ModelError, "were measured"):
                vouch.publish(folder, Path(folder) / "public", accuracy={"y": 1e-12})

    def test_a_batch_is_one_proof(self):
        batch = vouch.setup(vouch.compile(ONNX, input_range=RANGE, batch=3), development=True, batch=3)
        samples = np.stack([X, X / 2, X / 3])
        proofs = [
            vouch.prove_batch(batch, {"x": samples}),
            vouch.prove_batch(batch, [{"x": row} for row in samples]),
        ]
        for proof in proofs:
            report = vouch.verify(batch.verifying_key, proof, inputs={"x": samples}, allow_development=True)
            self.assertEqual(report.claim.outputs["y"].values.shape[0], 3)
        with self.assertRaisesRegex(vouch.InputError, "3 inputs at once, got 2"):
            vouch.prove_batch(batch, [{"x": row} for row in samples[:2]])
        with self.assertRaisesRegex(vouch.InputError, "3 inputs at once"):
            vouch.prove_batch(batch, {"x": samples[:2]})

    def test_a_reference_string_makes_the_same_model(self):
        srs = vouch.srs(k=key().k, development=True)
        with tempfile.TemporaryDirectory() as folder:
            srs.save(Path(folder) / "own.srs")
            again = vouch.srs(Path(folder) / "own.srs")
        self.assertEqual((again.identity, again.from_ceremony), (srs.identity, False))
        made = vouch.setup(model(), again)
        made.verifying_key.check(model(), srs)
        with self.assertRaises(vouch.Damaged):
            key().verifying_key.check(model(), srs)
        short = vouch.srs(k=5, development=True)
        with self.assertRaises(vouch.Damaged) as caught:
            vouch.setup(model(), short)
        self.assertIn("more powers", caught.exception.hint)

    def test_ranges_come_from_samples(self):
        samples = np.random.default_rng(1).uniform(-0.5, 0.5, (40, 4))
        found = vouch.calibrate(without_schema(), {"x": samples}, margin=0.5)["x"]
        width = samples.max() - samples.min()
        self.assertEqual(found.source, "calibration")
        self.assertAlmostEqual(found.lo, samples.min() - 0.5 * width)
        self.assertAlmostEqual(found.hi, samples.max() + 0.5 * width)
        again = vouch.compile(without_schema(), input_range={"x": found})
        self.assertAlmostEqual(again.inputs["x"].max, found.hi, places=2)
        # An array without a name is the only input's.
        calibrated = vouch.compile(without_schema(), calibration=samples, name="calibrated")
        self.assertEqual((calibrated.name, calibrated.manifest["report"]["ranges"]["source"]), ("calibrated", "calibration"))

    def test_facts_about_a_hashed_input(self):
        hidden = vouch.compile(ONNX, input_range=RANGE, visibility={"x": "hashed", "y": "private"})
        proving = vouch.setup(hidden, development=True)
        proof = vouch.prove(proving, X)
        verifying = proving.verifying_key
        own = {"x": verifying.input_hash("x", X, proof.salt)}
        claim = vouch.verify(verifying, proof, input_hashes=own, allow_development=True).claim
        self.assertEqual((claim.inputs["x"].hash, claim.inputs["x"].values), (own["x"], None))
        self.assertIsNone(claim.outputs["y"].values)
        self.assertEqual(proof.outputs["y"].size, 2)

        facts = disclose.setup(hidden, "x", development=True)
        fact = disclose.Fact(lo=0.5, hi=1, index=2)
        shown = disclose.prove(facts, X, salt=proof.salt, fact=fact)
        arguments = {"hash": own["x"], "allow_development": True}
        found = disclose.verify(facts.verifying_key, shown.proof, **arguments)
        self.assertEqual((found.tensor, found.index, found.words), ("x", 2, shown.words))
        disclose.verify(facts.verifying_key, shown.proof, fact=fact, **arguments)
        with self.assertRaises(vouch.Refused):
            disclose.verify(facts.verifying_key, shown.proof, fact=disclose.Fact(lo=0, hi=1, index=2), **arguments)
        with self.assertRaises(vouch.OutOfRange):
            disclose.prove(facts, X, salt=proof.salt, fact=disclose.Fact(lo=0.9, hi=1, index=2))
        with self.assertRaisesRegex(vouch.InputError, "not a hashed input"):
            disclose.setup(hidden, "z", development=True)


class Errors(unittest.TestCase):
    """Each exception has its kind and says what to do, in this package's words."""

    def raises(self, kind, text, hint, call, *arguments, **options):
        with self.assertRaises(vouch.VouchError) as caught:
            call(*arguments, **options)
        error = caught.exception
        self.assertIs(type(error), kind, error)
        self.assertIn(text, str(error))
        self.assertIn(hint, error.hint or "")
        return error

    def test_what_is_wrong_has_a_kind_and_a_hint(self):
        missing = self.raises(vouch.SystemFailure, "/nowhere", "check the path", vouch.Model.open, "/nowhere")
        self.assertIsInstance(missing, OSError)
        self.raises(vouch.ModelError, "no range", "input_range", vouch.compile, without_schema())
        self.raises(vouch.ModelError, "`z`", "", vouch.compile, ONNX, input_range=RANGE, visibility={"z": "hashed"})
        self.raises(vouch.InputError, "`x`", "all its values", vouch.prove, key(), X[:3])
        self.raises(vouch.InputError, "`z`", "by its name", vouch.prove, key(), {"z": X})
        self.raises(vouch.OutOfRange, "`x`[0]", "input_range", vouch.prove, key(), X * 1e9)
        self.raises(vouch.InputError, "expected numbers", "", vouch.prove, key(), ["a"] * 4)
        self.raises(vouch.InputError, "64 hexadecimal digits", "", vouch.prove, key(), X, nonce="abc")
        self.raises(vouch.InputError, "reference string", "development=True", vouch.setup, model())
        self.raises(vouch.InputError, "comes from a file", "ceremony", vouch.srs)
        self.raises(vouch.Damaged, "not a compiled model", "again", vouch.Model.from_bytes, bytes(100))
        private = vouch.compile(ONNX, input_range=RANGE, private_weights=True)
        with tempfile.TemporaryDirectory() as folder:
            private.save(folder)
            vouch.setup(private, development=True).save(folder)
            public = vouch.publish(folder, Path(folder) / "public").model
        self.raises(vouch.ModelError, "", "owner's model", vouch.setup, public, development=True)
        for kind in (vouch.ModelError, vouch.InputError, vouch.OutOfRange):
            self.assertTrue(issubclass(kind, vouch.VouchError) and issubclass(kind, ValueError))

    def test_what_is_refused_has_a_report(self):
        verifying = key().verifying_key
        proof = vouch.prove(key(), X)
        refused = self.raises(vouch.Refused, "setup", "allow_development", vouch.verify, verifying, proof)
        self.assertFalse(refused.report.accepted)
        self.assertIsNone(refused.report.claim)
        other = vouch.random_nonce()
        options = {"allow_development": True}
        self.raises(vouch.Refused, "nonce", "new proof", vouch.verify, verifying, proof, nonce=other, **options)
        wrong = model().run(X)["y"] + 0.5
        self.raises(vouch.Refused, "outputs", "", vouch.verify, verifying, proof, outputs={"y": wrong}, **options)
        changed = bytearray(proof.to_bytes())
        changed[-40] ^= 1
        report = vouch.report(verifying, bytes(changed), **options)
        self.assertFalse(report.accepted)
        cut = vouch.report(verifying, proof.to_bytes()[:50], **options)
        self.assertEqual([check.verdict for check in cut.checks[:2]], ["refused", "not reached"])
        self.raises(vouch.InputError, "there is no `z`", "", vouch.verify, verifying, proof, inputs={"z": X})
        self.raises(vouch.InputError, "True or False", "", vouch.verify, verifying, proof, allow_development="no")


class Long(unittest.TestCase):
    """Work on another thread: progress, Ctrl-C, other threads of Python."""

    #: Many rows, so that making keys takes seconds.
    ROWS = 14
    #: Threads of the pool that all work shares, which have the name of the thread that began it.
    pool: int

    @classmethod
    def setUpClass(cls):
        vouch.prove(key(), X)
        # The threads of work that has ended are gone soon after it; those of the pool stay.
        time.sleep(2)
        cls.pool = workers()

    def tearDown(self):
        # Interrupted work ends at its next stage.
        deadline = time.monotonic() + 300
        while workers() > self.pool and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(workers(), self.pool, "the work goes on")

    def test_progress_is_told_by_stage(self):
        stages = []
        vouch.setup(
            model(), development=True, rows=self.ROWS, progress=lambda stage, seconds, expected: stages.append(stage)
        )
        self.assertIn("making the proving key", stages)
        self.assertEqual(stages[0], "making a reference string")

    def test_an_exception_of_the_callback_ends_the_work(self):
        def fail(stage, seconds, expected):
            raise LookupError(stage)

        with self.assertRaises(LookupError):
            vouch.setup(model(), development=True, rows=self.ROWS, progress=fail)
        self.assertEqual(workers(), self.pool + 1, "the exception did not wait for the work")

    def test_ctrl_c_ends_the_call_at_once(self):
        # A job that a shell started in the background ignores the signal.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        with self.assertRaises(KeyboardInterrupt):
            vouch.setup(model(), development=True, rows=self.ROWS)
        self.assertEqual(workers(), self.pool + 1, "the call waited for its end")


@unittest.skipUnless(find_spec("skl2onnx"), "skl2onnx is not installed")
class Sklearn(unittest.TestCase):
    def test_a_pipeline_is_proved(self):
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        random = np.random.default_rng(0)
        samples = random.normal(size=(200, 3))
        labels = (samples @ [1.0, -2.0, 0.5] > 0).astype(int)
        pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(samples, labels)
        compiled = vouch.from_sklearn(pipeline, samples, target_error=0.01)
        self.assertEqual((compiled.name, list(compiled.inputs)), ("Pipeline", ["x"]))
        proving = vouch.setup(compiled, development=True)
        proof = vouch.prove(proving, samples[0])
        claim = vouch.verify(proving.verifying_key, proof, inputs=samples[0], allow_development=True).claim
        probabilities = claim.outputs["probabilities"].values.ravel()
        np.testing.assert_allclose(probabilities, pipeline.predict_proba(samples[:1])[0], atol=0.02)
        self.assertEqual(int(claim.outputs["label"].values.ravel()[0]), pipeline.predict(samples[:1])[0])
        with self.assertRaisesRegex(vouch.ModelError, "samples by features"):
            vouch.from_sklearn(pipeline, samples[0])


@unittest.skipUnless(find_spec("torch"), "torch is not installed")
class Torch(unittest.TestCase):
    def test_a_module_is_proved(self):
        import torch

        torch.manual_seed(0)
        module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
        compiled = vouch.from_torch(module, torch.zeros(1, 3), input_range=(-1, 1))
        proving = vouch.setup(compiled, development=True)
        x = np.array([[0.1, -0.7, 0.4]])
        proof = vouch.prove(proving, x)
        vouch.verify(proving.verifying_key, proof, inputs=x, allow_development=True)
        expected = module(torch.tensor(x, dtype=torch.float32)).detach().numpy()
        np.testing.assert_allclose(proof.outputs["output"], expected, atol=0.02)


if __name__ == "__main__":
    unittest.main()
