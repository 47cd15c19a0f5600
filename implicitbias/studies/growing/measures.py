r"""What stacking leaves in a network: blocks that resemble each other."""

from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Float

from implicitbias.studies.growing.operators import depth_of


def block_similarity(stack: Any, *, block: int = 1) -> Float[np.ndarray, "block block"]:
    r"""Cosines between the weights of every two blocks, averaged over their arrays.

    :math:`\frac1A\sum_a\langle W^a_i,W^a_j\rangle/(\lVert W^a_i\rVert\lVert W^a_j\rVert)` over the
    arrays a of a block. It is 1 where two blocks are equal, and near 0 for independent ones.

    **Arguments:** `stack`, as in `grow`; `block`, how many layers are one block.

    **Raises:** `ValueError` for arrays that do not agree on the number of blocks, layers that are
    not a whole number of blocks, or an array of zeros only, whose direction says nothing.

    >>> import implicitbias as ib
    >>> layers = jax.numpy.array([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    >>> ib.studies.growing.block_similarity(layers).tolist()
    [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    layers = depth_of(stack)
    if layers % block:
        raise ValueError(f"stack must be whole blocks of {block} layers, found {layers} layers")
    total, arrays = np.zeros((layers // block,) * 2), 0
    for leaf in jax.tree.leaves(eqx.filter(stack, eqx.is_inexact_array)):
        values = np.asarray(leaf, dtype=float).reshape(layers // block, block, -1)
        for rows in np.moveaxis(values, 1, 0):
            lengths = np.linalg.norm(rows, axis=1)
            if not lengths.all():
                raise ValueError("stack must have a direction in every array, found only zeros")
            total += (rows @ rows.T) / np.outer(lengths, lengths)
            arrays += 1
    return total / arrays
