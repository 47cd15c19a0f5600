"""Bad input, refused before anything is compiled: the argument, the value and the way out."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, Float

X64_LINE = 'jax.config.update("jax_enable_x64", True)'


def require_x64() -> None:
    """Raise unless JAX computes in double precision."""
    if not jax.config.jax_enable_x64:  # pyright: ignore[reportAttributeAccessIssue]
        raise ValueError(
            "float64 is needed: an initial scale of 1e-30 enters as its square, which float32 "
            f"rounds to zero. Run this once, before any other use of JAX: {X64_LINE}"
        )


def is_traced(*values: object) -> bool:
    """Whether any of the values is abstract, so that its numbers cannot be looked at."""
    return any(isinstance(value, Tracer) for value in values)


def finite_array(name: str, value: ArrayLike, ndim: int) -> Float[Array, "..."]:
    """`value` as a float64 array with `ndim` axes and finite entries."""
    require_x64()
    dtype = getattr(value, "dtype", None)
    if dtype is not None and np.dtype(dtype) in (np.float32, np.float16):
        raise ValueError(
            f"{name} must be float64, found {np.dtype(dtype).name}: convert it with "
            f"{name}.astype('float64'), and make arrays after {X64_LINE}"
        )
    try:
        array = on_device(value) if isinstance(value, np.ndarray) else jnp.asarray(value, float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of real numbers, found {value!r}") from error
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} axes, found shape {array.shape}")
    if not is_traced(array):
        bad = ~np.isfinite(np.asarray(array))
        if bad.any():
            where = tuple(int(i) for i in np.argwhere(bad)[0])
            raise ValueError(
                f"{name} must be finite, found {float(np.asarray(array)[where])} at index {where}"
            )
    return array


def on_device(value: np.ndarray) -> Float[Array, "..."]:
    """A NumPy array as a JAX array; `jnp.asarray` would compile a program for every new shape."""
    return jax.device_put(value.astype(float, casting="same_kind"))


def problem(X: ArrayLike, y: ArrayLike) -> tuple[Float[Array, "n d"], Float[Array, " n"]]:
    """Data of matching shapes: X is (n, d) and y is (n,), neither of them empty."""
    X, y = finite_array("X", X, 2), finite_array("y", y, 1)
    if X.shape[0] == 0 or X.shape[1] == 0:
        raise ValueError(f"X must hold at least one sample and one feature, found shape {X.shape}")
    if X.shape[0] != y.shape[0]:
        raise ValueError(
            f"y must have one entry a row of X: X has {X.shape[0]} rows, y has shape {y.shape}"
        )
    return X, y


def underdetermined(X: Array, y: Array) -> None:
    """Raise unless Xw = y has solutions, and as many unknowns as equations at least."""
    n, d = X.shape
    if n > d:
        raise ValueError(
            f"X must have at least as many features as samples (n <= d), found n = {n}, d = {d}: "
            "nothing is left to choose among"
        )
    singular = np.linalg.svd(np.asarray(X), compute_uv=False)
    rank = int((singular > singular[0] * max(n, d) * np.finfo(float).eps).sum())
    if rank < n:
        weights = np.linalg.lstsq(np.asarray(X), np.asarray(y), rcond=None)[0]
        residual = np.abs(X @ weights - y).max()
        kind = (
            "inconsistent: the best fit misses y"
            if residual > 1e-10 * max(1.0, float(np.abs(np.asarray(y)).max()))
            else "redundant: the best fit meets y"
        )
        raise ValueError(
            f"X must have linearly independent rows, found rank {rank} with n = {n} rows. The "
            f"equations are {kind} to {residual:.1e}. Drop the repeated samples"
        )


def labels(value: ArrayLike, n: int) -> Float[Array, " n"]:
    """Labels -1 or +1, one a sample."""
    array = finite_array("labels", value, 1)
    if array.shape[0] != n:
        raise ValueError(
            f"labels must have one entry a row of X: {n} rows, found shape {array.shape}"
        )
    wrong = np.asarray(array)[np.abs(np.asarray(array)) != 1]
    if wrong.size:
        raise ValueError(f"labels must be -1 or +1, found {wrong[0]}")
    return array


def positive(name: str, value: ArrayLike) -> None:
    """Raise unless every entry is positive and finite; abstract values pass."""
    if is_traced(value):
        return
    entries = np.asarray(value, dtype=float)
    if entries.size == 0 or not np.all(np.isfinite(entries) & (entries > 0)):
        raise ValueError(f"{name} must be positive and finite, found {value}")


def not_negative(name: str, value: ArrayLike) -> None:
    """Raise unless every entry is finite, and none is negative; abstract values pass."""
    if is_traced(value):
        return
    entries = np.asarray(value, dtype=float)
    if entries.size == 0 or not np.all(np.isfinite(entries) & (entries >= 0)):
        raise ValueError(f"{name} must be finite and not negative, found {value}")


def integer(name: str, value: int, *, least: int = 1) -> None:
    """Raise unless the value is an integer, and `least` or more."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} must be an integer, at least {least}, found {value!r}")


def depth(value: ArrayLike) -> None:
    """Raise unless depth is a single real number of at least 2; an abstract one passes."""
    if is_traced(value):
        return
    if np.ndim(value) != 0 or not np.isfinite(value) or value < 2:  # pyright: ignore
        raise ValueError(f"depth must be a single real number, at least 2, found {value}")
