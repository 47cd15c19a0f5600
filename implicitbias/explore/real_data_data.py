"""The sweep behind the explorable "real-data", kept in a file, and how it was made."""

import json
from concurrent.futures import Executor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import ArrayLike

from implicitbias.problems import real_data
from implicitbias.validation import Validation, effective_number, validate

FILE = Path(__file__).with_suffix(".json")
TRAIN = {"diabetes": 40, "digits": 40, "breast cancer": 56}
DEPTHS = (2, 3)
SCALES = np.logspace(-2, 1, 7)
FACTORS = (1.2, 1.5, 2.0, 4.0, 10.0, 100.0, 1e4, 1e8)
FOLDS = {2: 4, 3: 0}
"""Depth three is shown beside depth two, and nothing is chosen there."""


STEP = 1 / 500
"""Of a weight's share in the sum of all sizes."""


class Held(NamedTuple):
    """What one data set and one depth gave."""

    errors: np.ndarray  # (set, factor, scale)
    inner: np.ndarray  # the same, or (set, 0, 0) without folds
    baseline: np.ndarray  # (set,)
    disjoint: int
    shares: np.ndarray  # (factor, scale, item): the first set's weights over the sum of their sizes
    effective: np.ndarray  # (factor, scale): how many of these count


def compute_one(name: str, depth: int, executor: Executor | None = None) -> Validation:
    """One data set at one depth."""
    return validate(
        real_data(name),
        depth,
        SCALES.tolist(),
        FACTORS,
        train=TRAIN[name],
        folds=FOLDS[depth],
        executor=executor,
    )


def compute(executor: Executor | None = None) -> dict[tuple[str, int], Validation]:
    """The whole sweep."""
    return {(name, depth): compute_one(name, depth, executor) for name in TRAIN for depth in DEPTHS}


def shares(weights: ArrayLike) -> np.ndarray:
    """Weights over the sum of their sizes."""
    weights = np.asarray(weights)
    return weights / np.abs(weights).sum(axis=-1, keepdims=True)


def write(sweep: dict[tuple[str, int], Validation]) -> None:
    """To the file: errors with four significant digits, shares in whole steps."""

    def digits(values):
        return [float(f"{value:.3e}") for value in np.ravel(values)]

    runs = [
        {
            "data": name,
            "depth": depth,
            "disjoint": found.disjoint,
            "errors": digits(found.errors),
            "inner": digits(found.inner),
            "baseline": digits(found.baseline),
            "shares": np.rint(shares(np.asarray(found.weights)) / STEP)
            .astype(int)
            .ravel()
            .tolist(),
            "effective": digits(effective_number(found.weights)),
        }
        for (name, depth), found in sweep.items()
    ]
    held = {"made by": "python tools/sweeps.py real-data", "runs": runs}
    FILE.write_text(json.dumps(held, separators=(",", ":")) + "\n")


def read() -> dict[tuple[str, int], Held]:
    """What the file holds, by data set and depth."""
    shape = (len(FACTORS), len(SCALES))
    return {
        (run["data"], run["depth"]): Held(
            np.reshape(run["errors"], (-1, *shape)),
            np.reshape(run["inner"], (run["disjoint"], *(shape if run["inner"] else (0, 0)))),
            np.asarray(run["baseline"]),
            run["disjoint"],
            np.reshape(run["shares"], (*shape, -1)) * STEP,
            np.reshape(run["effective"], shape),
        )
        for run in json.loads(FILE.read_text())["runs"]
    }
