import jax
import jax.numpy as jnp
import numpy as np
import pytest

from implicitbias.metrics import (
    hessian_asymmetry,
    inverse_metric,
    is_hessian_metric,
    metric_tensor,
    tangent_kernel,
)
from implicitbias.parametrizations import (
    DiagonalNetwork,
    MatrixNetwork,
    Neuron,
    SymmetricFactorization,
)
from implicitbias.potentials import Entropy, Hypentropy, PNorm

CHAPTER = "networks/scale-and-depth"
WEIGHTS = jnp.array([0.7, -1.3, 0.02])
DEPTHS = [2, 2.5, 3, 4, 10]


def metric_of(model):
    return lambda w: metric_tensor(model.features, model.parameters(w))


@pytest.mark.parametrize("depth", DEPTHS)
def test_diagonal_network_in_closed_form(depth, check):
    network = DiagonalNetwork(depth, 0.4)
    u, v = params = network.parameters(WEIGHTS)
    expected = depth**2 * (u ** (2 * depth - 2) + v ** (2 * depth - 2))
    found = inverse_metric(network.features, params)
    assert np.count_nonzero(found - np.diag(np.diag(found))) == 0
    check(
        "The inverse metric of a diagonal network is diagonal, D^2 (u^(2D-2) + v^(2D-2))",
        CHAPTER,
        "J J^T by automatic differentiation, with the formula",
        np.max(np.abs(np.diag(found) / expected - 1)),
        1e-13,
    )


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("scale", [1e-3, 0.4, 3.0])
def test_hessian_of_the_potential_is_rate_times_metric(depth, scale, check):
    network = DiagonalNetwork(depth, scale)
    hessian = np.diag(network.potential().hessian(WEIGHTS))
    metric = np.diag(metric_of(network)(WEIGHTS))
    check(
        "The Hessian of Q is c times the metric tensor of the network",
        CHAPTER,
        "closed form of the Hessian, with (J J^T)^-1 by automatic differentiation",
        np.max(np.abs(hessian / (network.rate * metric) - 1)),
        1e-12,
    )


def test_hessian_is_rate_times_metric_with_unequal_scales_and_layers():
    for network in (
        DiagonalNetwork(3, [0.1, 0.5, 2.0]),
        DiagonalNetwork(2, [0.1, 0.5, 2.0]),
        DiagonalNetwork(2, 0.1, shape=[0.0, 0.5, -0.9]),
    ):
        hessian, metric = network.potential().hessian(WEIGHTS), metric_of(network)(WEIGHTS)
        np.testing.assert_allclose(np.diag(hessian), network.rate * np.diag(metric), rtol=1e-12)


@pytest.mark.parametrize("depth", DEPTHS)
def test_tangent_kernel_at_the_start(depth, check):
    X = jnp.asarray(np.random.default_rng(0).standard_normal((4, 6)))
    network = DiagonalNetwork(depth, 0.3)
    found = tangent_kernel(network.features, network.init(6), X)
    expected = 2 * depth**2 * 0.3 ** (2 * depth - 2) * X @ X.T
    check(
        "The tangent kernel at the start is 2 D^2 alpha^(2D-2) <x, x'>",
        CHAPTER,
        "X J J^T X^T by automatic differentiation, with the formula",
        jnp.max(jnp.abs(found - expected)) / jnp.max(jnp.abs(expected)),
        1e-13,
    )


def test_tangent_kernel_is_the_metric_seen_through_the_samples():
    X = jnp.asarray(np.random.default_rng(0).standard_normal((4, 3)))
    neuron = Neuron(0.5, 0.3)
    params = neuron.parameters(WEIGHTS)
    np.testing.assert_allclose(
        tangent_kernel(neuron.features, params, X),
        X @ inverse_metric(neuron.features, params) @ X.T,
        rtol=1e-13,
    )


def test_metric_at_extreme_scales():
    """The two entries differ by 1e-120, and neither is rounded away."""
    network = DiagonalNetwork(2, 1e-60)
    metric = metric_of(network)(jnp.array([1.0, 0.0]))
    np.testing.assert_allclose(np.diag(metric), [0.25, 1 / 8e-120], rtol=1e-12)


@pytest.mark.parametrize("shape", [0.0, 0.6, -0.6])
def test_neuron_in_closed_form(shape):
    neuron = Neuron(0.5, shape)
    a, v = params = neuron.parameters(WEIGHTS)
    np.testing.assert_allclose(
        inverse_metric(neuron.features, params), a**2 * np.eye(3) + np.outer(v, v), rtol=1e-13
    )
    if shape == 0:  # |w| (I + w w^T / |w|^2)
        norm = np.linalg.norm(WEIGHTS)
        expected = norm * np.eye(3) + np.outer(WEIGHTS, WEIGHTS) / norm
        np.testing.assert_allclose(inverse_metric(neuron.features, params), expected, rtol=1e-13)


@pytest.mark.parametrize("shape", [0.0, 0.6])
def test_neuron_is_no_mirror_flow_until_time_is_warped(shape):
    neuron = Neuron(0.5, shape)

    def warped(w):
        return neuron.parameters(w)[0] * metric_of(neuron)(w)

    assert hessian_asymmetry(metric_of(neuron), WEIGHTS) > 0.1
    assert not is_hessian_metric(metric_of(neuron), WEIGHTS)
    assert is_hessian_metric(warped, WEIGHTS, tolerance=1e-12)


@pytest.mark.parametrize(
    "network",
    [DiagonalNetwork(2, 0.3), DiagonalNetwork(3.5, 0.3), DiagonalNetwork(2, 0.1, shape=0.5)],
    ids=["depth 2", "depth 3.5", "unbalanced"],
)
def test_metric_of_a_diagonal_network_is_a_hessian(network):
    assert is_hessian_metric(metric_of(network), WEIGHTS)


@pytest.mark.parametrize("potential", [Hypentropy(0.5), PNorm(1.5), PNorm(3.0), Entropy()])
def test_hessians_are_hessian_metrics(potential):
    assert hessian_asymmetry(potential.hessian, jnp.abs(WEIGHTS)) <= 1e-12


def test_constant_metric_is_a_hessian():
    assert hessian_asymmetry(lambda w: jnp.eye(2), jnp.ones(2)) == 0


def test_rotated_diagonal_metric_is_not_a_hessian():
    def metric(w):
        angle = w[0]
        rotation = jnp.array([[jnp.cos(angle), -jnp.sin(angle)], [jnp.sin(angle), jnp.cos(angle)]])
        return rotation @ jnp.diag(jnp.array([1.0, 2.0])) @ rotation.T

    assert not is_hessian_metric(metric, jnp.array([0.3, 0.1]))


def test_matrices_are_flattened():
    model = MatrixNetwork(width=3, scale=1.0)
    U, V = params = model.init(2)
    expected = np.kron(np.eye(2), V @ V.T) + np.kron(U @ U.T, np.eye(2))
    np.testing.assert_allclose(inverse_metric(model.features, params), expected, rtol=1e-13)


def test_parameters_may_be_nested():
    def features(params):
        return params["a"] * params["b"][0]

    metric = inverse_metric(features, {"a": 2.0, "b": [jnp.array([1.0, 3.0])]})
    np.testing.assert_allclose(metric, 4 * np.eye(2) + np.outer([1, 3], [1, 3]), rtol=1e-15)


def test_metric_may_be_compiled():
    network = DiagonalNetwork(3, 0.4)
    found = jax.jit(lambda w: metric_of(network)(w))(WEIGHTS)
    np.testing.assert_allclose(found, metric_of(network)(WEIGHTS), rtol=1e-14)


NETWORK = DiagonalNetwork(2, 1.0)
SYMMETRIC = SymmetricFactorization(1.0)


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: metric_tensor(NETWORK.features, (jnp.zeros(2), jnp.zeros(2))),
            "params must be a point where features can move in every direction",
        ),
        (
            # Symmetric matrices: 3 directions, seen as 4 entries.
            lambda: metric_tensor(SYMMETRIC.features, SYMMETRIC.init(2)),
            "params must be a point where features can move in every direction",
        ),
        (
            lambda: inverse_metric(NETWORK.features, (jnp.array([jnp.nan]), jnp.ones(1))),
            "params must be finite, found nan",
        ),
        (
            lambda: inverse_metric(NETWORK.features, (np.ones(1, np.float32), np.ones(1))),
            "params must be float64",
        ),
        (
            lambda: tangent_kernel(NETWORK.features, NETWORK.init(2), jnp.ones((3, 5))),
            r"X must have one column a feature: 2 features, found shape \(3, 5\)",
        ),
        (
            lambda: tangent_kernel(NETWORK.features, NETWORK.init(2), jnp.ones(2)),
            "X must have 2 axes",
        ),
        (lambda: is_hessian_metric(lambda w: w, jnp.ones(2)), r"metric must give .* \(2, 2\)"),
        (
            lambda: is_hessian_metric(lambda w: jnp.array([[1.0, w[0]], [0.0, 1.0]]), jnp.ones(2)),
            "metric must be symmetric",
        ),
        (
            lambda: is_hessian_metric(lambda w: jnp.diag(jnp.sqrt(w)), jnp.zeros(2)),
            "metric must be differentiable at w",
        ),
        (
            lambda: is_hessian_metric(lambda w: jnp.eye(2), jnp.ones(2), tolerance=0.0),
            "tolerance must be positive",
        ),
        (lambda: is_hessian_metric(lambda w: jnp.eye(2), jnp.array([1.0, jnp.inf])), "w must be"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
