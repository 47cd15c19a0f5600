"""Motions completed from large scales beside regression with the tangent kernel, kept in a file."""

import json
from collections.abc import Iterable
from concurrent.futures import Executor
from itertools import product
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from implicitbias.explore.motion_transfer_data import SEEDS, share_of_home, task_of
from implicitbias.studies.motion import deep_completion, tangent_completion

FILE = Path(__file__).with_suffix(".json")
ARMS, MISSING, AMPLITUDE = 6, 4, 0.05
DEPTHS = (2, 3)
SCALES = (1.0, 10.0, 100.0)
WIDTHS = (48, 96, 192, 384)
"""Of the kernel's network; training has the first."""


Setting = tuple[int, int]  # depth, seed


class Beside(NamedTuple):
    """The kernel's answer at each of `WIDTHS`, and training's from each of `SCALES`.

    - `kernel`: `share_of_home` of the kernel's answers.
    - `trained`: the same of training's.
    - `apart`: how far training's are from the first of the kernel's, as a share of its norm.
    """

    kernel: np.ndarray
    trained: np.ndarray
    apart: np.ndarray


def compute_one(setting: Setting) -> Beside:
    """Regressions with every width, and training from every scale."""
    jax.config.update("jax_enable_x64", True)
    depth, seed = setting
    table = task_of((ARMS, MISSING, AMPLITUDE, seed)).table
    answers = [tangent_completion(*table, depth, width=width, seed=seed) for width in WIDTHS]
    ends = [deep_completion(*table, depth, scale, seed=seed).matrix for scale in SCALES]
    kernel = answers[0]
    return Beside(
        np.array([share_of_home(answer, *table) for answer in answers]),
        np.array([share_of_home(end, *table) for end in ends]),
        np.array([np.linalg.norm(end - kernel) for end in ends]) / np.linalg.norm(kernel),
    )


def compute(executor: Executor | None = None) -> dict[Setting, Beside]:
    """The whole sweep."""
    every = list(product(DEPTHS, SEEDS))
    found: Iterable[Beside] = (executor.map if executor else map)(compute_one, every)
    return dict(zip(every, found, strict=True))


def write(sweep: dict[Setting, Beside]) -> None:
    """To the file, with five decimals."""
    runs = [
        [*setting, *(np.round(part, 5).tolist() for part in beside)]
        for setting, beside in sweep.items()
    ]
    held = {"made by": "python tools/sweeps.py motion-kernel", "runs": runs}
    FILE.write_text(json.dumps(held, separators=(",", ":")) + "\n")


def read() -> dict[Setting, Beside]:
    """What the file holds, by depth and seed."""
    runs = json.loads(FILE.read_text())["runs"]
    return {
        (depth, seed): Beside(*(np.array(part) for part in parts)) for depth, seed, *parts in runs
    }
