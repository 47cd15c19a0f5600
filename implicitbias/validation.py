r"""Errors on samples that training has not seen, for data that nobody made.

A data set is parted into training sets without common samples. Each is trained on alone, at every
scale, and tested on all samples outside it; settings are chosen by cross-validation inside it.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from . import _check
from .flows import gradient_flow, margin_flow
from .parametrizations import DiagonalNetwork
from .problems import Problem


class Validation(NamedTuple):
    """What networks trained on parts of a data set miss outside them.

    - `factors` "l", `scales` "s": how far training lowers the loss, and from which scale.
    - `errors` "t l s": of each training set, on all samples outside it.
    - `inner` "t l s": of cross-validation inside each training set; "t 0 0" without folds.
    - `baseline` "t": the error of the best constant of each training set.
    - `weights` "l s d": what the first training set leads to.
    - `disjoint`: how many training sets have no sample in common.
    """

    factors: Float[Array, " l"]
    scales: Float[Array, " s"]
    errors: Float[Array, "t l s"]
    inner: Float[Array, "t ..."]
    baseline: Float[Array, " t"]
    weights: Float[Array, "l s d"]
    disjoint: int


def stopped_weights(
    network: DiagonalNetwork, X: ArrayLike, y: ArrayLike, factors: Sequence[float]
) -> Float[Array, "l d"]:
    r"""The weights at which the training loss has fallen by each of the factors.

    Labels, all -1 or +1, are trained with the exponential loss, other targets with the square loss.
    With the square loss the path is a line between two steps of its solver, which are close where
    the weights move.

    **Arguments:** `network`; `X` "n d" and `y` "n"; `factors` :math:`L(0)/L` "l", above 1 and
    rising.

    **Raises:** `ValueError` for other factors, and as `gradient_flow` and `margin_flow` do.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> w = ib.stopped_weights(ib.DiagonalNetwork(2, 10.0), [[1.0]], [2.0], [4.0, 100.0])
    >>> w.round(3).tolist()
    [[1.0], [1.8]]
    """
    X, y = _check.problem(X, y)
    levels = np.log(_rising_factors(factors))
    if _are_labels(y):
        return margin_flow(network, X, y, levels).weights
    singular = np.linalg.svd(np.asarray(X), compute_uv=False)
    slowest = singular[singular > singular[0] * max(X.shape) * np.finfo(float).eps][-1]
    # The loss falls at least at this rate, whatever the weights: Theorem "The limit of training".
    depth, scale = float(network.depth), float(np.min(network.effective_scale))
    rate = 4 * depth**2 * scale ** (2 * depth - 2) * slowest**2
    path = gradient_flow(network, X, y, 1.01 * float(levels[-1]) / rate)
    losses = np.asarray(path.losses)
    if not losses.min() <= losses[0] * np.exp(-levels[-1]):
        raise ValueError(
            f"factors must be within what a fit can reach, {losses[0] / losses.min():.3g}, found "
            f"{np.exp(levels[-1]):.3g}"
        )
    weights = np.asarray(path.weights)
    rows = [_where(loss, losses, weights, X, y) for loss in losses[0] * np.exp(-levels)]
    return _check.on_device(np.stack(rows))


def _where(loss, losses, weights, X, y):
    """The weights of this loss on the first chord of the path that comes as low."""
    after = int(np.argmax(losses <= loss))
    before, step = weights[after - 1], weights[after] - weights[after - 1]
    residual, change = np.asarray(X) @ before - np.asarray(y), np.asarray(X) @ step
    # ||residual + t change||^2 = 2 loss, at the smaller t: the residual shrinks along the chord.
    a, b, c = change @ change, residual @ change, residual @ residual - 2 * loss
    t = c / (-b + np.sqrt(max(b**2 - a * c, 0.0)))
    return before + t * step


def validate(
    problem: Problem,
    depth: float,
    scales: Sequence[float],
    factors: Sequence[float],
    *,
    train: int,
    repeats: int = 1,
    folds: int = 4,
    seed: int = 0,
    executor: Executor | None = None,
) -> Validation:
    r"""Test errors by scale and by how far the training loss falls, and inner cross-validation.

    The samples, in random order, are cut into training sets of `train` samples without overlap;
    what is left over is only tested on. That is cross-validation turned round: it trains on one
    part and tests on the others, which keeps training sets small and independent. The error is the
    mean square for targets, of which the training mean is taken off and added again, and the share
    of wrong labels for labels. No label outside a training set enters anything but its test error.

    **Arguments:**

    - `problem`: all samples, such as `real_data` gives.
    - `depth`, `scales` and `factors`: as for `DiagonalNetwork` and `stopped_weights`.
    - `train`: samples in each training set, a multiple of `folds`.
    - `repeats`: how many random orders.
    - `folds`: of the cross-validation inside each training set; 0 for none.
    - `seed`: of the orders.
    - `executor`: of `concurrent.futures`, for one training set a task.

    **Raises:** `ValueError` for sizes that do not fit, and as `stopped_weights` does.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> cells = ib.real_data("breast cancer")
    >>> found = ib.validate(cells, 2, [1.0], [2.0, 10.0], train=280, folds=0)
    >>> found.errors.shape, found.disjoint
    ((2, 2, 1), 2)
    """
    X, y = _check.problem(problem.X, problem.y)
    n = len(y)
    if not 2 <= train < n:
        raise ValueError(f"train must lie between 2 and {n - 1}, found {train}")
    if folds != 0 and (folds < 2 or train % folds):
        raise ValueError(f"folds must be 0, or at least 2 and divide {train}, found {folds}")
    if not repeats >= 1:
        raise ValueError(f"repeats must be at least 1, found {repeats}")
    disjoint = n // train
    generator = np.random.default_rng(seed)
    orders = [generator.permutation(n) for _ in range(repeats)]
    sets = [order[k * train : (k + 1) * train] for order in orders for k in range(disjoint)]
    solve = partial(
        _validate_one,
        X=np.asarray(X),
        y=np.asarray(y),
        networks=[(float(depth), float(scale)) for scale in scales],
        factors=tuple(map(float, _rising_factors(factors))),
        folds=folds,
    )
    run: Callable = map if executor is None else executor.map
    errors, inner, baseline, weights = zip(*run(solve, sets), strict=True)
    return Validation(
        factors=jnp.asarray(factors, float),
        scales=jnp.asarray(scales, float),
        errors=jnp.asarray(np.stack(errors)),
        inner=jnp.asarray(np.stack(inner)),
        baseline=jnp.asarray(np.stack(baseline)),
        weights=jnp.asarray(weights[0]),
        disjoint=disjoint,
    )


def _validate_one(chosen, *, X, y, networks, factors, folds):
    """Errors of one training set, maybe in a process of its own that needs float64."""
    jax.config.update("jax_enable_x64", True)
    errors, weights = _errors(X, y, chosen, networks, factors)
    inner = np.zeros((0, 0))
    if folds:
        parts = np.reshape(chosen, (folds, -1))
        inner = np.mean(
            [
                _errors(X, y, np.delete(parts, k, 0).ravel(), networks, factors, parts[k])[0]
                for k in range(folds)
            ],
            axis=0,
        )
    outside = np.delete(y, chosen)
    constant = np.mean(y[chosen])
    if _are_labels(y):
        baseline = np.mean(outside != (1.0 if constant >= 0 else -1.0))
    else:
        baseline = np.mean((outside - constant) ** 2)
    return errors, inner, baseline, weights


def _errors(X, y, chosen, networks, factors, tested=None):
    """Errors "l s" on the tested samples, by default all but the chosen, and weights "l s d"."""
    tested = np.delete(np.arange(len(y)), chosen) if tested is None else tested
    labels = _are_labels(y)
    middle = 0.0 if labels else y[chosen].mean()
    weights = np.stack(
        [
            np.asarray(
                stopped_weights(DiagonalNetwork(*network), X[chosen], y[chosen] - middle, factors)
            )
            for network in networks
        ],
        axis=1,
    )
    predictions = weights @ X[tested].T + middle
    missed = predictions * y[tested] <= 0 if labels else (predictions - y[tested]) ** 2
    return missed.mean(axis=-1), weights


def chosen_errors(errors: Float[ArrayLike, "t ..."], inner: Float[ArrayLike, "t ..."]) -> Array:
    """The test error of each training set at the setting that its inner error prefers.

    Where several settings tie, which small folds make common, the mean over them: what choosing
    among them at random gives on average.

    **Arguments:** `errors` and `inner` of one shape "t ...", such as those of a `Validation` or
    parts of them.

    **Raises:** `ValueError` for shapes that differ.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.chosen_errors([[0.3, 0.1, 0.2]], [[0.0, 0.5, 0.0]]).tolist()
    [0.25]
    """
    errors, inner = np.asarray(errors, float), np.asarray(inner, float)
    if errors.shape != inner.shape or errors.ndim < 2:
        raise ValueError(
            f"inner must have the shape of errors, {errors.shape}, found {inner.shape}"
        )
    errors, inner = (values.reshape(len(values), -1) for values in (errors, inner))
    best = inner <= inner.min(axis=1, keepdims=True) + 1e-12
    return jnp.asarray((errors * best).sum(axis=1) / best.sum(axis=1))


def mean_with_error(
    values: Float[ArrayLike, "t ..."], disjoint: int
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    r"""The mean over training sets, and its standard error.

    The error is the standard deviation over all training sets divided by the root of the number
    that have no sample in common: another order of the same samples is not another data set, so it
    makes the mean smoother and the error no smaller.

    **Arguments:** `values` "t ...", paired differences for instance; `disjoint` at least 2, as of a
    `Validation`.

    **Raises:** `ValueError` for fewer than two training sets.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> [float(x) for x in ib.mean_with_error([1.0, 3.0, 1.0, 3.0, 2.0], disjoint=4)]
    [2.0, 0.5]
    """
    values = _check.finite_array("values", values, max(np.ndim(values), 1))
    if not 2 <= disjoint <= len(values):
        raise ValueError(f"disjoint must lie between 2 and {len(values)}, found {disjoint}")
    return values.mean(axis=0), values.std(axis=0, ddof=1) / disjoint**0.5


def effective_number(weights: Float[ArrayLike, "... d"]) -> Float[Array, "..."]:
    r"""How many weights count, :math:`\|w\|_1^2 / \|w\|_2^2`: s for s equal ones, from 1 to d.

    It varies with the sizes, where the number of weights that are not zero jumps.

    **Raises:** `ValueError` for weights that are not finite or all zero.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.effective_number([1.0, -1.0, 1.0, 0.0]).round(6).item()
    3.0
    """
    weights = _check.finite_array("weights", weights, max(np.ndim(weights), 1))
    squares = (weights**2).sum(axis=-1)
    if not np.all(np.asarray(squares) > 0):
        raise ValueError("weights must not be all zero: none of them counts")
    return jnp.abs(weights).sum(axis=-1) ** 2 / squares


def _rising_factors(factors: Sequence[float]) -> Float[np.ndarray, " l"]:
    values = np.asarray(_check.finite_array("factors", np.asarray(factors, float), 1))
    if values.size == 0 or values[0] <= 1 or np.any(np.diff(values) <= 0):
        raise ValueError(f"factors must be above 1 and rise, found {values}")
    return values


def _are_labels(y: ArrayLike) -> bool:
    return bool(np.all(np.abs(np.asarray(y)) == 1))
