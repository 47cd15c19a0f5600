r"""Where training ends: interpolators of least potential, their two limits, and margins.

Loss normalisation does not matter here: only which interpolator, or which separator, is picked.
Every solver measures how well its answer satisfies the optimality conditions, and raises
`RuntimeError` with the number rather than return one that does not.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from . import _check, _continuation, _qexp
from .potentials import DiagonalPotential, Euclidean, Hypentropy, Potential

_FEASIBLE = 1e-10  # relative to the largest entry of y
_STATIONARY = 1e-8  # relative to the largest dual variable, or to 1
_VANISHING = 1e-290
_EDGE = 2.0**-53
_PART = 32  # scales in one compiled program
_SLACK_FLOOR = 1e-12  # below it, 1 - |z| of an active weight has no digits left in float64


class Interpolator(eqx.Module):
    r"""A solution of :math:`Xw = y`, with the certificate that it is the one of least potential.

    - `weights`: :math:`w`, shape "d".
    - `dual`: the multipliers :math:`\nu`, shape "n":
      :math:`\nabla\psi(w) - \nabla\psi(w_0) = X^\top\nu`.
    - `feasibility`: :math:`\max_i |x_i^\top w - y_i|`.
    - `stationarity`: :math:`\max_j |\nabla\psi(w) - \nabla\psi(w_0) - X^\top\nu|_j`.
    - `iterations`: Newton steps.

    From `scale_path` all of them have a leading axis of scales.
    """

    weights: Float[Array, "*s d"]
    dual: Float[Array, "*s n"]
    feasibility: Float[Array, "*s"]
    stationarity: Float[Array, "*s"]
    iterations: Int[Array, "*s"]


def interpolator(
    X: Float[ArrayLike, "n d"],
    y: Float[ArrayLike, " n"],
    potential: Potential,
    *,
    start: Float[ArrayLike, " d"] | None = None,
) -> Interpolator:
    r"""The interpolator nearest to the start in the Bregman divergence of a potential,

    .. math:: \arg\min_{Xw = y} D_\psi(w, w_0),

    where mirror flow, mirror descent with any steps, and gradient flow on the parametrisation that
    the potential belongs to, all end if they converge (Gunasekar et al. 2018, arXiv:1802.08246; for
    diagonal networks Woodworth et al. 2020, arXiv:2002.09277).

    Solved in the multipliers :math:`\nu`, n of them. The potential of a diagonal network is
    followed from large scales down, to any scale. Below the scale where
    :math:`\alpha^{D-2} = 10^{-12}` the answer is the l1 limit with its first-order correction,
    which is smaller than float64 resolves.

    **Arguments:**

    - `X`, `y`: shapes "n d" and "n", with n <= d and independent rows.
    - `potential`: any `Potential`.
    - `start`: :math:`w_0`, shape "d"; the point of least potential unless given.

    **Raises:** `ValueError` for bad data, or where :math:`Xw = y` has no solution in the domain of
    the potential; `RuntimeError` if the tolerance is not met.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> end = ib.interpolator([[2.0, 1.0]], [2.0], ib.DiagonalPotential(depth=2, scale=1e-8))
    >>> end.weights.round(3).tolist()  # all of it on the larger feature
    [1.0, 0.0]
    """
    X, y = _check.problem(X, y)
    _check.underdetermined(X, y)
    if not isinstance(potential, Potential):
        raise ValueError(f"potential must be a Potential, found {potential!r}")
    if start is not None:
        start = _check.finite_array("start", start, 1)
        if start.shape != X.shape[1:]:
            raise ValueError(
                f"start must have one entry a feature, {X.shape[1]}, found {start.shape}"
            )
    if isinstance(potential, Euclidean):
        return _nearest(X, y, start)
    if isinstance(potential, Hypentropy):
        potential = DiagonalPotential(2, jnp.sqrt(potential.beta / 2))
    if isinstance(potential, DiagonalPotential):
        path = _diagonal_path(X, y, potential, np.zeros(1), start)
        return jax.tree.map(lambda leaf: jax.device_put(leaf[0]), path)
    return _damped_newton(X, y, potential, start)


def scale_path(
    X: Float[ArrayLike, "n d"],
    y: Float[ArrayLike, " n"],
    depth: float,
    scales: Float[ArrayLike, " s"],
) -> Interpolator:
    r"""Where the diagonal network :math:`w = u^D - v^D` ends, for every initial scale.

    The same as `interpolator` with `DiagonalPotential(depth, scale)` at each of the scales, started
    each from the one above: two or three Newton steps a scale, each one product n by d by n and one
    Cholesky factorisation. Depth is traced, so that one compiled program serves all depths.

    **Arguments:** `X`, `y` as for `interpolator`; `depth`, any real number :math:`D \ge 2`;
    `scales`, positive, in any order.

    **Returns:** an `Interpolator` whose fields have a leading axis, in the order of `scales`.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> path = ib.scale_path([[2.0, 1.0]], [2.0], depth=3, scales=[1e2, 1e-2])
    >>> path.weights.round(3).tolist()  # least l2, then least l1
    [[0.8, 0.4], [1.0, 0.0]]
    """
    X, y = _check.problem(X, y)
    _check.underdetermined(X, y)
    _check.depth(depth)
    scales = _check.finite_array("scales", scales, 1)
    _check.positive("scales", scales)
    order = np.argsort(-np.asarray(scales))
    log_amplitudes = depth * np.log(np.asarray(scales)[order])
    path = _diagonal_path(X, y, DiagonalPotential(depth, 1.0), log_amplitudes, None)
    return jax.tree.map(lambda leaf: jax.device_put(leaf[np.argsort(order)]), path)


def _diagonal_path(X, y, potential, log_amplitudes, start):
    """Follow the potential, its scale multiplied by exp(log_amplitudes / depth), downwards.

    The result is in NumPy, in which to take parts of it needs no program.
    """
    k = float(potential.order)
    own, speed = (
        np.broadcast_to(np.asarray(leaf, float), X.shape[1:])
        for leaf in (potential.log_amplitude, potential.speed)
    )
    geometry = _continuation.Geometry(
        offset=own - own.mean(),
        speed=speed,
        order=np.float64(k),
        start=None if start is None else np.asarray(start),
    )
    targets = own.mean() + log_amplitudes
    lowest = np.log(_SLACK_FLOOR) / k if k > 0 else -np.float64(np.inf)
    if start is not None and targets[-1] < lowest:
        raise ValueError(
            f"scale must be at least {_SLACK_FLOOR:.0e} ** (1 / (depth - 2)) with a start, found "
            f"{np.exp(targets[-1] / float(potential.depth)):.3g}"
        )
    n, d = X.shape
    rotation, X, y = _continuation.rotated(X, y, geometry)
    X, y, geometry = _continuation.enlarged(X, y, geometry)
    rotation = np.pad(rotation, (0, len(y) - n))
    place = _continuation.begin(X, y, geometry, max(targets[0], lowest))
    # The first target is the place itself, whose guess it mends. Equal parts share one program.
    queue = np.append(place.log_amplitude, targets)
    queue = np.pad(queue, (0, -len(queue) % _PART), constant_values=max(queue[-1], lowest))
    parts = []
    for part in queue.reshape(-1, _PART):
        place, *found = _follow(rotation, X, y, geometry, part, lowest, place)
        parts.append(found)
    points, reach, met = jax.tree.map(
        lambda *leaves: np.concatenate(leaves)[1 : 1 + len(targets)], *parts
    )
    points.iterations[0] += int(np.asarray(parts[0][0].iterations)[0])
    points = eqx.tree_at(
        lambda found: (found.weights, found.dual),
        points,
        (points.weights[:, :d], points.dual[:, :n]),
    )
    _require(points.feasibility, points.stationarity, y, reach, bool(met.all()))
    return points


@jax.jit
def _follow(rotation, X, y, geometry, targets, lowest, place):
    """The next part of a path: the place arrived at, results, their reach, whether all was met."""
    place, points, steps, met = _continuation.follow(
        X, y, geometry, jnp.maximum(targets, lowest), place
    )
    dual = _qexp.unit(geometry.order) * points.nu

    def reached(target, b, dual):
        return _continuation.weights(b, target + geometry.offset), dual

    def passed(target, b, dual):
        w, dual = reached(lowest, b, dual)
        return _sparse_limit(X, y, geometry, target, b, w, dual, lowest)

    def each(point):
        return jax.lax.cond(point[0] < lowest, passed, reached, *point)

    w, dual = jax.lax.map(each, (targets, points.b, dual))
    stationarity, reach = _certificate(X, geometry, targets, w, dual)
    feasibility = jnp.max(jnp.abs((w @ X.T - y) @ rotation.T), 1)
    return place, Interpolator(w, dual @ rotation.T, feasibility, stationarity, steps), reach, met


def _certificate(X, geometry, targets, w, dual):
    offset, speed, k, start = geometry

    def gap(w, dual, target):
        z = _qexp.dual(w, target + offset, k)
        origin = 0.0 if start is None else _qexp.dual(start, target + offset, k)
        wanted = origin + speed * (dual @ X)
        difference = jnp.abs(z - wanted) / speed
        # A weight below the range of float64 cannot show its dual variable: it is right if the one
        # wanted belongs to such a weight too.
        edge = jnp.where(k > 0, 1 - _EDGE, jnp.inf)
        implied = _qexp.primal(jnp.clip(wanted, -edge, edge), target + offset, k)
        vanished = (jnp.abs(w) < _VANISHING) & (jnp.abs(implied) < _VANISHING)
        return jnp.max(jnp.where(vanished, 0, difference)), jnp.max(jnp.abs(z))

    return jax.vmap(gap)(w, dual, targets)


def _sparse_limit(X, y, geometry, target, b, w, dual, reached):
    """From the smallest amplitude that float64 resolves, exp(reached), on down to exp(target).

    To first order: the slacks on the support shrink as the amplitude to the power k, which moves
    the multipliers; these give the weights off the support, and those on it make up for them.
    """
    offset, speed, k, _ = geometry
    on = jnp.max(k * b, 0) > np.log(1e6)
    shrunk = jnp.exp(-k * jnp.max(b, 0)) * -jnp.expm1(k * (target - reached))
    gain = jnp.where(on, jnp.sign(w) * shrunk, 0)
    dual = dual + jnp.linalg.lstsq((X * (on * speed)).T, gain)[0]
    z = jnp.where(on, 0, speed * (dual @ X))
    off = _qexp.primal(z, target + offset, k)
    kept = jnp.where(on, w, off)
    return kept + jnp.where(on, jnp.linalg.lstsq(X * on, y - X @ kept)[0], 0), dual


def _require(feasibility, stationarity, y, reach, met=True):
    """Raise unless the certificate holds."""
    feasibility = np.max(feasibility) / max(np.max(np.abs(y)), 1e-300)
    stationarity = np.max(stationarity / np.maximum(1, reach))
    if not (met and feasibility <= _FEASIBLE and stationarity <= _STATIONARY):
        raise RuntimeError(
            f"no interpolator to tolerance: relative residual {feasibility:.1e} (at most "
            f"{_FEASIBLE:.0e}), stationarity {stationarity:.1e} (at most {_STATIONARY:.0e}). "
            "Rescale the columns of X to similar size, drop samples that are nearly repeated, or "
            "take a scale nearer to 1, and scales nearer to each other"
        )


def _nearest(X, y, start):
    X, y = np.asarray(X), np.asarray(y)
    start = np.zeros(X.shape[1]) if start is None else np.asarray(start)
    dual = np.linalg.solve(X @ X.T, y - X @ start)
    dual = dual + np.linalg.solve(X @ X.T, y - X @ (start + dual @ X))
    w = start + dual @ X
    residual = np.max(np.abs(X @ w - y))
    _require(residual, np.float64(0), y, np.float64(1))
    found = (w, dual, residual, np.float64(0), np.int64(2))
    return Interpolator(*map(jax.device_put, found))


def _damped_newton(X, y, potential, start):
    """Newton's method on the convex dual, with a backtracking line search."""
    origin = jnp.zeros(X.shape[1]) if start is None else potential.to_dual(start)
    w0 = start
    if start is None:
        try:
            w0 = potential.to_primal(origin)
        except ValueError as error:
            raise ValueError(
                f"start is needed: {type(potential).__name__} has no point of least value"
            ) from error
    dual, steps = _minimise_dual(potential, X, y, origin, w0)
    z = origin + dual @ X
    message = (
        "no interpolator in the domain of the potential: the dual has no minimum, or lies too far "
        "to reach in float64. Check that Xw = y has a solution there"
    )
    if not bool(jnp.all(jnp.isfinite(dual))):
        raise ValueError(message)
    w = potential.to_primal(z)
    residual = jnp.max(jnp.abs(X @ w - y))
    if not float(residual) <= _FEASIBLE * float(jnp.max(jnp.abs(y))):
        raise ValueError(f"{message}; relative residual {float(residual):.1e}")
    gap = jnp.max(jnp.abs(potential.to_dual(w) - z))
    result = Interpolator(w, dual, residual, gap, jnp.asarray(steps))
    _require(residual, gap, y, jnp.max(jnp.abs(z)))
    return result


@eqx.filter_jit
def _minimise_dual(potential, X, y, origin, w0):
    def objective(nu):
        value = potential.conjugate(origin + nu @ X) - y @ nu
        return jnp.where(jnp.isnan(value), jnp.inf, value)

    def residual(nu):
        return X @ potential.to_primal(origin + nu @ X) - y

    def hessian(nu):
        def push(row):
            return jax.jvp(potential.to_primal, (origin + nu @ X,), (row,))[1]

        gram = X @ jax.vmap(push)(X).T
        return gram + 1e-15 * jnp.trace(gram) * jnp.eye(len(y))

    def search(nu, step, slope):
        """The longest step, halved from 1, that lowers the objective as it should, or 0."""

        def too_long(length):
            expected = objective(nu) + 1e-4 * length * slope
            return (objective(nu + length * step) > expected + 1e-14 * jnp.abs(expected)) & (
                length > 1e-12
            )

        length = jax.lax.while_loop(too_long, lambda length: length / 2, jnp.asarray(1.0))
        return jnp.where(too_long(length) | (length <= 1e-12), 0.0, length)

    def unfinished(carry):
        nu, steps, moved = carry
        return (
            (steps < 500) & moved & (jnp.max(jnp.abs(residual(nu))) > 1e-13 * jnp.max(jnp.abs(y)))
        )

    def advance(carry):
        nu, steps, _ = carry
        force = -residual(nu)
        step = jnp.linalg.solve(hessian(nu), force)
        length = search(nu, step, -force @ step)
        # Where the dual has no minimum the steps run away: stop while numbers are numbers.
        sound = (length > 0) & (jnp.max(jnp.abs(nu + length * step)) < 1e100)
        change = jnp.where(sound, length * step, 0)
        return nu + change, steps + 1, jnp.max(jnp.abs(change)) > 1e-16 * jnp.max(jnp.abs(nu))

    # Along the Euclidean answer, as far as the objective falls: off the point 0, where some
    # Hessians (of p-norms) do not exist.
    direction = jnp.linalg.solve(X @ X.T, y - X @ w0)
    lengths = 2.0 ** -jnp.arange(0, 40.0)
    best = lengths[jnp.argmin(jax.vmap(lambda length: objective(length * direction))(lengths))]
    nu, steps, _ = jax.lax.while_loop(unfinished, advance, (best * direction, 0, True))
    return nu, steps


def minimum_norm(X: Float[ArrayLike, "n d"], y: Float[ArrayLike, " n"]) -> Float[Array, " d"]:
    r"""The interpolator of least Euclidean norm, :math:`X^\top(XX^\top)^{-1}y`.

    Where gradient descent on a linear model ends from zero, and the kernel limit (scale to
    infinity) of diagonal networks.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.minimum_norm([[2.0, 1.0]], [2.0]).round(6)
    Array([0.8, 0.4], dtype=float64)
    """
    X, y = _check.problem(X, y)
    _check.underdetermined(X, y)
    return _nearest(X, y, None).weights


def basis_pursuit(X: Float[ArrayLike, "n d"], y: Float[ArrayLike, " n"]) -> Float[Array, " d"]:
    r"""An interpolator of least l1 norm, :math:`\arg\min_{Xw=y}\|w\|_1`.

    Chen, Donoho and Saunders 1998.

    A linear programme, solved by HiGHS, then solved again on its support to full precision. The
    limit of diagonal networks as the scale goes to 0. Unique for generic data; where it is not, a
    vertex.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.basis_pursuit([[2.0, 1.0]], [2.0]).tolist()
    [1.0, 0.0]
    """
    X, y = _check.problem(X, y)
    _check.underdetermined(X, y)
    X, y = np.asarray(X), np.asarray(y)
    parts = _linear_programme(
        np.ones(2 * X.shape[1]), A_eq=np.hstack([X, -X]), b_eq=y, bounds=(0, None)
    )
    if parts is None:
        raise RuntimeError("the linear programme found no solution of Xw = y")
    w = parts[: X.shape[1]] - parts[X.shape[1] :]
    return _check.on_device(_on_support(X, y, w))


def _on_support(X, y, w):
    """Solve Xw = y on the support of w: the programme knows it to its tolerance only."""
    support = np.abs(w) > 1e-9 * np.abs(w).max()
    exact = np.zeros_like(w)
    exact[support] = np.linalg.lstsq(X[:, support], y, rcond=None)[0]
    better = np.abs(X @ exact - y).max() <= np.abs(X @ w - y).max() + 1e-12 * np.abs(y).max()
    return exact if better else w


def max_margin(
    X: Float[ArrayLike, "n d"], labels: Float[ArrayLike, " n"], norm: float
) -> Float[Array, " d"]:
    r"""The separator of least norm with margin 1.

    :math:`\arg\min\|w\|` subject to :math:`y_i\,x_i^\top w \ge 1` for all i.

    The direction in which steepest descent with respect to that norm maximises the margin
    (Gunasekar et al. 2018, arXiv:1802.08246); for norm 2, gradient descent on the logistic loss
    (Soudry et al. 2018,
    arXiv:1710.10345). Norms 1 and infinity are linear programmes; norm 2 is a least-distance
    problem, solved by non-negative least squares (Lawson and Hanson 1974, chapter 23).

    **Arguments:** `X`, shape "n d", any n and d; `labels`, shape "n", each -1 or +1; `norm`, one of
    1, 2 and infinity.

    **Raises:** `ValueError` for bad data, and for data that no hyperplane through the origin
    separates.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.max_margin([[2.0, 1.0]], [1.0], norm=2).round(6)
    Array([0.4, 0.2], dtype=float64)
    """
    X = _check.finite_array("X", X, 2)
    if 0 in X.shape:
        raise ValueError(f"X must hold at least one sample and one feature, found shape {X.shape}")
    signed = np.asarray(X) * np.asarray(_check.labels(labels, X.shape[0]))[:, None]
    if norm not in (1, 2, np.inf):
        raise ValueError(f"norm must be 1, 2 or infinity, found {norm}")
    w = _MARGINS[norm](signed)
    if w is None or not (signed @ w).min() > 0:
        raise ValueError(
            "labels must be separable by a hyperplane through the origin, and are not: add a "
            "column of ones to X for a bias, or drop the samples that cannot be right"
        )
    return _check.on_device(w / (signed @ w).min())


def _margin_one(signed):
    n, d = signed.shape
    parts = _linear_programme(
        np.ones(2 * d), A_ub=np.hstack([-signed, signed]), b_ub=-np.ones(n), bounds=(0, None)
    )
    return None if parts is None else parts[:d] - parts[d:]


def _margin_infinity(signed):
    n, d = signed.shape
    eye, ones = np.eye(d), np.ones((d, 1))
    parts = _linear_programme(
        np.append(np.zeros(d), 1.0),
        A_ub=np.block([[-signed, np.zeros((n, 1))], [eye, -ones], [-eye, -ones]]),
        b_ub=np.concatenate([-np.ones(n), np.zeros(2 * d)]),
        bounds=(None, None),
    )
    return None if parts is None else parts[:d]


def _margin_two(signed):
    from scipy.optimize import nnls

    n, d = signed.shape
    target = np.append(np.zeros(d), 1.0)
    multipliers, distance = nnls(np.vstack([signed.T, np.ones(n)]), target, maxiter=50 * n + 100)
    residual = np.vstack([signed.T, np.ones(n)]) @ multipliers - target
    return None if distance < 1e-9 else -residual[:d] / residual[d]


_MARGINS = {1: _margin_one, 2: _margin_two, np.inf: _margin_infinity}


class Separator(eqx.Module):
    r"""The separator of least potential with margin 1, with the certificate that it is the one.

    - `weights`: :math:`w`, shape "d".
    - `dual`: the multipliers :math:`\nu`, shape "n": :math:`\nabla\psi(w) = X^\top\nu`, and
      `labels * dual` is nowhere negative.
    - `feasibility`: by how much a margin falls short of 1, or a multiplier of 0, at most.
    - `stationarity`: :math:`\max_j |\nabla\psi(w) - X^\top\nu|_j`.
    - `complementarity`: :math:`\sum_i |\nu_i|\,(m_i - 1) / \sum_i |\nu_i|` with margins
      :math:`m_i`: only support vectors have multipliers.
    - `iterations`: Newton steps.

    From `separator_path` all of them have a leading axis.
    """

    weights: Float[Array, "*m d"]
    dual: Float[Array, "*m n"]
    feasibility: Float[Array, "*m"]
    stationarity: Float[Array, "*m"]
    complementarity: Float[Array, "*m"]
    iterations: Int[Array, "*m"]


def separator(
    X: Float[ArrayLike, "n d"], labels: Float[ArrayLike, " n"], potential: Potential
) -> Separator:
    r"""The separator of least potential,

    .. math:: \arg\min_w \psi(w) \quad\text{subject to}\quad y_i\,x_i^\top w \ge 1
        \text{ for all } i.

    For `DiagonalPotential(depth, mu ** (-1 / depth))` it is the minimiser of
    :math:`Q_\mu(w) = \sum_j q_D(\mu w_j)`, between the l2 margin (:math:`\mu \to 0`) and the l1
    margin (:math:`\mu \to \infty`): what a diagonal network of large scale :math:`\alpha` tends to
    when it is trained to a margin of :math:`\mu\alpha^D` (Moroshko et al. 2020, arXiv:2007.06738),
    if the multipliers never fall as :math:`\mu` grows.

    Solved in the multipliers, n of them, by an interior-point method, then by Newton's method on
    the support vectors to full precision.

    **Arguments:** `X`, shape "n d", any n and d; `labels`, shape "n", each -1 or +1; `potential`,
    any `Potential` that has a point of least value.

    **Raises:** `ValueError` for bad data, labels that cannot be separated, or a potential without a
    least value; `RuntimeError` if the tolerance is not met.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> for scale in (10.0, 1e-8):  # least l2, then least l1
    ...     found = ib.separator([[2.0, 1.0]], [1.0], ib.DiagonalPotential(2, scale))
    ...     found.weights.round(3).tolist()
    [0.4, 0.2]
    [0.5, 0.0]
    """
    X = _check.finite_array("X", X, 2)
    max_margin(X, labels, 2)  # refuses labels that cannot be separated
    labels = _check.labels(labels, X.shape[0])
    if not isinstance(potential, Potential):
        raise ValueError(f"potential must be a Potential, found {potential!r}")
    try:
        potential.to_primal(jnp.zeros(X.shape[1]))
    except ValueError as error:
        raise ValueError(
            f"potential must have a point of least value, {type(potential).__name__} has none"
        ) from error
    # As arrays, parameters of the potential are traced: all scales and depths share one program.
    found, reach = _separator(jax.tree.map(jnp.asarray, potential), X, labels)
    _require_separator(found, reach)
    return found


def separator_path(
    X: Float[ArrayLike, "n d"],
    labels: Float[ArrayLike, " n"],
    depth: float,
    mus: Float[ArrayLike, " m"],
) -> Separator:
    r"""The separators between the l2 and the l1 margin that a network of some depth passes through,

    .. math:: w_\mu = \arg\min_w \sum_j q_D(\mu w_j) \quad\text{subject to}\quad
        y_i\,x_i^\top w \ge 1 .

    The same as `separator` with `DiagonalPotential(depth, mu ** (-1 / depth))`, for each mu.

    **Arguments:** `X`, `labels` as for `separator`; `depth`, any real number :math:`D \ge 2`;
    `mus`, shape "m", positive, in any order: margin over :math:`\alpha^D`.

    **Returns:** a `Separator` whose fields have a leading axis, in the order of `mus`.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> path = ib.separator_path([[2.0, 1.0]], [1.0], 2, [1e-3, 1e9])
    >>> path.weights.round(3).tolist()
    [[0.4, 0.2], [0.5, 0.0]]
    """
    X = _check.finite_array("X", X, 2)
    max_margin(X, labels, 2)
    labels = _check.labels(labels, X.shape[0])
    _check.depth(depth)
    mus = np.asarray(_check.finite_array("mus", mus, 1))
    _check.positive("mus", mus)
    # Parts of equal size share one program.
    scales = np.pad(mus, (0, -len(mus) % _PART), mode="edge") ** (-1 / depth)
    parts = [
        _separators(jnp.asarray(depth, float), _check.on_device(part), X, labels)
        for part in scales.reshape(-1, _PART)
    ]
    found, reach = jax.tree.map(
        lambda *leaves: jax.device_put(np.concatenate(leaves)[: len(mus)]), *parts
    )
    _require_separator(found, reach)
    return found


@jax.jit
def _separators(depth, scales, X, labels):
    return jax.vmap(lambda scale: _separator(DiagonalPotential(depth, scale), X, labels))(scales)


def _require_separator(found, reach):
    missed = float(jnp.max(jnp.maximum(found.feasibility, found.complementarity)))
    gap = float(jnp.max(found.stationarity / reach))
    if not (missed <= _FEASIBLE and gap <= _STATIONARY):
        raise RuntimeError(
            f"no separator to tolerance: margins and multipliers miss by {missed:.1e} (at most "
            f"{_FEASIBLE:.0e}), stationarity {gap:.1e} (at most {_STATIONARY:.0e}). Rescale the "
            "columns of X to similar size, or take a scale nearer to 1"
        )


@eqx.filter_jit
def _separator(potential, X, labels):
    """The separator, and the size of its dual variable or 1."""
    signed = X * labels[:, None]
    nu, steps = _margin_dual(potential, signed)
    z = nu @ signed
    w = potential.to_primal(z)
    margins = signed @ w
    total = jnp.maximum(jnp.sum(nu), 1e-300)
    missed = jnp.maximum(0.0, jnp.maximum(1 - jnp.min(margins), -jnp.min(nu) / total))
    # Where there is no separator in the domain, the search ends on its border, without a dual.
    inner = jnp.where(missed <= _FEASIBLE, w, potential.to_primal(jnp.zeros_like(w)))
    found = Separator(
        weights=w,
        dual=labels * nu,
        feasibility=missed,
        stationarity=jnp.max(jnp.abs(potential.to_dual(inner) - z)),
        complementarity=jnp.abs(nu) @ jnp.abs(margins - 1) / total,
        iterations=steps,
    )
    return found, jnp.maximum(1, jnp.max(jnp.abs(z)))


def _margin_dual(potential, signed):
    """Multipliers that minimise psi*(X' nu) - sum(nu) over nu >= 0, and the steps taken."""
    n = len(signed)
    halves = 2.0 ** -jnp.arange(60.0)

    def value(nu):
        found = potential.conjugate(nu @ signed) - jnp.sum(nu)
        return jnp.where(jnp.isnan(found), jnp.inf, found)

    def shortfall(nu):
        return 1 - signed @ potential.to_primal(nu @ signed)

    def curvature(nu):
        def push(row):
            return jax.jvp(potential.to_primal, (nu @ signed,), (row,))[1]

        return signed @ jax.vmap(push)(signed).T

    def room(x, step):
        return jnp.minimum(1, 0.99 / jnp.max(jnp.maximum(-step / x, 1e-300)))

    def centre(carry):
        """A step towards the centre, where multiplier times slack is tau for every sample."""
        nu, slack, tau, steps = carry

        def barrier(nu):
            return value(nu) - tau * jnp.sum(jnp.log(nu))

        force = shortfall(nu) + tau / nu
        step = jnp.linalg.solve(curvature(nu) + jnp.diag(slack / nu), force)
        loosen = tau / nu - slack - slack / nu * step
        lengths, now = room(nu, step) * halves, barrier(nu)
        later = jax.vmap(lambda length: barrier(nu + length * step))(lengths)
        lower = later <= now - 1e-4 * lengths * (force @ step) + 1e-14 * jnp.abs(now)
        length = jnp.where(jnp.any(lower), lengths[jnp.argmax(lower)], 0.0)
        nu = nu + length * step
        slack = slack + room(slack, loosen) * loosen
        slack = jnp.clip(slack, 1e-2 * tau / nu, 1e2 * tau / nu)
        return nu, slack, jnp.where(length > 0.5, 0.2 * tau, tau), steps + 1

    def unfinished(carry):
        nu, _, tau, steps = carry
        return (tau > 1e-13 * jnp.mean(nu)) & (steps < 500)

    starts = 2.0 ** jnp.arange(20.0, -300.0, -1)
    first = starts[jnp.argmin(jax.vmap(lambda start: value(jnp.full(n, start)))(starts))]
    begin = (jnp.full(n, first), jnp.full(n, 0.1), 0.1 * first, jnp.asarray(0))
    nu, slack, _, steps = jax.lax.while_loop(unfinished, centre, begin)
    support = nu > slack * jnp.mean(nu)

    def polish(_, nu):
        gram = jnp.where(support[:, None] & support, curvature(nu), 0)
        gram += jnp.diag(jnp.where(support, 1e-15 * jnp.trace(gram), 1))
        better = nu + jnp.linalg.solve(gram, jnp.where(support, shortfall(nu), 0))
        return jnp.where(jnp.isfinite(value(better)), better, nu)

    return jax.lax.fori_loop(0, 6, polish, jnp.where(support, nu, 0)), steps


def _linear_programme(objective, **constraints):
    """The solution by HiGHS; None where there is none."""
    from scipy.optimize import linprog

    result = linprog(objective, method="highs", **constraints)
    if result.status == 2:
        return None
    if result.status != 0:
        raise RuntimeError(f"the linear programme was not solved: {result.message}")
    return result.x
