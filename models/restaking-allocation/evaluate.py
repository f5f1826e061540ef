"""Scores on the test markets, with standard errors that are clustered by market."""

from __future__ import annotations

import numpy as np

import simulate as sim
from common.command import save_figure, two_panels

HORIZONS = {"7-12 d": (7, 13), "13-21 d": (13, 22), "22-35 d": (22, 36), "36-60 d": (36, 61)}
RISKS = {"0-0.25": (0.0, 0.25), "0.25-0.5": (0.25, 0.5), "0.5-0.75": (0.5, 0.75), "0.75-1": (0.75, 1.01)}
LABELS = {
    "network": "this model",
    "mean_variance_fitted": "mean-variance, fitted",
    "mean_variance_textbook": "mean-variance, textbook",
    "equal_weights": "equal weights",
    "highest_yield": "highest yield",
}


def utilities(d, shares):
    """Utility (%/year) in expectation over losses, and with the losses drawn."""
    expected, _ = sim.utility(
        shares, d["gain"], d["loss_mean"], d["loss_cov"], d["gamma"], d["horizon"]
    )
    r = (shares * (d["gain"] - d["loss_drawn"])).sum(1)
    return expected, 100 * 365 / d["horizon"] * (r - 0.5 * d["gamma"] * r * r)


def clustered(values, market):
    """Mean and standard error; the decisions of one market hang together."""
    mean = values.mean()
    sums = np.bincount(market, values - mean)
    count = len(np.unique(market))
    return float(mean), float(np.sqrt((sums * sums).sum() * count / max(count - 1, 1)) / len(values))


def _groups(d):
    yield from ((f"horizon {n}", (d["horizon"] >= a) & (d["horizon"] < b)) for n, (a, b) in HORIZONS.items())
    yield from ((f"risk {n}", (d["risk"] >= a) & (d["risk"] < b)) for n, (a, b) in RISKS.items())
    slow = d["x"][..., sim.LINKED].min(1) > 100
    yield from (("a fast exit", ~slow), ("no redemption under 100 h", slow))
    wide = d["x"][..., 5].max(1) > 60
    yield from (("calm pegs", ~wide), ("a discount over 60 bp", wide))


def compare(d, strategies):
    """Every strategy's score, and what the network has over each other one."""
    scored = {n: utilities(d, w) for n, w in strategies.items()}
    test = {}
    for n, (expected, drawn) in scored.items():
        w = strategies[n]
        mean, error = clustered(expected, d["market"])
        with_losses, its_error = clustered(drawn, d["market"])
        r = 100 * 365 / d["horizon"] * (w * (d["gain"] - d["loss_mean"])).sum(1)
        test[n] = {
            "utility": round(mean, 3),
            "standard_error": round(error, 3),
            "utility_losses_drawn": round(with_losses, 3),
            "standard_error_losses_drawn": round(its_error, 3),
            "return": round(float(r.mean()), 3),
            "worst_5_percent": round(float(np.sort(expected)[: max(len(expected) // 20, 1)].mean()), 2),
            "tokens_held": round(float((1 / (w * w).sum(1)).mean()), 2),
            "restaked_pct": round(float((w * d["x"][..., 6]).sum(1).mean()), 1),
        }
    ahead, by_group = {}, {}
    own = scored["network"][0]
    for n, (expected, _) in scored.items():
        if n != "network":
            mean, error = clustered(own - expected, d["market"])
            drawn, its_error = clustered(scored["network"][1] - scored[n][1], d["market"])
            ahead[n] = {
                "mean": round(mean, 3),
                "standard_error": round(error, 3),
                "mean_losses_drawn": round(drawn, 3),
                "standard_error_losses_drawn": round(its_error, 3),
            }
    for group, k in _groups(d):
        if not k.any():
            continue
        by_group[group] = {"decisions": int(k.sum())}
        for n, (expected, _) in scored.items():
            by_group[group][n] = round(float(expected[k].mean()), 2)
        mean, error = clustered(own[k] - scored["mean_variance_fitted"][0][k], d["market"][k])
        by_group[group]["ahead_of_fitted"] = {"mean": round(mean, 3), "standard_error": round(error, 3)}
    return {"test": test, "network_ahead_of": ahead, "test_by_group": by_group}


def forecast(d, y, own):
    """How far the expected yield is from what the shares then brought (%/year)."""
    e = y - own
    mean, error = clustered(e, d["market"])
    simple = np.abs(own - np.median(own)).mean()
    out = {
        "mean_abs": round(float(np.abs(e).mean()), 2),
        "median_abs": round(float(np.median(np.abs(e))), 2),
        "rmse": round(float(np.sqrt((e * e).mean())), 2),
        "bias": round(mean, 3),
        "bias_standard_error": round(error, 3),
        "correlation": round(float(np.corrcoef(y, own)[0, 1]), 3),
        "mean_abs_of_the_median": round(float(simple), 2),
        "mean_abs_by_horizon": {},
    }
    for n, (a, b) in HORIZONS.items():
        k = (d["horizon"] >= a) & (d["horizon"] < b)
        if k.any():
            out["mean_abs_by_horizon"][n] = round(float(np.abs(e[k]).mean()), 2)
    return out


def plot(d, strategies, y, own, path):
    fig, left, right = two_panels(9.6, 4.0)
    colours = ("#2a7f9e", "#d08a1e", "#8a6fb0", "#9aa5ab", "#b3324a")
    width = 0.16
    for i, (n, colour) in enumerate(zip(strategies, colours)):
        u = utilities(d, strategies[n])[0]
        bars = []
        for a, b in HORIZONS.values():
            k = (d["horizon"] >= a) & (d["horizon"] < b)
            bars.append(clustered(u[k], d["market"][k]) if k.any() else (0.0, 0.0))
        at = np.arange(len(bars)) + (i - 2) * width
        mean, error = np.array(bars).T
        left.bar(at, mean, width, yerr=error, color=colour, label=LABELS[n], error_kw={"lw": 0.8})
    left.set_xticks(range(len(HORIZONS)), HORIZONS)
    left.axhline(0, color="black", lw=0.6)
    left.set_title("Utility on the test markets, %/year, by horizon", fontsize=10)
    left.legend(fontsize=7.5, frameon=False)
    edges = np.quantile(y, np.linspace(0, 1, 13))
    edges[-1] += 1e-9
    centres, means, errors = [], [], []
    for a, b in zip(edges, edges[1:]):
        k = (y >= a) & (y < b)
        if k.any():
            mean, error = clustered(own[k], d["market"][k])
            centres.append(y[k].mean())
            means.append(mean)
            errors.append(error)
    span = [min(centres) - 1, max(centres) + 1]
    right.plot(span, span, color="black", lw=0.8)
    right.errorbar(centres, means, errors, fmt="o", ms=4, lw=1, color="#2a7f9e")
    right.set(xlabel="expected yield, %/year (twelfths)", ylabel="utility that came of it, %/year")
    right.set_title("Is the expected yield right on average?", fontsize=10)
    for ax in (left, right):
        ax.tick_params(labelsize=8)
    save_figure(fig, path)
