r"""Discrete algorithms: mirror descent, natural gradient descent, descent on parameters.

The first three are discretisations of one flow, :math:`\dot w = -\rho(w)^{-1}\nabla L(w)`. Mirror
descent freezes the gradient over a step and follows the metric :math:`\rho = \nabla^2\psi` exactly,
natural gradient descent freezes both (Gunasekar, Woodworth and Srebro 2021, arXiv:2004.01025), and
gradient descent on parameters is what moves a network whose metric is
:math:`\rho = (JJ^\top)^{-1}`. Stochastic gradient descent trains diagonal networks, with batches,
noisy labels, momentum and weight decay.

Without a gradient to follow, the first two are transformations of optax, for any optax loop. The
geometry is a border: what is chained before it acts on gradients, in the dual, and what is chained
after it acts on moves of the weights.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, overload

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, ArrayLike, Float, Int

from . import _check
from .parametrizations import DiagonalNetwork
from .potentials import Potential


class Diverged(RuntimeError):
    """A descent that left the domain or the range of float64.

    `iterates` are those before it did, shape "k+1 d" with the start first.
    """

    def __init__(self, message: str, iterates: Float[Array, "k+1 d"]):
        super().__init__(message)
        self.iterates = iterates


@overload
def mirror_descent(
    potential: Potential, *, step_size: float = 1.0
) -> optax.GradientTransformation: ...
@overload
def mirror_descent(
    potential: Potential,
    gradient: Callable[[Array], Array],
    start: Float[ArrayLike, " d"],
    step_size: Float[ArrayLike, "*steps"],
    steps: int,
) -> Float[Array, "steps+1 d"]: ...
def mirror_descent(potential, gradient=None, start=None, step_size: Any = 1.0, steps=None):
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

    **Returns:** the iterates, the start first. Without `gradient`, `start` and `steps`: an
    `optax.GradientTransformation` for parameters in any nest of float64 arrays, which are one "d"
    together. Momentum or a schedule chained before it acts on gradients, and keeps the theorem;
    momentum chained after it acts on moves, and does not.

    **Raises:** `ValueError` for bad arguments; `Diverged` at the first iterate whose dual variable
    leaves the domain, or that float64 cannot hold. The transformation raises when it leaves the
    domain.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> path = ib.mirror_descent(ib.Entropy(), lambda w: w - 2, [1.0], 0.5, steps=100)
    >>> round(path[1].item(), 6), round(path[-1].item(), 6)  # exp(0.5) first
    (1.648721, 2.0)

    >>> import optax
    >>> method = optax.chain(optax.trace(0.5), ib.mirror_descent(ib.Entropy(), step_size=0.3))
    >>> w = jax.numpy.ones(1)
    >>> state = method.init(w)
    >>> for _ in range(100):
    ...     updates, state = method.update(w - 2, state, w)
    ...     w = optax.apply_updates(w, updates)
    >>> round(w.item(), 6)
    2.0
    """
    if not isinstance(potential, Potential):
        raise ValueError(f"potential must be a Potential, found {potential!r}")
    if gradient is None:
        _check_transformation(start, step_size, steps)
        return _transformation(
            lambda w, g: potential.to_primal(potential.to_dual(w) - step_size * g) - w
        )
    start, sizes = _checked(gradient, start, step_size, steps)
    path, sound = _mirror(potential, gradient, start, potential.to_dual(start), sizes)
    return _whole(path, sound, f"the domain of {type(potential).__name__}")


@overload
def natural_gradient_descent(
    metric: Callable[[Array], Array], *, step_size: float = 1.0
) -> optax.GradientTransformation: ...
@overload
def natural_gradient_descent(
    metric: Callable[[Array], Array],
    gradient: Callable[[Array], Array],
    start: Float[ArrayLike, " d"],
    step_size: Float[ArrayLike, "*steps"],
    steps: int,
) -> Float[Array, "steps+1 d"]: ...
def natural_gradient_descent(metric, gradient=None, start=None, step_size: Any = 1.0, steps=None):
    r"""Natural gradient descent, :math:`w_{k+1} = w_k - \eta_k\,\rho(w_k)^{-1}\nabla L(w_k)`.

    With the Hessian of a potential as its metric it goes where mirror descent goes to first order
    in the step, but its limit depends on the steps (Gunasekar et al. 2018, arXiv:1802.08246; the
    method is Amari's, 1998).

    **Arguments:**

    - `metric`: :math:`\rho`, from "d" to a symmetric positive definite "d d" matrix, such as
      `potential.hessian`.
    - The others are those of `mirror_descent`.

    **Returns:** the iterates, the start first; without `gradient`, `start` and `steps`, an
    `optax.GradientTransformation`, as `mirror_descent` does.

    **Raises:** `ValueError` for bad arguments, or a metric that is not such a matrix at the start;
    `Diverged` at the first iterate where it is none, or that float64 cannot hold.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.natural_gradient_descent(ib.Entropy().hessian, lambda w: w - 2, [1.0], 0.5, steps=1)
    Array([[1. ],
           [1.5]], dtype=float64)
    """
    if gradient is None:
        _check_transformation(start, step_size, steps)
        return _transformation(
            lambda w, g: -step_size * jnp.linalg.solve(_positive_definite(metric(w)), g)
        )
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


class Descent(NamedTuple):
    r"""A run of descent on a network's parameters; with several seeds, one a leading axis "s".

    - `steps`: after how many steps the records were taken, shape "t"; the start is not recorded.
    - `weights`: :math:`w_k`, shape "t d".
    - `losses`: :math:`L(w_k)` on all samples and the true labels, shape "t".
    - `params`: (u, v) after the last step.
    - `dual`: :math:`\nu` after the last step, shape "n": the gradients in w of all steps together
      are :math:`\eta\sum_k g_k = -(1-\beta)X^\top\nu/4`, with the constant that makes
      :math:`X^\top\nu` the dual coordinate of gradient flow at depth 2.
    """

    steps: Int[Array, " t"]
    weights: Float[Array, "*s t d"]
    losses: Float[Array, "*s t"]
    params: tuple[Float[Array, "*s d"], Float[Array, "*s d"]]
    dual: Float[Array, "*s n"]


def stochastic_gradient_descent(
    network: DiagonalNetwork,
    X: Float[ArrayLike, "n d"],
    y: Float[ArrayLike, " n"],
    step_size: float,
    steps: int,
    *,
    batch_size: int | None = None,
    label_noise: float = 0.0,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    seed: int | Sequence[int] = 0,
    records: int = 1,
    params: tuple[ArrayLike, ArrayLike] | None = None,
) -> Descent:
    r"""Stochastic gradient descent on the parameters of a diagonal network and the square loss,

    .. math:: \theta_{k+1} = \theta_k - \eta\bigl(J(\theta_k)^\top g_k + \lambda\theta_k\bigr)
              + \beta(\theta_k - \theta_{k-1}), \qquad
              g_k = \frac nB \sum_{i\in B_k} x_i\bigl(\langle x_i, w_k\rangle
              - y_i - \sigma\xi_{k,i}\bigr),

    where :math:`\theta = (u, v)`, the batch :math:`B_k` is B of the n samples, drawn anew and
    without replacement in each step, and the :math:`\xi_{k,i}` are independent and standard
    normal. Without label noise :math:`g_k` is an unbiased estimate of the gradient in w.

    **Arguments:**

    - `network`: with equal layers.
    - `X`, `y`: shapes "n d" and "n".
    - `step_size`: :math:`\eta > 0`. `steps`: how many, a positive integer.
    - `batch_size`: B, from 1 to n; all samples unless given.
    - `label_noise`: :math:`\sigma \ge 0`. `momentum`: :math:`\beta` in [0, 1), from rest.
      `weight_decay`: :math:`\lambda \ge 0`, of the penalty
      :math:`\tfrac\lambda2(\|u\|^2+\|v\|^2)`.
    - `seed`: of batches and noise, a non-negative integer; or several, which run side by side.
    - `records`: how many times to look, evenly spread over the steps; at most so many as steps.
    - `params`: (u, v) at the start, such as those where another run ended: each "d", or one a seed,
      "s d". Those of `network.init` unless given.

    **Returns:** a `Descent`.

    **Raises:** `ValueError` for bad arguments; `Diverged` if float64 cannot hold a parameter.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> X, y, _ = ib.sparse_regression(20, 40, 4, seed=0)
    >>> network = ib.DiagonalNetwork(depth=2, scale=0.3)
    >>> run = ib.stochastic_gradient_descent(network, X, y, 1e-3, 5000, batch_size=1)
    >>> run.weights.shape, bool(run.losses[-1] < 1e-6)
    ((1, 40), True)
    """
    X, y = _check.problem(X, y)
    n, d = X.shape
    if not isinstance(network, DiagonalNetwork) or not network.balanced:
        raise ValueError(f"network must be a DiagonalNetwork with equal layers, found {network!r}")
    batch_size = n if batch_size is None else batch_size
    for name, value in (("steps", steps), ("batch_size", batch_size), ("records", records)):
        _check.integer(name, value)
    if batch_size > n:
        raise ValueError(f"batch_size must be at most n = {n}, found {batch_size}")
    if records > steps:
        raise ValueError(f"records must be at most steps = {steps}, found {records}")
    if np.ndim(step_size) or not (np.isfinite(step_size) and step_size > 0):
        raise ValueError(f"step_size must be one positive number, found {step_size}")
    for name, value in (("label_noise", label_noise), ("weight_decay", weight_decay)):
        _check.not_negative(name, value)
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must lie in [0, 1), found {momentum}")
    seeds = np.atleast_1d(np.asarray(seed))
    if seeds.ndim > 1 or seeds.size == 0 or seeds.dtype.kind not in "iu" or (seeds < 0).any():
        raise ValueError(f"seed must be one or more non-negative integers, found {seed!r}")
    first = jnp.stack([_lanes(part, len(seeds), d) for part in params or network.init(d)])
    ends = np.linspace(0, steps, records + 1).round().astype(int)[1:]
    state, (weights, losses) = _descend(
        network,
        (X, y),
        first,
        jnp.asarray(seeds),
        jnp.asarray(ends),
        jnp.asarray([step_size, momentum, weight_decay, label_noise], float),
        jnp.asarray(batch_size),
        batches=batch_size < n,
        noisy=label_noise > 0,
    )
    last, _, dual, done = state
    if not bool(_finite(last)):
        raise Diverged(
            f"step {int(done)} of {steps} left the range of float64. Take a smaller step_size than "
            f"{step_size}, or a larger batch_size than {batch_size}",
            weights[0],
        )
    dual = 4 * step_size / (1 - momentum) * dual
    if np.ndim(seed) == 0:
        weights, losses, last, dual = weights[0], losses[0], last[:, 0], dual[0]
    return Descent(jnp.asarray(ends), weights, losses, (last[0], last[1]), dual)


def _lanes(part, lanes, d):
    part = _check.finite_array("params", part, np.ndim(part))
    if part.shape not in ((d,), (lanes, d)):
        raise ValueError(f"params must have the shape {(d,)} or {(lanes, d)}, found {part.shape}")
    return jnp.broadcast_to(part, (lanes, d))


@eqx.filter_jit
def _descend(network, data, first, seeds, ends, rates, batch_size, *, batches, noisy):
    """The state (parameters, those one step before, residuals summed, steps) and the records."""
    X, y = data
    n, (step_size, momentum, decay, noise) = len(y), rates
    keys = jax.vmap(jax.random.key)(seeds)
    features = jax.vmap(network.features)

    def draw(law, k, dtype):
        return jax.vmap(lambda key: law(jax.random.fold_in(key, k), (n,), dtype))(keys)

    def residuals(k, w):
        """Those that step k sees, weighted so that those of all samples are their mean."""
        seen = w @ X.T - y
        if not batches and not noisy:
            return seen
        if noisy:
            seen = seen - noise * draw(jax.random.normal, 2 * k, float)
        if batches:
            drawn = draw(jax.random.bits, 2 * k + 1, jnp.uint64)  # integers sort fast
            last = jnp.sort(drawn, axis=1)[:, batch_size - 1, None]
            seen = jnp.where(drawn <= last, n / batch_size * seen, 0.0)
        return seen

    def step(state):
        params, before, total, k = state
        w, pull_back = jax.vjp(features, (params[0], params[1]))
        seen = residuals(k, w)
        slope = jnp.stack(pull_back(seen @ X)[0])
        moved = params - step_size * (slope + decay * params) + momentum * (params - before)
        return moved, params, total - seen, k + 1

    def record(state, end):
        state = jax.lax.while_loop(lambda now: (now[3] < end) & _finite(now[0]), step, state)
        w = features((state[0][0], state[0][1]))
        return state, (w, jnp.sum((w @ X.T - y) ** 2, axis=1) / 2)

    state = (first, first, jnp.zeros((len(seeds), n)), jnp.asarray(0))
    state, (weights, losses) = jax.lax.scan(record, state, ends)
    return state, (jnp.moveaxis(weights, 0, 1), jnp.moveaxis(losses, 0, 1))


def _check_transformation(start, step_size, steps):
    for name, value in (("start", start), ("steps", steps)):
        if value is not None:
            raise ValueError(f"{name} needs a gradient to follow, found {value} without one")
    if np.ndim(step_size):
        raise ValueError(
            "step_size must be one number without a gradient (chain a schedule before it), found "
            f"shape {np.shape(step_size)}"
        )
    _check.positive("step_size", step_size)


def _transformation(move):
    """The transformation of optax that moves the weights w, "d", by move(w, g)."""

    def update(updates, state, params=None):
        if params is None:
            raise ValueError("params must be given: update(gradients, state, params)")
        w, unravel = ravel_pytree(params)
        w = _check.finite_array("params", w, 1)
        g = _check.finite_array("gradients", ravel_pytree(updates)[0], 1)
        return unravel(move(w, g)), state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


def _positive_definite(matrix):
    message = "metric must be positive definite at the params"
    if _check.is_traced(matrix):
        return eqx.error_if(matrix, ~_is_positive(matrix), message)
    if not _is_positive(matrix):
        raise ValueError(f"{message}, found {matrix}")
    return matrix


def _step_sizes(step_size, steps):
    """One size for each step."""
    _check.integer("steps", steps)
    _check.positive("step_size", step_size)
    sizes = _check.finite_array("step_size", step_size, np.ndim(step_size))
    if sizes.shape not in ((), (steps,)):
        raise ValueError(
            f"step_size must be one number or one a step, {steps}, found shape {sizes.shape}"
        )
    return jnp.broadcast_to(sizes, (steps,))


def _checked(gradient, start, step_size, steps):
    """The start, and one size for each step."""
    start = _check.finite_array("start", start, 1)
    sizes = _step_sizes(step_size, steps)
    found = jax.eval_shape(gradient, start).shape
    if found != start.shape:
        raise ValueError(f"gradient must have the shape {start.shape} of the start, found {found}")
    return start, sizes


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
