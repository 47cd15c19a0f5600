"""The explorable "locality": what local and shared filters need, by patches, size and noise."""

from collections.abc import Mapping

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.locality_data import (
    COLUMNS,
    COUNTS,
    EXPERIMENTS,
    MARGIN,
    SIZES,
    Held,
    needed,
    read,
    signal,
    slope,
)
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.images import Images
from implicitbias.explore.panels.plane import Bars, Extent, Outline, Plane, Points
from implicitbias.explore.text import Clause
from implicitbias.studies.locality import best_filters

VARIED = {
    "patches k": EXPERIMENTS["k"],
    "patches k, with σ² = 0.8/k": EXPERIMENTS["falling"],
    "patch size d": EXPERIMENTS["d"],
    "noise 100 σ": EXPERIMENTS["noise"],
}
"""What the reader may vary, and its tasks (k, d, sigma): five for each, at 10 to 30."""

_FLOOR = 1e-3


def locality(held: Mapping[tuple[str, int, int, float], Held] | None = None) -> Explorable:
    """Risk and needed samples of shared and local filters, by patches, patch size and noise.

    Args:
        held: the learning curves. By default those that come with the library, which
            ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"locality"``.
    """
    return Explorable(figure(read() if held is None else held))


def figure(held: Mapping[tuple[str, int, int, float], Held]) -> Figure:
    """What the explorable shows of learning curves."""
    tasks = list(VARIED.values())
    place, over = ("varied", "value"), ("varied", "value", "n")

    def each(of_task) -> np.ndarray:
        return np.array([[of_task(task) for task in row] for row in tasks])

    def risk(network: str) -> np.ndarray:
        return each(lambda task: held[network, *task].risk.mean(axis=0))

    def pictures(task) -> np.ndarray:
        shared, local = (held[network, *task].filters for network in ("cnn", "lcn"))
        truth = np.broadcast_to(signal(task[1]), shared.shape)
        first = np.concatenate([truth, shared, local], axis=1)[..., : 2 * COLUMNS]
        first = task[1] ** 0.5 * first  # so that the signal is 1 and -1
        return first.reshape(len(SIZES), -1, 2, COLUMNS)

    values = np.array(COUNTS, dtype=float)
    best = each(lambda task: best_filters(task[0], task[2]).risk)
    arrays = {
        "cnn": Array(over, risk("cnn"), step=1e-3),
        "lcn": Array(over, risk("lcn"), step=1e-3),
        "best": Array(place, best, step=1e-3),
        "margin": Array(("n",), np.full(len(SIZES), MARGIN)),
        **{
            f"{network}_above": Array(
                over, np.maximum(risk(network) - best[..., None], _FLOOR / 10), step=1e-2, log=True
            )
            for network in ("cnn", "lcn")
        },
        "pictures": Array(over, each(pictures), inner=("image", "row", "column"), step=0.05),
        "here": Array(
            over,
            np.stack(np.broadcast_arrays(values[:, None], np.array(SIZES, dtype=float)), axis=-1)[
                None, :, :, None, :
            ].repeat(len(tasks), axis=0),
            inner=("point", "xy"),
        ),
        **{
            name: Array(place, each(lambda task, i=i: task[i]), step=step)
            for i, (name, step) in enumerate((("k", 1), ("d", 1), ("sigma", 1e-3)))
        },
    }
    for network in ("cnn", "lcn"):
        found = [[needed(held[network, *task], task) for task in row] for row in tasks]
        counts = np.array([[entry.samples for entry in row] for row in found])
        half = np.array([[(entry.high - entry.low) / 2 for entry in row] for row in found])
        slopes = np.array([slope(values, row) for row in counts])
        middle = np.exp(np.log(counts).mean(axis=1) - slopes * np.log(values).mean())
        line = middle[:, None] * values ** slopes[:, None]
        arrays |= {
            f"{network}_needed": Array(place, counts.round(), step=1),
            f"{network}_slope": Array(("varied",), slopes, step=1e-2),
            f"{network}_bars": Array(
                ("varied",),
                np.stack([np.broadcast_to(values, counts.shape), counts, half], axis=-1),
                inner=("point", "bar"),
            ),
            f"{network}_fit": Array(
                ("varied",),
                np.stack([np.broadcast_to(values, line.shape), line], axis=-1),
                inner=("step", "xy"),
            ),
        }
    ratio = arrays["lcn_needed"].values / arrays["cnn_needed"].values
    arrays["ratio"] = Array(place, ratio, step=0.1)
    return Figure(
        name="locality",
        title="What shared and local filters need, by patches, patch size and noise",
        axes=(
            Axis("varied", "What is varied", tuple(VARIED), kind="choice", start="patches k"),
            Axis("value", "Its value", COUNTS, start=20),
            Axis("n", "Samples", SIZES, symbol="n", log=True, start=256),
        ),
        arrays=arrays,
        panels=(
            Curves(
                "Squared error above that of the best filters",
                "Mean of five repetitions. Drag to move the number of samples.",
                axis="n",
                lines=(
                    Line("cnn_above", "shared (CNN)", "run"),
                    Line("lcn_above", "local (LCN)", "soft"),
                    Line("margin", "good enough", "ink", dashed=True),
                ),
                floor=_FLOOR,
            ),
            Images(
                "The signal and filters at this number of samples",
                "Their first ten numbers, first repetition: blue is positive, orange negative.",
                "pictures",
                ("signal", "shared", "local, patch 1", "local, patch 2"),
            ),
            Plane(
                "Samples that bring the error within 0.03 of the best",
                "Bars: 90 % of resamplings of the repetitions.",
                Extent("value", 9, 33.5, log=True, ticks=COUNTS),
                Extent("samples", 15, 9000, log=True),
                (
                    Outline("cnn_fit", (Clause("slope {cnn_slope}"),), "run"),
                    Outline("lcn_fit", (Clause("slope {lcn_slope}"),), "soft", dash="7 4"),
                    Bars("cnn_bars", "shared (CNN)", "run"),
                    Bars("lcn_bars", "local (LCN)", "soft"),
                    Points("here", "you are here", "ink", "ring"),
                ),
                stretched=True,
            ),
        ),
        reading=(
            "At k = {k}, d = {d}, σ = {sigma} and {n} samples, shared filters have the squared "
            "error {cnn}, local ones {lcn}; the best filters have {best}. To come within 0.03, "
            "shared filters need {cnn_needed} samples and local ones {lcn_needed}, {ratio} times "
            "as many."
        ),
        presets=(
            Preset("Shared is done", {"varied": "patches k", "value": 20, "n": 256}),
            Preset("Thirty patches", {"varied": "patches k", "value": 30, "n": 4096}),
            Preset("Larger patches", {"varied": "patch size d", "value": 30, "n": 256}),
            Preset("More noise", {"varied": "noise 100 σ", "value": 30, "n": 256}),
        ),
        caption=(
            "Networks with soft thresholds on samples of k patches of d numbers, of which one, at "
            "random, holds the signal with the sign of the label. Projected gradient descent on "
            "the square loss, five repetitions; step sizes and the moment to stop are chosen on a "
            "thousand other samples, and the error is exact. What is not varied is k = 20, d = 20, "
            "σ = 0.2."
        ),
        alt=(
            "Shared filters come near the best error with about a hundred samples, local ones with "
            "thousands. What local filters need grows faster than the number of patches; what "
            "shared ones need hardly grows. Both grow in proportion to the size of a patch."
        ),
    )
