"""The explorable "algorithms": steepest descent in three norms, and Adam, on one race track."""

import numpy as np
from scipy.spatial import ConvexHull

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.loss_axis import loss_axis, rounded
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.plane import Extent, Outline, Plane, Points, Trail
from implicitbias.explore.text import Clause
from implicitbias.limits import max_margin
from implicitbias.steepest import adam_flow, steepest_flow

SAMPLES = np.array([[0.65, 1.75], [0.85, 0.75], [1, 0.5], [2, 0.1], [1.8, 1.4], [1.2, 1]])
NORMS = {"first": 1, "second": 2, "sign": np.inf}
"""Of coordinate descent, gradient descent and sign descent."""

EPSILONS = 10.0 ** np.arange(-16, 1)
DIGITS = np.logspace(0, 3.5, 43)

_FLOOR = 1e-3
_STEP = 5e-4  # resolution: a pixel is about 4e-3
_ABOVE, _HANDOVER, _BELOW = 0, 1, 2


def algorithms() -> Explorable:
    r"""Six samples in the plane, separated by descent in l1, l2 and l-infinity, and by Adam.

    Flows with :math:`\log(1/L)` for time: the weights over their margin, the gradient over the
    loss, and how far each margin is from the largest there is.

    Returns:
        The explorable ``"algorithms"``.
    """
    shown = np.log(10) * DIGITS
    early = np.geomspace(0.02, shown[0], 18, endpoint=False)
    times = np.concatenate([early, shown])
    labels = np.ones(len(SAMPLES))
    flows = {
        name: np.asarray(steepest_flow(SAMPLES, labels, norm, times))
        for name, norm in NORMS.items()
    }
    adam = np.stack([np.asarray(adam_flow(SAMPLES, labels, eps, times)) for eps in EPSILONS])
    lengths = {
        norm: float(np.linalg.norm(max_margin(SAMPLES, labels, norm), norm))
        for norm in NORMS.values()
    }

    def missing(w, norm):
        """Per cent of the largest margin in a norm, after the first few times."""
        w = w[..., len(early) :, :]
        share = (w @ SAMPLES.T).min(axis=-1) / np.linalg.norm(w, norm, axis=-1) * lengths[norm]
        return np.maximum(100 * (1 - share), _FLOOR / 2)

    gradients = {name: _gradient(w) for name, w in flows.items()}
    of_adam = _gradient(adam)
    # The largest part of Adam's gradient over epsilon, as a decimal logarithm.
    largest = np.abs(of_adam[:, len(early) :]).max(axis=-1)
    over_eps = np.log10(largest) - DIGITS - np.log10(EPSILONS)[:, None]
    over = ("eps", "digits")
    figure = Figure(
        name="algorithms",
        title="Four algorithms that separate the same samples, by loss and Adam's epsilon",
        axes=(
            loss_axis(DIGITS, start=10.0),
            Axis(
                "eps",
                "Adam’s epsilon",
                tuple(EPSILONS),
                symbol="ε",
                log=True,
                ends=("Adam is sign descent", "Adam is gradient descent"),
                roles=("ink", "kernel"),
                start=1e-8,
            ),
        ),
        arrays={
            **{f"{name}_now": _now(("digits",), w[len(early) :]) for name, w in flows.items()},
            "adam_now": _now(over, adam[:, len(early) :]),
            **{
                f"{name}_gradient": Array((), u, inner=("step", "xy"), step=_STEP)
                for name, u in gradients.items()
            },
            "adam_gradient": Array(("eps",), of_adam, inner=("step", "xy"), step=_STEP),
            "adam_gradient_now": Array(
                over, of_adam[:, len(early) :, None], inner=("point", "xy"), step=_STEP
            ),
            **{
                f"{name}_missing_{norm:g}": Array(
                    over if name == "adam" else ("digits",), missing(w, norm), step=0.004, log=True
                )
                for norm in (2, np.inf)
                for name, w in {**flows, "adam": adam}.items()
                if name != "first"
            },
            "exact": Array(over, missing(adam, np.inf) < _FLOOR, step=1),
            "phase": Array(over, _phase(over_eps), step=1),
            "exponent": Array(over, np.round(over_eps)),
            "zeros": Array(("digits",), rounded(DIGITS)),
            "track": Array((), _track(), inner=("step", "xy"), step=_STEP),
            "hull": Array((), _hull(), inner=("step", "xy")),
            "samples": Array((), SAMPLES, inner=("point", "xy")),
            **{
                f"{name}_ball": Array((), _ball(norm, lengths[norm]), ("step", "xy"))
                for name, norm in NORMS.items()
            },
            **{
                f"{name}_dual_ball": Array((), _ball(dual, 1 / lengths[norm]), ("step", "xy"))
                for (name, norm), dual in zip(NORMS.items(), (np.inf, 2, 1), strict=True)
            },
        },
        panels=(
            Plane(
                "The weights, over their margin",
                "Coordinate, gradient and sign descent on the line of margin 1, each with the ball "
                "of its norm.",
                Extent("w₁ / γ", -0.35, 1.75),
                Extent("w₂ / γ", -0.3, 1.4),
                (
                    Outline("track", "margin 1", "ink"),
                    Outline("first_ball", "coordinate, ℓ₁", "rich", "7 4"),
                    Outline("second_ball", "gradient, ℓ₂", "kernel"),
                    Outline("sign_ball", "sign, ℓ∞", "ink", "2 4"),
                    Points("first_now", "coordinate, ℓ₁", "rich", "ring"),
                    Points("second_now", "gradient, ℓ₂", "kernel", "cross"),
                    Points("sign_now", "sign, ℓ∞", "ink", "ring"),
                    Points("adam_now", "Adam", "run", "dot"),
                ),
            ),
            Plane(
                "The gradient, over the loss",
                "Always a mean of the samples. The ball of each dual norm touches the means.",
                Extent("u₁", -0.1, 2.2),
                Extent("u₂", -0.1, 1.85),
                (
                    Outline("hull", "samples and means", "ink"),
                    Points("samples", "samples and means", "ink", "dot"),
                    Outline("first_dual_ball", "coordinate, ℓ∞", "rich", "7 4"),
                    Outline("second_dual_ball", "gradient, ℓ₂", "kernel"),
                    Outline("sign_dual_ball", "sign, ℓ₁", "ink", "2 4"),
                    Trail("first_gradient", "coordinate, ℓ∞", "rich", dash="7 4"),
                    Trail("second_gradient", "gradient, ℓ₂", "kernel"),
                    Trail("sign_gradient", "sign, ℓ₁", "ink", dash="2 4"),
                    Trail("adam_gradient", "Adam", "run"),
                    Points("adam_gradient_now", "Adam", "run", "dot"),
                ),
            ),
            _missing("ℓ∞", "inf", "Drag to move the loss."),
            _missing("ℓ₂", "2", "Shaded: Adam’s gradient is far below ε."),
        ),
        reading=(
            Clause(
                "At a loss of ten to the power −{zeros} and ε = {eps}, the largest part of Adam’s "
                "gradient is ε times ten to the power {exponent}: "
            ),
            Clause("Adam is sign descent. ", when={"phase": (_ABOVE,)}),
            Clause("Adam is handing over. ", when={"phase": (_HANDOVER,)}),
            Clause("Adam is gradient descent. ", when={"phase": (_BELOW,)}),
            Clause("It misses less than a thousandth of a per cent", when={"exact": (1,)}),
            Clause("It misses {adam_missing_inf} %", unless={"exact": (1,)}),
            Clause(" of the largest ℓ∞ margin, and {adam_missing_2} % of the largest ℓ₂ margin."),
        ),
        presets=(
            Preset("Adam is sign descent", {"eps": 1e-8, "digits": 5.0}),
            Preset("Half-way over", {"eps": 1e-8, "digits": 14.0}),
            Preset("Gradient descent, in the end", {"eps": 1e-8, "digits": 3000.0}),
        ),
        caption=(
            "Six samples with two features, labels absorbed, and the exponential loss. Steps are "
            "infinitely small, and time is the logarithm of the loss; computed by the library. In "
            "the first picture each closed curve is the ball of a norm, as large as it must be to "
            "touch the line of margin 1; where it touches is the separator of largest margin in "
            "that norm. In the second, balls of the dual norms touch the set of possible "
            "gradients. Margins that miss less than a thousandth of a per cent lie on the lower "
            "edge."
        ),
        alt=(
            "Coordinate descent, gradient descent and sign descent each end where the ball of "
            "their own norm touches the line of margin 1. Adam first stays with sign descent, and "
            "moves to the end of gradient descent when its gradients fall below epsilon, slowly."
        ),
    )
    return Explorable(figure)


def _missing(norm: str, suffix: str, note: str) -> Curves:
    return Curves(
        f"Per cent missing of the largest {norm} margin",
        note,
        axis="digits",
        lines=(
            Line(f"second_missing_{suffix}", "gradient descent", "kernel", dashed=True),
            Line(f"sign_missing_{suffix}", "sign descent", "ink", dashed=True),
            Line(f"adam_missing_{suffix}", "Adam", "run"),
        ),
        floor=_FLOOR,
        bands="phase",
        band_labels=((_BELOW, "gradients below ε", "kernel"),),
    )


def _now(dims: tuple[str, ...], w: np.ndarray) -> Array:
    """Weights over their margin."""
    margin = (w @ SAMPLES.T).min(axis=-1)
    return Array(dims, (w / margin[..., None])[..., None, :], ("point", "xy"), step=_STEP)


def _gradient(w: np.ndarray) -> np.ndarray:
    """Minus the gradient over the loss: a mean of samples."""
    margins = w @ SAMPLES.T
    p = np.exp(margins.min(axis=-1, keepdims=True) - margins)
    return p @ SAMPLES / p.sum(axis=-1, keepdims=True)


def _phase(over_eps: np.ndarray) -> np.ndarray:
    return np.where(over_eps > 1, _ABOVE, np.where(over_eps < -1, _BELOW, _HANDOVER))


def _track() -> np.ndarray:
    """Weights of margin 1, by direction."""
    angles = np.radians(np.linspace(-40, 110, 301))
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    margins = (directions @ SAMPLES.T).min(axis=-1)
    return directions[margins > 0.2] / margins[margins > 0.2, None]


def _hull() -> np.ndarray:
    corners = SAMPLES[ConvexHull(SAMPLES).vertices]
    return np.vstack([corners, corners[:1]])


def _ball(norm: float, radius: float) -> np.ndarray:
    angles = np.radians(np.arange(0, 361, 5))
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return radius * directions / np.linalg.norm(directions, norm, axis=-1, keepdims=True)
