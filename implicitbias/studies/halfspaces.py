r"""Halfspaces learned with wrong labels: what minimising the logistic loss costs, and a remedy.

After Ji, Ahn, Awasthi, Kale and Karp (2022, arXiv:2201.13419), of which the authors of this book
have read the abstract and a summary. Their lower bound is a distribution in the plane. The version
here has the three parts that the summary names; the paper's has one more.
"""

from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float
from scipy.optimize import linprog, minimize, root, root_scalar

from .. import _check
from .planar import (
    LARGEST_TILT,
    Disc,
    LabelledPlane,
    Squares,
    Strip,
    Together,
    Wedge,
    logistic_risk,
    missed,
    node_risk,
    panels,
)


def lower_bound_distribution(
    opt: float, *, extra: Literal["strip", "wedge", "none"] = "strip", smoothing: float = 0.0
) -> LabelledPlane:
    r"""The distribution on which the logistic loss misses many more points than it has to.

    With :math:`\varepsilon` for `opt`, and labels :math:`\operatorname{sign}(x_1)` but for the
    squares:

    - two squares with edges :math:`\sqrt{\varepsilon/2}` around :math:`\pm(1,-1)/\sqrt2`, of
      density 1, with wrong labels;
    - a strip :math:`[0,\sqrt\varepsilon]\times[0,1]` and its opposite, of density 1;
    - the uniform law on the unit disc, for the rest.

    In place of the strip there may be a wedge, density 0.2 on the part of the disc with angles
    between :math:`\pi/2-1` and :math:`\pi/2`, and its opposite, or nothing.

    **Arguments:** `opt`, in (0, 0.1]; `extra`, what is there besides disc and squares; `smoothing`
    :math:`\delta` in [0, 0.5]: points of the strip (or wedge) and of the squares are turned about
    zero by an angle uniform in :math:`[-\delta,\delta]`, which makes the density Lipschitz in the
    angle, with the constant :math:`1/(2\delta)` (for the wedge near the axis,
    :math:`1/(10\delta)`). Labels are by where a point ends.

    **Raises:** `ValueError` for numbers outside these ranges, or another word.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import studies
    >>> plane = studies.lower_bound_distribution(0.01)
    >>> [round(part.mass, 3) for part in (*plane.clean.parts, plane.flipped)]
    [0.79, 0.2, 0.01]
    """
    _in_range("opt", opt, 0, 0.1, open_below=True)
    _in_range("smoothing", smoothing, 0, 0.5)
    extras = {
        "strip": (Strip(smoothing, float(np.sqrt(opt))),),
        "wedge": (Wedge(smoothing, np.pi / 2 - 1, np.pi / 2, 0.2),),
        "none": (),
    }
    if extra not in extras:
        raise ValueError(f"extra must be one of {tuple(extras)}, found {extra!r}")
    squares = Squares(smoothing, float(np.sqrt(opt / 2)))
    disc = Disc(1 - squares.mass - sum(part.mass for part in extras[extra]))
    return LabelledPlane(Together((disc, *extras[extra])), squares)


class Minimizer(NamedTuple):
    """The minimiser of a risk in the plane.

    - `weights` "2", and the `risk` that was minimised, there.
    - `stationarity`: what is left of the gradient (of its part along the constraint, where one is
      active), over the mean length that a point could contribute.
    """

    weights: Float[np.ndarray, " 2"]
    risk: float
    stationarity: float


def logistic_minimizer(plane: LabelledPlane, radius: float = np.inf) -> Minimizer:
    r"""The minimiser of the population's logistic risk among :math:`\|w\|\le` `radius`.

    **Arguments:** `plane`; `radius`, positive.

    **Raises:** `ValueError` for a radius that is not positive; `RuntimeError` if the gradient does
    not vanish to 1e-8 relative to :math:`\sqrt{\mathrm{OPT}}`, or the minimiser is farther from the
    first axis than the quadrature allows.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import studies
    >>> plane = studies.lower_bound_distribution(1e-4)
    >>> found = studies.logistic_minimizer(plane)
    >>> (found.weights * [0.01, 1.0]).round(3).tolist()
    [1.502, 1.323]
    """
    if not radius > 0:
        raise ValueError(f"radius must be positive, found {radius}")
    size = 1 / np.sqrt(plane.opt)  # of the weights; in its units all numbers are of order one

    def scaled(v):
        value, gradient, hessian = node_risk(*plane.nodes, v * size)
        return value * size, gradient * size**2, hessian * size**3

    found = minimize(
        lambda v: scaled(v)[:2],
        np.array([1.0, 0.5]) * min(1.0, radius / size),
        jac=True,
        hess=lambda v: scaled(v)[2],
        method="trust-exact",
        options={"gtol": 1e-6},
    ).x
    _, gradient, hessian = scaled(found)
    weights = size * (found - np.linalg.solve(hessian, gradient))  # a last step of Newton's
    if np.linalg.norm(weights) > radius:
        weights = _on_circle(plane, radius)
    risk = logistic_risk(plane, weights)
    left = risk.gradient
    if np.linalg.norm(weights) > radius * (1 - 1e-12):
        left = left - (left @ weights) * weights / (weights @ weights)
    stationarity = float(np.linalg.norm(left)) * size
    if not stationarity < 1e-8:
        raise RuntimeError(f"the minimiser was not found: gradient {stationarity:.1e} is left")
    return Minimizer(weights, risk.value, stationarity)


def _on_circle(plane: LabelledPlane, radius: float) -> np.ndarray:
    """The minimiser of the logistic risk among weights of this norm."""

    def at(angle):
        return radius * np.array([np.cos(angle), np.sin(angle)])

    def slope(angle):
        return node_risk(*plane.nodes, at(angle)).gradient @ at(angle + np.pi / 2)

    far = np.arcsin(min(0.9, LARGEST_TILT / radius))
    return at(root_scalar(slope, bracket=(-far, far), method="brentq", xtol=1e-15).root)


def hinge_minimizer(plane: LabelledPlane, direction: Float[ArrayLike, " 2"]) -> Minimizer:
    r"""The second phase: minimises :math:`\mathbb E\max(-y\langle w,x\rangle,0)` over
    :math:`\langle w, v\rangle\ge1`, with v the unit vector along `direction`.

    The loss is proportional to the length of w, so that the minimiser has
    :math:`\langle w,v\rangle=1`.

    **Arguments:** `plane`; `direction` "2", not zero, such as the weights of the first phase.

    **Raises:** `ValueError` for a direction that is not finite or is zero; `RuntimeError` if the
    minimiser is more than 1.5 radians from the direction.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import studies
    >>> plane = studies.lower_bound_distribution(1e-4)
    >>> first = studies.logistic_minimizer(plane)
    >>> second = studies.hinge_minimizer(plane, first.weights)
    >>> [round(studies.missed(plane, w).share, 5) for w in (first.weights, second.weights)]
    [0.00285, 0.00021]
    """
    v = _unit(direction, 2)
    across = np.array([-v[1], v[0]])

    def slope(angle):
        w = np.cos(angle) * v + np.sin(angle) * across
        return -missed(plane, w).total @ across

    if not slope(-1.5) < 0 < slope(1.5):
        raise RuntimeError(f"no minimiser within 1.5 radians of the direction {v}")
    turn = root_scalar(slope, bracket=(-1.5, 1.5), method="brentq", xtol=1e-15).root
    w = v + np.tan(turn) * across
    return Minimizer(w, float(-missed(plane, w).total @ w), abs(float(slope(turn))))


class SmallOptLimit(NamedTuple):
    r"""Where minimisers of the logistic risk tend as OPT tends to zero.

    - `norm` a: :math:`\sqrt{\mathrm{OPT}}\,\|w\|\to a`.
    - `tilt` c: the angle over :math:`\sqrt{\mathrm{OPT}}` tends to c.
    - `risk`: the limit of the misclassification risk over :math:`\sqrt{\mathrm{OPT}}`.
    """

    norm: float
    tilt: float
    risk: float


def small_opt_limit(ratio: float = 0.0) -> SmallOptLimit:
    r"""The minimiser of the limit of the logistic risk of `lower_bound_distribution`,

    .. math:: F(a, c) = \frac a{\sqrt2} + \frac\pi{3a} + \frac{ac^2}{3\pi}
       + 2\int_0^1\!\!\int_0^1\log\bigl(1+e^{-a(u+cv)}\bigr)\,du\,dv,

    where :math:`w = (a/\sqrt\varepsilon)\,(\cos\theta,\sin\theta)`, :math:`\theta=c\sqrt
    \varepsilon`. With a smoothing :math:`\delta=t\sqrt\varepsilon` the integral is also over
    :math:`\xi` in [-1, 1], with the mean of the loss at
    :math:`\operatorname{sign}(u+t\xi v)\,a(u+t\xi v+cv)` in place of that at :math:`a(u+cv)`.

    **Arguments:** `ratio` t, not negative.

    **Raises:** `ValueError` for a ratio that is negative or not finite.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import studies
    >>> [round(x, 4) for x in studies.small_opt_limit()]
    [1.512, 0.8454, 0.2691]
    """
    _in_range("ratio", ratio, 0, np.inf)
    u, v, shares = _limit_strip(ratio)
    points = np.stack([u, v], axis=1) * np.where(u > 0, 1, -1)[:, None]

    def limit(w):
        """Gradient and second derivatives of F, by a and b = ac."""
        a, b = w
        _, gradient, hessian = node_risk(points, shares, np.asarray(w))
        slope = [
            1 / np.sqrt(2) - np.pi / (3 * a**2) - b**2 / (3 * np.pi * a**2),
            2 * b / (3 * np.pi * a),
        ]
        mixed = -2 * b / (3 * np.pi * a**2)
        first = 2 * np.pi / (3 * a**3) + 2 * b**2 / (3 * np.pi * a**3)
        bend = [[first, mixed], [mixed, 2 / (3 * np.pi * a)]]
        return gradient + slope, hessian + bend

    a, b = root(lambda w: limit(w)[0], [1.5, 1.0], jac=lambda w: limit(w)[1], tol=1e-13).x
    _, _, between = _limit_strip(ratio, lambda second: (-b / a * second, 0 * second))
    return SmallOptLimit(float(a), float(b / a), float(b / a / np.pi + between.sum()))


def _limit_strip(ratio: float, reach=None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes u, v and weights on the strip, each "n", in units in which it is the unit square.

    All of it, or for each v what lies between two values of u.
    """
    second, lengths = panels(np.concatenate([[0.0], 0.5 ** np.arange(12.0, -1, -1)]))
    half = ratio * second  # by how much points are shifted along u, at most
    low, high = (-half, 1 + half) if reach is None else reach(second)
    fixed = [np.full(second.shape, s * 2.0**k) for s in (-1, 1) for k in range(-6, 7)]
    ends = [low, high, 0 * second, half, 1 - half, *fixed]
    first, widths = panels(np.sort([np.clip(end, low, high) for end in ends], axis=0).T)
    second, half = (np.broadcast_to(x[:, None], first.shape) for x in (second, half))
    if ratio:
        both = np.minimum(first + half, 1) - np.maximum(first - half, 0)
        density = np.maximum(both, 0) / (2 * half)
    else:
        density = (first > 0) & (first < 1)
    weights = density * widths * lengths[:, None]
    kept = weights > 0
    return first[kept], second[kept], 2 * weights[kept]


def angle_bound(
    opt: float,
    norm: float,
    kappa: float,
    *,
    level: float,
    reach: float,
    excess: float = 0.0,
) -> float:
    r"""How far from the best halfspace u a predictor w can be whose logistic risk is at most that
    of :math:`\|w\|u` plus an excess, in radians:

    .. math:: \theta \le \frac{2B\,\mathrm{OPT} + \pi^3C_\kappa/(6\|w\|^2)}{c}
       + \sqrt{\frac{\text{excess}}{c\,\|w\|}}, \qquad c = \frac{4\ell}{3\pi^2},

    if points are no longer than B, their density in the plane of u and w is at least
    :math:`\ell` on the unit disc, and :math:`\int\kappa = C_\kappa`. The book's form, with
    constants, of a lemma of Ji, Ahn, Awasthi, Kale and Karp (2022, arXiv:2201.13419).

    **Arguments:** `opt`, share of points that u misses; `norm` :math:`\|w\|`; `kappa`
    :math:`C_\kappa`, maybe infinite; `level` :math:`\ell`; `reach` B; `excess`, not negative.

    **Raises:** `ValueError` for numbers outside these ranges.

    >>> from implicitbias import studies
    >>> bound = studies.angle_bound(1e-4, 150.0, 5.0, level=0.3, reach=1.01)
    >>> round(bound, 4)
    0.0333
    """
    _in_range("opt", opt, 0, 1)
    _in_range("norm", norm, 0, np.inf, open_below=True)
    _in_range("level", level, 0, np.inf, open_below=True)
    _in_range("reach", reach, 0, np.inf, open_below=True)
    _in_range("excess", excess, 0, np.inf)
    if not kappa >= 0:
        raise ValueError(f"kappa must not be negative, found {kappa}")
    wedge = 4 * level / (3 * np.pi**2)
    pull = 2 * reach * opt + np.pi**3 * kappa / (6 * norm**2)
    return float(pull / wedge + np.sqrt(excess / (wedge * norm)))


def logistic_descent(
    X: Float[ArrayLike, "n d"],
    labels: Float[ArrayLike, " n"],
    radius: float,
    step_size: float,
    steps: int,
) -> Float[Array, " d"]:
    r"""Projected gradient descent on the mean logistic loss of samples, from zero,

    .. math:: w_{t+1} = \Pi\bigl(w_t - \eta\,\nabla\hat R(w_t)\bigr),

    with the projection on the ball of some radius.

    **Arguments:** `X` "n d", `labels` "n", `radius`, `step_size` :math:`\eta`, `steps`.

    **Returns:** the last weights "d".

    **Raises:** `ValueError` for shapes that do not match, labels that are not -1 or +1, or numbers
    that are not positive.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import studies
    >>> w = studies.logistic_descent([[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0], 5.0, 1.0, 1000)
    >>> w.round(3).tolist()
    [3.536, -3.536]
    """
    signed = _signed(X, labels)
    _check_steps(step_size, steps)
    _check.positive("radius", radius)
    return _logistic_descent(signed, float(radius), float(step_size), int(steps))


@partial(jax.jit, static_argnames="steps")
def _logistic_descent(signed, radius, step_size, steps):
    def step(w, _):
        w = w + step_size * (jax.nn.sigmoid(-signed @ w) @ signed) / len(signed)
        return w * jnp.minimum(1.0, radius / jnp.linalg.norm(w)), None

    return jax.lax.scan(step, jnp.zeros(signed.shape[1]), length=steps)[0]


def hinge_descent(
    X: Float[ArrayLike, "n d"],
    labels: Float[ArrayLike, " n"],
    direction: Float[ArrayLike, " d"],
    step_size: float,
    steps: int,
) -> Float[Array, " d"]:
    r"""The second phase on samples: projected subgradient descent on the mean of
    :math:`\max(-y\langle w,x\rangle,0)` over :math:`\langle w,v\rangle\ge1`, from v.

    v is the unit vector along `direction`, steps have the sizes :math:`\eta/\sqrt t`, and
    returned is the mean of all weights, those of step t with weight t.

    **Arguments:** `X` "n d", `labels` "n", `direction` "d", not zero, `step_size` :math:`\eta`,
    `steps`.

    **Raises:** `ValueError` for shapes that do not match, labels that are not -1 or +1, a direction
    that is zero, or numbers that are not positive.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import studies
    >>> X, labels = [[2.0, -1.0], [-1.0, 0.0]], [1.0, 1.0]
    >>> studies.hinge_descent(X, labels, [0.0, 1.0], 0.1, 2000).round(2).tolist()
    [0.5, 1.0]
    """
    signed, v = _signed(X, labels), _unit(direction, np.shape(X)[1])
    _check_steps(step_size, steps)
    return _hinge_descent(signed, _check.on_device(v), float(step_size), int(steps))


@partial(jax.jit, static_argnames="steps")
def _hinge_descent(signed, v, step_size, steps):
    def step(state, t):
        w, mean = state
        w = w + step_size / jnp.sqrt(t) * ((signed @ w < 0) @ signed) / len(signed)
        w = w + jnp.maximum(0.0, 1 - w @ v) * v
        return (w, mean + 2 / (t + 1) * (w - mean)), None

    return jax.lax.scan(step, (v, v), jnp.arange(1.0, steps + 1))[0][1]


def hinge_program(
    X: Float[ArrayLike, "n d"], labels: Float[ArrayLike, " n"], direction: Float[ArrayLike, " d"]
) -> Float[Array, " d"]:
    r"""The second phase on samples, exactly: the least mean of
    :math:`\max(-y\langle w,x\rangle,0)` over :math:`\langle w,v\rangle\ge1`, by linear
    programming.

    Where halfspaces without any error exist the minimiser is not unique, and one is returned.

    **Arguments:** `X` "n d", `labels` "n", `direction` "d", not zero: v is the unit vector along.

    **Returns:** weights "d".

    **Raises:** `ValueError` for shapes that do not match, labels that are not -1 or +1, or a
    direction that is zero; `RuntimeError` if the programme is not solved.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import studies
    >>> X, labels = [[2.0, -1.0], [-1.0, 0.0]], [1.0, 1.0]
    >>> studies.hinge_program(X, labels, [0.0, 1.0]).round(6).tolist()
    [0.5, 1.0]
    """
    signed, v = _signed(X, labels), _unit(direction, np.shape(X)[1])
    n, d = signed.shape
    found = linprog(
        np.concatenate([np.zeros(d), np.full(n, 1 / n)]),
        A_ub=np.hstack([-np.asarray(signed), -np.eye(n)]),
        b_ub=np.zeros(n),
        A_eq=np.concatenate([v, np.zeros(n)])[None],
        b_eq=[1.0],
        bounds=[(None, None)] * d + [(0, None)] * n,
    )
    if found.status:
        raise RuntimeError(f"linear programming failed: {found.message}")
    return _check.on_device(found.x[:d])


def _signed(X, labels):
    X = _check.finite_array("X", X, 2)
    return X * _check.labels(labels, X.shape[0])[:, None]


def _unit(direction, d):
    v = np.asarray(_check.finite_array("direction", direction, 1))
    if v.shape != (d,) or not v.any():
        raise ValueError(f"direction must have {d} entries, not all zero, found {v}")
    return v / np.linalg.norm(v)


def _check_steps(step_size, steps):
    _check.positive("step_size", step_size)
    _check.integer("steps", steps)


def _in_range(name, value, low, high, *, open_below=False):
    inside = np.isfinite(value) and low <= value <= high and not (open_below and value == low)
    if not inside:
        bracket = "(" if open_below else "["
        raise ValueError(f"{name} must lie in {bracket}{low}, {high}], found {value}")
