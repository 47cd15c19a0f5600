"""Explorables: figures that a reader moves, in the book and in notebooks."""

from implicitbias.explore.adam_one_sample import adam_one_sample as adam_one_sample
from implicitbias.explore.algorithms import algorithms as algorithms
from implicitbias.explore.array import Array as Array
from implicitbias.explore.axis import Axis as Axis
from implicitbias.explore.benign import benign as benign
from implicitbias.explore.capacity import capacity as capacity
from implicitbias.explore.double_descent import double_descent as double_descent
from implicitbias.explore.dual_polygon import dual_polygon as dual_polygon
from implicitbias.explore.explorable import Explorable as Explorable
from implicitbias.explore.figure import Figure as Figure, Preset as Preset
from implicitbias.explore.geometry_lab import geometry_lab as geometry_lab
from implicitbias.explore.growing import growing as growing
from implicitbias.explore.growing_second_unit import growing_second_unit as growing_second_unit
from implicitbias.explore.growing_transformer import growing_transformer as growing_transformer
from implicitbias.explore.halfspaces import halfspaces as halfspaces
from implicitbias.explore.halfspaces_tumours import halfspaces_tumours as halfspaces_tumours
from implicitbias.explore.locality import locality as locality
from implicitbias.explore.locality_digits import locality_digits as locality_digits
from implicitbias.explore.locality_one_step import locality_one_step as locality_one_step
from implicitbias.explore.locality_small import locality_small as locality_small
from implicitbias.explore.logistic import logistic as logistic
from implicitbias.explore.logistic_one_sample import logistic_one_sample as logistic_one_sample
from implicitbias.explore.matrices import matrices as matrices
from implicitbias.explore.metric_tensors import metric_tensors as metric_tensors
from implicitbias.explore.mirror_descent import mirror_descent as mirror_descent
from implicitbias.explore.model import Model as Model
from implicitbias.explore.motion_latent import motion_latent as motion_latent
from implicitbias.explore.motion_one_joint import motion_one_joint as motion_one_joint
from implicitbias.explore.motion_physics import motion_physics as motion_physics
from implicitbias.explore.motion_transfer import motion_transfer as motion_transfer
from implicitbias.explore.noise import noise as noise
from implicitbias.explore.noisy_label import noisy_label as noisy_label
from implicitbias.explore.one_measurement import one_measurement as one_measurement
from implicitbias.explore.orchestration import orchestration as orchestration
from implicitbias.explore.orchestration_patience import (
    orchestration_patience as orchestration_patience,
)
from implicitbias.explore.private_features import private_features as private_features
from implicitbias.explore.real_data import real_data as real_data
from implicitbias.explore.saddle_to_saddle import saddle_to_saddle as saddle_to_saddle
from implicitbias.explore.scale_and_depth import scale_and_depth as scale_and_depth
from implicitbias.explore.shape import shape as shape
from implicitbias.explore.sign_changes import sign_changes as sign_changes
from implicitbias.explore.sparse_regression import sparse_regression as sparse_regression
from implicitbias.explore.stacking import stacking as stacking
from implicitbias.explore.stacking_iterated import stacking_iterated as stacking_iterated
from implicitbias.explore.stacking_root import stacking_root as stacking_root
from implicitbias.explore.stacking_transformer import (
    stacking_transformer as stacking_transformer,
)
from implicitbias.explore.stochastic import stochastic as stochastic
from implicitbias.explore.text import Clause as Clause
from implicitbias.explore.thinking import thinking as thinking
from implicitbias.explore.thinking_steps import thinking_steps as thinking_steps
from implicitbias.explore.two_spaces import two_spaces as two_spaces
from implicitbias.explore.two_weights import two_weights as two_weights
from implicitbias.explore.workbench import workbench as workbench
