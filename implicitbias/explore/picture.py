"""Still pictures: SVG in the colours of the explorables, with the light theme's as defaults."""

from typing import Literal

Role = Literal["run", "kernel", "rich", "ink", "soft"]
"""What a colour stands for: what is running, the two regimes, the truth, and all the rest."""

WIDTH, LEFT, RIGHT = 720, 44, 12  # pixels

_COLOURS = {
    "run": "#1f7a53",
    "kernel": "#2f6db3",
    "rich": "#b9501a",
    "ink": "#1d2126",
    "soft": "#5f656d",
    "hair": "#d9dbd7",
}


def line(x1: float, y1: float, x2: float, y2: float, role: str, width: float = 1) -> str:
    """A line of the colour of a role."""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{paint(role)}" stroke-width="{width:g}"/>'
    )


def paint(role: str) -> str:
    """The colour of a role."""
    return f"var(--{role}, {_COLOURS[role]})"
