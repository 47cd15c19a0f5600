"""The laboratory in two dimensions: the page's closed forms against the library, and by hand."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from implicitbias.explore import Explorable, Figure
from implicitbias.explore.geometry_lab import figure as laboratory
from implicitbias.explore.geometry_lab_data import NONE
from implicitbias.explore.panels.plane import Plane, Trail
from implicitbias.explore.still import still

from ..browser import drawn

HERE = "geometry/geometry-lab"
SETTINGS = 216
VIEW = 6.2  # weights from one side of the picture to the other

# Every array of the page in each of some states, given by positions on the axes.
READ = """(indices) => {
  const { data, payload, move, index } = document.querySelector("figure.explorable").explorable;
  return indices.map((wanted) => {
    move(wanted);
    const arrays = Object.keys(payload.model.arrays).map((name) => {
      const { values, shape } = data.view(name, index);
      return [name, { values: Array.from(values), shape }];
    });
    return Object.fromEntries(arrays);
  });
}"""
STATE = """() => {
  const { index, payload } = document.querySelector("figure.explorable").explorable;
  return Object.fromEntries(payload.axes.map((axis) => [axis.name, axis.values[index[axis.name]]]));
}"""

# A point of the first picture, by its shares of the width and the height.
CORNER = """(() => {
  const box = document.querySelector(".plane clipPath rect");
  const side = (name) => Number(box.getAttribute(name));
  const [x, y] = [%s];
  return [side("x") + x * side("width"), side("y") + y * side("height")];
})()"""


@pytest.fixture(scope="module")
def lab() -> Figure:
    return laboratory()


@pytest.fixture(scope="module")
def html(lab: Figure) -> str:
    return Explorable(lab).html()


@pytest.fixture
def open_lab(show: Callable, html: str) -> Callable:
    def opened(hash: str = "", **options: Any):
        shown = show(hash, html=html, **options)
        shown.page.wait_for_function("document.querySelector('figure.explorable').explorable")
        return shown

    return opened


def permalink(state: dict[str, Any]) -> str:
    spelled = {
        name: re.sub(r"[^a-z0-9.]+", "-", value.lower())
        for name, value in state.items()
        if isinstance(value, str)
    }
    return "#geometry-lab?" + "&".join(
        f"{name}={spelled.get(name, value)}" for name, value in state.items()
    )


def settings(lab: Figure, count: int) -> list[dict[str, Any]]:
    """Random positions on every axis, all geometries equally often; a fifth start from zero."""
    rng = np.random.default_rng(3)
    states = []
    for k in range(count):
        state = {axis.name: axis.values[rng.integers(len(axis.values))] for axis in lab.axes}
        geometries = lab.by_name["geometry"].values
        state["geometry"] = geometries[k % len(geometries)]
        if rng.random() < 0.2:
            state |= {"start_x": 0.0, "start_y": 0.0}
        states.append(state)
    return states


def test_the_page_agrees_with_the_library(open_lab: Callable, lab: Figure, check: Callable) -> None:
    states = settings(lab, SETTINGS)
    shown = open_lab()
    indices = [
        {axis.name: axis.values.index(state[axis.name]) for axis in lab.axes} for state in states
    ]
    found = shown.page.evaluate(READ, indices)
    worst, seen = 0.0, set()
    assert lab.model is not None
    for state, there in zip(states, found, strict=True):
        for name, expected in lab.model.at(state).items():
            drawn = np.reshape(there[name]["values"], there[name]["shape"])
            assert drawn.shape == expected.shape, (name, state)
            if not drawn.size:
                continue
            # Dual variables are scaled to fit a view of 2; metric entries to themselves.
            view = 2.0 if name.startswith("dual_") else VIEW
            size = np.maximum(view, np.abs(expected) if name == "metric" else 0)
            far = np.max(np.abs(drawn - expected) / size)
            assert far < 1e-6, (name, far, state)
            worst = max(worst, far)
        seen |= {
            (method, int(there[f"{method}_status"]["values"][0]))
            for method in ("mirror", "natural", "parameters")
        }
    # The settings reach what there is to reach: every way to end, of every method.
    assert len(seen) >= 9, seen
    check(
        "The page's closed forms in two dimensions agree with the library",
        HERE,
        f"every array of the figure in {SETTINGS} random settings, relative to the view",
        worst,
        1e-6,
    )
    assert shown.complaints == []


def test_permalinks_restore_every_axis(open_lab: Callable, lab: Figure) -> None:
    shown = open_lab()
    for state in settings(lab, 12):
        shown.page.evaluate("(hash) => (location.hash = hash)", permalink(state))
        drawn(shown.page)
        assert shown.page.evaluate(STATE) == state
        # The page writes it as it reads it.
        shown.page.evaluate("(() => document.querySelector('input[type=range]').focus())()")
        assert permalink(state) == shown.hash


def test_dragging_moves_the_start_and_the_line(open_lab: Callable) -> None:
    shown = open_lab()
    page = shown.page
    page.locator(".fold summary").click()
    for handle, first, second in ((0, "data_x", "data_y"), (1, "start_x", "start_y")):
        grip = page.locator(".panel.plane").first.locator(".handle .grip").nth(handle)
        box = grip.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        before = shown.position(first), shown.position(second), shown.reading
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 20, y + 12, steps=3)
        page.mouse.up()
        drawn(shown.page)
        assert shown.position(first) > before[0]
        assert shown.position(second) < before[1]
        assert shown.reading != before[2]
        moved = grip.bounding_box()
        assert moved is not None
        assert abs(moved["x"] - box["x"] - 20) < 1.5 and abs(moved["y"] - box["y"] - 12) < 1.5
    assert shown.complaints == []


def test_the_keyboard_moves_what_is_dragged(open_lab: Callable) -> None:
    shown = open_lab()
    shown.page.locator(".fold summary").focus()
    shown.page.keyboard.press("Enter")
    for name in ("Start, first weight", "Line, second coordinate"):
        slider = shown.page.get_by_role("slider", name=name)
        slider.focus()
        readings = {shown.reading}
        for key in ("Home", "PageUp", "ArrowRight", "End"):
            slider.press(key)
            drawn(shown.page)
            readings.add(shown.reading)
        assert len(readings) >= 3
    hash = shown.settled_hash()
    assert "start_x=3" in hash and "data_y=2.5" in hash
    shown.page.locator(".fold summary").click()
    assert not slider.is_visible()


def test_handles_are_moved_by_the_keyboard_where_they_are(open_lab: Callable) -> None:
    shown = open_lab()
    page = shown.page
    for name, axes in (
        ("line of solutions", ("data_x", "data_y")),
        ("start", ("start_x", "start_y")),
    ):
        hold = page.get_by_role("slider", name=name, exact=True)
        hold.focus()
        for key, moved in (("ArrowLeft", 0), ("ArrowUp", 1), ("Shift+ArrowRight", 0)):
            before = page.evaluate(STATE)
            page.keyboard.press(key)
            drawn(shown.page)
            after = page.evaluate(STATE)
            assert [axis for axis in after if after[axis] != before[axis]] == [axes[moved]]
    assert shown.complaints == []


def test_a_start_out_of_the_domain_is_drawn_inside(open_lab: Callable) -> None:
    shown = open_lab("#geometry-lab?geometry=entropy&start_x=-2&start_y=1")
    start = shown.page.evaluate(
        "(() => { const { data, index } = document.querySelector('figure.explorable').explorable;"
        "return Array.from(data.at('start', index)); })()"
    )
    assert start == [0.02, 1]


def test_what_is_not_in_the_domain_is_hatched(open_lab: Callable, lab: Figure) -> None:
    for geometry, hatched in (("entropy", True), ("hypentropy", False)):
        page = open_lab(f"#geometry-lab?geometry={geometry}").page
        region = page.locator(".stage .forbidden > path")
        assert bool(region.get_attribute("d")) == hatched
        assert page.locator(".entry", has_text="not in the domain").is_visible() == hatched
        picture = still(lab, {"geometry": geometry})
        assert ("url(#geometry-lab-forbidden)" in picture) == hatched
        if hatched:  # all of the picture but the quadrant in which both weights are positive
            inside = [
                region.evaluate("(path, [x, y]) => path.isPointInFill(new DOMPoint(x, y))", [x, y])
                for x, y in map(page.evaluate, [CORNER % at for at in ("0.9, 0.1", "0.1, 0.1")])
            ]
            assert inside == [False, True]


def test_no_algorithm_has_the_colour_of_a_regime(lab: Figure) -> None:
    for panel in lab.panels:
        assert isinstance(panel, Plane)
        trails = [layer for layer in panel.layers if isinstance(layer, Trail)]
        assert len({(trail.dash, trail.shape, trail.dots) for trail in trails}) == len(trails) == 4
        assert {trail.role for trail in trails}.isdisjoint({"kernel", "rich"})


def test_controls_that_do_nothing_are_hidden(open_lab: Callable) -> None:
    page = open_lab("#geometry-lab?geometry=p-norm").page
    shown = [
        axis
        for axis in ("step", "scale", "depth", "p")
        if page.locator(f"[data-axis={axis}]").is_visible()
    ]
    assert shown == ["step", "p"]


def test_time_runs_from_the_start_to_the_line(open_lab: Callable) -> None:
    shown = open_lab()
    lengths = shown.page.evaluate(
        """() => {
          const { data, index } = document.querySelector("figure.explorable").explorable;
          const steps = (time) => (name) => data.view(name, { ...index, time }).shape[0];
          return [0, 30, 60, 100].map((time) => ["flow", "mirror", "natural"].map(steps(time)));
        }"""
    )
    assert lengths[0] == [1, 1, 1]
    assert all(np.diff([row[k] for row in lengths]).min() > 0 for k in range(3))


def test_without_a_mirror_map_the_sentence_says_so(open_lab: Callable, lab: Figure) -> None:
    shown = open_lab("#geometry-lab?geometry=single-neuron")
    assert "The metric is no Hessian, so there is no mirror descent." in shown.reading
    state = lab.complete({"geometry": "single neuron"})
    assert lab.at("mirror_status", state) == NONE


def test_presets_are_what_they_say(open_lab: Callable) -> None:
    shown = open_lab()
    said = {}
    for name in ("All the same", "A corner", "The step matters", "No mirror map"):
        shown.page.get_by_role("button", name=name).click()
        drawn(shown.page)
        said[name] = shown.reading
    assert said["All the same"].count("ends there too") == 3
    assert "natural gradient descent ends 0" in said["The step matters"].lower()
    assert "no mirror descent" in said["No mirror map"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_telephone(open_lab: Callable, theme: str) -> None:
    page = open_lab(theme=theme, viewport={"width": 390, "height": 844}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for option in page.locator(".options label").all():
        box = option.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390
