"""Studies of single papers: what they claim, computed as exactly as can be."""

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
