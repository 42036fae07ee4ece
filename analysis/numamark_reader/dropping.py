"""Disturbed repetitions, which the job's rule removes from every figure, in every arm of their pair."""


def dropped(run):
    """By case and round, the rank that broke the rule and so dropped the round. The reason, a sentence, is left out."""
    rule, planned = run.document.get("drop"), run.document["planned"]
    own = {case["id"]: _broken(rule, run.rounds(case["id"])) if rule else {} for case in planned}
    return {case["id"]: _with_pairs(case, planned, own, run.rounds(case["id"])) for case in planned}


def _with_pairs(case, planned, own, rounds):
    """The rounds that this case or another arm of its pair drops, if this case has them."""
    found = {}
    for other in [case, *(other for other in planned if _is_pair(case, other))]:
        found = {**own[other["id"]], **found}
    finished = [records[0]["round"] for records in rounds]
    return {number: {"round": number, "rank": found[number]} for number in finished if number in found}


def _is_pair(case, other):
    return case.get("compared_as") == other.get("compared_as") is not None


def _broken(rule, rounds):
    """By round, the lowest rank that broke the rule."""
    broken = {
        records[0]["round"]: [r for r, record in enumerate(records) if _breaks(rule, record)] for records in rounds
    }
    return {number: ranks[0] for number, ranks in broken.items() if ranks}


def _breaks(rule, record):
    """True if the record breaks a bound of the rule. Missing bounds and counters never count."""
    noise, worker_ns = record["noise"], max(record["worker_ns"], 1)
    found = {
        "core_clock": _size(noise["core_clock_change"]),
        "steal": _over(noise["steal_ns"], worker_ns),
        "run_delay": _over(noise["run_delay_ns"], worker_ns),
    }
    least, share = rule.get("cpu_share"), noise["cpu_share_min"]
    if None not in (least, share) and share < least:
        return True
    known = [(rule.get(name), value) for name, value in found.items() if None not in (rule.get(name), value)]
    return any(value > bound for bound, value in known)


def _size(change):
    return None if change is None else abs(change)


def _over(ns, worker_ns):
    return None if ns is None else ns / worker_ns


def with_gaps(metric, places):
    """The metric with a null at each of these places among all repetitions."""
    values = list(metric["values"])
    for place in places:
        values.insert(place, None)
    return {**metric, "values": values}
