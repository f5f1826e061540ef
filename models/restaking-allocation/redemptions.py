"""Redemption queues of the tokens of a market: models/staking-lstm's simulator and model.

A market is six protocols on one Ethereum.  Each is a world of
``models/staking-lstm/simulate``: consensus rules, buffer, first-in-first-out
queue, daily reports, exit orders.  The six worlds of a market have the same
network parameters, the same mass exits and the same ordinary exits of others,
and share part of the shocks to trust; each has its own copy of the exit queue.

What the allocation model gets as ``redemption_hours`` is what the shipped
``staking-lstm.onnx`` predicts for a request made at that moment; what a request
then really takes comes from the simulation.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np

from simulate import TOKENS  # also makes `common` importable
from common.onnx_file import session

STAKING = Path(__file__).resolve().parent.parent / "staking-lstm"
COMMON = 0.6  # weight of the market's shocks, and of the token's own


def _load(name, path):
    """A package by its folder: both models have a module ``simulate``."""
    spec = importlib.util.spec_from_file_location(
        name, path / "__init__.py", submodule_search_locations=[str(path)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where its relative imports look
    spec.loader.exec_module(module)
    return module


staking = _load("staking_lstm_simulate", STAKING / "simulate")


def demand(rng, worlds, steps):
    """``draw_demand`` with drivers that the six worlds of a market share."""
    own = staking.draw_demand(rng, worlds, steps)
    market = staking.draw_demand(rng, worlds // TOKENS, steps)
    market = {k: np.repeat(v, TOKENS, axis=0) for k, v in market.items()}
    mixed = {k: COMMON * (own[k] + market[k]) for k in ("stress", "pressure", "rebound")}
    return {**mixed, "operator": market["operator"], "network": market["network"]}


def predict_hours(windows, batch=4096):
    """What ``staking-lstm.onnx`` predicts for windows [N,5,8] in natural units."""
    import onnx

    model = onnx.load(STAKING / "staking-lstm.onnx")
    # The graph works on any number of rows; the file declares one.
    for info in (*model.graph.input, *model.graph.output):
        info.type.tensor_type.shape.dim[0].dim_param = "rows"
    del model.graph.value_info[:]
    running = session(model.SerializeToString())
    names = staking.FEATURE_NAMES
    windows = np.asarray(windows, np.float32)
    out = []
    for at in range(0, len(windows), batch):
        part = windows[at : at + batch]
        feed = {n: part[:, :, i : i + 1] for i, n in enumerate(names)}
        out.append(running.run(None, feed)[0].reshape(-1))
    return np.concatenate(out).astype(np.float64)


def simulate_queues(markets, seed, days, burn_in_days=30, tail_days=60):
    """The queues of ``markets`` markets, day by day.

    Returns arrays [markets, 6, days]: ``queue_eth`` unpaid redemptions including
    the sampled request, ``discount_bp`` of the token, ``predicted_hours`` and
    ``actual_hours`` of the last request sampled up to the start of that day.
    """
    out = staking.simulate_worlds(
        markets * TOKENS,
        seed,
        burn_in_days=burn_in_days,
        sample_days=days,
        tail_days=tail_days,
        demand=demand,
        group=TOKENS,
    )
    predicted = predict_hours(out["x"])
    start = burn_in_days * staking.EPOCHS_PER_DAY
    grid = start + np.arange(days) * staking.EPOCHS_PER_DAY
    columns = {
        "queue_eth": out["x"][:, -1, 2],
        "discount_bp": out["x"][:, -1, 6],
        "predicted_hours": predicted,
        "actual_hours": out["y"],
    }
    series = {k: np.empty((markets * TOKENS, days)) for k in columns}
    for world in range(markets * TOKENS):
        rows = np.flatnonzero(out["world"] == world)
        last = np.searchsorted(out["epoch"][rows], grid, side="right") - 1
        pick = rows[np.maximum(last, 0)]
        for k, column in columns.items():
            series[k][world] = column[pick]
    return {k: v.reshape(markets, TOKENS, days) for k, v in series.items()}
