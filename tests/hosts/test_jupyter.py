"""A figure in JupyterLab and Notebook 7: one state for sliders and Python, also after a restart."""

from collections.abc import Callable

from playwright.sync_api import expect

FIGURE = """
import numpy as np
from implicitbias.explore import Array, Axis, Explorable, Figure
from implicitbias.explore.panels.stems import Stems

def made_up(count):
    scale = Axis("scale", "Scale", (0.01, 0.1, 1.0, 10.0), log=True)
    data = Axis("data", "Data", ("made up",), kind="choice")
    weights = np.outer(np.arange(1, 5), np.linspace(-1, 1, count))[None]
    return Figure(
        name="made-up",
        title="Weights",
        axes=(data, scale),
        arrays={"weights": Array(("data", "scale"), weights, inner=("item",))},
        panels=(Stems("Weights", "weights", "the weights"),),
        reading="The scale is {scale}.",
        presets=(),
        items=(tuple(f"w{j}" for j in range(count)),),
        caption="Made-up weights.",
        alt="The larger the scale, the larger the weights.",
    )
"""
SHOW = """
explorable = Explorable(made_up(3))
explorable
"""
WORKBENCH = """
import sys
import jax
import implicitbias.explore
jax.config.update("jax_enable_x64", True)

def figure_of(problems, **_):
    (problem,) = problems.values()
    return made_up(problem.X.shape[1])

sys.modules["implicitbias.explore.workbench"].figure_of = figure_of
bench = implicitbias.explore.workbench(n=3, d=4, sparsity=1)
bench
"""
SCALE = "print(explorable.state['scale'])"


def test_sliders_and_python_move_one_state_also_after_a_restart(opened: Callable) -> None:
    notebook = opened(FIGURE, SHOW, SCALE)
    notebook.run()
    expect(notebook.reading).to_have_text("The scale is 10.")
    slider = notebook.slider("Scale")
    pictures = [notebook.picture()]

    slider.press("ArrowLeft")
    expect(notebook.reading).to_have_text("The scale is 1.")
    pictures.append(notebook.picture())
    assert notebook.python(SCALE) == "1.0"

    notebook.python("explorable.state = {'scale': 0.01}")
    expect(notebook.reading).to_have_text("The scale is 0.01.")
    pictures.append(notebook.picture())
    assert slider.input_value() == "0"

    notebook.restart()
    assert notebook.python("print('explorable' in globals())") == "False"
    slider.press("ArrowRight")
    expect(notebook.reading).to_have_text("The scale is 0.1.")
    pictures.append(notebook.picture())
    assert len(set(pictures)) == 4

    notebook.run()
    expect(notebook.reading).to_have_text("The scale is 10.")
    slider.press("Home")
    expect(notebook.reading).to_have_text("The scale is 0.01.")
    assert notebook.python(SCALE) == "0.01"
    assert notebook.outside == []


def test_a_slider_of_the_workbench_replaces_the_problem(opened: Callable) -> None:
    notebook = opened(FIGURE, WORKBENCH)
    notebook.run()
    expect(notebook.reading).to_have_text("The scale is 10.")
    before = notebook.picture()
    # By its number: Notebook 7 takes the arrow keys from the sliders of ipywidgets.
    number = notebook.page.locator(".widget-slider", has_text="weights d").locator(
        ".widget-readout"
    )
    number.fill("5")
    number.press("Enter")
    notebook.page.wait_for_function(
        "before => document.querySelector('figure.explorable svg[role=img]').innerHTML != before",
        arg=before,
    )
    assert notebook.python("print(len(bench.explorable.figure.items[0]))") == "5"
