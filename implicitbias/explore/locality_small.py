"""The explorable "locality-small": shared, local and full filters on few small patches."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.locality_curves import (
    Sweep,
    Task,
    curve_arrays,
    each,
    needed_panel,
    risk_panel,
)
from implicitbias.explore.locality_data import EXPERIMENTS, SMALL, SMALL_SIZES, read
from implicitbias.explore.panels.images import Images
from implicitbias.explore.panels.plane import Extent
from implicitbias.studies.locality import ARCHITECTURES


def locality_small(held: Sweep | None = None) -> Explorable:
    """Risk and needed samples of all three networks, by the number of patches.

    Args:
        held: the learning curves. By default those that come with the library, which
            ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"locality-small"``.
    """
    return Explorable(figure(read() if held is None else held))


def _pictures(held: Sweep, task: Task) -> np.ndarray:
    """Filters at two patches: (size, image, patch, number); full ones where they are longest."""
    shared, local, full = (held[network, *task].filters for network in ARCHITECTURES)
    longest = np.argsort(-np.linalg.norm(full, axis=-1), axis=-1)[..., :2]
    own = np.take_along_axis(full, longest[..., None], axis=-2)
    twice = np.repeat(shared, 2, axis=1)
    return np.concatenate([twice[:, None], local[:, None, :2], own], axis=1)


def figure(held: Sweep) -> Figure:
    """What the explorable shows of learning curves."""
    tasks = EXPERIMENTS["small"]
    pictures = each(tasks, lambda task: _pictures(held, task))
    arrays = curve_arrays(held, ARCHITECTURES, tasks, ("k",), SMALL, SMALL_SIZES)
    arrays["pictures"] = Array(("k", "n"), pictures, inner=("image", "row", "column"), step=0.02)
    return Figure(
        name="locality-small",
        title="What shared, local and full filters need, by the number of patches",
        axes=(
            Axis("k", "Patches", SMALL, symbol="k", start=4),
            Axis("n", "Samples", SMALL_SIZES, symbol="n", log=True, start=64),
        ),
        arrays=arrays,
        panels=(
            risk_panel("Mean of five repetitions, logarithmic. Drag to move the samples."),
            Images(
                "Filters at two patches, a row for each",
                "First repetition: blue is positive, orange negative.",
                "pictures",
                ("shared", "local", "full, one unit", "full, another unit"),
            ),
            needed_panel(
                ARCHITECTURES,
                Extent("patches k", 1.8, 9.5, log=True, ticks=SMALL),
                Extent("samples", 3, 9000, log=True),
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
            "Patches of d = 5 numbers, noise σ = 0.2, as many full filters as patches, shown at "
            "the two patches where they are longest. The signal is two positive numbers, then "
            "three negative ones. Projected gradient descent on the square loss, five "
            "repetitions; step sizes, the moment to stop and, for full filters, the best of three "
            "starts are chosen on a thousand other samples."
        ),
        alt=(
            "Shared filters need about ten samples for any number of patches, local ones more the "
            "more patches there are, full ones many times more again. Full filters end with one "
            "patch each."
        ),
    )
