"""The simulated markets: holding a token by hand-computed values, losses, invariants.

python -m unittest -v
"""

import unittest

import numpy as np

import redemptions
import simulate as sim


def constant(days=80, **values):
    """A market in which nothing changes: paths [1, 6, days]."""
    base = {
        "yield": 0.0365,
        "peg_bp": 0.0,
        "depth_eth": 2_000.0,
        "predicted_hours": 48.0,
        "actual_hours": 48.0,
    }
    return {k: np.full((1, sim.TOKENS, days), v, float) for k, v in {**base, **values}.items()}


def hold(horizon, **values):
    paths = constant(**values)
    got, redeemed = sim.hold(paths, np.array([0]), np.array([0]), np.array([horizon]))
    return float(got[0, 0]), bool(redeemed[0, 0])


class Holding(unittest.TestCase):
    def test_slippage(self):
        # 2 % for 2,000 ETH: 100 ETH move the price by 0.1 %.
        self.assertAlmostEqual(float(sim.slippage(2_000.0)), 0.001)

    def test_safe_hours(self):
        self.assertAlmostEqual(float(sim.safe_hours(100.0)), 134.0)
        self.assertAlmostEqual(float(sim.safe_hours(-5.0)), 24.0)
        self.assertAlmostEqual(float(sim.safe_hours(5_000.0)), 816.0)

    def test_redeemed_in_time(self):
        # 48 h are safe with 76.8 h; the last such day has 4 days left. 6 days at 1 bp.
        got, redeemed = hold(10)
        self.assertTrue(redeemed)
        self.assertAlmostEqual(got, 6e-4, places=9)

    def test_redeemed_late(self):
        # It takes 144 h instead: two days late at 10 % a year.
        got, redeemed = hold(10, actual_hours=144.0)
        self.assertTrue(redeemed)
        self.assertAlmostEqual(got, 6e-4 - 2 * 0.10 / 365, places=9)

    def test_sold_where_redemption_takes_too_long(self):
        # 400 h: 10 days of yield, less 20 bp of discount and 10 bp of slippage, plus
        # the 10 bp by which buying on the market beats minting.
        got, redeemed = hold(10, predicted_hours=400.0, peg_bp=20.0)
        self.assertFalse(redeemed)
        self.assertAlmostEqual(got, 10e-4 - 30e-4 + 10e-4, places=9)

    def test_sold_where_the_market_is_cheaper(self):
        # 8 days of yield forgone cost more than 1 bp of slippage.
        got, redeemed = hold(10, predicted_hours=150.0, depth_eth=20_000.0)
        self.assertFalse(redeemed)
        self.assertAlmostEqual(got, 10e-4 - 1e-4, places=9)

    def test_discount_gained_by_redeeming(self):
        got, redeemed = hold(10, peg_bp=50.0)
        self.assertTrue(redeemed)
        self.assertAlmostEqual(got, 6e-4 + 40e-4, places=9)


class Utility(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(1)
        n = 8
        root = 0.02 * rng.standard_normal((n, 6, 6))
        self.d = dict(
            gain=0.01 * rng.standard_normal((n, 6)),
            loss_mean=0.002 * rng.random((n, 6)),
            loss_cov=np.einsum("nij,nkj->nik", root, root),
            gamma=sim.aversion(rng.random(n)),
            horizon=rng.uniform(7, 60, n),
        )
        self.w = rng.dirichlet(np.ones(6), n)

    def test_aversion(self):
        self.assertAlmostEqual(float(sim.aversion(0.0)), 200.0)
        self.assertAlmostEqual(float(sim.aversion(1.0)), 2.0)
        self.assertAlmostEqual(float(sim.aversion(0.5)), 20.0)

    def test_gradient(self):
        _, slope = sim.utility(self.w, **self.d)
        for i in range(6):
            step = np.zeros(6)
            step[i] = 1e-6
            up, down = (sim.utility(self.w + s * step, **self.d)[0] for s in (1, -1))
            self.assertTrue(np.allclose((up - down) / 2e-6, slope[:, i], rtol=1e-5, atol=1e-4))

    def test_expectation_over_losses(self):
        rng = np.random.default_rng(2)
        want, _ = sim.utility(self.w, **self.d)
        for n in range(3):
            d = {k: v[n] for k, v in self.d.items()}
            x = rng.multivariate_normal(d["loss_mean"], d["loss_cov"], 400_000)
            r = (d["gain"] - x) @ self.w[n]
            u = 100 * 365 / d["horizon"] * (r - 0.5 * d["gamma"] * r * r)
            self.assertLess(abs(u.mean() - want[n]), 5 * u.std() / np.sqrt(len(u)))


class Markets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        rng = np.random.default_rng(3)
        shape = (60, sim.TOKENS, sim.DAYS)
        hours = rng.lognormal(np.log(50), 1.0, shape)
        cls.queues = {
            "queue_eth": rng.uniform(10, 400_000, shape),
            "discount_bp": 3 + 2 * rng.standard_normal(shape),
            "predicted_hours": hours,
            "actual_hours": hours * rng.uniform(0.8, 1.2, shape),
        }
        cls.paths = sim.simulate_markets(cls.queues, 7)
        cls.d = sim.decide(cls.paths, 8)

    def test_inputs_are_in_their_ranges(self):
        x = self.d["x"]
        self.assertEqual(x.shape[1:], (sim.TOKENS, len(sim.FEATURES)))
        self.assertTrue((x >= sim.FEATURE_MIN).all() and (x <= sim.FEATURE_MAX).all())
        for name, key in (("horizon_days", "horizon"), ("risk", "risk")):
            low, high = next((s[2], s[3]) for s in sim.SETTINGS if s[0] == name)
            self.assertTrue((self.d[key] >= low).all() and (self.d[key] <= high).all())

    def test_everything_is_finite(self):
        for k, v in {**self.paths, **self.d}.items():
            self.assertTrue(np.isfinite(v).all(), k)

    def test_no_holding_reaches_beyond_the_history(self):
        self.assertLess((self.d["day"] + self.d["horizon"]).max(), sim.DAYS)
        self.assertGreaterEqual(self.d["day"].min(), sim.HISTORY)

    def test_inputs_know_nothing_of_the_future(self):
        later = {k: v.copy() for k, v in self.paths.items()}
        for v in later.values():
            if v.shape[-1] == sim.DAYS:
                v[..., 41:] = 1.0
        market = np.arange(60)
        day = np.full(60, 40)
        same = np.array_equal(sim.observe(self.paths, market, day), sim.observe(later, market, day))
        self.assertTrue(same)

    def test_restaked_tokens_pay_more_and_lose_more(self):
        share = self.paths["restaked"].mean(-1)
        high = share > 0.35
        self.assertGreater(self.paths["yield"][high].mean(), self.paths["yield"][~high].mean())
        self.assertGreater(self.paths["loss_mean"][high].mean(), 3 * self.paths["loss_mean"][~high].mean())

    def test_drawn_losses_have_the_stated_mean(self):
        # 60 markets are few; many draws of the same kind are not.
        rng = np.random.default_rng(5)
        restaked, services = np.full((4_000, 6, 365), 0.6), np.full((4_000, 6), 0.02)
        got = sim.losses(rng, restaked, services, 365)
        drawn = got["loss_events"].sum(-1)
        error = drawn.mean(1).std() / np.sqrt(len(drawn))
        self.assertLess(abs(drawn.mean() - got["loss_mean"].mean()), 4 * error)
        square = got["loss_own"].mean() + (got["loss_common"] ** 2).mean()
        self.assertLess(abs(drawn.var() / square - 1), 0.1)

    def test_same_seed_same_data(self):
        again = sim.decide(sim.simulate_markets(self.queues, 7), 8)
        for k, v in self.d.items():
            self.assertTrue(np.array_equal(again[k], v), k)


class Queues(unittest.TestCase):
    def test_drivers_are_shared(self):
        rng = np.random.default_rng(4)
        d = redemptions.demand(rng, 12, 30_000)
        for market in (0, 6):
            for k in ("operator", "network"):
                self.assertTrue((d[k][market : market + 6] == d[k][market]).all(), k)
        self.assertFalse(np.array_equal(d["stress"][0], d["stress"][1]))

    def test_forecasts_are_those_of_the_shipped_model(self):
        data = np.load(redemptions.STAKING / "samples.npz")
        names = redemptions.staking.FEATURE_NAMES
        x = np.concatenate([data[n][:, 0] for n in names], axis=2)
        got = redemptions.predict_hours(x, batch=7)
        self.assertTrue(np.allclose(got, data["redemption_hours"].ravel(), atol=1e-2))


if __name__ == "__main__":
    unittest.main()
