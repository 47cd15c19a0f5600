r"""Two-layer networks of rectified linear units, trained on labels until the loss is small."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, ArrayLike, Float

from implicitbias import _check
from implicitbias.losses import LogisticLoss

STARTS = ("small", "standard")
_STEP, _MOMENTUM = {"small": 0.4, "standard": 20.0}, 0.95


class ReluNetwork(NamedTuple):
    r"""The network :math:`f(x)=\sum_j a_j\max(0,\langle w_j,x\rangle)`, without biases.

    Its norms say how much it can fit. `ib.TwoLayerNetwork` is smooth, with biases and a scale of
    its output, for what depends on derivatives of the output.

    - `hidden` "h d": the rows :math:`w_j`.
    - `output` "h": the weights :math:`a_j`.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> network = ib.learning.ReluNetwork(jax.numpy.eye(2), jax.numpy.array([1.0, -2.0]))
    >>> network(jax.numpy.array([[3.0, 1.0], [3.0, -1.0]])).tolist()
    [1.0, 3.0]
    """

    hidden: Float[Array, "h d"]
    output: Float[Array, " h"]

    def __call__(self, X: Float[Array, "n d"]) -> Float[Array, " n"]:
        return jax.nn.relu(X @ self.hidden.T) @ self.output

    def tangent_kernel(self, X: Float[Array, "n d"]) -> Float[Array, "n n"]:
        """Inner products of the gradients of f in the parameters, at each two samples."""
        hidden = X @ self.hidden.T
        features, active = jax.nn.relu(hidden), jnp.where(hidden > 0, self.output, 0.0)
        return features @ features.T + (X @ X.T) * (active @ active.T)


class Fit(NamedTuple):
    """A trained network, the mean loss that it has reached, and after how many steps.

    - `network`: the `ReluNetwork`.
    - `start`: the network before training.
    - `loss`: the mean logistic loss at the end.
    - `steps`: how many were taken; as many as allowed where that was not enough.
    """

    network: ReluNetwork
    start: ReluNetwork
    loss: Float[Array, ""]
    steps: int


def start_relu_network(width: int, d: int, start: str = "small", seed: int = 0) -> ReluNetwork:
    r"""Random weights before training, from one of two laws.

    - `"small"`: :math:`w_j\sim N(0,I/(dh))` and :math:`a_j=\pm1/\sqrt h`. At every width the
      squares of each layer sum to about one, and the function starts near zero.
    - `"standard"`: :math:`w_j\sim N(0,2I)` and :math:`a_j\sim N(0,1/h)`, the law of He et al.
      (arXiv:1502.01852) for inputs of unit length. The function starts near one.

    **Arguments:** `width` h, `d` inputs, `start`, `seed`.

    **Raises:** `ValueError` for sizes that are not positive integers or another start.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> network = ib.learning.start_relu_network(4096, 64)
    >>> round(float((network.hidden**2).sum()), 2)
    1.0
    """
    for name, size in (("width", width), ("d", d)):
        _check.integer(name, size)
    if start not in STARTS:
        raise ValueError(f"start must be one of {', '.join(map(repr, STARTS))}, found {start!r}")
    random = np.random.default_rng(seed)
    hidden = random.standard_normal((width, d))
    if start == "small":
        hidden, output = hidden / np.sqrt(width * d), random.choice([-1.0, 1.0], width)
    else:
        hidden, output = hidden * np.sqrt(2), random.standard_normal(width)
    return ReluNetwork(_check.on_device(hidden), _check.on_device(output / np.sqrt(width)))


def fit_relu_network(
    X: ArrayLike,
    labels: ArrayLike,
    width: int,
    *,
    start: str = "small",
    seed: int = 0,
    loss: float = 0.01,
    most: int = 4000,
) -> Fit:
    r"""Train both layers by gradient descent with momentum on the mean logistic loss.

    All samples in every step, Nesterov's momentum 0.95, steps of 0.4 from the small start and of
    20/h from the standard one, found by trial for inputs of length about one: the loss falls at
    nearly every step, but for networks too narrow for their labels.

    **Arguments:** `X` "n d", `labels` "n" in -1 and +1, `width` h, `start` as in
    `start_relu_network`, `seed` of the start. Training stops when every label is fitted and the
    mean loss is at most `loss`, or after `most` steps.

    **Returns:** a `Fit`, also where the labels were not fitted: whether a network can do it is
    what one wants to know.

    **Raises:** `ValueError` as `start_relu_network` does, for labels other than -1 and +1, for
    arrays that do not match or are not finite, or for a loss or number of steps that is not
    positive.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> X = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]
    >>> fit = ib.learning.fit_relu_network(X, [1, -1, 1, -1], 8)
    >>> (fit.network(jax.numpy.array(X)) > 0).tolist()
    [True, False, True, False]
    """
    X, labels = _check.problem(X, labels)
    labels = _check.labels(labels, X.shape[0])
    for name, value in (("loss", loss), ("most", most)):
        _check.positive(name, value)
    first = start_relu_network(width, X.shape[1], start, seed)
    step = _STEP[start] / (width if start == "standard" else 1)
    network, reached, steps = _train(first, X, labels, step, loss, most)
    return Fit(network, first, reached, int(steps))


@jax.jit
def _train(network, X, labels, step, target, most):
    optimiser = optax.sgd(step, momentum=_MOMENTUM, nesterov=True)

    def loss(network):
        predictions = network(X)
        return LogisticLoss().value(predictions, labels), (labels * predictions).min()

    loss_and_gradient = jax.value_and_grad(loss, has_aux=True)

    def unfinished(carry):
        *_, ((value, margin), _), steps = carry
        return ((value > target) | (margin <= 0)) & (steps < most)

    def descend(carry):
        network, state, (_, gradient), steps = carry
        change, state = optimiser.update(gradient, state)
        network = optax.apply_updates(network, change)
        return network, state, loss_and_gradient(network), steps + 1

    carry = (network, optimiser.init(network), loss_and_gradient(network), 0)
    network, _, ((value, _), _), steps = jax.lax.while_loop(unfinished, descend, carry)
    return network, value, steps
