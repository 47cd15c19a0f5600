"""What importing the library costs beyond importing JAX."""

import subprocess
import sys
import time


def seconds_to_import(module: str) -> float:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
        times.append(time.perf_counter() - start)
    return min(times)


def main():
    alone, ours = seconds_to_import("jax"), seconds_to_import("implicitbias")
    print(f"imports: jax {alone:.2f} s, implicitbias {ours:.2f} s, {ours - alone:.2f} s more")
