"""The data of the figures, seeded: the same arguments give the same numbers on every machine."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from . import _check

_MEASUREMENTS = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
_CELL_MEASUREMENTS = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)
_HELD_OUT = 1000  # images to test on
_Table = tuple[np.ndarray, np.ndarray, tuple[str, ...]]


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
    n: int = 20,
    d: int = 40,
    sparsity: int = 4,
    *,
    noise: float = 0.0,
    seed: int = 0,
    magnitudes: tuple[float, float] = (1.2, 0.6),
) -> Problem:
    r"""Linear regression with sparse true weights :math:`w^*`.

    The entries of X are independent of law :math:`N(0, 1)`; :math:`y = X w^* + \sigma \xi` with
    :math:`\xi \sim N(0, I)`. The support of :math:`w^*` is uniform. Its magnitudes are evenly
    spaced from 1.2 down to 0.6 and its signs are half of each kind, both in random order, so that a
    picture can tell the weights apart. With the default arguments the min-l1 interpolator is
    :math:`w^*`.

    **Arguments:** `n` samples, `d` features, `sparsity` of which are used, `noise`
    :math:`\sigma \ge 0`, `seed`, `magnitudes`: the largest and the smallest.

    **Raises:** `ValueError` for sizes that are not positive integers, a sparsity above d, a
    negative noise, a seed that is not a non-negative integer, or magnitudes that are not positive.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> X, y, weights = ib.sparse_regression(20, 40, 4, seed=0)
    >>> X.shape, [f"{weight:.1f}" for weight in weights if weight != 0]
    ((20, 40), ['-0.8', '1.2', '0.6', '-1.0'])
    """
    _check.integer("n", n)
    _check.integer("d", d)
    _check.integer("sparsity", sparsity)
    if sparsity > d:
        raise ValueError(f"sparsity must be at most d = {d}, found {sparsity}")
    _check.not_negative("noise", noise)
    _check.positive("magnitudes", np.asarray(magnitudes))
    generator = _generator(seed)
    X = generator.standard_normal((n, d))
    support = np.sort(generator.choice(d, sparsity, replace=False))
    signs = generator.permutation((-1.0) ** np.arange(sparsity))
    weights = np.zeros(d)
    weights[support] = signs * generator.permutation(np.linspace(*magnitudes, sparsity))
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
    _check.integer("n", n, least=2)
    _check.integer("d", d)
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


def sparse_classification(
    n: int = 6, d: int = 4, weights: Sequence[float] = (1.0, 0.4), *, seed: int = 0
) -> Problem:
    r"""Two classes that the first few features tell apart.

    The entries of X are independent of law :math:`N(0, 1)`; labels are the signs of
    :math:`X w^*`, where :math:`w^*` is `weights` followed by zeros. Unlike
    `separable_classification`, samples may lie as near to the border as they happen to.

    **Arguments:** `n` samples, `d` features, `weights` of the first of them, `seed`.

    **Raises:** `ValueError` for sizes that are not positive integers, weights that are not finite,
    all zero or more than d, or a seed that is not a non-negative integer.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> X, labels, weights = ib.sparse_classification(6, 4, (1.0, 0.4), seed=100)
    >>> labels.tolist()
    [-1.0, -1.0, 1.0, 1.0, -1.0, -1.0]
    """
    _check.integer("n", n)
    _check.integer("d", d)
    first = np.asarray(weights, dtype=float)
    if first.ndim != 1 or not np.isfinite(first).all() or not first.any() or len(first) > d:
        raise ValueError(
            f"weights must be finite, not all zero and at most d = {d}, found {weights}"
        )
    X = _generator(seed).standard_normal((n, d))
    truth = np.pad(first, (0, d - len(first)))
    name = f"sparse classification (n = {n}, d = {d}, {np.count_nonzero(truth)}-sparse)"
    return _problem(X, np.sign(X @ truth), truth, name=name)


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
    _check.integer("observed", observed)
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
    _check.integer("measurements", measurements)
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
    _check.integer("d", d)
    _check.integer("rank", rank)
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
    _check.integer("patients", patients)
    X, y, names = _diabetes()
    if patients >= X.shape[1]:
        raise ValueError(
            f"patients must be fewer than the {X.shape[1]} features, found {patients}: "
            "with more of them no weights fit the data exactly"
        )
    order = _generator(seed).permutation(len(y))
    train, test = order[:patients], order[patients:]
    return _problem(
        X[train],
        y[train],
        None,
        name=f"diabetes ({patients} patients, {X.shape[1]} features)",
        feature_names=names,
        X_test=_check.on_device(X[test]),
        y_test=_check.on_device(y[test]),
    )


def real_data(name: str) -> Problem:
    r"""All samples of a data set that scikit-learn bundles, every feature of mean 0 and variance 1.

    - `"diabetes"`: disease progression of 442 patients, standardised, from the 64 features of
      `diabetes` (Efron et al. 2004, doi:10.1214/009053604000000067).
    - `"breast cancer"`: 569 tumours, +1 for benign and -1 for malignant, from 30 measurements
      (Street, Wolberg and Mangasarian 1993, doi:10.1117/12.148698) and a feature that is always 1.
    - `"digits"`: 357 handwritten digits, +1 for an eight and -1 for a three, from the 8 by 8 pixels
      of their images (Alpaydin and Kaynak 1998, doi:10.24432/C50P49) and a feature that is always
      1. Pixels keep their relative sizes: the variance 1 is that of all of them together.

    Feature i of the digits is the pixel in row i // 8 and column i % 8. There are no true weights.

    **Raises:** `ValueError` for any other name.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.real_data("breast cancer").X.shape
    (569, 31)
    """
    if name not in _REAL:
        raise ValueError(f"name must be one of {', '.join(map(repr, _REAL))}, found {name!r}")
    X, y, names = _REAL[name]()
    described = f"{name} ({len(y)} samples, {X.shape[1]} features)"
    return _problem(X, y, None, name=described, feature_names=names)


def digit_parity(n: int = 512, *, labels: str = "true", seed: int = 0) -> Problem:
    r"""Is the digit odd? Images of all ten digits, n to train on and a thousand to test on.

    The 1797 images of 8 by 8 pixels (Alpaydin and Kaynak 1998, doi:10.24432/C50P49) in random
    order. The last 1797 - 1000 - n are used without their labels: their mean is taken off all
    images, and one common factor gives these a mean squared length of 1. So what is trained on has
    no part in how it is prepared, and images are independent of each other given the preparation.

    **Arguments:** `n`: images to train on; `labels`: `"true"`, +1 for odd and -1 for even digits,
    or `"random"`, a fair coin for each image, to train on and to test on; `seed` of the order and
    of the coins. The images are the same for both kinds of labels.

    **Raises:** `ValueError` for n outside 1 to 796, other labels, or a seed that is not a
    non-negative integer.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> problem = ib.digit_parity(512)
    >>> problem.X.shape, problem.X_test.shape
    ((512, 64), (1000, 64))
    """
    _check.integer("n", n)
    pixels, digit = _bundled("digits")
    if n >= len(digit) - _HELD_OUT:
        raise ValueError(f"n must be below {len(digit) - _HELD_OUT}, found {n}")
    if labels not in ("true", "random"):
        raise ValueError(f"labels must be 'true' or 'random', found {labels!r}")
    random = _generator(seed)
    train, test, rest = np.split(random.permutation(len(digit)), [n, n + _HELD_OUT])
    pixels = pixels - pixels[rest].mean(axis=0)
    pixels = pixels / np.sqrt((pixels[rest] ** 2).sum(axis=1).mean())
    odd = np.where(digit % 2 == 1, 1.0, -1.0)
    y = odd if labels == "true" else random.choice([-1.0, 1.0], len(digit))
    return _problem(
        pixels[train],
        y[train],
        None,
        name=f"parity of digits, {labels} labels",
        X_test=_check.on_device(pixels[test]),
        y_test=_check.on_device(y[test]),
    )


def _diabetes() -> _Table:
    measured, target = _bundled("diabetes")
    measured, names = _standardised(measured), list(_MEASUREMENTS)
    pairs = [
        (i, j)
        for i, j in combinations_with_replacement(range(len(names)), 2)
        if (names[i], names[j]) != ("sex", "sex")
    ]
    products = np.column_stack([measured[:, i] * measured[:, j] for i, j in pairs])
    names += [f"{names[i]}²" if i == j else f"{names[i]} × {names[j]}" for i, j in pairs]
    X = np.column_stack([measured, _standardised(products)])
    return X, _standardised(target), tuple(names)


def _breast_cancer() -> _Table:
    measured, benign = _bundled("breast_cancer")
    parts = ("mean", "error of", "worst")
    names = [f"{part} {what}" for part in parts for what in _CELL_MEASUREMENTS]
    return _with_one(_standardised(measured)), 2 * benign - 1, (*names, "one")


def _digits() -> _Table:
    pixels, digit = _bundled("digits")
    chosen = (digit == 3) | (digit == 8)
    pixels = pixels[chosen] - pixels[chosen].mean(axis=0)
    names = [f"row {row + 1}, column {column + 1}" for row in range(8) for column in range(8)]
    return (
        _with_one(pixels / pixels.std()),
        np.where(digit[chosen] == 8, 1.0, -1.0),
        (*names, "one"),
    )


_REAL = {"diabetes": _diabetes, "breast cancer": _breast_cancer, "digits": _digits}


def _bundled(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Features and targets of a data set of scikit-learn's.

    Read from its files where they are, since to import it takes longer than to solve the problem;
    where they are not, through its loader.
    """
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise ModuleNotFoundError(f"scikit-learn, which holds the {name} data, is not installed")
    try:
        return _FILES[name](Path(package.origin).parent / "datasets" / "data")
    except OSError:
        return _loaded(name)


_FILES = {
    "diabetes": lambda folder: (
        np.loadtxt(folder / "diabetes_data_raw.csv.gz"),
        np.loadtxt(folder / "diabetes_target.csv.gz"),
    ),
    "breast_cancer": lambda folder: _parted(
        np.loadtxt(folder / "breast_cancer.csv", delimiter=",", skiprows=1)
    ),
    "digits": lambda folder: _parted(np.loadtxt(folder / "digits.csv.gz", delimiter=",")),
}


def _loaded(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The same by scikit-learn itself."""
    from sklearn import datasets

    options = {"scaled": False} if name == "diabetes" else {}
    features, targets = getattr(datasets, f"load_{name}")(return_X_y=True, **options)
    return features, targets.astype(float)


def _parted(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return table[:, :-1], table[:, -1]


def _with_one(X: np.ndarray) -> np.ndarray:
    return np.column_stack([X, np.ones(len(X))])


def _problem(X: np.ndarray, y: np.ndarray, weights: np.ndarray | None, **rest) -> Problem:
    _check.require_x64()
    truth = None if weights is None else _check.on_device(weights)
    return Problem(_check.on_device(X), _check.on_device(y), truth, **rest)


def _standardised(columns: np.ndarray) -> np.ndarray:
    return (columns - columns.mean(axis=0)) / columns.std(axis=0)


def _generator(seed: int) -> np.random.Generator:
    _check.integer("seed", seed, least=0)
    return np.random.default_rng(seed)
