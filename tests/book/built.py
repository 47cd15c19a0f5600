"""The built book, and its pages as trees of elements."""

from functools import cache
from pathlib import Path

from lxml import html

HTML = Path(__file__).parents[2] / "_build" / "html"


@cache
def parsed(file: Path) -> html.HtmlElement:
    return html.document_fromstring(file.read_text())
