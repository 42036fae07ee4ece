"""Holds what a run directory says against its parts: run.json, samples.parquet, histograms.hlog. Equal means equal."""

from typing import NamedTuple

from .derive import derived

#: Sentences about a null: they explain a figure and are none.
SENTENCES = ("reason", "unverified")
#: Stands for what is not there.
ABSENT = "nothing"


class Difference(NamedTuple):
    """A value that the directory has and the parts do not give."""

    where: str
    recorded: object
    derived: object

    def __str__(self):
        file, _, place = self.where.partition(": ")
        return f"{place}: {file} has {self.recorded}, the parts give {self.derived}"


def differences(run):
    """All values of run.json that differ from what the parts give, and how many were compared."""
    compared, found = 0, []
    for name, value in derived(run).items():
        for where, recorded, again in _leaves(f"run.json: {name}", run.document.get(name, ABSENT), value):
            compared += 1
            if not same(recorded, again):
                found.append(Difference(where, recorded, again))
    return found, compared


def same(a, b):
    """Equal bit for bit: 1 and 1.0 are, 0.1 + 0.2 and 0.3 are not."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _leaves(where, recorded, again):
    """Both values of every leaf of two documents; what one of them lacks is ABSENT there."""
    if isinstance(recorded, dict) and isinstance(again, dict):
        for name in [*recorded, *(name for name in again if name not in recorded)]:
            if name not in SENTENCES:
                yield from _leaves(f"{where}.{name}", recorded.get(name, ABSENT), again.get(name, ABSENT))
    elif isinstance(recorded, list) and isinstance(again, list) and len(recorded) == len(again):
        for position, pair in enumerate(zip(recorded, again)):
            yield from _leaves(f"{where}[{_name(pair[0], position)}]", *pair)
    else:
        yield where, recorded, again


def _name(element, position):
    """A case by its id, a rank by its number."""
    return element.get("id", position) if isinstance(element, dict) else position
