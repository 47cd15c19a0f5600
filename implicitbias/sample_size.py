r"""How many samples it takes to learn sparse weights, and how small a scale.

The sweeps over sample sizes, depths, scales and seeds are independent problems. Any executor of
`concurrent.futures` may run them, on this machine or on a cluster, and one compiled program may
solve several together, for an accelerator.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from itertools import product
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from . import _check, _continuation
from .limits import scale_path
from .potentials import DiagonalPotential
from .problems import Problem, sparse_regression

_SLACK_FLOOR = 1e-12  # as in `limits`: below it a program of several problems has no digits left
_FEASIBLE = 1e-9


class ErrorSweep(NamedTuple):
    """Population errors of trained networks, and the settings of each.

    - `samples` "n", `depths` "D", `scales` "s", `seeds` "k": the axes.
    - `errors` "n D s k".
    """

    samples: Int[Array, " n"]
    depths: Float[Array, " D"]
    scales: Float[Array, " s"]
    seeds: Int[Array, " k"]
    errors: Float[Array, "n D s k"]


def population_error(weights: ArrayLike, truth: ArrayLike) -> Float[Array, "..."]:
    r"""Mean square of :math:`\langle w - w^*, x\rangle` over new :math:`x \sim N(0, I)`.

    It is :math:`\|w - w^*\|_2^2`: what a new prediction misses, the noise of its target not
    counted.

    **Arguments:** `weights` "... d", such as a whole path of scales; `truth` "d".

    **Raises:** `ValueError` for arrays that are not finite or do not match.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.population_error([[0.0, 0.0], [3.0, 4.0]], [0.0, 0.0]).tolist()
    [0.0, 25.0]
    """
    weights = _check.finite_array("weights", weights, max(np.ndim(weights), 1))
    truth = _check.finite_array("truth", truth, 1)
    if weights.shape[-1:] != truth.shape:
        raise ValueError(
            f"truth must have one entry a weight: weights have shape {weights.shape}, truth "
            f"{truth.shape}"
        )
    return jnp.sum((weights - truth) ** 2, axis=-1)


def minimum_norm_error(n: int, d: int, *, signal: float, noise: float) -> float:
    r"""Expected population error of the min-l2 interpolator of Gaussian data.

    .. math:: \Bigl(1 - \frac nd\Bigr)\|w^*\|^2 + \frac{n}{d - n - 1}\,\sigma^2

    for entries of X of law :math:`N(0,1)` and :math:`y = Xw^* + \sigma\xi`. The second term is also
    the least error that any interpolator has, in expectation (Muthukumar et al. 2020,
    arXiv:1903.09139; Hastie et al. 2022, arXiv:1903.08560).

    **Arguments:** `n` samples, `d` > n + 1 features, `signal` :math:`\|w^*\|`, `noise`
    :math:`\sigma`.

    **Raises:** `ValueError` for sizes without an expectation.

    >>> from implicitbias import sample_size
    >>> round(sample_size.minimum_norm_error(100, 1000, signal=1.0, noise=0.1), 4)
    0.9011
    """
    if not 1 <= n < d - 1:
        raise ValueError(f"n must lie between 1 and d - 2, found n = {n}, d = {d}")
    return float((1 - n / d) * signal**2 + n / (d - n - 1) * noise**2)


def certificate(
    X: Float[ArrayLike, "n d"], weights: Float[ArrayLike, " d"]
) -> tuple[Float[Array, " n"], float]:
    r"""The multipliers that prove sparse weights to have least l1 norm with most to spare.

    .. math:: \varrho = \min_\nu \max_{j\notin S}|x_j^\top\nu| \quad\text{subject to}\quad
       X_S^\top\nu = \operatorname{sign}(w_S),

    S being the support of the weights: a linear programme. If :math:`\varrho < 1`, and the columns
    of :math:`X_S` are independent, the weights are the only solution of least l1 norm (Fuchs 2004,
    doi:10.1109/TIT.2004.828141).

    **Arguments:** `X` "n d"; `weights` "d", some of them zero and some not.

    **Returns:** :math:`\nu` "n" and :math:`\varrho`.

    **Raises:** `ValueError` for bad data, and for a support and signs that no multipliers have.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> nu, rho = ib.certificate([[1.0, 0.5]], [1.0, 0.0])
    >>> nu.tolist(), rho
    ([1.0], 0.5)
    """
    from scipy.optimize import linprog

    X, weights = map(
        np.asarray, (_check.finite_array("X", X, 2), _check.finite_array("weights", weights, 1))
    )
    if len(weights) != X.shape[1]:
        raise ValueError(
            f"weights must have one entry a column of X: {X.shape[1]} columns, found shape "
            f"{weights.shape}"
        )
    on = np.abs(weights) > 1e-9 * np.abs(weights).max(initial=0)
    if not on.any() or on.all():
        raise ValueError("weights must have some entries that are zero and some that are not")
    off = X[:, ~on].T
    bound = -np.ones((len(off), 1))
    found = linprog(
        np.append(np.zeros(len(X)), 1.0),
        A_ub=np.block([[off, bound], [-off, bound]]),
        b_ub=np.zeros(2 * len(off)),
        A_eq=np.column_stack([X[:, on].T, np.zeros(on.sum())]),
        b_eq=np.sign(weights[on]),
        bounds=[(None, None)] * len(X) + [(0, None)],
        method="highs",
    )
    if found.status != 0:
        raise ValueError(
            f"weights must have a support and signs that some X'nu has: {found.message}"
        )
    return _check.on_device(found.x[:-1]), float(found.fun)


def false_weight_bound(
    X: Float[ArrayLike, "n d"], truth: Float[ArrayLike, " d"], depth: float, scale: ArrayLike
) -> Float[Array, "..."]:
    r"""At most so much l1 norm has a trained network on the weights that are zero in the truth.

    For :math:`y = Xw^*` without noise, s weights in the support S of :math:`w^*`, :math:`\varrho`
    its `certificate`, :math:`\kappa = \max_{j\notin S}\|X_S^+x_j\|_1` and
    :math:`\ell = \max_{i\in S}|\log|w^*_i||`,

    .. math::

       D = 2:&\quad \max\{2s\alpha^2,\ (d-s)\,e^{2+\kappa\ell}\,\alpha^{2(1-\varrho)}\} \\
       D > 2:&\quad \alpha^D\max\Bigl\{\Bigl(\frac{DG}{1-\varrho}\Bigr)^{D/(D-2)},
       \frac{2s\,C_D}{1-\varrho}\Bigr\},

    with :math:`G = (d-s)^{1-2/D} + s^{1-2/D}\kappa^{2/D}` and
    :math:`C_D = (D-2)(1-2^{-D/(D-2)})`. Proved in the chapter "Sparse regression and sample size".

    **Arguments:** `X` "n d"; `truth` "d"; `depth` :math:`\ge 2`; `scale`, a number or an array.

    **Raises:** `ValueError` for bad data, a depth below 2, scales that are not positive, or above 1
    at depth 2, and a truth without a certificate :math:`\varrho < 1`.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> bound = ib.false_weight_bound([[1.0, 0.5]], [1.0, 0.0], 2, 0.01)
    >>> round(float(bound), 4)  # the network has 0.00997
    0.0739
    """
    _check.depth(depth)
    scale = _check.finite_array("scale", scale, np.ndim(scale))
    _check.positive("scale", scale)
    if depth == 2 and np.max(scale) > 1:
        raise ValueError(f"scale must be at most 1 at depth 2, found {np.max(scale):g}")
    _, rho = certificate(X, truth)
    if not rho < 1:
        raise ValueError(f"truth must have a certificate below 1, found {rho:.3f}")
    X, truth = np.asarray(X, float), np.asarray(truth, float)
    on = truth != 0
    s, others = int(on.sum()), int((~on).sum())
    kappa = np.abs(np.linalg.pinv(X[:, on]) @ X[:, ~on]).sum(axis=0).max()
    if depth == 2:
        steep = kappa * np.abs(np.log(np.abs(truth[on]))).max()
        return jnp.maximum(2 * s * scale**2, others * jnp.exp(2 + steep) * scale ** (2 * (1 - rho)))
    p = depth / (depth - 2)
    gain = others ** (1 / p) + s ** (1 / p) * kappa ** (2 / depth)
    constant = (depth - 2) * (1 - 2**-p)
    return scale**depth * max((depth * gain / (1 - rho)) ** p, 2 * s * constant / (1 - rho))


def error_sweep(
    samples: Sequence[int],
    depths: Sequence[float],
    scales: Sequence[float],
    seeds: Sequence[int],
    *,
    features: int = 1000,
    sparsity: int = 5,
    noise: float = 0.1,
    executor: Executor | None = None,
    together: int = 1,
) -> ErrorSweep:
    r"""Population errors of diagonal networks trained to the end on sparse regression.

    Entries of X and the noise :math:`\xi` are standard normal, :math:`y = Xw^* + \sigma\xi`, and
    :math:`w^*` has `sparsity` entries :math:`\pm1/\sqrt{s}`: the experiment of Woodworth et al.
    (2020, arXiv:2002.09277, Figures 1 and 2; a sign is a change of basis and changes no error).
    Sample sizes are nested: one seed is one draw of the largest, of which smaller ones are the
    first rows.

    **Arguments:**

    - `samples`, `depths`, `scales`, `seeds`: the axes of the result.
    - `features` d, `sparsity` s, `noise` :math:`\sigma`.
    - `executor`: of `concurrent.futures`, or Dask's `Client(...).get_executor()`. Each task solves
      all scales for one sample size, one depth and `together` seeds. By default, one after the
      other.
    - `together`: how many seeds one program solves in step. On a CPU 1 is fastest; an accelerator
      is filled by tens.

    **Raises:** `ValueError` for empty axes, sizes without interpolators, and as `sparse_regression`
    and `scale_path` do.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> sweep = ib.error_sweep([10, 20], [2, 3], [0.01, 10.0], [0], features=40, sparsity=2)
    >>> sweep.errors.shape
    (2, 2, 2, 1)
    """
    _check.require_x64()
    for name, axis in (
        ("samples", samples),
        ("depths", depths),
        ("scales", scales),
        ("seeds", seeds),
    ):
        if np.size(axis) == 0:
            raise ValueError(f"{name} must not be empty, found {axis!r}")
    if not max(samples) <= features:
        raise ValueError(f"samples must be at most features = {features}, found {max(samples)}")
    _check.integer("together", together)
    solve = partial(
        _errors,
        scales=tuple(map(float, scales)),
        data=partial(data_of, int(max(samples)), features=features, sparsity=sparsity, noise=noise),
    )
    groups = [
        tuple(map(int, seeds[first : first + together])) for first in range(0, len(seeds), together)
    ]
    tasks = list(product(map(int, samples), map(float, depths), groups))
    run: Callable = map if executor is None else executor.map
    errors = iter(list(run(solve, *zip(*tasks, strict=True))))
    table = [
        [np.concatenate([next(errors) for _ in groups], axis=1) for _ in depths] for _ in samples
    ]
    axes = (np.asarray(samples), np.asarray(depths, float), np.asarray(scales, float))
    return ErrorSweep(*map(jnp.asarray, (*axes, np.asarray(seeds), np.array(table))))


def data_of(
    n: int, *, features: int = 1000, sparsity: int = 5, noise: float = 0.1, seed: int
) -> Problem:
    """The problem of one seed of `error_sweep`, whose first rows are its smaller sample sizes.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import sample_size
    >>> float((sample_size.data_of(300, seed=0).weights ** 2).sum().round(12))
    1.0
    """
    size = sparsity**-0.5
    return sparse_regression(n, features, sparsity, noise=noise, seed=seed, magnitudes=(size, size))


def _errors(n: int, depth: float, seeds: tuple[int, ...], *, scales, data) -> np.ndarray:
    """Errors "s k" of one task. It may run in a process of its own, so it sets what that needs."""
    jax.config.update("jax_enable_x64", True)
    problems = [data(seed=seed) for seed in seeds]
    X = np.stack([np.asarray(problem.X)[:n] for problem in problems])
    y = np.stack([np.asarray(problem.y)[:n] for problem in problems])
    if len(seeds) == 1:
        paths = scale_path(X[0], y[0], depth, scales).weights[None]
    else:
        paths = scale_paths(X, y, depth, scales)
    truths = np.stack([np.asarray(problem.weights) for problem in problems])
    return ((np.asarray(paths) - truths[:, None]) ** 2).sum(axis=-1).T


def scale_paths(
    X: Float[ArrayLike, "b n d"], y: Float[ArrayLike, "b n"], depth: float, scales: ArrayLike
) -> Float[Array, "b s d"]:
    r"""`scale_path` of several problems of one size, solved in step by one compiled program.

    What an accelerator wants; on a CPU each waits for the slowest of its batch.

    **Arguments:** `X` "b n d", `y` "b n", `depth`, `scales` "s".

    **Returns:** the interpolators' weights, "b s d".

    **Raises:** `ValueError` as `scale_path` does, and for scales with :math:`\alpha^{D-2}` below
    1e-12 at depth D > 2; `RuntimeError` where an interpolator is not found to tolerance.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> weights = ib.scale_paths([[[1.0, 0.5]], [[0.5, 1.0]]], [[1.0], [1.0]], 2, [10.0, 1e-3])
    >>> weights[:, 1].round(3).tolist()
    [[1.0, 0.001], [0.001, 1.0]]
    """
    X, y = _check.finite_array("X", X, 3), _check.finite_array("y", y, 2)
    if X.shape[:2] != y.shape or 0 in X.shape:
        raise ValueError(f"y must have one entry a sample of X: X has shape {X.shape}, y {y.shape}")
    for one in range(len(X)):
        _check.underdetermined(X[one], y[one])
    _check.depth(depth)
    scales = np.asarray(_check.finite_array("scales", scales, 1))
    _check.positive("scales", scales)
    potential = DiagonalPotential(depth, 1.0)
    k = (depth - 2) / depth
    falling = np.argsort(-scales, kind="stable")
    targets = depth * np.log(scales[falling])
    if k > 0 and k * targets[-1] < np.log(_SLACK_FLOOR):
        raise ValueError(
            f"scales must be at least {_SLACK_FLOOR:.0e} ** (1 / (depth - 2)) in a batch, found "
            f"{scales.min():.3g}"
        )
    d = X.shape[2]
    geometry = _continuation.Geometry(
        offset=np.zeros(d),
        speed=np.broadcast_to(np.asarray(potential.speed, float), d),
        order=np.float64(k),
        start=None,
    )
    X_, y_ = np.asarray(X), np.asarray(y)
    places = [_continuation.begin(a, b, geometry, targets[0]) for a, b in zip(X_, y_, strict=True)]
    place = jax.tree.map(lambda *leaves: np.stack(leaves), *places)
    # As in `scale_path`: the first target is the place itself, whose guess it mends.
    queues = np.column_stack([place.log_amplitude, np.tile(targets, (len(X_), 1))])
    weights, met = _solved_together(X, y, geometry, queues, place)
    weights = weights[:, 1:]
    missed = jnp.abs(jnp.einsum("bnd,bsd->bsn", X, weights) - y[:, None]).max(axis=-1)
    worst = float((missed / jnp.abs(y).max(axis=1, initial=1e-300)[:, None]).max())
    if not (bool(met.all()) and worst <= _FEASIBLE):
        raise RuntimeError(
            f"no interpolators to tolerance: relative residual {worst:.1e} (at most "
            f"{_FEASIBLE:.0e}). Solve the problems one by one, by scale_path"
        )
    return weights[:, np.argsort(falling)]


@jax.jit
def _solved_together(X, y, geometry, queues, place):
    def one(X, y, queue, place):
        _, points, _, met = _continuation.follow(X, y, geometry, queue, place)
        return jax.vmap(lambda b, a: _continuation.weights(b, a + geometry.offset))(
            points.b, queue
        ), met

    return jax.vmap(one)(X, y, queues, place)


def largest_scale(
    scales: Float[ArrayLike, " s"], errors: Float[ArrayLike, "... s"], threshold: float
) -> Float[Array, "..."]:
    r"""The largest scale with an error of at most the threshold.

    Between two scales of the grid the logarithm of the error is taken to be linear in that of the
    scale. Where no scale will do it is 0, and where all do, the largest of the grid.

    **Arguments:** `scales` "s", positive and rising; `errors` "... s", positive; `threshold` > 0.

    **Raises:** `ValueError` for other scales, errors or thresholds, and shapes that do not match.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.largest_scale([0.01, 0.1, 1.0], [0.001, 0.01, 1.0], 0.1).round(6).item()
    0.316228
    """
    scales = _check.finite_array("scales", scales, 1)
    errors = _check.finite_array("errors", errors, max(np.ndim(errors), 1))
    _check.positive("scales", scales)
    _check.positive("errors", errors)
    _check.positive("threshold", threshold)
    if errors.shape[-1:] != scales.shape or np.any(np.diff(scales) <= 0):
        raise ValueError(
            f"scales must rise, one an error: scales {scales}, errors of shape {errors.shape}"
        )
    x, heights = np.log(scales), np.log(errors) - np.log(threshold)

    def crossing(row):
        good = np.flatnonzero(row <= 0)
        if len(good) == 0:
            return 0.0
        last = good[-1]
        if last == len(row) - 1:
            return float(scales[-1])
        share = row[last] / (row[last] - row[last + 1])
        return float(np.exp(x[last] + share * (x[last + 1] - x[last])))

    return jnp.asarray(np.apply_along_axis(crossing, -1, heights))
