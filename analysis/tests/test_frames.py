"""Noise, limits and comparisons as frames."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from numamark_reader import open_run, open_runs

from . import made_up
from .packages import needs
from .round_trip import ANALYSIS

GIB = float(1 << 30)
#: Made-up judgements of a comparison.
JUDGED = {
    "ratio": 1.5,
    "interval": {"low": 1.25, "high": 2.0, "level": 0.5},
    "scope": "these_hosts",
    "replicated": "round",
    "replicates": 2,
    "replicates_needed": 9,
    **dict.fromkeys(("smallest_detectable", "p", "p_adjusted", "p_signed_rank", "reason")),
    "floor": {"ratio": 1.0, "interval": None, "unstable": True},
    "verdict": "cannot_tell",
}


@needs("polars")
class Frames(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)
        self.run = open_run(made_up.write_whole_run(self.path / "run"))

    def test_noise_has_a_row_a_worker_and_repetition(self):
        frame = self.run.noise()
        self.assertEqual(frame.height, 2 * 2 * 2)
        second = frame.filter(rank=1, repetition=1, worker=1)
        self.assertEqual(second.select("case", "host", "node", "pu", "dropped").rows(), [("fill", "n1", 0, 1, False)])
        self.assertEqual(
            second.select("involuntary_switches", "run_delay_ns", "cpu_share").rows(), [(2, 5 * 10**6, 0.99)]
        )
        self.assertEqual(frame["core_clock_change"].unique().to_list(), [0.99 - 1])
        self.assertEqual(frame["arm"].null_count(), frame.height)

    def test_noise_says_which_repetitions_are_dropped(self):
        self.run.document["drop"] = {"run_delay": 10**7 / (4 * 10**9)}
        # The bound is what rank 0 has in the first round; rank 1 was a nanosecond faster, which is beyond it.
        self.assertEqual(
            self.run.noise().group_by("repetition").agg(dropped()).sort("repetition").rows(), [(1, True), (2, False)]
        )

    def test_limits_have_a_row_a_node_socket_and_host(self):
        frame = self.run.limits()
        self.assertEqual(frame["scope"].to_list(), ["node"] * 2 + ["socket"] * 2 + ["host"] * 2)
        node = frame.filter(scope="node", host="n0")
        # 2 GiB in 2 s and then in 4 s; the ordinary loop does twice as much in the same time.
        self.assertEqual(node.select("ranks", "write_bytes_per_s", "share").rows(), [([0], 1.5 * GIB, 0.5)])
        self.assertEqual(node.select("package", "share_alone", "drifted").rows(), [(0, None, False)])
        self.run.document["cases"][0]["limits"] = None
        self.assertEqual(self.run.limits().shape, (0, frame.width))

    def test_comparisons_have_a_row_a_metric_with_its_interval_and_floor(self):
        self.assertEqual(self.run.comparisons().height, 0)
        row = {"case": "fill", "workload": "generate", "base": "base", "candidate": "b", "same": False, "unit": "share"}
        row.update(metric="refill_share", better="lower", base_value=2.0, candidate_value=3.0, difference=0.02)
        row.update(dict.fromkeys(("hosts", "nodes", "rounds", "runs", "pairs"), 1), **JUDGED)
        self.run.document["comparisons"] = [row, {**row, "interval": None, "floor": None, "replicates_needed": None}]
        frame = self.run.comparisons()
        self.assertEqual(
            frame.select("ratio", "low", "high", "level").rows(), [(1.5, 1.25, 2.0, 0.5), (1.5, None, None, None)]
        )
        floors = frame.select("floor_ratio", "floor_low", "floor_unstable").rows()
        self.assertEqual(floors, [(1.0, None, True), (None, None, None)])
        self.assertEqual(frame.schema, type(self.run)(self.path, {"comparisons": []}).comparisons().schema)

    def test_those_of_several_runs_stand_below_each_other(self):
        made_up.write_whole_run(self.path / "second")
        both = open_runs(self.path / "*")
        for frame, rows in ((both.noise(), 8), (both.limits(), 6), (both.comparisons(), 0)):
            self.assertEqual((frame.columns[0], frame.height), ("run", 2 * rows))
            self.assertEqual(frame["run"].n_unique(), 2 if rows else 0)

    def test_polars_is_loaded_by_whoever_asks_for_a_frame(self):
        code = "import sys, numamark_reader as n; r = n.open_run(sys.argv[1]); r.parts; print('polars' in sys.modules)"
        for more, expected in (("", ["False"]), ("; r.noise(); print('polars' in sys.modules)", ["False", "True"])):
            command = [sys.executable, "-c", code + more, self.path / "run"]
            done = subprocess.run(command, cwd=ANALYSIS, check=True, capture_output=True, text=True, timeout=2400)
            self.assertEqual(done.stdout.split(), expected)


def dropped():
    import polars

    return polars.col("dropped").all()


if __name__ == "__main__":
    unittest.main()
