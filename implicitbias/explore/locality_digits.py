"""The explorable "locality-digits": three networks on digits at random places of a canvas."""

from collections.abc import Mapping

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.locality_digits_data import DIGITS, NOISE, SIZES, Held, read
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.images import Images
from implicitbias.studies.canvas import digit_canvases
from implicitbias.studies.locality import ARCHITECTURES


def locality_digits(held: Mapping[str, Held] | None = None) -> Explorable:
    """Errors and filters of three networks on digits at random places, by the number of samples.

    Args:
        held: what was learned. By default what comes with the library, which
            ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"locality-digits"``.
    """
    return Explorable(figure(read() if held is None else held))


def figure(held: Mapping[str, Held]) -> Figure:
    """What the explorable shows of digits."""
    canvases = np.asarray(digit_canvases(200, NOISE, digits=DIGITS, seed=1).X)
    labels = np.asarray(digit_canvases(200, NOISE, digits=DIGITS, seed=1).y)
    first, second = (np.flatnonzero(labels == sign)[:2] for sign in (1, -1))
    examples = canvases[[first[0], second[0]]]
    wide = np.concatenate(
        [
            np.broadcast_to(examples / np.abs(examples).max(), (len(SIZES), 2, 16, 16)),
            held["fcn"].pictures,
        ],
        axis=1,
    )
    narrow = np.concatenate([held["cnn"].pictures, held["lcn"].pictures], axis=1)
    over = ("n",)
    spread = {
        f"{name}_{word}": Array(over, edge(held[name].error, axis=0), step=1e-4)
        for name in ARCHITECTURES
        for word, edge in (("low", np.min), ("high", np.max))
    }
    return Figure(
        name="locality-digits",
        title="Errors on digits at random places of a canvas, by the number of samples",
        axes=(Axis("n", "Canvases", SIZES, symbol="n", log=True, start=512),),
        arrays={
            **{name: Array(over, held[name].error.mean(axis=0), step=1e-4) for name in held},
            **spread,
            "wide": Array(over, wide, inner=("image", "row", "column"), step=0.1),
            "narrow": Array(over, narrow, inner=("image", "row", "column"), step=0.1),
        },
        panels=(
            Curves(
                "Share of wrong labels on new canvases",
                "Mean of five repetitions. Drag to move the number of samples.",
                axis="n",
                lines=(
                    Line("cnn", "shared (CNN)", "run"),
                    Line("lcn", "local (LCN)", "soft"),
                    Line("fcn", "full (FCN)", "ink", dashed=True),
                ),
            ),
            Images(
                "Filters of 8 by 8 pixels",
                "First repetition: blue speaks for a nought, orange for a one.",
                "narrow",
                ("shared", "local, upper left", "local, middle"),
            ),
            Images(
                "Two canvases, and filters of 16 by 16",
                "First repetition: the two longest of 25 full filters.",
                "wide",
                ("a nought", "a one", "full, one unit", "full, another unit"),
            ),
        ),
        reading=(
            "With {n} canvases, a shared filter gets {cnn} of new canvases wrong (lowest "
            "{cnn_low}, highest {cnn_high}), local filters {lcn} ({lcn_low} to {lcn_high}), full "
            "ones {fcn} ({fcn_low} to {fcn_high})."
        ),
        presets=(
            Preset("Few", {"n": 64}),
            Preset("A thousand", {"n": 1024}),
            Preset("All", {"n": SIZES[-1]}),
        ),
        caption=(
            "Handwritten noughts and ones of 8 by 8 pixels, each at one of 25 places of a canvas "
            "of 16 by 16 with noise σ = 0.1. Half of the images are to train on, drawn again and "
            "again at new places; three tenths to test. The networks and their training are those "
            "of the chapter, with 25 filters, or one that 25 places share."
        ),
        alt=(
            "A shared filter gets a tenth wrong after some dozens of canvases, and shows the "
            "stroke of a one in its middle. Local and full filters need thousands, and local "
            "ones hardly fewer than full ones."
        ),
    )
