"""What Colab needs, as far as it can be seen outside: its widget manager runs only there.

Not tested: that Colab's manager shows the widget, that it keeps the state after a disconnection,
and that the first cell can reach the repository. To see these, open a lab from the book's button.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from anywidget import _util
from playwright.sync_api import Browser, expect

from implicitbias.explore import Explorable, Figure, workbench

ROOT = Path(__file__).parents[2]
ESM = ROOT / "implicitbias/explore/static/widget.js"
VIEW = "application/vnd.jupyter.widget-view+json"
MANAGER = "https://colab.example/manager.js"

# What a host of anywidgets does with the module, here without a kernel that would answer.
HOST = """
async ({ esm, payload, state }) => {
  const address = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const { default: widget } = await import(address);
  const values = { payload, state };
  window.saved = [];
  const model = {
    get: (name) => values[name],
    set: (name, value) => (values[name] = value),
    on() {},
    off() {},
    save_changes: () => window.saved.push(values.state),
  };
  const el = document.body.appendChild(document.createElement("div"));
  window.leave = await widget.render({ model, el });
}
"""


@pytest.fixture
def colab(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Colab's module of outputs, and how often its manager of third-party widgets was asked for."""
    asked = []
    module = ModuleType("google.colab.output")
    module.enable_custom_widget_manager = lambda: asked.append(True)
    module._widgets = SimpleNamespace(_installed_url=MANAGER)
    monkeypatch.setitem(sys.modules, "google.colab.output", module)
    _util.enable_custom_widget_manager_once.cache_clear()
    yield asked
    _util.enable_custom_widget_manager_once.cache_clear()


def test_outputs_name_the_widget_and_its_manager(
    figure: Figure, colab: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["implicitbias.explore.workbench"]
    monkeypatch.setattr(module, "figure_of", lambda *_, **__: figure)
    for widget in (Explorable(figure), workbench()):
        data, metadata = widget._repr_mimebundle_()
        assert data[VIEW]["model_id"] == widget.model_id
        assert data["text/html"]
        assert metadata[VIEW]["colab"]["custom_widget_manager"]["url"] == MANAGER
    assert colab == [True]


def test_the_module_works_alone(figure: Figure, browser: Browser) -> None:
    explorable = Explorable(figure)
    context = browser.new_context(offline=True)
    page, requests = context.new_page(), []
    page.on("request", lambda request: requests.append(request.url))
    page.set_content("<!doctype html><title>Host</title>")
    told = {"payload": explorable.payload, "state": explorable.state}
    page.evaluate(HOST, {"esm": ESM.read_text(), **told})
    page.locator("figure.explorable.live").wait_for()
    reading = page.locator("figure.explorable output")
    before = reading.inner_text()
    page.get_by_role("slider", name="Scale of initialisation").press("End")
    expect(reading).not_to_have_text(before)
    assert page.evaluate("saved.at(-1).scale") == pytest.approx(10)
    page.evaluate("leave()")
    expect(reading).to_have_count(0)
    assert all(url.startswith("blob:") for url in requests)
    context.close()
