"""The figures of the chapter on capacity say what was counted and what the sweep holds."""

import numpy as np
import pytest

from implicitbias import learning
from implicitbias.explore import capacity, sign_changes
from implicitbias.explore.capacity_data import TRAIN, WIDTHS, read


def test_the_figure_of_the_row_counts():
    figure = sign_changes().figure
    for labels in ("one change", "coins", "other coins"):
        for k in (0, 1, 7, 15):
            state = figure.complete({"labels": labels, "changes": k})
            fit, truth = figure.at("fit", state), figure.at("truth", state)
            assert (np.diff(fit) != 0).sum() <= k
            best = int(learning.sign_change_errors(truth[None])[0, k])
            assert (fit != truth).sum() == best == round(16 * float(figure.at("missed", state)))
    assert float(figure.at("count", {"changes": 1})) == 32
    # With no change the majority is copied: the mean of |sum of signs|, from a binomial law.
    assert float(figure.at("complexity", {"changes": 0})) == pytest.approx(12870 / 2**16)


def test_the_figure_shows_means_of_the_runs_and_their_bounds():
    held, figure = read(), capacity().figure
    for start, labels, width in (("small", "true", 64), ("standard", "random", 4096)):
        state = figure.complete({"start": start, "labels": labels, "width": width})
        at = ("small", "standard").index(start), ("true", "random").index(labels)
        at = (*at, WIDTHS.index(width))
        assert float(figure.at("test", state)) == pytest.approx(held.test[at].mean())
        assert float(figure.at("low", state)) == pytest.approx(held.test[at].min())
        counted = held.train[at].mean() + learning.occam_bound(32 * 65 * width, TRAIN)
        assert float(figure.at("counted", state)) == pytest.approx(float(counted))
        normed = [
            learning.margin_bound(
                25 / 256 + held.train[at][k],
                held.margin[at][k] / held.path[at][k],
                2 * held.length[at][k] / np.sqrt(TRAIN),
                TRAIN,
            )
            for k in range(5)
        ]
        assert float(figure.at("normed", state)) == pytest.approx(np.mean(normed))
        assert float(figure.at("says0", state)) in (-1, 1)
        assert figure.at("pictures", state).shape == (4, 8, 8)
