"""Shares of a limit, on loops made up for it."""

import unittest

from numamark_reader import figures, limits
from numamark_reader.judged import JUDGED

from . import made_up

GIB = 1 << 30


def timing(kernel, gib, when="before", company="all", elapsed_ns=10**9):
    return {"kernel": kernel, "bytes": gib * GIB, "when": when, "with": company, "elapsed_ns": elapsed_ns}


def record(rate, *timings):
    """One rank with this number of GiB per second."""
    return {**made_up.at_rate(1, rate), "limits": list(timings)}


def parts(ends=({}, {}, {}), hosts=("a", "a", "b"), packages=(0, 1, None)):
    ranks = zip(hosts, packages, ends)
    begins = [({"host": host, "package": package}, {"limits": end}) for host, package, end in ranks]
    return [made_up.SimpleNamespace(rank=rank, begin=begin, end=end) for rank, (begin, end) in enumerate(begins)]


def of_case(rounds, kept=None, **others):
    return limits.of_case(parts(**others), "fill", rounds if kept is None else kept, rounds, figures.byte_rate)


class Limits(unittest.TestCase):
    def test_the_loop_with_the_highest_median_is_the_limit_of_every_repetition(self):
        fast, slow = [timing("memset", 4), timing("ordinary", 3)], [timing("memset", 2), timing("ordinary", 3)]
        rounds = [[record(2, *slow)], [record(2, *fast)], [record(2, *slow)]]
        self.assertEqual(limits.fastest(rounds), "ordinary")
        self.assertEqual(figures.limit_shares(rounds), [2 / 3] * 3)
        self.assertIsNone(limits.fastest([[record(2, timing("triad", 9))]]), "triad does more than store")
        self.assertIsNone(figures.limit_shares([[record(2)]]))

    def test_several_ranks_are_all_bytes_over_the_longest_time_before_and_after_together(self):
        one = record(1, timing("memset", 3), timing("memset", 3, "after"))
        other = record(1, timing("memset", 3, elapsed_ns=2 * 10**9), timing("memset", 5, "after"))
        # 6 GiB in 2 s before, 8 GiB in 1 s after.
        self.assertEqual(limits.with_all([one, other], "memset"), 14 * GIB / 3)
        self.assertIsNone(limits.with_all([one, record(1)], "memset"), "a rank has none")

    def test_nodes_sockets_and_hosts_have_their_own(self):
        loops = [[timing("memset", gib), timing("triad", 2 * gib)] for gib in (4, 8, 2)]
        found = of_case([[record(2, *loop) for loop in loops]])
        self.assertEqual([node["share"] for node in found["nodes"]], [0.5, 0.25, 1.0])
        self.assertEqual(
            [(of["host"], of["package"], of["ranks"]) for of in found["sockets"]], [("a", 0, [0]), ("a", 1, [1])]
        )
        self.assertEqual(
            [(of["host"], of["ranks"], of["share"]) for of in found["hosts"]], [("a", [0, 1], 4 / 12), ("b", [2], 1.0)]
        )
        self.assertEqual(found["hosts"][0]["triad_bytes_per_s"], 24 * GIB)
        self.assertEqual([of["share_alone"] for of in found["nodes"] + found["hosts"]], [None] * 5)
        self.assertIsNone(of_case([[record(2)] * 3]))

    def test_what_a_rank_measured_alone_counts_although_its_repetition_does_not(self):
        loop = timing("memset", 4)
        first = [record(9, loop, timing("memset", 8, company="alone"), timing("triad", 1, company="alone"))] * 3
        second = [record(4, loop)] * 3
        after = {"fill": [timing("memset", 16, "after", "alone")]}
        found = of_case([first, second], [second], ends=(after, {}, {"larson": after["fill"]}))
        self.assertEqual([of["write_alone_bytes_per_s"] for of in found["nodes"]], [12 * GIB, 8 * GIB, 8 * GIB])
        self.assertEqual([of["share_alone"] for of in found["nodes"]], [4 / 12, 0.5, 0.5])
        self.assertEqual(found["nodes"][0]["triad_alone_bytes_per_s"], GIB)

    def test_drift_is_judged_where_there_is_enough_of_it(self):
        both = [record(1, timing("memset", 3), timing("memset", 3, "after"))] * 3
        drifts = [of_case([both] * count)["drifted"] for count in (2, 3)]
        self.assertEqual(drifts, [False, JUDGED])
        once = of_case([[record(1, timing("memset", 3))] * 3])
        self.assertEqual((once["drift"], once["drifted"]), (None, False))


if __name__ == "__main__":
    unittest.main()
