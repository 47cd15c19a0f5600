"""What the book adds to Sphinx: tables of checked claims, and pages that load what they use."""

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective

LEDGER = Path(__file__).parents[1] / "appendix" / "checked.json"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(x: float) -> str:
    """A measured number for readers: 0, 0.05 or 2.3 × 10⁻⁹."""
    if x == 0 or 1e-2 <= abs(x) < 1e4:
        return f"{x:.2g}"
    digits, exponent = f"{x:.1e}".split("e")
    return f"{digits.removesuffix('.0')} × 10{str(int(exponent)).translate(SUPERSCRIPTS)}"


def table(rows: list[dict[str, Any]], chapters: bool) -> str:
    """The rows of the ledger as a Markdown table, with or without the column of chapters."""
    heads = ["claim", *(["where"] if chapters else []), "compared", "tolerance", "worst", "test"]
    lines = [heads, ["---"] * len(heads)]
    for row in rows:
        where = [f"{{doc}}`/book/{row['where']}`"] if chapters else []
        numbers = [number(row["tolerance"]), number(row["worst"])]
        lines.append([row["claim"], *where, row["compared"], *numbers, f"`{row['test']}`"])
    escaped = ([cell.replace("|", r"\|") for cell in line] for line in lines)
    return "\n".join("| " + " | ".join(line) + " |" for line in escaped)


class Checked(SphinxDirective):
    """`{checked} CHAPTER`: what the tests checked of a chapter; without a chapter, of all."""

    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(LEDGER))
        rows = json.loads(LEDGER.read_text())
        if self.arguments:
            rows = [row for row in rows if row["where"] == self.arguments[0]]
        if not rows:
            raise self.error(f"checked.json has no claim of {self.arguments}: run `make ledger`")
        box = nodes.container(classes=["checked"])
        box += self.parse_text_to_nodes(table(rows, chapters=not self.arguments))
        return [box]


def leave_out_thebe(app: Sphinx, config: Config) -> None:
    """Thebe is not offered, and its scripts, added twice to every page, raise an error."""
    for listeners in app.events.listeners.values():
        listeners[:] = [each for each in listeners if each.handler.__module__ != "sphinx_thebe"]


def follow_static_files(app: Sphinx, config: Config) -> None:
    """Every page is written anew when what it loads, shows or is made by has changed."""
    root = Path(app.srcdir)
    folders = [
        root / "notebooks",
        Path(__file__).parent,
        *(root / folder for folder in config.html_static_path),
    ]
    digest = hashlib.sha256()
    for file in sorted(
        file
        for folder in folders
        for file in folder.rglob("*.*")
        if file.suffix != ".pyc" and file.is_file()
    ):
        digest.update(file.read_bytes())
    config.book_digest = digest.hexdigest()


def launch_the_lab(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """A chapter's launch buttons open its lab, the notebook of the same name; others have none."""
    buttons = context.get("header_buttons", [])
    if not page.startswith("book/"):
        return
    lab = f"notebooks/{PurePosixPath(page).name}.ipynb"
    if not (Path(app.srcdir) / lab).exists():
        context["header_buttons"] = [each for each in buttons if each["label"] != "launch-buttons"]
        return
    for group in buttons:
        for button in group.get("buttons", []) if group["label"] == "launch-buttons" else []:
            button["url"] = button["url"].replace(f"{page}.md", lab)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("checked", Checked)
    app.add_config_value("book_digest", "", "html")
    app.connect("config-inited", follow_static_files)
    app.connect("config-inited", leave_out_thebe, priority=900)
    app.connect("html-page-context", launch_the_lab, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
