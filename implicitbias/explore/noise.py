"""The explorable "noise": what step size and batch size do to the scale, and to what is found."""

from collections.abc import Sequence

import numpy as np

from implicitbias.descent import Descent, Diverged, stochastic_gradient_descent
from implicitbias.explore.array import Array
from implicitbias.explore.axis import ITEM, Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.heatmap import HeatMap
from implicitbias.explore.panels.stems import Marks, Stems
from implicitbias.explore.text import Clause
from implicitbias.limits import interpolator
from implicitbias.parametrizations import DiagonalNetwork
from implicitbias.problems import Problem, sparse_regression
from implicitbias.regimes import effective_start

SCALE = 0.1
STEPS = 10.0 ** (np.arange(-25, -11) / 8)
BATCHES = (1, 2, 5, 20)
SEEDS = range(16)

_TIME, _LEAST = 10.0, 3000  # of a run: flow time, and at least so many steps
_CONVERGED = 1e-2  # of the loss at the start: more at the end is called divergence, too


def noise(
    problem: Problem | None = None,
    *,
    steps: Sequence[float] = tuple(STEPS),
    batches: Sequence[int] = BATCHES,
    seeds: Sequence[int] = SEEDS,
) -> Explorable:
    r"""Stochastic gradient descent from scale 0.1, by step size and batch size.

    Args:
        problem: data with known weights; the sparse regression of the chapter by default.
        steps: step sizes, increasing.
        batches: batch sizes, of which the last should be that of all samples.
        seeds: of the runs that are averaged.

    Returns:
        The explorable ``"noise"``.
    """
    problem = sparse_regression(20, 40, 4, seed=0) if problem is None else problem
    found = noise_data(problem, steps, batches, seeds)
    flow, truth = found["flow"], np.asarray(problem.weights)
    flow_error = float(np.linalg.norm(flow - truth))
    full, over = len(problem.y), ("step", "batch")
    grey = "Grey: some of the runs diverge. "
    figure = Figure(
        name="noise",
        title="What stochastic gradient descent finds, by step size and batch size",
        axes=(
            Axis(
                "step",
                "Step size",
                tuple(steps),
                symbol="η",
                log=True,
                ends=("small: gradient flow", "large"),
                start=_nearest(steps, 3.2e-3),
            ),
            Axis("batch", "Batch size", tuple(batches), kind="choice", symbol="B", start=1),
        ),
        arrays={
            "weights": Array(over, found["weights"], inner=(ITEM,), step=1e-3),
            "part": Array(over, found["scale"] / SCALE, inner=(ITEM,), step=1e-3),
            "error": Array(over, found["error"]),
            "spread": Array(over, found["spread"]),
            "change": Array(over, 100 * (found["error"] / flow_error - 1), step=0.1),
            "on": Array(over, _mean(found["scale"][..., truth != 0])),
            "off": Array(over, _mean(found["scale"][..., truth == 0])),
            "diverged": Array(over, found["diverged"], step=1),
            "flow_error": Array(("step",), np.full(len(steps), flow_error)),
            "flow": Array((), flow, inner=(ITEM,)),
            "ones": Array((), np.ones(len(flow)), inner=(ITEM,)),
            "support": Array((), truth != 0, inner=(ITEM,)),
            "truth": Array((), truth, inner=(ITEM,)),
        },
        panels=(
            HeatMap(
                "Nearer to the truth than gradient flow, or farther",
                "Drag the marker. Its number is the change of the error in per cent.",
                "step",
                "batch",
                "change",
                ((-50.0, "nearer to the truth", "rich"), (50.0, "farther", "kernel")),
                forbidden=("diverged", "diverges"),
            ),
            Stems(
                _titled("The weights that are found, mean of all runs", "none, runs diverge"),
                "weights",
                "stochastic gradient descent",
                (
                    Marks("flow", "gradient flow", "tick", "soft"),
                    Marks("truth", "the true weights", "ring", "ink"),
                ),
            ),
            Stems(
                _titled(
                    "The effective scale of each weight, as a part of α",
                    "at the largest step that converges",
                ),
                "part",
                "geometric mean of all runs",
                (
                    Marks("ones", "gradient flow", "tick", "soft"),
                    Marks("support", "the true weights", "ring", "ink"),
                ),
            ),
            Curves(
                "Error of the weights, at this batch size",
                grey + "Mean of all runs, and gradient flow from the same scale.",
                axis="step",
                lines=(
                    Line("error", "stochastic gradient descent", "run"),
                    Line("flow_error", "gradient flow", "soft", dashed=True),
                ),
                bands="diverged",
                band_labels=((1, "diverges", "soft"),),
            ),
            Curves(
                "Effective scale, at this batch size",
                grey + "Geometric means over weights and runs.",
                axis="step",
                lines=(
                    Line("on", "of the true weights", "ink"),
                    Line("off", "of the others", "rich", dashed=True),
                ),
                floor=1e-6,
                bands="diverged",
                band_labels=((1, "diverges", "soft"),),
            ),
        ),
        reading=(
            Clause("At η = {step} with batches of {batch}, runs diverge.", when={"diverged": (1,)}),
            Clause(
                "At η = {step} with batches of {batch}, the weights end {error} ± {spread} from "
                "the truth, ",
                when={"diverged": (0,), "batch": tuple(b for b in batches if b < full)},
            ),
            Clause(
                "At η = {step} with all samples in every batch, the weights end {error} from the "
                "truth, ",
                when={"diverged": (0,), "batch": (full,)},
            ),
            Clause(
                f"gradient flow {flow_error:.2f}. The effective scale, α = {SCALE} at the start, "
                "is {on} for the true weights and {off} for the others.",
                when={"diverged": (0,)},
            ),
        ),
        presets=(
            Preset("Noise helps", {"step": _nearest(steps, 3.2e-3), "batch": batches[0]}),
            Preset("The same step without noise", {"step": _nearest(steps, 3.2e-3), "batch": full}),
            Preset("The edge of stability", {"step": _nearest(steps, 2.4e-2), "batch": full}),
        ),
        items=(tuple(f"w{j + 1}" for j in range(len(truth))),),
        caption=(
            "A diagonal network of depth 2 and scale α = 0.1, trained on the sparse regression "
            f"with 20 samples and 40 weights, {len(seeds)} runs for each setting. The effective "
            "scale of a weight is the root of |uᵢvᵢ| at the end: gradient flow conserves it. The "
            "error is the Euclidean distance from the true weights."
        ),
        alt=(
            "With small batches, larger steps shrink the scales of all weights alike and the "
            "weights come nearer to the truth. With all samples in every batch, larger steps "
            "shrink the scales of the true weights most, and the weights end farther from the "
            "truth."
        ),
    )
    return Explorable(figure)


def _titled(title: str, diverged: str) -> tuple[Clause, ...]:
    return Clause(title), Clause(f": {diverged}", when={"diverged": (1,)})


def noise_data(
    problem: Problem, steps: Sequence[float], batches: Sequence[int], seeds: Sequence[int]
) -> dict[str, np.ndarray]:
    """Means over the seeds, of the runs for E step sizes and B batch sizes.

    - `weights` (E, B, d), the arithmetic mean, and `scale` (E, B, d), the geometric mean of the
      effective scales; where runs diverge, zero and the last scale before.
    - `error` (E, B), the mean distance from the true weights, and `spread`, its standard deviation;
      where runs diverge, the last ones before.
    - `diverged` (E, B), 0 or 1. `flow` (d), where gradient flow ends.
    """
    X, y, truth = problem
    network = DiagonalNetwork(2, SCALE)
    columns = []
    for batch in batches:
        rows = []
        for step in steps:
            run = _run(network, problem, step, batch, seeds if batch < len(y) else seeds[:1])
            if run is None and not rows:
                raise ValueError(f"steps must start with one that converges, found {step}")
            if run is None:
                rows.append({**rows[-1], "weights": np.zeros(X.shape[1]), "diverged": 1})
                continue
            weights = np.asarray(run.weights[:, -1])
            errors = np.linalg.norm(weights - truth, axis=1)
            scales = np.asarray(effective_start(run, X).scale)
            rows.append(
                {
                    "weights": weights.mean(0),
                    "scale": np.exp(np.log(scales).mean(0)),
                    "error": errors.mean(),
                    "spread": errors.std(),
                    "diverged": 0,
                }
            )
        columns.append({name: np.stack([row[name] for row in rows]) for name in rows[0]})
    data = {name: np.stack([column[name] for column in columns], 1) for name in columns[0]}
    return data | {"flow": np.asarray(interpolator(X, y, network.potential()).weights)}


def _run(network, problem, step, batch, seeds) -> Descent | None:
    """Runs side by side to the end of training; None if one of them does not get there."""
    count = max(_LEAST, round(_TIME / step))
    try:
        run = stochastic_gradient_descent(
            network, problem.X, problem.y, step, count, batch_size=batch, seed=list(seeds)
        )
    except Diverged:
        return None
    start = 0.5 * np.sum(np.square(problem.y))
    return run if np.all(run.losses < _CONVERGED * start) else None


def _mean(scales: np.ndarray) -> np.ndarray:
    return np.exp(np.log(scales).mean(-1))


def _nearest(values: Sequence[float], value: float) -> float:
    return min(values, key=lambda other: abs(np.log(other / value)))
