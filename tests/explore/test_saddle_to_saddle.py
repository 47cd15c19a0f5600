"""The two figures of the chapter: what they hold, and the cursor of the staircase."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import implicitbias as ib
from implicitbias.explore import Array, Axis, Explorable, dual_polygon
from implicitbias.explore.dual_polygon import CLOCK, FOUR_FEATURES
from implicitbias.explore.saddle_to_saddle import SCALES, figure, run

from ..browser import drawn
from .conftest import Shown

POLYGON = dual_polygon().figure
X, Y = FOUR_FEATURES


def test_walls_are_where_saturations_are_one():
    corners = POLYGON.arrays["outside"].values[:8]
    saturations = np.abs(corners @ X)
    assert saturations.max() == pytest.approx(1)
    assert ((saturations > 1 - 1e-12).sum(axis=1) == 2).all()  # each on two walls
    assert (corners @ Y).max() == pytest.approx(80 / 49)  # where the jumps end


@pytest.mark.parametrize("scale", [SCALES[0], 1e-4])
def test_the_path_has_the_weights_of_its_dual(scale):
    """w = 2 scale^2 sinh(X' nu), with nu in the figure over 2 ln(1/scale)."""
    state = {"scale": scale, "time": 5.0}
    size = 2 * np.log(1 / scale)
    nu, w = POLYGON.at("path", state), POLYGON.at("weights", {"scale": scale})
    assert nu is not None and w is not None
    s = nu @ X
    expected = np.exp(size * (s - 1)) - np.exp(-size * (s + 1))
    np.testing.assert_allclose(w[100], expected, atol=1e-5)
    readings = [POLYGON.at(name, state) for name in ("first", "third", "fourth")]
    np.testing.assert_allclose(np.ravel(readings), w[100][[0, 2, 3]], atol=1e-12)


def test_saddles_are_counted():
    """Three rests are visited from 1e-64; from a large scale none of them is."""
    problem = ib.sparse_regression(6, 9, 3, seed=0)
    found = run(problem, (1e-64, 1.0 - 1e-3))
    rests = len(found.jumps.times) - 1
    assert rests >= 2
    assert found.visited[0] == rests and found.visited[1] < rests
    assert found.weights.shape == (2, len(found.clock), 9)
    assert found.left[0] < 1e-9 < found.left[1]


def test_the_sentence_says_whether_all_is_seen():
    found = run(ib.sparse_regression(6, 9, 3, seed=0))
    shown = figure({"small": found}, {"small": tuple(f"w{j + 1}" for j in range(9))})
    states = [shown.complete({"scale": scale}) for scale in (SCALES[0], SCALES[-1])]
    assert [shown.at("all", state) for state in states] == [1, 0]
    assert [shown.at("visited", state) for state in states] == [found.visited[0], found.visited[-1]]


def test_the_cursor_stands_at_the_time(show: Callable[..., Shown]):
    shown = show("#dual-polygon?time=4", html=Explorable(POLYGON).html())
    shown.page.wait_for_selector(".staircase")

    def cursor() -> float:
        return float(shown.page.locator(".staircase .cursor line").get_attribute("x1") or 0)

    first = cursor()
    shown.page.get_by_role("slider", name="Time").press("End")
    drawn(shown.page)
    last = cursor()
    shown.page.get_by_role("slider", name="Time").press("Home")
    drawn(shown.page)
    start = cursor()
    assert (first - start) / (last - start) == pytest.approx(4 / CLOCK[-1], abs=2e-3)
    assert shown.complaints == []


def test_a_cursor_needs_a_time_for_each_step():
    axes = (POLYGON.axes[0], Axis("time", "Time", (0.0, 1.0), kind="time"))
    over = {
        name: Array(array.dims, np.asarray(array.values)[:, :2])
        if array.dims == ("scale", "time") and not array.inner
        else array
        for name, array in POLYGON.arrays.items()
    }
    over["path"] = Array(("scale", "time"), POLYGON.arrays["path"].values[:, :2], inner=("xy",))
    over["now"] = Array(("time",), [0.0, 1.0])
    with pytest.raises(ValueError, match=r"position for each of its 161 steps, found 2"):
        replace(POLYGON, axes=axes, arrays=over, presets=())
