"""Kernels that answer instructions of five commands, or think first, kept in a file."""

import json
from collections.abc import Iterable
from concurrent.futures import Executor
from pathlib import Path

import numpy as np

from implicitbias.explore.thinking_data import COMMON, ORDER, REPLICAS, TABLE, learned
from implicitbias.studies import motion

FILE = Path(__file__).with_suffix(".json")
LENGTH = COMMON[0]
COUNTS = (100, 300, 1000)
METHODS = ("pure", "relu", "relu thinks")
_ASKED = 2000

Setting = tuple[str, int, int]  # method, n, replica


def answer_one(setting: Setting) -> tuple[float, float]:
    """The share of right answers to new instructions, and of the variance that is explained.

    For thinking, which explains steps, the second is 0.
    """
    method, n, replica = setting
    rows = learned(LENGTH, n)[replica]
    if method == "relu thinks":
        asked = motion.draw_instructions(_ASKED, LENGTH, ORDER, seed=101)
        plans = motion.kernel_plans(TABLE, rows, asked)
        return float(motion.right_share(TABLE, asked, plans)), 0.0
    asked = motion.every_instruction(LENGTH, ORDER)
    answers = motion.kernel_answers(TABLE, rows, asked, method)
    right = motion.right_share(TABLE, asked, answers.argmax(axis=1)[:, None])
    return float(right), motion.explained_share(TABLE, asked, answers)


def settings() -> list[Setting]:
    """All that is computed."""
    return [(name, n, i) for n in COUNTS for name in METHODS for i in range(REPLICAS)]


def compute(executor: Executor | None = None) -> dict[Setting, tuple[float, float]]:
    """The whole sweep."""
    every = settings()
    found: Iterable[tuple[float, float]] = (executor.map if executor else map)(answer_one, every)
    return dict(zip(every, found, strict=True))


def write(sweep: dict[Setting, tuple[float, float]]) -> None:
    """To the file, with four decimals."""
    runs = [[*setting, *np.round(found, 4).tolist()] for setting, found in sweep.items()]
    held = {"made by": "python tools/sweeps.py thinking-kernel", "runs": runs}
    FILE.write_text(json.dumps(held, separators=(",", ":")) + "\n")


def read() -> dict[tuple[str, int], np.ndarray]:
    """What the file holds: by method and n, (replica, of right answers and of variance)."""
    runs = json.loads(FILE.read_text())["runs"]
    return {
        (name, n): np.array([run[3:] for run in runs if run[:2] == [name, n]])
        for n in COUNTS
        for name in METHODS
    }
