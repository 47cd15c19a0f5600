"""The numbers behind the explorable "sparse-regression", kept in a file, and how they were made."""

import json
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from implicitbias.limits import scale_path
from implicitbias.sample_size import ErrorSweep, data_of, error_sweep

FILE = Path(__file__).with_suffix(".json")
SAMPLES = (40, 50, 60, 80, 100, 150, 200, 300)
DEPTHS = (2, 3, 4)
SCALES = np.logspace(-5, 1, 31)
SEEDS = tuple(range(20))
FALSE = 35
STEP = 1 / 400
"""Of the weights: a pixel is about as much."""


class Held(NamedTuple):
    """A sweep, and weights of its first seed."""

    sweep: ErrorSweep
    weights: np.ndarray  # (samples, depths, scales, items): the true ones, the largest false ones


def compute(executor: Executor | None = None) -> Held:
    """Everything: 1000 features, 5 true weights, noise of variance 0.01."""
    sweep = error_sweep(SAMPLES, DEPTHS, SCALES.tolist(), SEEDS, executor=executor)
    return Held(sweep, np.array([[ranked(n, depth) for depth in DEPTHS] for n in SAMPLES]))


def ranked(n: int, depth: float, seed: int = SEEDS[0]) -> np.ndarray:
    """The true weights as one seed learns them, then the false ones by size: (scales, items)."""
    X, y, truth = map(np.asarray, data_of(max(SAMPLES), seed=seed))
    weights = np.asarray(scale_path(X[:n], y[:n], depth, SCALES).weights)
    false = weights[:, truth == 0]
    order = np.argsort(-np.abs(false), axis=1)[:, :FALSE]
    return np.hstack([weights[:, truth != 0], np.take_along_axis(false, order, axis=1)])


def write(held: Held) -> None:
    """To the file: errors with three significant digits, weights in whole steps."""
    axes = {name: np.asarray(getattr(held.sweep, name)).tolist() for name in _AXES}
    content = {
        "made by": "python tools/sweeps.py sparse-regression",
        **axes,
        "errors": [float(f"{error:.2e}") for error in np.ravel(held.sweep.errors)],
        "weights": np.rint(held.weights / STEP).astype(int).ravel().tolist(),
    }
    FILE.write_text(json.dumps(content, separators=(",", ":")) + "\n")


def read() -> Held:
    """What the file holds."""
    content = json.loads(FILE.read_text())
    axes: dict[str, Any] = {name: np.asarray(content[name]) for name in _AXES}
    errors: Any = np.reshape(content["errors"], [len(axis) for axis in axes.values()])
    weights = np.reshape(content["weights"], (*errors.shape[:3], -1)) * STEP
    return Held(ErrorSweep(**axes, errors=errors), weights)


_AXES = ErrorSweep._fields[:-1]
