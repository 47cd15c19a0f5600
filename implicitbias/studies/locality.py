r"""A signal in one of many patches, and networks that share, split or mix their filters.

The task of Lahoti, Karp, Winston, Singh and Li (arXiv:2403.15707), in the form that public
descriptions of it give: a sample is a row of k patches of d numbers. All are noise; in one of them,
drawn at random, a fixed unit vector is added with the sign of the label.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import ndtr

from implicitbias import _check

ARCHITECTURES = ("cnn", "lcn", "fcn")
"""Shared filters, local filters, full filters."""


class Patches(NamedTuple):
    """Samples made of patches.

    - `X` "n k d": n samples of k patches of d numbers.
    - `y` "n": labels -1 or +1.
    - `place` "n": the patch in which the signal is, from 0.
    """

    X: Float[Array, "n k d"]
    y: Float[Array, " n"]
    place: Int[np.ndarray, " n"]


class PatchNetwork(NamedTuple):
    r"""The network :math:`f(x)=\sum_i\varphi_b(z_i)` with soft threshold :math:`\varphi_b`.

    The shape of the filters says which: "d" shared, :math:`z_i=\langle w,x_i\rangle` (CNN);
    "k d" local, :math:`z_i=\langle w_i,x_i\rangle` (LCN); "h k d" full, :math:`z_i=\langle w_i,
    x\rangle` with :math:`w_i` of the size of the sample (FCN). Source: arXiv:2403.15707.

    - `filters`: the weights.
    - `bias`: the threshold b.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> network = ib.studies.PatchNetwork(jax.numpy.array([1.0, 0.0]), jax.numpy.array(0.5))
    >>> network(jax.numpy.array([[[2.0, 7.0], [-0.3, 7.0], [-0.7, 7.0]]])).round(9).tolist()
    [1.3]
    """

    filters: Float[Array, "*shape"]
    bias: Float[Array, ""]

    def responses(self, X: Float[Array, "n k d"]) -> Float[Array, "n h"]:
        """What each filter answers, before the threshold."""
        products = ("nkd,d->nk", "nkd,kd->nk", "nkd,hkd->nh")
        return jnp.einsum(products[self.filters.ndim - 1], X, self.filters)

    def __call__(self, X: Float[Array, "n k d"]) -> Float[Array, " n"]:
        return soft_threshold(self.responses(X), self.bias).sum(axis=-1)


def soft_threshold(z: Float[Array, "..."], b: Float[Array, ""] | float) -> Float[Array, "..."]:
    r"""The activation :math:`\varphi_b(z)=\max(0,z-b)-\max(0,-z-b)`: nothing between -b and b.

    Called local signal adaptivity by Lahoti et al. (arXiv:2403.15707).

    >>> import implicitbias as ib
    >>> ib.studies.soft_threshold(jax.numpy.array([-2.0, 0.5, 1.5]), 1.0).tolist()
    [-1.0, 0.0, 0.5]
    """
    return jax.nn.relu(z - b) - jax.nn.relu(-z - b)


def signal_task(
    n: int,
    k: int,
    d: int,
    sigma: float,
    *,
    signal: ArrayLike | None = None,
    place: int | None = None,
    seed: int = 0,
) -> Patches:
    r"""Samples :math:`x_i=\sigma g_i`, with :math:`y\,w^\star` added in one patch drawn at random.

    Labels are fair coins, the :math:`g_i` standard normal. Source: arXiv:2403.15707, where it is
    called DSD; with a fixed `place`, the static sub-task SSD.

    **Arguments:** `n` samples, `k` patches of `d` numbers, `sigma` the size of the noise;
    `signal` "d", a unit vector, by default all entries equal; `place`, the patch of the signal,
    from 0; `seed`.

    **Returns:** `Patches`.

    **Raises:** `ValueError` for sizes that are not positive integers, noise that is not positive, a
    signal of another length or shape, or a place that is not a patch.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> X, y, place = ib.studies.signal_task(1000, 3, 4, 0.1)
    >>> X.shape, round(float((X.sum(axis=(1, 2)) * y).mean()), 1)
    ((1000, 3, 4), 2.0)
    """
    for name, size in (("n", n), ("k", k), ("d", d)):
        _check.integer(name, size)
    _check.positive("sigma", sigma)
    target = _signal(signal, d)
    if place is not None and place not in range(k):
        raise ValueError(f"place must be one of the {k} patches, 0 to {k - 1}, found {place!r}")
    random = np.random.default_rng(seed)
    y = random.choice([-1.0, 1.0], n)
    where = random.integers(k, size=n) if place is None else np.full(n, place)
    X = sigma * random.standard_normal((n, k, d))
    X[np.arange(n), where] += y[:, None] * target
    return Patches(_check.on_device(X), _check.on_device(y), where)


def start_network(
    architecture: str, k: int, d: int, *, size: float = 1e-3, seed: int = 0
) -> PatchNetwork:
    """Filters before training: normal, each of about this length; the threshold is zero.

    **Arguments:** `architecture` `"cnn"`, `"lcn"` or `"fcn"` (with k hidden units); `k` patches of
    `d` numbers; `size`; `seed`.

    **Raises:** `ValueError` for another architecture, or sizes that are not positive.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> [ib.studies.start_network(name, 3, 4).filters.shape for name in ("cnn", "lcn", "fcn")]
    [(4,), (3, 4), (3, 3, 4)]
    """
    shape = _shape(architecture, k, d)
    _check.positive("size", size)
    length = np.sqrt(d if architecture != "fcn" else k * d)
    filters = np.random.default_rng(seed).standard_normal(shape) * size / length
    return PatchNetwork(_check.on_device(filters), jnp.zeros(()))


def fit_patches(
    start: PatchNetwork,
    X: ArrayLike,
    y: ArrayLike,
    *,
    rates: tuple[float, float] = (0.3, 0.1),
    steps: int = 200,
    direction: optax.GradientTransformation | None = None,
) -> PatchNetwork:
    r"""Projected gradient descent on the mean of :math:`(f(x)-y)^2`, all samples in every step.

    After each step filters longer than 1 are shortened to length 1, and a negative threshold is
    set to zero. Rotating the samples and the start rotates what is found. That is lost with a
    `direction` such as Adam's, which treats each coordinate for itself.

    **Arguments:** `start`; `X` "n k d"; `y` "n"; `rates`, the steps of filters and threshold;
    how many `steps`; `direction`, what optax makes of the gradient (by default nothing).

    **Raises:** `ValueError` for arrays that do not match or are not finite, or rates that are
    negative.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> X, y, _ = ib.studies.signal_task(200, 4, 5, 0.2)
    >>> found = ib.studies.fit_patches(ib.studies.start_network("cnn", 4, 5), X, y)
    >>> found.filters.round(1).tolist()
    [0.5, 0.4, 0.5, 0.5, 0.4]
    """
    X, y = _check.finite_array("X", np.asarray(X), 3), _check.finite_array("y", np.asarray(y), 1)
    if len(X) != len(y):
        raise ValueError(f"y must have one entry a sample of X: {X.shape}, found {y.shape}")
    if X.shape[-start.filters.ndim :] != start.filters.shape and start.filters.ndim < 3:
        raise ValueError(f"X must fit filters of shape {start.filters.shape}, found {X.shape}")
    _check.not_negative("rates", np.asarray(rates))
    weights = jnp.full(len(y), 1 / len(y))
    speeds = PatchNetwork(jnp.asarray(rates[0], float), jnp.asarray(rates[1], float))
    return _descend(start, X, y, weights, speeds, steps, direction or _PLAIN)


_PLAIN = optax.identity()  # one object, or every call would compile anew


@partial(jax.jit, static_argnames=("steps", "direction"))
def _descend(network, X, y, weights, speeds, steps, direction):
    state = direction.init(network)

    def step(_, carry):
        network, state = carry
        gradient = jax.grad(_loss)(network, X, y, weights)
        change, state = direction.update(gradient, state)
        return _project(jax.tree.map(lambda p, r, c: p - r * c, network, speeds, change)), state

    return jax.lax.fori_loop(0, steps, step, (network, state))[0]


def _loss(network, X, y, weights):
    return weights @ (network(X) - y) ** 2


_gradient = jax.jit(jax.grad(_loss))


def _project(network: PatchNetwork) -> PatchNetwork:
    filters = network.filters
    axes = (-1,) if filters.ndim < 3 else (-2, -1)
    lengths = jnp.sqrt((filters**2).sum(axis=axes, keepdims=True))
    return PatchNetwork(filters / jnp.maximum(lengths, 1), jnp.maximum(network.bias, 0))


def threshold_moments(
    mean: ArrayLike, spread: ArrayLike, b: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    r"""Mean and mean square of :math:`\varphi_b(z)` for normal z, in closed form.

    **Arguments:** `mean` and `spread` (standard deviation, not negative) of z, `b` the threshold.

    >>> import implicitbias as ib
    >>> [float(value.round(4)) for value in ib.studies.threshold_moments(1.0, 0.2, 0.25)]
    [0.75, 0.6025]
    """
    spread = np.maximum(np.asarray(spread, dtype=float), 1e-150)  # whose square is not yet zero

    def above(edge):
        high = edge / spread
        density = np.exp(-0.5 * high**2) / np.sqrt(2 * np.pi)
        return (
            edge * ndtr(high) + spread * density,
            (edge**2 + spread**2) * ndtr(high) + edge * spread * density,
        )

    (up, up2), (down, down2) = above(np.subtract(mean, b)), above(-np.add(mean, b))
    return up - down, up2 + down2


def signal_risk(
    filters: ArrayLike, bias: ArrayLike, k: int, sigma: float, *, signal: ArrayLike | None = None
) -> np.ndarray:
    r"""Expected square :math:`E(f(x)-y)^2` of networks with local or shared filters, exactly.

    Responses of different patches are independent and only their overlaps :math:`c_i=\langle
    w_i,w^\star\rangle` and lengths matter. With :math:`m_i` and :math:`s_i` mean and mean square of
    :math:`\varphi_b(c_i+\sigma\lVert w_i\rVert g)`, and :math:`v_i` the mean square without signal,

    .. math:: R=\tfrac1k\sum_t\bigl(1-2m_t+s_t+\sum_{i\ne t}v_i\bigr).

    Worked out for this book. Full filters mix patches, and have to be sampled.

    **Arguments:** `filters` "... k d", or "... 1 d" for shared ones; `bias` "..."; `k`, `sigma`,
    `signal` as in `signal_task`.

    **Raises:** `ValueError` for filters that are not of 1 or k patches.

    >>> import numpy as np
    >>> import implicitbias as ib
    >>> float(ib.studies.signal_risk(np.full((1, 4), 0.5), 0.28, 20, 0.2).round(3))
    0.163
    """
    filters = np.asarray(filters, dtype=float)
    if filters.ndim < 2 or filters.shape[-2] not in (1, k):
        raise ValueError(f"filters must be of 1 or {k} patches, found shape {filters.shape}")
    overlaps = filters @ np.asarray(_signal(signal, filters.shape[-1]))
    spreads = sigma * np.linalg.norm(filters, axis=-1)
    b = np.asarray(bias, dtype=float)[..., None]
    mean, square = threshold_moments(overlaps, spreads, b)
    _, noise = threshold_moments(0.0, spreads, b)
    others = k * noise.mean(axis=-1)
    return 1 + (square - 2 * mean - noise).mean(axis=-1) + others


class Optimum(NamedTuple):
    """The least risk of networks whose filters point along the signal.

    - `risk`: the expected square.
    - `bias`: its threshold.
    - `length`: of its filters, at most 1.
    """

    risk: float
    bias: float
    length: float


def best_filters(k: int, sigma: float) -> Optimum:
    r"""The best threshold and length of filters along the signal, for k patches.

    The length is at most 1, as in training; :math:`\varphi_b(rz)=r\varphi_{b/r}(z)` leaves one
    minimisation over b/r. It does not depend on d. Worked out for this book.

    **Raises:** `ValueError` for k that is not a positive integer, or noise that is not positive.

    >>> import implicitbias as ib
    >>> best = ib.studies.best_filters(20, 0.2)
    >>> round(best.risk, 4), round(best.bias, 3), best.length
    (0.1631, 0.28, 1.0)
    """
    _check.integer("k", k)
    _check.positive("sigma", sigma)

    def at(u):
        mean, square = threshold_moments(1.0, sigma, u)
        _, noise = threshold_moments(0.0, sigma, u)
        total = square + (k - 1) * noise
        length = np.minimum(1.0, mean / total)
        return 1 - 2 * length * mean + length**2 * total, length

    grid = np.linspace(0.0, 1 + 6 * sigma, 400)
    lowest = int(np.argmin(at(grid)[0]))
    ends = grid[max(lowest - 1, 0)], grid[min(lowest + 1, len(grid) - 1)]
    found: Any = minimize_scalar(lambda u: at(u)[0], bounds=ends, method="bounded")
    u = min((found.x, *ends), key=lambda u: at(u)[0])
    risk, length = at(u)
    return Optimum(float(risk), float(u * length), float(length))


class Curve(NamedTuple):
    """Networks trained on growing samples, over the sizes.

    - `risk` "sizes": expected square of those chosen on validation data.
    - `peeked` "sizes": the least of all that were trained: what choosing on test data reports.
    - `error` "sizes": share of ten thousand new samples that the chosen ones get wrong, an answer
      of zero counting half.
    - `filters` "sizes ..." and `bias` "sizes": the chosen networks.
    """

    risk: np.ndarray
    peeked: np.ndarray
    error: np.ndarray
    filters: np.ndarray
    bias: np.ndarray


RATES = {
    "cnn": ((0.3, 0.1), (0.1, 0.1)),
    "lcn": ((3.0, 0.1), (1.0, 0.1)),
    "fcn": ((1.0, 0.03), (1.0, 0.01), (1.0, 0.003)),
}
"""Steps of filters and threshold that training tries; found by trial, as are `STARTS`."""

STARTS = {"cnn": (1e-3,), "lcn": (1e-3,), "fcn": (0.5, 0.5, 0.5)}
"""Lengths of filters at the start. From small or single starts, full filters often end badly."""

_BLOCK, _VALIDATION, _TEST, _ROOM = 25, 1000, 10000, 6e7


def learning_curve(
    architecture: str,
    k: int,
    d: int,
    sigma: float,
    sizes: Sequence[int],
    *,
    steps: int = 100,
    signal: ArrayLike | None = None,
    seed: int = 0,
) -> Curve:
    r"""Train on the first n of one sequence of samples, for every size n, and measure the risk.

    Every rate of `RATES` from every start of `STARTS`, looked at every 25 steps; of all these, the
    one with the least mean square on a thousand other samples is kept. All runs share one compiled
    program, which weighs samples beyond n with zero. Float32: its rounding is far below what five
    draws of the samples differ by. The risk is exact for shared and local filters, and measured on
    ten thousand samples for full ones.

    **Arguments:** `architecture` as in `start_network`; `k`, `d`, `sigma`, `signal` as in
    `signal_task`; `sizes`, increasing; `steps`, a multiple of 25; `seed`.

    **Returns:** a `Curve`.

    **Raises:** `ValueError` for another architecture, sizes that do not increase, or steps that are
    not a multiple of 25.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> ib.studies.learning_curve("cnn", 4, 5, 0.2, (8, 256)).risk.round(2).tolist()
    [0.1, 0.09]
    """
    shape = _shape(architecture, k, d)
    if not (np.diff([0, *sizes]) > 0).all():
        raise ValueError(f"sizes must be increasing positive integers, found {tuple(sizes)}")
    if steps <= 0 or steps % _BLOCK:
        raise ValueError(f"steps must be a positive multiple of {_BLOCK}, found {steps}")
    data, validation, test = (
        signal_task(n, k, d, sigma, signal=signal, seed=seed * 3 + part)
        for part, n in enumerate((max(sizes), _VALIDATION, _TEST))
    )
    runs = train_on_prefixes(
        architecture, shape, (data.X, data.y), (validation.X, validation.y), sizes, steps, seed
    )
    filters, bias = runs.chosen()
    answers = np.stack(
        [
            np.asarray(PatchNetwork(jnp.asarray(w), jnp.asarray(b))(test.X))
            for w, b in zip(filters, bias, strict=True)
        ]
    )
    if architecture == "fcn":
        risk = ((answers - np.asarray(test.y)) ** 2).mean(axis=1)
        peeked = runs.scores.min(axis=1)
    else:
        every = runs.filters[..., None, :] if architecture == "cnn" else runs.filters
        risks = signal_risk(every, runs.bias, k, sigma, signal=signal)
        risk, peeked = risks[np.arange(len(sizes)), runs.best], risks.min(axis=1)
    return Curve(risk, peeked, share_wrong(answers, test.y), filters, bias)


def share_wrong(answers: ArrayLike, y: ArrayLike) -> np.ndarray:
    """The share of labels whose sign the answers miss, along the last axis; zero misses by half.

    >>> import implicitbias as ib
    >>> float(ib.studies.share_wrong([2.0, -1.0, 0.0, 0.0], [1, 1, 1, -1]))
    0.5
    """
    return 0.5 - 0.5 * (np.sign(answers) * np.asarray(y)).mean(axis=-1)


class Runs(NamedTuple):
    """All networks of a learning curve: rates, starts and moments of training, for every size.

    - `filters` "sizes runs ...", `bias` "sizes runs": the networks.
    - `scores` "sizes runs": their mean squares on the validation data.
    """

    filters: np.ndarray
    bias: np.ndarray
    scores: np.ndarray

    @property
    def best(self) -> np.ndarray:
        """For every size, which run has the least score."""
        return self.scores.argmin(axis=1)

    def chosen(self) -> tuple[np.ndarray, np.ndarray]:
        """Filters and thresholds of the best runs."""
        rows = np.arange(len(self.scores))
        return self.filters[rows, self.best], self.bias[rows, self.best]


def train_on_prefixes(
    architecture: str,
    shape: tuple[int, ...],
    data: tuple[Array | np.ndarray, Array | np.ndarray],
    validation: tuple[Array | np.ndarray, Array | np.ndarray],
    sizes: Sequence[int],
    steps: int,
    seed: int,
    rates: Sequence[tuple[float, float]] = (),
) -> Runs:
    """Train on the first n samples for every size n, from every start and with every rate.

    **Arguments:** the `shape` of the filters; `data` and `validation`, each X "n k d" and y "n";
    `rates`, if not those of `RATES`; the others as in `learning_curve`.
    """
    fans = shape[-1] if architecture != "fcn" else shape[-1] * shape[-2]
    begins = [
        np.random.default_rng(seed + 1000 * i).standard_normal(shape) * size / fans**0.5
        for i, size in enumerate(STARTS[architecture])
    ]
    single = partial(np.asarray, dtype=np.float32)
    runs = [(pair, begin) for begin in begins for pair in rates or RATES[architecture]]
    found = [
        _train(
            single(np.stack([begin for _ in group for _, begin in runs])),
            single([pair for _ in group for pair, _ in runs]),
            np.repeat(np.asarray(group, dtype=np.int32), len(runs)),
            single(data[0][: group[-1]]),
            single(data[1][: group[-1]]),
            single(validation[0]),
            single(validation[1]),
            steps // _BLOCK,
        )
        for group in _groups(sizes, len(runs) * shape[0])
    ]

    def arranged(*parts):  # ("block", "size and run", ...) to ("size", "block and run", ...)
        blocks = len(parts[0])
        parts = [np.asarray(p, dtype=float) for p in parts]
        parts = [p.reshape(blocks, -1, len(runs), *p.shape[2:]) for p in parts]
        whole = np.moveaxis(np.concatenate(parts, axis=1), 1, 0)
        return whole.reshape(len(sizes), -1, *whole.shape[3:])

    networks, scores = jax.tree.map(arranged, *found)
    return Runs(networks.filters, networks.bias, scores)


def _groups(sizes: Sequence[int], width: int) -> list[list[int]]:
    """Sizes that train together: padding wastes time, and all responses must fit in memory."""
    groups: list[list[int]] = [[]]
    for size in sizes:
        if groups[-1] and (
            size > 4 * groups[-1][0] or size * (len(groups[-1]) + 1) * width > _ROOM
        ):
            groups.append([])
        groups[-1].append(size)
    return groups


@partial(jax.jit, static_argnames="blocks")
def _train(filters, rates, sizes, X, y, X_unseen, y_unseen, blocks):
    """Runs side by side; the networks after each block of steps, and their validation errors."""
    weights = (jnp.arange(len(y)) < sizes[:, None]) / sizes[:, None].astype(jnp.float32)
    speeds = PatchNetwork(rates[:, 0], rates[:, 1])
    gradients = jax.vmap(jax.grad(_loss), in_axes=(0, None, None, 0))
    down = jax.vmap(
        lambda network, rate, gradient: _project(
            jax.tree.map(lambda p, r, g: p - r * g, network, rate, gradient)
        )
    )
    score = jax.vmap(lambda network: ((network(X_unseen) - y_unseen) ** 2).mean())

    def block(networks, _):
        networks = jax.lax.fori_loop(
            0, _BLOCK, lambda _, now: down(now, speeds, gradients(now, X, y, weights)), networks
        )
        return networks, (networks, score(networks))

    begin = PatchNetwork(filters, jnp.zeros(len(filters), jnp.float32))
    return jax.lax.scan(block, begin, None, length=blocks)[1]


def loudest_filters(
    X: ArrayLike, y: ArrayLike, *, shared: bool = False
) -> Float[np.ndarray, "k d"]:
    """Filters from the longest patch of each sample: an algorithm that commutes with rotations.

    Where it is patch i, the filter of patch i gets the sample's patch times its label; then each
    filter is brought to length 1. Shared filters are the same for all patches. Worked out for this
    book, to tell what gradient descent leaves unused.

    **Arguments:** `X` "n k d", `y` "n", `shared`.

    **Returns:** filters "k d", or "1 d" if shared; zero where no sample has its longest patch.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> X, y, _ = ib.studies.signal_task(400, 4, 5, 0.2)
    >>> filters = ib.studies.loudest_filters(X, y)
    >>> bool((filters.sum(axis=1) / 5**0.5 > 0.99).all())
    True
    """
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    longest = np.linalg.norm(X, axis=-1).argmax(axis=1)
    filters = np.zeros(X.shape[1:])
    np.add.at(filters, longest, y[:, None] * X[np.arange(len(X)), longest])
    filters = filters.sum(axis=0, keepdims=True) if shared else filters
    return filters / np.maximum(np.linalg.norm(filters, axis=-1, keepdims=True), 1e-300)


def two_steps(X: ArrayLike, y: ArrayLike, *, seed: int = 0) -> list[PatchNetwork]:
    r"""Two steps of gradient descent for shared filters, each followed by scaling to length 1.

    The algorithm behind the upper bound of arXiv:2403.15707, as public descriptions give it: the
    start is normal with variance :math:`1/(100k^2d^2)`, the step sizes are 1 and :math:`10^3k`, the
    threshold is :math:`\frac1{32}\sqrt{(k+d)\log(kd)/(kd)}` for the second step and
    :math:`10^{-4}` at the end. For the first step, of which they do not say it, we take 0: above
    the responses of the start the gradient would vanish.

    **Arguments:** `X` "n k d", `y` "n", `seed` of the start.

    **Returns:** the networks after the first and the second step.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> X, y, _ = ib.studies.signal_task(400, 4, 5, 0.2)
    >>> first, second = ib.studies.two_steps(X, y)
    >>> [round(float(network.filters.sum() / 5**0.5), 1) for network in (first, second)]
    [1.0, -1.0]
    """
    X, y = _check.finite_array("X", np.asarray(X), 3), _check.finite_array("y", np.asarray(y), 1)
    _, k, d = X.shape
    network = start_network("cnn", k, d, size=1 / (10 * k * d**0.5), seed=seed)
    middle = float(np.sqrt((k + d) * np.log(k * d) / (k * d)) / 32)
    weights = jnp.full(len(y), 1 / len(y))
    networks = []
    for step, bias in ((1.0, middle), (1e3 * k, 1e-4)):
        filters = network.filters - step * _gradient(network, X, y, weights).filters
        network = PatchNetwork(filters / jnp.linalg.norm(filters), jnp.asarray(bias))
        networks.append(network)
    return networks


def crossing(sizes: np.ndarray, risk: np.ndarray, target: float) -> float:
    """The size at which a risk falls below the target for good, by interpolation in the logarithm.

    The first size where all risks are below, infinite where the last one is not.

    >>> import numpy as np
    >>> import implicitbias as ib
    >>> risk = np.array([0.9, 0.7, 0.2])
    >>> round(ib.studies.crossing(np.array([1, 10, 100]), risk, 0.45), 1)
    31.6
    """
    above = np.flatnonzero(risk > target)
    if not len(above):
        return float(sizes[0])
    last = above[-1]
    if last == len(sizes) - 1:
        return np.inf
    share = (risk[last] - target) / (risk[last] - risk[last + 1])
    return float(sizes[last] * (sizes[last + 1] / sizes[last]) ** share)


class Needed(NamedTuple):
    """How many samples reach a target, and how far that can be trusted.

    - `samples`: the `crossing` of the mean of the repetitions.
    - `low`, `high`: the same for the 5th and 95th per cent of resamplings of the repetitions.
    """

    samples: float
    low: float
    high: float


def needed_samples(
    sizes: ArrayLike, risks: ArrayLike, target: float, *, resamplings: int = 1000, seed: int = 0
) -> Needed:
    """Where the mean risk falls below a target for good, with the bootstrap's 90 % interval.

    **Arguments:** `sizes` "sizes", increasing; `risks` "repetitions sizes"; `target`.

    **Raises:** `ValueError` for arrays that do not match.

    >>> import implicitbias as ib
    >>> risks = [[0.9, 0.7, 0.2], [0.9, 0.7, 0.2]]
    >>> [round(samples, 1) for samples in ib.studies.needed_samples([1, 10, 100], risks, 0.45)]
    [31.6, 31.6, 31.6]
    """
    sizes, risks = np.asarray(sizes, dtype=float), np.asarray(risks, dtype=float)
    if risks.ndim != 2 or risks.shape[1:] != sizes.shape:
        raise ValueError(f"risks must be repetitions by {len(sizes)} sizes, found {risks.shape}")

    random = np.random.default_rng(seed)
    draws = random.integers(len(risks), size=(resamplings, len(risks)))
    again = [crossing(sizes, risks[draw].mean(axis=0), target) for draw in draws]
    low, high = np.quantile(again, [0.05, 0.95], method="nearest")
    return Needed(crossing(sizes, risks.mean(axis=0), target), float(low), float(high))


def _shape(architecture: str, k: int, d: int) -> tuple[int, ...]:
    if architecture not in ARCHITECTURES:
        raise ValueError(f"architecture must be one of {ARCHITECTURES}, found {architecture!r}")
    for name, size in (("k", k), ("d", d)):
        _check.integer(name, size)
    return {"cnn": (d,), "lcn": (k, d), "fcn": (k, k, d)}[architecture]


def _signal(signal: ArrayLike | None, d: int) -> np.ndarray:
    target = np.full(d, d**-0.5) if signal is None else np.asarray(signal, dtype=float)
    if target.shape != (d,) or not abs(np.linalg.norm(target) - 1) < 1e-9:
        raise ValueError(
            f"signal must be {d} numbers with squares that sum to 1, found shape {target.shape}"
        )
    return target
