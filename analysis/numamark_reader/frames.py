"""Runs as polars frames. The only module that needs polars; it is loaded by the first call for a frame."""

try:
    import polars
except ImportError as why:
    raise ImportError(
        "frames need polars: `pip install polars`, or use analysis/.venv, which scripts/setup.sh analysis makes"
    ) from why

from .dropping import dropped
from .noise import core_clock_change, cpu_share
from .samples import columns, parameters, rows, words_among_parameters

#: Planned figures of a case that generates; null for other cases.
EXPECTED = (
    "blocks_per_chunk",
    "busy_workers",
    "working_set_bytes",
    "l3_bytes",
    "memory_bytes_min",
    "memory_bytes_max",
)
#: Counters of a worker, by column.
COUNTED = {
    **dict.fromkeys(("cpu_ns", "wall_ns", "involuntary_switches", "voluntary_switches"), polars.Int64),
    **dict.fromkeys(("minor_faults", "major_faults", "migrations", "run_delay_ns"), polars.Int64),
    **dict.fromkeys(("probe_before_ns", "probe_after_ns"), polars.Float64),
}
#: Types of the columns of samples.parquet that can be null in every row.
SAMPLES = {
    **dict.fromkeys(("scope", "host", "case", "workload", "metric", "unit"), polars.String),
    **dict.fromkeys(("node", "rank", "repetition", "interval"), polars.Int32),
    "value": polars.Float64,
}
NOISE = {
    **dict.fromkeys(("case", "arm"), polars.String),
    **dict.fromkeys(("repetition", "rank"), polars.Int32),
    **{"host": polars.String, "node": polars.Int32, "worker": polars.Int32, "pu": polars.Int32},
    **COUNTED,
    **{"cpu_share": polars.Float64, "core_clock_change": polars.Float64, "dropped": polars.Boolean},
}
#: Groups of ranks that have limits in run.json, by their name in the frame.
GROUPS = {"node": "nodes", "socket": "sockets", "host": "hosts"}
LIMITS = {
    **dict.fromkeys(("case", "arm", "scope", "host"), polars.String),
    **{"package": polars.Int32, "ranks": polars.List(polars.Int32)},
    **dict.fromkeys(("write_bytes_per_s", "triad_bytes_per_s"), polars.Float64),
    **dict.fromkeys(("write_alone_bytes_per_s", "triad_alone_bytes_per_s"), polars.Float64),
    **{"share": polars.Float64, "share_alone": polars.Float64, "drift": polars.Float64, "drifted": polars.Boolean},
}
COMPARISONS = {
    **dict.fromkeys(("case", "workload", "base", "candidate"), polars.String),
    "same": polars.Boolean,
    **dict.fromkeys(("metric", "unit", "better"), polars.String),
    **dict.fromkeys(("base_value", "candidate_value", "ratio", "low", "high", "level"), polars.Float64),
    "scope": polars.String,
    **dict.fromkeys(("hosts", "nodes", "rounds", "runs", "pairs"), polars.Int32),
    **{"replicated": polars.String, "replicates": polars.Int32, "replicates_needed": polars.Int64},
    **dict.fromkeys(("smallest_detectable", "p", "p_adjusted", "p_signed_rank"), polars.Float64),
    **dict.fromkeys(("floor_ratio", "floor_low", "floor_high"), polars.Float64),
    **{"floor_unstable": polars.Boolean, "difference": polars.Float64},
    **dict.fromkeys(("verdict", "reason"), polars.String),
}


def samples(run):
    """samples.parquet, lazily; of a run without a run.json, its rows from the parts."""
    if not run.is_written:
        began = polars.from_epoch("began", time_unit="ms").dt.replace_time_zone("UTC")
        frame = polars.DataFrame(rows(run), schema=columns(run), schema_overrides=SAMPLES, infer_schema_length=None)
        return frame.with_columns(began).lazy()
    return polars.scan_parquet(run.file("samples.parquet"), glob=False)


def sample_rows(run):
    """samples.parquet as a DataFrame whose times are milliseconds since 1970, as in the parts."""
    return samples(run).with_columns(polars.col("began").dt.epoch("ms")).collect()


def cases(run):
    """One row per case: id, workload, arm, parameters, totals, the expected range, and the median of every metric."""
    found = run.document["cases"]
    words = words_among_parameters(found)
    return polars.DataFrame([_case_row(case, words) for case in found], infer_schema_length=None)


def _case_row(case, words):
    row = {"case": case["id"], "workload": case["workload"], "arm": case["arm"], **parameters(case, words)}
    row.update((f"total_{name}", value) for name, value in case["total"].items())
    row.update((f"expected_{name}", (case["expected"] or {}).get(name)) for name in EXPECTED)
    row.update((name, metric["value"]) for name, metric in case["metrics"].items())
    row["slowest_rank"] = case["slowest_rank"]
    return row


def noise(run):
    """One row per worker and repetition, from the parts; columns have the parts' names and units."""
    gone = dropped(run)
    rows = [
        {
            **{"case": case["id"], "arm": case["arm"], "repetition": record["round"], "rank": part.rank},
            **{"host": part.begin["host"], "node": part.begin["node_index"], "worker": number, "pu": pu},
            **{name: worker[name] for name in COUNTED},
            **{"cpu_share": cpu_share(worker), "core_clock_change": core_clock_change(worker)},
            "dropped": record["round"] in gone[case["id"]],
        }
        for case in run.document["planned"]
        for records in run.rounds(case["id"])
        for part, record in zip(run.parts, records)
        for number, (pu, worker) in enumerate(zip(part.begin["pus"], record["noise"]["workers"]))
    ]
    return polars.DataFrame(rows, schema=NOISE)


def limits(run):
    """One row per case and node, socket or host; `drift` is that of the case. Cases without limits have no row."""
    rows = [
        {
            **{"case": case["id"], "arm": case["arm"], "scope": scope, **group},
            **{name: case["limits"][name] for name in ("drift", "drifted")},
        }
        for case in run.document["cases"]
        if case["limits"]
        for scope, groups in GROUPS.items()
        for group in case["limits"][groups]
    ]
    return polars.DataFrame(rows, schema=LIMITS)


def comparisons(run):
    """One row per arm, case and metric, as `numamark compare RUN --arms` shows it."""
    rows = [{**row, **_ends(row["interval"]), **_floor(row["floor"])} for row in run.document["comparisons"]]
    return polars.DataFrame([{name: row[name] for name in COMPARISONS} for row in rows], schema=COMPARISONS)


def _ends(interval):
    return {name: interval and interval[name] for name in ("low", "high", "level")}


def _floor(floor):
    """The difference between the same arm twice; nulls without such an arm."""
    ends = _ends(floor and floor["interval"])
    named = {f"floor_{name}": floor and floor[name] for name in ("ratio", "unstable")}
    return {**named, "floor_low": ends["low"], "floor_high": ends["high"]}


def below_each_other(runs, frame_of):
    """The frames of several runs as one, with the directory of each row in the column `run`."""
    frames = [frame_of(run).with_columns(polars.lit(str(run.path)).alias("run")) for run in runs]
    return polars.concat(frames, how="diagonal_relaxed").select("run", polars.exclude("run"))
