"""The figures of the chapter on locality say what the sweeps hold."""

import numpy as np
import pytest

from implicitbias import studies
from implicitbias.explore import (
    locality,
    locality_data as stored,
    locality_digits,
    locality_digits_data as digits,
    locality_one_step,
    locality_small,
)
from implicitbias.explore.locality import VARIED
from implicitbias.explore.locality_one_step import D, SIGMA, one_step

HELD = stored.read()
LARGE, SMALL, DIGITS = locality().figure, locality_small().figure, locality_digits().figure


def value(figure, name, **state) -> float:
    found = figure.at(name, figure.complete(state))
    assert found is not None
    return float(found)


@pytest.mark.parametrize("varied", VARIED)
def test_values_are_those_of_the_tasks(varied):
    for at, task in zip(stored.COUNTS, VARIED[varied], strict=True):
        state = {"varied": varied, "value": at, "n": 512}
        shown = [value(LARGE, name, **state) for name in ("k", "d", "sigma")]
        np.testing.assert_allclose(shown, task, atol=6e-4)
        for network in ("cnn", "lcn"):
            held = HELD[network, *task]
            risk = held.risk[:, stored.SIZES.index(512)].mean()
            assert value(LARGE, network, **state) == pytest.approx(risk, abs=1e-3)
            needed = stored.needed(held, task).samples
            assert value(LARGE, f"{network}_needed", **state) == pytest.approx(needed, abs=0.6)


def test_pictures_are_filters():
    state = LARGE.complete({"varied": "patch size d", "value": 30, "n": 4096})
    signal, shared, *local = LARGE.at("pictures", state)
    assert signal.shape == (5, 6) and (signal[:2] > 0).all() and (signal[2:] < 0).all()
    for filters in (shared, *local):
        assert (filters * signal).sum() > 0.9
    narrow = LARGE.at("pictures", state | {"value": 10})
    assert not narrow[..., 2:].any() and narrow[..., :2].any()


def test_full_filters_end_with_a_patch_each():
    images = SMALL.at("pictures", SMALL.complete({"k": 8, "n": 8192}))
    patches = []
    for filters in images[2:]:
        lengths = np.linalg.norm(filters, axis=1)
        patches.append(lengths.argmax())
        assert lengths.max() > 0.9
    assert patches[0] != patches[1]
    few = SMALL.at("pictures", SMALL.complete({"k": 3, "n": 1024}))
    assert not few[:, 3:].any()


def test_one_step_has_the_law_of_training(check):
    k, n, trials = 4, 64, 300
    short = np.array([one_step(n, k, seed)[1] for seed in range(trials)])
    long = []
    for seed in range(trials):
        X, y, _ = studies.signal_task(n, k, D, SIGMA, signal=stored.signal(D), seed=seed)
        long.append(np.einsum("nkd,n->kd", X, y) / n)
    means = [np.linalg.norm(draws, axis=-1).mean(axis=1) for draws in (short, np.array(long))]
    spread = np.hypot(*(mean.std() for mean in means)) / trials**0.5
    check(
        "The first step is drawn from its exact law in the figure",
        "studies/locality",
        "mean length of local filters, 300 draws each way, difference in standard errors",
        abs(means[0].mean() - means[1].mean()) / spread,
        4.0,
    )
    figure = locality_one_step().figure
    assert value(figure, "shared", k=1, n=64) == value(figure, "local", k=1, n=64)


def test_errors_on_digits():
    held = digits.read()
    for network in held:
        errors = held[network].error[:, digits.SIZES.index(512)]
        assert value(DIGITS, network, n=512) == pytest.approx(errors.mean(), abs=1e-4)
        assert value(DIGITS, f"{network}_high", n=512) == pytest.approx(errors.max(), abs=1e-4)
