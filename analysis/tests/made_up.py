"""Run directories written by hand: small enough to be worked out on paper."""

import json

from numamark_reader import index_of

HOST = {"host": "n1", "node_index": 0, "node_os_index": 0}
PLACE = {**HOST, "pus": [0, 1], "placement": "chosen", "job_hash": "00ff", "clock_step_ns": 10.0, "clock_read_ns": 20.0}


def pages(local, remote, unverified=None):
    """What the kernel said of a rank's pages."""
    return {"local_pages": local, "remote_pages": remote, "absent_pages": 0, "unverified": unverified}


def histogram(values, count=None):
    """A histogram record of these nanoseconds, of which `count` events were a sample."""
    counters = {}
    for value in values:
        counters[index_of(value)] = counters.get(index_of(value), 0) + 1
    return {
        "count": len(values) if count is None else count,
        "timed": len(values),
        "min": min(values, default=None),
        "max": max(values, default=None),
        "sum": sum(values),
        "clamped": sum(value > 60_000_000_000 for value in values),
        "counters": [[index, counters[index]] for index in sorted(counters)],
    }


def repetition(round_index, elapsed_ns, size, **histograms):
    """One repetition of the case `fill`: two workers, both busy all the time."""
    return {
        "kind": "repetition",
        "case": "fill",
        "round": round_index,
        "elapsed_ns": elapsed_ns,
        "bytes": size,
        "operations": 0,
        "worker_ns": 2 * elapsed_ns,
        "cpu_ns": 2 * elapsed_ns,
        "histograms": {name.replace("__", "."): record for name, record in histograms.items()},
        "digest": None,
    }


def write_part(directory, rank, size, repetitions, begin_pages=None, end_pages=None, tail=""):
    """Writes `parts/rank-NNNNN.jsonl`; without `end_pages` the rank did not get to its end."""
    begin = {"kind": "begin", "rank": rank, "size": size, **PLACE, "locality": begin_pages or pages(10, 0)}
    lines = [begin, *repetitions]
    if end_pages:
        lines.append({"kind": "end", "locality": end_pages, "violations": 0})
    folder = directory / "parts"
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line) + "\n" for line in lines) + tail
    (folder / f"rank-{rank:05}.jsonl").write_text(text)
    return folder / f"rank-{rank:05}.jsonl"


PLANNED = {"id": "fill", "workload": "generate", "parameters": {"chunk_bytes": 8 << 20}, "measure": "bytes"}


def write_run(directory, ranks, repetitions, gates=(), **derived):
    """Writes `run.json` with one planned case, and with what is said to follow from the parts."""
    header = {"schema": 1, "ranks": ranks, "repetitions": repetitions, "planned": [PLANNED], "gates": list(gates)}
    (directory / "run.json").write_text(json.dumps({**header, "cases": [], **derived}))
