"""The path over 63 scales, against gradient descent at one of them and its own bare algebra."""

import time

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_factor, cho_solve

import implicitbias as ib

from .timing import row, seconds


def descend(X, y, scale, step=1e-3, stop=1e-4):
    """Plain gradient descent on (u, v), on the mean square / 2, as one would first write it."""
    n, d = X.shape
    u, v = np.full(d, scale), np.full(d, scale)
    for steps in range(10**7):
        residual = X @ (u**2 - v**2) - y
        if residual @ residual / (2 * n) < stop:
            return u**2 - v**2, steps
        slope = X.T @ residual / n
        u, v = u - 2 * step * u * slope, v + 2 * step * v * slope
    raise RuntimeError("gradient descent did not reach its stopping loss")


@jax.jit
def bare(X, y, count):
    """As many products X diag(q) X', factorisations and solves as the path makes."""

    def step(_, carry):
        factor = cho_factor((X * carry[1]) @ X.T)
        nu = cho_solve(factor, y)
        return nu, 1 + 1e-12 * jnp.abs(nu @ X)

    return jax.lax.fori_loop(0, count, step, (y, jnp.ones(X.shape[1])))


def main():
    print("63 scales from 10 to 1e-30, depth 2, n = 100, d = 1000")
    problem = ib.sparse_regression(100, 1000, 5, noise=0.1, seed=0)
    X, y = problem.X, problem.y
    scales = np.geomspace(10, 1e-30, 63)
    path = ib.scale_path(X, y, 2, scales)
    ours = seconds(lambda: ib.scale_path(X, y, 2, scales).weights)
    start = time.perf_counter()
    end, steps = descend(np.asarray(X), np.asarray(y), 1e-5)
    descent = time.perf_counter() - start
    exact = ib.interpolator(X, y, ib.DiagonalPotential(2, 1e-5)).weights
    off = float(np.linalg.norm(end - exact) / np.linalg.norm(exact))
    row("against gradient descent at scale 1e-5", ours, descent, f"{steps} steps, off by {off:.1%}")
    count = int(path.iterations.sum())
    algebra = seconds(lambda: bare(X, y, count))
    row("against its bare matrix algebra", ours, algebra, f"{count} Newton steps")
    relative = float(path.feasibility.max() / jnp.abs(y).max())
    print(f"  largest relative residual {relative:.1e}")
