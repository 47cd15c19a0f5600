"""Every page of the book opens without a network, a server or a complaint, on any screen."""

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import expect

from ..browser import drawn
from .conftest import opener

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"


def contents() -> list[str]:
    """The pages of the table of contents, as addresses relative to the built book."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())

    def files(entry: dict) -> list[str]:
        below = entry.get("chapters", []) + entry.get("sections", [])
        own = [entry["file"]] if "file" in entry else []
        return own + [file for each in below for file in files(each)]

    names = [toc["root"], *(file for part in toc["parts"] for file in files(part))]
    return [f"{name}.html" for name in names]


PAGES = contents()

# The theme's own: buttons whose visible key names differ from their label, icons outside landmarks.
ALLOWED = {"label-content-name-mismatch", "region"}

# Half of axe's time is contrast, which a width does not change; nothing else changes with a theme.
ALL = "{}"
CONTRAST = "{runOnly: ['color-contrast', 'link-in-text-block']}"
ALL_BUT_CONTRAST = "{rules: {'color-contrast': {enabled: false}}}"
SCROLLING = "{runOnly: ['scrollable-region-focusable']}"

# Most elements of a chapter are those of its formulas, all made by one typesetter. One page is
# looked at with them; elsewhere a letter of their colour stands for each.
LETTERS = "document.querySelectorAll('.katex').forEach((formula) => formula.replaceChildren('x'))"
WHOLE = "book/conventions.html"

# Labs, and the pages of the reference, are made of the same parts: two of them stand for all where
# only the screen or the theme is another.
ALIKE = ("/notebooks/", "/book/api/")
FOR_ALL = ("notebooks/scale-and-depth.html", "book/api/explore.html")


def complaint(page, options: str = ALL) -> str:
    """What axe finds: for each rule that is broken, where; `{}` if none is."""
    # Figures are drawn for the present size, and what the page left for an idle moment is done.
    drawn(page)
    page.evaluate("dispatchEvent(new Event('resize'))")
    page.evaluate("new Promise((done) => requestIdleCallback(done, {timeout: 2000}))")
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=ROOT / "node_modules/axe-core/axe.min.js")
    found = page.evaluate(f"axe.run(document, {{resultTypes: ['violations'], ...{options}}})")
    broken = {
        each["id"]: [node["html"][:160] for node in each["nodes"]]
        for each in found["violations"]
        if each["id"] not in ALLOWED
    }
    return json.dumps(broken, indent=1)


def wake(page):
    for figure in page.locator("figure.explorable").all():
        figure.scroll_into_view_if_needed()
        figure.and_(page.locator(".live")).wait_for()


@pytest.fixture(scope="module", params=PAGES)
def opened(request, browser, addresses):
    """One visit of each page, from disk, which the tests share that say so in this order."""
    with opener(browser, addresses) as visit:
        yield visit(request.param)


def test_opens_without_network_or_complaint(opened):
    wake(opened.page)
    opened.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    opened.page.wait_for_timeout(300)
    assert opened.left == []
    assert opened.complaints == []
    page = opened.page
    assert page.locator("article h1").count() == 1
    assert page.locator("button.search-button-field, .search-button__button:visible").count() == 1
    sources = page.evaluate("[...document.scripts].map(s => s.src.split('?')[0]).filter(s => s)")
    assert [source for source, times in Counter(sources).items() if times > 1] == []


def test_formulas_are_drawn_with_fonts_beside_the_page(opened):
    page = opened.page
    if not page.locator(".math").count():
        pytest.skip("no formulas here")
    drawn = page.locator(".math > .katex, .math > .katex-display > .katex")
    assert drawn.count() == page.locator(".math").count()
    assert page.locator(".katex-error").count() == 0
    assert page.locator(".math math > semantics").count() == drawn.count()
    page.locator(".math").first.scroll_into_view_if_needed()
    loaded = "[...fonts].filter(font => font.status == 'loaded').map(font => font.family)"
    families = page.evaluate(f"document.fonts.ready.then(fonts => {loaded})")
    assert any(family.startswith("KaTeX_") for family in families)
    assert any("Source Serif 4" in family for family in families)


APART = """() => [...document.querySelectorAll(".together")].filter((pair) => {
  const after = document.createRange();
  after.selectNodeContents(pair.lastChild);
  const base = [...pair.querySelectorAll(".katex-base")].at(-1);
  return after.getBoundingClientRect().left < base.getBoundingClientRect().right - 1;
}).map((pair) => pair.querySelector("annotation").textContent)"""


def test_no_line_begins_with_what_ends_a_formula(opened):
    opened.page.set_viewport_size({"width": 390, "height": 844})
    assert opened.page.evaluate(APART) == []


def test_fits_a_phone(opened):
    page = opened.page
    page.set_viewport_size({"width": 390, "height": 844})
    # What is not laid out is not wide.
    everything = page.add_style_tag(content="* { content-visibility: visible !important }")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert complaint(page, SCROLLING) == "{}"
    everything.evaluate("style => style.remove()")


def test_is_accessible_on_a_phone_and_on_a_desk_in_both_themes(opened):
    page = opened.page
    if not page.url.endswith(WHOLE):
        page.evaluate(LETTERS)
    alike = any(part in page.url for part in ALIKE) and not page.url.endswith(FOR_ALL)
    if not alike:
        assert complaint(page, ALL_BUT_CONTRAST) == "{}"
    page.set_viewport_size({"width": 1200, "height": 844})
    assert complaint(page, ALL) == "{}"
    if alike:
        return
    page.emulate_media(color_scheme="dark")
    drawn(page)  # a page without frames hears of no change of scheme
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert complaint(page, CONTRAST) == "{}"


# A host answers all pages alike; every chapter's explorables are moved from one elsewhere.
@pytest.mark.parametrize(
    "name",
    [
        "book/index.html",
        "book/networks/scale-and-depth.html",
        "book/appendix/solutions.html",
        "book/api/flows.html",
        "notebooks/geometry-lab.html",
    ],
)
def test_opens_from_a_host_on_a_phone(visit, name):
    opened = visit(name, scheme="http", width=390)
    wake(opened.page)
    assert opened.left == []
    assert opened.complaints == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_icons_are_drawn_in_the_page(visit):
    page = visit("book/networks/scale-and-depth.html").page
    assert page.locator("svg.icon path").count() >= 8
    assert page.locator("i[class*='fa-']").count() == 0
