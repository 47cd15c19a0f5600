"""The explorable "stacking": linear residual networks, grown in stages or not."""

from collections.abc import Mapping

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.images import Images
from implicitbias.explore.panels.plane import Extent, Outline, Plane
from implicitbias.explore.stacking_data import (
    ALPHAS,
    DEPTH,
    EXTRA,
    GROWN,
    LOSS_FLOOR,
    METHODS,
    SCALES,
    SEEDS,
    STAGES,
    Held,
    Setting,
    read,
)
from implicitbias.explore.text import Clause
from implicitbias.studies.growing import schedule, stacking_cost

NAMES = dict(
    zip(
        METHODS,
        ("from scratch", "last block", "middle block (MIDAS)", "fresh block", "looped"),
        strict=True,
    )
)
_GROWN = tuple(NAMES[method] for method in GROWN)
_FLOOR = 1e-4
_POINTS = 20  # of a path
_FINE = 10_000  # steps that stand for all of training


def stacking(held: Mapping[Setting, Held] | None = None) -> Explorable:
    """Similarity, cost and extrapolation in depth of linear networks, by method and start.

    Args:
        held: the sweep. By default that which comes with the library, which
            ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"stacking"``.
    """
    return Explorable(figure(read() if held is None else held))


def figure(held: Mapping[Setting, Held]) -> Figure:
    """What the explorable shows of a sweep."""

    def found(method: str, k: int, alpha: int, scale: float) -> Held:
        return held[(method, k, alpha, scale) if method in GROWN else (method, 1, 0, scale)]

    def each(of_run) -> np.ndarray:
        return np.array(
            [
                [[[of_run(found(m, k, a, s)) for s in SCALES] for a in ALPHAS] for k in STAGES]
                for m in METHODS
            ]
        )

    def scratch(of_run) -> np.ndarray:
        return np.array([of_run(held["scratch", 1, 0, scale]) for scale in SCALES])

    def error(run: Held) -> np.ndarray:
        return np.maximum(run.errors.mean(axis=0), _FLOOR / 10)

    def cosine(run: Held) -> float:
        return float(run.similarity[~np.eye(DEPTH, dtype=bool)].mean())

    over = ("method", "stages", "alpha", "scale")
    costs = np.array(
        [
            [[stacking_cost(k, a) if m in GROWN else 1 for a in ALPHAS] for k in STAGES]
            for m in METHODS
        ],
        dtype=float,
    )
    stairs = [
        [[_stairs(k, a) if m in GROWN else _stairs(1, 0) for a in ALPHAS] for k in STAGES]
        for m in METHODS
    ]
    arrays = {
        "similarity": Array(
            over,
            each(lambda run: run.similarity[None]),
            inner=("image", "row", "column"),
            step=0.02,
        ),
        "cosine": Array(over, each(cosine), step=1e-2),
        "fitted": Array(over, each(lambda run: sum(p[-1, 0] < LOSS_FLOOR for p in run.path))),
        "error": Array((*over, "extra"), each(error), step=1e-2, log=True),
        "scratch": Array(("scale", "extra"), scratch(error), step=1e-2, log=True),
        "cost": Array(over[:3], costs, step=1e-3),
        "speedup": Array(over[:3], 1 / costs, step=1e-3),
        "stairs": Array(over[:3], stairs, inner=("step", "xy"), step=1e-3),
        "whole": Array((), _stairs(1, 0), inner=("step", "xy")),
    }
    for seed in range(len(SEEDS)):
        arrays[f"path_{seed}"] = Array(
            over,
            each(lambda run, k=seed: _path(run, k)),
            inner=("step", "xy"),
            step=0.02,
            log=True,
        )
        arrays[f"scratch_{seed}"] = Array(
            ("scale",),
            scratch(lambda run, k=seed: _path(run, k)),
            inner=("step", "xy"),
            step=0.02,
            log=True,
        )
    return Figure(
        name="stacking",
        title="Deep linear residual networks, grown in stages or trained whole",
        axes=(
            Axis("method", "Method", tuple(NAMES.values()), kind="choice", start=_GROWN[1]),
            Axis("scale", "First weights", SCALES, symbol="s", log=True, start=0.5),
            Axis("stages", "Stages", STAGES, kind="choice", start=8, when={"method": _GROWN}),
            Axis(
                "alpha",
                "Schedule",
                ALPHAS,
                kind="choice",
                symbol="α",
                start=1,
                when={"method": _GROWN},
            ),
            Axis("extra", "More copies", EXTRA, symbol="q", start=8),
        ),
        arrays=arrays,
        panels=(
            Images(
                "How alike the layers are at the end",
                "Cosine of the weights of every two layers, first layer first: blue is alike, "
                "white unrelated. Mean of five runs.",
                "similarity",
                ("eight layers",),
            ),
            Curves(
                "Error with more copies of the middle layer",
                "Distance from eight and q more rounds of the true rotation, over its norm. "
                "Drag to move q.",
                axis="extra",
                lines=(
                    Line("error", "this method", "run"),
                    Line("scratch", "from scratch", "ink", dashed=True),
                ),
                floor=_FLOOR,
            ),
            Plane(
                "Equal loss, different error with twice the layers",
                "A thin line a run, along training at full depth; it goes to the left.",
                Extent("training loss", 1e-9, 300, log=True),
                Extent("error at q = 8", 1e-4, 300, log=True),
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
            Plane(
                "What it costs: layers over the course of training",
                "The area below is the cost.",
                Extent("share of the steps", 0, 1.02),
                Extent("layers", 0, 9, ticks=(0, 2, 4, 6, 8)),
                (
                    Outline("whole", "from scratch", "ink", "5 4"),
                    Outline("stairs", "this method", "run"),
                ),
                stretched=True,
            ),
        ),
        reading=(
            Clause(
                "From first weights of scale {scale}, layers have a mean cosine of {cosine}. With "
                "{extra} more copies of the middle layer the error is {error}; from scratch it is "
                "{scratch}. "
            ),
            Clause(
                "Training takes {cost} of the cost, {speedup} times faster.",
                when={"method": _GROWN},
            ),
            Clause("{fitted} of 5 runs fit.", when={"method": (NAMES["looped"],)}),
        ),
        presets=(
            Preset("From scratch, large start", {"method": NAMES["scratch"], "scale": 0.5}),
            Preset(
                "MIDAS, large start",
                {"method": _GROWN[1], "scale": 0.5, "stages": 8, "alpha": 1},
            ),
            Preset("From scratch, small start", {"method": NAMES["scratch"], "scale": 0.01}),
            Preset(
                "Fresh block, small start",
                {"method": _GROWN[2], "scale": 0.01, "stages": 8, "alpha": 1},
            ),
            Preset("Two stages", {"method": _GROWN[1], "scale": 0.5, "stages": 2, "alpha": 1}),
        ),
        caption=(
            "Eight layers I + W of width 8; the target is the eighth power of a rotation by at "
            "most a quarter. Gradient descent on the squared distance, five starts with entries "
            "of variance s²/8. In k stages, blocks of 8/k layers are added; stage i trains in "
            "proportion to the power α of i."
        ),
        alt=(
            "From large weights, layers trained from scratch have nothing to do with each other, "
            "and copies of one make the network worse. Layers grown one by one are nearly equal, "
            "and the network goes on to the right rotation. From small weights all is nearly equal "
            "without growing."
        ),
    )


def _stairs(stages: int, alpha: int) -> np.ndarray:
    """The number of layers over the share of steps: (step, xy), as many for any schedule."""
    ends = np.cumsum(schedule(stages, _FINE, alpha)) / _FINE
    at = np.concatenate([[0.0], np.repeat(ends, 2)])
    layers = DEPTH // stages * np.arange(1, stages + 1)
    points = np.stack([at, np.append(np.repeat(layers, 2), 0.0)], axis=1)
    points = np.concatenate([[[0.0, 0.0]], points])
    return np.pad(points, ((0, 2 * max(STAGES) + 2 - len(points)), (0, 0)), mode="edge")


def _path(run: Held, seed: int) -> np.ndarray:
    """Loss and error, thinned to a number of points that is the same for all."""
    points = np.maximum(run.path[seed], [LOSS_FLOOR, _FLOOR])
    return points[np.linspace(0, len(points) - 1, _POINTS).round().astype(int)]
