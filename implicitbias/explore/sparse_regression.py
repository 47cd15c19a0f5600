"""The explorable "sparse-regression": what is learned, by scale, sample size and depth."""

from typing import Any

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import ITEM, Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.heatmap import HeatMap
from implicitbias.explore.panels.stems import Marks, Stems
from implicitbias.explore.sparse_regression_data import FALSE, STEP, Held, read
from implicitbias.explore.text import Clause
from implicitbias.sample_size import largest_scale, minimum_norm_error

FEATURES, NOISE = 1000, 0.1
LEARNED = 0.025
_LOG_STEP = 0.002


def sparse_regression(held: Held | None = None) -> Explorable:
    """Population errors of diagonal networks on sparse regression, and the weights of one draw.

    Args:
        held: errors of every scale, sample size and depth, several seeds each, for 1000 features
            and noise of variance 0.01, and weights of the first seed. By default those that come
            with the library, which ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"sparse-regression"``.
    """
    return Explorable(figure(read() if held is None else held))


def figure(held: Held) -> Figure:
    """What the explorable shows of a computed sweep."""
    sweep, weights = held
    signs = np.sign(weights[-1, -1, 0, :-FALSE])  # with most samples, from the smallest scale
    truth = np.append(signs / np.sqrt(len(signs)), np.zeros(FALSE))
    samples, depths, scales = (np.asarray(axis).tolist() for axis in sweep[:3])
    errors = np.asarray(sweep.errors)
    mean = errors.mean(axis=-1)
    low, high = np.quantile(errors, [0.1, 0.9], axis=-1)
    # The smallest scale of the largest depth is the limit of small scales to all digits shown.
    sparsest = mean[:, -1, 0]
    kernel = np.array([minimum_norm_error(n, FEATURES, signal=1.0, noise=NOISE) for n in samples])
    over = ("samples", "depth", "scale")

    def array(dims: tuple[str, ...], values: Any) -> Array:
        return Array(dims, values, step=_LOG_STEP, log=True)

    return Figure(
        name="sparse-regression",
        title="What a diagonal network learns of sparse weights, by scale and sample size",
        axes=(
            Axis(
                "scale",
                "Scale of initialisation",
                tuple(scales),
                symbol="α",
                log=True,
                ends=("small: feature learning", "large: kernel"),
                roles=("rich", "kernel"),
                start=0.01,
            ),
            Axis("samples", "Samples", tuple(samples), symbol="n", log=True, start=100),
            Axis("depth", "Depth", tuple(map(int, depths)), kind="choice", symbol="D", start=2),
        ),
        arrays={
            "error": array(over, mean),
            "low": array(over, low),
            "high": array(over, high),
            "kernel": array(("samples",), kernel),
            "sparsest": array(("samples",), sparsest),
            "kernel_here": array(
                over, np.broadcast_to(np.array(kernel)[:, None, None], mean.shape)
            ),
            "weights": Array(over, weights, inner=(ITEM,), step=STEP),
            "truth": Array((), truth, inner=(ITEM,)),
            "learned": Array(over, mean <= LEARNED, step=1),
            "largest": array(
                ("depth", "samples"),
                np.asarray(largest_scale(scales, mean.swapaxes(0, 1), LEARNED)),
            ),
            "here": array(("scale", "samples"), np.outer(scales, np.ones(len(samples)))),
        },
        panels=(
            Stems(
                "The weights of one draw",
                array="weights",
                label="this network's weights",
                marks=(Marks("truth", "the true weights", "ring", "ink"),),
            ),
            HeatMap(
                "How much is wrong",
                "Mean population error. Drag the marker.",
                x="scale",
                y="samples",
                array="error",
                ends=((0.0, "0: the truth", "rich"), (1.0, "1: as bad as w = 0", "kernel")),
            ),
            Curves(
                "The error against the scale",
                "Mean of twenty draws; dashed, between these lines lie eight of ten.",
                axis="scale",
                lines=(
                    Line("error", "", "run"),
                    Line("low", "", "soft", dashed=True),
                    Line("high", "", "soft", dashed=True),
                ),
                floor=1e-4,
                bands="learned",
                band_labels=((1, "error at most 0.025", "rich"),),
            ),
            Curves(
                "The error against the sample size",
                "Mean of twenty draws, beside both limits of the scale.",
                axis="samples",
                lines=(
                    Line("error", "this network", "run"),
                    Line("kernel", "α → ∞: least ℓ₂ norm", "kernel", dashed=True),
                    Line("sparsest", "α → 0: least ℓ₁ norm", "rich", dashed=True),
                ),
                floor=1e-4,
            ),
            Curves(
                "The largest scale that still learns",
                "From which the mean error is at most 0.025, at this depth.",
                axis="samples",
                lines=(
                    Line("largest", "largest scale", "rich", dashed=True),
                    Line("here", "your scale", "run"),
                ),
                floor=min(scales),
            ),
        ),
        reading=(
            Clause("With {samples} samples, depth {depth} and α = {scale}, the error is {error}"),
            Clause(": learned. ", when={"learned": (1,)}),
            Clause(", where a kernel has {kernel}. ", unless={"learned": (1,)}),
            Clause("Eight of ten draws lie between {low} and {high}."),
        ),
        presets=(
            Preset("A kernel, with 300 samples", {"scale": 10.0, "samples": 300, "depth": 2}),
            Preset("Small, but not small enough", {"scale": 0.1, "samples": 100, "depth": 2}),
            Preset("The same scale, deeper", {"scale": 0.1, "samples": 100, "depth": 4}),
            Preset("Too few samples at any scale", {"scale": 1e-5, "samples": 40, "depth": 4}),
        ),
        items=(
            (
                *(f"true {k + 1}" for k in range(len(truth) - FALSE)),
                *(f"false {k + 1}" for k in range(FALSE)),
            ),
        ),
        caption=(
            "Sparse regression with 1000 features: five true weights of size 1/√5, targets with "
            "noise of variance 0.01, the experiment of Woodworth et al. (2020). Networks are "
            "trained to the end; the error is ‖w − w*‖². The weights are those of one draw: the "
            "five true ones, then the 35 largest false ones in order of size."
        ),
        alt=(
            "The more samples there are and the deeper the network, the larger the scales from "
            "which the error is small; at large scales it stays near one minus the share of "
            "samples to features."
        ),
    )
