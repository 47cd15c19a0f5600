r"""Sets that weights must stay in: the projection in a divergence, and how convex a potential is.

A step of mirror descent that leaves a convex set K comes back to the point of K of least Bregman
divergence. In the dual that subtracts a normal of K: a constant on the simplex, a soft threshold on
the l1 ball, a shrinkage on the l2 ball. On K a potential may be strongly convex though it is not
elsewhere, and this is what the regret of online mirror descent depends on.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp
from jaxtyping import Array, ArrayLike, Float

from . import _check
from .potentials import Entropy, Euclidean, Hypentropy, PNorm, Potential


class FeasibleSet(eqx.Module):
    """A closed convex set of weights; `radius` is positive."""

    radius: float = 1.0

    def __check_init__(self):
        _check.positive("radius", self.radius)


class Simplex(FeasibleSet):
    r"""Weights :math:`w \ge 0` with :math:`\sum_i w_i = r`."""


class L1Ball(FeasibleSet):
    r"""Weights with :math:`\|w\|_1 \le r`."""


class L2Ball(FeasibleSet):
    r"""Weights with :math:`\|w\|_2 \le r`."""


def bregman_projection(
    potential: Potential, feasible: FeasibleSet, w: Float[ArrayLike, " d"]
) -> Float[Array, " d"]:
    r"""The point of K that is nearest to w, :math:`\arg\min_{v\in K} D_\psi(v, w)`.

    - `Entropy` on the `Simplex`: :math:`r\,w/\sum_i w_i`, the normalisation of exponentiated
      gradient (Kivinen and Warmuth 1997, doi:10.1006/inco.1996.2612).
    - `Euclidean` on the `Simplex`: :math:`\max(w_i - \lambda, 0)` with the :math:`\lambda` that
      makes the sum r.
    - `Euclidean` or `Hypentropy` on the `L1Ball`: the dual variables are brought nearer to zero by
      :math:`\lambda`, to zero at most, such that :math:`\|v\|_1 = r`, unless w is in the ball.
    - `Euclidean` on the `L2Ball`: :math:`w\,\min(1, r/\|w\|_2)`.

    **Arguments:** `potential`, `feasible`: one of these pairs. `w`: shape "d", in the domain of the
    potential.

    **Raises:** `ValueError` for any other pair, or weights outside the domain.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.bregman_projection(ib.Entropy(), ib.Simplex(), [1.0, 3.0]).round(12).tolist()
    [0.25, 0.75]
    >>> ib.bregman_projection(ib.Euclidean(), ib.Simplex(), [1.0, 3.0]).tolist()
    [0.0, 1.0]
    """
    potential, feasible = jax.tree.map(jnp.asarray, (potential, feasible))
    return _projected(potential, feasible, potential.to_dual(w))


@eqx.filter_jit
def _projected(potential, feasible, dual):
    return potential.to_primal(_dual_projection(potential, feasible, dual))


class StrongConvexity(NamedTuple):
    r""":math:`\langle\nabla\psi(w) - \nabla\psi(v), w-v\rangle \ge \sigma\|w-v\|_p^2`.

    - `constant`: :math:`\sigma`.
    - `norm`: p. Gradients are then measured in the norm q with :math:`1/p + 1/q = 1`.
    """

    constant: float
    norm: float


def strong_convexity(potential: Potential, feasible: FeasibleSet | None, d: int) -> StrongConvexity:
    r"""How convex a potential is on a set, and in which norm.

    ==================  ================  =================  ==============================
    potential           set               norm p             constant :math:`\sigma`
    ==================  ================  =================  ==============================
    `Euclidean`         any, or None      2                  1
    `PNorm`, p <= 2     any, or None      p                  :math:`p - 1`
    `Entropy`           `Simplex`         1                  :math:`1/r`
    `Hypentropy`        `L1Ball`          1                  :math:`1/(r + \beta d)`
    ==================  ================  =================  ==============================

    The constants are the largest for `Euclidean` and `Entropy`; that of the p-norm is due to Ball,
    Carlen and Lieb 1994 (doi:10.1007/BF01231769), that of the hypentropy to Ghai, Hazan and Singer
    2020 (arXiv:1902.01903).

    **Raises:** `ValueError` for any other pair.

    >>> import implicitbias as ib
    >>> ib.strong_convexity(ib.Hypentropy(0.01), ib.L1Ball(1.0), d=100)
    StrongConvexity(constant=0.5, norm=1.0)
    """
    match potential, feasible:
        case Euclidean(), _:
            return StrongConvexity(1.0, 2.0)
        case PNorm(), _ if potential.p <= 2:
            return StrongConvexity(potential.p - 1, potential.p)
        case Entropy(), Simplex():
            return StrongConvexity(1 / feasible.radius, 1.0)
        case Hypentropy(), L1Ball():
            return StrongConvexity(1 / (feasible.radius + potential.beta * d), 1.0)
    raise ValueError(
        "potential and feasible must be a pair with a known constant (Euclidean, or PNorm with "
        f"p <= 2, anywhere; Entropy on Simplex; Hypentropy on L1Ball), found {potential} on "
        f"{feasible}"
    )


def _dual_projection(potential, feasible, z):
    """The dual variables of the projection, from those of the point that is projected."""
    match potential, feasible:
        case _, None:
            return z
        case Entropy(), Simplex():
            return z - logsumexp(z) + jnp.log(feasible.radius)
        case Euclidean(), Simplex():
            return jnp.maximum(z - _threshold(potential, z, feasible.radius, -jnp.inf), 0)
        case Euclidean() | Hypentropy(), L1Ball():
            size = jnp.abs(z)
            return jnp.sign(z) * jnp.maximum(
                size - _threshold(potential, size, feasible.radius, 0.0), 0
            )
        case Euclidean(), L2Ball():
            length = jnp.linalg.norm(z)
            return z * jnp.where(length > feasible.radius, feasible.radius / length, 1)
    raise ValueError(
        "potential and feasible must be a pair whose projection is known (Entropy or Euclidean on "
        f"Simplex; Euclidean or Hypentropy on L1Ball; Euclidean on L2Ball), found {potential} on "
        f"{feasible}"
    )


def _threshold(potential, z, total, least):
    """The smallest number from `least` on by which to lower z, so that the sum of the positive
    weights is `total` at most.

    The sum is convex and decreasing in that number: from the left, Newton's method only moves
    right, and ends where rounding stops it.
    """

    def excess(number):
        return jnp.sum(potential.to_primal(jnp.maximum(z - number, 0))) - total

    def newton(state):
        number, _ = state
        value, slope = jax.value_and_grad(excess)(number)
        moved = jnp.where(value > 0, number - value / jnp.where(slope < 0, slope, -1), number)
        return moved, moved > number

    # Alone, the largest entry gives the total here.
    first = jnp.max(z) - potential.to_dual(jnp.atleast_1d(total))[0]
    start = jnp.maximum(first, least)
    return jax.lax.while_loop(lambda state: state[1], newton, (start, jnp.asarray(True)))[0]
