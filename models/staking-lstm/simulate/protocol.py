"""A liquid-staking protocol in many worlds at once: buffer, redemption queue, reports, exit orders.

Its operation is an assumption, after Lido's public documentation.  Amounts are in ETH;
arrays have one entry per world.
"""

from __future__ import annotations

import numpy as np

from .consensus import EPOCHS_PER_DAY, HOURS_PER_EPOCH

REPORT_PERIOD = 225  # epochs between accounting reports (one day)
REQUEST_MARGIN = 20  # a request must be this many epochs old at the report
REPORT_DELAY = (3, 9)  # epochs from reference to execution, [low, high)
REPORT_MISS = 0.004  # chance that a report is skipped
ORDER_PERIOD = 75  # epochs between exit orders (8 hours)
ORDER_CAP_VALIDATORS = 600  # validators per exit order


class Protocol:
    """``uniform(lo, hi)`` draws a parameter from a uniform distribution."""

    def __init__(self, rng, uniform, worlds):
        day = EPOCHS_PER_DAY
        stake = uniform(3e6, 9.5e6)
        self.rewards = stake * uniform(0.024, 0.031) / 365 / day  # per epoch
        self.base_redeem = stake * np.exp(uniform(np.log(2.5e-4), np.log(9e-4))) / day
        self.base_deposit = self.base_redeem * np.exp(rng.normal(-0.1, 0.35, worlds))
        self.reserve = stake * uniform(0.0, 1.2e-3)  # buffer kept back when staking deposits
        self.restake_p = 1.0 / (uniform(4, 30) / 24 * day)  # how often spare buffer is staked
        self.signing_p = 1.0 / (uniform(4, 36) / 24 * day)  # operators' delay after an exit order
        self.report_phase = rng.integers(0, REPORT_PERIOD, worlds)
        self.order_phase = rng.integers(0, ORDER_PERIOD, worlds)
        self.discount_gain = uniform(1.0, 5.0)  # bp per unit of stress
        self.wait_gain = uniform(0.3, 2.5)  # bp per day of expected wait
        self.arbitrage = uniform(0.001, 0.008)  # extra redemptions per bp of discount
        self.buffer = self.reserve.copy()
        self.in_flight = np.zeros(worlds)  # ordered to exit, not yet received
        self.to_sign = np.zeros(worlds)  # validators ordered, exit not yet signed
        self.requested = np.zeros(worlds)  # cumulative
        self.paid = np.zeros(worlds)  # cumulative

    def receive(self, swept, deposit):
        """Swept stake, deposits and rewards enter the buffer."""
        self.in_flight -= swept
        self.buffer += swept + deposit + self.rewards

    def expected_days(self, ethereum):
        """The wait that holders expect of a redemption, days."""
        backlog = self.requested - self.paid
        return np.where(
            backlog <= self.buffer,
            0.5,
            ethereum.epochs_to_leave() / EPOCHS_PER_DAY
            + ethereum.sweep / 48
            + backlog / (19_200 * 9),
        )

    def discount(self, stress, expected_days, noise):
        """Discount of the token on the market, bp."""
        return (
            1.5
            + self.discount_gain * stress
            + self.wait_gain * np.maximum(expected_days - 1.0, 0)
            + noise
        )

    def redemptions(self, factor, expected_days, discount, size):
        """Redemptions of this epoch; demand falls off when the wait is long."""
        backlog = self.requested - self.paid
        patience = np.exp(-expected_days / 40) / (1 + (backlog / 250_000) ** 2)
        eager = 1 + self.arbitrage * np.clip(discount - 5.0, 0, 150)
        return self.base_redeem * factor * patience * eager * size

    def report(self, rng, epoch, eligible_until):
        """The daily report pays the oldest requests from the buffer.

        ``eligible_until`` is the cumulative amount of requests that are old enough.  Returns
        ``(epoch of execution, mask, cumulative paid)``, or None if no world has a report.
        """
        due = (epoch - self.report_phase) % REPORT_PERIOD == 0
        if not due.any():
            return None
        due &= rng.random(len(due)) >= REPORT_MISS
        eligible = eligible_until - self.paid
        pay = np.where(due, np.clip(np.minimum(eligible, self.buffer), 0, None), 0)
        self.buffer -= pay
        self.paid = self.paid + pay
        delay = rng.integers(*REPORT_DELAY, len(due))
        return epoch + delay, due.copy(), self.paid.copy()

    def restake(self, coin):
        """Stake the spare buffer again; returns the amount."""
        spare = self.buffer - (self.requested - self.paid) - self.reserve
        staked = np.where((coin < self.restake_p) & (spare > 32), spare, 0)
        self.buffer -= staked
        return staked

    def order_exits(self, epoch, ethereum):
        """Every eight hours, order exits for what buffer and expected income leave uncovered."""
        due = (epoch - self.order_phase) % ORDER_PERIOD == 0
        if due.any():
            horizon = ethereum.epochs_to_leave() + ethereum.sweep / 2 / HOURS_PER_EPOCH
            short = (
                (self.requested - self.paid) - self.buffer - self.in_flight - self.rewards * horizon
            )
            n = np.clip(np.ceil(short / 32), 0, ORDER_CAP_VALIDATORS) * due
            self.to_sign += n
            self.in_flight += 32 * n

    def sign_exits(self, coin):
        """Operators sign ordered exits; returns the number of validators."""
        signed = np.minimum(np.floor(self.to_sign * self.signing_p + coin), self.to_sign)
        self.to_sign -= signed
        return signed
