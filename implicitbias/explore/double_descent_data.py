"""Errors of fits of least norm by the number of features: isotropic ones, and random ones of data.

Random features of a patient or an image are :math:`\\max(0, \\langle a_j, x\\rangle + b_j)` of the
measurements or pixels, with normal :math:`a_j` and :math:`b_j`.
"""

import numpy as np

from implicitbias.learning import equivalent_risk
from implicitbias.problems import real_data

SAMPLES = 40
RATIOS = (0.1, 0.2, 0.4, 0.6, 0.8, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0)
TRIALS = 400

TRAIN = 60
COUNTS = (6, 12, 24, 36, 48, 54, 64, 72, 90, 120, 180, 300, 600)
DRAWS = 3
"""Draws of the random features for each training set."""

_PENALTIES = np.geomspace(1e-4, 1e2, 19)  # times the mean square of the features


def gaussian(trials: int = TRIALS, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Bias and variance of the min-norm fit given isotropic features: (ratio, trial) each.

    For true weights of norm 1, and noise 1.
    """
    rng = np.random.default_rng(seed)
    found = []
    for ratio in RATIOS:
        X = rng.standard_normal((trials, SAMPLES, round(ratio * SAMPLES)))
        turned = X.swapaxes(1, 2)
        gram = X @ turned if ratio > 1 else turned @ X
        inverse = np.linalg.inv(gram)
        missed = np.zeros(trials)
        if ratio > 1:  # the true weights are the first unit vector
            first = X[:, :, :1]
            missed = 1 - (first.swapaxes(1, 2) @ inverse @ first)[:, 0, 0]
        found.append([missed, np.trace(inverse, axis1=1, axis2=2)])
    bias, variance = np.array(found).swapaxes(0, 1)
    return bias, variance


def best_ridge(d: int, noise: float) -> float:
    """The equivalent excess with the best ridge, for isotropic features and weights of norm 1."""
    risk = equivalent_risk(
        np.ones(d), SAMPLES, weights=np.eye(1, d)[0], noise=noise, ridge=d * noise**2
    )
    return risk.excess if noise or d > SAMPLES else 0.0


def measured(name: str, noises: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Test errors on real data, of the min-norm fit and of ridge: (set, noise, count).

    Disjoint training sets of 60, tested on all other samples; means over draws of the features.
    Targets have variance 1, and noise is added to those of the training set. The penalty of ridge
    is chosen by leave-one-out errors on the training set.
    """
    problem = real_data(name)
    # Of the diabetes data, the ten measurements without their products; of the digits, the pixels.
    X = np.asarray(problem.X)[:, : 10 if name == "diabetes" else 64]
    y = np.asarray(problem.y)
    y = y / y.std()
    rng = np.random.default_rng(0)
    order = rng.permutation(len(y))
    sets = order[: len(y) // TRAIN * TRAIN].reshape(-1, TRAIN)
    found = np.zeros((2, len(sets), len(noises), len(COUNTS)))
    for k, train in enumerate(sets):
        rest = np.setdiff1d(order, train)
        for _ in range(DRAWS):
            directions = rng.standard_normal((X.shape[1] + 1, COUNTS[-1])) / np.sqrt(X.shape[1])
            features = np.maximum(0, np.column_stack([X, np.ones(len(y))]) @ directions)
            extra = rng.standard_normal(TRAIN)
            targets = y[train, None] + extra[:, None] * np.array(noises)
            for j, count in enumerate(COUNTS):
                fits = ridgeless_and_ridge(features[train, :count], targets, features[rest, :count])
                errors = [np.mean((fit - y[rest, None]) ** 2, axis=0) for fit in fits]
                found[:, k, :, j] += np.array(errors) / DRAWS
    return found[0], found[1]


def ridgeless_and_ridge(
    X: np.ndarray, Y: np.ndarray, Z: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Predictions for the rows of Z, one column a column of Y: of least norm, and of ridge.

    Both have an intercept. The penalty is the one of least leave-one-out error, for each column.
    """
    middle, level = X.mean(axis=0), Y.mean(axis=0)
    U, s, V = np.linalg.svd(X - middle, full_matrices=False)
    kept = s > 1e-10 * s[0]
    U, s, V = U[:, kept], s[kept], V[kept]
    onto, new = U.T @ (Y - level), (Z - middle) @ V.T
    least = new @ (onto / s[:, None])
    penalties = _PENALTIES * np.mean(s**2)
    shrunk = s**2 / (s**2 + penalties[:, None])  # (penalty, direction)
    left = (Y - level) - (U * shrunk[:, None]) @ onto
    kept_part = 1 - 1 / len(X) - shrunk @ (U**2).T
    loo = np.mean((left / kept_part[..., None]) ** 2, axis=1)
    chosen = shrunk[np.argmin(loo, axis=0)].T / s[:, None]  # (direction, column)
    return level + least, level + new @ (chosen * onto)
