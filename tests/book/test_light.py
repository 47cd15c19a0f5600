"""What Lighthouse says of two pages, served as the web serves them: compressed, to a slow phone."""

import functools
import gzip
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"
PAGES = ["book/index.html", "book/networks/scale-and-depth.html"]


class Compressing(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        file = Path(self.translate_path(self.path))
        if not file.is_file():
            return self.send_error(404)
        content = gzip.compress(file.read_bytes())
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(file))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "max-age=31536000")
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    handler = functools.partial(Compressing, directory=str(HTML))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("name", PAGES)
def test_lighthouse(address, name, tmp_path):
    report = tmp_path / "report.json"
    flags = "--headless --no-sandbox --disable-gpu --disable-background-networking"
    command = ["node", ROOT / "node_modules/.bin/lighthouse", f"{address}/{name}", "--quiet"]
    subprocess.run(
        [
            *command,
            "--output=json",
            f"--output-path={report}",
            "--only-categories=accessibility,performance",
            f"--chrome-flags={flags}",
        ],
        check=True,
        timeout=120,
        env=os.environ | {"CHROME_PATH": os.environ.get("CHROMIUM") or "/usr/bin/chromium"},
    )
    found = json.loads(report.read_text())
    audits = found["audits"]
    value = {name: audit.get("numericValue") for name, audit in audits.items()}
    # Scores and blocked time depend on what else the machine does: shown, not held.
    print(name, found["categories"]["performance"]["score"], value["total-blocking-time"])

    assert found["categories"]["accessibility"]["score"] == 1
    assert audits["render-blocking-resources"]["details"]["items"] == []
    assert value["cumulative-layout-shift"] < 0.05
    assert value["total-byte-weight"] < 500_000
    requests = audits["network-requests"]["details"]["items"]
    document = next(each for each in requests if each["resourceType"] == "Document")
    assert document["transferSize"] < 200_000
    ours = [each for each in requests if "/_static/explorables" in each["url"]]
    assert sum(each["transferSize"] for each in ours) < 40_000
