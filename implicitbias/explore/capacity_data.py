"""The sweep behind the explorable "capacity", kept in a file, and how it was made."""

import json
from collections.abc import Iterable
from concurrent.futures import Executor
from functools import partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from implicitbias.learning.capacity import path_norm
from implicitbias.learning.relu_network import STARTS, ReluNetwork, fit_relu_network
from implicitbias.problems import digit_parity

FILE = Path(__file__).with_suffix(".json")
TRAIN = 256
WIDTHS = tuple(8 * 2**k for k in range(10))
LABELS = ("true", "random")
SEEDS = tuple(range(5))
UNITS = 4
"""Hidden units that are kept as pictures, the heaviest of the first seed."""

LEVELS = 20
"""Of a picture's weights, from zero to the largest."""

Setting = tuple[str, str, int, int]  # start, labels, width, seed
NUMBERS = ("train", "test", "path", "margin", "least", "length", "moved", "loss", "steps")


class Run(NamedTuple):
    """What one training run gave, or many: then each entry has their axes in front."""

    train: np.ndarray  # share of training images on the wrong side
    test: np.ndarray  # the same of a thousand others
    path: np.ndarray  # path norm
    margin: np.ndarray  # below which a tenth of the training images lies, besides wrong ones
    least: np.ndarray  # the smallest
    length: np.ndarray  # root of the mean squared length of the training images
    moved: np.ndarray  # of the tangent kernel, relative to its size at the start
    loss: np.ndarray
    steps: np.ndarray
    pictures: np.ndarray  # (unit, row, column): signed pixels over their largest size
    signs: np.ndarray  # (unit,): +1 for units that say odd


def train_one(setting: Setting) -> Run:
    """One network on some of the digits."""
    start, labels, width, seed = setting
    problem = digit_parity(TRAIN, labels=labels, seed=seed)
    fit = fit_relu_network(problem.X, problem.y, width, start=start, seed=seed)
    assert problem.X_test is not None and problem.y_test is not None
    margins = np.sort(np.asarray(problem.y * fit.network(problem.X)))
    unseen = np.asarray(problem.y_test * fit.network(problem.X_test))
    before, after = (
        np.asarray(network.tangent_kernel(problem.X)) for network in (fit.start, fit.network)
    )
    return Run(
        (margins <= 0).mean(),
        (unseen <= 0).mean(),
        np.asarray(path_norm(fit.network)),
        margins[(margins <= 0).sum() + TRAIN // 10],
        margins[0],
        np.sqrt((np.asarray(problem.X) ** 2).sum(axis=1).mean()),
        np.asarray(np.linalg.norm(after - before) / np.linalg.norm(before)),
        np.asarray(fit.loss),
        np.asarray(fit.steps),
        *heaviest(fit.network),
    )


def heaviest(network: ReluNetwork) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of the units with the largest part of the path norm, and what they say."""
    hidden, output = np.asarray(network.hidden), np.asarray(network.output)
    chosen = np.argsort(-np.abs(output) * np.linalg.norm(hidden, axis=1))[:UNITS]
    pictures = hidden[chosen] / np.abs(hidden[chosen]).max(axis=1, keepdims=True)
    return pictures.reshape(UNITS, 8, 8), np.sign(output[chosen])


def compute(executor: Executor | None = None) -> dict[Setting, Run]:
    """The whole sweep, the widest networks first."""
    settings = list(product(STARTS, LABELS, WIDTHS, SEEDS))
    settings.sort(key=lambda setting: -setting[2])
    runs: Iterable[Run] = (executor.map if executor else map)(_in_double_precision, settings)
    return dict(zip(settings, runs, strict=True))


def _in_double_precision(setting: Setting) -> Run:
    jax.config.update("jax_enable_x64", True)
    return train_one(setting)


def write(sweep: dict[Setting, Run]) -> None:
    """To the file: numbers with five significant digits, pictures in whole levels."""
    grid = list(product(STARTS, LABELS, WIDTHS, SEEDS))
    first = [sweep[setting] for setting in grid if setting[-1] == SEEDS[0]]
    held = {
        "made by": "python tools/sweeps.py capacity",
        **{
            name: [float(f"{getattr(sweep[setting], name):.4e}") for setting in grid]
            for name in NUMBERS
        },
        "pictures": [np.rint(LEVELS * run.pictures).astype(int).ravel().tolist() for run in first],
        "signs": [run.signs.astype(int).tolist() for run in first],
    }
    FILE.write_text(json.dumps(held, separators=(",", ":")) + "\n")


def read() -> Run:
    """What the file holds, over ("start", "labels", "width", "seed"); pictures without seeds."""
    held = json.loads(FILE.read_text())
    shape = (len(STARTS), len(LABELS), len(WIDTHS))
    over = partial(np.reshape, shape=(*shape, len(SEEDS)))
    return Run(
        *(over(held[name]) for name in NUMBERS),
        pictures=np.reshape(held["pictures"], (*shape, UNITS, 8, 8)) / LEVELS,
        signs=np.reshape(held["signs"], (*shape, UNITS)),
    )
