"""What an explorable shows: axes, arrays, panels, presets and the sentence that reads the state.

Everything is checked when it is made, so that a figure which exists can be drawn.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from implicitbias.explore.codec import encode

Value = float | str
State = dict[str, Value]

ITEM = "item"
"""The dimension that is no axis: the weights of one model, say, all of them drawn at once."""

_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PLACEHOLDER = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Axis:
    """Something the reader moves.

    Args:
        name: how arrays, states and permalinks call it.
        label: how the reader calls it.
        values: the positions, in order. Numbers; words are allowed for a choice.
        kind: a slider, a choice (radio buttons) or time (a slider that can play).
        symbol: the letter of the formulas, if it has one.
        log: whether the values are to be read as powers of ten.
        ends: what the first and the last position mean, in words.
        start: the position shown first; the last one if not given.
        reads: for time, the array that says what time it is.

    Raises:
        ValueError: too few values, values out of order, or a start that is not one of them.

    Example:
        >>> Axis("depth", "Depth", (2, 3, 4), kind="choice", start=2).start
        2
    """

    name: str
    label: str
    values: tuple[Value, ...]
    kind: Literal["slider", "choice", "time"] = "slider"
    symbol: str = ""
    log: bool = False
    ends: tuple[str, str] = ("", "")
    start: Value | None = None
    reads: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z]\w*", self.name) or self.name == ITEM:
            raise ValueError(f"name of an axis must be a lower-case word, found {self.name!r}")
        object.__setattr__(self, "values", tuple(_plain(value) for value in self.values))
        least = 1 if self.kind == "choice" else 2
        if len(self.values) < least or len(set(self.values)) < len(self.values):
            raise ValueError(
                f"values of axis {self.name} must be {least} or more, all different, "
                f"found {self.values}"
            )
        if self.kind != "choice":
            numbers = np.asarray(self.values)
            if numbers.dtype.kind not in "if" or not (np.diff(numbers) > 0).all():
                raise ValueError(
                    f"values of axis {self.name} must be increasing numbers, found {self.values}"
                )
            if self.log and numbers[0] <= 0:
                raise ValueError(f"values of log axis {self.name} must be positive")
        if self.start is None:
            object.__setattr__(self, "start", self.values[-1])
        object.__setattr__(self, "start", self.nearest(self.start, "start"))

    def nearest(self, value: Any, name: str = "value") -> Value:
        """The position nearest to a value; for a choice, the one that equals it.

        Raises:
            ValueError: not one of the choices, or outside the range of the slider.
        """
        if self.kind == "choice" or isinstance(value, str):
            if value in self.values:
                return _plain(value)
            raise ValueError(
                f"{name} of axis {self.name} must be one of {self.values}, found {value!r}"
            )
        numbers = np.asarray(self.values, dtype=float)
        low, high = numbers[0], numbers[-1]
        if not (low * (1 - 1e-9) <= value <= high * (1 + 1e-9)):
            raise ValueError(
                f"{name} of axis {self.name} must lie between {low:g} and {high:g}, found {value!r}"
            )
        gaps = np.abs(np.log(numbers / value)) if self.log else np.abs(numbers - value)
        return self.values[int(np.argmin(gaps))]


@dataclass(frozen=True)
class Array:
    """Numbers computed by the library, one for each position of some axes.

    Args:
        dims: names of axes, and last ``"item"`` where each position holds several numbers.
        values: one array with these dimensions; or, where the first one is a choice, one array
            (or None) for each option, without that dimension, which may differ in their items.
        step: resolution; values are rounded to its multiples. Without one they are float32.
            One number, or one for each separate array.
        log: whether the step is one of the decimal logarithm.
    """

    dims: tuple[str, ...]
    values: Any
    step: float | Sequence[float] | None = None
    log: bool = False

    def parts(self, axes: Mapping[str, Axis], name: str) -> list[np.ndarray | None]:
        """The arrays of the options of the first dimension if they are separate, else one array.

        Raises:
            ValueError: an unknown dimension, or a shape that the axes do not have.
        """
        unknown = [dim for dim in self.dims if dim not in axes and dim != ITEM]
        if unknown or ITEM in self.dims[:-1]:
            raise ValueError(
                f"dims of array {name} must be axes {tuple(axes)}, then perhaps {ITEM!r}, "
                f"found {self.dims}"
            )
        if not self.separate:
            return [self._checked(self.values, self.dims, axes, name)]
        count = len(axes[self.dims[0]].values)
        if len(self.values) != count:
            raise ValueError(
                f"values of array {name} must have {count} parts, one for each option of "
                f"{self.dims[0]}, found {len(self.values)}"
            )
        return [
            None if part is None else self._checked(part, self.dims[1:], axes, name)
            for part in self.values
        ]

    def steps(self, count: int) -> list[float | None]:
        """The resolution of each of the parts."""
        if isinstance(self.step, Sequence):
            return list(self.step)
        return [self.step] * count

    @property
    def separate(self) -> bool:
        """Whether the options of the first dimension come as arrays of their own."""
        return isinstance(self.values, tuple | list)

    @staticmethod
    def _checked(values: Any, dims: Sequence[str], axes: Mapping[str, Axis], name: str):
        values = np.asarray(values, dtype=np.float64)
        wanted = tuple(len(axes[dim].values) if dim != ITEM else None for dim in dims)
        fits = values.ndim == len(wanted) and all(
            size in (None, found) for size, found in zip(wanted, values.shape, strict=True)
        )
        if not fits:
            raise ValueError(
                f"array {name} must have the shape {wanted} of {tuple(dims)}, found {values.shape}"
            )
        if not np.isfinite(values).all():
            bad = tuple(np.argwhere(~np.isfinite(values))[0].tolist())
            raise ValueError(f"array {name} must be finite, found {values[bad]} at index {bad}")
        return values


@dataclass(frozen=True)
class Clause:
    """A piece of text that is said only in some states.

    Args:
        text: words; ``{name}`` stands for an axis' position or an array's number.
        when: for some axes or arrays, the values in which it is said.
        unless: for some axes or arrays, the values in which it is not said.
    """

    text: str
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    unless: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)


Text = str | tuple[Clause, ...]
Role = Literal["run", "kernel", "rich", "ink", "soft"]


@dataclass(frozen=True)
class Marks:
    """Values that the stems are compared with.

    Args:
        array: name of an array over the items.
        label: what it is, in words.
        shape: rings are drawn around values that are not zero, ticks at all of them.
        role: its colour.
    """

    array: str
    label: Text
    shape: Literal["ring", "tick"]
    role: Role


@dataclass(frozen=True)
class Stems:
    """The items of one array, each a stem from zero, beside values they are compared with."""

    title: Text
    array: str
    label: str
    marks: tuple[Marks, ...] = ()
    final: str = ""
    """An array that replaces the first one, with more digits, at the end of time."""

    kind = "stems"


@dataclass(frozen=True)
class Paths:
    """The items of one array over time, with a cursor where the reader stands."""

    title: Text
    note: Text
    array: str
    times: str

    kind = "paths"


@dataclass(frozen=True)
class Line:
    """A curve over one axis; an array that also depends on time is drawn at its end."""

    array: str
    label: str
    role: Role
    dashed: bool = False


@dataclass(frozen=True)
class Curves:
    """Arrays over all positions of one axis, on a logarithmic scale, which moves that axis.

    Args:
        axis: the axis that runs along the panel.
        lines: what is drawn.
        floor: smaller values are drawn on the lower edge.
        bands: an array of whole numbers over the axis ...
        band_labels: ... and what they mean: number to words and colour.
    """

    title: Text
    note: Text
    axis: str
    lines: tuple[Line, ...]
    floor: float
    bands: str = ""
    band_labels: tuple[tuple[int, str, Role], ...] = ()

    kind = "curves"


Panel = Stems | Paths | Curves


@dataclass(frozen=True)
class Preset:
    """A button that goes to an interesting place; axes it does not name stay where they are."""

    label: str
    state: Mapping[str, Value]


@dataclass(frozen=True)
class Figure:
    """An explorable, complete: what ``Explorable`` shows and the page carries.

    Args:
        name: lower-case words with hyphens; the name in permalinks.
        title: what the figure is, for assistive technology.
        axes: what the reader moves.
        arrays: the numbers, by name.
        panels: the pictures, in reading order.
        reading: the sentence that says what is seen.
        presets: places worth going to.
        items: names of the items; for a choice that changes them, one tuple for each option.
        caption: what the figure shows, and how it was computed.
        alt: the conclusion, for those who do not see the picture.

    Raises:
        ValueError: a panel, a preset or the sentence names something that is not there, or an
            array does not fit its axes or is not finite.
    """

    name: str
    title: str
    axes: tuple[Axis, ...]
    arrays: Mapping[str, Array]
    panels: tuple[Panel, ...]
    reading: Text
    presets: tuple[Preset, ...]
    items: tuple[tuple[str, ...], ...]
    caption: str
    alt: str

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.name):
            raise ValueError(
                f"name must be lower-case words joined by hyphens, found {self.name!r}"
            )
        names = [axis.name for axis in self.axes]
        if len(set(names)) < len(names) or set(names) & set(self.arrays):
            raise ValueError(f"names of axes and arrays must differ, found {names}")
        for name, array in self.arrays.items():
            array.parts(self.by_name, name)
        for preset in self.presets:
            self.complete(preset.state)
        for panel in self.panels:
            self._check_panel(panel)
        self._check_text("reading", self.reading)
        for axis in self.axes:
            if axis.reads:
                self._need(f"axis {axis.name}", axis.reads)

    @property
    def by_name(self) -> dict[str, Axis]:
        """The axes, by name."""
        return {axis.name: axis for axis in self.axes}

    @property
    def start(self) -> State:
        """The state shown first."""
        return {axis.name: axis.start for axis in self.axes if axis.start is not None}

    def complete(self, state: Mapping[str, Value]) -> State:
        """A full state on the grid: the given values, moved to the nearest positions.

        Raises:
            ValueError: an unknown axis, or a value it does not have.
        """
        unknown = set(state) - set(self.by_name)
        if unknown:
            raise ValueError(
                f"state must name axes of {tuple(self.by_name)}, found {sorted(unknown)}"
            )
        return self.start | {
            name: self.by_name[name].nearest(value) for name, value in state.items()
        }

    def at(self, name: str, state: Mapping[str, Value]) -> np.ndarray | None:
        """What an array holds in a state; None where an option has none."""
        array = self.arrays[name]
        parts = array.parts(self.by_name, name)
        where = [self.by_name[dim].values.index(state[dim]) for dim in array.dims if dim != ITEM]
        if array.separate:
            part = parts[where[0]]
            return None if part is None else part[tuple(where[1:])]
        return None if parts[0] is None else parts[0][tuple(where)]

    def payload(self) -> dict[str, Any]:
        """The figure as the page carries it, ready for JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "axes": [vars(axis) for axis in self.axes],
            "arrays": {name: self._encoded(name) for name in self.arrays},
            "panels": [{"kind": panel.kind} | _plain_tree(panel) for panel in self.panels],
            "reading": _plain_tree(self.reading),
            "presets": [_plain_tree(preset) for preset in self.presets],
            "items": self.items,
            "caption": self.caption,
            "alt": self.alt,
        }

    def _encoded(self, name: str) -> dict[str, Any]:
        array = self.arrays[name]
        parts = array.parts(self.by_name, name)
        codes = [
            None
            if part is None
            else encode(part, step=step, log=array.log, along=self._slow(array), name=name)
            for part, step in zip(parts, array.steps(len(parts)), strict=True)
        ]
        return {"dims": array.dims, "separate": array.separate, "parts": codes}

    def _slow(self, array: Array) -> list[int]:
        """The dimensions of a part along which to difference: time, then the other sliders."""
        dims = array.dims[1:] if array.separate else array.dims
        kinds = [self.by_name[dim].kind if dim != ITEM else "item" for dim in dims]
        return [
            i for kind in ("time", "slider") for i, found in enumerate(kinds) if found == kind
        ] or [-1]

    def _need(self, who: str, name: str, *dims: str) -> None:
        if name not in self.arrays:
            raise ValueError(f"{who} needs the array {name!r}, which is not among the arrays")
        missing = [dim for dim in dims if dim not in self.arrays[name].dims]
        if missing:
            raise ValueError(f"{who} needs the dimensions {missing} of array {name!r}")

    def _check_panel(self, panel: Panel) -> None:
        who = f"panel {panel.kind}"
        self._check_text(who, panel.title)
        match panel:
            case Stems():
                self._need(who, panel.array, ITEM)
                if panel.final:
                    self._need(who, panel.final, ITEM)
                for marks in panel.marks:
                    self._need(who, marks.array, ITEM)
                    self._check_text(who, marks.label)
            case Paths():
                time = next((axis.name for axis in self.axes if axis.kind == "time"), None)
                if time is None:
                    raise ValueError(f"{who} needs an axis of kind 'time'")
                self._need(who, panel.array, time, ITEM)
                self._need(who, panel.times, time)
                self._check_text(who, panel.note)
            case Curves():
                if panel.axis not in self.by_name:
                    raise ValueError(f"{who} needs the axis {panel.axis!r}")
                for line in panel.lines:
                    self._need(who, line.array, panel.axis)
                if panel.bands:
                    self._need(who, panel.bands, panel.axis)
                self._check_text(who, panel.note)

    def _check_text(self, who: str, text: Text) -> None:
        for clause in _clauses(text):
            named = set(_PLACEHOLDER.findall(clause.text)) | set(clause.when) | set(clause.unless)
            unknown = named - set(self.by_name) - set(self.arrays)
            if unknown:
                raise ValueError(
                    f"text of {who} must name axes or arrays, found {sorted(unknown)} in "
                    f"{clause.text!r}"
                )


def _clauses(text: Text) -> tuple[Clause, ...]:
    return (Clause(text),) if isinstance(text, str) else text


def _plain(value: Any) -> Any:
    """A Python number or word, where NumPy or JAX gave one of its own."""
    return value.item() if hasattr(value, "item") else value


def _plain_tree(node: Any) -> Any:
    if isinstance(node, str | int | float):
        return node
    if isinstance(node, Mapping):
        return {key: _plain_tree(value) for key, value in node.items()}
    if isinstance(node, tuple | list):
        return [_plain_tree(value) for value in node]
    return {key: _plain_tree(value) for key, value in vars(node).items()}
