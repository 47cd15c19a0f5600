"""Arms that are drawn while they follow a motion: what the figures of motion transfer share."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.panels.plane import Linkage, Outline, Trail
from implicitbias.explore.time_axis import time_axis
from implicitbias.studies.motion import Arm, Robot

PIXEL = 3e-3
"""Of the pictures, in lengths of an arm."""


def motion_time(moments: int) -> Axis:
    """The axis along which arms move; the array ``"clock"`` says when."""
    return time_axis(moments, reads="clock", end="back home")


def clock(moments: int) -> Array:
    """The share of a motion that is over."""
    return Array(("time",), np.linspace(0, 1, moments))


def joints_of(arm: Robot, moved: np.ndarray) -> np.ndarray:
    """Where the joints are, "... moment joint xy", if angles move from home by "... n moment"."""
    assert isinstance(arm, Arm)
    return np.asarray(arm.joints(arm.home + np.moveaxis(moved, -2, -1)))


def with_joints(joints: np.ndarray, count: int) -> np.ndarray:
    """Joints "... joint xy" with the hand repeated, until there are so many."""
    rest = np.repeat(joints[..., -1:, :], count - joints.shape[-2], axis=-2)
    return np.concatenate([joints, rest], axis=-2)


def followed(name: str, label: str) -> tuple[Outline, Trail, Linkage, Linkage]:
    """An arm where it should be, faint, and where it is.

    The arrays are called `name` and ``name_target`` for the joints, ``name_hand`` for the hand and
    ``name_goal`` for the whole way that it should go.
    """
    wanted = f"{label}, as it should move"
    return (
        Outline(f"{name}_goal", wanted, "ink", dash="4 3"),
        Trail(f"{name}_hand", label, "run"),
        Linkage(f"{name}_target", wanted, "ink", faint=True),
        Linkage(name, label, "run"),
    )
