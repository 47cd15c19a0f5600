"""The numbers behind the explorable "mirror-descent", kept in a file, and how they were made."""

import json
from concurrent.futures import Executor
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from scipy.optimize import root_scalar

from implicitbias.feasible import FeasibleSet, L1Ball, strong_convexity
from implicitbias.potentials import Euclidean, Hypentropy, Potential
from implicitbias.regret import best_step_size, online_mirror_descent, push, regret, regret_bound

FILE = Path(__file__).with_suffix(".json")
DIMENSIONS = tuple(2**k for k in range(2, 11))
COUNTS = tuple(2**k for k in range(9))
ROUNDS = (64, 256, 1024, 4096, 16384)
GEOMETRIES = ("euclidean", "hypentropy")
SLACK = 1.25
"""The radius of the l1 ball, a little more than the target's norm, which is 1."""


class Held(NamedTuple):
    """By geometry, dimension, number of weights in the target and rounds; where there are more
    weights in the target than at all, those of the largest target there is."""

    regrets: np.ndarray  # (geometry, dimension, count, rounds)
    bounds: np.ndarray  # the same
    others: np.ndarray  # the same: what of the regret is paid on weights that are not the target's


def geometry(name: str, d: int) -> tuple[Potential, FeasibleSet | None, float]:
    """A potential, its set, and G: a gradient has d entries of size 1."""
    if name == "euclidean":
        return Euclidean(), None, d**0.5
    return Hypentropy(1 / d), L1Ball(SLACK), 1.0


def game(name: str, d: int, count: int, rounds: int) -> tuple[float, float, float]:
    """All d weights pushed towards `count` of 1/count and zeros: one column of what is held."""
    potential, feasible, size = geometry(name, d)
    target = np.where(np.arange(d) < count, 1 / count, 0.0)
    start = np.zeros(d)
    given = (float(potential.bregman(target, start)), size, rounds)
    sigma = strong_convexity(potential, feasible, d).constant
    step = best_step_size(*given, strong_convexity=sigma)
    played = online_mirror_descent(
        potential,
        Partial(push, jnp.asarray(target)),
        np.ones((rounds, 1)),
        start,
        step,
        feasible=feasible,
    )
    # The other weights are pushed below zero and back, and so cost minus their mean.
    others = -float(played.mean[count:].sum())
    return float(regret(played, target)), regret_bound(*given, strong_convexity=sigma), others


def compute_one(name: str, d: int) -> np.ndarray:
    """All targets and rounds of one geometry and dimension: (count, rounds, 3)."""
    jax.config.update("jax_enable_x64", True)  # in a process of its own it is not
    return np.array(
        [[game(name, d, min(count, d), rounds) for rounds in ROUNDS] for count in COUNTS]
    )


def compute(executor: Executor) -> Held:
    """The whole sweep; three minutes of one core."""
    cases = [(name, d) for name in GEOMETRIES for d in DIMENSIONS]
    found = np.array(list(executor.map(compute_one, *zip(*cases, strict=True))))
    found = found.reshape(len(GEOMETRIES), len(DIMENSIONS), len(COUNTS), len(ROUNDS), 3)
    return Held(*np.moveaxis(found, -1, 0))


def crossing_of_bounds() -> float:
    """The share s/d of target weights at which the two bounds are equal, whatever d and T."""

    def lead(share):
        divergence = np.arcsinh(1 / share) - np.hypot(1, share) + share
        return 2 * (SLACK + 1) * divergence - 1 / share

    return root_scalar(lead, bracket=(0.01, 1)).root


def write(held: Held) -> None:
    """To the file, with four significant digits."""
    content = {
        "made by": "python tools/sweeps.py mirror-descent",
        **{
            name: [float(f"{value:.3e}") for value in np.ravel(values)]
            for name, values in held._asdict().items()
        },
    }
    FILE.write_text(json.dumps(content, separators=(",", ":")) + "\n")


def read() -> Held:
    """What the file holds."""
    content = json.loads(FILE.read_text())
    shape = (len(GEOMETRIES), len(DIMENSIONS), len(COUNTS), len(ROUNDS))
    return Held(*(np.reshape(content[name], shape) for name in Held._fields))
