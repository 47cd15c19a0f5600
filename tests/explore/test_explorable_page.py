"""The figure in a real browser, from disk and with the network cut."""

import csv
import random
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from implicitbias.explore import Explorable, Figure

from ..browser import drawn


def test_the_keyboard_moves_every_control(show: Callable) -> None:
    shown = show()
    sliders = shown.page.locator(".explorable input[type=range]")
    assert sliders.count() == 2
    for slider in sliders.all():
        readings = {shown.reading}
        last = int(slider.get_attribute("max"))
        slider.focus()
        moves = {"Home": 0, "ArrowRight": 1, "End": last, "ArrowLeft": last - 1}
        for key, position in moves.items():
            slider.press(key)
            assert int(slider.input_value()) == position
            drawn(shown.page)
            readings.add(shown.reading)
        assert len(readings) >= 4
    for axis in ("data", "depth"):
        before = shown.reading
        shown.page.locator(f"[data-axis={axis}] input").first.focus()
        shown.page.keyboard.press("ArrowRight")
        drawn(shown.page)
        assert shown.reading != before
    assert shown.settled_hash() == "#scale-and-depth?data=diabetes&scale=3.16&depth=3&time=90.9"
    assert shown.complaints == []
    assert all(url.startswith(("file:", "data:")) for url in shown.requests)


def test_controls_have_names_and_speak_their_values(show: Callable) -> None:
    page = show().page
    scale = page.get_by_role("slider", name="Scale of initialisation α")
    assert scale.get_attribute("aria-valuetext") == "10⁻³" or scale.get_attribute("aria-valuetext")
    assert page.get_by_role("slider", name="Time").get_attribute("aria-valuetext") == "converged"
    assert page.get_by_role("group", name="Depth D").get_by_role("radio").count() == 3
    assert page.get_by_role("radio", name="diabetes").count() == 1
    assert page.locator("output[aria-live=polite]").count() == 1
    for control in page.locator(".explorable :is(button, input, .options label)").all():
        box = control.bounding_box()
        assert box is None or box["height"] >= 40, control.inner_html()


def test_the_numbers_read_out_are_those_of_python(show: Callable, figure: Figure) -> None:
    shown = show("#scale-and-depth?scale=0.1&depth=3")
    stage = shown.page.get_by_role("slider", name=re.compile("Look at one"))
    stage.focus()
    weights = figure.at("endpoint", figure.complete({"scale": 0.1, "depth": 3}))
    assert weights is not None
    for j in range(3):
        told = stage.get_attribute("aria-valuetext")
        assert told is not None and told.startswith(f"w{j + 1}: ")
        value = float(told.split(": ")[1].split(",")[0].replace("−", "-"))
        assert value == pytest.approx(weights[j], abs=6e-4)
        stage.press("ArrowRight")
        drawn(shown.page)


def test_dragging_where_you_stand_moves_the_scale(show: Callable) -> None:
    shown = show()
    panel = shown.page.locator(".panel.curves svg").first
    panel.scroll_into_view_if_needed()
    box = panel.bounding_box()
    shown.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 60)
    shown.page.mouse.down()
    seen = []
    for share in (0.3, 0.5, 0.7, 0.98):
        shown.page.mouse.move(box["x"] + box["width"] * share, box["y"] + 60)
        drawn(shown.page)
        seen.append(shown.position("scale"))
    shown.page.mouse.up()
    assert seen == sorted(set(seen)) and seen[-1] == 8
    shown.page.mouse.move(box["x"] + 50, box["y"] + 60)
    assert shown.position("scale") == 8


def test_hovering_tells_the_weight(show: Callable) -> None:
    shown = show()
    box = shown.page.locator(".stems .stage .dots path").bounding_box()
    assert box
    # Eight dots from edge to edge: the fifth.
    shown.page.mouse.move(box["x"] + 4 / 7 * box["width"], box["y"] + box["height"] / 2)
    bubble = shown.page.locator(".bubble")
    bubble.wait_for()
    assert re.match(r"w5: −?\d\.\d{3}", bubble.inner_text())
    assert shown.page.locator(".lit path").get_attribute("d")
    shown.page.mouse.move(5, 5)
    bubble.wait_for(state="hidden")


def test_presets_and_reset(show: Callable) -> None:
    shown = show()
    first = shown.reading
    shown.page.get_by_role("button", name="Watch it act as a kernel").click()
    drawn(shown.page)
    assert "a kernel machine" in shown.reading
    shown.page.get_by_role("button", name="Reset").click()
    drawn(shown.page)
    assert shown.reading == first


def test_play_runs_time_to_its_end(show: Callable) -> None:
    shown = show()
    shown.page.get_by_role("button", name="Play", exact=True).click()
    shown.page.wait_for_function("document.querySelector('[data-axis=time] input').value === '5'")
    assert shown.page.locator("output").get_attribute("aria-busy") == "true"
    shown.page.get_by_role("button", name="Play", exact=True).wait_for()
    assert shown.position("time") == 11
    assert shown.page.locator("output").get_attribute("aria-busy") == "false"


def test_without_motion_play_takes_few_steps(show: Callable) -> None:
    shown = show(reduced_motion="reduce")
    shown.page.get_by_role("button", name="Play", exact=True).click()
    seen = set()
    for _ in range(14):
        seen.add(shown.position("time"))
        shown.page.wait_for_timeout(100)
    assert len(seen) <= 3 and min(seen) == 0


def test_a_link_restores_its_state(show: Callable) -> None:
    shown = show("#scale-and-depth?data=diabetes&scale=0.1&depth=10&time=27.3")
    assert (shown.position("scale"), shown.position("time")) == (4, 3)
    assert shown.page.locator("[data-axis=depth] :checked").get_attribute("value") == "2"
    assert shown.page.locator("[data-axis=data] :checked").get_attribute("value") == "1"
    told = shown.reading
    again = show(shown.page.evaluate("location.hash"))
    assert again.reading == told
    shown.page.evaluate("location.hash = '#scale-and-depth?scale=10'")
    drawn(shown.page)
    assert shown.position("scale") == 8 and shown.position("time") == 11
    assert shown.complaints == []


def test_every_state_survives_its_link(show: Callable) -> None:
    shown = show()
    start = (shown.position("scale"), shown.position("time"))
    generator = random.Random(0)
    for _ in range(12):
        state = (generator.randrange(9), generator.randrange(12))
        shown.page.evaluate(
            """(state) => ["scale", "time"].forEach((axis, i) => {
                const input = document.querySelector(`[data-axis=${axis}] input`);
                input.value = state[i];
                input.dispatchEvent(new Event("input", { bubbles: true }));
            })""",
            state,
        )
        link = shown.settled_hash()
        for hash_, wanted in (("#scale-and-depth?depth=2", start), (link, state)):
            shown.page.evaluate("(link) => { location.hash = link }", hash_)
            shown.page.wait_for_function(
                """(state) => ["scale", "time"].every((axis, i) => {
                    const input = document.querySelector(`[data-axis=${axis}] input`);
                    return Number(input.value) === state[i];
                })""",
                arg=wanted,
            )


HOSTILE = [
    "#scale-and-depth",
    "#scale-and-depth?",
    "#scale-and-depth?scale=",
    "#scale-and-depth?scale=NaN",
    "#scale-and-depth?scale=-1",
    "#scale-and-depth?scale=1e999",
    "#scale-and-depth?scale=0x10",
    "#scale-and-depth?scale=1&scale=2",
    "#scale-and-depth?scale=1&width=2",
    "#scale-and-depth?depth=2.5",
    "#scale-and-depth?depth=constructor",
    "#scale-and-depth?time=101",
    "#scale-and-depth?data=%3Cimg%20src=x%20onerror=alert(1)%3E",
    "#scale-and-depth?__proto__=1",
    "#scale-and-depth?constructor=1",
    "#scale-and-depth?data=<script>alert(1)</script>",
    "#scale-and-depth?scale=%E0%A4%A",
    "#another-figure?scale=1",
    "#scale-and-depth?" + "scale=1&" * 5000,
]


def test_hostile_links_change_nothing(show: Callable) -> None:
    shown = show()
    first, elements = shown.reading, shown.page.locator("*").count()
    generator = random.Random(0)
    letters = "abcdeltph scale=&?#%<>\"'\\/0123456789.-+e_{}[]\u0000\u202e😀"
    noise = [
        "#scale-and-depth?scale=" + "".join(generator.choices(letters, k=generator.randrange(40)))
        for _ in range(80)
    ]
    accepted = re.compile(r"[?&](scale|depth|time)=[\d.e+-]+(&|$)")
    for link in HOSTILE + [text for text in noise if not accepted.search(text)]:
        shown.page.evaluate("(link) => { location.hash = link }", link)
        drawn(shown.page)
        assert shown.reading == first, link
    assert shown.page.locator("*").count() == elements
    opened = show(HOSTILE[12])
    assert opened.reading == first
    assert shown.complaints == opened.complaints == []


def test_a_phone_shows_it_without_sideways_scrolling(show: Callable) -> None:
    shown = show(viewport={"width": 390, "height": 844}, has_touch=True)
    page = shown.page
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    widths = page.locator(".panel > svg, .stage > svg").evaluate_all(
        "all => all.map((svg) => Number(svg.getAttribute('width')))"
    )
    assert len(widths) == 4 and set(widths) == {358}
    sizes = page.locator(".panel svg text").evaluate_all(
        "all => all.map((text) => getComputedStyle(text).fontSize)"
    )
    assert set(sizes) == {"12px"}
    # The controls stay on screen under each of the panels.
    for panel in page.locator(".panel").all():
        panel.scroll_into_view_if_needed()
        controls = page.locator(".controls").bounding_box()
        assert 0 <= controls["y"] and controls["y"] + controls["height"] <= 844 + 1


def test_panels_follow_the_width_they_have(show: Callable) -> None:
    shown = show()
    for width in (1200, 700, 390):
        shown.page.set_viewport_size({"width": width, "height": 900})
        drawn(shown.page)
        assert shown.page.evaluate("document.documentElement.scrollWidth") <= width
        wide = shown.page.locator(".stems svg[role=img]").get_attribute("width")
        assert int(wide) == int(shown.page.locator(".stems").evaluate("e => e.clientWidth"))


LUMINANCE = """(element) => {
    const colour = (text) => text.match(/[\\d.]+/g).slice(0, 3).map((part) => {
        const share = Number(part) / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    const light = ([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
    const style = getComputedStyle(element);
    const ink = light(colour(element instanceof SVGElement ? style.fill : style.color));
    const ground = light(colour(getComputedStyle(document.body).backgroundColor));
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_words_are_legible(show: Callable, theme: str) -> None:
    page = show(theme=theme).page
    words = page.locator(
        ".explorable :is(.title, .note, .reading, button, figcaption, .value, svg text)"
    )
    assert words.count() > 30
    for word in words.all():
        assert word.evaluate(LUMINANCE) >= 4.5, word.inner_html()


def damaged(html: str) -> dict[str, str]:
    return {
        "cut": re.sub(r'("weights":.{200}).*(</script>)', r"\1\2", html, flags=re.S),
        "empty": re.sub(r"(json.>).*(</script>)", r"\1\2", html, flags=re.S),
        "garbled": re.sub(r'("data":")[^"]{8}', r"\1AAAAAAAA", html, count=1),
        "missing axis": html.replace('"name":"depth"', '"name":"width"'),
        "missing array": html.replace('"to_l1":{', '"to_l3":{'),
        "unknown model": html.replace('"model":null', '"model":{"name":"none","arrays":{}}'),
        "unknown panel": html.replace('"kind":"paths"', '"kind":"carpet"'),
    }


@pytest.mark.parametrize(
    "damage",
    ["cut", "empty", "garbled", "missing axis", "missing array", "unknown model", "unknown panel"],
)
def test_a_damaged_figure_says_so_and_spares_the_page(
    show: Callable, figure: Figure, damage: str
) -> None:
    whole = Explorable(figure).html()
    broken = damaged(whole)[damage]
    assert broken != whole
    shown = show(html=broken + whole.replace("scale-and-depth", "the-next-figure"))
    alert = shown.page.get_by_role("alert")
    assert re.search("This figure cannot be shown: .+ The rest of the page", alert.inner_text())
    assert shown.page.locator(".workings").count() == 1
    assert shown.page.locator("figure.failed .still svg").is_visible()
    assert shown.page.get_by_text("After the figure.").is_visible()
    assert shown.complaints == []


def test_without_scripts_there_is_a_picture(show: Callable, figure: Figure) -> None:
    page = show(java_script_enabled=False).page
    picture = page.get_by_role("img", name=figure.alt)
    assert picture.is_visible()
    assert picture.bounding_box()["height"] > 200
    assert page.get_by_text(figure.caption[:40]).is_visible()


def test_paper_shows_the_picture_and_no_controls(show: Callable) -> None:
    page = show().page
    page.emulate_media(media="print")
    assert not page.locator(".controls").is_visible()
    assert not page.get_by_role("button", name="Reset").is_visible()
    assert page.locator(".panel svg").first.is_visible()


def test_it_is_drawn_only_when_it_comes_near(show: Callable, figure: Figure) -> None:
    far = '<p style="height:5000px">Far.</p>' + Explorable(figure).html()
    page = show(html=far, awake=False).page
    page.wait_for_timeout(100)
    assert page.locator(".workings").count() == 0
    page.mouse.wheel(0, 4600)
    page.locator(".workings").wait_for()


def test_downloads(show: Callable, figure: Figure, tmp_path: Path) -> None:
    shown = show("#scale-and-depth?scale=0.1&depth=3", accept_downloads=True)

    def taken(name: str) -> Path:
        with shown.page.expect_download() as download:
            shown.page.get_by_role("button", name=name).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        return path

    table = taken("Data (CSV)")
    lines = [line for line in table.read_text().splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines))
    curve = [row for row in rows if row["series"] == "to the sparse fit"]
    state = figure.complete({"depth": 3})
    expected = [
        float(np.asarray(figure.at("to_l1", state | {"scale": scale})))
        for scale in figure.by_name["scale"].values
    ]
    np.testing.assert_allclose([float(row["value"]) for row in curve], expected, rtol=1e-6)

    picture = ElementTree.parse(taken("Picture (SVG)")).getroot()
    assert picture.tag.endswith("svg")
    dots = [path.get("d", "").count("h0") for path in picture.findall(".//{*}path")]
    assert max(dots) == 8
    assert "var(" not in ElementTree.tostring(picture, encoding="unicode")
    assert taken("Picture (PNG)").read_bytes().startswith(b"\x89PNG")


def test_a_move_is_drawn_within_a_frame(show: Callable) -> None:
    shown = show()
    shown.page.wait_for_timeout(600)
    costs = shown.page.evaluate(
        """async () => {
            const next = window.requestAnimationFrame.bind(window);
            const costs = [];
            window.requestAnimationFrame = (draw) => next((time) => {
                const start = performance.now();
                draw(time);
                document.body.getBoundingClientRect();
                costs.push(performance.now() - start);
            });
            const input = document.querySelector("[data-axis=scale] input");
            for (let i = 0; i < 60; i++) {
                input.value = (5 * i) % 9;
                input.dispatchEvent(new Event("input", { bubbles: true }));
                await new Promise((done) => next(() => next(done)));
            }
            return costs.sort((a, b) => a - b);
        }"""
    )
    assert len(costs) >= 50
    median = costs[len(costs) // 2]
    assert median < 16, f"half of the moves take {median} ms or more"
