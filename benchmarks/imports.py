"""What importing the library costs beyond importing JAX."""

import subprocess
import sys
import time


def seconds_to_import(*modules: str) -> list[float]:
    """The least of ten for each module, taken in turns: the machine's speed drifts."""
    rounds = [[_seconds(module) for module in modules] for _ in range(10)]
    return [min(times) for times in zip(*rounds, strict=True)]


def _seconds(module):
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    return time.perf_counter() - start


def main():
    alone, ours = seconds_to_import("jax", "implicitbias")
    print(f"imports: jax {alone:.2f} s, implicitbias {ours:.2f} s, {ours - alone:.2f} s more")
