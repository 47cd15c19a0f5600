"""The explorable "benign": what fitting noise costs, by spectrum, noise and number of samples."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.benign_data import (
    FEATURES,
    PLACES,
    SAMPLES,
    SPECTRA,
    TRUTH,
    drawn,
    on_circle,
    read,
)
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.plane import Bars, Extent, Outline, Plane, Points
from implicitbias.explore.text import Clause
from implicitbias.learning import equivalent_risk, fourier_features

NOISES = (0.0, 0.25, 0.5, 1.0)
_RANGE = 4.0  # of the picture; what lies outside is cut off
_LOWEST = 1e-3
_DIGITS = 1e-3  # of a logarithm: the steepest spectrum at 64 samples has not many more
_STEP = 0.05  # a pixel of the picture is 0.03
_SIZES = np.union1d(SAMPLES, np.geomspace(SAMPLES[0], SAMPLES[-1], 25).round().astype(int))

STRONG, SLOW, POWER, EXPONENTIAL = SPECTRA


def benign() -> Explorable:
    """Min-norm interpolation of noisy samples of a cosine, with four spectra of features.

    Returns:
        The explorable ``"benign"``: the function that is fitted on a circle, and its excess error
        beside the deterministic equivalent for Gaussian features and 1000 trials of these.
    """
    over, names = ("spectrum", "noise"), tuple(SPECTRA)
    theory = _theory()
    trials = read()
    bars = np.array(
        [
            [
                np.stack(
                    [
                        SAMPLES,
                        trials.bias[k] + noise**2 * trials.variance[k],
                        2 * trials.error(noise)[k],
                    ],
                    1,
                )
                for noise in NOISES
            ]
            for k in range(len(names))
        ]
    )
    curves, samples, own = _fits()
    at = [list(_SIZES).index(n) for n in SAMPLES]
    parts = theory[:, :, at]
    sized = np.broadcast_to(np.array(SAMPLES, float), own.shape)
    angles = np.arange(PLACES, dtype=float)
    truth = np.asarray(fourier_features(angles / PLACES, FEATURES))[:, TRUTH]
    circle = Extent("angle, in degrees", 0, PLACES, ticks=(0, 90, 180, 270))
    figure = Figure(
        name="benign",
        title="A fit through noisy samples, and what it costs, by the spectrum of the features",
        axes=(
            Axis("spectrum", "Eigenvalues of the features", names, kind="choice", start=STRONG),
            Axis("samples", "Samples", SAMPLES, symbol="n", log=True, start=32),
            Axis("noise", "Noise in the labels", NOISES, symbol="σ", start=0.5),
        ),
        arrays={
            "fit": Array((*over, "samples"), curves, inner=("step", "xy"), step=_STEP),
            "data": Array(("samples", "noise"), samples, inner=("point", "xy"), step=_STEP),
            "truth": Array((), np.stack([angles, truth], 1), inner=("step", "xy"), step=_STEP),
            "own": Array((*over, "samples"), own, step=_DIGITS, log=True),
            "own_point": Array(
                (*over, "samples"),
                np.stack([sized, own], -1)[..., None, :],
                inner=("point", "xy"),
                step=_DIGITS,
                log=True,
            ),
            "bars": Array(over, bars, inner=("point", "bar")),
            **{
                f"{name}_curve": Array(over, _graph(theory[..., k]), inner=("step", "xy"))
                for k, name in enumerate(("bias", "variance", "excess"))
            },
            **{
                name: Array((*over, "samples"), parts[..., k])
                for k, name in enumerate(("bias", "variance", "excess"))
            },
        },
        panels=(
            Plane(
                "The function that is fitted",
                "",
                circle,
                Extent("label", -_RANGE, _RANGE),
                (
                    Outline("truth", "the truth", "ink", dash="6 4"),
                    Outline("fit", "the fit of least norm", "run"),
                    Points("data", "samples", "ink", "dot"),
                ),
                stretched=True,
            ),
            Plane(
                "Its error against the number of samples",
                "",
                Extent("n", 3.6, 80, log=True, ticks=SAMPLES),
                Extent("excess error", _LOWEST, 100, log=True),
                (
                    Outline("excess_curve", "predicted for Gaussian features", "run"),
                    Outline("bias_curve", "of this, bias", "soft", dash="2 4"),
                    Outline("variance_curve", "of this, noise", "soft", dash="7 4"),
                    Bars("bars", "1000 trials, ± 2 standard errors", "ink"),
                    Points("own_point", "the drawn fit", "run", "ring"),
                ),
                stretched=True,
            ),
        ),
        reading=(
            Clause("With {samples} samples and noise σ = {noise}, the fit misses the truth by "),
            Clause("{own} in mean square. For Gaussian features {excess} are predicted: "),
            Clause("{bias} of bias and {variance} of noise that comes back. "),
            Clause("Every spectrum learns from labels without noise.", when={"noise": (0.0,)}),
            Clause(
                "As n grows the noise's part vanishes like 5/n: benign.",
                when={"spectrum": (STRONG,), "noise": NOISES[1:]},
            ),
            Clause(
                "As n grows the noise's part vanishes, but like 1/log n: benign, and slow.",
                when={"spectrum": (SLOW,), "noise": NOISES[1:]},
            ),
            Clause(
                "As n grows the noise's part tends to σ² itself: tempered.",
                when={"spectrum": (POWER,), "noise": NOISES[1:]},
            ),
            Clause(
                "The noise's part grows in proportion to n: catastrophic.",
                when={"spectrum": (EXPONENTIAL,), "noise": NOISES[1:]},
            ),
        ),
        presets=(
            Preset("Benign", {"spectrum": STRONG, "samples": 64, "noise": 0.5}),
            Preset("Tempered", {"spectrum": POWER, "samples": 64, "noise": 0.5}),
            Preset("Catastrophic", {"spectrum": EXPONENTIAL, "samples": 32, "noise": 0.5}),
            Preset("No noise, no harm", {"spectrum": EXPONENTIAL, "samples": 32, "noise": 0.0}),
        ),
        caption=(
            "Interpolators of least norm with features of the Fourier basis on a circle, each "
            "scaled by the root of its eigenvalue. The truth is the first cosine, with mean square "
            "1. Every fit goes through all samples; spikes of the first two spectra are narrower "
            "than a line. The second picture has the excess error that the deterministic "
            "equivalent predicts for Gaussian features with the same eigenvalues, and 1000 draws "
            "of those. Sample points on the circle are one draw."
        ),
        alt=(
            "With five strong features and a million weak ones the fit follows the truth and meets "
            "the samples in narrow spikes, and its error falls with n. With eigenvalues that fall "
            "like a power it wiggles between the samples and its error stays the noise's. With "
            "exponentially falling ones it swings far beyond all samples and its error grows."
        ),
    )
    return Explorable(figure)


def _theory() -> np.ndarray:
    """Bias, variance and excess: (spectrum, noise, size, 3)."""
    found = []
    for spectrum in (make(FEATURES) for make in SPECTRA.values()):
        weights = np.zeros(FEATURES)
        weights[TRUTH] = spectrum.kept[TRUTH] ** -0.5
        risks = [
            equivalent_risk(spectrum.kept, int(n), weights=weights, noise=1, ridge=spectrum.rest)
            for n in _SIZES
        ]
        bias, variance = (
            np.array([getattr(risk, part) for risk in risks]) for part in ("bias", "variance")
        )
        found.append(
            [np.stack([bias, s**2 * variance, bias + s**2 * variance], -1) for s in NOISES]
        )
    return np.array(found)


def _graph(values: np.ndarray) -> np.ndarray:
    """Points over the sizes."""
    return np.stack([np.broadcast_to(_SIZES.astype(float), values.shape), values], -1)


def _fits() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Curves (spectrum, noise, size, place, 2), cut off; samples, padded; and excess errors."""
    angles = np.arange(PLACES, dtype=float)
    curves, own = [], []
    for spectrum in (make(FEATURES) for make in SPECTRA.values()):
        fits = [[on_circle(spectrum, n, noise) for n in SAMPLES] for noise in NOISES]
        shown = [[np.clip(fit[1], -1.1 * _RANGE, 1.1 * _RANGE) for fit in row] for row in fits]
        curves.append([[np.stack([angles, curve], 1) for curve in row] for row in shown])
        own.append([[fit[2] for fit in row] for row in fits])
    spectrum = SPECTRA[STRONG](FEATURES)
    samples = [[_padded(n, on_circle(spectrum, n, noise)[0]) for noise in NOISES] for n in SAMPLES]
    return np.array(curves), np.array(samples), np.array(own)


def _padded(n: int, targets: np.ndarray) -> np.ndarray:
    """As many points for every size: the last one again."""
    points = np.stack([drawn(n).astype(float), targets], 1)
    return np.vstack([points, np.repeat(points[-1:], SAMPLES[-1] - n, axis=0)])
