"""The data of the figures, seeded: the same arguments give the same numbers on every machine."""

from collections.abc import Iterator
from importlib.util import find_spec
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from . import _check

_MEASUREMENTS = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


class Problem(eqx.Module):
    """A data set: `X, y, weights = problem` unpacks the three fields that every problem has.

    **Fields:**

    - `X`: samples, "n d".
    - `y`: targets, or labels -1 and +1, "n".
    - `weights`: the true weights "d", where the data are made from some; otherwise None.
    - `name`: what the data are, in a few words.
    - `feature_names`: d names, where the features have one.
    - `X_test`, `y_test`: held-out samples, where there are any.
    """

    X: Float[Array, "n d"]
    y: Float[Array, " n"]
    weights: Float[Array, " d"] | None
    name: str = eqx.field(static=True)
    feature_names: tuple[str, ...] | None = eqx.field(static=True, default=None)
    X_test: Float[Array, "m d"] | None = None
    y_test: Float[Array, " m"] | None = None

    def __iter__(self) -> Iterator[Any]:
        return iter((self.X, self.y, self.weights))


def sparse_regression(
    n: int = 20, d: int = 40, sparsity: int = 4, *, noise: float = 0.0, seed: int = 0
) -> Problem:
    r"""Linear regression with sparse true weights :math:`w^*`.

    The entries of X are independent of law :math:`N(0, 1)`; :math:`y = X w^* + \sigma \xi` with
    :math:`\xi \sim N(0, I)`. The support of :math:`w^*` is uniform. Its magnitudes are evenly
    spaced from 1.2 down to 0.6 and its signs are half of each kind, both in random order, so that a
    picture can tell the weights apart. With the default arguments the min-l1 interpolator is
    :math:`w^*`.

    **Arguments:** `n` samples, `d` features, `sparsity` of which are used, `noise`
    :math:`\sigma \ge 0`, `seed`.

    **Raises:** `ValueError` for sizes that are not positive integers, a sparsity above d, a
    negative noise, or a seed that is not a non-negative integer.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> X, y, weights = ib.sparse_regression(20, 40, 4, seed=0)
    >>> X.shape, [f"{weight:.1f}" for weight in weights if weight != 0]
    ((20, 40), ['-0.8', '1.2', '0.6', '-1.0'])
    """
    _check_integer("n", n, at_least=1)
    _check_integer("d", d, at_least=1)
    _check_integer("sparsity", sparsity, at_least=1)
    if sparsity > d:
        raise ValueError(f"sparsity must be at most d = {d}, found {sparsity}")
    if not (np.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise must be finite and not negative, found {noise}")
    generator = _generator(seed)
    X = generator.standard_normal((n, d))
    support = np.sort(generator.choice(d, sparsity, replace=False))
    signs = generator.permutation((-1.0) ** np.arange(sparsity))
    weights = np.zeros(d)
    weights[support] = signs * generator.permutation(np.linspace(1.2, 0.6, sparsity))
    y = X @ weights + noise * generator.standard_normal(n)
    name = f"sparse regression (n = {n}, d = {d}, {sparsity}-sparse)"
    return _problem(X, y, weights, name=name)


def separable_classification(
    n: int = 20, d: int = 10, *, margin: float = 0.5, seed: int = 0
) -> Problem:
    r"""Two balanced classes, separated by a hyperplane through the origin.

    A unit vector :math:`w^*` is uniform on the sphere, labels :math:`y_i = \pm 1` are equally many
    (one more +1 when n is odd), and :math:`x_i = g_i + y_i m w^*` where :math:`g_i \sim N(0, I)` is
    conditioned on the side of its label. So :math:`y_i \langle x_i, w^* \rangle \ge m`, and the
    largest l2 margin of a unit vector is m at least.

    **Arguments:** `n` samples, `d` features, `margin` m > 0, `seed`.

    **Raises:** `ValueError` for sizes that are not integers (n at least 2, d at least 1), a margin
    that is not positive, or a seed that is not a non-negative integer.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> X, labels, weights = ib.separable_classification(6, 2, margin=1.0, seed=0)
    >>> bool((labels * (X @ weights)).min() >= 1.0)
    True
    """
    _check_integer("n", n, at_least=2)
    _check_integer("d", d, at_least=1)
    _check.positive("margin", margin)
    generator = _generator(seed)
    weights = generator.standard_normal(d)
    weights /= np.linalg.norm(weights)
    labels = generator.permutation((-1.0) ** np.arange(n))
    X = generator.standard_normal((n, d))
    along = X @ weights
    X += np.outer(labels * (np.abs(along) + margin) - along, weights)
    name = f"separable classification (n = {n}, d = {d}, margin {margin:g})"
    return _problem(X, labels, weights, name=name)


class MatrixProblem(eqx.Module):
    r"""Measurements of a matrix: `A, y, matrix = problem` unpacks them.

    **Fields:**

    - `measurements`: matrices :math:`A_i`, "n d d".
    - `targets`: :math:`y_i = \langle A_i, W^*\rangle`, "n".
    - `matrix`: :math:`W^*`, "d d".
    - `name`: what is measured, in a few words.
    """

    measurements: Float[Array, "n d d"]
    targets: Float[Array, " n"]
    matrix: Float[Array, "d d"]
    name: str = eqx.field(static=True)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.measurements, self.targets, self.matrix))


def matrix_completion(
    d: int = 6, rank: int = 2, observed: int = 24, *, seed: int = 0
) -> MatrixProblem:
    r"""Some entries of a d x d matrix of low rank, drawn without replacement.

    :math:`W^* = c\,G H^\top` with G and H "d rank" of independent :math:`N(0, 1)` entries, and c
    such that the entries of :math:`W^*` have mean square 1. Each measurement is one entry, in the
    order of rows.

    **Arguments:** `d`, `rank`, the number of `observed` entries, `seed`.

    **Raises:** `ValueError` for sizes that are not positive integers, a rank above d, more entries
    than there are, or a seed that is not a non-negative integer.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> A, y, matrix = ib.matrix_completion(3, 1, 5, seed=0)
    >>> A.shape, bool(abs((A * matrix).sum((1, 2)) - y).max() == 0)
    ((5, 3, 3), True)
    """
    _check_low_rank(d, rank)
    _check_integer("observed", observed, at_least=1)
    if observed > d**2:
        raise ValueError(f"observed must be at most d^2 = {d**2}, found {observed}")
    generator = _generator(seed)
    matrix = generator.standard_normal((d, rank)) @ generator.standard_normal((rank, d))
    matrix *= d / np.linalg.norm(matrix)
    entries = np.sort(generator.choice(d**2, observed, replace=False))
    measurements = np.eye(d**2)[entries].reshape(observed, d, d)
    name = f"matrix completion ({observed} of {d} x {d} entries, rank {rank})"
    return _matrix_problem(measurements, matrix.ravel()[entries], matrix, name)


def matrix_sensing(
    d: int = 8, rank: int = 1, measurements: int = 16, *, commuting: bool = False, seed: int = 0
) -> MatrixProblem:
    r"""Random linear measurements of a symmetric d x d matrix of low rank.

    :math:`W^* = \sum_{r \le rank} \lambda_r o_r o_r^\top` with random orthonormal :math:`o_r` and
    :math:`\lambda = 1, -1, 1, \dots`. The :math:`A_i` are symmetric, :math:`(G + G^\top)/2` with
    independent :math:`N(0, 1)` entries in G; or, to commute, diagonal in one orthonormal basis
    that begins with the :math:`o_r`, with independent :math:`N(0, 1)` eigenvalues.

    **Arguments:** `d`, `rank`, the number of `measurements`, whether they are `commuting`, `seed`.

    **Raises:** `ValueError` for sizes that are not positive integers, a rank above d, or a seed
    that is not a non-negative integer.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> A, y, matrix = ib.matrix_sensing(4, 1, 2, commuting=True, seed=0)
    >>> bool(abs(A[0] @ A[1] - A[1] @ A[0]).max() < 1e-12)
    True
    """
    _check_low_rank(d, rank)
    _check_integer("measurements", measurements, at_least=1)
    generator = _generator(seed)
    vectors = np.linalg.qr(generator.standard_normal((d, d)))[0]
    values = np.where(np.arange(d) < rank, (-1.0) ** np.arange(d), 0.0)
    matrix = (vectors * values) @ vectors.T
    if commuting:
        diagonals = generator.standard_normal((measurements, 1, d))
        A = (vectors * diagonals) @ vectors.T
    else:
        A = generator.standard_normal((measurements, d, d))
    A = (A + np.swapaxes(A, 1, 2)) / 2
    kind = "commuting" if commuting else "Gaussian"
    name = f"matrix sensing ({measurements} {kind} measurements of {d} x {d}, rank {rank})"
    return _matrix_problem(A, np.tensordot(A, matrix, 2), matrix, name)


def _check_low_rank(d: int, rank: int) -> None:
    _check_integer("d", d, at_least=1)
    _check_integer("rank", rank, at_least=1)
    if rank > d:
        raise ValueError(f"rank must be at most d = {d}, found {rank}")


def _matrix_problem(A: np.ndarray, y: np.ndarray, matrix: np.ndarray, name: str) -> MatrixProblem:
    _check.require_x64()
    return MatrixProblem(*map(_check.on_device, (A, y, matrix)), name=name)


def diabetes(patients: int = 40, *, seed: int = 0) -> Problem:
    r"""Disease progression after a year, of fewer patients than features.

    The data that scikit-learn bundles (442 patients, 10 measurements; Efron, Hastie, Johnstone and
    Tibshirani 2004, doi:10.1214/009053604000000067), with all products of two measurements: 10 + 45
    products + 9 squares = 64 features. The square of `sex`, which takes two values, is left out.
    Every column, and the target, has mean 0 and variance 1 over all 442 patients, as in the bundled
    data. Training patients are drawn without replacement; the others are held out. There are no
    true weights.

    **Arguments:** `patients` in training, from 1 to 63, and `seed`.

    **Raises:** `ValueError` for any other number of patients, or a seed that is not a non-negative
    integer.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> problem = ib.diabetes(40, seed=0)
    >>> problem.X.shape, problem.X_test.shape
    ((40, 64), (402, 64))
    >>> problem.feature_names[2], problem.feature_names[-2]
    ('bmi', 's5 × s6')
    """
    _check_integer("patients", patients, at_least=1)
    columns, target = _diabetes_files()
    measured, names = _standardised(columns), list(_MEASUREMENTS)
    pairs = [
        (i, j)
        for i, j in combinations_with_replacement(range(len(names)), 2)
        if (names[i], names[j]) != ("sex", "sex")
    ]
    products = np.column_stack([measured[:, i] * measured[:, j] for i, j in pairs])
    X = np.column_stack([measured, _standardised(products)])
    y = _standardised(target)
    if patients >= X.shape[1]:
        raise ValueError(
            f"patients must be fewer than the {X.shape[1]} features, found {patients}: "
            "with more of them no weights fit the data exactly"
        )
    order = _generator(seed).permutation(len(y))
    train, test = order[:patients], order[patients:]
    names += [f"{names[i]}²" if i == j else f"{names[i]} × {names[j]}" for i, j in pairs]
    return _problem(
        X[train],
        y[train],
        None,
        name=f"diabetes ({patients} patients, {X.shape[1]} features)",
        feature_names=tuple(names),
        X_test=_check.on_device(X[test]),
        y_test=_check.on_device(y[test]),
    )


def _diabetes_files() -> list[np.ndarray]:
    """Where scikit-learn keeps them: to import it takes longer than to solve the problem."""
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("scikit-learn, which holds the diabetes data, is not installed")
    folder = Path(package.origin).parent / "datasets" / "data"
    return [np.loadtxt(folder / f"diabetes_{part}.csv.gz") for part in ("data_raw", "target")]


def _problem(X: np.ndarray, y: np.ndarray, weights: np.ndarray | None, **rest) -> Problem:
    _check.require_x64()
    truth = None if weights is None else _check.on_device(weights)
    return Problem(_check.on_device(X), _check.on_device(y), truth, **rest)


def _standardised(columns: np.ndarray) -> np.ndarray:
    return (columns - columns.mean(axis=0)) / columns.std(axis=0)


def _generator(seed: int) -> np.random.Generator:
    _check_integer("seed", seed, at_least=0)
    return np.random.default_rng(seed)


def _check_integer(name: str, value: int, *, at_least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < at_least:
        raise ValueError(f"{name} must be an integer, at least {at_least}, found {value!r}")
