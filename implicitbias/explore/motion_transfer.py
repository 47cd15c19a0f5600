"""The explorable "motion-transfer": arms that perform skills which only other arms were shown."""

from collections.abc import Callable, Mapping

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.motion_drawn import PIXEL, arm_panel, clock, joints_of, motion_time
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
from implicitbias.explore.panels.plane import Extent
from implicitbias.explore.scale_axis import scale_axis
from implicitbias.explore.text import Clause
from implicitbias.studies.motion import graph_parts

_TASK = ("arms", "missing", "amplitude")
_OVER = (*_TASK, "depth", "scale")
_NAMES = tuple(f"arm{arm}" for arm in DRAWN)


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
        "spread": Array(_OVER, of_runs("progress", np.std), step=1e-3),
        "error": Array(_OVER, of_runs("error"), step=5e-3, log=True),
        "rank": Array(_OVER, of_runs("rank"), step=1e-2),
        "at_home": Array((*_TASK, "scale"), np.ones((*each_task(lambda *_: 1).shape, len(SCALES)))),
        "parts": Array(
            ("arms", "missing"),
            each_task(lambda *task: graph_parts(tasks[task].seen)[0])[..., 0],
            step=1,
        ),
        **{name: along(name) for name in ("home", "linear", "shared")},
    }
    for place, (arm, name) in enumerate(zip(DRAWN, _NAMES, strict=True)):

        def target(*task, arm=arm) -> np.ndarray:
            one = tasks[task]
            return joints_of(
                one.robots[arm], one.displacements[one.owner == arm, drawn_skill(one, arm)]
            )

        def moved(*task, arm=arm, place=place) -> np.ndarray:
            one, found = tasks[task], held[(*task, SEEDS[0])].drawn
            counts = [len(one.robots[other].lengths) for other in DRAWN]
            rows = slice(sum(counts[:place]), sum(counts[: place + 1]))
            angles = [[found[depth, scale][rows] for scale in SCALES] for depth in DEPTHS]
            return joints_of(one.robots[arm], np.array(angles))

        goal, done = each_task(target), each_task(moved)
        joints, hand = ("joint", "xy"), ("xy",)
        arrays |= {
            name: Array((*_OVER, "time"), done, inner=joints, step=PIXEL),
            f"{name}_hand": Array((*_OVER, "time"), done[..., -1, :], inner=hand, step=PIXEL),
            f"{name}_target": Array((*_TASK, "time"), goal, inner=joints, step=PIXEL),
            f"{name}_goal": Array((*_TASK, "time"), goal[..., -1, :], inner=hand, step=PIXEL),
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
            scale_axis(SCALES, start=1e-3),
            Axis("amplitude", "Amplitude", AMPLITUDES, symbol="A", start=0.05),
            Axis("arms", "Arms", ARMS, start=6),
            Axis("missing", "Missing skills", MISSING, start=4),
            motion_time(moments),
        ),
        arrays=arrays,
        panels=(
            arm_panel(
                "Two arms in skills that they never had",
                "Of the first seed. Grey and dashed: where they should be.",
                Extent("x", -0.35, 1.05),
                Extent("y", -0.35, 1.05),
                (("arm0", "two links"), ("arm1", "three links")),
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
            Clause(" Arms and skills are connected.", when={"parts": (1,)}),
            Clause(
                " Arms and skills fall into {parts} parts, and between parts nothing can transfer.",
                unless={"parts": (1,)},
            ),
        ),
        presets=(
            Preset("It transfers", {"depth": 3, "scale": 1e-3, "amplitude": 0.05, "arms": 6, "missing": 4}),
            Preset("Worse than staying at home", {"depth": 3, "scale": 10.0, "amplitude": 0.05, "arms": 6, "missing": 4}),
            Preset("Large motions", {"depth": 3, "scale": 1e-4, "amplitude": 0.3, "arms": 6, "missing": 4}),
            Preset("Not connected", {"depth": 3, "scale": 1e-3, "amplitude": 0.05, "arms": 2, "missing": 6}),
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
            "transfer is worse, and two arms that miss six skills of ten get nothing."
        ),
    )
