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
from .limits import interpolator
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


class Plane:
    """A picture of two weights: the solutions of one equation, and what training minimises.

    The line holds the solutions of :math:`x_1 w_1 + x_2 w_2 = y`. For each scale there is the level
    set of the network's potential through the solution at which training ends. Drawn as SVG whose
    colours follow the page.

    **Arguments:** `X` of shape "1 2", `y` of shape "1", the `depth`, and up to three `scales`, from
    large to small.

    **Raises:** `ValueError` for data of another shape, and as `interpolator` does.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from implicitbias import plotting
    >>> plotting.Plane([[1.0, 0.5]], [1.0], depth=2, scales=[10.0, 0.3, 0.01])
    Plane(depth=2, scales=[10.0, 0.3, 0.01])
    """

    _UNIT, _LEFT, _TOP, _WIDTH, _HEIGHT = 150.0, -1.35, 1.3, 480, 360  # pixels, weights, pixels
    _STROKES = (
        f"stroke:var(--kernel,{KERNEL})",
        f"stroke:var(--soft,{INK});stroke-dasharray:6 4",
        f"stroke:var(--rich,{RICH})",
    )

    def __init__(self, X: ArrayLike, y: ArrayLike, *, depth: float, scales: Sequence[float]):
        X, y = _check.problem(X, y)
        if X.shape != (1, 2):
            raise ValueError(f"X must have shape (1, 2), found {X.shape}")
        if len(scales) > len(self._STROKES):
            raise ValueError(f"scales must be at most {len(self._STROKES)}, found {len(scales)}")
        self.depth, self.scales = depth, list(scales)
        potentials = [DiagonalPotential(depth, scale) for scale in scales]
        ends = [interpolator(X, y, potential).weights for potential in potentials]
        self.solutions = np.array(ends)
        self.level_sets = [
            np.asarray(level_set(potential, end))
            for potential, end in zip(potentials, ends, strict=True)
        ]
        (x1, x2), target = np.asarray(X)[0], float(y[0])
        heights = np.array([self._TOP, self._TOP - self._HEIGHT / self._UNIT])
        self._line = np.column_stack([(target - x2 * heights) / x1, heights])

    def __repr__(self) -> str:
        return f"Plane(depth={self.depth}, scales={self.scales})"

    def _repr_html_(self) -> str:
        ends = "; ".join(
            f"scale {scale:g} ends at ({w[0]:.2f}, {w[1]:.2f})"
            for scale, w in zip(self.scales, self.solutions, strict=True)
        )
        title = (
            "The level set of the potential is a circle at a large scale and close to a diamond at "
            f"a small one, and touches the line of solutions elsewhere: {ends}."
        )
        ink = f"stroke:var(--ink,{INK})"
        parts = [
            (
                f'<svg class="plane" role="img" aria-label="{title}" '
                f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self._WIDTH} {self._HEIGHT}" '
                f'style="display:block;width:100%;max-width:{self._WIDTH}px;margin:1rem auto;'
                'fill:none;font:13px system-ui,sans-serif">'
            ),
            self._path([[self._LEFT, 0], [2, 0]], f"stroke:var(--hair,{INK});stroke-opacity:.7"),  # pyright: ignore
            self._path([[0, self._TOP], [0, -1.1]], f"stroke:var(--hair,{INK});stroke-opacity:.7"),  # pyright: ignore
            self._path(self._line, f"{ink};stroke-width:1.5"),
        ]
        for scale, through, curve, stroke in zip(
            self.scales, self.solutions, self.level_sets, self._STROKES, strict=False
        ):
            x, y = self._pixels(through)
            color = stroke.split(";")[0].removeprefix("stroke:")
            parts += [
                self._path(curve, f"{stroke};stroke-width:2"),
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" style="fill:{color}"/>',
                self._text(x + 12, y - 6, f"scale {scale:g}", color),
            ]
        for text, where in {
            "w₁": (1.62, -0.1),
            "w₂": (0.05, 1.2),
            "all solutions": (0.5, 1.12),
        }.items():
            parts.append(self._text(*self._pixels(where), text, f"var(--ink,{INK})"))  # pyright: ignore
        return "\n".join([*parts, "</svg>"])

    @staticmethod
    def _text(x: float, y: float, text: str, color: str) -> str:
        return f'<text x="{x:.1f}" y="{y:.1f}" style="fill:{color}">{text}</text>'

    def _pixels(self, point: ArrayLike) -> np.ndarray:
        return (np.asarray(point) - [self._LEFT, self._TOP]) * [self._UNIT, -self._UNIT]

    def _path(self, points: ArrayLike, css: str) -> str:
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in self._pixels(points))
        return f'<polyline points="{corners}" style="{css}"/>'


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
