"""The explorable "stochastic": who learns a mean with missing entries, and who only fits it."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import ITEM, Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.images import Images
from implicitbias.explore.panels.stems import Marks, Stems
from implicitbias.explore.text import Clause
from implicitbias.learning import (
    MaskedMean,
    expected_erm_risk,
    expected_regularized_risk,
    expected_sgd_risk,
    masked_descent,
    masked_erm,
    masked_mean,
    one_pass_sgd,
    optimistic_bound,
)

SAMPLES = tuple(range(2, 13))
FEATURES = tuple(2**k for k in range(5, 15))
STEPS = tuple(10 ** (k / 2) for k in range(11))
STEP_SIZE = 0.5
TILT = 1e-3

ERM, PASS, REGULARIZED, DESCENT = (
    "exact ERM",
    "one pass of SGD",
    "regularised ERM",
    "gradient descent",
)
_SHOWN = 32
_FLOOR = 1e-4
_LINES = (
    Line("erm", "ERM", "rich"),
    Line("bound", "bound for one pass", "ink", dashed=True),
    Line("shrunk", "regularised ERM", "kernel", dashed=True),
    Line("once", "one pass", "run"),
)


def penalty(samples: int) -> float:
    """Of regularised ERM: the best for losses 1.5-Lipschitz and weights of norm at most 1."""
    return 1.5 * np.sqrt(2 / samples)


def stochastic(
    *,
    samples: Sequence[int] = SAMPLES,
    features: Sequence[int] = FEATURES,
    steps: Sequence[float] = STEPS,
    seed: int = 1,
) -> Explorable:
    """ERM, regularised ERM, one pass of SGD and gradient descent on a mean with missing entries.

    Args:
        samples: numbers of samples, increasing.
        features: numbers of coordinates, increasing, 32 at least.
        steps: numbers of steps of gradient descent, increasing; rounded.
        seed: of the masks. Smaller problems are parts of the largest one.

    Returns:
        The explorable ``"stochastic"``.
    """
    return Explorable(figure(samples, features, steps, seed))


def figure(
    samples: Sequence[int], features: Sequence[int], steps: Sequence[float], seed: int
) -> Figure:
    """What the explorable shows."""
    whole = masked_mean(max(samples), max(features), tilt=TILT, seed=seed)
    masks = np.asarray(whole.masks)
    problems = [[whole._replace(masks=masks[:n, :d]) for d in features] for n in samples]
    orders = [[shown_coordinates(problem.seen) for problem in row] for row in problems]
    once = [_one_pass(row[-1]) for row in problems]
    sides = np.sqrt(max(features) / np.asarray(features))

    def weights(method: str, i: int, j: int, count: int) -> np.ndarray:
        problem = problems[i][j]
        if method == PASS:  # coordinates do not interact, and all scale as one over the root of d
            return once[i][: features[j]] * sides[j]
        if method == DESCENT:
            return np.asarray(masked_descent(problem, count))
        return np.asarray(
            masked_erm(problem, penalty(samples[i]) if method == REGULARIZED else 0.0)
        )

    counts = [round(count) for count in steps]
    cells = [(i, j) for i in range(len(samples)) for j in range(len(features))]
    shape = (len(samples), len(features), len(steps))
    shown, risks = [], []
    for method in (ERM, PASS, REGULARIZED, DESCENT):
        stems, risk = np.zeros((*shape, _SHOWN)), np.zeros(shape)
        for i, j in cells:
            for k, count in enumerate(counts):
                if k and method != DESCENT:
                    stems[i, j, k], risk[i, j, k] = stems[i, j, 0], risk[i, j, 0]
                    continue
                found = weights(method, i, j, count)
                stems[i, j, k] = found[orders[i][j]]
                risk[i, j, k] = problems[i][j].excess_risk(found)
        shown.append(stems)
        risks.append(risk)

    def over_both(value) -> np.ndarray:
        return np.array([[value(n, d) for d in features] for n in samples])

    never = over_both(lambda n, d: 0)
    for i, j in cells:
        never[i, j] = int((problems[i][j].seen == 0).sum())
    norm, zero = whole.norm, float(whole.excess_risk(np.zeros(max(features))))
    over = ("method", "samples", "features", "steps")
    few, many = (
        {"features": min(features)},
        {
            "samples": _near(samples, 6),
            "features": _near(features, 1024),
        },
    )
    return Figure(
        name="stochastic",
        title="Four ways to learn a mean with missing entries",
        axes=(
            Axis(
                "method",
                "Learner",
                (ERM, PASS, REGULARIZED, DESCENT),
                kind="choice",
                start=ERM,
            ),
            Axis("samples", "Samples", tuple(samples), symbol="n", start=_near(samples, 6)),
            Axis(
                "features",
                "Coordinates",
                tuple(features),
                symbol="d",
                log=True,
                ends=("every one is seen", "some are never seen"),
                start=_near(features, 256),
            ),
            Axis(
                "steps",
                "Steps of gradient descent",
                tuple(counts),
                symbol="T",
                log=True,
                start=_near(counts, 100),
                when={"method": (DESCENT,)},
            ),
        ),
        arrays={
            "weights": Array(over, tuple(shown), inner=(ITEM,), step=1 / 2000),
            "risk": Array(over, tuple(risks), step=0.004, log=True),
            "truth": Array(
                ("features",),
                np.array([np.full(_SHOWN, (norm + 2 * TILT) / np.sqrt(d)) for d in features]),
                inner=(ITEM,),
                step=1 / 4000,
            ),
            "masks": Array(
                ("samples", "features"),
                np.array(
                    [
                        [
                            _picture(problems[i][j], orders[i][j], max(samples))
                            for j in range(shape[1])
                        ]
                        for i in range(shape[0])
                    ]
                ),
                inner=("image", "row", "column"),
                step=0.5,
            ),
            "never": Array(("samples", "features"), never, step=1),
            "erm": Array(("samples", "features"), over_both(expected_erm_risk)),
            "once": Array(
                ("samples", "features"),
                over_both(lambda n, d: expected_sgd_risk(n, STEP_SIZE, norm=norm).average),
            ),
            "shrunk": Array(
                ("samples", "features"),
                over_both(lambda n, d: expected_regularized_risk(n, penalty(n), norm)),
            ),
            "bound": Array(
                ("samples", "features"), over_both(lambda n, d: optimistic_bound(n, norm, 1.0))
            ),
            "descent": Array(("samples", "features", "steps"), risks[-1], step=0.004, log=True),
            "idle": Array(("steps",), np.full(len(steps), zero)),
        },
        panels=(
            Images(
                "The samples",
                "A row a sample, a column a coordinate: the 16 least seen, and 16 of the others. "
                "Blue: seen. Orange: a coordinate that no sample has seen.",
                "masks",
                ("",),
            ),
            Stems(
                "The weights of these coordinates",
                "weights",
                "what the learner found",
                (Marks("truth", "the truth", "tick", "ink"),),
            ),
            Curves(
                "Excess risk against the number of coordinates",
                "Expected over all samples, as the tilt vanishes. Regularised ERM is a flat line, "
                "too. Drag to move d.",
                axis="features",
                lines=tuple(line for line in _LINES if line.array != "shrunk"),
                floor=_FLOOR,
            ),
            Curves(
                "Excess risk against the number of samples",
                "Expected over all samples, as the tilt vanishes. Drag to move n.",
                axis="samples",
                lines=_LINES,
                floor=_FLOOR,
            ),
            Curves(
                "Gradient descent on the training error, by its number of steps",
                "On these samples.",
                axis="steps",
                lines=(
                    Line("descent", "gradient descent", "run"),
                    Line("idle", "weights zero", "ink", dashed=True),
                ),
                floor=_FLOOR,
            ),
        ),
        reading=(
            Clause(
                "With n\u00a0=\u00a0{samples} samples of d\u00a0=\u00a0{features} coordinates, "
            ),
            Clause("every coordinate is seen. ", when={"never": (0,)}),
            Clause("one coordinate is never seen. ", when={"never": (1,)}),
            Clause("{never} coordinates are never seen. ", unless={"never": (0, 1)}),
            Clause("The minimiser of the training error has ", when={"method": (ERM,)}),
            Clause("One pass of SGD has ", when={"method": (PASS,)}),
            Clause("The minimiser with a penalty has ", when={"method": (REGULARIZED,)}),
            Clause("After {steps} steps gradient descent has ", when={"method": (DESCENT,)}),
            Clause(f"an excess risk of {{risk}}. Weights that are zero have {zero:.3f}."),
        ),
        presets=(
            Preset("All is seen", {**few, "method": ERM, "samples": _near(samples, 10)}),
            Preset("Fits, and fails", {**many, "method": ERM}),
            Preset("One pass", {**many, "method": PASS}),
            Preset("Descent, in time", {**many, "method": DESCENT, "steps": _near(counts, 100)}),
            Preset("Descent, too long", {**many, "method": DESCENT, "steps": max(counts)}),
        ),
        items=(tuple(f"coordinate {k + 1}" for k in range(_SHOWN)),),
        caption=(
            "A sample shows each entry of an unknown vector of length ½ with probability ½, in the "
            "unit ball. A tilt of 10⁻³ makes the minimiser of the training error unique. SGD takes "
            "steps of ½, gradient descent steps of 1, regularised ERM the penalty of its theorem. "
            "All minimisers are closed forms, all expectations exact; excess risks below 10⁻⁴ lie "
            "on the lower edge."
        ),
        alt=(
            "As soon as there are more coordinates than two to the number of samples, exact ERM "
            "puts its weight on coordinates that no sample has seen, and its risk is larger than "
            "that of zero weights. The risks of one pass of SGD and of regularised ERM do not "
            "depend on the number of coordinates. Gradient descent is good until it has run for "
            "thousands of steps."
        ),
    )


def shown_coordinates(seen: np.ndarray) -> np.ndarray:
    """Sixteen coordinates that are seen least, and as many spread over the others, in order."""
    order = np.argsort(seen, kind="stable")
    half = _SHOWN // 2
    return order[np.append(np.arange(half), np.linspace(half, len(order) - 1, half).astype(int))]


def _one_pass(problem: MaskedMean) -> np.ndarray:
    start = jnp.zeros(problem.masks.shape[1])
    return np.asarray(_run(problem, start))


@jax.jit
def _run(problem: MaskedMean, start):
    return one_pass_sgd(problem.gradient, problem.masks, start, STEP_SIZE, radius=1.0).average


def _picture(problem: MaskedMean, order: np.ndarray, rows: int) -> np.ndarray:
    """Seen or not, by sample and coordinate, and whole columns that are never seen."""
    masks = np.asarray(problem.masks)[:, order]
    picture = np.zeros((1, rows, len(order)))
    picture[0, : len(masks)] = np.where(masks.any(axis=0), masks, -1.0)
    return picture


def _near(values: Sequence[float], value: float) -> float:
    return min(values, key=lambda other: abs(np.log(other / value)))
