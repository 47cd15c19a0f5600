"""A real JupyterLab and a real Notebook 7 on loopback, and notebooks opened in them in Chromium."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import nbformat
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from playwright.sync_api import Browser, Locator, Page, Route, expect

ROOT = Path(__file__).parents[2]
PATHS = {"lab": "lab/tree", "notebook": "notebooks"}

# A kernel starts, imports the library and answers, on a machine that does other work.
expect.set_options(timeout=20_000)

# JupyterLab asks whether to fetch its project's news unless told not to.
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"checkForUpdates": False, "fetchNews": "false"}
}


@dataclass(frozen=True)
class Host:
    """A running server: what shows the notebooks of its folder, and where."""

    name: str
    url: str
    token: str
    folder: Path
    runtime: Path

    def address(self, path: str) -> str:
        return f"{self.url}{path}?token={self.token}"


@pytest.fixture(scope="session", params=PATHS)
def host(request: pytest.FixtureRequest, tmp_path_factory) -> Iterator[Host]:
    """`jupyter lab`, then `jupyter notebook`, with nothing of the user's: all in a new folder."""
    home = tmp_path_factory.mktemp(request.param)
    folders = {
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
    }
    overrides = home / "config" / "labconfig" / "default_setting_overrides.json"
    overrides.parent.mkdir(parents=True)
    overrides.write_text(json.dumps(SETTINGS))
    notebooks = home / "notebooks"
    notebooks.mkdir()
    options = [
        *("--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"),
        *(f"--ServerApp.root_dir={notebooks}", "--LabApp.extension_manager=readonly"),
    ]
    log = home / "log.txt"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter", request.param, *options],
            env=os.environ | {name: str(folder) for name, folder in folders.items()},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        runtime = folders["JUPYTER_RUNTIME_DIR"]
        deadline = time.monotonic() + 60
        while not (found := [*runtime.glob("jpserver-*.json")]):
            assert server.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        told = json.loads(found[0].read_text())
        yield Host(request.param, told["url"], told["token"], notebooks, runtime)
    finally:
        server.terminate()
        server.wait(30)


@dataclass
class Opened:
    """A notebook open in a host: its page, its kernel, and the addresses that were asked for."""

    page: Page
    connection: Path
    outside: list[str] = field(default_factory=list)

    @property
    def figure(self) -> Locator:
        return self.page.locator("figure.explorable.live")

    @property
    def reading(self) -> Locator:
        return self.figure.locator("output")

    def picture(self) -> str:
        return self.figure.get_by_role("img").inner_html()

    def slider(self, name: str) -> Locator:
        return self.page.get_by_role("slider", name=name)

    def menu(self, *names: str) -> None:
        for name in names:  # a shortcut may follow the words
            self.page.get_by_role("menuitem", name=re.compile(f"^{name}")).first.click()

    def run(self) -> None:
        self.menu("Run", "Run All Cells")

    def restart(self) -> None:
        self.menu("Kernel", "Restart Kernel…")
        with self.page.expect_response(re.compile("/api/kernels/.*/restart")) as answer:
            self.page.locator(".jp-Dialog .jp-mod-accept").click()
        assert answer.value.ok

    def python(self, code: str) -> str:
        """What the notebook's own kernel prints."""
        printed = []

        def hear(message: dict) -> None:
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        # A new client each time, without the heartbeat: to it, the pause of a restart is death.
        kernel = BlockingKernelClient(connection_file=str(self.connection))
        kernel.load_connection_file()
        kernel.start_channels(hb=False)
        try:
            kernel.wait_for_ready(timeout=60)
            reply = kernel.execute_interactive(
                code, timeout=60, store_history=False, output_hook=hear
            )
        finally:
            kernel.stop_channels()
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(printed).strip()


def connection_file(host: Host, name: str) -> Path:
    """Where the kernel listens that the host started for a notebook."""
    deadline = time.monotonic() + 60
    while True:
        with urlopen(host.address("api/sessions")) as answer:
            for session in json.load(answer):
                if session["path"] == name and session["kernel"]["execution_state"] == "idle":
                    return host.runtime / f"kernel-{session['kernel']['id']}.json"
        assert time.monotonic() < deadline, f"no kernel for {name}"
        time.sleep(0.1)


@pytest.fixture
def opened(browser: Browser, host: Host) -> Iterator[Callable[..., Opened]]:
    """`opened(*cells)` opens a notebook of these cells in the host; its kernel has started."""
    contexts = []

    def open_notebook(*cells: str) -> Opened:
        name = f"{len([*host.folder.iterdir()])}.ipynb"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, host.folder / name)

        context = browser.new_context(viewport={"width": 1200, "height": 1000})
        contexts.append(context)
        outside = []

        def refuse(route: Route) -> None:
            outside.append(route.request.url)
            route.abort()

        # A pattern and no function: while Python waits, the browser goes on asking the host.
        context.route(re.compile(rf"https?://(?!{re.escape(host.url.split('//')[1])})"), refuse)
        page = context.new_page()
        page.goto(host.address(f"{PATHS[host.name]}/{name}"))
        page.locator(".jp-CodeCell").first.wait_for()
        return Opened(page, connection_file(host, name), outside)

    yield open_notebook
    for context in contexts:
        context.close()
