"""Run directories written by hand: small enough to be worked out on paper."""

import base64
import importlib.util
import json
import zlib
from pathlib import Path
from types import SimpleNamespace

from numamark_reader import derived, index_of, open_run, samples
from numamark_reader.distribution import HIGHEST_NS
from numamark_reader.encoding import COMPRESSED_COOKIE, COOKIE, HEADER, OUTER

HOST = {"node_index": 0, "node_os_index": 0}
PLACE = {**HOST, "pus": [0, 1], "placement": "chosen", "job_hash": "00ff", "clock_step_ns": 10.0, "clock_read_ns": 20.0}
PLACE.update(record_ns=5.0, unavailable={"thermal_throttles": "made up"}, package=0, **{"class": "made up"})

#: A worker that waited 5 ms for its core, whose clock fell by a hundredth meanwhile.
WORKER = {"cpu_ns": 99 * 10**7, "wall_ns": 10**9, "involuntary_switches": 1, "voluntary_switches": 0, "minor_faults": 2}
WORKER.update(major_faults=0, migrations=1, run_delay_ns=5 * 10**6, probe_before_ns=31680.0, probe_after_ns=32000.0)
#: A rank with two of them, of which one lost its core once more, on a machine that does not say how hot it is.
NOISE = {"workers": [WORKER, {**WORKER, "involuntary_switches": 2, "voluntary_switches": 1}]}
NOISE.update(involuntary_switches=3, voluntary_switches=1, minor_faults=4, major_faults=0, migrations=2)
NOISE.update(run_delay_ns=10**7, steal_ns=0, throttled_ns=0, thermal_throttles=None, pressure_cpu_ns=5000)
NOISE.update(pressure_memory_ns=0, cpu_share_min=0.99, core_clock_change=0.99 - 1, core_probe_ns=31680.0)

#: Begin of the first repetition.
BEGAN_MS = 1_700_000_000_250


def pages(local, remote, unverified=None):
    """The kernel's answer about a rank's pages."""
    return {"local_pages": local, "remote_pages": remote, "absent_pages": 0, "unverified": unverified}


def histogram(values, count=None):
    """A histogram record of these nanoseconds, a sample of `count` events."""
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


def limits(elapsed_ns, size):
    """Store loops before and after a repetition; the second one has twice the bandwidth of the repetition."""
    kernels = {"memset": 1, "ordinary": 2, "non_temporal": 1, "triad": 3}
    of_loop = {"with": "all", "elapsed_ns": elapsed_ns}
    both = [(when, name) for when in ("before", "after") for name in kernels]
    return [{**of_loop, "when": when, "kernel": name, "bytes": kernels[name] * size} for when, name in both]


def repetition(round_number, elapsed_ns, size, **histograms):
    """One repetition of the case `fill`: two workers, both busy all the time."""
    return {
        "kind": "repetition",
        "case": "fill",
        "round": round_number,
        "began_unix_ms": BEGAN_MS + 5000 * (round_number - 1),
        "elapsed_ns": elapsed_ns,
        "bytes": size,
        "operations": 0,
        "worker_ns": 2 * elapsed_ns,
        "cpu_ns": 2 * elapsed_ns,
        "busy_workers": 2,
        "memory_peak_bytes": 24 << 20,
        "intervals": [size // 4, size - size // 4],
        "histograms": {name.replace("__", "."): record for name, record in histograms.items()},
        "heap_offset_bytes": 2 << 20,
        "noise": NOISE,
        "limits": limits(elapsed_ns, size),
        "measuring": {"clock_reads": 200, "records": 400, "cost_ns": 4 * 10**6},
        "digest": None,
    }


def at_rate(round_number, rate):
    """A repetition of one rank with this number of GiB per second."""
    return repetition(round_number, 10**9, round(rate * 2**30))


def run_of(planned, rounds, ends, host=None, **document):
    """What a Run has, without files: `rounds` by case; every rank is on its own host, or all are on this one."""
    begins = [{**PLACE, "rank": rank, "host": host or f"n{rank}"} for rank in range(len(ends))]
    parts = [SimpleNamespace(rank=begin["rank"], begin=begin, end=end) for begin, end in zip(begins, ends)]
    document = {"planned": planned, "stop": None, "drop": None, **document}
    return SimpleNamespace(document=document, rounds=lambda case: rounds[case], parts=parts)


def write_part(directory, rank, size, repetitions, begin_pages=None, end_pages=None, tail=""):
    """Writes `parts/rank-NNNNN.jsonl`; without `end_pages` the rank did not reach its end."""
    begin = {
        "kind": "begin",
        "rank": rank,
        "size": size,
        **PLACE,
        "host": f"n{rank}",
        "locality": begin_pages or pages(10, 0),
    }
    lines = [begin, *repetitions]
    if end_pages:
        end = {"kind": "end", "locality": end_pages, "violations": 0, "resident_peak_bytes": 1 << 30}
        lines.append({**end, "rounds": len(repetitions), "ended_by": "repetitions", "limits": {}})
    folder = directory / "parts"
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line) + "\n" for line in lines) + tail
    (folder / f"rank-{rank:05}.jsonl").write_text(text)
    return folder / f"rank-{rank:05}.jsonl"


EXPECTED = {"blocks_per_chunk": 2, "busy_workers": 2, "working_set_bytes": 24 << 20, "l3_bytes": None}
EXPECTED.update(memory_bytes_min=24 << 20, memory_bytes_max=64 << 20)
PLANNED = {"id": "fill", "workload": "generate", "parameters": {"chunk_bytes": 8 << 20}}
PLANNED.update(measure="bytes", expected=EXPECTED, arm=None, compared_as=None)


def write_run(directory, ranks, repetitions, gates=(), planned=(PLANNED,), again=None):
    """Writes `run.json` with these cases, and with the given derived values; judgements are null."""
    header = {"schema": 2, "ranks": ranks, "repetitions": repetitions, "planned": list(planned), "gates": list(gates)}
    (directory / "run.json").write_text(
        json.dumps({**header, "cases": [], **(again or {})}, default=lambda judged: None)
    )


#: A gate of each outcome.
GATES = [
    {"metric": "locality", "bound": {"at_least": 0.9}, "level": "fail"},
    {"metric": "refill_ns.slow.max", "bound": {"at_most": 2999.0}, "level": "warn"},
    {"metric": "chunk_ns.p99", "bound": {"at_most": 1e9}, "level": "fail"},
    {"metric": "operations_per_s", "bound": {"at_least": 1.0}, "level": "fail"},
]


def write_whole_run(directory):
    """Two ranks on two hosts, two rounds: 4 GiB in 2 s, then 4 GiB in 4 s, each rank half; rank 1 is a bit faster."""
    directory = Path(directory)
    slow, fast = histogram([1000, 3000]), histogram([10], count=50)
    histograms = {"chunk_ns": histogram([100] * 10), "refill_ns__slow": slow, "refill_ns__fast": fast}
    for rank, begin_pages in enumerate([pages(9, 1), pages(10, 0)]):
        rounds = [repetition(n, s * 10**9 - rank, 2 << 30, **histograms) for n, s in enumerate([2, 4], 1)]
        write_part(directory, rank, 2, rounds, begin_pages, pages(10, 0))
    write_run(directory, ranks=2, repetitions=2, gates=GATES)
    write_run(directory, ranks=2, repetitions=2, gates=GATES, again=derived(open_run(directory)))
    write_log(directory, log_lines(histograms))
    if importlib.util.find_spec("polars"):
        write_samples(directory, samples.rows(open_run(directory)))
    return directory


def log_lines(histograms):
    """(tag, counters) of that run's log. A round has two ranks, a host two rounds: each line counts twice a record."""
    for name, record in histograms.items():
        counters = {index: 2 * count for index, count in record["counters"]}
        for suffix in ("", "", ";n0", ";n1"):
            yield f"fill;{name.replace('__', '.')}{suffix}", counters


def write_log(directory, lines):
    """Writes histograms.hlog with these (tag, counters)."""
    head = ["#[Histogram log format version 1.3]", f"#[StartTime: {BEGAN_MS / 1000} (seconds since epoch)]"]
    text = [f"Tag={tag},0.0,1.0,1.0,{encode(payload_of(counters))}" for tag, counters in lines]
    (directory / "histograms.hlog").write_text("\n".join([*head, *text, ""]))


def write_samples(directory, rows):
    """Writes samples.parquet with polars."""
    import polars  # where it is installed

    types = {name: polars.String for name in ("host", "scope")}
    types.update((name, polars.Int32) for name in ("node", "rank", "repetition", "interval"))
    frame = polars.DataFrame(list(rows), schema=samples.columns(open_run(directory)), schema_overrides=types)
    began = polars.from_epoch("began", time_unit="ms").dt.replace_time_zone("UTC")
    frame.with_columns(began).write_parquet(directory / "samples.parquet")


def payload_of(counters):
    """Counters as ZigZag LEB128 numbers, runs of zeros as their negative length."""
    numbers, end = [], 0
    for index in sorted(counters):
        numbers += [end - index] * (index > end) + [counters[index]]
        end = index + 1
    return b"".join(_leb128(2 * number if number >= 0 else -2 * number - 1) for number in numbers)


def _leb128(number):
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + _leb128(number >> 7)


def encode(payload, cookie=COOKIE, outer=COMPRESSED_COOKIE, offset=0, length=None, highest=HIGHEST_NS):
    """A histogram with this payload and this header."""
    length = len(payload) if length is None else length
    packed = zlib.compress(HEADER.pack(cookie, length, offset, 3, 1, highest, 1.0) + payload)
    return base64.b64encode(OUTER.pack(outer, len(packed)) + packed).decode("ascii")
