"""The explorable "halfspaces": wrong labels, and how far the logistic loss is turned by them."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.halfspaces_data import EXTRAS, OPTS, RADII, SMOOTHINGS, Held, read
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.plane import Extent, Forbidden, Outline, Plane, Points
from implicitbias.explore.text import Clause
from implicitbias.studies import small_opt_limit

_FLOOR = 1e-7
_WEDGE, _LEVEL = 1.0, 0.2  # angle and density of the wedge of `lower_bound_distribution`
_EXTRA = (
    Clause("strip", when={"extra": ("strip",)}),
    Clause("wedge", when={"extra": ("wedge",)}),
)
_STRIP_TURNED = (Clause("strip, turned by up to δ", when={"extra": ("strip",)}),)
_PHASES = ("logistic loss", "then hinge loss")


def halfspaces(held: Held | None = None) -> Explorable:
    """The logistic minimiser on a distribution with flipped labels, and what a second step mends.

    Args:
        held: the sweep. By default that which comes with the library, which
            ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"halfspaces"``.
    """
    return Explorable(figure(read() if held is None else held))


def figure(held: Held) -> Figure:
    """What the explorable shows of a sweep."""
    over = ("extra", "smoothing", "opt", "radius", "phase")
    opts, smoothings = np.array(OPTS), np.array(SMOOTHINGS)
    roots = np.sqrt(opts)
    tilt = np.tan(held.angle) / roots[:, None, None]
    corners = np.stack([np.zeros((*tilt.shape, 2)), np.stack([0 * tilt, 1 + 0 * tilt], -1)], -2)
    corners = np.concatenate([corners, np.stack([-tilt, 1 + 0 * tilt], -1)[..., None, :]], -2)
    ends = 1.12 * np.stack([-np.sin(held.angle), np.cos(held.angle)], -1)
    with np.errstate(divide="ignore"):
        slopes = np.gradient(np.log10(held.risk), np.log10(opts), axis=2)
    circle = np.linspace(0, 2 * np.pi, 73)
    kappa = np.stack([1 / (2 * smoothings), _LEVEL / (2 * smoothings), 0 * smoothings])
    corner = np.sqrt(0.5)
    return Figure(
        name="halfspaces",
        title="What the logistic loss misses on labels of which a share OPT is wrong",
        axes=(
            Axis(
                "opt",
                "Share wrong",
                OPTS,
                symbol="OPT",
                log=True,
                ends=("few", "many"),
                start=1e-2,
            ),
            Axis("extra", "Beside the disc", EXTRAS, kind="choice", start="strip"),
            Axis(
                "smoothing",
                "Smoothing",
                SMOOTHINGS,
                symbol="δ",
                log=True,
                ends=("sharp", "smooth"),
                start=1e-4,
                when={"extra": ("strip", "wedge")},
            ),
            Axis("phase", "Trained by", _PHASES, kind="choice", start=_PHASES[0]),
            Axis(
                "radius",
                "Norm at most",
                RADII,
                symbol="R",
                log=True,
                ends=("a small ball", "as if there were none"),
                folded=True,
            ),
        ),
        arrays={
            "risk": Array(over, held.risk, step=2e-3, log=True),
            "times": Array(over, held.risk / opts[:, None, None], step=2e-3, log=True),
            "degrees": Array(over, np.degrees(held.angle), step=2e-3, log=True),
            "slope": Array(over, slopes, step=0.02),
            "boundary": Array(over, np.stack([-ends, ends], -2), inner=("step", "xy"), step=5e-3),
            "wrong": Array(over, corners, inner=("step", "xy"), step=0.01),
            "turned": Array(over, corners[..., ::2, :] * 1.15, inner=("step", "xy"), step=0.01),
            "least": Array(("opt",), opts),
            "root": Array(("opt",), small_opt_limit().risk * roots),
            "kappa": Array(("extra", "smoothing"), kappa),
            "disc": Array((), _polar(np.ones(73), circle), inner=("step", "xy"), step=1e-3),
            "axis": Array((), [[0.0, -1.12], [0.0, 1.12]], inner=("step", "xy")),
            "truth": Array((), [[0.0, -0.1], [0.0, 1.3]], inner=("step", "xy")),
            **_both("strip", ("extra", "smoothing", "opt"), (_strips(), _wedges(), None)),
            **_both("square", ("smoothing", "opt"), _squares()),
            "flipped": Array((), [[corner, -corner], [-corner, corner]], inner=("point", "xy")),
            "positive": Array((), _POINTS, inner=("point", "xy"), step=1e-3),
            "negative": Array((), -_POINTS[::-1], inner=("point", "xy"), step=1e-3),
            "close": Array(
                ("extra",),
                (np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]), None, None),
                inner=("step", "xy"),
            ),
            "blur": Array(
                ("extra", "smoothing", "opt"),
                (_blur(smoothings[:, None] / roots), None, None),
                inner=("step", "xy"),
                step=0.01,
            ),
        },
        panels=(
            Plane(
                "The plane, its points and the boundary that is learned",
                "",
                Extent("x₁", -1.2, 1.2),
                Extent("x₂", -1.2, 1.2),
                (
                    Outline("disc", "disc", "soft"),
                    Points("positive", "label +1", "soft", "dot"),
                    Points("negative", "label −1", "soft", "ring"),
                    Outline("strip_one", _EXTRA, "soft"),
                    Outline("strip_two", "", "soft"),
                    Outline("square_one", "wrong labels", "ink"),
                    Outline("square_two", "wrong labels", "ink"),
                    Points("flipped", "wrong labels", "ink", "cross"),
                    Outline("axis", "true boundary", "ink", "6 4"),
                    Outline("boundary", "learned", "run"),
                ),
            ),
            Plane(
                "The same near the upper axis, stretched sideways by 1/√OPT",
                "",
                Extent("x₁/√OPT", -2.0, 2.0),
                Extent("x₂", 0.0, 1.15),
                (
                    Forbidden("wrong", "missed"),
                    Outline("blur", _STRIP_TURNED, "soft", "3 3"),
                    Outline("close", _EXTRA[:1], "soft"),
                    Outline("truth", "true boundary", "ink", "6 4"),
                    Outline("turned", "learned", "run"),
                ),
                stretched=True,
            ),
            Curves(
                "The missed share against OPT",
                "Logarithmic. At this smoothing and norm; drag to move OPT.",
                axis="opt",
                lines=(
                    Line("root", "0.27 √OPT", "soft", dashed=True),
                    Line("risk", "learned", "run"),
                    Line("least", "OPT, the best halfspace", "ink", dashed=True),
                ),
                floor=_FLOOR,
            ),
            Curves(
                "The missed share over OPT, by smoothing",
                "Logarithmic. At this OPT; drag to move the smoothing.",
                axis="smoothing",
                lines=(Line("times", "learned", "run"),),
                floor=0.1,
            ),
            Curves(
                "The missed share over OPT, by largest norm",
                "Logarithmic. At this OPT and smoothing; drag to move the norm.",
                axis="radius",
                lines=(Line("times", "learned", "run"),),
                floor=0.1,
            ),
        ),
        reading=(
            Clause("With {opt} of the labels wrong, "),
            Clause("the logistic loss misses {risk} of all points, ", when={"phase": _PHASES[:1]}),
            Clause("after the second step {risk} are missed, ", when={"phase": _PHASES[1:]}),
            Clause(
                "{times} times as many as the best halfspace; the boundary is turned by {degrees}°."
                " Around here the missed share goes like OPT to the power {slope}."
            ),
            Clause(
                " The density changes with the angle at a rate of up to {kappa}.",
                when={"extra": ("strip", "wedge")},
            ),
        ),
        presets=(
            Preset("The strip turns it", _state(1e-2, "strip", 1e-4, 0)),
            Preset("Fewer wrong labels", _state(1e-4, "strip", 1e-4, 0)),
            Preset("One more step", _state(1e-4, "strip", 1e-4, 1)),
            Preset("Smooth edges", _state(1e-4, "strip", 0.1, 0)),
            Preset("A wedge", _state(1e-4, "wedge", 0.01, 0)),
            Preset("Only the wrong labels", _state(1e-4, "none", 1e-4, 0)),
        ),
        caption=(
            "Two squares with wrong labels, of mass OPT, a disc with labels by the side of the "
            "vertical axis, and beside it a strip of width √OPT, a wedge, or nothing. Points of "
            "squares, strip and wedge are turned by angles up to δ. Risks of the whole "
            "distribution by quadrature; nothing is sampled."
        ),
        alt=(
            "With a sharp strip the missed share follows 0.27 times the root of OPT. Without it, "
            "with smooth edges and small OPT, or after the second step it follows 2.06 times OPT."
        ),
    )


def _state(opt: float, extra: str, smoothing: float, phase: int) -> dict[str, float | str]:
    return {
        "opt": opt,
        "extra": extra,
        "smoothing": smoothing,
        "phase": _PHASES[phase],
        "radius": RADII[-1],
    }


def _polar(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1)


def _turned(points: np.ndarray, angle: np.ndarray) -> np.ndarray:
    x, y = points[..., 0], points[..., 1]
    c, s = np.cos(angle), np.sin(angle)
    return np.stack(np.broadcast_arrays(c * x - s * y, s * x + c * y), -1)


def _swept(path: np.ndarray, delta: np.ndarray, far: int, near: int) -> np.ndarray:
    """Around a convex shape turned by up to delta: its side ahead, arcs of two corners, behind."""
    arc = np.linspace(1, -1, 5)
    ahead, behind = path[..., near : far + 1, :], path[..., far:, :]
    delta = delta[..., None]
    return np.concatenate(
        [
            _turned(ahead, delta),
            _turned(path[..., far : far + 1, :], delta * arc),
            _turned(behind, -delta),
            _turned(path[..., near : near + 1, :], -delta * arc),
        ],
        -2,
    )


def _grid() -> tuple[np.ndarray, np.ndarray]:
    return np.meshgrid(np.array(SMOOTHINGS), np.sqrt(OPTS), indexing="ij")


def _strips() -> np.ndarray:
    """Outlines by smoothing and OPT, (smoothing, opt, step, xy)."""
    delta, width = _grid()
    path = np.zeros((*width.shape, 4, 2))
    path[..., 1:3, 1] = 1
    path[..., 2:4, 0] = width[..., None]
    return _swept(path, delta, 1, 0)


def _wedges() -> np.ndarray:
    delta, _ = _grid()
    turns = np.linspace(0, 1, 9)
    high, low = np.pi / 2 + delta, np.pi / 2 - _WEDGE - delta
    angles = high[..., None] + (low - high)[..., None] * turns
    arc = _polar(np.ones(angles.shape), angles)
    start = np.zeros((*delta.shape, 1, 2))
    return np.concatenate([start, arc, start], -2)


def _squares() -> np.ndarray:
    delta, root = _grid()
    half = root / np.sqrt(8)
    centre = np.sqrt(0.5)
    # From the corner nearest to zero, along the side that is ahead when it turns, and back.
    order = np.array([[-1, 1], [1, 1], [1, -1], [-1, -1], [-1, 1]])
    path = np.array([centre, -centre]) + half[..., None, None] * order
    return _swept(path, delta, 2, 0)


def _both(name: str, dims: tuple[str, ...], values) -> dict[str, Array]:
    """Outlines of a shape and of its opposite."""

    def signed(sign):
        if isinstance(values, tuple):
            return tuple(None if part is None else sign * part for part in values)
        return sign * values

    return {
        f"{name}_{word}": Array(dims, signed(sign), inner=("step", "xy"), step=2e-3)
        for word, sign in (("one", 1), ("two", -1))
    }


def _blur(ratio: np.ndarray) -> np.ndarray:
    """How far the strip reaches when it is turned, by the ratio of smoothing and width."""
    ratio = np.minimum(ratio, 10.0)[..., None]
    corners = np.array([[0.0, 0], [0, 1], [1, 1], [1, 0]])
    ways = np.array([[0.0, 0], [-1, 0], [1, 0], [0, 0]])
    return corners + ratio[..., None] * ways


def _right_half(count: int) -> np.ndarray:
    """Evenly spread points of the right half-disc, away from the axis: a sunflower's."""
    k = np.arange(2 * count) + 0.5
    points = _polar(0.97 * np.sqrt(k / (2 * count)), k * np.pi * (3 - np.sqrt(5)))
    return points[points[:, 0] > 0.03]


_POINTS = _right_half(26)
