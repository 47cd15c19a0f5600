r"""Steepest descent in a norm, and Adam, on data that can be separated.

In the norm :math:`\|\cdot\|` the loss falls fastest along

.. math:: d = \arg\min_{\|v\|\le1}\langle g, v\rangle, \qquad \langle g, d\rangle = -\|g\|_*,

with the dual norm. In l2 this is gradient descent, in l1 descent along one coordinate, in
l-infinity sign descent, and in the spectral norm of a matrix spectral descent, which Muon
approximates.

A loss that falls to zero takes its gradient with it, but not the direction of its gradient. All
that is needed here is computed from :math:`\log L` and :math:`\nabla\log L = \nabla L/L`, which
neither underflow nor overflow, however small the loss.
"""

from collections.abc import Callable
from typing import Any, overload

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, ArrayLike, Float
from scipy.integrate import solve_ivp

from . import _check
from .descent import _check_transformation, _finite, _iterate, _step_sizes, _whole
from .limits import max_margin

_NORMS = (1, 2, np.inf, "spectral")
_SIGN = 1e-6
"""Down to this flows tell the signs of parts of the gradient over the loss, or which is larger."""


def norm_of(w: ArrayLike, norm: float | str) -> Float[Array, ""]:
    r"""The norm of a vector or matrix: of all its entries for 1, 2 (Frobenius) and infinity, of its
    singular values, the largest, for "spectral".

    **Raises:** `ValueError` for another norm, or a spectral norm of what is no matrix.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.norm_of([[3.0, 0.0], [0.0, -4.0]], 1).item()
    7.0
    """
    w = _shaped("w", w, norm)
    if norm == "spectral":
        return jnp.linalg.norm(w, 2)
    return jnp.linalg.norm(w.ravel(), norm)


def dual_norm(g: ArrayLike, norm: float | str) -> Float[Array, ""]:
    r"""The dual norm, :math:`\|g\|_* = \max_{\|v\|\le1}\langle g, v\rangle`.

    That is the l-infinity norm for 1, l2 for 2, l1 for infinity, and the sum of singular values,
    the nuclear norm, for "spectral".

    **Raises:** as `norm_of`.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.dual_norm([3.0, -4.0], 1).item(), ib.dual_norm([3.0, -4.0], float("inf")).item()
    (4.0, 7.0)
    """
    g = _shaped("g", g, norm)
    if norm == "spectral":
        return jnp.linalg.norm(g, "nuc")
    return jnp.linalg.norm(g.ravel(), {1: jnp.inf, 2: 2, jnp.inf: 1}[norm])


def steepest_direction(gradient: ArrayLike, norm: float | str) -> Float[Array, "..."]:
    r"""The step of length at most 1 that lowers the loss fastest,
    :math:`\arg\min_{\|v\|\le1}\langle g, v\rangle`.

    - norm 1: :math:`-\operatorname{sign}(g_j)\,e_j` for the largest :math:`|g_j|`, the first one
      of several;
    - norm 2: :math:`-g/\|g\|_2`;
    - norm infinity: :math:`-\operatorname{sign}(g)`, zero where g is;
    - "spectral": :math:`-UV^\top` for :math:`g = U\Sigma V^\top`, of the rank of g.

    **Raises:** as `norm_of`.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.steepest_direction([3.0, -4.0], 1).tolist()
    [0.0, 1.0]
    >>> ib.steepest_direction([3.0, -4.0], float("inf")).tolist()
    [-1.0, 1.0]
    """
    return _direction(_shaped("gradient", gradient, norm), norm)


@overload
def steepest_descent(
    *, norm: float | str, step_size: float = 1.0, normalised: bool = False
) -> optax.GradientTransformation: ...
@overload
def steepest_descent(
    gradient: Callable[[Array], Array],
    start: Float[ArrayLike, "..."],
    step_size: Float[ArrayLike, "*steps"],
    steps: int,
    norm: float | str,
    *,
    normalised: bool = False,
) -> Float[Array, "steps+1 ..."]: ...
def steepest_descent(
    gradient=None,
    start=None,
    step_size: Any = 1.0,
    steps=None,
    norm: Any = None,
    *,
    normalised=False,
):
    r"""Steepest descent in a norm,

    .. math:: w_{k+1} = w_k + \eta_k\,\|\nabla L(w_k)\|_*\,d_k, \qquad
        d_k = \arg\min_{\|v\|\le1}\langle\nabla L(w_k), v\rangle,

    or, normalised, :math:`w_{k+1} = w_k + \eta_k d_k`. On separable data and the exponential loss
    it tends to the separator of largest margin in that norm (Gunasekar et al. 2018,
    arXiv:1802.08246). On the square loss its limit depends on the steps, unless the norm is l2.

    **Arguments:**

    - `gradient`: :math:`\nabla L`, from the shape of `start` to the same. Each new Python function
      is compiled anew; one that carries its data as leaves, such as `LogLoss(X, labels).gradient`,
      is not.
    - `start`: :math:`w_0`, shape "d", or a matrix "a b".
    - `step_size`: :math:`\eta`, positive: one number, or one a step.
    - `steps`: how many, a positive integer.
    - `norm`: 1, 2, infinity or "spectral", the last for matrices.
    - `normalised`: whether steps have the length :math:`\eta`.

    **Returns:** the iterates, the start first. Without `gradient`, `start` and `steps`: an
    `optax.GradientTransformation` for parameters in any nest of float64 arrays. The norm is that of
    all entries together; the spectral one the largest over the arrays, all of them matrices. To
    give it momentum, chain `optax.ema` or `optax.trace` before it.

    **Raises:** `ValueError` for bad arguments; `Diverged` at the first iterate that float64 cannot
    hold.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> path = ib.steepest_descent(lambda w: w - 2, [0.0, 1.0], 0.5, 2, norm=1)
    >>> path.tolist()  # one coordinate a step
    [[0.0, 1.0], [1.0, 1.0], [1.5, 1.0]]

    >>> import optax
    >>> method = ib.steepest_descent(norm="spectral", step_size=0.1, normalised=True)
    >>> w = {"first": jax.numpy.eye(2), "second": jax.numpy.ones((1, 3))}
    >>> updates, _ = method.update(w, method.init(w), w)
    >>> updates["first"].round(6)
    Array([[-0.1, -0. ],
           [-0. , -0.1]], dtype=float64)
    """
    _check_norm(norm)
    if gradient is None:
        _check_transformation(start, step_size, steps)
        return _transformation(norm, step_size, normalised)
    start = _shaped("start", start, norm)
    sizes = _step_sizes(step_size, steps)
    found = jax.eval_shape(gradient, start).shape
    if found != start.shape:
        raise ValueError(f"gradient must have the shape {start.shape} of the start, found {found}")
    path, sound = _descend(gradient, start, sizes, norm, normalised)
    return _whole(path, sound, "the range of float64")


class LogLoss(eqx.Module):
    r"""The logarithm of the exponential loss,
    :math:`\log\frac1n\sum_i e^{-y_i\langle x_i,w\rangle}`.

    It falls for ever on separable data, and its gradient :math:`\nabla L/L` stays away from zero.
    Steps that do not depend on the length of the gradient are the same for L and :math:`\log L`.

    - `signed`: :math:`y_ix_i`, shape "n d", or "n a b" for matrices.

    Made from `X`, of that shape, and `labels`, shape "n", each -1 or +1.

    **Raises:** `ValueError` for data of other shapes, or other labels.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> loss = ib.LogLoss([[1.0, 0.5]], [1.0])
    >>> loss([2e4, 0.0]).item(), loss.gradient([2e4, 0.0]).tolist()  # a loss of 10 ** -8686
    (-20000.0, [-1.0, -0.5])
    """

    signed: Float[Array, "n ..."]

    def __init__(self, X: Float[ArrayLike, "n ..."], labels: Float[ArrayLike, " n"]):
        if np.ndim(X) not in (2, 3) or 0 in np.shape(X):
            raise ValueError(
                f"X must hold samples that are vectors or matrices, found the shape {np.shape(X)}"
            )
        X = _check.finite_array("X", X, np.ndim(X))
        labels = _check.labels(labels, X.shape[0])
        self.signed = X * labels.reshape(-1, *[1] * (X.ndim - 1))

    def margins(self, w: Float[ArrayLike, "..."]) -> Float[Array, " n"]:
        r""":math:`y_i\langle x_i, w\rangle`, of each sample."""
        return jnp.tensordot(self.signed, jnp.asarray(w), self.signed.ndim - 1)

    def __call__(self, w: Float[ArrayLike, "..."]) -> Float[Array, ""]:
        r""":math:`\log L(w)`."""
        return jax.nn.logsumexp(-self.margins(w)) - np.log(len(self.signed))

    def gradient(self, w: Float[ArrayLike, "..."]) -> Float[Array, "..."]:
        r""":math:`\nabla\log L = -\sum_i p_i\,y_ix_i` with p the softmax of minus the margins."""
        return -jnp.tensordot(jax.nn.softmax(-self.margins(w)), self.signed, 1)


def adam_descent(
    loss: LogLoss,
    step_size: Float[ArrayLike, "*steps"],
    steps: int,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> Float[Array, "steps+1 ..."]:
    r"""Adam on the exponential loss, from zero, exact however small the loss.

    With :math:`g_k = \nabla L(w_k)`, Adam (Kingma and Ba 2015, arXiv:1412.6980) is

    .. math:: m_{k+1} = \beta_1m_k + (1-\beta_1)g_k, \quad
        v_{k+1} = \beta_2v_k + (1-\beta_2)g_k^2, \quad
        w_{k+1} = w_k - \eta_k\frac{\hat m_{k+1}}{\sqrt{\hat v_{k+1}}+\varepsilon},

    with :math:`\hat m_k = m_k/(1-\beta_1^k)` and the same for v. Here :math:`M = m/L` and
    :math:`V = v/L^2` are kept in place of m and v: from step to step they are multiplied by the
    ratio of losses and its square, and :math:`\varepsilon` becomes :math:`\varepsilon/L`.
    `optax.adam` takes the same steps as long as :math:`L^2` is in the range of float64; with
    :math:`\beta_1 = \beta_2 = \varepsilon = 0` this is sign descent.

    **Arguments:**

    - `loss`: a `LogLoss`.
    - `step_size`: :math:`\eta`, positive: one number, or one a step; `steps`: how many.
    - `b1`, `b2`: in [0, 1). `eps`: :math:`\varepsilon`, not negative.

    **Returns:** the iterates, zero first.

    **Raises:** `ValueError` for bad arguments; `Diverged` at the first iterate that float64 cannot
    hold.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> path = ib.adam_descent(ib.LogLoss([[1.0, 0.5]], [1.0]), 0.1, 1000, eps=0.0)
    >>> path[1].tolist(), bool(path[-1, 0] == path[-1, 1])
    ([0.1, 0.1], True)
    """
    if not isinstance(loss, LogLoss):
        raise ValueError(f"loss must be a LogLoss, found {loss!r}")
    sizes = _step_sizes(step_size, steps)
    for name, value in (("b1", b1), ("b2", b2)):
        if not 0 <= value < 1:
            raise ValueError(f"{name} must lie in [0, 1), found {value}")
    _check.not_negative("eps", eps)
    path, sound = _adam(loss, sizes, jnp.asarray([b1, b2, np.log(eps) if eps > 0 else -np.inf]))
    return _whole(path, sound, "the range of float64")


def steepest_flow(
    X: Float[ArrayLike, "n d"],
    labels: Float[ArrayLike, " n"],
    norm: float,
    log_losses: Float[ArrayLike, " t"],
) -> Float[Array, "t d"]:
    r"""Steepest descent on the exponential loss with infinitely small steps.

    With the loss itself for time, :math:`s = \log(1/L)`, it is

    .. math:: \frac{dw}{ds} = \frac{d}{\|u\|_*}, \qquad u = -\nabla L/L, \qquad
        d = \arg\max_{\|v\|\le1}\langle u, v\rangle,

    an equation without underflow. Its margin satisfies
    :math:`\gamma(w)\ge\gamma_*\|w\|-\log n`, for :math:`\gamma_*` the largest margin of a vector of
    length 1. The direction d jumps: for norm 1 parts of u within 1e-6 of the largest are taken
    together, for norm infinity signs of parts below 1e-6 are not resolved.

    **Arguments:** `X`, shape "n d"; `labels`, shape "n", each -1 or +1; `norm`, 1, 2 or infinity;
    `log_losses`, shape "t", positive and increasing.

    **Returns:** the weights, shape "t d", from w = 0 at s = 0.

    **Raises:** `ValueError` for bad data or labels that cannot be separated; `RuntimeError` where
    LSODA stops.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> for norm in (1, 2, float("inf")):
    ...     ib.steepest_flow([[1.0, 0.5]], [1.0], norm, [3000.0])[0].round(2).tolist()
    [3000.0, 0.0]
    [2400.0, 1200.0]
    [2000.0, 2000.0]
    """
    if norm not in _NORMS[:3]:
        raise ValueError(f"norm must be 1, 2 or infinity, found {norm!r}")
    if norm == 1:
        return _flow(X, labels, log_losses, lambda s, u: _largest(u))
    log_e = np.inf if norm == 2 else -np.inf
    return _flow(X, labels, log_losses, lambda s, u: _adaptive(u, log_e))


def adam_flow(
    X: Float[ArrayLike, "n d"],
    labels: Float[ArrayLike, " n"],
    eps: float,
    log_losses: Float[ArrayLike, " t"],
) -> Float[Array, "t d"]:
    r"""Adam on the exponential loss with infinitely small steps.

    Steps so small that the gradient is constant over the memory of its averages make m the gradient
    and v its square, and Adam becomes :math:`\dot w_j = -g_j/(|g_j|+\varepsilon)`. With
    :math:`u = -\nabla L/L` and the loss itself for time, :math:`s = \log(1/L)`,

    .. math:: \frac{dw}{ds} = \frac{d}{\langle u, d\rangle}, \qquad
        d_j = \frac{u_j}{|u_j|+\varepsilon e^s} :

    sign descent while :math:`L|u_j|\gg\varepsilon`, gradient descent when
    :math:`L|u_j|\ll\varepsilon`. Signs are resolved as by `steepest_flow`.

    **Arguments:** `eps`, :math:`\varepsilon \ge 0`; the others are those of `steepest_flow`.

    **Returns:** the weights, shape "t d", from w = 0 at s = 0.

    **Raises:** as `steepest_flow`.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> w = ib.adam_flow([[1.0, 0.5]], [1.0], 1e-8, [5.0, 1e6])
    >>> [round(second / first, 3) for first, second in w.tolist()]  # signs, then gradients
    [1.0, 0.5]
    """
    _check.not_negative("eps", eps)
    log_eps = np.log(eps) if eps > 0 else -np.inf
    return _flow(X, labels, log_losses, lambda s, u: _adaptive(u, s + log_eps))


def _flow(X, labels, log_losses, rule):
    """dw/ds = d / <u, d>, where `rule(s, u)` gives d and its Jacobian."""
    max_margin(X, labels, 2)  # refuses labels that cannot be separated
    signed = np.asarray(LogLoss(X, labels).signed)
    times = np.asarray(_check.finite_array("log_losses", log_losses, 1))
    if times.size == 0 or times[0] <= 0 or (np.diff(times) <= 0).any():
        raise ValueError(f"log_losses must be positive and rise strictly, found {times}")

    def softmax(w):
        margins = signed @ w
        p = np.exp(margins.min() - margins)
        return p / p.sum()

    def velocity(s, w):
        u = softmax(w) @ signed
        d, _ = rule(s, u)
        return d / (u @ d)

    def jacobian(s, w):
        p = softmax(w)
        u = p @ signed
        d, bend = rule(s, u)
        turn = np.outer(u, u) - (signed.T * p) @ signed  # du/dw
        rate = u @ d
        return bend @ turn / rate - np.outer(d, d @ turn + u @ bend @ turn) / rate**2

    start = np.zeros(signed.shape[1])
    found = solve_ivp(
        velocity,
        (0, times[-1]),
        start,
        method="LSODA",
        t_eval=times,
        jac=jacobian,
        rtol=1e-9,
        atol=1e-9,
    )
    if not found.success or not np.isfinite(found.y).all():
        raise RuntimeError(f"LSODA stopped at log(1/L) = {found.t[-1]:.4g}: {found.message}")
    return _check.on_device(found.y.T)


def _adaptive(u, log_e):
    """u / (|u| + E), times E where that is larger than 1, and its Jacobian."""
    log_e = max(log_e, np.log(_SIGN))
    e = np.exp(min(log_e, 0.0))
    size = e + np.abs(u) * np.exp(-max(log_e, 0.0))
    return u / size, np.diag(e / size**2)


def _largest(u):
    """The signs of the largest parts of u, shared among those that nearly tie."""
    share = np.exp((np.abs(u) - np.abs(u).max()) / _SIGN)
    share /= share.sum()
    signs = np.sign(u)
    spread = (np.diag(share) - np.outer(share, share)) / _SIGN
    return signs * share, signs[:, None] * spread * signs


def _check_norm(norm):
    if norm not in _NORMS:
        raise ValueError(f'norm must be 1, 2, infinity or "spectral", found {norm!r}')


def _shaped(name, value, norm):
    """A float64 array of which the norm can be taken."""
    _check_norm(norm)
    if norm == "spectral" and np.ndim(value) != 2:
        raise ValueError(
            f'{name} must be a matrix for the norm "spectral", found the shape {np.shape(value)}'
        )
    return _check.finite_array(name, value, np.ndim(value))


def _polar(g):
    """The sum of the singular values, and the product of the singular vectors."""
    left, values, right = jnp.linalg.svd(g, full_matrices=False)
    there = values > values[0] * max(g.shape) * jnp.finfo(float).eps
    return jnp.sum(values), (left * there) @ right


def _direction(g, norm):
    if norm == "spectral":
        return -_polar(g)[1]
    if norm == jnp.inf:
        return -jnp.sign(g)
    if norm == 2:
        length = jnp.linalg.norm(g.ravel())
        return -g / jnp.where(length > 0, length, 1)
    largest = jnp.argmax(jnp.abs(g))
    return jnp.zeros(g.size).at[largest].set(-jnp.sign(g.ravel()[largest])).reshape(g.shape)


def _move(g, norm, normalised):
    """The step for a step size of one."""
    if normalised:
        return _direction(g, norm)
    if norm == "spectral":
        total, polar = _polar(g)
        return -total * polar
    return -g if norm == 2 else dual_norm(g, norm) * _direction(g, norm)


@eqx.filter_jit
def _descend(gradient, start, sizes, norm, normalised):
    def step(w, size):
        moved = w + size * _move(gradient(w), norm, normalised)
        return moved, _finite(moved)

    path, sound = _iterate(step, start, sizes)
    return jnp.concatenate([start[None], path]), sound


def _transformation(norm, step_size, normalised):
    def update(updates, state, params=None):
        leaves, nest = jax.tree.flatten(updates)
        leaves = [_shaped("gradients", leaf, norm) for leaf in leaves]
        if norm == "spectral":
            length = 1.0 if normalised else sum(dual_norm(leaf, norm) for leaf in leaves)
            moves = [length * _direction(leaf, norm) for leaf in leaves]
        else:
            flat = _move(jnp.concatenate([leaf.ravel() for leaf in leaves]), norm, normalised)
            ends = np.cumsum([leaf.size for leaf in leaves])[:-1]
            parts = jnp.split(flat, ends)
            moves = [part.reshape(leaf.shape) for part, leaf in zip(parts, leaves, strict=True)]
        return jax.tree.unflatten(nest, [step_size * move for move in moves]), state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


@eqx.filter_jit
def _adam(loss, sizes, constants):
    b1, b2, log_eps = constants
    start = jnp.zeros(loss.signed.shape[1:])

    def step(state, size):
        w, m, v, level, k = state
        log_loss, u = loss(w), loss.gradient(w)
        fall = jnp.exp(level - log_loss)  # by which the loss has fallen since the last step
        m = b1 * fall * m + (1 - b1) * u
        v = b2 * fall**2 * v + (1 - b2) * u**2
        scaled = jnp.sqrt(v / (1 - b2**k)) + jnp.exp(log_eps - log_loss)
        moved = w - size * m / (1 - b1**k) / jnp.where(scaled > 0, scaled, 1)
        return (moved, m, v, log_loss, k + 1), _finite(moved)

    first = (start, start, start, jnp.asarray(0.0), jnp.asarray(1.0))
    (path, *_), sound = _iterate(step, first, sizes)
    return jnp.concatenate([start[None], path]), sound
