"""What surrounds the text: menus, colours, search, margin notes, previews, a page for the lost."""

import json
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import expect

from .test_pages import HTML, PAGES, complaint

ROOT = Path(__file__).parents[2]
CHAPTER = "book/networks/scale-and-depth.html"


WITHOUT_CHAPTER = sorted({file.name for file in HTML.glob("*.html")} - {"index.html"})


@pytest.mark.parametrize(
    ("width", "theme"), [(1200, "light"), (1200, "dark"), (390, "light"), (390, "dark")]
)
@pytest.mark.parametrize("name", WITHOUT_CHAPTER)
def test_pages_without_a_chapter_are_whole(visit, name, width, theme):
    opened = visit(name, width=width, theme=theme)
    opened.page.wait_for_timeout(300)
    assert opened.complaints == opened.left == []
    assert complaint(opened.page) == "{}"
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


class Host(SimpleHTTPRequestHandler):
    """A host that has the book in a folder, and shows its 404 page where there is no other."""

    base = "/"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def send_head(self):
        inside = self.path.startswith(self.base)
        path, self.path = self.path, "/" + self.path.removeprefix(self.base)
        if inside and Path(self.translate_path(self.path)).exists():
            return super().send_head()
        self.path = path
        self.send_error(404)
        return None

    def send_error(self, code, message=None, explain=None):
        body = (HTML / "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@pytest.mark.parametrize("missing", ["gone.html", "book/networks/gone.html", "a/b/c/"])
@pytest.mark.parametrize("base", ["/", "/implicitbias/", "/courses/2026/book/"])
def test_the_lost_page_finds_its_way_on_any_host(browser, base, missing):
    handler = partial(type("Here", (Host,), {"base": base}), directory=str(HTML))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host = f"http://127.0.0.1:{server.server_port}"
        page = browser.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        try:
            answer = page.goto(f"{host}{base}{missing}")
            assert answer and answer.status == 404
            link = page.get_by_role("link", name="first page")
            found = partial(expect(link).to_have_attribute, "href", f"{base}book/index.html")
            found()
            # It loads nothing: what it would load lies nobody knows where.
            assert {address.split("/")[-1] for address in asked[1:]} == {"objects.inv"}
            link.click()
            expect(page.locator("h1").first).to_contain_text("Many solutions fit")
            page.go_back()
            found()
            page.get_by_role("link", name="search").click()
            expect(page.locator("#search-results")).to_be_attached()
        finally:
            page.close()
            server.shutdown()


def test_without_scripts_the_lost_page_leads_to_the_book_s_own_host():
    page = (HTML / "404.html").read_text()
    base = yaml.safe_load((ROOT / "_config.yml").read_text())["html"]["baseurl"]
    assert f'href="{base}book/index.html"' in page


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


@pytest.mark.parametrize(
    ("width", "beside"), [(1500, True), (1200, False), (1000, False), (390, False)]
)
@pytest.mark.parametrize("name", [CHAPTER, "book/geometry/geometry-lab.html"])
def test_margin_notes_stand_beside_or_fold_under(visit, name, width, beside):
    page = visit(name, width=width).page
    notes = page.locator("aside.margin")
    assert notes.count() >= 1
    for note in notes.all():
        note.scroll_into_view_if_needed()
        page.wait_for_timeout(100)
        box, text = (
            note.bounding_box(),
            note.locator("xpath=preceding-sibling::p[1]").bounding_box(),
        )
        assert box and text
        assert (box["x"] >= text["x"] + text["width"]) == beside
        # Nothing lies on it, and it is not cut off.
        seen = "(e, at) => e.contains(document.elementFromPoint(...at))"
        for across, down in ((8, 8), (box["width"] - 8, box["height"] - 8)):
            assert note.evaluate(seen, [box["x"] + across, box["y"] + down])
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_paper_has_the_text_alone(visit):
    page = visit("book/index.html").page
    page.emulate_media(media="print")
    for part in (".bd-sidebar-primary", ".bd-header-article", ".explorable .controls"):
        assert not page.locator(part).first.is_visible(), part
    assert page.locator(".explorable").first.is_visible()


# Words that are seen, and too pale for paper.
PALE = """all => all.filter((e) => e.checkVisibility() && e.textContent.trim()
  && Math.max(...getComputedStyle(e).color.match(/[0-9.]+/g).slice(0, 3).map(Number)) > 130)
  .map((e) => e.outerHTML.slice(0, 99))"""
INK = "e => getComputedStyle(e).color.match(/[0-9.]+/g).slice(0, 3).map(Number)"


@pytest.mark.parametrize(
    "name", ["book/geometry/geometry-lab", "book/networks/scale-and-depth", "embed/geometry-lab"]
)
def test_a_dark_page_is_printed_dark_on_light_and_fits_the_sheet(visit, name):
    page = visit(f"{name}.html", theme="dark").page
    for figure in page.locator("figure.explorable").all():
        figure.scroll_into_view_if_needed()
        figure.and_(page.locator(".live")).wait_for()
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 680, "height": 1000})  # what margins leave of A4
    page.wait_for_timeout(300)
    words = "p, h1, h2, figcaption, .reading, .panel .title, .panel .note, .highlight span"
    assert page.locator(words).evaluate_all(PALE) == []
    fills = "all => all.map(e => getComputedStyle(e).fill.match(/[0-9.]+/g).map(Number))"
    drawn = page.locator(".panel svg text").evaluate_all(fills)
    assert drawn and max(sum(fill[:3]) / 3 for fill in drawn) < 130  # between dark and light soft
    right = page.locator(".live .panel > *").evaluate_all(
        "all => Math.max(...all.map(e => e.getBoundingClientRect().right))"
    )
    assert right <= 680
    assert page.evaluate("document.documentElement.scrollWidth") <= 680
    hidden = page.locator(".hold, .fold, .controls, .actions")
    assert not any(hidden.evaluate_all("all => all.map((e) => e.checkVisibility())"))
    page.emulate_media(media="screen", color_scheme="dark")
    page.wait_for_timeout(100)
    assert min(page.locator("h1").first.evaluate(INK)) > 150


def test_the_theme_is_light_while_the_browser_prints(visit):
    page = visit("book/index.html", theme="dark").page
    theme = "document.documentElement.dataset.theme"
    page.evaluate(f"addEventListener('beforeprint', () => (window.printed = {theme}))")
    page.pdf()
    assert page.evaluate("window.printed") == "light"
    assert page.evaluate(theme) == "dark"


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
