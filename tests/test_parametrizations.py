import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from implicitbias.metrics import inverse_metric
from implicitbias.parametrizations import (
    DiagonalNetwork,
    MatrixNetwork,
    Neuron,
    SymmetricFactorization,
)

CHAPTER = "networks/scale-and-depth"
WEIGHTS = jnp.array([0.7, -1.3, 1e-3, 0.0])
NETWORKS = {
    "depth 2": DiagonalNetwork(2, 0.1),
    "depth 2.5": DiagonalNetwork(2.5, 0.3),
    "depth 3": DiagonalNetwork(3, 0.1),
    "depth 10": DiagonalNetwork(10, 0.8),
    "unequal scales": DiagonalNetwork(3, [0.1, 0.2, 0.3, 1.0]),
    "unbalanced": DiagonalNetwork(2, 0.1, shape=0.5),
    "unequal shapes": DiagonalNetwork(2, [0.1, 0.2, 0.3, 1.0], shape=[0.0, 0.9, -0.5, 0.5]),
}


def every(models):
    return pytest.mark.parametrize("network", models.values(), ids=models.keys())


@every(NETWORKS)
def test_starts_at_zero(network):
    params = network.init(4)
    assert np.array_equal(network.features(params), np.zeros(4))


def test_layers_of_an_unbalanced_start():
    """Both signs alike; the second layer is the larger for a positive shape, by (1+s)/(1-s)."""
    u, v = DiagonalNetwork(2, 0.1, shape=0.6).init(1)
    np.testing.assert_allclose(u, [[0.05], [0.2]], rtol=1e-14)
    assert np.array_equal(u, v)


@every(NETWORKS)
def test_parameters_of_zero_are_the_start(network):
    for found, start in zip(network.parameters(jnp.zeros(4)), network.init(4), strict=True):
        np.testing.assert_allclose(found, start, rtol=1e-15)


@every(NETWORKS)
def test_parameters_have_the_features(network):
    # u^D - v^D loses what is small beside scale^D: a few units in the last place of that.
    floor = 1e-14 * float(jnp.max(network.scale)) ** network.depth
    found = network.features(network.parameters(WEIGHTS))
    np.testing.assert_allclose(found, WEIGHTS, rtol=2e-13, atol=floor)


@every(NETWORKS)
def test_gradient_flow_is_mirror_flow_of_the_potential(network, check):
    """One instant of d/dt grad Q(w) = -c grad L(w), by autodiff through both sides."""
    params, gradient = network.parameters(WEIGHTS), jnp.array([0.3, -2.0, 1.0, 0.5])
    velocity = -inverse_metric(network.features, params) @ gradient
    found = network.potential().hessian(WEIGHTS) @ velocity
    worst = jnp.max(jnp.abs(found / (-network.rate * gradient) - 1))
    check(
        "Gradient flow on the weights of a diagonal network is mirror flow of Q at rate c",
        CHAPTER,
        "velocity of grad Q(w) by automatic differentiation through the network, with -c grad L(w)",
        worst,
        1e-12,
    )


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), exponent=st.floats(-3, 1))
@pytest.mark.parametrize("depth", [2, 2.5, 3, 6])
def test_conserved_along_the_network_flow(depth, seed, exponent):
    """The time derivative of each conserved quantity is zero, at any parameters and gradient."""
    generator = np.random.default_rng(seed)
    u, v = 10.0**exponent * generator.uniform(0.5, 2.0, (2, 3))
    gradient = generator.standard_normal(3)
    u_dot, v_dot = -depth * u ** (depth - 1) * gradient, depth * v ** (depth - 1) * gradient
    network = DiagonalNetwork(depth, 1.0)
    _, pull = jax.vjp(network.features, (jnp.asarray(u), jnp.asarray(v)))
    for found, expected in zip(pull(jnp.asarray(-gradient))[0], (u_dot, v_dot), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)
    if depth == 2:
        drift = u_dot * v + u * v_dot
        size = np.abs(u_dot * v)
    else:
        drift = (2 - depth) * (u ** (1 - depth) * u_dot + v ** (1 - depth) * v_dot)
        size = np.abs((2 - depth) * u ** (1 - depth) * u_dot)
    assert np.all(np.abs(drift) <= 1e-14 * size)


@settings(deadline=None, max_examples=50)
@given(
    log_scale=st.floats(-60, 4),
    weights=st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=3, max_size=3),
)
@pytest.mark.parametrize("depth", [2, 2.5, 3, 10])
def test_parameters_stay_on_the_conserved_level(depth, log_scale, weights):
    scale = 10.0**log_scale
    u, v = (np.asarray(p) / scale for p in DiagonalNetwork(depth, scale).parameters(weights))
    level = u * v if depth == 2 else (u ** (2.0 - depth) + v ** (2.0 - depth)) / 2
    np.testing.assert_allclose(level, 1.0, rtol=1e-12 * max(1, -log_scale))


@pytest.mark.parametrize("shape", [0.3, -0.9])
def test_layers_conserve_their_imbalance(shape):
    network = DiagonalNetwork(2, 0.1, shape)
    for found, start in zip(network.parameters(WEIGHTS), network.init(4), strict=True):
        np.testing.assert_allclose(
            found[1] ** 2 - found[0] ** 2, start[1] ** 2 - start[0] ** 2, rtol=1e-12
        )


@pytest.mark.parametrize("depth", [2.001, 2.5, 3, 10, 100])
@pytest.mark.parametrize("scale", [1e-60, 1e-5, 0.3, 10.0])
def test_parameters_and_growth_against_many_digits(depth, scale):
    """From the dual variable z = tanh(a): w, u, v and the growth of the metric, with 400 digits."""
    network = DiagonalNetwork(depth, scale)
    with mpmath.workdps(400):
        D, alpha = mpmath.mpf(depth), mpmath.mpf(scale)
        rows = []
        # From far below scale^D, and at weights of about 1e-200 to 1e200.
        far = np.linspace(-200, 200, 21) * np.log(10) - depth * np.log(scale)
        far *= (depth - 2) / (2 * depth)
        for a in [*np.geomspace(1e-12, 1, 13), *far[far > 0]]:
            cosh, e = mpmath.cosh(a), mpmath.exp(a)  # 1 - z = 1 / (e cosh), 1 + z = e / cosh
            p, q = (e * cosh) ** (1 / (D - 2)), (cosh / e) ** (1 / (D - 2))
            w = alpha**D * (p**D - q**D)
            if 1e-290 < w < 1e290:
                growth = mpmath.log((p ** (2 * D - 2) + q ** (2 * D - 2)) / 2)
                rows.append([float(value) for value in (w, alpha * p, alpha * q, growth)])
        assert len(rows) > 3
    w, u, v, growth = np.array(rows).T
    found = [*network.parameters(w), network.log_metric_growth(w)]
    # Logarithms are summed: their sizes, times the rounding unit, are the relative error.
    tolerance = 4e-16 * (10 + abs(depth * np.log(scale)) + np.abs(np.log(w)))
    for values, expected in zip(found, (u, v, growth), strict=True):
        assert np.all(np.abs(values / expected - 1) <= 3 * tolerance)


def test_growth_at_depth_two_is_the_hyperbola():
    weights = np.array([0.0, 1e-3, 0.7, -40.0])
    growth = DiagonalNetwork(2, 0.5).log_metric_growth(weights)
    np.testing.assert_allclose(
        np.exp(growth), np.sqrt(weights**2 + 4 * 0.5**4) / (2 * 0.5**2), rtol=1e-14
    )


@every(NETWORKS)
def test_growth_is_that_of_the_inverse_metric(network):
    start = inverse_metric(network.features, network.init(4))
    now = inverse_metric(network.features, network.parameters(WEIGHTS))
    np.testing.assert_allclose(
        np.diag(now) / np.diag(start), np.exp(network.log_metric_growth(WEIGHTS)), rtol=1e-12
    )


def test_parameters_take_whole_paths():
    network, path = NETWORKS["unequal scales"], jnp.stack([WEIGHTS, 2 * WEIGHTS])
    u, _ = network.parameters(path)
    assert u.shape == (2, 4)
    np.testing.assert_allclose(u[1], network.parameters(2 * WEIGHTS)[0], rtol=1e-15)


def test_parameters_may_be_differentiated():
    network = NETWORKS["depth 3"]
    weights = jnp.array([0.5, -2.0])
    step = 1e-5
    found = jnp.diag(jax.jit(jax.jacfwd(lambda w: network.parameters(w)[0]))(weights))
    difference = network.parameters(weights + step)[0] - network.parameters(weights - step)[0]
    np.testing.assert_allclose(found, difference / (2 * step), rtol=1e-8)


@pytest.mark.parametrize("shape", [0.3, 0.99, -0.99])
def test_unbalanced_network_has_the_limits_of_its_effective_scale(shape):
    unbalanced = DiagonalNetwork(2, 0.1, shape)
    balanced = DiagonalNetwork(2, unbalanced.effective_scale)
    np.testing.assert_allclose(
        unbalanced.potential().to_dual(WEIGHTS), balanced.potential().to_dual(WEIGHTS), rtol=1e-13
    )


def test_integral_depth_is_an_integer_power():
    assert DiagonalNetwork(3.0, 1.0).depth == 3 and isinstance(DiagonalNetwork(3.0, 1.0).depth, int)
    program = str(jax.make_jaxpr(DiagonalNetwork(3.0, 1.0).features)((WEIGHTS, WEIGHTS)))
    assert "integer_pow" in program


@pytest.mark.parametrize("scale, shape", [(0.1, 0.0), (0.3, 0.5), (2.0, -0.9)])
def test_neuron_potential(scale, shape):
    """Its gradient is v, its Hessian a times the metric: mirror flow once time is warped by a."""
    neuron, w = Neuron(scale, shape), jnp.array([0.5, -2.0, 0.7])
    a, v = neuron.parameters(w)
    np.testing.assert_allclose(neuron.features((a, v)), w, rtol=1e-14)
    np.testing.assert_allclose(jax.jit(jax.grad(neuron.potential().value))(w), v, rtol=1e-11)
    metric = jnp.linalg.inv(inverse_metric(neuron.features, (a, v)))
    hessian = jax.jit(jax.jacfwd(lambda w: neuron.parameters(w)[1]))(w)
    np.testing.assert_allclose(hessian, a * metric, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", [0.0, 0.5, -0.9])
def test_neuron_start(shape):
    scale, (a, v) = 0.3, Neuron(0.3, shape).init(5)
    norm = jnp.linalg.norm(v)
    np.testing.assert_allclose(a * norm, scale**2, rtol=1e-14)
    np.testing.assert_allclose(a, scale * np.sqrt((1 + shape) / (1 - shape)), rtol=1e-12)
    np.testing.assert_allclose(norm, scale * np.sqrt((1 - shape) / (1 + shape)), rtol=1e-12)


def test_symmetric_factorization_moves_its_eigenvalues_as_the_diagonal_network_moves_features():
    network, model = DiagonalNetwork(2, 0.5), SymmetricFactorization(0.5)
    u, v = network.parameters(jnp.array([0.7, -1.3, 0.2]))
    rotation, _ = jnp.linalg.qr(jnp.asarray(np.random.default_rng(0).standard_normal((3, 3))))
    U, V = ((rotation * weights) @ rotation.T for weights in (u, v))
    measured = jnp.array([0.3, -2.0, 1.0])  # gradient, as eigenvalues
    gradient = (rotation * measured) @ rotation.T
    pull = jax.vjp(model.features, (U, V))[1](gradient)[0]
    expected = jax.vjp(network.features, (u, v))[1](measured)[0]
    for matrix, eigenvalues in zip(pull, expected, strict=True):
        np.testing.assert_allclose(rotation.T @ matrix @ rotation, np.diag(eigenvalues), atol=1e-14)
    assert np.array_equal(model.features(model.init(3)), np.zeros((3, 3)))


def test_matrix_network_start_is_seeded_and_of_its_scale():
    model = MatrixNetwork(width=400, scale=0.1)
    U, V = model.init(20, seed=1)
    assert U.shape == V.shape == (20, 400)
    assert np.array_equal(U, model.init(20, seed=1)[0])
    assert not np.array_equal(U, model.init(20, seed=2)[0])
    # 16000 entries: the sample deviation is within 2.5 % of the scale at 4.5 standard errors.
    assert abs(np.std(np.stack([U, V])) / 0.1 - 1) < 0.025


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: DiagonalNetwork(1.5, 1.0), "depth must be .* found 1.5"),
        (lambda: DiagonalNetwork(np.nan, 1.0), "depth must be .* found nan"),
        (lambda: DiagonalNetwork(2, 0.0), "scale must be positive .* found 0.0"),
        (lambda: DiagonalNetwork(2, [0.1, -0.1]), "scale must be positive"),
        (lambda: DiagonalNetwork(2, np.ones((2, 2))), r"scale must be .* found shape \(2, 2\)"),
        (lambda: DiagonalNetwork(2, 1.0, shape=1.0), "shape must lie strictly .* found 1.0"),
        (lambda: DiagonalNetwork(2, 1.0, shape=[0.1, -1.5]), "shape must lie strictly"),
        (lambda: DiagonalNetwork(2, 1.0, shape=np.nan), "shape must be finite, found nan"),
        (lambda: DiagonalNetwork(3, 1.0, shape=0.5), "shape must be 0 unless the depth is 2"),
        (lambda: DiagonalNetwork(2, [1.0, 2.0], [0.1] * 3), "scale and shape must have the same"),
        (lambda: DiagonalNetwork(2, [1.0, 2.0]).init(3), "d must be the length of scale, 2, found"),
        (lambda: DiagonalNetwork(2, 1.0, [0.1] * 2).init(3), "d must be the length of shape, 2"),
        (lambda: DiagonalNetwork(2, 1.0).init(0), "d must be an integer, at least 1, found 0"),
        (lambda: DiagonalNetwork(2, 1.0).init(2.0), "d must be an integer, at least 1, found 2.0"),
        (lambda: DiagonalNetwork(2, 1.0).parameters([np.inf]), "w must be finite, found inf"),
        (lambda: DiagonalNetwork(2, [1.0, 2.0]).parameters([1.0]), "w must have the 2 features"),
        (lambda: Neuron(-1.0), "scale must be positive .* found -1.0"),
        (lambda: Neuron(1.0, shape=-1.0), "shape must lie strictly .* found -1.0"),
        (lambda: Neuron(1.0).parameters([0.0, 0.0]), "w must not be zero"),
        (lambda: Neuron(1.0).init(-1), "d must be an integer, at least 1, found -1"),
        (lambda: SymmetricFactorization(0.0), "scale must be positive"),
        (lambda: SymmetricFactorization(1.0).init(0), "d must be an integer, at least 1"),
        (lambda: MatrixNetwork(0, 1.0), "width must be an integer, at least 1, found 0"),
        (lambda: MatrixNetwork(3, np.inf), "scale must be positive and finite, found inf"),
        (lambda: MatrixNetwork(3, 1.0).init(True), "d must be an integer, at least 1, found True"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_depth_may_not_be_traced():
    with pytest.raises(ValueError, match="depth must be a number"):
        jax.jit(lambda depth: DiagonalNetwork(depth, 1.0).init(2))(3.0)


def test_scale_may_be_traced():
    start = jax.vmap(lambda scale: DiagonalNetwork(2, scale).init(2)[0])(jnp.array([0.1, 0.2]))
    np.testing.assert_allclose(start, [[0.1, 0.1], [0.2, 0.2]])
