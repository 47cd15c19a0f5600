"""Saddle-to-saddle jumps by updates, against a bounded least squares solver at each jump."""

import time

import numpy as np
from scipy.optimize import lsq_linear, nnls

import implicitbias as ib

from .timing import row, seconds


def from_nothing(X, y, solve):
    """The same jumps, the constrained least squares problem of each solved anew."""
    s, w, jumps = np.zeros(X.shape[1]), np.zeros(X.shape[1]), 0
    drive = X.T @ y
    still = 1e-11 * np.abs(drive).max()
    while np.abs(drive := X.T @ (y - X @ w)).max() > still:
        moving = np.abs(drive) > still
        waits = (1 - np.sign(drive) * s)[moving] / np.abs(drive[moving])
        s = s + waits.min() * np.where(moving, drive, 0)
        at = np.abs(s) > 1 - 1e-9
        signs = np.sign(s[at])
        w = np.zeros(len(w))
        w[at] = signs * solve(X[:, at] * signs, y)
        jumps += 1
    return w, jumps


def bounded(A, y):
    return lsq_linear(A, y, (0, np.inf), method="bvls", tol=1e-13).x


def main():
    print("all jumps of the small-scale limit, n = 100, d = 1000")
    problem = ib.sparse_regression(100, 1000, 5, noise=0.1, seed=1)
    X, y = np.asarray(problem.X), np.asarray(problem.y)
    jumps = ib.saddle_to_saddle(X, y)
    ours = seconds(lambda: ib.saddle_to_saddle(X, y).weights)
    for name, solve in (
        ("scipy's lsq_linear", bounded),
        ("scipy's nnls", lambda A, b: nnls(A, b)[0]),
    ):
        start = time.perf_counter()
        w, count = from_nothing(X, y, solve)
        theirs = time.perf_counter() - start
        gap = np.abs(w - jumps.weights[-1]).max()
        row(f"against {name} at each jump", ours, theirs, f"{count} jumps, ends agree to {gap:.0e}")
    off = float(np.abs(jumps.weights[-1] - ib.basis_pursuit(X, y)).max())
    print(f"  {len(jumps.times)} jumps, {off:.0e} from basis pursuit by HiGHS")
