"""The figures of kept sweeps say what the sweeps hold."""

import numpy as np
import pytest

from implicitbias import minimum_norm_error
from implicitbias.explore import (
    real_data,
    real_data_data,
    sparse_regression,
    sparse_regression_data,
)

from ..shown import value

SPARSE, REAL = sparse_regression().figure, real_data().figure


def test_errors_are_means_over_the_draws():
    sweep, _ = sparse_regression_data.read()
    state = {"scale": 0.1, "samples": 100, "depth": 4}
    draws = sweep.errors[4, 2, 20]
    assert sweep.scales[20] == pytest.approx(0.1)
    assert value(SPARSE, "error", **state) == pytest.approx(draws.mean())
    assert np.sum(draws < value(SPARSE, "low", **state)) == 2
    assert np.sum(draws > value(SPARSE, "high", **state)) == 2
    assert value(SPARSE, "kernel", **state) == pytest.approx(
        minimum_norm_error(100, 1000, signal=1.0, noise=0.1)
    )


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_learned_is_what_lies_below_the_largest_scale(depth):
    for samples in sparse_regression_data.SAMPLES:
        for scale in sparse_regression_data.SCALES:
            state = {"scale": scale, "samples": samples, "depth": depth}
            below = scale <= value(SPARSE, "largest", **state)
            assert value(SPARSE, "learned", **state) == below


def test_true_weights_come_first_and_false_ones_by_size():
    state = SPARSE.complete({"scale": 0.01, "samples": 200, "depth": 3})
    weights, truth = SPARSE.at("weights", state), SPARSE.at("truth", state)
    np.testing.assert_allclose(weights[:5], truth[:5], atol=0.12)
    assert (np.diff(np.abs(weights[5:])) <= 1e-12).all() and (truth[5:] == 0).all()


def test_the_real_data_are_compared_with_the_largest_scale_of_the_same_training_sets():
    held = real_data_data.read()["digits", 2]
    state = {"data": "digits", "depth": 2, "scale": 0.01, "factor": 100.0}
    rows = held.errors[:, 5, 0] - held.errors[:, 5, -1]
    assert value(REAL, "more", **state) == pytest.approx(rows.mean())
    assert value(REAL, "apart", **state) == pytest.approx(rows.std(ddof=1) / 8**0.5)
    assert value(REAL, "verdict", **state) == 2
    assert value(REAL, "verdict", **(state | {"scale": 10.0})) == 1
    assert value(REAL, "verdict", data="diabetes", scale=0.01, factor=2.0) == 0


def test_shares_sum_to_one():
    for data in real_data_data.TRAIN:
        state = REAL.complete({"data": data, "scale": 1.0, "factor": 2.0})
        shares = REAL.at("shares", state)
        assert np.abs(shares).sum() == pytest.approx(1.0, abs=0.5 * len(shares) / 500)
        # What counts, from the shares themselves.
        assert value(REAL, "effective", **state) == pytest.approx(1 / (shares**2).sum(), rel=0.1)
