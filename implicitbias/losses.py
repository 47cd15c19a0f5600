"""Losses of a linear predictor: square, logistic, exponential.

Each is a function of the predictions Xw and of y. The square loss is a sum, the two margin losses
are means over the samples; `book/conventions.md` says why, and what other papers take.
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from . import _check


class Loss(eqx.Module):
    """A loss: `value` and `gradient` in the predictions, and itself called on weights and data.

    `value(predictions, y)` is a scalar and `gradient(predictions, y)` has the shape "n" of the
    predictions, so that the gradient in w is `X.T @ gradient(X @ w, y)`. These two check nothing
    and may be traced. `loss(w, X, y)` is `value(X @ w, y)` after a check of its arguments.
    """

    @abc.abstractmethod
    def value(self, predictions: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, ""]:
        """The loss at these predictions."""

    @abc.abstractmethod
    def gradient(
        self, predictions: Float[Array, " n"], y: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        """Its derivative in each prediction."""

    def __call__(self, w: ArrayLike, X: ArrayLike, y: ArrayLike) -> Float[Array, ""]:
        X, y = _check.problem(X, y)
        w = _check.finite_array("w", w, 1)
        if w.shape[0] != X.shape[1]:
            raise ValueError(
                f"w must have one entry a column of X: X has {X.shape[1]}, w has shape {w.shape}"
            )
        return self.value(X @ w, y)


class SquareLoss(Loss):
    r"""Square loss :math:`L(w) = \tfrac12 \|Xw - y\|^2`, a sum over the samples.

    Woodworth et al. (arXiv:2002.09277) leave out the 1/2: their time runs twice as fast, and the
    limit of the flow is the same.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import losses
    >>> losses.SquareLoss()([1.0, 1.0], [[1.0, 2.0]], [1.0]).item()
    2.0
    """

    def value(self, predictions: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, ""]:
        return 0.5 * jnp.sum((predictions - y) ** 2)

    def gradient(
        self, predictions: Float[Array, " n"], y: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        return predictions - y


class MarginLoss(Loss):
    r"""A mean over the samples of a decreasing function of the margins :math:`m_i = y_i p_i`.

    Labels are -1 or +1. `log_value` is the logarithm of the loss, exact where the loss itself
    underflows: :math:`\log(1/L)` is the time of margin flows.
    """

    @abc.abstractmethod
    def log_value(self, predictions: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, ""]:
        """The logarithm of the loss at these predictions."""

    def __call__(self, w: ArrayLike, X: ArrayLike, y: ArrayLike) -> Float[Array, ""]:
        X, y = _check.problem(X, y)
        if not _check.is_traced(y):
            _check.labels(y, X.shape[0])
        return super().__call__(w, X, y)


class ExponentialLoss(MarginLoss):
    r"""Exponential loss :math:`L(w) = \frac1n \sum_i \exp(-y_i \langle x_i, w\rangle)`.

    Normalised as in Soudry et al. (arXiv:1710.10345), up to the factor 1/n.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import losses
    >>> loss = losses.ExponentialLoss()
    >>> loss([0.0, 0.0], [[1.0, 2.0]], [1.0]).item()
    1.0
    >>> loss.log_value(jax.numpy.array([5e4]), jax.numpy.array([1.0])).item()
    -50000.0
    """

    def value(self, predictions: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, ""]:
        return jnp.mean(jnp.exp(-y * predictions))

    def gradient(
        self, predictions: Float[Array, " n"], y: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        return -y * jnp.exp(-y * predictions) / y.shape[0]

    def log_value(self, predictions: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, ""]:
        return jax.nn.logsumexp(-y * predictions) - jnp.log(y.shape[0])


class LogisticLoss(MarginLoss):
    r"""Logistic loss :math:`L(w) = \frac1n \sum_i \log(1 + \exp(-y_i \langle x_i, w\rangle))`.

    Normalised as in Soudry et al. (arXiv:1710.10345), up to the factor 1/n.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import losses
    >>> loss = losses.LogisticLoss()
    >>> round(loss([0.0, 0.0], [[1.0, 2.0]], [1.0]).item(), 6)
    0.693147
    >>> loss.log_value(jax.numpy.array([5e4]), jax.numpy.array([1.0])).item()
    -50000.0
    """

    def value(self, predictions: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, ""]:
        return jnp.mean(jax.nn.softplus(-y * predictions))

    def gradient(
        self, predictions: Float[Array, " n"], y: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        return -y * jax.nn.sigmoid(-y * predictions) / y.shape[0]

    def log_value(self, predictions: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, ""]:
        margins = y * predictions
        # log log(1 + e^-m) = -m - e^-m / 2 + ..., and the correction is below rounding from m = 40.
        near = jnp.log(jax.nn.softplus(-jnp.minimum(margins, 40.0)))
        return jax.nn.logsumexp(jnp.where(margins > 40.0, -margins, near)) - jnp.log(y.shape[0])


_LOSSES = {"square": SquareLoss, "exponential": ExponentialLoss, "logistic": LogisticLoss}


def get(name: str) -> Loss:
    """The loss of that name: "square", "exponential" or "logistic".

    **Raises:** `ValueError` for any other name.

    >>> from implicitbias import losses
    >>> losses.get("square")
    SquareLoss()
    """
    if name not in _LOSSES:
        known = ", ".join(repr(known) for known in _LOSSES)
        raise ValueError(f"loss must be one of {known}, found {name!r}")
    return _LOSSES[name]()
