"""Flows: in the dual and in the parameters, to interpolators and margins."""

import jax
import numpy as np
import pytest

import implicitbias as ib

from .problems import gaussian

HERE = "networks/scale-and-depth"


def horizon(network, X, y, factor):
    """A multiple of the time that the weights take to leave zero."""
    drive = np.abs(X.T @ y).max()
    log_scale = min(np.log(float(np.min(network.scale))), -1.0)
    wait = -2 * log_scale if network.depth == 2 else network.depth / (network.depth - 2)
    return factor * wait / (float(network.rate) * drive)


@pytest.mark.parametrize("depth", [2, 2.5, 3, 4])
def test_whole_path_agrees_in_both_spaces(check, depth):
    X, y = gaussian(8, 30, seed=0)
    worst = 0.0
    for scale in (0.1, 1.0) if depth > 2 else (0.01, 0.1, 1.0, 3.0):
        network = ib.DiagonalNetwork(depth, scale)
        times = horizon(network, X, y, 10) * np.linspace(0.01, 1, 60)
        dual = ib.gradient_flow(network, X, y, times)
        trained = ib.gradient_flow(network, X, y, times, space="parameters", tolerance=1e-10)
        worst = max(worst, np.abs(dual.weights - trained.weights).max())
        # The mirror identity, from the public map: grad Q(w(t)) = X' nu(t).
        potential = network.potential()
        np.testing.assert_allclose(
            jax.vmap(potential.to_dual)(trained.weights), dual.duals @ X, atol=1e-6
        )
    check(
        "Along the whole path, training (u, v) is mirror flow of Q at rate c_D",
        HERE,
        "largest entry of the difference, 60 times, depth 2 to 4",
        worst,
        1e-6,
    )


@pytest.mark.parametrize(
    "network",
    [
        ib.DiagonalNetwork(2, 0.1, 0.9),
        ib.DiagonalNetwork(2, np.linspace(0.05, 0.5, 30)),
        ib.DiagonalNetwork(3, np.linspace(0.1, 0.5, 30)),
    ],
    ids=["unbalanced", "unequal, depth 2", "unequal, depth 3"],
)
def test_unequal_and_unbalanced_starts(network):
    X, y = gaussian(8, 30, seed=0)
    times = np.geomspace(1e-2, 5, 20)
    dual = ib.gradient_flow(network, X, y, times)
    trained = ib.gradient_flow(network, X, y, times, space="parameters", tolerance=1e-10)
    np.testing.assert_allclose(dual.weights, trained.weights, atol=1e-7)
    np.testing.assert_allclose(dual.duals, trained.duals, atol=1e-7)
    end = ib.gradient_flow(network, X, y, [1e6]).weights[-1]
    np.testing.assert_allclose(end, ib.interpolator(X, y, network.potential()).weights, atol=1e-7)


@pytest.mark.parametrize(
    ("depth", "scale"),
    [
        (2, 10.0),
        (2, 0.1),
        (2, 1e-10),
        (2, 1e-60),
        (3, 0.1),
        (3, 1e-5),
        (4, 1e-2),
        (10, 0.3),
        (10, 1.0),
    ],
)
def test_the_end_is_the_interpolator(check, depth, scale):
    X, y = gaussian(20, 40, 4, 0.1)
    network = ib.DiagonalNetwork(depth, scale)
    end = ib.gradient_flow(network, X, y, [horizon(network, X, y, 1e8)])
    expected = ib.interpolator(X, y, network.potential())
    assert float(end.losses[-1]) < 1e-15
    check(
        "The flow ends on the interpolator of least potential (depth 2 to 10, scale down to 1e-60)",
        HERE,
        "largest entry of the difference at loss below 1e-15",
        float(np.abs(end.weights[-1] - expected.weights).max()),
        1e-7,
    )


def test_beyond_float64_time_is_rescaled():
    """Below slack 1e-9 only the clock knows the scale: equal paths in scale^(D-2) t."""
    X, y = gaussian(10, 20, 3)
    ends = []
    for scale in (1e-6, 1e-9):
        network = ib.DiagonalNetwork(10, scale)
        ends.append(
            ib.gradient_flow(network, X, y, np.array([0.5, 2.0, 9.0]) / network.rate).weights
        )
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-9)


def test_the_solver_converges_with_its_tolerance():
    X, y = gaussian(10, 20, 3, 0.1)
    network = ib.DiagonalNetwork(3, 0.05)
    times = horizon(network, X, y, 5) * np.linspace(0.2, 1, 9)
    exact = ib.gradient_flow(network, X, y, times, tolerance=1e-12).weights
    errors = [
        np.abs(ib.gradient_flow(network, X, y, times, tolerance=10.0**-p).weights - exact).max()
        for p in (4, 6, 8, 10)
    ]
    # Error per step is held, so that the error falls almost as the tolerance does.
    slope = np.polyfit([-4, -6, -8, -10], np.log10(errors), 1)[0]
    assert 0.6 < slope < 1.2, errors
    assert errors[-1] < 1e-8


def test_a_single_time_keeps_the_solvers_steps():
    X, y = gaussian(8, 20, 3, 0.1)
    network = ib.DiagonalNetwork(2, 1e-3)
    last = horizon(network, X, y, 20)
    path = ib.gradient_flow(network, X, y, last)
    assert path.times[0] == 0 and np.isclose(path.times[-1], last, rtol=1e-12)
    assert np.all(np.diff(path.times) > 0) and np.all(np.isfinite(path.weights))
    again = ib.gradient_flow(network, X, y, path.times[1:])
    np.testing.assert_allclose(path.weights[1:], again.weights, atol=1e-6)


def test_loss_never_rises():
    X, y = gaussian(8, 20, 3, 0.1)
    path = ib.gradient_flow(ib.DiagonalNetwork(3, 0.01), X, y, np.geomspace(1, 1e5, 60))
    assert np.all(np.diff(path.losses) <= 1e-12)
    np.testing.assert_allclose(path.losses, ((path.weights @ X.T - y) ** 2).sum(1) / 2, atol=1e-14)


@pytest.mark.parametrize("loss", ["logistic", "exponential"])
def test_other_losses_agree_in_both_spaces(loss):
    X, y = gaussian(8, 20)
    labels, network, times = np.sign(y), ib.DiagonalNetwork(2, 0.1), np.geomspace(0.1, 100, 12)
    dual = ib.gradient_flow(network, X, labels, times, loss=loss, tolerance=1e-10)
    trained = ib.gradient_flow(
        network, X, labels, times, loss=loss, space="parameters", tolerance=1e-10
    )
    np.testing.assert_allclose(dual.weights, trained.weights, atol=1e-6)


# Margins: the worked example of section 2.5 of the theory, N = 6, d = 4.


def example():
    rng = np.random.default_rng(100)
    X = rng.standard_normal((6, 4))
    return X, np.sign(X @ [1, 0.4, 0, 0])


L1_VERTEX, L23_VERTEX = [1.336, 0.389, -0.190, 0], [1.626, 0.526, 0, 0]


@pytest.mark.parametrize(
    ("depth", "scale", "vertex"),
    [
        (2, 0.03, L1_VERTEX),
        (2, 1.0, L1_VERTEX),
        (3, 0.03, L23_VERTEX),
        (3, 0.3, L23_VERTEX),
        (3, 1.0, L1_VERTEX),
    ],
)
def test_depth_and_scale_pick_the_margin(depth, scale, vertex):
    X, labels = example()
    path = ib.margin_flow(ib.DiagonalNetwork(depth, scale), X, labels, [10.0, 5e4])
    w = path.weights[-1] / np.min(labels * (X @ path.weights[-1]))
    np.testing.assert_allclose(w, vertex, atol=2e-3)
    # The times asked for are those of the loss: to the last digits of 1e-21715.
    margins = labels * (X @ path.weights[-1])
    reached = margins.min() - np.log(np.mean(np.exp(margins.min() - margins)))
    np.testing.assert_allclose(reached, 5e4, rtol=1e-10)


def test_margin_flow_is_gradient_flow():
    X, labels = example()
    network = ib.DiagonalNetwork(3, 0.5)
    trained = ib.gradient_flow(
        network,
        X,
        labels,
        [1.0, 20.0, 300.0],
        loss="exponential",
        space="parameters",
        tolerance=1e-11,
    )
    path = ib.margin_flow(network, X, labels, -np.log(trained.losses))
    np.testing.assert_allclose(path.weights, trained.weights, atol=1e-6)
    np.testing.assert_allclose(path.duals, trained.duals, atol=1e-6)


def test_multipliers_never_fall():
    X, labels = example()
    for depth, scale in ((2, 1e-30), (3, 10.0), (10, 0.1)):
        path = ib.margin_flow(
            ib.DiagonalNetwork(depth, scale), X, labels, np.geomspace(0.1, 1e4, 12)
        )
        assert np.diff(labels * path.duals, axis=0).min() > -1e-7


# Bad input

NETWORK = ib.DiagonalNetwork(2, 0.1)
X23, Y2 = [[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]], [1.0, 2.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ib.gradient_flow(NETWORK, X23, Y2, [2.0, 1.0]), "times must rise strictly"),
        (lambda: ib.gradient_flow(NETWORK, X23, Y2, [-1.0, 1.0]), "times must rise strictly"),
        (lambda: ib.gradient_flow(NETWORK, X23, Y2, [0.0]), "times must rise strictly"),
        (lambda: ib.gradient_flow(NETWORK, X23, Y2, []), "times must rise strictly"),
        (lambda: ib.gradient_flow(NETWORK, X23, Y2, [np.nan]), "times must be finite"),
        (lambda: ib.gradient_flow(NETWORK, X23, Y2, -1.0), "times must be positive"),
        (lambda: ib.gradient_flow(NETWORK, X23, Y2, [1.0], loss="hinge"), "loss must be one of"),
        (lambda: ib.gradient_flow(NETWORK, X23, Y2, [1.0], space="primal"), "space must be"),
        (
            lambda: ib.gradient_flow(NETWORK, X23, Y2, [1.0], tolerance=0),
            "tolerance must be positive",
        ),
        (
            lambda: ib.gradient_flow(NETWORK, X23, Y2, [1.0], loss="logistic"),
            "labels must be -1 or",
        ),
        (
            lambda: ib.gradient_flow(NETWORK, X23, Y2, 1.0, space="parameters"),
            "times must be an array",
        ),
        (
            lambda: ib.gradient_flow(ib.Neuron(0.1), X23, Y2, [1.0]),
            "network must be a DiagonalNetwork",
        ),
        (lambda: ib.margin_flow(NETWORK, X23, [1.0, 2.0], [1.0]), "labels must be"),
        (lambda: ib.margin_flow(NETWORK, [[1.0], [1.0]], [1.0, -1.0], [1.0]), "separable"),
        (lambda: ib.margin_flow(ib.Neuron(0.1), X23, [1.0, 1.0], [1.0]), "network must be"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_training_the_parameters_says_when_it_is_hopeless():
    X, y = gaussian(20, 40, 4)
    network = ib.DiagonalNetwork(2, 1e-40)
    with pytest.raises(RuntimeError, match="dual"):
        ib.gradient_flow(network, X, y, [horizon(network, X, y, 1e5)], space="parameters")
