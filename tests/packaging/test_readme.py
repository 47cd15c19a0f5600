"""What the README tells people to do can be done."""

import doctest
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def test_commands_exist():
    for document in ("README.md", "CONTRIBUTING.md"):
        named = set(re.findall(r"(?:^|`)make ([a-z]+)(?:`|$)", (ROOT / document).read_text(), re.M))
        targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.M))
        assert named <= targets
    assert {"book", "test"} <= targets


def test_continuous_integration_runs_the_test_command_of_the_readme():
    assert re.search(r"^make test$", README, re.M)
    assert re.search(r"^make test$", (ROOT / ".ci" / "run").read_text(), re.M)
    assert "- run: .ci/run" in (ROOT / ".github" / "workflows" / "book.yml").read_text()


def test_example_runs():
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted >= 6
    assert result.failed == 0


def test_linked_files_exist():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists()


def test_every_folder_of_the_map_exists():
    layout = (ROOT / "CONTRIBUTING.md").read_text().split("```")[1]
    for name in re.findall(r"^ *([\w./]+/)  ", layout, re.M):
        found = [ROOT / name, ROOT / "book" / name, ROOT / "implicitbias" / name]
        assert any(folder.is_dir() for folder in found), name


def test_pictures_exist_and_say_what_they_show():
    for source in re.findall(r'(?:src|srcset)="([^"]+)"', README):
        assert (ROOT / source).exists()
    assert all(len(alt) > 50 for alt in re.findall(r'alt="([^"]*)"', README))
    assert 'alt="' in README
