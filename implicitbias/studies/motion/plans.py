"""Networks that carry out instructions, with or without writing down what they think."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int
from numpy.typing import ArrayLike

from implicitbias import _check
from implicitbias.studies.motion.instructions import partial_products

BLANK = -1
"""A thought that is not there."""


class Lesson(NamedTuple):
    """What a network is shown of the products on the way to the answer.

    - `written`: the share of them that is written: these are targets, and can be read.
    - `reads`: whether the network reads `"all"` thoughts before a step, the `"last"` one only, or
      `"none"`.
    - `errors`: the share of the thoughts it reads in training that are replaced by random ones.
    - `whole`: whether an instruction comes with all of its products or with none; else each product
      is written or not for itself.
    """

    written: float = 1.0
    reads: str = "all"
    errors: float = 0.0
    whole: bool = False


class Planners(NamedTuple):
    """Replicas of a network with two hidden layers, and what they were taught.

    - `weights`: three pairs of a matrix "replicas in out" and offsets "replicas out".
    """

    weights: tuple[tuple[Array, Array], ...]
    lesson: Lesson


def train_planners(
    table: ArrayLike,
    instructions: ArrayLike,
    lesson: Lesson,
    *,
    width: int = 128,
    steps: int = 4000,
    rate: float = 1e-3,
    batch: int = 256,
    seed: int = 0,
) -> Planners:
    r"""Train networks to say each product from the instruction, the thoughts so far, and the step.

    The input at step t is the instruction and the thoughts before t, one-hot with blanks zero, and
    t, one-hot. The target is the product :math:`h_t`, the loss cross-entropy. The answer, t = m, is
    always a target; products before it are if they are written. A batch is drawn uniformly from all
    targets. AdamW (Optax's, whose weights decay by 0.0001), in single precision.

    **Arguments:** the group's `table`; `instructions` "replicas n m", one sample for each network;
    the `lesson`; `width` of both hidden layers; `steps`, `rate` and `batch` of training; `seed`.

    **Returns:** `Planners`.

    **Raises:** `ValueError` for instructions without three axes, shares outside of [0, 1], or an
    unknown way to read.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> motion = ib.studies.motion
    >>> table, drawn = motion.dihedral_group(3), motion.draw_instructions(300, 2, 6)
    >>> taught = motion.train_planners(table, drawn[None], motion.Lesson(), steps=300)
    >>> float(motion.right_share(table, drawn, motion.write_plans(table, taught, drawn))[0])
    1.0
    """
    table, instructions = np.asarray(table), np.asarray(instructions)
    if instructions.ndim != 3:
        raise ValueError(
            f"instructions must have three axes, replicas n m, found shape {instructions.shape}"
        )
    for name in ("written", "errors"):
        if not 0 <= getattr(lesson, name) <= 1:
            raise ValueError(f"{name} must lie in [0, 1], found {getattr(lesson, name)}")
    if lesson.reads not in ("all", "last", "none"):
        raise ValueError(f"reads must be 'all', 'last' or 'none', found {lesson.reads!r}")
    for name, size in (("width", width), ("steps", steps), ("batch", batch)):
        _check.integer(name, size)
    replicas, n, m = instructions.shape
    products = partial_products(table, instructions)
    drawn = np.random.default_rng(seed).random((replicas, n, 1 if lesson.whole else m))
    written = np.broadcast_to(drawn < lesson.written, products.shape).copy()
    written[..., -1] = True
    flat = written.reshape(replicas, -1)
    weights = _train(
        jax.random.split(jax.random.key(seed), replicas),
        instructions.astype(np.int32),
        np.where(written, products, BLANK).astype(np.int32),
        np.argsort(~flat, axis=1, kind="stable").astype(np.int32),  # targets first
        flat.sum(axis=1).astype(np.int32),
        len(table),
        lesson,
        (width, steps, rate, batch),
    )
    return Planners(weights, lesson)


@partial(jax.jit, static_argnums=(5, 6, 7))
@partial(jax.vmap, in_axes=(0, 0, 0, 0, 0, None, None, None))
def _train(key, instructions, thoughts, targets, count, order, lesson, options):
    width, steps, rate, batch = options
    m = instructions.shape[-1]
    begin, draws = jax.random.split(key)
    sizes = (2 * m * order + m, width, width, order)
    weights = tuple(
        (
            (2 / i) ** 0.5 * jax.random.normal(key, (i, o), jnp.float32),
            jnp.zeros(o, jnp.float32),
        )
        for key, i, o in zip(jax.random.split(begin, 3), sizes[:-1], sizes[1:], strict=True)
    )
    descent = optax.adamw(rate)

    def loss(weights, key):
        place, wrong = jax.random.split(key)
        row, step = jnp.divmod(targets[jax.random.randint(place, (batch,), 0, count)], m)
        read = _mixed_up(wrong, thoughts[row], lesson.errors, order)
        x = _one_hot(instructions[row], read, step, order, lesson.reads)
        return optax.softmax_cross_entropy_with_integer_labels(
            _scores(weights, x), thoughts[row, step]
        ).mean()

    def down(t, state):
        weights, moments = state
        slope = jax.grad(loss)(weights, jax.random.fold_in(draws, t))
        moved, moments = descent.update(slope, moments, weights)
        return optax.apply_updates(weights, moved), moments

    return jax.lax.fori_loop(0, steps, down, (weights, descent.init(weights)))[0]


def _mixed_up(key: Array, thoughts: Array, share: float, order: int) -> Array:
    """Some of the thoughts that are there, replaced."""
    if not share:
        return thoughts
    which, what = jax.random.split(key)
    hit = (jax.random.uniform(which, thoughts.shape) < share) & (thoughts != BLANK)
    return jnp.where(hit, jax.random.randint(what, thoughts.shape, 0, order), thoughts)


def _one_hot(instructions, thoughts, step, order, reads) -> Float[Array, "rows in"]:
    """The input of each row: instruction, the thoughts before its step, and the step."""
    m = instructions.shape[1]
    place = jnp.arange(m)
    if reads == "all":
        read = jnp.where(place < step[:, None], thoughts, BLANK)
    else:
        last = jnp.take_along_axis(thoughts, jnp.maximum(step - 1, 0)[:, None], axis=1)
        there = (place == 0) & (step[:, None] > 0) & (reads == "last")
        read = jnp.where(there, last, BLANK)
    single = partial(jax.nn.one_hot, dtype=jnp.float32)
    parts = (single(instructions, order), single(read, order))
    return jnp.concatenate(
        [*(part.reshape(len(step), -1) for part in parts), single(step, m)], axis=1
    )


def _scores(weights, x) -> Float[Array, "rows order"]:
    for matrix, offset in weights[:-1]:
        x = jax.nn.relu(x @ matrix + offset)
    matrix, offset = weights[-1]
    return x @ matrix + offset


def write_plans(
    table: ArrayLike, planners: Planners, instructions: ArrayLike, replaced: ArrayLike | None = None
) -> Int[np.ndarray, "replicas k m"]:
    """What the networks write, one thought after the other, the last being the answer.

    **Arguments:** the group's `table`; `instructions` "k m"; `replaced` "k m", thoughts that are
    put in place of what a network has just written, `BLANK` where nothing is.

    **Returns:** the thoughts as they stand in the end, replaced ones among them.

    **Raises:** `ValueError` where the shapes differ.
    """
    instructions = np.asarray(instructions, dtype=np.int32)
    if replaced is None:
        replaced = np.full(instructions.shape, BLANK)
    if np.shape(replaced) != instructions.shape:
        raise ValueError(
            f"replaced must have the shape {instructions.shape} of instructions, "
            f"found {np.shape(replaced)}"
        )
    order = len(np.asarray(table))
    return np.asarray(
        _write(
            planners.weights,
            instructions,
            np.asarray(replaced, dtype=np.int32),
            order,
            planners.lesson.reads,
        )
    )


@partial(jax.jit, static_argnums=(3, 4))
@partial(jax.vmap, in_axes=(0, None, None, None, None))
def _write(weights, instructions, replaced, order, reads):
    def one(thoughts, t):
        step = jnp.full(len(instructions), t)
        said = _scores(weights, _one_hot(instructions, thoughts, step, order, reads)).argmax(axis=1)
        put = replaced[:, t]
        return thoughts.at[:, t].set(jnp.where(put == BLANK, said, put).astype(jnp.int32)), None

    blank = jnp.full(instructions.shape, BLANK, jnp.int32)
    return jax.lax.scan(one, blank, jnp.arange(instructions.shape[1]))[0]


def right_share(
    table: ArrayLike, instructions: ArrayLike, plans: ArrayLike
) -> Float[np.ndarray, "..."]:
    """How many answers, the last of each plan, are right.

    **Arguments:** the group's `table`; `instructions` "k m"; `plans` "... k m".

    >>> import implicitbias as ib
    >>> table = ib.studies.motion.dihedral_group(3)
    >>> float(ib.studies.motion.right_share(table, [[1, 3], [3, 1]], [[1, 4], [3, 4]]))
    0.5
    """
    truth = partial_products(table, instructions)[..., -1]
    return (np.asarray(plans)[..., -1] == truth).mean(axis=-1)


def random_replacements(
    k: int, m: int, order: int, rate: float, *, seed: int = 0
) -> Int[np.ndarray, "k m"]:
    """Each thought but the answer replaced, with probability `rate`, by one drawn uniformly.

    What is replaced at one rate is at every larger one, by the same.

    **Raises:** `ValueError` for a rate outside of [0, 1].

    >>> import implicitbias as ib
    >>> ib.studies.motion.random_replacements(2, 4, 6, 0.5).tolist()
    [[-1, 3, 3, -1], [-1, -1, -1, -1]]
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must lie in [0, 1], found {rate}")
    random = np.random.default_rng(seed)
    hit, put = random.random((k, m)) < rate, random.integers(order, size=(k, m))
    hit[:, -1] = False
    return np.where(hit, put, BLANK)
