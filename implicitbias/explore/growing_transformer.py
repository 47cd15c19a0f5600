"""The explorable "growing-transformer": fifteen ways to grow a small transformer."""

from collections.abc import Mapping

from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Preset
from implicitbias.explore.growing_pool import Words, pool_figure
from implicitbias.explore.growing_transformer_data import (
    LAGS,
    POOL,
    POOLS,
    Grown,
    Setting,
    losses,
    read,
)
from implicitbias.explore.panels.curves import Line
from implicitbias.explore.panels.plane import Extent


def growing_transformer(held: Mapping[Setting, Grown] | None = None) -> Explorable:
    """Losses of a pool of growths of a small transformer, by base training, pool and lag.

    Args:
        held: what became of the pool, by setting. By default what comes with the library, which
            ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"growing-transformer"``.
    """
    return Explorable(
        pool_figure(
            Words(
                "growing-transformer",
                "Losses of fifteen ways to double a small transformer, by lag",
                "Transformers of two layers and 32 numbers a token learn facts, copying and chains "
                "of variables for 2000 steps (trained) or 200 (young), and are grown to four "
                "layers in one of fifteen ways; 600 more steps, the same samples for all; five "
                "small models, two of them with two orders of the data. Loss is the cross entropy "
                "in nats.",
                "From trained models, ranks at a tenth of the run tell less of the final ones than "
                "ranks before the first step; from half of the run on they tell more. From young "
                "models a twelfth of the run names a growth that ends with nearly the least loss.",
            ),
            losses(read() if held is None else held),
            LAGS,
            POOL,
            POOLS,
            (
                Line("zero_bottom", "silent, below", "run"),
                Line("zero_copies", "silent copies", "kernel"),
                Line("halved", "copies, halved", "rich"),
                Line("last", "last layer again", "soft"),
                Line("fresh_bottom", "fresh, below", "run", dashed=True),
            ),
            (
                Extent("loss at this lag", 0.9, 6, log=True, ticks=(1, 2, 3, 4, 6)),
                Extent("final loss", 0.9, 2, log=True, ticks=(0.9, 1.2, 1.5, 2)),
            ),
            (
                Preset("A tenth of the run", {"pool": "all", "situation": "trained", "lag": 60}),
                Preset("Half of the run", {"pool": "all", "situation": "trained", "lag": 300}),
                Preset("A young model", {"pool": "all", "situation": "young", "lag": 50}),
                Preset(
                    "Only what preserves the function",
                    {"pool": "function kept", "situation": "trained", "lag": 60},
                ),
                Preset("Only copies", {"pool": "copies", "situation": "trained", "lag": 60}),
            ),
            situation="Before growing",
            start={"pool": "all", "situation": "trained", "lag": 60},
        )
    )
