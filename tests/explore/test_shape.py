"""The figure of unequal starts: the page against the library, and that against its solvers."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

import implicitbias as ib
from implicitbias.explore import Explorable, Figure
from implicitbias.explore.shape import (
    DEEP,
    EQUATION,
    KINDS,
    LAYERS,
    NEURON,
    RATIOS,
    SCALES,
    WEIGHTS,
    compute,
    figure as make,
)

HERE = "networks/shape"
READ = """(indices) => {
  const { data, payload, move, index } = document.querySelector("figure.explorable").explorable;
  return indices.map((wanted) => {
    move(wanted);
    return Object.fromEntries(Object.keys(payload.model.arrays).map((name) => {
      const { values, shape } = data.view(name, index);
      return [name, { values: Array.from(values), shape }];
    }));
  });
}"""


@pytest.fixture(scope="module")
def unequal() -> Figure:
    return make()


def states(count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(5)
    return [
        {
            "unequal": KINDS[k % len(KINDS)],
            "scale": float(rng.choice(SCALES)),
            "ratio": float(rng.choice(RATIOS)),
        }
        for k in range(count)
    ]


def test_the_page_agrees_with_the_library(show: Callable, unequal: Figure, check: Callable) -> None:
    shown = show("", html=Explorable(unequal).html())
    shown.page.wait_for_function("document.querySelector('figure.explorable').explorable")
    wanted = states(48)
    indices = [
        {axis.name: axis.values.index(state[axis.name]) for axis in unequal.axes}
        for state in wanted
    ]
    worst = 0.0
    for state, there in zip(wanted, shown.page.evaluate(READ, indices), strict=True):
        for name, expected in compute(state).items():
            drawn = np.reshape(there[name]["values"], there[name]["shape"])
            assert drawn.shape == np.shape(expected), (name, state)
            # Level sets may be much larger than the view.
            size = np.maximum(1.0, np.abs(expected))
            worst = max(worst, float(np.max(np.abs(drawn - expected) / size)))
    check(
        "The page's closed forms for unequal starts agree with the library",
        HERE,
        "every array of the figure in 48 random settings, relative to the view",
        worst,
        1e-8,
    )
    assert shown.complaints == []


@pytest.mark.parametrize("kind", KINDS)
def test_it_ends_where_the_solvers_do(kind: str) -> None:
    for scale, ratio in ((SCALES[3], RATIOS[10]), (SCALES[14], RATIOS[20]), (0.1, 10.0)):
        found = compute({"unequal": kind, "scale": float(scale), "ratio": float(ratio)})
        shape = (ratio - 1) / (ratio + 1)
        start = None
        if kind == NEURON:
            neuron = ib.Neuron(scale, shape)
            potential, start = neuron.potential(), neuron.features(neuron.init(2))
        elif kind == LAYERS:
            potential = ib.DiagonalPotential(2, scale, shape)
        else:
            potential = ib.DiagonalPotential(3 if kind == DEEP else 2, scale * np.array([1, ratio]))
        end = ib.interpolator(*EQUATION, potential, start=start).weights
        np.testing.assert_allclose(found["path"][-1], end, atol=1e-9)
        # Nothing on the level set is beyond the line.
        assert (found["level"] @ EQUATION[0][0]).max() <= 1 + 1e-8
        values = [
            float(potential.value(w) if start is None else potential.bregman(w, start))
            for w in found["level"][::24]
        ]
        last = found["path"][-1]
        level = potential.value(last) if start is None else potential.bregman(last, start)
        np.testing.assert_allclose(values, level, rtol=1e-6)


def test_the_map_says_how_far_the_kernel_moves(unequal: Figure) -> None:
    for kind in (LAYERS, WEIGHTS):
        state = {"unequal": kind, "scale": float(SCALES[15]), "ratio": float(RATIOS[20])}
        scale, ratio = state["scale"], state["ratio"]
        network = (
            ib.DiagonalNetwork(2, scale, (ratio - 1) / (ratio + 1))
            if kind == LAYERS
            else ib.DiagonalNetwork(2, scale * np.array([1, ratio]))
        )
        end = compute(state)["path"][-1]
        first, last = (
            ib.tangent_kernel(network.features, params, EQUATION[0])[0, 0]
            for params in (network.init(2), network.parameters(end))
        )
        moved = unequal.at("moved", state)
        assert moved is not None
        assert abs(float(moved) - np.log10(abs(last / first - 1))) < 1e-6


def test_a_balanced_neuron_is_drawn_at_every_scale() -> None:
    """Its potential has no curvature at zero, and its start may lie out of the picture."""
    for scale in SCALES[::5]:
        found = compute({"unequal": NEURON, "scale": float(scale), "ratio": 1.0})
        assert all(np.all(np.isfinite(values)) for values in jax.tree.leaves(found))
