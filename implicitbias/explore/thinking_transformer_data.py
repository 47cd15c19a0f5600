"""Small transformers that answer at once or think first, kept in a file.

Claims, written down before the run, after three settings with two other seeds and 1500 steps had
been looked at:

1. With 300 instructions of five elements, thinking is above 0.9: with fewer than the networks of
   `thinking_data` need.
2. Answering at once is below 0.5 up to 3000 instructions.
"""

from concurrent.futures import Executor
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from implicitbias.explore.thinking_data import COMMON, ORDER, TABLE, each, keep, kept, learned
from implicitbias.studies import motion

FILE = Path(__file__).with_suffix(".json")
LENGTH = COMMON[0]
COUNTS = (100, 300, 1000, 3000)
STEPS = 2000
SEED = 30

Setting = tuple[str, int]  # "thinks" or "answer only", n


class Outcome(NamedTuple):
    """Shares "replica" of right answers to new instructions, and to those that were learned."""

    right: np.ndarray
    fitted: np.ndarray


def train_one(setting: Setting) -> Outcome:
    """The replicas of one transformer."""
    name, n = setting
    thinks, samples = name == "thinks", learned(LENGTH, n)
    speakers = motion.train_speakers(TABLE, samples, thinks, steps=STEPS, seed=SEED)
    new = motion.draw_instructions(2000, LENGTH, ORDER, seed=101)
    right = motion.right_share(TABLE, new, motion.speak(TABLE, speakers, new, thinks))
    fitted = [
        motion.right_share(
            TABLE,
            sample,
            motion.speak(
                TABLE, jax.tree.map(lambda a, i=i: a[i : i + 1], speakers), sample, thinks
            ),
        )[0]
        for i, sample in enumerate(samples)
    ]
    return Outcome(right, np.array(fitted))


def settings() -> list[Setting]:
    """All that is trained."""
    return [(name, n) for n in COUNTS for name in ("thinks", "answer only")]


def compute(executor: Executor | None = None) -> dict[Setting, Outcome]:
    """The whole sweep."""
    return each(train_one, settings(), executor)


def write(sweep: dict[Setting, Outcome]) -> None:
    """To the file."""
    keep(FILE, "thinking-transformer", sweep)


def read() -> dict[Setting, Outcome]:
    """What the file holds."""
    return kept(FILE, Outcome)
