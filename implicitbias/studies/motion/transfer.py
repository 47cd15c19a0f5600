r"""Skills that one arm has and another does not: one matrix of joint paths, completed by training.

The joint displacements of all arms (rows) in all skills at all moments (columns) are one matrix Y.
To first order an arm with the Jacobian J at home follows a motion x of its hand by
:math:`J^+x`, so Y is nearly a product of two factors: the arms' pseudo-inverses below each other,
and the motions side by side. An arm that never had a skill leaves out a whole block.
"""

from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Bool, Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from implicitbias import _check

from .arms import Arm, Robot, joint_path, planar_arm, random_motions

TOLERANCE = 0.1
"""How near to its place a hand counts as being there, as a share of the amplitude."""

SKILLS = 10
_FAMILY = (
    ((0.55, 0.45), 0.0),
    ((0.4, 0.35, 0.25), 0.9),
    ((0.3, 0.3, 0.2, 0.2), -0.7),
    ((0.25, 0.2, 0.2, 0.2, 0.15), 2.0),
    ((0.3, 0.3, 0.4), 3.0),
    ((0.45, 0.55), -2.0),
)
_CHUNK = 50  # steps between two looks at the norms, which bound the curvature
_LARGEST_CHANGE = 0.05  # of a factor in one step, in its Frobenius norm
_FITTED = 1e-6  # of the loss at the start


class TransferTask(NamedTuple):
    """Robots, motions of their hands, and which robot has seen which.

    - `robots`: r of them.
    - `motions` "skill time k": of the hand, as displacements from home; k is 2, or 4 for two hands.
    - `displacements` "joint skill time": of the joints of all robots, one robot after the other.
    - `seen` "r skill": whether the robot has been shown the skill.
    """

    robots: tuple[Robot, ...]
    motions: Float[np.ndarray, "skill time k"]
    displacements: Float[np.ndarray, "joint skill time"]
    seen: Bool[np.ndarray, "r skill"]

    @property
    def owner(self) -> Int[np.ndarray, " joint"]:
        """Which robot a joint belongs to."""
        return np.repeat(np.arange(len(self.robots)), [len(r.home) for r in self.robots])

    @property
    def observed(self) -> Bool[np.ndarray, "joint skill time"]:
        """Which displacements have been shown."""
        blocks = self.seen[self.owner][:, :, None]
        return np.broadcast_to(blocks, self.displacements.shape)

    @property
    def table(self) -> tuple[Float[np.ndarray, "m n"], Bool[np.ndarray, "m n"]]:
        """The displacements as a matrix, a row for each joint, and which of them were shown."""
        shape = (len(self.owner), -1)
        return self.displacements.reshape(shape), self.observed.reshape(shape)

    @property
    def asked(self) -> Bool[np.ndarray, "r skill"]:
        """Skills that can transfer, since a robot has not seen them and another one has."""
        return ~self.seen & self.seen.any(axis=0)

    def hands(self, displacements: ArrayLike) -> Float[np.ndarray, "r skill time k"]:
        """Where displaced joints bring the hands, as displacements from home."""
        moved = np.asarray(displacements).reshape(self.displacements.shape)
        places = []
        for i, robot in enumerate(self.robots):
            angles = robot.home + np.moveaxis(moved[self.owner == i], 0, -1)
            places.append(np.asarray(robot.hand(angles) - robot.hand(robot.home)))
        return np.stack(places)

    def progress(self, displacements: ArrayLike) -> Float[np.ndarray, "r skill"]:
        """The share of the moments at which all hands are within a tenth of the amplitude."""
        return share_there(self.hands(displacements), self.motions)

    def zero_shot(self, displacements: ArrayLike) -> float:
        """The mean progress in the skills that are `asked`."""
        return float(self.progress(displacements)[self.asked].mean())


class Completion(NamedTuple):
    """What training made of a matrix with holes.

    - `matrix` "m n": the answer.
    - `loss`: that remains on what was observed, as a share of the loss at the start.
    """

    matrix: Float[np.ndarray, "m n"]
    loss: float


def share_there(
    hands: Float[ArrayLike, "*b time k"], motions: Float[ArrayLike, "*b time k"]
) -> Float[np.ndarray, "*b"]:
    """The share of the moments at which all hands are within a tenth of the largest distance.

    Args:
        hands: where they are, two coordinates each.
        motions: where they should be; the amplitude is the largest distance of a hand from home.

    Example:
        >>> share_there([[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [1.0, 0.0]])
        np.float64(0.5)
    """
    wanted, found = np.asarray(motions), np.asarray(hands)
    apart = (found - wanted).reshape(*np.broadcast_shapes(found.shape, wanted.shape)[:-1], -1, 2)
    farthest = np.linalg.norm(wanted.reshape(*wanted.shape[:-1], -1, 2), axis=-1).max()
    return (np.linalg.norm(apart, axis=-1).max(axis=-1) < TOLERANCE * farthest).mean(axis=-1)


def arm_family(count: int) -> tuple[Arm, ...]:
    """The first of six arms with 2, 3, 4, 5, 3 and 2 links, all of length one.

    Raises:
        ValueError: a count that is not between 1 and 6.

    Example:
        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> [len(arm.lengths) for arm in arm_family(4)]
        [2, 3, 4, 5]
    """
    _check.integer("count", count)
    if count > len(_FAMILY):
        raise ValueError(f"count must be at most {len(_FAMILY)}, found {count}")
    return tuple(
        planar_arm(np.array(lengths), direction=angle) for lengths, angle in _FAMILY[:count]
    )


def graph_parts(seen: Bool[ArrayLike, "r skill"]) -> tuple[int, Int[np.ndarray, " r+skill"]]:
    """Into how many parts the graph of robots and skills falls, and which part each belongs to.

    A robot is joined to the skills that it has seen. Robots come first, then skills.

    Example:
        >>> graph_parts([[True, False], [False, True]])[0]
        2
    """
    shown = np.asarray(seen, dtype=bool)
    robots, skills = shown.shape
    i, j = np.nonzero(shown)
    graph = coo_array((np.ones(len(i)), (i, robots + j)), shape=(robots + skills,) * 2)
    count, labels = connected_components(graph, directed=False)
    return int(count), labels


def seen_skills(robots: int, skills: int, missing: int, *, seed: int = 0) -> np.ndarray:
    """Which robot has seen which skill: each misses so many, drawn at random.

    Draws are repeated until the graph of robots and skills is connected, where there are enough
    pairs for that (`robots` + `skills` - 1), and else until each skill was seen by somebody, where
    there are enough for that.

    Raises:
        ValueError: numbers that are not positive, or no skill left to see.

    Example:
        >>> seen_skills(2, 5, 2).sum(axis=1)
        array([3, 3])
    """
    _check.integer("robots", robots)
    _check.integer("skills", skills)
    _check.integer("missing", missing, least=0)
    if missing >= skills:
        raise ValueError(f"missing must be below the {skills} skills, found {missing}")
    each = skills - missing
    random = np.random.default_rng(seed)
    while True:
        order = random.permuted(np.tile(np.arange(skills), (robots, 1)), axis=1)
        seen = order < each
        if robots * each >= robots + skills - 1:
            if graph_parts(seen)[0] == 1:
                return seen
        elif robots * each < skills or seen.any(axis=0).all():
            return seen


def transfer_task(
    robots: Sequence[Robot],
    motions: Float[ArrayLike, "skill time k"],
    seen: Bool[ArrayLike, "r skill"],
) -> TransferTask:
    """The joint paths of all robots in all skills, from `joint_path`.

    Raises:
        ValueError: `seen` does not have a row for each robot and a column for each skill, or a
            motion leads out of reach.

    Example:
        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> import implicitbias as ib
        >>> motions = ib.studies.motion.random_motions(3, amplitude=0.1)
        >>> task = transfer_task(arm_family(2), motions, [[True, True, False], [True, False, True]])
        >>> task.displacements.shape
        (5, 3, 25)
        >>> task.zero_shot(task.displacements)
        1.0
    """
    curves, shown = np.asarray(motions), np.asarray(seen, dtype=bool)
    if shown.shape != (len(robots), len(curves)):
        raise ValueError(
            f"seen must have a row for each of {len(robots)} robots and a column for each of "
            f"{len(curves)} skills, found shape {shown.shape}"
        )
    rows = [np.asarray(joint_path(r, r.hand(r.home) + curves) - r.home) for r in robots]
    displacements = np.concatenate([np.moveaxis(row, -1, 0) for row in rows])
    return TransferTask(tuple(robots), curves, displacements, shown)


def random_transfer(arms: int, missing: int, amplitude: float, *, seed: int = 0) -> TransferTask:
    """Ten random motions for the first arms of the family, of which each arm misses some.

    Example:
        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> task = random_transfer(6, 4, 0.05)
        >>> task.displacements.shape, round(float(task.observed.mean()), 6)
        ((19, 10, 25), 0.6)
    """
    return transfer_task(
        arm_family(arms),
        random_motions(SKILLS, amplitude=amplitude, seed=seed),
        seen_skills(arms, SKILLS, missing, seed=seed),
    )


def linear_paths(task: TransferTask) -> Float[np.ndarray, "joint skill time"]:
    r"""The joint paths of linear theory, :math:`J^+x` with the Jacobian J at home."""
    rows = [
        np.einsum("jk,stk->jst", np.linalg.pinv(robot.jacobian(robot.home)), task.motions)
        for robot in task.robots
    ]
    return np.concatenate(rows)


def shared_completion(task: TransferTask, rank: int = 2) -> Float[np.ndarray, "joint skill time"]:
    """A completion of a low rank, found along the graph of robots and skills, without training.

    In each part of the graph a first block is split into a factor for its robot and one for its
    skill. A robot that has seen skills with known factors gets its own by least squares, and so do
    skills. What would join two parts stays zero.

    If the displacements are exactly of this rank, every observed block has it too, and the graph is
    connected, this is the only completion.

    Raises:
        ValueError: a rank that is not positive.

    Example:
        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> task = random_transfer(6, 7, 0.01)
        >>> task.zero_shot(shared_completion(task))
        1.0
    """
    _check.integer("rank", rank)
    answer = np.zeros_like(task.displacements)
    labels = graph_parts(task.seen)[1]
    for part in set(labels[: len(task.robots)]):
        robots = np.flatnonzero(labels[: len(task.robots)] == part)
        left, right = _factors(task, robots, rank)
        for i, factor in left.items():
            for s, path in right.items():
                answer[task.owner == i, s] = factor @ path
    return answer


def _factors(
    task: TransferTask, robots: Int[np.ndarray, " i"], rank: int
) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    """Factors "joint rank" of connected robots, and "rank time" of the skills they have seen."""
    rows = {i: task.displacements[task.owner == i] for i in robots}
    first = max(robots, key=lambda i: task.seen[i].sum())
    left: dict[int, np.ndarray] = {}
    right: dict[int, np.ndarray] = {}
    if not task.seen[first].any():
        return left, right
    at = int(np.argmax(task.seen[first]))
    left[first] = np.linalg.svd(rows[first][:, at])[0][:, :rank]
    while len(left) < len(robots) or len(right) < task.seen[robots].any(axis=0).sum():
        for s in map(int, np.flatnonzero(task.seen[list(left)].any(axis=0))):
            if s not in right:
                by = [i for i in left if task.seen[i, s]]
                factors = np.concatenate([left[i] for i in by])
                block = np.concatenate([rows[i][:, s] for i in by])
                right[s] = np.linalg.lstsq(factors, block, rcond=None)[0]
        for i in robots:
            of = [s for s in right if task.seen[i, s]]
            if i not in left and of:
                factors = np.concatenate([right[s] for s in of], axis=1)
                block = np.concatenate([rows[i][:, s] for s in of], axis=1)
                left[i] = np.linalg.lstsq(factors.T, block.T, rcond=None)[0].T
    return left, right


def deep_completion(
    values: Float[ArrayLike, "m n"],
    observed: Bool[ArrayLike, "m n"],
    depth: int,
    scale: float,
    *,
    width: int = 48,
    seed: int = 0,
    steps: int = 5000,
) -> Completion:
    r"""Fills a matrix by training a product of N factors, centred at its start,

    .. math:: \hat Y = W_1\cdots W_N - W_1(0)\cdots W_N(0),

    on half the squared error of the observed entries, these scaled to spectral norm 1. Entries of
    all factors start as :math:`N(0, \alpha^{2/N}/k)` with the width k, so that those of the product
    have the variance :math:`\alpha^2/k`.

    Gradient descent with steps that follow the flow: the inverse of a bound on the curvature, from
    the spectral norms of factors and residual, and no factor changes by more than a twentieth. It
    ends when the loss is a millionth of its start, or after so many steps.

    Args:
        values: the matrix; what is not observed is not looked at.
        observed: which entries are.
        depth: N, an integer of at least 2.
        scale: :math:`\alpha > 0`.
        width: k, of all inner dimensions.
        seed: of the start.
        steps: at most so many, in chunks of 50.

    Raises:
        ValueError: arguments outside of these ranges, or nothing observed but zeros.

    Example:
        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> import numpy as np
        >>> Y = np.outer([1.0, 2.0, 3.0], [1.0, -1.0, 2.0])
        >>> known = np.array([[1, 1, 1], [1, 1, 1], [1, 1, 0]], dtype=bool)
        >>> bool(abs(deep_completion(Y, known, 3, 1e-4).matrix[2, 2] - 6) < 0.1)
        True
    """
    target, known, size = _normalised(values, observed)
    _check.positive("scale", scale)
    _check.integer("steps", steps)
    factors = _random_factors(target.shape, depth, width, seed)
    factors = tuple(jnp.asarray(scale ** (1 / depth) * factor) for factor in factors)
    trained, loss = _descend(factors, jnp.asarray(target), jnp.asarray(known), -(-steps // _CHUNK))
    return Completion(size * np.asarray(trained), float(loss))


def tangent_completion(
    values: Float[ArrayLike, "m n"],
    observed: Bool[ArrayLike, "m n"],
    depth: int,
    *,
    width: int = 48,
    seed: int = 0,
) -> Float[np.ndarray, "m n"]:
    r"""What `deep_completion` tends to as the scale grows: regression with its tangent kernel,

    .. math:: K_{(i,t),(j,u)} = \frac1N\sum_{l=1}^N (A_lA_l^\top)_{ij}\,(B_l^\top B_l)_{tu},
        \qquad A_l = W_1\cdots W_{l-1},\quad B_l = W_{l+1}\cdots W_N,

    at the start. The answer is :math:`K_{\cdot o}K_{oo}^{-1}y_o` with the observed entries o. As
    the width grows, K tends to the identity, and what is not observed stays zero.

    Takes memory for two matrices with a row for each observed entry.

    Example:
        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> import numpy as np
        >>> Y = np.outer([1.0, 2.0, 3.0], [1.0, -1.0, 2.0])
        >>> known = np.array([[1, 1, 1], [1, 1, 1], [1, 1, 0]], dtype=bool)
        >>> wide = tangent_completion(Y, known, 2, width=10**6)
        >>> bool(abs(wide[2, 2]) < 0.1)
        True
    """
    target, known, size = _normalised(values, observed)
    factors = _random_factors(target.shape, depth, width, seed)
    lefts, rights = _left_products(factors), _left_products([f.T for f in factors[::-1]])[::-1]
    grams = [(a @ a.T, b @ b.T) for a, b in zip(lefts, rights, strict=True)]
    rows, columns = np.nonzero(known)
    kernel = np.zeros((len(rows), len(rows)))
    for a, b in grams:
        kernel += a[np.ix_(rows, rows)] * b[np.ix_(columns, columns)]
    weights = np.zeros(target.shape)
    weights[rows, columns] = np.linalg.solve(kernel, target[rows, columns])
    return size * np.sum([a @ weights @ b for a, b in grams], axis=0)


def noise_of_width(
    values: Float[ArrayLike, "m n"], observed: Bool[ArrayLike, "m n"], depth: int
) -> Float[np.ndarray, "m n"]:
    r"""The variance that the tangent kernel of random factors gives to entries, times the width,

    .. math:: \frac{(N-1)(2N-1)}{6N}\Bigl(\sum_{u}y_{iu}^2+\sum_jy_{jt}^2\Bigr),

    the sums over what is observed in the row and the column of an entry (i, t) that is not. It is
    the limit as the width grows.

    Example:
        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> noise_of_width([[3.0, 0.0], [0.0, 4.0]], [[True, False], [True, True]], 2)[0, 1]
        np.float64(6.25)
    """
    target, known, size = _normalised(values, observed)
    _check.integer("depth", depth, least=2)
    squares = np.where(known, (size * target) ** 2, 0)
    share = (depth - 1) * (2 * depth - 1) / (6 * depth)
    return share * (squares.sum(axis=1, keepdims=True) + squares.sum(axis=0))


def _normalised(values: ArrayLike, observed: ArrayLike) -> tuple[np.ndarray, np.ndarray, float]:
    """What is observed, zero elsewhere, at spectral norm 1; where; and the norm it had."""
    Y, known = np.asarray(_check.finite_array("values", values, 2)), np.asarray(observed, bool)
    if known.shape != Y.shape:
        raise ValueError(f"observed must have the shape of values, {Y.shape}, found {known.shape}")
    shown = np.where(known, Y, 0)
    size = float(np.linalg.norm(shown, 2))
    if size == 0:
        raise ValueError("values must not be zero in all observed entries")
    return shown / size, known, size


def _random_factors(shape: tuple[int, int], depth: int, width: int, seed: int) -> list[np.ndarray]:
    _check.integer("depth", depth, least=2)
    _check.integer("width", width)
    random = np.random.default_rng(seed)
    sides = [shape[0], *[width] * (depth - 1), shape[1]]
    return [
        random.standard_normal((m, n)) / width**0.5
        for m, n in zip(sides[:-1], sides[1:], strict=True)
    ]


def _left_products(factors: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The product of all factors before each one."""
    products = [np.eye(len(factors[0]))]
    for factor in factors[:-1]:
        products.append(products[-1] @ factor)
    return products


@eqx.filter_jit
def _descend(
    start: tuple[Array, ...], target: Array, known: Array, chunks: int
) -> tuple[Array, Array]:
    """The centred product after training, and the share of the loss that remains."""
    depth = len(start)

    def product(factors):
        answer = factors[0]
        for factor in factors[1:]:
            answer = answer @ factor
        return answer

    centre = product(start)

    def residual(factors):
        return jnp.where(known, product(factors) - centre - target, 0)

    def loss(factors):
        return jnp.sum(residual(factors) ** 2) / 2

    def norm(matrix):
        gram = matrix @ matrix.T if matrix.shape[0] < matrix.shape[1] else matrix.T @ matrix
        return jnp.sqrt(jnp.linalg.eigvalsh(gram)[-1])

    def steepest(factors):
        norms = jnp.stack([norm(factor) for factor in factors])
        through = sum(jnp.prod(jnp.delete(norms, j) ** 2) for j in range(depth))
        bent = (depth - 1) * norm(residual(factors)) * jnp.max(norms) ** (depth - 2)
        return through + bent

    def step(_, state):
        factors, bound = state
        slopes = jax.grad(loss)(factors)
        pairs = list(zip(factors, slopes, strict=True))
        sizes = [jnp.linalg.norm(f) / (jnp.linalg.norm(g) + 1e-300) for f, g in pairs]
        length = jnp.minimum(1 / bound, _LARGEST_CHANGE * jnp.min(jnp.stack(sizes)))
        return tuple(f - length * g for f, g in pairs), bound

    first = loss(start)

    def chunk(state):
        number, factors, _ = state
        factors, _ = jax.lax.fori_loop(0, _CHUNK, step, (factors, steepest(factors)))
        return number + 1, factors, loss(factors) / first

    def unfinished(state):
        return (state[0] < chunks) & (state[2] > _FITTED)

    _, factors, left = jax.lax.while_loop(unfinished, chunk, (0, start, jnp.ones(())))
    return product(factors) - centre, left
