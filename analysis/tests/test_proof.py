"""The figures of a run derived again: on paper, and compared with every file that has them."""

import contextlib
import io
import json
import tempfile
import unittest

from numamark_reader import RunError, derived, open_run, proof, prove, samples
from numamark_reader.__main__ import main as command_line
from numamark_reader.judged import Between, Judged

from . import made_up
from .packages import needs


class Proof(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = made_up.write_whole_run(folder.name)

    def differences(self, file="run.json"):
        found = prove(open_run(self.path), [file])
        return found.differences, found.compared[file]

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
        again = derived(open_run(self.path))
        case = again["cases"][0]
        gib = float(1 << 30)
        self.assertEqual(case["metrics"]["throughput_bytes_per_s"]["values"], [2 * gib, gib])
        self.assertEqual(case["metrics"]["throughput_bytes_per_s"]["value"], 1.5 * gib)
        # Two workers per rank, busy all the time: 4 and 4 s less 2 ns of CPU for 4 GiB, then twice that.
        self.assertEqual(case["metrics"]["core_seconds_per_gib"]["values"], [(8 - 2e-9) / 4, (16 - 2e-9) / 4])
        self.assertEqual(case["metrics"]["cpu_share"]["value"], 1.0)
        # Both ranks waited 10 ms in each round, lost their cores three times, and their clocks fell by 1 %.
        self.assertEqual(case["metrics"]["run_delay_share"]["values"], [2e7 / (8e9 - 2), 2e7 / (16e9 - 2)])
        self.assertEqual(case["metrics"]["measuring_share"]["values"], [8e6 / (8e9 - 2), 8e6 / (16e9 - 2)])
        self.assertEqual(case["metrics"]["involuntary_switches"]["value"], 6.0)
        self.assertEqual(case["metrics"]["core_clock_change"]["value"], 0.99 - 1)
        self.assertEqual((again["record_ns"], again["unavailable"]), (5.0, {"thermal_throttles": "made up"}))
        self.assertEqual(case["slowest_rank"], 0)
        self.assertEqual(case["total"], {"bytes": 8 << 30, "operations": 0, "elapsed_ns": 6 * 10**9, "repetitions": 2})
        self.assertEqual(case["metrics"]["memory_peak_bytes"]["values"], [24.0 * 2**20] * 2)
        self.assertEqual(case["metrics"]["busy_workers"]["unit"], "workers")
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
        compared = self.differences()[1]
        changed = 0
        for name, value in derived(open_run(self.path)).items():
            for place, old in leaves(value, (name,)):
                if isinstance(old, Judged):
                    continue
                self.change(place, "changed")
                found, _ = self.differences()
                self.assertEqual([(each.recorded, each.derived) for each in found], [("changed", old)], place)
                self.change(place, old)
                changed += 1
        self.assertEqual(changed, compared)
        self.assertGreater(changed, 100)

    def test_judgements_are_named_and_must_be_there(self):
        kinds = ["cases[fill].limits.drift", "stragglers", "disturbances", "coincidences"]
        self.assertEqual(prove(open_run(self.path), ["run.json"]).judged, kinds)
        document = open_run(self.path).document
        del document["disturbances"]
        document["cases"][0]["limits"]["drift"] = 0.5
        (self.path / "run.json").write_text(json.dumps(document))
        again = prove(open_run(self.path), ["run.json"])
        self.assertEqual(again.judged, [kind for kind in kinds if kind != "disturbances"])
        self.assertEqual(
            [str(each) for each in again.differences],
            ["disturbances: run.json has nothing, the parts give a judgement"],
        )

    def test_an_interval_may_not_end_beyond_its_order_statistics(self):
        seen = [proof.holds(value, Between(1.0, 2.0)) for value in (proof.ABSENT, 1.0, 1.5, 2.5)]
        self.assertEqual(seen, [False, True, True, False])

    def test_a_rank_has_the_noise_of_its_workers(self):
        self.assertEqual(self.differences("parts"), ([], 2 * 2 * 9))
        part = self.path / "parts/rank-00001.jsonl"
        part.write_text(part.read_text().replace('"run_delay_ns": 10000000', '"run_delay_ns": 10000001', 1))
        found = [str(each) for each in self.differences("parts")[0]]
        self.assertEqual(found, ["rank 1, fill, round 1, run_delay_ns: parts has 10000001, the workers give 10000000"])

    def test_one_bit_is_a_difference(self):
        share = open_run(self.path).document["locality"]["share"]
        self.change(("locality", "share"), share + 2**-53)
        self.assertEqual([each.where for each in self.differences()[0]], ["locality.share"])

    def test_what_run_json_lacks_or_has_too_much_of_is_named(self):
        self.change(("cases", 0, "metrics", "made_up"), 1)
        document = open_run(self.path).document
        del document["violations"]
        (self.path / "run.json").write_text(json.dumps(document))
        found = [str(each) for each in self.differences()[0]]
        self.assertEqual(
            found,
            [
                "violations: run.json has nothing, the parts give 0",
                "cases[fill].metrics.made_up: run.json has 1, the parts give nothing",
            ],
        )

    def test_the_log_is_held_against_the_parts_counter_by_counter(self):
        found, compared = self.differences("histograms.hlog")
        self.assertEqual(([str(each) for each in found], compared), ([], 16))
        lines = dict(enumerate(made_up.log_lines({"chunk_ns": made_up.histogram([100] * 10)})))
        self.assertEqual(lines[0], ("fill;chunk_ns", {100: 20}))
        for change, expected in [
            ({0: ("fill;chunk_ns", {100: 19})}, "fill;chunk_ns[0].100: histograms.hlog has 19, the parts give 20"),
            (
                {3: ("fill;chunk_ns;n1", {100: 20, 7: 1})},
                "fill;chunk_ns;n1[0].7: histograms.hlog has 1, the parts give nothing",
            ),
            ({3: ("fill;chunk_ns;n2", {100: 20})}, "fill;chunk_ns;n1: histograms.hlog has nothing, the parts give"),
        ]:
            made_up.write_log(self.path, {**lines, **change}.values())
            found = [str(each) for each in self.differences("histograms.hlog")[0] if "refill" not in each.where]
            self.assertIn(expected, found[0])

    @needs("polars")
    def test_samples_are_held_against_the_parts_row_by_row(self):
        found, compared = self.differences("samples.parquet")
        self.assertEqual([str(each) for each in found], [])
        rows = list(samples.rows(open_run(self.path)))
        self.assertEqual(compared, len(rows) + 3)
        for change, expected in [
            ({"value": rows[0]["value"] * (1 + 2**-52)}, ["scope all, case fill"]),
            ({"unit": "furlongs"}, ["scope all, case fill", "scope all, case fill"]),
        ]:
            made_up.write_samples(self.path, [{**rows[0], **change}, *rows[1:]])
            found, _ = self.differences("samples.parquet")
            self.assertEqual([each.where[: len(expected[0])] for each in found], expected)
        made_up.write_samples(self.path, rows[::-1])
        self.assertEqual([each.where for each in self.differences("samples.parquet")[0]], ["rows in order"])
        made_up.write_samples(self.path, rows[1:])
        self.assertEqual([each.where for each in self.differences("samples.parquet")[0]][0], "rows")

    def test_a_file_that_is_not_there_is_named_with_what_builds_it(self):
        (self.path / "histograms.hlog").unlink()
        self.assertRaisesRegex(RunError, "no histograms.hlog: `numamark recover", self.differences, "histograms.hlog")

    def test_the_command_line_says_what_it_found_by_its_exit_code(self):
        def run(*arguments):
            with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
                return command_line([str(argument) for argument in arguments]), out.getvalue() + err.getvalue()

        code, text = run(self.path)
        self.assertEqual(code, 0)
        kinds = "cases.limits.drift, stragglers, disturbances, coincidences"
        self.assertIn(f"  left to `numamark verify`, 4 judgements: {kinds}\n", text)
        self.assertIn("  in no part: schema, ranks, repetitions, planned, gates\n", text)
        self.assertEqual(run()[0], 2)
        self.change(("cases", 0, "histograms", "chunk_ns", "p50"), 101)
        code, text = run(self.path)
        self.assertEqual(code, 1)
        self.assertIn("cases[fill].histograms.chunk_ns.p50: run.json has 101, the parts give 100", text)
        self.assertEqual(run(self.path / "nowhere")[0], 1)


def leaves(value, place):
    """(place, value) of every value that contains no other; an empty container is one."""
    if not isinstance(value, (dict, list)) or not value:
        return [(place, value)]
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    return [leaf for step, inner in steps for leaf in leaves(inner, (*place, step))]


if __name__ == "__main__":
    unittest.main()
