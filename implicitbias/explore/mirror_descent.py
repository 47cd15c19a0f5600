"""The explorable "mirror-descent": what two geometries pay when every weight is pushed."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import ITEM, Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.mirror_descent_data import (
    COUNTS,
    DIMENSIONS,
    ROUNDS,
    Held,
    crossing_of_bounds,
    read,
)
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.heatmap import HeatMap
from implicitbias.explore.panels.stems import Stems
from implicitbias.explore.text import Clause

_AGREE, _DIFFER, _NONE = 0, 1, 2
_ADDITIVE, _MULTIPLICATIVE = 0, 1
_NOWHERE = 1e-3
"""For a crossing that there is not."""


def mirror_descent(held: Held | None = None) -> Explorable:
    """Regret of gradient descent and of the hypentropy, by dimension, sparsity and rounds.

    Args:
        held: the games. By default those that come with the library, which ``tools/sweeps.py``
            makes.

    Returns:
        The explorable ``"mirror-descent"``.
    """
    return Explorable(figure(read() if held is None else held))


def figure(held: Held) -> Figure:
    """What the explorable shows of computed games."""
    over = ("dimension", "count", "rounds")
    (paid, other), (bound, other_bound) = held.regrets, held.bounds
    forbidden = np.asarray(COUNTS)[None, :] > np.asarray(DIMENSIONS)[:, None]
    predicted, measured = crossing_of_bounds() * np.asarray(DIMENSIONS), crossings(paid, other)
    best, expected = other < paid, other_bound < bound
    verdict = np.where(best == expected, _AGREE, _DIFFER)
    verdict[forbidden] = _NONE
    crosses = np.where(predicted[:, None] > 1, measured > _NOWHERE, False)
    grey = "Grey: more weights than there are. "
    clause = {"verdict": (_NONE,)}
    return Figure(
        name="mirror-descent",
        title="What two geometries pay, by dimension, sparsity and rounds",
        axes=(
            Axis("dimension", "Weights", DIMENSIONS, symbol="d", log=True, start=1024),
            Axis("count", "Weights of the target", COUNTS, symbol="s", log=True, start=4),
            Axis("rounds", "Rounds", ROUNDS, symbol="T", log=True, start=1024),
        ),
        arrays={
            "gain": Array(over, np.log2(paid / other), step=0.01),
            "regret": Array(over, paid, step=1e-3, log=True),
            "bound": Array(over, bound, step=1e-3, log=True),
            "other": Array(over, other, step=1e-3, log=True),
            "other_bound": Array(over, other_bound, step=1e-3, log=True),
            "predicted": Array(("dimension",), predicted, step=1e-3, log=True),
            "measured": Array(("dimension", "rounds"), measured, step=1e-3, log=True),
            "expected": Array(
                ("dimension",),
                np.where(predicted < 10, np.round(predicted, 1), np.round(predicted)),
            ),
            "forbidden": Array(over, np.broadcast_to(forbidden[..., None], paid.shape), step=1),
            "verdict": Array(over, verdict, step=1),
            "best": Array(over, best, step=1),
            "crosses": Array(("dimension", "rounds"), crosses, step=1),
            "shares": Array(over, _shares(held), (ITEM,), step=0.1),
        },
        panels=(
            HeatMap(
                "Who pays less",
                "Drag the marker. Its number is log₂ of gradient descent’s regret over the "
                "hypentropy’s.",
                "dimension",
                "count",
                "gain",
                ((-3.0, "gradient descent pays less", "kernel"), (3.0, "hypentropy", "rich")),
                guides=(Line("predicted", "where the bounds cross", "ink", dashed=True),),
                forbidden=("forbidden", "more than there are"),
            ),
            Stems("Where it is paid, in per cent of each regret", "shares", "what is paid"),
            Curves(
                "Regret a round against the number of weights",
                grey,
                axis="dimension",
                lines=_LINES[::2],
                floor=1e-4,
                bands="forbidden",
                band_labels=((1, "fewer than s", "soft"),),
            ),
            Curves(
                "Regret a round against the rounds",
                "Dashed: the bounds. The step is the best one for so many rounds.",
                axis="rounds",
                lines=_LINES,
                floor=1e-4,
            ),
        ),
        reading=(
            Clause("There are only {dimension} weights for a target of {count}.", when=clause),
            Clause(
                "Of d = {dimension} weights the target has {count}. In {rounds} rounds gradient "
                "descent pays {regret} a round more than the target (bound {bound}), the "
                "hypentropy {other} (bound {other_bound}): ",
                unless=clause,
            ),
            Clause(
                "the hypentropy is better",
                when={"best": (_MULTIPLICATIVE,)},
                unless=clause,
            ),
            Clause("gradient descent is better", when={"best": (_ADDITIVE,)}, unless=clause),
            Clause(", as the bounds say. ", when={"verdict": (_AGREE,)}),
            Clause(", though the bounds say otherwise. ", when={"verdict": (_DIFFER,)}),
            Clause(
                "At this d the bounds cross at s = {expected}, and the regrets near {measured}.",
                when={"crosses": (1,)},
                unless=clause,
            ),
        ),
        presets=(
            Preset(
                "One in a thousand",
                {"dimension": 1024, "count": 1, "rounds": 1024},
            ),
            Preset(
                "On the border",
                {"dimension": 1024, "count": 128, "rounds": 4096},
            ),
            Preset(
                "Every weight counts",
                {"dimension": 64, "count": 64, "rounds": 4096},
            ),
        ),
        items=(
            (
                "descent, target",
                "descent, others",
                "hypentropy, target",
                "hypentropy, others",
            ),
        ),
        caption=(
            "In every round an adversary pushes each of d weights by 1 towards a target with s "
            "weights of 1/s, and the learner pays the ℓ₁ distance. Both geometries start from "
            "zero, with the step that is best for the bound; the hypentropy has β = 1/d and stays "
            "in the ℓ₁ ball of radius 5/4. Where the regrets cross is interpolated. The "
            "target’s weights cost on the way and when they swing, the others when they swing."
        ),
        alt=(
            "With few weights in the target the hypentropy pays less, with many gradient descent; "
            "the regrets cross near the place where the bounds cross, at about one weight in nine."
        ),
    )


_LINES = (
    Line("regret", "gradient descent", "kernel"),
    Line("bound", "", "kernel", dashed=True),
    Line("other", "hypentropy", "rich"),
    Line("other_bound", "", "rich", dashed=True),
)


def crossings(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """At which number of target weights two regrets (dimension, count, rounds) are equal."""
    found = np.full((len(DIMENSIONS), len(ROUNDS)), _NOWHERE)
    for i, d in enumerate(DIMENSIONS):
        allowed = np.log2([count for count in COUNTS if count <= d])
        for j in range(len(ROUNDS)):
            lead = np.log(second[i, : len(allowed), j] / first[i, : len(allowed), j])
            above = np.flatnonzero((lead[:-1] < 0) & (lead[1:] >= 0))
            if above.size:
                k = above[-1]
                part = lead[k] / (lead[k] - lead[k + 1])
                found[i, j] = 2 ** (allowed[k] + part * (allowed[k + 1] - allowed[k]))
    return found


def _shares(held: Held) -> np.ndarray:
    """What part of each regret is paid on the target's weights, and on the others, in per cent."""
    others = 100 * held.others / held.regrets
    return np.stack([100 - others[0], others[0], 100 - others[1], others[1]], axis=-1)
