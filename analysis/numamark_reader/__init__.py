"""Reads the run directories of numamark: with Python's own library, and as polars frames where polars is installed.

import numamark_reader
run = numamark_reader.open_run("results/quick-20260101T120000Z-1a2b3c")
run.samples()                                                   # a LazyFrame: one measured value per row
run.cases()                                                     # a DataFrame: one row per case
run.log()                                                       # histograms.hlog, decoded
run.case("generate-1").metric("throughput_bytes_per_s")["value"]
run.distribution("generate-1", "chunk_ns").quantile(0.99)       # from the ranks' parts
numamark_reader.open_runs("results/*").samples()                # several runs, with a column `run`
"""

from .derive import derived
from .distribution import Distribution, Stratum, index_of, lower_edge, upper_edge
from .error import RunError
from .log import Interval, read_log
from .proof import Difference, Proof, prove
from .run import Case, Part, Run, open_run, read_part
from .runs import Runs, open_runs

__all__ = [
    "Case",
    "Difference",
    "Distribution",
    "Interval",
    "Part",
    "Proof",
    "Run",
    "RunError",
    "Runs",
    "Stratum",
    "derived",
    "index_of",
    "lower_edge",
    "open_run",
    "open_runs",
    "prove",
    "read_log",
    "read_part",
    "upper_edge",
]
