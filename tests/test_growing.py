"""Networks that grow: operators, schedules, what lasts, and choosing after a lag."""

from fractions import Fraction
from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from scipy.integrate import solve_ivp
from scipy.stats import spearmanr

from implicitbias.studies import growing

HERE = "studies/growing"
PROPERTY = settings(  # the same examples in each run, so that the ledger stays as it is
    deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ADAM = optax.scale_by_adam()  # one, so that programs are compiled once
PRESERVING = tuple(how for how in growing.DEPTH_OPERATORS if how.startswith("zero"))


def layers_of(network):
    return network.layers


def units_of(network):
    return (network.layers.into, network.layers.bias), network.layers.out


def residual(layers: int, width: int = 3, hidden: int = 5, seed: int = 0):
    network = growing.ResidualNetwork(growing.fresh_layers(layers, width, hidden, seed=seed))
    bias = jax.random.normal(jax.random.key(seed + 1), network.layers.bias.shape)
    return eqx.tree_at(lambda n: n.layers.bias, network, bias)


def grow_depth(network, how, added=1, block=1, seed=0):
    _, width, hidden = network.layers.into.shape
    return growing.grow(
        network,
        layers_of,
        how,
        added=added,
        block=block,
        outputs=lambda layers: layers.out,
        fresh=lambda count: growing.fresh_layers(count, width, hidden, seed=seed + 50),
        seed=seed,
    )


def samples(width: int = 3, n: int = 20, seed: int = 9):
    return jax.random.normal(jax.random.key(seed), (n, width))


@eqx.filter_jit
def called(network, x):
    return network(x)


def largest(a, b) -> float:
    return float(jnp.abs(jnp.asarray(a) - jnp.asarray(b)).max())


# A second unit, in closed form.


@pytest.mark.parametrize(
    ("a", "b", "s"), [(0.5, -0.3, 1.0), (0.1, -0.09, 2.0), (1.0, 0.5, 0.3), (0.2, 0.0, 1.0)]
)
def test_flow_of_a_second_unit(check, a, b, s):
    times = np.linspace(0, 6, 25)

    def flow(_, weights):
        """Of all weights of a linear network with two units, on diag(s + 1, s)."""
        units = weights.reshape(2, 2, 2)  # in or out, unit, entry
        error = units[1].T @ units[0] - np.diag([s + 1, s])
        return -np.stack([units[1] @ error, units[0] @ error.T]).ravel()

    first = (s + 1) ** 0.5
    start = np.array([[[first, 0], [0, a]], [[first, 0], [0, b]]])
    run = solve_ivp(flow, (0, 6), start.ravel(), t_eval=times, rtol=1e-10, atol=1e-12)
    weights = run.y.reshape(2, 2, 2, -1)
    assert np.abs(weights[:, 0] - start[:, 0, :, None]).max() < 1e-8  # the first does not move
    check(
        "The flow of a second unit in closed form",
        HERE,
        "both weights against a solver for all eight weights, four starts",
        largest(weights[:, 1, 1], growing.second_unit_flow(a, b, s, times)),
        1e-7,
    )


@pytest.mark.parametrize("ratio", [-0.99, -0.5, 0.0])
def test_when_the_wrong_sign_is_overcome(check, ratio):
    at = growing.crossing_time(0.3, ratio * 0.3, 2.0)
    u, v = growing.second_unit_flow(0.3, ratio * 0.3, 2.0, [at, 1.01 * at + 1e-3])
    assert v[1] > 0
    check(
        "When a loud unit overtakes copies",
        HERE,
        "the closed flow at the closed time, three starts",
        abs(float(u[0] * v[0])),
        1e-12,
    )


@pytest.mark.parametrize("seed", range(3))
def test_halves_differ_by_a_quarter(check, seed):
    layer = residual(1, seed=seed)
    x = samples(n=400, seed=seed)

    def f(x):
        return layer(x) - x

    jacobians = jax.vmap(jax.jacfwd(lambda p: f(p[None])[0]))
    halves = grow_depth(layer, "halved")
    path = x + jnp.linspace(0, 0.5, 11)[:, None, None] * f(x)  # where the bound needs it
    slope = jnp.stack([jnp.linalg.norm(jacobians(p), ord=2, axis=(1, 2)) for p in path]).max(axis=0)
    change = jnp.linalg.norm(halves(x) - layer(x), axis=1)
    bound = slope * jnp.linalg.norm(f(x), axis=1) / 4
    assert float((change / bound).max()) > 0.5
    check(
        "Two halves of a block differ from it by at most a quarter of its slope times its output",
        HERE,
        "400 samples, the slope along the segment, three blocks: largest ratio to the bound",
        float((change / bound).max()),
        1.0,
    )


# Which blocks a grown stack is made of.

GROWN = {  # four blocks, two more: -1 is a block of its own
    "middle": [0, 1, 1, 1, 2, 3],
    "last": [0, 1, 2, 3, 3, 3],
    "first": [0, 0, 0, 1, 2, 3],
    "stacked": [0, 1, 2, 3, 0, 1],
    "mirrored": [0, 1, 2, 3, 3, 2],
    "interleaved": [0, 0, 1, 2, 2, 3],
    "fresh_top": [0, 1, 2, 3, -1, -1],
    "fresh_bottom": [-1, -1, 0, 1, 2, 3],
    "fresh_middle": [0, 1, -1, -1, 2, 3],
    "fresh_interleaved": [0, -1, 1, 2, -1, 3],
    "scratch": [-1] * 6,
}


@pytest.mark.parametrize("how", GROWN)
def test_growth_takes_the_blocks_it_says(check, how):
    stack = jnp.arange(1.0, 5.0)
    grown = growing.grow(
        stack, lambda s: s, how, added=2, fresh=lambda count: jnp.full(count, -7.0)
    )
    check(
        "Which blocks a grown stack holds, eleven operators",
        HERE,
        "numbered blocks against lists written by hand",
        largest(grown, [-7.0 if source < 0 else source + 1.0 for source in GROWN[how]]),
        0,
    )


def test_the_middle_is_the_one_counted_from_one():
    stacks = [list(range(1, n + 1)) for n in range(1, 6)]
    for stack in stacks:
        middle = -(-len(stack) // 2)  # ceil(n / 2)
        expected = [*stack[:middle], middle, *stack[middle:]]
        grown = growing.grow(jnp.array(stack), lambda s: s, "middle")
        assert grown.tolist() == expected


def test_weighted_growth():
    stack = jnp.array([1.0, 3.0, 7.0])
    assert growing.grow(stack, lambda s: s, "averaged", added=3).tolist() == [1, 2, 3, 5, 7, 7]

    def scaled(how):
        return growing.grow(stack, lambda s: s, how, added=2, outputs=lambda s: s).tolist()

    assert scaled("halved") == [0.5, 0.5, 1.5, 1.5, 7]
    assert scaled("zero_copies") == [1, 0, 3, 0, 7]


def test_random_growth_copies_a_block_after_itself():
    found = {
        tuple(growing.plan("random", 3, seed=seed).mixing.argmax(axis=1)) for seed in range(40)
    }
    assert found == {(0, 0, 1, 2), (0, 1, 1, 2), (0, 1, 2, 2)}


@given(
    how=st.sampled_from([how for how in growing.DEPTH_OPERATORS if "scratch" != how]),
    n=st.integers(1, 6),
    added=st.integers(1, 8),
)
@settings(PROPERTY, max_examples=100)
def test_old_blocks_are_kept(how, n, added):
    mixing, gain = growing.plan(how, n, added)
    assert mixing.shape == (n + added, n) and gain.shape == (n + added,)
    assert set(np.unique(mixing.sum(axis=1))) <= {0, 1}
    assert (mixing == 1).any(axis=0).all()
    kept = mixing @ np.arange(n)
    if how not in ("stacked", "mirrored"):
        assert (np.diff(kept[mixing.any(axis=1)]) >= 0).all()  # in their order


def test_blocks_of_two_layers_are_copied_whole():
    network = residual(4, seed=3)
    grown = grow_depth(network, "last", block=2)
    for old, new in zip(jax.tree.leaves(network), jax.tree.leaves(grown), strict=True):
        np.testing.assert_array_equal(new, old[np.array([0, 1, 2, 3, 2, 3])])


# What preserves the function.


@given(
    how=st.sampled_from(PRESERVING),
    layers=st.integers(1, 4),
    added=st.integers(1, 4),
    width=st.sampled_from([1, 3]),
    seed=st.integers(0, 10_000),
)
@settings(PROPERTY, max_examples=12)
def test_depth_with_zero_outputs_preserves_the_function(check, how, layers, added, width, seed):
    network = residual(layers, width, 4, seed)
    x = samples(width, seed=seed)
    check(
        "Growth in depth with zero outputs preserves the function",
        HERE,
        "residual networks of random sizes and seeds, five operators, largest difference",
        largest(called(grow_depth(network, how, added, seed=seed), x), called(network, x)),
        1e-12,
    )


@given(
    how=st.sampled_from(growing.WIDTH_OPERATORS),
    layers=st.integers(1, 3),
    hidden=st.integers(1, 4),
    seed=st.integers(0, 10_000),
)
@settings(PROPERTY, max_examples=12)
def test_width_preserves_the_function(check, how, layers, hidden, seed):
    network = residual(layers, 3, hidden, seed)
    grown = growing.grow(network, units_of, how, seed=seed)
    assert grown.layers.bias.shape == (layers, 2 * hidden)
    check(
        "Growth in width, copied and split, preserves the function",
        HERE,
        "residual networks of random sizes and seeds, largest difference",
        largest(called(grown, samples()), called(network, samples())),
        1e-12,
    )


@pytest.mark.parametrize("how", [*PRESERVING, *growing.WIDTH_OPERATORS])
def test_growth_preserves_what_a_transformer_says(check, how):
    model = growing.start_transformer(11, 8, 2, 3, depth=3, seed=4)
    if how in growing.WIDTH_OPERATORS:
        grown = growing.grow(model, lambda m: (m.blocks.up, m.blocks.down), how, seed=1)
    else:
        grown = growing.grow(
            model,
            growing.blocks_of,
            how,
            added=2,
            outputs=growing.outputs_of,
            fresh=lambda count: growing.fresh_blocks(count, 8, 2, depth=5, seed=7),
        )
    tokens = jax.random.randint(jax.random.key(1), (16,), 0, 11)
    assert largest(jax.tree.leaves(grown)[1], 0) > 0
    check(
        "Growth preserves a transformer's logits",
        HERE,
        "five operators of depth and two of width, single precision, largest difference",
        largest(grown(tokens), model(tokens)),
        2e-5,
    )


def test_copies_do_not_preserve_the_function():
    network = residual(4)
    for how in ("last", "middle", "interleaved", "stacked", "halved", "fresh_top"):
        assert largest(grow_depth(network, how, 4)(samples()), network(samples())) > 1e-2


def descend(network, loss, steps, rate):
    gradient = eqx.filter_jit(eqx.filter_grad(loss))
    for _ in range(steps):
        network = jax.tree.map(lambda p, g: p - rate * g, network, gradient(network))
    return network


def square(network):
    x = samples()
    return ((network(x) - jnp.sin(2 * x)) ** 2).mean()


def test_twins_never_part_and_shares_do(check):
    network = residual(2)
    parted = {}
    for how in growing.WIDTH_OPERATORS:
        grown = descend(growing.grow(network, units_of, how, seed=2), square, 50, 0.2)
        first, second = jnp.split(grown.layers.into, 2, axis=-1)
        parted[how] = largest(first, second)
    assert parted["split"] > 1e-2
    check(
        "Exact copies of hidden units stay equal under gradient descent",
        HERE,
        "largest difference of twins after fifty steps",
        parted["copied"],
        1e-12,
    )


def test_copied_units_train_as_a_small_network(check):
    """Equal steps on (u, u, v/2, v/2) are steps on (u, v) with half and twice the rate."""
    network = residual(2)
    grown = descend(growing.grow(network, units_of, "copied"), square, 30, 0.2)

    def rescaled(network):
        into, bias, out = network
        layers = growing.Layer(into / 2**0.5, bias / 2**0.5, out * 2**0.5)
        return square(growing.ResidualNetwork(layers))

    layers = network.layers
    small = (layers.into * 2**0.5, layers.bias * 2**0.5, layers.out / 2**0.5)
    small = descend(small, rescaled, 30, 0.2)
    x = samples()
    alone = growing.ResidualNetwork(
        growing.Layer(small[0] / 2**0.5, small[1] / 2**0.5, small[2] * 2**0.5)
    )
    check(
        "A network of twins trains as the small one with other rates",
        HERE,
        "outputs after thirty steps of gradient descent, largest difference",
        largest(grown(x), alone(x)),
        1e-10,
    )


def test_split_units_of_a_critical_point_have_no_gradient(check):
    x, y = jnp.array([[-1.0], [0.5], [2.0]]), jnp.array([[-0.3], [1.0], [0.2]])

    def loss(parts):
        into, out = parts
        return ((jnp.tanh(x @ into) @ out - y) ** 2).mean()

    def flat(p):
        return loss((p[None, :1], p[1:, None]))

    p = jnp.array([0.7, 0.4])
    for _ in range(30):  # Newton, to a point without a gradient
        p = p - jnp.linalg.solve(jax.hessian(flat)(p), jax.grad(flat)(p))
    small = (p[None, :1], p[1:, None])
    assert loss(small) > 0.05
    for seed in range(3):
        grown = growing.grow(small, lambda pair: pair, "split", seed=seed)
        size = max(largest(g, 0) for g in jax.tree.leaves(jax.grad(loss)(grown)))
        check(
            "Units split at a critical point make a critical point",
            HERE,
            "largest entry of the gradient, three splits of one unit",
            size,
            1e-12,
        )


@pytest.mark.parametrize("how", ["middle", "stacked", "averaged", "fresh_top"])
def test_moments_grow_with_their_blocks(how):
    network = residual(3)
    adam = optax.adam(0.1)
    state = adam.init(network)
    _, state = adam.update(eqx.filter_grad(square)(network), state)
    grown = growing.grow_moments(state, network, layers_of, how, added=2)
    mixing = growing.plan(how, 3, 2).mixing
    for name in ("mu", "nu"):
        for old, new in zip(
            jax.tree.leaves(getattr(state[0], name)),
            jax.tree.leaves(getattr(grown[0], name)),
            strict=True,
        ):
            np.testing.assert_allclose(new, np.tensordot(mixing, old, axes=1), atol=1e-15)
    assert grown[0].count == state[0].count == 1


# Schedules.


@given(
    stages=st.integers(1, 9),
    steps=st.integers(200, 5000),
    alpha=st.sampled_from([0, 1, 2]),
)
@settings(PROPERTY, max_examples=100)
def test_schedule_rounds_exact_shares(stages, steps, alpha):
    weights = [Fraction(i**alpha) for i in range(1, stages + 1)]
    exact = [steps * weight / sum(weights) for weight in weights]
    found = growing.schedule(stages, steps, alpha) if exact[0] >= 1 else None
    if found:
        assert sum(found) == steps
        assert all(abs(a - b) < 1 for a, b in zip(found, exact, strict=True))


def test_cost_of_stacking_is_exact(check):
    expected = {(6, 1): (91, 126), (6, 2): (441, 546), (4, 1): (3, 4), (4, 2): (5, 6)}
    for (stages, alpha), share in expected.items():
        assert growing.stacking_cost(stages, alpha) == Fraction(*share)
    worst = 0.0
    for stages, alpha in expected:
        steps = growing.schedule(stages, 10**6, alpha)
        share = sum(i * t for i, t in enumerate(steps, 1)) / (stages * 10**6)
        worst = max(worst, abs(share - float(growing.stacking_cost(stages, alpha))))
    check(
        "The cost of gradual stacking as an exact fraction",
        HERE,
        "against the schedule of a million steps, four cases",
        worst,
        1e-6,
    )


# LAG.


def valley(candidate, j):
    """Its loss, and a step down with an offset that depends on the number of the step."""
    w, rate = candidate
    return (w - rate * (w - 0.1 * jnp.sin(j)), rate), (w**2).sum()


def by_hand(candidate, k):
    losses = []
    for j in range(k + 1):
        after, loss = valley(candidate, j)
        losses.append(float(loss))
        candidate = after if j < k else candidate
    return candidate, losses


@pytest.mark.parametrize("alike", [True, False])
@pytest.mark.parametrize("k", [0, 1, 7])
def test_lag_is_a_plain_loop(check, alike, k):
    sizes = (3, 3, 3, 3) if alike else (3, 1, 4, 3)
    random = np.random.default_rng(4)
    pool = [(jnp.asarray(random.normal(size=s)), jnp.asarray(random.uniform())) for s in sizes]
    found = growing.lag_select(pool, valley, k)
    trained = [by_hand(candidate, k) for candidate in pool]
    losses = np.array([losses for _, losses in trained])
    assert found.best == losses[:, -1].argmin()
    assert found.losses.shape == (4, k + 1)
    check(
        "LAG trains all candidates and picks the least loss",
        HERE,
        "losses and the chosen candidate against a plain loop, pools of one and of many shapes",
        max(largest(found.losses, losses), largest(found.candidate[0], trained[found.best][0][0])),
        1e-13,
    )


def test_what_diverges_is_not_chosen():
    pool = [(jnp.array([1.0]), jnp.array(0.5)), (jnp.array([jnp.nan]), jnp.array(0.5))]
    assert growing.lag_select(pool[::-1], valley, 3).best == 1
    with pytest.raises(ValueError, match="finite loss for some candidate"):
        growing.lag_select(pool[1:], valley, 3)


def test_lag_with_models_and_optimisers():
    network, adam = residual(2), optax.adam(0.01)
    pool = [grow_depth(network, how, 2) for how in ("interleaved", "stacked", "zero_top")]

    def step(candidate, j):
        model, state = candidate
        loss, gradient = eqx.filter_value_and_grad(square)(model)
        updates, state = adam.update(gradient, state)
        return (eqx.apply_updates(model, updates), state), loss

    found = growing.lag_select([(model, adam.init(model)) for model in pool], step, 20)
    assert found.losses[2, 0] == pytest.approx(float(square(network)))
    assert float(square(found.candidate[0])) == pytest.approx(found.losses[:, -1].min())
    assert found.candidate[1][0].count == 20


def test_ranks_and_regret():
    random = np.random.default_rng(1)
    losses, final = random.normal(size=(9, 4)), random.normal(size=9)
    expected = [spearmanr(column, final).statistic for column in losses.T]
    np.testing.assert_allclose(growing.rank_correlation(losses, final), expected)
    regret = growing.selection_regret(losses, final)
    assert regret[2] == final[losses[:, 2].argmin()] - final.min()
    np.testing.assert_array_equal(growing.rank_correlation(np.ones((9, 1)), final), [0.0])
    tied = np.array([1.0, 0.0, 0.0])
    assert growing.selection_regret(tied, [0.0, 4.0, 2.0]) == 3.0


@given(st.integers(3, 12), st.integers(0, 10_000), st.floats(0.01, 2))
@settings(PROPERTY, max_examples=100)
def test_regret_is_at_most_twice_the_noise(check, m, seed, eps):
    random = np.random.default_rng(seed)
    final = random.normal(size=m)
    losses = np.exp(final + random.uniform(-eps, eps, m))  # log is the monotone map
    check(
        "Regret of LAG is at most twice the error of its forecast",
        HERE,
        "random pools with errors of at most eps after a monotone map, excess over the bound",
        float(growing.selection_regret(losses, final) - 2 * eps),
        1e-12,
    )


@pytest.mark.parametrize("m", [3, 6, 20])
def test_the_winner_can_be_seen_with_all_else_reversed(check, m):
    final = np.arange(m, dtype=float)
    losses = np.append(-1.0, -final[1:] + m)
    assert growing.selection_regret(losses, final) == 0
    check(
        "Zero regret with the rank correlation (5 - m)/(m + 1)",
        HERE,
        "pools of 3, 6 and 20 whose winner is seen, all others reversed",
        abs(float(growing.rank_correlation(losses, final)) - (5 - m) / (m + 1)),
        1e-12,
    )


def test_cost_of_lag():
    assert growing.lag_cost(1, 100, 1000) == 1
    assert growing.lag_cost(20, 50, 1000) == Fraction(39, 20)


# Training in stages, and going on from a file.

STAGES = (4, 6, 8)
RATES = np.linspace(0.02, 0.05, sum(STAGES))


def noisy(network, t):
    x = jax.random.normal(jax.random.fold_in(jax.random.key(3), t), (16, 3))
    return ((network(x) - jnp.sin(x)) ** 2).mean()


def noisy_replica(pair, t):
    network, number = pair
    x = jax.random.normal(jax.random.fold_in(jax.random.key(number), t), (16, 3))
    return ((network(x) - jnp.sin(x)) ** 2).mean()


def growth_of(where, moments="copied", how="middle"):
    return growing.Growth(
        where,
        how,
        fresh=lambda count, seed: growing.fresh_layers(count, 3, 5, seed=seed),
        outputs=lambda layers: layers.out,
        moments=moments,
    )


def run(file=None, replicas=False, how="middle", moments="copied", **options):
    model, loss, where = residual(1), noisy, layers_of
    if replicas:
        networks = [residual(1, seed=seed) for seed in range(3)]
        model = (jax.tree.map(lambda *leaves: jnp.stack(leaves), *networks), jnp.arange(3))
        loss, where = noisy_replica, lambda pair: pair[0].layers
    arguments = {
        "rates": RATES,
        "stages": STAGES,
        "growth": growth_of(where, moments, how),
        "every": 2,
    } | options
    return growing.gradual_stacking(model, loss, ADAM, file=file, replicas=replicas, **arguments)


@cache
def whole_run(replicas, moments):
    return list(run(replicas=replicas, how="fresh_middle", moments=moments))


def equal(a, b) -> bool:
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return all(np.array_equal(x, y) for x, y in pairs)


@pytest.mark.parametrize(
    ("replicas", "moments", "cut"),  # 4 and 10 lie between stages
    [(False, "copied", 2), (False, "cleared", 4), (True, "copied", 10), (True, "cleared", 14)],
)
def test_a_run_that_was_cut_goes_on_to_the_bit(tmp_path, replicas, moments, cut):
    whole = whole_run(replicas, moments)
    assert [at.steps for at in whole] == [*range(0, 19, 2)]
    file = tmp_path / "run"
    for at in run(file, replicas, "fresh_middle", moments):
        if at.steps == cut:
            break
    rest = list(run(file, replicas, "fresh_middle", moments))
    assert [at.steps for at in rest] == [at.steps for at in whole if at.steps >= cut]
    assert equal(rest[-1], whole[-1])
    assert growing.depth_of(whole[-1].model[0].layers.bias[0] if replicas else whole[-1].model) == 3


def test_training_in_stages_is_a_plain_loop(check):
    network, state = residual(1), ADAM.init(residual(1))
    for t in range(sum(STAGES)):
        if t in (4, 10):
            state = growing.grow_moments(state, network, layers_of, "middle")
            network = grow_depth(network, "middle")
        gradient = eqx.filter_grad(noisy)(network, t)
        direction, state = ADAM.update(gradient, state)
        network = jax.tree.map(lambda p, u, t=t: p - RATES[t] * u, network, direction)
    *_, end = run()
    check(
        "Gradual stacking with copied moments is a plain loop",
        HERE,
        "weights after eighteen steps and two growths, largest difference",
        max(
            largest(a, b)
            for a, b in zip(jax.tree.leaves(end.model), jax.tree.leaves(network), strict=True)
        ),
        1e-12,
    )


def test_replicas_are_runs_of_their_own(check):
    *_, together = run(replicas=True)
    for number in range(3):

        def loss(network, t, number=number):
            return noisy_replica((network, number), t)

        *_, alone = growing.gradual_stacking(
            residual(1, seed=number),
            loss,
            ADAM,
            RATES,
            STAGES,
            growth_of(layers_of),
        )
        mine = jax.tree.map(lambda leaf, number=number: leaf[number], together.model[0])
        check(
            "Replicas trained by one program are runs of their own",
            HERE,
            "weights after three stages, largest difference, three replicas",
            max(
                largest(a, b)
                for a, b in zip(jax.tree.leaves(mine), jax.tree.leaves(alone.model), strict=True)
            ),
            1e-12,
        )


def test_cleared_moments_are_not_copied_ones():
    ends = [list(run(moments=moments))[-1].model for moments in growing.MOMENTS]
    assert not equal(*ends)


# Adaptive stacking.


def pool_of_copies(network):
    n = growing.depth_of(network.layers)
    plans = [np.eye(n)[[*range(i + 1), *range(i, n)]] for i in range(n)]
    return [growing.Growth(layers_of, growing.Plan(m, np.ones(n + 1))) for m in plans]


def final_loss(network):
    return noisy(network, 1000)


def adapt(k, growths=pool_of_copies, stages=STAGES):
    return growing.adaptive_stacking(
        residual(1), noisy, ADAM, RATES, stages, growths, k, final_loss
    )


@pytest.mark.parametrize("k", [0, 3, 6])
def test_adaptive_stacking_is_stacking_with_the_chosen_growth(check, k):
    stages = list(adapt(k))
    assert [stage.run.steps for stage in stages] == [4, 10, 18]
    assert [stage.chosen for stage in stages][0] == -1
    network = residual(1)
    state, t, worst = ADAM.init(network), 0, 0.0
    for stage in stages:
        if t:
            scores = []
            for growth in pool_of_copies(network):
                *_, short = (
                    growing.gradual_stacking(
                        growing.grow(network, layers_of, growth.how),
                        lambda model, j, t=t: noisy(model, t + j),
                        _Resumed(ADAM, growing.grow_moments(state, network, layers_of, growth.how)),
                        RATES[t : t + k],
                        (k,),
                    )
                    if k
                    else [growing.Snapshot(0, growing.grow(network, layers_of, growth.how), 0)]
                )
                scores.append(float(final_loss(short.model)))
            worst = max(worst, largest(stage.losses[:, -1], scores))
            assert stage.chosen == int(np.argmin(scores))
        network, state, t = stage.run.model, stage.run.state, stage.run.steps
    check(
        "Adaptive stacking chooses by the losses after its lag",
        HERE,
        "scores of every candidate against training of each alone, lags 0, 3 and 6",
        worst,
        1e-12,
    )


class _Resumed:
    """An optimiser that starts from a state."""

    def __init__(self, optimiser, state):
        self.update, self._state = optimiser.update, state

    def init(self, parameters):
        return self._state


def test_adaptive_stacking_with_one_candidate_is_gradual_stacking(check):
    *_, alone = run(every=None)
    *_, adapted = adapt(2, lambda network: [growth_of(layers_of)])
    check(
        "Adaptive stacking with one candidate is gradual stacking",
        HERE,
        "weights after eighteen steps, largest difference",
        max(
            largest(a, b)
            for a, b in zip(
                jax.tree.leaves(adapted.run.model), jax.tree.leaves(alone.model), strict=True
            )
        ),
        1e-12,
    )


# What stacking leaves.


def test_similarity_of_blocks():
    network = residual(4, seed=5)
    grown = grow_depth(network, "middle", seed=1)
    found = growing.block_similarity(grown.layers)
    assert found[1, 2] == pytest.approx(1) and abs(found[0, 3]) < 0.9
    np.testing.assert_allclose(found, found.T)
    flat = [np.asarray(leaf).reshape(4, -1) for leaf in jax.tree.leaves(network.layers)]
    cosine = np.mean([w[0] @ w[1] / np.linalg.norm(w[0]) / np.linalg.norm(w[1]) for w in flat])
    assert growing.block_similarity(network.layers)[0, 1] == pytest.approx(cosine)
    pairs = growing.block_similarity(grow_depth(network, "last", block=2).layers, block=2)
    assert pairs.shape == (3, 3) and pairs[1, 2] == pytest.approx(1)


# Bad input.

STACK = jnp.arange(4.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: growing.plan("widest", 4), "how must be an operator of depth, .*found 'widest'"),
        (lambda: growing.plan("split", 4), "those of width, copied, split, are for grow alone"),
        (lambda: growing.plan("last", 0), "n must be"),
        (lambda: growing.plan("last", 4, 0), "added must be"),
        (lambda: growing.grow(STACK, lambda s: s, "lst"), "how must be .*found 'lst'"),
        (
            lambda: growing.grow(STACK, lambda s: s, "last", block=3),
            "whole blocks of 3 layers, found 4 layers: 1 too many",
        ),
        (
            lambda: growing.grow((STACK, STACK[:3]), lambda s: s, "last"),
            "all have the blocks as their first",
        ),
        (lambda: growing.grow(STACK, lambda s: s, "fresh_top"), "fresh must make new layers, 1"),
        (lambda: growing.grow(STACK, lambda s: s, "halved"), "outputs must select"),
        (
            lambda: growing.grow(STACK, lambda s: s, growing.plan("last", 3)),
            "how must mix 4 blocks into 4, found mixing of shape",
        ),
        (
            lambda: growing.grow((jnp.ones((2, 3)), jnp.ones((4, 2))), lambda s: s, "copied"),
            r"same hidden units, on the axes \(-1, -2\), found \[3, 4\] units",
        ),
        (lambda: growing.schedule(6, 5, 1), "steps must be as many as stages at least, 6, found 5"),
        (lambda: growing.schedule(6, 6, 3), "steps must leave one for the first stage"),
        (lambda: growing.schedule(2, 10, -1), "alpha"),
        (lambda: growing.lag_select([], valley, 3), "candidates must hold at least one"),
        (lambda: growing.lag_select([(STACK, 0.1)], valley, -1), "k must be"),
        (lambda: growing.lag_cost(4, 11, 10), "k must be at most the 10 steps"),
        (lambda: growing.rank_correlation([1, 2], [1, 2]), "at least three candidates"),
        (lambda: growing.selection_regret([1, 2, 3], [1, 2, np.nan]), "final must not hold NaN"),
        (lambda: growing.block_similarity(jnp.zeros((2, 3))), "found only zeros"),
        (lambda: growing.block_similarity(jnp.ones((3, 2)), block=2), "whole blocks of 2"),
        (lambda: next(run(rates=RATES[:5])), "rates must be one a step, 18 in all stages, found 5"),
        (lambda: next(run(growth=None)), "growth must say how to grow between 3 stages"),
        (lambda: next(run(moments="halved")), "moments must be one of copied, cleared"),
        (lambda: next(run(every=0)), "every must be"),
        (lambda: adapt(9), "k must be at most the steps of every later stage"),
        (lambda: growing.warm_up_cosine(10, -1.0, warm_up=2), "peak"),
        (lambda: growing.second_unit_flow(0.2, -0.3, 1.0, [1.0]), "incoming must be larger"),
        (lambda: growing.second_unit_flow(0.4, 0.3, 1.0, [-1.0]), "times must not be negative"),
        (lambda: growing.crossing_time(0.4, 0.3, 1.0), "outgoing must not be positive"),
        (lambda: growing.crossing_time(0.4, -0.3, 0.0), "target"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_file_of_another_run_is_refused(tmp_path):
    list(run(tmp_path / "run"))
    with pytest.raises(ValueError, match="file must be of a run with these arguments"):
        next(run(tmp_path / "run", how="fresh_top", stages=(4, 6), rates=RATES[:10]))


def test_divergence_is_told_with_its_step():
    with pytest.raises(FloatingPointError, match="no longer finite at step"):
        list(run(rates=np.full(18, 1e200)))
