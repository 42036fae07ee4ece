"""Reading run directories, whole and damaged."""

import importlib
import socket
import tempfile
import unittest
from pathlib import Path

from numamark_reader import RunError, open_run, open_runs, prove, read_part

from . import made_up
from .packages import needs


class HandMade(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)

    def write(self):
        made_up.write_whole_run(self.path)

    def differences(self):
        return prove(open_run(self.path), ["run.json"]).differences

    def test_a_repetition_that_a_rank_did_not_finish_counts_nowhere(self):
        self.write()
        extra = made_up.repetition(3, 1, 1, chunk_ns=made_up.histogram([5]))
        with (self.path / "parts/rank-00000.jsonl").open() as part:
            lines = part.readlines()
        lines.insert(-1, made_up.json.dumps(extra) + "\n")
        (self.path / "parts/rank-00000.jsonl").write_text("".join(lines))
        run = open_run(self.path)
        self.assertEqual((len(run.rounds("fill")), run.unfinished()), (2, 1))
        self.assertEqual([each.where for each in self.differences()], ["unfinished_repetitions"])

    def test_names_that_do_not_exist_are_answered_with_those_that_do(self):
        self.write()
        run = open_run(self.path)
        for call in (
            lambda: run.case("fall"),
            lambda: run.case("fill").metric("x"),
            lambda: run.case("fill").histogram("x"),
        ):
            self.assertRaisesRegex(RunError, "there are (fill|chunk_ns|busy_workers)", call)
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
        self.assertRaisesRegex(RunError, "no run.json, and no header", open_run, self.path)

    def stop(self, rounds, live):
        """Leaves what a run of two rounds leaves that ended after these rounds of its two ranks."""
        self.write()
        document = made_up.json.loads((self.path / "run.json").read_text())
        header = {name: document[name] for name in ("schema", "ranks", "repetitions", "planned", "gates", "hosts")}
        (self.path / "parts/header.json").write_text(made_up.json.dumps(header))
        for file in ("run.json", "samples.parquet", "histograms.hlog"):
            (self.path / file).unlink(missing_ok=True)
        for rank, count in enumerate(rounds):
            part = self.path / f"parts/rank-{rank:05}.jsonl"
            lines = part.read_text().splitlines(keepends=True)
            part.write_text("".join(lines[: 1 + count]) + '{"kind": "repet')
        if live:
            (self.path / "live.json").write_text(made_up.json.dumps(live))

    def test_a_stopped_run_has_the_repetitions_that_are_complete(self):
        self.stop((2, 1), {"state": "stopped", "why": "--time 3s"})
        run = open_run(self.path)
        self.assertFalse(run.complete)
        self.assertEqual(run.document["partial"], {"state": "stopped", "why": "--time 3s"})
        self.assertEqual((len(run.rounds("fill")), run.unfinished()), (1, 1))
        self.assertEqual(run.case("fill").metric("throughput_bytes_per_s")["values"], [2 << 30])
        self.assertEqual(prove(run).differences, [])
        self.assertEqual(list(prove(run).compared), ["parts"])
        self.assertFalse((self.path / "run.json").exists(), "reading writes nothing")

    @needs("polars")
    def test_a_stopped_run_has_frames_like_those_of_a_whole_run(self):
        self.write()
        whole = open_run(self.path)
        types, expected = whole.samples().collect_schema(), whole.samples().collect().filter(repetition=1)
        self.stop((1, 1), None)
        run = open_run(self.path)
        self.assertEqual(run.samples().collect_schema(), types)
        self.assertTrue(run.samples().collect().equals(expected))
        self.assertEqual(run.cases()["total_repetitions"].to_list(), [1])
        self.assertEqual(run.limits().height, whole.limits().height)

    def test_a_run_without_a_lock_or_a_word_died_here_or_somewhere(self):
        self.stop((1, 1), {"state": "running"})
        self.assertEqual(open_run(self.path).document["partial"], {"state": "unknown", "why": "n0"})
        header = made_up.json.loads((self.path / "parts/header.json").read_text())
        header["hosts"] = [socket.gethostname()]
        (self.path / "parts/header.json").write_text(made_up.json.dumps(header))
        self.assertEqual(open_run(self.path).document["partial"], {"state": "died", "why": None})

    def test_a_run_is_running_while_its_token_is_locked(self):
        fcntl = importlib.import_module("fcntl")
        self.stop((1, 1), {"state": "running"})
        with (self.path / "parts/token").open("w") as token:
            fcntl.flock(token, fcntl.LOCK_EX)
            self.assertEqual(open_run(self.path).document["partial"]["state"], "running")
        self.assertEqual(open_run(self.path).document["partial"]["state"], "unknown")

    def test_a_run_that_stopped_in_its_first_repetition_says_so(self):
        self.stop((1, 0), {"state": "stopped", "why": "SIGINT"})
        self.assertRaisesRegex(RunError, r"stopped \(SIGINT\), and no repetition is complete", open_run, self.path)

    def test_nothing_but_run_json_is_read_before_it_is_asked_for(self):
        self.write()
        for damaged in ("parts/rank-00000.jsonl", "histograms.hlog"):
            (self.path / damaged).write_text("damaged")
        run = open_run(self.path)
        self.assertEqual(run.case("fill").metric("cpu_share")["value"], 1.0)
        self.assertRaisesRegex(RunError, "rank-00000.jsonl:1: ", getattr, run, "parts")
        self.assertRaisesRegex(RunError, "histograms.hlog: ends within a line", run.log)

    @needs("polars")
    def test_runs_stand_below_each_other_lazily(self):
        import polars

        for name in ("a", "b"):
            (self.path / name).mkdir()
            made_up.write_whole_run(self.path / name)
        (self.path / "c").write_text("not a directory")
        both = open_runs(self.path / "*")
        frame = both.samples()
        self.assertIsInstance(frame, polars.LazyFrame)
        rates = (
            frame.filter(scope="all", metric="throughput_bytes_per_s").select("run", "chunk_bytes", "value").collect()
        )
        expected = [(str(self.path / name), 8 << 20, float(value << 30)) for name in "ab" for value in (2, 1)]
        self.assertEqual(rates.rows(), expected)
        self.assertEqual(
            both.cases()["run", "case", "total_bytes"].rows(), [(str(run.path), "fill", 8 << 30) for run in both]
        )
        self.assertEqual(frame.collect().height, 2 * both.runs[0].samples().collect().height)
        self.assertRaisesRegex(RunError, "no run directory matches .*nothing", open_runs, self.path / "nothing*")

    @needs("polars")
    def test_a_parameter_that_is_a_word_in_one_case_is_a_word_in_all(self):
        self.write()
        run = open_run(self.path)
        [case] = run.document["cases"]
        run.document["cases"] = [{**case, "parameters": {"workers": value}} for value in (4, "all")]
        self.assertEqual(run.cases()["workers"].to_list(), ["4", "all"])


class Parts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)

    def test_a_torn_last_line_is_set_aside(self):
        rounds = [made_up.repetition(1, 5, 6, chunk_ns=made_up.histogram([5]))]
        part = read_part(made_up.write_part(self.path, 0, 1, rounds, tail='{"kind": "repet'))
        self.assertEqual((len(part.repetitions), part.end, part.torn), (1, None, True))

    def test_damage_before_the_last_line_is_named_with_its_line(self):
        for text, complaint in [
            ("", ":1: is of kind None"),
            ('{"kind": "end"}\n', ":1: is of kind 'end', expected 'begin'"),
            ('{"kind": "begin"}\nnoise\n', ":2: is not JSON"),
            ('{"kind": "begin"}\n[]\n', ":2: is of kind None"),
            ('{"kind": "begin"}\n{"kind": "end"}\n{"kind": "end"}\n', ":2: is of kind 'end'"),
            (
                '{"kind": "begin"}\n{"kind": "repetition", "case": "fill", "round": 0}\n',
                ":2: case fill has round 0; rounds count from 1, in older runs from 0",
            ),
        ]:
            file = self.path / "part.jsonl"
            file.write_text(text)
            self.assertRaisesRegex(RunError, complaint, read_part, file)


if __name__ == "__main__":
    unittest.main()
