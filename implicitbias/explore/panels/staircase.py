"""Weights that jump from saddle to saddle, and a flow that rounds the steps off."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from implicitbias.explore.axis import ITEM, State
from implicitbias.explore.panels.panel import Panel
from implicitbias.explore.picture import LEFT, RIGHT, WIDTH, line, paint
from implicitbias.explore.text import Text

if TYPE_CHECKING:
    from implicitbias.explore.figure import Figure


@dataclass(frozen=True)
class Staircase(Panel):
    """Weights that jump between saddles, and over them the flow from a finite scale.

    Args:
        jump_times: when the limit jumps, ``("jump",)``.
        jump_weights: its weights after each jump, ``("jump", "item")``.
        times: of the flow, in the same unit, ``("step",)``.
        weights: of the flow, ``("step", "item")``.
        clock: what the time is, in words.
        cursor: whether a line stands at the step where the reader is, for an axis of time with a
            position for each step.
    """

    note: Text
    jump_times: str
    jump_weights: str
    times: str
    weights: str
    clock: str
    cursor: bool = False

    kind = "staircase"

    def check(self, figure: "Figure") -> None:
        who = "panel staircase"
        figure.need(who, self.jump_times, inner=("jump",))
        figure.need(who, self.jump_weights, inner=("jump", ITEM))
        figure.need(who, self.times, inner=("step",))
        figure.need(who, self.weights, inner=("step", ITEM))
        figure.need_words(who, self.note)
        if self.cursor:
            times = figure.at(self.times, figure.start)
            steps = 0 if times is None else len(times)
            moments = 0 if figure.time is None else len(figure.time.values)
            if steps != moments:
                raise ValueError(
                    f"{who} needs an axis of kind 'time' with a position for each of its {steps} "
                    f"steps, found {moments}"
                )

    def still(self, figure: "Figure", state: State) -> str:
        times, weights = figure.at(self.times, state), figure.at(self.weights, state)
        jumps, after = figure.at(self.jump_times, state), figure.at(self.jump_weights, state)
        if times is None or weights is None or jumps is None or after is None:
            return ""
        everything = np.concatenate([weights.ravel(), after.ravel(), [0.0]])
        span = [everything.min(), everything.max()]

        def curve(at: np.ndarray, values: np.ndarray, role: str, width: float) -> str:
            x = np.interp(at, [0, times[-1]], [LEFT, WIDTH - RIGHT])
            points = zip(x, np.interp(values, span, [176, 30]), strict=True)
            listed = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
            return (
                f'<polyline points="{listed}" fill="none" stroke="{paint(role)}" '
                f'stroke-width="{width:g}"/>'
            )

        corners = np.concatenate([[0.0], np.repeat(jumps, 2), times[-1:]])
        drawn = [line(LEFT, 176, WIDTH - RIGHT, 176, "hair")]
        for j in np.flatnonzero(np.abs(after).max(0) > 1e-9):
            steps = np.repeat(np.concatenate([[0.0], after[:, j]]), 2)
            drawn.append(curve(corners, steps, "ink", 1))
        drawn += [curve(times, weights[:, j], "run", 1.5) for j in range(weights.shape[1])]
        drawn.append(
            f'<text x="{WIDTH - RIGHT}" y="192" text-anchor="end" fill="{paint("soft")}">'
            f"{escape(self.clock)}</text>"
        )
        return "".join(drawn)
