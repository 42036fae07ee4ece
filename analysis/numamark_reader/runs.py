"""Several run directories as one."""

import glob
import os

from .error import RunError
from .run import open_run


class Runs:
    """Runs in the order of their names. Their frames are concatenated; the column `run` has the directory."""

    def __init__(self, runs):
        self.runs = runs

    def __len__(self):
        return len(self.runs)

    def __iter__(self):
        return iter(self.runs)

    def samples(self):
        """All samples as a polars LazyFrame. A parameter that a run does not have is null in its rows."""
        from . import frames  # polars is loaded only for frames

        return frames.below_each_other(self.runs, frames.samples)

    def cases(self):
        """All cases as a polars DataFrame, one row a case of a run."""
        from . import frames

        return frames.below_each_other(self.runs, frames.cases)

    def noise(self):
        """All workers' noise as a polars DataFrame, one row per worker and repetition of a run."""
        from . import frames

        return frames.below_each_other(self.runs, frames.noise)

    def limits(self):
        """All limits as a polars DataFrame, one row per case and node, socket or host of a run."""
        from . import frames

        return frames.below_each_other(self.runs, frames.limits)

    def comparisons(self):
        """The comparisons of all runs' arms as a polars DataFrame. `numamark compare` compares runs with each other."""
        from . import frames

        return frames.below_each_other(self.runs, frames.comparisons)


def open_runs(pattern):
    """Opens every run directory that the glob `pattern` matches, such as `results/sweep-*`."""
    paths = sorted(path for path in glob.glob(str(pattern)) if os.path.isdir(path))
    if not paths:
        raise RunError(f"no run directory matches {pattern}")
    return Runs([open_run(path) for path in paths])
