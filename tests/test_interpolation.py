"""Fitting noise exactly: risks against simulation, closed forms and semidefinite programs."""

import math

import cvxpy as cp
import numpy as np
import pytest
from scipy.special import zeta
from scipy.stats import wishart
from sklearn.linear_model import LinearRegression, RidgeCV

import implicitbias as ib
from implicitbias.explore import benign_data, double_descent_data
from implicitbias.learning import (
    append_junk,
    basis_pursuit_risk,
    critical_rank,
    effective_ranks,
    equivalent_risk,
    fourier_features,
    isotropic_risk,
    junk_gap,
    largest_gap,
    worst_interpolator,
)
from implicitbias.learning.interpolation import _largest_on_ball

HERE = "learning/benign"
N, S, PENALTY = 30, 3, 2.0


def junk_problem(n, count, seed, penalty=PENALTY, noise=1.0):
    """Three true features and junk, in the coordinates of `append_junk` and one more direction."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, S))
    weights = np.eye(1, S)[0]
    y = X @ weights + noise * rng.standard_normal(n)
    wide = np.column_stack([append_junk(X, penalty, count, seed=seed), np.zeros(n)])
    spectrum = np.r_[np.ones(S), np.full(n + 1, penalty / count)]
    return X, y, wide, spectrum, np.r_[weights, np.zeros(n + 1)]


def excess(w, spectrum, weights):
    return spectrum @ (np.asarray(w) - weights) ** 2


@pytest.mark.parametrize("d", [8, 30, 60])
def test_the_isotropic_formula(check, d):
    rng, n, trials = np.random.default_rng(d), 20, 3000
    X, xi = rng.standard_normal((trials, n, d)), rng.standard_normal((trials, n, 1))
    first = np.eye(1, d).T
    y = 2.0 * X @ first + 1.5 * xi
    T = X.transpose(0, 2, 1)
    w = T @ np.linalg.solve(X @ T, y) if d > n else np.linalg.solve(T @ X, T @ y)
    errors = ((w - 2.0 * first) ** 2).sum(axis=(1, 2))
    gap = errors.mean() - isotropic_risk(n, d, signal=2.0, noise=1.5)
    check(
        "The excess of the min-norm interpolator of isotropic data, and of least squares, is the "
        "closed form",
        HERE,
        "standard errors between the formula and the mean of 3000 fits, for 20 samples and 8, 30 "
        "and 60 features",
        abs(gap) / (errors.std() / trials**0.5),
        3.0,
    )


def test_the_isotropic_formula_is_infinite_between():
    for d in (39, 40, 41):
        assert isotropic_risk(40, d, signal=1.0, noise=0.1) == math.inf
    assert isotropic_risk(40, 41, signal=1.0, noise=0.0) == pytest.approx(1 / 41)
    assert isotropic_risk(40, 39, signal=1.0, noise=0.0) == 0.0


@pytest.mark.parametrize("power", [0.0, 1.0, 3.0])
def test_no_interpolator_beats_the_isotropic_one(check, power):
    rng, n, d = np.random.default_rng(1), 12, 30
    root = np.arange(1, d + 1) ** (-power / 2)
    worst = 0.0
    for _ in range(10):
        Z, xi = rng.standard_normal((n, d)), rng.standard_normal(n)
        floor = xi @ np.linalg.solve(Z @ Z.T, xi)
        for fit in (ib.minimum_norm, ib.basis_pursuit):
            worst = max(worst, floor / excess(fit(Z * root, xi), root**2, 0) - 1)
    check(
        "Whatever the covariance, an interpolator of noise has at least the excess of the one that "
        "is min-norm after whitening",
        HERE,
        "relative shortfall of min-l2 and min-l1 fits, three covariances, ten draws each",
        max(worst, 0.0),
        1e-9,
    )


def test_private_features_are_ridge(check):
    rng, n, penalty = np.random.default_rng(0), 16, 3.0
    y = 1 + 0.7 * rng.standard_normal(n)
    X = np.column_stack([np.ones(n), np.sqrt(penalty) * np.eye(n)])
    row = np.linalg.pinv(X)[0]
    gaps = [
        float(ib.minimum_norm(X, y)[0]) - y.sum() / (n + penalty),
        (row.sum() - 1) ** 2 - (penalty / (n + penalty)) ** 2,
        row @ row - n / (n + penalty) ** 2,
    ]
    check(
        "With one private feature a sample, the shared weight is sum y/(n + gamma), with the bias "
        "and variance of the chapter",
        HERE,
        "largest difference to the min-norm solver and to the rows of a pseudo-inverse",
        np.abs(gaps).max(),
        1e-12,
    )


def test_appended_junk_has_the_law_of_junk():
    rng, n, count, trials = np.random.default_rng(3), 5, 12, 1000
    X, y = rng.standard_normal((n, 2)), rng.standard_normal(n)

    def fitted(wide):
        return (wide[:, :2].T @ np.linalg.solve(wide @ wide.T, y))[0]

    scale = np.sqrt(PENALTY / count)
    explicit = [
        fitted(np.hstack([X, scale * rng.standard_normal((n, count))])) for _ in range(trials)
    ]
    short = [
        fitted(np.asarray(append_junk(X, PENALTY, count, seed=seed))) for seed in range(trials)
    ]
    for moment in (1, 2):
        a, b = (np.array(part) ** moment for part in (explicit, short))
        assert abs(a.mean() - b.mean()) < 3.5 * np.hypot(a.std(), b.std()) / trials**0.5


def test_junk_is_ridge(check):
    X, y = junk_problem(N, 100, 0)[:2]
    gram = X @ X.T + PENALTY * np.eye(N)
    ridge = X.T @ np.linalg.solve(gram, y)
    means = {}
    for count in (10**3, 10**4):
        gaps = []
        for seed in range(300):
            wide = np.asarray(append_junk(X, PENALTY, count, seed=seed))
            w = wide.T @ np.linalg.solve(wide @ wide.T, y)
            gaps.append(np.linalg.norm(w[:S] - ridge))
            error = wide[:, S:] @ wide[:, S:].T - PENALTY * np.eye(N)
            size = np.linalg.norm(error, 2)
            bound = size / np.sqrt(PENALTY - size) * np.linalg.norm(np.linalg.solve(gram, y))
            check(
                "Min-norm with junk is as near to ridge as the theorem says",
                HERE,
                "excess of the distance over the bound, over the bound; 600 draws of junk",
                max(gaps[-1] / bound - 1, 0.0),
                1e-9,
            )
        squares = np.array(gaps) ** 2
        means[count] = squares.mean() ** 0.5
        spread = squares.std() / squares.mean() / 300**0.5
        check(
            "The root mean square distance between min-norm with junk and ridge is the leading "
            "constant over the root of the number of junk features",
            HERE,
            "relative difference of mean squares less three standard errors; 10^3 and 10^4 junk "
            "features, 300 draws",
            max(abs(squares.mean() / junk_gap(X, y, PENALTY, count) ** 2 - 1) - 3 * spread, 0.0),
            6 * N / count,
        )
    check(
        "The distance falls like the root of the number of junk features",
        HERE,
        "difference of the exponent between 10^3 and 10^4 junk features to -1/2",
        abs(math.log10(means[10**4] / means[10**3]) + 0.5),
        0.1,
    )


def test_the_constant_of_junk(check):
    n, count = 6, 50
    X, y = junk_problem(n, count, 1)[:2]
    inverse = np.linalg.inv(X @ X.T + PENALTY * np.eye(n))
    grams = wishart(count, np.eye(n)).rvs(40000, random_state=0) * PENALTY / count
    errors = (grams - PENALTY * np.eye(n)) @ inverse @ y
    squares = ((errors @ inverse @ X) ** 2).sum(axis=1)
    gap = squares.mean() - junk_gap(X, y, PENALTY, count) ** 2
    check(
        "The leading term of the difference between min-norm with junk and ridge has the mean "
        "square of the theorem",
        HERE,
        "standard errors between the formula and 40000 Wishart matrices",
        abs(gap) / (squares.std() / 200),
        3.0,
    )


def test_the_equivalent_has_the_closed_forms_of_isotropic_features(check):
    worst = 0.0
    for n, d, ridge in ((40, 100, 0.0), (40, 20, 0.0), (40, 100, 7.0), (40, 20, 7.0)):
        found = equivalent_risk(np.ones(d), n, weights=np.eye(1, d)[0], noise=2.0, ridge=ridge)
        # n k (1 + k) = d k + ridge (1 + k), and its positive root.
        b = d - n + ridge
        kappa = (b + math.sqrt(b * b + 4 * n * ridge)) / (2 * n) if ridge or d > n else 0.0
        share = d / (1 + kappa) ** 2 / n
        expected = [kappa, (kappa / (1 + kappa)) ** 2 / (1 - share), 4 * share / (1 - share)]
        worst = max(worst, np.abs(np.array(expected) / 1 - [found[0], *found[2:]]).max())
    check(
        "The deterministic equivalent has the closed forms of isotropic features, with and "
        "without a ridge",
        HERE,
        "largest difference of kappa, bias and variance, fewer and more features than samples",
        worst,
        1e-11,
    )


def test_the_equivalent_of_extreme_spectra():
    found = equivalent_risk(np.exp(-np.arange(1.0, 600)), 300, noise=1.0)
    assert found.variance == pytest.approx(299.0, rel=1e-3)
    almost = equivalent_risk(np.ones(41), 40, noise=1.0)
    assert almost.variance == pytest.approx(40.0)
    assert equivalent_risk(np.ones(40), 40, noise=1.0).variance == math.inf
    assert equivalent_risk(np.ones(40), 40).excess == 0.0
    strong = equivalent_risk(np.ones(5), 100, weights=np.ones(5), ridge=1e9)
    assert strong.bias == pytest.approx(5.0, rel=1e-6)  # nothing is learned


KINDS = ["tempered", "benign", "catastrophic"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_three_fates(check, kind):
    d = 10**6
    i = np.arange(1.0, d + 1)
    if kind == "tempered":
        a = 2.5
        found = equivalent_risk(i**-a, 2000, noise=1.0, ridge=float(zeta(a, d + 1)))
        check(
            "With eigenvalues i^-a the noise's part tends to (a - 1) sigma^2",
            HERE,
            "relative difference of the deterministic equivalent for a = 2.5 and n = 2000",
            abs(found.variance / (a - 1) - 1),
            2e-3,
        )
    elif kind == "benign":
        b, parts = 2.0, []
        for n in (10**3, 10**4):
            l = 1 / (i * np.log(i + 1) ** b)
            tail = math.log(d + 1.5) ** (1 - b) / (b - 1)
            found = equivalent_risk(l, n, noise=1.0, ridge=tail)
            parts.append(found.variance * math.log(n) / (b - 1))
        assert abs(parts[1] - 1) < abs(parts[0] - 1)
        check(
            "With eigenvalues 1/(i log^b i) the noise's part is (b - 1) sigma^2/log n to leading "
            "order",
            HERE,
            "relative difference of the deterministic equivalent for b = 2 and n = 10^4; the next "
            "order is log log n/log n",
            abs(parts[1] - 1),
            math.log(math.log(1e4)) / math.log(1e4),
        )
    else:
        c = 0.25
        variances = [
            equivalent_risk(np.exp(-c * i[:2000]), n, noise=1.0).variance for n in (80, 100)
        ]
        check(
            "With eigenvalues exp(-c i) the noise's part is (c n - 1) sigma^2",
            HERE,
            "relative difference of the deterministic equivalent for c = 1/4, n = 80 and 100",
            np.abs(np.array(variances) / (c * np.array([80, 100]) - 1) - 1).max(),
            1e-6,
        )


def test_the_equivalent_against_trials(check):
    held = benign_data.read()
    worst = {"bias": 0.0, "variance": 0.0}
    for k, make in enumerate(benign_data.SPECTRA.values()):
        spectrum = make(benign_data.FEATURES)
        weights = np.zeros(benign_data.FEATURES)
        weights[benign_data.TRUTH] = spectrum.kept[benign_data.TRUTH] ** -0.5
        for j, n in enumerate(benign_data.SAMPLES):
            found = equivalent_risk(
                spectrum.kept, n, weights=weights, noise=1.0, ridge=spectrum.rest
            )
            for p, part in enumerate(worst):
                mean, predicted = getattr(held, part)[k, j], getattr(found, part)
                spread = math.sqrt(held.covariance[k, j, p, p] / benign_data.TRIALS)
                off = max(abs(mean - predicted) - 3 * spread, 0.0) / predicted
                worst[part] = max(worst[part], off * (n - found.degrees))
    compared = (
        "relative difference to the mean of 1000 draws, less three standard errors, times n - df: "
        "four spectra, 4 to 64 samples"
    )
    for part, tolerance in (("variance", 1.0), ("bias", 3.0)):
        check(
            f"The equivalent of the {part} is off by {tolerance:.0f}/(n - df) at most",
            HERE,
            compared,
            worst[part],
            tolerance,
        )


def test_the_trials_are_what_the_file_holds():
    held, fresh = benign_data.read(), benign_data.trials(4)
    means = np.stack([held.bias[:, 0], held.variance[:, 0]], 1)
    np.testing.assert_allclose(fresh.mean(axis=1), means, rtol=1e-4)
    np.testing.assert_allclose([np.cov(x.T) for x in fresh], held.covariance[:, 0], rtol=1e-4)
    # The variance of the figure's fits is that of the weights of a min-norm interpolator.
    rng = np.random.default_rng(0)
    Z, spectrum = rng.standard_normal((6, 359)), benign_data.SPECTRA["1/i²"](359)
    wide = np.column_stack([Z * np.sqrt(spectrum.kept), np.sqrt(spectrum.rest) * np.eye(6)])
    inverse = np.linalg.pinv(wide)[:359] * np.sqrt(spectrum.kept)[:, None]
    assert benign_data.parts(Z, spectrum, 1)[1] == pytest.approx(np.sum(inverse**2), rel=1e-9)


def test_the_effective_ranks_bound_the_equivalent(check):
    rng, worst = np.random.default_rng(0), 0.0
    for _ in range(300):
        d = int(rng.integers(30, 400))
        n = int(rng.integers(5, d // 3))
        l = np.sort(np.exp(-rng.uniform(0, 8) * rng.random(d) ** rng.uniform(0.2, 5)))[::-1]
        found = equivalent_risk(l, n)
        k = int((l >= found.kappa).sum())
        R = np.asarray(effective_ranks(l).R)[k]
        share = found.degrees / n
        worst = max(
            worst, (k / n + max(1 - k / n, 0) ** 2 * n / R) / 4 - share, share - k / n - 4 * n / R
        )
        assert k >= n or critical_rank(l, n, b=1 - k / n) <= k
    check(
        "The degrees of freedom lie between multiples of k/n + n/R_k, k being how many eigenvalues "
        "are at least kappa",
        HERE,
        "largest violation of either bound over 300 random spectra",
        max(worst, 0.0),
        1e-12,
    )


def test_the_effective_ranks_by_hand():
    ranks = effective_ranks([4.0, 2.0, 1.0, 1.0])
    np.testing.assert_allclose(ranks.r, [2, 2, 2, 1])
    np.testing.assert_allclose(ranks.R, [64 / 22, 16 / 6, 2, 1])
    assert critical_rank([4.0, 2.0, 1.0, 1.0], 3) == math.inf
    assert critical_rank(np.ones(50), 10) == 0


def largest_by_duality(A, b, radius):
    """max u'Au + 2b'u on a ball, by the semidefinite program that is its dual."""
    mu, t = cp.Variable(nonneg=True), cp.Variable()
    side = b[:, None]
    matrix = cp.bmat([[mu * np.eye(len(b)) - A, -side], [-side.T, cp.reshape(t, (1, 1), "C")]])
    half = (matrix + matrix.T) / 2
    return cp.Problem(cp.Minimize(mu * radius**2 + t), [half >> 0]).solve(solver=cp.CLARABEL)


@pytest.mark.parametrize("seed", range(3))
def test_the_extremes_against_semidefinite_programs(check, seed):
    rng, n, d = np.random.default_rng(seed), 3, 7
    X, y, w = rng.standard_normal((n, d)), rng.standard_normal(n), rng.standard_normal(d)
    l = rng.uniform(0.1, 2, d)
    least = np.asarray(ib.minimum_norm(X, y))
    radius = 1.5 * np.linalg.norm(least)
    worst = worst_interpolator(X, y, l, w, radius)
    free = np.linalg.svd(X)[2][n:].T
    A, b = free.T @ np.diag(l) @ free, free.T @ (l * (least - w))
    room = math.sqrt(radius**2 - least @ least)
    expected = largest_by_duality(A, b, room) + excess(least, l, w)
    assert np.linalg.norm(worst.weights) <= radius * (1 + 1e-12)
    np.testing.assert_allclose(X @ worst.weights, y, atol=1e-11)
    gap = largest_gap(X, y, l, w, 0.5, radius)
    A, b = np.diag(l) - X.T @ X / n, X.T @ y / n - l * w
    offset = l @ w**2 + 0.25 - y @ y / n
    sides = [largest_by_duality(s * A, s * b, radius) + s * offset for s in (1, -1)]
    check(
        "The worst interpolator of bounded norm, and the largest gap between test and training "
        "error, are found",
        HERE,
        "relative difference to the dual semidefinite programs, three problems",
        max(abs(worst.value / expected - 1), abs(gap.value / max(sides) - 1)),
        1e-6,
    )


def test_the_extremes_in_their_special_cases():
    # The hard case: the gradient has no part along the top direction.
    worst = worst_interpolator([[1.0, 0.0, 0.0]], [1.0], [1.0, 0.5, 0.2], [1.0, 0.0, 1.0], 3.0)
    inside = np.linspace(-math.sqrt(8), math.sqrt(8), 4001)
    expected = max(0.5 * (8 - v**2) + 0.2 * (v - 1) ** 2 for v in inside)
    assert worst.value == pytest.approx(expected, abs=1e-6)
    # No room: the min-norm interpolator itself.
    alone = worst_interpolator([[1.0, 1.0]], [2.0], [1.0, 1.0], [0.0, 0.0], math.sqrt(2))
    np.testing.assert_allclose(alone.weights, [1.0, 1.0], atol=1e-7)
    # Inside the ball.
    inside, multiplier = _largest_on_ball(-np.diag([2.0, 1.0]), np.ones(2), 10.0)
    np.testing.assert_allclose(inside, [0.5, 1.0], atol=1e-12)
    assert abs(multiplier) < 1e-12


@pytest.mark.parametrize("n", [100, 400])
def test_interpolators_converge_uniformly(check, n):
    penalty, count, t = math.sqrt(n), 100 * n, 3.0
    delta = (math.sqrt(n) + t) / math.sqrt(count)
    factor = ((1 + delta) / (math.sqrt(n) - math.sqrt(S + 1) - t)) ** 2 + 1 / count
    for seed in range(4):
        _, y, X, spectrum, weights = junk_problem(n, count, seed, penalty)
        least = np.asarray(ib.minimum_norm(X, y))
        for part in (1.0001, 1.2, 2.0):
            radius = part * np.linalg.norm(least)
            worst = 1 + worst_interpolator(X, y, spectrum, weights, radius).value
            check(
                "All interpolators of norm B have a test error below the bound of the theorem",
                HERE,
                "excess of the worst one over the bound with t = 3, over the bound; norms up to "
                "twice the least, 100 and 400 samples, 4 draws",
                max(worst / (factor * penalty * radius**2) - 1, 0.0),
                0.0,
            )
            if n == 400:
                check(
                    "With 400 samples the worst interpolator has the test error B^2 gamma/n",
                    HERE,
                    "relative difference, 4 draws, norms up to twice the least; the tolerance is "
                    "what the least singular value allows, (1 - sqrt((s + 1)/n))^-2 - 1",
                    abs(worst / (penalty * radius**2 / n) - 1),
                    (1 - math.sqrt((S + 1) / n)) ** -2 - 1,
                )
        if n == 400:
            gap = largest_gap(X, y, spectrum, weights, 1.0, float(np.linalg.norm(least)))
            check(
                "Test and training error differ by at least 3 sigma^2 on the ball of the min-norm "
                "interpolator",
                HERE,
                "shortfall of the largest gap, 400 samples, 4 draws",
                max(3 - gap.value, 0.0),
                0.0,
            )
            mirrored = np.mean((X @ -least - y) ** 2) - 1 - excess(-least, spectrum, weights)
            assert mirrored == pytest.approx(3.0, rel=0.35)


def test_the_least_l1_norm_spreads_noise(check):
    rng = np.random.default_rng(0)
    for n, d, trials in ((25, 250, 40), (25, 1000, 40)):
        errors = []
        for _ in range(trials):
            w = ib.basis_pursuit(rng.standard_normal((n, d)), rng.standard_normal(n))
            errors.append(float(np.sum(np.asarray(w) ** 2)))
        mean, spread = np.mean(errors), np.std(errors, ddof=1) / trials**0.5
        check(
            "The excess of the min-l1 interpolator of noise is sigma^2/log(d/n)",
            HERE,
            "logarithm of the ratio, over that of 1.35; 25 samples, 250 and 1000 features",
            abs(math.log(mean * math.log(d / n))) / math.log(1.35),
            1.0,
        )
        check(
            "The excess of the min-l1 interpolator of noise is that of the state evolution",
            HERE,
            "standard errors between the mean of 40 draws and the formula",
            abs(mean - basis_pursuit_risk(n, d)) / spread,
            3.0,
        )
    constants = [basis_pursuit_risk(1, d) * math.log(d) for d in (10**3, 10**9, 10**15)]
    assert constants == pytest.approx([1.05, 1.05, 1.04], abs=0.02)
    assert basis_pursuit_risk(10, 100, noise=2.0) == pytest.approx(4 * basis_pursuit_risk(10, 100))


def test_on_equally_spaced_points_the_noise_stays_below_itself(check):
    worst = 0.0
    for n in (8, 32):
        basis = np.asarray(fourier_features(np.arange(n) / n, 1001))
        for l in ((np.arange(1001) + 1) // 2 + 1.0,):
            for kept in (l**-2.0, np.exp(-l / 2)):
                A = benign_data.fit(basis, benign_data.Spectrum(kept, 1e-13))
                variance = np.sum(A**2)
                aliases = np.abs(np.arange(-500, 501))
                values = kept[2 * aliases]  # sines and cosines of one frequency have one eigenvalue
                classes = [values[(np.arange(-500, 501) - r) % n == 0] for r in range(n)]
                exact = np.mean([np.sum(c**2) / c.sum() ** 2 for c in classes])
                worst = max(worst, abs(variance - exact), exact - 1)
    check(
        "On equally spaced points the noise's part is a mean over aliases, at most sigma^2, for "
        "every spectrum",
        HERE,
        "difference of the formula to the fit, and its excess over 1; powers and exponentials",
        worst,
        1e-6,
    )


def test_the_fourier_basis_is_orthonormal():
    basis = np.asarray(fourier_features(np.arange(200) / 200, 99))
    np.testing.assert_allclose(basis.T @ basis / 200, np.eye(99), atol=1e-12)


def test_real_fits_are_those_of_another_library(check):
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((15, 40))
    worst = 0.0
    for count in (10, 60):
        X = rng.standard_normal((30, count))
        X, new = np.column_stack([X, X[:, :1]]), np.column_stack([Z, Z])[:, : count + 1]
        y = X[:, 0] + 0.3 * rng.standard_normal(30)
        least, ridge = (
            fit[:, 0] for fit in double_descent_data.ridgeless_and_ridge(X, y[:, None], new)
        )
        s = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
        kept = s[s > 1e-10 * s[0]]
        penalties = double_descent_data._PENALTIES * np.mean(kept**2)
        expected = RidgeCV(penalties).fit(X, y).predict(new)
        worst = max(
            worst,
            np.abs(ridge - expected).max(),
            np.abs(least - LinearRegression().fit(X, y).predict(new)).max(),
        )
    check(
        "Fits of least norm and ridge on real data are those of scikit-learn",
        HERE,
        "largest difference of predictions, fewer and more features than samples",
        worst,
        1e-9,
    )


def test_bad_arguments_are_refused():
    X, y, l, w = [[1.0, 2.0]], [1.0], [1.0, 1.0], [0.0, 0.0]
    bad = [
        (
            lambda: isotropic_risk(0, 3, signal=1, noise=1),
            "n must be an integer, at least 1, found 0",
        ),
        (lambda: isotropic_risk(3, 2.5, signal=1, noise=1), "d must be an integer, at least 1"),
        (lambda: isotropic_risk(3, 2, signal=-1, noise=1), "signal must be finite and not negat"),
        (lambda: isotropic_risk(3, 2, signal=1, noise=np.nan), "noise must be finite and not neg"),
        (lambda: effective_ranks([1.0, 2.0]), "spectrum must not rise"),
        (lambda: effective_ranks([1.0, 1e-160]), "spectrum must stay above 1e-150 times its large"),
        (lambda: effective_ranks([1.0, 0.0]), "spectrum must be positive and finite"),
        (lambda: critical_rank([1.0], 1, b=0.0), "b must be positive and finite, found 0.0"),
        (lambda: equivalent_risk([1.0], 2, weights=[1.0, 1.0]), "weights must have one entry an"),
        (lambda: equivalent_risk([1.0], 2, ridge=-1.0), "ridge must be finite and not negative"),
        (lambda: equivalent_risk([1.0, np.nan], 2), "spectrum must be finite, found nan at index"),
        (lambda: append_junk(X, 0.0, 5, seed=0), "penalty must be positive and finite, found 0.0"),
        (lambda: append_junk(X, 1.0, 0, seed=0), "count must be an integer, at least n = 1, found"),
        (lambda: append_junk(X, 1.0, 5, seed=-1), "seed must be an integer, at least 0, found -1"),
        (lambda: junk_gap(X, y, 1.0, 0), "count must be an integer, at least 1, found 0"),
        (lambda: worst_interpolator(X, y, l, w, 0.1), "radius must be at least the least norm, 0."),
        (lambda: worst_interpolator(X, y, [1.0], w, 3.0), "spectrum must have one entry a column"),
        (lambda: largest_gap(X, y, l, w, -1.0, 3.0), "noise must be finite and not negative"),
        (lambda: largest_gap(X, y, l, w, 1.0, 0.0), "radius must be positive and finite, found 0"),
        (lambda: basis_pursuit_risk(5, 5), "d must be an integer above n = 5, found 5"),
        (lambda: fourier_features([0.0], 0), "d must be an integer, at least 1, found 0"),
    ]
    for call, message in bad:
        with pytest.raises(ValueError, match=message):
            call()
