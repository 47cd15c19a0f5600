r"""Deep linear residual networks, on which it can be proved what makes layers equal.

The network is the matrix :math:`A_L\cdots A_1` with layers :math:`A_l=I+W_l`, the target another
matrix M, and the loss :math:`\tfrac12\lVert A_L\cdots A_1-M\rVert_F^2`.

This laboratory and its theorems are this book's, not those of a paper; where parts of them are
known, the chapter says so.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jaxtyping import Array, Complex, Float
from numpy.typing import ArrayLike
from scipy.integrate import quad

from implicitbias import _check
from implicitbias.studies.growing.iterated import lengthened


class LinearNetwork(eqx.Module):
    r"""The product of residual layers :math:`A_l=I+W_l`, repeated.

    - `layers`: all :math:`W_l`, the first layer first, so that they are a stack to grow.
    - `loops`: how often the stack is run; more than once is a looped network.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> layers = jax.numpy.array([[[1.0]], [[2.0]]])
    >>> ib.studies.growing.LinearNetwork(layers, loops=2).matrix.tolist()
    [[36.0]]
    """

    layers: Float[Array, "layer width width"]
    loops: int = eqx.field(static=True, default=1)

    @property
    def matrix(self) -> Float[Array, "width width"]:
        """What the network computes, :math:`(A_L\\cdots A_1)^{\\text{loops}}`."""
        return _product(self.layers, self.loops)


@partial(jax.jit, static_argnames="loops")
def _product(layers: Array, loops: int) -> Array:
    once, _ = jax.lax.scan(lambda P, W: (P + W @ P, None), jnp.eye(layers.shape[-1]), layers)
    return jnp.linalg.matrix_power(once, loops)


def fresh_linear(
    count: int, width: int, *, scale: float, seed: int | Array = 0
) -> Float[Array, "count width width"]:
    r"""Layers before training: entries of :math:`W_l` are normal, :math:`N(0,\text{scale}^2/d)`.

    **Raises:** `ValueError` for sizes that are not positive integers, or a negative scale.

    >>> import implicitbias as ib
    >>> ib.studies.growing.fresh_linear(3, 4, scale=0.1).shape
    (3, 4, 4)
    """
    _check.integer("count", count)
    _check.integer("width", width)
    _check.not_negative("scale", scale)
    return scale * jax.random.normal(jax.random.key(seed), (count, width, width)) / width**0.5


def random_rotation(width: int, angle: float, *, seed: int = 0) -> Float[np.ndarray, "width width"]:
    r"""The rotation :math:`\exp(\text{angle}\cdot S/\lVert S\rVert)`, S random and skew.

    No plane is turned by more than the angle, and one is turned by it.

    **Raises:** `ValueError` for a width below 2, or an angle that is not positive.

    >>> import implicitbias as ib
    >>> R = ib.studies.growing.random_rotation(4, 0.5)
    >>> float(abs(np.angle(np.linalg.eigvals(R))).max().round(12))
    0.5
    """
    _check.integer("width", width, least=2)
    _check.positive("angle", angle)
    S = np.random.default_rng(seed).standard_normal((width, width))
    S -= S.T
    return scipy.linalg.expm(angle * S / np.linalg.norm(S, 2))


def matrix_loss(target: ArrayLike) -> Callable[[LinearNetwork, Any], Float[Array, ""]]:
    r"""The loss :math:`\tfrac12\lVert P-M\rVert_F^2` of a `LinearNetwork`, for `gradual_stacking`.

    >>> import implicitbias as ib
    >>> loss = ib.studies.growing.matrix_loss([[3.0]])
    >>> float(loss(ib.studies.growing.LinearNetwork(jax.numpy.zeros((2, 1, 1))), 0))
    2.0
    """
    M = jnp.asarray(target)

    def loss(network: LinearNetwork, _: Any) -> Float[Array, ""]:
        return ((network.matrix - M) ** 2).sum() / 2

    return loss


def layer_imbalance(network: LinearNetwork) -> Float[Array, "pair width width"]:
    r"""What gradient flow conserves: :math:`A_{l+1}^\top A_{l+1}-A_lA_l^\top` for all l below L.

    Source: Arora, Cohen and Hazan (2018), for deep linear networks without the identity.

    >>> import implicitbias as ib
    >>> growing = ib.studies.growing
    >>> network = growing.LinearNetwork(jax.numpy.zeros((3, 2, 2)))
    >>> float(abs(growing.layer_imbalance(network)).max())
    0.0
    """
    A = network.layers + jnp.eye(network.layers.shape[-1])
    return jnp.einsum("lji,ljk->lik", A[1:], A[1:]) - jnp.einsum("lij,lkj->lik", A[:-1], A[:-1])


def tied_distance_bound(imbalance: ArrayLike, size: float) -> float:
    r"""How far layers of this imbalance are from any one normal matrix, at least.

    If B is normal and :math:`\lVert B\rVert\le s`, some layer has

    .. math:: \lVert A_l-B\rVert_F\ \ge\ \sqrt{s^2+\tfrac12\max_l\lVert D_l\rVert_F}-s.

    **Arguments:** `imbalance` as of `layer_imbalance`; `size` s.

    **Raises:** `ValueError` for a size that is not positive.

    >>> import implicitbias as ib
    >>> ib.studies.growing.tied_distance_bound(3 * np.eye(2)[:1, None], 0.5)
    0.8228756555322954
    """
    _check.positive("size", size)
    largest = np.linalg.norm(np.asarray(imbalance), axis=(-2, -1)).max()
    return float(np.sqrt(size**2 + largest / 2) - size)


def principal_root(target: ArrayLike, layers: int) -> Float[np.ndarray, "width width"]:
    r"""The principal root :math:`M^{1/L}` of a normal matrix, its eigenvalues' being principal.

    **Raises:** `ValueError` for a matrix that is not normal, or that has an eigenvalue on the
    closed negative real axis.

    >>> import implicitbias as ib
    >>> growing = ib.studies.growing
    >>> R = growing.random_rotation(4, 0.3)
    >>> bool(np.allclose(growing.principal_root(np.linalg.matrix_power(R, 8), 8), R))
    True
    """
    _check.integer("layers", layers)
    M = np.asarray(target, dtype=float)
    if not np.allclose(M @ M.T, M.T @ M, atol=1e-9 * np.linalg.norm(M) ** 2):
        raise ValueError("target must be normal, M Mᵀ = Mᵀ M, found a matrix that is not")
    T, U = scipy.linalg.schur(M, output="complex")[:2]
    m = np.diag(T)
    bad = (np.real(m) <= 0) & (abs(np.imag(m)) <= 1e-9 * abs(m).max())
    if bad.any():
        raise ValueError(
            "target must have no eigenvalue on the closed negative real axis, found "
            f"{m[bad][0].real:.3g}"
        )
    return ((U * m ** (1 / layers)) @ U.conj().T).real


class Walk(NamedTuple):
    """The way of one eigenvalue from equal layers at the identity.

    - `times` at which it is there; `product`: of the whole network; `layer`: of each layer.
    """

    times: Float[np.ndarray, " share"]
    product: Complex[np.ndarray, " share"]
    layer: Complex[np.ndarray, " share"]


def eigenvalue_walk(target: complex, layers: int, shares: ArrayLike) -> Walk:
    r"""Gradient flow from equal layers at the identity, in one eigenvalue m of a normal target.

    The layers' eigenvalue obeys :math:`a'=-\bar a^{L-1}(a^L-m)`, so that of the product,
    :math:`z=a^L`, obeys :math:`z'=-L\lvert z\rvert^{2-2/L}(z-m)`: it walks straight to m, and has
    covered the share p of the way at

    .. math:: t(p)=\int_0^p\frac{dq}{L(1-q)\,\lvert1+q(m-1)\rvert^{2-2/L}}.

    **Arguments:** `target` m, not on the closed negative axis; `layers` L; `shares` of the way,
    from 0 to less than 1.

    **Returns:** `Walk`.

    **Raises:** `ValueError` for a target on the closed negative axis, or shares out of range.

    >>> import implicitbias as ib
    >>> walk = ib.studies.growing.eigenvalue_walk(1j, 2, [0.0, 0.5])
    >>> walk.product.tolist(), walk.times.round(4).tolist()
    ([(1+0j), (0.5+0.5j)], [0.0, 0.4407])
    """
    _check.integer("layers", layers)
    p, m = np.asarray(shares, dtype=float), complex(target)
    if m.imag == 0 and m.real <= 0:
        raise ValueError(f"target must not lie on the closed negative real axis, found {m.real:g}")
    if ((p < 0) | (p >= 1)).any():
        raise ValueError(f"shares must be from 0 to less than 1, found {p.min():g} to {p.max():g}")

    def pace(q: float) -> float:
        return 1 / (layers * (1 - q) * abs(1 + q * (m - 1)) ** (2 - 2 / layers))

    times = np.array([quad(pace, 0, share, limit=200)[0] for share in p])
    product = 1 + p * (m - 1)
    return Walk(times, product, product ** (1 / layers))


def root_error(network: LinearNetwork, root: Float[np.ndarray, "width width"], extra: int) -> float:
    r"""How well copies of the middle layer go on with what a linear network has learned.

    :math:`\lVert P-R^{L+q}\rVert_F/\lVert R^{L+q}\rVert_F` for the product P of the network with q
    more copies of its middle layer.

    **Raises:** `ValueError` for an `extra` that is not an integer, or is negative.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> tied = ib.studies.growing.LinearNetwork(jax.numpy.ones((3, 1, 1)))
    >>> ib.studies.growing.root_error(tied, np.array([[2.0]]), 4)
    0.0
    """
    longer = lengthened(network, extra)
    wanted = np.linalg.matrix_power(root, longer.layers.shape[0])
    return float(np.linalg.norm(np.asarray(longer.matrix) - wanted) / np.linalg.norm(wanted))
