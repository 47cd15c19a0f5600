r"""Planar arms: where their joints are, and which joint angles take the hand along a path.

An arm has links of lengths :math:`l_1,\dots,l_n` and angles :math:`q_1,\dots,q_n`, each relative to
the link before. Link k points into the direction :math:`\theta_k=q_1+\dots+q_k`, and the hand is at

.. math:: p(q) = p_0 + \sum_{k=1}^n l_k\,(\cos\theta_k,\ \sin\theta_k).
"""

from typing import Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float
from scipy.optimize import brentq

from implicitbias import _check

_ROUNDS = 4  # of Newton's method for a waypoint; it starts at the one before


class Robot(Protocol):
    """What has joints and one hand or two: `Arm` and `TwoArms`.

    - `home` "n": joint angles at rest, in radians.
    - `length`: of its arm, or of its longer one.
    """

    @property
    def home(self) -> Float[Array, " n"]: ...

    @property
    def length(self) -> float: ...

    def hand(self, angles: Float[Array, "... n"]) -> Float[Array, "... k"]:
        """Where its hands are, two coordinates each."""
        ...

    def jacobian(self, angles: Float[Array, " n"]) -> Float[Array, "k n"]:
        """How they move with each angle."""
        ...


class Arm(eqx.Module):
    """An arm in the plane; `planar_arm` makes one with a home at which it is bent evenly.

    - `lengths` "n": of its links.
    - `home` "n": joint angles at rest, in radians.
    - `base` "2": where the first joint is.
    """

    lengths: Float[Array, " n"]
    home: Float[Array, " n"]
    base: Float[Array, "2"]

    @property
    def length(self) -> float:
        """Of all links together."""
        return float(self.lengths.sum())

    def joints(self, angles: Float[Array, "... n"]) -> Float[Array, "... n+1 2"]:
        """Where the joints are, from the base to the hand."""
        direction = jnp.cumsum(angles, axis=-1)
        links = self.lengths[:, None] * jnp.stack([jnp.cos(direction), jnp.sin(direction)], -1)
        start = jnp.broadcast_to(self.base, (*links.shape[:-2], 1, 2))
        return jnp.cumsum(jnp.concatenate([start, links], axis=-2), axis=-2)

    def hand(self, angles: Float[Array, "... n"]) -> Float[Array, "... 2"]:
        """Where the hand is."""
        return self.joints(angles)[..., -1, :]

    def jacobian(self, angles: Float[Array, "... n"]) -> Float[Array, "... 2 n"]:
        """How the hand moves with each angle: a quarter turn of its way from that joint."""
        joints = self.joints(angles)
        arms = joints[..., -1:, :] - joints[..., :-1, :]
        return jnp.stack([-arms[..., 1], arms[..., 0]], axis=-2)


def planar_arm(
    lengths: ArrayLike,
    *,
    direction: float = 0.0,
    reach: float = 0.6,
    base: ArrayLike | tuple[float, float] = (0.0, 0.0),
) -> Arm:
    """An arm whose home bends all joints but the first by one angle.

    Args:
        lengths: of its links, "n" with n >= 2.
        direction: of the hand at home, seen from the base, in radians.
        reach: its distance there, as a share of the arm's whole length, between 0 and 1.
        base: where the first joint is.

    Raises:
        ValueError: fewer than two links, a length that is not positive, or a `reach` outside of
            (0, 1).

    Example:
        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> import implicitbias as ib
        >>> arm = ib.studies.motion.planar_arm([0.5, 0.5], reach=0.6)
        >>> print(arm.hand(arm.home).round(6) + 0.0)
        [0.6 0. ]
    """
    links = _check.finite_array("lengths", lengths, 1)
    _check.positive("lengths", links)
    if len(links) < 2:
        raise ValueError(f"lengths must be those of two links at least, found {lengths}")
    if not 0 < reach < 1:
        raise ValueError(f"reach must lie between 0 and 1, found {reach}")
    held, numbers = np.asarray(links), np.arange(len(links))

    def hand(bend: float) -> complex:
        return complex(held @ np.exp(1j * bend * numbers)) / held.sum()

    # The smallest bend: the arm does not cross itself. With it, the distance has fallen so far.
    bends = np.linspace(0, np.pi, 1000)
    found = int(np.argmax([abs(hand(bend)) < reach for bend in bends]))
    around = bends[found - 1], bends[found]
    bend = float(np.asarray(brentq(lambda bend: abs(hand(bend)) - reach, *around)))
    home = np.full(len(held), bend)
    home[0] = direction - np.angle(hand(bend))
    return Arm(links, jnp.asarray(home), _check.finite_array("base", np.asarray(base, float), 1))


def joint_path(robot: Robot, path: ArrayLike) -> Float[Array, "*b time n"]:
    r"""Joint angles that take the hand, or two, along a path, beginning at home.

    From one waypoint to the next by Newton's method with the pseudo-inverse,
    :math:`q\leftarrow q+J(q)^+(x-p(q))`: of all ways to get there, the one that moves the joints
    least, to first order.

    Args:
        robot: an `Arm`, or another robot.
        path: places of the hand, "time 2", or of two hands, "time 4". The first one should be near
            the hand's home. Several paths, "path time 2", all begin at home.

    Raises:
        ValueError: a waypoint that is not met to one part in a million of the arm's length, since
            it is out of reach or too far from the one before; or places of too few hands.

    Example:
        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> import implicitbias as ib
        >>> arm = ib.studies.motion.planar_arm([0.4, 0.3, 0.3])
        >>> path = arm.hand(arm.home) + jax.numpy.linspace(0, 0.1, 5)[:, None]
        >>> angles = ib.studies.motion.joint_path(arm, path)
        >>> bool(abs(arm.hand(angles) - path).max() < 1e-9)
        True
    """
    places = _check.finite_array("path", path, max(2, min(np.ndim(path), 3)))
    wanted = robot.hand(robot.home).shape[0]
    if places.shape[-1] != wanted:
        raise ValueError(
            f"path must hold {wanted} coordinates a moment, two a hand, found shape {places.shape}"
        )
    angles = _follow(robot, places.reshape(-1, *places.shape[-2:]))
    angles = angles.reshape(*places.shape[:-1], -1)
    missed = np.linalg.norm(robot.hand(angles) - places, axis=-1).ravel()
    worst = int(np.argmax(missed)) if np.isfinite(missed).all() else int(np.isnan(missed).argmax())
    if not missed[worst] < 1e-6 * robot.length:
        raise ValueError(
            f"path must stay within reach of the arm, found waypoint {worst % places.shape[-2]} at "
            f"{np.asarray(places.reshape(-1, wanted)[worst])}, missed by {missed[worst]:.2g}"
        )
    return angles


@eqx.filter_jit
def _follow(robot: Robot, places: Float[Array, "path time k"]) -> Float[Array, "path time n"]:
    def newton(place):
        def once(_, angles):
            return angles + jnp.linalg.pinv(robot.jacobian(angles)) @ (place - robot.hand(angles))

        return once

    def onward(angles, place):
        angles = jax.lax.fori_loop(0, _ROUNDS, newton(place), angles)
        return angles, angles

    return jax.vmap(lambda path: jax.lax.scan(onward, robot.home, path)[1])(places)


def random_motions(
    count: int, *, steps: int = 25, amplitude: float = 0.1, harmonics: int = 3, seed: int = 0
) -> Float[np.ndarray, "count time 2"]:
    r"""Skills as motions of a hand: smooth closed random curves that begin and end at zero.

    .. math:: x(t) = c\sum_{h=1}^H \tfrac1h\,
        \bigl(a_h(\cos 2\pi ht-1) + b_h\sin 2\pi ht\bigr),\qquad a_h, b_h\sim N(0, I_2),

    with `steps` moments from 0 to 1, and c such that the farthest point is at the distance
    `amplitude`.

    Raises:
        ValueError: a count that is not positive, or `amplitude` not positive.

    Example:
        >>> import numpy as np
        >>> import implicitbias as ib
        >>> curves = ib.studies.motion.random_motions(4, amplitude=0.1)
        >>> curves.shape, float(np.linalg.norm(curves, axis=2).max().round(6))
        ((4, 25, 2), 0.1)
    """
    _check.integer("count", count)
    _check.integer("steps", steps, least=2)
    _check.integer("harmonics", harmonics)
    _check.positive("amplitude", amplitude)
    turns = 2 * np.pi * np.outer(np.linspace(0, 1, steps), np.arange(1, harmonics + 1))
    waves = np.stack([np.cos(turns) - 1, np.sin(turns)], -1) / np.arange(1, harmonics + 1)[:, None]
    weights = np.random.default_rng(seed).standard_normal((count, harmonics, 2, 2))
    curves = np.einsum("thw,shwx->stx", waves, weights)
    farthest = np.linalg.norm(curves, axis=2).max(axis=1)
    return amplitude * curves / farthest[:, None, None]
