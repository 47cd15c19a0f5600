"""The explorable "private-features": where noise goes when each sample has its own feature."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.plane import Extent, Outline, Plane, Points

COUNTS = (4, 16, 64)
NAMES = tuple(f"{n} samples" for n in COUNTS)
PENALTIES = 10.0 ** (np.arange(-8, 17) / 4)
TRUTH, NOISE = 1.0, 0.7


def private_features() -> Explorable:
    r"""A constant fitted exactly to noisy numbers, with one more feature for each of them.

    Sample i has the features :math:`(1, \sqrt\gamma e_i)`; the interpolator of least norm has the
    shared weight :math:`\sum_iy_i/(n+\gamma)`, which is what it says of a new sample.

    Returns:
        The explorable ``"private-features"``.
    """
    draws = np.random.default_rng(4).standard_normal(COUNTS[-1])
    labels = [TRUTH + NOISE * draws[:n] for n in COUNTS]
    shared = np.array([y.sum() / (n + PENALTIES) for y, n in zip(labels, COUNTS, strict=True)])
    n = np.array(COUNTS)[:, None]
    bias = (TRUTH * PENALTIES / (n + PENALTIES)) ** 2
    variance = NOISE**2 * n / (n + PENALTIES) ** 2
    here = np.stack([np.broadcast_to(PENALTIES, bias.shape), bias + variance], -1)
    over = ("count", "penalty")
    figure = Figure(
        name="private-features",
        title="A constant that is fitted to every noisy number, by the size of private features",
        axes=(
            Axis("count", "Samples", NAMES, kind="choice", symbol="n", start=NAMES[1]),
            Axis(
                "penalty",
                "Size of the private features",
                tuple(PENALTIES),
                symbol="γ",
                log=True,
                ends=("small", "large"),
                start=1.0,
            ),
        ),
        arrays={
            "fit": Array(
                over,
                tuple(_spiky(y, level) for y, level in zip(labels, shared, strict=True)),
                inner=("step", "xy"),
                step=1e-3,
            ),
            "data": Array(
                ("count",),
                tuple(np.stack([_places(len(y)), y], 1) for y in labels),
                inner=("point", "xy"),
            ),
            "shared": Array(over, shared),
            "bias": Array(over, bias),
            "variance": Array(over, variance),
            "excess": Array(over, bias + variance),
            "here": Array(over, here[..., None, :], inner=("point", "xy")),
            "truth": Array((), [[0.0, TRUTH], [1.0, TRUTH]], inner=("step", "xy")),
            **{
                f"{name}_curve": Array(
                    ("count",),
                    np.stack([np.broadcast_to(PENALTIES, values.shape), values], -1),
                    inner=("step", "xy"),
                )
                for name, values in (
                    ("bias", bias),
                    ("variance", variance),
                    ("excess", bias + variance),
                )
            },
        },
        panels=(
            Plane(
                "A constant, and a spike at each sample",
                "",
                Extent("samples, one beside the other", 0, 1, ticks=()),
                Extent("label", -1.2, 3.2),
                (
                    Outline("truth", "the truth", "ink", dash="6 4"),
                    Outline("fit", "the fit of least norm", "run"),
                    Points("data", "samples", "ink", "dot"),
                ),
                stretched=True,
            ),
            Plane(
                "Its error on new samples, by the size of the private features",
                "",
                Extent("γ", PENALTIES[0] * 0.8, PENALTIES[-1] * 1.25, log=True),
                Extent("excess error", 1e-3, 2, log=True),
                (
                    Outline("excess_curve", "expected", "run"),
                    Outline("bias_curve", "of this, bias", "soft", dash="2 4"),
                    Outline("variance_curve", "of this, noise", "soft", dash="7 4"),
                    Points("here", "here", "run", "ring"),
                ),
                stretched=True,
            ),
        ),
        reading="With {count} and γ = {penalty}, every sample is met, and a new one is told "
        "{shared}. The expected excess error is {excess}: {bias} of bias and {variance} of noise.",
        presets=(
            Preset("Benign", {"penalty": 1.0, "count": NAMES[2]}),
            Preset("Spikes are cheap", {"penalty": 10000.0, "count": NAMES[2]}),
            Preset("Few samples", {"penalty": 1.0, "count": NAMES[0]}),
        ),
        caption=(
            "Labels are 1 plus noise of standard deviation 0.7. All samples share one feature, and "
            "sample i has one of its own, of size √γ. Between the spikes is what the fit says of a "
            "new sample, whose own feature has no weight."
        ),
        alt=(
            "The interpolator of least norm is flat between the samples, at the ridge estimate of "
            "the truth, and meets each sample with a spike. Its error on new samples is least for "
            "small private features and many samples, and is nearly 1 when spikes are cheap."
        ),
    )
    return Explorable(figure)


def _places(n: int) -> np.ndarray:
    return (np.arange(n) + 0.5) / n


def _spiky(labels: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Level lines with a spike at each sample, (level, step, 2)."""
    x = np.repeat(_places(len(labels)), 3)
    y = np.repeat(levels[:, None], len(x), axis=1)
    y[:, 1::3] = labels
    x, y = np.r_[0, x, 1], np.column_stack([levels, y, levels])
    return np.stack([np.broadcast_to(x, y.shape), y], -1)
