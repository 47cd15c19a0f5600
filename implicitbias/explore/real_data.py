"""The explorable "real-data": what scale, depth and stopping do on data that nobody made."""

from collections.abc import Mapping

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import ITEM, Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.stems import Stems
from implicitbias.explore.real_data_data import DEPTHS, FACTORS, SCALES, STEP, TRAIN, Held, read
from implicitbias.explore.text import Clause
from implicitbias.problems import real_data as problem_of
from implicitbias.validation import mean_with_error

_LOWER, _SAME, _HIGHER = 0, 1, 2
_FLOOR = 1e-3
_SCORES, _LABELS = ("diabetes",), ("digits", "breast cancer")


def real_data(held: Mapping[tuple[str, int], Held] | None = None) -> Explorable:
    """Test errors of networks on three data sets, by scale, depth and how far they are trained.

    Args:
        held: what ``validate`` found for each data set and depth. By default what comes with the
            library, which ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"real-data"``.
    """
    return Explorable(figure(read() if held is None else held))


def figure(held: Mapping[tuple[str, int], Held]) -> Figure:
    """What the explorable shows of computed validations."""
    runs = [[held[name, depth] for depth in DEPTHS] for name in TRAIN]
    over = ("data", "depth", "factor", "scale")

    def stacked(values) -> tuple[np.ndarray, ...]:
        return tuple(np.stack([values(run) for run in of_depths]) for of_depths in runs)

    def statistics(values) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
        pairs = [
            [mean_with_error(values(run), run.disjoint) for run in of_depths] for of_depths in runs
        ]
        mean, error = (
            tuple(np.stack([np.asarray(pair[k]) for pair in row]) for row in pairs) for k in (0, 1)
        )
        return mean, error

    def shifted(mean, error, by: int) -> tuple[np.ndarray, ...]:
        return tuple(a + by * b for a, b in zip(mean, error, strict=True))

    error, spread = statistics(lambda run: run.errors)
    more, apart = statistics(lambda run: run.errors - run.errors[..., -1:])
    verdict = tuple(
        np.where(np.abs(a) <= 2 * b, _SAME, np.where(a < 0, _LOWER, _HIGHER))
        for a, b in zip(more, apart, strict=True)
    )
    constant = tuple(row[0].baseline.mean() for row in runs)
    return Figure(
        name="real-data",
        title="Test errors on real data, by scale, depth and how far training goes",
        axes=(
            Axis("data", "Data", tuple(TRAIN), kind="choice", start="diabetes"),
            Axis(
                "scale",
                "Scale of initialisation",
                tuple(SCALES),
                symbol="α",
                log=True,
                ends=("small: feature learning", "large: kernel"),
                roles=("rich", "kernel"),
                start=SCALES[0],
            ),
            Axis(
                "factor",
                "Training lowers its loss by the factor",
                FACTORS,
                log=True,
                ends=("stopped early", "fits every sample"),
                start=2.0,
            ),
            Axis("depth", "Depth", DEPTHS, kind="choice", symbol="D", start=2),
        ),
        arrays={
            "shares": Array(over, stacked(lambda run: run.shares), inner=(ITEM,), step=STEP),
            "effective": Array(over, stacked(lambda run: run.effective), step=0.003, log=True),
            "error": Array(over, error),
            "spread": Array(over, spread),
            "constant": Array(
                ("data", "scale"), tuple(np.full(len(SCALES), value) for value in constant)
            ),
            "always": Array(
                ("data", "factor"), tuple(np.full(len(FACTORS), value) for value in constant)
            ),
            "more": Array(over, more),
            "apart": Array(over, apart),
            "more_low": Array(over, shifted(more, apart, -1)),
            "more_high": Array(over, shifted(more, apart, 1)),
            "size": Array(over, tuple(np.abs(x) for x in more)),
            "verdict": Array(over, verdict, step=1),
        },
        panels=(
            Stems(
                "The weights, each as a share of the sum of their sizes",
                array="shares",
                label="of the first training set",
            ),
            Curves(
                "The test error against the scale",
                "Mean over the training sets, at this depth and stopping.",
                axis="scale",
                lines=(
                    Line("error", "this network", "run"),
                    Line("constant", "no features", "ink", dashed=True),
                ),
                floor=_FLOOR,
            ),
            Curves(
                "The test error against how far training goes",
                "At this scale and depth.",
                axis="factor",
                lines=(
                    Line("error", "this network", "run"),
                    Line("always", "no features", "ink", dashed=True),
                ),
                floor=_FLOOR,
            ),
            Curves(
                "More than from the largest scale",
                "The same training sets compared; dashed, one standard error.",
                axis="scale",
                lines=(
                    Line("more", "", "run"),
                    Line("more_low", "", "soft", dashed=True),
                    Line("more_high", "", "soft", dashed=True),
                ),
                bands="verdict",
                band_labels=(
                    (_LOWER, "lower by more than two standard errors", "rich"),
                    (_HIGHER, "higher by more than two standard errors", "kernel"),
                ),
            ),
            Curves(
                "How many weights count",
                "‖w‖₁² / ‖w‖₂², of the first training set.",
                axis="scale",
                lines=(Line("effective", "", "run"),),
                floor=1.0,
            ),
        ),
        reading=(
            Clause("At depth {depth} and α = {scale}, with the loss lowered {factor}-fold, "),
            Clause(
                "the mean squared error is {error} ± {spread} (no features: {constant}). ",
                when={"data": _SCORES},
            ),
            Clause(
                "the share of wrong labels is {error} ± {spread} (no features: {constant}). ",
                when={"data": _LABELS},
            ),
            Clause("About {effective} weights count. "),
            Clause(
                "That is {size} ± {apart} less than from the largest scale.",
                when={"verdict": (_LOWER,)},
            ),
            Clause(
                "That is {size} ± {apart} more than from the largest scale.",
                when={"verdict": (_HIGHER,)},
            ),
            Clause(
                "From the largest scale it is the same within two standard errors.",
                when={"verdict": (_SAME,)},
            ),
        ),
        presets=(
            Preset(
                "Sparse and stopped",
                {"data": "diabetes", "scale": SCALES[0], "factor": 2.0, "depth": 2},
            ),
            Preset(
                "Trained to the end",
                {"data": "diabetes", "scale": SCALES[0], "factor": 1e8, "depth": 2},
            ),
            Preset(
                "Pixels, sparse",
                {"data": "digits", "scale": SCALES[0], "factor": 100.0, "depth": 2},
            ),
            Preset(
                "Pixels, all of them",
                {"data": "digits", "scale": 10.0, "factor": 100.0, "depth": 2},
            ),
            Preset(
                "Cells, no matter",
                {"data": "breast cancer", "scale": 0.1, "factor": 100.0, "depth": 2},
            ),
        ),
        items=tuple(tuple(problem_of(name).feature_names or ()) for name in TRAIN),
        caption=(
            "Diagonal networks trained on 40 diabetes patients, 40 handwritten digits (three or "
            "eight) or 56 tumours at a time, and tested on all others; no training set shares a "
            "sample with another. Square loss for the patients' score, exponential loss for the "
            "labels. Standard errors are over the training sets."
        ),
        alt=(
            "On the diabetes data stopping early matters most, and small scales do a little better "
            "when stopped; on the digits large scales do better; on the tumours the scale hardly "
            "matters."
        ),
    )
