"""The two figures of the chapter on algorithms: what touches, and what is nearest at the ends."""

import numpy as np

import implicitbias as ib
from implicitbias.explore import adam_one_sample, algorithms
from implicitbias.explore.algorithms import DIGITS, EPSILONS, NORMS, SAMPLES

from ..shown import at, value

FIGURE = algorithms().figure
LABELS = np.ones(len(SAMPLES))


def test_balls_touch_the_track_and_the_hull():
    track, hull = at(FIGURE, "track"), at(FIGURE, "hull")
    np.testing.assert_allclose((track @ SAMPLES.T).min(axis=1), 1, rtol=1e-9)
    for (name, norm), dual in zip(NORMS.items(), (np.inf, 2, 1), strict=True):
        w = ib.max_margin(SAMPLES, LABELS, norm)
        length, radius = np.linalg.norm(w, norm), 1 / np.linalg.norm(w, norm)
        np.testing.assert_allclose(np.linalg.norm(at(FIGURE, f"{name}_ball"), norm, axis=1), length)
        np.testing.assert_allclose(
            np.linalg.norm(at(FIGURE, f"{name}_dual_ball"), dual, axis=1), radius
        )
        assert np.linalg.norm(track, norm, axis=1).min() > length - 1e-6
        edges = np.concatenate(np.linspace(hull[:-1], hull[1:], 500))
        nearest = np.linalg.norm(edges, dual, axis=1).min()
        assert 0 <= nearest * length - 1 < 1e-3


def test_each_ends_at_its_own_separator():
    for name, norm in NORMS.items():
        w = np.asarray(ib.max_margin(SAMPLES, LABELS, norm))
        np.testing.assert_allclose(at(FIGURE, f"{name}_now", digits=DIGITS[-1])[0], w, atol=2e-3)


def test_adam_is_between_sign_descent_and_gradient_descent():
    for eps, other, phase, accuracies in (
        (EPSILONS[0], "sign", 0, (1.0, 10.0)),
        (EPSILONS[-1], "second", 2, (10.0, 100.0)),
    ):
        for digits in accuracies:
            gap = at(FIGURE, "adam_now", digits=digits, eps=eps) - at(
                FIGURE, f"{other}_now", digits=digits
            )
            assert np.abs(gap).max() < 0.03
            assert at(FIGURE, "phase", digits=digits, eps=eps) == phase
    misses = [float(at(FIGURE, "adam_missing_inf", digits=30.0, eps=eps)) for eps in EPSILONS]
    assert (np.diff(misses) > -1e-6).all()


def test_one_sample_turns_from_one_to_one_half():
    figure = adam_one_sample().figure
    for eps in EPSILONS:
        ratio = [
            value(figure, "ratio", eps=eps, digits=digits)
            for digits in figure.by_name["digits"].values
        ]
        assert (np.diff(ratio) <= 1e-6).all() and 0.5 <= min(ratio) < 0.51
        assert eps > 1e-3 or ratio[0] > 0.99
