"""The explorable "locality-one-step": shared and local filters after one step from zero."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.locality_data import COLUMNS, signal
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.images import Images

D, SIGMA = 20, 0.2
PATCHES = (1, 2, 4, 8, 16, 32)
SIZES = tuple(16 * 2**j for j in range(9))
DRAWS = 8


def one_step(n: int, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The shared filter (d,) and the local ones (k, d), from samples in their sufficient form.

    The first step from zero is along the mean of each patch times the label. Of n samples the
    signal is in patch i as often as a multinomial says, and the rest is one normal vector.
    """
    random = np.random.default_rng([seed, k, n])
    shares = random.multinomial(n, np.full(k, 1 / k)) / n
    noise = SIGMA / n**0.5 * random.standard_normal((k, D))
    local = shares[:, None] * signal(D) + noise
    return local.sum(axis=0), local


def cosine(filters: np.ndarray) -> float:
    """Mean cosine of filters and signal."""
    lengths = np.linalg.norm(filters, axis=-1)
    return float(np.mean(filters @ signal(D) / lengths))


def predicted(n: np.ndarray, noises: float) -> np.ndarray:
    """The cosine where the noise is that of this many entries."""
    return 1 / np.sqrt(1 + SIGMA**2 * noises / n)


def locality_one_step() -> Explorable:
    """One step of gradient descent from zero, with shared and with local filters.

    Returns:
        The explorable ``"locality-one-step"``.
    """
    over, sizes = ("k", "n"), np.array(SIZES)
    drawn = [[[one_step(n, k, seed) for seed in range(DRAWS)] for n in SIZES] for k in PATCHES]
    pictures = [
        [
            np.stack(
                [
                    (vector / np.abs(vector).max()).reshape(-1, COLUMNS)
                    for vector in (signal(D), shared, local[0], local[-1])
                ]
            )
            for shared, local in (draws[0] for draws in row)
        ]
        for row in drawn
    ]
    mean = [
        [[np.mean([cosine(pair[part]) for pair in draws]) for draws in row] for row in drawn]
        for part in (0, 1)
    ]
    figure = Figure(
        name="locality-one-step",
        title="Filters after one step of gradient descent, by patches and samples",
        axes=(
            Axis("k", "Patches", PATCHES, symbol="k", log=True, start=16),
            Axis("n", "Samples", SIZES, symbol="n", log=True, start=256),
        ),
        arrays={
            "shared": Array(over, mean[0], step=1e-3),
            "local": Array(over, mean[1], step=1e-3),
            "shared_predicted": Array(over, [predicted(sizes, k * D) for k in PATCHES], step=1e-3),
            "local_predicted": Array(
                over, [predicted(sizes, k**2 * D) for k in PATCHES], step=1e-3
            ),
            "pictures": Array(over, pictures, inner=("image", "row", "column"), step=0.05),
        },
        panels=(
            Images(
                "The signal, and what one step finds",
                "Blue is positive, orange negative; each over its largest pixel.",
                "pictures",
                ("signal", "shared filter", "filter of patch 1", "filter of the last patch"),
            ),
            Curves(
                "Cosine of filter and signal",
                "Mean of eight draws. Drag to move the number of samples.",
                axis="n",
                lines=(
                    Line("shared", "one shared filter", "run"),
                    Line("local", "a filter for each patch", "ink"),
                ),
            ),
        ),
        reading=(
            "With {k} patches and {n} samples, the shared filter has a cosine of {shared} with the "
            "signal, and the filters of single patches one of {local} on average. The formulas say "
            "{shared_predicted} and {local_predicted}."
        ),
        presets=(
            Preset("One patch: no difference", {"k": 1, "n": 16}),
            Preset("Sixteen patches", {"k": 16, "n": 256}),
            Preset("Sixteen times the samples", {"k": 16, "n": 4096}),
        ),
        caption=(
            "Patches of d = 20 numbers, noise σ = 0.2 in each. The signal, a vector of length 1, "
            "is in one patch of each sample, with the sign of the label. From zero, the first step "
            "of gradient descent goes along the mean of label times patch: of all patches for a "
            "shared filter, of its own for a local one."
        ),
        alt=(
            "With one patch both filters are the same. With sixteen, local filters need sixteen "
            "times the samples to look as much like the signal as the shared one."
        ),
    )
    return Explorable(figure)
