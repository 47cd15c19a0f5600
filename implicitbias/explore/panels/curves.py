"""Arrays over all positions of one axis."""

from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from implicitbias.explore.axis import State
from implicitbias.explore.panels.panel import Panel
from implicitbias.explore.picture import LEFT, RIGHT, WIDTH, Role, paint
from implicitbias.explore.text import Text

if TYPE_CHECKING:
    from implicitbias.explore.figure import Figure


@dataclass(frozen=True)
class Line:
    """A curve over one axis; an array that also depends on time is drawn at its end.

    Where an option of its array has none, there is no curve.
    """

    array: str
    label: str
    role: Role
    dashed: bool = False


@dataclass(frozen=True)
class Curves(Panel):
    """Arrays over all positions of one axis; dragging moves that axis.

    Args:
        axis: the axis that runs along the panel.
        lines: what is drawn.
        floor: of a logarithmic scale, smaller values being drawn on the lower edge; without one
            the scale is linear.
        bands: an array of whole numbers over the axis ...
        band_labels: ... and what they mean: number to words and colour.
    """

    note: Text
    axis: str
    lines: tuple[Line, ...]
    floor: float | None = None
    bands: str = ""
    band_labels: tuple[tuple[int, str, Role], ...] = ()

    kind = "curves"
    height = 180

    def check(self, figure: "Figure") -> None:
        who = "panel curves"
        figure.need_axis(who, self.axis)
        for array in filter(None, (*(line.array for line in self.lines), self.bands)):
            figure.need(who, array, self.axis)
        figure.need_words(who, self.note)

    def still(self, figure: "Figure", state: State) -> str:
        axis = figure.by_name[self.axis]
        place = np.log10 if axis.log else np.asarray
        positions = np.asarray(place(np.asarray(axis.values, dtype=float)))
        x = np.interp(positions, positions[[0, -1]], [LEFT, WIDTH - RIGHT])
        times = {other.name: other.values[-1] for other in figure.axes if other.kind == "time"}
        found = [
            (line, [figure.at(line.array, state | times | {axis.name: at}) for at in axis.values])
            for line in self.lines
        ]
        curves = [
            (line, self._heights([float(value) for value in values if value is not None]))
            for line, values in found
            if values[0] is not None
        ]
        low = min(values.min() for _, values in curves)
        high = max(values.max() for _, values in curves)
        drawn = []
        for line, values in curves:
            y = np.interp(values, [low, high], [160, 34])
            points = " ".join(f"{a:.0f},{b:.1f}" for a, b in zip(x, y, strict=True))
            dash = ' stroke-dasharray="7 4"' if line.dashed else ""
            drawn.append(
                f'<polyline points="{points}" fill="none" stroke="{paint(line.role)}" '
                f'stroke-width="2"{dash}/>'
            )
            steepest = int(np.argmin([abs(b - a) for a, b in pairwise(y)]))
            drawn.append(
                f'<text x="{min(max(x[steepest], 140), 580):.0f}" y="{y[steepest] - 6:.0f}" '
                f'text-anchor="middle" fill="{paint(line.role)}">{escape(line.label)}</text>'
            )
        for end, y in ((low, 164), (high, 38)):
            text = f"{end:.3g}" if self.floor is None else f"{10**end:.0e}"
            drawn.append(
                f'<text x="{LEFT - 6}" y="{y}" text-anchor="end" fill="{paint("soft")}">'
                f"{text}</text>"
            )
        ends = ((LEFT, "start", axis.values[0]), (WIDTH - RIGHT, "end", axis.values[-1]))
        for at, anchor, value in ends:
            drawn.append(
                f'<text x="{at}" y="178" text-anchor="{anchor}" fill="{paint("soft")}">'
                f"{escape(f'{axis.symbol or axis.label} = {value:g}')}</text>"
            )
        return "".join(drawn)

    def _heights(self, values: list[float]) -> np.ndarray:
        if self.floor is None:
            return np.asarray(values)
        return np.log10(np.maximum(values, self.floor))
