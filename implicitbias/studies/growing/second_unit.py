r"""One hidden unit has learned what it can; a second one is added: the whole flow, in closed form.

A linear network :math:`\sum_hv_hu_h^\top` with one hidden unit has converged on the largest of two
singular values. A second unit with weights (u, v) along the direction that is left has the loss
:math:`\tfrac12(s-uv)^2`, and its gradient flow does not move the first.
"""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from implicitbias import _check


def second_unit_flow(
    incoming: float, outgoing: float, target: float, times: ArrayLike
) -> Float[np.ndarray, "pair ..."]:
    r"""Gradient flow of :math:`\tfrac12(s-uv)^2` from (a, b), with :math:`a>\lvert b\rvert`.

    With :math:`\delta=a^2-b^2`, :math:`\rho=\sqrt{\delta^2+4s^2}`,
    :math:`\sinh y_\infty=2s/\delta`, :math:`y_0=2\operatorname{artanh}(b/a)` and

    .. math:: C(t)=\frac{2s}\rho+\Bigl(\coth\frac{y_\infty-y_0}2-\frac{2s}\rho\Bigr)e^{\rho t},

    :math:`u=\sqrt\delta\cosh\frac y2`, :math:`v=\sqrt\delta\sinh\frac y2` at
    :math:`y=y_\infty-\log\frac{C+1}{C-1}`.

    **Arguments:** `incoming` a and `outgoing` b; `target` s; `times`, not negative.

    **Returns:** u and v.

    **Raises:** `ValueError` unless :math:`a>\lvert b\rvert` and s is positive, for negative times,
    or for a start that has arrived.

    >>> import implicitbias as ib
    >>> u, v = ib.studies.growing.second_unit_flow(0.5, -0.3, 1.0, [0.0, 2.0, 20.0])
    >>> (u * v).round(3).tolist()
    [-0.15, 0.388, 1.0]
    """
    end, rate, start = _constants(incoming, outgoing, target)
    t = np.asarray(times, dtype=float)
    if (t < 0).any():
        raise ValueError(f"times must not be negative, found {t.min()}")
    fixed = np.tanh(end)
    # 1 / C, which does not overflow
    inverse = np.exp(-rate * t) / ((start - fixed) + fixed * np.exp(-rate * t))
    y = end - np.log1p(2 * inverse / (1 - inverse))
    return (incoming**2 - outgoing**2) ** 0.5 * np.stack([np.cosh(y / 2), np.sinh(y / 2)])


def crossing_time(incoming: float, outgoing: float, target: float) -> float:
    r"""When a unit whose output points the wrong way overtakes one that never learns.

    The time at which uv = 0: :math:`\frac1\rho\log\frac{\coth(y_\infty/2)-2s/\rho}{C(0)-2s/\rho}`.

    **Arguments and errors** as in `second_unit_flow`; also for an `outgoing` above 0.

    >>> import implicitbias as ib
    >>> round(ib.studies.growing.crossing_time(0.5, -0.3, 1.0), 4)
    0.6519
    """
    end, rate, start = _constants(incoming, outgoing, target)
    if outgoing > 0:
        raise ValueError(f"outgoing must not be positive, found {outgoing}: it never loses")
    fixed = np.tanh(end)
    return float(np.log((1 / np.tanh(end / 2) - fixed) / (start - fixed)) / rate)


def _constants(incoming: float, outgoing: float, target: float) -> tuple[float, float, float]:
    """Where y ends, the rate, and C at the start."""
    _check.positive("target", target)
    if not incoming > abs(outgoing):
        raise ValueError(
            f"incoming must be larger than the size of outgoing, found {incoming} and {outgoing}"
        )
    delta = incoming**2 - outgoing**2
    end, begin = np.arcsinh(2 * target / delta), 2 * np.arctanh(outgoing / incoming)
    if end == begin:
        raise ValueError(f"incoming times outgoing must not be the target, found {target}")
    return end, float(np.hypot(delta, 2 * target)), float(1 / np.tanh((end - begin) / 2))
