"""The jumps of small scale: their times and saddles, and how the flow of a small scale nears them.

The four features are those of an example in the appendix of Zhao et al. 2026, arXiv:2607.12332.
"""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import lsq_linear
from sklearn.linear_model import lasso_path

import implicitbias as ib
from implicitbias._active_set import SignedLeastSquares

from .problems import gaussian

HERE = "networks/saddle-to-saddle"
FOUR = np.array([[1, 0.5, 0.7, 0], [0.5, 1, 0.1, 0.7]]), np.array([1.0, 0])
APART = (
    np.array([[1, 0, 0, 0.3, 0.2], [0, 1, 0, 0.2, 0.3], [0, 0, 1, 0.1, 0.3]]),
    np.array([4.0, 2, 1]),
)


def unit(depth, scale):
    """Flow time in one unit of the clock of jumps, and dual variables in one of saturation."""
    if depth == 2:
        return np.log(1 / scale) / 2, 2 * np.log(1 / scale)
    return 1 / float(ib.DiagonalNetwork(depth, scale).rate), 1.0


def flow(depth, scale, X, y, clock, tolerance=1e-8):
    moment, wall = unit(depth, scale)
    network = ib.DiagonalNetwork(depth, scale)
    path = ib.gradient_flow(network, X, y, clock * moment, tolerance=tolerance)
    return np.asarray(path.weights), np.asarray(path.duals) / wall, np.asarray(path.losses)


def limit_duals(jumps, clock):
    times = np.append(0, jumps.times)
    duals = np.vstack([0 * jumps.duals[:1], jumps.duals])
    return np.stack([np.interp(clock, times, column) for column in duals.T], axis=1)


def levels(jumps, X, y):
    """The loss before and after each jump."""
    path = np.vstack([0 * jumps.weights[:1], jumps.weights])
    return ((path @ X.T - y) ** 2).sum(1) / 2


# The algorithm


def test_jumps_by_hand():
    """Drives 4, 1/2, 5/2: the first saturates at 1/4 and fits w_1 = 1, which leaves (0, 1/2) of y.

    Then the drives are 0, 1/2, 1/2 and the saturations 1/8 and 5/8: the third needs 3/4 more, and
    with it w_3 = 1/2, w_1 = 3/4 fit.
    """
    X, y = np.array([[2.0, 0.0, 1.0], [0.0, 1.0, 1.0]]), [2.0, 0.5]
    jumps = ib.saddle_to_saddle(X, y)
    np.testing.assert_allclose(jumps.times, [0.25, 1.0], rtol=1e-14)
    np.testing.assert_allclose(jumps.weights, [[1, 0, 0], [0.75, 0, 0.5]], atol=1e-14)
    np.testing.assert_allclose(jumps.duals @ X, [[1, 1 / 8, 5 / 8], [1, 1 / 2, 1]], atol=1e-14)
    times, weights = jumps
    assert times is jumps.times and weights is jumps.weights
    between = jumps.at([0, 0.249, 0.25, 0.999, 1, 9])
    np.testing.assert_allclose(between[:, 0], [0, 0, 1, 1, 0.75, 0.75], atol=1e-14)


def test_the_four_features_exactly(check):
    jumps = ib.saddle_to_saddle(*FOUR)
    times = [Fraction(1), Fraction(4), Fraction(276, 49)]
    weights = [
        [Fraction(4, 5), 0, 0, 0],
        [0, 0, Fraction(7, 5), 0],
        [0, 0, Fraction(10, 7), Fraction(-10, 49)],
    ]
    worst = max(
        np.abs(jumps.times - np.array(times, float)).max(),
        np.abs(jumps.weights - np.array(weights, float)).max(),
    )
    check(
        "The four features jump at times 1, 4 and 276/49",
        HERE,
        "times and weights against fractions worked out by hand, largest difference",
        float(worst),
        1e-13,
    )


@pytest.mark.parametrize(
    ("n", "d", "seed"), [(20, 40, 0), (20, 40, 1), (40, 100, 0), (100, 1000, 0), (100, 1000, 1)]
)
def test_jumps_end_on_basis_pursuit(check, n, d, seed):
    X, y = gaussian(n, d, seed=seed)
    jumps = ib.saddle_to_saddle(X, y)
    assert np.all(np.diff(jumps.times) >= 0)
    assert len(jumps.times) > n and int((jumps.weights[-1] != 0).sum()) == n
    check(
        "The last jump is to the solution of least l1 norm",
        HERE,
        "largest entry of the difference from HiGHS, up to n = 100, d = 1000",
        float(np.abs(jumps.weights[-1] - ib.basis_pursuit(X, y)).max()),
        1e-9,
    )
    # The certificate, with numbers that the algorithm did not report itself.
    assert np.abs(jumps.duals @ X).max() <= 1 + 1e-12
    norm = np.abs(jumps.weights[-1]).sum()
    check(
        "The last dual variable certifies the last weights: <nu, y> is their l1 norm",
        HERE,
        "relative difference of the two",
        float(abs(jumps.duals[-1] @ y - norm) / norm),
        1e-11,
    )
    assert float(jumps.feasibility) < 1e-13 and float(jumps.stationarity) < 1e-9


def slow_jumps(X, y):
    """The same, with a bounded least squares solver from nothing at each jump."""
    s, w, time = np.zeros(X.shape[1]), np.zeros(X.shape[1]), 0.0
    times, path = [], []
    while np.abs(drive := X.T @ (y - X @ w)).max() > 1e-9:
        moving = np.abs(drive) > 1e-9
        waits = (1 - np.sign(drive) * s)[moving] / np.abs(drive[moving])
        time, s = time + waits.min(), s + waits.min() * np.where(moving, drive, 0)
        at = np.abs(s) > 1 - 1e-9
        bounds = np.where(s[at] > 0, 0, -np.inf), np.where(s[at] > 0, np.inf, 0)
        w = np.zeros(len(w))
        w[at] = lsq_linear(X[:, at], y, bounds, method="bvls", tol=1e-14).x
        times, path = [*times, time], [*path, w]
    return np.array(times), np.array(path)


@pytest.mark.parametrize("seed", range(4))
def test_every_jump_is_that_of_a_bounded_least_squares_solver(check, seed):
    X, y = gaussian(20, 40, 5, 0.3, seed=seed)
    jumps = ib.saddle_to_saddle(X, y)
    times, path = slow_jumps(X, y)
    assert len(times) == len(jumps.times) > 20
    check(
        "Updating the factorisation gives the jumps that solving each anew gives",
        HERE,
        "times (relative) and weights against scipy's bounded-variable least squares",
        float(max(np.abs(times / jumps.times - 1).max(), np.abs(path - jumps.weights).max())),
        1e-9,
    )


def test_features_leave_and_return_and_the_factors_stay_exact():
    X, y = gaussian(60, 300, seed=3)
    jumps = ib.saddle_to_saddle(X, y)
    used = np.asarray(jumps.weights) != 0
    came = (used[1:] & ~used[:-1]).sum(0) + used[0]
    assert came.max() >= 2 and (used[:-1] & ~used[1:]).sum() > 10
    drives = (y - np.asarray(jumps.weights) @ X.T) @ X
    assert np.abs(drives[used]).max() < 1e-11 * np.abs(y @ X).max()


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_falls_at_every_jump(seed):
    X, y = gaussian(15, 40, seed=seed)
    jumps = ib.saddle_to_saddle(X, y)
    assert np.all(np.diff(levels(jumps, X, y)) < 0)
    signs = {tuple(row) for row in np.sign(np.asarray(jumps.weights)).astype(int)}
    assert len(signs) == len(jumps.times)  # no saddle twice


def test_what_is_visited_are_saddles_of_the_loss_of_the_network(check):
    X, y = gaussian(10, 25, seed=2)
    jumps = ib.saddle_to_saddle(X, y)

    def loss(params):
        u, v = params
        return jnp.sum((X @ (u**2 - v**2) - y) ** 2) / 2

    slope, curve = jax.jit(jax.grad(loss)), jax.jit(jax.hessian(loss))
    worst = 0.0
    for w in np.asarray(jumps.weights)[:-1]:
        place = np.stack([np.sqrt(np.maximum(w, 0)), np.sqrt(np.maximum(-w, 0))])
        worst = max(worst, float(jnp.abs(slope(place)).max()))
        curvature = np.reshape(curve(place), (50, 50))
        steepest = np.linalg.eigvalsh(curvature)[0]
        drive = np.abs(X.T @ (y - X @ w)).max()
        # The direction of descent that the proposition names, and none is steeper by accident.
        assert steepest <= -2 * drive + 1e-9
    check(
        "Between jumps the network rests at critical points with a descent direction",
        HERE,
        "largest entry of the gradient in (u, v), by automatic differentiation",
        worst,
        1e-11,
    )


def test_before_departures_the_mean_of_the_path_is_the_lasso(check):
    worst, compared = 0.0, 0
    for seed in range(12):
        X, y, _ = ib.sparse_regression(20, 30, 3, noise=0.05, seed=seed)
        X, y = np.asarray(X), np.asarray(y)
        jumps = ib.saddle_to_saddle(X, y)
        signs = np.sign(np.vstack([0 * jumps.weights[:1], jumps.weights]))
        stays = np.all(signs[1:] * signs[:-1] == signs[:-1] ** 2, axis=1)
        until = len(stays) if stays.all() else int(np.argmin(stays))
        times = np.append(0, jumps.times)
        held = np.vstack([0 * jumps.weights[:1], jumps.weights])
        for k in range(1, until):
            t = (times[k] + times[k + 1]) / 2
            spans = np.clip(np.append(times[1:], np.inf), 0, t) - np.clip(times, 0, t)
            mean = spans @ held / t
            lasso = lasso_path(X, y, alphas=[1 / (t * len(y))], tol=1e-14, max_iter=10**6)[1][:, 0]
            worst, compared = max(worst, np.abs(mean - lasso).max()), compared + 1
    assert compared > 30
    check(
        "While no saturation has left its wall, the mean of the limiting path is the lasso at 1/T",
        HERE,
        "largest entry of the difference from scikit-learn's coordinate descent",
        float(worst),
        1e-6,
    )


# The limit of the flow


def test_one_weight_jumps_when_the_closed_form_says(check):
    worst, shares = 0.0, np.array([0.1, 0.5, 0.9])
    for scale in (1e-2, 1e-8, 1e-64):
        for y in (0.5, 1.0, 3.0):
            clock = (1 + np.log(y * shares / (1 - shares)) / (2 * np.log(1 / scale))) / y
            w = flow(2, scale, np.eye(1), np.array([y]), clock, 1e-10)[0][:, 0]
            worst = max(worst, np.abs(w / y - shares).max() / max(scale**2 / y, 1e-6))
    check(
        "One weight has come a share p of its way at time (1 + ln(yp/(1-p))/L)/y, to scale^2/y",
        HERE,
        "p, over the larger of scale^2/y and 1e-6; scales from 1e-2 to 1e-64",
        float(worst),
        1.0,  # (3p^2 - 2p) scale^2/y is the leading order
    )


@pytest.mark.parametrize("data", ["four", "apart", "random"])
@pytest.mark.parametrize(("depth", "scale"), [(2, 0.3), (2, 1e-2), (2, 1e-8), (2, 1e-64)])
def test_distance_to_the_limit_is_bounded(check, data, depth, scale):
    X, y = {"four": FOUR, "apart": APART, "random": gaussian(8, 20, seed=1)}[data]
    jumps = ib.saddle_to_saddle(X, y)
    clock = np.linspace(0, 1.5 * float(jumps.times[-1]), 120)[1:]
    duals = flow(depth, scale, X, y, clock)[1]
    L, norm = 2 * np.log(1 / scale), np.abs(jumps.weights[-1]).sum()
    bound = clock / L * (X.shape[1] + 2 * norm * np.arcsinh(L * norm / 2))
    gap = ((duals - limit_duals(jumps, clock)) ** 2).sum(1) / 2
    check(
        "Depth two: the dual variable stays within the bound of its limit",
        HERE,
        "squared distance over its bound, three problems, scales from 0.3 to 1e-64",
        float((gap / bound).max()),
        1.0,
    )


@pytest.mark.parametrize("data", ["four", "apart", "random"])
@pytest.mark.parametrize(("depth", "scale"), [(3, 0.3), (3, 1e-3), (4, 0.1), (6, 0.3)])
def test_distance_to_the_limit_is_bounded_at_larger_depth(check, data, depth, scale):
    X, y = {"four": FOUR, "apart": APART, "random": gaussian(8, 20, seed=1)}[data]
    jumps = ib.saddle_to_saddle(X, y)
    clock = np.linspace(0, 1.5 * float(jumps.times[-1]), 120)[1:]
    duals = flow(depth, scale, X, y, clock)[1]
    norm, d = np.abs(jumps.weights[-1]).sum(), X.shape[1]
    bound = clock * scale ** (depth - 2) * (d * (depth - 2) + 2 * norm)
    gap = ((duals - limit_duals(jumps, clock)) ** 2).sum(1) / 2
    check(
        "Depth three and more: the dual variable stays within the bound of its limit",
        HERE,
        "squared distance over its bound, three problems, depths 3, 4 and 6",
        float((gap / bound).max()),
        1.0,
    )


def offsets(X, y, scale):
    """How much later than the limit the flow jumps: where its loss is half-way down."""
    jumps = ib.saddle_to_saddle(X, y)
    level, width = levels(jumps, X, y), 3 / np.log(1 / scale)
    windows = [time + width * np.linspace(-1, 1, 1501) for time in np.asarray(jumps.times)]
    clock = np.unique(np.maximum(windows, 1e-6))
    losses = flow(2, scale, X, y, clock)[2]
    return np.interp(-(level[1:] + level[:-1]) / 2, -losses, clock) - jumps.times


def test_jump_times_are_off_by_one_over_the_log_of_the_scale(check):
    scales = np.array([1e-4, 1e-8, 1e-16, 1e-32, 1e-64])
    off = np.array([offsets(*APART, scale) for scale in scales])
    check(
        "Well separated jumps: the flow's are off by at most 1/ln(1/scale)",
        HERE,
        "offset times ln(1/scale), three jumps, scales from 1e-4 to 1e-64",
        float((np.abs(off) * np.log(1 / scales)[:, None]).max()),
        1.0,
    )
    check(
        "Well separated jumps: the offset halves when the logarithm of the scale doubles",
        HERE,
        "half the ratio of successive largest offsets, less one",
        float(np.abs(np.abs(off[:-1]).max(1) / np.abs(off[1:]).max(1) / 2 - 1).max()),
        0.15,
    )


def test_asleep_a_weight_is_a_power_of_the_scale(check):
    """On the first plateau of APART, at time 3/8, with saturations away from zero and the wall."""
    jumps = ib.saddle_to_saddle(*APART)
    s = limit_duals(jumps, np.array([0.375]))[0] @ APART[0]
    asleep = (np.abs(s) > 0.1) & (np.abs(s) < 0.9)
    sizes = np.abs([flow(2, scale, *APART, np.array([0.375]))[0][0] for scale in (1e-8, 1e-16)])
    slopes = np.log(sizes[1] / sizes[0]) / np.log(1e-8)
    assert asleep.sum() >= 3
    check(
        "Between jumps a sleeping weight is of the order of scale^(2 - 2|s|)",
        HERE,
        "difference of the slopes between scales 1e-8 and 1e-16",
        float(np.abs(slopes - 2 * (1 - np.abs(s)))[asleep].max()),
        0.01,
    )


@pytest.mark.parametrize("depth", [3, 4])
def test_deep_networks_make_the_same_jumps(check, depth):
    X, y = APART
    jumps = ib.saddle_to_saddle(X, y)
    middle = (jumps.times[:-1] + jumps.times[1:]) / 2
    w = flow(depth, 1e-4, X, y, np.append(middle, 2.0))[0]
    check(
        "Networks of depth three and four rest where those of depth two do, at the same clock",
        HERE,
        "largest entry of the difference in the middle of each rest, scale 1e-4",
        float(np.abs(w - jumps.weights).max()),
        1e-3,
    )


def test_unequal_scales_move_the_walls(check):
    """With scales alpha^k, jumps are those of the features over k."""
    X, y = APART
    k = np.array([1.0, 0.4, 1.5, 0.9, 0.5])
    jumps = ib.saddle_to_saddle(X / k, y)
    scale = 1e-100
    network = ib.DiagonalNetwork(2, scale**k)
    times = np.append((jumps.times[:-1] + jumps.times[1:]) / 2, 1.5 * jumps.times[-1])
    path = ib.gradient_flow(network, X, y, times * np.log(1 / scale) / 2)
    check(
        "With unequal scales alpha^k the jumps are those of the features divided by k",
        HERE,
        "largest entry of the difference in the middle of each rest, alpha = 1e-100",
        float(np.abs(path.weights - jumps.weights / k).max()),
        1e-3,
    )


# Ties and bad input


def test_a_tie_of_independent_features_is_one_jump():
    jumps = ib.saddle_to_saddle(np.eye(3), [1.0, -1.0, 0.5])
    np.testing.assert_allclose(jumps.times, [1, 2], rtol=1e-14)
    np.testing.assert_allclose(jumps.weights, [[1, -1, 0], [1, -1, 0.5]], atol=1e-14)


def test_nothing_to_fit_is_no_jump():
    jumps = ib.saddle_to_saddle([[1.0, 2.0]], [0.0])
    assert jumps.times.shape == (0,) and jumps.weights.shape == (0, 2)
    assert jumps.at([1.0]).tolist() == [[0, 0]]


def test_small_integers_full_of_ties_are_right_or_refused():
    refused = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        X = rng.integers(-2, 3, (4, 7)).astype(float)
        y = rng.integers(-2, 3, 4).astype(float)
        if np.linalg.matrix_rank(X) < 4 or not y.any():
            continue
        try:
            jumps = ib.saddle_to_saddle(X, y)
        except ValueError as error:
            refused += "saturate together" in str(error)
            continue
        least = float(np.abs(ib.basis_pursuit(X, y)).sum())
        np.testing.assert_allclose(np.abs(jumps.weights[-1]).sum(), least, rtol=1e-10)
    assert 5 < refused < 55


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[1.0], [2.0]], [1.0, 2.0], "as many features"),
        ([[1.0, 2.0], [2.0, 4.0]], [1.0, 2.0], "linearly independent rows, found rank 1"),
        ([[1.0, np.inf]], [1.0], "X must be finite"),
        ([[1.0, 1.0]], [1.0], r"at time 1, features \[1\] and \[0\] depend on each other"),
        # A feature between two others, all of which saturate at once.
        ([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]], [1.0, 1.0], "Merge or drop"),
        # Jaynes's die: all probability vectors with its mean have the same l1 norm.
        ([[1.0] * 6, [1.0, 2, 3, 4, 5, 6]], [1.0, 4.5], "saturate together"),
    ],
)
def test_bad_input(X, y, message):
    with pytest.raises(ValueError, match=message):
        ib.saddle_to_saddle(X, y)


def test_signed_least_squares_alone():
    X, y = gaussian(12, 9, seed=5)
    fit = SignedLeastSquares(X, y)
    signs = np.array([1, 1, -1, 0, 1, -1, 0, 1, 1.0])
    for subset in (signs * (np.arange(9) < 4), signs):
        fit.settle(subset)
        lower, upper = np.where(subset < 0, -np.inf, -1e-15), np.where(subset > 0, np.inf, 1e-15)
        exact = lsq_linear(X, y, (lower, upper), method="bvls", tol=1e-14).x
        np.testing.assert_allclose(fit.weights, exact, atol=1e-12)
    assert fit.undetermined(signs) == []
