"""The explorable "stacking-transformer": small transformers, trained in stages or not."""

from collections.abc import Mapping

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.images import Images
from implicitbias.explore.panels.plane import Extent, Outline, Plane
from implicitbias.explore.stacking_transformer_data import (
    LONG_RUN,
    TESTS,
    TUNINGS,
    Outcome,
    at_loss,
    common_loss,
    read,
)
from implicitbias.explore.text import Clause

NAMES = {
    "scratch": "from scratch",
    "middle": "middle block (MIDAS)",
    "cleared": "MIDAS, cleared",
    "last": "last block",
    "fresh_middle": "fresh block",
    "looped": "looped",
    "equal_cost": "scratch, equal cost",
    "shallow": "two layers",
}
_QUESTIONS = {
    "facts": "facts",
    **{f"depth {depth}": f"depth {depth}" for depth in range(1, 5)},
    "math": "math, depth 2",
    "code": "code, depth 2",
}
"""What is shown, by a name that fits the control."""

_SHOWN = [list(TESTS).index(test) for test in _QUESTIONS.values()]
_FURTHER = tuple(range(0, LONG_RUN.tuned + 1, LONG_RUN.tuned // 4))
_DEEPER = list(TUNINGS).index("depth 5")


def stacking_transformer(held: Mapping[str, Outcome] | None = None) -> Explorable:
    """What transformers trained in stages remember, and what they can work out.

    Args:
        held: the long run, by method. By default what comes with the library, which
            ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"stacking-transformer"``.
    """
    return Explorable(figure(read().long if held is None else held))


def figure(held: Mapping[str, Outcome]) -> Figure:
    """What the explorable shows of runs."""
    methods = [held[name] for name in NAMES]
    scratch = held["scratch"]
    place = ("method", "question")

    def path(outcome: Outcome, k: int) -> np.ndarray:
        """One run's (question, moment, xy), with as many moments for all methods."""
        at = np.linspace(0, len(outcome.steps) - 1, len(scratch.steps)).round().astype(int)
        pairs = np.broadcast_arrays(outcome.loss[k], outcome.right[k].T[_SHOWN])
        return np.stack(pairs, axis=-1)[:, at]

    def ends(outcome: Outcome) -> np.ndarray:
        return outcome.right[:, -1, _SHOWN]

    def each(of_outcome) -> np.ndarray:
        return np.array([of_outcome(outcome) for outcome in methods])

    common = [common_loss(outcome, scratch) for outcome in methods]

    def equal(of: list[Outcome]) -> list[list[float]]:
        """Shares at the loss that method and scratch have in common."""
        pairs = zip(of, common, strict=True)
        return [[at_loss(outcome, loss, i).mean() for i in _SHOWN] for outcome, loss in pairs]

    arrays = {
        "loss": Array(("method",), each(lambda outcome: outcome.loss[:, -1].mean()), step=1e-2),
        "right": Array(place, each(lambda outcome: ends(outcome).mean(axis=0)), step=1e-2),
        "solved": Array(place, each(lambda outcome: (ends(outcome) > 0.9).sum(axis=0)), step=1),
        "scratch_loss": Array(
            ("question",), np.full(len(_SHOWN), scratch.loss[:, -1].mean()), step=1e-2
        ),
        "scratch_right": Array(("question",), ends(scratch).mean(axis=0), step=1e-2),
        "scratch_solved": Array(("question",), (ends(scratch) > 0.9).sum(axis=0), step=1),
        "common": Array(("method",), np.array(common), step=1e-2),
        "equal": Array(place, np.array(equal(methods)), step=1e-2),
        "scratch_equal": Array(place, np.array(equal([scratch] * len(methods))), step=1e-2),
        "deeper": Array(
            ("method", "further"),
            each(lambda outcome: outcome.tuned[:, _DEEPER].mean(axis=0)),
            step=1e-2,
        ),
        "scratch_deeper": Array(("further",), scratch.tuned[:, _DEEPER].mean(axis=0), step=1e-2),
        "similarity": Array(
            ("method",),
            [outcome.similarity.mean(axis=0)[None] for outcome in methods],
            inner=("image", "row", "column"),
            step=0.02,
        ),
    }
    for k in range(len(LONG_RUN.seeds)):
        arrays[f"path_{k}"] = Array(
            place, each(lambda outcome, k=k: path(outcome, k)), inner=("step", "xy"), step=0.01
        )
        arrays[f"scratch_{k}"] = Array(
            ("question",), path(scratch, k), inner=("step", "xy"), step=0.01
        )
    return Figure(
        name="stacking-transformer",
        title="What transformers remember and work out, trained in stages or not",
        axes=(
            Axis("method", "Method", tuple(NAMES.values()), kind="choice", start=NAMES["middle"]),
            Axis("question", "Questions", tuple(_QUESTIONS), kind="choice", start="depth 2"),
            Axis("further", "Further steps", _FURTHER),
        ),
        arrays=arrays,
        panels=(
            Curves(
                "Chains of five steps, in further training",
                "Mean share right; chance is a third. Drag to move the steps.",
                axis="further",
                lines=(
                    Line("deeper", "this method", "run"),
                    Line("scratch_deeper", "from scratch", "ink", dashed=True),
                ),
            ),
            Images(
                "How alike the blocks are at the end",
                "Cosine of the weights of every two blocks, mean of eight runs.",
                "similarity",
                ("blocks",),
            ),
            Plane(
                "Right answers against validation loss",
                "A thin line a run, along training, which goes to the left.",
                Extent("validation loss, nats", 0.08, 4.5, log=True, ticks=(0.1, 0.3, 1.0, 3.0)),
                Extent("share right", 0.0, 1.2, ticks=(0.0, 0.5, 1.0)),
                (
                    *(
                        Outline(f"scratch_{k}", "from scratch" if k == 0 else "", "ink", "5 4")
                        for k in range(len(LONG_RUN.seeds))
                    ),
                    *(
                        Outline(f"path_{k}", "this method" if k == 0 else "", "run")
                        for k in range(len(LONG_RUN.seeds))
                    ),
                ),
                stretched=True,
            ),
        ),
        reading=(
            Clause(
                "The validation loss ends at {loss}, and {right} of these questions are answered "
                "rightly; {solved} of eight runs answer more than nine tenths of them. From "
                "scratch it is {scratch_loss}, {scratch_right} and {scratch_solved} runs."
            ),
            Clause(
                " At the loss {common}, which all sixteen runs have passed, this method answers "
                "{equal} and scratch {scratch_equal}.",
                unless={"method": (NAMES["scratch"],)},
            ),
            Clause(
                " After {further} further steps on chains of five steps, {deeper} of those are "
                "right, and {scratch_deeper} from scratch."
            ),
        ),
        presets=(
            Preset("Chains of two steps", {"method": NAMES["middle"], "question": "depth 2"}),
            Preset("Facts", {"method": NAMES["middle"], "question": "facts"}),
            Preset("Longer than trained", {"method": NAMES["middle"], "question": "depth 4"}),
            Preset("Looped", {"method": NAMES["looped"], "question": "depth 2"}),
            Preset("Fresh blocks", {"method": NAMES["fresh_middle"], "question": "depth 2"}),
        ),
        caption=(
            "Decoder-only transformers of four blocks of width 32, trained for 5000 steps on "
            "facts, copying and chains of variables, eight runs a method with the same samples. "
            "Stacking adds a block at a time and costs three quarters; so does equal cost, with "
            "3750 steps. Cleared are Adam's moments, when a block is added. Depth 4 is never "
            "trained, nor are chains of two steps in the forms of maths and code, which are asked "
            "for there."
        ),
        alt=(
            "At equal validation loss, transformers stacked from their middle block answer more "
            "questions about chains of two steps than those trained from scratch, but one run of "
            "eight never learns them. At the end both answer as many, and scratch knows more facts."
        ),
    )
