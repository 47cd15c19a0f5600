"""Sets, the projections on them in a divergence, and the convexity of potentials on them."""

import cvxpy as cp
import numpy as np
import pytest

import implicitbias as ib

HERE = "geometry/mirror-descent"
D = 7
PAIRS = [
    (ib.Entropy(), ib.Simplex()),
    (ib.Entropy(), ib.Simplex(2.5)),
    (ib.Euclidean(), ib.Simplex()),
    (ib.Euclidean(), ib.L1Ball(0.7)),
    (ib.Hypentropy(0.1), ib.L1Ball(0.7)),
    (ib.Hypentropy(1e-4), ib.L1Ball(2.0)),
    (ib.Euclidean(), ib.L2Ball(0.7)),
]


def points(potential, count, seed, spread=1.0):
    """Points of the potential's domain, near and far from the sets."""
    generator = np.random.default_rng(seed)
    size = spread * 10 ** generator.uniform(-2, 1, (count, 1))
    found = size * generator.standard_normal((count, D))
    return np.abs(found) if isinstance(potential, ib.Entropy) else found


def support(feasible, z):
    """The largest inner product of z with a point of the set."""
    r = feasible.radius
    match feasible:
        case ib.Simplex():
            return r * z.max()
        case ib.L1Ball():
            return r * np.abs(z).max()
    return r * np.linalg.norm(z)


def outside(feasible, v):
    """By how much a point is out of the set."""
    r = feasible.radius
    match feasible:
        case ib.Simplex():
            return max(abs(v.sum() - r), -v.min())
        case ib.L1Ball():
            return np.abs(v).sum() - r
    return np.linalg.norm(v) - r


@pytest.mark.parametrize(("potential", "feasible"), PAIRS)
def test_projections_satisfy_the_variational_inequality(check, potential, feasible):
    worst = 0.0
    for w in points(potential, 12, seed=0):
        v = np.asarray(ib.bregman_projection(potential, feasible, w))
        assert outside(feasible, v) <= 1e-13
        z = np.asarray(potential.to_dual(w))
        back = np.where(v != 0, np.asarray(potential.to_dual(np.where(v != 0, v, 1))), 0)
        if isinstance(potential, ib.Entropy):
            back = np.log(v)
        worst = max(worst, (support(feasible, z - back) - (z - back) @ v) / (1 + np.abs(z).max()))
    check(
        "What is called the Bregman projection is nearest in the divergence",
        HERE,
        "largest inner product of the gradient with a direction into the set (simplex with entropy "
        "and Euclidean, l1 ball with Euclidean and hypentropy, l2 ball), over that of the dual "
        "variables",
        worst,
        1e-12,
    )


@pytest.mark.parametrize(
    ("potential", "feasible"), [PAIRS[0], PAIRS[2], PAIRS[3], PAIRS[6]], ids=str
)
def test_projections_agree_with_a_convex_solver(check, potential, feasible):
    v = cp.Variable(D)
    kind = type(feasible)
    inside = {
        ib.Simplex: [v >= 0, cp.sum(v) == feasible.radius],
        ib.L1Ball: [cp.norm1(v) <= feasible.radius],
        ib.L2Ball: [cp.norm2(v) <= feasible.radius],
    }[kind]
    for w in points(potential, 2, seed=1):
        apart = (
            cp.sum(cp.kl_div(v, w))
            if isinstance(potential, ib.Entropy)
            else cp.sum_squares(v - w) / 2
        )
        cp.Problem(cp.Minimize(apart), inside).solve()
        found = np.asarray(ib.bregman_projection(potential, feasible, w))
        check(
            "Bregman projections agree with a general convex solver",
            HERE,
            "largest entry of the difference to cvxpy",
            np.abs(found - v.value).max(),
            2e-4,
        )


def test_points_of_the_set_stay():
    for potential, feasible in PAIRS:
        w = np.full(D, 0.9 * feasible.radius / D)
        if isinstance(feasible, ib.Simplex):
            w = w / 0.9
        np.testing.assert_allclose(
            ib.bregman_projection(potential, feasible, w), w, rtol=1e-13, atol=0
        )


@pytest.mark.parametrize(
    ("potential", "feasible"),
    [
        (ib.Euclidean(), None),
        (ib.PNorm(1.2), None),
        (ib.PNorm(1 + 1 / np.log(D)), None),
        (ib.Entropy(), ib.Simplex(2.0)),
        (ib.Hypentropy(0.1), ib.L1Ball(0.7)),
    ],
    ids=str,
)
def test_strong_convexity(check, potential, feasible):
    sigma, p = ib.strong_convexity(potential, feasible, D)
    generator, least = np.random.default_rng(2), np.inf
    first, second = (points(potential, 40, seed) for seed in (3, 4))
    second = np.where(generator.random((40, 1)) < 0.5, first * (1 + 1e-4 * second), second)
    if feasible is not None:
        first, second = (
            feasible.radius * part / np.maximum(np.abs(part).sum(axis=1, keepdims=True), 1e-9)
            for part in (first, second)
        )
    for w, v in zip(first, second, strict=True):
        gap = w - v
        turned = np.asarray(potential.to_dual(w)) - np.asarray(potential.to_dual(v))
        least = min(least, gap @ turned / np.linalg.norm(gap, p) ** 2)
    check(
        "Potentials are strongly convex with the stated constants",
        HERE,
        "the constant over the least quotient found on forty pairs of points, less 1, if positive",
        max(0.0, sigma / least - 1),
        1e-6,
    )


def test_the_constants_of_euclidean_and_entropy_are_the_largest():
    half = np.array([0.5, 0.5])
    gap = 1e-5 * np.array([1.0, -1.0])
    psi = ib.Entropy()
    turned = np.asarray(psi.to_dual(half + gap)) - np.asarray(psi.to_dual(half - gap))
    assert 2 * gap @ turned / np.abs(2 * gap).sum() ** 2 == pytest.approx(1, rel=1e-8)


def test_bad_input():
    with pytest.raises(ValueError, match=r"radius must be positive and finite, found 0"):
        ib.L1Ball(0.0)
    with pytest.raises(ValueError, match="a pair whose projection is known"):
        ib.bregman_projection(ib.Burg(), ib.Simplex(), np.ones(3))
    with pytest.raises(ValueError, match="w must be positive for the entropy, found -1"):
        ib.bregman_projection(ib.Entropy(), ib.Simplex(), [1.0, -1.0])
    for pair in ((ib.PNorm(3.0), None), (ib.Entropy(), None), (ib.Hypentropy(1.0), ib.L2Ball())):
        with pytest.raises(ValueError, match="a pair with a known constant"):
            ib.strong_convexity(*pair, 3)
