"""The sweep behind the explorable "growing-transformer", kept in a file.

Small transformers learn the corpus of the chapter on stacking, for long or for a short while, are
grown from two layers to four in each of fifteen ways, and go on learning.

Claims, written down before the run (means over the runs, the whole pool, unless said otherwise). An
earlier run with an easier corpus, two small models and 1000 steps before and after had been seen.

1. Trained small models: ranks before the first step have a correlation below 0.8 with the final
   ones. Young ones: above 0.8.
2. Trained: the best puts fresh layers below the others in at least 5 of 7 runs.
3. Trained: a lag of a tenth of the run names the best in at most 3 of 7 runs, half of the run in
   at least 5.
4. Of the growths that preserve the function, ranks after a tenth of the run have a correlation
   below 0.7 with the final ones, in both situations.
5. In some situation and pool a lag of at most a tenth names the best in at least 5 of 7 runs, and
   the correlation of ranks is below 0.8 there.
6. Four fresh layers end worst in all runs from trained models, not in all from young ones.
7. The ceiling is above 0.8 in both situations.
"""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from implicitbias.explore.growing_data import digits
from implicitbias.explore.stacking_transformer_data import (
    HEADS,
    LENGTH,
    RATE,
    STAGES,
    TESTS,
    WIDTH,
    Learner,
    look,
    loss,
    mixture,
    optimiser,
    starts,
)
from implicitbias.studies import growing
from implicitbias.studies.growing.training import advance, start_run

FILE = Path(__file__).with_suffix(".json")
LAYERS = STAGES // 2
"""Before growing, and as many are added."""

SITUATIONS = {"trained": 2000, "young": 200}
"""Steps before growing, at a constant rate."""

SEEDS, TWICE = (0, 1, 2, 3, 4), (0, 1)
"""Small models, and those that go on with the data in a second order, too."""

AFTER, WARM_UP = 600, 30
LAGS = (0, 5, 10, 20, 30, 40, 50, 60, 80, 100, 130, 160, 200, 250, 300, 360, 420, 500, AFTER)
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

POOLS = {
    "all": POOL,
    "copies": POOL[: POOL.index("zero_copies")],
    "function kept": tuple(how for how in POOL if how.startswith("zero")),
    "repeats": (*POOL[: POOL.index("averaged")], "scratch"),
}
"""Parts of it: the last one has whole layers again, and what starts anew."""

_OPTIMISER = optimiser()
_UNSEEN = 1 << 17  # the key of samples that are not trained on


class Setting(NamedTuple):
    """A small model, and an order of the data after it has grown."""

    situation: str
    seed: int
    order: int


SETTINGS = tuple(
    Setting(situation, seed, order)
    for order, seeds in enumerate((SEEDS, TWICE))
    for seed, situation in product(seeds, SITUATIONS)
)


class Grown(NamedTuple):
    """What became of the pool in one setting.

    - `loss` "operator lag": on samples that are not trained on, in nats.
    - `right` "operator task": shares of right answers at the end, the tasks of `TESTS`.
    """

    loss: np.ndarray
    right: np.ndarray


def small(situation: str, seeds: tuple[int, ...]) -> Learner:
    """Small models after their training, along a first axis."""
    rates = np.full(max(SITUATIONS.values()), RATE)  # as many for all, so that one program does
    run = start_run(starts("shallow", seeds), _OPTIMISER, replicas=True)
    return advance(run, loss, _OPTIMISER, rates, SITUATIONS[situation], replicas=True).model


def pool(model: Learner, order: int = 0) -> Learner:
    """A small model grown in all ways, along a first axis."""

    def grown(how: str) -> Learner:
        network = growing.grow(
            model.network,
            growing.blocks_of,
            how,
            added=LAYERS,
            outputs=growing.outputs_of,
            fresh=lambda count: growing.fresh_blocks(
                count, WIDTH, HEADS, depth=STAGES, seed=20_000 + model.stream
            ),
        )
        return Learner(network, 1000 * (1 + order) + model.stream, model.task)

    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *map(grown, POOL))


@cache
def _unseen() -> growing.Sample:
    batches = jax.jit(jax.vmap(mixture()))(jax.random.split(jax.random.key(_UNSEEN), 8))
    return growing.Sample(*(part.reshape(-1, LENGTH) for part in batches))


@eqx.filter_jit
@partial(eqx.filter_vmap, in_axes=(eqx.if_array(0), None))
def _nats(network: growing.Transformer, samples: growing.Sample) -> Any:
    return growing.cross_entropy(network, samples).mean()


def score(models: Learner) -> np.ndarray:
    """Of models along a first axis, on 128 sequences that are not trained on."""
    return np.asarray(_nats(models.network, _unseen()), dtype=float)


def train(setting: Setting) -> Grown:
    """The whole pool in one setting; one program trains it."""
    before = small(setting.situation, (setting.seed,))
    model = jax.tree.map(lambda leaf: leaf[0], before)
    run = start_run(pool(model, setting.order), _OPTIMISER, replicas=True)
    rates = growing.warm_up_cosine(AFTER, RATE, warm_up=WARM_UP)
    losses = [score(run.model)]
    for lag in LAGS[1:]:
        run = advance(run, loss, _OPTIMISER, rates, lag, replicas=True)
        losses.append(score(run.model))
    return Grown(np.stack(losses, axis=1), np.asarray(look(run.model.network)[1]))


def compute(
    executor: Executor | None = None, checkpoints: Path | None = None
) -> dict[Setting, Grown]:
    """The whole sweep. What a cut run has done is found among its checkpoints."""
    one = partial(_in_double_precision, checkpoints)
    every: Iterable[Grown] = (executor.map if executor else map)(one, SETTINGS)
    return dict(zip(SETTINGS, every, strict=True))


def _in_double_precision(checkpoints: Path | None, setting: Setting) -> Grown:
    jax.config.update("jax_enable_x64", True)
    file = checkpoints and checkpoints / "{}-{}-{}.json".format(*setting)
    if file and file.exists():
        return _grown(json.loads(file.read_text()))
    grown = train(setting)
    if file:
        file.write_text(json.dumps(_held(grown)))
    return grown


def _held(grown: Grown) -> dict[str, Any]:
    return {name: digits(part) for name, part in grown._asdict().items()}


def _grown(held: dict[str, Any]) -> Grown:
    return Grown(*(np.asarray(held[name]) for name in Grown._fields))


def write(sweep: dict[Setting, Grown]) -> None:
    """To the file, with four significant digits."""
    content = {
        "made by": "python tools/sweeps.py growing-transformer",
        "pool": POOL,
        "lags": LAGS,
        "tasks": list(TESTS),
        "runs": [setting._asdict() | _held(grown) for setting, grown in sweep.items()],
    }
    FILE.write_text(json.dumps(content, separators=(",", ":")) + "\n")


def read() -> dict[Setting, Grown]:
    """What the file holds."""
    runs = json.loads(FILE.read_text())["runs"]
    return {Setting(*(run[name] for name in Setting._fields)): _grown(run) for run in runs}


def losses(sweep: Mapping[Setting, Grown]) -> dict[str, np.ndarray]:
    """ "operator seed order lag" in each situation; NaN where there was no second order."""
    found = {
        situation: np.full((len(POOL), len(SEEDS), 2, len(LAGS)), np.nan)
        for situation in SITUATIONS
    }
    for setting, grown in sweep.items():
        found[setting.situation][:, SEEDS.index(setting.seed), setting.order] = grown.loss
    return found
