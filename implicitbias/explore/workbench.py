"""With a kernel: the problem under the explorable changes too, and is solved anew."""

from html import escape
from typing import Any

import ipywidgets

from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure
from implicitbias.explore.scale_and_depth import SCALES, figure_of
from implicitbias.problems import sparse_regression

# Fewer runs than in the chapter's figure, so that an answer comes while it is still wanted.
_SCALES = tuple(SCALES[::2])
_DEPTHS = (2, 3, 6)

_OFFLINE = (
    "<p><em>In a running notebook (Binder, Colab, JupyterLab), sliders for the number of samples, "
    "weights and true weights, the noise and the seed appear here, and every move solves the new "
    "problem.</em></p>"
)


class Workbench(ipywidgets.VBox):
    """Sliders for a sparse regression problem above the explorable that shows its solutions.

    Moving one solves the problem again; while it does, the line under the sliders says so. A
    problem that cannot be solved leaves the last picture, and the line says why.
    """

    def __init__(self, *, n: int, d: int, sparsity: int, noise: float, seed: int) -> None:
        wide = ipywidgets.Layout(width="320px")
        self.sliders = {
            "n": _slider("samples n", n, 2, 60, layout=wide),
            "d": _slider("weights d", d, 4, 120, layout=wide),
            "sparsity": _slider("sparsity", sparsity, 1, 20, layout=wide),
            "noise": ipywidgets.FloatSlider(
                value=noise,
                min=0.0,
                max=1.0,
                step=0.05,
                description="noise σ",
                continuous_update=False,
                layout=wide,
            ),
            "seed": _slider("seed", seed, 0, 99, layout=wide),
        }
        self.status = ipywidgets.HTML()
        self.explorable = Explorable(self._figure())
        for slider in self.sliders.values():
            slider.observe(self._solve, "value")
        rows = ipywidgets.Layout(flex_flow="row wrap")
        super().__init__(
            [
                ipywidgets.HBox(list(self.sliders.values()), layout=rows),
                self.status,
                self.explorable,
            ]
        )

    def _figure(self) -> Figure:
        values = {name: slider.value for name, slider in self.sliders.items()}
        problems = {"your problem": sparse_regression(**values)}
        return figure_of(problems, scales=_SCALES, depths=_DEPTHS)

    def _solve(self, _: Any) -> None:
        self.status.value = "Solving…"
        self.explorable.add_class("busy")
        try:
            self.explorable.figure = self._figure()
            self.status.value = ""
        except (ValueError, RuntimeError) as error:
            self.status.value = escape(f"No picture for this problem: {error}")
        finally:
            self.explorable.remove_class("busy")

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data = super()._repr_mimebundle_(**kwargs) or {}
        # Colab reads there which widget manager to load, and ipywidgets does not say.
        _, metadata = self.explorable._repr_mimebundle_(**kwargs)
        return {**data, "text/plain": repr(self), "text/html": _OFFLINE}, metadata

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={slider.value}" for name, slider in self.sliders.items())
        return f"Workbench({values})"


def workbench(
    *, n: int = 20, d: int = 40, sparsity: int = 4, noise: float = 0.0, seed: int = 0
) -> Workbench:
    """The explorable ``"scale-and-depth"`` under sliders that change its problem.

    Args:
        n: samples at the start.
        d: weights at the start, at least n.
        sparsity: true weights that are not zero.
        noise: standard deviation of the noise on y.
        seed: seed of the problem.

    Returns:
        A widget; its ``explorable`` is the figure, its ``sliders`` are ipywidgets by name.

    Raises:
        ValueError: the first problem cannot be made or has no interpolating solution.
    """
    return Workbench(n=n, d=d, sparsity=sparsity, noise=noise, seed=seed)


def _slider(label: str, value: int, low: int, high: int, **rest: Any) -> ipywidgets.IntSlider:
    return ipywidgets.IntSlider(
        value=value, min=low, max=high, description=label, continuous_update=False, **rest
    )
