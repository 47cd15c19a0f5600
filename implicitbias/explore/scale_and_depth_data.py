"""What the explorable of scale and depth shows of one problem, computed by the library."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from implicitbias.flows import SLACK_FLOOR, gradient_flow
from implicitbias.limits import basis_pursuit, minimum_norm, scale_path
from implicitbias.parametrizations import DiagonalNetwork
from implicitbias.problems import Problem
from implicitbias.regimes import kernel_movement

_CONVERGED = 1e-3  # of the largest weight: where a path is cut, and its end point put
_TOLERANCE = 1e-6  # of a step of the flow, lest a jump be stepped over


def scale_and_depth_data(
    problem: Problem, scales: Sequence[float], depths: Sequence[float], samples: int
) -> dict[str, Any]:
    """Paths and end points of diagonal networks of some depths from some initial scales.

    Returns a dict of arrays (D depths, S scales, T samples, d features):

    - `weights` (D, S, T, d), `times` (D, S, T): each path at T moments spread evenly over the
      distance it goes and over the logarithm of time, the first at 0. Its last is the end point
      itself, at the time when the flow has come within a thousandth of the largest weight of it.
    - `endpoint` (D, S, d), and `to_l2`, `to_l1` (D, S), the largest entry of its difference from
      the two limits `l2`, `l1` (d).
    - `kernel_movement` (D, S, T), relative.
    - `truth` (d), or None.
    """
    X, y = problem.X, problem.y
    networks = [DiagonalNetwork(depth, scale) for depth in depths for scale in scales]
    resolved = [_resolved(network) for network in networks]
    distinct = list(dict.fromkeys(resolved))
    # Compiled programs run beside each other, one thread a core. The first flow goes alone: threads
    # that find a program missing would each compile it.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        first = pool.submit(_flow, distinct[0], X, y)
        l1, l2 = np.asarray(basis_pursuit(X, y)), np.asarray(minimum_norm(X, y))
        ends = np.stack(
            [np.asarray(scale_path(X, y, depth, np.asarray(scales)).weights) for depth in depths]
        )
        flows = [first.result(), *pool.map(lambda key: _flow(key, X, y), distinct[1:])]
    flow_of = dict(zip(distinct, flows, strict=True))
    paths = [
        _sampled(flow_of[key], network, end, samples)
        for key, network, end in zip(resolved, networks, ends.reshape(-1, X.shape[1]), strict=True)
    ]
    times, weights = (np.stack(part) for part in zip(*paths, strict=True))
    movement = np.stack(
        [kernel_movement(network, X, path) for network, path in zip(networks, weights, strict=True)]
    )
    shape = (len(depths), len(scales), samples)
    weights, times = weights.reshape(*shape, -1), times.reshape(shape)
    return {
        "weights": weights,
        "times": times,
        "endpoint": ends,
        "kernel_movement": movement.reshape(shape),
        "to_l2": np.abs(ends - l2).max(-1),
        "to_l1": np.abs(ends - l1).max(-1),
        "l1": l1,
        "l2": l2,
        "truth": None if problem.weights is None else np.asarray(problem.weights),
    }


def _resolved(network):
    """Depth and scale whose path the flow computes: smaller ones differ in their clock alone."""
    depth, scale = network.depth, float(network.scale)
    return depth, scale if depth == 2 else max(scale, SLACK_FLOOR ** (1 / (depth - 2)))


def _flow(resolved, X, y):
    network = DiagonalNetwork(*resolved)
    path = gradient_flow(network, X, y, _horizon(network, X, y), tolerance=_TOLERANCE)
    return np.asarray(path.times) * float(network.rate), np.asarray(path.weights)


def _sampled(flow, network, end, samples):
    """The flow at moments spread evenly, in the network's time, its last the end point."""
    times, weights = flow[0] / float(network.rate), flow[1]
    size = np.abs(end).max()
    far = np.abs(weights - end).max(1) > _CONVERGED * size
    if far[-1]:
        raise RuntimeError(
            f"the flow at depth {network.depth} and scale {float(network.scale):.3g} is still "
            f"{np.abs(weights[-1] - end).max():.1e} from its end point at time {times[-1]:.3g}"
        )
    last = np.flatnonzero(far)[-1] + 2
    times, weights = times[:last], np.vstack([weights[: last - 1], end])
    # Time counts from when the first weight shows: before, every picture is the same.
    shown = np.flatnonzero(np.abs(weights).max(1) > _CONVERGED * size)[0]
    start = min(max(shown - 1, 1), len(times) - 2)
    times, weights = times[start:], weights[start:]
    clock = np.log(times / times[0])
    way = np.append(0, np.cumsum(np.abs(np.diff(weights, axis=0)).max(1)))
    ruler = clock / clock[-1] + 2 * way / way[-1]
    at = np.interp(np.linspace(0, ruler[-1], samples - 1), ruler, np.arange(len(ruler)))
    moments = times[0] * np.exp(np.interp(at, np.arange(len(clock)), clock))
    index = np.minimum(at.astype(int), len(ruler) - 2)
    part = (at - index)[:, None]
    between = (1 - part) * weights[index] + part * weights[index + 1]
    return np.append(0, moments), np.vstack([np.zeros(len(end)), between])


def _horizon(network, X, y):
    """A time by which even the slowest direction has settled: late steps are long."""
    drive = float(np.abs(np.asarray(X.T @ y)).max())
    return (
        1e10
        * (1 - network.depth * np.log(min(float(network.scale), 1)))
        / (float(network.rate) * drive)
    )
