"""The median of a few values and its confidence interval: the only judgement with a second implementation.

Below six values the interval is their range, with its own level: both are exact. From six values on each end lies between
two order statistics. numamark interpolates with its own logarithm of the gamma function; this reader uses whole numbers, so
the last digits differ. The reader therefore gives the two order statistics of each end.
"""

from fractions import Fraction

from .judged import Between

LEVEL = 0.95
#: The smallest number of values that allows 95 %.
ENOUGH = 6


def median(values):
    """The middle of the known values, or the mean of the two middle ones; None when there is none."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    middle = len(known) // 2
    return known[middle] if len(known) % 2 else (known[middle - 1] + known[middle]) / 2.0


def median_interval(values):
    """The confidence interval of the median of these values; None below two known values."""
    known = sorted(value for value in values if value is not None)
    if len(known) < ENOUGH:
        level = 1.0 - 2.0 * 0.5 ** len(known)
        return {"low": known[0], "high": known[-1], "level": level} if len(known) >= 2 else None
    depth, _ = _depth(len(known))
    low, high = Between(known[depth - 1], known[depth]), Between(known[-depth - 1], known[-depth])
    return {"low": low, "high": high, "level": LEVEL}


def half_width(values):
    """The half-width of the confidence interval over the median; None without 95 %, or around a median of 0.

    The result has more exact digits than the bound of a stop rule.
    """
    known, middle = sorted(value for value in values if value is not None), median(values)
    if len(known) < ENOUGH or not middle:
        return None
    depth, share = _depth(len(known))
    low = known[depth - 1] + share * (known[depth] - known[depth - 1])
    high = known[-depth] + share * (known[-depth - 1] - known[-depth])
    return (high - low) / 2.0 / abs(middle)


def _depth(count):
    """The deepest order statistic, from 1, that with its mirror image covers the median, and the share from it to the next.

    Hettmansperger and Sheather, "Confidence intervals based on interpolated order statistics", 1986.
    """
    misses, all_ways = 40, 2**count  # one in 40 on either side leaves 95 %
    depth, missed, ways = 0, 0, 1
    reached = ways  # ways in which no more than `depth` of the values fall below the median
    while misses * reached <= all_ways:
        ways = ways * (count - depth) // (depth + 1)
        depth, missed, reached = depth + 1, reached, reached + ways
    wanted = Fraction(all_ways - misses * missed, misses * (reached - missed))
    return depth, float((count - depth) * wanted / (depth + (count - 2 * depth) * wanted))
