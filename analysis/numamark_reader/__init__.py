"""Reads the run directories of numamark, with nothing but Python's own library.

    import numamark_reader
    run = numamark_reader.open_run("results/quick-20260101T120000Z-1a2b3c")
    run.case("generate-1").metric("throughput_bytes_per_s")["value"]
    run.distribution("generate-1", "chunk_ns").quantile(0.99)      # from the ranks' own parts
    pandas.DataFrame(run.rows())                                    # one measured value a row
"""

from .distribution import Distribution, Stratum, index_of, lower_edge, upper_edge
from .proof import Difference, differences
from .run import Case, Part, Run, RunError, open_run, read_part

__all__ = [
    "Case",
    "Difference",
    "Distribution",
    "Part",
    "Run",
    "RunError",
    "Stratum",
    "differences",
    "index_of",
    "lower_edge",
    "open_run",
    "read_part",
    "upper_edge",
]
