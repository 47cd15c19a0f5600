"""Discrete descents: closed forms, order in the step, where they end, and what they refuse."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

import implicitbias as ib

from .problems import gaussian

HERE = "geometry/geometry-lab"

X1, Y1 = np.array([[1.0, 2.0]]), np.array([2.0])
START = np.array([0.6, 0.1])
POTENTIALS = [
    ib.Euclidean(),
    ib.Entropy(),
    ib.Burg(),
    ib.Hypentropy(0.1),
    ib.PNorm(1.5),
    ib.PNorm(3.0),
    ib.DiagonalPotential(3, 0.3),
]
NAMES = ["Euclidean", "entropy", "Burg", "hypentropy", "p = 1.5", "p = 3", "depth 3"]


def square(X, y):
    """The gradient of the square loss; its data are leaves, so that programs are shared."""
    return Partial(lambda X, y, w: X.T @ (X @ w - y), jnp.asarray(X), jnp.asarray(y))


def sparse(network):
    """A problem, and the network's flow in time 0.5: the loss has not converged."""
    X, y = gaussian(4, 9, seed=3)
    return X, y, np.asarray(ib.gradient_flow(network, X, y, [0.5], tolerance=1e-11).weights[-1])


def test_on_the_euclidean_potential_all_three_are_gradient_descent():
    expected = 3.0 + (1.0 - 3.0) * 0.8 ** np.arange(21)[:, None]

    def gradient(w):
        return w - 3.0

    for path in (
        ib.mirror_descent(ib.Euclidean(), gradient, [1.0], 0.2, 20),
        ib.natural_gradient_descent(ib.Euclidean().hessian, gradient, [1.0], 0.2, 20),
        ib.gradient_descent(lambda u: u, gradient, jnp.array([1.0]), 0.2, 20),
    ):
        np.testing.assert_allclose(path, expected, rtol=1e-13)


def test_mirror_descent_on_the_entropy_is_exponentiated_gradient():
    X, y = gaussian(3, 5, seed=0)
    sizes = np.linspace(0.05, 0.01, 30)
    w, expected = np.full(5, 0.5), [np.full(5, 0.5)]
    for size in sizes:
        w = w * np.exp(-size * X.T @ (X @ w - y))
        expected.append(w)
    path = ib.mirror_descent(ib.Entropy(), square(X, y), np.full(5, 0.5), sizes, 30)
    np.testing.assert_allclose(path, expected, rtol=1e-12)


def test_natural_gradient_is_the_steepest_step_of_the_metric():
    # The first step, by another road: w - w0 minimises <g, v> + v' rho v / (2 eta).
    potential, size = ib.PNorm(3.0), 0.3
    path = ib.natural_gradient_descent(potential.hessian, square(X1, Y1), START, size, 1)
    g, v = X1[0] * (X1[0] @ START - Y1[0]), np.asarray(path[1] - START)
    np.testing.assert_allclose(potential.hessian(START) @ v, -size * g, rtol=1e-12)


def test_gradient_descent_on_a_deep_network():
    X, y = gaussian(3, 5, seed=1)
    u = v = np.full(5, 0.6)
    expected = [u**3 - v**3]
    for _ in range(25):
        g = X.T @ (X @ (u**3 - v**3) - y)
        u, v = u - 0.003 * 3 * u**2 * g, v + 0.003 * 3 * v**2 * g
        expected.append(u**3 - v**3)
    network = ib.DiagonalNetwork(3, 0.6)
    path = ib.gradient_descent(network.features, square(X, y), network.init(5), 0.003, 25)
    np.testing.assert_allclose(path, expected, atol=1e-13)


def test_matrix_predictors_are_flattened():
    model = ib.SymmetricFactorization(scale=1.0)
    path = ib.gradient_descent(
        model.features, lambda w: w - jnp.array([1.0, 0, 0, -1]), model.init(2), 0.05, 300
    )
    np.testing.assert_allclose(path[-1], [1, 0, 0, -1], atol=1e-9)


@pytest.mark.parametrize("potential", POTENTIALS, ids=NAMES)
def test_mirror_descent_ends_on_the_bregman_projection(check, potential):
    end = ib.interpolator(X1, Y1, potential, start=START).weights
    curvature = (X1 @ jnp.linalg.solve(potential.hessian(end), X1.T)).item()
    worst = 0.0
    rng = np.random.default_rng(0)
    for sizes in (0.1, 0.9, rng.uniform(0.05, 1.2, 400)):
        path = ib.mirror_descent(
            potential, square(X1, Y1), START, np.asarray(sizes) / curvature, 400
        )
        worst = max(worst, np.abs(path[-1] - end).max())
    check(
        "Mirror descent ends on the Bregman projection of the start, whatever the steps",
        HERE,
        "largest entry of the difference to the solver of limits, 7 potentials; steps small, "
        "large, and random",
        worst,
        1e-8,
    )


@pytest.mark.parametrize("depth", [2, 3])
def test_all_three_follow_the_flow_to_first_order(check, depth):
    network = ib.DiagonalNetwork(depth, 0.5)
    X, y, flow = sparse(network)
    potential, rate, gradient = network.potential(), float(network.rate), square(X, y)
    start, steps = np.zeros(9), np.array([200, 400])

    def mirror(n):
        return ib.mirror_descent(potential, gradient, start, rate * 0.5 / n, n)

    def natural(n):
        return ib.natural_gradient_descent(potential.hessian, gradient, start, rate * 0.5 / n, n)

    def parameters(n):
        return ib.gradient_descent(network.features, gradient, network.init(9), 0.5 / n, n)

    for method in (mirror, natural, parameters):
        coarse, fine = (np.abs(np.asarray(method(n))[-1] - flow).max() for n in steps)
        assert coarse > 1e-5  # there is something to measure
        check(
            "Mirror, natural and parameter-space descent follow gradient flow to first order",
            HERE,
            "ratio of the errors at a fixed time when the step is halved, less 2",
            abs(coarse / fine - 2),
            0.05,
        )
    gaps = [np.abs(np.asarray(mirror(n) - natural(n))).max() for n in steps]
    check(
        "Natural gradient and mirror descent differ by the order of the step",
        HERE,
        "ratio of their largest distance when the step is halved, less 2",
        abs(gaps[0] / gaps[1] - 2),
        0.05,
    )


def test_where_natural_gradient_ends_depends_on_the_step(check):
    potential = ib.Entropy()
    end = np.asarray(ib.interpolator(X1, Y1, potential, start=START).weights)
    off = []
    for size in (0.2, 0.1, 0.05, 0.025):
        path = ib.natural_gradient_descent(potential.hessian, square(X1, Y1), START, size, 4000)
        assert abs(X1 @ path[-1] - Y1).item() < 1e-12
        off.append(np.abs(np.asarray(path[-1]) - end).max())
    assert off[0] > 5e-3  # not the Bregman projection
    check(
        "Natural gradient descent ends off the Bregman projection by the order of the step",
        HERE,
        "ratio of the distances of the end points when the step is halved, less 2",
        abs(off[2] / off[3] - 2),
        0.1,
    )


def test_a_commuting_parametrisation_descends_like_its_potential(check):
    # w = u^2 / 4 has the metric 1 / w of the entropy, w = (u^2 - v^2) / 4 that of the hypentropy.
    beta = 0.2
    total = 2 * np.hypot(START, beta)  # (u^2 + v^2) / 2, with u v = 2 beta
    signed = (np.sqrt(total + 2 * START), np.sqrt(total - 2 * START))
    for potential, features, params in (
        (ib.Entropy(), lambda u: u**2 / 4, 2 * np.sqrt(START)),
        (ib.Hypentropy(beta), lambda p: (p[0] ** 2 - p[1] ** 2) / 4, signed),
    ):
        np.testing.assert_allclose(features(params), START, rtol=1e-14)
        np.testing.assert_allclose(
            ib.metric_tensor(features, params), potential.hessian(START), atol=1e-12
        )
        end = np.asarray(ib.interpolator(X1, Y1, potential, start=START).weights)
        off = [
            np.abs(
                np.asarray(ib.gradient_descent(features, square(X1, Y1), params, size, n))[-1] - end
            ).max()
            for size, n in ((0.02, 2000), (0.01, 4000))
        ]
        check(
            "Gradient descent on w = u²/4 and w = (u² − v²)/4 ends at the projection of the "
            "entropy and of the hypentropy, but for the order of the step",
            HERE,
            "ratio of the distances of the end points when the step is halved, less 2",
            abs(off[0] / off[1] - 2),
            0.1,
        )


def test_a_dual_variable_out_of_the_domain_is_refused():
    with pytest.raises(ib.Diverged, match="iterate 3 of 10 lies outside the domain of Burg") as hit:
        ib.mirror_descent(ib.Burg(), lambda w: -jnp.ones_like(w), [1.0], 0.4, 10)
    # z = -1, -0.6, -0.2, and then 0.2, which is no dual variable.
    np.testing.assert_allclose(hit.value.iterates[:, 0], [1, 1 / 0.6, 5])


@pytest.mark.parametrize("metric", [ib.Entropy().hessian, lambda w: jnp.diag(1 / w)])
def test_a_weight_out_of_the_metric_is_refused(metric):
    with pytest.raises(ib.Diverged, match="iterate 2 of 9") as hit:
        ib.natural_gradient_descent(
            metric, lambda w: jnp.ones_like(w), [1.0, 2.0], [0.9, *[1] * 8], 9
        )
    np.testing.assert_allclose(hit.value.iterates, [[1.0, 2.0], [0.1, 0.2]])


def test_overflow_is_refused():
    def steep(w):
        return -(w**3)

    for descend in (
        lambda: ib.mirror_descent(ib.Euclidean(), steep, [10.0], 1.0, 50),
        lambda: ib.natural_gradient_descent(ib.Euclidean().hessian, steep, [10.0], 1.0, 50),
        lambda: ib.gradient_descent(lambda u: u, steep, jnp.array([10.0]), 1.0, 50),
    ):
        with pytest.raises(ib.Diverged, match="too large for float64") as hit:
            descend()
        assert np.isfinite(hit.value.iterates).all() and 3 < len(hit.value.iterates) < 10


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"potential": "entropy"}, "potential must be a Potential, found 'entropy'"),
        ({"start": [1.0, np.nan]}, "start must be finite, found nan at index"),
        ({"start": [1.0, -1.0]}, "w must be positive for the entropy, found -1.0"),
        ({"step_size": 0.0}, "step_size must be positive and finite, found 0.0"),
        ({"step_size": [0.1, 0.1]}, "step_size must be one number or one a step, 5"),
        ({"steps": 0}, "steps must be an integer, at least 1, found 0"),
        ({"steps": 2.5}, "steps must be an integer, at least 1, found 2.5"),
        ({"gradient": lambda w: w[:1]}, r"gradient must have the shape \(2,\) of the start"),
    ],
)
def test_bad_input(changes, message):
    arguments = {
        "potential": ib.Entropy(),
        "gradient": lambda w: w,
        "start": [1.0, 2.0],
        "step_size": 0.1,
        "steps": 5,
    }
    with pytest.raises(ValueError, match=message):
        ib.mirror_descent(**(arguments | changes))


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (lambda w: w, r"metric must give a matrix of shape \(2, 2\), found \(2,\)"),
        (lambda w: -jnp.eye(2), "metric must be symmetric and positive definite"),
        (lambda w: jnp.array([[1.0, 0.5], [0.0, 1.0]]), "metric must be symmetric"),
    ],
)
def test_bad_metric(metric, message):
    with pytest.raises(ValueError, match=message):
        ib.natural_gradient_descent(metric, lambda w: w, [1.0, 2.0], 0.1, 5)


def test_bad_parameters():
    with pytest.raises(ValueError, match="params must be finite"):
        ib.gradient_descent(lambda u: u, lambda w: w, jnp.array([np.inf]), 0.1, 5)
