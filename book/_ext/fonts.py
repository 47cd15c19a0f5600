"""Faces with the letters that are used: a formula brings its own, and the text's are small files.

A face that arrives late moves every line that holds a formula, and has it laid out twice. The
two hundred letters of a typeface's Latin subset are also twice what a book needs.
"""

import base64
import io
import logging
import re
from functools import cache
from html import unescape
from pathlib import Path

from fontTools import subset

logging.getLogger("fontTools").setLevel(logging.ERROR)  # it tells every step

TOKEN = re.compile(r'<span(?: class="([^"]*)")?[^>]*>|</span>|<[^>]*>|[^<]+')
# Which faces KaTeX's style gives to the letters within a class.
FACES = {
    r"\bmathrm|textrm|mainrm": ["Main-Regular"],
    r"mathnormal": ["Math-Italic"],
    r"mathbf|textbf": ["Main-Bold"],
    r"amsrm|mathbb|textbb": ["AMS-Regular"],
    r"delimsizing|delim-size|op-symbol": [f"Size{i}-Regular" for i in (1, 2, 3, 4)],
}
PLAIN = ["Main-Regular"]
FEATURES = ["kern", "liga", "locl", "ccmp", "mark", "mkmk", "onum", "lnum", "pnum", "tnum"]


@cache
def reduced(face: Path, letters: str) -> bytes:
    """The face with these letters alone, or nothing if it has none of them."""
    options = subset.Options(
        flavor="woff", hinting=False, notdef_outline=False, layout_features=FEATURES
    )
    font = subset.load_font(face, options)
    if not set(map(ord, letters)) & set(font.getBestCmap() or ()):
        return b""
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=letters)
    subsetter.subset(font)
    written = io.BytesIO()
    subset.save_font(font, written, options)
    return written.getvalue()


def faces(classes: list[str]) -> list[str]:
    """The faces of a letter within elements of these classes, the innermost last."""
    marks = ((inner, mark) for inner in reversed(classes) for mark in FACES)
    return next((FACES[mark] for inner, mark in marks if re.search(mark, inner)), PLAIN)


def letters_of_formulas(page: str) -> dict[str, set[str]]:
    """The letters that each of KaTeX's common faces has to show on a page."""
    letters: dict[str, set[str]] = {face: set() for each in FACES.values() for face in each}
    for formula in re.finditer('<span class="katex-html"', page):
        within: list[str] = []
        for token in TOKEN.finditer(page, formula.start()):
            if token[0].startswith("<span"):
                within.append(token[1] or "")
            elif token[0] == "</span>":
                within.pop()
                if not within:
                    break
            elif token[0][0] != "<":
                for face in faces(within):
                    letters[face].update(unescape(token[0]))
    return letters


def carry(css: str, page: str, folder: Path) -> str:
    """The style with the faces of the page's formulas in it; the folder has KaTeX's faces."""
    letters = letters_of_formulas(page)

    def carried(found: re.Match) -> str:
        if found[1] not in letters:
            return found[0]  # a rare face, which the page loads when it needs it
        font = reduced(folder / f"KaTeX_{found[1]}.ttf", "".join(sorted(letters[found[1]])))
        data = base64.b64encode(font).decode()
        source = f'src:url(data:font/woff;base64,{data}) format("woff")'
        return re.sub(r"src:[^;}]*", lambda _: source, found[0]) if font else ""

    return re.sub(r"@font-face\{[^}]*KaTeX_([\w]+-[\w]+)\.\w+[^}]*\}", carried, css)


def lessen(folder: Path, out: Path, letters: str) -> None:
    """Writes the faces of a folder anew with the letters of a text."""
    for face in folder.glob("*.woff"):
        (out / face.name).write_bytes(reduced(face, letters))
