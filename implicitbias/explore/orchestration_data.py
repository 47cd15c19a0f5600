"""The sweep behind the explorable "orchestration", kept in a file, and how it was made."""

import json
from collections.abc import Iterable
from concurrent.futures import Executor
from itertools import product
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from implicitbias.studies import motion

FILE = Path(__file__).with_suffix(".json")
LENGTHS = {"2 links": (0.5, 0.5), "3 links": (0.4, 0.35, 0.25), "4 links": (0.3, 0.3, 0.2, 0.2)}
TAUGHT = "2 links"
"""The arm whose demonstrations the estimators learn from."""

SIZES = (30, 100, 300)
SLIPS = (0.0, 0.02, 0.03, 0.05, 0.08, 0.12)
ORCHESTRATORS = ("timer", "progress", "calibrated", "success", "oracle")
CHAIN, CHAINS = 5, 100
HELD_OUT, RANK = 79, 2
"""Demonstrations that calibrate the progress, and which of their premature scores is taken."""

NEARLY_DONE, LIKELY = 0.97, 0.5
"""Thresholds of progress and of success that nobody calibrated."""

SEEDS = tuple(range(8))
UNSEEN = 200  # reaches on which margins and order are measured

Setting = tuple[int, int]  # demonstrations, seed


class Learned(NamedTuple):
    """What one set of demonstrations taught, and the orchestrators made of it."""

    progress: motion.Estimator
    success: motion.Estimator
    threshold: float
    orchestrators: dict[str, motion.Orchestrator]


class Measured(NamedTuple):
    """One arm, one set of demonstrations."""

    outcomes: np.ndarray  # (orchestrator, slip, outcome): numbers of chains
    reached: np.ndarray  # (orchestrator, slip): waypoints, of all chains
    order: float  # of progress in time, mean over unseen reaches
    early: float  # share of unseen reaches with a premature score above the calibrated threshold
    never: float  # ... and with none above it after arrival


class Held(NamedTuple):
    """One arm and one number of demonstrations, over the seeds."""

    outcomes: np.ndarray  # (seed, orchestrator, slip, outcome): shares of chains
    reached: np.ndarray  # (seed, orchestrator, slip): share of the five waypoints
    order: np.ndarray  # (seed,)
    early: np.ndarray
    never: np.ndarray


def arm(name: str) -> motion.Arm:
    """One of the arms, of length 1."""
    return motion.planar_arm(LENGTHS[name])


def learned(setting: Setting) -> Learned:
    """Estimators and orchestrators, from demonstrations of the first arm."""
    size, seed = setting
    taught = arm(TAUGHT)
    shown = motion.demonstrate(taught, size, seed=3 * seed)
    held_out = motion.demonstrate(taught, HELD_OUT, seed=3 * seed + 1)
    progress = motion.learn(shown, motion.progress_labels(shown), seed=seed)
    success = motion.learn(shown, motion.success_labels(shown), seed=seed)
    premature, _ = margins_of(progress, held_out)
    threshold = motion.conformal_threshold(premature, RANK)
    longest = int((shown.distance < motion.DONE).argmax(axis=1).max())
    made = (
        motion.timer(longest),
        motion.detector(progress, NEARLY_DONE),
        motion.detector(progress, threshold),
        motion.detector(success, LIKELY),
        motion.oracle(),
    )
    return Learned(progress, success, threshold, dict(zip(ORCHESTRATORS, made, strict=True)))


def margins_of(
    estimator: motion.Estimator, shown: motion.Demonstrations
) -> tuple[np.ndarray, np.ndarray]:
    """The largest estimates before and after arrival, of each reach."""
    scores = np.asarray(estimator(motion.hand_inputs(shown.hands, shown.targets)))
    return motion.margins(scores, shown.distance < motion.NEAR)


def draws(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Chains (chain, place, 2), and uniform numbers (chain, waypoint, step): small ones slip."""
    places = motion.waypoint_chains(CHAINS, CHAIN, seed=1000 + seed)
    return places, np.random.default_rng(seed).random((CHAINS, CHAIN, motion.BUDGET))


def measure(setting: Setting) -> dict[str, Measured]:
    """All arms, with one set of demonstrations."""
    taught, (places, uniform) = learned(setting), draws(setting[1])
    every = np.tile(places, (len(SLIPS), 1, 1))
    slips = np.concatenate([uniform < p for p in SLIPS])
    found = {}
    for name in LENGTHS:
        outcomes, reached = [], []
        for orchestrator in taught.orchestrators.values():
            runs = motion.run_chains(arm(name), every, slips, orchestrator)
            parts = runs.outcome.reshape(len(SLIPS), CHAINS)
            outcomes.append([np.bincount(part, minlength=5) for part in parts])
            reached.append(runs.reached.reshape(len(SLIPS), CHAINS).sum(axis=1))
        unseen = motion.demonstrate(arm(name), UNSEEN, seed=3 * setting[1] + 2)
        scores = np.asarray(taught.progress(motion.hand_inputs(unseen.hands, unseen.targets)))
        premature, final = motion.margins(scores, unseen.distance < motion.NEAR)
        order = [
            motion.value_order(s[: m + 1]) for s, m in zip(scores, unseen.arrival, strict=True)
        ]
        found[name] = Measured(
            np.array(outcomes),
            np.array(reached),
            float(np.mean(order)),
            float((premature > taught.threshold).mean()),
            float((final <= taught.threshold).mean()),
        )
    return found


def compute(executor: Executor | None = None) -> dict[Setting, dict[str, Measured]]:
    """The whole sweep."""
    settings = list(product(SIZES, SEEDS))
    found: Iterable = (executor.map if executor else map)(_in_double_precision, settings)
    return dict(zip(settings, found, strict=True))


def _in_double_precision(setting: Setting) -> dict[str, Measured]:
    jax.config.update("jax_enable_x64", True)
    return measure(setting)


def write(sweep: dict[Setting, dict[str, Measured]]) -> None:
    """To the file: counts as they are, means with four digits."""
    runs = [
        {
            "arm": name,
            "demonstrations": size,
            **{
                field: [
                    np.round(getattr(sweep[size, seed][name], field), 4).tolist() for seed in SEEDS
                ]
                for field in Measured._fields
            },
        }
        for name, size in product(LENGTHS, SIZES)
    ]
    held = {"made by": "python tools/sweeps.py orchestration", "runs": runs}
    FILE.write_text(json.dumps(held, separators=(",", ":")) + "\n")


def read() -> dict[tuple[str, int], Held]:
    """What the file holds, by arm and number of demonstrations."""
    return {
        (run["arm"], run["demonstrations"]): Held(
            np.asarray(run["outcomes"]) / CHAINS,
            np.asarray(run["reached"]) / (CHAINS * CHAIN),
            *(np.asarray(run[field]) for field in ("order", "early", "never")),
        )
        for run in json.loads(FILE.read_text())["runs"]
    }
