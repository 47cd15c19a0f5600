"""The explorable "two-weights": one equation, and the solution that training picks by its scale."""

import jax.numpy as jnp
import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.plane import Extent, Outline, Plane, Points, Trail
from implicitbias.explore.scale_axis import scale_axis
from implicitbias.limits import scale_path
from implicitbias.plotting import level_set
from implicitbias.potentials import DiagonalPotential

SCALES = np.geomspace(1e-3, 10, 33)
DEPTHS = (2, 3, 10)
EQUATION = np.array([[1.0, 0.5]]), np.array([1.0])
_STEP = 2e-4  # resolution: a pixel is about 4e-3


def two_weights() -> Explorable:
    r"""Two weights that have to satisfy :math:`w_1 + \tfrac12 w_2 = 1`, trained from zero.

    For each initial scale and depth: the path of gradient flow, the solution on which it ends, and
    the level set there of the potential that it minimises among all solutions.

    Returns:
        The explorable ``"two-weights"``.
    """
    runs = [_run(depth) for depth in DEPTHS]
    ends, paths, levels = (np.stack(part) for part in zip(*runs, strict=True))
    over = ("depth", "scale")
    figure = Figure(
        name="two-weights",
        title="Which solution of one equation training picks, by scale and depth",
        axes=(
            scale_axis(SCALES, start=0.3),
            Axis("depth", "Depth", DEPTHS, kind="choice", symbol="D", start=2),
        ),
        arrays={
            "path": Array(over, paths, inner=("step", "xy"), step=_STEP),
            "level": Array(over, levels, inner=("step", "xy"), step=_STEP),
            "end": Array(over, ends[:, :, None], inner=("point", "xy")),
            "first": Array(over, ends[..., 0]),
            "second": Array(over, ends[..., 1]),
            "solutions": Array((), [[0.4, 1.2], [1.6, -1.2]], inner=("step", "xy")),
            "l2": Array((), [[0.8, 0.4]], inner=("point", "xy")),
            "l1": Array((), [[1.0, 0.0]], inner=("point", "xy")),
        },
        panels=(
            Plane(
                "Two weights and one equation",
                "",
                Extent("w₁", -2.6, 2.9),
                Extent("w₂", -1.1, 1.2),
                (
                    Outline("level", "level set of what training minimises", "soft"),
                    Trail("solutions", "all solutions", "ink", dash="6 4"),
                    Points("l2", "the one of least ℓ₂ norm", "kernel", "cross"),
                    Points("l1", "the one of least ℓ₁ norm", "rich", "ring"),
                    Trail("path", "training", "run"),
                ),
            ),
        ),
        reading="From α = {scale} at depth {depth}, training ends on w₁ = {first}, w₂ = {second}.",
        presets=(
            Preset("A circle", {"scale": 10.0, "depth": 2}),
            Preset("In between", {"scale": 0.3, "depth": 2}),
            Preset("Nearly a diamond", {"scale": 1e-3, "depth": 2}),
        ),
        caption=(
            "Gradient flow on w = uᴰ − vᴰ with u(0) = v(0) = α, from w = 0 to the line of "
            "solutions of w₁ + ½ w₂ = 1. The closed curve is the level set of the network's "
            "potential through the end of training: it touches the line there."
        ),
        alt=(
            "From a large scale the level set is a circle and training ends on the solution of "
            "least ℓ₂ norm; from a small one it is nearly a diamond and training ends near the one "
            "of least ℓ₁ norm."
        ),
    )
    return Explorable(figure)


def _run(depth: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From each scale: the end, the path to it, and the level set through it, as points "... 2"."""
    (x,), y = EQUATION
    ends = np.asarray(scale_path(x[None], y, depth, SCALES).weights)
    paths, levels = [], []
    for scale, end in zip(SCALES, ends, strict=True):
        potential = DiagonalPotential(depth, scale)
        # The dual variable moves along x: the weight of the larger entry gives it, to full
        # precision also where it saturates, and with it the other weight.
        first = jnp.linspace(0.0, end[0], 48)
        second = potential.to_primal(x[1] / x[0] * potential.to_dual(first))
        paths.append(np.stack([first, second], axis=1))
        levels.append(np.asarray(level_set(potential, end, points=120)))
    return ends, np.stack(paths), np.stack(levels)
