"""The transformers behind the explorable "stacking-transformer", kept in a file.

Pre-training on facts, copying and chains of variables; then what each model can do, and what it
learns in a few more steps. A cut sweep goes on from its checkpoints. There are two, with other
seeds: `SHORT_RUN`, which ended when chains of two steps were half learned, and `LONG_RUN`, which
the explorable shows. The claims of each were written down before it (means over the seeds; at the
end, unless said otherwise).

The short run, after two seeds of two methods had been looked at on a similar mixture:

1. Stacking the middle block ends with a higher validation loss than training from scratch.
2. It knows fewer facts.
3. At the same validation loss it answers more questions of depth 3.
4. At depth 4, which was never trained, it is at least as good as scratch.
5. After further training on depth 5 it is better than scratch.
6. It answers more questions of depth 3 than training from scratch at the same cost.
7. At depth 3 the order is: middle, last, fresh block in the middle.
8. Neighbouring blocks are similar after stacking (cosine above 0.6), not from scratch (below 0.05).
9. The looped model knows fewer facts than scratch, and is at least as good at depth 4.

The long run, after the short one:

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
METHODS = (
    "scratch",
    "middle",
    "cleared",
    "last",
    "fresh_middle",
    "looped",
    "equal_cost",
    "shallow",
)
"""``"cleared"`` is the middle block with moments that start anew in each stage. It was added after
both runs, with the claim that it makes no difference: moments remember 50 steps, and the shortest
stage has 200. (On the iterated map, where they remember more than a stage, it does.)"""


class Plan(NamedTuple):
    """Steps of pre-training and of further training, and a seed for each replica."""

    steps: int
    tuned: int
    seeds: tuple[int, ...]


SHORT_RUN = Plan(2000, 100, tuple(range(10, 18)))
LONG_RUN = Plan(5000, 200, tuple(range(20, 28)))
PLANS = {"short": SHORT_RUN, "long": LONG_RUN}

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
    how, moments = ("middle", "cleared") if method == "cleared" else (method, "copied")
    if how not in growing.DEPTH_OPERATORS or how == "scratch":
        return None
    return growing.Growth(
        lambda learner: learner.network.blocks,
        how,
        moments=moments,
        fresh=lambda count, seed: growing.fresh_blocks(
            count, WIDTH, HEADS, depth=STAGES, seed=seed
        ),
    )


def optimiser() -> optax.GradientTransformation:
    """Adam on gradients of length one at most."""
    return optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam(b2=0.98))


def stages_of(method: str, steps: int) -> tuple[int, ...]:
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


def _tune(learners: Learner, steps: int) -> Float[np.ndarray, "replica task time"]:
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
        np.full(steps, TUNING_RATE),
        (steps,),
        every=steps // 4,
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
    method: str, seeds: tuple[int, ...], steps: int, *, file: Path | None = None
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


def train(name: str, method: str, *, checkpoints: Path | None = None) -> Outcome:
    """All replicas of one method in the short or long run, and what became of them."""
    plan = PLANS[name]
    file = checkpoints and checkpoints / f"{name}-{method}.run"
    looks, run = _Looks(file), None
    for run in runs(method, plan.seeds, plan.steps, file=file):
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
        _tune(run.model, plan.tuned),
        np.stack([growing.block_similarity(one) for one in zip(*weights, strict=True)]),
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


class Sweep(NamedTuple):
    """The outcomes of both runs by method, and the paces."""

    short: dict[str, Outcome]
    long: dict[str, Outcome]
    paces: Paces


def compute(executor: Executor | None = None, checkpoints: Path | None = None) -> Sweep:
    """The long run, the short one, and then, with nothing else to do, the paces."""
    tasks = [(name, method) for name in ("long", "short") for method in METHODS]
    one = partial(_in_double_precision, checkpoints)
    outcomes = (executor.map if executor else map)(one, *zip(*tasks, strict=True))
    held = dict(zip(tasks, outcomes, strict=True))
    short, long = ({method: held[name, method] for method in METHODS} for name in PLANS)
    return Sweep(short, long, measured_paces())


def _in_double_precision(checkpoints: Path | None, name: str, method: str) -> Outcome:
    jax.config.update("jax_enable_x64", True)
    return train(name, method, checkpoints=checkpoints)


def write(sweep: Sweep) -> None:
    """To the file, with three decimals; seconds with three digits."""
    held = {
        "made by": "python tools/sweeps.py stacking-transformer",
        "runs": {
            name: {
                method: {part: np.round(of, 3).tolist() for part, of in outcome._asdict().items()}
                for method, outcome in getattr(sweep, name).items()
            }
            for name in PLANS
        },
        "seconds": {
            name: [float(f"{value:.2e}") for value in part]
            for name, part in sweep.paces._asdict().items()
        },
    }
    FILE.write_text(json.dumps(held, separators=(",", ":")) + "\n")


def read() -> Sweep:
    """What the file holds."""
    held = json.loads(FILE.read_text())
    runs = {
        name: {
            method: Outcome(**{part: np.array(of) for part, of in parts.items()})
            for method, parts in methods.items()
        }
        for name, methods in held["runs"].items()
    }
    paces = Paces(**{name: np.array(part) for name, part in held["seconds"].items()})
    return Sweep(**runs, paces=paces)


def common_loss(*outcomes: Outcome) -> float:
    """The least validation loss that all runs of all of these have had."""
    return max(float(outcome.loss.min(axis=1).max()) for outcome in outcomes)


def at_loss(outcome: Outcome, loss: float, test: int) -> Float[np.ndarray, " replica"]:
    """The shares of right answers when runs first have a loss, which all of them reach.

    Between two moments it is taken to be linear in the loss.
    """
    least = np.minimum.accumulate(outcome.loss, axis=1)
    return np.array(
        [
            np.interp(-loss, -falling, right)
            for falling, right in zip(least, outcome.right[:, :, test], strict=True)
        ]
    )
