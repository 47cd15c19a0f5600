"""Committed notebooks were executed as they stand, and nbval would notice if their outputs lied."""

import re
import subprocess
import sys
from configparser import ConfigParser
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


def sanitized(text: str) -> str:
    """As nbval sees it."""
    rules = ConfigParser()
    rules.read(SANITIZE)
    for rule in rules.sections():
        text = re.sub(rules[rule]["regex"], rules[rule]["replace"], text)
    return text


def test_all_that_is_printed_is_compared(notebook):
    printed = [
        output.text
        for cell in code_cells(notebook)
        for output in cell.outputs
        if output.output_type == "stream"
    ]
    assert printed and [sanitized(text) for text in printed] == printed


def test_no_cell_is_left_out(notebook):
    for cell in code_cells(notebook):
        assert not re.search(r"#\s*(NBVAL|PYTEST_VALIDATE)", cell.source)
        assert not any("nbval" in tag or "skip" in tag for tag in cell.metadata.get("tags", []))


def test_nbval_notices_one_wrong_digit(tmp_path):
    lab = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("print(0.123)", execution_count=1)]
    )
    for name, text in (("true", "0.123\n"), ("false", "0.124\n")):
        lab.cells[0].outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
        nbformat.write(lab, tmp_path / f"{name}.ipynb")
    (tmp_path / "none.ini").write_text("[pytest]\n")
    options = "-q -p no:cacheprovider -p no:doctest -W default -c none.ini --nbval"
    compare = ["--nbval-current-env", "--nbval-sanitize-with", str(SANITIZE)]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options.split(), *compare, "."],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert run.returncode == 1 and "1 failed, 1 passed" in run.stdout, run.stdout
    assert "false.ipynb" in run.stdout.split("FAILED")[-1]
