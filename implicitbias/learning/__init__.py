"""Statistical learning: what bounds promise, what one pass learns, and what interpolation costs."""

from .interpolation import (
    EffectiveRanks as EffectiveRanks,
    EquivalentRisk as EquivalentRisk,
    Extreme as Extreme,
    append_junk as append_junk,
    basis_pursuit_risk as basis_pursuit_risk,
    critical_rank as critical_rank,
    effective_ranks as effective_ranks,
    equivalent_risk as equivalent_risk,
    fourier_features as fourier_features,
    isotropic_risk as isotropic_risk,
    junk_gap as junk_gap,
    largest_gap as largest_gap,
    worst_interpolator as worst_interpolator,
)
