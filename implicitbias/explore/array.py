"""Numbers computed by the library, over the positions of axes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from implicitbias.explore.axis import ITEM, Axis


@dataclass(frozen=True)
class Array:
    """Numbers computed by the library, one for each position of some axes.

    Args:
        dims: names of axes, and last ``"item"`` where each position holds several numbers.
        values: one array with these dimensions; or, where the first one is a choice, one array
            (or None) for each option, without that dimension, which may differ in their items.
        step: resolution; values are rounded to its multiples. Without one they are float32.
            One number, or one for each separate array.
        log: whether the step is one of the decimal logarithm.
    """

    dims: tuple[str, ...]
    values: Any
    step: float | Sequence[float] | None = None
    log: bool = False

    def parts(self, axes: Mapping[str, Axis], name: str) -> list[np.ndarray | None]:
        """The arrays of the options of the first dimension if they are separate, else one array.

        Raises:
            ValueError: an unknown dimension, or a shape that the axes do not have.
        """
        unknown = [dim for dim in self.dims if dim not in axes and dim != ITEM]
        if unknown or ITEM in self.dims[:-1]:
            raise ValueError(
                f"dims of array {name} must be axes {tuple(axes)}, then perhaps {ITEM!r}, "
                f"found {self.dims}"
            )
        if not self.separate:
            return [self._checked(self.values, self.dims, axes, name)]
        count = len(axes[self.dims[0]].values)
        if len(self.values) != count:
            raise ValueError(
                f"values of array {name} must have {count} parts, one for each option of "
                f"{self.dims[0]}, found {len(self.values)}"
            )
        return [
            None if part is None else self._checked(part, self.dims[1:], axes, name)
            for part in self.values
        ]

    def steps(self, count: int) -> list[float | None]:
        """The resolution of each of the parts."""
        if isinstance(self.step, Sequence):
            return list(self.step)
        return [self.step] * count

    @property
    def separate(self) -> bool:
        """Whether the options of the first dimension come as arrays of their own."""
        return isinstance(self.values, tuple | list)

    @staticmethod
    def _checked(values: Any, dims: Sequence[str], axes: Mapping[str, Axis], name: str):
        values = np.asarray(values, dtype=np.float64)
        wanted = tuple(len(axes[dim].values) if dim != ITEM else None for dim in dims)
        fits = values.ndim == len(wanted) and all(
            size in (None, found) for size, found in zip(wanted, values.shape, strict=True)
        )
        if not fits:
            raise ValueError(
                f"array {name} must have the shape {wanted} of {tuple(dims)}, found {values.shape}"
            )
        if not np.isfinite(values).all():
            bad = tuple(np.argwhere(~np.isfinite(values))[0].tolist())
            raise ValueError(f"array {name} must be finite, found {values[bad]} at index {bad}")
        return values
