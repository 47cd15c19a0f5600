"""The sweep behind the explorable "stacking-iterated", kept in a file: an iterated map."""

import json
import time
from collections.abc import Iterable
from concurrent.futures import Executor
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from implicitbias.studies.growing import (
    Growth,
    Layer,
    ResidualNetwork,
    block_similarity,
    extrapolation_error,
    fresh_layers,
    gradual_stacking,
    iterate,
    lengthened,
    schedule,
)

FILE = Path(__file__).with_suffix(".json")
METHODS = ("scratch", "equal_cost", "last", "middle", "cleared", "fresh_middle", "looped")
"""``"cleared"`` is the middle block with moments that start anew in each stage."""

WIDTH, HIDDEN, DEPTH = 8, 32, 8
SAMPLES, BATCH, UNSEEN = 10_000, 128, 4096
STEPS, EVERY, RATE = 3600, 100, 3e-3
SEEDS = tuple(range(5))
EXTRA = tuple(range(6))
AHEAD = 3
"""How many copies more are asked for along training."""

_TEACHER, _TRAINING, _VALIDATION = 100, 200, 201  # seeds apart from those of networks


class Student(eqx.Module):
    """A network, and by which it draws its batches and has its teacher."""

    network: ResidualNetwork
    seed: Array


class Held(NamedTuple):
    """What came out of one method."""

    path: np.ndarray  # (seed, checkpoint, 2): validation error, and that with three layers more
    errors: np.ndarray  # (seed, extra), at the end
    similarity: np.ndarray  # (layer, layer): mean over seeds


class Paces(NamedTuple):
    """Seconds on the machine that ran the sweep, by the number of layers, 1 to 8."""

    step: np.ndarray  # of all seeds together; the fastest hundred of 44
    compilation: np.ndarray


def _single(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf.astype(jnp.float32), tree)


def _fresh(count: int, seed: Any) -> Layer:
    return _single(fresh_layers(count, WIDTH, HIDDEN, seed=seed))


@cache
def teacher(seed: int) -> Layer:
    """The map g that is iterated; each seed has its own."""
    return _fresh(1, _TEACHER + seed)


def _inputs(seed: int, count: int) -> Array:
    return jax.random.normal(jax.random.key(seed), (count, WIDTH), jnp.float32)


@cache
def unseen() -> Array:
    """Inputs for validation."""
    return _inputs(_VALIDATION, UNSEEN)


@cache
def _loss():
    X = _inputs(_TRAINING, SAMPLES)
    Y = jnp.stack([iterate(teacher(seed), X, DEPTH) for seed in SEEDS])
    spread = Y.var(axis=1).mean(axis=1)

    def loss(student: Student, t: Array) -> Array:
        key = jax.random.fold_in(jax.random.key(student.seed), t)
        rows = jax.random.randint(key, (BATCH,), 0, SAMPLES)
        found, wanted = student.network(X[rows]), Y[student.seed, rows]
        return ((found - wanted) ** 2).mean() / spread[student.seed]

    return loss


_OPTIMISER = optax.scale_by_adam()


def steps_of(method: str) -> int:
    """How many steps a method trains; with equal cost, as many as stacking can pay for."""
    stages = schedule(DEPTH, STEPS, 1)
    layers = sum((i + 1) * count for i, count in enumerate(stages))
    return round(layers / DEPTH) if method == "equal_cost" else STEPS


def _growth(method: str) -> Growth:
    how, moments = ("middle", "cleared") if method == "cleared" else (method, "copied")
    return Growth(lambda student: student.network.layers, how, fresh=_fresh, moments=moments)


def train_one(method: str) -> Held:
    """One method, all seeds in one program."""
    grows = method in ("last", "middle", "cleared", "fresh_middle")
    layers, loops = (1, DEPTH) if method == "looped" else (1 if grows else DEPTH, 1)
    seeds = jnp.array(SEEDS)
    network = ResidualNetwork(jax.vmap(lambda seed: _fresh(layers, seed))(seeds), loops)
    steps = steps_of(method)
    runs = gradual_stacking(
        Student(network, seeds),
        _loss(),
        _OPTIMISER,
        RATE * (1 + np.cos(np.pi * np.arange(steps) / steps)) / 2,
        schedule(DEPTH, steps, 1) if grows else [steps],
        _growth(method) if grows else None,
        every=EVERY,
        replicas=True,
    )
    path = []
    for run in runs:
        students = [
            jax.tree.map(lambda leaf, k=k: leaf[k], run.model).network for k in range(len(SEEDS))
        ]
        depth = run.model.network.layers.bias.shape[1] * loops
        if depth == DEPTH and run.steps > 0:
            path.append(_errors(students, (0, AHEAD)))
    return Held(
        np.swapaxes(path, 0, 1),
        np.array(_errors(students, EXTRA)),
        np.mean([block_similarity(lengthened(s, 0).layers) for s in students], axis=0),
    )


def pace(layers: int) -> tuple[float, float]:
    """Seconds of a step with so many layers, and of compiling it."""
    seeds = jnp.array(SEEDS)
    network = ResidualNetwork(jax.vmap(lambda seed: _fresh(layers, seed))(seeds))
    runs = gradual_stacking(
        Student(network, seeds),
        _loss(),
        _OPTIMISER,
        np.full(12 * EVERY, RATE),
        [12 * EVERY],
        every=EVERY,
        replicas=True,
    )
    next(runs)
    seconds = []
    clock = time.perf_counter()
    for run in runs:
        jax.block_until_ready(jax.tree.leaves(run.model))
        seconds.append(time.perf_counter() - clock)
        clock = time.perf_counter()
    return min(seconds[1:]) / EVERY, seconds[0] - min(seconds[1:])


_measured = eqx.filter_jit(extrapolation_error)


def _errors(students: list[ResidualNetwork], extras: tuple[int, ...]) -> list[list[float]]:
    return [
        [float(_measured(network, teacher(seed), unseen(), extra)) for extra in extras]
        for seed, network in zip(SEEDS, students, strict=True)
    ]


def compute(executor: Executor | None = None) -> tuple[dict[str, Held], Paces]:
    """The whole sweep."""
    apply = executor.map if executor else map
    found: Iterable[Held] = apply(_in_double_precision, METHODS)
    return dict(zip(METHODS, found, strict=True)), measured_paces()


def _in_double_precision(method: str) -> Held:
    # Networks are in single precision, but what is drawn at random depends on the setting.
    jax.config.update("jax_enable_x64", True)
    return train_one(method)


def measured_paces() -> Paces:
    """In four rounds, so that what else the machine does slows no depth in all of them."""
    rounds = np.array([[pace(layers + 1) for layers in range(DEPTH)] for _ in range(4)])
    return Paces(rounds[..., 0].min(axis=0), rounds[0, :, 1])


def write(sweep: tuple[dict[str, Held], Paces]) -> None:
    """To the file: three digits of each number."""
    held, paces = sweep
    runs = {
        method: {
            "path": [[_digits(point) for point in points] for points in one.path],
            "errors": [_digits(row) for row in one.errors],
            "similarity": one.similarity.round(3).tolist(),
        }
        for method, one in held.items()
    }
    made = {
        "made by": "python tools/sweeps.py stacking-iterated",
        "runs": runs,
        "seconds": {"step": _digits(paces.step), "compilation": _digits(paces.compilation)},
    }
    FILE.write_text(json.dumps(made, separators=(",", ":")) + "\n")


def _digits(values: Iterable[float]) -> list[float]:
    return [float(f"{value:.2e}") for value in values]


def read() -> tuple[dict[str, Held], Paces]:
    """What the file holds: runs by method, and seconds."""
    made = json.loads(FILE.read_text())
    held = {
        method: Held(
            np.asarray(run["path"]), np.asarray(run["errors"]), np.asarray(run["similarity"])
        )
        for method, run in made["runs"].items()
    }
    seconds = made["seconds"]
    return held, Paces(np.asarray(seconds["step"]), np.asarray(seconds["compilation"]))
