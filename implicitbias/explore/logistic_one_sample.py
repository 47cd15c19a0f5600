"""The explorable "logistic-one-sample": one sample, whose direction turns as the loss falls."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.loss_axis import loss_axis, rounded
from implicitbias.explore.panels.plane import Extent, Outline, Plane, Points, Trail
from implicitbias.limits import scale_path
from implicitbias.plotting import level_set
from implicitbias.potentials import DiagonalPotential

SCALES = np.logspace(-2, 1, 13)
DIGITS = np.logspace(0, 4, 9)
SAMPLE = np.array([[1.0, 0.5]])
_STEP = 1e-3  # resolution: a pixel is about 4e-3


def logistic_one_sample() -> Explorable:
    r"""Two weights and one sample :math:`x = (1, \tfrac12)`, trained by the exponential loss.

    For each initial scale and each loss: the weights over their margin, and the level set there of
    the potential that they minimise among all weights of margin 1.

    Returns:
        The explorable ``"logistic-one-sample"``.
    """
    # At a loss L the margin is log(1/L), and over it the network is the interpolator of y = 1 from
    # a scale smaller by the root of the margin.
    effective = SCALES[:, None] / np.sqrt(np.log(10) * DIGITS)
    _, once, back = np.unique(effective.round(9), return_index=True, return_inverse=True)
    scales = effective.ravel()[once]
    ends = np.asarray(scale_path(SAMPLE, np.ones(1), 2, scales).weights)
    levels = np.stack(
        [
            np.asarray(level_set(DiagonalPotential(2, scale), end, points=48))
            for scale, end in zip(scales, ends, strict=True)
        ]
    )
    ends, levels = ends[back.ravel()], levels[back.ravel()]
    shape = effective.shape
    over = ("scale", "digits")
    figure = Figure(
        name="logistic-one-sample",
        title="The direction of two weights, by scale and training accuracy",
        axes=(
            Axis(
                "scale",
                "Scale of initialisation",
                tuple(SCALES),
                symbol="α",
                log=True,
                ends=("small", "large"),
                start=1.0,
            ),
            loss_axis(DIGITS, start=10.0, roles=("kernel", "rich")),
        ),
        arrays={
            "level": Array(over, levels.reshape(*shape, -1, 2), inner=("step", "xy"), step=_STEP),
            "end": Array(over, ends.reshape(*shape, 1, 2), inner=("point", "xy")),
            "percent": Array(over, 100 * (ends[:, 1] / ends[:, 0]).reshape(shape)),
            "effective": Array(over, effective),
            "zeros": Array(("digits",), rounded(DIGITS)),
            "separators": Array((), [[0.4, 1.2], [1.6, -1.2]], inner=("step", "xy")),
            "l2": Array((), [[0.8, 0.4]], inner=("point", "xy")),
            "l1": Array((), [[1.0, 0.0]], inner=("point", "xy")),
        },
        panels=(
            Plane(
                "Two weights, over their margin",
                "",
                Extent("w₁ / γ", -2.6, 2.9),
                Extent("w₂ / γ", -1.1, 1.2),
                (
                    Outline("level", "level set of what is minimised now", "soft"),
                    Trail("separators", "all weights of margin 1", "ink", dash="6 4"),
                    Points("l2", "the one of least ℓ₂ norm", "kernel", "cross"),
                    Points("l1", "the one of least ℓ₁ norm", "rich", "ring"),
                    Points("end", "training, now", "run", "dot"),
                ),
            ),
        ),
        reading=(
            "At α = {scale} and log₁₀ 1/L = {zeros}, the second weight is {percent} % of the first "
            "one: as from the scale {effective} with the square loss and y = 1."
        ),
        presets=(
            Preset("A kernel, still", {"scale": 10.0, "digits": 1.0}),
            Preset("Ordinary accuracy", {"scale": 1.0, "digits": 10.0}),
            Preset("A ridiculous accuracy", {"scale": 1.0, "digits": 1e4}),
        ),
        caption=(
            "Gradient flow of w = u² − v², u(0) = v(0) = α, on the exponential loss of the one "
            "sample x = (1, ½). The weights grow for ever; shown are the weights over their "
            "margin. The closed curve is the level set of the network's potential there, shrunk by "
            "the same factor."
        ),
        alt=(
            "As the loss falls the level set turns from a circle into a diamond, and the weights "
            "over their margin slide from the separator of least ℓ₂ norm to that of least ℓ₁ norm."
        ),
    )
    return Explorable(figure)
