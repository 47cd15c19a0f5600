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
from .episodes import (
    APART as APART,
    BUDGET as BUDGET,
    CENTRE as CENTRE,
    GAIN as GAIN,
    NEAR as NEAR,
    RADIUS as RADIUS,
    Demonstrations as Demonstrations,
    arrival_law as arrival_law,
    demonstrate as demonstrate,
    poses as poses,
    servo_paths as servo_paths,
    since_slip as since_slip,
    timer_success as timer_success,
    waypoint_chains as waypoint_chains,
)
from .estimators import (
    DONE as DONE,
    Estimator as Estimator,
    conformal_threshold as conformal_threshold,
    fit_estimator as fit_estimator,
    hand_inputs as hand_inputs,
    learn as learn,
    margins as margins,
    progress_labels as progress_labels,
    success_labels as success_labels,
    value_order as value_order,
)
from .instructions import (
    dihedral_group as dihedral_group,
    draw_instructions as draw_instructions,
    every_instruction as every_instruction,
    partial_products as partial_products,
    refreshed_share as refreshed_share,
    seen_share as seen_share,
    unseen_steps as unseen_steps,
    walk as walk,
)
from .kernels import (
    explained_bound as explained_bound,
    explained_share as explained_share,
    kernel_answers as kernel_answers,
    kernel_plans as kernel_plans,
    relu_tangent_kernel as relu_tangent_kernel,
)
from .latent import (
    Coders as Coders,
    latent_completion as latent_completion,
    start_coders as start_coders,
)
from .orchestrators import (
    OUTCOMES as OUTCOMES,
    Orchestrator as Orchestrator,
    Runs as Runs,
    Stage as Stage,
    detector as detector,
    oracle as oracle,
    run_chains as run_chains,
    timer as timer,
)
from .physics import (
    Tracking as Tracking,
    robot_xml as robot_xml,
    track as track,
)
from .plans import (
    BLANK as BLANK,
    Lesson as Lesson,
    Planners as Planners,
    random_replacements as random_replacements,
    right_share as right_share,
    train_planners as train_planners,
    write_plans as write_plans,
)
from .thoughts import speak as speak, train_speakers as train_speakers
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
