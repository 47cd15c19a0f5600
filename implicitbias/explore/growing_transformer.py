"""The explorable "growing-transformer": fifteen ways to grow a small transformer."""

from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Preset
from implicitbias.explore.growing_pool import Words, pool_figure
from implicitbias.explore.growing_transformer_data import POOL, PRESERVING, SEEDS, Held, read
from implicitbias.explore.panels.curves import Line
from implicitbias.explore.panels.plane import Extent

FRESH = tuple(how for how in POOL if how.startswith("fresh")) + ("scratch",)
POOLS = {
    "all": POOL,
    "copies": tuple(how for how in POOL if how not in (*PRESERVING, *FRESH)),
    "function kept": PRESERVING,
}
NAMES = tuple(f"number {seed + 1}" for seed in SEEDS)


def growing_transformer(held: Held | None = None) -> Explorable:
    """Losses of a pool of growths of a small transformer, by small model, pool and lag.

    Args:
        held: losses. By default those that come with the library, which ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"growing-transformer"``.
    """
    held = read() if held is None else held
    lags = [0, *(lag for lag in held.lags.tolist() if lag)]
    return Explorable(
        pool_figure(
            Words(
                "growing-transformer",
                "Losses of fifteen ways to double a small transformer, by lag",
                "Transformers of two layers and 32 numbers a token learn facts, copying and chains "
                "of variables for 1000 steps, and are grown to four layers in one of fifteen ways; "
                "1000 more steps, the same samples for all, two small models with two orders of "
                "the data each. Loss is the cross entropy in nats.",
                "Fresh layers without output, put below the others, end with the least loss in all "
                "runs, and have more than others at a lag of a hundred steps. Correlation with "
                "the final ranks passes nine tenths in the second half of the run.",
            ),
            {name: held.loss[:, [i]] for i, name in enumerate(NAMES)},
            lags,
            POOL,
            POOLS,
            (
                Line("zero_bottom", "silent, below", "run"),
                Line("zero_copies", "silent copies", "kernel"),
                Line("halved", "copies, halved", "rich"),
                Line("last", "last layer again", "soft"),
                Line("scratch", "from scratch", "ink", dashed=True),
            ),
            (
                Extent("loss at this lag", 0.4, 5, log=True, ticks=(0.5, 1, 2, 4)),
                Extent("final loss", 0.4, 1, log=True, ticks=(0.4, 0.5, 0.6, 0.8, 1)),
            ),
            (
                Preset("Twenty steps", {"pool": "all", "situation": NAMES[0], "lag": 20}),
                Preset("A lag of a hundred", {"pool": "all", "situation": NAMES[0], "lag": 100}),
                Preset("Half of the run", {"pool": "all", "situation": NAMES[0], "lag": 500}),
                Preset("The other small model", {"pool": "all", "situation": NAMES[1], "lag": 100}),
            ),
            situation="Small model",
            start={"pool": "all", "situation": NAMES[0], "lag": 100},
        )
    )
