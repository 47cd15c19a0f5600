"""Steepest descent and Adam on separable data: which margin, how fast, and when it changes."""

import cvxpy as cp
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optax import contrib

import implicitbias as ib

HERE = "geometry/algorithms"
INF = np.inf
VECTORS = (1, 2, INF)
NORMS = (*VECTORS, "spectral")

X, Y, _ = map(np.asarray, ib.separable_classification(20, 5, margin=0.3, seed=3))
SIGNED = Y[:, None] * X
LOSS = ib.LogLoss(X, Y)
BEST = {norm: np.asarray(ib.max_margin(X, Y, norm)) for norm in VECTORS}
LARGEST = {norm: 1 / np.linalg.norm(w, norm) for norm, w in BEST.items()}
DUALS = {1: INF, 2: 2, INF: 1}
RADIUS = {norm: np.linalg.norm(X, DUALS[norm], axis=1).max() for norm in VECTORS}
STEPS = 20000
COUNT = np.arange(1, STEPS + 1)
START = np.zeros(5)

MATRICES = np.random.default_rng(1).standard_normal((8, 4, 3))


def missing(w, norm):
    """Part of the largest margin in a norm that the weights do not have."""
    w = np.asarray(w)
    return 1 - (w @ SIGNED.T).min(axis=-1) / np.linalg.norm(w, norm, axis=-1) / LARGEST[norm]


def descend(step_size, norm, normalised=True):
    return np.asarray(
        ib.steepest_descent(LOSS.gradient, START, step_size, STEPS, norm, normalised=normalised)
    )


# Directions, and the same steps by other means


@pytest.mark.parametrize("norm", NORMS)
def test_directions_attain_the_dual_norm(norm):
    for seed in range(5):
        g = np.random.default_rng(seed).standard_normal((4, 3))
        d = np.asarray(ib.steepest_direction(g, norm))
        assert abs(ib.norm_of(d, norm) - 1) < 1e-12
        assert abs((g * d).sum() + ib.dual_norm(g, norm)) < 1e-12
        w = np.random.default_rng(100 + seed).standard_normal((4, 3))
        assert abs((g * w).sum()) <= ib.norm_of(w, norm) * ib.dual_norm(g, norm)


def test_spectral_directions_have_the_rank_of_the_gradient():
    g = np.outer([1.0, 2.0, 2.0, 4.0], [3.0, 4.0, 0.0])
    np.testing.assert_allclose(ib.steepest_direction(g, "spectral"), -g / 25, atol=1e-12)
    assert not np.asarray(ib.steepest_direction(0 * g, "spectral")).any()


def by_hand(norm, w, steps, step_size, normalised):
    """The loss, its gradient and the step in NumPy."""
    for _ in range(steps):
        p = np.exp(-np.tensordot(MATRICES, w, 2)) / len(MATRICES)
        g = -np.tensordot(p, MATRICES, 1)
        if norm == "spectral":
            left, values, right = np.linalg.svd(g, full_matrices=False)
            d, length = left @ right, values.sum()
        elif norm == 1:
            d, length = np.sign(g) * (np.abs(g) == np.abs(g).max()), np.abs(g).max()
        else:
            length = np.linalg.norm(g) if norm == 2 else np.abs(g).sum()
            d = g / length if norm == 2 else np.sign(g)
        w = w - step_size * d * (1 if normalised else length)
    return w


def loss_gradient(w):
    p = jnp.exp(-jnp.tensordot(MATRICES, w, 2)) / len(MATRICES)
    return -jnp.tensordot(p, MATRICES, 1)


@pytest.mark.parametrize(
    ("norm", "normalised"),
    [(1, True), (1, False), (2, True), (INF, False), ("spectral", True), ("spectral", False)],
)
def test_steps_are_those_taken_by_hand(norm, normalised):
    start = np.zeros((4, 3))
    found = ib.steepest_descent(loss_gradient, start, 0.02, 40, norm, normalised=normalised)
    expected = by_hand(norm, start, 40, 0.02, normalised)
    np.testing.assert_allclose(found[-1], expected, atol=1e-11)
    assert found.shape == (41, 4, 3)
    method = ib.steepest_descent(norm=norm, step_size=0.02, normalised=normalised)
    move = jax.jit(lambda w: w + method.update(loss_gradient(w), method.init(w))[0])
    np.testing.assert_allclose(move(move(start)), found[2], atol=1e-12)


def test_nests_have_one_norm():
    g = {"a": jnp.array([[1.0, -2.0]]), "b": jnp.array([[3.0], [0.0]])}

    def move(norm, normalised=False):
        return ib.steepest_descent(norm=norm, normalised=normalised).update(g, optax.EmptyState())[
            0
        ]

    np.testing.assert_allclose(move(1)["b"], [[-3], [0]])
    np.testing.assert_allclose(move(INF)["a"], [[-6, 6]])
    length = np.sqrt(5) + 3  # the dual of the largest of two spectral norms is a sum
    np.testing.assert_allclose(move("spectral")["b"], [[-length], [0]], atol=1e-12)
    np.testing.assert_allclose(move("spectral", True)["a"], g["a"] / -np.sqrt(5), atol=1e-12)


# The largest margin


@pytest.mark.parametrize("norm", VECTORS)
def test_flows_keep_the_bound(check, norm):
    times = np.array([5.0, 50.0, 1e3, 1e5])
    w = np.asarray(ib.steepest_flow(X, Y, norm, times))
    np.testing.assert_allclose([-LOSS(each) for each in w], times, rtol=1e-6)
    bound = np.log(20) / np.linalg.norm(w, norm, axis=1) / LARGEST[norm]
    check(
        "Steepest flow in l1, l2 and l-infinity: the margin misses at most log(n) over the norm",
        HERE,
        "what is missing of the largest margin (linear programming, least distance) over the bound",
        (missing(w, norm) / bound).max(),
        1.0,
    )
    check(
        "Steepest flow in l1, l2 and l-infinity has the largest margin in its norm",
        HERE,
        "part of the largest margin that is missing at log(1/L) = 1e5",
        missing(w[-1], norm),
        3e-5,  # the bound of the theorem there
    )


@pytest.mark.parametrize("norm", VECTORS)
def test_small_steps_follow_the_flow(check, norm):
    gaps = []
    for step in (4e-4, 2e-4):
        path = descend(step, norm)[: round(2.4 / step)]
        log_losses = np.array([-LOSS(w) for w in path[[len(path) // 2, -1]]])
        flow = np.asarray(ib.steepest_flow(X, Y, norm, log_losses))
        gaps.append(np.abs(flow - path[[len(path) // 2, -1]]).max())
    check(
        "Normalised steepest descent with small steps follows the flow",
        HERE,
        "largest difference of a weight over the step size, steps of 4e-4 and 2e-4",
        max(gaps) / 2e-4,
        5.0,
    )
    assert gaps[1] < gaps[0]


@pytest.mark.parametrize("norm", VECTORS)
def test_steps_keep_the_bound(check, norm):
    radius, worst = RADIUS[norm], 0.0
    for sizes in (np.full(STEPS, 0.03), np.full(STEPS, 0.3), 1 / radius / np.sqrt(COUNT)):
        path, length = descend(sizes, norm)[1:], np.cumsum(sizes)
        bound = (np.log(20) + radius**2 / 2 * np.cumsum(sizes**2)) / length / LARGEST[norm]
        worst = max(worst, (missing(path, norm) / bound).max())
    check(
        "Normalised steepest descent: the margin misses at most "
        "(log(n) + R^2/2 sum of squared steps) over their sum",
        HERE,
        "what is missing over the bound, all of 20000 steps, three choices of steps, three norms",
        worst,
        1.0,
    )
    decaying = missing(path[-1], norm)
    check(
        "Normalised steepest descent with decaying steps has the largest margin in its norm",
        HERE,
        "part of the largest margin that is missing after 20000 steps 1/(R sqrt(k)), against the "
        "bound there",
        decaying,
        bound[-1],
    )


@pytest.mark.parametrize("norm", [1, INF])
def test_constant_steps_stop_short(check, norm):
    path = descend(0.3, norm)
    halves = missing(path[[STEPS // 2, STEPS]], norm)
    assert (halves > 0.01).all()
    check(
        "Normalised steps of 0.3 in l1 and l-infinity leave more than 1 % of the margin, for good",
        HERE,
        "relative change of what is missing from 10000 to 20000 steps",
        abs(halves[0] / halves[1] - 1),
        0.02,
    )
    assert missing(descend(0.03, norm)[-1], norm) < halves[1] / 5


def test_descent_on_the_logarithm_is_fast(check):
    """Ji and Telgarsky's steps, GD on log L: 1/K, and constant steps need not decay."""
    step = 1 / RADIUS[2] ** 2
    path = descend(step, 2, normalised=False)
    bound = (np.log(20) + 0.5) * RADIUS[2] ** 2 / (LARGEST[2] ** 2 * COUNT)
    gaps = missing(path[1:], 2)
    check(
        "Gradient descent on log L with steps 1/R^2: the margin misses at most "
        "R^2 (log(n) + 1/2) / (gamma k)",
        HERE,
        "what is missing over the bound, all of 20000 steps",
        (gaps / bound).max(),
        1.0,
    )
    check(
        "Gradient descent on log L: the rate is 1/k",
        HERE,
        "slope of what is missing from 2000 to 20000 steps, plus 1",
        abs(np.log10(gaps[-1] / gaps[1999]) + 1),
        0.03,
    )


def test_plain_gradient_descent_is_slow(check):
    logs = np.array([1e3, 1e4])
    gaps = missing(ib.linear_margin_flow(X, Y, logs).weights, 2)
    check(
        "Plain gradient flow: the margin misses its largest value by a multiple of 1/log(t)",
        HERE,
        "slope in log(t) from 1e3 to 1e4, plus 1",
        abs(np.log10(gaps[1] / gaps[0]) + 1),
        0.01,
    )


@pytest.mark.parametrize("norm", VECTORS)
def test_momentum_does_not_matter(check, norm):
    method = optax.chain(optax.ema(0.9), ib.steepest_descent(norm=norm, normalised=True))

    @jax.jit
    def run(sizes):
        def step(carry, size):
            w, state = carry
            updates, state = method.update(LOSS.gradient(w), state, w)
            return (w + size * updates, state), None

        return jax.lax.scan(step, (jnp.zeros(5), method.init(jnp.zeros(5))), sizes)[0][0]

    check(
        "With momentum 0.9 normalised steepest descent has the largest margin in its norm",
        HERE,
        "part of the largest margin that is missing after 20000 steps 1/(R sqrt(k))",
        missing(run(jnp.asarray(1 / RADIUS[norm] / np.sqrt(COUNT))), norm),
        0.03,
    )


# Adam


def test_adam_takes_the_steps_of_optax(check):

    @jax.jit
    def run(constants):
        method = optax.adam(0.01, *constants)

        def step(carry, _):
            w, state = carry
            updates, state = method.update(jax.grad(lambda w: jnp.exp(LOSS(w)))(w), state, w)
            return (w + updates, state), w

        return jax.lax.scan(step, (jnp.zeros(5), method.init(jnp.zeros(5))), length=2001)[1]

    worst = 0.0
    for constants in ((0.9, 0.999, 0.0), (0.9, 0.999, 1e-8), (0.5, 0.9, 1e-3)):
        names = dict(zip(("b1", "b2", "eps"), constants, strict=True))
        found = ib.adam_descent(LOSS, 0.01, STEPS, **names)[:2001]
        worst = max(worst, np.abs(found - run(jnp.array(constants))).max())
    check(
        "Adam with averages over the loss takes the steps of optax.adam",
        HERE,
        "largest difference of a weight, 2000 steps, three choices of constants",
        worst,
        1e-10,
    )


def test_sign_descent_is_adam_without_memory():
    found = ib.adam_descent(LOSS, 0.03, STEPS, b1=0.0, b2=0.0, eps=0.0)
    np.testing.assert_allclose(found, descend(0.03, INF), atol=1e-10)
    assert -LOSS(found[-1]) > 400  # where the square of the gradient is zero in float64


def test_adam_has_the_largest_l_infinity_margin(check):
    path = ib.adam_descent(LOSS, 0.3 / np.sqrt(COUNT), STEPS, b2=0.9, eps=0.0)
    check(
        "Adam with epsilon zero and decaying steps has the largest l-infinity margin",
        HERE,
        "part of it that is missing after 20000 steps 0.3/sqrt(k), beta2 = 0.9",
        missing(path[-1], INF),
        0.02,
    )


def test_adams_speed_limit(check):
    worst = 0.0
    for b2 in (0.99, 0.999):
        path = ib.adam_descent(LOSS, 0.1, STEPS, b2=b2, eps=0.0)
        speed = float(LOSS(path[STEPS // 2]) - LOSS(path[-1])) / (STEPS / 2)
        worst = max(worst, abs(speed / (-np.log(b2) / 2) - 1))
    check(
        "However large its steps, Adam's loss falls by sqrt(beta2) a step in the long run",
        HERE,
        "relative difference of the speed from log(1/beta2)/2, the second 10000 of 20000 steps",
        worst,
        0.02,
    )


def test_adam_flow_is_adam_with_small_steps(check):
    gaps = []
    for step in (2e-4, 1e-4):
        path = ib.adam_descent(LOSS, step, STEPS, b1=0.0, b2=0.0, eps=0.05)
        log_losses = np.array([-LOSS(path[round(at / step)]) for at in (1.0, 1.9)])
        flow = ib.adam_flow(X, Y, 0.05, log_losses)
        ends = np.stack([path[round(at / step)] for at in (1.0, 1.9)])
        gaps.append(np.abs(flow - ends).max())
    check(
        "Adam without memory and with small steps follows its flow, at first order",
        HERE,
        "ratio of largest differences when the step is halved, less 2",
        abs(gaps[0] / gaps[1] - 2),
        0.1,
    )


EPSILONS = 10.0 ** np.array([-2.0, -4, -8, -16, -32])
RANGE = np.abs(X).max()


def test_the_handover_bounds(check):
    before, after = 0.0, 0.0
    for eps in EPSILONS:
        first = np.log(LARGEST[INF] / (2 * 5 * eps))
        second = np.log(2 * RANGE / eps)
        times = np.unique([*np.linspace(0.2, 1, 9) * first, second])
        w = np.asarray(ib.adam_flow(X, Y, eps, times))
        bound = (np.log(20) + 1) / np.linalg.norm(w[:-1], INF, axis=1) / LARGEST[INF]
        before = max(before, (missing(w[:-1], INF) / bound).max())
        later = second * np.array([1.5, 3, 10, 1e3])
        v = np.asarray(ib.adam_flow(X, Y, eps, later))
        excess = LARGEST[2] * np.linalg.norm(w[-1]) - second + np.log(20) + 1
        bound = excess / np.linalg.norm(v, axis=1) / LARGEST[2]
        after = max(after, (missing(v, 2) / bound).max())
    check(
        "Adam's flow until the loss is 2 d epsilon / gamma: the l-infinity margin misses at most "
        "(log(n) + 1) over the norm",
        HERE,
        "what is missing over the bound, epsilon from 1e-2 to 1e-32",
        before,
        1.0,
    )
    check(
        "Adam's flow after the loss is epsilon / 2R: the l2 margin misses at most a constant over "
        "the norm",
        HERE,
        "what is missing over the bound, epsilon from 1e-2 to 1e-32",
        after,
        1.0,
    )


def test_one_sample_hands_over_where_it_should(check):
    """dw2/dw1 = (1 + E) / (1 + 2E) with E = epsilon / L is halfway at E = 1/2."""
    worst = 0.0
    for eps in EPSILONS:
        s = np.log(0.5 / eps)
        w = np.asarray(ib.adam_flow([[1.0, 0.5]], np.ones(1), eps, s + np.array([-1e-3, 1e-3])))
        first, second = np.diff(w, axis=0)[0]
        worst = max(worst, abs(second / first - 0.75))
    check(
        "One sample: the direction of Adam's flow is halfway at a loss of 2 epsilon",
        HERE,
        "difference of the ratio of the weights' speeds from 3/4, epsilon from 1e-2 to 1e-32",
        worst,
        1e-4,
    )


def halfway(x, labels, eps, level):
    """log(1/L) at which the weights miss this part of the l-infinity norm, by the flow."""
    times = np.linspace(1, 3, 4001) * -np.log(eps)
    w = np.asarray(ib.adam_flow(x, labels, eps, times))
    best = 1 / np.linalg.norm(ib.max_margin(x, labels, INF), INF)
    margin = (labels * (w @ np.asarray(x).T)).min(axis=1)
    return np.interp(level, 1 - margin / np.abs(w).max(axis=1) / best, times)


def test_weights_turn_later_than_steps(check):
    """One sample: the weights are w_inf s* + w_2 (s - s*), which is halfway at s = 11/6 s*."""
    eps = (1e-16, 1e-32)
    found = [halfway([[1.0, 0.5]], np.ones(1), each, 1 / 12) for each in eps]
    check(
        "One sample: Adam's weights are halfway at log(1/L) = 11/6 log(1/epsilon) + a constant",
        HERE,
        "relative difference of the slope in log(1/epsilon), between 1e-16 and 1e-32",
        abs((found[1] - found[0]) / np.log(eps[0] / eps[1]) / (11 / 6) - 1),
        1e-3,
    )


# Matrices, and Muon


def spectral_margin():
    """The largest margin in the spectral norm, by semidefinite programming."""
    w = cp.Variable((4, 3))
    constraints = [cp.sum(cp.multiply(each, w)) >= 1 for each in MATRICES]
    problem = cp.Problem(cp.Minimize(cp.sigma_max(w)), constraints)
    problem.solve(solver=cp.CLARABEL)
    return 1 / problem.value


def of_matrices(path, norm):
    w = np.asarray(path)
    return np.tensordot(MATRICES, w, 2).min() / float(ib.norm_of(w, norm))


@pytest.fixture(scope="module")
def separators():
    """Matrices after 20000 normalised steps 1/sqrt(k) in each norm, and a bound by duality."""
    loss, sizes, half = ib.LogLoss(MATRICES, np.ones(8)), 1 / np.sqrt(COUNT), STEPS // 2
    found = {}
    for norm in NORMS:
        path = ib.steepest_descent(
            loss.gradient, np.zeros((4, 3)), sizes, STEPS, norm, normalised=True
        )
        weights = np.exp(-np.tensordot(path[half:-1], MATRICES, [(1, 2), (1, 2)]))
        p = (sizes[half:, None] * weights / weights.sum(axis=1, keepdims=True)).sum(axis=0)
        late = np.tensordot(p / p.sum(), MATRICES, 1)
        found[norm] = path[-1], float(ib.dual_norm(late, norm))
    return found


def test_each_algorithm_has_the_largest_margin_in_its_norm(check, separators):
    flat = MATRICES.reshape(8, -1)
    least = {norm: ib.max_margin(flat, np.ones(8), norm) for norm in VECTORS}
    largest = {norm: 1 / np.linalg.norm(w, norm) for norm, w in least.items()}
    largest["spectral"] = spectral_margin()
    worst = 0.0
    for norm in NORMS:
        margins = {by: of_matrices(separators[by][0], norm) for by in NORMS}
        assert max(margins, key=margins.__getitem__) == norm
        worst = max(worst, 1 - margins[norm] / largest[norm])
        assert margins[norm] <= largest[norm] * (1 + 1e-6) <= separators[norm][1] * (1 + 2e-6)
    check(
        "Descent in l1, l2, l-infinity and the spectral norm: each has the largest margin in its "
        "own norm",
        HERE,
        "part that is missing after 20000 steps 1/sqrt(k), against linear, quadratic and "
        "semidefinite programming",
        worst,
        0.02,
    )


def newton_schulz(values, **options):
    """What Muon makes of singular values."""
    method = contrib.scale_by_muon(beta=0.0, nesterov=False, **options)
    return np.diag(jax.jit(lambda g: method.update(g, method.init(g))[0])(np.diag(values)))


def test_muon_is_spectral_descent_but_for_newton_and_schulz(check):
    values = np.geomspace(1e-2, 1, 16)
    five = newton_schulz(values)
    assert five.min() > 0.6 and five.max() < 1.25 and np.ptp(five) > 0.3
    exact = newton_schulz(values, ns_coeffs=(2.0, -1.5, 0.5), ns_steps=15)
    check(
        "Muon with 15 steps of a convergent iteration is spectral descent",
        HERE,
        "largest difference of a singular value from 1",
        np.abs(exact - 1).max(),
        1e-6,
    )


def test_muon_misses_the_spectral_margin(check, separators):
    loss = ib.LogLoss(MATRICES, np.ones(8))
    method = contrib.scale_by_muon()

    @jax.jit
    def run(sizes):
        def step(carry, size):
            w, state = carry
            updates, state = method.update(loss.gradient(w), state, w)
            return (w - size * updates, state), None

        w = jnp.zeros((4, 3))
        return jax.lax.scan(step, (w, method.init(w)), sizes)[0][0]

    muon = of_matrices(run(jnp.asarray(1 / np.sqrt(COUNT[:5000]))), "spectral")
    check(
        "Muon's spectral margin is smaller than that of spectral descent",
        HERE,
        "the one over the other; 5000 steps of optax's Muon, 20000 of spectral descent",
        muon / of_matrices(separators["spectral"][0], "spectral"),
        0.97,
    )


def test_muon_has_an_epsilon_too(check):
    g = np.random.default_rng(0).standard_normal((4, 3))
    method = contrib.scale_by_muon(beta=0.0, nesterov=False)
    move = jax.jit(lambda g: method.update(g, method.init(g))[0])
    off = {}
    for size in (1e-4, 1e-14):
        step = np.asarray(move(size * g))
        off[size] = 1 - (step * g).sum() / np.linalg.norm(step) / np.linalg.norm(g)
    assert off[1e-4] > 0.01
    check(
        "Far below its epsilon Muon is gradient descent",
        HERE,
        "1 less the cosine of step and gradient, for a gradient of size 1e-14",
        off[1e-14],
        1e-6,
    )


# What it does not say


EQUATIONS = np.array([[1.0, 0.5, 0.2], [0.3, 1.0, -0.6]]), np.array([1.0, 0.5])


def test_on_the_square_loss_the_end_depends_on_the_steps(check):
    A, b = map(jnp.asarray, EQUATIONS)
    gradient = jax.tree_util.Partial(lambda A, b, w: A.T @ (A @ w - b), A, b)
    ends = {}
    for norm in (2, INF):
        for step in (0.01, 0.1):
            path = ib.steepest_descent(gradient, np.zeros(3), step, 4000, norm)
            assert np.abs(A @ path[-1] - b).max() < 1e-9
            ends[norm, step] = np.asarray(path[-1])
    check(
        "On the square loss, gradient descent ends at the least l2 norm with any steps",
        HERE,
        "largest entry of the difference, steps 0.01 and 0.1",
        max(np.abs(ends[2, step] - ib.minimum_norm(*EQUATIONS)).max() for step in (0.01, 0.1)),
        1e-9,
    )
    check(
        "On the square loss, where descent in l-infinity ends depends on the steps",
        HERE,
        "0.05 over the largest difference of the ends with steps 0.01 and 0.1",
        0.05 / np.abs(ends[INF, 0.01] - ends[INF, 0.1]).max(),
        1.0,
    )


def test_large_steps_on_the_logistic_loss(check):
    samples = jnp.array([[1, 0.2], [-0.8, 0.3]])
    margin = 1 / np.linalg.norm(ib.max_margin(samples, np.ones(2), 2))

    @jax.jit
    def losses(eta):
        def step(w, _):
            margins = samples @ w
            moved = w + eta * samples.T @ jax.nn.sigmoid(-margins) / 2
            return moved, jnp.logaddexp(0, -margins).mean()

        return jax.lax.scan(step, jnp.zeros(2), length=10001)[1]

    worst = 0.0
    for eta in (1.0, 10.0, 30.0):
        found = np.asarray(losses(eta))
        assert (np.diff(found) > 0).any() == (eta > 20)
        worst = max(worst, abs(found[-1] * eta * 10000 * margin**2 - 1))
    check(
        "Logistic loss after k steps of gradient descent, also large ones: 1/(gamma^2 eta k)",
        HERE,
        "relative difference at k = 10000, eta = 1, 10 and 30; with 30 the loss rises at first",
        worst,
        0.02,
    )


# Bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ib.norm_of([1.0], 3), "norm must be 1, 2, infinity or"),
        (lambda: ib.dual_norm([1.0], "spectral"), "g must be a matrix for the norm"),
        (lambda: ib.steepest_direction([np.nan], 1), "gradient must be finite"),
        (lambda: ib.steepest_descent(norm=0), "norm must be 1, 2, infinity or"),
        (lambda: ib.steepest_descent(norm=2, start=[1.0]), "needs a gradient to follow"),
        (lambda: ib.steepest_descent(norm=2, step_size=0.0), "step_size must be positive"),
        (lambda: ib.steepest_descent(lambda w: w, [1.0], 0.1, 0, 2), "steps must be an integer"),
        (lambda: ib.steepest_descent(lambda w: w, [1.0], [0.1], 2, 2), "one number or one a step"),
        (
            lambda: ib.steepest_descent(lambda w: w[:1], [1.0, 2.0], 0.1, 1, 2),
            r"gradient must have the shape \(2,\)",
        ),
        (lambda: ib.LogLoss([1.0], [1.0]), "X must hold samples that are vectors or matrices"),
        (lambda: ib.LogLoss([[1.0]], [0.5]), "labels must be -1 or"),
        (lambda: ib.adam_descent(lambda w: w, 0.1, 1), "loss must be a LogLoss"),
        (lambda: ib.adam_descent(LOSS, 0.1, 1, b1=1.0), r"b1 must lie in \[0, 1\), found 1.0"),
        (lambda: ib.adam_descent(LOSS, 0.1, 1, eps=-1.0), "eps must be finite and not negative"),
        (lambda: ib.adam_flow(X, Y, np.inf, [1.0]), "eps must be finite and not negative"),
        (lambda: ib.steepest_flow(X, Y, "spectral", [1.0]), "norm must be 1, 2 or infinity"),
        (lambda: ib.steepest_flow(X, Y, 2, [2.0, 1.0]), "log_losses must be positive and rise"),
        (lambda: ib.steepest_flow([[1.0], [1.0]], [1.0, -1.0], 2, [1.0]), "separable"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_divergence_is_refused():
    with pytest.raises(ib.Diverged, match="outside the range of float64"):
        ib.steepest_descent(lambda w: 10 * w, [1.0], 1.0, 1000, 2)
