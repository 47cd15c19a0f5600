r"""Sequences to learn from: facts to remember, and the primitives of reasoning.

After the tasks of arXiv:2409.19044 (induction copying, variable assignment, pre-school maths) and
of its follow-up arXiv:2502.17416 (p-hop induction), made small: a word is one token. What could be
read of them is descriptions, not the papers' own generators.
"""

from collections.abc import Callable
from itertools import groupby
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from implicitbias import _check

SYMBOLS = 32
"""Letters and numbers; other tokens follow them."""

_ASSIGN, _QUERY, _COPY, _EQUALS, _COMMA, _LET, _PRINT, _PLUS, _MINUS, _PAD = range(32, 42)
TOKENS = 42
"""How many different tokens there are."""

_NAME, _VALUE = -1, -2  # places in a form
FORMS = {
    "basic": ((_ASSIGN, _NAME, _VALUE), (_QUERY, _NAME, _VALUE)),
    "math": ((_NAME, _EQUALS, _VALUE, _COMMA), (_NAME, _EQUALS, _VALUE, _COMMA)),
    "code": ((_LET, _NAME, _EQUALS, _VALUE), (_PRINT, _NAME, _VALUE)),
}
"""How an assignment and an answered question are written, by the name of the form."""

MODULUS = 5
"""Of pre-school maths."""

LETTERS = 4
"""Of p-hop induction."""


class Sample(NamedTuple):
    """A sequence of tokens, or several.

    - `tokens` "time".
    - `kind` "time": at a token that can be predicted from those before it, which sort of question
      it answers (for variables, the length of the chain), from 0; -1 at others. Only the former
      are learned and scored.
    """

    tokens: Int[Array, "*batch time"]
    kind: Int[Array, "*batch time"]


Task = Callable[[Array], Sample]
"""Makes a sequence of a random key."""


def facts(count: int, length: int, *, world: int = 0) -> Task:
    r"""Triples of symbols with an answer to each, which can only be remembered.

    There are `count` of them, drawn once and for all by the seed `world`. Number
    :math:`\lfloor\text{count}\,u^{2.5}\rfloor` is shown, with u uniform: the first ones come more
    often than the last.

    >>> import implicitbias as ib
    >>> task = ib.studies.growing.facts(1, 8)
    >>> tokens = task(jax.random.key(0)).tokens
    >>> bool((tokens[:4] == tokens[4:]).all())
    True
    """
    _check.integer("count", count)

    table = np.random.default_rng(world).integers(SYMBOLS, size=(count, 4))

    def make(key: Array) -> Sample:
        u = _uniform(key, length // 4)
        rows = jnp.asarray(table)[(count * u**2.5).astype(jnp.int32)]
        return _padded(rows, jnp.broadcast_to(jnp.array([-1, -1, -1, 0]), rows.shape), length)

    return make


def copying(size: int, segment: int, length: int) -> Task:
    """A string of different symbols, then pieces of it; all but a piece's first can be predicted.

    **Raises:** `ValueError` for a piece that is not shorter than the string.
    """
    if not 1 < segment <= size <= SYMBOLS:
        raise ValueError(
            f"segment must be at least 2 and at most the size of the string, {size}, which is at "
            f"most {SYMBOLS}, found {segment}"
        )

    def make(key: Array) -> Sample:
        count = (length - size) // (segment + 1)
        u = _uniform(key, SYMBOLS + count)
        string = _order(u[:SYMBOLS])[:size]
        first = _below(size - segment + 1, u[SYMBOLS:, None])
        pieces = string[first + jnp.arange(segment)]
        marked = jnp.concatenate([jnp.full((count, 1), _COPY), pieces], axis=1)
        kind = jnp.where(jnp.arange(segment + 1) > 1, 0, -1)
        return _padded(
            jnp.concatenate([string, marked.ravel()]),
            jnp.concatenate([jnp.full(size, -1), jnp.tile(kind, count)]),
            length,
        )

    return make


def variables(roots: int, levels: int, length: int, *, form: str = "basic") -> Task:
    """Variables assigned to values and to one another, then questions for their values.

    The first level has values, every later one the variables of the level before, one to one and
    in random order. The kind of a question is the number of steps to its value, from 0: depth 0
    for `a = 1, a = ?`, depth 1 for `a = 1, c = a, c = ?`. Where a variable has been asked for
    before, the answer is there to be copied, and the kind is the number of levels.

    **Arguments:** how many `roots`, which guessing one of the values meets with chance one over it;
    `levels`; `length`; `form`, one of `FORMS`.

    **Raises:** `ValueError` for an unknown form, or a length without room for a question.
    """
    if form not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}, found {form!r}")
    assignment, question = (np.array(pattern) for pattern in FORMS[form])
    count = (length - roots * levels * len(assignment)) // len(question)
    if count < 1 or roots * (levels + 1) > SYMBOLS:
        raise ValueError(
            f"length must leave room for a question after {roots * levels} assignments, and "
            f"{roots * (levels + 1)} symbols be at most {SYMBOLS}, found length {length}"
        )

    def make(key: Array) -> Sample:
        u = _uniform(key, SYMBOLS + roots * levels + count)
        drawn = _order(u[:SYMBOLS])[: roots * (levels + 1)]
        # Row l holds what row l + 1 is assigned to: values, then names level by level.
        chains = drawn.reshape(levels + 1, roots)
        shuffles = _order(u[SYMBOLS:-count].reshape(levels, roots))
        names = jnp.take_along_axis(chains[1:], shuffles, axis=1).ravel()
        held = jnp.take_along_axis(chains[:-1], shuffles, axis=1).ravel()
        which = _below(roots * levels, u[-count:])
        level, root = which // roots, which % roots
        questions = _fill(question, chains[1 + level, root], chains[0, root])
        again = jnp.tril(which[:, None] == which, k=-1).any(axis=1)
        kind = jnp.where(question == _VALUE, jnp.where(again, levels, level)[:, None], -1)
        return _padded(
            jnp.concatenate([_fill(assignment, names, held).ravel(), questions.ravel()]),
            jnp.concatenate([jnp.full(len(names) * len(assignment), -1), kind.ravel()]),
            length,
        )

    return make


def maths(length: int) -> Task:
    """Three variables get numbers, and a signed sum of the three is asked for, modulo 5."""
    count = length // 17

    def one(key: Array) -> tuple[Array, Array]:
        u = _uniform(key, 9 + SYMBOLS - MODULUS)
        number = _below(MODULUS, u[:3])
        sign = 2 * _below(2, u[3:6]) - 1
        turn = _order(u[6:9])
        letter = MODULUS + _order(u[9:])[:3]
        sums = jnp.stack([jnp.where(sign > 0, _PLUS, _MINUS), letter[turn]], axis=1).ravel()
        answer = (sign * number[turn]).sum() % MODULUS
        told = _fill(np.array(FORMS["basic"][0]), letter, number).ravel()
        tokens = jnp.concatenate([told, jnp.array([_QUERY]), sums, answer[None]])
        return tokens, jnp.where(jnp.arange(17) == 16, 0, -1)

    def make(key: Array) -> Sample:
        return _padded(*jax.vmap(one)(jax.random.split(key, count)), length)

    return make


def hops(jumps: int, length: int) -> Task:
    """A random string of four letters, then, for each letter, where p jumps from it lead.

    A jump goes from a letter to what follows its last occurrence before where one is; the first
    starts from the end of the string. Questions whose jumps lead out of the string are not scored.

    **Raises:** `ValueError` for jumps that are not a positive integer.
    """
    _check.integer("jumps", jumps)
    size = length - 3 * LETTERS
    _check.integer("length", size)

    def follow(string: Array, letter: Array) -> tuple[Array, Array]:
        def jump(_, state):
            at, letter = state
            place = jnp.arange(size - 1)
            last = jnp.where((place + 1 < at) & (string[:-1] == letter), place, -1).max()
            return jnp.where(last < 0, -1, last + 1), string[last + 1]

        return jax.lax.fori_loop(0, jumps, jump, (jnp.asarray(size), letter))

    def make(key: Array) -> Sample:
        u = _uniform(key, size + LETTERS)
        string = _below(LETTERS, u[:size])
        asked = _order(u[size:])
        end, answer = jax.vmap(lambda letter: follow(string, letter))(asked)
        questions = _fill(np.array(FORMS["basic"][1]), asked, answer)
        kind = jnp.where((jnp.arange(3) == 2) & (end >= 0)[:, None], 0, -1)
        return _padded(
            jnp.concatenate([string, questions.ravel()]),
            jnp.concatenate([jnp.full(size, -1), kind.ravel()]),
            length,
        )

    return make


def mixture(*tasks: Task) -> Callable[[Array], Sample]:
    """A batch with one sequence of each task.

    >>> import implicitbias as ib
    >>> growing = ib.studies.growing
    >>> batch = growing.mixture(growing.variables(2, 2, 32), growing.copying(8, 4, 32))
    >>> batch(jax.random.key(0)).tokens.shape
    (2, 32)
    """

    def make(key: Array) -> Sample:
        made, keys = [], jax.random.split(key, len(tasks))
        for task, equal in groupby(tasks):
            count = len(list(equal))
            made.append(jax.vmap(task)(keys[:count]))
            keys = keys[count:]
        return Sample(*(jnp.concatenate(parts) for parts in zip(*made, strict=True)))

    return make


def cross_entropy(model: Callable[[Array], Array], batch: Sample) -> Float[Array, " sample"]:
    """Of the tokens that can be predicted, in nats: their mean in each sequence."""
    at, target, _ = _predictions(model, batch)
    logs = jax.nn.log_softmax(at)
    nats = -jnp.take_along_axis(logs, target[..., None], axis=-1)[..., 0]
    scored = (batch.kind[:, 1:] >= 0).astype(nats.dtype)
    return (nats * scored).sum(axis=1) / jnp.maximum(scored.sum(axis=1), 1)


def is_right(model: Callable[[Array], Array], batch: Sample) -> Bool[Array, "sample time"]:
    """Whether each token is the most likely one after those before it; never for the first."""
    at, target, _ = _predictions(model, batch)
    return jnp.pad(at.argmax(axis=-1) == target, ((0, 0), (1, 0)))


def accuracy(model: Callable[[Array], Array], batch: Sample, kind: int = 0) -> Float[Array, ""]:
    """The share of questions of one kind that are answered rightly.

    >>> import implicitbias as ib
    >>> growing = ib.studies.growing
    >>> batch = growing.mixture(growing.variables(2, 2, 32))(jax.random.key(0))
    >>> def knows(tokens):  # it peeks
    ...     return jax.nn.one_hot(batch.tokens[0, 1:], growing.TOKENS)
    >>> float(growing.accuracy(knows, batch))
    1.0
    """
    asked = batch.kind == kind
    return (is_right(model, batch) & asked).sum() / jnp.maximum(asked.sum(), 1)


def _predictions(model, batch: Sample) -> tuple[Array, Array, Array]:
    logits = jax.vmap(model)(batch.tokens[:, :-1])
    return logits, batch.tokens[:, 1:], batch.kind[:, 1:]


def _uniform(key: Array, count: int) -> Float[Array, " count"]:
    """All the random numbers of a sequence at once: every other draw would compile its own."""
    return jax.random.uniform(key, (count,), jnp.float32)


def _order(u: Float[Array, "*batch n"]) -> Int[Array, "*batch n"]:
    """A random order of the numbers below n."""
    return jnp.argsort(u, axis=-1).astype(jnp.int32)


def _below(n: int, u: Float[Array, "..."]) -> Int[Array, "..."]:
    """Random numbers below n."""
    return (n * u).astype(jnp.int32)


def _fill(pattern: np.ndarray, names: Array, values: Array) -> Int[Array, "line token"]:
    lines = jnp.where(pattern == _NAME, names[:, None], pattern)
    return jnp.where(pattern == _VALUE, values[:, None], lines)


def _padded(tokens: Array, kind: Array, length: int) -> Sample:
    def fit(array: Array, filler: int) -> Array:
        flat = array.ravel().astype(jnp.int32)
        return jnp.pad(flat, (0, length - len(flat)), constant_values=filler)

    return Sample(fit(tokens, _PAD), fit(kind, -1))
