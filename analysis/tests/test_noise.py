"""A rank's noise is that of its workers."""

import unittest

from numamark_reader import noise

from .made_up import NOISE, WORKER


class Noise(unittest.TestCase):
    def test_a_rank_has_the_sums_of_its_workers_and_the_worst_of_their_shares(self):
        slow = {**WORKER, "cpu_ns": 5 * 10**8, "probe_before_ns": 32000.0, "probe_after_ns": 40000.0}
        found = noise.of_workers([WORKER, slow, WORKER])
        self.assertEqual((found["minor_faults"], found["run_delay_ns"], found["migrations"]), (6, 15 * 10**6, 3))
        # Its clock fell by a fifth; it was as slow as any before.
        self.assertEqual(
            (found["cpu_share_min"], found["core_clock_change"], found["core_probe_ns"]), (0.5, 0.8 - 1, 32000.0)
        )

    def test_what_one_worker_does_not_know_is_not_known(self):
        found = noise.of_workers([WORKER, {**WORKER, "migrations": None, "wall_ns": 0, "probe_after_ns": 0.0}])
        self.assertEqual((found["migrations"], found["run_delay_ns"], found["cpu_share_min"]), (None, 10**7, 0.99))
        self.assertEqual((found["core_clock_change"], found["core_probe_ns"]), (0.99 - 1, 31680.0))
        self.assertEqual(noise.of_workers([]), {})

    def test_the_made_up_record_is_possible(self):
        again = noise.of_workers(NOISE["workers"])
        self.assertEqual({name: NOISE[name] for name in again}, again)


if __name__ == "__main__":
    unittest.main()
