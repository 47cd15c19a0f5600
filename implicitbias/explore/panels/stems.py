"""The items of one array as stems, beside the values they are compared with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from implicitbias.explore.axis import ITEM, State
from implicitbias.explore.panels.panel import Panel
from implicitbias.explore.picture import LEFT, RIGHT, WIDTH, Role, line, paint
from implicitbias.explore.text import Text

if TYPE_CHECKING:
    from implicitbias.explore.figure import Figure


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
class Stems(Panel):
    """The items of one array, each a stem from zero, beside values they are compared with."""

    array: str
    label: str
    marks: tuple[Marks, ...] = ()
    final: str = ""
    """An array that replaces the first one, with more digits, at the end of time."""

    kind = "stems"

    def check(self, figure: "Figure") -> None:
        who = "panel stems"
        for array in filter(None, (self.array, self.final)):
            figure.need(who, array, inner=(ITEM,))
        for marks in self.marks:
            figure.need(who, marks.array, inner=(ITEM,))
            figure.need_words(who, marks.label)

    def still(self, figure: "Figure", state: State) -> str:
        weights = figure.at(self.final or self.array, state)
        if weights is None:
            return ""
        marks = [(mark, figure.at(mark.array, state)) for mark in self.marks]
        present = [(mark, values) for mark, values in marks if values is not None]
        everything = np.concatenate([weights, *(values for _, values in present)])
        low, high = min(everything.min(), 0.0), max(everything.max(), 0.0)
        x = np.linspace(LEFT, WIDTH - RIGHT, len(weights))

        def y(value: float) -> float:
            return 34 + 156 * (high - value) / (high - low)

        drawn = [line(LEFT, y(0), WIDTH - RIGHT, y(0), "hair")]
        for mark, values in present:
            for at, value in zip(x, values, strict=True):
                if mark.shape == "tick":
                    drawn.append(line(at - 6, y(value), at + 6, y(value), mark.role, 2))
                elif abs(value) > 1e-9:
                    drawn.append(
                        f'<circle cx="{at:.1f}" cy="{y(value):.1f}" r="8" fill="none" '
                        f'stroke="{paint(mark.role)}" stroke-width="1.6"/>'
                    )
        for at, value in zip(x, weights, strict=True):
            drawn.append(line(at, y(0), at, y(value), "run", 1.5))
            drawn.append(f'<circle cx="{at:.1f}" cy="{y(value):.1f}" r="4" fill="{paint("run")}"/>')
        return "".join(drawn)
