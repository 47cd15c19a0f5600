"""The explorable "motion-physics": a simulated robot with two arms and skills it never had."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.motion_drawn import PIXEL, clock, motion_time
from implicitbias.explore.motion_physics_data import (
    AMPLITUDES,
    DRAWN,
    HUMANOID,
    KINDS,
    PATHS,
    SEEDS,
    Held,
    Setting,
    read,
    task_of,
)
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.plane import Extent, Linkage, Outline, Plane, Trail
from implicitbias.studies.motion import TwoArms

_SIDES = ("left", "right")


def motion_physics(held: Mapping[Setting, Held] | None = None) -> Explorable:
    """A humanoid in the simulator, by skill and by where its joint paths come from.

    Args:
        held: what was simulated. By default the runs that come with the library, which
            ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"motion-physics"``.
    """
    return Explorable(figure(read() if held is None else held))


def figure(held: Mapping[Setting, Held]) -> Figure:
    """What the explorable shows of simulations."""
    task, drawn = task_of(DRAWN), held[DRAWN]
    robot = task.robots[HUMANOID]
    assert isinstance(robot, TwoArms)
    skills = np.flatnonzero(task.asked[HUMANOID])
    moments = task.motions.shape[1]
    angles = np.asarray(robot.home) + np.stack([drawn.drawn[path] for path in PATHS])
    arms = [np.asarray(joints) for joints in robot.joints(jnp.asarray(angles))]
    # The spine: from the hip to the middle of the shoulders.
    top = (arms[0][..., 0, :] + arms[1][..., 0, :]) / 2
    spine = np.stack([np.zeros_like(top), top], axis=-2)
    home = np.asarray(robot.hand(robot.home))
    goals = (home + task.motions[skills]).reshape(len(skills), moments, 2, 2)
    over = ("path", "skill", "time")
    arrays: dict[str, Array] = {
        "clock": clock(moments),
        "spine": Array(over, spine, inner=("joint", "xy"), step=PIXEL / 2),
        "now": Array(("path", "skill"), np.stack([drawn.humanoid[p] for p in PATHS]), step=1e-2),
    }
    for side, (name, joints) in enumerate(zip(_SIDES, arms, strict=True)):
        shoulder = np.broadcast_to(top[..., None, :], (*joints.shape[:-2], 1, 2))
        linked = np.concatenate([shoulder, joints], axis=-2)
        hand = joints[..., -1, :]
        arrays |= {
            name: Array(over, linked, inner=("joint", "xy"), step=PIXEL / 2),
            f"{name}_hand": Array(over, hand, inner=("xy",), step=PIXEL / 2),
            f"{name}_goal": Array(("skill",), goals[:, :, side], inner=("step", "xy"), step=1e-3),
        }
    for path in PATHS:
        for kind in KINDS:
            done = [
                np.mean([held[kind, amplitude, seed].done[path] for seed in SEEDS])
                for amplitude in AMPLITUDES
            ]
            name = f"{path}_{kind}".replace(" ", "_")
            arrays[name] = Array(("amplitude",), np.array(done), step=1e-3)
    return Figure(
        name="motion-physics",
        title="A simulated robot with two arms, in skills that it never had",
        axes=(
            Axis("path", "Joint paths", PATHS, kind="choice", start="small start"),
            Axis("skill", "Skill", tuple(range(1, len(skills) + 1)), kind="choice", start=1),
            Axis("amplitude", "Amplitude", AMPLITUDES, symbol="A", start=0.1),
            motion_time(moments),
        ),
        arrays=arrays,
        panels=(
            Plane(
                "In the simulator, at the amplitude 0.1",
                "Torso and two arms under gravity. Dashed: where the hands should go.",
                Extent("x", -0.75, 0.75),
                Extent("height", -0.1, 1.15),
                (
                    *(
                        Outline(f"{side}_goal", f"{side} hand, its target", "ink", dash="4 3")
                        for side in _SIDES
                    ),
                    *(Trail(f"{side}_hand", f"{side} hand", "run") for side in _SIDES),
                    Linkage("spine", "torso", "soft"),
                    *(Linkage(side, f"{side} arm", "run") for side in _SIDES),
                ),
            ),
            Curves(
                "Progress in the simulator, skills never shown",
                "Mean of five seeds.",
                axis="amplitude",
                lines=(
                    Line("own_arms", "one arm, own paths", "ink"),
                    Line("small_start_arms", "one arm, small start", "rich"),
                    Line("own_two_arms", "two arms, own paths", "ink", dashed=True),
                    Line("small_start_two_arms", "two arms, small start", "rich", dashed=True),
                    Line("large_start_two_arms", "two arms, large start", "kernel", dashed=True),
                ),
            ),
        ),
        reading=(
            "With joint paths of the kind “{path}”, both hands of the simulated humanoid are where "
            "they should be at {now} of the moments of skill {skill}. At amplitude {amplitude}, "
            "over all robots with two arms and five seeds: own paths {own_two_arms}, from a small "
            "start {small_start_two_arms}, from a large one {large_start_two_arms}; single arms "
            "{own_arms}, {small_start_arms} and {large_start_arms}. Drawn at {clock} of the way."
        ),
        presets=(
            Preset("Its own paths", {"path": "own", "skill": 1}),
            Preset("Transferred", {"path": "small start", "skill": 1}),
            Preset("From a large start", {"path": "large start", "skill": 1}),
        ),
        caption=(
            "MuJoCo models made from the same lengths, upright and under gravity, moved by "
            "computed torques of at most 100 N m that do not know the damping of the joints. The "
            "humanoid is drawn in four skills that it never had and two other robots had."
        ),
        alt=(
            "With joint paths from a small start the simulated humanoid's hands follow their "
            "targets almost as well as with its own; from a large start they wander off."
        ),
    )
