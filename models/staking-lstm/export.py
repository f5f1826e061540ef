"""The network as an ONNX file: natural units in, natural units out; samples and card."""

from __future__ import annotations

import numpy as np

import simulate as sim
from common.command import write_json
from common.onnx_file import Graph, input_fields, output_fields, session

NAME = "staking-lstm"


def schema():
    return {"inputs": input_fields(sim.FEATURES), "outputs": output_fields([sim.OUTPUT])}


def export(net, x_mean, x_scale, y_mean, y_scale, path):
    """Write the ONNX file."""
    H, T = net.hidden, sim.OBSERVATIONS
    g = Graph()
    for i, name in enumerate(sim.FEATURE_NAMES):
        mean, factor = f"{name}_mean", f"{name}_inv_scale"
        g.const(mean, x_mean[i])
        g.const(factor, 1.0 / x_scale[i])
        g.add("Sub", [name, mean], f"{name}_centred")
        g.add("Mul", [f"{name}_centred", factor], f"{name}_scaled")
    g.add("Concat", [f"{n}_scaled" for n in sim.FEATURE_NAMES], "window", axis=2)
    source = g.add("Transpose", ["window"], "sequence", perm=[1, 0, 2])
    g.const("direction_axis", [1], np.int64)
    for k in ("1", "2"):
        weights = [
            g.const(f"lstm{k}_W", net.p["w" + k].T[None]),
            g.const(f"lstm{k}_R", net.p["r" + k].T[None]),
            g.const(f"lstm{k}_B", np.concatenate([net.p["b" + k], np.zeros(4 * H)])[None]),
        ]
        g.add("LSTM", [source, *weights], f"lstm{k}_out", name=f"lstm{k}", hidden_size=H)
        source = g.add("Squeeze", [f"lstm{k}_out", "direction_axis"], f"lstm{k}_seq")
    g.const("last_step", T - 1, np.int64)
    g.add("Gather", [source, "last_step"], "last", axis=0)
    g.const("dense_W", net.p["wd"])
    g.const("dense_B", net.p["bd"])
    g.add("Gemm", ["last", "dense_W", "dense_B"], "dense", name="dense")
    g.const("hours_scale", y_scale)
    g.const("hours_mean", y_mean)
    g.add("Mul", ["dense", "hours_scale"], "hours_scaled")
    g.add("Add", ["hours_scaled", "hours_mean"], sim.OUTPUT[0])
    g.save(
        path,
        NAME,
        [(name, [1, T, 1]) for name in sim.FEATURE_NAMES],
        [(sim.OUTPUT[0], [1, 1])],
        "Hours until a liquid-staking redemption requested now can be claimed.",
        schema(),
    )


def run_onnx(path, x):
    """Run the file on windows ``x`` [N,5,8] in natural units -> hours [N,1,1]."""
    running = session(path)
    out = []
    for row in np.asarray(x, np.float32):
        feed = {n: row[None, :, i : i + 1] for i, n in enumerate(sim.FEATURE_NAMES)}
        out.append(running.run([sim.OUTPUT[0]], feed)[0])
    return np.stack(out)


def write_samples(path, te, out):
    """32 samples spread over the range of waits, with the outputs of onnxruntime."""
    order = np.argsort(te["y"], kind="stable")
    rows = order[np.linspace(0, len(order) - 1, 34).astype(int)[1:-1]]
    xs = te["x"][rows].astype(np.float32)
    arrays = {n: xs[:, None, :, i : i + 1] for i, n in enumerate(sim.FEATURE_NAMES)}
    np.savez(out / "samples.npz", **arrays, redemption_hours=run_onnx(path, xs))


def example_row(te):
    """The request of median wait among those made in a shock behind a long exit queue."""
    order = np.argsort(te["y"], kind="stable")
    hard = order[(te["regime"][order] == 2) & (te["x"][order, -1, 0] > 100_000)]
    return hard[len(hard) // 2]


def write_example(te, mean_abs, out):
    """``example.json``, and the model's card, which holds the same values."""
    x = te["x"][example_row(te)].astype(np.float32)
    tidy = {n: [[[round(float(v), 4)] for v in x[:, i]]] for i, n in enumerate(sim.FEATURE_NAMES)}
    write_json(out / "example.json", tidy)
    card = {
        "version": "1.0.0",
        "author": "Vouch",
        "description": "Predicts how many hours a liquid-staking redemption takes, from five observations of the queues.",
        "test": {
            "mean_abs": round(mean_abs, 2),
            "source": f"{len(te['y']):,} simulated requests that it was not trained on",
        },
        "sample": {n: [v for (v,) in rows[0]] for n, rows in tidy.items()},
    }
    write_json(out / f"{NAME}.card.json", card)
