"""Writing and running ONNX files."""

from __future__ import annotations

import json

import numpy as np


class Graph:
    """Nodes and constants of a graph that is being written."""

    def __init__(self):
        self.nodes, self.inits = [], []

    def const(self, name, value, dtype=np.float32):
        from onnx import numpy_helper

        self.inits.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, op, inputs, out, **attributes):
        """A node with one output ``out``; returns ``out``."""
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs, [out], **attributes))
        return out

    def save(self, path, name, inputs, outputs, description, schema):
        """Check the graph and write it.  Inputs and outputs are ``(name, shape)``, float32."""
        import onnx
        from onnx import TensorProto, helper

        info = lambda n, shape: helper.make_tensor_value_info(n, TensorProto.FLOAT, shape)  # noqa: E731
        graph = helper.make_graph(
            self.nodes, name, [info(*i) for i in inputs], [info(*o) for o in outputs], self.inits
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="vouch", ir_version=8
        )
        model.doc_string = description
        helper.set_model_props(model, {"vouch.schema": json.dumps(schema, separators=(",", ":"))})
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, str(path))


def session(model):
    """A session of onnxruntime on one thread, for a file's path or its bytes."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    source = model if isinstance(model, bytes) else str(model)
    return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def input_fields(rows):
    """The schema's fields of inputs: rows of name, unit, minimum, maximum, description."""
    return [{"name": n, "unit": u, "description": d, "min": lo, "max": hi} for n, u, lo, hi, d in rows]


def output_fields(rows):
    """The schema's fields of outputs: rows of name, unit, description."""
    return [{"name": n, "unit": u, "description": d} for n, u, d in rows]
