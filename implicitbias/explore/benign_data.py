"""Interpolation of noise on a circle, for four spectra, and the trials behind the figure.

Features are the first of the Fourier basis, each scaled by the root of its eigenvalue. What is left
of the spectrum acts like a ridge, and as a spike of no width at each sample.
"""

import json
import math
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.special import zeta

from implicitbias.learning import fourier_features

FILE = Path(__file__).with_suffix(".json")
PLACES = 360
FEATURES = PLACES - 1
SAMPLES = (4, 8, 16, 32, 64)
TRIALS = 1000
SEED = 2


class Spectrum(NamedTuple):
    """Eigenvalues, those that are kept and the sum of all others."""

    kept: np.ndarray
    rest: float


def _strong_and_weak(d: int) -> Spectrum:
    weak, strong, total = 10**6, 5, 0.5
    kept = np.where(np.arange(d) < strong, 1.0, total / weak)
    return Spectrum(kept, total * (1 - (d - strong) / weak))


def _slow(d: int) -> Spectrum:
    i = np.arange(1, d + 1)
    return Spectrum(1 / (i * np.log(i + 1) ** 2), 1 / math.log(d + 1.5))


def _power(d: int, a: float) -> Spectrum:
    return Spectrum(np.arange(1.0, d + 1) ** -a, float(zeta(a, d + 1)))


def _exponential(d: int, c: float = 0.25) -> Spectrum:
    return Spectrum(np.exp(-c * np.arange(1, d + 1)), math.exp(-c * (d + 1)) / (1 - math.exp(-c)))


SPECTRA: dict[str, Callable[[int], Spectrum]] = {
    "5 strong, 10⁶ weak": _strong_and_weak,
    "1/(i log² i)": _slow,
    "1/i²": partial(_power, a=2.0),
    "exp(−i/4)": _exponential,
}


class Trials(NamedTuple):
    """Means over draws of the features, and what they vary by; axes are spectra and sizes.

    The excess has the mean ``bias + noise**2 * variance``.
    """

    bias: np.ndarray
    variance: np.ndarray
    covariance: np.ndarray  # (..., 2, 2): of these two, from draw to draw

    def error(self, noise: float) -> np.ndarray:
        """The standard error of the mean excess."""
        parts = np.array([1.0, noise**2])
        return np.sqrt(parts @ (self.covariance @ parts)[..., None] / TRIALS)[..., 0]


def fit(features: np.ndarray, spectrum: Spectrum) -> np.ndarray:
    """The matrix "d n" that takes targets to the coefficients of the fit in the features."""
    scaled = features * spectrum.kept
    gram = scaled @ features.T + spectrum.rest * np.eye(len(features))
    return np.linalg.solve(gram, scaled).T


def parts(features: np.ndarray, spectrum: Spectrum, truth: int) -> tuple[float, float]:
    """Bias, and variance for noise 1, when the target is the feature `truth`."""
    A = fit(features, spectrum)
    missed = A @ features[:, truth]
    missed[truth] -= 1
    return float(missed @ missed), float(np.sum(A**2))


def trials(n: int, count: int = TRIALS, seed: int = SEED) -> np.ndarray:
    """Bias and variance of each spectrum for Gaussian features: (spectrum, draw, 2)."""
    rng = np.random.default_rng([seed, n])
    spectra = [spectrum(FEATURES) for spectrum in SPECTRA.values()]
    draws = (rng.standard_normal((n, FEATURES)) for _ in range(count))
    return np.array(
        [[parts(draw, spectrum, TRUTH) for spectrum in spectra] for draw in draws]
    ).swapaxes(0, 1)


TRUTH = 1
"""The target is the feature of this index, the first cosine."""


def drawn(n: int) -> np.ndarray:
    """The places of n samples, in degrees, all different; the first of one order."""
    return np.random.default_rng(SEED).permutation(PLACES)[:n]


def noise(n: int) -> np.ndarray:
    """The noise of these samples, of variance one."""
    return np.random.default_rng(SEED + 1).standard_normal(SAMPLES[-1])[:n]


def on_circle(spectrum: Spectrum, n: int, sigma: float) -> tuple[np.ndarray, np.ndarray, float]:
    """The targets, the interpolator at every degree, and its excess."""
    basis = np.asarray(fourier_features(np.arange(PLACES) / PLACES, FEATURES))
    at = drawn(n)
    targets = basis[at, TRUTH] + sigma * noise(n)
    coefficients = fit(basis[at], spectrum) @ targets
    curve = basis @ coefficients
    curve[at] = targets
    coefficients[TRUTH] -= 1
    return targets, curve, float(coefficients @ coefficients)


def compute(executor: Executor | None = None) -> list[np.ndarray]:
    """All trials, size by size."""
    return list((executor.map if executor else map)(trials, SAMPLES))


def write(found: list[np.ndarray]) -> None:
    """To the file: five moments for each spectrum and size, with six significant digits."""
    moments = [
        [[*draws.mean(axis=0), *np.cov(draws.T)[np.triu_indices(2)]] for draws in of_size]
        for of_size in found
    ]
    rounded = [[[float(f"{value:.5e}") for value in row] for row in rows] for rows in moments]
    held = {"made by": "python tools/sweeps.py benign", "moments": rounded}
    FILE.write_text(json.dumps(held, separators=(",", ":")) + "\n")


def read() -> Trials:
    """What the file holds, spectra first."""
    moments = np.array(json.loads(FILE.read_text())["moments"]).swapaxes(0, 1)
    covariance = moments[..., [2, 3, 3, 4]].reshape(*moments.shape[:2], 2, 2)
    return Trials(moments[..., 0], moments[..., 1], covariance)
