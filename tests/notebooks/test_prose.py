"""The chapter's numbers are its lab's: none is typed that was not computed."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LABS = {lab.stem: lab for lab in sorted((ROOT / "notebooks").glob("*.ipynb"))}
CHAPTERS = {
    page.stem: page.read_text()
    for folder in ("learning", "geometry", "networks", "studies")
    for page in sorted((ROOT / "book" / folder).glob("*.md"))
    if page.stem in LABS
}
NUMBER = re.compile(r"(?<![\w.{])(\d+\.\d+)(?:\s*\\cdot\s*10\^\{?(-?\d+)\}?)?")

SPREAD = re.compile(r"\s*(?:\\pm|±)\s*(\d+\.\d+)")

# Numbers that a question states, or the page itself derives: no lab has to compute them.
DERIVED = {
    "mirror-descent": {"3.42"},
    "solutions of mirror-descent": {"3.51", "0.285", "0.52", "0.485", "0.5"},
    "scale-and-depth": {"4.5"},
    "solutions of scale-and-depth": {"4.5", "7.7", "0.512", "0.064", "0.0768", "0.1536", "153.6"}
    | {"1.776", "0.79"},
    "solutions of logistic": {"7.70"},
    "solutions of benign": {"0.75"},
    "solutions of growing": {"1.15", "1.49"},
    "orchestration": {"1.5", "25.5", "44.5", "0.62", "0.38"},
    "solutions of orchestration": {"0.578", "0.481"},
    "solutions of thinking": {"0.128", "2.49", "3.58"},
}


def solutions() -> dict[str, str]:
    """The solutions of each chapter's exercises."""
    text = (ROOT / "book/appendix/solutions.md").read_text()
    parts = dict(part.split("\n", 1) for part in text.split("\n## ")[1:])
    titles = {name: re.search("^# (.*)$", page, re.M)[1] for name, page in CHAPTERS.items()}
    return {name: parts.pop(title) for name, title in titles.items() if title in parts}


# Each text with the name of the lab that computes its numbers.
TEXTS = {name: (name, text) for name, text in CHAPTERS.items()} | {
    f"solutions of {name}": (name, text) for name, text in solutions().items()
}


def printed(lab: Path) -> list[tuple[float, int]]:
    """All numbers that a lab printed, with their decimal places."""
    cells = json.loads(lab.read_text())["cells"]
    outputs = (output for cell in cells for output in cell.get("outputs", []))
    text = " ".join("".join(output.get("text", [])) for output in outputs)
    found = re.finditer(r"(\d+(?:\.(\d+))?)(?:e([+-]?\d+))?", text)
    return [(float(number[0]), len(number[2] or "") - int(number[3] or 0)) for number in found]


def is_rounding(written: str, exponent: str, value: float) -> bool:
    """Whether a value, written with as many digits, is what the page says."""
    digits = len(written.split(".")[1])
    unit = 10.0 ** (int(exponent or 0) - digits)
    return abs(float(written) * 10.0 ** int(exponent or 0) - value) <= 0.501 * unit


def numbers_of(name: str) -> list[re.Match]:
    """The decimal numbers of a text that its lab has to compute."""
    prose = re.sub(r"```\{(exercise|math|code).*?```", "", TEXTS[name][1], flags=re.S)
    derived = DERIVED.get(name, set())
    return [match for match in NUMBER.finditer(prose) if match[1] not in derived]


def is_printed(match: re.Match, values: list[tuple[float, int]], written: str = "") -> bool:
    """Whether a number, or what is `written` instead, was printed, with its decimal places.

    If a spread follows it on the page, it has to be followed by that in the print.
    """
    written, exponent = written or match[1], match[2]
    needed = len(written.split(".")[1]) - int(exponent or 0)
    spread = SPREAD.match(match.string, match.end())
    return any(
        places >= needed
        and is_rounding(written, exponent, value)
        and (spread is None or is_rounding(spread[1], exponent, after))
        for (value, places), (after, _) in zip(
            values, [*values[1:], (float("nan"), 0)], strict=True
        )
    )


def test_all_solutions_belong_to_a_chapter():
    headings = (ROOT / "book/appendix/solutions.md").read_text().count("\n## ")
    assert len(solutions()) == headings > 1


def test_chapters_have_numbers():
    assert sum(len(numbers_of(name)) for name in TEXTS) > 100


@pytest.mark.parametrize("name", TEXTS)
def test_numbers_in_the_prose_are_the_labs(name):
    values = printed(LABS[TEXTS[name][0]])
    assert not [match[0] for match in numbers_of(name) if not is_printed(match, values)]


def test_most_wrong_numbers_are_found():
    """One in the last place of three digits or more; shorter numbers may be found elsewhere."""
    found = []
    for name, (lab, _) in TEXTS.items():
        values = printed(LABS[lab])
        for match in numbers_of(name):
            places = len(match[1].split(".")[1])
            if len(match[1].replace(".", "").lstrip("0")) >= 3:
                for step in (-1, 1):
                    wrong = f"{float(match[1]) + step * 10.0**-places:.{places}f}"
                    found.append(not is_printed(match, values, wrong))
    assert len(found) > 100 and sum(found) / len(found) > 0.9


def test_a_wrong_number_is_found():
    assert is_rounding("8.8", "-3", 0.0088)
    assert not is_rounding("8.9", "-3", 0.0088)
    assert not is_rounding("0.35", "", 0.3449)
