"""A number over all positions of two axes, with a marker where the reader stands."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from implicitbias.explore.axis import State
from implicitbias.explore.panels.curves import Line
from implicitbias.explore.panels.panel import Panel
from implicitbias.explore.picture import LEFT, RIGHT, WIDTH, Role, line, paint
from implicitbias.explore.text import Text

if TYPE_CHECKING:
    from implicitbias.explore.figure import Figure


@dataclass(frozen=True)
class HeatMap(Panel):
    """A number over all positions of two axes, with a marker that the reader may drag.

    Args:
        x: the axis that runs to the right.
        y: the axis that runs up.
        array: the number.
        ends: the lowest and the highest number told apart, each with what it means and its
            colour; half way between, there is none.
        guides: lines across the map, arrays over the x axis of where they are on the y axis.
        forbidden: where there is nothing to tell: an array that is not zero there, and the word
            for it. Such cells are hatched.
    """

    note: Text
    x: str
    y: str
    array: str
    ends: tuple[tuple[float, str, Role], tuple[float, str, Role]]
    guides: tuple[Line, ...] = ()
    forbidden: tuple[str, str] | None = None

    kind = "heatmap"
    height = 220

    def check(self, figure: "Figure") -> None:
        who = "panel heatmap"
        figure.need_axis(who, self.x)
        figure.need_axis(who, self.y)
        figure.need(who, self.array, self.x, self.y)
        figure.need_words(who, self.note)
        for guide in self.guides:
            figure.need(who, guide.array, self.x)
        if self.forbidden:
            figure.need(who, self.forbidden[0], self.x, self.y)
        if not self.ends[0][0] < self.ends[1][0]:
            raise ValueError(f"{who} needs increasing ends, found {self.ends}")

    def still(self, figure: "Figure", state: State) -> str:
        x, y = figure.by_name[self.x], figure.by_name[self.y]
        (low, low_words, low_role), (high, high_words, high_role) = self.ends
        wide = (WIDTH - LEFT - RIGHT) / len(x.values)
        high_cell = 150 / len(y.values)
        drawn = []
        for i, right in enumerate(x.values):
            for j, up in enumerate(y.values):
                here = {**state, self.x: right, self.y: up}
                value = figure.at(self.array, here)
                if value is None:
                    continue
                if self.forbidden and figure.at(self.forbidden[0], here):
                    left, foot = LEFT + i * wide, 180 - j * high_cell
                    drawn.append(line(left, foot, left + wide, foot - high_cell, "soft"))
                    continue
                share = np.clip((2 * float(value) - low - high) / (high - low), -1, 1)
                drawn.append(
                    f'<rect x="{LEFT + i * wide:.1f}" y="{180 - (j + 1) * high_cell:.1f}" '
                    f'width="{wide:.1f}" height="{high_cell:.1f}" fill-opacity="{abs(share):.2f}" '
                    f'fill="{paint(high_role if share > 0 else low_role)}"/>'
                )
        drawn += [self._guide(guide, figure, state) for guide in self.guides]
        soft = f'fill="{paint("soft")}"'
        names = f"across: {x.label} {x.symbol}, up: {y.label} {y.symbol}"
        drawn.append(
            f'<text x="{LEFT}" y="196" {soft}>{escape(names)}</text>'
            f'<text x="{LEFT}" y="212" fill="{paint(low_role)}">{escape(low_words)}</text>'
            f'<text x="{WIDTH - RIGHT}" y="212" text-anchor="end" fill="{paint(high_role)}">'
            f"{escape(high_words)}</text>"
        )
        if self.forbidden:
            drawn.append(
                f'<text x="{WIDTH / 2:.0f}" y="212" text-anchor="middle" {soft}>'
                f"struck out: {escape(self.forbidden[1])}</text>"
            )
        return "".join(drawn)

    def _guide(self, guide: Line, figure: "Figure", state: State) -> str:
        x, y = figure.by_name[self.x], figure.by_name[self.y]
        place = np.log if y.log else np.asarray
        levels = np.asarray(place(np.asarray(y.values, dtype=float)))
        found = [figure.at(guide.array, {**state, self.x: right}) for right in x.values]
        heights = np.asarray(place(np.array(found, dtype=float).ravel()))
        inside = (heights >= levels[0]) & (heights <= levels[-1])
        up = np.interp(heights, levels, np.arange(len(levels)) + 0.5) * 150 / len(levels)
        across = (np.arange(len(x.values)) + 0.5) * (WIDTH - LEFT - RIGHT) / len(x.values)
        points = " ".join(
            f"{LEFT + a:.1f},{180 - b:.1f}" for a, b in zip(across[inside], up[inside], strict=True)
        )
        dash = ' stroke-dasharray="7 4"' if guide.dashed else ""
        return (
            f'<polyline points="{points}" fill="none" stroke="{paint(guide.role)}" '
            f'stroke-width="1.6"{dash}/>'
        )
