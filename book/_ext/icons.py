"""The theme draws twenty icons with a script that holds two thousand; this leaves the twenty."""

import re
from pathlib import Path

from sphinx.application import Sphinx

# name: [width, height, [other names], code point, path or paths],
ICON = re.compile(
    r'(?:"([a-z0-9-]+)"|([a-z0-9]+)):'
    r'\[\d+,\d+,\[([^\]]*)\],"[0-9a-f]+",(?:"[^"]*"|\[[^\]]*\])\],?'
)


def names_used(folder: Path, script: Path) -> set[str]:
    """Icons that the built pages, or the scripts beside them, ask for."""
    pages = (file for kind in ("*.html", "*.js") for file in folder.rglob(kind) if file != script)
    return {name for file in pages for name in re.findall(r"\bfa-([a-z0-9-]+)", file.read_text())}


def keep_used_icons(app: Sphinx, exception: Exception | None) -> None:
    script = Path(app.outdir) / "_static" / "scripts" / "fontawesome.js"
    if exception or app.builder.format != "html" or not script.exists():
        return
    used = names_used(Path(app.outdir), script)

    def kept(icon: re.Match) -> str:
        names = {icon[1] or icon[2], *re.findall(r'"([^"]+)"', icon[3])}
        return icon[0] if names & used else ""

    script.write_text(ICON.sub(kept, script.read_text()))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", keep_used_icons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
