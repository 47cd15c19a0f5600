"""Bounds against exact counts, and networks on true and random labels."""

from itertools import product
from math import comb, log, sqrt

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import binom

import implicitbias as ib
from implicitbias import learning
from implicitbias.explore import capacity_data as stored
from implicitbias.explore.capacity import counted_bound, normed_bound

HERE = "learning/capacity"
HELD = stored.read()
SMALL, STANDARD = 0, 1
TRUE, RANDOM = 0, 1


def nearest(seen, labels, unseen):
    return labels[np.abs(unseen - seen.T).argmin(axis=1)]


def majority(seen, labels, unseen):
    return np.full(len(unseen), 1 if labels.sum() >= 0 else -1)


def parity(seen, labels, unseen):
    return np.full(len(unseen), labels.prod())


ROW = np.arange(9.0)[:, None]


@pytest.mark.parametrize("learner", [nearest, majority, parity])
def test_no_learner_is_better_than_coins_on_average(check, learner):
    errors = learning.unseen_errors(learner, ROW, [0, 2, 4, 6, 8])
    assert errors.shape == (2**9,)
    check(
        "Averaged over all labellings, the error on unseen points is one half for every learner",
        HERE,
        "difference from 1/2, nine points of which five are seen, three learners",
        abs(float(errors.mean()) - 0.5),
        1e-15,
    )


def test_learners_differ_where_labels_change_once():
    seen, unseen = [0, 2, 4, 6, 8], [1, 3, 5, 7]
    labellings = np.array(list(product([-1, 1], repeat=9)))  # the seen ones first
    row = np.empty_like(labellings)
    row[:, seen], row[:, unseen] = labellings[:, :5], labellings[:, 5:]
    once = (np.diff(row, axis=1) != 0).sum(axis=1) <= 1
    errors = [
        np.asarray(learning.unseen_errors(learner, ROW, seen))[once].mean()
        for learner in (nearest, parity)
    ]
    # Of 18 labellings, one in nine changes beside a given unseen point, to the left or the right;
    # the neighbour on the left is copied, which is wrong for one of the two.
    assert errors[0] == pytest.approx(1 / 9)
    assert errors[1] > 0.3


@pytest.mark.parametrize(("n", "size"), [(20, 2), (100, 50), (1000, 2**20)])
def test_occam_bound_fails_no_more_often_than_it_says(check, n, size):
    delta = 0.05
    bound = float(learning.occam_bound(np.log2(size), n, delta=delta))
    # Predictors whose errors are independent coins: each fails with a binomial probability.
    one = binom.cdf(np.ceil(n * (0.5 - bound)) - 1, n, 0.5)
    fails = -np.expm1(size * np.log1p(-one))
    assert fails > 0
    check(
        "The bound for a finite class fails with at most the stated probability",
        HERE,
        "exact probability for classes of independent coins over delta, three classes",
        fails / delta,
        1.0,
    )


def test_log_sauer_is_a_sum_of_binomials():
    for dimension, n in [(1, 1), (3, 10), (64, 512), (700, 512)]:
        count = sum(comb(n, i) for i in range(min(dimension, n) + 1))
        assert learning.log_sauer(dimension, n) == pytest.approx(log(count), rel=1e-12)


def labellings_of(X, width, draws, seed):
    """How many different labellings random networks give."""
    random = np.random.default_rng(seed)
    hidden = random.standard_normal((draws, width, X.shape[1]))
    output = random.standard_normal((draws, width))
    f = np.einsum("th,thn->tn", output, np.maximum(hidden @ X.T, 0))
    return len(np.unique(f > 0, axis=0))


def test_relu_count_is_above_what_networks_do(check):
    X = np.random.default_rng(0).standard_normal((40, 2))
    worst = 0.0
    for width in (1, 2):
        found = labellings_of(X, width, 20000, width)
        bound = learning.relu_log_count(width, 2, 40)
        assert bound < 40 * log(2) and found > 50 * width
        worst = max(worst, log(found) / bound)
    check(
        "Two-layer networks give no more labellings than the count by half-spaces",
        HERE,
        "logarithm of the labellings found by 20000 random networks over that of the count",
        worst,
        1.0,
    )


def test_sign_changes_by_dynamic_programming_are_those_by_listing(check):
    n = 9
    every = np.array(list(product([-1, 1], repeat=n)))
    changes = (np.diff(every, axis=1) != 0).sum(axis=1)
    missed = (every[:, None] != every).sum(axis=-1)
    listed = np.stack([missed[:, changes <= k].min(axis=1) for k in range(n)], axis=1)
    found = np.asarray(learning.sign_change_errors(every))
    np.testing.assert_array_equal(found, listed)
    # Fitting coins is the complexity: mean of the largest correlation with a labelling.
    correlation = every @ every.T / n
    complexity = [correlation[:, changes <= k].max(axis=1).mean() for k in range(n)]
    check(
        "The complexity of a class of labellings is one less twice the error in fitting coins",
        HERE,
        "largest difference, classes of k changes of sign in a row of nine, all signs listed",
        np.abs(1 - 2 * found.mean(axis=0) / n - complexity).max(),
        1e-14,
    )
    counts = np.array([(changes <= k).sum() for k in range(n)])
    expected = [2 * sum(comb(n - 1, i) for i in range(k + 1)) for k in range(n)]
    np.testing.assert_array_equal(counts, expected)
    check(
        "Massart's lemma bounds the complexity by the number of labellings",
        HERE,
        "largest ratio of complexity and bound, k changes of sign in a row of nine",
        (complexity / np.sqrt(2 * np.log(counts) / n)).max(),
        1.0,
    )


@pytest.mark.parametrize("norm", [1, 2])
def test_linear_balls(check, norm):
    X = np.random.default_rng(3).standard_normal((12, 20))
    value, error, bound = learning.linear_complexity(X, norm)
    assert error == 0
    check(
        "The closed bounds are above the exact complexity of linear balls",
        HERE,
        "complexity, all signs of twelve samples, over its bound",
        float(value / bound),
        1.0,
    )
    if norm == 2:
        check(
            "The bound of the l2 ball is at most the square root of 2 too large",
            HERE,
            "bound over sqrt 2 times the complexity",
            float(bound / value) / sqrt(2),
            1.0,
        )
    # The same samples with a sample of zeros more often than can be listed.
    padded = np.vstack([X, np.zeros((5, 20))])
    drawn = learning.linear_complexity(padded, norm, draws=20000)
    check(
        "Drawn signs estimate the complexity within their standard error",
        HERE,
        "distance from the listed signs in standard errors, 20000 draws",
        abs(float(drawn.value * 17 / 12 - value)) / float(drawn.error * 17 / 12),
        4.0,
    )


def test_orthogonal_samples_have_the_bound_of_the_l2_ball():
    value, _, bound = learning.linear_complexity(np.eye(5), 2)
    assert float(value) == pytest.approx(1 / sqrt(5)) == float(bound)
    largest = learning.linear_complexity(np.eye(5), 1)
    assert float(largest.value) == pytest.approx(1 / 5)


def test_path_norm_balls(check):
    X = np.random.default_rng(5).standard_normal((8, 2))
    signs = np.array(list(product([-1.0, 1.0], repeat=8)))
    angles = np.linspace(0, 2 * np.pi, 4001)
    units = np.maximum(np.stack([np.cos(angles), np.sin(angles)], axis=1) @ X.T, 0)
    # One unit of path norm 1 attains the largest correlation.
    complexity = np.abs(signs @ units.T).max(axis=1).mean() / 8
    linear = float(learning.linear_complexity(X, 2).value)
    check(
        "Networks of path norm 1 have between half and twice the complexity of the l2 ball",
        HERE,
        "complexity over its bound, and the lower bound over it, eight samples in the plane, all "
        "signs, 4000 directions",
        max(complexity / (2 * linear), linear / 2 / complexity),
        1.0,
    )
    check(
        "The factor 3/2 is enough for networks of path norm 1",
        HERE,
        "complexity over 3/2 times that of the l2 ball, the same samples",
        complexity / (1.5 * linear),
        1.0,
    )
    assert complexity < float(learning.path_complexity(X))


def test_path_norm_is_below_half_the_squares():
    random = np.random.default_rng(0)
    network = learning.ReluNetwork(
        jnp.asarray(random.standard_normal((7, 3))), jnp.asarray(random.standard_normal(7))
    )
    squares = (network.hidden**2).sum() + (network.output**2).sum()
    assert learning.path_norm(network) < squares / 2
    size = jnp.sqrt(jnp.abs(network.output) * jnp.linalg.norm(network.hidden, axis=1))
    balanced = learning.ReluNetwork(
        network.hidden / jnp.linalg.norm(network.hidden, axis=1)[:, None] * size[:, None],
        jnp.sign(network.output) * size,
    )
    X = random.standard_normal((5, 3))
    np.testing.assert_allclose(balanced(X), network(X), rtol=1e-12)
    squares = (balanced.hidden**2).sum() + (balanced.output**2).sum()
    assert float(learning.path_norm(balanced)) == pytest.approx(float(squares / 2))


def test_margin_bound_by_hand():
    n, delta = 400, 0.1
    for margin, k in [(3.0, 1), (1.0, 1), (0.99, 2), (2 ** (-1 / 4), 5), (0.5, 17), (0.1, 55)]:
        chance = 3 * sqrt(log(2 * k * (k + 1) / delta) / (2 * n))
        expected = 0.25 + 2 * 0.01 * 2 ** ((k - 1) / 16) + chance
        found = learning.margin_bound(0.25, margin, 0.01, n, delta=delta)
        assert float(found) == pytest.approx(expected, rel=1e-12)


def test_margin_bound_holds_for_linear_predictors(check):
    """The least-squares direction on noisy labels."""
    random = np.random.default_rng(0)
    n, d = 20000, 20

    def draw():
        X = random.standard_normal((n, d)) / sqrt(d)
        return X, np.where(X[:, 0] + 0.1 * random.standard_normal(n) > 0, 1.0, -1.0)

    worst, bounds = 0.0, []
    for _ in range(10):
        (X, y), (fresh, labels) = draw(), draw()
        w = np.linalg.lstsq(X, y, rcond=None)[0]
        w /= np.linalg.norm(w)
        margins, complexity = y * (X @ w), np.linalg.norm(X) / n
        for margin in (0.05, 0.1, 0.2):
            share = (margins < margin).mean()
            bounds.append(float(learning.margin_bound(share, margin, complexity, n)))
            worst = max(worst, (labels * (fresh @ w) <= 0).mean() / bounds[-1])
    check(
        "The margin bound holds, for linear predictors at three margins chosen after training",
        HERE,
        "largest ratio of the error on 20000 fresh samples and the bound, 10 training sets",
        worst,
        1.0,
    )
    assert max(bounds) < 0.8  # it says something


def test_the_data_are_digits():
    true, random = (ib.digit_parity(256, labels=labels, seed=1) for labels in ("true", "random"))
    np.testing.assert_array_equal(true.X, random.X)
    assert true.X.shape == (256, 64) and true.X_test.shape == (1000, 64)
    everything = np.concatenate([true.X, true.X_test])
    assert len(np.unique(everything.round(9), axis=0)) == len(everything)
    assert 0.45 < (true.y > 0).mean() < 0.55
    agreement = (random.y_test == true.y_test).mean()
    assert abs(agreement - 0.5) < 3 * 0.5 / sqrt(1000)
    assert (ib.digit_parity(256, seed=2).X != true.X).any()


def test_training_is_gradient_descent_with_momentum(check):
    problem = ib.digit_parity(64, seed=4)
    X, y = np.asarray(problem.X), np.asarray(problem.y)
    for start, step in (("small", 0.4), ("standard", 20 / 32)):
        fit = learning.fit_relu_network(X, y, 32, start=start, seed=1, loss=1e-9, most=40)
        assert fit.steps == 40
        W, a = (np.asarray(part) for part in fit.start)
        speed = [np.zeros_like(W), np.zeros_like(a)]
        for _ in range(40):
            inner = X @ W.T
            slope = -y / (1 + np.exp(y * (np.maximum(inner, 0) @ a))) / len(y)
            gradient = [((slope[:, None] * (inner > 0)) * a).T @ X, np.maximum(inner, 0).T @ slope]
            speed = [g + 0.95 * v for g, v in zip(gradient, speed, strict=True)]
            W, a = (
                part - step * (g + 0.95 * v)
                for part, g, v in zip((W, a), gradient, speed, strict=True)
            )
        check(
            "Networks are trained by gradient descent with Nesterov's momentum",
            HERE,
            "largest relative difference of the hidden weights from NumPy, 40 steps",
            np.abs(np.asarray(fit.network.hidden) - W).max() / np.abs(W).max(),
            1e-9,
        )
        losses = np.logaddexp(0, -y * (np.maximum(X @ W.T, 0) @ a)).mean()
        assert float(fit.loss) == pytest.approx(losses, rel=1e-8)


def test_tangent_kernel_is_that_of_the_gradients():
    network = learning.start_relu_network(6, 3, "standard", seed=2)
    X = np.random.default_rng(0).standard_normal((4, 3))
    jacobian = jax.jacobian(lambda parts: parts(X))(network)
    rows = np.concatenate([np.asarray(part).reshape(4, -1) for part in jacobian], axis=1)
    np.testing.assert_allclose(network.tangent_kernel(X), rows @ rows.T, rtol=1e-12)


@pytest.mark.parametrize(
    "setting", [("small", "true", 16, 0), ("standard", "random", 16, 1), ("small", "random", 32, 2)]
)
def test_the_file_holds_what_training_gives(check, setting):
    start, labels, width, seed = setting
    where = (
        stored.STARTS.index(start),
        stored.LABELS.index(labels),
        stored.WIDTHS.index(width),
        seed,
    )
    run = stored.train_one(setting)
    for name in stored.NUMBERS:
        assert getattr(run, name) == pytest.approx(getattr(HELD, name)[where], rel=2e-3, abs=2e-3)
    check(
        "The kept training runs are those of the library",
        HERE,
        "relative difference of the path norm, three runs computed anew",
        abs(float(run.path) / HELD.path[where] - 1),
        1e-3,
    )


def paired(values):
    mean = values.mean()
    return mean, values.std(ddof=1) / sqrt(len(values))


def test_what_width_does(check):
    worst = max(HELD.train[:, :, 3:].max(), HELD.train[STANDARD, :, 1:].max())
    check(
        "Networks of 64 hidden units and more fit true labels and coins, from the standard start "
        "those of 16 and more",
        HERE,
        "largest training error of 160 kept runs",
        worst,
        0.0,
    )
    assert (HELD.train[:, RANDOM, 0].mean(axis=-1) > 0.02).all()
    assert np.abs(HELD.test[:, RANDOM] - 0.5).max() < 4 * 0.5 / sqrt(1000)
    for narrow in (0, 1):
        fall, error = paired(HELD.test[STANDARD, TRUE, narrow] - HELD.test[STANDARD, TRUE, -1])
        check(
            "From the standard start, the error on other images is lower at width 4096 than at 8 "
            "and at 16",
            HERE,
            "two standard errors over five repetitions, paired, over the difference",
            2 * error / fall if fall > 0 else np.inf,
            1.0,
        )
    fall, error = paired(HELD.test[SMALL, TRUE, 1] - HELD.test[SMALL, TRUE, -1])
    check(
        "From the small start, the error on other images does not fall measurably from width 16",
        HERE,
        "difference to width 4096 in standard errors, five repetitions, paired",
        abs(fall) / error,
        2.0,
    )


def test_what_norms_tell(check):
    means = (HELD.path / HELD.margin).mean(axis=-1)[:, :, 1:]
    check(
        "From the small start, the path norm over the margin does not depend on the width",
        HERE,
        "largest over smallest mean from width 64 on, true labels, less 1",
        means[SMALL, TRUE, 2:].max() / means[SMALL, TRUE, 2:].min() - 1,
        0.05,
    )
    check(
        "At the same width and start, coins need at least 1.5 times the path norm over the margin",
        HERE,
        "1.5 over the smallest ratio of means from width 16 on",
        1.5 / (means[:, RANDOM] / means[:, TRUE]).min(),
        1.0,
    )
    check(
        "From the standard start, the path norm over the margin at least doubles from width 16 to "
        "4096, while the error falls",
        HERE,
        "2 over the ratio of means",
        2 * means[STANDARD, TRUE, 0] / means[STANDARD, TRUE, -1],
        1.0,
    )
    # Across starts the norm ranks wrongly: true labels on one have more than coins on the other.
    assert means[STANDARD, TRUE, -1] > 2 * means[SMALL, RANDOM, -1]
    assert HELD.moved[SMALL, TRUE].min() > 10 and HELD.moved[STANDARD, TRUE, -1].max() < 0.001
    check(
        "Neither bound is below one for any network of the figure",
        HERE,
        "one over the smallest bound of 200 runs",
        1 / min(counted_bound(HELD).min(), normed_bound(HELD).min()),
        1.0,
    )


def test_a_perfect_fit_may_be_wrong_everywhere(check):
    problem = ib.digit_parity(256)
    X = np.concatenate([problem.X, problem.X_test[:256]])
    y = np.concatenate([problem.y, -problem.y_test[:256]])
    network = learning.fit_relu_network(X, y, 128, most=3000).network
    right = float((problem.y * network(problem.X) > 0).mean())
    wrong = float((problem.y_test[:256] * network(problem.X_test[:256]) < 0).mean())
    check(
        "A network of 128 units fits 256 images and is wrong on 256 others",
        HERE,
        "share of the first missed, and of the others not",
        max(1 - right, 1 - wrong),
        0.0,
    )


def test_bad_arguments_are_refused():
    bad = [
        (lambda: ib.digit_parity(797), "n must be below 797, found 797"),
        (lambda: ib.digit_parity(10, labels="coins"), "labels must be 'true' or 'random'"),
        (lambda: learning.unseen_errors(nearest, np.zeros((17, 1)), [0]), "at most 16, found 17"),
        (lambda: learning.unseen_errors(nearest, ROW, range(9)), "seen must be different indices"),
        (lambda: learning.unseen_errors(nearest, ROW, [0, 9]), "seen must be different indices"),
        (lambda: learning.unseen_errors(lambda *_: [0], ROW[:2], [0]), "learner must give one"),
        (lambda: learning.occam_bound(-1.0, 10), "bits must be finite and not negative"),
        (lambda: learning.occam_bound(1.0, 0), "n must be an integer, at least 1, found 0"),
        (lambda: learning.growth_bound(1.0, 10, delta=1.0), r"delta must lie in \(0, 1\)"),
        (lambda: learning.log_sauer(0, 3), "dimension must be an integer, at least 1"),
        (lambda: learning.relu_log_count(1.5, 3, 3), "width must be an integer, at least 1"),
        (lambda: learning.sign_change_errors([[0, 1]]), "labels must be -1 or \\+1, found 0"),
        (lambda: learning.linear_complexity(np.eye(2), 3), "norm must be 1 or 2, found 3"),
        (lambda: learning.linear_complexity(np.eye(2), 2, draws=1), "draws must be an integer"),
        (lambda: learning.margin_bound(1.5, 1.0, 0.1, 10), "share must be at most 1, found 1.5"),
        (lambda: learning.margin_bound(0.5, 0.0, 0.1, 10), "margin must be positive"),
        (
            lambda: learning.start_relu_network(0, 3),
            "width must be an integer, at least 1, found 0",
        ),
        (lambda: learning.start_relu_network(1, 3, "large"), "start must be one of 'small'"),
        (lambda: learning.fit_relu_network(np.eye(2), [1, 2], 3), "labels must be -1 or \\+1"),
        (
            lambda: learning.fit_relu_network(np.eye(2), [1, 1], 3, loss=0.0),
            "loss must be positive",
        ),
    ]
    for call, message in bad:
        with pytest.raises(ValueError, match=message):
            call()
