r"""What kernels make of instructions: answers, and thoughts.

A kernel method cannot choose its features. On whole instructions that decides how much of the
answer it can explain; with thoughts among the inputs the same kernel does well.
"""

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from scipy.linalg import solve

from implicitbias.studies.motion.instructions import partial_products

_RIDGE = 1e-8  # against rounding only


def explained_bound(n: ArrayLike, m: int, order: int) -> np.ndarray:
    r"""The most of the answer's variance that a kernel method explains: :math:`n/(|G|-1)^m`.

    In the mean over n instructions, for kernels that depend on two instructions through where they
    agree.

    >>> import implicitbias as ib
    >>> ib.studies.motion.explained_bound([1000, 10000], 5, 6).tolist()
    [0.32, 1.0]
    """
    return np.minimum(1.0, np.asarray(n) / float(order - 1) ** m)


def relu_tangent_kernel(cosine: ArrayLike, layers: int) -> Float[np.ndarray, "..."]:
    r"""The neural tangent kernel of wide ReLU networks, for inputs of length 1 at this cosine.

    With :math:`\kappa_0(u)=1-\arccos(u)/\pi` and
    :math:`\kappa_1(u)=(\sqrt{1-u^2}+(\pi-\arccos u)u)/\pi`, each hidden layer takes
    :math:`(K,\Theta)` to :math:`(\kappa_1(K),\kappa_1(K)+\Theta\,\kappa_0(K))`; at the input
    both are the cosine. Weights of unit variance, signals divided by the root of half the width
    (Jacot et al., arXiv:1806.07572).

    >>> import implicitbias as ib
    >>> ib.studies.motion.relu_tangent_kernel([0.0, 1.0], 2).round(3).tolist()
    [0.686, 3.0]
    """
    kernel = tangent = np.asarray(cosine, dtype=float)
    for _ in range(layers):
        kernel = np.clip(kernel, -1, 1)
        angle = np.arccos(kernel)
        after = (np.sin(angle) + (np.pi - angle) * kernel) / np.pi
        kernel, tangent = after, after + tangent * (1 - angle / np.pi)
    return tangent


def kernel_answers(
    table: ArrayLike, learned: ArrayLike, asked: ArrayLike, kernel: str
) -> Float[np.ndarray, "asked order"]:
    r"""What a kernel interpolates between instructions whose answers it has seen.

    Targets are the answers' indicators less their mean, :math:`1[g_1\cdots g_m=g]-1/|G|`. With
    :math:`a` the number of places where two instructions agree, the kernels are

    - ``"pure"``: :math:`(1-\tfrac1{|G|})^a(-\tfrac1{|G|})^{m-a}`, which has functions of all m
      elements only, and attains `explained_bound`;
    - ``"relu"``: `relu_tangent_kernel` of networks with two hidden layers on one-hot inputs.

    **Arguments:** the group's `table`; instructions `learned` "n m" and `asked` "k m".

    **Raises:** `ValueError` for another kernel.

    >>> import implicitbias as ib
    >>> motion = ib.studies.motion
    >>> every = motion.every_instruction(2, 6)
    >>> answers = motion.kernel_answers(motion.dihedral_group(3), every, every, "pure")
    >>> bool((answers.argmax(axis=1) == motion.dihedral_group(3).ravel()).all())
    True
    """
    if kernel not in ("pure", "relu"):
        raise ValueError(f"kernel must be 'pure' or 'relu', found {kernel!r}")
    table = np.asarray(table)
    order, m = len(table), np.shape(learned)[1]
    known = np.unique(learned, axis=0)
    targets = np.eye(order)[partial_products(table, known)[:, -1]] - 1 / order

    def of(rows):
        here, there = (np.eye(order)[a].reshape(len(a), -1) for a in (np.asarray(rows), known))
        alike = here @ there.T
        if kernel == "relu":
            return relu_tangent_kernel(alike / m, 2)
        return (1 - 1 / order) ** alike * (-1 / order) ** (m - alike)

    return of(asked) @ (np.linalg.pinv(of(known), rcond=1e-10, hermitian=True) @ targets)


def explained_share(table: ArrayLike, asked: ArrayLike, answers: ArrayLike) -> float:
    r"""Of the variance of the answers' indicators: :math:`1-E\lVert f-t\rVert^2/E\lVert t\rVert^2`.

    **Arguments:** the group's `table`; instructions `asked` "k m"; `answers` "k order" to them,
    less the mean.

    >>> import implicitbias as ib, numpy as np
    >>> motion = ib.studies.motion
    >>> every = motion.every_instruction(2, 6)
    >>> motion.explained_share(motion.dihedral_group(3), every, np.zeros((36, 6)))
    0.0
    """
    order = len(np.asarray(table))
    targets = np.eye(order)[partial_products(table, asked)[:, -1]] - 1 / order
    return float(1 - ((np.asarray(answers) - targets) ** 2).sum() / (targets**2).sum())


def kernel_plans(table: ArrayLike, learned: ArrayLike, asked: ArrayLike) -> Int[np.ndarray, "k m"]:
    r"""What the ReLU tangent kernel writes that has learned all steps of some instructions.

    It interpolates :math:`1[h_t=g]-1/|G|` over the inputs of `train_planners`: the instruction, the
    true thoughts before t, and t, one-hot. Inputs :math:`x` differ in length, for which the kernel
    is :math:`\lVert x\rVert\lVert x'\rVert` times that of the cosine. Asked, it says the largest,
    one thought after the other, and reads what it said.

    **Arguments:** the group's `table`; instructions `learned` "n m" and `asked` "k m".

    >>> import implicitbias as ib
    >>> motion = ib.studies.motion
    >>> table, rows = motion.dihedral_group(3), motion.every_instruction(2, 6)
    >>> float(motion.right_share(table, rows, motion.kernel_plans(table, rows, rows)))
    1.0
    """
    table, asked = np.asarray(table), np.asarray(asked)
    order, m = len(table), asked.shape[1]
    known = np.unique(learned, axis=0)
    products = partial_products(table, known)
    inputs = np.concatenate([_inputs(known, products, t, order) for t in range(m)])
    targets = np.eye(order)[products.T.ravel()] - 1 / order
    gram = _lengthy_kernel(inputs, inputs) + _RIDGE * np.eye(len(inputs))
    coefficients = solve(gram, targets, assume_a="pos")
    plans = np.zeros_like(asked)
    for t in range(m):
        scores = _lengthy_kernel(_inputs(asked, plans, t, order), inputs) @ coefficients
        plans[:, t] = scores.argmax(axis=1)
    return plans


def _inputs(rows: np.ndarray, thoughts: np.ndarray, t: int, order: int) -> np.ndarray:
    m, one_hot = rows.shape[1], np.eye(order)
    read = one_hot[thoughts] * (np.arange(m) < t)[:, None]
    parts = (one_hot[rows], read, np.broadcast_to(np.eye(m)[t], (len(rows), m)))
    return np.concatenate([part.reshape(len(rows), -1) for part in parts], axis=1)


def _lengthy_kernel(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    lengths = np.outer(np.linalg.norm(here, axis=1), np.linalg.norm(there, axis=1))
    return lengths * relu_tangent_kernel(here @ there.T / lengths, 2)
