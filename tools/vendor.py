"""Copies what pages load from npm (MathJax, typefaces) to book/_vendor, where Sphinx finds it."""

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "book" / "_vendor"

# What a page may load: the component, its fonts, TeX packages on demand, and speech rules.
MATHJAX = ["tex-chtml.js", "output/chtml/fonts/woff-v2", "input/tex/extensions", "a11y"]
SPEECH = ["base.json", "en.json"]

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


def vendor_mathjax() -> None:
    source, target = MODULES / "mathjax" / "es5", VENDOR / "mathjax"
    for part in MATHJAX:
        copy(source / part, target / part)
    for part in SPEECH:
        copy(source / "sre" / "mathmaps" / part, target / "sre" / "mathmaps" / part)


def vendor_face(name: str, styles: list[str]) -> str:
    """Copies the files of one typeface and gives its CSS rules."""
    package, rules = MODULES / "@fontsource" / name, []
    for style in styles:
        for rule in re.findall(r"@font-face \{.*?\}", (package / f"{style}.css").read_text(), re.S):
            file, subset = re.findall(rf"\./files/({name}-(.+?)-\d+-\w+\.woff2)", rule)[0]
            if subset not in SUBSETS:
                continue
            copy(package / "files" / file, VENDOR / "fonts" / file)
            rules.append(re.sub(r"src:.*?;", f"src: url({file}) format('woff2');", rule))
    return "\n".join(rules)


def main() -> None:
    shutil.rmtree(VENDOR, ignore_errors=True)
    vendor_mathjax()
    css = [vendor_face(name, styles) for name, styles in FACES]
    (VENDOR / "fonts" / "fonts.css").write_text("\n".join(css) + "\n")


if __name__ == "__main__":
    main()
