"""Arrays as short ASCII text, for a page that has no Python.

A fixed-step array is stored as differences along some axes, a floating one as float32; both with
their bytes sorted by significance, deflated and written in base64. ``src/codec.js`` reads them.
"""

import base64
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

_LARGEST = 2**15 - 1


def encode(
    values: ArrayLike,
    *,
    step: float | None = None,
    log: bool = False,
    along: Sequence[int] = (-1,),
    name: str = "values",
) -> dict[str, Any]:
    """Encode an array of finite numbers.

    Args:
        values: array of any shape.
        step: if given, values are rounded to its multiples (error at most ``step / 2``); if not,
            they are rounded to float32 (relative error at most ``2**-24``).
        log: round the decimal logarithm instead (relative error at most ``1.16 * step``, for
            values from ``10**(-32766 * step)`` up); zeros stay zeros. Needs a step.
        along: the axes along which a fixed-step array changes slowly, the smoothest first.
        name: what an error message calls the array.

    Returns:
        A JSON-ready dictionary with the keys ``shape``, ``data`` and, for a fixed step, ``step``
        and ``along``.

    Raises:
        ValueError: a value is not finite, or needs more than 16 bits at this step.

    Example:
        >>> import numpy as np
        >>> code = encode(np.array([0.0, 0.5, 0.75]), step=0.25)
        >>> decode(code)
        array([0.  , 0.5 , 0.75])
    """
    values = np.asarray(values, dtype=np.float64)
    if not np.isfinite(values).all():
        bad = np.argwhere(~np.isfinite(values))[0].tolist()
        raise ValueError(f"{name} must be finite, found {values[tuple(bad)]} at index {bad}")
    if step is None:
        if values.size and np.abs(values).max() > np.finfo(np.float32).max:
            raise ValueError(f"{name} must fit in float32, found {np.abs(values).max():.3g}")
        return {"shape": list(values.shape), "data": _pack(values.astype("<f4").view("<u4"))}
    if not (np.isfinite(step) and step > 0):
        raise ValueError(f"step must be positive and finite, found {step}")
    if log:
        if (values < 0).any():
            raise ValueError(f"{name} must not be negative, found {values.min():.3g}")
        values = np.log10(values, out=np.full(values.shape, -_LARGEST * step), where=values > 0)
    levels = np.rint(values / step).astype(np.int64)
    if levels.size and np.abs(levels).max() > _LARGEST:
        raise ValueError(
            f"{name} must stay within {_LARGEST} steps of {step:.3g}, found {np.abs(levels).max()}"
        )
    order = [axis % values.ndim for axis in along]
    for axis in order:
        levels = np.diff(levels, axis=axis, prepend=0)
    # Fold the sign into the lowest bit, so that small jumps of either sign have a zero high byte.
    # Jumps may leave the 16 bits: they wrap, and sums of them wrap back.
    levels = (levels + 2**15) % 2**16 - 2**15
    words = ((levels << 1) ^ (levels >> 63)).astype("<u2")
    # The smoothest axis runs fastest: equal neighbours make long runs.
    words = np.ascontiguousarray(np.moveaxis(words, order[0], -1))
    code = {"shape": list(values.shape), "step": step, "along": order, "data": _pack(words)}
    return code | {"log": True} if log else code


def decode(code: dict[str, Any]) -> np.ndarray:
    """Read back what :func:`encode` wrote, as float64.

    Raises:
        ValueError: the text is not what its shape announces.
    """
    shape = tuple(code["shape"])
    if "step" not in code:
        return _unpack(code["data"], shape, "<u4").view("<f4").astype(np.float64)
    first = code["along"][0]
    order = (*shape[:first], *shape[first + 1 :], shape[first])
    words = np.moveaxis(_unpack(code["data"], order, "<u2").astype(np.int64), -1, first)
    levels = (words >> 1) ^ -(words & 1)
    for axis in code["along"]:
        levels = np.cumsum(levels, axis=axis)
    levels = (levels + 2**15) % 2**16 - 2**15
    values = levels * code["step"]
    return np.where(levels > -_LARGEST, 10.0**values, 0.0) if code.get("log") else values


def _pack(words: np.ndarray) -> str:
    planes = np.ascontiguousarray(words).reshape(-1).view(np.uint8).reshape(-1, words.itemsize).T
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(deflate.compress(planes.tobytes()) + deflate.flush()).decode("ascii")


def _unpack(text: str, shape: tuple[int, ...], kind: str) -> np.ndarray:
    word, count = np.dtype(kind), int(np.prod(shape))
    try:
        raw = zlib.decompress(base64.b64decode(text, validate=True), -15)
    except (ValueError, zlib.error) as error:
        raise ValueError(f"data cannot be read: {error}") from error
    if len(raw) != count * word.itemsize:
        raise ValueError(
            f"data must hold {count * word.itemsize} bytes for the shape {shape}, found {len(raw)}"
        )
    planes = np.frombuffer(raw, np.uint8).reshape(word.itemsize, count)
    return np.ascontiguousarray(planes.T).view(word).reshape(shape)
