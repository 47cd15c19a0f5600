"""Explorables: figures that a reader moves, in the book and in notebooks."""

from implicitbias.explore.array import Array as Array
from implicitbias.explore.axis import Axis as Axis
from implicitbias.explore.explorable import Explorable as Explorable
from implicitbias.explore.figure import Figure as Figure, Preset as Preset
from implicitbias.explore.geometry_lab import geometry_lab as geometry_lab
from implicitbias.explore.matrices import matrices as matrices
from implicitbias.explore.model import Model as Model
from implicitbias.explore.one_measurement import one_measurement as one_measurement
from implicitbias.explore.scale_and_depth import scale_and_depth as scale_and_depth
from implicitbias.explore.text import Clause as Clause
from implicitbias.explore.two_weights import two_weights as two_weights
from implicitbias.explore.workbench import workbench as workbench
