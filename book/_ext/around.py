"""What surrounds the chapters: a page for lost readers, previews of links, and who checked what."""

import hashlib
import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
LEDGER = ROOT / "book" / "appendix" / "checked.json"
COVER = "_static/cover/scale-and-depth-light.png"

# The host serves it under any address; what it loads and links lies beside it.
BASE = """<script>
  if (!location.pathname.endsWith("404.html"))
    document.head.append(Object.assign(document.createElement("base"), {{ href: "{path}" }}));
</script>"""
LOST = """<section><h1>This page does not exist</h1>
<p>It may have moved. The <a href="book/index.html">first page</a> has the map of the chapters, and
the <a href="search.html">search</a> finds words in all of them.</p></section>"""


def found(pattern: str, file: str) -> str:
    match = re.search(pattern, (ROOT / file).read_text(), re.MULTILINE)
    assert match, f"{file} has nothing like {pattern}"
    return match[1]


def checked_with() -> str:
    """Versions and ledger with which the claims were last checked, from the repository alone."""
    ledger = LEDGER.read_bytes()
    library = found(r'^version = "(.+)"', "pyproject.toml")
    jax = found(r"^jax==([\d.]+)", "requirements.lock")
    python = found(r"^python-([\d.]+)", "runtime.txt")
    digest = hashlib.sha256(ledger).hexdigest()[:7]
    return (
        f"Last checked with implicitbias {library}, JAX {jax} and Python {python}: "
        f'<a href="{{checked}}">{len(json.loads(ledger))} claims</a>, ledger {digest}.'
    )


def add_footer(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    line = checked_with().format(checked=context["pathto"]("book/appendix/checked"))
    context["theme_extra_footer"] = f"{context['theme_extra_footer']}<br>{line}"


def describe(doctree: nodes.document) -> str:
    """The first paragraph of a sentence or two without formulas, as long as previews show it."""
    plain = (each for each in doctree.findall(nodes.paragraph) if not any(each.findall(nodes.math)))
    texts = [" ".join(each.astext().split()) for each in plain]
    text = next((text for text in texts if len(text) > 80), "".join(texts[:1]))
    return text if len(text) < 200 else text[:199].rsplit(" ", 1)[0] + "…"


def add_preview(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """What other sites show of a link to this page."""
    if doctree is None:
        return
    title = re.sub("<[^>]*>", "", context["title"])
    base = app.config.html_baseurl
    properties = {
        "og:type": "article",
        "og:site_name": app.config.html_title,
        "og:title": title,
        "og:description": describe(doctree),
        "og:url": f"{base}{page}.html",
        "og:image": f"{base}{COVER}",
        "og:image:alt": "Forty weights during training, and the sliders that decide where they end",
    }
    tags = [f'<meta property="{name}" content="{escape(v)}">' for name, v in properties.items()]
    tags += [
        f'<meta name="description" content="{escape(properties["og:description"])}">',
        '<meta name="twitter:card" content="summary_large_image">',
    ]
    context["metatags"] = "\n".join([context.get("metatags", ""), *tags])


def lost(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The page that hosts serve where there is none."""
    base = BASE.format(path=urlsplit(app.config.html_baseurl).path)
    yield "404", {"title": "Page not found", "body": LOST, "metatags": base}, "page.html"


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-collect-pages", lost)
    app.connect("html-page-context", add_footer)
    app.connect("html-page-context", add_preview)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
