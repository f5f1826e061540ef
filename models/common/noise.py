"""Mean-reverting noise for simulators."""

from __future__ import annotations

import numpy as np


def ornstein_uhlenbeck(start, shocks, a):
    """A stationary Ornstein-Uhlenbeck process of variance 1, one value per step.

    ``start`` and each of ``shocks`` are standard normal arrays of one shape, which the
    caller draws.  ``a`` is the correlation of two steps, exp(-step / time constant).
    Returns ``[1 + len(shocks), *shape]``.
    """
    scale = np.sqrt(1 - a * a)
    out = np.empty((1 + len(shocks), *np.shape(start)))
    out[0] = start
    for i, shock in enumerate(shocks, 1):
        out[i] = a * out[i - 1] + scale * shock
    return out
