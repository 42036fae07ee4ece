"""The figures of run.json again, from the parts alone: a second opinion, written apart from the program."""

from fractions import Fraction
from math import isclose
from statistics import median
from typing import NamedTuple

from .run import distribution, quantity

GIB = 1 << 30
#: Of two ways to round the same exact quotient.
RELATIVE = 1e-9


class Difference(NamedTuple):
    """A value that run.json has and the parts do not give."""

    where: str
    recorded: object
    derived: object

    def __str__(self):
        return f"{self.where}: run.json has {self.recorded}, the parts give {self.derived}"


def differences(run):
    """All values that differ, and how many were compared."""
    compared, found = 0, []
    for where, recorded, derived in _pairs(run):
        compared += 1
        if not _equal(recorded, derived):
            found.append(Difference(where, recorded, derived))
    return found, compared


def _equal(a, b):
    if isinstance(a, float) or isinstance(b, float):
        return None not in (a, b) and isclose(a, b, rel_tol=RELATIVE)
    return a == b


def _pairs(run):
    """Each value of run.json that follows from the parts, with what follows."""
    yield from _pairs_of("locality", run.document["locality"], locality(run.parts))
    for case in run.cases:
        rounds = run.rounds(case.id)
        for name, values in metrics(rounds).items():
            if name not in case.document["metrics"]:
                continue
            recorded, where = case.metric(name), f"{case.id}.{name}"
            known = [value for value in values if value is not None]
            yield f"{where}.values", len(recorded["values"]), len(values)
            for number, (a, b) in enumerate(zip(recorded["values"], values)):
                yield f"{where}.values[{number}]", a, b
            yield f"{where}.value", recorded["value"], median(known) if known else None
        yield f"{case.id}.histograms", sorted(case.document["histograms"]), run.histogram_names(case.id)
        for name, recorded in case.document["histograms"].items():
            yield from _pairs_of(f"{case.id}.{name}", recorded, run.distribution(case.id, name).summary())


def _pairs_of(where, recorded, derived):
    for name, value in derived.items():
        yield f"{where}.{name}", recorded.get(name), value


def metrics(rounds):
    """By name, one value a repetition; None where there is nothing to divide."""
    derived = {
        "throughput_bytes_per_s": lambda ranks: _rate(ranks, "bytes"),
        "operations_per_s": lambda ranks: _rate(ranks, "operations"),
        "core_seconds_per_gib": lambda ranks: _quotient(_cpu_ns(ranks), Fraction(_sum(ranks, "bytes") * 10**9, GIB)),
        "core_ns_per_operation": lambda ranks: _quotient(_cpu_ns(ranks), _sum(ranks, "operations")),
        "cpu_share": lambda ranks: _quotient(_cpu_ns(ranks), _sum(ranks, "worker_ns")),
        "refill_share": lambda ranks: _possible(_quotient(_refill_ns(ranks), _sum(ranks, "worker_ns"))),
    }
    return {name: [of(ranks) for ranks in rounds] for name, of in derived.items()}


def locality(parts):
    """Local pages over pages with memory, the lower of start and end; None when a kernel did not answer."""
    moments = [[part.begin for part in parts], [part.end for part in parts if part.end]]
    if any(record["locality"]["unverified"] for moment in moments for record in moment):
        return {"share": None}
    shares = [_local_share(moment) for moment in moments if moment]
    return {"share": None if None in shares else min(shares, default=None)}


def _local_share(records):
    local, remote = (sum(record["locality"][f"{where}_pages"] for record in records) for where in ("local", "remote"))
    return _quotient(local, local + remote)


def _sum(ranks, name):
    return sum(record[name] for record in ranks)


def _cpu_ns(ranks):
    """Workers always use some CPU time: 0 means that it is not known."""
    return _sum(ranks, "cpu_ns") or None


def _refill_ns(ranks):
    """None where the workload records no refills, or did not time any."""
    recorded = any(quantity(name) == "refill_ns" for record in ranks for name in record["histograms"])
    return distribution(ranks, "refill_ns").sum_estimate() if recorded else None


def _rate(ranks, name):
    """All ranks' total over the longest elapsed time, a second; nothing done has no rate."""
    total = _sum(ranks, name)
    return _quotient(total * 10**9, max(record["elapsed_ns"] for record in ranks)) if total else None


def _possible(share):
    """An estimate above 1 stands for nothing: too few timed refills on a disturbed machine."""
    return None if share is not None and share > 1 else share


def _quotient(part, whole):
    """Exact until it is rounded once."""
    if part is None or not whole:
        return None
    return float(Fraction(part) / Fraction(whole))
