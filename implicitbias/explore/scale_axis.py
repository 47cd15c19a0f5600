"""The axis from feature learning to kernel machines, the same in every figure."""

from collections.abc import Iterable

from implicitbias.explore.axis import Axis


def scale_axis(scales: Iterable[float], *, start: float, of: str = "initialisation") -> Axis:
    """The scale of the initialisation, or of the output, in the colours of the two regimes.

    >>> scale_axis((1e-3, 0.1, 10.0), start=0.1).ends
    ('small: feature learning', 'large: kernel')
    """
    return Axis(
        "scale",
        f"Scale of {of}",
        tuple(scales),
        symbol="α",
        log=True,
        ends=("small: feature learning", "large: kernel"),
        roles=("rich", "kernel"),
        start=start,
    )
