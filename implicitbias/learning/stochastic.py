r"""Learning a convex problem from samples: one pass of SGD, regularised ERM, and their bounds.

A problem is a convex loss :math:`f(w; z)` and a law of samples z. What counts is the risk
:math:`F(w) = \mathbb E f(w; z)`; a learner sees n independent samples. F* is the least risk among
weights of norm at most B, and the *excess risk* of w is F(w) - F*.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, PyTree

from .. import _check


class OnePass(NamedTuple):
    """Averages of the weights w_1, ..., w_n at which SGD looked at samples 1, ..., n.

    - `average` "d": their mean.
    - `suffix` "d": the mean of the last n/2 of them, rounded up.
    - `weighted` "d": the mean with weights 1, ..., n.
    - `last` "d": w_{n+1}, after the last step.
    """

    average: Float[Array, " d"]
    suffix: Float[Array, " d"]
    weighted: Float[Array, " d"]
    last: Float[Array, " d"]


def one_pass_sgd(
    gradient: Callable[[Array, Any], Array],
    samples: PyTree,
    start: Float[ArrayLike, " d"],
    step_size: Float[ArrayLike, "..."],
    *,
    radius: float = np.inf,
) -> OnePass:
    r"""Projected stochastic gradient descent that sees every sample once, in order.

    .. math:: w_{t+1} = \Pi_B\bigl(w_t - \eta_t\, g(w_t; z_t)\bigr), \qquad t = 1, \dots, n,

    :math:`\Pi_B` the projection on the ball of radius B around zero. That one pass on a convex
    problem learns as fast as any method can is due to Nemirovski and Yudin (1983).

    **Arguments:**

    - `gradient`: a subgradient :math:`g(w; z)` of the loss of one sample, "d" and z to "d".
    - `samples`: an array, or a nest of arrays, whose leading axes are the samples.
    - `start` :math:`w_1` "d", within the ball.
    - `step_size` :math:`\eta_t`: one number, or one for each sample "n".
    - `radius` B; by default no projection.

    **Raises:** `ValueError` for no samples, step sizes that are not positive, or a start outside
    the ball.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import jax.numpy as jnp
    >>> from implicitbias import learning
    >>> run = learning.one_pass_sgd(lambda w, z: w - z, jnp.array([[1.0], [3.0]]), [0.0], 0.5)
    >>> run.average.tolist(), run.last.tolist()
    ([0.25], [1.75])
    """
    start = _check.finite_array("start", start, 1)
    sizes = {np.shape(leaf)[0] if np.ndim(leaf) else 0 for leaf in jax.tree.leaves(samples)}
    if len(sizes) != 1 or 0 in sizes:
        raise ValueError(
            f"samples must be arrays with one leading axis of samples, found sizes {sorted(sizes)}"
        )
    (n,) = sizes
    step_size = _check.finite_array("step_size", step_size, np.ndim(step_size))
    _check.positive("step_size", step_size)
    if step_size.shape not in ((), (n,)):
        raise ValueError(
            f"step_size must be one number or one for each of {n} samples, found shape "
            f"{step_size.shape}"
        )
    if not _check.is_traced(start) and not float(jnp.linalg.norm(start)) <= radius:
        raise ValueError(f"start must have norm at most radius = {radius:g}")
    times = jnp.arange(1.0, n + 1)
    shares = jnp.stack([jnp.ones(n) / n, (times > n // 2) / (n - n // 2), 2 * times / n / (n + 1)])

    def step(state, now):
        w, averages = state
        z, eta, share = now
        moved = w - eta * gradient(w, z)
        shrink = jnp.minimum(1.0, radius / jnp.maximum(jnp.linalg.norm(moved), 1e-300))
        return (shrink * moved, averages + share[:, None] * w), None

    first = start, jnp.zeros((3, len(start)))
    steps = jnp.broadcast_to(step_size, (n,))
    (last, averages), _ = jax.lax.scan(step, first, (samples, steps, shares.T))
    average, suffix, weighted = averages
    return OnePass(average, suffix, weighted, last)


def regularized_erm(
    loss: Callable[[Array, Any], Array],
    samples: PyTree,
    penalty: float,
    start: Float[ArrayLike, " d"],
) -> Float[Array, " d"]:
    r"""The minimiser of the mean loss plus :math:`\tfrac\lambda2\|w\|_2^2`, by Newton's method.

    The loss must be convex and twice differentiable. The gradient g that is left proves that the
    minimiser is within :math:`\|g\|/\lambda` of the weights returned, at most :math:`10^{-9}`.

    **Arguments:** `loss`, f(w; z) of one sample; `samples`, as for `one_pass_sgd`; `penalty`
    :math:`\lambda > 0`; `start` "d".

    **Raises:** `ValueError` for a penalty that is not positive, and where Newton's method does not
    get that near.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import jax.numpy as jnp
    >>> from implicitbias import learning
    >>> z = jnp.array([[1.0], [3.0]])
    >>> w = learning.regularized_erm(lambda w, z: jnp.sum((w - z) ** 2) / 2, z, 1.0, [0.0])
    >>> w.tolist()
    [1.0]
    """
    from scipy.optimize import minimize

    start = _check.finite_array("start", start, 1)
    _positive(penalty=penalty)

    def value_and_gradient(w):
        value, gradient = _value_and_gradient(loss, w, samples, penalty)
        return float(value), np.asarray(gradient)

    def hessian(w):
        return np.asarray(_hessian(loss, w, samples, penalty))

    w = minimize(
        value_and_gradient,
        start,
        method="trust-exact",
        jac=True,
        hess=hessian,
        options={"gtol": min(1e-4, 1e-2 * penalty)},
    ).x
    for _ in range(3):  # a trust region stops where differences of values drown in rounding
        w = w - np.linalg.solve(hessian(w), value_and_gradient(w)[1])
    left = np.linalg.norm(value_and_gradient(w)[1]) / penalty
    if not left <= 1e-9:
        raise ValueError(
            f"loss must be convex and twice differentiable: Newton's method has come within "
            f"{left:.1e} of the minimiser only, 1e-9 is needed; a larger penalty makes it easier"
        )
    return _check.on_device(w)


def _objective(loss, w, samples, penalty):
    return jnp.mean(jax.vmap(loss, (None, 0))(w, samples)) + penalty / 2 * w @ w


_value_and_gradient = jax.jit(jax.value_and_grad(_objective, argnums=1), static_argnums=0)
_hessian = jax.jit(jax.hessian(_objective, argnums=1), static_argnums=0)


def sgd_bound(samples: int, radius: float, lipschitz: float) -> float:
    r"""Expected excess risk of averaged one-pass SGD, at most :math:`BG/\sqrt n`.

    For losses convex and G-Lipschitz in the ball of radius B, from zero with the step size
    :math:`B/(G\sqrt n)` (Zinkevich 2003 for the regret; Cesa-Bianchi, Conconi and Gentile 2004,
    doi:10.1109/TIT.2004.833339, for the way from regret to risk).

    **Arguments:** `samples` n, `radius` B, `lipschitz` G.

    **Raises:** `ValueError` for numbers that are not positive.

    >>> from implicitbias import learning
    >>> learning.sgd_bound(100, 1.0, 2.0)
    0.2
    """
    _positive(samples=samples, radius=radius, lipschitz=lipschitz)
    return float(radius * lipschitz / np.sqrt(samples))


def regularized_erm_bound(
    samples: int, radius: float, lipschitz: float, penalty: float | None = None
) -> float:
    r"""Expected excess risk of regularised ERM, at most

    .. math:: \tfrac\lambda2B^2 + \frac{G^2}{\lambda n},

    :math:`BG\sqrt{2/n}` at the best penalty :math:`\lambda = \sqrt2\,G/(B\sqrt n)`, the default.

    The minimiser must lie in the region where the losses are G-Lipschitz. By stability, after
    Bousquet and Elisseeff (2002); Shalev-Shwartz et al. (2009) have :math:`BG\sqrt{8/n}`.

    **Arguments:** `samples` n, `radius` B, `lipschitz` G, `penalty` :math:`\lambda`.

    **Raises:** `ValueError` for numbers that are not positive.

    >>> from implicitbias import learning
    >>> round(learning.regularized_erm_bound(200, 1.0, 2.0), 12)
    0.2
    """
    _positive(samples=samples, radius=radius, lipschitz=lipschitz)
    best = float(np.sqrt(2 / samples) * lipschitz / radius)
    chosen = best if penalty is None else penalty
    _positive(penalty=chosen)
    return float(chosen * radius**2 / 2 + lipschitz**2 / (chosen * samples))


def uniform_convergence_bound(
    samples: int, radius: float, lipschitz: float, data_radius: float
) -> float:
    r"""Expected largest gap :math:`F - \hat F` of a linear problem, at most :math:`2BGR/\sqrt n`.

    For :math:`f(w; z) = \varphi(\langle w, x\rangle, y)` with :math:`\varphi` G-Lipschitz in its
    first argument, :math:`\|x\|_2\le R` and all w of norm at most B, in any dimension (Bartlett and
    Mendelson 2002).

    **Arguments:** `samples` n, `radius` B, `lipschitz` G, `data_radius` R.

    **Raises:** `ValueError` for numbers that are not positive.

    >>> from implicitbias import learning
    >>> learning.uniform_convergence_bound(100, 1.0, 1.0, 1.0)
    0.2
    """
    _positive(samples=samples, radius=radius, lipschitz=lipschitz, data_radius=data_radius)
    return float(2 * radius * lipschitz * data_radius / np.sqrt(samples))


def strongly_convex_bound(
    samples: int,
    lipschitz: float,
    modulus: float,
    averaging: Literal["uniform", "weighted"] = "weighted",
) -> float:
    r"""Expected excess risk of one-pass SGD when the risk is :math:`\mu`-strongly convex, at most

    .. math:: \frac{G^2(1+\log n)}{2\mu n} \quad\text{or}\quad \frac{2G^2}{\mu(n+1)}

    for the plain average with steps :math:`1/(\mu t)`, and for the average with weights t and steps
    :math:`2/(\mu(t+1))` (Hazan, Agarwal and Kale 2007; Lacoste-Julien, Schmidt and Bach 2012,
    arXiv:1212.2002).

    **Arguments:** `samples` n; `lipschitz` G, which bounds the stochastic gradients; `modulus`
    :math:`\mu`; `averaging`.

    **Raises:** `ValueError` for numbers that are not positive, and for other words.

    >>> from implicitbias import learning
    >>> learning.strongly_convex_bound(99, 1.0, 1.0)
    0.02
    """
    _positive(samples=samples, lipschitz=lipschitz, modulus=modulus)
    if averaging == "uniform":
        return float(lipschitz**2 * (1 + np.log(samples)) / (2 * modulus * samples))
    if averaging == "weighted":
        return float(2 * lipschitz**2 / (modulus * (samples + 1)))
    raise ValueError(f"averaging must be 'uniform' or 'weighted', found {averaging!r}")


def optimistic_step_size(
    samples: int, radius: float, smoothness: float, least_risk: float = 0.0
) -> float:
    r"""The step size :math:`1/(\beta + \sqrt{\beta^2 + 2\beta nF^*/B^2})` of `optimistic_bound`.

    **Arguments:** as there.

    **Raises:** `ValueError` for numbers that are not positive, and a negative risk.

    >>> from implicitbias import learning
    >>> learning.optimistic_step_size(100, 1.0, 1.0)
    0.5
    """
    return 1 / _inverse_step(samples, radius, smoothness, least_risk)


def optimistic_bound(
    samples: int, radius: float, smoothness: float, least_risk: float = 0.0
) -> float:
    r"""Expected excess risk of averaged one-pass SGD on a smooth, non-negative problem, at most

    .. math:: \frac{B^2}{n}\Bigl(\beta + \sqrt{\beta^2 + 2\beta nF^*/B^2}\Bigr)
       \;\le\; \frac{2\beta B^2}{n} + \sqrt{\frac{2\beta B^2F^*}{n}},

    from zero with the step size of `optimistic_step_size`, without a projection (Srebro, Sridharan
    and Tewari 2010, arXiv:1009.3896).

    **Arguments:** `samples` n; `radius` B, the norm of the weights compared with; `smoothness`
    :math:`\beta` of the losses; `least_risk` F*, the risk of these weights.

    **Raises:** `ValueError` for numbers that are not positive, and a negative risk.

    >>> from implicitbias import learning
    >>> learning.optimistic_bound(100, 1.0, 1.0)
    0.02
    """
    return radius**2 / samples * _inverse_step(samples, radius, smoothness, least_risk)


def _inverse_step(samples: int, radius: float, smoothness: float, least_risk: float) -> float:
    _positive(samples=samples, radius=radius, smoothness=smoothness)
    _check.not_negative("least_risk", least_risk)
    noise = 2 * smoothness * samples * least_risk / radius**2
    return float(smoothness + np.sqrt(smoothness**2 + noise))


def _positive(**numbers: float) -> None:
    for name, value in numbers.items():
        _check.positive(name, value)
