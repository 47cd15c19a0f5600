"""The items of one array over time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from implicitbias.explore.axis import ITEM, State
from implicitbias.explore.panels.panel import Panel
from implicitbias.explore.text import Text

if TYPE_CHECKING:
    from implicitbias.explore.figure import Figure


@dataclass(frozen=True)
class Paths(Panel):
    """The items of one array over time, with a cursor where the reader stands."""

    note: Text
    array: str
    times: str

    kind = "paths"

    def check(self, figure: "Figure") -> None:
        who = "panel paths"
        if figure.time is None:
            raise ValueError(f"{who} needs an axis of kind 'time'")
        figure.need(who, self.array, figure.time.name, inner=(ITEM,))
        figure.need(who, self.times, figure.time.name)
        figure.need_words(who, self.note)

    def still(self, figure: "Figure", state: State) -> str:
        return ""
