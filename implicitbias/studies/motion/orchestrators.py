"""Knowing when one is done: chains of reaches, and what decides to go on to the next one.

An orchestrator looks at each moment and says "done" or not. The first time that it does, the next
target is given. It is right if the hand is there at that moment. A chain ends with the first
waypoint at which it is not, and that has exactly one cause:

========================  ========================  ========================
what it said              the hand had been there   it had never been there
========================  ========================  ========================
"done", and not there     lost to a slip            too early
never "done" in time      not noticed               out of time
========================  ========================  ========================
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from .arms import Arm
from .episodes import BUDGET, NEAR, poses, servo_paths, since_slip
from .estimators import Estimator, hand_inputs

OUTCOMES = ("done", "too early", "lost to a slip", "not noticed", "out of time")
"""How a waypoint can end; the first one is what is wanted."""


class Stage(NamedTuple):
    """One waypoint of many chains.

    - `angles` "chain time n": the path without slips.
    - `since` "chain time": the number of steps since the last slip, the index into the path.
    - `score` "chain time": what the orchestrator saw at each moment.
    - `stop` "chain": the moment at which it went on, or the last one.
    - `outcome` "chain": an index into `OUTCOMES`.
    """

    angles: Float[np.ndarray, "chain time n"]
    since: Int[np.ndarray, "chain time"]
    score: Float[np.ndarray, "chain time"]
    stop: Int[np.ndarray, " chain"]
    outcome: Int[np.ndarray, " chain"]


class Runs(NamedTuple):
    """Many chains.

    - `outcome` "chain": how they ended, an index into `OUTCOMES`.
    - `reached` "chain": how many waypoints were done one after another.
    - `stages`: the waypoints; those after the end of a chain mean nothing.
    """

    outcome: Int[np.ndarray, " chain"]
    reached: Int[np.ndarray, " chain"]
    stages: tuple[Stage, ...]

    @property
    def shares(self) -> Float[np.ndarray, " outcome"]:
        """The share of chains with each outcome."""
        return np.bincount(self.outcome, minlength=len(OUTCOMES)) / len(self.outcome)


Score = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From places of hands "chain time 2" on their paths and targets "chain 2" to scores."""


class Orchestrator(NamedTuple):
    """Says "done" when a score is above a threshold.

    - `score`: of the state; None for a timer, whose score is the number of steps.
    - `threshold`: above which it says so.
    """

    score: Score | None
    threshold: float


def timer(steps: int) -> Orchestrator:
    """Goes on after a number of steps, whatever has happened."""
    return Orchestrator(None, steps - 0.5)


def oracle() -> Orchestrator:
    """Knows when the hand is there."""

    def there(hands: np.ndarray, targets: np.ndarray) -> np.ndarray:
        return _near(hands, targets).astype(float)

    return Orchestrator(there, 0.5)


def detector(estimator: Estimator, threshold: float) -> Orchestrator:
    """Goes on when an estimator of hand and target is above a threshold."""

    def estimate(hands: np.ndarray, targets: np.ndarray) -> np.ndarray:
        return np.asarray(estimator(hand_inputs(hands, targets)))

    return Orchestrator(estimate, threshold)


def run_chains(
    arm: Arm,
    places: Float[np.ndarray, "chain place 2"],
    slips: Bool[np.ndarray, "chain waypoint step"],
    orchestrator: Orchestrator,
) -> Runs:
    """Chains of waypoints under slips.

    Args:
        arm: the arm; it begins with its hand at the first place of each chain.
        places: such as `waypoint_chains` draws.
        slips: whether the arm slips in each step that a waypoint may take.
        orchestrator: what decides to go on.

    Raises:
        ValueError: `slips` that do not fit the places.

    Example:
        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> import numpy as np
        >>> from implicitbias.studies import motion
        >>> places = motion.waypoint_chains(50, 5)
        >>> slips = np.random.default_rng(0).random((50, 5, motion.BUDGET)) < 0.08
        >>> arm = motion.planar_arm([0.5, 0.5])
        >>> runs = motion.run_chains(arm, places, slips, motion.oracle())
        >>> bool(runs.shares[0] > 0.9)
        True
    """
    count, waypoints = len(places), places.shape[1] - 1
    if slips.shape != (count, waypoints, BUDGET):
        raise ValueError(
            f"slips must have the shape {(count, waypoints, BUDGET)}, found {slips.shape}"
        )
    angles, stages = np.asarray(poses(arm, jnp.asarray(places[:, 0]))), []
    outcome, reached = np.zeros(count, int), np.zeros(count, int)
    for k in range(waypoints):
        stage = _stage(arm, angles, places[:, k + 1], slips[:, k], orchestrator)
        outcome = np.where(outcome > 0, outcome, stage.outcome)
        reached += outcome == 0
        angles = stage.angles[np.arange(count), stage.since[np.arange(count), stage.stop]]
        stages.append(stage)
    return Runs(outcome, reached, tuple(stages))


def _near(hands: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return np.linalg.norm(hands - targets[:, None], axis=-1) < NEAR


def _stage(arm: Arm, start, targets, slips, orchestrator: Orchestrator) -> Stage:
    path = servo_paths(arm, jnp.asarray(start), jnp.asarray(targets))
    hands, since = np.asarray(arm.hand(path)), since_slip(slips)
    there = np.take_along_axis(_near(hands, targets), since, axis=1)
    if orchestrator.score is None:
        score = np.broadcast_to(np.arange(since.shape[1]), since.shape).astype(float)
    else:
        score = np.take_along_axis(orchestrator.score(hands, targets), since, axis=1)
    says = score > orchestrator.threshold
    says[:, 0] = False  # it looks after each step
    moved = says.any(axis=1)
    stop = np.where(moved, says.argmax(axis=1), since.shape[1] - 1)
    until = np.arange(since.shape[1]) <= stop[:, None]
    been = (there & until).any(axis=1)
    at_last = there[np.arange(len(stop)), stop]
    outcome = np.select([moved & at_last, moved & ~been, moved, been], [0, 1, 2, 3], default=4)
    return Stage(np.asarray(path), since, score, stop, outcome)
