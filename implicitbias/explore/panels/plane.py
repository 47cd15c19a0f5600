"""Points, trajectories and level sets in a plane of two weights, to one scale."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from contourpy import contour_generator

from implicitbias.explore.axis import ITEM, State
from implicitbias.explore.panels.panel import Panel
from implicitbias.explore.picture import LEFT, RIGHT, WIDTH, Role, line, paint
from implicitbias.explore.text import Text

if TYPE_CHECKING:
    from implicitbias.explore.figure import Figure


@dataclass(frozen=True)
class Extent:
    """What one side of the picture shows: its name, and from where to where.

    Args:
        label: its name.
        low: where it begins ...
        high: ... and where it ends.
        log: whether it shows powers of ten; only in a stretched plane.
        ticks: where its numbers stand, if not at round places; none for ``()``.
    """

    label: str
    low: float
    high: float
    log: bool = False
    ticks: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Trail:
    """A trajectory.

    Args:
        array: its points, ``("step", "xy")``. Or over the axis of time: then ``("xy",)``, or
            ``("item", "xy")`` for one trajectory an item, and what is still to come is faint.
        label: what it is, in words.
        role: its colour.
        dash: how it is dashed, as in SVG; trajectories of one picture should differ in it.
        dots: whether each step is marked.
        shape: of these marks, and of the one at its end.
        whole: for steps, an array of the whole trajectory, drawn faint below.
    """

    array: str
    label: Text
    role: Role
    dash: str = ""
    dots: bool = False
    shape: Literal["dot", "square"] = "dot"
    whole: str = ""

    kind: ClassVar[str] = "trail"


@dataclass(frozen=True)
class Outline:
    """A curve that is there as a whole, open or closed: points of an array ``("step", "xy")``."""

    array: str
    label: Text
    role: Role
    dash: str = ""

    kind: ClassVar[str] = "outline"


@dataclass(frozen=True)
class Linkage:
    """Rigid links joined one to the next, such as a robot's arm, in a plane of places.

    It moves evenly between the moments of an axis of time while that plays, unless the reader wants
    no motion.

    Args:
        array: its joints ``("joint", "xy")``, from where it is fixed to its hand; none for no arm.
        label: what it is, in words.
        role: its colour.
        faint: whether it is only there to compare with.
    """

    array: str
    label: Text
    role: Role
    faint: bool = False

    kind: ClassVar[str] = "linkage"


@dataclass(frozen=True)
class Points:
    """Points of an array ``("point", "xy")``, or ``("item", "xy")`` if they have names."""

    array: str
    label: Text
    role: Role
    shape: Literal["dot", "ring", "cross"]

    kind: ClassVar[str] = "points"


@dataclass(frozen=True)
class Bars:
    """Points with error bars: an array ``("point", "bar")`` of x, y and half the bar's length."""

    array: str
    label: Text
    role: Role

    kind: ClassVar[str] = "bars"


@dataclass(frozen=True)
class Levels:
    """Level sets of a function.

    Args:
        array: its values over the picture, ``("row", "column")``, rows from the lower edge up.
        at: an array ``("level",)`` of the values whose level sets are drawn.
        label: what they are, in words.
        role: their colour.
    """

    array: str
    at: str
    label: Text
    role: Role

    kind: ClassVar[str] = "levels"


@dataclass(frozen=True)
class Ellipses:
    """Metric tensors as the steps of one length.

    Args:
        array: ``("point", "tensor")``, a row for each point: its two coordinates, then the entries
            g11, g12, g22 of the metric there. Drawn is where ``v' g v`` equals the squared length.
        label: what they are, in words.
        role: their colour.
        length: of the steps.
    """

    array: str
    label: Text
    role: Role
    length: float

    kind: ClassVar[str] = "ellipses"


@dataclass(frozen=True)
class Forbidden:
    """Where nothing may be, hatched: a polygon, its corners an array ``("step", "xy")``.

    It may reach out of the picture, and has no corners in states that forbid nothing.
    """

    array: str
    label: Text

    kind: ClassVar[str] = "forbidden"


@dataclass(frozen=True)
class Handle:
    """A point that the reader drags, which moves two axes: its coordinates, or its polar ones.

    Polar coordinates are the angle in degrees, then the distance from zero. For the keyboard it is
    a slider of its own, named by its label: left and right, Home and End move the first axis, up
    and down, PageUp and PageDown the second, and Shift makes the steps fine. Where the axes may say
    what has no place in the picture, `at` is an array ``("point", "xy")`` of where the handle is
    instead.
    """

    first: str
    second: str
    label: str
    role: Role
    polar: bool = False
    at: str = ""

    kind: ClassVar[str] = "handle"


@dataclass(frozen=True)
class Plane(Panel):
    """Points, trajectories and level sets in a plane, with the same unit in both directions.

    A stretched plane has a unit for each direction, and is as wide as there is room: for functions
    of one variable. It has no levels, ellipses or handles.
    """

    note: Text
    x: Extent
    y: Extent
    layers: tuple[
        Trail | Outline | Linkage | Points | Bars | Levels | Ellipses | Forbidden | Handle, ...
    ]
    stretched: bool = False

    kind = "plane"
    height = 330

    def check(self, figure: "Figure") -> None:
        who = "panel plane"
        figure.need_words(who, self.note)
        for extent in (self.x, self.y):
            if not (np.isfinite([extent.low, extent.high]).all() and extent.low < extent.high):
                raise ValueError(f"{who} needs low < high, found {extent}")
            if extent.log and not (self.stretched and extent.low > 0):
                raise ValueError(
                    f"{who} needs to be stretched, and low > 0, for log, found {extent}"
                )
        for layer in self.layers:
            if not isinstance(layer, Handle):
                figure.need_words(who, layer.label)
            if self.stretched and isinstance(layer, Levels | Ellipses | Handle):
                raise ValueError(f"{who} must have no {layer.kind} when it is stretched")
            match layer:
                case Trail():
                    _need_trail(figure, who, layer)
                case Outline() | Forbidden():
                    figure.need(who, layer.array, inner=("step", "xy"))
                case Linkage():
                    figure.need(who, layer.array, inner=("joint", "xy"))
                case Points():
                    named = figure.inner(who, layer.array)[:1] == (ITEM,)
                    figure.need(who, layer.array, inner=(ITEM if named else "point", "xy"))
                case Bars():
                    figure.need(who, layer.array, inner=("point", "bar"))
                case Levels():
                    figure.need(who, layer.array, inner=("row", "column"))
                    figure.need(who, layer.at, inner=("level",))
                case Ellipses():
                    figure.need(who, layer.array, inner=("point", "tensor"))
                case Handle():
                    figure.need_axis(who, layer.first)
                    figure.need_axis(who, layer.second)
                    if layer.at:
                        figure.need(who, layer.at, inner=("point", "xy"))

    def still(self, figure: "Figure", state: State) -> str:
        frame = _Frame(self.x, self.y, self.stretched)
        left, top, width, height = frame.box
        inside = "".join(_still_layer(layer, figure, state, frame) for layer in self.layers)
        name = f'fill="{paint("soft")}" font-style="italic"'
        return (
            line(left, top + height, left + width, top + height, "hair")
            + line(left, top, left, top + height, "hair")
            + f'<svg x="{left}" y="{top}" width="{width:.1f}" height="{height:.1f}" '
            f'viewBox="{left} {top} {width:.1f} {height:.1f}">{inside}</svg>'
            f'<text x="{left + width:.0f}" y="{top + height + 16:.0f}" text-anchor="end" {name}>'
            f"{escape(self.x.label)}</text>"
            f'<text x="{left + 6}" y="{top + 12}" {name}>{escape(self.y.label)}</text>'
        )


class _Frame:
    """Where the still picture lies, and how long a unit is there in each direction."""

    def __init__(self, x: Extent, y: Extent, stretched: bool) -> None:
        self.logs = np.array([x.log, y.log])
        self.corner, far = self._placed(np.array([[x.low, y.low], [x.high, y.high]]))
        self.size = far - self.corner
        room = np.array([WIDTH - LEFT - RIGHT, 280]) / self.size
        self.units = room if stretched else np.full(2, room.min())
        self.box = (LEFT, 26, *(self.units * self.size))

    def __call__(self, points: np.ndarray) -> np.ndarray:
        left, top, _, height = self.box
        right, up = np.moveaxis(self.units * (self._placed(points) - self.corner), -1, 0)
        return np.stack([left + right, top + height - up], -1)

    def _placed(self, points: np.ndarray) -> np.ndarray:
        return np.where(self.logs, np.log10(np.maximum(points, 1e-30)), points)


def _need_trail(figure: "Figure", who: str, trail: Trail) -> None:
    inner = figure.inner(who, trail.array)
    if inner == ("step", "xy"):
        if trail.whole:
            figure.need(who, trail.whole, inner=inner)
        return
    if figure.time is None:
        raise ValueError(f"{who} needs steps in array {trail.array!r}, or an axis of kind 'time'")
    named = inner[:1] == (ITEM,)
    figure.need(who, trail.array, figure.time.name, inner=(ITEM, "xy") if named else ("xy",))


def _still_layer(layer: Any, figure: "Figure", state: State, frame: _Frame) -> str:
    if isinstance(layer, Handle):
        return ""  # only who can move it needs it
    if isinstance(layer, Trail | Outline):
        dash = f' stroke-dasharray="{layer.dash}"' if layer.dash else ""
        width = 2 if isinstance(layer, Trail) else 1.3
        return "".join(
            f'<polyline points="{_listed(frame(points))}" fill="none" '
            f'stroke="{paint(layer.role)}" stroke-width="{width}"{dash}/>'
            for points in _trajectories(layer, figure, state)
        )
    values = figure.at(layer.array, state)
    if values is None:
        return ""
    if isinstance(layer, Forbidden):
        return _still_hatching(frame(values), f"{figure.name}-forbidden") if len(values) else ""
    if isinstance(layer, Linkage):
        return _still_linkage(frame(values), layer) if len(values) else ""
    if isinstance(layer, Points):
        fill = paint(layer.role) if layer.shape == "dot" else "none"
        return "".join(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}" '
            f'stroke="{paint(layer.role)}" stroke-width="1.6"/>'
            for x, y in frame(values)
        )
    if isinstance(layer, Bars):
        low, middle, high = (
            frame(np.stack([values[:, 0], values[:, 1] + sign * values[:, 2]], 1))
            for sign in (-1, 0, 1)
        )
        return "".join(
            line(x, foot, x, head, layer.role, 1.6)
            + f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{paint(layer.role)}"/>'
            for (x, y), foot, head in zip(middle, low[:, 1], high[:, 1], strict=True)
        )
    if isinstance(layer, Ellipses):
        return "".join(_still_ellipse(row, layer, frame) for row in values)
    x, y = (np.linspace(0, 1, size) for size in values.shape[::-1])
    trace = contour_generator(x, y, values)
    levels = figure.at(layer.at, state)
    assert levels is not None
    return "".join(
        f'<polyline points="{_listed(frame(frame.corner + frame.size * way))}" fill="none" '
        f'stroke="{paint(layer.role)}"/>'
        for level in levels
        for way in trace.lines(level)
    )


def _still_linkage(joints: np.ndarray, layer: Linkage) -> str:
    (x, y), opacity = joints[-1], 0.35 if layer.faint else 1
    return (
        f'<g stroke="{paint(layer.role)}" opacity="{opacity}">'
        f'<polyline points="{_listed(joints)}" fill="none" stroke-width="5" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="white" stroke-width="2.5"/></g>'
    )


def _still_hatching(corners: np.ndarray, name: str) -> str:
    return (
        f'<pattern id="{name}" width="7" height="7" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)">{line(3.5, 0, 3.5, 7, "soft")}</pattern>'
        f'<polygon points="{_listed(corners)}" fill="url(#{name})" fill-opacity="0.5" '
        f'stroke="{paint("soft")}"/>'
    )


def _trajectories(trail: Trail | Outline, figure: "Figure", state: State) -> list[np.ndarray]:
    """Each trajectory (steps, 2), to the end of time."""
    if figure.inner("trail", trail.array) == ("step", "xy"):
        points = figure.at(trail.array, state)
        return [] if points is None else [points]
    points = figure.over_time(trail.array, state)
    if points is None:
        return []
    return [points] if points.ndim == 2 else list(np.moveaxis(points, 1, 0))


def _still_ellipse(row: np.ndarray, layer: Ellipses, frame: _Frame) -> str:
    x, y = frame(row[:2])
    lengths, directions = np.linalg.eigh(np.array([[row[2], row[3]], [row[3], row[4]]]))
    radii = frame.units[0] * layer.length / np.sqrt(lengths)
    angle = -np.degrees(np.arctan2(directions[1, 0], directions[0, 0]))
    return (
        f'<ellipse rx="{radii[0]:.1f}" ry="{radii[1]:.1f}" fill="none" '
        f'stroke="{paint(layer.role)}" transform="translate({x:.1f} {y:.1f}) rotate({angle:.1f})"/>'
    )


def _listed(points: np.ndarray) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
