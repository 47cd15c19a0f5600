"""Numbers that a page computes itself, by closed forms, where a grid would be too coarse."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from implicitbias.explore.axis import State


@dataclass(frozen=True)
class Model:
    """Arrays that are computed anew in every state.

    The page computes them by the file of the same name in ``src/models``. Here the library
    computes the same, for the still picture, and for the test that holds the page to it.

    Args:
        name: of the JavaScript file.
        arrays: by name, what the numbers run over; as ``Array.inner``, and empty for one number.
        compute: the arrays in a state.
    """

    name: str
    arrays: Mapping[str, tuple[str, ...]]
    compute: Callable[[State], Mapping[str, Any]]

    def at(self, state: State) -> dict[str, np.ndarray]:
        """The arrays in a state.

        Raises:
            ValueError: an array is missing, of another rank than announced, or not finite.
        """
        found = self.compute(state)
        if set(found) != set(self.arrays):
            raise ValueError(
                f"model {self.name} must compute {sorted(self.arrays)}, found {sorted(found)}"
            )
        arrays = {name: np.asarray(values, dtype=np.float64) for name, values in found.items()}
        for name, inner in self.arrays.items():
            if arrays[name].ndim != len(inner):
                raise ValueError(
                    f"array {name} must have the dimensions {inner}, found shape "
                    f"{arrays[name].shape}"
                )
            if not np.isfinite(arrays[name]).all():
                raise ValueError(f"array {name} must be finite in the state {state}")
        return arrays
