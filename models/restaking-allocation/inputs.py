"""The model's inputs, the user's settings, and the constants of a position."""

from __future__ import annotations

import numpy as np

TOKENS = 6
DAYS = 135  # of which the first HISTORY only as history
HISTORY = 30
POSITION_ETH = 100.0  # what the user invests: prices the sale on the market
DEPTH_MOVE = 0.02  # depth is what moves the price by this
LATE_RATE = 0.10  # a year, for bridging a redemption that comes late
HORIZON_DAYS = (7, 60)
# Risk aversion at risk 0 and at risk 1, geometric in between.
AVERSION = (200.0, 2.0)

# The inputs of one token: name, unit, declared minimum and maximum, description.
# Values outside the declared range are clipped to it, here and by the caller.
# ``redemption_hours`` takes every integer that the proof of staking-lstm can
# hold; the graph itself clips it to REDEMPTION_HOURS.
FEATURES = [
    ("yield_pct", "%/year", 0.0, 20.0, "Yield that each token pays now"),
    (
        "yield_variance",
        "(%/year)^2",
        0.0,
        9.0,
        "Variance of each token's daily yield over the last 30 days",
    ),
    (
        "queue_eth",
        "ETH",
        0.0,
        300_000.0,
        "Unpaid redemptions of each token's protocol, the user's own included",
    ),
    (
        "redemption_hours",
        "h",
        -2048.0,
        2047.0,
        "Hours until a redemption of each token requested now can be claimed: "
        "the output of the model staking-lstm",
    ),
    (
        "liquidity_depth_eth",
        "ETH",
        100.0,
        5_000.0,
        "ETH that can be had for each token on the market before its price falls by 2 %",
    ),
    (
        "peg_deviation_bp",
        "bp",
        -20.0,
        300.0,
        "Discount of each token to its redemption value on the market",
    ),
    (
        "restaked_share_pct",
        "%",
        0.0,
        100.0,
        "Share of each token's stake that also secures other services",
    ),
]
FEATURE_NAMES = [f[0] for f in FEATURES]
FEATURE_MIN = np.array([f[2] for f in FEATURES])
FEATURE_MAX = np.array([f[3] for f in FEATURES])
LINKED = FEATURE_NAMES.index("redemption_hours")
REDEMPTION_HOURS = (0.0, 720.0)
SETTINGS = [
    ("horizon_days", "d", 7.0, 60.0, "Days after which the user wants the ether back"),
    ("risk", "1", 0.0, 1.0, "Appetite for risk: 0 avoids it, 1 hardly minds it"),
]


def aversion(risk):
    """The factor of half the squared return in the utility."""
    return AVERSION[0] * (AVERSION[1] / AVERSION[0]) ** np.asarray(risk)
