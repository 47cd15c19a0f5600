"""An explorable as one small picture, for readers without scripts."""

from html import escape
from itertools import pairwise

import numpy as np

from implicitbias.explore.figure import Curves, Figure, State, Stems, Text, _clauses

_WIDTH, _LEFT, _RIGHT = 720, 44, 12
_COLOURS = {
    "run": "#1f7a53",
    "kernel": "#2f6db3",
    "rich": "#b9501a",
    "ink": "#1d2126",
    "soft": "#5f656d",
    "hair": "#d9dbd7",
}


def still(figure: Figure, state: State | None = None) -> str:
    """The stems and curves of a figure in one state, as an SVG element with the figure's alt text.

    Its colours are the CSS variables of the explorables, with the light theme's as defaults.

    Args:
        figure: what to draw.
        state: where; the figure's start if not given.

    Returns:
        An ``<svg>`` element.
    """
    state = figure.complete(state or {})
    top, parts = 0.0, []
    for panel in figure.panels:
        match panel:
            case Stems():
                drawn, height = _stems(figure, panel, state), 200
            case Curves():
                drawn, height = _curves(figure, panel, state), 180
            case _:
                continue
        title = f'<text y="14" font-weight="600" fill="{_paint("ink")}">{_say(panel.title)}</text>'
        parts.append(f'<g transform="translate(0 {top:g})">{title}{drawn}</g>')
        top += height + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(figure.alt)}" '
        f'width="{_WIDTH}" viewBox="0 0 {_WIDTH} {top:g}" font-family="sans-serif" '
        f'font-size="13">{"".join(parts)}</svg>'
    )


def _stems(figure: Figure, panel: Stems, state: State) -> str:
    weights = figure.at(panel.final or panel.array, state)
    if weights is None:
        return ""
    marks = [(mark, figure.at(mark.array, state)) for mark in panel.marks]
    present = [(mark, values) for mark, values in marks if values is not None]
    everything = np.concatenate([weights, *(values for _, values in present)])
    low, high = min(everything.min(), 0.0), max(everything.max(), 0.0)
    x = np.linspace(_LEFT, _WIDTH - _RIGHT, len(weights))

    def y(value: float) -> float:
        return 34 + 156 * (high - value) / (high - low)

    drawn = [_line(_LEFT, y(0), _WIDTH - _RIGHT, y(0), "hair")]
    for mark, values in present:
        for at, value in zip(x, values, strict=True):
            if mark.shape == "tick":
                drawn.append(_line(at - 6, y(value), at + 6, y(value), mark.role, 2))
            elif abs(value) > 1e-9:
                drawn.append(
                    f'<circle cx="{at:.1f}" cy="{y(value):.1f}" r="8" fill="none" '
                    f'stroke="{_paint(mark.role)}" stroke-width="1.6"/>'
                )
    for at, value in zip(x, weights, strict=True):
        drawn.append(_line(at, y(0), at, y(value), "run", 1.5))
        drawn.append(f'<circle cx="{at:.1f}" cy="{y(value):.1f}" r="4" fill="{_paint("run")}"/>')
    return "".join(drawn)


def _curves(figure: Figure, panel: Curves, state: State) -> str:
    axis = figure.by_name[panel.axis]
    place = np.log10 if axis.log else np.asarray
    positions = np.asarray(place(np.asarray(axis.values, dtype=float)))
    x = np.interp(positions, positions[[0, -1]], [_LEFT, _WIDTH - _RIGHT])
    times = {other.name: other.values[-1] for other in figure.axes if other.kind == "time"}
    curves = [
        np.log10(
            [
                max(float(np.squeeze(value)), panel.floor)
                for value in (
                    figure.at(line.array, state | times | {axis.name: position})
                    for position in axis.values
                )
                if value is not None
            ]
        )
        for line in panel.lines
    ]
    low, high = min(map(np.min, curves)), max(map(np.max, curves))
    drawn = []
    for line, values in zip(panel.lines, curves, strict=True):
        y = np.interp(values, [low, high], [160, 34])
        points = " ".join(f"{a:.0f},{b:.1f}" for a, b in zip(x, y, strict=True))
        dash = ' stroke-dasharray="7 4"' if line.dashed else ""
        drawn.append(
            f'<polyline points="{points}" fill="none" stroke="{_paint(line.role)}" '
            f'stroke-width="2"{dash}/>'
        )
        steepest = int(np.argmin([abs(b - a) for a, b in pairwise(y)]))
        drawn.append(
            f'<text x="{min(max(x[steepest], 140), 580):.0f}" y="{y[steepest] - 6:.0f}" '
            f'text-anchor="middle" fill="{_paint(line.role)}">{escape(line.label)}</text>'
        )
    for exponent in (low, high):
        drawn.append(
            f'<text x="{_LEFT - 6}" y="{np.interp(exponent, [low, high], [164, 38]):.0f}" '
            f'text-anchor="end" fill="{_paint("soft")}">{10**exponent:.0e}</text>'
        )
    ends = ((_LEFT, "start", axis.values[0]), (_WIDTH - _RIGHT, "end", axis.values[-1]))
    for at, anchor, value in ends:
        drawn.append(
            f'<text x="{at}" y="178" text-anchor="{anchor}" fill="{_paint("soft")}">'
            f"{escape(f'{axis.symbol or axis.label} = {value:g}')}</text>"
        )
    return "".join(drawn)


def _line(x1: float, y1: float, x2: float, y2: float, role: str, width: float = 1) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{_paint(role)}" stroke-width="{width:g}"/>'
    )


def _paint(role: str) -> str:
    return f"var(--{role}, {_COLOURS[role]})"


def _say(text: Text) -> str:
    """The words that hold in every state."""
    return escape("".join(c.text for c in _clauses(text) if not (c.when or c.unless)))
