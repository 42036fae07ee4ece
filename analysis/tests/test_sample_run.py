"""The stored run, and the notebook that shows it."""

import json
import unittest

from .packages import needs
from .round_trip import ANALYSIS, RoundTrip

NOTEBOOK = ANALYSIS / "first-look.ipynb"


class SampleRun(RoundTrip, unittest.TestCase):
    path = ANALYSIS / "sample-run"

    def test_it_is_small(self):
        self.assertLess(sum(file.stat().st_size for file in self.path.rglob("*")), 300 << 10)


class Notebook(unittest.TestCase):
    def test_it_is_stored_without_outputs(self):
        cells = json.loads(NOTEBOOK.read_text())["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        self.assertEqual([cell["id"] for cell in code if cell["outputs"] or cell["execution_count"]], [])
        self.assertIn("How fast", "".join(cells[0]["source"]), "it begins with its question")

    @needs("duckdb", "ipykernel", "matplotlib", "nbclient", "polars")
    def test_it_runs_from_top_to_bottom_and_draws(self):
        from run_notebook import execute

        notebook = execute(SampleRun.path, timeout_s=120)
        pictures, text = [], ""
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                self.assertNotEqual(output.get("name"), "stderr", output)
                pictures += [cell["id"]] * ("image/png" in output.get("data", {}))
                text += output.get("text", "")
        drawn = {"ranks-plot", "chunks-plot", "refills-plot", "time-plot", "log-plot"}
        self.assertEqual(drawn - set(pictures), set())
        self.assertIn("0 differ", text)


if __name__ == "__main__":
    unittest.main()
