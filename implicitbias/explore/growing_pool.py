"""What the explorables "growing" and "growing-transformer" share: a pool of growths, by lag."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.plane import Extent, Plane, Points
from implicitbias.studies.growing import lag_cost, rank_correlation, selection_regret


class Forecast(NamedTuple):
    """How well losses at each lag tell those at the end, "run lag".

    - `correlation` of ranks; `regret` of the pick, over the least final loss.
    - `ceiling`: the mean correlation of final ranks of two orders of the same small model's data.
    """

    correlation: np.ndarray
    regret: np.ndarray
    ceiling: float


def forecast(scores: np.ndarray) -> Forecast:
    """From scores "operator seed order lag", the last lag being the end.

    Where they are NaN, there was no such run.
    """
    made = ~np.isnan(scores[0, ..., -1])
    runs, twice = scores[:, made], made.all(axis=1)
    final = runs[..., -1]
    count = range(runs.shape[1])
    first, second = scores[:, twice, 0, -1], scores[:, twice, 1, -1]
    return Forecast(
        np.stack([rank_correlation(runs[:, i], final[:, i]) for i in count]),
        np.stack([selection_regret(runs[:, i], final[:, i]) / final[:, i].min() for i in count]),
        float(
            np.mean(
                [rank_correlation(a, b) for a, b in zip(first.T, second.T, strict=True)],
            )
        ),
    )


def mean_loss(scores: np.ndarray) -> np.ndarray:
    """The geometric mean over runs, "operator lag"."""
    return np.exp(np.nanmean(np.log(scores), axis=(1, 2)))


class Words(NamedTuple):
    """What a figure says of itself."""

    name: str
    title: str
    caption: str
    alt: str


def pool_figure(
    words: Words,
    scores: Mapping[str, np.ndarray],
    lags: Sequence[int],
    operators: Sequence[str],
    pools: Mapping[str, Sequence[str]],
    lines: Sequence[Line],
    extents: tuple[Extent, Extent],
    presets: tuple[Preset, ...],
    *,
    situation: str,
    start: Mapping[str, str | float],
) -> Figure:
    """Losses of a pool, its ranks and its picks, by situation, pool and lag.

    Args:
        words: of the figure.
        scores: "operator seed order lag" in each situation; NaN where there was no run.
        lags: of the scores, the first one zero.
        operators: of the scores.
        pools: some of the operators, by a name.
        lines: the operators whose losses are drawn over the lag: their names as arrays.
        extents: of the losses at a lag, and of those at the end.
        presets: places worth going to.
        situation: what the situations are.
        start: where the reader begins.
    """
    means = np.stack([mean_loss(found) for found in scores.values()])  # situation operator lag
    members = [[operators.index(how) for how in pool] for pool in pools.values()]
    told = [[forecast(found[chosen]) for found in scores.values()] for chosen in members]
    over, place = ("pool", "situation", "lag"), ("pool", "situation")
    later = lags[1:]

    def each(of_forecast) -> np.ndarray:
        return np.array([[of_forecast(f) for f in row] for row in told])

    points = [
        np.stack(np.broadcast_arrays(means[:, chosen, 1:], means[:, chosen, -1:]), axis=-1)
        for chosen in members
    ]  # situation operator lag xy
    points = [np.moveaxis(found, 1, 2) for found in points]
    picks = np.stack(
        [np.take_along_axis(p, p[..., :1].argmin(axis=2)[..., None], axis=2) for p in points]
    )
    costs = [[float(lag_cost(len(chosen), k, lags[-1])) for k in later] for chosen in members]
    return Figure(
        name=words.name,
        title=words.title,
        axes=(
            Axis("pool", "Pool", tuple(pools), kind="choice", start=start["pool"]),
            Axis("situation", situation, tuple(scores), kind="choice", start=start["situation"]),
            Axis("lag", "Lag", tuple(later), symbol="k", log=True, start=start["lag"]),
        ),
        arrays={
            **{
                line.array: Array(
                    ("situation", "lag"),
                    means[:, operators.index(line.array), 1:],
                    step=2e-3,
                    log=True,
                )
                for line in lines
            },
            "points": Array(over, points, ("item", "xy"), 2e-3, log=True),
            "pick": Array(over, picks, ("point", "xy"), 2e-3, log=True),
            "correlation": Array(
                over, each(lambda f: f.correlation[:, 1:].mean(axis=0)), step=1e-2
            ),
            "first_correlation": Array(
                over,
                each(lambda f: np.full(len(later), f.correlation[:, 0].mean())),
                step=1e-2,
            ),
            "ceiling": Array(over, each(lambda f: np.full(len(later), f.ceiling)), step=1e-2),
            "regret": Array(over, each(lambda f: f.regret[:, 1:].mean(axis=0)), step=1e-3),
            "first_regret": Array(
                over, each(lambda f: np.full(len(later), f.regret[:, 0].mean())), step=1e-3
            ),
            "hits": Array(over, each(lambda f: (f.regret[:, 1:] == 0).sum(axis=0)), step=1),
            "runs": Array(place, each(lambda f: len(f.regret)), step=1),
            "cost": Array(("pool", "lag"), np.array(costs), step=1e-2),
        },
        panels=(
            Curves(
                "Loss on new samples, by steps since growing",
                "Geometric mean over the runs. Drag to move the lag.",
                axis="lag",
                lines=tuple(lines),
                floor=float(means.min() / 2),
            ),
            Plane(
                "Loss at the lag, and at the end",
                "Each point is a way to grow; the ring is the one with the least loss now.",
                *extents,
                (
                    Points("points", "the pool", "run", "dot"),
                    Points("pick", "least now", "ink", "ring"),
                ),
                stretched=True,
            ),
            Curves(
                "Rank correlation with the losses at the end",
                "Mean over the runs. Ceiling: final ranks in two orders of the data.",
                axis="lag",
                lines=(
                    Line("correlation", "at this lag", "run"),
                    Line("first_correlation", "before the first step", "soft", dashed=True),
                    Line("ceiling", "ceiling", "ink", dashed=True),
                ),
            ),
            Curves(
                "What the pick ends with, above the best",
                "As a share of the best final loss, mean over the runs.",
                axis="lag",
                lines=(
                    Line("regret", "chosen at this lag", "run"),
                    Line("first_regret", "chosen before the first step", "soft", dashed=True),
                ),
            ),
        ),
        reading=(
            "At lag {lag}, ranks and final ranks have the correlation {correlation}, before the "
            "first step {first_correlation}. What has the least loss at this lag ends {regret} "
            "above the best, as a share of it ({first_regret} if chosen before the first step), "
            "and is the best in {hits} of {runs} runs. To choose so costs {cost} times one run."
        ),
        presets=presets,
        caption=words.caption,
        alt=words.alt,
        items=tuple(tuple(name.replace("_", " ") for name in pool) for pool in pools.values()),
    )
