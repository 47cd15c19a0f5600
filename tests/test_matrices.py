"""Matrix factorisations: closed equations against trained layers, limits against convex solvers."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy.integrate import simpson, solve_ivp

from implicitbias.flows import gradient_flow
from implicitbias.limits import interpolator
from implicitbias.matrices import (
    balanced_layers,
    divergent_completion,
    effective_rank,
    end_to_end_velocity,
    matrix_flow,
    minimum_nuclear_norm,
    singular_value_velocity,
)
from implicitbias.parametrizations import (
    DeepFactorization,
    DiagonalNetwork,
    MatrixNetwork,
    SymmetricFactorization,
)
from implicitbias.potentials import DiagonalPotential, Euclidean, PNorm, SpectralPotential
from implicitbias.problems import matrix_completion, matrix_sensing

CHAPTER = "networks/matrices"
COMMUTING = matrix_sensing(8, 2, 5, commuting=True, seed=0)
GAUSSIAN = matrix_sensing(4, 1, 6, seed=1)
COMPLETION = matrix_completion(6, 2, 24, seed=12)


def in_common_basis(problem) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues of the measurements, one a row, and their common eigenvectors."""
    A = np.asarray(problem.measurements)
    vectors = np.linalg.eigh(A[0])[1]
    return np.einsum("ja,njk,ka->na", vectors, A, vectors), vectors


def trained(network, problem, times, start: Any = None) -> np.ndarray:
    """The matrices of a network whose layers are trained: automatic differentiation and DOP853."""
    A, y = map(jnp.asarray, list(problem)[:2])
    times = np.asarray(times, float)
    begin, unravel = ravel_pytree(network.init(A.shape[-1]) if start is None else start)

    @jax.jit
    @jax.grad
    def slope(params):
        return ((jnp.tensordot(A, network.features(unravel(params)), 2) - y) ** 2).sum() / 2

    solution = solve_ivp(
        lambda _, params: -np.asarray(slope(params)),
        (0.0, times[-1]),
        np.asarray(begin),
        method="DOP853",
        t_eval=times,
        rtol=1e-11,
        atol=1e-13,
    )
    return np.array([network.features(unravel(params)) for params in solution.y.T])


# What is measured


def test_completion_has_the_documented_law():
    A, y, matrix = map(np.asarray, matrix_completion(7, 3, 20, seed=4))
    assert A.shape == (20, 7, 7) and np.array_equal(A.sum((1, 2)), np.ones(20))
    assert np.array_equal(A.sum(0), np.minimum(A.sum(0), 1))  # no entry twice
    assert np.linalg.matrix_rank(matrix) == 3
    np.testing.assert_allclose((matrix**2).mean(), 1, rtol=1e-14)
    np.testing.assert_array_equal(y, (A * matrix).sum((1, 2)))


@pytest.mark.parametrize("commuting", [False, True])
def test_sensing_has_the_documented_law(commuting):
    A, y, matrix = map(np.asarray, matrix_sensing(9, 3, 400, commuting=commuting, seed=4))
    np.testing.assert_array_equal(A, np.swapaxes(A, 1, 2))
    np.testing.assert_allclose(y, (A * matrix).sum((1, 2)), atol=1e-13)
    np.testing.assert_allclose(np.linalg.eigvalsh(matrix), [-1, 0, 0, 0, 0, 0, 0, 1, 1], atol=1e-14)
    # Mean square of an entry: 1 on the diagonal and 1/2 beside it, or of an eigenvalue: 1.
    sample = in_common_basis(matrix_sensing(9, 3, 400, commuting=True, seed=4))[0]
    found = (sample**2).mean() if commuting else (np.einsum("nii->ni", A) ** 2).mean()
    assert abs(found - 1) < 5 * np.sqrt(2 / 3600)
    swapped = A[0] @ A[1] - A[1] @ A[0]
    assert (np.abs(swapped).max() < 1e-12) == commuting


# Layers


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_balanced_layers_are(depth):
    W = np.random.default_rng(0).standard_normal((4, 4))
    layers = np.asarray(balanced_layers(W, depth))
    np.testing.assert_allclose(np.linalg.multi_dot(layers[::-1]), W, atol=1e-13)
    for below, above in zip(layers[:-1], layers[1:], strict=True):
        np.testing.assert_allclose(above.T @ above, below @ below.T, atol=1e-13)


@pytest.mark.parametrize("depth", [2, 3, 5])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_product_and_its_singular_values_move_as_arora_et_al_say(depth, seed, check):
    W, G = np.random.default_rng(seed).standard_normal((2, 4, 4))
    network, layers = DeepFactorization(depth, 1.0, unbiased=False), balanced_layers(W, depth)[None]
    product, pull = jax.vjp(network.features, layers)
    (gradient,) = pull(jnp.asarray(G))
    _, velocity = jax.jvp(network.features, (layers,), (-gradient,))
    np.testing.assert_allclose(product, W, atol=1e-13)
    found = np.asarray(end_to_end_velocity(W, G, depth))
    U, _, Vt = np.linalg.svd(W)
    sizes = np.diag(U.T @ np.asarray(velocity) @ Vt.T)  # of the derivative of each singular value
    law = np.asarray(singular_value_velocity(W, G, depth))
    check(
        "The product of balanced layers, and each of its singular values, moves by a closed law",
        CHAPTER,
        "velocity by automatic differentiation through 2, 3 and 5 layers, relative to its largest",
        max(
            np.abs(found - velocity).max() / np.abs(found).max(),
            np.abs(sizes - law).max() / np.abs(law).max(),
        ),
        1e-12,
    )


@pytest.mark.parametrize("depth", [2, 3])
def test_the_law_of_singular_values_along_a_whole_run(depth, check):
    """Layers are trained; the law, integrated along their path, has to give the change."""
    times = np.linspace(0.0, 6.0, 601)
    A, y, _ = map(np.asarray, GAUSSIAN)
    network = DeepFactorization(depth, 0.3, unbiased=False)
    path = trained(network, GAUSSIAN, times)[100:]  # at the start all singular values are equal
    values = np.linalg.svd(path, compute_uv=False)
    assert (values[:, :-1] - values[:, 1:]).min() > 1e-3  # distinct, so that each has its law
    gradients = np.tensordot(np.tensordot(path, A, ([1, 2], [1, 2])) - y, A, 1)
    law = [singular_value_velocity(W, G, depth) for W, G in zip(path, gradients, strict=True)]
    change = simpson(np.array(law), x=times[100:], axis=0)
    check(
        "The law of the singular values holds along a whole run of training",
        CHAPTER,
        "integral of the law (Simpson) along the path of trained layers, with the change of each",
        np.abs(change - (values[-1] - values[0])).max(),
        1e-7,
    )


NETWORKS = {
    "two products of 2": DeepFactorization(2, 0.3),
    "two products of 3": DeepFactorization(3, 0.5),
    "one product of 4": DeepFactorization(4, 0.7, unbiased=False),
    "symmetric": SymmetricFactorization(0.3),
    "random, narrow": MatrixNetwork(3, 0.3),
    "random, wide": MatrixNetwork(40, 0.1),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS.keys())
def test_the_flow_without_layers_is_that_of_the_layers(network, check):
    problem = (
        GAUSSIAN if isinstance(network, SymmetricFactorization) else matrix_completion(4, 1, 9)
    )
    times = np.array([0.0, 0.1, 0.3, 1.0, 3.0, 10.0])
    found = matrix_flow(network, problem.measurements, problem.targets, times, tolerance=1e-11)
    direct = trained(network, problem, times)
    assert np.abs(direct[-1] - direct[0]).max() > 0.1
    check(
        "Layers enter their product's flow only through what is conserved, at any depth and width",
        CHAPTER,
        "closed equation in d x d matrices (LSODA), with layers trained by automatic "
        "differentiation (DOP853), in the largest entry at six times",
        np.abs(np.asarray(found.matrices) - direct).max(),
        1e-7,
    )


# Measurements that commute


@pytest.mark.parametrize("scale", [0.01, 0.1, 1.0, 10.0])
def test_commuting_measurements_end_at_the_least_spectral_potential(scale, check):
    A, y, _ = map(np.asarray, COMMUTING)
    X, vectors = in_common_basis(COMMUTING)
    horizon = 200 * (1 + np.log1p(1 / scale)) / (1 + scale**2)
    flow = matrix_flow(SymmetricFactorization(scale), A, y, horizon, tolerance=1e-12)
    found = np.asarray(flow.matrices[-1])
    weights = np.asarray(interpolator(X, y, DiagonalPotential(2, scale)).weights)
    check(
        "With commuting measurements, training UU' - VV' ends at the least spectral hypentropy",
        CHAPTER,
        "integrated matrices, with the eigenvalues that the dual Newton method gives, in the "
        "largest entry",
        np.abs(found - (vectors * weights) @ vectors.T).max(),
        1e-8,
    )
    # Least among all symmetric solutions, also those with other eigenvectors.
    potential = SpectralPotential(DiagonalPotential(2, scale))
    dual = np.asarray(potential.to_dual(jnp.asarray(found + found.T) / 2))
    span = np.linalg.qr(A.reshape(len(A), -1).T)[0]
    off = dual.ravel() - span @ (span.T @ dual.ravel())
    check(
        "There the gradient of the spectral hypentropy is in the span of the measurements",
        CHAPTER,
        "largest entry of what is outside the span, relative to the gradient",
        np.abs(off).max() / np.abs(dual).max(),
        1e-7,
    )


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_commuting_deep_factorisations_are_diagonal_networks(depth, check):
    X, vectors = in_common_basis(COMMUTING)
    times = np.array([0.0, 0.3, 1.0, 3.0, 10.0, 30.0])
    scale = 0.1 ** (2 / depth)
    found = matrix_flow(
        DeepFactorization(depth, scale), *list(COMMUTING)[:2], times, tolerance=1e-11
    )
    slow = gradient_flow(
        DiagonalNetwork(depth, scale), X, COMMUTING.targets, times / depth, tolerance=1e-10
    )
    expected = (vectors * np.asarray(slow.weights)[:, None]) @ vectors.T
    check(
        "With commuting measurements, N matrix layers follow the diagonal network of depth N",
        CHAPTER,
        "whole paths at depths 2, 3 and 4, the diagonal one integrated in the dual and N times "
        "slower, in the largest entry",
        np.abs(np.asarray(found.matrices) - expected).max(),
        1e-7,
    )


def nuclear_norm_by_cvxpy(A, y) -> np.ndarray:
    import cvxpy as cp

    W = cp.Variable(A.shape[1:])
    fits = [cp.sum(cp.multiply(each, W)) == target for each, target in zip(A, y, strict=True)]
    exact = {"tol_gap_abs": 1e-9, "tol_gap_rel": 1e-9, "tol_feas": 1e-9}
    cp.Problem(cp.Minimize(cp.normNuc(W)), fits).solve(solver=cp.CLARABEL, **exact)
    assert W.value is not None
    return W.value


def test_commuting_limits_of_scale(check):
    """Depth three, whose small-scale limit is reached at a power of the scale."""
    A, y, _ = map(np.asarray, COMMUTING)
    X, vectors = in_common_basis(COMMUTING)
    ends = [
        (vectors * np.asarray(interpolator(X, y, DiagonalPotential(3, scale)).weights)) @ vectors.T
        for scale in (1e-4, 1e2)
    ]
    frobenius = np.tensordot(np.linalg.solve(X @ X.T, y), A, 1)
    for end, limit, name in zip(
        ends,
        (nuclear_norm_by_cvxpy(A, y), frobenius),
        ("small scales to the least nuclear norm", "large scales to the least Frobenius norm"),
        strict=True,
    ):
        check(
            f"With commuting measurements, training tends from {name}",
            CHAPTER,
            "end at depth 3 and scale 1e-4 or 1e2, with cvxpy and Clarabel over all matrices, or "
            "least squares, in the largest entry",
            np.abs(end - limit).max(),
            1e-6,
        )


def test_spectral_potential_is_a_potential():
    generator = np.random.default_rng(0)
    W, H = generator.standard_normal((2, 4, 4))
    W, H = W + W.T, H + H.T
    potential = SpectralPotential(DiagonalPotential(3, 0.5))
    dual = potential.to_dual(W)
    np.testing.assert_allclose(potential.to_primal(dual), W, atol=1e-11)
    slope = (potential.value(W + 1e-5 * H) - potential.value(W - 1e-5 * H)) / 2e-5
    np.testing.assert_allclose(slope, (dual * H).sum(), rtol=1e-7)
    # Legendre duality, with equality at the dual point and not beside it.
    paired = potential.value(W) + potential.conjugate(dual)
    np.testing.assert_allclose(paired, (dual * W).sum(), rtol=1e-12)
    assert potential.value(W + 0.1 * H) + potential.conjugate(dual) > (dual * (W + 0.1 * H)).sum()


# Least nuclear norm


@pytest.mark.parametrize("problem", [COMPLETION, GAUSSIAN, COMMUTING], ids=lambda p: p.name[:16])
def test_least_nuclear_norm_against_cvxpy(problem, check):
    A, y, _ = map(np.asarray, problem)
    found, expected = np.asarray(minimum_nuclear_norm(A, y)), nuclear_norm_by_cvxpy(A, y)
    np.testing.assert_allclose(np.tensordot(A, found, 2), y, atol=1e-12)
    np.testing.assert_allclose(found, expected, atol=1e-3)  # the square root of what norms allow
    norm, least = (np.linalg.norm(W, "nuc") for W in (found, expected))
    check(
        "The least nuclear norm of a matrix with given measurements",
        CHAPTER,
        "Douglas-Rachford splitting, with cvxpy and Clarabel, relative difference of the norms",
        abs(norm / least - 1),
        1e-8,
    )


def test_least_nuclear_norm_of_nothing_is_nothing():
    assert not np.asarray(minimum_nuclear_norm(GAUSSIAN.measurements, np.zeros(6))).any()


# Width


def test_an_isotropic_start_is_the_symmetric_factorisation(check):
    """U on top of V with Gram matrix mu I: that of infinite width, here with 2d columns."""
    mu, times = 0.5, np.array([0.0, 0.3, 1.0, 3.0, 10.0])
    U, V = np.sqrt(mu) * np.eye(8).reshape(2, 4, 8)
    network = MatrixNetwork(8, 1.0)
    wide = trained(network, GAUSSIAN, times, start=(jnp.asarray(U), jnp.asarray(V)))
    symmetric = matrix_flow(
        SymmetricFactorization(np.sqrt(mu / 2)), *list(GAUSSIAN)[:2], times / 2, tolerance=1e-11
    )
    check(
        "At infinite width UV' is UU' - VV' at scale sqrt(mu/2), at half the speed",
        CHAPTER,
        "layers with the Gram matrix of infinite width, trained by automatic differentiation, "
        "with the symmetric factorisation's closed equation, in the largest entry",
        np.abs(wide - np.asarray(symmetric.matrices)).max(),
        1e-7,
    )


WIDTH_PROBLEM = matrix_sensing(6, 1, 4, commuting=True, seed=0)


def random_ends(width: int, mu: float, seeds=range(3)) -> np.ndarray:
    network = MatrixNetwork(width, np.sqrt(mu / width))
    return np.array(
        [
            matrix_flow(
                network, *list(WIDTH_PROBLEM)[:2], [400 / mu**0.5], seed=seed, tolerance=1e-8
            ).matrices[-1]
            for seed in seeds
        ]
    )


def infinite_end(mu: float) -> np.ndarray:
    X, vectors = in_common_basis(WIDTH_PROBLEM)
    potential = DiagonalPotential(2, np.sqrt(mu / 2))
    return (vectors * np.asarray(interpolator(X, WIDTH_PROBLEM.targets, potential).weights)) @ (
        vectors.T
    )


@pytest.mark.parametrize("width", [10, 100, 1000, 10_000])
@pytest.mark.parametrize("mu", [0.05, 0.5])
def test_random_width_ends_where_the_regime_says(width, mu, check):
    away = np.linalg.norm(random_ends(width, mu) - infinite_end(mu), axis=(1, 2))
    check(
        "From random layers of width k the end is within 8 / sqrt(k) of that of infinite width",
        CHAPTER,
        "sqrt(k) times the Frobenius distance, d = 6, s^2 k = 0.05 and 0.5, k from 10 to 10000, "
        "three seeds each",
        np.sqrt(width) * away.max(),
        8.0,
    )


def test_it_is_s2k_and_not_s2_sqrt_k():
    """One output size s^2 sqrt k, at two widths, has two ends; one s^2 k has one."""
    narrow, wide, mu = 400, 40_000, 0.05
    apart = np.linalg.norm(random_ends(wide, mu) - infinite_end(mu), axis=(1, 2)).max()
    other = mu * np.sqrt(wide / narrow)  # s^2 k of the wide net with the output of the narrow one
    assert apart < 0.02
    assert np.linalg.norm(infinite_end(other) - infinite_end(mu)) > 0.2


# Measurements that do not commute


def test_depth_completes_what_the_nuclear_norm_does_not(check):
    A, y, matrix = map(np.asarray, COMPLETION)
    hidden = A.sum(0) == 0
    scale = 1e-2  # 1e-6 for the product
    flow = matrix_flow(DeepFactorization(3, scale), A, y, [2e6], tolerance=1e-8)
    least = np.asarray(minimum_nuclear_norm(A, y))
    assert np.sqrt(((least - matrix)[hidden] ** 2).mean()) > 0.9
    check(
        "On the chapter's data depth three completes the matrix; the least nuclear norm does not",
        CHAPTER,
        "root mean square error of the hidden entries from a product at 1e-6, trained on",
        float(np.sqrt(((np.asarray(flow.matrices[-1]) - matrix)[hidden] ** 2).mean())),
        1e-3,
    )


def test_the_nuclear_norm_rises_again_at_small_scales():
    A, y, _ = map(np.asarray, COMPLETION)
    least = np.linalg.norm(np.asarray(minimum_nuclear_norm(A, y)), "nuc")
    norms = []
    for start in (1e-2, 1e-4, 1e-6):
        flow = matrix_flow(DeepFactorization(2, start**0.5), A, y, [2e4], tolerance=1e-7)
        norms.append(np.linalg.norm(np.asarray(flow.matrices[-1]), "nuc") - least)
    assert 0 < norms[0] < 0.05 < norms[1] < norms[2]


def test_without_commuting_the_end_is_not_the_least_spectral_potential():
    from scipy.optimize import minimize

    A, y, _ = map(np.asarray, GAUSSIAN)
    potential = SpectralPotential(DiagonalPotential(2, 0.3))

    def dual(nu):
        Z = np.tensordot(nu, A, 1)
        slope = np.tensordot(A, np.asarray(potential.to_primal(Z)), 2) - y
        return float(potential.conjugate(Z)) - nu @ y, slope

    nu = minimize(dual, np.zeros(len(y)), jac=True, method="BFGS", options={"gtol": 1e-10}).x
    least = np.asarray(potential.to_primal(np.tensordot(nu, A, 1)))
    np.testing.assert_allclose(np.tensordot(A, least, 2), y, atol=1e-8)
    end = np.asarray(matrix_flow(SymmetricFactorization(0.3), A, y, [300.0]).matrices[-1])
    np.testing.assert_allclose(np.tensordot(A, end, 2), y, atol=1e-8)
    assert np.abs(end - least).max() > 1e-3
    assert potential.value((end + end.T) / 2) > potential.value(least)


# No norm is minimised

RAZIN_COHEN = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]], [[0, 0], [0, 1]]], float)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_the_diverging_completion_is_the_flow_of_its_layers(depth, check):
    times = np.geomspace(0.1, 30, 6)
    network = DeepFactorization(depth, 0.5, unbiased=False)
    direct = trained(network, (RAZIN_COHEN, [1.0, 1.0, 0.0]), times)
    found = divergent_completion(depth, 0.5, times)
    check(
        "The 2 x 2 completion, followed in its determinant's logarithm",
        CHAPTER,
        "layers trained by automatic differentiation, in the largest entry up to time 30",
        np.abs(np.asarray(found.matrices) - direct).max(),
        1e-6,
    )
    misfit = np.tensordot(direct, RAZIN_COHEN, ([1, 2], [1, 2])) - [1.0, 1.0, 0.0]
    np.testing.assert_allclose(found.losses, (misfit**2).sum(1) / 2, atol=1e-7)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_every_norm_grows_while_the_loss_vanishes(depth, check):
    times = np.geomspace(1e2, 1e12, 41)
    path = divergent_completion(depth, 0.1, times)
    hidden, misfit = np.asarray(path.matrices)[:, 0, 0], np.sqrt(2 * np.asarray(path.losses))
    assert path.losses[-1] < 1e-7 and np.all(np.diff(hidden) > 0)
    check(
        "Positive determinant: the hidden entry exceeds (1 - e)^2 / e at misfit e = sqrt(2 L)",
        CHAPTER,
        "largest ratio of the bound to the entry, depths 2, 3 and 4, times 100 to 1e12",
        float(((1 - misfit) ** 2 / misfit / hidden).max()),
        1.0,
    )
    power = depth / (2 * depth + 2)
    predicted = ((2 * depth + 2) * times[-1]) ** power
    check(
        "The hidden entry grows like ((2N+2) t)^(N/(2N+2))",
        CHAPTER,
        "relative difference at time 1e12, depths 2, 3 and 4",
        abs(hidden[-1] / predicted - 1),
        1e-5,
    )
    assert effective_rank(path.matrices[-1]) < 1 + 1e-6


@pytest.mark.parametrize("depth", [2, 3])
def test_with_a_second_product_the_norm_is_least(depth, check):
    flow = matrix_flow(DeepFactorization(depth, 0.1), RAZIN_COHEN, [1.0, 1.0, 0.0], [1e4])
    check(
        "The difference of two products solves the same completion at the least norm",
        CHAPTER,
        "end with the matrix of zeros and ones, in the largest entry, depths 2 and 3",
        np.abs(np.asarray(flow.matrices[-1]) - [[0, 1], [1, 0]]).max(),
        1e-10,
    )


# Bad input


def test_effective_rank_of_equal_values_counts_them():
    np.testing.assert_allclose(effective_rank(np.diag([2.0, 2.0, 0.0, -2.0])), 3.0, rtol=1e-14)
    batch = np.stack([np.eye(3), np.diag([1.0, 0, 0])])
    np.testing.assert_allclose(effective_rank(batch), [3.0, 1.0], rtol=1e-14)


EYE = np.eye(2)
BAD = {
    "effective_rank of zero": (lambda: effective_rank(0 * EYE), "W must not be zero"),
    "not square": (lambda: balanced_layers(np.ones((2, 3)), 2), "W must be square"),
    "depth": (lambda: balanced_layers(EYE, 1), "depth must be an integer, at least 2, found 1"),
    "gradient": (lambda: end_to_end_velocity(EYE, np.eye(3), 2), "gradient must have the shape"),
    "real depth": (lambda: singular_value_velocity(EYE, EYE, 2.5), "depth must be an integer"),  # pyright: ignore
    "measurements": (
        lambda: matrix_flow(SymmetricFactorization(1.0), np.ones((1, 2, 3)), [1.0], [1.0]),
        "measurements must be square",
    ),
    "targets": (
        lambda: minimum_nuclear_norm(EYE[None], [1.0, 2.0]),
        "targets must have one entry a measurement, 1",
    ),
    "times": (
        lambda: matrix_flow(SymmetricFactorization(1.0), EYE[None], [1.0], [1.0, 1.0]),
        "times must rise",
    ),
    "network": (
        lambda: matrix_flow(DiagonalNetwork(2, 1.0), EYE[None], [1.0], [1.0]),  # pyright: ignore
        "network must be a DeepFactorization",
    ),
    "no solution": (
        lambda: minimum_nuclear_norm(np.stack([EYE, EYE]), [1.0, 2.0]),
        "inconsistent",
    ),
    "diverging depth": (lambda: divergent_completion(1, 0.1, [1.0]), "depth must be an integer"),
    "deep depth": (lambda: DeepFactorization(1, 0.1), "depth must be an integer, at least 2"),
    "deep scale": (lambda: DeepFactorization(2, -1.0), "scale must be positive"),
    "rank": (lambda: matrix_sensing(3, 4, 2), "rank must be at most d = 3, found 4"),
    "observed": (lambda: matrix_completion(2, 1, 5), r"observed must be at most d\^2 = 4, found 5"),
    "not symmetric": (
        lambda: SpectralPotential(Euclidean()).value([[0.0, 1.0], [0.0, 0.0]]),
        "W must be symmetric",
    ),
    "not separable": (lambda: SpectralPotential(PNorm(1.5)), "must be a SeparablePotential"),  # pyright: ignore
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
