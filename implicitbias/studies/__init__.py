"""Studies of single papers: what they claim, computed as exactly as can be."""

from . import growing as growing, motion as motion
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
from .halfspaces import (
    Minimizer as Minimizer,
    SmallOptLimit as SmallOptLimit,
    angle_bound as angle_bound,
    hinge_descent as hinge_descent,
    hinge_minimizer as hinge_minimizer,
    hinge_program as hinge_program,
    logistic_descent as logistic_descent,
    logistic_minimizer as logistic_minimizer,
    lower_bound_distribution as lower_bound_distribution,
    small_opt_limit as small_opt_limit,
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
from .planar import (
    Disc as Disc,
    Gaussians as Gaussians,
    LabelledPlane as LabelledPlane,
    LogisticRisk as LogisticRisk,
    Missed as Missed,
    PlanarDensity as PlanarDensity,
    RadialLipschitzness as RadialLipschitzness,
    Squares as Squares,
    Strip as Strip,
    Together as Together,
    Wedge as Wedge,
    logistic_risk as logistic_risk,
    missed as missed,
    radial_lipschitzness as radial_lipschitzness,
)
