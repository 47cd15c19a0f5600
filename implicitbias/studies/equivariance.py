r"""What no algorithm can learn that a rotation of the samples merely rotates with them.

Gradient descent from a rotation-invariant start is one; its errors on one task are then its errors
on a task that was rotated at random, and nobody can do better there than Bayes' rule.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh_tridiagonal
from scipy.special import ndtr, roots_hermitenorm
from scipy.stats import binom

from implicitbias import _check
from implicitbias.studies.locality import _shape


def overlap_bound(n: ArrayLike, d: ArrayLike, sigma: ArrayLike) -> np.ndarray:
    r"""At most :math:`(n+\sigma^2)/(n+\sigma^2d)`: the mean squared cosine of filter and signal.

    For :math:`x=y\mu+\sigma g` with :math:`\mu` a unit vector in d dimensions, n samples, and every
    algorithm that commutes with rotations. Worked out for this book.

    **Raises:** `ValueError` for noise that is not positive.

    >>> import implicitbias as ib
    >>> float(ib.studies.overlap_bound(0, 20, 0.2))
    0.05
    """
    _check.positive("sigma", np.asarray(sigma))
    n, variance = np.asarray(n, dtype=float), np.square(sigma)
    return (n + variance) / (n + variance * d)


def least_error(n: ArrayLike, d: int, sigma: float) -> np.ndarray:
    r"""The least error of algorithms that commute with rotations, one patch, n samples.

    It is that of :math:`\operatorname{sign}\langle x,\sum_jy_jx_j\rangle`: the mean of
    :math:`\Phi(-C/\sigma)`, with :math:`C=a/\sqrt{a^2+r^2}`, a normal with mean
    :math:`\sqrt n/\sigma` and variance 1, and :math:`r^2` chi-square with d-1 degrees of freedom.
    By Gauss quadrature. Worked out for this book.

    **Arguments:** `n`, samples, any shape; `d`, at least 2; `sigma`.

    **Raises:** `ValueError` for d below 2, or noise that is not positive.

    >>> import implicitbias as ib
    >>> ib.studies.least_error([0, 10, 1000], 10, 1.0).round(3).tolist()
    [0.5, 0.241, 0.16]
    """
    _check.integer("d", d, least=2)
    _check.positive("sigma", sigma)
    along, along_weights = roots_hermitenorm(100)
    across, across_weights = _laguerre(100, (d - 3) / 2)
    weights = np.outer(along_weights, across_weights)
    a = np.sqrt(np.asarray(n, dtype=float))[..., None, None] / sigma + along[:, None]
    cosine = a / np.sqrt(a**2 + 2 * across)
    return (weights * ndtr(-cosine / sigma)).sum(axis=(-2, -1)) / weights.sum()


def _laguerre(count: int, power: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights, of sum 1, for the gamma law; SciPy's weights overflow at high powers."""
    i = np.arange(count)
    beside = np.sqrt(i[1:] * (i[1:] + power))
    nodes, vectors = eigh_tridiagonal(2 * i + 1 + power, beside)
    return nodes, vectors[0] ** 2


def error_bound(architecture: str, n: int, k: int, d: int, sigma: float) -> float:
    r"""A share of new samples that equivariant training of a network must get wrong, on average.

    The task of `signal_task`. A helper who says where each signal is, and all signals but one,
    leaves a single patch with m samples, m binomial with mean n/k, in d dimensions for local
    filters and in kd - k + 1 for full ones; for shared filters all n samples, in d dimensions.
    Then `least_error` is the best. Worked out for this book.

    **Arguments:** `architecture` as in `start_network`; `n`, `k`, `d`, `sigma`.

    **Raises:** `ValueError` as `signal_task` does.

    >>> import implicitbias as ib
    >>> for network in ("cnn", "lcn", "fcn"):
    ...     print(network, round(ib.studies.error_bound(network, 100, 10, 20, 1.0), 3))
    cnn 0.18
    lcn 0.287
    fcn 0.413
    """
    _shape(architecture, k, d)
    if architecture == "cnn":
        return float(least_error(n, d, sigma))
    low, high = binom.ppf([1e-12, 1 - 1e-12], n, 1 / k)
    counts = np.arange(int(low), int(high) + 1)
    errors = least_error(counts, d if architecture == "lcn" else k * d - k + 1, sigma)
    return float(binom.pmf(counts, n, 1 / k) @ errors)


def risk_bound(architecture: str, n: ArrayLike, k: int, d: int, sigma: float) -> np.ndarray:
    r"""A risk that equivariant training of shared or local filters of length at most 1 keeps.

    .. math:: E(f(x)-y)^2\ge\bigl(1-\sqrt q\bigr)^2,\qquad q=\frac{m+\sigma^2}{m+\sigma^2d},

    with m = n for shared and m = n/k for local filters. Worked out for this book.

    **Raises:** `ValueError` for full filters, to which it does not apply, or bad sizes.

    >>> import implicitbias as ib
    >>> ib.studies.risk_bound("lcn", [0, 20, 400], 20, 20, 0.2).round(3).tolist()
    [0.603, 0.058, 0.0]
    """
    _shape(architecture, k, d)
    if architecture == "fcn":
        raise ValueError("architecture must be 'cnn' or 'lcn', found 'fcn'")
    share = np.asarray(n, dtype=float) / (1 if architecture == "cnn" else k)
    return (1 - np.sqrt(overlap_bound(share, d, sigma))) ** 2
