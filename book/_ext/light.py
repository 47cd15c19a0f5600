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

import fonts
import tinycss2
from sphinx.application import Sphinx

KATEX = Path(__file__).parents[2] / "node_modules/katex/dist/fonts"

# name:[width,height,[other names],"code point","path"]
ICON = re.compile(
    r'[{,](?:"([a-z0-9-]+)"|([a-z0-9]+)):\[(\d+),(\d+),\[([^\]]*)\],"[0-9a-f]+","([^"]*)"'
)
DRAWN = re.compile(
    r'<(i|span) class="([^"]*\bfa-(?!solid|brands|regular|lg\b)([a-z-]+)[^"]*)"([^>]*)></\1>'
)

SHEET = re.compile(r'[ \t]*<link (?=[^>]*rel="stylesheet")[^>]*href="([^"?]+)[^>]*>\n?')
SCRIPT = re.compile(
    r'[ \t]*<script (?=[^>]*src="([^"?]+))(?:defer="defer" |defer )?([^>]*)></script>\n?'
)
# What a page must have for a script to go with it. The theme's own, with Bootstrap and Font
# Awesome 150 kB, are not in the list: book.js does what they do for this book.
SERVES = {
    "book.js": "",
    "explorables.js": 'class="explorable"',
    "togglebutton.js": r'class="(?:[^"]* )?(?:toggle\b(?!-)|admonition[^"]* dropdown)',
    "clipboard.min.js": "<pre",
    "copybutton.js": "<pre",
    "design-tabs.js": r"\bsd-tab",
    "documentation_options.js": '<pre|id="search-results"|class="toggler"',
    "doctools.js": '(?:id="search-results"|class="toggler")',
    "sphinx_highlight.js": 'id="search-results"',
    "searchtools.js": 'id="search-results"',
    "language_data.js": 'id="search-results"',
    "searchindex.js": 'id="search-results"',
}
UNUSED = re.compile(
    # The theme asks for its scripts before the text, and names each page for a version switcher.
    r'<link rel="preload" as="script"[^>]*>\n?|<script>DOCUMENTATION_OPTIONS\..*?</script>\n?'
)
# The theme learns only from its scripts whether auto is light or dark: here, before the page shows.
CHOICE = re.compile(r'<script data-cfasync="false">.*?</script>', re.S)
CHOSEN = """<script>
    {
      const chosen = localStorage.getItem("mode");
      const mode = ["light", "dark"].includes(chosen) ? chosen : "auto";
      const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
      const theme = mode === "auto" ? system : mode;
      Object.assign(document.documentElement.dataset, { mode, theme });
    }
  </script>"""

# A face is asked for where a letter needs it, which is after the first layout: too late not to
# move the text. A preload would do it too, but not from disk.
EARLY = """<script>
    for (const face of ["1em KaTeX_Main", "italic 1em KaTeX_Math", "1em KaTeX_Size1",
        "1em 'Source Serif 4'", "600 1em 'Source Serif 4'", "1em Inter", "600 1em Inter"])
      document.fonts.load(face);
  </script>
"""

WORD = re.compile(r"[\w-]+")
ATTRIBUTE = re.compile(r'\b(?:class|id)="([^"]*)"')
FIGURE = re.compile(r'data-from="([^"?]+)')
ROLE = re.compile(r'"role":"([\w-]+)"')  # a colour that a figure names in its data
# What may hold names of which a page needs none, or only one.
LOOSE = re.compile(r"\[[^\]]*\]|:(?:not|is|where|has)\((?:[^()]|\([^()]*\))*\)")
NAME = re.compile(r"[.#]((?:[\w-]|\\.)+)")
ADDRESS = re.compile(r"url\((?!['\"]?(?:data:|#))['\"]?([^'\")]+)['\"]?\)")
VARIABLE = re.compile(
    r"""(--[\w-]+)\ ?:
    (?: "[^"]*" | '[^']*' | \((?:[^()"'] | "[^"]*" | '[^']*' | \([^()]*\))*\) | [^;{}"'()] )*
    (?: ; | (?=\}) )""",
    re.VERBOSE,
)


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
    files = re.findall(r"@import (?:url\()?['\"]([^'\"]+)", tinycss2.serialize(nodes))
    before = (rule for name in files for rule in sheet((file.parent / name).resolve()))
    return (*before, *rules(nodes))


def style(files: list[Path], words: set[str], folder: Path) -> str:
    """What a page in the folder needs of the sheets."""
    kept, named = [], []
    for file in files:
        for rule in sheet(file):
            text = ADDRESS.sub(
                lambda found, file=file: f"url({os.path.relpath(file.parent / found[1], folder)})",
                rule.text(words),
            )
            is_named = rule.head.startswith(("@font-face", "@keyframes"))
            (named if is_named else kept).append(text)
    css = without_unused_variables("".join(kept))
    for text in named:
        name = re.search(r"(?:font-family: ?|@keyframes )['\"]?([^'\";{]+)", text)
        # Icons are drawings here: the theme's rules for them would load their fonts.
        if name and name[1] in css and "Awesome" not in name[1]:
            css += text
    return css


def without_unused_variables(css: str) -> str:
    """The theme declares seven hundred variables, and most of what read them is gone."""
    used = set(re.findall(r"var\(\s*(--[\w-]+)", css))
    fewer = VARIABLE.sub(lambda found: found[0] if found[1] in used else "", css)
    return fewer if fewer == css else without_unused_variables(fewer)


def lighten(page: Path, out: Path) -> None:
    """Writes a page anew: icons drawn, style within, and only scripts that have work to do."""
    text = page.read_text()
    names = [name for name in SHEET.findall(text) if "sphinx-thebe" not in name]
    files = [(page.parent / name).resolve() for name in names]
    if not files:
        return  # an earlier build has done it
    drawings = icons(out / "_static" / "scripts" / "fontawesome.js")
    text = DRAWN.sub(
        lambda found: (
            f'<svg class="icon {found[2]}"{found[4]} aria-hidden="true" ' + drawings[found[3]]
        ),
        text,
    )
    text = CHOICE.sub(CHOSEN, UNUSED.sub("", text)).replace(
        'data-theme="auto"', 'data-theme="light"'
    )
    scripts = []

    def served(found: re.Match) -> str:
        mark = SERVES.get(Path(found[1]).name)
        if mark is None or not re.search(mark, body):
            return ""
        scripts.append((page.parent / found[1]).resolve())
        return f"<script defer {found[2]}></script>\n"

    body = text[text.index("<body") :]
    text = SCRIPT.sub(served, text)
    words = {word for names in ATTRIBUTE.findall(text) for word in names.split()}
    words.update(*(WORD.findall(script.read_text()) for script in scripts))
    for name in FIGURE.findall(text):
        words.update(ROLE.findall((page.parent / name).read_text()))
    css = fonts.carry(style(files, words, page.parent.resolve()), text, KATEX)
    first = SHEET.search(text)
    assert first
    text = f"{text[: first.start()]}<style>{css}</style>\n{EARLY}{text[first.start() :]}"
    page.write_text(SHEET.sub("", text))


def lighten_pages(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    pages = [page for page in out.rglob("*.html") if "_static" not in page.parts]
    for page in pages:
        lighten(page, out)
    read = [*pages, *(out / "_static").glob("*.js"), *(out / "_static/figures").glob("*.js")]
    letters = "".join(sorted(set[str]().union(*(file.read_text() for file in read))))
    fonts.lessen(Path(app.srcdir) / "book/_vendor/fonts", out / "_static" / "fonts", letters)


def setup(app: Sphinx) -> dict[str, bool]:
    # The theme writes the colours of code when the build has finished.
    app.connect("build-finished", lighten_pages, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
