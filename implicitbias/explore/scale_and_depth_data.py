"""What the explorable of scale and depth shows of one problem, computed by the library."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import numpy as np

from implicitbias.flows import SLACK_FLOOR, gradient_flow
from implicitbias.limits import basis_pursuit, minimum_norm, scale_path
from implicitbias.parametrizations import DiagonalNetwork
from implicitbias.problems import Problem
from implicitbias.regimes import kernel_movement

_CONVERGED = 1e-3  # of the largest weight: where a path is cut, and its end point put
_TOLERANCE = 1e-5  # of a step of the flow
_PICTURED = (1e-4, 1e-5)  # small alpha^(D-2): they shift jumps by that part of their time


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
    networks = [[DiagonalNetwork(depth, scale) for scale in scales] for depth in depths]
    # Compiled programs run beside each other, one thread a core. One run goes ahead, so that they
    # are there: threads that find a program missing would each compile it.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        ahead = pool.submit(_ahead, networks[0][-1], X, y, samples)
        l1, l2 = np.asarray(basis_pursuit(X, y)), np.asarray(minimum_norm(X, y))
        found = [_ends(X, y, depth, scales) for depth in depths]
        ahead.result()
        resolved = [key for _, keys in found for key in keys]
        distinct = list(dict.fromkeys(resolved))
        flow_of = dict(zip(distinct, pool.map(lambda key: _flow(key, X, y), distinct), strict=True))

        def shown(network, key, end):
            times, weights = _sampled(flow_of[key], network, end, samples)
            return times, weights, np.asarray(kernel_movement(network, X, weights))

        ends = np.stack([ends for ends, _ in found])
        runs = pool.map(shown, chain(*networks), resolved, chain(*ends))
        times, weights, movement = (np.stack(part) for part in zip(*runs, strict=True))
    shape = (len(depths), len(scales), samples)
    return {
        "weights": weights.reshape(*shape, -1),
        "times": times.reshape(shape),
        "endpoint": ends,
        "kernel_movement": movement.reshape(shape),
        "to_l2": np.abs(ends - l2).max(-1),
        "to_l1": np.abs(ends - l1).max(-1),
        "l1": l1,
        "l2": l2,
        "truth": None if problem.weights is None else np.asarray(problem.weights),
    }


def _ahead(network, X, y, samples):
    _, weights = _flow((network.depth, float(network.scale)), X, y)
    kernel_movement(network, X, np.resize(weights, (samples, X.shape[1])))


def _ends(X, y, depth, scales):
    """End points, and for each of them depth and scale of the flow whose path leads there.

    Paths from small scales differ in their clock alone, and share a flow where they also end alike.
    """
    slacks = (*_PICTURED, SLACK_FLOOR) if depth > 2 else ()
    floors = [slack ** (1 / (depth - 2)) for slack in slacks]
    found = np.asarray(scale_path(X, y, depth, np.array([*scales, *floors])).weights)
    ends, others = np.split(found, [len(scales)])

    def pictured(scale, end):
        same = (
            floor
            for floor, other in zip(floors, others, strict=True)
            if scale < floor and np.abs(end - other).max() <= _CONVERGED / 2 * np.abs(end).max()
        )
        return depth, next(same, scale)

    return ends, [pictured(scale, end) for scale, end in zip(scales, ends, strict=True)]


def _flow(key, X, y):
    network = DiagonalNetwork(*key)
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
    drive = float(np.abs(np.asarray(y) @ np.asarray(X)).max())
    return (
        1e10
        * (1 - network.depth * np.log(min(float(network.scale), 1)))
        / (float(network.rate) * drive)
    )
