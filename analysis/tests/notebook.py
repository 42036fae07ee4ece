"""The notebook, executed on a run."""

NOTEBOOK_NEEDS = ("duckdb", "ipykernel", "matplotlib", "nbclient", "polars")


def outputs(run):
    """All output of its cells, and the ids of cells that draw, a line each. Fails when a cell warns."""
    from run_notebook import execute  # needs nbclient

    lines = []
    for cell in execute(run, timeout_s=2400).cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise AssertionError(f"{cell['id']}: {output['text']}")
            drawn = "image/png" in output.get("data", {})
            lines.append(f"picture {cell['id']}" if drawn else output.get("text", ""))
    return "\n".join(lines)
