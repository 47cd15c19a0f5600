"""Halfspaces with wrong labels: risks against closed forms, limits and bounds, samples."""

import cvxpy as cp
import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit

import implicitbias as ib
from implicitbias import studies

HERE = "studies/halfspaces"
SIDE = np.sqrt(0.5)
OPTS = 10.0 ** np.arange(-2, -7, -1)
TWO_PHASE = 1 + 3 * SIDE / 2


def share(plane, weights):
    return studies.missed(plane, weights).share


def angle(w):
    return float(np.arctan2(w[1], w[0]))


def tilted(angle):
    return np.array([np.cos(angle), np.sin(angle)])


def slope(x, y):
    return float(np.diff(np.log(y))[-1] / np.diff(np.log(x))[-1])


def flat(norm):
    """The logistic loss of the unit disc at a predictor of this norm with labels of its own."""
    ends = np.minimum([0, 1 / norm, 5 / norm, 40 / norm, 1], 1)

    def density(x):
        return 4 / np.pi * np.sqrt(1 - x**2) * np.logaddexp(0, -norm * x)

    parts = zip(ends[:-1], ends[1:], strict=True)
    return sum(quad(density, a, b, epsabs=1e-14, epsrel=1e-13)[0] for a, b in parts)


@pytest.mark.parametrize("norm, tilt", [(0.3, 1.0), (14.0, 0.13), (150.0, 0.013), (1500.0, 0.0013)])
def test_quadrature_against_closed_forms(check, norm, tilt):
    opt = 1e-4
    plane = studies.lower_bound_distribution(opt, extra="none")
    w = norm * tilted(tilt)
    disc = (1 - opt) * (flat(norm) + 2 * norm / (3 * np.pi) * (1 - np.cos(tilt)))
    # A square is so small that its loss is a mean of few points: tensor Gauss-Legendre, 30 each.
    x, q = np.polynomial.legendre.leggauss(30)
    half = np.sqrt(opt / 8)
    margins = (half * x - SIDE)[:, None] * w[0] + (half * x + SIDE)[None] * w[1]
    squares = opt * q @ np.logaddexp(0, -margins) @ q / 4
    check(
        "The quadrature is exact on a disc with two squares",
        HERE,
        "relative difference to a one-dimensional integral (QUADPACK) and a closed form",
        abs(studies.logistic_risk(plane, w).value / (disc + squares) - 1),
        1e-11,
    )
    hinge = -studies.missed(plane, w).total @ w
    wrong = np.maximum(-margins, 0)
    exact = (1 - opt) * 2 * norm / (3 * np.pi) * (1 - np.cos(tilt)) + opt * q @ wrong @ q / 4
    assert abs(hinge / exact - 1) < 1e-9
    miss = (1 - opt) * tilt / np.pi + opt * q @ (margins < 0) @ q / 4
    if tilt < 0.7:
        assert abs(share(plane, w) / miss - 1) < 1e-9


def test_the_farthest_weights_that_are_allowed_are_resolved():
    w = np.array([1500.0, 20.0])
    plane = studies.lower_bound_distribution(1e-6, extra="none")
    norm, tilt = np.linalg.norm(w), angle(w)
    disc = flat(norm) + 2 * norm / (3 * np.pi) * (1 - np.cos(tilt))
    squares = 1e-6 * SIDE * (w[0] - w[1])
    found = studies.logistic_risk(plane, w).value
    assert abs(found / ((1 - 1e-6) * disc + squares) - 1) < 1e-6


@pytest.mark.parametrize("extra", ["strip", "wedge"])
@pytest.mark.parametrize("smoothing", [0.0, 0.15])
def test_quadrature_against_samples(check, extra, smoothing):
    plane, n = studies.lower_bound_distribution(0.01, extra=extra, smoothing=smoothing), 10**6
    X, labels = plane.draw(n, seed=1)
    signed = X * labels[:, None]
    for w in (np.array([13.9, 1.8]), np.array([2.0, -3.0]), np.array([-1.0, 1.0])):
        margins = signed @ w
        risk, miss = studies.logistic_risk(plane, w), studies.missed(plane, w)
        pairs = [
            (np.logaddexp(0, -margins), risk.value),
            (-expit(-margins) * signed[:, 1], risk.gradient[1]),
            (1.0 * (margins < 0), miss.share),
            (np.where(margins < 0, signed[:, 0], 0), miss.total[0]),
        ]
        check(
            "Risks by quadrature are those of a million samples",
            HERE,
            "logistic risk, its gradient, shares and means of missed points, in standard errors of "
            "the samples; twelve predictors",
            max(abs(x.mean() - exact) / (x.std() / n**0.5) for x, exact in pairs),
            4,
        )


def test_gaussians_against_samples():
    law = studies.Gaussians((1.0, 1.0), 0.9, 0.98)
    plane = studies.LabelledPlane(law, studies.Gaussians((2.0, -2.0), 0.2, 0.02))
    X, labels = plane.draw(10**6, seed=2)
    wrong = labels * (X @ [5.0, 1.0]) < 0
    assert abs(wrong.mean() - share(plane, [5.0, 1.0])) < 4 * wrong.std() / 1e3
    risk = np.logaddexp(0, -labels * (X @ [5.0, 1.0]))
    assert abs(risk.mean() - studies.logistic_risk(plane, [5.0, 1.0]).value) < 4e-3 * risk.std()


@pytest.mark.parametrize("extra", ["strip", "wedge", "none"])
def test_the_first_axis_is_the_best_halfspace(check, extra):
    for opt, smoothing in ((1e-2, 0.0), (1e-4, 0.3)):
        plane = studies.lower_bound_distribution(opt, extra=extra, smoothing=smoothing)
        angles = np.concatenate([np.linspace(-np.pi, np.pi, 61), [-1e-3, 1e-3, 0.03, -0.03]])
        least = min(share(plane, tilted(a)) for a in angles)
        check(
            "No homogeneous halfspace misses less than the first axis, which misses OPT",
            HERE,
            "relative difference of the least share over 65 directions and OPT",
            abs(least / opt - 1),
            1e-11,
        )


def trilogarithm(a, c):
    """The double integral of F, by E3(x) = -Li3(-exp(-x))."""

    def e3(x):
        return -mpmath.polylog(3, -mpmath.exp(-mpmath.mpf(x)))

    return float((e3(0) - e3(a) - e3(a * c) + e3(a + a * c)) / (mpmath.mpf(a) ** 2 * c))


def test_the_limit_minimises_a_closed_form(check):
    mpmath.mp.dps = 30

    def F(v):
        a, c = v
        rest = a / np.sqrt(2) + np.pi / (3 * a) + a * c**2 / (3 * np.pi)
        return rest + 2 * trilogarithm(a, c)

    options = {"xatol": 1e-9, "fatol": 1e-15}
    found = minimize(F, [1.4, 0.9], method="Nelder-Mead", options=options).x
    limit = studies.small_opt_limit()
    check(
        "The limit of the risk over the root of OPT is minimised at a = 1.512, c = 0.8454",
        HERE,
        "difference of a and c to the minimiser of a closed form with trilogarithms (Nelder-Mead)",
        np.abs(found - limit[:2]).max(),
        2e-7,
    )
    assert abs(limit.risk - limit.tilt / np.pi) < 1e-14
    assert abs(limit.risk - 0.2691) < 5e-5


def test_the_logistic_loss_misses_root_opt(check):
    limit, rows = studies.small_opt_limit(), []
    for opt in OPTS:
        plane = studies.lower_bound_distribution(opt)
        found = studies.logistic_minimizer(plane)
        size = np.sqrt(opt)
        rows.append(
            [np.linalg.norm(found.weights) * size, angle(found.weights) / size]
            + [share(plane, found.weights) / size]
        )
        assert found.stationarity < 1e-12
    gaps = np.array(rows) - limit
    once = (np.sqrt(10) * gaps[1:] - gaps[:-1]) / (np.sqrt(10) - 1)
    twice = (10 * once[1:] - once[:-1]) / 9
    check(
        "Norm, tilt and missed share of the logistic minimiser tend to those of the limit",
        HERE,
        "norm times, and tilt and share over, the root of OPT, less a, c and c/pi; extrapolated by "
        "powers of that root from OPT = 1e-4, 1e-5 and 1e-6",
        np.abs(twice[-1]).max(),
        2e-6,
    )
    assert np.abs(gaps[-1]).max() < 5e-3  # at OPT = 1e-6, without extrapolation
    shares = np.array(rows)[:, 2] * np.sqrt(OPTS)
    check(
        "The logistic minimiser misses a share of slope 1/2 in OPT",
        HERE,
        "slope between OPT = 1e-5 and 1e-6 in logarithms, less 1/2; the next order in the root "
        "makes it 0.005",
        abs(slope(OPTS, shares) - 0.5),
        0.01,
    )
    check(
        "The logistic minimiser misses at least 0.07 times the root of OPT, for OPT up to 1/100",
        HERE,
        "0.07 less the least ratio, five OPTs; negative if it holds",
        0.07 - min(row[2] for row in rows),
        0.0,
    )


def test_the_numbers_in_the_proof_of_the_lower_bound():
    x, q = np.polynomial.legendre.leggauss(40)
    x, q = (x + 1) / 2, q / 2

    def pull(a, b):
        return float(q @ (x * expit(-(a * x[:, None] + b * x))) @ q)

    compared = min(
        SIDE * a + 1e-3 + 2 * q @ np.logaddexp(0, -a * x) + np.pi**2 / (6 * a)
        for a in np.linspace(0.5, 3, 51)
    )
    longest = compared / SIDE / 0.9
    assert compared < 3.3 and longest < 5.2
    assert 3 * pull(5.2, 1.5) > 0.07 and 0.79 * np.arctan(1.5 / 5.2 * 0.1) / 0.1 / np.pi > 0.07
    assert 0.79 * np.arctan(0.1) / np.pi > 0.07 * 0.1


def test_without_the_strip_the_logistic_loss_misses_opt(check):
    for opt in OPTS[1:]:
        plane = studies.lower_bound_distribution(opt, extra="none")
        found = studies.logistic_minimizer(plane)
        exact = np.arctan(opt * SIDE / (2 * (1 - opt) / (3 * np.pi) - opt * SIDE))
        check(
            "Without the strip the tilt of the logistic minimiser has a closed form",
            HERE,
            "relative difference, OPT from 1e-3 to 1e-6: the loss of the squares is linear but for "
            "exp(-a/sqrt(2 OPT))",
            abs(angle(found.weights) / exact - 1),
            1e-7,
        )
    check(
        "Without the strip the missed share over OPT tends to 1 + 3/(2 sqrt 2) = 2.0607",
        HERE,
        "difference at OPT = 1e-6",
        abs(share(plane, found.weights) / opt - TWO_PHASE),
        1e-5,
    )


def test_the_second_phase_misses_opt(check):
    shares = []
    for opt in OPTS:
        plane = studies.lower_bound_distribution(opt)
        first = studies.logistic_minimizer(plane)
        second = studies.hinge_minimizer(plane, first.weights)
        v = first.weights / np.linalg.norm(first.weights)
        assert abs(second.weights @ v - 1) < 1e-12 and second.stationarity < 1e-12
        shares.append(share(plane, second.weights))
    check(
        "After the second phase the missed share over OPT tends to 1 + 3/(2 sqrt 2) = 2.0607",
        HERE,
        "difference at OPT = 1e-6; it falls like the root of OPT",
        abs(shares[-1] / OPTS[-1] - TWO_PHASE),
        1e-3,
    )
    check(
        "After the second phase the missed share has slope 1 in OPT",
        HERE,
        "slope between OPT = 1e-5 and 1e-6 in logarithms, less 1",
        abs(slope(OPTS, shares) - 1),
        1e-3,
    )


def test_the_second_phase_against_a_scan():
    plane = studies.lower_bound_distribution(0.01, smoothing=0.05)
    v = tilted(0.3)
    across = np.array([-v[1], v[0]])

    def risk(t):
        w = v + t * across
        return -studies.missed(plane, w).total @ w

    found = minimize_scalar(risk, bounds=(-1, 1), method="bounded", options={"xatol": 1e-10})
    second = studies.hinge_minimizer(plane, 7 * v)
    assert abs(second.risk / found.fun - 1) < 1e-10
    np.testing.assert_allclose(second.weights, v + found.x * across, atol=1e-5)


RATIOS = (0.25, 0.5, 1.0, 2.0, 5.0)


def test_smoothing_enters_through_one_ratio(check):
    worst = 0.0
    for ratio in RATIOS:
        gaps = []
        for opt in (1e-4, 1e-6):
            plane = studies.lower_bound_distribution(opt, smoothing=ratio * np.sqrt(opt))
            found = share(plane, studies.logistic_minimizer(plane).weights)
            gaps.append(found / np.sqrt(opt) - studies.small_opt_limit(ratio).risk)
        worst = max(worst, abs(10 * gaps[1] - gaps[0]) / 9)
    check(
        "With smoothing t times the root of OPT the missed share over that root tends to a "
        "function of t",
        HERE,
        "difference extrapolated from OPT = 1e-4 and 1e-6, at first order in the root; five ratios",
        worst,
        5e-4,
    )
    far = [studies.small_opt_limit(t).risk for t in (30.0, 100.0)]
    check(
        "For large t the limit of the missed share over the root of OPT falls like 1/t^2",
        HERE,
        "slope in logarithms between t = 30 and 100, plus 2",
        abs(slope([30, 100], far) + 2),
        0.05,
    )
    most = max(studies.small_opt_limit(t).risk for t in np.linspace(0.6, 0.9, 13))
    assert 0.33 < most < 0.35  # a little smoothing makes it worse than none, 0.269


@pytest.mark.parametrize("smoothing, least, expected", [(1e-4, 1e-5, 0.5), (0.1, 1e-7, 1.0)])
def test_smoothing_decides_the_slope(check, smoothing, least, expected):
    opts = least * np.array([2.0, 1.0])
    shares = []
    for opt in opts:
        plane = studies.lower_bound_distribution(opt, smoothing=smoothing)
        shares.append(share(plane, studies.logistic_minimizer(plane).weights))
    check(
        "At a fixed smoothing the slope is 1/2 where OPT is far above its square, 1 far below",
        HERE,
        "slope in logarithms from OPT = 2e-5 to 1e-5 at 1e-4, and from 2e-7 to 1e-7 at 0.1, less "
        "1/2 and 1",
        abs(slope(opts, shares) - expected),
        0.03,
    )


@pytest.mark.parametrize("smoothing", [0.1, 0.5])
def test_a_wedge_makes_radial_lipschitzness_count(check, smoothing):
    level, gaps = 0.2, []
    for opt in (1e-5, 1e-6):
        plane = studies.lower_bound_distribution(opt, extra="wedge", smoothing=smoothing)
        disc, wedge = plane.clean.parts
        axis = disc.mass / np.pi + level / 2
        # Squares that are turned lose some of the lever arm of their centres.
        arm = SIDE * np.sin(smoothing) / smoothing
        kappa = level / (2 * smoothing)
        exact = 1 + 1.5 * arm * (1 + kappa / axis)
        gaps.append(share(plane, studies.logistic_minimizer(plane).weights) / opt / exact - 1)
    extrapolated = (np.sqrt(10) * gaps[1] - gaps[0]) / (np.sqrt(10) - 1)
    check(
        "Near a slope kappa in the angle the missed share over OPT tends to a constant that is "
        "affine in kappa",
        HERE,
        "relative difference, extrapolated from OPT = 1e-5 and 1e-6 at first order in the root; "
        "two wedges",
        abs(extrapolated),
        1e-3,
    )
    assert abs(gaps[1]) < 5e-3


def lipschitz(smoothing):
    """The integral of kappa of the whole density of the smoothed strip and squares."""
    return np.hypot(1, 0.1) / (2 * smoothing) + 0.1 / (2 * smoothing)


def test_the_bound_on_the_angle(check):
    least = np.inf
    for extra, smoothing in (("strip", 0.05), ("strip", 0.3), ("wedge", 0.1)):
        for opt in (1e-2, 1e-4):
            plane = studies.lower_bound_distribution(opt, extra=extra, smoothing=smoothing)
            both = studies.Together((plane.clean, plane.flipped))
            radii = np.linspace(1e-3, plane.flipped.breaks[-1], 30)
            kappa = studies.radial_lipschitzness(both, radii).integral
            level = plane.clean.parts[0].mass / np.pi
            for radius in (3.0, np.inf):
                w = studies.logistic_minimizer(plane, radius).weights
                norm = float(np.linalg.norm(w))
                bound = studies.angle_bound(opt, norm, kappa, level=level, reach=1.08)
                least = min(least, bound / angle(w))
            # Any predictor, with what its risk is above that of the best halfspace.
            for tilt, norm in ((0.1, 10.0), (-0.05, 100.0)):
                w = norm * tilted(tilt)
                excess = studies.logistic_risk(plane, w).value
                excess -= studies.logistic_risk(plane, [norm, 0.0]).value
                bound = studies.angle_bound(
                    opt, norm, kappa, level=level, reach=1.08, excess=max(0.0, excess)
                )
                least = min(least, bound / abs(tilt))
    check(
        "The angle to the best halfspace is below its bound by OPT, kappa and excess risk",
        HERE,
        "1 less the least ratio of bound and angle, 24 predictors on 6 distributions; negative if "
        "it holds",
        1 - least,
        0.0,
    )


def test_the_label_free_term_turns_slowly(check):
    plane = studies.lower_bound_distribution(1e-3, smoothing=0.1)
    both = studies.LabelledPlane(
        studies.Together((plane.clean, plane.flipped)), studies.Wedge(level=0.0)
    )
    kappa, worst = lipschitz(0.1), 0.0

    def label_free(w):
        risk = studies.logistic_risk(both, w).value
        return risk + float(studies.missed(both, w).total @ w)

    for norm in (5.0, 50.0):
        for tilt in (0.02, 0.2):
            change = label_free(norm * tilted(tilt)) - label_free([norm, 0.0])
            worst = max(worst, abs(change) / (tilt * np.pi**3 * kappa / (6 * norm)))
    check(
        "The part of the logistic loss that does not see labels changes by at most "
        "pi^3 C theta/(6 norm)",
        HERE,
        "largest ratio of change and bound, four predictors, less 1; negative if it holds",
        worst - 1,
        0.0,
    )
    z, q = plane.nodes
    w = np.array([20.0, 2.0])
    margins = z @ w
    split = q @ (np.logaddexp(0, -np.abs(margins)) + np.maximum(-margins, 0))
    assert abs(split - studies.logistic_risk(plane, w).value) < 1e-14


def test_the_bound_of_the_second_phase(check):
    least = np.inf
    for opt in (1e-2, 1e-3, 1e-4):
        plane = studies.lower_bound_distribution(opt)
        wedge = 4 * plane.clean.parts[0].mass / np.pi / (3 * np.pi**2)
        for start in (-0.3, angle(studies.logistic_minimizer(plane).weights), 0.3):
            second = angle(studies.hinge_minimizer(plane, tilted(start)).weights)
            rest = 1.08 * opt * (1 / np.cos(start) - 1)
            least = min(least, (2 * 1.08 * opt / wedge + np.sqrt(rest / wedge)) / abs(second))
    check(
        "After the second phase the angle is below its bound",
        HERE,
        "1 less the least ratio of bound and angle, nine starts; negative if it holds",
        1 - least,
        0.0,
    )


@pytest.mark.parametrize("mean", [(1.0, 1.0), (0.5, -1.5)])
def test_on_a_gaussian_mixture_the_logistic_loss_misses_opt(check, mean):
    opts, shares = [1e-2, 1e-3, 1e-4], []
    for opt in opts:
        plane = studies.LabelledPlane(
            studies.Gaussians(mean, 1.0, 1 - opt), studies.Gaussians((3.0, -3.0), 0.2, opt)
        )
        shares.append(share(plane, studies.logistic_minimizer(plane).weights))
    check(
        "On two mixtures of normal laws with flipped points far away, logistic regression alone "
        "has slope 1 in OPT",
        HERE,
        "slope between OPT = 1e-3 and 1e-4 in logarithms, less 1",
        abs(slope(opts, shares) - 1),
        0.003,
    )
    assert max(np.array(shares) / opts) < 5


def test_radial_lipschitzness_against_closed_forms(check):
    radii = np.linspace(0.05, 4, 12)
    assert not studies.radial_lipschitzness(studies.Disc(), radii).kappa.any()
    assert studies.radial_lipschitzness(studies.Gaussians(), radii).integral < 1e-10
    far = 1.5
    mixture = studies.radial_lipschitzness(studies.Gaussians((0.0, far)), radii)

    def steepest(r):
        def slope(t):
            front = np.exp(-(r**2 + far**2) / 2) / (2 * np.pi)
            return -front * r * far * np.cos(t) * np.sinh(r * far * np.sin(t))

        best = minimize_scalar(slope, bounds=(0, np.pi / 2), method="bounded")
        return -best.fun

    exact = np.array([steepest(r) for r in radii])
    check(
        "Radial Lipschitzness of two normal laws is that of the closed form",
        HERE,
        "largest relative difference, twelve radii",
        np.abs(mixture.kappa / exact - 1).max(),
        1e-4,
    )
    inside = np.linspace(0.1, 0.9, 5)
    worst = 0.0
    for smoothing in (0.02, 0.1, 0.3):
        wedge = studies.Wedge(smoothing, 0.2, 1.1, 0.3)
        measured = studies.radial_lipschitzness(wedge, inside).kappa
        worst = max(worst, np.abs(measured * 2 * smoothing / 0.3 - 1).max())
        strip = studies.Strip(smoothing, 0.2)
        measured = studies.radial_lipschitzness(strip, inside).kappa
        worst = max(worst, np.abs(measured * 2 * smoothing - 1).max())
    check(
        "A jump smoothed over an angle delta has kappa = jump/(2 delta)",
        HERE,
        "largest relative difference for wedges and strips, three angles, five radii",
        worst,
        1e-9,
    )
    for jumps in (studies.Wedge(0.0), studies.Strip(), studies.Squares()):
        found = studies.radial_lipschitzness(jumps, [0.97, 1.0])
        assert np.isinf(found.kappa).all() and np.isinf(found.integral)


def test_projected_descent_on_the_population_finds_the_minimiser_in_a_ball(check):
    plane = studies.lower_bound_distribution(0.01)
    worst = 0.0
    for radius in (3.0, 10.0):
        w = np.zeros(2)
        for _ in range(100):
            w = w - 20 * studies.logistic_risk(plane, w).gradient
            w *= min(1, radius / np.linalg.norm(w))
        found = studies.logistic_minimizer(plane, radius)
        worst = max(worst, np.abs(w - found.weights).max())
    check(
        "Projected gradient descent on the population ends at the minimiser in the ball",
        HERE,
        "largest entry of the difference after 100 steps of size 20, two radii",
        worst,
        1e-8,
    )


def test_projected_descent_on_samples_in_twenty_dimensions(check):
    plane, n, d = studies.lower_bound_distribution(0.01), 10**5, 20
    exact = studies.logistic_minimizer(plane, 10.0).weights
    X, labels = plane.draw(n, d=d, seed=3)
    w = np.asarray(studies.logistic_descent(X, labels, 10.0, 6.0, 150))
    # The sandwich formula for the minimiser on the sphere: gradients over curvatures, tangentially.
    signed = X * labels[:, None]
    slopes = expit(-signed @ w)
    unit = w / np.linalg.norm(w)
    basis = np.linalg.svd(unit[None])[2][1:]
    rows = signed @ basis.T
    grad = (slopes * (signed @ unit)).mean() / np.linalg.norm(w)
    hessian = (rows.T * (slopes * (1 - slopes))) @ rows / n + grad * np.eye(d - 1)
    scores = np.linalg.solve(hessian, (rows * slopes[:, None]).T)
    covariance = scores @ scores.T / n**2
    target = np.concatenate([exact, np.zeros(d - 2)])
    off = basis @ (w - target)
    check(
        "On 1e5 samples in 20 dimensions projected descent ends near the population's minimiser",
        HERE,
        "distance, squared, in the metric of the asymptotic covariance, over its 19 degrees of "
        "freedom",
        float(off @ np.linalg.solve(covariance, off)) / (d - 1),
        1 + 4 * np.sqrt(2 / (d - 1)),  # four standard deviations above the mean of its law
    )
    assert abs(np.linalg.norm(w) - 10) < 1e-9


def test_the_second_phase_on_samples(check):
    plane = studies.lower_bound_distribution(0.01)
    X, labels = plane.draw(4000, d=4, seed=4)
    v = np.array([10.0, 1.5, 0.2, -0.1])
    v /= np.linalg.norm(v)
    w = cp.Variable(4)
    risk = cp.sum(cp.pos(-cp.multiply(labels, X @ w))) / len(labels)
    best = cp.Problem(cp.Minimize(risk), [v @ w >= 1]).solve(solver=cp.CLARABEL)

    def risk_of(weights):
        return float(np.maximum(-labels * (X @ np.asarray(weights)), 0).mean())

    exact = studies.hinge_program(X[:1000], labels[:1000], 3 * v)
    run = studies.hinge_descent(X, labels, 3 * v, 2.0, 2000)
    assert abs(exact @ v - 1) < 1e-9 and run @ v > 1 - 1e-9
    check(
        "Projected subgradient descent solves the second phase on samples",
        HERE,
        "risk over that of an interior-point method, less 1; 4000 samples in 4 dimensions",
        risk_of(run) / best - 1,
        2e-3,
    )
    few = cp.sum(cp.pos(-cp.multiply(labels[:1000], X[:1000] @ w))) / 1000
    best = cp.Problem(cp.Minimize(few), [v @ w >= 1]).solve(solver=cp.CLARABEL)
    found = np.maximum(-labels[:1000] * (X[:1000] @ np.asarray(exact)), 0).mean()
    assert abs(found / best - 1) < 1e-6


def test_bad_arguments_are_refused():
    plane = studies.lower_bound_distribution(0.01)
    data = [[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0]
    bad = [
        (lambda: studies.lower_bound_distribution(0.0), r"opt must lie in \(0, 0.1\], found 0.0"),
        (lambda: studies.lower_bound_distribution(0.01, extra="ring"), "extra must be one of"),
        (lambda: studies.lower_bound_distribution(0.01, smoothing=1.0), "smoothing must lie in"),
        (lambda: studies.LabelledPlane(studies.Disc(), studies.Squares()), "must add up to 1"),
        (lambda: studies.Disc(-1.0), "mass must be finite and not negative, found -1.0"),
        (lambda: studies.Strip(0.0, 0.0), "width must be positive and finite, found 0.0"),
        (lambda: studies.Squares(-0.1, 0.1), "smoothing must be finite and not negative"),
        (lambda: studies.Squares(0.0, 1.0), r"edge must lie in \(0, 1\), found 1.0"),
        (lambda: studies.Wedge(low=1.0, high=0.5), r"high must lie in \(low, low \+ pi\]"),
        (lambda: studies.Gaussians((np.nan, 0.0)), "mean must be finite"),
        (lambda: plane.draw(0), "n must be an integer, at least 1, found 0"),
        (lambda: plane.draw(5, d=1), "d must be an integer, at least 2, found 1"),
        (lambda: studies.logistic_risk(plane, [1.0, 21.0]), "second entry of at most 20, found 21"),
        (lambda: studies.logistic_risk(plane, [1.0, np.nan]), "weights must be finite, found nan"),
        (lambda: studies.logistic_risk(plane, [1.0]), r"weights must have the shape \(2,\)"),
        (lambda: studies.missed(plane, [0.0, 0.0]), "weights must not be zero"),
        (lambda: studies.logistic_minimizer(plane, 0.0), "radius must be positive, found 0.0"),
        (lambda: studies.hinge_minimizer(plane, [0.0, 0.0]), "direction must have 2 entries"),
        (lambda: studies.small_opt_limit(-1.0), "ratio must lie in"),
        (lambda: studies.radial_lipschitzness(studies.Disc(), [1.0]), "two or more, and increase"),
        (lambda: studies.radial_lipschitzness(studies.Disc(), [1.0, 0.5]), "and increase"),
        (
            lambda: studies.radial_lipschitzness(studies.Disc(), [0.5, 1.0], angles=4),
            "angles must be an integer, at least 16, found 4",
        ),
        (
            lambda: studies.angle_bound(0.1, 1.0, -1.0, level=0.3, reach=1.0),
            "kappa must not be negative",
        ),
        (
            lambda: studies.angle_bound(0.1, 0.0, 1.0, level=0.3, reach=1.0),
            r"norm must lie in \(0, inf\], found 0.0",
        ),
        (lambda: studies.logistic_descent(*data, -1.0, 1.0, 5), "radius must be positive"),
        (
            lambda: studies.logistic_descent(*data, 1.0, 1.0, 0),
            "steps must be an integer, at least 1",
        ),
        (lambda: studies.hinge_descent(*data, [0.0, 0.0], 1.0, 5), "direction must have 2 entries"),
        (lambda: studies.hinge_program(data[0], [1.0, 0.5], [1.0, 0.0]), "labels must be -1 or"),
    ]
    for call, message in bad:
        with pytest.raises(ValueError, match=message):
            call()


def test_real_labels_flipped_far_out(check):
    # The chapter's negative result, on some of its splits.
    X, y, _ = (np.asarray(part) for part in ib.real_data("breast cancer"))
    X = X / np.sqrt((X**2).sum(axis=1).mean())
    more = []
    for seed in range(8):
        order = np.random.default_rng(seed).permutation(len(y))
        train, test = order[:300], order[300:]
        clean = studies.logistic_descent(X[train], y[train], 10.0, 4.0, 1000)
        flipped = y[train].copy()
        flipped[np.argsort(-np.abs(X[train] @ np.asarray(clean)))[:30]] *= -1
        first = studies.logistic_descent(X[train], flipped, 10.0, 4.0, 1000)
        second = studies.hinge_program(X[train], flipped, first)
        errors = [(y[test] * (X[test] @ np.asarray(w)) <= 0).mean() for w in (first, second)]
        more.append(errors[1] - errors[0])
    more = np.array(more)
    check(
        "On tumours with a tenth of the labels flipped, those farthest out, the second phase makes "
        "more errors than logistic regression alone",
        HERE,
        "2 less the mean difference in standard errors over 8 splits; negative if it holds",
        2 - more.mean() / (more.std(ddof=1) / 8**0.5),
        0.0,
    )
