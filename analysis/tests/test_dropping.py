"""The job's rule for disturbed repetitions, on records small enough to be judged by eye."""

import unittest
from types import SimpleNamespace

from numamark_reader.dropping import dropped, with_gaps

from .made_up import NOISE, repetition


def run(rule, planned, **noises):
    """A run of one rank: by case, what its noise differs in, round by round."""
    rounds = {
        case: [
            [{**repetition(number, 10**9, 1 << 20), "noise": {**NOISE, **noise}}]
            for number, noise in enumerate(of, 1)
        ]
        for case, of in noises.items()
    }
    return SimpleNamespace(document={"drop": rule, "planned": planned}, rounds=lambda case: rounds[case])


class Dropping(unittest.TestCase):
    def test_a_bound_is_accepted_and_what_is_beyond_it_is_not(self):
        planned = [{"id": "fill", "compared_as": None}]
        # 10 ms of waiting in 2 s of worker time are 0.5 %; the core clock fell by 1 %.
        for rule, expected in (
            (None, set()),
            ({"run_delay": 0.005}, set()),
            ({"run_delay": 0.004}, {1, 2}),
            ({"core_clock": 0.0101}, set()),
            ({"core_clock": 0.009, "steal": None}, {1, 2}),
            ({"cpu_share": 0.99}, set()),
            ({"cpu_share": 0.991}, {1, 2}),
            ({"steal": 0.0}, {2}),
        ):
            found = dropped(run(rule, planned, fill=[{"steal_ns": None}, {"steal_ns": 1}]))
            self.assertEqual(found, {"fill": {n: {"round": n, "rank": 0} for n in expected}}, rule)

    def test_what_one_arm_drops_its_pair_drops_too(self):
        planned = [{"id": arm, "compared_as": pair} for arm, pair in (("a", "x"), ("b", "x"), ("c", "y"), ("d", None))]
        slow, quiet = {"cpu_share_min": 0.5}, {}
        noises = {"a": [slow, quiet], "b": [quiet, slow], "c": [quiet, quiet], "d": [slow, quiet]}
        found = dropped(run({"cpu_share": 0.97}, planned, **noises))
        numbers = {case: sorted(gone) for case, gone in found.items()}
        self.assertEqual(numbers, {"a": [1, 2], "b": [1, 2], "c": [], "d": [1]})

    def test_nulls_stand_where_the_rounds_were(self):
        metric = {"value": 2.0, "values": [1.0, 2.0]}
        self.assertEqual(with_gaps(metric, [0, 2]), {"value": 2.0, "values": [None, 1.0, None, 2.0]})
        self.assertEqual(metric["values"], [1.0, 2.0])
