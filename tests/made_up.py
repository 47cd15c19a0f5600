"""A small figure of the real kind, which several tests show."""

from typing import Any

import numpy as np

from implicitbias.explore import Figure
from implicitbias.explore.scale_and_depth import figure

SCALES = tuple(np.logspace(-3, 1, 9))
DEPTHS = (2, 3, 10)
SAMPLES = 12


def made_up_runs(d: int, *, seed: int, truth_known: bool) -> dict[str, Any]:
    """Arrays of the shapes that training gives, from closed formulas instead of training."""
    generator = np.random.default_rng(seed)
    sparse = np.zeros(d)
    sparse[[1, d // 2]] = [1.0, -0.7]
    dense = generator.normal(0, 0.2, d)
    scale = np.asarray(SCALES)[None, :, None]
    depth = np.asarray(DEPTHS, dtype=float)[:, None, None]
    share = 1 / (1 + (scale / 0.3) ** depth)
    endpoint = share * sparse + (1 - share) * dense
    progress = np.linspace(0, 1, SAMPLES)[:, None] ** np.linspace(1, 3, d)
    steps = np.concatenate([[0.0], np.logspace(-2, 1, SAMPLES - 1)])
    return {
        "weights": endpoint[:, :, None, :] * progress,
        "endpoint": endpoint,
        "times": steps * scale ** (2 - depth),
        "kernel_movement": steps * scale ** (-depth),
        "to_l1": np.abs(endpoint - sparse).max(-1),
        "to_l2": np.abs(endpoint - dense).max(-1),
        "l1": sparse,
        "l2": dense,
        "truth": sparse if truth_known else None,
    }


def small_figure() -> Figure:
    """The chapter's figure, with made-up runs in it."""
    data = {
        "sparse regression": made_up_runs(8, seed=0, truth_known=True),
        "diabetes": made_up_runs(11, seed=1, truth_known=False),
    }
    names = {name: tuple(f"w{j + 1}" for j in range(len(run["l1"]))) for name, run in data.items()}
    return figure(data, names, scales=SCALES, depths=DEPTHS)
