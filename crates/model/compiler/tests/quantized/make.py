"""Writes small networks that onnxruntime.quantization quantized, each with inputs and onnxruntime's outputs, as
`tests/quantized.rs` reads them.

    pip install onnx onnxruntime sympy
    python make.py DIR [--samples N]
    VOUCH_QUANTIZED=DIR cargo test -p vouch-compiler --test quantized -- --nocapture

Weights are random, with fixed seeds. `steps` has the scale of each output's integers.
"""

import argparse
import json
import pathlib
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static


class Network:
    """A float network that is built node by node."""

    def __init__(self, shape, seed):
        self.shape, self.random = shape, np.random.default_rng(seed)
        self.nodes, self.weights, self.last = [], [], "x"

    def weight(self, shape, size):
        name = f"w{len(self.weights)}"
        data = (self.random.standard_normal(shape) * size).astype(np.float32)
        self.weights.append(numpy_helper.from_array(data, name))
        return name

    def add(self, op, *more, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, [self.last, *more], [name], f"n{len(self.nodes)}", **attributes))
        self.last = name
        return name

    def dense(self, inner, width):
        return self.add("Gemm", self.weight((inner, width), inner**-0.5), self.weight((width,), 0.2))

    def conv(self, inner, width, **attributes):
        group = attributes.get("group", 1)
        weight = self.weight((width, inner // group, 3, 3), (9 * inner / group) ** -0.5)
        return self.add("Conv", weight, self.weight((width,), 0.2), pads=[1, 1, 1, 1], **attributes)

    def model(self):
        graph = helper.make_graph(
            self.nodes,
            "network",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info(self.last, TensorProto.FLOAT, None)],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        return onnx.shape_inference.infer_shapes(model)


def dense():
    n = Network([1, 8], 1)
    n.dense(8, 16), n.add("Relu"), n.dense(16, 16), n.add("Sigmoid"), n.dense(16, 3)
    return n


def mat_mul():
    n = Network([1, 4, 8], 2)
    n.add("MatMul", n.weight((8, 12), 0.3)), n.add("Add", n.weight((12,), 0.2)), n.add("Tanh")
    n.add("MatMul", n.weight((12, 5), 0.3))
    return n


def conv():
    n = Network([1, 2, 8, 8], 3)
    n.conv(2, 6), n.add("Relu"), n.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    n.conv(6, 6, group=6), n.add("Relu"), n.conv(6, 8), n.add("GlobalAveragePool"), n.add("Flatten"), n.dense(8, 4)
    return n


def residual():
    n = Network([1, 4, 6, 6], 4)
    first = n.conv(4, 4)
    n.add("Relu"), n.conv(4, 4), n.add("Add", first), n.add("LeakyRelu", alpha=0.1)
    n.add("AveragePool", kernel_shape=[2, 2], strides=[2, 2]), n.add("Mul", n.last), n.add("Concat", n.last, axis=1)
    n.add("Flatten"), n.dense(72, 4), n.add("Softmax")
    return n


def attention():
    n = Network([1, 5, 8], 5)
    x = n.last
    q = n.add("MatMul", n.weight((8, 8), 0.4))
    n.last = x
    n.add("MatMul", n.weight((8, 8), 0.4)), n.add("Transpose", perm=[0, 2, 1])
    k, n.last = n.last, q
    n.add("MatMul", k), n.add("Softmax", axis=-1)
    p, n.last = n.last, x
    v = n.add("MatMul", n.weight((8, 8), 0.4))
    n.last = p
    n.add("MatMul", v), n.add("Add", x), n.add("ReduceMean", axes=[1], keepdims=0), n.dense(8, 3)
    return n


NETWORKS = [dense, mat_mul, conv, residual, attention]

FORMS = {
    "qdq": dict(quant_format=QuantFormat.QDQ, activation_type=QuantType.QInt8, weight_type=QuantType.QInt8),
    "qdq_unsigned": dict(quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, weight_type=QuantType.QUInt8),
    "qdq_channels": dict(
        quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True
    ),
    "qoperator": dict(quant_format=QuantFormat.QOperator, activation_type=QuantType.QUInt8, weight_type=QuantType.QUInt8),
    "qoperator_channels": dict(
        quant_format=QuantFormat.QOperator, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True
    ),
    "dynamic": None,
}


class Reader(CalibrationDataReader):
    def __init__(self, rows):
        self.rows = iter(rows)

    def get_next(self):
        return next(({"x": row} for row in self.rows), None)


def step(model, output):
    """The scale of the integers that an output is made of; none if it is not made of integers."""
    values = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    node = next(n for n in model.graph.node if output in n.output)
    if node.op_type != "DequantizeLinear" or node.input[1] not in values:
        return None
    return float(values[node.input[1]].max())


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--samples", type=int, default=12)
    given = arguments.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for network in NETWORKS:
        built = network()
        rows = np.random.default_rng(9).uniform(-1, 1, (given.samples + 60, *built.shape))
        rows = np.round(rows, 3).astype(np.float32)
        calibration, samples = rows[:60], rows[60:]
        for form, options in FORMS.items():
            with tempfile.TemporaryDirectory() as folder:
                source, target = f"{folder}/float.onnx", f"{folder}/quantized.onnx"
                onnx.save(built.model(), source)
                if options is None:
                    quantize_dynamic(source, target)
                else:
                    quantize_static(source, target, Reader(calibration), **options)
                model = onnx.load(target)
            data = model.SerializeToString()
            session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
            output = session.get_outputs()[0].name
            short, number = lambda v: float(f"{v:.6g}"), lambda v: float(f"{v:.9g}")
            case = {
                "calibration": [[short(v) for v in row.reshape(-1)] for row in calibration],
                "inputs": [[short(v) for v in row.reshape(-1)] for row in samples],
                "outputs": [[number(v) for v in session.run(None, {"x": row})[0].reshape(-1)] for row in samples],
                "step": step(model, output),
            }
            name = f"{network.__name__}_{form}"
            (given.folder / f"{name}.onnx").write_bytes(data)
            (given.folder / f"{name}.json").write_text(json.dumps(case))
            operators = sorted({f"{n.domain}:{n.op_type}".lstrip(":") for n in model.graph.node})
            print(f"{name}: step {case['step']}, {' '.join(operators)}")


if __name__ == "__main__":
    main()
