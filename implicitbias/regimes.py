r"""Which regime a run is in: its distance to each limit, and how far its tangent kernel moved.

In the kernel regime the metric stays what it was at the start, and training ends at the min-l2
interpolator. In the feature-learning regime the metric changes by orders of magnitude, and training
ends near the min-l1 interpolator (Woodworth et al. 2020, arXiv:2002.09277).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from . import _check
from .descent import Descent
from .limits import basis_pursuit, minimum_norm
from .parametrizations import DiagonalNetwork


class LimitDistances(NamedTuple):
    """Largest differences of weights from the two limits, of the leading axes of the weights."""

    to_l2: Float[Array, "..."]  # max |w - w_l2|
    to_l1: Float[Array, "..."]  # max |w - w_l1|
    gap: Float[Array, ""]  # max |w_l2 - w_l1|, between the limits themselves


class Regime(NamedTuple):
    """The name of a regime, and the numbers beside which to read it."""

    name: str  # "kernel", "feature learning" or "between"
    to_l2: float  # max |w - w_l2| / max |w_l2 - w_l1|
    to_l1: float  # max |w - w_l1| / max |w_l2 - w_l1|
    log10_movement: float  # of `log_kernel_movement`
    log10_scale: float  # of `relative_scale`


def limit_distances(X: ArrayLike, y: ArrayLike, weights: ArrayLike) -> LimitDistances:
    r"""Distances of weights, in the largest entry, to the min-l2 and the min-l1 interpolator.

    **Arguments:** `X` "n d" and `y` "n" with solutions of Xw = y; `weights` "... d", such as a
    whole path of scales. The limits are computed once.

    **Raises:** `ValueError` as `minimum_norm` and `basis_pursuit` do, and for weights that have not
    one entry a column of X.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> # the weights are min-l2; min-l1 is (0, 2.5)
    >>> distances = ib.limit_distances([[1.0, 2.0]], [5.0], [1.0, 2.0])
    >>> [round(float(distance), 6) for distance in distances]
    [0.0, 1.0, 1.0]
    """
    X, y = _check.problem(X, y)
    weights = _weights(weights, X)
    l2, l1 = minimum_norm(X, y), basis_pursuit(X, y)
    return LimitDistances(
        to_l2=jnp.max(jnp.abs(weights - l2), axis=-1),
        to_l1=jnp.max(jnp.abs(weights - l1), axis=-1),
        gap=jnp.max(jnp.abs(l2 - l1)),
    )


def kernel_movement(
    network: DiagonalNetwork, X: ArrayLike, weights: ArrayLike
) -> Float[Array, "..."]:
    r"""Relative movement of the tangent kernel, :math:`\|K(w) - K(0)\|_F / \|K(0)\|_F`.

    :math:`K = X \rho^{-1} X^\top` where the inverse metric :math:`\rho^{-1}` is the diagonal matrix
    of :math:`D^2 (u_i^{2D-2} + v_i^{2D-2})`. The parameters follow in closed form from the weights,
    at any time of the flow from `network.init`. Where the ratio exceeds 1e308 it is inf: use
    `log_kernel_movement`.

    **Arguments:** `network`; `X` "n d"; `weights` "... d", such as a whole path of times.

    **Returns:** an array of the leading axes of the weights.

    **Raises:** `ValueError` for arrays that are not finite or do not match.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> network = ib.DiagonalNetwork(depth=2, scale=1.0)
    >>> round(ib.kernel_movement(network, [[1.0]], [1.5]).item(), 12)  # sqrt(w^2 + 4) / 2 - 1
    0.25
    """
    return jnp.exp(log_kernel_movement(network, X, weights))


def log_kernel_movement(
    network: DiagonalNetwork, X: ArrayLike, weights: ArrayLike
) -> Float[Array, "..."]:
    r"""Natural logarithm of `kernel_movement`, for all scales; :math:`-\infty` where nothing moved.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> network = ib.DiagonalNetwork(depth=10, scale=1e-60)
    >>> log_movement = ib.log_kernel_movement(network, [[1.0]], [1.0])
    >>> round((log_movement / jax.numpy.log(10.0)).item())
    1080
    """
    X = _check.finite_array("X", X, 2)
    weights = _weights(weights, X)
    log_start = (2 * network.depth - 2) * jnp.log(network.effective_scale)
    growth = network.log_metric_growth(weights)
    return _log_movement(X, log_start, growth)


@jax.jit
def _log_movement(X: Array, log_start: Array, growth: Array) -> Array:
    log_start = jnp.broadcast_to(log_start, X.shape[1:])
    # log(e^growth - 1), relative to the largest; each coordinate weighs as its metric at the start.
    log_change = growth + jnp.log(-jnp.expm1(-growth))
    return _log_kernel_norm(X, log_start + log_change) - _log_kernel_norm(X, log_start)


def _log_kernel_norm(X: Array, log_diagonal: Array) -> Array:
    """log ||X diag(e^log_diagonal) X^T||_F, over leading axes of the diagonal."""
    largest = jnp.max(log_diagonal, axis=-1, keepdims=True)
    largest = jnp.where(jnp.isfinite(largest), largest, 0.0)
    diagonal = jnp.exp(log_diagonal - largest)
    kernel = jnp.einsum("nd,...d,md->...nm", X, diagonal, X)
    return jnp.log(jnp.linalg.norm(kernel, axis=(-2, -1))) + largest[..., 0]


def relative_scale(network: DiagonalNetwork, weights: ArrayLike) -> Float[Array, "..."]:
    r"""Logarithm to base 10 of :math:`\alpha^D / \|w\|_\infty`, of the leading axes of the weights.

    The one number that decides how curved the potential is over the weights reached: well above 0
    it is quadratic there, well below 0 it is close to an l1 norm. :math:`\alpha` is the network's
    `effective_scale`, and its geometric mean where features have their own.

    **Raises:** `ValueError` for weights that are not finite or all zero.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> round(ib.relative_scale(ib.DiagonalNetwork(depth=3, scale=0.1), [0.1, -1.0]).item(), 6)
    -3.0
    """
    weights = _check.finite_array("weights", weights, max(np.ndim(weights), 1))
    size = jnp.max(jnp.abs(weights), axis=-1)
    if not _check.is_traced(size) and not np.all(np.asarray(size) > 0):
        raise ValueError("weights must not be all zero: no scale is small or large beside them")
    return network.depth * jnp.mean(jnp.log10(network.effective_scale)) - jnp.log10(size)


class EffectiveStart(NamedTuple):
    """Where gradient flow would have to start to end where a run did."""

    scale: Float[Array, "*s d"]  # of each weight
    weights: Float[Array, "*s d"]  # the predictor at that start, zero without noise or steps


def effective_start(run: Descent, X: ArrayLike) -> EffectiveStart:
    r"""The scales and the predictor from which gradient flow would end where a run ended.

    A run of depth 2 that ends at (u, v) with Xw = y, no :math:`u_i v_i` zero, and no weight decay
    during the last steps, ends at the interpolator nearest to :math:`\tilde w` in the Bregman
    divergence of :math:`Q_{\tilde\alpha}`, one scale a weight,

    .. math:: \tilde\alpha_i^2 = |u_i v_i|, \qquad
              \tilde w_i = 2\tilde\alpha_i^2
              \sinh\bigl(\log|u_i/v_i| - (X^\top\nu)_i\bigr),

    with the `dual` :math:`\nu` of the run (Even et al. 2023, arXiv:2302.08982, for stochastic
    gradient descent): `interpolator(X, y, DiagonalPotential(2, scale), start=weights)`. A run in
    several parts has the sum of their duals.

    **Arguments:** `run`, of a network of depth 2, and the `X` that it was trained on.

    **Raises:** `ValueError` for an X of another shape, or a run that ends where some
    :math:`u_i v_i` is zero.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> X, y = [[1.0, 0.5]], [1.0]
    >>> network = ib.DiagonalNetwork(depth=2, scale=0.1)
    >>> run = ib.stochastic_gradient_descent(network, X, y, 0.1, 1000)
    >>> start = ib.effective_start(run, X)
    >>> bool(0.06 < start.scale[0] < start.scale[1] < 0.1)  # the first weight's gradient is larger
    True
    >>> end = ib.interpolator(X, y, ib.DiagonalPotential(2, start.scale), start=start.weights)
    >>> bool(abs(end.weights - run.weights[-1]).max() < 1e-10)
    True
    """
    X = _check.finite_array("X", X, 2)
    u, v = (jnp.abs(part) for part in run.params)
    if X.shape != (run.dual.shape[-1], u.shape[-1]):
        raise ValueError(
            f"X must have the shape {(run.dual.shape[-1], u.shape[-1])} of the run's, found "
            f"{X.shape}"
        )
    if not bool(jnp.all((u > 0) & (v > 0))):
        raise ValueError("run must end where no weight of u or v is zero: found one that is")
    scale = jnp.sqrt(u) * jnp.sqrt(v)
    return EffectiveStart(scale, 2 * scale**2 * jnp.sinh(jnp.log(u / v) - run.dual @ X))


def regime(
    network: DiagonalNetwork,
    X: ArrayLike,
    y: ArrayLike,
    weights: ArrayLike,
    *,
    tolerance: float = 0.1,
) -> Regime:
    r"""The regime in which a network ended with these weights.

    With the gap :math:`\|w_{\ell_2} - w_{\ell_1}\|_\infty` of the two limits as unit, weights are
    "kernel" within `tolerance` of the min-l2 interpolator, "feature learning" within `tolerance` of
    the min-l1 interpolator, and "between" otherwise. The default calls a run by a limit when nine
    tenths of the way to it are done; it is a convention. How far the tangent kernel moved is
    another measure, which can be large long before the weights come near the min-l1 interpolator.

    **Arguments:** `network`, `X` "n d", `y` "n", final `weights` "d", `tolerance` in (0, 1/2).

    **Raises:** `ValueError` for a tolerance outside (0, 1/2), data whose two limits coincide, and
    as `limit_distances` does.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.regime(ib.DiagonalNetwork(2, 1e3), [[1.0, 2.0]], [5.0], [1.0, 2.0]).name
    'kernel'
    """
    if not 0 < tolerance < 0.5:
        raise ValueError(f"tolerance must lie strictly between 0 and 1/2, found {tolerance}")
    weights = _check.finite_array("weights", weights, 1)
    distances = limit_distances(X, y, weights)
    if not distances.gap > 1e-9 * jnp.max(jnp.abs(weights)):
        raise ValueError(
            "X and y must have different min-l2 and min-l1 interpolators, found a difference of "
            f"{distances.gap:.1e}: no regime can be told from the weights"
        )
    to_l2 = float(distances.to_l2 / distances.gap)
    to_l1 = float(distances.to_l1 / distances.gap)
    if to_l2 <= tolerance:
        name = "kernel"
    elif to_l1 <= tolerance:
        name = "feature learning"
    else:
        name = "between"
    log10_movement = float(log_kernel_movement(network, X, weights) / jnp.log(10.0))
    return Regime(name, to_l2, to_l1, log10_movement, float(relative_scale(network, weights)))


def _weights(weights: ArrayLike, X: Array) -> Array:
    weights = _check.finite_array("weights", weights, max(np.ndim(weights), 1))
    if weights.shape[-1] != X.shape[1]:
        raise ValueError(
            f"weights must have one entry a column of X: X has {X.shape[1]} columns, found shape "
            f"{weights.shape}"
        )
    return weights
