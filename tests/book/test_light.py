"""Pages are light: what they load, and that they show it without waiting."""

import re

import pytest

from .lighthouse import HTML, PAGES, lighthouse, served
from .test_links import PAGES as LINKED

# Scores and blocked time depend on what else the machine does: `make bench` measures them. A page
# that loads a typesetter or the theme's scripts again is far below this on any machine.
FLOOR = 0.5


@pytest.mark.parametrize("name", PAGES)
def test_lighthouse(name):
    with served() as address:
        report = lighthouse(f"{address}/{name}")
    audits = report["audits"]
    value = {name: audit.get("numericValue") for name, audit in audits.items()}

    assert report["categories"]["accessibility"]["score"] == 1
    assert report["categories"]["performance"]["score"] > FLOOR
    assert audits["render-blocking-resources"]["details"]["items"] == []
    assert value["cumulative-layout-shift"] < 0.1  # above, it counts as moving
    assert value["total-byte-weight"] < 380_000


def test_pages_load_no_script_of_the_theme():
    for page in (HTML / name for name in LINKED):
        for script in re.findall(r'<script [^>]*src="([^"]+)', page.read_text()):
            assert "/scripts/" not in script, f"{page.name}: {script}"


def test_formulas_bring_their_letters():
    page = (HTML / PAGES[1]).read_text()
    for face in ("KaTeX_Main", "KaTeX_Math", "KaTeX_Size1"):
        assert re.search(rf"@font-face{{[^}}]*{face}[^}}]*data:font/woff", page), face
