"""The two figures of the chapter on metric tensors, against the library and their own arrays."""

import importlib

import numpy as np
import pytest

from implicitbias.explore import metric_tensors, two_spaces
from implicitbias.explore.two_spaces import CLOCK
from implicitbias.flows import gradient_flow
from implicitbias.metrics import inverse_metric
from implicitbias.parametrizations import DiagonalNetwork


def over_time(figure, name, scale):
    found = figure.over_time(name, figure.complete({"scale": scale}))
    assert found is not None
    return found


def test_two_spaces_are_those_of_a_diagonal_network():
    figure = two_spaces().figure
    for scale in (figure.by_name["scale"].values[0], 1.0, 10.0):
        # alpha (u^2 - v^2) from 1 is u^2 - v^2 from sqrt(alpha), alpha times faster.
        network = DiagonalNetwork(2, np.sqrt(scale))
        path = gradient_flow(network, [[1.0, 0.5]], [1.0], CLOCK / scale, tolerance=1e-9)
        np.testing.assert_allclose(over_time(figure, "weights", scale), path.weights, atol=1e-6)
        parameters = np.stack(network.parameters(path.weights), -1) / np.sqrt(scale)
        np.testing.assert_allclose(over_time(figure, "parameters", scale), parameters, atol=1e-6)
        last = tuple(part[-1] for part in network.parameters(path.weights))
        metric = np.diag(inverse_metric(network.features, last)) / scale
        ellipse = over_time(figure, "metric", scale)[-1, 1]
        np.testing.assert_allclose(ellipse[[2, 4]], 1 / metric, rtol=1e-6)


@pytest.fixture(scope="module")
def figure():
    module = importlib.import_module("implicitbias.explore.metric_tensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SCALES", np.array([1.0, 100.0]))
        return metric_tensors().figure


def test_the_ellipse_is_the_kernel_of_the_two_samples(figure):
    kernels = over_time(figure, "pictures", 1.0)[:, 1]  # over the largest entry
    ellipses = over_time(figure, "metric", 1.0)[:, 1]
    for kernel, (x, y, g11, g12, g22) in zip(kernels, ellipses, strict=True):
        shape = np.linalg.inv([[g11, g12], [g12, g22]])
        block = kernel[1:3, 1:3]
        np.testing.assert_allclose(shape / shape.max(), block / block.max(), atol=1e-6)
        assert -1.01 < x < 0.3 and -0.3 < y < 1.01


def test_training_ends_at_the_samples_and_near_the_kernel_when_lazy(figure):
    pair = over_time(figure, "pair", 100.0)
    np.testing.assert_allclose(pair[-1], [-1, 1], atol=1e-3)
    np.testing.assert_allclose(
        over_time(figure, "function", 100.0), over_time(figure, "linear", 100.0), atol=2e-3
    )
    assert np.abs(over_time(figure, "function", 1.0) - over_time(figure, "linear", 1.0)).max() > 0.3
