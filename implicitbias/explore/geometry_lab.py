"""The explorable "geometry-lab": two weights, one data point, four ways down."""

import numpy as np

from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.geometry_lab_data import ENDED, LEFT, MOVING, NONE, compute
from implicitbias.explore.model import Model
from implicitbias.explore.panels.plane import (
    Ellipses,
    Extent,
    Forbidden,
    Handle,
    Outline,
    Plane,
    Points,
    Trail,
)
from implicitbias.explore.text import Clause

_GEOMETRIES = ("Euclidean", "entropy", "hypentropy", "p-norm", "deep network", "single neuron")
_NEURON = {"geometry": ("single neuron",)}
_POSITIVE = {"geometry": ("entropy",)}
_SCALED = {"geometry": ("hypentropy", "deep network")}
_POINTS, _STEPS = ("point", "xy"), ("step", "xy")
_METHODS = {
    "mirror": "mirror descent",
    "natural": "natural gradient descent",
    "parameters": "gradient descent on the parameters",
}


def geometry_lab() -> Explorable:
    """A laboratory in two dimensions: mirror maps, metrics and four algorithms on one data point.

    Returns:
        The explorable ``"geometry-lab"``. The page computes it anew in every state.
    """
    return Explorable(figure())


def figure() -> Figure:
    """The figure of ``geometry_lab``, without the widget around it."""
    return Figure(
        name="geometry-lab",
        title="A laboratory in two dimensions",
        axes=_axes(),
        arrays={},
        model=Model("geometry-lab", _arrays(), compute),
        panels=(_primal(), _dual()),
        reading=_reading(),
        presets=(
            Preset("All the same", {"geometry": "Euclidean", **_place(-1, 0.6, 1.2, 0.9)}),
            Preset(
                "A corner",
                {"geometry": "hypentropy", "scale": 0.001, **_place(0, 0, 1.2, 0.8)},
            ),
            Preset(
                "The step matters",
                {
                    "geometry": "hypentropy",
                    "scale": 0.3,
                    "step": 1.5,
                    **_place(-0.6, 1.2, 1.2, 0.9),
                },
            ),
            Preset(
                "No mirror map",
                {"geometry": "single neuron", "step": 1.0, **_place(-1.2, 0.4, 1.2, 0.9)},
            ),
        ),
        caption=(
            "The loss is ½(⟨x, w⟩ − y)² with ‖x‖ = 1; its solutions are a line, which you drag by "
            "its point nearest to zero, y x. Everything is computed anew in each state, by closed "
            "forms; a test holds the page to the library. Step sizes are in units of "
            "1/⟨x, ρ⁻¹x⟩ at the end of the flow, with which the last step of each descent would "
            "land on the line. Time ends when a thousandth of the misfit is left. Ellipses are "
            "steps of one length in the metric ρ. Where a geometry has no such start (weights of "
            "the entropy must be positive, those of a p-norm not zero, and a neuron must not face "
            "straight away from the data), the nearest one that it has is taken."
        ),
        alt=(
            "Gradient flow and mirror descent run along a straight line in the dual space, and end "
            "where a level set of the Bregman divergence from the start touches the line of "
            "solutions. Natural gradient descent and gradient descent on parameters with finite "
            "steps end elsewhere on it."
        ),
    )


def _place(start_x: float, start_y: float, data_x: float, data_y: float) -> dict[str, float]:
    """A start and a line, and all of the time."""
    return {
        "start_x": start_x,
        "start_y": start_y,
        "data_x": data_x,
        "data_y": data_y,
        "time": 100,
    }


def _axes() -> tuple[Axis, ...]:
    places = tuple(np.round(np.arange(-300, 301) / 100, 2))
    foots = tuple(np.round(np.arange(5, 251) / 100, 2))
    norms = (*np.round(np.arange(1.1, 3, 0.1), 1), *np.arange(3, 6.5, 0.5))
    return (
        Axis("geometry", "Geometry", _GEOMETRIES, kind="choice", start="hypentropy"),
        Axis("time", "Time", tuple(range(101)), kind="time", reads="clock"),
        Axis(
            "step",
            "Step size",
            tuple(np.round(np.geomspace(0.05, 2.5, 52), 3)),
            symbol="η",
            log=True,
            start=0.7,
        ),
        Axis(
            "scale",
            "Scale",
            tuple(float(f"{v:.3g}") for v in np.geomspace(1e-3, 10, 81)),
            symbol="β",
            log=True,
            start=0.3,
            when=_SCALED,
        ),
        Axis(
            "depth",
            "Depth",
            (3, 4, 5, 6),
            symbol="D",
            start=3,
            when={"geometry": ("deep network",)},
        ),
        Axis("p", "Norm", norms, symbol="p", start=1.5, when={"geometry": ("p-norm",)}),
        Axis("start_x", "Start, first weight", places, start=-1.0, folded=True),
        Axis("start_y", "Start, second weight", places, start=0.6, folded=True),
        Axis("data_x", "Line, first coordinate", foots, start=1.2, folded=True),
        Axis("data_y", "Line, second coordinate", foots, start=0.9, folded=True),
    )


def _arrays() -> dict[str, tuple[str, ...]]:
    drawn = {
        **dict.fromkeys(("start", "limit"), _POINTS),
        **dict.fromkeys(("line", "flow", "flow_whole"), _STEPS),
        **{name + part: _STEPS for name in _METHODS for part in ("", "_whole")},
    }
    places = (f"{when}_{which}" for when in ("now", "end") for which in ("first", "second"))
    ends = (f"{name}_{what}" for name in _METHODS for what in ("status", "miss"))
    numbers = ("clock", "step_size", *places, *ends)
    return {
        **drawn,
        **{f"dual_{name}": inner for name, inner in drawn.items()},
        "kernel": _POINTS,
        "level": _STEPS,
        "forbidden": _STEPS,
        "metric": ("point", "tensor"),
        **dict.fromkeys(numbers, ()),
    }


def _trails(prefix: str) -> tuple[Trail, ...]:
    def trail(name, label, role, dash="", dots=True, square=False, unless=""):
        said = (Clause(label, unless={"geometry": (unless,)}),) if unless else label
        shape = "square" if square else "dot"
        return Trail(prefix + name, said, role, dash, dots, shape, f"{prefix}{name}_whole")

    return (
        trail("parameters", "descent on parameters", "ink", "2 4", unless="p-norm"),
        trail("natural", "natural gradient", "soft", "9 4", square=True),
        trail("mirror", "mirror descent", "run", "1 3", unless="single neuron"),
        trail("flow", "gradient flow", "run", dots=False),
    )


def _primal() -> Plane:
    return Plane(
        "The weights",
        "Drag the start and the line of solutions, or use Tab and the arrow keys.",
        Extent("first weight w₁", -3.1, 3.1),
        Extent("second weight w₂", -3.1, 3.1),
        (
            Forbidden("forbidden", (Clause("not in the domain", when=_POSITIVE),)),
            Ellipses("metric", "steps of one length", "soft", 1.0),
            Outline("line", "solutions", "ink"),
            Outline("level", "level set through the end", "soft", "4 3"),
            *_trails(""),
            Points("kernel", "end if the metric stood still", "kernel", "ring"),
            Points("limit", "end of the flow", "run", "cross"),
            Handle("data_x", "data_y", "line of solutions", "ink"),
            Handle("start_x", "start_y", "start", "run", at="start"),
        ),
    )


def _dual() -> Plane:
    return Plane(
        (
            Clause("Their dual variables", unless=_NEURON),
            Clause("The weights of the neuron's inputs", when=_NEURON),
        ),
        "Scaled to fit. The flow is straight, along x.",
        Extent("z₁", -1.15, 1.15),
        Extent("z₂", -1.15, 1.15),
        (
            Outline("dual_line", "solutions", "ink"),
            *_trails("dual_"),
            Points("dual_start", "start", "run", "ring"),
            Points("dual_limit", "end of the flow", "run", "cross"),
        ),
    )


def _reading() -> tuple[Clause, ...]:
    said = [
        Clause(
            "After time {clock} gradient flow has come to ({now_first}, {now_second}). ",
            unless={"time": (100,)},
        ),
        Clause(
            "Gradient flow ends at ({end_first}, {end_second}), where the level set of the "
            "divergence from the start touches the line. "
        ),
    ]
    for name, words in _METHODS.items():
        status, miss = f"{name}_status", f"{name}_miss"
        start = words[0].upper() + words[1:]
        there = {status: (ENDED,), miss: (0,)}
        said += [
            Clause(f"{start} ends there too. ", when=there),
            Clause(
                f"{start} ends {{{miss}}} away from it. ", when={status: (ENDED,)}, unless=there
            ),
            Clause(f"{start} is still off the line after 800 steps. ", when={status: (MOVING,)}),
            Clause(f"{start} leaves the picture. ", when={status: (LEFT,)}),
        ]
    return (
        *said,
        Clause(
            "The metric is no Hessian, so there is no mirror descent. ",
            when={"mirror_status": (NONE,)},
        ),
        Clause("No network is drawn for the p-norm. ", when={"parameters_status": (NONE,)}),
    )
