"""The sweep behind the explorable "halfspaces", kept in a file, and how it was made."""

import json
from concurrent.futures import Executor
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from implicitbias.studies import (
    hinge_minimizer,
    logistic_minimizer,
    lower_bound_distribution,
    missed,
)

FILE = Path(__file__).with_suffix(".json")
EXTRAS = ("strip", "wedge", "none")
SMOOTHINGS = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3)
OPTS = tuple(10.0 ** (np.arange(-12, -3) / 2))
RADII = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 10000.0)
"""The largest is larger than all minimisers."""


class Held(NamedTuple):
    """For each extra, smoothing, opt, radius and phase: missed shares and angles in radians."""

    risk: np.ndarray
    angle: np.ndarray


def compute_one(extra: str, smoothing: float) -> np.ndarray:
    """Shares and angles, (2, opt, radius, phase), maybe in a process that needs float64."""
    jax.config.update("jax_enable_x64", True)
    rows = []
    for opt in OPTS:
        plane = lower_bound_distribution(opt, extra=extra, smoothing=smoothing)  # pyright: ignore[reportArgumentType]
        free, ends = logistic_minimizer(plane).weights, []
        for radius in RADII:
            inside = np.linalg.norm(free) <= radius
            first = free if inside else logistic_minimizer(plane, radius).weights
            second = hinge_minimizer(plane, first).weights
            ends.append([(missed(plane, w).share, np.arctan2(w[1], w[0])) for w in (first, second)])
        rows.append(ends)
    return np.moveaxis(np.array(rows), -1, 0)


def compute(executor: Executor) -> np.ndarray:
    """The whole sweep, (2, extra, smoothing, opt, radius, phase)."""
    pairs = [(extra, smoothing) for extra in EXTRAS[:-1] for smoothing in SMOOTHINGS]
    pairs.append((EXTRAS[-1], SMOOTHINGS[0]))  # without an extra, nothing depends on smoothing
    found = list(executor.map(compute_one, *zip(*pairs, strict=True)))
    found += found[-1:] * (len(SMOOTHINGS) - 1)
    shape = (len(EXTRAS), len(SMOOTHINGS), *found[0].shape)
    return np.moveaxis(np.reshape(found, shape), 2, 0)


def write(sweep: np.ndarray) -> None:
    """To the file, with four significant digits."""
    digits = [[float(f"{value:.3e}") for value in part.ravel()] for part in sweep]
    held = {"made by": "python tools/sweeps.py halfspaces", "risk": digits[0], "angle": digits[1]}
    FILE.write_text(json.dumps(held, separators=(",", ":")) + "\n")


def read() -> Held:
    """What the file holds."""
    held = json.loads(FILE.read_text())
    shape = (len(EXTRAS), len(SMOOTHINGS), len(OPTS), len(RADII), 2)
    return Held(*(np.reshape(held[name], shape) for name in Held._fields))
