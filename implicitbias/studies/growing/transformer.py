r"""A small decoder-only transformer whose blocks are a stack, so that it can grow or be looped."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from implicitbias import _check

_BASE = 1000.0  # of rotary angles: sequences are short


class Block(eqx.Module):
    r"""Attention and a network for each token, each added to what comes in: :math:`x+f(x)`.

    Inputs of both are divided by their root mean square. Positions enter by rotation of keys and
    queries. Keys are smeared, :math:`k_t\gets s\,k_t+(1-s)\,k_{t-1}` with a learned s for each
    head: without it, heads that look for what followed a token earlier hardly form in so small a
    model. After Olsson et al. (2022), who introduce it for that purpose.
    """

    attention_gain: Float[Array, " width"]
    query_key_value: Float[Array, "width 3 heads size"]
    smear: Float[Array, " heads"]
    attention_out: Float[Array, "heads size width"]
    network_gain: Float[Array, " width"]
    up: Float[Array, "width hidden"]
    down: Float[Array, "hidden width"]

    def __call__(self, x: Float[Array, "time width"]) -> Float[Array, "time width"]:
        qkv = jnp.einsum("td,dihe->ithe", _normed(x, self.attention_gain), self.query_key_value)
        query, key, value = qkv
        share = jax.nn.sigmoid(self.smear)[:, None]
        key = share * key + (1 - share) * jnp.pad(key[:-1], ((1, 0), (0, 0), (0, 0)))
        attended = jax.nn.dot_product_attention(
            _rotated(query), _rotated(key), value, is_causal=True
        )
        x = x + jnp.einsum("the,hed->td", attended, self.attention_out)
        return x + jax.nn.gelu(_normed(x, self.network_gain) @ self.up) @ self.down


class Transformer(eqx.Module):
    """Tokens to logits of the next: embedding, a stack of blocks, a last norm, and a matrix.

    - `blocks`: a stack. `loops`: how often it is run; more than once is a looped model, whose
      layers share their weights in rounds.
    """

    embedding: Float[Array, "tokens width"]
    blocks: Block
    gain: Float[Array, " width"]
    unembedding: Float[Array, "width tokens"]
    loops: int = eqx.field(static=True, default=1)

    def __call__(self, tokens: Int[Array, " time"]) -> Float[Array, "time tokens"]:
        def run(x, block):
            return block(x), None

        x = self.embedding[tokens]
        for _ in range(self.loops):
            x, _ = jax.lax.scan(run, x, self.blocks)
        return _normed(x, self.gain) @ self.unembedding


def blocks_of(transformer: Any) -> Block:
    """The stack of blocks: `where` to grow."""
    return transformer.blocks


def outputs_of(blocks: Block) -> tuple[Array, Array]:
    """What the outputs of blocks are proportional to: `outputs` in growth."""
    return blocks.attention_out, blocks.down


def fresh_blocks(count: int, width: int, heads: int, *, depth: int, seed: Any = 0) -> Block:
    r"""A stack of blocks before training.

    Weights are normal with variance one over the number of their inputs; those of outputs are
    divided by :math:`\sqrt{2\,\text{depth}}`.

    **Arguments:** `count` blocks; `width` of the stream, a multiple of twice the number of `heads`;
    `depth`, that of the model when grown; `seed`.

    **Raises:** `ValueError` for sizes that are not positive integers, or do not divide.
    """
    for name, size in (("count", count), ("width", width), ("heads", heads), ("depth", depth)):
        _check.integer(name, size)
    if width % (2 * heads):
        raise ValueError(f"width must be a multiple of twice the {heads} heads, found {width}")
    size = width // heads

    def one(key):
        keys = jax.random.split(key, 4)
        small = (2 * depth) ** -0.5
        return Block(
            jnp.ones(width, jnp.float32),
            _normal(keys[0], (width, 3, heads, size), width**-0.5),
            jnp.zeros(heads, jnp.float32),
            _normal(keys[1], (heads, size, width), small * width**-0.5),
            jnp.ones(width, jnp.float32),
            _normal(keys[2], (width, 4 * width), width**-0.5),
            _normal(keys[3], (4 * width, width), small * (4 * width) ** -0.5),
        )

    return jax.vmap(one)(jax.random.split(jax.random.key(seed), count))


def start_transformer(
    tokens: int, width: int, heads: int, layers: int, *, depth: int, loops: int = 1, seed: int = 0
) -> Transformer:
    """A transformer before training, in single precision.

    **Arguments:** how many different `tokens`; `width`, `heads` and `depth` as in `fresh_blocks`;
    `layers` now; `loops`; `seed`.

    **Raises:** `ValueError` as `fresh_blocks`.

    >>> import implicitbias as ib
    >>> model = ib.studies.growing.start_transformer(10, 8, 2, 3, depth=3)
    >>> model(jax.numpy.array([1, 2, 3])).shape
    (3, 10)
    """
    _check.integer("tokens", tokens)
    _check.integer("loops", loops)
    into, out = jax.random.split(jax.random.fold_in(jax.random.key(seed), 1))
    return Transformer(
        _normal(into, (tokens, width), 1.0),
        fresh_blocks(layers, width, heads, depth=depth, seed=seed),
        jnp.ones(width, jnp.float32),
        _normal(out, (width, tokens), width**-0.5),
        loops,
    )


def forward_flops(model: Transformer, time: int) -> int:
    r"""Operations of the matrix products for one sequence, a multiplication and a sum being two.

    :math:`2T(p+dV)+4T^2dL` for T tokens: p is the number of weights of all L blocks as often as
    they are run, d the width, V the number of tokens there are. Training takes three times as many.

    >>> import implicitbias as ib
    >>> growing = ib.studies.growing
    >>> growing.forward_flops(growing.start_transformer(10, 8, 2, 3, depth=3), 16)
    100864
    """
    blocks = model.blocks
    matrices = (blocks.query_key_value, blocks.attention_out, blocks.up, blocks.down)
    weights = model.loops * sum(matrix.size for matrix in matrices) + model.unembedding.size
    width, layers = len(model.gain), model.loops * len(blocks.smear)
    return 2 * time * weights + 4 * time**2 * width * layers


def _normal(key: Array, shape: tuple[int, ...], size: float) -> Float[Array, "..."]:
    return jnp.float32(size) * jax.random.normal(key, shape, jnp.float32)


def _normed(x: Float[Array, "time width"], gain: Float[Array, " width"]) -> Array:
    return gain * x * jax.lax.rsqrt((x**2).mean(axis=-1, keepdims=True) + 1e-6)


def _rotated(x: Float[Array, "time heads size"]) -> Float[Array, "time heads size"]:
    time, _, size = x.shape
    speeds = _BASE ** (-jnp.arange(size // 2, dtype=x.dtype) / (size // 2))
    angles = jnp.arange(time, dtype=x.dtype)[:, None, None] * speeds
    first, second = jnp.split(x, 2, axis=-1)
    cosine, sine = jnp.cos(angles), jnp.sin(angles)
    return jnp.concatenate(
        [first * cosine - second * sine, first * sine + second * cosine], axis=-1
    )
