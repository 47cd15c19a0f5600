r"""Online mirror descent: what it pays over rounds, its regret, and the bound on it.

In each round a learner plays weights :math:`w_t \in K`, sees the gradient :math:`g_t` of a convex
loss there, and moves. Its regret is what it pays more than the best fixed weights, knowing all
losses, would have paid. With gradients of samples it is stochastic mirror descent.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from . import _check
from .descent import Diverged
from .feasible import FeasibleSet, _dual_projection
from .potentials import Potential


class Play(NamedTuple):
    r"""What was played in T rounds.

    - `costs`: :math:`\langle g_t, w_t\rangle`, shape "t".
    - `gradients`: :math:`\sum_t g_t`, shape "d".
    - `mean`: :math:`\frac1T\sum_t w_t`, shape "d".
    - `last`: :math:`w_{T+1}`, shape "d".
    - `losses`: :math:`f_t(w_t)`, shape "t", where the loss was given.
    """

    costs: Float[Array, " t"]
    gradients: Float[Array, " d"]
    mean: Float[Array, " d"]
    last: Float[Array, " d"]
    losses: Float[Array, " t"] | None = None


def online_mirror_descent(
    potential: Potential,
    gradient: Callable[[Array, Any], Array],
    rounds: Any,
    start: Float[ArrayLike, " d"],
    step_size: Float[ArrayLike, "*t"],
    *,
    feasible: FeasibleSet | None = None,
    loss: Callable[[Array, Any], Array] | None = None,
) -> Play:
    r"""Online, or stochastic, mirror descent on a feasible set K,

    .. math:: w_{t+1} = \arg\min_{w\in K}\ \eta_t\langle g_t, w\rangle + D_\psi(w, w_t),

    a step of `mirror_descent` and then a `bregman_projection` (Nemirovski and Yudin 1983; Beck and
    Teboulle 2003, doi:10.1016/S0167-6377(02)00231-6).

    **Arguments:**

    - `potential`, `feasible`: a pair that `bregman_projection` knows; without `feasible`, the
      domain of the potential.
    - `gradient`: :math:`g_t` from the weights "d" and what a round holds, such as a sample. Each
      new Python function is compiled anew; `jax.tree_util.Partial(f, data)` is not.
    - `rounds`: any nest of arrays whose leading axis is that of the rounds.
    - `start`: :math:`w_1`, shape "d", in the domain of the potential.
    - `step_size`: :math:`\eta`, positive: one number, or one a round.
    - `loss`: :math:`f_t`, with the arguments of `gradient`, if it is to be recorded.

    **Returns:** a `Play`.

    **Raises:** `ValueError` for bad arguments; `Diverged` if float64 cannot hold the weights.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import jax.numpy as jnp, implicitbias as ib
    >>> costs = jnp.array([[0.0, 1.0]] * 50)  # the first of two experts is always right
    >>> play = ib.online_mirror_descent(
    ...     ib.Entropy(), lambda w, g: g, costs, [0.5, 0.5], 0.3, feasible=ib.Simplex()
    ... )
    >>> round(ib.regret(play, [1.0, 0.0]).item(), 4)  # a round
    0.0513
    """
    if not isinstance(potential, Potential):
        raise ValueError(f"potential must be a Potential, found {potential!r}")
    if feasible is not None and not isinstance(feasible, FeasibleSet):
        raise ValueError(f"feasible must be a FeasibleSet or None, found {feasible!r}")
    start = _check.finite_array("start", start, 1)
    rounds = jax.tree.map(jax.device_put, rounds)
    counts = {np.shape(leaf)[0] if np.ndim(leaf) else None for leaf in jax.tree.leaves(rounds)}
    if len(counts) != 1 or None in counts or 0 in counts:
        raise ValueError(
            f"rounds must be arrays of one leading axis, found lengths {sorted(map(str, counts))}"
        )
    count = counts.pop()
    _check.positive("step_size", step_size)
    sizes = _check.finite_array("step_size", step_size, np.ndim(step_size))
    if sizes.shape not in ((), (count,)):
        raise ValueError(
            f"step_size must be one number or one a round, {count}, found shape {sizes.shape}"
        )
    first = jax.tree.map(lambda leaf: leaf[0], rounds)
    found = jax.eval_shape(gradient, start, first).shape
    if found != start.shape:
        raise ValueError(f"gradient must have the shape {start.shape} of the start, found {found}")
    dual = _dual_projection(potential, feasible, potential.to_dual(start))
    # As arrays, scales and radii are traced: one program for all.
    potential, feasible = jax.tree.map(jnp.asarray, (potential, feasible))
    sizes = jnp.broadcast_to(sizes, (count,))
    play = _play(potential, feasible, gradient, loss, rounds, dual, sizes)
    if not bool(jnp.all(jnp.isfinite(play.last)) & jnp.all(jnp.isfinite(play.costs))):
        raise Diverged(
            f"the weights left the range of float64 within {count} rounds. Take a smaller "
            "step_size, or a feasible set",
            start[None],
        )
    return play


@eqx.filter_jit
def _play(potential, feasible, gradient, loss, rounds, dual, sizes):
    def step(carry, this):
        z, w, gradients, total = carry
        held, size = this
        g = gradient(w, held)
        paid = g @ w, None if loss is None else loss(w, held)
        z = _dual_projection(potential, feasible, z - size * g)
        return (z, potential.to_primal(z), gradients + g, total + w), paid

    none = jnp.zeros_like(dual)
    carry = (dual, potential.to_primal(dual), none, none)
    (_, last, gradients, total), paid = jax.lax.scan(step, carry, (rounds, sizes))
    return Play(paid[0], gradients, total / len(sizes), last, paid[1])


def regret(play: Play, target: Float[ArrayLike, " d"]) -> Float[Array, ""]:
    r"""The mean regret a round, :math:`\frac1T\sum_{t\le T}\langle g_t, w_t - u\rangle`.

    For convex losses it is at least :math:`\frac1T\sum_t f_t(w_t) - f_t(u)`.

    **Arguments:** `play`, and the weights to compare with, `target` u, shape "d".

    **Raises:** `ValueError` for a target of another shape.
    """
    target = _check.finite_array("target", target, 1)
    if target.shape != play.gradients.shape:
        raise ValueError(
            f"target must have the shape {play.gradients.shape} of the weights, found "
            f"{target.shape}"
        )
    return jnp.mean(play.costs) - play.gradients @ target / len(play.costs)


def regret_bound(
    divergence: float,
    gradient_norm: float,
    rounds: int,
    *,
    strong_convexity: float = 1.0,
    step_size: float | None = None,
) -> float:
    r"""The bound on the mean regret of online mirror descent with constant steps,

    .. math:: \frac{D_\psi(u, w_1)}{\eta T} + \frac{\eta G^2}{2\sigma}
              \quad\text{or, with the best step,}\quad G\sqrt{\frac{2 D_\psi(u, w_1)}{\sigma T}}.

    (Nemirovski and Yudin 1983; Beck and Teboulle 2003, doi:10.1016/S0167-6377(02)00231-6.)

    **Arguments:**

    - `divergence`: :math:`D_\psi(u, w_1) \ge 0`, or a bound on it.
    - `gradient_norm`: G, no :math:`\|g_t\|_q` being larger.
    - `rounds`: T. `strong_convexity`: :math:`\sigma`, with respect to :math:`\|\cdot\|_p`.
    - `step_size`: :math:`\eta`; the best one unless given.

    **Raises:** `ValueError` for numbers out of range.

    >>> import implicitbias as ib
    >>> ib.regret_bound(divergence=0.5, gradient_norm=2.0, rounds=100)
    0.2
    """
    _check_numbers(divergence, gradient_norm, rounds, strong_convexity)
    if step_size is None:
        return float(gradient_norm * np.sqrt(2 * divergence / (strong_convexity * rounds)))
    _check.positive("step_size", step_size)
    return float(
        divergence / (step_size * rounds) + step_size * gradient_norm**2 / (2 * strong_convexity)
    )


def best_step_size(
    divergence: float, gradient_norm: float, rounds: int, *, strong_convexity: float = 1.0
) -> float:
    r"""The step for which `regret_bound` is least, :math:`\sqrt{2\sigma D_\psi(u,w_1)/(G^2T)}`.

    **Arguments** and **Raises:** those of `regret_bound`; the divergence must be positive.

    >>> import implicitbias as ib
    >>> ib.best_step_size(divergence=0.5, gradient_norm=2.0, rounds=100)
    0.05
    """
    _check_numbers(divergence, gradient_norm, rounds, strong_convexity)
    _check.positive("divergence", divergence)
    return float(np.sqrt(2 * strong_convexity * divergence / rounds) / gradient_norm)


def _check_numbers(divergence, gradient_norm, rounds, strong_convexity):
    _check.not_negative("divergence", divergence)
    _check.positive("gradient_norm", gradient_norm)
    _check.positive("rounds", rounds)
    _check.positive("strong_convexity", strong_convexity)


def push(target: Float[Array, " d"], w: Float[Array, " d"], pushed: Array) -> Float[Array, " d"]:
    r"""A gradient of :math:`f(w) = \sum_{i\in S}|w_i - u_i|`: an adversary pushes w towards u.

    Whatever the learner plays costs it :math:`\sum_{i\in S}|w_i - u_i|` more than u does, which
    makes the regret of some geometries nearly as large as its bound.

    **Arguments:** `target` u and `w`, shape "d"; `pushed`, shape "d": 1 for coordinates in S, 0 for
    others, -1 for those that are pushed the wrong way.

    **Returns:** :math:`s_i\,\mathrm{sign}(w_i - u_i)`, where the sign of zero is 1.
    """
    return pushed * jnp.where(w >= target, 1.0, -1.0)


def pushes(
    rounds: int, d: int, density: int, *, wrong: float = 0.0, seed: int = 0
) -> Float[np.ndarray, "t d"]:
    r"""Which coordinates are pushed in each round: `density` of the d, drawn anew.

    **Arguments:** `rounds`, `d`, `density` from 1 to d; the share of pushes that go the `wrong`
    way, independently of each other, in [0, 1/2); `seed`, a non-negative integer.

    **Returns:** an array of 1, 0 and -1 for `push`, of small integers.

    **Raises:** `ValueError` for numbers out of range.

    >>> import implicitbias as ib
    >>> abs(ib.pushes(5, 8, 3, seed=0)).sum(axis=1).tolist()
    [3, 3, 3, 3, 3]
    """
    for name, value, least in (("rounds", rounds, 1), ("d", d, 1), ("seed", seed, 0)):
        _check.integer(name, value, least=least)
    if isinstance(density, bool) or not isinstance(density, int | np.integer):
        raise ValueError(f"density must be an integer, found {density!r}")
    if not 1 <= density <= d:
        raise ValueError(f"density must lie between 1 and d = {d}, found {density}")
    if not 0 <= wrong < 0.5:
        raise ValueError(f"wrong must lie in [0, 1/2), found {wrong}")
    generator = np.random.default_rng(seed)
    pushed = np.ones((rounds, d), np.int8)
    if density < d:
        keys = generator.random((rounds, d), np.float32)
        drawn = np.argpartition(keys, density - 1, axis=1)[:, :density]
        pushed = np.zeros((rounds, d), np.int8)
        np.put_along_axis(pushed, drawn, 1, axis=1)
    if wrong > 0:
        pushed[generator.random((rounds, d), np.float32) < wrong] *= -1
    return pushed
