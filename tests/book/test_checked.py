"""The page "What has been checked" lists exactly the claims that the tests make."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "book" / "appendix" / "checked.json"
MEASURED = ROOT / "_build" / "checked.json"  # written by the library's tests, just before


def claims(file: Path) -> dict[tuple[str, str], dict]:
    return {(row["where"], row["claim"]): row for row in json.loads(file.read_text())}


def test_the_committed_claims_are_those_that_the_tests_make():
    committed, measured = claims(COMMITTED), claims(MEASURED)
    fixed = ["compared", "tolerance", "test"]
    assert {key: [row[name] for name in fixed] for key, row in committed.items()} == {
        key: [row[name] for name in fixed] for key, row in measured.items()
    }, "run `make ledger`"


def test_every_discrepancy_is_within_its_tolerance():
    for row in json.loads(COMMITTED.read_text()):
        assert row["worst"] <= row["tolerance"], row["claim"]


def test_every_claim_is_on_its_pages():
    html = ROOT / "_build" / "html" / "book"
    everything = (html / "appendix" / "checked.html").read_text()
    for row in json.loads(COMMITTED.read_text()):
        test = row["test"].split("::")[-1]
        assert test in everything
        assert test in (html / f"{row['where']}.html").read_text()


def test_every_chapter_named_exists():
    for row in json.loads(COMMITTED.read_text()):
        assert (ROOT / "book" / f"{row['where']}.md").exists(), row["where"]
