"""The stored run, and the notebook that shows it."""

import json
import unittest

from .notebook import NOTEBOOK_NEEDS, outputs
from .packages import needs
from .round_trip import ANALYSIS, RoundTrip

NOTEBOOK = ANALYSIS / "first-look.ipynb"


class SampleRun(RoundTrip, unittest.TestCase):
    path = ANALYSIS / "sample-run"

    def test_it_is_small(self):
        self.assertLess(sum(file.stat().st_size for file in self.path.rglob("*")), 400 << 10)


class Notebook(unittest.TestCase):
    def test_it_is_stored_without_outputs(self):
        cells = json.loads(NOTEBOOK.read_text())["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        self.assertEqual([cell["id"] for cell in code if cell["outputs"] or cell["execution_count"]], [])
        self.assertIn("How fast", "".join(cells[0]["source"]), "it begins with its question")

    @needs(*NOTEBOOK_NEEDS)
    def test_it_runs_from_top_to_bottom_and_draws(self):
        said = outputs(SampleRun.path)
        for cell in ("ranks", "limits", "chunks", "refills", "arms", "time", "log"):
            self.assertIn(f"picture {cell}-plot\n", said + "\n")
        self.assertIn(", 0 differ", said)


if __name__ == "__main__":
    unittest.main()
