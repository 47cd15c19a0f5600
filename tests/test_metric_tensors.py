"""The chapter on metric tensors: potentials by lifting, laziness with its bound, two descents."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial
from scipy.integrate import solve_ivp

from implicitbias.descent import mirror_descent, natural_gradient_descent
from implicitbias.explore.metric_tensors import CLOCK, SEED, WIDTH, X, Y, train
from implicitbias.flows import function_flow, linearised_flow
from implicitbias.metrics import (
    hessian_asymmetry,
    horizontal_lift,
    inverse_metric,
    is_commuting,
    laziness,
    lie_brackets,
)
from implicitbias.parametrizations import DiagonalNetwork, Neuron, TwoLayerNetwork
from implicitbias.potentials import Burg, Entropy, Hypentropy

CHAPTER = "geometry/metric-tensors"


def quadratic(A, u):
    return jnp.einsum("p,ipq,q->i", u, A, u) / 2


def doubled(scale, X, params):
    u, v = params
    return scale * X @ (u**2 - v**2)


def single(scale, X, u):
    return scale * X @ (u**2 - 1)


RANDOM = np.random.default_rng(0)
BASIS = np.linalg.qr(RANDOM.standard_normal((4, 4)))[0]
COMMUTE = np.stack([(BASIS * row) @ BASIS.T for row in RANDOM.uniform(0.5, 2, (2, 4))])
DO_NOT = COMMUTE + np.stack([np.diag([1.0, 0, 0, 0]), np.diag([0, 1.0, 0, 0])])
POINT = RANDOM.standard_normal(4)
BALANCED = (1.0, jnp.array([1.0, 0.0]))


def neuron_metric(w):
    r = jnp.linalg.norm(w)
    return jnp.linalg.inv(r * jnp.eye(2) + jnp.outer(w, w) / r)


def loop(features, params, side):
    """The dual variable after two ways round a square, one minus the other."""
    start = np.asarray(features(params))
    end = start + side
    corners = ([end[0], start[1]], [start[0], end[1]])
    one, other = (horizontal_lift(features, params, [start, corner, end]) for corner in corners)
    return np.asarray(one.dual[-1] - other.dual[-1])


def test_brackets_of_quadratic_forms_are_commutators(check):
    worst = 0.0
    for A in (COMMUTE, DO_NOT):
        expected = np.array([[(Aj @ Ai - Ai @ Aj) @ POINT for Aj in A] for Ai in A])
        found = lie_brackets(Partial(quadratic, A), POINT)
        worst = max(worst, np.abs(found - expected).max() / np.abs(A).max() ** 2)
    check(
        "Quadratic forms u'Au/2 have the brackets (A_j A_i - A_i A_j) u",
        CHAPTER,
        "automatic differentiation, with the commutator",
        worst,
        1e-14,
    )
    assert is_commuting(Partial(quadratic, COMMUTE), POINT)
    assert not is_commuting(Partial(quadratic, DO_NOT), POINT)


def test_brackets_of_a_neuron_turn_its_vector():
    found = lie_brackets(Neuron(1.0).features, (2.0, jnp.array([0.6, 0.8])))
    np.testing.assert_allclose(found[0, 1], [0, -0.8, 0.6], atol=1e-15)
    assert not is_commuting(Neuron(1.0).features, BALANCED)


@pytest.mark.parametrize("depth", [2, 3])
def test_the_lift_finds_the_potential_of_a_diagonal_network(depth, check):
    network = DiagonalNetwork(depth, 0.8)
    end = np.array([0.9, -2.0])
    assert is_commuting(network.features, network.parameters(end))
    lift = horizontal_lift(network.features, network.init(2), [[0.0, 0.0], [0.5, 0.5], end])
    potential = network.potential()
    u, v = network.parameters(end)
    gaps = (
        lift.value[-1] * network.rate / potential.value(end) - 1,
        lift.dual[-1] * network.rate / potential.to_dual(end) - 1,
        jnp.stack([part[-1] for part in lift.params]) / jnp.stack([u, v]) - 1,
    )
    check(
        "A commuting parametrisation has a potential: lifting a path finds it",
        CHAPTER,
        "value, dual variable and parameters of the lift, with those of Q / c at depths 2 and 3",
        max(float(jnp.max(jnp.abs(gap))) for gap in gaps),
        1e-8,
    )


@pytest.mark.parametrize(
    "features, start, potential, rate",
    [
        (jnp.square, jnp.array([1.0, 0.5]), Entropy(), 4),
        (jnp.exp, jnp.array([0.0, 0.5]), Burg(), 1),
    ],
    ids=["u^2: entropy", "e^u: Burg"],
)
def test_the_lift_finds_known_potentials(features, start, potential, rate, check):
    w0, w = np.asarray(features(start)), np.array([3.0, 0.1])
    lift = horizontal_lift(features, start, [w0, w])
    check(
        "The potential of u^2 is a quarter of the entropy, that of e^u is -log w",
        CHAPTER,
        "value of the lift, with the Bregman divergence from the start",
        abs(float(lift.value[-1] * rate / potential.bregman(w, w0)) - 1),
        1e-8,
    )


def test_two_ways_agree_only_if_the_parametrisation_commutes(check):
    network = DiagonalNetwork(2, 1.0)
    params = (jnp.array([1.0, 2.0]), jnp.array([0.5, 0.3]))
    gap = max(
        np.abs(loop(network.features, params, 0.5)).max(),
        np.abs(loop(Partial(quadratic, COMMUTE), POINT, 0.3)).max(),
    )
    check(
        "Lifted along two ways, a commuting parametrisation ends at one dual variable",
        CHAPTER,
        "the difference of the two",
        gap,
        1e-8,
    )
    assert np.abs(loop(Partial(quadratic, DO_NOT), POINT, 0.3)).max() > 1e-4


def test_the_loop_of_a_neuron_is_the_curl_of_its_metric(check):
    slope = jax.jacfwd(neuron_metric)(jnp.array([1.0, 0.0]))
    curl = slope[:, 1, 0] - slope[:, 0, 1]
    np.testing.assert_allclose(curl, [0, -0.5], atol=1e-14)
    sides = np.array([0.05, 0.025])
    # Extrapolated: the error is of the order of the side.
    loops = [loop(Neuron(1.0).features, BALANCED, side) / side**2 for side in sides]
    check(
        "Around a small square the neuron's dual variable is off by area times curl",
        CHAPTER,
        "two lifts, extrapolated to side zero, with the derivative of the metric",
        np.abs(2 * loops[1] - loops[0] - curl).max(),
        2e-3,
    )
    assert 0.1 < hessian_asymmetry(neuron_metric, [0.6, 0.8])


def test_a_path_that_meets_a_fold_is_refused():
    def fold(u):
        return u - u**2  # at most 1/4

    with pytest.raises(RuntimeError, match="metric is infinite: stopped at 0.4"):
        horizontal_lift(fold, jnp.zeros(1), [[0.0], [0.6]])


POTENTIAL = Hypentropy(0.5)
DATA = jnp.array([[1.0, 0.5, -0.3], [0.2, -1.0, 0.8]]), jnp.array([2.0, -1.0])
GRADIENT = Partial(lambda X, y, w: X.T @ (X @ w - y), *DATA)


def inverse(w):
    # In closed form, to share no code with the potential.
    return jnp.diag(jnp.sqrt(w**2 + 0.25))


@jax.jit
def leading(state):
    """Velocities of the flow, and of the leading errors of the two descents."""
    w, mirror, natural = state.reshape(3, -1)
    H = DATA[0].T @ DATA[0]
    g, R = GRADIENT(w), inverse(w)
    A = jax.jacfwd(lambda w: -inverse(w) @ GRADIENT(w))(w)
    slowing, bending = R @ H @ R @ g, jax.jvp(inverse, (w,), (R @ g,))[1] @ g
    return jnp.concatenate(
        [-R @ g, A @ mirror - slowing / 2, A @ natural - (slowing + bending) / 2]
    )


@pytest.mark.parametrize("start", [[0.0, 0.0, 0.0], [-2.0, 2.0, 2.0]], ids=["grow", "shrink"])
def test_both_descents_are_of_first_order_with_the_predicted_constants(start, check):
    state = np.concatenate([start, np.zeros(6)])
    path = solve_ivp(lambda t, s: np.asarray(leading(s)), (0, 1), state, rtol=1e-11, atol=1e-12)
    end, *predicted = path.y[:, -1].reshape(3, 3)
    found = {}
    for steps in (200, 400):
        found[steps] = [
            descent(geometry, GRADIENT, start, 1 / steps, steps)[-1] - end
            for descent, geometry in (
                (mirror_descent, POTENTIAL),
                (natural_gradient_descent, POTENTIAL.hessian),
            )
        ]
    ratios = [np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(*found.values(), strict=True)]
    check(
        "Halving the step halves the errors of mirror and natural gradient descent",
        CHAPTER,
        "the errors at time 1 with 200 and 400 steps: their ratio, with 2",
        np.abs(np.array(ratios) - 2).max(),
        0.05,
    )
    gaps = [
        # Extrapolated, so that what is left is of second order in the step.
        np.linalg.norm(2 * 400 * fine - 200 * coarse - E) / np.linalg.norm(E)
        for coarse, fine, E in zip(*found.values(), predicted, strict=True)
    ]
    check(
        "The leading errors of both descents are those of the expansion",
        CHAPTER,
        "errors over the step at time 1, extrapolated, with the solution of their linear equation",
        max(gaps),
        5e-4,
    )
    natural_is_better = np.linalg.norm(predicted[1]) < np.linalg.norm(predicted[0])
    assert natural_is_better == (start[0] == 0)


def test_mirror_descent_is_exact_on_a_linear_loss(check):
    force, start = jnp.array([1.0, -2.0, 0.5]), np.ones(3)
    exact = POTENTIAL.to_primal(POTENTIAL.to_dual(start) - force)
    once = mirror_descent(POTENTIAL, Partial(lambda force, w: force, force), start, 1.0, 1)[-1]
    check(
        "On a linear loss mirror descent is exact in one step",
        CHAPTER,
        "one long step, with the flow in closed form",
        np.abs(once / exact - 1).max(),
        1e-14,
    )
    assert np.abs(start - inverse(start) @ force - exact).max() > 1


def quadratic_problem():
    generator = np.random.default_rng(1)
    X = generator.standard_normal((5, 20))
    return X, X[:, 3] - X[:, 7]


@pytest.mark.parametrize("scale", [4.0, 20.0])
def test_the_bounds_on_lazy_training_hold(scale, check):
    data, y = quadratic_problem()
    F, start = Partial(single, jnp.array(scale), data), jnp.ones(20)
    lazy = laziness(F, start, y)
    # F is quadratic, with derivative 2 alpha X diag(u): the constants are known.
    sigma = 2 * scale * np.linalg.svd(data, compute_uv=False)
    curvature = 2 * scale * np.linalg.norm(data, axis=0).max()
    q = np.linalg.norm(y) * curvature / sigma[-1] ** 2
    check(
        "kappa of a quadratic model, with spectral norms",
        CHAPTER,
        "maximisation over three unit vectors in turn, with closed forms",
        max(
            abs(lazy.worst_kappa / q - 1),
            abs(lazy.kappa * sigma[0] ** 2 / (q * sigma[-1] ** 2) - 1),
        ),
        1e-12,
    )
    assert q < 0.5
    slack = 1 - np.sqrt(1 - 2 * q)
    clock = 40 * np.linspace(0, 1, 301)[1:] ** 2 / sigma[-1] ** 2
    path, tangent = (
        function_flow(F, start, y, clock, tolerance=1e-10),
        linearised_flow(F, start, y, clock),
    )
    K0, K1 = (np.asarray(inverse_metric(F, u)) for u in (start, path.params[-1]))
    way = np.linalg.norm(np.diff(np.vstack([start, path.params]), axis=0), axis=1).sum()
    gap = np.linalg.norm(path.outputs - tangent.outputs, axis=1).max()
    found = np.array([way, np.linalg.norm(K1 - K0, 2), gap])
    kernel = 2 * slack * sigma[-1] * sigma[0] + (slack * sigma[-1]) ** 2
    bounds = np.array(
        [
            slack * sigma[-1] / curvature,
            kernel,
            np.linalg.norm(y) * kernel / (np.e * sigma[-1] ** 2 * (1 - 2 * q)),
        ]
    )
    check(
        "Lazy training stays within the bounds on path, kernel and outputs",
        CHAPTER,
        "measured over bound, the largest of the three at output scales 4 and 20",
        (found / bounds).max(),
        1.0,
    )
    assert found[0] > 0.3 * bounds[0]  # the first of them is not far off


def test_the_linearised_flow_is_that_of_the_jacobian(check):
    """Against scipy's exponential of the kernel."""
    from scipy.linalg import expm

    network = TwoLayerNetwork(WIDTH, 3.0)
    on, params = network.on(X), network.init(1, SEED)
    K = np.asarray(inverse_metric(on, params))
    times = np.array([0.1, 1.0]) / 9
    found = linearised_flow(on, params, Y, times).outputs
    expected = [Y - expm(-K * t) @ Y for t in times]
    check(
        "The linearised network is kernel regression, stopped at time t",
        CHAPTER,
        "outputs by singular values, with the matrix exponential of the kernel",
        np.abs(found - np.array(expected)).max(),
        1e-11,
    )


def test_small_steps_of_gradient_descent_follow_the_flow():
    """In NumPy, by Heun's method."""
    scale, time, steps = 0.5, 1.0, 2000
    network = TwoLayerNetwork(WIDTH, scale)
    a, b, c = map(np.asarray, network.init(1, SEED))
    from scipy.special import erf

    def velocity(a, b, c):
        s = X @ b.T + c
        bell, half = np.exp(-(s**2) / 2) / np.sqrt(2 * np.pi), (1 + erf(s / np.sqrt(2))) / 2
        size = scale / np.sqrt(WIDTH)
        r = size * (s * half) @ a - Y
        push = size * r[:, None] * (half + s * bell) * a
        return -size * r @ (s * half), -(push.T @ X), -push.sum(0)

    state, step = (a, b, c), time / scale**2 / steps
    for _ in range(steps):
        first = velocity(*state)
        second = velocity(*(p + step * d for p, d in zip(state, first, strict=True)))
        state = [p + step * (d + e) / 2 for p, d, e in zip(state, first, second, strict=True)]
    path = function_flow(network.on(X), (a, b, c), Y, [time / scale**2], tolerance=1e-9)
    for expected, found in zip(state, path.params, strict=True):
        np.testing.assert_allclose(found[0], expected, atol=2e-4)


def test_slopes_of_laziness(check):
    moved = {
        start: np.array([train(scale, start).movement[-1] for scale in (100.0, 1000.0)])
        for start in ("doubled", "subtracted")
    }
    for start, order, claim in (
        ("doubled", -2, "With twins the kernel moves like 1 / alpha^2"),
        ("subtracted", -1, "With its start subtracted the kernel moves like 1 / alpha"),
    ):
        check(
            claim,
            CHAPTER,
            "slope of the movement between alpha = 100 and 1000",
            abs(np.log10(moved[start][1] / moved[start][0]) - order),
            0.02,
        )
    gaps = [np.abs(run.function - run.linear).max() for run in (train(100.0), train(1000.0))]
    check(
        "With twins the function is that of the kernel up to 1 / alpha^2",
        CHAPTER,
        "slope of the largest difference, over all times and places",
        abs(np.log10(gaps[1] / gaps[0]) + 2),
        0.02,
    )
    network = TwoLayerNetwork(WIDTH, 1.0, doubled=False)
    on, start = network.on(X), network.init(1, SEED)
    tangent = linearised_flow(on, start, Y + on(start), CLOCK[1:])
    move = jax.tree.map(lambda now, first: now[-1] - first, tangent.params, start)
    K, change = jax.jvp(lambda params: inverse_metric(on, params), (start,), (move,))
    predicted = np.linalg.norm(change) / np.linalg.norm(K)
    check(
        "The constant of the kernel's movement is that of the first-order change",
        CHAPTER,
        "alpha times the movement at alpha = 1000, with its prediction",
        abs(1000 * moved["subtracted"][1] / predicted - 1),
        0.01,
    )


def test_a_start_that_is_kept_is_unlearned_whatever_the_targets(check):
    network = TwoLayerNetwork(WIDTH, 1.0, doubled=False)
    on, start = network.on(X), network.init(1, SEED)
    path = function_flow(on, start, 0 * Y, CLOCK)
    K0, K1 = (
        np.asarray(inverse_metric(on, params))
        for params in (start, tuple(part[-1] for part in path.params))
    )
    limit = np.linalg.norm(K1 - K0) / np.linalg.norm(K0)
    check(
        "A start that is kept moves the kernel by what training to zero moves it",
        CHAPTER,
        "the movement at alpha = 1000, with that of training to zero",
        abs(train(1000.0, "random").movement[-1] / limit - 1),
        0.01,
    )
    assert limit > 0.02


def test_twins_make_training_even_in_the_scale(check):
    """-alpha with -y is the same network with its twins exchanged."""
    network = TwoLayerNetwork(WIDTH, 0.7)
    params, twins = network.init(1, SEED), WIDTH // 2
    flow = function_flow(network.on(X), params, Y, CLOCK, tolerance=1e-10)
    other = function_flow(network.on(X), params, -Y, CLOCK, tolerance=1e-10)
    gap = max(
        float(np.abs(np.roll(a, twins, axis=1) - sign * b).max())
        for sign, a, b in zip((-1, 1, 1), flow.params, other.params, strict=True)
    )
    check(
        "Training to -y moves each neuron as training to y moves its twin",
        CHAPTER,
        "parameters of the two flows at all times",
        gap,
        1e-7,
    )


def test_a_small_kappa_need_not_be_lazy(check):
    def uneven(u):
        return jnp.array([u[0], 1e-3 * u[1] + 5e-3 * u[1] ** 2])

    lazy = laziness(uneven, jnp.zeros(2), [0.0, 1.0])
    np.testing.assert_allclose([lazy.kappa, lazy.worst_kappa], [0.01, 1e4], rtol=1e-12)
    end = (np.sqrt(1e-6 + 0.02) - 1e-3) / 1e-2
    K0, K1 = (inverse_metric(uneven, jnp.array([0.0, u])) for u in (0.0, end))
    check(
        "kappa = 0.01, and the slow output's kernel grows 20001 times",
        CHAPTER,
        "the kernel where the output is reached, with (eps^2 + 4 lambda y) / eps^2",
        abs(float(K1[1, 1] / K0[1, 1]) / 20001 - 1),
        1e-10,
    )


def test_the_norm_of_second_derivatives():
    """Two outputs: a maximum over an angle of the largest eigenvalue."""
    generator = np.random.default_rng(2)
    A = generator.standard_normal((2, 5, 5))
    A = A + np.swapaxes(A, 1, 2)
    angles = np.linspace(0, np.pi, 20001)
    mixed = np.multiply.outer(np.cos(angles), A[0]) + np.multiply.outer(np.sin(angles), A[1])
    expected = np.abs(np.linalg.eigvalsh(mixed)).max()
    found = laziness(Partial(quadratic, A), generator.standard_normal(5), [0.0, 0.0]).curvature
    np.testing.assert_allclose(found, expected, rtol=1e-7)


NETWORK = TwoLayerNetwork(4, 1.0)
ON, START = NETWORK.on(X), NETWORK.init(1)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: TwoLayerNetwork(5, 1.0), "width must be even if every neuron has a twin, found 5"),
        (lambda: TwoLayerNetwork(4, 0.0), "scale must be positive and finite, found 0.0"),
        (lambda: TwoLayerNetwork(0, 1.0), "width must be an integer, at least 1, found 0"),
        (lambda: NETWORK.on(np.ones(3)), "X must have 2 axes"),
        (lambda: function_flow(ON, START, [1.0], [1.0]), r"y must have the shape \(5,\)"),
        (lambda: function_flow(ON, START, Y, [2.0, 1.0]), "times must rise"),
        (lambda: linearised_flow(ON, START, Y[:2], [1.0]), "y must have the shape"),
        (lambda: laziness(ON, START, [1.0]), "y must have one entry an output: 5 outputs"),
        (
            lambda: laziness(jnp.square, jnp.zeros(2), [1.0, 1.0]),
            "params must be a point where features move, found DF = 0",
        ),
        (
            lambda: horizontal_lift(jnp.square, jnp.ones(1), [[2.0], [3.0]]),
            r"path must start at the features \[1.\], found \[\[2.\]\]",
        ),
        (
            lambda: horizontal_lift(jnp.square, jnp.zeros(1), [[0.0], [3.0]]),
            "params must be a point where features can move in every direction",
        ),
        (lambda: is_commuting(ON, START, tolerance=0.0), "tolerance must be positive"),
        (lambda: lie_brackets(ON, (jnp.nan, *START[1:])), "params must be finite, found nan"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
