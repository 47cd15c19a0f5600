"""The figure of the chapter on halfspaces shows the sweep, and the sweep is the library's."""

import numpy as np
import pytest

from implicitbias import studies
from implicitbias.explore import halfspaces, halfspaces_tumours, halfspaces_tumours_data as tumours
from implicitbias.explore.halfspaces_data import EXTRAS, OPTS, RADII, SMOOTHINGS, read

FIGURE = halfspaces().figure
PHASES = FIGURE.by_name["phase"].values


@pytest.mark.parametrize(
    "extra, smoothing, opt, radius",
    [("strip", 1e-4, 1e-2, 1e4), ("strip", 0.03, 1e-5, 30.0), ("wedge", 0.1, 1e-4, 1e4)]
    + [("none", 0.3, 1e-3, 3.0)],
)
def test_the_sweep_is_what_the_library_computes(extra, smoothing, opt, radius):
    state = FIGURE.complete({"extra": extra, "smoothing": smoothing, "opt": opt, "radius": radius})
    at = (EXTRAS.index(extra), SMOOTHINGS.index(smoothing))
    at = (*at, OPTS.index(state["opt"]), RADII.index(radius))
    # Without an extra the smoothing is the least: the sweep computes no other.
    used = SMOOTHINGS[0] if extra == "none" else smoothing
    plane = studies.lower_bound_distribution(opt, extra=extra, smoothing=used)
    first = studies.logistic_minimizer(plane, radius).weights
    second = studies.hinge_minimizer(plane, first).weights
    held = read()
    for k, w in enumerate((first, second)):
        share, angle = studies.missed(plane, w).share, np.arctan2(w[1], w[0])
        assert held.risk[*at, k] == pytest.approx(share, rel=6e-4)
        assert held.angle[*at, k] == pytest.approx(angle, rel=6e-4)
        here = state | {"phase": PHASES[k]}
        assert float(FIGURE.at("times", here)) == pytest.approx(share / opt, rel=1e-3)
        assert float(FIGURE.at("degrees", here)) == pytest.approx(np.degrees(angle), rel=1e-3)
        # The boundary is where the predictor vanishes, stretched and not.
        x, y = FIGURE.at("boundary", here)[1]
        assert abs(np.cos(angle) * x + np.sin(angle) * y) < 1e-3
        x, y = FIGURE.at("wrong", here)[2]
        assert abs(x * np.sqrt(opt) + np.tan(angle) * y) < 1e-3


def inside(points, polygon):
    """Whether points "n 2" lie in a polygon "k 2", by the winding number."""
    a = polygon[None] - points[:, None]
    b = np.roll(a, -1, axis=1)
    cross = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return np.abs(np.arctan2(cross, (a * b).sum(-1)).sum(1)) > np.pi


@pytest.mark.parametrize("extra", ["strip", "wedge"])
@pytest.mark.parametrize("smoothing", [1e-4, 0.1, 0.3])
def test_outlines_surround_what_is_drawn(extra, smoothing):
    state = FIGURE.complete({"extra": extra, "smoothing": smoothing, "opt": 1e-2})
    plane = studies.lower_bound_distribution(0.01, extra=extra, smoothing=smoothing)
    random = np.random.default_rng(0)
    for name, part in (("strip", plane.clean.parts[1]), ("square", plane.flipped)):
        points = part.draw(random, 2000)
        one, two = (FIGURE.at(f"{name}_{word}", state) for word in ("one", "two"))
        within = inside(points, one) | inside(points, two)
        # An arc is drawn as a few straight lines, and corners pass beyond it.
        assert within.mean() > 0.97
        spread = np.linalg.norm(one.max(axis=0) - one.min(axis=0))
        drawn = points[inside(points, one)]
        found = np.linalg.norm(drawn.max(axis=0) - drawn.min(axis=0))
        assert spread < 1.15 * found + 0.02


def test_slopes_are_those_of_neighbours():
    state = FIGURE.complete({"extra": "none", "smoothing": 1e-4, "opt": 1e-4})
    assert float(FIGURE.at("slope", state)) == pytest.approx(1, abs=0.01)
    shares = [float(FIGURE.at("risk", state | {"extra": "strip", "opt": opt})) for opt in OPTS]
    expected = np.log10(shares[5] / shares[3])  # a decade apart, around 1e-4
    found = float(FIGURE.at("slope", state | {"extra": "strip"}))
    assert found == pytest.approx(expected, abs=0.012)


@pytest.mark.parametrize("preset", range(len(FIGURE.presets)))
def test_readings_are_in_the_order_of_their_values(show, preset):
    page = show(html=halfspaces().html()).page
    page.locator(".presets button").nth(preset).click()
    page.wait_for_timeout(200)
    panel = page.locator(".panel.curves").first
    drawn = panel.locator(".readings text:visible").all()
    heights = [float(text.get_attribute("y")) for text in drawn]
    values = [numeral(text.text_content()) for text in drawn]
    assert len(values) >= 2
    assert [values[k] for k in np.argsort(heights)] == sorted(values, reverse=True)


def numeral(text: str) -> float:
    """A number as a figure writes it."""
    head, _, power = text.partition("10⁻")
    digits = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
    return float(head.split("×")[0] or 1) / 10.0 ** int(power.translate(digits) or 0)


TUMOURS = halfspaces_tumours().figure
WRONG = tumours.read()


@pytest.mark.parametrize("chosen, share, seed", [("far out", 0.1, 3), ("at random", 0.02, 11)])
def test_tumours_are_recomputed(chosen, share, seed):
    at = (tumours.CHOSEN.index(chosen), tumours.SHARES.index(share), seed)
    for k, features in enumerate(tumours.FEATURES):
        X, y = tumours.table(features)
        found = tumours.errors(X, y, share, chosen, seed)
        np.testing.assert_allclose(found, WRONG[k, *at], atol=1e-12)


def test_tables_of_tumours():
    X, y = tumours.table("two components")
    whole, same = tumours.table("all measurements")
    np.testing.assert_array_equal(y, same)
    for table, columns in ((X, 3), (whole, 31)):
        assert table.shape == (569, columns)
        assert (table**2).sum(axis=1).mean() == pytest.approx(1, abs=1e-12)
        assert np.ptp(table[:, -1]) == 0
    cross = X[:, :2].T @ X[:, :2]
    assert abs(cross[0, 1]) < 1e-9 * cross[0, 0] and cross[0, 0] > cross[1, 1]


@pytest.mark.parametrize("features, weights", [("all measurements", 31), ("two components", 3)])
def test_linear_programming_leaves_samples_on_the_boundary(features, weights):
    X, y = (part[:300] for part in tumours.table(features))
    labels = np.where(np.arange(300) % 10 == 0, -y, y)
    ends = studies.hinge_program(X, labels, tumours.one_phase(X, labels))
    assert (np.abs(X @ np.asarray(ends)) < 1e-9).sum() == weights - 1


def test_with_nothing_flipped_it_does_not_matter_which():
    np.testing.assert_array_equal(WRONG[:, 0, 0], WRONG[:, 1, 0])
    test, train = WRONG.mean(axis=3)[0, 0, tumours.SHARES.index(0.05)]
    assert test[1] > test[0] and train[1] < train[0]


@pytest.mark.parametrize("features", tumours.FEATURES)
@pytest.mark.parametrize("chosen", tumours.CHOSEN)
def test_bars_are_means_and_standard_errors(features, chosen):
    splits = WRONG[tumours.FEATURES.index(features), tumours.CHOSEN.index(chosen)]
    for part, name in enumerate(("test", "train")):
        for phase, word in enumerate(("one", "two")):
            state = TUMOURS.complete({"features": features, "chosen": chosen, "share": 0.1})
            bars = TUMOURS.at(f"{name}_{word}_bars", state)
            drawn = splits[:, :, part, phase]
            np.testing.assert_allclose(bars[:, 1], drawn.mean(axis=1))
            np.testing.assert_allclose(bars[:, 2], drawn.std(axis=1, ddof=1) / 20**0.5)
            k = tumours.SHARES.index(0.1)
            here = TUMOURS.at(f"{name}_here", state)[phase]
            np.testing.assert_allclose(here, bars[k, :2])
            shown = float(TUMOURS.at(f"{name}_{word}", state))
            assert shown == pytest.approx(drawn[k].mean(), abs=1e-4)
