"""The interval log: one histogram's encoding, a line, and the rules for times."""

import base64
import random
import struct
import tempfile
import unittest
import zlib
from pathlib import Path

from numamark_reader import RunError, index_of, read_log
from numamark_reader.distribution import HIGHEST_NS
from numamark_reader.encoding import COMPRESSED_COOKIE, COOKIE, OUTER, decode

from . import made_up, strict_log
from .packages import needs

# Written by HdrHistogram 2.1.11 for Java from the values below: bounds 1 and 60 s, three digits.
FROM_JAVA = "HISTFAAAAD54nJNpmSzMwMCgwQABzFCaEYh5f7hHMNh/gAgwMbHeYGFogAJGhiYY86U8E9Nvfiam/XVMm/8yMgEAG40Sug=="
JAVA_VALUES = {0: 1, 1: 1, 5: 300, 7: 1 << 55, 9: (1 << 62) + 1, 2047: 1, 2048: 1, 4095: 1, 4096: 1, 10**6: 1}
JAVA_COUNTERS = {index_of(value): count for value, count in {**JAVA_VALUES, HIGHEST_NS: 1}.items()}


class Encoding(unittest.TestCase):
    def test_what_the_java_library_wrote_is_decoded(self):
        self.assertEqual(decode(FROM_JAVA), (3, 1, HIGHEST_NS, JAVA_COUNTERS))

    def test_zeros_are_skipped_one_by_one_and_in_runs(self):
        # 0 is one counter without values, -3 (written 5) are three, 64 (written 128) takes two bytes.
        self.assertEqual(decode(made_up.encode(bytes([0, 2, 5, 0x80, 0x01]))).counters, {1: 1, 5: 64})

    @needs("hdrh")
    def test_what_the_python_package_writes_is_decoded(self):
        from hdrh.histogram import HdrHistogram

        seed = 20_26
        source = random.Random(seed)
        for count in (1, 10, 5000):
            theirs, ours = HdrHistogram(1, HIGHEST_NS, 3), {}
            for _ in range(count):
                # Log-uniform over the whole range, and counts of every width.
                value, times = source.getrandbits(source.randrange(36)) or 1, 1 << source.randrange(40)
                value = min(value, HIGHEST_NS)
                theirs.record_value(value, times)
                ours[index_of(value)] = ours.get(index_of(value), 0) + times
            found = decode(theirs.encode().decode("ascii"))
            self.assertEqual(found, (3, 1, HIGHEST_NS, ours), (seed, count))

    def test_every_damage_is_named(self):
        whole = base64.b64decode(FROM_JAVA)
        torn_body = zlib.compress(zlib.decompress(whole[8:])[:-1])
        for text, complaint in [
            ("", "0 bytes where a header of 8 begins"),
            ("not base64", "base64"),
            (base64.b64encode(whole[:-1]).decode(), "62 compressed bytes, and has 61"),
            (base64.b64encode(whole[:20] + b"\0" + whole[21:]).decode(), "cannot be decompressed"),
            (base64.b64encode(OUTER.pack(COMPRESSED_COOKIE, len(torn_body)) + torn_body).decode(), "its counters take"),
            (made_up.encode(b"\2", outer=COMPRESSED_COOKIE - 0x10), "expected 0x1c849314"),
            (made_up.encode(b"\2", cookie=COOKIE - 1), "cookie 0x1c849312 inside"),
            (made_up.encode(b"\2", offset=7), "moved by 7"),
            (made_up.encode(b"\2", length=2), "take 2 bytes, they take 1"),
            (made_up.encode(b"\2\x80"), "ends within a number"),
        ]:
            with self.assertRaisesRegex(ValueError, complaint, msg=text):
                decode(text)


class Log(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "histograms.hlog"

    def read(self, *lines, end="\n"):
        self.path.write_text("\n".join(lines) + end)
        return read_log(self.path)

    def test_a_line_is_taken_apart(self):
        stamp = "1700000000.250 (seconds since epoch)]"
        head = [strict_log.VERSION, f"#[StartTime: {stamp}", f"#[BaseTime: {stamp}", strict_log.LEGEND]
        lines = [f"Tag=fill;refill_ns.slow,1.5,2.25,60028.878,{FROM_JAVA}", f"Tag=fill;chunk_ns;n1,2,3,4,{FROM_JAVA}"]
        merged, of_host = self.read(*head, *lines)
        self.assertEqual(strict_log.broken_rules(self.path.read_bytes()), [])
        self.assertEqual((merged.case, merged.histogram, merged.host), ("fill", "refill_ns.slow", None))
        self.assertEqual((merged.tag, of_host.tag), ("fill;refill_ns.slow", "fill;chunk_ns;n1"))
        self.assertEqual((merged.start_s, merged.length_s, merged.max_ms), (1700000001.75, 2.25, 60028.878))
        self.assertEqual(merged.start.isoformat(), "2023-11-14T22:13:21.750000+00:00")
        self.assertEqual((merged.counters, merged.timed), (JAVA_COUNTERS, sum(JAVA_COUNTERS.values())))
        self.assertEqual(merged.edges()[-2:], [(999936, 1000447, 1), (59995324416, 60028878847, 1)])
        self.assertEqual((of_host.case, of_host.histogram, of_host.host), ("fill", "chunk_ns", "n1"))

    def test_a_stamp_counts_from_the_base_the_start_or_1970(self):
        line = "Tag=a;b,{},1,1," + FROM_JAVA
        start = "#[StartTime: 1700000000.0 (seconds since epoch)]"
        for head, stamp, expected in [
            ([start], 5.0, 1700000005.0),
            ([start], 1700000005.0, 1700000005.0),
            ([start, "#[BaseTime: 1600000000.0 (seconds since epoch)]"], 5.0, 1600000005.0),
            ([], 5.0, 5.0),
        ]:
            self.assertEqual(self.read(*head, line.format(stamp))[0].start_s, expected, (head, stamp))

    def test_damage_is_named_with_its_line(self):
        other = made_up.encode(b"\2", highest=10**9)
        for line, complaint in [
            ("1,2,3," + FROM_JAVA, "expected Tag=TAG"),
            ("Tag=a;b,1,2," + FROM_JAVA, "expected Tag=TAG"),
            ("Tag=a,1,2,3," + FROM_JAVA, "expected Tag=CASE;HISTOGRAM"),
            ("Tag=a;b,one,2,3," + FROM_JAVA, "could not convert"),
            ("Tag=a;b,1,2,3," + FROM_JAVA[:-4], "compressed bytes"),
            ("Tag=a;b,1,2,3," + other, "numamark's histograms have"),
        ]:
            with self.assertRaisesRegex(RunError, "histograms.hlog:2: .*" + complaint, msg=line):
                self.read("#comment", line)
        self.assertRaisesRegex(RunError, "ends within a line", self.read, "Tag=a;b,1", end="")

    def test_each_strict_rule_is_seen_to_break(self):
        line = f"Tag=a;b,1.0,2.0,3.0,{FROM_JAVA}"
        times = [f"#[{name}: 1.0 (seconds since epoch)]" for name in ("StartTime", "BaseTime")]
        whole = [strict_log.VERSION, *times, strict_log.LEGEND, line]
        old = base64.b64encode(struct.pack(">ii", COMPRESSED_COOKIE - 1, 0)).decode()
        self.assertEqual(strict_log.broken_rules("\n".join([*whole, ""]).encode()), [])
        for position, text, rule in [
            (0, "#[Histogram log format version 1.2]", "version 1.3"),
            (1, "#[StartTime: 1e9 (seconds since epoch)]", "start time"),
            (1, "#no start time", "start time"),
            (2, "#no base time", "base time"),
            (2, "#[BaseTime: 2.0 (seconds since epoch)]", "equal to the start time"),
            (3, "legend", "legend"),
            (3, "#", "legend"),
            (3, line, "legend"),
            (4, line.replace(";", " "), "6 fields"),
            (4, line.replace("Tag=a;b", "Tag=ä;b"), "not a tag"),
            (4, line.replace("2.0", "2e0"), "length is '2e0'"),
            (4, line.replace("1.0", "4e7"), "start is"),
            (4, line.replace("1.0", "40000000.0"), "a year after"),
            (4, line + "=", "base64"),
            (4, f"Tag=a;b,1,2,3,{old}", "cookie"),
            (4, line.replace("1.0", "2.0") + "\n" + line, "before the line above"),
        ]:
            lines = [*whole[:position], text, *whole[position + 1 :], ""]
            broken = strict_log.broken_rules("\n".join(lines).encode())
            self.assertRegex(" ".join(broken), rule, text)


if __name__ == "__main__":
    unittest.main()
