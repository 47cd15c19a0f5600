r"""LAG: train every candidate a little, and keep the one with the least loss.

Source: landscape-aware growing, arXiv:2406.02469. Its abstract and descriptions of it were read.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from implicitbias import _check


class Selection(NamedTuple):
    """What LAG chose.

    - `best`: its index. `candidate`: it, after the lag.
    - `losses` "candidate step": of every candidate, before each step and after the last.
    """

    best: int
    candidate: Any
    losses: Float[np.ndarray, "candidate step"]


def lag_select(
    candidates: Sequence[Any], step_fn: Callable[[Any, Any], tuple[Any, Any]], k: int
) -> Selection:
    r"""The candidate with the least loss after k steps of training; LAG@k.

    With k = 0 it is the candidate with the least loss at initialisation. Candidates of one shape
    are trained by one program, together; others one after another.

    **Arguments:**

    - `candidates`: what is to be trained, any PyTrees (a model and the state of its optimiser).
    - `step_fn(candidate, j)`: the candidate after step j, and the validation loss *before* it. It
      is called once more than there are steps, for the loss after the last. It must be a JAX
      function, j an abstract integer.
    - `k`: how many steps.

    **Returns:** `Selection`.

    **Raises:** `ValueError` without candidates, for a k that is not an integer, or if no candidate
    has a finite loss. One with a loss that is not finite is never chosen.

    >>> import implicitbias as ib
    >>> def step(candidate, j):
    ...     w, rate = candidate
    ...     return (w - rate * w, rate), w**2
    >>> starts = [(jax.numpy.array(w), jax.numpy.array(r)) for w, r in ((1.0, 0.1), (2.0, 0.9))]
    >>> [ib.studies.growing.lag_select(starts, step, k).best for k in (0, 5)]
    [0, 1]
    """
    _check.integer("k", k, least=0)
    if not candidates:
        raise ValueError("candidates must hold at least one, found none")
    parts = [eqx.partition(candidate, eqx.is_array) for candidate in candidates]
    if _alike([arrays for arrays, _ in parts]):
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(arrays for arrays, _ in parts))
        ended, losses = _train(stacked, parts[0][1], step_fn, k)
        trained = [jax.tree.map(lambda leaf, i=i: leaf[i], ended) for i in range(len(parts))]
    else:
        ends = [
            _train(jax.tree.map(lambda leaf: leaf[None], arrays), rest, step_fn, k)
            for arrays, rest in parts
        ]
        trained = [jax.tree.map(lambda leaf: leaf[0], end) for end, _ in ends]
        losses = np.concatenate([found for _, found in ends])
    losses = np.asarray(losses)
    last = np.where(np.isfinite(losses[:, -1]), losses[:, -1], np.inf)
    if np.isinf(last).all():
        raise ValueError(f"step_fn must give a finite loss for some candidate, found none at {k}")
    best = int(last.argmin())
    return Selection(best, eqx.combine(trained[best], parts[best][1]), losses)


def lag_cost(candidates: int, k: int, steps: int) -> Fraction:
    r"""Cost of LAG@k and the rest of training, as a share of training one candidate for all steps.

    :math:`1+(m-1)k/T` for m candidates of equal cost: the winner's k steps are not lost.

    **Raises:** `ValueError` for a lag longer than training, or numbers of the wrong kind.

    >>> import implicitbias as ib
    >>> ib.studies.growing.lag_cost(16, 100, 3000)
    Fraction(3, 2)
    """
    _check.integer("candidates", candidates)
    _check.integer("k", k, least=0)
    _check.integer("steps", steps)
    if k > steps:
        raise ValueError(f"k must be at most the {steps} steps of training, found {k}")
    return 1 + Fraction((candidates - 1) * k, steps)


def _alike(trees: Sequence[Any]) -> bool:
    shapes = [
        (jax.tree.structure(tree), [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(tree)])
        for tree in trees
    ]
    return all(shape == shapes[0] for shape in shapes)


@eqx.filter_jit
def _train(arrays: Any, rest: Any, step_fn: Callable, k: int) -> tuple[Any, Any]:
    """All candidates along the first axis; losses "candidate step"."""

    def step(candidates, j):
        def one(arrays):
            after, loss = step_fn(eqx.combine(arrays, rest), j)
            return eqx.filter(after, eqx.is_array), loss

        return jax.vmap(one)(candidates)

    ended, losses = jax.lax.scan(step, arrays, jnp.arange(k))
    _, last = step(ended, jnp.asarray(k))
    return ended, jnp.concatenate([losses, last[None]]).T


def rank_correlation(losses: ArrayLike, final: ArrayLike) -> Float[np.ndarray, "..."]:
    r"""Spearman's correlation of losses at each lag with final losses.

    It is 0 at lags where all losses are equal, which tell nothing of the ranks.

    **Arguments:** `losses` "candidate lag" or "candidate"; `final` "candidate".

    **Raises:** `ValueError` for arrays that do not match, or fewer than three candidates.

    >>> import implicitbias as ib
    >>> ib.studies.growing.rank_correlation([[3, 1], [1, 2], [2, 3]], [1, 2, 3]).round(9).tolist()
    [-0.5, 1.0]
    """
    values, end = _matching(losses, final)
    ranks, last = rankdata(values.reshape(len(end), -1), axis=0), rankdata(end)
    ranks, last = ranks - ranks.mean(axis=0), last - last.mean()
    sizes = np.linalg.norm(ranks, axis=0) * np.linalg.norm(last)
    found = np.divide(last @ ranks, sizes, out=np.zeros_like(sizes), where=sizes > 0)
    return found.reshape(values.shape[1:])


def selection_regret(losses: ArrayLike, final: ArrayLike) -> Float[np.ndarray, "..."]:
    r"""What the candidate chosen at each lag ends above the best: :math:`F_{\hat g}-\min_gF_g`.

    Where several have the least loss, as those that preserve the function do before the first
    step, one of them is chosen at random, and the mean is given.

    **Arguments:** `losses` "candidate lag" or "candidate"; `final` "candidate".

    **Raises:** `ValueError` for arrays that do not match, or fewer than three candidates.

    >>> import implicitbias as ib
    >>> ib.studies.growing.selection_regret([[3, 1], [1, 2], [2, 3]], [1, 2, 4]).tolist()
    [1.0, 0.0]
    """
    values, end = _matching(losses, final)
    least = values == values.min(axis=0)
    return np.tensordot(end, least, axes=1) / least.sum(axis=0) - end.min()


def _matching(losses: ArrayLike, final: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    values, end = np.asarray(losses, dtype=float), np.asarray(final, dtype=float)
    if end.ndim != 1 or values.ndim not in (1, 2) or len(values) != len(end) or len(end) < 3:
        raise ValueError(
            "losses must have a row for each of at least three candidates of final, found shapes "
            f"{values.shape} and {end.shape}"
        )
    for name, array in (("losses", values), ("final", end)):
        if np.isnan(array).any():
            raise ValueError(f"{name} must not hold NaN; take infinity for what diverged")
    return values, end
