"""The network's gradient and its ONNX export.

python -m unittest -v
"""

import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx

import export
import network
import simulate as sim
import training


class Gradient(unittest.TestCase):
    def test_against_finite_differences(self):
        rng = np.random.default_rng(5)
        net = network.Net(3, hidden=4, dtype=np.float64, seed=1)
        net.flat += 0.1 * rng.standard_normal(net.flat.size)
        x, y = rng.standard_normal((6, 5, 3)), rng.standard_normal(6)
        out, cache = net.forward(x, keep=True)
        grad = net.gradient(cache, training.huber(out - y, 0.5)[1])
        for i in rng.permutation(net.flat.size)[:120]:
            was, step = net.flat[i], 1e-6
            net.flat[i] = was + step
            up = training.huber(net.forward(x) - y, 0.5)[0]
            net.flat[i] = was - step
            down = training.huber(net.forward(x) - y, 0.5)[0]
            net.flat[i] = was
            self.assertAlmostEqual((up - down) / (2 * step), grad[i], places=7)


class Export(unittest.TestCase):
    ALLOWED = {
        "LSTM", "Gemm", "MatMul", "Add", "Sub", "Mul", "Concat", "Transpose", "Squeeze",
        "Slice", "Gather", "Reshape", "Constant", "Identity",
    }  # fmt: skip

    def check(self, path):
        model = onnx.load(path)
        self.assertLessEqual({n.op_type for n in model.graph.node}, self.ALLOWED)
        self.assertEqual(model.opset_import[0].version, 13)
        self.assertEqual([i.name for i in model.graph.input], sim.FEATURE_NAMES)
        for i in model.graph.input:
            shape = [d.dim_value for d in i.type.tensor_type.shape.dim]
            self.assertEqual(shape, [1, 5, 1])
        self.assertEqual([o.name for o in model.graph.output], ["redemption_hours"])
        meta = {p.key: p.value for p in model.metadata_props}
        self.assertEqual(json.loads(meta["vouch.schema"]), export.schema())

    def test_graph_equals_network(self):
        rng = np.random.default_rng(2)
        net = network.Net(len(sim.FEATURES), seed=3)
        net.flat += 0.05 * rng.standard_normal(net.flat.size).astype(np.float32)
        span = sim.FEATURE_MAX - sim.FEATURE_MIN
        mean, scale = sim.FEATURE_MIN + span / 3, span / 5
        x = sim.FEATURE_MIN + span * rng.random((20, sim.OBSERVATIONS, len(sim.FEATURES)))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "net.onnx"
            export.export(net, mean, scale, 60.0, 80.0, path)
            self.check(path)
            got = export.run_onnx(path, x)[:, 0, 0]
        want = net.predict(((x - mean) / scale).astype(np.float32)) * 80.0 + 60.0
        self.assertLess(np.abs(got - want).max(), 1e-2)

    def test_shipped_files_agree(self):
        here = Path(export.__file__).parent
        path = here / f"{export.NAME}.onnx"
        self.check(path)
        self.assertLess(path.stat().st_size, 200_000)
        schema = json.loads((here / f"{export.NAME}.schema.json").read_text())
        self.assertEqual(schema, export.schema())
        data = np.load(here / "samples.npz")
        self.assertEqual(set(data.files), {*sim.FEATURE_NAMES, "redemption_hours"})
        x = np.concatenate([data[n][:, 0] for n in sim.FEATURE_NAMES], axis=2)
        self.assertEqual(x.shape, (32, 5, 8))
        self.assertTrue(np.allclose(export.run_onnx(path, x), data["redemption_hours"], atol=1e-3))
        example = json.loads((here / "example.json").read_text())
        card = json.loads((here / "staking-lstm.card.json").read_text())
        self.assertEqual(card["sample"], {n: [v for (v,) in rows[0]] for n, rows in example.items()})
        self.assertEqual(list(example), sim.FEATURE_NAMES)
        for value in example.values():
            self.assertEqual(np.shape(value), (1, 5, 1))


if __name__ == "__main__":
    unittest.main()
