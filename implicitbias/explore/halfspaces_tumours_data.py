"""The sweep behind the explorable "halfspaces-tumours", kept in a file, and how it was made."""

import json
from collections.abc import Iterable
from concurrent.futures import Executor
from itertools import product
from pathlib import Path

import jax
import numpy as np

from implicitbias.problems import real_data
from implicitbias.studies import hinge_program, logistic_descent, share_wrong

FILE = Path(__file__).with_suffix(".json")
FEATURES = ("all measurements", "two components")
CHOSEN = ("far out", "at random")
SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2)
SEEDS = tuple(range(20))
TRAIN = 300
SIZES = np.array([269, TRAIN])
"""Tumours to test and to train on."""

Setting = tuple[str, str, float]  # features, how the flipped labels are chosen, their share


def table(features: str) -> tuple[np.ndarray, np.ndarray]:
    """Tumours (569, d) with a root mean square length of one, and their labels.

    All thirty measurements and a constant, or their first two principal components and a constant.
    """
    tumours = real_data("breast cancer")
    X, y = np.asarray(tumours.X), np.asarray(tumours.y)
    if features == "two components":
        measured = X[:, :-1]
        components = np.linalg.svd(measured, full_matrices=False)[2][:2]
        X = np.column_stack([measured @ components.T, np.ones(len(X))])
    return X / np.sqrt((X**2).sum(axis=1).mean()), y


def one_phase(X: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Weights by projected gradient descent on the logistic loss, in a ball of radius ten."""
    return np.asarray(logistic_descent(X, labels, 10.0, 4.0, 1000))


def errors(X: np.ndarray, y: np.ndarray, share: float, chosen: str, seed: int) -> np.ndarray:
    """Wrong shares [test or training, one phase or two] of one split into training and test.

    A share of the training labels is flipped: those farthest from the boundary that the true ones
    give, or random ones. Test labels are the true ones, training labels are as they are. A tumour
    on the boundary counts by half: linear programming leaves as many training samples there as
    there are weights to choose.
    """
    order = np.random.default_rng(seed).permutation(len(y))
    train, test = order[:TRAIN], order[TRAIN:]
    labels, count = y[train].copy(), round(share * TRAIN)
    if chosen == "far out":
        flipped = np.argsort(-np.abs(X[train] @ one_phase(X[train], labels)))[:count]
    else:
        flipped = np.random.default_rng(1000 + seed).permutation(TRAIN)[:count]
    labels[flipped] *= -1
    first = one_phase(X[train], labels)
    # All measurements separate the true labels: the second phase has nothing to minimise.
    done = share == 0 and X.shape[1] > 3
    second = first if done else np.asarray(hinge_program(X[train], labels, first))
    parts = ((X[test], y[test]), (X[train], labels))
    return np.array(
        [
            [share_wrong((points @ w).round(9), signs) for w in (first, second)]
            for points, signs in parts
        ]
    )


def compute_one(setting: Setting) -> np.ndarray:
    """Wrong shares (seed, test or training, phase)."""
    jax.config.update("jax_enable_x64", True)
    features, chosen, share = setting
    X, y = table(features)
    return np.array([errors(X, y, share, chosen, seed) for seed in SEEDS])


def compute(executor: Executor | None = None) -> np.ndarray:
    """The whole sweep, (features, chosen, share, seed, test or training, phase)."""
    settings = list(product(FEATURES, CHOSEN, SHARES))
    found: Iterable[np.ndarray] = (executor.map if executor else map)(compute_one, settings)
    shape = (len(FEATURES), len(CHOSEN), len(SHARES), len(SEEDS), 2, 2)
    return np.reshape(list(found), shape)


def write(sweep: np.ndarray) -> None:
    """To the file, as numbers of half tumours."""
    counts = np.rint(2 * sweep * SIZES[:, None]).astype(int).ravel().tolist()
    held = {"made by": "python tools/sweeps.py halfspaces-tumours", "wrong": counts}
    FILE.write_text(json.dumps(held, separators=(",", ":")) + "\n")


def read() -> np.ndarray:
    """What the file holds: wrong shares, in the shape of `compute`."""
    shape = (len(FEATURES), len(CHOSEN), len(SHARES), len(SEEDS), 2, 2)
    counts = np.reshape(json.loads(FILE.read_text())["wrong"], shape)
    return counts / (2 * SIZES[:, None])
