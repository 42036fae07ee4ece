"""Checks the end of a run: the end that the ranks recorded, compared with the rule on their values."""

from . import figures
from .dropping import dropped
from .middle import half_width

#: The rounds after which a stop rule is applied.
LOOKS = [6]
while LOOKS[-1] < 2**32:
    LOOKS.append(LOOKS[-1] + (LOOKS[-1] // 2 + 1) // 2 * 2)


def rounds(run):
    """Repetitions of each case that the run recorded; the requested number when no rank recorded one."""
    return min((part.end["rounds"] for part in run.parts if part.end), default=run.document["repetitions"])


def ended_by(run):
    """The reason for the end that the ranks recorded."""
    return next((part.end["ended_by"] for part in run.parts if part.end), None)


def is_complete(run):
    """True when every rank reached its end, no round is missing, and the rule ends the run there and not earlier."""
    said = [(part.end["rounds"], part.end["ended_by"]) for part in run.parts if part.end]
    done = rounds(run)
    whole = all(len(run.rounds(case["id"])) == done for case in run.document["planned"])
    return whole and len(said) == len(run.parts) and len(set(said)) == 1 and _holds(run, *said[0])


def _holds(run, done, said):
    document = run.document
    if not 0 < done <= document["repetitions"]:
        return False
    stop = document.get("stop")
    judged = _judged(run, done) if stop else []
    found = _decide(document, done, judged)
    # Only the run itself knew the elapsed time.
    by_time = said == "time" and found is None and bool(stop) and stop["time_ns"] is not None
    stride = 2 if any(case.get("arm") for case in document["planned"]) else 1
    earlier = range(stride, done, stride)
    return (by_time or found == said) and all(_decide(document, number, judged) is None for number in earlier)


def _decide(document, done, judged):
    """The reason to end a run after this number of rounds; None when there is none."""
    stop = document.get("stop")
    if not stop:
        return "repetitions" if done >= document["repetitions"] else None
    before = max((look for look in LOOKS if look < done), default=None)
    # A look judges the values up to the look before it: the run adds half as many rounds before it ends.
    if done in LOOKS and before and all(_is_narrow(values[:before], stop["half_width"]) for values in judged):
        return "half_width"
    return "at_most" if done >= stop["at_most"] else None


def _is_narrow(values, bound):
    width = half_width(values)
    return width is not None and width <= bound


def _judged(run, done):
    """The values that have to be certain: the ratio of every arm to its base, and the rate of a case without arms."""
    planned = run.document["planned"]
    rates = {case["id"]: _rates(run, case, done) for case in planned}
    found = []
    for case in planned:
        pair = case.get("compared_as")
        base = next((other for other in planned if other.get("compared_as") == pair), case) if pair else None
        if base is None:
            found.append(rates[case["id"]])
        elif base is not case:
            both = zip(rates[case["id"]], rates[base["id"]])
            found.append([None if None in pair else pair[0] / pair[1] for pair in both])
    return found


def _rates(run, case, done):
    """The values by round; None where the round was dropped, or no work was finished."""
    gone = dropped(run)[case["id"]]
    of_rounds = {records[0]["round"]: records for records in run.rounds(case["id"])}
    counted = [of_rounds.get(number, []) if number not in gone else [] for number in range(1, done + 1)]
    return [figures.rate(case["measure"], records) for records in counted]
