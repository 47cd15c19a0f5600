"""Population errors, certificates and their bounds, and sweeps on any executor."""

from concurrent.futures import ThreadPoolExecutor

import cvxpy as cp
import numpy as np
import pytest
from scipy.linalg import null_space
from scipy.optimize import linprog

import implicitbias as ib
from implicitbias.explore import sparse_regression_data as stored
from implicitbias.sample_size import data_of

HERE = "networks/sparse-regression"
SWEEP, WEIGHTS = stored.read()
SMALL = {"samples": [12, 20], "depths": [2, 3], "scales": [1e-3, 0.1, 10.0], "features": 50}


@pytest.fixture(scope="module")
def alone():
    return np.asarray(ib.error_sweep(**SMALL, seeds=range(4), sparsity=2).errors)


def quiet(n: int, seed: int, d: int = 200, sparsity: int = 4):
    """Data without noise, as NumPy arrays."""
    return tuple(map(np.asarray, data_of(n, features=d, sparsity=sparsity, noise=0.0, seed=seed)))


def test_kernel_end_has_the_expected_error(check):
    n, d, noise, generator = 30, 80, 0.7, np.random.default_rng(0)
    truth = generator.standard_normal(d)
    errors = []
    for _ in range(800):
        X = generator.standard_normal((n, d))
        w = np.linalg.pinv(X) @ (X @ truth + noise * generator.standard_normal(n))
        errors.append(((w - truth) ** 2).sum())
    expected = ib.minimum_norm_error(n, d, signal=np.linalg.norm(truth), noise=noise)
    check(
        "At the kernel end the expected error is (1 - n/d)|w*|^2 + n/(d-n-1) sigma^2",
        HERE,
        "mean over 800 draws of pseudoinverse solutions, in standard errors",
        abs(np.mean(errors) - expected) / (np.std(errors) / 800**0.5),
        4,
    )


def test_the_networks_reach_it(check):
    last = SWEEP.errors[:, 0, -1]
    gaps = [
        abs(row.mean() - ib.minimum_norm_error(int(n), 1000, signal=1.0, noise=0.1))
        / (row.std(ddof=1) / len(row) ** 0.5)
        for n, row in zip(SWEEP.samples, last, strict=True)
    ]
    check(
        "Networks of scale 10 have that error, for every sample size of the figure",
        HERE,
        "mean over 20 draws, in standard errors, the worst of eight sample sizes",
        max(gaps),
        4,
    )


def test_no_interpolator_does_better_than_the_price_of_noise(check):
    X, y, truth = map(np.asarray, data_of(15, features=40, sparsity=3, noise=0.5, seed=2))
    w = cp.Variable(40)
    problem = cp.Problem(cp.Minimize(cp.sum_squares(w - truth)), [X @ w == y])
    least = problem.solve(solver=cp.CLARABEL)
    check(
        "The least error of any interpolator is sigma^2 |X^+ xi|^2",
        HERE,
        "quadratic programme (Clarabel) with pseudoinverse, relative",
        abs(
            least / (np.linalg.pinv(X) @ (y - X @ truth) @ (np.linalg.pinv(X) @ (y - X @ truth)))
            - 1
        ),
        1e-6,
    )


@pytest.mark.parametrize("seed", range(3))
def test_certificate_is_the_best_distractor_seen_from_both_sides(check, seed):
    X, _, truth = quiet(30, seed, d=60)
    nu, rho = ib.certificate(X, truth)
    on = truth != 0
    np.testing.assert_allclose(X[:, on].T @ nu, np.sign(truth[on]), atol=1e-9)
    assert np.abs(X[:, ~on].T @ nu).max() == pytest.approx(rho, abs=1e-9)
    # The dual programme: the most that a change in the kernel of X gains, for l1 norm off S of 1.
    kernel = null_space(X)
    gain = -np.sign(truth[on]) @ kernel[on]
    off, m = kernel[~on], kernel.shape[1]
    eye = np.eye(len(off))
    found = linprog(
        -np.append(gain, np.zeros(len(off))),
        A_ub=np.block([[off, -eye], [-off, -eye], [np.zeros((1, m)), np.ones((1, len(off)))]]),
        b_ub=np.append(np.zeros(2 * len(off)), 1.0),
        bounds=[(None, None)] * m + [(0, None)] * len(off),
    )
    check(
        "The certificate's rho is the largest gain of a change in the kernel of X",
        HERE,
        "two linear programmes dual to each other",
        abs(rho + found.fun),
        1e-8,
    )


def test_what_a_certificate_proves(check):
    generator, worst = np.random.default_rng(1), 0.0
    for seed in range(3):
        X, y, truth = quiet(50, seed)
        on = truth != 0
        _, rho = ib.certificate(X, truth)
        assert rho < 1
        M = np.linalg.norm(np.linalg.pinv(X[:, on]) @ X[:, ~on], axis=0).max()
        trained = [
            np.asarray(ib.scale_path(X, y, depth, [1e-3, 0.1, 1.0]).weights) for depth in (2, 3)
        ]
        random = truth + 0.3 * generator.standard_normal((20, 150)) @ null_space(X).T
        for w in (*np.concatenate(trained), *random):
            false = np.abs(w[~on]).sum()
            excess = np.abs(w).sum() - np.abs(truth).sum()
            worst = max(
                worst,
                (1 - rho) * false / excess,
                np.linalg.norm(w - truth) / ((1 + M) * false),
            )
    check(
        "With a certificate rho < 1, (1 - rho)|w_off|_1 <= |w|_1 - |w*|_1 and "
        "|w - w*|_2 <= (1 + M)|w_off|_1 for every interpolator",
        HERE,
        "left-hand side over right-hand side, trained and random interpolators",
        worst,
        1 + 1e-6,
    )


def test_samples_make_certificates(check):
    n, d, s, delta, generator = 200, 300, 2, 0.1, np.random.default_rng(3)
    bound = np.sqrt(2 * s * np.log((d - s) / delta)) / (
        n**0.5 - s**0.5 - np.sqrt(2 * np.log(1 / delta))
    )
    assert bound < 0.6
    above = []
    for _ in range(200):
        X = generator.standard_normal((n, d))
        nu = np.linalg.pinv(X[:, :s]).T @ np.ones(s)
        above.append(np.abs(X[:, s:].T @ nu).max() > bound)
    check(
        "The bound on rho by the sample size fails with probability at most 2 delta",
        HERE,
        "share of 200 Gaussian draws above it, delta = 0.1",
        np.mean(above),
        0.2,
    )
    X, _, truth = quiet(200, 0, d=300, sparsity=2)
    assert ib.certificate(X, truth)[1] < bound


@pytest.mark.parametrize("depth", [2, 2.5, 3, 4, 10])
def test_false_weights_stay_below_the_bound(check, depth):
    worst, scales = 0.0, np.array([0.003, 0.03, 0.1, 0.3, 0.9])
    for n, seed in ((40, 0), (60, 1), (100, 2)):
        X, y, truth = quiet(n, seed)
        w = np.asarray(ib.scale_path(X, y, depth, scales).weights)
        bound = np.asarray(ib.false_weight_bound(X, truth, depth, scales))
        worst = max(worst, (np.abs(w[:, truth == 0]).sum(1) / bound).max())
    check(
        "False weights stay below the bound of the theorem (depth 2 to 10)",
        HERE,
        "their l1 norm over the bound, five scales, three sample sizes",
        worst,
        1.0,
    )


def test_the_bound_has_the_right_order(check):
    X, y, truth = quiet(100, 0)
    _, rho = ib.certificate(X, truth)
    for depth, scales in ((2, [1e-8, 1e-7]), (3, [1e-4, 1e-3]), (4, [1e-3, 1e-2])):
        w = np.asarray(ib.scale_path(X, y, depth, scales).weights)
        found = np.abs(w[:, truth == 0]).sum(1)
        bound = np.asarray(ib.false_weight_bound(X, truth, depth, scales))
        apart = np.log(scales[1] / scales[0])
        measured, predicted = (np.log(v[1] / v[0]) / apart for v in (found, bound))
        assert predicted == pytest.approx(2 * (1 - rho) if depth == 2 else depth, rel=1e-9)
        check(
            "False weights and the theorem's bound have the same order in the scale",
            HERE,
            "slopes between two scales, depth 2, 3 and 4, relative",
            abs(measured / predicted - 1),
            0.02,
        )


@pytest.mark.parametrize(("n", "depth", "seed"), [(40, 4, 7), (60, 3, 11), (100, 2, 0)])
def test_kept_errors_are_what_the_library_computes(check, n, depth, seed):
    X, y, truth = data_of(300, seed=seed)
    chosen = slice(None, None, 6)
    w = ib.scale_path(X[:n], y[:n], depth, SWEEP.scales[chosen]).weights
    i, j = list(SWEEP.samples).index(n), list(SWEEP.depths).index(depth)
    kept = SWEEP.errors[i, j, chosen, list(SWEEP.seeds).index(seed)]
    check(
        "The errors kept in the file of the figure are those of a fresh computation",
        HERE,
        "18 of 14880 networks, relative (three digits are kept)",
        np.abs(np.asarray(ib.population_error(w, truth)) / kept - 1).max(),
        6e-3,
    )


def test_kept_errors_end_on_both_limits(check):
    X, y, truth = map(np.asarray, data_of(300, seed=0))
    X, y = X[:100], y[:100]
    for limit, kept in (
        (np.linalg.pinv(X) @ y, SWEEP.errors[4, 0, -1, 0]),
        (np.asarray(ib.basis_pursuit(X, y)), SWEEP.errors[4, 2, 0, 0]),
    ):
        check(
            "The kept errors end on those of the least l2 and the least l1 solution",
            HERE,
            "pseudoinverse and linear programme, 100 samples, relative (three digits are kept)",
            abs(((limit - truth) ** 2).sum() / kept - 1),
            6e-3,
        )


def test_kept_weights_are_what_the_library_computes():
    fresh = stored.ranked(40, 3)
    np.testing.assert_allclose(WEIGHTS[0, 1], fresh, atol=0.51 * stored.STEP)


def test_more_samples_allow_larger_scales(check):
    largest = np.asarray(ib.largest_scale(SWEEP.scales, SWEEP.errors.mean(-1), 0.025))
    check(
        "The largest scale that still learns never falls as samples are added (depth 2, 3, 4)",
        HERE,
        "largest fall between two of eight sample sizes",
        max(0.0, -np.diff(largest, axis=0).min()),
        0.0,
    )
    assert (largest[-1] > 0.03).all() and (largest[0] == 0).all()


@pytest.mark.parametrize("depth", [3, 4])
def test_with_noise_the_smallest_scale_is_not_the_best(check, depth):
    errors = SWEEP.errors[-1, list(SWEEP.depths).index(depth)]
    best = int(errors.mean(-1).argmin())
    gain = errors[0] - errors[best]
    check(
        "With noise, a scale in between beats the smallest one (300 samples, depth 3 and 4)",
        HERE,
        "standard error of the paired gain over its mean, 20 draws",
        gain.std(ddof=1) / len(gain) ** 0.5 / gain.mean(),
        0.1,
    )


def test_samples_are_nested_and_the_truth_has_norm_one():
    problem = data_of(30, features=50, sparsity=4, seed=5)
    np.testing.assert_allclose(np.abs(problem.weights[problem.weights != 0]), 0.5)
    sweep = ib.error_sweep([10, 30], [2], [0.1], [5], features=50, sparsity=4)
    for n, error in zip((10, 30), sweep.errors[:, 0, 0, 0], strict=True):
        w = ib.interpolator(problem.X[:n], problem.y[:n], ib.DiagonalPotential(2, 0.1)).weights
        assert float(ib.population_error(w, problem.weights)) == pytest.approx(float(error))


def test_threads_give_the_same(alone):
    with ThreadPoolExecutor(2) as executor:
        shared = ib.error_sweep(**SMALL, seeds=range(4), sparsity=2, executor=executor)
    np.testing.assert_array_equal(shared.errors, alone)
    assert shared.errors.shape == (2, 2, 3, 4)


def test_a_dask_cluster_gives_the_same(check, alone):
    from distributed import Client, LocalCluster

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(processes=True, **options) as cluster, Client(cluster) as client:
        executor = client.get_executor()
        shared = ib.error_sweep(**SMALL, seeds=range(4), sparsity=2, executor=executor)
    check(
        "A sweep on a Dask cluster of two processes is the sweep of one",
        HERE,
        "largest difference of errors",
        np.abs(np.asarray(shared.errors) - alone).max(),
        1e-12,
    )


def test_several_in_step_give_the_same(check, alone):
    """Of four problems, three in step and then the one that is left."""
    batch = ib.error_sweep(**SMALL, seeds=range(4), sparsity=2, together=3)
    check(
        "Problems solved in step by one program have the errors of those solved alone",
        HERE,
        "largest difference of errors",
        np.abs(np.asarray(batch.errors) - alone).max(),
        1e-9,
    )


@pytest.mark.parametrize("depth", [2, 3, 6])
def test_scale_paths_are_scale_path(depth):
    problems = [data_of(15, features=40, sparsity=3, seed=seed) for seed in range(3)]
    X, y = (
        np.stack([np.asarray(part) for part in parts])
        for parts in zip(*((p.X, p.y) for p in problems), strict=True)
    )
    scales = [0.5, 10.0, 0.02]
    found = ib.scale_paths(X, y, depth, scales)
    expected = [ib.scale_path(p.X, p.y, depth, scales).weights for p in problems]
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_largest_scale():
    scales = [1e-3, 1e-2, 1e-1]
    errors = [[0.001, 0.01, 0.1], [0.1, 0.1, 0.1], [0.01, 0.01, 0.01], [0.1, 0.001, 0.1]]
    expected = [10**-1.5, 0.0, 0.1, 10**-1.25]
    np.testing.assert_allclose(ib.largest_scale(scales, errors, 10**-1.5), expected, rtol=1e-12)


X1 = [[1.0, 0.5]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ib.population_error([1.0, 2.0], [1.0]), "truth must have one entry a weight"),
        (
            lambda: ib.minimum_norm_error(5, 6, signal=1, noise=1),
            "n must lie between 1 and d - 2, found n = 5, d = 6",
        ),
        (lambda: ib.certificate(X1, [1.0]), "weights must have one entry a column"),
        (lambda: ib.certificate(X1, [1.0, 2.0]), "some entries that are zero and some"),
        (
            lambda: ib.certificate([[1.0, 1.0, 0.5]], [1.0, -1.0, 0.0]),
            "support and signs that some X'nu has",
        ),
        (lambda: ib.false_weight_bound(X1, [1.0, 0.0], 1.5, 0.1), "depth must .* found 1.5"),
        (lambda: ib.false_weight_bound(X1, [1.0, 0.0], 2, 3.0), "at most 1 at depth 2, found 3"),
        (lambda: ib.false_weight_bound(X1, [1.0, 0.0], 2, 0.0), "scale must be positive"),
        (lambda: ib.false_weight_bound(X1, [0.0, 1.0], 2, 0.1), "certificate below 1, found 2"),
        (lambda: ib.error_sweep([], [2], [1.0], [0]), "samples must not be empty"),
        (lambda: ib.error_sweep([60], [2], [1.0], [0], features=50), "at most features = 50"),
        (lambda: ib.error_sweep([5], [2], [1.0], [0], together=0), "together must be an integer"),
        (lambda: ib.scale_paths([[[1.0, 2.0]]], [[1.0, 2.0]], 2, [1.0]), "one entry a sample"),
        (lambda: ib.scale_paths([X1], [[1.0]], 1, [1.0]), "depth must .* found 1"),
        (lambda: ib.scale_paths([X1], [[1.0]], 4, [1e-7]), "at least 1e-12 .* in a batch"),
        (lambda: ib.largest_scale([1.0, 0.1], [1.0, 1.0], 1.0), "scales must rise"),
        (lambda: ib.largest_scale([0.1, 1.0], [1.0, 0.0], 1.0), "errors must be positive"),
        (lambda: ib.largest_scale([0.1, 1.0], [1.0, 1.0], -1.0), "threshold must be positive"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
