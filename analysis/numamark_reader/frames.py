"""Runs as polars frames. The only module that needs polars; nothing loads it but a call that asks for a frame."""

try:
    import polars
except ImportError as why:
    raise ImportError(
        "frames need polars: `pip install polars`, or use analysis/.venv, which scripts/setup.sh analysis makes"
    ) from why

from .samples import parameters, words_among_parameters

#: What the plan says of a case that generates; null for others.
EXPECTED = (
    "blocks_per_chunk",
    "busy_workers",
    "working_set_bytes",
    "l3_bytes",
    "memory_bytes_min",
    "memory_bytes_max",
)


def samples(run):
    """samples.parquet, lazily."""
    return polars.scan_parquet(run.file("samples.parquet"), glob=False)


def sample_rows(run):
    """samples.parquet as a DataFrame whose times are milliseconds since 1970, as in the parts."""
    return samples(run).with_columns(polars.col("began").dt.epoch("ms")).collect()


def cases(run):
    """One row a case: id, workload, parameters, totals, the range expected, and the median of every metric."""
    found = run.document["cases"]
    words = words_among_parameters(found)
    return polars.DataFrame([_case_row(case, words) for case in found], infer_schema_length=None)


def _case_row(case, words):
    row = {"case": case["id"], "workload": case["workload"], **parameters(case, words)}
    row.update((f"total_{name}", value) for name, value in case["total"].items())
    row.update((f"expected_{name}", (case["expected"] or {}).get(name)) for name in EXPECTED)
    row.update((name, metric["value"]) for name, metric in case["metrics"].items())
    row["slowest_rank"] = case["slowest_rank"]
    return row


def below_each_other(runs, frame_of):
    """The frames of several runs as one, with the directory of each row in the column `run`."""
    frames = [frame_of(run).with_columns(polars.lit(str(run.path)).alias("run")) for run in runs]
    return polars.concat(frames, how="diagonal_relaxed").select("run", polars.exclude("run"))
