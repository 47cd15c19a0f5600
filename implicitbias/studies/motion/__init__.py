"""Robots in the plane: learning from another arm, thinking first, and knowing when one is done."""

from .arms import (
    Arm as Arm,
    joint_path as joint_path,
    planar_arm as planar_arm,
    random_motions as random_motions,
)
