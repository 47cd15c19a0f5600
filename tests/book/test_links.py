"""Links lead somewhere, and nothing that a page loads lies elsewhere."""

from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from .built import HTML, parsed

PAGES = [
    str(file.relative_to(HTML))
    for file in sorted(HTML.rglob("*.html"))
    if not {"_static", "_sources"} & set(file.relative_to(HTML).parts)
]
RESOURCES = ["script[src]", "img[src]", "iframe[src]", "source[src]", "video[src]", "link[href]"]
FOR_PEOPLE = {"next", "prev", "index", "search", "canonical", "author", "copyright"}


@cache
def anchors(file: Path) -> set[str]:
    return {tag.get("id") or tag.get("name") for tag in parsed(file).cssselect("[id], a[name]")}


def test_there_are_pages():
    assert len(PAGES) > 10


@pytest.mark.parametrize("page", PAGES)
def test_internal_links_and_anchors_resolve(page):
    file, broken = HTML / page, []
    for tag in parsed(file).cssselect("[href], [src]"):
        address = tag.get("href") or tag.get("src") or ""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            continue
        target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
        if not target.exists():
            broken.append(address)
        elif parts.fragment and "?" not in parts.fragment and target.suffix == ".html":
            if unquote(parts.fragment) not in anchors(target):
                broken.append(address)
    assert broken == []


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_loaded_from_elsewhere(page):
    loaded = [
        tag.get("src") or tag.get("href")
        for tag in parsed(HTML / page).cssselect(", ".join(RESOURCES))
        if not FOR_PEOPLE & set(tag.get("rel", "").split())
    ]
    assert [address for address in loaded if urlsplit(address).netloc] == []
