"""The explorable "locality-small": shared, local and full filters on few small patches."""

from collections.abc import Mapping

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.locality_data import (
    EXPERIMENTS,
    MARGIN,
    SMALL,
    SMALL_SIZES,
    Held,
    needed,
    read,
)
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.images import Images
from implicitbias.explore.panels.plane import Bars, Extent, Plane, Points
from implicitbias.studies.locality import ARCHITECTURES, best_filters

_FLOOR = 1e-3


def locality_small(held: Mapping[tuple[str, int, int, float], Held] | None = None) -> Explorable:
    """Risk and needed samples of all three networks, by the number of patches.

    Args:
        held: the learning curves. By default those that come with the library, which
            ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"locality-small"``.
    """
    return Explorable(figure(read() if held is None else held))


def _pictures(held: Mapping[tuple[str, int, int, float], Held], task) -> np.ndarray:
    """Filters at two patches: (size, image, patch, number); full ones where they are longest."""
    shared, local, full = (held[network, *task].filters for network in ARCHITECTURES)
    longest = np.argsort(-np.linalg.norm(full, axis=-1), axis=-1)[..., :2]
    own = np.take_along_axis(full, longest[..., None], axis=-2)
    twice = np.repeat(shared, 2, axis=1)
    return np.concatenate([twice[:, None], local[:, None, :2], own], axis=1)


def figure(held: Mapping[tuple[str, int, int, float], Held]) -> Figure:
    """What the explorable shows of learning curves."""
    tasks = EXPERIMENTS["small"]
    sizes = np.array(SMALL_SIZES, dtype=float)
    over, values = ("k", "n"), np.array(SMALL, dtype=float)
    best = np.array([best_filters(k, sigma).risk for k, _, sigma in tasks])
    arrays = {
        "best": Array(("k",), best, step=1e-3),
        "margin": Array(("n",), np.full(len(sizes), MARGIN)),
        "pictures": Array(
            over,
            np.stack([_pictures(held, task) for task in tasks]),
            inner=("image", "row", "column"),
            step=0.02,
        ),
        "here": Array(
            over,
            np.stack(np.broadcast_arrays(values[:, None], sizes), axis=-1)[:, :, None],
            inner=("point", "xy"),
        ),
    }
    for network in ARCHITECTURES:
        found = [needed(held[network, *task], task) for task in tasks]
        counts = np.array([entry.samples for entry in found])
        half = np.array([(entry.high - entry.low) / 2 for entry in found])
        risk = [held[network, *task].risk.mean(axis=0) for task in tasks]
        arrays |= {
            network: Array(over, risk, step=1e-3),
            f"{network}_above": Array(
                over, np.maximum(risk - best[:, None], _FLOOR / 10), step=1e-2, log=True
            ),
            f"{network}_needed": Array(("k",), counts.round(), step=1),
            f"{network}_bars": Array(
                (), np.stack([values, counts, half], axis=-1), inner=("point", "bar")
            ),
        }
    return Figure(
        name="locality-small",
        title="What shared, local and full filters need, by the number of patches",
        axes=(
            Axis("k", "Patches", SMALL, symbol="k", start=4),
            Axis("n", "Samples", SMALL_SIZES, symbol="n", log=True, start=64),
        ),
        arrays=arrays,
        panels=(
            Curves(
                "Squared error above that of the best filters",
                "Mean of five repetitions. Drag to move the number of samples.",
                axis="n",
                lines=(
                    Line("cnn_above", "shared (CNN)", "run"),
                    Line("lcn_above", "local (LCN)", "soft"),
                    Line("fcn_above", "full (FCN)", "ink"),
                    Line("margin", "good enough", "ink", dashed=True),
                ),
                floor=_FLOOR,
            ),
            Images(
                "Filters at this number of samples, a row for each of two patches",
                "First repetition: blue is positive, orange negative. Full filters are shown at "
                "the two patches where they are longest. The signal is two positive numbers, then "
                "three negative ones.",
                "pictures",
                ("shared", "local", "full, one unit", "full, another unit"),
            ),
            Plane(
                "Samples that bring the error within 0.03 of the best",
                "Bars: 90 % of resamplings of the repetitions.",
                Extent("patches k", 1.8, 9.5, log=True, ticks=SMALL),
                Extent("samples", 3, 9000, log=True),
                (
                    Bars("cnn_bars", "shared (CNN)", "run"),
                    Bars("lcn_bars", "local (LCN)", "soft"),
                    Bars("fcn_bars", "full (FCN)", "ink"),
                    Points("here", "you are here", "ink", "ring"),
                ),
                stretched=True,
            ),
        ),
        reading=(
            "With {k} patches of 5 numbers and {n} samples, the squared error is {cnn} with a "
            "shared filter, {lcn} with local and {fcn} with full ones; the best filters have "
            "{best}. To come within 0.03 takes {cnn_needed}, {lcn_needed} and {fcn_needed} samples."
        ),
        presets=(
            Preset("Two patches", {"k": 2, "n": 64}),
            Preset("Local is done", {"k": 4, "n": 256}),
            Preset("Eight patches", {"k": 8, "n": 1024}),
            Preset("Full filters have found their patches", {"k": 8, "n": 8192}),
        ),
        caption=(
            "Patches of d = 5 numbers, noise σ = 0.2, as many full filters as patches. Projected "
            "gradient descent on the square loss, five repetitions; step sizes, the moment to stop "
            "and, for full filters, the best of three starts are chosen on a thousand other "
            "samples."
        ),
        alt=(
            "Shared filters need about ten samples for any number of patches, local ones more the "
            "more patches there are, full ones many times more again. Full filters end with one "
            "patch each."
        ),
    )
