"""The object that notebooks show: stable, small, and one state for sliders and Python."""

import gzip
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from implicitbias.explore import Explorable, Figure
from implicitbias.explore.codec import decode

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "implicitbias/explore/static"


def test_the_built_files_are_those_of_the_sources(node: str, tmp_path: Path) -> None:
    build = ROOT / "implicitbias/explore/src/build.mjs"
    subprocess.run([node, build, tmp_path], check=True, capture_output=True)
    built = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert built == {path.name: path.read_bytes() for path in STATIC.iterdir()}, (
        "run `npm run build` and commit implicitbias/explore/static"
    )


def test_what_a_page_loads_is_small() -> None:
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in STATIC.iterdir()}
    assert sizes["explorables.js"] + sizes["explorables.css"] < 60_000
    assert sizes["widget.js"] < 60_000


def test_its_html_is_the_same_on_every_run(figure: Figure) -> None:
    first, second = Explorable(figure).html(), Explorable(figure).html()
    assert first == second
    assert first.startswith('<figure class="explorable" data-explorable="scale-and-depth">')
    assert repr(Explorable(figure)) == "Explorable('scale-and-depth')"


def test_its_html_stands_alone(figure: Figure) -> None:
    html = Explorable(figure).html()
    assert not re.search(r"(src|href)=|https?://(?!www\.w3\.org/2000/svg)", html)
    assert f'aria-label="{figure.alt}"' in html


def test_text_cannot_break_out_of_the_html(figure: Figure) -> None:
    hostile = "</script><script>alert(1)</script>"
    html = Explorable(replace(figure, caption=hostile, title=hostile, alt=hostile)).html()
    assert html.count("<script") == 1 and html.count("</script>") == 1
    payload = json.loads(html.split('json">')[1].split("</script>")[0])
    assert payload["caption"] == hostile


def test_its_mime_bundle_has_a_form_for_every_host(figure: Figure) -> None:
    data, *_ = Explorable(figure)._repr_mimebundle_()
    assert set(data) == {
        "text/plain",
        "text/html",
        "application/vnd.jupyter.widget-view+json",
    }
    assert data["text/plain"] == "Explorable('scale-and-depth')"


def test_the_payload_holds_the_numbers(figure: Figure) -> None:
    payload = Explorable(figure).payload
    for part, true in zip(
        payload["arrays"]["weights"]["parts"], figure.arrays["weights"].values, strict=True
    ):
        assert abs(decode(part) - true).max() <= abs(true).max() / 250 / 2 * (1 + 1e-9)
    for part, true in zip(
        payload["arrays"]["endpoint"]["parts"], figure.arrays["endpoint"].values, strict=True
    ):
        assert abs(decode(part) - true).max() <= abs(true).max() / 30000


def test_its_state_stays_on_the_grid(figure: Figure) -> None:
    explorable = Explorable(figure, {"depth": 3})
    assert explorable.state["depth"] == 3 and explorable.state["data"] == "sparse regression"
    explorable.state = {**explorable.state, "scale": 0.011}
    assert explorable.state["scale"] == pytest.approx(0.01)
    with pytest.raises(ValueError, match=r"found \['width'\]"):
        explorable.state = {"width": 1}
    with pytest.raises(ValueError, match="must lie between"):
        Explorable(figure, {"scale": -1.0})
    assert explorable.state["scale"] == pytest.approx(0.01)


def test_a_new_figure_keeps_the_state_it_can(figure: Figure) -> None:
    explorable = Explorable(figure, {"depth": 10, "scale": 0.01, "time": 0.0})
    before = explorable.payload
    shallow = replace(figure, title="Another", presets=figure.presets[:1])
    explorable.figure = shallow
    assert explorable.payload != before and explorable.payload["title"] == "Another"
    assert explorable.state["depth"] == 10 and explorable.state["time"] == 0.0
