"""The two figures of the chapter on noise: their numbers, and the cells in which runs diverge."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import expect

import implicitbias as ib
from implicitbias.explore import noise, noisy_label
from implicitbias.explore.noise import noise_data
from implicitbias.explore.noisy_label import SCALE

from .conftest import Shown

PROBLEM = ib.sparse_regression(20, 40, 4, seed=0)
STEPS, BATCHES, SEEDS = (0.002, 0.02, 0.05), (1, 20), (0, 1)


def test_the_numbers_are_means_of_runs():
    data = noise_data(PROBLEM, STEPS, BATCHES, SEEDS)
    assert data["diverged"].tolist() == [[0, 0], [1, 0], [1, 1]]
    run = ib.stochastic_gradient_descent(
        ib.DiagonalNetwork(2, SCALE), PROBLEM.X, PROBLEM.y, 0.002, 5000, batch_size=1, seed=SEEDS
    )
    weights = np.asarray(run.weights[:, -1])
    errors = np.linalg.norm(weights - PROBLEM.weights, axis=1)
    np.testing.assert_allclose(data["weights"][0, 0], weights.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(data["error"][0, 0], errors.mean(), atol=1e-12)
    np.testing.assert_allclose(data["spread"][0, 0], np.ptp(errors) / 2, atol=1e-12)
    u, v = run.params
    expected = np.prod(np.sqrt(np.abs(u * v)), axis=0) ** 0.5
    np.testing.assert_allclose(data["scale"][0, 0], expected, rtol=1e-10)
    # Where runs diverge: no weights, and the last scale before.
    assert not data["weights"][1:, 0].any()
    np.testing.assert_array_equal(data["scale"][1, 0], data["scale"][0, 0])


def test_steps_that_all_diverge_are_refused():
    with pytest.raises(ValueError, match="steps must start with one that converges, found 0.05"):
        noise_data(PROBLEM, (0.05, 0.06), (1,), (0,))


def test_cells_in_which_runs_diverge_are_hatched(show: Callable[..., Shown]):
    shown = show(html=noise(PROBLEM, steps=STEPS, batches=BATCHES, seeds=SEEDS).html())
    shown.page.locator("figure.live").wait_for()
    marker = shown.page.locator(".heatmap .readings text")
    expect(marker).not_to_have_text("diverges")
    hatch = shown.page.locator(".heatmap .stage .hatch path")
    expect(hatch).to_have_attribute("d", re.compile("^(M.*){6}"))
    slider = shown.page.get_by_role("slider", name="Step size").first
    slider.press("End")
    expect(marker).to_have_text("diverges")
    expect(shown.page.locator(".stems .title").first).to_contain_text(": none, runs diverge")
    assert shown.reading == "At η = 0.05 with batches of 1, runs diverge."
    assert shown.complaints == []


def test_the_noisy_label_moves_the_end_from_one_vertex_to_the_other():
    figure = noisy_label().figure
    x, found = np.array([1, 0.5]), {}
    for duration in figure.by_name["duration"].values:
        state = {"duration": duration}
        end, level = figure.at("end", state), figure.at("level", state)
        assert end is not None and level is not None
        found[duration] = end[0]
        assert abs(end[0] @ x - 1) < 1e-9
        # The level set touches the line, but for the small predictor at the effective start and
        # for its resolution, a point every three degrees.
        assert 0.98 < (level @ x).max() < 1 + 1e-3
    alone = ib.interpolator(x[None], np.ones(1), ib.DiagonalPotential(2, SCALE)).weights
    np.testing.assert_allclose(found[0], alone, atol=1e-10)
    np.testing.assert_allclose(found[3000], [0, 2], atol=1e-3)
    assert (np.diff([end[1] for end in found.values()]) > 0).all()
