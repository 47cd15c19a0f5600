"""The explorable "noisy-label": one equation whose right-hand side is noisy for a while."""

import jax.numpy as jnp
import numpy as np

from implicitbias.descent import stochastic_gradient_descent
from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.plane import Extent, Outline, Plane, Points, Trail
from implicitbias.limits import interpolator
from implicitbias.parametrizations import DiagonalNetwork
from implicitbias.plotting import level_set
from implicitbias.potentials import DiagonalPotential
from implicitbias.regimes import effective_start

SCALE, STEP, NOISE = 0.1, 0.05, 1.0
EVERY = 75
DURATIONS = tuple(range(0, 41 * EVERY, EVERY))
_SHOWN = 100  # points of the path while the label is noisy, at most
_STEP = 2e-4  # resolution: a pixel is about 6e-3


def noisy_label() -> Explorable:
    r"""Two weights with :math:`w_1 + \tfrac12 w_2 = 1`, whose label is noisy for some steps.

    In every step of gradient descent the label is 1 plus a fresh standard normal number, until the
    noise is turned off; the rest of training is gradient flow. For each duration of the noise: the
    path, the solution on which it ends, and the level set there of what it minimises.

    Returns:
        The explorable ``"noisy-label"``.
    """
    paths, ends, levels, scales = _runs()
    figure = Figure(
        name="noisy-label",
        title="Which solution of one equation is found when its label is noisy for a while",
        axes=(
            Axis(
                "duration",
                "Steps with a noisy label",
                DURATIONS,
                symbol="k",
                ends=("none", "many"),
                start=DURATIONS[12],
            ),
        ),
        arrays={
            "path": Array(("duration",), paths, inner=("step", "xy"), step=2e-3),
            "level": Array(("duration",), levels, inner=("step", "xy"), step=_STEP),
            "end": Array(("duration",), ends[:, None], inner=("point", "xy")),
            "first": Array(("duration",), ends[:, 0]),
            "second": Array(("duration",), ends[:, 1]),
            "first_scale": Array(("duration",), scales[:, 0]),
            "second_scale": Array(("duration",), scales[:, 1]),
            "solutions": Array((), [[-0.3, 2.6], [1.7, -1.4]], inner=("step", "xy")),
            "l1": Array((), [[1.0, 0.0]], inner=("point", "xy")),
            "flat": Array((), [[0.0, 2.0]], inner=("point", "xy")),
        },
        panels=(
            Plane(
                "Two weights and one noisy equation",
                "",
                Extent("w₁", -3.2, 3.6),
                Extent("w₂", -0.9, 2.5),
                (
                    Outline("level", "level set of what is minimised", "soft"),
                    Trail("solutions", "all solutions", "ink", dash="6 4"),
                    Points("l1", "the one of least ℓ₁ norm", "rich", "ring"),
                    Points("flat", "the flattest", "kernel", "cross"),
                    Trail("path", "training", "run"),
                    Points("end", "its end", "run", "dot"),
                ),
            ),
        ),
        reading="After {duration} noisy steps and without noise from then on, training ends on "
        "w₁ = {first}, w₂ = {second}. The two effective scales, 0.1 at the start, have become "
        "{first_scale} and {second_scale}.",
        presets=(
            Preset("Never noisy", {"duration": 0}),
            Preset("Noisy for a while", {"duration": 900}),
            Preset("Noisy for long", {"duration": 3000}),
        ),
        caption=(
            "A network w = u² − v² with u(0) = v(0) = 0.1, trained on w₁ + ½ w₂ = 1 with steps of "
            "0.05. In the first k steps the 1 is 1 plus a fresh standard normal number, always the "
            "same ones; then gradient flow takes over. The closed curve is the level set through "
            "the end of the potential with the effective scales, which touches the line there."
        ),
        alt=(
            "Without noise training ends near (1, 0), the solution of least ℓ₁ norm. The longer "
            "the label is noisy, the nearer it ends to (0, 2), where the loss is flattest."
        ),
    )
    return Explorable(figure)


def _runs() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """For each duration: points of the path, its end, a level set, the effective scales."""
    X, y = np.array([[1.0, 0.5]]), np.array([1.0])
    network = DiagonalNetwork(2, SCALE)
    noisy, params, dual = [np.zeros((1, 2))], None, np.zeros(1)
    paths, ends, levels, scales = [], [], [], []
    for k, duration in enumerate(DURATIONS):
        if k:  # another part of the same run
            run = stochastic_gradient_descent(
                network, X, y, STEP, EVERY, label_noise=NOISE, seed=k, records=EVERY, params=params
            )
            params, dual = run.params, dual + run.dual
            noisy.append(np.asarray(run.weights))
            start = effective_start(run._replace(dual=dual), X)
            potential = DiagonalPotential(2, start.scale)
            found = interpolator(X, y, potential, start=start.weights)
        else:
            potential = DiagonalPotential(2, jnp.full(2, SCALE))
            found = interpolator(X, y, potential)
        end = np.asarray(found.weights)
        so_far = np.vstack(noisy)
        shown = so_far[np.linspace(0, len(so_far) - 1, _SHOWN).round().astype(int)]
        paths.append(np.vstack([shown, end]))
        ends.append(end)
        levels.append(np.asarray(level_set(potential, end, points=120)))
        scales.append(np.asarray(potential.scale))
        assert duration == len(so_far) - 1
    return np.stack(paths), np.stack(ends), np.stack(levels), np.stack(scales)
