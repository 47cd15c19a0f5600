"""Copies what pages load from npm (KaTeX, typefaces) to book/_vendor, where Sphinx finds it."""

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "book" / "_vendor"

SUBSETS = ["latin", "latin-ext", "greek"]
FACES = [
    ("source-serif-4", ["400", "400-italic", "600", "600-italic"]),
    ("inter", ["400", "600"]),
]


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def vendor_katex() -> None:
    """Copies KaTeX's sheet and the one format of its fonts that browsers of today need."""
    source, target = MODULES / "katex" / "dist", VENDOR / "katex"
    css = (source / "katex.css").read_text()
    for name in re.findall(r"fonts/([\w-]+\.woff2)", css):
        copy(source / "fonts" / name, target / "fonts" / name)
    css = re.sub(r', url\([^)]*\) format\("(?:woff|truetype)"\)', "", css)
    (target / "katex.css").write_text(css)


def vendor_face(name: str, styles: list[str]) -> str:
    """Copies the files of one typeface and gives its CSS rules."""
    package, rules = MODULES / "@fontsource" / name, []
    for style in styles:
        for rule in re.findall(r"@font-face \{.*?\}", (package / f"{style}.css").read_text(), re.S):
            file, subset = re.findall(rf"\./files/({name}-([a-z-]+?)-\d+-\w+\.woff)\)", rule)[0]
            if subset not in SUBSETS:
                continue
            copy(package / "files" / file, VENDOR / "fonts" / file)
            rule = re.sub(r"src:.*?;", f"src: url({file}) format('woff');", rule)
            # For the letter l in script alone, a page would load up to 72 kB.
            rules.append(rule.replace("U+2113,", ""))
    return "\n".join(rules)


def main() -> None:
    shutil.rmtree(VENDOR, ignore_errors=True)
    vendor_katex()
    css = [vendor_face(name, styles) for name, styles in FACES]
    (VENDOR / "fonts" / "fonts.css").write_text("\n".join(css) + "\n")


if __name__ == "__main__":
    main()
