"""Computes the sweeps that take longer than a lab may, and writes the files that figures read.

`python tools/sweeps.py NAME ...` for some of them, in processes of their own. With
`--dask ADDRESS`, on the workers of that Dask cluster.
"""

import argparse
import multiprocessing
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

import jax
from tqdm import tqdm

from implicitbias.explore import (
    benign_data,
    capacity_data,
    growing_adaptive_data,
    growing_data,
    growing_transformer_data,
    halfspaces_data,
    halfspaces_tumours_data,
    locality_data,
    locality_digits_data,
    mirror_descent_data,
    motion_kernel_data,
    motion_latent_data,
    motion_physics_data,
    motion_transfer_data,
    orchestration_data,
    real_data_data,
    sparse_regression_data,
    stacking_data,
    stacking_iterated_data,
    stacking_transformer_data,
    thinking_data,
    thinking_kernel_data,
    thinking_transformer_data,
)

SWEEPS = {
    "capacity": capacity_data,
    "benign": benign_data,
    "mirror-descent": mirror_descent_data,
    "sparse-regression": sparse_regression_data,
    "real-data": real_data_data,
    "locality": locality_data,
    "locality-digits": locality_digits_data,
    "halfspaces": halfspaces_data,
    "growing": growing_data,
    "growing-adaptive": growing_adaptive_data,
    "motion-kernel": motion_kernel_data,
    "motion-latent": motion_latent_data,
    "motion-physics": motion_physics_data,
    "motion-transfer": motion_transfer_data,
    "growing-transformer": growing_transformer_data,
    "stacking": stacking_data,
    "stacking-iterated": stacking_iterated_data,
    "halfspaces-tumours": halfspaces_tumours_data,
    "stacking-transformer": stacking_transformer_data,
    "orchestration": orchestration_data,
    "thinking": thinking_data,
    "thinking-kernel": thinking_kernel_data,
    "thinking-transformer": thinking_transformer_data,
}

LONG = ("growing-transformer", "stacking-transformer")
"""Those that keep checkpoints."""


class Told(Executor):
    """An executor that says how far it has come."""

    def __init__(self, executor: Executor, name: str) -> None:
        self.executor, self.name = executor, name

    def map(self, fn, *iterables, **options):
        done = self.executor.map(fn, *iterables, **options)
        return tqdm(done, self.name, total=len(iterables[0]))


def executor(workers: int, address: str | None) -> Executor:
    if address is None:
        return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
    from distributed import Client

    return Client(address).get_executor()


def main() -> None:
    parser = argparse.ArgumentParser(description="Compute sweeps and write the files of figures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(SWEEPS)}")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--dask", metavar="ADDRESS")
    parser.add_argument(
        "--checkpoints", type=Path, metavar="DIR", help="where a cut run is to go on from"
    )
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    with executor(options.workers, options.dask) as run:
        for name in options.names or SWEEPS:
            kept = {"checkpoints": options.checkpoints} if name in LONG else {}
            SWEEPS[name].write(SWEEPS[name].compute(Told(run, name), **kept))
            print(f"{name}: written")


if __name__ == "__main__":
    main()
