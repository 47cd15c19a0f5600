"""Every explorable of the book moves by keyboard, says what it shows, and keeps its address."""

import pytest

from .built import HTML, parsed


def figures() -> list[tuple[str, str]]:
    """Pairs of a page and the name of an explorable on it."""
    return [
        (str(file.relative_to(HTML)), figure.attrib["data-explorable"])
        for folder in ("book", "notebooks", "embed")
        for file in sorted((HTML / folder).rglob("*.html"))
        for figure in parsed(file).cssselect("figure.explorable")
    ]


FIGURES = figures()
# Every slider is moved where its figure stands alone, on a disk. In a chapter, from a host, one is;
# the figures of the labs' pages are woken by axe's tests, and are the same.
CHAPTERS = sorted({page for page, _ in FIGURES if page.startswith("book/")})
ALONE = [("file", page, name) for page, name in FIGURES if page.startswith("embed/")]
POSITIONS = ["Home", "End", "ArrowLeft"]


def bring(page, name):
    figure = page.locator(f"figure.explorable[data-explorable='{name}']")
    figure.scroll_into_view_if_needed()
    figure.and_(page.locator(".live")).wait_for()
    return figure


def reading(figure) -> str:
    return figure.locator("output[aria-live='polite']").inner_text()


def move(slider, key):
    """Press the key, and wait for the address, which follows when the slider rests."""
    value, address = slider.input_value(), slider.evaluate("() => location.hash")
    slider.press(key)
    if slider.input_value() != value:
        slider.page.wait_for_function("before => location.hash != before", arg=address)


def test_the_book_has_explorables():
    assert {page for page, _ in FIGURES} >= {
        "book/index.html",
        "book/networks/scale-and-depth.html",
    }


@pytest.mark.parametrize("page", CHAPTERS)
def test_figures_of_a_chapter_move_and_share_the_address(visit, page):
    opened = visit(page, scheme="http")
    for name in [name for where, name in FIGURES if where == page]:
        figure = bring(opened.page, name)
        slider = figure.locator("input[type=range]").first
        move(slider, "End")
        last = reading(figure)
        move(slider, "Home")
        assert reading(figure) != last
        assert opened.page.evaluate("location.hash").startswith(f"#{name}?")
    assert opened.complaints == []
    assert opened.left == []


@pytest.mark.parametrize(("scheme", "page", "name"), ALONE)
def test_every_control_has_a_name_and_every_slider_moves_by_keyboard(visit, scheme, page, name):
    opened = visit(page, scheme=scheme)
    figure = bring(opened.page, name)
    for fold in figure.locator("details").all():
        fold.evaluate("fold => (fold.open = true)")
    sliders = [
        slider for slider in figure.locator("input[type=range]").all() if slider.is_visible()
    ]
    assert len(sliders) >= 1
    for control in figure.locator("input, button").all():
        labels = "[...(c.labels || [])].map(label => label.textContent).join('')"
        named = f"c => c.getAttribute('aria-label') || c.textContent || {labels}"
        assert control.evaluate(named).strip()
    for slider in sliders:
        move(slider, "End")  # where it was before does not matter: Home is a move
        values, readings, addresses = [], [], []
        for key in POSITIONS:
            move(slider, key)
            values.append(slider.input_value())
            readings.append(reading(figure))
            addresses.append(opened.page.evaluate("location.hash"))
        assert len(set(values)) == len(POSITIONS), f"{page}: a slider does not move"
        assert readings[0] != readings[1], f"{page}: the reading does not follow"
        assert len(set(addresses)) == len(POSITIONS), addresses
        assert all(address.startswith(f"#{name}?") for address in addresses), addresses
    assert opened.complaints == []
    assert opened.left == []


@pytest.mark.parametrize(("scheme", "page", "name"), ALONE)
def test_a_link_restores_the_figure(visit, scheme, page, name):
    opened = visit(page, scheme=scheme)
    figure = bring(opened.page, name)
    slider = figure.locator("input[type=range]").first
    slider.focus()
    for key in ("End", "ArrowLeft", "ArrowLeft"):
        move(slider, key)
    told, address = reading(figure), opened.page.evaluate("location.hash")
    again = bring(visit(page + address, scheme=scheme).page, name)
    assert reading(again) == told


@pytest.mark.parametrize(("page", "name"), FIGURES)
def test_data_lie_beside_the_page(page, name):
    (script,) = parsed(HTML / page).cssselect(f"[data-explorable='{name}'] script")
    assert not script.text
    assert (HTML / page).parent.joinpath(script.attrib["data-from"].split("?")[0]).is_file()


@pytest.mark.parametrize("answer", [{"status": 404}, {"body": "(globalThis.explorables ??= {})["}])
def test_says_so_when_data_do_not_come(visit, answer):
    page, name = FIGURES[0]
    opened = visit(page, scheme="http")
    opened.page.route("**/figures/*.js*", lambda route: route.fulfill(**answer))
    opened.page.reload()
    figure = opened.page.locator(f"[data-explorable='{name}']")
    figure.scroll_into_view_if_needed()
    assert "its data could not be loaded" in figure.locator(".problem").inner_text()
    assert figure.locator(".still > svg").is_visible()


@pytest.mark.parametrize("page", sorted({page for page, _ in FIGURES}))
def test_there_is_a_picture_without_scripts(browser, addresses, page):
    context = browser.new_context(java_script_enabled=False)
    try:
        opened = context.new_page()
        opened.goto(f"{addresses['file']}/{page}")
        for figure in opened.locator("figure.explorable").all():
            picture = figure.locator("[role=img], img").first
            assert picture.is_visible()
            assert picture.get_attribute("aria-label") or picture.get_attribute("alt")
    finally:
        context.close()
