"""The arrays behind a committed figure are those that the library computes now."""

import json
from pathlib import Path

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup

from implicitbias import explore
from implicitbias.explore.codec import decode

ROOT = Path(__file__).parents[2]


def payloads() -> dict[str, dict]:
    """The data of every explorable in the notebooks, by name."""
    found = {}
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(file, as_version=4).cells:
            for output in cell.get("outputs", []):
                html = output.get("data", {}).get("text/html", "")
                for figure in BeautifulSoup(html, "html.parser").select("figure.explorable"):
                    found[figure["data-explorable"]] = json.loads(figure.script.string)
    return found


PAYLOADS = payloads()


def test_there_are_figures():
    assert "scale-and-depth" in PAYLOADS


@pytest.mark.parametrize("name", PAYLOADS)
def test_payload_equals_a_fresh_computation(name):
    stored, fresh = PAYLOADS[name], getattr(explore, name.replace("-", "_"))().payload
    fresh = json.loads(json.dumps(fresh))
    assert stored["axes"] == fresh["axes"]
    assert stored["panels"] == fresh["panels"]
    assert stored["arrays"].keys() == fresh["arrays"].keys()
    for array, code in stored["arrays"].items():
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
