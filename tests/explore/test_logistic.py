"""The figures of logistic loss against the library, a closed form, and training itself."""

import numpy as np
import pytest
from scipy.optimize import brentq

import implicitbias as ib
from implicitbias.explore import logistic, logistic_one_sample
from implicitbias.explore.logistic_one_sample import DIGITS, SCALES

PROBLEM = ib.sparse_classification(6, 4, (1.0, 0.4), seed=101)
ONE = logistic_one_sample().figure


@pytest.fixture(scope="module")
def figure():
    made = logistic({"a": PROBLEM}, scales=(0.1, 1.0, 10.0), digits=(2.0, 5.0, 20.0, 60.0, 400.0))
    return made.figure


def at(figure, name, scale, depth, digits):
    found = figure.at(name, {"data": "a", "scale": scale, "depth": depth, "digits": digits})
    assert found is not None
    return found


@pytest.mark.parametrize("scale", SCALES[::4])
@pytest.mark.parametrize("digits", DIGITS[::4])
def test_one_sample_is_where_the_closed_form_says(scale, digits):
    def misfit(kappa):
        margin = 2 * scale**2 * (np.sinh(kappa) + np.sinh(kappa / 2) / 2)
        return margin / (digits * np.log(10)) - 1

    kappa = brentq(misfit, 1e-9, 40, xtol=1e-14)
    state = {"scale": float(scale), "digits": float(digits)}
    assert ONE.at("percent", state) == pytest.approx(50 / np.cosh(kappa / 2), rel=1e-8)
    level, end = ONE.at("level", state), ONE.at("end", state)
    assert level is not None and end is not None
    # Nothing inside the level set has margin 1, and the weights are on its border.
    assert (level @ [1, 0.5]).max() <= 1 + 1e-9
    assert end[0] @ [1, 0.5] == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(("scale", "depth"), [(0.1, 2), (1.0, 3)])
def test_the_map_shows_the_flow_and_the_separator_between(figure, scale, depth):
    path = ib.margin_flow(
        ib.DiagonalNetwork(depth, scale), PROBLEM.X, PROBLEM.y, [20.0 * np.log(10)]
    )
    margin = float((PROBLEM.y * (path.weights[0] @ PROBLEM.X.T)).min())
    w = path.weights[0] / margin
    shown = at(figure, "weights", scale, depth, 20.0)
    np.testing.assert_allclose(shown, w / np.abs(w).sum(), atol=1e-6)
    mu = float(at(figure, "mu", scale, depth, 20.0))
    assert mu == pytest.approx(margin / scale**depth, rel=1e-6)
    between = ib.separator(PROBLEM.X, PROBLEM.y, ib.DiagonalPotential(depth, mu ** (-1 / depth)))
    shown = at(figure, "between", scale, depth, 20.0)
    np.testing.assert_allclose(shown * np.abs(between.weights).sum(), between.weights, atol=1e-7)
    gap = np.abs(w - between.weights).max()
    assert at(figure, "to_between", scale, depth, 20.0) == pytest.approx(gap, abs=1e-6)
    least = np.abs(ib.max_margin(PROBLEM.X, PROBLEM.y, 1)).sum()
    excess = 100 * (np.abs(w).sum() / least - 1)
    assert at(figure, "excess", scale, depth, 20.0) == pytest.approx(excess, abs=0.026)


def test_the_time_is_that_of_training(figure):
    """To a factor of two: the picture says a power of ten."""
    digits = 5.0
    when = 10 ** float(at(figure, "log_time", 1.0, 2, digits))  # to one decimal
    path = ib.gradient_flow(
        ib.DiagonalNetwork(2, 1.0),
        PROBLEM.X,
        PROBLEM.y,
        [when / 2, 2 * when],
        loss="exponential",
    )
    assert path.losses[0] > 10**-digits > path.losses[1]


def test_guides_are_where_mu_says(figure):
    state = {"data": "a", "scale": 10.0, "depth": 3, "digits": 20.0}
    assert figure.at("one", state) == pytest.approx(1000 / np.log(10))


def test_patience_runs_out(figure):
    found = [int(at(figure, "patience", 0.1, 2, digits)) for digits in (5.0, 20.0, 60.0)]
    assert found == [0, 1, 2]
    assert figure.at("beyond", {"digits": 400.0}) == 1
