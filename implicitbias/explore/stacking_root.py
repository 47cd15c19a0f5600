"""The explorable "stacking-root": one eigenvalue on its straight way, and the root it ends at."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.plane import Extent, Outline, Plane, Points
from implicitbias.explore.text import Clause
from implicitbias.studies.growing import eigenvalue_walk

LAYERS = (2, 3, 4, 6, 8)
ANGLES = tuple(range(4, 57, 4))  # none of them a half turn after any of the layers
SHARES = (*(k / 20 for k in range(20)), 0.99, 0.999)


def stacking_root() -> Explorable:
    """Gradient flow from the identity on a rotation, asked for after L layers.

    Returns:
        The explorable ``"stacking-root"``.
    """
    over = ("layers", "angle", "share")
    walks = [
        [eigenvalue_walk(_target(layers, angle), layers, SHARES) for angle in ANGLES]
        for layers in LAYERS
    ]
    product = np.array([[walk.product for walk in row] for row in walks])
    layer = np.array([[walk.layer for walk in row] for row in walks])
    times = np.array([[walk.times for walk in row] for row in walks])
    targets = np.array([[_target(layers, angle) for angle in ANGLES] for layers in LAYERS])
    truth = np.exp(1j * np.radians(ANGLES))
    ends = np.stack([np.ones_like(targets), targets], axis=-1)
    circle = np.exp(2j * np.pi * np.linspace(0, 1, 73))

    def powers(bases: np.ndarray, layers: int) -> np.ndarray:
        return _xy(bases[..., None] ** np.arange(1, 2 * layers + 1))

    learned = np.degrees(np.angle(layer))
    figure = Figure(
        name="stacking-root",
        title="A rotation asked for after L equal layers, and what each layer learns",
        axes=(
            Axis("layers", "Layers", LAYERS, kind="choice", symbol="L", start=4),
            Axis("angle", "True rotation of a layer, in degrees", ANGLES, symbol="θ", start=24),
            Axis("share", "Share of the way", SHARES, symbol="p", start=0.6),
        ),
        arrays={
            "product": Array(over, _xy(product)[..., None, :], inner=("point", "xy"), step=1e-3),
            "powers": Array(
                over,
                [powers(row, count) for row, count in zip(layer, LAYERS, strict=True)],
                inner=("point", "xy"),
                step=5e-3,
            ),
            "wanted": Array(
                over[:2],
                [powers(truth, count) for count in LAYERS],
                inner=("point", "xy"),
                step=5e-3,
            ),
            "target": Array(over[:2], _xy(targets)[..., None, :], inner=("point", "xy"), step=1e-3),
            "segment": Array(over[:2], _xy(ends), inner=("step", "xy"), step=1e-3),
            "circle": Array((), _xy(circle), inner=("step", "xy"), step=1e-3),
            "learned": Array(over, learned, step=0.1),
            "time": Array(over, times, step=1e-2, log=True),
            "total": Array(over[:2], np.outer(LAYERS, ANGLES)),
            "right": Array(over[:2], np.outer(LAYERS, ANGLES) < 180),
        },
        panels=(
            Plane(
                "In the complex plane",
                "The network's eigenvalue walks straight from 1 to its target. Dots: powers of the "
                "layer's, one to 2L; rings: where they should be.",
                Extent("real part", -1.25, 1.25),
                Extent("imaginary part", -1.25, 1.25),
                (
                    Outline("circle", "", "soft"),
                    Outline("segment", "", "ink", "4 4"),
                    Points("wanted", "powers of the truth", "ink", "ring"),
                    Points("powers", "powers of the layer", "run", "dot"),
                    Points("target", "target", "ink", "cross"),
                    Points("product", "network", "rich", "ring"),
                ),
            ),
        ),
        reading=(
            Clause(
                "{layers} layers are asked for {total}° in all. At time {time} each turns by "
                "{learned}°; the truth is {angle}°."
            ),
            Clause(" They end at the truth.", when={"right": (1,)}),
            Clause(
                " They turn the other way, and end at another root: the loss becomes zero, more "
                "layers go wrong.",
                when={"right": (0,)},
            ),
        ),
        presets=(
            Preset("On the way", {"layers": 4, "angle": 24, "share": 0.6}),
            Preset("There, and twice as far", {"layers": 4, "angle": 24, "share": 0.999}),
            Preset("Slow past zero", {"layers": 4, "angle": 44, "share": 0.5}),
            Preset("The other way round", {"layers": 8, "angle": 28, "share": 0.999}),
        ),
        caption=(
            "Gradient flow on ½|a₁⋯a_L − m|² from a = 1 in all layers, in one complex eigenvalue; "
            "m is L times the rotation θ. All layers stay equal. The times are exact."
        ),
        alt=(
            "While L times the angle is less than 180 degrees, the layers end at the true rotation "
            "and their further powers are right. Beyond, the way leads around the other side."
        ),
    )
    return Explorable(figure)


def _target(layers: int, angle: float) -> complex:
    return complex(np.exp(1j * np.radians(layers * angle)))


def _xy(points: np.ndarray) -> np.ndarray:
    return np.stack([np.real(points), np.imag(points)], axis=-1)
