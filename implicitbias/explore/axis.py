"""Something the reader moves, and the positions it has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from implicitbias.explore.picture import Role

Value = float | str
State = dict[str, Value]

ITEM = "item"
"""The dimension whose positions have names: the weights of one model, say, all drawn at once."""


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
        ends: what the first and the last position mean, in words ...
        roles: ... and in colours, if they have any.
        start: the position shown first; the last one if not given.
        reads: for time, the array that says what time it is.
        when: for some choices, the options with which this axis matters: else it is hidden.
        folded: whether its control is folded away, where a picture moves the axis.

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
    roles: tuple[Role, Role] | None = None
    start: Value | None = None
    reads: str = ""
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    folded: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z]\w*", self.name):
            raise ValueError(f"name of an axis must be a lower-case word, found {self.name!r}")
        object.__setattr__(self, "values", tuple(plain(value) for value in self.values))
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
                return plain(value)
            raise ValueError(
                f"{name} of axis {self.name} must be one of {self.values}, found {value!r}"
            )
        numbers = np.asarray(self.values, dtype=float)
        low, high = numbers[0], numbers[-1]
        if not (low - 1e-9 * abs(low) <= value <= high + 1e-9 * abs(high)):
            raise ValueError(
                f"{name} of axis {self.name} must lie between {low:g} and {high:g}, found {value!r}"
            )
        gaps = np.abs(np.log(numbers / value)) if self.log else np.abs(numbers - value)
        return self.values[int(np.argmin(gaps))]


def plain(value: Any) -> Any:
    """A Python number or word, where NumPy or JAX gave one of its own."""
    return value.item() if hasattr(value, "item") else value
