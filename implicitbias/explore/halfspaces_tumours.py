"""The explorable "halfspaces-tumours": one phase and two on tumours with flipped labels."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.halfspaces_tumours_data import CHOSEN, FEATURES, SEEDS, SHARES, read
from implicitbias.explore.panels.plane import Bars, Extent, Outline, Plane, Points
from implicitbias.explore.text import Clause

_PARTS = ("test", "train")
_PHASES = ("one", "two")
_APART = 0.0015  # in the share, so that the bars of the two phases do not cover each other


def halfspaces_tumours(wrong: np.ndarray | None = None) -> Explorable:
    """Errors of one phase and of two on breast-cancer data, by the share of flipped labels.

    Args:
        wrong: the sweep, (features, how labels are chosen, share, split, test or training, phase).
            By default that which comes with the library, which ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"halfspaces-tumours"``.
    """
    return Explorable(figure(read() if wrong is None else wrong))


def figure(wrong: np.ndarray) -> Figure:
    """What the explorable shows of a sweep."""
    place, over = ("features", "chosen"), ("features", "chosen", "share")
    mean, error = wrong.mean(axis=3), wrong.std(axis=3, ddof=1) / len(SEEDS) ** 0.5
    shares, arrays = np.array(SHARES), {}
    for i, part in enumerate(_PARTS):
        here = np.empty((*mean.shape[:3], 2, 2))
        for j, phase in enumerate(_PHASES):
            x = shares + (2 * j - 1) * _APART
            y, half = mean[..., i, j], error[..., i, j]
            points = np.stack(np.broadcast_arrays(x, y, half), axis=-1)
            here[..., j, :] = points[..., :2]
            arrays |= {
                f"{part}_{phase}": Array(over, y, step=1e-4),
                f"{part}_{phase}_bars": Array(place, points, inner=("point", "bar")),
                f"{part}_{phase}_line": Array(place, points[..., :2], inner=("step", "xy")),
            }
        arrays[f"{part}_here"] = Array(over, here, inner=("point", "xy"))
    return Figure(
        name="halfspaces-tumours",
        title="Errors of one phase and of two on tumours, by the share of flipped labels",
        axes=(
            Axis("chosen", "Which labels are flipped", CHOSEN, kind="choice", start=CHOSEN[0]),
            Axis("features", "Measurements", FEATURES, kind="choice", start=FEATURES[0]),
            Axis("share", "Share that is flipped", SHARES, start=0.05),
        ),
        arrays=arrays,
        panels=(
            _panel("Wrong among 269 other tumours", "test"),
            _panel("Wrong among the 300, labels as given", "train"),
        ),
        reading=(
            Clause("With no label flipped, ", when={"share": (0.0,)}),
            Clause("With a share of {share} flipped {chosen}, ", unless={"share": (0.0,)}),
            Clause(
                "one phase is wrong on a share of {test_one} of the other tumours, two phases on "
                "{test_two}. Of the labels that they were given, they miss {train_one} and "
                "{train_two}."
            ),
        ),
        presets=(
            Preset("Nothing flipped", _state("far out", "all measurements", 0.0)),
            Preset("A twentieth, far out", _state("far out", "all measurements", 0.05)),
            Preset("A fifth, at random", _state("at random", "all measurements", 0.2)),
            Preset("Nothing to overfit", _state("far out", "two components", 0.05)),
        ),
        caption=(
            "Breast-cancer data, 300 of 569 tumours to train on; the others have their true "
            "labels. Flipped are labels farthest from the boundary of the true ones, or random "
            "ones. Logistic loss in a ball of radius ten, then the hinge loss by linear "
            "programming. Means of twenty splits, bars of one standard error. All thirty "
            "measurements, or their first two principal components, each with a constant."
        ),
        alt=(
            "On all measurements the second phase makes more errors than the first at every share "
            "of flipped labels, also where it fits the labels that it was given better. A fifth of "
            "the labels flipped at random cost logistic regression a few per cent, flipped far out "
            "nearly a third."
        ),
    )


def _panel(title: str, part: str) -> Plane:
    return Plane(
        title,
        "",
        Extent("share flipped", -0.01, 0.215, ticks=(0.0, 0.05, 0.1, 0.15, 0.2)),
        Extent("share wrong", 0.0, 0.4),
        (
            Bars(f"{part}_one_bars", "one phase", "ink"),
            Bars(f"{part}_two_bars", "two phases", "run"),
            Outline(f"{part}_one_line", "one phase", "ink", "6 4"),
            Outline(f"{part}_two_line", "two phases", "run"),
            Points(f"{part}_here", "you are here", "ink", "ring"),
        ),
        stretched=True,
    )


def _state(chosen: str, features: str, share: float) -> dict[str, float | str]:
    return {"chosen": chosen, "features": features, "share": share}
