"""Networks that grow while they are trained: which way to grow, and what growing prefers."""

from .adaptive import Adapted as Adapted, adaptive_stacking as adaptive_stacking
from .iterated import (
    Layer as Layer,
    ResidualNetwork as ResidualNetwork,
    extrapolation_error as extrapolation_error,
    fresh_layers as fresh_layers,
    iterate as iterate,
    lengthened as lengthened,
)
from .lag import (
    Selection as Selection,
    lag_cost as lag_cost,
    lag_select as lag_select,
    rank_correlation as rank_correlation,
    selection_regret as selection_regret,
)
from .linear import (
    LinearNetwork as LinearNetwork,
    Walk as Walk,
    eigenvalue_walk as eigenvalue_walk,
    fresh_linear as fresh_linear,
    layer_imbalance as layer_imbalance,
    matrix_loss as matrix_loss,
    principal_root as principal_root,
    random_rotation as random_rotation,
    root_error as root_error,
    tied_distance_bound as tied_distance_bound,
)
from .measures import block_similarity as block_similarity
from .operators import (
    DEPTH_OPERATORS as DEPTH_OPERATORS,
    WIDTH_OPERATORS as WIDTH_OPERATORS,
    Plan as Plan,
    depth_of as depth_of,
    grow as grow,
    grow_moments as grow_moments,
    plan as plan,
)
from .schedules import schedule as schedule, stacking_cost as stacking_cost
from .second_unit import (
    crossing_time as crossing_time,
    second_unit_flow as second_unit_flow,
)
from .tokens import (
    FORMS as FORMS,
    SYMBOLS as SYMBOLS,
    TOKENS as TOKENS,
    Sample as Sample,
    Task as Task,
    accuracy as accuracy,
    copying as copying,
    cross_entropy as cross_entropy,
    facts as facts,
    hops as hops,
    is_right as is_right,
    maths as maths,
    mixture as mixture,
    variables as variables,
)
from .training import (
    MOMENTS as MOMENTS,
    Growth as Growth,
    Snapshot as Snapshot,
    gradual_stacking as gradual_stacking,
    warm_up_cosine as warm_up_cosine,
)
from .transformer import (
    Block as Block,
    Transformer as Transformer,
    blocks_of as blocks_of,
    forward_flops as forward_flops,
    fresh_blocks as fresh_blocks,
    outputs_of as outputs_of,
    start_transformer as start_transformer,
)
