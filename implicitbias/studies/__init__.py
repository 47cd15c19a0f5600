"""Studies of single papers: what they claim, computed as exactly as can be."""

from .canvas import (
    Canvases as Canvases,
    digit_canvases as digit_canvases,
    windows as windows,
)
from .equivariance import (
    error_bound as error_bound,
    least_error as least_error,
    overlap_bound as overlap_bound,
    risk_bound as risk_bound,
)
from .locality import (
    Curve as Curve,
    Needed as Needed,
    Optimum as Optimum,
    Patches as Patches,
    PatchNetwork as PatchNetwork,
    best_filters as best_filters,
    crossing as crossing,
    fit_patches as fit_patches,
    learning_curve as learning_curve,
    loudest_filters as loudest_filters,
    needed_samples as needed_samples,
    share_wrong as share_wrong,
    signal_risk as signal_risk,
    signal_task as signal_task,
    soft_threshold as soft_threshold,
    start_network as start_network,
    threshold_moments as threshold_moments,
    two_steps as two_steps,
)
