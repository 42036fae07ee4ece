"""`python3 -m numamark_reader DIR..`: derives each run's figures again and says what it found."""

import sys

from . import RunError, differences, open_run


def main(arguments):
    """Exit code 0: all equal; 1: a run cannot be read or a value differs; 2: no directory given."""
    if not arguments or arguments[0].startswith("-"):
        print("usage: python3 -m numamark_reader DIR..", file=sys.stderr)
        return 2
    code = 0
    for path in arguments:
        try:
            run = open_run(path)
            found, compared = differences(run)
        except RunError as why:
            print(why, file=sys.stderr)
            code = 1
            continue
        state = "complete" if run.complete else "partial"
        print(f"{path}: {state}, {len(run.parts)} ranks, {len(run.case_ids)} cases")
        for file, count in compared.items():
            said = "not compared, polars is not installed" if count is None else f"{count} values derived again"
            print(f"  {file}: {said}")
        for difference in found:
            print(f"  {difference}", file=sys.stderr)
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
