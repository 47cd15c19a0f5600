"""Each explorable as a page of its own, for slides and other sites, and the list of these pages."""

import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FIGURE = re.compile(
    r'<figure class="explorable" data-explorable="(?P<name>[a-z0-9-]+)">.*?'
    r'<script type="application/json">(?P<payload>.*?)</script></figure>',
    re.DOTALL,
)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="stylesheet" href="../_static/fonts/fonts.css">
<link rel="stylesheet" href="../_static/explorables.css">
<link rel="stylesheet" href="../_static/embed.css">
<script defer src="../_static/explorables.js"></script>
</head>
<body>
<main>
<h1>{title}</h1>
{figure}
<p class="source">From <a href="../{chapter}.html" target="_top"><cite>Implicit bias</cite></a>,
CC BY 4.0</p>
</main>
</body>
</html>
"""


class Embed(NamedTuple):
    """An explorable that a lab's output holds."""

    name: str
    payload: dict[str, Any]
    html: str
    chapter: str


def embeds(root: Path) -> Iterator[Embed]:
    """The explorables of the labs, each once."""
    seen = set()
    for lab in sorted(root.glob("notebooks/*.ipynb")):
        chapters = sorted(root.glob(f"book/*/{lab.stem}.md"))
        page = (
            chapters[0].relative_to(root).with_suffix("") if chapters else f"notebooks/{lab.stem}"
        )
        for cell in json.loads(lab.read_text())["cells"]:
            for output in cell.get("outputs", []):
                html = "".join(output.get("data", {}).get("text/html", ""))
                found = FIGURE.search(html)
                if found and found["name"] not in seen:
                    seen.add(found["name"])
                    yield Embed(found["name"], json.loads(found["payload"]), found[0], str(page))


def link(name: str, state: dict[str, Any]) -> str:
    """The address of a state, as the figure itself writes it."""

    def spelled(value: Any) -> str:
        if isinstance(value, str):
            return re.sub(r"[^a-z0-9.]+", "-", value.lower())
        return f"{value:.3g}"

    pairs = "&".join(f"{axis}={quote(spelled(value))}" for axis, value in state.items())
    return f"{name}.html#{name}?{pairs}"


class Embeds(SphinxDirective):
    """`{embeds}`: every explorable with the links to its page and to its presets there."""

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        up = "../" * (self.env.docname.count("/"))
        box = nodes.container(classes=["embeds"])
        for embed in embeds(root):
            presets = " · ".join(
                f'<a href="{up}embed/{link(embed.name, preset["state"])}">'
                f"{escape(preset['label'])}</a>"
                for preset in embed.payload["presets"]
            )
            title = escape(embed.payload["title"])
            box += nodes.raw(
                "",
                f'<p><a href="{up}embed/{embed.name}.html"><strong>{title}</strong></a><br>'
                f"{presets}</p>",
                format="html",
            )
        for lab in root.glob("notebooks/*.ipynb"):
            self.env.note_dependency(str(lab))
        return [box]


def write_pages(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir) / "embed"
    folder.mkdir(exist_ok=True)
    for embed in embeds(Path(app.srcdir)):
        title = escape(embed.payload["title"])
        page = PAGE.format(title=title, figure=embed.html, chapter=embed.chapter)
        (folder / f"{embed.name}.html").write_text(page, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("embeds", Embeds)
    app.connect("build-finished", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
