"""The workbench solves a new problem, and says in one line why it cannot."""

import sys
from typing import Any

import pytest

from implicitbias.explore import Figure, workbench


def test_moving_a_slider_replaces_the_problem(
    figure: Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def answer(problems: dict[str, Any], **_: Any) -> Figure:
        ((name, problem),) = problems.items()
        asked.append((name, problem.X.shape))
        if problem.X.shape[1] < problem.X.shape[0]:
            raise ValueError("X must have n <= d, found <n> above d")
        return figure

    monkeypatch.setattr(sys.modules["implicitbias.explore.workbench"], "figure_of", answer)
    bench = workbench(n=5, d=8, sparsity=2)
    assert repr(bench) == "Workbench(n=5, d=8, sparsity=2, noise=0.0, seed=0)"
    bench.sliders["d"].value = 9
    assert asked == [("your problem", (5, 8)), ("your problem", (5, 9))]
    assert bench.status.value == ""

    before = bench.explorable.payload
    bench.sliders["n"].value = 20
    assert bench.status.value == (
        "No picture for this problem: X must have n &lt;= d, found &lt;n&gt; above d"
    )
    assert bench.explorable.payload == before
    assert "busy" not in bench.explorable._dom_classes


def test_its_stored_form_says_what_a_kernel_would_show(
    figure: Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["implicitbias.explore.workbench"]
    monkeypatch.setattr(module, "figure_of", lambda *_, **__: figure)
    data, _ = workbench()._repr_mimebundle_()
    assert "In a running notebook" in data["text/html"]
    assert data["text/plain"] == "Workbench(n=20, d=40, sparsity=4, noise=0.0, seed=0)"
