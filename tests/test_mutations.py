"""Errors put in on purpose, in a copy of the library: the tests must fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PATH_TEST = "tests/test_flows.py::test_whole_path_agrees_in_both_spaces[2]"


def passes(root: Path) -> bool:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", PATH_TEST],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    # 1 is for tests that failed: anything else is a copy that does not run.
    assert run.returncode in (0, 1), run.stdout + run.stderr
    return run.returncode == 0


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        (
            "implicitbias/_continuation.py",
            "near = 2 * jnp.exp(middle)",
            "near = -2 * jnp.exp(middle)",
        ),
        ("implicitbias/parametrizations.py", "4.0 if self.balanced", "2.0 if self.balanced"),
        ("implicitbias/_continuation.py", "near = 2 *", "near = 2.0 *"),
    ],
    ids=["sign of the dual map", "rate", "no error"],
)
def test_errors_fail_the_path_test(tmp_path, file, right, wrong):
    for folder in ("implicitbias", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    source = (tmp_path / file).read_text()
    assert source.count(right) == 1
    (tmp_path / file).write_text(source.replace(right, wrong))
    assert passes(tmp_path) == (wrong == "near = 2.0 *")
