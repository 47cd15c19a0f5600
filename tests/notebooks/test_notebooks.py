"""Committed notebooks were executed as they stand, and nbval would notice if their outputs lied."""

import json
import os
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import nbformat
import numpy as np
import pytest

from implicitbias.explore.codec import encode

from .arrays import arrays

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SANITIZE = ROOT / "tests" / "notebooks" / "sanitize.cfg"
PLUGIN = "tests.notebooks.arrays"
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


def shown(values: list[float]) -> str:
    """A figure's HTML, of as much as nbval looks at."""
    payload = {"arrays": {"weights": {"parts": [encode(np.array(values))]}}}
    script = json.dumps(payload, separators=(",", ":"))
    return (
        f'<figure class="explorable" data-explorable="made-up"><script>{script}</script></figure>'
    )


# What a cell shows, what its notebook says that it shows, and whether nbval passes it.
STORED = {
    "true text": ("print(0.123)", "0.123\n", True),
    "false text": ("print(0.123)", "0.124\n", False),
    "near numbers": (shown([1.0, 2.0]), shown([1.0, 2.0 + 1e-6]), True),
    "false numbers": (shown([1.0, 2.0]), shown([1.0, 2.0 + 1e-5]), False),
    "fewer numbers": (shown([1.0, 2.0]), shown([1.0]), False),
}


def stored(computed: str, text: str) -> nbformat.NotebookNode:
    """A cell as executed."""
    if computed.startswith("print"):
        source, output = computed, nbformat.v4.new_output("stream", name="stdout", text=text)
    else:
        source = f"from IPython.display import HTML\n\ndisplay(HTML({computed!r}))"
        data = {"text/html": text, "text/plain": "<IPython.core.display.HTML object>"}
        output = nbformat.v4.new_output("display_data", data=data)
    return nbformat.v4.new_code_cell(source, execution_count=1, outputs=[output])


def test_nbval_notices_one_wrong_digit_and_one_wrong_number(tmp_path):
    cells = [stored(computed, text) for computed, text, _ in STORED.values()]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "made-up.ipynb")
    (tmp_path / "none.ini").write_text("[pytest]\n")
    options = "-q -rA -p no:cacheprovider -p no:doctest -W default -c none.ini --nbval"
    compare = ["--nbval-current-env", "--nbval-sanitize-with", str(SANITIZE)]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options.split(), *compare, "-p", PLUGIN, "."],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert run.returncode == 1, run.stdout + run.stderr
    for k, (_, _, passes) in enumerate(STORED.values()):
        said = f"{'PASSED' if passes else 'FAILED'} made-up.ipynb::Cell {k}"
        assert said in run.stdout, run.stdout


def test_make_test_compares_the_numbers_of_figures():
    assert f"-p {PLUGIN}" in (ROOT / "tools/test.sh").read_text()
    texts = (nbformat.read(file, as_version=4).cells for file in NOTEBOOKS)
    found = [
        name for cells in texts for cell in cells for name, _ in arrays(cell.get("outputs", []))
    ]
    assert len(found) > 100
