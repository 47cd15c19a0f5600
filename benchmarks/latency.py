"""From a reader's move to the frame that shows it, in Chromium slowed down four times.

What no page can save is measured in the same run: a slider that moves one circle.
"""

import json
import os
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
_TRACED = ["devtools.timeline", "disabled-by-default-devtools.timeline"]


def main():
    print(
        f"milliseconds from input to commit of the frame, CPU {SLOWER} times slower: median, p95,"
    )
    print("and both as multiples of a page with one slider and one circle")
    if not (BOOK / "index.html").exists():
        print("  the book is not built: make book")
        return
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.set_content(BARE)
        floor = _quantiles(_costs(page, page.locator("input")))
        _report("one slider, one circle", floor, floor)
        for name in PAGES:
            page.goto((BOOK / f"{name}.html").as_uri())
            for figure in page.locator("figure.explorable").all():
                figure.scroll_into_view_if_needed()
                figure.locator(".workings").wait_for()
                page.wait_for_timeout(800)
                for slider in figure.locator("input[type=range]:visible").all():
                    axis = slider.locator("xpath=ancestor::*[@data-axis][1]").get_attribute(
                        "data-axis"
                    )
                    label = f"{name}: {figure.get_attribute('data-explorable')}, {axis}"
                    _report(label, _quantiles(_costs(page, slider)), floor)
        browser.close()


def _report(label: str, found: tuple[float, float], floor: tuple[float, float]) -> None:
    ratios = "".join(f"{cost / least:6.1f}x" for cost, least in zip(found, floor, strict=True))
    print(f"  {label:<62}{found[0]:7.1f}{found[1]:7.1f}{ratios}")


def _quantiles(costs: list[float]) -> tuple[float, float]:
    return costs[len(costs) // 2], costs[int(0.95 * len(costs))]


def _costs(page: Page, slider: Locator) -> list[float]:
    """What the main thread did for each move, waiting for the frame left out, in order."""
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
    return sorted(_moves(events))


def _moves(events: list[dict]) -> list[float]:
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
        spans = [(max(e["ts"], start), min(e["ts"] + e["dur"], commits[0])) for e in tasks]
        costs.append(sum(max(0.0, end - begin) for begin, end in spans) / 1e3)
    return costs
