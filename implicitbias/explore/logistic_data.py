"""What the explorable of logistic and exponential loss shows of one problem."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from implicitbias.flows import margin_flow
from implicitbias.limits import max_margin, separator_path
from implicitbias.parametrizations import DiagonalNetwork
from implicitbias.problems import Problem


def logistic_data(
    problem: Problem, scales: Sequence[float], depths: Sequence[float], digits: Sequence[float]
) -> dict[str, Any]:
    """Directions of diagonal networks trained to losses of 10 to the power of minus some digits.

    Returns a dict of arrays (D depths, S scales, A digits, d features):

    - `weights`, `between` (D, S, A, d): the network's weights, and the separator for the same mu;
      `l1`, `l2` (d): the two limits. All are divided by their l1 norm.
    - `mu` (D, S, A): the least margin over the scale of the function.
    - `to_l1`, `to_l2`, `to_between` (D, S, A): largest entries of differences of the weights, over
      their least margin, from these separators.
    - `excess` (D, S, A): of the l1 norm over the least one, in percent.
    - `log_time` (D, S, A): decimal logarithm of the flow time, to a factor of two or so.
    """
    X, labels = np.asarray(problem.X), np.asarray(problem.y)
    l1, l2 = (np.asarray(max_margin(X, labels, norm)) for norm in (1, 2))
    shape = (len(depths), len(scales), len(digits))
    weights = np.empty((*shape, X.shape[1]))
    mu, log_time = np.empty(shape), np.empty(shape)
    times = np.log(10) * np.asarray(digits)
    for i, depth in enumerate(depths):
        for j, scale in enumerate(scales):
            network = DiagonalNetwork(depth, scale)
            path = margin_flow(network, X, labels, times)
            margins = (labels * (np.asarray(path.weights) @ X.T)).min(axis=1)
            weights[i, j] = np.asarray(path.weights) / margins[:, None]
            mu[i, j] = margins / scale**depth
            totals = np.abs(np.asarray(path.duals)).sum(axis=1)
            log_time[i, j] = _log_time(times, totals, float(network.rate))
    found = [separator_path(X, labels, depth, mu[i].ravel()) for i, depth in enumerate(depths)]
    between = np.stack([np.asarray(path.weights) for path in found]).reshape(weights.shape)
    least = np.abs(l1).sum()
    return {
        "weights": _direction(weights),
        "between": _direction(between),
        "l1": _direction(l1),
        "l2": _direction(l2),
        "mu": mu,
        "to_l1": np.abs(weights - l1).max(-1),
        "to_l2": np.abs(weights - l2).max(-1),
        "to_between": np.abs(weights - between).max(-1),
        "excess": 100 * np.maximum(0, np.abs(weights).sum(-1) / least - 1),
        "log_time": log_time,
    }


def _direction(weights: np.ndarray) -> np.ndarray:
    return weights / np.abs(weights).sum(axis=-1, keepdims=True)


def _log_time(times: np.ndarray, totals: np.ndarray, rate: float) -> np.ndarray:
    """When the loss is exp(-times): the multipliers' total grows by rate times the loss."""
    before, start = np.append(0, times[:-1]), np.append(0, totals[:-1])
    slopes = np.maximum(totals - start, 1e-300) / (times - before)
    parts = np.log(slopes / rate) + times + np.log1p(-np.exp(before - times))
    return np.logaddexp.accumulate(parts) / np.log(10)
