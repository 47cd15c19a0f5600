"""The least time of several runs, and one way to print a ratio."""

import time
from collections.abc import Callable

import jax


def seconds(run: Callable[[], object], repeats: int = 3) -> float:
    """Least wall time of `run`, whose first call, which may compile, is not counted."""
    jax.block_until_ready(run())
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(run())
        times.append(time.perf_counter() - start)
    return min(times)


def row(name: str, ours: float, theirs: float, note: str) -> None:
    print(
        f"  {name:<44}{1e3 * ours:10.1f} ms{1e3 * theirs:12.1f} ms  x {theirs / ours:7.2f}  {note}"
    )
