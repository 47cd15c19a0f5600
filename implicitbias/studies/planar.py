r"""Labelled distributions in the plane, their densities, and their risks by quadrature.

A density is a function :math:`p(r, \varphi)` of polar coordinates that does not change under
:math:`x\mapsto-x`. Points of a `LabelledPlane` come from two densities. Those of the first have the
label :math:`\operatorname{sign}(x_1)`; those of the second, the *flipped* ones, have the other.
With the labels absorbed in the points, :math:`z = yx`, a predictor :math:`w` is wrong where
:math:`\langle w, z\rangle < 0`. No risk here is sampled: integrals are sums over Gauss-Legendre
nodes, with panels that break where the density does and that shrink towards the axis at which the
labels change.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from jaxtyping import ArrayLike, Float

from .. import _check

LARGEST_TILT = 20.0
"""The largest second weight for which the nodes resolve where the loss bends."""

_NODES, _HALVINGS = 10, 12  # on each panel; how often panels are halved towards a centre
_QUARTER = np.pi / 2


class PlanarDensity(Protocol):
    r"""A density in the plane with :math:`p(-x) = p(x)`; its integral is `mass`, at most 1.

    Radii and angles may have any shapes that broadcast.
    """

    @property
    def mass(self) -> float:
        """The integral."""
        ...

    @property
    def breaks(self) -> tuple[float, ...]:
        """Radii between which the density is smooth; it vanishes beyond the last."""
        ...

    def __call__(self, radius: ArrayLike, angle: ArrayLike) -> np.ndarray:
        """Its value."""
        ...

    def edges(self, radius: np.ndarray) -> list[np.ndarray]:
        """Angles at which it has a jump or a corner, for radii "r": arrays of that shape."""
        ...

    def draw(self, random: np.random.Generator, n: int) -> np.ndarray:
        """Points of the law with this density over its mass, "n 2"."""
        ...


@dataclass(frozen=True)
class Disc:
    """The uniform density on the unit disc."""

    mass: float = 1.0

    def __post_init__(self):
        _check.not_negative("mass", self.mass)

    @property
    def breaks(self) -> tuple[float, ...]:
        return (1.0,)

    def __call__(self, radius: ArrayLike, angle: ArrayLike) -> np.ndarray:
        inside = np.asarray(radius) <= 1
        return self.mass / np.pi * inside * np.ones(np.shape(angle))

    def edges(self, radius: np.ndarray) -> list[np.ndarray]:
        return []

    def draw(self, random: np.random.Generator, n: int) -> np.ndarray:
        return _at(np.sqrt(random.random(n)), 2 * np.pi * random.random(n))


@dataclass(frozen=True)
class _Turned:
    """Density `height` for angles between two bounds, and opposite; each point is then turned
    about zero by an angle that is uniform in [-smoothing, smoothing]."""

    smoothing: float = 0.0

    def __post_init__(self):
        _check.not_negative("smoothing", self.smoothing)

    @property
    def height(self) -> float:
        return 1.0

    def bounds(self, radius: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def __call__(self, radius: ArrayLike, angle: ArrayLike) -> np.ndarray:
        radius, angle = np.broadcast_arrays(np.asarray(radius, float), np.asarray(angle, float))
        inside = (radius > 0) & (radius <= self.breaks[-1])
        low, high = self.bounds(np.where(inside, radius, self.breaks[-1]))
        angle = np.mod(angle, np.pi)
        d = self.smoothing
        share = np.zeros(angle.shape)
        for turn in (-np.pi, 0.0, np.pi):
            a, b = low + turn, high + turn
            if d:
                both = np.minimum(angle + d, b) - np.maximum(angle - d, a)
                share += np.maximum(both, 0) / (2 * d)
            else:
                share += (angle > a) & (angle <= b)
        return self.height * share * inside

    @property
    def breaks(self) -> tuple[float, ...]:
        raise NotImplementedError

    def edges(self, radius: np.ndarray) -> list[np.ndarray]:
        ends = [end + shift for end in self.bounds(radius) for shift in self._shifts]
        return [end + turn for end in ends for turn in (-np.pi, 0.0, np.pi)]

    @property
    def _shifts(self) -> tuple[float, ...]:
        return (-self.smoothing, self.smoothing) if self.smoothing else (0.0,)

    def _spread(self, random: np.random.Generator, points: np.ndarray) -> np.ndarray:
        """Points of one half, on either side with equal chances, and turned."""
        points = points * random.choice([-1.0, 1.0], (len(points), 1))
        turn = random.uniform(-self.smoothing, self.smoothing, len(points))
        x, y = points.T
        return np.stack(
            [np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y], 1
        )


@dataclass(frozen=True)
class Strip(_Turned):
    r"""Density 1 on :math:`[0,\omega]\times[0,1]` and opposite, turned by up to `smoothing`."""

    width: float = 0.1

    def __post_init__(self):
        super().__post_init__()
        _check.positive("width", self.width)

    @property
    def mass(self) -> float:
        return 2 * self.width

    @property
    def breaks(self) -> tuple[float, ...]:
        return (self.width, 1.0, float(np.hypot(1.0, self.width)))

    def bounds(self, radius: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        wide = np.arcsin(np.minimum(1, self.width / radius))
        narrow = np.arccos(np.minimum(1, 1 / radius))
        return _QUARTER - np.maximum(wide, narrow), _QUARTER - narrow

    def draw(self, random: np.random.Generator, n: int) -> np.ndarray:
        return self._spread(random, random.random((n, 2)) * [self.width, 1.0])


@dataclass(frozen=True)
class Squares(_Turned):
    r"""Density 1 on two squares around :math:`\pm(1,-1)/\sqrt2`, turned by up to `smoothing`."""

    edge: float = 0.1

    def __post_init__(self):
        super().__post_init__()
        if not 0 < self.edge < 1:
            raise ValueError(f"edge must lie in (0, 1), found {self.edge}")

    @property
    def mass(self) -> float:
        return 2 * self.edge**2

    @property
    def _sides(self) -> tuple[float, float]:
        return np.sqrt(0.5) - self.edge / 2, np.sqrt(0.5) + self.edge / 2

    @property
    def breaks(self) -> tuple[float, ...]:
        near, far = self._sides
        return (float(np.sqrt(2) * near), float(np.hypot(near, far)), float(np.sqrt(2) * far))

    def bounds(self, radius: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        near, far = (np.minimum(1, side / radius) for side in self._sides)
        low = np.minimum(np.arccos(near), np.arcsin(far))
        high = np.maximum(np.arccos(far), np.arcsin(near))
        return -np.maximum(low, high), -np.minimum(low, high)

    def __call__(self, radius: ArrayLike, angle: ArrayLike) -> np.ndarray:
        return super().__call__(radius, angle) * (np.asarray(radius) >= self.breaks[0])

    def draw(self, random: np.random.Generator, n: int) -> np.ndarray:
        centre = np.sqrt(0.5) * np.array([1.0, -1.0])
        return self._spread(random, centre + self.edge * (random.random((n, 2)) - 0.5))


@dataclass(frozen=True)
class Wedge(_Turned):
    """Density `height` on the part of the unit disc with angles between `low` and `high`, and
    opposite, turned by up to `smoothing`."""

    low: float = 0.0
    high: float = 1.0
    level: float = 0.1

    def __post_init__(self):
        super().__post_init__()
        _check.not_negative("level", self.level)
        if not self.low < self.high <= self.low + np.pi:
            raise ValueError(
                f"high must lie in (low, low + pi] = ({self.low}, {self.low + np.pi:.4g}], found "
                f"{self.high}"
            )

    @property
    def height(self) -> float:
        return self.level

    @property
    def mass(self) -> float:
        return self.level * (self.high - self.low)

    @property
    def breaks(self) -> tuple[float, ...]:
        return (1.0,)

    def bounds(self, radius: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.full(radius.shape, self.low), np.full(radius.shape, self.high)

    def draw(self, random: np.random.Generator, n: int) -> np.ndarray:
        angles = random.uniform(self.low, self.high, n)
        return self._spread(random, _at(np.sqrt(random.random(n)), angles))


@dataclass(frozen=True)
class Gaussians:
    """Equal parts of isotropic normal laws around `mean` and its opposite."""

    mean: tuple[float, float] = (0.0, 0.0)
    deviation: float = 1.0
    mass: float = 1.0

    def __post_init__(self):
        _check.positive("deviation", self.deviation)
        _check.not_negative("mass", self.mass)
        if not np.isfinite(self.mean).all():
            raise ValueError(f"mean must be finite, found {self.mean}")

    @property
    def breaks(self) -> tuple[float, ...]:
        far = float(np.hypot(*self.mean))
        steps = far + self.deviation * np.arange(-8.0, 9.0)
        return tuple(float(step) for step in steps if step > 0)

    def __call__(self, radius: ArrayLike, angle: ArrayLike) -> np.ndarray:
        x, y = np.asarray(radius) * np.cos(angle), np.asarray(radius) * np.sin(angle)
        variance = self.deviation**2
        squares = ((x - s * self.mean[0]) ** 2 + (y - s * self.mean[1]) ** 2 for s in (-1, 1))
        parts = sum(np.exp(-square / (2 * variance)) for square in squares)
        return self.mass / (4 * np.pi * variance) * np.asarray(parts)

    def edges(self, radius: np.ndarray) -> list[np.ndarray]:
        # Nothing breaks; where the law is far from zero it is narrow in the angle.
        far, centre = np.hypot(*self.mean), np.arctan2(self.mean[1], self.mean[0])
        if far < 4 * self.deviation:
            return []
        steps = np.array([-8.0, -4.0, 0.0, 4.0, 8.0]) * self.deviation / far
        return [np.full(radius.shape, centre + step + turn) for step in steps for turn in _TURNS]

    def draw(self, random: np.random.Generator, n: int) -> np.ndarray:
        centre = random.choice([-1.0, 1.0], (n, 1)) * np.asarray(self.mean)
        return centre + self.deviation * random.standard_normal((n, 2))


_TURNS = (-np.pi, 0.0, np.pi)


@dataclass(frozen=True)
class Together:
    """The sum of some densities."""

    parts: tuple[PlanarDensity, ...]

    @property
    def mass(self) -> float:
        return sum(part.mass for part in self.parts)

    @property
    def breaks(self) -> tuple[float, ...]:
        return tuple(sorted({radius for part in self.parts for radius in part.breaks}))

    def __call__(self, radius: ArrayLike, angle: ArrayLike) -> np.ndarray:
        return np.sum([part(radius, angle) for part in self.parts], axis=0)

    def edges(self, radius: np.ndarray) -> list[np.ndarray]:
        return [edge for part in self.parts for edge in part.edges(radius)]

    def draw(self, random: np.random.Generator, n: int) -> np.ndarray:
        shares = np.array([part.mass for part in self.parts]) / self.mass
        counts = random.multinomial(n, shares)
        drawn = [part.draw(random, k) for part, k in zip(self.parts, counts, strict=True)]
        return random.permutation(np.concatenate(drawn))


class RadialLipschitzness(NamedTuple):
    """What `radial_lipschitzness` measures.

    - `radii` "r", and `kappa` "r" there; infinite where the density jumps.
    - `integral` of kappa over the radii, by the trapezoidal rule.
    """

    radii: Float[np.ndarray, " r"]
    kappa: Float[np.ndarray, " r"]
    integral: float


def radial_lipschitzness(
    density: PlanarDensity, radii: Float[ArrayLike, " r"], *, angles: int = 4096
) -> RadialLipschitzness:
    r"""How fast a planar density changes with the angle,

    .. math:: \kappa(r) = \sup_{\varphi\ne\varphi'}
       \frac{|p(r,\varphi) - p(r,\varphi')|}{|\varphi-\varphi'|},

    the function in the condition of Ji, Ahn, Awasthi, Kale and Karp (2022, arXiv:2201.13419), who
    ask it of every planar projection. Measured as the largest slope between neighbours among so
    many equally spaced angles. Where four times as many make the slope more than twice as large,
    the density is taken to jump, and kappa to be infinite.

    **Arguments:** `density`; `radii` "r", positive and increasing; `angles`, at least 16. A slope
    that rises over less than :math:`2\pi` over four times their number cannot be told from a jump.

    **Raises:** `ValueError` for radii that are not positive and increasing, or too few angles.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import studies
    >>> wedge = studies.Wedge(smoothing=0.2, low=0.0, high=1.0, level=0.3)
    >>> measured = studies.radial_lipschitzness(wedge, [0.0001, 0.5, 1.0])
    >>> measured.kappa.round(6).tolist(), round(measured.integral, 3)
    ([0.75, 0.75, 0.75], 0.75)
    """
    found = np.asarray(_check.finite_array("radii", radii, 1))
    _check.positive("radii", found)
    if len(found) < 2 or np.any(np.diff(found) <= 0):
        raise ValueError(f"radii must be two or more, and increase, found {found}")
    _check.integer("angles", angles, least=16)

    def slopes(count: int) -> np.ndarray:
        grid = np.linspace(0, 2 * np.pi, count + 1)
        values = np.stack([density(radius, grid) for radius in found])
        return np.abs(np.diff(values, axis=1)).max(axis=1) * count / (2 * np.pi)

    coarse, fine = slopes(angles), slopes(4 * angles)
    kappa = np.where(fine > 2 * coarse + 1e-12, np.inf, fine)
    total = np.inf if np.isinf(kappa).any() else float(np.trapezoid(kappa, found))
    return RadialLipschitzness(found, kappa, total)


@dataclass(frozen=True)
class LabelledPlane:
    r"""A distribution of labelled points in the plane.

    **Fields:** `clean`, the density of points with the label :math:`\operatorname{sign}(x_1)`, and
    `flipped`, that of points with the other one. Their masses add up to 1.

    **Raises:** `ValueError` if they do not.
    """

    clean: PlanarDensity
    flipped: PlanarDensity

    def __post_init__(self):
        total = self.clean.mass + self.flipped.mass
        if not abs(total - 1) < 1e-9:
            raise ValueError(f"the masses of clean and flipped must add up to 1, found {total}")

    @property
    def opt(self) -> float:
        """The share of flipped points, which is what the first axis misses."""
        return self.flipped.mass

    @cached_property
    def nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Points "n 2" with labels absorbed and weights "n", with which integrals are sums."""
        parts = []
        for density, sign in ((self.clean, 1), (self.flipped, -1)):
            r, angle, weights = _rule(density, -_QUARTER, _QUARTER, _HALVINGS)
            parts.append((sign * _at(r, angle), 2 * weights))
        return np.concatenate([z for z, _ in parts]), np.concatenate([q for _, q in parts])

    def draw(self, n: int, *, d: int = 2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Points "n d" and their labels "n"; coordinates after the second are standard normal.

        Raises:
            ValueError: n below 1, d below 2 or a negative seed.
        """
        _check.integer("n", n)
        _check.integer("d", d, least=2)
        _check.integer("seed", seed, least=0)
        random = np.random.default_rng(seed)
        wrong = random.random(n) < self.opt
        X = np.empty((n, d))
        X[~wrong, :2] = self.clean.draw(random, int((~wrong).sum()))
        X[wrong, :2] = self.flipped.draw(random, int(wrong.sum()))
        X[:, 2:] = random.standard_normal((n, d - 2))
        return X, np.where(X[:, 0] > 0, 1.0, -1.0) * np.where(wrong, -1.0, 1.0)


class LogisticRisk(NamedTuple):
    """Value, gradient "2" and second derivatives "2 2" of the logistic risk."""

    value: float
    gradient: Float[np.ndarray, " 2"]
    hessian: Float[np.ndarray, "2 2"]


def logistic_risk(plane: LabelledPlane, weights: Float[ArrayLike, " 2"]) -> LogisticRisk:
    r"""The logistic risk of the population, :math:`\mathbb E\log(1+e^{-y\langle w,x\rangle})`.

    By quadrature in double precision; no exponential overflows.

    **Arguments:** `plane`; `weights` "2", the second at most 20 in size: beyond, the loss bends
    over less than the nodes resolve.

    **Raises:** `ValueError` for weights that are not finite, or beyond that.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import studies
    >>> plane = studies.lower_bound_distribution(1e-3)
    >>> risk = studies.logistic_risk(plane, [0.0, 0.0])
    >>> round(risk.value, 6), round(studies.logistic_risk(plane, [45.0, 1.2]).value, 4)
    (0.693147, 0.0725)
    """
    w = _weights(weights)
    if abs(w[1]) > LARGEST_TILT:
        raise ValueError(
            f"weights must have a second entry of at most {LARGEST_TILT:g}, found {w[1]:g}: "
            "the quadrature is made for predictors close to the first axis"
        )
    return node_risk(*plane.nodes, w)


def node_risk(points: np.ndarray, shares: np.ndarray, w: np.ndarray) -> LogisticRisk:
    """The logistic risk of points "n 2", labels absorbed, with shares "n"."""
    margins = points @ w
    small = np.exp(-np.abs(margins))  # never overflows; all three follow from it
    wrong = np.where(margins > 0, small, 1.0) / (1 + small)
    bend = shares * small / (1 + small) ** 2
    return LogisticRisk(
        float(shares @ (np.log1p(small) + np.maximum(-margins, 0))),
        -(shares * wrong) @ points,
        (points * bend[:, None]).T @ points,
    )


class Missed(NamedTuple):
    r"""What a predictor gets wrong: the `share` of points, and their `total`
    :math:`\mathbb E[yx;\, y\langle w,x\rangle<0]`, "2"."""

    share: float
    total: Float[np.ndarray, " 2"]


def missed(plane: LabelledPlane, weights: Float[ArrayLike, " 2"]) -> Missed:
    """What a predictor gets wrong; integrals over sectors, exact to rounding for most densities.

    **Arguments:** `plane`; `weights` "2", not zero. Only their direction counts.

    **Raises:** `ValueError` for weights that are not finite or are zero.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import studies
    >>> plane = studies.lower_bound_distribution(1e-3)
    >>> round(studies.missed(plane, [1.0, 0.0]).share, 9)
    0.001
    """
    w = _weights(weights)
    if not w.any():
        raise ValueError("weights must not be zero: they have no direction")
    angle = np.arctan2(w[1], w[0])
    # Within the right half-plane, x is on the side of w between these two.
    low, high = np.clip([angle - _QUARTER, angle + _QUARTER], -_QUARTER, _QUARTER)
    share, total = 0.0, np.zeros(2)
    for density, sign, start, end in (
        (plane.clean, 1, -_QUARTER, low),
        (plane.clean, 1, high, _QUARTER),
        (plane.flipped, -1, low, high),
    ):
        if start < end:
            r, phi, shares = _rule(density, start, end, 0)
            share += 2 * float(shares.sum())
            total += 2 * sign * shares @ _at(r, phi)
    return Missed(share, total)


def _at(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)


def _weights(value: ArrayLike) -> np.ndarray:
    w = np.asarray(_check.finite_array("weights", value, 1))
    if w.shape != (2,):
        raise ValueError(f"weights must have the shape (2,), found {w.shape}")
    return w


_GAUSS = np.polynomial.legendre.leggauss(_NODES)


def panels(ends: np.ndarray, *, root: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights "... k" on the panels between increasing ends "... p".

    With `root` they integrate a square root at the left end of a panel.
    """
    nodes, weights = (_GAUSS[0] + 1) / 2, _GAUSS[1] / 2
    if root:
        nodes, weights = nodes**2, 2 * nodes * weights
    length = np.diff(ends, axis=-1)[..., None]
    x = ends[..., :-1, None] + length * nodes
    shape = (*ends.shape[:-1], -1)
    return x.reshape(shape), (length * weights).reshape(shape)


def _rule(
    density: PlanarDensity, start: float, end: float, halvings: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Radii, angles and weights, all "n", that integrate the density between two angles.

    Panels halve so often towards both angles, and towards the radius zero.
    """
    breaks = np.array(density.breaks)
    # From the first break outwards at most as wide as far from it: corners of edges lie there.
    inner = breaks[-1] * 0.5 ** np.arange(1, _HALVINGS)
    beyond = breaks[0] * (1 + 0.25 ** np.arange(4.0))
    ends = np.unique(np.concatenate([[0.0], inner, beyond[beyond < breaks[-1]], breaks]))
    radii, lengths = panels(ends, root=True)
    steps = (end - start) / 2 * 0.5 ** np.arange(halvings + 1)
    fixed = np.concatenate([[start, end], start + steps, end - steps])
    edges = [np.clip(edge, start, end) for edge in density.edges(radii)]
    ends = np.sort(np.stack([*(np.full(radii.shape, x) for x in fixed), *edges], axis=1), axis=1)
    angles, widths = panels(ends)
    radii = np.broadcast_to(radii[:, None], angles.shape)
    weights = density(radii, angles) * radii * widths * lengths[:, None]
    kept = weights > 0
    return radii[kept], angles[kept], weights[kept]
