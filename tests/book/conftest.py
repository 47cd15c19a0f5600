"""The built book, by file and by http on loopback, in a Chromium that can reach nothing else."""

import functools
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"

# What the theme says on every page, in passing.
CHATTER = ("[PST]", "[togglebutton]")


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="session")
def addresses() -> Iterator[dict[str, str]]:
    """Where the book lies: a prefix of every page's address, by scheme."""
    assert (HTML / "index.html").exists(), "the book is not built: `make book`"
    handler = functools.partial(QuietHandler, directory=str(HTML))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {"file": HTML.as_uri(), "http": f"http://127.0.0.1:{server.server_port}"}
        server.shutdown()


@dataclass
class Visit:
    """An open page, what it complained about, and what it asked of the network."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


@contextmanager
def opener(browser: Browser, addresses: dict[str, str]) -> Iterator[Callable[..., Visit]]:
    """`visit(page, scheme="file", width=1200, theme="light")` opens a page with the network cut."""
    contexts = []

    def go(name: str, *, scheme: str = "file", width: int = 1200, theme: str = "light") -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 844},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        visit = Visit(context.new_page())

        def refuse(route):
            visit.left.append(route.request.url)
            route.abort()

        def listen(message):
            if message.type in ("error", "warning") or not message.text.startswith(CHATTER):
                visit.complaints.append(f"{message.type}: {message.text}")

        context.route(re.compile(rf"^(?!{re.escape(addresses[scheme])}/|data:|blob:)"), refuse)
        visit.page.on("console", listen)
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visit.page.goto(f"{addresses[scheme]}/{name}")
        return visit

    try:
        yield go
    finally:
        for context in contexts:
            context.close()


@pytest.fixture
def visit(browser: Browser, addresses: dict[str, str]) -> Iterator[Callable[..., Visit]]:
    with opener(browser, addresses) as go:
        yield go
