"""The explorable "growing-second-unit": a copy, a silent unit and a loud one, in closed form."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.plane import Extent, Outline, Plane, Points
from implicitbias.explore.text import Clause
from implicitbias.studies.growing import crossing_time, second_unit_flow

RATIOS = (-0.9, -0.6, -0.3, 0.3, 0.6)
SIZES = (0.1, 0.2, 0.4, 0.8)
LAGS = tuple(np.round(np.linspace(0, 6, 31), 1))


def growing_second_unit() -> Explorable:
    """Four ways to give a network with one hidden unit a second one, after any lag.

    Returns:
        The explorable ``"growing-second-unit"``.
    """
    over, place = ("ratio", "size", "lag"), ("ratio", "size")
    units = np.array([[second_unit_flow(a, r * a, 1.0, LAGS) for a in SIZES] for r in RATIOS])
    silent = np.array([second_unit_flow(a, 0.0, 1.0, LAGS) for a in SIZES])

    def loss(pairs: np.ndarray) -> np.ndarray:
        return (1 - pairs.prod(axis=-2)) ** 2 / 2

    late = np.linspace(0, 40, 400)
    paths = np.array([[second_unit_flow(a, r * a, 1.0, late).T for a in SIZES] for r in RATIOS])
    u = np.geomspace(0.4, 4, 60)
    crossings = [[crossing_time(a, min(r, 0.0) * a, 1.0) for a in SIZES] for r in RATIOS]
    figure = Figure(
        name="growing-second-unit",
        title="The loss after a second hidden unit was added, by kind of growth and lag",
        axes=(
            Axis("lag", "Lag", LAGS, symbol="t", start=1.0),
            Axis("ratio", "Output over input, loud unit", RATIOS, symbol="b/a", start=-0.6),
            Axis("size", "Size of its input", SIZES, symbol="a", log=True, start=0.4),
        ),
        arrays={
            "copy": Array(("lag",), np.full(len(LAGS), 0.5)),
            "silent": Array(("size", "lag"), loss(silent), step=1e-3),
            "loud": Array(over, loss(units), step=1e-3),
            "product": Array(over, units.prod(axis=-2), step=1e-3),
            "crossing": Array(place, np.array(crossings), step=1e-2),
            "backwards": Array(("ratio",), np.less(RATIOS, 0).astype(float), step=1),
            "path": Array(place, paths, inner=("step", "xy"), step=1e-3),
            "solution": Array((), np.stack([u, 1 / u], axis=1), inner=("step", "xy"), step=1e-3),
            "here": Array(over, np.moveaxis(units, -2, -1)[..., None, :], ("point", "xy"), 1e-3),
            "silent_here": Array(
                ("size", "lag"), silent.swapaxes(1, 2)[..., None, :], ("point", "xy"), 1e-3
            ),
        },
        panels=(
            Curves(
                "Loss after the second unit was added",
                "Drag to move the lag.",
                axis="lag",
                lines=(
                    Line("copy", "copied or split", "ink", dashed=True),
                    Line("silent", "silent: no output yet", "kernel"),
                    Line("loud", "loud", "run"),
                ),
            ),
            Plane(
                "The new unit's input and output weight",
                "It moves along a hyperbola; on the other curve the loss is zero.",
                Extent("input u", 0, 2.2),
                Extent("output v", -0.9, 2.2),
                (
                    Outline("path", "its path", "run"),
                    Outline("solution", "uv = 1", "ink", dash="5 4"),
                    Points("silent_here", "silent", "kernel", "ring"),
                    Points("here", "loud", "run", "dot"),
                ),
            ),
        ),
        reading=(
            Clause(
                "At lag {lag} the copied or split unit has the loss {copy}, as at the start and "
                "for ever; the silent one, with an input of size {size}, has {silent}, and the "
                "loud one, whose output was {ratio} times its input, {loud}."
            ),
            Clause(
                " The loud one, whose output points the wrong way at first, overtakes the copy at "
                "lag {crossing}.",
                when={"backwards": (1.0,)},
            ),
        ),
        presets=(
            Preset("At initialisation", {"lag": 0, "ratio": -0.6, "size": 0.4}),
            Preset("A lag that is too short", {"lag": 0.4, "ratio": -0.9, "size": 0.8}),
            Preset("A lag that is enough", {"lag": 2.0, "ratio": -0.9, "size": 0.8}),
            Preset("Nearly on the saddle", {"lag": 1.0, "ratio": -0.9, "size": 0.1}),
        ),
        caption=(
            "A linear network with one hidden unit has learned the larger of two singular values; "
            "the other is s = 1. It gets a second unit: the first again with shares of its output, "
            "a fresh one without output, or a fresh one with an output b that need not have the "
            "right sign. Gradient flow, in closed form."
        ),
        alt=(
            "The loss of a copied or split unit stays at one half for ever. A unit without output "
            "begins at the same loss and one with an output of the wrong sign above it; both end "
            "at zero."
        ),
    )
    return Explorable(figure)
