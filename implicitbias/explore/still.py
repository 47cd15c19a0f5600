"""An explorable as one small picture, for readers without scripts."""

from html import escape

from implicitbias.explore.axis import State
from implicitbias.explore.figure import Figure
from implicitbias.explore.picture import WIDTH, paint
from implicitbias.explore.text import constant


def still(figure: Figure, state: State | None = None) -> str:
    """A figure's panels in one state, as an SVG element with the figure's alt text.

    Args:
        figure: what to draw.
        state: where; the figure's start if not given.

    Returns:
        An ``<svg>`` element.
    """
    state = figure.complete(state or {})
    top, parts = 0, []
    for panel in figure.panels:
        drawn = panel.still(figure, state)
        if not drawn:
            continue
        heading = escape(constant(panel.title))
        title = f'<text y="14" font-weight="600" fill="{paint("ink")}">{heading}</text>'
        parts.append(f'<g transform="translate(0 {top})">{title}{drawn}</g>')
        top += panel.height + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(figure.alt)}" '
        f'width="{WIDTH}" viewBox="0 0 {WIDTH} {top}" font-family="sans-serif" '
        f'font-size="13">{"".join(parts)}</svg>'
    )
