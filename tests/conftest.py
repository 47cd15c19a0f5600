"""Double precision everywhere, the ledger of what the tests have checked, a browser, a figure."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import jax
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from implicitbias.explore import Figure

jax.config.update("jax_enable_x64", True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--ledger", metavar="FILE", help="write what was checked, and how well, here")


@pytest.fixture
def check(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`check(claim, where, compared, discrepancy, tolerance)` asserts, and enters the ledger.

    `where` is the chapter that makes the claim, such as `networks/scale-and-depth`. Entries with
    the same claim are one row, which keeps the worst discrepancy.
    """

    def compare(
        claim: str, where: str, compared: str, discrepancy: float, tolerance: float
    ) -> None:
        row = {
            "claim": claim,
            "where": where,
            "compared": compared,
            "tolerance": float(tolerance),
            "worst": float(discrepancy),
            "test": request.node.nodeid.split("[")[0],
        }
        request.node.user_properties.append(("ledger", row))
        assert discrepancy <= tolerance, f"{claim}: {discrepancy:.3e} > {tolerance:.3e}"

    return compare


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # Rows travel with the report, so that tests run in several processes fill one ledger.
    if report.when == "call" and report.passed:
        _rows.extend(row for name, row in report.user_properties if name == "ledger")


_rows: list[dict] = []


def pytest_sessionfinish(session: pytest.Session) -> None:
    target = session.config.getoption("--ledger")
    if not target or hasattr(session.config, "workerinput"):
        return
    merged: dict[tuple[str, str], dict] = {}
    for row in _rows:
        key = (row["where"], row["claim"])
        worst = max(row["worst"], merged.get(key, row)["worst"])
        merged[key] = row | {"worst": worst}
    rows = [merged[key] for key in sorted(merged)]
    Path(target).write_text(json.dumps(rows, indent=1) + "\n")


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Chromium, that of the environment variable CHROMIUM or Debian's."""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def figure() -> "Figure":
    """A figure of the chapter's kind, made up in no time."""
    from .made_up import small_figure

    return small_figure()
