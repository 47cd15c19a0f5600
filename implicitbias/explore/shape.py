"""The explorable "shape": starts that are unequal in weights or in layers, and one neuron."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis, State
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.model import Model
from implicitbias.explore.panels.heatmap import HeatMap
from implicitbias.explore.panels.plane import Extent, Outline, Plane, Points, Trail
from implicitbias.explore.text import Clause
from implicitbias.parametrizations import DiagonalNetwork, Neuron
from implicitbias.regimes import log_kernel_movement

LAYERS, WEIGHTS, DEEP, NEURON = KINDS = (
    "the layers",
    "the weights",
    "the weights at depth three",
    "one neuron",
)
SCALES = np.logspace(-4, 1, 26)
RATIOS = np.logspace(-4, 4, 33)
EQUATION = np.array([[1.0, 0.5]]), np.array([1.0])
_PATH, _QUARTER = 32, 36
_CLEAR = 0.5
"""Powers of ten from 1 that the kernel's movement must be, to be called one regime or the other."""

_FAR = 1e4  # level sets are cut off here, well out of the picture
_KERNEL, _BETWEEN, _RICH = 0, 1, 2


def shape() -> Explorable:
    r"""Two weights that have to satisfy :math:`w_1 + \tfrac12 w_2 = 1`, from an unequal start.

    For each scale, and each ratio of what is unequal at the start: the path of training, the
    solution on which it ends, the level set there of what training minimises, and how far the
    tangent kernel moves.

    Returns:
        The explorable ``"shape"``. The page computes it anew in every state.
    """
    return Explorable(figure())


def figure() -> Figure:
    """The figure of ``shape``, without the widget around it."""
    layers, neuron, deep = ({"unequal": (kind,)} for kind in (LAYERS, NEURON, DEEP))
    powers, even = {"unequal": (WEIGHTS, DEEP)}, {"ratio": (1.0,)}
    moved = np.array([_movements(kind) for kind in KINDS])
    regime = np.where(moved > _CLEAR, _RICH, np.where(moved < -_CLEAR, _KERNEL, _BETWEEN))
    return Figure(
        name="shape",
        title="Which solution of one equation training picks, by scale and by what is unequal",
        axes=(
            Axis("unequal", "Unequal at the start", KINDS, kind="choice", start=LAYERS),
            Axis("scale", "Scale", tuple(SCALES), symbol="α", log=True, start=1e-3),
            Axis("ratio", "Ratio, second to first", tuple(RATIOS), symbol="r", log=True, start=1.0),
        ),
        arrays={
            "moved": Array(("unequal", "scale", "ratio"), moved, step=0.01),
            "regime": Array(("unequal", "scale", "ratio"), regime, step=1),
            "solutions": Array((), [[-0.2, 2.4], [1.6, -1.2]], inner=("step", "xy")),
            "l2": Array((), [[0.8, 0.4]], inner=("point", "xy")),
            "l1": Array((), [[1.0, 0.0]], inner=("point", "xy")),
        },
        model=Model(
            "shape",
            {
                "path": ("step", "xy"),
                "level": ("step", "xy"),
                "first": (),
                "second": (),
            },
            compute,
        ),
        panels=(
            Plane(
                "Two weights and one equation",
                "",
                Extent("w₁", -2.3, 2.6),
                Extent("w₂", -1.1, 2.2),
                (
                    Outline(
                        "level",
                        (
                            Clause("level set of what training minimises", unless=neuron),
                            Clause("level set of the divergence from the start", when=neuron),
                        ),
                        "soft",
                    ),
                    Trail("solutions", "all solutions", "ink", dash="6 4"),
                    Points("l2", "the one of least ℓ₂ norm", "kernel", "cross"),
                    Points("l1", "the one of least ℓ₁ norm", "rich", "ring"),
                    Trail("path", "training", "run"),
                ),
            ),
            HeatMap(
                "How far the tangent kernel moves",
                "log₁₀ of the movement over its size at the start, cut off at ±6. Drag the marker.",
                "scale",
                "ratio",
                "moved",
                (
                    (-3.0, "hardly: a kernel", "kernel"),
                    (3.0, "far: feature learning", "rich"),
                ),
            ),
        ),
        reading=(
            Clause("Two equal layers, each α = {scale}: ", when=layers | even),
            Clause(
                "Two layers whose product is the square of α = {scale}, the second {ratio} times "
                "the first: ",
                when=layers,
                unless=even,
            ),
            Clause("At depth three, ", when=deep),
            Clause("Both weights from α = {scale}: ", when=powers | even),
            Clause(
                "The first weight from α = {scale}, the second from {ratio} times that: ",
                when=powers,
                unless=even,
            ),
            Clause("One balanced neuron of scale α = {scale}: ", when=neuron | even),
            Clause(
                "One neuron of scale α = {scale}, its number {ratio} times as long as its vector: ",
                when=neuron,
                unless=even,
            ),
            Clause("training ends on w₁ = {first}, w₂ = {second}, "),
            Clause("as a kernel machine.", when={"regime": (_KERNEL,)}),
            Clause("by feature learning.", when={"regime": (_RICH,)}),
            Clause("between the regimes.", when={"regime": (_BETWEEN,)}),
        ),
        presets=(
            Preset("Tiny product, sparse", {"unequal": LAYERS, "scale": 1e-3, "ratio": 1.0}),
            Preset("Tiny product, a kernel", {"unequal": LAYERS, "scale": 1e-2, "ratio": 1e4}),
            Preset("A head start that wins", {"unequal": WEIGHTS, "scale": 0.1, "ratio": 10.0}),
            Preset("… and loses", {"unequal": WEIGHTS, "scale": 1e-4, "ratio": 10.0}),
            Preset("… but not at depth three", {"unequal": DEEP, "scale": 1e-4, "ratio": 10.0}),
            Preset("One neuron", {"unequal": NEURON, "scale": 0.1, "ratio": 1.0}),
        ),
        caption=(
            "Gradient flow to the line of solutions of w₁ + ½ w₂ = 1. Weights are products of two "
            "layers, w = u₁u₂ − v₁v₂; or powers, w = uᴰ − vᴰ with D = 2 or 3, from u = v = α(1, r);"
            " or one neuron w = a v, which starts along (1, 1). Paths, ends and level sets are "
            "computed anew in each state by closed forms; a test holds them to the library, which "
            "computed the map."
        ),
        alt=(
            "However small their product, layers that are unequal enough train as a kernel. A "
            "second weight with a head start gets everything at large scales; as the scale falls, "
            "it loses at depth two and keeps it at depth three. One balanced neuron of small scale "
            "ends on the solution of least ℓ₂ norm, although its kernel moves far."
        ),
    )


def compute(state: State) -> dict[str, Any]:
    """What the figure shows in one state."""
    kind, scale, ratio = str(state["unequal"]), float(state["scale"]), float(state["ratio"])
    model = _model(kind, scale, ratio)
    path = np.asarray(_way(model))
    end = path[-1]
    level = _neuron_level(model, end) if isinstance(model, Neuron) else _level(model, end)
    return {"path": path, "level": level, "first": path[-1, 0], "second": path[-1, 1]}


def _model(kind: str, scale: Any, ratio: Any) -> DiagonalNetwork | Neuron:
    if kind in (WEIGHTS, DEEP):
        return DiagonalNetwork(3 if kind == DEEP else 2, scale * jnp.stack([1.0, ratio]))
    shape = (ratio - 1) / (ratio + 1)
    return Neuron(scale, shape) if kind == NEURON else DiagonalNetwork(2, scale, shape)


@eqx.filter_jit
def _way(model, steps=_PATH):
    """Weights on the way to the line: training moves the dual variable along the only sample."""
    (x,), (y,) = EQUATION

    def weights(kappa):
        if isinstance(model, DiagonalNetwork):
            return model.potential().to_primal(kappa * x)
        a, v = model.init(2)
        # a^2 - |v|^2 is conserved; its terms may be large.
        square = a**2 + kappa * (2 * v @ x + kappa * x @ x)
        return jnp.sqrt(jnp.maximum(square, 0)) * (v + kappa * x)

    def reaching(target):
        def halve(_, bracket):
            low, high = bracket
            middle = (low + high) / 2
            short = weights(middle) @ x < target
            return jnp.where(short, middle, low), jnp.where(short, high, middle)

        return weights(jax.lax.fori_loop(0, 100, halve, bracket)[1])

    if isinstance(model, DiagonalNetwork):
        # Each weight alone would reach the line from there.
        alone = model.potential().to_dual(y / x) / x
        bracket, first = (0.0, jnp.min(alone)), 0.0
    else:
        a, v = model.init(2)
        along, size = v @ x, x @ x
        turned = (jnp.sqrt(jnp.maximum(along**2 - size * a**2, 0)) - along) / size
        bracket, first = (turned, size**-0.75), a * along
    return jax.vmap(reaching)(first + (y - first) * jnp.linspace(0, 1, steps + 1))


@eqx.filter_jit
def _movement(model):
    """log10 of the tangent kernel's movement, relative to its size at the start."""
    X, _ = EQUATION
    end = _way(model, steps=1)[-1]
    if isinstance(model, DiagonalNetwork):
        return log_kernel_movement(model, X, end) / jnp.log(10.0)
    start, now = (_neuron_kernel(params, X[0]) for params in (model.init(2), model.parameters(end)))
    return jnp.log10(jnp.abs(now - start) / start)


def _neuron_kernel(params, x):
    a, v = params
    return a**2 * (x @ x) + (v @ x) ** 2


def _movements(kind: str) -> np.ndarray:
    """Over the grid of scales and ratios; beyond six powers of ten, six."""

    def at(scale, ratio):
        return _movement(_model(kind, scale, ratio))

    over = jax.vmap(jax.vmap(at, (None, 0)), (0, None))
    return np.clip(over(jnp.asarray(SCALES), jnp.asarray(RATIOS)), -6, 6)


def _level(network: DiagonalNetwork, end: np.ndarray) -> np.ndarray:
    """The level set of the potential through the end, its value split between the two weights."""
    potential = network.potential()
    corners = _shares(potential, potential.value(end), np.linspace(0, 1, _QUARTER + 1))
    quarter = np.stack([corners[0][::-1], corners[1]], axis=1)
    half = np.concatenate([quarter, quarter[-2::-1] * [-1, 1]])
    return np.concatenate([half, half[-2::-1] * [1, -1]])


@eqx.filter_jit
def _shares(potential, level, angles):
    """Each weight at which its own part of the potential is sin(angle)^2 of the level."""
    wanted = level * jnp.sin(jnp.pi / 2 * angles) ** 2

    def grown(i):
        def value(w):
            return potential.value(w * jnp.eye(2)[i])

        def halve(_, bracket):
            low, high = bracket
            middle = (low + high) / 2
            below = jax.vmap(value)(middle) < wanted
            return jnp.where(below, middle, low), jnp.where(below, high, middle)

        low, high = jnp.zeros_like(wanted), jnp.full_like(wanted, _FAR)
        return jax.lax.fori_loop(0, 100, halve, (low, high))[1]

    return grown(0), grown(1)


def _neuron_level(neuron: Neuron, end: np.ndarray) -> np.ndarray:
    """The level set through the end of the divergence from the start, ray by ray from the start."""
    angles = np.linspace(0, 2 * np.pi, 4 * _QUARTER + 1)
    return np.asarray(_along(neuron, end, np.stack([np.cos(angles), np.sin(angles)], 1)))


@eqx.filter_jit
def _along(neuron, end, rays):
    start = neuron.init(2)
    origin = neuron.features(start)

    def divergence(w):
        # D = a |v - v0|^2 / 2 + (a - a0)^2 (a + 2 a0) / 6, in which nothing cancels.
        (a, v), (a0, v0) = neuron.parameters(w), start
        return a * jnp.sum((v - v0) ** 2) / 2 + (a - a0) ** 2 * (a + 2 * a0) / 6

    level = divergence(end)

    def reach(ray):
        def halve(_, bracket):
            low, high = bracket
            middle = (low + high) / 2
            below = divergence(origin + middle * ray) < level
            return jnp.where(below, middle, low), jnp.where(below, high, middle)

        return origin + jax.lax.fori_loop(0, 100, halve, (0.0, _FAR))[1] * ray

    return jax.vmap(reach)(rays)
