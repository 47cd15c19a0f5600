r"""A stiff solver for the dual flow of diagonal networks, at any scale and depth.

In the dual the flow is :math:`\nu' = y - Xw(\nu)`. Each stage of a diagonally implicit Runge-Kutta
method asks for :math:`\nu` with :math:`(\nu - \bar\nu)/(\gamma h) = y - Xw(\nu)`: the equations of
an interpolator with :math:`1/(\gamma h)` added on the diagonal. So the stages are solved as in
`_continuation`, by Newton's method in :math:`\nu` and the logarithms :math:`b` of the weights
together, which general root finders cannot do: for them :math:`\nu` alone must carry slacks of
:math:`10^{-12}`. Coefficients, step sizes and output are diffrax's.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_factor, cho_solve
from jaxtyping import Array, Float

from ._continuation import SIGNS, Geometry, Point, ramp, settle, weights

_TABLEAU = dfx.Kvaerno5.tableau
_GAMMA = float(np.asarray(_TABLEAU.a_diagonal)[1])
_STAGES = len(_TABLEAU.b_sol)
_NEWTON_STEPS = 8
_SPENT = 0.9  # of a slack, the most that a guess may use


def _square(rows):
    """Rows of growing length as one square array, so that the stages are one compiled loop."""
    square = np.zeros((_STAGES, _STAGES))
    for i, row in enumerate(rows, start=1):
        square[i, : len(row)] = row
    return square


_LOWER, _PREDICTOR = _square(_TABLEAU.a_lower), _square(_TABLEAU.a_predictor)


class Flow(eqx.Module):
    """The data of one dual flow: everything but the state."""

    X: Float[Array, "n d"]
    y: Float[Array, " n"]
    geometry: Geometry
    log_amplitude: Float[Array, ""]
    tolerance: Float[Array, ""]


def velocity(state: Point, flow: Flow) -> Float[Array, " n"]:
    """The derivative of nu, with what is below rounding set to zero."""
    w = weights(state.b, flow.log_amplitude + flow.geometry.offset)
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
    enough = 0.1 * jnp.sqrt(flow.tolerance)

    def unfinished(carry):
        _, change, steps = carry
        sound = (steps == 0) | jnp.isfinite(change)
        return wanted & sound & (steps < _NEWTON_STEPS) & (change > enough)

    def step(carry):
        state, _, steps = carry
        slopes, factor = _factorise(state, flow, pull)
        slackness = SIGNS * (speed * (state.nu @ flow.X)) - ramp(state.b, k)
        force = velocity(state, flow) + pull * (base - state.nu)
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


class DualRungeKutta(dfx.AbstractAdaptiveSolver):
    """Kvaerno's stiff method of order 5 with error estimate of order 4, for the states of `Flow`.

    A step whose Newton iterations fail reports an infinite error, so that the controller shortens
    it.
    """

    term_structure: ClassVar = dfx.ODETerm
    interpolation_cls: ClassVar[Callable[..., Any]] = dfx.LocalLinearInterpolation

    def order(self, terms):
        return 5

    def init(self, terms, t0, t1, y0, args):
        return velocity(y0, args)

    def func(self, terms, t0, y0, args):
        return terms.vf(t0, y0, args)

    def step(self, terms, t0, t1, y0, args, solver_state, made_jump):
        del terms, made_jump
        h, flow = t1 - t0, args
        _, speed, k, _ = flow.geometry
        pull = 1 / (_GAMMA * h)

        def stage(carry, i):
            state, slopes, sound, _ = carry
            before = state
            base = y0.nu + h * (jnp.asarray(_LOWER)[i] @ slopes)
            nu = base + h * _GAMMA * (jnp.asarray(_PREDICTOR)[i] @ slopes)
            # Along the predictor's nu the slacks are linear: how far in logarithms, and relative.
            move = SIGNS * (speed * ((nu - state.nu) @ flow.X)) * jnp.exp(k * state.b)
            spent = jnp.where(k > 0, jnp.minimum(k * move, _SPENT), 0)
            moved = jnp.where(k > 0, -jnp.log1p(-spent) / jnp.where(k > 0, k, 1), move)
            near = jnp.max(jnp.where(k > 0, k * move, jnp.abs(move))) < jnp.where(k > 0, _SPENT, 1)
            guess = Point(nu, settle(speed * (nu @ flow.X), state.b + moved, k))
            guess = jax.tree.map(lambda a, b: jnp.where(near, a, b), guess, state)
            state, sound = _solve_stage(guess, base, pull, flow, sound)
            # The velocity follows from the stage equation: evaluated afresh it is all rounding
            # where the equations are stiff.
            slopes = slopes.at[i].set((state.nu - base) * pull)
            return (state, slopes, sound, before), None

        n = len(flow.y)
        slopes = jnp.zeros((_STAGES, n)).at[0].set(solver_state)
        carry = (y0, slopes, True, y0)
        (state, slopes, sound, embedded), _ = jax.lax.scan(stage, carry, jnp.arange(1, _STAGES))
        # The last stage but one is the method of order 4: its difference is the error, of the
        # weights' logarithms as of nu, free of rounding where the equations are stiff.
        error = jax.tree.map(lambda a, b: jnp.where(sound, a - b, jnp.inf), state, embedded)
        dense_info = {"y0": y0, "y1": state}
        return state, error, dense_info, slopes[-1], dfx.RESULTS.successful


@eqx.filter_jit
def integrate(
    flow: Flow, times: Float[Array, "*t"], max_steps: int
) -> tuple[Float[Array, " t"], Point, Float[Array, ""], Any]:
    """Times, states there, steps taken, diffrax's result.

    `times` rise from 0 or later, and steps are made to land on them. A single one is the last:
    then the times are those of the solver's steps, and those past the end are infinite.
    """
    d, n = flow.X.shape[1], flow.X.shape[0]
    start = Point(jnp.zeros(n), jnp.zeros((2, d)))
    controller = dfx.PIDController(
        flow.tolerance, flow.tolerance, pcoeff=0.2, icoeff=0.5, factormax=4.0
    )
    if times.ndim == 0:
        end, saveat = times, dfx.SaveAt(t0=True, steps=True)
    else:
        end, saveat = times[-1], dfx.SaveAt(ts=times)
        controller = dfx.ClipStepSizeController(controller, step_ts=times)

    def vector_field(t, state, flow):
        return Point(velocity(state, flow), jnp.zeros_like(state.b))

    # Short against the time in which a dual variable moves by 1, and that in which weights settle.
    amplitude = jnp.exp(flow.log_amplitude + flow.geometry.offset)
    drive = jnp.max(jnp.abs(flow.y @ flow.X)) + 2 * jnp.sum(amplitude * flow.X**2)
    solution = dfx.diffeqsolve(
        dfx.ODETerm(vector_field),
        DualRungeKutta(),
        t0=0.0,
        t1=end,
        dt0=jnp.minimum(1e-3 / drive, end),
        y0=start,
        args=flow,
        saveat=saveat,
        stepsize_controller=controller,
        max_steps=max_steps,
        throw=False,
    )
    steps, result = solution.stats["num_steps"], solution.result
    return solution.ts, solution.ys, steps, result  # pyright: ignore[reportReturnType]
