"""All measured values of run.json, derived from the parts independently of the program."""

from . import arms, ending, figures, limits, trust
from .dropping import dropped, with_gaps
from .judged import JUDGED
from .middle import median, median_interval
from .strata import distribution, quantity

#: The side of its bound that a gate accepts; the bound itself is accepted.
BOUNDS = {"at_least": lambda value, bound: value >= bound, "at_most": lambda value, bound: value <= bound}
#: Fields that identify a rank.
PLACE = ("rank", "host", "node_index", "node_os_index")
#: Lists of run.json that this reader does not derive: slow nodes, slow repetitions, and their noise.
JUDGEMENTS = ("stragglers", "disturbances", "coincidences")
#: The figures of a histogram that a gate can bound.
FIELDS = ("count", "min", "p50", "p90", "p99", "p999", "max", "sum")


def derived(run):
    """The part of run.json that follows from the parts, in its shape. Sentences that explain a null are left out.

    A value that statistics judge is `JUDGED`, or a number `Between` two others.
    """
    begins = [part.begin for part in run.parts]
    where = locality(run.parts)
    gone = dropped(run)
    cases = [of_case(run, planned, gone[planned["id"]]) for planned in run.document["planned"]]
    cases = [trust.withhold_limits({**case, "locality": where}) for case in cases]
    # The number of stragglers is taken from run.json.
    stragglers = run.document.get("stragglers", [])
    gates = run.document["gates"]
    placements = [_placement(part) for part in run.parts]
    violations = sum(part.end["violations"] for part in run.parts if part.end)
    facts = {"cases": cases, "placements": placements, "locality": where, "violations": violations}
    believed = trust.of_run(run.document, facts)
    of_run = {"stragglers": float(len(stragglers or [])), "trustworthy": believed["trustworthy"]}
    return {
        "complete": ending.is_complete(run),
        "job_hash": begins[0]["job_hash"],
        "hosts": list(dict.fromkeys(begin["host"] for begin in begins)),
        "placements": placements,
        "locality": where,
        "violations": violations,
        "rounds": ending.rounds(run),
        "ended_by": ending.ended_by(run),
        "unfinished_repetitions": run.unfinished(),
        "clock_step_ns": max(begin["clock_step_ns"] for begin in begins),
        "clock_read_ns": max(begin["clock_read_ns"] for begin in begins),
        "record_ns": max(begin["record_ns"] for begin in begins),
        # The first reason that a rank gives counts.
        "unavailable": {name: why for begin in reversed(begins) for name, why in begin["unavailable"].items()},
        "cases": cases,
        **dict.fromkeys(JUDGEMENTS, JUDGED),
        "comparisons": arms.comparisons(run),
        # Absent without a workload on two allocators; `numamark verify` derives every value of it.
        **({"allocator_comparisons": JUDGED} if "allocator_comparisons" in run.document else {}),
        # Null in a run that an older version recovered.
        "trust": None if run.document.get("trust", believed) is None else believed,
        "gate_results": [result for gate in gates for result in _gate_results(gate, cases, of_run)],
    }


def locality(parts):
    """The locality of the memory of these ranks: the share is the lower of start and end."""
    moments = [[part.begin["locality"] for part in parts], [part.end["locality"] for part in parts if part.end]]
    share = figures.lowest([figures.locality(moment) for moment in moments if moment])
    end = _pages(moments[1]) if len(moments[1]) == len(parts) else None
    return {"share": share, "start": _pages(moments[0]), "end": end}


def _pages(records):
    return {name: sum(record[f"{name}_pages"] for record in records) for name in ("local", "remote", "absent")}


def _placement(part):
    placement = {name: part.begin[name] for name in (*PLACE, "pus", "placement")}
    return {**placement, "resident_peak_bytes": part.end and part.end["resident_peak_bytes"]}


def of_case(run, planned, gone):
    """A case of run.json without its locality, which is that of the run; `gone` are the dropped rounds."""
    case_id, measure = planned["id"], planned["measure"]
    rounds = run.rounds(case_id)
    gaps = [place for place, records in enumerate(rounds) if records[0]["round"] in gone]
    kept = [records for records in rounds if records[0]["round"] not in gone]
    of_limits = limits.of_case(run.parts, case_id, kept, rounds, figures.byte_rate)
    ranks = [_rank(part, measure, [records[part.rank] for records in kept]) for part in run.parts]
    for part, rank in zip(run.parts, ranks):
        rank["limit_share_alone"] = of_limits and of_limits["nodes"][part.rank]["share_alone"]
    metrics = figures.of_case(measure, kept)
    rated = [rank for rank in ranks if rank["rate"]["value"] is not None]
    slowest = min(rated, key=lambda rank: rank["rate"]["value"], default=None)
    if slowest:
        metrics[f"slowest_rank_{figures.RATES[measure]}"] = slowest["rate"]
        own = figures.of_case(measure, [[records[slowest["rank"]]] for records in kept])
        if "limit_share" in own:
            metrics["slowest_rank_limit_share"] = own["limit_share"]
    metrics = {name: with_gaps(metric, gaps) for name, metric in metrics.items()}
    ranks = [{**rank, "rate": with_gaps(rank["rate"], gaps)} for rank in ranks]
    return {
        **{name: planned.get(name) for name in ("id", "workload", "parameters", "expected", "arm", "compared_as")},
        "dropped": list(gone.values()),
        "limits": of_limits,
        "total": _total(rounds),
        "metrics": metrics,
        "histograms": _histograms(kept),
        "slowest_rank": slowest and slowest["rank"],
        "per_rank": ranks,
        "digest": _digest(rounds),
    }


def _histograms(rounds):
    """Each histogram over all ranks and rounds, and the spread of the quantiles of the rounds."""
    recorded = {name for ranks in rounds for record in ranks for name in record["histograms"]}
    found = {}
    for name in sorted(recorded | {quantity(name) for name in recorded}):
        summary = distribution([record for ranks in rounds for record in ranks], name).summary()
        own = [distribution(ranks, name).quantiles() for ranks in rounds]
        # Only where every repetition has it: a repetition without it is of another kind.
        known = {quantile: [of[quantile] for of in own] for quantile in own[0]}
        intervals = {
            quantile: median_interval([float(value) for value in values])
            for quantile, values in known.items()
            if None not in values and len(values) >= 2
        }
        found[name] = {**summary, **({"intervals": intervals} if intervals else {})}
    return found


def _total(rounds):
    """The total work; the time is the longest of any rank in each repetition."""
    return {
        "bytes": sum(record["bytes"] for records in rounds for record in records),
        "operations": sum(record["operations"] for records in rounds for record in records),
        "elapsed_ns": sum(max(record["elapsed_ns"] for record in records) for records in rounds),
        "repetitions": len(rounds),
    }


def _rank(part, measure, records):
    metrics = figures.of_case(measure, [[record] for record in records])
    return {
        **{name: part.begin[name] for name in PLACE},
        "workers": len(part.begin["pus"]),
        "rate": metrics[figures.RATES[measure]],
        "refill_share": metrics["refill_share"]["value"],
        "cpu_share": metrics["cpu_share"]["value"],
        "chunk_ns_max": longest(records, "chunk_ns"),
        "refill_ns_max": longest(records, "refill_ns"),
        "memory_peak_bytes": _highest(record["memory_peak_bytes"] for record in records),
        "locality": locality([part])["share"],
        "limit_share": metrics["limit_share"]["value"] if "limit_share" in metrics else None,
    }


def longest(records, wanted):
    """The longest timed value of a quantity in these records; None when none was timed."""
    return _highest(
        histogram["max"]
        for record in records
        for name, histogram in record["histograms"].items()
        if quantity(name) == wanted
    )


def _highest(values):
    """The highest known value; None without any."""
    return max((value for value in values if value is not None), default=None)


def _digest(rounds):
    """The sum of all ranks' digests; the set of all repetitions' digests where they should be equal and differ."""
    digests = set()
    for records in rounds:
        shares = [int(record["digest"], 16) for record in records if record["digest"]]
        if shares:
            digests.add(f"{sum(shares) % 2**128:032x}")
    return digests.pop() if len(digests) == 1 else sorted(digests) or None


def _gate_results(gate, cases, of_run):
    """The gate on a figure of the run, or on every case that has its figure; a single result when no case has it."""
    if gate["metric"] in of_run:
        return [_judge(gate, None, of_run[gate["metric"]])]
    judged = [(case["id"], value) for case in cases for value in _figures_of(case, gate["metric"])]
    return [_judge(gate, case_id, value) for case_id, value in judged or [(None, None)]]


def _figures_of(case, name):
    """The figure of this name, in a list; an empty list when the case has no such figure."""
    if name == "locality":
        return [case["locality"]["share"]]
    if name == "core_clock_change" and name in case["metrics"]:
        sizes = [abs(value) for value in case["metrics"][name]["values"] if value is not None]
        return [median(sizes) if sizes else None]
    if name in case["metrics"]:
        return [case["metrics"][name]["value"]]
    histogram, _, field = name.rpartition(".")
    summary = case["histograms"].get(histogram)
    if summary is None or field not in FIELDS:
        return []
    return [None if summary[field] is None else float(summary[field])]


def _judge(gate, case_id, value):
    [(side, bound)] = gate["bound"].items()
    against = gate.get("against")
    stored = against and against["values"].get(case_id)
    if against:
        bound = None if stored is None else bound * stored
    met = value is not None and bound is not None and BOUNDS[side](value, bound)
    result = {
        "metric": gate["metric"],
        "bound": gate["bound"],
        "case": case_id,
        "value": value,
        "outcome": "pass" if met else gate["level"],
    }
    if against:
        result["against"] = against["directory"]
    if stored is not None:
        result["stored"] = stored
    return result
