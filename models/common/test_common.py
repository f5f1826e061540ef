"""The shared parts by hand-computed values and properties.

From ``models/``: python -m unittest discover -s common -t .
"""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx

from common import command, onnx_file
from common.noise import ornstein_uhlenbeck
from common.optimizer import AdamW, fit
from common.parameters import Parameters, fit_scaler
from common.regression import Ridge


class Noise(unittest.TestCase):
    def test_by_hand(self):
        # a = 0.6, so shocks count 0.8: 1, 0.6 + 0.8 * 2 = 2.2, 0.6 * 2.2 - 0.8 = 0.52.
        out = ornstein_uhlenbeck(np.array([1.0]), np.array([[2.0], [-1.0]]), 0.6)
        np.testing.assert_allclose(out, [[1.0], [2.2], [0.52]])

    def test_stationary(self):
        rng = np.random.default_rng(1)
        out = ornstein_uhlenbeck(rng.standard_normal(20_000), rng.standard_normal((30, 20_000)), 0.9)
        self.assertAlmostEqual(out[-1].var(), 1.0, delta=0.03)
        self.assertAlmostEqual(np.mean(out[-1] * out[-2]), 0.9, delta=0.03)


class Line(Parameters):
    """y = w x + b."""

    def __init__(self, dtype=np.float32):
        super().__init__({"w": (2, 1), "b": (1,)}, dtype)

    def predict(self, x):
        return (x @ self.p["w"] + self.p["b"])[:, 0]


class ParametersTest(unittest.TestCase):
    def test_views_share_memory(self):
        net = Line()
        net.p["w"][1, 0] = 3.0
        net.p["b"][0] = 4.0
        self.assertEqual(net.flat.tolist(), [0.0, 3.0, 4.0])
        self.assertEqual(net.decayed().tolist(), [1.0, 1.0, 0.0])

    def test_glorot_limit(self):
        net = Parameters({"w": (300, 200)}, np.float64)
        net.glorot(np.random.default_rng(2), "w", 0.5)
        limit = 0.5 * np.sqrt(6 / 500)
        self.assertLessEqual(np.abs(net.flat).max(), limit)
        self.assertGreater(np.abs(net.flat).max(), 0.99 * limit)

    def test_scaler(self):
        # Standard deviations 1 and 1; the second column's range needs 30 / 10.
        flat = np.array([[0.0, -1.0], [2.0, 1.0]])
        mean, scale = fit_scaler(flat, np.array([-9.0, -30.0]), np.array([11.0, 30.0]), 10)
        np.testing.assert_allclose(mean, [1.0, 0.0])
        np.testing.assert_allclose(scale, [1.0005, 3.0015], atol=5e-4)
        self.assertEqual([float(f"{v:.4g}") for v in scale], scale.tolist())


class Optimizer(unittest.TestCase):
    def test_first_step_by_hand(self):
        net = Line(np.float64)
        net.flat[...] = [1.0, -1.0, 1.0]
        optimizer = AdamW(net, steps=2, rate=0.1, decay=0.5, warm_up=1, clip=5.0)
        # Clipped to half.  The first direction is the gradient's sign; at half the steps the
        # rate is 0.1 * (0.01 + 0.99 / 2) = 0.0505; decay adds 0.5 * weight, not for the bias.
        grad = np.array([6.0, -8.0, 0.0])
        optimizer.update(grad)
        np.testing.assert_allclose(grad, [3.0, -4.0, 0.0])
        want = [1.0 - 0.0505 * 1.5, -1.0 + 0.0505 * 1.5, 1.0]
        np.testing.assert_allclose(net.flat, want, rtol=1e-6)

    def fitted(self, epochs, seed=3):
        rng = np.random.default_rng(4)
        x = rng.standard_normal((256, 2)).astype(np.float32)
        y = (x @ [2.0, -1.0] + 0.5).astype(np.float32)
        net = Line()

        def loss(rows):
            error = net.predict(x[rows]) - y[rows]
            grad = np.zeros_like(net.flat)
            g = net.views(grad)
            g["w"][...] = 2 * x[rows].T @ error[:, None] / len(rows)
            g["b"][...] = 2 * error.mean()
            return float((error * error).mean()), grad

        def validate(candidate):
            error = candidate.predict(x) - y
            return float((error * error).mean())

        settings = dict(rate=0.05, decay=0.0, warm_up=5, clip=10.0)
        history = list(
            fit(net, Line(), 256, loss, validate, epochs=epochs, batch=32, seed=seed, **settings)
        )
        return net, history, validate

    def test_fits_a_line(self):
        net, _, _ = self.fitted(60)
        np.testing.assert_allclose(net.flat, [2.0, -1.0, 0.5], atol=0.05)

    def test_ends_as_the_best_epoch(self):
        net, history, validate = self.fitted(12)
        losses = [validation for _, validation, _ in history]
        self.assertEqual(len(history), 12)
        self.assertEqual(validate(net), min(losses))
        best = [np.inf, *np.minimum.accumulate(losses)]
        self.assertEqual([better for _, _, better in history], [v < b for v, b in zip(losses, best)])

    def test_same_seed_same_network(self):
        self.assertEqual(self.fitted(3)[0].flat.tobytes(), self.fitted(3)[0].flat.tobytes())
        self.assertNotEqual(self.fitted(3)[0].flat.tobytes(), self.fitted(3, 5)[0].flat.tobytes())


class Regression(unittest.TestCase):
    def test_recovers_a_line(self):
        rng = np.random.default_rng(6)
        a = rng.standard_normal((500, 3)) * [1.0, 10.0, 0.1] + [5.0, 0.0, -2.0]
        y = a @ [2.0, -0.3, 4.0] + 7.0
        ridge = Ridge(a, y)
        # The penalty of 1e-3 shrinks the standardised coefficients by about a thousandth.
        np.testing.assert_allclose(ridge.predict(a), y, atol=0.05)
        np.testing.assert_allclose(ridge.coef / a.std(0), [2.0, -0.3, 4.0], rtol=5e-3)


class OnnxFile(unittest.TestCase):
    def test_written_graph_runs(self):
        g = onnx_file.Graph()
        g.add("Mul", ["x", g.const("two", 2.0)], "doubled", name="double")
        g.add("Add", ["doubled", g.const("three", 3.0)], "y")
        schema = {
            "inputs": onnx_file.input_fields([("x", "h", 0.0, 9.0, "A time")]),
            "outputs": onnx_file.output_fields([("y", "h", "Another")]),
        }
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "line.onnx"
            g.save(path, "line", [("x", [1, 2])], [("y", [1, 2])], "A line", schema)
            model = onnx.load(path)
            for source in (path, path.read_bytes()):
                x = np.array([[1.0, 4.0]], np.float32)
                (y,) = onnx_file.session(source).run(["y"], {"x": x})
                self.assertEqual(y.tolist(), [[5.0, 11.0]])
        self.assertEqual([n.name for n in model.graph.node], ["double", ""])
        self.assertEqual([p.key for p in model.metadata_props], ["vouch.schema"])
        self.assertEqual(schema["inputs"][0]["max"], 9.0)

    def test_a_graph_with_an_unknown_name_is_refused(self):
        g = onnx_file.Graph()
        g.add("Relu", ["z"], "y")
        with tempfile.TemporaryDirectory() as folder, self.assertRaises(onnx.shape_inference.InferenceError):
            g.save(Path(folder) / "a.onnx", "a", [("x", [1])], [("y", [1])], "", {})


class Cache(unittest.TestCase):
    def test_made_once(self):
        calls = []

        def make():
            calls.append(1)
            return {"a": np.arange(3)}

        with tempfile.TemporaryDirectory() as folder:
            for _ in range(2):
                got = command.cached(Path(folder), "a.npz", make)
                self.assertEqual(got["a"].tolist(), [0, 1, 2])
            self.assertEqual(len(calls), 1)
            command.cached(None, "a.npz", make)
            self.assertEqual(len(calls), 2)


if __name__ == "__main__":
    unittest.main()
