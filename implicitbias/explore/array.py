"""Numbers computed by the library, over the positions of axes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from implicitbias.explore.axis import Axis


@dataclass(frozen=True)
class Array:
    """Numbers computed by the library, one for each position of some axes.

    Args:
        dims: names of axes.
        values: one array with these dimensions and the inner ones; or, where the first one is a
            choice, one array (or None) for each option, without that dimension, which may differ
            in their inner sizes.
        inner: what the numbers of one position run over, where it holds several: ``"item"`` for
            what the figure's items name, other words as the panels ask for them.
        step: resolution; values are rounded to its multiples. Without one they are float32.
            One number, or one for each separate array.
        log: whether the step is one of the decimal logarithm.
    """

    dims: tuple[str, ...]
    values: Any
    inner: tuple[str, ...] = ()
    step: float | Sequence[float] | None = None
    log: bool = False

    def parts(self, axes: Mapping[str, Axis], name: str) -> list[np.ndarray | None]:
        """The arrays of the options of the first dimension if they are separate, else one array.

        Raises:
            ValueError: an unknown dimension, or a shape that the axes do not have.
        """
        if not set(self.dims) <= set(axes):
            raise ValueError(f"dims of array {name} must be axes {tuple(axes)}, found {self.dims}")
        if set(self.inner) & set(axes):
            raise ValueError(f"inner of array {name} must not be axes, found {self.inner}")
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
        return bool(self.dims) and isinstance(self.values, tuple | list)

    def _checked(self, values: Any, dims: Sequence[str], axes: Mapping[str, Axis], name: str):
        values = np.asarray(values, dtype=np.float64)
        wanted = (*(len(axes[dim].values) for dim in dims), *(None for _ in self.inner))
        fits = values.ndim == len(wanted) and all(
            size in (None, found) for size, found in zip(wanted, values.shape, strict=True)
        )
        if not fits:
            raise ValueError(
                f"array {name} must have the shape {wanted} of {(*dims, *self.inner)}, "
                f"found {values.shape}"
            )
        if not np.isfinite(values).all():
            bad = tuple(np.argwhere(~np.isfinite(values))[0].tolist())
            raise ValueError(f"array {name} must be finite, found {values[bad]} at index {bad}")
        return values
