r"""Metric tensors: of a parametrisation, its tangent kernel, its potential, and how lazy it is.

Gradient flow on the parameters of :math:`w = F(p)` moves the predictor by
:math:`\dot w = -J J^\top \nabla L(w)` with :math:`J = \partial F / \partial p`. The metric tensor
:math:`\rho = (J J^\top)^{-1}` is the geometry of the architecture: this is the gradient flow of L
with respect to it (Gunasekar, Woodworth and Srebro 2021, arXiv:2004.01025).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
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


def lie_brackets(features: Callable[[Any], Array], params: Any) -> Float[Array, "d d p"]:
    r"""Lie brackets of the gradients of the coordinates of a parametrisation,

    .. math:: [\nabla F_i, \nabla F_j] = \nabla^2 F_j\, \nabla F_i - \nabla^2 F_i\, \nabla F_j .

    Where all of them vanish, around the start, the parametrisation commutes: its gradient flow is
    mirror flow of a potential (Li, Wang, Lee and Arora 2022, arXiv:2207.04036), whose values
    `horizontal_lift` computes. `features` and `params` are those of `inverse_metric`; p is the
    number of parameters, in the order in which `jax.tree.leaves` has them.

    **Raises:** `ValueError` as `inverse_metric` does.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> neuron = ib.Neuron(scale=1.0)  # w = a v: the brackets turn v
    >>> ib.lie_brackets(neuron.features, (2.0, jax.numpy.array([3.0, 4.0])))[0, 1].tolist()
    [0.0, -4.0, 3.0]
    """
    curved = _along_gradients(features, _finite(params))
    return curved - jnp.swapaxes(curved, 0, 1)


def is_commuting(features: Callable[[Any], Array], params: Any, *, tolerance: float = 1e-8) -> bool:
    r"""Whether the gradients of the coordinates commute at these parameters.

    The largest entry of `lie_brackets` is compared with `tolerance` times the largest entry of
    their terms. The theorem needs it at all parameters that training can reach.

    **Raises:** `ValueError` as `inverse_metric` does, and for a tolerance that is not positive.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> network, neuron = ib.DiagonalNetwork(depth=3, scale=1.0), ib.Neuron(scale=1.0)
    >>> [ib.is_commuting(model.features, model.init(2)) for model in (network, neuron)]
    [True, False]
    """
    _check.positive("tolerance", tolerance)
    curved = np.asarray(_along_gradients(features, _finite(params)))
    return bool(
        np.abs(curved - np.swapaxes(curved, 0, 1)).max() <= tolerance * np.abs(curved).max()
    )


_MAX_EVALUATIONS = 20_000  # of a piece of a path; a few hundred are usual


class Lift(NamedTuple):
    r"""A path of predictors, followed by the parameters: one entry for each of its k corners.

    - `params`: the parameters there, as `params` with a leading axis "k".
    - `dual`: :math:`\mu`, "k d": the integral of :math:`\rho\,dw`, zero at the first corner.
    - `value`: the integral of :math:`\langle\mu, dw\rangle`, "k".
    """

    params: Any
    dual: Float[Array, "k d"]
    value: Float[Array, " k"]


def horizontal_lift(
    features: Callable[[Any], Array],
    params: Any,
    path: Float[ArrayLike, "k d"],
    *,
    tolerance: float = 1e-10,
) -> Lift:
    r"""Moves the parameters so that their predictor follows a path, and as little as possible,

    .. math:: \dot u = J^\top \dot\mu, \qquad \dot\mu = (J J^\top)^{-1} \dot w ,

    which is what gradient flow on a loss with :math:`\nabla L = -\dot\mu` does. If the
    parametrisation commutes, the end depends on the end of the path alone: `dual` is the gradient
    :math:`\nabla\psi(w)` of its potential and `value` is :math:`\psi(w)`, both zero at the start
    (Li, Wang, Lee and Arora 2022, arXiv:2207.04036). If it does not, two paths may differ.

    **Arguments:**

    - `features`, `params`: those of `inverse_metric`.
    - `path`: the corners of a polygon, "k d", the first being `features(params)`.
    - `tolerance`: relative, of the solver's steps.

    **Raises:** `ValueError` as `metric_tensor` does at the start, and for a path that does not
    start there; `RuntimeError` if the path leads where the metric is infinite.

    The potential of :math:`w = u^2` is a quarter of the entropy:

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> lift = ib.horizontal_lift(lambda u: u**2, jax.numpy.ones(1), [[1.0], [3.0]])
    >>> round(lift.value[-1].item(), 6), round(ib.Entropy().bregman([3.0], [1.0]).item() / 4, 6)
    (0.323959, 0.323959)
    """
    from scipy.integrate import solve_ivp

    path = np.asarray(_check.finite_array("path", path, 2))
    _check.positive("tolerance", tolerance)
    metric_tensor(features, params)
    params = _finite(params)
    flat, unravel = ravel_pytree(params)
    at_start = np.asarray(jnp.ravel(features(params)))
    if path.shape[1:] != at_start.shape or not np.allclose(path[0], at_start, rtol=1e-9):
        raise ValueError(f"path must start at the features {at_start}, found {path[:1]}")
    p, d = len(flat), len(at_start)

    evaluations = 0

    def velocity(along: float, state: np.ndarray, move: np.ndarray) -> np.ndarray:
        nonlocal evaluations
        evaluations += 1
        if evaluations > _MAX_EVALUATIONS or not np.isfinite(state).all():
            raise RuntimeError(
                f"the path leads where the metric is infinite: stopped at {along:.3g} of the way "
                f"along {move}"
            )
        here, direction = _check.on_device(state), _check.on_device(move)
        slopes = _lifted(features, unravel(here[:p]), here[p:-1], direction)
        return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(slopes)])

    states = [np.concatenate([flat, np.zeros(d + 1)])]
    for move in np.diff(path, axis=0):
        evaluations = 0
        solution = solve_ivp(
            velocity,
            (0.0, 1.0),
            states[-1],
            method="DOP853",
            args=(move,),
            rtol=tolerance,
            atol=tolerance * max(np.abs(states[0]).max(), np.abs(path).max()),
        )
        if solution.status != 0:
            raise RuntimeError(
                f"the path leads where the metric is infinite: stopped at {solution.t[-1]:.3g} of "
                f"the way along {move}"
            )
        states.append(solution.y[:, -1])
    ends = _check.on_device(np.stack(states))
    return Lift(jax.vmap(unravel)(ends[:, :p]), ends[:, p : p + d], ends[:, -1])


class Laziness(NamedTuple):
    r"""How nearly linear a model is in its parameters on the way to its targets; see `laziness`."""

    kappa: float  # distance * curvature / derivative^2
    worst_kappa: float  # distance * curvature / weakest^2, infinite if weakest is 0
    distance: float  # ||F(u) - y||
    derivative: float  # ||DF||, the largest singular value of the Jacobian
    weakest: float  # the smallest singular value of the Jacobian
    curvature: float  # ||D^2 F||


def laziness(features: Callable[[Any], Array], params: Any, y: Float[ArrayLike, " n"]) -> Laziness:
    r"""The number that says how lazily a model will train from these parameters,

    .. math:: \kappa = \|F(u) - y\|\, \frac{\|D^2F(u)\|}{\|DF(u)\|^2}

    (Chizat, Oyallon and Bach 2019, arXiv:1812.07956): the relative change of the derivative DF on
    the way to y, had all directions the speed of the fastest. Norms are spectral:
    :math:`\|DF\|` is the largest singular value of the Jacobian, and

    .. math:: \|D^2F\| = \max_{\|a\| = \|b\| = \|c\| = 1}
              \sum_{ijk} a_i b_j c_k\, \partial_j \partial_k F_i ,

    found by maximising over a, b and c in turn from eight starts: exact up to rounding if one of
    them leads to the maximum, and else too small. `worst_kappa` has the smallest singular value in
    the place of the largest; below 1/2 it proves laziness where F is quadratic.

    **Arguments:**

    - `features`: F, from parameters to the n outputs on the samples, such as `network.on(X)`.
    - `params`: u, as in `inverse_metric`. All n p^2 second derivatives are computed.
    - `y`: the targets, "n".

    **Raises:** `ValueError` as `inverse_metric` does, for a y of another length, and where DF = 0.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> def outputs(u):  # with the derivative 10 and the second derivative 2
    ...     return 10 * u + u**2
    >>> ib.laziness(outputs, jax.numpy.zeros(1), [3.0]).kappa
    0.06
    """
    y = np.asarray(_check.finite_array("y", y, 1))
    params = _finite(params)
    jacobian = np.asarray(_jacobian_of(features, params))
    if y.shape != jacobian.shape[:1]:
        raise ValueError(
            f"y must have one entry an output: {len(jacobian)} outputs, found shape {y.shape}"
        )
    singular = np.linalg.svd(jacobian, compute_uv=False)
    if not singular[0] > 0:
        raise ValueError(f"params must be a point where features move, found DF = 0 at {params}")
    weakest = float(singular[-1]) if jacobian.shape[0] <= jacobian.shape[1] else 0.0
    distance = float(np.linalg.norm(np.ravel(features(params)) - y))
    curvature = _spectral_norm(np.asarray(_second_derivatives(features, params)))
    return Laziness(
        kappa=distance * curvature / float(singular[0]) ** 2,
        worst_kappa=distance * curvature / weakest**2 if weakest > 0 else float("inf"),
        distance=distance,
        derivative=float(singular[0]),
        weakest=weakest,
        curvature=curvature,
    )


def _spectral_norm(tensor: np.ndarray, starts: int = 8, rounds: int = 500) -> float:
    """The largest value of a trilinear form on unit vectors, by maximising over one at a time."""
    generator = np.random.default_rng(0)
    best = 0.0
    for _ in range(starts):
        b = generator.standard_normal(tensor.shape[2])
        b, value = b / np.linalg.norm(b), 0.0
        for _ in range(rounds):
            # With b fixed, the best a and c are singular vectors; b is then the best for these.
            left, singular, right = np.linalg.svd(tensor @ b, full_matrices=False)
            a, c = left[:, 0], right[0]
            b = np.tensordot(a, tensor, 1).T @ c
            before, value = value, float(np.linalg.norm(b))
            if value <= before * (1 + 1e-15) or value == 0:
                break
            b /= value
        best = max(best, value)
    return best


@eqx.filter_jit
def _lifted(features: Any, params: Any, dual: Array, move: Array) -> tuple[Any, Array, Array]:
    """Velocities of the parameters, the dual variable and the value, for one of the predictor."""
    _, unravel = ravel_pytree(params)
    jacobian = _jacobian_of(features, params)
    force = jnp.linalg.solve(jacobian @ jacobian.T, move)
    return unravel(force @ jacobian), force, dual @ move


@eqx.filter_jit
def _along_gradients(features: Callable[[Any], Array], params: Any) -> Float[Array, "d d p"]:
    """The derivative of grad F_j along grad F_i, which is Hess F_j grad F_i, at [i, j]."""
    flat, unravel = ravel_pytree(params)

    def gradients(flat: Array) -> Array:
        return _jacobian_of(features, unravel(flat))

    return jax.vmap(lambda along: jax.jvp(gradients, (flat,), (along,))[1])(gradients(flat))


@eqx.filter_jit
def _second_derivatives(features: Callable[[Any], Array], params: Any) -> Float[Array, "n p p"]:
    flat, unravel = ravel_pytree(params)
    return jax.jacfwd(lambda flat: _jacobian_of(features, unravel(flat)))(flat)


def _jacobian(features: Callable[[Any], Array], params: Any) -> Float[Array, "d p"]:
    return _jacobian_of(features, _finite(params))


@eqx.filter_jit
def _jacobian_of(features: Callable[[Any], Array], params: Any) -> Float[Array, "d p"]:
    flat, unravel = ravel_pytree(params)
    return jax.jacrev(lambda flat: jnp.ravel(features(unravel(flat))))(flat)


def _finite(params: Any) -> Any:
    return jax.tree.map(lambda leaf: _check.finite_array("params", leaf, np.ndim(leaf)), params)
