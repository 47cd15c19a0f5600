"""The figures of the chapter on benign overfitting, and planes that are stretched."""

from collections.abc import Callable

import numpy as np
import pytest

import implicitbias as ib
from implicitbias.explore import (
    Array,
    Axis,
    Explorable,
    Figure,
    benign,
    double_descent,
    private_features,
)
from implicitbias.explore.benign_data import FEATURES, SPECTRA, on_circle
from implicitbias.explore.panels.plane import Bars, Extent, Handle, Outline, Plane, Points

from ..shown import at
from .conftest import Shown
from .test_kinds import rows_of

BENIGN = benign().figure


@pytest.mark.parametrize("spectrum", SPECTRA)
def test_the_drawn_fit_is_the_min_norm_interpolator(spectrum):
    kept, rest = SPECTRA[spectrum](FEATURES)
    targets, curve, own = on_circle(SPECTRA[spectrum](FEATURES), 8, 0.5)
    state = {"spectrum": spectrum, "samples": 8, "noise": 0.5}
    assert at(BENIGN, "own", **state) == pytest.approx(own, rel=2e-3)
    points = at(BENIGN, "data", **state)[:8]
    places = np.rint(points[:, 0]).astype(int)
    np.testing.assert_allclose(points[:, 1], targets, atol=0.03)
    np.testing.assert_allclose(curve[places], targets, atol=1e-12)
    # The rest of the spectrum as a private feature of each sample.
    basis = np.asarray(ib.learning.fourier_features(places / 360, FEATURES))
    wide = np.column_stack([basis * np.sqrt(kept), np.sqrt(rest) * np.eye(8)])
    weights = np.asarray(ib.minimum_norm(wide, targets))[:FEATURES] * np.sqrt(kept)

    x = np.arange(4096) / 4096  # exact for these frequencies
    waves = np.asarray(ib.learning.fourier_features(x, FEATURES))
    square = np.mean((waves @ weights - np.sqrt(2) * np.cos(2 * np.pi * x)) ** 2)
    assert own == pytest.approx(square, rel=1e-8)


def test_the_rest_of_each_spectrum_is_what_is_left():
    for make in SPECTRA.values():
        few, many = make(FEATURES), make(200_000)
        left = few.kept.sum() + few.rest
        assert left == pytest.approx(many.kept.sum() + many.rest, rel=2e-5)


def test_the_private_features_are_exact():
    figure = private_features().figure
    for samples in (4, 64):
        state = {"count": f"{samples} samples", "penalty": 1.0}
        labels = at(figure, "data", **state)[:, 1]
        shared = labels.sum() / (samples + 1)
        assert at(figure, "shared", **state) == pytest.approx(shared, rel=1e-6)
        curve = at(figure, "fit", **state)
        np.testing.assert_allclose(curve[2::3, 1], labels, atol=1e-3)
        np.testing.assert_allclose(curve[1::3, 1], shared, atol=1e-3)
        excess = (1 / (samples + 1)) ** 2 + 0.49 * samples / (samples + 1) ** 2
        assert at(figure, "excess", **state) == pytest.approx(excess, rel=1e-6)


def test_double_descent_is_exact_and_measured():
    figure = double_descent().figure
    state = {"data": "isotropic features", "noise": 0.5}
    exact = ib.learning.isotropic_risk(40, 48, signal=1.0, noise=0.5)
    assert at(figure, "near", **state) == pytest.approx(exact, rel=1e-6)
    for ratio, mean, spread in at(figure, "bars", **state):
        d = round(40 * ratio)
        expected = ib.learning.isotropic_risk(40, d, signal=1.0, noise=0.5)
        assert abs(mean - expected) < 2 * spread  # four standard errors
    # Ridge is best with its best penalty, and never worse than none.
    for d in (20, 60):
        options = {"weights": np.eye(1, d)[0], "noise": 0.5}
        ridges = d * 0.25 * np.array([0.5, 1.0, 2.0])
        found = [ib.learning.equivalent_risk(np.ones(d), 40, ridge=r, **options) for r in ridges]
        curve = at(figure, "ridge", **state)
        best = curve[np.abs(curve[:, 0] - d / 40).argmin(), 1]
        assert found[1].excess < min(found[0].excess, found[2].excess)
        assert best == pytest.approx(found[1].excess, rel=0.02)
    patients = at(figure, "bars", data="patients", noise=0.0)
    assert patients[-1, 1] > 1 > at(figure, "tuned", data="patients", noise=0.0)


def stretched(**changes) -> Figure:
    """Three points with bars on logarithmic axes, and a line."""
    plane = {
        "x": Extent("x", 1, 100, log=True),
        "y": Extent("y", 0.1, 10, log=True, ticks=(0.1, 1, 10)),
        "layers": (
            Outline("way", "a way", "run"),
            Bars("bars", "measured", "ink"),
            Points("spot", "a spot", "rich", "ring"),
        ),
        "stretched": True,
    }
    return Figure(
        name="stretched",
        title="A stretched plane",
        axes=(Axis("a", "A", (0.0, 1.0), start=0.0),),
        arrays={
            "way": Array((), [[1, 0.1], [100, 10]], inner=("step", "xy")),
            "bars": Array(
                ("a",),
                [[[1, 1, 0.9], [10, 1, 0.5], [100, 2, 3]], [[1, 2, 0.1]] * 3],
                inner=("point", "bar"),
            ),
            "spot": Array((), [[10.0, 1.0]], inner=("point", "xy")),
        },
        panels=(Plane("The plane", "", **plane | changes),),
        reading="A is {a}.",
        presets=(),
        caption="A caption.",
        alt="An alternative.",
    )


def test_a_stretched_plane_is_as_wide_as_its_room_and_logarithmic(show: Callable[..., Shown]):
    shown = show(html=Explorable(stretched()).html())
    box = shown.page.locator(".plane clipPath rect")
    x, y, width, height = (
        float(box.get_attribute(side) or 0) for side in ("x", "y", "width", "height")
    )
    assert width > 2 * height
    way = shown.page.locator(".outline").last.get_attribute("d") or ""
    ends = np.array([point.split() for point in way[1:].split("L")], dtype=float)
    np.testing.assert_allclose(ends, [[x, y + height], [x + width, y]], atol=0.06)
    spot = shown.page.locator(".stage .points circle").get_attribute("transform") or ""
    middle = [float(part) for part in spot.removeprefix("translate(").removesuffix(")").split()]
    assert middle == pytest.approx([x + width / 2, y + height / 2], abs=0.06)
    bars = shown.page.locator(".stage .bars .way").get_attribute("d") or ""
    low, high = (float(part) for part in bars.split("m")[0].removeprefix("M").split()[1].split("V"))
    assert low == pytest.approx(y + height, abs=0.06)  # at 0.1
    assert high == pytest.approx(y + height * (1 - np.log10(19) / 2), abs=0.06)
    assert "NaN" not in bars  # the last bar reaches below zero
    ticks = shown.page.locator(".plane .ticks text").all_text_contents()
    assert ticks == ["0.1", "1", "10", "1", "10", "x", "y"]
    table = rows_of(shown)
    assert [half for _, half in table["The plane", "measured, ±"]] == pytest.approx([0.9, 0.5, 3])
    assert shown.complaints == []


def test_a_still_stretched_plane_has_its_bars():
    drawn = Explorable(stretched()).html().split("<figcaption>")[0]
    assert drawn.count('r="3"') == 3 and "nan" not in drawn


def test_planes_that_cannot_be_stretched_are_refused():
    with pytest.raises(ValueError, match="panel plane needs to be stretched, and low > 0, for log"):
        stretched(stretched=False)
    with pytest.raises(ValueError, match="panel plane needs to be stretched, and low > 0, for log"):
        stretched(x=Extent("x", 0, 1, log=True))
    with pytest.raises(ValueError, match="panel plane must have no handle when it is stretched"):
        stretched(layers=(Handle("a", "a", "a point", "run"),))
