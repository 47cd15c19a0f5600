"""The arrays behind a committed figure are those that the library computes now."""

import functools
import json
from pathlib import Path

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbclient import NotebookClient

from implicitbias import explore
from implicitbias.explore.codec import decode

ROOT = Path(__file__).parents[2]


LABS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def payloads(notebook: nbformat.NotebookNode) -> dict[str, dict]:
    """The data of every explorable in a notebook, by name."""
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            html = output.get("data", {}).get("text/html", "")
            for figure in BeautifulSoup(html, "html.parser").select("figure.explorable"):
                found[figure["data-explorable"]] = json.loads(figure.script.string)
    return found


@functools.cache
def stored(lab: Path) -> dict[str, dict]:
    return payloads(nbformat.read(lab, as_version=4))


@functools.cache
def executed(lab: Path) -> dict[str, dict]:
    notebook = nbformat.read(lab, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": str(lab.parent)}}).execute()
    return payloads(notebook)


FIGURES = [(lab, name) for lab in LABS for name in stored(lab)]


def test_there_are_figures():
    assert "scale-and-depth" in {name for _, name in FIGURES}


def recomputed(lab: Path, name: str) -> dict:
    """By the library's function of that name; a figure that has none is its lab's own."""
    function = getattr(explore, name.replace("-", "_"), None)
    return function().payload if function else executed(lab)[name]


@pytest.mark.parametrize(("lab", "name"), FIGURES, ids=[name for _, name in FIGURES])
def test_payload_equals_a_fresh_computation(lab, name):
    old_payload, fresh = stored(lab)[name], recomputed(lab, name)
    fresh = json.loads(json.dumps(fresh))
    assert old_payload["axes"] == fresh["axes"]
    assert old_payload["panels"] == fresh["panels"]
    assert old_payload["arrays"].keys() == fresh["arrays"].keys()
    for array, code in old_payload["arrays"].items():
        for old, new in zip(code["parts"], fresh["arrays"][array]["parts"], strict=True):
            if old is None:
                assert new is None
                continue
            a, b = decode(old), decode(new)
            if old.get("log"):
                a, b = np.log10(np.maximum(a, 1e-12)), np.log10(np.maximum(b, 1e-12))
            # A value on the edge of two steps may fall either way; solvers agree to 1e-9.
            tolerance = 1.01 * old.get("step", 0) + 1e-9 + 1e-6 * np.abs(a)
            assert (np.abs(a - b) <= tolerance).all(), array
