"""The explorable "metric-tensors": a network from lazy to rich, beside the kernel it starts as."""

from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import ITEM
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.images import Images
from implicitbias.explore.panels.plane import Ellipses, Extent, Outline, Plane, Points, Trail
from implicitbias.explore.scale_axis import scale_axis
from implicitbias.explore.text import Clause
from implicitbias.explore.time_axis import time_axis
from implicitbias.flows import function_flow, linearised_flow
from implicitbias.metrics import inverse_metric
from implicitbias.parametrizations import TwoLayerNetwork

X = np.array([[-3.0], [-1.5], [0.0], [1.5], [3.0]])
Y = np.array([1.0, -1.0, 1.0, -0.5, 1.0])
WIDTH, SEED = 32, 22
SCALES = 10.0 ** (np.arange(-3, 7) / 3)
CLOCK = np.append(0.0, np.geomspace(0.005, 60.0, 20))  # alpha^2 t
STARTS = ("doubled", "subtracted", "random")

_GRID = np.linspace(-3.75, 3.75, 51)[:, None]
_SHOWN = [1, 2]  # samples whose outputs are the axes of function space
_RADIUS = 0.06
_POINT, _ENTRY, _LOG = 0.01, 1 / 100, 0.004


class Run(NamedTuple):
    """One training run, at the times of the clock; functions are differences from the start."""

    params: tuple[np.ndarray, ...]  # a, b, c with a leading axis of times
    outputs: np.ndarray  # (time, n)
    function: np.ndarray  # (time, grid)
    kernels: np.ndarray  # (time, n, n), over alpha^2
    linear: np.ndarray  # (time, grid): of the linearised network

    @property
    def movement(self) -> np.ndarray:
        """Of the tangent kernel, relative to that of the start: (time,)."""
        first = self.kernels[0]
        return np.linalg.norm(self.kernels - first, axis=(1, 2)) / np.linalg.norm(first)


def train(scale: float, start: str = "doubled", *, width: int = WIDTH, seed: int = SEED) -> Run:
    """Trains the network of the figure at one output scale.

    Args:
        scale: of the output.
        start: "doubled" has a twin of opposite sign for each neuron; "subtracted" trains the
            difference to the function at the start; "random" has to unlearn that function.
        width: number of neurons.
        seed: of the start.
    """
    network = TwoLayerNetwork(width, scale, doubled=start == "doubled")
    on, everywhere = network.on(X), network.on(_GRID)
    params = network.init(1, seed)
    first, first_everywhere = np.asarray(on(params)), np.asarray(everywhere(params))
    shift, shift_everywhere = (
        (first, first_everywhere) if start == "subtracted" else (0 * first, 0 * first_everywhere)
    )
    path = function_flow(on, params, Y + shift, CLOCK / scale**2, tolerance=1e-8 / max(1, scale))
    tangent = linearised_flow(on, params, Y + shift, CLOCK / scale**2)
    kernels, function, linear = _seen(on, everywhere, params, path.params, tangent.params)
    return Run(
        tuple(np.asarray(part) for part in path.params),
        np.asarray(path.outputs) - shift,
        np.asarray(function) - shift_everywhere,
        np.asarray(kernels) / scale**2,
        np.asarray(linear) - shift_everywhere,
    )


@eqx.filter_jit
def _seen(on, everywhere, start, params, tangents):
    """Tangent kernels and functions along a path, and the function linear in the parameters."""

    def linear(params):
        move = jax.tree.map(lambda now, first: now - first, params, start)
        value, change = jax.jvp(everywhere, (start,), (move,))
        return value + change

    kernels = jax.vmap(lambda params: inverse_metric(on, params))(params)
    return kernels, jax.vmap(everywhere)(params), jax.vmap(linear)(tangents)


def metric_tensors() -> Explorable:
    """A network of one hidden layer on five samples, by the scale of its output and time.

    Returns:
        The explorable ``"metric-tensors"``.
    """
    runs = {start: [train(scale, start) for scale in SCALES] for start in STARTS}
    shown = runs["doubled"]
    a, b = (np.stack([run.params[k] for run in shown]) for k in (0, 1))
    neurons = np.stack([b[..., 0], a], -1)
    outputs = np.stack([run.outputs for run in shown])
    function = np.stack([run.function for run in shown])
    kernels = np.stack([run.kernels for run in shown])
    movement = np.stack([run.movement for run in shown])
    gap = np.abs(function - [run.linear for run in shown]).max(-1)
    linear = shown[-1].linear  # the same at all scales
    grid = _GRID[:, 0]
    block = np.linalg.inv(kernels[..., _SHOWN, :][..., _SHOWN])
    metric = np.zeros((*block.shape[:2], 2, 5))
    for k, (at, tensor) in enumerate(
        ((0 * outputs[..., _SHOWN], block[:, :1]), (outputs[..., _SHOWN], block))
    ):
        metric[..., k, :2] = at
        metric[..., k, 2:] = np.broadcast_to(tensor, block.shape).reshape(*metric.shape[:2], 4)[
            ..., [0, 1, 3]
        ]
    pictures = np.stack([np.broadcast_to(kernels[:, :1], kernels.shape), kernels], 2)
    pictures = pictures / pictures.max((-3, -2, -1), keepdims=True)
    far = np.linalg.norm(neurons - neurons[:, :1], axis=-1).max(-1)
    now = ("scale", "time")
    figure = Figure(
        name="metric-tensors",
        title="A network of one hidden layer from lazy to rich, by the scale of its output",
        axes=(
            scale_axis(SCALES, start=1.0, of="the output"),
            time_axis(len(CLOCK), reads="clock", end="trained"),
        ),
        arrays={
            "function": Array(now, _drawn(grid, function), inner=("step", "xy"), step=_POINT),
            "linear": Array(("time",), _drawn(grid, linear), inner=("step", "xy"), step=_POINT),
            "samples": Array((), np.stack([X[:, 0], Y], 1), inner=("point", "xy")),
            "neurons": Array(now, neurons, inner=(ITEM, "xy"), step=2 * _POINT),
            "pair": Array(now, outputs[..., _SHOWN], inner=("xy",), step=_POINT / 2),
            "straight": Array(
                ("time",), shown[-1].outputs[:, _SHOWN], inner=("xy",), step=_POINT / 2
            ),
            "target": Array((), [Y[_SHOWN]], inner=("point", "xy")),
            "metric": Array(now, metric, inner=("point", "tensor"), step=2e-3),
            "pictures": Array(now, pictures, inner=("image", "row", "column"), step=_ENTRY),
            "clock": Array(("time",), CLOCK),
            "movement": Array(now, movement, step=_LOG, log=True),
            "gap": Array(now, gap, step=_LOG, log=True),
            "far": Array(now, far, step=_LOG, log=True),
            "gap_last": Array(("scale",), gap[:, -1], step=_LOG, log=True),
            **{
                f"movement_{start}": Array(("scale",), np.array([run.movement[-1] for run in row]))
                for start, row in runs.items()
            },
        },
        panels=(
            Plane(
                "The function",
                "",
                Extent("x", -3.75, 3.75),
                Extent("f(x)", -1.5, 2.3),
                (
                    Outline("linear", "the kernel of the start", "kernel", dash="7 4"),
                    Outline("function", "the network", "run"),
                    Points("samples", "samples", "ink", "dot"),
                ),
                stretched=True,
            ),
            Images(
                "The tangent kernel of the five samples",
                "Both divided by the largest entry of the two. Blue is positive.",
                "pictures",
                ("at the start", "now"),
            ),
            Plane(
                "Parameter space: one path a neuron",
                "Its weight b on x across, its weight a in the sum up.",
                Extent("b", -9.0, 9.0),
                Extent("a", -11.0, 11.0),
                (Trail("neurons", "the neurons", "run"),),
            ),
            Plane(
                "Function space: the outputs on two samples",
                "The ellipses are what steps of one length in parameter space do.",
                Extent("f(−1.5)", -1.7, 0.8),
                Extent("f(0)", -0.8, 1.7),
                (
                    Ellipses("metric", "the metric, at the start and now", "rich", _RADIUS),
                    Trail("straight", "the kernel of the start", "kernel", dash="7 4"),
                    Points("target", "the targets", "ink", "ring"),
                    Trail("pair", "the network", "run"),
                ),
            ),
            Curves(
                "How far the tangent kernel has moved at the end",
                "In units of its size, with twins and with the start subtracted.",
                axis="scale",
                lines=(
                    Line("movement_doubled", "doubled", "run"),
                    Line("movement_subtracted", "start subtracted", "ink", dashed=True),
                ),
                floor=1e-5,
            ),
            Curves(
                "How far the function is from the kernel’s at the end",
                "The largest difference in the first picture.",
                axis="scale",
                lines=(Line("gap_last", "", "run"),),
                floor=1e-5,
            ),
        ),
        reading=(
            Clause(
                "With α = {scale}, at time {clock}, the tangent kernel has moved by {movement} "
                "times its size, and no neuron by more than {far}."
            ),
            Clause(
                " The function differs from the kernel’s by at most {gap}.", unless={"time": (0.0,)}
            ),
        ),
        presets=(
            Preset("A kernel machine", {"scale": 100.0, "time": 100.0}),
            Preset("In between", {"scale": 1.0, "time": 100.0}),
            Preset("It learns features", {"scale": SCALES[0], "time": 100.0}),
        ),
        items=(tuple(f"neuron {j + 1}" for j in range(WIDTH)),),
        caption=(
            f"Gradient flow on a network of {WIDTH} neurons, f = α m^(−1/2) Σ aⱼ φ(bⱼx + cⱼ), with "
            "a twin of opposite sign for every neuron, so that it starts at f = 0. Time is "
            "counted in units of 1/α², so that every scale starts off alike."
        ),
        alt=(
            "From a large output scale no neuron moves visibly and the network is kernel "
            "regression, a smooth curve. From a small one some neurons move far, the kernel "
            "changes, and the function becomes nearly piecewise linear."
        ),
    )
    return Explorable(figure)


def _drawn(grid: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.stack([np.broadcast_to(grid, values.shape), values], -1)
