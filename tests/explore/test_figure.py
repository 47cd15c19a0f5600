"""A figure that exists can be drawn: what does not fit is refused when it is made."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from implicitbias.explore import Array, Axis, Clause, Figure, Model, Preset


def with_array(figure: Figure, name: str, array: Array) -> Figure:
    return replace(figure, arrays={**figure.arrays, name: array})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": (1,)}, "values of axis scale must be 2 or more"),
        ({"values": (1, 1)}, "all different"),
        ({"values": (2, 1)}, "increasing numbers"),
        ({"values": ("a", "b")}, "increasing numbers"),
        ({"values": (-1, 1), "log": True}, "must be positive"),
        ({"values": (1, 2), "start": 5}, "must lie between 1 and 2, found 5"),
        ({"values": (1, 2), "start": 5, "kind": "choice"}, "must be one of"),
        ({"values": (1, 2), "name": "Not a word"}, "lower-case word"),
    ],
)
def test_an_axis_that_cannot_be_moved_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Axis(**{"name": "scale", "label": "Scale", **arguments})


def test_an_array_must_be_finite(figure: Figure) -> None:
    broken = np.ones((3, 9))
    broken[1, 2] = np.nan
    with pytest.raises(ValueError, match=r"to_l1 must be finite, found nan at index \(1, 2\)"):
        with_array(figure, "to_l1", Array(("data", "depth", "scale"), (broken, broken)))


def test_an_array_must_fit_its_axes(figure: Figure) -> None:
    short = np.ones((3, 2))
    with pytest.raises(ValueError, match=r"array to_l1 must have the shape \(3, 9\)"):
        with_array(figure, "to_l1", Array(("data", "depth", "scale"), (short, short)))
    with pytest.raises(ValueError, match="must have 2 parts"):
        with_array(figure, "to_l1", Array(("data", "depth", "scale"), (short,)))
    with pytest.raises(ValueError, match="dims of array to_l1"):
        with_array(figure, "to_l1", Array(("data", "width"), (short, short)))


@pytest.mark.parametrize("missing", ["weights", "times", "to_l1", "regime", "truth", "endpoint"])
def test_a_missing_array_is_named(figure: Figure, missing: str) -> None:
    rest = {name: array for name, array in figure.arrays.items() if name != missing}
    with pytest.raises(ValueError, match=missing):
        replace(figure, arrays=rest)


def test_a_missing_axis_is_named(figure: Figure) -> None:
    with pytest.raises(ValueError, match="depth"):
        replace(figure, axes=tuple(axis for axis in figure.axes if axis.name != "depth"))


def test_presets_and_sentences_must_name_what_is_there(figure: Figure) -> None:
    with pytest.raises(ValueError, match=r"state must name axes .* found \['width'\]"):
        replace(figure, presets=(Preset("Wide", {"width": 3}),))
    with pytest.raises(ValueError, match="must lie between"):
        replace(figure, presets=(Preset("Far", {"scale": 1e9}),))
    with pytest.raises(ValueError, match=r"text of reading .* found \['colour'\]"):
        replace(figure, reading=(Clause("It is {colour}."),))
    with pytest.raises(ValueError, match="name must be lower-case words"):
        replace(figure, name="Scale & depth")


def test_a_state_goes_to_the_nearest_positions(figure: Figure) -> None:
    state = figure.complete({"scale": 0.011, "time": 40})
    assert state["scale"] == pytest.approx(0.01)
    assert state["time"] == pytest.approx(400 / 11)
    assert state["depth"] == 2 and state["data"] == "sparse regression"


def test_an_option_may_have_no_array(figure: Figure) -> None:
    assert figure.at("truth", figure.complete({"data": "diabetes"})) is None
    assert figure.at("l1", figure.complete({"data": "sparse regression"})) is None


@pytest.mark.parametrize(
    ("computed", "message"),
    [
        ({}, r"must compute \['spread'\], found \[\]"),
        ({"spread": np.ones(2)}, r"array spread must have the dimensions \(\), found shape \(2,\)"),
        ({"spread": np.nan}, "array spread must be finite"),
    ],
)
def test_a_model_computes_what_it_announces(figure: Figure, computed, message: str) -> None:
    model = Model("dispersion", {"spread": ()}, lambda state: {"spread": state["depth"]})
    whole = replace(figure, model=model, reading="The spread is {spread}.")
    assert whole.at("spread", whole.complete({"depth": 3})) == 3
    with pytest.raises(ValueError, match=message):
        replace(figure, model=replace(model, compute=lambda state: computed))
    with pytest.raises(ValueError, match="names of axes and arrays must differ"):
        replace(figure, model=replace(model, arrays={"to_l1": ()}))
