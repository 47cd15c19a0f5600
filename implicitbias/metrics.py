r"""Metric tensors: of a parametrisation, its tangent kernel, and whether a metric is a Hessian.

Gradient flow on the parameters of :math:`w = F(p)` moves the predictor by
:math:`\dot w = -J J^\top \nabla L(w)` with :math:`J = \partial F / \partial p`. The metric tensor
:math:`\rho = (J J^\top)^{-1}` is the geometry of the architecture: this is the gradient flow of L
with respect to it (Gunasekar, Woodworth and Srebro 2021, arXiv:2004.01025).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, ArrayLike, Float

from . import _check


def inverse_metric(features: Callable[[Any], Array], params: Any) -> Float[Array, "d d"]:
    r"""Inverse metric :math:`\rho^{-1} = J J^\top` at the parameters, with J by autodiff.

    **Arguments:**

    - `features`: the map from parameters to the linear predictor; predictors that are matrices are
      flattened, so that d is their number of entries.
    - `params`: parameters, in any nest of tuples, lists and dictionaries of float64 arrays.

    **Returns:** a "d d" matrix, positive semi-definite.

    **Raises:** `ValueError` for parameters that are not finite or not float64.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> network = ib.DiagonalNetwork(depth=2, scale=1.0)
    >>> ib.inverse_metric(network.features, network.init(2)).tolist()  # 8 scale^2
    [[8.0, 0.0], [0.0, 8.0]]
    """
    jacobian = _jacobian(features, params)
    return jacobian @ jacobian.T


def metric_tensor(features: Callable[[Any], Array], params: Any) -> Float[Array, "d d"]:
    r"""Metric tensor :math:`\rho = (J J^\top)^{-1}` of a parametrisation.

    Where the flow is mirror flow of a potential Q at rate c, :math:`\nabla^2 Q = c\,\rho`.
    `features` and `params` are those of `inverse_metric`.

    **Raises:** `ValueError` as `inverse_metric` does, and where J has dependent rows: there are
    directions in which the predictor cannot move, and the metric is infinite.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> network = ib.DiagonalNetwork(depth=2, scale=1.0)
    >>> ib.metric_tensor(network.features, network.init(2)).tolist()
    [[0.125, 0.0], [0.0, 0.125]]
    """
    inverse = inverse_metric(features, params)
    # With a unit diagonal, coordinates of very different speeds do not look dependent.
    size = jnp.sqrt(jnp.diagonal(inverse))
    unit = inverse / jnp.outer(size, size)
    if not _check.is_traced(unit):
        # NaN, from a coordinate that cannot move, is not above the threshold either.
        spectrum = np.linalg.eigvalsh(unit) if np.all(np.isfinite(unit)) else np.array([0.0])
        if not spectrum[0] > len(size) * np.finfo(float).eps * spectrum[-1]:
            raise ValueError(
                "params must be a point where features can move in every direction, found a "
                f"Jacobian of dependent rows at {params}"
            )
    metric = jnp.linalg.inv(unit) / jnp.outer(size, size)
    return (metric + metric.T) / 2


def tangent_kernel(
    features: Callable[[Any], Array], params: Any, X: ArrayLike
) -> Float[Array, "n n"]:
    r"""Tangent kernel of the samples, :math:`K = X J J^\top X^\top`.

    Training is kernel regression for as long as K stays what it was at the start (Jacot, Gabriel
    and Hongler 2018, arXiv:1806.07572). `features` and `params` are those of `inverse_metric`, X
    is "n d".

    **Raises:** `ValueError` as `inverse_metric` does, and if X has not one column a feature.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> network = ib.DiagonalNetwork(depth=2, scale=1.0)
    >>> ib.tangent_kernel(network.features, network.init(2), [[1.0, 2.0]]).tolist()
    [[40.0]]
    """
    X = _check.finite_array("X", X, 2)
    jacobian = _jacobian(features, params)
    if X.shape[1] != jacobian.shape[0]:
        raise ValueError(
            f"X must have one column a feature: {jacobian.shape[0]} features, found shape {X.shape}"
        )
    gradients = X @ jacobian
    return gradients @ gradients.T


def hessian_asymmetry(metric: Callable[[Array], Array], w: ArrayLike) -> Float[Array, ""]:
    r"""How far a metric is from being a Hessian at w, from 0 (it may be one) to the order of 1.

    A metric is the Hessian of a potential near w if and only if, all around there,

    .. math:: \partial \rho_{ij} / \partial w_k = \partial \rho_{ik} / \partial w_j .

    This is the largest difference of the two sides at w, over the largest derivative of the metric;
    0 for a constant metric.

    **Arguments:**

    - `metric`: the metric tensor as a function of w, from "d" to "d d", differentiable by JAX.
    - `w`: the point, "d".

    **Raises:** `ValueError` if the metric is not a symmetric "d d" matrix, or not differentiable at
    w.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.hessian_asymmetry(ib.DiagonalPotential(3, 1.0).hessian, [0.5, -2.0]).item()
    0.0
    """
    w = _check.finite_array("w", w, 1)
    at_w = metric(w)
    if at_w.shape != (w.shape[0], w.shape[0]):
        raise ValueError(
            f"metric must give a matrix of shape {(w.shape[0], w.shape[0])}, found {at_w.shape}"
        )
    if not np.allclose(at_w, at_w.T, rtol=1e-10, atol=1e-10 * np.abs(at_w).max()):
        raise ValueError(f"metric must be symmetric, found {at_w} at w = {w}")
    derivative = jax.jit(jax.jacfwd(metric))(w)
    if not np.all(np.isfinite(derivative)):
        raise ValueError(f"metric must be differentiable at w, found {derivative} at w = {w}")
    size = jnp.max(jnp.abs(derivative))
    difference = jnp.max(jnp.abs(derivative - jnp.swapaxes(derivative, 1, 2)))
    return jnp.where(size > 0, difference / jnp.where(size > 0, size, 1.0), 0.0)


def is_hessian_metric(
    metric: Callable[[Array], Array], w: ArrayLike, *, tolerance: float = 1e-8
) -> bool:
    r"""Whether the metric satisfies at w the condition for the Hessian of a potential.

    Riemannian gradient flow is a mirror flow if its metric is the Hessian of a potential. The
    condition is necessary at each point, and sufficient where it holds in a whole neighbourhood.
    `metric` and `w` are those of `hessian_asymmetry`, which is compared with `tolerance`.

    **Raises:** `ValueError` as `hessian_asymmetry` does, and for a tolerance that is not positive.

    The metric of a diagonal network is a Hessian, that of a single neuron is not:

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> def metric_of(model):
    ...     return lambda w: ib.metric_tensor(model.features, model.parameters(w))
    >>> ib.is_hessian_metric(metric_of(ib.DiagonalNetwork(depth=3, scale=1.0)), [0.5, -2.0])
    True
    >>> ib.is_hessian_metric(metric_of(ib.Neuron(scale=1.0)), [0.5, -2.0])
    False
    """
    _check.positive("tolerance", tolerance)
    return bool(hessian_asymmetry(metric, w) <= tolerance)


def _jacobian(features: Callable[[Any], Array], params: Any) -> Float[Array, "d p"]:
    params = jax.tree.map(lambda leaf: _check.finite_array("params", leaf, np.ndim(leaf)), params)
    flat, unravel = ravel_pytree(params)
    return jax.jacrev(lambda flat: jnp.ravel(features(unravel(flat))))(flat)
