"""Unequal weights, unequal layers, and one neuron: the claims of the chapter on shape."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

import implicitbias as ib

from .problems import gaussian

HERE = "networks/shape"
LINE = np.array([[1.0, 0.5]]), np.array([1.0])


def distance(a, b):
    return float(np.abs(np.asarray(a) - np.asarray(b)).max())


def off_range(X, vector):
    """The largest entry of what a vector has outside the range of X', over its own largest."""
    X, vector = np.asarray(X), np.asarray(vector)
    inside = X.T @ np.linalg.lstsq(X.T, vector, rcond=None)[0]
    return distance(vector, inside) / np.abs(vector).max()


def trained(start, features, velocity, X, y):
    """Where training ends, without the library: SciPy's LSODA.

    `velocity(params, g)` is that of the parameters where the gradient in the weights is g.
    """

    def misfit(params):
        return X @ features(params) - y

    def converged(_, params):
        return np.max(np.abs(misfit(params))) - 1e-11

    converged.terminal = True
    found = solve_ivp(
        lambda _, params: velocity(params, X.T @ misfit(params)),
        (0, 1e3),
        start,
        method="LSODA",
        events=converged,
        rtol=1e-12,
        atol=1e-14,
    )
    assert found.status == 1
    return found.y[:, -1]


def trained_powers(depth, starts, X, y):
    """The end of w = u^D - v^D from u = v = `starts`."""

    def features(params):
        u, v = np.split(params, 2)
        return u**depth - v**depth

    def velocity(params, g):
        return depth * params ** (depth - 1) * np.concatenate([-g, g])

    return features(trained(np.tile(starts, 2), features, velocity, X, y))


def trained_layers(first, second, X, y):
    """The end of w = u1 u2 - v1 v2 from u1 = v1 = `first`, u2 = v2 = `second`."""

    def features(params):
        u1, u2, v1, v2 = np.split(params, 4)
        return u1 * u2 - v1 * v2

    def velocity(params, g):
        u1, u2, v1, v2 = np.split(params, 4)
        return np.concatenate([-u2 * g, -u1 * g, v2 * g, v1 * g])

    one = np.ones(X.shape[1])
    start = np.concatenate([first * one, second * one, first * one, second * one])
    return features(trained(start, features, velocity, X, y))


def trained_neuron(neuron, X, y):
    """The end (a, v) of w = a v from the neuron's start."""
    a, v = neuron.init(X.shape[1])

    def velocity(params, g):
        return -np.append(params[1:] @ g, params[0] * g)

    end = trained(np.append(a, v), lambda p: p[0] * p[1:], velocity, X, y)
    return end[0], end[1:]


# Unequal weights


@pytest.mark.parametrize(("depth", "scale"), [(2, 0.05), (2, 1.0), (3, 0.3), (4, 0.6)])
def test_unequal_starts_end_on_the_minimiser(check, depth, scale):
    X, y = gaussian(5, 12, seed=1)
    shape = np.geomspace(0.5, 2.0, 12)
    network = ib.DiagonalNetwork(depth, scale * shape)
    end = ib.interpolator(X, y, network.potential())
    check(
        "Unequal starts end on the minimiser of the sum of a_i^2 q_D(w_i / a_i^D)",
        HERE,
        "training (u, v) against the dual solver, depths 2, 3 and 4",
        distance(trained_powers(depth, scale * shape, X, y), end.weights),
        1e-9,
    )
    # The formula itself, by autodiff, against the potentials of one scale.
    starts = scale * shape

    def total(w):
        each = [
            ib.DiagonalPotential(depth, float(a)).value(w[i : i + 1]) / float(a) ** (depth - 2)
            for i, a in enumerate(starts)
        ]
        return sum(each)

    assert off_range(X, jax.grad(total)(end.weights)) < 1e-10


@pytest.mark.parametrize(("depth", "scales"), [(3, (-4, -3)), (4, (-3, -2.5))])
def test_shape_survives_small_scales_beyond_depth_two(check, depth, scales):
    """The limit is the least weighted l1 norm, of a linear programme on rescaled features."""
    X, y = gaussian(5, 12, seed=0)
    shape = np.geomspace(0.5, 2.0, 12)
    costs = shape ** (2.0 - depth)
    limit = ib.basis_pursuit(X / costs, y) / costs
    assert distance(limit, ib.basis_pursuit(X, y)) > 0.1
    scales = np.logspace(*scales, 3)
    ends = [
        ib.interpolator(X, y, ib.DiagonalPotential(depth, scale * shape)).weights
        for scale in scales
    ]
    gaps = [distance(end, limit) for end in ends]
    slope = np.polyfit(np.log(scales), np.log(gaps), 1)[0]
    check(
        "Depth D > 2: with unequal starts, the distance to the least weighted l1 norm falls as "
        "scale^D",
        HERE,
        "fitted slope with D, relative; the limit by a linear programme",
        abs(slope / depth - 1),
        0.02,
    )


def test_depth_two_forgets_its_shape(check):
    X, y, _ = ib.sparse_regression(20, 40, 4, seed=0)
    shape = np.random.default_rng(0).uniform(0.5, 2.0, 40)
    end = ib.interpolator(X, y, ib.DiagonalPotential(2, 1e-30 * shape)).weights
    # The distance falls as scale^(2(1 - rho)) with rho = 0.664: 1e-20 and below rounding.
    check(
        "Depth two: with unequal starts the limit of small scale is the least l1 norm",
        HERE,
        "distance to basis pursuit at scale 1e-30",
        distance(end, ib.basis_pursuit(X, y)),
        1e-9,
    )


def test_among_least_l1_solutions_depth_two_stays_nearest_to_its_shape(check):
    """A die of mean 4.5 with prior p: the distribution p_k exp(l k), by a root search."""
    faces = np.arange(1.0, 7.0)
    prior = np.array([0.3, 0.1, 0.1, 0.2, 0.1, 0.2])

    def tilted(tilt):
        weights = prior * np.exp(tilt * faces)
        return weights / weights.sum()

    tilt = brentq(lambda tilt: tilted(tilt) @ faces - 4.5, -5, 5, xtol=1e-14)
    X, y = np.stack([np.ones(6), faces]), np.array([1.0, 4.5])
    potential = ib.DiagonalPotential(2, 1e-4 * np.sqrt(prior))
    check(
        "Depth two: among solutions of least l1 norm, the one of least relative entropy to the "
        "squared starts",
        HERE,
        "Jaynes's die with a prior, exponential family by root search, scale 1e-4",
        distance(ib.interpolator(X, y, potential).weights, tilted(tilt)),
        1e-11,
    )


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_shape_is_the_kernel_at_large_scales(check, depth):
    X, y, _ = ib.sparse_regression(20, 40, 4, seed=0)
    shape = np.random.default_rng(0).uniform(0.5, 2.0, 40)
    spread = shape ** (2 * depth - 2)
    limit = spread * (X.T @ np.linalg.solve((X * spread) @ X.T, y))
    scales = np.logspace(0.7, 1.2, 4)
    gaps = [
        distance(ib.interpolator(X, y, ib.DiagonalPotential(depth, s * shape)).weights, limit)
        for s in scales
    ]
    kept = np.array(gaps) > 1e-11
    slope = np.polyfit(np.log(scales[kept]), np.log(np.array(gaps)[kept]), 1)[0]
    check(
        "Large scale: the distance to the least sum of w_i^2 / w0_i^(2D-2) falls as scale^(-2D)",
        HERE,
        "fitted slope with -2D, relative, depths 2, 3 and 4",
        abs(slope / (-2 * depth) - 1),
        0.05,
    )


@pytest.mark.parametrize("ratio", [2.5, 10.0, 1000.0])
def test_where_a_head_start_loses(check, ratio):
    def share(log_scale):
        scale = np.exp(log_scale)
        potential = ib.DiagonalPotential(2, np.array([scale, ratio * scale]))
        return float(ib.interpolator(*LINE, potential).weights[0]) - 0.5

    expected = np.sqrt(2) / ratio**2 * (1 - 16 / ratio**4) ** -0.25
    found = np.exp(brentq(share, np.log(expected / 5), np.log(5 * expected), xtol=1e-13))
    check(
        "A head start r of the second of two weights loses below the scale "
        "sqrt(2) / r^2 (1 - 16 / r^4)^(-1/4)",
        HERE,
        "scale of equal shares by root search on the solver, relative, r = 2.5 to 1000",
        abs(found / expected - 1),
        1e-9,
    )


# Unequal layers


@pytest.mark.parametrize("shape", [0.5, -0.9, 0.99, 1 - 1e-6])
def test_unbalanced_layers_end_on_the_minimiser(check, shape):
    X, y = gaussian(4, 10, seed=2)
    scale = 0.1 * np.sqrt(1 - shape**2)
    k = 4 * scale**2 * (1 + shape**2) / (1 - shape**2)
    imbalance = np.sqrt((1 + shape) / (1 - shape))
    end = trained_layers(scale / imbalance, scale * imbalance, X, y)
    found = ib.interpolator(X, y, ib.DiagonalNetwork(2, scale, shape).potential())
    assert distance(end, found.weights) < 1e-9
    check(
        "Two unequal layers end where the potential of Azulay et al. is least",
        HERE,
        "its gradient asinh(2w/k)/2 at the end of training (u, v), outside the range of X'",
        off_range(X, np.arcsinh(2 * end / k) / 2),
        1e-9,
    )


def test_a_tiny_product_of_layers_is_a_kernel(check):
    """Effective scale 7 from a product of layers of 1e-12."""
    X, y, _ = ib.sparse_regression(20, 40, 4, seed=0)
    network = ib.DiagonalNetwork(2, 1e-6, 1 - 2e-14)
    assert abs(float(network.effective_scale) - 1e-6 / np.sqrt(2e-14)) < 0.01
    end = ib.interpolator(X, y, network.potential()).weights
    balanced = ib.interpolator(X, y, ib.DiagonalPotential(2, network.effective_scale)).weights
    assert distance(end, balanced) < 1e-12
    check(
        "Layers with a product of 1e-12 at the start train as a kernel if they are unequal enough",
        HERE,
        "largest weight's distance to the least l2 norm, effective scale 7",
        distance(end, ib.minimum_norm(X, y)),
        1e-5,
    )


@pytest.mark.parametrize("shape", [0.0, 0.9, 1 - 1e-4])
def test_rate_of_unbalanced_layers(check, shape):
    X, y = gaussian(4, 10, seed=2)
    network = ib.DiagonalNetwork(2, 0.2, shape)
    sigma = np.linalg.svd(X, compute_uv=False)[-1]
    rate = (16 if shape == 0 else 8) * float(network.effective_scale) ** 2 * sigma**2
    path = ib.gradient_flow(network, X, y, np.linspace(0.05, 12, 60) / rate)
    bound = float(np.sum(y**2)) / 2 * np.exp(-rate * np.asarray(path.times))
    check(
        "Two unequal layers of effective scale a: the loss stays below L(0) exp(-8 a^2 sigma^2 t)",
        HERE,
        "largest excess over the bound, relative to L(0)",
        max(0.0, float(np.max(path.losses - bound))) / float(path.losses[0]),
        1e-9,
    )


# One neuron

NEURONS = [(0.1, 0.0), (0.1, 0.5), (0.5, 0.9), (0.5, -0.5), (0.3, -0.9)]


def along_the_start(seed=0, n=3, d=8):
    """Data whose loss at zero is above that at the neuron's start, which is along ones."""
    X, y = gaussian(n, d, seed=seed)
    return X * np.sign(X.sum(1) * y)[:, None], y


@pytest.mark.parametrize(("scale", "shape"), NEURONS)
def test_neuron_ends_where_its_potential_says(check, scale, shape):
    X, y = along_the_start()
    neuron = ib.Neuron(scale, shape)
    start = neuron.features(neuron.init(8))
    (a, v), (_, v0) = trained_neuron(neuron, X, y), neuron.init(8)
    end = jnp.asarray(a * v)
    check(
        "One neuron: v moves in the range of X' only",
        HERE,
        "component of v - v(0) outside it after training (a, v), five starts",
        off_range(X, v - v0),
        1e-8,
    )

    def azulay(b):
        """Their objective, whose gradient is in the range of X' at the end (their Theorem)."""
        e, x = float(neuron.balance) / 2, jnp.linalg.norm(b)
        root = jnp.sqrt(x**2 + e**2)
        size = jnp.sqrt(jnp.sqrt(start @ start + e**2) - e)
        z = 1.5 * size * start / jnp.linalg.norm(start)
        return (x**2 - e * (e + root)) * jnp.sqrt(root - e) / x - z @ b

    check(
        "One neuron: the optimality condition of Azulay et al.",
        HERE,
        "gradient of their objective outside the range of X', against its terms' size",
        off_range(X, jax.grad(azulay)(end)),
        1e-8,
    )
    found = ib.interpolator(X, y, neuron.potential(), start=start)
    check(
        "One neuron ends on the interpolator of least divergence from its start",
        HERE,
        "training (a, v) against Newton's method on the dual, five starts",
        distance(end, found.weights),
        1e-8,
    )


@pytest.mark.parametrize(("scale", "shape"), NEURONS)
def test_neuron_rate(check, scale, shape):
    X, y = along_the_start()
    neuron = ib.Neuron(scale, shape)
    path = ib.gradient_flow(neuron, X, y, np.geomspace(0.01, 40, 80), space="parameters")
    sizes = np.linalg.norm(path.weights, axis=1)
    half = float(neuron.balance) / 2
    least = min(np.sqrt(sizes**2 + half**2).min() + half, float(neuron.init(8)[0]) ** 2)
    sigma = np.linalg.svd(X, compute_uv=False)[-1]
    start = neuron.features(neuron.init(8))
    initial = float(np.sum((X @ start - y) ** 2)) / 2
    bound = initial * np.exp(-2 * least * sigma**2 * np.asarray(path.times))
    check(
        "One neuron: the loss falls at the rate 2 m sigma^2 at least, m the least a^2 on the way",
        HERE,
        "largest excess over the bound, relative to the loss at the start",
        max(0.0, float(np.max(path.losses - bound))) / initial,
        1e-9,
    )


@pytest.mark.parametrize("shape", [0.0, 0.7, -0.7])
def test_neuron_with_one_sample_in_closed_form(check, shape):
    """w = (delta + |v0 + kappa x|^2)^(1/2) (v0 + kappa x), kappa from one equation."""
    (x,), y = LINE
    neuron = ib.Neuron(0.4, shape)
    _, v0 = neuron.init(2)

    def weights(kappa):
        v = np.asarray(v0) + kappa * x
        return np.sqrt(float(neuron.balance) + v @ v) * v

    kappa = brentq(lambda kappa: weights(kappa) @ x - y[0], 0, 5, xtol=1e-15)
    check(
        "One neuron, one sample: closed form with one unknown",
        HERE,
        "training (a, v) against a root search",
        distance(np.multiply(*trained_neuron(neuron, *LINE)), weights(kappa)),
        1e-9,
    )


def test_small_balanced_neuron_is_not_sparse(check):
    """The limit is the least l2 norm, at the rate of |v(0)|, which is the scale."""
    X, y = along_the_start()
    scales = np.logspace(-5, -3, 3)
    gaps = []
    for scale in scales:
        neuron = ib.Neuron(scale)
        start = neuron.features(neuron.init(8))
        end = ib.interpolator(X, y, neuron.potential(), start=start)
        gaps.append(distance(end.weights, ib.minimum_norm(X, y)))
    slope = np.polyfit(np.log(scales), np.log(gaps), 1)[0]
    check(
        "One balanced neuron tends to the least l2 norm as its scale falls, linearly in it",
        HERE,
        "fitted slope with 1",
        abs(slope - 1),
        0.01,
    )


def test_neuron_of_uneven_layers_is_a_kernel(check):
    """s -> 1: the interpolator nearest to the start. s -> -1, one sample: along the start."""
    X, y = along_the_start()
    gaps, sizes = [], []
    for uneven in (1e-2, 1e-3):
        outer, inner = ib.Neuron(0.3, 1 - uneven), ib.Neuron(0.3, uneven - 1)
        start = outer.features(outer.init(8))
        nearest = ib.interpolator(X, y, ib.Euclidean(), start=start).weights
        x, target = np.abs(X[:1]), np.array([1.0])
        gaps.append(
            [
                distance(ib.interpolator(X, y, outer.potential(), start=start).weights, nearest),
                distance(
                    ib.interpolator(x, target, inner.potential(), start=start).weights,
                    start / (x[0] @ start),
                ),
            ]
        )
        sizes.append(float(outer.balance))
    slopes = np.diff(np.log(gaps), axis=0)[0] / np.diff(np.log(sizes))
    check(
        "One neuron of uneven layers tends to the interpolator nearest to its start (s to 1), or "
        "along it (s to -1, one sample), as 1 / balance^2",
        HERE,
        "slopes with -2, relative, shapes 0.99 and 0.999 of both signs",
        float(np.abs(slopes / -2 - 1).max()),
        0.01,
    )


def test_neuron_that_turns_round(check):
    """Data that face away from the start, first layer longer: a changes its sign on the way."""
    X, y = along_the_start()
    neuron = ib.Neuron(0.3, -0.5)
    start = neuron.features(neuron.init(8))
    (a, v), (_, v0) = trained_neuron(neuron, X, -y), neuron.init(8)
    end = a * v
    mirrored = ib.interpolator(X, -y, neuron.potential(), start=-start).weights
    wrong = ib.interpolator(X, -y, neuron.potential(), start=start).weights
    assert distance(end, wrong) > 0.02
    assert a < 0 and off_range(X, v - v0) < 1e-8
    check(
        "One neuron whose number a changes sign ends nearest to minus its start",
        HERE,
        "training (a, v) against Newton's method on the dual from -w(0)",
        distance(end, mirrored),
        1e-8,
    )


def test_balanced_neuron_that_faces_away_stops_at_the_saddle(check):
    neuron = ib.Neuron(0.5)
    path = ib.gradient_flow(neuron, [[1.0, 1.0]], [-1.0], [8.0], space="parameters")
    check(
        "A balanced neuron that faces straight away from its only sample stops at zero",
        HERE,
        "largest weight after time 8, with the loss that of zero",
        max(float(np.abs(path.weights[-1]).max()), abs(float(path.losses[-1]) - 0.5)),
        1e-8,
    )


# What the library needed for it


@pytest.mark.parametrize("balance", [0.0, 0.7, -0.7])
def test_neuron_potential_maps(balance):
    potential, w = ib.NeuronPotential(balance), np.array([0.5, -2.0, 0.7])
    v = potential.to_dual(w)
    np.testing.assert_allclose(jax.grad(potential.value)(w), v, rtol=1e-12)
    np.testing.assert_allclose(potential.to_primal(v), w, rtol=1e-12)
    np.testing.assert_allclose(jax.jacfwd(potential.to_dual)(w), potential.hessian(w), rtol=1e-10)
    np.testing.assert_allclose(potential.value(w) + potential.conjugate(v), w @ v, rtol=1e-12)
    np.testing.assert_allclose(jax.grad(potential.conjugate)(v), w, rtol=1e-12)


def test_neuron_potential_at_zero():
    zero = np.zeros(2)
    assert float(ib.NeuronPotential(0.5).to_dual(zero)[0]) == 0
    np.testing.assert_allclose(ib.NeuronPotential(0.25).hessian(zero), 2 * np.eye(2), rtol=1e-14)
    assert float(ib.NeuronPotential(-0.5).value(zero)) == 0
    assert np.array_equal(ib.NeuronPotential(-1.0).to_primal([0.5, 0.5]), zero)
    with pytest.raises(ValueError, match="w must not be zero"):
        ib.NeuronPotential(-0.5).to_dual(zero)
    with pytest.raises(ValueError, match="w must not be zero"):
        ib.NeuronPotential(0.0).hessian(zero)
    with pytest.raises(ValueError, match="balance must be finite, found nan"):
        ib.NeuronPotential(float("nan"))


def test_networks_can_be_made_within_jit():
    """And outside, and passed in: the same numbers."""

    @jax.jit
    def within(scale, shape):
        neuron, network = ib.Neuron(scale, shape), ib.DiagonalNetwork(2, scale, shape)
        return neuron.init(3), network.init(3), neuron.potential().value(jnp.ones(3))

    @jax.jit
    def balanced(scale):
        return ib.Neuron(scale).init(3), ib.DiagonalNetwork(3, scale).init(3)

    @eqx.filter_jit
    def passed(neuron, network):
        return neuron.init(3), network.init(3), neuron.potential().value(jnp.ones(3))

    neuron, network = ib.Neuron(0.5, 0.3), ib.DiagonalNetwork(2, 0.5, 0.3)
    outside = neuron.init(3), network.init(3), neuron.potential().value(jnp.ones(3))
    for found in (within(0.5, 0.3), passed(neuron, network)):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-14), found, outside)
    even = ib.Neuron(0.5).init(3), ib.DiagonalNetwork(3, 0.5).init(3)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-14), balanced(0.5), even)
    with pytest.raises(ValueError, match="shape must lie strictly"):
        jax.jit(lambda scale: ib.Neuron(scale, 1.5).init(3))(0.5)
