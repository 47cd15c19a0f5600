"""The explorable "sign-changes": labels in a row, and a class that may change sign k times."""

from itertools import product

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import ITEM, Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.stems import Marks, Stems
from implicitbias.learning.capacity import sign_change_errors

N = 16
COINS = np.random.default_rng(1).choice([-1, 1], (2, N))
LABELLINGS = {
    "one change": np.where(np.arange(N) < 6, -1, 1),
    "coins": COINS[0],
    "other coins": COINS[1],
}


def sign_changes() -> Explorable:
    r"""How well labels in a row can be fitted with at most k changes of sign, for three labellings.

    The complexity is the mean over all :math:`2^{16}` labellings.

    Returns:
        The explorable ``"sign-changes"``.
    """
    every = np.array(list(product([-1, 1], repeat=N)), dtype=np.int8)
    changes = (np.diff(every, axis=1) != 0).sum(axis=1)
    allowed = tuple(range(N))
    missed = np.asarray(sign_change_errors(every)).mean(axis=0) / N
    counts = np.array([(changes <= k).sum() for k in allowed])
    fits = np.stack([_best(every, changes, labels) for labels in LABELLINGS.values()])
    truths = np.stack(list(LABELLINGS.values()))
    over = ("labels", "changes")
    figure = Figure(
        name="sign-changes",
        title="How well labels in a row are fitted with few changes of sign",
        axes=(
            Axis(
                "changes",
                "Changes of sign",
                allowed,
                symbol="k",
                ends=("one sign for all", "any labelling"),
                start=1,
            ),
            Axis("labels", "Labels", tuple(LABELLINGS), kind="choice", start="one change"),
        ),
        arrays={
            "fit": Array(over, fits, inner=(ITEM,), step=1),
            "truth": Array(("labels",), truths, inner=(ITEM,), step=1),
            "missed": Array(over, (fits != truths[:, None]).mean(axis=-1)),
            "average": Array(("changes",), missed),
            "complexity": Array(("changes",), 1 - 2 * missed),
            "bound": Array(("changes",), np.sqrt(2 * np.log(counts) / N)),
            "count": Array(("changes",), counts),
        },
        panels=(
            Stems(
                "The best labelling with so few changes",
                "fit",
                "the best labelling of the class",
                (Marks("truth", "the labels", "ring", "ink"),),
            ),
            Curves(
                "Share of the labels that it misses",
                "Of these labels, and on average over all labellings. Drag to move k.",
                axis="changes",
                lines=(
                    Line("missed", "of these labels", "run"),
                    Line("average", "of a row of coins", "ink", dashed=True),
                ),
            ),
            Curves(
                "The complexity of the class, and a bound by counting",
                "Exact: 1 − 2 × the share of coins missed. Its bound counts the labellings.",
                axis="changes",
                lines=(
                    Line("complexity", "complexity", "ink"),
                    Line("bound", "bound by counting", "soft", dashed=True),
                ),
            ),
        ),
        reading=(
            "With k = {changes}, the class has {count} of the 65536 labellings. The best of them "
            "misses {missed} of these labels; on average over coins, {average}: the complexity is "
            "{complexity}, and counting bounds it by {bound}."
        ),
        presets=(
            Preset("Learned with one change", {"changes": 1, "labels": "one change"}),
            Preset("Coins resist", {"changes": 1, "labels": "coins"}),
            Preset("Anything fits", {"changes": 15, "labels": "coins"}),
        ),
        items=(tuple(f"label {i + 1}" for i in range(N)),),
        caption=(
            "Sixteen labels in a row and the class of labellings that change sign at most k times. "
            "The average and the complexity are over all 65536 labellings, by dynamic programming."
        ),
        alt=(
            "Labels with one change are fitted by a small class. Coins are fitted only by a class "
            "that contains nearly all labellings, whose complexity is near one."
        ),
    )
    return Explorable(figure)


def _best(every: np.ndarray, changes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """For each k, a labelling with at most k changes that misses the fewest labels."""
    missed = (every != labels).sum(axis=1)
    order = np.lexsort((changes, missed))
    return np.stack([every[order[np.argmax(changes[order] <= k)]] for k in range(N)])
