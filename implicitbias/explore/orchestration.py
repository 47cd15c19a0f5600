"""The explorable "orchestration": who knows when an arm is done, and what goes wrong if not."""

from itertools import product
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from implicitbias.explore.array import Array
from implicitbias.explore.axis import Axis
from implicitbias.explore.explorable import Explorable
from implicitbias.explore.figure import Figure, Preset
from implicitbias.explore.orchestration_data import (
    CHAIN,
    LENGTHS,
    ORCHESTRATORS,
    SIZES,
    SLIPS,
    Held,
    arm,
    learned,
    read,
)
from implicitbias.explore.panels.curves import Curves, Line
from implicitbias.explore.panels.plane import Extent, Linkage, Outline, Plane, Points, Trail
from implicitbias.explore.panels.stems import Stems
from implicitbias.explore.text import Clause
from implicitbias.studies import motion

MOMENTS = 64
"""Of the chain that is played; what comes later is cut off."""

SHOWN = 4
"""Seed of the chain that is played."""

_AWAY = (-9.0, -9.0)  # out of every picture


class Played(NamedTuple):
    """A chain as it is played.

    - `joints` (time, joint, 2): of the arm.
    - `score` (time,): what the orchestrator saw; for a timer, as a share of its time.
    - `there` (time,): whether the hand was at the waypoint.
    - `target` (time,): the number of the waypoint.
    - `moved` (waypoint,): when it went on, or -1.
    - `outcome`: an index into the outcomes.
    """

    joints: np.ndarray
    score: np.ndarray
    there: np.ndarray
    target: np.ndarray
    moved: np.ndarray
    outcome: int


def orchestration(held: dict[tuple[str, int], Held] | None = None) -> Explorable:
    """Chains of waypoints by orchestrator, slips, demonstrations and arm, and one of them played.

    Args:
        held: the shares of outcomes. By default those that come with the library, which
            ``tools/sweeps.py`` makes.

    Returns:
        The explorable ``"orchestration"``.
    """
    return Explorable(figure(read() if held is None else held))


def chain() -> tuple[np.ndarray, np.ndarray]:
    """The places (place, 2) of the chain that is played, and its uniform numbers."""
    places = motion.waypoint_chains(1, CHAIN, seed=SHOWN)[0]
    return places, np.random.default_rng(SHOWN).random((CHAIN, motion.BUDGET))


def play(name: str, orchestrator: motion.Orchestrator) -> list[Played]:
    """The chain with one arm and orchestrator, for each probability of slips."""
    body, (places, uniform) = arm(name), chain()
    slips = np.stack([uniform < p for p in SLIPS])
    runs = motion.run_chains(body, np.tile(places, (len(SLIPS), 1, 1)), slips, orchestrator)
    unit = 1.0 if orchestrator.score else orchestrator.threshold + 0.5
    return [_record(body, places, runs, i, unit) for i in range(len(SLIPS))]


def _record(body: motion.Arm, places: np.ndarray, runs: motion.Runs, i: int, unit: float) -> Played:
    angles, score, target, moved = [], [], [], np.full(CHAIN, -1)
    for k, stage in enumerate(runs.stages[: min(runs.reached[i] + 1, CHAIN)]):
        seen = slice(1 if k else 0, stage.stop[i] + 1)
        angles.extend(stage.angles[i, stage.since[i, seen]])
        score.extend(stage.score[i, seen] / unit)
        target.extend([k] * (stage.stop[i] + 1 - seen.start))
        if stage.outcome[i] < 3:
            moved[k] = len(angles) - 1
    at = np.minimum(np.arange(MOMENTS), len(angles) - 1)
    joints, target = (
        np.asarray(body.joints(jnp.asarray(np.array(angles)[at]))),
        np.array(target)[at],
    )
    distance = np.linalg.norm(joints[:, -1] - places[1 + target], axis=-1)
    near = distance < motion.NEAR
    return Played(joints, np.array(score)[at], near, target, moved, int(runs.outcome[i]))


def figure(held: dict[tuple[str, int], Held]) -> Figure:
    """What the explorable shows of shares of outcomes."""
    place = ("arm", "demonstrations", "orchestrator", "slip")
    taught = {size: learned((size, 0)).orchestrators for size in SIZES}
    played = {
        (name, size, who): play(name, taught[size][who])
        for name, size, who in product(LENGTHS, SIZES, ORCHESTRATORS)
    }
    places, _ = chain()
    clock = np.arange(MOMENTS)

    def each(take) -> np.ndarray:
        grid = (len(LENGTHS), len(SIZES), len(ORCHESTRATORS), len(SLIPS))
        found = np.array([take(one) for runs in played.values() for one in runs])
        return found.reshape(*grid, *found.shape[1:])

    def line(values: np.ndarray) -> np.ndarray:
        return np.stack([np.broadcast_to(clock, values.shape), values], axis=-1)

    def switches(one: Played) -> np.ndarray:
        at = np.where(one.moved < MOMENTS, one.moved, -1)
        seen = np.stack([at, np.clip(one.score[at], -0.2, 1.25)], axis=-1)
        return np.where(at[:, None] >= 0, seen, _AWAY)

    shares = np.array(
        [[held[name, size].outcomes.mean(axis=0) for size in SIZES] for name in LENGTHS]
    )
    each_seed = np.array([[held[name, size].outcomes for size in SIZES] for name in LENGTHS])
    spread = each_seed[..., 0].std(axis=2, ddof=1)
    joints = [
        np.array(
            [
                [[one.joints for one in played[name, size, who]] for who in ORCHESTRATORS]
                for size in SIZES
            ]
        )
        for name in LENGTHS
    ]
    thresholds = np.array(
        [
            [t.threshold / (1.0 if t.score else t.threshold + 0.5) for t in taught[size].values()]
            for size in SIZES
        ]
    )
    level = np.stack(
        [
            np.broadcast_to([0.0, MOMENTS - 1.0], (*thresholds.shape, 2)),
            np.repeat(np.clip(thresholds, -0.2, 1.25)[..., None], 2, axis=-1),
        ],
        axis=-1,
    )
    done = {
        who: Array(("arm", "demonstrations", "slip"), shares[:, :, i, :, 0], step=1e-3)
        for i, who in enumerate(ORCHESTRATORS)
    }
    causes = {
        cause: Array(place, shares[..., 1 + i], step=1e-2)
        for i, cause in enumerate(("early", "lost", "unnoticed", "late"))
    }
    return Figure(
        name="orchestration",
        title="Chains of five waypoints, by who decides to go on",
        axes=(
            Axis("orchestrator", "Who decides", ORCHESTRATORS, kind="choice", start="progress"),
            Axis("slip", "Slips a step", SLIPS, symbol="p", start=0.03),
            Axis("demonstrations", "Demonstrations", SIZES, symbol="N", start=300),
            Axis("arm", "Arm", tuple(LENGTHS), kind="choice", start="4 links"),
            Axis(
                "time",
                "Time",
                tuple(float(t) for t in clock),
                kind="time",
                reads="clock",
                ends=("start", "end"),
                start=20.0,
            ),
        ),
        arrays={
            "clock": Array(("time",), clock, step=1),
            "joints": Array(
                ("arm", "demonstrations", "orchestrator", "slip", "time"),
                joints,
                inner=("joint", "xy"),
                step=4e-3,
            ),
            "score": Array(
                (*place, "time"),
                line(np.clip(each(lambda one: one.score), -0.2, 1.25)),
                inner=("xy",),
                step=0.01,
            ),
            "there": Array(
                (*place, "time"), line(each(lambda one: one.there) * 1.0), inner=("xy",), step=0.5
            ),
            "goal": Array(
                (*place, "time"),
                each(lambda one: places[1 + one.target][:, None]),
                inner=("point", "xy"),
                step=4e-3,
            ),
            "level": Array(("demonstrations", "orchestrator"), level, ("step", "xy"), 0.01),
            "switches": Array(place, each(switches), inner=("point", "xy"), step=0.01),
            "places": Array((), places[1:], inner=("point", "xy"), step=4e-3),
            "played": Array(place, each(lambda one: one.outcome), step=1),
            "shares": Array(place, shares, inner=("item",), step=1e-3),
            "done": Array(place, shares[..., 0], step=1e-2),
            "spread": Array(place, spread, step=1e-2),
            **done,
            **causes,
        },
        panels=(
            Plane(
                "One chain, played",
                "The cross is the waypoint that the arm is sent to.",
                Extent("", -0.08, 0.98),
                Extent("", -0.52, 0.46),
                (
                    Points("places", "waypoints", "soft", "ring"),
                    Points("goal", "sent to", "rich", "cross"),
                    Linkage("joints", "the arm", "run"),
                ),
            ),
            Plane(
                "What the orchestrator sees",
                "Above the dashed line it says “done”; the dotted one is 1 where that is true.",
                Extent("step", 0, MOMENTS - 1),
                Extent("score", -0.25, 1.3),
                (
                    Outline("level", "threshold", "rich", dash="6 4"),
                    Trail("there", "the truth", "ink", dash="2 3"),
                    Trail("score", "score", "run"),
                    Points("switches", "goes on", "rich", "dot"),
                ),
                stretched=True,
            ),
            Curves(
                "Chains that are done",
                "Mean of 800. Drag to move the slips.",
                axis="slip",
                lines=(
                    Line("oracle", "oracle", "ink", dashed=True),
                    Line("calibrated", "calibrated", "run"),
                    Line("success", "success", "kernel"),
                    Line("timer", "timer", "soft", dashed=True),
                    Line("progress", "progress", "rich"),
                ),
            ),
            Stems("How chains end", "shares", "share of 800 chains"),
        ),
        reading=(
            Clause(
                "A timer, as long as the longest of {demonstrations} demonstrations,",
                when={"orchestrator": ("timer",)},
            ),
            Clause(
                "Progress above 0.97, estimated from {demonstrations} demonstrations,",
                when={"orchestrator": ("progress",)},
            ),
            Clause(
                "Progress above its calibrated threshold, from {demonstrations} demonstrations,",
                when={"orchestrator": ("calibrated",)},
            ),
            Clause(
                "A success classifier from {demonstrations} demonstrations",
                when={"orchestrator": ("success",)},
            ),
            Clause(
                "An oracle, which needs none of the {demonstrations} demonstrations,",
                when={"orchestrator": ("oracle",)},
            ),
            Clause(
                " gets {done} of the chains done (± {spread} between sets of demonstrations) on "
                "the arm with {arm}, with slips in {slip} of the steps. Too early ended {early}, "
                "lost to a slip {lost}, not noticed {unnoticed}, out of time {late}. The chain "
                "that is played is at step {clock}"
            ),
            Clause(" and will be done.", when={"played": (0.0,)}),
            Clause(" and will end too early.", when={"played": (1.0,)}),
            Clause(" and will be lost to a slip.", when={"played": (2.0,)}),
            Clause(" and will end where nobody notices that it is there.", when={"played": (3.0,)}),
            Clause(" and will run out of time.", when={"played": (4.0,)}),
        ),
        presets=(
            Preset(
                "In order, and of no use",
                {"orchestrator": "progress", "slip": 0.0, "demonstrations": 300},
            ),
            Preset(
                "The same order, another number",
                {"orchestrator": "calibrated", "slip": 0.08, "demonstrations": 300},
            ),
            Preset(
                "A timer and slips",
                {"orchestrator": "timer", "slip": 0.08, "demonstrations": 300},
            ),
            Preset(
                "Thirty demonstrations",
                {"orchestrator": "success", "slip": 0.03, "demonstrations": 30},
            ),
        ),
        caption=(
            "Planar arms of length 1 go to five waypoints one after another and slip back to "
            "where they set out with probability p a step. Progress and success are estimated by "
            "ridge regression on random features of the hand's and the target's place, from "
            "demonstrations of the arm with two links; 79 others calibrate the progress. Eight "
            "sets of demonstrations, a hundred chains each."
        ),
        alt=(
            "Progress above 0.97 hardly ever gets a chain done: the arm stands at a waypoint and "
            "nobody notices. With the calibrated threshold nearly all are done, with or without "
            "slips. A timer is right without slips and fails with them."
        ),
        items=(motion.OUTCOMES,),
    )
