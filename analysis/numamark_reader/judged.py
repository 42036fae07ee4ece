"""Values of run.json that this reader does not derive bit for bit, because they are judged by statistics.

`numamark verify` derives them again. The proof names each of them and checks what can be checked.
"""

from typing import NamedTuple


class Judged:
    """Any value: the proof covers only its presence."""

    def allows(self, recorded):
        """True if this value can be right."""
        del recorded
        return True

    def __str__(self):
        return "a judgement"


#: The only instance.
JUDGED = Judged()


class Between(NamedTuple):
    """A number between two others, ends included."""

    low: float
    high: float

    def allows(self, recorded):
        """True if this value can be right."""
        is_number = isinstance(recorded, (int, float)) and not isinstance(recorded, bool)
        return is_number and self.low <= recorded <= self.high

    def __str__(self):
        return f"a value from {self.low} to {self.high}"
