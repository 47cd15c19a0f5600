"""The explorable "motion-transfer": arms that perform skills which only other arms were shown."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.motion_drawn import (
    PIXEL,
    clock,
    followed,
    joints_of,
    motion_time,
    with_joints,
)
from implicitbias.explore.motion_transfer_data import (
    AMPLITUDES,
    ARMS,
    DEPTHS,
    DRAWN,
    MISSING,
    SCALES,
    SEEDS,
    Held,
    Setting,
    drawn_skill,
    read,
    task_of,
)
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.plane import Extent, Linkage, Outline, Plane
from implicitbias.explore.scale_axis import scale_axis
from implicitbias.explore.text import Clause
from implicitbias.studies.motion import graph_parts, seen_skills
from implicitbias.studies.motion.transfer import SKILLS

_TASK = ("arms", "missing", "amplitude")
_OVER = (*_TASK, "depth", "scale")
_ASIDE = -1.15  # where the arm stands that has the skill


def motion_transfer(held: Mapping[Setting, Held] | None = None) -> Explorable:
    """Skills that arms never had, by depth, scale, amplitude, number of arms and missing skills.

    Args:
        held: what was trained. By default the runs that come with the library, which
            ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"motion-transfer"``.
    """
    return Explorable(figure(read() if held is None else held))


def each_task(of_task: Callable[[int, int, float], object]) -> np.ndarray:
    """What is true of all numbers of arms, of missing skills and amplitudes."""
    return np.array([[[of_task(n, m, a) for a in AMPLITUDES] for m in MISSING] for n in ARMS])


def _split(arms: int, missing: int) -> int:
    """In how many seeds the arms are in several parts of the graph of arms and skills."""
    seen = [seen_skills(arms, SKILLS, missing, seed=seed) for seed in SEEDS]
    return sum(len(set(graph_parts(each)[1][:arms])) > 1 for each in seen)


def figure(held: Mapping[Setting, Held]) -> Figure:
    """What the explorable shows of runs."""

    def seeds(setting: tuple[int, int, float]) -> list[Held]:
        return [held[(*setting, seed)] for seed in SEEDS]

    def of_runs(name: str, over_seeds: Callable = np.mean) -> np.ndarray:
        return each_task(
            lambda *task: [
                [
                    over_seeds([getattr(one.runs[depth, scale], name) for one in seeds(task)])
                    for scale in SCALES
                ]
                for depth in DEPTHS
            ]
        )

    def along(name: str) -> Array:
        means = each_task(lambda *task: np.mean([getattr(one, name) for one in seeds(task)]))
        shown = np.repeat(means[..., None], len(SCALES), axis=-1)
        return Array((*_TASK, "scale"), shown, step=1e-3)

    tasks = {(n, m, a): task_of((n, m, a, 0)) for n in ARMS for m in MISSING for a in AMPLITUDES}
    moments = tasks[ARMS[0], MISSING[0], AMPLITUDES[0]].motions.shape[1]
    arrays: dict[str, Array] = {
        "clock": clock(moments),
        "progress": Array(_OVER, of_runs("progress"), step=1e-3),
        "spread": Array(_OVER, of_runs("progress", partial(np.std, ddof=1)), step=1e-3),
        "error": Array(_OVER, of_runs("error"), step=5e-3, log=True),
        "rank": Array(_OVER, of_runs("rank"), step=1e-2),
        "at_home": Array((*_TASK, "scale"), np.ones((*each_task(lambda *_: 1).shape, len(SCALES)))),
        "split": Array(
            ("arms", "missing"), np.array([[_split(n, m) for m in MISSING] for n in ARMS]), step=1
        ),
        **{name: along(name) for name in ("home", "linear", "shared")},
    }

    def target(*task) -> np.ndarray:
        one, skill = tasks[task], drawn_skill(tasks[task])
        return joints_of(one.robots[DRAWN], one.displacements[one.owner == DRAWN, skill])

    def teacher(*task) -> np.ndarray:
        one, skill = tasks[task], drawn_skill(tasks[task])
        arm = int(np.argmax(one.seen[:, skill]))
        joints = joints_of(one.robots[arm], one.displacements[one.owner == arm, skill])
        return with_joints(joints + [_ASIDE, 0.0], most)

    def moved(*task) -> np.ndarray:
        found = held[(*task, SEEDS[0])].drawn
        angles = [[found[depth, scale] for scale in SCALES] for depth in DEPTHS]
        return joints_of(tasks[task].robots[DRAWN], np.array(angles))

    most = 1 + max(len(robot.home) for task in tasks.values() for robot in task.robots)
    goal, done, shown = each_task(target), each_task(moved), each_task(teacher)
    joints = ("joint", "xy")
    arrays |= {
        "arm": Array((*_OVER, "time"), done, inner=joints, step=PIXEL),
        "arm_hand": Array((*_OVER, "time"), done[..., -1, :], inner=("xy",), step=PIXEL),
        "arm_target": Array((*_TASK, "time"), goal, inner=joints, step=PIXEL),
        "arm_goal": Array(_TASK, goal[..., -1, :], inner=("step", "xy"), step=PIXEL / 3),
        "teacher": Array((*_TASK, "time"), shown, inner=joints, step=PIXEL),
        "teacher_goal": Array(_TASK, shown[..., -1, :], inner=("step", "xy"), step=PIXEL / 3),
    }
    baselines = (
        Line("linear", "linear theory", "ink", dashed=True),
        Line("home", "staying at home", "soft", dashed=True),
    )
    return Figure(
        name="motion-transfer",
        title="Arms that perform skills which only other arms were shown",
        axes=(
            Axis("depth", "Depth", DEPTHS, kind="choice", symbol="N", start=3),
            scale_axis(SCALES, start=0.1),
            Axis("amplitude", "Amplitude", AMPLITUDES, symbol="A", start=0.15),
            Axis("arms", "Arms", ARMS, start=6),
            Axis("missing", "Missing skills", MISSING, start=4),
            motion_time(moments),
        ),
        arrays=arrays,
        panels=(
            Plane(
                "An arm that has a skill, and one that was never shown it",
                "First seed. Faint and dashed: where the second arm should be.",
                Extent("x", -2.1, 0.95),
                Extent("y", -0.75, 0.95),
                (
                    Outline("teacher_goal", "what is shown", "ink", dash="4 3"),
                    Linkage("teacher", "an arm that has it", "soft"),
                    *followed("arm", "an arm that does not"),
                ),
            ),
            Curves(
                "Progress in skills that were never shown",
                "Mean of five seeds. Drag to move the scale.",
                axis="scale",
                lines=(Line("progress", "after training", "run"), *baselines),
            ),
            Curves(
                "Squared error there, as a share of staying at home",
                "Logarithmic.",
                axis="scale",
                lines=(
                    Line("error", "after training", "run"),
                    Line("at_home", "staying at home", "soft", dashed=True),
                ),
                floor=1e-3,
            ),
            Curves(
                "Effective rank of what was learned",
                "A motion of the hand in the plane has two coordinates.",
                axis="scale",
                lines=(Line("rank", "effective rank", "run"),),
            ),
        ),
        reading=(
            Clause(
                "{arms} arms, each without {missing} of ten skills; motions of {amplitude} arm "
                "lengths. With {depth} layers from α = {scale}, hands are where they should be at "
                "{progress} of the moments (± {spread} over five seeds), staying at home at {home}."
            ),
            Clause(
                " In {split} of the five, skills do not connect the arms.", unless={"split": (0,)}
            ),
            Clause(" Drawn at {clock} of the way."),
        ),
        presets=(
            Preset(
                "It transfers",
                {"depth": 3, "scale": 1e-3, "amplitude": 0.05, "arms": 6, "missing": 4},
            ),
            Preset(
                "Worse than staying at home",
                {"depth": 3, "scale": 10.0, "amplitude": 0.05, "arms": 6, "missing": 4},
            ),
            Preset(
                "Large motions",
                {"depth": 3, "scale": 1e-4, "amplitude": 0.3, "arms": 6, "missing": 4},
            ),
            Preset(
                "Two arms", {"depth": 3, "scale": 1e-3, "amplitude": 0.05, "arms": 2, "missing": 6}
            ),
        ),
        caption=(
            "Planar arms of length 1 with 2 to 5 links; ten random closed motions of the hand. One "
            "matrix of joint displacements, a row for each joint, from which every arm leaves out "
            "whole skills, is completed by a product of N matrices trained from scale α. Progress "
            "is the share of the moments at which the hand is within a tenth of the amplitude."
        ),
        alt=(
            "Three layers from small scales bring nearly every hand where it should be. From large "
            "scales hands are farther off than if they had stayed at home. With larger motions "
            "transfer is worse."
        ),
    )
