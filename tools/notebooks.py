"""Executes the notebooks whose code, or the library's, changed since their outputs were made.

`python tools/notebooks.py [FILE ...]`; without files, all of notebooks/. What differs from run to
run is stripped, so that running twice changes nothing.
"""

import hashlib
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "implicitbias"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def fingerprint(notebook: nbformat.NotebookNode) -> str:
    """What the outputs depend on: the source of the code cells and the library's Python."""
    digest = hashlib.sha256()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            digest.update(cell.source.encode() + b"\0")
    for file in sorted(LIBRARY.rglob("*.py")):
        digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def strip(notebook: nbformat.NotebookNode) -> None:
    """Leaves out what differs from run to run: times, versions, the identities of widgets."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)
        for output in cell.outputs:
            output.get("data", {}).pop(WIDGET_VIEW, None)
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    )


def execute(file: Path) -> bool:
    """Executes one notebook in its own folder, if it has to be, and says whether it had to."""
    notebook = nbformat.read(file, as_version=4)
    inputs = fingerprint(notebook)
    if notebook.metadata.get("implicitbias", {}).get("inputs") == inputs:
        return False
    resources = {"metadata": {"path": str(file.parent)}}
    client = NotebookClient(
        notebook, kernel_name=KERNEL["name"], resources=resources, coalesce_streams=True
    )
    client.execute()
    strip(notebook)
    notebook.metadata["implicitbias"] = {"inputs": inputs}
    nbformat.write(notebook, file)
    return True


def main(names: list[str]) -> None:
    for file in map(Path, names) if names else sorted((ROOT / "notebooks").glob("*.ipynb")):
        print(f"{file.name}: {'executed' if execute(file) else 'up to date'}")


if __name__ == "__main__":
    main(sys.argv[1:])
