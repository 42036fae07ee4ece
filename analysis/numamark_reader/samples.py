"""The rows of samples.parquet, from the parts: one measured value per row; a missing value has no row."""

from . import figures
from .derive import longest, of_case
from .dropping import dropped
from .metrics import METRICS, RECORDED

#: The columns before and after those of the parameters.
BEFORE = ("scope", "host", "node", "rank", "case", "workload")
AFTER = ("repetition", "interval", "began", "metric", "value", "unit")
#: The field of each part of a record that is a sample, where the names differ.
FIELDS = {"measuring_ns": "cost_ns"}
#: Samples of overhead and of noise.
MEASURING = ("clock_reads", "records", "measuring_ns")
NOISE = (
    *("cpu_share_min", "voluntary_switches", "minor_faults", "major_faults", "migrations", "run_delay_ns"),
    *("steal_ns", "throttled_ns", "thermal_throttles", "pressure_cpu_ns", "pressure_memory_ns"),
)
SORTED_BY = ("scope", "case", "host", "rank", "repetition", "metric", "interval")


def columns(run):
    """All columns, in their order: one for each parameter of any case, and the arm if there are several."""
    planned = run.document["planned"]
    names = {name for case in planned for name in case["parameters"]}
    return [*BEFORE, *sorted(names), *(["arm"] if _has_arms(planned) else []), *AFTER]


def _has_arms(cases):
    return any(case["arm"] is not None for case in cases)


def words_among_parameters(cases):
    """Parameters that are a word in any case."""
    return {name for case in cases for name, value in case["parameters"].items() if isinstance(value, str)}


def parameters(case, words):
    """A case's parameters in the types of the columns: a column with a word anywhere has words everywhere."""
    return {name: str(value) if name in words else value for name, value in case["parameters"].items()}


def rows(run):
    """One dictionary per row, with all columns, in the order of the file."""
    empty = dict.fromkeys(columns(run))
    words = words_among_parameters(run.document["planned"])
    found = []
    gone = dropped(run)
    for planned in run.document["planned"]:
        case = {"case": planned["id"], "workload": planned["workload"], **parameters(planned, words)}
        if "arm" in empty:
            case["arm"] = planned["arm"]
        for place, samples in _of_case(run, planned, gone[planned["id"]]):
            for metric, interval, value, unit in samples:
                if value is not None:
                    sample = {"interval": interval, "metric": metric, "value": float(value), "unit": unit}
                    found.append({**empty, **case, **place, **sample})
    return sorted(found, key=_order)


def _order(row):
    return [(row[name] is not None, row[name]) for name in SORTED_BY]


def _of_case(run, planned, gone):
    """(where and when, its samples) for all ranks together, each host, and each rank."""
    measure = planned["measure"]
    everywhere = of_case(run, planned, gone)["metrics"]
    hosts = {}
    for part in run.parts:
        hosts.setdefault(part.begin["host"], []).append(part.rank)
    rounds = run.rounds(planned["id"])
    # The loop that is the limit is chosen over all repetitions.
    of_hosts = {host: _shares([[records[r] for r in ranks] for records in rounds]) for host, ranks in hosts.items()}
    of_ranks = [_shares([[records[part.rank]] for records in rounds]) for part in run.parts]
    for position, records in enumerate(rounds):
        yield _place("all", records), _values(everywhere, position)
        for host, ranks in hosts.items():
            of_host = [records[rank] for rank in ranks]
            samples = [*_metrics(figures.of_repetition(measure, of_host)), *of_hosts[host][position]]
            yield {**_place("host", of_host), "host": host}, samples
        for part, record, shares in zip(run.parts, records, of_ranks):
            where = {"host": part.begin["host"], "node": part.begin["node_index"], "rank": part.rank}
            yield {**_place("rank", [record]), **where}, [*_of_rank(measure, record), *shares[position]]


def _place(scope, records):
    return {"scope": scope, "repetition": records[0]["round"], "began": records[0]["began_unix_ms"]}


def _values(metrics, position):
    return [(name, None, metric["values"][position], metric["unit"]) for name, metric in metrics.items()]


def _metrics(values):
    return [(name, None, value, METRICS[name].unit) for name, value in values.items()]


def _shares(rounds):
    """The samples of each repetition: one where a limit was measured, none elsewhere."""
    shares = figures.limit_shares(rounds)
    return [[] if shares is None else _metrics({"limit_share": shares[place]}) for place in range(len(rounds))]


def _of_rank(measure, record):
    """Measured values of one rank in one repetition, its figures, and its progress."""
    yield from _metrics(figures.of_repetition(measure, [record]))
    for name, value in _recorded(measure, record):
        yield name, None, value, RECORDED[name].unit
    name = f"interval_{measure}"
    for interval, finished in enumerate(record["intervals"]):
        yield name, interval, finished, RECORDED[name].unit


def _recorded(measure, record):
    """The values that a record has beside its figures; None for unknown values."""
    for name in ("elapsed_ns", "worker_ns", "heap_offset_bytes", measure):
        yield name, record[name]
    yield "cpu_ns", record["cpu_ns"] or None  # 0 means that the CPU clock was unavailable
    for stratum in ("slow", "fast"):
        yield f"refills_{stratum}", record["histograms"].get(f"refill_ns.{stratum}", {}).get("count")
    for name in ("chunk_ns", "latency_ns", "refill_ns"):
        yield f"{name}_max", longest([record], name)
    for part, names in (("measuring", MEASURING), ("noise", NOISE)):
        for name in names:
            yield name, record[part][FIELDS.get(name, name)]
