"""A page carries its own style and icons, and waits for nothing that it can do without.

The theme's sheets hold all of Bootstrap and two thousand icons, and a page uses a tenth of
them; its icons come from three fonts and a script of 1.5 MB, and a page has ten.
"""

import functools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tinycss2
from sphinx.application import Sphinx

# name:[width,height,[other names],"code point","path"]
ICON = re.compile(
    r'[{,](?:"([a-z0-9-]+)"|([a-z0-9]+)):\[(\d+),(\d+),\[([^\]]*)\],"[0-9a-f]+","([^"]*)"'
)
DRAWN = re.compile(
    r'<i class="([^"]*\bfa-(?!solid|brands|regular|lg\b)([a-z-]+)[^"]*)"([^>]*)></i>'
)

SHEET = re.compile(r'[ \t]*<link (?=[^>]*rel="stylesheet")[^>]*href="([^"?]+)[^>]*>\n?')
SCRIPT = re.compile(r'<script [^>]*src="([^"?]+)')
WAITING = re.compile(r"<script (?=[^>]*src=)(?![^>]*defer)")
UNUSED = re.compile(
    # The theme asks for its scripts before the text, and names each page for a version switcher.
    r'<link rel="preload" as="script"[^>]*>\n?|<script>DOCUMENTATION_OPTIONS\..*?</script>\n?'
    # Bytes for Font Awesome's script, and for a search in every page, while one page searches.
    r'|<script [^>]*src="[^"]*fontawesome\.js[^>]*></script>\n?'
)
SEARCH = re.compile(
    r'<script src="[^"]*(?:searchtools|language_data|searchindex)\.js"></script>\n?'
)

WORD = re.compile(r"[\w-]+")
# What may hold names of which a page needs none, or only one.
LOOSE = re.compile(r"\[[^\]]*\]|:(?:not|is|where|has)\((?:[^()]|\([^()]*\))*\)")
NAME = re.compile(r"[.#]((?:[\w-]|\\.)+)")
ADDRESS = re.compile(r"url\((?!['\"]?(?:data:|#))['\"]?([^'\")]+)['\"]?\)")


@functools.cache
def icons(script: Path) -> dict[str, str]:
    """The drawings in Font Awesome's script, by name; of a name's styles the last one is solid."""
    drawings = {}
    for own, plain, width, height, others, path in ICON.findall(script.read_text()):
        for name in (own or plain, *re.findall(r'"([^"]+)"', others)):
            drawings[name] = f'viewBox="0 0 {width} {height}"><path d="{path}"/></svg>'
    return drawings


@dataclass(frozen=True)
class Rule:
    """A rule of a sheet: selectors with the names they need, or a condition with rules inside."""

    head: str
    selectors: tuple[tuple[str, frozenset[str]], ...] = ()
    body: str = ""
    inside: tuple["Rule", ...] = ()

    def text(self, words: set[str]) -> str:
        """What of it a page with these words can use."""
        if self.inside:
            inner = "".join(rule.text(words) for rule in self.inside)
            return f"{self.head}{{{inner}}}" if inner else ""
        if self.selectors:
            heads = [selector for selector, names in self.selectors if names <= words]
            return f"{','.join(heads)}{{{self.body}}}" if heads else ""
        return f"{self.head}{{{self.body}}}"


def close(nodes: list) -> str:
    text = re.sub(r"/\*.*?\*/", "", tinycss2.serialize(nodes), flags=re.S)
    return re.sub(r"\s+", " ", text).strip()


def rules(nodes: list) -> Iterator[Rule]:
    for node in nodes:
        if node.type == "qualified-rule":
            parts = re.split(r",(?![^(]*\))", close(node.prelude))
            selectors = (
                (part.strip(), frozenset(each.replace("\\", "") for each in NAME.findall(bare)))
                for part in parts
                for bare in [LOOSE.sub("", part)]
            )
            yield Rule("", tuple(selectors), close(node.content))
        elif node.type == "at-rule" and node.content is not None:
            head = f"@{node.at_keyword} {close(node.prelude)}".strip()
            if node.at_keyword in ("media", "supports", "container"):
                inner = tinycss2.parse_rule_list(node.content, True, True)
                yield Rule(head, inside=tuple(rules(inner)))
            else:
                yield Rule(head, body=close(node.content))


@functools.cache
def sheet(file: Path) -> tuple[Rule, ...]:
    """The rules of a sheet, after those of the sheets that it imports."""
    nodes = tinycss2.parse_stylesheet(file.read_text(), True, True)
    imports = (n for n in nodes if n.type == "at-rule" and n.at_keyword == "import")
    files = (part.value for node in imports for part in node.prelude if part.type == "string")
    before = (rule for name in files for rule in sheet((file.parent / name).resolve()))
    return (*before, *rules(nodes))


def style(files: list[Path], words: set[str], folder: Path) -> str:
    """What a page in the folder needs of the sheets."""
    kept, faces = [], []
    for file in files:
        for rule in sheet(file):
            text = ADDRESS.sub(
                lambda found, file=file: f"url({os.path.relpath(file.parent / found[1], folder)})",
                rule.text(words),
            )
            (faces if rule.head == "@font-face" else kept).append(text)
    css = "".join(kept)
    for face in faces:
        family = re.search(r"font-family: ?['\"]?([^'\";]+)", face)
        # Icons are drawings here: the theme's rules for them would load their fonts.
        if family and family[1] in css and "Awesome" not in family[1]:
            css += face
    return css


def lighten(page: Path, out: Path) -> None:
    """Writes a page anew: icons drawn, style within, scripts after the text."""
    text = page.read_text()
    files = [(page.parent / name).resolve() for name in SHEET.findall(text)]
    if not files:
        return  # an earlier build has done it
    drawings = icons(out / "_static" / "scripts" / "fontawesome.js")
    text = DRAWN.sub(
        lambda found: (
            f'<svg class="icon {found[1]}"{found[3]} aria-hidden="true" ' + drawings[found[2]]
        ),
        text,
    )
    text = UNUSED.sub("", text)
    if page.name != "search.html":
        text = SEARCH.sub("", text)
    text = WAITING.sub("<script defer ", text)
    scripts = [(page.parent / name).resolve() for name in SCRIPT.findall(text)]
    words = set(WORD.findall(text)).union(*(WORD.findall(each.read_text()) for each in scripts))
    css = style(files, words, page.parent.resolve())
    first = SHEET.search(text)
    assert first
    text = text[: first.start()] + f"<style>{css}</style>\n" + text[first.start() :]
    page.write_text(SHEET.sub("", text))


def lighten_pages(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for page in out.rglob("*.html"):
        if "_static" not in page.parts:
            lighten(page, out)


def setup(app: Sphinx) -> dict[str, bool]:
    # The theme writes the colours of code when the build has finished.
    app.connect("build-finished", lighten_pages, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
