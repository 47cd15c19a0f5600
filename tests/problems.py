"""Seeded data that several tests share."""

import numpy as np


def gaussian(n: int, d: int, sparsity: int = 0, noise: float = 0.0, seed: int = 0):
    """X standard normal; y from a sparse truth with noise, or standard normal without a truth."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    if sparsity == 0:
        return X, rng.standard_normal(n)
    truth = np.zeros(d)
    support = rng.choice(d, sparsity, replace=False)
    truth[support] = rng.choice([-1, 1], sparsity) * rng.uniform(0.6, 1.2, sparsity)
    return X, X @ truth + noise * rng.standard_normal(n)
