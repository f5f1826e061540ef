"""The network as an ONNX file: natural units in, shares and expected yield out."""

from __future__ import annotations

import numpy as np

import network
import simulate as sim
from common.command import write_json
from common.onnx_file import Graph, input_fields, output_fields, session

NAME = "restaking-allocation"
OUTPUTS = [
    (
        "expected_yield",
        "%/year",
        "Expected yield of these shares until the horizon, after exit costs, less a charge for risk",
    ),
    ("shares", "1", "Recommended share of each token; they sum to 1"),
]
# Integers per hour of the program of models/staking-lstm (its output): a proof of
# this model takes them as they are.  prover-native/tests/models.rs compares.
LINK_SCALE = 512.0


def schema():
    inputs = input_fields((*sim.FEATURES, *sim.SETTINGS))
    inputs[sim.LINKED]["scale"] = LINK_SCALE
    return {"inputs": inputs, "outputs": output_fields(OUTPUTS)}


class _Graph(Graph):
    """A graph in which every node has the name of its output."""

    def add(self, op, inputs, out, **attributes):
        return super().add(op, inputs, out, name=out, **attributes)

    def times(self, a, factor, out):
        return self.add("Mul", [a, self.const(f"{out}_factor", factor)], out)


def _quantities(g):
    """``network.quantities`` as nodes: twelve tensors [1,6]."""
    n = sim.TOKENS
    lo, hi = (g.const(f"hours_{k}", v) for k, v in zip(("min", "max"), sim.REDEMPTION_HOURS))
    g.add("Clip", ["redemption_hours", lo, hi], "hours")
    # Divisors are brought near 1, so that all reciprocals share one table.
    g.times("liquidity_depth_eth", 1e-3, "depth_scaled")
    g.add("Reciprocal", ["depth_scaled"], "depth_inverse")
    g.times("depth_inverse", 1e4 * sim.slippage(1e3), "slip_bp")
    g.times("horizon_days", 1 / 60, "horizon_scaled")
    g.add("Reciprocal", ["horizon_scaled"], "horizon_inverse")
    g.add("Add", ["peg_deviation_bp", "slip_bp"], "market_bp")
    g.add("Sub", ["peg_deviation_bp", "slip_bp"], "gap_bp")
    # A clip, not a Relu: the compiler then makes a maximum of it, and no table.
    ends = [g.const("entry_min", 0.0), g.const("entry_max", sim.FEATURE_MAX[5])]
    g.add("Clip", ["gap_bp", *ends], "entry_bp")
    for out, of, factor in (
        ("exit_year", "market_bp", network.BP_YEAR / 60),
        ("entry_year", "entry_bp", network.BP_YEAR / 60),
        ("wait_ratio", "hours", 1 / 24 / 60),
    ):
        g.add("Mul", [of, "horizon_inverse"], f"{out}_raw")
        g.times(f"{out}_raw", factor, out)
    for name in ("horizon_days", "risk"):
        g.add("Concat", [name] * n, f"{name}_each", axis=1)
    return [
        "yield_pct", "yield_variance", "queue_eth", "hours", "slip_bp", "peg_deviation_bp",
        "restaked_share_pct", "exit_year", "entry_year", "wait_ratio", "horizon_days_each", "risk_each",
    ]  # fmt: skip


def _layers(g, net):
    """From ``rows`` [6,12] to the two outputs."""
    n, p = sim.TOKENS, net.p
    for k in ("1", "2", "s", "v"):
        g.const(f"w{k}", p["w" + k])
        g.const(f"b{k}", p["b" + k])
    dense = lambda x, k, out: g.add(  # noqa: E731
        "Tanh", [g.add("Gemm", [x, f"w{k}", f"b{k}"], f"{out}_sum")], out
    )
    dense("rows", "1", "token")
    g.add("ReduceMean", ["token"], "context", axes=[0], keepdims=1)
    g.add("Concat", ["context"] * n, "context_each", axis=0)
    g.add("Concat", ["token", "context_each"], "both", axis=1)
    dense("both", "2", "features")
    for k, out in (("s", "score"), ("v", "value")):
        g.add("Transpose", [dense("features", k, f"{out}_column")], f"{out}_row", perm=[1, 0])
    gain, offset = (float(v) for v in p["bg"])
    g.times("score_row", network.SCORE, "score")
    g.add("Softmax", ["score"], "shares", axis=1)
    g.times("value_row", gain * network.SPREAD, "value")
    g.add("Mul", ["shares", "value"], "parts")
    axis = g.const("token_axis", [1], np.int64)
    g.add("ReduceSum", ["parts", axis], "sum", keepdims=1)
    g.add("Add", ["sum", g.const("offset", gain * network.LEVEL + offset)], "expected_yield")


def export(net, mean, scale, path):
    """Write the ONNX file."""
    g = _Graph()
    scaled = []
    for i, name in enumerate(_quantities(g)):
        g.add("Sub", [name, g.const(f"q{i}_mean", mean[i])], f"q{i}_centred")
        scaled.append(g.times(f"q{i}_centred", 1.0 / scale[i], f"q{i}"))
    g.add("Concat", scaled, "columns", axis=0)
    g.add("Transpose", ["columns"], "rows", perm=[1, 0])
    _layers(g, net)
    n = sim.TOKENS
    inputs = [(name, [1, n]) for name in sim.FEATURE_NAMES] + [(s[0], [1, 1]) for s in sim.SETTINGS]
    g.save(
        path,
        NAME,
        inputs,
        [("expected_yield", [1, 1]), ("shares", [1, n])],
        "Shares of six liquid staking and restaking tokens for a horizon and a risk.",
        schema(),
    )


def feed(x, horizon, risk):
    """The model's inputs for one decision."""
    x = np.asarray(x, np.float32)
    named = {n: x[None, :, i] for i, n in enumerate(sim.FEATURE_NAMES)}
    return {
        **named,
        "horizon_days": np.full((1, 1), horizon, np.float32),
        "risk": np.full((1, 1), risk, np.float32),
    }


def run_onnx(path, x, horizon, risk):
    """Run the file on decisions -> shares [N,6], expected yields [N]."""
    running = session(path)
    out = [running.run(["shares", "expected_yield"], feed(*row)) for row in zip(x, horizon, risk)]
    return np.concatenate([s for s, _ in out]), np.concatenate([y[0] for _, y in out])


# --------------------------------------------------------------------------
# Samples and card
# --------------------------------------------------------------------------


def _rounded(d, row):
    """A decision's inputs by name, in few digits."""
    fed = feed(d["x"][row], d["horizon"][row], d["risk"][row])
    return {k: [[round(float(v), 4) for v in a[0]]] for k, a in fed.items()}


def _example(d):
    """A decision with a middling horizon in a market where the tokens differ most in
    their redemption times, the least of them short."""
    hours = d["x"][..., sim.LINKED]
    fits = (d["horizon"] >= 14) & (d["horizon"] <= 30) & (np.abs(d["risk"] - 0.5) < 0.2)
    fits &= (hours.min(1) < 40) & (hours.max(1) < 600)
    spread = np.where(fits, hours.std(1), -1.0)
    return int(spread.argmax())


def sensitivity(path, x, horizon, risk, step=1e-3):
    """How far the shares of each decision move when inputs do: the root of the sum of
    squares over all inputs, each moved by ``step`` of its range."""
    base, _ = run_onnx(path, x, horizon, risk)
    total = np.zeros(len(horizon))

    def moved(x, horizon, risk):
        shares, _ = run_onnx(path, x, horizon, risk)
        return ((shares - base) ** 2).sum(1)

    for i, (_, _, lo, hi, _) in enumerate(sim.FEATURES):
        for token in range(sim.TOKENS):
            other = x.copy()
            other[:, token, i] += step * (hi - lo)
            total += moved(other, horizon, risk)
    days, dial = (step * (s[3] - s[2]) for s in sim.SETTINGS)
    total += moved(x, horizon + days, risk) + moved(x, horizon, risk + dial)
    return np.sqrt(total)


def write_markets(path, d, out, count=500):
    """The decisions whose shares react most: where rounding to integers costs most."""
    worst = np.argsort(-sensitivity(path, d["x"], d["horizon"], d["risk"]), kind="stable")
    fed = [feed(d["x"][r], d["horizon"][r], d["risk"][r]) for r in np.sort(worst[:count])]
    np.savez_compressed(out / "markets.npz", **{k: np.stack([f[k] for f in fed]) for k in fed[0]})


def write_samples(path, d, out):
    """32 decisions spread over horizons with onnxruntime's outputs, and an example."""
    order = np.argsort(d["horizon"], kind="stable")
    rows = order[np.linspace(0, len(order) - 1, 34).astype(int)[1:-1]]
    fed = [feed(d["x"][r], d["horizon"][r], d["risk"][r]) for r in rows]
    arrays = {k: np.stack([f[k] for f in fed]) for k in fed[0]}
    shares, y = run_onnx(path, d["x"][rows], d["horizon"][rows], d["risk"][rows])
    np.savez(out / "samples.npz", **arrays, shares=shares[:, None], expected_yield=y[:, None, None])
    example = _rounded(d, _example(d))
    write_json(out / "example.json", example)


def write_card(d, forecast, out):
    count = len(d["horizon"])
    card = {
        "version": "1.0.0",
        "author": "Vouch",
        "description": "Divides a holding among six liquid staking and restaking tokens for a horizon and "
        "an appetite for risk, and says which risk-adjusted yield to expect.",
        "test": {
            "mean_abs": forecast["mean_abs"],
            "source": f"expected yield, on {count:,} decisions in simulated markets that it was not trained on",
        },
        "sample": {n: rows[0] for n, rows in _rounded(d, _example(d)).items()},
    }
    write_json(out / f"{NAME}.card.json", card)
