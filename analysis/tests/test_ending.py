"""The end of a run, on made-up rates."""

import unittest

from numamark_reader import ending

from . import made_up

STOP = {"half_width": 0.02, "at_most": 40, "time_ns": None}
QUIET = [100.0 + number % 3 * 0.1 for number in range(40)]
LOUD = [100.0 + number * 17 % 40 for number in range(40)]


def run(rates, rounds, ended_by, stop=STOP, drop=None, ranks=2, repetitions=None):
    """A run of one case, or of arms of one, with these rates by round; each rank did half."""
    arms = rates if isinstance(rates, dict) else {None: rates}
    planned = [{**made_up.PLANNED, "id": f"fill {arm}", "arm": arm, "compared_as": arm and "fill"} for arm in arms]
    records = {case["id"]: arms[case["arm"]][:rounds] for case in planned}
    whole = {
        case: [[made_up.at_rate(n, rate / ranks)] * ranks for n, rate in enumerate(of, 1)]
        for case, of in records.items()
    }
    ends = ended_by if isinstance(ended_by, list) else [ended_by] * ranks
    ends = [end and {"rounds": rounds, "ended_by": end} for end in ends]
    repetitions = repetitions or (stop["at_most"] if stop else rounds)
    return made_up.run_of(planned, whole, ends, stop=stop, drop=drop, repetitions=repetitions)


class Ending(unittest.TestCase):
    def complete(self, *arguments, **others):
        return ending.is_complete(run(*arguments, **others))

    def test_a_fixed_number_of_repetitions_ends_after_the_last(self):
        self.assertTrue(self.complete(QUIET, 3, "repetitions", stop=None))
        self.assertFalse(self.complete(QUIET, 3, "repetitions", stop=None, repetitions=4), "one is missing")
        self.assertFalse(self.complete(QUIET, 3, "half_width", stop=None))

    def test_a_quiet_run_ends_one_look_after_the_first(self):
        self.assertTrue(self.complete(QUIET, 10, "half_width"))
        for rounds, said in ((9, "half_width"), (10, "at_most"), (16, "half_width"), (40, "at_most")):
            self.assertFalse(self.complete(QUIET, rounds, said), (rounds, said))

    def test_a_loud_run_ends_at_the_most_rounds(self):
        self.assertTrue(self.complete(LOUD, 40, "at_most"))
        self.assertFalse(self.complete(LOUD, 10, "half_width"))
        self.assertTrue(self.complete(LOUD, 3, "at_most", stop={**STOP, "at_most": 3}))

    def test_only_the_run_knows_what_time_it_was(self):
        self.assertFalse(self.complete(LOUD, 7, "time"))
        self.assertTrue(self.complete(LOUD, 7, "time", stop={**STOP, "time_ns": 1}))
        self.assertFalse(self.complete(QUIET, 10, "time", stop={**STOP, "time_ns": 1}), "it was narrow by then")

    def test_ranks_must_agree_and_be_there(self):
        self.assertFalse(self.complete(LOUD, 7, ["time", "at_most"], stop={**STOP, "time_ns": 1}))
        self.assertFalse(self.complete(LOUD, 7, ["time", None], stop={**STOP, "time_ns": 1}))
        whole = run(LOUD, 7, "time", stop={**STOP, "time_ns": 1})
        self.assertEqual((ending.rounds(whole), ending.ended_by(whole)), (7, "time"))
        died = run(LOUD, 7, [None, None])
        self.assertEqual((ending.rounds(died), ending.ended_by(died)), (40, None))

    def test_arms_are_judged_by_their_ratio_and_in_pairs_of_rounds(self):
        both = {"base": LOUD, "other": [value * 1.1 for value in LOUD]}
        self.assertTrue(self.complete(both, 10, "half_width"), "each is loud, and they move together")
        self.assertFalse(self.complete({**both, "other": LOUD[::-1]}, 10, "half_width"))
        self.assertFalse(self.complete({"base": QUIET, "other": LOUD}, 10, "half_width"))

    def test_what_is_dropped_makes_nothing_certain(self):
        # At the look after six rounds there must be six values.
        slow = run(QUIET, 10, "half_width", drop={"cpu_share": 0.9})
        self.assertTrue(ending.is_complete(slow))
        record = slow.rounds("fill None")[3][0]
        record["noise"] = {**record["noise"], "cpu_share_min": 0.5}
        self.assertFalse(ending.is_complete(slow))

    def test_looks_are_even_and_grow_by_half(self):
        self.assertEqual(ending.LOOKS[:7], [6, 10, 16, 24, 36, 54, 82])


if __name__ == "__main__":
    unittest.main()
