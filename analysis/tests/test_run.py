"""Run directories written by hand, whole and damaged."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

from numamark_reader import RunError, differences, open_run, read_part
from numamark_reader.__main__ import main as command_line

from . import made_up


class HandMade(unittest.TestCase):
    """Two ranks, two rounds: 4 GiB in 2 s, then 4 GiB in 4 s, each rank half of it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)

    def write(self, throughput=(2 << 30), p50=100):
        gib = 1 << 30
        chunk = made_up.histogram([100] * 10)
        slow, fast = made_up.histogram([1000, 3000]), made_up.histogram([10], count=50)
        for rank, pages in enumerate([made_up.pages(9, 1), made_up.pages(10, 0)]):
            rounds = [
                made_up.repetition(
                    0, 2 * 10**9 - rank, 2 * gib, chunk_ns=chunk, refill_ns__slow=slow, refill_ns__fast=fast
                ),
                made_up.repetition(
                    1, 4 * 10**9 - rank, 2 * gib, chunk_ns=chunk, refill_ns__slow=slow, refill_ns__fast=fast
                ),
            ]
            made_up.write_part(self.path, rank, 2, rounds, pages, made_up.pages(10, 0))
        # Four rank-repetitions: 40 chunks, 8 slow refills with 16 us, 200 fast ones of which 4 were timed with 40 ns.
        chunks = {"count": 40, "timed": 40, "clamped": 0, "min": 100, "max": 100, "sum": 4000, "sum_estimate": 4000.0}
        chunks.update(p50=p50, p90=None, p99=None, p999=None)
        few = {"p50": None, "p90": None, "p99": None, "p999": None, "clamped": 0}
        case = {
            "id": "fill",
            "metrics": {
                "throughput_bytes_per_s": made_up.metric([throughput, float(gib)], (throughput + gib) / 2),
                "core_seconds_per_gib": made_up.metric([2 - 1e-9 / 2, 4 - 1e-9 / 2], 3.0),
            },
            "histograms": {
                "chunk_ns": chunks,
                "refill_ns": {
                    **few,
                    "count": 208,
                    "timed": 12,
                    "min": 10,
                    "max": 3000,
                    "sum": 16040,
                    "sum_estimate": 18000.0,
                },
                "refill_ns.slow": {
                    **few,
                    "count": 8,
                    "timed": 8,
                    "min": 1000,
                    "max": 3000,
                    "sum": 16000,
                    "sum_estimate": 16000.0,
                },
                "refill_ns.fast": {
                    **few,
                    "count": 200,
                    "timed": 4,
                    "min": 10,
                    "max": 10,
                    "sum": 40,
                    "sum_estimate": 2000.0,
                },
            },
        }
        made_up.write_run(self.path, 2, case, locality_share=0.95)

    def test_figures_worked_out_on_paper_are_derived_again(self):
        self.write()
        run = open_run(self.path)
        found, compared = differences(run)
        self.assertEqual([str(difference) for difference in found], [])
        self.assertGreater(compared, 40)
        self.assertEqual(run.distribution("fill", "refill_ns").sum_estimate(), 18000)

    def test_every_changed_figure_is_named(self):
        self.write(throughput=3.0, p50=101)
        found = [difference.where for difference in differences(open_run(self.path))[0]]
        wrong = ["fill.throughput_bytes_per_s.values[0]", "fill.throughput_bytes_per_s.value", "fill.chunk_ns.p50"]
        self.assertEqual(found, wrong)

    def test_the_command_line_says_what_it_found_by_its_exit_code(self):
        def run(*arguments):
            with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
                return command_line([str(argument) for argument in arguments]), out.getvalue() + err.getvalue()

        self.write()
        self.assertEqual(run(self.path)[0], 0)
        self.assertEqual(run()[0], 2)
        self.write(p50=101)
        code, text = run(self.path)
        self.assertEqual(code, 1)
        self.assertIn("fill.chunk_ns.p50: run.json has 101, the parts give 100", text)
        self.assertEqual(run(self.path / "nowhere")[0], 1)

    def test_a_repetition_that_a_rank_did_not_finish_counts_nowhere(self):
        self.write()
        extra = made_up.repetition(2, 1, 1, chunk_ns=made_up.histogram([5]))
        with (self.path / "parts/rank-00000.jsonl").open() as part:
            lines = part.readlines()
        lines.insert(-1, made_up.json.dumps(extra) + "\n")
        (self.path / "parts/rank-00000.jsonl").write_text("".join(lines))
        run = open_run(self.path)
        self.assertEqual(len(run.rounds("fill")), 2)
        self.assertEqual(differences(run)[0], [])

    def test_rows_have_one_measured_value_each(self):
        self.write()
        rows = [row for row in open_run(self.path).rows() if row["metric"] == "bytes"]
        self.assertEqual([(row["rank"], row["repetition"]) for row in rows], [(0, 0), (0, 1), (1, 0), (1, 1)])
        self.assertEqual({row["value"] for row in rows}, {2 << 30})

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
        self.assertRaisesRegex(RunError, "2 ranks, the parts are of ranks \\[0\\]", open_run, self.path)
        (self.path / "run.json").write_text('{"schema": 99}')
        self.assertRaisesRegex(RunError, "schema 99", open_run, self.path)
        (self.path / "run.json").write_text("[1")
        self.assertRaisesRegex(RunError, "run.json: is not JSON", open_run, self.path)
        (self.path / "run.json").unlink()
        self.assertRaisesRegex(RunError, "numamark recover", open_run, self.path)


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
