r"""A mean with missing entries: the problem on which ERM fails and other learners do not.

A sample is a mask :math:`a \in \{0, 1\}^d` of fair coins, which tells which entries of a fixed
vector :math:`x` are seen:

.. math:: f(w; a) = \tfrac12\|a * (w - x)\|^2 - \tfrac{\varepsilon}{\sqrt d}\sum_j(w_j - x_j),
   \qquad \|w\| \le 1,

with all entries of x equal to :math:`r/\sqrt d`. The tilt :math:`\varepsilon` is tiny and makes the
minimiser of the training error unique. The risk is strongly convex,
:math:`F(w) - F^* = \tfrac14\|w - w^*\|^2` with :math:`w^*_j = (r + 2\varepsilon)/\sqrt d`. Masks
are those of Shalev-Shwartz, Shamir, Srebro and Sridharan (2009); this version, which can be solved
by hand, is the book's.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float
from scipy.optimize import root_scalar
from scipy.stats import binom

from .. import _check


class MaskedMean(NamedTuple):
    r"""The problem and its samples.

    - `masks` "n d": which entries each sample sees.
    - `norm` r, of the vector x.
    - `tilt` :math:`\varepsilon`.
    """

    masks: Float[Array, "n d"]
    norm: float
    tilt: float

    @property
    def truth(self) -> Float[np.ndarray, " d"]:
        r"""The minimiser :math:`w^*` of the risk, "d"."""
        d = self.masks.shape[1]
        return np.full(d, (self.norm + 2 * self.tilt) / np.sqrt(d))

    @property
    def seen(self) -> Float[np.ndarray, " d"]:
        """In which share of the samples each entry is seen, "d"."""
        return np.asarray(self.masks).mean(axis=0)

    def loss(self, w: Float[Array, " d"], mask: Float[Array, " d"]) -> Float[Array, ""]:
        """The loss f(w; a) of one sample."""
        gap = w - self.norm / np.sqrt(len(mask))
        return jnp.sum((mask * gap) ** 2) / 2 - self.tilt * jnp.sum(gap) / np.sqrt(len(mask))

    def gradient(self, w: Float[Array, " d"], mask: Float[Array, " d"]) -> Float[Array, " d"]:
        """The gradient of `loss` by the weights, "d"."""
        size = np.sqrt(len(mask))
        return mask * (w - self.norm / size) - self.tilt / size

    def excess_risk(self, w: Float[ArrayLike, "... d"]) -> Float[np.ndarray, "..."]:
        """F(w) - F*, exactly."""
        return np.sum((np.asarray(w) - self.truth) ** 2, axis=-1) / 4


class SgdRisk(NamedTuple):
    """Expected excess risks of one-pass SGD: of its `average` and of its `last` weights."""

    average: float
    last: float


def masked_mean(
    samples: int, features: int, *, norm: float = 0.5, tilt: float = 1e-3, seed: int = 0
) -> MaskedMean:
    r"""Draws the masks.

    **Arguments:** `samples` n, `features` d, `norm` r below 1, `tilt` :math:`\varepsilon`, at most
    1/(10 n), `seed`.

    **Raises:** `ValueError` for sizes or numbers outside these ranges.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import learning
    >>> problem = learning.masked_mean(5, 100)
    >>> problem.masks.shape, round(float(problem.excess_risk([0.0] * 100)), 3)
    ((5, 100), 0.063)
    """
    _sizes(samples, features)
    _norm(norm)
    if not 0 < tilt <= 0.1 / samples:
        raise ValueError(f"tilt must lie in (0, 1/(10 n)] = (0, {0.1 / samples:g}], found {tilt}")
    masks = np.random.default_rng(seed).integers(0, 2, (samples, features))
    return MaskedMean(_check.on_device(masks), norm, tilt)


def masked_erm(problem: MaskedMean, penalty: float = 0.0) -> Float[Array, " d"]:
    r"""The minimiser in the unit ball of training error plus :math:`\tfrac\lambda2\|w\|^2`.

    .. math:: \hat w_j = \frac{\bar a_jx_j + \varepsilon/\sqrt d}{\bar a_j + \lambda + \mu},

    :math:`\bar a_j` being the share of samples that see entry j, and :math:`\mu\ge0` the multiplier
    of the ball. It is unique, without a penalty too.

    **Arguments:** `problem`; `penalty` :math:`\lambda`, not negative.

    **Returns:** weights "d".

    **Raises:** `ValueError` for a negative penalty.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import jax.numpy as jnp
    >>> from implicitbias import learning
    >>> masks = jnp.array([[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]])  # nobody sees the first
    >>> w = learning.masked_erm(learning.MaskedMean(masks, norm=0.5, tilt=1e-9))
    >>> w.round(3).tolist()
    [0.901, 0.25, 0.25, 0.25]
    """
    _check.not_negative("penalty", penalty)
    seen = problem.seen
    pull = (seen * problem.norm + problem.tilt) / np.sqrt(len(seen))

    def weights(total):
        return pull / (seen + total)

    if seen.min() + penalty > 0 and np.linalg.norm(weights(penalty)) <= 1:
        return _check.on_device(weights(penalty))

    def excess(log_total):
        return np.linalg.norm(weights(np.exp(log_total))) - 1

    # With 2 for penalty and multiplier the weights are shorter than 1; with `low` one is longer.
    low = np.log(max(penalty, problem.tilt / (2 * len(seen))))
    found = root_scalar(excess, bracket=(low, np.log(2.0)), method="brentq", xtol=1e-14)
    return _check.on_device(weights(np.exp(found.root)))


def masked_descent(problem: MaskedMean, steps: int) -> Float[Array, " d"]:
    r"""Gradient descent on the training error from zero, with the step size 1.

    Entry j approaches :math:`x_j + \varepsilon/(\sqrt d\,\bar a_j)` by the factor
    :math:`1-\bar a_j` a step; one that no sample sees moves by :math:`\varepsilon/\sqrt d` a step.
    When the weights come to the unit sphere, the minimiser is returned: projected descent gets
    there in the next few steps.

    **Arguments:** `problem`; `steps`, not negative.

    **Returns:** weights "d".

    **Raises:** `ValueError` for a negative number of steps.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import learning
    >>> problem = learning.masked_mean(5, 100)
    >>> risks = [problem.excess_risk(learning.masked_descent(problem, t)) for t in (0, 30, 10**5)]
    >>> [round(float(risk), 3) for risk in risks]
    [0.063, 0.001, 0.159]
    """
    if steps < 0:
        raise ValueError(f"steps must not be negative, found {steps}")
    seen, size = problem.seen, np.sqrt(problem.masks.shape[1])
    share = np.maximum(seen, 1 / (2 * len(problem.masks)))  # any number where none has seen it
    limit = (problem.norm + problem.tilt / share) / size
    moved = np.where(
        seen > 0, limit * (1 - (1 - share) ** steps), problem.tilt * float(steps) / size
    )
    inside = np.linalg.norm(moved) <= 1
    return _check.on_device(moved) if inside else masked_erm(problem)


def expected_erm_risk(samples: int, features: int, norm: float = 0.5) -> float:
    r"""Expected excess risk of ERM on the masked mean, as the tilt tends to zero.

    If m entries are unseen, it is :math:`\frac14(\varrho - r\sqrt{m/d})^2` with
    :math:`\varrho^2 = 1 - r^2(1-m/d)` where m > 0, and zero where m = 0; m has the binomial law of
    d trials with probability :math:`2^{-n}`.

    **Arguments:** `samples` n, `features` d, `norm` r below 1.

    **Raises:** `ValueError` for sizes or numbers outside these ranges.

    >>> from implicitbias import learning
    >>> [round(learning.expected_erm_risk(8, d), 4) for d in (4, 256, 2**14)]
    [0.0016, 0.1087, 0.1745]
    """
    _sizes(samples, features)
    _norm(norm)
    unseen = np.arange(1, features + 1)
    spread = np.sqrt(1 - norm**2 * (1 - unseen / features)) - norm * np.sqrt(unseen / features)
    return float(binom.pmf(unseen, features, 0.5**samples) @ spread**2 / 4)


def expected_regularized_risk(samples: int, penalty: float, norm: float = 0.5) -> float:
    r"""Expected excess risk of regularised ERM on the masked mean, as the tilt tends to zero.

    :math:`\frac{r^2}{4}\,\mathbb E\bigl(\frac{\lambda}{\bar a+\lambda}\bigr)^2` in every dimension,
    :math:`n\bar a` being binomial with n trials and probability 1/2. For :math:`\lambda\to0` it is
    the excess risk of the minimiser of least norm, :math:`\frac{r^2}{4}2^{-n}`.

    **Arguments:** `samples` n, `penalty` :math:`\lambda`, `norm` r.

    **Raises:** `ValueError` for numbers that are not positive, or a norm of 1 or more.

    >>> from implicitbias import learning
    >>> round(learning.expected_regularized_risk(8, 0.75), 4)
    0.024
    """
    _sizes(samples, 1)
    _norm(norm)
    _check.positive("penalty", penalty)
    counts = np.arange(samples + 1)
    kept = penalty / (counts / samples + penalty)
    return float(binom.pmf(counts, samples, 0.5) @ kept**2 * norm**2 / 4)


def expected_sgd_risk(
    samples: int,
    step_size: float,
    *,
    norm: float = 0.5,
    probability: float = 0.5,
    features: int = 1,
    noise: float = 0.0,
) -> SgdRisk:
    r"""Expected excess risk of one-pass SGD from zero on a masked mean without tilt or projection.

    Here each entry is seen with probability p, and what is seen is :math:`x_j + \sigma\xi`. The
    error of an entry goes from e to :math:`(1-\eta a)e + \eta a\sigma\xi`, a linear recursion whose
    second moments are sums of powers. Whether the entries of a mask are independent, or one of them
    is seen at a time, makes no difference; without noise the dimension makes none.

    **Arguments:** `samples` n; `step_size` :math:`\eta` below 2; `norm` r; `probability` p;
    `features` d; `noise` :math:`\sigma`.

    **Returns:** :math:`\frac p2\mathbb E\|w-x\|^2` for the average and for the last weights.

    **Raises:** `ValueError` for sizes or numbers outside these ranges.

    >>> from implicitbias import learning
    >>> risk = learning.expected_sgd_risk(8, 0.5)
    >>> round(risk.average, 4), round(risk.last, 4)
    (0.0142, 0.0015)
    """
    _sizes(samples, features)
    for name, value, top in (("step_size", step_size, 2), ("probability", probability, 1)):
        if not 0 < value <= top:
            raise ValueError(f"{name} must lie in (0, {top}], found {value}")
    _check.not_negative("noise", noise)
    _check.positive("norm", norm)
    mean = 1 - step_size * probability
    square = 1 - 2 * step_size * probability + step_size**2 * probability
    rest = (step_size * noise) ** 2 * probability * features
    times = np.arange(samples + 1)
    powers = square**times
    # Square lengths of the error before steps 1, ..., n and after the last one.
    lengths = norm**2 * powers + rest * np.append(0.0, np.cumsum(powers[:-1]))
    after = times[samples - 1 :: -1]  # steps that follow each one
    later = np.append(0.0, np.cumsum(mean ** times[1:]))[after]
    average = lengths[:-1] @ (1 + 2 * later) / samples**2
    return SgdRisk(float(probability / 2 * average), float(probability / 2 * lengths[-1]))


def _sizes(samples: int, features: int) -> None:
    for name, value in (("samples", samples), ("features", features)):
        _check.integer(name, value)


def _norm(norm: float) -> None:
    if not 0 < norm < 1:
        raise ValueError(f"norm must lie between 0 and 1, found {norm}")
