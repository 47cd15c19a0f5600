"""What training converges to when infinitely many solutions fit, computed exactly."""

from . import learning as learning, studies as studies
from .descent import (
    Descent as Descent,
    Diverged as Diverged,
    gradient_descent as gradient_descent,
    mirror_descent as mirror_descent,
    natural_gradient_descent as natural_gradient_descent,
    stochastic_gradient_descent as stochastic_gradient_descent,
)
from .feasible import (
    FeasibleSet as FeasibleSet,
    L1Ball as L1Ball,
    L2Ball as L2Ball,
    Simplex as Simplex,
    StrongConvexity as StrongConvexity,
    bregman_projection as bregman_projection,
    strong_convexity as strong_convexity,
)
from .flows import (
    FunctionPath as FunctionPath,
    Jumps as Jumps,
    Trajectory as Trajectory,
    function_flow as function_flow,
    gradient_flow as gradient_flow,
    linear_margin_flow as linear_margin_flow,
    linearised_flow as linearised_flow,
    margin_flow as margin_flow,
    saddle_to_saddle as saddle_to_saddle,
)
from .limits import (
    Interpolator as Interpolator,
    Separator as Separator,
    basis_pursuit as basis_pursuit,
    interpolator as interpolator,
    max_margin as max_margin,
    minimum_norm as minimum_norm,
    scale_path as scale_path,
    separator as separator,
    separator_path as separator_path,
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
    Laziness as Laziness,
    Lift as Lift,
    hessian_asymmetry as hessian_asymmetry,
    horizontal_lift as horizontal_lift,
    inverse_metric as inverse_metric,
    is_commuting as is_commuting,
    is_hessian_metric as is_hessian_metric,
    laziness as laziness,
    lie_brackets as lie_brackets,
    metric_tensor as metric_tensor,
    tangent_kernel as tangent_kernel,
)
from .parametrizations import (
    DeepFactorization as DeepFactorization,
    DiagonalNetwork as DiagonalNetwork,
    MatrixNetwork as MatrixNetwork,
    Neuron as Neuron,
    SymmetricFactorization as SymmetricFactorization,
    TwoLayerNetwork as TwoLayerNetwork,
)
from .potentials import (
    Burg as Burg,
    DiagonalPotential as DiagonalPotential,
    Entropy as Entropy,
    Euclidean as Euclidean,
    Hypentropy as Hypentropy,
    NeuronPotential as NeuronPotential,
    PNorm as PNorm,
    Potential as Potential,
    SeparablePotential as SeparablePotential,
    SpectralPotential as SpectralPotential,
)
from .problems import (
    MatrixProblem as MatrixProblem,
    Problem as Problem,
    diabetes as diabetes,
    digit_parity as digit_parity,
    matrix_completion as matrix_completion,
    matrix_sensing as matrix_sensing,
    real_data as real_data,
    separable_classification as separable_classification,
    sparse_classification as sparse_classification,
    sparse_regression as sparse_regression,
)
from .regimes import (
    EffectiveStart as EffectiveStart,
    LimitDistances as LimitDistances,
    Regime as Regime,
    effective_start as effective_start,
    kernel_movement as kernel_movement,
    limit_distances as limit_distances,
    log_kernel_movement as log_kernel_movement,
    regime as regime,
    relative_scale as relative_scale,
)
from .regret import (
    Play as Play,
    best_step_size as best_step_size,
    online_mirror_descent as online_mirror_descent,
    push as push,
    pushes as pushes,
    regret as regret,
    regret_bound as regret_bound,
)
from .sample_size import (
    ErrorSweep as ErrorSweep,
    certificate as certificate,
    error_sweep as error_sweep,
    false_weight_bound as false_weight_bound,
    largest_scale as largest_scale,
    minimum_norm_error as minimum_norm_error,
    population_error as population_error,
    scale_paths as scale_paths,
)
from .steepest import (
    LogLoss as LogLoss,
    adam_descent as adam_descent,
    adam_flow as adam_flow,
    dual_norm as dual_norm,
    norm_of as norm_of,
    steepest_descent as steepest_descent,
    steepest_direction as steepest_direction,
    steepest_flow as steepest_flow,
)
from .validation import (
    Validation as Validation,
    chosen_errors as chosen_errors,
    effective_number as effective_number,
    mean_with_error as mean_with_error,
    stopped_weights as stopped_weights,
    validate as validate,
)
