#!/usr/bin/env python3
"""Proves the next token of a GPT-2.

The model is an ONNX file of yours, from token ids of shape [1, n] to logits, or one of GPT-2's shape with random weights:

    python3 gpt2.py --random --layers 2 --width 64 --heads 4 --vocabulary 1000   # seconds
    python3 gpt2.py --random                                                     # GPT-2: 12 layers of width 768
    python3 gpt2.py --onnx gpt2.onnx --tokens 464,3139,286,4881,318

It needs Python's onnx and numpy, and the command `vouch` (`cargo build --release --package vouch-prover`).
The folder `--out` then has what the dashboard's page Verify takes: `verifier.key` and `next.proof`.
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def random_gpt2(layers: int, width: int, heads: int, length: int, vocabulary: int, seed: int) -> onnx.ModelProto:
    """A decoder of GPT-2's shape: embeddings, blocks of attention and GELU, the logits of the last token."""
    rng = np.random.default_rng(seed)
    nodes, initializers = [], []

    def constant(array) -> str:
        name = f"c{len(initializers)}"
        initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def op(kind: str, *inputs: str, **attributes) -> str:
        name = f"{kind.lower()}{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def normal(*shape, scale):
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    def linear(x: str, rows: int, columns: int) -> str:
        y = op("MatMul", x, constant(normal(rows, columns, scale=1 / math.sqrt(rows))))
        return op("Add", y, constant(normal(columns, scale=0.02)))

    def norm(x: str) -> str:
        scale, bias = constant(np.ones(width, np.float32)), constant(np.zeros(width, np.float32))
        return op("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-5)

    def gelu(x: str) -> str:
        erf = op("Erf", op("Div", x, constant(np.float32(math.sqrt(2)))))
        return op("Mul", op("Mul", x, op("Add", erf, constant(np.float32(1)))), constant(np.float32(0.5)))

    embedding = normal(vocabulary, width, scale=0.08)
    x = op("Gather", constant(embedding), "tokens")
    x = op("Add", x, constant(normal(1, length, width, scale=0.02)))
    mask = constant(np.triu(np.full((length, length), -1e4, np.float32), 1)[None, None])
    split = constant(np.array([1, length, heads, width // heads], np.int64))
    joined = constant(np.array([1, length, width], np.int64))
    for _ in range(layers):
        y = norm(x)
        q, k, v = (op("Reshape", linear(y, width, width), split) for _ in range(3))
        q, k, v = (op("Transpose", t, perm=perm) for t, perm in ((q, [0, 2, 1, 3]), (k, [0, 2, 3, 1]), (v, [0, 2, 1, 3])))
        scores = op("Div", op("MatMul", q, k), constant(np.float32(math.sqrt(width // heads))))
        weights = op("Softmax", op("Add", scores, mask), axis=-1)
        y = op("Reshape", op("Transpose", op("MatMul", weights, v), perm=[0, 2, 1, 3]), joined)
        x = op("Add", x, linear(y, width, width))
        x = op("Add", x, linear(gelu(linear(norm(x), width, 4 * width)), 4 * width, width))
    last = [constant(np.array([i], np.int64)) for i in (length - 1, length, 1)]
    op("MatMul", op("Slice", norm(x), *last), constant(embedding.T))
    nodes[-1].output[0] = "logits"
    graph = helper.make_graph(
        nodes,
        "gpt2",
        [helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, length])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 1, vocabulary])],
        initializers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def vouch(program: str, *arguments) -> str:
    """Runs the command, whose progress goes to the terminal, and gives what it prints."""
    command = [program, *map(str, arguments)]
    print("$", *command, flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"`{' '.join(command)}` ended with code {done.returncode}")
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--onnx", type=pathlib.Path, help="a model from token ids [1, n] to logits")
    source.add_argument("--random", action="store_true", help="a model of this shape with random weights")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--vocabulary", type=int, default=50257)
    parser.add_argument("--length", type=int, default=16, help="tokens of a random model")
    parser.add_argument("--tokens", help="ids of the tokens, with commas between them; random ones below --vocabulary if none are given")
    parser.add_argument("--rows", type=int, help="use 2^ROWS rows: fewer take less memory and make a larger proof")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("gpt2-proof"))
    parser.add_argument("--vouch", default="vouch", help="the command")
    options = parser.parse_args()

    options.out.mkdir(parents=True, exist_ok=True)
    path = options.onnx
    length = options.length
    if options.random:
        path = options.out / "gpt2.onnx"
        model = random_gpt2(options.layers, options.width, options.heads, length, options.vocabulary, seed=1)
        onnx.save(model, path)
    else:
        shape = onnx.load(path, load_external_data=False).graph.input[0].type.tensor_type.shape
        length = shape.dim[-1].dim_value
    if options.tokens:
        tokens = [int(token) for token in options.tokens.split(",")]
    else:
        tokens = np.random.default_rng(2).integers(0, options.vocabulary, length).tolist()
    if length and len(tokens) != length:
        sys.exit(f"{len(tokens)} tokens, and the model takes {length}")
    np.save(options.out / "tokens.npy", np.array([tokens], np.int64))

    model = options.out / "model"
    vouch(options.vouch, "compile", path, "--target-error", "0.01", "-o", model)
    vouch(options.vouch, "setup", model, *(["--rows", options.rows] if options.rows else []))
    proof = options.out / "next.proof"
    vouch(options.vouch, "prove", model, "--input", options.out / "tokens.npy", "-o", proof)
    key = model / "verifier.key"
    report = json.loads(vouch(options.vouch, "verify", proof, "--key", key, "--json"))["proofs"][0]
    (options.out / "verifier.key").write_bytes(key.read_bytes())
    logits = report["claim"]["outputs"][0]
    scores = np.array(logits["values"], float)[-logits["shape"][-1] :]
    print(f"After {tokens} the next token is {scores.argmax()}. The proof has {proof.stat().st_size} bytes.")
    print(f"To see it in a browser, give {options.out}/verifier.key and {proof} to the dashboard's page Verify.")


if __name__ == "__main__":
    main()
