"""The kept runs of transformers, and the claims that were written down before them."""

import numpy as np
import pytest

from implicitbias.explore import stacking_transformer_data as transformers
from implicitbias.explore.stacking_transformer import NAMES, stacking_transformer
from implicitbias.studies import growing

HERE = "studies/stacking"


@pytest.fixture(scope="module")
def held():
    return transformers.read()[0]


def test_the_kept_runs_are_what_training_gives(check, held):
    seeds = transformers.SEEDS[:2]
    runs = transformers.runs("middle", seeds)
    assert next(runs).steps == 0
    first = next(runs)
    at = list(held["middle"].steps).index(first.steps)
    nats, right = transformers.look(first.model.network)
    check(
        "The first stage of the transformers, trained anew",
        HERE,
        "validation loss of two replicas against the file",
        np.abs(nats - held["middle"].loss[: len(seeds), at]).max(),
        0.02,
    )
    assert np.abs(right - held["middle"].right[: len(seeds), at]).max() < 0.05


def test_every_method_has_all_its_runs(held):
    assert set(held) == set(transformers.METHODS) == set(NAMES)
    for method, outcome in held.items():
        stages = transformers.stages_of(method)
        assert outcome.steps[-1] == sum(stages)
        assert set(np.cumsum(stages)) <= set(outcome.steps)
        assert outcome.loss.shape == (len(transformers.SEEDS), len(outcome.steps))
        assert outcome.right.shape == (*outcome.loss.shape, len(transformers.TESTS))
        assert (outcome.right >= 0).all() and (outcome.right <= 1).all()


def test_stacking_costs_what_its_baseline_of_equal_cost_does():
    costs = {
        method: sum(
            steps * layers for layers, steps in enumerate(transformers.stages_of(method), start=1)
        )
        for method in ("middle", "last", "fresh_middle")
    }
    (baseline,) = transformers.stages_of("equal_cost")
    assert set(costs.values()) == {baseline * transformers.STAGES}


def test_losses_are_met_between_two_moments():
    outcome = transformers.Outcome(
        np.array([0, 1]),
        np.array([[4.0, 2.0], [4.0, 1.0]]),
        np.array([[[0.0], [1.0]], [[0.0], [0.6]]]),
        *(np.empty(0) for _ in range(3)),
    )
    assert transformers.at_loss(outcome, 2.5, 0) == pytest.approx((0.75 + 0.3) / 2)
    assert transformers.at_loss(outcome, 1.5, 0) == -1


def test_the_figure_shows_all_methods():
    assert stacking_transformer() is not None
    assert set(NAMES) - {"scratch", "looped", "equal_cost", "shallow"} <= set(
        growing.DEPTH_OPERATORS
    )
