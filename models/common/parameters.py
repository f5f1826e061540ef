"""The parameters of a network as one flat vector, and the scaling of its inputs."""

from __future__ import annotations

import numpy as np


class Parameters:
    """Named arrays that are views of one flat vector, so that an optimizer sees one array.

    ``shapes`` maps names to shapes.  Names of biases, and of other parameters without
    weight decay, begin with ``b``.
    """

    def __init__(self, shapes, dtype):
        self.shapes = shapes
        self.flat = np.zeros(sum(int(np.prod(s)) for s in shapes.values()), dtype)
        self.p = self.views(self.flat)

    def views(self, flat):
        """The named arrays of a vector with the layout of ``self.flat``."""
        out, at = {}, 0
        for k, s in self.shapes.items():
            n = int(np.prod(s))
            out[k] = flat[at : at + n].reshape(s)
            at += n
        return out

    def decayed(self):
        """1 where weight decay applies: weights, not biases."""
        mask = np.zeros_like(self.flat)
        for k, v in self.views(mask).items():
            v[...] = 0.0 if k.startswith("b") else 1.0
        return mask

    def glorot(self, rng, name, factor=1.0):
        """Draw a matrix from Glorot's uniform distribution, its limit times ``factor``."""
        shape = self.shapes[name]
        limit = np.sqrt(6 / sum(shape)) * factor
        self.p[name][...] = rng.uniform(-limit, limit, shape)


def fit_scaler(flat, low, high, reach):
    """Per column of ``flat`` [N,F]: ``(mean, scale)``, rounded to 4 digits.

    The scale is the standard deviation, enlarged where needed so that the whole range from
    ``low`` to ``high`` falls within [-reach, reach].
    """
    mean = flat.mean(0)
    scale = np.maximum(flat.std(0), np.maximum(high - mean, mean - low) / reach)
    return _digits(mean), _digits(scale * 1.0005)


def _digits(values):
    return np.array([float(f"{v:.4g}") for v in values])
