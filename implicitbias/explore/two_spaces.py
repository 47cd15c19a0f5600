"""The explorable "two-spaces": one equation in parameter space and in function space."""

import numpy as np
from scipy.integrate import solve_ivp

from implicitbias.explore.array import Array
from implicitbias.explore.axis import ITEM
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.plane import Ellipses, Extent, Outline, Plane, Points, Trail
from implicitbias.explore.scale_axis import scale_axis
from implicitbias.explore.time_axis import time_axis

SCALES = 10.0 ** (np.arange(-9, 10) / 6)
CLOCK = np.append(0.0, np.geomspace(0.004, 2.0, 31))  # alpha^2 t
X, Y = np.array([[1.0, 0.5]]), np.array([1.0])

_KERNEL_END = np.array([0.8, 0.4])
_RADIUS = 0.03  # of a step, in the norm that the start's metric has
_POINT, _LOG = 1e-3, 0.002


def two_spaces() -> Explorable:
    r"""Two weights :math:`w = \alpha(u^2 - v^2)` from u = v = 1, on :math:`w_1 + \tfrac12w_2 = 1`.

    Returns:
        The explorable ``"two-spaces"``.
    """
    parameters, weights = _paths()
    growth = np.sqrt(4 + (weights / SCALES[:, None, None]) ** 2) / 2  # of the inverse metric
    metric = np.zeros((*weights.shape[:2], 2, 5))
    metric[..., 0, 2] = metric[..., 0, 4] = 1 / 8
    metric[..., 1, :2], metric[..., 1, [2, 4]] = weights, 1 / (8 * growth)
    moved = np.linalg.norm(parameters - 1, axis=(-2, -1))
    # X rho^-1 X' is a number.
    movement = (growth * X[0] ** 2).sum(-1) / (X[0] ** 2).sum() - 1
    straight = (1 - np.exp(-8 * (X[0] ** 2).sum() * CLOCK))[:, None] * _KERNEL_END
    reach = np.geomspace(0.2, 6.5, 80)
    now = ("scale", "time")
    figure = Figure(
        name="two-spaces",
        title="One equation in parameter space and in function space, by the scale of the output",
        axes=(
            scale_axis(SCALES, start=1.0, of="the output"),
            time_axis(len(CLOCK), reads="clock", end="converged"),
        ),
        arrays={
            "parameters": Array(now, parameters, inner=(ITEM, "xy"), step=_POINT),
            "weights": Array(now, weights, inner=("xy",), step=_POINT),
            "metric": Array(now, metric, inner=("point", "tensor")),
            "clock": Array(("time",), CLOCK),
            "first": Array(now, weights[..., 0], step=_POINT),
            "second": Array(now, weights[..., 1], step=_POINT),
            "moved": Array(now, moved, step=_LOG, log=True),
            "movement": Array(now, movement, step=_LOG, log=True),
            "moved_last": Array(("scale",), moved[:, -1]),
            "movement_last": Array(("scale",), movement[:, -1]),
            "straight": Array(("time",), straight, inner=("xy",)),
            "conserved": Array((), np.stack([reach, 1 / reach], 1), inner=("step", "xy")),
            "solutions": Array((), [[0.6, 0.8], [1.1, -0.2]], inner=("step", "xy")),
            "l2": Array((), [_KERNEL_END], inner=("point", "xy")),
            "l1": Array((), [[1.0, 0.0]], inner=("point", "xy")),
        },
        panels=(
            Plane(
                "Parameter space",
                "The two parameters of each weight: both pairs start at (1, 1).",
                Extent("u", 0.0, 6.0),
                Extent("v", 0.0, 4.2),
                (
                    Outline("conserved", "u v = 1, which training conserves", "soft"),
                    Trail("parameters", "(u₁, v₁) and (u₂, v₂)", "run"),
                ),
            ),
            Plane(
                "Function space",
                "The ellipses are what steps of one length in parameter space do.",
                Extent("w₁", -0.3, 1.3),
                Extent("w₂", -0.2, 0.7),
                (
                    Outline("solutions", "all solutions", "ink", "6 4"),
                    Ellipses("metric", "the metric, at the start and now", "rich", _RADIUS),
                    Trail("straight", "the kernel of the start", "kernel", dash="7 4"),
                    Points("l2", "least ℓ₂ norm", "kernel", "cross"),
                    Points("l1", "least ℓ₁ norm", "rich", "ring"),
                    Trail("weights", "training", "run"),
                ),
            ),
            Curves(
                "How far each has moved at the end",
                "The parameters; and the tangent kernel, in units of its size at the start.",
                axis="scale",
                lines=(
                    Line("moved_last", "the parameters", "run"),
                    Line("movement_last", "the tangent kernel", "ink", dashed=True),
                ),
                floor=1e-5,
            ),
        ),
        reading=(
            "With α = {scale}, at time {clock}, the function is w = ({first}, {second}). The "
            "parameters have moved by {moved}, and the tangent kernel by {movement} times its size."
        ),
        presets=(
            Preset("A frozen metric", {"scale": 10.0, "time": 100.0}),
            Preset("In between", {"scale": 0.316, "time": 100.0}),
            Preset("A metric that is learned", {"scale": SCALES[0], "time": 100.0}),
        ),
        items=(("weight 1", "weight 2"),),
        caption=(
            "Gradient flow on w = α(u² − v²) from u = v = 1 and the equation w₁ + ½ w₂ = 1. Time "
            "is counted in units of 1/α², so that every scale starts off alike."
        ),
        alt=(
            "From a large output scale the parameters hardly move, the metric stays a circle and "
            "the path is straight. From a small one they move far, the metric becomes a long "
            "ellipse and the path bends to the sparse solution."
        ),
    )
    return Explorable(figure)


def _paths() -> tuple[np.ndarray, np.ndarray]:
    """The parameters (scale, time, weight, uv) and the weights (scale, time, weight)."""
    # u = e^(kappa x / 2) = 1 / v, and kappa is one number for each scale.
    x, scales = X[0], SCALES[:, None]

    def speed(_: float, kappa: np.ndarray) -> np.ndarray:
        weights = 2 * scales * np.sinh(np.multiply.outer(kappa, x))
        return 4 / SCALES * (Y - weights @ x)

    start = np.zeros(len(SCALES))
    path = solve_ivp(speed, (0, CLOCK[-1]), start, "LSODA", CLOCK, rtol=1e-9, atol=1e-9)
    u = np.exp(np.multiply.outer(path.y, x) / 2)
    return np.stack([u, 1 / u], -1), scales[..., None] * (u**2 - u**-2)
