r"""How training gets there: gradient flow in the parameters and in the dual, margins, and jumps.

Time t is that of gradient flow on the parameters, :math:`\dot u = -\nabla_u L`, with
:math:`L(w) = \frac12\|Xw - y\|^2` unless another loss is named.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial
from jaxtyping import Array, ArrayLike, Float

from . import _check, _qexp, losses, metrics
from ._continuation import Geometry, enlarged, rotated
from .losses import Loss, SquareLoss
from .parametrizations import DiagonalNetwork

_MAX_STEPS = 200_000
_MAX_KEPT = 8192  # where every step is kept
_WALL = 1e-10  # a saturation this near to 1 is at the wall
SLACK_FLOOR = 1e-9  # Newton's method must still find 1 - |z| to some digits


class Trajectory(NamedTuple):
    r"""A path through function space.

    - `times`: shape "t", those asked for.
    - `weights`: :math:`w(t)`, shape "t d".
    - `duals`: :math:`\nu(t)`, shape "t n", with :math:`\nabla Q(w(t)) = X^\top\nu(t)` for the
      potential Q of the network.
    - `losses`: :math:`L(w(t))`, shape "t".
    """

    times: Float[Array, " t"]
    weights: Float[Array, "t d"]
    duals: Float[Array, "t n"]
    losses: Float[Array, " t"]


class Jumps(eqx.Module):
    r"""A path that stands still but for jumps; `times, weights = jumps` unpacks it.

    - `times`: of each jump, shape "j", rescaled so that they do not depend on the scale.
    - `weights`: after each jump, shape "j d".
    - `duals`: :math:`\nu` at each jump, shape "j n". :math:`X^\top\nu` are the saturations, and the
      last :math:`\nu` certifies the last weights: :math:`\|X^\top\nu\|_\infty \le 1` and
      :math:`\langle\nu, y\rangle = \|w\|_1`.
    - `feasibility`: :math:`\max_i |x_i^\top w - y_i|` at the end.
    - `stationarity`: the largest violation at any jump of :math:`|s_i| \le 1`, of
      :math:`s_i = \mathrm{sign}(w_i)` where :math:`w_i \ne 0`, and of the conditions that w is the
      constrained least squares solution, these relative to the first :math:`\|X^\top y\|_\infty`.
    """

    times: Float[Array, " j"]
    weights: Float[Array, "j d"]
    duals: Float[Array, "j n"]
    feasibility: Float[Array, ""]
    stationarity: Float[Array, ""]

    def __iter__(self):
        return iter((self.times, self.weights))

    def at(self, times: Float[ArrayLike, " t"]) -> Float[Array, "t d"]:
        """The weights at any times, shape "t d": those after the last jump before, or at, each."""
        start = np.zeros((1, self.weights.shape[1]))
        index = np.searchsorted(np.asarray(self.times), np.asarray(times), side="right")
        return _check.on_device(np.concatenate([start, self.weights])[index])


def gradient_flow(
    network: DiagonalNetwork,
    X: Float[ArrayLike, "n d"],
    y: Float[ArrayLike, " n"],
    times: Float[ArrayLike, "*t"],
    *,
    loss: Literal["square", "logistic", "exponential"] = "square",
    space: Literal["dual", "parameters"] = "dual",
    tolerance: float = 1e-8,
) -> Trajectory:
    r"""Gradient flow on a network, from its initialisation.

    In the dual, a diagonal network obeys an equation in n variables,

    .. math:: \dot\nu = c\,(y - Xw), \qquad w = \nabla Q^*(X^\top\nu),

    for the square loss; for another one, y - Xw is minus its gradient in the predictions (derived
    from Theorem 1 of Woodworth et al. 2020, arXiv:2002.09277; c is `network.rate`). It is stiff,
    and solved implicitly, at any scale. Below the scale where :math:`\alpha^{D-2} = 10^{-9}` the
    path is that of this scale with time counted in :math:`\alpha^{D-2}t`, from which it differs by
    that much. In the parameters, as a network is trained, the steps must be as short as the fastest
    weight, whence `RuntimeError` at small scales: that is what the dual is for.

    **Arguments:**

    - `network`: a `DiagonalNetwork`; in the parameters anything with `init(d)` and
      `features(params)`.
    - `X`, `y`: shapes "n d" and "n"; any n and d. Labels -1 or +1 for the logistic and exponential
      loss.
    - `times`: shape "t", rising, from 0 or later. Or a single time, for the square loss in the
      dual: then the path is returned at every step of the solver up to it, close where the weights
      move.
    - `loss`: square, a sum over samples, or logistic or exponential, means over samples.
    - `space`: what is integrated.
    - `tolerance`: relative and absolute, of a step.

    **Raises:** `ValueError` for bad data; `RuntimeError` after 200,000 steps.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> network = ib.DiagonalNetwork(depth=2, scale=1e-3)
    >>> path = ib.gradient_flow(network, [[2.0, 1.0]], [2.0], [0.0, 100.0])
    >>> path.weights.round(3).tolist()
    [[0.0, 0.0], [1.0, 0.001]]
    """
    X, y = _check.problem(X, y)
    times = _last("times", times) if np.ndim(times) == 0 else _rising("times", times)
    if space not in ("dual", "parameters"):
        raise ValueError(f'space must be "dual" or "parameters", found {space!r}')
    _check.positive("tolerance", tolerance)
    chosen = losses.get(loss)
    if not isinstance(chosen, SquareLoss):
        _check.labels(y, len(y))
    if times.ndim == 0 and not (space == "dual" and isinstance(chosen, SquareLoss)):
        raise ValueError(
            "times must be an array but for the square loss in the dual, found a single number"
        )
    if space == "parameters":
        duals, path = _parameter_flow(network, X, y, times, chosen, tolerance)
    elif not isinstance(network, DiagonalNetwork):
        raise ValueError(f"network must be a DiagonalNetwork in the dual, found {network!r}")
    elif isinstance(chosen, SquareLoss):
        return _dual_flow(network, X, y, times, tolerance)
    else:
        duals, path = _dual_flow_of(chosen, network, X, y, times, tolerance)
    return Trajectory(times, path, jnp.asarray(duals), _values(chosen, X, y, path))


@eqx.filter_jit
def _values(loss, X, y, path):
    return jax.vmap(lambda w: loss.value(X @ w, y))(path)


def _rising(name, value):
    array = _check.finite_array(name, value, 1)
    entries = np.asarray(array)
    if entries.size == 0 or entries[0] < 0 or np.any(np.diff(entries) <= 0) or entries[-1] == 0:
        raise ValueError(
            f"{name} must rise strictly, from 0 or later to a positive value, found {entries}"
        )
    return array


def _last(name, value):
    array = _check.finite_array(name, value, 0)
    _check.positive(name, array)
    return array


def _require_end(reached, steps, times, advice):
    if not reached:
        raise RuntimeError(
            f"the flow did not reach time {float(np.max(times)):.3g} within {int(steps)} steps: "
            f"{advice}"
        )


def _dual_flow(network, X, y, times, tolerance):
    from . import _dual_solver

    # In NumPy up to the one program and after it: JAX compiles each operation for each new shape,
    # and a path may have any number of steps.
    X, y, times = map(np.asarray, (X, y, times))
    potential = network.potential()
    k, rate = float(potential.order), float(network.rate)
    unit = k if k > 0 else 1.0
    own, speed = (
        np.broadcast_to(np.asarray(leaf, float), X.shape[1:])
        for leaf in (potential.log_amplitude, potential.speed)
    )
    level = own.mean()
    geometry = Geometry(own - level, speed, np.float64(k), None)
    n, d = X.shape
    rotation, turned_X, turned_y = rotated(X, y, geometry)
    large_X, large_y, geometry = enlarged(turned_X, turned_y, geometry)
    flow = _dual_solver.Flow(
        X=_check.on_device(large_X),
        y=_check.on_device(large_y),
        geometry=geometry,
        log_amplitude=np.maximum(level, np.log(SLACK_FLOOR) / unit) if k > 0 else level,
        tolerance=np.float64(tolerance),
        variables=np.float64(n + 2 * d),
    )
    most = _MAX_STEPS if times.ndim else _MAX_KEPT
    end, reached = _dual_solver.integrate(flow, times * rate / unit, most)
    _require_end(reached, end.steps, times, "take a looser tolerance, or an earlier time")
    kept = int(end.kept)
    moments = times if times.ndim else np.asarray(end.times)[:kept] * unit / rate
    # With more samples than features, the rotation keeps the range of X, where nu matters.
    weights = np.asarray(end.weights)[:kept, :d]
    duals = np.asarray(end.duals)[:kept, : rotation.shape[1]]
    values = ((weights @ X.T - y) ** 2).sum(1) / 2
    return Trajectory(*map(_check.on_device, (moments, weights, unit * duals @ rotation.T, values)))


@eqx.filter_jit
def _solve(vector_field, solver, start, times, tolerance):
    """States at the times, by diffrax; steps taken; its result."""
    import diffrax as dfx

    def largest(tree):
        return jnp.max(jnp.asarray([jnp.max(jnp.abs(leaf)) for leaf in jax.tree.leaves(tree)]))

    # diffrax's own choice of a first step is not a number on some of these problems.
    drive = largest(vector_field(0.0, start, None))
    first = 1e-3 * jnp.maximum(largest(start), 1e-3) / jnp.where(drive > 0, drive, 1)
    solution = dfx.diffeqsolve(
        dfx.ODETerm(vector_field),
        solver,
        t0=0.0,
        t1=times[-1],
        dt0=jnp.minimum(first, times[-1]),
        y0=start,
        saveat=dfx.SaveAt(ts=times),
        stepsize_controller=dfx.PIDController(rtol=tolerance, atol=tolerance),
        max_steps=_MAX_STEPS,
        throw=False,
    )
    return solution.ys, solution.stats["num_steps"], solution.result == dfx.RESULTS.successful


class _DualVelocity(eqx.Module):
    """The dual flow of a loss that is not square, where no weight need come near a barrier.

    A module, as the next, so that problems of one shape share a compiled program.
    """

    network: DiagonalNetwork
    loss: Loss
    X: Float[Array, "n d"]
    y: Float[Array, " n"]

    def weights(self, nu):
        potential = self.network.potential()
        z = potential.speed * (nu @ self.X)
        amplitude = jnp.broadcast_to(potential.log_amplitude, z.shape)
        return _qexp.primal(z, amplitude, jnp.asarray(potential.order, float))

    def __call__(self, t, nu, _):
        return -self.network.rate * self.loss.gradient(self.X @ self.weights(nu), self.y)


class _ParameterVelocity(eqx.Module):
    """Gradient flow on the parameters, and the multipliers beside it."""

    network: Any
    loss: Loss
    X: Float[Array, "n d"]
    y: Float[Array, " n"]

    def __call__(self, t, state, _):
        params, _ = state
        w, pull_back = jax.vjp(self.network.features, params)
        slope = self.loss.gradient(self.X @ w, self.y)
        (gradient,) = pull_back(slope @ self.X)
        return jax.tree.map(jnp.negative, gradient), -getattr(self.network, "rate", 1.0) * slope


def _dual_flow_of(loss, network, X, y, times, tolerance):
    import diffrax as dfx
    import optimistix as optx

    # diffrax's own root finder gives up where the Jacobian is as small as the scale squared.
    solver = dfx.Kvaerno5(root_finder=dfx.with_stepsize_controller_tols(optx.Newton)())
    velocity = _DualVelocity(network, loss, X, y)
    duals, steps, reached = _solve(velocity, solver, jnp.zeros(len(y)), times, tolerance)
    _require_end(reached, steps, times, "margin_flow goes further, in log(1/loss)")
    return duals, jax.vmap(velocity.weights)(duals)


def _parameter_flow(network, X, y, times, loss, tolerance):
    import diffrax as dfx

    velocity = _ParameterVelocity(network, loss, X, y)
    start = (network.init(X.shape[1]), jnp.zeros(len(y)))
    states, steps, reached = _solve(velocity, dfx.Tsit5(), start, times, tolerance)
    params, duals = states  # pyright: ignore[reportGeneralTypeIssues]
    _require_end(
        reached, steps, times, 'integrate in the dual, space="dual", or to an earlier time'
    )
    return duals, jax.vmap(network.features)(params)


class FunctionPath(NamedTuple):
    """A model that is trained: its parameters, and its outputs on the samples."""

    times: Float[Array, " t"]
    params: Any  # with a leading axis "t"
    outputs: Float[Array, "t n"]
    losses: Float[Array, " t"]


def function_flow(
    features: Callable[[Any], Array],
    params: Any,
    y: Float[ArrayLike, " n"],
    times: Float[ArrayLike, " t"],
    *,
    tolerance: float = 1e-8,
) -> FunctionPath:
    r"""Gradient flow on the parameters of any differentiable model,

    .. math:: \dot u = -DF(u)^\top (F(u) - y), \qquad L = \tfrac12 \|F(u) - y\|^2 .

    **Arguments:**

    - `features`: F, from parameters to the n outputs on the samples, such as `network.on(X)`. Each
      new Python function is compiled anew; a module, or `jax.tree_util.Partial`, is not.
    - `params`: the parameters at the start, in any nest of tuples, lists and dictionaries.
    - `y`: the targets, "n". Those of :math:`y + F(u_0)` train the difference to the start.
    - `times`: "t", rising, from 0 or later.
    - `tolerance`: relative and absolute, of a step.

    **Raises:** `ValueError` for bad data; `RuntimeError` if LSODA fails.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> network = ib.TwoLayerNetwork(width=20, scale=1.0)
    >>> path = ib.function_flow(network.on([[1.0], [-1.0]]), network.init(1), [0.5, -0.5], [100.0])
    >>> path.outputs.round(4).tolist()
    [[0.5, -0.5]]
    """
    from scipy.integrate import solve_ivp

    y, times = _check.finite_array("y", y, 1), _rising("times", times)
    _check.positive("tolerance", tolerance)
    params = _model(features, params, y)
    flat, unravel = ravel_pytree(params)
    model = features if isinstance(features, eqx.Module | Partial) else Partial(features)
    solution = solve_ivp(
        lambda _, state: np.asarray(_velocity(model, params, y, state)),
        (0.0, float(times[-1])),
        np.asarray(flat),
        method="LSODA",
        t_eval=np.asarray(times),
        rtol=tolerance,
        atol=tolerance,
    )
    if solution.status != 0 or not np.isfinite(solution.y).all():
        raise RuntimeError(f"LSODA stopped at time {solution.t[-1]:.3g}: {solution.message}")
    states = jax.vmap(unravel)(_check.on_device(solution.y.T))
    outputs = _outputs(features, states)
    losses = ((np.asarray(outputs) - np.asarray(y)) ** 2).sum(1) / 2
    return FunctionPath(times, states, outputs, _check.on_device(losses))


def linearised_flow(
    features: Callable[[Any], Array],
    params: Any,
    y: Float[ArrayLike, " n"],
    times: Float[ArrayLike, " t"],
) -> FunctionPath:
    r"""`function_flow` of the model that is linear in its parameters and tangent to F at the start.

    In closed form, with the singular value decomposition :math:`DF = U S V^\top` at the start,

    .. math:: u(t) = u_0 + V\, \frac{1 - e^{-S^2 t}}{S}\, U^\top (y - F(u_0)),

    which tends to kernel regression with the tangent kernel of the start (Jacot, Gabriel and
    Hongler 2018, arXiv:1806.07572). Arguments and errors are those of `function_flow`.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> path = ib.linearised_flow(lambda u: 2 * u + u**2, jax.numpy.zeros(1), [1.0], [1e3])
    >>> path.params[-1].tolist(), path.outputs[-1].tolist()
    ([0.5], [1.0])
    """
    y, times = _check.finite_array("y", y, 1), _rising("times", times)
    params = _model(features, params, y)
    flat, unravel = ravel_pytree(params)
    start, jacobian = map(np.asarray, _tangent(features, params))
    left, singular, right = np.linalg.svd(jacobian, full_matrices=False)
    exponents = np.multiply.outer(np.asarray(times), singular**2)
    tiny = singular == 0
    share = np.where(tiny, 0.0, -np.expm1(-exponents) / np.where(tiny, 1.0, singular))
    move = share * ((np.asarray(y) - start) @ left)
    outputs = start + (move * singular) @ left.T
    states = jax.vmap(unravel)(_check.on_device(np.asarray(flat) + move @ right))
    losses = ((outputs - np.asarray(y)) ** 2).sum(1) / 2
    return FunctionPath(times, states, _check.on_device(outputs), _check.on_device(losses))


@jax.jit
def _velocity(model, params, y, state):
    _, unravel = ravel_pytree(params)
    outputs, pull_back = jax.vjp(lambda state: model(unravel(state)), state)
    return pull_back(y - outputs)[0]


@eqx.filter_jit
def _outputs(features, states):
    return jax.vmap(features)(states)


@eqx.filter_jit
def _tangent(features, params):
    return features(params), metrics._jacobian_of(features, params)


def _model(features, params, y):
    params = jax.tree.map(lambda leaf: _check.finite_array("params", leaf, np.ndim(leaf)), params)
    shape = jax.eval_shape(features, params).shape
    if shape != y.shape:
        raise ValueError(f"y must have the shape {shape} of the outputs, found {y.shape}")
    return params


def margin_flow(
    network: DiagonalNetwork,
    X: Float[ArrayLike, "n d"],
    labels: Float[ArrayLike, " n"],
    log_losses: Float[ArrayLike, " t"],
) -> Trajectory:
    r"""Gradient flow on the exponential loss :math:`L = \frac1n\sum_i e^{-y_i x_i^\top w}`, with
    :math:`s = \log(1/L)` as time.

    In the dual, with :math:`p` the softmax of minus the margins and rows :math:`y_i x_i` in X, the
    multipliers (each times its label) obey

    .. math:: \frac{d\nu}{ds} = \frac{p}{p^\top X\,\nabla^2Q^*(X^\top\nu)\,X^\top p},

    which no longer knows how small the loss is: s = 50,000, a loss of :math:`10^{-21715}`, is
    within reach (derived from the dual form of Woodworth et al. 2020; the question is that of
    Moroshko et al. 2020, arXiv:2007.06738). Solved by LSODA.

    **Arguments:** `labels`, each -1 or +1; `log_losses`, the times s, rising from 0 (the start) or
    later.

    **Returns:** a `Trajectory` whose `times` are the s and whose `losses` are 0 once they are
    below float64. `labels * duals` never falls.

    **Raises:** `ValueError` for bad data and labels that cannot be separated; `RuntimeError` if
    LSODA fails.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> network = ib.DiagonalNetwork(depth=2, scale=0.1)
    >>> path = ib.margin_flow(network, [[2.0, 1.0]], [1.0], [1.0, 1e4])
    >>> (path.weights[-1] / abs(path.weights[-1]).sum()).round(2).tolist()  # to the l1 margin
    [1.0, 0.0]
    """
    from scipy.integrate import solve_ivp

    from .limits import max_margin

    X = _check.finite_array("X", X, 2)
    labels = _check.labels(labels, X.shape[0])
    times = _rising("log_losses", log_losses)
    max_margin(X, labels, 2)  # refuses labels that cannot be separated
    if not isinstance(network, DiagonalNetwork):
        raise ValueError(f"network must be a DiagonalNetwork, found {network!r}")
    n, d = X.shape
    potential = network.potential()
    k = jnp.asarray(potential.order, float)
    signed, amplitude = X * labels[:, None], jnp.broadcast_to(potential.log_amplitude, (d,))
    speed = jnp.broadcast_to(potential.speed, (d,))
    data = (signed, amplitude, speed, k)

    def log_loss(state):
        return float(_log_loss(state, *data))

    last = float(times[-1])

    def beyond(_, state):
        return log_loss(state) - last

    beyond.terminal = True
    solution = solve_ivp(
        lambda _, state: np.asarray(_margin_velocity(state, *data)),
        (0.0, np.inf),
        np.zeros(d + n),
        method="LSODA",
        dense_output=True,
        events=beyond,
        jac=lambda _, state: np.asarray(_margin_jacobian(state, *data)),
        rtol=1e-8,
        atol=1e-10,
        first_step=1e-6,
        max_step=1.0,
    )
    if solution.status != 1 or not np.all(np.isfinite(solution.y)):
        raise RuntimeError(
            f"LSODA stopped at log(1/loss) = {log_loss(solution.y[:, -1]):.4g}: "
            f"{solution.message} Ask for less, or take a scale nearer to 1"
        )
    reached = np.array([log_loss(state) for state in solution.y.T])
    states = np.array([_where(s, solution, reached, log_loss) for s in np.asarray(times)])
    path = _qexp.weight(states[:, :d], k, amplitude)
    duals = labels * _qexp.unit(k) * states[:, d:]
    return Trajectory(times, path, duals, jnp.exp(-times))


def _where(s, solution, reached, log_loss):
    """The state at log(1/loss) = s, between two steps of the solver."""
    from scipy.optimize import brentq

    after = int(np.searchsorted(reached, s))
    if after in (0, len(reached)):
        return solution.y[:, min(after, len(reached) - 1)]
    low, high = solution.t[after - 1], solution.t[after]

    def gap(r):
        return log_loss(solution.sol(r)) - s

    if gap(low) * gap(high) > 0:  # s is an end of the step, to rounding
        return solution.y[:, after]
    return solution.sol(brentq(gap, low, high, xtol=1e-14))


@jax.jit
def _log_loss(state, signed, log_amplitude, speed, k):
    del speed
    margins = signed @ _qexp.weight(state[: signed.shape[1]], k, log_amplitude)
    return jnp.log(len(margins)) - jax.nn.logsumexp(-margins)


@jax.jit
def _margin_velocity(state, signed, log_amplitude, speed, k):
    """d/dr of (c, nu), with r the sum of nu and of log(1 + s).

    In s alone the start is singular, where the loss hardly moves, and in the sum of nu the end is,
    where nu hardly does. The coordinates c are those of `_qexp`, in which a barrier is no barrier.
    """
    c = state[: signed.shape[1]]
    margins = signed @ _qexp.weight(c, k, log_amplitude)
    p = jax.nn.softmax(-margins)
    s = jnp.log(len(p)) - jax.nn.logsumexp(-margins)
    pull = p @ signed
    gain = jnp.sum(speed * _qexp.slope(c, k, log_amplitude) * pull**2)  # ds / d(sum of nu)
    rate = 1 / (1 + gain / (1 + s))
    return jnp.concatenate([rate * speed * pull * jnp.cosh(k * c) ** 2, rate * p])


_margin_jacobian = jax.jit(jax.jacfwd(_margin_velocity))


def linear_margin_flow(
    X: Float[ArrayLike, "n d"],
    labels: Float[ArrayLike, " n"],
    log_times: Float[ArrayLike, " t"],
) -> Trajectory:
    r"""Gradient flow of a linear predictor on the exponential loss
    :math:`L = \frac1n\sum_i e^{-y_i x_i^\top w}`, from w = 0, with :math:`\log t` as time.

    Its direction tends to the l2 margin as slowly as :math:`1/\log t` (Soudry et al. 2018,
    arXiv:1710.10345), so that t = 1e100 is not too long to look at. With :math:`w = X^\top\nu` and
    margins :math:`m_i`, each multiplier times its label obeys

    .. math:: \frac{d\nu_i}{d\log t} = \frac{t\,e^{-m_i}}{n} .

    Solved by LSODA.

    **Arguments:** `labels`, each -1 or +1; `log_times`, shape "t", rising, of either sign.

    **Returns:** a `Trajectory` whose `times` are the `log_times`.

    **Raises:** `ValueError` for bad data and labels that cannot be separated; `RuntimeError` if
    LSODA fails.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> path = ib.linear_margin_flow([[1.0, 0.0]], [1.0], [0.0, 230.0])
    >>> [f"{w:.3f}" for w in path.weights[:, 0]]  # log(1 + t)
    ['0.693', '230.000']
    """
    from scipy.integrate import solve_ivp

    from .limits import max_margin

    X = _check.finite_array("X", X, 2)
    labels = _check.labels(labels, X.shape[0])
    log_times = _check.finite_array("log_times", log_times, 1)
    moments = np.asarray(log_times)
    if moments.size == 0 or np.any(np.diff(moments) <= 0):
        raise ValueError(f"log_times must rise strictly, found {moments}")
    max_margin(X, labels, 2)  # refuses labels that cannot be separated
    signed = np.asarray(X * labels[:, None])
    gram, n = signed @ signed.T, len(signed)
    start = min(moments[0], 0.0) - np.log1p(gram.max()) - 30.0  # to first order, nu = t / n there

    def velocity(log_time, nu):
        return np.exp(log_time - gram @ nu) / n

    solution = solve_ivp(
        velocity,
        (start, moments[-1]),
        np.full(n, np.exp(start) / n),
        method="LSODA",
        t_eval=moments,
        jac=lambda log_time, nu: -velocity(log_time, nu)[:, None] * gram,
        rtol=1e-12,
        atol=1e-14,
    )
    if not solution.success or not np.all(np.isfinite(solution.y)):
        raise RuntimeError(f"LSODA stopped at log t = {solution.t[-1]:.4g}: {solution.message}")
    nu = solution.y.T
    values = np.exp(-nu @ gram).mean(axis=1)
    return Trajectory(
        log_times, *map(_check.on_device, (nu @ signed, np.asarray(labels) * nu, values))
    )


def saddle_to_saddle(X: Float[ArrayLike, "n d"], y: Float[ArrayLike, " n"]) -> Jumps:
    r"""The limit of small scale: the flow waits at saddles of the loss and jumps between them.

    The saturations :math:`s = X^\top\nu \in [-1,1]^d` (those of a network over their largest value)
    move with :math:`\dot\nu = y - Xw` while w rests. When one of them reaches :math:`\pm1`, w jumps
    to the least squares solution among weights that have the sign of s where :math:`|s_i| = 1` and
    are zero elsewhere (Pesme and Flammarion 2023, arXiv:2304.00488, Algorithm 1). It ends on the
    solution of least l1 norm. From jump to jump a QR factorisation is updated, not made anew.

    Time is :math:`2t/\ln(1/\alpha)` at depth 2 and :math:`D(D-2)\alpha^{D-2}t` above; the jumps are
    the same.

    **Arguments:** `X`, `y`, shapes "n d" and "n", with n <= d and independent rows.

    **Raises:** `ValueError` for bad data, and where features that saturate together depend on each
    other, so that their weights have no limit that the jumps determine; `RuntimeError` if the
    conditions of a jump are not met to 1e-8, or the equations at the end to 1e-10.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> jumps = ib.saddle_to_saddle([[2.0, 0.0, 1.0], [0.0, 1.0, 1.0]], [2.0, 0.5])
    >>> jumps.times.round(3).tolist(), jumps.weights[-1].round(3).tolist()
    ([0.25, 1.0], [0.75, 0.0, 0.5])
    """
    from ._active_set import SignedLeastSquares

    X, y = _check.problem(X, y)
    _check.underdetermined(X, y)
    X, y = np.asarray(X), np.asarray(y)
    fit = SignedLeastSquares(X, y)
    saturation, dual, time = np.zeros(X.shape[1]), np.zeros(len(y)), 0.0
    times, path, duals = [], [], []
    while np.any(moving := np.abs(drive := fit.residual @ X) > fit.zero):
        if len(times) > 50 * X.shape[1]:
            raise RuntimeError(f"no end after {len(times)} jumps: are columns of X nearly equal?")
        ahead = 1 - np.sign(drive[moving]) * saturation[moving]
        wait = max(0.0, (ahead / np.abs(drive[moving])).min())
        time, dual = time + wait, dual + wait * fit.residual
        saturation[moving] += wait * drive[moving]
        signs = np.where(np.abs(saturation) > 1 - _WALL, np.sign(saturation), 0)
        fit.settle(signs)
        if idle := fit.undetermined(signs):
            raise ValueError(
                "X must have independent columns among the features that saturate together: at "
                f"time {time:.6g}, features {idle} and {sorted(fit.used)} depend on each other, "
                "and how they share their weights is decided by more than the jumps. Merge or "
                "drop some of them"
            )
        times.append(time)
        path.append(fit.weights)
        duals.append(dual)
    return _certified(X, y, np.array(times), np.array(path), np.array(duals))


def _certified(X, y, times, path, duals) -> Jumps:
    """The jumps with their certificate; none where y is zero."""
    n, d = X.shape
    path, duals = path.reshape(-1, d), duals.reshape(-1, n)
    end = path[-1] if len(path) else np.zeros(d)
    saturations, drives = duals @ X, (y - path @ X.T) @ X
    on, outward = path != 0, np.sign(saturations) * drives
    at_wall = np.abs(saturations) > 1 - _WALL
    loss = np.where(on, np.abs(drives), np.where(at_wall, np.maximum(outward, 0), 0))
    bound = np.maximum(np.abs(saturations) - 1, np.where(on, 1 - np.sign(path) * saturations, 0))
    largest = max(np.abs(y @ X).max(), 1e-300)
    stationarity = max(loss.max(initial=0.0) / largest, bound.max(initial=0.0))
    feasibility = np.abs(X @ end - y).max()
    if feasibility > 1e-10 * np.abs(y).max() or stationarity > 1e-8:
        raise RuntimeError(
            f"no jumps to tolerance: the end misses y by {feasibility:.1e}, the conditions of a "
            f"jump are violated by {stationarity:.1e}. Rescale the columns of X to similar size, "
            "or drop features that are nearly repeated"
        )
    found = (times, path, duals, np.asarray(feasibility), np.asarray(stationarity))
    return Jumps(*map(_check.on_device, found))
