"""`python -m benchmarks`: print every table."""

import jax

from . import imports, jumps, latency, pages, path, trajectory, wake

if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    for benchmark in (path, trajectory, jumps, imports, wake, latency, pages):
        benchmark.main()
