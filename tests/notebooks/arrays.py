"""A plugin with which nbval compares the arrays behind a figure, as numbers.

As texts they would not be equal: their last bits differ from one machine to another.
"""

import json
from collections.abc import Iterator

import numpy as np
from bs4 import BeautifulSoup
from nbval.plugin import IPyNbCell

from implicitbias.explore.codec import decode

compare_texts = IPyNbCell.compare_outputs


def arrays(outputs: list) -> Iterator[tuple[str, list[dict | None]]]:
    """The parts of every array of every figure among the outputs of a cell, with its name."""
    for output in outputs:
        html = output.get("data", {}).get("text/html", "")
        for figure in BeautifulSoup(html, "html.parser").select("figure.explorable"):
            assert figure.script and figure.script.string
            for name, code in json.loads(figure.script.string)["arrays"].items():
                yield f"{figure['data-explorable']}: {name}", code["parts"]


def agree(old: dict | None, new: dict | None) -> bool:
    """Whether a part of an array is that of a fresh computation."""
    if old is None or new is None:
        return old is new
    a, b = decode(old), decode(new)
    if old.get("log"):
        a, b = np.log10(np.maximum(a, 1e-12)), np.log10(np.maximum(b, 1e-12))
    # A value on the edge of two steps may fall either way; solvers agree to 1e-9.
    tolerance = 1.01 * old.get("step", 0) + 1e-9 + 1e-6 * np.abs(a)
    return a.shape == b.shape and bool((np.abs(a - b) <= tolerance).all())


def compare(cell, test, ref, skip_compare=None) -> bool:
    """What nbval does, and then the arrays."""
    if not compare_texts(cell, test, ref, skip_compare):
        return False
    for (name, old), (_, new) in zip(arrays(ref), arrays(test), strict=True):
        if len(old) != len(new) or not all(map(agree, old, new)):
            cell.comparison_traceback.append(f"the numbers of {name} differ")
            return False
    return True


def pytest_configure() -> None:
    IPyNbCell.compare_outputs = compare
