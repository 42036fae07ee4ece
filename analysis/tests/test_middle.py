"""Medians and their confidence intervals, on values small enough to be worked out by hand."""

import unittest

from numamark_reader.judged import Between
from numamark_reader.middle import half_width, median, median_interval


class Middle(unittest.TestCase):
    def test_a_median_is_of_what_is_known(self):
        self.assertEqual([median(values) for values in ([], [None], [3], [4, None, 1, 3, 2])], [None, None, 3, 2.5])

    def test_a_few_values_give_their_range_and_the_level_it_has(self):
        self.assertIsNone(median_interval([3.0, None]))
        self.assertEqual(median_interval([5.0, None, 3.0]), {"low": 3.0, "high": 5.0, "level": 0.5})
        self.assertEqual(median_interval([5.0, 3.0, 9.0, 4.0, 8.0]), {"low": 3.0, "high": 9.0, "level": 0.9375})

    def test_from_six_values_on_the_ends_lie_between_order_statistics(self):
        six = median_interval([6.0, 5.0, 4.0, 3.0, 2.0, 1.0])
        self.assertEqual(six, {"low": Between(1.0, 2.0), "high": Between(5.0, 6.0), "level": 0.95})
        # The published table of the sign test: at 5 % the 2nd of 9, the 6th of 20, the 18th of 50.
        for count, depth in ((9, 2), (20, 6), (50, 18)):
            interval = median_interval([float(value) for value in range(1, count + 1)])
            self.assertEqual(interval["low"], Between(depth, depth + 1), count)
            self.assertEqual(interval["high"], Between(count - depth, count + 1 - depth), count)

    def test_what_lies_between_is_a_number_and_not_beyond_the_ends(self):
        allowed = [
            value for value in (0.9, 1.0, 1, 1.5, 2.0, 2.1, None, True, "1.5") if Between(1.0, 2.0).allows(value)
        ]
        self.assertEqual([str(value) for value in allowed], ["1.0", "1", "1.5", "2.0"])

    def test_half_a_width_waits_for_six_values_and_is_a_share_of_the_median(self):
        self.assertIsNone(half_width([1.0] * 5 + [None]))
        self.assertIsNone(half_width([-1.0] * 3 + [1.0] * 3))
        self.assertEqual(half_width([2.0] * 6), 0.0)
        # Six: the range covers 31 in 32, the next pair 25 in 32; by hand from the paper's formula.
        wanted = (0.025 - 1 / 64) / (6 / 64)
        share = 5 * wanted / (1 + 4 * wanted)
        self.assertAlmostEqual(half_width([1, 2, 3, 4, 5, 6]), (5 - 2 * share) / 2 / 3.5, places=12)
        # Many: the normal approximation.
        self.assertAlmostEqual(half_width(range(1, 2_502)) * 1251, 49, delta=0.5)


if __name__ == "__main__":
    unittest.main()
