"""The figures of the chapter on thinking say what the library and the sweep hold."""

import numpy as np
import pytest
from playwright.sync_api import expect

from implicitbias.explore import thinking, thinking_data as stored, thinking_steps
from implicitbias.explore.thinking import NAMES, mirrored, way
from implicitbias.explore.thinking_steps import met
from implicitbias.studies import motion

from ..shown import at

HELD = stored.read()
FIGURE, STEPS = thinking().figure, thinking_steps().figure
TABLE, ORDER = stored.TABLE, stored.ORDER


@pytest.mark.parametrize("m", stored.LENGTHS)
@pytest.mark.parametrize("name", NAMES)
def test_shares_are_those_of_the_sweep(name, m):
    for n in stored.COUNTS:
        state = {"network": NAMES[name], "m": m, "n": n}
        held = HELD[name, m, n]
        rates = stored.RATES if held.right.shape[1] > 1 else stored.RATES[:1]
        for i, rate in enumerate(rates):
            shown = at(FIGURE, "right", **state, wrong=rate)
            assert shown == pytest.approx(held.right[:, i].mean(), abs=6e-4)
        matched = HELD["thinks", m, n // m].right[:, 0].mean()
        assert at(FIGURE, "matched", **state) == pytest.approx(matched, abs=6e-4)
        reads = motion.Lesson().reads if "none" not in stored.lesson(name) else None
        true = FIGURE.at("next_true", FIGURE.complete(state))
        assert (true is None) == (reads is None)
        if true is not None:
            assert true == pytest.approx(held.true[:, 2].mean(), abs=6e-3)
            course = at(FIGURE, "led", **state)
            np.testing.assert_allclose(
                course[: m - 2, 1], held.follows[:, 2:].mean(axis=0), atol=6e-3
            )
            np.testing.assert_array_equal(course[m - 3], course[-1])


def test_the_robot_goes_where_its_thoughts_say():
    state = {"network": "thinks", "m": 7, "n": 3000, "wrong": 0.4, "instruction": "B"}
    plan = HELD["thinks", 7, 3000].plans[-1, 2]
    truth = motion.partial_products(TABLE, stored.examples(7)[2])
    moments = FIGURE.by_name["time"].values
    for array, poses in (("way", plan), ("meant", truth)):
        places = np.array([at(FIGURE, array, **state, time=moment) for moment in moments])
        np.testing.assert_allclose(places[::3], motion.walk(poses, 3), atol=6e-3)
    assert at(FIGURE, "mistakes", **state) == (plan != truth).sum()
    gone = motion.walk(plan, 3)[-1] - motion.walk(truth, 3)[-1]
    assert at(FIGURE, "apart", **state) == pytest.approx(np.hypot(*gone), abs=0.06)
    assert at(FIGURE, "answered", **state) == (plan[-1] == truth[-1])


def test_a_way_rests_at_its_end():
    places = way(np.array([1, 1, 5]))
    np.testing.assert_allclose(places[9:], np.broadcast_to(places[9], places[9:].shape))
    np.testing.assert_allclose(places[1], motion.walk([1], 3)[1] / 3, atol=1e-12)
    marks = mirrored(np.array([1, 3, 5]))
    assert (np.abs(marks) < 10).all(axis=1).sum() == 2


def test_networks_that_do_not_read_show_no_thoughts(show):
    shown = show("#thinking?network=answer-only&m=5&n=3000", html=thinking().html())
    page = shown.page
    expect(page.get_by_role("slider", name="Thoughts replaced")).to_have_count(0)
    assert "writes no thoughts" in page.locator(".panel.plane").first.inner_text()
    page.get_by_role("radio", name="thinks", exact=True).check(force=True)
    expect(page.get_by_role("slider", name="Thoughts replaced")).to_be_visible()
    assert "After a wrong thought" in shown.reading
    assert shown.complaints == []


@pytest.mark.parametrize("m", [2, 5])
def test_steps_that_were_met(m):
    rows = motion.draw_instructions(20, m, ORDER, seed=4)
    found = np.zeros((ORDER, ORDER))
    for row in rows:
        pose = row[0]
        for command in row[1:]:
            found[pose, command] = 1
            pose = TABLE[pose, command]
    np.testing.assert_array_equal(met(rows), found)
    shown = [at(STEPS, "count", m=m, n=n) for n in STEPS.by_name["n"].values]
    assert (np.diff(shown) >= 0).all() and shown[-1] == ORDER**2
    share = at(STEPS, "steps", m=m, n=30)
    assert share == pytest.approx(1 - motion.unseen_steps(30, m, ORDER) / 36, abs=1e-4)
