"""Statistical learning: what bounds promise, what one pass learns, and what interpolation costs."""

from .capacity import (
    Complexity as Complexity,
    growth_bound as growth_bound,
    linear_complexity as linear_complexity,
    log_sauer as log_sauer,
    margin_bound as margin_bound,
    occam_bound as occam_bound,
    path_complexity as path_complexity,
    path_norm as path_norm,
    relu_log_count as relu_log_count,
    sign_change_errors as sign_change_errors,
    unseen_errors as unseen_errors,
)
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
from .masked_mean import (
    MaskedMean as MaskedMean,
    SgdRisk as SgdRisk,
    expected_erm_risk as expected_erm_risk,
    expected_regularized_risk as expected_regularized_risk,
    expected_sgd_risk as expected_sgd_risk,
    masked_descent as masked_descent,
    masked_erm as masked_erm,
    masked_mean as masked_mean,
)
from .relu_network import (
    Fit as Fit,
    ReluNetwork as ReluNetwork,
    fit_relu_network as fit_relu_network,
    start_relu_network as start_relu_network,
)
from .stochastic import (
    OnePass as OnePass,
    one_pass_sgd as one_pass_sgd,
    optimistic_bound as optimistic_bound,
    optimistic_step_size as optimistic_step_size,
    regularized_erm as regularized_erm,
    regularized_erm_bound as regularized_erm_bound,
    sgd_bound as sgd_bound,
    strongly_convex_bound as strongly_convex_bound,
    uniform_convergence_bound as uniform_convergence_bound,
)
