r"""A stiff solver for the dual flow of diagonal networks, at any scale and depth.

In the dual the flow is :math:`\nu' = y - Xw(\nu)`. Each stage of a diagonally implicit Runge-Kutta
method asks for :math:`\nu` with :math:`(\nu - \bar\nu)/(\gamma h) = y - Xw(\nu)`: the equations of
an interpolator with :math:`1/(\gamma h)` added on the diagonal. So the stages are solved as in
`_continuation`, by Newton's method in :math:`\nu` and the logarithms :math:`b` of the weights
together, which general root finders cannot do: for them :math:`\nu` alone must carry slacks of
:math:`10^{-12}`.

The loop over steps is small on purpose: it is compiled in every new process, before a reader sees
the first figure.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_factor, cho_solve
from jaxtyping import Array, ArrayLike, Bool, Float, Int

from ._continuation import SIGNS, Geometry, Point, ramp, settle, weights

# Kvaerno's method of order 5 with seven stages (BIT Numerical Mathematics 44, 2004): below the
# diagonal, which is GAMMA in every stage but the first. The last stage but one is of order 4.
_GAMMA = 0.26
_LOWER = (
    (),
    (0.26,),
    (0.13, 0.84033320996790809),
    (0.22371961478320505, 0.47675532319799699, -0.06470895363112615),
    (0.16648564323248321, 0.10450018841591720, 0.03631482272098715, -0.13090704451073998),
    (0.13855640231268224, 0.0, -0.04245337201752043, 0.02446657898003141, 0.61943039072480676),
    (
        0.13659751177640291,
        0.0,
        -0.05496908796538376,
        -0.04118626728321046,
        0.62993304899016403,
        0.06962479448202728,
    ),
)
# What a stage's slope is guessed to be from those before it: as in OrdinaryDiffEq.jl and diffrax.
_PREDICTOR = (
    (),
    (1.0,),
    (-1.366025403784441, 2.3660254037844357),
    (-0.19650552613122207, 0.8113579546496623, 0.38514757148155954),
    (0.10375304369958693, 0.937994698066431, -0.04174774176601781, 0.0),
    (-0.17281112873898072, 0.6235784481025847, 0.5492326806363959, 0.0, 0.0),
    (*_LOWER[5], _GAMMA),
)
_STAGES = len(_LOWER)
_ORDER = 5
_NEWTON_STEPS = 8
_GUESSED = 0.9  # of a slack, the most that a guess may use
_SPENT = 0.5  # of a slack, the most that a step may use at its first speed


def _square(rows):
    """Rows of growing length as one square array, so that the stages are one compiled loop."""
    return np.array([[*row, *[0.0] * (_STAGES - len(row))] for row in rows])


class Flow(NamedTuple):
    """The data of one dual flow: everything but the state, of whose numbers some may be idle."""

    X: Float[Array, "n d"]
    y: Float[Array, " n"]
    geometry: Geometry
    log_amplitude: Float[ArrayLike, ""]
    tolerance: Float[ArrayLike, ""]
    variables: Float[ArrayLike, ""]


class Progress(NamedTuple):
    """How far a flow has come: the state there, the next step, and what is kept of the path."""

    time: Float[Array, ""]
    state: Point
    slope: Float[Array, " n"]
    length: Float[Array, ""]
    steps: Int[Array, ""]
    kept: Int[Array, ""]
    times: Float[Array, " t"]
    duals: Float[Array, "t n"]
    weights: Float[Array, "t d"]


def _weights(state, flow):
    return weights(state.b, flow.log_amplitude + flow.geometry.offset)


def _velocity(state, flow):
    """The derivative of nu, with what is below rounding set to zero."""
    w = _weights(state, flow)
    residual = flow.y - flow.X @ w
    rounding = 4 * 2.0**-52 * (jnp.abs(flow.X) @ jnp.abs(w) + jnp.abs(flow.y))
    return jnp.where(jnp.abs(residual) <= rounding, 0, residual)


def _factorise(state, flow, pull):
    """The Newton matrix X diag(w/m) X' + pull, and the slopes w/m."""
    offset, speed, k, _ = flow.geometry
    slopes = jnp.exp(flow.log_amplitude + offset + (1 + k) * state.b)
    gram = (flow.X * (speed * jnp.sum(slopes, 0))) @ flow.X.T
    ridge = pull + 2.0**-53 * len(flow.y) * jnp.diagonal(gram)
    return slopes, cho_factor(gram + jnp.diag(ridge))[0]


def _solve_stage(guess, base, pull, flow, wanted):
    """The state whose nu is base + velocity / pull, and whether Newton's method converged.

    Unless the state is `wanted`, no step is made.
    """
    _, speed, k, _ = flow.geometry
    # A change is the error before the step: Newton's method squares it.
    enough = 0.3 * jnp.sqrt(flow.tolerance)

    def unfinished(carry):
        _, change, steps = carry
        sound = (steps == 0) | jnp.isfinite(change)
        return wanted & sound & (steps < _NEWTON_STEPS) & (change > enough)

    def step(carry):
        state, _, steps = carry
        slopes, factor = _factorise(state, flow, pull)
        slackness = SIGNS * (speed * (state.nu @ flow.X)) - ramp(state.b, k)
        force = _velocity(state, flow) + pull * (base - state.nu)
        correction = flow.X @ jnp.sum(SIGNS * slopes * slackness, 0)
        nu_step = cho_solve((factor, False), force - correction)
        b_step = (SIGNS * (speed * (nu_step @ flow.X)) + slackness) * jnp.exp(k * state.b)
        largest = jnp.max(jnp.abs(b_step))
        length = jnp.minimum(1, 3 / largest)
        nu = state.nu + length * nu_step
        b = settle(speed * (nu @ flow.X), state.b + length * b_step, k)
        return Point(nu, b), largest, steps + 1

    state, change, _ = jax.lax.while_loop(unfinished, step, (guess, jnp.inf, 0))
    return state, change <= enough


def _step(state, slope, h, flow):
    """The state and its slope a time h later, and the error of that step, infinite if it failed."""
    _, speed, k, _ = flow.geometry
    pull = 1 / (_GAMMA * h)

    def stage(carry, row):
        previous, slopes, sound, _ = carry
        i, lower, predictor = row
        base = state.nu + h * (lower @ slopes)
        nu = base + h * _GAMMA * (predictor @ slopes)
        # Along the predictor's nu the slacks are linear: how far in logarithms, and relative.
        move = SIGNS * (speed * ((nu - previous.nu) @ flow.X)) * jnp.exp(k * previous.b)
        spent = jnp.where(k > 0, jnp.minimum(k * move, _GUESSED), 0)
        moved = jnp.where(k > 0, -jnp.log1p(-spent) / jnp.where(k > 0, k, 1), move)
        near = jnp.max(jnp.where(k > 0, k * move, jnp.abs(move))) < jnp.where(k > 0, _GUESSED, 1)
        guess = Point(nu, settle(speed * (nu @ flow.X), previous.b + moved, k))
        guess = jax.tree.map(lambda a, b: jnp.where(near, a, b), guess, previous)
        found, sound = _solve_stage(guess, base, pull, flow, sound)
        # The velocity follows from the stage equation: evaluated afresh it is all rounding
        # where the equations are stiff.
        slopes = slopes.at[i].set((found.nu - base) * pull)
        return (found, slopes, sound, previous), None

    slopes = jnp.zeros((_STAGES, len(flow.y))).at[0].set(slope)
    rows = (jnp.arange(_STAGES), jnp.asarray(_square(_LOWER)), jnp.asarray(_square(_PREDICTOR)))
    first = (state, slopes, True, state)
    (found, slopes, sound, embedded), _ = jax.lax.scan(
        stage, first, jax.tree.map(lambda leaf: leaf[1:], rows)
    )

    # The two orders' difference is the error, of the weights' logarithms as of nu, free of
    # rounding where the equations are stiff.
    def squares(before, after, other):
        size = 1 + jnp.maximum(jnp.abs(before), jnp.abs(after))
        return jnp.sum(((after - other) / (flow.tolerance * size)) ** 2)

    total = sum(jax.tree.leaves(jax.tree.map(squares, state, found, embedded)))
    error = jnp.sqrt(total / flow.variables)
    return found, slopes[-1], jnp.where(sound & jnp.isfinite(error), error, jnp.inf)


@jax.jit(static_argnames="most")
def integrate(flow: Flow, times: Float[Array, "*t"], most: int) -> tuple[Progress, Bool[Array, ""]]:
    """The path at the times, and whether the last of them was reached in `most` steps.

    `times` rise from 0 or later, and steps are made to land on them. A single one is the last:
    then the times are those of the solver's steps, and those past the end are infinite.
    """
    every = times.ndim == 0
    targets = jnp.atleast_1d(times)
    size = most + 1 if every else len(targets)
    n, d = flow.X.shape
    start = Point(jnp.zeros(n), jnp.zeros((2, d)))
    # Short against the time in which a dual variable moves by 1, and that in which weights settle.
    amplitude = jnp.exp(flow.log_amplitude + flow.geometry.offset)
    drive = jnp.max(jnp.abs(flow.y @ flow.X)) + 2 * jnp.sum(amplitude * flow.X**2)
    first = Progress(
        time=jnp.asarray(0.0),
        state=start,
        slope=_velocity(start, flow),
        length=1e-3 / drive,
        steps=jnp.asarray(0),
        kept=jnp.asarray(1) if every else (targets[0] == 0).astype(int),
        times=jnp.full(size, jnp.inf).at[0].set(0.0),
        duals=jnp.zeros((size, n)),
        weights=jnp.zeros((size, d)),
    )

    def underway(now):
        return (now.time < targets[-1]) & (now.steps < most)

    def fading(now):
        """How fast the fastest of the slacks runs out, relative to what is left of it."""
        _, speed, k, _ = flow.geometry
        return jnp.max(k * SIGNS * (speed * (now.slope @ flow.X)) * jnp.exp(k * now.state.b))

    def advance(now):
        # A weight wakes as its slack runs out, at a moment that no error estimate foresees: steps
        # spend a part of the slack, and come to that moment in a geometric sequence.
        soon = _SPENT / jnp.maximum(fading(now), _SPENT / now.length)
        target = targets[0 if every else now.kept]
        lands = now.time + soon >= target
        time = jnp.where(lands, target, now.time + soon)
        h = time - now.time
        state, slope, error = _step(now.state, now.slope, h, flow)
        good = error <= 1
        length = h * jnp.clip(0.9 * error ** (-1 / _ORDER), 0.2, 4.0)
        # A step cut short to land says nothing against a longer one.
        length = jnp.where(good & lands, jnp.maximum(now.length, length), length)
        time_, state_, slope_ = jax.tree.map(
            lambda new, old: jnp.where(good, new, old),
            (time, state, slope),
            (now.time, now.state, now.slope),
        )
        # Written in any case, and written over unless it counts.
        return Progress(
            time=time_,
            state=state_,
            slope=slope_,
            length=length,
            steps=now.steps + 1,
            kept=now.kept + (good & (every | lands)),
            times=now.times.at[now.kept].set(jnp.where(good, time, jnp.inf)),
            duals=now.duals.at[now.kept].set(state.nu),
            weights=now.weights.at[now.kept].set(_weights(state, flow)),
        )

    end = jax.lax.while_loop(underway, advance, first)
    return end, end.time >= targets[-1]
