"""Small figures that several tests show: one of the chapter's kind, and one of all other kinds."""

from typing import Any

import numpy as np

from implicitbias.explore import Array, Axis, Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.heatmap import HeatMap
from implicitbias.explore.panels.images import Images
from implicitbias.explore.panels.plane import (
    Ellipses,
    Extent,
    Forbidden,
    Handle,
    Levels,
    Plane,
    Points,
    Trail,
)
from implicitbias.explore.panels.spectrum import Spectrum
from implicitbias.explore.panels.staircase import Staircase
from implicitbias.explore.scale_and_depth import figure

SCALES = tuple(np.logspace(-3, 1, 9))
DEPTHS = (2, 3, 10)
SAMPLES = 12


def made_up_runs(d: int, *, seed: int, truth_known: bool) -> dict[str, Any]:
    """Arrays of the shapes that training gives, from closed formulas instead of training."""
    generator = np.random.default_rng(seed)
    sparse = np.zeros(d)
    sparse[[1, d // 2]] = [1.0, -0.7]
    dense = generator.normal(0, 0.2, d)
    scale = np.asarray(SCALES)[None, :, None]
    depth = np.asarray(DEPTHS, dtype=float)[:, None, None]
    share = 1 / (1 + (scale / 0.3) ** depth)
    endpoint = share * sparse + (1 - share) * dense
    progress = np.linspace(0, 1, SAMPLES)[:, None] ** np.linspace(1, 3, d)
    steps = np.concatenate([[0.0], np.logspace(-2, 1, SAMPLES - 1)])
    return {
        "weights": endpoint[:, :, None, :] * progress,
        "endpoint": endpoint,
        "times": steps * scale ** (2 - depth),
        "kernel_movement": steps * scale ** (-depth),
        "to_l1": np.abs(endpoint - sparse).max(-1),
        "to_l2": np.abs(endpoint - dense).max(-1),
        "l1": sparse,
        "l2": dense,
        "truth": sparse if truth_known else None,
    }


def small_figure() -> Figure:
    """The chapter's figure, with made-up runs in it."""
    data = {
        "sparse regression": made_up_runs(8, seed=0, truth_known=True),
        "diabetes": made_up_runs(11, seed=1, truth_known=False),
    }
    names = {name: tuple(f"w{j + 1}" for j in range(len(run["l1"]))) for name, run in data.items()}
    return figure(data, names, scales=SCALES, depths=DEPTHS)


def one_of_each() -> Figure:
    """A panel of every kind that the chapter's figure lacks, over made-up numbers."""
    scale, depth, percent = np.logspace(-2, 1, 7), np.linspace(2, 6, 5), np.linspace(0, 100, 9)
    over, at = scale[:, None], np.linspace(0, 1, 9)
    mode, item = np.arange(1, 4), np.arange(4)
    turn = 2 * np.pi * at
    way = np.stack([over * np.cos(turn), over * np.sin(turn)], -1) / 10
    bowl = np.add.outer(np.linspace(-1, 1, 21) ** 2, 2 * np.linspace(-1, 1, 31) ** 2)
    clock = np.linspace(0, 3, 16)
    rise = 1 / (
        1 + np.exp(-8 * (clock[:, None] - [0.5, 1.0, 1.5, 2.0]) * (1 - 0.2 * over[..., None]))
    )
    grid = np.add.outer(np.arange(5), np.arange(6))
    return Figure(
        name="one-of-each",
        title="One of each kind of panel",
        axes=(
            Axis("scale", "Scale", tuple(scale), symbol="α", log=True, start=scale[2]),
            Axis("depth", "Depth", tuple(depth), symbol="D", start=3.0),
            Axis("view", "View", ("near", "far"), kind="choice", start="near"),
            Axis("detail", "Detail", (1, 2, 3), when={"view": ("far",)}),
            Axis("across", "Across", tuple(np.linspace(-0.8, 0.8, 17)), start=0.4),
            Axis("up", "Up", tuple(np.linspace(-0.8, 0.8, 17)), start=0.4),
            Axis("time", "Time", tuple(percent), kind="time"),
        ),
        arrays={
            "share": Array(("depth", "scale"), np.log10(scale) + depth[:, None] / 5 - 1),
            "guide": Array(("scale",), 4 + np.log10(scale)),
            "error": Array(("scale",), 3 * scale / (1 + scale)),
            "jump_times": Array((), [0.5, 1.0, 1.5, 2.0], inner=("jump",)),
            "jump_weights": Array((), np.tri(4) * (item + 1), inner=("jump", "item")),
            "clock": Array((), clock, inner=("step",)),
            "flow": Array(("scale",), rise * (item + 1), inner=("step", "item"), step=1e-3),
            "modes": Array(
                ("scale", "time"), over[..., None] * at[:, None] / mode, inner=("mode",)
            ),
            "moments": Array(("time",), at),
            "pictures": Array(
                ("scale",),
                np.stack([np.cos(over[..., None] * grid), np.sin(over[..., None] * grid)], 1),
                inner=("image", "row", "column"),
                step=1e-3,
            ),
            "bowl": Array((), bowl, inner=("row", "column")),
            "levels": Array((), [0.5, 1.0], inner=("level",)),
            "way": Array(("scale", "time"), way, inner=("xy",)),
            "line": Array((), [[-1.0, 1.0], [1.0, -1.0]], inner=("step", "xy")),
            "corner": Array(
                ("scale",),
                (1 - over[..., None] / 20) * [[3, -3], [3, -0.8], [0.8, -3]],
                inner=("step", "xy"),
            ),
            "spots": Array((), np.stack([item / 4, -item / 4], -1), inner=("item", "xy")),
            "metric": Array((), [[0.0, 0.0, 4.0, 1.0, 2.0]], inner=("point", "tensor")),
        },
        panels=(
            HeatMap(
                "The map",
                "",
                "scale",
                "depth",
                "share",
                ((-2, "rich", "rich"), (2, "kernel", "kernel")),
                guides=(Line("guide", "a guide", "ink", dashed=True),),
            ),
            Curves("The curve", "", "scale", (Line("error", "error", "ink"),)),
            Staircase("The stairs", "", "jump_times", "jump_weights", "clock", "flow", "time"),
            Spectrum("The spectrum", "", "modes", "moments", "σ", 1e-4),
            Images("The images", "", "pictures", ("cosine", "sine")),
            Plane(
                "The plane",
                "",
                Extent("w₁", -1, 1),
                Extent("w₂", -1, 1),
                (
                    Forbidden("corner", "forbidden"),
                    Levels("bowl", "levels", "level sets", "soft"),
                    Ellipses("metric", "the metric", "rich", 0.5),
                    Trail("line", "all solutions", "ink", dash="6 4", dots=True),
                    Trail("way", "the way", "run"),
                    Points("spots", "spots", "kernel", "dot"),
                    Handle("across", "up", "a point", "ink"),
                ),
            ),
        ),
        reading="At α = {scale}, depth {depth}, the map says {share} and the curve {error}.",
        presets=(Preset("Far", {"view": "far", "scale": 10.0}),),
        items=(tuple(f"w{j + 1}" for j in item),),
        caption="Made-up numbers.",
        alt="Nothing is concluded from made-up numbers.",
    )
