"""Stacking: what makes layers equal, what copies of them compute, and the tasks of transformers."""

from fractions import Fraction
from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import fractional_matrix_power

from implicitbias.explore import stacking_data as stored, stacking_iterated_data as iterated
from implicitbias.studies import growing

HERE = "studies/stacking"
WIDTH = LAYERS = 8
IDENTITY = np.eye(WIDTH)
R = growing.random_rotation(WIDTH, 0.25, seed=3)
TARGET = np.linalg.matrix_power(R, LAYERS)
LOSS = growing.matrix_loss(TARGET)
DESCENT = optax.identity()


def train(network, stages, how="middle", *, loss=LOSS, rate=0.01, added=1):
    """Gradient descent in stages of so many steps, each after one more growth."""
    growth = growing.Growth(lambda network: network.layers, how, added=added)
    rates = [rate] * sum(stages)
    *_, run = growing.gradual_stacking(network, loss, DESCENT, rates, stages, growth)
    return run.model


def layers_of(network) -> np.ndarray:
    return np.asarray(growing.lengthened(network, 0).layers) + np.eye(network.layers.shape[-1])


def apart(network, root) -> float:
    """How far the farthest layer is from a root."""
    return float(np.linalg.norm(layers_of(network) - root, axis=(1, 2)).max())


def fresh(count, scale, seed=0):
    return growing.LinearNetwork(growing.fresh_linear(count, WIDTH, scale=scale, seed=seed))


def zero(layers=LAYERS):
    return growing.LinearNetwork(jnp.zeros((layers, WIDTH, WIDTH)))


# From the identity.


@pytest.mark.parametrize(("target", "layers"), [(1j, 2), (-0.8 + 0.3j, 5), (2.5 - 1j, 3)])
def test_eigenvalues_walk_straight(check, target, layers):
    shares = np.array([0.2, 0.5, 0.9, 0.99])
    walk = growing.eigenvalue_walk(target, layers, shares)

    def flow(_, parts):  # of unequal complex layers in general, here from equal ones
        a = parts[:layers] + 1j * parts[layers:]
        rest = np.array([np.prod(np.delete(a, i)) for i in range(layers)])
        change = -rest.conj() * (a.prod() - target)
        return np.concatenate([change.real, change.imag])

    start = np.concatenate([np.ones(layers), np.zeros(layers)])
    found = solve_ivp(
        flow, (0, walk.times[-1]), start, "DOP853", walk.times, rtol=1e-11, atol=1e-13
    ).y
    a = found[:layers] + 1j * found[layers:]
    check(
        "From equal layers an eigenvalue of the product walks straight to its target, and each "
        "layer is its principal root",
        HERE,
        "closed form against an integration of the layers, three targets, four shares of the way",
        max(
            float(np.abs(a.prod(axis=0) - walk.product).max()),
            float(np.abs(a - walk.layer).max()),
        ),
        1e-8,
    )


@cache
def from_the_identity():
    return train(zero(), [1500])


def test_from_the_identity_layers_end_at_the_root(check):
    end = from_the_identity()
    check(
        "From the identity all layers of a normal target end at its principal root",
        HERE,
        "largest distance of a layer from the root by Schur and by Padé, 1500 steps",
        max(
            apart(end, growing.principal_root(TARGET, LAYERS)),
            apart(end, np.real(fractional_matrix_power(TARGET, 1 / LAYERS))),
        ),
        1e-10,
    )
    check(
        "Tied layers go on: any number of copies of a layer computes further powers",
        HERE,
        "relative error with up to eight more copies",
        max(growing.root_error(end, R, extra) for extra in range(9)),
        1e-10,
    )


def test_untied_from_the_identity_is_the_looped_network(check):
    looped = growing.LinearNetwork(jnp.zeros((1, WIDTH, WIDTH)), LAYERS)
    looped = train(looped, [40], rate=0.01 / LAYERS)
    free = train(zero(), [40])
    check(
        "From the identity, free layers train as the looped network does, L times slower",
        HERE,
        "largest difference of layers after 40 steps, loss not yet small",
        float(np.abs(layers_of(free) - layers_of(looped)).max()),
        1e-12,
    )
    assert float(LOSS(free, 0)) > 0.01


# What is conserved.


@pytest.mark.parametrize("scale", [0.1, 0.5])
def test_imbalance_is_conserved(check, scale):
    start = fresh(4, scale, seed=1)
    loss = growing.matrix_loss(np.linalg.matrix_power(R, 4))
    changes = []
    for rate in (0.004, 0.002):
        end = train(start, [round(5 / rate)], loss=loss, rate=rate)
        before, after = (np.asarray(growing.layer_imbalance(n)) for n in (start, end))
        changes.append(np.abs(after - before).max())
    extrapolated = abs(2 * changes[1] - changes[0])
    assert changes[1] < 0.6 * changes[0]
    check(
        "Gradient flow conserves the imbalance of neighbouring layers",
        HERE,
        "change along descent, extrapolated from two step sizes to none, two scales",
        extrapolated,
        1e-4,
    )


def test_distance_from_tied_networks(check):
    random = np.random.default_rng(0)
    worst = -np.inf
    for size in (0.02, 0.3, 2.0):
        normal = growing.random_rotation(5, 1.0, seed=4) * 0.9
        layers = normal + size * random.standard_normal((6, 5, 5))
        network = growing.LinearNetwork(jnp.asarray(layers - np.eye(5)))
        bound = growing.tied_distance_bound(growing.layer_imbalance(network), 0.9)
        assert bound > 0
        worst = max(worst, bound / apart(network, normal))
    check(
        "Imbalance bounds the distance from tied normal layers from below",
        HERE,
        "bound over distance, perturbed rotations of three sizes",
        worst,
        1.0,
    )


def test_small_starts_tie_layers_in_proportion(check):
    scales = np.array([0.005, 0.01, 0.02, 0.04])
    starts = [fresh(LAYERS, scale) for scale in scales]
    distances = np.array([apart(train(start, [1500]), R) for start in starts])
    bounds = [growing.tied_distance_bound(growing.layer_imbalance(s), 1.0) for s in starts]
    slope = np.polyfit(np.log(scales), np.log(distances), 1)[0]
    check(
        "From a start of scale s, layers end at a distance in proportion to s from the root",
        HERE,
        "slope on log-log axes over four scales, from 1",
        abs(slope - 1),
        0.01,
    )
    check(
        "No start ends nearer to tied layers than its imbalance allows",
        HERE,
        "bound over distance, four scales",
        float((bounds / distances).max()),
        1.0,
    )


# Stacking.


@pytest.mark.parametrize("how", ["middle", "last", "first", "random"])
def test_a_long_first_stage_forgets_the_start(check, how):
    end = train(fresh(1, 0.5), [2600] + [300] * 7, how)
    check(
        "After a long first stage every way of copying ends at the principal root, from any start",
        HERE,
        "largest distance of a layer from the root, scale 0.5, four operators",
        apart(end, R),
        1e-9,
    )


def test_the_start_is_forgotten_exponentially(check):
    firsts = np.array([400, 600, 800])
    distances = [apart(train(fresh(1, 0.5), [n] + [300] * 7), R) for n in firsts]
    slope = np.polyfit(0.01 * firsts, np.log(distances), 1)[0]
    check(
        "What is left of the start decays like exp(-t) with the time t of the first stage",
        HERE,
        "slope of the logarithm of the distance, from that of descent with steps of 0.01",
        abs(slope - 100 * np.log(0.99)),
        0.02,
    )


@pytest.mark.parametrize("angle", [0.5, 2.0, 3.0])
def test_each_stage_goes_to_the_next_principal_root(check, angle):
    target, a = np.exp(1j * angle), np.exp(1j * angle)
    worst = 0.0
    for layers in range(2, 7):

        def flow(_, y, layers=layers):
            z = y[0] + 1j * y[1]
            change = -(z.conjugate() ** (layers - 1)) * (z**layers - target)
            return [change.real, change.imag]

        end = solve_ivp(flow, (0, 2000), [a.real, a.imag], "LSODA", rtol=1e-10, atol=1e-12).y
        a = complex(*end[:, -1])
        worst = max(worst, abs(a - np.exp(1j * angle / layers)))
    check(
        "From the principal root for i layers, one more layer leads to that for i + 1",
        HERE,
        "integration of one eigenvalue, three angles, up to six layers",
        worst,
        1e-6,
    )


def test_two_layers_at_once_may_end_at_another_root():
    rotation = growing.random_rotation(WIDTH, 2 / 3, seed=3)
    loss = growing.matrix_loss(np.linalg.matrix_power(rotation, 3))
    slowly = train(fresh(1, 0.01), [2000, 2000, 2000], loss=loss)
    quickly = train(fresh(1, 0.01), [2000, 3000], loss=loss, added=2)
    for end in (slowly, quickly):
        assert float(loss(end, 0)) < 1e-12
        assert np.ptp(layers_of(end), axis=0).max() < 1e-6  # tied, either way
    assert growing.root_error(slowly, rotation, 1) < 1e-6
    assert growing.root_error(quickly, rotation, 1) > 0.5


def test_normality_is_needed():
    N = np.random.default_rng(1).standard_normal((WIDTH, WIDTH))
    root = IDENTITY + 0.1 * N / np.linalg.norm(N, 2)
    loss = growing.matrix_loss(np.linalg.matrix_power(root, LAYERS))
    free = train(zero(), [4000], loss=loss)
    grown = train(fresh(1, 0.01), [1500] + [400] * 7, loss=loss, rate=0.006)
    looped = growing.LinearNetwork(jnp.zeros((1, WIDTH, WIDTH)), LAYERS)
    looped = train(looped, [4000], loss=loss, rate=0.01 / LAYERS)
    for end in (free, grown, looped):
        assert float(loss(end, 0)) < 1e-6
    assert np.abs(growing.layer_imbalance(free)).max() < 1e-3
    assert growing.root_error(looped, root, 8) < 1e-6
    assert 1e-2 < growing.root_error(free, root, 8) < 0.2 * growing.root_error(grown, root, 8)


def test_the_wrong_root_beyond_a_half_turn():
    wide = growing.random_rotation(WIDTH, 0.5, seed=3)
    target = np.linalg.matrix_power(wide, LAYERS)
    end = train(zero(), [2000], loss=growing.matrix_loss(target))
    root = growing.principal_root(target, LAYERS)
    assert apart(end, root) < 1e-9 < 0.5 < apart(end, wide)


# The stored sweeps.

SWEEP = stored.read()


def test_points_of_the_sweep_are_recomputed(check):
    settings = [("scratch", 1, 0, 0.5), ("middle", 8, 1, 0.5), ("fresh_middle", 2, 0, 0.1)]
    worst = 0.0
    for setting in settings:
        again, held = stored.train_one(setting), SWEEP[setting]
        worst = max(worst, float(np.abs(again.errors / held.errors - 1).max()))
        np.testing.assert_allclose(again.similarity, held.similarity, atol=2e-3)
    check(
        "Points of the sweep of linear networks, recomputed",
        HERE,
        "largest relative difference of errors, three settings of five seeds",
        worst,
        0.01,
    )


def errors(method, stages, alpha, scale, extra=1) -> np.ndarray:
    return SWEEP[method, stages, alpha, scale].errors[:, extra]


def test_layer_by_layer_extrapolates(check):
    worst = max(
        float(errors(how, 8, alpha, 0.5).max() / errors("scratch", 1, 0, 0.5).min())
        for how in ("last", "middle")
        for alpha in stored.ALPHAS
    )
    check(
        "From large weights, layers grown one by one go on better than those from scratch",
        HERE,
        "a fifth of the least error from scratch, over five seeds, is not reached by the largest "
        "with stacking; three schedules, last and middle block",
        worst,
        0.2,
    )
    fitted = [
        run.path[k][-1, 0]
        for (method, *_), run in SWEEP.items()
        for k in range(5)
        if method != "looped"
    ]
    assert max(fitted) < stored.LOSS_FLOOR


def test_longer_first_stages_tie_more(check):
    cosines = [
        [SWEEP["middle", 8, a, s].similarity[~np.eye(8, dtype=bool)].mean() for a in stored.ALPHAS]
        for s in (0.1, 0.2, 0.5)
    ]
    check(
        "The smaller α, the longer the first stage and the more alike the layers",
        HERE,
        "largest rise of the mean cosine with α, three scales",
        float(np.diff(cosines, axis=1).max()),
        0.0,
    )


def test_fresh_layers_have_nothing_to_do(check):
    similarity = SWEEP["fresh_middle", 8, 0, 0.01].similarity
    check(
        "Fresh layers do not become equal to trained ones, from small weights either",
        HERE,
        "mean cosine of layers, scale 0.01, eight stages",
        float(np.abs(similarity[~np.eye(8, dtype=bool)].mean())),
        0.2,
    )


RUNS, PACES = iterated.read()


def test_iterated_map_trades_validation_for_extrapolation(check):
    scratch, middle = (RUNS[method].errors for method in ("scratch", "middle"))
    check(
        "On the iterated map MIDAS has the larger validation error, in every run",
        HERE,
        "largest ratio of the error from scratch to that of MIDAS, five maps",
        float((scratch[:, 0] / middle[:, 0]).max()),
        1.0,
    )
    ahead = {method: run.errors[:, 3] for method, run in RUNS.items()}
    check(
        "On the iterated map MIDAS has less than half the error with three layers more, in every "
        "run",
        HERE,
        "largest ratio to the error from scratch, with as many steps and at equal cost, five maps",
        float((ahead["middle"] / np.minimum(ahead["scratch"], ahead["equal_cost"])).max()),
        0.5,
    )
    check(
        "On the iterated map errors with three layers more are ordered: looped, middle, last block "
        "and fresh block below scratch, in every run",
        HERE,
        "largest ratio of two that follow one another in this order, five maps",
        max(
            float((ahead[better] / ahead[worse]).max())
            for better, worse in (
                ("looped", "middle"),
                ("middle", "last"),
                ("middle", "fresh_middle"),
                ("last", "scratch"),
                ("fresh_middle", "scratch"),
            )
        ),
        1.0,
    )


def test_moments_are_better_cleared_on_the_iterated_map(check):
    copied, cleared, fresh = (RUNS[name].errors for name in ("middle", "cleared", "fresh_middle"))
    check(
        "On the iterated map MIDAS fits better with moments cleared, in every run",
        HERE,
        "largest ratio of validation errors, cleared over copied, five maps",
        float((cleared[:, 0] / copied[:, 0]).max()),
        0.5,
    )
    check(
        "On the iterated map MIDAS with moments cleared goes on better than fresh blocks, in every "
        "run",
        HERE,
        "largest ratio of errors with three layers more, five maps",
        float((cleared[:, 3] / fresh[:, 3]).max()),
        0.5,
    )


def test_iterated_runs_are_those_of_the_library(check):
    again = iterated.train_one("looped")
    check(
        "A run on the iterated map, recomputed",
        HERE,
        "largest difference of the logarithm of errors, looped network, in single precision",
        float(np.abs(np.log(again.errors / RUNS["looped"].errors)).max()),
        0.05,
    )


# Cost.


@pytest.mark.parametrize("stages", [1, 2, 4, 6, 9, 40])
def test_cost_in_closed_form(check, stages):
    k = stages
    closed = [Fraction(k + 1, 2 * k), Fraction(2 * k + 1, 3 * k), Fraction(3 * (k + 1), 4 * k + 2)]
    found = [growing.stacking_cost(k, alpha) for alpha in range(3)]
    assert found == closed
    limits = [Fraction(alpha + 1, alpha + 2) for alpha in range(3)]
    gap = max(abs(cost - limit) * k for cost, limit in zip(found, limits, strict=True))
    check(
        "The cost of stacking tends to (α+1)/(α+2) with the number of stages k",
        HERE,
        "k times the distance, α = 0, 1, 2",
        float(gap),
        0.5,
    )


def test_cost_of_six_stages():
    assert growing.stacking_cost(6, 1) == Fraction(91, 126)
    assert growing.stacking_cost(6, 2) == Fraction(441, 546)


# Networks of both laboratories.


def test_lengthened_repeats_the_middle():
    network = growing.LinearNetwork(jnp.arange(5.0)[:, None, None])
    assert growing.lengthened(network, 3).layers.ravel().tolist() == [0, 1, 2, 2, 2, 2, 3, 4]
    looped = growing.LinearNetwork(jnp.arange(2.0)[:, None, None], 2)
    assert growing.lengthened(looped, 0).layers.ravel().tolist() == [0, 1, 0, 1]
    assert growing.lengthened(looped, 0).loops == 1
    assert float(looped.matrix[0, 0]) == float(growing.lengthened(looped, 0).matrix[0, 0]) == 4


def test_the_teacher_extrapolates():
    teacher = growing.fresh_layers(1, 3, 5, seed=1)
    x = jax.random.normal(jax.random.key(0), (20, 3))
    looped = growing.ResidualNetwork(teacher, 4)
    unrolled = growing.lengthened(looped, 0)
    np.testing.assert_allclose(looped(x), unrolled(x), atol=1e-12)
    np.testing.assert_allclose(looped(x), growing.iterate(teacher, x, 4), atol=1e-12)
    assert float(growing.extrapolation_error(looped, teacher, x, 3)) < 1e-24
    other = growing.ResidualNetwork(growing.fresh_layers(4, 3, 5, seed=2))
    assert float(growing.extrapolation_error(other, teacher, x, 3)) > 0.1


# The transformer.


@pytest.fixture(scope="module")
def transformer():
    return growing.start_transformer(12, 16, 2, 3, depth=3, seed=1)


def test_the_transformer_is_causal(transformer):
    tokens = jnp.arange(10) % 12
    changed = tokens.at[6].set(11)
    before, after = transformer(tokens), transformer(changed)
    np.testing.assert_array_equal(before[:6], after[:6])
    assert float(jnp.abs(before[6:] - after[6:]).min(axis=1).max()) > 1e-4


def test_looping_is_repeating_blocks(transformer):
    looped = eqx.tree_at(
        lambda model: model.blocks,
        growing.start_transformer(12, 16, 2, 1, depth=3, loops=3, seed=1),
        jax.tree.map(lambda leaf: leaf[:1], transformer.blocks),
    )
    repeated = eqx.tree_at(
        growing.blocks_of,
        transformer,
        jax.tree.map(lambda leaf: jnp.repeat(leaf[:1], 3, axis=0), transformer.blocks),
    )
    tokens = jnp.arange(9)
    np.testing.assert_allclose(looped(tokens), repeated(tokens), atol=1e-5)


def test_silenced_blocks_do_nothing(transformer):
    grown = growing.grow(
        transformer,
        growing.blocks_of,
        "zero_copies",
        added=2,
        outputs=growing.outputs_of,
    )
    tokens = jnp.arange(9)
    np.testing.assert_allclose(grown(tokens), transformer(tokens), atol=1e-5)


# Tasks.


def sequences(task, count=40):
    batch = jax.vmap(task)(jax.random.split(jax.random.key(5), count))
    return np.asarray(batch.tokens), np.asarray(batch.kind)


def parsed(tokens, form):
    """Assignments and questions as (name, value, place of the value), by the form's patterns."""
    lines, at = [], 0
    patterns = growing.FORMS[form]
    while at < len(tokens):
        for which, pattern in enumerate(patterns):
            piece = tokens[at : at + len(pattern)]
            fixed = [p < 0 or (len(piece) > i and piece[i] == p) for i, p in enumerate(pattern)]
            if len(piece) == len(pattern) and all(fixed) and (piece < growing.TOKENS - 1).all():
                name, value = (at + pattern.index(slot) for slot in (-1, -2))
                lines.append((which, tokens[name], tokens[value], value))
                at += len(pattern)
                break
        else:
            break
    return lines


@pytest.mark.parametrize("form", ["basic", "code"])
@pytest.mark.parametrize(("roots", "levels"), [(2, 1), (4, 3)])
def test_variables_have_their_values(form, roots, levels):
    for tokens, kind in zip(
        *sequences(growing.variables(roots, levels, 96, form=form)), strict=True
    ):
        held, asked = {}, set()
        lines = parsed(tokens, form)
        told = [line for line in lines if line[0] == 0]
        assert len(told) == roots * levels
        for _, name, value, place in told:
            assert name not in held and kind[place] == -1
            held[name] = value
        questions = [line for line in lines if line[0] == 1]
        assert questions and (kind >= 0).sum() == len(questions)
        for _, name, value, place in questions:
            steps, found = 0, held[name]
            while found in held:
                found, steps = held[found], steps + 1
            assert value == found
            assert kind[place] == (levels if name in asked else steps)
            asked.add(name)


def test_math_form_has_the_same_law():
    tokens, kind = sequences(growing.variables(3, 2, 64, form="math"))
    held = {tuple(row[:24:4]): tuple(row[2:24:4]) for row in tokens}
    assert len(held) > 30
    for row, sort in zip(tokens, kind, strict=True):
        values = dict(zip(row[:24:4], row[2:24:4], strict=True))
        for place in np.flatnonzero(sort >= 0):
            found = row[place - 2]
            while found in values:
                found = values[found]
            assert row[place] == found


def test_copies_are_pieces_of_the_string():
    for tokens, kind in zip(*sequences(growing.copying(12, 4, 48)), strict=True):
        string = tokens[:12].tolist()
        assert len(set(string)) == 12 and (kind[:12] == -1).all()
        for start in range(12, 48 - 4, 5):
            piece = tokens[start + 1 : start + 5].tolist()
            first = string.index(piece[0])
            assert piece == string[first : first + 4]
            assert kind[start : start + 5].tolist() == [-1, -1, 0, 0, 0]


def test_facts_are_the_same_for_all():
    tokens, kind = sequences(growing.facts(50, 40, world=2), 200)
    drawn = [tuple(row) for row in tokens.reshape(-1, 4).tolist()]
    assert (kind.reshape(-1, 4) == [-1, -1, -1, 0]).all()
    assert len(set(drawn)) == len({row[:3] for row in drawn}) <= 50
    counts = np.sort([drawn.count(row) for row in set(drawn)])[::-1]
    assert counts[:5].sum() == pytest.approx(len(drawn) * 0.1**0.4, rel=0.1)
    other, _ = sequences(growing.facts(50, 40, world=3), 10)
    assert not {tuple(row) for row in other.reshape(-1, 4).tolist()} & set(drawn)


def test_maths_adds_up():
    for tokens, kind in zip(*sequences(growing.maths(51)), strict=True):
        for line in tokens.reshape(3, 17):
            values = {int(line[i + 1]): int(line[i + 2]) for i in (0, 3, 6)}
            assert len(values) == 3
            total = 0
            for sign, name in line[10:16].reshape(3, 2):
                total += (1 if sign == 39 else -1) * values[int(name)]
            assert line[16] == total % 5
        assert np.flatnonzero(kind == 0).tolist() == [16, 33, 50]


@pytest.mark.parametrize("jumps", [1, 2, 5])
def test_hops_by_hand(jumps):
    scored = 0
    for tokens, kind in zip(*sequences(growing.hops(jumps, 60)), strict=True):
        string = tokens[:48].tolist()
        for start in range(48, 60, 3):
            at, letter = len(string), tokens[start + 1]
            for _ in range(jumps):
                before = [i for i in range(at - 1) if string[i] == letter]
                if not before:
                    at = None
                    break
                at = before[-1] + 1
                letter = string[at]
            if at is None:
                assert kind[start + 2] == -1
            else:
                scored += 1
                assert kind[start + 2] == 0 and tokens[start + 2] == letter
    assert scored > 80


def test_loss_and_accuracy_of_one_who_knows():
    batch = growing.mixture(growing.variables(3, 1, 32), growing.copying(8, 4, 32))(
        jax.random.key(1)
    )

    def knows(tokens):
        own = jnp.where((batch.tokens[0, :-1] == tokens).all(), batch.tokens[0], batch.tokens[1])
        return 50.0 * jax.nn.one_hot(own[1:], growing.TOKENS)

    def ignorant(tokens):
        return jnp.zeros((len(tokens), growing.TOKENS))

    np.testing.assert_allclose(growing.cross_entropy(knows, batch), 0, atol=1e-6)
    np.testing.assert_allclose(
        growing.cross_entropy(ignorant, batch), np.log(growing.TOKENS), rtol=1e-5
    )
    assert float(growing.accuracy(knows, batch)) == 1.0
    assert float(growing.accuracy(ignorant, batch)) < 0.3


def test_arguments():
    with pytest.raises(ValueError, match="scale must be finite and not negative, found -1"):
        growing.fresh_linear(2, 3, scale=-1)
    with pytest.raises(ValueError, match="angle must be positive"):
        growing.random_rotation(4, 0.0)
    with pytest.raises(ValueError, match="target must be normal"):
        growing.principal_root([[1.0, 1.0], [0.0, 1.0]], 2)
    with pytest.raises(ValueError, match="closed negative real axis, found -2"):
        growing.principal_root(np.diag([1.0, -2.0]), 2)
    with pytest.raises(ValueError, match="closed negative real axis, found -1"):
        growing.eigenvalue_walk(-1, 2, [0.5])
    with pytest.raises(ValueError, match="shares must be from 0 to less than 1, found 0.5 to 1"):
        growing.eigenvalue_walk(1j, 2, [0.5, 1.0])
    with pytest.raises(ValueError, match="extra must be an integer, at least 0"):
        growing.lengthened(fresh(2, 0.1), -1)
    with pytest.raises(ValueError, match="size must be positive"):
        growing.tied_distance_bound(np.ones((1, 2, 2)), 0.0)
    with pytest.raises(ValueError, match="width must be a multiple of twice the 2 heads"):
        growing.start_transformer(10, 6, 2, 1, depth=1)
    with pytest.raises(ValueError, match="form must be one of basic, math, code"):
        growing.variables(2, 2, 32, form="prose")
    with pytest.raises(ValueError, match="length must leave room for a question"):
        growing.variables(4, 3, 30)
    with pytest.raises(ValueError, match="segment must be at least 2"):
        growing.copying(4, 5, 32)
    with pytest.raises(ValueError, match="rounds must be an integer"):
        growing.iterate(growing.fresh_layers(1, 2, 2), jnp.ones((1, 2)), -1)
    with pytest.raises(ValueError, match="layer must be a stack of one, found 2 layers"):
        growing.iterate(growing.fresh_layers(2, 2, 2), jnp.ones((1, 2)), 1)
