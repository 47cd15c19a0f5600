"""The explorable "dual-polygon": two equations, whose training climbs in a polygon."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import ITEM, Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.plane import Extent, Forbidden, Outline, Plane, Points, Trail
from implicitbias.explore.panels.staircase import Staircase
from implicitbias.explore.saddle_to_saddle import SCALES
from implicitbias.explore.text import Clause
from implicitbias.flows import gradient_flow, saddle_to_saddle
from implicitbias.parametrizations import DiagonalNetwork

FOUR_FEATURES = np.array([[1, 0.5, 0.7, 0], [0.5, 1, 0.1, 0.7]]), np.array([1.0, 0.0])
CLOCK = np.linspace(0, 8, 161)
AWAKE = 0.1
"""A weight is awake if it is larger than this."""


def dual_polygon() -> Explorable:
    r"""Two equations in four weights, in the plane of their two dual variables.

    The saturations of the features are at most 1 in a polygon. From smaller and smaller scales,
    training climbs in it as steeply as it can, along the walls that it meets. The data are the
    example in the appendix of Zhao et al. 2026, arXiv:2607.12332.

    Returns:
        The explorable ``"dual-polygon"``.
    """
    X, y = FOUR_FEATURES
    jumps = saddle_to_saddle(X, y)
    weights, duals = zip(*(_run(X, y, scale) for scale in SCALES), strict=True)
    weights, duals = np.stack(weights), np.stack(duals)
    over = ("scale", "time")
    figure = Figure(
        name="dual-polygon",
        title="Training at small scale climbs in a polygon",
        axes=(
            Axis(
                "scale",
                "Scale of initialisation",
                SCALES,
                symbol="α",
                log=True,
                ends=("smaller than any in use", "small"),
                start=1e-16,
            ),
            Axis("time", "Time", tuple(CLOCK), kind="time", symbol="2t / ln(1/α)", start=5.0),
        ),
        arrays={
            "outside": Array((), _outside(_corners(X.T)), inner=("step", "xy")),
            "limit": Array((), [[0.0, 0.0], *np.asarray(jumps.duals)], inner=("step", "xy")),
            "turns": Array((), np.asarray(jumps.duals), inner=("point", "xy")),
            "path": Array(over, duals, inner=("xy",), step=2e-3),
            "jump_times": Array((), jumps.times, inner=("jump",)),
            "jump_weights": Array((), jumps.weights, inner=("jump", ITEM)),
            "clock": Array((), CLOCK, inner=("step",)),
            "now": Array(("time",), CLOCK),
            "weights": Array(("scale",), weights, inner=("step", ITEM), step=2e-3),
            "first": Array(over, weights[..., 0], step=1e-3),
            "third": Array(over, weights[..., 2], step=1e-3),
            "fourth": Array(over, weights[..., 3], step=1e-3),
            "awake": Array(over, (np.abs(weights) > AWAKE) @ [1, 2, 4, 8], step=1),
        },
        panels=(
            Plane(
                "The two dual variables",
                "Uphill is to the right. The walls met are those of features 1, 3 and 4.",
                Extent("ν₁", -0.7, 2.1),
                Extent("ν₂", -1.7, 0.9),
                (
                    Forbidden("outside", "saturation above 1"),
                    Outline("limit", "limit of small scale", "ink", dash="6 4"),
                    Points("turns", "jumps", "ink", "ring"),
                    Trail("path", "training", "run"),
                ),
            ),
            Staircase(
                "The four weights in time",
                "Dashed: the limit of small scale. Green: training from the scale below.",
                "jump_times",
                "jump_weights",
                "clock",
                "weights",
                "time 2t / ln(1/α)",
                cursor=True,
            ),
        ),
        reading=(
            Clause("From α = {scale}, at time {now}: w₁ = {first}, w₃ = {third}, w₄ = {fourth}. "),
            Clause("No weight is awake.", when={"awake": (0,)}),
            Clause("Pressed against the wall of feature 1.", when={"awake": (1,)}),
            Clause("Pressed against the wall of feature 3.", when={"awake": (4,)}),
            Clause(
                "In the corner of features 3 and 4, which is the highest.", when={"awake": (12,)}
            ),
            Clause(
                "Feature 1 goes back to sleep while feature 3 is awake.",
                when={"awake": (5,)},
            ),
            Clause("At this scale the jumps have run into each other.", when={"awake": (13,)}),
        ),
        presets=(
            Preset("Nearly the limit", {"scale": 1e-64, "time": 5.0}),
            Preset("A small scale", {"scale": 1e-4, "time": 5.0}),
            Preset("The corner", {"scale": 1e-64, "time": 8.0}),
        ),
        items=(("w₁", "w₂", "w₃", "w₄"),),
        caption=(
            "Gradient flow at depth two on two equations in four weights, over ν/(2 ln 1/α). In "
            "the hatched region a feature would have a saturation above 1, and its weight would be "
            "a power of 1/α."
        ),
        alt=(
            "The path goes right until it meets a wall, slides down along it, leaves it for "
            "another wall and ends in the rightmost corner. The smaller the scale, the sharper its "
            "turns."
        ),
    )
    return Explorable(figure)


def _run(X: np.ndarray, y: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights "t 4" and saturations' duals "t 2" over the clock of the jumps."""
    size = np.log(1 / scale)
    flow = gradient_flow(DiagonalNetwork(2, scale), X, y, CLOCK[1:] * size / 2)
    weights, duals = np.asarray(flow.weights), np.asarray(flow.duals) / (2 * size)
    return np.vstack([np.zeros(4), weights]), np.vstack([np.zeros(2), duals])


def _corners(normals: np.ndarray) -> np.ndarray:
    """The closed polygon of the points whose products with the normals are at most 1 in size."""
    corners = []
    for i in range(len(normals)):
        for j in range(i):
            for side in ([1, 1], [1, -1]):
                corner = np.linalg.solve(normals[[i, j]], side)
                if np.abs(normals @ corner).max() <= 1 + 1e-12:
                    corners += [corner, -corner]
    order = np.argsort([np.arctan2(y, x) for x, y in corners])
    return np.array(corners)[order]


def _outside(corners: np.ndarray) -> np.ndarray:
    """What lies around a convex polygon, as one: a frame, and a cut to the leftmost corner.

    The polygon runs to the left, its frame to the right, so that the inside counts as outside it.
    """
    within = np.roll(corners, -int(corners[:, 0].argmin()), axis=0)
    frame = 9 * np.array([[-1, 1], [1, 1], [1, -1], [-1, -1], [-1, 1]])
    return np.vstack([within, within[:1], frame])
