"""How far the figures of a run can be believed: the rule of numamark, applied to the figures that this reader derives.

The drift of a limit is a judgement of statistics, which run.json gives.
"""

from .judged import Between
from .middle import half_width, median, median_interval

#: A worker with a CPU for less than this share of its time was disturbed.
UNDISTURBED_FROM = 0.97
#: Below this share of its time with a CPU a rank's limit is not claimed, and the case cannot be trusted.
CLAIMED_FROM = 0.90
LOCAL_FROM = 0.99
LIMIT_SHARE_MAX = 1.05
CLOCK_CHANGE_MAX = 0.05
REACHED = 0.99
HALF_WIDTH_MAX = 0.10
#: A counter that explains this part of the lost CPU time is named as the reason.
EXPLAINS = 0.5
RATES = ("throughput_bytes_per_s", "operations_per_s")
#: The kinds of findings, the worst first.
KINDS = (
    *("violations", "all_dropped", "shared_by_ranks", "quota", "stolen", "other_programs", "no_cpu", "not_optimised"),
    *("cpu_time_unknown", "remote_memory", "locality_unknown", "limit_exceeded", "limit_drift", "core_clock"),
    *("arrivals_missed", "wide_interval", "one_repetition"),
)


def withhold_limits(case):
    """The case without shares of its limit, where a rank lacked its CPUs."""
    lowest = _lowest(case)
    if lowest is None or lowest["cpu_share"] >= CLAIMED_FROM:
        return case
    metrics = {**case["metrics"]}
    for name in {"limit_share", "slowest_rank_limit_share"} & metrics.keys():
        metrics[name] = {**metrics[name], "value": None, "interval": None}
    limits = case["limits"] and {
        name: [{**group, "share": None, "share_alone": None} for group in value] if isinstance(value, list) else value
        for name, value in case["limits"].items()
    }
    ranks = [{**rank, "limit_share": None, "limit_share_alone": None} for rank in case["per_rank"]]
    return {**case, "metrics": metrics, "limits": limits, "per_rank": ranks}


def of_run(document, derived):
    """The value `trust` of run.json; `derived` has the cases, placements, locality and violations of the parts."""
    # A run without a run.json has no judgements.
    recorded = {case["id"]: case for case in document.get("cases", [])}
    findings = _of_all(document, derived)
    for case in derived["cases"]:
        findings += _of_case(document, derived["placements"], case, recorded.get(case["id"]))
    findings.sort(key=lambda one: (not one["severe"], KINDS.index(one["kind"]), -_size(one["value"])))
    severe = {one["case"] for one in findings if one["severe"]}
    measured = [case["id"] for case in derived["cases"] if case["total"]["repetitions"]]
    sound = [case_id for case_id in measured if None not in severe and case_id not in severe]
    return {
        "verdict": "not_trustworthy" if severe else "doubtful" if findings else "sound",
        "trustworthy": len(sound) / len(measured) if measured else 1.0,
        "findings": findings,
    }


def _size(value):
    return abs(value.low if isinstance(value, Between) else value or 0.0)


def _finding(kind, severe=False, case=None, rank=None, value=None):
    return {"kind": kind, "severe": severe, "case": case, "rank": rank, "value": value}


def _of_all(document, derived):
    findings, share = [], derived["locality"]["share"]
    if derived["violations"]:
        findings.append(_finding("violations", severe=True, value=float(derived["violations"])))
    if share is None and len(document["environment"].get("nodes") or []) > 1:
        findings.append(_finding("locality_unknown"))
    if share is not None and share < LOCAL_FROM:
        findings.append(_finding("remote_memory", value=1.0 - share))
    return findings


def _of_case(document, placements, case, recorded):
    repetitions, case_id = case["total"]["repetitions"], case["id"]
    if not repetitions:
        return []
    if len(case["dropped"]) == repetitions:
        return [_finding("all_dropped", severe=True, case=case_id)]
    findings = _lost_cpu(placements, case)
    if _not_optimised(document, case):
        findings.append(_finding("not_optimised", severe=True, case=case_id))
    limits = recorded and recorded["limits"]
    drift = limits["drift"] if isinstance(limits, dict) and limits["drifted"] is True else None
    sizes = [abs(value) for value in case["metrics"]["core_clock_change"]["values"] if value is not None]
    width = None if case["arm"] is not None else _half_width(case)
    for kind, value, wrong in (
        ("limit_exceeded", _value(case, "limit_share"), lambda share: share > LIMIT_SHARE_MAX),
        ("limit_drift", drift, lambda _: True),
        ("core_clock", median(sizes), lambda change: change > CLOCK_CHANGE_MAX),
        ("arrivals_missed", _share_done(case), lambda done: done < REACHED),
        ("wide_interval", width, lambda half: half > HALF_WIDTH_MAX),
    ):
        if value is not None and wrong(value):
            findings.append(_finding(kind, case=case_id, value=value))
    if width is not None and width > HALF_WIDTH_MAX and isinstance(_rate(case)["interval"]["low"], Between):
        # The program interpolates with other last digits.
        findings[-1]["value"] = Between(width * (1 - 1e-9), width * (1 + 1e-9))
    if repetitions == 1:
        findings.append(_finding("one_repetition", case=case_id))
    return findings


def _lost_cpu(placements, case):
    lowest = _lowest(case)
    if lowest is None:
        return [_finding("cpu_time_unknown", case=case["id"])]
    share = lowest["cpu_share"]
    if share >= UNDISTURBED_FROM:
        return []
    rank = lowest["rank"] if len(case["per_rank"]) > 1 else None
    kind = _reason(placements, case, lowest)
    return [_finding(kind, severe=share < CLAIMED_FROM, case=case["id"], rank=rank, value=1.0 - share)]


def _reason(placements, case, lowest):
    own = next(place for place in placements if place["rank"] == lowest["rank"])
    others = [place for place in placements if place["host"] == own["host"] and place["rank"] != own["rank"]]
    if any(set(own["pus"]) & set(other["pus"]) for other in others):
        return "shared_by_ranks"
    share = _value(case, "cpu_share")
    lost = 1.0 - (lowest["cpu_share"] if share is None else share)
    for name, kind in (("quota_share", "quota"), ("steal_share", "stolen"), ("run_delay_share", "other_programs")):
        amount = _value(case, name)
        if amount is not None and amount >= lost * EXPLAINS:
            return kind
    return "no_cpu"


def _lowest(case):
    """The rank with the lowest known share of CPU time, the first of equals; None where no rank has one."""
    known = [rank for rank in case["per_rank"] if rank["cpu_share"] is not None]
    return min(known, key=lambda rank: rank["cpu_share"], default=None)


def _not_optimised(document, case):
    builds = {build["allocator"]: build for build in document.get("allocators", [])}
    build = builds.get(str(case["parameters"].get("allocator")))
    return build is not None and build["optimised"] is False


def _rate(case):
    return next(case["metrics"][name] for name in RATES if name in case["metrics"])


def _half_width(case):
    """The half-width of the confidence interval of the rate, as a share of the rate; None without an interval."""
    rate = _rate(case)
    interval = median_interval(rate["values"])
    if interval is None or not rate["value"]:
        return None
    if isinstance(interval["low"], Between):
        return half_width(rate["values"])
    return (interval["high"] - interval["low"]) / 2.0 / abs(rate["value"])


def _share_done(case):
    """The share of the operations due that an open loop did; None in a closed loop."""
    arrivals, workers = case["parameters"].get("arrivals"), case["parameters"].get("workers")
    done = _value(case, "operations_per_s")
    if done is None or not isinstance(arrivals, int):
        return None
    everyone = workers * len(case["per_rank"]) if isinstance(workers, int) else sum(
        rank["workers"] for rank in case["per_rank"]
    )
    return done / (float(arrivals) * float(everyone))


def _value(case, name):
    return case["metrics"][name]["value"] if name in case["metrics"] else None
