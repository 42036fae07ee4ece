"""`python3 -m numamark_reader DIR..`: derives each run's figures again and prints the differences."""

import re
import sys
from collections import Counter

from . import RunError, open_run, prove
from .proof import TOLD


def main(arguments):
    """Exit code 0: all equal; 1: a run cannot be read or a value differs; 2: no directory given."""
    if not arguments or arguments[0].startswith("-"):
        print("usage: python3 -m numamark_reader DIR..", file=sys.stderr)
        return 2
    code = 0
    for path in arguments:
        try:
            run = open_run(path)
            proof = prove(run)
        except RunError as why:
            print(why, file=sys.stderr)
            code = 1
            continue
        state = "complete" if run.complete else f"partial ({_why(run)})"
        print(f"{path}: {state}, {len(run.parts)} ranks, {len(run.case_ids)} cases")
        for file, count in proof.compared.items():
            said = "not compared, polars is not installed" if count is None else f"{count} values derived again"
            print(f"  {file}: {said}")
        if proof.judged:
            print(f"  left to `numamark verify`, {len(proof.judged)} judgements: {', '.join(_kinds(proof.judged))}")
        print(f"  in no part: {', '.join(name for name in run.document if name in TOLD)}")
        for difference in proof.differences:
            print(f"  {difference}", file=sys.stderr)
            code = 1
    return code


def _why(run):
    partial = run.document.get("partial") or {"state": "ended early", "why": None}
    return f"{partial['state']}: {partial['why']}" if partial["why"] else partial["state"]


def _kinds(judged):
    """`cases.metrics.interval (24)`: a place in run.json, without its case, metric or end of an interval."""
    each = r"(?<=comparisons).*|\[[^]]*\]|(?<=metrics)\.\w+|(?<=histograms).*?(?=\.intervals)|(?<=intervals)\..*"
    counted = Counter(re.sub(each + r"|\.(low|high)$", "", where) for where in judged)
    return [f"{kind} ({count})" if count > 1 else kind for kind, count in counted.items()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
