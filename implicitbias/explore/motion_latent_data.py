"""The sweep behind the explorable "motion-latent", kept in a file."""

import json
from collections.abc import Iterable
from concurrent.futures import Executor
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from implicitbias.explore.motion_transfer_data import STEP, drawn_skill
from implicitbias.studies.motion import (
    TransferTask,
    deep_completion,
    latent_completion,
    linear_paths,
    random_transfer,
    shared_completion,
)

FILE = Path(__file__).with_suffix(".json")
ROBOTS, MISSING = 6, 4
AMPLITUDES = (0.05, 0.1, 0.2, 0.3)
LATENTS = (2, 4, 16)
SCALES = (0.3, 1.0, 2.0)
SEEDS = tuple(range(5))
HIDDEN, WIDER = 32, 128
"""Units in a hidden layer. More are tried at the largest amplitude and the usual scale only."""

DRAWN = (1, 3)
"""Which arms are drawn."""

DEEP = (3, 1e-4)
"""Depth and scale of the deep factorisation to compare with."""

Coding = tuple[int, int, float]  # hidden units, latent, scale


class Held(NamedTuple):
    """What was found at one amplitude with one seed.

    - `home`, `linear`, `shared`, `deep`: progress without the coders: not moving, by linear theory,
      by the completion of rank two, by deep factorisation.
    - `unseen`, `seen`: progress of the coders in skills that can transfer, and in those they saw.
    - `drawn`: joint displacements "joint time" of the drawn arms; of the first seed.
    """

    home: float
    linear: float
    shared: float
    deep: float
    unseen: dict[Coding, float]
    seen: dict[Coding, float]
    drawn: dict[Coding, np.ndarray]


def codings(amplitude: float) -> list[Coding]:
    """All networks that are trained at an amplitude."""
    usual = [(HIDDEN, latent, scale) for latent, scale in product(LATENTS, SCALES)]
    wider = [(WIDER, latent, 1.0) for latent in LATENTS]
    return [*usual, *(wider if amplitude == AMPLITUDES[-1] else ())]


def task_of(amplitude: float, seed: int) -> TransferTask:
    """Six arms that miss four skills each."""
    return random_transfer(ROBOTS, MISSING, amplitude, seed=seed)


def compute_one(setting: tuple[float, int]) -> Held:
    """All trainings at one amplitude with one seed."""
    jax.config.update("jax_enable_x64", True)
    amplitude, seed = setting
    task = task_of(amplitude, seed)
    deep = deep_completion(*task.table, *DEEP, seed=seed).matrix
    unseen, seen, drawn = {}, {}, {}
    for hidden, latent, scale in codings(amplitude):
        coding = (hidden, latent, scale)
        found = latent_completion(task, hidden=hidden, latent=latent, scale=scale, seed=seed).matrix
        unseen[coding] = task.zero_shot(found)
        seen[coding] = float(task.progress(found)[task.seen].mean())
        if seed == SEEDS[0] and hidden == HIDDEN:
            moved = found.reshape(task.displacements.shape)
            rows = [moved[task.owner == arm, drawn_skill(task, arm)] for arm in DRAWN]
            drawn[coding] = np.concatenate(rows)
    without = (np.zeros_like(deep), linear_paths(task), shared_completion(task), deep)
    home, linear, shared, by_depth = (task.zero_shot(paths) for paths in without)
    return Held(home, linear, shared, by_depth, unseen, seen, drawn)


def settings() -> list[tuple[float, int]]:
    """Amplitudes and seeds."""
    return list(product(AMPLITUDES, SEEDS))


def compute(executor: Executor | None = None) -> dict[tuple[float, int], Held]:
    """The whole sweep."""
    every = settings()
    found: Iterable[Held] = (executor.map if executor else map)(compute_one, every)
    return dict(zip(every, found, strict=True))


def write(sweep: dict[tuple[float, int], Held]) -> None:
    """To the file, with four digits; angles in whole steps."""
    tasks: list[dict[str, Any]] = []
    for setting, held in sweep.items():
        runs = [
            [*coding, round(held.unseen[coding], 4), round(held.seen[coding], 4)]
            for coding in codings(setting[0])
        ]
        entry = {"task": setting, "without": [round(v, 4) for v in held[:4]], "runs": runs}
        if held.drawn:
            entry["drawn"] = [np.rint(q / STEP).astype(int).tolist() for q in held.drawn.values()]
        tasks.append(entry)
    made = {"made by": "python tools/sweeps.py motion-latent", "tasks": tasks}
    FILE.write_text(json.dumps(made, separators=(",", ":")) + "\n")


@lru_cache
def read() -> dict[tuple[float, int], Held]:
    """What the file holds."""
    held = {}
    for entry in json.loads(FILE.read_text())["tasks"]:
        unseen = {tuple(run[:3]): run[3] for run in entry["runs"]}
        seen = {tuple(run[:3]): run[4] for run in entry["runs"]}
        shown = [coding for coding in unseen if coding[0] == HIDDEN]
        drawn = [STEP * np.array(q) for q in entry.get("drawn", ())]
        held[tuple(entry["task"])] = Held(
            *entry["without"],
            unseen=unseen,
            seen=seen,
            drawn=dict(zip(shown, drawn, strict=bool(drawn))),
        )
    return held
