"""What surrounds the chapters: a page for lost readers, previews of links, and who checked what."""

import hashlib
import json
import re
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from docutils import nodes
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
LEDGER = ROOT / "book" / "appendix" / "checked.json"
COVER = "_static/cover/scale-and-depth-light.png"

# Hosts serve this page under any address, so that it loads nothing, and looks for the book: where
# the configuration says, or at one of the folders that the address goes through.
LOST = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Page not found · {title}</title>
<link rel="icon" href="data:image/svg+xml,{icon}">
<style>{style}</style>
</head>
<body>
<main class="lost">
{logo}
<h1>This page does not exist</h1>
<p>It may have moved. The <a href="{base}book/index.html">first page</a> has the map of the
chapters, and the <a href="{base}search.html">search</a> finds words in all of them.</p>
</main>
<script>
  const lead = (path) => {{
    for (const link of document.links) link.href = link.href.replace("{base}", path);
  }};
  async function find() {{
    const folders = location.pathname.split("/").slice(0, -1);
    const above = folders.map((_, k) => folders.slice(0, k + 1).join("/") + "/");
    for (const path of [...above.filter((path) => path === "{path}"), ...above]) {{
      const answer = await fetch(path + "objects.inv", {{ method: "HEAD" }}).catch(() => null);
      if (answer?.ok) return lead(path);
    }}
  }}
  if (location.protocol === "file:") lead("");
  else find();
</script>
</body>
</html>
"""


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


def write_lost(app: Sphinx, exception: Exception | None) -> None:
    """The page that hosts serve where there is none."""
    if exception or app.builder.format != "html":
        return
    static, base = ROOT / "book" / "_static", app.config.html_baseurl
    page = LOST.format(
        title=escape(app.config.html_title),
        icon=quote((static / "favicon.svg").read_text()),
        style=(static / "embed.css").read_text(),
        logo=(static / "logo.svg").read_text(),
        base=base,
        path=urlsplit(base).path,
    )
    (Path(app.outdir) / "404.html").write_text(page, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", add_footer)
    app.connect("html-page-context", add_preview)
    app.connect("build-finished", write_lost)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
