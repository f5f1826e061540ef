"""The model's inputs and output, and the estimate that needs no model."""

from __future__ import annotations

import numpy as np

from .consensus import (
    GWEI_PER_ETH,
    HOURS_PER_EPOCH,
    MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT,
    MIN_VALIDATOR_WITHDRAWABILITY_DELAY,
    compute_activation_exit_epoch,
)
from .protocol import REQUEST_MARGIN

OBSERVATIONS = 5  # window length
OBSERVATION_STEP = 112  # epochs between observations (11 h 57 min)

# The eight inputs: name, unit, declared minimum and maximum, description.
# Values outside the declared range are clipped to it, here and by the caller.
FEATURES = [
    (
        "exit_queue_eth",
        "ETH",
        0.0,
        3_000_000.0,
        "Stake waiting in Ethereum's validator exit queue",
    ),
    (
        "sweep_hours",
        "h",
        60.0,
        260.0,
        "Length of one full round of Ethereum's withdrawal sweep over the validator registry",
    ),
    (
        "queue_position_eth",
        "ETH",
        0.0,
        300_000.0,
        "Unpaid redemptions of the protocol ahead of this request, plus the request itself",
    ),
    (
        "buffer_coverage_pct",
        "%",
        0.0,
        200.0,
        "Protocol's liquid buffer as a share of queue_position_eth",
    ),
    (
        "pipeline_coverage_pct",
        "%",
        0.0,
        300.0,
        "Liquid buffer plus stake already ordered to exit and not yet received, "
        "as a share of queue_position_eth",
    ),
    (
        "net_outflow_eth_day",
        "ETH/day",
        -15_000.0,
        45_000.0,
        "Redemptions requested minus new deposits over the last 24 hours",
    ),
    (
        "token_discount_bp",
        "bp",
        -10.0,
        150.0,
        "Discount of the staking token to its redemption value on the secondary market",
    ),
    (
        "hours_to_report",
        "h",
        0.0,
        24.0,
        "Time until the reference slot of the protocol's next scheduled report",
    ),
]
FEATURE_NAMES = [f[0] for f in FEATURES]
FEATURE_MIN = np.array([f[2] for f in FEATURES])
FEATURE_MAX = np.array([f[3] for f in FEATURES])
OUTPUT = (
    "redemption_hours",
    "h",
    "Predicted time from the request to the moment it can be claimed",
)


def closed_form_hours(last_observation):
    """The estimate anyone can make from the last observation alone.

    If the buffer covers the request: the next report it is eligible for.
    Otherwise exit queue / churn + the fixed delays + half a sweep, rounded up
    to a report.  ``last_observation`` is ``[..., 8]`` in natural units.
    """
    x = np.asarray(last_observation, dtype=np.float64)
    queue, sweep, _, cover, _, _, _, to_report = np.moveaxis(x, -1, 0)
    churn = MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT / GWEI_PER_ETH
    epochs = queue / churn + compute_activation_exit_epoch(0) + MIN_VALIDATOR_WITHDRAWABILITY_DELAY
    funds = np.where(cover >= 100.0, 0.0, epochs * HOURS_PER_EPOCH + sweep / 2)
    ready = np.maximum(funds, REQUEST_MARGIN * HOURS_PER_EPOCH)
    reports = np.maximum(np.ceil((ready - to_report) / 24.0), 0.0)
    return to_report + 24.0 * reports + 5.5 * HOURS_PER_EPOCH
