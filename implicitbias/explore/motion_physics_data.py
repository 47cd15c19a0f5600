"""What simulated robots do with transferred joint paths, kept in a file.

The explorable "motion-physics" reads it, so that a page and a lab need no simulator.
"""

import json
from collections.abc import Iterable
from concurrent.futures import Executor
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from implicitbias.studies.motion import (
    TransferTask,
    TwoArms,
    deep_completion,
    random_motions,
    random_transfer,
    seen_skills,
    share_there,
    track,
    transfer_task,
    two_arms,
)

FILE = Path(__file__).with_suffix(".json")
SEEDS = tuple(range(5))
SKILLS, MISSING = 10, 4
KINDS = ("arms", "two arms")
AMPLITUDES = (0.05, 0.1, 0.15)
HUMANOID = 2
"""Which of the robots with two arms has a torso that leans; the one that is drawn."""

DRAWN = ("two arms", 0.1, 1)
"""Which task is drawn: of the five seeds, not the first, in which transfer is worst."""

PATHS = ("own", "small start", "large start")
"""Joint paths of its own, and from deep factorisations of three layers from two scales."""

SCALES = {"small start": 1e-4, "large start": 10.0}
STEP = 2e-3
"""Of the angles that are kept, in radians."""

Setting = tuple[str, float, int]  # kind, amplitude, seed


class Held(NamedTuple):
    """What was found in one task, by joint paths.

    - `planned`, `done`: mean progress in skills that can transfer, if joints went where they
      should, and in the simulator.
    - `drawn` "skill moment joint": angles of the humanoid as displacements, in the simulator.
    - `humanoid`: progress "skill" in the simulator of the skills that are drawn.
    """

    planned: dict[str, float]
    done: dict[str, float]
    drawn: dict[str, np.ndarray]
    humanoid: dict[str, np.ndarray]


def two_armed() -> tuple[TwoArms, ...]:
    """Two on a bench, with arms of two and four links, and one with a torso that leans."""
    short, long, human = (
        np.array(lengths) for lengths in ([0.4, 0.35], [0.25, 0.2, 0.15, 0.15], [0.3, 0.25, 0.1])
    )
    return (
        two_arms(short, short, shoulders=0.6, leans=False),
        two_arms(long, long, shoulders=0.5, leans=False),
        two_arms(human, human, shoulders=0.4),
    )


def task_of(setting: Setting) -> TransferTask:
    """Six arms, or three robots with two arms each, that miss four of ten skills."""
    kind, amplitude, seed = setting
    if kind == "arms":
        return random_transfer(6, MISSING, amplitude, seed=seed)
    hands = [
        random_motions(SKILLS, amplitude=amplitude, seed=10 * seed + hand) for hand in range(2)
    ]
    robots = two_armed()
    seen = seen_skills(len(robots), SKILLS, MISSING, seed=seed)
    return transfer_task(robots, np.concatenate(hands, axis=-1), seen)


def paths_of(task: TransferTask, seed: int) -> dict[str, np.ndarray]:
    """Displacements "joint skill time" of each kind of path."""
    shape = task.displacements.shape
    completed = {
        name: deep_completion(*task.table, 3, scale, seed=seed).matrix.reshape(shape)
        for name, scale in SCALES.items()
    }
    return {"own": task.displacements} | completed


def compute_one(setting: Setting) -> Held:
    """All simulations of one task."""
    jax.config.update("jax_enable_x64", True)
    kind, amplitude, seed = setting
    task = task_of(setting)
    planned, done, drawn, humanoid = {}, {}, {}, {}
    for name, paths in paths_of(task, seed).items():
        planned[name] = task.zero_shot(paths)
        progress = np.zeros(task.seen.shape)
        angles = []
        for i, s in np.argwhere(task.asked):
            robot = task.robots[i]
            found = track(robot, paths[task.owner == i, s])
            progress[i, s] = share_there(found.hands, task.motions[s])
            if (kind, amplitude, seed, i) == (*DRAWN, HUMANOID):
                angles.append(found.angles - np.asarray(robot.home))
        done[name] = float(progress[task.asked].mean())
        if angles:
            drawn[name] = np.stack(angles)
            humanoid[name] = progress[HUMANOID, task.asked[HUMANOID]]
    return Held(planned, done, drawn, humanoid)


def settings() -> list[Setting]:
    """All tasks."""
    return list(product(KINDS, AMPLITUDES, SEEDS))


def compute(executor: Executor | None = None) -> dict[Setting, Held]:
    """All simulations. They need MuJoCo."""
    every = settings()
    found: Iterable[Held] = (executor.map if executor else map)(compute_one, every)
    return dict(zip(every, found, strict=True))


def write(sweep: dict[Setting, Held]) -> None:
    """To the file, with four digits; angles in whole steps."""
    tasks: list[dict[str, Any]] = []
    for setting, held in sweep.items():
        entry: dict[str, Any] = {"task": setting}
        for name in ("planned", "done"):
            entry[name] = {path: round(v, 4) for path, v in getattr(held, name).items()}
        if held.drawn:
            entry["drawn"] = {
                path: np.rint(q / STEP).astype(int).tolist() for path, q in held.drawn.items()
            }
            entry["humanoid"] = {path: p.tolist() for path, p in held.humanoid.items()}
        tasks.append(entry)
    made = {"made by": "python tools/sweeps.py motion-physics", "tasks": tasks}
    FILE.write_text(json.dumps(made, separators=(",", ":")) + "\n")


@lru_cache
def read() -> dict[Setting, Held]:
    """What the file holds."""
    return {
        tuple(entry["task"]): Held(
            entry["planned"],
            entry["done"],
            {path: STEP * np.array(q) for path, q in entry.get("drawn", {}).items()},
            {path: np.array(p) for path, p in entry.get("humanoid", {}).items()},
        )
        for entry in json.loads(FILE.read_text())["tasks"]
    }
