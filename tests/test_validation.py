"""Stopped networks, test errors that nothing has peeked at, and the file behind the figure."""

from concurrent.futures import ThreadPoolExecutor

import equinox as eqx
import numpy as np
import pytest
from scipy.optimize import brentq, minimize

import implicitbias as ib
from implicitbias.explore import real_data_data as stored

from .problems import gaussian

HERE = "networks/real-data"
HELD = stored.read()
FEW = {"scales": [0.1, 10.0], "factors": [1.1, 1.2], "train": 20}


@pytest.fixture(scope="module")
def patients():
    """A few patients and their ten measurements."""
    X, y, _ = ib.real_data("diabetes")
    return ib.Problem(X[:100, :10], y[:100], None, name="ten measurements")


@pytest.fixture(scope="module")
def found(patients):
    return ib.validate(patients, 2, **FEW, folds=4)


@pytest.mark.parametrize(("n", "d"), [(8, 30), (20, 6)], ids=["wide", "tall"])
def test_stopped_where_the_loss_has_fallen_as_asked(check, n, d):
    X, y = gaussian(n, d, 3, 1.0)
    reach = (y @ y) / np.linalg.lstsq(X, y)[1][0] if n > d else 1e8
    factors = [1.3, 2.0, min(1e6, 0.9 * reach)]
    network = ib.DiagonalNetwork(2, 0.1)
    w = np.asarray(ib.stopped_weights(network, X, y, factors))
    fallen = (y @ y) / ((w @ X.T - y) ** 2).sum(axis=1)
    check(
        "Networks are stopped where the training loss has fallen by the given factor",
        HERE,
        "relative difference of the fall, wide and tall data",
        np.abs(fallen / factors - 1).max(),
        1e-9,
    )

    # On the path itself: the flow stopped at the time at which it has that loss.
    def gap(log_time):
        path = ib.gradient_flow(network, X, y, [np.exp(log_time)], tolerance=1e-10)
        return np.log(y @ y / 2 / float(path.losses[0])) - np.log(2.0)

    time = np.exp(brentq(gap, -8, 4, xtol=1e-6))
    there = ib.gradient_flow(network, X, y, [time], tolerance=1e-10).weights[0]
    # Between two steps of the solver the path is a chord: its error is small beside test errors'.
    check(
        "The stopped weights lie on the path of training, to a hundredth of the largest",
        HERE,
        "largest difference from the flow at the time of that loss, over the largest weight",
        np.abs(w[1] - there).max() / np.abs(there).max(),
        0.01,
    )


def test_stopped_by_the_exponential_loss_for_labels():
    X, labels, _ = ib.separable_classification(20, 6, seed=1)
    w = np.asarray(ib.stopped_weights(ib.DiagonalNetwork(2, 1.0), X, labels, [2.0, 1e4]))
    losses = np.exp(-np.asarray(labels) * (w @ np.asarray(X).T)).mean(axis=1)
    np.testing.assert_allclose(losses, [0.5, 1e-4], rtol=1e-5)


@pytest.mark.parametrize(("depth", "scale"), [(2, 0.1), (2, 10.0), (3, 0.3)])
def test_with_enough_samples_the_scale_is_forgotten(check, depth, scale):
    X, y = gaussian(40, 10, 3, 1.0)
    slowest = np.linalg.svd(X, compute_uv=False)[-1] ** 2
    network = ib.DiagonalNetwork(depth, scale)
    rate = 2 * depth**2 * scale ** (2 * depth - 2) * slowest
    w = ib.gradient_flow(network, X, y, [40 / rate]).weights[-1]
    check(
        "With independent columns, training ends on least squares from every scale and depth",
        HERE,
        "largest difference from lstsq, depth 2 and 3",
        np.abs(np.asarray(w) - np.linalg.lstsq(X, y)[0]).max(),
        1e-6,
    )


def test_two_measurements(check):
    def error(w):
        return (w[0] + w[1] - 1) ** 2 + w @ w

    best = minimize(error, np.zeros(2), tol=1e-12)
    np.testing.assert_allclose(best.x, 1 / 3, atol=1e-6)
    draws = np.random.default_rng(1).standard_normal((3, 400_000))
    x = draws[0] + draws[1:]
    for scale in (10.0, 1e-10):
        w = np.asarray(ib.scale_path([[1.0, 0.9]], [1.0], 2, [scale]).weights[0])
        squares = (w @ x - draws[0]) ** 2
        check(
            "The error of two measurements is (w1 + w2 - 1)^2 + tau^2 |w|^2",
            HERE,
            "mean over 400000 draws, in standard errors, tau = 1",
            abs(squares.mean() - error(w)) / (squares.std() / len(squares) ** 0.5),
            4,
        )


def test_test_errors_are_those_of_the_samples_outside(patients, found):
    """By hand for the first training set: order, centring, prediction."""
    X, y = np.asarray(patients.X), np.asarray(patients.y)
    order = np.random.default_rng(0).permutation(100)
    chosen, outside = order[:20], order[20:]
    middle = y[chosen].mean()
    w = ib.stopped_weights(ib.DiagonalNetwork(2, 0.1), X[chosen], y[chosen] - middle, [1.1, 1.2])
    errors = ((np.asarray(w) @ X[outside].T + middle - y[outside]) ** 2).mean(axis=1)
    np.testing.assert_allclose(found.errors[0, :, 0], errors, rtol=1e-9)
    np.testing.assert_allclose(found.weights[:, 0], w, rtol=1e-9)
    assert float(found.baseline[0]) == pytest.approx(((y[outside] - middle) ** 2).mean())
    assert found.errors.shape == (5, 2, 2) and found.disjoint == 5
    assert found.inner.shape == found.errors.shape


def test_no_target_outside_enters_a_choice(check, patients, found):
    """Targets outside the first training set shuffled: its inner errors and weights stay."""
    chosen = np.random.default_rng(0).permutation(100)[:20]
    outside = np.setdiff1d(np.arange(100), chosen)
    y = np.array(patients.y)
    y[outside] = np.random.default_rng(1).permutation(y[outside])
    shuffled = eqx.tree_at(lambda p: p.y, patients, np.asarray(y))
    other = ib.validate(shuffled, 2, **FEW, folds=4)
    assert np.abs(np.asarray(other.errors[0] - found.errors[0])).max() > 1e-3
    check(
        "No target outside a training set enters its weights or its choice of scale and stopping",
        HERE,
        "change of inner errors and weights when those targets are shuffled",
        max(
            np.abs(np.asarray(other.inner[0] - found.inner[0])).max(),
            np.abs(np.asarray(other.weights - found.weights)).max(),
        ),
        0.0,
    )


def test_inner_errors_come_from_folds_of_the_training_set(patients, found):
    X, y = np.asarray(patients.X), np.asarray(patients.y)
    parts = np.random.default_rng(0).permutation(100)[:20].reshape(4, 5)
    errors = []
    for k in range(4):
        kept = np.delete(parts, k, 0).ravel()
        middle = y[kept].mean()
        w = ib.stopped_weights(ib.DiagonalNetwork(2, 10.0), X[kept], y[kept] - middle, [1.1, 1.2])
        missed = np.asarray(w) @ X[parts[k]].T + middle - y[parts[k]]
        errors.append((missed**2).mean(axis=1))
    np.testing.assert_allclose(found.inner[0, :, 1], np.mean(errors, axis=0), rtol=1e-9)


def test_threads_give_the_same(patients, found):
    with ThreadPoolExecutor(2) as executor:
        shared = ib.validate(patients, 2, **FEW, folds=4, executor=executor)
    np.testing.assert_array_equal(shared.errors, found.errors)


def test_repeats_add_training_sets(patients, found):
    twice = ib.validate(patients, 2, **FEW, folds=0, repeats=2)
    assert twice.errors.shape == (10, 2, 2) and twice.disjoint == 5 and twice.inner.size == 0
    np.testing.assert_array_equal(twice.errors[:5], found.errors)


@pytest.mark.parametrize("name", stored.TRAIN)
def test_kept_errors_are_what_the_library_computes(check, name):
    problem = ib.real_data(name)
    X, y = np.asarray(problem.X), np.asarray(problem.y)
    order = np.random.default_rng(0).permutation(len(y))
    chosen, outside = order[: stored.TRAIN[name]], order[stored.TRAIN[name] :]
    middle = y[chosen].mean() if name == "diabetes" else 0.0
    network = ib.DiagonalNetwork(2, float(stored.SCALES[1]))
    w = np.asarray(ib.stopped_weights(network, X[chosen], y[chosen] - middle, stored.FACTORS))
    predicted = w @ X[outside].T + middle
    missed = (predicted - y[outside]) ** 2 if name == "diabetes" else predicted * y[outside] <= 0
    check(
        "The test errors kept in the file of the figure are those of a fresh computation",
        HERE,
        "first training set, eight stoppings, relative (four digits are kept)",
        np.abs(missed.mean(axis=1) / HELD[name, 2].errors[0, :, 1] - 1).max(),
        1e-3,
    )
    np.testing.assert_allclose(
        stored.shares(w), HELD[name, 2].shares[:, 1], atol=0.51 * stored.STEP
    )


def differences(name):
    run = HELD[name, 2]
    kernel = ib.chosen_errors(run.errors[..., -1:], run.inner[..., -1:])
    sparse = ib.chosen_errors(run.errors[..., :1], run.inner[..., :1])
    both = ib.chosen_errors(run.errors, run.inner)
    return run.disjoint, np.asarray(kernel), np.asarray(sparse), np.asarray(both)


def test_sparse_helps_on_the_patients_and_hurts_on_the_labels(check):
    signs = {"diabetes": -1, "digits": 1, "breast cancer": 1}
    worst = 0.0
    for name, sign in signs.items():
        disjoint, kernel, sparse, _ = differences(name)
        mean, error = ib.mean_with_error(sparse - kernel, disjoint)
        assert np.sign(mean) == sign
        worst = max(worst, float(error / abs(mean)))
    check(
        "The smallest scale, stopped, beats the kernel on diabetes and loses on digits and tumours",
        HERE,
        "standard error of the paired difference over its size, the worst of three data sets",
        worst,
        0.5,
    )


def test_choosing_inside_costs_little(check):
    worst = -np.inf
    for name in stored.TRAIN:
        disjoint, kernel, sparse, both = differences(name)
        better = kernel if kernel.mean() < sparse.mean() else sparse
        mean, error = ib.mean_with_error(both - better, disjoint)
        worst = max(worst, float(mean / error))
    check(
        "Scale and stopping chosen inside the training sets do not do worse than the better end",
        HERE,
        "paired excess in standard errors, the worst of three data sets",
        worst,
        2.0,
    )


def test_choosing_by_the_test_flatters(check):
    generator, K, tau = np.random.default_rng(0), 56, 0.03
    errors = 0.7 + tau * generator.standard_normal((20_000, K))
    bias = 0.7 - errors.min(axis=1).mean()
    assert bias > 0.5 * tau
    check(
        "Choosing the best of K test errors flatters by at most tau sqrt(2 log K)",
        HERE,
        "bias over the bound, 56 independent Gaussian errors, 20000 draws",
        bias / (tau * np.sqrt(2 * np.log(K))),
        1.0,
    )
    for name in stored.TRAIN:
        run = HELD[name, 2]
        honest = differences(name)[3].mean()
        assert run.errors.min(axis=(1, 2)).mean() <= run.errors.mean(axis=0).min() <= honest


def test_ties_are_averaged_over():
    errors, inner = [[[1.0, 2.0], [3.0, 4.0]]], [[[0.5, 0.0], [0.0, 0.5]]]
    np.testing.assert_allclose(ib.chosen_errors(errors, inner), [2.5])


def test_effective_number():
    generator = np.random.default_rng(0)
    w = generator.standard_normal((50, 9)) * (generator.random((50, 9)) < 0.6)
    w[:, 0] = 1.0
    counts = np.asarray(ib.effective_number(w))
    assert (counts >= 1 - 1e-12).all() and (counts <= (w != 0).sum(axis=1) + 1e-12).all()
    assert float(ib.effective_number([0.0, -2.0, 2.0])) == pytest.approx(2.0)
    assert float(ib.effective_number([0.0, -2.0, 0.0])) == pytest.approx(1.0)


def test_mean_with_error():
    values = np.array([[1.0, 2.0], [3.0, 2.0], [5.0, 2.0], [7.0, 2.0]])
    mean, error = ib.mean_with_error(values, 2)
    np.testing.assert_allclose(mean, [4.0, 2.0])
    np.testing.assert_allclose(error, [np.std([1, 3, 5, 7], ddof=1) / 2**0.5, 0.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: ib.stopped_weights(ib.DiagonalNetwork(2, 1.0), p.X, p.y, []), "factors must be"),
        (
            lambda p: ib.stopped_weights(ib.DiagonalNetwork(2, 1.0), p.X, p.y, [0.5]),
            r"above 1 and rise, found \[0.5\]",
        ),
        (
            lambda p: ib.stopped_weights(ib.DiagonalNetwork(2, 1.0), p.X, p.y, [1e3]),
            "factors must be within what a fit can reach",
        ),
        (lambda p: ib.validate(p, 2, [1.0], [2.0], train=100), "train must lie between 2 and 99"),
        (lambda p: ib.validate(p, 2, [1.0], [2.0], train=30), "divide 30, found 4"),
        (lambda p: ib.validate(p, 2, [1.0], [2.0], train=20, repeats=0), "repeats must be at"),
        (lambda p: ib.chosen_errors([[1.0]], [[1.0, 2.0]]), "inner must have the shape of errors"),
        (lambda p: ib.mean_with_error([1.0, 2.0], 1), "disjoint must lie between 2 and 2"),
        (lambda p: ib.effective_number([0.0, 0.0]), "weights must not be all zero"),
    ],
)
def test_bad_input(patients, call, message):
    with pytest.raises(ValueError, match=message):
        call(patients)
