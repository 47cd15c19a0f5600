"""The explorable "capacity": width, true and random labels, and what two bounds say of them."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.capacity_data import LABELS, LEVELS, TRAIN, UNITS, WIDTHS, Run, read
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.images import Images
from implicitbias.explore.text import Clause
from implicitbias.learning.capacity import margin_bound, occam_bound
from implicitbias.learning.relu_network import STARTS

BITS = 32
"""Of each weight, in the bound that counts weights."""


def capacity(held: Run | None = None) -> Explorable:
    """Two-layer networks on digits, by width, labels and start, with two bounds on their errors.

    Args:
        held: the training runs. By default those that come with the library, which
            ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"capacity"``.
    """
    return Explorable(figure(read() if held is None else held))


def counted_bound(run: Run) -> np.ndarray:
    """For each run, the bound from the number of weights, each written with 32 bits."""
    weights = np.array(WIDTHS)[:, None] * (64 + 1)
    return run.train + np.asarray(occam_bound(BITS * weights, TRAIN))


def normed_bound(run: Run) -> np.ndarray:
    """For each run, the bound from the path norm, at the margin that a tenth does not reach."""
    complexity = 2 * run.length / np.sqrt(TRAIN)
    share = run.train + TRAIN // 10 / TRAIN
    return np.asarray(margin_bound(share, run.margin / run.path, complexity, TRAIN))


def figure(held: Run) -> Figure:
    """What the explorable shows of training runs."""
    over = ("start", "labels", "width")
    ratio = (held.path / held.margin).mean(axis=-1)
    return Figure(
        name="capacity",
        title="Errors of two-layer networks on digits and bounds on them, by width",
        axes=(
            Axis(
                "width",
                "Hidden units",
                WIDTHS,
                symbol="h",
                log=True,
                ends=("narrow", "wide"),
                start=64,
            ),
            Axis("labels", "Labels", LABELS, kind="choice", start="true"),
            Axis("start", "Start", STARTS, kind="choice", start="small"),
        ),
        arrays={
            "train": Array(over, held.train.mean(axis=-1)),
            "test": Array(over, held.test.mean(axis=-1)),
            "low": Array(over, held.test.min(axis=-1)),
            "high": Array(over, held.test.max(axis=-1)),
            "counted": Array(over, counted_bound(held).mean(axis=-1)),
            "normed": Array(over, normed_bound(held).mean(axis=-1)),
            "of_true": Array(("start", "width"), ratio[:, 0]),
            "of_coins": Array(("start", "width"), ratio[:, 1]),
            "moved": Array(over, held.moved.mean(axis=-1)),
            "pictures": Array(
                over, held.pictures, inner=("image", "row", "column"), step=1 / LEVELS
            ),
        }
        | {f"says{k}": Array(over, held.signs[..., k], step=1) for k in range(UNITS)},
        panels=(
            Curves(
                "Share of wrong labels",
                "Mean of five repetitions. Drag to move the width.",
                axis="width",
                lines=(
                    Line("test", "other images", "run"),
                    Line("train", "training images", "ink", dashed=True),
                ),
            ),
            Curves(
                "The same for other images: its spread",
                "The lowest and the highest of five repetitions.",
                axis="width",
                lines=(
                    Line("high", "highest", "run"),
                    Line("low", "lowest", "run", dashed=True),
                ),
            ),
            Curves(
                "The error on other images, and what two bounds promise",
                "Above 1, a bound promises nothing.",
                axis="width",
                lines=(
                    Line("counted", "bound by the number of weights", "soft", dashed=True),
                    Line("normed", "bound by their size", "ink"),
                    Line("test", "measured", "run"),
                ),
                floor=1e-3,
            ),
            Curves(
                "Path norm over margin, for true labels and for coins",
                "From this start. A tenth of the fitted training images has a smaller margin.",
                axis="width",
                lines=(
                    Line("of_true", "true labels", "ink"),
                    Line("of_coins", "coins", "soft", dashed=True),
                ),
                floor=1.0,
            ),
            Images(
                "The four heaviest hidden units, first repetition",
                "Each over its largest pixel: blue raises it, orange lowers it.",
                "pictures",
                tuple(
                    (
                        Clause(f"unit {k + 1}"),
                        Clause(" says odd", when={f"says{k}": (1,)}),
                        Clause(" says even", when={f"says{k}": (-1,)}),
                    )
                    for k in range(UNITS)
                ),
            ),
        ),
        reading=(
            "With {width} hidden units from the {start} start and {labels} labels, {train} of the "
            "training labels and {test} of the others are wrong (lowest {low}, highest {high}). "
            "The number of weights promises an error below {counted}, their size one below "
            "{normed}. Training moves the tangent kernel by {moved} times its size at the start."
        ),
        presets=(
            Preset("Wide, and right", {"width": 4096, "labels": "true", "start": "small"}),
            Preset("Wide, and coins", {"width": 4096, "labels": "random", "start": "small"}),
            Preset("Too narrow for coins", {"width": 8, "labels": "random", "start": "small"}),
            Preset("A kernel, wide", {"width": 4096, "labels": "true", "start": "standard"}),
        ),
        caption=(
            "Two-layer networks of rectified linear units, trained on 256 images of handwritten "
            "digits to tell odd from even, or to repeat coins, until every label is fitted and the "
            "mean logistic loss is a hundredth, or 4000 steps are made; tested on a thousand other "
            "images. Five repetitions, with other images, coins and first weights. Bounds hold "
            "with probability 0.95 for each repetition."
        ),
        alt=(
            "From 64 units on the training error is zero, for true labels and for coins. The error "
            "on other images is one half for coins. For true labels it falls with the width from "
            "the standard start, and is low at once from the small one. Both bounds are above one; "
            "the one by the number of weights grows, the one by their size does not from the small "
            "start, and is three times larger there for coins."
        ),
    )
