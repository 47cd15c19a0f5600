"""What Binder would do with this repository, and where the book's launch buttons lead."""

import re
import shutil
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from jupyter_book.config import get_final_config
from lxml import html
from sphinx_book_theme.header_buttons.launch import add_launch_buttons

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
        address
        for page in pages
        for address in html.document_fromstring(page.read_text()).xpath("//a/@href")
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


@pytest.mark.parametrize(
    ("page", "lab"),
    [
        ("book/networks/scale-and-depth", "notebooks/scale-and-depth.ipynb"),
        ("notebooks/geometry-lab", "notebooks/geometry-lab.ipynb"),
    ],
)
def test_the_line_that_names_a_hub_adds_a_button_to_the_lab(page, lab, tmp_path):
    """The theme's own function, and then the book's, with the configuration and that line."""
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    line = re.search(r"```yaml\n(  jupyterhub_url: .*\n)```", guide)
    assert line
    text = (ROOT / "_config.yml").read_text()
    assert "jupyterhub_url" not in text
    (tmp_path / "_config.yml").write_text(
        text.replace("launch_buttons:\n", f"launch_buttons:\n{line[1]}")
    )
    settings, _ = get_final_config(
        user_yaml=tmp_path / "_config.yml", cli_config={"latex_individualpages": False}
    )
    suffix = ".md" if page.startswith("book/") else ".ipynb"
    executed = tmp_path / "jupyter_execute" / f"{page}.ipynb"
    executed.parent.mkdir(parents=True)
    executed.write_text("{}")  # the theme copies it beside the page
    app = SimpleNamespace(
        config={"html_theme_options": settings["html_theme_options"]},
        env=SimpleNamespace(
            doc2path=lambda page: str(ROOT / f"{page}{suffix}"),
            metadata={page: {"kernelspec": {"name": "python3"}}},
        ),
        outdir=str(tmp_path / "html"),
        srcdir=str(ROOT),
    )
    context: dict = {
        "pagename": page,
        "sourcename": f"{page}{suffix}",
        "header_buttons": [],
        "github_url": "https://github.com",
        "github_user": "implicitbias",
        "github_repo": "implicitbias",
    }
    add_launch_buttons(app, page, "page.html", context, None)  # pyright: ignore
    spec = spec_from_file_location("book_extension", ROOT / "book" / "_ext" / "book.py")
    assert spec and spec.loader
    book = module_from_spec(spec)
    spec.loader.exec_module(book)
    book.launch_the_lab(app, page, "page.html", context, None)
    buttons = {each["text"]: each["url"] for each in context["header_buttons"][0]["buttons"]}
    assert set(buttons) == {"Binder", "Colab", "JupyterHub"}
    address = urlsplit(buttons["JupyterHub"])
    assert address.netloc == "hub.example.org" and address.path.endswith("/git-pull")
    query = parse_qs(address.query)
    # nbgitpuller clones into a folder of the repository's name.
    assert query["urlpath"] == [f"lab/tree/implicitbias/{lab}"]
    assert query["repo"] == ["https://github.com/implicitbias/implicitbias"]
    assert (ROOT / lab).exists()
