"""What surrounds the text: menus, colours, search, margin notes, previews, a page for the lost."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .test_pages import HTML, PAGES, complaints_of_axe

ROOT = Path(__file__).parents[2]
CHAPTER = "book/networks/scale-and-depth.html"
NOTE = '<aside class="margin sidebar"><p>An aside of two or three lines, for who asks.</p></aside>'


@pytest.mark.parametrize("name", ["404.html", "search.html", "genindex.html"])
def test_pages_without_a_chapter_are_whole(visit, name):
    opened = visit(name, theme="dark")
    opened.page.wait_for_timeout(300)
    assert opened.complaints == opened.left == []
    assert json.dumps(complaints_of_axe(opened.page), indent=1) == "{}"
    phone = visit(name, width=390).page
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_lost_page_finds_its_way_from_any_address():
    page = (HTML / "404.html").read_text()
    assert '{ href: "/implicitbias/" }' in page
    assert 'href="book/index.html"' in page


def test_search_finds_and_complains_of_nothing(visit):
    opened = visit(CHAPTER)
    opened.page.keyboard.press("Control+k")
    field = opened.page.locator("dialog[open] input[type=search]")
    field.fill("kernel")
    field.press("Enter")
    expect(opened.page.locator("#search-results a").first).to_be_visible()
    opened.page.wait_for_timeout(300)
    assert opened.complaints == opened.left == []


def test_colours_follow_the_system_and_then_the_reader(visit):
    page = visit(CHAPTER, theme="dark").page
    theme = page.locator("html")
    expect(theme).to_have_attribute("data-theme", "dark")
    button = page.locator(".theme-switch-button")
    button.click()
    expect(theme).to_have_attribute("data-theme", "light")
    page.reload()
    expect(theme).to_have_attribute("data-theme", "light")
    button.click()
    button.click()
    expect(theme).to_have_attribute("data-mode", "auto")
    page.emulate_media(color_scheme="light")
    expect(theme).to_have_attribute("data-theme", "light")


def test_menus_open_one_at_a_time_and_close(visit):
    page = visit(CHAPTER).page
    launch, download = (
        page.locator(f".dropdown-{name}-buttons") for name in ("launch", "download")
    )
    launch.locator("button").first.click()
    expect(launch.get_by_text("Binder")).to_be_visible()
    download.locator("button").first.click()
    expect(launch.get_by_text("Binder")).to_be_hidden()
    page.mouse.move(5, 600)  # under the mouse they stay open
    page.keyboard.press("Escape")
    expect(download.get_by_text(".md")).to_be_hidden()
    expect(download.locator("button").first).to_be_focused()


def test_contents_come_in_a_dialog_on_a_phone(visit):
    page = visit(CHAPTER, width=390).page
    page.locator(".primary-toggle").click()
    expect(page.locator("dialog[open]").get_by_text("Conventions")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.locator(".secondary-toggle").click()
    page.locator("dialog[open]").get_by_text("The network").click()
    expect(page.locator("#the-network h2")).to_be_in_viewport()
    assert page.evaluate("location.hash") == "#the-network"


def test_contents_say_where_the_reader_is(visit):
    page = visit(CHAPTER + "#the-network").page
    current = page.locator("#pst-page-toc-nav [aria-current]")
    expect(current).to_have_text("The network")


@pytest.mark.parametrize(("width", "beside"), [(1500, True), (390, False)])
def test_margin_notes_stand_beside_or_fold_under(visit, width, beside):
    page = visit(CHAPTER, width=width).page
    page.add_style_tag(
        path=ROOT / "book/_static/book.css"
    )  # a page without notes has no style for them
    text = page.locator("article section section p").first
    text.evaluate("(p, note) => p.insertAdjacentHTML('afterend', note)", NOTE)
    note, text = page.locator("aside.margin").bounding_box(), text.bounding_box()
    assert note and text
    assert (note["x"] >= text["x"] + text["width"]) == beside
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_paper_has_the_text_alone(visit):
    page = visit("book/index.html").page
    page.emulate_media(media="print")
    for part in (".bd-sidebar-primary", ".bd-header-article", ".explorable .controls"):
        assert not page.locator(part).first.is_visible(), part
    assert page.locator(".explorable").first.is_visible()


@pytest.mark.parametrize("name", PAGES)
def test_links_have_previews(name):
    page = (HTML / name).read_text()
    found = dict(re.findall(r'<meta property="(og:[\w:]+)" content="([^"]*)"', page))
    assert found["og:title"] and found["og:url"].endswith(name)
    assert (HTML / found["og:image"].split("/implicitbias/")[1]).exists()


def test_the_footer_says_with_what_the_claims_were_checked():
    page = (HTML / CHAPTER).read_text()
    claims = json.loads((ROOT / "book/appendix/checked.json").read_text())
    jax = re.search(r"^jax==(.+)$", (ROOT / "requirements.lock").read_text(), re.M)
    assert jax and f"JAX {jax[1]}" in page
    assert f">{len(claims)} claims</a>" in page
