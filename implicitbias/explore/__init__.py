"""Explorables: figures that a reader moves, in the book and in notebooks."""

from implicitbias.explore.explorable import Explorable as Explorable
from implicitbias.explore.figure import Array as Array
from implicitbias.explore.figure import Axis as Axis
from implicitbias.explore.figure import Clause as Clause
from implicitbias.explore.figure import Curves as Curves
from implicitbias.explore.figure import Figure as Figure
from implicitbias.explore.figure import Line as Line
from implicitbias.explore.figure import Marks as Marks
from implicitbias.explore.figure import Paths as Paths
from implicitbias.explore.figure import Preset as Preset
from implicitbias.explore.figure import Stems as Stems
from implicitbias.explore.scale_and_depth import scale_and_depth as scale_and_depth
from implicitbias.explore.workbench import workbench as workbench
