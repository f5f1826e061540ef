"""Writes ``market.json``: one simulated market, as a validator's market data.

    python market.py

Per token the windows that models/staking-lstm takes and what this model takes besides
``redemption_hours``, which are the proved outputs of the former.  Values are
clipped to the declared ranges and rounded, as in a real question.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import redemptions
import simulate as sim

SEED = 2026
DAY = sim.HISTORY + 10
NAMES = ["Alder", "Birch", "Cedar", "Douglas", "Elm", "Fir"]
DECIMALS = 4


def market(seed=SEED, day=DAY):
    """The market's tokens at the start of a day."""
    staking = redemptions.staking
    out = staking.simulate_worlds(
        sim.TOKENS,
        seed,
        burn_in_days=30,
        sample_days=day + 1,
        tail_days=60,
        demand=redemptions.demand,
        group=sim.TOKENS,
    )
    at = (30 + day) * staking.EPOCHS_PER_DAY
    rows = [np.flatnonzero((out["world"] == w) & (out["epoch"] <= at))[-1] for w in range(sim.TOKENS)]
    windows = np.clip(out["x"][rows], staking.FEATURE_MIN, staking.FEATURE_MAX)
    # Histories of discounts are only needed up to this day, and no forecasts.
    days = 30 * staking.EPOCHS_PER_DAY + np.arange(day + 1) * staking.EPOCHS_PER_DAY
    shape = (1, sim.TOKENS, day + 1)
    discount = np.empty(shape)
    for world in range(sim.TOKENS):
        own = np.flatnonzero(out["world"] == world)
        last = np.searchsorted(out["epoch"][own], days, side="right") - 1
        discount[0, world] = out["x"][own[np.maximum(last, 0)], -1, 6]
    queues = {
        "queue_eth": np.broadcast_to(windows[:, -1, 2][None, :, None], shape),
        "discount_bp": discount,
        "predicted_hours": np.zeros(shape),
        "actual_hours": np.zeros(shape),
    }
    features = sim.observe(sim.simulate_markets(queues, seed + 1), 0, day)
    tokens = []
    for token, name in enumerate(NAMES):
        series = windows[token].T
        forecast = dict(zip(staking.FEATURE_NAMES, np.round(series, DECIMALS).tolist()))
        own = {
            feature: round(float(value), DECIMALS)
            for feature, value in zip(sim.FEATURE_NAMES, features[token])
            if feature != "redemption_hours"
        }
        tokens.append({"name": name, "forecast": forecast, "allocation": own})
    return {
        "source": "models/restaking-allocation/market.py",
        "as_of": f"day {day} of simulated market {seed}",
        "simulated": True,
        "tokens": tokens,
    }


if __name__ == "__main__":
    path = Path(__file__).with_name("market.json")
    path.write_text(json.dumps(market(), indent=1) + "\n")
