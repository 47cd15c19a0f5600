"""Robots in the plane: learning from another arm, thinking first, and knowing when one is done."""

from .arms import (
    Arm as Arm,
    Robot as Robot,
    joint_path as joint_path,
    planar_arm as planar_arm,
    random_motions as random_motions,
)
from .bimanual import (
    TwoArms as TwoArms,
    two_arms as two_arms,
)
from .latent import (
    Coders as Coders,
    latent_completion as latent_completion,
    start_coders as start_coders,
)
from .physics import (
    Tracking as Tracking,
    robot_xml as robot_xml,
    track as track,
)
from .transfer import (
    Completion as Completion,
    TransferTask as TransferTask,
    arm_family as arm_family,
    deep_completion as deep_completion,
    graph_parts as graph_parts,
    linear_paths as linear_paths,
    noise_of_width as noise_of_width,
    random_transfer as random_transfer,
    seen_skills as seen_skills,
    share_there as share_there,
    shared_completion as shared_completion,
    tangent_completion as tangent_completion,
    transfer_task as transfer_task,
)
