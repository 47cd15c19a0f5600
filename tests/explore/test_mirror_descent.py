"""The figure of the chapter on mirror descent: its games are the library's, and its crossings."""

import numpy as np
import pytest

from implicitbias.explore import mirror_descent
from implicitbias.explore.mirror_descent_data import (
    COUNTS,
    DIMENSIONS,
    GEOMETRIES,
    ROUNDS,
    crossing_of_bounds,
    game,
    read,
)

from ..shown import value

HELD, FIGURE = read(), mirror_descent().figure


@pytest.mark.parametrize("name", GEOMETRIES)
def test_the_file_holds_what_is_computed(name):
    g = GEOMETRIES.index(name)
    for d, count, rounds in ((16, 2, 64), (16, 16, 256)):
        at = g, DIMENSIONS.index(d), COUNTS.index(count), ROUNDS.index(rounds)
        np.testing.assert_allclose(
            [values[at] for values in HELD], game(name, d, count, rounds), rtol=1e-3, atol=1e-12
        )


def test_no_regret_exceeds_its_bound():
    assert (HELD.regrets <= HELD.bounds * (1 + 1e-3)).all()


def test_the_bounds_cross_at_one_share_of_all_weights():
    share = crossing_of_bounds()
    assert share == pytest.approx(1 / 9, rel=0.02)
    for d in (64, 1024):
        below, above = (value(FIGURE, "bound", dimension=d, count=s) for s in (d // 16, d // 8))
        others = [value(FIGURE, "other_bound", dimension=d, count=s) for s in (d // 16, d // 8)]
        assert value(FIGURE, "predicted", dimension=d) == pytest.approx(share * d, rel=1e-3)
        assert below > others[0] and above < others[1]


def test_the_regrets_cross_a_little_later():
    for rounds in ROUNDS[1:]:
        found = value(FIGURE, "measured", dimension=1024, rounds=rounds)
        assert 128 < found < 256
        at = [
            value(FIGURE, "gain", dimension=1024, count=count, rounds=rounds) > 0
            for count in (128, 256)
        ]
        assert at == [True, False]


def test_verdicts():
    state = {"dimension": 1024, "rounds": 4096}
    assert [value(FIGURE, "verdict", count=s, **state) for s in (4, 128, 256)] == [0, 1, 0]
    assert [value(FIGURE, "best", count=s, **state) for s in (4, 128, 256)] == [1, 1, 0]
    assert (
        value(FIGURE, "verdict", dimension=8, count=16)
        == 2
        == 2 * value(FIGURE, "forbidden", dimension=8, count=16)
    )


def test_pushed_gradient_descent_pays_half_on_the_way():
    """The target's weights cost half of the bound on the way, and swing like all others."""
    for d, count in ((1024, 1), (1024, 64), (64, 16)):
        shares = FIGURE.at("shares", FIGURE.complete({"dimension": d, "count": count}))
        assert shares is not None
        others = 50 * (1 - count / d)
        np.testing.assert_allclose(shares[:2], [100 - others, others], atol=1.0)
        assert shares[2] + shares[3] == pytest.approx(100)
