"""The explorable "locality": what local and shared filters need, by patches, size and noise."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.locality_curves import (
    Sweep,
    Task,
    curve_arrays,
    each,
    mean_risk,
    needed_panel,
    risk_panel,
)
from implicitbias.explore.locality_data import (
    COLUMNS,
    COMMON,
    COUNTS,
    EXPERIMENTS,
    SIZES,
    read,
    signal,
    slope,
)
from implicitbias.explore.panels.images import Images
from implicitbias.explore.panels.plane import Extent, Outline
from implicitbias.explore.text import Clause

VARIED = {
    "patches k": EXPERIMENTS["k"],
    "patches k, with σ² = 0.8/k": EXPERIMENTS["falling"],
    "patch size d": EXPERIMENTS["d"],
    "noise 100 σ": EXPERIMENTS["noise"],
}
"""What the reader may vary, and its tasks (k, d, sigma): five for each, at 10 to 30."""


def locality(held: Sweep | None = None) -> Explorable:
    """Risk and needed samples of shared and local filters, by patches, patch size and noise.

    Args:
        held: the learning curves. By default those that come with the library, which
            ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"locality"``.
    """
    return Explorable(figure(read() if held is None else held))


def figure(held: Sweep) -> Figure:
    """What the explorable shows of learning curves."""
    tasks, networks = list(VARIED.values()), ("cnn", "lcn")
    place, over = ("varied", "value"), ("varied", "value", "n")

    def pictures(task: Task) -> np.ndarray:
        shared, local = (held[network, *task].filters for network in networks)
        truth = np.broadcast_to(signal(task[1]), shared.shape)
        first = np.concatenate([truth, shared, local], axis=1)[..., : 2 * COLUMNS]
        first = task[1] ** 0.5 * first  # so that the signal is 1 and -1
        return first.reshape(len(SIZES), -1, 2, COLUMNS)

    arrays = curve_arrays(held, networks, tasks, place, COUNTS, SIZES)
    full = [mean_risk(held, "fcn", COMMON) if value == 20 else None for value in COUNTS]
    arrays |= {
        "fcn": Array(("value", "n"), full, step=1e-3),
        "most": Array((), SIZES[-1]),
        "pictures": Array(over, each(tasks, pictures), inner=("image", "row", "column"), step=0.05),
        **{
            name: Array(place, each(tasks, lambda task, i=i: task[i]), step=step)
            for i, (name, step) in enumerate((("k", 1), ("d", 1), ("sigma", 1e-3)))
        },
    }
    values = np.array(COUNTS, dtype=float)
    for network in networks:
        counts = arrays[f"{network}_bars"].values[..., 1]
        slopes = np.array([slope(values, row) for row in counts])
        middle = np.exp(np.log(counts).mean(axis=1) - slopes * np.log(values).mean())
        line = middle[:, None] * values ** slopes[:, None]
        arrays |= {
            f"{network}_slope": Array(("varied",), slopes, step=1e-2),
            f"{network}_fit": Array(
                ("varied",),
                np.stack(np.broadcast_arrays(values, line), axis=-1),
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
            risk_panel(
                (
                    Clause("Mean of five repetitions, logarithmic. Drag to move the samples."),
                    Clause(" Full filters were trained at 20 only.", unless={"value": (20,)}),
                )
            ),
            Images(
                "The signal and filters at this number of samples",
                "Their first ten numbers, first repetition: blue is positive, orange negative.",
                "pictures",
                ("signal", "shared", "local, patch 1", "local, patch 2"),
            ),
            needed_panel(
                networks,
                Extent("value", 9, 33.5, log=True, ticks=COUNTS),
                Extent("samples", 15, 9000, log=True),
                (
                    Outline("cnn_fit", (Clause("slope {cnn_slope}"),), "run"),
                    Outline("lcn_fit", (Clause("slope {lcn_slope}"),), "soft", dash="7 4"),
                ),
            ),
        ),
        reading=(
            Clause(
                "At k = {k}, d = {d}, σ = {sigma} and {n} samples, shared filters have the squared "
                "error {cnn}, local ones {lcn}"
            ),
            Clause(", full ones {fcn}", when={"value": (20,)}),
            Clause(
                "; the best filters have {best}. To come within 0.03, shared filters need "
                "{cnn_needed} samples and local ones {lcn_needed}, {ratio} times as many."
            ),
            Clause(" Full ones need more than {most}.", when={"value": (20,)}),
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
            "thousand other samples, and the error of shared and local filters is exact. What is "
            "not varied is k = 20, d = 20, σ = 0.2; full filters were trained only there."
        ),
        alt=(
            "Shared filters come near the best error with about a hundred samples, local ones with "
            "thousands, full ones with more than were tried. What local filters need grows faster "
            "than the number of patches; what shared ones need hardly grows. Both grow in "
            "proportion to the size of a patch."
        ),
    )
