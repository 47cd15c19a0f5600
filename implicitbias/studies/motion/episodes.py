r"""Reaching one place after another, with slips.

A servo moves the hand to a target :math:`w` by small steps along the pseudo-inverse of the
Jacobian,

.. math:: q\leftarrow q+\eta\,J(q)^+\,(w-p(q)),

so that its distance shrinks by about :math:`1-\eta` a step. At each step the arm slips with
probability p: then it is back in the pose from which it set out, instead. Where it is depends on
the number of steps since the last slip only.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Bool, Float, Int

from implicitbias import _check

from .arms import Arm

CENTRE, RADIUS, APART = (0.6, 0.0), 0.25, 0.2
"""Of the disc in which waypoints lie, and how far the next one is at least."""

NEAR, GAIN, BUDGET = 0.05, 0.3, 24
"""What counts as being there; the servo's gain; the steps that a waypoint may take."""

_WAY = 12  # points on the way from home to where an arm is put


class Demonstrations(NamedTuple):
    """Reaches without slips.

    - `angles` "reach time n": of the joints, from the start on.
    - `hands` "reach time 2": where the hand is.
    - `targets` "reach 2": where it is to be.
    - `arrival` "reach": the first moment at which it is there.
    """

    angles: Float[np.ndarray, "reach time n"]
    hands: Float[np.ndarray, "reach time 2"]
    targets: Float[np.ndarray, "reach 2"]
    arrival: Int[np.ndarray, " reach"]

    @property
    def distance(self) -> Float[np.ndarray, "reach time"]:
        """From the hand to its target."""
        return np.linalg.norm(self.hands - self.targets[:, None], axis=-1)


def waypoint_chains(
    count: int, length: int, *, seed: int = 0
) -> Float[np.ndarray, "count place 2"]:
    """Chains of places to be reached one after another, beginning with where the arm starts.

    The places lie in a disc, each at some distance from the one before. A chain begins with a pair
    that is uniform among the allowed ones, and goes on with places that are uniform among those
    allowed after the last. This walk is reversible, so that *every* pair of successive places is
    uniform among the allowed pairs.

    Args:
        count: of chains.
        length: how many places are to be reached in each.
        seed: of the draws.

    Raises:
        ValueError: a count or a length that is not positive.

    Example:
        >>> import implicitbias as ib
        >>> ib.studies.motion.waypoint_chains(100, 5).shape
        (100, 6, 2)
    """
    _check.integer("count", count)
    _check.integer("length", length)
    random = np.random.default_rng(seed)

    def disc(n: int) -> np.ndarray:
        radius, angle = RADIUS * random.random(n) ** 0.5, 2 * np.pi * random.random(n)
        return CENTRE + np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1)

    places = np.stack([disc(count), disc(count)], 1)
    while (close := _too_close(places[:, 0], places[:, 1])).any():
        places[close] = np.stack([disc(close.sum()), disc(close.sum())], 1)
    for _ in range(length - 1):
        following = disc(count)
        while (close := _too_close(places[:, -1], following)).any():
            following[close] = disc(close.sum())
        places = np.concatenate([places, following[:, None]], axis=1)
    return places


def _too_close(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.linalg.norm(some - others, axis=-1) < APART


@eqx.filter_jit
def poses(arm: Arm, places: Float[Array, "count 2"]) -> Float[Array, "count n"]:
    """Joint angles with the hand at each of some places, found on the straight way from home."""
    home = arm.hand(arm.home)

    def put(place: Array) -> Array:
        def newton(angles: Array, share: Array) -> tuple[Array, None]:
            for _ in range(3):
                angles = angles + _towards(arm, angles, home + share * (place - home))
            return angles, None

        return jax.lax.scan(newton, arm.home, jnp.linspace(0, 1, _WAY))[0]

    return jax.vmap(put)(places)


@eqx.filter_jit
def servo_paths(
    arm: Arm, angles: Float[Array, "count n"], targets: Float[Array, "count 2"], steps: int = BUDGET
) -> Float[Array, "count time n"]:
    """Joint angles on the way to targets, without slips, from the start to after the last step."""

    def path(start: Array, target: Array) -> Array:
        def step(angles: Array, _) -> tuple[Array, Array]:
            angles = angles + GAIN * _towards(arm, angles, target)
            return angles, angles

        return jnp.concatenate([start[None], jax.lax.scan(step, start, length=steps)[1]])

    return jax.vmap(path)(angles, targets)


def _towards(arm: Arm, angles: Array, target: Array) -> Array:
    """The least change of angles that moves the hand to a target, to first order."""
    jacobian = arm.jacobian(angles)
    return jacobian.T @ jnp.linalg.solve(jacobian @ jacobian.T, target - arm.hand(angles))


def demonstrate(arm: Arm, count: int, *, seed: int = 0) -> Demonstrations:
    """Reaches of one arm, from one place to another, without slips.

    Raises:
        ValueError: a count that is not positive.

    Example:
        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> import implicitbias as ib
        >>> arm = ib.studies.motion.planar_arm([0.5, 0.5])
        >>> shown = ib.studies.motion.demonstrate(arm, 20)
        >>> int(shown.arrival.min()) > 2, bool((shown.distance[:, -1] < 1e-3).all())
        (True, True)
    """
    pairs = waypoint_chains(count, 1, seed=seed)
    angles = servo_paths(arm, poses(arm, jnp.asarray(pairs[:, 0])), jnp.asarray(pairs[:, 1]))
    hands = np.asarray(arm.hand(angles))
    near = np.linalg.norm(hands - pairs[:, None, 1], axis=-1) < NEAR
    return Demonstrations(np.asarray(angles), hands, pairs[:, 1], near.argmax(axis=1))


def since_slip(slips: Bool[np.ndarray, "... step"]) -> Int[np.ndarray, "... time"]:
    """How many steps ago the last slip was, or the start, before the first step and after each.

    Example:
        >>> import numpy as np
        >>> import implicitbias as ib
        >>> ib.studies.motion.since_slip(np.array([False, False, True, False]))
        array([0, 1, 2, 0, 1])
    """
    moments = np.arange(1, slips.shape[-1] + 1)
    last = np.maximum.accumulate(np.where(slips, moments, 0), axis=-1)
    started = np.zeros((*slips.shape[:-1], 1), int)
    return np.concatenate([started, moments - last], axis=-1)


def timer_success(probability: ArrayLike, needed: ArrayLike, steps: ArrayLike) -> np.ndarray:
    r"""The probability that the arm is at its target after a number of steps T.

    It is iff the last m steps were without a slip, m being the steps that it needs:
    :math:`(1-p)^m` for :math:`T\ge m`, and 0 before.

    Args:
        probability: p, of a slip at each step.
        needed: m, the steps that it takes without slips.
        steps: T.

    Example:
        >>> import implicitbias as ib
        >>> ib.studies.motion.timer_success(0.1, 6, [5, 6, 100]).round(3)
        array([0.   , 0.531, 0.531])
    """
    enough = np.asarray(steps) >= np.asarray(needed)
    return np.where(enough, (1 - np.asarray(probability)) ** np.asarray(needed), 0.0)


def arrival_law(probability: float, needed: int, steps: int) -> Float[np.ndarray, " time"]:
    r"""The probability that the arm has been at its target by each moment from 0 to `steps`.

    It has when some m successive steps were without a slip. With :math:`F_t` this probability,

    .. math:: F_m=(1-p)^m,\qquad F_t-F_{t-1}=p\,(1-p)^m\,(1-F_{t-m-1})\quad(t>m).

    The mean of the first such moment is :math:`((1-p)^{-m}-1)/p`.

    Raises:
        ValueError: `needed` or `steps` not positive, or a probability outside of [0, 1].

    Example:
        >>> import implicitbias as ib
        >>> ib.studies.motion.arrival_law(0.1, 6, 60)[[5, 6, 12]].round(3)
        array([0.   , 0.531, 0.85 ])
    """
    _check.integer("needed", needed)
    _check.integer("steps", steps)
    if not 0 <= probability <= 1:
        raise ValueError(f"probability must lie between 0 and 1, found {probability}")
    free = (1 - probability) ** needed
    law = np.zeros(steps + 1)
    for t in range(needed, steps + 1):
        before = 1 - law[t - needed - 1] if t > needed else 1.0
        law[t] = law[t - 1] + free * (probability * before if t > needed else 1.0)
    return law
