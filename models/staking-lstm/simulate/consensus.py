"""Consensus rules of Ethereum: small pure functions, integers in Gwei, epochs and slots.

They restate the rules of the Ethereum consensus specifications (Phase0, Capella,
Electra) and are what ``test_simulate.py`` checks by hand-computed values.  They accept
Python integers and NumPy integer arrays alike, and the simulator calls these very
functions, vectorised over worlds.

Specifications: https://github.com/ethereum/consensus-specs
  specs/phase0/beacon-chain.md    compute_activation_exit_epoch
  specs/capella/beacon-chain.md   withdrawal sweep
  specs/electra/beacon-chain.md   balance-based churn (EIP-7251)
  configs/mainnet.yaml, presets/mainnet/*.yaml   the constants
"""

from __future__ import annotations

import numpy as np

GWEI_PER_ETH = 10**9

# configs/mainnet.yaml
SECONDS_PER_SLOT = 12
MIN_VALIDATOR_WITHDRAWABILITY_DELAY = 256  # epochs
CHURN_LIMIT_QUOTIENT = 65_536
MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA = 128 * GWEI_PER_ETH
MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT = 256 * GWEI_PER_ETH
# presets/mainnet/phase0.yaml
SLOTS_PER_EPOCH = 32
MAX_SEED_LOOKAHEAD = 4  # epochs
EFFECTIVE_BALANCE_INCREMENT = 1 * GWEI_PER_ETH
# presets/mainnet/capella.yaml
MAX_WITHDRAWALS_PER_PAYLOAD = 16
MAX_VALIDATORS_PER_WITHDRAWALS_SWEEP = 16_384
# presets/mainnet/electra.yaml
MIN_ACTIVATION_BALANCE = 32 * GWEI_PER_ETH
MAX_PENDING_PARTIALS_PER_WITHDRAWALS_SWEEP = 8

SECONDS_PER_EPOCH = SECONDS_PER_SLOT * SLOTS_PER_EPOCH  # 384 s
HOURS_PER_EPOCH = SECONDS_PER_EPOCH / 3600  # 0.10666...
EPOCHS_PER_DAY = 86_400 // SECONDS_PER_EPOCH  # 225


def get_balance_churn_limit(total_active_balance):
    """Stake (Gwei) that may change per epoch: active balance / 65536, at least
    128 ETH, rounded down to a whole ETH.  Electra, ``get_balance_churn_limit``."""
    churn = np.maximum(
        MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA, total_active_balance // CHURN_LIMIT_QUOTIENT
    )
    return churn - churn % EFFECTIVE_BALANCE_INCREMENT


def get_activation_exit_churn_limit(total_active_balance):
    """The part of the churn open to activations and exits: at most 256 ETH per
    epoch.  Electra, ``get_activation_exit_churn_limit``."""
    return np.minimum(
        MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT, get_balance_churn_limit(total_active_balance)
    )


def compute_activation_exit_epoch(epoch):
    """First epoch in which an exit initiated in ``epoch`` can take effect.
    Phase0, ``compute_activation_exit_epoch``."""
    return epoch + 1 + MAX_SEED_LOOKAHEAD


def compute_exit_epoch_and_update_churn(
    earliest_exit_epoch, exit_balance_to_consume, current_epoch, per_epoch_churn, exit_balance
):
    """Put ``exit_balance`` (> 0, Gwei) at the end of the exit queue.

    Returns the new ``(earliest_exit_epoch, exit_balance_to_consume)``; the
    first is also the exit epoch of the last Gwei put in.  Electra,
    ``compute_exit_epoch_and_update_churn``, with the two state fields and the
    churn limit passed in.

    With a constant churn limit one call for a sum equals one call per
    validator: the queue only counts balance (tested), so the simulator may
    add a whole epoch's exits at once.
    """
    epoch = np.maximum(earliest_exit_epoch, compute_activation_exit_epoch(current_epoch))
    room = np.where(earliest_exit_epoch < epoch, per_epoch_churn, exit_balance_to_consume)
    overflow = np.maximum(exit_balance - room, 0)
    extra_epochs = (overflow + per_epoch_churn - 1) // per_epoch_churn
    return epoch + extra_epochs, room + extra_epochs * per_epoch_churn - exit_balance


def compute_withdrawable_epoch(exit_epoch):
    """Epoch from which an exited validator's balance may be withdrawn.
    Phase0/Electra, ``initiate_validator_exit``."""
    return exit_epoch + MIN_VALIDATOR_WITHDRAWABILITY_DELAY


def exit_queue_balance(
    earliest_exit_epoch, exit_balance_to_consume, current_epoch, per_epoch_churn
):
    """Balance (Gwei) ahead of a validator that would exit now: the churn
    already taken from the first possible exit epoch on."""
    first = compute_activation_exit_epoch(current_epoch)
    taken = (earliest_exit_epoch - first + 1) * per_epoch_churn - exit_balance_to_consume
    return np.where(earliest_exit_epoch < first, 0, np.maximum(taken, 0))


def activated_balance(pending, per_epoch_churn):
    """Balance (Gwei) the entry queue activates in one epoch.

    Electra, ``process_pending_deposits``, with deposits treated as divisible:
    then no churn is carried over to the next epoch, and the limit of 16
    deposits per epoch, which deposits of 32 ETH never reach, is left out.
    """
    return np.minimum(pending, per_epoch_churn)


def sweep_one_slot(next_index, withdrawable, slots_taken_by_partials=0):
    """One slot of the withdrawal sweep over a list of booleans.

    Walks the registry from ``next_index``, at most 16384 validators, until the
    payload holds 16 withdrawals; up to 8 of the 16 may already be taken by
    requested partial withdrawals (EIP-7002).  Returns ``(indices, next_index)``.
    Capella/Electra, ``get_validators_sweep_withdrawals`` and
    ``update_next_withdrawal_validator_index``.  Reference only: the simulator
    uses its closed form ``sweep_rotation_slots``.
    """
    if not 0 <= slots_taken_by_partials <= MAX_PENDING_PARTIALS_PER_WITHDRAWALS_SWEEP:
        raise ValueError("partial withdrawals take at most 8 of the 16 places")
    count = len(withdrawable)
    room = MAX_WITHDRAWALS_PER_PAYLOAD - slots_taken_by_partials
    taken = []
    index = next_index
    for _ in range(min(count, MAX_VALIDATORS_PER_WITHDRAWALS_SWEEP)):
        if len(taken) == room:
            break
        if withdrawable[index]:
            taken.append(index)
        index = (index + 1) % count
    return taken, index


def sweep_rotation_slots(registry_size, withdrawable_count, partials_per_slot=0.0):
    """Slots the sweep needs once around the registry, withdrawable validators
    being spread evenly: bound either by the places per payload or by the
    16384 validators looked at per slot."""
    by_places = withdrawable_count / (MAX_WITHDRAWALS_PER_PAYLOAD - partials_per_slot)
    by_looks = registry_size / MAX_VALIDATORS_PER_WITHDRAWALS_SWEEP
    return np.maximum(by_places, by_looks)


def sweep_rotation_hours(
    registry_size, withdrawable_count, partials_per_slot=0.0, missed_slots=0.0
):
    """``sweep_rotation_slots`` in hours; a missed slot carries no payload."""
    slots = sweep_rotation_slots(registry_size, withdrawable_count, partials_per_slot)
    return slots / (1.0 - missed_slots) * SECONDS_PER_SLOT / 3600
