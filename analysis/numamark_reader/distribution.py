"""Histograms of nanoseconds: the values of a counter's index, and quantiles over sampled strata.

The layout is that of a High Dynamic Range histogram from 1 ns to 60 s at three digits: 2,048 counters of one
nanosecond, then 1,024 counters for each further doubling.

Counts, sums and extremes are integers. What is estimated is computed in doubles, in the order that numamark defines,
so that the figures are run.json's bit for bit.
"""

HIGHEST_NS = 60_000_000_000
#: Three digits need 2 * 10**3 counters in the first bucket, rounded up to a power of two.
SUB_BUCKETS = 2048
HALF = SUB_BUCKETS // 2
HALF_BITS = HALF.bit_length() - 1

#: The quantiles that run.json has.
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
#: A quantile needs this many timed values on either side.
ENOUGH = 10
#: Slack of the comparison with a quantile's rank, relative to the number of events: sums of weights are rounded.
TOLERANCE = 1e-9
#: Lets 1000 values have a p99 although 1 - 0.99 is not quite 0.01.
SLACK = 1e-6


def _split(index):
    """The bucket of a counter (values are shifted by it) and the counter's place in it."""
    if index < 0:
        raise ValueError(f"counter {index} does not exist")
    bucket = (index >> HALF_BITS) - 1
    return (0, index) if bucket < 0 else (bucket, (index & (HALF - 1)) + HALF)


def lower_edge(index):
    """The smallest value that a counter counts, in nanoseconds."""
    bucket, place = _split(index)
    return place << bucket


def upper_edge(index):
    """The largest value that a counter counts, in nanoseconds. Quantiles are given as such values."""
    bucket, place = _split(index)
    return ((place + 1) << bucket) - 1


def index_of(value_ns):
    """The counter of a value; values above the range are counted as the highest."""
    value = min(value_ns, HIGHEST_NS)
    bucket = max(0, value.bit_length() - SUB_BUCKETS.bit_length() + 1)
    return ((bucket + 1) << HALF_BITS) + (value >> bucket) - HALF


class Stratum:
    """Events of one kind, of which `timed` were timed: exact sums, and counters by index."""

    def __init__(self):
        self.count = self.timed = self.sum = self.clamped = 0
        self.min = self.max = None
        self.counters = {}

    def add(self, record):
        """Adds a histogram as it stands in a part."""
        for name in ("count", "timed", "sum", "clamped"):
            setattr(self, name, getattr(self, name) + record[name])
        for name, choose in (("min", min), ("max", max)):
            known = [value for value in (getattr(self, name), record[name]) if value is not None]
            setattr(self, name, choose(known, default=None))
        for index, count in record["counters"]:
            self.counters[index] = self.counters.get(index, 0) + count

    def sum_estimate(self):
        """The timed sum scaled up to all events; None when there were events and none was timed."""
        if self.count == self.timed:
            return float(self.sum)
        return self.sum * (self.count / self.timed) if self.timed else None


class Distribution:
    """One or more strata as one: each timed value stands for count / timed events of its stratum."""

    def __init__(self, strata):
        #: In the order of their names: rounded sums depend on it.
        self.strata = list(strata)

    def _total(self, name):
        return sum(getattr(stratum, name) for stratum in self.strata)

    @property
    def count(self):
        """Events, timed or not."""
        return self._total("count")

    @property
    def timed(self):
        """Events that were timed."""
        return self._total("timed")

    @property
    def sum(self):
        """The sum of the timed values: exact."""
        return self._total("sum")

    @property
    def min(self):
        """The smallest timed value: exact."""
        return min((s.min for s in self.strata if s.min is not None), default=None)

    @property
    def max(self):
        """The largest timed value: exact."""
        return max((s.max for s in self.strata if s.max is not None), default=None)

    def sum_estimate(self):
        """All strata's sums scaled up to all events; None when a stratum was never timed."""
        sums = [stratum.sum_estimate() for stratum in self.strata]
        return None if None in sums else _in_order(sums)

    def masses(self):
        """By counter, ascending: (index, events it stands for, values timed in it)."""
        masses = {}
        for stratum in self.strata:
            for index, timed in stratum.counters.items():
                events, values = masses.get(index, (0.0, 0))
                weight = stratum.count / stratum.timed
                masses[index] = (events + timed * weight, values + timed)
        return [(index, *masses[index]) for index in sorted(masses)]

    def quantile(self, q):
        """The value that the share `q` of all events does not exceed, in nanoseconds.

        None where it would be noise: fewer than 10 / (1 - q) timed values, fewer than ten of them on either side,
        or a stratum with events but without timed ones.
        """
        if self.timed * (1.0 - q) < ENOUGH - SLACK or any(s.count and not s.timed for s in self.strata):
            return None
        target = (q - TOLERANCE) * _in_order(float(stratum.count) for stratum in self.strata)
        reached, below = 0.0, 0
        for index, events, values in self.masses():
            reached += events
            if reached >= target:
                enough = self.timed - below >= ENOUGH and below + values >= ENOUGH
                return self._value(index) if enough else None
            below += values
        return None

    def _value(self, index):
        # The highest counter also counts values above the range: its edge is no bound for them.
        if self._total("clamped") and index == index_of(HIGHEST_NS):
            return self.max
        return min(upper_edge(index), self.max)

    def summary(self):
        """All figures of a histogram in run.json, by the same names."""
        summary = {name: self._total(name) for name in ("count", "timed", "clamped", "sum")}
        summary.update(min=self.min, max=self.max, sum_estimate=self.sum_estimate())
        return {**summary, **self.quantiles()}

    def quantiles(self):
        """The quantiles that run.json has, by its names."""
        return {name: self.quantile(q) for name, q in QUANTILES.items()}


def _in_order(numbers):
    """Their sum, rounded after each addition; `sum` carries the lost digits along, and numamark does not."""
    total = 0.0
    for number in numbers:
        total += number
    return total
