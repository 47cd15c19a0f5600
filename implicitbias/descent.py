r"""Discrete algorithms: mirror descent, natural gradient descent, gradient descent on parameters.

All three are discretisations of one flow, :math:`\dot w = -\rho(w)^{-1}\nabla L(w)`. Mirror descent
freezes the gradient over a step and follows the metric :math:`\rho = \nabla^2\psi` exactly, natural
gradient descent freezes both (Gunasekar, Woodworth and Srebro 2021, arXiv:2004.01025), and
gradient descent on parameters is what moves a network whose metric is
:math:`\rho = (JJ^\top)^{-1}`.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, ArrayLike, Float

from . import _check
from .potentials import Potential


class Diverged(RuntimeError):
    """A descent that left the domain or the range of float64.

    `iterates` are those before it did, shape "k+1 d" with the start first.
    """

    def __init__(self, message: str, iterates: Float[Array, "k+1 d"]):
        super().__init__(message)
        self.iterates = iterates


def mirror_descent(
    potential: Potential,
    gradient: Callable[[Array], Array],
    start: Float[ArrayLike, " d"],
    step_size: Float[ArrayLike, "*steps"],
    steps: int,
) -> Float[Array, "steps+1 d"]:
    r"""Mirror descent,

    .. math:: \nabla\psi(w_{k+1}) = \nabla\psi(w_k) - \eta_k \nabla L(w_k),

    which is :math:`w_{k+1} = \arg\min_w \eta_k\langle\nabla L(w_k), w\rangle + D_\psi(w, w_k)`.
    Where it converges to a solution of :math:`Xw = y`, that is the interpolator nearest to the
    start in :math:`D_\psi`, whatever the steps (Gunasekar et al. 2018, arXiv:1802.08246):
    `interpolator` with the same potential and start.

    **Arguments:**

    - `potential`: any `Potential`.
    - `gradient`: :math:`\nabla L`, from "d" to "d". Each new Python function is compiled anew;
      one that carries its data as leaves, such as `jax.tree_util.Partial(f, X, y)`, is not.
    - `start`: :math:`w_0`, shape "d", in the domain of the potential.
    - `step_size`: :math:`\eta`, positive: one number, or one a step.
    - `steps`: how many, a positive integer.

    **Returns:** the iterates, the start first.

    **Raises:** `ValueError` for bad arguments; `Diverged` at the first iterate whose dual variable
    leaves the domain, or that float64 cannot hold.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> path = ib.mirror_descent(ib.Entropy(), lambda w: w - 2, [1.0], 0.5, steps=100)
    >>> round(path[1].item(), 6), round(path[-1].item(), 6)  # exp(0.5) first
    (1.648721, 2.0)
    """
    if not isinstance(potential, Potential):
        raise ValueError(f"potential must be a Potential, found {potential!r}")
    start, sizes = _checked(gradient, start, step_size, steps)
    path, sound = _mirror(potential, gradient, start, potential.to_dual(start), sizes)
    return _whole(path, sound, f"the domain of {type(potential).__name__}")


def natural_gradient_descent(
    metric: Callable[[Array], Array],
    gradient: Callable[[Array], Array],
    start: Float[ArrayLike, " d"],
    step_size: Float[ArrayLike, "*steps"],
    steps: int,
) -> Float[Array, "steps+1 d"]:
    r"""Natural gradient descent, :math:`w_{k+1} = w_k - \eta_k\,\rho(w_k)^{-1}\nabla L(w_k)`.

    With the Hessian of a potential as its metric it goes where mirror descent goes to first order
    in the step, but its limit depends on the steps (Gunasekar et al. 2018, arXiv:1802.08246; the
    method is Amari's, 1998).

    **Arguments:**

    - `metric`: :math:`\rho`, from "d" to a symmetric positive definite "d d" matrix, such as
      `potential.hessian`.
    - The others are those of `mirror_descent`.

    **Returns:** the iterates, the start first.

    **Raises:** `ValueError` for bad arguments, or a metric that is not such a matrix at the start;
    `Diverged` at the first iterate where it is none, or that float64 cannot hold.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.natural_gradient_descent(ib.Entropy().hessian, lambda w: w - 2, [1.0], 0.5, steps=1)
    Array([[1. ],
           [1.5]], dtype=float64)
    """
    start, sizes = _checked(gradient, start, step_size, steps)
    at_start, d = metric(start), start.shape[0]
    if at_start.shape != (d, d):
        raise ValueError(f"metric must give a matrix of shape {(d, d)}, found {at_start.shape}")
    if not np.allclose(at_start, at_start.T) or not _is_positive(at_start):
        raise ValueError(
            f"metric must be symmetric and positive definite, found {at_start} at the start {start}"
        )
    try:
        path, sound = _natural(metric, gradient, start, sizes)
    except eqx.EquinoxRuntimeError:  # a metric that itself refuses points out of its domain
        path, sound = _natural_stepwise(metric, gradient, start, sizes)
    return _whole(path, sound, "the points where the metric is positive definite")


def gradient_descent(
    features: Callable[[Any], Array],
    gradient: Callable[[Array], Array],
    params: Any,
    step_size: Float[ArrayLike, "*steps"],
    steps: int,
) -> Float[Array, "steps+1 d"]:
    r"""Gradient descent on the parameters u of :math:`w = F(u)`, as a network is trained,

    .. math:: u_{k+1} = u_k - \eta_k J(u_k)^\top \nabla L(F(u_k)), \qquad J = \partial F/\partial u.

    **Arguments:**

    - `features`: F, from parameters to the linear predictor, such as `network.features`.
    - `params`: the parameters at the start, in any nest of tuples, lists and dictionaries of
      float64 arrays.
    - The others are those of `mirror_descent`; `gradient` is that in w.

    **Returns:** the predictors :math:`w_k = F(u_k)`, that of the start first; matrices flattened.

    **Raises:** `ValueError` for bad arguments; `Diverged` at the first iterate that float64 cannot
    hold.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> network = ib.DiagonalNetwork(depth=2, scale=1.0)
    >>> path = ib.gradient_descent(
    ...     network.features, lambda w: w - 2, network.init(1), 0.05, steps=200
    ... )
    >>> path[0].item(), round(path[-1].item(), 6)
    (0.0, 2.0)
    """
    params = jax.tree.map(lambda leaf: _check.finite_array("params", leaf, np.ndim(leaf)), params)
    start = jnp.ravel(features(params))
    _, sizes = _checked(gradient, start, step_size, steps)
    path, sound = _on_parameters(features, gradient, params, sizes)
    return _whole(path, sound, "the domain of the features")


def _checked(gradient, start, step_size, steps):
    """The start, and one size for each step."""
    start = _check.finite_array("start", start, 1)
    if not isinstance(steps, int | np.integer) or isinstance(steps, bool) or steps < 1:
        raise ValueError(f"steps must be a positive integer, found {steps!r}")
    _check.positive("step_size", step_size)
    sizes = _check.finite_array("step_size", step_size, np.ndim(step_size))
    if sizes.shape not in ((), (steps,)):
        raise ValueError(
            f"step_size must be one number or one a step, {steps}, found shape {sizes.shape}"
        )
    found = jax.eval_shape(gradient, start).shape
    if found != start.shape:
        raise ValueError(f"gradient must have the shape {start.shape} of the start, found {found}")
    return start, jnp.broadcast_to(sizes, (steps,))


def _iterate(step, state, sizes):
    """The state after every step, and whether it and all before it are sound.

    `step` gives the next state and whether it is sound; where it is not, nothing moves any more.
    """

    def advance(carry, size):
        state, sound = carry
        moved, fine = step(state, size)
        sound = sound & fine
        state = jax.tree.map(lambda new, old: jnp.where(sound, new, old), moved, state)
        return (state, sound), (state, sound)

    _, (states, sound) = jax.lax.scan(advance, (state, jnp.asarray(True)), sizes)
    return states, sound


def _finite(array):
    return jnp.all(jnp.isfinite(array))


@eqx.filter_jit
def _mirror(potential, gradient, start, dual, sizes):
    def step(state, size):
        w, z = state
        moved = z - size * gradient(w)
        # The conjugate is finite inside the domain, and asking it raises no error.
        inside = _finite(moved) & _finite(potential.conjugate(jnp.where(_finite(moved), moved, z)))
        w = potential.to_primal(jnp.where(inside, moved, z))
        return (w, moved), inside & _finite(w)

    (path, _), sound = _iterate(step, (start, dual), sizes)
    return jnp.vstack([start, path]), sound


def _natural_step(metric, gradient, w, size):
    factor, lower = jax.scipy.linalg.cho_factor(metric(w))
    moved = w - size * jax.scipy.linalg.cho_solve((factor, lower), gradient(w))
    return moved, _finite(moved)


def _is_positive(matrix):
    return _finite(jnp.linalg.cholesky(matrix))


@eqx.filter_jit
def _natural(metric, gradient, start, sizes):
    def step(w, size):
        moved, fine = _natural_step(metric, gradient, w, size)
        return moved, fine & _is_positive(metric(jnp.where(fine, moved, w)))

    path, sound = _iterate(step, start, sizes)
    return jnp.vstack([start, path]), sound


def _natural_stepwise(metric, gradient, start, sizes):
    """The same, one step at a time, up to the point that the metric refuses."""
    path = [start]
    for size in sizes:
        moved, fine = _natural_step(metric, gradient, path[-1], size)
        try:
            fine = fine and _is_positive(metric(moved))
        except ValueError:
            fine = False
        if not fine:
            break
        path.append(moved)
    return jnp.stack(path), jnp.arange(len(sizes)) < len(path) - 1


@eqx.filter_jit
def _on_parameters(features, gradient, params, sizes):
    flat, unravel = ravel_pytree(params)

    def predictor(flat):
        return jnp.ravel(features(unravel(flat)))

    def step(flat, size):
        w, pull_back = jax.vjp(predictor, flat)
        moved = flat - size * pull_back(gradient(w))[0]
        return moved, _finite(moved) & _finite(predictor(moved))

    path, sound = _iterate(step, flat, sizes)
    return jax.vmap(predictor)(jnp.vstack([flat, path])), sound


def _whole(path, sound, domain):
    """The path, if all of it is sound."""
    steps = int(np.sum(sound))
    if steps < len(sound):
        raise Diverged(
            f"iterate {steps + 1} of {len(sound)} lies outside {domain}, or is too large for "
            f"float64; iterate {steps} is {np.asarray(path[steps])}. Take a smaller step_size, or "
            "fewer steps",
            path[: steps + 1],
        )
    return path
