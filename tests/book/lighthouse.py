"""What Lighthouse says of a page, served as the web serves it: compressed, to a slow phone."""

import functools
import gzip
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"
PAGES = ["book/index.html", "book/networks/scale-and-depth.html"]
FLAGS = "--headless --no-sandbox --disable-gpu --disable-background-networking"
PACKED = (".woff", ".woff2", ".png")


@functools.cache
def body(file: Path) -> bytes:
    return file.read_bytes() if file.suffix in PACKED else gzip.compress(file.read_bytes())


class Compressing(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        file = Path(self.translate_path(self.path))
        if not file.is_file():
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(file))
        if file.suffix not in PACKED:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body(file))))
        self.send_header("Cache-Control", "max-age=31536000")
        self.end_headers()
        self.wfile.write(body(file))


@contextmanager
def served() -> Iterator[str]:
    """The address at which the built book lies."""
    handler = functools.partial(Compressing, directory=str(HTML))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def lighthouse(address: str) -> dict[str, Any]:
    """The report on one page: Lighthouse's phone, its network and its processor, all simulated."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        subprocess.run(
            [
                *("node", ROOT / "node_modules/.bin/lighthouse", address, "--quiet"),
                *("--output=json", f"--output-path={report}"),
                "--only-categories=accessibility,performance",
                f"--chrome-flags={FLAGS}",
            ],
            check=True,
            timeout=120,
            env=os.environ | {"CHROME_PATH": os.environ.get("CHROMIUM") or "/usr/bin/chromium"},
        )
        return json.loads(report.read_text())
