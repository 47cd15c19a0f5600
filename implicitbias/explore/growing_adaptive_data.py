"""Adaptive stacking on the iterated map, kept in a file: which block to copy, chosen each time."""

import json
from collections.abc import Iterable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
import optax

from implicitbias.explore.growing_data import (
    RATE,
    ROUNDS,
    SEEDS,
    WARM_UP,
    Student,
    digits,
    follow,
    layers_of,
    loss_of,
    score_of,
    students,
)
from implicitbias.studies import growing

FILE = Path(__file__).with_suffix(".json")
STEPS, LAG = 2880, 40
STAGES = growing.schedule(ROUNDS, STEPS, 1)
WHAT_LAG_COSTS = sum((n - 1) * LAG * (n + 1) for n in range(1, ROUNDS))
"""In steps of a layer, above those of stacking without a choice: n candidates of n + 1 layers."""

LONGER = growing.schedule(
    ROUNDS, round(STEPS * (1 + WHAT_LAG_COSTS / sum(i * t for i, t in enumerate(STAGES, 1)))), 1
)
"""Stages without a choice for the cost of those with one."""

METHODS = ("middle", "last", "scratch", "middle, longer", "lag 0", f"lag {LAG}")


class Held(NamedTuple):
    """What became of stacking.

    - `loss` "method seed": at the end. `chosen` "method seed growth": for the last two methods,
      which block of how many was copied, from 0.
    """

    loss: np.ndarray
    chosen: np.ndarray


def copies(student: Student) -> list[growing.Growth]:
    """The pool: each block of the student, again after itself."""
    n = growing.depth_of(student.network.layers)
    return [
        growing.Growth(
            layers_of,
            growing.Plan(np.eye(n)[[*range(i + 1), *range(i, n)]], np.ones(n + 1)),
        )
        for i in range(n)
    ]


def stack(method: str) -> tuple[np.ndarray, np.ndarray]:
    """Losses of one method for all seeds, and what was chosen "seed growth"."""
    loss, score, adam = loss_of(True, 0), score_of(True), optax.scale_by_adam()
    nothing = np.empty((len(SEEDS), 0))
    if not method.startswith("lag"):
        stages = LONGER if method.endswith("longer") else STAGES
        rates = growing.warm_up_cosine(sum(stages), RATE, warm_up=WARM_UP)
        if method == "scratch":
            scores, _ = follow(students(ROUNDS), loss, score, adam, rates, len(rates))
            return scores[:, -1], nothing
        growth = growing.Growth(layers_of, method.split(",")[0])
        *_, run = growing.gradual_stacking(
            students(1), loss, adam, rates, stages, growth, replicas=True
        )
        return np.asarray(eqx.filter_vmap(score)(run.model)), nothing
    rates = growing.warm_up_cosine(STEPS, RATE, warm_up=WARM_UP)
    ends, chosen = [], []
    for i in range(len(SEEDS)):
        one = jax.tree.map(lambda leaf, i=i: leaf[i], students(1))
        stages = list(
            growing.adaptive_stacking(
                one, loss, adam, rates, STAGES, copies, int(method.split()[1]), score
            )
        )
        ends.append(float(score(stages[-1].run.model)))
        chosen.append([stage.chosen for stage in stages[1:]])
    return np.array(ends), np.array(chosen)


def compute(executor: Executor | None = None) -> Held:
    """The whole sweep."""
    found: Iterable[Any] = (executor.map if executor else map)(_in_double_precision, METHODS)
    losses, chosen = zip(*found, strict=True)
    return Held(np.stack(losses), np.stack(chosen[-2:]))


def _in_double_precision(method: str) -> tuple[np.ndarray, np.ndarray]:
    jax.config.update("jax_enable_x64", True)
    return stack(method)


def write(held: Held) -> None:
    """To the file, losses with four significant digits."""
    content = {
        "made by": "python tools/sweeps.py growing-adaptive",
        "methods": METHODS,
        "loss": digits(held.loss),
        "chosen": held.chosen.tolist(),
    }
    FILE.write_text(json.dumps(content, separators=(",", ":")) + "\n")


def read() -> Held:
    """What the file holds."""
    held = json.loads(FILE.read_text())
    return Held(*(np.asarray(held[name]) for name in Held._fields))
