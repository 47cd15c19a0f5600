"""The explorable of CONTRIBUTING.md, tried literally."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from implicitbias.explore import Explorable

from .conftest import ROOT

GUIDE = (ROOT / "CONTRIBUTING.md").read_text()


def test_an_explorable_in_thirty_lines(show: Callable) -> None:
    section = GUIDE.split("### Add an explorable in 30 lines")[1]
    block = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert block
    lines = block[1].rstrip().splitlines()
    assert len(lines) <= 30
    *statements, last = lines
    names: dict = {}
    exec("\n".join(statements), names)
    explorable = eval(last, names)
    assert isinstance(explorable, Explorable)
    shown = show(html=explorable.html())
    first, said = shown.reading, shown.page.locator("figure.explorable output")
    shown.page.get_by_role("slider", name="Scale").press("Home")
    expect(said).not_to_have_text(first)
    size = float(explorable.figure.at("size", {"scale": names["scales"][0]}))
    assert shown.reading == f"From α = 10⁻⁴, the ℓ₁ norm of the weights is {size:.2g}."
    shown.page.get_by_role("button", name="Reset").click()
    expect(said).to_have_text(first)
    assert shown.complaints == []
