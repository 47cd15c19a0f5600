"""The explorable "scale-and-depth": from the minimum-l2 solution to the sparse one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import ITEM, Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.paths import Paths
from implicitbias.explore.panels.stems import Marks, Stems
from implicitbias.explore.scale_and_depth_data import scale_and_depth_data
from implicitbias.explore.scale_axis import scale_axis
from implicitbias.explore.text import Clause
from implicitbias.explore.time_axis import time_axis
from implicitbias.problems import Problem, diabetes, sparse_regression

SCALES = np.logspace(-6, 1, 29)
DEPTHS = (2, 3, 4, 6, 10)
SAMPLES = 40

# Resolutions. A pixel is about a hundredth of the largest weight, so that paths are drawn to a
# third of one; end points are read out to four digits. Times and movements, to a half per cent.
_PATH, _END, _LOG_TIME, _LOG_MOVEMENT = 1 / 250, 1 / 30000, 0.002, 0.004

_FLOOR = 1e-12
_NEAR = 0.1
"""An end point is near a limit when it has come this part of the way between the two limits."""

_KERNEL, _BETWEEN, _RICH = 0, 1, 2


def scale_and_depth(
    problems: Mapping[str, Problem] | None = None,
    *,
    scales: Sequence[float] = tuple(SCALES),
    depths: Sequence[float] = DEPTHS,
    samples: int = SAMPLES,
) -> Explorable:
    """Diagonal networks of several depths, trained from every scale on some problems.

    Args:
        problems: by name. By default the sparse regression of the chapter and the diabetes data of
            Efron et al. (2004) with their pairwise products.
        scales: initial scales, increasing.
        depths: numbers of layers.
        samples: points of time kept of each training run.

    Returns:
        The explorable ``"scale-and-depth"``.

    Raises:
        ValueError: a problem without an interpolating solution, or scales out of order.
    """
    problems = _problems() if problems is None else problems
    return Explorable(figure_of(problems, scales=scales, depths=depths, samples=samples))


def figure_of(
    problems: Mapping[str, Problem],
    *,
    scales: Sequence[float] = tuple(SCALES),
    depths: Sequence[float] = DEPTHS,
    samples: int = SAMPLES,
) -> Figure:
    """The figure of ``scale_and_depth``, without the widget around it."""
    data = {
        name: scale_and_depth_data(problem, scales, depths, samples)
        for name, problem in problems.items()
    }
    names = {name: _names(problem) for name, problem in problems.items()}
    return figure(data, names, scales=scales, depths=depths)


def figure(
    data: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, tuple[str, ...]],
    *,
    scales: Sequence[float],
    depths: Sequence[float],
) -> Figure:
    """What the explorable shows of computed data, one entry a problem (see ``scale_and_depth``)."""
    runs = list(data.values())
    samples = np.shape(runs[0]["times"])[-1]
    over = ("data", "depth", "scale")
    sizes = [float(np.abs(run["weights"]).max()) for run in runs]
    apart = [np.abs(np.asarray(run["l1"]) - np.asarray(run["l2"])).max() for run in runs]
    return Figure(
        name="scale-and-depth",
        title="Which solution a diagonal network finds, by scale, depth and training time",
        axes=(
            Axis("data", "Data", tuple(data), kind="choice", start=next(iter(data))),
            scale_axis(scales, start=_nearest(scales, 1e-3)),
            Axis("depth", "Depth", tuple(depths), kind="choice", symbol="D", start=depths[0]),
            time_axis(samples, reads="times", end="converged"),
        ),
        arrays={
            "weights": Array(
                (*over, "time"),
                tuple(run["weights"] for run in runs),
                inner=(ITEM,),
                step=[size * _PATH for size in sizes],
            ),
            "endpoint": Array(
                over,
                tuple(run["endpoint"] for run in runs),
                inner=(ITEM,),
                step=[size * _END for size in sizes],
            ),
            "times": Array(
                (*over, "time"), tuple(run["times"] for run in runs), step=_LOG_TIME, log=True
            ),
            "movement": Array(
                (*over, "time"),
                tuple(run["kernel_movement"] for run in runs),
                step=_LOG_MOVEMENT,
                log=True,
            ),
            "to_l1": Array(over, tuple(run["to_l1"] for run in runs)),
            "to_l2": Array(over, tuple(run["to_l2"] for run in runs)),
            "l2": Array(("data",), tuple(run["l2"] for run in runs), inner=(ITEM,)),
            "l1": Array(("data",), tuple(_unless_true(run) for run in runs), inner=(ITEM,)),
            "truth": Array(("data",), tuple(run["truth"] for run in runs), inner=(ITEM,)),
            "carriers": Array(
                (*over, "time"), tuple(_carriers(run["weights"]) for run in runs), step=1
            ),
            "count": Array(("data",), [np.shape(run["l1"])[0] for run in runs]),
            "regime": Array(
                over,
                tuple(_regime(run, far) for run, far in zip(runs, apart, strict=True)),
                step=1,
            ),
        },
        panels=(
            Stems(
                (
                    Clause("The weights training ends with", when={"time": (100.0,)}),
                    Clause("The weights during training", unless={"time": (100.0,)}),
                ),
                array="weights",
                label="this network's weights",
                final="endpoint",
                marks=(
                    Marks("l2", "the minimum-ℓ₂ fit", "tick", "kernel"),
                    Marks("l1", "the sparse fit, of least ℓ₁ norm", "ring", "rich"),
                    Marks("truth", "the true weights", "ring", "ink"),
                ),
            ),
            Paths("How they got there", "Each weight during training.", "weights", "times"),
            Curves(
                "Where you stand",
                "Largest distance of the end point from each limit. Drag to move the scale.",
                axis="scale",
                lines=(
                    Line("to_l2", "to the minimum-ℓ₂ fit", "kernel", dashed=True),
                    Line("to_l1", "to the sparse fit", "rich"),
                ),
                floor=_FLOOR,
                bands="regime",
                band_labels=((_RICH, "feature learning", "rich"), (_KERNEL, "kernel", "kernel")),
            ),
            Curves(
                "How far the tangent kernel moved",
                "Relative to its size at the start.",
                axis="scale",
                lines=(Line("movement", "", "ink"),),
                floor=_FLOOR,
                bands="regime",
                band_labels=((_RICH, "feature learning", "rich"), (_KERNEL, "kernel", "kernel")),
            ),
        ),
        reading=(
            Clause("At α = {scale} and depth {depth}, ", when={"time": (100.0,)}),
            Clause(
                "At α = {scale} and depth {depth}, after time t = {times}, ",
                unless={"time": (100.0,)},
            ),
            Clause("no weight has moved yet. ", when={"carriers": (0,)}),
            Clause(
                "{carriers} of the {count} weights carry 95 % of the solution. ",
                unless={"carriers": (0, 1)},
            ),
            Clause("one of the {count} weights carries 95 % of it. ", when={"carriers": (1,)}),
            Clause("The tangent kernel has moved by {movement} times its size. "),
            Clause(
                "Training ends {to_l1} away from the sparse fit and {to_l2} from the "
                "minimum-ℓ₂ fit: "
            ),
            Clause("feature learning.", when={"regime": (_RICH,)}),
            Clause("a kernel machine.", when={"regime": (_KERNEL,)}),
            Clause("in between.", when={"regime": (_BETWEEN,)}),
        ),
        presets=(
            Preset("Watch it act as a kernel", {"scale": max(scales), "time": 100.0}),
            Preset("Halfway", {"scale": _nearest(scales, 0.1), "time": 100.0}),
            Preset("Nearly sparse", {"scale": min(scales), "time": 100.0}),
            Preset("One weight at a time", {"scale": min(scales), "depth": 3, "time": 50.0}),
        ),
        items=tuple(names[name] for name in data),
        caption=(
            "Gradient flow on a diagonal linear network w = uᴰ − vᴰ with u(0) = v(0) = α, on data "
            "with fewer samples than weights. Every run was computed by the library: the path and "
            "its end in the dual variable, the limits by linear programming and least squares. "
            "Distances are largest differences over the weights; below 10⁻¹² they lie on the lower "
            "edge. Shaded: the end point is within a tenth of the way of one limit."
        ),
        alt=(
            "From a small initial scale, training ends on the sparse solution; from a large one, "
            "on the solution of least ℓ₂ norm. The deeper the network, the larger the scales from "
            "which it finds the sparse one, and the sharper the change."
        ),
    )


def _carriers(weights: Any) -> np.ndarray:
    """How many weights, largest first, it takes for 95 % of the sum of their sizes."""
    sizes = -np.sort(-np.abs(np.asarray(weights)), axis=-1)
    total = sizes.sum(axis=-1, keepdims=True)
    return np.where(total[..., 0] > 0, (np.cumsum(sizes, -1) < 0.95 * total).sum(-1) + 1, 0)


def _regime(run: Mapping[str, Any], apart: float) -> np.ndarray:
    kernel, rich = run["to_l2"] < _NEAR * apart, run["to_l1"] < _NEAR * apart
    return np.where(rich, _RICH, np.where(kernel, _KERNEL, _BETWEEN))


def _unless_true(run: Mapping[str, Any]) -> Any:
    """The sparse fit, where it is not the truth itself."""
    truth = run["truth"]
    same = truth is not None and np.abs(np.asarray(run["l1"]) - np.asarray(truth)).max() < 1e-6
    return None if same else run["l1"]


def _nearest(values: Sequence[float], value: float) -> float:
    return min(values, key=lambda other: abs(np.log(other / value)))


def _names(problem: Problem) -> tuple[str, ...]:
    numbered = (f"w{j + 1}" for j in range(np.shape(problem.X)[1]))
    return tuple(problem.feature_names or numbered)


def _problems() -> dict[str, Problem]:
    return {"sparse regression": sparse_regression(20, 40, 4, seed=0), "diabetes": diabetes(20)}
