"""Simulate, train, export and evaluate the redemption-time model: one command.

    python train.py            # the shipped model (about six minutes, one core)
    python train.py --quick    # a small run into ./quick/, to see that it works

The network is two stacked LSTM layers of 50 units over a window of five
observations and a dense output.  It is trained here with plain NumPy
(back-propagation through time, AdamW), so that the only other packages needed
are those that write and run the ONNX file and draw the plot.
"""

from __future__ import annotations

import os

for _v in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_v] = "1"  # deterministic sums, and a good neighbour

import argparse  # noqa: E402
import json  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

import simulate as sim  # noqa: E402

HIDDEN = 50
SEED = 20260807
NAME = "staking-lstm"


# --------------------------------------------------------------------------
# The network in NumPy.  Gate order i, o, f, c as in ONNX.
# --------------------------------------------------------------------------


def _sigmoid(x):
    return 0.5 * np.tanh(0.5 * x) + 0.5


class Net:
    """LSTM -> LSTM -> dense.  All parameters are views of one flat vector."""

    def __init__(self, features, hidden=HIDDEN, dtype=np.float32, seed=0):
        h = hidden
        self.hidden = h
        self.shapes = {
            "w1": (features, 4 * h),
            "r1": (h, 4 * h),
            "b1": (4 * h,),
            "w2": (h, 4 * h),
            "r2": (h, 4 * h),
            "b2": (4 * h,),
            "wd": (h, 1),
            "bd": (1,),
        }
        size = sum(int(np.prod(s)) for s in self.shapes.values())
        self.flat = np.zeros(size, dtype)
        self.p = self.views(self.flat)
        rng = np.random.default_rng(seed)
        for k in ("w1", "w2", "wd"):  # Glorot uniform
            limit = np.sqrt(6 / sum(self.shapes[k]))
            self.p[k][...] = rng.uniform(-limit, limit, self.shapes[k])
        for k in ("r1", "r2"):  # orthogonal, gate by gate
            for g in range(4):
                q, _ = np.linalg.qr(rng.standard_normal((h, h)))
                self.p[k][:, g * h : (g + 1) * h] = q
        for k in ("b1", "b2"):  # forget gate open
            self.p[k][2 * h : 3 * h] = 1.0

    def views(self, flat):
        out, at = {}, 0
        for k, s in self.shapes.items():
            n = int(np.prod(s))
            out[k] = flat[at : at + n].reshape(s)
            at += n
        return out

    def decayed(self):
        """1 where weight decay applies: weights, not biases."""
        mask = np.zeros_like(self.flat)
        for k, v in self.views(mask).items():
            v[...] = 0.0 if k.startswith("b") else 1.0
        return mask

    def _layer(self, x, w, r, b, keep):
        """x [T,B,I] -> h [T,B,H] and what the backward pass needs."""
        T, B, _ = x.shape
        H = self.hidden
        z = (x.reshape(T * B, -1) @ w + b).reshape(T, B, 4 * H)
        hs = np.empty((T, B, H), x.dtype)
        cs = np.empty((T, B, H), x.dtype)
        ts = np.empty((T, B, H), x.dtype)
        h = c = None
        for t in range(T):
            zt = z[t]
            if t:
                zt += h @ r
            zt[:, : 3 * H] = _sigmoid(zt[:, : 3 * H])
            zt[:, 3 * H :] = np.tanh(zt[:, 3 * H :])
            i, o, f, g = (zt[:, k * H : (k + 1) * H] for k in range(4))
            c = i * g + f * c if t else i * g
            cs[t] = c
            ts[t] = np.tanh(c)
            h = o * ts[t]
            hs[t] = h
        return hs, ((x, z, hs, cs, ts) if keep else None)

    def _layer_back(self, cache, dh_out, w, r, gw, gr, gb, want_dx):
        x, z, hs, cs, ts = cache
        T, B, H = hs.shape
        dz = np.empty_like(z)
        dh = np.zeros((B, H), hs.dtype)
        dc = np.zeros((B, H), hs.dtype)
        for t in range(T - 1, -1, -1):
            i, o, f, g = (z[t][:, k * H : (k + 1) * H] for k in range(4))
            dh = dh + dh_out[t]
            dc = dc + dh * o * (1 - ts[t] ** 2)
            d = dz[t]
            d[:, :H] = dc * g * i * (1 - i)
            d[:, H : 2 * H] = dh * ts[t] * o * (1 - o)
            d[:, 2 * H : 3 * H] = dc * cs[t - 1] * f * (1 - f) if t else 0.0
            d[:, 3 * H :] = dc * i * (1 - g * g)
            if t:
                dh = d @ r.T
                dc = dc * f
        flat = dz.reshape(T * B, 4 * H)
        gw[...] = x.reshape(T * B, -1).T @ flat
        gb[...] = flat.sum(0)
        gr[...] = hs[:-1].reshape((T - 1) * B, H).T @ dz[1:].reshape((T - 1) * B, 4 * H)
        return (flat @ w.T).reshape(T, B, -1) if want_dx else None

    def forward(self, x, keep=False):
        """x [B,T,F] normalised -> y [B] normalised."""
        p = self.p
        x = np.ascontiguousarray(x.transpose(1, 0, 2))
        h1, k1 = self._layer(x, p["w1"], p["r1"], p["b1"], keep)
        h2, k2 = self._layer(h1, p["w2"], p["r2"], p["b2"], keep)
        y = (h2[-1] @ p["wd"] + p["bd"])[:, 0]
        return (y, (k1, k2, h2)) if keep else y

    def gradient(self, cache, dy):
        """Gradient of the flat vector, for dy = dLoss/dy [B]."""
        p = self.p
        grad = np.zeros_like(self.flat)
        g = self.views(grad)
        k1, k2, h2 = cache
        g["wd"][...] = h2[-1].T @ dy[:, None]
        g["bd"][...] = dy.sum()
        dh2 = np.zeros_like(h2)
        dh2[-1] = dy[:, None] * p["wd"][:, 0]
        dh1 = self._layer_back(k2, dh2, p["w2"], p["r2"], g["w2"], g["r2"], g["b2"], True)
        self._layer_back(k1, dh1, p["w1"], p["r1"], g["w1"], g["r1"], g["b1"], False)
        return grad

    def predict(self, x, batch=4096):
        return np.concatenate([self.forward(x[i : i + batch]) for i in range(0, len(x), batch)])


def huber(e, delta):
    """Mean Huber loss and its derivative with respect to ``e``."""
    a = np.abs(e)
    loss = np.where(a < delta, 0.5 * e * e, delta * (a - 0.5 * delta)).mean()
    return float(loss), np.clip(e, -delta, delta) / len(e)


def train(x, y, xv, yv, epochs, batch=256, lr=2.5e-3, decay=2e-2, delta=0.5, seed=SEED, log=print):
    """AdamW with cosine decay, gradient clipping and averaged weights; returns
    the averaged network that did best on the validation worlds."""
    rng = np.random.default_rng(seed)
    net = Net(x.shape[2], seed=seed)
    m, v = np.zeros_like(net.flat), np.zeros_like(net.flat)
    mean = net.flat.copy()
    best, best_loss, best_epoch = net.flat.copy(), np.inf, -1
    mask = net.decayed()
    total = epochs * (len(x) // batch)
    step = 0
    probe = Net(x.shape[2])
    history = []
    for epoch in range(epochs):
        order = rng.permutation(len(x))
        losses = []
        for i in range(0, len(x) - batch + 1, batch):
            rows = order[i : i + batch]
            out, cache = net.forward(x[rows], keep=True)
            loss, dy = huber(out - y[rows], delta)
            grad = net.gradient(cache, dy.astype(net.flat.dtype))
            norm = float(np.sqrt((grad * grad).sum()))
            if norm > 1.0:
                grad *= np.float32(1.0 / norm)
            step += 1
            cosine = 0.5 * (1 + np.cos(np.pi * step / total))
            rate = lr * min(1.0, step / 500) * (0.01 + 0.99 * cosine)
            m += np.float32(0.1) * (grad - m)
            v += np.float32(0.001) * (grad * grad - v)
            upd = (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
            net.flat -= (rate * (upd + decay * mask * net.flat)).astype(np.float32)
            keep = min(0.998, step / (step + 10))
            mean += np.float32(1 - keep) * (net.flat - mean)
            losses.append(loss)
        probe.flat[...] = mean
        val, _ = huber(probe.predict(xv) - yv, delta)
        history.append([float(np.mean(losses)), val])
        if val < best_loss:
            best, best_loss, best_epoch = mean.copy(), val, epoch
        log(f"epoch {epoch + 1:3d}  train {np.mean(losses):.5f}  validation {val:.5f}")
    net.flat[...] = best
    return net, {"best_epoch": best_epoch + 1, "history": history}


# --------------------------------------------------------------------------
# Scaling
# --------------------------------------------------------------------------


def fit_scaler(x):
    """Per feature ``(mean, scale)`` in natural units, rounded to 4 digits.

    The scale is the standard deviation on the training worlds, enlarged where
    needed so that the whole declared range falls within [-4, 4].
    """
    flat = x.reshape(-1, x.shape[-1])
    mean = flat.mean(0)
    scale = np.maximum(flat.std(0), np.maximum(sim.FEATURE_MAX - mean, mean - sim.FEATURE_MIN) / 4)
    digits = lambda a: np.array([float(f"{v:.4g}") for v in a])  # noqa: E731
    return digits(mean), digits(scale * 1.0005)


# --------------------------------------------------------------------------
# ONNX
# --------------------------------------------------------------------------


def schema():
    return {
        "inputs": [
            {"name": n, "unit": u, "description": d, "min": lo, "max": hi}
            for n, u, lo, hi, d in sim.FEATURES
        ],
        "outputs": [{"name": sim.OUTPUT[0], "unit": sim.OUTPUT[1], "description": sim.OUTPUT[2]}],
    }


def export(net, x_mean, x_scale, y_mean, y_scale, path):
    """Write the ONNX file: natural units in, natural units out."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    H, T = net.hidden, sim.OBSERVATIONS
    nodes, inits, inputs = [], [], []

    def const(name, value, dtype=np.float32):
        inits.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    for i, name in enumerate(sim.FEATURE_NAMES):
        inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, T, 1]))
        const(f"{name}_mean", x_mean[i])
        const(f"{name}_inv_scale", 1.0 / x_scale[i])
        nodes.append(helper.make_node("Sub", [name, f"{name}_mean"], [f"{name}_centred"]))
        nodes.append(
            helper.make_node("Mul", [f"{name}_centred", f"{name}_inv_scale"], [f"{name}_scaled"])
        )
    nodes.append(
        helper.make_node("Concat", [f"{n}_scaled" for n in sim.FEATURE_NAMES], ["window"], axis=2)
    )
    nodes.append(helper.make_node("Transpose", ["window"], ["sequence"], perm=[1, 0, 2]))
    const("direction_axis", [1], np.int64)
    source = "sequence"
    for k in ("1", "2"):
        const(f"lstm{k}_W", net.p["w" + k].T[None])
        const(f"lstm{k}_R", net.p["r" + k].T[None])
        const(f"lstm{k}_B", np.concatenate([net.p["b" + k], np.zeros(4 * H)])[None])
        nodes.append(
            helper.make_node(
                "LSTM",
                [source, f"lstm{k}_W", f"lstm{k}_R", f"lstm{k}_B"],
                [f"lstm{k}_out"],
                name=f"lstm{k}",
                hidden_size=H,
            )
        )
        source = f"lstm{k}_seq"
        nodes.append(helper.make_node("Squeeze", [f"lstm{k}_out", "direction_axis"], [source]))
    const("last_step", T - 1, np.int64)
    nodes.append(helper.make_node("Gather", [source, "last_step"], ["last"], axis=0))
    const("dense_W", net.p["wd"])
    const("dense_B", net.p["bd"])
    nodes.append(helper.make_node("Gemm", ["last", "dense_W", "dense_B"], ["dense"], name="dense"))
    const("hours_scale", y_scale)
    const("hours_mean", y_mean)
    nodes.append(helper.make_node("Mul", ["dense", "hours_scale"], ["hours_scaled"]))
    nodes.append(helper.make_node("Add", ["hours_scaled", "hours_mean"], [sim.OUTPUT[0]]))
    graph = helper.make_graph(
        nodes,
        NAME,
        inputs,
        [helper.make_tensor_value_info(sim.OUTPUT[0], TensorProto.FLOAT, [1, 1])],
        inits,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="vouch", ir_version=8
    )
    model.doc_string = "Hours until a liquid-staking redemption requested now can be claimed."
    helper.set_model_props(model, {"vouch.schema": json.dumps(schema(), separators=(",", ":"))})
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def run_onnx(path, x):
    """Run the file on windows ``x`` [N,5,8] in natural units -> hours [N,1,1]."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    out = []
    for row in np.asarray(x, np.float32):
        feed = {n: row[None, :, i : i + 1] for i, n in enumerate(sim.FEATURE_NAMES)}
        out.append(session.run([sim.OUTPUT[0]], feed)[0])
    return np.stack(out)


# --------------------------------------------------------------------------
# Naive forecasts and scores
# --------------------------------------------------------------------------


def _cases(x):
    """0 the buffer covers the request, 1 buffer and ordered exits do, 2 neither."""
    return np.where(x[:, -1, 3] >= 100, 0, np.where(x[:, -1, 4] >= 100, 1, 2))


def naive_forecasts(tr, te):
    """The forecasts to beat; what they fit, they fit on the training worlds."""
    out = {
        "persistence": te["persistence"],
        "mean": np.full(len(te["y"]), tr["y"].mean()),
        "closed_form": sim.closed_form_hours(te["x"][:, -1]),
    }
    # The closed form, corrected by a straight line in each of its three cases.
    cf_tr, cf_te = sim.closed_form_hours(tr["x"][:, -1]), out["closed_form"]
    fixed = np.empty(len(te["y"]))
    for case in range(3):
        a, b = _cases(tr["x"]) == case, _cases(te["x"]) == case
        slope, offset = np.polyfit(cf_tr[a], tr["y"][a], 1)
        fixed[b] = slope * cf_te[b] + offset
    out["closed_form_calibrated"] = fixed

    # Ridge regression on the whole window and the closed form: one for all
    # requests, and one for each of the three cases.
    a = np.concatenate([tr["x"].reshape(len(cf_tr), -1), cf_tr[:, None]], axis=1)
    b = np.concatenate([te["x"].reshape(len(cf_te), -1), cf_te[:, None]], axis=1)
    out["ridge"] = _ridge(a, tr["y"], b)
    pieces = np.empty(len(te["y"]))
    for case in range(3):
        i, j = _cases(tr["x"]) == case, _cases(te["x"]) == case
        pieces[j] = _ridge(a[i], tr["y"][i], b[j])
    out["ridge_by_case"] = pieces
    return out


def _ridge(a, y, b):
    """Ridge regression fitted on ``a``, ``y`` and applied to ``b``."""
    mean, sd = a.mean(0), a.std(0) + 1e-9
    a, b = (a - mean) / sd, (b - mean) / sd
    coef = np.linalg.solve(
        a.T @ a + 1e-3 * len(a) * np.eye(a.shape[1]), a.T @ (y - y.mean())
    )
    return b @ coef + y.mean()


def rounded_scores(net, x, y, unscale):
    """Scores when inputs and parameters keep only some fractional bits: a hint
    at what a fixed-point version of the model loses."""
    out = {}
    for bits in (6, 8, 10, 12):
        unit = 2.0**bits
        coarse = Net(x.shape[2], net.hidden)
        coarse.flat[...] = np.round(net.flat * unit) / unit
        rounded = (np.round(x * unit) / unit).astype(np.float32)
        out[f"{bits}_fractional_bits"] = score(unscale(coarse.predict(rounded)), y)
    return out


def score(pred, y):
    e = pred - y
    return {
        "mae_hours": round(float(np.abs(e).mean()), 2),
        "rmse_hours": round(float(np.sqrt((e * e).mean())), 2),
        "r2": round(float(1 - (e * e).sum() / ((y - y.mean()) ** 2).sum()), 4),
        "median_abs_hours": round(float(np.median(np.abs(e))), 2),
        "bias_hours": round(float(e.mean()), 2),
    }


REGIMES = {"calm": 0, "network_queue": 1, "protocol_shock": 2}
LABELS = {
    "lstm": "this model",
    "ridge_by_case": "ridge regression by case",
    "ridge": "ridge regression",
    "closed_form_calibrated": "closed form, calibrated",
    "closed_form": "closed form",
    "persistence": "last observed wait",
    "mean": "mean",
}


def plot(y, preds, regime, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    fig, (left, right) = plt.subplots(1, 2, figsize=(9.2, 4.0), dpi=90)
    rng = np.random.default_rng(0)
    pick = rng.permutation(len(y))[:3000]
    top = 1.1 * y.max()
    for (name, code), colour in zip(REGIMES.items(), ("#2a7f9e", "#d08a1e", "#b3324a")):
        k = pick[regime[pick] == code]
        left.plot(
            y[k],
            np.maximum(preds["lstm"][k], 1),
            ".",
            ms=2.5,
            alpha=0.45,
            color=colour,
            label=name.replace("_", " "),
        )
    left.plot([2, top], [2, top], color="black", lw=0.8)
    left.set(xscale="log", yscale="log", xlim=(2, top), ylim=(2, top))
    left.set(xlabel="simulated wait, hours", ylabel="predicted wait, hours")
    left.set_title("3,000 requests of the test worlds", fontsize=10)
    left.legend(fontsize=8, markerscale=3, frameon=False)
    names = [n for n in LABELS if n in preds]
    mae = [np.abs(preds[n] - y).mean() for n in names]
    bars = right.barh(
        [LABELS[n] for n in names][::-1],
        mae[::-1],
        color=["#9aa5ab"] * (len(names) - 1) + ["#2a7f9e"],
    )
    right.bar_label(bars, fmt="%.1f", fontsize=8, padding=2)
    right.set_xlim(0, max(mae) * 1.15)
    right.set_title("Mean absolute error on the test worlds, hours", fontsize=10)
    right.tick_params(labelsize=8)
    for ax in (left, right):
        ax.spines[["top", "right"]].set_visible(False)
    fig.tight_layout()
    fig.savefig(path, metadata={"Software": None})
    plt.close(fig)


# --------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a small run, into ./quick/")
    parser.add_argument("--out", type=Path, help="output folder")
    parser.add_argument("--cache", type=Path, help="keep the simulated data here (npz)")
    args = parser.parse_args()
    here = Path(__file__).resolve().parent
    out = args.out or (here / "quick" if args.quick else here)
    out.mkdir(parents=True, exist_ok=True)
    if args.quick:
        sizes, epochs = dict(train=60, validation=15, test=15), 12
    else:
        sizes, epochs = dict(train=1200, validation=150, test=200), 16

    start = time.time()
    sets = {}
    for i, (name, worlds) in enumerate(sizes.items()):
        # One seed per set: no world, and so no moment, is in two sets.
        cache = args.cache and args.cache / f"{name}-{worlds}.npz"
        if cache and cache.exists():
            sets[name] = dict(np.load(cache))
        else:
            sets[name] = sim.simulate(worlds, [SEED, i], chunk=160)
            if cache:
                np.savez(cache, **sets[name])
        count, spent = len(sets[name]["y"]), time.time() - start
        print(f"{name}: {worlds} worlds, {count} requests ({spent:.0f} s)")
    tr, va, te = (sets[k] for k in ("train", "validation", "test"))

    x_mean, x_scale = fit_scaler(tr["x"])
    y_mean, y_scale = (float(f"{v:.4g}") for v in (tr["y"].mean(), tr["y"].std()))
    norm = lambda s: ((s["x"] - x_mean) / x_scale).astype(np.float32)  # noqa: E731
    goal = lambda s: ((s["y"] - y_mean) / y_scale).astype(np.float32)  # noqa: E731
    batch = 128 if args.quick else 256
    net, info = train(norm(tr), goal(tr), norm(va), goal(va), epochs, batch)
    trained = time.time() - start

    path = out / f"{NAME}.onnx"
    export(net, x_mean, x_scale, y_mean, y_scale, path)
    (out / f"{NAME}.schema.json").write_text(json.dumps(schema(), indent=2) + "\n")

    # Everything below is scored on the worlds of the test set.
    y = te["y"]
    preds = {"lstm": net.predict(norm(te)) * y_scale + y_mean, **naive_forecasts(tr, te)}
    some = np.random.default_rng(SEED).permutation(len(y))[:2000]
    onnx_hours = run_onnx(path, te["x"][some])[:, 0, 0]
    gap = float(np.abs(onnx_hours - preds["lstm"][some]).max())
    print(f"onnxruntime against the trained network: {gap:.2e} h at most")
    assert gap < 0.05, "the exported graph differs from the trained network"

    # 32 samples spread over the range of waits.  The example is the request of
    # median wait among those made in a shock behind a long exit queue.
    order = np.argsort(y, kind="stable")
    rows = order[np.linspace(0, len(y) - 1, 34).astype(int)[1:-1]]
    xs = te["x"][rows].astype(np.float32)
    arrays = {n: xs[:, None, :, i : i + 1] for i, n in enumerate(sim.FEATURE_NAMES)}
    np.savez(out / "samples.npz", **arrays, redemption_hours=run_onnx(path, xs))
    hard = order[(te["regime"][order] == 2) & (te["x"][order, -1, 0] > 100_000)]
    example = hard[len(hard) // 2]
    xe = te["x"][example].astype(np.float32)
    tidy = {n: [[[round(float(v), 4)] for v in xe[:, i]]] for i, n in enumerate(sim.FEATURE_NAMES)}
    (out / "example.json").write_text(json.dumps(tidy, indent=1) + "\n")
    card = {
        "version": "1.0.0",
        "author": "Vouch",
        "description": "Predicts how many hours a liquid-staking redemption takes, from five observations of the queues.",
        "test": {
            "mean_abs": round(float(np.abs(preds["lstm"] - y).mean()), 2),
            "source": f"{len(y):,} simulated requests that it was not trained on",
        },
        "sample": {n: [v for (v,) in rows[0]] for n, rows in tidy.items()},
    }
    (out / f"{NAME}.card.json").write_text(json.dumps(card, indent=1) + "\n")

    case = _cases(te["x"])
    low, high = norm(tr).min((0, 1)), norm(tr).max((0, 1))
    metrics = {
        "seed": SEED,
        "parameters": int(net.flat.size),
        "features": {
            n: {
                "mean": x_mean[i],
                "scale": x_scale[i],
                "normalised_min": round(float(low[i]), 3),
                "normalised_max": round(float(high[i]), 3),
                "clipped_share_train": round(float(tr["clipped"][i]), 5),
            }
            for i, n in enumerate(sim.FEATURE_NAMES)
        },
        "target": {"mean": y_mean, "scale": y_scale},
        "worlds": sizes,
        "requests": {k: len(s["y"]) for k, s in sets.items()},
        "unpaid_requests_dropped": {k: int(s["unpaid"]) for k, s in sets.items()},
        "test_wait_percentiles": {
            str(q): round(float(np.percentile(y, q)), 1) for q in (1, 5, 25, 50, 75, 95, 99, 100)
        },
        "test": {n: score(p, y) for n, p in preds.items()},
        "test_by_regime": {
            r: {
                "requests": int((te["regime"] == c).sum()),
                **{n: score(p[te["regime"] == c], y[te["regime"] == c]) for n, p in preds.items()},
            }
            for r, c in REGIMES.items()
        },
        "test_by_case": {
            r: {
                "requests": int((case == c).sum()),
                **{n: score(p[case == c], y[case == c]) for n, p in preds.items()},
            }
            for c, r in enumerate(("buffer_covers", "ordered_exits_cover", "not_covered"))
        },
        "test_rounded": rounded_scores(net, norm(te), y, lambda v: v * y_scale + y_mean),
        "train_fit": score(net.predict(norm(tr)) * y_scale + y_mean, tr["y"]),
        "validation_fit": score(net.predict(norm(va)) * y_scale + y_mean, va["y"]),
        "best_epoch": info["best_epoch"],
        "epochs": epochs,
        "largest_weight": {k: round(float(np.abs(v).max()), 3) for k, v in net.p.items()},
        "lowest_prediction_hours": round(float(preds["lstm"].min()), 2),
        "onnxruntime_max_abs_diff_hours": gap,
        "example_actual_hours": round(float(y[example]), 2),
        "example_predicted_hours": round(float(run_onnx(path, xe[None])[0, 0, 0]), 2),
        "training_seconds": round(trained),
    }
    (out / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")
    plot(y, preds, te["regime"], out / "evaluation.png")
    for n, s in metrics["test"].items():
        print(f"{n:24s} MAE {s['mae_hours']:7.2f}  RMSE {s['rmse_hours']:7.2f}  R2 {s['r2']:7.4f}")
    print(f"{net.flat.size} parameters, {path.stat().st_size} bytes, {time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
