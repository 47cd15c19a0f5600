"""Matrices as pictures: filters, kernels, maps of weights."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from implicitbias.explore.axis import State
from implicitbias.explore.panels.panel import Panel
from implicitbias.explore.picture import LEFT, paint
from implicitbias.explore.text import Text, constant

if TYPE_CHECKING:
    from implicitbias.explore.figure import Figure

_WIDE, _GAP = 150, 14  # pixels of the still picture


@dataclass(frozen=True)
class Images(Panel):
    """Matrices as pictures: blue where positive, orange where negative, strong where large.

    All images of all states share one scale, so that they can be compared.

    Args:
        array: ``("image", "row", "column")``, first rows on top.
        labels: of each image.
    """

    note: Text
    array: str
    labels: tuple[Text, ...]

    kind = "images"

    def check(self, figure: "Figure") -> None:
        who = "panel images"
        figure.need(who, self.array, inner=("image", "row", "column"))
        for text in (self.note, *self.labels):
            figure.need_words(who, text)
        found = figure.at(self.array, figure.start)
        if found is not None and len(found) != len(self.labels):
            raise ValueError(f"{who} needs {len(found)} labels, found {len(self.labels)}")

    def still(self, figure: "Figure", state: State) -> str:
        images = figure.at(self.array, state)
        if images is None:
            return ""
        unit = max(float(np.abs(images).max()), 1e-300)
        side = _WIDE / max(images.shape[1:])
        drawn = []
        for k, (image, label) in enumerate(zip(images, self.labels, strict=True)):
            left = LEFT + k * (_WIDE + _GAP)
            drawn.append(
                f'<text x="{left}" y="34" fill="{paint("soft")}">{escape(constant(label))}</text>'
            )
            for (row, column), value in np.ndenumerate(image):
                strength = abs(value) / unit
                if strength > 0.02:
                    drawn.append(
                        f'<rect x="{left + side * column:.1f}" y="{40 + side * row:.1f}" '
                        f'width="{side:.1f}" height="{side:.1f}" fill-opacity="{strength:.2f}" '
                        f'fill="{paint("kernel" if value > 0 else "rich")}"/>'
                    )
        return "".join(drawn)
