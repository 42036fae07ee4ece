"""Run directories written by hand, whole and damaged."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

from numamark_reader import RunError, derived, differences, open_run, read_part
from numamark_reader.__main__ import main as command_line

from . import made_up


GATES = [
    {"metric": "locality", "bound": {"at_least": 0.9}, "level": "fail"},
    {"metric": "refill_ns.slow.max", "bound": {"at_most": 2999.0}, "level": "warn"},
    {"metric": "chunk_ns.p99", "bound": {"at_most": 1e9}, "level": "fail"},
    {"metric": "operations_per_s", "bound": {"at_least": 1.0}, "level": "fail"},
]


class HandMade(unittest.TestCase):
    """Two ranks, two rounds: 4 GiB in 2 s, then 4 GiB in 4 s, each rank half of it; rank 1 a little faster."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)

    def write(self):
        gib = 1 << 30
        chunk = made_up.histogram([100] * 10)
        slow, fast = made_up.histogram([1000, 3000]), made_up.histogram([10], count=50)
        for rank, pages in enumerate([made_up.pages(9, 1), made_up.pages(10, 0)]):
            records = {"chunk_ns": chunk, "refill_ns__slow": slow, "refill_ns__fast": fast}
            rounds = [
                made_up.repetition(number, elapsed_s * 10**9 - rank, 2 * gib, **records)
                for number, elapsed_s in enumerate([2, 4])
            ]
            made_up.write_part(self.path, rank, 2, rounds, pages, made_up.pages(10, 0))
        made_up.write_run(self.path, ranks=2, repetitions=2, gates=GATES)
        made_up.write_run(self.path, ranks=2, repetitions=2, gates=GATES, **derived(open_run(self.path)))

    def change(self, place, value):
        """Writes another value at a place of run.json, such as ("cases", 0, "id")."""
        document = open_run(self.path).document
        *way, last = place
        target = document
        for step in way:
            target = target[step]
        target[last] = value
        (self.path / "run.json").write_text(json.dumps(document))

    def test_figures_worked_out_on_paper_are_derived(self):
        self.write()
        again = derived(open_run(self.path))
        case = again["cases"][0]
        gib = float(1 << 30)
        self.assertEqual(case["metrics"]["throughput_bytes_per_s"]["values"], [2 * gib, gib])
        self.assertEqual(case["metrics"]["throughput_bytes_per_s"]["value"], 1.5 * gib)
        # Two workers a rank, busy all the time: 4 and 4 s less 2 ns of CPU for 4 GiB, then twice that.
        self.assertEqual(case["metrics"]["core_seconds_per_gib"]["values"], [(8 - 2e-9) / 4, (16 - 2e-9) / 4])
        self.assertEqual(case["metrics"]["cpu_share"]["value"], 1.0)
        self.assertEqual(case["slowest_rank"], 0)
        self.assertEqual(case["metrics"]["slowest_rank_throughput_bytes_per_s"]["values"], [gib, gib / 2])
        # Four records of a rank and round: 8 slow refills with 16 us, 200 fast ones of which 4 were timed with 40 ns.
        refills = case["histograms"]["refill_ns"]
        self.assertEqual((refills["count"], refills["timed"], refills["sum"]), (208, 12, 16040))
        self.assertEqual((refills["min"], refills["max"], refills["sum_estimate"]), (10, 3000, 18000.0))
        self.assertEqual((case["histograms"]["chunk_ns"]["p50"], case["histograms"]["chunk_ns"]["p90"]), (100, None))
        self.assertEqual(again["locality"]["share"], 0.95)
        self.assertEqual(again["locality"]["start"], {"local": 19, "remote": 1, "absent": 0})
        self.assertEqual([gate["outcome"] for gate in again["gate_results"]], ["pass", "warn", "fail", "fail"])
        self.assertEqual([gate["case"] for gate in again["gate_results"]], ["fill", "fill", "fill", None])
        self.assertTrue(again["complete"])

    def test_every_changed_value_is_named_and_nothing_else(self):
        self.write()
        _, compared = differences(open_run(self.path))
        changed = 0
        for name, value in derived(open_run(self.path)).items():
            for place, old in leaves(value, (name,)):
                self.change(place, "changed")
                found, _ = differences(open_run(self.path))
                self.assertEqual([(each.recorded, each.derived) for each in found], [("changed", old)], place)
                self.change(place, old)
                changed += 1
        self.assertEqual(changed, compared)
        self.assertGreater(changed, 100)

    def test_one_bit_is_a_difference(self):
        self.write()
        share = open_run(self.path).document["locality"]["share"]
        self.change(("locality", "share"), share + 2**-53)
        self.assertEqual([each.where for each in differences(open_run(self.path))[0]], ["run.json: locality.share"])

    def test_what_run_json_lacks_or_has_too_much_of_is_named(self):
        self.write()
        self.change(("cases", 0, "metrics", "made_up"), 1)
        document = open_run(self.path).document
        del document["violations"]
        (self.path / "run.json").write_text(json.dumps(document))
        found = [str(each) for each in differences(open_run(self.path))[0]]
        self.assertEqual(
            found,
            [
                "violations: run.json has nothing, the parts give 0",
                "cases[fill].metrics.made_up: run.json has 1, the parts give nothing",
            ],
        )

    def test_the_command_line_says_what_it_found_by_its_exit_code(self):
        def run(*arguments):
            with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
                return command_line([str(argument) for argument in arguments]), out.getvalue() + err.getvalue()

        self.write()
        self.assertEqual(run(self.path)[0], 0)
        self.assertEqual(run()[0], 2)
        self.change(("cases", 0, "histograms", "chunk_ns", "p50"), 101)
        code, text = run(self.path)
        self.assertEqual(code, 1)
        self.assertIn("cases[fill].histograms.chunk_ns.p50: run.json has 101, the parts give 100", text)
        self.assertEqual(run(self.path / "nowhere")[0], 1)

    def test_a_repetition_that_a_rank_did_not_finish_counts_nowhere(self):
        self.write()
        extra = made_up.repetition(2, 1, 1, chunk_ns=made_up.histogram([5]))
        with (self.path / "parts/rank-00000.jsonl").open() as part:
            lines = part.readlines()
        lines.insert(-1, made_up.json.dumps(extra) + "\n")
        (self.path / "parts/rank-00000.jsonl").write_text("".join(lines))
        run = open_run(self.path)
        self.assertEqual((len(run.rounds("fill")), run.unfinished()), (2, 1))
        self.assertEqual([each.where for each in differences(run)[0]], ["run.json: unfinished_repetitions"])

    def test_names_that_do_not_exist_are_answered_with_those_that_do(self):
        self.write()
        run = open_run(self.path)
        for call in (
            lambda: run.case("fall"),
            lambda: run.case("fill").metric("x"),
            lambda: run.case("fill").histogram("x"),
        ):
            self.assertRaisesRegex(RunError, "there are (fill|chunk_ns|core_seconds)", call)
        self.assertRaisesRegex(RunError, "no histogram 'x'", run.distribution, "fill", "x")

    def test_what_is_not_a_whole_run_is_refused_with_its_reason(self):
        self.assertRaisesRegex(RunError, "no parts/", open_run, self.path)
        self.write()
        (self.path / "parts/rank-00001.jsonl").rename(self.path / "parts/rank-00002.jsonl.gone")
        with self.assertRaisesRegex(RunError, "2 ranks, the parts are of ranks \\[0\\]"):
            open_run(self.path).parts  # noqa: B018 (read when asked for)
        (self.path / "run.json").write_text('{"schema": 99}')
        self.assertRaisesRegex(RunError, "schema 99", open_run, self.path)
        (self.path / "run.json").write_text("[1")
        self.assertRaisesRegex(RunError, "run.json: is not JSON", open_run, self.path)
        (self.path / "run.json").unlink()
        self.assertRaisesRegex(RunError, "numamark recover", open_run, self.path)


def leaves(value, place):
    """(place, value) of every value that contains no other; an empty container is one."""
    if not isinstance(value, (dict, list)) or not value:
        return [(place, value)]
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    return [leaf for step, inner in steps for leaf in leaves(inner, (*place, step))]


class Parts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)

    def test_a_torn_last_line_is_set_aside(self):
        rounds = [made_up.repetition(0, 5, 6, chunk_ns=made_up.histogram([5]))]
        part = read_part(made_up.write_part(self.path, 0, 1, rounds, tail='{"kind": "repet'))
        self.assertEqual((len(part.repetitions), part.end, part.torn), (1, None, True))

    def test_damage_before_the_last_line_is_named_with_its_line(self):
        for text, complaint in [
            ("", ":1: is of kind None"),
            ('{"kind": "end"}\n', ":1: is of kind 'end', expected 'begin'"),
            ('{"kind": "begin"}\nnoise\n', ":2: is not JSON"),
            ('{"kind": "begin"}\n[]\n', ":2: is of kind None"),
            ('{"kind": "begin"}\n{"kind": "end"}\n{"kind": "end"}\n', ":2: is of kind 'end'"),
        ]:
            file = self.path / "part.jsonl"
            file.write_text(text)
            self.assertRaisesRegex(RunError, complaint, read_part, file)


if __name__ == "__main__":
    unittest.main()
