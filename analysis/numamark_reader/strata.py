"""Histograms over the records of repetitions, put together from the strata that they are recorded in."""

from functools import cache

from .distribution import Distribution, Stratum
from .error import RunError

#: Endings of the names of strata: `refill_ns.slow` and `refill_ns.fast` are the strata of `refill_ns`.
STRATA = (".slow", ".fast")


@cache
def quantity(name):
    """The quantity that this stratum belongs to; the histogram itself when it is no stratum."""
    return next((name[: -len(end)] for end in STRATA if name.endswith(end)), name)


def distribution(records, name):
    """The histogram `name` over these repetitions of ranks, strata kept apart."""
    strata = {}
    for record in records:
        for own, histogram in record["histograms"].items():
            if name in (own, quantity(own)):
                strata.setdefault(own, Stratum()).add(histogram)
    if records and not strata:
        raise RunError(f"no histogram {name!r} was recorded")
    return Distribution(strata[own] for own in sorted(strata))
