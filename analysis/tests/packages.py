"""Packages that some tests need and numamark_reader does not: they are in analysis/.venv."""

import importlib.util
import sys
import unittest
from pathlib import Path

VENV = Path(__file__).resolve().parents[1] / ".venv"


def needs(*names):
    """Skips a test where a package is missing, with the reason. In analysis/.venv no package may be missing."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing and Path(sys.prefix).resolve() == VENV:
        raise ImportError(
            f"analysis/.venv is without {', '.join(missing)}: remove it and call scripts/setup.sh analysis"
        )
    return unittest.skipIf(missing, f"without {', '.join(missing)}: scripts/setup.sh analysis installs it")
