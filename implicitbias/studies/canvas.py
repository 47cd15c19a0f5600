"""Handwritten digits at random places of a noisy canvas."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, Int
from numpy.typing import ArrayLike
from sklearn.datasets import load_digits

from implicitbias import _check

_SIDE, _DIGIT, _STEP = 16, 8, 2
_SHARES = {"train": (0.0, 0.5), "validation": (0.5, 0.7), "test": (0.7, 1.0)}


class Canvases(NamedTuple):
    """Pictures with a digit somewhere.

    - `X` "n 16 16": the pictures.
    - `y` "n": +1 for the first digit, -1 for the second.
    - `corner` "n 2": row and column of the digit's upper left pixel.
    """

    X: Float[Array, "n 16 16"]
    y: Float[Array, " n"]
    corner: Int[np.ndarray, "n 2"]


def digit_canvases(
    n: int,
    sigma: float,
    *,
    digits: tuple[int, int] = (3, 8),
    part: str = "train",
    seed: int = 0,
) -> Canvases:
    """Digits of 8 by 8 pixels on canvases of 16 by 16, at one of 25 places, under white noise.

    Images of Alpaydin and Kaynak (1998, doi:10.24432/C50P49), of two digits. From all of them the
    middle of the two mean images is taken off, and a common factor gives half the difference of the
    means the length 1, both computed from the training images. Each canvas shows an image drawn at
    random, with its corner at even rows and columns from 0 to 8.

    **Arguments:** `n` canvases; `sigma`, the noise of each pixel; the two `digits`; `part`: half of
    the images are to `"train"` on, a fifth for `"validation"`, the others for a `"test"`; `seed` of
    the drawing, not of the parts.

    **Raises:** `ValueError` for digits that are not two different ones, another part, or noise that
    is not positive.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.studies.digit_canvases(10, 0.1).X.shape
    (10, 16, 16)
    """
    if len({*digits} & {*range(10)}) != 2:
        raise ValueError(f"digits must be two different ones from 0 to 9, found {digits}")
    if part not in _SHARES:
        raise ValueError(f"part must be one of {tuple(_SHARES)}, found {part!r}")
    _check.positive("sigma", sigma)
    pixels, targets = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(targets))
    images, targets = pixels[order].reshape(-1, _DIGIT, _DIGIT), targets[order]
    groups = [images[targets == digit] for digit in digits]
    means = [group[: len(group) // 2].mean(axis=0) for group in groups]
    low, high = _SHARES[part]
    random = np.random.default_rng(seed)
    first = random.random(n) < 0.5
    shown = np.empty((n, _DIGIT, _DIGIT))
    for group, here in zip(groups, (first, ~first), strict=True):
        kept = group[int(low * len(group)) : int(high * len(group))]
        shown[here] = kept[random.integers(len(kept), size=here.sum())]
    shown = (shown - (means[0] + means[1]) / 2) / np.linalg.norm((means[0] - means[1]) / 2)
    corner = _STEP * random.integers((_SIDE - _DIGIT) // _STEP + 1, size=(n, 2))
    X = sigma * random.standard_normal((n, _SIDE, _SIDE))
    inside = corner[:, :, None] + np.arange(_DIGIT)
    X[np.arange(n)[:, None, None], inside[:, 0, :, None], inside[:, 1, None, :]] += shown
    return Canvases(_check.on_device(X), _check.on_device(np.where(first, 1.0, -1.0)), corner)


def windows(X: ArrayLike) -> np.ndarray:
    """The 25 windows of 8 by 8 pixels at the places where a digit may be, as patches.

    **Arguments:** `X` "n 16 16".

    **Returns:** "n 25 64".

    **Raises:** `ValueError` for pictures of another size.

    >>> import numpy as np
    >>> import implicitbias as ib
    >>> ib.studies.windows(np.ones((3, 16, 16))).shape
    (3, 25, 64)
    """
    X = np.asarray(X)
    if X.shape[1:] != (_SIDE, _SIDE):
        raise ValueError(f"X must be pictures of 16 by 16 pixels, found shape {X.shape}")
    seen = np.lib.stride_tricks.sliding_window_view(X, (_DIGIT, _DIGIT), axis=(1, 2))
    seen = seen[:, ::_STEP, ::_STEP]
    return seen.reshape(len(X), -1, _DIGIT**2)
