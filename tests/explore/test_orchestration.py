"""The figures of the chapter on orchestration say what the sweep holds and what a chain does."""

import numpy as np
import pytest

from implicitbias.explore import orchestration, orchestration_data as stored, orchestration_patience
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.orchestration import MOMENTS, chain
from implicitbias.studies import motion

from ..shown import at

HELD = stored.read()


@pytest.fixture(scope="module")
def explorable() -> Explorable:
    return orchestration(HELD)


@pytest.mark.parametrize(("who", "slip"), [("timer", 0.08), ("calibrated", 0.0)])
@pytest.mark.parametrize(("arm", "size"), [("2 links", 30), ("4 links", 300)])
def test_shares_are_those_of_the_sweep(explorable, who, slip, arm, size):
    state = {"orchestrator": who, "slip": slip, "arm": arm, "demonstrations": size}
    outcomes = HELD[arm, size].outcomes[
        :, stored.ORCHESTRATORS.index(who), stored.SLIPS.index(slip)
    ]
    figure = explorable.figure
    np.testing.assert_allclose(at(figure, "shares", **state), outcomes.mean(axis=0))
    for name in ("done", who):
        assert at(figure, name, **state) == pytest.approx(outcomes[:, 0].mean())
    assert at(figure, "spread", **state) == pytest.approx(outcomes[:, 0].std(ddof=1))


@pytest.mark.parametrize("who", ["progress", "calibrated", "oracle"])
def test_the_arm_that_is_played_does_what_is_said(explorable, who):
    figure, state = explorable.figure, {"orchestrator": who, "slip": 0.0, "demonstrations": 300}
    places, _ = chain()
    outcome = motion.OUTCOMES[int(at(figure, "played", **state))]
    joints = figure.over_time("joints", figure.complete(state))
    score = figure.over_time("score", figure.complete(state))
    level = at(figure, "level", **state)[0, 1]
    assert joints.shape == (MOMENTS, 5, 2)
    lengths = np.linalg.norm(np.diff(joints, axis=1), axis=2)
    np.testing.assert_allclose(lengths, np.tile([0.3, 0.3, 0.2, 0.2], (MOMENTS, 1)))
    np.testing.assert_allclose(joints[0, -1], places[0], atol=1e-6)
    switches = at(figure, "switches", **state)
    for k, (moment, seen) in enumerate(switches[switches[:, 0] >= 0]):
        assert seen > level and score[int(moment), 1] == pytest.approx(seen)
        hand = joints[int(moment), -1]
        assert np.linalg.norm(hand - places[k + 1]) < motion.NEAR
    went_on = (switches[:, 0] >= 0).sum()
    if outcome == "done":
        assert went_on == stored.CHAIN
    else:
        assert outcome == "not noticed" and went_on < stored.CHAIN
        assert (score[int(switches[:, 0].max()) + 1 :, 1] <= level).all()


def test_the_preset_of_order_fails_and_calibration_repairs_it(explorable):
    figure = explorable.figure
    bad, good = (figure.complete(dict(preset.state)) for preset in figure.presets[:2])
    assert at(figure, "done", **bad) < 0.3 and at(figure, "done", **good) > 0.6


def test_patience_is_the_closed_form():
    figure = orchestration_patience().figure
    for steps in (5, 6, 60):
        state = {"slip": 0.08, "waypoints": 5, "steps": steps}
        expected = 0.92**30 if steps >= 6 else 0.0
        assert at(figure, "waits", **state) == pytest.approx(expected)
        law = motion.arrival_law(0.08, 6, 60)[steps]
        assert at(figure, "looks", **state) == pytest.approx(law**5)
    assert at(figure, "mean", slip=0.0) == 6
