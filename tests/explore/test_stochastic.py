"""The figure of the chapter on stochastic convex optimisation, learner by learner."""

import numpy as np
import pytest

from implicitbias import learning
from implicitbias.explore import Figure, stochastic
from implicitbias.explore.stochastic import (
    DESCENT,
    ERM,
    PASS,
    REGULARIZED,
    STEP_SIZE,
    TILT,
    penalty,
    shown_coordinates,
)

SAMPLES, FEATURES, STEPS = (3, 5), (32, 64), (10, 1000)


@pytest.fixture(scope="module")
def figure() -> Figure:
    return stochastic(samples=SAMPLES, features=FEATURES, steps=STEPS, seed=2).figure


def problem(n, d):
    whole = learning.masked_mean(max(SAMPLES), max(FEATURES), tilt=TILT, seed=2)
    return whole._replace(masks=whole.masks[:n, :d])


def plain_pass(masks, x, tilt):
    w, total = np.zeros(len(x)), 0.0
    for mask in masks:
        total = total + w
        w = w - STEP_SIZE * (mask * (w - x) - tilt)
    return total / len(masks)


@pytest.mark.parametrize("n", SAMPLES)
@pytest.mark.parametrize("d", FEATURES)
def test_weights_and_risks_are_those_of_the_learners(figure, n, d):
    part = problem(n, d)
    masks, size = np.asarray(part.masks), np.sqrt(d)
    order = shown_coordinates(part.seen)
    found = {
        ERM: learning.masked_erm(part),
        PASS: plain_pass(masks, np.full(d, 0.5 / size), TILT / size),
        REGULARIZED: learning.masked_erm(part, penalty(n)),
    }
    for method, w in found.items():
        at = figure.complete({"method": method, "samples": n, "features": d})
        np.testing.assert_allclose(figure.at("weights", at), np.asarray(w)[order], atol=1e-12)
        np.testing.assert_allclose(figure.at("risk", at), part.excess_risk(w), rtol=1e-10)
    for steps in STEPS:
        w = learning.masked_descent(part, steps)
        at = figure.complete({"method": DESCENT, "samples": n, "features": d, "steps": steps})
        np.testing.assert_allclose(figure.at("weights", at), np.asarray(w)[order], atol=1e-12)
        np.testing.assert_allclose(figure.at("descent", at), figure.at("risk", at))


def test_the_picture_shows_what_is_seen(figure):
    at = figure.complete({"samples": 3, "features": 64})
    part = problem(3, 64)
    picture = figure.at("masks", at)[0]
    never = int((part.seen == 0).sum())
    assert figure.at("never", at) == never > 0
    assert (picture[:3, :never] == -1).all() and (picture[3:] == 0).all()
    order = shown_coordinates(part.seen)
    assert len(set(order)) == 32 and (np.diff(part.seen[order]) >= 0).all()
    np.testing.assert_array_equal(picture[:3, never:], np.asarray(part.masks)[:, order[never:]])


def test_presets_tell_the_story():
    figure = stochastic().figure

    def number(array, state):
        found = figure.at(array, figure.complete(state))
        assert found is not None
        return float(found)

    risk = {preset.label: number("risk", preset.state) for preset in figure.presets}
    zero = number("idle", {})
    assert risk["All is seen"] < 1e-5
    assert risk["Descent, in time"] < risk["One pass"] / 10 < zero / 20
    assert risk["Fits, and fails"] > 2 * zero
    assert risk["Descent, too long"] == pytest.approx(risk["Fits, and fails"])
