"""The sweep behind the explorables "locality" and "locality-small", kept in a file."""

import json
from collections.abc import Iterable
from concurrent.futures import Executor
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from implicitbias.studies.locality import (
    ARCHITECTURES,
    Curve,
    Needed,
    best_filters,
    learning_curve,
    needed_samples,
)

FILE = Path(__file__).with_suffix(".json")
COUNTS = (10, 15, 20, 25, 30)
NOISES = (0.1, 0.15, 0.2, 0.25, 0.3)
SMALL = (2, 3, 4, 6, 8)
EXPERIMENTS = {
    "k": tuple((k, 20, 0.2) for k in COUNTS),
    "falling": tuple((k, 20, 0.2 * (20 / k) ** 0.5) for k in COUNTS),
    "d": tuple((20, d, 0.2) for d in COUNTS),
    "noise": tuple((20, 20, sigma) for sigma in NOISES),
    "small": tuple((k, 5, 0.2) for k in SMALL),
}
"""Patches, their size and the noise; all but the last meet at `COMMON`."""

COMMON = (20, 20, 0.2)
FULL = (*EXPERIMENTS["small"], COMMON)
"""The tasks in which full filters are trained too: in all of them it would take too long."""

SIZES = (*(16 * 2**j for j in range(9)), 5793)
SMALL_SIZES = tuple(4 * 2**j for j in range(12))
SEEDS = tuple(range(5))
STEPS = {"cnn": 100, "lcn": 100, "fcn": 400}
MARGIN = 0.03
"""Above the risk of the best filters: what the paper's experiments ask for."""

COLUMNS = 5
"""Of a signal as a picture: the first two are positive, the others negative."""

LEVELS = 20
"""Of a picture's weights, from zero to the largest."""

Setting = tuple[str, int, int, float, int]  # architecture, k, d, sigma, seed


class Held(NamedTuple):
    """What one architecture found in one task."""

    risk: np.ndarray  # (seed, size)
    peeked: np.ndarray  # (seed, size)
    error: np.ndarray  # (seed, size)
    filters: np.ndarray  # (size, filter, ...): of the first seed, some of them
    bias: np.ndarray  # (size,)


def signal(d: int) -> np.ndarray:
    """The unit vector that is looked for: an edge, in a picture of five columns."""
    return np.where(np.arange(d) % COLUMNS < 2, 1.0, -1.0) / d**0.5


def sizes(k: int, d: int) -> tuple[int, ...]:
    """The numbers of samples in a task."""
    return SMALL_SIZES if (k, d, 0.2) in EXPERIMENTS["small"] else SIZES


def train_one(setting: Setting) -> Curve:
    """One architecture, one task, one sequence of samples."""
    architecture, k, d, sigma, seed = setting
    return learning_curve(
        architecture,
        k,
        d,
        sigma,
        sizes(k, d),
        steps=STEPS[architecture],
        signal=signal(d),
        seed=seed,
    )


def settings() -> list[Setting]:
    """All that is trained, each once."""
    tasks = dict.fromkeys(task for tasks in EXPERIMENTS.values() for task in tasks)
    return [
        (architecture, *task, seed)
        for task in tasks
        for architecture in ARCHITECTURES
        if architecture != "fcn" or task in FULL
        for seed in SEEDS
    ]


def compute(executor: Executor | None = None) -> dict[Setting, Curve]:
    """The whole sweep."""
    every = settings()
    curves: Iterable[Curve] = (executor.map if executor else map)(_in_double_precision, every)
    return dict(zip(every, curves, strict=True))


def _in_double_precision(setting: Setting) -> Curve:
    jax.config.update("jax_enable_x64", True)
    return train_one(setting)


def _kept(filters: np.ndarray, architecture: str) -> np.ndarray:
    """The shared filter, local filters of two patches (of all if they are few), two full ones."""
    if architecture == "cnn":
        return filters[:, None]
    if architecture == "lcn":
        return filters if filters.shape[1] <= SMALL[-1] else filters[:, :2]
    order = np.argsort(-np.linalg.norm(filters, axis=(-2, -1)), axis=1)[:, :2]
    return np.take_along_axis(filters, order[..., None, None], axis=1)


def write(sweep: dict[Setting, Curve]) -> None:
    """To the file: numbers with four significant digits, filters in whole levels."""
    runs = []
    for setting, first in sweep.items():
        architecture, k, d, sigma, seed = setting
        if seed != SEEDS[0]:
            continue
        curves = [sweep[(*setting[:-1], seed)] for seed in SEEDS]
        kept = _kept(first.filters, architecture)
        largest = np.abs(kept).max(axis=tuple(range(1, kept.ndim)), keepdims=True)
        runs.append(
            {
                "network": architecture,
                "task": [k, d, sigma],
                **{
                    name: [_digits(getattr(curve, name)) for curve in curves]
                    for name in ("risk", "peeked", "error")
                },
                "largest": _digits(largest.ravel()),
                "filters": np.rint(LEVELS * kept / largest).astype(int).tolist(),
                "bias": _digits(first.bias),
            }
        )
    held = {"made by": "python tools/sweeps.py locality", "runs": runs}
    FILE.write_text(json.dumps(held, separators=(",", ":")) + "\n")


def _digits(values: np.ndarray) -> list[float]:
    return [float(f"{value:.3e}") for value in values]


def needed(held: Held, task: tuple[int, int, float]) -> Needed:
    """The samples that bring the mean risk within 0.03 of the best filters'."""
    k, d, sigma = task
    return needed_samples(sizes(k, d), held.risk, best_filters(k, sigma).risk + MARGIN)


def slope(values: np.ndarray, counts: np.ndarray) -> float:
    """Of the line of least squares through logarithms."""
    return float(np.polyfit(np.log(values), np.log(counts), 1)[0])


def read() -> dict[tuple[str, int, int, float], Held]:
    """What the file holds, by architecture and task."""
    held = {}
    for run in json.loads(FILE.read_text())["runs"]:
        filters, largest = np.asarray(run["filters"]) / LEVELS, np.asarray(run["largest"])
        filters = filters * largest.reshape(-1, *(1 for _ in filters.shape[1:]))
        k, d, sigma = run["task"]
        risk, peeked, error = (np.asarray(run[name]) for name in ("risk", "peeked", "error"))
        held[run["network"], k, d, sigma] = Held(
            risk, peeked, error, filters, np.asarray(run["bias"])
        )
    return held
