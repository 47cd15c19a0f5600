"""From a reader's move to the frame that shows it, in Chromium slowed down four times.

What no page can save is measured in the same run: a slider that moves one circle.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Locator, Page, sync_playwright

BOOK = Path(__file__).parents[1] / "_build" / "html" / "book"
PAGES = ("index", "networks/scale-and-depth", "appendix/gallery")
SLOWER = 4
MOVES = 60
BARE = """<!doctype html><input type="range" max="60" value="0"><svg><circle r="4" cy="9" /></svg>
<script>
  const [slider, circle] = document.querySelectorAll("input, circle");
  slider.oninput = () => requestAnimationFrame(() => circle.setAttribute("cx", 2 * slider.value));
</script>"""
Costs = list[tuple[float, float]]  # of each move, to its first frame and to its last
_TRACED = ["devtools.timeline", "disabled-by-default-devtools.timeline"]


def main():
    print(
        f"\nLatency: milliseconds of the main thread from input to frame, CPU {SLOWER} times slower"
    )
    print(
        "The first frame that answers: median, p95, and p95 over that of one slider and one circle;"
    )
    print("the frame in which all panels have answered: median, p95")
    if not (BOOK / "index.html").exists():
        print("  the book is not built: make book")
        return
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.set_content(BARE)
        bare = _costs(page, page.locator("input"))
        _report("one slider, one circle", bare, bare)
        for name in PAGES:
            page.goto((BOOK / f"{name}.html").as_uri())
            for figure in page.locator("figure.explorable").all():
                figure.scroll_into_view_if_needed()
                figure.locator(".workings").wait_for()
                page.wait_for_timeout(800)
                for slider in figure.locator("input[type=range]:visible").all():
                    control = slider.locator("xpath=ancestor::*[@data-axis][1]")
                    axis = control.get_attribute("data-axis")
                    label = f"{name}: {figure.get_attribute('data-explorable')}, {axis}"
                    _report(label, _costs(page, slider), bare)
        browser.close()


def _report(label: str, costs: Costs, bare: Costs) -> None:
    (first, high), (all_first, all_high) = (_quantiles(part) for part in zip(*costs, strict=True))
    ratio = high / _quantiles([cost for cost, _ in bare])[1]
    print(f"  {label:<58}{first:6.1f}{high:6.1f}{ratio:6.1f}x{all_first:8.1f}{all_high:6.1f}")


def _quantiles(costs: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(costs)
    return ordered[len(ordered) // 2], ordered[int(0.95 * len(ordered))]


def _costs(page: Page, slider: Locator) -> Costs:
    """What the main thread did for each move, waiting for frames left out."""
    slider.focus()
    slider.press("Home")
    page.wait_for_timeout(200)
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    browser = page.context.browser
    assert browser
    browser.start_tracing(page=page, categories=_TRACED)
    for k in range(MOVES):
        slider.press("ArrowRight" if k % 20 < 10 else "ArrowLeft")
        page.wait_for_timeout(80)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    session.detach()
    return _moves(events)


def _moves(events: list[dict]) -> Costs:
    timed = [event for event in events if event.get("ph") == "X"]
    inputs = sorted(
        (event["ts"], event["tid"])
        for event in timed
        if event["name"] == "EventDispatch" and event["args"]["data"]["type"] == "input"
    )
    costs = []
    for k, (start, thread) in enumerate(inputs):
        until = inputs[k + 1][0] if k + 1 < len(inputs) else float("inf")
        mine = [e for e in timed if e["tid"] == thread and start <= e["ts"] < until]
        commits = [e["ts"] + e["dur"] for e in mine if e["name"] == "Commit"]
        if not commits:
            continue
        # Tasks of the thread between the two, and the one the input itself came in.
        tasks = [e for e in timed if e["tid"] == thread and e["name"] == "RunTask"]
        spans = [(max(e["ts"], start), e["ts"] + e["dur"]) for e in tasks]

        def busy(until: float, spans: list = spans) -> float:
            return sum(max(0.0, min(end, until) - begin) for begin, end in spans) / 1e3

        costs.append((busy(min(commits)), busy(max(commits))))
    return costs
