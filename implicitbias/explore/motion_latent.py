"""The explorable "motion-latent": a shared motion latent where linear theory ends."""

from collections.abc import Callable, Mapping

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.motion_drawn import PIXEL, clock, followed, joints_of, motion_time
from implicitbias.explore.motion_latent_data import (
    AMPLITUDES,
    DRAWN,
    HIDDEN,
    LATENTS,
    SCALES,
    SEEDS,
    Held,
    read,
    task_of,
)
from implicitbias.explore.motion_transfer_data import drawn_skill
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.plane import Extent, Plane

_NAMES = tuple(f"arm{arm}" for arm in DRAWN)
_WORDS = {1: "three links", 3: "five links"}


def motion_latent(held: Mapping[tuple[float, int], Held] | None = None) -> Explorable:
    """Encoders and decoders of six arms, by amplitude, width of the latent and initial scale.

    Args:
        held: what was trained. By default the runs that come with the library, which
            ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"motion-latent"``.
    """
    return Explorable(figure(read() if held is None else held))


def figure(held: Mapping[tuple[float, int], Held]) -> Figure:
    """What the explorable shows of runs."""
    over = ("latent", "scale", "amplitude")

    def of_runs(number: Callable[[list[Held], tuple[int, int, float]], object]) -> np.ndarray:
        return np.array(
            [
                [
                    [
                        number([held[a, seed] for seed in SEEDS], (HIDDEN, latent, scale))
                        for a in AMPLITUDES
                    ]
                    for scale in SCALES
                ]
                for latent in LATENTS
            ]
        )

    def along(name: str) -> Array:
        means = [np.mean([getattr(held[a, seed], name) for seed in SEEDS]) for a in AMPLITUDES]
        return Array(("amplitude",), np.array(means), step=1e-3)

    tasks = {amplitude: task_of(amplitude, SEEDS[0]) for amplitude in AMPLITUDES}
    moments = tasks[AMPLITUDES[0]].motions.shape[1]
    arrays: dict[str, Array] = {
        "clock": clock(moments),
        "progress": Array(over, of_runs(lambda h, c: np.mean([o.unseen[c] for o in h])), step=1e-3),
        "spread": Array(
            over, of_runs(lambda h, c: np.std([o.unseen[c] for o in h], ddof=1)), step=1e-3
        ),
        "seen": Array(over, of_runs(lambda h, c: np.mean([o.seen[c] for o in h])), step=1e-3),
        **{name: along(name) for name in ("home", "linear", "deep")},
    }
    begin = 0
    for arm, name in zip(DRAWN, _NAMES, strict=True):
        links = len(tasks[AMPLITUDES[0]].robots[arm].home)
        rows = slice(begin, begin + links)
        begin += links

        goal = np.array(
            [
                joints_of(
                    task.robots[arm],
                    task.displacements[task.owner == arm, drawn_skill(task, arm)],
                )
                for task in tasks.values()
            ]
        )
        done = np.array(
            [
                [
                    [
                        joints_of(
                            tasks[a].robots[arm],
                            held[a, SEEDS[0]].drawn[HIDDEN, latent, scale][rows],
                        )
                        for a in AMPLITUDES
                    ]
                    for scale in SCALES
                ]
                for latent in LATENTS
            ]
        )
        joints, hand = ("joint", "xy"), ("xy",)
        arrays |= {
            name: Array((*over, "time"), done, inner=joints, step=PIXEL),
            f"{name}_hand": Array((*over, "time"), done[..., -1, :], inner=hand, step=PIXEL),
            f"{name}_target": Array(("amplitude", "time"), goal, inner=joints, step=PIXEL),
            f"{name}_goal": Array(
                ("amplitude",), goal[..., -1, :], inner=("step", "xy"), step=PIXEL / 3
            ),
        }
    return Figure(
        name="motion-latent",
        title="A shared motion latent, with an encoder and a decoder for each arm",
        axes=(
            Axis("latent", "Numbers in the latent", LATENTS, kind="choice", start=2),
            Axis("scale", "Initial scale", SCALES, start=1.0),
            Axis("amplitude", "Amplitude", AMPLITUDES, symbol="A", start=0.3),
            motion_time(moments),
        ),
        arrays=arrays,
        panels=(
            Plane(
                "Two arms in skills that they never had",
                "Of the first seed. Faint and dashed: where they should be.",
                Extent("x", -0.75, 1.05),
                Extent("y", -0.25, 1.25),
                tuple(
                    layer
                    for arm, name in zip(DRAWN, _NAMES, strict=True)
                    for layer in followed(name, _WORDS[arm])
                ),
            ),
            Curves(
                "Progress in skills that were never shown",
                "Mean of five seeds. Drag to move the amplitude.",
                axis="amplitude",
                lines=(
                    Line("progress", "shared latent", "run"),
                    Line("deep", "deep factorisation", "rich"),
                    Line("linear", "linear theory", "ink", dashed=True),
                    Line("home", "staying at home", "soft", dashed=True),
                ),
            ),
        ),
        reading=(
            "Motions of {amplitude} arm lengths, a latent of {latent} numbers, initial scale "
            "{scale}: hands are where they should be at {progress} of the moments of skills that "
            "their arms never had (± {spread} over five seeds) and at {seen} of those they had. A "
            "deep factorisation has {deep}, linear theory {linear}. Drawn at {clock} of the way."
        ),
        presets=(
            Preset("Where linear theory ends", {"latent": 2, "scale": 1.0, "amplitude": 0.3}),
            Preset("Too wide a latent", {"latent": 16, "scale": 1.0, "amplitude": 0.3}),
            Preset("A large start", {"latent": 16, "scale": 2.0, "amplitude": 0.2}),
            Preset("Small motions", {"latent": 2, "scale": 1.0, "amplitude": 0.05}),
        ),
        caption=(
            "Six arms miss four of ten skills each. Encoders and decoders with one hidden layer of "
            "32 tanh units, trained by Adam for 3000 steps on what was seen; the latent of a "
            "motion is the mean of what the arms that have it make of it. The deep factorisation "
            "has three layers and starts from α = 10⁻⁴."
        ),
        alt=(
            "With a latent of two numbers most unseen motions are followed even at large "
            "amplitudes, where linear theory and deep factorisation fail more often. With sixteen "
            "numbers, or from a large start, transfer is lost."
        ),
    )
