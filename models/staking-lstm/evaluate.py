"""Scores and figures on the test worlds."""

from __future__ import annotations

import numpy as np

import simulate  # noqa: F401  (makes `common` importable)
from common.command import save_figure, two_panels
from network import Net


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



def by_group(preds, y, group, names):
    """Scores of every forecast in each group of requests; ``names`` maps names to groups."""
    out = {}
    for name, code in names.items():
        k = group == code
        scores = {n: score(p[k], y[k]) for n, p in preds.items()}
        out[name] = {"requests": int(k.sum()), **scores}
    return out


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
    fig, left, right = two_panels(9.2, 4.0)
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
    save_figure(fig, path)
