"""Singular values or eigenvalues over time, on a logarithmic scale."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from implicitbias.explore.axis import State
from implicitbias.explore.panels.panel import Panel
from implicitbias.explore.picture import LEFT, RIGHT, WIDTH, line, paint
from implicitbias.explore.text import Text

if TYPE_CHECKING:
    from implicitbias.explore.figure import Figure


@dataclass(frozen=True)
class Spectrum(Panel):
    """Singular values or eigenvalues over time, the largest first, with a cursor.

    Args:
        array: over the axis of time, ``("mode",)``.
        times: the array of times.
        symbol: the letter of one value.
        floor: smaller ones are drawn on the lower edge.
    """

    note: Text
    array: str
    times: str
    symbol: str
    floor: float

    kind = "spectrum"

    def check(self, figure: "Figure") -> None:
        who = "panel spectrum"
        if figure.time is None:
            raise ValueError(f"{who} needs an axis of kind 'time'")
        if not self.floor > 0:
            raise ValueError(f"{who} needs a positive floor, found {self.floor}")
        figure.need(who, self.array, figure.time.name, inner=("mode",))
        figure.need(who, self.times, figure.time.name)
        figure.need_words(who, self.note)

    def still(self, figure: "Figure", state: State) -> str:
        values = figure.over_time(self.array, state)
        if values is None:
            return ""
        heights = np.log10(np.maximum(values, self.floor))
        x = np.linspace(LEFT, WIDTH - RIGHT, len(values))
        span = [np.log10(self.floor), max(heights.max(), np.log10(self.floor) + 1)]
        y = np.interp(heights, span, [180, 30])
        drawn = [line(LEFT, 180, WIDTH - RIGHT, 180, "hair")]
        for mode in y.T:
            points = " ".join(f"{a:.0f},{b:.1f}" for a, b in zip(x, mode, strict=True))
            drawn.append(f'<polyline points="{points}" fill="none" stroke="{paint("ink")}"/>')
        for exponent, at in zip(span, (184, 34), strict=True):
            drawn.append(
                f'<text x="{LEFT - 6}" y="{at}" text-anchor="end" fill="{paint("soft")}">'
                f"{10**exponent:.0e}</text>"
            )
        drawn.append(
            f'<text x="{WIDTH - RIGHT}" y="196" text-anchor="end" fill="{paint("soft")}">'
            "training time</text>"
        )
        return "".join(drawn)
