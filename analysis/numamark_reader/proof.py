"""Compares the files of a run directory with its parts: run.json, histograms.hlog, samples.parquet, bit for bit.

What is judged by statistics is named instead: only `numamark verify` derives it again.
"""

from collections import Counter
from importlib.util import find_spec
from typing import NamedTuple

from . import noise, samples
from .derive import derived
from .distribution import Stratum
from .judged import Between, Judged
from .log import tag

#: Sentences about a null, or about a dropped repetition: they explain a figure and are not figures.
SENTENCES = ("reason", "unverified", "why")
#: Values that no part repeats: the request, the machine, and the time the program took. With fewer parts than `ranks`
#: reading fails.
TOLD = (
    *("schema", "name", "job", "command", "started", "ranks", "repetitions", "stop", "drop", "aa", "interval_ns"),
    *("environment", "environment_differences", "allocators", "planned", "gates", "elapsed_s", "partial"),
)
#: The source of derived values, by the file that has them.
SOURCE = {**dict.fromkeys(("run.json", "histograms.hlog", "samples.parquet"), "the parts"), "parts": "the workers"}
#: Stands for a missing value.
ABSENT = "nothing"


class Difference(NamedTuple):
    """A value that a file has and the parts do not give."""

    file: str
    where: str
    recorded: object
    derived: object

    def __str__(self):
        return f"{self.where}: {self.file} has {self.recorded}, {SOURCE[self.file]} give {self.derived}"


class Proof(NamedTuple):
    """The outcome for every value."""

    #: Values that differ.
    differences: list
    #: By file, the number of compared values; None for samples.parquet without polars.
    compared: dict
    #: Places where run.json has a judgement of statistics. It is not derived again; the ends of confidence intervals
    #: are checked to be possible.
    judged: list


def prove(run, files=None):
    """Derives every value of some of run.json, histograms.hlog, samples.parquet and parts again; of all by default.

    A run without a run.json has only its parts.
    """
    found, compared, judged = [], {}, []
    for file in files or (VALUES if run.is_written else ["parts"]):
        if file == "samples.parquet" and find_spec("polars") is None:
            compared[file] = None
            continue
        values = list(VALUES[file](run))
        left = [value[0] for value in values if isinstance(value[2], (Judged, Between)) and holds(*value[1:])]
        judged.extend(left)
        compared[file] = len(values) - len(left)
        found.extend(Difference(file, *value) for value in values if not holds(*value[1:]))
    return Proof(found, compared, judged)


def _of_document(run):
    """(where, recorded, derived) for each measured value of run.json, and for each value it repeats from the plan."""
    again = derived(run)
    for name in [*again, *(name for name in run.document if name not in again and name not in TOLD)]:
        yield from _leaves(name, run.document.get(name, ABSENT), again.get(name, ABSENT))


def _of_parts(run):
    """The same for the noise of every repetition: a rank's is that of its workers together."""
    for part in run.parts:
        for record in part.repetitions:
            recorded = record["noise"]
            for name, value in noise.of_workers(recorded["workers"]).items():
                yield f"rank {part.rank}, {record['case']}, round {record['round']}, {name}", recorded[name], value


def _of_log(run):
    """The same for the lines of the log: their counters."""
    recorded, again = {}, {}
    for line in run.log():
        recorded.setdefault(line.tag, []).append(line.counters)
    for planned in run.document["planned"]:
        for records in run.rounds(planned["id"]):
            _add_round(again, planned["id"], [part.begin["host"] for part in run.parts], records)
    for line in [*again, *(line for line in recorded if line not in again)]:
        yield from _leaves(line, recorded.get(line, ABSENT), again.get(line, ABSENT))


def _add_round(again, case_id, hosts, records):
    """Adds a round to the expected lines of the log: one new line over all ranks, and a sum in the line of each host."""
    for name in records[0]["histograms"]:
        merged, by_host = Stratum(), {host: Stratum() for host in hosts}
        for host, record in zip(hosts, records):
            merged.add(record["histograms"][name])
            by_host[host].add(record["histograms"][name])
        if merged.timed:
            again.setdefault(tag(case_id, name), []).append(merged.counters)
        for host, stratum in by_host.items():
            if stratum.timed:
                [counters] = again.setdefault(tag(case_id, name, host), [Counter()])
                counters.update(stratum.counters)


def _of_samples(run):
    """The same for the rows of samples.parquet."""
    from . import frames  # polars is loaded only where it is installed

    names = samples.columns(run)
    recorded = frames.sample_rows(run)
    yield "columns", recorded.columns, names
    if recorded.columns == names:
        place = [name for name in names if name != "value"]
        rows = {tuple(row[name] for name in place): row["value"] for row in recorded.iter_rows(named=True)}
        again = {tuple(row[name] for name in place): row["value"] for row in samples.rows(run)}
        yield "rows", recorded.height, len(again)
        if rows.keys() == again.keys():
            yield "rows in order", list(rows) == list(again), True
        for key in [*again, *(key for key in rows if key not in again)]:
            where = ", ".join(f"{name} {value}" for name, value in zip(place, key) if value is not None)
            yield where, rows.get(key, ABSENT), again.get(key, ABSENT)


def holds(recorded, again):
    """True if equal bit for bit: 1 and 1.0 are, 0.1 + 0.2 and 0.3 are not. A judgement must exist and be possible."""
    if isinstance(again, (Judged, Between)):
        return recorded is not ABSENT and again.allows(recorded)
    return recorded == again and isinstance(recorded, bool) == isinstance(again, bool)


def _leaves(where, recorded, again):
    """Both values of every leaf of two documents; a leaf that only one of them has is ABSENT in the other."""
    if not recorded and not again:
        yield where, recorded, again  # two empty containers are a value, too
    elif isinstance(recorded, dict) and isinstance(again, dict):
        for name in [*recorded, *(name for name in again if name not in recorded)]:
            if name not in SENTENCES:
                yield from _leaves(f"{where}.{name}", recorded.get(name, ABSENT), again.get(name, ABSENT))
    elif isinstance(recorded, list) and isinstance(again, list) and len(recorded) == len(again):
        for position, pair in enumerate(zip(recorded, again)):
            yield from _leaves(f"{where}[{_name(pair[0], position)}]", *pair)
    else:
        yield where, recorded, again


def _name(element, position):
    """A case by its id, anything else by its number."""
    return element.get("id", position) if isinstance(element, dict) else position


#: By file, the function that gives (where, recorded, derived) for each of its values.
VALUES = {
    "run.json": _of_document,
    "histograms.hlog": _of_log,
    "samples.parquet": _of_samples,
    "parts": _of_parts,
}
