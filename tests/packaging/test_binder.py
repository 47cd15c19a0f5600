"""What Binder would do with this repository, and where the book's launch buttons lead."""

import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"


@pytest.fixture(scope="module")
def dockerfile(tmp_path_factory) -> str:
    """The plan of repo2docker, from the files that it reads; needs no Docker."""
    folder = tmp_path_factory.mktemp("binder")
    for name in ("requirements.txt", "runtime.txt", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    done = subprocess.run(
        ["jupyter-repo2docker", "--no-build", "--debug", str(folder)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_python_is_the_one_of_runtime_txt(dockerfile):
    version = (ROOT / "runtime.txt").read_text().strip().removeprefix("python-")
    assert f"Building conda environment for python={version}" in dockerfile


def test_everything_is_installed_once_and_after_the_source_is_there(dockerfile):
    steps = dockerfile.splitlines()
    installs = [i for i, step in enumerate(steps) if "pip install" in step]
    source = next(i for i, step in enumerate(steps) if re.match(r"COPY .* src/ ", step))
    assert len(installs) == 1
    assert source < installs[0]
    assert '-r "requirements.txt"' in steps[installs[0]]
    assert "-e ." in (ROOT / "requirements.txt").read_text().splitlines()


def test_no_folder_takes_precedence_over_the_files_at_the_root():
    assert not (ROOT / "binder").exists()
    assert not (ROOT / ".binder").exists()


def launch_addresses() -> list[str]:
    pages = [*HTML.glob("book/**/*.html"), *HTML.glob("notebooks/*.html")]
    links = (
        str(tag["href"])
        for page in pages
        for tag in BeautifulSoup(page.read_text(), "html.parser").select("a[href]")
    )
    return sorted({link for link in links if "mybinder.org" in link or "colab.research" in link})


def test_launch_buttons_lead_to_notebooks_that_exist():
    addresses = launch_addresses()
    assert any("mybinder" in address for address in addresses)
    assert any("colab" in address for address in addresses)
    for address in addresses:
        parts = urlsplit(address)
        where = parse_qs(parts.query).get("urlpath", [unquote(parts.path)])[0]
        path = where.split("/tree/" if "mybinder" in address else "/blob/main/")[-1]
        assert "/main" in address and "/./" not in address
        assert path.endswith(".ipynb") and (ROOT / path).exists(), address


def test_every_notebook_can_be_launched():
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        page = (HTML / "notebooks" / f"{notebook.stem}.html").read_text()
        assert f"lab/tree/notebooks/{notebook.name}" in page
        assert f"blob/main/notebooks/{notebook.name}" in page
