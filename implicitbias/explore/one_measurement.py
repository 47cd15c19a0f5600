"""The explorable "one-measurement": a 2 x 2 matrix, and the scale that makes it of rank one."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.images import Images
from implicitbias.explore.scale_axis import scale_axis
from implicitbias.limits import scale_path

SCALES = np.geomspace(1e-3, 10, 33)
EIGENVALUES = np.array([1.0, 0.5])
VECTORS = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2)
MEASUREMENT = (VECTORS * EIGENVALUES) @ VECTORS.T


def one_measurement() -> Explorable:
    r"""A symmetric 2 x 2 matrix, of which one measurement is known to be 1.

    For each initial scale, where gradient flow on :math:`UU^\top - VV^\top` ends.

    Returns:
        The explorable ``"one-measurement"``.
    """
    values = np.asarray(scale_path(EIGENVALUES[None], np.ones(1), 2, SCALES).weights)
    ends = (VECTORS * values[:, None]) @ VECTORS.T
    pictures = np.stack([np.broadcast_to(MEASUREMENT, ends.shape), ends], axis=1)
    figure = Figure(
        name="one-measurement",
        title="Which matrix training finds from one measurement, by scale",
        axes=(scale_axis(tuple(SCALES), start=0.3),),
        arrays={
            "pictures": Array(("scale",), pictures, inner=("image", "row", "column")),
            "first": Array(("scale",), values[:, 0]),
            "second": Array(("scale",), values[:, 1]),
            "diagonal": Array(("scale",), ends[:, 0, 0]),
            "beside": Array(("scale",), ends[:, 0, 1]),
        },
        panels=(
            Images(
                "The measurement, and the matrix training ends on",
                "Blue is positive; the stronger, the larger.",
                "pictures",
                ("the measurement A", "the end, M"),
            ),
            Curves(
                "The two eigenvalues of M",
                "Of rank one means that the second is zero. Drag to move the scale.",
                axis="scale",
                lines=(
                    Line("first", "of the sum of both coordinates", "run"),
                    Line("second", "of their difference", "run", dashed=True),
                ),
            ),
        ),
        reading=(
            "From α = {scale}, training ends with {diagonal} on the diagonal and {beside} beside "
            "it: the eigenvalues are {first} and {second}."
        ),
        presets=(
            Preset("A multiple of A", {"scale": 10.0}),
            Preset("In between", {"scale": 0.3}),
            Preset("Nearly of rank one", {"scale": 1e-3}),
        ),
        caption=(
            "Gradient flow on M = UUᵀ − VVᵀ with U(0) = V(0) = αI, until ⟨A, M⟩ = 1, where A has "
            "¾ on the diagonal and ¼ beside it. Computed from the closed form."
        ),
        alt=(
            "From a large scale the end is a multiple of the measurement; from a small one all "
            "four entries are equal, and the matrix is nearly of rank one."
        ),
    )
    return Explorable(figure)
