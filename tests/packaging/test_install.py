"""The library and the labs work where students have them: fresh environments, lone notebooks."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
MADE = shutil.ignore_patterns(
    ".*", "_build", "_vendor", "node_modules", "__pycache__", "*.egg-info"
)
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LAB = "gallery.ipynb"


def run(*command: object, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """The repository as it is cloned: nothing that make made."""
    return shutil.copytree(ROOT, tmp_path_factory.mktemp("clone") / "repository", ignore=MADE)


@pytest.fixture(scope="module")
def wheel(copy: Path) -> Path:
    run("uv", "build", "--quiet", "--wheel", "--out-dir", copy / "wheels", cwd=copy)
    return next((copy / "wheels").glob("*.whl"))


def fresh_environment(folder: Path, *requirements: object, cwd: Path) -> Path:
    """The Python of a new environment that holds the requirements and no more."""
    run("uv", "venv", "--quiet", "--seed", "--python", sys.executable, folder, cwd=cwd)
    python = folder / "bin" / "python"
    run("uv", "pip", "install", "--quiet", "--python", python, *requirements, cwd=cwd)
    return python


def execute(python: Path, notebook: Path) -> None:
    run(python, "-m", "jupyter", "execute", "--inplace", notebook.name, cwd=notebook.parent)


def imported(source: str) -> set[str]:
    """The modules that a program cannot do without, those imported late included."""
    tree = ast.parse(re.sub(r"^(\s*)%.*", r"\1pass", source, flags=re.MULTILINE))
    tried = [part for node in ast.walk(tree) if isinstance(node, ast.Try) for part in node.body]
    optional = {node for part in tried for node in ast.walk(part)}
    found = set()
    for node in set(ast.walk(tree)) - optional:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def everything_imported() -> list[str]:
    """By the labs and by the library."""
    cells = [
        cell.source
        for lab in NOTEBOOKS
        for cell in nbformat.read(lab, as_version=4).cells
        if cell.cell_type == "code"
    ]
    files = [file.read_text() for file in (ROOT / "implicitbias").rglob("*.py")]
    return sorted(set().union(*map(imported, cells + files)))


# Every lab runs elsewhere, under nbval; here each environment runs one and has what all import.
def test_requirements_alone_run_a_lab_from_its_folder(copy, tmp_path):
    python = fresh_environment(tmp_path / "venv", "-r", "requirements.txt", cwd=copy)
    where = run(python, "-c", "import implicitbias; print(implicitbias.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(copy)
    run(python, "-c", f"import {', '.join(everything_imported())}", cwd=tmp_path)
    execute(python, copy / "notebooks" / LAB)


def test_a_lone_notebook_runs_with_the_wheel_as_in_colab(wheel, tmp_path):
    python = fresh_environment(
        tmp_path / "venv",
        f"{wheel}[widgets,plot]",
        *("ipykernel", "nbclient", "-c", ROOT / "requirements.lock"),
        cwd=tmp_path,
    )
    run(python, "-c", f"import {', '.join(everything_imported())}", cwd=tmp_path)
    execute(python, Path(shutil.copy(ROOT / "notebooks" / LAB, tmp_path)))


def test_wheel_holds_the_library_its_scripts_and_its_types(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    library = ROOT / "implicitbias"
    kinds = ("*.py", "*.json", "py.typed", "static/*")
    wanted = [file for kind in kinds for file in library.rglob(kind)]
    assert {str(file.relative_to(ROOT)) for file in wanted} <= names
    outside = [name for name in names if not re.match(r"implicitbias(-[\d.]+\.dist-info)?/", name)]
    assert outside == []


def test_requirements_and_lock_and_package_agree():
    def pins(file):
        lines = (line.split(";")[0].strip() for line in (ROOT / file).read_text().splitlines())
        return {line for line in lines if "==" in line}

    direct, locked = pins("requirements.txt"), pins("requirements.lock")
    assert direct <= locked, "run `make lock`"
    named = {re.split(r"[=\[]", pin)[0] for pin in direct}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]
    assert {re.split(r"[>=!<\[]", each)[0] for each in wanted} <= named


@pytest.mark.parametrize("file", ["requirements.txt", "requirements.lock", "package-lock.json"])
def test_pins_name_no_host_and_no_path(file):
    text = (ROOT / file).read_text()
    assert "resolved" not in text
    assert not re.search(r"(index-url|find-links|file:|/home/|/root/|/work/)", text)
