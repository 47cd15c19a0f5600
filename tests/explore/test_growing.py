"""The figures of the chapter on growing networks say what the sweeps hold."""

import json
from fractions import Fraction

import jax
import numpy as np
import pytest
from scipy.stats import gmean, spearmanr

from implicitbias.explore import (
    growing,
    growing_adaptive_data as adaptive,
    growing_data as stored,
    growing_second_unit,
    growing_transformer,
    growing_transformer_data as readers,
)
from implicitbias.explore.growing import POOLS
from implicitbias.explore.growing_pool import forecast

from ..shown import at, value

HERE = "studies/growing"
HELD = stored.read()
READ = readers.read()
FIGURE, UNIT, READER = growing().figure, growing_second_unit().figure, growing_transformer().figure


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("situation", stored.SITUATIONS)
def test_forecasts_are_those_of_the_runs(pool, situation):
    chosen = [stored.POOL.index(how) for how in POOLS[pool]]
    lag = stored.LOOKS.index(190)
    correlations, regrets = [], []
    for seed in range(5):
        for order in range(2):
            losses = HELD[situation][chosen, seed, order]
            correlations.append(spearmanr(losses[:, lag], losses[:, -1]).statistic)
            pick = losses[losses[:, lag].argmin(), -1]
            regrets.append(pick / losses[:, -1].min() - 1)
    state = {"pool": pool, "situation": situation, "lag": 190}
    assert value(FIGURE, "correlation", **state) == pytest.approx(np.mean(correlations), abs=6e-3)
    assert value(FIGURE, "regret", **state) == pytest.approx(np.mean(regrets), abs=6e-3)
    assert value(FIGURE, "hits", **state) == np.sum(np.array(regrets) == 0)
    cost = 1 + Fraction(len(chosen) - 1) * 190 / 1500
    assert value(FIGURE, "cost", **state) == pytest.approx(float(cost), abs=6e-3)
    points, (pick,) = at(FIGURE, "points", **state), at(FIGURE, "pick", **state)
    means = gmean(HELD[situation][chosen].reshape(len(chosen), 10, -1), axis=1)
    np.testing.assert_allclose(points, means[:, [lag, -1]], rtol=2e-2)
    np.testing.assert_array_equal(pick, points[points[:, 0].argmin()])


def test_losses_are_those_of_training(check):
    """Before the first step and for a while after it, of five operators."""
    pool = ("halved", "middle_pairs", "zero_top", "scratch", "split")
    scores = stored.train_pool(("young", 1), pool, steps=50)
    chosen = [stored.POOL.index(how) for how in pool]
    looks = [stored.LOOKS.index(lag) for lag in (0, 10, 20, 30, 40, 50)]
    held = HELD["young"][chosen, :, 1][..., looks]
    check(
        "Losses after growing, as the figure has them",
        HERE,
        "five operators, five networks, six lags, computed again, relative difference",
        float(np.abs(scores / held - 1).max()),
        1e-3,
    )


def test_what_preserves_the_function_starts_where_training_ended():
    for scores in HELD.values():
        kept = scores[[stored.POOL.index(how) for how in stored.PRESERVING], ..., 0]
        assert np.ptp(kept, axis=0).max() == 0


def test_small_transformers_are_trained_and_grown_again(check):
    """Two young ones, in all ways, before the first step after growing."""
    models = readers.small("young", readers.TWICE)
    found = np.stack(
        [
            readers.score(readers.pool(jax.tree.map(lambda leaf, i=i: leaf[i], models)))
            for i in range(len(readers.TWICE))
        ]
    )
    held = [READ[readers.Setting("young", seed, 0)].loss[:, 0] for seed in readers.TWICE]
    check(
        "Small transformers before and right after they grow",
        HERE,
        "two models trained again in single precision, fifteen growths, difference in nats",
        float(np.abs(found - held).max()),
        0.05,
    )


@pytest.mark.parametrize("situation", readers.SITUATIONS)
def test_transformers_are_held_as_they_grew(situation):
    """Function kept at first; another order of the data only where it was trained."""
    runs = {setting: grown for setting, grown in READ.items() if setting.situation == situation}
    assert len(runs) == len(readers.SEEDS) + len(readers.TWICE)
    kept = [readers.POOL.index(how) for how in readers.POOLS["function kept"]]
    for grown in runs.values():
        assert np.ptp(grown.loss[kept, 0]) < 2e-3
        assert (grown.loss[:, -1] < grown.loss[:, 0]).all()
        assert ((grown.right >= 0) & (grown.right <= 1)).all()
    look = readers.LAGS.index(60)
    each = [spearmanr(grown.loss[:, look], grown.loss[:, -1]).statistic for grown in runs.values()]
    told = forecast(readers.losses(READ)[situation])
    assert sorted(told.correlation[:, look]) == pytest.approx(sorted(each))


def test_what_became_of_the_claims_about_transformers():
    """Those that were written down before the run, by their numbers there."""
    losses = {situation: readers.losses(READ)[situation] for situation in readers.SITUATIONS}
    told = {
        (situation, pool): forecast(scores[[readers.POOL.index(how) for how in hows]])
        for situation, scores in losses.items()
        for pool, hows in readers.POOLS.items()
    }

    def correlation(situation, pool, lag):
        return told[situation, pool].correlation[:, readers.LAGS.index(lag)].mean()

    def picked(situation, pool, lag):
        return (told[situation, pool].regret[:, readers.LAGS.index(lag)] == 0).sum()

    ends = {
        situation: [grown.loss[:, -1] for setting, grown in READ.items() if setting[0] == situation]
        for situation in readers.SITUATIONS
    }
    winners = [readers.POOL[end.argmin()] for end in ends["trained"]]
    tenth, half = readers.AFTER // 10, readers.AFTER // 2
    assert correlation("trained", "all", 0) < 0.8  # the first claim, half of which fails
    assert correlation("young", "all", 0) < 0.8
    assert sum("bottom" in how for how in winners) == 3  # the second, which fails
    assert picked("trained", "all", tenth) <= 3  # the third, half of which fails
    assert picked("trained", "all", half) < 5
    assert correlation("trained", "function kept", tenth) < 0.7  # the fourth
    assert correlation("young", "function kept", tenth) < 0.7
    assert picked("young", "all", 50) >= 5 and correlation("young", "all", 50) < 0.8  # the fifth
    for end in (*ends["trained"], *ends["young"]):  # the sixth, half of which fails
        assert readers.POOL[end.argmax()] == "scratch"
    assert told["trained", "all"].ceiling > 0.8 and told["young", "all"].ceiling > 0.8


def test_the_transformers_figure_holds_its_sweep():
    look = readers.LAGS.index(60)
    for situation, scores in readers.losses(READ).items():
        runs = [grown.loss for setting, grown in READ.items() if setting.situation == situation]
        mean = gmean([losses[readers.POOL.index("halved"), look] for losses in runs])
        state = {"situation": situation, "lag": 60, "pool": "all"}
        assert value(READER, "halved", **state) == pytest.approx(mean, rel=2e-2)
        hits = sum(losses[:, look].argmin() == losses[:, -1].argmin() for losses in runs)
        assert value(READER, "hits", **state) == hits
        ends = scores[..., -1][:, list(readers.TWICE)]
        ceiling = np.mean([spearmanr(*ends[:, i].T).statistic for i in range(ends.shape[1])])
        assert value(READER, "ceiling", **state) == pytest.approx(ceiling, abs=6e-3)


def test_second_unit_figure():
    state = {"ratio": -0.6, "size": 0.4, "lag": 0}
    assert value(UNIT, "silent", **state) == pytest.approx(0.5)
    assert value(UNIT, "loud", **state) == pytest.approx((1 + 0.4 * 0.24) ** 2 / 2, abs=1e-3)
    for ratio in UNIT.by_name["ratio"].values:
        crossing = value(UNIT, "crossing", ratio=ratio, size=0.4)
        for lag in UNIT.by_name["lag"].values:
            loud = value(UNIT, "loud", ratio=ratio, size=0.4, lag=lag)
            assert (loud < 0.5) == (lag > crossing) or ratio > 0


def test_adaptive_stacking_is_held_as_it_was_chosen():
    held = adaptive.read()
    assert held.loss.shape == (len(adaptive.METHODS), 5) and (held.loss > 0).all()
    assert (held.chosen <= np.arange(7)).all() and (held.chosen >= 0).all()
    steps = sum(i * t for i, t in enumerate(adaptive.LONGER, 1))
    without = sum(i * t for i, t in enumerate(adaptive.STAGES, 1))
    assert steps == pytest.approx(without + adaptive.WHAT_LAG_COSTS, rel=1e-2)


@pytest.mark.parametrize("module", [stored, adaptive, readers])
def test_files_say_how_they_were_made(module):
    assert json.loads(module.FILE.read_text())["made by"].startswith("python tools/sweeps.py grow")
