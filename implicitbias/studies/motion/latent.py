r"""Motion transfer beyond the linear theory: one motion latent, an encoder and a decoder per robot.

What the robots do in a skill at a moment is encoded by each robot that has seen the skill. The mean
is the latent, and each robot's decoder makes joint displacements of it:

.. math:: z_s(t)=\frac1{|R_s|}\sum_{r\in R_s}E_r\,q_{r,s}(t),\qquad \hat q_{r,s}(t)=D_r\,z_s(t),

with one hidden layer of tanh in each E and D, trained on what was seen. Linear E and D would make
:math:`\hat Y` a product of matrices again.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from implicitbias import _check

from .transfer import Completion, TransferTask

_EVERY = 2  # of the moments are trained on: neighbours differ little
_RATE = 3e-3


class Coders(eqx.Module):
    """Encoders and decoders of all robots, these along the first axis; joints are padded.

    - `into` "r joint hidden", `into_bias` "r hidden", `code` "r hidden latent": the encoders.
    - `out` "r latent hidden", `out_bias` "r hidden", `move` "r hidden joint", `move_bias`
      "r joint": the decoders.
    """

    into: Float[Array, "r joint hidden"]
    into_bias: Float[Array, "r hidden"]
    code: Float[Array, "r hidden latent"]
    out: Float[Array, "r latent hidden"]
    out_bias: Float[Array, "r hidden"]
    move: Float[Array, "r hidden joint"]
    move_bias: Float[Array, "r joint"]

    def latent(
        self, paths: Float[Array, "r skill time joint"], share: Float[Array, "r skill"]
    ) -> Float[Array, "skill time latent"]:
        """The mean of the codes, weighted by the share that each robot has in a skill."""
        hidden = jnp.einsum("rstj,rjh->rsth", paths, self.into) + self.into_bias[:, None, None]
        codes = jnp.einsum("rsth,rhl->rstl", jnp.tanh(hidden), self.code)
        return jnp.einsum("rstl,rs->stl", codes, share)

    def paths(
        self, latent: Float[Array, "skill time latent"]
    ) -> Float[Array, "r skill time joint"]:
        """What all robots do with a latent."""
        hidden = jnp.einsum("stl,rlh->rsth", latent, self.out) + self.out_bias[:, None, None]
        moved = jnp.einsum("rsth,rhj->rstj", jnp.tanh(hidden), self.move)
        return moved + self.move_bias[:, None, None]


def start_coders(
    robots: int, joints: int, *, latent: int, hidden: int, scale: float, key: PRNGKeyArray
) -> Coders:
    """Weights are normal with the variance scale^2 over the number of inputs, biases zero."""
    sides = ((joints, hidden), (hidden, latent), (latent, hidden), (hidden, joints))
    into, code, out, move = (
        scale * jax.random.normal(k, (robots, m, n), jnp.float32) / m**0.5
        for k, (m, n) in zip(jax.random.split(key, 4), sides, strict=True)
    )
    none, still = (jnp.zeros((robots, n), jnp.float32) for n in (hidden, joints))
    return Coders(into, none, code, out, none, move, still)


def latent_completion(
    task: TransferTask,
    *,
    latent: int = 2,
    hidden: int = 32,
    scale: float = 1.0,
    steps: int = 3000,
    seed: int = 0,
) -> Completion:
    """Joint paths for all robots and skills, from the shared motion latent.

    Trained by Adam with a rate that falls like a cosine, in single precision, on the mean squared
    error of the displacements that were seen, these scaled to mean square 1.

    Args:
        task: robots, motions and what was seen.
        latent: numbers in the latent.
        hidden: units in the hidden layer of each encoder and decoder.
        scale: of the initial weights; 1 is the usual one.
        steps: of training.
        seed: of the start.

    Returns:
        The displacements "joint skill*time", and the loss that remains as a share of the start.

    Raises:
        ValueError: sizes that are not positive.

    Example:
        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> import implicitbias as ib
        >>> task = ib.studies.motion.random_transfer(2, 2, 0.1)
        >>> found = latent_completion(task, hidden=4, steps=10)
        >>> found.matrix.shape, found.loss < 1
        ((5, 250), True)
    """
    for name, value in (("latent", latent), ("hidden", hidden), ("steps", steps)):
        _check.integer(name, value)
    _check.positive("scale", scale)
    robots, (skills, moments) = len(task.robots), task.motions.shape[:2]
    counts = np.bincount(task.owner)
    paths = np.zeros((robots, skills, moments, counts.max()))
    seen = np.zeros((robots, skills, 1, counts.max()))
    for i, count in enumerate(counts):
        paths[i, ..., :count] = np.moveaxis(task.displacements[task.owner == i], 0, -1)
        seen[i, ..., :count] = task.seen[i][:, None, None]
    size = float(((paths * seen) ** 2).sum() / (seen.sum() * moments)) ** 0.5
    share = task.seen / np.maximum(task.seen.sum(axis=0), 1)
    whole, weight, part = (jnp.asarray(array, jnp.float32) for array in (paths / size, seen, share))
    start = start_coders(
        robots, counts.max(), latent=latent, hidden=hidden, scale=scale, key=jax.random.key(seed)
    )
    coders, loss = _fit(start, whole[:, :, ::_EVERY], weight, part, steps)
    found = size * np.asarray(coders.paths(coders.latent(whole, part)), dtype=float)
    rows = [np.moveaxis(found[i, ..., :count], -1, 0) for i, count in enumerate(counts)]
    return Completion(np.concatenate(rows).reshape(counts.sum(), -1), float(loss))


@eqx.filter_jit
def _fit(
    start: Coders, paths: Array, seen: Array, share: Array, steps: int
) -> tuple[Coders, Array]:
    def loss(coders):
        missed = seen * (coders.paths(coders.latent(paths, share)) - paths)
        return jnp.sum(missed**2)

    adam = optax.adam(optax.cosine_decay_schedule(_RATE, steps, 0.01))

    def step(state, _):
        coders, memory = state
        slope = jax.grad(loss)(coders)
        change, memory = adam.update(slope, memory)
        return (eqx.apply_updates(coders, change), memory), None

    memory = adam.init(eqx.filter(start, eqx.is_array))
    (coders, _), _ = jax.lax.scan(step, (start, memory), length=steps)
    return coders, loss(coders) / loss(start)
