r"""Instructions that compose: products in a group, and what can be said of learning them.

An instruction is a row of m elements of a finite group, and its answer their product, in order. For
the group of a regular polygon's symmetries this is a robot's turns: each element is what the robot
does to its own heading and handedness, and the products are where it stands.
"""

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from implicitbias import _check


def dihedral_group(sides: int) -> Int[np.ndarray, "order order"]:
    r"""The table of the symmetries of a polygon: `table[a, b]` is the product ab.

    Element :math:`k+ns` stands for :math:`r^kf^s`, k turns by :math:`2\pi/n` after s reflections;
    :math:`fr=r^{-1}f`. With three sides it is :math:`S_3`, the smallest group that does not
    commute.

    **Raises:** `ValueError` for fewer than three sides.

    >>> import implicitbias as ib
    >>> table = ib.studies.motion.dihedral_group(3)
    >>> table.shape, int(table[1, 3]), int(table[3, 1])
    ((6, 6), 4, 5)
    """
    _check.integer("sides", sides)
    if sides < 3:
        raise ValueError(f"sides must be at least 3, found {sides}")
    element = np.arange(2 * sides)
    turn, flip = element % sides, element // sides
    turns = (turn[:, None] + np.where(flip[:, None] == 1, -turn, turn)) % sides
    return turns + sides * ((flip[:, None] + flip) % 2)


def partial_products(table: ArrayLike, elements: ArrayLike) -> Int[np.ndarray, "... m"]:
    r"""The products :math:`h_t=g_1\cdots g_t` along the last axis; the last is the answer.

    **Raises:** `ValueError` for elements that the table does not have.

    >>> import implicitbias as ib
    >>> motion = ib.studies.motion
    >>> motion.partial_products(motion.dihedral_group(3), [1, 3, 1]).tolist()
    [1, 4, 3]
    """
    table, elements = np.asarray(table), np.asarray(elements)
    if elements.size and not (0 <= elements.min() and elements.max() < len(table)):
        raise ValueError(
            f"elements must lie between 0 and {len(table) - 1}, "
            f"found {elements.min()} to {elements.max()}"
        )
    products = elements.copy()
    for t in range(1, elements.shape[-1]):
        products[..., t] = table[products[..., t - 1], elements[..., t]]
    return products


def draw_instructions(n: int, m: int, order: int, *, seed: int = 0) -> Int[np.ndarray, "n m"]:
    """Rows of m elements of a group of this order, drawn independently and uniformly.

    >>> import implicitbias as ib
    >>> ib.studies.motion.draw_instructions(100, 5, 6).shape
    (100, 5)
    """
    for name, size in (("n", n), ("m", m), ("order", order)):
        _check.integer(name, size)
    return np.random.default_rng(seed).integers(order, size=(n, m))


def every_instruction(m: int, order: int) -> Int[np.ndarray, "all m"]:
    """All rows of m elements.

    >>> import implicitbias as ib
    >>> ib.studies.motion.every_instruction(3, 6).shape
    (216, 3)
    """
    return np.indices((order,) * m).reshape(m, -1).T


def walk(poses: ArrayLike, sides: int) -> Float[np.ndarray, "... positions 2"]:
    r"""Where a robot comes that goes one step ahead in each of its poses, from zero.

    A pose is an element of `dihedral_group`; its heading is :math:`2\pi k/n`.

    >>> import implicitbias as ib
    >>> ib.studies.motion.walk([0, 1, 2], 3).round(2).tolist()[1:3]
    [[1.0, 0.0], [0.5, 0.87]]
    """
    angle = 2 * np.pi * (np.asarray(poses) % sides) / sides
    steps = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return np.concatenate([np.zeros_like(steps[..., :1, :]), steps.cumsum(axis=-2)], axis=-2)


def refreshed_share(steps: ArrayLike, rate: ArrayLike, order: int) -> np.ndarray:
    r"""How often a chain of products is right after some of its steps went wrong.

    .. math:: \frac1{|G|}+\Bigl(1-\frac1{|G|}\Bigr)(1-c)^k

    when after each of k steps the product is replaced, with probability c, by one drawn uniformly.
    An error to a uniformly drawn *other* element, of probability e, is :math:`c=e|G|/(|G|-1)`.

    >>> import implicitbias as ib
    >>> round(float(ib.studies.motion.refreshed_share(4, 0.1, 6)), 4)
    0.7134
    """
    return 1 / order + (1 - 1 / order) * (1 - np.asarray(rate)) ** np.asarray(steps)


def seen_share(n: ArrayLike, m: int, order: int) -> np.ndarray:
    r"""The expected share of all instructions that are among n: :math:`1-(1-|G|^{-m})^n`.

    >>> import implicitbias as ib
    >>> round(float(ib.studies.motion.seen_share(3000, 5, 6)), 3)
    0.32
    """
    return -np.expm1(np.asarray(n) * np.log1p(-(float(order) ** -m)))


def unseen_steps(n: ArrayLike, m: int, order: int) -> np.ndarray:
    r"""The expected number of pairs :math:`(h_{t-1},g_t)`, :math:`t\ge2`, not among n instructions.

    .. math:: |G|(|G|-1)\,q_{\ne}^n+|G|\,q_=^n

    The products of one instruction are independent and uniform, and a pair is two neighbours among
    them. So :math:`q=a_m/|G|^m`, with the number of words that avoid two given neighbours:
    :math:`a_t=|G|a_{t-1}-a_{t-2}` if these differ, :math:`a_t=(|G|-1)(a_{t-1}+a_{t-2})` if they
    are the same; :math:`a_0=1`, :math:`a_1=|G|`.

    >>> import implicitbias as ib
    >>> ib.studies.motion.unseen_steps([10, 30, 100], 5, 6).round(2).tolist()
    [11.65, 1.23, 0.0]
    """
    different, same = [1, order], [1, order]
    for _ in range(m - 1):
        different.append(order * different[-1] - different[-2])
        same.append((order - 1) * (same[-1] + same[-2]))
    n = np.asarray(n, dtype=float)
    everything = float(order) ** m
    return (
        order * (order - 1) * (different[m] / everything) ** n + order * (same[m] / everything) ** n
    )
