"""The network's gradient, its symmetry, its ONNX export, the shipped files.

python -m unittest -v
"""

import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx

import constants
import export
import network
import simulate as sim

HERE = Path(export.__file__).parent


def inputs(n, seed):
    """Random inputs from the whole declared range."""
    rng = np.random.default_rng(seed)
    span = sim.FEATURE_MAX - sim.FEATURE_MIN
    x = sim.FEATURE_MIN + span * rng.random((n, sim.TOKENS, len(sim.FEATURES)))
    return {"x": x, "horizon": rng.uniform(7, 60, n), "risk": rng.random(n)}


class Gradient(unittest.TestCase):
    def test_against_finite_differences(self):
        rng = np.random.default_rng(5)
        net = network.Net((5, 4), np.float64, seed=1)
        net.flat += 0.2 * rng.standard_normal(net.flat.size)
        x = rng.standard_normal((7, sim.TOKENS, network.INPUTS))
        a, b = rng.standard_normal((7, sim.TOKENS)), rng.standard_normal((7, sim.TOKENS))
        c = rng.standard_normal(7)
        _, _, cache = net.forward(x, keep=True)
        grad = net.gradient(cache, a, b, c)
        held = cache[6], net.values(cache)  # the forecast's loss does not move these

        def loss():
            shares, _, now = net.forward(x, keep=True)
            gain, offset = net.p["bg"]
            y = gain * (held[0] * held[1]).sum(1) + offset
            return (a * shares).sum() + (b * net.values(now)).sum() + (c * y).sum()

        for i in range(net.flat.size):
            was, step = net.flat[i], 1e-6
            net.flat[i] = was + step
            up = loss()
            net.flat[i] = was - step
            down = loss()
            net.flat[i] = was
            self.assertAlmostEqual((up - down) / (2 * step), grad[i], places=5)


class Symmetry(unittest.TestCase):
    def test_the_order_of_tokens_means_nothing(self):
        d = inputs(20, 1)
        path = HERE / f"{export.NAME}.onnx"
        shares, y = export.run_onnx(path, d["x"], d["horizon"], d["risk"])
        order = np.array([3, 0, 5, 1, 4, 2])
        again, same = export.run_onnx(path, d["x"][:, order], d["horizon"], d["risk"])
        self.assertLess(np.abs(shares[:, order] - again).max(), 1e-5)
        self.assertLess(np.abs(y - same).max(), 1e-3)
        self.assertGreater(np.abs(shares - again).max(), 0.1)


class Export(unittest.TestCase):
    ALLOWED = {
        "Gemm", "Add", "Sub", "Mul", "Clip", "Reciprocal", "Tanh", "Softmax",
        "ReduceMean", "ReduceSum", "Concat", "Transpose",
    }  # fmt: skip

    def check(self, path):
        model = onnx.load(path)
        self.assertLessEqual({n.op_type for n in model.graph.node}, self.ALLOWED)
        names = [*sim.FEATURE_NAMES, "horizon_days", "risk"]
        self.assertEqual([i.name for i in model.graph.input], names)
        for i in model.graph.input:
            shape = [d.dim_value for d in i.type.tensor_type.shape.dim]
            self.assertEqual(shape, [1, sim.TOKENS if i.name in sim.FEATURE_NAMES else 1])
        self.assertEqual([o.name for o in model.graph.output], [o[0] for o in export.OUTPUTS])
        meta = {p.key: p.value for p in model.metadata_props}
        self.assertEqual(json.loads(meta["vouch.schema"]), export.schema())

    def test_graph_equals_network(self):
        rng = np.random.default_rng(2)
        d = inputs(40, 3)
        net = network.Net(seed=3)
        net.flat += 0.1 * rng.standard_normal(net.flat.size).astype(np.float32)
        mean, scale = network.fit_scaler(d)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "net.onnx"
            export.export(net, mean, scale, path)
            self.check(path)
            shares, y = export.run_onnx(path, d["x"], d["horizon"], d["risk"])
        want_shares, want_y = net.predict(network.normalise(d, mean, scale))
        self.assertLess(np.abs(shares - want_shares).max(), 1e-4)
        self.assertLess(np.abs(y - want_y).max(), 1e-2)

    def test_shares_are_shares(self):
        d = inputs(200, 4)
        shares, _ = export.run_onnx(HERE / f"{export.NAME}.onnx", d["x"], d["horizon"], d["risk"])
        self.assertTrue((shares > 0).all())
        self.assertLess(np.abs(shares.sum(1) - 1).max(), 1e-6)

    def test_shipped_markets_react_most(self):
        path = HERE / f"{export.NAME}.onnx"
        react = []
        for name in ("samples.npz", "markets.npz"):
            data = np.load(HERE / name)
            x = np.stack([data[n][:, 0] for n in sim.FEATURE_NAMES], -1)
            settings = (data[n][:, 0, 0] for n in ("horizon_days", "risk"))
            react.append(export.sensitivity(path, x, *settings))
        # The samples are any decisions; a few of them are among the most sensitive.
        self.assertGreater(react[1].min(), np.quantile(react[0], 0.8))

    def test_hours_beyond_the_clip_change_nothing(self):
        d = inputs(20, 6)
        path = HERE / f"{export.NAME}.onnx"
        d["x"][:, :, sim.LINKED] = 720.0
        at_end = export.run_onnx(path, d["x"], d["horizon"], d["risk"])
        d["x"][:, :, sim.LINKED] = 2047.0
        beyond = export.run_onnx(path, d["x"], d["horizon"], d["risk"])
        for a, b in zip(at_end, beyond):
            self.assertTrue(np.array_equal(a, b))

    def test_shipped_files_agree(self):
        path = HERE / f"{export.NAME}.onnx"
        self.check(path)
        self.assertLess(path.stat().st_size, 40_000)
        schema = json.loads((HERE / f"{export.NAME}.schema.json").read_text())
        self.assertEqual(schema, export.schema())
        self.assertEqual((HERE / constants.FILE).read_text(), constants.text(path))
        data = np.load(HERE / "samples.npz")
        names = [*sim.FEATURE_NAMES, "horizon_days", "risk"]
        self.assertEqual(set(data.files), {*names, "shares", "expected_yield"})
        x = np.stack([data[n][:, 0] for n in sim.FEATURE_NAMES], -1)
        settings = (data[n][:, 0, 0] for n in ("horizon_days", "risk"))
        shares, y = export.run_onnx(path, x, *settings)
        self.assertTrue(np.allclose(shares, data["shares"][:, 0], atol=1e-5))
        self.assertTrue(np.allclose(y, data["expected_yield"][:, 0, 0], atol=1e-3))
        markets = np.load(HERE / "markets.npz")
        self.assertEqual(set(markets.files), set(names))
        for n, _, lo, hi, _ in (*sim.FEATURES, *sim.SETTINGS):
            self.assertEqual(len(markets[n]), 500)
            self.assertTrue(((markets[n] >= lo) & (markets[n] <= hi)).all(), n)
        example = json.loads((HERE / "example.json").read_text())
        card = json.loads((HERE / f"{export.NAME}.card.json").read_text())
        self.assertEqual(list(example), names)
        self.assertEqual(card["sample"], {n: rows[0] for n, rows in example.items()})
        metrics = json.loads((HERE / "metrics.json").read_text())
        self.assertEqual(card["test"]["mean_abs"], metrics["forecast"]["mean_abs"])


if __name__ == "__main__":
    unittest.main()
