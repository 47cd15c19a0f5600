"""The networks behind the explorable "thinking", kept in a file.

Claims, written down before the run with the seeds below, after a run of some of the settings with
seeds 0 to 4 had been looked at (means over the seeds; "better" is the share of right answers):

1. At m = 5 and 3000 instructions, thinking is above 0.95 and answering only is below 0.5.
2. At m = 5 and 7, up to 3000 instructions, answering only is at most 0.03 better than a table of
   what was seen that guesses the rest.
3. At m = 5 and 3000 instructions, being told the thoughts without reading them is worse than
   thinking by more than half of what thinking gains.
4. With as many labels (n/m instructions), thinking is better than answering only on *unseen*
   instructions, at m = 5 and 7 wherever either is above 0.25. On all instructions it need not be:
   at m = 5 and 3000 instructions the two are within 0.05.
5. At m = 5 and 3000 instructions, half of the instructions with all of their thoughts is better
   than all of the instructions with half of their thoughts.
6. Taught with true thoughts, networks that read all of them do not recover: after one wrong thought
   the next follows it more often than it is true, and with thoughts replaced at a rate c the
   answers are within 0.1 of what a chain that reads the last thought only has.
7. Taught with wrong thoughts among those they read, networks recover: at m = 5 and 3000 the thought
   after a wrong one is true in more than half of the cases, and at c = 0.4 they are better by 0.1.
8. At m = 5 and 1000 instructions, reading only the last thought is better than reading all.
"""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from implicitbias.studies import motion

FILE = Path(__file__).with_suffix(".json")
SIDES = 3
TABLE = motion.dihedral_group(SIDES)
ORDER = len(TABLE)
LENGTHS = (3, 5, 7)
COUNTS = (100, 300, 1000, 3000, 10000)
RATES = (0.0, 0.05, 0.1, 0.2, 0.4)
"""Of thoughts that are replaced when the networks are used."""

LESSONS = {
    "answer only": motion.Lesson(0.0, "none"),
    "told": motion.Lesson(1.0, "none"),
    "half steps": motion.Lesson(0.5),
    "half whole": motion.Lesson(0.5, whole=True),
    "thinks": motion.Lesson(),
    "last": motion.Lesson(1.0, "last"),
    "errors": motion.Lesson(errors=0.2),
}
SHARES = (0.1, 0.25, 0.75, 0.9)
"""Of written thoughts, beside none, half and all; at `COMMON` only."""

COMMON = (5, 3000)
REPLICAS, SEED = 5, 10
EXAMPLES = 4
ASKED, DISTURBED = 8000, 2000
"""New instructions, and those among which thoughts are replaced."""


Setting = tuple[str, int, int]  # lesson, m, n


class Outcome(NamedTuple):
    """What became of the replicas of one network; arrays begin with the replica.

    - `right` "replica rate": shares of right answers, by the share of replaced thoughts.
    - `unseen` "replica": of right answers to instructions that were not learned; -1 if none is.
    - `steps` "replica m": of right products, when the thoughts before are true.
    - `true`, `follows` "replica m": after the second thought was replaced by a wrong one, the
      shares of thoughts that are true, and that are what the wrong one leads to.
    - `plans` "rate example m": what the first replica writes.
    """

    right: np.ndarray
    unseen: np.ndarray
    steps: np.ndarray
    true: np.ndarray
    follows: np.ndarray
    plans: np.ndarray


def lesson(name: str) -> motion.Lesson:
    """By its name in `LESSONS`, or `"steps 0.9"` and `"whole 0.9"` for other shares."""
    if name in LESSONS:
        return LESSONS[name]
    kind, share = name.split()
    return motion.Lesson(float(share), whole=kind == "whole")


def learned(m: int, n: int) -> np.ndarray:
    """The instructions (replica, n, m) of the networks."""
    return np.stack([motion.draw_instructions(n, m, ORDER, seed=SEED + i) for i in range(REPLICAS)])


def asked(m: int) -> np.ndarray:
    """Every instruction if they are not too many, else some."""
    if ORDER**m <= ASKED:
        return motion.every_instruction(m, ORDER)
    return motion.draw_instructions(ASKED, m, ORDER, seed=100)


def examples(m: int) -> np.ndarray:
    """The instructions (example, m) that a robot is seen to carry out."""
    return motion.draw_instructions(EXAMPLES, m, ORDER, seed=200)


def seen(rows: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Which rows are among others."""
    code = ORDER ** np.arange(rows.shape[1])
    return np.isin(rows @ code, among @ code)


def train_one(setting: Setting) -> Outcome:
    """The replicas of one network, and what they do."""
    name, m, n = setting
    samples = learned(m, n)
    taught = motion.train_planners(TABLE, samples, lesson(name), seed=SEED)
    return look(taught, samples)


def look(taught: motion.Planners, samples: np.ndarray) -> Outcome:
    """At networks that learned from samples (replica, n, m)."""
    m = samples.shape[-1]
    rows = asked(m)
    plans = motion.write_plans(TABLE, taught, rows)
    good = plans[..., -1] == motion.partial_products(TABLE, rows)[:, -1]
    new = [~seen(rows, sample) for sample in samples]
    rates = RATES if taught.lesson.reads != "none" else RATES[:1]
    few = motion.draw_instructions(DISTURBED, m, ORDER, seed=101)
    disturbed = [
        motion.right_share(
            TABLE,
            few,
            motion.write_plans(
                TABLE,
                taught,
                few,
                motion.random_replacements(DISTURBED, m, ORDER, rate, seed=102),
            ),
        )
        for rate in rates[1:]
    ]
    shown = examples(m)
    return Outcome(
        np.stack([good.mean(axis=1), *disturbed], axis=1),
        np.array([row[k].mean() if k.any() else -1.0 for row, k in zip(good, new, strict=True)]),
        _right_steps(taught, few),
        *_after_a_wrong_one(taught, few),
        np.stack(
            [
                motion.write_plans(
                    TABLE,
                    taught,
                    shown,
                    motion.random_replacements(EXAMPLES, m, ORDER, rate, seed=201),
                )[0]
                for rate in rates
            ]
        ),
    )


def _right_steps(taught: motion.Planners, rows: np.ndarray) -> np.ndarray:
    truth = motion.partial_products(TABLE, rows)
    before = np.arange(rows.shape[1])
    return np.stack(
        [
            (
                motion.write_plans(TABLE, taught, rows, np.where(before < t, truth, motion.BLANK))[
                    ..., t
                ]
                == truth[:, t]
            ).mean(axis=1)
            for t in before
        ],
        axis=1,
    )


def wrong_seconds(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The second thought replaced by a wrong one; and the thoughts that it leads to."""
    replaced = np.full(rows.shape, motion.BLANK)
    truth = motion.partial_products(TABLE, rows)
    other = np.random.default_rng(103).integers(1, ORDER, size=len(rows))
    replaced[:, 1] = (truth[:, 1] + other) % ORDER
    led = motion.partial_products(TABLE, np.concatenate([replaced[:, 1:2], rows[:, 2:]], axis=1))
    return replaced, np.concatenate([truth[:, :1], led], axis=1)


def _after_a_wrong_one(taught: motion.Planners, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    replaced, led = wrong_seconds(rows)
    plans = motion.write_plans(TABLE, taught, rows, replaced)
    truth = motion.partial_products(TABLE, rows)
    return (plans == truth).mean(axis=1), (plans == led).mean(axis=1)


def settings() -> list[Setting]:
    """All that is trained, each once: thinking also with as many labels as answers alone are."""
    grid = [(name, m, n) for m in LENGTHS for n in COUNTS for name in LESSONS]
    matched = [("thinks", m, n // m) for m in LENGTHS for n in COUNTS]
    shares = [(f"{kind} {share}", *COMMON) for kind in ("steps", "whole") for share in SHARES]
    return list(dict.fromkeys(grid + matched + shares))


def compute(executor: Executor | None = None) -> dict[Setting, Outcome]:
    """The whole sweep."""
    return each(train_one, settings(), executor)


def each(train: Callable[[Any], Any], every: list, executor: Executor | None) -> dict[Any, Any]:
    """What a function makes of every setting, by setting, in double precision."""
    found = (executor.map if executor else map)(partial(_in_double_precision, train), every)
    return dict(zip(every, found, strict=True))


def _in_double_precision(train: Callable[[Any], Any], setting: Any) -> Any:
    jax.config.update("jax_enable_x64", True)
    return train(setting)


def write(sweep: dict[Setting, Outcome]) -> None:
    """To the file."""
    keep(FILE, "thinking", sweep)


def read() -> dict[Setting, Outcome]:
    """What the file holds."""
    return kept(FILE, Outcome)


def keep(file: Path, name: str, sweep: Mapping[Any, Any]) -> None:
    """Writes what became of each setting of a sweep, shares with four decimals."""
    runs = [
        {
            "network": setting,
            **{part: np.round(held, 4).tolist() for part, held in outcome._asdict().items()},
        }
        for setting, outcome in sweep.items()
    ]
    held = {"made by": f"python tools/sweeps.py {name}", "runs": runs}
    file.write_text(json.dumps(held, separators=(",", ":")) + "\n")


def kept(file: Path, kind: Any) -> dict[Any, Any]:
    """What `keep` wrote, by setting, as named tuples of this kind."""
    runs = json.loads(file.read_text())["runs"]
    return {
        tuple(run["network"]): kind(*(np.array(run[name]) for name in kind._fields)) for run in runs
    }
