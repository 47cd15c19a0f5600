"""Interpolators and margins against limits, independent solvers and the rates of the theory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.linalg import null_space
from scipy.optimize import linprog

import implicitbias as ib

from .problems import gaussian

HERE = "networks/scale-and-depth"


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("depth", [2, 2.5, 3, 4, 6, 10])
def test_scale_path_runs_from_least_l2_to_least_l1(check, depth, noise):
    X, y = gaussian(20, 40, 4, noise)
    scales = np.logspace(1, -6, 29)
    path = ib.scale_path(X, y, depth, scales)
    check(
        "Interpolators of least potential satisfy Xw = y",
        HERE,
        "largest residual over 29 scales, depth 2 to 10",
        float(path.feasibility.max()),
        1e-10,
    )
    check(
        "Interpolators of least potential satisfy the gradient condition",
        HERE,
        "largest entry of grad Q - X'nu over 29 scales, depth 2 to 10",
        float(path.stationarity.max()),
        1e-10,
    )
    assert np.abs(path.weights[0] - ib.minimum_norm(X, y)).max() < 3e-6
    if depth >= 3:
        # The distance is of the order of the amplitude, 1e-18 and less.
        assert np.abs(path.weights[-1] - ib.basis_pursuit(X, y)).max() < 1e-11


def test_order_of_scales_does_not_matter():
    X, y = gaussian(10, 25, 3, 0.1)
    scales = np.array([1e-3, 10.0, 0.1, 1.0])
    shuffled = ib.scale_path(X, y, 3, scales)
    sorted_ = ib.scale_path(X, y, 3, np.sort(scales))
    np.testing.assert_allclose(shuffled.weights[np.argsort(scales)], sorted_.weights, atol=1e-11)


def test_one_compiled_program_serves_all_depths_and_any_number_of_scales(caplog):
    X, y = gaussian(6, 11)
    ib.scale_path(X, y, 2, [1.0, 0.1])
    with jax.log_compiles():
        for depth in (2.2, 3, 7):
            ib.scale_path(X, y, depth, np.geomspace(1.0, 0.1, int(10 * depth)))
        assert "jit(_follow)" not in caplog.text
        ib.scale_path(X[1:, 1:], y[1:], 2, [1.0])
        assert "jit(_follow)" not in caplog.text, "nor do sizes differ that round up to the same"
        ib.scale_path(*gaussian(21, 30), 2, [1.0])
        assert "jit(_follow)" in caplog.text


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize(
    ("depth", "scale"),
    [(2, 1e-60), (2, 1e-140), (2.5, 1e-8), (3, 1e-14), (4, 1e-9), (10, 1e-6), (10, 1e-40)],
)
def test_extreme_scales_end_on_basis_pursuit(check, depth, scale, noise):
    X, y = gaussian(20, 40, 4, noise, seed=1)
    end = ib.interpolator(X, y, ib.DiagonalPotential(depth, scale))
    check(
        "At extreme scales (1e-60 at depth 2, 1e-40 at depth 10) the end is the l1 solution",
        HERE,
        "largest entry of the difference from HiGHS",
        float(np.abs(end.weights - ib.basis_pursuit(X, y)).max()),
        1e-10,
    )


def test_first_order_correction_below_the_range_of_float64():
    """Off the support, weights scale as the amplitude: read off across the switch to the limit."""
    X, y = gaussian(12, 24, 0, seed=2)
    depth = 4
    above = ib.interpolator(X, y, ib.DiagonalPotential(depth, 2e-6))  # slack 4e-12: solved
    below = ib.interpolator(X, y, ib.DiagonalPotential(depth, 1e-7))  # slack 1e-14: extrapolated
    off = np.abs(ib.basis_pursuit(X, y)) == 0
    ratio = below.weights[off] / above.weights[off]
    np.testing.assert_allclose(ratio, (1e-7 / 2e-6) ** depth, rtol=1e-8)


def certificate_exponent(X, y):
    """rho = min of the largest |x_i'nu| off the support over certificates nu, by HiGHS."""
    w = np.asarray(ib.basis_pursuit(X, y))
    on, n = w != 0, X.shape[0]
    off = X[:, ~on].T
    ones = np.ones((off.shape[0], 1))
    result = linprog(
        np.append(np.zeros(n), 1.0),
        A_ub=np.block([[off, -ones], [-off, -ones]]),
        b_ub=np.zeros(2 * off.shape[0]),
        A_eq=np.hstack([X[:, on].T, np.zeros((on.sum(), 1))]),
        b_eq=np.sign(w[on]),
        bounds=(None, None),
        method="highs",
    )
    return result.x[-1]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_rate_of_depth_two(check, seed):
    """Distance to the l1 solution ~ scale^(2(1-rho)) (Matt and Stoeger, arXiv:2506.01143)."""
    X, y = gaussian(40, 100, 5, seed=seed)
    scales = np.logspace(-6, -4, 9)
    distance = np.abs(ib.scale_path(X, y, 2, scales).weights - ib.basis_pursuit(X, y)).max(1)
    slope = np.polyfit(np.log(scales), np.log(distance), 1)[0]
    expected = 2 * (1 - certificate_exponent(X, y))
    check(
        "Depth 2: distance to the l1 solution falls as scale^(2(1 - rho))",
        HERE,
        "fitted slope with rho of a linear programme, relative",
        abs(slope / expected - 1),
        0.02,
    )


@pytest.mark.parametrize(("d", "seed"), [(40, 1), (70, 3)])
def test_fewer_active_weights_than_samples_at_the_smallest_scales(d, seed):
    """A nearly tight certificate, and no weight to fit the rounding of y: Newton must not try."""
    X, y, truth = ib.sparse_regression(20, d, 4, seed=seed)
    scales = np.logspace(-12, -4, 9)
    distance = np.abs(ib.scale_path(X, y, 3, scales).weights - truth).max(1)
    # The law scale^D, from the largest scale on, down to rounding.
    assert np.all(distance <= 1.05 * distance[-1] * (scales / scales[-1]) ** 3 + 1e-12)


@pytest.mark.parametrize(("depth", "scales"), [(3, (-4, -2.5)), (4, (-3, -2))])
def test_rate_of_larger_depths(check, depth, scales):
    X, y = gaussian(40, 100, 5, seed=0)
    scales = np.logspace(*scales, 7)
    distance = np.abs(ib.scale_path(X, y, depth, scales).weights - ib.basis_pursuit(X, y)).max(1)
    slope = np.polyfit(np.log(scales), np.log(distance), 1)[0]
    check(
        "Depth D > 2: distance to the l1 solution falls as scale^D",
        HERE,
        "fitted slope with D, relative",
        abs(slope / depth - 1),
        0.02,
    )


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_rate_of_the_kernel_limit(check, depth):
    X, y = gaussian(40, 100, 5, seed=0)
    scales = np.logspace(0.5, 1.0, 6)
    distance = np.abs(ib.scale_path(X, y, depth, scales).weights - ib.minimum_norm(X, y)).max(1)
    kept = distance > 1e-10
    slope = np.polyfit(np.log(scales[kept]), np.log(distance[kept]), 1)[0]
    check(
        "Distance to the minimum-l2 solution falls as scale^(-2D)",
        HERE,
        "fitted slope with -2D, relative",
        abs(slope / (-2 * depth) - 1),
        0.2,
    )


def test_against_the_exponential_cone_of_clarabel(check):
    """Q at depth 2 is a sum of relative entropies: over w = p - m with p m = scale^4."""
    import cvxpy as cp

    X, y = gaussian(10, 20, 3, 0.1)
    worst = 0.0
    for scale in (0.03, 0.3, 1.0):
        amplitude = scale**2
        p, m = cp.Variable(20, pos=True), cp.Variable(20, pos=True)
        entropy = cp.sum(cp.rel_entr(p, amplitude) + cp.rel_entr(m, amplitude) - p - m)
        problem = cp.Problem(cp.Minimize(entropy), [X @ (p - m) == y])
        problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
        ours = ib.interpolator(X, y, ib.DiagonalPotential(2, scale))
        worst = max(worst, np.abs(ours.weights - (p.value - m.value)).max())
    check(
        "Interpolators of depth 2 agree with an interior-point solver",
        HERE,
        "largest entry of the difference from Clarabel's exponential cone",
        worst,
        1e-5,  # the cone solver's own accuracy; ours has its certificate at 1e-10
    )


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_one_sample_in_closed_form(check, depth):
    """n = 1: w = amplitude h(kappa x), with kappa the root of one equation."""
    from scipy.optimize import brentq

    x, y, worst = np.array([2.0, -1.0, 0.5]), 1.5, 0.0
    for scale in (0.1, 1.0):
        potential = ib.DiagonalPotential(depth, scale)
        edge = 60.0 if depth == 2 else (1 - 1e-15) / 2
        kappa = brentq(
            lambda s, potential=potential: float(potential.to_primal(s * x) @ x) - y,
            0,
            edge,
            xtol=1e-15,
        )
        ours = ib.interpolator(x[None], [y], potential).weights
        worst = max(worst, np.abs(ours - potential.to_primal(kappa * x)).max())
    check(
        "One sample: w = scale^D h_D(kappa x)",
        HERE,
        "largest entry of the difference",
        worst,
        1e-10,
    )


START = np.random.default_rng(3).standard_normal(40)


@pytest.mark.parametrize("start", [None, START], ids=["", "start"])
@pytest.mark.parametrize(
    "potential",
    [
        ib.Euclidean(),
        ib.Hypentropy(0.1),
        ib.PNorm(1.1),
        ib.PNorm(3.0),
        ib.DiagonalPotential(2, 0.3),
        ib.DiagonalPotential(2, 1e-9),
        ib.DiagonalPotential(3, 1e-3),
        ib.DiagonalPotential(4, np.linspace(0.2, 0.9, 40)),
        ib.DiagonalPotential(2, 0.2, 0.9),
    ],
    ids=str,
)
def test_any_potential_from_any_start(potential, start):
    """The optimality conditions, from the public maps alone."""
    X, y = gaussian(20, 40, 4, 0.1, seed=1)
    end = ib.interpolator(X, y, potential, start=start)
    origin = 0 if start is None else potential.to_dual(start)
    np.testing.assert_allclose(X @ end.weights, y, atol=1e-10)
    np.testing.assert_allclose(potential.to_dual(end.weights) - origin, X.T @ end.dual, atol=1e-8)


@pytest.mark.parametrize("potential", [ib.Entropy(), ib.Burg()], ids=str)
def test_potentials_on_positive_weights(potential):
    X = np.abs(gaussian(8, 20)[0])
    y = X @ np.abs(START[:20])
    end = ib.interpolator(X, y, potential, start=np.full(20, 0.1))
    assert end.weights.min() > 0
    np.testing.assert_allclose(X @ end.weights, y, rtol=1e-10)
    with pytest.raises(ValueError, match="in the domain of the potential"):
        ib.interpolator(X, -y, potential, start=np.ones(20))


def test_burg_needs_a_start():
    with pytest.raises(ValueError, match="start is needed: Burg"):
        ib.interpolator([[1.0, 1.0]], [1.0], ib.Burg())


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    depth=st.sampled_from([2, 2.3, 3, 4, 8]),
    log_scale=st.floats(-12, 2),
    sparsity=st.integers(0, 4),
)
def test_no_interpolator_has_less_potential(seed, depth, log_scale, sparsity):
    X, y = gaussian(6, 12, sparsity, seed=seed)
    potential = ib.DiagonalPotential(depth, 10.0**log_scale)
    end = ib.interpolator(X, y, potential)
    null = np.linalg.svd(X)[2][6:]
    least = float(potential.value(end.weights))
    for direction in null:
        for length in (1e-3, -1e-3, 1.0):
            there = float(potential.value(end.weights + length * direction))
            assert there >= least - 1e-9 * abs(least)


def test_zero_target():
    end = ib.interpolator(gaussian(3, 6)[0], np.zeros(3), ib.DiagonalPotential(3, 1e-3))
    np.testing.assert_array_equal(end.weights, np.zeros(6))


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_units_of_the_data(unit):
    """Data in other units: w scales with y, and the scale with its root."""
    X, y = gaussian(8, 20)
    one = ib.interpolator(X, y, ib.DiagonalPotential(2, 0.1)).weights
    scaled = ib.interpolator(X, unit * y, ib.DiagonalPotential(2, 0.1 * np.sqrt(unit))).weights
    np.testing.assert_allclose(scaled / unit, one, rtol=1e-8, atol=1e-10)
    wide = ib.interpolator(unit * X, unit * y, ib.DiagonalPotential(2, 0.1)).weights
    np.testing.assert_allclose(wide, one, rtol=1e-8, atol=1e-10)


def test_woodworth_sufficient_scales_hold_and_are_loose(check):
    """Theorem 2 of arXiv:2002.09277 at eps = 1: never violated."""
    X, y = gaussian(40, 100, 5, seed=0)
    l1, l2 = ib.basis_pursuit(X, y), ib.minimum_norm(X, y)
    norm1, eps = float(np.abs(l1).sum()), 1.0
    small = min((2 * (1 + eps) * norm1) ** (-(2 + eps) / (2 * eps)), np.exp(-100 / (eps * norm1)))
    large = np.sqrt(2 * (1 + eps) * (1 + 2 / eps) * np.linalg.norm(l2))
    path = ib.scale_path(X, y, 2, [large, small])
    excess1 = float(np.abs(path.weights[1]).sum()) / norm1 - (1 + eps)
    excess2 = float(np.sum(path.weights[0] ** 2) / np.sum(l2**2)) - (1 + eps)
    check(
        "Woodworth et al., Theorem 2: sufficient scales",
        HERE,
        "violation",
        max(excess1, excess2, 0),
        0,
    )


# Margins


@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_max_margin_against_cvxpy(check, norm):
    import cvxpy as cp

    worst = 0.0
    for n, d, seed in ((6, 4, 0), (15, 30, 1), (40, 10, 2)):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((n, d))
        labels = np.sign(X @ rng.standard_normal(d))
        ours = ib.max_margin(X, labels, norm)
        np.testing.assert_allclose((labels * (X @ ours)).min(), 1, rtol=1e-12)
        w = cp.Variable(d)
        problem = cp.Problem(cp.Minimize(cp.norm(w, norm)), [cp.multiply(labels, X @ w) >= 1])
        best = problem.solve(solver=cp.CLARABEL)
        worst = max(worst, abs(float(jnp.linalg.norm(ours, norm)) / best - 1))
    check(
        "Maximum margins in l1, l2, l-infinity", HERE, "norm with Clarabel, relative", worst, 1e-7
    )


def test_basis_pursuit_has_the_least_norm():
    X, y = gaussian(20, 40, 0)
    w = ib.basis_pursuit(X, y)
    np.testing.assert_allclose(X @ w, y, atol=1e-12)
    assert (w != 0).sum() == 20
    # Optimal by duality: a certificate with |X'nu| <= 1 and y'nu = |w|_1.
    nu = np.linalg.lstsq(X[:, w != 0].T, np.sign(w[w != 0]), rcond=None)[0]
    assert np.abs(X.T @ nu).max() <= 1 + 1e-10
    np.testing.assert_allclose(y @ nu, np.abs(w).sum(), rtol=1e-12)


X23, Y2 = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]]), np.array([1.0, 2.0])


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (X23.T, [1.0, 2.0, 3.0], "as many features as samples .* n = 3, d = 2"),
        (X23, [1.0], "y must have one entry a row of X"),
        (X23[0], Y2, "X must have 2 axes"),
        (np.array([[1.0, np.nan, 0.0]]), [1.0], r"X must be finite, found nan at index \(0, 1\)"),
        (X23, [np.inf, 1.0], "y must be finite, found inf"),
        (np.vstack([X23[0], X23[0]]), [1.0, 2.0], "rank 1 .*inconsistent"),
        (np.vstack([X23[0], X23[0]]), [1.0, 1.0], "rank 1 .*redundant"),
        (X23.astype(np.float32), Y2, "X must be float64, found float32"),
        (np.zeros((0, 3)), [], "at least one sample"),
        ("words", Y2, "X must be an array of real numbers"),
    ],
)
@pytest.mark.parametrize(
    "solve",
    [
        lambda X, y: ib.interpolator(X, y, ib.DiagonalPotential(3, 0.1)),
        lambda X, y: ib.scale_path(X, y, 2, [1.0]),
        ib.basis_pursuit,
        ib.minimum_norm,
    ],
    ids=["interpolator", "scale_path", "basis_pursuit", "minimum_norm"],
)
def test_bad_data(solve, X, y, message):
    with pytest.raises(ValueError, match=message):
        solve(X, y)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ib.scale_path(X23, Y2, 1, [1.0]), "depth must be"),
        (lambda: ib.scale_path(X23, Y2, 2, [1.0, 0.0]), "scales must be positive"),
        (lambda: ib.scale_path(X23, Y2, 2, 1.0), "scales must have 1 axes"),
        (lambda: ib.interpolator(X23, Y2, "l1"), "potential must be a Potential, found 'l1'"),
        (
            lambda: ib.interpolator(X23, Y2, ib.Euclidean(), start=[1.0]),
            "start must have one entry",
        ),
        (
            lambda: ib.interpolator(X23, Y2, ib.DiagonalPotential(4, 1e-9), start=np.ones(3)),
            "scale must be at least .* with a start",
        ),
        (lambda: ib.max_margin(X23, [1.0, 0.0], 2), "labels must be -1 or \\+1, found 0.0"),
        (lambda: ib.max_margin(X23, [1.0], 2), "labels must have one entry"),
        (lambda: ib.max_margin(X23, [1.0, -1.0], 3), "norm must be 1, 2 or infinity, found 3"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_data_that_nothing_separates(norm):
    with pytest.raises(ValueError, match="separable"):
        ib.max_margin([[1.0, 0.0], [2.0, 0.0]], [1.0, -1.0], norm)


def test_nearly_repeated_samples_are_refused_or_certified():
    """Ill-conditioned data: a certified answer, or an error that says how far it is off."""
    X, y = gaussian(5, 12)
    X = np.vstack([X, X[0] + 1e-9 * np.random.default_rng(1).standard_normal(12)])
    y = np.append(y, y[0])
    try:
        end = ib.interpolator(X, y, ib.DiagonalPotential(3, 1e-3))
    except RuntimeError as error:
        assert "relative residual" in str(error)
    else:
        assert float(end.feasibility) <= 1e-10 * np.abs(y).max()


def test_results_are_frozen_pytrees():
    end = ib.interpolator(X23, Y2, ib.Euclidean())
    assert len(jax.tree.leaves(end)) == 5
    with pytest.raises(AttributeError):
        end.weights = None


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_a_feature_of_much_larger_scale_is_free(depth):
    """Its weight costs nothing: the others interpolate what is left when it is projected out."""
    X, y = map(np.asarray, gaussian(10, 20, 3, 0.1))
    scales = np.full(20, 1e-3)
    scales[5] = 1e3
    network = ib.DiagonalNetwork(depth, scales)
    found = ib.interpolator(X, y, network.potential()).weights
    across = null_space(X[:, 5:6].T).T
    rest = ib.interpolator(
        np.delete(across @ X, 5, 1), across @ y, ib.DiagonalPotential(depth, 1e-3)
    )
    np.testing.assert_allclose(np.delete(found, 5), rest.weights, atol=1e-8)
    flow = ib.gradient_flow(network, X, y, [1e9 / float(network.rate)])
    np.testing.assert_allclose(flow.weights[-1], found, atol=1e-7)
