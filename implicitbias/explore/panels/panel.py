"""What every kind of panel has."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from implicitbias.explore.axis import State
from implicitbias.explore.text import Text

if TYPE_CHECKING:
    from implicitbias.explore.figure import Figure


@dataclass(frozen=True)
class Panel(ABC):
    """A picture of some arrays, which moves with the state."""

    title: Text

    kind: ClassVar[str]
    """The name of the JavaScript file that draws it."""

    height: ClassVar[int] = 200
    """Of the still picture, in pixels."""

    @abstractmethod
    def check(self, figure: "Figure") -> None:
        """Raise ValueError unless the figure has what the panel shows."""

    @abstractmethod
    def still(self, figure: "Figure", state: State) -> str:
        """SVG elements that show one state, below a heading; empty if only motion says anything."""
