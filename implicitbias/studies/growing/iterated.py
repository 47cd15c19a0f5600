r"""A map applied again and again, and residual networks that learn what comes out.

The laboratory of both chapters on growing networks: the target is :math:`g^L(x)`, L rounds of one
map, so a network of L layers that are all equal can be right, and at any number of rounds.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from implicitbias import _check
from implicitbias.studies.growing.operators import depth_of, grow


class Layer(eqx.Module):
    r"""The residual layer :math:`x+\tanh(xV+b)\,U`."""

    into: Float[Array, "width hidden"]
    bias: Float[Array, " hidden"]
    out: Float[Array, "hidden width"]

    def __call__(self, x: Float[Array, "n width"]) -> Float[Array, "n width"]:
        return x + jnp.tanh(x @ self.into + self.bias) @ self.out


class ResidualNetwork(eqx.Module):
    """A stack of `Layer`, one after another, and all of it repeated.

    - `loops`: how often the stack is run; more than once is a looped network.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> growing = ib.studies.growing
    >>> network = growing.ResidualNetwork(growing.fresh_layers(3, 2, 4))
    >>> network(jax.numpy.ones((5, 2))).shape
    (5, 2)
    """

    layers: Layer
    loops: int = eqx.field(static=True, default=1)

    def __call__(self, x: Float[Array, "n width"]) -> Float[Array, "n width"]:
        def once(x, _):
            return jax.lax.scan(lambda x, layer: (layer(x), None), x, self.layers)

        return jax.lax.scan(once, x, length=self.loops)[0]


def fresh_layers(
    count: int, width: int, hidden: int, *, size: float = 0.35, seed: Any = 0
) -> Layer:
    r"""A stack of layers before training.

    Entries of V are normal with variance 1/width, those of U with variance
    :math:`\text{size}^2/\text{hidden}`, biases zero.

    **Raises:** `ValueError` for sizes that are not positive.
    """
    for name, number in (("count", count), ("width", width), ("hidden", hidden)):
        _check.integer(name, number)
    _check.positive("size", size)
    into, out = jax.random.split(jax.random.key(seed))
    return Layer(
        jax.random.normal(into, (count, width, hidden)) / width**0.5,
        jnp.zeros((count, hidden)),
        jax.random.normal(out, (count, hidden, width)) * size / hidden**0.5,
    )


def iterate(layer: Layer, x: Float[Array, "n width"], rounds: int) -> Float[Array, "n width"]:
    """One layer (a stack of one) applied again and again.

    **Raises:** `ValueError` for rounds that are not an integer, or a stack of several layers.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> growing = ib.studies.growing
    >>> g, x = growing.fresh_layers(1, 2, 4), jax.numpy.ones((1, 2))
    >>> twice = growing.iterate(g, growing.iterate(g, x, 1), 1)
    >>> bool((growing.iterate(g, x, 2) == twice).all())
    True
    """
    _check.integer("rounds", rounds, least=0)
    if layer.bias.shape[0] != 1:
        raise ValueError(f"layer must be a stack of one, found {layer.bias.shape[0]} layers")
    one = jax.tree.map(lambda leaf: leaf[0], layer)
    return jax.lax.fori_loop(0, rounds, lambda _, x: one(x), x)


def lengthened(network: Any, extra: int) -> Any:
    """The network with more copies of its middle layer, right after it.

    **Arguments:** `network`, whose `layers` are a stack and run `loops` times; in the result each
    round has layers of its own. `extra`, how many copies.

    **Raises:** `ValueError` for an `extra` that is not an integer, or is negative.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> import implicitbias as ib
    >>> growing = ib.studies.growing
    >>> looped = growing.ResidualNetwork(growing.fresh_layers(2, 3, 4), loops=3)
    >>> growing.depth_of(growing.lengthened(looped, 1).layers)
    7
    """
    _check.integer("extra", extra, least=0)
    order = jnp.tile(jnp.arange(depth_of(network.layers)), network.loops)
    rounds = type(network)(jax.tree.map(lambda leaf: leaf[order], network.layers))
    if extra == 0:
        return rounds
    return grow(rounds, lambda network: network.layers, "middle", added=extra)


def extrapolation_error(
    network: ResidualNetwork, teacher: Layer, x: Float[Array, "n width"], extra: int
) -> Float[Array, ""]:
    r"""How well copies of the middle layer go on with what the network has learned.

    The network of L layers gets `extra` copies of its middle layer, after it, and should compute
    the teacher's :math:`g^{L+\text{extra}}`. The mean square error over the target's variance.

    **Raises:** `ValueError` for an `extra` that is not an integer, or is negative.
    """
    longer = lengthened(network, extra)
    target = iterate(teacher, x, depth_of(longer.layers))
    spread = ((target - target.mean(axis=0)) ** 2).mean()
    return ((longer(x) - target) ** 2).mean() / spread
