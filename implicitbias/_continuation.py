r"""The interpolator of a diagonal network, followed from large amplitude down to any small one.

At amplitude :math:`A = \alpha^D` the optimality conditions are

.. math::

   X(w_+ - w_-) = y, \quad w_\pm = A\,e^{b_\pm}, \quad
   \frac{1 - e^{-kb_\pm}}{k} = \pm X^\top\nu,

with :math:`k = (D-2)/D`; at depth 2, :math:`k = 0` and :math:`b_\pm = \pm X^\top\nu`. Keeping
:math:`b_\pm` beside :math:`\nu` keeps the slacks :math:`m_\pm = e^{-kb_\pm} = 1 \mp kX^\top\nu` to
full relative precision where :math:`\nu` alone would round them to nothing. This is a primal-dual
interior-point method for :math:`\min\|w\|_1` whose central path is the object itself. Each Newton
step is one Cholesky factorisation, n by n, and the same factor gives the tangent
:math:`d\nu/d(-\log A)`, which for small :math:`A` is all but constant: hence two or three Newton
steps a scale.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_factor, cho_solve
from jaxtyping import Array, ArrayLike, Bool, Float, Int

from . import _qexp

SIGNS = np.array([[1.0], [-1.0]])  # one row for w_+, one for w_-
_EPSILON = 2.0**-52
_TOLERANCE = 1e-12
_NEWTON_STEPS = 10
_SMALLEST_STEP = 1e-6
_SAMPLES, _FEATURES = 20, 64  # sizes are rounded up to multiples of these


class Point(NamedTuple):
    """One point of the path: multipliers, and the logarithms b of both parts of the weights."""

    nu: Float[Array, " n"]
    b: Float[Array, "2 d"]


class Geometry(NamedTuple):
    """What does not change along the path: amplitudes against each other, speeds, order, start."""

    offset: Float[ArrayLike, " d"]
    speed: Float[ArrayLike, " d"]
    order: Float[ArrayLike, ""]
    start: Float[ArrayLike, " d"] | None


class Place(NamedTuple):
    """Where the path has been followed to, with what the tangent there needs."""

    log_amplitude: Float[ArrayLike, ""]
    point: Point
    slopes: Float[ArrayLike, "2 d"]
    factor: Float[ArrayLike, "n n"]
    step: Float[ArrayLike, ""]


def weights(b: Float[Array, "2 d"], log_amplitude: Float[Array, " d"]) -> Float[Array, " d"]:
    """w_+ - w_-, as a hyperbolic sine: the two may agree to all digits."""
    middle, half = (b[0] + b[1]) / 2 + log_amplitude, (b[0] - b[1]) / 2
    near = 2 * jnp.exp(middle) * jnp.sinh(jnp.clip(half, -1, 1))
    far = jnp.exp(middle + half) - jnp.exp(middle - half)
    return jnp.where(jnp.abs(half) < 1, near, far)


def ramp(b, k):
    return jnp.where(k > 0, -jnp.expm1(-k * b) / jnp.where(k > 0, k, 1), b)


def settle(zeta, b, k):
    """Where the slack is no small difference, b follows from nu; elsewhere it is its own."""
    zeta = SIGNS * zeta
    clipped = jnp.where(k > 0, jnp.minimum(k * zeta, 0.9), 0)
    followed = jnp.where(k > 0, -jnp.log1p(-clipped) / jnp.where(k > 0, k, 1), zeta)
    return jnp.where(1 - k * zeta > 0.1, followed, b)


def _base(geometry, log_amplitude):
    """Dual variables of the start, and how they grow as the amplitude falls."""
    offset, _, k, start = geometry
    if start is None:
        return 0.0, 0.0
    zeta = _qexp.dual(start, log_amplitude + offset, k) / _qexp.unit(k)
    return zeta, start * _qexp.curvature(start, log_amplitude + offset, k) / _qexp.unit(k)


def rotated(
    X: Float[ArrayLike, "n d"], y: Float[ArrayLike, " n"], geometry: Geometry
) -> tuple[Float[np.ndarray, "n n"], Float[np.ndarray, "n d"], Float[np.ndarray, " n"]]:
    """The rotation Q, Q'X and Q'y, in which features of large amplitude meet the first rows only.

    Neither the problem nor its multipliers' X'nu change. But where one feature has many times the
    amplitude of others, its small dual variable is now no sum of large numbers, and the Newton
    matrix is graded, which Cholesky's factorisation bears at any ratio.
    """
    falling = np.argsort(-np.asarray(geometry.offset), kind="stable")
    Q, triangle = np.linalg.qr(np.asarray(X)[:, falling])
    return Q, triangle[:, np.argsort(falling)], Q.T @ np.asarray(y)


def enlarged(
    X: Float[np.ndarray, "n d"], y: Float[np.ndarray, " n"], geometry: Geometry
) -> tuple[Float[np.ndarray, "N M"], Float[np.ndarray, " N"], Geometry]:
    """The same problem with samples and features of zeros, so that sizes share compiled programs.

    A zero feature stays at its dual variable, a zero sample has a multiplier of 0, and neither
    meets the others: they are cut off again without having changed anything.
    """
    rows, columns = (0, -X.shape[0] % _SAMPLES), (0, -X.shape[1] % _FEATURES)
    offset, speed, k, start = geometry
    geometry = Geometry(
        offset=np.pad(offset, columns),
        speed=np.pad(speed, columns, constant_values=1.0),
        order=k,
        start=None if start is None else np.pad(start, columns),
    )
    return np.pad(X, (rows, columns)), np.pad(y, rows), geometry


def begin(
    X: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, " n"],
    geometry: Geometry,
    log_amplitude: float,
) -> Place:
    """A guess at an amplitude not below the one given, so far above the weights that it is good."""
    offset, speed, _, start = jax.tree.map(np.asarray, geometry)
    # There the network is linear: nu and b are small.
    right = y if start is None else y - X @ start
    gram = (X * (2 * speed * np.exp(offset))) @ X.T
    nu = np.linalg.solve(gram + np.diag(gram.diagonal() == 0), right)
    reach = np.max(np.abs(speed * (nu @ X)))
    if start is not None:
        reach = max(reach, np.max(np.abs(start) * np.exp(-offset)))
    first = max(log_amplitude, np.log(reach) + 1.5) if reach > 0 else log_amplitude
    nu = nu * np.exp(-first)
    zeta = speed * (nu @ X) + np.asarray(_base(geometry, first)[0])
    b = SIGNS * zeta
    return Place(first, Point(nu, b), np.zeros_like(b), np.eye(len(y)), np.float64(1))


@jax.jit
def follow(
    X: Float[Array, "n d"],
    y: Float[Array, " n"],
    geometry: Geometry,
    log_amplitudes: Float[Array, " s"],
    place: Place,
) -> tuple[Place, Point, Int[Array, " s"], Bool[Array, " s"]]:
    """From a place down through falling `log_amplitudes`.

    The place arrived at, and at each of them the point, Newton steps spent, whether it was met.
    """
    offset, speed, k, _ = geometry
    size = jnp.abs(X)

    def evaluate(point, log_amplitude, zeta0):
        w = weights(point.b, log_amplitude + offset)
        residual = y - X @ w
        # Weights are known as well as their logarithms, which are large where amplitudes are small.
        digits = 4 + jnp.max(jnp.abs(point.b), 0) + jnp.abs(log_amplitude + offset)
        rounding = _EPSILON * (size @ (digits * jnp.abs(w)) + 4 * jnp.abs(y))
        residual = jnp.where(jnp.abs(residual) <= rounding, 0, residual)
        slackness = SIGNS * (speed * (point.nu @ X) + zeta0) - ramp(point.b, k)
        return residual, slackness

    def factorise(point, log_amplitude):
        # Slope of each part of the weights in its dual variable: w / m.
        slopes = jnp.exp(log_amplitude + offset + (1 + k) * point.b)
        gram = (X * (speed * jnp.sum(slopes, 0))) @ X.T
        diagonal = jnp.diagonal(gram)
        ridge = jnp.where(diagonal == 0, 1, _EPSILON / 2 * len(y) * diagonal)
        return slopes, cho_factor(gram + jnp.diag(ridge))[0]

    def newton(point, log_amplitude):
        zeta0, _ = _base(geometry, log_amplitude)
        bound = jnp.maximum(jnp.max(jnp.abs(y)), jnp.finfo(y.dtype).tiny)

        def error(residual, slackness):
            return jnp.maximum(jnp.max(jnp.abs(residual)) / bound, jnp.max(jnp.abs(slackness)))

        def unfinished(carry):
            _, _, _, residual, slackness, steps, sound = carry
            return sound & (steps < _NEWTON_STEPS) & ~(error(residual, slackness) <= _TOLERANCE)

        def step(carry):
            point, _, _, residual, slackness, steps, _ = carry
            slopes, factor = factorise(point, log_amplitude)
            correction = X @ jnp.sum(SIGNS * slopes * slackness, 0)
            nu_step = cho_solve((factor, False), residual - correction)
            b_step = (SIGNS * (speed * (nu_step @ X)) + slackness) * jnp.exp(k * point.b)
            largest = jnp.max(jnp.abs(b_step))
            length = jnp.minimum(1, 3 / largest)  # weights change by a factor exp(3) at most
            nu = point.nu + length * nu_step
            b = settle(speed * (nu @ X) + zeta0, point.b + length * b_step, k)
            point = Point(nu, b)
            return (
                point,
                slopes,
                factor,
                *evaluate(point, log_amplitude, zeta0),
                steps + 1,
                largest < 50,
            )

        def run(slopes, factor):
            first = (point, slopes, factor, *evaluate(point, log_amplitude, zeta0), 0, True)
            point_, slopes, factor, residual, slackness, steps, _ = jax.lax.while_loop(
                unfinished, step, first
            )
            return point_, slopes, factor, steps, error(residual, slackness) <= _TOLERANCE

        return run

    def predict(place, step):
        """Along the tangent: linear in nu, linear in the logarithms of the weights."""
        log_amplitude, point, slopes, factor, _ = place
        _, drift = _base(geometry, log_amplitude)
        tangent = cho_solve((factor, False), y - X @ (jnp.sum(slopes, 0) * drift))
        nu = point.nu + step * tangent
        zeta0, _ = _base(geometry, log_amplitude - step)
        moved = SIGNS * (speed * (tangent @ X) + drift) * jnp.exp(k * point.b)
        return Point(nu, settle(speed * (nu @ X) + zeta0, point.b + step * moved, k))

    def approach(place, target):
        """Lower the amplitude to the target, in steps as long as Newton's method bears."""

        def away(carry):
            place, _, arrived = carry
            return ~arrived & (place.step > _SMALLEST_STEP)

        def advance(carry):
            place, spent, _ = carry
            lower = jnp.maximum(target, place.log_amplitude - place.step)
            length = place.log_amplitude - lower
            guess = predict(place, length)
            point, slopes, factor, steps, met = newton(guess, lower)(place.slopes, place.factor)
            longer = jnp.where(steps <= 4, jnp.maximum(place.step, 2 * length), place.step)
            new = Place(lower, point, slopes, factor, longer)
            old = place._replace(step=length / 3)
            place = jax.tree.map(lambda a, b: jnp.where(met, a, b), new, old)
            return place, spent + steps, met & (lower == target)

        # Each target is tried afresh, even after a failure: the report is then its own.
        fresh = place._replace(step=jnp.maximum(place.step, 0.1))
        place, spent, arrived = jax.lax.while_loop(away, advance, (fresh, 0, False))
        return place, (place.point, spent, arrived)

    place, (points, steps, met) = jax.lax.scan(approach, place, log_amplitudes)
    return place, points, steps, met  # pyright: ignore[reportReturnType]  # cannot see through scan
