"""Committed notebooks were executed as they stand, and nbval would notice if their outputs lied."""

import copy
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SANITIZE = ROOT / "tests" / "notebooks" / "sanitize.cfg"
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:home|root|Users|work|tmp|opt|usr|mnt)/|[A-Z]:\\\\")


@pytest.fixture(params=NOTEBOOKS, ids=lambda file: file.stem)
def file(request) -> Path:
    return request.param


@pytest.fixture
def notebook(file) -> nbformat.NotebookNode:
    return nbformat.read(file, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_every_cell_was_executed_in_order(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1)), "run `make notebooks`"


def test_no_cell_failed_or_warned(notebook):
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.text


def test_small_and_free_of_machine_paths(file):
    text = file.read_text()
    assert len(text.encode()) <= 500_000
    assert MACHINE_PATH.findall(text) == []


def test_nothing_volatile_is_stored(notebook):
    assert set(notebook.metadata) <= {"kernelspec", "language_info", "implicitbias"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata.language_info) == {"name"}
    assert not any("execution" in cell.metadata for cell in notebook.cells)


def test_valid_and_with_titles(notebook):
    nbformat.validate(notebook)
    first = notebook.cells[0]
    assert first.cell_type == "markdown" and first.source.startswith("# ")


def nbval(file: Path) -> subprocess.CompletedProcess:
    options = [
        "-p",
        "no:cacheprovider",
        "-p",
        "no:doctest",
        "-W",
        "default",
        "-c",
        str(file.parent / "none.ini"),
    ]
    compare = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", str(SANITIZE)]
    (file.parent / "none.ini").write_text("[pytest]\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, *compare, str(file)],
        capture_output=True,
        text=True,
        cwd=file.parent,
    )


def shortened(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook up to the first cell that prints a number, and nothing else."""
    short = copy.deepcopy(notebook)

    def prints(cell):
        outputs = cell.get("outputs", [])
        return [each.output_type for each in outputs] == ["stream"] and re.search(
            r"\d", outputs[0].text
        )

    last = next(i for i, cell in enumerate(short.cells) if prints(cell))
    short.cells = short.cells[: last + 1]
    return short


def corrupted(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The same with one digit of the last printed output changed."""
    wrong = copy.deepcopy(notebook)
    output = wrong.cells[-1].outputs[0]
    head, digit, tail = re.match(r"([\s\S]*)(\d)(\D*)$", output.text).groups()
    output.text = f"{head}{(int(digit) + 1) % 10}{tail}"
    return wrong


def test_nbval_accepts_the_truth_and_notices_one_wrong_digit(notebook, tmp_path):
    short = shortened(notebook)
    nbformat.write(short, tmp_path / "true.ipynb")
    nbformat.write(corrupted(short), tmp_path / "false.ipynb")
    true, false = nbval(tmp_path / "true.ipynb"), nbval(tmp_path / "false.ipynb")
    assert true.returncode == 0, true.stdout
    assert false.returncode == 1 and "1 failed" in false.stdout, false.stdout
