"""Formulas are set by KaTeX while the book is built: a page needs no script to show them."""

import functools
import json
import re
import subprocess
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

log = logging.getLogger(__name__)

# What follows a formula without a space that may break; brackets that open are not with it.
FOLLOWS = re.compile(r"[\u00a0%]*[^\s\w(\[“‘]+")


@functools.cache
def server() -> subprocess.Popen:
    """One process sets all formulas: to start it for each would take an hour."""
    script = Path(__file__).with_name("katex.mjs")
    return subprocess.Popen(
        ["node", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )


@functools.cache
def typeset(tex: str, display: bool) -> dict[str, str]:
    pipes = server()
    assert pipes.stdin and pipes.stdout
    print(json.dumps({"tex": tex, "display": display}), file=pipes.stdin, flush=True)
    return json.loads(pipes.stdout.readline())


def formula(node: nodes.Element, tex: str, display: bool) -> str:
    """The HTML of a formula; what KaTeX does not understand stops the build as a warning."""
    answer = typeset(tex, display)
    if "error" in answer:
        log.warning(answer["error"], location=node)
    return answer.get("html", "")


def visit_math(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(self.starttag(node, "span", "", CLASS="math"))
    html = formula(node, node.astext(), display=False)
    if "together" in node.parent.get("classes", ()):
        # Only where KaTeX lets a formula break.
        html = html.replace(
            '</span><span class="katex-base">', '</span><wbr><span class="katex-base">'
        )
    self.body.append(html + "</span>")
    raise nodes.SkipNode


def visit_display(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    tex = node.astext()
    if r"\\" in tex and r"\begin" not in tex:
        tex = rf"\begin{{split}}{tex}\end{{split}}"
    self.body.append(formula(node, tex, display=True) + "</div>\n")
    raise nodes.SkipNode


class Punctuation(SphinxPostTransform):
    """What follows a formula without a space stays on its line; browsers break before it."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for math in list(self.document.findall(nodes.math)):
            # By identity: texts are equal where their letters are.
            line = math.parent
            k = next(k for k, child in enumerate(line) if child is math)
            after = line[k + 1] if k + 1 < len(line) else None
            if not isinstance(after, nodes.Text):
                continue
            if found := FOLLOWS.match(after):
                together = nodes.inline("", "", math, nodes.Text(found[0]), classes=["together"])
                line[k : k + 2] = [together, nodes.Text(after[found.end() :])]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("katex", (visit_math, None), (visit_display, None))
    app.add_post_transform(Punctuation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
