"""Explorables: figures that a reader moves, in the book and in notebooks."""

from implicitbias.explore.explorable import Explorable as Explorable
from implicitbias.explore.figure import (
    Array as Array,
    Axis as Axis,
    Clause as Clause,
    Curves as Curves,
    Figure as Figure,
    Line as Line,
    Marks as Marks,
    Paths as Paths,
    Preset as Preset,
    Stems as Stems,
)
from implicitbias.explore.scale_and_depth import scale_and_depth as scale_and_depth
from implicitbias.explore.workbench import workbench as workbench
