"""Gradual stacking in which LAG decides, at every growth, how to grow."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from implicitbias import _check
from implicitbias.studies.growing.lag import lag_select
from implicitbias.studies.growing.training import (
    Growth,
    Loss,
    Snapshot,
    advance,
    check_run,
    grown,
    start_run,
    update,
)


class Adapted(NamedTuple):
    """A run of adaptive stacking after a stage.

    - `run`: a `Snapshot`. `chosen`: which growth began the stage, -1 for the first.
    - `losses` "growth step": what the choice rests on, empty for the first.
    """

    run: Snapshot
    chosen: int
    losses: Float[np.ndarray, "growth step"]


def adaptive_stacking(
    model: Any,
    loss: Loss,
    optimiser: optax.GradientTransformation,
    rates: Sequence[float] | Float[np.ndarray, " steps"],
    stages: Sequence[int],
    growths: Callable[[Any], Sequence[Growth]],
    k: int,
    score: Callable[[Any], Float[Array, ""]],
) -> Iterator[Adapted]:
    r"""Trains in stages, and lets LAG@k choose between ways to grow before each but the first.

    All candidates are trained for k steps of the new stage. The one with the least score goes on,
    and its k steps count. So a stage of n candidates costs :math:`(n-1)k` steps more.
    Source: arXiv:2406.02469, as described in its abstract.

    **Arguments:** as in `gradual_stacking`; `growths(model)`, the pool for a model at the end of a
    stage; the lag `k`, at most the steps of any stage but the first; `score(model)`, the loss to
    choose by, on samples that are not trained on.

    **Returns:** an iterator of `Adapted`, one a stage.

    **Raises:** `ValueError` as `gradual_stacking` and `lag_select`, and for a lag longer than a
    stage. `FloatingPointError` when the loss is no longer finite.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib, jax.numpy as jnp, optax
    >>> growing = ib.studies.growing
    >>> def loss(model, t=0):
    ...     return (jnp.prod(model["layers"]) - 4) ** 2
    >>> def pool(model):
    ...     return [growing.Growth(lambda m: m["layers"], how, fresh=lambda n, seed: jnp.ones(n))
    ...             for how in ("fresh_top", "last")]
    >>> run = growing.adaptive_stacking({"layers": jnp.array([1.0])}, loss, optax.identity(),
    ...     [0.02] * 210, (10, 200), pool, 20, loss)
    >>> [(stage.run.steps, stage.chosen) for stage in run]
    [(10, -1), (210, 1)]
    """
    rates = check_run(rates, stages)
    _check.integer("k", k, least=0)
    if any(k > steps for steps in stages[1:]):
        raise ValueError(f"k must be at most the steps of every later stage, {stages}, found {k}")
    return _stages(model, loss, optimiser, rates, stages, growths, k, score)


class _Step(eqx.Module):
    """A step of a candidate, as `lag_select` takes it; equal for runs of equal parts."""

    loss: Loss = eqx.field(static=True)
    optimiser: optax.GradientTransformation = eqx.field(static=True)
    score: Callable[[Any], Array] = eqx.field(static=True)
    rates: Array

    def __call__(self, candidate: tuple[Any, Any, Array], j: Any) -> tuple[Any, Array]:
        model, state, first = candidate
        t = first + j
        after, state, _ = update(model, state, self.loss, self.optimiser, t, self.rates[t])
        return (after, state, first), self.score(model)


def _stages(model, loss, optimiser, rates, stages, growths, k, score) -> Iterator[Adapted]:
    step = _Step(loss, optimiser, score, jnp.asarray(rates))
    run = start_run(model, optimiser)
    for stage, steps in enumerate(stages):
        chosen, losses = -1, np.empty((0, k + 1))
        end = run.steps + steps
        if stage:
            pool = [grown(run, optimiser, growth) for growth in growths(run.model)]
            first = jnp.asarray(run.steps)
            found = lag_select([(at.model, at.state, first) for at in pool], step, k)
            chosen, losses = found.best, found.losses
            run = Snapshot(run.steps + k, *found.candidate[:2])
        if run.steps < end:
            run = advance(run, loss, optimiser, rates, end)
        yield Adapted(run, chosen, losses)
