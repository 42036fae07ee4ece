"""`histograms.hlog`: an interval log as the Java and Python tools of the HDR family read it.

A line is `Tag=TAG,start,length,max,histogram`: seconds, seconds, milliseconds, base64. numamark's tags are
`CASE;HISTOGRAM`, one line per round over all ranks, and `CASE;HISTOGRAM;HOST`, one line per host over all rounds.
"""

import re
from datetime import datetime, timezone
from typing import NamedTuple, Optional

from .distribution import HIGHEST_NS, Distribution, Stratum, lower_edge, upper_edge
from .encoding import decode
from .error import RunError

#: Bounds of numamark's counters: 1 ns to 60 s at three digits. With other bounds an index has another meaning.
LAYOUT = (3, 1, HIGHEST_NS)
#: Stamps this much smaller than the start time count from it: the rule of the Java reader.
YEAR_S = 365 * 24 * 3600.0


class Interval(NamedTuple):
    """One line of the log."""

    #: The id of the case; a space, a comma or a semicolon in it would be an underscore.
    case: str
    #: The histogram's name in run.json; each stratum has its own lines: `chunk_ns`, `refill_ns.slow`.
    histogram: str
    #: None for the lines over all ranks.
    host: Optional[str]
    #: Begin of its first repetition, by the clock of rank 0's host, in seconds since 1970.
    start_s: float
    length_s: float
    #: The upper edge of the highest counter in use, in milliseconds, as the log states it.
    max_ms: float
    #: Counters that are not zero, by index, as in the parts.
    counters: dict[int, int]

    @property
    def tag(self):
        """The tag of the line in the log."""
        return tag(*(part for part in self[:3] if part is not None))

    @property
    def start(self):
        """Its begin, as a time of day."""
        return datetime.fromtimestamp(self.start_s, timezone.utc)

    @property
    def timed(self):
        """Number of values."""
        return sum(self.counters.values())

    def quantile(self, q):
        """As `Distribution.quantile`, of the timed values alone, and without their exact maximum: a log has none."""
        stratum = Stratum()
        stratum.counters = self.counters
        stratum.count = stratum.timed = self.timed
        stratum.max = upper_edge(max(self.counters, default=0))
        return Distribution([stratum]).quantile(q)

    def edges(self):
        """(lowest ns, highest ns, count) of each counter that is not zero, ascending."""
        return [(lower_edge(index), upper_edge(index), self.counters[index]) for index in sorted(self.counters)]


def tag(*parts):
    """Parts of a tag, joined; characters that end a tag or a part become underscores."""
    return ";".join(re.sub(r"[\s,;]", "_", part) for part in parts)


def read_log(path):
    """All lines of a log, in its order. Raises RunError with file and line where it is damaged."""
    start_s = base_s = None
    intervals = []
    try:
        text = path.read_bytes().decode("ascii")
    except (OSError, UnicodeDecodeError) as why:
        raise RunError(f"{path}: cannot be read as text: {why}") from why
    if text and not text.endswith("\n"):
        raise RunError(f"{path}: ends within a line")
    for number, line in enumerate(text.splitlines(), 1):
        try:
            if line.startswith("#[StartTime:"):
                start_s = float(line.split()[1])
            elif line.startswith("#[BaseTime:"):
                base_s = float(line.split()[1])
            elif line and not line.startswith(("#", '"StartTimestamp"')):
                interval = _interval(line)
                if base_s is None:
                    base_s = _deduced_base(start_s or 0.0, interval.start_s)
                intervals.append(interval._replace(start_s=interval.start_s + base_s))
        except (IndexError, ValueError) as why:
            raise RunError(f"{path}:{number}: {why}") from why
    return intervals


def _interval(line):
    fields = line.split(",")
    if len(fields) != 5 or not fields[0].startswith("Tag="):
        raise ValueError("expected Tag=TAG,start,length,max,histogram")
    parts = fields[0][len("Tag=") :].split(";")
    if len(parts) not in (2, 3):
        raise ValueError(f"has tag {fields[0]!r}, expected Tag=CASE;HISTOGRAM or Tag=CASE;HISTOGRAM;HOST")
    histogram = decode(fields[4])
    if histogram[:3] != LAYOUT:
        raise ValueError(f"has {histogram[:3]} as (digits, lowest, highest), numamark's histograms have {LAYOUT}")
    case, name, host = (*parts, None)[:3]
    start_s, length_s, max_ms = (float(field) for field in fields[1:4])
    return Interval(case, name, host, start_s, length_s, max_ms, histogram.counters)


def _deduced_base(start_s, first_stamp_s):
    """Without a base time: small stamps count from the start of the log, large ones from 1970."""
    return start_s if first_stamp_s < start_s - YEAR_S else 0.0
