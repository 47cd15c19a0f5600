"""The sweep behind the explorable "motion-transfer", kept in a file."""

import json
from collections.abc import Iterable
from concurrent.futures import Executor
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from implicitbias.matrices import effective_rank
from implicitbias.studies.motion import (
    TransferTask,
    deep_completion,
    linear_paths,
    random_transfer,
    shared_completion,
)

FILE = Path(__file__).with_suffix(".json")
DEPTHS = (2, 3)
SCALES = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)
AMPLITUDES = (0.05, 0.15, 0.3)
ARMS = (2, 4, 6)
MISSING = (2, 4, 6)
SEEDS = tuple(range(5))
DEEPER = 4
"""Layers; trained only where six arms miss four skills."""

DRAWN = 1
"""Which arm is drawn; it has three links."""

STEP = 2e-3
"""Of the angles that are kept, in radians."""

Setting = tuple[int, int, float, int]  # arms, missing, amplitude, seed


class Run(NamedTuple):
    """What one training found.

    - `progress`: in the skills that can transfer.
    - `rank`: effective rank of the completed matrix.
    - `error`: its `share_of_home`.
    """

    progress: float
    rank: float
    error: float


class Held(NamedTuple):
    """All of one task.

    - `home`, `linear`, `shared`: progress without training: not moving, by linear theory, by the
      completion of rank two along the graph.
    - `runs`: by depth and scale.
    - `drawn`: joint displacements "joint time" of the drawn arm in the first skill that it can get
      from others; by depth and scale, of the first seed.
    """

    home: float
    linear: float
    shared: float
    runs: dict[tuple[int, float], Run]
    drawn: dict[tuple[int, float], np.ndarray]


def task_of(setting: Setting) -> TransferTask:
    """The arms, motions and what was seen."""
    arms, missing, amplitude, seed = setting
    return random_transfer(arms, missing, amplitude, seed=seed)


def drawn_skill(task: TransferTask, arm: int = DRAWN) -> int:
    """Which skill a drawn arm performs: the first that it can get from others."""
    return int(np.argmax(task.asked[arm]))


def depths_of(setting: Setting) -> tuple[int, ...]:
    """Which depths are trained on a task."""
    return (*DEPTHS, DEEPER) if setting[:2] == (6, 4) else DEPTHS


def share_of_home(matrix: np.ndarray, values: np.ndarray, observed: np.ndarray) -> float:
    """The mean square of the error where nothing was seen, as a share of what staying home has."""
    return float(((matrix - values)[~observed] ** 2).sum() / (values[~observed] ** 2).sum())


def train_one(setting: Setting, depth: int, scale: float) -> tuple[Run, np.ndarray]:
    """One training, and all its joint displacements."""
    task = task_of(setting)
    found = deep_completion(*task.table, depth, scale, seed=setting[-1]).matrix
    error = share_of_home(found, *task.table)
    run = Run(task.zero_shot(found), float(effective_rank(found)), error)
    return run, found.reshape(task.displacements.shape)


def compute_one(setting: Setting) -> Held:
    """All trainings on one task."""
    jax.config.update("jax_enable_x64", True)
    task = task_of(setting)
    runs, drawn = {}, {}
    for depth, scale in product(depths_of(setting), SCALES):
        run, found = train_one(setting, depth, scale)
        runs[depth, scale] = run
        if setting[-1] == SEEDS[0] and depth in DEPTHS:
            drawn[depth, scale] = found[task.owner == DRAWN, drawn_skill(task)]
    return Held(
        task.zero_shot(np.zeros_like(task.displacements)),
        task.zero_shot(linear_paths(task)),
        task.zero_shot(shared_completion(task)),
        runs,
        drawn,
    )


def settings() -> list[Setting]:
    """All tasks."""
    return list(product(ARMS, MISSING, AMPLITUDES, SEEDS))


def compute(executor: Executor | None = None) -> dict[Setting, Held]:
    """The whole sweep."""
    every = settings()
    found: Iterable[Held] = (executor.map if executor else map)(compute_one, every)
    return dict(zip(every, found, strict=True))


def write(sweep: dict[Setting, Held]) -> None:
    """To the file, with four digits; angles in whole steps."""
    tasks: list[dict[str, Any]] = []
    for setting, held in sweep.items():
        of_runs = [[depth, scale, *map(_digits, run)] for (depth, scale), run in held.runs.items()]
        entry = {"task": setting, "without": [_digits(value) for value in held[:3]]}
        entry["runs"] = of_runs
        if held.drawn:
            entry["drawn"] = [np.rint(q / STEP).astype(int).tolist() for q in held.drawn.values()]
        tasks.append(entry)
    made = {"made by": "python tools/sweeps.py motion-transfer", "tasks": tasks}
    FILE.write_text(json.dumps(made, separators=(",", ":")) + "\n")


def _digits(value: float) -> float:
    return float(f"{value:.4g}")


@lru_cache
def read() -> dict[Setting, Held]:
    """What the file holds."""
    held = {}
    for entry in json.loads(FILE.read_text())["tasks"]:
        runs = {(depth, scale): Run(*rest) for depth, scale, *rest in entry["runs"]}
        places = [place for place in runs if place[0] in DEPTHS]
        drawn = [STEP * np.array(q) for q in entry.get("drawn", ())]
        held[tuple(entry["task"])] = Held(
            *entry["without"], runs=runs, drawn=dict(zip(places, drawn, strict=bool(drawn)))
        )
    return held
