"""Each explorable is a page of its own, which a frame on another site can hold."""

import pytest
from playwright.sync_api import expect

from ..browser import drawn
from .built import HTML, parsed
from .test_explorables import FIGURES, bring, reading
from .test_pages import ALL, ALL_BUT_CONTRAST, CONTRAST, complaint

NAMES = sorted({name for _, name in FIGURES})
LINKS = {a.attrib["href"]: a.text for a in parsed(HTML / "book/teach.html").cssselect(".embeds a")}


def test_the_page_for_teachers_lists_them_all():
    listed = [link.split("/")[-1] for link in LINKS if "#" not in link]
    assert sorted(listed) == sorted(f"{name}.html" for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_links_open_the_presets(visit, name):
    """The first opens the page; to the others the page goes."""
    place = f"../embed/{name}.html#"
    links = [(link.removeprefix(place), text) for link, text in LINKS.items() if place in link]
    page = visit(f"embed/{name}.html#{links[0][0]}").page
    figure = bring(page, name)
    for address, label in links:
        page.evaluate("address => (location.hash = address)", address)
        drawn(page)
        linked = reading(figure)
        figure.get_by_role("button", name="Reset").click()
        figure.get_by_role("button", name=label).click()
        drawn(page)
        assert reading(figure) == linked


@pytest.mark.parametrize("name", NAMES)
def test_is_accessible_at_any_width_and_in_any_light(visit, name):
    page = visit(f"embed/{name}.html", width=390).page
    bring(page, name)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert complaint(page, ALL_BUT_CONTRAST) == "{}"
    page.set_viewport_size({"width": 1100, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 1100
    assert complaint(page, ALL) == "{}"
    page.emulate_media(color_scheme="dark")
    assert complaint(page, CONTRAST) == "{}"


@pytest.mark.parametrize("name", NAMES)
def test_moves_in_a_frame(browser, addresses, tmp_path, name):
    slides = tmp_path / "slides.html"
    slides.write_text(
        f'<iframe src="{addresses["file"]}/embed/{name}.html" width="900" height="900"></iframe>'
    )
    context = browser.new_context(offline=True)
    try:
        page = context.new_page()
        page.goto(slides.as_uri())
        frame = page.frame_locator("iframe")
        frame.locator("figure.explorable.live").wait_for()
        slider = frame.locator("input[type=range]").first
        said = frame.locator("output[aria-live='polite']")
        slider.press("Home")
        drawn(page)
        before = said.inner_text()
        slider.press("End")
        expect(said).not_to_have_text(before)
    finally:
        context.close()
