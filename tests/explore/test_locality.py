"""The figures of the chapter on locality say what the sweeps hold."""

import numpy as np
import pytest
from playwright.sync_api import expect

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
from implicitbias.explore.locality_one_step import SIGMA, D, one_step

from ..shown import at, value

HELD = stored.read()
LARGE, SMALL, DIGITS = locality().figure, locality_small().figure, locality_digits().figure


@pytest.mark.parametrize("varied", VARIED)
def test_values_are_those_of_the_tasks(varied):
    for place, task in zip(stored.COUNTS, VARIED[varied], strict=True):
        state = {"varied": varied, "value": place, "n": 512}
        shown = [value(LARGE, name, **state) for name in ("k", "d", "sigma")]
        np.testing.assert_allclose(shown, task, atol=6e-4)
        for network in ("cnn", "lcn"):
            held = HELD[network, *task]
            risk = held.risk[:, stored.SIZES.index(512)].mean()
            assert value(LARGE, network, **state) == pytest.approx(risk, abs=1e-3)
            needed = stored.needed(held, task).samples
            assert value(LARGE, f"{network}_needed", **state) == pytest.approx(needed, abs=0.6)


@pytest.mark.parametrize("varied", VARIED)
def test_full_filters_are_shown_where_they_were_trained(varied):
    held = HELD["fcn", *stored.COMMON]
    for place, task in zip(stored.COUNTS, VARIED[varied], strict=True):
        found = LARGE.at("fcn", LARGE.complete({"varied": varied, "value": place, "n": 4096}))
        if task == stored.COMMON:
            risk = held.risk[:, stored.SIZES.index(4096)].mean()
            assert found == pytest.approx(risk, abs=1e-3)
        else:
            assert found is None


def test_a_curve_that_is_missing_leaves_no_trace(show):
    shown = show("#locality?value=20&n=256", html=locality().html())
    curves = shown.page.locator(".panel.curves")
    visible = curves.locator(".markers circle:visible")
    names = curves.locator(".names text:visible")
    expect(visible).to_have_count(4)
    assert "full (FCN)" in names.all_text_contents()
    shown.page.get_by_role("slider", name="Its value").press("End")
    expect(visible).to_have_count(3)
    assert "full (FCN)" not in names.all_text_contents()
    assert curves.locator(".line.ink path").first.get_attribute("d") == ""
    assert shown.complaints == []


@pytest.mark.parametrize("explorable", [locality, locality_small, locality_digits])
def test_a_panel_left_over_has_the_whole_width(show, explorable):
    page = show(html=explorable().html()).page
    boxes = [panel.bounding_box() for panel in page.locator(".panel").all()]
    assert len(boxes) == 3 and boxes[0]["y"] == boxes[1]["y"] < boxes[2]["y"]
    assert boxes[2]["width"] == pytest.approx(
        boxes[1]["x"] + boxes[1]["width"] - boxes[0]["x"], abs=1
    )


def test_pictures_are_filters():
    images = at(LARGE, "pictures", varied="patch size d", value=10, n=4096)
    signal, shared, *local = images
    np.testing.assert_allclose(signal.ravel(), 10**0.5 * stored.signal(10), atol=1e-9)
    for filters in (shared, *local):
        assert (filters * signal).mean() > 0.9


def test_full_filters_end_with_a_patch_each():
    images = at(SMALL, "pictures", k=8, n=8192)
    np.testing.assert_array_equal(images[0, 0], images[0, 1])
    for filters in images[2:]:
        own, other = np.linalg.norm(filters, axis=1)
        assert own > 0.9 and other < 0.2
    held = HELD["fcn", 8, 5, 0.2]
    assert len(set(np.linalg.norm(held.filters[-1], axis=-1).argmax(axis=-1))) == 2


@pytest.mark.parametrize("figure", [LARGE, SMALL])
def test_what_is_needed_is_where_the_curve_crosses(figure):
    state = {"k": 8} if figure is SMALL else {"varied": "patches k", "value": 30}
    sizes = figure.by_name["n"].values
    above, best = (
        np.array([value(figure, name, **state, n=n) for n in sizes]) for name in ("lcn", "best")
    )
    enough = above - best < stored.MARGIN
    needed = value(figure, "lcn_needed", **state, n=sizes[0])
    assert sizes[np.flatnonzero(~enough)[-1]] < needed < sizes[np.argmax(enough)]


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
