"""The object that shows a figure: a widget where there is a kernel, a live figure where not."""

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from implicitbias.explore.figure import Figure, State, Value
from implicitbias.explore.still import still

_STATIC = Path(__file__).parent / "static"


class Explorable(anywidget.AnyWidget):
    """A figure that its reader moves.

    In Jupyter it is a widget: `state` is a dictionary from axis to value, and moves with the
    sliders and the other way round; assigning `figure` replaces the problem under the sliders.
    Its HTML form, which a notebook stores beside the widget, needs no kernel: in the book, the
    script ``explorables.js`` brings it to life, and without scripts it is a still picture.

    Args:
        figure: what to show.
        state: axes and values to start from; axes left out start where the figure says.

    Raises:
        ValueError: the state names an axis that the figure lacks, or a value out of its range.
    """

    _esm = _STATIC / "widget.js"
    _css = _STATIC / "explorables.css"

    payload = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)

    def __init__(self, figure: Figure, state: Mapping[str, Value] | None = None) -> None:
        self._figure = figure
        super().__init__(payload=figure.payload(), state=figure.complete(state or {}))

    @property
    def figure(self) -> Figure:
        """What is shown. A new figure keeps the state where it has the same axes and values."""
        return self._figure

    @figure.setter
    def figure(self, figure: Figure) -> None:
        kept: State = {}
        for name, value in self.state.items():
            try:
                kept |= {name: figure.complete({name: value})[name]}
            except ValueError:
                continue
        self._figure = figure
        with self.hold_sync():
            self.payload = figure.payload()
            self.state = figure.complete(kept)

    @traitlets.validate("state")
    def _on_grid(self, proposal: Any) -> State:
        return self._figure.complete(proposal["value"])

    def html(self) -> str:
        """The figure as one HTML element, the same on every run: data, picture and caption."""
        # A "<" in the data could end the script element early.
        data = json.dumps(self.payload, ensure_ascii=False, separators=(",", ":"))
        data = data.replace("<", "\\u003c")
        return (
            f'<figure class="explorable" data-explorable="{self._figure.name}">'
            f'<div class="still">{still(self._figure)}</div>'
            f"<figcaption>{escape(self._figure.caption)}</figcaption>"
            f'<script type="application/json">{data}</script>'
            "</figure>"
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return {**data, "text/plain": repr(self), "text/html": self.html()}, metadata

    def __repr__(self) -> str:
        return f"Explorable({self._figure.name!r})"
