"""Ridge regression."""

from __future__ import annotations

import numpy as np

RIDGE = 1e-3


class Ridge:
    """Ridge regression of ``y`` [N] on standardised columns ``a`` [N,F]."""

    def __init__(self, a, y):
        self.mean, self.sd, self.level = a.mean(0), a.std(0) + 1e-9, y.mean()
        z = self.standardised(a)
        gram = z.T @ z + RIDGE * len(z) * np.eye(z.shape[1])
        self.coef = np.linalg.solve(gram, z.T @ (y - self.level))

    def standardised(self, a):
        """Columns in standard deviations from the mean that was fitted."""
        return (a - self.mean) / self.sd

    def predict(self, a):
        return self.standardised(a) @ self.coef + self.level
