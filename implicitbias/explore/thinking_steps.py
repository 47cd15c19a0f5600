"""The explorable "thinking-steps": what instructions show of single steps, and of whole answers."""

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.images import Images
from implicitbias.explore.text import Clause
from implicitbias.studies import motion

LENGTHS = (2, 3, 4, 5, 7)
COUNTS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 200, 500, 1000, 3000, 10000, 30000, 100000)
SIDES = 3
TABLE = motion.dihedral_group(SIDES)
ORDER = len(TABLE)
_SEED = 4


def met(instructions: np.ndarray) -> np.ndarray:
    """Which pairs of a pose (row) and a command (column) come up in instructions (n, m)."""
    poses = motion.partial_products(TABLE, instructions)[:, :-1]
    found = np.zeros((ORDER, ORDER))
    found[poses, instructions[:, 1:]] = 1
    return found


def thinking_steps() -> Explorable:
    """How soon all steps have been met, how late all instructions.

    Returns:
        The explorable ``"thinking-steps"``.
    """
    counts = np.array(COUNTS, dtype=float)
    drawn = [motion.draw_instructions(COUNTS[-1], m, ORDER, seed=_SEED) for m in LENGTHS]
    tables = np.array([[met(rows[:n]) for n in COUNTS] for rows in drawn])
    place = ("m", "n")
    pairs = ORDER**2
    arrays = {
        "steps": Array(
            place,
            np.array([1 - motion.unseen_steps(counts, m, ORDER) / pairs for m in LENGTHS]),
            step=1e-4,
        ),
        "answers": Array(
            place, np.array([motion.seen_share(counts, m, ORDER) for m in LENGTHS]), step=1e-4
        ),
        "kernel": Array(
            place, np.array([motion.explained_bound(counts, m, ORDER) for m in LENGTHS]), step=1e-4
        ),
        "tables": Array(place, tables[:, :, None], inner=("image", "row", "column"), step=1),
        "count": Array(place, tables.sum(axis=(2, 3)), step=1),
    }
    return Explorable(
        Figure(
            name="thinking-steps",
            title="What instructions show of steps, and of answers",
            axes=(
                Axis("m", "Commands", LENGTHS, kind="choice", symbol="m", start=3),
                Axis("n", "Instructions", COUNTS, symbol="n", log=True, start=10),
            ),
            arrays=arrays,
            panels=(
                Images(
                    "The steps met",
                    "Rows: the pose before. Columns: the command. Filled: seen at least once.",
                    "tables",
                    ("{count} of 36",),
                ),
                Curves(
                    "How much has been seen",
                    "Expected shares. Drag to move the instructions.",
                    axis="n",
                    lines=(
                        Line("steps", "steps met", "run"),
                        Line("answers", "instructions met", "ink", dashed=True),
                        Line("kernel", "a kernel explains at most", "kernel"),
                    ),
                ),
            ),
            reading=(
                Clause(
                    "{n} instructions of {m} commands show {count} of the 36 steps; in the mean "
                    "they show {steps} of the steps and {answers} of all instructions, and a "
                    "kernel method explains at most {kernel} of the answers' variance."
                ),
            ),
            presets=(
                Preset("Two commands", {"m": 2, "n": 100}),
                Preset("Five commands", {"m": 5, "n": 30}),
                Preset("Seven commands", {"m": 7, "n": 10000}),
            ),
            caption=(
                "Commands are the six elements of S₃, drawn uniformly. A step takes one of six "
                "poses to another by one of six commands: 36 facts, whatever the length of the "
                "instructions. Curves are the exact expectations; the table is one draw."
            ),
            alt=(
                "A few dozen instructions show all 36 steps. To have seen all instructions of five "
                "commands takes tens of thousands, and a kernel method cannot do with less than "
                "3125."
            ),
        )
    )
