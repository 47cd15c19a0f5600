r"""Matrices instead of weights: how factorisations train, and the least nuclear norm.

A matrix W is measured by :math:`\langle A_i, W\rangle = \mathrm{tr}(A_i^\top W)`, and training
descends :math:`L(W) = \frac12\sum_i(\langle A_i, W\rangle - y_i)^2`, whose gradient is
:math:`G = \sum_i (\langle A_i, W\rangle - y_i) A_i`. Time is that of gradient flow on the layers.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, ArrayLike, Float

from . import _check
from .parametrizations import (
    DeepFactorization,
    MatrixNetwork,
    SymmetricFactorization,
)

_MAX_SPLITTINGS = 200_000
_CERTIFIED = 1e-11  # of the largest entry of the answer, or of the certificate's norm, which is 1


class MatrixTrajectory(NamedTuple):
    r"""A path through matrices.

    - `times`: shape "t", those asked for.
    - `matrices`: :math:`W(t)`, shape "t d d".
    - `losses`: :math:`L(W(t))`, shape "t".
    """

    times: Float[Array, " t"]
    matrices: Float[Array, "t d d"]
    losses: Float[Array, " t"]


def effective_rank(W: Float[ArrayLike, "*b m n"]) -> Float[Array, "*b"]:
    r"""The exponential of the entropy of the singular values, each as its share of their sum.

    Between 1 and the rank; k if k singular values are equal and the others zero (Roy and Vetterli
    2007, "The effective rank"). A batch of matrices gives one number each.

    **Raises:** `ValueError` for a zero matrix, which has none.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> round(ib.effective_rank([[3.0, 0.0], [0.0, 3.0]]).item(), 12)
    2.0
    """
    W = np.asarray(_check.finite_array("W", W, max(np.ndim(W), 2)))
    values = np.linalg.svd(W, compute_uv=False)
    total = values.sum(-1, keepdims=True)
    if not (total > 0).all():
        raise ValueError("W must not be zero: a zero matrix has no effective rank")
    share = values / total
    entropy = -(share * np.log(np.where(share > 0, share, 1))).sum(-1)
    return _check.on_device(np.exp(entropy))


def balanced_layers(W: Float[ArrayLike, "d d"], depth: int) -> Float[Array, "N d d"]:
    r"""Layers :math:`W_1, \dots, W_N` with product :math:`W_N \cdots W_1 = W`, balanced.

    With :math:`W = U \Sigma V^\top`, the first layer is :math:`\Sigma^{1/N} V^\top`, the last
    :math:`U \Sigma^{1/N}`, those between :math:`\Sigma^{1/N}`; so
    :math:`W_{j+1}^\top W_{j+1} = W_j W_j^\top`, which gradient flow conserves (Arora, Cohen and
    Hazan 2018, arXiv:1802.06509).

    **Raises:** `ValueError` for a matrix that is not square, or a depth that is not an integer of
    at least 2.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> first, second = ib.balanced_layers([[0.0, 4.0], [9.0, 0.0]], depth=2)
    >>> (second @ first).round(12).tolist()
    [[0.0, 4.0], [9.0, 0.0]]
    """
    W = _square("W", W)
    _check.integer("depth", depth, least=2)
    U, values, Vt = np.linalg.svd(W)
    root = np.diag(values ** (1 / depth))
    between = [root] * (depth - 2)
    return _check.on_device(np.stack([root @ Vt, *between, U @ root]))


def end_to_end_velocity(
    W: Float[ArrayLike, "d d"], gradient: Float[ArrayLike, "d d"], depth: int
) -> Float[Array, "d d"]:
    r"""How the product of N balanced layers moves under gradient flow on the layers,

    .. math:: \dot W = -\sum_{j=1}^N (W W^\top)^{(j-1)/N}\, G\, (W^\top W)^{(N-j)/N}

    (Arora, Cohen and Hazan 2018, arXiv:1802.06509). Depth 1 is gradient flow on W itself.

    **Arguments:** `W` and the `gradient` G of the loss in W, shapes "d d"; `depth` N, a positive
    integer.

    **Raises:** `ValueError` for matrices that are not square or not of one shape, or a depth that
    is not a positive integer.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.end_to_end_velocity([[4.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], 2).tolist()
    [[-8.0, 0.0], [0.0, -2.0]]
    """
    W, gradient = _pair(W, gradient)
    _check.integer("depth", depth)
    return _check.on_device(_product_velocity(W, gradient, depth))


def singular_value_velocity(
    W: Float[ArrayLike, "d d"], gradient: Float[ArrayLike, "d d"], depth: int
) -> Float[Array, " d"]:
    r"""How fast each singular value of a product of N balanced layers moves,

    .. math:: \dot\sigma_r = -N\,(\sigma_r^2)^{1-1/N}\,\langle G, u_r v_r^\top\rangle,

    the largest first (Arora, Cohen, Hu and Luo 2019, arXiv:1905.13655). It holds where
    the singular values are distinct.

    **Arguments:** as for `end_to_end_velocity`.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.singular_value_velocity([[4.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], 2).tolist()
    [-8.0, -2.0]
    """
    W, gradient = _pair(W, gradient)
    _check.integer("depth", depth)
    U, values, Vt = np.linalg.svd(W)
    along = np.einsum("ir,ij,rj->r", U, gradient, Vt)
    return _check.on_device(-depth * values ** (2 - 2 / depth) * along)


def matrix_flow(
    network: "DeepFactorization | SymmetricFactorization | MatrixNetwork",
    measurements: Float[ArrayLike, "n d d"],
    targets: Float[ArrayLike, " n"],
    times: Float[ArrayLike, "*t"],
    *,
    seed: int = 0,
    tolerance: float = 1e-9,
) -> MatrixTrajectory:
    r"""Gradient flow on the layers of a matrix factorisation, without the layers.

    The layers enter only through what is conserved, so that a closed equation in a few d x d
    matrices is left, however deep or wide the network is:

    - `DeepFactorization`: `end_to_end_velocity`, one for each product.
    - `SymmetricFactorization`: :math:`P = UU^\top` and :math:`Q = VV^\top` obey
      :math:`\dot P = -2(HP + PH)`, :math:`\dot Q = 2(HQ + QH)` with H the symmetric part of G.
    - `MatrixNetwork`, of any width: :math:`S = {U \choose V}` obeys
      :math:`\dot S = -{0\ \ G \choose G^\top\ 0} S`, which commutes with rotations of its k
      columns, and W depends on :math:`SS^\top` alone: 2d columns do, however many there are.

    Solved by LSODA, in absolute steps of `tolerance` times the size of the start: what is smaller
    than 1e-16 of the largest singular value, float64 does not hold.

    **Arguments:** the `network`; `measurements` A and `targets` y; `times`, rising, from 0 or
    later, or a single one: then the path is returned at every step of the solver up to it; `seed`
    of the start of a `MatrixNetwork`; `tolerance` of a step.

    **Raises:** `ValueError` for bad data or another network; `RuntimeError` if LSODA fails.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> A = [[[3.0, 1.0], [1.0, 3.0]]]  # eigenvalues 4 and 2
    >>> path = ib.matrix_flow(ib.SymmetricFactorization(1e-3), A, [4.0], [0.0, 10.0])
    >>> path.matrices[-1].round(2).tolist()  # nearly of rank one
    [[0.5, 0.5], [0.5, 0.5]]
    """
    from scipy.integrate import solve_ivp

    A, y = _measured(measurements, targets)
    every_step = np.ndim(times) == 0
    moments = _rising(np.atleast_1d(times))
    _check.positive("tolerance", tolerance)
    start, matrix, velocity = _reduced(network, A.shape[-1], seed)
    shape = start.shape

    def misfit(W: np.ndarray) -> np.ndarray:
        return np.tensordot(W, A, ([-2, -1], [1, 2])) - y

    def slope(_: float, state: np.ndarray) -> np.ndarray:
        state = state.reshape(shape)
        return velocity(state, np.tensordot(misfit(matrix(state)), A, 1)).ravel()

    solution = solve_ivp(
        slope,
        (0.0, float(moments[-1])),
        start.ravel(),
        method="LSODA",
        t_eval=None if every_step else moments,
        rtol=tolerance,
        atol=tolerance * float(np.abs(start).max()),
    )
    if solution.status != 0 or not np.isfinite(solution.y).all():
        raise RuntimeError(f"LSODA stopped at time {solution.t[-1]:.3g}: {solution.message}")
    path = np.stack([matrix(state.reshape(shape)) for state in solution.y.T])
    losses = (misfit(path) ** 2).sum(-1) / 2
    return MatrixTrajectory(*map(_check.on_device, (solution.t, path, losses)))


def divergent_completion(
    depth: int, scale: float, times: Float[ArrayLike, " t"]
) -> MatrixTrajectory:
    r"""The completion of :math:`{?\ \ 1 \choose 1\ \ 0}` in which no norm is minimised.

    A product of N layers that starts at :math:`\alpha^N I` has a positive determinant for ever,
    and every solution has a negative one: the loss tends to zero and the hidden entry to infinity
    (Razin and Cohen 2020, arXiv:2005.06398). The flow of `end_to_end_velocity` keeps the product
    symmetric; the determinant, soon below float64, is followed in its logarithm,

    .. math:: \frac{d}{dt}\log\det W = -N \sum_r \sigma_r^{1-2/N} \langle G, u_r u_r^\top\rangle.

    **Arguments:** `depth` N, an integer of at least 2; `scale` :math:`\alpha > 0`; `times`, rising,
    from 0 or later.

    **Raises:** `ValueError` for arguments outside these ranges; `RuntimeError` if LSODA fails.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> path = ib.divergent_completion(2, 0.1, [1e3, 1e6, 1e9])
    >>> path.matrices[:, 0, 0].round(0).tolist()  # like (6t)^(1/3)
    [18.0, 182.0, 1817.0]
    """
    from scipy.integrate import solve_ivp

    _check.integer("depth", depth, least=2)
    _check.positive("scale", scale)
    moments = _rising(times)
    share = 1 / depth

    def parts(state):
        """The entries of W, its two eigenvalues, and the cosine and sine of the first vector."""
        first, off = math.exp(state[0]), state[1]
        last = (off**2 + math.exp(state[2])) / first
        large = (first + last + math.hypot(first - last, 2 * off)) / 2
        angle = math.atan2(2 * off, first - last) / 2
        return (first, off, last), large, math.exp(state[2]) / large, angle

    def velocity(_, state):
        (first, off, last), large, small, angle = parts(state)
        c, s = math.cos(angle), math.sin(angle)
        miss = off - 1
        along = 2 * c * s * miss + s**2 * last  # <G, u1 u1'>
        across = (c**2 - s**2) * miss + c * s * last  # <G, u1 u2'>
        beside = last - along  # <G, u2 u2'>
        mixed = sum(
            large ** (2 * j * share) * small ** (2 * (depth - 1 - j) * share) for j in range(depth)
        )
        one, two = (-depth * x ** (2 - 2 * share) for x in (large, small))
        in_first = one * along * c**2 + two * beside * s**2 + 2 * c * s * mixed * across
        in_off = (one * along - two * beside) * c * s - (c**2 - s**2) * mixed * across
        powers = (x ** (1 - 2 * share) for x in (large, small))
        shrink = sum(p * g for p, g in zip(powers, (along, beside), strict=True))
        return in_first / first, in_off, -depth * shrink

    log_start = depth * math.log(scale)
    solution = solve_ivp(
        velocity,
        (0.0, float(moments[-1])),
        [log_start, 0.0, 2 * log_start],
        method="LSODA",
        t_eval=moments,
        rtol=1e-10,
        atol=1e-12,
    )
    if solution.status != 0:
        raise RuntimeError(f"LSODA stopped at time {solution.t[-1]:.3g}: {solution.message}")
    entries = np.array([parts(state)[0] for state in solution.y.T])
    losses = (entries[:, 1] - 1) ** 2 + entries[:, 2] ** 2 / 2
    matrices = entries[:, [0, 1, 1, 2]].reshape(-1, 2, 2)
    return MatrixTrajectory(*map(_check.on_device, (moments, matrices, losses)))


def minimum_nuclear_norm(
    measurements: Float[ArrayLike, "n d d"], targets: Float[ArrayLike, " n"]
) -> Float[Array, "d d"]:
    r"""The matrix of least nuclear norm (sum of singular values) that has the measurements.

    By Douglas-Rachford splitting, with the certificate that convex duality asks for: a matrix in
    the span of the measurements that has singular values of at most 1 and an inner product with
    the answer equal to its nuclear norm, both within 1e-11.

    **Arguments:** `measurements` A, shape "n d d", linearly independent, n at most d^2; `targets`
    y, shape "n".

    **Raises:** `ValueError` for bad data; `RuntimeError` without the certificate, as when there
    are several such matrices and the splitting is slow.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.minimum_nuclear_norm([[[2.0, 0.0], [0.0, 1.0]]], [2.0]).round(6).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    A, y = _measured(measurements, targets)
    X = A.reshape(len(A), -1)
    _check.underdetermined(_check.on_device(X), _check.on_device(y))
    if not y.any():
        return _check.on_device(np.zeros(A.shape[1:]))
    basis = np.linalg.qr(X.T)[0]  # of the span of the measurements
    least = (X.T @ np.linalg.solve(X @ X.T, y)).reshape(A.shape[1:])
    size = np.linalg.norm(least, 2)
    shadow = least.copy()
    for step in range(1, _MAX_SPLITTINGS + 1):
        W = shadow + least - _onto(basis, shadow)  # the nearest matrix with these measurements
        U, values, Vt = np.linalg.svd(2 * W - shadow)
        shadow = shadow + (U * np.maximum(values - size, 0)) @ Vt - W
        if step % 50 == 0:
            dual = _onto(basis, W - shadow) / size
            excess = np.linalg.norm(dual, 2) - 1
            nuclear = np.linalg.norm(W, "nuc")
            gap = 1 - float((dual * W).sum()) / nuclear
            if max(excess, abs(gap)) < _CERTIFIED:
                return _check.on_device(W)
    raise RuntimeError(
        f"no certificate of least nuclear norm after {_MAX_SPLITTINGS} splittings: gap {gap:.1e}, "
        f"dual norm 1 + {excess:.1e}. Is the answer unique? More measurements would make it so"
    )


def _rising(times: ArrayLike) -> np.ndarray:
    moments = np.asarray(_check.finite_array("times", times, 1))
    if moments.size == 0 or moments[0] < 0 or np.any(np.diff(moments) <= 0) or moments[-1] == 0:
        raise ValueError(
            f"times must rise strictly, from 0 or later to a positive value, found {moments}"
        )
    return moments


def _onto(basis: np.ndarray, W: np.ndarray) -> np.ndarray:
    return (basis @ (basis.T @ W.ravel())).reshape(W.shape)


def _product_velocity(W: np.ndarray, gradient: np.ndarray, depth: int) -> np.ndarray:
    """Of one matrix, or of a batch of them along the first axis."""
    U, values, Vt = np.linalg.svd(W)
    Ut, V = np.swapaxes(U, -1, -2), np.swapaxes(Vt, -1, -2)
    powers = values[..., None] ** (2 * np.arange(depth) / depth)
    weights = powers @ np.swapaxes(powers[..., ::-1], -1, -2)  # sum over j of s_r^2j' s_s^2(N-1-j')
    return -U @ (weights * (Ut @ gradient @ V)) @ Vt


def _reduced(network, d: int, seed: int):
    """The start of a closed flow, the matrix of a state, and the velocity of a state under G."""
    if isinstance(network, DeepFactorization):
        depth, eye = network.depth, float(network.scale) ** network.depth * np.eye(d)
        if not network.unbiased:
            return eye, lambda W: W, lambda W, G: _product_velocity(W, G, depth)
        signs = np.array([1.0, -1.0])[:, None, None]
        return (
            np.stack([eye, eye]),
            lambda pair: pair[0] - pair[1],
            lambda pair, G: _product_velocity(pair, signs * G, depth),
        )
    if isinstance(network, SymmetricFactorization):
        eye = float(network.scale) ** 2 * np.eye(d)
        signs = np.array([1.0, -1.0])[:, None, None]

        def symmetric(pair, G):
            turned = -signs * (G + G.T) @ pair
            return turned + np.swapaxes(turned, 1, 2)

        return np.stack([eye, eye]), lambda pair: pair[0] - pair[1], symmetric
    if isinstance(network, MatrixNetwork):
        stack = np.concatenate([np.asarray(layer) for layer in network.init(d, seed)])
        narrow = np.linalg.qr(stack.T)[1].T  # the same Gram matrix, in 2d columns at most

        def crossed(S, G):
            return -np.concatenate([G @ S[d:], G.T @ S[:d]])

        return narrow, lambda S: S[:d] @ S[d:].T, crossed
    raise ValueError(
        "network must be a DeepFactorization, a SymmetricFactorization or a MatrixNetwork, found "
        f"{network!r}"
    )


def _measured(measurements: ArrayLike, targets: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    A = np.asarray(_check.finite_array("measurements", measurements, 3))
    y = np.asarray(_check.finite_array("targets", targets, 1))
    if A.size == 0 or A.shape[1] != A.shape[2]:
        raise ValueError(
            f"measurements must be square matrices, one at least, found shape {A.shape}"
        )
    if len(y) != len(A):
        raise ValueError(
            f"targets must have one entry a measurement, {len(A)}, found shape {y.shape}"
        )
    return A, y


def _square(name: str, value: ArrayLike) -> np.ndarray:
    matrix = np.asarray(_check.finite_array(name, value, 2))
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name} must be square, found shape {matrix.shape}")
    return matrix


def _pair(W: ArrayLike, gradient: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    W, gradient = _square("W", W), _square("gradient", gradient)
    if gradient.shape != W.shape:
        raise ValueError(f"gradient must have the shape of W, {W.shape}, found {gradient.shape}")
    return W, gradient
