"""What training converges to when infinitely many solutions fit: implicit bias, computed exactly."""

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
