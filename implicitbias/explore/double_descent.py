"""The explorable "double-descent": the error of interpolators, by the number of features."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.double_descent_data import (
    COUNTS,
    RATIOS,
    SAMPLES,
    TRAIN,
    best_ridge,
    gaussian,
    measured,
)
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.plane import Bars, Extent, Outline, Plane
from implicitbias.explore.text import Clause
from implicitbias.learning import isotropic_risk
from implicitbias.validation import mean_with_error

NOISES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
NORMAL = "isotropic features"
REAL = {"patients": "diabetes", "digits": "digits"}
_FEW = np.arange(4, SAMPLES - 1)
_MANY = np.unique(np.r_[48, np.geomspace(SAMPLES + 2, 10 * SAMPLES, 50).round().astype(int)])


def double_descent() -> Explorable:
    """The fit of least norm and the best ridge, by the number of features and the noise.

    Returns:
        The explorable ``"double-descent"``.
    """
    curves = {name: [] for name in ("few", "many", "ridge", "bars", "near", "far", "tuned")}
    for part in (_isotropic(), *map(_real, REAL.values())):
        for name, values in part.items():
            curves[name].append(values)
    over = ("data", "noise")
    figure = Figure(
        name="double-descent",
        title="The error of the fit of least norm, by the number of features",
        axes=(
            Axis("data", "Data", (NORMAL, *REAL), kind="choice", start=NORMAL),
            Axis("noise", "Noise added to the labels", NOISES, symbol="σ", start=0.5),
        ),
        arrays={
            **{
                name: Array(over, tuple(curves[name]), inner=("step", "xy"))
                for name in ("few", "many", "ridge")
            },
            "bars": Array(over, tuple(curves["bars"]), inner=("point", "bar")),
            **{name: Array(over, tuple(curves[name])) for name in ("near", "far", "tuned")},
            "nothing": Array((), [[0.01, 1.0], [100.0, 1.0]], inner=("step", "xy")),
        },
        panels=(
            Plane(
                "The error on new samples against the number of features",
                "",
                Extent("features a sample, d/n", 0.09, 11, log=True, ticks=(0.1, 0.3, 1, 3, 10)),
                Extent("error", 0.003, 100, log=True),
                (
                    Outline("nothing", "predicting the mean", "soft", dash="2 4"),
                    Outline("ridge", "ridge, well chosen", "soft", dash="7 4"),
                    Outline("few", "", "run"),
                    Outline("many", "the fit of least norm", "run"),
                    Bars("bars", "measured, ± 2 standard errors", "ink"),
                ),
                stretched=True,
            ),
        ),
        reading=(
            Clause("With noise σ = {noise} the fit of least norm has the error {near} at 1.2 "),
            Clause("features a sample, and {far} at ten. Ridge has {tuned} there, and predicting "),
            Clause("the mean has 1."),
        ),
        presets=(
            Preset("No noise", {"data": NORMAL, "noise": 0.0}),
            Preset("The peak", {"data": NORMAL, "noise": 0.5}),
            Preset("Patients are noisy", {"data": "patients", "noise": 0.0}),
            Preset("Digits are not", {"data": "digits", "noise": 0.0}),
        ),
        caption=(
            "Isotropic features: 40 samples, true weights of norm 1; the curve is exact, the dots "
            "are means of 400 draws, and ridge is the best one, by its deterministic equivalent. "
            "Patients and digits: random ReLU features of ten measurements, or of the pixels of "
            "threes and eights; disjoint training sets of 60, tested on all others; ridge is "
            "chosen by leave-one-out errors. There the error is the mean square over the variance "
            "of the target, whose own noise is in it; σ is what we add to the labels of training."
        ),
        alt=(
            "With noise the error of the fit of least norm rises to a peak where there are as many "
            "features as samples and falls again beyond it. Ridge has no peak. On the patients "
            "interpolation stays worse than predicting the mean; on the digits it is as good as "
            "ridge with many features, until noise is added."
        ),
    )
    return Explorable(figure)


def _isotropic() -> dict[str, np.ndarray]:
    def exact(sizes):
        return [
            _graph(
                sizes / SAMPLES,
                np.array([isotropic_risk(SAMPLES, int(d), signal=1, noise=s) for d in sizes]),
            )
            for s in NOISES
        ]

    few, many = np.array(exact(_FEW)), np.array(exact(_MANY))
    sizes = np.r_[_FEW, SAMPLES, _MANY]
    ridge = np.array(
        [_graph(sizes / SAMPLES, np.array([best_ridge(int(d), s) for d in sizes])) for s in NOISES]
    )
    bias, variance = gaussian()
    bars = []
    for s in NOISES:
        excess = bias + s**2 * variance
        spread = excess.std(axis=1, ddof=1) / np.sqrt(excess.shape[1])
        bars.append(np.stack([RATIOS, excess.mean(axis=1), 2 * spread], 1))
    return _read(few, many, ridge, np.array(bars))


def _real(name: str) -> dict[str, np.ndarray]:
    found, ridge = measured(name, NOISES)
    mean, error = (np.asarray(part) for part in mean_with_error(found, len(found)))
    x = np.array(COUNTS) / TRAIN
    curve = _graph(x, mean)
    bars = np.stack([np.broadcast_to(x, mean.shape), mean, 2 * error], -1)
    return _read(curve[:, x < 1], curve[:, x > 1], _graph(x, ridge.mean(axis=0)), bars)


def _graph(x: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.stack([np.broadcast_to(x, values.shape), values], -1)


def _read(
    few: np.ndarray, many: np.ndarray, ridge: np.ndarray, bars: np.ndarray
) -> dict[str, np.ndarray]:
    """What is drawn, and what is read out."""
    near = np.abs(many[0, :, 0] - 1.2).argmin()
    numbers = {"near": many[:, near, 1], "far": many[:, -1, 1], "tuned": ridge[:, -1, 1]}
    return {"few": few, "many": many, "ridge": ridge, "bars": bars} | numbers
