"""What a case made of its limits: its rate over what plain stores took on the same pages and cores.

The write-only limit of some ranks is that of the store loop with the highest median over the repetitions; a share is
that of one repetition.
"""

STORES = ("memset", "ordinary", "non_temporal")
BOTH = ("before", "after")


def fastest(rounds, median):
    """The store loop that is fastest over these repetitions of some ranks; None when none was measured."""
    known = [(kernel, median([with_all(ranks, kernel) for ranks in rounds])) for kernel in STORES]
    known = [(kernel, rate) for kernel, rate in known if rate is not None]
    # Of two equally fast ones the first.
    return max(known, key=lambda pair: pair[1])[0] if known else None


def with_all(ranks, kernel):
    """One loop of these ranks at the same time, in bytes a second: all bytes over the longest time of any."""
    return _together([timing for when in BOTH for timing in _at(ranks, kernel, when)])


def alone(records, end, case_id):
    """The write-only limit of a rank while its host waited: before its first repetition and after the run's last."""
    timings = [timing for record in records for timing in record["limits"] if timing["with"] == "alone"]
    timings += (end or {}).get("limits", {}).get(case_id, [])
    rates = []
    for kernel in STORES:
        of_kernel = [timing for timing in timings if timing["kernel"] == kernel]
        rates.append(_together([(timing["bytes"], timing["elapsed_ns"]) for timing in of_kernel]))
    return max((rate for rate in rates if rate is not None), default=None)


def _at(ranks, kernel, when):
    """(bytes, nanoseconds) in a list; an empty one unless all ranks have it."""
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
    """Bytes a second of what was done one after the other."""
    size, elapsed_ns = (sum(timing[place] for timing in timings) for place in (0, 1))
    return float(size) / (float(elapsed_ns) / 1e9) if size > 0 and elapsed_ns > 0 else None
