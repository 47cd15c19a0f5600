r"""One coordinate of a diagonal network: weight, dual and potential, at every depth at once.

Write :math:`k = (D-2)/D` and :math:`A = \alpha^D`. With :math:`c = \mathrm{artanh}(z)/k` (and
:math:`c = z` at depth 2, where :math:`k = 0`) the closed forms of all depths are one,

.. math:: w = 2A\,\cosh(kc)^{1/k}\sinh c,

so depth may be traced, and nothing is a difference of large numbers. Amplitudes come as
logarithms: at scale 1e-40 and depth 10 the amplitude itself is no float64.
"""

import jax
import jax.numpy as jnp

_LARGE = 20.0  # beyond this, sinh and cosh are exponentials to the last bit


def _log_cosh(x):
    x = jnp.abs(x)
    small = jnp.log1p(2 * jnp.sinh(jnp.minimum(x, 1.0) / 2) ** 2)
    return jnp.where(x < 1, small, x + jnp.log1p(jnp.exp(-2 * x)) - jnp.log(2.0))


def _log_2cosh(x):
    return jnp.abs(x) + jnp.log1p(jnp.exp(-2 * jnp.abs(x)))


def _over(x, k):
    """x / k where k > 0, and 0 at k = 0: its limit for everything it is used on."""
    return jnp.where(k > 0, x / jnp.where(k > 0, k, 1), 0)


def unit(k):
    """The dual variable of depth 2 is unbounded, that of larger depths k times the like of it."""
    return jnp.where(k > 0, k, 1.0)


def _spread(c, k):
    """log of the factor cosh(kc)^(1/k)."""
    return _over(_log_cosh(k * c), k)


def _solve(t, k):
    """c >= 0 with asinh(cosh(kc)^(1/k) sinh c) = t: convex, of slope between 1 and 2."""

    def newton(_, c):
        spread, near = _spread(c, k), jnp.minimum(c, _LARGE)
        factor = jnp.exp(jnp.where(c < _LARGE, spread, 0))
        sinh = factor * jnp.sinh(near)
        slope = factor * (jnp.tanh(k * c) * jnp.sinh(near) + jnp.cosh(near)) / jnp.hypot(1, sinh)
        value = jnp.where(c < _LARGE, jnp.arcsinh(sinh), spread + c)
        slope = jnp.where(c < _LARGE, slope, 1 + jnp.tanh(k * c))
        return jnp.maximum(c - (value - t) / slope, 0)

    # From above, where Newton's method on a convex function never overshoots.
    start = jnp.where(k > 0, jnp.minimum(t, (t + _over(jnp.log(2.0), k)) / 2), t)
    return jax.lax.fori_loop(0, 12, newton, start)


@jax.jit
def coordinate(w, log_amplitude, k):
    """c, from the weight."""
    size = jnp.abs(w)
    log_ratio = jnp.log(jnp.where(size > 0, size, 1)) - log_amplitude
    near = jnp.arcsinh(jnp.exp(jnp.minimum(log_ratio, _LARGE)) / 2)
    t = jnp.where(log_ratio < _LARGE, near, log_ratio)
    return jnp.sign(w) * jnp.where(size > 0, _solve(t, k), 0)


def _from_coordinate(c, k):
    return jnp.where(k > 0, jnp.tanh(k * c), c)


def _to_coordinate(z, k):
    bounded = jnp.where(k > 0, z, 0)
    return jnp.where(k > 0, _over((jnp.log1p(bounded) - jnp.log1p(-bounded)) / 2, k), z)


def _weight(c, spread, log_amplitude):
    size, log_factor = jnp.abs(c), log_amplitude + spread
    near = 2 * jnp.exp(log_factor) * jnp.sinh(jnp.minimum(size, 1.0))
    far = jnp.exp(log_factor + size) - jnp.exp(log_factor - size)
    return jnp.sign(c) * jnp.where(size < 1, near, far)


def _dual_spread(z, k):
    """`_spread` from z itself: 1 - z is exact, while tanh of the coordinate would round it away."""
    z = jnp.where(k > 0, z, 0)
    near = jnp.log1p(-(jnp.clip(z, -0.5, 0.5) ** 2))
    return -_over(jnp.where(jnp.abs(z) < 0.5, near, jnp.log1p(z) + jnp.log1p(-z)) / 2, k)


@jax.jit
def weight(c, k, log_amplitude):
    """w, from c."""
    return _weight(c, _spread(c, k), log_amplitude)


@jax.jit
def slope(c, k, log_amplitude):
    """dw/dz at c, of the dual variable z / unit."""
    return jnp.exp(log_amplitude + _spread(c, k) + _log_cosh(k * c) + _log_2cosh((1 + k) * c))


@jax.jit
def primal(z, log_amplitude, k):
    """w = A h(z)."""
    return _weight(_to_coordinate(z, k), _dual_spread(z, k), log_amplitude)


@jax.jit
@jax.custom_jvp
def dual(w, log_amplitude, k):
    """z = h^{-1}(w / A)."""
    return _from_coordinate(coordinate(w, log_amplitude, k), k)


@jax.jit
@jax.custom_jvp
def potential(w, log_amplitude, k):
    """A q(w / A) = z w - A q*(z)."""
    c = coordinate(w, log_amplitude, k)
    return _from_coordinate(c, k) * w - _conjugate(c, _spread(c, k), log_amplitude, k)


@jax.jit
def conjugate(z, log_amplitude, k):
    """A q*(z), infinite outside the domain."""
    inside = (jnp.abs(z) < 1) | (k == 0)
    z = jnp.where(inside, z, 0)
    value = _conjugate(_to_coordinate(z, k), _dual_spread(z, k), log_amplitude, k)
    return jnp.where(inside, value, jnp.inf)


def _conjugate(c, spread, log_amplitude, k):
    # 2A/r (cosh(a)^r cosh(ra) - 1), with a = kc and r = (1-k)/k; at k = 0, 2A (cosh c - 1).
    exponent = (1 - k) * spread + _log_cosh((1 - k) * c)
    near = jnp.exp(log_amplitude) * jnp.expm1(jnp.minimum(exponent, _LARGE))
    far = jnp.exp(log_amplitude + exponent) - jnp.exp(log_amplitude)
    return 2 * unit(k) / (1 - k) * jnp.where(exponent < _LARGE, near, far)


@jax.jit
def curvature(w, log_amplitude, k):
    """dz/dw = 1 / (A h'(z))."""
    c = coordinate(w, log_amplitude, k)
    return unit(k) / slope(c, k, log_amplitude)


@potential.__wrapped__.defjvp  # pyright: ignore
def _(primals, tangents):
    # Only the weight is differentiated: amplitude and order are the network's, not the problem's.
    return potential(*primals), dual(*primals) * tangents[0]


@dual.__wrapped__.defjvp  # pyright: ignore
def _(primals, tangents):
    return dual(*primals), curvature(*primals) * tangents[0]
