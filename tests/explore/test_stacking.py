"""The figures of the chapter on stacking say what the library and the sweeps hold."""

import numpy as np
import pytest

from implicitbias.explore import (
    stacking,
    stacking_data as stored,
    stacking_iterated,
    stacking_iterated_data as iterated,
    stacking_root,
)
from implicitbias.explore.stacking import NAMES
from implicitbias.explore.stacking_iterated import NAMES as ITERATED
from implicitbias.studies.growing import schedule, stacking_cost

from ..shown import at

SWEEP, (RUNS, _) = stored.read(), iterated.read()
LINEAR, MAP, ROOT = stacking().figure, stacking_iterated().figure, stacking_root().figure


@pytest.mark.parametrize("method", stored.METHODS)
def test_states_are_settings_of_the_sweep(method):
    state = {"method": NAMES[method], "stages": 4, "alpha": 2, "scale": 0.1}
    run = SWEEP[(method, 4, 2, 0.1) if method in stored.GROWN else (method, 1, 0, 0.1)]
    np.testing.assert_allclose(at(LINEAR, "similarity", **state)[0], run.similarity, atol=0.011)
    for extra in (1, 8):
        error = max(run.errors[:, extra].mean(), 1e-5)
        assert at(LINEAR, "error", **state, extra=extra) == pytest.approx(error, rel=0.02)
    paths = [at(LINEAR, f"path_{seed}", **state) for seed in range(5)]
    for path, held in zip(paths, run.path, strict=True):
        np.testing.assert_allclose(path[[0, -1], 0], held[[0, -1], 0].clip(1e-9), rtol=0.05)
        assert path[-1, 1] == pytest.approx(max(held[-1, 1], 1e-4), rel=0.05)


@pytest.mark.parametrize("alpha", stored.ALPHAS)
@pytest.mark.parametrize("stages", stored.STAGES)
def test_the_area_below_the_stairs_is_the_cost(stages, alpha):
    state = {"method": NAMES["middle"], "stages": stages, "alpha": alpha}
    x, layers = at(LINEAR, "stairs", **state).T
    area = np.trapezoid(layers, x) / stored.DEPTH
    cost = at(LINEAR, "cost", **state)
    assert area == pytest.approx(float(stacking_cost(stages, alpha)), abs=2e-3)
    assert cost == pytest.approx(area, abs=2e-3)
    assert at(LINEAR, "cost", **(state | {"method": NAMES["scratch"]})) == 1
    steps = np.array(schedule(stages, stored.STEPS, alpha))
    assert np.diff(np.unique(x)) == pytest.approx(steps / stored.STEPS, abs=2e-3)


@pytest.mark.parametrize("method", iterated.METHODS)
def test_the_iterated_map_shows_its_runs(method):
    run, state = RUNS[method], {"method": ITERATED[method]}
    for extra in (0, 5):
        mean = np.exp(np.log(run.errors[:, extra]).mean())
        assert at(MAP, "error", **state, extra=extra) == pytest.approx(mean, rel=0.02)
    path = at(MAP, "path_2", **state)
    np.testing.assert_allclose(path[-1], run.path[2, -1], rtol=0.03)
    np.testing.assert_allclose(run.path[:, -1], run.errors[:, [0, iterated.AHEAD]], rtol=0.02)


@pytest.mark.parametrize(("layers", "angle"), [(2, 56), (4, 44), (8, 20), (8, 28), (6, 52)])
def test_powers_lie_where_they_should_if_the_way_is_short(layers, angle):
    state = {"layers": layers, "angle": angle, "share": 0.999}
    found, wanted = (at(ROOT, name, **state) for name in ("powers", "wanted"))
    short = layers * angle < 180
    assert bool(at(ROOT, "right", **state)) == short
    assert (np.abs(found - wanted).max() < 0.05) == short
    network, target = (at(ROOT, name, **state)[0] for name in ("product", "target"))
    np.testing.assert_allclose(network, target, atol=5e-3)
    learned = angle if short else angle - 360 / layers
    assert at(ROOT, "learned", **state) == pytest.approx(learned, abs=0.5)


def test_the_network_walks_straight():
    for share in (0.0, 0.3, 0.8):
        state = {"layers": 4, "angle": 36, "share": share}
        start, end = at(ROOT, "segment", **state)
        network = at(ROOT, "product", **state)[0]
        np.testing.assert_allclose(network, start + share * (end - start), atol=3e-3)
