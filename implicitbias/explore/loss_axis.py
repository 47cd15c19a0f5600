"""The clock of losses without a minimum: how small the loss is, in digits."""

from collections.abc import Sequence

import numpy as np

from implicitbias.explore.axis import Axis
from implicitbias.explore.picture import Role


def loss_axis(
    digits: Sequence[float] | np.ndarray, *, start: float, roles: tuple[Role, Role] | None = None
) -> Axis:
    """How far training has gone, as the number of digits of one over the loss.

    >>> loss_axis((1.0, 10.0, 100.0), start=10.0).name
    'digits'
    """
    return Axis(
        "digits",
        "Accuracy",
        tuple(digits),
        symbol="log₁₀ 1/L",
        log=True,
        ends=("a rough fit", "a ridiculous one"),
        roles=roles,
        start=start,
    )


def rounded(numbers: Sequence[float] | np.ndarray) -> np.ndarray:
    """The numbers as they are read out: whole, where they are large.

    >>> rounded((3.14, 31.4)).tolist()
    [3.1, 31.0]
    """
    return np.where(np.less(numbers, 20), np.round(numbers, 1), np.round(numbers))
