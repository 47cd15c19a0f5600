"""Planar arms against closed forms, derivatives by JAX, and their own inverse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import implicitbias as ib

motion = ib.studies.motion
LENGTHS = ([0.5, 0.5], [0.3, 0.4, 0.3], [0.35, 0.25, 0.2, 0.2], [0.2] * 5)


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize(("direction", "reach"), [(0.0, 0.6), (2.0, 0.4), (-1.0, 0.95)])
def test_home_has_the_hand_where_asked_and_bends_evenly(lengths, direction, reach):
    arm = motion.planar_arm(lengths, direction=direction, reach=reach, base=(1.0, -2.0))
    place = np.array([1.0, -2.0]) + reach * np.array([np.cos(direction), np.sin(direction)])
    np.testing.assert_allclose(arm.hand(arm.home), place, atol=1e-10)
    assert np.ptp(np.asarray(arm.home[1:])) == 0


def test_two_links_bend_by_the_law_of_cosines():
    arm = motion.planar_arm([0.7, 0.4], reach=0.5)
    cosine = (0.55**2 - 0.7**2 - 0.4**2) / (2 * 0.7 * 0.4)
    assert float(arm.home[1]) == pytest.approx(np.arccos(cosine), abs=1e-10)


@given(st.integers(2, 6), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_jacobian_is_the_derivative_of_the_hand(n, seed):
    random = np.random.default_rng(seed)
    arm = motion.planar_arm(random.uniform(0.5, 1.5, n))
    angles = jnp.asarray(random.uniform(-3, 3, n))
    np.testing.assert_allclose(arm.jacobian(angles), jax.jacobian(arm.hand)(angles), atol=1e-12)
    joints = np.asarray(arm.joints(angles))
    np.testing.assert_allclose(np.linalg.norm(np.diff(joints, axis=0), axis=1), arm.lengths)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_joint_paths_take_the_hand_along(lengths):
    arm = motion.planar_arm(lengths, direction=0.5)
    for curve in motion.random_motions(3, amplitude=0.15, seed=1):
        path = arm.hand(arm.home) + curve
        angles = motion.joint_path(arm, path)
        np.testing.assert_allclose(arm.hand(angles), path, atol=1e-9)
        np.testing.assert_allclose(angles[0], arm.home, atol=1e-12)


def test_small_motions_are_the_pseudo_inverse_to_first_order():
    arm = motion.planar_arm([0.3, 0.4, 0.3])
    pinv = np.linalg.pinv(np.asarray(arm.jacobian(arm.home)))
    misses = []
    for amplitude in (1e-2, 1e-3):
        curve = motion.random_motions(1, amplitude=amplitude)[0]
        found = motion.joint_path(arm, arm.hand(arm.home) + curve) - arm.home
        misses.append(np.abs(found - curve @ pinv.T).max())
    assert misses[0] / misses[1] == pytest.approx(100, rel=0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: motion.planar_arm([1.0]), "two links"),
        (lambda: motion.planar_arm([1.0, -1.0]), "lengths must be positive"),
        (lambda: motion.planar_arm([1.0, 1.0], reach=1.0), "reach must lie between 0 and 1"),
        (lambda: motion.random_motions(0), "count"),
        (lambda: motion.random_motions(1, amplitude=0.0), "amplitude"),
        (
            lambda: motion.joint_path(motion.planar_arm([1.0, 1.0]), [[1.2, 0.0], [3.0, 0.0]]),
            "waypoint 1",
        ),
        (
            lambda: motion.joint_path(motion.planar_arm([1.0, 1.0]), [[1.2, np.nan]]),
            "path must be finite",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
