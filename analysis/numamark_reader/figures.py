"""The figures of a case from its ranks' records, in doubles and in the order of operations that numamark defines.

A rate is all bytes or operations over the longest elapsed time of any rank, never a mean of rates. Sums are integers;
a quotient is rounded where the program rounds it, so a figure is run.json's bit for bit.
"""

from . import limits
from .metrics import METRICS
from .middle import median, median_interval
from .strata import distribution, quantity

GIB = float(1 << 30)
NS_PER_S = 1e9


#: The metric that a case is compared by, by its measure: a field of a record.
RATES = {"bytes": "throughput_bytes_per_s", "operations": "operations_per_s"}
#: Each metric of one repetition over the records of some ranks; None where there is nothing to divide.
FIGURES = {
    "throughput_bytes_per_s": lambda ranks: byte_rate(ranks),
    "core_seconds_per_gib": lambda ranks: _share(_over(_cpu_ns(ranks), NS_PER_S), _sum(ranks, "bytes") / GIB),
    "operations_per_s": lambda ranks: _rate(ranks, "operations"),
    "core_ns_per_operation": lambda ranks: _share(_cpu_ns(ranks), _sum(ranks, "operations")),
    "cpu_share": lambda ranks: _share(_cpu_ns(ranks), _sum(ranks, "worker_ns")),
    "busy_workers": lambda ranks: float(min(record["busy_workers"] for record in ranks)),
    "memory_peak_bytes": lambda ranks: _highest(ranks, "memory_peak_bytes"),
    "refill_share": lambda ranks: _possible(_share(_refill_ns(ranks), _sum(ranks, "worker_ns"))),
    "measuring_share": lambda ranks: _of_worker_time(ranks, _of(ranks, "measuring", "cost_ns")),
    "involuntary_switches": lambda ranks: _of(ranks, "noise", "involuntary_switches"),
    "run_delay_share": lambda ranks: _of_worker_time(ranks, _of(ranks, "noise", "run_delay_ns")),
    "steal_share": lambda ranks: _of_worker_time(ranks, _of(ranks, "noise", "steal_ns")),
    "quota_share": lambda ranks: _of_worker_time(ranks, _of(ranks, "noise", "throttled_ns")),
    "core_clock_change": lambda ranks: _farthest(ranks, "core_clock_change"),
    "background_cpu_ns": lambda ranks: _background_ns(ranks),
}
NOISE = ("involuntary_switches", "run_delay_share", "steal_share", "quota_share", "core_clock_change")
OF_EVERY_CASE = ("cpu_share", "refill_share", "busy_workers", "memory_peak_bytes", "measuring_share", *NOISE)
#: The figures of a case, by its measure.
NAMES = {
    "bytes": ("throughput_bytes_per_s", "core_seconds_per_gib", *OF_EVERY_CASE),
    "operations": ("operations_per_s", "core_ns_per_operation", *OF_EVERY_CASE),
}


def names(measure, ranks):
    """The names of the figures over these records: one more where threads worked beside the workers."""
    beside = any("background_cpu_ns" in record for record in ranks)
    return (*NAMES[measure], "background_cpu_ns") if beside else NAMES[measure]


def of_repetition(measure, ranks):
    """By name, the figures of one repetition over these ranks' records."""
    return {name: FIGURES[name](ranks) for name in names(measure, ranks)}


def of_case(measure, rounds):
    """The figures of a case as run.json has them: one value per repetition, and their median."""
    values = [of_repetition(measure, ranks) for ranks in rounds]
    of_all = names(measure, [record for ranks in rounds for record in ranks])
    figures = {name: _metric(name, [of[name] for of in values]) for name in of_all}
    shares = limit_shares(rounds)
    return figures if shares is None else {**figures, "limit_share": _metric("limit_share", shares)}


def limit_shares(rounds):
    """One value per repetition: the rate of some ranks over their write-only limit; None when no limit was measured."""
    return limits.shares(rounds, byte_rate)


def byte_rate(ranks):
    """Bytes per second of these ranks together."""
    return _rate(ranks, "bytes")


def rate(measure, ranks):
    """The metric that a case is compared by, of these ranks together."""
    return _rate(ranks, measure)


def _metric(name, values):
    known = sum(value is not None for value in values)
    metric = {"value": median(values), "unit": METRICS[name].unit, "repetitions": known, "values": values}
    return {**metric, "interval": median_interval(values)}


def locality(records):
    """Local pages over pages with memory; None when a kernel did not answer, or no page had memory."""
    if any(record["unverified"] for record in records):
        return None
    local, remote = (_sum(records, f"{where}_pages") for where in ("local", "remote"))
    return _share(local, local + remote)


def lowest(shares):
    """The lowest value; None when one is unknown."""
    return None if None in shares else min(shares, default=None)


def _sum(records, name):
    """The sum, added as integers and rounded once."""
    return float(sum(record[name] for record in records))


def _of(records, part, name):
    """A count within a part of each record, summed; None when one of them is unknown."""
    values = [record[part][name] for record in records]
    return None if None in values else float(sum(values))


def _of_worker_time(records, part):
    return _share(part, _sum(records, "worker_ns"))


def _farthest(records, name):
    """The change with the largest absolute value; of two equal ones the last."""
    known = [change for record in records if (change := record["noise"][name]) is not None]
    return max(reversed(known), key=abs, default=None)


def _highest(records, name):
    """The highest value, or None when one record lacks it."""
    values = [record[name] for record in records]
    return None if None in values else float(max(values))


def _cpu_ns(ranks):
    """CPU time; 0 means that it is unknown, because workers always use some."""
    return _sum(ranks, "cpu_ns") or None


def _background_ns(ranks):
    """CPU time beside the workers; None where a rank has none."""
    values = [record.get("background_cpu_ns") for record in ranks]
    return None if None in values else float(sum(values))


def _refill_ns(ranks):
    """The value, or None where the workload recorded or timed no refills."""
    recorded = any(quantity(name) == "refill_ns" for record in ranks for name in record["histograms"])
    return distribution(ranks, "refill_ns").sum_estimate() if recorded else None


def _rate(ranks, name):
    """The rate, or None when no work was done."""
    longest = max((record["elapsed_ns"] for record in ranks), default=0)
    return _share(_sum(ranks, name) or None, longest / NS_PER_S)


def _possible(share):
    """The estimate, or None above 1: too few timed refills on a disturbed machine."""
    return None if share is not None and share > 1.0 else share


def _over(part, whole):
    return None if part is None else part / whole


def _share(part, whole):
    return _over(part, whole) if whole > 0 else None
