"""The dual flow against Tsit5 on the parameters, over the same horizon."""

import time

import jax.numpy as jnp

import implicitbias as ib

from .timing import row, seconds


def main():
    print("trajectories, n = 20, d = 40")
    problem = ib.sparse_regression(20, 40, 4, noise=0.1, seed=0)
    X, y = problem.X, problem.y
    for depth, scale, units in ((2, 1e-10, 1e5), (2, 1e-60, 1e5), (3, 1e-5, 1e4), (10, 0.3, 1e4)):
        network = ib.DiagonalNetwork(depth, scale)
        wait = 1 - 2 * jnp.log(scale) if depth == 2 else depth / (depth - 2)
        horizon = float(units * wait / (network.rate * jnp.abs(X.T @ y).max()))
        end_time = jnp.array([horizon])
        end = ib.interpolator(X, y, network.potential()).weights
        flow = ib.gradient_flow(network, X, y, end_time)
        off = float(jnp.abs(flow.weights[-1] - end).max())
        ours = seconds(lambda n=network, t=end_time: ib.gradient_flow(n, X, y, t).weights)
        start = time.perf_counter()
        try:
            ib.gradient_flow(network, X, y, end_time, space="parameters")
            note = "Tsit5 arrived"
        except RuntimeError:
            note = "Tsit5 gave up after 200,000 steps"
        theirs = time.perf_counter() - start
        row(f"depth {depth}, scale {scale:g}", ours, theirs, f"off by {off:.0e}; {note}")
