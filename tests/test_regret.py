"""Online mirror descent: its regret, the bound, what is exact in it; and where descent ends."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.tree_util import Partial
from scipy.integrate import solve_ivp

import implicitbias as ib

HERE = "geometry/mirror-descent"
POTENTIALS = [ib.Euclidean(), ib.Entropy(), ib.Hypentropy(0.2), ib.PNorm(1.4), ib.Burg()]
ALL = 64  # weights of the games
TARGETS = {"sparse": np.eye(ALL)[0], "dense": np.full(ALL, 1 / ALL)}


def given(w, g):
    return g


def drawn(potential, count, seed):
    found = np.random.default_rng(seed).uniform(0.3, 1.5, (count, 5))
    return found if isinstance(potential, ib.Entropy | ib.Burg) else found - 0.9


@pytest.mark.parametrize("potential", POTENTIALS, ids=str)
def test_three_points(check, potential):
    u, v, w = drawn(potential, 3, seed=0)
    left = (np.asarray(potential.to_dual(v)) - np.asarray(potential.to_dual(w))) @ (u - v)
    right = potential.bregman(u, w) - potential.bregman(u, v) - potential.bregman(v, w)
    check(
        "The three-point identity",
        HERE,
        "difference of the two sides, five potentials",
        abs(float(left - right)),
        1e-13,
    )


@pytest.mark.parametrize("potential", POTENTIALS, ids=str)
def test_regret_is_known_exactly_without_a_set(check, potential):
    gradients = np.random.default_rng(1).uniform(-1, 1, (12, 5))
    start, target = drawn(potential, 2, seed=2)
    step, w, paid, lost = 0.02, start, 0.0, 0.0
    for g in gradients:
        moved = np.asarray(potential.to_primal(potential.to_dual(w) - step * g))
        paid += g @ (w - target)
        lost += float(potential.bregman(w, moved))
        w = moved
    exact = float(potential.bregman(target, start) - potential.bregman(target, w)) + lost
    check(
        "Without a feasible set the regret is exactly what the divergences of the proof add up to",
        HERE,
        "eta times the regret, less the sum, in plain NumPy for five potentials",
        abs(step * paid - exact),
        1e-13,
    )
    play = ib.online_mirror_descent(potential, given, gradients, start, step)
    np.testing.assert_allclose(12 * ib.regret(play, target), paid, rtol=1e-10)
    np.testing.assert_allclose(play.last, w, rtol=1e-10)


def game(potential, feasible, target, pushed, density):
    """The regret and its bound, with the best step."""
    d, rounds = len(target), len(pushed)
    sigma, p = ib.strong_convexity(potential, feasible, d)
    size = density ** (1 - 1 / p)
    start = np.full(d, 1 / d) if isinstance(potential, ib.Entropy) else np.zeros(d)
    given = float(potential.bregman(target, start)), size, rounds
    step = ib.best_step_size(*given, strong_convexity=sigma)
    play = ib.online_mirror_descent(
        potential, Partial(ib.push, jnp.asarray(target)), pushed, start, step, feasible=feasible
    )
    return play, float(ib.regret(play, target)), ib.regret_bound(*given, strong_convexity=sigma)


GEOMETRIES = [
    (ib.Euclidean(), None),
    (ib.Euclidean(), ib.L2Ball(1.0)),
    (ib.Euclidean(), ib.L1Ball(1.0)),
    (ib.PNorm(1 + 1 / np.log(ALL)), None),
    (ib.Hypentropy(1 / ALL), ib.L1Ball(1.25)),
    (ib.Entropy(), ib.Simplex()),
    (ib.Euclidean(), ib.Simplex()),
]


@pytest.mark.parametrize(("potential", "feasible"), GEOMETRIES, ids=str)
def test_regret_is_below_its_bound(check, potential, feasible):
    for density, wrong in ((ALL, 0.0), (8, 0.0), (ALL, 0.25), (8, 0.25)):
        pushed = ib.pushes(512, ALL, density, wrong=wrong, seed=3)
        for kind, target in TARGETS.items():
            if kind == "dense" and isinstance(feasible, ib.Simplex):
                continue  # it is the start
            _, paid, bound = game(potential, feasible, target, pushed, density)
            check(
                "The regret of online mirror descent is below its bound",
                HERE,
                "largest regret over its bound: seven geometries, sparse and dense targets and "
                "gradients, adversarial and stochastic",
                paid / bound,
                1.0,
            )
            assert paid > 0


def test_gradient_descent_pays_its_bound_when_pushed(check):
    rounds = 512
    for target in TARGETS.values():
        _, paid, bound = game(ib.Euclidean(), None, target, np.ones((rounds, ALL), np.int8), ALL)
        check(
            "When every weight is pushed, gradient descent pays its bound, less a part 1/2T at "
            "most",
            HERE,
            "the bound less the regret, over the bound, times 2T",
            2 * rounds * (1 - paid / bound),
            1 + 1e-9,
        )


def test_the_hypentropy_pays_what_the_local_norm_says(check):
    rounds, d = 16384, ALL
    for target in (TARGETS["sparse"], np.repeat([1 / 8, 0], [8, d - 8])):
        beta, radius = 1 / d, 1.25
        psi = ib.Hypentropy(beta)
        step = ib.best_step_size(
            float(psi.bregman(target, np.zeros(d))),
            1.0,
            rounds,
            strong_convexity=1 / (radius + beta * d),
        )
        _, paid, _ = game(psi, ib.L1Ball(radius), target, np.ones((rounds, 1)), d)
        local = np.sqrt(target**2 + beta**2).sum()
        predicted = float(psi.bregman(target, np.zeros(d))) / (step * rounds) + step * local / 2
        check(
            "When every weight is pushed, the hypentropy pays the divergence over eta T and half "
            "of eta times the squared gradient in its local norm at the target",
            HERE,
            "relative difference to the regret of 16384 rounds with 64 weights",
            abs(paid / predicted - 1),
            0.02,
        )


def test_exponentiated_gradient_is_the_entropy_with_normalisation(check):
    gradients = np.random.default_rng(4).uniform(-1, 1, (40, 6))
    start = np.full(6, 1 / 6)
    play = ib.online_mirror_descent(
        ib.Entropy(), given, gradients, start, 0.3, feasible=ib.Simplex()
    )
    w, costs = start, []
    for g in gradients:
        costs.append(g @ w)
        w = w * np.exp(-0.3 * g)
        w /= w.sum()
    check(
        "Exponentiated gradient with normalisation is mirror descent with the entropy on the "
        "simplex",
        HERE,
        "largest entry of the difference to forty steps in plain NumPy",
        max(np.abs(play.last - w).max(), np.abs(play.costs - np.array(costs)).max()),
        1e-13,
    )


def test_random_signs_cost_every_learner_nothing(check):
    """Whence no learner beats a coin: against the best in hindsight it loses the set's width."""
    signs = np.random.default_rng(5).choice([-1.0, 1.0], (512, ALL))
    for potential, feasible, step in (
        (ib.Euclidean(), ib.L2Ball(1.0), 0.005),
        (ib.Hypentropy(1 / ALL), ib.L1Ball(1.25), 0.05),
    ):
        play = ib.online_mirror_descent(
            potential, given, signs, np.zeros(ALL), step, feasible=feasible
        )
        costs = np.asarray(play.costs)
        check(
            "Against random signs the mean cost of a learner is zero",
            HERE,
            "the sum over 512 rounds in standard errors, l2 ball and l1 ball",
            abs(costs.sum()) / np.sqrt((costs**2).sum()),
            4.0,
        )
        assert (costs != 0).mean() > 0.9


def test_the_mean_of_stochastic_mirror_descent_learns(check):
    rounds, wrong = 512, 0.25
    for potential, feasible in (GEOMETRIES[0], GEOMETRIES[4]):
        target, ratios = TARGETS["sparse"], []
        for seed in range(8):
            pushed = ib.pushes(rounds, ALL, ALL, wrong=wrong, seed=seed)
            play, _, bound = game(potential, feasible, target, pushed, ALL)
            excess = (1 - 2 * wrong) * np.abs(np.asarray(play.mean) - target).sum()
            ratios.append(excess / bound)
        error = np.std(ratios, ddof=1) / np.sqrt(len(ratios))
        check(
            "The mean of what stochastic mirror descent plays is, in expectation, within the "
            "bound of the best",
            HERE,
            "mean excess risk over the bound and three standard errors, eight seeds, gradient "
            "descent and hypentropy",
            np.mean(ratios) + 3 * error,
            1.0,
        )


X, Y, _ = map(np.asarray, ib.sparse_regression(10, 20, 2, seed=3))
PSI = ib.Hypentropy(0.1)
END = np.asarray(ib.interpolator(X, Y, PSI).weights)


def gradient(w):
    return jnp.asarray(X.T) @ (jnp.asarray(X) @ w - jnp.asarray(Y))


def miss(method, steps=3000):
    """How far from the Bregman projection an optax loop ends, and that it has ended."""
    w = jnp.zeros(20)

    @jax.jit
    def descend(w, state):
        def step(carry, _):
            w, state = carry
            updates, state = method.update(gradient(w), state, w)
            return (optax.apply_updates(w, updates), state), None

        return jax.lax.scan(step, (w, state), None, length=steps)[0][0]

    w = np.asarray(descend(w, method.init(w)))
    assert np.abs(X @ w - Y).max() < 1e-9
    return np.abs(w - END).max()


BIAS = "Mirror descent ends on the Bregman projection of its start"
BIAS_HOW = (
    "largest entry of the difference to the solver of limits, hypentropy with beta = 0.1, ten "
    "equations and twenty weights: constant and random steps, single samples, dual momentum"
)


def test_mirror_descent_ends_on_the_projection_whatever_the_steps(check):
    check(BIAS, HERE, BIAS_HOW, miss(ib.mirror_descent(PSI, step_size=0.02)), 1e-10)
    momentum = optax.chain(optax.trace(0.9), ib.mirror_descent(PSI, step_size=0.003))
    check(BIAS, HERE, BIAS_HOW, miss(momentum), 1e-10)
    steps = np.random.default_rng(6).uniform(0.002, 0.03, 3000)
    wild = ib.mirror_descent(PSI, gradient, np.zeros(20), steps, 3000)
    check(BIAS, HERE, BIAS_HOW, np.abs(np.asarray(wild[-1]) - END).max(), 1e-10)
    rows = np.random.default_rng(7).integers(10, size=20000)
    play = ib.online_mirror_descent(
        PSI, lambda w, s: (s[0] @ w - s[1]) * s[0], (X[rows], Y[rows]), np.zeros(20), 0.05
    )
    check(BIAS, HERE, BIAS_HOW, np.abs(np.asarray(play.last) - END).max(), 1e-10)


def test_within_the_simplex(check):
    psi, start = ib.Entropy(), np.full(8, 1 / 8)
    A = np.random.default_rng(3).uniform(0, 1, (3, 8))
    b = A @ np.random.default_rng(4).dirichlet(np.ones(8))
    run = ib.online_mirror_descent(
        psi,
        lambda w, _: jnp.asarray(A.T) @ (jnp.asarray(A) @ w - jnp.asarray(b)),
        np.zeros(20_000),
        start,
        2.0,
        feasible=ib.Simplex(),
    )
    rows = np.vstack([A, np.ones(8)])
    turned = np.log(np.asarray(run.last)) - np.log(start)
    outside = turned - rows.T @ np.linalg.lstsq(rows.T, turned, rcond=None)[0]
    check(
        "On the simplex, mirror descent with the entropy ends on the nearest solution of the "
        "simplex",
        HERE,
        "largest entry of the dual variables outside the span of the samples and the ones, or of "
        "the equations missed",
        max(np.abs(outside).max(), np.abs(rows @ run.last - np.append(b, 1.0)).max()),
        1e-10,
    )


def test_it_fails_for_momentum_on_the_weights_and_for_natural_gradients(check):
    after = optax.chain(ib.mirror_descent(PSI, step_size=0.002), optax.trace(0.9))
    check(
        "With momentum on the weights, mirror descent ends elsewhere",
        HERE,
        "0.05 over the largest entry of the distance to the projection",
        0.05 / miss(after),
        1.0,
    )
    misses = [miss(ib.natural_gradient_descent(PSI.hessian, step_size=s)) for s in (0.04, 0.02)]
    check(
        "Natural gradient descent ends elsewhere, by an amount proportional to the step",
        HERE,
        "the ratio of the distances at steps of 0.04 and 0.02, less 2",
        abs(misses[0] / misses[1] - 2),
        0.1,
    )
    assert misses[1] > 1e-3


def test_mirror_flow(check):
    beta = PSI.beta

    def rates(_, state):
        w = beta * np.sinh(state[:20])
        residual = X @ w - Y
        return np.append(-X.T @ residual, residual @ residual / 2)

    times = np.linspace(0, 30, 1001)
    path = solve_ivp(rates, (0, 30), np.zeros(21), "LSODA", times, rtol=1e-10, atol=1e-12).y
    weights, areas = beta * np.sinh(path[:20].T), path[20]
    losses = ((weights @ X.T - Y) ** 2).sum(axis=1) / 2
    travelled = float(PSI.bregman(END, np.zeros(20)))
    check(
        "The area under the loss of mirror flow, doubled, is the divergence of its end from its "
        "start",
        HERE,
        "relative difference, hypentropy on ten equations: scipy's integrator against the solver "
        "of limits",
        abs(2 * areas[-1] / travelled - 1),
        1e-7,
    )
    check(
        "Along mirror flow the loss is below the divergence of any solution over the time",
        HERE,
        "largest loss times time over the divergence of the nearest solution, at 1000 times",
        (losses * times).max() / travelled,
        1.0,
    )


def test_bad_input():
    def play(**changed):
        arguments = {
            "potential": ib.Euclidean(),
            "gradient": given,
            "rounds": np.ones((4, 2)),
            "start": np.zeros(2),
            "step_size": 0.1,
        }
        return ib.online_mirror_descent(**(arguments | changed))

    for changed, message in (
        ({"potential": "l2"}, "potential must be a Potential, found 'l2'"),
        ({"feasible": 1.0}, "feasible must be a FeasibleSet or None, found 1.0"),
        ({"start": [np.nan, 0.0]}, "start must be finite"),
        ({"step_size": 0.0}, "step_size must be positive and finite, found 0.0"),
        ({"step_size": np.ones(3)}, r"one a round, 4, found shape \(3,\)"),
        ({"rounds": (np.ones((4, 2)), np.ones(3))}, "rounds must be arrays of one leading axis"),
        ({"rounds": 1.0}, "rounds must be arrays of one leading axis"),
        ({"rounds": np.ones((4, 3))}, r"gradient must have the shape \(2,\) of the start"),
    ):
        with pytest.raises(ValueError, match=message):
            play(**changed)
    with pytest.raises(ValueError, match=r"target must have the shape \(2,\)"):
        ib.regret(play(), np.ones(3))
    with pytest.raises(ib.Diverged, match="left the range of float64 within 4 rounds"):
        play(gradient=lambda w, g: jnp.exp(1e3 * (1 + w)))
    with pytest.raises(ValueError, match="divergence must be finite and not negative, found -1"):
        ib.regret_bound(-1, 1.0, 10)
    with pytest.raises(ValueError, match="step_size must be positive"):
        ib.regret_bound(1.0, 1.0, 10, step_size=0.0)
    with pytest.raises(ValueError, match="divergence must be positive"):
        ib.best_step_size(0.0, 1.0, 10)
    for bad, message in (
        ((0, 4, 2), "rounds must be an integer, at least 1"),
        ((5, 4, 0), "density must lie between 1 and d = 4, found 0"),
        ((5, 4, 2.0), "density must be an integer"),
    ):
        with pytest.raises(ValueError, match=message):
            ib.pushes(*bad)
    with pytest.raises(ValueError, match=r"wrong must lie in \[0, 1/2\), found 0.5"):
        ib.pushes(5, 4, 2, wrong=0.5)
