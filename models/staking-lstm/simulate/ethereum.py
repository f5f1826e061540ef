"""Ethereum in many worlds at once: validator set, exit and entry queue, withdrawal sweep.

Amounts in ETH are floats, amounts in Gwei are integers; arrays have one entry per world.
"""

from __future__ import annotations

import numpy as np

from .consensus import (
    EPOCHS_PER_DAY,
    GWEI_PER_ETH,
    HOURS_PER_EPOCH,
    activated_balance,
    compute_activation_exit_epoch,
    compute_exit_epoch_and_update_churn,
    compute_withdrawable_epoch,
    exit_queue_balance,
    get_activation_exit_churn_limit,
    sweep_rotation_hours,
)


class Ethereum:
    """``shared(lo, hi)`` draws a parameter from a uniform distribution."""

    def __init__(self, shared, worlds):
        self.active = (shared(26e6, 39e6) * GWEI_PER_ETH).astype(np.int64)  # Gwei
        self.compounding = shared(0.0, 0.06)  # share of 0x02 validators, whose rewards are not swept
        self.mean_balance = 32 * (1 - self.compounding) + shared(100, 900) * self.compounding  # ETH
        self.partials = shared(0.0, 1.5)  # places per payload taken by EIP-7002 requests
        self.missed = shared(0.002, 0.015)  # missed slots
        self.registry_exited = shared(2e5, 1.1e6)  # indices that stay in the registry for good
        self.base_exits = shared(6_000, 31_000) / EPOCHS_PER_DAY  # ETH per epoch of everyone else
        self.base_entries = shared(8_000, 40_000) / EPOCHS_PER_DAY
        self.earliest = np.zeros(worlds, np.int64)
        self.to_consume = np.zeros(worlds, np.int64)
        self.entry_queue = np.zeros(worlds, np.int64)
        self.exit_lump = np.zeros(worlds)

    def begin_epoch(self, epoch):
        """Compute what holds for a whole epoch: ``churn`` in Gwei, ``queue`` in ETH, ``sweep`` in hours."""
        self.epoch = epoch
        self.churn = get_activation_exit_churn_limit(self.active)
        queue = exit_queue_balance(self.earliest, self.to_consume, epoch, self.churn)
        self.queue = queue / GWEI_PER_ETH
        validators = self.active / GWEI_PER_ETH / self.mean_balance
        self.sweep = sweep_rotation_hours(
            validators + self.registry_exited,
            validators * (1 - self.compounding),
            self.partials,
            self.missed,
        )

    def epochs_to_leave(self):
        """Epochs that the exit queue takes, without the sweep: queue / churn and the fixed delays."""
        return self.queue / (self.churn / GWEI_PER_ETH) + 261

    def others_exits(self, factor, gamma, operator, lumps):
        """Balance (Gwei) with which everyone else begins to exit in this epoch."""
        damp = np.clip((2_700_000 - self.queue) / 500_000, 0, 1)
        self.exit_lump += lumps * damp
        lump = np.minimum(self.exit_lump, 8_000)
        self.exit_lump -= lump
        others = (self.base_exits * factor * gamma + operator) * damp + lump
        return others.astype(np.int64) * GWEI_PER_ETH

    def exit(self, balance):
        """Put ``balance`` (Gwei) at the end of the exit queue where it is positive."""
        e, c = compute_exit_epoch_and_update_churn(
            self.earliest, self.to_consume, self.epoch, self.churn, balance
        )
        some = balance > 0
        self.earliest = np.where(some, e, self.earliest)
        self.to_consume = np.where(some, c, self.to_consume)

    def exit_to(self, arrivals, balance, place):
        """Exit ``balance`` (Gwei) of the protocol, and add it to ``arrivals`` [worlds, epochs].

        ``place`` is uniform in [0, 1): where the sweep is when the first piece can be withdrawn.
        """
        left = balance.copy()
        rows = np.arange(len(left))
        while True:  # an exit epoch at a time
            todo = left > 0
            if not todo.any():
                return
            start = np.maximum(self.earliest, compute_activation_exit_epoch(self.epoch))
            room = np.where(self.earliest < start, self.churn, self.to_consume)
            room = np.where(room == 0, self.churn, room)
            piece = np.where(todo, np.minimum(left, room), 0)
            self.exit(piece)
            left -= piece
            # The validators of one exit epoch come from one operator's run of
            # keys, so they are neighbours in the registry and swept together.
            wait = (place + 0.61803 * (left // GWEI_PER_ETH)) % 1.0
            ready = compute_withdrawable_epoch(self.earliest) + wait * self.sweep / HOURS_PER_EPOCH
            ready = np.minimum(np.ceil(ready).astype(np.int64), arrivals.shape[1] - 1)
            np.add.at(arrivals, (rows[todo], ready[todo]), (piece[todo] / GWEI_PER_ETH))

    def end_epoch(self, factor, staked):
        """Activate new stake (``staked`` ETH and everyone else's) and let exits leave."""
        entries = self.base_entries * factor * 0.9 + staked
        self.entry_queue += entries.astype(np.int64) * GWEI_PER_ETH
        activated = activated_balance(self.entry_queue, self.churn)
        self.entry_queue -= activated
        leaving = np.minimum(self.churn, (self.queue * GWEI_PER_ETH).astype(np.int64))
        self.active = self.active + activated - leaving
