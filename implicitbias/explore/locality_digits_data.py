"""The sweep behind the explorable "locality-digits", kept in a file, and how it was made."""

import json
from collections.abc import Iterable
from concurrent.futures import Executor
from itertools import product
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from implicitbias.studies.canvas import digit_canvases, windows
from implicitbias.studies.locality import (
    ARCHITECTURES,
    RATES as _RATES,
    PatchNetwork,
    share_wrong,
    train_on_prefixes,
)

FILE = Path(__file__).with_suffix(".json")
DIGITS, NOISE = (0, 1), 0.1
SIZES = tuple(8 * 2**j for j in range(10))
SHAPES = {"cnn": (64,), "lcn": (25, 64), "fcn": (25, 1, 256)}
STEPS = 400
RATES = _RATES | {"lcn": ((0.6, 0.03), (0.3, 0.1), (0.3, 0.03))}
"""With those of the chapter's task, local filters do not train here at all."""

SEEDS = tuple(range(5))
LEVELS = 20
SHOWN = (0, 12)
"""Places whose local filters are kept: the upper left corner and the middle."""

Setting = tuple[str, int]  # architecture, seed


class Found(NamedTuple):
    """What one architecture learned from one sequence of canvases, over the sizes."""

    error: np.ndarray  # (size,): share of two thousand new canvases
    filters: np.ndarray  # (size, ...)
    bias: np.ndarray  # (size,)


class Held(NamedTuple):
    """What one architecture learned, over the sizes."""

    error: np.ndarray  # (seed, size)
    pictures: np.ndarray  # (size, image, row, column): filters of the first seed, over the largest
    bias: np.ndarray  # (size,)


def train_one(setting: Setting, sizes: tuple[int, ...] = SIZES) -> Found:
    """One architecture on canvases of all sizes of one seed."""
    architecture, seed = setting
    parts = []
    for i, (part, n) in enumerate((("train", SIZES[-1]), ("validation", 1000), ("test", 2000))):
        canvases = digit_canvases(n, NOISE, digits=DIGITS, part=part, seed=3 * seed + i)
        X = canvases.X[:, None].reshape(n, 1, -1) if architecture == "fcn" else windows(canvases.X)
        parts.append((np.asarray(X), np.asarray(canvases.y)))
    train, validation, (X, y) = parts
    runs = train_on_prefixes(
        architecture,
        SHAPES[architecture],
        train,
        validation,
        sizes,
        STEPS,
        seed,
        RATES[architecture],
    )
    filters, bias = runs.chosen()
    error = [
        share_wrong(PatchNetwork(jnp.asarray(w), jnp.asarray(b))(jnp.asarray(X)), y)
        for w, b in zip(filters, bias, strict=True)
    ]
    return Found(np.asarray(error), filters, bias)


def compute(executor: Executor | None = None) -> dict[Setting, Found]:
    """The whole sweep."""
    settings = list(product(ARCHITECTURES, SEEDS))
    found: Iterable[Found] = (executor.map if executor else map)(_in_double_precision, settings)
    return dict(zip(settings, found, strict=True))


def _in_double_precision(setting: Setting) -> Found:
    jax.config.update("jax_enable_x64", True)
    return train_one(setting)


def pictures(architecture: str, filters: np.ndarray) -> np.ndarray:
    """Filters as pictures, each over the largest pixel of its size: (size, image, row, column)."""
    if architecture == "lcn":
        filters = filters[:, SHOWN]
    if architecture == "fcn":
        order = np.argsort(-np.linalg.norm(filters, axis=(-2, -1)), axis=1)[:, :2]
        filters = np.take_along_axis(filters, order[..., None, None], axis=1)
    side = round(filters.shape[-1] ** 0.5)
    images = filters.reshape(len(filters), -1, side, side)
    return images / np.abs(images).max(axis=(1, 2, 3), keepdims=True)


def write(sweep: dict[Setting, Found]) -> None:
    """To the file: numbers with four significant digits, pictures in whole levels."""
    runs = {
        architecture: {
            "error": [[float(f"{e:.3e}") for e in sweep[architecture, s].error] for s in SEEDS],
            "pictures": np.rint(
                LEVELS * pictures(architecture, sweep[architecture, SEEDS[0]].filters)
            )
            .astype(int)
            .tolist(),
            "bias": [float(f"{b:.3e}") for b in sweep[architecture, SEEDS[0]].bias],
        }
        for architecture in ARCHITECTURES
    }
    held = {"made by": "python tools/sweeps.py locality-digits", "runs": runs}
    FILE.write_text(json.dumps(held, separators=(",", ":")) + "\n")


def read() -> dict[str, Held]:
    """What the file holds, by architecture."""
    return {
        architecture: Held(
            np.asarray(run["error"]),
            np.asarray(run["pictures"]) / LEVELS,
            np.asarray(run["bias"]),
        )
        for architecture, run in json.loads(FILE.read_text())["runs"].items()
    }
