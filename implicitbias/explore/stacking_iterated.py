"""The explorable "stacking-iterated": an iterated map, learned in stages or not."""

from collections.abc import Mapping

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.images import Images
from implicitbias.explore.panels.plane import Extent, Outline, Plane
from implicitbias.explore.stacking_iterated_data import (
    DEPTH,
    EXTRA,
    METHODS,
    SEEDS,
    Held,
    read,
)
from implicitbias.explore.text import Clause

NAMES = dict(
    zip(
        METHODS,
        (
            "from scratch",
            "from scratch, equal cost",
            "last block",
            "middle block (MIDAS)",
            "MIDAS, moments cleared",
            "fresh block",
            "looped",
        ),
        strict=True,
    )
)
_POINTS = 30  # of a path


def stacking_iterated(held: Mapping[str, Held] | None = None) -> Explorable:
    """Validation error and extrapolation of networks that learn eight rounds of a map.

    Args:
        held: the runs of the sweep. By default that which comes with the library, which
            ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"stacking-iterated"``.
    """
    return Explorable(figure(read()[0] if held is None else held))


def figure(held: Mapping[str, Held]) -> Figure:
    """What the explorable shows of a sweep."""

    def each(of_run) -> np.ndarray:
        return np.array([of_run(held[method]) for method in METHODS])

    def error(run: Held) -> np.ndarray:
        return np.exp(np.log(run.errors).mean(axis=0))

    arrays = {
        "similarity": Array(
            ("method",),
            each(lambda run: run.similarity[None]),
            inner=("image", "row", "column"),
            step=0.02,
        ),
        "cosine": Array(
            ("method",),
            each(lambda run: run.similarity[~np.eye(DEPTH, dtype=bool)].mean()),
            step=1e-2,
        ),
        "error": Array(("method", "extra"), each(error), step=1e-2, log=True),
        "scratch": Array(("extra",), error(held["scratch"]), step=1e-2, log=True),
        "unseen": Array(("method",), each(error)[:, 0], step=1e-2, log=True),
    }
    for k in range(len(SEEDS)):
        arrays[f"path_{k}"] = Array(
            ("method",),
            each(lambda run, k=k: _thinned(run.path[k])),
            inner=("step", "xy"),
            step=0.01,
            log=True,
        )
        arrays[f"scratch_{k}"] = Array(
            (), _thinned(held["scratch"].path[k]), inner=("step", "xy"), step=0.01, log=True
        )
    return Figure(
        name="stacking-iterated",
        title="Eight rounds of one map, learned by eight layers",
        axes=(
            Axis("method", "Method", tuple(NAMES.values()), kind="choice", start=NAMES["middle"]),
            Axis("extra", "More copies", EXTRA, symbol="q", start=3),
        ),
        arrays=arrays,
        panels=(
            Plane(
                "Error with three layers more, at equal validation error",
                "A thin line a run, along training at full depth; it goes to the left.",
                Extent("validation error, 8 rounds", 3e-4, 0.2, log=True),
                Extent("error, 11 rounds", 1e-3, 1.0, log=True),
                (
                    *(
                        Outline(f"scratch_{k}", "from scratch" if k == 0 else "", "ink", "5 4")
                        for k in range(len(SEEDS))
                    ),
                    *(
                        Outline(f"path_{k}", "this method" if k == 0 else "", "run")
                        for k in range(len(SEEDS))
                    ),
                ),
                stretched=True,
            ),
            Curves(
                "Error with more copies of the middle layer",
                "Of 8 + q rounds, geometric mean of five runs. Drag to move q.",
                axis="extra",
                lines=(
                    Line("error", "this method", "run"),
                    Line("scratch", "from scratch", "ink", dashed=True),
                ),
                floor=1e-4,
            ),
            Images(
                "How alike the layers are at the end",
                "Cosine of the weights of every two layers, mean of five runs.",
                "similarity",
                ("eight layers",),
            ),
        ),
        reading=(
            Clause(
                "On unseen inputs the error is {unseen}; with {extra} more copies of the middle "
                "layer, for as many more rounds, {error}, and {scratch} from scratch. Layers have "
                "a mean cosine of {cosine}."
            ),
        ),
        presets=(
            Preset("From scratch", {"method": NAMES["scratch"], "extra": 3}),
            Preset("MIDAS", {"method": NAMES["middle"], "extra": 3}),
            Preset("Fresh block", {"method": NAMES["fresh_middle"], "extra": 3}),
            Preset("Looped", {"method": NAMES["looped"], "extra": 3}),
        ),
        caption=(
            "Maps g(x) = x + tanh(xV)U of 8 numbers, one a run; networks of eight layers of the "
            "same form learn eight rounds of one from ten thousand samples, with Adam, 3600 steps. "
            "Errors are squared and over the target's variance. Stacking adds a layer at a time, "
            "stages in proportion to 1, 2, …, 8; equal cost is 2550 steps."
        ),
        alt=(
            "At equal validation error, stacked networks make a smaller error than those trained "
            "from scratch when their middle layer is repeated."
        ),
    )


def _thinned(path: np.ndarray) -> np.ndarray:
    """As many points for all methods."""
    return path[np.linspace(0, len(path) - 1, _POINTS).round().astype(int)]
