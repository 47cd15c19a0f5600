"""The explorable "adam-one-sample": one sample, which Adam's epsilon divides the training of."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.loss_axis import loss_axis, rounded
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.plane import Extent, Outline, Plane, Points
from implicitbias.steepest import adam_flow

EPSILONS = 10.0 ** np.arange(-16, 1)
DIGITS = np.logspace(-0.5, 3.5, 49)
SAMPLE = np.array([[1.0, 0.5]])
_STEP = 1e-3  # resolution: a pixel is about 4e-3


def adam_one_sample() -> Explorable:
    r"""Two weights and one sample :math:`x = (1, \tfrac12)`, trained by Adam with small steps.

    For each epsilon and each loss: the weights over their margin, and their ratio.

    Returns:
        The explorable ``"adam-one-sample"``.
    """
    times = np.log(10) * DIGITS
    weights = np.stack([np.asarray(adam_flow(SAMPLE, np.ones(1), eps, times)) for eps in EPSILONS])
    ratio = weights[..., 1] / weights[..., 0]
    normed = weights / (weights @ SAMPLE[0])[..., None]
    angles = np.radians(np.arange(0, 361, 5))
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    over = ("eps", "digits")
    figure = Figure(
        name="adam-one-sample",
        title="The direction of two weights that Adam trains, by epsilon and loss",
        axes=(
            loss_axis(DIGITS, start=1.0),
            Axis(
                "eps",
                "Adam’s epsilon",
                tuple(EPSILONS),
                symbol="ε",
                log=True,
                ends=("small", "large"),
                start=1e-8,
            ),
        ),
        arrays={
            "now": Array(over, normed[..., None, :], inner=("point", "xy"), step=_STEP),
            "ratio": Array(over, ratio, step=_STEP),
            "percent": Array(over, np.round(100 * ratio, 1)),
            "zeros": Array(("digits",), rounded(DIGITS)),
            "ones": Array(("digits",), np.ones(len(DIGITS))),
            "halves": Array(("digits",), np.full(len(DIGITS), 0.5)),
            "separators": Array((), [[0.2, 1.6], [1.6, -1.2]], inner=("step", "xy")),
            "circle": Array((), np.sqrt(0.8) * circle, inner=("step", "xy")),
            "square": Array(
                (), 2 / 3 * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1], [1, 1]]), ("step", "xy")
            ),
        },
        panels=(
            Plane(
                "Two weights, over their margin",
                "",
                Extent("w₁ / γ", -1.25, 1.75),
                Extent("w₂ / γ", -1.0, 1.1),
                (
                    Outline("separators", "all weights of margin 1", "ink"),
                    Outline("circle", "least ℓ₂ norm", "kernel"),
                    Outline("square", "least ℓ∞ norm", "ink", "2 4"),
                    Points("now", "Adam, now", "run", "dot"),
                ),
            ),
            Curves(
                "The second weight over the first",
                "Drag to move the loss.",
                axis="digits",
                lines=(
                    Line("ones", "signs", "ink", dashed=True),
                    Line("halves", "gradients", "kernel", dashed=True),
                    Line("ratio", "Adam", "run"),
                ),
            ),
        ),
        reading=(
            "With ε = {eps}, at a loss of ten to the power −{zeros}, the second weight is "
            "{percent} % of the first one."
        ),
        presets=(
            Preset("A good fit", {"eps": 1e-8, "digits": 6.8}),
            Preset("The smallest double", {"eps": 1e-8, "digits": 316.0}),
            Preset("A large epsilon", {"eps": 1e-1, "digits": 6.8}),
        ),
        caption=(
            "Adam with infinitely small steps on the exponential loss of the one sample "
            "x = (1, ½), with the logarithm of the loss for time. The weights grow for ever; "
            "shown are the weights over their margin. Square and circle touch the line of margin "
            "1 where the ℓ∞ norm and the ℓ₂ norm are least."
        ),
        alt=(
            "While the loss is above epsilon both weights are equal. Below it, their ratio falls "
            "towards one half, like one over the number of digits of the loss."
        ),
    )
    return Explorable(figure)
