"""Counters, quantiles and strata."""

import random
import unittest
from fractions import Fraction
from math import ceil

from numamark_reader import Distribution, Stratum, index_of, lower_edge, upper_edge

from .made_up import histogram


def stratum(values, count=None):
    made = Stratum()
    made.add(histogram(values, count))
    return made


class Layout(unittest.TestCase):
    def test_known_counters_of_the_program(self):
        # (index, upper edge) as numamark's own layout() gives them: the first and last of buckets, and one inside.
        for index, edge in [(0, 0), (2047, 2047), (2048, 2049), (2049, 2051), (5000, 15431), (27647, 68719476735)]:
            self.assertEqual(upper_edge(index), edge, index)

    def test_every_value_lies_within_its_counter_and_counters_meet(self):
        for index in range(27648 - 1):
            self.assertEqual(upper_edge(index) + 1, lower_edge(index + 1), index)
        for bits in range(36):
            for value in ((1 << bits) - 1, 1 << bits, (1 << bits) + 1):
                index = index_of(value)
                self.assertTrue(lower_edge(index) <= value <= upper_edge(index), value)

    def test_a_counter_is_at_most_a_thousandth_wide(self):
        for index in range(2048, 27648):
            self.assertLessEqual(upper_edge(index) - lower_edge(index), lower_edge(index) / 1000)

    def test_values_above_the_range_stand_in_the_highest_counter(self):
        self.assertEqual(index_of(10**15), index_of(60_000_000_000))

    def test_a_negative_index_is_refused(self):
        self.assertRaises(ValueError, upper_edge, -1)


class Quantiles(unittest.TestCase):
    def test_without_sampling_it_is_the_quantile_of_the_sorted_values(self):
        seed = 4711
        source = random.Random(seed)
        for count in (20, 100, 999, 1000, 20_000):
            values = sorted(source.randrange(2000) for _ in range(count))
            for q in (0.5, 0.9, 0.99, 0.999):
                enough = count * (1 - Fraction(str(q))) >= 10
                expected = values[ceil(count * Fraction(str(q))) - 1] if enough else None
                self.assertEqual(Distribution([stratum(values)]).quantile(q), expected, (seed, count, q))

    def test_a_sampled_stratum_weighs_by_count_over_timed(self):
        # 10 of 1,000 fast events were timed, and all 100 slow ones: the median is fast, the 95th percentile slow.
        both = Distribution([stratum([20] * 10, count=1000), stratum([900] * 100)])
        self.assertEqual((both.count, both.timed), (1100, 110))
        self.assertEqual((both.quantile(0.5), both.quantile(0.9)), (20, 20))
        self.assertEqual(both.sum_estimate(), 20 * 1000 + 900 * 100)

    def test_an_untimed_stratum_makes_everything_unknown(self):
        both = Distribution([stratum([20] * 1000), stratum([], count=3)])
        self.assertIsNone(both.quantile(0.5))
        self.assertIsNone(both.sum_estimate())

    def test_the_largest_value_is_exact_and_bounds_every_quantile(self):
        values = [1_000_001] * 20
        self.assertGreater(upper_edge(index_of(1_000_001)), 1_000_001)
        self.assertEqual(Distribution([stratum(values)]).quantile(0.5), 1_000_001)

    def test_clamped_values_are_given_as_the_largest(self):
        slow = Distribution([stratum([10**12] * 20)])
        self.assertEqual(slow.quantile(0.5), 10**12)

    def test_nothing_has_no_quantile(self):
        nothing = Distribution([stratum([])])
        self.assertEqual((nothing.count, nothing.min, nothing.max, nothing.quantile(0.5)), (0, None, None, None))

    def test_merging_is_adding_in_any_order(self):
        a, b = histogram([1, 5, 5, 7000]), histogram([5, 90_000])
        together, other_way = Stratum(), Stratum()
        for record in (a, b):
            together.add(record)
        for record in (b, a):
            other_way.add(record)
        whole = stratum([1, 5, 5, 7000, 5, 90_000])
        for merged in (together, other_way):
            self.assertEqual(vars(merged), vars(whole))


if __name__ == "__main__":
    unittest.main()
