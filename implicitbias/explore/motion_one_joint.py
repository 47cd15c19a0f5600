"""The explorable "motion-one-joint": two arms, two skills, and one number that is missing."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.plane import Extent, Linkage, Plane
from implicitbias.explore.scale_axis import scale_axis
from implicitbias.matrices import matrix_flow
from implicitbias.parametrizations import DeepFactorization

ANGLES = np.array([[0.25, 0.5], [0.5, 1.0]])
"""How far the arms (rows) turn in the skills (columns), in radians. The last is not shown."""

LENGTHS = (1.0, 0.5)
SCALES = np.geomspace(1e-8, 10, 28)
DEPTHS = (2, 3)
_HORIZON = 60.0  # in units of the time in which the network leaves its start


def turned(depth: int, scale: float) -> float:
    """The angle that was not shown, by gradient flow on three others.

    A product of so many layers starts with the diagonal `scale`, each layer with its root.
    """
    root = scale ** (1 / depth)
    eye = np.eye(2)
    measurements = [np.outer(eye[i], eye[j]) for i, j in ((0, 0), (0, 1), (1, 0))]
    slowest = min(1.0, root ** (depth - 2)) / min(1.0, root ** (2 * depth - 2))
    network = DeepFactorization(depth, root)
    end = matrix_flow(
        network, np.array(measurements), np.array([0.25, 0.5, 0.5]), np.array([_HORIZON * slowest])
    )
    return float(end.matrices[-1, 1, 1])


def motion_one_joint() -> Explorable:
    """The shortest case of motion transfer: what one arm should do, from what another one does.

    Returns:
        The explorable ``"motion-one-joint"``.
    """
    found = np.array([[turned(depth, scale) for scale in SCALES] for depth in DEPTHS])
    wanted = ANGLES[1, 1]

    def arm(length: float, angle: np.ndarray, base: float) -> np.ndarray:
        hand = length * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        return np.stack([np.zeros_like(hand), hand], axis=-2) + [base, 0.0]

    over = ("depth", "scale")
    figure = Figure(
        name="motion-one-joint",
        title="Two arms of one joint, and the skill that one of them was never shown",
        axes=(
            Axis("depth", "Depth", DEPTHS, kind="choice", symbol="N", start=2),
            scale_axis(tuple(SCALES), start=0.1),
        ),
        arrays={
            "turn": Array(over, found, step=1e-3),
            "wanted": Array(over, np.full(found.shape, wanted)),
            "home": Array(over, np.zeros(found.shape)),
            "share": Array(over, 100 * found / wanted, step=1),
            "teacher": Array((), arm(LENGTHS[0], ANGLES[0, 1], -1.0), inner=("joint", "xy")),
            "target": Array((), arm(LENGTHS[1], wanted, 0.6), inner=("joint", "xy")),
            "learner": Array(over, arm(LENGTHS[1], found, 0.6), inner=("joint", "xy"), step=1e-3),
        },
        panels=(
            Plane(
                "The second skill",
                "Both hands should rise by the same way along their circles.",
                Extent("", -1.1, 1.3, ticks=()),
                Extent("", -0.15, 0.75, ticks=()),
                (
                    Linkage("teacher", "the long arm", "soft"),
                    Linkage("target", "what it should do", "ink", faint=True),
                    Linkage("learner", "what it does", "run"),
                ),
            ),
            Curves(
                "The angle of the short arm in the second skill",
                "Drag to move the scale.",
                axis="scale",
                lines=(
                    Line("turn", "after training", "run"),
                    Line("wanted", "what it should be", "ink", dashed=True),
                    Line("home", "staying at home", "soft", dashed=True),
                ),
            ),
        ),
        reading=(
            "From α = {scale}, {depth} layers turn the short arm by {turn} in the skill that it "
            "never had: {share} % of what it should."
        ),
        presets=(
            Preset("It stays at home", {"scale": 10.0}),
            Preset("In between", {"depth": 2, "scale": 0.1}),
            Preset("It has the skill", {"depth": 3, "scale": 1e-8}),
        ),
        caption=(
            "The long arm turns by 0.25 and 0.5 radians in two skills; the short one, half as "
            "long, by 0.5 in the first. Gradient flow on these three entries of a product of "
            "square layers, each αI to the power 1/N at the start, minus a product of its own."
        ),
        alt=(
            "From a large scale the short arm stays at home in the skill that it never had. From a "
            "small one it turns by one radian, as it should."
        ),
    )
    return Explorable(figure)
