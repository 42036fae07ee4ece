"""Runs as polars frames. The only module that needs polars; nothing loads it but a call that asks for a frame."""

try:
    import polars
except ImportError as why:
    raise ImportError(
        "frames need polars: `pip install polars`, or use analysis/.venv, which scripts/setup.sh analysis makes"
    ) from why


def samples(run):
    """samples.parquet, lazily."""
    return polars.scan_parquet(run.file("samples.parquet"), glob=False)


def cases(run):
    """One row a case: id, workload, parameters, totals, the range expected, and the median of every metric."""
    return polars.DataFrame([_case_row(case) for case in run.document["cases"]], infer_schema_length=None)


def _case_row(case):
    row = {"case": case["id"], "workload": case["workload"], **case["parameters"]}
    row.update((f"total_{name}", value) for name, value in case["total"].items())
    row.update((f"expected_{name}", value) for name, value in (case["expected"] or {}).items())
    row.update((name, metric["value"]) for name, metric in case["metrics"].items())
    row["slowest_rank"] = case["slowest_rank"]
    return row


def below_each_other(runs, frame_of):
    """The frames of several runs as one, with the directory of each row in the column `run`."""
    frames = [frame_of(run).with_columns(polars.lit(str(run.path)).alias("run")) for run in runs]
    return polars.concat(frames, how="diagonal_relaxed").select("run", polars.exclude("run"))
