import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from implicitbias import losses

LABELS = jnp.array([1.0, -1.0, 1.0, 1.0])
MARGIN_LOSSES = [losses.ExponentialLoss(), losses.LogisticLoss()]
X = jnp.array([[1.0, 2.0], [0.5, -1.0]])


def test_square_is_half_the_sum_of_squares():
    assert losses.SquareLoss()([1.0, -1.0], X, [2.0, -0.5]) == 0.5 * (3.0**2 + 2.0**2)


def test_margin_losses_are_means_over_samples():
    predictions = np.array([0.3, -2.0, 1.5, -0.7])
    margins = np.asarray(LABELS) * predictions
    exponential, logistic = (loss.value(jnp.asarray(predictions), LABELS) for loss in MARGIN_LOSSES)
    np.testing.assert_allclose(exponential, np.mean(np.exp(-margins)), rtol=1e-15)
    np.testing.assert_allclose(logistic, np.mean(np.log(1 + np.exp(-margins))), rtol=1e-15)


@pytest.mark.parametrize("name", ["square", "exponential", "logistic"])
def test_gradient_is_the_derivative(name):
    loss, predictions = losses.get(name), jnp.array([0.3, -2.0, 1.5, -40.0])
    expected = jax.grad(loss.value)(predictions, LABELS)
    np.testing.assert_allclose(loss.gradient(predictions, LABELS), expected, rtol=1e-14)


@pytest.mark.parametrize("loss", MARGIN_LOSSES)
@pytest.mark.parametrize("size", [-700.0, -30.0, 0.0, 1.0, 30.0, 39.9, 40.1, 300.0])
def test_log_value_is_the_logarithm_of_the_value(loss, size):
    predictions = LABELS * size * jnp.array([1.0, 1.1, 1.2, 1.3]) / 1.3
    with mpmath.workdps(400):
        terms = [mpmath.exp(-mpmath.mpf(float(m))) for m in LABELS * predictions]
        if isinstance(loss, losses.LogisticLoss):
            terms = [mpmath.log(1 + term) for term in terms]
        expected = mpmath.log(sum(terms) / 4)
    found = float(loss.log_value(predictions, LABELS))
    assert abs(found - float(expected)) <= 1e-14 * max(1.0, abs(float(expected)))


@pytest.mark.parametrize("loss", MARGIN_LOSSES)
def test_log_value_reaches_where_the_loss_underflows(loss):
    predictions = 5e4 * LABELS
    assert loss.value(predictions, LABELS) == 0.0
    assert loss.log_value(predictions, LABELS) == -5e4
    gradient = jax.grad(loss.log_value)(predictions, LABELS)
    np.testing.assert_allclose(gradient, -LABELS / 4, rtol=1e-10)


def test_wrong_side_does_not_overflow_the_logistic_loss():
    loss = losses.LogisticLoss()
    np.testing.assert_allclose(loss.value(-5e4 * LABELS, LABELS), 5e4, rtol=1e-15)
    assert np.all(np.isfinite(jax.grad(loss.log_value)(-5e4 * LABELS, LABELS)))


def test_losses_may_be_compiled():
    loss, w, y = losses.LogisticLoss(), jnp.ones(2), jnp.array([1.0, -1.0])
    np.testing.assert_allclose(jax.jit(loss)(w, X, y), loss(w, X, y), rtol=1e-15)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: losses.get("hinge"), "loss must be one of 'square', .* found 'hinge'"),
        (lambda: losses.SquareLoss()([1.0], X, [1.0, 1.0]), r"w must .* has shape \(1,\)"),
        (lambda: losses.SquareLoss()([1.0, np.nan], X, [1.0, 1.0]), "w must be finite, found nan"),
        (lambda: losses.SquareLoss()([1.0, 1.0], X, [1.0]), "y must have one entry a row"),
        (lambda: losses.SquareLoss()([1.0, 1.0], X[0], [1.0]), "X must have 2 axes"),
        (lambda: losses.LogisticLoss()([1.0, 1.0], X, [1.0, 0.0]), "labels must be -1 or .* 0.0"),
        (lambda: losses.ExponentialLoss()([1.0, 1.0], X, [2.0, 1.0]), "labels must be -1 or"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
