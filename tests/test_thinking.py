"""Instructions in a group: what can be counted, what kernels can explain, what networks did."""

from itertools import permutations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from implicitbias.explore import (
    thinking_data as stored,
    thinking_kernel_data as kernels,
    thinking_transformer_data as transformers,
)
from implicitbias.studies import motion

HERE = "studies/thinking"
HELD, SPEAKERS = stored.read(), transformers.read()
TABLE, ORDER = stored.TABLE, stored.ORDER


def matrices(sides: int) -> np.ndarray:
    """The symmetries of a polygon as orthogonal maps of the plane."""
    angle = 2 * np.pi * np.arange(sides) / sides
    cosine, sine = np.cos(angle), np.sin(angle)
    turns = np.array([[cosine, -sine], [sine, cosine]]).transpose(2, 0, 1)
    return np.concatenate([turns, turns @ np.diag([1.0, -1.0])])


def mean(name: str, m: int, n: int, rate: float = 0.0) -> float:
    return float(HELD[name, m, n].right[:, stored.RATES.index(rate)].mean())


# The group, and what can be counted.


@pytest.mark.parametrize("sides", [3, 4, 5])
def test_the_table_is_that_of_matrices(check, sides):
    maps, table = matrices(sides), motion.dihedral_group(sides)
    products = np.einsum("aij,bjk->abik", maps, maps)
    check(
        "The table of a polygon's symmetries, with s reflections first",
        HERE,
        "against products of orthogonal matrices, three polygons",
        float(np.abs(maps[table] - products).max()),
        1e-12,
    )
    rows = motion.draw_instructions(50, 6, 2 * sides, seed=1)
    product = np.broadcast_to(np.eye(2), (50, 2, 2))
    places = np.zeros((50, 2))
    walks = motion.walk(motion.partial_products(table, rows), sides)
    for t in range(6):
        product = product @ maps[rows[:, t]]
        places = places + product[:, :, 0]
        np.testing.assert_allclose(
            maps[motion.partial_products(table, rows)[:, t]], product, atol=1e-12
        )
        np.testing.assert_allclose(walks[:, t + 1], places, atol=1e-12)


@pytest.mark.parametrize("m", [2, 3, 4, 5])
def test_unseen_steps_are_counted(check, m):
    every = motion.every_instruction(m, ORDER)
    poses = motion.partial_products(TABLE, every)[:, :-1]
    absent = np.array(
        [
            [1 - ((poses == a) & (every[:, 1:] == b)).any(axis=1).mean() for b in range(ORDER)]
            for a in range(ORDER)
        ]
    )
    n = np.array([1, 7, 40])
    counted = (absent[..., None] ** n).sum(axis=(0, 1))
    check(
        "The expected number of steps that n instructions do not show",
        HERE,
        "closed form against all instructions of 2 to 5 commands",
        float(np.abs(motion.unseen_steps(n, m, ORDER) - counted).max()),
        1e-9,
    )


def test_seen_share_is_counted(check):
    draws = np.array(
        [
            len(np.unique(motion.draw_instructions(100, 3, ORDER, seed=seed), axis=0)) / ORDER**3
            for seed in range(400)
        ]
    )
    check(
        "The expected share of instructions among n",
        HERE,
        "against 400 draws of 100 instructions of 3 commands, in standard errors",
        float(abs(draws.mean() - motion.seen_share(100, 3, ORDER)) / (draws.std() / 20)),
        4.0,
    )


@pytest.mark.parametrize("sides", [3, 4])
def test_refreshed_chains(check, sides):
    """The law of true and written pose, step by step, over all commands and replacements."""
    table = motion.dihedral_group(sides)
    order, rate, worst = len(table), 0.15, 0.0
    law = np.zeros((order, order))  # of true and written pose; both begin at the first command
    law[np.arange(order), np.arange(order)] = 1 / order
    for step in range(7):
        kept = (1 - rate) * law + rate * law.sum(axis=1, keepdims=True) / order
        after = np.zeros_like(law)
        for g in range(order):
            np.add.at(after, (table[:, g][:, None], table[:, g][None]), kept / order)
        law = after
        exact = motion.refreshed_share(step + 1, rate, order)
        worst = max(worst, abs(float(np.trace(law)) - float(exact)))
    check(
        "How often a chain that reads its last thought is right, with thoughts replaced",
        HERE,
        "closed form against the exact law over both poses, two groups, up to 7 replacements",
        worst,
        1e-12,
    )


# What kernels can explain.


@pytest.mark.parametrize(("sides", "m"), [(3, 4), (4, 3)])
def test_answers_are_of_full_degree(check, sides, m):
    table = motion.dihedral_group(sides)
    order = len(table)
    answers = motion.partial_products(table, motion.every_instruction(m, order))[:, -1]
    targets = (np.eye(order)[answers] - 1 / order).reshape(*[order] * m, order)
    check(
        "The answer's indicator less its mean averages to zero over each command",
        HERE,
        "over all instructions, two groups",
        float(max(np.abs(targets.mean(axis=s)).max() for s in range(m))),
        1e-12,
    )


def test_relabelled_targets_are_spread_evenly(check):
    orders = np.array(list(permutations(range(ORDER))))
    target = (TABLE == 2) - 1 / ORDER
    function = np.random.default_rng(0).standard_normal((ORDER, ORDER))
    squares = 0.0
    for relabelling in orders:
        both = function.T @ target[relabelling]
        squares += ((both[np.arange(ORDER), orders].sum(axis=1)) ** 2).mean() / len(orders)
    pure = function - function.mean(axis=0) - function.mean(axis=1)[:, None] + function.mean()
    expected = (pure**2).sum() * (target**2).sum() / (ORDER - 1) ** 2
    check(
        "The mean square of a function's product with relabelled answers",
        HERE,
        "all 518400 relabellings of two commands against the closed form, relative",
        abs(squares / expected - 1),
        1e-10,
    )


def test_kernels_and_their_bound(check):
    m, n, draws = 3, 25, 60
    every = motion.every_instruction(m, ORDER)
    explained, distinct = {"pure": [], "relu": []}, []
    for seed in range(draws):
        rows = motion.draw_instructions(n, m, ORDER, seed=seed)
        distinct.append(len(np.unique(rows, axis=0)) / (ORDER - 1) ** m)
        for kernel, found in explained.items():
            answers = motion.kernel_answers(TABLE, rows, every, kernel)
            found.append(motion.explained_share(TABLE, every, answers))
    pure, spread = np.mean(explained["pure"]), np.std(explained["pure"]) / draws**0.5
    check(
        "The kernel of functions of all commands explains as much as the bound allows",
        HERE,
        "mean of 60 draws of 25 instructions of 3 commands, in standard errors",
        float(abs(pure - np.mean(distinct)) / spread),
        4.0,
    )
    check(
        "No kernel of agreements explains more than n/(|G| - 1)^m",
        HERE,
        "excess of the ReLU tangent kernel, mean of 60 draws",
        float(max(0.0, np.mean(explained["relu"]) - motion.explained_bound(n, m, ORDER))),
        0.0,
    )
    assert pure < motion.explained_bound(n, m, ORDER)


def test_the_relu_kernel_is_that_of_wide_networks(check):
    """The tangent kernel of random networks with two hidden layers, by differentiation."""
    width, m, draws = 512, 3, 16
    rows = np.eye(ORDER)[motion.every_instruction(m, ORDER)[[0, 1, 8, 215]]].reshape(4, -1) / m**0.5

    def answer(weights, x):
        for matrix in weights[:-1]:
            x = jax.nn.relu(matrix @ x) * (2 / len(matrix)) ** 0.5
        return weights[-1] @ x

    grams = []
    for seed in range(draws):
        random = np.random.default_rng(seed)
        sizes = (m * ORDER, width, width, 1)
        weights = [
            jnp.asarray(random.standard_normal((o, i)))
            for i, o in zip(sizes[:-1], sizes[1:], strict=True)
        ]
        weights[-1] = weights[-1][0]
        slopes = [jax.grad(answer)(weights, x) for x in jnp.asarray(rows)]
        flat = np.array([np.concatenate([np.ravel(s) for s in slope]) for slope in slopes])
        grams.append(flat @ flat.T)
    exact = motion.relu_tangent_kernel(rows @ rows.T, 2)
    spread = np.std(grams, axis=0, ddof=1) / draws**0.5
    assert (spread < 0.05 * exact).all()
    check(
        "The tangent kernel of ReLU networks with two hidden layers",
        HERE,
        "largest difference to the mean over 16 networks of width 512, in standard errors",
        float((np.abs(np.mean(grams, axis=0) - exact) / spread).max()),
        4.0,
    )


# Networks.


def random_planners(reads: str, m: int = 4) -> motion.Planners:
    random, sizes = np.random.default_rng(0), (2 * m * ORDER + m, 16, 16, ORDER)
    weights = tuple(
        (jnp.asarray(random.standard_normal((1, i, o)), jnp.float32), jnp.zeros((1, o)))
        for i, o in zip(sizes[:-1], sizes[1:], strict=True)
    )
    return motion.Planners(weights, motion.Lesson(reads=reads))


@pytest.mark.parametrize("reads", ["all", "last", "none"])
def test_what_a_thought_can_depend_on(reads):
    rows = motion.draw_instructions(60, 4, ORDER, seed=1)
    planners = random_planners(reads)
    plain = motion.write_plans(TABLE, planners, rows)
    for place in range(4):
        replaced = np.full(rows.shape, motion.BLANK)
        replaced[:, place] = (plain[0, :, place] + 1) % ORDER
        plans = motion.write_plans(TABLE, planners, rows, replaced)
        np.testing.assert_array_equal(plans[0, :, place], replaced[:, place])
        np.testing.assert_array_equal(plans[..., :place], plain[..., :place])
        changed = (plans != plain).any(axis=(0, 1))[place + 1 :]
        assert changed.any() == (reads != "none" and place < 3)
    # A reader of the last thought does not see the one before.
    replaced = np.full(rows.shape, motion.BLANK)
    replaced[:, 1:3] = [[3, 4]]
    first = motion.write_plans(TABLE, planners, rows, replaced)[..., 3]
    replaced[:, 1] = 0
    second = motion.write_plans(TABLE, planners, rows, replaced)[..., 3]
    assert (first != second).any() == (reads == "all")


def test_replaced_thoughts_grow_with_the_rate():
    few, many = (motion.random_replacements(3000, 5, ORDER, rate, seed=3) for rate in (0.1, 0.3))
    assert (few[:, -1] == motion.BLANK).all() and (many[:, -1] == motion.BLANK).all()
    hit = few != motion.BLANK
    np.testing.assert_array_equal(many[hit], few[hit])
    assert hit[:, :-1].mean() == pytest.approx(0.1, abs=0.01)


def test_transformers_write_in_order():
    rows = motion.draw_instructions(200, 2, ORDER, seed=2)
    speakers = motion.train_speakers(TABLE, rows[None], True, width=16, layers=1, steps=200)
    said = motion.speak(TABLE, speakers, rows, True)
    assert motion.right_share(TABLE, rows, said)[0] > 0.9
    assert (said[0, :, 0] == rows[:, 0]).mean() > 0.9
    assert motion.speak(TABLE, speakers, rows, False).shape == (1, 200, 1)


# What the sweep found.


def test_a_point_of_the_sweep_is_recomputed(check):
    setting = ("thinks", 3, 333)
    samples = stored.learned(3, 333)[:2]
    taught = motion.train_planners(TABLE, samples, stored.lesson("thinks"), seed=stored.SEED)
    rows = stored.asked(3)
    right = motion.right_share(TABLE, rows, motion.write_plans(TABLE, taught, rows))
    check(
        "A point of the stored networks, trained again",
        HERE,
        "two networks for three commands, difference of mean shares of right answers",
        abs(float(right.mean() - HELD[setting].right[:, 0].mean())),
        0.05,
    )


def test_thinking_needs_fewer_instructions(check):
    worst = max(
        0.95 - mean("thinks", 5, 3000),
        mean("answer only", 5, 3000) - 0.5,
        0.95 - mean("thinks", 7, 10000),
        mean("answer only", 7, 10000) - 0.25,
    )
    check(
        "Thinking answers more than 0.95 where answering only has less than 0.5 (m = 5, n = 3000), "
        "and than 0.25 (m = 7, n = 10000)",
        HERE,
        "largest excess over these, means of five networks",
        max(worst, 0.0),
        0.0,
    )


def test_answers_alone_are_a_table(check):
    excess = [
        mean("answer only", m, n)
        - (1 / ORDER + (1 - 1 / ORDER) * float(motion.seen_share(n, m, ORDER)))
        for m in (5, 7)
        for n in (100, 300, 1000, 3000)
    ]
    check(
        "Answering only is no better than a table of what was seen that guesses the rest, for five "
        "and seven commands up to 3000 instructions",
        HERE,
        "largest excess of the mean of five networks",
        max(0.0, *excess),
        0.03,
    )


def test_a_chain_that_reads_the_last_thought(check):
    worst = 0.0
    for m, n in ((5, 10000), (7, 10000)):
        for rate in stored.RATES[1:]:
            exact = float(motion.refreshed_share(m - 1, rate, ORDER))
            error = (exact * (1 - exact) / stored.DISTURBED) ** 0.5
            worst = max(worst, abs(mean("last", m, n, rate) - exact) / error)
    check(
        "With thoughts replaced, networks that read the last one follow the law of the chain",
        HERE,
        "largest difference of mean right answers in standard errors of the instructions asked, "
        "five and seven commands, n = 10000, four rates",
        worst,
        4.0,
    )


def test_transformers_think_with_fewer(check):
    check(
        "A transformer that thinks answers more than 0.95 with 300 instructions of five commands, "
        "and one that only answers less than 0.3 up to 3000",
        HERE,
        "largest excess over these, means of five networks",
        max(
            0.0,
            0.95 - float(SPEAKERS["thinks", 300].right.mean()),
            *(float(SPEAKERS["answer only", n].right.mean()) - 0.3 for n in transformers.COUNTS),
        ),
        0.0,
    )


def test_the_same_kernel_thinks(check):
    found = kernels.read()
    check(
        "The ReLU tangent kernel answers more than 0.9 with thoughts and less than 0.2 without "
        "(m = 5, n = 1000)",
        HERE,
        "largest excess over these, means of five draws",
        max(
            0.0,
            0.9 - float(found["relu thinks", 1000][:, 0].mean()),
            float(found["relu", 1000][:, 0].mean()) - 0.2,
        ),
        0.0,
    )


def test_networks_recover_only_if_they_were_taught_to(check):
    taught, plain = HELD["errors", 5, 3000], HELD["thinks", 5, 3000]
    assert (plain.follows[:, 2] > plain.true[:, 2]).all()
    check(
        "After a wrong thought the next is true in more than half of the cases, if errors were "
        "among the thoughts in training (m = 5, n = 3000)",
        HERE,
        "a half over the mean of five networks",
        float(0.5 / taught.true[:, 2].mean()),
        1.0,
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: motion.dihedral_group(2), "sides must be at least 3, found 2"),
        (lambda: motion.partial_products(TABLE, [6]), "elements must lie between 0 and 5"),
        (lambda: motion.draw_instructions(0, 3, 6), "n must be"),
        (lambda: motion.kernel_answers(TABLE, [[0, 1]], [[0, 1]], "cubic"), "found 'cubic'"),
        (lambda: motion.random_replacements(2, 3, 6, 1.5), "rate must lie in"),
        (lambda: motion.train_planners(TABLE, [[0, 1]], motion.Lesson()), "three axes"),
        (lambda: motion.train_speakers(TABLE, [[0, 1]], True), "three axes"),
        (lambda: motion.train_planners(TABLE, [[[0]]], motion.Lesson(1.2)), "written must lie"),
        (lambda: motion.train_planners(TABLE, [[[0]]], motion.Lesson(reads="no")), "found 'no'"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_replacements_have_the_shape_of_instructions():
    with pytest.raises(ValueError, match="replaced must have the shape"):
        motion.write_plans(TABLE, random_planners("all"), [[0, 1, 2, 3]], [[0, 1]])
