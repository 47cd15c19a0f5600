r"""How large a class of predictors is, and what its size promises for samples not yet seen.

Every bound here is on the share of wrong labels :math:`L_D` among new samples, given the share
:math:`L_S` among the n training samples, and holds with probability at least :math:`1-\delta` over
these, for all predictors of the class at once. Constants are explicit; a value above 1 promises
nothing.
"""

from collections.abc import Callable
from itertools import product
from typing import Literal, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int
from scipy.special import gammaln

from implicitbias import _check

from .relu_network import ReluNetwork

_MOST = 16  # samples of which all labellings are listed
_GRID = 2.0 ** (-1 / 16)  # ratio of the margins at which the margin bound is asked to hold


class Complexity(NamedTuple):
    r"""An empirical Rademacher complexity: its value, how well it is known, and its bound.

    - `value`: the mean over signs.
    - `error`: the standard error of that mean; 0 where all signs were listed.
    - `bound`: the closed formula above it.
    """

    value: Float[Array, ""]
    error: Float[Array, ""]
    bound: Float[Array, ""]


def unseen_errors(
    learner: Callable[[np.ndarray, np.ndarray, np.ndarray], ArrayLike],
    points: ArrayLike,
    seen: ArrayLike,
) -> Float[Array, " k"]:
    r"""A learner's share of wrong labels on unseen points, for each labelling of a small domain.

    The mean over all labellings is 1/2 for every learner: the no-free-lunch theorem (Wolpert 1996,
    doi:10.1162/neco.1996.8.7.1341).

    **Arguments:**

    - `learner`: from seen points "s d", their labels "s" and the unseen points "u d" to labels "u".
    - `points`: the domain, "m d", at most 16 points.
    - `seen`: which of them are seen, indices "s", fewer than m.

    **Returns:** shares "k" with k = 2^m, ordered as `itertools.product([-1, 1], repeat=m)` with the
    labels of the seen points first.

    **Raises:** `ValueError` for more than 16 points, indices that are not those of points or are
    all of them, or predictions other than one label -1 or +1 for each unseen point.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> def copy_the_first(seen, labels, unseen):
    ...     return [labels[0]] * len(unseen)
    >>> errors = ib.learning.unseen_errors(copy_the_first, [[0.0], [1.0], [2.0]], [0])
    >>> errors.tolist(), errors.mean().item()
    ([0.0, 0.5, 0.5, 1.0, 1.0, 0.5, 0.5, 0.0], 0.5)
    """
    domain = np.asarray(_check.finite_array("points", points, 2))
    m = len(domain)
    if m > _MOST:
        raise ValueError(f"points must be at most {_MOST}, found {m}: there are 2^m labellings")
    chosen = np.asarray(seen)
    proper = chosen.ndim == 1 and chosen.dtype.kind in "iu" and len(set(chosen.tolist())) < m
    if not proper or len(set(chosen.tolist())) < chosen.size or not np.isin(chosen, range(m)).all():
        raise ValueError(f"seen must be different indices of points, not all {m}, found {seen}")
    unseen = np.setdiff1d(np.arange(m), chosen)
    truths = np.array(list(product([-1, 1], repeat=len(unseen))))
    errors = []
    for labels in product([-1, 1], repeat=len(chosen)):
        found = np.asarray(learner(domain[chosen], np.array(labels), domain[unseen]))
        if found.shape != unseen.shape or not (np.abs(found) == 1).all():
            raise ValueError(
                f"learner must give one label -1 or +1 for each of {len(unseen)} points, "
                f"found {found}"
            )
        errors.append((truths != found).mean(axis=1))
    return _check.on_device(np.concatenate(errors))


def occam_bound(bits: ArrayLike, n: int, *, delta: float = 0.05) -> Float[Array, "..."]:
    r""":math:`L_D-L_S\le\sqrt{(b\log2+\log\frac1\delta)/(2n)}` for predictors of b bits.

    For all predictors at once, if their descriptions are prefix-free; a class of N predictors has
    :math:`b=\log_2N`. From Hoeffding's inequality and a union bound (Blumer et al. 1987,
    doi:10.1016/0020-0190(87)90114-1).

    **Arguments:** `bits` b, any shape; `n` samples; `delta`, the probability of failure.

    **Raises:** `ValueError` for a negative b, n below 1, or delta outside (0, 1).

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> [round(float(bound), 4) for bound in ib.learning.occam_bound([0.0, 100.0], 1000)]
    [0.0387, 0.1901]
    """
    _check_sample(n, delta)
    _check.not_negative("bits", bits)
    b = np.asarray(bits, float)
    return _check.on_device(np.sqrt((b * np.log(2) - np.log(delta)) / (2 * n)))


def log_sauer(dimension: int, n: int) -> float:
    r""":math:`\log\sum_{i\le v}\binom ni`, the most labellings of n points at VC dimension v.

    The lemma of Sauer (1972, doi:10.1016/0097-3165(72)90019-2). Homogeneous half-spaces in d
    dimensions have v = d.

    **Raises:** `ValueError` for a dimension or n that is not a positive integer.

    >>> import implicitbias as ib
    >>> round(ib.learning.log_sauer(2, 4) / ib.learning.log_sauer(4, 4), 4)  # log 11 / log 16
    0.8649
    """
    _check.integer("dimension", dimension)
    _check.integer("n", n)
    i = np.arange(min(dimension, n) + 1)
    logs = np.asarray(gammaln(n + 1) - gammaln(i + 1) - gammaln(n - i + 1))
    return float(np.logaddexp.reduce(logs))


def relu_log_count(width: int, d: int, n: int) -> float:
    r"""A bound on the logarithm of how many labellings two-layer networks give n points.

    :math:`h(\log2+\log\Phi_d(n))+\log\Phi_{dh}(n)`, and :math:`n\log2` where that is less, with
    :math:`\log\Phi` of `log_sauer`, for :math:`\operatorname{sign}\sum_{j\le h}a_j\max(0,\langle
    w_j,x\rangle)`. It implies a VC dimension of order :math:`dh\log h`, as the general bound of
    Bartlett et al. (arXiv:1703.02930) does.

    **Raises:** `ValueError` for sizes that are not positive integers.

    >>> import implicitbias as ib
    >>> round(ib.learning.relu_log_count(8, 64, 10**6), 1)
    9825.1
    """
    _check.integer("width", width)
    _check.integer("d", d)
    count = width * (np.log(2) + log_sauer(d, n)) + log_sauer(d * width, n)
    return float(min(count, n * np.log(2)))


def growth_bound(log_count: ArrayLike, n: int, *, delta: float = 0.05) -> Float[Array, "..."]:
    r""":math:`L_D-L_S\le\sqrt{2\log\Pi/n}+\sqrt{\log\frac1\delta/(2n)}`.

    :math:`\Pi` is the largest number of labellings that the class gives n points (Vapnik and
    Chervonenkis 1971, doi:10.1137/1116025; this form by way of Massart's lemma).

    **Arguments:** `log_count` :math:`\log\Pi`, any shape; `n`; `delta`.

    **Raises:** `ValueError` for a negative logarithm, n below 1, or delta outside (0, 1).

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> round(float(ib.learning.growth_bound(ib.learning.log_sauer(10, 10**5), 10**5)), 4)
    0.0486
    """
    _check_sample(n, delta)
    _check.not_negative("log_count", log_count)
    count = np.asarray(log_count, float)
    return _check.on_device(np.sqrt(2 * count / n) + np.sqrt(-np.log(delta) / (2 * n)))


def sign_change_errors(labels: ArrayLike) -> Int[Array, "t n"]:
    r"""The fewest labels in a row that must be missed when the sign may change k times, k < n.

    By dynamic programming along the row.

    **Arguments:** `labels` "t n", each row -1 and +1.

    **Returns:** numbers "t n": in column k, those of the best labelling with at most k changes.

    **Raises:** `ValueError` for labels that are not -1 or +1.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.learning.sign_change_errors([[1, -1, 1, 1, -1]]).tolist()
    [[2, 1, 1, 0, 0]]
    """
    signs = np.asarray(_check.finite_array("labels", labels, 2))
    if not (np.abs(signs) == 1).all():
        raise ValueError(f"labels must be -1 or +1, found {signs[np.abs(signs) != 1][0]}")
    rows, n = signs.shape
    missed = np.zeros((2, rows, n), dtype=np.int32)  # so far, with the last sign - or +
    for column in signs.T:
        changed = np.roll(missed[::-1], 1, axis=-1)
        changed[..., 0] = n  # no change cannot come from a change
        missed = np.minimum(missed, changed)
        missed[0] += (column > 0)[:, None]
        missed[1] += (column < 0)[:, None]
    return jnp.asarray(missed.min(axis=0))


def linear_complexity(
    X: ArrayLike, norm: Literal[1, 2], *, draws: int = 4000, seed: int = 0
) -> Complexity:
    r"""Empirical Rademacher complexity of :math:`\{x\mapsto\langle w,x\rangle:\|w\|\le1\}`.

    :math:`\frac1n E_\sigma\|\sum_i\sigma_ix_i\|_*` with the dual norm, below :math:`\frac1n(\sum_i
    \|x_i\|_2^2)^{1/2}` for the l2 ball and :math:`\frac1n\max_j\|X_{\cdot j}\|_2\sqrt{2\log2d}` for
    the l1 ball (Bartlett and Mendelson 2002; Kakade et al. 2008). All signs are listed for up to 16
    samples, otherwise drawn. A ball of radius B has B times the complexity.

    **Arguments:** `X` "n d"; `norm` of the weights, 1 or 2; `draws` of signs, and their `seed`.

    **Raises:** `ValueError` for another norm, fewer than two draws, or an X that is not finite.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> [round(float(part), 4) for part in ib.learning.linear_complexity([[1.0], [1.0]], 2)]
    [0.5, 0.0, 0.7071]
    """
    X = np.asarray(_check.finite_array("X", X, 2))
    if norm not in (1, 2):
        raise ValueError(f"norm must be 1 or 2, found {norm!r}")
    _check.integer("draws", draws, least=2)
    n, d = X.shape
    if n <= _MOST:
        signs = np.array(list(product([-1.0, 1.0], repeat=n)))
    else:
        signs = np.random.default_rng(seed).choice([-1.0, 1.0], (draws, n))
    sizes = np.linalg.norm(signs @ X, ord=2 if norm == 2 else np.inf, axis=1) / n
    spread = 0.0 if n <= _MOST else sizes.std(ddof=1) / np.sqrt(draws)
    if norm == 2:
        bound = np.linalg.norm(X) / n
    else:
        bound = np.linalg.norm(X, axis=0).max() * np.sqrt(2 * np.log(2 * d)) / n
    parts = (_check.on_device(np.asarray(part)) for part in (sizes.mean(), spread, bound))
    return Complexity(*parts)


def path_norm(network: ReluNetwork) -> Float[Array, ""]:
    r""":math:`\sum_j|a_j|\,\|w_j\|_2`, a norm of two-layer networks in which width has no part.

    At most half the sum of all squared weights, with equality where :math:`|a_j|=\|w_j\|_2`
    (Neyshabur, Tomioka and Srebro 2015, arXiv:1503.00036, arXiv:1412.6614).

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib, jax.numpy as jnp
    >>> ib.learning.path_norm(ib.learning.ReluNetwork(jnp.array([[3.0, 4.0]]), jnp.array([-2.0])))
    Array(10., dtype=float64)
    """
    return jnp.sum(jnp.abs(network.output) * jnp.linalg.norm(network.hidden, axis=1))


def path_complexity(X: ArrayLike) -> Float[Array, ""]:
    r""":math:`\frac2n(\sum_i\|x_i\|_2^2)^{1/2}`: above the complexity of networks of path norm 1.

    Of any width: the bound of the linear ball, doubled for the absolute value of each unit (after
    Bartlett and Mendelson 2002, and Neyshabur, Tomioka and Srebro 2015, arXiv:1503.00036).

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> round(float(ib.learning.path_complexity([[1.0, 0.0], [0.0, 1.0]])), 4)
    1.4142
    """
    X = _check.finite_array("X", X, 2)
    return 2 * jnp.linalg.norm(X) / X.shape[0]


def margin_bound(
    share: ArrayLike, margin: ArrayLike, complexity: ArrayLike, n: int, *, delta: float = 0.05
) -> Float[Array, "..."]:
    r""":math:`L_D\le s+\frac2\rho R+3\sqrt{\log(2k(k+1)/\delta)/(2n)}`, for classes with margins.

    s is the share of training samples with margins :math:`y_if(x_i)` below the given one. So that
    the margin may be chosen after training, the bound holds on a grid, :math:`\rho=2^{-(k-1)/16}`,
    k = 1, 2, ...; the one used is the largest on it that is not above the margin. After
    Koltchinskii and Panchenko (2002, doi:10.1214/aos/1015362183), with constants of this book's.

    **Arguments:** `share` s; `margin`, of functions of norm 1; `complexity` R, the empirical
    Rademacher complexity of that unit ball; `n`; `delta`. Arrays are combined.

    **Raises:** `ValueError` for shares outside [0, 1], a margin that is not positive, a negative
    complexity, n below 1, or delta outside (0, 1).

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> round(float(ib.learning.margin_bound(0.0, 0.25, 0.001, 10**5)), 4)  # k = 33
    0.03
    """
    _check_sample(n, delta)
    for name, value in (("share", share), ("complexity", complexity)):
        _check.not_negative(name, value)
    s, R = np.asarray(share, float), np.asarray(complexity, float)
    if (s > 1).any():
        raise ValueError(f"share must be at most 1, found {s.max()}")
    _check.positive("margin", margin)
    k = np.ceil(np.maximum(np.log(np.asarray(margin, dtype=float)) / np.log(_GRID), 0) - 1e-9) + 1
    chance = 3 * np.sqrt(np.log(2 * k * (k + 1) / delta) / (2 * n))
    return _check.on_device(np.asarray(s + 2 * R * _GRID ** (1 - k) + chance))


def _check_sample(n: int, delta: float) -> None:
    _check.require_x64()
    _check.integer("n", n)
    if not 0 < delta < 1:
        raise ValueError(f"delta must lie in (0, 1), found {delta}")
