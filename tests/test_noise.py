"""Stochastic gradient descent on diagonal networks: what it computes, and where it ends."""

import cvxpy as cp
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import simpson, solve_ivp

import implicitbias as ib

HERE = "networks/noise"
SCALE = 0.1
X, Y, TRUTH = (np.asarray(part) for part in ib.sparse_regression(20, 40, 4, seed=0))
N, D = X.shape
NETWORK = ib.DiagonalNetwork(2, SCALE)
LINE = np.array([[1.0, 0.5]]), np.array([1.0])


def by_hand(X, y, scale, step, steps, batch, seed):
    """Plain NumPy descent; returns u, v and the sums of q+ and q- of the exact formula."""
    rng, n = np.random.default_rng(seed), len(y)
    u = v = np.full(X.shape[1], scale)
    plus = minus = np.zeros(X.shape[1])
    for _ in range(steps):
        rows = rng.choice(n, batch, replace=False)
        g = n / batch * X[rows].T @ (X[rows] @ (u**2 - v**2) - y[rows])
        x = 2 * step * g
        plus = plus - 2 * x - np.log((1 - x) ** 2)
        minus = minus + 2 * x - np.log((1 + x) ** 2)
        u, v = u * (1 - x), v * (1 + x)
    return u, v, plus, minus


def end_of(run, X=X, y=Y):
    """Where the theorem says that the run ended."""
    start = ib.effective_start(run, X)
    return ib.interpolator(X, y, ib.DiagonalPotential(2, start.scale), start=start.weights).weights


def joined(first, second):
    """A run in two parts as one."""
    return second._replace(dual=first.dual + second.dual)


def loss(w, X=X, y=Y):
    return np.sum((X @ w - y) ** 2) / 2


@pytest.mark.parametrize(
    ("momentum", "decay", "depth"), [(0.0, 0.0, 2), (0.9, 0.3, 2), (0.5, 0, 3)]
)
def test_it_is_the_recursion_of_its_docstring(momentum, decay, depth):
    network, eta = ib.DiagonalNetwork(depth, 0.4), 2e-4
    run = ib.stochastic_gradient_descent(
        network, X, Y, eta, 50, momentum=momentum, weight_decay=decay, records=5
    )
    u = v = before_u = before_v = np.full(D, 0.4)
    expected, seen = [], np.zeros(N)
    for k in range(50):
        r = X @ (u**depth - v**depth) - Y
        g, seen = X.T @ r, seen + r
        slope_u, slope_v = depth * u ** (depth - 1) * g, -depth * v ** (depth - 1) * g
        u, before_u = u - eta * (slope_u + decay * u) + momentum * (u - before_u), u
        v, before_v = v - eta * (slope_v + decay * v) + momentum * (v - before_v), v
        if (k + 1) % 10 == 0:
            expected.append(u**depth - v**depth)
    np.testing.assert_allclose(run.weights, expected, atol=1e-12)
    np.testing.assert_allclose(run.losses, [loss(w) for w in expected], rtol=1e-11)
    np.testing.assert_allclose(run.params, [u, v], atol=1e-12)
    np.testing.assert_allclose(run.dual, -4 * eta / (1 - momentum) * seen, atol=1e-12)
    assert run.steps.tolist() == [10, 20, 30, 40, 50]


@pytest.mark.parametrize("batch", [1, 3, 19])
def test_a_batch_is_drawn_without_replacement_and_uniformly(batch):
    seeds = range(2000)
    run = ib.stochastic_gradient_descent(NETWORK, X, Y, 1e-4, 1, batch_size=batch, seed=seeds)
    # After one step from w = 0 the dual holds the batch: 4 eta n/B y there, zero elsewhere.
    expected = 4e-4 * N / batch * Y
    drawn = np.abs(run.dual) > 0
    np.testing.assert_allclose(run.dual, np.where(drawn, expected, 0), rtol=1e-12)
    assert (drawn.sum(axis=1) == batch).all()
    share = batch / N
    spread = np.sqrt(share * (1 - share) / len(seeds))
    assert np.abs(drawn.mean(axis=0) - share).max() < 4.5 * spread


def test_labels_get_fresh_normal_noise():
    run = ib.stochastic_gradient_descent(NETWORK, X, Y, 1e-4, 1, label_noise=0.7, seed=range(2000))
    noise = np.asarray(run.dual) / 4e-4 - Y
    assert abs(noise.mean()) < 4 * 0.7 / np.sqrt(noise.size)
    assert abs(noise.std() - 0.7) < 4 * 0.7 / np.sqrt(2 * noise.size)
    assert np.abs(np.corrcoef(noise.T) - np.eye(N)).max() < 0.12


def test_seeds_run_side_by_side_as_they_do_alone():
    both = ib.stochastic_gradient_descent(
        NETWORK, X, Y, 1e-3, 30, seed=[5, 9], batch_size=4, label_noise=0.1
    )
    for k, seed in enumerate((5, 9)):
        alone = ib.stochastic_gradient_descent(
            NETWORK, X, Y, 1e-3, 30, seed=seed, batch_size=4, label_noise=0.1
        )
        np.testing.assert_allclose(both.weights[k], alone.weights, atol=1e-14)
        np.testing.assert_allclose(both.params[0][k], alone.params[0], atol=1e-14)


@pytest.mark.parametrize(("step", "batch", "steps"), [(0.008, 20, 15000), (0.002, 1, 40000)])
def test_the_exact_formula(check, step, batch, steps):
    u, v, plus, minus = by_hand(X, Y, SCALE, step, steps, batch, seed=1)
    w = u**2 - v**2
    assert loss(w) < 1e-20
    squared = SCALE**2 * np.exp(-(plus + minus) / 2)
    start = SCALE**2 * (np.exp(-plus) - np.exp(-minus))
    gradient = np.arcsinh(w / (2 * squared)) - np.arcsinh(start / (2 * squared))
    outside = gradient - np.linalg.pinv(X) @ (X @ gradient)
    check(
        "Stochastic gradient descent ends where the optimality condition of the exact formula "
        "holds",
        HERE,
        "largest entry of the dual variable outside the range of X^T, with the sums of q over all "
        "steps; full batches and batches of one, at a loss below 1e-20, plain NumPy",
        np.abs(outside).max(),
        1e-10,
    )
    check(
        "The effective scale is the product of |1 - (2 eta g)^2| over all steps",
        HERE,
        "relative difference to |u v| at the end",
        np.abs(np.abs(u * v) / squared - 1).max(),
        1e-10,
    )


RUNS = {
    "full batches": (0.008, 15000, {}),
    "at the edge of stability": (0.02, 15000, {}),
    "batches of one": (0.002, 40000, {"batch_size": 1}),
    "batches of five": (0.005, 20000, {"batch_size": 5}),
    "momentum": (1e-3, 20000, {"momentum": 0.9}),
    "momentum and batches": (2e-4, 40000, {"momentum": 0.9, "batch_size": 5}),
}


@pytest.mark.parametrize("kind", RUNS)
def test_a_run_ends_where_its_effective_start_says(check, kind):
    step, steps, options = RUNS[kind]
    run = ib.stochastic_gradient_descent(NETWORK, X, Y, step, steps, seed=2, **options)
    check(
        "Gradient flow from the effective start of a run ends where the run ended",
        HERE,
        "largest entry of the difference of trained weights and the solver of limits: large steps, "
        "small batches, momentum",
        np.abs(run.weights[-1] - end_of(run)).max(),
        1e-8,
    )


@pytest.mark.parametrize("options", [{"label_noise": 0.5}, {"weight_decay": 0.5}])
def test_what_is_switched_off_leaves_its_effective_start(check, options):
    first = ib.stochastic_gradient_descent(NETWORK, X, Y, 0.002, 1000, seed=3, **options)
    second = ib.stochastic_gradient_descent(NETWORK, X, Y, 0.005, 40000, params=first.params)
    assert second.losses[-1] < 1e-19
    check(
        "After label noise or weight decay, training without them ends where the effective start "
        "of both parts says",
        HERE,
        "largest entry of the difference of trained weights and the solver of limits",
        np.abs(second.weights[-1] - end_of(joined(first, second))).max(),
        1e-8,
    )


def flow_integrals():
    """Of gradient flow: the integrals of g^2 and of sum_j X_ji^2 r_j^2, one entry a weight."""
    times = np.concatenate([[0.0], np.geomspace(1e-5, 40, 6000)])
    weights = ib.gradient_flow(NETWORK, X, Y, times[1:], tolerance=1e-10).weights
    r = np.vstack([np.zeros(D), weights]) @ X.T - Y
    return np.trapezoid((r @ X) ** 2, times, axis=0), np.trapezoid(r**2 @ X**2, times, axis=0)


@pytest.mark.parametrize("batch", [20, 5])
def test_small_steps(check, batch):
    squares, samples = flow_integrals()
    share = (N - batch) / ((N - 1) * batch)
    leading = 2 * np.mean((1 - share) * squares + share * N * samples)

    def shrinkage(step, seeds):
        run = ib.stochastic_gradient_descent(
            NETWORK, X, Y, step, round(12 / step), batch_size=batch, seed=seeds
        )
        scales = ib.effective_start(run, X).scale
        return np.log(SCALE / np.asarray(scales)).mean(axis=1) / step

    seeds = range(32) if batch < N else [0]
    coarse, fine = shrinkage(8e-4, seeds), shrinkage(4e-4, seeds)
    # What is left when the first order is taken out, and how uncertain the runs make it.
    left = 2 * fine.mean() - coarse.mean() - leading
    spread = np.sqrt((4 * fine.var() + coarse.var()) / len(seeds))
    assert abs(fine.mean() / leading - 1) > 0.01  # there is something to take out
    check(
        "For small steps the mean logarithm of the scale shrinks by the integral along gradient "
        "flow, to first order in the step",
        HERE,
        "the extrapolation of two step sizes less the integral, over the integral; less three "
        "standard errors over 32 runs for batches of 5; full batches too",
        max(0.0, abs(left) - 3 * spread) / leading,
        2e-3,
    )


def test_stochastic_gradient_flow_conserves_up_to_the_integral_of_the_loss(check):
    """Euler's scheme for the stochastic equation, whose steps are halved."""
    eta, h = 1e-3, (X**2).sum(axis=0)

    def gap(parts, seed):
        dt = 1e-3 / parts
        rng = np.random.default_rng(seed)
        u = v = np.full(D, 0.3)
        integral = 0.0
        for _ in range(round(2 / dt)):
            r = X @ (u**2 - v**2) - Y
            ell = r @ r / 2
            kick = X.T @ rng.standard_normal(N) * np.sqrt(2 * eta * ell * dt)
            g = X.T @ r
            u, v = u - 2 * u * (g * dt + kick), v + 2 * v * (g * dt + kick)
            integral += ell * dt
        return np.log(u * v / 0.09) + 8 * eta * h * integral

    # The mean over runs, since what Euler's scheme adds in one run is random.
    gaps = [np.abs(np.mean([gap(parts, seed) for seed in range(8)], axis=0)) for parts in (1, 4)]
    check(
        "Along stochastic gradient flow u v shrinks by exp(-8 eta m integral of the loss)",
        HERE,
        "largest entry of the difference in the logarithm, mean of 8 runs of Euler's scheme with "
        "steps of 2.5e-4",
        gaps[1].max(),
        2e-2,
    )
    assert gaps[1].max() < gaps[0].max() / 2


def test_noisy_labels_lead_to_the_flat_vertex(check):
    noisy = ib.stochastic_gradient_descent(
        NETWORK, *LINE, 0.05, 3000, label_noise=1.0, seed=range(16)
    )
    starts = ib.effective_start(noisy, LINE[0])
    ends = [
        ib.interpolator(*LINE, ib.DiagonalPotential(2, scale), start=start).weights
        for scale, start in zip(starts.scale, starts.weights, strict=True)
    ]
    check(
        "After 3000 steps with a noisy label, two weights end at the flattest solution",
        HERE,
        "largest distance from (0, 2) over 16 runs",
        np.abs(np.array(ends) - [0, 2]).max(),
        1e-3,
    )


def test_noisy_labels_shrink_the_scale_at_the_predicted_rate(check):
    def excess(step):
        """Relative, of each of the two rates: mean over 128 runs, and its standard error."""
        steps = round(5 / step**2)
        run = ib.stochastic_gradient_descent(
            NETWORK, *LINE, step, steps, label_noise=1.0, seed=range(128)
        )
        later = ib.stochastic_gradient_descent(
            NETWORK, *LINE, step, steps, label_noise=1.0, seed=range(128, 256), params=run.params
        )
        before, after = (
            -2 * np.log(np.asarray(ib.effective_start(part, LINE[0]).scale))
            for part in (run, later)
        )
        rate = (after - before) / (4 * step**2 * np.array([1, 0.25]) * steps)
        return rate.mean(axis=0) - 1, rate.std(axis=0) / np.sqrt(128)

    (coarse, coarse_spread), (fine, fine_spread) = excess(0.03), excess(0.015)
    assert (coarse > 0.03).all()
    spread = np.hypot(2 * fine_spread, coarse_spread)
    check(
        "Label noise shrinks the squared scale at the rate 4 (eta sigma)^2 m a step, for small "
        "steps",
        HERE,
        "relative excess of the rate of two weights, extrapolated from two step sizes, less three "
        "standard errors over 128 runs",
        np.maximum(0, np.abs(2 * fine - coarse) - 3 * spread).max(),
        5e-3,
    )


def test_noisy_labels_find_the_sparse_truth_from_the_kernel_regime(check):
    network = ib.DiagonalNetwork(2, 0.5)
    h = (X**2).sum(axis=0)
    weighted = ib.basis_pursuit(X / h, Y) / h
    run = ib.stochastic_gradient_descent(network, X, Y, 4e-3, 40000, label_noise=1.0, seed=range(4))
    starts = ib.effective_start(run, X)
    ends = [
        ib.interpolator(X, Y, ib.DiagonalPotential(2, scale), start=start).weights
        for scale, start in zip(starts.scale, starts.weights, strict=True)
    ]
    before = ib.interpolator(X, Y, network.potential()).weights
    assert np.abs(before - weighted).max() > 0.5
    check(
        "After 40000 steps with noisy labels a network of scale 0.5 ends at the least weighted l1 "
        "norm",
        HERE,
        "largest entry of the difference to linear programming, 4 runs",
        np.abs(np.array(ends) - weighted).max(),
        2e-3,
    )


def momentum_flow(lam, times):
    """lam u'' + u' = -grad, from rest: u, v, their velocities p, q, each "t d"."""

    def slope(_, state):
        u, v, p, q = np.split(state, 4)
        g = X.T @ (X @ (u**2 - v**2) - Y)
        return np.concatenate([p, q, (-2 * u * g - p) / lam, (2 * v * g - q) / lam])

    start = np.concatenate([np.full(2 * D, SCALE), np.zeros(2 * D)])
    found = solve_ivp(
        slope, (0, times[-1]), start, t_eval=times, rtol=1e-9, atol=1e-11, method="DOP853"
    )
    return np.split(found.y.T, 4, axis=1)


@pytest.mark.parametrize("lam", [0.01, 0.05])
def test_momentum_depends_on_one_number(check, lam):
    times = np.linspace(0, 4, 101)[1:]
    u, v, _, _ = momentum_flow(lam, times)

    def gap(momentum):
        step = lam * (1 - momentum) ** 2
        steps = round(times[-1] * (1 - momentum) / step)
        run = ib.stochastic_gradient_descent(
            NETWORK, X, Y, step, steps, momentum=momentum, records=100
        )
        return np.abs(run.weights - (u**2 - v**2)).max()

    gaps = np.array([gap(momentum) for momentum in (0.9, 0.95, 0.975)])
    check(
        "With momentum, paths of the same eta/(1 - beta)^2 tend to one path at first order in "
        "1 - beta",
        HERE,
        "ratio of largest distances from the path of the second-order equation (DOP853) when "
        "1 - beta is halved, less 2",
        np.abs(gaps[:-1] / gaps[1:] - 2).max(),
        0.15,
    )


def test_momentum_flow_shrinks_the_scale(check):
    lam, times = 1e-3, np.linspace(0, 1, 20001)
    u, v, p, q = momentum_flow(lam, times)
    assert (u > 0).all() and (v > 0).all()
    # The left side of the equation for log(u v), integrated; it has not come to rest at time 1.
    squares = simpson((p / u) ** 2 + (q / v) ** 2, x=times, axis=0)
    moved = np.log(u[-1] * v[-1] / SCALE**2) + lam * (p[-1] / u[-1] + q[-1] / v[-1])
    assert moved.min() < -0.05
    check(
        "In momentum flow u v shrinks by the integral of the squared logarithmic speeds",
        HERE,
        "largest entry of the difference in the logarithm, second-order equation by DOP853",
        np.abs(moved + lam * squares).max(),
        1e-6,
    )


def test_weight_decay_leaves_a_smaller_scale(check):
    decay, time = 0.5, 2.0
    shrunk = ib.DiagonalPotential(2, SCALE * np.exp(-decay * time))
    target = ib.interpolator(X, Y, shrunk).weights

    def gap(step):
        first = ib.stochastic_gradient_descent(
            NETWORK, X, Y, step, round(time / step), weight_decay=decay
        )
        second = ib.stochastic_gradient_descent(
            NETWORK, X, Y, step, round(60 / step), params=first.params
        )
        assert second.losses[-1] < 1e-9
        return np.abs(second.weights[-1] - target).max()

    gaps = [gap(step) for step in (2e-3, 1e-3)]
    check(
        "After weight decay is switched off, training ends as from the scale that decay left",
        HERE,
        "ratio of the distances from that end when the step is halved, less 2: first order",
        abs(gaps[0] / gaps[1] - 2),
        0.1,
    )

    def slope(t, params):
        u, v = np.split(params, 2)
        g, rate = X.T @ (X @ (u**2 - v**2) - Y), decay * (t < time)
        return np.concatenate([-2 * u * g - rate * u, 2 * v * g - rate * v])

    params = np.full(2 * D, SCALE)
    for span in ((0, time), (time, 60)):
        params = solve_ivp(slope, span, params, rtol=1e-10, atol=1e-13, method="LSODA").y[:, -1]
    u, v = np.split(params, 2)
    check(
        "Under weight decay u v is the squared scale times exp(-2 integral of the decay)",
        HERE,
        "relative difference, parameters integrated by LSODA, at time 60",
        np.abs(u * v / shrunk.scale**2 - 1).max(),
        1e-6,
    )
    check(
        "Gradient flow after weight decay ends at the interpolator of the smaller scale",
        HERE,
        "largest entry of the difference, parameters integrated by LSODA to time 60",
        np.abs(u**2 - v**2 - target).max(),
        1e-5,
    )


def flattest(X, y):
    """The least sharpness of interpolators, a semidefinite program."""
    plus, minus = (cp.Variable(X.shape[1], nonneg=True) for _ in range(2))
    hessian = 4 * X @ cp.diag(plus + minus) @ X.T
    problem = cp.Problem(cp.Minimize(cp.lambda_max(hessian)), [X @ (plus - minus) == y])
    value = problem.solve(solver=cp.CLARABEL)
    assert isinstance(value, float)
    return value


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_the_largest_step_with_which_gradient_descent_converges(check, seed):
    X, y, _ = (np.asarray(part) for part in ib.sparse_regression(20, 40, 4, seed=seed))
    largest = 2 / flattest(X, y)

    def converges(step):
        try:
            run = ib.stochastic_gradient_descent(NETWORK, X, y, step, 30000)
        except ib.Diverged:
            return False
        return bool(run.losses[-1] < 1e-3)

    stable = [part for part in (0.97, 0.98, 0.99, 1.01, 1.02) if converges(part * largest)]
    check(
        "Gradient descent converges up to the step at which no interpolator is flat enough",
        HERE,
        "largest step that converges, on a grid of one per cent, over 2 over the least sharpness "
        "of interpolators (semidefinite program); less 1; four problems",
        abs(max(stable) - 1),
        0.0101,
    )


def test_the_end_is_at_least_as_flat_as_the_step_asks(check):
    steps = np.array([0.005, 0.01, 0.014, 0.016, 0.018, 0.02, 0.022, 0.024])
    parts = []
    for step in steps:
        run = ib.stochastic_gradient_descent(NETWORK, X, Y, step, 20000)
        assert run.losses[-1] < 1e-10
        kernel = ib.tangent_kernel(NETWORK.features, run.params, X)
        parts.append(step / 2 * np.linalg.eigvalsh(kernel)[-1])
    check(
        "Where gradient descent converges, the largest eigenvalue of the Hessian is at most 2/eta",
        HERE,
        "excess of eta/2 times the eigenvalue over 1, for 8 step sizes",
        max(0.0, max(parts) - 1),
        1e-9,
    )
    check(
        "Beyond the largest step at which gradient flow's end is stable, the eigenvalue is just "
        "below 2/eta",
        HERE,
        "1 less eta/2 times the eigenvalue, for 5 step sizes",
        1 - min(parts[3:]),
        0.01,
    )
    assert parts[1] < 0.7  # below the edge it is not


def test_bad_arguments_are_refused():
    def run(step=1e-3, steps=10, network=NETWORK, **options):
        return ib.stochastic_gradient_descent(network, X, Y, step, steps, **options)

    bad = [
        ({"step": 0.0}, "step_size must be one positive number, found 0.0"),
        ({"step": np.ones(2)}, "step_size must be one positive number"),
        ({"steps": 0}, "steps must be an integer, at least 1, found 0"),
        ({"batch_size": 21}, "batch_size must be at most n = 20, found 21"),
        ({"batch_size": 2.5}, "batch_size must be an integer, at least 1, found 2.5"),
        ({"records": 11}, "records must be at most steps = 10, found 11"),
        ({"label_noise": -1.0}, "label_noise must be finite and not negative, found -1.0"),
        ({"weight_decay": np.nan}, "weight_decay must be finite and not negative, found nan"),
        ({"momentum": 1.0}, r"momentum must lie in \[0, 1\), found 1.0"),
        ({"seed": -1}, "seed must be one or more non-negative integers, found -1"),
        ({"seed": []}, "seed must be one or more non-negative integers"),
        ({"params": (np.ones(3), np.ones(3))}, r"params must have the shape \(40,\) or \(1, 40\)"),
        ({"network": ib.DiagonalNetwork(2, 0.1, 0.5)}, "network must be a DiagonalNetwork with"),
    ]
    for options, message in bad:
        with pytest.raises(ValueError, match=message):
            run(**options)
    with pytest.raises(ValueError, match=r"X must have the shape \(20, 40\) of the run's, found"):
        ib.effective_start(run(), X[:, :3])
    stuck = run()._replace(params=(jnp.zeros(D), jnp.ones(D)))
    with pytest.raises(ValueError, match="run must end where no weight of u or v is zero"):
        ib.effective_start(stuck, X)


def test_divergence_is_refused():
    with pytest.raises(ib.Diverged, match=r"step \d+ of 1000 left the range of float64"):
        ib.stochastic_gradient_descent(NETWORK, X, Y, 0.05, 1000)
