"""What training converges to when infinitely many solutions fit, computed exactly."""

from .descent import (
    Diverged as Diverged,
    gradient_descent as gradient_descent,
    mirror_descent as mirror_descent,
    natural_gradient_descent as natural_gradient_descent,
)
from .flows import (
    Jumps as Jumps,
    Trajectory as Trajectory,
    gradient_flow as gradient_flow,
    margin_flow as margin_flow,
    saddle_to_saddle as saddle_to_saddle,
)
from .limits import (
    Interpolator as Interpolator,
    basis_pursuit as basis_pursuit,
    interpolator as interpolator,
    max_margin as max_margin,
    minimum_norm as minimum_norm,
    scale_path as scale_path,
)
from .losses import (
    ExponentialLoss as ExponentialLoss,
    LogisticLoss as LogisticLoss,
    Loss as Loss,
    SquareLoss as SquareLoss,
)
from .matrices import (
    MatrixTrajectory as MatrixTrajectory,
    balanced_layers as balanced_layers,
    divergent_completion as divergent_completion,
    effective_rank as effective_rank,
    end_to_end_velocity as end_to_end_velocity,
    matrix_flow as matrix_flow,
    minimum_nuclear_norm as minimum_nuclear_norm,
    singular_value_velocity as singular_value_velocity,
)
from .metrics import (
    hessian_asymmetry as hessian_asymmetry,
    inverse_metric as inverse_metric,
    is_hessian_metric as is_hessian_metric,
    metric_tensor as metric_tensor,
    tangent_kernel as tangent_kernel,
)
from .parametrizations import (
    DeepFactorization as DeepFactorization,
    DiagonalNetwork as DiagonalNetwork,
    MatrixNetwork as MatrixNetwork,
    Neuron as Neuron,
    SymmetricFactorization as SymmetricFactorization,
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
    SpectralPotential as SpectralPotential,
)
from .problems import (
    MatrixProblem as MatrixProblem,
    Problem as Problem,
    diabetes as diabetes,
    matrix_completion as matrix_completion,
    matrix_sensing as matrix_sensing,
    separable_classification as separable_classification,
    sparse_regression as sparse_regression,
)
from .regimes import (
    LimitDistances as LimitDistances,
    Regime as Regime,
    kernel_movement as kernel_movement,
    limit_distances as limit_distances,
    log_kernel_movement as log_kernel_movement,
    regime as regime,
    relative_scale as relative_scale,
)
