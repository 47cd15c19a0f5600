"""From a fresh process, and a fresh kernel, to the first explorable on screen."""

import subprocess
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

_LAB = Path(__file__).parents[1] / "notebooks" / "scale-and-depth.ipynb"

# Compilation is counted as the sum over threads, which work beside each other.
_PROCESS = """
import time
start = time.perf_counter()
def lap(name):
    global start
    now = time.perf_counter()
    print(f"  {name:<58}{now - start:6.2f} s")
    start = now
import jax
jax.config.update("jax_enable_x64", True)
lap("import jax")
import implicitbias.explore
lap("import implicitbias.explore")
compiled = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, seconds, **_: "backend_compile" in event and compiled.append(seconds)
)
figure = implicitbias.explore.scale_and_depth()
lap("the figure of the chapter, both data sets")
again = len(compiled)
print(f"    of which compilation, {again} programs, on two threads{sum(compiled):16.2f} s")
figure.html()
lap("its HTML")
implicitbias.explore.scale_and_depth()
lap("the figure once more")
"""


def seconds_in_kernel() -> list[tuple[str, float]]:
    """The first line and the time of each cell of the lab, up to its first explorable."""
    notebook = nbformat.read(_LAB, as_version=4)
    client = NotebookClient(notebook, resources={"metadata": {"path": str(_LAB.parent)}})
    laps = []
    with client.setup_kernel():
        for i, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            start = time.perf_counter()
            client.execute_cell(cell, i)
            laps.append((cell.source.splitlines()[0], time.perf_counter() - start))
            html = [output.get("data", {}).get("text/html", "") for output in cell.outputs]
            if any("data-explorable" in text for text in html):
                return laps
    raise RuntimeError("the lab has no explorable")


def main():
    print("to the first explorable, in a fresh process")
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", _PROCESS], check=True)
    print(f"  {'all of it':<58}{time.perf_counter() - start:6.2f} s")
    print("to the first explorable, in a fresh kernel, by cells of the lab")
    laps = seconds_in_kernel()
    for name, seconds in laps:
        print(f"  {name[:56]:<58}{seconds:6.2f} s")
    print(f"  {'all of it':<58}{sum(seconds for _, seconds in laps):6.2f} s")


if __name__ == "__main__":
    main()
