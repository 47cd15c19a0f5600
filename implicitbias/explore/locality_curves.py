"""Learning curves and needed samples, as "locality" and "locality-small" both show them."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from implicitbias.explore.array import Array
from implicitbias.explore.locality_data import Held, needed
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.plane import Bars, Extent, Outline, Plane, Points
from implicitbias.explore.picture import Role
from implicitbias.explore.text import Text
from implicitbias.studies.locality import ARCHITECTURES, best_filters

Task = tuple[int, int, float]  # k, d, sigma
Sweep = Mapping[tuple[str, int, int, float], Held]

ROLES: dict[str, tuple[str, Role]] = {
    "cnn": ("shared (CNN)", "run"),
    "lcn": ("local (LCN)", "soft"),
    "fcn": ("full (FCN)", "ink"),
}


def each(tasks: Sequence, of_task: Callable[[Task], ArrayLike]) -> np.ndarray:
    """What is true of each task in a row, or in rows of rows."""
    return np.array(
        [of_task(task) if np.isscalar(task[0]) else each(task, of_task) for task in tasks]
    )


def mean_risk(held: Sweep, network: str, task: Task) -> np.ndarray:
    """Over the sizes."""
    return held[network, *task].risk.mean(axis=0)


def curve_arrays(
    held: Sweep,
    networks: Sequence[str],
    tasks: Sequence,
    place: tuple[str, ...],
    values: Sequence[float],
    sizes: Sequence[int],
) -> dict[str, Array]:
    """Risks and needed samples of the tasks, which lie over the axes of their `place`.

    The last of these has the given values and runs along the picture of needed samples.
    """
    over, positions = (*place, "n"), np.array(values, dtype=float)
    best = each(tasks, lambda task: [best_filters(task[0], task[2]).risk] * len(sizes))
    here = np.stack(np.meshgrid(positions, np.array(sizes, dtype=float), indexing="ij"), axis=-1)
    arrays = {
        "best": Array(over, best, step=1e-3),
        "here": Array((place[-1], "n"), here[:, :, None], inner=("point", "xy")),
    }
    for network in networks:
        risk = each(tasks, lambda task, network=network: mean_risk(held, network, task))
        found = each(tasks, lambda task, network=network: needed(held[network, *task], task))
        samples, low, high = np.moveaxis(found, -1, 0)
        bars = np.stack(np.broadcast_arrays(positions, samples, (high - low) / 2), axis=-1)
        arrays |= {
            network: Array(over, risk, step=1e-3),
            f"{network}_needed": Array(place, samples.round(), step=1),
            f"{network}_bars": Array(place[:-1], bars, inner=("point", "bar")),
        }
    return arrays


def risk_panel(note: Text) -> Curves:
    """The risks of all three networks with that of the best filters."""
    return Curves(
        "Squared error, and that of the best filters",
        note,
        axis="n",
        lines=(
            *(Line(network, *ROLES[network]) for network in ARCHITECTURES),
            Line("best", "best filters", "ink", dashed=True),
        ),
        floor=1e-2,
    )


def needed_panel(
    networks: Sequence[str], x: Extent, samples: Extent, fits: tuple[Outline, ...] = ()
) -> Plane:
    """The samples that are needed, with error bars, and the reader's."""
    return Plane(
        "Samples that bring the error within 0.03 of the best",
        "Bars: 90 % of resamplings of the repetitions.",
        x,
        samples,
        (
            *fits,
            *(Bars(f"{network}_bars", *ROLES[network]) for network in networks),
            Points("here", "you are here", "ink", "ring"),
        ),
        stretched=True,
    )
