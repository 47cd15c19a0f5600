"""A kind of panel is one Python file and one JavaScript file: nothing else has to know."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from implicitbias.explore import Explorable, Figure
from implicitbias.explore.axis import State
from implicitbias.explore.panels.panel import Panel

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "implicitbias" / "explore" / "src"
KINDS = sorted(
    path.stem
    for path in SOURCES.parent.glob("panels/*.py")
    if path.stem not in ("__init__", "panel")
)

DIAL = """
import { plot } from "../plot.js";

export default function dial(panel, figure) {
  const ground = plot();
  return {
    element: ground.element,
    picture: ground.picture,
    fit() {},
    draw() {
      ground.title(`reads ${figure.data.at(panel.array, figure.index).toFixed(1)}`);
    },
    table: () => [],
  };
}
"""


@dataclass(frozen=True)
class Dial(Panel):
    """One number."""

    array: str

    kind = "dial"

    def check(self, figure: Figure) -> None:
        figure.need("panel dial", self.array)

    def still(self, figure: Figure, state: State) -> str:
        return f'<text y="40">{figure.at(self.array, state)}</text>'


def test_every_kind_is_drawn_with_and_without_scripts():
    assert KINDS == sorted(path.stem for path in SOURCES.glob("panels/*.js"))
    assert len(KINDS) >= 3


def test_a_new_kind_needs_two_files(
    figure: Figure, show: Callable, node: str, tmp_path: Path
) -> None:
    source = tmp_path / "explore" / "src"
    shutil.copytree(SOURCES, source)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    (source / "panels" / "dial.js").write_text(DIAL)
    subprocess.run([node, str(source / "build.mjs")], check=True)
    extended = replace(figure, panels=(*figure.panels, Dial("", "to_l1")))
    shown = show(html=Explorable(extended).html(), static=source.parent / "static")
    heading = shown.page.locator(".panel").last.locator(".title")
    before = heading.inner_text()
    assert before == f"reads {figure.at('to_l1', figure.start):.1f}"
    shown.page.get_by_role("slider", name="Scale").press("End")
    expect(shown.page.locator("figure.explorable output")).not_to_have_text(before)
    assert shown.complaints == []


def test_a_new_kind_is_checked(figure: Figure) -> None:
    with pytest.raises(ValueError, match="panel dial needs the array 'speed'"):
        replace(figure, panels=(*figure.panels, Dial("", "speed")))
