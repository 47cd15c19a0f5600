"""The axis of training time, along which a figure plays."""

import numpy as np

from implicitbias.explore.axis import Axis


def time_axis(moments: int, *, reads: str, end: str) -> Axis:
    """From the start of training to its end, in moments that are shown for equally long.

    `reads` names the array of times, which need not be equally far apart; `end` says what the last
    one is.

    >>> time_axis(3, reads="clock", end="converged").values
    (0.0, 50.0, 100.0)
    """
    return Axis(
        "time",
        "Time",
        tuple(np.linspace(0.0, 100.0, moments)),
        kind="time",
        reads=reads,
        ends=("start", end),
    )
