r"""One figure style, legible on a light and on a dark page, and the labs' few static pictures.

Colours mean the same in the whole book: kernel regime blue, feature learning orange, what is
running green. Lines carry their names, so that a picture needs neither a legend nor its colours.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from . import _check
from .potentials import DiagonalPotential

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Each has a contrast above 3 against white and against a dark page.
KERNEL, RICH, RUN, INK = "#3b7cc4", "#d0622a", "#2a9468", "#7b8087"


def style() -> dict[str, Any]:
    """Matplotlib settings of the book: `plt.rcParams.update(plotting.style())`.

    >>> from implicitbias import plotting
    >>> plotting.style()["figure.facecolor"]
    'none'
    """
    return {
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "figure.figsize": (6.0, 3.4),
        "figure.dpi": 144,
        "figure.constrained_layout.use": True,
        "font.family": "sans-serif",
        "font.size": 10,
        "text.color": INK,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": INK,
        "grid.alpha": 0.2,
        "lines.linewidth": 1.8,
    }


def lines(
    x: ArrayLike,
    curves: Mapping[str, ArrayLike],
    *,
    xlabel: str,
    ylabel: str,
    colors: Sequence[str] = (KERNEL, RICH, RUN, INK),
) -> "Figure":
    """Curves over a common x on logarithmic axes, each with its name at its right end.

    **Arguments:** `x`, positive, shape "m"; `curves`, from a name to positive values of shape "m",
    at most one for each of the `colors`; the labels of the axes, to which "(log)" is added.

    **Raises:** `ValueError` for values that are not finite and positive, shapes that do not match,
    or more curves than colours.
    """
    import matplotlib.pyplot as plt

    if len(curves) > len(colors):
        raise ValueError(f"curves must be at most {len(colors)}, found {len(curves)}")
    x = _positive("x", x)
    with plt.rc_context(style()):  # pyright: ignore
        figure, axes = plt.subplots()
        dashes = ("-", "--", "-.", ":")
        for (name, values), color, dash in zip(curves.items(), colors, dashes, strict=False):
            values = _positive(name, values)
            if values.shape != x.shape:
                raise ValueError(
                    f"{name} must have the shape of x, {x.shape}, found {values.shape}"
                )
            axes.loglog(x, values, color=color, linestyle=dash)
            last = int(np.argmax(x))
            axes.annotate(
                name,
                (x[last], values[last]),
                xytext=(6, 0),
                textcoords="offset points",
                color=color,
                va="center",
                annotation_clip=False,
            )
        axes.set(xlabel=f"{xlabel} (log)", ylabel=f"{ylabel} (log)")
    plt.close(figure)  # so that a notebook shows it once, where it is the value of a cell
    return figure


def level_set(
    potential: DiagonalPotential, through: Float[ArrayLike, "2"], points: int = 360
) -> Float[Array, "m 2"]:
    """The closed curve of weights "2" at which a potential of two weights has one value.

    The potential grows along every ray from zero, so that one bisection a direction finds it.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> from implicitbias import plotting
    >>> circle = plotting.level_set(ib.DiagonalPotential(2, 1e3), [0.6, 0.8])
    >>> bool(abs((circle**2).sum(axis=1) - 1).max() < 1e-6)
    True
    """
    # Numbers as arrays: scales and depths then share a compiled program.
    potential = jax.tree.map(np.asarray, potential)
    return _level_set(potential, _check.finite_array("through", through, 1), points)


@eqx.filter_jit
def _level_set(potential, through, points):
    angles = jnp.linspace(0.0, 2 * jnp.pi, points + 1)
    directions = jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1)
    target = potential.value(through)
    # The l1 and the l2 ball are the extremes: no level set leaves this bracket.
    low = jnp.zeros_like(angles)
    high = jnp.full_like(angles, 2 * jnp.abs(through).sum())

    def halve(_, bracket):
        low, high = bracket
        middle = (low + high) / 2
        below = jax.vmap(potential.value)(middle[:, None] * directions) < target
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    low, high = jax.lax.fori_loop(0, 60, halve, (low, high))
    return ((low + high) / 2)[:, None] * directions


def _positive(name: str, values: ArrayLike) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or not (np.isfinite(array).all() and (array > 0).all()):
        raise ValueError(f"{name} must be a row of finite positive numbers, found {array}")
    return array
