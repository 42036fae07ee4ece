"""The rules of an interval log that HDR readers rely on, as strict as the strictest reader.

HdrHistogram for Java reads with a `Scanner` whose delimiter is one of space, comma, CR, LF (`HistogramLogScanner`), and
drops a line without a word when it begins before the start time. The Python package matches whole lines
(`re_histogram_interval`): digits and points only. Where they differ, both hold here.
"""

import base64
import binascii
import re

VERSION = "#[Histogram log format version 1.3]"
START = re.compile(r"#\[StartTime: (\d+\.\d+) \(seconds since epoch\)[^\n]*\]")
LEGEND = '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'
NUMBER = re.compile(r"\d+(\.\d+)?")
TAG = re.compile(r"Tag=[!-+\--~]+")  # printable, no space, no comma
#: Cookies of a compressed histogram of version 2; others are of older versions, or of doubles.
COMPRESSED_V2 = bytes.fromhex("1c849314")
YEAR_S = 365 * 24 * 3600


def broken_rules(data):
    """One sentence for each rule that the bytes of a log break, with the line's number."""
    broken = []
    if not data.isascii() or b"\r" in data or not data.endswith(b"\n"):
        broken.append("0: not ASCII with a LF after every line")
    lines = data.decode("ascii", "replace").split("\n")[:-1]
    comments = [line for line in lines if line.startswith("#")]
    starts = [START.fullmatch(line) for line in comments if line.startswith("#[StartTime:")]
    if lines[:1] != [VERSION]:
        broken.append(f"1: not {VERSION}")
    if len(starts) != 1 or not starts[0]:
        broken.append("0: not exactly one start time in seconds since the epoch")
    bases = [line.replace("BaseTime", "StartTime") for line in comments if line.startswith("#[BaseTime:")]
    if len(bases) != 1 or not START.fullmatch(bases[0]) or bases[0] not in comments:
        broken.append("0: not exactly one base time, equal to the start time: readers would have to guess")
    legends = [number for number, line in enumerate(lines) if line == LEGEND]
    intervals = [(number, line) for number, line in enumerate(lines, 1) if not line.startswith("#") and line != LEGEND]
    if len(legends) != 1 or any(number <= legends[0] for number, _ in intervals):
        broken.append("0: not one legend before all intervals")
    last_stamp = 0.0
    for number, line in intervals:
        broken.extend(f"{number}: {rule}" for rule in _broken_by_interval(line))
        fields = line.split(",")
        stamp = float(fields[1]) if len(fields) == 5 and NUMBER.fullmatch(fields[1]) else last_stamp
        if stamp < last_stamp:
            broken.append(f"{number}: begins before the line above it")
        if stamp > YEAR_S:
            broken.append(f"{number}: begins a year after the start time: a reader may take it for an absolute time")
        last_stamp = stamp
    return broken


def _broken_by_interval(line):
    # Java's Scanner cuts at each of these characters: an empty field, or one more, and the line is lost.
    fields = re.split(r"[ ,\r\n]", line)
    if len(fields) != 5:
        yield f"{len(fields)} fields, expected tag, start, length, max, histogram"
        return
    if not TAG.fullmatch(fields[0]):
        yield f"{fields[0]!r} is not a tag"
    for name, field in zip(("start", "length", "max"), fields[1:4]):
        if not NUMBER.fullmatch(field):
            yield f"{name} is {field!r}, not a plain decimal number"
    try:
        packed = base64.b64decode(fields[4], validate=True)
    except binascii.Error as why:
        yield f"not base64: {why}"
        return
    if packed[:4] != COMPRESSED_V2:
        yield f"cookie {packed[:4].hex()}, expected {COMPRESSED_V2.hex()}"
