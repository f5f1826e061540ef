"""The consensus rules by hand-computed values, and the simulator's invariants.

python -m unittest -v
"""

import unittest

import numpy as np

import simulate as sim

ETH = sim.GWEI_PER_ETH


class Constants(unittest.TestCase):
    def test_time(self):
        self.assertEqual(sim.SECONDS_PER_EPOCH, 384)
        self.assertEqual(sim.EPOCHS_PER_DAY, 225)
        self.assertAlmostEqual(256 * sim.HOURS_PER_EPOCH, 27.3067, places=4)


class Churn(unittest.TestCase):
    def test_balance_churn(self):
        # 34,000,000 / 65,536 = 518.79..., rounded down to whole ETH.
        self.assertEqual(sim.get_balance_churn_limit(34_000_000 * ETH), 518 * ETH)
        # 10,000,000 / 65,536 = 152.58...
        self.assertEqual(sim.get_balance_churn_limit(10_000_000 * ETH), 152 * ETH)
        # 1,000,000 / 65,536 = 15.2..., below the minimum of 128.
        self.assertEqual(sim.get_balance_churn_limit(1_000_000 * ETH), 128 * ETH)

    def test_exit_churn_is_capped(self):
        self.assertEqual(sim.get_activation_exit_churn_limit(34_000_000 * ETH), 256 * ETH)
        self.assertEqual(sim.get_activation_exit_churn_limit(10_000_000 * ETH), 152 * ETH)
        # The cap is reached at 256 * 65,536 = 16,777,216 ETH exactly.
        self.assertEqual(sim.get_activation_exit_churn_limit(16_777_216 * ETH), 256 * ETH)
        self.assertEqual(sim.get_activation_exit_churn_limit(16_777_215 * ETH), 255 * ETH)

    def test_arrays(self):
        out = sim.get_activation_exit_churn_limit(np.array([10, 34]) * 10**6 * ETH)
        self.assertEqual(out.tolist(), [152 * ETH, 256 * ETH])


class ExitQueue(unittest.TestCase):
    churn = 256 * ETH

    def put(self, state, epoch, eth):
        e, c = sim.compute_exit_epoch_and_update_churn(*state, epoch, self.churn, eth * ETH)
        return int(e), int(c)

    def test_first_epoch(self):
        self.assertEqual(sim.compute_activation_exit_epoch(100), 105)
        self.assertEqual(sim.compute_withdrawable_epoch(105), 361)

    def test_eight_validators_fill_an_epoch(self):
        state = (0, 0)
        for k in range(8):  # 8 * 32 = 256
            state = self.put(state, 100, 32)
            self.assertEqual(state, (105, (256 - 32 * (k + 1)) * ETH))
        self.assertEqual(self.put(state, 100, 32), (106, 224 * ETH))

    def test_large_validator(self):
        # 2048 ETH: 256 in epoch 105, then 1792 = 7 * 256 more, so epoch 112, full.
        self.assertEqual(self.put((0, 0), 100, 2048), (112, 0))
        # One ETH more needs an eighth epoch and leaves 255 of it.
        self.assertEqual(self.put((0, 0), 100, 2049), (113, 255 * ETH))

    def test_mass_exit(self):
        # 1.6 million ETH = 6250 epochs of 256 ETH, the first of them 105:
        # the last is 105 + 6249, 27.8 days on.
        self.assertEqual(self.put((0, 0), 100, 1_600_000), (6354, 0))

    def test_queue_in_the_past_restarts(self):
        # What an earlier epoch left unused is lost.
        self.assertEqual(self.put((90, 200 * ETH), 100, 32), (105, 224 * ETH))
        # A queue that reaches further is joined at its end.
        self.assertEqual(self.put((500, 40 * ETH), 100, 32), (500, 8 * ETH))
        self.assertEqual(self.put((500, 8 * ETH), 100, 32), (501, 232 * ETH))

    def test_sum_equals_one_by_one(self):
        rng = np.random.default_rng(7)
        for _ in range(200):
            state = (int(rng.integers(80, 140)), int(rng.integers(0, 257)) * ETH)
            amounts = rng.integers(1, 2049, rng.integers(1, 40))
            single = state
            for a in amounts:
                single = self.put(single, 100, int(a))
            self.assertEqual(single, self.put(state, 100, int(amounts.sum())))

    def test_queue_balance(self):
        def ahead(e, c):
            return int(sim.exit_queue_balance(e, c, 100, self.churn)) // ETH

        self.assertEqual(ahead(0, 0), 0)  # never used
        self.assertEqual(ahead(104, 0), 0)  # all in the past
        self.assertEqual(ahead(105, 224 * ETH), 32)  # one validator ahead
        self.assertEqual(ahead(112, 0), 2048)
        self.assertEqual(ahead(6354, 0), 1_600_000)


class EntryQueue(unittest.TestCase):
    def test_limit(self):
        churn = 256 * ETH
        self.assertEqual(sim.activated_balance(100 * ETH, churn), 100 * ETH)
        self.assertEqual(sim.activated_balance(1000 * ETH, churn), 256 * ETH)


class Sweep(unittest.TestCase):
    def test_one_slot_takes_sixteen(self):
        taken, nxt = sim.sweep_one_slot(10, [True] * 40)
        self.assertEqual(taken, list(range(10, 26)))
        self.assertEqual(nxt, 26)

    def test_one_slot_wraps(self):
        taken, nxt = sim.sweep_one_slot(35, [True] * 40)
        self.assertEqual(taken, [*range(35, 40), *range(0, 11)])
        self.assertEqual(nxt, 11)

    def test_requested_partials_take_places(self):
        taken, nxt = sim.sweep_one_slot(0, [True] * 40, slots_taken_by_partials=8)
        self.assertEqual((len(taken), nxt), (8, 8))
        with self.assertRaises(ValueError):
            sim.sweep_one_slot(0, [True] * 40, slots_taken_by_partials=9)

    def test_one_slot_looks_at_16384(self):
        flags = [False] * 40_000
        flags[20_000] = True
        taken, nxt = sim.sweep_one_slot(0, flags)
        self.assertEqual((taken, nxt), ([], 16_384))
        taken, nxt = sim.sweep_one_slot(nxt, flags)
        self.assertEqual((taken, nxt), ([20_000], 32_768))

    def test_rotation(self):
        # A million validators, all with rewards to skim: 10^6 / 16 slots of 12 s.
        self.assertEqual(sim.sweep_rotation_slots(10**6, 10**6), 62_500)
        self.assertAlmostEqual(float(sim.sweep_rotation_hours(10**6, 10**6)), 208.3333, places=4)
        # No withdrawals: 2,000,000 / 16,384 slots.
        self.assertAlmostEqual(float(sim.sweep_rotation_slots(2 * 10**6, 0)), 122.0703, places=4)
        # One place in each payload used by a requested withdrawal.
        self.assertEqual(sim.sweep_rotation_slots(10**6, 9 * 10**5, 1.0), 60_000)

    def test_rotation_against_slot_by_slot(self):
        rng = np.random.default_rng(3)
        flags = (rng.random(30_000) < 0.3).tolist()
        at, seen, slots = 0, 0, 0
        while seen < len(flags):
            _, nxt = sim.sweep_one_slot(at, flags)
            seen += (nxt - at) % len(flags)
            at, slots = nxt, slots + 1
        formula = float(sim.sweep_rotation_slots(len(flags), sum(flags)))
        self.assertLess(abs(slots - formula), 2)


class ClosedForm(unittest.TestCase):
    def row(self, queue, sweep, cover, to_report):
        return np.array([queue, sweep, 1000.0, cover, 300.0, 0.0, 0.0, to_report])

    def test_buffer_covers(self):
        # The next report, plus 5.5 epochs until it is executed.
        self.assertAlmostEqual(
            float(sim.closed_form_hours(self.row(0, 200, 150, 10.0))), 10.5867, places=4
        )
        # Too young for a report in one hour (20 epochs are 2.13 h): the one after.
        self.assertAlmostEqual(
            float(sim.closed_form_hours(self.row(0, 200, 150, 1.0))), 25.5867, places=4
        )

    def test_through_the_exit_queue(self):
        # 57,600 ETH = 225 epochs = 24 h; 5 + 256 epochs = 27.84 h; half a sweep
        # 100 h; together 151.84 h, so the report at 10 + 6 * 24 = 154 h.
        self.assertAlmostEqual(
            float(sim.closed_form_hours(self.row(57_600, 200, 50, 10.0))), 154.5867, places=4
        )


class Simulator(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.days = dict(burn_in_days=6, sample_days=15, tail_days=80)
        cls.run_ = staticmethod(lambda: sim.simulate_worlds(6, 11, **cls.days))
        cls.out = cls.run_()

    def test_shape_and_ranges(self):
        x, y = self.out["x"], self.out["y"]
        self.assertEqual(x.shape, (len(y), sim.OBSERVATIONS, len(sim.FEATURES)))
        self.assertGreater(len(y), 100)
        self.assertTrue((x >= sim.FEATURE_MIN).all() and (x <= sim.FEATURE_MAX).all())
        self.assertTrue(np.isfinite(x).all() and np.isfinite(y).all())

    def test_nothing_is_paid_before_its_time(self):
        # At least the margin of 20 epochs and the 3 epochs of the report.
        self.assertGreaterEqual(self.out["y"].min(), 23 * sim.HOURS_PER_EPOCH - 1e-9)

    def test_first_in_first_out(self):
        for w in range(6):
            k = self.out["world"] == w
            paid_at = self.out["epoch"][k] * sim.HOURS_PER_EPOCH + self.out["y"][k]
            self.assertTrue((np.diff(paid_at) >= -1e-9).all())

    def test_same_seed_same_data(self):
        again = self.run_()
        self.assertTrue(np.array_equal(again["x"], self.out["x"]))
        self.assertTrue(np.array_equal(again["y"], self.out["y"]))


if __name__ == "__main__":
    unittest.main()
