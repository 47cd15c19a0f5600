"""The masked mean: closed forms against a conic solver, plain descent and enumeration."""

from itertools import product

import cvxpy as cp
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from implicitbias import learning

HERE = "learning/stochastic"


def test_the_risk_is_a_parabola(check):
    masks = np.array(list(product([0.0, 1.0], repeat=6)))
    problem = learning.MaskedMean(jnp.asarray(masks), 0.5, 1e-2)
    rng = np.random.default_rng(0)

    def risk(w):
        return float(np.mean([problem.loss(w, mask) for mask in masks]))

    w = rng.standard_normal((3, 6))
    gaps = [risk(v) - risk(problem.truth) - problem.excess_risk(v) for v in w]
    check(
        "The risk of the masked mean is a quarter of the squared distance to the truth",
        HERE,
        "largest difference to the mean of the loss over all 64 masks",
        np.abs(gaps).max(),
        1e-13,
    )
    by_jax = jax.grad(problem.loss)(jnp.asarray(w[0]), masks[5])
    np.testing.assert_allclose(problem.gradient(jnp.asarray(w[0]), masks[5]), by_jax, atol=1e-14)


@pytest.mark.parametrize("penalty", [0.0, 1e-3, 0.3])
def test_the_minimiser_of_the_training_error(check, penalty):
    gaps = []
    for n, d, seed in ((3, 24, 0), (6, 24, 1)):
        problem = learning.masked_mean(n, d, tilt=1e-2, seed=seed)
        x, masks = 0.5 / np.sqrt(d), np.asarray(problem.masks)
        w = cp.Variable(d)
        error = cp.sum_squares(cp.multiply(masks, np.ones((n, 1)) @ (w - x)[None])) / (2 * n)
        tilted = error - problem.tilt * cp.sum(w - x) / np.sqrt(d)
        objective = cp.Minimize(tilted + penalty / 2 * cp.sum_squares(w))
        cp.Problem(objective, [cp.norm(w) <= 1]).solve(solver=cp.CLARABEL)
        assert w.value is not None
        gaps.append(np.abs(learning.masked_erm(problem, penalty) - w.value).max())
    check(
        "The minimiser of the tilted training error in the ball, with and without a penalty",
        HERE,
        "largest entry of the difference to a conic solver",
        max(gaps),
        1e-5,
    )


def test_erm_is_as_bad_as_the_theorem_says(check):
    shortfall, failed = [], 0
    for n, d, tilt in ((4, 32, 1e-2), (8, 1024, 1e-2), (8, 1024, 1e-6), (10, 4096, 1e-4)):
        for seed in range(10):
            problem = learning.masked_mean(n, d, tilt=tilt, seed=seed)
            share = (problem.seen == 0).mean()
            if not share:
                continue
            promised = np.sqrt(1 - (0.5 + n * tilt) ** 2) - 0.5 * np.sqrt(share) - 2 * tilt
            excess = problem.excess_risk(learning.masked_erm(problem))
            shortfall.append(promised**2 / 4 / excess)
            failed += excess > problem.excess_risk(np.zeros(d))
    assert len(shortfall) > 25 and failed == len(shortfall)
    check(
        "Where a coordinate is unseen, ERM has at least the excess risk of the theorem",
        HERE,
        "largest ratio of promised to computed excess; 40 draws",
        max(shortfall),
        1.0,
    )


def test_expected_risk_of_erm(check):
    scores = []
    for n, d in ((3, 8), (5, 40)):
        draws = [learning.masked_mean(n, d, tilt=1e-7, seed=seed) for seed in range(300)]
        risks = np.array([p.excess_risk(learning.masked_erm(p)) for p in draws])
        gap = abs(risks.mean() - learning.expected_erm_risk(n, d))
        scores.append(gap / (risks.std() / np.sqrt(len(draws))))
    check(
        "The expected excess risk of ERM on the masked mean",
        HERE,
        "difference to the mean of 300 draws, in standard errors, two sizes",
        max(scores),
        3.5,
    )


def test_expected_risks_of_the_others(check):
    n, step, penalty = 6, 0.4, 0.3
    masks = np.array(list(product([0.0, 1.0], repeat=n)))
    shrunk = masks.mean(axis=1) / (masks.mean(axis=1) + penalty)
    gaps = [
        0.25 / 4 * np.mean((shrunk - 1) ** 2) - learning.expected_regularized_risk(n, penalty),
        0.25 / 4 * 0.5**n - learning.expected_regularized_risk(n, 1e-12),
    ]

    def enumerate_errors(outcomes):
        """Errors before every step, and after the last, for all sequences of (seen, noise)."""
        found = []
        for sequence in product(outcomes, repeat=n):
            errors = [0.5]
            for seen, noise in sequence:
                errors.append(errors[-1] - step * seen * (errors[-1] - noise))
            found.append(errors)
        return np.array(found)

    e = enumerate_errors([(0, 0), (1, 0)])
    plain = learning.expected_sgd_risk(n, step)
    gaps += [np.mean(e[:, :n].mean(axis=1) ** 2) / 4 - plain.average]
    gaps += [np.mean(e[:, n] ** 2) / 4 - plain.last]
    # One of four coordinates at a time, noise of -0.3 or 0.3: what a coordinate goes through.
    e = enumerate_errors([(0, 0)] * 6 + [(1, 0.3), (1, -0.3)])
    noisy = learning.expected_sgd_risk(n, step, norm=1.0, probability=0.25, features=4, noise=0.3)
    gaps += [4 * np.mean(e[:, :n].mean(axis=1) ** 2) / 8 - noisy.average]
    gaps += [4 * np.mean(e[:, n] ** 2) / 8 - noisy.last]
    check(
        "Expected excess risks of regularised ERM, of least norm and of one pass on the masked "
        "mean",
        HERE,
        "largest difference to the enumeration of all masks, and of all masks and noises",
        np.abs(gaps).max(),
        1e-14,
    )


def test_descent_on_the_training_error(check):
    problem = learning.masked_mean(4, 32, tilt=2e-2, seed=0)
    masks, x = np.asarray(problem.masks), 0.5 / np.sqrt(32)
    w, path = np.zeros(32), []
    for _ in range(4000):
        path.append(w)
        gradient = (masks * (w - x)).mean(axis=0) - problem.tilt / np.sqrt(32)
        w = w - gradient
        w = w * min(1.0, 1 / np.linalg.norm(w))
    path = np.array(path)
    meets = int(np.argmax(np.linalg.norm(path, axis=1) > 1 - 1e-12))
    inside = [t for t in (0, 1, 5, 20, 100) if t < meets]
    assert len(inside) >= 4 and meets < 1000
    gaps = [np.abs(path[t] - learning.masked_descent(problem, t)).max() for t in inside]
    gaps.append(np.abs(path[-1] - learning.masked_descent(problem, 3999)).max())
    check(
        "Gradient descent on the training error of the masked mean, before and after it meets the "
        "sphere",
        HERE,
        "largest entry of the difference to a loop in NumPy with projections",
        max(gaps),
        1e-10,
    )
    assert (problem.seen == 0).any()
    good = problem.excess_risk(path[20])
    bad = problem.excess_risk(path[-1])
    assert good < problem.excess_risk(path[0]) / 5 and bad > 1.5 * problem.excess_risk(path[0])


def test_one_pass_does_not_see_the_dimension(check):
    scores = []
    for d in (4, 64):
        masks = np.random.default_rng(d).integers(0, 2, (2000, 8, d)).astype(float)

        def average(masks, d=d):
            problem = learning.MaskedMean(masks, 0.5, 1e-12)
            return learning.one_pass_sgd(problem.gradient, masks, jnp.zeros(d), 0.5).average

        w = np.asarray(jax.jit(jax.vmap(average))(masks))
        risks = learning.MaskedMean(masks[0], 0.5, 1e-12).excess_risk(w)
        gap = abs(risks.mean() - learning.expected_sgd_risk(8, 0.5).average)
        scores.append(gap / (risks.std() / np.sqrt(2000)))
    check(
        "The risk of one pass on the masked mean does not depend on the number of coordinates",
        HERE,
        "difference of 2000 runs with 4 and with 64 coordinates to the exact value, in standard "
        "errors",
        max(scores),
        3.5,
    )


def test_bad_arguments_are_refused():
    problem = learning.masked_mean(3, 5)
    bad = [
        (lambda: learning.masked_mean(0, 5), "samples must be an integer, at least 1, found 0"),
        (
            lambda: learning.masked_mean(3, 2.5),
            "features must be an integer, at least 1, found 2.5",
        ),  # pyright: ignore[reportArgumentType]
        (lambda: learning.masked_mean(3, 5, norm=1.0), "norm must lie between 0 and 1, found 1.0"),
        (lambda: learning.masked_mean(3, 5, tilt=0.1), r"tilt must lie in \(0, 1/\(10 n\)\]"),
        (lambda: learning.masked_erm(problem, -1.0), "penalty must be finite and not negative"),
        (lambda: learning.masked_descent(problem, -1), "steps must not be negative, found -1"),
        (lambda: learning.expected_regularized_risk(3, 0.0), "penalty must be positive"),
        (lambda: learning.expected_sgd_risk(3, 2.5), r"step_size must lie in \(0, 2\], found 2.5"),
        (lambda: learning.expected_sgd_risk(3, 1.0, probability=0.0), "probability must lie in"),
        (lambda: learning.expected_sgd_risk(3, 1.0, noise=-1.0), "noise must be finite and not"),
    ]
    for run, message in bad:
        with pytest.raises(ValueError, match=message):
            run()
