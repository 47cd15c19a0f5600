"""What the laboratory in two dimensions shows in one state, computed by the library.

The page computes the same by closed forms (``src/models/geometry-lab.js``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from scipy.optimize import brentq

from implicitbias.descent import (
    Diverged,
    gradient_descent,
    mirror_descent,
    natural_gradient_descent,
)
from implicitbias.explore.axis import State
from implicitbias.limits import interpolator
from implicitbias.metrics import inverse_metric
from implicitbias.parametrizations import DiagonalNetwork, Neuron
from implicitbias.potentials import (
    DiagonalPotential,
    Entropy,
    Euclidean,
    Hypentropy,
    NeuronPotential,
    PNorm,
    Potential,
)

METHODS = ("mirror", "natural", "parameters")
ENDED, MOVING, LEFT, NONE = range(4)
"""How a descent ends: on the line, still off it, out of the picture or the domain; or no such."""

_NUDGE, _EDGE, _ASIDE = 0.01, 0.02, 0.05
_CELLS, _REMAINDER = 72, 1e-3
_FAR, _MOST, _SETTLED, _SHOWN = 20.0, 800, 1e-6, 300
_QUARTER, _SAMPLES, _SPAN = 36, 48, 60.0
_LATTICE, _RADIUS = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]), 0.42
_CLOSE = 5e-4


@dataclass(frozen=True)
class _Geometry:
    """A potential, the rate of its flow, the metric, and a parametrisation that has this metric."""

    potential: Potential
    metric: Callable[[Any], Any]
    reach: float
    rate: float = 1.0
    features: Callable[[Any], Any] | None = None
    params: Callable[[Any], Any] = lambda w: w

    def inverse(self, points):
        """The inverse metric at some points."""
        return np.asarray(_inverses(self.metric, jnp.asarray(points)))


def _geometry(state: Mapping[str, Any]) -> _Geometry:
    # Arrays, so that one compiled program serves all values.
    names = ("scale", "depth", "p")
    scale, depth, p = (cast(Any, jnp.asarray(float(state[name]))) for name in names)
    match state["geometry"]:
        case "Euclidean":
            potential = Euclidean()
            return _Geometry(potential, potential.hessian, 3.0, features=_same)
        case "entropy":
            return _Geometry(
                Entropy(), Partial(_reciprocal), 4.0, features=_square, params=_square_roots
            )
        case "hypentropy":
            potential, reach = Hypentropy(scale), float(jnp.arcsinh(3 / scale))
            params = partial(_signed_roots, scale)
            return _Geometry(
                potential, potential.hessian, reach, features=_signed_square, params=params
            )
        case "p-norm":
            potential, reach = PNorm(p), 3 * max(1.0, float(2 ** ((2 - p) / p)))
            return _Geometry(potential, potential.hessian, reach)
        case "deep network":
            network = DiagonalNetwork(int(depth), scale ** (1 / depth))
            potential, rate = DiagonalPotential(depth, network.scale), float(network.rate)
            metric = Partial(_over_rate, potential.hessian, jnp.asarray(rate))
            return _Geometry(potential, metric, 1.0, rate, network.features, network.parameters)
        case "single neuron":
            neuron = Neuron(1.0)
            metric = Partial(_metric_of, neuron)
            return _Geometry(
                neuron.potential(), metric, 3**0.5, 1.0, neuron.features, neuron.parameters
            )
    raise ValueError(f"geometry must be one of the figure's, found {state['geometry']!r}")


def _same(u):
    return u


def _square(u):
    return u**2 / 4


def _square_roots(w):
    return 2 * jnp.sqrt(w)


def _signed_square(params):
    return (params[0] ** 2 - params[1] ** 2) / 4


def _signed_roots(beta, w):
    """The u and v of `_signed_square` with u v = 2 beta."""
    large = jnp.sqrt(2 * (jnp.hypot(w, beta) + jnp.abs(w)))
    small = 2 * beta / large
    return jnp.where(w < 0, small, large), jnp.where(w < 0, large, small)


def _reciprocal(w):
    return jnp.diag(1 / w)  # no metric out of the domain, where Entropy's would raise at once


def _over_rate(hessian, rate, w):
    return hessian(w) / rate


def _metric_of(network, w):
    return jnp.linalg.inv(inverse_metric(network.features, network.parameters(w)))


@jax.jit
def _inverses(metric, points):
    return jax.vmap(lambda w: jnp.linalg.inv(metric(w)))(points)


def _placed(kind, w, x):
    """The point of the domain that a start stands for."""
    if kind == "entropy":
        return np.maximum(w, _EDGE)
    if kind == "p-norm":
        return np.where(np.abs(w) < _NUDGE, np.where(w < 0, -_NUDGE, _NUDGE), w)
    aside = x[0] * w[1] - x[1] * w[0]
    if kind == "single neuron" and x @ w <= 0 and abs(aside) < _ASIDE:
        return w + ((-_ASIDE if aside < 0 else _ASIDE) - aside) * np.array([-x[1], x[0]])
    return w


def compute(state: State) -> dict[str, Any]:
    """All arrays of the figure in one state."""
    kind = state["geometry"]
    geometry = _geometry(state)
    foot = np.array([state["data_x"], state["data_y"]], float)
    y = np.hypot(*foot)
    x = foot / y
    w0 = _placed(kind, np.array([state["start_x"], state["start_y"]], float), x)
    dual = _each(geometry.potential, "to_dual")
    flow = _Flow(geometry, w0, x, y)
    w1 = flow.end
    lattice = _lattice(kind)
    inverse, at_end, *inverses = geometry.inverse([w0, w1, *lattice])
    eta = float(state["step"]) / float(x @ at_end @ x)
    steps = min(_SHOWN, int(np.ceil(flow.duration / eta)))
    clock = float(state["time"]) / 100 * flow.duration
    line = _line(x, y, kind == "entropy")

    def scaled(points):
        return dual(points) / geometry.reach if len(points) else np.zeros((0, 2))

    arrays: dict[str, Any] = {
        "clock": clock,
        "step_size": eta,
        "start": w0[None],
        "limit": w1[None],
        "kernel": (w0 + inverse @ x * (y - x @ w0) / (x @ inverse @ x))[None],
        "line": line,
        "level": _level(geometry, w0, w1),
        "forbidden": _forbidden(kind),
        "metric": _ellipses(lattice, np.array(inverses)),
        "flow": flow.until(clock),
        "flow_whole": flow.until(flow.duration),
    }
    arrays |= zip(("end_first", "end_second"), w1, strict=True)
    arrays |= zip(("now_first", "now_second"), arrays["flow"][-1], strict=True)
    for name, (path, status) in _descents(kind, geometry, w0, x, y, eta).items():
        arrays[f"{name}_whole"] = path[: steps + 1]
        arrays[name] = path[: min(steps, int(np.floor(clock / eta + 1e-9))) + 1]
        arrays[f"{name}_status"] = status
        miss = np.linalg.norm(path[-1] - w1) if status == ENDED else 0.0
        arrays[f"{name}_miss"] = miss if miss >= _CLOSE else 0.0
    shown = ("start", "limit", "line", "flow", "flow_whole", *METHODS)
    for name in (*shown, *(f"{method}_whole" for method in METHODS)):
        arrays[f"dual_{name}"] = scaled(arrays[name])
    return arrays


def _each(potential, method):
    """A method of a potential on an array of points."""

    def on(points):
        # Padded, since every new shape would be compiled.
        room = 512 if len(points) <= 512 else 4096
        padded = np.pad(points, ((0, room - len(points)), (0, 0)), mode="edge")
        return np.asarray(_map(potential, method, jnp.asarray(padded)))[: len(points)]

    return on


@partial(jax.jit, static_argnames="method")
def _map(potential, method, points):
    return jax.vmap(getattr(potential, method))(points)


class _Flow:
    """The flow of one data point: z = z0 + kappa x, where kappa obeys a scalar equation.

    It is followed in s, kappa = kappa1 (1 - e^-s), in which the speed neither vanishes nor grows.
    """

    def __init__(self, geometry, w0, x, y):
        self.start, self.duration, self.end = w0, 0.0, w0
        residual = y - x @ w0
        if abs(residual) < 1e-9:
            return
        potential, primal = geometry.potential, _each(geometry.potential, "to_primal")
        found = interpolator(x[None], np.array([y]), potential, start=w0)
        self.end, kappa = np.asarray(found.weights), float(found.dual[0])
        z0 = np.asarray(potential.to_dual(w0))

        def duals(s):
            return z0 - np.expm1(-np.atleast_1d(s))[:, None] * kappa * x

        def slowness(s):
            z = duals(s)
            warped = isinstance(potential, NeuronPotential)
            rate = np.linalg.norm(z, axis=1) if warped else geometry.rate
            return kappa * np.exp(-s) / (rate * (y - primal(z) @ x))

        self._weights, self._slowness = (lambda s: primal(duals(s))), slowness
        self._reach = _root(
            lambda s: _REMAINDER - (y - self._weights(s)[0] @ x) / residual, 0.0, 40.0
        )
        # The speed may have a kink where a dual variable is zero: cells get small towards it.
        with np.errstate(divide="ignore", invalid="ignore"):
            kinks = np.nan_to_num(-np.log1p(z0 / (kappa * x)), nan=0.0, posinf=0.0, neginf=0.0)
        graded = np.outer([-1, 1], 2.0 ** -np.arange(45)).ravel()
        edges = np.concatenate(
            [np.linspace(0, self._reach, _CELLS + 1), *(kinks[:, None] + graded)]
        )
        self._edges = np.sort(np.clip(edges, 0, self._reach))
        self._times = np.append(0, np.cumsum(self._integral(self._edges[:-1], self._edges[1:])))
        self.duration = self._times[-1]

    def _integral(self, low, high):
        nodes, weights = np.polynomial.legendre.leggauss(10)
        half = (high - low)[:, None] / 2
        s = half * nodes + (high + low)[:, None] / 2
        return (half * weights * self._slowness(s.ravel()).reshape(s.shape)).sum(1)

    def until(self, time):
        """The path up to a time."""
        if self.duration == 0:
            return self.start[None]
        nodes = np.linspace(0, self._reach, _CELLS + 1)
        s = self._at(time)
        return self._weights(np.append(nodes[nodes < s - 1e-9], s))

    def _at(self, time):
        if time >= self.duration:
            return self._reach
        k = np.searchsorted(self._times, time, side="right") - 1
        low, high = self._edges[k : k + 2]

        def late(s):
            part = self._integral(np.array([low]), np.array([s]))[0]
            return self._times[k] + part - time

        return _root(late, low, high) if late(high) > 0 else high


def _square_loss(x, y, w):
    return x * (x @ w - y)


def _descents(kind, geometry, w0, x, y, eta):
    """Path and status of each method, cut where it has settled or left."""
    gradient = Partial(_square_loss, jnp.asarray(x), jnp.asarray(y))
    potential, start = geometry.potential, jnp.asarray(w0)
    settled = _SETTLED * abs(x @ w0 - y)

    def run(descend, *what, size=eta):
        try:
            path, whole = np.asarray(descend(*what, jnp.asarray(size), _MOST)), True
        except Diverged as gone:
            path, whole = np.asarray(gone.iterates), False
        far = np.flatnonzero(np.abs(path).max(1) > _FAR)
        done = np.flatnonzero(np.abs(path @ x - y) <= settled)
        if len(done) and not (len(far) and far[0] < done[0]):
            return path[: done[0] + 1], ENDED
        if len(far):
            return path[: far[0]], LEFT
        return path, MOVING if whole else LEFT

    nothing = np.zeros((0, 2)), NONE
    mirrored = kind != "single neuron"
    return {
        "mirror": run(mirror_descent, potential, gradient, start, size=eta * geometry.rate)
        if mirrored
        else nothing,
        "natural": run(natural_gradient_descent, geometry.metric, gradient, start),
        "parameters": run(gradient_descent, geometry.features, gradient, geometry.params(start))
        if geometry.features
        else nothing,
    }


def _level(geometry, w0, w1):
    """The level set of the Bregman divergence from the start on which the end lies."""
    potential = geometry.potential
    if isinstance(potential, PNorm | NeuronPotential):
        level = potential.bregman(w1, w0)
        angles = np.arange(4 * _QUARTER + 1) * np.pi / 2 / _QUARTER
        rays = np.stack([np.cos(angles), np.sin(angles)], 1)
        return np.asarray(_along_rays(potential, jnp.asarray(w0), level, jnp.asarray(rays)))
    shares = np.sin(np.arange(_QUARTER + 1) * np.pi / 2 / _QUARTER) ** 2
    level = sum(float(_one(potential, w1[i], w0[i])) for i in range(2))
    left, right = (
        np.asarray(_branches(potential, jnp.asarray(w0), level * shares, side)) for side in (-1, 1)
    )
    up, down = slice(None), slice(None, None, -1)
    corners = [(right, right, up), (left, right, down), (left, left, up), (right, left, down)]
    parts = [np.stack([a[0][way][::-1], b[1][way]], 1) for a, b, way in corners]
    return np.vstack([parts[0], *(part[1:] for part in parts[1:])])


def _one(potential, w, w0):
    return potential.bregman(jnp.atleast_1d(w), jnp.atleast_1d(w0))


@jax.jit
def _branches(potential, w0, levels, side):
    """For each coordinate and level, where its divergence from the start reaches the level."""
    positive = isinstance(potential, Entropy)

    def solve(start, level):
        def gap(t):
            w = start + side * t
            return _one(potential, jnp.where(positive, jnp.maximum(w, 0.0), w), start)

        w = start + side * _bisect(gap, level)
        return jnp.where(positive, jnp.maximum(w, 0.0), w)

    return jax.vmap(lambda start: jax.vmap(partial(solve, start))(levels))(w0)


@jax.jit
def _along_rays(potential, w0, level, rays):
    def solve(ray):
        return w0 + ray * _bisect(lambda t: potential.bregman(w0 + t * ray, w0), level)

    return jax.vmap(solve)(rays)


def _root(rising, low: float, high: float) -> float:
    """Where a rising function is zero."""
    return float(brentq(rising, low, high, xtol=1e-14))  # pyright: ignore[reportArgumentType]


def _bisect(rising, level):
    """Where a rising function of t >= 0, zero at zero, reaches the level, by halving."""

    def halve(_, bracket):
        low, high = bracket
        middle = (low + high) / 2
        small = rising(middle) < level
        return jnp.where(small, middle, low), jnp.where(small, high, middle)

    low, high = jax.lax.fori_loop(0, 60, halve, (jnp.asarray(0.0), jnp.asarray(2.0**14)))
    return jnp.where(level < 1e-14, 0.0, (low + high) / 2)


def _line(x, y, positive):
    """The solution line, with points close together where it crosses an axis."""
    q = np.arange(-_SAMPLES, _SAMPLES + 1) / _SAMPLES
    v = _SPAN * np.sign(q) * np.abs(q) ** 5
    points = np.vstack(
        [np.stack([v, (y - x[0] * v) / x[1]], 1), np.stack([(y - x[1] * v) / x[0], v], 1)]
    )
    inside = (np.abs(points).max(1) <= _SPAN) & ((points > 0).all(1) | (not positive))
    points = points[inside]
    return points[np.lexsort((points[:, 1], -points[:, 0]))]


def _forbidden(kind):
    """Corners of what is outside the domain."""
    near, far = (0, 0), _FAR
    corners = [near, (0, far), (-far, far), (-far, -far), (far, -far), (far, 0)]
    return np.array(corners if kind == "entropy" else [], float).reshape(-1, 2)


def _lattice(kind):
    """Where the metric is drawn: all over the picture, or in the domain."""
    side = _LATTICE[_LATTICE > 0] if kind == "entropy" else _LATTICE
    return [(a, b) for a in side for b in side]


def _ellipses(places, inverses):
    """Rows x, y, g11, g12, g22: balls of the metric, the largest of one radius."""
    widest = np.linalg.eigvalsh(inverses).max()
    metric = np.linalg.inv(inverses) * widest / _RADIUS**2
    return np.column_stack([places, metric[:, 0, 0], metric[:, 0, 1], metric[:, 1, 1]])
