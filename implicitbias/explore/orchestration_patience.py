"""The explorable "orchestration-patience": waiting longer, or looking, while the arm slips."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.studies.motion import arrival_law, timer_success

NEEDED = 6
SLIPS = (0.0, 0.02, 0.05, 0.08, 0.12, 0.2)
STEPS = tuple(range(1, 61))
WAYPOINTS = (1, 2, 3, 5, 8)


def orchestration_patience() -> Explorable:
    """A timer and one who looks, by the steps that each waypoint may take.

    Returns:
        The explorable ``"orchestration-patience"``.
    """
    over = ("waypoints", "slip", "steps")
    waits = np.array([timer_success(p, NEEDED, np.array(STEPS)) for p in SLIPS])
    looks = np.array([arrival_law(p, NEEDED, STEPS[-1])[1:] for p in SLIPS])
    free = np.array([(1 - p) ** -NEEDED for p in SLIPS])
    mean = [NEEDED if p == 0 else (f - 1) / p for p, f in zip(SLIPS, free, strict=True)]
    powers = np.array(WAYPOINTS)[:, None, None]
    figure = Figure(
        name="orchestration-patience",
        title="A timer and one who looks, by the steps that they may take",
        axes=(
            Axis("steps", "Steps for each waypoint", STEPS, symbol="T", start=12),
            Axis("slip", "Slips a step", SLIPS, symbol="p", start=0.08),
            Axis("waypoints", "Waypoints", WAYPOINTS, symbol="K", start=1),
        ),
        arrays={
            "waits": Array(over, waits**powers, step=1e-3),
            "looks": Array(over, looks**powers, step=1e-3),
            "mean": Array(("slip",), np.array(mean), step=0.1),
        },
        panels=(
            Curves(
                "Probability that all waypoints are done",
                "Drag to move the number of steps.",
                axis="steps",
                lines=(
                    Line("waits", "goes on after T steps", "soft", dashed=True),
                    Line("looks", "goes on when it is there", "run"),
                ),
            ),
        ),
        reading=(
            "With slips in {slip} of the steps, one who goes on after {steps} steps is right at "
            "{waypoints} of {waypoints} waypoints with probability {waits}, and one who looks, "
            "with at most as many steps for each, with probability {looks}. Looking takes {mean} "
            "steps a waypoint on average."
        ),
        presets=(
            Preset("Just enough", {"steps": 6, "slip": 0.08, "waypoints": 1}),
            Preset("Ten times that", {"steps": 60, "slip": 0.08, "waypoints": 1}),
            Preset("Five in a row", {"steps": 30, "slip": 0.08, "waypoints": 5}),
        ),
        caption=(
            "An arm needs six steps to a waypoint. At each step it slips with probability p, and "
            "is back where it set out. In closed form."
        ),
        alt=(
            "The probability that a timer is right jumps at six steps and stays the same for "
            "ever. That of one who looks goes to one."
        ),
    )
    return Explorable(figure)
