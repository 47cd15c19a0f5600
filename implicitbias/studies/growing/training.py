r"""Training that grows: gradual stacking, stage by stage, with a file to go on from.

Losses are functions of the model and the number of the step, from which they draw their samples.
So a run that was cut off goes on as if it had not been: same samples, same numbers, to the bit.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from implicitbias import _check
from implicitbias.studies.growing.operators import Plan, grow, grow_moments

Loss = Callable[[Any, Array], Float[Array, ""]]
MOMENTS = ("copied", "cleared")
"""What may become of an optimiser's state when the model grows."""

_PRIME = 1_000_003  # keeps the seeds of replicas apart from those of later growth


class Growth(NamedTuple):
    """How a model grows between stages: the arguments of `grow`, and the optimiser's state.

    - `where`, `how`, `added`, `block`, `outputs`, `seed`: as in `grow`.
    - `fresh(count, seed)`: a stack of so many fresh layers.
    - `moments`: ``"copied"`` with the blocks, or ``"cleared"``, which starts the optimiser anew.
    """

    where: Callable[[Any], Any]
    how: str | Plan
    added: int = 1
    block: int = 1
    outputs: Callable[[Any], Any] | None = None
    fresh: Callable[[int, Any], Any] | None = None
    seed: int = 0
    moments: str = "copied"


class Snapshot(NamedTuple):
    """A run at a moment: how many `steps` are done, the `model`, the optimiser's `state`."""

    steps: int
    model: Any
    state: Any


def gradual_stacking(
    model: Any,
    loss: Loss,
    optimiser: optax.GradientTransformation,
    rates: Sequence[float] | Float[np.ndarray, " steps"],
    stages: Sequence[int],
    growth: Growth | None = None,
    *,
    every: int | None = None,
    replicas: bool = False,
    file: str | Path | None = None,
) -> Iterator[Snapshot]:
    r"""Trains in stages, and grows the model between them.

    Step t takes :math:`\theta\gets\theta-\eta_tu_t` with the optimiser's direction :math:`u_t`, for
    the loss's gradient at :math:`(\theta,t)`. Each stage but the first begins with growth.

    **Arguments:**

    - `model`: the first stage's. `loss(model, t)`: a scalar, by a JAX function; t is abstract.
    - `optimiser`: gives the direction *down the hill with the sign of the gradient*, such as
      `optax.scale_by_adam()`. `rates`: :math:`\eta_t`, one for every step of all stages.
    - `stages`: the steps of each, as of `schedule`. `growth`: `Growth`; may be missing if there is
      one stage.
    - `every`: yield after so many steps, too, counted from the first stage's start.
    - `replicas`: whether `model` is many models, along a first axis of all its arrays. They are
      trained by one program, each by the loss of its own: a model may hold an integer, which is
      not trained, to draw its own samples by.
    - `file`: where each `Snapshot` is kept, and found again by another call with the same
      arguments, which then goes on from it. It holds nothing that the arguments say.

    **Returns:** an iterator of `Snapshot`: at the start (or where the file left off), after each
    stage, and `every` so many steps. Training happens as it is asked for.

    **Raises:** `ValueError` for numbers of the wrong kind or another number of rates than steps; an
    unknown choice of moments; a missing growth; a file of another run. `FloatingPointError` when
    the loss is no longer finite, with the step: the snapshots before it are in the file.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib, jax.numpy as jnp, optax
    >>> growing = ib.studies.growing
    >>> model = {"layers": jnp.array([1.0])}
    >>> def loss(model, t):
    ...     return (jnp.prod(model["layers"]) - 4) ** 2
    >>> runs = growing.gradual_stacking(
    ...     model, loss, optax.identity(), [0.02] * 300, growing.schedule(2, 300, 1),
    ...     growing.Growth(lambda m: m["layers"], "last"))
    >>> for run in runs:
    ...     print(run.steps, [round(layer, 2) for layer in run.model["layers"].tolist()])
    0 [1.0]
    100 [3.95]
    300 [2.0, 2.0]
    """
    rates = check_run(rates, stages)
    if every is not None:
        _check.integer("every", every)
    if len(stages) > 1 and growth is None:
        raise ValueError(f"growth must say how to grow between {len(stages)} stages, found None")
    if growth is not None and growth.moments not in MOMENTS:
        raise ValueError(f"moments must be one of {', '.join(MOMENTS)}, found {growth.moments!r}")
    return _stages(model, loss, optimiser, rates, stages, growth, every, replicas, file)


def warm_up_cosine(
    steps: int, peak: float, *, warm_up: int, last: float = 0.1
) -> Float[np.ndarray, " steps"]:
    """Rates that rise in a line to their peak, and fall along a cosine to a share of it.

    >>> import implicitbias as ib
    >>> rates = ib.studies.growing.warm_up_cosine(100, 0.01, warm_up=10)
    >>> rates[[0, 10, 99]].round(4).tolist()
    [0.001, 0.01, 0.001]
    """
    _check.integer("steps", steps)
    _check.integer("warm_up", warm_up, least=0)
    _check.positive("peak", peak)
    t = np.arange(steps)
    rising = (t + 1) / max(warm_up, 1)
    phase = np.clip((t - warm_up) / max(steps - 1 - warm_up, 1), 0, 1)
    falling = last + (1 - last) * (1 + np.cos(np.pi * phase)) / 2
    return peak * np.where(t < warm_up, rising, falling)


def check_run(rates: Any, stages: Sequence[int]) -> np.ndarray:
    """The rates as an array, of which there must be one for every step of all stages."""
    rates = np.asarray(rates, dtype=float)
    for count in stages:
        _check.integer("stages", count)
    if len(rates) != sum(stages):
        raise ValueError(
            f"rates must be one a step, {sum(stages)} in all stages, found {len(rates)}"
        )
    return rates


def start_run(
    model: Any, optimiser: optax.GradientTransformation, replicas: bool = False
) -> Snapshot:
    """A run before its first step."""
    return Snapshot(0, model, _start(model, optimiser, replicas))


def _stages(
    model, loss, optimiser, rates, stages, growth, every, replicas, file
) -> Iterator[Snapshot]:
    ends = [0, *np.cumsum(stages).tolist()]
    run = start_run(model, optimiser, replicas)
    if file is not None and Path(file).exists():
        run = _load(Path(file), run, ends, optimiser, growth, replicas)
    else:
        _save(file, run)
    yield run
    while run.steps < ends[-1]:
        if run.steps in ends[1:]:
            run = grown(run, optimiser, growth, replicas)
        stops = [*ends, *(range(0, ends[-1], every) if every else ())]
        until = min(stop for stop in stops if stop > run.steps)
        run = advance(run, loss, optimiser, rates, until, replicas)
        _save(file, run)
        yield run


def _start(model: Any, optimiser: optax.GradientTransformation, replicas: bool) -> Any:
    parameters = eqx.filter(model, eqx.is_inexact_array)
    return (jax.vmap(optimiser.init) if replicas else optimiser.init)(parameters)


def grown(
    run: Snapshot,
    optimiser: optax.GradientTransformation,
    growth: Growth,
    replicas: bool = False,
) -> Snapshot:
    """A run with its model and the state of its optimiser grown."""
    where, how, added, block, outputs, fresh, first, moments = growth
    seed = first + run.steps  # another one at every growth

    def one(model: Any, state: Any, replica: Any) -> tuple[Any, Any]:
        larger = grow(
            model,
            where,
            how,
            added=added,
            block=block,
            outputs=outputs,
            fresh=fresh and (lambda count, make=fresh: make(count, seed + _PRIME * replica)),
            seed=seed,
        )
        if moments == "cleared":
            return larger, _start(larger, optimiser, False)
        return larger, grow_moments(state, model, where, how, added=added, block=block, seed=seed)

    if not replicas:
        return Snapshot(run.steps, *one(run.model, run.state, 0))
    count = len(jax.tree.leaves(eqx.filter(run.model, eqx.is_array))[0])
    return Snapshot(run.steps, *eqx.filter_vmap(one)(run.model, run.state, jnp.arange(count)))


def advance(
    run: Snapshot,
    loss: Loss,
    optimiser: optax.GradientTransformation,
    rates: np.ndarray,
    until: int,
    replicas: bool = False,
) -> Snapshot:
    """A run after so many steps in all; rates are those of all steps from the first."""
    model, state, bad = _steps(
        run.model,
        run.state,
        loss,
        optimiser,
        jnp.asarray(rates),
        jnp.asarray(run.steps),
        jnp.asarray(until),
        replicas,
    )
    if int(bad) < until:
        raise FloatingPointError(
            f"the loss is no longer finite at step {bad}: take smaller rates, here up to "
            f"{rates[run.steps : until].max():.2g}"
        )
    return Snapshot(until, model, state)


def update(
    model: Any, state: Any, loss: Loss, optimiser: optax.GradientTransformation, t: Any, rate: Any
) -> tuple[Any, Any, Array]:
    """One step: the model, the optimiser's state, and the loss before it."""
    parameters, rest = eqx.partition(model, eqx.is_inexact_array)
    value, gradient = jax.value_and_grad(lambda p: loss(eqx.combine(p, rest), t))(parameters)
    direction, state = optimiser.update(gradient, state, parameters)
    parameters = jax.tree.map(lambda p, u: p - rate.astype(p.dtype) * u, parameters, direction)
    return eqx.combine(parameters, rest), state, value


@eqx.filter_jit
def _steps(model, state, loss, optimiser, rates, start, until, replicas):
    """From one step to another; both are abstract, so that a depth compiles once."""
    parameters, rest = eqx.partition(model, eqx.is_inexact_array)

    def one(parameters, state, rest, t):
        model = eqx.combine(parameters, rest)
        model, state, value = update(model, state, loss, optimiser, t, rates[t])
        return eqx.filter(model, eqx.is_inexact_array), state, jnp.isfinite(value)

    every = eqx.filter_vmap(one, in_axes=(0, 0, 0, None)) if replicas else one

    def step(t, carry):
        parameters, state, bad = carry
        parameters, state, fine = every(parameters, state, rest, t)
        return parameters, state, jnp.where(fine.all(), bad, jnp.minimum(bad, t))

    parameters, state, bad = jax.lax.fori_loop(start, until, step, (parameters, state, until))
    return eqx.combine(parameters, rest), state, bad


def _save(file: str | Path | None, run: Snapshot) -> None:
    """In one move, so that a cut leaves the file before it whole."""
    if file is None:
        return
    beside = Path(file).with_suffix(".part")
    with beside.open("wb") as stream:
        stream.write(f"{run.steps}\n".encode())
        eqx.tree_serialise_leaves(stream, (run.model, run.state))
    beside.replace(file)


def _load(
    file: Path,
    run: Snapshot,
    ends: list[int],
    optimiser: optax.GradientTransformation,
    growth: Growth | None,
    replicas: bool,
) -> Snapshot:
    with file.open("rb") as stream:
        try:
            steps = int(stream.readline())
            if not 0 <= steps <= ends[-1]:
                raise ValueError(f"{steps} steps of {ends[-1]}")
            for _, end in pairwise(ends[:-1]):
                if end < steps:
                    assert growth is not None
                    run = grown(run._replace(steps=end), optimiser, growth, replicas)
            model, state = eqx.tree_deserialise_leaves(stream, (run.model, run.state))
        except (ValueError, RuntimeError, EOFError) as error:
            raise ValueError(
                f"file must be of a run with these arguments, or not exist; {file} is of another: "
                f"{error}"
            ) from error
    return Snapshot(steps, model, state)
