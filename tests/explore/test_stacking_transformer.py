"""The kept runs of transformers, and the claims that were written down before them."""

import numpy as np
import pytest

from implicitbias.explore import stacking_transformer_data as transformers
from implicitbias.explore.stacking_transformer import NAMES, stacking_transformer
from implicitbias.studies import growing

HERE = "studies/stacking"


KEPT = transformers.read()
DEPTH_2, DEPTH_3 = (list(transformers.TESTS).index(test) for test in ("depth 2", "depth 3"))


@pytest.mark.parametrize("name", transformers.PLANS)
def test_the_kept_runs_are_what_training_gives(check, name):
    plan, held = transformers.PLANS[name], getattr(KEPT, name)["middle"]
    runs = transformers.runs("middle", plan.seeds[:2], plan.steps)
    assert next(runs).steps == 0
    first = next(runs)
    at = list(held.steps).index(first.steps)
    nats, right = transformers.look(first.model.network)
    check(
        "The first stage of the transformers, trained anew",
        HERE,
        "validation loss of two replicas of either run against the file",
        np.abs(nats - held.loss[:2, at]).max(),
        0.02,
    )
    assert np.abs(right - held.right[:2, at]).max() < 0.05


@pytest.mark.parametrize("name", transformers.PLANS)
def test_every_method_has_all_its_runs(name):
    plan, held = transformers.PLANS[name], getattr(KEPT, name)
    assert set(held) == set(transformers.METHODS) == set(NAMES)
    for method, outcome in held.items():
        stages = transformers.stages_of(method, plan.steps)
        assert outcome.steps[-1] == sum(stages)
        assert set(np.cumsum(stages)) <= set(outcome.steps)
        assert outcome.loss.shape == (len(plan.seeds), len(outcome.steps))
        assert outcome.right.shape == (*outcome.loss.shape, len(transformers.TESTS))
        assert (outcome.right >= 0).all() and (outcome.right <= 1).all()


def test_stacking_costs_what_its_baseline_of_equal_cost_does():
    costs = {
        method: sum(
            steps * layers
            for layers, steps in enumerate(transformers.stages_of(method, 5000), start=1)
        )
        for method in ("middle", "last", "cleared", "fresh_middle")
    }
    (baseline,) = transformers.stages_of("equal_cost", 5000)
    assert set(costs.values()) == {baseline * transformers.STAGES}


def test_losses_are_met_between_two_moments():
    outcome = transformers.Outcome(
        np.array([0, 1]),
        np.array([[4.0, 2.0], [4.0, 1.0]]),
        np.array([[[0.0], [1.0]], [[0.0], [0.6]]]),
        *(np.empty(0) for _ in range(3)),
    )
    assert transformers.common_loss(outcome) == 2.0
    assert transformers.at_loss(outcome, 2.5, 0) == pytest.approx([0.75, 0.3])


def test_copies_learn_longer_chains_than_fresh_blocks(check):
    ends = {name: KEPT.long[name].right[:, -1] for name in ("middle", "last", "fresh_middle")}
    for name in ("middle", "last"):
        ahead = ends[name] - ends["fresh_middle"]
        for test in (DEPTH_2, DEPTH_3):
            shares = ahead[:, test]
            assert shares.mean() > 0
            check(
                "Transformers grown by copies answer more than those grown by fresh blocks",
                HERE,
                "standard error over the mean of eight differences, middle and last block, depth 2 "
                "and 3",
                shares.std(ddof=1) / len(shares) ** 0.5 / shares.mean(),
                0.5,
            )


def test_stacking_ends_with_the_higher_loss(check):
    for name in transformers.PLANS:
        scratch, middle = (getattr(KEPT, name)[method] for method in ("scratch", "middle"))
        more = middle.loss[:, -1] - scratch.loss[:, -1]
        assert more.mean() > 0
        check(
            "Stacking ends with a higher loss than training from scratch",
            HERE,
            "standard error over the mean of eight differences, both runs",
            more.std(ddof=1) / len(more) ** 0.5 / more.mean(),
            0.5,
        )


def test_the_figure_shows_all_methods():
    assert stacking_transformer() is not None
    assert set(NAMES) - {"scratch", "looped", "equal_cost", "shallow", "cleared"} <= set(
        growing.DEPTH_OPERATORS
    )
