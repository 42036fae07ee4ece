"""A real run of the program: its values and those that this reader derives are equal."""

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
workload = "random"
allocator = "slab"
"""
# Further features of a run: arms, the same arm twice, a stop rule, dropped repetitions.
ARMS = JOB.replace(
    "repetitions = 2",
    """aa = true
limit = "20ms"
stop = { half_width = "20%", at_most = 8 }
drop = { run_delay = "30%" }""",
)
ARMS += """
[[arm]]
name = "batch-16"
slab.batch = 16
[[gate]]
metric = "stragglers"
at_most = 64
"""


def run(job, path, *arguments):
    command = [PROGRAM, "run", job, "--out", path, "--ranks", str(RANKS), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=2400)
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
        self.assertEqual({case["workload"] for case in run.document["cases"]}, {"generate", "random"})
        for case in run.case_ids:
            self.assertEqual(len(run.rounds(case)), 2, case)
            self.assertGreater(run.distribution(case, "refill_ns").count, 0, case)

    @needs(*NOTEBOOK_NEEDS)
    def test_the_notebook_shows_a_run_that_generates_nothing(self):
        job = self.path.parent / "random.toml"
        job.write_text(JOB[: JOB.index("[generate]")] + JOB[JOB.index("[allocate]") :].replace("slab", "system"))
        run(job, self.path.parent / "random")
        self.assertEqual(outputs(self.path.parent / "random").count("no sweep over generate.chunk"), 1)


@unittest.skipUnless(PROGRAM, "NUMAMARK does not name the program")
class RealComparison(RoundTrip, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = Path(folder.name) / "run"
        job = Path(folder.name) / "job.toml"
        job.write_text(ARMS)
        run(job, cls.path)

    def test_every_arm_is_there_and_the_end_is_the_rules_own(self):
        document = open_run(self.path).document
        self.assertTrue(document["complete"])
        self.assertIn(document["ended_by"], ("half_width", "at_most"))
        self.assertEqual({row["candidate"] for row in document["comparisons"]}, {"batch-16", "base-again"})
        generated = [case for case in document["cases"] if case["workload"] == "generate"]
        counted = [case for case in generated if len(case["dropped"]) < document["rounds"]]
        self.assertEqual([case["id"] for case in counted if case["limits"] is None], [])
        self.assertEqual(len(generated), 2 * 2, "an arm that changes the slab does not change what it is not used for")


if __name__ == "__main__":
    unittest.main()
