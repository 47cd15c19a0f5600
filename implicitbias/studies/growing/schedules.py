r"""How long each stage of gradual stacking trains, and what that costs."""

from fractions import Fraction

import numpy as np
from jaxtyping import Float

from implicitbias import _check


def schedule(stages: int, steps: int, alpha: float) -> tuple[int, ...]:
    r"""Steps of each stage, :math:`T_i\propto i^\alpha`, in whole numbers that add up to `steps`.

    Stage i trains i blocks. Source: Prop-:math:`\alpha` of arXiv:2409.19044. Whole numbers are
    those of the largest remainders.

    **Arguments:** `stages` k; `steps` T in all; `alpha`, not negative: 0 for equal stages.

    **Raises:** `ValueError` for fewer steps than stages, stages that would have no step, or
    numbers of the wrong kind.

    >>> import implicitbias as ib
    >>> ib.studies.growing.schedule(4, 4000, 1)
    (400, 800, 1200, 1600)
    """
    _check.integer("stages", stages)
    _check.integer("steps", steps)
    _check.not_negative("alpha", alpha)
    if steps < stages:
        raise ValueError(f"steps must be as many as stages at least, {stages}, found {steps}")
    shares = steps * _weights(stages, alpha)
    whole = np.floor(shares).astype(int)
    largest = np.argsort(whole - shares, kind="stable")[: steps - whole.sum()]
    whole[largest] += 1
    if whole[0] == 0:
        raise ValueError(
            f"steps must leave one for the first stage, whose share is {shares[0]:.2g} of "
            f"{steps}: take more steps, or a smaller alpha"
        )
    return tuple(int(count) for count in whole)


def stacking_cost(stages: int, alpha: int) -> Fraction:
    r"""Cost of gradual stacking, as a share of training all blocks from the start.

    In the limit of many steps and with a cost in proportion to depth,
    :math:`\sum_ii^{\alpha+1}/(k\sum_ii^\alpha)`. One over it is the speed-up.

    **Arguments:** `stages` k; `alpha`, a whole number.

    >>> import implicitbias as ib
    >>> [round(float(1 / ib.studies.growing.stacking_cost(6, alpha)), 3) for alpha in (1, 2)]
    [1.385, 1.238]
    """
    _check.integer("stages", stages)
    _check.integer("alpha", alpha, least=0)
    counts = range(1, stages + 1)
    return Fraction(sum(i ** (alpha + 1) for i in counts), stages * sum(i**alpha for i in counts))


def _weights(stages: int, alpha: float) -> Float[np.ndarray, " stages"]:
    powers = np.arange(1, stages + 1) ** float(alpha)
    return powers / powers.sum()
