r"""Growth operators: a deeper or wider network made from a trained one.

A model's blocks are a stack: one PyTree whose arrays all have the blocks as their first axis, as
`jax.vmap` or `equinox.filter_vmap` of a block's constructor makes them and `jax.lax.scan` runs
them. To grow in depth is a linear map of the stack, the same for every array in it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from implicitbias import _check

_FRESH = -1  # in a list of sources: a block of its own


class Plan(NamedTuple):
    r"""How grown blocks are made of old ones.

    - `mixing` "new old": block i of the grown stack is :math:`\sum_jM_{ij}B_j`; a row of zeros
      stands for a fresh block.
    - `gain` "new": by what the outputs of each block are multiplied. With gain 0 a residual block
      :math:`x+f(x)` does nothing.
    """

    mixing: Float[np.ndarray, "new old"]
    gain: Float[np.ndarray, " new"]

    @property
    def fresh(self) -> np.ndarray:
        """Which of the grown blocks are fresh."""
        return np.asarray(~self.mixing.any(axis=1))


def _last(n: int) -> list[int]:
    return [*range(n), n - 1]


def _middle(n: int) -> list[int]:
    source = (n + 1) // 2
    return [*range(source), *range(source - 1, n)]


def _first(n: int) -> list[int]:
    return [0, *range(n)]


def _again(step: Callable[[int], list[int]]) -> Callable[[int, int], np.ndarray]:
    """One block at a time: what is copied next may be a copy."""

    def sources(n: int, added: int) -> np.ndarray:
        found = np.arange(n)
        for _ in range(added):
            found = found[step(len(found))]
        return found

    return sources


def _spread(n: int, added: int) -> np.ndarray:
    return np.arange(n + added) * n // (n + added)


def _is_new(sources: np.ndarray) -> np.ndarray:
    """Which entries repeat the one before them."""
    return np.diff(sources, prepend=-1) == 0


def _plan(sources: np.ndarray, n: int, gain: np.ndarray | float = 1.0) -> Plan:
    mixing = (np.asarray(sources)[:, None] == np.arange(n)).astype(float)
    return Plan(mixing, np.broadcast_to(np.asarray(gain, dtype=float), len(mixing)).copy())


def _at_top(n: int, added: int) -> np.ndarray:
    return np.append(np.arange(n), np.full(added, _FRESH))


def _at_bottom(n: int, added: int) -> np.ndarray:
    return np.append(np.full(added, _FRESH), np.arange(n))


def _in_the_middle(n: int, added: int) -> np.ndarray:
    return np.insert(np.arange(n), (n + 1) // 2, np.full(added, _FRESH))


def _in_between(n: int, added: int) -> np.ndarray:
    sources = _spread(n, added)
    return np.where(_is_new(sources), _FRESH, sources)


def _averaged(n: int, added: int) -> Plan:
    sources = _spread(n, added)
    plan = _plan(sources, n)
    following = _plan(np.minimum(sources + 1, n - 1), n).mixing
    between = (plan.mixing + following) / 2
    return plan._replace(mixing=np.where(_is_new(sources)[:, None], between, plan.mixing))


_COPIES: dict[str, Callable[[int, int], np.ndarray]] = {
    "middle": _again(_middle),
    "last": _again(_last),
    "first": _again(_first),
    "stacked": lambda n, added: np.arange(n + added) % n,
    "mirrored": lambda n, added: np.append(np.arange(n), n - 1 - np.arange(added) % n),
    "interleaved": _spread,
}
_PLACES: dict[str, Callable[[int, int], np.ndarray]] = {
    "top": _at_top,
    "bottom": _at_bottom,
    "middle": _in_the_middle,
    "interleaved": _in_between,
}
DEPTH_OPERATORS = (
    *_COPIES,
    "random",
    "averaged",
    "halved",
    "zero_copies",
    *(f"{kind}_{place}" for kind in ("fresh", "zero") for place in _PLACES),
    "scratch",
)
"""What `plan` and `grow` know of depth."""

WIDTH_OPERATORS = ("copied", "split")
"""What `grow` knows of width."""


def plan(how: str, n: int, added: int = 1, *, seed: int = 0) -> Plan:
    r"""The growth of a stack of n blocks by some, by name.

    Copies of whole blocks: ``"middle"``, the block :math:`\lceil n/2\rceil`, counted from 1,
    again after itself (MIDAS, arXiv:2409.19044); ``"last"`` (gradual stacking); ``"first"``;
    ``"random"``, one drawn at random; each as often as blocks are added, and then chosen from what
    has been grown; ``"stacked"``, all blocks again on top; ``"mirrored"``, in reverse order;
    ``"interleaved"``, each again after itself.

    ``"averaged"`` puts the mean of two neighbours between them. ``"halved"`` is interleaved, and
    the outputs of all blocks that there are twice are halved; ``"zero_copies"`` is interleaved,
    and copies have zero outputs. Fresh blocks: ``"fresh_top"``, ``"fresh_bottom"``,
    ``"fresh_middle"``, ``"fresh_interleaved"``; the same with ``zero`` have zero outputs; in
    ``"scratch"`` all are fresh. What has zero outputs preserves the function of a residual network.

    **Arguments:** `how`; `n` blocks; how many are `added`; `seed` for ``"random"``.

    **Returns:** `Plan`.

    **Raises:** `ValueError` for an unknown operator, or numbers that are not positive integers.

    >>> import implicitbias as ib
    >>> plan = ib.studies.growing.plan
    >>> plan("middle", 4).mixing.argmax(axis=1).tolist()
    [0, 1, 1, 2, 3]
    >>> plan("interleaved", 3, 3).mixing.argmax(axis=1).tolist()
    [0, 0, 1, 1, 2, 2]
    """
    _check.integer("n", n)
    _check.integer("added", added)
    if how == "random":
        random = np.random.default_rng(seed)

        def drawn(n: int) -> list[int]:
            source = int(random.integers(n))
            return [*range(source + 1), *range(source, n)]

        return _plan(_again(drawn)(n, added), n)
    if how in _COPIES:
        return _plan(_COPIES[how](n, added), n)
    if how == "averaged":
        return _averaged(n, added)
    if how == "halved":
        sources = _spread(n, added)
        twice = np.bincount(sources)[sources] > 1
        return _plan(sources, n, np.where(twice, 0.5, 1.0))
    if how == "zero_copies":
        sources = _spread(n, added)
        return _plan(sources, n, np.where(_is_new(sources), 0.0, 1.0))
    if how == "scratch":
        return _plan(np.full(n + added, _FRESH), n)
    kind, _, place = how.partition("_")
    if kind not in ("fresh", "zero") or place not in _PLACES:
        raise ValueError(
            f"how must be an operator of depth, {', '.join(DEPTH_OPERATORS)}, found {how!r}; "
            f"those of width, {', '.join(WIDTH_OPERATORS)}, are for grow alone"
        )
    sources = _PLACES[place](n, added)
    return _plan(sources, n, np.where((sources == _FRESH) & (kind == "zero"), 0.0, 1.0))


def depth_of(stack: Any) -> int:
    """How many blocks a stack holds.

    **Raises:** `ValueError` if its arrays do not agree on that.

    >>> import implicitbias as ib
    >>> ib.studies.growing.depth_of({"w": jax.numpy.ones((4, 2, 2)), "b": jax.numpy.ones((4, 2))})
    4
    """
    shapes = [leaf.shape for leaf in jax.tree.leaves(eqx.filter(stack, eqx.is_array))]
    if not shapes or any(shape[:1] != shapes[0][:1] or not shape for shape in shapes):
        raise ValueError(
            "where must select a stack of blocks, whose arrays all have the blocks as their first "
            f"axis, found shapes {shapes}"
        )
    return shapes[0][0]


def grow(
    model: Any,
    where: Callable[[Any], Any],
    how: str | Plan,
    *,
    added: int = 1,
    block: int = 1,
    outputs: Callable[[Any], Any] | None = None,
    fresh: Callable[[int], Any] | None = None,
    axes: tuple[int, int] = (-1, -2),
    seed: int = 0,
) -> Any:
    r"""A deeper or wider model made from a trained one.

    In depth, `where` selects the stack of blocks, and `how` names an operator of `plan`, or is a
    `Plan` itself. In width, `where` selects a pair: the arrays into the hidden units and the arrays
    out of them. ``"copied"`` doubles all units and halves what goes out; ``"split"`` gives the two
    of a pair random shares, so that they can part in training. Both preserve the function for
    units of any kind, :math:`v\,\phi(ux)=cv\,\phi(ux)+(1-c)v\,\phi(ux)`.

    **Arguments:**

    - `model`: any PyTree; `where`: what to grow, as in `equinox.tree_at`; `how`.
    - `added`: by how many blocks. `block`: how many layers of the stack are one block, which is
      copied whole.
    - `outputs`: from a stack, the arrays to which its outputs are proportional; needed where a gain
      is not 1. `fresh`: makes a stack of so many fresh layers; needed where some are.
    - `axes`: of the hidden units in the arrays into and out of them; by default those of ``x @ w``.
    - `seed`: for what is drawn at random.

    **Returns:** the grown model.

    **Raises:** `ValueError` for an unknown operator, arrays that do not agree on the number of
    blocks or units, layers that are not a whole number of blocks, or a missing `outputs` or
    `fresh`.

    >>> import implicitbias as ib
    >>> model = {"layers": jax.numpy.array([1.0, 2.0, 3.0, 4.0]), "head": jax.numpy.ones(2)}
    >>> grown = ib.studies.growing.grow(model, lambda m: m["layers"], "middle", block=2)
    >>> grown["layers"].tolist()
    [1.0, 2.0, 1.0, 2.0, 3.0, 4.0]
    """
    if isinstance(how, str) and how in WIDTH_OPERATORS:
        return _widen(model, where, how, axes, seed)
    stack = where(model)
    mixing, gain = _layers(depth_of(stack), how, added, block, seed)
    arrays, rest = eqx.partition(stack, eqx.is_array)
    grown = _mix(arrays, mixing)
    new = ~mixing.any(axis=1)
    if new.any():
        if fresh is None:
            raise ValueError(f"fresh must make new layers, {new.sum()} of them, found None")
        made = eqx.filter(fresh(int(new.sum())), eqx.is_array)
        grown = jax.tree.map(lambda old, own: old.at[new].set(own), grown, made)
    if (gain != 1).any():
        if outputs is None:
            raise ValueError("outputs must select what to scale by the plan's gain, found None")
        grown = eqx.tree_at(outputs, grown, replace_fn=lambda leaf: _scaled(leaf, gain))
    return eqx.tree_at(where, model, eqx.combine(grown, rest))


def grow_moments(
    state: Any,
    model: Any,
    where: Callable[[Any], Any],
    how: str | Plan,
    *,
    added: int = 1,
    block: int = 1,
    seed: int = 0,
) -> Any:
    """The state of an optimiser, grown in depth with its model.

    What has the structure of the model's parameters (Adam's moments) grows as they do: copies come
    with a copy of their moments, fresh blocks with zeros. Gains are not applied. All else (counts)
    is kept.

    **Arguments:** the `state` of an optax optimiser of the inexact arrays of `model`, before it
    grew; the others as in `grow`.

    **Raises:** `ValueError` as `grow`.

    >>> import implicitbias as ib, optax
    >>> model = {"layers": jax.numpy.ones((2, 3))}
    >>> state = optax.adam(0.1).init(model)
    >>> grown = ib.studies.growing.grow_moments(state, model, lambda m: m["layers"], "last")
    >>> grown[0].mu["layers"].shape
    (3, 3)
    """
    structure = jax.tree.structure(eqx.filter(model, eqx.is_inexact_array))
    mixing, _ = _layers(depth_of(where(model)), how, added, block, seed)

    def is_moments(node: Any) -> bool:
        return jax.tree.structure(node) == structure

    def grown(node: Any) -> Any:
        if not is_moments(node):
            return node
        return eqx.tree_at(where, node, _mix(where(node), mixing))

    return jax.tree.map(grown, state, is_leaf=is_moments)


def _layers(layers: int, how: str | Plan, added: int, block: int, seed: int) -> Plan:
    """The plan of layers that a plan of blocks amounts to."""
    _check.integer("block", block)
    if layers % block:
        raise ValueError(
            f"where must select whole blocks of {block} layers, found {layers} layers: "
            f"{layers % block} too many"
        )
    blocks = layers // block
    mixing, gain = plan(how, blocks, added, seed=seed) if isinstance(how, str) else how
    if mixing.shape != (len(gain), blocks):
        raise ValueError(
            f"how must mix {blocks} blocks into {len(gain)}, found mixing of shape {mixing.shape}"
        )
    return Plan(np.kron(mixing, np.eye(block)), np.repeat(gain, block))


def _mix(stack: Any, mixing: np.ndarray) -> Any:
    return jax.tree.map(
        lambda leaf: jnp.tensordot(jnp.asarray(mixing, leaf.dtype), leaf, axes=1), stack
    )


def _scaled(leaf: Array, gain: np.ndarray) -> Array:
    return leaf * jnp.asarray(gain, leaf.dtype).reshape(-1, *(1,) * (leaf.ndim - 1))


def _widen(
    model: Any, where: Callable[[Any], Any], how: str, axes: tuple[int, int], seed: int
) -> Any:
    into, out = (jax.tree.leaves(side) for side in where(model))
    sizes = {
        leaf.shape[axis] for side, axis in zip((into, out), axes, strict=True) for leaf in side
    }
    if len(sizes) != 1:
        raise ValueError(
            "where must select arrays into and out of the same hidden units, on the axes "
            f"{axes}, found {sorted(sizes)} units"
        )
    (units,) = sizes
    if how == "copied":
        share = np.full(units, 0.5)
    else:
        share = np.random.default_rng(seed).uniform(size=units)

    def halves(leaf: Array, axis: int) -> Array:
        shape = [1] * leaf.ndim
        shape[axis] = units
        part = jnp.asarray(share.reshape(shape), leaf.dtype)
        return jnp.concatenate([part * leaf, (1 - part) * leaf], axis=axis)

    grown = [jnp.concatenate([leaf, leaf], axis=axes[0]) for leaf in into]
    grown += [halves(leaf, axes[1]) for leaf in out]
    return eqx.tree_at(lambda tree: jax.tree.leaves(where(tree)), model, grown)
