"""The figures of the chapter on motion transfer say what the sweeps hold."""

import numpy as np
import pytest

from implicitbias.explore import (
    motion_latent,
    motion_latent_data as latents,
    motion_one_joint,
    motion_physics,
    motion_physics_data as physics,
    motion_transfer,
    motion_transfer_data as stored,
)

from ..shown import at

HELD, CODED, SIMULATED = stored.read(), latents.read(), physics.read()


@pytest.fixture(scope="module")
def transfer():
    return motion_transfer().figure


def hand(figure, name, **state) -> np.ndarray:
    """Where the end of an arm is over time."""
    found = figure.over_time(name, figure.complete(state))
    assert found is not None
    return found[..., -1, :]


@pytest.mark.parametrize("task", [(2, 6, 0.3), (6, 4, 0.05)])
@pytest.mark.parametrize("run", [(2, 0.01), (3, 10.0)])
def test_readings_are_means_of_the_seeds(transfer, task, run):
    state = dict(zip(("arms", "missing", "amplitude", "depth", "scale"), task + run, strict=True))
    for name in ("progress", "rank"):
        values = [getattr(HELD[(*task, seed)].runs[run], name) for seed in stored.SEEDS]
        assert at(transfer, name, **state) == pytest.approx(np.mean(values), abs=1e-9)
    linear = np.mean([HELD[(*task, seed)].linear for seed in stored.SEEDS])
    assert at(transfer, "linear", **state) == pytest.approx(linear)


def test_what_is_drawn_is_what_was_scored(transfer):
    """The arm reaches its waypoints as often as the angles that were kept say."""
    task = stored.task_of((6, 4, 0.15, 0))
    skill = stored.drawn_skill(task)
    for scale, low, high in ((1e-4, 0.6, 1.0), (10.0, 0.0, 0.2)):
        state = {"depth": 3, "scale": scale, "amplitude": 0.15, "arms": 6, "missing": 4}
        arm, goal = hand(transfer, "arm", **state), hand(transfer, "arm_target", **state)
        np.testing.assert_allclose(goal - goal[0], task.motions[skill], atol=1e-9)
        share = (np.linalg.norm(arm - goal, axis=1) < 0.1 * 0.15).mean()
        assert low <= share <= high


def test_the_teacher_has_the_skill(transfer):
    for seed_task in ((2, 6, 0.3), (6, 4, 0.05)):
        task = stored.task_of((*seed_task, 0))
        skill = stored.drawn_skill(task)
        assert task.asked[stored.DRAWN, skill] and task.seen[:, skill].any()
        state = dict(zip(("arms", "missing", "amplitude"), seed_task, strict=True))
        shown = hand(transfer, "teacher", **state)
        np.testing.assert_allclose(shown - shown[0], task.motions[skill], atol=1e-9)


def test_only_two_arms_that_miss_six_skills_may_be_apart(transfer):
    split = transfer.arrays["split"].values
    assert split[0, -1] == 1 and split.sum() == 1


def test_one_joint_ends_where_the_chapter_says():
    figure = motion_one_joint().figure
    assert at(figure, "turn", depth=3, scale=1e-8) == pytest.approx(1, abs=1e-3)
    assert at(figure, "turn", depth=2, scale=10.0) == pytest.approx(0, abs=1e-3)
    for depth in (2, 3):
        turns = [at(figure, "turn", depth=depth, scale=a) for a in figure.by_name["scale"].values]
        assert (np.diff(turns) < 0).all()


@pytest.mark.parametrize("latent", latents.LATENTS)
def test_latents_are_means_of_the_seeds(latent):
    figure = motion_latent().figure
    for amplitude in latents.AMPLITUDES:
        values = [CODED[amplitude, s].unseen[latents.HIDDEN, latent, 2.0] for s in latents.SEEDS]
        found = at(figure, "progress", latent=latent, scale=2.0, amplitude=amplitude)
        assert found == pytest.approx(np.mean(values), abs=1e-9)


def test_the_humanoid_starts_at_home_and_follows_its_own_path():
    figure = motion_physics().figure
    for side in ("left", "right"):
        goal = at(figure, f"{side}_goal", skill=1)
        found = hand(figure, side, path="own", skill=1)
        np.testing.assert_allclose(found[0], goal[0], atol=2e-3)
        assert np.linalg.norm(found - goal, axis=1).max() < 0.1 * physics.DRAWN[1]
    done = np.mean([SIMULATED["arms", 0.15, s].done["small start"] for s in physics.SEEDS])
    assert at(figure, "small_start_arms", amplitude=0.15) == pytest.approx(done, abs=1e-9)
