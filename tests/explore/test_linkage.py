"""Arms in a plane: drawn where they are, and moving evenly while time runs."""

from collections.abc import Callable

import numpy as np
import pytest

from implicitbias.explore import Explorable
from implicitbias.explore.array import Array
from implicitbias.explore.figure import Figure
from implicitbias.explore.panels.plane import Extent, Linkage, Plane
from implicitbias.explore.still import still
from implicitbias.explore.time_axis import time_axis
from tests.explore.conftest import Shown

ANGLES = np.linspace(0, np.pi / 2, 12)
JOINTS = np.stack([np.zeros((12, 2)), np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1)], 1)


@pytest.fixture
def swing() -> Explorable:
    """One link that turns by a quarter."""
    return Explorable(
        Figure(
            name="swing",
            title="A swing",
            axes=(time_axis(12, reads="clock", end="done"),),
            arrays={
                "clock": Array(("time",), np.arange(12.0)),
                "arm": Array(("time",), JOINTS, inner=("joint", "xy"), step=1e-4),
            },
            panels=(
                Plane(
                    "The arm",
                    "",
                    Extent("x", -1, 2),
                    Extent("y", -1, 2),
                    (Linkage("arm", "an arm", "run"),),
                ),
            ),
            reading="At {clock}.",
            presets=(),
            caption="A caption.",
            alt="An alternative.",
        )
    )


HAND = "document.querySelector('.stage .hand').getAttribute('transform')"


def hand(shown: Shown) -> np.ndarray:
    where = shown.page.evaluate(HAND)
    return np.array(where.removeprefix("translate(").removesuffix(")").split(), dtype=float)


def test_hands_are_where_arrays_say(show: Callable[..., Shown], swing: Explorable):
    shown = show("#swing?time=0", html=swing.html())
    box = shown.page.locator(".plane clipPath rect")
    x, y, width = (float(box.get_attribute(side) or 0) for side in ("x", "y", "width"))
    unit, centre = width / 3, np.array([x + width / 3, y + 2 * width / 3])
    np.testing.assert_allclose(hand(shown), centre + [unit, 0], atol=0.1)
    shown.page.locator("[data-axis=time] input").focus()
    shown.page.keyboard.press("End")
    shown.page.wait_for_function(f"{HAND} !== 'translate({centre[0] + unit:.1f} {centre[1]:.1f})'")
    np.testing.assert_allclose(hand(shown), centre - [0, unit], atol=0.1)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_arms_move_evenly_unless_no_motion_is_wanted(
    show: Callable[..., Shown], swing: Explorable, motion: str
):
    shown = show("#swing?time=0", html=swing.html(), reduced_motion=motion)
    shown.page.evaluate(
        f"""() => {{
            window.seen = new Set();
            const look = () => {{ window.seen.add({HAND}); requestAnimationFrame(look); }};
            look();
        }}"""
    )
    shown.page.get_by_role("button", name="Play", exact=True).click()
    shown.page.wait_for_function(
        "document.querySelector('[data-axis=time] input').value === '11'", timeout=20000
    )
    places = len(shown.page.evaluate("[...window.seen]"))
    assert places > 16 if motion == "no-preference" else places <= 8


def test_without_scripts_the_arm_is_drawn(swing: Explorable):
    assert 'stroke-width="5"' in still(swing.figure)
