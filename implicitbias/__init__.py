"""What training converges to when infinitely many solutions fit: implicit bias, computed exactly."""

from .limits import (
    Interpolator as Interpolator,
    basis_pursuit as basis_pursuit,
    interpolator as interpolator,
    max_margin as max_margin,
    minimum_norm as minimum_norm,
    scale_path as scale_path,
)
from .potentials import (
    Burg as Burg,
    DiagonalPotential as DiagonalPotential,
    Entropy as Entropy,
    Euclidean as Euclidean,
    Hypentropy as Hypentropy,
    PNorm as PNorm,
    Potential as Potential,
    SeparablePotential as SeparablePotential,
)
