"""The shipped market data is what ``market.py`` makes, and fits both models."""

import json
import unittest
from pathlib import Path

import numpy as np

import market
import redemptions
import simulate as sim


class Shipped(unittest.TestCase):
    def setUp(self):
        self.shipped = json.loads(Path(__file__).with_name("market.json").read_text())

    def test_is_what_the_script_makes(self):
        made = market.market()
        self.assertEqual({**made, "tokens": None}, {**self.shipped, "tokens": None})
        for one, other in zip(made["tokens"], self.shipped["tokens"], strict=True):
            self.assertEqual((one["name"], one["forecast"].keys()), (other["name"], other["forecast"].keys()))
            for name, values in one["forecast"].items():
                np.testing.assert_allclose(values, other["forecast"][name], rtol=1e-4, atol=1e-3)
            self.assertEqual(one["allocation"].keys(), other["allocation"].keys())
            for name, value in one["allocation"].items():
                np.testing.assert_allclose(value, other["allocation"][name], rtol=1e-4, atol=1e-3)

    def test_fits_the_models(self):
        self.assertEqual(len(self.shipped["tokens"]), sim.TOKENS)
        self.assertTrue(self.shipped["simulated"])
        staking = redemptions.staking
        for token in self.shipped["tokens"]:
            self.assertEqual(list(token["forecast"]), list(staking.FEATURE_NAMES))
            for (_, _, low, high, *_), values in zip(staking.FEATURES, token["forecast"].values()):
                self.assertTrue(all(low <= value <= high for value in values))
            own = [f for f in sim.FEATURES if f[0] != "redemption_hours"]
            self.assertEqual(list(token["allocation"]), [f[0] for f in own])
            for (_, _, low, high, *_), value in zip(own, token["allocation"].values()):
                self.assertTrue(low <= value <= high)


if __name__ == "__main__":
    unittest.main()
