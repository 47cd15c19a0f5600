r"""What fitting noise exactly costs: the error of interpolators, exactly and in the limit.

Features are Gaussian, :math:`x = \Sigma^{1/2}z`, and targets :math:`y = \langle w^*, x\rangle +
\sigma\xi`. The *excess* of weights is :math:`(w-w^*)^\top\Sigma(w-w^*)`, what a new prediction
misses, the noise of its target not counted. Eigenvalues of :math:`\Sigma` are in the coordinates of
the features, largest first where the order matters.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .. import _check
from ..sample_size import minimum_norm_error


class EquivalentRisk(NamedTuple):
    r"""The deterministic equivalent of the excess of ridge regression.

    - `kappa` :math:`\kappa`: directions with larger eigenvalues are learned, the others are not.
    - `degrees` :math:`\sum_i l_i^2/(l_i+\kappa)^2`, of n: how many samples' noise comes back.
    - `bias`, and `variance`, which is proportional to the squared noise.
    """

    kappa: float
    degrees: float
    bias: float
    variance: float

    @property
    def excess(self) -> float:
        """Bias and variance together."""
        return self.bias + self.variance


class EffectiveRanks(NamedTuple):
    r"""How many directions the eigenvalues after the k-th amount to, for k = 0 ... d - 1.

    - `r` "d": :math:`r_k = \sum_{i>k}l_i/l_{k+1}`.
    - `R` "d": :math:`R_k = (\sum_{i>k}l_i)^2/\sum_{i>k}l_i^2`.
    """

    r: Float[Array, " d"]
    R: Float[Array, " d"]


class Extreme(NamedTuple):
    """Where something is largest on a ball of weights.

    - `weights` "d", `value` there, and the `multiplier` of the ball that proves it.
    """

    weights: Float[Array, " d"]
    value: float
    multiplier: float


def isotropic_risk(n: int, d: int, *, signal: float, noise: float) -> float:
    r"""Expected excess of the min-l2 interpolator, or of least squares, for isotropic features.

    .. math:: \Bigl(1-\frac nd\Bigr)\|w^*\|^2 + \frac{n}{d-n-1}\,\sigma^2 \quad (d\ge n+2), \qquad
       \frac{d}{n-d-1}\,\sigma^2 \quad (d\le n-2),

    exact at every size. In between the expectation of the noise's part is infinite. For more
    features than samples that part is also the least that any interpolator has, whatever the
    covariance (Muthukumar et al. 2020, arXiv:1903.09139; Hastie et al. 2022, arXiv:1903.08560).

    **Arguments:** `n` samples, `d` features, `signal` :math:`\|w^*\|`, `noise` :math:`\sigma`.

    **Returns:** the excess, `inf` for noisy data with :math:`|d-n|\le1`.

    **Raises:** `ValueError` for sizes that are not positive integers, and negative norms.

    >>> from implicitbias import learning
    >>> [learning.isotropic_risk(40, d, signal=1.0, noise=1.0) for d in (20, 40, 82)]
    [1.0526315789473684, inf, 1.487804878048780...]
    """
    _check.integer("n", n)
    _check.integer("d", d)
    _check.not_negative("signal", signal)
    _check.not_negative("noise", noise)
    if d >= n + 2:
        return minimum_norm_error(n, d, signal=signal, noise=noise)
    if d <= n - 2:
        return d / (n - d - 1) * noise**2
    return math.inf if noise > 0 else max(0.0, 1 - n / d) * signal**2


def effective_ranks(spectrum: Float[ArrayLike, " d"]) -> EffectiveRanks:
    r"""The effective ranks of Bartlett, Long, Lugosi and Tsigler (2020, arXiv:1906.11300).

    **Arguments:** `spectrum` "d": eigenvalues of the covariance, positive, largest first.

    **Raises:** `ValueError` for eigenvalues that are not positive, rise, or differ by more than 150
    orders of magnitude.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import learning
    >>> ranks = learning.effective_ranks([2.0, 1.0, 1.0])
    >>> ranks.r.tolist(), ranks.R[1].item()
    ([2.0, 2.0, 1.0], 2.0)
    """
    l = _spectrum(spectrum)
    if np.any(np.diff(l) > 0):
        raise ValueError(f"spectrum must not rise, found {l[:4]} ...: sort it, the largest first")
    if l[-1] < 1e-150 * l[0]:
        raise ValueError(
            f"spectrum must stay above 1e-150 times its largest, found {l[-1]}: cut it"
        )
    l = l / l[0]
    sums, squares = (np.cumsum(part[::-1])[::-1] for part in (l, l**2))
    return EffectiveRanks(_check.on_device(sums / l), _check.on_device(sums**2 / squares))


def critical_rank(spectrum: Float[ArrayLike, " d"], n: int, *, b: float = 1.0) -> float:
    r"""The first k with :math:`r_k\ge bn`: so many directions are learned, the rest absorb noise.

    Benign overfitting needs both :math:`k^*/n` and :math:`n/R_{k^*}` to be small (Bartlett et al.
    2020, arXiv:1906.11300).

    **Returns:** k, or `inf` if no k is large enough.

    **Raises:** `ValueError` as `effective_ranks`, for `n` below 1 and `b` that is not positive.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import learning
    >>> learning.critical_rank([1.0, 1.0] + 50 * [0.01], 20)
    2.0
    """
    _check.integer("n", n)
    _check.positive("b", b)
    enough = np.flatnonzero(np.asarray(effective_ranks(spectrum).r) >= b * n)
    return float(enough[0]) if enough.size else math.inf


def equivalent_risk(
    spectrum: Float[ArrayLike, " d"],
    n: int,
    *,
    weights: Float[ArrayLike, " d"] | None = None,
    noise: float = 0.0,
    ridge: float = 0.0,
) -> EquivalentRisk:
    r"""The excess of ridge regression or min-l2 interpolation, for any covariance and large n.

    With :math:`\kappa` from :math:`n = \sum_i\frac{l_i}{l_i+\kappa}+\frac\lambda\kappa` and
    :math:`\mathrm{df}=\sum_i\frac{l_i^2}{(l_i+\kappa)^2}`,

    .. math:: \text{bias} = \frac{n}{n-\mathrm{df}}\sum_i\frac{\kappa^2l_iw_i^{*2}}{(l_i+\kappa)^2},
       \qquad \text{variance} = \frac{\mathrm{df}}{n-\mathrm{df}}\,\sigma^2 .

    It is not exact: the relative error is of the order :math:`1/(n-\mathrm{df})` (Hastie et al.
    2022, arXiv:1903.08560; Cheng and Montanari 2024, arXiv:2210.08571). An infinite spectrum is cut
    where the rest is small compared with :math:`\kappa`, and the sum of the rest added to `ridge`.

    **Arguments:**

    - `spectrum` "d": eigenvalues of the covariance, positive, in any order.
    - `n`: samples. `noise` :math:`\sigma`.
    - `weights` "d": :math:`w^*`, in the same coordinates; zero if not given.
    - `ridge` :math:`\lambda\ge0`, of :math:`\frac12\|Xw-y\|^2+\frac\lambda2\|w\|^2`.

    **Returns:** an `EquivalentRisk`; the variance is `inf` for n = d without a ridge, if there is
    noise.

    **Raises:** `ValueError` for eigenvalues that are not positive and finite, weights of another
    size, `n` below 1, and a negative ridge or noise.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import learning
    >>> risk = learning.equivalent_risk([1.0] * 80, 40, noise=1.0)  # exact: 40 / 39
    >>> round(risk.kappa, 6), round(risk.variance, 6)
    (1.0, 1.0)
    """
    l = _spectrum(spectrum)
    _check.integer("n", n)
    _check.not_negative("noise", noise)
    _check.not_negative("ridge", ridge)
    w = (
        np.zeros_like(l)
        if weights is None
        else np.asarray(_check.finite_array("weights", weights, 1))
    )
    if w.shape != l.shape:
        raise ValueError(
            f"weights must have one entry an eigenvalue: {l.size}, found shape {w.shape}"
        )
    kappa = _kappa(l, n, ridge)
    degrees = float(np.sum((l / (l + kappa)) ** 2))
    # n - df, without the cancellation.
    left = float(np.sum(l / (l + kappa) * (kappa / (l + kappa)))) + (
        ridge / kappa if ridge else 0.0
    )
    if kappa == 0:
        left = float(n - l.size)
    missed = float(np.sum(l * (kappa * w / (l + kappa)) ** 2))
    if left == 0:
        return EquivalentRisk(kappa, degrees, 0.0, math.inf if noise else 0.0)
    return EquivalentRisk(kappa, degrees, n / left * missed, degrees / left * noise**2)


def _kappa(l: np.ndarray, n: int, ridge: float) -> float:
    """The root of n = sum l/(l + kappa) + ridge/kappa, zero if there is none."""
    if ridge == 0 and n >= l.size:
        return 0.0
    low = max(ridge, l.min() * (l.size - n)) / n
    high = (l.sum() + ridge) / n
    if high <= low * (1 + 1e-15):
        return float(low)

    def excess(log_kappa: float) -> float:
        kappa = math.exp(log_kappa)
        return float(np.sum(l / (l + kappa))) + ridge / kappa - n

    slack = 1e-12
    return math.exp(_root(excess, math.log(low) - slack, math.log(high) + slack))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return brentq(function, low, high, xtol=1e-14)  # pyright: ignore[reportReturnType]


def append_junk(
    X: Float[ArrayLike, "n d"], penalty: float, count: int, *, seed: int
) -> Float[Array, "n e"]:
    r"""The data with `count` junk features of law :math:`N(0,\gamma/\text{count})` appended.

    Fits of least norm do not change when junk is rotated, so that n columns stand for any number:
    the junk is the Bartlett factor T of its Gram matrix, :math:`TT^\top\sim`
    Wishart(count), times :math:`\sqrt{\gamma/\text{count}}`. The variance of each of the columns,
    for a new sample, is still :math:`\gamma/\text{count}`.

    **Arguments:** `X` "n d"; `penalty` :math:`\gamma>0`, the variance of all junk together;
    `count` :math:`\ge n`; `seed`.

    **Returns:** "n (d + n)".

    **Raises:** `ValueError` for bad data, a penalty that is not positive, fewer junk features than
    samples, and a negative seed.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> X = ib.learning.append_junk([[1.0], [1.0]], 0.25, 10**9, seed=0)
    >>> X.round(3).tolist()  # of very many, one private feature a sample is left
    [[1.0, 0.5, 0.0], [1.0, 0.0, 0.5]]
    """
    X = np.asarray(_check.finite_array("X", X, 2))
    _check.positive("penalty", penalty)
    n = len(X)
    if not (isinstance(count, int) and count >= n):
        raise ValueError(f"count must be an integer, at least n = {n}, found {count}")
    _check.integer("seed", seed, least=0)
    rng = np.random.default_rng(seed)
    factor = np.tril(rng.standard_normal((n, n)), -1)
    factor[np.diag_indices(n)] = np.sqrt(rng.chisquare(count - np.arange(n)))
    return _check.on_device(np.hstack([X, np.sqrt(penalty / count) * factor + 0.0]))


def junk_gap(
    X: Float[ArrayLike, "n d"], y: Float[ArrayLike, " n"], penalty: float, count: int
) -> float:
    r"""How far the weights fitted with junk are from those of ridge regression.

    The root mean square of :math:`\|w_S-w_\gamma\|` over the junk, to leading order,

    .. math:: \gamma\sqrt{\frac{\|Cv\|^2+\|C\|_F^2\|v\|^2}{\text{count}}}, \qquad
       v = (XX^\top+\gamma I)^{-1}y,\quad C = X^\top(XX^\top+\gamma I)^{-1},

    with :math:`w_S` the weights of X in the min-l2 interpolator of `append_junk`, and
    :math:`w_\gamma = Cy`. Worked out for this book.

    **Raises:** `ValueError` for bad data, a penalty that is not positive and a count below 1.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import learning
    >>> round(learning.junk_gap([[1.0]], [1.0], 1.0, 200), 6)
    0.025
    """
    X, y = (np.asarray(part) for part in _check.problem(X, y))
    _check.positive("penalty", penalty)
    _check.integer("count", count)
    inverse = np.linalg.inv(X @ X.T + penalty * np.eye(len(y)))
    v, C = inverse @ y, X.T @ inverse
    mean_square = np.sum((C @ v) ** 2) + np.sum(C**2) * np.sum(v**2)
    return float(penalty * np.sqrt(mean_square / count))


def worst_interpolator(
    X: Float[ArrayLike, "n d"],
    y: Float[ArrayLike, " n"],
    spectrum: Float[ArrayLike, " d"],
    weights: Float[ArrayLike, " d"],
    radius: float,
) -> Extreme:
    r"""The interpolator of largest excess among those of norm at most `radius`.

    .. math:: \max\ \sum_il_i(w_i-w^*_i)^2 \quad\text{subject to}\quad Xw=y,\ \|w\|\le B:

    a trust-region problem on the null space of X, solved by its secular equation (Moré and
    Sorensen 1983, doi:10.1137/0904038). What uniform convergence of interpolators bounds
    (Zhou, Sutherland and Srebro 2020, arXiv:2006.05942; Koehler et al. 2021, arXiv:2106.09276).

    **Arguments:** `X` "n d", `y` "n"; `spectrum` "d": the diagonal of the covariance; `weights` "d"
    :math:`w^*`; `radius` B, at least the norm of the min-l2 interpolator.

    **Returns:** an `Extreme`, whose value is the excess.

    **Raises:** `ValueError` for bad data, no interpolator, or none of so small a norm.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import learning
    >>> worst = learning.worst_interpolator([[1.0, 0.0]], [1.0], [1.0, 0.5], [1.0, 0.0], 2.0)
    >>> abs(worst.weights).round(4).tolist(), round(worst.value, 6)
    ([1.0, 1.7321], 1.5)
    """
    _check.underdetermined(*_check.problem(X, y))
    X, y, l, w = _gaussian_problem(X, y, spectrum, weights)
    _, singular, basis = np.linalg.svd(X)
    n = len(singular)
    least = basis[:n].T @ np.linalg.solve(X @ basis[:n].T, y)
    free = basis[n:].T
    room = radius**2 - least @ least
    if not room >= 0:
        raise ValueError(
            f"radius must be at least the least norm, {np.linalg.norm(least)}, found {radius}"
        )
    found, multiplier = _largest_on_ball(
        free.T @ (l[:, None] * free), free.T @ (l * (least - w)), math.sqrt(room)
    )
    at = least + free @ found
    return Extreme(_check.on_device(at), float(l @ (at - w) ** 2), multiplier)


def largest_gap(
    X: Float[ArrayLike, "n d"],
    y: Float[ArrayLike, " n"],
    spectrum: Float[ArrayLike, " d"],
    weights: Float[ArrayLike, " d"],
    noise: float,
    radius: float,
) -> Extreme:
    r"""How far test and training error are apart on a ball: what uniform convergence bounds.

    .. math:: \max_{\|w\|\le B}\Bigl|\sum_il_i(w_i-w^*_i)^2+\sigma^2-\tfrac1n\|Xw-y\|^2\Bigr|,

    from two trust-region problems as in `worst_interpolator`. The means of squares are not halved.

    **Returns:** an `Extreme`, whose value is the gap.

    **Raises:** `ValueError` for bad data, a negative noise and a radius that is not positive.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import learning
    >>> gap = learning.largest_gap([[1.0, 0.0]], [1.0], [1.0, 0.5], [1.0, 0.0], 0.0, 2.0)
    >>> round(gap.value, 6)
    2.0
    """
    X, y, l, w = _gaussian_problem(X, y, spectrum, weights)
    _check.not_negative("noise", noise)
    _check.positive("radius", radius)
    n = len(y)
    A, b = np.diag(l) - X.T @ X / n, X.T @ y / n - l * w
    offset = l @ w**2 + noise**2 - y @ y / n
    sides = []
    for sign in (1, -1):
        at, multiplier = _largest_on_ball(sign * A, sign * b, radius)
        gap = sign * float(at @ A @ at + 2 * b @ at + offset)
        sides.append(Extreme(_check.on_device(at), gap, multiplier))
    return max(sides, key=lambda side: side.value)


def _largest_on_ball(A: np.ndarray, b: np.ndarray, radius: float) -> tuple[np.ndarray, float]:
    """Where u'Au + 2b'u is largest for |u| <= radius, and mu with (mu - A)u = b, mu - A >= 0."""
    if radius == 0 or b.size == 0:
        return np.zeros_like(b), 0.0
    a, V = np.linalg.eigh(A)
    beta = V.T @ b
    size, top = np.linalg.norm(beta), max(a[-1], 0.0)
    scale = max(np.abs(a).max(), size / radius, np.finfo(float).tiny)

    def point(mu: float) -> np.ndarray:
        return beta / (mu - a)

    low = top + max(abs(beta[-1]) / radius if a[-1] >= 0 else 0.0, 1e-14 * scale)
    if np.linalg.norm(point(low)) <= radius:
        # Inside the ball, or the hard case: what is missing goes along the top direction.
        u, mu = point(low), low
        if a[-1] >= 0:
            missing = radius**2 - u @ u
            u[-1] += math.copysign(math.sqrt(u[-1] ** 2 + missing), u[-1] or 1.0) - u[-1]
    else:
        mu = _root(
            lambda mu: float(np.linalg.norm(point(mu))) - radius, low, top + 1.001 * size / radius
        )
        u = point(mu)
    return V @ u, float(mu)


def basis_pursuit_risk(n: int, d: int, *, noise: float = 1.0) -> float:
    r"""The excess of the min-l1 interpolator of noise, isotropic features, for large n and d.

    .. math:: \frac{\varrho}{1-\varrho}\,\sigma^2, \qquad
       \varrho = 1+a^2-\frac{2a\,\varphi(a)}{n/d}, \qquad 2\Phi(-a) = \frac nd,

    with the density and the distribution function of the normal law. It is
    :math:`\sigma^2/\log(d/n)` to leading order (Wang, Donhauser and Yang 2022, arXiv:2111.05987).
    The formula is the limit of Lasso's state evolution (Bayati and Montanari 2012,
    arXiv:1008.2581; Li and Wei 2021, arXiv:2110.09502) at penalty zero and no true weights.

    **Arguments:** `n` samples, `d` > n features, `noise` :math:`\sigma`.

    **Raises:** `ValueError` for sizes out of order and a negative noise.

    >>> from implicitbias import learning
    >>> round(learning.basis_pursuit_risk(50, 500), 3)
    0.455
    """
    from scipy.special import ndtri

    _check.integer("n", n)
    _check.not_negative("noise", noise)
    if not (isinstance(d, int) and d > n):
        raise ValueError(f"d must be an integer above n = {n}, found {d}")
    share = n / d
    a = -ndtri(share / 2)
    density = math.exp(-(a**2) / 2) / math.sqrt(2 * math.pi)
    rho = 1 + a**2 - 2 * a * density / share
    return float(rho / (1 - rho) * noise**2)


def fourier_features(x: Float[ArrayLike, " n"], d: int) -> Float[Array, "n d"]:
    r"""The first d functions of the Fourier basis on the circle [0, 1), orthonormal.

    :math:`1, \sqrt2\cos2\pi x, \sqrt2\sin2\pi x, \sqrt2\cos4\pi x, \dots`

    **Raises:** `ValueError` for places that are not finite and `d` below 1.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import learning
    >>> learning.fourier_features([0.0, 0.5], 3).round(3).tolist()
    [[1.0, 1.414, 0.0], [1.0, -1.414, 0.0]]
    """
    x = np.asarray(_check.finite_array("x", x, 1))
    _check.integer("d", d)
    angles = 2 * np.pi * np.outer(x, (np.arange(d) + 1) // 2)
    waves = np.where(np.arange(d) % 2, np.cos(angles), np.sin(angles))
    waves = np.sqrt(2) * waves + 0.0
    waves[:, 0] = 1.0
    return _check.on_device(waves)


def _gaussian_problem(X, y, spectrum, weights) -> tuple[np.ndarray, ...]:
    X, y = (np.asarray(part) for part in _check.problem(X, y))
    l, w = _spectrum(spectrum), np.asarray(_check.finite_array("weights", weights, 1))
    for name, part in (("spectrum", l), ("weights", w)):
        if part.shape != X.shape[1:]:
            raise ValueError(
                f"{name} must have one entry a column of X: {X.shape[1]}, found shape {part.shape}"
            )
    return X, y, l, w


def _spectrum(value: ArrayLike) -> np.ndarray:
    l = np.asarray(_check.finite_array("spectrum", value, 1))
    _check.positive("spectrum", l)
    return l
