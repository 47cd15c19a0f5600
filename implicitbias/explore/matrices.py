"""The explorable "matrices": completing a matrix of low rank, by scale, depth and time."""

from dataclasses import replace

import numpy as np
from scipy.interpolate import PchipInterpolator

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.images import Images
from implicitbias.explore.panels.spectrum import Spectrum
from implicitbias.explore.scale_axis import scale_axis
from implicitbias.explore.text import Clause
from implicitbias.explore.time_axis import time_axis
from implicitbias.matrices import effective_rank, matrix_flow, minimum_nuclear_norm
from implicitbias.parametrizations import DeepFactorization
from implicitbias.problems import MatrixProblem, matrix_completion

STARTS = np.logspace(-6, 1, 15)
DEPTHS = (2, 3, 4)
SAMPLES = 24

_TOLERANCE = 1e-8  # of a step of the flow
_SHOWS = 1e-3  # of its last size: where a matrix is first seen
_TRAINED = 1e-8  # of the first loss: where a path is cut
_FINE = 4000  # moments between which the way is measured
_HORIZON = 3e4  # in units of the time in which the network leaves its start
# Resolutions: less than a pixel, or three digits.
_ENTRY, _LOG_VALUE, _LOG_TIME, _LOG_ERROR, _NUMBER = 1 / 100, 0.01, 0.005, 2e-4, 2e-3


def matrices(problem: MatrixProblem | None = None) -> Explorable:
    """Deep factorisations, trained from several scales to complete a matrix.

    Args:
        problem: some entries of a square matrix. By default those of the chapter.

    Returns:
        The explorable ``"matrices"``.
    """
    problem = matrix_completion(6, 2, 24, seed=12) if problem is None else problem
    A, truth = np.asarray(problem.measurements), np.asarray(problem.matrix)
    seen = A.sum(0) != 0
    least = np.asarray(minimum_nuclear_norm(A, problem.targets))
    least_norm = np.linalg.norm(least, "nuc")
    runs = [[_run(problem, depth, start ** (1 / depth)) for start in STARTS] for depth in DEPTHS]
    times, paths = (np.array([[run[k] for run in row] for row in runs]) for k in (0, 1))
    values = np.linalg.svd(paths, compute_uv=False)
    shown = [np.broadcast_to(image, paths.shape) for image in (truth, truth * seen)]
    pictures = np.stack([*shown, paths, np.broadcast_to(least, paths.shape)], axis=3)

    def off(W: np.ndarray) -> np.ndarray:
        return np.sqrt(((W - truth)[..., ~seen] ** 2).mean(-1))

    def everywhere(value: float | np.ndarray) -> Array:
        return Array(("scale",), np.full(len(STARTS), value))

    now, end = ("depth", "scale", "time"), ("depth", "scale")
    error, rank, nuclear = off(paths), _ranks(paths), values.sum(-1)
    figure = Figure(
        name="matrices",
        title="Completing a matrix by a deep factorisation, by scale, depth and time",
        axes=(
            replace(
                scale_axis(tuple(STARTS), start=1e-4),
                label="Scale of the product at the start",
                symbol="αᴺ",
            ),
            Axis("depth", "Depth", DEPTHS, kind="choice", symbol="N", start=2),
            time_axis(SAMPLES, reads="times", end="trained"),
        ),
        arrays={
            "pictures": Array(
                now, pictures, inner=("image", "row", "column"), step=_ENTRY * abs(truth).max()
            ),
            "values": Array(now, values, inner=("mode",), step=_LOG_VALUE, log=True),
            "times": Array(now, times, step=_LOG_TIME, log=True),
            "error_now": Array(now, error, step=_LOG_ERROR, log=True),
            "rank_now": Array(now, rank, step=_NUMBER),
            "nuclear_now": Array(now, nuclear, step=_NUMBER),
            "error": Array(end, error[..., -1], step=_LOG_ERROR, log=True),
            "rank": Array(end, rank[..., -1], step=_NUMBER),
            "excess": Array(end, nuclear[..., -1] - least_norm, step=_LOG_ERROR, log=True),
            "least_error": everywhere(off(least)),
            "zero_error": everywhere(off(0 * least)),
            "least_rank": everywhere(float(effective_rank(least))),
            "true_rank": everywhere(float(effective_rank(truth))),
            "least_nuclear": Array((), least_norm),
            "true_excess": everywhere(float(np.linalg.norm(truth, "nuc") - least_norm)),
        },
        panels=(
            Images(
                "The matrix",
                "Blue entries are positive, orange ones negative.",
                "pictures",
                (
                    "the truth, of rank two",
                    "what was seen of it",
                    "this network now",
                    "least nuclear norm",
                ),
            ),
            Spectrum(
                "Its singular values during training",
                "The largest first.",
                "values",
                "times",
                "σ",
                1e-5,
            ),
            Curves(
                "How wrong the hidden entries are",
                "Root mean square, at the end. Drag to move the scale.",
                axis="scale",
                lines=(
                    Line("error", "this network", "run"),
                    Line("least_error", "least nuclear norm", "rich", dashed=True),
                    Line("zero_error", "least Frobenius norm", "kernel", dashed=True),
                ),
                floor=1e-5,
            ),
            Curves(
                "Its effective rank",
                "A number between one and the rank, at the end.",
                axis="scale",
                lines=(
                    Line("rank", "this network", "run"),
                    Line("least_rank", "least nuclear norm", "rich", dashed=True),
                    Line("true_rank", "the truth", "ink", dashed=True),
                ),
            ),
            Curves(
                "How far its nuclear norm is above the least",
                "The nuclear norm is the sum of the singular values, here at the end.",
                axis="scale",
                lines=(
                    Line("excess", "this network", "run"),
                    Line("true_excess", "the truth", "ink", dashed=True),
                ),
                floor=1e-3,
            ),
        ),
        reading=(
            Clause("From αᴺ = {scale} at depth {depth}, training ends ", when={"time": (100.0,)}),
            Clause(
                "From αᴺ = {scale} at depth {depth}, after time t = {times}, the network is ",
                unless={"time": (100.0,)},
            ),
            Clause(
                "at effective rank {rank_now} and nuclear norm {nuclear_now} (the least that fits "
                "is {least_nuclear}). The hidden entries are off by {error_now}."
            ),
        ),
        presets=(
            Preset("It leaves them zero", {"scale": 10.0, "depth": 2, "time": 100.0}),
            Preset("One value at a time", {"scale": 1e-6, "depth": 3, "time": 50.0}),
            Preset("The truth", {"scale": 1e-6, "depth": 3, "time": 100.0}),
        ),
        caption=(
            "Gradient flow on the difference of two products of N square matrices, every factor αI "
            "at the start, on 24 of the 36 entries of a matrix of rank two, until the loss is 10⁻⁸ "
            "of what it was. The least nuclear norm is certified by convex duality."
        ),
        alt=(
            "From a large scale, hidden entries stay zero. From a small one singular values grow "
            "one after the other, and at depth three and four the matrix is completed exactly, "
            "which the matrix of least nuclear norm does not do."
        ),
    )
    return Explorable(figure)


def _run(problem: MatrixProblem, depth: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Moments "SAMPLES", spread evenly over what is to be seen, and the matrices there."""
    drive = np.linalg.norm(np.tensordot(problem.targets, problem.measurements, 1), 2)
    growth = min(1.0, scale) if depth > 2 else 1.0
    leaves = max(1.0, np.log(1 / scale)) / (drive * growth ** (depth - 2) * max(1.0, scale) ** 2)
    path = matrix_flow(
        DeepFactorization(depth, scale),
        problem.measurements,
        problem.targets,
        _HORIZON * leaves,
        tolerance=_TOLERANCE,
    )
    times, states, losses = map(np.asarray, path)
    if not losses[-1] < _TRAINED * losses[0]:
        raise RuntimeError(
            f"at depth {depth} and scale {scale:.3g} the loss is still {losses[-1]:.1e} at time "
            f"{times[-1]:.3g}"
        )
    # From when the matrix shows to when it is trained, evenly over the logarithm of time and over
    # the way it goes. Nothing may hang on where the solver's steps fall: machines differ in them.
    clock, states = np.log(times[1:]), states[1:]
    between = PchipInterpolator(clock, states)
    trained = _crossed(clock, losses[1:], _TRAINED * losses[0])
    size = np.linalg.norm(states, axis=(1, 2))
    shows = _crossed(clock, size, _SHOWS * float(np.linalg.norm(between(trained))))
    fine = np.linspace(shows, trained, _FINE)
    steps = np.linalg.norm(np.diff(between(fine), axis=0), axis=(1, 2))
    way = np.append(0, np.cumsum(steps))
    ruler = np.linspace(0, 1, _FINE) + 2 * way / way[-1]
    moments = np.interp(np.linspace(0, ruler[-1], SAMPLES - 1), ruler, fine)
    return np.append(0, np.exp(moments)), np.concatenate([0 * states[:1], between(moments)])


def _crossed(clock: np.ndarray, values: np.ndarray, level: float) -> float:
    """When positive values first cross a level, their logarithm being linear between moments."""
    above = values > level
    k = int(np.flatnonzero(above != above[0])[0])
    ends = np.log(values[k - 1 : k + 1] / level)
    return clock[k - 1] + (clock[k] - clock[k - 1]) * ends[0] / (ends[0] - ends[1])


def _ranks(paths: np.ndarray) -> np.ndarray:
    """The effective rank, and 0 for the zero matrix of the start."""
    ranks = np.zeros(paths.shape[:-2])
    some = np.linalg.norm(paths, axis=(-2, -1)) > 0
    ranks[some] = effective_rank(paths[some])
    return ranks
