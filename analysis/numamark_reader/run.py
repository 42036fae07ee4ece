"""A run directory: `run.json`, and the parts that each rank wrote while it ran."""

import json
from functools import cached_property
from pathlib import Path

from .error import RunError
from .log import read_log
from .strata import distribution, quantity

#: The version of run.json that this reader knows.
SCHEMA = 2


class Part:
    """The part of one rank."""

    def __init__(self, begin, repetitions, end, torn):
        self.begin = begin
        self.repetitions = repetitions
        #: The last line; None when the rank did not reach its end.
        self.end = end
        #: The file ends within a line: the rank died while writing.
        self.torn = torn

    @property
    def rank(self):
        """Index in the world."""
        return self.begin["rank"]


class Case:
    """One case of run.json."""

    def __init__(self, document):
        self.document = document

    @property
    def id(self):
        """Unique in the run."""
        return self.document["id"]

    def metric(self, name):
        """`value`, `unit`, `repetitions`, `values` and, where a value is None, `reason`."""
        return _named(self.document["metrics"], name, f"case {self.id} has no metric")

    def histogram(self, name):
        """`count`, `timed`, `min`, `p50` and so on, as numamark summed them up."""
        return _named(self.document["histograms"], name, f"case {self.id} has no histogram")


class Run:
    """A run directory. Its contents are read on first use."""

    def __init__(self, path, document):
        self.path = path
        #: run.json as it stands; of a run without one, what its parts give.
        self.document = document

    @property
    def is_written(self):
        """True when the run has a run.json, and the files beside it."""
        return (self.path / "run.json").exists()

    @cached_property
    def parts(self):
        """The part of each rank, by rank."""
        files = (self.path / "parts").glob("rank-*.jsonl")
        parts = sorted((read_part(file) for file in files), key=lambda part: part.rank)
        ranks = [part.rank for part in parts]
        if len(ranks) != self.document["ranks"] or ranks != list(range(len(ranks))):
            raise RunError(f"{self.path}: the run has {self.document['ranks']} ranks, the parts are of ranks {ranks}")
        return parts

    @property
    def complete(self):
        """True when every rank finished every repetition."""
        return self.document["complete"]

    @property
    def case_ids(self):
        """The ids of the cases, in the order of the job."""
        return [case["id"] for case in self.document["cases"]]

    def case(self, case_id):
        """The case with this id."""
        cases = {case["id"]: Case(case) for case in self.document["cases"]}
        return _named(cases, case_id, f"{self.path} has no case")

    def samples(self):
        """samples.parquet as a polars LazyFrame: one measured value per row. Reads nothing before it is collected."""
        from . import frames  # polars is loaded only for frames

        return frames.samples(self)

    def cases(self):
        """A polars DataFrame with one row per case: its parameters, totals and metrics."""
        from . import frames

        return frames.cases(self)

    def noise(self):
        """A polars DataFrame with one row per worker and repetition: its noise, from the parts."""
        from . import frames

        return frames.noise(self)

    def limits(self):
        """A polars DataFrame with one row per case and node, socket or host: its limits, and the case's share of them."""
        from . import frames

        return frames.limits(self)

    def comparisons(self):
        """A polars DataFrame with one row per arm, case and metric; empty for a job without arms."""
        from . import frames

        return frames.comparisons(self)

    def log(self):
        """The lines of histograms.hlog."""
        return read_log(self.file("histograms.hlog"))

    def file(self, name):
        """The path of a file that every finished run has."""
        path = self.path / name
        if not path.exists():
            raise RunError(f"{self.path} has no {name}: `numamark recover {self.path}` makes it from the parts")
        return path

    def rounds(self, case_id):
        """The repetitions that every rank finished: for each, one record per rank, by rank."""
        rounds = self._records.get(case_id, {})
        return [rounds[key] for key in sorted(rounds) if len(rounds[key]) == len(self.parts)]

    def unfinished(self):
        """Number of repetitions that some rank did not finish: they are in no figure."""
        return sum(len(ranks) < len(self.parts) for rounds in self._records.values() for ranks in rounds.values())

    @cached_property
    def _records(self):
        """By case and round, the ranks' records, by rank."""
        records = {}
        for part in self.parts:
            for repetition in part.repetitions:
                rounds = records.setdefault(repetition["case"], {})
                rounds.setdefault(repetition["round"], []).append(repetition)
        return records

    def histogram_names(self, case_id):
        """Recorded histograms, and the quantities that combine strata."""
        recorded = {name for ranks in self.rounds(case_id) for record in ranks for name in record["histograms"]}
        return sorted(recorded | {quantity(name) for name in recorded})

    def distribution(self, case_id, name):
        """A histogram over all ranks and repetitions, summed from the parts; strata of one quantity combined."""
        return distribution([record for ranks in self.rounds(case_id) for record in ranks], name)


def open_run(path):
    """Reads a run directory; without a run.json, what is complete in its parts: `complete` is False then.

    Raises RunError when it is no run directory, is damaged, or has no complete repetition.
    """
    path = Path(path)
    if not (path / "parts").is_dir():
        raise RunError(f"{path} is not a run directory: it has no parts/")
    if (path / "run.json").exists():
        return Run(path, _document(path / "run.json"))
    if not (path / "parts" / "header.json").exists():
        raise RunError(f"{path} has no run.json, and no header: it ended before its first repetition")
    from . import partial  # needed only here

    header = _document(path / "parts" / "header.json")
    run = Run(path, header)
    run.document = partial.document_of(run, header)
    return run


def _document(file):
    document = _json(file, file.read_bytes())
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise RunError(f"{file}: has schema {found}; this reader knows schema {SCHEMA}")
    return document


def read_part(path):
    """Reads one rank's part. A torn last line is set aside, anything else that is not a record is an error."""
    *lines, rest = Path(path).read_bytes().split(b"\n")
    records = [_json(f"{path}:{number}", line) for number, line in enumerate(lines, 1)]
    kinds = [record.get("kind") if isinstance(record, dict) else None for record in records]
    wanted = ["begin", *["repetition"] * (len(kinds) - 1)]
    if kinds[1:] and kinds[-1] == "end":
        wanted[-1] = "end"
    for number, (found, expected) in enumerate(zip(kinds or [None], wanted), 1):
        if found != expected:
            raise RunError(f"{path}:{number}: is of kind {found!r}, expected {expected!r}")
        if found == "repetition" and records[number - 1].get("round") == 0:
            case = records[number - 1].get("case")
            raise RunError(f"{path}:{number}: case {case} has round 0; rounds count from 1, in older runs from 0")
    end = records[-1] if kinds[-1] == "end" else None
    repetitions = records[1:-1] if end else records[1:]
    return Part(records[0], repetitions, end, torn=bool(rest))


def _json(where, text):
    try:
        return json.loads(text)
    except ValueError as why:
        raise RunError(f"{where}: is not JSON: {why}") from why


def _named(items, name, complaint):
    if name not in items:
        raise RunError(f"{complaint} {name!r}; there are {', '.join(sorted(items)) or 'none'}")
    return items[name]
