"""The explorable "logistic": the scale against the training accuracy."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import ITEM, Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.logistic_data import logistic_data
from implicitbias.explore.loss_axis import loss_axis, rounded
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.heatmap import HeatMap
from implicitbias.explore.panels.stems import Marks, Stems
from implicitbias.explore.text import Clause
from implicitbias.problems import Problem, sparse_classification

SCALES = np.logspace(-2, 2, 13)
DEPTHS = (2, 3)
DIGITS = np.logspace(0.25, 4.25, 33)

_STEP = 1 / 500  # of a direction: a pixel is about a hundredth
_FLOOR = 1e-6
_GUIDES = {"one_tenth": 0.1, "one": 1.0, "ten": 10.0}

# Decimal logarithms of a flow time: steps of size one, a billion a second, for a year and since the
# Big Bang (4.35e17 s).
_YEAR, _UNIVERSE = 16.5, 26.6
_HOURS, _YEARS, _NEVER = 0, 1, 2
_FLOAT64 = 308


def logistic(
    problems: Mapping[str, Problem] | None = None,
    *,
    scales: Sequence[float] = tuple(SCALES),
    depths: Sequence[float] = DEPTHS,
    digits: Sequence[float] = tuple(DIGITS),
) -> Explorable:
    """Diagonal networks trained on separable classes from every scale to every accuracy.

    Args:
        problems: by name, labels -1 and +1. By default the two of the chapter.
        scales: initial scales, increasing.
        depths: numbers of layers.
        digits: decimal logarithms of one over the loss, increasing; all samples are on their side
            of the border once they exceed that of the number of samples.

    Returns:
        The explorable ``"logistic"``.

    Raises:
        ValueError: labels that cannot be separated, or scales or digits out of order.
    """
    problems = _problems() if problems is None else problems
    data = {name: logistic_data(each, scales, depths, digits) for name, each in problems.items()}
    return Explorable(figure(data, scales=scales, depths=depths, digits=digits))


def figure(
    data: Mapping[str, Mapping[str, Any]],
    *,
    scales: Sequence[float],
    depths: Sequence[float],
    digits: Sequence[float],
) -> Figure:
    """What the explorable shows of computed data, one entry a problem (see ``logistic_data``)."""
    runs = list(data.values())
    over = ("data", "depth", "scale", "digits")
    middle = scales[len(scales) // 2]
    digits = tuple(digits)
    hundreds, thousands = digits[len(digits) // 2], digits[(3 * len(digits)) // 4 - 2]

    def each(name: str, step: float | None = None, log: bool = False) -> Array:
        return Array(over, tuple(run[name] for run in runs), step=step, log=log)

    return Figure(
        name="logistic",
        title="Which separator a diagonal network is at, by scale and training accuracy",
        axes=(
            Axis("data", "Data", tuple(data), kind="choice", start=next(iter(data))),
            Axis(
                "scale",
                "Scale of initialisation",
                tuple(scales),
                symbol="α",
                log=True,
                ends=("small", "large"),
                start=scales[len(scales) // 2],
            ),
            Axis("depth", "Depth", tuple(depths), kind="choice", symbol="D", start=depths[0]),
            loss_axis(digits, start=digits[len(digits) // 4], roles=("kernel", "rich")),
        ),
        arrays={
            "weights": Array(over, tuple(run["weights"] for run in runs), (ITEM,), step=_STEP),
            "between": Array(over, tuple(run["between"] for run in runs), (ITEM,), step=_STEP),
            "l1": Array(("data",), tuple(run["l1"] for run in runs), (ITEM,)),
            "l2": Array(("data",), tuple(run["l2"] for run in runs), (ITEM,)),
            "nearer": Array(
                over, tuple(np.log10(run["to_l1"] / run["to_l2"]) for run in runs), step=0.02
            ),
            "to_l1": each("to_l1", 0.004, log=True),
            "to_l2": each("to_l2", 0.004, log=True),
            "to_between": each("to_between", 0.004, log=True),
            "mu": each("mu", 0.004, log=True),
            "excess": each("excess", 0.05),
            "log_time": Array(over, tuple(rounded(run["log_time"]) for run in runs)),
            "zeros": Array(("digits",), rounded(digits)),
            "patience": Array(over, tuple(_patience(run["log_time"]) for run in runs), step=1),
            "beyond": Array(("digits",), np.greater(digits, _FLOAT64), step=1),
            **{
                name: Array(("depth", "scale"), mu * _amplitudes(depths, scales) / np.log(10))
                for name, mu in _GUIDES.items()
            },
        },
        panels=(
            HeatMap(
                "The map",
                "Training goes straight up. Drag the marker; its number is log₁₀ of the ratio of "
                "the distances to the two limits.",
                "scale",
                "digits",
                "nearer",
                ((-2.0, "nearer to least ℓ₁ norm", "rich"), (2.0, "to least ℓ₂ norm", "kernel")),
                guides=tuple(
                    Line(name, f"μ = {mu:g}" if mu == 1 else f"{mu:g}", "ink", dashed=mu != 1)
                    for name, mu in _GUIDES.items()
                ),
            ),
            Curves(
                "The way up",
                "Largest difference of a weight from each separator, as training goes on.",
                axis="digits",
                lines=(
                    Line("to_l2", "least ℓ₂ norm", "kernel", dashed=True),
                    Line("to_l1", "least ℓ₁ norm", "rich"),
                    Line("to_between", "least potential at this μ", "ink"),
                ),
                floor=_FLOOR,
            ),
            Stems(
                "The weights, over the sum of their sizes",
                "weights",
                "this network's weights",
                marks=(
                    Marks("l2", "the separator of least ℓ₂ norm", "tick", "kernel"),
                    Marks("l1", "of least ℓ₁ norm", "ring", "rich"),
                    Marks("between", "of least potential at this μ", "tick", "ink"),
                ),
            ),
        ),
        reading=(
            Clause(
                "At α = {scale} and depth {depth}, when log₁₀ 1/L = {zeros}, μ = {mu}, and the ℓ₁ "
                "norm is {excess} % above the least one. The flow time is log₁₀ t = {log_time}"
            ),
            Clause(".", when={"patience": (_HOURS,)}),
            Clause(
                ": in steps of size one, a billion a second, more than a year.",
                when={"patience": (_YEARS,)},
            ),
            Clause(
                ": in steps of size one, a billion a second, more than the age of the universe.",
                when={"patience": (_NEVER,)},
            ),
            Clause(" No double precision number is as small as this loss.", when={"beyond": (1,)}),
        ),
        presets=(
            Preset(
                "Still a kernel", {"scale": max(scales), "depth": depths[0], "digits": hundreds}
            ),
            Preset("Crossing over", {"scale": middle, "depth": depths[0], "digits": thousands}),
            Preset("Least ℓ₁ norm", {"scale": middle, "depth": depths[-1], "digits": max(digits)}),
            Preset(
                "Neither, for ever",
                {
                    "data": list(data)[-1],
                    "scale": min(scales),
                    "depth": depths[-1],
                    "digits": max(digits),
                },
            ),
        ),
        items=tuple(tuple(f"w{j + 1}" for j in range(len(run["l1"]))) for run in runs),
        caption=(
            "Gradient flow on the exponential loss of w = uᴰ − vᴰ with u(0) = v(0) = α, in "
            "log(1/loss) as time, computed by the library in the dual variable. Distances are "
            "between weights over their least margin. Lines across the map: the loss at which the "
            "margin is μ times αᴰ. Colour is full where one distance is a hundred times the other."
        ),
        alt=(
            "Below the line μ = 1 the network is near the separator of least ℓ₂ norm, far above "
            "it near that of least ℓ₁ norm; from a large scale the crossing needs losses far below "
            "what double precision can hold. At depth three and a small scale, training ends near "
            "neither."
        ),
    )


def _patience(log_time: np.ndarray) -> np.ndarray:
    return np.where(log_time < _YEAR, _HOURS, np.where(log_time < _UNIVERSE, _YEARS, _NEVER))


def _amplitudes(depths: Sequence[float], scales: Sequence[float]) -> np.ndarray:
    return np.asarray(scales) ** np.asarray(depths)[:, None]


def _problems() -> dict[str, Problem]:
    return {
        "twelve weights": sparse_classification(8, 12, (1.0, 0.6), seed=10),
        "four weights": sparse_classification(6, 4, (1.0, 0.4), seed=100),
    }
