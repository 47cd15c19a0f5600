"""Mirror and natural gradient descent as transformations of optax: same steps, any loop."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import implicitbias as ib

from .problems import gaussian


def follow(method, gradient, w, steps):
    """The weights after so many steps of an optax loop."""
    state = method.init(w)

    @jax.jit
    def step(w, state):
        updates, state = method.update(gradient(w), state, w)
        return optax.apply_updates(w, updates), state

    for _ in range(steps):
        w, state = step(w, state)
    return w


def square(X, y):
    return lambda w: X.T @ (X @ w - y)


@pytest.mark.parametrize("potential", [ib.Entropy(), ib.Hypentropy(0.3), ib.PNorm(1.5)])
def test_they_take_the_steps_of_the_runs(potential):
    X, y = gaussian(3, 5, seed=0)
    start, gradient = np.full(5, 0.5), square(X, y)
    for method, geometry in (
        (ib.mirror_descent, potential),
        (ib.natural_gradient_descent, potential.hessian),
    ):
        expected = method(geometry, gradient, start, 0.02, 20)[-1]
        found = follow(method(geometry, step_size=0.02), gradient, jnp.asarray(start), 20)
        np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_parameters_in_a_nest_are_one_vector():
    potential = ib.PNorm(3.0)  # not a sum over coordinates
    params = {"a": jnp.array([1.0, 2.0]), "b": (jnp.array([[0.5]]),)}
    gradients = jax.tree.map(lambda leaf: 0.1 * leaf, params)
    updates, _ = ib.mirror_descent(potential).update(gradients, optax.EmptyState(), params)
    w = jnp.array([1.0, 2.0, 0.5])
    expected = potential.to_primal(potential.to_dual(w) - 0.1 * w) - w
    np.testing.assert_allclose(updates["a"], expected[:2], rtol=1e-12)
    np.testing.assert_allclose(updates["b"][0], expected[2:, None], rtol=1e-12)


def test_bad_input():
    with pytest.raises(ValueError, match="needs a gradient to follow"):
        ib.mirror_descent(ib.Entropy(), start=jnp.ones(2))  # pyright: ignore
    with pytest.raises(ValueError, match="must be one number"):
        ib.natural_gradient_descent(ib.Entropy().hessian, step_size=np.ones(3))  # pyright: ignore
    with pytest.raises(ValueError, match="step_size must be positive"):
        ib.mirror_descent(ib.Entropy(), step_size=-1.0)
    method, w = ib.mirror_descent(ib.Burg()), jnp.ones(1)
    with pytest.raises(ValueError, match="params must be given"):
        method.update(w, method.init(w))
    with pytest.raises(ValueError, match="gradients must be finite"):
        method.update(w * jnp.nan, method.init(w), w)
    with pytest.raises(ValueError, match="found 0"):  # the dual of Burg's potential is negative
        method.update(-w, method.init(w), w)
    with pytest.raises(Exception, match="z must be negative for Burg"):
        follow(method, lambda w: -w, w, 1)
    with pytest.raises(ValueError, match="metric must be positive definite"):
        ib.natural_gradient_descent(lambda w: -jnp.eye(1)).update(w, optax.EmptyState(), w)
