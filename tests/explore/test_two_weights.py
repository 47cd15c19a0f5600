"""The figure of two weights against the chapter's closed form, solved by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from implicitbias.explore import two_weights
from implicitbias.explore.two_weights import DEPTHS, SCALES
from implicitbias.potentials import DiagonalPotential

FIGURE = two_weights().figure


def test_the_scale_is_the_axis_of_the_chapter_s_figure(figure):
    here, there = FIGURE.by_name["scale"], figure.by_name["scale"]
    own = {"values": there.values, "start": there.start}
    assert replace(here, **own) == there


def at(name: str, scale: float, depth: int) -> np.ndarray:
    found = FIGURE.at(name, {"scale": float(scale), "depth": depth})
    assert found is not None
    return found


@pytest.mark.parametrize("scale", SCALES[::8])
def test_it_ends_where_the_closed_form_says(scale):
    def misfit(kappa):
        return 2 * scale**2 * (np.sinh(kappa) + np.sinh(kappa / 2) / 2) - 1

    kappa = brentq(misfit, 0, 40, xtol=1e-14)
    expected = 2 * scale**2 * np.sinh(kappa * np.array([1, 0.5]))
    np.testing.assert_allclose(at("end", scale, 2)[0], expected, atol=1e-9)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("scale", SCALES[8::8])
def test_the_path_is_straight_in_the_dual_and_the_level_set_touches(scale, depth):
    potential = DiagonalPotential(depth, scale)
    path, level = at("path", scale, depth), at("level", scale, depth)
    duals = np.array([potential.to_dual(w) for w in path[1:]])
    np.testing.assert_allclose(duals[:, 1], duals[:, 0] / 2, atol=1e-9)
    np.testing.assert_allclose(path[-1], at("end", scale, depth)[0], atol=1e-9)
    # Nothing on the level set is beyond the line, and the end is on both.
    assert (level @ [1, 0.5]).max() <= 1 + 1e-9
    values = np.array([potential.value(w) for w in level])
    np.testing.assert_allclose(values, potential.value(path[-1]), rtol=1e-9)
