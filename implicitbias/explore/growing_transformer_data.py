"""The sweep behind the explorable "growing-transformer", kept in a file."""

import json
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from implicitbias.explore.growing_data import digits, follow
from implicitbias.studies import growing

FILE = Path(__file__).with_suffix(".json")
WIDTH, HEADS, LAYERS, TIME = 32, 2, 2, 64
RATE, WARM_UP = 4e-3, 50
SEEDS, ORDERS = (0, 1), (0, 1)
BEFORE, AFTER, EVERY = 1000, 1000, 20
POOL = (
    *("last", "middle", "stacked", "mirrored", "interleaved", "averaged", "halved", "zero_copies"),
    *(
        f"{kind}_{place}"
        for kind in ("fresh", "zero")
        for place in ("top", "bottom", "interleaved")
    ),
    "scratch",
)
"""All of them make four layers of two."""

PRESERVING = tuple(how for how in POOL if how.startswith("zero"))
VARIABLES = ((2, 2), (2, 3), (3, 2), (3, 3), (4, 3))
"""Values and lengths of chains in the mixture."""

OPTIMISER = optax.chain(
    optax.clip_by_global_norm(1.0), optax.scale_by_adam(b1=0.9, b2=0.98, eps=1e-8)
)


class Reader(eqx.Module):
    """A transformer, and the number of its sequence of samples, which is not trained."""

    transformer: growing.Transformer
    order: jax.Array


class Held(NamedTuple):
    """What became of the pool.

    - `lags`. `loss` "operator seed order lag": on samples that are not trained on, in nats.
    - `chains`, `facts` "operator seed order": the share of right answers at the end, to questions
      two steps from a value, and for facts.
    """

    lags: np.ndarray
    loss: np.ndarray
    chains: np.ndarray
    facts: np.ndarray


def facts() -> growing.Task:
    """A table of facts, the same for all."""
    return growing.facts(growing.fact_table(1024), TIME)


def tasks() -> Callable[[jax.Array], growing.Sample]:
    """What the transformers are trained on: four rows of facts, two of copying, ten of chains."""
    return growing.mixture(
        *[facts()] * 4,
        *[growing.copying(12, 6, TIME)] * 2,
        *[growing.variables(*sizes, TIME) for sizes in VARIABLES] * 2,
    )


def loss(reader: Reader, t: Any) -> Any:
    """Cross entropy of the mixture, on fresh samples at every step."""
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(1), reader.order), t)
    return growing.cross_entropy(reader.transformer, tasks()(key)).mean()


def unseen(draw: Callable, batches: int) -> growing.Sample:
    """Samples that are not trained on."""
    keys = jax.random.split(jax.random.key(2), batches)
    return jax.tree.map(lambda leaf: leaf.reshape(-1, TIME), jax.vmap(draw)(keys))


def score(reader: Reader) -> Any:
    """Cross entropy of 128 sequences that are not trained on."""
    return growing.cross_entropy(reader.transformer, unseen(tasks(), 8)).mean()


def small_readers() -> Reader:
    """Two layers, one reader for each seed, trained at a constant rate."""
    start = eqx.filter_vmap(
        lambda s: Reader(
            growing.start_transformer(growing.TOKENS, WIDTH, HEADS, LAYERS, depth=4, seed=s), s
        )
    )(jnp.asarray(SEEDS))
    *_, run = growing.gradual_stacking(
        start, loss, OPTIMISER, np.full(BEFORE, RATE), (BEFORE,), replicas=True
    )
    return run.model


def train_pool() -> Held:
    """All ways to grow the small ones, in two orders of the data for each."""
    small = small_readers()

    def grown(how: str, order: int) -> Reader:
        def one(reader: Reader) -> Reader:
            transformer = growing.grow(
                reader.transformer,
                growing.blocks_of,
                how,
                added=LAYERS,
                outputs=growing.outputs_of,
                fresh=lambda count: growing.fresh_blocks(
                    count, WIDTH, HEADS, depth=4, seed=20_000 + reader.order
                ),
            )
            return Reader(transformer, 100 * (1 + order) + reader.order)

        return eqx.filter_vmap(one)(small)

    many = jax.tree.map(
        lambda *leaves: jnp.concatenate(leaves),
        *(grown(how, order) for how in POOL for order in ORDERS),
    )
    rates = growing.warm_up_cosine(AFTER, RATE, warm_up=WARM_UP)
    scores, ended = follow(many, loss, score, OPTIMISER, rates, EVERY)
    shape = (len(POOL), len(ORDERS), len(SEEDS))

    def share(draw: growing.Task, kind: int) -> np.ndarray:
        asked = unseen(growing.mixture(draw), 256)
        right = eqx.filter_vmap(lambda r: growing.accuracy(r.transformer, asked, kind))(ended)
        return np.asarray(right, dtype=float).reshape(shape).swapaxes(1, 2)

    return Held(
        np.arange(0, AFTER + 1, EVERY),
        scores.reshape(*shape, -1).swapaxes(1, 2),
        share(growing.variables(3, 3, TIME), 1),
        share(facts(), 0),
    )


def compute(executor: Executor | None = None) -> Held:
    """The whole sweep: one program, so there is nothing for an executor to share out."""
    return train_pool()


def write(held: Held) -> None:
    """To the file, with four significant digits."""
    content = {
        "made by": "python tools/sweeps.py growing-transformer",
        "pool": POOL,
        "lags": held.lags.tolist(),
        **{name: digits(getattr(held, name)) for name in ("loss", "chains", "facts")},
    }
    FILE.write_text(json.dumps(content, separators=(",", ":")) + "\n")


def read() -> Held:
    """What the file holds."""
    held = json.loads(FILE.read_text())
    return Held(*(np.asarray(held[name]) for name in Held._fields))
