r"""Robots with two arms, on a torso that may lean, whose hands move together.

The torso is a link from the hip up. Both shoulders sit at its top, and it may turn about the hip:
then its angle is the first of all, and it moves both hands.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from implicitbias import _check

from .arms import Arm, planar_arm

_UP = 1.3  # where the hands are at home, seen from the shoulders


class TwoArms(eqx.Module):
    """Two arms on a torso; `two_arms` makes one.

    - `left`, `right`: the arms, their bases where the shoulders are at home.
    - `leans`: whether the torso turns about the hip, which is at zero.
    """

    left: Arm
    right: Arm
    leans: bool = eqx.field(static=True)

    @property
    def home(self) -> Float[Array, " n"]:
        """The angles at rest, of the torso if it leans, then of the left and the right arm."""
        torso = jnp.zeros(int(self.leans))
        return jnp.concatenate([torso, self.left.home, self.right.home])

    @property
    def length(self) -> float:
        """Of its longer arm."""
        return max(self.left.length, self.right.length)

    def joints(
        self, angles: Float[Array, "... n"]
    ) -> tuple[Float[Array, "... l 2"], Float[Array, "... r 2"]]:
        """Where the joints of both arms are, each from its shoulder to its hand."""
        lean = angles[..., 0] if self.leans else jnp.zeros(angles.shape[:-1])
        arms = angles[..., int(self.leans) :]
        split = len(self.left.home)
        turn = jnp.stack([jnp.cos(lean), jnp.sin(lean), -jnp.sin(lean), jnp.cos(lean)], -1)
        turn = turn.reshape(*lean.shape, 2, 2)  # of rows: x' = x @ turn
        left, right = self.left.joints(arms[..., :split]), self.right.joints(arms[..., split:])
        return left @ turn, right @ turn

    def hand(self, angles: Float[Array, "... n"]) -> Float[Array, "... 4"]:
        """Where both hands are, the left one first."""
        left, right = self.joints(angles)
        return jnp.concatenate([left[..., -1, :], right[..., -1, :]], -1)

    def jacobian(self, angles: Float[Array, " n"]) -> Float[Array, "4 n"]:
        """How the hands move with each angle."""
        return jax.jacobian(self.hand)(angles)


def two_arms(
    left: ArrayLike,
    right: ArrayLike,
    *,
    torso: float = 0.5,
    shoulders: float = 0.4,
    reach: float = 0.65,
    leans: bool = True,
) -> TwoArms:
    """A robot with a torso and two arms whose hands are in front of it at home.

    Args:
        left: lengths of the links of the left arm, two or more.
        right: and of the right one. Elbows point outwards.
        torso: the height of the shoulders over the hip.
        shoulders: the distance between them.
        reach: of both hands at home, as a share of the arms' lengths.
        leans: whether the torso turns about the hip.

    Raises:
        ValueError: as for `planar_arm`, or a size that is not positive.

    Example:
        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> robot = two_arms([0.3, 0.3], [0.3, 0.3], shoulders=0.4)
        >>> len(robot.home)
        5
    """
    _check.positive("torso", torso)
    _check.positive("shoulders", shoulders)
    place = jnp.array([shoulders / 2, torso])
    first, second = (
        planar_arm(lengths, direction=_UP, reach=reach, base=place) for lengths in (left, right)
    )
    turned = -first.home.at[0].add(-jnp.pi)  # x becomes -x
    mirrored = Arm(first.lengths, turned, first.base * jnp.array([-1.0, 1.0]))
    return TwoArms(mirrored, second, leans)
