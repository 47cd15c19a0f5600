"""Potentials against quadrature, many digits, autodiff and duality."""

import itertools

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.integrate import quad

import implicitbias as ib

HERE = "networks/scale-and-depth"
DEPTHS = [2, 2.001, 2.5, 3, 4, 6, 10, 50]


def reference(depth, scale, x):
    """(w, z, Q, Q'') at w = x scale^depth, to 50 digits, by bisection in log artanh z."""
    mp.mp.dps = 50
    depth, amplitude = mp.mpf(depth), mp.mpf(scale) ** mp.mpf(depth)
    w = mp.mpf(float(amplitude * mp.mpf(x)))
    x = w / amplitude
    if depth == 2:
        z = mp.asinh(x / 2)
        value = 2 - mp.sqrt(4 + x * x) + x * z
        return float(w), z, amplitude * value, 1 / mp.sqrt(w * w + 4 * amplitude**2)
    p, r = depth / (depth - 2), 2 / (depth - 2)
    low, high = mp.log(mp.mpf(10) ** -40), mp.log(mp.mpf(1000))
    for _ in range(200):
        a = mp.exp((low + high) / 2)
        if 2 * mp.cosh(a) ** p * mp.sinh(p * a) > x:
            high = (low + high) / 2
        else:
            low = (low + high) / 2
    a = mp.exp(low)
    z = mp.tanh(a)
    conjugate = 2 / r * (mp.cosh(a) ** r * mp.cosh(r * a) - 1)
    slope = 2 * p * mp.cosh(a) ** (p + 1) * mp.cosh((p + 1) * a)
    return float(w), z, amplitude * (z * x - conjugate), 1 / (amplitude * slope)


@pytest.mark.parametrize("depth", DEPTHS)
def test_diagonal_potential_to_the_last_digits(check, depth):
    worst = 0.0
    for scale, x in itertools.product([1e-3, 1.0, 7.0], 10.0 ** np.arange(-12, 13, 4)):
        potential = ib.DiagonalPotential(depth, scale)
        w, z, value, curvature = reference(depth, scale, x)
        found = [
            potential.to_dual([w])[0],
            potential.value([w]),
            potential.hessian([w])[0, 0],
        ]
        for ours, theirs in zip(found, (z, value, curvature), strict=True):
            worst = max(worst, abs(float(mp.mpf(float(ours)) / theirs - 1)))
        # The inverse and the conjugate at the dual variable that float64 holds.
        dual = mp.mpf(float(found[0]))
        if depth > 2 and dual >= 1:
            continue
        p = mp.mpf(depth) / (mp.mpf(depth) - 2) if depth > 2 else None
        amplitude = mp.mpf(scale) ** mp.mpf(depth)
        if p is None:
            back, conjugate = 2 * mp.sinh(dual), 2 * (mp.cosh(dual) - 1)
        else:
            back = (1 - dual) ** -p - (1 + dual) ** -p
            conjugate = ((1 - dual) ** (1 - p) + (1 + dual) ** (1 - p) - 2) / (p - 1)
        for ours, theirs in (
            (potential.to_primal([float(dual)])[0], back),
            (potential.conjugate([float(dual)]), conjugate),
        ):
            worst = max(worst, abs(float(mp.mpf(float(ours)) / (amplitude * theirs) - 1)))
    check(
        "Potential, gradient, inverse, conjugate, Hessian for |w|/scale^D from 1e-12 to 1e12",
        HERE,
        "closed forms in float64 with 50-digit arithmetic, relative",
        worst,
        2e-13,  # exp(log(1e-3) * 50) alone loses 345 units in the last place
    )


@pytest.mark.parametrize("depth", [2, 3, 4, 6])
def test_diagonal_potential_is_the_integral_of_its_dual_map(check, depth):
    """The definition q_D(x) = integral of h_D^{-1}, with h_D inverted by bisection."""
    h = (
        (lambda z: 2 * np.sinh(z))
        if depth == 2
        else (lambda z: (1 - z) ** (-depth / (depth - 2)) - (1 + z) ** (-depth / (depth - 2)))
    )
    worst = 0.0
    for x in (0.1, 1.0, 10.0, 1e3):
        upper = np.arcsinh(x / 2) if depth == 2 else 1 - 1e-15
        low, high = 0.0, upper * (1 + 1e-12 * (depth == 2))
        for _ in range(200):
            low, high = (
                ((low + high) / 2, high) if h((low + high) / 2) < x else (low, (low + high) / 2)
            )
        # Integration by parts: integral of the inverse = x z - integral of h.
        integral = x * low - quad(h, 0, low, epsabs=0, epsrel=1e-13, limit=400)[0]
        worst = max(worst, abs(float(ib.DiagonalPotential(depth, 1.0).value([x])) / integral - 1))
    check(
        "q_D is the integral of the inverse of h_D",
        HERE,
        "closed form with quadrature",
        worst,
        1e-10,
    )


def test_asymptotes(check):
    """Small x: (D-2)/(4D) x^2, and x^2/4 at depth 2. Large x: |x| - (D/2)|x|^(2/D) for D > 2."""
    worst = 0.0
    for depth in (2, 3, 4, 10):
        small = 0.25 if depth == 2 else (depth - 2) / (4 * depth)
        worst = max(
            worst, abs(float(ib.DiagonalPotential(depth, 1.0).value([1e-5])) / (small * 1e-10) - 1)
        )
    check("q_D is quadratic near 0", HERE, "ratio to its first term at x = 1e-5", worst, 1e-9)
    worst = 0.0
    for depth in (3, 4, 10):
        x = 1e9
        shortfall = x - float(ib.DiagonalPotential(depth, 1.0).value([x]))
        # The next term is the constant D - 2, and terms that vanish.
        worst = max(worst, abs(shortfall / (depth / 2 * x ** (2 / depth)) - 1))
    check("q_D(x) = |x| - (D/2)|x|^(2/D) + ..., D > 2", HERE, "second term at x = 1e9", worst, 0.1)


POTENTIALS = [
    ib.Euclidean(),
    ib.Entropy(),
    ib.Burg(),
    ib.Hypentropy(0.3),
    ib.PNorm(1.3),
    ib.PNorm(4.0),
    ib.DiagonalPotential(2, 0.3),
    ib.DiagonalPotential(3, 0.5),
    ib.DiagonalPotential(10, 0.9),
    ib.DiagonalPotential(4, np.array([0.3, 0.5, 0.9])),
    ib.DiagonalPotential(2, 0.3, 0.8),
]


@pytest.mark.parametrize("potential", POTENTIALS, ids=lambda p: f"{type(p).__name__}")
def test_duality(potential):
    w, other = jnp.array([0.3, 0.7, 2.0]), jnp.array([0.5, 0.1, 1.0])
    z = potential.to_dual(w)
    np.testing.assert_allclose(potential.to_primal(z), w, rtol=1e-11)
    np.testing.assert_allclose(jax.grad(potential.value)(w), z, rtol=1e-11)
    np.testing.assert_allclose(jax.grad(potential.conjugate)(z), w, rtol=1e-9)
    np.testing.assert_allclose(jax.hessian(potential.value)(w), potential.hessian(w), atol=1e-11)
    np.testing.assert_allclose(potential.value(w) + potential.conjugate(z), w @ z, rtol=1e-11)
    assert potential.bregman(w, other) > 0
    np.testing.assert_allclose(potential.bregman(w, w), 0, atol=1e-14)


def test_hypentropy_is_depth_two():
    w = np.array([0.2, -3.0, 0.0])
    network, hypentropy = ib.DiagonalPotential(2, 0.4), ib.Hypentropy(2 * 0.4**2)
    np.testing.assert_allclose(hypentropy.to_dual(w), network.to_dual(w), rtol=1e-14)
    np.testing.assert_allclose(hypentropy.value(w) + 3 * 2 * 0.4**2, network.value(w), rtol=1e-13)


def test_unbalanced_layers_against_azulay_et_al(check):
    """Their q_k(x) = (k/4)[1 - sqrt(1 + 4x^2/k^2) + (2x/k) asinh(2x/k)] is half of ours."""
    x, worst = np.linspace(-3, 3, 13), 0.0
    for scale, s in itertools.product([0.03, 0.5], [0.0, 0.5, -0.9, 0.99]):
        k = 4 * scale**2 * (1 + s**2) / (1 - s**2)
        theirs = k / 4 * (1 - np.sqrt(1 + 4 * x**2 / k**2) + 2 * x / k * np.arcsinh(2 * x / k))
        ours = [ib.DiagonalPotential(2, scale, s).value([v]).item() / 2 for v in x]
        worst = max(worst, np.abs(ours - theirs).max())
    check(
        "Unbalanced layers: potential of Azulay et al. with k", HERE, "two formulas", worst, 1e-13
    )


@pytest.mark.parametrize("depth", [2, 3, 10])
def test_far_outside_float64(depth):
    """Scales whose power underflows: the l1 norm at D > 2, and huge duals at D = 2."""
    potential = ib.DiagonalPotential(depth, 1e-170)
    w = [1.0, -2.0, 0.0]
    if depth > 2:
        np.testing.assert_allclose(potential.value(w), 3.0, rtol=1e-12)
        np.testing.assert_allclose(potential.to_dual(w), [1, -1, 0], rtol=1e-12)
    else:
        np.testing.assert_allclose(potential.to_dual(w)[0], 340 * np.log(10), rtol=1e-14)


def test_unequal_scales_weigh_by_speed():
    """Every coordinate its own scale: flows of separate one-coordinate networks share one clock."""
    scales = np.array([0.2, 0.5, 0.8])
    potential = ib.DiagonalPotential(3, scales)
    mean = np.exp(np.log(scales).mean())
    for i, scale in enumerate(scales):
        alone = ib.DiagonalPotential(3, float(scale)).to_dual([0.7])[0]
        w = np.zeros(3)
        w[i] = 0.7
        np.testing.assert_allclose(potential.to_dual(w)[i] * scale / mean, alone, rtol=1e-13)


@settings(deadline=None, max_examples=60)
@given(
    depth=st.floats(2, 40),
    log_scale=st.floats(-8, 2),
    log_ratio=st.floats(-10, 10),
    sign=st.sampled_from([-1, 1]),
)
def test_maps_are_odd_monotone_and_inverse(depth, log_scale, log_ratio, sign):
    scale = 10.0**log_scale
    log_w = depth * log_scale + log_ratio
    if abs(log_w) > 250:
        return
    w = sign * 10.0**log_w
    potential = ib.DiagonalPotential(depth, scale)
    z = potential.to_dual([w, -w, 1.01 * w])
    assert z[0] == -z[1]
    assert sign * (z[2] - z[0]) >= 0
    if depth == 2 or abs(z[0]) < 1:
        # z carries 1 - |z| to one unit in the last place of 1, no more.
        order = (depth - 2) / depth
        slack = 1 - abs(float(z[0])) if depth > 2 else 1.0
        loss = 1 + (1 / order if order else 1) * 2e-16 / slack * 1e13
        np.testing.assert_allclose(potential.to_primal(z[:1]), [w], rtol=1e-12 * loss)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ib.DiagonalPotential(1.5, 1.0), "depth must be .* at least 2, found 1.5"),
        (lambda: ib.DiagonalPotential(np.nan, 1.0), "depth .* found nan"),
        (lambda: ib.DiagonalPotential(2, 0.0), "scale must be positive and finite, found 0.0"),
        (lambda: ib.DiagonalPotential(2, [0.1, -1.0]), "scale must be positive"),
        (lambda: ib.DiagonalPotential(2, np.inf), "scale must be positive and finite"),
        (lambda: ib.DiagonalPotential(2, 1.0, 1.0), "shape must lie strictly between -1 and 1"),
        (lambda: ib.DiagonalPotential(3, 1.0, 0.5), "shape must be 0 unless depth is 2"),
        (lambda: ib.Hypentropy(-1.0), "beta must be positive"),
        (lambda: ib.PNorm(1.0), "p must be finite and larger than 1"),
        (lambda: ib.Entropy().to_dual([1.0, 0.0]), "w must be positive for the entropy, found 0.0"),
        (lambda: ib.Entropy().value([-1.0]), "w must be positive"),
        (lambda: ib.Burg().value([0.0]), "w must be positive for Burg's potential"),
        (lambda: ib.Burg().to_primal([1.0]), "z must be negative"),
        (
            lambda: ib.DiagonalPotential(3, 1.0).to_primal([1.0]),
            "z must lie strictly between -1 and 1",
        ),
        (lambda: ib.PNorm(1.5).hessian([0.0, 1.0]), "no zero entry"),
        (lambda: ib.PNorm(3.0).hessian([0.0, 0.0]), "must not be zero"),
        (lambda: ib.Euclidean().value([np.nan]), "w must be finite, found nan at index"),
        (lambda: ib.Euclidean().value([[1.0]]), "w must have 1 axes"),
        (lambda: ib.Euclidean().value(np.ones(2, np.float32)), "w must be float64, found float32"),
        (lambda: ib.Euclidean().value("a"), "w must be an array of real numbers"),
    ],
)
def test_bad_input(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_double_precision_is_asked_for():
    with jax.enable_x64(False), pytest.raises(ValueError, match="jax_enable_x64"):
        ib.Euclidean().value(np.ones(2))
