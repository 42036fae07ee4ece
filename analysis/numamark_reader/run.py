"""A run directory: `run.json`, and the parts that each rank wrote while it ran."""

import json
from pathlib import Path

from .distribution import Distribution, Stratum

#: The version of run.json that this reader knows.
SCHEMA = 1
#: How the names of strata end: `refill_ns.slow` and `refill_ns.fast` are the strata of `refill_ns`.
STRATA = (".slow", ".fast")


class RunError(Exception):
    """Not a run directory, or a damaged one; says which file, and which line."""


class Part:
    """What one rank left behind."""

    def __init__(self, begin, repetitions, end, torn):
        self.begin = begin
        self.repetitions = repetitions
        #: The last line; None when the rank did not get there.
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
    """A run directory that was read."""

    def __init__(self, path, document, parts):
        self.path = path
        #: run.json as it stands.
        self.document = document
        #: One a rank, by rank.
        self.parts = parts

    @property
    def complete(self):
        """Whether every rank finished every repetition."""
        return self.document["complete"]

    @property
    def cases(self):
        """The cases, in the order of the job."""
        return [Case(case) for case in self.document["cases"]]

    def case(self, case_id):
        """The case with this id."""
        return _named({case.id: case for case in self.cases}, case_id, f"{self.path} has no case")

    def rounds(self, case_id):
        """The repetitions that every rank finished: for each, one record a rank, by rank."""
        rounds = {}
        for part in self.parts:
            for repetition in part.repetitions:
                if repetition["case"] == case_id:
                    rounds.setdefault(repetition["round"], []).append(repetition)
        return [rounds[key] for key in sorted(rounds) if len(rounds[key]) == len(self.parts)]

    def histogram_names(self, case_id):
        """Recorded histograms, and the quantities that combine strata."""
        recorded = {name for ranks in self.rounds(case_id) for record in ranks for name in record["histograms"]}
        return sorted(recorded | {quantity(name) for name in recorded})

    def distribution(self, case_id, name):
        """A histogram over all ranks and repetitions, summed from the parts; strata of one quantity combined."""
        return distribution([record for ranks in self.rounds(case_id) for record in ranks], name)

    def rows(self):
        """One dictionary for each rank, repetition and quantity: what a data frame wants."""
        for part in self.parts:
            where = {name: part.begin[name] for name in ("rank", "host", "node_index", "node_os_index")}
            for repetition in part.repetitions:
                for name in ("elapsed_ns", "bytes", "operations", "worker_ns", "cpu_ns"):
                    key = {"case": repetition["case"], "repetition": repetition["round"]}
                    yield {**where, **key, "metric": name, "value": repetition[name]}


def quantity(name):
    """The quantity of which this histogram is a stratum; itself when it is none."""
    return next((name[: -len(end)] for end in STRATA if name.endswith(end)), name)


def distribution(records, name):
    """The histogram `name` over these repetitions of ranks, strata kept apart."""
    strata = {}
    for record in records:
        for own, histogram in record["histograms"].items():
            if name in (own, quantity(own)):
                strata.setdefault(own, Stratum()).add(histogram)
    if records and not strata:
        raise RunError(f"no histogram {name!r} was recorded")
    return Distribution(strata.values())


def open_run(path):
    """Reads a run directory. Raises RunError when it is none, died before its end, or is damaged."""
    path = Path(path)
    if not (path / "parts").is_dir():
        raise RunError(f"{path} is not a run directory: it has no parts/")
    if not (path / "run.json").exists():
        raise RunError(
            f"{path} has no run.json: the run died or is still going on; "
            f"`numamark recover {path}` builds a partial result from its parts"
        )
    document = _json(path / "run.json", (path / "run.json").read_bytes())
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise RunError(f"{path / 'run.json'}: has schema {found}; this reader knows schema {SCHEMA}")
    parts = sorted((read_part(file) for file in (path / "parts").glob("rank-*.jsonl")), key=lambda part: part.rank)
    ranks = [part.rank for part in parts]
    if ranks != list(range(document["ranks"])):
        raise RunError(f"{path}: run.json has {document['ranks']} ranks, the parts are of ranks {ranks}")
    return Run(path, document, parts)


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
