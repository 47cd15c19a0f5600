"""Every kind of panel draws the library's numbers, says them, and can be moved."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from implicitbias.explore import Array, Axis, Explorable
from implicitbias.explore.panels.stems import Marks, Stems

from ..browser import drawn
from ..made_up import one_of_each
from .conftest import ROOT, Shown

FIGURE = one_of_each()
KINDS = {panel.kind: k for k, panel in enumerate(FIGURE.panels)}


@pytest.fixture
def shown(show: Callable[..., Shown]) -> Shown:
    opened = show(html=Explorable(FIGURE).html())
    opened.page.wait_for_selector(".panel")
    yield opened
    assert opened.complaints == []


def rows_of(shown: Shown) -> dict[tuple[str, str, str], list[tuple[str, float]]]:
    """The downloaded table: panel and series to pairs of place and value."""
    with shown.page.expect_download() as download:
        shown.page.get_by_role("button", name="Data (CSV)").click()
    text = Path(download.value.path()).read_text()
    lines = csv.DictReader(io.StringIO("\n".join(x for x in text.splitlines() if x[0] != "#")))
    found: dict = {}
    for line in lines:
        found.setdefault((line["panel"], line["series"]), []).append(
            (line["at"], float(line["value"]))
        )
    return found


def values(rows: dict, panel: str, series: str) -> np.ndarray:
    return np.array([value for _, value in rows[panel, series]])


def test_the_table_holds_the_arrays(shown: Shown) -> None:
    shown.page.get_by_role("slider", name="Scale").first.press("ArrowRight")
    state = FIGURE.complete({"scale": FIGURE.by_name["scale"].values[3]})
    rows = rows_of(shown)
    curve = FIGURE.arrays["error"].values
    assert values(rows, "The curve", "error") == pytest.approx(curve, rel=1e-6)
    flow = FIGURE.at("flow", state)
    stairs = FIGURE.at("jump_weights", state)
    assert flow is not None and stairs is not None
    for j in range(4):
        assert values(rows, "The stairs", f"flow w{j + 1}") == pytest.approx(flow[:, j], abs=6e-4)
        assert values(rows, "The stairs", f"jump w{j + 1}") == pytest.approx(stairs[:, j])
    modes = FIGURE.over_time("modes", state)
    pictures = FIGURE.at("pictures", state)
    assert modes is not None and pictures is not None
    assert values(rows, "The spectrum", "modes σ₂") == pytest.approx(modes[:, 1], rel=1e-6)
    assert values(rows, "The images", "sine") == pytest.approx(pictures[1].ravel(), abs=6e-4)
    share = np.asarray(FIGURE.arrays["share"].values)
    assert values(rows, "The map", "share, depth D = 4") == pytest.approx(share[2], rel=1e-6)
    way = FIGURE.over_time("way", state)
    assert way is not None
    assert values(rows, "The plane", "the way, x") == pytest.approx(way[:, 0], abs=1e-6)
    assert values(rows, "The plane", "the metric, g12") == pytest.approx([1.0])


def test_the_sentence_reads_the_map_and_the_curve(shown: Shown) -> None:
    assert shown.reading == "At α = 0.1, depth 3, the map says −1.4 and the curve 0.27."


def test_the_map_is_dragged(shown: Shown) -> None:
    picture = shown.page.locator(".heatmap .shades")
    box = picture.bounding_box()
    assert box
    # The picture's cells: 7 scales across, 5 depths up.
    shown.page.mouse.move(box["x"] + 6.5 / 7 * box["width"], box["y"] + 0.5 / 5 * box["height"])
    shown.page.mouse.down()
    shown.page.mouse.up()
    assert shown.settled_hash().startswith("#one-of-each?scale=10&depth=6&")


def test_a_guide_crosses_the_map_where_its_array_says(shown: Shown) -> None:
    picture = shown.page.locator(".heatmap clipPath rect")
    x, y, width, height = (
        float(picture.get_attribute(name) or 0) for name in ("x", "y", "width", "height")
    )
    way = shown.page.locator(".heatmap .guide path").get_attribute("d") or ""
    points = np.array([point.split() for point in way[1:].split("L")], dtype=float)
    # Cells: 7 scales across, depths 2 to 6 up, each a unit.
    across = x + width * (np.arange(7) + 0.5) / 7
    up = y + height * (1 - (np.linspace(2, 5, 7) - 2 + 0.5) / 5)
    np.testing.assert_allclose(points, np.stack([across, up], 1), atol=0.06)
    assert shown.page.locator(".heatmap .names text").text_content() == "a guide"


def test_the_handle_of_the_plane_is_dragged(shown: Shown) -> None:
    shown.page.locator(".handle").scroll_into_view_if_needed()
    box = shown.page.locator(".handle").bounding_box()
    frame = shown.page.locator(".plane clipPath rect")
    unit = float(frame.get_attribute("width") or 0) / 2
    assert box
    at = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    shown.page.mouse.move(*at)
    shown.page.mouse.down()
    shown.page.mouse.move(at[0] - 0.7 * unit, at[1] + 0.1 * unit, steps=5)
    shown.page.mouse.up()
    assert "across=-0.3&up=0.3" in shown.settled_hash()
    shown.page.mouse.move(at[0] - 0.2 * unit, at[1])
    assert "across=-0.3&up=0.3" in shown.settled_hash()


def test_the_handle_of_the_plane_takes_the_keys(shown: Shown) -> None:
    hold = shown.page.get_by_role("slider", name="a point")
    hold.scroll_into_view_if_needed()
    shown.page.locator(".images .stage").focus()
    shown.page.keyboard.press("Tab")
    assert hold.evaluate("hold => hold === document.activeElement")
    assert hold.evaluate("hold => parseFloat(getComputedStyle(hold).outlineWidth)") >= 2
    first, second = FIGURE.by_name["across"].values, FIGURE.by_name["up"].values
    moves = {
        "Home": (first[0], None),
        "Shift+ArrowRight": (first[1], None),
        "PageUp": (first[1], second[-1]),
        "Shift+ArrowDown": (first[1], second[-2]),
        "End": (first[-1], second[-2]),
        "ArrowRight": (first[-1], second[-2]),
        "PageDown": (first[-1], second[0]),
    }
    for key, (across, up) in moves.items():
        shown.page.keyboard.press(key)
        drawn(shown.page)
        state = shown.page.evaluate(
            "(() => { const { value } = document.querySelector('figure.explorable').explorable;"
            "return [value('across'), value('up')]; })()"
        )
        assert state[0] == across and up in (None, state[1]), key
        assert float(hold.get_attribute("aria-valuenow") or "nan") == across
        # It lies on what is seen.
        centres = [
            spot.evaluate(
                "e => (({x, y, width, height}) => [x + width / 2, y + height / 2])"
                "(e.getBoundingClientRect())"
            )
            for spot in (hold, shown.page.locator(".handle .grip"))
        ]
        assert centres[0] == pytest.approx(centres[1], abs=0.6), key
    assert hold.get_attribute("aria-valuetext") == "0.8, −0.8"


def test_after_a_drag_the_keys_go_on(shown: Shown) -> None:
    grip = shown.page.locator(".handle .grip")
    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()
    assert box
    shown.page.mouse.move(box["x"] + 5, box["y"] + 5)
    shown.page.mouse.down()
    shown.page.mouse.up()
    drawn(shown.page)
    before = shown.page.get_by_role("slider", name="a point").get_attribute("aria-valuenow")
    shown.page.keyboard.press("ArrowLeft")
    drawn(shown.page)
    after = shown.page.get_by_role("slider", name="a point").get_attribute("aria-valuenow")
    assert float(after or "nan") < float(before or "nan")


def test_controls_that_do_nothing_are_hidden(shown: Shown) -> None:
    detail = shown.page.locator("[data-axis=detail]")
    assert detail.is_hidden()
    shown.page.get_by_role("radio", name="far").check()
    drawn(shown.page)
    assert detail.is_visible()


def test_images_are_read_by_keyboard_and_pointer(shown: Shown) -> None:
    stage = shown.page.locator(".images .stage")
    stage.focus()
    stage.press("ArrowDown")
    stage.press("ArrowRight")
    drawn(shown.page)
    expected = FIGURE.at("pictures", FIGURE.start)
    assert expected is not None
    said = f"cosine: row 2, column 2: {expected[0, 1, 1]:.2f}"
    assert stage.get_attribute("aria-valuetext") == said
    assert said.split(": ", 1)[1] in shown.page.locator(".images").inner_text()


def test_named_points_share_the_hover(shown: Shown) -> None:
    names = shown.page.locator(".staircase .names text")
    spot = shown.page.locator(".inside .points.dot > *").nth(3)
    spot.hover(force=True)
    lit = shown.page.locator(".staircase .names text.lit")
    lit.wait_for()
    assert names.count() == 4
    assert lit.text_content() == "w4"
    assert shown.page.locator(".plane .bubble").inner_text() == "w4"


def test_what_is_forbidden_is_hatched_and_so_it_is_taken_away(shown: Shown) -> None:
    region = shown.page.locator(".stage .forbidden > path")
    name = (region.get_attribute("fill") or "").removeprefix("url(#").removesuffix(")")
    assert shown.page.locator(f"pattern#{name} .hatch").count() == 1
    assert shown.page.locator(".entry", has_text="forbidden").is_visible()
    before = region.get_attribute("d")
    shown.page.get_by_role("slider", name="Scale").first.press("End")
    drawn(shown.page)
    assert region.get_attribute("d") not in (before, "")
    with shown.page.expect_download() as download:
        shown.page.get_by_role("button", name="Picture (SVG)").click()
    text = Path(download.value.path()).read_text()
    assert f'<pattern id="{name}"' in text and f"#{name}" in text.split("</pattern>")[1]
    # The dots of a trail are lines of no length.
    assert "stroke-linecap:round" in text


def test_time_cuts_the_trail_where_it_stands(shown: Shown) -> None:
    shown.page.get_by_role("slider", name="Time").press("Home")
    for _ in range(2):
        shown.page.get_by_role("slider", name="Time").press("ArrowRight")
    assert len(values(rows_of(shown), "The plane", "the way, x")) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_still_picture_shows_each_kind(kind: str) -> None:
    alone = replace(FIGURE, panels=(FIGURE.panels[KINDS[kind]],))
    html = Explorable(alone).html()
    drawn = html.split("<figcaption>")[0]
    assert FIGURE.panels[KINDS[kind]].title in drawn
    assert drawn.count("<polyline") + drawn.count("<rect") + drawn.count("<circle") >= 1
    assert "nan" not in drawn


@pytest.mark.parametrize(
    ("array", "message"),
    [
        ("share", "panel heatmap needs the array 'share'"),
        ("guide", "panel heatmap needs the array 'guide'"),
        ("error", "panel curves needs the array 'error'"),
        ("jump_times", "panel staircase needs the array 'jump_times'"),
        ("modes", "panel spectrum needs the array 'modes'"),
        ("pictures", "panel images needs the array 'pictures'"),
        ("bowl", "panel plane needs the array 'bowl'"),
        ("way", "panel plane needs the array 'way'"),
        ("metric", "panel plane needs the array 'metric'"),
        ("corner", "panel plane needs the array 'corner'"),
    ],
)
def test_each_kind_names_what_it_lacks(array: str, message: str) -> None:
    rest = {name: values for name, values in FIGURE.arrays.items() if name != array}
    text = "Nothing is read here."
    with pytest.raises(ValueError, match=message):
        replace(FIGURE, arrays=rest, reading=text)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("modes", Array(("scale",), np.ones((7, 3)), inner=("mode",)), r"dimensions \['time'\]"),
        ("pictures", Array((), np.ones((2, 2)), inner=("row", "column")), "needs inner"),
        ("pictures", Array((), np.ones((1, 2, 2)), inner=("image", "row", "column")), "1 labels"),
        ("flow", Array((), np.ones((16, 3)), inner=("step", "item")), "must have 4 items"),
        ("levels", Array((), np.ones(2)), "must have the shape"),
        ("clock", Array((), np.ones(2), inner=("scale",)), "must not be axes"),
    ],
)
def test_arrays_of_another_form_are_refused(name: str, array: Array, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(FIGURE, arrays={**FIGURE.arrays, name: array})


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_every_kind_is_accessible(show: Callable[..., Shown], theme: str, width: int) -> None:
    shown = show(
        html=Explorable(FIGURE).html(), theme=theme, viewport={"width": width, "height": 900}
    )
    shown.page.wait_for_selector(".panel")
    shown.page.add_script_tag(path=ROOT / "node_modules/axe-core/axe.min.js")
    found = shown.page.evaluate("axe.run('figure.explorable', {preload: false})")
    assert [violation["id"] for violation in found["violations"]] == []
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= width
    assert shown.complaints == []


def test_marks_follow_any_axis_also_one_with_arrays_of_its_own(show: Callable) -> None:
    """What stems are compared with hangs on the second axis, and has a part for each option."""
    scale, mode = Axis("scale", "Scale", (1.0, 2.0)), Axis("mode", "Mode", ("a", "b"), "choice")
    compared = [np.array([1.0, 1.0]), np.array([-1.0, -1.0])]
    figure = replace(
        FIGURE,
        axes=(scale, replace(mode, start="a")),
        arrays={
            "weights": Array(("scale",), np.array([[1.0, -1.0], [2.0, -2.0]]), ("item",)),
            "others": Array(("mode",), compared, ("item",)),
        },
        panels=(Stems("Weights", "weights", "these", (Marks("others", "those", "tick", "ink"),)),),
        items=(("first", "second"),),
        reading="At {scale}.",
        presets=(),
    )
    shown = show(html=Explorable(figure).html())
    marks = shown.page.locator(".stems svg[role=img] .tick line")
    before = marks.evaluate_all("all => all.map((mark) => mark.getAttribute('y1'))")
    shown.page.evaluate("new Promise((done) => requestIdleCallback(done))")  # decoded ahead
    shown.page.get_by_role("radio", name="b").check()
    drawn(shown.page)
    after = marks.evaluate_all("all => all.map((mark) => mark.getAttribute('y1'))")
    assert len(before) == len(after) == 2 and not set(before) & set(after)
    assert shown.complaints == []
