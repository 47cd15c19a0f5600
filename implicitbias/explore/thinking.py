"""The explorable "thinking": what instructions teach, with thoughts and without, acted out."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis, Value
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.plane import Extent, Outline, Plane, Points, Trail
from implicitbias.explore.text import Clause
from implicitbias.explore.thinking_data import (
    COUNTS,
    LENGTHS,
    ORDER,
    RATES,
    SIDES,
    TABLE,
    Outcome,
    Setting,
    examples,
    read,
)
from implicitbias.explore.time_axis import time_axis
from implicitbias.studies import motion

NAMES = {
    "answer only": "answer only",
    "told": "told, not read",
    "half steps": "half the steps",
    "half whole": "half of them",
    "thinks": "thinks",
    "last": "reads the last",
    "errors": "taught with errors",
}
"""Of the lessons, as they fit the control."""

_READS = tuple(name for name in NAMES if name not in ("answer only", "told"))
_SHOWN = tuple("ABC")
_BETWEEN = 3
"""Moments that a step of the robot takes."""

_AWAY = 99.0
"""Where marks stand that are not to be seen."""

_WIDE = 1.65
"""The width of a stretched plane over its height, so that it shows angles as they are."""

_MOST = max(LENGTHS)


def thinking(held: Mapping[Setting, Outcome] | None = None) -> Explorable:
    """Accuracy by length and number of instructions, and a robot that acts on what is written.

    Args:
        held: the networks. By default those that come with the library, which ``tools/sweeps.py``
            makes.

    Returns:
        The explorable ``"thinking"``.
    """
    return Explorable(figure(read() if held is None else held))


def way(poses: np.ndarray) -> np.ndarray:
    """The places (..., moment, xy) of a robot on the way through its poses, then at rest."""
    places = motion.walk(poses, SIDES)
    moments = np.minimum(np.arange(_MOST * _BETWEEN + 1) / _BETWEEN, poses.shape[-1])
    before = np.minimum(moments.astype(int), poses.shape[-1] - 1)
    share = (moments - before)[:, None]
    return (1 - share) * places[..., before, :] + share * places[..., before + 1, :]


def mirrored(poses: np.ndarray) -> np.ndarray:
    """The places (..., point, xy) where the robot has its hands exchanged; others far away."""
    places = motion.walk(poses, SIDES)[..., 1:, :]
    found = np.full((*poses.shape[:-1], _MOST, 2), _AWAY)
    found[..., : poses.shape[-1], :] = np.where(poses[..., None] >= SIDES, places, _AWAY)
    return found


def _here(name: str, **state: Value) -> dict[str, Value]:
    """A state with three thousand instructions of five commands, if nothing else is said."""
    return {"network": NAMES[name], "m": 5, "n": 3000, "wrong": 0.0, "time": 100.0} | state


def figure(held: Mapping[Setting, Outcome]) -> Figure:
    """What the explorable shows of networks."""
    names = tuple(NAMES)
    place = ("network", "m", "n")

    def over(of_setting: Callable[[str, int, int], ArrayLike], chosen=names) -> list:
        """For each network an array over m and n; None for those that are not chosen."""
        return [
            np.array([[of_setting(name, m, n) for n in COUNTS] for m in LENGTHS])
            if name in chosen
            else None
            for name in names
        ]

    def rates(name: str, m: int, n: int) -> np.ndarray:
        right = held[name, m, n].right.mean(axis=0)
        return np.broadcast_to(right, len(RATES)) if len(right) == 1 else right

    def plans(name: str, m: int, n: int) -> np.ndarray:
        """What is written: (rate, example, m)."""
        found = held[name, m, n].plans[:, -len(_SHOWN) :]
        return np.broadcast_to(found, (len(RATES), *found.shape[1:]))

    def truth(m: int) -> np.ndarray:
        return motion.partial_products(TABLE, examples(m)[-len(_SHOWN) :])

    def apart(name: str, m: int, n: int) -> np.ndarray:
        ends = motion.walk(plans(name, m, n), SIDES) - motion.walk(truth(m), SIDES)
        return np.linalg.norm(ends[..., -1, :], axis=-1)

    def wrong(name: str, m: int, n: int) -> np.ndarray:
        return (plans(name, m, n) != truth(m)).sum(axis=-1)

    def answered(name: str, m: int, n: int) -> np.ndarray:
        return plans(name, m, n)[..., -1] == truth(m)[:, -1]

    def course(of_outcome: Callable[[Outcome], np.ndarray]) -> Callable:
        def at(name: str, m: int, n: int) -> np.ndarray:
            shares = of_outcome(held[name, m, n]).mean(axis=0)[2:]
            points = np.stack([np.arange(3, m + 1), shares], axis=1)
            return np.concatenate([points, np.repeat(points[-1:], _MOST - m, axis=0)])

        return at

    walks = tuple(name for name in names if name != "answer only")
    by_count = np.array(COUNTS, dtype=float)
    table = [motion.seen_share(by_count, m, ORDER) * (1 - 1 / ORDER) + 1 / ORDER for m in LENGTHS]
    matched = [[held["thinks", m, n // m].right[:, 0].mean() for n in COUNTS] for m in LENGTHS]
    ways = over(lambda *a: np.moveaxis(way(plans(*a)), -2, 0), walks)
    moments = np.arange(_MOST * _BETWEEN + 1)
    arrays = {
        "right": Array((*place, "wrong"), over(rates), step=1e-3),
        "spread": Array(place, over(lambda *a: held[a].right[:, 0].std(ddof=1)), step=1e-3),
        "alone": Array(
            ("m", "n"),
            [[held["answer only", m, n].right.mean() for n in COUNTS] for m in LENGTHS],
            step=1e-3,
        ),
        "matched": Array(("m", "n"), np.array(matched), step=1e-3),
        "table": Array(("m", "n"), np.array(table), step=1e-3),
        "next_true": Array(place, over(lambda *a: held[a].true[:, 2].mean(), _READS), step=1e-2),
        "next_led": Array(place, over(lambda *a: held[a].follows[:, 2].mean(), _READS), step=1e-2),
        "true": Array(
            place, over(course(lambda o: o.true), _READS), inner=("step", "xy"), step=1e-2
        ),
        "led": Array(
            place, over(course(lambda o: o.follows), _READS), inner=("step", "xy"), step=1e-2
        ),
        "way": Array((*place, "time", "wrong", "instruction"), ways, inner=("xy",), step=1e-2),
        "meant": Array(
            ("m", "time", "instruction"),
            np.array([np.moveaxis(way(truth(m)), -2, 0) for m in LENGTHS]),
            inner=("xy",),
            step=1e-2,
        ),
        "mirrors": Array(
            (*place, "wrong", "instruction"),
            over(lambda *a: mirrored(plans(*a)), walks),
            inner=("point", "xy"),
            step=1e-2,
        ),
        "meant_mirrors": Array(
            ("m", "instruction"),
            np.array([mirrored(truth(m)) for m in LENGTHS]),
            inner=("point", "xy"),
            step=1e-2,
        ),
        "mistakes": Array((*place, "wrong", "instruction"), over(wrong, walks), step=1),
        "apart": Array((*place, "wrong", "instruction"), over(apart, walks), step=0.1),
        "answered": Array((*place, "wrong", "instruction"), over(answered), step=1),
        "steps_done": Array(("m", "time"), np.minimum.outer(LENGTHS, moments // _BETWEEN), step=1),
        "clock": Array(("time",), moments / _BETWEEN, step=1e-2),
    }
    meant = arrays["meant"].values.reshape(-1, 2)
    gone = np.concatenate([part.reshape(-1, 2) for part in ways[1:]])
    low = np.minimum(meant.min(axis=0), np.quantile(gone, 0.01, axis=0)) - 0.4
    high = np.maximum(meant.max(axis=0), np.quantile(gone, 0.99, axis=0)) + 0.4
    half = np.array([_WIDE, 1.0]) * np.max((high - low) / 2 / [_WIDE, 1.0])
    low, high = (low + high) / 2 - half, (low + high) / 2 + half
    readers = tuple(NAMES[name] for name in _READS)
    walkers = tuple(NAMES[name] for name in walks)
    return Figure(
        name="thinking",
        title="Instructions carried out with thoughts and without",
        axes=(
            Axis("network", "Network", tuple(NAMES.values()), kind="choice", start="thinks"),
            Axis("m", "Commands", LENGTHS, kind="choice", symbol="m", start=5),
            Axis("n", "Instructions", COUNTS, symbol="n", log=True, start=1000),
            Axis(
                "wrong",
                "Thoughts replaced",
                RATES,
                symbol="c",
                start=0.0,
                when={"network": readers},
            ),
            Axis(
                "instruction",
                "The robot's instruction",
                _SHOWN,
                kind="choice",
                start="A",
            ),
            time_axis(len(moments), reads="clock", end="arrived"),
        ),
        arrays=arrays,
        panels=(
            Curves(
                "Right answers to new instructions",
                "Means of five networks. Drag to move the instructions learned.",
                axis="n",
                lines=(
                    Line("right", "this network", "run"),
                    Line("alone", "answer only", "kernel"),
                    Line("matched", "thinks, as many labels", "rich", dashed=True),
                    Line("table", "a table of what was seen", "ink", dashed=True),
                ),
            ),
            Plane(
                "The robot acts on what it writes",
                (
                    Clause("A step ahead after each command. A ring or a cross: mirrored there."),
                    Clause(
                        " It writes no thoughts, so there is only the way that is meant.",
                        when={"network": ("answer only",)},
                    ),
                ),
                Extent("east", float(low[0]), float(high[0])),
                Extent("north", float(low[1]), float(high[1])),
                (
                    Trail("meant", "meant", "ink", dash="5 4"),
                    Points("meant_mirrors", "", "ink", "ring"),
                    Trail("way", (Clause("done", when={"network": walkers}),), "run"),
                    Points("mirrors", "", "run", "cross"),
                ),
                stretched=True,
            ),
            Plane(
                "After a wrong second thought",
                (
                    Clause("Shares of the thoughts that come after it."),
                    Clause(
                        " This network reads no thoughts.",
                        unless={"network": readers},
                    ),
                ),
                Extent("step", 2.8, _MOST + 0.2, ticks=tuple(range(3, _MOST + 1))),
                Extent("share", 0.0, 1.05),
                (
                    Outline("true", (Clause("true", when={"network": readers}),), "ink"),
                    Outline(
                        "led",
                        (Clause("what it leads to", when={"network": readers}),),
                        "rich",
                        "5 4",
                    ),
                ),
                stretched=True,
            ),
        ),
        reading=(
            Clause(
                "After {n} instructions of {m} commands this network ({network}) answers {right} "
                "of new ones rightly"
            ),
            Clause(" (± {spread} between five networks)", when={"wrong": (0.0,)}),
            Clause(" with {wrong} of its thoughts replaced", unless={"wrong": (0.0,)}),
            Clause(
                "; answering only, {alone}; a table of what was seen, {table}; thinking with as "
                "many labels, {matched}."
            ),
            Clause(
                " After a wrong thought the next one is true in {next_true} of the cases, and what "
                "the wrong one leads to in {next_led}.",
                when={"network": readers},
            ),
            Clause(
                " The robot has gone {steps_done} steps. {mistakes} of its {m} poses are wrong, "
                "it ends {apart} steps away from where it should, and the instruction",
                when={"network": walkers},
            ),
            Clause(
                " The robot should have gone {steps_done} steps by now; this instruction",
                unless={"network": walkers},
            ),
            Clause(" is answered rightly.", when={"answered": (1,)}),
            Clause(" is answered wrongly.", when={"answered": (0,)}),
        ),
        presets=(
            Preset("Thinking", _here("thinks", instruction="A")),
            Preset("Answering", _here("answer only", instruction="A")),
            Preset("Told, not read", _here("told", instruction="C")),
            Preset("Half the steps", _here("half steps", instruction="C")),
            Preset("Led astray", _here("thinks", m=7, n=10000, wrong=0.1, instruction="C")),
            Preset("Recovering", _here("errors", m=7, n=10000, wrong=0.1, instruction="C")),
        ),
        caption=(
            "Instructions are rows of m elements of S₃: turns by 120° and a reflection that "
            "exchanges the robot's left and right. The answer is their product, the pose at the "
            "end. Networks with two hidden layers of 128, five for each setting; those that think "
            "say one product after the other and read what they wrote before. Chance is a sixth."
        ),
        alt=(
            "Networks that only answer are hardly better than a table of the instructions they "
            "have seen. Networks that think answer nearly all of them from a few thousand on. A "
            "wrong thought leads them astray, unless they were taught with wrong thoughts."
        ),
    )
