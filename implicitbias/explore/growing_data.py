"""The sweep behind the explorable "growing", kept in a file: ways to grow an iterated map."""

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from implicitbias.studies import growing

FILE = Path(__file__).with_suffix(".json")
WIDTH, HIDDEN, ROUNDS, LAYERS = 8, 32, 8, 4
BATCH, UNSEEN = 64, 512
RATE, WARM_UP = 3e-3, 50
SEEDS, ORDERS = tuple(range(5)), (0, 1)
AFTER, EVERY = 1500, 10
"""Steps after growing, and how many of them lie between two looks at the loss."""


class Situation(NamedTuple):
    """Where growing starts: whether all rounds of the teacher are one map, and steps before."""

    same: bool
    before: int


SITUATIONS = {
    "trained": Situation(True, 3000),
    "young": Situation(True, 300),
    "eight maps": Situation(False, 3000),
}

DEPTH = {
    **{how: {"how": how} for how in growing.DEPTH_OPERATORS},
    **{f"{how}_pairs": {"how": how, "block": 2} for how in ("last", "middle", "interleaved")},
}
"""What each operator of the pool hands to `grow`; all of them double the depth ..."""

WIDE = growing.WIDTH_OPERATORS
"""... and these the hidden units."""

POOL = (*DEPTH, *WIDE)
PRESERVING = tuple(how for how in POOL if how.startswith("zero") or how in WIDE)
FRESH = tuple(how for how in POOL if how.startswith("fresh")) + ("scratch",)
COPIES = tuple(how for how in POOL if how not in PRESERVING + FRESH)
REPEATS = tuple(
    how for how in POOL if how in ("first", "middle", "last", "random", "scratch") or "pairs" in how
)
"""One layer again and again, or pairs of layers; and from scratch."""

Setting = tuple[str, int]  # a situation and an order of the data


class Student(eqx.Module):
    """A network, and the number of the teacher that it learns from, which is not trained."""

    network: growing.ResidualNetwork
    seed: jax.Array


def layers_of(student: Any) -> growing.Layer:
    """The stack of a student: `where` to grow in depth."""
    return student.network.layers


def units_of(student: Any) -> tuple[Any, Any]:
    """The arrays into and out of its hidden units: `where` to grow in width."""
    layers = student.network.layers
    return (layers.into, layers.bias), layers.out


def fresh(count: int, seed: Any) -> growing.Layer:
    """Layers before training, as the students have them."""
    return growing.fresh_layers(count, WIDTH, HIDDEN, seed=seed)


def target(seed: Any, x: Any, same: bool) -> Any:
    """What the teacher makes of x: eight rounds of one map, or of eight different ones."""
    maps = fresh(1 if same else ROUNDS, 10_000 + seed)
    return growing.iterate(maps, x, ROUNDS) if same else growing.ResidualNetwork(maps)(x)


def loss_of(same: bool, order: int) -> Callable[[Student, Any], Any]:
    """The mean square on fresh samples at every step."""

    def loss(student: Student, t: Any) -> Any:
        key = jax.random.fold_in(jax.random.fold_in(jax.random.key(order), student.seed), t)
        x = jax.random.normal(key, (BATCH, WIDTH))
        return ((student.network(x) - target(student.seed, x, same)) ** 2).mean()

    return loss


def score_of(same: bool) -> Callable[[Student], Any]:
    """The mean square on samples that are not trained on, over the variance of the target."""

    def score(student: Student) -> Any:
        x = jax.random.normal(jax.random.fold_in(jax.random.key(99), student.seed), (UNSEEN, WIDTH))
        y = target(student.seed, x, same)
        spread = ((y - y.mean(axis=0)) ** 2).mean()
        return ((student.network(x) - y) ** 2).mean() / spread

    return score


def students(count: int = LAYERS) -> Student:
    """One for each seed, along the first axis, before training."""
    seeds = jnp.asarray(SEEDS)
    return eqx.filter_vmap(lambda s: Student(growing.ResidualNetwork(fresh(count, s)), s))(seeds)


def base(situation: Situation) -> Student:
    """The small students, trained at a constant rate."""
    *_, run = growing.gradual_stacking(
        students(),
        loss_of(situation.same, 0),
        optax.scale_by_adam(),
        np.full(situation.before, RATE),
        (situation.before,),
        replicas=True,
    )
    return run.model


def grown(small: Student, how: str) -> Student:
    """All students, grown by one operator of the pool."""

    def one(student: Student) -> Student:
        if how in WIDE:
            return growing.grow(student, units_of, how, seed=1)
        options = {"block": 1} | DEPTH[how]
        return growing.grow(
            student,
            layers_of,
            added=LAYERS // options["block"],
            outputs=lambda layers: layers.out,
            fresh=lambda count: fresh(count, 20_000 + student.seed),
            **options,
        )

    return eqx.filter_vmap(one)(small)


def follow(
    models: Any, loss: Callable, score: Callable, optimiser: Any, rates: np.ndarray, every: int
) -> tuple[np.ndarray, Any]:
    """Scores "replica look" of models trained together, and the models at the end."""
    judge = eqx.filter_jit(eqx.filter_vmap(score))
    found, run = [], None
    for run in growing.gradual_stacking(
        models, loss, optimiser, rates, (len(rates),), every=every, replicas=True
    ):
        found.append(np.asarray(judge(run.model), dtype=float))
    assert run is not None
    return np.stack(found, axis=1), run.model


def train_pool(setting: Setting, pool: Sequence[str] = POOL, steps: int = AFTER) -> np.ndarray:
    """Scores "operator seed look" of a pool in one situation, in one order of the data."""
    name, order = setting
    situation = SITUATIONS[name]
    small = base(situation)
    rates = growing.warm_up_cosine(AFTER, RATE, warm_up=WARM_UP)[:steps]
    found = {}
    for wide in (False, True):  # of one shape each, so that one program trains them
        hows = [how for how in pool if (how in WIDE) == wide]
        if not hows:
            continue
        each = [grown(small, how) for how in hows]
        scores, _ = follow(
            jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *each),
            loss_of(situation.same, 1 + order),
            score_of(situation.same),
            optax.scale_by_adam(),
            rates,
            EVERY,
        )
        found |= dict(zip(hows, scores.reshape(len(hows), len(SEEDS), -1), strict=True))
    return np.stack([found[how] for how in pool])


def settings() -> list[Setting]:
    """All that is trained."""
    return [(name, order) for name in SITUATIONS for order in ORDERS]


def compute(executor: Executor | None = None) -> dict[Setting, np.ndarray]:
    """The whole sweep."""
    every = settings()
    scores: Iterable[np.ndarray] = (executor.map if executor else map)(_in_double_precision, every)
    return dict(zip(every, scores, strict=True))


def _in_double_precision(setting: Setting) -> np.ndarray:
    jax.config.update("jax_enable_x64", True)
    return train_pool(setting)


LOOKS = tuple(
    dict.fromkeys(int(EVERY * round(lag / EVERY)) for lag in (0, *np.geomspace(EVERY, AFTER, 30)))
)
"""The lags that are kept."""


def write(sweep: dict[Setting, np.ndarray]) -> None:
    """To the file, with four significant digits."""
    at = [lag // EVERY for lag in LOOKS]
    runs = [
        {"situation": name, "order": order, "scores": digits(scores[..., at])}
        for (name, order), scores in sweep.items()
    ]
    held = {"made by": "python tools/sweeps.py growing", "pool": POOL, "lags": LOOKS, "runs": runs}
    FILE.write_text(json.dumps(held, separators=(",", ":")) + "\n")


def digits(values: np.ndarray) -> Any:
    """Nested lists of numbers with four significant digits."""
    if values.ndim == 0:
        return float(f"{values:.3e}")
    return [digits(row) for row in values]


def read() -> dict[str, np.ndarray]:
    """Scores "operator seed order lag" in each situation."""
    held = json.loads(FILE.read_text())
    return {
        name: np.stack(
            [np.asarray(run["scores"]) for run in held["runs"] if run["situation"] == name], axis=2
        )
        for name in SITUATIONS
    }
