"""Laws of every run directory that the program wrote, for every reader."""

import shutil
import subprocess
import sys
from pathlib import Path

from numamark_reader import index_of, open_run, prove
from numamark_reader.distribution import HIGHEST_NS
from numamark_reader.log import tag
from numamark_reader.samples import AFTER, BEFORE

from . import strict_log
from .packages import needs

ANALYSIS = Path(__file__).resolve().parents[1]
#: Path of HdrHistogram in Debian's libhdrhistogram-java.
JAR = Path("/usr/share/java/hdrhistogram.jar")


class RoundTrip:
    """Tests of the run directory at `path`."""

    path: Path

    def test_every_value_of_every_file_is_derived_again(self):
        run = open_run(self.path)
        proof = prove(run)
        self.assertEqual([str(difference) for difference in proof.differences], [])
        values = len(run.parts) * sum(len(run.rounds(case)) for case in run.case_ids)
        for file, count in proof.compared.items():
            if count is not None:
                self.assertGreater(count, values, file)

    def test_the_reader_needs_nothing_but_python(self):
        # -S: without installed packages.
        command = [sys.executable, "-S", "-m", "numamark_reader", self.path]
        done = subprocess.run(command, cwd=ANALYSIS, check=False, capture_output=True, text=True, timeout=2400)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("samples.parquet: not compared, polars is not installed", done.stdout)

    def test_stages_of_a_refill_sum_to_its_time(self):
        run = open_run(self.path)
        for case in run.case_ids:
            names = run.histogram_names(case)
            for stratum in ("slow", "fast"):
                stages = [n for n in names if n.startswith("refill_stage_ns.") and n.endswith(f".{stratum}")]
                total = sum(run.distribution(case, name).sum for name in stages)
                self.assertEqual(len(stages), 5, case)
                self.assertEqual(total, run.distribution(case, f"refill_ns.{stratum}").sum, case)

    def test_the_log_keeps_the_rules_of_the_strictest_reader(self):
        self.assertEqual(strict_log.broken_rules((self.path / "histograms.hlog").read_bytes()), [])

    def test_lines_of_the_log_begin_and_last_as_the_rounds_of_rank_0(self):
        run = open_run(self.path)
        lines = [line for line in run.log() if line.host is None and line.histogram == "chunk_ns"]
        rounds = [
            records[0]
            for case in run.case_ids
            for records in run.rounds(case)
            if "chunk_ns" in records[0]["histograms"]
        ]
        self.assertEqual(len(lines), len(rounds))
        for line, record in zip(lines, sorted(rounds, key=lambda record: record["began_unix_ms"])):
            self.assertEqual(line.tag, tag(record["case"], "chunk_ns"))
            self.assertAlmostEqual(line.start_s, record["began_unix_ms"] / 1e3, places=4)
            self.assertAlmostEqual(line.length_s, record["elapsed_ns"] / 1e9, delta=1.001e-3)

    @needs("hdrh")
    def test_the_python_package_reads_the_log(self):
        from hdrh.histogram import HdrHistogram
        from hdrh.log import HistogramLogReader

        ours = open_run(self.path).log()
        reader = HistogramLogReader(str(self.path / "histograms.hlog"), HdrHistogram(1, HIGHEST_NS, 3))
        self.addCleanup(reader.input_file.close)
        for line in ours:
            theirs = reader.get_next_interval_histogram()
            self.assertEqual(theirs.get_tag(), line.tag)
            self.assertAlmostEqual(theirs.get_start_time_stamp(), line.start_s * 1e3, delta=1)
            counts = {index: count for index, count in enumerate(theirs.counts) if count}
            self.assertEqual(counts, line.counters, line.tag)
            self.assertEqual(theirs.get_value_at_percentile(100), line.edges()[-1][1], line.tag)
        self.assertIsNone(reader.get_next_interval_histogram())

    def test_the_java_library_reads_the_log(self):
        if not shutil.which("javac") or not JAR.exists():
            self.skipTest(
                f"no JDK with {JAR} (Debian, Ubuntu: apt-get install default-jdk-headless libhdrhistogram-java)"
            )
        command = ["java", "-cp", JAR, ANALYSIS / "tests/ReadLog.java", self.path / "histograms.hlog"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=2400)
        found = done.stdout.splitlines()
        ours = open_run(self.path).log()
        self.assertEqual(len(found), len(ours))
        for text, line in zip(found, ours):
            tag, start_ms, end_ms, *counters = text.split()
            self.assertEqual(tag, line.tag)
            self.assertAlmostEqual(int(start_ms), line.start_s * 1e3, delta=1)
            self.assertAlmostEqual(int(end_ms) - int(start_ms), line.length_s * 1e3, delta=1.5)
            pairs = [counter.split(":") for counter in counters]
            self.assertEqual({index_of(int(edge)): int(count) for edge, count in pairs}, line.counters, tag)

    @needs("polars")
    def test_samples_have_sensible_types_and_every_column_a_comment(self):
        import polars

        run = open_run(self.path)
        schema = run.samples().collect_schema()
        numbers = {name: polars.Int32 for name in ("node", "rank", "repetition", "interval")}
        for name in (*BEFORE, *AFTER):
            expected = {**numbers, "value": polars.Float64, "began": polars.Datetime("ms", "UTC")}.get(
                name, polars.String
            )
            self.assertEqual(schema[name], expected, name)
        metadata = polars.read_parquet_metadata(self.path / "samples.parquet")
        self.assertEqual([name for name in schema if not metadata.get(f"comment:{name}")], [])
        self.assertEqual(metadata["numamark.job_hash"], run.document["job_hash"])
        self.assertTrue(metadata["numamark.schema"] and metadata["numamark.version"])

    @needs("duckdb")
    def test_sql_gives_the_figures_of_run_json(self):
        import duckdb

        run = open_run(self.path)
        samples = duckdb.read_parquet(str(self.path / "samples.parquet"))
        for case in run.document["cases"]:
            of_case = samples.filter(f"\"case\" = '{case['id']}'")
            for name, metric in case["metrics"].items():
                if not name.startswith("slowest_rank"):
                    rows = of_case.filter(f"scope = 'all' AND metric = '{name}'").order("repetition")
                    rows = rows.project("value, unit").fetchall()
                    self.assertEqual([value for value, _ in rows], [v for v in metric["values"] if v is not None], name)
                    self.assertEqual({unit for _, unit in rows} - {metric["unit"]}, set(), name)
            for measure in ("bytes", "operations"):
                progress = of_case.filter(f"metric = 'interval_{measure}'").sum("value").fetchall()[0][0]
                self.assertEqual(progress or 0, case["total"][measure], case["id"])
            by_rank = samples.query(
                "s",
                f"""
                SELECT sum(longest)::BIGINT FROM (
                    SELECT max(value) AS longest FROM s
                    WHERE "case" = '{case["id"]}' AND scope = 'rank' AND metric = 'elapsed_ns' GROUP BY repetition)""",
            )
            self.assertEqual(by_rank.fetchall()[0][0], case["total"]["elapsed_ns"])
