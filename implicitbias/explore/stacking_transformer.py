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
    SEEDS,
    TESTS,
    TUNED,
    TUNINGS,
    Outcome,
    at_loss,
    read,
)
from implicitbias.explore.text import Clause

NAMES = {
    "scratch": "from scratch",
    "middle": "middle block (MIDAS)",
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
_FURTHER = tuple(range(0, TUNED + 1, TUNED // 4))
_DEEPER = list(TUNINGS).index("depth 5")


def stacking_transformer(held: Mapping[str, Outcome] | None = None) -> Explorable:
    """What transformers trained in stages remember, and what they can work out.

    Args:
        held: the runs, by method. By default those that come with the library, which
            ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"stacking-transformer"``.
    """
    return Explorable(figure(read()[0] if held is None else held))


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

    equal = [
        [at_loss(scratch, outcome.loss[:, -1].mean(), i) for i in _SHOWN] for outcome in methods
    ]
    arrays = {
        "loss": Array(("method",), each(lambda outcome: outcome.loss[:, -1].mean()), step=1e-2),
        "right": Array(place, each(lambda outcome: ends(outcome).mean(axis=0)), step=1e-2),
        "solved": Array(place, each(lambda outcome: (ends(outcome) > 0.9).sum(axis=0)), step=1),
        "scratch_loss": Array(
            ("question",), np.full(len(_SHOWN), scratch.loss[:, -1].mean()), step=1e-2
        ),
        "scratch_right": Array(("question",), ends(scratch).mean(axis=0), step=1e-2),
        "scratch_solved": Array(("question",), (ends(scratch) > 0.9).sum(axis=0), step=1),
        "equal": Array(place, np.maximum(equal, 0), step=1e-2),
        "reached": Array(place, np.array(equal) >= 0, step=1),
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
    for k in range(len(SEEDS)):
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
                Extent("validation loss, nats", 0.9, 4.5, log=True, ticks=(1.0, 2.0, 4.0)),
                Extent("share right", 0.0, 1.05),
                (
                    *(
                        Outline(f"scratch_{k}", "from scratch" if k == 0 else "", "ink", "5 4")
                        for k in range(len(SEEDS))
                    ),
                    *(
                        Outline(f"path_{k}", "this method" if k == 0 else "", "run")
                        for k in range(len(SEEDS))
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
                " At the loss at which this method ends, scratch answers {equal}.",
                when={"reached": (1,)},
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
            "Decoder-only transformers of four blocks of width 32, trained for 2000 steps on "
            "facts, copying and chains of variables, eight runs a method with the same samples. "
            "Stacking adds a block at a time and costs three quarters; so does equal cost, with "
            "1500 steps. Depth 4 is never trained, nor are chains of two steps in the forms of "
            "maths and code, which are asked for there."
        ),
        alt=(
            "At equal validation loss, transformers stacked from their middle block answer more "
            "questions about chains of two steps than those trained from scratch. Longer chains "
            "none of them has learned."
        ),
    )
