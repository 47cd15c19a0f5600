"""The sweep behind the explorable "stacking", kept in a file: deep linear residual networks."""

import json
from collections.abc import Iterable
from concurrent.futures import Executor
from functools import cache
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from implicitbias.studies.growing import (
    Growth,
    LinearNetwork,
    block_similarity,
    fresh_linear,
    gradual_stacking,
    lengthened,
    matrix_loss,
    random_rotation,
    root_error,
    schedule,
)

FILE = Path(__file__).with_suffix(".json")
METHODS = ("scratch", "last", "middle", "fresh_middle", "looped")
GROWN = METHODS[1:4]
STAGES = (2, 4, 8)
ALPHAS = (0, 1, 2)
SCALES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
SEEDS = tuple(range(5))
WIDTH, DEPTH, ANGLE = 8, 8, 0.25
STEPS, RATE = 3600, 0.01
EVERY = 15
EXTRA = tuple(range(9))
LOSS_FLOOR = 1e-9

Setting = tuple[str, int, int, float]  # method, stages, alpha, scale; 1 and 0 where they are idle


class Held(NamedTuple):
    """What came out of one setting."""

    similarity: np.ndarray  # (layer, layer): mean over seeds
    errors: np.ndarray  # (seed, extra)
    path: list[np.ndarray]  # a seed: (checkpoint, 2), loss and error with twice the layers


@cache
def root() -> np.ndarray:
    """The rotation R of one layer."""
    return random_rotation(WIDTH, ANGLE)


@cache
def target_loss():
    """Of the target, R applied as often as there are layers."""
    return matrix_loss(np.linalg.matrix_power(root(), DEPTH))


OPTIMISER = optax.clip_by_global_norm(10.0)
"""Plain gradient descent, with shorter steps only where a start is far too large."""


def settings() -> list[Setting]:
    """All that is trained, each once."""
    grown = [(m, k, a, s) for m in GROWN for k in STAGES for a in ALPHAS for s in SCALES]
    return [(m, 1, 0, s) for m in ("scratch", "looped") for s in SCALES] + grown


def _layers(network: LinearNetwork):
    return network.layers


def snapshots(setting: Setting) -> list[LinearNetwork]:
    """The networks of all seeds in one, along training: at the end and every 15 steps of it."""
    method, stages, alpha, scale = setting
    loops = DEPTH if method == "looped" else 1
    block = DEPTH // (loops * stages)
    first = jnp.stack([fresh_linear(block, WIDTH, scale=scale, seed=seed) for seed in SEEDS])
    growth = Growth(
        _layers,
        method,
        block=block,
        fresh=lambda n, seed: fresh_linear(n, WIDTH, scale=scale, seed=seed),
    )
    runs = gradual_stacking(
        LinearNetwork(first, loops),
        target_loss(),
        OPTIMISER,
        [RATE / loops] * STEPS,
        schedule(stages, STEPS, alpha),
        growth if stages > 1 else None,
        every=EVERY,
        replicas=True,
    )
    found = [run.model for run in runs]
    return [model for model in found if model.layers.shape == found[-1].layers.shape]


def train_one(setting: Setting) -> Held:
    """One setting, all seeds."""
    networks = snapshots(setting)
    mine = [
        [LinearNetwork(each.layers[seed], each.loops) for each in networks]
        for seed in range(len(SEEDS))
    ]
    ends = [path[-1] for path in mine]
    return Held(
        np.mean([block_similarity(lengthened(end, 0).layers) for end in ends], axis=0),
        np.array([[root_error(end, root(), extra) for extra in EXTRA] for end in ends]),
        [_until_fitted(path) for path in mine],
    )


def _until_fitted(networks: list[LinearNetwork]) -> np.ndarray:
    """Loss and error with twice the layers, at all checkpoints up to the first without a loss."""
    points = []
    for network in networks:
        points.append((float(target_loss()(network, 0)), root_error(network, root(), EXTRA[-1])))
        if points[-1][0] < LOSS_FLOOR:
            break
    return np.array(points)


def compute(executor: Executor | None = None) -> dict[Setting, Held]:
    """The whole sweep."""
    every = settings()
    found: Iterable[Held] = (executor.map if executor else map)(_in_double_precision, every)
    return dict(zip(every, found, strict=True))


def _in_double_precision(setting: Setting) -> Held:
    jax.config.update("jax_enable_x64", True)
    return train_one(setting)


def write(sweep: dict[Setting, Held]) -> None:
    """To the file: cosines to three places, errors and losses with three digits."""
    runs = [
        {
            "setting": setting,
            "similarity": held.similarity.round(3).tolist(),
            "errors": [_digits(row) for row in held.errors],
            "path": [[_digits(point) for point in points] for points in held.path],
        }
        for setting, held in sweep.items()
    ]
    made = {"made by": "python tools/sweeps.py stacking", "runs": runs}
    FILE.write_text(json.dumps(made, separators=(",", ":")) + "\n")


def _digits(values: Iterable[float]) -> list[float]:
    return [float(f"{value:.2e}") for value in values]


def read() -> dict[Setting, Held]:
    """What the file holds, by setting."""
    found = {}
    for run in json.loads(FILE.read_text())["runs"]:
        method, stages, alpha, scale = run["setting"]
        found[method, stages, alpha, scale] = Held(
            np.asarray(run["similarity"]),
            np.asarray(run["errors"]),
            [np.asarray(points) for points in run["path"]],
        )
    return found
