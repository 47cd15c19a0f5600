"""The figures of matrices against a closed form, the data, and a run of its own."""

import numpy as np
import pytest
from scipy.optimize import brentq

from implicitbias.explore import matrices, one_measurement
from implicitbias.explore.one_measurement import SCALES
from implicitbias.matrices import matrix_flow, minimum_nuclear_norm
from implicitbias.parametrizations import DeepFactorization
from implicitbias.problems import matrix_completion

from ..shown import at

ONE = one_measurement().figure


@pytest.mark.parametrize("scale", SCALES[::8])
def test_one_measurement_ends_where_the_closed_form_says(scale):
    A = np.array([[0.75, 0.25], [0.25, 0.75]])

    def end(kappa):
        values, vectors = np.linalg.eigh(kappa * A)
        return 2 * scale**2 * (vectors * np.sinh(values)) @ vectors.T

    kappa = brentq(lambda kappa: (A * end(kappa)).sum() - 1, 0, 40, xtol=1e-14)
    found = ONE.at("pictures", {"scale": float(scale)})
    assert found is not None
    np.testing.assert_allclose(found, [A, end(kappa)], atol=1e-9)


@pytest.fixture(scope="module")
def figure():
    return matrices().figure


@pytest.mark.parametrize("depth", [2, 3, 4])
@pytest.mark.parametrize("scale", [1e-4, 1e-1])
def test_completions_are_paths_of_the_flow(figure, depth, scale):
    """At three moments, each on a run of its own with a stricter solver."""
    problem = matrix_completion(6, 2, 24, seed=12)
    moments = figure.by_name["time"].values[5::9]
    shown = [at(figure, "pictures", depth=depth, scale=scale, time=m)[2] for m in moments]
    times = [float(at(figure, "times", depth=depth, scale=scale, time=m)) for m in moments]
    flow = matrix_flow(
        DeepFactorization(depth, scale ** (1 / depth)), *list(problem)[:2], times, tolerance=1e-9
    )
    np.testing.assert_allclose(shown, flow.matrices, atol=0.02)  # half a step of what is stored


def test_what_is_compared_with_is_right(figure):
    problem = matrix_completion(6, 2, 24, seed=12)
    A, y, truth = map(np.asarray, problem)
    pictures = at(figure, "pictures", depth=2, scale=10.0, time=100.0)
    np.testing.assert_array_equal(pictures[0], truth)
    np.testing.assert_array_equal((A * pictures[1]).sum((1, 2)), y)
    assert np.count_nonzero(pictures[1]) == 24
    np.testing.assert_allclose(pictures[3], minimum_nuclear_norm(A, y), atol=1e-12)
    # From the largest start the end is that of least Frobenius norm: hidden entries stay zero.
    np.testing.assert_allclose(pictures[2], pictures[1], atol=2e-3)
    values = at(figure, "values", depth=3, scale=1e-6, time=100.0)
    assert (values > 0.01).sum() == 2
    assert at(figure, "error", depth=3, scale=1e-6) < 0.01 < 0.9 < at(figure, "least_error")
