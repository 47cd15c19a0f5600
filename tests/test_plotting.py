"""The labs' static pictures: what they draw is what the library computes, the same every time."""

import jax.numpy as jnp
import matplotlib
import numpy as np
import pytest

import implicitbias as ib
from implicitbias import plotting

matplotlib.use("Agg")
X, y = jnp.array([[1.0, 0.5]]), jnp.array([1.0])


@pytest.mark.parametrize(("depth", "scale"), [(2, 10.0), (2, 1e-2), (3, 0.3)])
def test_level_set_has_one_value_and_touches_the_solutions(depth, scale):
    potential = ib.DiagonalPotential(depth, scale)
    end = ib.interpolator(X, y, potential).weights
    curve = plotting.level_set(potential, end)
    values = np.array([potential.value(w) for w in curve[::90]])
    np.testing.assert_allclose(values, potential.value(end), rtol=1e-10)
    # The solution has the least potential: no point of the level set is beyond the line.
    assert float((curve @ X[0]).max()) <= 1.0 + 1e-9


def test_lines_carry_their_names():
    x = np.geomspace(1e-3, 1.0, 5)
    figure = plotting.lines(x, {"to sparse": x, "to l2": 1 / x}, xlabel="scale", ylabel="distance")
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["to sparse", "to l2"]
    assert axes.get_xscale() == axes.get_yscale() == "log"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((0.0, 1.0), {"a": (1.0, 1.0)}), "x must be a row of finite positive numbers"),
        (((0.5, 1.0), {"a": (1.0, np.nan)}), "a must be a row of finite positive numbers"),
        (((0.5, 1.0), {"a": (1.0, 2.0, 3.0)}), "a must have the shape of x"),
        (((0.5, 1.0), {str(k): (1.0, 2.0) for k in range(5)}), "curves must be at most 4, found 5"),
    ],
)
def test_lines_refuse_what_cannot_be_drawn(arguments, message):
    x, curves = arguments
    with pytest.raises(ValueError, match=message):
        plotting.lines(x, curves, xlabel="x", ylabel="y")
