"""The explorable of CONTRIBUTING.md, tried literally."""

import re
from collections.abc import Callable

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
    first = shown.reading
    shown.page.get_by_role("slider", name="Scale").press("Home")
    shown.page.wait_for_function("(old) => !document.body.innerText.includes(old)", arg=first)
    size = float(explorable.figure.at("size", {"scale": names["scales"][0]}))
    assert shown.reading == f"From α = 10⁻⁴, the ℓ₁ norm of the weights is {size:.2g}."
    shown.page.get_by_role("button", name="Reset").click()
    shown.page.wait_for_function("(old) => document.body.innerText.includes(old)", arg=first)
    assert shown.complaints == []
