"""What an explorable shows: axes, arrays, panels, presets and the sentence that reads the state.

Everything is checked when it is made, so that a figure which exists can be drawn.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import ITEM, Axis, State, Value
from implicitbias.explore.codec import encode
from implicitbias.explore.model import Model
from implicitbias.explore.panels.panel import Panel
from implicitbias.explore.text import Text, named_in

_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


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
        model: what computes more of them in every state, where a grid would be too coarse.
        panels: the pictures, in reading order.
        reading: the sentence that says what is seen.
        presets: places worth going to.
        caption: what the figure shows, and how it was computed.
        alt: the conclusion, for those who do not see the picture.
        items: names of the items; where the first axis is a choice that changes them, one tuple
            for each option.

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
    caption: str
    alt: str
    items: tuple[tuple[str, ...], ...] = ((),)
    model: Model | None = None

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.name):
            raise ValueError(
                f"name must be lower-case words joined by hyphens, found {self.name!r}"
            )
        names = [axis.name for axis in self.axes]
        computed = [] if self.model is None else list(self.model.arrays)
        everything = [*names, *self.arrays, *computed]
        if len(set(everything)) < len(everything):
            raise ValueError(f"names of axes and arrays must differ, found {everything}")
        for name, array in self.arrays.items():
            array.parts(self.by_name, name)
            self._need_names(name, array)
        if self.model is not None:
            self.model.at(self.start)
        for preset in self.presets:
            self.complete(preset.state)
        for panel in self.panels:
            self.need_words(f"panel {panel.kind}", panel.title)
            panel.check(self)
        self.need_words("reading", self.reading)
        for axis in self.axes:
            if axis.reads:
                self.need(f"axis {axis.name}", axis.reads)
            for name in axis.when:
                self.need_axis(f"axis {axis.name}", name)

    @property
    def by_name(self) -> dict[str, Axis]:
        """The axes, by name."""
        return {axis.name: axis for axis in self.axes}

    @property
    def names(self) -> set[str]:
        """The names of all arrays."""
        return {*self.arrays, *(() if self.model is None else self.model.arrays)}

    @property
    def time(self) -> Axis | None:
        """The axis of kind time, if there is one."""
        return next((axis for axis in self.axes if axis.kind == "time"), None)

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
        if self.model is not None and name in self.model.arrays:
            return self.model.at(dict(state))[name]
        array = self.arrays[name]
        parts = array.parts(self.by_name, name)
        where = [self.by_name[dim].values.index(state[dim]) for dim in array.dims]
        if array.separate:
            part = parts[where[0]]
            return None if part is None else part[tuple(where[1:])]
        return None if parts[0] is None else parts[0][tuple(where)]

    def over_time(self, name: str, state: Mapping[str, Value]) -> np.ndarray | None:
        """What an array holds in a state at all times, which come first."""
        assert self.time is not None
        moments = [self.at(name, {**state, self.time.name: moment}) for moment in self.time.values]
        return None if moments[0] is None else np.stack([m for m in moments if m is not None])

    def payload(self) -> dict[str, Any]:
        """The figure as the page carries it, ready for JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "axes": [vars(axis) for axis in self.axes],
            "arrays": {name: self._encoded(name) for name in self.arrays},
            "model": self.model and {"name": self.model.name, "arrays": self.model.arrays},
            "panels": [_plain_tree(panel) for panel in self.panels],
            "reading": _plain_tree(self.reading),
            "presets": [_plain_tree(preset) for preset in self.presets],
            "caption": self.caption,
            "alt": self.alt,
            "items": self.items,
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
        shared = {"dims": array.dims, "inner": array.inner, "separate": array.separate}
        return shared | {"parts": codes}

    def _slow(self, array: Array) -> list[int]:
        """The dimensions of a part along which to difference: time, then the other sliders."""
        dims = array.dims[1:] if array.separate else array.dims
        kinds = [self.by_name[dim].kind for dim in dims]
        return [
            i for kind in ("time", "slider") for i, found in enumerate(kinds) if found == kind
        ] or [-1]

    def _need_names(self, name: str, array: Array) -> None:
        """Raise unless each position along the items has a name."""
        if ITEM not in array.inner:
            return
        axis = array.inner.index(ITEM) - len(array.inner)
        for k, part in enumerate(array.parts(self.by_name, name)):
            items = self.items[k if array.separate and len(self.items) > 1 else 0]
            if part is not None and part.shape[axis] != len(items):
                raise ValueError(
                    f"array {name} must have {len(items)} items, as many as there are names, "
                    f"found {part.shape[axis]}"
                )

    def inner(self, who: str, name: str) -> tuple[str, ...]:
        """What the numbers of an array run over in each state.

        Raises:
            ValueError: there is no such array.
        """
        if name not in self.names:
            raise ValueError(f"{who} needs the array {name!r}, which is not among the arrays")
        if self.model is not None and name in self.model.arrays:
            return self.model.arrays[name]
        return self.arrays[name].inner

    def need(self, who: str, name: str, *axes: str, inner: tuple[str, ...] = ()) -> None:
        """Raise unless there is an array of this name over these axes, with these inner dims."""
        found = self.inner(who, name)
        dims = self.arrays[name].dims if name in self.arrays else tuple(self.by_name)
        missing = [axis for axis in axes if axis not in dims]
        if missing:
            raise ValueError(f"{who} needs the dimensions {missing} of array {name!r}")
        if found != inner:
            raise ValueError(f"{who} needs inner {inner} of array {name!r}, found {found}")

    def need_axis(self, who: str, name: str) -> None:
        """Raise unless there is an axis of this name."""
        if name not in self.by_name:
            raise ValueError(f"{who} needs the axis {name!r}")

    def need_words(self, who: str, text: Text) -> None:
        """Raise unless a text speaks only of axes and arrays that are there."""
        unknown = named_in(text) - set(self.by_name) - self.names
        if unknown:
            raise ValueError(
                f"text of {who} must name axes or arrays, found {sorted(unknown)} in {text!r}"
            )


def _plain_tree(node: Any) -> Any:
    if node is None or isinstance(node, str | int | float):
        return node
    if isinstance(node, Mapping):
        return {key: _plain_tree(value) for key, value in node.items()}
    if isinstance(node, tuple | list):
        return [_plain_tree(value) for value in node]
    kind = {"kind": node.kind} if hasattr(node, "kind") else {}
    return kind | {key: _plain_tree(value) for key, value in vars(node).items()}
