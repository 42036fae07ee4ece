"""Executes first-look.ipynb on a run directory, and writes it with its pictures to a file.

analysis/.venv/bin/python analysis/run_notebook.py results/quick-… out.ipynb
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent


def execute(run, timeout_s=600):
    """The notebook with its outputs. Raises nbclient's CellExecutionError, which shows the cell that failed."""
    notebook = nbformat.read(HERE / "first-look.ipynb", as_version=4)
    # The notebook finds numamark_reader and sample-run/ in its own folder.
    client = NotebookClient(notebook, timeout=timeout_s, resources={"metadata": {"path": str(HERE)}})
    client.create_kernel_manager()
    # Sockets in a folder of our own, not ports, which other users of the machine could reach; no file in the home folder.
    with tempfile.TemporaryDirectory() as folder:
        client.km.transport, client.km.ip = "ipc", f"{folder}/kernel"
        client.km.connection_file = f"{folder}/kernel.json"
        client.execute(env={**os.environ, "NUMAMARK_RUN": str(Path(run).resolve()), "IPYTHONDIR": folder})
    return notebook


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: run_notebook.py RUN_DIRECTORY OUT.ipynb")
    nbformat.write(execute(sys.argv[1]), sys.argv[2])
    print(f"{sys.argv[2]}: first-look.ipynb, executed on {sys.argv[1]}")
