"""Stochastic convex optimisation: learners against plain NumPy, risks against enumeration."""

from itertools import product

import cvxpy as cp
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq, minimize
from scipy.stats import binom

import implicitbias as ib
from implicitbias import learning

HERE = "learning/stochastic"
GOLDEN = (1 + np.sqrt(5)) / 2


def descend(gradient, samples, start, steps, project):
    """One pass in plain NumPy: all weights w_1, ..., w_{n+1}."""
    path = [np.asarray(start, float)]
    for z, eta in zip(samples, np.broadcast_to(steps, len(samples)), strict=True):
        path.append(project(path[-1] - eta * gradient(path[-1], z)))
    return np.array(path)


def on_ball(radius):
    return lambda w: w * min(1.0, radius / max(np.linalg.norm(w), 1e-300))


def test_one_pass_is_projected_descent(check):
    rng = np.random.default_rng(0)
    z, steps = rng.standard_normal((9, 3)), rng.uniform(0.1, 1.0, 9)
    run = learning.one_pass_sgd(lambda w, z: w - z, z, np.zeros(3), steps, radius=0.7)
    path = descend(lambda w, z: w - z, z, np.zeros(3), steps, on_ball(0.7))
    assert (np.linalg.norm(path, axis=1) > 0.7 - 1e-12).any()
    w = path[:9]
    expected = (w.mean(axis=0), w[4:].mean(axis=0), np.arange(1, 10) @ w / 45, path[9])
    check(
        "One pass of projected SGD and its averages",
        HERE,
        "largest entry of the difference to a loop in NumPy, with projections",
        max(np.abs(a - b).max() for a, b in zip(run, expected, strict=True)),
        1e-14,
    )


def test_regret_is_bounded_for_any_sequence(check):
    rng, ratios = np.random.default_rng(1), []
    for n in (16, 100, 900):
        # The third sequence pushes outwards where the weights are, the worst a linear loss can do.
        random, drift = rng.standard_normal((2, n, 2))
        sequences = [random, drift + [0.3, 0], None]
        for gradients in sequences:
            w, total, paid = np.zeros(2), np.zeros(2), 0.0
            for t in range(n):
                g = w + 1e-3 if gradients is None else gradients[t]
                g = g / np.linalg.norm(g)
                paid, total = paid + g @ w, total + g
                w = on_ball(1.0)(w - g / np.sqrt(n))
            regret = (paid + np.linalg.norm(total)) / n
            ratios.append(regret / learning.sgd_bound(n, 1.0, 1.0))
    check(
        "The mean regret of projected gradient steps is at most B G / sqrt(n), for any sequence",
        HERE,
        "largest ratio of regret, against the best weights in hindsight, to the bound; "
        "nine sequences of linear losses",
        max(ratios),
        1.0,
    )


def coin_law(n, deltas):
    """Expected weights of SGD on the coin before each step: "deltas n"; n a square."""
    m = round(np.sqrt(n))
    step = np.zeros((2, 2 * m + 1, 2 * m + 1))
    for k in range(2 * m + 1):
        step[0, k, max(k - 1, 0)] = step[1, k, min(k + 1, 2 * m)] = 1
    found = []
    for delta in deltas:
        law, matrix = np.eye(2 * m + 1)[m], (0.5 - delta) * step[0] + (0.5 + delta) * step[1]
        means = []
        for _ in range(n):
            means.append(law @ np.arange(-m, m + 1) / m)
            law = law @ matrix
        found.append(means)
    return np.array(found)


def coin_erm(n, delta, penalty):
    mean = (2 * np.arange(n + 1) - n) / n
    w = np.clip(mean / penalty, -1, 1)
    return 2 * delta * (1 - binom.pmf(np.arange(n + 1), n, 0.5 + delta) @ w)


def test_the_coin_nearly_attains_the_bound(check):
    ratios = {}
    for n in (16, 64, 256, 1024, 4096):
        deltas = np.minimum(np.array([0.5, 1.0, 1.4, 2.0]) / np.sqrt(n), 0.5)
        risks = 2 * deltas * (1 - coin_law(n, deltas).mean(axis=1))
        ratios[n] = (risks / learning.sgd_bound(n, 1.0, 1.0)).max()
    check(
        "Averaged one-pass SGD has an expected excess risk of at most B G / sqrt(n) on the coin",
        HERE,
        "largest ratio of exact risk to bound; n from 16 to 4096, four odds",
        max(ratios.values()),
        1.0,
    )
    check(
        "The constant of that bound cannot be improved by more than four per cent",
        HERE,
        "1 less the ratio of exact risk to bound, n = 4096",
        1 - ratios[4096],
        0.04,
    )
    n, delta = 64, 0.1
    z = np.random.default_rng(2).choice([-1.0, 1.0], (4000, n), p=[0.5 - delta, 0.5 + delta])
    run = jax.jit(
        jax.vmap(
            lambda z: learning.one_pass_sgd(lambda w, z: -z, z, jnp.zeros(1), 1 / 8, radius=1.0)
        )
    )(z)
    w = np.asarray(run.average[:, 0])
    check(
        "The exact risk of SGD on the coin, from the chain of its weights",
        HERE,
        "difference of the mean weights to 4000 runs, in standard errors",
        abs(w.mean() - coin_law(n, [delta]).mean()) / (w.std() / np.sqrt(4000)),
        3.5,
    )


def test_regularised_erm_on_the_coin(check):
    ratios = []
    for n, factor in product((4, 16, 64, 1024), (0.2, 0.5, 1.0, 2.0, 5.0)):
        penalty = factor * np.sqrt(2 / n)
        bound = learning.regularized_erm_bound(n, 1.0, 1.0, penalty)
        for delta in np.minimum(np.linspace(0.05, 2.5, 30) / np.sqrt(n), 0.5):
            ratios.append(coin_erm(n, delta, penalty) / bound)
    check(
        "Regularised ERM has an expected excess risk of at most lambda B^2/2 + G^2/(lambda n) on "
        "the coin",
        HERE,
        "largest ratio of exact risk to bound; four n, five penalties, 30 odds",
        max(ratios),
        1.0,
    )
    risks = [
        max(coin_erm(n, t / np.sqrt(n), 1e-12) for t in np.linspace(0.05, 1, 100))
        for n in (1024, 4096)
    ]
    check(
        "The worst excess risk of ERM on the coin falls as one over the root of n",
        HERE,
        "slope between n = 1024 and 4096, plus 1/2",
        abs(np.log(risks[1] / risks[0]) / np.log(4) + 0.5),
        1e-3,
    )


def test_samples_in_order_are_not_independent():
    z = np.repeat([1.0, -1.0], [768, 256])
    w = learning.one_pass_sgd(lambda w, z: -z, z, np.zeros(1), 1 / 32, radius=1.0).average
    excess = 0.5 * (1 - float(w[0]))
    assert abs(excess - 0.25) < 2 / 32 and excess > 7 * learning.sgd_bound(1024, 1.0, 1.0)


def digits():
    X, y, _ = ib.real_data("digits")
    X = np.asarray(X) / np.linalg.norm(X, axis=1).max()
    return X * np.asarray(y)[:, None]


def loss(w, z):
    return jnp.logaddexp(0.0, -z @ w)


def weighed(w, sample):
    return sample[1] * loss(w, sample[0])


def gradient(w, z):
    return -z * jax.nn.sigmoid(-z @ w)


def test_learners_on_the_digits(check):
    z, radius, n = digits(), 10.0, 128
    N, d = z.shape
    population = jnp.asarray(z)

    def regularized(weights, penalty):
        samples = population, jnp.asarray(weights)
        return np.asarray(learning.regularized_erm(weighed, samples, penalty, np.zeros(d)))

    w = cp.Variable(d)
    objective = cp.Minimize(cp.sum(cp.logistic(-z @ w)) / N)
    least = cp.Problem(objective, [cp.norm(w) <= radius]).solve(solver=cp.CLARABEL)

    def at(log_penalty):
        return regularized(np.ones(N), np.exp(log_penalty))

    log_penalty = brentq(lambda log: np.linalg.norm(at(log)) - radius, -14, 0)
    assert isinstance(log_penalty, float) and isinstance(least, float)
    risk = np.logaddexp(0.0, -z @ at(log_penalty)).mean()
    check(
        "The least logistic risk of the digits in a ball, by regularised ERM",
        HERE,
        "difference to a conic solver",
        abs(risk - least),
        1e-6,
    )
    drawn = np.random.default_rng(n).integers(0, N, (10, n))
    step = jnp.asarray([radius / np.sqrt(n), learning.optimistic_step_size(n, radius, 0.25, least)])
    passes = jax.jit(
        lambda step: (
            jax.vmap(
                lambda z: learning.one_pass_sgd(gradient, z, jnp.zeros(d), step, radius=radius)
            )(population[drawn]).average
        )
    )
    penalty = np.sqrt(2 / n) / radius
    shrunk = [regularized(np.bincount(i, minlength=N) * N / n, penalty) for i in drawn]
    found = {
        learning.sgd_bound(n, radius, 1.0): passes(step[0]),
        learning.optimistic_bound(n, radius, 0.25, least): passes(step[1]),
        learning.regularized_erm_bound(n, radius, 1.0): np.array(shrunk),
    }
    excess = {
        bound: (np.logaddexp(0.0, -np.asarray(w) @ z.T).mean(axis=1) - least).mean()
        for bound, w in found.items()
    }
    check(
        "One pass, with both step sizes, and regularised ERM keep their bounds on the digits",
        HERE,
        "largest ratio of mean excess risk to bound, 10 draws of 128 samples",
        max(risk / bound for bound, risk in excess.items()),
        1.0,
    )
    moved = [
        np.linalg.norm(regularized((np.bincount(i, minlength=N) + change) * N / n, penalty) - w)
        for i, w in zip(drawn, shrunk, strict=True)
        for change in [np.eye(N)[5] - np.eye(N)[i[0]]]
    ]
    check(
        "Replacing one sample moves the minimiser of regularised ERM by at most 2G/(lambda n)",
        HERE,
        "largest ratio of distance to bound, logistic loss on the digits",
        max(moved) * penalty * n / 2,
        1.0,
    )


def test_stability_is_attained_by_linear_losses(check):
    penalty, z = 0.3, np.ones((5, 1))
    other = z.copy()
    other[0] = -1

    def minimiser(z):
        return learning.regularized_erm(lambda w, z: -w @ z, z, penalty, np.zeros(1))

    moved = float(jnp.linalg.norm(minimiser(z) - minimiser(other)))
    check(
        "For linear losses a replaced sample may move the minimiser by exactly 2G/(lambda n)",
        HERE,
        "relative difference, five samples",
        abs(moved * penalty * 5 / 2 - 1),
        1e-12,
    )


def test_regularised_erm_is_the_minimiser():
    rng = np.random.default_rng(3)
    z = rng.standard_normal((20, 4))
    w = learning.regularized_erm(loss, jnp.asarray(z), 0.1, np.zeros(4))

    def objective(w):
        return np.logaddexp(0.0, -z @ w).mean() + 0.05 * w @ w

    found = minimize(objective, np.zeros(4), method="Nelder-Mead", options={"xatol": 1e-7})
    np.testing.assert_allclose(w, found.x, atol=1e-5)
    with pytest.raises(ValueError, match="loss must be convex and twice differentiable"):
        learning.regularized_erm(
            lambda w, z: jnp.abs(w - 1).sum(), jnp.asarray(z), 0.1, np.zeros(4)
        )


def test_lipschitz_functions_contract(check):
    rng, n = np.random.default_rng(4), 8
    signs = np.array(list(product([-1, 1], repeat=n)))
    functions = [np.abs, np.sin, lambda t: np.maximum(0, 1 - t), lambda t: np.logaddexp(0, -t)]
    ratios = []
    for _ in range(20):
        points = rng.standard_normal((12, n))
        moved = np.column_stack([functions[i % 4](points[:, i]) for i in range(n)])
        plain = (points @ signs.T).max(axis=0).mean()
        ratios.append((moved @ signs.T).max(axis=0).mean() / plain)
    check(
        "Contraction: functions of Lipschitz constant 1 do not raise a Rademacher average",
        HERE,
        "largest ratio of the averages, over all signs; 20 sets of 12 points",
        max(ratios),
        1.0,
    )


def largest_gap(seen, x):
    """max of sum_j q_j (w_j - x_j)^2 over the unit ball, q = (1/2 - seen)/2."""
    q = (0.5 - seen) / 2

    def weights(mu):
        return -q * x / (mu - q)

    mu = brentq(lambda mu: weights(mu) @ weights(mu) - 1, q.max() + 1e-9, q.max() + 10)
    assert isinstance(mu, float)
    return q @ (weights(mu) - x) ** 2


def test_uniform_convergence_depends_on_the_dimension(check):
    rng = np.random.default_rng(5)
    seen, x = np.array([0.1, 0.5, 0.6]), np.full(3, 0.5 / np.sqrt(3))
    points = rng.standard_normal((200000, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    searched = ((points - x) ** 2 @ ((0.5 - seen) / 2)).max()
    assert 0 <= largest_gap(seen, x) - searched < 1e-3
    gaps = []
    for d in (2**8, 2**16):
        draws = rng.binomial(64, 0.5, (20, d)) / 64
        gap = np.mean([largest_gap(seen, np.full(d, 0.5 / np.sqrt(d))) for seen in draws])
        gaps.append(gap / (np.sqrt(np.log(d) / 128) / 2))
    check(
        "The largest gap between risk and training error of the masked mean grows like the root "
        "of log d",
        HERE,
        "relative difference to half the root of log(d)/(2n), n = 64, d = 256 and 65536, 20 draws",
        np.abs(np.array(gaps) - 1).max(),
        0.15,
    )
    heads = np.arange(65)
    linear = binom.pmf(heads, 64, 0.5) @ np.abs(2 * heads - 64) / 64
    means = np.linalg.norm(rng.standard_normal((200, 4096)) / np.sqrt(64 * 4096), axis=1).mean()
    check(
        "The largest gap of a linear problem is at most 2 B G R / sqrt(n), in any dimension",
        HERE,
        "largest ratio to the bound; fair signs exactly, and the sphere in 4096 dimensions",
        max(linear, means) / learning.uniform_convergence_bound(64, 1.0, 1.0, 1.0),
        1.0,
    )


def waiting(n, states=200):
    """Expected S_t, t = 1, ..., n: up by one or down by two, never below zero."""
    step = np.zeros((states, states))
    for k in range(states):
        step[k, min(k + 1, states - 1)] += 0.5
        step[k, max(k - 2, 0)] += 0.5
    law, means = np.eye(states)[0], []
    for _ in range(n):
        law = law @ step
        means.append(law @ np.arange(states))
    return np.array(means)


def test_plain_averages_cost_a_logarithm(check):
    S, n = waiting(4096), 1024
    check(
        "The weights of the example settle at the golden ratio over t",
        HERE,
        "difference of the stationary mean of the walk, 4096 steps",
        abs(S[-1] - GOLDEN),
        1e-9,
    )
    shares = S[:-1] / np.arange(1, 4096)
    growth = (shares.sum() - shares[:1023].sum()) / 2
    check(
        "n times the risk of the plain average grows by half the golden ratio times log n",
        HERE,
        "difference of the growth from n = 1024 to 4096, exact chain",
        abs(growth - GOLDEN / 2 * np.log(4)),
        1e-3,
    )
    z = np.random.default_rng(6).choice([-1.0, 2.0], (2000, n))
    times = np.arange(1.0, n + 1)
    passes = jax.jit(
        lambda steps: jax.vmap(
            lambda z: learning.one_pass_sgd(
                lambda w, z: w + 0.5 + z, z, -0.5 * jnp.ones(1), steps, radius=0.5
            )
        )(z)
    )
    first, second = passes(1 / times), passes(2 / (times + 1))
    average, suffix, last = (
        np.asarray(w[:, 0]) + 0.5 for w in (first.average, first.suffix, first.last)
    )
    weighted = np.asarray(second.weighted[:, 0]) + 0.5
    expected = (shares[:1023].sum() / n, shares[511:1023].sum() / 512, S[1023] / n)
    z_scores = [
        abs(w.mean() - mean) / (w.std() / np.sqrt(2000))
        for w, mean in zip((average, suffix, last), expected, strict=True)
    ]
    check(
        "SGD with steps 1/t on the example is a walk that is reflected at zero",
        HERE,
        "difference of mean weights (average, suffix, last) to the chain, in standard errors, "
        "2000 runs",
        max(z_scores),
        3.5,
    )
    risks = [(w / 2 + w**2 / 2).mean() for w in (average, weighted)]
    bounds = [learning.strongly_convex_bound(n, 3.0, 1.0, how) for how in ("uniform", "weighted")]
    check(
        "Strongly convex: plain and weighted averages keep their bounds on the example",
        HERE,
        "largest ratio of mean excess risk to bound; 2000 runs of 1024 samples",
        max(np.divide(risks, bounds)),
        1.0,
    )
    assert risks[0] / bounds[0] > 0.1


def test_optimistic_rates(check):
    ratios, slopes = [], []
    for noise in (0.0, 1.0):
        worst = []
        for n in (8, 128, 2048, 8192):
            least = noise**2 / 2
            step = learning.optimistic_step_size(n, 1.0, 1.0, least)
            dims = np.unique(np.geomspace(1, 2 * n, 100).round().astype(int)).tolist()
            risks = [
                learning.expected_sgd_risk(
                    n, step, norm=1.0, probability=1 / d, features=d, noise=noise
                ).average
                for d in dims
            ]
            worst.append(max(risks))
            ratios.append(max(risks) / learning.optimistic_bound(n, 1.0, 1.0, least))
        slopes.append(np.log(worst[-1] / worst[-2]) / np.log(4))
    check(
        "The optimistic bound holds for one entry seen at a time",
        HERE,
        "largest ratio of exact risk to bound; n from 8 to 8192, d from 1 to 2n, F* = 0 and 1/2",
        max(ratios),
        1.0,
    )
    check(
        "The worst excess risk falls as 1/n where F* = 0, as one over the root of n where F* > 0",
        HERE,
        "difference of slopes between n = 2048 and 8192 to -1 and -1/2",
        np.abs(np.array(slopes) - [-1, -0.5]).max(),
        0.01,
    )
    t = np.linspace(-30, 30, 10001)
    ratio = (1 / (1 + np.exp(t))) ** 2 / (2 * 0.25 * np.logaddexp(0, -t))
    check(
        "A smooth non-negative loss bounds its squared gradient: the logistic loss",
        HERE,
        "largest ratio of the squared derivative to 2 beta f",
        ratio.max(),
        1.0,
    )


def test_bounds_at_their_best_settings():
    for n, radius, smoothness, least in ((10, 1.0, 1.0, 0.0), (50, 2.0, 0.3, 0.4)):

        def bound(step, n=n, radius=radius, smoothness=smoothness, least=least):
            rest = 1 - step * smoothness
            return (step * smoothness * least + radius**2 / (2 * step * n)) / rest

        best = minimize(lambda s: bound(s[0]), [0.1], bounds=[(1e-6, 0.99 / smoothness)])
        step = learning.optimistic_step_size(n, radius, smoothness, least)
        stated = learning.optimistic_bound(n, radius, smoothness, least)
        np.testing.assert_allclose(stated, bound(step), rtol=1e-12)
        np.testing.assert_allclose(stated, best.fun, rtol=1e-6)
        loose = 2 * smoothness * radius**2 / n + np.sqrt(2 * smoothness * radius**2 * least / n)
        assert stated <= loose * (1 + 1e-12)
    best = minimize(lambda s: learning.regularized_erm_bound(50, 2.0, 3.0, s[0]), [0.3])
    np.testing.assert_allclose(learning.regularized_erm_bound(50, 2.0, 3.0), best.fun, rtol=1e-9)
    assert learning.regularized_erm_bound(50, 2.0, 3.0) == pytest.approx(6 * np.sqrt(2 / 50))


def test_bad_arguments_are_refused():
    z, zero = np.ones((3, 1)), np.zeros(1)
    bad = [
        (
            lambda: learning.one_pass_sgd(gradient, np.ones(()), zero, 1.0),
            "samples must be arrays",
        ),
        (lambda: learning.one_pass_sgd(gradient, (z, z[1:]), zero, 1.0), r"found sizes \[2, 3\]"),
        (lambda: learning.one_pass_sgd(gradient, z, zero, -1.0), "step_size must be positive"),
        (lambda: learning.one_pass_sgd(gradient, z, zero, np.ones(2)), "each of 3 samples"),
        (
            lambda: learning.one_pass_sgd(gradient, z, 2 + zero, 1.0, radius=1),
            "start must have norm",
        ),
        (lambda: learning.regularized_erm(loss, z, 0.0, zero), "penalty must be positive"),
        (lambda: learning.sgd_bound(0, 1.0, 1.0), "samples must be positive and finite, found 0"),
        (lambda: learning.regularized_erm_bound(5, 1.0, -1.0), "lipschitz must be positive"),
        (lambda: learning.uniform_convergence_bound(5, 1.0, 1.0, 0.0), "data_radius must be pos"),
        (lambda: learning.strongly_convex_bound(5, 1.0, np.nan), "modulus must be positive"),
        (lambda: learning.optimistic_bound(5, 1.0, 1.0, -1.0), "least_risk must be finite and not"),
    ]
    for run, message in bad:
        with pytest.raises(ValueError, match=message):
            run()
    with pytest.raises(ValueError, match="averaging must be 'uniform' or 'weighted', found 'last'"):
        learning.strongly_convex_bound(5, 1.0, 1.0, "last")  # pyright: ignore[reportArgumentType]
