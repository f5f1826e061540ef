"""The optimiser by its optimality conditions; shrinkage by known cases.

python -m unittest -v
"""

import unittest

import numpy as np

import baselines


class Optimiser(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(1)
        root = rng.standard_normal((200, 6, 6)) * 0.01
        self.q = np.einsum("nij,nkj->nik", root, root) + 1e-6 * np.eye(6)
        self.mu = 0.003 * rng.standard_normal((200, 6))
        self.gamma = np.exp(rng.uniform(np.log(2), np.log(200), 200))

    def test_optimality(self):
        # Long only, one in all; no token outside gains more at the margin than those inside.
        w = baselines.optimise(self.mu, self.q, self.gamma)
        self.assertTrue((w >= 0).all() and np.allclose(w.sum(1), 1))
        slope = self.mu - self.gamma[:, None] * np.einsum("nij,nj->ni", self.q, w)
        top = slope.max(1, keepdims=True)
        self.assertLess((w * (top - slope)).sum(1).max(), 1e-9)
        self.assertTrue((w < 1e-9).any() and ((w > 1e-3).sum(1) > 2).any())

    def test_known_cases(self):
        eye = np.eye(6)[None] * 1e-4
        one = np.array([100.0])
        same = baselines.optimise(np.zeros((1, 6)), eye, one)
        self.assertTrue(np.allclose(same, 1 / 6))
        far = np.zeros((1, 6))
        far[0, 3] = 1.0
        self.assertTrue(np.allclose(baselines.optimise(far, eye, one), np.eye(6)[3]))
        # Two tokens, mu apart by gamma * sigma^2 * 0.5: shares 0.75 and 0.25.
        low = np.full((1, 6), -1.0)
        low[0, :2] = 0.005, 0.0
        got = baselines.optimise(low, eye, one)
        self.assertTrue(np.allclose(got[0, :3], [0.75, 0.25, 0.0]))


class Shrinkage(unittest.TestCase):
    def test_between_sample_and_target(self):
        rng = np.random.default_rng(2)
        x = rng.standard_normal((50, 30, 6)) * np.array([1, 1, 1, 2, 2, 3.0])
        s = baselines.ledoit_wolf(x)
        self.assertTrue((np.linalg.eigvalsh(s) > 0).all())
        centred = x - x.mean(1, keepdims=True)
        sample = np.einsum("nti,ntj->nij", centred, centred) / 30
        self.assertTrue(np.allclose(np.trace(s, axis1=1, axis2=2), np.trace(sample, axis1=1, axis2=2)))
        truth = np.diag([1, 1, 1, 4, 4, 9.0])
        error = lambda a: ((a - truth) ** 2).sum((1, 2)).mean()  # noqa: E731
        self.assertLess(error(s), error(sample))

    def test_many_samples_need_none(self):
        rng = np.random.default_rng(3)
        x = rng.standard_normal((1, 200_000, 3)) * np.array([1, 2, 3.0])
        self.assertTrue(np.allclose(baselines.ledoit_wolf(x)[0], np.cov(x[0].T, bias=True), atol=2e-3))


if __name__ == "__main__":
    unittest.main()
