"""The data of explorables, in files of their own: a page loads them when a reader comes near."""

import hashlib
import os
import re
from pathlib import Path

from sphinx.application import Sphinx

DATA = re.compile(
    r'(<figure class="explorable" data-explorable="([a-z0-9-]+)">.*?'
    r'<script type="application/json")>(\{.*?\})</script></figure>',
    re.DOTALL,
)


def move_out(page: Path, out: Path) -> None:
    """Writes a page anew, the data of its figures in scripts: those load from disk, too."""

    def moved(found: re.Match) -> str:
        before, name, data = found.groups()
        file = out / "_static" / "figures" / f"{name}.js"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f'(globalThis.explorables ??= {{}})["{name}"] = {data};\n', "utf-8")
        version = hashlib.sha256(data.encode()).hexdigest()[:8]
        source = f"{os.path.relpath(file, page.parent)}?v={version}"
        return f'{before} data-from="{source}"></script></figure>'

    text = page.read_text("utf-8")
    apart = DATA.sub(moved, text)
    if apart != text:
        page.write_text(apart, "utf-8")


def move_all_out(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for page in out.rglob("*.html"):
        if "_static" not in page.parts:
            move_out(page, out)


def setup(app: Sphinx) -> dict[str, bool]:
    # After the pages of single figures are written, before all pages are lightened.
    app.connect("build-finished", move_all_out, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
