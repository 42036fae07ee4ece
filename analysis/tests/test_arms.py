"""Pairs of arms, on paper."""

import unittest

from numamark_reader.arms import comparisons
from numamark_reader.judged import JUDGED

from . import made_up

GIB = float(1 << 30)


def run(rates, host="n0", drop=None):
    """By arm, one list of rates a round: one a rank."""
    planned = [{**made_up.PLANNED, "id": f"fill {arm}", "arm": arm, "compared_as": "fill"} for arm in rates]
    rounds = {
        case["id"]: [[made_up.at_rate(n, rate) for rate in ranks] for n, ranks in enumerate(rates[case["arm"]], 1)]
        for case in planned
    }
    ranks = len(next(iter(rates.values()))[0])
    return made_up.run_of(planned, rounds, [None] * ranks, host, drop=drop)


class Arms(unittest.TestCase):
    def test_every_arm_is_held_against_the_base_in_the_order_of_the_job(self):
        rates = {"base": [[1, 2], [3, 4]], "b": [[2, 2], [2, 2]], "base-again": [[1, 1], [1, 1]]}
        rows = comparisons(run(rates))
        self.assertEqual(
            [(row["candidate"], row["same"]) for row in rows], [("b", False)] * 5 + [("base-again", True)] * 5
        )
        rate, _, refills, chunks, _ = rows[:5]
        self.assertEqual(
            (rate["metric"], rate["base_value"], rate["candidate_value"]),
            ("throughput_bytes_per_s", 2.5 * GIB, 2 * GIB),
        )
        counts = [rate[name] for name in ("hosts", "nodes", "rounds", "runs", "pairs")]
        self.assertEqual((rate["case"], counts), ("fill", [1, 2, 2, 1, 4]))
        self.assertEqual((rate["verdict"], rate["interval"]), (JUDGED, JUDGED))
        self.assertEqual([refills[name] for name in ("base_value", "hosts", "nodes", "pairs")], [None, 0, 0, 0])
        self.assertEqual(chunks["metric"], "chunk_ns.p99")
        self.assertEqual(comparisons(run({None: [[1]]})), [])

    def test_a_pair_is_of_one_rank_in_one_round_and_both_have_a_value(self):
        rows = comparisons(run({"base": [[1, 0], [5, 7]], "b": [[2, 2], [4, 0]]}, host=None))
        self.assertEqual((rows[0]["base_value"], rows[0]["candidate_value"]), (3 * GIB, 3 * GIB))
        self.assertEqual([rows[0][name] for name in ("hosts", "nodes", "rounds", "pairs")], [1, 1, 2, 2])

    def test_what_is_dropped_has_no_pair(self):
        dropping = run({"base": [[1], [5]], "b": [[2], [4]]}, drop={"cpu_share": 0.9})
        record = dropping.rounds("fill b")[0][0]
        record["noise"] = {**record["noise"], "cpu_share_min": 0.5}
        self.assertEqual([comparisons(dropping)[0][name] for name in ("base_value", "rounds")], [5 * GIB, 1])

    def test_a_quantile_is_of_all_ranks_together(self):
        both = run({"base": [[1, 1]], "b": [[1, 1]]})
        for case, slowest in (("fill base", 1000), ("fill b", 2000)):
            for rank, record in enumerate(both.rounds(case)[0]):
                record["histograms"] = {"chunk_ns": made_up.histogram([100] * 980 + [slowest] * 15 * rank)}
        row = comparisons(both)[3]
        self.assertEqual((row["metric"], row["base_value"], row["candidate_value"]), ("chunk_ns.p99", 100.0, 100.0))
        both.rounds("fill b")[0][1]["histograms"]["chunk_ns"] = made_up.histogram([100] * 980 + [2000] * 40)
        row = comparisons(both)[3]
        self.assertEqual((row["candidate_value"], row["nodes"], row["pairs"]), (2000.0, 1, 1))


if __name__ == "__main__":
    unittest.main()
