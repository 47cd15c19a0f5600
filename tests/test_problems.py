import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linprog

from implicitbias import problems
from implicitbias.problems import (
    diabetes,
    real_data,
    separable_classification,
    sparse_regression,
)

CHAPTER = "networks/scale-and-depth"


def least_l1(X, y):
    d = X.shape[1]
    found = linprog(np.ones(2 * d), A_eq=np.hstack([X, -X]), b_eq=y, method="highs").x
    return found[:d] - found[d:]


def test_sparse_regression_has_the_documented_law():
    n, d, sparsity, noise = 4000, 6, 5, 0.5
    X, y, weights = sparse_regression(n, d, sparsity, noise=noise, seed=3)
    # Moments of 24000 entries, and of 4000 residuals, within 5 standard errors.
    assert abs(X.mean()) < 5 / np.sqrt(n * d) and abs(X.var() - 1) < 5 * np.sqrt(2 / (n * d))
    residual = y - X @ weights
    assert abs(residual.std() / noise - 1) < 5 / np.sqrt(2 * n)
    used = weights[weights != 0]
    assert np.array_equal(np.sign(used).sum(), 1.0)  # three positive, two negative
    np.testing.assert_allclose(np.sort(np.abs(used)), np.linspace(0.6, 1.2, 5), rtol=1e-15)


def test_sparse_regression_without_noise_is_exact():
    X, y, weights = sparse_regression(20, 40, 4, seed=7)
    np.testing.assert_allclose(X @ weights, y, atol=1e-14)


def test_the_default_problem_is_told_by_l1_and_not_by_l2(check):
    problem = sparse_regression(20, 40, 4, seed=0)
    X, y, weights = map(np.asarray, problem)
    check(
        "On the sparse regression data the min-l1 interpolator is the truth",
        CHAPTER,
        "linear program (HiGHS), with the true weights, in the largest entry",
        np.max(np.abs(least_l1(X, y) - weights)),
        1e-12,
    )
    least_l2 = np.linalg.pinv(X) @ y
    assert np.max(np.abs(least_l2 - weights)) > 0.5
    used = weights[weights != 0]
    assert used.min() < 0 < used.max() and len(used) == 4


def test_separable_classification_has_its_margin():
    X, labels, weights = map(np.asarray, separable_classification(31, 5, margin=0.7, seed=2))
    assert sorted(set(labels)) == [-1, 1] and labels.sum() == 1
    np.testing.assert_allclose(np.linalg.norm(weights), 1.0, rtol=1e-15)
    margins = labels * (X @ weights)
    assert margins.min() >= 0.7 - 1e-14


def test_separable_classification_has_the_documented_law():
    X, labels, weights = map(np.asarray, separable_classification(4000, 3, margin=0.5, seed=1))
    beyond = labels * (X @ weights) - 0.5  # |N(0, 1)|
    assert abs(beyond.mean() - np.sqrt(2 / np.pi)) < 5 * np.sqrt((1 - 2 / np.pi) / 4000)
    across = X - np.outer(X @ weights, weights)  # a Gaussian on a plane, of variance 1
    assert abs((across**2).sum(axis=1).mean() - 2) < 5 * 2 / np.sqrt(4000)


def test_diabetes_columns():
    problem = diabetes(40, seed=0)
    assert problem.X.shape == (40, 64) and problem.X_test.shape == (402, 64)
    assert problem.weights is None
    X = np.concatenate([problem.X, problem.X_test])
    y = np.concatenate([problem.y, problem.y_test])
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose(X.std(axis=0), 1, rtol=1e-13)
    np.testing.assert_allclose([y.mean(), y.std()], [0, 1], atol=1e-13)
    names = problem.feature_names
    assert len(set(names)) == 64 and "sex²" not in names
    product = X[:, names.index("bmi")] * X[:, names.index("s5")]
    correlation = np.corrcoef(product, X[:, names.index("bmi × s5")])[0, 1]
    np.testing.assert_allclose(correlation, 1, rtol=1e-13)


def test_diabetes_can_be_interpolated():
    X = np.asarray(diabetes(40, seed=0).X)
    assert np.linalg.matrix_rank(X) == 40


def test_magnitudes():
    weights = np.asarray(sparse_regression(5, 30, 4, magnitudes=(3.0, 0.5)).weights)
    used = np.sort(np.abs(weights[weights != 0]))
    np.testing.assert_allclose(used, np.linspace(0.5, 3.0, 4), rtol=1e-15)
    # The data are those of other magnitudes, and so is the support.
    other = sparse_regression(5, 30, 4)
    np.testing.assert_array_equal(sparse_regression(5, 30, 4, magnitudes=(3.0, 0.5)).X, other.X)
    np.testing.assert_array_equal(weights != 0, np.asarray(other.weights) != 0)


@pytest.mark.parametrize("name", ["diabetes", "breast_cancer", "digits"])
def test_bundled_data_are_scikit_learns_wherever_they_lie(name, monkeypatch):
    read = problems._bundled(name)
    loaded = problems._loaded(name)
    monkeypatch.setitem(problems._FILES, name, lambda folder: np.loadtxt(folder / "nowhere.csv"))
    for tables in (loaded, problems._bundled(name)):
        for mine, theirs in zip(read, tables, strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_real_data():
    sizes = {"diabetes": (442, 64), "breast cancer": (569, 31), "digits": (357, 65)}
    for name, shape in sizes.items():
        X, y, weights = real_data(name)
        assert X.shape == shape and weights is None
        assert len(set(real_data(name).feature_names)) == shape[1]
        features = np.asarray(X)[:, :64] if name != "breast cancer" else np.asarray(X)[:, :30]
        np.testing.assert_allclose(features.mean(axis=0), 0, atol=1e-12)
        assert features.var() == pytest.approx(1.0)
        if name == "diabetes":
            assert float(y.var()) == pytest.approx(1.0)
        else:
            assert set(np.unique(y)) == {-1.0, 1.0} and (np.asarray(X)[:, -1] == 1).all()


def test_labels_of_real_data_are_the_documented_ones():
    from sklearn.datasets import load_breast_cancer, load_digits

    cells, digits = load_breast_cancer(), load_digits()
    benign = cells.target == list(cells.target_names).index("benign")
    np.testing.assert_array_equal(real_data("breast cancer").y, np.where(benign, 1, -1))
    chosen = np.isin(digits.target, (3, 8))
    np.testing.assert_array_equal(
        real_data("digits").y, np.where(digits.target[chosen] == 8, 1, -1)
    )
    names = real_data("breast cancer").feature_names
    assert [name.split(" ", 1)[1] for name in names[:10]] == [
        name.removeprefix("mean ") for name in cells.feature_names[:10]
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: sparse_regression(20, 40, 4, seed=seed),
        lambda seed: separable_classification(20, 10, seed=seed),
        lambda seed: diabetes(40, seed=seed),
    ],
    ids=["sparse regression", "separable classification", "diabetes"],
)
def test_seeded(make):
    first, again, other = make(0), make(0), make(1)
    assert all(map(np.array_equal, jax.tree.leaves(first), jax.tree.leaves(again)))
    assert not np.array_equal(first.X, other.X)
    assert all(leaf.dtype == jnp.float64 for leaf in jax.tree.leaves(first))
    X, y, weights = first
    assert X is first.X and y is first.y and weights is first.weights


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: sparse_regression(0, 40, 4), "n must be an integer, at least 1, found 0"),
        (lambda: sparse_regression(20, 40.0, 4), "d must be an integer, at least 1, found 40.0"),
        (lambda: sparse_regression(20, 40, -1), "sparsity must be an integer, at least 1"),
        (lambda: sparse_regression(20, 40, 41), "sparsity must be at most d = 40, found 41"),
        (lambda: sparse_regression(20, 40, 4, noise=-0.1), "noise must be finite .* found -0.1"),
        (lambda: sparse_regression(20, 40, 4, noise=np.nan), "noise must be finite .* found nan"),
        (lambda: sparse_regression(20, 40, 4, seed=-1), "seed must be an integer, at least 0"),
        (lambda: sparse_regression(20, 40, 4, seed=None), "seed must be an integer.* found None"),
        (lambda: separable_classification(1, 2), "n must be an integer, at least 2, found 1"),
        (lambda: separable_classification(4, 0), "d must be an integer, at least 1, found 0"),
        (lambda: separable_classification(4, 2, margin=0.0), "margin must be positive .* found 0"),
        (lambda: separable_classification(4, 2, seed=1.5), "seed must be an integer.* found 1.5"),
        (lambda: sparse_regression(magnitudes=(1.0, 0.0)), "magnitudes must be positive"),
        (lambda: real_data("iris"), "name must be one of 'diabetes', .*, found 'iris'"),
        (lambda: diabetes(0), "patients must be an integer, at least 1, found 0"),
        (lambda: diabetes(64), "patients must be fewer than the 64 features, found 64"),
        (lambda: diabetes(40, seed=True), "seed must be an integer.* found True"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
