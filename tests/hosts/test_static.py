"""Saved notebooks where no kernel runs: nbconvert's HTML, as nbviewer shows it, with no network."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, expect

from implicitbias.explore import Explorable, Figure

ROOT = Path(__file__).parents[2]


@pytest.fixture
def offline(browser: Browser):
    context = browser.new_context(offline=True, viewport={"width": 1200, "height": 900})
    yield context.new_page()
    context.close()


def test_a_committed_notebook_shows_its_figure(offline, tmp_path: Path) -> None:
    lab = ROOT / "notebooks" / "scale-and-depth.ipynb"
    convert = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", lab]
    subprocess.run([*convert, "--output-dir", tmp_path], check=True, capture_output=True)
    offline.goto((tmp_path / "scale-and-depth.html").as_uri(), wait_until="domcontentloaded")
    figure = offline.locator("figure.explorable[data-explorable=scale-and-depth]")
    picture = figure.get_by_role("img", name="From a small initial scale, training ends on")
    expect(picture).to_be_visible()
    box = picture.bounding_box()
    assert box and box["width"] > 500 and box["height"] > 300
    assert picture.locator("circle").count() > 40
    expect(figure.locator("figcaption")).to_be_visible()


def test_so_does_one_that_a_reader_saved_with_the_widget_in_it(
    figure: Figure, offline, tmp_path: Path
) -> None:
    data, metadata = Explorable(figure)._repr_mimebundle_()
    output = nbformat.v4.new_output("display_data", data, metadata=metadata)
    cell = nbformat.v4.new_code_cell("scale_and_depth()", outputs=[output])
    html, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    (tmp_path / "saved.html").write_text(html)
    offline.goto((tmp_path / "saved.html").as_uri(), wait_until="domcontentloaded")
    expect(offline.get_by_role("img", name=figure.alt)).to_be_visible()
