"""Arms that are drawn while they follow a motion: what the figures of motion transfer share."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.panels.plane import Extent, Linkage, Plane, Trail
from implicitbias.explore.time_axis import time_axis
from implicitbias.studies.motion import Arm

PIXEL = 4e-3
"""Of the pictures, in lengths of an arm."""


def motion_time(moments: int) -> Axis:
    """The axis along which arms move; the array ``"clock"`` says when."""
    return time_axis(moments, reads="clock", end="back home")


def clock(moments: int) -> Array:
    """The share of a motion that is over."""
    return Array(("time",), np.linspace(0, 1, moments))


def joints_of(arm: Arm, moved: np.ndarray) -> np.ndarray:
    """Where the joints are, "... moment joint xy", if angles move from home by "... n moment"."""
    return np.asarray(arm.joints(arm.home + np.moveaxis(moved, -2, -1)))


def arm_panel(title: str, note: str, x: Extent, y: Extent, names: tuple[tuple[str, str], ...]):
    """Arms, each an array and a label: where they should be, faint, and where they are.

    Of an arm ``a``, the arrays are ``a`` and ``a_target`` of joints, ``a_hand`` and ``a_goal``.
    """
    layers = []
    for name, label in names:
        layers += [
            Trail(f"{name}_goal", f"{label}: its target", "ink", dash="4 3"),
            Trail(f"{name}_hand", f"{label}: its hand", "run"),
            Linkage(f"{name}_target", f"{label}, on target", "ink", faint=True),
            Linkage(name, label, "run"),
        ]
    return Plane(title, note, x, y, tuple(layers))
