"""Shares of a limit: the rate of a case over the bandwidth of plain stores on the same pages and cores.

The write-only limit of some ranks is that of the store loop with the highest median over the repetitions; a share is
that of one repetition. By node, socket and host: ranks together are all bytes over the longest time of any.
"""

from .judged import JUDGED
from .middle import median

STORES = ("memset", "ordinary", "non_temporal")
BOTH = ("before", "after")
#: With fewer repetitions nothing counts as drift.
DRIFT_ROUNDS = 3


def fastest(rounds):
    """The store loop that is fastest over these repetitions of some ranks; None when none was measured."""
    known = [(kernel, median([with_all(ranks, kernel) for ranks in rounds])) for kernel in STORES]
    known = [(kernel, rate) for kernel, rate in known if rate is not None]
    # Of two equally fast loops, the first.
    return max(known, key=lambda pair: pair[1])[0] if known else None


def with_all(ranks, kernel, moments=BOTH):
    """One loop of these ranks at the same time, in bytes per second: all bytes over the longest time of any."""
    return _together([timing for when in moments for timing in _at(ranks, kernel, when)])


def shares(rounds, rate):
    """One value per repetition: the rate of some ranks over their write-only limit; None when no limit was measured."""
    kernel = fastest(rounds)
    if kernel is None:
        return None
    return [_over(rate(ranks), with_all(ranks, kernel)) for ranks in rounds]


def of_case(parts, case_id, kept, rounds, rate):
    """Limits and shares of every node, socket and host; None for a case without measured limits.

    `kept` are the repetitions that count, `rounds` are all: the first round has the limits that ranks measured alone.
    """
    if fastest(kept) is None:
        return None
    sockets, hosts = {}, {}
    for part in parts:
        host, package = part.begin["host"], part.begin["package"]
        hosts.setdefault((host, None), []).append(part.rank)
        if package is not None:
            sockets.setdefault((host, package), []).append(part.rank)
    nodes = []
    for part in parts:
        node = _group((part.begin["host"], part.begin["package"]), [part.rank], kept, rate)
        nodes.append({**node, **_alone(part, case_id, kept, rounds, rate)})
    groups = [[_group(place, found[place], kept, rate) for place in sorted(found)] for found in (sockets, hosts)]
    return {"nodes": nodes, "sockets": groups[0], "hosts": groups[1], **_drift(kept)}


def _group(place, ranks, rounds, rate):
    own = [[records[rank] for rank in ranks] for records in rounds]
    kernel = fastest(own)
    return {
        "host": place[0],
        "package": place[1],
        "ranks": ranks,
        "write_bytes_per_s": median([with_all(records, kernel) for records in own]),
        "triad_bytes_per_s": median([with_all(records, "triad") for records in own]),
        "write_alone_bytes_per_s": None,
        "triad_alone_bytes_per_s": None,
        "share": median(shares(own, rate) or []),
        "share_alone": None,
    }


def _alone(part, case_id, kept, rounds, rate):
    """Loops that a rank ran while its host waited: before its first repetition and after the run's last."""
    timings = [timing for records in rounds for timing in records[part.rank]["limits"]]
    timings += (part.end or {}).get("limits", {}).get(case_id, [])
    first = {}
    for timing in timings:
        if timing["with"] == "alone":
            amount = (timing["bytes"], timing["elapsed_ns"])
            first.setdefault((timing["kernel"], timing["when"]), amount)
    of_kernel = {
        kernel: _together([first[kernel, when] for when in BOTH if (kernel, when) in first])
        for kernel in (*STORES, "triad")
    }
    write = max((of_kernel[kernel] for kernel in STORES if of_kernel[kernel] is not None), default=None)
    return {
        "write_alone_bytes_per_s": write,
        "triad_alone_bytes_per_s": of_kernel["triad"],
        "share_alone": _over(median([rate([records[part.rank]]) for records in kept]), write),
    }


def _drift(rounds):
    """The drift of a limit, judged from its ranks; with too few measurements `drifted` is False."""
    ends = [[_best(ranks, when) for when in BOTH] for ranks in rounds]
    pairs = sum(None not in pair for pair in ends)
    return {"drift": JUDGED if pairs else None, "drifted": JUDGED if pairs >= DRIFT_ROUNDS else False}


def _best(ranks, when):
    rates = [with_all(ranks, kernel, [when]) for kernel in STORES]
    return max((rate for rate in rates if rate is not None), default=None)


def _at(ranks, kernel, when):
    """(bytes, nanoseconds) in a list; an empty list unless all ranks have the timing."""
    wanted = (kernel, when, "all")
    found = []
    for record in ranks:
        of_rank = [
            timing for timing in record["limits"] if (timing["kernel"], timing["when"], timing["with"]) == wanted
        ]
        if not of_rank:
            return []
        found.append(of_rank[0])
    return [(sum(timing["bytes"] for timing in found), max(timing["elapsed_ns"] for timing in found))]


def _together(timings):
    """Bytes per second of timings that followed each other."""
    size, elapsed_ns = (sum(timing[place] for timing in timings) for place in (0, 1))
    return float(size) / (float(elapsed_ns) / 1e9) if size > 0 and elapsed_ns > 0 else None


def _over(part, whole):
    return None if part is None or whole is None else part / whole
