"""A real run of the program: what it says and what this reader derives are the same."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from numamark_reader import open_run

from .notebook import NOTEBOOK_NEEDS, outputs
from .packages import needs
from .round_trip import RoundTrip

PROGRAM = os.environ.get("NUMAMARK")
# Each rank needs a CPU of its own, even where they share a node.
RANKS = min(2, len(os.sched_getaffinity(0)))
JOB = """
schema = 1
name = "reader"
seed = 7
[run]
warmup = "10ms"
duration = "100ms"
interval = "10ms"
repetitions = 2
[rank]
share_nodes = true
[generate]
chunk = ["4MiB", "8MiB"]
block = "1MiB"
[allocate]
workload = "larson"
allocator = "slab"
"""


def run(job, path, *arguments):
    command = [PROGRAM, "run", job, "--out", path, "--ranks", str(RANKS), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}")


@unittest.skipUnless(PROGRAM, "NUMAMARK does not name the program")
class RealRun(RoundTrip, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = Path(folder.name) / "run"
        job = Path(folder.name) / "job.toml"
        job.write_text(JOB)
        run(job, cls.path)

    def test_nothing_that_was_measured_is_missing(self):
        run = open_run(self.path)
        self.assertTrue(run.complete)
        self.assertEqual([part.rank for part in run.parts], list(range(RANKS)))
        self.assertEqual({case["workload"] for case in run.document["cases"]}, {"generate", "larson"})
        for case in run.case_ids:
            self.assertEqual(len(run.rounds(case)), 2, case)
            self.assertGreater(run.distribution(case, "refill_ns").count, 0, case)

    @needs(*NOTEBOOK_NEEDS)
    def test_the_notebook_shows_a_run_that_generates_nothing(self):
        job = self.path.parent / "larson.toml"
        job.write_text(JOB[: JOB.index("[generate]")] + JOB[JOB.index("[allocate]") :].replace("slab", "system"))
        run(job, self.path.parent / "larson")
        self.assertEqual(outputs(self.path.parent / "larson").count("no sweep over generate.chunk"), 1)


if __name__ == "__main__":
    unittest.main()
