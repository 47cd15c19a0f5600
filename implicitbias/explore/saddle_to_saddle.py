"""The explorable "saddle-to-saddle": flows of smaller and smaller scales, over their staircase."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import ITEM, Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.staircase import Staircase
from implicitbias.explore.text import Clause
from implicitbias.flows import Jumps, gradient_flow, saddle_to_saddle as jumps_of
from implicitbias.limits import scale_path
from implicitbias.parametrizations import DiagonalNetwork
from implicitbias.problems import Problem, diabetes, sparse_regression

EXPONENTS = (64, 56, 48, 40, 32, 28, 24, 20, 16, 12, 10, 8, 6, 5, 4, 3, 2)
SCALES = tuple(10.0**-exponent for exponent in EXPONENTS)
STEPS = 150
NEAR = 0.05
"""A flow visits a saddle if no weight is off by more than this share of the largest of all."""

_PIXEL = 1 / 300
_FLOOR = 1e-11
_INSIDE = np.linspace(0.1, 0.9, 9)  # where, between two jumps, a flow may be near the saddle


class Run(NamedTuple):
    """The jumps of a problem, and the flows from each scale over the clock of the jumps."""

    jumps: Jumps
    clock: np.ndarray  # "t"
    weights: np.ndarray  # "s t d"
    visited: np.ndarray  # "s": near how many of the places between jumps the flow comes
    left: np.ndarray  # "s": largest distance of the end of training from the last jump


def saddle_to_saddle(problems: Mapping[str, Problem] | None = None) -> Explorable:
    """Training from scales between 1e-2 and 1e-64, and the jumps of the limit.

    Args:
        problems: by name. By default the sparse regression of the first chapter and ten patients
            of the diabetes data of Efron et al. (2004), with all products of two measurements.

    Returns:
        The explorable ``"saddle-to-saddle"``.

    Raises:
        ValueError: a problem without an interpolating solution, or whose features tie.
    """
    if problems is None:
        problems = {"sparse regression": sparse_regression(20, 40, 4, seed=0)}
        problems |= {"diabetes": diabetes(10)}
    runs = {name: run(problem) for name, problem in problems.items()}
    return Explorable(figure(runs, {name: _names(p) for name, p in problems.items()}))


def run(problem: Problem, scales: tuple[float, ...] = SCALES) -> Run:
    """The flows of a problem from each scale, in time over half the logarithm of 1/scale."""
    jumps = jumps_of(problem.X, problem.y)
    times = np.asarray(jumps.times)
    clock = np.linspace(0, 1.25 * times[-1], STEPS)
    inside = times[:-1, None] + np.diff(times)[:, None] * _INSIDE
    moments = np.unique(np.concatenate([clock, inside.ravel()]))
    flows = []
    for scale in scales:
        flow_times = moments[1:] * np.log(1 / scale) / 2
        flow = gradient_flow(DiagonalNetwork(2, scale), problem.X, problem.y, flow_times)
        flows.append(np.vstack([np.zeros(flow.weights.shape[1]), flow.weights]))
    flows = np.stack(flows)
    between = flows[:, np.searchsorted(moments, inside)]
    gaps = np.abs(between - np.asarray(jumps.weights)[:-1, None]).max(-1).min(-1)
    near = gaps < NEAR * np.abs(jumps.weights).max()
    ends = scale_path(problem.X, problem.y, 2, np.array(scales)).weights
    left = np.abs(ends - jumps.weights[-1]).max(1)
    return Run(jumps, clock, flows[:, np.searchsorted(moments, clock)], near.sum(1), left)


def figure(runs: Mapping[str, Run], names: Mapping[str, tuple[str, ...]]) -> Figure:
    """What the explorable shows of computed runs, one a problem."""
    every = list(runs.values())
    sizes = [float(np.abs(each.weights).max()) for each in every]
    over = ("data", "scale")
    return Figure(
        name="saddle-to-saddle",
        title="Training from small scales, and the jumps that it tends to",
        axes=(
            Axis("data", "Data", tuple(runs), kind="choice", start=next(iter(runs))),
            Axis(
                "scale",
                "Scale of initialisation",
                SCALES,
                symbol="α",
                log=True,
                ends=("smaller than any in use", "small"),
                start=1e-16,
            ),
        ),
        arrays={
            "jump_times": Array(("data",), [each.jumps.times for each in every], inner=("jump",)),
            "jump_weights": Array(
                ("data",), [each.jumps.weights for each in every], inner=("jump", ITEM)
            ),
            "clock": Array(("data",), [each.clock for each in every], inner=("step",)),
            "weights": Array(
                over,
                [each.weights for each in every],
                inner=("step", ITEM),
                step=[size * _PIXEL for size in sizes],
            ),
            "visited": Array(over, [each.visited for each in every]),
            "left": Array(over, [each.left for each in every]),
            "most": Array(over, [0 * each.visited + len(each.jumps.times) - 1 for each in every]),
            "rests": Array(("data",), [len(each.jumps.times) - 1 for each in every]),
            "jumps": Array(("data",), [len(each.jumps.times) for each in every]),
            "all": Array(
                over,
                [np.where(each.visited == len(each.jumps.times) - 1, 1, 0) for each in every],
                step=1,
            ),
        },
        panels=(
            Staircase(
                "Each weight in time",
                "Dashed: the limit of small scale, with a dotted line at each jump. Green: "
                "training from the scale below.",
                "jump_times",
                "jump_weights",
                "clock",
                "weights",
                "time 2t / ln(1/α)",
            ),
            Curves(
                "How many of the saddles it visits",
                "Of those between two jumps. Drag to move the scale.",
                axis="scale",
                lines=(
                    Line("most", "all there are", "ink", dashed=True),
                    Line("visited", "visited", "run"),
                ),
            ),
            Curves(
                "How far from the last jump training ends",
                "The largest difference of a weight.",
                axis="scale",
                lines=(Line("left", "", "run"),),
                floor=_FLOOR,
            ),
        ),
        reading=(
            Clause("From α = {scale}, training visits {visited} of the {rests} saddles "),
            Clause("between the {jumps} jumps of the limit, and ends {left} from the last jump. "),
            Clause("Every step can be seen.", when={"all": (1,)}),
            Clause(
                "At the others it turns before it has arrived, as the next jump is too near.",
                when={"all": (0,)},
            ),
        ),
        presets=(
            Preset("What a computer trains", {"scale": 1e-4}),
            Preset("A staircase", {"scale": 1e-64, "data": next(iter(runs))}),
            Preset("Too many steps", {"scale": 1e-64, "data": list(runs)[-1]}),
        ),
        items=tuple(names[name] for name in runs),
        caption=(
            "Gradient flow on a diagonal network of depth two, computed by the library in the dual "
            "variable, from scales down to 10⁻⁶⁴; the jumps by the algorithm of the chapter, which "
            "knows no scale. A saddle is visited if all weights come within 5 % of the largest one "
            "at some moment between its two jumps. Distances below 10⁻¹¹ are lost in rounding and "
            "lie on the lower edge."
        ),
        alt=(
            "The smaller the scale, the more the curves of the weights are steps, each at the time "
            "that the limit predicts; where jumps follow each other closely they stay round even "
            "at a scale of 10⁻⁶⁴."
        ),
    )


def _names(problem: Problem) -> tuple[str, ...]:
    numbered = (f"w{j + 1}" for j in range(np.shape(problem.X)[1]))
    return tuple(problem.feature_names or numbered)
