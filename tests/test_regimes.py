import jax.numpy as jnp
import numpy as np
import pytest

from implicitbias.limits import basis_pursuit, interpolator, minimum_norm
from implicitbias.metrics import tangent_kernel
from implicitbias.parametrizations import DiagonalNetwork
from implicitbias.problems import sparse_regression
from implicitbias.regimes import (
    kernel_movement,
    limit_distances,
    log_kernel_movement,
    regime,
    relative_scale,
)

CHAPTER = "networks/scale-and-depth"
X, Y, TRUTH = sparse_regression(20, 40, 4, seed=0)
NETWORKS = {
    "depth 2": DiagonalNetwork(2, 0.1),
    "depth 2.5": DiagonalNetwork(2.5, 0.3),
    "depth 3": DiagonalNetwork(3, 0.1),
    "depth 10": DiagonalNetwork(10, 0.8),
    "unequal scales": DiagonalNetwork(3, jnp.linspace(0.1, 1.0, 40)),
    "unbalanced": DiagonalNetwork(2, 0.1, shape=0.9),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS.keys())
def test_movement_is_that_of_the_tangent_kernel(network, check):
    start = tangent_kernel(network.features, network.init(40), X)
    now = tangent_kernel(network.features, network.parameters(TRUTH), X)
    expected = jnp.linalg.norm(now - start) / jnp.linalg.norm(start)
    check(
        "The movement of the tangent kernel follows in closed form from the weights",
        CHAPTER,
        "kernels by automatic differentiation at the start and at the end, with the closed form",
        abs(kernel_movement(network, X, TRUTH) / expected - 1),
        1e-12,
    )


def test_movement_at_depth_two_by_hand():
    scale, weights = 0.5, np.array([0.7, -1.3])
    samples = np.array([[1.0, 2.0], [-1.0, 0.5], [0.0, 3.0]])
    change = samples @ np.diag(np.sqrt(weights**2 + 4 * scale**4) - 2 * scale**2) @ samples.T
    start = samples @ samples.T * 2 * scale**2
    np.testing.assert_allclose(
        kernel_movement(DiagonalNetwork(2, scale), samples, weights),
        np.linalg.norm(change) / np.linalg.norm(start),
        rtol=1e-13,
    )


@pytest.mark.parametrize("depth", [2, 3, 10])
def test_small_movement_does_not_cancel(depth):
    """With one feature it is a power series in x = w / scale^D, which begins with x^2."""
    x = 1e-9
    movement = kernel_movement(DiagonalNetwork(depth, 10.0), [[1.0]], [x * 10.0**depth])
    # cosh(a)^r cosh(r a) - 1 = r (r + 1) a^2 / 2 with r = (2D-2)/(D-2) and x = 2 D a / (D-2).
    expected = x**2 * (2 * depth - 2) * (3 * depth - 4) / (8 * depth**2)
    np.testing.assert_allclose(movement, expected, rtol=1e-13)


@pytest.mark.parametrize("depth", [2, 3, 10, 100])
def test_movement_at_tiny_scales(depth):
    """With one feature it is (w / scale^D)^((2D-2)/D) / 2, to the last digits of the logarithm."""
    found = log_kernel_movement(DiagonalNetwork(depth, 1e-60), [[1.0]], [0.7])
    expected = (2 * depth - 2) / depth * (np.log(0.7) + 60 * depth * np.log(10)) - np.log(2)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_nothing_moved_at_the_start():
    network = DiagonalNetwork(3, 0.1)
    assert kernel_movement(network, X, jnp.zeros(40)) == 0
    assert log_kernel_movement(network, X, jnp.zeros(40)) == -jnp.inf


def test_whole_paths_at_once():
    path = jnp.linspace(0, 1, 6).reshape(2, 3, 1) * TRUTH
    network = DiagonalNetwork(3, 0.1)
    movement = kernel_movement(network, X, path)
    assert movement.shape == (2, 3) and np.all(np.diff(movement.ravel()) > 0)
    np.testing.assert_allclose(movement[1, 2], kernel_movement(network, X, TRUTH), rtol=1e-14)
    assert limit_distances(X, Y, path).to_l1.shape == (2, 3)
    assert relative_scale(network, path[:, 1:]).shape == (2, 2)


def test_limit_distances():
    l2, l1 = minimum_norm(X, Y), basis_pursuit(X, Y)
    distances = limit_distances(X, Y, jnp.stack([l2, l1, TRUTH]))
    gap = np.max(np.abs(l2 - l1))
    np.testing.assert_allclose(distances.gap, gap, rtol=1e-14)
    np.testing.assert_allclose(distances.to_l2, [0, gap, gap], atol=1e-12)
    np.testing.assert_allclose(distances.to_l1, [gap, 0, 0], atol=1e-12)


@pytest.mark.parametrize("depth", [2, 3, 10])
def test_regime_goes_from_feature_learning_to_kernel_as_the_scale_grows(depth):
    found = []
    for log_amplitude in (-18.0, -1.5, 3.0):
        network = DiagonalNetwork(depth, 10 ** (log_amplitude / depth))
        end = interpolator(X, Y, network.potential()).weights
        found.append(regime(network, X, Y, end))
    assert [result.name for result in found] == ["feature learning", "between", "kernel"]
    movements = [result.log10_movement for result in found]
    assert movements[0] > 2 and movements[2] < -2 and sorted(movements)[::-1] == movements
    assert all(0 <= result.to_l1 <= 1.1 and 0 <= result.to_l2 <= 1.1 for result in found)


def test_unbalanced_layers_are_a_kernel_at_a_small_scale():
    """Azulay et al.: a shape near 1 undoes the small scale."""
    network = DiagonalNetwork(2, 0.01, shape=1 - 1e-8)
    end = interpolator(X, Y, network.potential()).weights
    assert regime(network, X, Y, end).name == "kernel"
    balanced = DiagonalNetwork(2, 0.01)
    end = interpolator(X, Y, balanced.potential()).weights
    assert regime(balanced, X, Y, end).name != "kernel"


def test_relative_scale_survives_underflow():
    found = relative_scale(DiagonalNetwork(10, 1e-60), [0.1, -1.0])
    np.testing.assert_allclose(found, -600.0, rtol=1e-14)


NETWORK = DiagonalNetwork(2, 1.0)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: limit_distances(X, Y, TRUTH[:3]), "weights must have one entry a column of X"),
        (lambda: limit_distances(X, Y[:3], TRUTH), "y must have one entry a row of X"),
        (lambda: limit_distances(X.at[0, 0].set(jnp.nan), Y, TRUTH), "X must be finite"),
        (lambda: kernel_movement(NETWORK, X, TRUTH[:3]), r"found shape \(3,\)"),
        (lambda: kernel_movement(NETWORK, X, TRUTH * jnp.inf), "weights must be finite"),
        (lambda: kernel_movement(NETWORK, X[0], TRUTH), "X must have 2 axes"),
        (lambda: kernel_movement(DiagonalNetwork(2, [1.0, 2.0]), X, TRUTH), "w must have the 2"),
        (lambda: relative_scale(NETWORK, jnp.zeros(3)), "weights must not be all zero"),
        (lambda: regime(NETWORK, X, Y, TRUTH, tolerance=0.5), "tolerance must lie .* found 0.5"),
        (lambda: regime(NETWORK, X, Y, TRUTH[None]), "weights must have 1 axes"),
        (
            lambda: regime(NETWORK, [[1.0, 0.0]], [2.0], [2.0, 0.0]),
            "X and y must have different min-l2 and min-l1 interpolators",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
