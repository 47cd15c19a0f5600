"""Classification: separators of least potential, linear predictors in log t, networks that pass."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import linprog

import implicitbias as ib

HERE = "networks/logistic"


def problem(seed, n=6, d=4, weights=(1.0, 0.4)):
    X, labels, _ = map(np.asarray, ib.sparse_classification(n, d, weights, seed=seed))
    return X, labels


def angle(a, b):
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return np.degrees(2 * np.arcsin(np.linalg.norm(a - b) / 2))


def at_margin(depth, scale, X, labels, margin):
    """The network's weights over their least margin, at the moment when that is reached."""
    log_losses = margin + np.linspace(0, np.log(len(labels)), 5)
    path = np.asarray(
        ib.margin_flow(ib.DiagonalNetwork(depth, scale), X, labels, log_losses).weights
    )
    margins = (labels * (path @ X.T)).min(axis=1)
    return np.array([np.interp(margin, margins, w) for w in path.T]) / margin


# Separators of least potential


def conic(X, labels, depth, mu):
    """q_D as the least value of two separable functions of u - v = x, in cvxpy's own cones."""
    import cvxpy as cp

    u, v = cp.Variable(X.shape[1]), cp.Variable(X.shape[1])
    if depth == 2:
        value = cp.sum(-cp.entr(u) - u - cp.entr(v) - v)
    else:
        powers = cp.power(u, 2 / depth) + cp.power(v, 2 / depth)
        value = cp.sum(u + v - depth / 2 * powers)
    constraints = [cp.multiply(labels, X @ (u - v)) >= mu]
    cp.Problem(cp.Minimize(value), constraints).solve(solver=cp.CLARABEL)
    assert u.value is not None and v.value is not None
    return (u.value - v.value) / mu


@pytest.mark.parametrize("depth", [2, 3])
def test_separators_against_cvxpy(check, depth):
    worst = 0.0
    for seed, n, d in ((0, 6, 4), (1, 10, 20)):
        X, labels = problem(seed, n, d)
        for mu in (1.0, 10.0, 100.0):
            potential = ib.DiagonalPotential(depth, mu ** (-1 / depth))
            ours, other = ib.separator(X, labels, potential).weights, conic(X, labels, depth, mu)
            worst = max(worst, np.abs(other - ours).max())
            np.testing.assert_allclose(potential.value(other), potential.value(ours), rtol=5e-6)
    # Clarabel stops at 1e-8 in the objective, which the weights enter to second order.
    check(
        "The separator of least Q_mu, depth 2 and 3",
        HERE,
        "largest entry of the difference from Clarabel's exponential and power cones",
        float(worst),
        5e-4,
    )


@pytest.mark.parametrize("depth", [2, 2.5, 3, 10])
def test_separators_carry_their_certificate(check, depth):
    worst = 0.0
    for seed in (0, 1):
        X, labels = problem(seed, 10, 20)
        found = ib.separator_path(X, labels, depth, np.geomspace(1e-6, 1e6, 32))
        margins = labels * (found.weights @ X.T)
        nu = labels * np.asarray(found.dual)
        assert nu.min() >= 0 and np.all((nu > 0).sum(axis=1) <= 10)
        total = nu.sum(axis=1, keepdims=True)
        worst = max(
            worst, float((1 - margins).max()), float((np.abs(margins - 1) * nu / total).max())
        )
        for k in (0, 15, 31):
            potential = ib.DiagonalPotential(depth, 10 ** ((6 - 12 * k / 31) / depth))
            alone = ib.separator(X, labels, potential)
            np.testing.assert_allclose(alone.weights, found.weights[k], rtol=1e-9, atol=1e-9)
            z = potential.to_dual(found.weights[k])
            np.testing.assert_allclose(z, X.T @ found.dual[k], rtol=1e-8, atol=1e-12)
    check(
        "Margins of at least 1, and multipliers at support vectors only",
        HERE,
        "largest violation, mu from 1e-6 to 1e6",
        worst,
        1e-10,
    )


def test_separators_of_other_potentials():
    X, labels = problem(2, 8, 12)
    l2 = ib.max_margin(X, labels, 2)
    np.testing.assert_allclose(ib.separator(X, labels, ib.Euclidean()).weights, l2, atol=1e-9)
    np.testing.assert_allclose(ib.separator(X, labels, ib.PNorm(2.0)).weights, l2, atol=1e-9)
    a, b = ib.Hypentropy(0.02), ib.DiagonalPotential(2, 0.1)
    first, second = (ib.separator(X, labels, potential).weights for potential in (a, b))
    np.testing.assert_allclose(first, second, atol=1e-9)
    # A p-norm near 1 is nearly the l1 margin.
    w = ib.separator(X, labels, ib.PNorm(1.05)).weights
    l1 = np.abs(ib.max_margin(X, labels, 1)).sum()
    assert l1 <= np.abs(w).sum() <= 1.05 * l1


def slack(X, labels):
    """rho: the largest |x_j' nu| off the support, for the best certificate of the l1 margin."""
    signed, w = labels[:, None] * X, np.asarray(ib.max_margin(X, labels, 1))
    used, tight = np.abs(w) > 1e-9, signed @ w < 1 + 1e-9
    on, off = signed[np.ix_(tight, used)].T, signed[np.ix_(tight, ~used)].T
    ones = -np.ones((len(off), 1))
    found = linprog(
        np.r_[np.zeros(tight.sum()), 1.0],
        A_ub=np.r_[np.c_[off, ones], np.c_[-off, ones]],
        b_ub=np.zeros(2 * len(off)),
        A_eq=np.c_[on, np.zeros(used.sum())],
        b_eq=np.sign(w[used]),
    )
    return found.fun


@pytest.mark.parametrize(("depth", "low", "high"), [(2, 1e12, 1e14), (3, 1e8, 1e9), (4, 1e8, 1e9)])
def test_orders_at_both_ends(check, depth, low, high):
    X, labels = problem(10, 8, 12, (1.0, 0.6))
    l1, l2 = (np.asarray(ib.max_margin(X, labels, norm)) for norm in (1, 2))
    w = ib.separator_path(X, labels, depth, [1e-3, 1e-2, low, high]).weights
    near, far = np.abs(w[:2] - l2).max(axis=1), np.abs(w[2:] - l1).max(axis=1)
    predicted = 1 - slack(X, labels) if depth == 2 else 1.0
    check(
        "The least l1 norm is approached as mu^-(1-rho) at depth 2, as 1/mu above",
        HERE,
        "relative error of the order",
        float(abs(np.log(far[0] / far[1]) / np.log(high / low) / predicted - 1)),
        0.02,
    )
    check(
        "The least l2 norm is approached as mu^2",
        HERE,
        "relative error of the order, between 1e-3 and 1e-2",
        float(abs(np.log(near[1] / near[0]) / np.log(10) / 2 - 1)),
        0.01,
    )


# One sample


@pytest.mark.parametrize(("depth", "scale"), [(2, 1.0), (2, 10.0), (3, 0.3), (10, 1.0)])
def test_one_sample_is_the_square_loss_from_a_smaller_scale(check, depth, scale):
    x = np.array([[1.0, 0.5, -0.2]])
    path = ib.margin_flow(ib.DiagonalNetwork(depth, scale), x, [1.0], [1.0, 100.0, 1e4])
    worst = 0.0
    for w, margin in zip(path.weights, path.times, strict=True):
        potential = ib.DiagonalPotential(depth, scale / margin ** (1 / depth))
        expected = ib.interpolator(x, [1.0], potential).weights
        worst = max(worst, float(np.abs(w / margin - expected).max()))
    check(
        "One sample: the weights over the margin are those of the square loss from a smaller scale",
        HERE,
        "largest entry of the difference, margins 1 to 1e4",
        worst,
        1e-8,
    )


# A linear predictor

PLANE = np.array([[1.0, 0.2], [-0.3, -1.2], [2.0, 1.0], [-1.5, -3.0]]), np.array([1.0, -1, 1, -1])


def test_linear_flow_against_another_solver_in_time():
    X, labels = PLANE
    signed = labels[:, None] * X
    times = np.array([0.1, 1.0, 30.0, 1000.0])
    other = solve_ivp(
        lambda _, w: np.exp(-signed @ w) @ signed / len(signed),
        (0, times[-1]),
        np.zeros(2),
        method="DOP853",
        t_eval=times,
        rtol=1e-12,
        atol=1e-13,
    )
    path = ib.linear_margin_flow(X, labels, np.log(times))
    np.testing.assert_allclose(path.weights, other.y.T, rtol=1e-9)
    losses = np.exp(-other.y.T @ signed.T).mean(axis=1)
    np.testing.assert_allclose(path.losses, losses, rtol=1e-8)
    np.testing.assert_allclose(path.duals @ X, path.weights, rtol=1e-10)


def test_the_margin_of_a_linear_predictor_is_within_its_bounds(check):
    worst = -np.inf
    for seed, n, d in ((0, 6, 4), (1, 10, 20), (2, 30, 3)):
        X, labels = problem(seed, n, d)
        best = 1 / np.linalg.norm(ib.max_margin(X, labels, 2))
        log_times = np.linspace(0, 100, 21)
        path = ib.linear_margin_flow(X, labels, log_times)
        w = np.asarray(path.weights)
        sizes = np.linalg.norm(w, axis=1)
        margins = (labels * (w @ X.T)).min(axis=1)
        turn = np.linalg.norm(
            w / sizes[:, None] - best * np.asarray(ib.max_margin(X, labels, 2)), axis=1
        )
        # In logarithms, since all are inequalities between positive numbers or margins.
        worst = max(
            worst,
            (best * sizes - np.log(n) - margins).max(),
            (turn**2 - 4 * np.log(n) / (best * sizes)).max(),
            (np.log(path.losses) + np.logaddexp(0, 2 * np.log(best) + log_times)).max(),
        )
    check(
        "Linear flow: the bounds on margin, direction and loss, for any separable data",
        HERE,
        "largest violation, t from 1 to 1e43",
        float(max(worst, 0.0)),
        1e-8,
    )


def test_soudry(check):
    X, labels = PLANE
    signed, svm = labels[:, None] * X, np.asarray(ib.max_margin(X, labels, 2))
    support = np.isclose(signed @ svm, 1)
    assert (signed @ svm)[~support].min() > 1.3
    multipliers = np.linalg.solve(signed[support].T, svm)
    offset = np.linalg.solve(signed[support], -np.log(len(X) * multipliers))
    log_times = np.log(10) * np.array([10.0, 30.0, 100.0])
    w = np.asarray(ib.linear_margin_flow(X, labels, log_times).weights)
    rest = np.linalg.norm(w - np.outer(log_times, svm) - offset, axis=1)
    for gap, tolerance, time in zip(
        rest, (1e-3, 1e-9, 1e-9), ("1e10", "1e30", "1e100"), strict=True
    ):
        check(
            f"Soudry et al.: w - log(t) w_svm tends to the predicted offset, t = {time}",
            HERE,
            "norm of the difference",
            float(gap),
            tolerance,
        )
    across = offset - (offset @ svm) * svm / (svm @ svm)
    predicted = np.degrees(np.linalg.norm(across) / np.linalg.norm(svm)) / log_times
    found = np.array([angle(each, svm) for each in w])
    # The next term of the angle is smaller by one over log t, times |offset| / |svm| = 1.03.
    check(
        "The angle to the l2 margin is the predicted constant over log t",
        HERE,
        "relative difference times log t, t = 1e10 to 1e100",
        float((np.abs(found / predicted - 1) * log_times).max()),
        1.1,
    )


# Networks


@pytest.mark.parametrize(("depth", "scale"), [(2, 0.3), (3, 0.5)])
def test_training_the_parameters_is_the_dual_form(check, depth, scale):
    X, labels = problem(100)
    network = ib.DiagonalNetwork(depth, scale)
    times = [1.0, 10.0, 100.0]
    trained = ib.gradient_flow(
        network, X, labels, times, loss="exponential", space="parameters", tolerance=1e-10
    )
    path = ib.margin_flow(network, X, labels, -np.log(trained.losses))
    check(
        "Training (u, v) on the exponential loss is the flow of the multipliers",
        HERE,
        "largest entry of the difference of the weights, t up to 100",
        float(np.abs(path.weights - trained.weights).max()),
        1e-6,
    )
    zero = np.zeros(len(trained.times))
    potential = network.potential()
    svm = ib.max_margin(X, labels, 2)
    for size in (1.0, 3.0, 10.0):
        other = float(np.mean(np.exp(-size * labels * (X @ svm))))
        bound = other + float(potential.value(size * svm)) / (float(network.rate) * trained.times)
        zero = np.maximum(zero, trained.losses - bound)
    assert zero.max() == 0


def test_multipliers_only_rise(check):
    worst = 0.0
    for seed in (100, 113):
        X, labels = problem(seed)
        for depth, scale in ((2, 10.0), (2, 0.01), (3, 1.0), (10, 0.3)):
            network = ib.DiagonalNetwork(depth, scale)
            path = ib.margin_flow(network, X, labels, np.geomspace(0.1, 5e4, 40))
            worst = max(worst, float(-np.diff(labels * path.duals, axis=0).min()))
    # LSODA's absolute tolerance is 1e-10 a step.
    check("Multipliers never fall in training", HERE, "largest fall", max(worst, 0.0), 1e-7)


MONOTONE = {2: (101, 103, 110, 112), 3: (101, 103, 110)}


@pytest.mark.parametrize("depth", [2, 3])
def test_networks_pass_through_the_separators_between(check, depth):
    """Where multipliers rise, the angle vanishes like one over the scale of the function."""
    for seed in MONOTONE[depth]:
        X, labels = problem(seed)
        nu = labels * ib.separator_path(X, labels, depth, np.geomspace(1e-2, 10, 64)).dual
        assert np.diff(nu, axis=0).min() > -1e-10
        for mu in (1.0, 10.0):
            between = np.asarray(ib.separator_path(X, labels, depth, [mu]).weights[0])
            found = [
                angle(at_margin(depth, size ** (1 / depth), X, labels, mu * size), between)
                for size in (1e3, 1e4)
            ]
            check(
                "Where multipliers rise, the network at margin mu alpha^D is the separator between",
                HERE,
                "angle in degrees, times mu alpha^D, at alpha^D = 1e3 and 1e4",
                float(max(found[0] * mu * 1e3, found[1] * mu * 1e4)),
                300.0,
            )
            check(
                "The angle falls tenfold when alpha^D grows tenfold",
                HERE,
                "relative difference of the ratio from 10",
                abs(found[0] / found[1] / 10 - 1),
                0.2,
            )


def test_where_a_multiplier_would_have_to_fall_the_angle_stays(check):
    X, labels = problem(113)
    nu = labels * np.asarray(ib.separator_path(X, labels, 2, np.geomspace(1e-2, 10, 64)).dual)
    assert (np.maximum.accumulate(nu, axis=0) - nu).max() > 0.03
    between = np.asarray(ib.separator_path(X, labels, 2, [10.0]).weights[0])
    found = [angle(at_margin(2, size**0.5, X, labels, 10 * size), between) for size in (1e4, 1e5)]
    assert found[1] > 1
    check(
        "Where a multiplier would have to fall, the angle does not vanish (seed 113)",
        HERE,
        "relative difference of the angles at alpha^2 = 1e4 and 1e5",
        abs(found[0] / found[1] - 1),
        0.05,
    )


@pytest.mark.parametrize("seed", [0, 2])
def test_monotony_is_needed_for_independent_samples(check, seed):
    """Eight samples, twelve features: training keeps the multiplier that would have to fall."""
    X, labels = problem(seed, 8, 12, (1.0, 0.6))
    nu = labels * np.asarray(ib.separator_path(X, labels, 2, np.geomspace(1e-2, 10, 64)).dual)
    fall = (nu.max(axis=0) - nu[-1]).max()
    assert fall > 0.02
    margin = 1e5
    z = ib.DiagonalPotential(2, 1.0).to_dual(10 * at_margin(2, margin**0.5, X, labels, 10 * margin))
    trained = labels * np.linalg.lstsq(X.T, np.asarray(z), rcond=None)[0]
    check(
        "Independent samples: multipliers miss those of the separator by the fall they cannot make",
        HERE,
        "relative difference of the largest miss from the fall, at alpha^2 = 1e5",
        float(abs(np.abs(trained - nu[-1]).max() / fall - 1)),
        0.02,
    )


VERTICES = {
    1: [1.335708, 0.389478, -0.189617, 0],
    0.1: [1.626464, 0.526269, 0, 0],
    0.01: [21.181422, 0, 0, 0],
}


@pytest.mark.parametrize("scale", [0.03, 0.1, 1.0])
def test_depth_two_ends_on_the_least_l1_norm(check, scale):
    X, labels = problem(100)
    path = ib.margin_flow(ib.DiagonalNetwork(2, scale), X, labels, [10.0, 5e4])
    w = path.weights[-1] / np.min(labels * (X @ path.weights[-1]))
    check(
        "Depth 2 ends on the least l1 norm from scales 0.03, 0.1 and 1",
        HERE,
        "largest entry of the difference from the linear programme at log(1/L) = 5e4",
        float(np.abs(w - ib.max_margin(X, labels, 1)).max()),
        1e-3,
    )


@pytest.mark.parametrize(
    ("scale", "vertex"), [(0.001, 0.01), (0.01, 0.01), (0.03, 0.1), (0.1, 0.1), (1.0, 1)]
)
def test_depth_three_ends_on_the_vertex_of_its_scale(check, scale, vertex):
    X, labels = problem(100)
    path = ib.margin_flow(ib.DiagonalNetwork(3, scale), X, labels, [10.0, 5e4])
    margins = labels * (X @ path.weights[-1])
    margin = float(margins.min())
    w, nu = np.asarray(path.weights[-1]) / margin, labels * np.asarray(path.duals[-1])
    check(
        "Depth 3 ends on another vertex from scales 1, 0.1 and 0.01",
        HERE,
        "largest entry of the difference from the vertex, over its largest entry",
        float(np.abs(w - VERTICES[vertex]).max() / np.abs(w).max()),
        1e-3,
    )
    # The excess is on record in the multipliers, up to what they have still to grow.
    left = scale * margin ** (-1 / 3) * (np.abs(w) ** (2 / 3)).sum()
    recorded = nu.sum() + nu @ (margins / margin - 1)
    least = np.abs(ib.max_margin(X, labels, 1)).sum()
    assert nu.sum() <= least + 1e-9
    check(
        "Depth 3: the l1 norm is the total of the multipliers plus what they hold off the margin",
        HERE,
        "difference less the predicted remainder, relative to the remainder",
        float(abs(np.abs(w).sum() - recorded - left) / left),
        0.05,
    )


def test_the_three_vertices_are_stationary():
    """By hand: basic solutions with non-negative multipliers of the l_{2/3} problem."""
    X, labels = problem(100)
    signed = labels[:, None] * X
    for vertex in VERTICES.values():
        w = np.asarray(vertex, dtype=float)
        used, tight = w != 0, signed @ w < 1 + 1e-4
        assert used.sum() == tight.sum() and (signed @ w).min() > 1 - 1e-4
        pull = np.sign(w[used]) * np.abs(w[used]) ** (-1 / 3)
        assert np.linalg.solve(signed[np.ix_(tight, used)].T, pull).min() > 0


def test_kernel_end(check):
    worst = 0.0
    for depth in (2, 3):
        X, labels = problem(101)
        w = at_margin(depth, 1e6 ** (1 / depth), X, labels, 1e4)
        # At mu = 0.01 the separator between is within mu^2 of the l2 margin, the network within
        # one over the margin of the separator between.
        worst = max(worst, float(np.abs(w - ib.max_margin(X, labels, 2)).max()))
    check(
        "At mu = 0.01 a network of depth 2 or 3 is at the least l2 norm",
        HERE,
        "largest entry of the difference, margin 1e4",
        worst,
        5e-4,
    )


# Data, and bad input


def test_sparse_classification_is_what_it_says():
    X, labels, weights = ib.sparse_classification(6, 4, (1.0, 0.4), seed=100)
    expected = np.random.default_rng(100).standard_normal((6, 4))
    np.testing.assert_array_equal(X, expected)
    np.testing.assert_array_equal(weights, [1, 0.4, 0, 0])
    np.testing.assert_array_equal(labels, np.sign(expected @ [1, 0.4, 0, 0]))


X22 = [[1.0, 0.0], [2.0, 1.0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ib.separator(X22, [1.0, 1.0], "l1"), "potential must be a Potential, found 'l1'"),
        (lambda: ib.separator(X22, [1.0, 1.0], ib.Burg()), "point of least value, Burg has none"),
        (lambda: ib.separator(X22, [1.0, 0.5], ib.Euclidean()), "labels must be -1 or"),
        (lambda: ib.separator([[1.0], [1.0]], [1.0, -1.0], ib.Euclidean()), "separable"),
        (lambda: ib.separator_path(X22, [1.0, 1.0], 1, [1.0]), "depth must be"),
        (lambda: ib.separator_path(X22, [1.0, 1.0], 2, [0.0]), "mus must be positive"),
        (lambda: ib.separator_path(X22, [1.0, 1.0], 2, 1.0), "mus must have 1 axes"),
        (lambda: ib.linear_margin_flow(X22, [1.0, 1.0], [2.0, 1.0]), "log_times must rise"),
        (lambda: ib.linear_margin_flow(X22, [1.0, 1.0], []), "log_times must rise"),
        (lambda: ib.linear_margin_flow([[1.0], [1.0]], [1.0, -1.0], [1.0]), "separable"),
        (lambda: ib.sparse_classification(6, 1, (1.0, 0.4)), "at most d = 1"),
        (lambda: ib.sparse_classification(6, 4, (0.0,)), "not all zero"),
        (lambda: ib.sparse_classification(0, 4), "n must be an integer, at least 1"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_separator_that_does_not_exist_in_the_domain_is_refused():
    """The entropy lives on positive weights, where no separator of these data is."""
    with pytest.raises(RuntimeError, match="no separator to tolerance"):
        ib.separator([[-1.0, -2.0]], [1.0], ib.Entropy())
