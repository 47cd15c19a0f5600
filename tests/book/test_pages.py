"""Every page of the book opens without a network, a server or a complaint, on any screen."""

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from playwright.sync_api import expect

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
THEME = {"label-content-name-mismatch", "region"}
# Axe takes a table's head for empty if it is a formula; test_tables_have_heads looks itself.
ALLOWED = THEME | {"empty-table-header"}


# Half of axe's time is contrast, which a width does not change; nothing else changes with a theme.
ALL = "{}"
CONTRAST = "{runOnly: ['color-contrast', 'link-in-text-block']}"
ALL_BUT_CONTRAST = "{rules: {'color-contrast': {enabled: false}}}"


def complaints_of_axe(page, options: str = ALL) -> dict[str, list[str]]:
    # What the page itself left for an idle moment comes first.
    page.evaluate("new Promise((done) => requestIdleCallback(done))")
    page.add_script_tag(path=ROOT / "node_modules/axe-core/axe.min.js")
    found = page.evaluate(f"axe.run(document, {{resultTypes: ['violations'], ...{options}}})")
    return {
        each["id"]: [node["html"][:160] for node in each["nodes"]]
        for each in found["violations"]
        if each["id"] not in ALLOWED
    }


@pytest.mark.parametrize("scheme", ["file", "http"])
@pytest.mark.parametrize("name", PAGES)
def test_opens_without_network_or_complaint(visit, name, scheme):
    opened = visit(name, scheme=scheme)
    opened.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    opened.page.wait_for_timeout(300)
    assert opened.left == []
    assert opened.complaints == []
    page = opened.page
    assert page.locator("article h1").count() == 1
    assert page.locator("button.search-button-field, .search-button__button:visible").count() == 1
    sources = page.evaluate("[...document.scripts].map(s => s.src.split('?')[0]).filter(s => s)")
    assert [source for source, times in Counter(sources).items() if times > 1] == []


@pytest.mark.parametrize("name", PAGES)
def test_formulas_are_drawn_with_fonts_beside_the_page(visit, name):
    page = visit(name).page
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


def test_icons_are_drawn_in_the_page(visit):
    page = visit("book/networks/scale-and-depth.html").page
    assert page.locator("svg.icon path").count() >= 8
    assert page.locator("i[class*='fa-']").count() == 0


def wake(page):
    for figure in page.locator("figure.explorable").all():
        figure.scroll_into_view_if_needed()
        figure.and_(page.locator(".live")).wait_for()


@pytest.mark.parametrize("name", PAGES)
def test_is_accessible_in_both_themes(visit, name):
    page = visit(name).page
    wake(page)
    assert json.dumps(complaints_of_axe(page, ALL), indent=1) == "{}"
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert json.dumps(complaints_of_axe(page, CONTRAST), indent=1) == "{}"


@pytest.mark.parametrize("name", PAGES)
def test_is_accessible_on_a_phone_and_fits_it(visit, name):
    page = visit(name, width=390).page
    wake(page)
    assert json.dumps(complaints_of_axe(page, ALL_BUT_CONTRAST), indent=1) == "{}"
    # What is not laid out is not wide.
    page.add_style_tag(content="* { content-visibility: visible !important }")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("name", PAGES)
def test_tables_have_heads(name):
    heads = BeautifulSoup((HTML / name).read_text(), "html.parser").select("article th")
    assert [head for head in heads if not head.get_text(strip=True)] == []
