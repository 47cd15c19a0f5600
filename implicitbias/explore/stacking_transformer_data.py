"""The transformers behind the explorable "stacking-transformer", kept in a file.

Pre-training on facts, copying and chains of variables; then what each model can do, and what it
learns in a few more steps. A cut run goes on from its checkpoints.

Claims, written down before the run with the seeds below, after the run with seeds 10 to 17 had been
looked at, which had 2000 steps and ended when chains of two steps were half learned (means over the
seeds; at the end, unless said otherwise):

1. Stacking the middle block ends with a higher validation loss than training from scratch.
2. It knows fewer facts.
3. It answers more questions of depth 2.
4. So it does at the same validation loss.
5. So it does against training from scratch at the same cost.
6. At depth 2 the order is: middle, last, fresh block in the middle.
7. More of its runs than of those from scratch answer nine tenths of the questions of depth 2.
8. Neighbouring blocks are similar after stacking (cosine above 0.6), not from scratch (below 0.05).
9. The looped model knows fewer facts than scratch; at its loss it answers more of depth 2.
10. Stacking the middle block answers more questions of depth 3 than scratch.
11. After further training on depth 5 it is better than scratch.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int

from implicitbias.studies import growing

FILE = Path(__file__).with_suffix(".json")
METHODS = ("scratch", "middle", "last", "fresh_middle", "looped", "equal_cost", "shallow")
SEEDS = tuple(range(20, 28))
STEPS = 5000
RATE = 4e-3
WARM_UP = 200
STAGES = 4
"""Blocks of one layer in the end; a stage adds one."""

WIDTH, HEADS, LENGTH = 32, 2, 64
FACTS = 1024
CHAINS = ((2, 2), (2, 3), (3, 3), (2, 4), (3, 4), (3, 4))
"""Of chains in the basic form: values, levels."""

SHORT = ((2, 2), (3, 2))
"""Of chains in the other forms, none of them longer than one step."""

EVERY = 8
"""Checkpoints of a run, stages aside."""

TUNED = 200
QUESTIONS = 6
"""Looked at one by one, of a sequence."""

TUNING_RATE = 1e-3
_TOLD = 1 << 16  # keys of what is only looked at lie above those of samples


class Learner(eqx.Module):
    """A transformer, the number by which it draws its samples, and which task of `TUNINGS` it
    learns when it is trained further."""

    network: growing.Transformer
    stream: Int[Array, ""]
    task: Int[Array, ""]


class Outcome(NamedTuple):
    """What became of the replicas of one method; arrays begin with the replica.

    - `steps` "time": when the others were looked at.
    - `loss` "replica time": on validation samples of the mixture, in nats.
    - `right` "replica time task": shares of right answers, the tasks of `TESTS`.
    - `shots` "replica form question": by the number of questions answered before.
    - `tuned` "replica task time": shares in further training, the tasks of `TUNINGS`.
    - `similarity` "replica block block".
    """

    steps: np.ndarray
    loss: np.ndarray
    right: np.ndarray
    shots: np.ndarray
    tuned: np.ndarray
    similarity: np.ndarray


@cache
def mixture() -> Any:
    """Sixteen sequences: four of facts, two of copying, ten of chains, four of them short."""
    return growing.mixture(
        *[growing.facts(FACTS, LENGTH)] * 4,
        growing.copying(8, 4, LENGTH),
        growing.copying(16, 8, LENGTH),
        *[growing.variables(roots, levels, LENGTH) for roots, levels in CHAINS],
        *[
            growing.variables(roots, levels, LENGTH, form=form)
            for form in ("math", "code")
            for roots, levels in SHORT
        ],
    )


@cache
def _told(task: growing.Task, count: int, seed: int) -> growing.Sample:
    """Samples to look at, the same for all."""
    return jax.jit(jax.vmap(task))(jax.random.split(jax.random.key(_TOLD + seed), count))


def _chain(levels: int, form: str = "basic") -> growing.Task:
    return growing.variables(3, levels, LENGTH, form=form)


TESTS = {
    "facts": (growing.facts(FACTS, LENGTH), 0),
    "copying": (growing.copying(16, 8, LENGTH), 0),
    **{f"depth {depth}": (_chain(4), depth) for depth in range(4)},
    "depth 4": (_chain(5), 4),
    "math, depth 2": (_chain(3, "math"), 2),
    "code, depth 2": (_chain(3, "code"), 2),
}
"""What is asked at every checkpoint: a task, and which kind of question. The last three are never
trained."""

TUNINGS = {
    "depth 5": (_chain(6), 5),
    "maths": (growing.maths(LENGTH), 0),
    "two hops": (growing.hops(2, LENGTH), 0),
}
"""What is learned in further training."""

FORMS = {form: _chain(3, form) for form in ("math", "code")}
"""Asked for chains of two steps, by how many questions have been answered before."""


def starts(method: str, seeds: tuple[int, ...]) -> Learner:
    """Replicas before training, along a first axis."""
    layers = {"scratch": STAGES, "equal_cost": STAGES, "shallow": STAGES // 2}.get(method, 1)

    def one(seed):
        network = growing.start_transformer(
            growing.TOKENS,
            WIDTH,
            HEADS,
            layers,
            depth=STAGES,
            loops=STAGES if method == "looped" else 1,
            seed=seed,
        )
        return Learner(network, seed, jnp.zeros((), int))

    return eqx.filter_vmap(one)(jnp.array(seeds))


def loss(learner: Learner, t: Array) -> Float[Array, ""]:
    """Of one step's own samples."""
    key = jax.random.fold_in(jax.random.key(learner.stream), t)
    return growing.cross_entropy(learner.network, mixture()(key)).mean()


def growth(method: str) -> growing.Growth | None:
    """How a method grows; not at all, unless it stacks."""
    if method not in growing.DEPTH_OPERATORS or method == "scratch":
        return None
    return growing.Growth(
        lambda learner: learner.network.blocks,
        method,
        fresh=lambda count, seed: growing.fresh_blocks(
            count, WIDTH, HEADS, depth=STAGES, seed=seed
        ),
    )


def optimiser() -> optax.GradientTransformation:
    """Adam on gradients of length one at most."""
    return optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam(b2=0.98))


def stages_of(method: str, steps: int = STEPS) -> tuple[int, ...]:
    """Steps of each stage; those of the same cost as stacking's for ``"equal_cost"``."""
    if growth(method) is not None:
        return growing.schedule(STAGES, steps, 1)
    return (
        (round(steps * growing.stacking_cost(STAGES, 1)),) if method == "equal_cost" else (steps,)
    )


@eqx.filter_jit
@partial(eqx.filter_vmap, in_axes=(eqx.if_array(0), None, None))
def _shares(network, samples, kinds):
    """Of right answers in each of several tests, along the first axis."""
    return jax.lax.map(lambda test: growing.accuracy(network, *test), (samples, kinds))


@eqx.filter_jit
@partial(eqx.filter_vmap, in_axes=(eqx.if_array(0), None))
def _nats(network, sample):
    return growing.cross_entropy(network, sample).mean()


@eqx.filter_jit
@partial(eqx.filter_vmap, in_axes=(eqx.if_array(0), None))
def _by_question(network, sample):
    """Shares of right answers at depth 2 to the first, second, ... question of a sequence."""
    number = jnp.cumsum(sample.kind >= 0, axis=1) - 1
    asked = (sample.kind == 2) & (number == jnp.arange(QUESTIONS)[:, None, None])
    right = growing.is_right(network, sample) & asked
    return right.sum((1, 2)) / jnp.maximum(asked.sum((1, 2)), 1)


def weights_of(blocks: growing.Block) -> tuple[Array, ...]:
    """The matrices of a stack of blocks, of which similarity is measured."""
    return blocks.query_key_value, blocks.attention_out, blocks.up, blocks.down


def _tests(tasks: dict, count: int, seed: int) -> tuple[growing.Sample, Array]:
    """Samples of each task along a first axis, and the kind of question."""
    samples = [_told(task, count, seed) for task, _ in tasks.values()]
    kinds = jnp.array([kind for _, kind in tasks.values()])
    return growing.Sample(*(jnp.stack(parts) for parts in zip(*samples, strict=True))), kinds


def _tuning_loss(learner: Learner, t: Array) -> Float[Array, ""]:
    keys = jax.random.split(jax.random.fold_in(jax.random.key(learner.stream + _TOLD), t), 16)
    drawn = [jax.vmap(task)(keys) for task, _ in TUNINGS.values()]
    samples = growing.Sample(
        *(jnp.stack(parts)[learner.task] for parts in zip(*drawn, strict=True))
    )
    return growing.cross_entropy(learner.network, samples).mean()


def _tune(learners: Learner) -> Float[np.ndarray, "replica task time"]:
    """Shares before, and in four parts of, further training on each task for itself."""
    tasks = len(TUNINGS)
    every = jax.tree.map(lambda leaf: jnp.repeat(leaf, tasks, axis=0), learners)
    count = len(learners.task)
    every = eqx.tree_at(lambda all: all.task, every, jnp.tile(jnp.arange(tasks), count))
    samples, kinds = _tests(TUNINGS, 128, 2)
    looks = []
    for run in growing.gradual_stacking(
        every,
        _tuning_loss,
        optimiser(),
        np.full(TUNED, TUNING_RATE),
        (TUNED,),
        every=TUNED // 4,
        replicas=True,
    ):
        shares = _shares(run.model.network, samples, kinds).reshape(count, tasks, tasks)
        looks.append(np.einsum("rtt->rt", shares))
    return np.stack(looks, axis=-1)


class _Looks:
    """What was seen of a run, by the step, kept beside its checkpoint."""

    def __init__(self, file: Path | None) -> None:
        self.file = file and file.with_suffix(".seen")
        lines = self.file.read_text().splitlines() if self.file and self.file.exists() else []
        self.found = {
            steps: tuple(np.array(part) for part in parts)
            for steps, *parts in map(json.loads, lines)
        }

    def keep(self, steps: int, *parts: Array) -> None:
        self.found[steps] = tuple(np.asarray(part) for part in parts)
        if self.file:
            with self.file.open("a") as stream:
                print(
                    json.dumps([steps, *(part.tolist() for part in self.found[steps])]), file=stream
                )


def runs(
    method: str,
    seeds: tuple[int, ...] = SEEDS,
    steps: int = STEPS,
    *,
    file: Path | None = None,
) -> Iterator[growing.Snapshot]:
    """Replicas of one method, from start to end of pre-training."""
    stages = stages_of(method, steps)
    return growing.gradual_stacking(
        starts(method, seeds),
        loss,
        optimiser(),
        growing.warm_up_cosine(sum(stages), RATE, warm_up=WARM_UP),
        stages,
        growth(method),
        every=steps // EVERY,
        replicas=True,
        file=file,
    )


def look(network: growing.Transformer) -> tuple[Array, Array]:
    """Of replicas: validation loss, and shares of right answers in the tests."""
    validation = _told(mixture(), 8, 0)
    every = growing.Sample(*(part.reshape(-1, LENGTH) for part in validation))
    return _nats(network, every), _shares(network, *_tests(TESTS, 64, 1))


def train(method: str, *, checkpoints: Path | None = None) -> Outcome:
    """All replicas of one method, and what became of them."""
    file = checkpoints and checkpoints / f"{method}.run"
    looks, run = _Looks(file), None
    for run in runs(method, file=file):
        if run.steps not in looks.found:
            looks.keep(run.steps, *look(run.model.network))
    assert run is not None
    nats, right = zip(*looks.found.values(), strict=True)
    network = run.model.network
    weights = weights_of(network.blocks)
    return Outcome(
        np.array(list(looks.found)),
        np.stack(nats, axis=1),
        np.stack(right, axis=1),
        np.stack([_by_question(network, _told(task, 512, 3)) for task in FORMS.values()], axis=1),
        _tune(run.model),
        np.stack(
            [growing.block_similarity([leaf[i] for leaf in weights]) for i in range(len(SEEDS))]
        ),
    )


class Paces(NamedTuple):
    """Seconds of a step of one replica with 1, 2, ... layers, and of compiling it."""

    step: np.ndarray
    compilation: np.ndarray


def pace(layers: int, steps: int = 20) -> tuple[float, float]:
    """Seconds of a step with so many layers, the quickest of three parts, and of compiling it."""
    network = growing.start_transformer(growing.TOKENS, WIDTH, HEADS, layers, depth=STAGES)
    learner = Learner(network, jnp.array(0), jnp.array(0))
    parts = growing.gradual_stacking(
        learner, loss, optimiser(), np.full(4 * steps, RATE), (4 * steps,), every=steps
    )
    next(parts)
    clock, seconds = time.perf_counter(), []
    for part in parts:
        jax.block_until_ready(jax.tree.leaves(eqx.filter(part.model, eqx.is_array)))
        seconds.append(time.perf_counter() - clock)
        clock = time.perf_counter()
    return min(seconds[1:]) / steps, seconds[0] - min(seconds[1:])


def measured_paces() -> Paces:
    """Of all depths."""
    return Paces(*np.array([pace(layers + 1) for layers in range(STAGES)]).T)


def compute(
    executor: Executor | None = None, checkpoints: Path | None = None
) -> tuple[dict[str, Outcome], Paces]:
    """The whole sweep, by method, and then, with nothing else to do, the paces."""
    one = partial(_in_double_precision, checkpoints)
    outcomes = (executor.map if executor else map)(one, METHODS)
    return dict(zip(METHODS, outcomes, strict=True)), measured_paces()


def _in_double_precision(checkpoints: Path | None, method: str) -> Outcome:
    jax.config.update("jax_enable_x64", True)
    return train(method, checkpoints=checkpoints)


def write(sweep: tuple[dict[str, Outcome], Paces]) -> None:
    """To the file, with three decimals; seconds with three digits."""
    outcomes, paces = sweep
    held = {
        "made by": "python tools/sweeps.py stacking-transformer",
        "methods": {
            method: {name: np.round(part, 3).tolist() for name, part in outcome._asdict().items()}
            for method, outcome in outcomes.items()
        },
        "seconds": {
            name: [float(f"{value:.2e}") for value in part]
            for name, part in paces._asdict().items()
        },
    }
    FILE.write_text(json.dumps(held, separators=(",", ":")) + "\n")


def read() -> tuple[dict[str, Outcome], Paces]:
    """What the file holds: outcomes by method, and seconds."""
    held = json.loads(FILE.read_text())
    outcomes = {
        method: Outcome(**{name: np.array(part) for name, part in parts.items()})
        for method, parts in held["methods"].items()
    }
    return outcomes, Paces(**{name: np.array(part) for name, part in held["seconds"].items()})


def at_loss(outcome: Outcome, loss: float, test: int) -> float:
    """The mean share of right answers when runs first have this validation loss; -1 if some never.

    Between two moments it is taken to be linear in the loss.
    """
    least = np.minimum.accumulate(outcome.loss, axis=1)
    if (least[:, -1] > loss).any():
        return -1.0
    shares = [
        np.interp(-loss, -falling, right)
        for falling, right in zip(least, outcome.right[:, :, test], strict=True)
    ]
    return float(np.mean(shares))
