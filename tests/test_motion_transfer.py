"""Skills from other arms: completions against theorems, training against its kernel, physics."""

import importlib.util
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import implicitbias as ib
from implicitbias.explore import (
    motion_kernel_data as kernels,
    motion_latent_data as latents,
    motion_physics_data as physics,
    motion_transfer_data as stored,
)

HERE = "studies/motion-transfer"
motion = ib.studies.motion
HELD, CODED, SIMULATED = stored.read(), latents.read(), physics.read()
needs_mujoco = pytest.mark.skipif(
    importlib.util.find_spec("mujoco") is None, reason="pip install mujoco"
)


def runs(name, depth, scale, task=(6, 4, 0.05)):
    return np.array([getattr(HELD[(*task, s)].runs[depth, scale], name) for s in stored.SEEDS])


# Linear theory.


def test_linear_theory_is_off_by_the_square_of_the_amplitude(check):
    off = []
    for amplitude in (0.01, 0.02):
        curves = motion.random_motions(10, amplitude=amplitude)
        task = motion.transfer_task(motion.arm_family(6), curves, np.ones((6, 10), bool))
        off.append(np.linalg.norm(task.hands(motion.linear_paths(task)) - curves))
    check(
        "A hand moved by the pseudo-inverse at home is off by the square of the amplitude",
        HERE,
        "log2 of the ratio of errors at amplitudes 0.02 and 0.01, from 2; six arms, ten motions",
        abs(np.log2(off[1] / off[0]) - 2),
        0.02,
    )


def test_second_order_has_rank_six(check):
    """Paths against their motions and iterated integrals, which no arm has a share in."""
    left = []
    for amplitude in (0.02, 0.04):
        curves = motion.random_motions(3, steps=600, amplitude=amplitude)
        between = (curves[:, 1:] + curves[:, :-1]) / 2
        areas = np.einsum("sti,stj->stij", between, np.diff(curves, axis=1)).cumsum(axis=1)
        areas = np.concatenate([np.zeros_like(areas[:, :1]), areas], axis=1)
        factors = np.concatenate([curves, areas.reshape(*curves.shape[:2], 4)], axis=-1)
        task = motion.transfer_task(motion.arm_family(4), curves, np.ones((4, 3), bool))
        paths, shared = task.table[0].T, factors.reshape(-1, 6)
        fitted = shared @ np.linalg.lstsq(shared, paths, rcond=None)[0]
        left.append(np.linalg.norm(fitted - paths))
    check(
        "Motions and their iterated integrals carry joint paths up to the third order",
        HERE,
        "log2 of the ratio of what is left at amplitudes 0.04 and 0.02, from 3",
        abs(np.log2(left[1] / left[0]) - 3),
        0.15,
    )


# Who can learn from whom.


def exact_task(seen, rank, seed):
    """A matrix of exactly this rank in the place of the displacements."""
    random = np.random.default_rng(seed)
    task = motion.transfer_task(
        motion.arm_family(len(seen)), motion.random_motions(len(seen[0]), steps=9), seen
    )
    left = random.standard_normal((len(task.owner), rank))
    right = random.standard_normal((rank, len(seen[0]), 9))
    return task._replace(displacements=np.einsum("jr,rst->jst", left, right))


def test_connected_blocks_determine_the_completion(check):
    worst = 0.0
    for seed in range(5):
        seen = motion.seen_skills(4, 6, 3, seed=seed)
        assert motion.graph_parts(seen)[0] == 1
        task = exact_task(seen, 2, seed)
        found = motion.shared_completion(task)
        worst = max(worst, np.abs(found - task.displacements).max())
    check(
        "Observed blocks of a connected graph determine a matrix of rank two",
        HERE,
        "largest difference of the completion along the graph from the truth, five graphs",
        worst,
        1e-9,
    )


def test_unconnected_blocks_do_not(check):
    seen = np.array([[True, True, False, False], [False, False, True, True]])
    task = exact_task(seen, 2, 0)
    known = motion.shared_completion(task)
    mine, other = task.owner == 0, task.owner == 1
    answers = []
    for G in (np.eye(2), np.array([[0.0, -1.0], [1.0, 0.0]])):
        left, right = np.zeros((5, 2)), np.zeros((2, 4, 9))
        for rows, columns, turn in ((mine, seen[0], np.eye(2)), (other, seen[1], G)):
            block = known[np.ix_(rows, columns)].reshape(rows.sum(), -1)
            U, values, Vt = np.linalg.svd(block, full_matrices=False)
            left[rows] = U[:, :2] @ turn
            right[:, columns] = (turn.T @ (values[:2, None] * Vt[:2])).reshape(2, -1, 9)
        answers.append(np.einsum("jr,rst->jst", left, right))
    fits = max(np.abs((a - task.displacements)[task.observed]).max() for a in answers)
    assert np.abs(answers[0] - answers[1]).max() > 0.1
    check(
        "Blocks of an unconnected graph leave several completions of rank two",
        HERE,
        "largest misfit of two different ones",
        fits,
        1e-9,
    )


# Training.


def test_small_starts_transfer_and_large_ones_do_harm(check):
    home = np.mean([HELD[6, 4, 0.05, s].home for s in stored.SEEDS])
    check(
        "Three layers from a small start have skills that an arm never saw",
        HERE,
        "1 less the mean progress, six arms that miss four skills, five seeds",
        1 - runs("progress", 3, 1e-3).mean(),
        0.05,
    )
    check(
        "From a large start they do worse than an arm that stays at home",
        HERE,
        "largest progress of five seeds, over the mean progress at home",
        runs("progress", 3, 10.0).max() / home,
        0.5,
    )
    check(
        "From a large start the squared error is above that of staying at home",
        HERE,
        "its inverse share, the largest of five seeds, two and three layers",
        max(1 / runs("error", depth, 10.0).min() for depth in stored.DEPTHS),
        0.9,
    )


def test_progress_falls_with_the_scale(check):
    rises = [
        max(runs("progress", 3, b, task).mean() - runs("progress", 3, a, task).mean(), 0)
        for a, b in zip(stored.SCALES[:-1], stored.SCALES[1:], strict=True)
        for task in ((6, 4, amplitude) for amplitude in stored.AMPLITUDES)
    ]
    check(
        "Progress at depth three falls with the scale",
        HERE,
        "largest rise of the mean between neighbouring scales, three amplitudes",
        max(rises),
        0.05,
    )


def test_three_layers_do_better_than_two(check):
    worst = max(
        (runs("progress", 2, a, (n, m, 0.05)) - runs("progress", 3, a, (n, m, 0.05))).mean()
        for n in stored.ARMS
        for m in stored.MISSING
        for a in (1e-3, 1e-2)
    )
    check(
        "Three layers transfer more than two from the same small scale",
        HERE,
        "largest mean excess of two layers, nine tasks from 0.001 and 0.01",
        worst,
        0.0,
    )


def test_a_stored_run_is_recomputed(check):
    setting = (2, 2, 0.05, 0)
    run, _ = stored.train_one(setting, 3, 0.01)
    held = HELD[setting].runs[3, 0.01]
    check(
        "A point of the stored sweep, recomputed",
        HERE,
        "largest relative difference of progress, effective rank and error",
        max(abs(a / b - 1) for a, b in zip(run, held, strict=True)),
        1e-3,
    )


def test_steps_follow_the_flow(check):
    """Against the library's flow on the layers, from the start of a deep factorisation."""
    from scipy.integrate import solve_ivp

    random = np.random.default_rng(0)
    Y = np.outer(random.standard_normal(3), random.standard_normal(4))
    known = np.ones((3, 4), bool)
    known[2, 2:] = False
    size = np.linalg.norm(np.where(known, Y, 0), 2)
    rng, k, scale = np.random.default_rng(5), 6, 1e-2
    shapes = [(3, k), (k, k), (k, 4)]
    start = [scale ** (1 / 3) * rng.standard_normal(shape) / k**0.5 for shape in shapes]
    cuts = np.cumsum([m * n for m, n in shapes])[:-1]

    def layers(state):
        return [w.reshape(s) for w, s in zip(np.split(state, cuts), shapes, strict=True)]

    centre = start[0] @ start[1] @ start[2]

    def slope(_, state):
        a, b, c = layers(state)
        G = np.where(known, a @ b @ c - centre - Y / size, 0)
        return -np.concatenate(
            [(G @ (b @ c).T).ravel(), (a.T @ G @ c.T).ravel(), ((a @ b).T @ G).ravel()]
        )

    flat_start = np.concatenate([w.ravel() for w in start])
    end = solve_ivp(slope, (0, 400), flat_start, method="LSODA", rtol=1e-9, atol=1e-12).y[:, -1]
    a, b, c = layers(end)
    found = motion.deep_completion(Y, known, 3, scale, width=k, seed=5).matrix
    check(
        "Steps that adapt to the curvature end where the flow ends",
        HERE,
        "largest difference of the answers over the largest entry, a 3 by 4 matrix of rank one",
        np.abs(found - size * (a @ b @ c - centre)).max() / np.abs(Y).max(),
        0.03,
    )


# The kernel regime.


@pytest.fixture(scope="module")
def small():
    """A matrix with holes in two of its rows."""
    Y = np.random.default_rng(0).standard_normal((3, 8))
    known = np.ones((3, 8), dtype=bool)
    known[0, 4:] = known[2, :4] = False
    return Y, known


@pytest.mark.parametrize("depth", [2, 3])
def test_large_starts_are_kernel_regression(check, small, depth):
    Y, known = small
    kernel = motion.tangent_completion(Y, known, depth, width=20)
    trained = motion.deep_completion(Y, known, depth, 1e4, width=20).matrix
    check(
        "From a large start training is regression with the tangent kernel",
        HERE,
        "norm of the difference over that of the answer, two and three layers",
        np.linalg.norm(trained - kernel) / np.linalg.norm(kernel),
        5e-3,
    )


def test_regressions_beside_training(check):
    check(
        "From a scale of 100 training gives the answer of the tangent kernel",
        HERE,
        "norm of the difference over that of the answer, two and three layers, five seeds",
        max(beside.apart[-1] for beside in kernels.read().values()),
        0.01,
    )
    setting = (2, 1)
    found, held = kernels.compute_one(setting), kernels.read()[setting]
    check(
        "Regressions with the tangent kernel and training beside them, recomputed",
        HERE,
        "largest difference of errors, as shares of staying home, and of distances",
        max(np.abs(a - b).max() for a, b in zip(found, held, strict=True)),
        1e-3,
    )


def test_the_tangent_kernel_is_that_of_jax(small):
    Y, known = small
    rng, k = np.random.default_rng(3), 5
    factors = [jnp.asarray(rng.standard_normal(s) / k**0.5) for s in ((3, k), (k, k), (k, 8))]
    jacobians = jax.jacobian(lambda f: (f[0] @ f[1] @ f[2]).ravel())(factors)
    J = np.concatenate([np.asarray(j).reshape(24, -1) for j in jacobians], axis=1)
    K, seen = J @ J.T, known.ravel()
    expected = K[:, seen] @ np.linalg.solve(K[np.ix_(seen, seen)], Y.ravel()[seen])
    found = motion.tangent_completion(Y, known, 3, width=k, seed=3)
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-10)


@pytest.mark.parametrize("depth", [2, 3])
def test_kernels_do_not_transfer(check, small, depth):
    Y, known = small
    width, draws = 200, 400
    unseen = np.array(
        [
            motion.tangent_completion(Y, known, depth, width=width, seed=seed)[~known]
            for seed in range(draws)
        ]
    )
    check(
        "In the mean over starts the tangent kernel leaves unseen entries at zero",
        HERE,
        "largest mean of 400 starts of eight entries, in standard errors",
        float(np.abs(unseen.mean(axis=0) / (unseen.std(axis=0) / draws**0.5)).max()),
        4.0,
    )
    expected = motion.noise_of_width(Y, known, depth)[~known] / width
    check(
        "The noise that the kernel of a finite width puts on unseen entries",
        HERE,
        "mean square of 400 starts at width 200 over the formula, mean of eight entries, from 1",
        abs(float(((unseen**2).mean(axis=0) / expected).mean()) - 1),
        0.1,
    )


# Coders.


def test_a_narrow_latent_transfers_where_linear_theory_ends(check):
    tasks = [CODED[0.3, seed] for seed in latents.SEEDS]
    narrow, wide = (np.array([t.unseen[32, latent, 1.0] for t in tasks]) for latent in (2, 16))
    linear = np.array([t.linear for t in tasks])
    check(
        "A latent of two numbers transfers large motions better than linear theory",
        HERE,
        "largest excess of linear theory over five seeds, amplitude 0.3",
        float((linear - narrow).max()),
        -0.1,
    )
    check(
        "A latent of sixteen numbers transfers less than one of two",
        HERE,
        "largest excess of the wide latent over five seeds, amplitude 0.3",
        float((wide - narrow).max()),
        -0.1,
    )
    lost = [
        CODED[a, s].unseen[32, 16, 2.0] - CODED[a, s].unseen[32, 16, 1.0]
        for a in latents.AMPLITUDES
        for s in latents.SEEDS
    ]
    check(
        "A large start costs a wide latent its transfer",
        HERE,
        "largest gain of twice the usual scale, four amplitudes and five seeds",
        max(lost),
        0.0,
    )


def test_a_stored_coder_is_recomputed(check):
    task = latents.task_of(0.05, 0)
    again = motion.latent_completion(task, latent=2, hidden=32, scale=0.3, seed=0)
    check(
        "A coder of the stored sweep, trained again",
        HERE,
        "difference in progress",
        abs(task.zero_shot(again.matrix) - CODED[0.05, 0].unseen[32, 2, 0.3]),
        0.02,
    )


# Physics.


def simulator(robot):
    import mujoco

    model = mujoco.MjModel.from_xml_string(motion.robot_xml(robot))
    return mujoco, model, mujoco.MjData(model)


@needs_mujoco
@pytest.mark.parametrize("robot", [*motion.arm_family(2), *physics.two_armed()])
def test_simulated_hands_are_where_the_angles_put_them(check, robot):
    mujoco, model, data = simulator(robot)
    angles = np.asarray(robot.home) + np.random.default_rng(0).uniform(-1, 1, len(robot.home))
    data.qpos[:] = angles
    mujoco.mj_forward(model, data)
    check(
        "MuJoCo's hands are where our kinematics have them",
        HERE,
        "largest difference, two arms and three robots with two, random angles",
        float(np.abs(data.site_xpos[:, [0, 2]].ravel() - robot.hand(angles)).max()),
        1e-6,
    )
    assert np.abs(data.site_xpos[:, 1]).max() == 0


@needs_mujoco
def test_an_undamped_robot_keeps_to_its_path(check):
    robot = physics.two_armed()[physics.HUMANOID]
    curve = np.concatenate([motion.random_motions(1, amplitude=0.1, seed=s)[0] for s in (0, 1)], 1)
    path = motion.joint_path(robot, robot.hand(robot.home) + curve) - robot.home
    done = motion.track(robot, path.T, damping=0.0)
    check(
        "Computed torques keep an undamped robot on its path",
        HERE,
        "largest distance of a hand from its place, over the amplitude",
        float(np.abs(done.hands - curve).max()) / 0.1,
        0.01,
    )
    assert done.torque < 1
    stiff = motion.track(robot, path.T, limit=1.0)
    assert stiff.torque == 1 and motion.share_there(stiff.hands, curve) < 0.5


@needs_mujoco
def test_a_stored_simulation_is_repeated(check):
    task = physics.task_of(physics.DRAWN)
    held = SIMULATED[physics.DRAWN]
    robot, skill = task.robots[physics.HUMANOID], np.flatnonzero(task.asked[physics.HUMANOID])[0]
    own = motion.track(robot, task.displacements[task.owner == physics.HUMANOID, skill])
    check(
        "A stored simulation of the humanoid, repeated",
        HERE,
        "largest difference of its angles in radians, own path",
        float(np.abs(own.angles - robot.home - held.drawn["own"][0]).max()),
        2e-3,
    )


def test_physics_costs_little(check):
    worst = max(
        abs(h.planned[p] - h.done[p]) for h in SIMULATED.values() for p in ("own", "small start")
    )
    check(
        "Progress in the simulator is that of the joint paths",
        HERE,
        "largest difference, own and transferred paths, thirty tasks",
        worst,
        0.03,
    )
    least = min(
        np.mean([SIMULATED[k, 0.05, s].done["small start"] for s in physics.SEEDS])
        for k in physics.KINDS
    )
    check(
        "Simulated arms, and robots with two, have skills that they never saw",
        HERE,
        "1 less the mean progress of five seeds, amplitude 0.05, the lesser of the two kinds",
        1 - least,
        0.05,
    )


def test_without_mujoco_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mujoco", None)
    with pytest.raises(ImportError, match="pip install mujoco"):
        motion.track(motion.planar_arm([0.5, 0.5]), np.zeros((2, 3)))


# Robots with two arms.


def test_a_torso_moves_both_hands():
    robot = physics.two_armed()[physics.HUMANOID]
    angles = np.asarray(robot.home) + 0.1
    moved = np.asarray(robot.hand(angles + 0.2 * np.eye(len(angles))[0])).reshape(2, 2)
    turn = np.array([[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]])
    np.testing.assert_allclose(moved, np.asarray(robot.hand(angles)).reshape(2, 2) @ turn.T)
    left, right = robot.joints(robot.home)
    np.testing.assert_allclose(left * jnp.array([-1, 1]), right, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: motion.arm_family(7), "count must be at most 6, found 7"),
        (lambda: motion.seen_skills(2, 3, 3), "missing must be below the 3 skills, found 3"),
        (
            lambda: motion.transfer_task(motion.arm_family(2), np.zeros((3, 5, 2)), [[True]]),
            "seen must have a row for each of 2 robots",
        ),
        (
            lambda: motion.deep_completion(np.ones((2, 2)), [[True]], 2, 0.1),
            r"observed must have the shape of values, \(2, 2\)",
        ),
        (
            lambda: motion.deep_completion(np.ones((2, 2)), np.zeros((2, 2)), 2, 0.1),
            "values must not be zero",
        ),
        (lambda: motion.deep_completion(np.ones((2, 2)), np.ones((2, 2)), 1, 0.1), "depth"),
        (lambda: motion.deep_completion(np.ones((2, 2)), np.ones((2, 2)), 2, 0.0), "scale"),
        (
            lambda: motion.latent_completion(motion.random_transfer(2, 2, 0.1), latent=0),
            "latent must be an integer",
        ),
        (lambda: motion.two_arms([0.3, 0.3], [0.3, 0.3], torso=0.0), "torso must be positive"),
        (lambda: motion.robot_xml(motion.arm_family(1)[0], limit=0.0), "limit must be positive"),
        (
            lambda: motion.track(motion.arm_family(1)[0], np.zeros((3, 5))),
            "displacements must have a row for each of 2 joints",
        ),
        (
            lambda: motion.joint_path(motion.arm_family(1)[0], np.zeros((3, 4))),
            "path must hold 2 coordinates a moment",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
