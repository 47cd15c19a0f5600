"""The chapter's numbers are its lab's: none is typed that was not computed."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LABS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = [chapter for lab in LABS for chapter in (ROOT / "book").glob(f"*/{lab.stem}.md")]
PAGES.append(ROOT / "book" / "appendix" / "solutions.md")
NUMBER = re.compile(r"(?<![\w.{])(\d+\.\d+)(?:\s*\\cdot\s*10\^\{?(-?\d+)\}?)?")

# Numbers that a question states, or the page itself derives: no lab has to compute them.
DERIVED = {
    "scale-and-depth": {"4.5"},
    "solutions": {"4.5", "7.7", "0.512", "0.064", "0.0768", "0.1536", "153.6", "1.776", "0.79"},
}


def printed(lab: Path) -> list[float]:
    """All numbers that a lab printed."""
    cells = json.loads(lab.read_text())["cells"]
    outputs = (output for cell in cells for output in cell.get("outputs", []))
    text = " ".join("".join(output.get("text", [])) for output in outputs)
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?", text)]


def is_rounding(written: str, exponent: str, value: float) -> bool:
    """Whether a value, written with as many digits, is what the page says."""
    digits = len(written.split(".")[1])
    unit = 10.0 ** (int(exponent or 0) - digits)
    return abs(float(written) * 10.0 ** int(exponent or 0) - value) <= 0.501 * unit


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_numbers_in_the_prose_are_the_labs(page):
    values = [value for lab in LABS for value in printed(lab)]
    prose = re.sub(r"```\{(exercise|math|code).*?```", "", page.read_text(), flags=re.S)
    found = list(NUMBER.finditer(prose))
    assert found
    wrong = {
        match[0]
        for match in found
        if match[1] not in DERIVED.get(page.stem, set())
        and not any(is_rounding(match[1], match[2], value) for value in values)
    }
    assert not wrong


def test_a_wrong_number_is_found():
    assert is_rounding("8.8", "-3", 0.0088)
    assert not is_rounding("8.9", "-3", 0.0088)
    assert not is_rounding("0.35", "", 0.3449)
