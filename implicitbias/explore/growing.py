"""The explorable "growing": twenty-four ways to double a network, by what they start from."""

from collections.abc import Mapping

import numpy as np

from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Preset
from implicitbias.explore.growing_data import COPIES, LOOKS, POOL, PRESERVING, REPEATS, read
from implicitbias.explore.growing_pool import Words, pool_figure
from implicitbias.explore.panels.curves import Line
from implicitbias.explore.panels.plane import Extent

POOLS = {"all": POOL, "copies": COPIES, "function kept": PRESERVING, "repeats": REPEATS}


def growing(held: Mapping[str, np.ndarray] | None = None) -> Explorable:
    """Losses of a pool of growths on iterated maps, by situation, pool and lag.

    Args:
        held: scores. By default those that come with the library, which ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"growing"``.
    """
    held = read() if held is None else held
    return Explorable(
        pool_figure(
            Words(
                "growing",
                "Losses of twenty-four ways to double a residual network, by lag",
                "Residual networks of four layers learn eight rounds of one map for 3000 steps "
                "(trained) or 300 (young), or eight different maps for 3000, and are doubled in "
                "one of twenty-four ways: 22 in depth, two in width. Adam, 1500 more steps, the "
                "same samples for all; five networks, two orders of the data each. Loss is the "
                "mean square error over the target's variance.",
                "From a well trained network, copies with halved outputs start with seven times "
                "the loss of those that preserve the function, and end with the least. From a "
                "young one, or with eight different maps, what preserves the function ends best.",
            ),
            held,
            LOOKS,
            POOL,
            POOLS,
            (
                Line("halved", "copies, halved", "run"),
                Line("zero_copies", "silent copies", "kernel"),
                Line("copied", "wider", "kernel", dashed=True),
                Line("interleaved", "copies", "rich"),
                Line("fresh_top", "fresh on top", "soft"),
                Line("scratch", "from scratch", "ink", dashed=True),
            ),
            (
                Extent("loss at this lag", 2e-4, 3, log=True),
                Extent("final loss", 2e-4, 1e-2, log=True),
            ),
            (
                Preset("Ten steps", {"pool": "all", "situation": "trained", "lag": LOOKS[1]}),
                Preset("A lag of ninety steps", {"pool": "all", "situation": "trained", "lag": 90}),
                Preset("A young network", {"pool": "all", "situation": "young", "lag": 50}),
                Preset(
                    "Eight different maps", {"pool": "all", "situation": "eight maps", "lag": 380}
                ),
                Preset(
                    "Only what preserves the function",
                    {"pool": "function kept", "situation": "trained", "lag": 90},
                ),
                Preset(
                    "What to repeat", {"pool": "repeats", "situation": "trained", "lag": LOOKS[3]}
                ),
            ),
            situation="Before growing",
            start={"pool": "all", "situation": "trained", "lag": 90},
        )
    )
