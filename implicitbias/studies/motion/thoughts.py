"""A small transformer that carries out instructions: answering at once, or thinking in tokens."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from implicitbias.studies.growing import Transformer, start_transformer
from implicitbias.studies.motion.instructions import partial_products


def train_speakers(
    table: ArrayLike,
    instructions: ArrayLike,
    thinks: bool,
    *,
    width: int = 32,
    heads: int = 2,
    layers: int = 2,
    steps: int = 3000,
    rate: float = 3e-3,
    batch: int = 64,
    seed: int = 0,
) -> Transformer:
    r"""Train transformers on :math:`g_1\cdots g_m`, a mark, and then the thoughts or the answer.

    Tokens are the elements of the instruction, the elements as thoughts, and the mark. One that
    thinks has all products :math:`h_1,\dots,h_m` as targets, each after the true ones before; one
    that does not has the answer right after the mark. Adam with a rate that falls to zero like a
    cosine, on the mean cross-entropy; gradients are shortened to length 1.

    **Arguments:** the group's `table`; `instructions` "replicas n m", one sample for each
    transformer; `width`, `heads` and `layers`; `steps`, `rate` and `batch` (instructions in a step)
    of training; `seed`.

    **Returns:** the transformers, along a first axis of all arrays.

    **Raises:** `ValueError` for instructions without three axes.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> motion = ib.studies.motion
    >>> table, drawn = motion.dihedral_group(3), motion.draw_instructions(300, 2, 6)
    >>> taught = motion.train_speakers(table, drawn[None], True, width=16, layers=1, steps=300)
    >>> motion.speak(table, taught, drawn, True).shape
    (1, 300, 2)
    """
    table, instructions = np.asarray(table), np.asarray(instructions)
    if instructions.ndim != 3:
        raise ValueError(
            f"instructions must have three axes, replicas n m, found shape {instructions.shape}"
        )
    order = len(table)
    products = partial_products(table, instructions)
    targets = products if thinks else products[..., -1:]
    starts = [
        start_transformer(2 * order + 1, width, heads, layers, depth=layers, seed=seed + i)
        for i in range(len(instructions))
    ]
    return _train(
        jax.tree.map(lambda *leaves: jnp.stack(leaves), *starts),
        jax.random.split(jax.random.key(seed), len(instructions)),
        instructions.astype(np.int32),
        targets.astype(np.int32),
        order,
        (steps, rate, batch),
    )


def _prompt(instructions, thoughts, order) -> Int[jax.Array, "rows time"]:
    """Instructions, the mark, and thoughts, as tokens."""
    mark = jnp.full((len(instructions), 1), 2 * order, jnp.int32)
    return jnp.concatenate([instructions, mark, thoughts + order], axis=1)


@partial(jax.jit, static_argnums=(4, 5))
@partial(jax.vmap, in_axes=(0, 0, 0, 0, None, None))
def _train(model, key, instructions, targets, order, options):
    steps, rate, batch = options
    descent = optax.chain(
        optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(rate, steps))
    )
    said = targets.shape[1]

    def loss(model, key):
        rows = jax.random.randint(key, (batch,), 0, len(instructions))
        tokens = _prompt(instructions[rows], targets[rows, :-1], order)
        scores = jax.vmap(model)(tokens)[:, -said:, order : 2 * order]
        return optax.softmax_cross_entropy_with_integer_labels(scores, targets[rows]).mean()

    def down(t, state):
        model, moments = state
        slope = jax.grad(loss)(model, jax.random.fold_in(key, t))
        moved, moments = descent.update(slope, moments, model)
        return optax.apply_updates(model, moved), moments

    return jax.lax.fori_loop(0, steps, down, (model, descent.init(model)))[0]


def speak(
    table: ArrayLike, speakers: Transformer, instructions: ArrayLike, thinks: bool
) -> Int[np.ndarray, "replicas k said"]:
    """What transformers say after the mark, token by token: all thoughts, or the answer.

    **Arguments:** the group's `table`; the `speakers`, along a first axis; `instructions` "k m".
    """
    rows = np.asarray(instructions, dtype=np.int32)
    said = np.zeros((len(speakers.gain), len(rows), 0), np.int32)
    for _ in range(rows.shape[1] if thinks else 1):
        further = np.asarray(_next(speakers, rows, said, len(np.asarray(table))))
        said = np.concatenate([said, further[..., None]], axis=-1)
    return said


@partial(jax.jit, static_argnums=3)
@partial(jax.vmap, in_axes=(0, None, 0, None))
def _next(model, instructions, said, order) -> Float[jax.Array, " rows"]:
    scores = jax.vmap(model)(_prompt(instructions, said, order))[:, -1, order : 2 * order]
    return scores.argmax(axis=1).astype(jnp.int32)
